import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import {
  createFunctionsRuntime,
  type FunctionsRuntime,
} from '../../../scripts/lib/functions-runtime.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { type StripeFake, startStripeFake } from '../../support/stripe-fake.ts';
import type { TestApi } from '../support/api.ts';

/** Secrets of a test's functions. */
export const WEBHOOK_SECRET = `whsec_${randomBytes(24).toString('hex')}`;
export const SCHEDULE_SECRET = randomBytes(24).toString('base64url');

/** A connection between the functions and the database that breaks when it is told to. */
export interface BreakableProxy {
  readonly url: string;
  /** Decides about each call by its path; nothing breaks until told otherwise. */
  breakWith(decide: (path: string) => 'lost-before' | 'lost-after' | undefined): void;
  stop(): Promise<void>;
}

/** Starts one in front of a base URL. */
export async function startBreakableProxy(target: string): Promise<BreakableProxy> {
  let decide: Parameters<BreakableProxy['breakWith']>[0] = () => undefined;
  const server = createServer((incoming, response) => {
    const fate = decide(incoming.url ?? '');
    if (fate === 'lost-before') {
      incoming.socket.destroy();
      return;
    }
    const outgoing = send(
      new URL(incoming.url ?? '/', target),
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(target).host } },
      (answer) => {
        if (fate === 'lost-after') {
          // The database has done it; nobody hears of it.
          answer.resume().on('end', () => incoming.socket.destroy());
          return;
        }
        // A connection that is used again would be tried again, too, before the function hears of it.
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: 'close' });
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => incoming.socket.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    breakWith: (chosen) => {
      decide = chosen;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The functions in Deno between a fake of Stripe and the database. */
export interface BillingStack {
  stripe: StripeFake;
  proxy: BreakableProxy;
  functions: FunctionsRuntime;
  gateway: Gateway;
  /** The process of a function that was started last. */
  pid(name: string): number;
  readonly pids: number[];
  /** Calls a function as somebody with these headers. */
  call(
    name: string,
    headers?: Record<string, string>,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Calls a function as the schedule does. */
  schedule(name: string): Promise<{ status: number; body: Record<string, unknown> }>;
  stop(): Promise<void>;
}

/** Starts the functions. Each gets what Supabase would give it. */
export async function startBillingStack(api: TestApi): Promise<BillingStack> {
  const stripe = await startStripeFake();
  const proxy = await startBreakableProxy(api.url);
  const latest = new Map<string, number>();
  const pids: number[] = [];
  const functions = createFunctionsRuntime({
    env: {
      SUPABASE_URL: proxy.url,
      SUPABASE_ANON_KEY: api.keys.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: api.keys.serviceRoleKey,
      STRIPE_API_URL: stripe.url,
      STRIPE_SECRET_KEY: stripe.key,
      STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      STRIPE_SCHEDULE_SECRET: SCHEDULE_SECRET,
    },
    onStart: (name, pid) => {
      latest.set(name.replace(/^function /, ''), pid);
      pids.push(pid);
    },
  });
  const gateway = await startGateway({ port: 0, functions, keys: api.keys });
  const call: BillingStack['call'] = async (name, headers = {}, body) => {
    const response = await fetch(`${gateway.url}/functions/v1/${name}`, {
      method: 'POST',
      headers,
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') ? JSON.parse(text) : { text },
    };
  };
  return {
    stripe,
    proxy,
    functions,
    gateway,
    pids,
    pid: (name) => latest.get(name) ?? 0,
    call,
    schedule: (name) => call(name, { authorization: `Bearer ${SCHEDULE_SECRET}` }),
    async stop() {
      await gateway.stop();
      await functions.stop();
      await proxy.stop();
      await stripe.stop();
    },
  };
}

/** Sets a setting of Stripe. */
export async function setSetting(
  client: pg.ClientBase,
  name: string,
  value: unknown,
): Promise<void> {
  await client.query('update public.system_config set value = $2 where key = $1', [
    `stripe.${name}`,
    JSON.stringify(value),
  ]);
}

/** A company, with a plan that an operator gave, and the customer if one is named. */
export async function createCompany(
  client: pg.ClientBase,
  { customer, tier = 'starter' }: { customer?: string; tier?: string } = {},
): Promise<string> {
  const id = randomUUID();
  await client.query(
    `insert into public.companies (id, slug, name, contact_email, stripe_customer_id) values ($1, $2, 'Billed', 'billing@billed.example', $3)`,
    [id, `billed-${id.slice(0, 8)}`, customer ?? null],
  );
  await client.query(
    `insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, started_at) values ($1, $2, null, now() - interval '1 year')`,
    [id, tier],
  );
  return id;
}
