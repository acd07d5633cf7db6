-- migrate:up
-- What operators see of companies: all of them with how they are, and one in detail; and the same of their own company for
-- members. One query for all that are asked for: what it costs follows the number of companies, not what they did.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('private.company_health') is null then
    create type private.company_health as (
      company_id uuid,
      members bigint,
      members_without_mfa bigint,
      plan_tier text,
      enforcement text,
      features jsonb,
      plan_started_at timestamptz,
      monthly_price_usd numeric,
      budget_month date,
      period_ends_at timestamptz,
      limit_micro_usd bigint,
      spent_micro_usd bigint,
      reserved_micro_usd bigint,
      spent_percent numeric,
      subscription_status text,
      payment_status text,
      past_due_since timestamptz,
      grace_ends_at timestamptz,
      current_period_ends_at timestamptz,
      stripe_status text,
      stripe_synced_at timestamptz,
      stripe_error text,
      requests_open bigint,
      requests_overdue bigint,
      retention_failures bigint,
      flags text[]
    );
  end if;
  if to_regtype('public.company_overview') is null then
    create type public.company_overview as (
      company_id uuid,
      slug text,
      name text,
      status text,
      is_operator boolean,
      created_at timestamptz,
      members bigint,
      plan_tier text,
      limit_usd numeric,
      spent_usd numeric,
      spent_percent numeric,
      payment_status text,
      last_activity_at timestamptz,
      flags text[],
      page_key text
    );
  end if;
  if to_regtype('public.company_details') is null then
    create type public.company_details as (
      company_id uuid,
      slug text,
      name text,
      status text,
      status_reason text,
      time_zone text,
      contact_name text,
      contact_email text,
      created_at timestamptz,
      suspended_at timestamptz,
      closed_at timestamptz,
      members bigint,
      members_without_mfa bigint,
      plan_tier text,
      enforcement text,
      features jsonb,
      plan_started_at timestamptz,
      monthly_price_usd numeric,
      budget_month date,
      period_ends_at timestamptz,
      limit_usd numeric,
      spent_usd numeric,
      reserved_usd numeric,
      spent_percent numeric,
      stripe_status text,
      stripe_customer_id text,
      subscription_status text,
      payment_status text,
      past_due_since timestamptz,
      grace_ends_at timestamptz,
      current_period_ends_at timestamptz,
      stripe_synced_at timestamptz,
      stripe_error text,
      requests_open bigint,
      requests_overdue bigint,
      retention_failures bigint,
      last_activity_at timestamptz,
      flags text[]
    );
  end if;
end
$do$;

-- Active members without a verified second factor, company by company. Nothing where Auth's table cannot be read.
create or replace function private.members_without_mfa(p_company_ids uuid[]) returns table (company_id uuid, members bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_factors constant regclass := to_regclass('auth.mfa_factors');
begin
  if v_factors is null or not has_table_privilege(v_factors, 'select') then
    return;
  end if;
  for company_id, members in execute format(
    'select u.company_id, count(*) filter (where not exists (
              select from %s as f where f.user_id = u.id and f.status = ''verified''))
       from public.users as u
      where u.company_id = any ($1) and u.status = ''active''
      group by u.company_id', v_factors) using p_company_ids
  loop
    return next;
  end loop;
end
$fn$;
revoke execute on function private.members_without_mfa(uuid[]) from public;

