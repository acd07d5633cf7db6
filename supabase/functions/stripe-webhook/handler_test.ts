import {
  type Answers,
  COMPANY,
  delivery,
  equal,
  inWorld,
  refusal,
  SERVICE_KEY,
  WEBHOOK_SECRET,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler } from './handler.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const AT = Math.floor(NOW / 1000) - 60;
const STARTED_AT = '2026-01-15T12:00:00.000001+00:00';

const RECORDED = {
  status: 'received',
  company_id: COMPANY,
  stripe_customer_id: 'cus_1',
  sync_started_at: STARTED_AT,
};
const ANSWERS: Answers = {
  record_stripe_event: () => [RECORDED],
  apply_stripe_state: () => ['account'],
  fail_stripe_event: () => null,
};

function event(type: string, object: Record<string, unknown>) {
  return { id: 'evt_1', object: 'event', type, created: AT, livemode: false, data: { object } };
}
const UPDATED = event('customer.subscription.updated', {
  id: 'sub_1',
  object: 'subscription',
  customer: 'cus_1',
  status: 'active',
  metadata: { company_id: '00000000-0000-4000-8000-00000000dead' },
});

function world(work: (world: World) => Promise<void>, answers: Answers = {}, env = {}) {
  return () =>
    inWorld(
      { create: createHandler, answers: { ...ANSWERS, ...answers }, env, now: () => NOW },
      async (world) => {
        world.stripe.customers.set('cus_1', { id: 'cus_1', metadata: {} });
        await work(world);
      },
    );
}

const INVOICE = {
  id: 'in_1',
  object: 'invoice',
  customer: 'cus_1',
  parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } },
  number: 'N-1',
  status: 'open',
  currency: 'eur',
  total: 5831,
  amount_due: 5831,
  amount_paid: 0,
  amount_remaining: 5831,
  attempt_count: 1,
  next_payment_attempt: AT + 86_400,
  period_start: AT - 86_400,
  period_end: AT,
  created: AT,
  due_date: null,
  status_transitions: { finalized_at: AT, paid_at: null, voided_at: null },
  hosted_invoice_url: 'https://invoice.stripe.com/i/1',
  invoice_pdf: 'https://pay.stripe.com/invoice/1/pdf',
};
const SUBSCRIPTION = {
  id: 'sub_1',
  object: 'subscription',
  customer: 'cus_1',
  status: 'past_due',
  created: AT - 100,
  currency: 'eur',
  cancel_at_period_end: true,
  trial_end: AT - 50,
  latest_invoice: 'in_1',
  items: {
    object: 'list',
    data: [
      {
        quantity: 3,
        current_period_start: AT - 86_400,
        current_period_end: AT,
        price: {
          id: 'price_year',
          unit_amount: 12_000,
          recurring: { interval: 'year', interval_count: 1, usage_type: 'licensed' },
        },
      },
      {
        quantity: 1,
        current_period_start: AT - 86_400,
        current_period_end: AT,
        price: {
          id: 'price_quarter',
          unit_amount: 600,
          recurring: { interval: 'month', interval_count: 3, usage_type: 'licensed' },
        },
      },
      {
        current_period_start: AT - 86_400,
        current_period_end: AT,
        price: {
          id: 'price_metered',
          unit_amount: 1,
          recurring: { interval: 'month', interval_count: 1, usage_type: 'metered' },
        },
      },
    ],
  },
};
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

