-- What triggers keep and refuse, one by one, and what they leave alone: other companies' rows, other rows of the same
-- company, and what an import brings with it.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(72);

create function pg_temp.be(p_user text) returns void language sql as $$
  select set_config('request.jwt.claims',
    jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated')::text, true)
$$;
create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create temp table ids as select pg_temp.id('c001') as acme, pg_temp.id('c002') as globex;

-- Companies -----------------------------------------------------------------------------------------------------------
-- Without its defaults, which would come when the transaction ends: these tests plant what they need.
alter table public.companies disable trigger set_up;
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('e001'), 'trigger-test', 'x', 'a@b.example');
select throws_ok($$update public.companies set time_zone = 'Mars/Olympus' where slug = 'trigger-test'$$, '22023', null, 'a time zone is looked at when it changes');
alter table public.companies disable trigger user;
update public.companies set time_zone = 'Gone/Zone' where slug = 'trigger-test';
alter table public.companies enable trigger user;
select lives_ok($$update public.companies set name = 'y' where slug = 'trigger-test'$$, 'and only then: a zone that is gone does not lock the company');
update public.companies set time_zone = 'UTC', status = 'closed' where slug = 'trigger-test';
select ok((select closed_at is not null from public.companies where slug = 'trigger-test'), 'closed_at is kept by trigger');
update public.companies set status = 'active' where slug = 'trigger-test';
select ok((select closed_at is null from public.companies where slug = 'trigger-test'), 'both ways');
set local app.importing = 'on';
select throws_ok($$insert into public.companies (slug, name, contact_email, suspended_at) values ('imported', 'x', 'a@b.example', now())$$, '23514', null, 'an import is checked, not mended');
set local app.importing = '';

-- Members -------------------------------------------------------------------------------------------------------------
select throws_ok($$update public.users set revoked_permissions = '{jobs.raed}' where id = pg_temp.id('a002')$$, '23514', null, 'unknown permissions are not revoked either');
alter table public.users disable trigger user;
update public.users set granted_permissions = '{gone.read}' where id = pg_temp.id('a002');
alter table public.users enable trigger user;
select lives_ok($$update public.users set full_name = 'Adam' where id = pg_temp.id('a002')$$, 'a permission that is gone does not lock the member');
update public.users set granted_permissions = '{}' where id = pg_temp.id('a002');
insert into public.jobs (company_id, id, kind, assigned_user_id) values
  (pg_temp.id('c001'), pg_temp.id('e101'), 'x', pg_temp.id('a005')),
  (pg_temp.id('c002'), pg_temp.id('e102'), 'x', pg_temp.id('a005')),
  (pg_temp.id('c001'), pg_temp.id('e103'), 'x', pg_temp.id('a002'));
savepoint leaver;
delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a005');
select results_eq($$select right(id::text, 4), right(assigned_user_id::text, 4) from public.jobs where id in (pg_temp.id('e101'), pg_temp.id('e102'), pg_temp.id('e103')) order by 1$$,
  $$values ('e101', null), ('e102', 'a005'), ('e103', 'a002')$$, 'who leaves one company keeps their jobs in another, and their colleagues theirs');
rollback to leaver;

-- Admins --------------------------------------------------------------------------------------------------------------
insert into public.users (company_id, id, email, full_name, role, status) values
  (pg_temp.id('c000'), pg_temp.id('a008'), 'eve@outsider.example', 'Eve', 'client', 'active');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a000", "role": "platform_admin"}', true);
set local role platform_admin;
select throws_ok($$delete from public.users where role = 'admin'$$, '42501', 'this is the last active admin', 'another member of the operator is no admin to fall back on');
select lives_ok($$update public.users set full_name = 'Olga O.' where role = 'admin'$$, 'control: the last admin may change their name');
select lives_ok($$update public.users set role = 'agent' where company_id = pg_temp.id('c002') and id = pg_temp.id('a004')$$, 'control: whoever is no admin may be demoted');
select lives_ok($$delete from public.users where id = pg_temp.id('a008')$$, 'control: and may go');
insert into public.users (company_id, id, email, full_name, role, status) values
  (pg_temp.id('c000'), pg_temp.id('a008'), 'eve@outsider.example', 'Eve', 'admin', 'disabled');
