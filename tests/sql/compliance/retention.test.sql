-- Data retention: what goes, what stays and why; batches, holds, minimum periods, months that are dropped; who may.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(77);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.refused(p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  execute p_sql;
  return fail(p_what || ': nothing was refused');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return is(array[sqlstate, v_detail, (length(v_hint) > 10)::text], array[p_code, p_token, 'true'], p_what);
end
$$;
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('e001'), 'retain-a', 'x', 'a@b.example'), (pg_temp.id('e002'), 'retain-b', 'x', 'a@b.example');
insert into auth.users (id, email) values (pg_temp.id('e901'), 'e901@b.example'), (pg_temp.id('e902'), 'e902@b.example'),
  (pg_temp.id('e903'), 'e903@b.example'), (pg_temp.id('e904'), 'e904@b.example') on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client'),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'e903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'compliance_admin');
-- In both companies, with the same ids: ten of each, made so many days ago.
insert into public.ai_agents (company_id, id, name, provider, model) select c.id, pg_temp.id('a001'), 'x', 'openai', 'z' from public.companies as c where c.id in (pg_temp.id('e001'), pg_temp.id('e002'));
create function pg_temp.fill(p_company text) returns void language plpgsql as $$
begin
  set local app.importing = 'on';
  insert into public.jobs (company_id, id, kind, status, payload, created_at, finished_at, started_at)
  select pg_temp.id(p_company), pg_temp.id('b0' || lpad(n::text, 2, '0')), 'x', case when n = 10 then 'queued' else 'succeeded' end, '{"who": "somebody"}', now() - n * interval '10 days', case when n < 10 then now() - n * interval '10 days' end, case when n < 10 then now() - n * interval '10 days' end
    from generate_series(1, 10) as n;
  insert into public.agent_logs (company_id, id, agent_id, job_id, event, message, data, created_at)
  select pg_temp.id(p_company), pg_temp.id('c0' || lpad(n::text, 2, '0')), pg_temp.id('a001'), case when n = 9 then pg_temp.id('b009') end, 'x', 'somebody', '{"who": "somebody"}', now() - n * interval '10 days' from generate_series(1, 10) as n;
  insert into public.documents (company_id, id, title, storage_path, mime_type, size_bytes, metadata, created_at)
  select pg_temp.id(p_company), pg_temp.id('d0' || lpad(n::text, 2, '0')), 'somebody', pg_temp.id(p_company) || '/' || n, 'text/plain', 1, '{"who": "somebody"}', now() - n * interval '10 days' from generate_series(1, 10) as n;
  insert into public.api_usage (company_id, service, cost_micro_usd, occurred_at) select pg_temp.id(p_company), 'x', 1, now() - n * interval '50 days' from generate_series(1, 10) as n;
  insert into public.invoices (company_id, id, number, status, customer_name, issued_on, due_on, paid_at, currency)
  select pg_temp.id(p_company), pg_temp.id('f0' || lpad(n::text, 2, '0')), 'N' || n, case when n = 5 then 'open' else 'paid' end, 'somebody', current_date - n * 1000, current_date - n * 1000, case when n <> 5 then now() end, 'USD' from generate_series(1, 5) as n;
  set local app.importing = '';
end
$$;
select pg_temp.fill('e001'), pg_temp.fill('e002');
create function pg_temp.policy(p_class text, p_days integer, p_action text default 'delete', p_hold boolean default false, p_company text default 'e001') returns void language sql as $$
  insert into public.data_retention_policies (company_id, data_class, retention_days, action, is_legal_hold) values (pg_temp.id(p_company), p_class, p_days, p_action, p_hold)
  on conflict (company_id, data_class) do update set retention_days = excluded.retention_days, action = excluded.action, is_legal_hold = excluded.is_legal_hold
