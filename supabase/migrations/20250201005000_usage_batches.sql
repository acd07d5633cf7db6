-- migrate:up
-- Recording much usage at once: read it all, find what is known of it, charge each budget once, write it all.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('private.usage_event') is null then
    create type private.usage_event as (
      n integer,
      first_n integer,
      is_v7 boolean,
      id uuid,
      occurred_at timestamptz,
      service text,
      agent_id uuid,
      description text,
      cost bigint,
      idempotency_key text,
      units bigint,
      unit text,
      model text,
      input_tokens bigint,
      output_tokens bigint,
      metadata jsonb,
      request_id text
    );
  end if;
  if to_regtype('private.recorded_event') is null then
    create type private.recorded_event as (
      n integer,
      usage_id uuid,
      occurred_at timestamptz,
      budget_month date,
      is_over_budget boolean,
      is_replayed boolean
    );
  end if;
  if to_regtype('private.charged_month') is null then
    create type private.charged_month as (
      period_id uuid,
      month date,
      starts_at timestamptz,
      ends_at timestamptz,
      is_over boolean
    );
  end if;
end
$do$;

-- The batch as it was sent: each event with its place, that of the first with the same key, its id and its time, and
-- checked as single usage is.
create or replace function private.read_usage_events(p_company_id uuid, p_events jsonb, p_now timestamptz)
returns private.usage_event[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
  -- Arrays of a thousand are no reason to plan anew.
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_names constant text[] := string_to_array('service,agent_id,description,cost,idempotency_key,units,unit,model,input_tokens,output_tokens,metadata,occurred_at,request_id', ',');
  v_events private.usage_event[];
  v_event private.usage_event;
  v_odd record;
  v_problem text;
begin
  if jsonb_typeof(p_events) is distinct from 'array' or jsonb_array_length(p_events) not between 1 and 1000 then
    v_problem := 'a batch is an array of 1 to 1000 events';
  else
    select x.n, x.event into v_odd
      from jsonb_array_elements(p_events) with ordinality as x (event, n)
     where case jsonb_typeof(x.event)
             when 'object' then x.event - v_names <> '{}' or jsonb_typeof(x.event -> 'service') not in ('string', 'null')
             else true
           end
     order by x.n
     limit 1;
    if found then
      v_problem := case
        when jsonb_typeof(v_odd.event) <> 'object' then format('event %s is no object', v_odd.n)
        when v_odd.event - v_names = '{}' then format('event %s has a service that is no text', v_odd.n)
        else format('event %s has a member %s, which is unknown', v_odd.n, (
          select min(o.name) from jsonb_object_keys(v_odd.event - v_names) as o (name))) end;
    end if;
  end if;
  if v_problem is null then
    begin
      with events as (
        -- As jsonb_to_recordset() reads them, and faster. The layout of a UUID of version 7 is told by what needs no
        -- automaton of 36 states.
        select x.n, x.event ->> 'service' as service, (x.event ->> 'agent_id')::uuid as agent_id,
               x.event ->> 'description' as description, (x.event ->> 'cost')::numeric as cost,
               x.event ->> 'idempotency_key' as idempotency_key, (x.event ->> 'units')::bigint as units,
               x.event ->> 'unit' as unit, x.event ->> 'model' as model,
               (x.event ->> 'input_tokens')::bigint as input_tokens, (x.event ->> 'output_tokens')::bigint as output_tokens,
               nullif(x.event -> 'metadata', 'null') as metadata, (x.event ->> 'occurred_at')::timestamptz as occurred_at,
               x.event ->> 'request_id' as request_id,
               x.event ->> 'occurred_at' is null and coalesce(
                 x.event ->> 'idempotency_key' like '________-____-7___-____-____________'
                 and x.event ->> 'idempotency_key' not like '%-%-%-%-%-%'
                 and substr(x.event ->> 'idempotency_key', 20, 1) in ('8', '9', 'a', 'b', 'A', 'B')
                 and x.event ->> 'idempotency_key' !~ '[^0-9a-fA-F-]', false) as is_v7
          from jsonb_array_elements(p_events) with ordinality as x (event, n)
      ), keyed as (
        select e.*,
               case when e.idempotency_key is null then e.n
                    else min(e.n) over (
                      partition by case when e.is_v7 then lower(e.idempotency_key) else e.idempotency_key end collate "C") end
                 as first_n
          from events as e
      )
      select array_agg((
               k.n::integer, k.first_n::integer, k.is_v7,
               case when k.is_v7 then k.idempotency_key::uuid else private.uuid_v7() end,
               coalesce(k.occurred_at, case when not k.is_v7 then p_now else to_timestamp(
                 ('x' || substr(k.idempotency_key, 1, 8) || substr(k.idempotency_key, 10, 4))::bit(48)::bigint / 1000.0)
               end),
               k.service, k.agent_id, k.description,
               case when k.cost between 0 and 1000000000 then ceil(k.cost * 1000000)::bigint else -1 end,
               k.idempotency_key, coalesce(k.units, 1), coalesce(k.unit, 'request'), k.model, k.input_tokens,
               k.output_tokens, coalesce(k.metadata, '{}'), k.request_id)::private.usage_event order by k.n)
        into v_events
        from keyed as k;
    exception when data_exception then
      v_problem := sqlerrm;
    end;
  end if;
  if v_problem is not null then
    raise exception '%', v_problem
      using errcode = '22023',
            detail = 'invalid_batch',
            hint = 'Send events as an array of 1 to 1000 objects whose members are named as the parameters of log_api_usage_and_update_budget(), without company_id and reservation_id.';
  end if;
  select e.* into v_event
    from unnest(v_events) as e
   where (e.cost >= 0
          and e.service ~ '\S' and length(e.service) <= 120
          and (e.idempotency_key is null or length(e.idempotency_key) between 1 and 255)
          and e.occurred_at <= p_now + interval '5 minutes' and e.occurred_at >= p_now - interval '366 days'
          and (e.agent_id is null
               or exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = e.agent_id))
          and private.is_usage(e.units, e.unit, e.input_tokens, e.output_tokens, e.metadata)
         ) is not true
   order by e.n
   limit 1;
  if not found then
    return v_events;
  elsif not (v_event.cost >= 0) then
    raise exception 'event %: cost is no amount', v_event.n
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = 'State cost in US dollars, from 0 to 1000000000.';
  elsif (v_event.service ~ '\S' and length(v_event.service) <= 120) is not true then
    raise exception 'event %: service must be a name of at most 120 characters', v_event.n
      using errcode = '22023',
            detail = 'invalid_service',
            hint = 'Name the metered service, such as chat.completions.';
  elsif length(v_event.idempotency_key) not between 1 and 255 then
    raise exception 'event %: an idempotency key has 1 to 255 characters', v_event.n
      using errcode = '22023',
            detail = 'invalid_idempotency_key',
            hint = 'Use a UUID of version 7 made once for the event and kept for its retries.';
  elsif not private.is_usage(v_event.units, v_event.unit, v_event.input_tokens, v_event.output_tokens, v_event.metadata) then
    raise exception 'event %: units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', v_event.n
      using errcode = '22023',
            detail = 'invalid_usage',
            hint = 'Leave out what is not known.';
  elsif v_event.agent_id is not null
    and not exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = v_event.agent_id)
  then
    raise exception 'event %: the company has no agent %', v_event.n, v_event.agent_id
      using errcode = 'PT404',
            detail = 'unknown_agent',
            hint = 'Check agent_id, or leave it out.';
  else
    raise exception 'event %: usage cannot have occurred at %', v_event.n, v_event.occurred_at
      using errcode = '22023',
            detail = 'invalid_occurred_at',
            hint = 'State an instant of the last 366 days, at most 5 minutes ahead; a key that is a UUID of version 7 states one, too.';
  end if;
