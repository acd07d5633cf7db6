/**
 * A thousand events of Stripe: one after the other, and again shuffled, several times each, eight at once, while
 * connections break and the function is killed. Both come to the same, and that is what Stripe has.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, signal } from '../../../scripts/lib/processes.ts';
import { type StripeObject, signatureHeader } from '../../support/stripe-fake.ts';
import { createHistory, type HistoryStep, randomOf, show } from '../../support/stripe-history.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';
import { type BillingStack, setSetting, startBillingStack, WEBHOOK_SECRET } from './support.ts';

const EVENTS = 1000;
const COMPANIES = 24;
const SEED = 20_250_205;

const db = useDatabase();
const api = useApi(db);
let stack: BillingStack;

const tail = (index: number): string => String(index).padStart(4, '0');
const customers = Array.from({ length: COMPANIES }, (_, index) => `cus_replay${tail(index)}`);
/** Each run has companies of its own: the audit log keeps those of the one before. */
let run = 0;
const companyId = (index: number): string => `00000000-0000-4000-8000-0000e0d${run}${tail(index)}`;
const prices = ['price_starter', 'price_professional', 'price_enterprise', 'price_custom'];

const history = createHistory({
  seed: SEED,
  customers,
  strangers: ['cus_nobody1', 'cus_nobody2'],
  prices,
  events: EVENTS,
  endsAt: Math.floor(Date.now() / 1000),
  days: 60,
  // Long enough ago to be suspended, to have the limit cut, and to be in grace.
  debtors: Object.fromEntries(
    customers.slice(0, 9).map((customer, index) => [customer, [45, 18, 5][index % 3] ?? 0]),
  ),
});

beforeAll(async () => {
  stack = await startBillingStack(api);
  await setSetting(db.client, 'prices', {
    price_starter: { plan_tier: 'starter' },
    price_professional: { plan_tier: 'professional' },
    price_enterprise: { plan_tier: 'enterprise' },
    price_custom: { plan_tier: 'custom', monthly_limit_usd: 9000 },
  });
});
afterAll(async () => {
  await stack?.stop();
  expect((stack?.pids ?? []).filter(isAlive)).toEqual([]);
});

/** Everybody as they were before the first event; every third with a plan that an operator gave. */
async function startAgain(): Promise<void> {
  await db.client.query(
    'update public.companies set stripe_customer_id = null where stripe_customer_id = any ($1)',
    [customers],
  );
  await db.client.query('delete from private.stripe_events');
  run += 1;
  const ids = customers.map((_, index) => companyId(index));
  await db.client.query(
    `insert into public.companies (id, slug, name, contact_email, stripe_customer_id, created_at)
     select i, 'replay-' || right(i::text, 5), 'Replay', 'a@replay.example', c, now() - interval '1 year'
       from unnest($1::uuid[], $2::text[]) with ordinality as t (i, c, n)`,
    [ids, customers],
  );
  await db.client.query(
    `insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, started_at)
     select i, case when n % 3 = 0 then 'professional' else 'starter' end, null, now() - interval '1 year'
       from unnest($1::uuid[]) with ordinality as t (i, n)`,
    [ids],
  );
  const { stripe } = stack;
  stripe.subscriptions.clear();
  stripe.invoices.clear();
  stripe.events.length = 0;
  for (const id of [...customers, 'cus_nobody1', 'cus_nobody2']) {
    stripe.customers.set(id, { id, object: 'customer', created: 0, metadata: {} });
  }
}

/** Delivers an event once, as Stripe does. */
async function deliver(event: StripeObject): Promise<number> {
  const body = JSON.stringify(event);
  try {
    const { status } = await stack.call(
      'stripe-webhook',
      { 'stripe-signature': signatureHeader(body, WEBHOOK_SECRET) },
      body,
    );
    return status;
  } catch {
    return 0;
  }
}