select throws_ok($$update public.users set role = 'client' where id = pg_temp.id('a000')$$, '42501', 'this is the last active admin', 'nor is a disabled admin');
reset role;
update public.users set role = 'client' where company_id = pg_temp.id('c002') and id = pg_temp.id('a004');
select lives_ok($$update public.users set status = 'disabled' where id = pg_temp.id('a000')$$, 'the owner may do it all the same');
update public.users set status = 'active' where id = pg_temp.id('a000');
select set_config('request.jwt.claims', '', true);

-- Plans ---------------------------------------------------------------------------------------------------------------
insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('e001'), pg_temp.id('e201'), 'starter', null);
select is((select features from public.company_plans where id = pg_temp.id('e201')),
  (select features from private.plan_tiers where plan_tier = 'starter'), 'a plan has its tier''s features');
set local app.importing = 'on';
update public.company_plans set updated_at = '2001-01-01';
set local app.importing = '';
select lives_ok($$insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd, features)
  select pg_temp.id('e001'), id, 'custom', 7, '{"members": 1}' from public.company_plans where company_id = pg_temp.id('c001') and is_active$$,
  'a plan that has the id of another company''s takes the place of the one in force all the same');
select results_eq($$select plan_tier, is_active, features from public.company_plans where company_id = pg_temp.id('e001') order by 1$$,
  $$values ('custom', true, '{"members": 1}'::jsonb), ('starter', false, (select features from private.plan_tiers where plan_tier = 'starter'))$$,
  'with features of its own');
select is((select count(*)::integer from public.company_plans where company_id <> pg_temp.id('e001') and updated_at <> '2001-01-01'), 0, 'other companies'' plans are not touched');
set local app.importing = 'on';
update public.company_plans set updated_at = '2001-01-01';
select throws_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e001'), 'starter', 1)$$, '23505', null, 'an import does not end the plan in force');
set local app.importing = '';
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, is_active) values (pg_temp.id('e001'), 'enterprise', null, false);
select is((select plan_tier from public.company_plans where company_id = pg_temp.id('e001') and is_active), 'custom', 'nor does a plan that is not active');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e001'), 'professional', null);
select is((select updated_at from public.company_plans where id = pg_temp.id('e201')), '2001-01-01'::timestamptz, 'what ended earlier stays as it was');
select throws_ok($$update public.company_plans set monthly_limit_usd = null where company_id = pg_temp.id('e001') and plan_tier = 'custom'$$, '23502', 'a custom plan needs its monthly limit', 'a custom plan keeps a limit');
select throws_matching($$update public.company_plans set monthly_limit_usd = null where id = pg_temp.id('e201')$$, 'null value', 'so do the others, and an update does not make one up');
update public.company_plans set features = '{}' where id = pg_temp.id('e201');
select is((select features from public.company_plans where id = pg_temp.id('e201')), '{}'::jsonb, 'nor features');

-- Agents --------------------------------------------------------------------------------------------------------------
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('e001'), pg_temp.id('e301'), 'A', 'provider', 'm');
update public.ai_agents set status = 'archived' where id = pg_temp.id('e301');
select ok((select archived_at is not null from public.ai_agents where id = pg_temp.id('e301')), 'archived_at is kept by trigger');
update public.ai_agents set status = 'active' where id = pg_temp.id('e301');
select ok((select archived_at is null from public.ai_agents where id = pg_temp.id('e301')), 'both ways');
set local app.importing = 'on';
select throws_ok($$insert into public.ai_agents (company_id, name, provider, model, archived_at) values (pg_temp.id('e001'), 'B', 'provider', 'm', now())$$, '23514', null, 'an import is checked, not mended');
set local app.importing = '';

