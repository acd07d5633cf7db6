import {
  type Answers,
  COMPANY,
  equal,
  inWorld,
  refusal,
  scheduled,
  type World,
} from '../_shared/stripe-testing.ts';
import { createHandler } from './handler.ts';

const ROW = {
  id: COMPANY,
  name: 'Acme',
  contact_email: 'billing@acme.test',
  status: 'active',
  is_operator: false,
  stripe_customer_id: null as string | null,
  billing_accounts: { customer_attempt: 0 },
};

/** A database with one request, which comes again until it is finished. */
function database(row: Partial<typeof ROW> = {}): Answers & { company: typeof ROW } {
  const company = { ...ROW, ...row };
  let isDone = false;
  let attempt = 0;
  return {
    company,
    claim_events: ({ body }: { body: Record<string, unknown> }) => {
      equal(body.topics, ['stripe.customer_requested']);
      attempt += 1;
      return isDone || attempt > 3 ? [] : [{ company_id: COMPANY, event_id: 'event', attempt }];
    },
    companies: ({ body }: { body: Record<string, unknown> }) => {
      equal(body.id, `eq.${COMPANY}`);
      return [company];
    },
    store_stripe_customer: ({ body }: { body: Record<string, unknown> }) => {
      company.stripe_customer_id ??= String(body.stripe_customer_id);
      return company.stripe_customer_id;
    },
    finish_event: ({ body }: { body: Record<string, unknown> }) => {
      isDone = body.error === null;
      return isDone ? 'delivered' : 'pending';
    },
  } as unknown as Answers & { company: typeof ROW };
}

function world(answers: Answers, work: (world: World) => Promise<void>) {
  return inWorld({ create: createHandler, answers }, work);
}

const creations = ({ stripe }: World) =>
  stripe.requests.filter(({ method, path }) => method === 'POST' && path === '/v1/customers');

Deno.test('makes a customer that says whose it is, and stores it', async () => {
  const db = database();
  await world(db, async (all) => {
    const { status, body } = await all.send(scheduled());
    equal([status, body], [200, { claimed: 1, provisioned: 1, skipped: 0, retried: 0 }]);
    const [customer] = [...all.stripe.customers.values()];
    equal(
      [customer?.name, customer?.email, customer?.metadata],
      ['Acme', 'billing@acme.test', { company_id: COMPANY }],
    );
    equal(db.company.stripe_customer_id, customer?.id);
    equal(all.bodies('finish_event'), [
      { company_id: COMPANY, event_id: 'event', attempt: 1, error: null, is_final: false },
    ]);
    equal(creations(all)[0]?.headers['idempotency-key'], `customer-${COMPANY}-0`);
  });
});

Deno.test('a crash between creating and storing makes no second customer, also when the name has changed', async () => {
  const db = database();
  const store = db.store_stripe_customer as Answers[string];
  let crashes = 1;
  db.store_stripe_customer = (call) => {
    if (crashes > 0) {
      crashes -= 1;
      db.company.name = 'Acme Two';
      return refusal(503, 'PGRST000', '');
    }
    return store(call);
  };
  await world(db, async (all) => {
    all.stripe.setSearchable(false);
    const { body } = await all.send(scheduled());
    equal(body, { claimed: 2, provisioned: 1, skipped: 0, retried: 1 });
    equal([all.stripe.customers.size, creations(all).length], [1, 2]);
    equal([...all.stripe.customers.values()][0]?.name, 'Acme Two');
  });
});

Deno.test('an answer that is lost makes no second customer', async () => {
  await world(database(), async (all) => {
    all.stripe.setSearchable(false);
    let faults = 1;
    all.stripe.failWith(({ method, path }) => {
      if (faults > 0 && method === 'POST' && path === '/v1/customers') {
        faults -= 1;
        return 'lost-after';
      }
      return undefined;
    });
    equal((await all.send(scheduled())).body.provisioned, 1);
    equal([all.stripe.customers.size, creations(all).length], [1, 2]);
  });
});

Deno.test('when the key is forgotten the search finds the customer', async () => {
  const db = database();
  await world(db, async (all) => {
    const metadata = { company_id: COMPANY };
    all.stripe.customers.set('cus_late', { id: 'cus_late', created: 20, metadata });
    all.stripe.customers.set('cus_early', { id: 'cus_early', created: 10, metadata });
    equal((await all.send(scheduled())).body.provisioned, 1);
    equal([db.company.stripe_customer_id, creations(all).length], ['cus_early', 0]);
  });
});

Deno.test("metadata does not make another company's customer its own", async () => {
  const db = database();
  const store = db.store_stripe_customer as Answers[string];
  db.store_stripe_customer = (call) =>
    call.body.stripe_customer_id === 'cus_globex'
      ? refusal(409, '23505', 'customer_taken')
      : store(call);
  await world(db, async (all) => {
    const metadata = { company_id: COMPANY };
    all.stripe.customers.set('cus_globex', { id: 'cus_globex', created: 10, metadata });
    equal((await all.send(scheduled())).body.provisioned, 1);
    equal([all.stripe.customers.size, db.company.stripe_customer_id !== 'cus_globex'], [2, true]);
  });
});

Deno.test('the next customer after one that was deleted has a key of its own', async () => {
  await world(database({ billing_accounts: { customer_attempt: 2 } }), async (all) => {
    await all.send(scheduled());
    equal(creations(all)[0]?.headers['idempotency-key'], `customer-${COMPANY}-2`);
  });
});

for (const [name, row] of [
  ['is closed', { status: 'closed' }],
  ["is the operator's", { is_operator: true }],
] as const) {
  Deno.test(`a company that ${name} gets none`, async () => {
    await world(database(row), async (all) => {
      equal((await all.send(scheduled())).body, {
        claimed: 1,
        provisioned: 0,
        skipped: 1,
        retried: 0,
      });
      equal(all.stripe.requests.length, 0);
    });
  });
}

Deno.test('a company that has one keeps it', async () => {
  await world(database({ stripe_customer_id: 'cus_1' }), async (all) => {
    equal((await all.send(scheduled())).body.provisioned, 1);
    equal(all.stripe.requests.length, 0);
  });
});

Deno.test('what fails is tried again, with the reason, and without end of others', async () => {
  await world(database(), async (all) => {
    all.stripe.failWith(() => ({ status: 400, code: 'x' }));
    equal((await all.send(scheduled())).body, {
      claimed: 3,
      provisioned: 0,
      skipped: 0,
      retried: 3,
    });
    equal(
      all.bodies('finish_event').map(({ error }) => error),
      ['planned', 'planned', 'planned'],
    );
  });
});

Deno.test('only the schedule may', async () => {
  await world(database(), async (all) => {
    for (const authorization of ['', 'Bearer x', 'Bearer schedule-secretx', 'schedule-secret']) {
      equal((await all.send(scheduled(authorization))).status, 401);
    }
    equal(all.calls.length, 0);
  });
});
