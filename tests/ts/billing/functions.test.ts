/** The functions for Stripe in Deno, between a fake of Stripe and the real database over PostgREST. */
import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, signal, waitUntilGone } from '../../../scripts/lib/processes.ts';
import { signatureHeader } from '../../support/stripe-fake.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';
import {
  type BillingStack,
  createCompany,
  SCHEDULE_SECRET,
  setSetting,
  startBillingStack,
  WEBHOOK_SECRET,
} from './support.ts';

const ACME = '00000000-0000-4000-8000-00000000c001';
const GLOBEX = '00000000-0000-4000-8000-00000000c002';

const db = useDatabase();
const api = useApi(db);
let stack: BillingStack;
let companies: Record<'acme' | 'globex', string>;

beforeAll(async () => {
  stack = await startBillingStack(api);
  const { rows } = await db.client.query<{ id: string; slug: 'acme' | 'globex' }>(
    `select id, slug from public.companies where slug in ('acme', 'globex')`,
  );
  companies = Object.fromEntries(rows.map(({ id, slug }) => [slug, id])) as typeof companies;
});
afterAll(async () => {
  await stack?.stop();
  expect((stack?.pids ?? []).filter(isAlive)).toEqual([]);
});
beforeEach(async () => {
  stack.proxy.breakWith(() => undefined);
  stack.stripe.reset();
  await db.client.query('delete from private.outbox_events');
  await db.client.query('delete from private.stripe_events');
  await db.client.query('delete from private.stripe_cursors');
  await db.client.query('update public.companies set stripe_customer_id = null');
  await db.client.query('delete from public.billing_accounts');
  await setSetting(db.client, 'enabled', true);
  await setSetting(db.client, 'return_urls', ['https://app.example/billing']);
  await setSetting(db.client, 'portal_configurations', {});
  await setSetting(db.client, 'prices', { price_pro: { plan_tier: 'professional' } });
});

const seconds = (): number => Math.floor(Date.now() / 1000);

async function customerOf(id: string): Promise<string | null> {
  const { rows } = await db.client.query<{ stripe_customer_id: string | null }>(
    'select stripe_customer_id from public.companies where id = $1',
    [id],
  );
  return rows[0]?.stripe_customer_id ?? null;
}

/** Gives a company a customer that Stripe knows. */
async function known(company: string, customer: string): Promise<void> {
  stack.stripe.customers.set(customer, {
    id: customer,
    object: 'customer',
    created: 1,
    metadata: { company_id: company },
  });
  await db.client.query('update public.companies set stripe_customer_id = $2 where id = $1', [
    company,
    customer,
  ]);
}

function subscribe(customer: string, more: Record<string, unknown> = {}): void {
  const id = `sub_${customer.slice(4)}`;
  stack.stripe.subscriptions.set(id, {
    id,
    object: 'subscription',
    customer,
    status: 'active',
    created: seconds() - 60,
    currency: 'usd',
    cancel_at_period_end: false,
    trial_end: null,
    latest_invoice: null,
    items: {
      object: 'list',
      data: [
        {
          quantity: 1,
          current_period_start: seconds() - 60,
          current_period_end: seconds() + 86_400,
          price: {
            id: 'price_pro',
            unit_amount: 9900,
            recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
          },
        },
      ],
    },
    ...more,
  });
}

let count = 0;
function event(customer: string, more: Record<string, unknown> = {}) {
  count += 1;
  return {
    id: `evt_test${count}`,
    object: 'event',
    type: 'customer.subscription.updated',
    created: seconds() - 600,
    livemode: false,
    data: { object: { id: 'sub_x', object: 'subscription', customer, ...more } },
  };
}

async function deliver(sent: unknown, header?: string) {
  const body = JSON.stringify(sent);
  return stack.call(
    'stripe-webhook',
    { 'stripe-signature': header ?? signatureHeader(body, WEBHOOK_SECRET) },
    body,
  );
}

async function tierOf(company: string): Promise<string | undefined> {
  const { rows } = await db.client.query<{ plan_tier: string }>(
    'select plan_tier from public.company_plans where company_id = $1 and is_active',
    [company],
  );
  return rows[0]?.plan_tier;
}

