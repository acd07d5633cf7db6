-- What diagnose() takes for a fault and what not: each condition from both sides, with a neighbour in whose company
-- everything is wrong.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
-- Entries of the audit log get their place in the chain at once.
set constraints all immediate;
select plan(77);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- Ids of the checks that find something.
create function pg_temp.found(p_company uuid, p_area text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  execute format('select coalesce(string_agg(f.check_id, '' '' order by f.check_id), ''nothing'') from private.%I($1) as f', 'diagnose_' || p_area)
    into v_answer using p_company;
  return v_answer;
end
$$;
create function pg_temp.ours(p_area text) returns text language sql as $$ select pg_temp.found(pg_temp.id('b101'), p_area) $$;
create function pg_temp.hook() returns text language sql as $$
  select coalesce(string_agg(f.check_id, ' '), 'nothing') from private.diagnose_hook() as f
$$;
create function pg_temp.person(p_company uuid, p_user text, p_claims jsonb, p_permission text default null) returns text language sql as $$
  select string_agg(f.check_id, ' ' order by f.check_id) from private.diagnose_access(p_company, pg_temp.id(p_user), p_permission, p_claims, '{}', true) as f
$$;
create function pg_temp.operator() returns uuid language sql as $$ select id from public.companies where is_operator $$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('b101'), 'sound', 'Sound', 'a@b.example'), (pg_temp.id('b102'), 'sick', 'Sick', 'a@b.example');
insert into public.companies (id, slug, name, contact_email, status) values (pg_temp.id('b103'), 'suspended-b', 'Suspended', 'a@b.example', 'suspended');
insert into auth.users (id, email, email_confirmed_at)
select pg_temp.id(i), i || '@b.example', now() from unnest(array['b911', 'b912', 'b913', 'b914', 'b915', 'b916', 'b917']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('b101'), pg_temp.id('b911'), 'b911@b.example', 'Client', 'client'),
  (pg_temp.id('b101'), pg_temp.id('b913'), 'b913@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('b102'), pg_temp.id('b914'), 'b914@b.example', 'Sick', 'compliance_admin'),
  (pg_temp.id('b103'), pg_temp.id('b912'), 'b912@b.example', 'Suspended', 'client'),
  (pg_temp.operator(), pg_temp.id('b915'), 'b915@b.example', 'Operator', 'admin');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('b101'), 'starter', 100), (pg_temp.id('b102'), 'starter', 100);
insert into public.company_config (company_id) values (pg_temp.id('b101')), (pg_temp.id('b102')) on conflict do nothing;
update public.company_config set notification_emails = '{a@b.example}', budget_alert_percents = '{50}' where company_id = pg_temp.id('b101');
update public.company_config set notification_emails = '{}', budget_alert_percents = '{50}' where company_id = pg_temp.id('b102');

-- Budgets -----------------------------------------------------------------------------------------------------------
select private.open_budget_month(pg_temp.id('b101'));
select private.open_budget_month(pg_temp.id('b102'));
select is(pg_temp.ours('budgets'), 'nothing', 'a sound company has no finding, whatever its neighbour');
select is(pg_temp.found(pg_temp.id('b102'), 'budgets'), 'budgets.alerts_unread', 'its neighbour has');
select is(pg_temp.found(pg_temp.operator(), 'budgets'), 'nothing', 'the operator needs no plan');
select is(pg_temp.found(pg_temp.id('b103'), 'budgets'), 'nothing', 'nor does who is suspended');
update public.company_config set notification_emails = '{}', budget_alert_percents = '{}' where company_id = pg_temp.id('b101');
select is(pg_temp.ours('budgets'), 'nothing', 'where no alert is raised nobody need read it');
update public.company_config set notification_emails = '{a@b.example}', budget_alert_percents = '{50}' where company_id = pg_temp.id('b101');
insert into public.budget_periods (company_id, id, month, starts_at, ends_at, limit_micro_usd) values
  (pg_temp.id('b101'), pg_temp.id('b001'), '2024-02-01', now() - interval '33 days', now() - interval '73 hours', 1);
