-- migrate:up
-- What a dashboard watches goes to Realtime, and what must run by itself is scheduled where pg_cron is installed.
-- Realtime sends deletions to every subscriber with the row's key, past row level security; so deletions are not
-- published, a published table has nothing personal in its key, and `users` is not published. A client that must see
-- something vanish is told by an update of its state.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
declare
  v_tables constant text[] := array[
    'budget_alerts', 'budget_periods', 'compliance_requests', 'documents', 'invoices', 'jobs', 'media_assets'
  ];
  v_table text;
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    raise notice 'publication supabase_realtime does not exist: nothing is published';
    return;
  end if;
  -- What is published holds for all tables of a publication: where an application has put its own there, it decides.
  if exists (
    select from pg_catalog.pg_publication_tables
     where pubname = 'supabase_realtime' and not (schemaname = 'public' and tablename = any (v_tables))
  ) then
    raise notice 'supabase_realtime has other tables: decide whether it must send deletions to every subscriber';
  else
    alter publication supabase_realtime set (publish = 'insert, update');
  end if;
  foreach v_table in array v_tables loop
    if not exists (
      select from pg_catalog.pg_publication_tables
       where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = v_table
    ) then
      execute format('alter publication supabase_realtime add table public.%I', v_table);
    end if;
  end loop;
end
$do$;

-- Run again after enabling pg_cron later on; a schedule of the same name is replaced.
create or replace function private.schedule_maintenance() returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_job record;
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    return false;
  end if;
  for v_job in
    select * from (
      values
        ('lytbub_maintain_partitions', '17 3 * * *', 'select private.maintain_partitions()'),
        ('lytbub_flush_budgets', '* * * * *', 'select private.flush_budgets()'),
        ('lytbub_roll_up_usage', '* * * * *', 'select private.roll_up_usage(100000)'),
        ('lytbub_close_budget_periods', '23 * * * *', 'select private.close_budget_periods()'),
        ('lytbub_reconcile_budgets', '* 1-4 * * *', 'select private.reconcile_budgets()'),
        ('lytbub_prune_budgets', '53 3 * * *', 'select private.prune_budgets()'),
        ('lytbub_data_retention', '*/5 2-4 * * *', 'select count(*) from private.run_data_retention(null, false, 100000)'),
        ('lytbub_maintain_compliance', '7 * * * *', 'select private.maintain_compliance()'),
        ('lytbub_maintain_billing', '13 * * * *', 'select private.maintain_billing()'),
        ('lytbub_maintain_companies', '37 * * * *', 'select private.maintain_companies()')
    ) as j (name, schedule, command)
  loop
    -- The schema's name is a parameter, so that the function can be checked where there is no pg_cron.
    execute format('select %I.schedule($1, $2, $3)', 'cron') using v_job.name, v_job.schedule, v_job.command;
  end loop;
  return true;
end
$fn$;
revoke execute on function private.schedule_maintenance() from public;
comment on function private.schedule_maintenance() is
  'Schedules maintenance with pg_cron: partitions, data retention, reminders of compliance requests, overdue payments, erasure of closed companies, and the budgets'' flush, closing, reconciliation and pruning. False if the extension is not installed. Safe to repeat.';

select private.schedule_maintenance();

-- migrate:down
