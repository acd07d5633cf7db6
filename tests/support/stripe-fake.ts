/**
 * Stripe on 127.0.0.1, as far as the edge functions use it: it checks what Stripe checks (key, pinned version, form
 * encoding, known parameters, idempotency keys) and keeps what it is told. Node's builtins only, so that vitest and Deno
 * run the same.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An object of Stripe. */
export type StripeObject = Record<string, unknown> & { id: string };

/** A request as it arrived. */
export interface StripeRequest {
  method: string;
  path: string;
  params: Record<string, string>;
  headers: Record<string, string | undefined>;
}

/** What happens to a request instead of an answer: the connection breaks before or after it took effect, or Stripe fails. */
export type Fault = 'lost-before' | 'lost-after' | { status: number; code?: string };

/** What the fake has and was told. */
export interface StripeFake {
  readonly url: string;
  readonly key: string;
  readonly version: string;
  readonly requests: StripeRequest[];
  readonly customers: Map<string, StripeObject>;
  readonly subscriptions: Map<string, StripeObject>;
  readonly invoices: Map<string, StripeObject>;
  /** Newest first. */
  readonly events: StripeObject[];
  readonly meterEvents: StripeObject[];
  /** Seconds since 1970. */
  now(): number;
  /** Moves the clock, to which keys of idempotency and identifiers of meter events grow old. */
  advance(seconds: number): void;
  /** Whether the search finds customers yet; its index lags behind. */
  setSearchable(isSearchable: boolean): void;
  /** Decides what goes wrong; nothing does until told otherwise. */
  failWith(
    decide: (request: StripeRequest) => Fault | undefined | Promise<Fault | undefined>,
  ): void;
  /** Forgets all that it has and was told, and how to fail. */
  reset(): void;
  stop(): Promise<void>;
}

/** How a fake is set up. */
export interface StripeFakeOptions {
  key?: string;
  /** The version that a request must pin. */
  version?: string;
  /** Seconds since 1970; the real time by default. */
  now?: () => number;
}