select is(pg_temp.ours('budgets'), 'nothing', 'a month may be open for three days and an hour after its end');
update public.budget_periods set ends_at = now() - interval '75 hours' where id = pg_temp.id('b001');
select is(pg_temp.ours('budgets'), 'budgets.month_not_closed', 'not for three hours');
delete from public.budget_periods where id = pg_temp.id('b001');
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('b101'), 'svc', 500);
insert into public.budget_periods (company_id, id, scope, service, month, starts_at, ends_at, limit_micro_usd) values
  (pg_temp.id('b101'), pg_temp.id('b002'), 'service', 'svc', '2024-01-01', '2024-01-01', '2024-02-01', 7);
select is(pg_temp.ours('budgets'), 'nothing', 'the budget of a service closes with the company''s, and another month has another limit');
update public.budget_periods set stripe_count = 64 where company_id in (pg_temp.id('b101'), pg_temp.id('b102'));
insert into private.budget_stripes (company_id, budget_period_id, stripe, spent, folded_at)
select p.company_id, p.id, 1, case when p.company_id = pg_temp.id('b102') then 5 else 0 end, now() - interval '1 hour'
  from public.budget_periods as p where p.company_id in (pg_temp.id('b101'), pg_temp.id('b102')) and p.scope = 'company';
select is(pg_temp.ours('budgets'), 'nothing', 'a stripe that counted nothing has nothing to show');
select is(pg_temp.found(pg_temp.id('b102'), 'budgets'), 'budgets.alerts_unread budgets.counters_differ budgets.counts_waiting', 'the neighbour''s did');
update private.budget_stripes set spent = 5, folded_at = now() - interval '4 minutes' where company_id = pg_temp.id('b101');
update public.budget_periods set spent_micro_usd = 0 where company_id = pg_temp.id('b101');
select is(pg_temp.ours('budgets'), 'budgets.counters_differ', 'four minutes may pass');
update private.budget_stripes set folded_at = now() - interval '6 minutes' where company_id = pg_temp.id('b101');
select is(pg_temp.ours('budgets'), 'budgets.counters_differ budgets.counts_waiting', 'six may not, and it is said once');
update private.budget_stripes set spent = 0, reserved = 1 where company_id = pg_temp.id('b101');
select is(pg_temp.ours('budgets'), 'budgets.counters_differ budgets.counts_waiting', 'also of what is held');
delete from private.budget_stripes where company_id = pg_temp.id('b101');
update public.company_plans set enforcement = 'soft', monthly_limit_usd = 0.000001 where company_id = pg_temp.id('b101') and is_active;
update public.budget_periods set adjusted_micro_usd = 5 where company_id = pg_temp.id('b101') and scope = 'company';
select is(pg_temp.ours('budgets'), 'budgets.enforcement_soft', 'a soft limit is never used up');
update public.company_plans set enforcement = 'hard' where company_id = pg_temp.id('b101') and is_active;
select is(pg_temp.ours('budgets'), 'budgets.limit_reached', 'a hard one is');
update public.company_plans set monthly_limit_usd = 0 where company_id = pg_temp.id('b101') and is_active;
update public.budget_periods set adjusted_micro_usd = 0 where company_id = pg_temp.id('b101');
select is(pg_temp.ours('budgets'), 'nothing', 'a limit of 0 is not used up but meant');

-- Billing -----------------------------------------------------------------------------------------------------------
insert into private.stripe_usage_reports (company_id, month, position, stripe_customer_id, value_cents, used_at, created_at)
values (pg_temp.id('b102'), '2026-01-01', 1, 'cus_b2', 1, now(), now() - interval '2 hours');
insert into public.billing_accounts (company_id, stripe_subscription_id, subscription_status, reconciled_at) values
  (pg_temp.operator(), 'sub_b0', 'canceled', now()), (pg_temp.id('b103'), null, null, now() - interval '3 days'), (pg_temp.id('b101'), null, null, now() - interval '3 days');