describe('a new company', () => {
  it('gets a customer at Stripe, once', async () => {
    const company = await createCompany(db.client);
    expect(await stack.schedule('stripe-provision')).toEqual({
      status: 200,
      body: { claimed: 1, provisioned: 1, skipped: 0, retried: 0 },
    });
    const [customer] = [...stack.stripe.customers.values()];
    expect(customer).toMatchObject({
      name: 'Billed',
      email: 'billing@billed.example',
      metadata: { company_id: company },
    });
    expect(await customerOf(company)).toBe(customer?.id);
    expect((await stack.schedule('stripe-provision')).body).toMatchObject({ claimed: 0 });
  });

  it.each(['lost-before', 'lost-after'] as const)(
    'has one customer when storing it breaks (%s), and when the key is forgotten',
    async (fate) => {
      const company = await createCompany(db.client);
      stack.stripe.setSearchable(false);
      let breaks = 1;
      stack.proxy.breakWith((path) =>
        path.includes('store_stripe_customer') && breaks-- > 0 ? fate : undefined,
      );
      expect((await stack.schedule('stripe-provision')).body).toMatchObject({ retried: 1 });
      expect(stack.stripe.customers.size).toBe(1);
      await db.client.query('update private.outbox_events set available_at = now()');
      stack.stripe.setSearchable(true);
      stack.stripe.advance(2 * 86_400);
      expect((await stack.schedule('stripe-provision')).body).toMatchObject({ provisioned: 1 });
      stack.stripe.advance(-2 * 86_400);
      expect([...stack.stripe.customers.keys()]).toEqual([await customerOf(company)]);
    },
  );

  it('has one customer when the function dies in between', async () => {
    const company = await createCompany(db.client);
    stack.stripe.setSearchable(false);
    stack.proxy.breakWith((path) => {
      if (path.includes('store_stripe_customer')) {
        signal(stack.pid('stripe-provision'), 'SIGKILL');
        return 'lost-before';
      }
      return undefined;
    });
    expect((await stack.schedule('stripe-provision')).status).toBe(502);
    expect(await waitUntilGone(stack.pid('stripe-provision'), 5000)).toBe(true);
    stack.proxy.breakWith(() => undefined);
    expect(await customerOf(company)).toBeNull();
    await db.client.query('update private.outbox_events set available_at = now()');
    expect((await stack.schedule('stripe-provision')).body).toMatchObject({ provisioned: 1 });
    expect([...stack.stripe.customers.keys()]).toEqual([await customerOf(company)]);
  });

  it('does not get the customer of another by what metadata says', async () => {
    await known(companies.globex, 'cus_globex');
    const company = await createCompany(db.client);
    Object.assign(stack.stripe.customers.get('cus_globex') ?? {}, {
      metadata: { company_id: company },
    });
    expect((await stack.schedule('stripe-provision')).body).toMatchObject({ provisioned: 1 });
    expect(await customerOf(companies.globex)).toBe('cus_globex');
    expect(await customerOf(company)).toMatch(/^cus_(?!globex)/);
  });

  it('is left to the one consumer that it is for', async () => {
    const company = await createCompany(db.client);
    await db.client.query(`select private.emit_event($1, 'test.event', '{}')`, [company]);
    const others = await api.asService().rpc('claim_events', {});
    const topics = others.data?.map(({ topic }) => topic) ?? [];
    expect(topics).toContain('test.event');
    expect(topics.filter((topic) => topic.startsWith('stripe.'))).toEqual([]);
    expect((await stack.schedule('stripe-provision')).body).toMatchObject({ claimed: 1 });
  });
});

