import {
  type Answers,
  COMPANY,
  equal,
  inWorld,
  scheduled,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler } from './handler.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const REPORT = {
  company_id: COMPANY,
  month: '2026-01-01',
  position: 2,
  stripe_customer_id: 'cus_1',
  identifier: `usage-${COMPANY}-202601-2`,
  value_cents: 124,
  used_at: '2026-01-15T11:59:30.5+00:00',
  reported_cents: 76,
  month_starts_at: '2026-01-01T00:00:00+00:00',
  is_old: false,
};

function database(
  report: Partial<typeof REPORT> = {},
  meter: unknown = { event_name: 'usage', meter_id: 'mtr_1' },
) {
  let open: unknown[] = [{ ...REPORT, ...report }];
  return {
    system_config: () => [{ value: meter }],
    claim_stripe_usage: () => open,
    finish_stripe_usage: () => {
      open = [];
      return true;
    },
  } satisfies Answers;
}

function world(answers: Answers, work: (world: World) => Promise<void>) {
  return inWorld({ create: createHandler, answers, now: () => NOW }, work);
}

Deno.test('tells the meter once, under a name of its own', async () => {
  await world(database(), async ({ stripe, send, bodies }) => {
    const { status, body } = await send(scheduled());
    equal([status, body], [200, { reported: 1, confirmed: 0, failures: 0, is_complete: true }]);
    const [event] = stripe.meterEvents;
    equal(
      [event?.event_name, event?.identifier, event?.timestamp, event?.payload],
      [
        'usage',
        REPORT.identifier,
        Math.floor(Date.parse(REPORT.used_at) / 1000),
        { stripe_customer_id: 'cus_1', value: '124' },
      ],
    );
    equal(bodies('finish_stripe_usage'), [
      { company_id: COMPANY, month: '2026-01-01', position: 2 },
    ]);
  });
});

Deno.test('an answer that is lost does not make it count twice', async () => {
  await world(database(), async ({ stripe, send }) => {
    let faults = 1;
    stripe.failWith(() => {
      faults -= 1;
      return faults >= 0 ? 'lost-after' : undefined;
    });
    equal((await send(scheduled())).body.reported, 1);
    equal([stripe.meterEvents.length, stripe.requests.length], [1, 2]);
  });
});

Deno.test('nor does a crash before it is finished, also when Stripe knows the name but not the key', async () => {
  const db = database();
  let crashes = 1;
  const finish = db.finish_stripe_usage;
  const answers: Answers = {
    ...db,
    finish_stripe_usage: () => {
      crashes -= 1;
      return crashes >= 0 ? Response.json({}, { status: 503 }) : finish();
    },
  };
  await world(answers, async ({ stripe, send }) => {
    equal((await send(scheduled())).body, {
      reported: 0,
      confirmed: 0,
      failures: 1,
      is_complete: false,
    });
    // Another key, as if the first were forgotten.
    const [event] = stripe.meterEvents;
    equal(event?.identifier, REPORT.identifier);
    stripe.advance(23 * 3600);
    equal((await send(scheduled())).body.reported, 1);
    equal(stripe.meterEvents.length, 1);
  });
});

for (const [told, expected] of [
  [199, { reported: 1, confirmed: 0, failures: 0, is_complete: true }],
  [200, { reported: 0, confirmed: 1, failures: 0, is_complete: true }],
] as const) {
  Deno.test(`of an old report the total decides: ${told}`, async () => {
    await world(database({ is_old: true }), async ({ stripe, send }) => {
      stripe.meterEvents.push({
        id: 'x',
        created: 0,
        identifier: 'x',
        timestamp: Date.UTC(2026, 0, 15, 11, 59, 30) / 1000,
        payload: { stripe_customer_id: 'cus_1', value: String(told) },
      });
      // Another customer's, and another month's.
      stripe.meterEvents.push({
        id: 'y',
        created: 0,
        identifier: 'y',
        timestamp: Date.UTC(2026, 0, 14) / 1000,
        payload: { stripe_customer_id: 'cus_2', value: '500' },
      });
      stripe.meterEvents.push({
        id: 'z',
        created: 0,
        identifier: 'z',
        timestamp: Date.UTC(2025, 11, 31, 23, 59) / 1000,
        payload: { stripe_customer_id: 'cus_1', value: '500' },
      });
      equal((await send(scheduled())).body, expected);
      equal(stripe.meterEvents.length, 3 + expected.reported);
    });
  });
}

Deno.test('without a meter nothing is told', async () => {
  await world(database({}, null), async ({ stripe, send }) => {
    equal((await send(scheduled())).body.is_complete, true);
    equal(stripe.requests.length, 0);
  });
});

Deno.test('what fails is left for the next call', async () => {
  await world(database(), async ({ stripe, send, bodies }) => {
    stripe.failWith(() => ({ status: 400 }));
    equal((await send(scheduled())).body, {
      reported: 0,
      confirmed: 0,
      failures: 1,
      is_complete: false,
    });
    equal(bodies('finish_stripe_usage').length, 0);
  });
});

Deno.test('only the schedule may', async () => {
  await world(database(), async ({ send, calls }) => {
    equal([(await send(scheduled('Bearer x'))).status, calls.length], [401, 0]);
  });
});