$$;
create function pg_temp.run(p_company text default 'e001', p_dry boolean default false, p_max integer default 10000) returns table (class text, rows bigint, done boolean, error text) language sql as $$
  select r.data_class, r.rows_affected, r.is_complete, r.error from public.run_data_retention(pg_temp.id(p_company), p_dry, p_max) as r
$$;
create function pg_temp.count(p_table text, p_company text default 'e001') returns bigint language plpgsql as $$
declare
  v_count bigint;
begin
  execute format('select count(*) from public.%I where company_id = pg_temp.id(%L)', p_table, p_company) into v_count;
  return v_count;
end
$$;
create function pg_temp.digest(p_company text) returns text language sql as $$
  select md5(concat((select string_agg(t::text, ',' order by id) from public.jobs as t where company_id = pg_temp.id(p_company)), (select string_agg(t::text, ',' order by id) from public.agent_logs as t where company_id = pg_temp.id(p_company)),
    (select string_agg(t::text, ',' order by id) from public.documents as t where company_id = pg_temp.id(p_company)), (select string_agg(t::text, ',' order by id) from public.invoices as t where company_id = pg_temp.id(p_company)),
    (select string_agg(t::text, ',' order by id) from public.api_usage as t where company_id = pg_temp.id(p_company)), (select string_agg(t::text, ',' order by id) from public.users as t where company_id = pg_temp.id(p_company))))
$$;
create temp table before as select pg_temp.digest('e002') as digest;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- Policies --------------------------------------------------------------------------------------------------------------
select is_empty('select * from pg_temp.run()', 'without a policy nothing goes');
select pg_temp.refused(format('select pg_temp.policy(%L, %s, %L)', p.class, p.days, p.action), '23514', 'retention_too_short', p.class || ' is kept longer than ' || p.days || ' days')
  from (values ('invoices', 3649, 'delete'), ('invoices', 3649, 'anonymise'), ('audit_logs', 364, 'delete'), ('compliance_requests', 729, 'delete'), ('api_usage', 89, 'delete')) as p (class, days, action);
select pg_temp.refused(format('select pg_temp.policy(%L, 5000, ''anonymise'')', c), '23514', 'retention_action_impossible', c || ' cannot be anonymised') from unnest(array['audit_logs', 'users']) as c;
select lives_ok($$select pg_temp.policy('invoices', 10, 'keep')$$, 'what is kept may be kept for any time');
select throws_ok($$update public.data_retention_policies set action = 'delete' where company_id = pg_temp.id('e001') and data_class = 'invoices'$$, '23514', null, 'but does not become less by another way');
set local app.importing = 'on';
update public.data_retention_policies set action = 'delete' where company_id = pg_temp.id('e001') and data_class = 'invoices';
set local app.importing = '';
select results_eq('select class, rows from pg_temp.run()', $$values ('invoices', 1::bigint)$$, 'an import cannot undercut it either: only what is ten years old goes');
select is((select array_agg(number order by number) from public.invoices where company_id = pg_temp.id('e001')), '{N1,N2,N3,N5}', 'and is paid; one that is open stays');
update public.data_retention_policies set action = 'keep' where company_id = pg_temp.id('e001');

