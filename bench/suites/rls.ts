import type pg from 'pg';
import type { ApiRequest, Contest, Run, ScaleName, Suite } from '../../scripts/lib/bench/types.ts';

interface Size {
  /** RLS_COMPANIES for another number, from 100. */
  readonly companies: number;
  /** Rows of api_usage; a fifth as many jobs. RLS_USAGE_ROWS for another number. */
  readonly usage: number;
}
const SIZES: Record<ScaleName, Size> = {
  small: { companies: 1000, usage: 500_000 },
  full: { companies: 10_000, usage: 10_000_000 },
};
const MONTHS = 12;
/** A statement is given up after so many seconds; only the policies that we compare with need that. */
const PATIENCE = 15;

const hex = (n: number): string => n.toString(16).padStart(12, '0');
const company = (n: number): string => `00000000-0000-4000-8000-${hex(n)}`;
const member = (n: number): string => `00000000-0000-4000-9000-${hex(n)}`;
const ADMIN = member(0xffffff);
/** The biggest, with a twentieth of all rows; one of the smallest; two twins, of which one is strict; one to delete jobs of. */
const BIG = 1;
const SMALL = 99;
const PLAIN = 2;
const STRICT = 3;
const SPENT = 4;
const TWIN_SHARE = 0.01;

const claims = (user: string, role: string, more: object = {}): string =>
  JSON.stringify({ sub: user, role, ...more });
const asMember = (n: number, more: Record<string, string> = {}): Record<string, string> => ({
  role: 'authenticated',
  'request.jwt.claims': claims(member(n), 'authenticated', { company_id: company(n) }),
  ...more,
});
const settings = {
  member: asMember(BIG),
  admin: { role: 'platform_admin', 'request.jwt.claims': claims(ADMIN, 'platform_admin') },
};

const rowId = "lpad(to_hex(:n::bigint), 12, '0')";
const job = `('00000000-0000-4000-a000-' || ${rowId})::uuid`;
const fresh = `(select ('00000000-0000-4000-a000-' || lpad(to_hex(nextval('bench.job')), 12, '0'))::uuid)`;

interface Statement {
  readonly id: string;
  readonly title: string;
  readonly goal: number;
  /** `{own}` is where somebody would write the condition by hand: the word it follows or leads, and the table's alias. */
  readonly sql: (own: (alias: string, word: 'where' | 'and') => string) => string;
  /** Whose rows; the biggest company's unless told. */
  readonly of?: number;
}

const POINT = 1.25;
const LONGER = 1.05;
const thisMonth = `u.occurred_at >= date_trunc('month', now()) and u.occurred_at < date_trunc('month', now()) + interval '1 month'`;
const random = '\\set n random(1, 900)\n';

const reads: readonly Statement[] = [
  {
    id: 'point-read',
    title: 'One row by its key',
    goal: POINT,
    sql: (own) => `${random}select * from public.jobs as j where j.id = ${job} ${own('j', 'and')};`,
  },
  {
    id: 'latest-50',
    title: 'The latest 50',
    goal: POINT,
    sql: (own) =>
      `select * from public.api_usage as u ${own('u', 'where')} order by u.occurred_at desc limit 50;`,
  },
  {
    id: 'count',
    title: 'How many of a big company',
    goal: LONGER,
    sql: (own) => `select count(*) from public.api_usage as u ${own('u', 'where')};`,
  },
  {
    id: 'month-sum',
    title: 'What this month cost, by service',
    goal: LONGER,
    sql: (own) =>
      `select u.service, sum(u.cost_micro_usd) from public.api_usage as u where ${thisMonth} ${own('u', 'and')} group by 1;`,
  },
  {
    id: 'join',
    title: 'Two tables joined: jobs a service',
    goal: LONGER,
    sql: (own) =>
      `select s.name, count(*) from public.jobs as j join public.services as s on s.company_id = j.company_id and s.id = j.service_id where j.status = 'running' ${own('j', 'and')} ${own('s', 'and')} group by 1;`,
  },
];
const smallCount: Statement = {
  id: 'small-count',
  of: SMALL,
  title: 'How many of a small company',
  goal: POINT,
  sql: (own) => `select count(*) from public.jobs as j ${own('j', 'where')};`,
};
const insertOf = (rows: number): string =>
  `insert into public.jobs (company_id, kind, service_id) select '${company(BIG)}', 'bench.insert', '00000000-0000-4000-b000-000000000001' from generate_series(1, ${rows});`;
