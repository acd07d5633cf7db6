-- migrate:up
-- The months of a budget: opened by the first who needs one, kept in step with plan, limits, alerts and time zone, and
-- closed when they are over. Nothing waits for a job: a job only closes.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- A company without an active plan may spend nothing.
create or replace function private.plan_limit(
  p_company_id uuid, out limit_micro_usd bigint, out enforcement text, out alert_percents integer[]
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select coalesce((least(p.monthly_limit_usd, p.payment_limit_usd) * 1000000)::bigint, 0), coalesce(p.enforcement, 'hard'),
         coalesce(k.budget_alert_percents, '{50,80,100}')
    into limit_micro_usd, enforcement, alert_percents
    from (select p_company_id as id) as c
    left join public.company_plans as p on p.company_id = c.id and p.is_active
    left join public.company_config as k on k.company_id = c.id;
end
$fn$;
revoke execute on function private.plan_limit(uuid) from public;

-- What the ledger says of a budget: the truth that the counters are compared with.
create or replace function private.ledger_total(
  p_company_id uuid, p_month date, p_starts_at timestamptz, p_ends_at timestamptz, p_agent_id uuid, p_service text
) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- Two branches rather than "agent_id = p_agent_id or p_agent_id is null": each finds its own index.
  if p_agent_id is not null then
    return (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.agent_id = p_agent_id
         and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
      + (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.agent_id = p_agent_id
         and u.is_out_of_month);
  end if;
  if p_service is not null then
    return (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.service = p_service
         and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
      + (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.service = p_service
         and u.is_out_of_month);
  end if;
  return (
    select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
     where u.company_id = p_company_id and u.budget_month = p_month
       and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
    + (
    select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
     where u.company_id = p_company_id and u.budget_month = p_month and u.is_out_of_month);
end
$fn$;
revoke execute on function private.ledger_total(uuid, date, timestamptz, timestamptz, uuid, text) from public;

-- Notes in the company's budget how many agents and services are limited beside it, so that nobody looks for limits where
-- there are none. The caller has locked it.
create or replace function private.count_limits(p_company_id uuid, p_period_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  update public.budget_periods as p
     set (agent_limit_count, service_limit_count) = (
           select count(*) filter (where x.scope = 'agent'), count(*) filter (where x.scope = 'service')
             from public.budget_periods as x
            where x.company_id = p_company_id and x.month = p.month and x.status = 'open')
   where p.company_id = p_company_id and p.id = p_period_id;
end
$fn$;
revoke execute on function private.count_limits(uuid, uuid) from public;

-- Opens the month of this instant, with what is limited in it. Whoever opens a month, changes a plan or a limit or moves
-- a company to another time zone locks the company first: what one of them does, the next one sees.
create or replace function private.open_budget_month(p_company_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_zone text;
  v_last public.budget_periods;
  v_plan record;
  v_month date;
  v_starts_at timestamptz;
  v_ends_at timestamptz;
  v_id uuid;
begin
  perform from public.companies as c where c.id = p_company_id for no key update;
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  if not found then
    return;
  end if;
  select * into v_last from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.starts_at <= v_now
   order by p.month desc
   limit 1;
  if v_last.ends_at > v_now then
    return;
  end if;
  v_month := greatest(
    date_trunc('month', v_now at time zone v_zone)::date, (v_last.month + interval '1 month')::date);
  -- Months follow each other without gap or overlap, also when the time zone has changed in between.
  v_starts_at := case when v_month = (v_last.month + interval '1 month')::date then v_last.ends_at
                      else greatest(v_month::timestamp at time zone v_zone, v_last.ends_at) end;
  -- Nor does it reach into a month that somebody brought in beforehand.
  v_ends_at := least((v_month + interval '1 month') at time zone v_zone, (
    select min(p.starts_at) from public.budget_periods as p
     where p.company_id = p_company_id and p.scope = 'company' and p.starts_at > v_now));
  select * into v_plan from private.plan_limit(p_company_id);
  insert into public.budget_periods (
    company_id, month, starts_at, ends_at, limit_micro_usd, enforcement, alert_percents)
  values (
    p_company_id, v_month, v_starts_at, v_ends_at, v_plan.limit_micro_usd, v_plan.enforcement, v_plan.alert_percents)
  on conflict (company_id, month) where scope = 'company' do nothing
  returning id into v_id;
  if v_id is null then
    return;
  end if;
  insert into public.budget_periods (
    company_id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, alert_percents)
  select p_company_id, v_month, l.scope, l.agent_id, l.service, v_starts_at, v_ends_at, l.limit_micro_usd,
         v_plan.alert_percents
    from (
      select 'agent' as scope, a.id as agent_id, null as service, a.monthly_limit_micro_usd as limit_micro_usd
        from public.ai_agents as a
       where a.company_id = p_company_id and a.monthly_limit_micro_usd is not null
      union all
      select 'service', null, l.service, l.monthly_limit_micro_usd
        from public.service_limits as l
       where l.company_id = p_company_id
    ) as l
  on conflict do nothing;
  perform private.count_limits(p_company_id, v_id);
  perform private.raise_budget_alerts(p_company_id, p.id)
    from public.budget_periods as p
   where p.company_id = p_company_id and p.month = v_month;
end
$fn$;
revoke execute on function private.open_budget_month(uuid) from public;

-- A plan or the alerts have changed: it counts from now on, in every month that is not over.
create or replace function private.apply_plan(p_company_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_plan record;
  v_id uuid;
begin
  -- Also locks the company.
  perform private.open_budget_month(p_company_id);
  select * into v_plan from private.plan_limit(p_company_id);
  for v_id in
    select p.id from public.budget_periods as p
     where p.company_id = p_company_id and p.status = 'open' and p.ends_at > clock_timestamp()
       and (p.alert_percents <> v_plan.alert_percents
            or p.scope = 'company'
               and (p.limit_micro_usd, p.enforcement) <> (v_plan.limit_micro_usd, v_plan.enforcement))
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    perform private.lock_budget(p_company_id, v_id);
    -- Settings may have changed while we waited.
    select * into v_plan from private.plan_limit(p_company_id);
    update public.budget_periods as p
       set limit_micro_usd = case when p.scope = 'company' then v_plan.limit_micro_usd else p.limit_micro_usd end,
           enforcement = case when p.scope = 'company' then v_plan.enforcement else p.enforcement end,
           alert_percents = v_plan.alert_percents
     where p.company_id = p_company_id and p.id = v_id;
    perform private.raise_budget_alerts(p_company_id, v_id);
  end loop;
end
$fn$;
revoke execute on function private.apply_plan(uuid) from public;

-- A limit of an agent or a service was set, changed or lifted (null). The company's budget is locked first: whoever is
-- at it knows nothing of the new limit and has finished, so that the ledger tells all that counts towards it.
create or replace function private.apply_limit(
  p_company_id uuid, p_agent_id uuid, p_service text, p_limit_micro_usd bigint
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_month public.budget_periods;
  v_id uuid;
  v_status text;
  v_spent bigint;
  v_held bigint;
begin
  perform private.open_budget_month(p_company_id);
  select * into v_month from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
     and p.starts_at <= clock_timestamp() and p.ends_at > clock_timestamp();
  if not found then
    return;
  end if;
  v_month := private.lock_budget(p_company_id, v_month.id);
  select p.id, p.status into v_id, v_status from public.budget_periods as p
   where p.company_id = p_company_id and p.month = v_month.month
     and (p.agent_id = p_agent_id or p.service = p_service);
  if v_id is not null then
    perform private.lock_budget(p_company_id, v_id);
  elsif p_limit_micro_usd is null then
    return;
  end if;
  if p_limit_micro_usd is null then
    delete from private.budget_stripes as s where s.company_id = p_company_id and s.budget_period_id = v_id;
    update public.budget_periods as p
       set status = 'closed', closed_at = now(), stripe_count = 0, contention = 0
     where p.company_id = p_company_id and p.id = v_id and p.status = 'open';
  elsif v_status = 'open' then
    update public.budget_periods as p
       set limit_micro_usd = p_limit_micro_usd
     where p.company_id = p_company_id and p.id = v_id;
  else
    v_spent := private.ledger_total(
      p_company_id, v_month.month, v_month.starts_at, v_month.ends_at, p_agent_id, p_service);
    if v_id is null then
      insert into public.budget_periods (
        company_id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, alert_percents, spent_micro_usd)
      values (
        p_company_id, v_month.month, case when p_agent_id is null then 'service' else 'agent' end, p_agent_id, p_service,
        v_month.starts_at, v_month.ends_at, p_limit_micro_usd, v_month.alert_percents, v_spent)
      returning id into v_id;
    else
      -- What was held here when the limit was lifted is held again: whoever settles it gives it back here.
      select coalesce(sum(r.amount_micro_usd), 0) into v_held from private.budget_reservations as r
       where r.company_id = p_company_id and r.held_in <> '{}' and v_id = any (r.held_in);
      update public.budget_periods as p
         set status = 'open', closed_at = null, limit_micro_usd = p_limit_micro_usd, spent_micro_usd = v_spent,
             reserved_micro_usd = v_held
       where p.company_id = p_company_id and p.id = v_id;
    end if;
  end if;
  perform private.raise_budget_alerts(p_company_id, v_id) where p_limit_micro_usd is not null;
  perform private.count_limits(p_company_id, v_month.id);
end
$fn$;
revoke execute on function private.apply_limit(uuid, uuid, text, bigint) from public;

-- The month that runs ends when it ends in the new time zone; if that has passed, in a moment: usage may be dated five
-- minutes ahead, by clocks that are not ours.
create or replace function private.apply_time_zone(p_company_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_zone text;
  v_id uuid;
begin
  perform from public.companies as c where c.id = p_company_id for no key update;
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  for v_id in
    select p.id from public.budget_periods as p
     where p.company_id = p_company_id and p.status = 'open'
       and p.starts_at < clock_timestamp() and p.ends_at > clock_timestamp()
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    perform private.lock_budget(p_company_id, v_id);
    update public.budget_periods as p
       set ends_at = least(
             greatest((p.month + interval '1 month') at time zone v_zone, clock_timestamp() + interval '6 minutes'),
             (select min(x.starts_at) from public.budget_periods as x
               where x.company_id = p_company_id and x.scope = 'company' and x.month > p.month))
     where p.company_id = p_company_id and p.id = v_id;
  end loop;
end
$fn$;
revoke execute on function private.apply_time_zone(uuid) from public;

create or replace function private.tg_company_plans__apply_plan() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_importing() then
    perform private.apply_plan(coalesce(new.company_id, old.company_id));
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_company_plans__apply_plan() from public;

create or replace function private.tg_ai_agents__apply_limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_importing() then
    perform private.apply_limit(new.company_id, new.id, null, new.monthly_limit_micro_usd);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_ai_agents__apply_limit() from public;

create or replace function private.tg_service_limits__apply_limit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return null;
  end if;
  if tg_op <> 'INSERT' and (tg_op = 'DELETE' or new.service <> old.service) then
    perform private.apply_limit(old.company_id, null, old.service, null);
  end if;
  if tg_op <> 'DELETE' then
    perform private.apply_limit(new.company_id, null, new.service, new.monthly_limit_micro_usd);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_service_limits__apply_limit() from public;

create or replace function private.tg_companies__apply_time_zone() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_importing() then
    perform private.apply_time_zone(new.id);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_companies__apply_time_zone() from public;

-- An agent that goes gives back what is held for it.
create or replace function private.tg_ai_agents__release_holds() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reservation private.budget_reservations;
begin
  for v_reservation in
    select r.* from private.budget_reservations as r
     where r.company_id = old.company_id and r.agent_id = old.id and r.held_in <> '{}'
     order by r.id
       for update
  loop
    perform private.release_hold(old.company_id, v_reservation.held_in, v_reservation.amount_micro_usd);
  end loop;
  return old;
end
$fn$;
revoke execute on function private.tg_ai_agents__release_holds() from public;

create or replace trigger release_holds
  before delete on public.ai_agents
  for each row execute function private.tg_ai_agents__release_holds();
create or replace trigger apply_plan
  after insert or delete or update of monthly_limit_usd, payment_limit_usd, enforcement, is_active on public.company_plans
  for each row execute function private.tg_company_plans__apply_plan();
create or replace trigger apply_plan
  after insert or update of budget_alert_percents on public.company_config
  for each row execute function private.tg_company_plans__apply_plan();
create or replace trigger apply_limit_of_new
  after insert on public.ai_agents
  for each row when (new.monthly_limit_micro_usd is not null)
  execute function private.tg_ai_agents__apply_limit();
create or replace trigger apply_limit
  after update of monthly_limit_micro_usd on public.ai_agents
  for each row when (new.monthly_limit_micro_usd is distinct from old.monthly_limit_micro_usd)
  execute function private.tg_ai_agents__apply_limit();
create or replace trigger apply_limit
  after insert or update or delete on public.service_limits
  for each row execute function private.tg_service_limits__apply_limit();
create or replace trigger apply_time_zone
  after update of time_zone on public.companies
  for each row when (new.time_zone is distinct from old.time_zone)
  execute function private.tg_companies__apply_time_zone();

comment on function private.plan_limit(uuid) is 'Limit (micro-dollars), enforcement and alerts that a company''s active plan and settings state, cut while payments are overdue; limit 0 without a plan.';
comment on function private.ledger_total(uuid, date, timestamptz, timestamptz, uuid, text) is
  'Sum of the ledger that is charged to a month, in micro-dollars: of a company, or of one agent or one service.';
comment on function private.count_limits(uuid, uuid) is 'Counts the limits of agents and services in the row of the company.';
comment on function private.open_budget_month(uuid) is
  'Opens a company''s budget for the month of this instant, with those of its limited agents and services. Safe to repeat and to run twice at once.';
comment on function private.apply_plan(uuid) is 'Brings plan and alerts into the months that are not over.';
comment on function private.apply_limit(uuid, uuid, text, bigint) is
  'Brings the limit of an agent or a service into the running month, with what the ledger already counts towards it; null lifts it.';
comment on function private.apply_time_zone(uuid) is 'Moves the end of the running month to where it is in the company''s time zone.';
comment on function private.tg_company_plans__apply_plan() is 'Row trigger: a plan or the alerts count at once.';
comment on function private.tg_ai_agents__release_holds() is 'Row trigger: an agent that is deleted gives back what is held for it.';
comment on function private.tg_ai_agents__apply_limit() is 'Row trigger: an agent''s limit counts at once.';
comment on function private.tg_service_limits__apply_limit() is 'Row trigger: a service''s limit counts at once.';
comment on function private.tg_companies__apply_time_zone() is 'Row trigger: months follow the company''s time zone.';

-- migrate:down
