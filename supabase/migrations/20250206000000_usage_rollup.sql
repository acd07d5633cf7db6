-- migrate:up
-- Usage by day: what analytics across companies read instead of the ledger. Each statement that writes to the ledger also
-- appends what it changes to private.usage_deltas; a job folds these into private.usage_daily. Appending waits for nobody,
-- so a busy company is not slowed by its own totals; and since a delta commits with the rows that it counts, daily rows and
-- deltas together are the ledger at every instant, whatever is late, retried, rolled back or deleted by retention.
--
-- Days are UTC, which all companies share. Nothing here is personal, and nothing is exported: an import counts again.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Each call is in three series of its day: the company's (all), its service's and its agent's (none without one). Whoever
-- draws one of them reads no more than that.
create table if not exists private.usage_daily (
  company_id uuid not null references public.companies (id) on delete cascade,
  dimension text not null,
  day date not null,
  series text not null,
  requests bigint not null,
  units bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_micro_usd bigint not null,
  last_at timestamptz not null,
  primary key (company_id, dimension, day, series),
  constraint usage_daily_dimension_is_known check (dimension in ('all', 'service', 'agent'))
) with (fillfactor = 80);

-- A queue. It is short, and read whole.
create table if not exists private.usage_deltas (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  day date not null,
  service text not null,
  agent_id uuid,
  requests bigint not null,
  units bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_micro_usd bigint not null,
  last_at timestamptz not null,
  primary key (company_id, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- Statement triggers of the ledger. Runs for imports, too: what comes in is counted here.
create or replace function private.tg_api_usage__count() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if tg_op = 'INSERT' then
    insert into private.usage_deltas (
      company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select u.company_id, (u.occurred_at at time zone 'UTC')::date, u.service,
           u.agent_id, count(*), sum(u.units), coalesce(sum(u.input_tokens), 0), coalesce(sum(u.output_tokens), 0),
           sum(u.cost_micro_usd), max(u.occurred_at)
      from new_rows as u
     group by 1, 2, 3, 4;
  elsif tg_op = 'DELETE' then
    -- A company that goes takes its totals with it.
    insert into private.usage_deltas (
      company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select u.company_id, (u.occurred_at at time zone 'UTC')::date, u.service,
           u.agent_id, -count(*), -sum(u.units),
           -coalesce(sum(u.input_tokens), 0), -coalesce(sum(u.output_tokens), 0), -sum(u.cost_micro_usd), '-infinity'
      from old_rows as u
     where exists (select from public.companies as c where c.id = u.company_id)
     group by 1, 2, 3, 4;
  else
    -- Anonymising changes nothing that is counted, and then nothing is written.
    insert into private.usage_deltas (
      company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select x.company_id, x.day, x.service, x.agent_id, sum(x.n), sum(x.units), sum(x.input_tokens), sum(x.output_tokens),
           sum(x.cost), max(x.last_at)
      from (
        select u.company_id, (u.occurred_at at time zone 'UTC')::date as day, u.service,
               u.agent_id as agent_id, 1 as n, u.units,
               coalesce(u.input_tokens, 0) as input_tokens, coalesce(u.output_tokens, 0) as output_tokens,
               u.cost_micro_usd as cost, u.occurred_at as last_at
          from new_rows as u
        union all
        select u.company_id, (u.occurred_at at time zone 'UTC')::date, u.service,
               u.agent_id, -1, -u.units, -coalesce(u.input_tokens, 0),
               -coalesce(u.output_tokens, 0), -u.cost_micro_usd, '-infinity'
          from old_rows as u
      ) as x
     group by 1, 2, 3, 4
    having (sum(x.n), sum(x.units), sum(x.input_tokens), sum(x.output_tokens), sum(x.cost)) <> (0, 0, 0, 0, 0);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_api_usage__count() from public;

-- Folds deltas that nobody else is at, of one company or of all (null). Whoever reads in between finds each call once: in a
-- delta or in a day.
create or replace function private.fold_usage(p_company_id uuid, p_max_rows integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_taken integer;
  v_empty private.usage_daily[];
begin
  with due as materialized (
    select x.company_id, x.id from private.usage_deltas as x
     where p_company_id is null or x.company_id = p_company_id
     limit p_max_rows for update skip locked
  ), taken as (
    delete from private.usage_deltas as d using due
     where d.company_id = due.company_id and d.id = due.id
    returning d.*
  ), folded as (
    insert into private.usage_daily as k (
      company_id, dimension, day, series, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select t.company_id, x.dimension, t.day, x.series, sum(t.requests), sum(t.units), sum(t.input_tokens),
           sum(t.output_tokens), sum(t.cost_micro_usd), max(t.last_at)
      from taken as t
     cross join lateral (values ('all', 'all'), ('service', t.service), ('agent', coalesce(t.agent_id::text, 'none'))) as x (dimension, series)
     group by 1, 2, 3, 4
     -- One order for all, so that two who fold at once do not wait for each other in a circle.
     order by 1, 2, 3, 4
    on conflict (company_id, dimension, day, series) do update
      set requests = k.requests + excluded.requests,
          units = k.units + excluded.units,
          input_tokens = k.input_tokens + excluded.input_tokens,
          output_tokens = k.output_tokens + excluded.output_tokens,
          cost_micro_usd = k.cost_micro_usd + excluded.cost_micro_usd,
          last_at = greatest(k.last_at, excluded.last_at)
    returning k.*
  )
  select (select count(*) from taken), (
    select array_agg(f::private.usage_daily) from folded as f
     where (f.requests, f.units, f.input_tokens, f.output_tokens, f.cost_micro_usd) = (0, 0, 0, 0, 0))
    into v_taken, v_empty;
  -- Of a day whose calls are gone nothing stays.
  delete from private.usage_daily as k using unnest(v_empty) as e
   where k.company_id = e.company_id and k.dimension = e.dimension and k.day = e.day and k.series = e.series;
  return v_taken;
end
$fn$;
revoke execute on function private.fold_usage(uuid, integer) from public;

create or replace function private.roll_up_usage(p_max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_max_rows is null or p_max_rows not between 1 and 1000000 then
    raise exception 'max_rows must be 1 to 1000000'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'Call again while it answers max_rows.';
  end if;
  return private.fold_usage(null, p_max_rows);
end
$fn$;
revoke execute on function private.roll_up_usage(integer) from public;
grant execute on function private.roll_up_usage(integer) to service_role;

-- A month of the ledger is dropped as a whole: no trigger sees its rows go.
create or replace function private.uncount_partition(p_partition text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  execute format(
    'insert into private.usage_deltas (
       company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
     select u.company_id, (u.occurred_at at time zone ''UTC'')::date, u.service,
            u.agent_id, -count(*), -sum(u.units),
            -coalesce(sum(u.input_tokens), 0), -coalesce(sum(u.output_tokens), 0), -sum(u.cost_micro_usd), ''-infinity''
       from private.%I as u
      group by 1, 2, 3, 4', p_partition);
end
$fn$;
revoke execute on function private.uncount_partition(text) from public;

-- Days and what is not folded yet, together: the ledger by day, to the call.
create or replace view private.usage_by_day with (security_invoker = on) as
select d.company_id, d.dimension, d.day, d.series, d.requests, d.units, d.input_tokens, d.output_tokens, d.cost_micro_usd, d.last_at
  from private.usage_daily as d
union all
select t.company_id, x.dimension, t.day, x.series, t.requests, t.units, t.input_tokens, t.output_tokens, t.cost_micro_usd, t.last_at
  from private.usage_deltas as t
 cross join lateral (values ('all', 'all'), ('service', t.service), ('agent', coalesce(t.agent_id::text, 'none'))) as x (dimension, series);

-- What a company's days say less than its ledger, in one snapshot, so that no lock is needed to see it.
create or replace function private.compare_usage(p_company_id uuid, p_starts_on date, p_ends_on date)
returns table (
  dimension text, day date, series text, requests bigint, units bigint, input_tokens bigint, output_tokens bigint,
  cost_micro_usd bigint
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  with counted as (
    select (u.occurred_at at time zone 'UTC')::date as day, u.service, u.agent_id, count(*) as requests,
           sum(u.units) as units, coalesce(sum(u.input_tokens), 0) as input_tokens,
           coalesce(sum(u.output_tokens), 0) as output_tokens, sum(u.cost_micro_usd) as cost_micro_usd
      from public.api_usage as u
     where u.company_id = p_company_id
       and u.occurred_at >= p_starts_on::timestamp at time zone 'UTC'
       and u.occurred_at < p_ends_on::timestamp at time zone 'UTC'
     group by 1, 2, 3
  )
  select x.dimension, x.day, x.series, sum(x.requests)::bigint, sum(x.units)::bigint, sum(x.input_tokens)::bigint,
         sum(x.output_tokens)::bigint, sum(x.cost_micro_usd)::bigint
    from (
      select e.dimension, k.day, e.series, k.requests, k.units, k.input_tokens, k.output_tokens, k.cost_micro_usd
        from counted as k
       cross join lateral (values ('all', 'all'), ('service', k.service), ('agent', coalesce(k.agent_id::text, 'none'))) as e (dimension, series)
      union all
      select d.dimension, d.day, d.series, -d.requests, -d.units, -d.input_tokens, -d.output_tokens, -d.cost_micro_usd
        from private.usage_by_day as d
       where d.company_id = p_company_id and d.day >= p_starts_on and d.day < p_ends_on
    ) as x
   group by 1, 2, 3
  having (sum(x.requests), sum(x.units), sum(x.input_tokens), sum(x.output_tokens), sum(x.cost_micro_usd)) <> (0, 0, 0, 0, 0)
   order by 1, 2, 3;
end
$fn$;
revoke execute on function private.compare_usage(uuid, date, date) from public;

create or replace function private.reconcile_usage(p_company_id uuid, p_starts_on date, p_ends_on date, p_mend boolean)
returns table (
  dimension text, day date, series text, missing_requests bigint, missing_cost_usd numeric, is_mended boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_found record;
begin
  perform private.require_operator();
  -- Of two who mend at once the second finds nothing.
  perform from public.companies as c where c.id = p_company_id for no key update;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  -- What is missing is added, not set: whatever is written or folded meanwhile, it fits.
  for v_found in
    select * from private.compare_usage(p_company_id, coalesce(p_starts_on, '-infinity'), coalesce(p_ends_on, 'infinity')) as x
  loop
    dimension := v_found.dimension;
    day := v_found.day;
    series := v_found.series;
    missing_requests := v_found.requests;
    missing_cost_usd := round(v_found.cost_micro_usd / 1000000.0, 6);
    is_mended := coalesce(p_mend, false);
    if is_mended then
      insert into private.usage_daily as k (
        company_id, dimension, day, series, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
      values (
        p_company_id, v_found.dimension, v_found.day, v_found.series, v_found.requests, v_found.units,
        v_found.input_tokens, v_found.output_tokens, v_found.cost_micro_usd, v_found.day::timestamp at time zone 'UTC')
      on conflict on constraint usage_daily_pkey do update
        set requests = k.requests + excluded.requests,
            units = k.units + excluded.units,
            input_tokens = k.input_tokens + excluded.input_tokens,
            output_tokens = k.output_tokens + excluded.output_tokens,
            cost_micro_usd = k.cost_micro_usd + excluded.cost_micro_usd;
    end if;
    return next;
  end loop;
end
$fn$;
revoke execute on function private.reconcile_usage(uuid, date, date, boolean) from public;
grant execute on function private.reconcile_usage(uuid, date, date, boolean) to platform_admin, service_role;

create or replace function public.roll_up_usage(max_rows integer default 100000) returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.roll_up_usage(max_rows);
end
$fn$;
revoke execute on function public.roll_up_usage(integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.roll_up_usage(integer) to service_role;

create or replace function public.reconcile_usage(
  company_id uuid, starts_on date default null, ends_on date default null, mend boolean default false
)
returns table (
  dimension text, day date, series text, missing_requests bigint, missing_cost_usd numeric, is_mended boolean
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.reconcile_usage(reconcile_usage.company_id, starts_on, ends_on, mend);
end
$fn$;
revoke execute on function public.reconcile_usage(uuid, date, date, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.reconcile_usage(uuid, date, date, boolean) to platform_admin, service_role;

-- The first time, what is in the ledger is counted while nobody can write to it: the triggers lock it until this commits.
do $do$
declare
  v_is_new constant boolean := not exists (
    select from pg_catalog.pg_trigger where tgrelid = 'public.api_usage'::regclass and tgname = 'count_insert');
begin
  create or replace trigger count_insert after insert on public.api_usage referencing new table as new_rows
    for each statement execute function private.tg_api_usage__count();
  create or replace trigger count_update after update on public.api_usage referencing old table as old_rows new table as new_rows
    for each statement execute function private.tg_api_usage__count();
  create or replace trigger count_delete after delete on public.api_usage referencing old table as old_rows
    for each statement execute function private.tg_api_usage__count();
  if v_is_new then
    insert into private.usage_deltas (
      company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select u.company_id, (u.occurred_at at time zone 'UTC')::date, u.service, u.agent_id, count(*), sum(u.units),
           coalesce(sum(u.input_tokens), 0), coalesce(sum(u.output_tokens), 0), sum(u.cost_micro_usd), max(u.occurred_at)
      from public.api_usage as u
     group by 1, 2, 3, 4;
    while private.roll_up_usage(1000000) = 1000000 loop
      null;
    end loop;
  end if;
end
$do$;

revoke all on table private.usage_daily from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.usage_deltas from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.usage_by_day from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', v.table_name, c.column_name, v.class, 'keep'
  from (values
    ('usage_daily', 'financial', '{cost_micro_usd}'),
    ('usage_daily', 'identifier', '{company_id,series}'),
    ('usage_daily', 'operational', '{dimension,day,requests,units,input_tokens,output_tokens,last_at}'),
    ('usage_deltas', 'financial', '{cost_micro_usd}'),
    ('usage_deltas', 'identifier', '{company_id,id,agent_id}'),
    ('usage_deltas', 'operational', '{day,service,requests,units,input_tokens,output_tokens,last_at}')
  ) as v (table_name, class, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update
  set class = excluded.class, erasure = excluded.erasure
  where (column_classes.class, column_classes.erasure) <> (excluded.class, excluded.erasure);

comment on table private.usage_daily is 'Usage of a company by UTC day: in all, by service and by agent; derived from the ledger, and never exported with a company.';
comment on table private.usage_deltas is 'What was written to the ledger and is not in usage_daily yet. Derived, and never exported with a company.';
comment on view private.usage_by_day is 'usage_daily and usage_deltas together: the ledger by day, to the call.';
comment on function private.tg_api_usage__count() is 'Statement trigger: appends what a statement changed in the ledger to usage_deltas.';
comment on function private.fold_usage(uuid, integer) is 'Folds at most so many deltas into days, of one company or of all (null); how many.';
comment on function private.roll_up_usage(integer) is 'Implementation of public.roll_up_usage().';
comment on function private.uncount_partition(text) is 'Takes a partition of the ledger that is about to be dropped out of the days.';
comment on function private.compare_usage(uuid, date, date) is
  'What the days of a company say less than its ledger, of starts_on to before ends_on; no rows when they agree. Takes no lock.';
comment on function private.reconcile_usage(uuid, date, date, boolean) is 'Implementation of public.reconcile_usage().';
comment on function public.roll_up_usage(integer) is
  'Folds usage that was counted since into days, at most max_rows (1 to 1000000) entries; how many. What analytics say does not depend on it, but how fast: run it every minute, as pg_cron does where it is installed. Safe to repeat and to run twice at once. service_role only. Errors: 22023 invalid_batch_size.';
comment on function public.reconcile_usage(uuid, date, date, boolean) is
  'Compares what analytics say of a company with its ledger, of starts_on to before ends_on (UTC days; all of them unless told): a row for each day and series that differ (dimension all, service or agent), with what is missing (negative: too much). With mend it is corrected. Reads the ledger of that time. Operators and service_role. Errors: 42501 not_an_operator; PT404 unknown_company.';

-- migrate:down