Deno.test(
  'an event makes it ask Stripe, and hand over what Stripe has, not what the event says',
  world(async ({ stripe, send, bodies, calls }) => {
    stripe.subscriptions.set('sub_1', SUBSCRIPTION);
    stripe.invoices.set('in_1', INVOICE);
    const { status, body } = await send(await delivery(UPDATED, { at: NOW }));
    equal([status, body], [200, { status: 'processed' }]);
    equal(bodies('record_stripe_event'), [{ event: UPDATED }]);
    const period = { period_starts_at: iso(AT - 86_400), period_ends_at: iso(AT) };
    equal(bodies('apply_stripe_state'), [
      {
        company_id: COMPANY,
        stripe_customer_id: 'cus_1',
        sync_started_at: STARTED_AT,
        state: {
          subscriptions: [
            {
              id: 'sub_1',
              stripe_customer_id: 'cus_1',
              status: 'past_due',
              created_at: iso(AT - 100),
              currency: 'EUR',
              // 3 x 120 a year and 6 a quarter; what is metered is not known before.
              monthly_amount_minor: 3200,
              trial_ends_at: iso(AT - 50),
              cancel_at_period_end: true,
              items: [
                { price_id: 'price_year', ...period },
                { price_id: 'price_quarter', ...period },
                { price_id: 'price_metered', ...period },
              ],
            },
          ],
          invoices: [
            {
              stripe_invoice_id: 'in_1',
              stripe_customer_id: 'cus_1',
              stripe_subscription_id: 'sub_1',
              number: 'N-1',
              status: 'open',
              currency: 'EUR',
              total_minor: 5831,
              amount_due_minor: 5831,
              amount_paid_minor: 0,
              amount_remaining_minor: 5831,
              attempt_count: 1,
              next_attempt_at: iso(AT + 86_400),
              period_starts_at: iso(AT - 86_400),
              period_ends_at: iso(AT),
              issued_at: iso(AT),
              due_at: null,
              finalized_at: iso(AT),
              paid_at: null,
              voided_at: null,
              hosted_invoice_url: 'https://invoice.stripe.com/i/1',
              pdf_url: 'https://pay.stripe.com/invoice/1/pdf',
            },
          ],
          deleted_invoices: [],
          customer_deleted: false,
          is_complete: false,
        },
        stripe_event_id: 'evt_1',
      },
    ]);
    for (const { headers } of calls) {
      equal(headers.get('authorization'), `Bearer ${SERVICE_KEY}`);
    }
  }),
);

Deno.test(
  'an event of an invoice asks for that invoice, which may be gone',
  world(async ({ stripe, send, bodies }) => {
    stripe.invoices.set('in_2', { ...INVOICE, id: 'in_2', parent: null });
    for (const id of ['in_2', 'in_3']) {
      const object = { id, object: 'invoice', customer: 'cus_1' };
      equal((await send(await delivery(event('invoice.paid', object), { at: NOW }))).status, 200);
    }
    const states = bodies('apply_stripe_state').map(({ state }) => {
      const { invoices, deleted_invoices } = state as Record<string, Record<string, unknown>[]>;
      return [
        invoices?.map((one) => [one.stripe_invoice_id, one.stripe_subscription_id]),
        deleted_invoices,
      ];
    });
    equal(states, [
      [[['in_2', null]], []],
      [[], ['in_3']],
    ]);
  }),
);

Deno.test(
  'a customer that is gone is said to be',
  world(async ({ stripe, send, bodies }) => {
    stripe.customers.set('cus_1', { id: 'cus_1', deleted: true });
    const object = { id: 'cus_1', object: 'customer' };
    equal((await send(await delivery(event('customer.deleted', object), { at: NOW }))).status, 200);
    const { state } = bodies('apply_stripe_state')[0] as { state: Record<string, unknown> };
    equal([state.customer_deleted, state.is_complete], [true, true]);
  }),
);

for (const status of ['stored', 'unmatched', 'processed']) {
  Deno.test(
    `an event that is ${status} makes it ask nobody`,
    world(
      async ({ stripe, send, bodies }) => {
        const { status: code, body } = await send(await delivery(UPDATED, { at: NOW }));
        equal([code, body], [200, { status }]);
        equal([stripe.requests.length, bodies('apply_stripe_state').length], [0, 0]);
      },
      {
        record_stripe_event: () => [
          { ...RECORDED, status, company_id: null, sync_started_at: null },
        ],
      },
    ),
  );
}

for (const [name, request] of [
  ['signed with another secret', () => delivery(UPDATED, { at: NOW, secret: 'whsec_other' })],
  [
    'that was changed',
    () => delivery(UPDATED, { at: NOW, tamper: (b) => b.replace('cus_1', 'cus_2') }),
  ],
  ['that is too old', () => delivery(UPDATED, { at: NOW - 301_000 })],
  [
    'without signature',
    () =>
      Promise.resolve(
        new Request('http://f.test', { method: 'POST', body: JSON.stringify(UPDATED) }),
      ),
  ],
  [
    'with a signature of an earlier scheme',
    async () => {
      const signed = await delivery(UPDATED, { at: NOW });
      const header = signed.headers.get('stripe-signature')?.replace('v1=', 'v0=') ?? '';
      return new Request(signed, { headers: { 'stripe-signature': header } });
    },
  ],
] as const) {
  Deno.test(
    `an event ${name} reaches nobody`,
    world(async ({ stripe, send, calls }) => {
      const { status, body } = await send(await request());
      equal([status, body.code], [400, 'invalid_signature']);
      equal([calls.length, stripe.requests.length], [0, 0]);
    }),
  );
}

