-- Wrong states cannot be stored, whoever writes: constraints, transitions, exact sums and times kept by triggers.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(88);

-- All as service_role, which bypasses row level security but no constraint.
create temp table ids as select
  '00000000-0000-4000-8000-00000000c001'::uuid as acme, '00000000-0000-4000-8000-00000000c002'::uuid as globex;
grant select on ids to service_role;
set local role service_role;

-- Rows never move ---------------------------------------------------------------------------------------------------
select throws_ok($$update public.services set company_id = (select globex from ids) where company_id = (select acme from ids)$$, '42501', null, 'service_role has no grant to move a row');
reset role;
select throws_ok($$update public.services set company_id = (select globex from ids) where company_id = (select acme from ids)$$, '42501', null, 'the owner is refused by the trigger');
select throws_ok($$update public.services set id = gen_random_uuid() where company_id = (select acme from ids)$$, '42501', null, 'an id does not change either');
select throws_ok($$update public.companies set id = gen_random_uuid() where slug = 'initech'$$, '42501', null, 'nor a company''s');
select throws_ok($$update public.companies set is_operator = true, status = 'active' where slug = 'acme'$$, '42501', null, 'nor who the operator is');
select throws_ok($$insert into public.services (company_id, id, code, name)
  select (select globex from ids), id, code, name from public.services where company_id = (select acme from ids)
  on conflict on constraint services_code_is_unique_in_company do update set company_id = (select acme from ids)$$, '42501', null, 'not by an upsert');
set local app.importing = 'on';
select throws_ok($$update public.services set company_id = (select globex from ids) where company_id = (select acme from ids)$$, '42501', null, 'not even while importing');
set local app.importing = '';

-- No cross-company reference ------------------------------------------------------------------------------------------
set local role service_role;
select throws_ok($$insert into public.jobs (company_id, kind, service_id)
  select (select globex from ids), 'x', id from public.services where company_id = (select acme from ids) limit 1$$, '23503', null, 'a job cannot refer to another company''s service');
select throws_ok($$insert into public.agent_logs (company_id, agent_id, event)
  select (select globex from ids), id, 'x' from public.ai_agents where company_id = (select acme from ids) limit 1$$, '23503', null, 'nor a log, in whichever partition');
select throws_ok($$insert into public.jobs (company_id, kind, assigned_user_id) values ((select globex from ids), 'x', '00000000-0000-4000-8000-00000000a001')$$, '23503', null, 'nor a job to another company''s member');
select throws_ok($$insert into public.documents (company_id, title, storage_path, mime_type, size_bytes)
  values ((select globex from ids), 'x', (select acme from ids) || '/contracts/2026.pdf', 'application/pdf', 1)$$, '23514', null, 'a document cannot name a file in another company''s folder');
select throws_ok($$insert into public.documents (company_id, title, storage_path, mime_type, size_bytes)
  values ((select globex from ids), 'x', (select globex from ids) || '/../' || (select acme from ids) || '/x', 'application/pdf', 1)$$, '23514', null, 'nor climb out of its own');

-- Companies and members -----------------------------------------------------------------------------------------------
select throws_ok($$insert into public.companies (slug, name, contact_email) values ('Has Space', 'x', 'a@b.example')$$, '23514', null, 'slugs are slugs');
select throws_ok($$insert into public.companies (slug, name, contact_email) values ('fine-name', 'x', 'nobody')$$, '23514', null, 'e-mails are e-mails');
select throws_ok($$insert into public.companies (slug, name, contact_email, currency) values ('fine-name', 'x', 'a@b.example', 'euro')$$, '23514', null, 'currencies are ISO 4217');
select throws_ok($$insert into public.companies (slug, name, contact_email, time_zone) values ('fine-name', 'x', 'a@b.example', 'Mars/Olympus')$$, '22023', null, 'time zones exist');
select throws_ok($$insert into public.companies (slug, name, contact_email, is_operator) values ('fine-name', 'x', 'a@b.example', true)$$, '23505', null, 'there is one operator');
select throws_ok($$insert into public.companies (slug, name, contact_email) values ('acme', 'x', 'a@b.example')$$, '23505', null, 'slugs are unique');
select lives_ok($$insert into public.companies (slug, name, contact_email) values ('fine-name', 'x', 'a@b.example')$$, 'control: a company');
select lives_ok($$update public.companies set status = 'suspended' where slug = 'fine-name'$$, 'a company is suspended');
select ok((select suspended_at is not null from public.companies where slug = 'fine-name'), 'suspended_at is kept by trigger');
select throws_ok($$update public.companies set status = 'suspended' where slug = 'lytbub'$$, '23514', null, 'the operator cannot be suspended');
select throws_ok($$update public.companies set status = 'paused' where slug = 'fine-name'$$, '23514', null, 'statuses are known');

