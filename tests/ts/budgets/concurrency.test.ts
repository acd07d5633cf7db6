import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { createSpender, differences, refusalOf, type Spender, uuidV7, workers } from './support.ts';

const SESSIONS = 6;

/** One step of one session. Amounts in cents, so that sums are exact. */
type Step =
  | { do: 'check'; cents: number; agent: 0 | 1 | null; service: string; seconds: number }
  | { do: 'settle'; percent: number }
  | { do: 'release' }
  | { do: 'log'; cents: number; agent: 0 | 1 | null; service: string; key: 'v7' | 'text' | 'none' }
  | { do: 'batch'; cents: number; events: number; agent: 0 | 1 | null; service: string }
  | { do: 'retry' }
  | { do: 'rollback'; cents: number; agent: 0 | 1 | null }
  | { do: 'die'; cents: number; agent: 0 | 1 | null }
  | { do: 'plan'; dollars: number }
  | { do: 'limit'; agent: 0 | 1; dollars: number | null }
  | { do: 'zone'; zone: string }
  | { do: 'flush' };

const cents = fc.integer({ min: 0, max: 120 });
const agent = fc.constantFrom(0 as const, 1 as const, null);
const service = fc.constantFrom('limited', 'free');

const spending: fc.Arbitrary<Step>[] = [
  fc.record({
    do: fc.constant('check' as const),
    cents,
    agent,
    service,
    seconds: fc.constantFrom(1, 900),
  }),
  fc.record({ do: fc.constant('settle' as const), percent: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ do: fc.constant('release' as const) }),
  fc.record({
    do: fc.constant('log' as const),
    cents,
    agent,
    service,
    key: fc.constantFrom('v7' as const, 'text' as const, 'none' as const),
  }),
  fc.record({
    do: fc.constant('log' as const),
    cents,
    agent,
    service,
    key: fc.constantFrom('v7' as const, 'text' as const, 'none' as const),
  }),
  fc.record({
    do: fc.constant('batch' as const),
    cents: fc.integer({ min: 0, max: 20 }),
    events: fc.integer({ min: 1, max: 12 }),
    agent,
    service,
  }),
  fc.record({ do: fc.constant('retry' as const) }),
  fc.record({ do: fc.constant('rollback' as const), cents, agent }),
  fc.record({ do: fc.constant('die' as const), cents, agent }),
  fc.record({ do: fc.constant('flush' as const) }),
];
const changing: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constant('plan' as const), dollars: fc.integer({ min: 0, max: 30 }) }),
  fc.record({
    do: fc.constant('limit' as const),
    agent: fc.constantFrom(0 as const, 1 as const),
    dollars: fc.option(fc.integer({ min: 0, max: 10 }), { nil: null }),
  }),
  fc.record({
    do: fc.constant('zone' as const),
    zone: fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Pacific/Apia',
      'Asia/Kathmandu',
    ),
  }),
  fc.record({ do: fc.constant('settle' as const), percent: fc.integer({ min: 100, max: 300 }) }),
];

const plans = (steps: fc.Arbitrary<Step>[]): fc.Arbitrary<Step[][]> =>
  fc.array(fc.array(fc.oneof(...steps), { minLength: 4, maxLength: 14 }), {
    minLength: SESSIONS,
    maxLength: SESSIONS,
  });

/** What all sessions of one run know. */
interface Run {
  /** Where somebody connects who will be killed. */
  url: string;
  spender: Spender;
  /** Usage that was recorded, by id, with its cost in cents. */
  recorded: Map<string, number>;
  reservations: {
    id: string;
    cents: number;
    agent: string | null;
    service: string;
    /** Until when it surely holds, by this process' clock. */
    holdsUntil: number;
  }[];
  /**
   * Cents that were settled when the hold might have run out, its room given to somebody else: what has been spent is
   * recorded all the same, and may pass a limit by so much.
   */
  settledLate: number;
  /** Calls with a key, which anybody may repeat, and what the first came to. */
  keyed: { sql: string; values: unknown[]; usage?: string }[];
  refused: number;
  unexpected: string[];
}

const LOG = `select usage_id, is_replayed, is_over_budget
  from public.log_api_usage_and_update_budget($1, $2, $3, 'test', $4, reservation_id => $5, idempotency_key => $6)`;

/** Refusals that a caller of these functions must reckon with; a deadlock is none. */
const REFUSALS = new Set(['PT402 budget_exceeded']);

