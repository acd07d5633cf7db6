import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSpender, uuidV7, workers } from '../budgets/support.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const compare = (company: string): [string, string[]] => [
  `select * from private.compare_usage($1, '-infinity', 'infinity')`,
  [company],
];

describe('usage by day', () => {
  const db = useDatabase();

  it('is the ledger at every instant, while many write, retry, roll back, delete and fold', async () => {
    const spenders = await Promise.all([
      createSpender(db.client, { limit: 100_000 }),
      createSpender(db.client, { limit: 100_000, busy: true }),
    ]);
    const ids = spenders.map(({ id }) => id);
    let isOver = false;
    let writes = 0;
    const kept: string[] = [];
    const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

    const write = async (client: Awaited<ReturnType<typeof workers>>[number]): Promise<void> => {
      for (let turn = 0; turn < 60; turn += 1) {
        const spender = pick(spenders);
        const service = pick(['chat', 'image', 'voice']);
        const agent = pick([...spender.agents, null]);
        const key = Math.random() < 0.2 && kept.length > 0 ? pick(kept) : uuidV7();
        const late = Math.random() < 0.2 ? Math.floor(Math.random() * 200) : 0;
        const isUndone = Math.random() < 0.2;
        await client.query('begin');
        try {
          if (Math.random() < 0.3) {
            await client.query(`select count(*) from public.log_api_usage_batch($1, $2)`, [
              spender.id,
              JSON.stringify(
                Array.from({ length: 20 }, () => ({
                  service: pick(['chat', 'image']),
                  agent_id: pick([...spender.agents, null]),
                  cost: 0.01,
                  input_tokens: 3,
                })),
              ),
            ]);
          } else {
            await client.query(
              `select public.log_api_usage_and_update_budget($1, $2, $3, 'x', 0.001, idempotency_key => $4,
                 occurred_at => case when $5::integer > 0 then now() - make_interval(days => $5) end, output_tokens => 7)`,
              [spender.id, service, agent, `${spender.id}${late > 0 ? randomUUID() : key}`, late],
            );
          }
          await client.query(isUndone ? 'rollback' : 'commit');
          writes += isUndone ? 0 : 1;
          if (!isUndone && late === 0) {
            kept.push(key);
          }
        } catch (error) {
          await client.query('rollback');
          // A key that comes again with other usage.
          expect(error).toMatchObject({ code: expect.stringMatching(/^PT422|40P01$/) });
        }
      }
    };
    const remove = async (): Promise<void> => {
      const client = await db.connect();
      await client.query(`set app.importing = 'on'`);
      while (!isOver) {
        await client.query(
          `delete from public.api_usage as u using (
             select company_id, occurred_at, id from public.api_usage where company_id = $1 order by occurred_at limit 3 for update skip locked
           ) as x where (u.company_id, u.occurred_at, u.id) = (x.company_id, x.occurred_at, x.id)`,
          [pick(ids)],
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    let folded = 0;
    const fold = async (): Promise<void> => {
      const client = await db.connect('postgres');
      await client.query('set role service_role');
      while (!isOver) {
        const { rows } = await client.query<{ n: number }>('select public.roll_up_usage(7) as n');
        folded += rows[0]?.n ?? 0;
      }
    };
    let comparisons = 0;
    const read = async (): Promise<void> => {
      const client = await db.connect();
      while (!isOver) {
        for (const id of ids) {
          const { rows } = await client.query(...compare(id));
          expect(rows).toEqual([]);
          comparisons += 1;
        }
      }
    };

    const background = [fold(), fold(), read(), remove()];
    const clients = await workers(db, 6);
    await Promise.all(clients.map(write)).finally(() => {
      isOver = true;
    });
    await Promise.all(background);
    expect(writes).toBeGreaterThan(100);
    expect(folded).toBeGreaterThan(100);
    expect(comparisons).toBeGreaterThan(10);

    await db.client.query('select private.roll_up_usage(1000000)');
    const { rows: left } = await db.client.query(
      'select 1 from private.usage_deltas where company_id = any ($1)',
      [ids],
    );
    expect(left).toEqual([]);
    for (const id of ids) {
      expect((await db.client.query(...compare(id))).rows).toEqual([]);
      const { rows } = await db.client.query<{ days: string; ledger: string }>(
        `select (select sum(cost_micro_usd) from private.usage_daily where company_id = $1 and dimension = 'all') as days,
                (select sum(cost_micro_usd) from public.api_usage where company_id = $1) as ledger`,
        [id],
      );
      expect(Number(rows[0]?.ledger)).toBeGreaterThan(0);
      expect(rows[0]?.days).toBe(rows[0]?.ledger);
    }
  });

  it('is mended once by two who mend at the same time', async () => {
    const { id } = await createSpender(db.client);
    await db.client.query(
      `insert into public.api_usage (company_id, service, cost_micro_usd) values ($1, 'chat', 5)`,
      [id],
    );
    await db.client.query('select private.roll_up_usage(1000000)');
    await db.client.query('delete from private.usage_daily where company_id = $1', [id]);
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    const mend = 'select * from private.reconcile_usage($1, null, null, true)';
    expect((await first.query(mend, [id])).rows).toHaveLength(3);
    const waiting = second.query(mend, [id]);
    await untilBlocked(db, second);
    await first.query('commit');
    expect((await waiting).rows).toEqual([]);
    expect((await db.client.query(...compare(id))).rows).toEqual([]);
  });

  it('counts what was in the ledger before it came, when its migration is applied', async () => {
    const { id } = await createSpender(db.client);
    await db.client.query(`drop trigger count_insert on public.api_usage`);
    await db.client.query('truncate private.usage_daily, private.usage_deltas');
    await db.client.query(
      `insert into public.api_usage (company_id, service, cost_micro_usd) select $1, 'chat', 5 from generate_series(1, 10)`,
      [id],
    );
    const { readFileSync } = await import('node:fs');
    const { join } = await import('node:path');
    const { supabaseDir } = await import('../../../scripts/lib/paths.ts');
    const file = join(supabaseDir, 'migrations/20250206000000_usage_rollup.sql');
    const migration = readFileSync(file, 'utf8');
    for (const _ of [1, 2]) {
      await db.client.query(migration);
      const { rows } = await db.client.query(
        `select c.id, x.* from public.companies as c cross join lateral private.compare_usage(c.id, '-infinity', 'infinity') as x`,
      );
      expect(rows).toEqual([]);
    }
    const { rows } = await db.client.query<{ n: number }>(
      `select requests::integer as n from private.usage_daily where company_id = $1 and dimension = 'all'`,
      [id],
    );
    expect(rows).toEqual([{ n: 10 }]);
  });
});