Deno.test(
  'an event of five minutes ago is young enough',
  world(async ({ send }) => {
    equal((await send(await delivery(UPDATED, { at: NOW - 299_000 }))).status, 200);
  }),
);

Deno.test(
  'while secrets are exchanged each of them counts',
  world(
    async ({ send }) => {
      for (const secret of ['whsec_next_one_of_the_endpoint', WEBHOOK_SECRET]) {
        equal((await send(await delivery(UPDATED, { at: NOW, secret }))).status, 200);
      }
      equal((await send(await delivery(UPDATED, { at: NOW, secret: 'whsec_x' }))).status, 400);
    },
    {},
    { STRIPE_WEBHOOK_SECRET: `whsec_next_one_of_the_endpoint ${WEBHOOK_SECRET}` },
  ),
);

Deno.test(
  'what Stripe does not answer is to be sent again, and why is kept',
  world(async ({ stripe, send, bodies }) => {
    for (const fault of ['lost-before', { status: 500 }, { status: 429 }] as const) {
      stripe.failWith(() => fault);
      const { status } = await send(await delivery(UPDATED, { at: NOW }));
      equal([500, 502, 503].includes(status), true);
    }
    equal(bodies('fail_stripe_event').length, 3);
    equal(bodies('apply_stripe_state').length, 0);
    // Stripe tries again, so this does not.
    equal(stripe.requests.length, 3);
  }),
);

for (const [name, answers] of [
  ['record', { record_stripe_event: () => refusal(503, 'PGRST000', '') }],
  ['apply', { apply_stripe_state: () => refusal(503, 'PGRST000', '') }],
  [
    'apply for another customer',
    { apply_stripe_state: () => refusal(403, '42501', 'foreign_customer') },
  ],
  ['record anything', { record_stripe_event: () => [] }],
] as const) {
  Deno.test(
    `a database that does not ${name} makes Stripe send it again`,
    world(async ({ send }) => {
      const { status } = await send(await delivery(UPDATED, { at: NOW }));
      equal(status >= 400, true);
    }, answers as Answers),
  );
}

Deno.test(
  'zero characters do not keep an event out',
  world(async ({ send, bodies }) => {
    const object = { ...UPDATED.data.object, description: 'a\u0000b\\u0000' };
    equal(
      (await send(await delivery(event('customer.subscription.updated', object), { at: NOW })))
        .status,
      200,
    );
    const [{ event: stored }] = bodies('record_stripe_event') as [{ event: typeof UPDATED }];
    equal((stored.data.object as Record<string, unknown>).description, 'ab\\u0000');
  }),
);

Deno.test(
  'only POST, and no bodies without an end',
  world(async ({ send, calls }) => {
    equal((await send(new Request('http://f.test'))).status, 405);
    const body = 'x'.repeat(1_000_001);
    equal((await send(new Request('http://f.test', { method: 'POST', body }))).status, 413);
    equal(calls.length, 0);
  }),
);

for (const name of ['STRIPE_WEBHOOK_SECRET', 'STRIPE_SECRET_KEY', 'SUPABASE_SERVICE_ROLE_KEY']) {
  Deno.test(
    `says that ${name} is missing`,
    world(
      async ({ send }) => {
        const { status, body } = await send(await delivery(UPDATED, { at: NOW }));
        equal([status, body.code], [500, 'not_configured']);
        equal(String(body.message).includes(name), true);
      },
      {},
      { [name]: '' },
    ),
  );
}

Deno.test(
  'Stripe is nowhere else but there',
  world(
    async ({ send }) => {
      const { status, body } = await send(await delivery(UPDATED, { at: NOW }));
      equal([status, body.code], [500, 'not_configured']);
    },
    {},
    { STRIPE_API_URL: 'http://evil.example:80' },
  ),
);