update public.system_config set value = 'true' where key = 'stripe.enabled';
select is(pg_temp.found(pg_temp.operator(), 'billing'), 'nothing', 'the operator needs no customer at Stripe');
select is(pg_temp.ours('billing'), 'nothing', 'without a customer there is nothing to compare, and a neighbour''s report is theirs');
select is(pg_temp.found(pg_temp.id('b102'), 'billing'), 'billing.usage_unsent', 'which waits');
update public.companies set stripe_customer_id = 'cus_b3' where id = pg_temp.id('b103');
select is(pg_temp.found(pg_temp.id('b103'), 'billing'), 'nothing', 'who is suspended is not compared');
update public.companies set stripe_customer_id = 'cus_b1' where id = pg_temp.id('b101');
select is(pg_temp.ours('billing'), 'billing.not_reconciled', 'everybody else is');
update public.system_config set value = 'false' where key = 'stripe.enabled';

-- Compliance --------------------------------------------------------------------------------------------------------
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, due_at) values
  (pg_temp.id('b102'), pg_temp.id('bc02'), 'access', 'gdpr', 'a@b.example', now() + interval '5 days'),
  (pg_temp.id('b101'), pg_temp.id('bc01'), 'access', 'gdpr', 'a@b.example', now() + interval '5 days');
update public.compliance_requests set due_at = now() + interval '5 days' where id in (pg_temp.id('bc01'), pg_temp.id('bc02'));
update public.compliance_requests set status = 'cancelled' where id = pg_temp.id('bc01');
update public.users set revoked_permissions = '{compliance.manage}' where id = pg_temp.id('b914');
update public.users set status = 'disabled', revoked_permissions = '{compliance.manage}' where id = pg_temp.id('b913');
select is(pg_temp.ours('compliance'), 'nothing', 'neither a request that is over, nor who is disabled, nor a neighbour''s');
select is(pg_temp.found(pg_temp.id('b102'), 'compliance'), 'compliance.administrator_revoked compliance.nobody_in_charge', 'the neighbour''s are');
select public.put_company_secret(pg_temp.id('b102'), 'one', 'x');
delete from private.company_data_keys where company_id = pg_temp.id('b102');
select is(pg_temp.ours('compliance'), 'nothing', 'nor is a secret of theirs');
select public.put_company_secret(pg_temp.id('b101'), 'one', 'x');
select is(pg_temp.ours('compliance'), 'nothing', 'a secret whose key is there');
update private.company_data_keys set company_id = pg_temp.id('b102') where company_id = pg_temp.id('b101');
select is(pg_temp.ours('compliance'), 'compliance.secrets_unreadable', 'a key that a neighbour has is none');
delete from private.company_data_keys where company_id = pg_temp.id('b102');
select public.put_company_secret(pg_temp.id('b101'), 'two', 'y');
select is(pg_temp.ours('compliance'), 'compliance.secrets_unreadable', 'nor is a new one for another secret');

