-- migrate:up
-- Asking whether a company may spend, and recording what it spent. The functions in `public` are the API; those in
-- `private` run as the owner and decide for themselves who may: a member for their active company, the backend for any.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.budget_decision') is null then
    create type public.budget_decision as (
      allowed boolean,
      reason text,
      scope text,
      reservation_id uuid,
      expires_at timestamptz,
      is_over_budget boolean,
      limit_usd numeric,
      spent_usd numeric,
      reserved_usd numeric,
      remaining_usd numeric,
      budget_month date,
      period_ends_at timestamptz
    );
  end if;
  if to_regtype('public.usage_receipt') is null then
    create type public.usage_receipt as (
      usage_id uuid,
      occurred_at timestamptz,
      cost_usd numeric,
      budget_month date,
      is_over_budget boolean,
      is_replayed boolean
    );
  end if;
  if to_regtype('private.spender') is null then
    create type private.spender as (
      company_status text,
      has_agent boolean,
      period_id uuid,
      generation integer,
      stripe_count integer,
      month date,
      starts_at timestamptz,
      ends_at timestamptz,
      is_over boolean,
      agent_period_id uuid,
      agent_generation integer,
      agent_stripe_count integer,
      service_period_id uuid,
      service_generation integer,
      service_stripe_count integer
    );
  end if;
  if to_regtype('private.plain_budgets') is null then
    create type private.plain_budgets as (
      month date,
      period_id uuid,
      generation integer,
      is_striped boolean,
      agent_period_id uuid,
      agent_generation integer,
      is_agent_striped boolean,
      service_period_id uuid,
      service_generation integer,
      is_service_striped boolean
    );
  end if;
end
$do$;

-- Keys of requests that were done, so that a retry is answered with the first result. A key that is a UUID of version 7
-- needs no row: it becomes the id of the usage, and the time in it the time of the usage, so that the ledger's own
-- primary key recognises the retry.
create table if not exists private.usage_keys (
  company_id uuid not null references public.companies (id) on delete cascade,
  idempotency_key text not null,
  usage_id uuid not null,
  occurred_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (company_id, idempotency_key)
);

-- Judged by the role that was set, as in is_importing(); what is common is decided without a look-up.
create or replace function private.is_backend() returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
begin
  if v_role = 'service_role' then
    return true;
  end if;
  if v_role in ('authenticated', 'anon', 'platform_admin') then
    return false;
  end if;
  return coalesce((
    select r.rolbypassrls or r.rolsuper from pg_catalog.pg_roles as r where r.rolname = v_role), false);
end
$fn$;
revoke execute on function private.is_backend() from public;