-- Jobs ----------------------------------------------------------------------------------------------------------------
insert into public.jobs (company_id, id, kind, max_attempts) values (pg_temp.id('c001'), pg_temp.id('e401'), 'x', 2);
select is((select started_at from public.jobs where id = pg_temp.id('e401')), null, 'a queued job has not started');
update public.jobs set priority = 1 where id = pg_temp.id('e401');
select is((select attempts from public.jobs where id = pg_temp.id('e401')), 0, 'only starting counts as an attempt');
update public.jobs set status = 'running' where id = pg_temp.id('e401');
update public.jobs set priority = 2 where id = pg_temp.id('e401');
select is((select attempts from public.jobs where id = pg_temp.id('e401')), 1, 'and counts once');
update public.jobs set status = 'failed' where id = pg_temp.id('e401');
select lives_ok($$update public.jobs set status = 'queued' where id = pg_temp.id('e401')$$, 'a failed job is tried again while attempts are left');
update public.jobs set status = 'running' where id = pg_temp.id('e401');
select lives_ok($$update public.jobs set status = 'queued' where id = pg_temp.id('e401')$$, 'a running one is given back whatever is left');
update public.jobs set max_attempts = 3 where id = pg_temp.id('e401');
update public.jobs set status = 'running' where id = pg_temp.id('e401');
update public.jobs set status = 'failed' where id = pg_temp.id('e401');
select lives_ok($$update public.jobs set priority = 3 where id = pg_temp.id('e401')$$, 'one that has used them up is not frozen');
select throws_ok($$update public.jobs set status = 'queued' where id = pg_temp.id('e401')$$, '23514', 'the job has used its 3 attempts', 'but over');
update public.jobs set status = 'cancelled' where id = pg_temp.id('e101');
select lives_ok($$update public.jobs set priority = 4 where id = pg_temp.id('e101')$$, 'a job that is over may be sorted');
select throws_ok($$update public.jobs set payload = '{"a": 1}' where id = pg_temp.id('e101')$$, '23514', 'a job that is over cannot be changed', 'not rewritten');
set local app.importing = 'on';
select lives_ok($$update public.jobs set payload = '{"a": 1}' where id = pg_temp.id('e101')$$, 'except by an import');
set local app.importing = '';

-- Invoices ------------------------------------------------------------------------------------------------------------
insert into public.invoices (company_id, id, number, customer_name) values
  (pg_temp.id('c001'), pg_temp.id('e501'), 'R-1', 'Test'), (pg_temp.id('c002'), pg_temp.id('e501'), 'R-1', 'Test');
insert into public.invoice_line_items (company_id, id, invoice_id, description, quantity, unit_amount) values
  (pg_temp.id('c002'), pg_temp.id('e502'), pg_temp.id('e501'), 'theirs', 1, 70);
select is((select issued_on from public.invoices where company_id = pg_temp.id('c001') and id = pg_temp.id('e501')), null, 'a draft has no date');
savepoint draft;
insert into public.invoice_line_items (company_id, id, invoice_id, description, quantity, unit_amount) values
  (pg_temp.id('c001'), pg_temp.id('e503'), pg_temp.id('e501'), 'ours', 1, 5);
select results_eq($$select right(company_id::text, 4), subtotal_amount from public.invoices where id = pg_temp.id('e501') order by 1$$,
  $$values ('c001', 5.00), ('c002', 70.00)$$, 'lines of another company''s invoice of the same id are not summed up, and its totals stay');
rollback to draft;
update public.invoices set status = 'open' where company_id = pg_temp.id('c002') and id = pg_temp.id('e501');
select lives_ok($$insert into public.invoice_line_items (company_id, id, invoice_id, description, quantity, unit_amount) values
  (pg_temp.id('c001'), pg_temp.id('e503'), pg_temp.id('e501'), 'ours', 1, 5)$$, 'nor is it in the way when it is sent');
set local app.importing = 'on';
update public.invoices set updated_at = '2001-01-01' where company_id = pg_temp.id('c001') and id = pg_temp.id('e501');
set local app.importing = '';
update public.invoice_line_items set description = 'the same' where id = pg_temp.id('e503');
select is((select updated_at from public.invoices where company_id = pg_temp.id('c001') and id = pg_temp.id('e501')), '2001-01-01'::timestamptz, 'an invoice whose totals stay is not written');
update public.invoices set status = 'open' where company_id = pg_temp.id('c001') and id = pg_temp.id('e501');
select throws_ok($$update public.invoice_line_items set description = 'other' where id = pg_temp.id('e503')$$, '23514', 'the lines of a sent invoice cannot be changed', 'a sent invoice''s lines keep their text, too');
set local app.importing = 'on';
select lives_ok($$update public.invoice_line_items set quantity = 2 where id = pg_temp.id('e503')$$, 'except by an import');
select is((select subtotal_amount from public.invoices where company_id = pg_temp.id('c001') and id = pg_temp.id('e501')), 5.00, 'which brings the totals with it');
select lives_ok($$insert into public.invoices (company_id, number, customer_name, status, issued_on, paid_at) values (pg_temp.id('c001'), 'R-2', 'Test', 'paid', '2020-01-01', '2020-01-02')$$, 'and invoices that are paid');
set local app.importing = '';
update public.invoices set status = 'void' where company_id = pg_temp.id('c002') and id = pg_temp.id('e501');
select ok((select voided_at is not null from public.invoices where company_id = pg_temp.id('c002') and id = pg_temp.id('e501')), 'voided_at is kept by trigger');

