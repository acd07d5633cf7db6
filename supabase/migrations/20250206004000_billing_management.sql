-- migrate:up
-- Billing for operators: what companies have bought, what that comes to a month, who is behind with paying, and changes of
-- plan and limit; and a company's own for its members. What Stripe says goes before what the plan says.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.billing_overview') is null then
    create type public.billing_overview as (
      company_id uuid,
      slug text,
      name text,
      status text,
      plan_tier text,
      monthly_limit_usd numeric,
      payment_limit_usd numeric,
      enforcement text,
      monthly_price_usd numeric,
      plan_started_at timestamptz,
      recurring_minor bigint,
      recurring_currency text,
      recurring_source text,
      stripe_customer_id text,
      subscription_status text,
      payment_status text,
      payment_stage text,
      past_due_since timestamptz,
      grace_ends_at timestamptz,
      suspends_at timestamptz,
      trial_ends_at timestamptz,
      cancel_at_period_end boolean,
      current_period_ends_at timestamptz,
      stripe_synced_at timestamptz,
      stripe_error text,
      page_key text
    );
  end if;
  if to_regtype('public.billing_total') is null then
    create type public.billing_total as (
      plan_tier text,
      currency text,
      companies bigint,
      recurring_minor bigint,
      stripe_recurring_minor bigint,
      past_due_companies bigint,
      past_due_minor bigint,
      unpriced_companies bigint
    );
  end if;
end
$do$;

-- What companies pay a month: by a subscription that runs, as Stripe has it; without one, an active company's plan in US
-- dollars; nothing for trials, subscriptions that have ended or are not paid any more, and the operator company.
create or replace function private.billing_rows(p_company_id uuid) returns setof public.billing_overview
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set jit = off
as $fn$
begin
  return query
  select c.id, c.slug, c.name, c.status, p.plan_tier, round(p.monthly_limit_usd, 6), round(p.payment_limit_usd, 6), p.enforcement,
         round(p.monthly_price_usd, 6), p.started_at,
         case when c.is_operator or c.status = 'closed' then 0
              when a.subscription_status in ('active', 'past_due') then a.monthly_amount_minor
              when a.subscription_status is null and c.status = 'active' then coalesce(round(p.monthly_price_usd * 100)::bigint, 0)
              else 0 end,
         case when a.subscription_status is not null then coalesce(a.currency, 'USD') else 'USD' end,
         case when a.subscription_status is not null then 'stripe' when p.monthly_price_usd is not null then 'plan' end,
         c.stripe_customer_id, a.subscription_status, coalesce(a.payment_status, 'ok'), coalesce(a.payment_stage, 'ok'), a.past_due_since,
         a.grace_ends_at, a.suspends_at, a.trial_ends_at, coalesce(a.cancel_at_period_end, false), a.current_period_ends_at,
         a.synced_at, a.last_error, concat_ws(' ', c.id, lower(c.name))
    from public.companies as c
    left join public.company_plans as p on p.company_id = c.id and p.is_active
    left join public.billing_accounts as a on a.company_id = c.id
   where p_company_id is null or c.id = p_company_id;
end
$fn$;
revoke execute on function private.billing_rows(uuid) from public;

create or replace function private.billing_overview(
  p_payment_status text, p_plan_tier text, p_search text, p_after text, p_max_rows integer
) returns setof public.billing_overview
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key text[];
begin
  perform private.require_operator();
  if p_after is not null then
    v_key := regexp_match(p_after, '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) (.*)$');
  end if;
  if p_max_rows is null or p_max_rows not between 1 and 200 or (p_after is null) <> (v_key is null) then
    raise exception 'max_rows must be 1 to 200, and after a page_key'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give page_key of the last row as after, with the rest of the request unchanged.';
  end if;
  return query
  select b.* from private.billing_rows(null) as b
   where (p_payment_status is null or b.payment_status = p_payment_status)
     and (p_plan_tier is null or b.plan_tier = p_plan_tier)
     and (p_search is null or strpos(lower(concat_ws(' ', b.name, b.slug, b.stripe_customer_id)), lower(p_search)) > 0)
     and (v_key is null or (lower(b.name), b.company_id) > (v_key[2], v_key[1]::uuid))
   order by lower(b.name), b.company_id
   limit p_max_rows;
end
$fn$;
revoke execute on function private.billing_overview(text, text, text, text, integer) from public;
grant execute on function private.billing_overview(text, text, text, text, integer) to platform_admin, service_role;