end
$fn$;
revoke execute on function private.read_usage_events(uuid, jsonb, timestamptz) from public;

-- What finds no open month is charged to the running one. Charges every budget once, in the order that single usage takes, too: companies' months, then agents, then services.
-- Then writes what it charged. A key that somebody else uses at the same moment ends it with LB001.
create or replace function private.record_usage_events(
  p_company_id uuid, p_events private.usage_event[], p_running_id uuid
) returns private.recorded_event[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_spender private.spender;
  v_months private.charged_month[] := array[]::private.charged_month[];
  v_over uuid[] := array[]::uuid[];
  v_group record;
  v_outcome text;
  v_written integer;
  v_recorded private.recorded_event[];
begin
  for v_group in
    select coalesce(p.id, p_running_id) as id,
           coalesce(min(e.occurred_at) filter (where p.id is not null), clock_timestamp()) as at,
           sum(e.cost)::bigint as cost
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
     group by 1
     order by min(p.month) nulls last
  loop
    loop
      v_spender := private.find_spender(p_company_id, v_group.at, null, null);
      v_outcome := private.charge_budget(
        p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, v_group.cost, 0, false);
      exit when v_outcome <> 'stale';
    end loop;
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.period_id, v_group.cost);
    end if;
    v_months := v_months || (
      v_group.id, v_spender.month, v_spender.starts_at, v_spender.ends_at, v_spender.is_over or v_outcome = 'over'
    )::private.charged_month;
  end loop;

  for v_group in
    select x.id, x.generation, x.stripe_count, sum(e.cost)::bigint as cost
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
      join unnest(v_months) as m on m.period_id = coalesce(p.id, p_running_id)
      join public.budget_periods as x
        on x.company_id = p_company_id and x.month = m.month and x.status = 'open'
       and (x.scope = 'agent' and x.agent_id = e.agent_id or x.scope = 'service' and x.service = e.service)
     group by x.id, x.scope, x.generation, x.stripe_count
     order by x.scope, x.id
  loop
    v_outcome := private.charge_scope(
      p_company_id, v_group.id, v_group.generation, v_group.stripe_count, v_group.cost, 0, false);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_group.id, v_group.cost);
    elsif v_outcome = 'over' then
      v_over := v_over || v_group.id;
    end if;
  end loop;

  insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at)
  select p_company_id, e.idempotency_key, e.id, e.occurred_at from unnest(p_events) as e
   where e.idempotency_key is not null and not e.is_v7
   order by e.idempotency_key
  on conflict (company_id, idempotency_key) do nothing;
  get diagnostics v_written = row_count;
  if v_written < (
    select count(*) from unnest(p_events) as e where e.idempotency_key is not null and not e.is_v7)
  then
    raise sqlstate 'LB001';
  end if;
  with written as (
    insert into public.api_usage (
      company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
      cost_micro_usd, budget_month, is_out_of_month, is_over_budget, request_id, metadata)
    select p_company_id, e.id, e.occurred_at, e.service, e.model, e.agent_id, e.description, e.unit, e.units,
           e.input_tokens, e.output_tokens, e.cost, m.month, e.occurred_at < m.starts_at or e.occurred_at >= m.ends_at,
           m.is_over or v_over <> '{}' and exists (
             select from public.budget_periods as x
              where x.company_id = p_company_id and x.id = any (v_over)
                and (x.agent_id = e.agent_id or x.service = e.service)),
           e.request_id, e.metadata
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
      join unnest(v_months) as m on m.period_id = coalesce(p.id, p_running_id)
     order by e.occurred_at, e.id
    on conflict (company_id, occurred_at, id) do nothing
    returning id, occurred_at, budget_month, is_over_budget
  )
  select array_agg((e.n, w.id, w.occurred_at, w.budget_month, w.is_over_budget, false)::private.recorded_event)
    into v_recorded
    from written as w
    join unnest(p_events) as e on e.id = w.id;
  if coalesce(cardinality(v_recorded), 0) < cardinality(p_events) then
    raise sqlstate 'LB001';
  end if;
  return v_recorded;