-- How companies are, and what somebody should look at. Budgets to the call, counters of busy ones included; holds that
-- have expired are still in reserved_micro_usd until they are given back (budget_status() leaves them out).
create or replace function private.company_health(p_company_ids uuid[]) returns setof private.company_health
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set jit = off
as $fn$
begin
  return query
  with facts as (
    select c.id, c.status, c.stripe_customer_id, coalesce(m.members, 0) as members, f.members as members_without_mfa,
           p.plan_tier, coalesce(p.enforcement, 'hard') as enforcement, p.features, p.started_at, p.monthly_price_usd,
           coalesce(b.month, date_trunc('month', clock_timestamp() at time zone c.time_zone)::date) as month,
           coalesce(b.ends_at, (date_trunc('month', clock_timestamp() at time zone c.time_zone) + interval '1 month') at time zone c.time_zone) as ends_at,
           coalesce(b.limit_micro_usd, (least(p.monthly_limit_usd, p.payment_limit_usd) * 1000000)::bigint, 0) as limit_micro_usd,
           coalesce(b.spent_micro_usd + b.adjusted_micro_usd, 0) + coalesce(s.spent, 0) as spent,
           coalesce(b.reserved_micro_usd, 0) + coalesce(s.reserved, 0) as reserved,
           a.subscription_status, coalesce(a.payment_status, 'ok') as payment_status, a.past_due_since, a.grace_ends_at,
           a.current_period_ends_at, a.synced_at, a.last_error,
           coalesce(r.open, 0) as requests_open, coalesce(r.overdue, 0) as requests_overdue, coalesce(l.failures, 0) as failures
      from public.companies as c
      left join (
        select u.company_id, count(*) as members from public.users as u
         where u.company_id = any (p_company_ids) and u.status = 'active' group by 1
      ) as m on m.company_id = c.id
      left join private.members_without_mfa(p_company_ids) as f on f.company_id = c.id
      left join public.company_plans as p on p.company_id = c.id and p.is_active
      left join public.budget_periods as b
        on b.company_id = c.id and b.scope = 'company' and b.status = 'open'
       and b.starts_at <= clock_timestamp() and b.ends_at > clock_timestamp()
      left join (
        select x.company_id, x.budget_period_id, sum(x.spent)::bigint as spent, sum(x.reserved)::bigint as reserved
          from private.budget_stripes as x where x.company_id = any (p_company_ids) group by 1, 2
      ) as s on s.company_id = c.id and s.budget_period_id = b.id
      left join public.billing_accounts as a on a.company_id = c.id
      left join (
        select q.company_id, count(*) as open, count(*) filter (where q.due_at <= now()) as overdue
          from public.compliance_requests as q
         where q.company_id = any (p_company_ids) and q.status in ('received', 'identity_check', 'in_progress') group by 1
      ) as r on r.company_id = c.id
      left join (
        select g.company_id, count(*) as failures from public.data_retention_logs as g
         where g.company_id = any (p_company_ids) and g.status = 'failed' and g.started_at > now() - interval '7 days' group by 1
      ) as l on l.company_id = c.id
     where c.id = any (p_company_ids)
  )
  select x.id, x.members, x.members_without_mfa, x.plan_tier, x.enforcement, x.features, x.started_at, x.monthly_price_usd,
         x.month, x.ends_at, x.limit_micro_usd, x.spent, x.reserved,
         case when x.limit_micro_usd > 0 then round(x.spent * 100.0 / x.limit_micro_usd, 2) end,
         x.subscription_status, x.payment_status, x.past_due_since, x.grace_ends_at, x.current_period_ends_at,
         case when x.last_error is not null then 'failing'
              when x.stripe_customer_id is null then 'not_connected'
              else 'connected' end,
         x.synced_at, x.last_error, x.requests_open, x.requests_overdue, x.failures,
         array_remove(array[
           case when x.status not in ('active', 'closed') then x.status end,
           case when x.plan_tier is null then 'no_plan' end,
           case when x.members = 0 then 'no_members' end,
           case when x.spent > x.limit_micro_usd or x.spent = x.limit_micro_usd and x.spent > 0 then 'over_limit'
                when x.spent * 100 >= x.limit_micro_usd * 80::numeric and x.spent > 0 then 'near_limit' end,
           case when x.payment_status <> 'ok' then 'past_due' end,
           case when x.last_error is not null then 'stripe_failing' end,
           case when x.requests_overdue > 0 then 'requests_overdue' end,
           case when x.members_without_mfa > 0 then 'members_without_mfa' end,
           case when x.failures > 0 then 'retention_failing' end], null)
    from facts as x;
end
$fn$;
revoke execute on function private.company_health(uuid[]) from public;

-- The last usage, or the last that a person did that the audit log knows; null if there is none.
create or replace function private.last_activity(p_company_id uuid) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
  -- Whoever asks for many companies plans anew, but not this.
  set plan_cache_mode = force_generic_plan