create or replace function private.require_company(p_company_id uuid, p_permission text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_backend() then
    return;
  end if;
  -- Null is not distinct from null: nobody may be nobody's member.
  if p_company_id is null or p_company_id is distinct from private.company_for(p_permission) then
    raise exception 'that is not your active company, or you do not hold %', p_permission
      using errcode = '42501',
            detail = 'not_your_company',
            hint = 'Call my_companies() for your companies and permissions; header x-company-id chooses among them.';
  end if;
end
$fn$;
revoke execute on function private.require_company(uuid, text) from public;

-- US dollars to whole micro-dollars. What is finer is rounded up: a budget is never understated.
create or replace function private.micro_usd(p_amount numeric, p_what text) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_amount is null or not (p_amount >= 0 and p_amount <= 1000000000) then
    raise exception '% is %, which is no amount', p_what, coalesce(p_amount::text, 'null')
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = format('State %s in US dollars, from 0 to 1000000000.', p_what);
  end if;
  return ceil(p_amount * 1000000)::bigint;
end
$fn$;
revoke execute on function private.micro_usd(numeric, text) from public;

-- Everything that is to be known of a request before it is counted: the company, its agent, the budget of an instant,
-- and those of the agent and the service in the same month. A month that is closed takes nothing any more; what comes
-- late for it is charged to the running month.
create or replace function private.find_spender(p_company_id uuid, p_at timestamptz, p_agent_id uuid, p_service text)
returns private.spender
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_at timestamptz := p_at;
  v_spender private.spender;
begin
  for i in 1 .. 10 loop
    -- What moves to another database is refused by triggers, and not as suspended.
    select case c.status when 'moving' then 'active' else c.status end,
           p_agent_id is null
           or exists (select from public.ai_agents as x where x.company_id = c.id and x.id = p_agent_id),
           p.id, p.generation, p.stripe_count, p.month, p.starts_at, p.ends_at,
           p.spent_micro_usd > p.limit_micro_usd - p.adjusted_micro_usd,
           a.id, a.generation, a.stripe_count,
           s.id, s.generation, s.stripe_count
      into v_spender
      from public.companies as c
      left join public.budget_periods as p
        on p.company_id = c.id and p.scope = 'company' and p.status = 'open' and p.starts_at <= v_at and p.ends_at > v_at
      left join public.budget_periods as a
        on p.agent_limit_count > 0 and a.company_id = c.id and a.scope = 'agent' and a.agent_id = p_agent_id
       and a.month = p.month and a.status = 'open'
      left join public.budget_periods as s
        on p.service_limit_count > 0 and s.company_id = c.id and s.scope = 'service' and s.service = p_service
       and s.month = p.month and s.status = 'open'
     where c.id = p_company_id;
    if v_spender.company_status is null then
      raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
        using errcode = 'PT404',
              detail = 'unknown_company',
              hint = 'Check company_id.';
    end if;
    if v_spender.company_status = 'closed' then
      raise exception 'company % is closed', p_company_id
        using errcode = 'PT410',
              detail = 'company_closed',
              hint = 'Nothing is recorded for a closed company.';
    end if;
    if not v_spender.has_agent then
      raise exception 'the company has no agent %', p_agent_id
        using errcode = 'PT404',
              detail = 'unknown_agent',
              hint = 'Check agent_id, or leave it out.';
    end if;
    if v_spender.period_id is not null then
      return v_spender;
    end if;
    if i > 1 or v_at > clock_timestamp() - interval '1 minute' then
      perform private.open_budget_month(p_company_id);
    end if;
    v_at := clock_timestamp();
  end loop;
  raise exception 'the budget of company % cannot be opened', p_company_id
    using errcode = 'XX000',
          detail = 'budget_unavailable',
          hint = 'Look at budget_periods of the company: months must not overlap.';
end
$fn$;
revoke execute on function private.find_spender(uuid, timestamptz, uuid, text) from public;

create or replace function private.refuse_spending(p_company_id uuid, p_period_id uuid, p_cost bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_period public.budget_periods;
  v_balance record;
begin
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  select * into v_balance from private.budget_balance(p_company_id, p_period_id);
  raise exception '% US dollars are more than what is left of the %budget for %: %',
      to_char(p_cost / 1000000.0, 'FM999999999990.000000'),
      case v_period.scope when 'company' then '' when 'agent' then 'agent''s ' else 'service''s ' end,
      to_char(v_period.month, 'YYYY-MM'), to_char(greatest(v_balance.remaining, 0) / 1000000.0, 'FM999999999990.000000')
    using errcode = 'PT402',
          detail = 'budget_exceeded',
          hint = case v_period.scope
            when 'company' then 'Ask for a higher plan or a soft limit, or wait for the next month. What was reserved before is recorded whatever it costs.'
            when 'agent' then 'Raise monthly_limit_micro_usd of the agent, or wait for the next month.'
            else 'Raise the limit of the service in service_limits, or wait for the next month.'
          end;
end
$fn$;
revoke execute on function private.refuse_spending(uuid, uuid, bigint) from public;

-- What an agent or a service may spend, its budget read again when it has changed meanwhile; closed when its limit was
-- lifted.
create or replace function private.charge_scope(
  p_company_id uuid, p_period_id uuid, p_generation integer, p_stripe_count integer,
  p_spend bigint, p_hold bigint, p_force boolean
) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_outcome text := private.charge_budget(
    p_company_id, p_period_id, p_generation, p_stripe_count, p_spend, p_hold, p_force);
  v_period public.budget_periods;
begin
  while v_outcome = 'stale' loop
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    if v_period.status is distinct from 'open' then
      return 'closed';
    end if;
    v_outcome := private.charge_budget(
      p_company_id, p_period_id, v_period.generation, v_period.stripe_count, p_spend, p_hold, p_force);
  end loop;
  return v_outcome;
end
$fn$;
revoke execute on function private.charge_scope(uuid, uuid, integer, integer, bigint, bigint, boolean) from public;

create or replace function private.release_hold(p_company_id uuid, p_held_in uuid[], p_amount bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_period public.budget_periods;
begin
  for v_period in
    select p.* from unnest(p_held_in) with ordinality as h (id, n)
      join public.budget_periods as p on p.company_id = p_company_id and p.id = h.id
     where p.status = 'open'
     order by h.n
  loop
    perform private.charge_scope(
      p_company_id, v_period.id, v_period.generation, v_period.stripe_count, 0, -p_amount, true);
  end loop;
end
$fn$;
revoke execute on function private.release_hold(uuid, uuid[], bigint) from public;

create or replace function private.require_service(p_service text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_service is null or p_service !~ '\S' or length(p_service) > 120 then
    raise exception 'service must be a name of at most 120 characters'
      using errcode = '22023',
            detail = 'invalid_service',
            hint = 'Name the metered service, such as chat.completions.';
  end if;
end
$fn$;
revoke execute on function private.require_service(text) from public;

create or replace function private.is_usage(
  p_units bigint, p_unit text, p_input_tokens bigint, p_output_tokens bigint, p_metadata jsonb
) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce(p_units, 0) >= 0 and coalesce(p_input_tokens, 0) >= 0 and coalesce(p_output_tokens, 0) >= 0
    and coalesce(p_unit, 'request') ~ '\S'
    and coalesce(jsonb_typeof(p_metadata), 'object') = 'object' and coalesce(pg_column_size(p_metadata), 0) <= 65536;
end
$fn$;
revoke execute on function private.is_usage(bigint, text, bigint, bigint, jsonb) from public;

create or replace function private.require_usage(
  p_units bigint, p_unit text, p_input_tokens bigint, p_output_tokens bigint, p_metadata jsonb
) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_usage(p_units, p_unit, p_input_tokens, p_output_tokens, p_metadata) then
    raise exception 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB'
      using errcode = '22023',
            detail = 'invalid_usage',
            hint = 'Leave out what is not known.';
  end if;
end
$fn$;
revoke execute on function private.require_usage(bigint, text, bigint, bigint, jsonb) from public;

-- Charges a budget if nothing stands in the way: the counter is what the caller knows it to be, and has room.
create or replace function private.charge_plainly(
  p_company_id uuid, p_period_id uuid, p_generation integer, p_is_striped boolean, p_spend bigint, p_hold bigint
) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_is_striped then
    update private.budget_stripes as t
       set spent = t.spent + p_spend, reserved = t.reserved + p_hold
     where t.company_id = p_company_id and t.budget_period_id = p_period_id and t.stripe = pg_backend_pid() % 64
       and t.generation = p_generation
       and t.spent + t.reserved + p_spend + p_hold <= t.granted
       and t.spent + p_spend <= t.watched
       and t.folded_at > clock_timestamp() - interval '1 second';
  else
    update public.budget_periods as p
       set spent_micro_usd = p.spent_micro_usd + p_spend,
           reserved_micro_usd = p.reserved_micro_usd + p_hold,
           updated_at = now()
     where p.company_id = p_company_id and p.id = p_period_id
       and p.generation = p_generation and p.stripe_count = 0 and p.status = 'open'
       and (p.watch_micro_usd is null or p.spent_micro_usd + p_spend < p.watch_micro_usd)
       and p.spent_micro_usd + p.reserved_micro_usd + p_spend + p_hold <= p.limit_micro_usd - p.adjusted_micro_usd;
  end if;
  return found;
end
$fn$;
revoke execute on function private.charge_plainly(uuid, uuid, integer, boolean, bigint, bigint) from public;

-- Charges the budgets of company, agent and service, or ends with LB002. Whoever calls it catches that, so that nothing
-- of it stays, not even the lock on a stripe that was waited for and then had no room: who waits for a central row must
-- not hold a stripe.
create or replace function private.charge_all_plainly(
  p_company_id uuid, p_budgets private.plain_budgets, p_spend bigint, p_hold bigint
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not (
    private.charge_plainly(
      p_company_id, p_budgets.period_id, p_budgets.generation, p_budgets.is_striped, p_spend, p_hold)
    and (p_budgets.agent_period_id is null or private.charge_plainly(
      p_company_id, p_budgets.agent_period_id, p_budgets.agent_generation, p_budgets.is_agent_striped, p_spend, p_hold))
    and (p_budgets.service_period_id is null or private.charge_plainly(
      p_company_id, p_budgets.service_period_id, p_budgets.service_generation, p_budgets.is_service_striped, p_spend,
      p_hold)))
  then
    raise sqlstate 'LB002';
  end if;
end
$fn$;
revoke execute on function private.charge_all_plainly(uuid, private.plain_budgets, bigint, bigint) from public;

-- The common case of a reservation: every counter has room. Nothing is answered, and nothing done, if anything stands
-- in the way; so is every sixteenth call on a quiet budget, to see whether somebody waits for its row.
create or replace function private.reserve_quickly(
  p_company_id uuid, p_agent_id uuid, p_amount bigint, p_service text, p_hold_seconds integer, p_reservation_id uuid
) returns public.budget_decision
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_id constant uuid := coalesce(p_reservation_id, private.uuid_v7());
  v_expires_at constant timestamptz := v_now + make_interval(secs => p_hold_seconds);
  u record;
  v_budgets private.plain_budgets;
begin
  select p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped, p.limit_micro_usd,
         p.adjusted_micro_usd + p.spent_micro_usd as spent, p.reserved_micro_usd + p_amount as reserved, p.ends_at, a.id as agent_period_id, a.generation as agent_generation,
         a.stripe_count > 0 as is_agent_striped, s.id as service_period_id, s.generation as service_generation,
         s.stripe_count > 0 as is_service_striped
    into u
    from public.companies as c
    join public.budget_periods as p
      on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
     and p.starts_at <= v_now and p.ends_at > v_now
    left join public.budget_periods as a
      on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
     and a.month = p.month and a.status = 'open'
    left join public.budget_periods as s
      on p.service_limit_count > 0 and s.company_id = p_company_id and s.scope = 'service' and s.service = p_service
     and s.month = p.month and s.status = 'open'
    left join private.budget_stripes as t
      on p.stripe_count > 0 and t.company_id = p_company_id and t.budget_period_id = p.id
     and t.stripe = pg_backend_pid() % 64
   where c.id = p_company_id and c.status = 'active'
     and case when p.stripe_count > 0 then t.spent + t.reserved + p_amount <= t.granted
              else p.spent_micro_usd + p.reserved_micro_usd + p_amount <= p.limit_micro_usd - p.adjusted_micro_usd
                   and random() >= 0.0625 end
     and (p_agent_id is null
          or a.id is not null
          or exists (select from public.ai_agents as x where x.company_id = p_company_id and x.id = p_agent_id));
  if not found then
    return null;
  end if;
  v_budgets := (
    u.month, u.period_id, u.generation, u.is_striped, u.agent_period_id, u.agent_generation, u.is_agent_striped,
    u.service_period_id, u.service_generation, u.is_service_striped)::private.plain_budgets;
  begin
    insert into private.budget_reservations (
      company_id, id, agent_id, service, amount_micro_usd, held_in, expires_at, created_at, created_by)
    values (
      p_company_id, v_id, p_agent_id, p_service, p_amount,
      array_remove(array[u.period_id, u.agent_period_id, u.service_period_id], null), v_expires_at, v_now,
      private.actor_id())
    on conflict (company_id, id) do nothing;
    if not found then
      return null;
    end if;
    perform private.charge_all_plainly(p_company_id, v_budgets, 0, p_amount);
  exception when sqlstate 'LB002' then
    return null;
  end;
  return (
    true, null, 'company', v_id, v_expires_at, u.limit_micro_usd < u.spent + u.reserved,
    round(u.limit_micro_usd / 1000000.0, 6), round(u.spent / 1000000.0, 6), round(u.reserved / 1000000.0, 6),
    round((u.limit_micro_usd - u.spent - u.reserved) / 1000000.0, 6), u.month, u.ends_at)::public.budget_decision;
end
$fn$;
revoke execute on function private.reserve_quickly(uuid, uuid, bigint, text, integer, uuid) from public;

-- The common case of settling: not more than was held, by the same budgets, in the same month. Nothing is answered, and
-- nothing done, if it is any other.
create or replace function private.settle_quickly(
  p_company_id uuid, p_service text, p_agent_id uuid, p_description text, p_cost bigint, p_reservation_id uuid,
  p_units bigint, p_unit text, p_model text, p_input_tokens bigint, p_output_tokens bigint, p_metadata jsonb,
  p_request_id text
) returns public.usage_receipt
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_id constant uuid := private.uuid_v7();
  u record;
  v_budgets private.plain_budgets;
begin
  begin
    select r.amount_micro_usd, p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped,
           a.id as agent_period_id, a.generation as agent_generation, a.stripe_count > 0 as is_agent_striped,
           s.id as service_period_id, s.generation as service_generation, s.stripe_count > 0 as is_service_striped
      into u
      from private.budget_reservations as r
      join public.companies as c on c.id = p_company_id and c.status <> 'closed'
      join public.budget_periods as p
        on p.company_id = p_company_id and p.id = r.held_in[1] and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= v_now and p.ends_at > v_now
      left join public.budget_periods as a
        on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
       and a.month = p.month and a.status = 'open'
      left join public.budget_periods as s
        on p.service_limit_count > 0 and s.company_id = p_company_id and s.scope = 'service' and s.service = p_service
       and s.month = p.month and s.status = 'open'
     where r.company_id = p_company_id and r.id = p_reservation_id and r.usage_id is null
       and r.amount_micro_usd >= p_cost
       and r.agent_id is not distinct from p_agent_id
       and (r.service is null or r.service = p_service)
       and r.held_in = array_remove(array[p.id, a.id, s.id], null)
       and p.spent_micro_usd <= p.limit_micro_usd - p.adjusted_micro_usd
       and (p.stripe_count > 0 or random() >= 0.0625)
       for update of r;
    if not found then
      return null;
    end if;
    v_budgets := (
      u.month, u.period_id, u.generation, u.is_striped, u.agent_period_id, u.agent_generation, u.is_agent_striped,
      u.service_period_id, u.service_generation, u.is_service_striped)::private.plain_budgets;
    perform private.charge_all_plainly(p_company_id, v_budgets, p_cost, -u.amount_micro_usd);
    update private.budget_reservations as r
       set held_in = '{}', usage_id = v_id, usage_occurred_at = v_now
     where r.company_id = p_company_id and r.id = p_reservation_id;
    insert into public.api_usage (
      company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
      cost_micro_usd, budget_month, request_id, metadata)
    values (
      p_company_id, v_id, v_now, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
      coalesce(p_units, 1), p_input_tokens, p_output_tokens, p_cost, u.month, p_request_id, coalesce(p_metadata, '{}'));
    return (v_id, v_now, round(p_cost / 1000000.0, 6), u.month, false, false)::public.usage_receipt;
  exception when sqlstate 'LB002' or check_violation then
    return null;
  end;
end
$fn$;
revoke execute on function private.settle_quickly(uuid, text, uuid, text, bigint, uuid, bigint, text, text, bigint, bigint, jsonb, text) from public;

create or replace function private.check_budget(
  p_company_id uuid, p_agent_id uuid, p_estimated_cost numeric, p_service text, p_hold_seconds integer,
  p_reservation_id uuid
) returns public.budget_decision
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_amount bigint;
  v_spender private.spender;
  v_reservation private.budget_reservations;
  v_period public.budget_periods;
  v_outcome text;
  v_shown uuid;
  v_id uuid := coalesce(p_reservation_id, private.uuid_v7());
  v_decision public.budget_decision;
begin
  perform private.require_company(p_company_id, 'usage.write');
  -- Nothing is not held: whoever may reserve may settle.
  v_amount := greatest(private.micro_usd(p_estimated_cost, 'estimated_cost'), 1);
  if p_hold_seconds is null or p_hold_seconds not between 1 and 86400 then
    raise exception 'a reservation is held for 1 to 86400 seconds'
      using errcode = '22023',
            detail = 'invalid_hold',
            hint = 'State hold_seconds within these bounds, or leave it out for 15 minutes.';
  end if;
  if p_service is not null then
    perform private.require_service(p_service);
  end if;
  v_decision := private.reserve_quickly(p_company_id, p_agent_id, v_amount, p_service, p_hold_seconds, v_id);
  if v_decision.allowed then
    return v_decision;
  end if;
  v_spender := private.find_spender(p_company_id, clock_timestamp(), p_agent_id, p_service);
  v_shown := v_spender.period_id;
  v_decision.reservation_id := v_id;
  v_decision.expires_at := clock_timestamp() + make_interval(secs => p_hold_seconds);

  -- Most of those who are refused are refused here, without a lock and without a trace; so are those who are refused
  -- after they have waited, since LB003 undoes what they did and lets the next one have the row at once.
  if p_reservation_id is null and v_spender.company_status = 'active'
     and private.lacks_room(p_company_id, v_spender.period_id, v_amount)
  then
    v_decision.reason := 'budget_exceeded';
  else
    begin
      -- The row comes first: of two with the same id, one waits here and then finds what the other got.
      insert into private.budget_reservations (
        company_id, id, agent_id, service, amount_micro_usd, held_in, expires_at, created_at, created_by)
      values (
        p_company_id, v_id, p_agent_id, p_service, v_amount,
        array_remove(array[v_spender.period_id, v_spender.agent_period_id, v_spender.service_period_id], null),
        v_decision.expires_at, clock_timestamp(), private.actor_id())
      on conflict (company_id, id) do nothing;
      if not found then
        select * into v_reservation from private.budget_reservations as r
         where r.company_id = p_company_id and r.id = v_id;
        if (v_reservation.agent_id, v_reservation.service, v_reservation.amount_micro_usd)
           is distinct from (p_agent_id, p_service, v_amount)
        then
          raise exception 'reservation % was made for something else', v_id
            using errcode = 'PT422',
                  detail = 'reservation_reused',
                  hint = 'A retry repeats the request as it was; another request takes another reservation_id.';
        end if;
        if v_reservation.held_in = '{}' or v_reservation.expires_at <= clock_timestamp() then
          raise exception 'reservation % is settled, released or expired', v_id
            using errcode = 'PT422',
                  detail = 'reservation_over',
                  hint = 'Another request takes another reservation_id.';
        end if;
        v_decision.expires_at := v_reservation.expires_at;
      elsif v_spender.company_status <> 'active' then
        v_decision.reason := 'company_suspended';
      else
        loop
          v_outcome := private.charge_budget(
            p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, 0, v_amount, false);
          exit when v_outcome <> 'stale';
          v_spender := private.find_spender(p_company_id, clock_timestamp(), p_agent_id, p_service);
          v_shown := v_spender.period_id;
          update private.budget_reservations as r
             set held_in = array_remove(
                   array[v_spender.period_id, v_spender.agent_period_id, v_spender.service_period_id], null)
           where r.company_id = p_company_id and r.id = v_id;
        end loop;
        if v_outcome = 'refused' then
          v_decision.reason := 'budget_exceeded';
        elsif v_spender.agent_period_id is not null and private.charge_scope(
          p_company_id, v_spender.agent_period_id, v_spender.agent_generation, v_spender.agent_stripe_count,
          0, v_amount, false) = 'refused'
        then
          v_decision.reason := 'agent_budget_exceeded';
          v_shown := v_spender.agent_period_id;
        elsif v_spender.service_period_id is not null and private.charge_scope(
          p_company_id, v_spender.service_period_id, v_spender.service_generation, v_spender.service_stripe_count,
          0, v_amount, false) = 'refused'
        then
          v_decision.reason := 'service_budget_exceeded';
          v_shown := v_spender.service_period_id;
        end if;
      end if;
      if v_decision.reason is not null then
        raise sqlstate 'LB003';
      end if;
    exception when sqlstate 'LB003' then
      null;
    end;
  end if;

  if v_decision.reason is not null then
    v_decision.reservation_id := null;
    v_decision.expires_at := null;
    if v_decision.reason = 'budget_exceeded'
       and not exists (select from public.company_plans as p where p.company_id = p_company_id and p.is_active)
    then
      v_decision.reason := 'no_active_plan';
    end if;
  end if;
  v_decision.allowed := v_decision.reason is null;
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = v_shown;
  v_decision.scope := v_period.scope;
  v_decision.limit_usd := round(v_period.limit_micro_usd / 1000000.0, 6);
  v_decision.budget_month := v_period.month;
  v_decision.period_ends_at := v_period.ends_at;
  select round((b.spent + v_period.adjusted_micro_usd) / 1000000.0, 6), round(b.reserved / 1000000.0, 6),
         round(b.remaining / 1000000.0, 6)
    into v_decision.spent_usd, v_decision.reserved_usd, v_decision.remaining_usd
    from private.budget_balance(p_company_id, v_shown) as b;
  v_decision.is_over_budget := v_decision.remaining_usd < 0;
  return v_decision;
end
$fn$;
revoke execute on function private.check_budget(uuid, uuid, numeric, text, integer, uuid) from public;
grant execute on function private.check_budget(uuid, uuid, numeric, text, integer, uuid) to authenticated, service_role;

create or replace function private.release_reservation(p_company_id uuid, p_reservation_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reservation private.budget_reservations;
begin
  perform private.require_company(p_company_id, 'usage.write');
  select * into v_reservation from private.budget_reservations as r
   where r.company_id = p_company_id and r.id = p_reservation_id
     for update;
  if not found then
    raise exception 'the company has no reservation %', coalesce(p_reservation_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_reservation',
            hint = 'Use the reservation_id that check_budget_before_usage() returned; they are forgotten after 30 days.';
  end if;
  update private.budget_reservations as r
     set held_in = '{}', released_at = coalesce(r.released_at, now())
   where r.company_id = p_company_id and r.id = p_reservation_id and (r.held_in <> '{}' or r.released_at is null);
  perform private.release_hold(p_company_id, v_reservation.held_in, v_reservation.amount_micro_usd);
  return v_reservation.held_in <> '{}';
end
$fn$;
revoke execute on function private.release_reservation(uuid, uuid) from public;
grant execute on function private.release_reservation(uuid, uuid) to authenticated, service_role;

-- Usage that was recorded before: the receipt that the first request got, and the reservation, if there is one that is
-- still open, settled with it.
create or replace function private.replay_usage(
  p_company_id uuid, p_usage_id uuid, p_occurred_at timestamptz, p_service text, p_agent_id uuid, p_cost bigint,
  p_reservation private.budget_reservations
) returns public.usage_receipt
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_usage public.api_usage;
begin
  select * into v_usage from public.api_usage as u
   where u.company_id = p_company_id and u.occurred_at = p_occurred_at and u.id = p_usage_id;
  if found and (v_usage.service, v_usage.agent_id, v_usage.cost_micro_usd) is distinct from (p_service, p_agent_id, p_cost)
  then
    raise exception 'this idempotency key or reservation was used for something else'
      using errcode = 'PT422',
            detail = 'idempotency_key_reused',
            hint = 'A retry repeats the request as it was; another request takes another key.';
  end if;
  if p_reservation.id is not null and p_reservation.usage_id is null then
    update private.budget_reservations as r
       set held_in = '{}', usage_id = p_usage_id, usage_occurred_at = p_occurred_at
     where r.company_id = p_company_id and r.id = p_reservation.id;
    perform private.release_hold(p_company_id, p_reservation.held_in, p_reservation.amount_micro_usd);
  end if;
  return (
    p_usage_id, p_occurred_at, round(p_cost / 1000000.0, 6), v_usage.budget_month, v_usage.is_over_budget, true
  )::public.usage_receipt;
end
$fn$;
revoke execute on function private.replay_usage(uuid, uuid, timestamptz, text, uuid, bigint, private.budget_reservations) from public;

-- Counts usage in the budgets of company, agent and service, in this order. The month may turn out to be another one
-- than was found: the spender that is returned is the one that was charged. p_held_in still hold p_amount for it.
create or replace function private.charge_usage(
  p_company_id uuid, p_charged_at timestamptz, p_agent_id uuid, p_service text, p_cost bigint, p_spender private.spender,
  p_held_in uuid[], p_amount bigint, p_force boolean
) returns private.spender
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_spender private.spender := p_spender;
  v_outcome text;
  v_others uuid[];
  v_is_older boolean;
begin
  -- What another month holds goes back in the order of months, as everybody charges them.
  v_others := array_remove(array_remove(array_remove(
    p_held_in, v_spender.period_id), v_spender.agent_period_id), v_spender.service_period_id);
  if v_others <> '{}' then
    v_is_older := exists (
      select from public.budget_periods as p
       where p.company_id = p_company_id and p.id = v_others[1] and p.month < v_spender.month);
    if v_is_older then
      perform private.release_hold(p_company_id, v_others, p_amount);
    end if;
  end if;
  loop
    v_outcome := private.charge_budget(
      p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, p_cost,
      case when v_spender.period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    exit when v_outcome <> 'stale';
    v_spender := private.find_spender(p_company_id, p_charged_at, p_agent_id, p_service);
  end loop;
  if v_outcome = 'refused' then
    perform private.refuse_spending(p_company_id, v_spender.period_id, p_cost);
  end if;
  v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  if v_spender.agent_period_id is not null then
    v_outcome := private.charge_scope(
      p_company_id, v_spender.agent_period_id, v_spender.agent_generation, v_spender.agent_stripe_count, p_cost,
      case when v_spender.agent_period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.agent_period_id, p_cost);
    end if;
    v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  end if;
  if v_spender.service_period_id is not null then
    v_outcome := private.charge_scope(
      p_company_id, v_spender.service_period_id, v_spender.service_generation, v_spender.service_stripe_count, p_cost,
      case when v_spender.service_period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.service_period_id, p_cost);
    end if;
    v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  end if;
  -- The month may have turned out to be another one meanwhile.
  v_others := array_remove(array_remove(array_remove(
    p_held_in, v_spender.period_id), v_spender.agent_period_id), v_spender.service_period_id);
  if v_others <> '{}' and v_is_older is not true then
    perform private.release_hold(p_company_id, v_others, p_amount);
  end if;
  return v_spender;
end
$fn$;
revoke execute on function private.charge_usage(uuid, timestamptz, uuid, text, bigint, private.spender, uuid[], bigint, boolean) from public;

-- Charges, then writes: settles the reservation, if there is one, and ends with LB001 when the key is used by somebody
-- else at the same moment.
create or replace function private.record_usage(
  p_company_id uuid, p_usage_id uuid, p_occurred_at timestamptz, p_charged_at timestamptz, p_spender private.spender,
  p_reservation private.budget_reservations, p_key text, p_service text, p_agent_id uuid, p_description text,
  p_cost bigint, p_units bigint, p_unit text, p_model text, p_input_tokens bigint, p_output_tokens bigint,
  p_metadata jsonb, p_request_id text
) returns public.usage_receipt
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_spender private.spender;
begin
  if p_reservation.id is not null then
    update private.budget_reservations as r
       set held_in = '{}', usage_id = p_usage_id, usage_occurred_at = p_occurred_at
     where r.company_id = p_company_id and r.id = p_reservation.id;
  end if;
  v_spender := private.charge_usage(
    p_company_id, p_charged_at, p_agent_id, p_service, p_cost, p_spender, coalesce(p_reservation.held_in, '{}'),
    p_reservation.amount_micro_usd, p_reservation.id is not null and p_reservation.released_at is null);
  if p_key is not null then
    insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at)
    values (p_company_id, p_key, p_usage_id, p_occurred_at)
    on conflict (company_id, idempotency_key) do nothing;
    if not found then
      raise sqlstate 'LB001';
    end if;
  end if;
  insert into public.api_usage (
    company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
    cost_micro_usd, budget_month, is_out_of_month, is_over_budget, request_id, metadata)
  values (
    p_company_id, p_usage_id, p_occurred_at, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
    coalesce(p_units, 1), p_input_tokens, p_output_tokens, p_cost, v_spender.month,
    p_occurred_at < v_spender.starts_at or p_occurred_at >= v_spender.ends_at, v_spender.is_over, p_request_id,
    coalesce(p_metadata, '{}'))
  on conflict (company_id, occurred_at, id) do nothing;
  if not found then
    raise sqlstate 'LB001';
  end if;
  return (
    p_usage_id, p_occurred_at, round(p_cost / 1000000.0, 6), v_spender.month, v_spender.is_over, false
  )::public.usage_receipt;
end
$fn$;
revoke execute on function private.record_usage(uuid, uuid, timestamptz, timestamptz, private.spender, private.budget_reservations, text, text, uuid, text, bigint, bigint, text, text, bigint, bigint, jsonb, text) from public;

-- Every case, step by step. Locks: reservation, budgets, key; whoever waits for a key waits for somebody who waits for
-- nobody any more.
create or replace function private.log_usage_slowly(
  p_company_id uuid, p_service text, p_agent_id uuid, p_description text, p_cost numeric, p_reservation_id uuid,
  p_idempotency_key text, p_units bigint, p_unit text, p_model text, p_input_tokens bigint, p_output_tokens bigint,
  p_metadata jsonb, p_occurred_at timestamptz, p_request_id text
) returns public.usage_receipt
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_cost bigint;
  v_is_v7 boolean;
  v_id uuid;
  v_at timestamptz;
  v_charged_at timestamptz;
  v_reservation private.budget_reservations;
  v_spender private.spender;
  v_known private.usage_keys;
begin
  perform private.require_company(p_company_id, 'usage.write');
  v_cost := private.micro_usd(p_cost, 'cost');
  perform private.require_service(p_service);
  if length(p_idempotency_key) not between 1 and 255 then
    raise exception 'an idempotency key has 1 to 255 characters'
      using errcode = '22023',
            detail = 'invalid_idempotency_key',
            hint = 'Use a UUID of version 7 made once for the request and kept for its retries.';
  end if;
  -- With a time of its own the key is a text as any other.
  v_is_v7 := p_occurred_at is null
    and p_idempotency_key ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
  if v_is_v7 then
    v_id := p_idempotency_key::uuid;
    v_at := to_timestamp(
      ('x' || substr(p_idempotency_key, 1, 8) || substr(p_idempotency_key, 10, 4))::bit(48)::bigint / 1000.0);
  else
    v_id := private.uuid_v7();
    v_at := coalesce(p_occurred_at, v_now);
  end if;
  perform private.require_usage(p_units, p_unit, p_input_tokens, p_output_tokens, p_metadata);
  if not (v_at <= v_now + interval '5 minutes' and v_at >= v_now - interval '366 days') then
    raise exception 'usage cannot have occurred at %', v_at
      using errcode = '22023',
            detail = 'invalid_occurred_at',
            hint = 'State an instant of the last 366 days, at most 5 minutes ahead; a key that is a UUID of version 7 states one, too.';
  end if;
  v_charged_at := v_at;
  v_spender := private.find_spender(p_company_id, v_at, p_agent_id, p_service);

  if p_reservation_id is not null then
    select * into v_reservation from private.budget_reservations as r
     where r.company_id = p_company_id and r.id = p_reservation_id
       for update;
    if not found then
      raise exception 'the company has no reservation %', p_reservation_id
        using errcode = 'PT404',
              detail = 'unknown_reservation',
              hint = 'Use the reservation_id that check_budget_before_usage() returned, or record the usage without one.';
    end if;
    if v_reservation.usage_id is not null then
      return private.replay_usage(
        p_company_id, v_reservation.usage_id, v_reservation.usage_occurred_at, p_service, p_agent_id, v_cost,
        v_reservation);
    end if;
    if v_reservation.agent_id is distinct from p_agent_id or v_reservation.service <> p_service then
      raise exception 'reservation % was made for another agent or service', p_reservation_id
        using errcode = '22023',
              detail = 'reservation_mismatch',
              hint = 'State the agent and the service that were stated when it was made.';
    end if;
  end if;
  if v_is_v7 then
    select u.company_id, p_idempotency_key, u.id, u.occurred_at, u.created_at into v_known from public.api_usage as u
     where u.company_id = p_company_id and u.occurred_at = v_at and u.id = v_id;
  elsif p_idempotency_key is not null then
    select * into v_known from private.usage_keys as k
     where k.company_id = p_company_id and k.idempotency_key = p_idempotency_key;
  end if;
  if v_known.usage_id is not null then
    return private.replay_usage(
      p_company_id, v_known.usage_id, v_known.occurred_at, p_service, p_agent_id, v_cost, v_reservation);
  end if;
  if v_reservation.id is null and v_spender.company_status <> 'active' then
    raise exception 'company % is suspended', p_company_id
      using errcode = 'PT409',
            detail = 'company_suspended',
            hint = 'What was reserved before is recorded; for anything else the company must be active again.';
  end if;
  -- What was admitted in a month is charged to it, also when it ends after midnight.
  if p_occurred_at is null and v_reservation.created_at < v_spender.starts_at then
    v_charged_at := v_reservation.created_at;
    v_spender := private.find_spender(p_company_id, v_charged_at, p_agent_id, p_service);
  end if;

  if p_idempotency_key is null then
    return private.record_usage(
      p_company_id, v_id, v_at, v_charged_at, v_spender, v_reservation, null, p_service, p_agent_id, p_description,
      v_cost, p_units, p_unit, p_model, p_input_tokens, p_output_tokens, p_metadata, p_request_id);
  end if;
  begin
    return private.record_usage(
      p_company_id, v_id, v_at, v_charged_at, v_spender, v_reservation, case when not v_is_v7 then p_idempotency_key end,
      p_service, p_agent_id, p_description, v_cost, p_units, p_unit, p_model, p_input_tokens, p_output_tokens,
      p_metadata, p_request_id);
  exception when sqlstate 'LB001' then
    -- Somebody recorded the same at the same time, and nothing of this block was done.
    if not v_is_v7 then
      select k.usage_id, k.occurred_at into v_id, v_at from private.usage_keys as k
       where k.company_id = p_company_id and k.idempotency_key = p_idempotency_key;
    end if;
    return private.replay_usage(p_company_id, v_id, v_at, p_service, p_agent_id, v_cost, v_reservation);
  end;
end
$fn$;
revoke execute on function private.log_usage_slowly(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) from public;

-- The common case: nothing is over, the nearest counters have room, and the key, if there is one, is a UUID of version 7.
-- Executing a statement costs more here than what it does, so there are few: the company's budget is found and charged
-- in one. Whatever is not plain ends with LB002, which undoes it, and goes the long way, which also says what is wrong; so
-- does every sixteenth call, to see whether somebody waits for the row of a quiet budget.
create or replace function private.log_usage(
  p_company_id uuid, p_service text, p_agent_id uuid, p_description text, p_cost numeric, p_reservation_id uuid,
  p_idempotency_key text, p_units bigint, p_unit text, p_model text, p_input_tokens bigint, p_output_tokens bigint,
  p_metadata jsonb, p_occurred_at timestamptz, p_request_id text
) returns public.usage_receipt
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  u record;
  v_settled public.usage_receipt;
begin
  if p_cost between 0 and 1000000000
     and p_service ~ '\S'
     and length(p_service) <= 120
     and (p_idempotency_key is null
          or p_occurred_at is null and p_idempotency_key ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')
     and (current_setting('role', true) = 'service_role'
          or private.company_for('usage.write') = p_company_id)
  then
    if p_reservation_id is null then
      begin
        with found as (
          select k.cost, k.id, k.at, p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped,
                 p.service_limit_count, a.id as agent_period_id, a.generation as agent_generation,
                 a.stripe_count > 0 as is_agent_striped, null::uuid as service_period_id, 0 as service_generation,
                 false as is_service_striped
            from (
              select ceil(p_cost * 1000000)::bigint as cost,
                     coalesce(p_idempotency_key::uuid, private.uuid_v7()) as id,
                     coalesce(p_occurred_at, case when p_idempotency_key is null then clock_timestamp() else to_timestamp(
                       ('x' || substr(p_idempotency_key, 1, 8) || substr(p_idempotency_key, 10, 4))::bit(48)::bigint
                       / 1000.0) end) as at
            ) as k
            join public.companies as c on c.id = p_company_id and c.status = 'active'
            join public.budget_periods as p
              on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
             and p.starts_at <= k.at and p.ends_at > k.at
            left join public.budget_periods as a
              on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
             and a.month = p.month and a.status = 'open'
           where p.spent_micro_usd <= p.limit_micro_usd - p.adjusted_micro_usd
             and (p.stripe_count > 0 or random() >= 0.0625)
             and k.at between clock_timestamp() - interval '366 days' and clock_timestamp() + interval '5 minutes'
             and (p_agent_id is null
                  or a.id is not null
                  or exists (select from public.ai_agents as x where x.company_id = p_company_id and x.id = p_agent_id))
        ), striped as (
          update private.budget_stripes as t
             set spent = t.spent + f.cost
            from found as f
           where f.is_striped
             and t.company_id = p_company_id and t.budget_period_id = f.period_id and t.stripe = pg_backend_pid() % 64
             and t.generation = f.generation
             and t.spent + t.reserved + f.cost <= t.granted
             and t.spent + f.cost <= t.watched
             and t.folded_at > clock_timestamp() - interval '1 second'
          returning true
        ), single as (
          update public.budget_periods as p
             set spent_micro_usd = p.spent_micro_usd + f.cost, updated_at = now()
            from found as f
           where not f.is_striped
             and p.company_id = p_company_id and p.id = f.period_id
             and p.generation = f.generation and p.stripe_count = 0 and p.status = 'open'
             and (p.watch_micro_usd is null or p.spent_micro_usd + f.cost < p.watch_micro_usd)
             and p.spent_micro_usd + p.reserved_micro_usd + f.cost <= p.limit_micro_usd - p.adjusted_micro_usd
          returning true
        )
        select f.* into u from found as f
         where exists (select from striped) or exists (select from single);
        if not found
           or u.agent_period_id is not null and not private.charge_plainly(
             p_company_id, u.agent_period_id, u.agent_generation, u.is_agent_striped, u.cost, 0)
        then
          raise sqlstate 'LB002';
        end if;
        if u.service_limit_count > 0 then
          select s.id, s.generation, s.stripe_count > 0
            into u.service_period_id, u.service_generation, u.is_service_striped
            from public.budget_periods as s
           where s.company_id = p_company_id and s.scope = 'service' and s.service = p_service and s.month = u.month
             and s.status = 'open';
          if found and not private.charge_plainly(
            p_company_id, u.service_period_id, u.service_generation, u.is_service_striped, u.cost, 0)
          then
            raise sqlstate 'LB002';
          end if;
        end if;
        insert into public.api_usage (
          company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
          cost_micro_usd, budget_month, request_id, metadata)
        values (
          p_company_id, u.id, u.at, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
          coalesce(p_units, 1), p_input_tokens, p_output_tokens, u.cost, u.month, p_request_id,
          coalesce(p_metadata, '{}'))
        on conflict (company_id, occurred_at, id) do nothing;
        if found then
          return (u.id, u.at, round(u.cost / 1000000.0, 6), u.month, false, false)::public.usage_receipt;
        end if;
        -- It was recorded before.
        raise sqlstate 'LB002';
      exception when sqlstate 'LB002' or check_violation then
        null;
      end;
    elsif p_idempotency_key is null and p_occurred_at is null then
      v_settled := private.settle_quickly(
        p_company_id, p_service, p_agent_id, p_description, ceil(p_cost * 1000000)::bigint, p_reservation_id, p_units,
        p_unit, p_model, p_input_tokens, p_output_tokens, p_metadata, p_request_id);
      if v_settled.usage_id is not null then
        return v_settled;
      end if;
    end if;
  end if;
  return private.log_usage_slowly(
    p_company_id, p_service, p_agent_id, p_description, p_cost, p_reservation_id, p_idempotency_key, p_units, p_unit,
    p_model, p_input_tokens, p_output_tokens, p_metadata, p_occurred_at, p_request_id);
end
$fn$;
revoke execute on function private.log_usage(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) from public;
grant execute on function private.log_usage(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) to authenticated, service_role;

create or replace function public.check_budget_before_usage(
  company_id uuid, agent_id uuid, estimated_cost numeric, service text default null, hold_seconds integer default 900,
  reservation_id uuid default null
) returns public.budget_decision
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.check_budget(company_id, agent_id, estimated_cost, service, hold_seconds, reservation_id);
end
$fn$;
revoke execute on function public.check_budget_before_usage(uuid, uuid, numeric, text, integer, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.check_budget_before_usage(uuid, uuid, numeric, text, integer, uuid) to authenticated, service_role;

create or replace function public.log_api_usage_and_update_budget(
  company_id uuid, service text, agent_id uuid, description text, cost numeric, reservation_id uuid default null,
  idempotency_key text default null, units bigint default 1, unit text default 'request', model text default null,
  input_tokens bigint default null, output_tokens bigint default null, metadata jsonb default '{}',
  occurred_at timestamptz default null, request_id text default null
) returns public.usage_receipt
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.log_usage(
    company_id, service, agent_id, description, cost, reservation_id, idempotency_key, units, unit, model, input_tokens,
    output_tokens, metadata, occurred_at, request_id);
end
$fn$;
revoke execute on function public.log_api_usage_and_update_budget(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.log_api_usage_and_update_budget(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) to authenticated, service_role;

create or replace function public.release_budget_reservation(company_id uuid, reservation_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.release_reservation(company_id, reservation_id);
end
$fn$;
revoke execute on function public.release_budget_reservation(uuid, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.release_budget_reservation(uuid, uuid) to authenticated, service_role;

comment on type public.budget_decision is 'Answer of check_budget_before_usage(). Amounts in US dollars.';
comment on type public.usage_receipt is 'Answer of log_api_usage_and_update_budget(). Amounts in US dollars.';
comment on table private.usage_keys is 'Idempotency keys of recorded usage, kept for 30 days.';
comment on function private.is_backend() is 'True for service_role and for the owner of a connection that bypasses row level security.';
comment on function private.require_company(uuid, text) is
  'Passes for a member''s active company in which they hold the permission, and for the backend. Errors: 42501 not_your_company.';
comment on function private.micro_usd(numeric, text) is
  'US dollars in whole micro-dollars, rounded up. Errors: 22023 invalid_amount.';
comment on type private.spender is 'Answer of private.find_spender().';
comment on function private.find_spender(uuid, timestamptz, uuid, text) is
  'What is to be known of a request before it is counted: status of the company, its open budget of an instant (the running month, opened if need be, when that one is closed or was never opened) and the budgets of agent and service in the same month. Errors: PT404 unknown_company, unknown_agent; PT410 company_closed; XX000 budget_unavailable.';
comment on function private.is_usage(bigint, text, bigint, bigint, jsonb) is 'True if quantities, unit and metadata are what the ledger takes.';
comment on function private.require_usage(bigint, text, bigint, bigint, jsonb) is 'Passes for what is_usage() passes. Errors: 22023 invalid_usage.';
comment on function private.require_service(text) is 'Passes for the name of a service. Errors: 22023 invalid_service.';
comment on function private.refuse_spending(uuid, uuid, bigint) is 'Raises PT402 budget_exceeded.';
comment on function private.reserve_quickly(uuid, uuid, bigint, text, integer, uuid) is
  'The decision of private.check_budget() when every counter has room; null, with nothing done, otherwise.';
comment on function private.settle_quickly(uuid, text, uuid, text, bigint, uuid, bigint, text, text, bigint, bigint, jsonb, text) is
  'The receipt of private.log_usage() for not more than a reservation holds; null, with nothing done, otherwise.';
comment on function private.check_budget(uuid, uuid, numeric, text, integer, uuid) is 'Implementation of public.check_budget_before_usage().';
comment on function private.charge_scope(uuid, uuid, integer, integer, bigint, bigint, boolean) is
  'charge_budget() for the budget of an agent or a service; closed when its limit was lifted meanwhile.';
comment on function private.release_hold(uuid, uuid[], bigint) is 'Gives an amount back to the budgets that hold it, in their order.';
comment on function private.release_reservation(uuid, uuid) is 'Implementation of public.release_budget_reservation().';
comment on function private.charge_usage(uuid, timestamptz, uuid, text, bigint, private.spender, uuid[], bigint, boolean) is
  'Counts usage in the budgets of company, agent and service and gives back what was held for it; the spender that was charged. Errors: PT402 budget_exceeded.';
comment on function private.record_usage(uuid, uuid, timestamptz, timestamptz, private.spender, private.budget_reservations, text, text, uuid, text, bigint, bigint, text, text, bigint, bigint, jsonb, text) is
  'Charges and writes usage that is new; its receipt. Errors: PT402 budget_exceeded; LB001 when the key is used by somebody else at the same moment.';
comment on function private.charge_plainly(uuid, uuid, integer, boolean, bigint, bigint) is
  'Charges a budget whose counter has room; false if anything stands in the way.';
comment on type private.plain_budgets is 'The budgets of a request, as its caller knows them.';
comment on function private.charge_all_plainly(uuid, private.plain_budgets, bigint, bigint) is
  'charge_plainly() for each budget of a request. Errors: LB002 if anything stands in the way of one.';
comment on function private.replay_usage(uuid, uuid, timestamptz, text, uuid, bigint, private.budget_reservations) is
  'The receipt of usage that was recorded before; settles a reservation that is still open with it. Errors: PT422 idempotency_key_reused.';
comment on function private.log_usage_slowly(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) is
  'log_usage() in every case.';
comment on function private.log_usage(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) is
  'Implementation of public.log_api_usage_and_update_budget().';
comment on function public.check_budget_before_usage(uuid, uuid, numeric, text, integer, uuid) is
  'Asks whether a company may spend estimated_cost (US dollars, 0 to 1,000,000,000) now, for an agent (or null) and a service, and if so holds it for hold_seconds (1 to 86400, 15 minutes unless told), so that callers together never pass a limit. Settle the returned reservation_id with log_api_usage_and_update_budget(), give it back with release_budget_reservation(), or let it expire. A refusal is an answer, not an error: allowed is false and reason is budget_exceeded, agent_budget_exceeded, service_budget_exceeded, no_active_plan or company_suspended; scope and the amounts are then those of the budget that refused. Amounts of a busy budget may be a second old; budget_status() is exact. A client that may retry chooses reservation_id. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; 22023 invalid_amount, invalid_hold, invalid_service; PT404 unknown_company, unknown_agent; PT410 company_closed; PT422 reservation_reused, reservation_over.';
comment on function public.log_api_usage_and_update_budget(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamptz, text) is
  'Records usage that cost something (US dollars, 0 to 1,000,000,000; finer than a millionth is rounded up) and counts it in the budgets of company, agent and service, in one transaction. With reservation_id it settles a reservation, also one that has expired: recorded whatever it costs, flagged is_over_budget beyond a limit; one that was released counts as none. Without, a hard limit refuses it (PT402). idempotency_key or the reservation recognise a retry, which gets the first receipt with is_replayed. occurred_at lies in the last 366 days; a month that is closed takes nothing, so what comes late is charged to the running month. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; PT402 budget_exceeded; 22023 invalid_amount, invalid_service, invalid_usage, invalid_occurred_at, invalid_idempotency_key, reservation_mismatch; PT404 unknown_company, unknown_agent, unknown_reservation; PT409 company_suspended; PT410 company_closed; PT422 idempotency_key_reused.';
comment on function public.release_budget_reservation(uuid, uuid) is
  'Gives back what a reservation holds; true if it still held something. Safe to repeat. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; PT404 unknown_reservation.';

-- migrate:down