select lives_ok($$
  insert into public.ai_agents (company_id, id, name, provider, model)
  select id, '00000000-0000-4000-8000-0000000000e1', 'A', 'provider', 'm' from public.companies where slug = 'fine-name';
  insert into public.jobs (company_id, id, kind, agent_id)
  select id, '00000000-0000-4000-8000-0000000000e2', 'x', '00000000-0000-4000-8000-0000000000e1' from public.companies where slug = 'fine-name';
  insert into public.documents (company_id, title, storage_path, mime_type, size_bytes, job_id)
  select id, 'x', id || '/x', 'text/plain', 1, '00000000-0000-4000-8000-0000000000e2' from public.companies where slug = 'fine-name';
  insert into public.agent_logs (company_id, agent_id, job_id, event)
  select id, '00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000e2', 'x' from public.companies where slug = 'fine-name'$$, 'a company with work');
savepoint company;
select throws_ok($$delete from public.companies where slug = 'fine-name'$$, '23503', null, 'a company with an audit log stays');
reset role;
set constraints all immediate;
set local app.importing = 'on';
delete from public.audit_logs where company_id = (select id from public.companies where slug = 'fine-name');
set local app.importing = '';
select lives_ok($$delete from public.companies where slug = 'fine-name'$$, 'a company without invoices and audit log goes with all it has');
select is((select count(*)::integer from public.jobs where id = '00000000-0000-4000-8000-0000000000e2'), 0, 'nothing of it is left');
select is((select count(*)::integer from public.audit_logs where action = 'companies.deleted' and changes #>> '{slug,old}' = 'fine-name'
  and company_id = (select id from public.companies where is_operator)), 1, 'but that the operator knows of it');
rollback to company;
select throws_ok($$delete from public.companies where slug = 'acme'$$, '23503', null, 'a company with invoices stays');

-- Plans ---------------------------------------------------------------------------------------------------------------
select lives_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) select id, 'professional', null from public.companies where slug = 'fine-name'$$, 'a plan takes its tier''s limit');
select is((select monthly_limit_usd from public.company_plans as p join public.companies as c on c.id = p.company_id where c.slug = 'fine-name'), 500::numeric(14,6), 'professional is 500 US dollars');
select lives_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) select id, 'starter', null from public.companies where slug = 'fine-name'$$, 'a new plan takes its place');
select results_eq($$select p.plan_tier, p.is_active, p.ended_at is not null from public.company_plans as p join public.companies as c on c.id = p.company_id where c.slug = 'fine-name' order by 1$$,
  $$values ('professional', false, true), ('starter', true, false)$$, 'one plan is active at a time, the earlier ones stay as history');
select throws_ok($$update public.company_plans set is_active = true where plan_tier = 'professional' and company_id = (select id from public.companies where slug = 'fine-name')$$, '23505', null, 'never two');
select throws_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, is_active) select id, 'custom', null, false from public.companies where slug = 'fine-name'$$, '23502', null, 'a custom plan states its limit');
select throws_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, is_active) select id, 'starter', -1, false from public.companies where slug = 'fine-name'$$, '23514', null, 'limits are not negative');
select throws_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, is_active) select id, 'starter', 'NaN', false from public.companies where slug = 'fine-name'$$, '23514', null, 'nor not a number');
select throws_ok($$insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, is_active) select id, 'gold', 1, false from public.companies where slug = 'fine-name'$$, '23514', null, 'tiers are known');