-- Deleting, in batches --------------------------------------------------------------------------------------------------
select pg_temp.policy('agent_logs', 55);
select results_eq('select * from pg_temp.run(p_dry => true)', $$values ('agent_logs', 5::bigint, true, null::text)$$, 'a dry run counts');
select is(pg_temp.count('agent_logs'), 10::bigint, 'and removes nothing');
select results_eq('select * from pg_temp.run(p_max => 2)', $$values ('agent_logs', 2::bigint, false, null::text)$$, 'a batch');
select is((select max(created_at) < now() - interval '70 days' from public.agent_logs where company_id = pg_temp.id('e002') and id not in (select id from public.agent_logs where company_id = pg_temp.id('e001'))), true, 'takes the oldest first');
select results_eq('select * from pg_temp.run(p_max => 2)', $$values ('agent_logs', 2::bigint, false, null::text)$$, 'the next goes on');
select results_eq('select * from pg_temp.run(p_max => 2)', $$values ('agent_logs', 1::bigint, true, null::text)$$, 'until all is done');
select results_eq('select * from pg_temp.run()', $$values ('agent_logs', 0::bigint, true, null::text)$$, 'then there is nothing to do');
select is((select min(created_at) > now() - interval '55 days' from public.agent_logs where company_id = pg_temp.id('e001')), true, 'what is younger stays');
select results_eq($$select data_class, status, is_dry_run, rows_affected from public.data_retention_logs where company_id = pg_temp.id('e001') and data_class = 'agent_logs' order by is_dry_run desc, rows_affected$$,
  $$values ('agent_logs', 'succeeded', true, 5::bigint), ('agent_logs', 'succeeded', false, 1), ('agent_logs', 'succeeded', false, 2), ('agent_logs', 'succeeded', false, 2)$$, 'each that did something is logged');
select is((select array_agg((changes ->> 'row_count')::integer order by (changes ->> 'row_count')::integer) from public.audit_logs where company_id = pg_temp.id('e001') and action = 'retention.applied' and table_name = 'agent_logs'), '{1,2,2}', 'also in the audit log');
select pg_temp.policy('jobs', 55);
select results_eq('select class, rows from pg_temp.run()', $$values ('agent_logs', 0::bigint), ('jobs', 4)$$, 'jobs that are over go');
select is((select count(*) from public.jobs where company_id = pg_temp.id('e001') and status = 'queued'), 1::bigint, 'one that is not stays');
set local app.importing = 'on';
insert into public.agent_logs (company_id, agent_id, job_id, event) select pg_temp.id('e001'), pg_temp.id('a001'), pg_temp.id('b004'), 'x';
set local app.importing = '';
select pg_temp.policy('jobs', 35);
select results_eq($$select rows from pg_temp.run() where class = 'jobs'$$, 'values (1::bigint)', 'nor does one that a log still names');

-- Anonymising -----------------------------------------------------------------------------------------------------------
select pg_temp.policy('documents', 55, 'anonymise');
select results_eq($$select rows from pg_temp.run() where class = 'documents'$$, 'values (5::bigint)', 'what is personal goes');
select results_eq($$select distinct title, description, metadata from public.documents where company_id = pg_temp.id('e001') and created_at < now() - interval '55 days'$$, $$values ('[erased]', null::text, '{}'::jsonb)$$, 'the rows stay');
select is((select count(*) from public.documents where company_id = pg_temp.id('e001') and title = 'somebody'), 5::bigint, 'younger ones as they were');
select results_eq($$select rows from pg_temp.run() where class = 'documents'$$, 'values (0::bigint)', 'once');
select pg_temp.policy('agent_logs', 25, 'anonymise');
select results_eq($$select rows from pg_temp.run() where class = 'agent_logs'$$, 'values (3::bigint)', 'in a log that nobody may change, too');
select is((select count(*) from public.agent_logs where company_id = pg_temp.id('e001') and created_at < now() - interval '25 days' and (message is not null or data <> '{}')), 0::bigint, 'message and data');
select pg_temp.policy('documents', 55);
select results_eq($$select rows from pg_temp.run() where class = 'documents'$$, 'values (5::bigint)', 'documents that are deleted');
select is((select count(*) from private.outbox_events where company_id = pg_temp.id('e001') and topic = 'file.expired' and payload ->> 'bucket' = 'documents' and payload ->> 'path' like pg_temp.id('e001') || '/%'), 5::bigint, 'say which files go with them');