end
$fn$;
revoke execute on function private.record_usage_events(uuid, private.usage_event[], uuid) from public;

create or replace function private.log_usage_batch(p_company_id uuid, p_events jsonb) returns setof public.usage_receipt
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_spender private.spender;
  v_events private.usage_event[];
  v_new private.usage_event[];
  v_recorded private.recorded_event[];
  v_wrong integer;
begin
  perform private.require_company(p_company_id, 'usage.write');
  v_spender := private.find_spender(p_company_id, v_now, null, null);
  v_events := private.read_usage_events(p_company_id, p_events, v_now);
  loop
    -- What was recorded before gets its first receipt. Each is looked up by its key, so that it costs the same whatever
    -- the ledger holds.
    select array_agg(e order by e.n) filter (where u.id is null and k.usage_id is null),
           array_agg((e.n, coalesce(k.usage_id, u.id), coalesce(k.occurred_at, u.occurred_at), u.budget_month,
                      u.is_over_budget, true)::private.recorded_event) filter (where u.id is not null or k.usage_id is not null),
           min(e.n) filter (
             where u.id is not null
               and (u.service, u.agent_id, u.cost_micro_usd) is distinct from (e.service, e.agent_id, e.cost))
      into v_new, v_recorded, v_wrong
      from unnest(v_events) as e
      left join lateral (
        select x.usage_id, x.occurred_at from private.usage_keys as x
         where not e.is_v7 and x.company_id = p_company_id and x.idempotency_key = e.idempotency_key
         limit 1
      ) as k on true
      left join lateral (
        select x.* from public.api_usage as x
         where (e.is_v7 or k.usage_id is not null) and x.company_id = p_company_id
           and x.occurred_at = coalesce(k.occurred_at, e.occurred_at) and x.id = coalesce(k.usage_id, e.id)
         limit 1
      ) as u on true
     where e.first_n = e.n;
    if v_wrong is null then
      select min(e.n) into v_wrong
        from unnest(v_events) as e
        join unnest(v_events) as f on f.n = e.first_n
       where e.n <> e.first_n and (f.service, f.agent_id, f.cost) is distinct from (e.service, e.agent_id, e.cost);
    end if;
    if v_wrong is not null then
      raise exception 'event %: this idempotency key was used for something else', v_wrong
        using errcode = 'PT422',
              detail = 'idempotency_key_reused',
              hint = 'A retry repeats the event as it was; another event takes another key.';
    end if;
    exit when v_new is null;
    if v_spender.company_status <> 'active' then
      raise exception 'company % is suspended', p_company_id
        using errcode = 'PT409',
              detail = 'company_suspended',
              hint = 'What was reserved before is recorded; for anything else the company must be active again.';
    end if;
    begin
      v_recorded := v_recorded || private.record_usage_events(p_company_id, v_new, v_spender.period_id);
      exit;
    exception when sqlstate 'LB001' then
      -- Somebody recorded one of them at the same time, or the month ended, and nothing of this block was done: look again,
      -- in the month that is open then.
      v_spender := private.find_spender(p_company_id, clock_timestamp(), null, null);
    end;
  end loop;
  return query
    select r.usage_id, r.occurred_at, round(e.cost / 1000000.0, 6), r.budget_month, r.is_over_budget,
           r.is_replayed or e.n <> e.first_n
      from unnest(v_events) as e
      join unnest(v_recorded) as r on r.n = e.first_n
     order by e.n;