describe('the webhook', () => {
  it('takes what the SDK signs, and buys the plan for the company of the customer', async () => {
    const company = await createCompany(db.client, { customer: 'cus_paying' });
    stack.stripe.customers.set('cus_paying', { id: 'cus_paying', metadata: {} });
    subscribe('cus_paying');
    const sent = event('cus_paying');
    const payload = JSON.stringify(sent);
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
    expect(await deliver(sent, header)).toEqual({ status: 200, body: { status: 'processed' } });
    expect(await tierOf(company)).toBe('professional');
    expect(await deliver(sent)).toEqual({ status: 200, body: { status: 'processed' } });
    const { rows } = await db.client.query(
      'select count(*)::integer as plans from public.company_plans where company_id = $1 and stripe_subscription_id is not null',
      [company],
    );
    expect(rows).toEqual([{ plans: 1 }]);
  });

  it('takes nothing that is forged, changed or old', async () => {
    const company = await createCompany(db.client, { customer: 'cus_victim' });
    stack.stripe.customers.set('cus_victim', { id: 'cus_victim', metadata: {} });
    subscribe('cus_victim');
    const sent = event('cus_victim');
    const body = JSON.stringify(sent);
    for (const header of [
      '',
      'nonsense',
      signatureHeader(body, 'whsec_guessed'),
      signatureHeader(`${body} `, WEBHOOK_SECRET),
      signatureHeader(body, WEBHOOK_SECRET, seconds() - 301),
      signatureHeader(body, WEBHOOK_SECRET).replace('v1=', 'v0='),
      signatureHeader(body, WEBHOOK_SECRET).replace(/t=\d+/, `t=${seconds() + 1}`),
    ]) {
      expect(await deliver(sent, header)).toMatchObject({
        status: 400,
        body: { code: 'invalid_signature' },
      });
    }
    expect(await tierOf(company)).toBe('starter');
    const { rows } = await db.client.query('select from private.stripe_events');
    expect(rows).toEqual([]);
    expect((await deliver(sent)).status).toBe(200);
    expect(await tierOf(company)).toBe('professional');
  });

  it('goes by the customer that is stored, whatever the event names', async () => {
    const victim = await createCompany(db.client, { customer: 'cus_v' });
    const other = await createCompany(db.client, { customer: 'cus_o' });
    stack.stripe.customers.set('cus_o', { id: 'cus_o', metadata: { company_id: victim } });
    subscribe('cus_o', { metadata: { company_id: victim } });
    const named = { metadata: { company_id: victim }, client_reference_id: victim };
    expect((await deliver({ ...event('cus_o', named), company_id: victim })).status).toBe(200);
    expect([await tierOf(victim), await tierOf(other)]).toEqual(['starter', 'professional']);
    // Of a customer that no company has.
    subscribe('cus_stranger');
    expect(await deliver(event('cus_stranger', named))).toEqual({
      status: 200,
      body: { status: 'unmatched' },
    });
    expect(await tierOf(victim)).toBe('starter');
  });

  it('does not mirror an invoice of another customer that an event names', async () => {
    const company = await createCompany(db.client, { customer: 'cus_a1' });
    await createCompany(db.client, { customer: 'cus_b1' });
    stack.stripe.customers.set('cus_a1', { id: 'cus_a1', metadata: {} });
    stack.stripe.invoices.set('in_b1', {
      id: 'in_b1',
      customer: 'cus_b1',
      currency: 'usd',
      created: 1,
      period_start: 1,
      period_end: 1,
      status: 'open',
      total: 1,
      amount_due: 1,
      amount_paid: 0,
      amount_remaining: 1,
      attempt_count: 0,
      status_transitions: {},
    });
    const sent = {
      ...event('cus_a1'),
      type: 'invoice.paid',
      data: { object: { id: 'in_b1', object: 'invoice', customer: 'cus_a1' } },
    };
    expect(await deliver(sent)).toMatchObject({
      status: 403,
      body: { details: 'foreign_customer' },
    });
    const { rows } = await db.client.query(
      'select from public.billing_invoices where company_id = $1',
      [company],
    );
    expect(rows).toEqual([]);
  });

  it('is told nothing by people: only the backend writes', async () => {
    const company = await createCompany(db.client, { customer: 'cus_w' });
    for (const who of ['anonymous', 'alice', 'cora', 'olga', 'eve'] as const) {
      const client = await api.as(who);
      const state = { subscriptions: [], invoices: [], deleted_invoices: [] };
      const answers = [
        await client.rpc('record_stripe_event' as never, { event: event('cus_w') } as never),
        await client.rpc(
          'apply_stripe_state' as never,
          {
            company_id: company,
            stripe_customer_id: 'cus_w',
            sync_started_at: new Date().toISOString(),
            state,
          } as never,
        ),
        await client.rpc(
          'store_stripe_customer' as never,
          { company_id: ACME, stripe_customer_id: 'cus_x' } as never,
        ),
      ];
      expect([who, ...answers.map(({ error }) => error?.code)]).toEqual([
        who,
        '42501',
        '42501',
        '42501',
      ]);
    }
  });
});