const writes: readonly Statement[] = [
  { id: 'insert-1', title: 'One row inserted', goal: POINT, sql: () => insertOf(1) },
  {
    id: 'insert-1000',
    title: '1,000 rows inserted in one statement',
    goal: LONGER,
    sql: () => insertOf(1000),
  },
  {
    id: 'update',
    title: 'One row changed by its key',
    goal: POINT,
    sql: (own) =>
      `${random}update public.jobs as j set priority = 1 - j.priority where j.id = ${job} ${own('j', 'and')};`,
  },
  {
    id: 'delete',
    title: 'One row deleted by its key',
    goal: POINT,
    of: SPENT,
    sql: (own) => `delete from public.jobs as j where j.id = ${fresh} ${own('j', 'and')};`,
  },
];

type Condition = Parameters<Statement['sql']>[0];
const byHand =
  (n: number): Condition =>
  (alias: string, word: 'where' | 'and'): string =>
    `${word} ${alias}.company_id = '${company(n)}'`;
const nothing: Condition = () => '';

/** What a member writes is right with no condition: the policy is one. */
const asMembers = (statement: Statement, n = statement.of ?? BIG): Contest => ({
  id: statement.id,
  title: `${statement.title}, as a member`,
  clients: 1,
  shows: 'time',
  reference: { name: 'by hand, without row level security', script: statement.sql(byHand(n)) },
  runs: [
    {
      name: 'as shipped',
      script: statement.sql(nothing),
      settings: asMember(n),
      goal: statement.goal,
    },
    {
      name: 'as shipped, and the condition too',
      script: statement.sql(byHand(n)),
      settings: asMember(n),
      goal: statement.goal,
    },
    {
      name: 'naive: exists (…) or is admin',
      script: statement.sql(nothing),
      settings: { ...asMember(n), role: 'bench_naive' },
      patience: PATIENCE,
    },
    {
      name: 'a function of the row: has_role(company_id)',
      script: statement.sql(nothing),
      settings: { ...asMember(n), role: 'bench_per_row' },
      patience: PATIENCE,
    },
  ],
});
/** An operator sees all companies: the condition is there for both, or for none. */
const asAdmins = (statement: Statement, condition: Condition): Contest => ({
  id: `admin-${statement.id}`,
  title: `${statement.title}, as an operator`,
  clients: 1,
  shows: 'time',
  reference: { name: 'without row level security', script: statement.sql(condition) },
  runs: [
    {
      name: 'as shipped',
      script: statement.sql(condition),
      settings: settings.admin,
      goal: statement.goal,
    },
  ],
});

const freshSession = {
  aal: 'aal2',
  iat: 4_000_000_000,
  amr: [{ method: 'totp', timestamp: 4_000_000_000 }],
};
const underRules = (statement: Statement): Contest => ({
  id: `rules-${statement.id}`,
  title: `${statement.title}, with address control, session rules and a second factor`,
  clients: 1,
  shows: 'time',
  reference: {
    name: 'a company of the same size without',
    script: statement.sql(nothing),
    settings: asMember(PLAIN),
  },
  runs: [
    {
      name: 'with all rules on',
      script: statement.sql(nothing),
      settings: asMember(STRICT, {
        'request.jwt.claims': claims(member(STRICT), 'authenticated', {
          company_id: company(STRICT),
          ...freshSession,
        }),
        'request.headers': '{"x-forwarded-for":"192.0.2.7"}',
      }),
      goal: 1.15,
    },
  ],
});

const gate: Contest = {
  id: 'gate',
  title: 'The gate alone, a thousand times in a statement',
  clients: 1,
  shows: 'time',
  reference: {
    name: 'a PL/pgSQL function that does nothing',
    script: `select count(bench.nothing(n::text)) from generate_series(1, 1000) as n;`,
    settings: settings.member,
    events: 1000,
  },
  runs: [
    ['company_for()', settings.member],
    [
      'company_for(), company by header',
      asMember(BIG, { 'request.headers': `{"x-company-id":"${company(BIG)}"}` }),
    ],
    [
      'company_for(), company by default',
      { ...settings.member, 'request.jwt.claims': claims(member(BIG), 'authenticated') },
    ],
  ].map(
    ([name, own]): Run => ({
      name: name as string,
      script: `select count(private.company_for(case when n > 0 then 'jobs.read' end)) from generate_series(1, 1000) as n;`,
      settings: own as Record<string, string>,
      events: 1000,
    }),
  ),
};

