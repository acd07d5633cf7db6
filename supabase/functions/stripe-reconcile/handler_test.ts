import {
  type Answers,
  COMPANY,
  equal,
  inWorld,
  scheduled,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler, LIMITS, type Tally } from './handler.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const SECONDS = NOW / 1000;

interface State {
  cursor: Record<string, unknown> | null;
  processed: Set<string>;
  backlog: unknown[];
  accounts: { company_id: string; stripe_customer_id: string; sync_started_at: string }[];
  mirrored: string[];
  changed: string[];
}

function database(state: State): Answers {
  return {
    maintain_billing: () => [{ stages_advanced: 2, events_pruned: 0 }],
    request_stripe_customers: () => 3,
    stripe_backlog: () => state.backlog,
    stripe_cursor: ({ body }) => {
      state.cursor = (body.value as State['cursor']) ?? state.cursor;
      return state.cursor;
    },
    record_stripe_event: ({ body }) => {
      const { id } = body.event as { id: string };
      return [
        {
          status: state.processed.has(id) ? 'processed' : 'received',
          company_id: COMPANY,
          stripe_customer_id: 'cus_1',
          sync_started_at: '2026-01-15T12:00:00Z',
        },
      ];
    },
    apply_stripe_state: ({ body }) => {
      if (body.stripe_event_id) {
        state.processed.add(String(body.stripe_event_id));
      }
      return state.changed;
    },
    fail_stripe_event: () => null,
    claim_stripe_accounts: () => state.accounts.splice(0, 1),
    billing_invoices: ({ body }) => {
      equal(body.company_id, `eq.${COMPANY}`);
      return state.mirrored.map((id) => ({ stripe_invoice_id: id }));
    },
  };
}

function fresh(changes: Partial<State> = {}): State {
  return {
    cursor: null,
    processed: new Set(),
    backlog: [],
    accounts: [],
    mirrored: [],
    changed: ['account', 'plan'],
    ...changes,
  };
}

const event = (index: number, age: number) => ({
  id: `evt_${index}`,
  object: 'event',
  type: 'customer.subscription.updated',
  created: SECONDS - age,
  data: { object: { id: 'sub_1', object: 'subscription', customer: 'cus_1' } },
});

function world(
  state: State,
  work: (world: World) => Promise<void>,
  { limits = {}, now = () => NOW, answers = {} as Answers } = {},
) {
  return inWorld(
    {
      create: (deps) => createHandler(deps, limits),
      answers: { ...database(state), ...answers },
      now,
    },
    async (all) => {
      all.stripe.customers.set('cus_1', { id: 'cus_1', metadata: {} });
      await work(all);
    },
  );
}

Deno.test('with nothing to do it says so', async () => {
  const state = fresh();
  await world(state, async ({ send }) => {
    const { status, body } = await send(scheduled());
    equal(
      [status, body],
      [
        200,
        {
          stages_advanced: 2,
          customers_requested: 3,
          events_finished: 0,
          events_seen: 0,
          events_recovered: 0,
          companies_compared: 0,
          differences: { account: 0, plan: 0, invoices: 0, stage: 0, customer: 0 },
          failures: 0,
          is_complete: true,
        },
      ],
    );
    equal(state.cursor, { since: SECONDS - 300 - 3600 });
  });
});

Deno.test('finds events that no webhook brought, page by page, as far back as Stripe goes', async () => {
  const state = fresh({ processed: new Set(['evt_1', 'evt_3']) });
  await world(
    state,
    async ({ stripe, send }) => {
      const ages = [10, 400, 500, 86_400, 29 * 86_400, 31 * 86_400];
      stripe.events.push(...ages.map((age, index) => event(index, age)));
      const { body } = await send(scheduled());
      // The youngest is on its way, and the oldest is out of reach.
      equal([body.events_seen, body.events_recovered], [4, 2]);
      equal([...state.processed].sort(), ['evt_1', 'evt_2', 'evt_3', 'evt_4']);
    },
    { limits: { pageSize: 3 } },
  );
});

