import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  isDeclaredAllowed,
  MATRIX_ACTORS,
  type MatrixTable,
  type Verb,
} from '../../../scripts/lib/access.ts';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { type Probe, placeProbe, prepareProbe } from '../../../scripts/lib/probes.ts';
import { become, type Who } from '../support/actors.ts';
import { useDatabase } from '../support/database.ts';
import { readCounters, readMore } from './support/counters.ts';
import { growDatabase, MANY } from './support/grow.ts';
import { companyColumn, explain, type Flaw, type Problem, problemsOf } from './support/plan.ts';
import {
  type Hot,
  hotReads,
  insertOf,
  served,
  type TenantTable,
  tenantTables,
  writeOf,
} from './support/statements.ts';

const acme = COMPANIES.acme.id;

const ROLES = ['alice', 'adam', 'cora', 'olga', 'service_role'] as const;
type Reader = (typeof ROLES)[number];
const MODES = ['custom', 'generic'] as const;
/** Tables that clients insert many rows into at once. */
const MANY_AT_ONCE: ReadonlySet<MatrixTable> = new Set([
  'services',
  'invoices',
  'invoice_line_items',
  'ai_agents',
  'jobs',
  'documents',
  'media_assets',
  'agent_logs',
]);

const isCount = (hot: Hot): boolean => hot.name.includes(': count');
const isMember = (who: Reader): boolean => who !== 'olga' && who !== 'service_role';
const actorOf = (who: Reader): Who =>
  who === 'service_role' ? { as: 'anonymous', role: who } : who;

function may(who: Reader, table: string, verb: Verb): boolean {
  const actor = MATRIX_ACTORS.find((one) => one.actor === who);
  // Backend jobs read everything; what they write, they write by functions.
  return actor === undefined
    ? verb === 'select' || (verb === 'insert' && MANY_AT_ONCE.has(table as MatrixTable))
    : isDeclaredAllowed(actor, table as MatrixTable, verb, 'own');
}