async function take(run: Run, client: pg.Client, admin: pg.Client, step: Step): Promise<void> {
  const { spender } = run;
  const agentOf = (index: 0 | 1 | null): string | null =>
    index === null ? null : (spender.agents[index] ?? null);
  const log = async (
    on: pg.Client,
    amount: number,
    who: string | null,
    what: string,
    reservation: string | null,
    key: string | null,
  ): Promise<void> => {
    const values = [spender.id, what, who, amount / 100, reservation, key];
    const call = { sql: LOG, values } as Run['keyed'][number];
    if (key) {
      run.keyed.push(call);
    }
    const { rows } = await on.query<{ usage_id: string; is_replayed: boolean }>(LOG, values);
    const [receipt] = rows;
    if (receipt) {
      call.usage = receipt.usage_id;
      run.recorded.set(receipt.usage_id, amount);
    }
  };
  switch (step.do) {
    case 'check': {
      const holdsUntil = Date.now() + step.seconds * 1000;
      const { rows } = await client.query<{ allowed: boolean; reservation_id: string }>(
        'select allowed, reservation_id from public.check_budget_before_usage($1, $2, $3, $4, $5)',
        [spender.id, agentOf(step.agent), step.cents / 100, step.service, step.seconds],
      );
      if (rows[0]?.allowed) {
        run.reservations.push({
          id: rows[0].reservation_id,
          cents: step.cents,
          agent: agentOf(step.agent),
          service: step.service,
          holdsUntil,
        });
      } else {
        run.refused += 1;
      }
      return;
    }
    case 'settle': {
      const held = run.reservations.pop();
      if (held) {
        const amount = Math.floor((held.cents * step.percent) / 100);
        await log(client, amount, held.agent, held.service, held.id, null);
        if (Date.now() >= held.holdsUntil) {
          run.settledLate += amount;
        }
      }
      return;
    }
    case 'release': {
      const held = run.reservations.pop();
      if (held) {
        await client.query('select public.release_budget_reservation($1, $2)', [
          spender.id,
          held.id,
        ]);
      }
      return;
    }
    case 'log': {
      const key = step.key === 'v7' ? uuidV7() : step.key === 'text' ? randomUUID() : null;
      return log(client, step.cents, agentOf(step.agent), step.service, null, key);
    }
    case 'batch': {
      const events = Array.from({ length: step.events }, (_, n) => ({
        service: step.service,
        agent_id: agentOf(step.agent),
        cost: step.cents / 100,
        ...(n % 3 === 0 ? { idempotency_key: uuidV7() } : {}),
        ...(n % 3 === 1 ? { idempotency_key: randomUUID() } : {}),
      }));
      const { rows } = await client.query<{ usage_id: string }>(
        'select usage_id from public.log_api_usage_batch($1, $2)',
        [spender.id, JSON.stringify(events)],
      );
      for (const { usage_id } of rows) {
        run.recorded.set(usage_id, step.cents);
      }
      return;
    }
    case 'retry': {
      const call = run.keyed[Math.floor(Math.random() * run.keyed.length)];
      if (call) {
        const { rows } = await client.query<{ usage_id: string; is_replayed: boolean }>(
          call.sql,
          call.values,
        );
        const [receipt] = rows;
        if (receipt) {
          // The first may still be under way, and this one come before it.
          if (call.usage !== undefined && call.usage !== receipt.usage_id) {
            run.unexpected.push(`a retry was recorded again: ${receipt.usage_id}`);
          }
          run.recorded.set(receipt.usage_id, Number(call.values[3]) * 100);
        }
      }
      return;
    }
    case 'rollback':
      await client.query('begin');
      try {
        await client.query(LOG, [
          spender.id,
          'free',
          agentOf(step.agent),
          step.cents / 100,
          null,
          uuidV7(),
        ]);
      } finally {
        await client.query('rollback');
      }
      return;
    case 'die': {
      const doomed = new pg.Client({ connectionString: run.url });
      doomed.on('error', () => undefined);
      await doomed.connect();
      await doomed.query('set role service_role');
      await doomed.query('begin');
      await doomed
        .query(LOG, [spender.id, 'limited', agentOf(step.agent), step.cents / 100, null, uuidV7()])
        .catch(() => undefined);
      await admin.query('select pg_terminate_backend($1)', [
        (doomed as unknown as { processID: number }).processID,
      ]);
      await doomed.end().catch(() => undefined);
      return;
    }
    case 'plan':
      await admin.query(
        'update public.company_plans set monthly_limit_usd = $2 where company_id = $1 and is_active',
        [spender.id, step.dollars],
      );
      return;
    case 'limit':
      await admin.query(
        'update public.ai_agents set monthly_limit_micro_usd = $3 where company_id = $1 and id = $2',
        [spender.id, agentOf(step.agent), step.dollars === null ? null : step.dollars * 1e6],
      );
      return;
    case 'zone':
      await admin.query('update public.companies set time_zone = $2 where id = $1', [
        spender.id,
        step.zone,
      ]);
      return;
    case 'flush':
      await admin.query('select private.flush_budgets()');
      return;
  }
}