-- Invoices ------------------------------------------------------------------------------------------------------------
insert into public.invoices (company_id, id, number, customer_name, currency) select acme, '00000000-0000-4000-8000-0000000000f1', 'T-1', 'Test', 'EUR' from ids;
insert into public.invoice_line_items (company_id, id, invoice_id, description, quantity, unit_amount, tax_rate_percent)
select acme, '00000000-0000-4000-8000-0000000000f2', '00000000-0000-4000-8000-0000000000f1', 'A', 3, 0.335, 19 from ids;
insert into public.invoice_line_items (company_id, invoice_id, description, quantity, unit_amount, tax_rate_percent)
select acme, '00000000-0000-4000-8000-0000000000f1', 'B', 1, 10, 0 from ids;
select is((select (subtotal_amount, tax_amount, total_amount)::text from public.invoices where id = '00000000-0000-4000-8000-0000000000f1'), '(11.01,0.19,11.20)', 'totals are the exact sum of the rounded lines');
update public.invoice_line_items set quantity = 1 where id = '00000000-0000-4000-8000-0000000000f2';
select is((select subtotal_amount from public.invoices where id = '00000000-0000-4000-8000-0000000000f1'), 10.34, 'totals follow a changed line');
select throws_ok($$insert into public.invoice_line_items (company_id, invoice_id, description, quantity, unit_amount) select acme, '00000000-0000-4000-8000-0000000000f1', 'C', 0, 1 from ids$$, '23514', null, 'quantities are positive');
update public.invoices set status = 'open' where id = '00000000-0000-4000-8000-0000000000f1';
select ok((select issued_on is not null from public.invoices where id = '00000000-0000-4000-8000-0000000000f1'), 'a sent invoice has a date');
select throws_ok($$update public.invoice_line_items set quantity = 9 where id = '00000000-0000-4000-8000-0000000000f2'$$, '23514', null, 'the lines of a sent invoice are frozen');
select throws_ok($$delete from public.invoice_line_items where id = '00000000-0000-4000-8000-0000000000f2'$$, '23514', null, 'and cannot be deleted');
select throws_ok($$update public.invoices set subtotal_amount = 1 where id = '00000000-0000-4000-8000-0000000000f1'$$, '23514', null, 'nor its totals changed');
select throws_ok($$update public.invoices set due_on = current_date + 90 where id = '00000000-0000-4000-8000-0000000000f1'$$, '23514', null, 'nor its due date');
select throws_ok($$delete from public.invoices where id = '00000000-0000-4000-8000-0000000000f1'$$, '23514', 'invoice T-1 has been sent and cannot be deleted', 'nor itself deleted');
select throws_ok($$update public.invoices set status = 'draft' where id = '00000000-0000-4000-8000-0000000000f1'$$, '23514', null, 'it does not become a draft again');
update public.invoices set status = 'paid' where id = '00000000-0000-4000-8000-0000000000f1';
select ok((select paid_at is not null from public.invoices where id = '00000000-0000-4000-8000-0000000000f1'), 'paid_at is set exactly when it is paid');
select throws_ok($$update public.invoices set status = 'void' where id = '00000000-0000-4000-8000-0000000000f1'$$, '23514', null, 'a paid invoice stays paid');
select throws_ok($$insert into public.invoices (company_id, number, customer_name, status) select acme, 'T-2', 'Test', 'paid' from ids$$, '23514', null, 'no invoice is born paid');
select throws_ok($$insert into public.invoices (company_id, number, customer_name, subtotal_amount) select acme, 'T-3', 'Test', 'NaN' from ids$$, '23514', null, 'amounts are numbers');
select throws_ok($$insert into public.invoices (company_id, number, customer_name) select acme, 'T-1', 'Test' from ids$$, '23505', null, 'numbers are unique in a company');
select lives_ok($$insert into public.invoices (company_id, number, customer_name) select globex, 'T-1', 'Test' from ids$$, 'and say nothing about another company''s');
select lives_ok($$delete from public.invoices where number = 'T-1' and status = 'draft'$$, 'control: a draft can be deleted');
select is((select count(*)::integer from public.invoices where number = 'T-1' and status = 'draft'), 0, 'and is gone then');

