import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { sleep } from '../../../scripts/lib/processes.ts';
import { twoSessions, useDatabase } from '../support/database.ts';

const db = useDatabase();
const opened: pg.Client[] = [];

afterAll(async () => {
  await Promise.allSettled(opened.map((client) => client.end()));
});

async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: db.url() });
  client.on('error', () => undefined);
  await client.connect();
  opened.push(client);
  return client;
}

/** A company with so many old log entries and ten young ones. */
async function createCompany(old: number): Promise<string> {
  const id = randomUUID();
  await db.client.query(
    `insert into public.companies (id, slug, name, contact_email) values ($1, $2, 'Old', 'a@old.example')`,
    [id, `old-${id.slice(0, 8)}`],
  );
  await db.client.query(
    `insert into public.ai_agents (company_id, id, name, provider, model) values ($1, $1, 'a', 'test', 'test')`,
    [id],
  );
  await db.client.query('begin');
  await db.client.query(`set local app.importing = 'on'`);
  await db.client.query(
    `insert into public.agent_logs (company_id, agent_id, event, created_at)
     select $1::uuid, $1::uuid, 'old', now() - interval '100 days' from generate_series(1, $2)
     union all
     select $1::uuid, $1::uuid, 'young', now() from generate_series(1, 10)`,
    [id, old],
  );
  await db.client.query('commit');
  await db.client.query(
    `insert into public.data_retention_policies (company_id, data_class, retention_days) values ($1, 'agent_logs', 30)`,
    [id],
  );
  return id;
}

async function left(company: string): Promise<Record<string, number>> {
  const { rows } = await db.client.query<{ event: string; n: number }>(
    'select event, count(*)::integer as n from public.agent_logs where company_id = $1 group by 1',
    [company],
  );
  return Object.fromEntries(rows.map(({ event, n }) => [event, n]));
}

async function logged(company: string): Promise<number> {
  const { rows } = await db.client.query<{ n: number }>(
    `select coalesce(sum(rows_affected), 0)::integer as n from public.data_retention_logs
      where company_id = $1 and status = 'succeeded' and not is_dry_run`,
    [company],
  );
  return rows[0]?.n ?? -1;
}

async function run(client: pg.ClientBase, company: string, rows: number): Promise<number> {
  const result = await client.query<{ n: number }>(
    'select coalesce(sum(rows_affected), 0)::integer as n from public.run_data_retention($1, false, $2)',
    [company, rows],
  );
  return result.rows[0]?.n ?? 0;
}

async function runToTheEnd(client: pg.ClientBase, company: string, rows: number): Promise<number> {
  let total = 0;
  for (;;) {
    const moved = await run(client, company, rows);
    total += moved;
    if (moved === 0) {
      return total;
    }
  }
}

describe('run_data_retention()', () => {
  it('is shared by several callers at once, and nothing is counted twice', async () => {
    const company = await createCompany(1000);
    const callers = await Promise.all(Array.from({ length: 4 }, () => session()));
    const moved = await Promise.all(callers.map((caller) => runToTheEnd(caller, company, 70)));
    const rest = await runToTheEnd(db.client, company, 1000);
    expect(moved.reduce((sum, n) => sum + n, 0) + rest).toBe(1000);
    expect(await left(company)).toEqual({ young: 10 });
    expect(await logged(company)).toBe(1000);
  });

  it('comes to the same end when it is killed in the middle', async () => {
    const company = await createCompany(3000);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const victim = await session();
      const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
      const dying = (async () => {
        try {
          await runToTheEnd(victim, company, 100);
        } catch {
          // Killed.
        }
      })();
      await sleep(5 + attempt * 10);
      await db.client.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await dying;
      const { old = 0 } = await left(company);
      expect(await logged(company)).toBe(3000 - old);
    }
    await runToTheEnd(db.client, company, 1000);
    expect(await left(company)).toEqual({ young: 10 });
    expect(await logged(company)).toBe(3000);
  });

  it('leaves a locked row to the next run and waits for nobody', async () => {
    const company = await createCompany(5);
    const [one, two] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      `select from public.agent_logs where company_id = $1 and event = 'old' order by id limit 2 for update`,
      [company],
    );
    expect(await run(two, company, 100)).toBe(3);
    await one.query('rollback');
    expect(await run(two, company, 100)).toBe(2);
  });

  it('gives way to a long reader of a month that is to be dropped', async () => {
    await db.client.query(`
      create table private.agent_logs_p199901 (like public.agent_logs including defaults including constraints);
      select private.close_partition('agent_logs_p199901');
      alter table public.agent_logs attach partition private.agent_logs_p199901 for values from ('1999-01-01 00:00+00') to ('1999-02-01 00:00+00')`);
    const [reader, keeper] = await twoSessions(db);
    await reader.query('begin');
    await reader.query('select count(*) from public.agent_logs');
    const began = Date.now();
    const drop =
      'select company_id, data_class, rows_affected, is_complete from private.drop_expired_partition()';
    expect((await keeper.query(drop)).rows).toEqual([]);
    expect(Date.now() - began).toBeLessThan(5000);
    await reader.query('rollback');
    expect((await keeper.query(drop)).rows).toEqual([
      { company_id: null, data_class: 'agent_logs', rows_affected: '0', is_complete: false },
    ]);
  });
});

describe('npm run retention', () => {
  const script = (...args: string[]) =>
    execa(
      'node',
      ['--import', 'tsx', 'scripts/run-retention.ts', '--db', db.url(), '--json', ...args],
      { cwd: rootDir, reject: false },
    );

  it('counts with --dry-run, then works batch by batch until nothing is left', async () => {
    const company = await createCompany(25);
    const wanted = [
      { company_id: company, data_class: 'agent_logs', action: 'delete', rows: 25, error: null },
    ];
    const dry = await script('--company', company, '--dry-run');
    expect([dry.exitCode, JSON.parse(dry.stdout)]).toEqual([0, wanted]);
    expect(await left(company)).toEqual({ old: 25, young: 10 });
    const real = await script('--company', company, '--max-rows', '10');
    expect([real.exitCode, JSON.parse(real.stdout)]).toEqual([0, wanted]);
    expect(await left(company)).toEqual({ young: 10 });
    const again = await script('--company', company);
    expect([again.exitCode, JSON.parse(again.stdout)]).toEqual([0, []]);
  });
});
