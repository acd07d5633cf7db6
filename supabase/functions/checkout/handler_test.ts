import {
  type Answers,
  COMPANY,
  equal,
  inWorld,
  refusal,
  SERVICE_KEY,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler } from './handler.ts';

const TOKEN = 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.signature';
const FIELDS = {
  plan_tier: 'professional',
  success_url: 'https://app.test/ok?session={CHECKOUT_SESSION_ID}',
  cancel_url: 'https://app.test/no',
};
const PREPARED = { company_id: COMPANY, stripe_customer_id: 'cus_1', stripe_price_id: 'price_1' };

function world(work: (world: World) => Promise<void>, answers: Answers = {}) {
  return () =>
    inWorld(
      { create: createHandler, answers: { prepare_checkout: () => [PREPARED], ...answers } },
      async (all) => {
        all.stripe.customers.set('cus_1', { id: 'cus_1', metadata: {} });
        await work(all);
      },
    );
}

function call(body: unknown, headers: Record<string, string> = { authorization: TOKEN }): Request {
  return new Request('http://functions.test/checkout', {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

Deno.test(
  'opens a checkout of what the database answers, asked as the caller',
  world(async ({ stripe, send, calls }) => {
    const { status, body, headers } = await send(
      call(FIELDS, { authorization: TOKEN, 'x-company-id': 'c2' }),
    );
    equal(status, 200);
    equal(String(body.url).startsWith('https://checkout.stripe.com/'), true);
    equal(headers.get('access-control-allow-origin'), '*');
    equal(calls.length, 1);
    equal(calls[0]?.body, FIELDS);
    equal(
      [calls[0]?.headers.get('authorization'), calls[0]?.headers.get('x-company-id')],
      [TOKEN, 'c2'],
    );
    equal(stripe.requests[0]?.params, {
      mode: 'subscription',
      customer: 'cus_1',
      client_reference_id: COMPANY,
      'line_items[0][price]': 'price_1',
      'line_items[0][quantity]': '1',
      success_url: FIELDS.success_url,
      cancel_url: FIELDS.cancel_url,
    });
  }),
);

Deno.test(
  'nothing in the body names a company, a customer or a price',
  world(async ({ stripe, send, calls }) => {
    const body = { ...FIELDS, company_id: 'c9', customer: 'cus_9', stripe_price_id: 'price_9' };
    equal((await send(call(body))).status, 200);
    equal(calls[0]?.body, FIELDS);
    equal(
      [stripe.requests[0]?.params.customer, stripe.requests[0]?.params['line_items[0][price]']],
      ['cus_1', 'price_1'],
    );
  }),
);

Deno.test(
  'a company without customer gets one',
  world(
    async ({ stripe, send, calls }) => {
      equal((await send(call(FIELDS))).status, 200);
      const made = [...stripe.customers.keys()].find((id) => id !== 'cus_1');
      equal(stripe.requests.at(-1)?.params.customer, made);
      equal(
        calls.map(({ name, headers }) => [name, headers.get('authorization') === TOKEN]),
        [
          ['prepare_checkout', true],
          ['companies', false],
          ['store_stripe_customer', false],
        ],
      );
      equal(calls[1]?.headers.get('authorization'), `Bearer ${SERVICE_KEY}`);
      equal(calls[1]?.body.id, `eq.${COMPANY}`);
    },
    {
      prepare_checkout: () => [{ ...PREPARED, stripe_customer_id: null }],
      companies: () => [
        {
          id: COMPANY,
          name: 'Acme',
          contact_email: 'a@acme.test',
          status: 'active',
          is_operator: false,
          stripe_customer_id: null,
          billing_accounts: null,
        },
      ],
      store_stripe_customer: ({ body }) => body.stripe_customer_id,
    },
  ),
);

Deno.test(
  'a company that is not billed buys nothing',
  world(
    async ({ send }) => {
      const { status, body } = await send(call(FIELDS));
      equal([status, body.code], [409, 'no_billing']);
    },
    { prepare_checkout: () => [{ ...PREPARED, stripe_customer_id: null }], companies: () => [] },
  ),
);

Deno.test(
  'a request that is repeated opens the same checkout, of the same company',
  world(async ({ stripe, send }) => {
    const headers = { authorization: TOKEN, 'idempotency-key': 'k1' };
    const [first, second] = [await send(call(FIELDS, headers)), await send(call(FIELDS, headers))];
    equal(first.body, second.body);
    equal(stripe.requests[0]?.headers['idempotency-key'], `checkout-${COMPANY}-k1`);
    const other = await send(call(FIELDS, { ...headers, 'idempotency-key': 'k2' }));
    equal(other.body.url === first.body.url, false);
  }),
);

Deno.test(
  "the database's refusal is the answer",
  world(
    async ({ stripe, send }) => {
      const { status, body, headers } = await send(call(FIELDS));
      equal(
        [status, body],
        [403, { code: '42501', message: 'refused', hint: 'a hint', details: 'not_your_company' }],
      );
      equal(headers.get('access-control-allow-origin'), '*');
      equal(stripe.requests.length, 0);
    },
    { prepare_checkout: () => refusal(403, '42501', 'not_your_company') },
  ),
);

for (const [name, answer] of [
  ['fails', () => refusal(503, 'PGRST000', 'secret words')],
  ['answers nonsense', () => new Response('<html>')],
] as const) {
  Deno.test(
    `a database that ${name} is an error that tells nothing of it`,
    world(
      async ({ send }) => {
        const { status, body } = await send(call(FIELDS));
        equal([status, body.code, body.details], [502, 'database_error', undefined]);
      },
      { prepare_checkout: answer },
    ),
  );
}

Deno.test(
  'what Stripe says stays in the log',
  world(async ({ stripe, send, lines }) => {
    stripe.customers.clear();
    const { status, body } = await send(call(FIELDS));
    equal([status, body.code], [502, 'stripe_error']);
    equal(JSON.stringify(body).includes('cus_1'), false);
    equal(
      lines.some((line) => line.includes("No such customer: 'cus_1'")),
      true,
    );
  }),
);

for (const authorization of ['', 'Bearer ', 'Bearer abc', 'Basic a.b.c']) {
  Deno.test(
    `nobody is let in by "${authorization}"`,
    world(async ({ send, calls }) => {
      const { status, body } = await send(call(FIELDS, { authorization }));
      equal([status, body.code, calls.length], [401, 'not_signed_in', 0]);
    }),
  );
}

for (const body of [
  '',
  'null',
  '[]',
  '{}',
  '{"plan_tier": 1}',
  'nonsense',
  { ...FIELDS, cancel_url: null },
]) {
  Deno.test(
    `a body of ${JSON.stringify(body)} is refused`,
    world(async ({ send, calls }) => {
      const { status, body: answer } = await send(call(body));
      equal([status, answer.code, calls.length], [400, 'invalid_body', 0]);
    }),
  );
}

Deno.test(
  'a browser may ask first, and only POST does anything',
  world(async ({ send, calls }) => {
    const preflight = await send(new Request('http://f.test', { method: 'OPTIONS' }));
    equal([preflight.status, preflight.headers.get('access-control-allow-origin')], [200, '*']);
    equal((await send(new Request('http://f.test', { method: 'DELETE' }))).status, 405);
    equal(calls.length, 0);
  }),
);