async function execute(
  url: string,
  spender: Spender,
  sessions: readonly pg.Client[],
  admins: readonly pg.Client[],
  steps: Step[][],
): Promise<Run> {
  const run: Run = {
    url,
    spender,
    recorded: new Map(),
    reservations: [],
    settledLate: 0,
    keyed: [],
    refused: 0,
    unexpected: [],
  };
  await Promise.all(
    steps.map(async (mine, index) => {
      const client = sessions[index];
      const admin = admins[index];
      if (!client || !admin) {
        throw new Error('a session for each list of steps');
      }
      for (const step of mine) {
        try {
          await take(run, client, admin, step);
        } catch (error) {
          const { code, token } = refusalOf(error);
          if (REFUSALS.has(`${code} ${token}`)) {
            run.refused += 1;
          } else {
            run.unexpected.push(
              `${step.do}: ${code} ${token} ${error instanceof Error ? error.message : ''}`,
            );
          }
        }
      }
    }),
  );
  return run;
}

/** What holds whatever was done: nothing unexpected, counters as the ledger says, nothing lost, nothing twice. */
async function expectWhole(client: pg.Client, run: Run): Promise<void> {
  expect(run.unexpected).toEqual([]);
  expect(await differences(client, run.spender.id)).toEqual([]);
  const { rows } = await client.query<{ id: string; cents: string }>(
    'select id, (cost_micro_usd / 10000)::text as cents from public.api_usage where company_id = $1',
    [run.spender.id],
  );
  const ledger = new Map(rows.map((row) => [row.id, Number(row.cents)]));
  expect(ledger.size).toBe(rows.length);
  expect([...ledger].sort()).toEqual(
    [...run.recorded].map(([id, amount]) => [id, Math.round(amount)]).sort(),
  );
  const { rows: alerts } = await client.query(
    `select p.id, p.scope, t.percent,
            (select count(*)::integer from public.budget_alerts as a
              where a.company_id = p.company_id and a.budget_period_id = p.id and a.threshold_percent = t.percent) as alerts,
            (select count(*)::integer from private.outbox_events as e
              where e.company_id = p.company_id and e.topic = 'budget.threshold_reached'
                and e.payload ->> 'budget_period_id' = p.id::text
                and (e.payload ->> 'threshold_percent')::integer = t.percent) as events
       from public.budget_periods as p
      cross join unnest(p.alert_percents) as t (percent)
      where p.company_id = $1 and p.limit_micro_usd > 0 and p.status = 'open'
        and (p.spent_micro_usd + p.adjusted_micro_usd) * 100 >= p.limit_micro_usd * t.percent`,
    [run.spender.id],
  );
  expect(alerts.filter((row) => row.alerts !== 1 || row.events !== 1)).toEqual([]);
}