const token = {
  member: JSON.parse(settings.member['request.jwt.claims'] ?? ''),
  service: { role: 'service_role' },
  admin: JSON.parse(settings.admin['request.jwt.claims']),
};
const overApi = (
  id: string,
  title: string,
  request: (own: string) => Omit<ApiRequest, 'claims'>,
): Contest => ({
  id: `api-${id}`,
  title: `${title}, through PostgREST`,
  clients: 1,
  shows: 'time',
  reference: {
    name: 'service_role with a filter by hand',
    script: { ...request(`&company_id=eq.${company(BIG)}`), claims: token.service },
  },
  runs: [
    { name: 'a member', script: { ...request(''), claims: token.member }, goal: POINT },
    {
      name: 'an operator, with the filter',
      script: { ...request(`&company_id=eq.${company(BIG)}`), claims: token.admin },
      goal: POINT,
    },
  ],
});

/** Rows of a company by its number: one has a twentieth, twins a hundredth each, a tenth have ten, the rest by Zipf. */
const weights = ({ companies, usage }: Size): string => `
  select n, case
           when n = ${BIG} then ${usage} * 0.05
           when n in (${PLAIN}, ${STRICT}) then ${usage} * ${TWIN_SHARE}
           when n > ${companies} * 0.9 or n = ${SMALL} then 10
           else greatest(10, ${usage} * ${0.95 - 2 * TWIN_SHARE} * n ^ -0.8 / sum(case when n > 3 then n ^ -0.8 end) over ())
         end::integer as rows
    from generate_series(1, ${companies}) as n`;

async function prepare(client: pg.Client, scale: ScaleName): Promise<void> {
  const size = {
    ...SIZES[scale],
    ...(process.env.RLS_COMPANIES ? { companies: Number(process.env.RLS_COMPANIES) } : {}),
    ...(process.env.RLS_USAGE_ROWS ? { usage: Number(process.env.RLS_USAGE_ROWS) } : {}),
  };
  await client.query(`
    create schema bench;
    create table bench.size as ${weights(size)};
    -- Bulk loading: no triggers.
    set session_replication_role = replica;
    insert into public.companies (id, slug, name, contact_email)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'c-' || n, 'C' || n, 'a@b.example' from bench.size;
    insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, monthly_price_usd)
    select id, 'enterprise', 2000, 2000 from public.companies;
    insert into auth.users (id, email)
    select ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@b.example' from bench.size;
    insert into public.users (company_id, id, email, full_name, role, effective_permissions)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, n || '@b.example', 'U', 'client',
           private.permissions_with('client', '{}', '{}') from bench.size;
    insert into public.services (company_id, id, code, name)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           ('00000000-0000-4000-b000-' || lpad(to_hex(s), 12, '0'))::uuid, 's' || s, 'S' || s
      from bench.size cross join generate_series(1, 20) as s;
    insert into public.jobs (company_id, id, kind, service_id, status, created_at, started_at)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
           ('00000000-0000-4000-a000-' || lpad(to_hex(k), 12, '0'))::uuid, 'bench.job',
           ('00000000-0000-4000-b000-' || lpad(to_hex(1 + k % 20), 12, '0'))::uuid,
           case when k % 50 = 0 then 'running' else 'queued' end, now() - k * interval '1 minute', now()
      from bench.size cross join generate_series(1, case n when ${SPENT} then ${size.usage} / 20 else greatest(10, rows / 5) end) as k;
    set session_replication_role = origin;
    insert into public.companies (slug, name, contact_email, is_operator) values ('operator', 'Operator', 'a@b.example', true);
    insert into auth.users (id, email) values ('${ADMIN}', 'admin@b.example');
    insert into public.users (company_id, id, email, full_name, role)
    select id, '${ADMIN}', 'admin@b.example', 'Admin', 'admin' from public.companies where is_operator;
    insert into public.ip_allowlist_entries (company_id, network, label) values ('${company(STRICT)}', '192.0.2.0/24', 'office');
    insert into public.security_policies (
      company_id, version, required_aal, session_max_age_seconds, session_idle_seconds, is_ip_allowlist_enabled, is_active)
    values ('${company(STRICT)}', 1, 'aal2', 86400, 3600, true, true);
    select private.create_month_partition('api_usage', (date_trunc('month', now()) - make_interval(months => m))::date)
      from generate_series(1, ${MONTHS}) as m;
  `);
  // As they came: in the order of time, whosever they are.
  await client.query(`
    set session_replication_role = replica;
    set work_mem = '256MB';
    insert into public.api_usage (company_id, id, occurred_at, service, units, cost_micro_usd)
    select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), at, 's' || k % 4, 1, (k::bigint * 7919) % 20000
      from (
        select n, k, now() - interval '1 day' * ${MONTHS - 1} * 30 * ((k + random()) / (rows + 1)) as at
          from bench.size cross join generate_series(1, rows) as k
      ) as x
     order by at;
    set session_replication_role = origin;
    reset work_mem;
  `);
  await client.query(`
    create sequence bench.job;
    create function bench.nothing(p_permission text) returns uuid language plpgsql stable as $$ begin return null; end $$;
    -- The policies that one finds in tutorials, for roles of their own on the same tables.
    create function bench.has_role(p_company_id uuid) returns boolean
    language sql stable security definer set search_path = '' as $$
      select exists (
        select from public.users as u where u.id = auth.uid() and u.company_id = p_company_id and u.status = 'active')
    $$;
    create role bench_naive;
    create role bench_per_row;
    grant bench_naive, bench_per_row to postgres;
    grant usage on schema bench to public;
    grant usage on sequence bench.job to public;
    grant usage on schema public, private, auth to bench_naive, bench_per_row;
    grant execute on all functions in schema private, auth to bench_naive, bench_per_row;
    grant select on public.users to bench_naive;
    grant select, insert, update, delete on public.jobs, public.services, public.api_usage to bench_naive, bench_per_row;
    create policy naive on public.users for select to bench_naive using (id = auth.uid());
    do $$
    declare
      v_table text;
    begin
      foreach v_table in array '{jobs,services,api_usage}'::text[] loop
        execute format('create policy naive on public.%1$I to bench_naive using (
          exists (select from public.users as u where u.id = auth.uid() and u.company_id = %1$I.company_id)
          or exists (select from public.users as u where u.id = auth.uid() and u.role = ''admin''))', v_table);
        execute format('create policy per_row on public.%1$I to bench_per_row using (bench.has_role(company_id))', v_table);
      end loop;
    end
    $$;
  `);
  await client.query('vacuum analyze');
}

