import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { become, type Who } from '../support/actors.ts';
import { useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;

/** What isolation costs is decided by the plan: the gate once a statement, the company as an index condition. */
describe('plans', () => {
  const db = useDatabase();
  let session: pg.Client;
  let tables: string[] = [];

  beforeAll(async () => {
    session = await db.connect('supabase_admin');
    // Small tables are read whole unless that is forbidden; what is asked is whether an index can serve at all.
    await session.query(
      `set track_functions = 'all'; set enable_seqscan = off; set enable_bitmapscan = off`,
    );
    const { rows } = await session.query<{ name: string }>(
      `select c.relname as name from pg_class as c
         join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
    );
    tables = rows.map((row) => row.name);
  });

  async function as<T>(who: Who, run: () => Promise<T>): Promise<T> {
    await session.query('begin');
    try {
      await become(session, who);
      return await run();
    } finally {
      await session.query('rollback');
    }
  }

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
  ] as const)('%s: one call of %s a statement, on however many rows', async (who, gate) => {
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
  });

  it("a member's read of any table is an index condition on the company", async () => {
    const without: string[] = [];
    for (const table of tables) {
      const plan = await as('cora', async () => {
        await session.query('reset role');
        await session.query(`grant select on public.${table} to authenticated`);
        await become(session, 'cora');
        const { rows } = await session.query<{ 'QUERY PLAN': string }>(
          `explain select * from public.${table}`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      });
      if (
        !/Index Cond: \(company_id = \(?(InitPlan|\$)/.test(plan) ||
        /Seq Scan|SubPlan/.test(plan)
      ) {
        without.push(`${table}\n${plan}`);
      }
    }
    expect(tables.length).toBeGreaterThan(15);
    expect(without).toEqual([]);
  });

  it.each([
    ['agent_logs', 'created_at'],
    ['api_usage', 'occurred_at'],
    ['audit_logs', 'created_at'],
    ['jobs', 'created_at'],
    ['invoices', 'created_at'],
    ['documents', 'created_at'],
  ])('the latest rows of %s come from an index, unsorted', async (table, column) => {
    const plan = await as('alice', async () => {
      // The few rows of a test are sorted as cheaply; where no index is in order, they are sorted all the same.
      await session.query('set local enable_sort = off');
      const { rows } = await session.query<{ 'QUERY PLAN': string }>(
        `explain select * from public.${table} where company_id = '${acme}' order by ${column} desc limit 50`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Index Scan/);
    expect(plan).not.toMatch(/->\s+(Incremental )?Sort\b/);
  });

  it('a month of a partitioned table touches that month only', async () => {
    const plan = await as('alice', async () => {
      const { rows } = await session.query<{ 'QUERY PLAN': string }>(
        `explain select sum(cost_micro_usd) from public.api_usage
          where occurred_at >= date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'
            and occurred_at < date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' + interval '10 days'`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Subplans Removed|_p\d{6}/);
  });
});