-- Security policies -----------------------------------------------------------------------------------------------------
set local app.importing = 'on';
update public.security_policies set updated_at = '2001-01-01';
set local app.importing = '';
insert into public.security_policies (company_id, id) select pg_temp.id('e001'), id from public.security_policies where company_id = pg_temp.id('c001') limit 1;
insert into public.security_policies (company_id, id) values (pg_temp.id('c002'), pg_temp.id('e601'));
insert into public.security_policies (company_id, id) values (pg_temp.id('c002'), pg_temp.id('e602'));
select is((select max(version) from public.security_policies where company_id = pg_temp.id('e001')), 1, 'versions are counted in each company, whatever ids others use');
select is((select count(*)::integer from public.security_policies where company_id = pg_temp.id('c001') and (not is_active or updated_at <> '2001-01-01')), 0, 'other companies'' policies stay in force');
select is((select count(*)::integer from public.security_policies where company_id = pg_temp.id('c002') and is_active), 1, 'one is in force');
set local app.importing = 'on';
update public.security_policies set updated_at = '2001-01-01' where company_id = pg_temp.id('c002');
set local app.importing = '';
insert into public.security_policies (company_id, id, is_active) values (pg_temp.id('c002'), pg_temp.id('e603'), false);
select ok((select is_active from public.security_policies where id = pg_temp.id('e602')), 'a policy that is not active retires none');
insert into public.security_policies (company_id, id) values (pg_temp.id('c002'), pg_temp.id('e604'));
select is((select updated_at from public.security_policies where id = pg_temp.id('e601')), '2001-01-01'::timestamptz, 'what was retired earlier stays as it was');
set local app.importing = 'on';
insert into public.security_policies (company_id, id, version, is_active) values (pg_temp.id('c002'), pg_temp.id('e605'), 90, false);
select is((select version from public.security_policies where id = pg_temp.id('e605')), 90, 'an import brings its version');
set local app.importing = '';
insert into public.security_policies (company_id, id) select pg_temp.id('e001'), pg_temp.id('e601');
select is((select version from public.security_policies where company_id = pg_temp.id('e001') and is_active), 2, 'an id that another company has used is a new policy');

-- Compliance requests -----------------------------------------------------------------------------------------------------
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email) values (pg_temp.id('c001'), pg_temp.id('e701'), 'erasure', 'gdpr', 'a@b.example');
select lives_ok($$update public.compliance_requests set details = 'more' where id = pg_temp.id('e701')$$, 'an open request may be amended');
set local app.importing = 'on';
select lives_ok($$insert into public.compliance_requests (company_id, kind, regulation, subject_email, status, received_at, due_at, completed_at)
  values (pg_temp.id('c001'), 'erasure', 'gdpr', 'a@b.example', 'completed', '2020-01-01', '2020-02-01', '2020-01-05')$$, 'an import brings requests that are closed');
set local app.importing = '';

-- Alerts --------------------------------------------------------------------------------------------------------------
insert into public.budget_periods (company_id, id, month, starts_at, ends_at, limit_micro_usd) values (pg_temp.id('e001'), pg_temp.id('e801'), '2020-01-01', '2020-01-01', '2020-02-01', 1);
insert into public.budget_alerts (company_id, id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd) values
  (pg_temp.id('e001'), pg_temp.id('e802'), pg_temp.id('e801'), 50, 1, 1), (pg_temp.id('e001'), pg_temp.id('e803'), pg_temp.id('e801'), 80, 1, 1);