export const rls: Suite = {
  name: 'rls',
  title: 'Row level security',
  about: `
What isolation costs. Each statement as a member, with no condition of its own, against the same statement with
\`company_id = …\` written by hand and no row level security; as an operator against none; in prepared mode, warm. A ratio
is how many times as long it takes. Full: ${SIZES.full.companies.toLocaleString('en')} companies, ${SIZES.full.usage.toLocaleString('en')} rows of api_usage over ${MONTHS} months, a fifth as many jobs. One
company has a twentieth of all rows (the member is of that one, unless it says small), a tenth of them have ten, the others' sizes follow Zipf's law.
Grey for comparison, on the same tables: \`exists (select … from users …) or exists (… admin)\`, and a policy that calls a function
with the row's company. These are measured once and given up after ${PATIENCE} s. The goals: 1.05 for what takes more than 0.3 ms,
1.25 for less, 1.15 more with all rules on, 30 µs for the gate.
`,
  contests: [
    gate,
    ...[...reads, ...writes].map((statement) => asMembers(statement)),
    asMembers(smallCount),
    ...reads.map((statement) =>
      asAdmins(statement, statement.id === 'point-read' ? byHand(BIG) : nothing),
    ),
    ...writes.map((statement) => asAdmins(statement, byHand(statement.of ?? BIG))),
    ...[reads[0], reads[1], writes[2]].flatMap((statement) =>
      statement ? [underRules(statement)] : [],
    ),
    overApi('point-read', 'One row by its key', (own) => ({
      path: `/jobs?id=eq.00000000-0000-4000-a000-${hex(7)}${own}`,
    })),
    overApi('latest-50', 'The latest 50', (own) => ({
      path: `/api_usage?order=occurred_at.desc&limit=50${own}`,
    })),
    overApi('insert-1', 'One row inserted', () => ({
      path: '/jobs',
      method: 'POST',
      body: { company_id: company(BIG), kind: 'bench.api' },
    })),
  ],
  rounds: { small: { rounds: 3, seconds: 1 }, full: { rounds: 5, seconds: 1 } },
  prepare,
};