create or replace function private.billing_totals() returns setof public.billing_total
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  return query
  select coalesce(b.plan_tier, 'none'), b.recurring_currency, count(*), sum(b.recurring_minor)::bigint,
         coalesce(sum(b.recurring_minor) filter (where b.recurring_source = 'stripe'), 0)::bigint,
         count(*) filter (where b.payment_status <> 'ok'),
         coalesce(sum(b.recurring_minor) filter (where b.payment_status <> 'ok'), 0)::bigint,
         count(*) filter (where b.recurring_source is null)
    from private.billing_rows(null) as b
   where b.status <> 'closed'
     and not exists (select from public.companies as c where c.id = b.company_id and c.is_operator)
   group by 1, 2
   order by array_position('{starter,professional,enterprise,custom,none}', coalesce(b.plan_tier, 'none')), 2;
end
$fn$;
revoke execute on function private.billing_totals() from public;
grant execute on function private.billing_totals() to platform_admin, service_role;

create or replace function private.my_billing() returns setof public.billing_overview
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.company_for('billing.read');
  v_row public.billing_overview;
begin
  perform private.require_company(v_company, 'billing.read');
  for v_row in select * from private.billing_rows(v_company) loop
    -- Errors of the platform are not the company's.
    v_row.stripe_error := null;
    v_row.page_key := null;
    return next v_row;
  end loop;
end
$fn$;
revoke execute on function private.my_billing() from public;
grant execute on function private.my_billing() to authenticated;

-- A new plan takes the place of the one in force, and the month that runs gets its limit at once: see
-- tg_company_plans__set_defaults() and apply_plan(). What is left out stays as it is, unless the tier changes: then it is the new
-- tier's. A limit that was cut for an overdue payment stays cut, and Stripe's subscription stays the company's.
create or replace function private.change_company_plan(
  p_company_id uuid, p_plan_tier text, p_monthly_limit_usd numeric, p_monthly_price_usd numeric, p_enforcement text, p_features jsonb,
  p_reason text, p_plan_id uuid
) returns public.company_plans
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_id constant uuid := coalesce(p_plan_id, gen_random_uuid());
  v_old public.company_plans;
  v_new public.company_plans;
  v_status text;
  v_keeps boolean;
begin
  perform private.require_operator();
  if p_reason is null or p_reason !~ '\S' or length(p_reason) > 1000 then
    raise exception 'a change of plan needs a reason of 1 to 1000 characters'
      using errcode = '22023',
            detail = 'invalid_plan',
            hint = 'Say why the plan changes; it is kept in the company''s audit log.';
  end if;
  -- Of two changes at once one is the later.
  perform from public.companies as c where c.id = p_company_id for no key update;
  select c.status into v_status from public.companies as c where c.id = p_company_id;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  elsif v_status = 'closed' then
    raise exception 'the company is closed'
      using errcode = 'PT410',
            detail = 'company_closed',
            hint = 'A closed company has no plan any more.';
  end if;
  select * into v_new from public.company_plans as p where p.company_id = p_company_id and p.id = v_id;
  if found then
    if v_new.plan_tier = coalesce(p_plan_tier, v_new.plan_tier)
       and v_new.monthly_limit_usd = coalesce(p_monthly_limit_usd, v_new.monthly_limit_usd)
       and coalesce(p_monthly_price_usd, v_new.monthly_price_usd) is not distinct from v_new.monthly_price_usd
       and v_new.enforcement = coalesce(p_enforcement, v_new.enforcement)
       and v_new.features = coalesce(p_features, v_new.features)
    then
      return v_new;
    end if;
    raise exception 'plan % was made for something else', v_id
      using errcode = 'PT422',
            detail = 'plan_reused',
            hint = 'A retry repeats the request as it was; another request takes another plan_id.';
  end if;
  select * into v_old from public.company_plans as p where p.company_id = p_company_id and p.is_active;
  v_keeps := coalesce(p_plan_tier, v_old.plan_tier) = v_old.plan_tier;
  if coalesce(p_plan_tier, v_old.plan_tier) is null
     or coalesce(p_plan_tier, '') not in ('', 'starter', 'professional', 'enterprise', 'custom')
     or coalesce(p_enforcement, 'hard') not in ('hard', 'soft')
     or not coalesce(p_monthly_limit_usd between 0 and 99999999, true)
     or not coalesce(p_monthly_price_usd between 0 and 10000000, true)
     or jsonb_typeof(p_features) <> 'object'
  then
    raise exception 'there is no such plan'
      using errcode = '22023',
            detail = 'invalid_plan',
            hint = 'plan_tier is starter, professional, enterprise or custom; monthly_limit_usd is 0 to 99999999 and monthly_price_usd 0 to 10000000 US dollars; enforcement is hard or soft; features is an object.';
  end if;
  insert into public.company_plans (
    company_id, id, plan_tier, monthly_limit_usd, payment_limit_usd, monthly_price_usd, enforcement, features,
    stripe_subscription_id, stripe_price_id)
  values (
    p_company_id, v_id, coalesce(p_plan_tier, v_old.plan_tier),
    coalesce(p_monthly_limit_usd, case when v_keeps then v_old.monthly_limit_usd end), v_old.payment_limit_usd,
    coalesce(p_monthly_price_usd, case when v_keeps then v_old.monthly_price_usd end),
    coalesce(p_enforcement, v_old.enforcement, 'hard'), coalesce(p_features, case when v_keeps then v_old.features end, '{}'),
    v_old.stripe_subscription_id, case when v_keeps then v_old.stripe_price_id end)
  returning * into v_new;
  perform private.write_audit(p_company_id, 'plan.changed', 'company_plans', v_new.id, jsonb_build_object(
    'reason', p_reason,
    'plan_tier', jsonb_build_object('old', v_old.plan_tier, 'new', v_new.plan_tier),
    'monthly_limit_usd', jsonb_build_object('old', v_old.monthly_limit_usd, 'new', v_new.monthly_limit_usd),
    'monthly_price_usd', jsonb_build_object('old', v_old.monthly_price_usd, 'new', v_new.monthly_price_usd),
    'enforcement', jsonb_build_object('old', v_old.enforcement, 'new', v_new.enforcement)));
  return v_new;