describe('checkout and portal', () => {
  const fields = {
    plan_tier: 'professional',
    success_url: 'https://app.example/billing/ok',
    cancel_url: 'https://app.example/billing/no',
  };
  const as = async (
    who: Parameters<typeof api.token>[0],
    headers: Record<string, string> = {},
  ): Promise<Record<string, string>> => ({
    ...headers,
    authorization: `Bearer ${await api.token(who)}`,
  });
  const lastCustomer = (): string | undefined => stack.stripe.requests.at(-1)?.params.customer;

  it('are those of the company of the caller', async () => {
    await known(companies.acme, 'cus_acme');
    await known(companies.globex, 'cus_globex');
    for (const [who, customer] of [
      ['alice', 'cus_acme'],
      ['bob', 'cus_globex'],
    ] as const) {
      const checkout = await stack.call('checkout', await as(who), {
        ...fields,
        company_id: who === 'alice' ? GLOBEX : ACME,
        customer: 'cus_other',
      });
      expect(checkout).toMatchObject({
        status: 200,
        body: { url: expect.stringContaining('https://checkout.stripe.com/') },
      });
      expect(lastCustomer()).toBe(customer);
      const portal = await stack.call('billing-portal', await as(who), {
        return_url: 'https://app.example/billing',
        company_id: who === 'alice' ? GLOBEX : ACME,
      });
      expect(portal).toMatchObject({
        status: 200,
        body: { url: expect.stringContaining('https://billing.stripe.com/') },
      });
      expect(lastCustomer()).toBe(customer);
    }
  });

  it('are closed to a member of another company, a lesser role, an operator, and whoever is not signed in', async () => {
    await known(companies.acme, 'cus_acme');
    await known(companies.globex, 'cus_globex');
    const strangers: [string, Record<string, string>, number][] = [
      ['alice in globex', await as('alice', { 'x-company-id': companies.globex }), 403],
      ['an agent', await as('adam'), 403],
      ['a compliance administrator', await as('cora'), 403],
      ['a disabled member', await as('sam'), 403],
      ['a member of nothing', await as('eve'), 403],
      ['an operator', await as('olga'), 403],
      ['nobody', {}, 401],
      ['the anonymous key', { authorization: `Bearer ${api.keys.anonKey}` }, 401],
      ['the service key', { authorization: `Bearer ${api.keys.serviceRoleKey}` }, 403],
      ['the schedule', { authorization: `Bearer ${SCHEDULE_SECRET}` }, 401],
    ];
    for (const [name, headers, status] of strangers) {
      const checkout = await stack.call('checkout', headers, fields);
      const portal = await stack.call('billing-portal', headers, {
        return_url: 'https://app.example/billing',
      });
      expect([name, checkout.status, portal.status]).toEqual([name, status, status]);
    }
    expect(stack.stripe.requests).toEqual([]);
    // Control: mia is an agent in one company and a client in the other.
    expect(
      (
        await stack.call('billing-portal', await as('mia', { 'x-company-id': companies.globex }), {
          return_url: 'https://app.example/billing',
        })
      ).status,
    ).toBe(200);
    expect(lastCustomer()).toBe('cus_globex');
  });

  it('close for a member who was demoted, with the token that they have', async () => {
    await known(companies.acme, 'cus_acme');
    const headers = await as('alice');
    const open = () =>
      stack.call('billing-portal', headers, { return_url: 'https://app.example/billing' });
    expect((await open()).status).toBe(200);
    await db.client.query(
      `update public.users set role = 'agent' where company_id = $1 and role = 'client'`,
      [companies.acme],
    );
    try {
      expect(await open()).toMatchObject({ status: 403, body: { details: 'not_your_company' } });
    } finally {
      await db.client.query(
        `update public.users set role = 'client' where company_id = $1 and id = (select id from public.users where company_id = $1 and email like 'alice%')`,
        [companies.acme],
      );
    }
    expect((await open()).status).toBe(200);
  });

  it('send nobody elsewhere', async () => {
    await known(companies.acme, 'cus_acme');
    const headers = await as('alice');
    for (const url of ['https://evil.example/', 'https://app.example/billing/../x', '//evil', '']) {
      expect(await stack.call('checkout', headers, { ...fields, success_url: url })).toMatchObject({
        status: 400,
        body: { details: 'invalid_return_url' },
      });
      expect(await stack.call('billing-portal', headers, { return_url: url })).toMatchObject({
        status: 400,
        body: { details: 'invalid_return_url' },
      });
    }
    expect(stack.stripe.requests).toEqual([]);
  });
});