end
$fn$;
revoke execute on function private.log_usage_batch(uuid, jsonb) from public;
grant execute on function private.log_usage_batch(uuid, jsonb) to authenticated, service_role;

create or replace function public.log_api_usage_batch(company_id uuid, events jsonb) returns setof public.usage_receipt
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.log_usage_batch(log_api_usage_batch.company_id, log_api_usage_batch.events);
end
$fn$;
revoke execute on function public.log_api_usage_batch(uuid, jsonb) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.log_api_usage_batch(uuid, jsonb) to authenticated, service_role;

comment on type private.usage_event is 'One event of a batch.';
comment on type private.recorded_event is 'What became of one event of a batch.';
comment on type private.charged_month is 'A month that a part of a batch is charged to.';
comment on function private.read_usage_events(uuid, jsonb, timestamptz) is
  'The events of a batch, checked. Errors: 22023 invalid_batch, invalid_amount, invalid_service, invalid_usage, invalid_idempotency_key, invalid_occurred_at; PT404 unknown_agent.';
comment on function private.record_usage_events(uuid, private.usage_event[], uuid) is
  'Charges and writes new events; what became of each. Errors: PT402 budget_exceeded; LB001 when a key is used by somebody else at the same moment.';
comment on function private.log_usage_batch(uuid, jsonb) is 'Implementation of public.log_api_usage_batch().';
comment on function public.log_api_usage_batch(uuid, jsonb) is
  'Records 1 to 1000 events, all or none, each an object with the parameters of log_api_usage_and_update_budget() but company_id and reservation_id; a receipt for each, in their order. A retry repeats the batch: events that were recorded before get their first receipt. What goes beyond a hard limit as a whole is refused as a whole; a batch that crosses a soft limit is flagged as a whole. Members holding usage.write, for their active company; service_role for any. Errors: those of log_api_usage_and_update_budget(), with the place of the event in the message; 22023 invalid_batch.';

-- migrate:down