-- Jobs ----------------------------------------------------------------------------------------------------------------
insert into public.jobs (company_id, id, kind) select acme, '00000000-0000-4000-8000-0000000000f3', 'test' from ids;
select throws_ok($$update public.jobs set status = 'succeeded' where id = '00000000-0000-4000-8000-0000000000f3'$$, '23514', null, 'a queued job does not succeed without running');
update public.jobs set status = 'running' where id = '00000000-0000-4000-8000-0000000000f3';
select throws_ok($$update public.jobs set result = '{}' where id = '00000000-0000-4000-8000-0000000000f3'$$, '23514', null, 'no result before it succeeded');
update public.jobs set status = 'succeeded', result = '{"ok": true}' where id = '00000000-0000-4000-8000-0000000000f3';
select ok((select started_at is not null and finished_at is not null from public.jobs where id = '00000000-0000-4000-8000-0000000000f3'), 'times are kept by trigger');
select throws_ok($$update public.jobs set status = 'queued', result = null where id = '00000000-0000-4000-8000-0000000000f3'$$, '23514', null, 'a job that succeeded is over');
select throws_ok($$update public.jobs set result = '{"forged": true}' where id = '00000000-0000-4000-8000-0000000000f3'$$, '23514', null, 'nor is its result rewritten');
select is((select attempts from public.jobs where id = '00000000-0000-4000-8000-0000000000f3'), 1, 'attempts are counted');
insert into public.jobs (company_id, id, kind, max_attempts) select acme, '00000000-0000-4000-8000-0000000000f6', 'test', 1 from ids;
update public.jobs set status = 'running' where id = '00000000-0000-4000-8000-0000000000f6';
update public.jobs set status = 'failed' where id = '00000000-0000-4000-8000-0000000000f6';
select throws_ok($$update public.jobs set status = 'queued' where id = '00000000-0000-4000-8000-0000000000f6'$$, '23514', null, 'no more attempts than allowed');
select throws_ok($$insert into public.jobs (company_id, kind, payload) select acme, 'x', jsonb_build_object('a', repeat('x', 2000000)) from ids$$, '23514', null, 'payloads are bounded');
select throws_ok($$delete from public.jobs where id = (select job_id from public.agent_logs where company_id = (select acme from ids) limit 1)$$, '23503', null, 'a job does not take its log with it');
select throws_ok($$update public.jobs set attempts = 4 where id = '00000000-0000-4000-8000-0000000000f3'$$, '23514', null, 'attempts stay within the maximum');
reset role;
delete from auth.users where id = '00000000-0000-4000-8000-00000000a002';
select is((select count(*)::integer from public.jobs where assigned_user_id = '00000000-0000-4000-8000-00000000a002'), 0, 'who leaves is taken off their jobs');
set local role service_role;

-- Compliance and security ----------------------------------------------------------------------------------------------
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, received_at)
select acme, '00000000-0000-4000-8000-0000000000f4', 'opt_out', 'ccpa', 'a@b.example', '2026-01-01 00:00+00' from ids;
select is((select due_at from public.compliance_requests where id = '00000000-0000-4000-8000-0000000000f4'), '2026-02-15 00:00+00'::timestamptz, 'CCPA: 45 days');
select throws_ok($$insert into public.compliance_requests (company_id, kind, regulation, subject_email) select acme, 'opt_out', 'gdpr', 'a@b.example' from ids$$, '23514', null, 'kinds fit their regulation');
select throws_ok($$update public.compliance_requests set status = 'completed' where id = '00000000-0000-4000-8000-0000000000f4'$$, '23514', null, 'nothing is completed before it is worked on');
select throws_ok($$update public.compliance_requests set status = 'rejected' where id = '00000000-0000-4000-8000-0000000000f4'$$, '23514', null, 'a rejection has a reason');
select throws_ok($$insert into public.ip_allowlist_entries (company_id, network, label) select acme, '10.0.0.1/8', 'x' from ids$$, '22023', '10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?', 'networks have no host bits');
select lives_ok($$insert into public.security_policies (company_id, version, required_aal) select acme, 77, 'aal2' from ids$$, 'a new security policy');
select results_eq($$select version, is_active, required_aal from public.security_policies where company_id = (select acme from ids) order by version$$,
  $$values (1, false, 'aal1'), (2, true, 'aal2')$$, 'is the next version and takes the place of the one in force');
