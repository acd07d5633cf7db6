import type { Contest, Run, Suite } from '../../scripts/lib/bench/types.ts';

const COMPANIES = 1000;
const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const HOT = 1;
const NEARLY_SPENT = 2;
const NAIVE = 3;
const LONG = 4;
const SHORT = 5;
const HISTORY = 500_000;
const NAIVE_HISTORY = 20_000;

/** A company in a script: one, or any of them. */
const fixed = (n: number): { set: string; company: string } => ({
  set: '',
  company: `'${id(n)}'::uuid`,
});
const any = {
  set: `\\set n random(1, ${COMPANIES})\n`,
  company: `('00000000-0000-4000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid`,
};
type Where = typeof any;

const bare = ({ set, company }: Where): Run => ({
  name: 'bare insert into api_usage',
  script: `${set}insert into public.api_usage (company_id, service, agent_id, description, cost_micro_usd, model, input_tokens, output_tokens, budget_month) values (${company}, 'chat.completions', ${company}, 'bench', 100, 'gpt', 10, 20, date_trunc('month', now())::date);`,
});

const log = (
  { set, company }: Where,
  goal?: number,
  name = 'log, with an idempotency key',
): Run => ({
  name,
  script: `${set}select public.log_api_usage_and_update_budget(${company}, 'chat.completions', ${company}, 'bench', 0.0001, idempotency_key => private.uuid_v7()::text, model => 'gpt', input_tokens => 10, output_tokens => 20);`,
  ...(goal === undefined ? {} : { goal }),
});

/** A batch as a client sends it: one text, whose keys differ from pass to pass. */
const batch = (n: number, size: number, goal?: number): Run => {
  const events = Array.from({ length: size }, (_, index) => ({
    service: 'chat.completions',
    agent_id: id(n),
    description: 'bench',
    cost: 0.0001,
    idempotency_key: `TIMETIME-TIME-7${index.toString(16).padStart(3, '0')}-8000-SEEDSEEDSEED`,
    model: 'gpt',
    input_tokens: 10,
    output_tokens: 20,
  }));
  return {
    name: `log, ${size} events in a call`,
    events: size,
    script: `select count(*) from public.log_api_usage_batch('${id(n)}', (select replace(replace('${JSON.stringify(events).replaceAll(':', ': ')}', 'TIMETIME-TIME', left(k, 8) || '-' || substr(k, 9, 4)), 'SEEDSEEDSEED', substr(md5(random()::text), 1, 12))::jsonb from (select replace(private.uuid_v7()::text, '-', '') as k) as x));`,
    ...(goal === undefined ? {} : { goal }),
  };
};

const twoCalls = ({ set, company }: Where, goal?: number): Run => ({
  name: 'reserve and settle, two calls',
  script: `${set}select reservation_id as r from public.check_budget_before_usage(${company}, ${company}, 0.0002, 'chat.completions') \\gset
select public.log_api_usage_and_update_budget(${company}, 'chat.completions', ${company}, 'bench', 0.0001, reservation_id => :r, model => 'gpt', input_tokens => 10, output_tokens => 20);`,
  ...(goal === undefined ? {} : { goal }),
});

/** Three reservations fill the budget, so most are refused; who gets one gives it back. */
const nearlySpent = (goal: number): Run => ({
  name: 'reserve when nearly all is spent',
  script: `select allowed::int as ok, coalesce(reservation_id, '${id(0)}') as r from public.check_budget_before_usage('${id(NEARLY_SPENT)}', null, 0.3, 'chat.completions') \\gset
\\if :ok
select public.release_budget_reservation('${id(NEARLY_SPENT)}', :r);
\\endif`,
  goal,
});

const naive = (how: 'sum' | 'row'): Run => ({
  name: how === 'sum' ? 'naive: sum of the month (overspends)' : 'naive: one counter row',
  script: `select bench.log_by_${how}('${id(NAIVE)}');`,
});