end
$fn$;
revoke execute on function private.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) from public;
grant execute on function private.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) to platform_admin, service_role;

create or replace function public.billing_overview(
  payment_status text default null, plan_tier text default null, search text default null, after text default null, max_rows integer default 50
) returns setof public.billing_overview
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.billing_overview(payment_status, plan_tier, search, after, max_rows);
end
$fn$;
revoke execute on function public.billing_overview(text, text, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.billing_overview(text, text, text, text, integer) to platform_admin, service_role;

create or replace function public.billing_totals() returns setof public.billing_total
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.billing_totals();
end
$fn$;
revoke execute on function public.billing_totals() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.billing_totals() to platform_admin, service_role;

create or replace function public.my_billing() returns setof public.billing_overview
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.my_billing();
end
$fn$;
revoke execute on function public.my_billing() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.my_billing() to authenticated;

create or replace function public.change_company_plan(
  company_id uuid, plan_tier text default null, monthly_limit_usd numeric default null, monthly_price_usd numeric default null,
  enforcement text default null, features jsonb default null, reason text default null, plan_id uuid default null
) returns public.company_plans
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.change_company_plan(
    company_id, plan_tier, monthly_limit_usd, monthly_price_usd, enforcement, features, reason, plan_id);
end
$fn$;
revoke execute on function public.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) to platform_admin, service_role;

comment on type public.billing_overview is 'Answer of billing_overview() and my_billing(). recurring_minor in minor units of recurring_currency, such as cents.';
comment on type public.billing_total is 'Answer of billing_totals(). Amounts in minor units of currency, such as cents.';
comment on function private.billing_rows(uuid) is 'The rows of billing_overview() and my_billing(), of one company or all (null). The caller has checked who asks.';
comment on function private.billing_overview(text, text, text, text, integer) is 'Implementation of public.billing_overview().';
comment on function private.billing_totals() is 'Implementation of public.billing_totals().';
comment on function private.my_billing() is 'Implementation of public.my_billing().';
comment on function private.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) is 'Implementation of public.change_company_plan().';
comment on function public.billing_overview(text, text, text, text, integer) is
  'Plans and payments of all companies, filtered by payment_status (ok, past_due, unpaid), plan_tier and search (part of name, slug or Stripe customer, case ignored), sorted by name and id; at most max_rows (1 to 200); for the next page give page_key of the last row as after. recurring_minor is what the company pays a month: by its subscription at Stripe while that is active or past_due (recurring_source stripe), without one the price of an active company''s plan (plan). Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_page.';
comment on function public.billing_totals() is
  'Monthly recurring revenue by tier and currency: companies (closed ones and the operator left out), what they pay a month, how much of it by Stripe, how much of it is overdue, and how many have neither a subscription nor a price. Operators and service_role. Errors: 42501 not_an_operator.';
comment on function public.my_billing() is
  'billing_overview() of the caller''s active company; stripe_error and page_key are null. Members holding billing.read. Errors: 42501 not_your_company.';
comment on function public.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid) is
  'Gives a company another plan: tier, limit (US dollars a month), price, enforcement (hard, soft), features; what is left out stays, or with another tier is that tier''s (custom: state the limit). In force at once, also for the month that runs: a limit below what is spent refuses the next call. The plan before stays as history, the change with its reason is in the company''s audit log (plan.changed). Where a subscription at Stripe decides the plan, the next synchronisation brings Stripe''s back: change it there. A client that may retry chooses plan_id. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_plan; 23502 plan_limit_required; PT404 unknown_company; PT410 company_closed; PT422 plan_reused.';

-- migrate:down