Deno.test('goes on where the last call stopped', async () => {
  const state = fresh();
  let clock = NOW;
  await world(
    state,
    async ({ stripe, send }) => {
      stripe.events.push(...Array.from({ length: 6 }, (_, index) => event(index, 1000 + index)));
      stripe.failWith(() => {
        clock += LIMITS.deadlineMs / 3;
        return undefined;
      });
      equal((await send(scheduled())).body.is_complete, false);
      equal(state.cursor, {
        since: SECONDS - 30 * 86_400 + 3600,
        until: SECONDS - 300,
        starting_after: 'evt_1',
      });
      for (let calls = 0; calls < 5 && state.processed.size < 6; calls += 1) {
        await send(scheduled());
      }
      equal(state.processed.size, 6);
    },
    { limits: { pageSize: 2 }, now: () => clock },
  );
});

Deno.test('what has left the list meanwhile is no obstacle', async () => {
  const state = fresh({ cursor: { since: 1, until: SECONDS, starting_after: 'evt_gone' } });
  await world(state, async ({ send }) => {
    equal((await send(scheduled())).body.is_complete, true);
    equal(state.cursor, { since: SECONDS - 3600 });
  });
});

Deno.test('what cannot be recorded is not passed over', async () => {
  const state = fresh();
  await world(
    state,
    async ({ stripe, send }) => {
      stripe.events.push(event(1, 1000));
      equal((await send(scheduled())).status, 502);
      equal(state.cursor, null);
    },
    { answers: { record_stripe_event: () => Response.json({}, { status: 503 }) } },
  );
});

Deno.test('what was begun and not finished is finished', async () => {
  const state = fresh({ backlog: [event(7, 5000), event(8, 5000)] });
  await world(state, async ({ send }) => {
    equal((await send(scheduled())).body.events_finished, 2);
    equal([...state.processed], ['evt_7', 'evt_8']);
  });
});

Deno.test('one that fails holds up no other', async () => {
  const state = fresh({ backlog: [event(7, 5000), event(8, 5000)] });
  let calls = 0;
  const apply = database(state).apply_stripe_state as Answers[string];
  await world(
    state,
    async ({ send }) => {
      const body = (await send(scheduled())).body as unknown as Tally;
      equal([body.events_finished, body.failures], [1, 1]);
    },
    {
      answers: {
        apply_stripe_state: (call) => {
          calls += 1;
          return calls === 1 ? Response.json({}, { status: 503 }) : apply(call);
        },
      },
    },
  );
});

Deno.test('compares each company with all that Stripe has, and counts what differed', async () => {
  const account = {
    company_id: COMPANY,
    stripe_customer_id: 'cus_1',
    sync_started_at: '2026-01-15T12:00:00Z',
  };
  const state = fresh({ accounts: [account, account], mirrored: ['in_gone', 'in_1'] });
  await world(state, async ({ stripe, send, bodies }) => {
    stripe.invoices.set('in_1', {
      id: 'in_1',
      customer: 'cus_1',
      currency: 'usd',
      created: SECONDS,
      period_start: SECONDS,
      period_end: SECONDS,
      status: 'paid',
      status_transitions: {},
    });
    const body = (await send(scheduled())).body as unknown as Tally;
    equal(
      [body.companies_compared, body.differences],
      [2, { account: 2, plan: 2, invoices: 0, stage: 0, customer: 0 }],
    );
    const { state: sent, ...rest } = bodies('apply_stripe_state')[0] as Record<string, unknown>;
    equal(rest, { ...account });
    const { invoices, deleted_invoices, is_complete, customer_deleted } = sent as Record<
      string,
      unknown
    >;
    equal(
      [(invoices as unknown[]).length, deleted_invoices, is_complete, customer_deleted],
      [1, ['in_gone'], true, false],
    );
  });
});

Deno.test('only the schedule may', async () => {
  await world(fresh(), async ({ send, calls }) => {
    equal([(await send(scheduled('Bearer x'))).status, calls.length], [401, 0]);
  });
});