-- Every class that can be made anonymous, in a company of its own, with whatever its columns can hold.
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('e00c'), 'retain-all', 'x', 'a@b.example');
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('e00c'), pg_temp.id('a001'), 'x', 'openai', 'z');
select pg_temp.fill('e00c');
set local app.importing = 'on';
insert into public.media_assets (company_id, title, description, alt_text, storage_path, mime_type, size_bytes, kind, metadata, created_at)
values (pg_temp.id('e00c'), 'somebody', 'somebody', 'somebody', pg_temp.id('e00c') || '/m', 'image/png', 1, 'image', '{"who": "somebody"}', now() - interval '9 days');
update public.jobs set result = case when status = 'succeeded' then '{"who": "somebody"}'::jsonb end, error_message = 'somebody' where company_id = pg_temp.id('e00c');
update public.invoices set customer_email = 'somebody@b.example', customer_address = 'somebody', notes = 'somebody' where company_id = pg_temp.id('e00c');
update public.api_usage set description = 'somebody', metadata = '{"who": "somebody"}', request_id = 'somebody' where company_id = pg_temp.id('e00c');
insert into public.compliance_requests (
  company_id, kind, regulation, status, subject_email, subject_name, subject_user_id, identifiers, details, corrections, received_at, due_at,
  extended_at, extension_reason, identity_method, identity_verified_at, identity_verified_by, completed_at, rejection_reason, receipt)
select pg_temp.id('e00c'), 'erasure', 'gdpr', s.status, 'somebody@b.example', 'somebody', pg_temp.id('e901'), '{somebody}', 'somebody',
       '[{"who": "somebody"}]', now() - interval '800 days', now() - interval '770 days', now() - interval '790 days', 'somebody', 'email',
       now() - interval '799 days', pg_temp.id('e903'), now() - interval '760 days', case s.status when 'rejected' then 'somebody' end, '{}'
  from unnest(array['completed', 'rejected', 'cancelled']) as s (status);
set local app.importing = '';
select pg_temp.policy(k.data_class, k.minimum_days, 'anonymise', p_company => 'e00c')
  from private.retention_classes as k where k.data_class not in ('audit_logs', 'users');
select results_eq($$select class, rows > 0, error from pg_temp.run('e00c') order by class$$,
  $$select k.data_class, true, null::text from private.retention_classes as k where k.data_class not in ('audit_logs', 'users') order by 1$$,
  'every class can be made anonymous');
select is((select sum(r.rows) from pg_temp.run('e00c') as r), 0::numeric, 'once');
select results_eq($$select distinct status, subject_email, subject_name, subject_user_id, identifiers, details, corrections, extension_reason, identity_verified_by, rejection_reason
  from public.compliance_requests where company_id = pg_temp.id('e00c') order by status$$,
  $$values ('cancelled', 'erased@erased.invalid', null::text, null::uuid, '{}'::text[], null::text, '[]'::jsonb, '[erased]', null::uuid, null::text),
           ('completed', 'erased@erased.invalid', null, null, '{}', null, '[]', '[erased]', null, null),
           ('rejected', 'erased@erased.invalid', null, null, '{}', null, '[]', '[erased]', null, '[erased]')$$,
  'a request keeps what it was and when, and that there was a reason');
select is_empty($$select 1 from public.media_assets as t where company_id = pg_temp.id('e00c') and t::text like '%somebody%'
  union all select 1 from public.jobs as t where company_id = pg_temp.id('e00c') and finished_at is not null and t::text like '%somebody%' and not exists (
    select from public.agent_logs as l where l.company_id = t.company_id and l.job_id = t.id)
  union all select 1 from public.invoices as t where company_id = pg_temp.id('e00c') and status = 'paid' and issued_on < current_date - 3650 and t::text like '%somebody%'
  union all select 1 from public.agent_logs as t where company_id = pg_temp.id('e00c') and t::text like '%somebody%'
  union all select 1 from public.compliance_requests as t where company_id = pg_temp.id('e00c') and t::text like '%somebody%'$$,
  'and nothing says who somebody was');