const contests: Contest[] = [
  {
    id: 'hot-1',
    title: 'One busy company, 1 session',
    clients: 1,
    reference: bare(fixed(HOT)),
    runs: [log(fixed(HOT)), twoCalls(fixed(HOT)), naive('row'), naive('sum')],
  },
  {
    id: 'hot-8',
    title: 'One busy company, 8 sessions',
    clients: 8,
    reference: bare(fixed(HOT)),
    runs: [
      log(fixed(HOT), 0.7),
      twoCalls(fixed(HOT), 0.35),
      nearlySpent(0.3),
      naive('row'),
      naive('sum'),
    ],
  },
  {
    id: 'hot-32',
    title: 'One busy company, 32 sessions',
    clients: 32,
    reference: bare(fixed(HOT)),
    runs: [log(fixed(HOT), 0.65), twoCalls(fixed(HOT)), nearlySpent(0.3), naive('row')],
  },
  {
    id: 'batch-1',
    title: 'A batch against single calls, 1 session',
    clients: 1,
    reference: log(fixed(HOT)),
    runs: [batch(HOT, 100), batch(HOT, 1000, 20)],
  },
  {
    id: 'batch-8',
    title: 'Batches, 8 sessions',
    clients: 8,
    reference: bare(fixed(HOT)),
    runs: [batch(HOT, 100, 5), batch(HOT, 1000)],
  },
  {
    id: 'many-8',
    title: `${COMPANIES} companies, 8 sessions`,
    clients: 8,
    reference: bare(any),
    runs: [log(any, 0.8), twoCalls(any)],
  },
  {
    id: 'many-32',
    title: `${COMPANIES} companies, 32 sessions`,
    clients: 32,
    reference: bare(any),
    runs: [log(any), twoCalls(any)],
  },
  {
    id: 'history',
    title: `A month that holds ${HISTORY.toLocaleString('en')} calls, against an empty one`,
    clients: 1,
    reference: log(fixed(SHORT), undefined, 'log into an empty month'),
    runs: [log(fixed(LONG), 0.87, 'log into a full month')],
  },
];

export const budgets: Suite = {
  name: 'budgets',
  title: 'Budgets',
  about: `
Usage logged by service_role in prepared mode, with durable commits, against a bare insert into \`api_usage\` of the same
shape. Every company has a monthly limit and its agent has one of its own, so that each call is counted twice; alerts are
armed. The naive designs beside it insert the same row and keep the books as most applications do.
`,
  contests,
  async prepare(client) {
    await client.query(`
      insert into public.companies (id, slug, name, contact_email)
      select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'c-' || n, 'C' || n, 'a@b.example'
        from generate_series(1, ${COMPANIES}) as n;
      insert into public.company_plans (company_id, plan_tier, monthly_limit_usd)
      select id, 'custom', case when id = '${id(NEARLY_SPENT)}' then 1 else 10000000 end from public.companies;
      insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd)
      select id, id, 'A', 'openai', 'gpt', 1000000000000 from public.companies;
      select private.open_budget_month(id) from public.companies;

      insert into public.api_usage (company_id, occurred_at, service, agent_id, description, cost_micro_usd, budget_month)
      select c.id, date_trunc('month', now()) + random() * (now() - date_trunc('month', now())), 'chat.completions', c.id,
             'bench', 100, date_trunc('month', now())::date
        from (values ('${id(LONG)}'::uuid, ${HISTORY}), ('${id(NAIVE)}', ${NAIVE_HISTORY})) as c (id, calls)
       cross join lateral generate_series(1, c.calls);

      create schema bench;
      grant usage on schema bench to service_role;
      create table bench.counters (company_id uuid primary key, spent bigint not null, bound bigint not null)
        with (fillfactor = 50);
      insert into bench.counters values ('${id(NAIVE)}', 0, 10000000000000);
      create function bench.insert_usage(p_company_id uuid) returns void
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $fn$
      begin
        insert into public.api_usage (company_id, service, agent_id, description, cost_micro_usd, model, input_tokens,
                                      output_tokens, budget_month)
        values (p_company_id, 'chat.completions', p_company_id, 'bench', 100, 'gpt', 10, 20,
                date_trunc('month', now())::date);
      end $fn$;
      create function bench.log_by_sum(p_company_id uuid) returns boolean
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $fn$
      begin
        if (select coalesce(sum(u.cost_micro_usd), 0) + 100 from public.api_usage as u
             where u.company_id = p_company_id and u.occurred_at >= date_trunc('month', now())) > 10000000000000 then
          return false;
        end if;
        perform bench.insert_usage(p_company_id);
        return true;
      end $fn$;
      create function bench.log_by_row(p_company_id uuid) returns boolean
      language plpgsql security definer set search_path = pg_catalog, pg_temp as $fn$
      begin
        update bench.counters as c set spent = c.spent + 100
         where c.company_id = p_company_id and c.spent + 100 <= c.bound;
        if not found then
          return false;
        end if;
        perform bench.insert_usage(p_company_id);
        return true;
      end $fn$;
      grant execute on all functions in schema bench to service_role;
    `);
    await client.query('vacuum analyze');
  },
};