describe('the nightly comparison', () => {
  it('fetches what no webhook brought, and mends what differs', async () => {
    const missed = await createCompany(db.client, { customer: 'cus_missed' });
    const drifted = await createCompany(db.client, { customer: 'cus_drifted' });
    for (const customer of ['cus_missed', 'cus_drifted']) {
      stack.stripe.customers.set(customer, { id: customer, metadata: {} });
      subscribe(customer);
    }
    // Ten days ago, long after Stripe stopped sending it.
    stack.stripe.events.push({ ...event('cus_missed'), created: seconds() - 10 * 86_400 });
    await db.client.query('insert into public.billing_accounts (company_id) values ($1), ($2)', [
      missed,
      drifted,
    ]);
    await db.client.query('delete from private.outbox_events');
    const { status, body } = await stack.schedule('stripe-reconcile');
    expect([status, body]).toEqual([
      200,
      {
        stages_advanced: expect.any(Number),
        customers_requested: expect.any(Number),
        events_finished: 0,
        events_seen: 1,
        events_recovered: 1,
        companies_compared: 2,
        differences: { account: 1, plan: 1, invoices: 0, stage: 0, customer: 0 },
        failures: 0,
        is_complete: true,
      },
    ]);
    expect([await tierOf(missed), await tierOf(drifted)]).toEqual(['professional', 'professional']);
    const again = await stack.schedule('stripe-reconcile');
    expect(again.body).toMatchObject({
      events_recovered: 0,
      companies_compared: 0,
      customers_requested: 0,
    });
    // The next night: nothing differs.
    await db.client.query(
      `update public.billing_accounts set reconciled_at = now() - interval '1 day'`,
    );
    expect((await stack.schedule('stripe-reconcile')).body).toMatchObject({
      companies_compared: 2,
      differences: { account: 0, plan: 0, invoices: 0, stage: 0, customer: 0 },
    });
  });

  it('finishes what a webhook began', async () => {
    const company = await createCompany(db.client, { customer: 'cus_begun' });
    stack.stripe.customers.set('cus_begun', { id: 'cus_begun', metadata: {} });
    subscribe('cus_begun');
    stack.proxy.breakWith((path) =>
      path.includes('apply_stripe_state') ? 'lost-before' : undefined,
    );
    expect((await deliver(event('cus_begun'))).status).toBe(502);
    stack.proxy.breakWith(() => undefined);
    expect(await tierOf(company)).toBe('starter');
    await db.client.query(
      `update private.stripe_events set received_at = now() - interval '10 minutes'`,
    );
    await db.client.query('update public.billing_accounts set reconciled_at = now()');
    expect((await stack.schedule('stripe-reconcile')).body).toMatchObject({ events_finished: 1 });
    expect(await tierOf(company)).toBe('professional');
  });

  it('gives a company whose customer was deleted at Stripe a new one', async () => {
    const company = await createCompany(db.client);
    await stack.schedule('stripe-provision');
    const first = await customerOf(company);
    stack.stripe.customers.set(String(first), { id: String(first), deleted: true });
    expect((await stack.schedule('stripe-reconcile')).body).toMatchObject({
      differences: { customer: 1 },
    });
    expect(await customerOf(company)).toBeNull();
    expect((await stack.schedule('stripe-reconcile')).body.customers_requested).toBeGreaterThan(0);
    expect((await stack.schedule('stripe-provision')).body).toMatchObject({ retried: 0 });
    expect(await customerOf(company)).toMatch(/^cus_/);
    expect(await customerOf(company)).not.toBe(first);
  });
});

describe('usage', () => {
  it('is told to the meter once, whatever breaks', async () => {
    await setSetting(db.client, 'usage_meter', { event_name: 'usage', meter_id: 'mtr_1' });
    const company = await createCompany(db.client, { customer: 'cus_used' });
    stack.stripe.customers.set('cus_used', { id: 'cus_used', metadata: {} });
    const spend = async (usd: number): Promise<void> => {
      const { error } = await api.asService().rpc('log_api_usage_and_update_budget', {
        company_id: company,
        service: 'test',
        agent_id: null as never,
        description: 'Test',
        cost: usd,
      });
      expect(error).toBeNull();
    };
    const told = (): unknown =>
      stack.stripe.meterEvents.map(({ payload }) => (payload as { value: string }).value);
    await spend(1.239);
    let breaks = 1;
    stack.proxy.breakWith((path) =>
      path.includes('finish_stripe_usage') && breaks-- > 0 ? 'lost-before' : undefined,
    );
    expect((await stack.schedule('stripe-report-usage')).body).toMatchObject({ failures: 1 });
    await spend(0.5);
    // A day later Stripe knows neither the key nor the name any more.
    stack.stripe.advance(2 * 86_400);
    await db.client.query(
      `update private.stripe_usage_reports set created_at = now() - interval '2 days'`,
    );
    expect((await stack.schedule('stripe-report-usage')).body).toEqual({
      reported: 1,
      confirmed: 1,
      failures: 0,
      is_complete: true,
    });
    stack.stripe.advance(-2 * 86_400);
    expect(told()).toEqual(['123', '50']);
    expect((await stack.schedule('stripe-report-usage')).body).toMatchObject({ reported: 0 });
    await setSetting(db.client, 'usage_meter', null);
  });
});