-- Network -----------------------------------------------------------------------------------------------------------
select public.set_security_policy(pg_temp.id('b102'), '{"is_ip_allowlist_enabled": true}', true);
insert into public.ip_allowlist_entries (company_id, network, label, expires_at) values (pg_temp.id('b102'), '198.51.100.0/24', 'Over', now() - interval '1 day');
select is(pg_temp.ours('network'), 'nothing', 'a neighbour''s allowlist is theirs');
select is(pg_temp.found(pg_temp.id('b102'), 'network'), 'network.allowlist_empty network.entries_expired', 'an entry that is over lets nobody in');
update public.ip_allowlist_entries set expires_at = now() + interval '1 day' where company_id = pg_temp.id('b102');
select is(pg_temp.found(pg_temp.id('b102'), 'network'), 'nothing', 'one that is not, does');
update public.ip_allowlist_entries set is_enabled = false where company_id = pg_temp.id('b102');
select is(pg_temp.found(pg_temp.id('b102'), 'network'), 'network.allowlist_empty', 'unless it is off');
select public.set_security_policy(pg_temp.id('b101'), '{"is_ip_allowlist_enabled": true}', true);
select is(pg_temp.ours('network'), 'network.allowlist_empty', 'without any entry');
update public.ip_allowlist_entries set is_enabled = true where company_id = pg_temp.id('b102');
select is(pg_temp.ours('network'), 'network.allowlist_empty', 'also when a neighbour has one');
insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('b101'), '203.0.113.0/24', 'Office');
select is(pg_temp.ours('network'), 'nothing', 'with one');
insert into public.audit_logs (company_id, action, ip_address) values (pg_temp.id('b102'), 'a.b', '10.0.0.1');
select is(pg_temp.ours('network'), 'nothing', 'a neighbour''s addresses are theirs');
select is(pg_temp.found(pg_temp.id('b102'), 'network'), 'network.addresses_are_proxies', 'private ones are a proxy''s');
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, ip_address, created_at) values (pg_temp.id('b101'), 'a.b', '10.0.0.1', now() - interval '31 days');
set local app.importing = '';
select is(pg_temp.ours('network'), 'nothing', 'of a month ago they do not count');
select public.set_security_policy(pg_temp.id('b102'), '{"is_ip_allowlist_enabled": false}', true);
select is(pg_temp.found(pg_temp.id('b102'), 'network'), 'nothing', 'with the allowlist off they do not matter');

-- Retention ---------------------------------------------------------------------------------------------------------
insert into public.ai_agents (company_id, id, name, provider, model) values
  (pg_temp.id('b101'), pg_temp.id('ba01'), 'a', 'test', 'test'), (pg_temp.id('b102'), pg_temp.id('ba02'), 'a', 'test', 'test');
insert into public.data_retention_policies (company_id, data_class, retention_days, action)
select c.id, k.data_class, case k.data_class when 'agent_logs' then 30 else 3650 end, case k.data_class when 'agent_logs' then 'delete' else 'keep' end
  from private.retention_classes as k cross join (values (pg_temp.id('b101')), (pg_temp.id('b102'))) as c (id)
on conflict do nothing;
set local app.importing = 'on';
insert into public.agent_logs (company_id, agent_id, event, created_at) values
  (pg_temp.id('b101'), pg_temp.id('ba01'), 'old', now() - interval '31 days'), (pg_temp.id('b102'), pg_temp.id('ba02'), 'old', now() - interval '33 days');
set local app.importing = '';
select is(pg_temp.ours('retention'), 'nothing', 'what is due since yesterday may wait for the night');
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.overdue', 'what is due for two days may not');
insert into public.data_retention_logs (company_id, data_class, status, started_at, finished_at, error_message) values
  (pg_temp.id('b102'), 'agent_logs', 'failed', now(), now(), 'x'), (pg_temp.id('b101'), 'documents', 'failed', now(), now(), 'x');
