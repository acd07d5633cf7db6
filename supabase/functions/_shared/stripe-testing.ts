/** For tests of the functions: a fake of Stripe that is a server, and a database that answers what the test says. */
import { type StripeFake, startStripeFake } from '../../../tests/support/stripe-fake.ts';
import { STRIPE_API_VERSION, Stripe } from './stripe.ts';
import type { Dependencies, Handler } from './stripe-function.ts';

export const WEBHOOK_SECRET = 'whsec_0123456789abcdef0123456789abcdef';
export const SERVICE_KEY = 'header.service-role-key.signature';
export const COMPANY = '00000000-0000-4000-8000-00000000c001';

/** A call of the database's API. */
export interface DatabaseCall {
  name: string;
  body: Record<string, unknown>;
  headers: Headers;
}

/** What the database answers to a call of a function, or to a read of a table. */
export type Answers = Record<string, (call: DatabaseCall) => unknown>;

/** A test's surroundings. */
export interface World {
  stripe: StripeFake;
  calls: DatabaseCall[];
  lines: string[];
  /** Bodies of the calls of a function. */
  bodies(name: string): Record<string, unknown>[];
  send(
    request: Request,
  ): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }>;
}

interface WorldOptions {
  create: (deps: Dependencies) => Handler;
  answers?: Answers;
  env?: Record<string, string>;
  now?: () => number;
}

/** Does a test in a world of its own. */
export async function inWorld(
  { create, answers = {}, env = {}, now = Date.now }: WorldOptions,
  work: (world: World) => Promise<void>,
): Promise<void> {
  const stripe = await startStripeFake({
    version: STRIPE_API_VERSION,
    now: () => Math.floor(now() / 1000),
  });
  const calls: DatabaseCall[] = [];
  const lines: string[] = [];
  const settings: Record<string, string> = {
    SUPABASE_URL: 'http://project.test',
    SUPABASE_ANON_KEY: 'header.anon-key.signature',
    SUPABASE_SERVICE_ROLE_KEY: SERVICE_KEY,
    STRIPE_API_URL: stripe.url,
    STRIPE_SECRET_KEY: stripe.key,
    STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    STRIPE_SCHEDULE_SECRET: 'schedule-secret',
    ...env,
  };
  const handle = create({
    env: (name) => settings[name] || undefined,
    now,
    write: (line) => lines.push(line),
    fetch: async (input, init) => {
      const url = new URL(String(input instanceof Request ? input.url : input));
      if (url.origin !== 'http://project.test') {
        return await fetch(input, init);
      }
      const call: DatabaseCall = {
        name: url.pathname.replace(/^\/rest\/v1\/(rpc\/)?/, ''),
        body: init?.body ? JSON.parse(String(init.body)) : Object.fromEntries(url.searchParams),
        headers: new Headers(init?.headers),
      };
      calls.push(call);
      const answer = answers[call.name];
      if (!answer) {
        throw new Error(`nobody answers ${call.name}`);
      }
      const value = await answer(call);
      return value instanceof Response ? value : Response.json(value ?? null);
    },
  });
  try {
    await work({
      stripe,
      calls,
      lines,
      bodies: (name) => calls.filter((call) => call.name === name).map(({ body }) => body),
      send: async (request) => {
        const response = await handle(request);
        const text = await response.text();
        return {
          status: response.status,
          headers: response.headers,
          body: text.startsWith('{') ? JSON.parse(text) : { text },
        };
      },
    });
    for (const secret of [stripe.key, WEBHOOK_SECRET, SERVICE_KEY, 'schedule-secret']) {
      if (lines.some((line) => line.includes(secret))) {
        throw new Error(`the log shows a secret: ${lines.join('\n')}`);
      }
    }
  } finally {
    await stripe.stop();
  }
}

/** A refusal of PostgREST. */
export function refusal(status: number, code: string, details: string): Response {
  return Response.json({ code, details, message: 'refused', hint: 'a hint' }, { status });
}

/** A request of the schedule. */
export function scheduled(authorization = 'Bearer schedule-secret'): Request {
  return new Request('http://functions.test/job', { method: 'POST', headers: { authorization } });
}

/** An event as Stripe delivers it, signed by the real SDK. */
export async function delivery(
  event: unknown,
  { secret = WEBHOOK_SECRET, at = Date.now(), tamper = (body: string) => body } = {},
): Promise<Request> {
  const body = JSON.stringify(event);
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload: body,
    secret,
    timestamp: Math.floor(at / 1000),
  });
  return new Request('http://functions.test/stripe-webhook', {
    method: 'POST',
    headers: { 'stripe-signature': signature },
    body: tamper(body),
  });
}

/** Compares as JSON. */
export function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}
