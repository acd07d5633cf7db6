import { rollUpUsage } from '../../scripts/lib/bench/roll-up.ts';
import type { Contest, Run, Suite } from '../../scripts/lib/bench/types.ts';

const COMPANIES = 1000;
/** Rows of the ledger; PORTAL_USAGE_ROWS for another number. */
const USAGE = Number(process.env.PORTAL_USAGE_ROWS ?? 10_000_000);
const DAYS = 120;
const ADMIN = '00000000-0000-4000-9000-000000000001';
const COMPANY = '00000000-0000-4000-8000-000000000007';

/** As an admin's request through PostgREST does it: role and claims, then one statement, read-only. */
const asAdmin = (name: string, sql: string, begin = 'begin read only'): Run => ({
  name,
  script: `${begin};
set local role platform_admin;
select set_config('request.jwt.claims', '{"sub": "${ADMIN}", "role": "platform_admin"}', true);
${sql};
commit;`,
});
/** What somebody would write by hand on the roll-up, with every right. */
const byHand = (name: string, sql: string): Run => ({
  name,
  script: `begin read only;
set local role postgres;
select set_config('request.jwt.claims', '{"sub": "${ADMIN}", "role": "platform_admin"}', true);
${sql};
commit;`,
});

const contest = (id: string, title: string, reference: Run, ...runs: Run[]): Contest => ({
  id,
  title,
  clients: 1,
  reference,
  runs,
});
const dimension = (name: string): string =>
  `d.dimension = '${name}' and d.day >= current_date - 29 and d.day < current_date + 1`;

const contests: Contest[] = [
  contest(
    'companies',
    `A page of ${COMPANIES} companies`,
    byHand(
      'by hand: 50 companies with plan and month',
      `select c.id, c.name, p.plan_tier, b.spent_micro_usd from public.companies as c
  left join public.company_plans as p on p.company_id = c.id and p.is_active
  left join public.budget_periods as b on b.company_id = c.id and b.scope = 'company' and b.status = 'open'
 order by lower(c.name), c.id limit 50`,
    ),
    asAdmin('company_overview()', 'select * from public.company_overview()'),
    asAdmin(
      'company_overview(), by spend',
      `select * from public.company_overview(sort_by => 'spent_usd', is_descending => true)`,
    ),
    asAdmin(
      'company_overview(), by last activity',
      `select * from public.company_overview(sort_by => 'last_activity_at', is_descending => true)`,
    ),
    asAdmin(
      'company_overview(), by flag',
      `select * from public.company_overview(flag => 'near_limit')`,
    ),
    asAdmin(
      'company_details(), which is recorded',
      `select * from public.company_details('${COMPANY}')`,
      'begin',
    ),
  ),
  contest(
    'by-day',
    'Usage of all companies by day, 30 days',
    byHand(
      'by hand, on the roll-up',
      `select d.day, sum(d.requests), sum(d.units), sum(d.input_tokens), sum(d.output_tokens), sum(d.cost_micro_usd)
  from public.companies as c cross join lateral (select * from private.usage_daily as d where d.company_id = c.id and ${dimension('all')} offset 0) as d group by 1 order by 1`,
    ),
    asAdmin('platform_usage()', 'select * from public.platform_usage()'),
    asAdmin('platform_usage(), by tier', `select * from public.platform_usage(group_by => 'tier')`),
    asAdmin('platform_usage_totals(), by company', 'select * from public.platform_usage_totals()'),
    asAdmin('usage_movers(), by company', 'select * from public.usage_movers()'),
  ),
  contest(
    'by-service',
    'The same by service',
    byHand(
      'by hand, on the roll-up',
      `select d.day, d.series, sum(d.requests), sum(d.units), sum(d.input_tokens), sum(d.output_tokens), sum(d.cost_micro_usd)
  from public.companies as c cross join lateral (select * from private.usage_daily as d where d.company_id = c.id and ${dimension('service')} offset 0) as d group by 1, 2 order by 1, 2`,
    ),
    asAdmin(
      'platform_usage(), by service',
      `select * from public.platform_usage(group_by => 'service')`,
    ),
    asAdmin(
      'platform_usage(), by agent',
      `select * from public.platform_usage(group_by => 'agent')`,
    ),
    asAdmin(
      'platform_usage_totals(), by agent',
      `select * from public.platform_usage_totals(group_by => 'agent')`,
    ),
  ),
  contest(
    'one-company',
    'Usage of one company by day, 30 days',
    byHand(
      'by hand, on the ledger',
      `select u.occurred_at::date, sum(u.cost_micro_usd), count(*), sum(u.units), sum(u.input_tokens), sum(u.output_tokens) from public.api_usage as u
 where u.company_id = '${COMPANY}' and u.occurred_at >= current_date - 29 group by 1 order by 1`,
    ),
    asAdmin('platform_usage()', `select * from public.platform_usage(company_id => '${COMPANY}')`),
  ),
  contest(
    'billing',
    'Billing',
    byHand(
      'by hand: 50 companies with plan and account',
      `select c.id, c.name, p.plan_tier, p.monthly_price_usd, a.payment_status from public.companies as c
  left join public.company_plans as p on p.company_id = c.id and p.is_active
  left join public.billing_accounts as a on a.company_id = c.id
 order by lower(c.name), c.id limit 50`,
    ),
    asAdmin('billing_overview()', 'select * from public.billing_overview()'),
    asAdmin('billing_totals()', 'select * from public.billing_totals()'),
  ),
];