select is(pg_temp.ours('retention'), 'nothing', 'a neighbour''s failure is theirs, and another class''s another''s');
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.run_failed', 'one''s own goes before what is overdue');
insert into public.data_retention_logs (company_id, data_class, status, started_at, finished_at) values (pg_temp.id('b102'), 'agent_logs', 'succeeded', now() + interval '1 minute', now());
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.overdue', 'until a later run succeeds');
insert into public.data_retention_logs (company_id, data_class, status, is_dry_run, started_at, finished_at, error_message) values (pg_temp.id('b102'), 'agent_logs', 'failed', true, now() + interval '2 minutes', now(), 'x');
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.overdue', 'a dry run is none');
update public.data_retention_policies set is_legal_hold = true where company_id = pg_temp.id('b102') and data_class = 'agent_logs';
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.legal_hold', 'under a hold nothing is overdue');
update public.data_retention_policies set is_legal_hold = false, action = 'keep' where company_id = pg_temp.id('b102') and data_class = 'agent_logs';
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'nothing', 'nor what is kept');
delete from public.data_retention_policies where company_id = pg_temp.id('b102') and data_class = 'agent_logs';
select is(pg_temp.found(pg_temp.id('b102'), 'retention'), 'retention.no_policy', 'a class that only a neighbour has a policy for');

-- The token hook ----------------------------------------------------------------------------------------------------
create function pg_temp.signs_in(p_user text, p_ago interval) returns void language sql as $$
  update auth.users set last_sign_in_at = case when id = pg_temp.id(p_user) then now() - p_ago end where id::text like '00000000-0000-4000-8000-00000000b9%'
$$;
set local app.importing = 'on';
insert into public.users (company_id, id, email, full_name, role, created_at) values
  (pg_temp.id('b101'), pg_temp.id('b916'), 'b916@b.example', 'Old', 'client', now() - interval '60 days');
update public.users set created_at = now() - interval '60 days' where id in (pg_temp.id('b912'), pg_temp.id('b913'));
set local app.importing = '';
select pg_temp.signs_in('b917', '1 day');
select is(pg_temp.hook(), 'nothing', 'who belongs to no company leaves no trace');
select pg_temp.signs_in('b913', '1 day');
select is(pg_temp.hook(), 'nothing', 'nor does who is disabled');
select pg_temp.signs_in('b912', '1 day');
select is(pg_temp.hook(), 'nothing', 'nor a member of a suspended company');
select pg_temp.signs_in('b911', '1 day');
select is(pg_temp.hook(), 'nothing', 'nor who became a member after they signed in');
select pg_temp.signs_in('b916', '31 days');
select is(pg_temp.hook(), 'nothing', 'a sign-in of long ago is forgotten');
select pg_temp.signs_in('b916', '29 days');
select is(pg_temp.hook(), 'platform.hook_not_called', 'a member''s is recorded, or the hook is off');
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, created_at) values (pg_temp.id('b101'), 'session.started', now() - interval '32 days');
set local app.importing = '';
insert into public.audit_logs (company_id, action) values (pg_temp.id('b101'), 'session.ended');
select is(pg_temp.hook(), 'platform.hook_not_called', 'another action, or one of long ago, is no proof');
insert into public.audit_logs (company_id, action) values (pg_temp.id('b101'), 'session.started');
select is(pg_temp.hook(), 'nothing', 'a recent one is');

-- The platform ------------------------------------------------------------------------------------------------------
create function pg_temp.platform(p_check text) returns bigint language sql as $$
  select count(*) from private.diagnose_platform() as f where f.check_id = 'platform.' || p_check
$$;
select is(pg_temp.platform('operator_missing'), 0::bigint, 'there is an operator');
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.operator(), pg_temp.id('b917'), 'b917@b.example', 'Client', 'client');
update public.users set status = 'disabled' where role = 'admin';
select is(pg_temp.platform('operator_missing'), 1::bigint, 'a client of the operator company is none');
alter table public.users disable trigger check_member;
update public.users set role = 'admin' where id = pg_temp.id('b916');
select is(pg_temp.platform('operator_missing'), 1::bigint, 'nor an admin of another company');
update public.users set role = 'client' where id = pg_temp.id('b916');
alter table public.users enable trigger check_member;
update public.users set status = 'active' where id = pg_temp.id('b915');
select is(pg_temp.platform('operator_missing'), 0::bigint, 'an active admin is one');
create publication other for table public.jobs with (publish = 'delete');
select is(pg_temp.platform('realtime_sends_deletions'), 0::bigint, 'another publication may send deletions');
alter publication supabase_realtime set (publish = 'insert, truncate');
select is(pg_temp.platform('realtime_sends_deletions'), 1::bigint, 'Realtime may not, nor that a table is empty');
alter publication supabase_realtime set (publish = 'insert, delete');
select is(pg_temp.platform('realtime_sends_deletions'), 1::bigint, 'nor deletions');
do $$
declare
  v_table text;