/** What isolation costs is decided by the plan: the gate once a statement, the company as an index condition. */
describe('plans', () => {
  const db = useDatabase();
  let session: pg.Client;
  let tables: TenantTable[] = [];
  let names: ReadonlySet<string> = new Set();

  beforeAll(async () => {
    session = await db.connect('supabase_admin');
    await growDatabase(session);
    await session.query(`set track_functions = 'all'; set jit = off`);
    tables = await tenantTables(session);
    names = new Set(tables.map(({ name }) => name));
  });

  async function as<T>(who: Reader, run: () => Promise<T>): Promise<T> {
    await session.query('begin');
    try {
      await become(session, actorOf(who));
      return await run();
    } finally {
      await session.query('rollback');
    }
  }

  /** What is wrong with a statement's plans. */
  async function judge(
    table: TenantTable,
    hot: Hot,
    mode: 'custom' | 'generic',
  ): Promise<Problem[]> {
    // What is in order is sorted as cheaply while it is few; whether an index gives the order is asked without that.
    await session.query(
      `set local cpu_tuple_cost = 1; set local enable_seqscan = ${table.isSmall ? 'off' : 'on'}; set local enable_sort = ${hot.expected.isOrdered ? 'off' : 'on'}`,
    );
    return problemsOf(await explain(session, hot.statement, mode), names, hot.expected);
  }

  it('has data by which a filter can be told from none', async () => {
    const alike: string[] = [];
    for (const { name, indexes } of tables) {
      const columns = new Set(
        indexes
          .filter(({ isPrimary }) => !isPrimary)
          .flatMap((index) => index.columns.map((column) => column.name)),
      );
      for (const column of columns) {
        const { rows } = await session.query<{ kinds: number; rows: number }>(
          `select count(distinct ${column})::integer as kinds, count(*)::integer as rows from public.${name} where ${companyColumn(name)} = $1`,
          [acme],
        );
        if ((rows[0]?.rows ?? 0) > 9 && (rows[0]?.kinds ?? 0) < 2) {
          alike.push(`${name}.${column}`);
        }
      }
    }
    expect(alike).toEqual([]);
  });

  it.each(ROLES)(
    '%s reads each table by its indexes, and asks the gate once',
    async (who) => {
      const readable = tables.filter(({ name }) => may(who, name, 'select'));
      expect(readable.length).toBeGreaterThan(4);
      const wrong: string[] = [];
      await as(who, async () => {
        for (const table of readable) {
          await session.query('savepoint reads; reset role');
          // Operators and backend jobs name the company; members may, which alice does for all.
          const hots = isMember(who) ? await hotReads(session, table, acme, false) : [];
          if (!isMember(who) || who === 'alice') {
            hots.push(...(await hotReads(session, table, acme, true)));
          }
          await session.query('rollback to reads');
          for (const hot of hots) {
            for (const mode of MODES) {
              const problems = await judge(table, hot, mode);
              wrong.push(...problems.map(({ text }) => `${hot.name} (${mode}): ${text}`));
            }
          }
        }
      });
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  it.each(ROLES)(
    '%s writes by keys, and asks the gate once',
    async (who) => {
      const wrong: string[] = [];
      let count = 0;
      for (const table of tables) {
        for (const verb of ['insert', 'update', 'delete'] as const) {
          if (!may(who, table.name, verb)) {
            continue;
          }
          const name = table.name as MatrixTable;
          const problems = await as(who, async () => {
            await session.query('reset role');
            const found: string[] = [];
            const probes: Probe[] = [];
            for (
              let nth = 0;
              nth < (verb === 'insert' && MANY_AT_ONCE.has(name) ? 5 : 1);
              nth += 1
            ) {
              probes.push(
                await (verb === 'insert' ? prepareProbe : placeProbe)(session, name, acme),
              );
            }
            const [probe] = probes as [Probe];
            await become(session, actorOf(who));
            await session.query('set local cpu_tuple_cost = 1');
            for (const mode of MODES) {
              const statement = verb === 'insert' ? insertOf(probes) : writeOf(verb, probe);
              const before = await readCounters(session);
              await session.query('savepoint write');
              const plan = await explain(session, statement, mode);
              const after = await readCounters(session);
              await session.query('rollback to write');
              found.push(
                ...problemsOf(plan, names, { table: table.name, mostRemoved: 1 }).map(
                  ({ text }) => text,
                ),
                // A row too many is one of a table that is small; what triggers read stays within the company.
                ...readMore(before, after, 2 * MANY),
              );
            }
            return found;
          });
          count += 1;
          wrong.push(...problems.map((text) => `${verb} ${table.name}: ${text}`));
        }
      }
      expect(count).toBeGreaterThan(0);
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  async function callsOf(name: string): Promise<number> {
    await session.query('reset role');
    const { rows } = await session.query<{ calls: number }>(
      `select coalesce(sum(calls), 0)::integer as calls from pg_stat_xact_user_functions where funcname = $1`,
      [name],
    );
    return rows[0]?.calls ?? 0;
  }

  it.each([
    ['alice', 'company_for'],
    ['olga', 'is_platform_admin'],
  ] as const)(
    '%s: as counted, one call of %s a statement, on however many rows',
    async (who, gate) => {
      // A join asks once a table; an update asks to find rows and to check them, for reading and for writing.
      const atMost: [string, number][] = [
        ['select count(*) from public.agent_logs', 1],
        [
          'select count(*) from public.invoices as i join public.invoice_line_items as l using (company_id)',
          2,
        ],
        [`update public.jobs set priority = 1 where company_id = '${acme}'`, 4],
        [
          `insert into public.services (company_id, code, name) select '${acme}', 'P' || n, 'x' from generate_series(1, 200) as n`,
          1,
        ],
      ];
      for (const [statement, most] of atMost) {
        const before = await callsOf(gate);
        const calls = await as(who, async () => {
          await session.query(statement);
          return (await callsOf(gate)) - before;
        });
        expect(calls, statement).toBeLessThanOrEqual(most);
        expect(calls, statement).toBeGreaterThan(0);
      }
    },
  );

  /** What the checker finds in alice's statements after a change to the schema that is not kept. */
  async function afterwards(
    change: string,
    name: string,
    which: (hot: Hot) => boolean,
  ): Promise<Set<Flaw>> {
    const named = async () => {
      const table = (await tenantTables(session)).find((one) => one.name === name);
      if (table === undefined) {
        throw new Error(`no table ${name}`);
      }
      return { table, hots: (await hotReads(session, table, acme, false)).filter(which) };
    };
    await session.query('begin');
    try {
      // An index that goes takes its statements with it, so they are those of before and of after.
      const before = await named();
      await session.query(change);
      const after = await named();
      const hots = new Map([...after.hots, ...before.hots].map((hot) => [hot.name, hot]));
      expect(change === '' || hots.size > 0).toBe(true);
      await become(session, 'alice');
      const flaws = new Set<Flaw>();
      for (const hot of hots.values()) {
        for (const mode of MODES) {
          for (const { flaw } of await judge(before.table, hot, mode)) {
            flaws.add(flaw);
          }
        }
      }
      return flaws;
    } finally {
      await session.query('rollback');
    }
  }

  const policy = (table: string, condition: string): string =>
    `alter policy select_member on public.${table} using (${condition})`;
  const gate = `private.company_for('jobs.read')`;

  it.each<[string, string, string, (hot: Hot) => boolean, Flaw]>([
    [
      'an index of a sort that is gone',
      'drop index public.jobs_company_id_created_at_idx',
      'jobs',
      (hot) => hot.name.includes('page in order of jobs_company_id_created_at_idx'),
      'sort',
    ],
    [
      'an index of a foreign key that is gone',
      'drop index public.jobs_company_id_service_id_idx',
      'jobs',
      (hot) => hot.name.includes('embedded in services'),
      'filter',
    ],
    [
      'an index of a type whose equality is not leak-proof',
      `create type public.mood as enum ('a', 'b'); alter table public.jobs add mood public.mood;
       update public.jobs set mood = case when priority % 2 = 0 then 'a' else 'b' end::public.mood;
       update public.jobs set mood = 'b' where id in (select id from public.jobs where company_id = '${acme}' limit 100);
       create index jobs_mood_idx on public.jobs (company_id, mood); analyze public.jobs`,
      'jobs',
      (hot) => hot.name.includes('by jobs_mood_idx'),
      'filter',
    ],
    [
      'the gate without a sub-select',
      policy('jobs', `company_id = ${gate}`),
      'jobs',
      isCount,
      'gate',
    ],
    [
      'the gate as a function of the row',
      policy('jobs', `company_id = (select ${gate} where jobs.id is not null)`),
      'jobs',
      isCount,
      'gate',
    ],
    [
      'membership asked for each row',
      policy(
        'jobs',
        'exists (select from public.users as u where u.id = auth.uid() and u.company_id = jobs.company_id)',
      ),
      'jobs',
      isCount,
      'gate',
    ],
    [
      'a policy with an exception for operators',
      policy('jobs', `company_id = (select ${gate}) or (select false)`),
      'jobs',
      isCount,
      'scan',
    ],
    [
      'a policy of all companies of a person',
      policy(
        'jobs',
        'company_id = any (array(select u.company_id from public.users as u where u.id = auth.uid()))',
      ),
      'jobs',
      isCount,
      'scan',
    ],
    [
      'a second permissive policy',
      `create policy more on public.jobs for select to authenticated using (status = 'public')`,
      'jobs',
      isCount,
      'scan',
    ],
    [
      'a company compared as text',
      policy('jobs', `company_id::text = (select ${gate})::text`),
      'jobs',
      isCount,
      'scan',
    ],
  ])('notices %s', async (_, change, table, which, flaw) => {
    expect([...(await afterwards('', table, which))]).toEqual([]);
    expect([...(await afterwards(change, table, which))]).toContain(flaw);
  });

  it('notices a month that reads the others', async () => {
    const api = tables.find(({ name }) => name === 'api_usage') as TenantTable;
    const flaws = await as('alice', async () => {
      const month = (condition: string): Promise<Problem[]> =>
        judge(
          api,
          {
            name: 'month',
            statement: {
              sql: `select sum(cost_micro_usd) from public.api_usage where ${condition}`,
              types: ['timestamptz'],
              values: [new Date().toISOString()],
            },
            expected: { table: 'api_usage', partitions: [] },
          },
          'custom',
        );
      return {
        bounded: new Set((await month('occurred_at >= $1')).map(({ text }) => text)).size,
        computed: new Set(
          (await month(`date_trunc('month', occurred_at) = date_trunc('month', $1)`)).map(
            ({ text }) => text,
          ),
        ).size,
      };
    });
    expect(flaws.computed).toBeGreaterThan(flaws.bounded);
    expect(flaws.bounded).toBeGreaterThan(0);
  });

  it('documents what can be filtered and sorted by', () => {
    const page = readFileSync(join(rootDir, 'docs/performance.md'), 'utf8');
    const [, section] = /<!-- served:start -->\n([\s\S]*?)<!-- served:end -->/.exec(page) ?? [];
    expect(section?.trim().split('\n').slice(2)).toEqual(served(tables));
  });
});