as $fn$
begin
  return nullif(greatest((
      select d.last_at from private.usage_daily as d
       where d.company_id = p_company_id and d.dimension = 'all' order by d.day desc limit 1), (
      select max(t.last_at) from private.usage_deltas as t where t.company_id = p_company_id), (
      select l.created_at from public.audit_logs as l
       where l.company_id = p_company_id and l.actor_id is not null and l.action <> 'companies.viewed' order by l.created_at desc limit 1)),
    '-infinity');
end
$fn$;
revoke execute on function private.last_activity(uuid) from public;

-- Sorted by one column and then by id, so that pages neither overlap nor leave anybody out. Where the column stands in
-- the table itself and no flag is asked for, only a page of companies is looked at.
create or replace function private.company_overview(
  p_status text, p_plan_tier text, p_flag text, p_search text, p_sort_by text, p_is_descending boolean, p_after text, p_max_rows integer
) returns setof public.company_overview
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set jit = off
as $fn$
declare
  v_sign constant integer := case when p_is_descending then -1 else 1 end;
  v_is_cheap constant boolean := p_flag is null and p_sort_by in ('name', 'created_at');
  v_key text[];
  v_ids uuid[];
begin
  perform private.require_operator();
  if (p_sort_by in ('name', 'created_at', 'members', 'spent_usd', 'spent_percent', 'last_activity_at')
      and p_is_descending is not null and p_max_rows between 1 and 200
      and (p_flag is null or p_flag in ('suspended', 'no_plan', 'no_members', 'near_limit', 'over_limit', 'past_due',
             'stripe_failing', 'requests_overdue', 'members_without_mfa', 'retention_failing'))) is not true
  then
    raise exception 'there is no such overview'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'sort_by is name, created_at, members, spent_usd, spent_percent or last_activity_at; flag is suspended, no_plan, no_members, near_limit, over_limit, past_due, stripe_failing, requests_overdue, members_without_mfa or retention_failing; max_rows is 1 to 200.';
  end if;
  if p_after is not null then
    v_key := regexp_match(p_after, '^(-?[0-9]{1,20}(?:\.[0-9]{1,20})?) ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) (.*)$');
    if v_key is null then
      raise exception 'this is no page_key'
        using errcode = '22023',
              detail = 'invalid_page',
              hint = 'Give page_key of the last row as after, with the rest of the request unchanged.';
    end if;
  end if;
  v_ids := array(
    select k.id
      from (
        select c.id, case p_sort_by when 'created_at' then extract(epoch from c.created_at) else 0 end as n,
               case p_sort_by when 'name' then lower(c.name) else '' end as t
          from public.companies as c
          left join public.company_plans as p on p.company_id = c.id and p.is_active
         where (p_status is null or c.status = p_status)
           and (p_plan_tier is null or p.plan_tier = p_plan_tier)
           and (p_search is null or strpos(lower(concat_ws(' ', c.name, c.slug, c.legal_name, c.contact_email)), lower(p_search)) > 0)
      ) as k
     where not v_is_cheap or v_key is null
        or case when p_is_descending then (k.n, k.t, k.id) < (v_key[1]::numeric, v_key[3], v_key[2]::uuid)
                else (k.n, k.t, k.id) > (v_key[1]::numeric, v_key[3], v_key[2]::uuid) end
     order by v_sign * k.n, case when not p_is_descending then k.t end, case when p_is_descending then k.t end desc,
              case when not p_is_descending then k.id end, case when p_is_descending then k.id end desc
     limit case when v_is_cheap then p_max_rows end);
  return query
  with keyed as (
    select h.*, c.slug, c.name, c.status, c.is_operator, c.created_at,
           case p_sort_by
             when 'created_at' then extract(epoch from c.created_at)
             when 'members' then h.members
             when 'spent_usd' then h.spent_micro_usd
             when 'spent_percent' then coalesce(h.spent_percent, -1)
             when 'last_activity_at' then coalesce(extract(epoch from private.last_activity(c.id)), 0)
             else 0
           end as n,
           case p_sort_by when 'name' then lower(c.name) else '' end as t
      from private.company_health(v_ids) as h
      join public.companies as c on c.id = h.company_id
     where p_flag is null or p_flag = any (h.flags)
  ), page as (
    select k.*, row_number() over (
             order by v_sign * k.n, case when not p_is_descending then k.t end, case when p_is_descending then k.t end desc,
                      case when not p_is_descending then k.company_id end, case when p_is_descending then k.company_id end desc) as place
      from keyed as k
     where v_key is null
        or case when p_is_descending then (k.n, k.t, k.company_id) < (v_key[1]::numeric, v_key[3], v_key[2]::uuid)
                else (k.n, k.t, k.company_id) > (v_key[1]::numeric, v_key[3], v_key[2]::uuid) end
     order by place
     limit p_max_rows
  )
  select x.company_id, x.slug, x.name, x.status, x.is_operator, x.created_at, x.members, x.plan_tier,
         round(x.limit_micro_usd / 1000000.0, 6), round(x.spent_micro_usd / 1000000.0, 6), x.spent_percent, x.payment_status,
         private.last_activity(x.company_id), x.flags, concat_ws(' ', x.n, x.company_id, x.t)
    from page as x
   order by x.place;