/** All that billing has come to, but for when it was looked at. */
async function finalState(): Promise<Record<string, unknown>> {
  const ids = customers.map((_, index) => companyId(index));
  const read = async (sql: string): Promise<unknown[]> => {
    const { rows } = await db.client.query(sql, [ids]);
    return JSON.parse(JSON.stringify(rows.map((row) => row.state)).replaceAll(/e0d\d/g, 'e0d-'));
  };
  return {
    companies: await read(
      `select jsonb_build_array(c.id, c.status, c.status_reason) as state from public.companies as c
        where c.id = any ($1) order by c.id`,
    ),
    accounts: await read(
      `select to_jsonb(b) - '{id,created_at,updated_at,sync_started_at,synced_at,suspended_at}'::text[]
              || jsonb_build_object('is_suspended', b.suspended_at is not null) as state
         from public.billing_accounts as b where b.company_id = any ($1) order by b.company_id`,
    ),
    invoices: await read(
      `select to_jsonb(b) - '{id,created_at,updated_at,synced_at}'::text[] as state
         from public.billing_invoices as b where b.company_id = any ($1) order by b.company_id, b.stripe_invoice_id`,
    ),
    plans: await read(
      `select jsonb_build_array(p.company_id, p.plan_tier, p.monthly_limit_usd, p.payment_limit_usd, p.enforcement,
                p.stripe_subscription_id, p.stripe_price_id) as state
         from public.company_plans as p where p.company_id = any ($1) and p.is_active order by p.company_id`,
    ),
    limits: await read(
      `select jsonb_build_array(p.company_id, p.limit_micro_usd) as state
         from public.budget_periods as p
        where p.company_id = any ($1) and p.scope = 'company' and p.status = 'open' and now() between p.starts_at and p.ends_at
        order by p.company_id`,
    ),
    events: (
      await db.client.query(
        'select jsonb_build_array(e.stripe_event_id, e.event_type, e.status) as state from private.stripe_events as e order by e.stripe_event_id',
      )
    ).rows.map((row) => row.state),
  };
}

describe('a thousand events', () => {
  let inOrder: Record<string, unknown>;

  it('in their order, once each, end in what Stripe has', async () => {
    await startAgain();
    for (const step of history) {
      show(stack.stripe, step);
      expect([step.event.id, await deliver(step.event)]).toEqual([step.event.id, 200]);
    }
    inOrder = await finalState();
    // What Stripe has, looked up without any of our code.
    const invoices = inOrder.invoices as Record<string, unknown>[];
    expect(
      invoices.map((invoice) => [
        invoice.stripe_invoice_id,
        invoice.status,
        invoice.amount_remaining_minor,
      ]),
    ).toEqual(
      [...stack.stripe.invoices.values()]
        .map((invoice) => [invoice.id, invoice.status, invoice.amount_remaining])
        .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
    for (const account of inOrder.accounts as Record<string, unknown>[]) {
      const customer = customers[Number(String(account.company_id).slice(-4))];
      const statuses = [...stack.stripe.subscriptions.values()]
        .filter((one) => one.customer === customer)
        .map((one) => [one.id, one.status]);
      if (statuses.length > 0) {
        expect(statuses).toContainEqual([
          account.stripe_subscription_id,
          account.subscription_status,
        ]);
      }
    }
    expect(new Set((inOrder.events as unknown[][]).map(([, , status]) => status))).toEqual(
      new Set(['processed', 'stored', 'unmatched']),
    );
    expect(inOrder.events).toHaveLength(EVENTS);
    // The history has something of everything.
    const stages = (inOrder.accounts as Record<string, unknown>[]).map((one) => one.payment_stage);
    expect(new Set(stages)).toEqual(new Set(['ok', 'grace', 'soft_limit', 'suspended']));
  }, 600_000);

  it('shuffled, doubled, at once, and with crashes in between, end in the same', async () => {
    await startAgain();
    for (const step of history) {
      show(stack.stripe, step);
    }
    const random = randomOf(SEED + 1);
    const queue: HistoryStep[] = history
      .flatMap((step) => Array.from({ length: 1 + Math.floor(random() * 2.2) }, () => step))
      .map((step) => ({ step, place: random() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ step }) => step);
    const deliveries = queue.length;
    const broken = { before: 0, after: 0, stripe: 0, kills: 0, refused: 0 };
    stack.proxy.breakWith(() => {
      const chance = random();
      if (chance < 0.03) {
        broken.before += 1;
        return 'lost-before';
      }
      if (chance < 0.07) {
        broken.after += 1;
        return 'lost-after';
      }
      return undefined;
    });
    stack.stripe.failWith(() => {
      const chance = random();
      if (chance < 0.04) {
        broken.stripe += 1;
        return chance < 0.02 ? 'lost-after' : { status: chance < 0.03 ? 500 : 429 };
      }
      return undefined;
    });
    let delivered = 0;
    const workers = Array.from({ length: 8 }, async () => {
      for (let step = queue.pop(); step; step = queue.pop()) {
        // Stripe goes on until it hears that all is well.
        for (let attempt = 1; (await deliver(step.event)) !== 200; attempt += 1) {
          broken.refused += 1;
          expect(attempt).toBeLessThan(50);
        }
        delivered += 1;
        if (delivered % 150 === 0) {
          signal(stack.pid('stripe-webhook'), 'SIGKILL');
          broken.kills += 1;
        }
      }
    });
    await Promise.all(workers);
    stack.proxy.breakWith(() => undefined);
    stack.stripe.failWith(() => undefined);
    expect(delivered).toBe(deliveries);
    expect(deliveries).toBeGreaterThan(EVENTS * 1.4);
    for (const count of Object.values(broken)) {
      expect(count).toBeGreaterThan(5);
    }
    expect(await finalState()).toEqual(inOrder);
  }, 600_000);
});