describe('budgets under concurrency', () => {
  const db = useDatabase();
  let sessions: pg.Client[] = [];
  let admins: pg.Client[] = [];

  beforeAll(async () => {
    sessions = await workers(db, SESSIONS);
    admins = await Promise.all(Array.from({ length: SESSIONS }, () => db.connect()));
  });

  const runs = { numRuns: 25, endOnFailure: true, includeErrorInReport: true };

  it.each([
    { busy: false, name: 'quiet' },
    { busy: true, name: 'busy' },
  ])(
    'a hard limit holds, and what is counted is what was recorded ($name)',
    async ({ busy }) => {
      let refused = 0;
      let late = 0;
      await fc.assert(
        fc.asyncProperty(plans(spending), fc.integer({ min: 1, max: 12 }), async (steps, limit) => {
          const spender = await createSpender(db.client, {
            limit,
            agentLimit: limit / 2,
            serviceLimit: limit / 2,
            busy,
          });
          const run = await execute(db.url(), spender, sessions, admins, steps);
          refused += run.refused;
          await expectWhole(db.client, run);
          // The whole balance: of a busy budget the row alone may say less or more than its stripes.
          const { rows } = await db.client.query(
            `select p.scope, p.limit_micro_usd, b.spent, b.reserved
               from public.budget_periods as p, private.budget_balance(p.company_id, p.id) as b
              where p.company_id = $1 and b.spent + b.reserved > p.limit_micro_usd + $2::bigint * 10000`,
            [spender.id, run.settledLate],
          );
          expect(rows).toEqual([]);
          const { rows: over } = await db.client.query(
            'select id from public.api_usage where company_id = $1 and is_over_budget',
            [spender.id],
          );
          if (run.settledLate === 0) {
            expect(over).toEqual([]);
          } else {
            late += 1;
          }
        }),
        runs,
      );
      // The limit was met, or nothing was shown; also where nothing may be beyond it.
      expect(refused).toBeGreaterThan(50);
      expect(late).toBeLessThan(runs.numRuns);
    },
    120_000,
  );

  it.each([
    { busy: false, name: 'quiet' },
    { busy: true, name: 'busy' },
  ])(
    'a soft limit records all, and flags it from the limit on ($name)',
    async ({ busy }) => {
      await fc.assert(
        fc.asyncProperty(
          plans(spending.slice(3, 5)),
          fc.integer({ min: 1, max: 8 }),
          async (steps, limit) => {
            const spender = await createSpender(db.client, { limit, enforcement: 'soft', busy });
            const run = await execute(db.url(), spender, sessions, admins, steps);
            expect(run.refused).toBe(0);
            await expectWhole(db.client, run);
            const { rows } = await db.client.query<{ over: string; flagged: string }>(
              `select greatest(sum(cost_micro_usd) - $2::bigint, 0)::text as over,
                    coalesce(sum(cost_micro_usd) filter (where is_over_budget), 0)::text as flagged
               from public.api_usage where company_id = $1`,
              [spender.id, limit * 1e6],
            );
            const over = Number(rows[0]?.over ?? 0);
            const flagged = Number(rows[0]?.flagged ?? 0);
            // What is beyond the limit is flagged; of what is below it, at most the one call that passed it.
            expect(flagged).toBeGreaterThanOrEqual(over);
            expect(flagged - over).toBeLessThanOrEqual(1.2e6);
          },
        ),
        runs,
      );
    },
    120_000,
  );

  it('nothing is lost while plans, limits and time zones change', async () => {
    await fc.assert(
      fc.asyncProperty(plans([...spending, ...changing]), fc.boolean(), async (steps, busy) => {
        const spender = await createSpender(db.client, { limit: 10, agentLimit: 4, busy });
        const run = await execute(db.url(), spender, sessions, admins, steps);
        await expectWhole(db.client, run);
      }),
      runs,
    );
  }, 120_000);

  it('a month ends in the middle of it: everything is charged to the month in which it was', async () => {
    for (const busy of [false, true]) {
      const spender = await createSpender(db.client, { limit: 1000, agentLimit: 500, busy });
      await db.client.query(
        `update public.budget_periods as p
              set ends_at = now() + interval '400 ms', generation = p.generation + 1
            where company_id = $1`,
        [spender.id],
      );
      const until = Date.now() + 900;
      const run: Run = {
        url: db.url(),
        spender,
        recorded: new Map(),
        reservations: [],
        settledLate: 0,
        keyed: [],
        refused: 0,
        unexpected: [],
      };
      await Promise.all(
        sessions.map(async (client, index) => {
          const admin = admins[index];
          while (admin && Date.now() < until) {
            await take(run, client, admin, {
              do: 'log',
              cents: 1,
              agent: 0,
              service: 'free',
              key: index % 2 ? 'v7' : 'none',
            });
          }
        }),
      );
      await expectWhole(db.client, run);
      const { rows } = await db.client.query(
        `select count(distinct p.month)::integer as months,
                  count(*) filter (where u.occurred_at < p.starts_at or u.occurred_at >= p.ends_at)::integer as strayed,
                  bool_or(u.is_out_of_month) as marked
             from public.api_usage as u
             join public.budget_periods as p
               on p.company_id = u.company_id and p.month = u.budget_month and p.scope = 'company'
            where u.company_id = $1`,
        [spender.id],
      );
      expect(rows).toEqual([{ months: 2, strayed: 0, marked: false }]);
      const { rows: gaps } = await db.client.query(
        `select scope, starts_at from (
             select scope, agent_id, starts_at, lag(ends_at) over (partition by scope, agent_id order by month) as before
               from public.budget_periods where company_id = $1) as p
            where before <> starts_at`,
        [spender.id],
      );
      expect(gaps).toEqual([]);
    }
  }, 60_000);

  it('a crowd at the last dollars neither passes a limit nor waits in a circle', async () => {
    const crowd = await workers(db, 20);
    const spender = await createSpender(db.client, {
      limit: 1,
      agentLimit: 0.9,
      serviceLimit: 0.9,
      busy: true,
    });
    const until = Date.now() + 2_000;
    const seen = { granted: 0, denied: 0, settled: 0, logged: 0, refused: 0 };
    await Promise.all(
      crowd.map(async (client, index) => {
        const agent = spender.agents[index % 2];
        const service = index % 3 === 0 ? 'limited' : 'free';
        for (let turn = 0; Date.now() < until; turn += 1) {
          const { rows } = await client.query<{ id: string | null }>(
            'select reservation_id as id from public.check_budget_before_usage($1, $2, 0.3, $3)',
            [spender.id, agent, service],
          );
          const id = rows[0]?.id ?? null;
          seen[id === null ? 'denied' : 'granted'] += 1;
          if (id !== null && turn % 4 === 0) {
            await client.query(LOG, [spender.id, service, agent, 0.0001, id, null]);
            seen.settled += 1;
          } else if (id !== null) {
            await client.query('select public.release_budget_reservation($1, $2)', [
              spender.id,
              id,
            ]);
          }
          const outcome = await client
            .query(LOG, [spender.id, service, agent, 0.0001, null, uuidV7()])
            .then(() => ({ code: 'none' }), refusalOf);
          expect(['none', 'PT402']).toContain(outcome.code);
          seen[outcome.code === 'none' ? 'logged' : 'refused'] += 1;
        }
      }),
    );
    for (const [what, times] of Object.entries(seen)) {
      expect([what, times > 0 || what === 'refused']).toEqual([what, true]);
    }
    const { rows } = await db.client.query<{ scope: string; spent: string; whole: boolean }>(
      `select scope, spent_usd as spent, spent_usd + reserved_usd <= limit_usd as whole
         from public.budget_status($1)`,
      [spender.id],
    );
    expect(rows.filter(({ whole }) => !whole)).toEqual([]);
    expect(Number(rows[0]?.spent)).toBeCloseTo((seen.settled + seen.logged) / 10_000, 6);
    expect(await differences(db.client, spender.id)).toEqual([]);
  }, 60_000);

  it('many at once make a quiet budget busy, and it stays right', async () => {
    const spender = await createSpender(db.client, { limit: 1000, agentLimit: 500 });
    const key = (): string => uuidV7();
    let recorded = 0;
    for (let round = 0; round < 200; round += 1) {
      await Promise.all(
        sessions.map((client) =>
          client.query(LOG, [spender.id, 'free', spender.agents[0], 0.01, null, key()]),
        ),
      );
      recorded += sessions.length;
      const { rows } = await db.client.query<{ stripes: number }>(
        `select max(stripe_count)::integer as stripes from public.budget_periods where company_id = $1`,
        [spender.id],
      );
      if ((rows[0]?.stripes ?? 0) > 0 && round > 20) {
        break;
      }
    }
    const { rows } = await db.client.query<{ stripes: number }>(
      `select max(stripe_count)::integer as stripes from public.budget_periods where company_id = $1`,
      [spender.id],
    );
    expect(rows).toEqual([{ stripes: 64 }]);
    const { rows: status } = await db.client.query<{ scope: string; spent_usd: string }>(
      'select scope, spent_usd from public.budget_status($1)',
      [spender.id],
    );
    expect(status.map((row) => [row.scope, Number(row.spent_usd)])).toEqual([
      ['company', recorded / 100],
      ['agent', recorded / 100],
    ]);
    expect(await differences(db.client, spender.id)).toEqual([]);
  });
});
