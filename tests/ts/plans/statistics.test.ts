import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { type ActorOptions, become } from '../support/actors.ts';
import { useDatabase } from '../support/database.ts';
import { readCounters, readMore } from './support/counters.ts';

const acme = COMPANIES.acme.id;
const ROWS = 3000;
/** More than any of the calls has to read of a table. */
const MOST = 40;

const backend: ActorOptions = { as: 'anonymous', role: 'service_role' };
const alice: ActorOptions = { as: 'alice' };

const event = (key: string): string =>
  `{"service": "x", "cost": 0.01, "idempotency_key": "${key}"}`;
const CALLS: readonly (readonly [what: string, who: ActorOptions, sql: string])[] = [
  [
    'an audited change and its link',
    backend,
    `update public.ai_agents set temperature = 0.5 where company_id = '${acme}' and name = 'bulk 7'`,
  ],
  [
    'usage with a key',
    backend,
    `select public.log_api_usage_and_update_budget('${acme}', 'x', null, 'x', 0.01, idempotency_key => 'k-1')`,
  ],
  [
    'usage with a key that is a UUID',
    backend,
    `select public.log_api_usage_and_update_budget('${acme}', 'x', null, 'x', 0.01, idempotency_key => private.uuid_v7()::text)`,
  ],
  [
    'usage that was reserved',
    backend,
    `select public.log_api_usage_and_update_budget('${acme}', 'x', null, 'x', 0.01,
       reservation_id => (select reservation_id from public.check_budget_before_usage('${acme}', null, 0.02, 'x')))`,
  ],
  [
    'a batch of usage',
    backend,
    `select public.log_api_usage_batch('${acme}', '[${event('k-2')}, ${event('k-3')}]')`,
  ],
  ['a rate limit', backend, `select public.check_rate_limit('${acme}')`],
  [
    'an unknown API key',
    backend,
    `select public.verify_api_key('lytbub_000000000000_${'0'.repeat(64)}')`,
  ],
  [
    'a row by its key',
    alice,
    `select * from public.api_usage where id = '00000000-0000-4000-8000-000000000000' and occurred_at = now()`,
  ],
];

/** Takes away what is known of the tables, and says so many rows instead; -1 for not known. */
const forget = (rows: number): string => `
  delete from pg_statistic as s using pg_class as c
   where c.oid = s.starelid and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace);
  update pg_class set reltuples = ${rows}
   where relkind = 'r' and relnamespace in ('public'::regnamespace, 'private'::regnamespace)`;

/**
 * What the statistics say after the rows came at once, or before the tables were ever looked at, must not lead calls that
 * everything waits for to an index that reads all of a company. No settings help the planner here.
 */
describe.each([
  ['after a bulk load', 'analyze'],
  ['of tables that were empty when they were looked at', forget(0)],
  ['of tables that were never looked at', forget(-1)],
])('with statistics %s', (_, statistics) => {
  const db = useDatabase();
  let session: pg.Client;

  beforeAll(async () => {
    const owner = await db.connect('supabase_admin');
    // A log that has nothing but what one transaction wrote.
    await owner.query(
      'set session_replication_role = replica; truncate public.audit_logs; set session_replication_role = origin',
    );
    await owner.query(`
      insert into public.audit_logs (company_id, action, table_name, row_id, opens_link)
      select '${acme}', 'bulk.loaded', 'bulk', md5((n % 100)::text)::uuid, false from generate_series(1, ${10 * ROWS}) as n;
      insert into public.ai_agents (company_id, name, provider, model)
      select '${acme}', 'bulk ' || n, 'test', 'test' from generate_series(1, ${ROWS}) as n;
      insert into public.api_usage (company_id, occurred_at, service, cost_micro_usd, budget_month)
      select '${acme}', now(), 'x', 1, date_trunc('month', now())::date from generate_series(1, ${ROWS});
      insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at)
      select '${acme}', 'bulk ' || n, gen_random_uuid(), now() from generate_series(1, ${ROWS}) as n;
      insert into private.budget_reservations (company_id, service, amount_micro_usd, held_in, expires_at)
      select '${acme}', 'x', 1, '{}', now() + interval '1 hour' from generate_series(1, ${ROWS});
      insert into public.budget_periods (company_id, month, scope, service, starts_at, ends_at, limit_micro_usd, status, closed_at)
      select '${acme}', p.month - 365, 'service', 'bulk ' || n, p.starts_at, p.ends_at, 1, 'closed', now()
        from generate_series(1, ${ROWS}) as n, public.budget_periods as p
       where p.company_id = '${acme}' and p.scope = 'company' and p.status = 'open'`);
    await owner.query(statistics);
    session = await db.connect('supabase_admin');
  });

  it.each(CALLS)('reads few rows for %s', async (_what, who, sql) => {
    await session.query('begin');
    try {
      await become(session, who);
      // The first call of a session plans, and reads what it plans by.
      await session.query(sql);
      await session.query('rollback; begin');
      await become(session, who);
      const before = await readCounters(session);
      await session.query(sql);
      await session.query('set constraints all immediate');
      expect(readMore(before, await readCounters(session), MOST)).toEqual([]);
    } finally {
      await session.query('rollback');
    }
  });
});