update public.budget_alerts set acknowledged_at = null where id = pg_temp.id('e802');
select is((select acknowledged_at from public.budget_alerts where id = pg_temp.id('e802')), null, 'an alert is not acknowledged by saying that it is not');
select pg_temp.be('a001');
update public.budget_alerts set acknowledged_at = '2001-01-01' where id = pg_temp.id('e802');
update public.budget_alerts set acknowledged_at = '2001-01-01', acknowledged_by = pg_temp.id('a002') where id = pg_temp.id('e802');
select is((select (acknowledged_by, acknowledged_at = now())::text from public.budget_alerts where id = pg_temp.id('e802')), '(00000000-0000-4000-8000-00000000a001,t)', 'an acknowledgement is nobody else''s afterwards');
set local app.importing = 'on';
update public.budget_alerts set acknowledged_at = '2001-01-01' where id = pg_temp.id('e803');
select is((select acknowledged_at from public.budget_alerts where id = pg_temp.id('e803')), '2001-01-01'::timestamptz, 'except by an import');

-- Who and when, and who may import -------------------------------------------------------------------------------------
insert into public.services (company_id, code, name, created_by) values (pg_temp.id('c001'), 'IMPORTED', 'x', pg_temp.id('a002'));
insert into public.agent_logs (company_id, id, agent_id, event, created_by) select company_id, pg_temp.id('e901'), id, 'x', pg_temp.id('a002') from public.ai_agents where company_id = pg_temp.id('c001') limit 1;
select is((select created_by from public.services where code = 'IMPORTED'), pg_temp.id('a002'), 'an import brings authors');
select is((select created_by from public.agent_logs where id = pg_temp.id('e901')), pg_temp.id('a002'), 'of logs, too');
set local role authenticated;
insert into public.services (company_id, code, name) values (pg_temp.id('c001'), 'MEMBER', 'x');
insert into public.agent_logs (company_id, id, agent_id, event) select company_id, pg_temp.id('e902'), id, 'x' from public.ai_agents where company_id = pg_temp.id('c001') limit 1;
select is((select created_by from public.services where code = 'MEMBER'), pg_temp.id('a001'), 'a member who says that they are importing is not');
select is((select created_by from public.agent_logs where id = pg_temp.id('e902')), pg_temp.id('a001'), 'not in a log either');
select throws_ok($$update public.jobs set payload = '{"a": 2}' where id = pg_temp.id('e101')$$, '23514', 'a job that is over cannot be changed', 'nor may a member rewrite what is over');
reset role;
set constraints all immediate;
select throws_ok('truncate public.audit_logs', '42501', null, 'an import does not empty a log');
set constraints all deferred;
set local app.importing = '';
insert into public.services (company_id, id, code, name, updated_at) values (pg_temp.id('c001'), pg_temp.id('e903'), 'EARLY', 'x', '2001-01-01');
select ok((select updated_at = created_at from public.services where id = pg_temp.id('e903')), 'a new row was never updated');
insert into public.agent_logs (company_id, id, agent_id, event, created_by) select company_id, pg_temp.id('e904'), id, 'x', pg_temp.id('a002') from public.ai_agents where company_id = pg_temp.id('c001') limit 1;
select is((select created_by from public.agent_logs where id = pg_temp.id('e904')), pg_temp.id('a001'), 'control: without an import the author is who asks');
select pg_temp.be('a003');
update public.services set name = 'y' where id = pg_temp.id('e903');
select is((select updated_by from public.services where id = pg_temp.id('e903')), pg_temp.id('a003'), 'the last author is who changed it last');

-- Seeds of the gate ---------------------------------------------------------------------------------------------------
select throws_ok($$insert into private.role_permissions (role, permission) values ('agent', 'no.such')$$, '23503', null, 'a role holds known permissions');
select is(private.schedule_maintenance(), to_regprocedure('cron.schedule(text, text, text)') is not null, 'maintenance is scheduled where there is a scheduler');
savepoint cron;
create schema if not exists cron;
create or replace function cron.schedule(text, text, text) returns bigint language sql as 'select 1::bigint';
select ok(private.schedule_maintenance(), 'control: with a scheduler it is');
rollback to cron;
create table public.agent_logs_p209912 (id integer);
select ok(private.create_month_partition('agent_logs', '2099-12-01'), 'a table of the same name elsewhere is no partition');
select is(coalesce(current_setting('app.importing', true), ''), '', 'and nobody imports because a partition was made');

select * from finish();
rollback;