begin
  for v_table in select tablename from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'public' loop
    execute format('alter publication supabase_realtime drop table public.%I', v_table);
  end loop;
end
$$;
select is(pg_temp.platform('realtime_sends_deletions'), 0::bigint, 'without our tables it may');
create table public.planted (id uuid primary key);
alter publication supabase_realtime add table public.planted;
select is(pg_temp.platform('realtime_sends_deletions'), 0::bigint, 'also of other tables');
update storage.buckets set public = true where id = 'documents';
insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
select is(pg_temp.platform('bucket_public'), 1::bigint, 'our buckets are private, others may be public');
delete from private.partitioned_tables where table_name = 'agent_logs';
select is((select count(*) from private.diagnose_partitions() as f where f.evidence ->> 'table' = 'agent_logs'), 0::bigint, 'a table that is not partitioned by us is not looked at');
insert into private.partitioned_tables (table_name) values ('agent_logs'), ('nowhere');
select is((select count(*) from private.diagnose_partitions() as f where f.check_id = 'platform.partition_missing'), 0::bigint, 'nor one that is not there');
update private.partitioned_tables set months_ahead = 5 where table_name = 'agent_logs';
select is((select count(*) from private.diagnose_partitions() as f where f.check_id = 'platform.partition_missing'), 2::bigint, 'as many months ahead as are asked for');
drop table private.agent_logs_default;
select lives_ok('select * from private.diagnose_partitions()', 'a default partition may be missing');

-- A member and their token --------------------------------------------------------------------------------------------
create function pg_temp.claims(p_user text, p_more jsonb) returns jsonb language sql as $$
  select jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated', 'company_id', u.company_id, 'company_role', u.role,
           'permissions', private.permissions_of(u.company_id, u.id)) || p_more
    from public.users as u where u.id = pg_temp.id(p_user)
$$;
select is(pg_temp.person(pg_temp.operator(), 'b915', null), 'access.ok', 'without a request nothing is said of a token');
select is(pg_temp.person(pg_temp.operator(), 'b915', pg_temp.claims('b915', '{}')), 'access.ok access.operator_without_role', 'an operator''s token that is none');
select is((select f.evidence ->> 'permissions' from private.diagnose_access(pg_temp.operator(), pg_temp.id('b915'), null, pg_temp.claims('b915', '{"role": "platform_admin"}'), '{}', true) as f),
  'all, in every company', 'one that is');
select is(pg_temp.person(pg_temp.id('b101'), 'b911', pg_temp.claims('b911', '{"role": "platform_admin", "company_role": "x"}')), 'access.claims_stale access.operator_revoked', 'who was an operator is not let in');
update public.users set revoked_permissions = '{services.read}' where id = pg_temp.id('b911');
select is(pg_temp.person(pg_temp.id('b101'), 'b911', null, 'jobs.read'), 'access.ok', 'asked about one permission, another that was taken away does not matter');
select is(pg_temp.person(pg_temp.id('b101'), 'b911', null, 'services.read'), 'access.permission_revoked', 'the one does');
select is(pg_temp.person(pg_temp.id('b101'), 'b911', null), 'access.ok access.permissions_revoked', 'asked about none, all are named');
update public.users set revoked_permissions = '{compliance.read}' where id = pg_temp.id('b911');
select is(pg_temp.person(pg_temp.id('b101'), 'b911', null), 'access.ok', 'but those that the role brings');

select * from finish();
rollback;