/** The header that Stripe sends with an event: time and HMAC of time and body. */
export function signatureHeader(
  body: string,
  secret: string,
  seconds = Math.floor(Date.now() / 1000),
): string {
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${signature}`;
}

class Refusal extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(status: number, type: string, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.body = { error: { type, message, ...more } };
  }
}

const invalid = (message: string, more: Record<string, unknown> = {}): Refusal =>
  new Refusal(400, 'invalid_request_error', message, more);
const missing = (kind: string, id: string): Refusal =>
  new Refusal(404, 'invalid_request_error', `No such ${kind}: '${id}'`, {
    code: 'resource_missing',
    param: 'id',
  });

interface Route {
  method: string;
  path: RegExp;
  /** The parameters that there are; a name ending in [ stands for all that begin with it. */
  params: readonly string[];
  required?: readonly string[];
  answer: (request: StripeRequest, match: string[]) => unknown;
}

const PAGE = ['limit', 'starting_after', 'ending_before', 'expand['] as const;
const DAY = 86_400;

/** Starts a fake. */
export async function startStripeFake(options: StripeFakeOptions = {}): Promise<StripeFake> {
  const key = options.key ?? `sk_test_${randomUUID().replaceAll('-', '')}`;
  const version = options.version ?? '2026-10-28.endive';
  const clock = options.now ?? (() => Math.floor(Date.now() / 1000));
  let ahead = 0;
  let isSearchable = true;
  let decide: Parameters<StripeFake['failWith']>[0] = () => undefined;
  const now = (): number => clock() + ahead;
  const requests: StripeRequest[] = [];
  const customers = new Map<string, StripeObject>();
  const subscriptions = new Map<string, StripeObject>();
  const invoices = new Map<string, StripeObject>();
  const sessions = new Map<string, StripeObject>();
  const events: StripeObject[] = [];
  const meterEvents: StripeObject[] = [];
  const answers = new Map<string, { asked: string; status: number; body: string; at: number }>();
  const newId = (prefix: string): string => `${prefix}_${randomUUID().replaceAll('-', '')}`;

  const customerOf = (id: string): StripeObject => {
    const customer = customers.get(id);
    if (!customer) {
      throw missing('customer', id);
    }
    return customer;
  };
  const living = (id: string): StripeObject => {
    const customer = customerOf(id);
    if (customer.deleted) {
      throw missing('customer', id);
    }
    return customer;
  };

  function list(all: StripeObject[], { params, path }: StripeRequest): unknown {
    const limit = Number(params.limit ?? 10);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
      throw invalid('Invalid limit', { param: 'limit' });
    }
    let from = 0;
    if (params.starting_after !== undefined) {
      const index = all.findIndex(({ id }) => id === params.starting_after);
      if (index < 0) {
        throw missing('object', params.starting_after);
      }
      from = index + 1;
    }
    const data = all.slice(from, from + limit);
    return { object: 'list', url: path, data, has_more: from + limit < all.length };
  }

  const routes: Route[] = [
    {
      method: 'POST',
      path: /^\/v1\/customers$/,
      params: ['name', 'email', 'metadata['],
      answer: ({ params }) => {
        const customer: StripeObject = {
          id: newId('cus'),
          object: 'customer',
          created: now(),
          livemode: false,
          name: params.name ?? null,
          email: params.email ?? null,
          metadata: fieldsOf(params, 'metadata'),
        };
        customers.set(customer.id, customer);
        return customer;
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/customers\/search$/,
      params: ['query', 'limit', 'page'],
      required: ['query'],
      answer: ({ params }) => {
        const match = /^metadata\['(\w+)'\]:'([^']*)'$/.exec(params.query ?? '');
        if (!match) {
          throw invalid('We were unable to parse your search query.');
        }
        const data = [...customers.values()].filter(
          ({ metadata, deleted }) =>
            isSearchable &&
            !deleted &&
            (metadata as Record<string, string>)[match[1] ?? ''] === match[2],
        );
        return { object: 'search_result', url: '/v1/customers/search', data, has_more: false };
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/customers\/(\w+)$/,
      params: ['expand['],
      answer: (_request, [id = '']) => {
        const customer = customerOf(id);
        return customer.deleted ? { id, object: 'customer', deleted: true } : customer;
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/customers\/(\w+)$/,
      params: ['name', 'email', 'metadata['],
      answer: ({ params }, [id = '']) => {
        const customer = living(id);
        Object.assign(customer, {
          name: params.name ?? customer.name,
          email: params.email ?? customer.email,
          metadata: { ...(customer.metadata as object), ...fieldsOf(params, 'metadata') },
        });
        return customer;
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/subscriptions$/,
      params: [...PAGE, 'customer', 'status'],
      answer: (request) => {
        const { customer, status } = request.params;
        if (customer !== undefined) {
          customerOf(customer);
        }
        const isExpanded = Object.entries(request.params).some(
          ([name, value]) => name.startsWith('expand[') && value === 'data.latest_invoice',
        );
        const found = [...subscriptions.values()]
          .filter(
            (one) =>
              (customer === undefined || one.customer === customer) &&
              (status === 'all' ||
                (status === undefined ? one.status !== 'canceled' : one.status === status)),
          )
          .sort((a, b) => Number(b.created) - Number(a.created) || (a.id < b.id ? 1 : -1))
          .map((one) => ({
            ...one,
            latest_invoice: isExpanded
              ? (invoices.get(String(one.latest_invoice)) ?? null)
              : one.latest_invoice,
          }));
        return list(found, request);
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/invoices$/,
      params: [...PAGE, 'customer', 'status', 'subscription'],
      answer: (request) => {
        const { customer, status } = request.params;
        const found = [...invoices.values()]
          .filter(
            (one) =>
              (customer === undefined || one.customer === customer) &&
              (status === undefined || one.status === status),
          )
          .sort((a, b) => Number(b.created) - Number(a.created) || (a.id < b.id ? 1 : -1));
        return list(found, request);
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/invoices\/(\w+)$/,
      params: ['expand['],
      answer: (_request, [id = '']) => {
        const invoice = invoices.get(id);
        if (!invoice) {
          throw missing('invoice', id);
        }
        return invoice;
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/checkout\/sessions$/,
      params: [
        'mode',
        'customer',
        'client_reference_id',
        'line_items[',
        'success_url',
        'cancel_url',
        'metadata[',
      ],
      required: ['mode', 'success_url', 'line_items[0][price]'],
      answer: ({ params }) => {
        living(params.customer ?? '');
        const id = newId('cs_test');
        const session: StripeObject = {
          id,
          object: 'checkout.session',
          mode: params.mode,
          customer: params.customer,
          client_reference_id: params.client_reference_id ?? null,
          url: `https://checkout.stripe.com/c/pay/${id}`,
        };
        sessions.set(id, session);
        return session;
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/billing_portal\/sessions$/,
      params: ['customer', 'return_url', 'configuration', 'locale'],
      required: ['customer'],
      answer: ({ params }) => {
        living(params.customer ?? '');
        const id = newId('bps');
        return {
          id,
          object: 'billing_portal.session',
          customer: params.customer,
          configuration: params.configuration ?? 'bpc_default',
          return_url: params.return_url ?? null,
          url: `https://billing.stripe.com/p/session/${id}`,
        };
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/events$/,
      params: [...PAGE, 'created[', 'type', 'types['],
      answer: (request) => {
        const { 'created[gte]': gte, 'created[lte]': lte } = request.params;
        const oldest = Math.max(Number(gte ?? 0), now() - 30 * DAY);
        return list(
          events.filter(
            ({ created }) =>
              Number(created) >= oldest && (lte === undefined || Number(created) <= Number(lte)),
          ),
          request,
        );
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/billing\/meter_events$/,
      params: ['event_name', 'identifier', 'timestamp', 'payload['],
      required: ['event_name', 'payload[stripe_customer_id]', 'payload[value]'],
      answer: ({ params }) => {
        const timestamp = Number(params.timestamp ?? now());
        if (timestamp < now() - 35 * DAY || timestamp > now() + 300) {
          throw invalid('The timestamp must be within the past 35 days.', { param: 'timestamp' });
        }
        const identifier = params.identifier ?? randomUUID();
        if (
          meterEvents.some(
            (one) => one.identifier === identifier && Number(one.created) > now() - DAY,
          )
        ) {
          throw invalid(`An event already exists with identifier ${identifier}.`);
        }
        const event: StripeObject = {
          id: identifier,
          object: 'billing.meter_event',
          created: now(),
          event_name: params.event_name,
          identifier,
          livemode: false,
          payload: fieldsOf(params, 'payload'),
          timestamp,
        };
        meterEvents.push(event);
        return event;
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/billing\/meters\/(\w+)\/event_summaries$/,
      params: [...PAGE, 'customer', 'start_time', 'end_time', 'value_grouping_window'],
      required: ['customer', 'start_time', 'end_time'],
      answer: ({ params, path }, [meter = '']) => {
        const [start, end] = [Number(params.start_time), Number(params.end_time)];
        if (start % 60 !== 0 || end % 60 !== 0 || start >= end) {
          throw invalid('Times must be aligned with minute boundaries.');
        }
        const total = meterEvents
          .filter(
            (one) =>
              (one.payload as Record<string, string>).stripe_customer_id === params.customer &&
              Number(one.timestamp) >= start &&
              Number(one.timestamp) < end,
          )
          .reduce((sum, one) => sum + Number((one.payload as Record<string, string>).value), 0);
        const summary = {
          id: newId('mtrsum'),
          object: 'billing.meter_event_summary',
          aggregated_value: total,
          start_time: start,
          end_time: end,
          livemode: false,
          meter,
        };
        return { object: 'list', url: path, data: [summary], has_more: false };
      },
    },
  ];

  function answerTo(request: StripeRequest): unknown {
    const { headers, method, path, params } = request;
    if (headers.authorization !== `Bearer ${key}`) {
      throw new Refusal(401, 'invalid_request_error', 'Invalid API Key provided.');
    }
    if (headers['stripe-version'] !== version) {
      throw invalid(`Invalid Stripe API version: ${headers['stripe-version']}`);
    }
    if (
      method === 'POST' &&
      headers['content-type']?.split(';')[0] !== 'application/x-www-form-urlencoded'
    ) {
      throw invalid('Invalid request: the body must be form-encoded.');
    }
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (!match) {
        continue;
      }
      const unknown = Object.keys(params).find(
        (name) =>
          !route.params.some((known) =>
            known.endsWith('[') ? name.startsWith(known) : name === known,
          ),
      );
      if (unknown !== undefined) {
        throw invalid(`Received unknown parameter: ${unknown}`, {
          code: 'parameter_unknown',
          param: unknown,
        });
      }
      const lacking = route.required?.find((name) => !params[name]);
      if (lacking !== undefined) {
        throw invalid(`Missing required param: ${lacking}.`, {
          code: 'parameter_missing',
          param: lacking,
        });
      }
      return route.answer(request, match.slice(1));
    }
    throw new Refusal(
      404,
      'invalid_request_error',
      `Unrecognized request URL (${method}: ${path}).`,
    );
  }

  /** The same key brings the same answer for a day, and refuses another request. */
  function idempotent(request: StripeRequest): {
    status: number;
    body: string;
    isReplayed: boolean;
  } {
    const idempotencyKey =
      request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    const asked = JSON.stringify([
      request.path,
      Object.entries(request.params).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const known = idempotencyKey === undefined ? undefined : answers.get(idempotencyKey);
    if (known && known.at > now() - DAY) {
      if (known.asked !== asked) {
        const refusal = new Refusal(
          400,
          'idempotency_error',
          `Keys for idempotent requests can only be used with the same parameters they were first used with (${idempotencyKey}).`,
        );
        return { status: 400, body: JSON.stringify(refusal.body), isReplayed: false };
      }
      return { status: known.status, body: known.body, isReplayed: true };
    }
    let status = 200;
    let body: string;
    try {
      body = JSON.stringify(answerTo(request));
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      status = error.status;
      body = JSON.stringify(error.body);
    }
    // What failed its checks did not begin, and is not kept.
    if (idempotencyKey !== undefined && status < 400) {
      answers.set(idempotencyKey, { asked, status, body, at: now() });
    }
    return { status, body, isReplayed: false };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) {
      chunks.push(chunk as Uint8Array);
    }
    const url = new URL(incoming.url ?? '/', 'http://stripe.test');
    const text = Buffer.concat(chunks).toString('utf8');
    const request: StripeRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      params: Object.fromEntries(
        incoming.method === 'POST' ? new URLSearchParams(text) : url.searchParams,
      ),
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, value?.toString()]),
      ),
    };
    requests.push(request);
    const fault = await decide(request);
    if (fault === 'lost-before') {
      incoming.socket.destroy();
      return;
    }
    if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ error: { type: 'api_error', message: 'planned', code: fault.code } }),
      );
      return;
    }
    const { status, body, isReplayed } = idempotent(request);
    if (fault === 'lost-after') {
      incoming.socket.destroy();
      return;
    }
    response.writeHead(status, {
      'content-type': 'application/json',
      'request-id': newId('req'),
      'stripe-version': version,
      ...(isReplayed ? { 'idempotent-replayed': 'true' } : {}),
    });
    response.end(body);
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    version,
    requests,
    customers,
    subscriptions,
    invoices,
    events,
    meterEvents,
    now,
    advance: (seconds) => {
      ahead += seconds;
    },
    setSearchable: (value) => {
      isSearchable = value;
    },
    failWith: (chosen) => {
      decide = chosen;
    },
    reset: () => {
      for (const all of [customers, subscriptions, invoices, sessions, answers]) {
        all.clear();
      }
      for (const all of [requests, events, meterEvents]) {
        all.length = 0;
      }
      ahead = 0;
      isSearchable = true;
      decide = () => undefined;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `metadata[a]=b` as `{a: b}`. */
function fieldsOf(params: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).flatMap(([key, value]) =>
      key.startsWith(`${name}[`) ? [[key.slice(name.length + 1, -1), value]] : [],
    ),
  );
}