select throws_ok($$update public.security_policies set is_active = true where version = 1 and company_id = (select acme from ids)$$, '23505', null, 'never two');
insert into public.security_policies (company_id, id) select company_id, id from public.security_policies where version = 1 and company_id = (select acme from ids) on conflict do nothing;
insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd)
select company_id, id, 'starter', 1 from public.company_plans where plan_tier = 'professional' and company_id = (select id from public.companies where slug = 'fine-name')
on conflict do nothing;
select is((select count(*)::integer from public.security_policies where is_active and version = 2 and company_id = (select acme from ids)), 1, 'a retried insert of an earlier version retires nothing');
select is((select plan_tier from public.company_plans where is_active and company_id = (select id from public.companies where slug = 'fine-name')), 'starter', 'nor does one of an earlier plan');
select throws_ok($$insert into public.compliance_requests (company_id, kind, regulation, subject_email, status) select acme, 'erasure', 'gdpr', 'a@b.example', 'completed' from ids$$, '23514', null, 'no request is born completed');
select throws_ok($$insert into public.compliance_requests (company_id, kind, regulation, subject_email, received_at) select acme, 'erasure', 'gdpr', 'a@b.example', '2999-01-01' from ids$$, '23514', null, 'nor comes from the future');
update public.compliance_requests set status = 'cancelled' where id = '00000000-0000-4000-8000-0000000000f4';
select throws_ok($$update public.compliance_requests set details = 'rewritten' where id = '00000000-0000-4000-8000-0000000000f4'$$, '23514', null, 'a closed request is evidence');

-- Who and when ----------------------------------------------------------------------------------------------------------
reset role;
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a001", "role": "authenticated", "aal": "aal2"}', true);
set local role authenticated;
insert into public.services (company_id, id, code, name) select acme, '00000000-0000-4000-8000-0000000000f5', 'WHO', 'x' from (select '00000000-0000-4000-8000-00000000c001'::uuid as acme) as i;
select is((select (created_by, updated_by)::text from public.services where code = 'WHO'),
  '(00000000-0000-4000-8000-00000000a001,00000000-0000-4000-8000-00000000a001)', 'actor columns are filled from the token');
select throws_ok($$insert into public.services (company_id, code, name, created_by) values ('00000000-0000-4000-8000-00000000c001', 'WHO2', 'x', '00000000-0000-4000-8000-00000000a004')$$, '42501', null, 'and cannot be forged');
update public.budget_alerts set acknowledged_at = '2001-01-01' where company_id = '00000000-0000-4000-8000-00000000c001';
update public.budget_alerts set acknowledged_at = null where company_id = '00000000-0000-4000-8000-00000000c001';
select is((select distinct (acknowledged_by, acknowledged_at = now())::text from public.budget_alerts), '(00000000-0000-4000-8000-00000000a001,t)', 'an acknowledgement bears its real author and time');
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a005", "role": "authenticated", "company_id": "00000000-0000-4000-8000-00000000c002"}', true);
insert into public.services (company_id, code, name) values ('00000000-0000-4000-8000-00000000c002', 'WHO', 'x');
select is((select created_by from public.services where code = 'WHO'), '00000000-0000-4000-8000-00000000a005'::uuid, 'somebody else in the same transaction is somebody else');
reset role;
update public.services set created_at = '2001-01-01', created_by = null, updated_at = '2001-01-01' where company_id = '00000000-0000-4000-8000-00000000c001';
select is((select count(*)::integer from public.services where company_id = '00000000-0000-4000-8000-00000000c001' and created_at = '2001-01-01'), 0, 'created_at does not change');
select is((select created_by from public.services where code = 'WHO' and company_id = '00000000-0000-4000-8000-00000000c001'), '00000000-0000-4000-8000-00000000a001'::uuid, 'nor does created_by');
select is((select count(*)::integer from public.services where company_id = '00000000-0000-4000-8000-00000000c001' and updated_at <> now()), 0, 'updated_at is kept by trigger');
set local app.importing = 'on';
update public.services set updated_at = '2001-01-01' where code = 'WHO';
select is((select distinct updated_at from public.services where code = 'WHO'), '2001-01-01'::timestamptz, 'control: an import keeps the rows'' own times');

select * from finish();
rollback;