end
$fn$;
revoke execute on function private.company_overview(text, text, text, text, text, boolean, text, integer) from public;
grant execute on function private.company_overview(text, text, text, text, text, boolean, text, integer) to platform_admin, service_role;

create or replace function private.company_details_of(p_company_id uuid) returns public.company_details
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select (c.id, c.slug, c.name, c.status, c.status_reason, c.time_zone, c.contact_name, c.contact_email, c.created_at,
            c.suspended_at, c.closed_at, h.members, h.members_without_mfa, h.plan_tier, h.enforcement, h.features,
            h.plan_started_at, h.monthly_price_usd, h.budget_month, h.period_ends_at, round(h.limit_micro_usd / 1000000.0, 6),
            round(h.spent_micro_usd / 1000000.0, 6), round(h.reserved_micro_usd / 1000000.0, 6), h.spent_percent,
            h.stripe_status, c.stripe_customer_id, h.subscription_status, h.payment_status, h.past_due_since, h.grace_ends_at,
            h.current_period_ends_at, h.stripe_synced_at, h.stripe_error, h.requests_open, h.requests_overdue,
            h.retention_failures, private.last_activity(c.id), h.flags)::public.company_details
      from private.company_health(array[p_company_id]) as h
      join public.companies as c on c.id = h.company_id);
end
$fn$;
revoke execute on function private.company_details_of(uuid) from public;

-- An operator who looks at a company is in its audit log, once an hour.
create or replace function private.company_details(p_company_id uuid) returns public.company_details
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_details public.company_details;
begin
  perform private.require_operator();
  v_details := private.company_details_of(p_company_id);
  if v_details.company_id is null then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  if current_setting('role', true) = 'platform_admin' and not exists (
    select from public.audit_logs as l
     where l.company_id = p_company_id and l.created_at > now() - interval '1 hour' and l.action = 'companies.viewed'
       and l.actor_id = private.actor_id())
  then
    perform private.write_audit(p_company_id, 'companies.viewed', 'companies', p_company_id, '{}');
  end if;
  return v_details;
end
$fn$;
revoke execute on function private.company_details(uuid) from public;
grant execute on function private.company_details(uuid) to platform_admin, service_role;

-- A member sees of it what the permissions are for that they hold; the rest is null.
create or replace function private.my_company() returns public.company_details
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.company_for('company.read');
  v_details public.company_details;
begin
  perform private.require_company(v_company, 'company.read');
  v_details := private.company_details_of(v_company);
  -- Operators' remarks and errors of the platform are not the company's.
  v_details.flags := null;
  v_details.stripe_error := null;
  if private.company_for('users.read') is distinct from v_company then
    v_details.members := null;
    v_details.members_without_mfa := null;
  end if;
  if private.company_for('usage.read') is distinct from v_company then
    v_details.budget_month := null;
    v_details.period_ends_at := null;
    v_details.limit_usd := null;
    v_details.spent_usd := null;
    v_details.reserved_usd := null;
    v_details.spent_percent := null;
  end if;
  if private.company_for('billing.read') is distinct from v_company then
    v_details.plan_tier := null;
    v_details.enforcement := null;
    v_details.features := null;
    v_details.plan_started_at := null;
    v_details.monthly_price_usd := null;
    v_details.stripe_status := null;
    v_details.stripe_customer_id := null;
    v_details.subscription_status := null;
    v_details.payment_status := null;
    v_details.past_due_since := null;
    v_details.grace_ends_at := null;
    v_details.current_period_ends_at := null;
    v_details.stripe_synced_at := null;
  end if;
  if private.company_for('compliance.read') is distinct from v_company then
    v_details.requests_open := null;
    v_details.requests_overdue := null;
    v_details.retention_failures := null;
  end if;
  if private.company_for('audit.read') is distinct from v_company then
    v_details.last_activity_at := null;
  end if;
  return v_details;
