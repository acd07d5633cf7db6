import type pg from 'pg';
import { rollUpUsage } from '../../scripts/lib/bench/roll-up.ts';
import type { Contest, Run, ScaleName, Suite } from '../../scripts/lib/bench/types.ts';

interface Age {
  readonly companies: number;
  /** Of history, besides the current one. */
  readonly months: number;
}
const YOUNG: Age = { companies: 10, months: 1 };
const OLD: Record<ScaleName, Age> = {
  small: { companies: 1000, months: 12 },
  full: { companies: 10_000, months: 36 },
};
/** Of the company that is asked, and of every other. */
const ROWS_A_MONTH = { asked: 1000, other: 3 };

const COMPANY = '00000000-0000-4000-8000-000000000001';
const MEMBER = '00000000-0000-4000-9000-000000000001';
const KEY = `lytbub_000000000001_${'0'.repeat(64)}`;
const asMember = {
  role: 'authenticated',
  'request.jwt.claims': JSON.stringify({ sub: MEMBER, role: 'authenticated', company_id: COMPANY }),
};

const flat = (
  id: string,
  title: string,
  script: string,
  settings?: Record<string, string>,
): Contest => {
  const run = (database: string, name: string): Run => ({
    name,
    script,
    database,
    ...(settings === undefined ? {} : { settings }),
  });
  return {
    id,
    title,
    clients: 1,
    shows: 'time',
    reference: run('young', 'a young platform'),
    runs: [{ ...run('old', 'an old one'), goal: 1.15 }],
  };
};

const month = `u.occurred_at >= date_trunc('month', now()) and u.occurred_at < date_trunc('month', now()) + interval '1 month'`;

async function prepare(client: pg.Client, scale: ScaleName, database: string): Promise<void> {
  const { companies, months } = database === 'old' ? OLD[scale] : YOUNG;
  await client.query(`
    set session_replication_role = replica;
    insert into public.companies (id, slug, name, contact_email)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'c-' || n, 'C' || n, 'a@b.example' from generate_series(1, ${companies}) as n;
    insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, monthly_price_usd, features)
    select id, 'custom', 10000000, 0, '{"requests_per_minute": 1000000, "request_burst": 1000000}' from public.companies;
    insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd)
    select id, id, 'A', 'openai', 'gpt', 1000000000000 from public.companies;
    insert into auth.users (id, email)
    select ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@b.example' from generate_series(1, ${companies}) as n;
    insert into public.users (company_id, id, email, full_name, role, effective_permissions)
    select ('00000000-0000-4000-8000-' || right(u.id::text, 12))::uuid, u.id, u.email, 'U', 'client', private.permissions_with('client', '{}', '{}')
      from auth.users as u;
    insert into public.jobs (company_id, id, kind)
    select c.id, ('00000000-0000-4000-a000-' || lpad(to_hex(k), 12, '0'))::uuid, 'bench.job'
      from public.companies as c cross join generate_series(1, case c.id when '${COMPANY}' then 1000 else ${ROWS_A_MONTH.other} * ${months} end) as k;
    insert into public.api_keys (company_id, id, name, prefix, permissions)
    select id, id, 'Key', 'lytbub_' || right(id::text, 12), '{services.read}' from public.companies;
    insert into private.api_key_secrets (company_id, api_key_id, key_hash)
    select k.company_id, k.id, sha256(convert_to(k.prefix || '_' || repeat('0', 64), 'UTF8')) from public.api_keys as k;
    set session_replication_role = origin;
    select private.open_budget_month(id) from public.companies;
    select private.create_month_partition('api_usage', (date_trunc('month', now()) - make_interval(months => m))::date)
      from generate_series(1, ${months}) as m;
    set session_replication_role = replica;
    insert into public.api_usage (company_id, id, occurred_at, service, agent_id, units, cost_micro_usd)
    select c.id, gen_random_uuid(), least(now(), date_trunc('month', now()) - make_interval(months => m) + interval '28 days' * random()), 's' || k % 4, c.id, 1, k
      from generate_series(0, ${months}) as m
     cross join public.companies as c
     cross join generate_series(1, case c.id when '${COMPANY}' then ${ROWS_A_MONTH.asked} else ${ROWS_A_MONTH.other} end) as k;
    set session_replication_role = origin;
  `);
  await rollUpUsage(client);
  await client.query('vacuum analyze');
}

export const growth: Suite = {
  name: 'growth',
  title: 'Growth',
  about: `
What a call costs on an old platform (full: ${OLD.full.companies.toLocaleString('en')} companies, ${OLD.full.months} months of history) against the same call on a young one (${YOUNG.companies}
companies, ${YOUNG.months} month), for a company of the same size. Goal: flat, at most 1.15 times.
`,
  databases: ['young', 'old'],
  rounds: { small: { rounds: 3, seconds: 1 }, full: { rounds: 5, seconds: 1 } },
  contests: [
    flat('gate', 'The gate', `select private.company_for('jobs.read');`, asMember),
    flat(
      'point-read',
      'One row by its key, as a member',
      `select * from public.jobs where id = '00000000-0000-4000-a000-000000000007';`,
      asMember,
    ),
    flat(
      'insert',
      'One row inserted, as a member',
      `insert into public.jobs (company_id, kind) values ('${COMPANY}', 'bench.insert');`,
      asMember,
    ),
    flat(
      'month-sum',
      'What this month cost, as a member',
      `select sum(u.cost_micro_usd) from public.api_usage as u where ${month};`,
      asMember,
    ),
    flat(
      'latest-50',
      'The latest 50 of the month, as a member',
      `select * from public.api_usage as u where ${month} order by u.occurred_at desc limit 50;`,
      asMember,
    ),
    flat(
      'latest-50-ever',
      'The latest 50 of all time, as a member',
      'select * from public.api_usage as u order by u.occurred_at desc limit 50;',
      asMember,
    ),
    flat(
      'my-usage',
      'my_usage(): 30 days by service',
      `select * from public.my_usage(group_by => 'service');`,
      asMember,
    ),
    flat(
      'check-budget',
      'check_budget_before_usage()',
      `select public.release_budget_reservation('${COMPANY}', (public.check_budget_before_usage('${COMPANY}', '${COMPANY}', 0.0002, 'chat.completions')).reservation_id);`,
    ),
    flat(
      'log-usage',
      'log_api_usage_and_update_budget()',
      `select public.log_api_usage_and_update_budget('${COMPANY}', 'chat.completions', '${COMPANY}', 'bench', 0.0001, idempotency_key => private.uuid_v7()::text);`,
    ),
    flat('verify-key', 'verify_api_key()', `select public.verify_api_key('${KEY}');`),
    flat('rate-limit', 'check_rate_limit()', `select public.check_rate_limit('${COMPANY}');`),
  ],
  prepare,
};