-- Holds, usage, people --------------------------------------------------------------------------------------------------
select pg_temp.policy('documents', 5, 'delete', true);
select is_empty($$select * from pg_temp.run() where class = 'documents'$$, 'legal hold wins over everything');
select is(pg_temp.count('documents'), 5::bigint, 'indeed');
select pg_temp.policy('api_usage', 100);
select results_eq($$select rows from pg_temp.run() where class = 'api_usage'$$, 'values (8::bigint)', 'usage goes when its month is closed');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e002'), 'custom', 10);
update public.budget_periods set starts_at = now() - interval '320 days', generation = generation + 1 where company_id = pg_temp.id('e002');
select pg_temp.policy('api_usage', 100, p_company => 'e002');
select results_eq($$select rows from pg_temp.run('e002', true) where class = 'api_usage'$$, 'values (4::bigint)', 'and stays while it is open');
update public.data_retention_policies set action = 'keep' where company_id = pg_temp.id('e002');
update public.users set status = 'disabled' where company_id = pg_temp.id('e001') and id = pg_temp.id('e902');
set local app.importing = 'on';
update public.users set disabled_at = now() - interval '100 days' where company_id = pg_temp.id('e001') and id = pg_temp.id('e902');
set local app.importing = '';
select pg_temp.policy('users', 90);
select results_eq($$select rows from pg_temp.run() where class = 'users'$$, 'values (1::bigint)', 'people who left long ago');
select is((select count(*) from public.users where company_id = pg_temp.id('e001')), 2::bigint, 'nobody else');
select is(pg_temp.digest('e002'), (select digest from before), 'all this time nothing of another company has changed');

-- A failure is one policy's ---------------------------------------------------------------------------------------------
update public.data_retention_policies set action = 'keep' where company_id = pg_temp.id('e001');
select pg_temp.policy('agent_logs', 15), pg_temp.policy('jobs', 5);
create function pg_temp.fail() returns trigger language plpgsql as $$ begin raise exception 'the disk is full' using errcode = '53100'; end $$;
create trigger fail before delete on public.agent_logs for each row execute function pg_temp.fail();
select results_eq('select class, rows, done, error from pg_temp.run()', $$values ('agent_logs', 0::bigint, false, 'the disk is full (53100)'), ('jobs', 3, true, null)$$, 'one that fails does not stop the others');
select results_eq($$select status, error_message from public.data_retention_logs where company_id = pg_temp.id('e001') and status = 'failed'$$, $$values ('failed', 'the disk is full (53100)')$$, 'it is logged');
select is((select payload ->> 'error' from private.outbox_events where company_id = pg_temp.id('e001') and topic = 'retention.failed'), 'the disk is full (53100)', 'and reported');
drop trigger fail on public.agent_logs;
select results_eq($$select rows, done from pg_temp.run() where class = 'agent_logs'$$, $$values (4::bigint, true)$$, 'the next run makes up for it');

-- The audit log ---------------------------------------------------------------------------------------------------------
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('e003'), 'retain-c', 'x', 'a@b.example');
set constraints all immediate;
set local app.importing = 'on';
delete from public.audit_logs where company_id = pg_temp.id('e003');
delete from private.audit_links where company_id = pg_temp.id('e003');
delete from private.audit_heads where company_id = pg_temp.id('e003');
set local app.importing = '';
insert into public.audit_logs (company_id, action, created_at, transaction_id) select pg_temp.id('e003'), 'x.y', now() - n * interval '100 days', '7' from generate_series(6, 1, -1) as n;
set constraints all deferred;
select pg_temp.policy('audit_logs', 365, p_company => 'e003');
set constraints all immediate;
select results_eq($$select rows from pg_temp.run('e003', true) where class = 'audit_logs'$$, 'values (3::bigint)', 'the audit log, counted');
select results_eq($$select rows from pg_temp.run('e003') where class = 'audit_logs'$$, 'values (3::bigint)', 'and pruned');
select ok((select v.is_intact and v.pruned_row_count = 3 from public.verify_audit_chain(pg_temp.id('e003')) as v), 'leaves a chain that verifies');
set constraints all deferred;

