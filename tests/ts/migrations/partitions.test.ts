import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { withClient } from '../../../scripts/lib/client.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const MONTH = `date_trunc('month', now(), 'UTC')`;

/** What writes a row of the running month, for each partitioned table. */
const WRITES = [
  {
    table: 'agent_logs',
    sql: `insert into public.agent_logs (company_id, agent_id, event)
          select company_id, id, 'late.row' from public.ai_agents
           where company_id = '${COMPANIES.acme.id}' order by id limit 1`,
  },
  {
    table: 'api_usage',
    sql: `select public.log_api_usage_and_update_budget('${COMPANIES.acme.id}', 'late.row', null, 'late', 0.01)`,
  },
  {
    table: 'audit_logs',
    sql: `insert into public.audit_logs (company_id, action) values ('${COMPANIES.acme.id}', 'late.row')`,
  },
];

async function dropRunningMonth(client: pg.Client, table: string): Promise<void> {
  await client.query(`
    do $do$ begin
      execute format('drop table private.%I', '${table}_p' || to_char(now() at time zone 'UTC', 'YYYYMM'));
    end $do$`);
}

describe('partitions that are made while the table is in use', () => {
  const db = useDatabase();

  it('two sessions that maintain partitions at once do the work once', async () => {
    const [first, second] = await twoSessions(db);
    await db.client.query('update private.partitioned_tables set months_ahead = 6 where true');
    const created = (
      await Promise.all(
        [first, second].map((session) =>
          session.query<{ created: number }>('select private.maintain_partitions() as created'),
        ),
      )
    ).map((result) => result.rows[0]?.created ?? -1);
    expect(created.sort()).toEqual([0, 9]);
  });

  it('a table in use postpones its partition and blocks nobody for long', async () => {
    const [reader, keeper] = await twoSessions(db);
    await reader.query('begin');
    await reader.query('select count(*) from public.audit_logs');
    await db.client.query('update private.partitioned_tables set months_ahead = 7 where true');
    const { rows } = await keeper.query<{ created: number }>(
      'select private.maintain_partitions() as created',
    );
    await reader.query('rollback');
    const { rows: later } = await keeper.query<{ created: number }>(
      'select private.maintain_partitions() as created',
    );
    expect((rows[0]?.created ?? 0) + (later[0]?.created ?? 0)).toBe(3);
    expect(later[0]?.created).toBeGreaterThan(0);
  });

  describe.each(WRITES)('$table', ({ table, sql }) => {
    const make = `select private.create_month_partition('${table}', (${MONTH} at time zone 'UTC')::date) as made`;
    const late = async (): Promise<unknown[]> => {
      const { rows } = await db.client.query(
        `select count(*)::integer as rows, count(*) filter (where u.tableoid = 'private.${table}_default'::regclass)::integer as waiting
           from public.${table} as u where to_jsonb(u)::text like '%late.row%'`,
      );
      return rows;
    };

    it('a row of the month waits until it is there, and is not refused', async () => {
      await withClient(db.superUrl(), (client) => dropRunningMonth(client, table));
      const [keeper, writer] = await twoSessions(db);
      // The plan is kept, and was made for the partitions of before.
      await writer.query({ name: 'write', text: sql });
      expect(await late()).toEqual([{ rows: 1, waiting: 1 }]);
      await keeper.query('begin');
      expect((await keeper.query(make)).rows).toEqual([{ made: true }]);
      const second = writer.query({ name: 'write', text: sql });
      await untilBlocked(db, writer);
      await keeper.query('commit');
      await second;
      expect(await late()).toEqual([{ rows: 2, waiting: 0 }]);
    });

    it('the month waits for a row that is being written, and gives way', async () => {
      await withClient(db.superUrl(), (client) => dropRunningMonth(client, table));
      const [keeper, writer] = await twoSessions(db);
      await writer.query('begin');
      await writer.query(sql);
      await expect(keeper.query(make)).rejects.toMatchObject({ code: '55P03' });
      await writer.query('commit');
      expect((await keeper.query(make)).rows).toEqual([{ made: true }]);
      expect(await late()).toEqual([{ rows: 1, waiting: 0 }]);
    });

    it('a month ahead keeps no row waiting', async () => {
      const [keeper, writer] = await twoSessions(db);
      await keeper.query('begin');
      await keeper.query('update private.partitioned_tables set months_ahead = 9 where true');
      await keeper.query('select private.maintain_partitions()');
      // Not committed: the link of an audited row is read from all months, and waits.
      await writer.query(`begin; set local lock_timeout = '1s'`);
      await writer.query(sql);
      await writer.query('rollback');
      await keeper.query('rollback');
    });
  });
});
