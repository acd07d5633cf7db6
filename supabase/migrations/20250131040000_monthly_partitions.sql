-- migrate:up
-- Monthly partitions that make themselves. They live in `private`: nothing there is an API object, no default
-- privilege of `public` reaches them, and the generated types do not grow by a table a month. Holds I4: row level
-- security is on in every partition from its first moment, and partitions carry no grants.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.partitioned_tables (
  table_name text not null primary key,
  months_ahead integer not null default 3,
  constraint partitioned_tables_months_ahead_is_in_range check (months_ahead between 1 and 24)
);

-- A partition is reached through its parent alone: no grants, row level security on, and a policy that says so.
create or replace function private.close_partition(p_name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  execute format('revoke all on table private.%I from public, anon, authenticated, platform_admin, service_role', p_name);
  execute format('alter table private.%I enable row level security', p_name);
  execute format('drop policy if exists nobody on private.%I', p_name);
  execute format('create policy nobody on private.%I for all to public using (false)', p_name);
end
$fn$;
revoke execute on function private.close_partition(text) from public;

-- Rows that came too early wait in the default partition and move over. A long reader cannot block everybody behind
-- us: the locks are waited for half a second at most, and the next run tries again. Whoever inserts a row chooses its
-- partition before he waits for it, and is refused with 23514 if by then the row belongs to another: of a month that has
-- begun, they wait for the table instead.
create or replace function private.create_month_partition(p_table_name text, p_month date) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  -- Less than deadlock_timeout, so that it is we who give way; bounds are written in UTC whatever the session's style.
  set lock_timeout = '500ms' set timezone = 'UTC' set datestyle = 'ISO'
as $fn$
declare
  v_name text := format('%s_p%s', p_table_name, to_char(p_month, 'YYYYMM'));
  v_default text := format('%s_default', p_table_name);
  v_from timestamptz := date_trunc('month', p_month::timestamp) at time zone 'UTC';
  v_to timestamptz := (date_trunc('month', p_month::timestamp) + interval '1 month') at time zone 'UTC';
  v_importing text := coalesce(current_setting('app.importing', true), '');
  v_key text;
begin
  if exists (select from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
              where n.nspname = 'private' and c.relname = v_name)
  then
    return false;
  end if;
  select a.attname into strict v_key
    from pg_partitioned_table as p
    join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
   where p.partrelid = format('public.%I', p_table_name)::regclass;

  execute format(
    'create table private.%I (like public.%I including defaults including constraints including generated including storage)',
    v_name, p_table_name);
  perform private.close_partition(v_name);
  -- Whose rows a statement is after is not known when it is planned. Among thousands of small companies the planner would
  -- take them all for small, and sort all of a big one's to find the latest; of a small one any plan is good.
  execute format('alter table private.%I alter column company_id set (n_distinct = 200)', v_name);
  if v_from <= now() + interval '1 day' then
    execute format('lock table only public.%I in share row exclusive mode', p_table_name);
  end if;
  execute format('lock table private.%I in access exclusive mode', v_default);
  perform set_config('app.importing', 'on', true), set_config('app.repartitioning', 'on', true);
  execute format(
    'with moved as (delete from private.%1$I where %2$I >= $1 and %2$I < $2 returning *)
     insert into private.%3$I select * from moved',
    v_default, v_key, v_name) using v_from, v_to;
  perform set_config('app.importing', v_importing, true), set_config('app.repartitioning', '', true);
  execute format(
    'alter table public.%I attach partition private.%I for values from (%L) to (%L)',
    p_table_name, v_name, v_from, v_to);
  return true;
end
$fn$;
revoke execute on function private.create_month_partition(text, date) from public;

create or replace function private.maintain_partitions() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_table record;
  v_month date;
  v_created integer := 0;
begin
  for v_table in
    -- The row lock lets one caller at a time work on a table; the other then finds the work done.
    select t.table_name, t.months_ahead from private.partitioned_tables as t order by t.table_name for update
  loop
    for v_month in
      select generate_series(
        date_trunc('month', now() at time zone 'UTC'),
        date_trunc('month', now() at time zone 'UTC') + make_interval(months => v_table.months_ahead),
        interval '1 month')::date
    loop
      begin
        if private.create_month_partition(v_table.table_name, v_month) then
          v_created := v_created + 1;
        end if;
      exception when lock_not_available or deadlock_detected then
        raise warning 'partition % of % is postponed: the table is in use', v_month, v_table.table_name;
        -- The next month would find the same, and what was made of other tables stays locked meanwhile.
        exit;
      end;
    end loop;
  end loop;
  return v_created;
end
$fn$;
revoke execute on function private.maintain_partitions() from public;
grant execute on function private.maintain_partitions() to service_role;

create or replace function public.maintain_partitions() returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.maintain_partitions();
end
$fn$;
revoke execute on function public.maintain_partitions() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.maintain_partitions() to service_role;

comment on table private.partitioned_tables is 'Tables partitioned by month, and how many months ahead are kept ready.';
comment on function private.close_partition(text) is
  'Takes every grant off a partition, switches row level security on and lets nobody in.';
comment on function private.create_month_partition(text, date) is
  'Creates one monthly partition (UTC months), moves its rows over from the default partition and attaches it; if the month has begun, who inserts into the table waits meanwhile. False if it is there already. Errors: 55P03 when the table stays in use for half a second.';
comment on function private.maintain_partitions() is 'Implementation of public.maintain_partitions().';
comment on function public.maintain_partitions() is
  'Creates the monthly partitions that are missing up to months_ahead and returns how many. Run it daily: pg_cron does where it is installed, any scheduler with the service_role key elsewhere. Safe to repeat and to run twice at once; a table that is in use is left to the next run, with a warning. If a month that has begun was missing, who inserts into its table waits until it is there.';

-- migrate:down