-- Months that go as a whole ---------------------------------------------------------------------------------------------
create table private.agent_logs_p200001 (like public.agent_logs including defaults including constraints);
select private.close_partition('agent_logs_p200001');
create table private.agent_logs_p200002 (like public.agent_logs including defaults including constraints);
select private.close_partition('agent_logs_p200002');
alter table public.agent_logs attach partition private.agent_logs_p200001 for values from ('2000-01-01 00:00+00') to ('2000-02-01 00:00+00');
alter table public.agent_logs attach partition private.agent_logs_p200002 for values from ('2000-02-01 00:00+00') to ('2000-03-01 00:00+00');
set local app.importing = 'on';
insert into public.agent_logs (company_id, agent_id, event, created_at) select pg_temp.id(c), pg_temp.id('a001'), 'x', '2000-01-15' from unnest('{e001,e001,e002}'::text[]) as c;
insert into public.agent_logs (company_id, agent_id, event, created_at) select pg_temp.id(c), pg_temp.id('a001'), 'x', '2000-02-15' from unnest('{e001}'::text[]) as c;
set local app.importing = '';
select results_eq($$select company_id, data_class, action, older_than, rows_affected, is_complete, error from private.drop_expired_partition()$$,
  $$values (pg_temp.id('e001'), 'agent_logs', 'delete', '2000-03-01 00:00+00'::timestamptz, 1::bigint, false, null::text)$$, 'a month of which nobody keeps anything goes as a whole');
select is_empty('select * from private.drop_expired_partition()', 'and no other');
select ok(to_regclass('private.agent_logs_p200002') is null and to_regclass('private.agent_logs_p200001') is not null, 'another stays, since one company has no policy');
select pg_temp.policy('agent_logs', 15, p_company => 'e002', p_action => 'anonymise');
select is_empty('select * from private.drop_expired_partition()', 'or makes it anonymous');
select pg_temp.policy('agent_logs', 15, p_company => 'e002', p_hold => true);
select is_empty('select * from private.drop_expired_partition()', 'or is under legal hold');
select pg_temp.policy('agent_logs', 36500, p_company => 'e002');
select is_empty('select * from private.drop_expired_partition()', 'or keeps it longer');
select pg_temp.policy('agent_logs', 15, p_company => 'e002');
set local role service_role;
select results_eq('select company_id, data_class, rows_affected, is_complete from public.run_data_retention()',
  $$values (pg_temp.id('e001'), 'agent_logs', 2::bigint, false), (pg_temp.id('e002'), 'agent_logs', 1, false)$$, 'a run for all, and nothing else while the table is locked');
reset role;
select ok(to_regclass('private.agent_logs_p200001') is null, 'drops it when all agree');
select results_eq($$select company_id, rows_affected from public.data_retention_logs where data_class = 'agent_logs' and rows_affected between 1 and 2 and finished_at > started_at - interval '1 hour' and company_id in (pg_temp.id('e001'), pg_temp.id('e002')) and data_retention_policy_id is not null and started_at = now() order by 1, 2$$,
  $$values (pg_temp.id('e001'), 1::bigint), (pg_temp.id('e001'), 2), (pg_temp.id('e002'), 1)$$, 'with an entry for each company');
select results_eq($$select company_id, (changes ->> 'row_count')::integer from public.audit_logs where action = 'retention.applied' and table_name = 'agent_logs' and changes ->> 'older_than' like '2000-02-01%' order by 1$$,
  $$values (pg_temp.id('e001'), 2), (pg_temp.id('e002'), 1)$$, 'in its audit log, too');
select is_empty($$select from private.audit_links where company_id in (pg_temp.id('e001'), pg_temp.id('e002')) and link_no is null$$, 'whose links have their place already');

