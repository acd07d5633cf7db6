-- Append-only tables, partitions by name, and partitions that make themselves without losing a row.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);

select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a001", "role": "authenticated"}', true);
create function pg_temp.partitions() returns setof text language sql as $$
  select c.relname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
   where n.nspname = 'private' and c.relispartition and c.relkind = 'r'
$$;
create function pg_temp.reached(p_role text) returns text[] language plpgsql as $$
declare
  v_name text;
  v_reached text[] := '{}';
begin
  for v_name in select * from pg_temp.partitions() loop
    begin
      perform set_config('role', p_role, true);
      execute format('select 1 from private.%I limit 1', v_name);
      v_reached := v_reached || v_name;
    exception when insufficient_privilege then
      null;
    end;
    perform set_config('role', 'none', true);
  end loop;
  return v_reached;
end
$$;

-- By name -------------------------------------------------------------------------------------------------------------
select cmp_ok((select count(*)::integer from pg_temp.partitions()), '>=', 15, 'three tables, a default partition and four months each');
select is(pg_temp.reached('authenticated'), '{}', 'members reach no partition by its name');
select is(pg_temp.reached('platform_admin'), '{}', 'nor do operators');
select is(pg_temp.reached('service_role'), '{}', 'nor backend jobs');
select is(pg_temp.reached('anon'), '{}', 'nor anonymous callers');
set local role authenticated;
select is((select count(*)::integer from public.agent_logs), 48, 'control: through the table members see their own rows');
reset role;

-- Append-only ----------------------------------------------------------------------------------------------------------
set local role service_role;
select throws_ok('update public.audit_logs set action = ''x.y'' where true', '42501', null, 'service_role does not change the audit log');
select throws_ok('delete from public.audit_logs where true', '42501', null, 'nor delete from it');
select throws_ok('truncate public.audit_logs', '42501', null, 'nor truncate it');
select lives_ok($$insert into public.audit_logs (company_id, action) values ('00000000-0000-4000-8000-00000000c001', 'test.made')$$, 'control: it adds to it');
set local app.importing = 'on';
select throws_ok('delete from public.audit_logs where true', '42501', null, 'not while importing either');
set local app.importing = '';
reset role;
select throws_ok('update public.audit_logs set action = ''x.y'' where true', '42501', null, 'not even the owner changes it');
select throws_ok('delete from public.audit_logs where true', '42501', null, 'or deletes from it');
set constraints all immediate;
select throws_ok('truncate public.audit_logs', '42501', null, 'or truncates it');
set constraints all deferred;
set local role authenticated;
select throws_ok($$insert into public.audit_logs (company_id, action) values ('00000000-0000-4000-8000-00000000c001', 'test.made')$$, '42501', null, 'members do not write the audit log');
select throws_ok($$insert into public.api_usage (company_id, service, cost_micro_usd) values ('00000000-0000-4000-8000-00000000c001', 'x', 1)$$, '42501', null, 'nor the usage ledger');
select throws_ok($$update public.agent_logs set message = 'x' where true$$, '42501', null, 'nor change agent logs');
select throws_ok($$set local app.importing = 'on'; update public.jobs set created_at = now() where true$$, '42501', null, 'a member''s app.importing opens nothing');
select ok(not private.is_importing(), 'a member is never importing');
reset role;

-- Nothing is lost for its date -----------------------------------------------------------------------------------------
insert into public.agent_logs (company_id, id, agent_id, event, created_at)
select company_id, gen_random_uuid(), id, 'far.future', date_trunc('month', now()) + interval '7 months 3 days'
  from public.ai_agents where company_id = '00000000-0000-4000-8000-00000000c001' limit 1;
insert into public.audit_logs (company_id, action, created_at)
values ('00000000-0000-4000-8000-00000000c001', 'far.future', date_trunc('month', now()) + interval '7 months 3 days');
select is((select tableoid::regclass::text from public.agent_logs where event = 'far.future'), 'private.agent_logs_default', 'a row without a month waits in the default partition');
update private.partitioned_tables set months_ahead = 8 where true;
select is(private.maintain_partitions(), 15, 'five more months for three tables');
select is((select tableoid::regclass::text from public.agent_logs where event = 'far.future'),
  'private.agent_logs_p' || to_char(now() at time zone 'UTC' + interval '7 months', 'YYYYMM'), 'the row has moved to its month');
select is((select tableoid::regclass::text from public.audit_logs where action = 'far.future'),
  'private.audit_logs_p' || to_char(now() at time zone 'UTC' + interval '7 months', 'YYYYMM'), 'in an append-only table too');
select is(private.maintain_partitions(), 0, 'and again: nothing to do');

-- Inserts wait for a month that has begun, and for no other ------------------------------------------------------------
create function pg_temp.kept_from_inserts() returns text[] language sql as $$
  select array_agg(l.relation::regclass::text order by 1) from pg_locks as l
   where l.pid = pg_backend_pid() and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     and l.relation in ('public.agent_logs'::regclass, 'public.api_usage'::regclass, 'public.audit_logs'::regclass)
$$;
select is(pg_temp.kept_from_inserts(), null, 'nobody who inserts waits for months ahead');
do $do$ begin
  execute format('drop table private.%I', 'agent_logs_p' || to_char(now() at time zone 'UTC' - interval '1 month', 'YYYYMM'));
exception when undefined_table then
  null;
end $do$;
select ok(private.create_month_partition('agent_logs', (date_trunc('month', now() at time zone 'UTC') - interval '1 month')::date), 'a month that has passed');
select is(pg_temp.kept_from_inserts(), '{agent_logs}', 'keeps its table, and no other, for itself');

set local role authenticated;
select throws_ok('select public.maintain_partitions()', '42501', null, 'members do not maintain partitions');
reset role;

select * from finish();
rollback;