export const portal: Suite = {
  name: 'portal',
  title: "Operators' portal",
  about: `
${COMPANIES} companies with three members and three agents each, and ${USAGE.toLocaleString('en')} rows of usage over ${DAYS} days, of four
services; each function as an admin, in a read-only transaction as PostgREST opens it. The references are written by hand, run with
every right and check nothing. \`a second\` is one session's; 1,000 divided by it is milliseconds a call. What the ledger holds makes
no difference to any of them but *by hand, on the ledger*.
`,
  contests,
  async prepare(client) {
    await client.query(`
      -- Bulk loading: no triggers, and so what they would do is done below.
      set session_replication_role = replica;
      insert into public.companies (id, slug, name, contact_email)
      select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'c-' || n, 'C' || n, 'a@b.example'
        from generate_series(1, ${COMPANIES}) as n;
      insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, monthly_price_usd)
      select id, (array['starter', 'professional', 'enterprise'])[1 + right(slug, 1)::integer % 3], 100, 100 from public.companies;
      insert into public.ai_agents (company_id, id, name, provider, model)
      select c.id, ('00000000-0000-4000-a000-' || lpad(to_hex(n), 12, '0'))::uuid, 'A' || n, 'openai', 'gpt'
        from public.companies as c cross join generate_series(1, 3) as n;
      insert into auth.users (id, email)
      select ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@b.example' from generate_series(1, ${COMPANIES} * 3) as n;
      insert into public.users (company_id, id, email, full_name, role)
      select ('00000000-0000-4000-8000-' || lpad(to_hex(1 + n % ${COMPANIES}), 12, '0'))::uuid,
             ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@b.example', 'U', 'client'
        from generate_series(2, ${COMPANIES} * 3) as n;
      insert into public.billing_accounts (company_id, stripe_subscription_id, subscription_status, currency, monthly_amount_minor)
      select id, 'sub_' || replace(id::text, '-', ''), 'active', 'USD', 10000 from public.companies where slug like '%0';
      set session_replication_role = origin;
      insert into public.companies (slug, name, contact_email, is_operator) values ('operator', 'Operator', 'a@b.example', true);
      insert into public.users (company_id, id, email, full_name, role)
      select id, '${ADMIN}', 'admin@b.example', 'Admin', 'admin' from public.companies where is_operator;
      select private.open_budget_month(id) from public.companies;
      select private.create_month_partition('api_usage', (date_trunc('month', now()) - make_interval(months => m))::date)
        from generate_series(1, 4) as m;
    `);
    await client.query(`
      set session_replication_role = replica;
      insert into public.api_usage (
        company_id, id, occurred_at, service, agent_id, units, input_tokens, output_tokens, cost_micro_usd)
      select ('00000000-0000-4000-8000-' || lpad(to_hex(1 + n % ${COMPANIES}), 12, '0'))::uuid, gen_random_uuid(),
             now() - ${DAYS} * interval '1 day' * (n / ${USAGE}::float8), 's' || (n / ${COMPANIES}) % 4,
             ('00000000-0000-4000-a000-' || lpad(to_hex(1 + (n / ${COMPANIES} / 4) % 3), 12, '0'))::uuid, 1, 10, 20, (n::bigint * 7919) % 20000
        from generate_series(1, ${USAGE}) as n;
      set session_replication_role = origin;
    `);
    await rollUpUsage(client);
    const { rows } = await client.query(
      `select * from private.compare_usage('${COMPANY}', '-infinity', 'infinity')`,
    );
    if (rows.length > 0) {
      throw new Error('the roll-up is not the ledger');
    }
    await client.query('vacuum analyze');
  },
};
