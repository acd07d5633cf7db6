import { describe, expect, it } from 'vitest';
import { sleep } from '../../../scripts/lib/processes.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';
import { createSpender, differences } from './support.ts';

const db = useDatabase();

/** The limit of the running month, in US dollars. */
async function limitOf(company: string): Promise<number> {
  const { rows } = await db.client.query<{ usd: number }>(
    `select limit_usd::float8 as usd from public.budget_status($1) where scope = 'company'`,
    [company],
  );
  return rows[0]?.usd ?? Number.NaN;
}

/** The running month ends in so many milliseconds. */
async function endSoon(company: string, milliseconds: number): Promise<void> {
  await db.client.query(
    `update public.budget_periods
        set ends_at = clock_timestamp() + make_interval(secs => $2), generation = generation + 1
      where company_id = $1`,
    [company, milliseconds / 1000],
  );
}

describe('a change of plan', () => {
  it('outlives a change of settings that has waited for it', async () => {
    const { id } = await createSpender(db.client, { limit: 100 });
    await db.client.query(
      'insert into public.company_config (company_id) values ($1) on conflict do nothing',
      [id],
    );
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      'update public.company_plans set monthly_limit_usd = 10 where company_id = $1',
      [id],
    );
    const waiting = other.query(
      `update public.company_config set budget_alert_percents = '{90}' where company_id = $1`,
      [id],
    );
    await untilBlocked(db, other);
    await one.query('commit');
    await waiting;
    expect(await limitOf(id)).toBe(10);
  });

  it('counts in the month that begins before it is committed', async () => {
    const { id, agents } = await createSpender(db.client, { limit: 100, agentLimit: 50 });
    await endSoon(id, 300);
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      'update public.company_plans set monthly_limit_usd = 10 where company_id = $1',
      [id],
    );
    await one.query(
      'update public.ai_agents set monthly_limit_micro_usd = 1000000 where company_id = $1 and id = $2',
      [id, agents[0]],
    );
    await sleep(400);
    const waiting = other.query(
      `select public.log_api_usage_and_update_budget($1, 'x', null, 'test', 0.01)`,
      [id],
    );
    await untilBlocked(db, other);
    await one.query('commit');
    await waiting;
    const { rows } = await db.client.query(
      'select scope, limit_usd::float8 as usd from public.budget_status($1)',
      [id],
    );
    expect(rows).toEqual([
      { scope: 'company', usd: 10 },
      { scope: 'agent', usd: 1 },
    ]);
  });
});

describe('a batch', () => {
  it('comes to an end when the month ends while it waits for a key', async () => {
    const { id } = await createSpender(db.client, { limit: 100 });
    await endSoon(id, 700);
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      `select public.log_api_usage_and_update_budget($1, 'x', null, 'test', 0.01, idempotency_key => 'k1')`,
      [id],
    );
    await other.query(`set statement_timeout = '10s'`);
    const waiting = other.query<{ is_replayed: boolean }>(
      `select is_replayed from public.log_api_usage_batch($1, jsonb_build_array(
         jsonb_build_object('service', 'x', 'cost', 0.01, 'idempotency_key', 'k1'),
         jsonb_build_object('service', 'x', 'cost', 1, 'occurred_at', now() + interval '60 s')))`,
      [id],
    );
    await untilBlocked(db, other);
    await sleep(800);
    await one.query('commit');
    expect((await waiting).rows).toEqual([{ is_replayed: true }, { is_replayed: false }]);
    expect(await differences(db.client, id)).toEqual([]);
  });

  it('with something late in it waits in no circle with a change of plan', async () => {
    const { id } = await createSpender(db.client, { limit: 100, busy: true });
    const log = `select public.log_api_usage_and_update_budget($1, 'x', null, 'test', 0.01)`;
    await db.client.query(log, [id]);
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      `select from public.budget_periods where company_id = $1 and scope = 'company' for no key update`,
      [id],
    );
    const waiting = other.query(
      `select from public.log_api_usage_batch($1, jsonb_build_array(
         jsonb_build_object('service', 'x', 'cost', 0.01),
         jsonb_build_object('service', 'x', 'cost', 50, 'occurred_at', now() - interval '60 days')))`,
      [id],
    );
    await untilBlocked(db, other);
    await one.query(
      'update public.company_plans set monthly_limit_usd = 90 where company_id = $1',
      [id],
    );
    await one.query('commit');
    await waiting;
    expect(await limitOf(id)).toBe(90);
    expect(await differences(db.client, id)).toEqual([]);
  });
});

describe('two new plans at once', () => {
  it('leave the later one in force', async () => {
    const { id } = await createSpender(db.client, { limit: 100 });
    const add = `insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values ($1, 'custom', $2)`;
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(add, [id, 20]);
    const waiting = other.query(add, [id, 30]);
    await untilBlocked(db, other);
    await one.query('commit');
    await waiting;
    expect(await limitOf(id)).toBe(30);
  });
});