end
$fn$;
revoke execute on function private.my_company() from public;
grant execute on function private.my_company() to authenticated;

create or replace function public.company_overview(
  status text default null, plan_tier text default null, flag text default null, search text default null,
  sort_by text default 'name', is_descending boolean default false, after text default null, max_rows integer default 50
) returns setof public.company_overview
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.company_overview(status, plan_tier, flag, search, sort_by, is_descending, after, max_rows);
end
$fn$;
revoke execute on function public.company_overview(text, text, text, text, text, boolean, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.company_overview(text, text, text, text, text, boolean, text, integer) to platform_admin, service_role;

create or replace function public.company_details(company_id uuid) returns public.company_details
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.company_details(company_id);
end
$fn$;
revoke execute on function public.company_details(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.company_details(uuid) to platform_admin, service_role;

create or replace function public.my_company() returns public.company_details
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.my_company();
end
$fn$;
revoke execute on function public.my_company() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.my_company() to authenticated;

comment on type private.company_health is 'Answer of private.company_health(). Amounts in millionths of a US dollar where they say so.';
comment on type public.company_overview is 'Answer of company_overview(). Amounts in US dollars, of the running month.';
comment on type public.company_details is 'Answer of company_details() and my_company(). Amounts in US dollars, of the running month.';
comment on function private.members_without_mfa(uuid[]) is 'Active members of companies that have no verified second factor; no rows where auth.mfa_factors cannot be read.';
comment on function private.company_health(uuid[]) is 'How companies are: members, plan, budget, payments, requests, retention, and flags for what somebody should look at.';
comment on function private.last_activity(uuid) is 'When a company was last active: by its usage, or by a person in its audit log; null if never.';
comment on function private.company_overview(text, text, text, text, text, boolean, text, integer) is 'Implementation of public.company_overview().';
comment on function private.company_details_of(uuid) is 'The row of company_details() and my_company(); nulls if there is no such company. The caller has checked who asks.';
comment on function private.company_details(uuid) is 'Implementation of public.company_details().';
comment on function private.my_company() is 'Implementation of public.my_company().';
comment on function public.company_overview(text, text, text, text, text, boolean, text, integer) is
  'Companies with how they are, filtered by status, plan_tier, flag (suspended and other states that are neither active nor closed, no_plan, no_members, near_limit from 80 percent, over_limit, past_due, stripe_failing, requests_overdue, members_without_mfa, retention_failing within 7 days) and search (part of name, slug, legal name or contact address, case ignored); sorted by sort_by (name, created_at, members, spent_usd, spent_percent, last_activity_at) and then by id; at most max_rows (1 to 200). For the next page give page_key of the last row as after. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_page.';
comment on function public.company_details(uuid) is
  'A company in detail: plan and limits, the running month to the call, stripe_status (not_connected, connected, failing), requests and flags. search_audit_log() pages through its activity, budget_status() shows its agents'' and services'' budgets. That an operator looked is an entry of the company''s audit log (companies.viewed, once an hour each), so call it by POST. Operators and service_role. Errors: 42501 not_an_operator; PT404 unknown_company.';
comment on function public.my_company() is
  'company_details() of the caller''s active company. What takes a permission that they do not hold is null: users.read (members), usage.read (month), billing.read (plan, payments), compliance.read (requests, retention), audit.read (last_activity_at); flags and stripe_error are for operators. Members holding company.read. Errors: 42501 not_your_company.';

-- migrate:down