-- Usage of an open month, and the audit log, stay whatever their age; the default partition stays.
create function pg_temp.plant(p_table text) returns void language plpgsql as $$
begin
  execute format('create table private.%1$s_p200001 (like public.%1$s including defaults including constraints)', p_table);
  perform private.close_partition(p_table || '_p200001');
  execute format('alter table public.%1$s attach partition private.%1$s_p200001 for values from (''2000-01-01 00:00+00'') to (''2000-02-01 00:00+00'')', p_table);
end
$$;
select pg_temp.policy('audit_logs', 365), pg_temp.policy('api_usage', 90), pg_temp.policy('jobs', 5);
set constraints all immediate;
set local app.importing = 'on';
delete from public.api_usage;
select pg_temp.plant('audit_logs'), pg_temp.plant('api_usage');
insert into public.api_usage (company_id, service, cost_micro_usd, occurred_at) values (pg_temp.id('e001'), 'x', 1, '2000-01-15');
insert into public.budget_periods (company_id, month, starts_at, ends_at, limit_micro_usd) values (pg_temp.id('e001'), '2000-01-01', '2000-01-01 00:00+00', '2000-02-01 00:00+00', 1);
set local app.importing = '';
select is_empty('select * from private.drop_expired_partition()', 'neither usage of a month that is open nor the audit log goes as a whole');
set local app.importing = 'on';
update public.budget_periods set status = 'closed', closed_at = now() where company_id = pg_temp.id('e001');
set local app.importing = '';
select results_eq('select data_class, rows_affected from private.drop_expired_partition()', $$values ('api_usage', 1::bigint)$$, 'usage does when the month is closed');
select ok(to_regclass('private.audit_logs_p200001') is not null and to_regclass('private.api_usage_default') is not null and to_regclass('private.api_usage_p200001') is null, 'and nothing else');
select pg_temp.plant('api_usage');
set local app.importing = 'on';
insert into public.api_usage (company_id, service, cost_micro_usd, occurred_at) values (pg_temp.id('e001'), 'x', 1, '2000-01-15');
set local app.importing = '';
select pg_temp.policy('api_usage', 36000);
select is_empty('select * from private.drop_expired_partition()', 'the policy of another class does not count');
set constraints all deferred;

-- Who may ---------------------------------------------------------------------------------------------------------------
select pg_temp.be('e903');
set local role authenticated;
select lives_ok($$select * from public.run_data_retention(pg_temp.id('e001'))$$, 'a compliance administrator may, for their company');
select pg_temp.refused($$select * from public.run_data_retention(pg_temp.id('e002'))$$, '42501', 'not_your_company', 'not for another');
select pg_temp.refused('select * from public.run_data_retention()', '42501', 'not_an_operator', 'nor for all');
reset role;
select pg_temp.be('e901');
set local role authenticated;
select pg_temp.refused($$select * from public.run_data_retention(pg_temp.id('e001'))$$, '42501', 'not_your_company', 'a client may not');
reset role;
set local role anon;
select throws_ok($$select * from public.run_data_retention(pg_temp.id('e001'))$$, '42501', null, 'nor a visitor');
reset role;
select pg_temp.be('e901', '{"role": "platform_admin"}');
set local role platform_admin;
select pg_temp.refused($$select * from public.run_data_retention(pg_temp.id('e001'))$$, '42501', 'not_an_operator', 'nor who is no operator any more');
reset role;
select pg_temp.be('a000', '{"role": "platform_admin"}');
set local role platform_admin;
select lives_ok($$select * from public.run_data_retention(null, true)$$, 'operators may, for all');
select pg_temp.refused(format('select * from public.run_data_retention(null, %s)', a), '22023', 'invalid_batch_size', a || ' is no run') from unnest(array['false, 0', 'false, 100001', 'false, null', 'null']) as a;
reset role;
select * from finish();
rollback;
