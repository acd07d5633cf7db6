import {
  type Answers,
  COMPANY,
  equal,
  inWorld,
  refusal,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler } from './handler.ts';

const TOKEN = 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.signature';
const PREPARED = {
  company_id: COMPANY,
  stripe_customer_id: 'cus_1',
  portal_configuration: null as string | null,
};

function world(work: (world: World) => Promise<void>, answers: Answers = {}) {
  return () =>
    inWorld(
      { create: createHandler, answers: { prepare_billing_portal: () => [PREPARED], ...answers } },
      async (all) => {
        all.stripe.customers.set('cus_1', { id: 'cus_1', metadata: {} });
        await work(all);
      },
    );
}

function call(body: unknown, headers: Record<string, string> = { authorization: TOKEN }): Request {
  return new Request('http://functions.test/billing-portal', {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
}

Deno.test(
  'opens the portal of the customer that the database answers, whatever the body says',
  world(async ({ stripe, send, calls }) => {
    const { status, body } = await send(
      call({
        return_url: 'https://app.test/',
        customer: 'cus_9',
        company_id: 'c9',
        configuration: 'bpc_9',
      }),
    );
    equal(status, 200);
    equal(String(body.url).startsWith('https://billing.stripe.com/'), true);
    equal(
      calls.map((one) => one.body),
      [{ return_url: 'https://app.test/' }],
    );
    equal(calls[0]?.headers.get('authorization'), TOKEN);
    equal(stripe.requests[0]?.params, { customer: 'cus_1', return_url: 'https://app.test/' });
  }),
);

Deno.test(
  'with the configuration that the database answers',
  world(
    async ({ stripe, send }) => {
      equal((await send(call({ return_url: 'https://app.test/' }))).status, 200);
      equal(stripe.requests[0]?.params.configuration, 'bpc_read');
    },
    { prepare_billing_portal: () => [{ ...PREPARED, portal_configuration: 'bpc_read' }] },
  ),
);

Deno.test(
  'or not at all',
  world(
    async ({ stripe, send }) => {
      const { status, body } = await send(call({ return_url: 'https://app.test/' }));
      equal([status, body.details, stripe.requests.length], [403, 'not_your_company', 0]);
    },
    { prepare_billing_portal: () => refusal(403, '42501', 'not_your_company') },
  ),
);

Deno.test(
  'nor for whoever is not signed in, or says nothing',
  world(async ({ send, calls }) => {
    equal((await send(call({ return_url: 'https://app.test/' }, {}))).status, 401);
    equal((await send(call({}))).status, 400);
    equal(calls.length, 0);
  }),
);
