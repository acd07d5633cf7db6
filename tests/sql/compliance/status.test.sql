-- How a company stands: each check in the state that it is to notice; who may see it; reviews and their reminders.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(53);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.says(p_role text, p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
          set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    v_answer := sqlstate || ' ' || v_detail;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
-- A check of the first company: status, number and details.
create function pg_temp.status(p_check text) returns text language sql as $$
  select format('%s %s %s', s.status, coalesce(s.value::text, '-'), s.details)
    from public.compliance_status(pg_temp.id('7101')) as s where s.check_name = p_check
$$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('7101'), 'status-a', 'x', 'a@b.example'), (pg_temp.id('7102'), 'status-b', 'x', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['7911', '7912', '7913', '7914', '7915']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('7101'), pg_temp.id('7911'), '7911@b.example', 'Client', 'client'),
  (pg_temp.id('7101'), pg_temp.id('7912'), '7912@b.example', 'Agent', 'agent'),
  (pg_temp.id('7101'), pg_temp.id('7913'), '7913@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('7102'), pg_temp.id('7914'), '7914@b.example', 'Other', 'compliance_admin'),
  ((select id from public.companies where is_operator), pg_temp.id('7915'), '7915@b.example', 'Operator', 'admin');

-- Who may see it --------------------------------------------------------------------------------------------------
select is(pg_temp.says('authenticated', u, $$ select count(*) from public.compliance_status(pg_temp.id('7101')) $$), a, u || ': ' || a)
  from (values ('7911', '42501 not_your_company'), ('7913', '14'), ('7912', '42501 not_your_company'), ('7914', '42501 not_your_company')) as t (u, a);
select is(pg_temp.says('platform_admin', '7915', $$ select count(*) from public.compliance_status(pg_temp.id('7101')) $$), '14', 'an operator sees it');
select is(pg_temp.says('platform_admin', '7911', $$ select count(*) from public.compliance_status(pg_temp.id('7101')) $$), '42501 not_an_operator', 'who is none any more does not');
select is(pg_temp.says('service_role', null, $$ select count(*) from public.compliance_status(pg_temp.id('dead')) $$), 'PT404 unknown_company', 'of no company there is none');
select is(left(pg_temp.says('anon', null, $$ select count(*) from public.compliance_status(pg_temp.id('7101')) $$), 5), '42501', 'a visitor sees nothing');
update public.users set granted_permissions = '{compliance.read}' where id = pg_temp.id('7912');
select is(pg_temp.says('authenticated', '7912', $$ select string_agg(s.check_name, ',') from public.compliance_status(pg_temp.id('7101')) as s where s.status = 'unknown' $$), 'audit_chain', 'who may not read the log does not see its state, but the rest');

-- Requests ----------------------------------------------------------------------------------------------------------
select is(pg_temp.status('requests_open'), 'ok 0 {"next_due_at": null, "due_within_7_days": 0}', 'no request');
select is(pg_temp.status('requests_overdue'), 'ok 0 {"request_ids": []}', 'none overdue');
set local app.importing = 'on';
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, status, received_at, due_at, completed_at) values
  (pg_temp.id('7101'), pg_temp.id('7c01'), 'access', 'gdpr', 'a@b.example', 'received', now() - interval '40 days', now() - interval '9 days', null),
  (pg_temp.id('7101'), pg_temp.id('7c02'), 'access', 'gdpr', 'a@b.example', 'in_progress', now() - interval '25 days', now() + interval '6 days', null),
  (pg_temp.id('7101'), pg_temp.id('7c03'), 'access', 'gdpr', 'a@b.example', 'received', now(), now() + interval '8 days', null),
  (pg_temp.id('7101'), pg_temp.id('7c04'), 'access', 'gdpr', 'a@b.example', 'cancelled', now() - interval '40 days', now() - interval '9 days', now()),
  (pg_temp.id('7102'), pg_temp.id('7c05'), 'access', 'gdpr', 'a@b.example', 'received', now() - interval '40 days', now() - interval '9 days', null);
set local app.importing = '';
select matches(pg_temp.status('requests_open'), '^warning 3 .*"due_within_7_days": 1', 'open ones, and one that is due soon');
select is(pg_temp.status('requests_overdue'), format('failing 1 {"request_ids": ["%s"]}', pg_temp.id('7c01')), 'one that is overdue');

-- Retention ---------------------------------------------------------------------------------------------------------
select is(pg_temp.status('retention_policies'), 'warning 9 {"legal_holds": [], "classes_without_policy": ["agent_logs", "api_usage", "audit_logs", "compliance_requests", "documents", "invoices", "jobs", "media_assets", "users"]}', 'no policy');
insert into public.data_retention_policies (company_id, data_class, retention_days, action, is_legal_hold)
select pg_temp.id('7101'), k.data_class, 3650, case when k.data_class = 'users' then 'keep' else 'delete' end, k.data_class = 'documents' from private.retention_classes as k;
select is(pg_temp.status('retention_policies'), 'ok 0 {"legal_holds": ["documents"], "classes_without_policy": []}', 'a policy for each class');
select is(pg_temp.status('retention_overdue'), 'ok 0 {"rows": {}}', 'nothing is overdue');
update public.data_retention_policies set retention_days = 10 where company_id = pg_temp.id('7101') and data_class in ('agent_logs', 'documents');
set local app.importing = 'on';
insert into public.ai_agents (company_id, id, name, provider, model) select pg_temp.id(c), pg_temp.id('7a01'), 'A', 'openai', 'x' from unnest(array['7101', '7102']) as c;
insert into public.agent_logs (company_id, agent_id, event, message, created_at)
select pg_temp.id(c), pg_temp.id('7a01'), 'x', 'x', now() - d * interval '1 day' from unnest(array['7101', '7102']) as c, unnest(array[11.9, 12.1, 13]) as d;
insert into public.documents (company_id, title, storage_path, mime_type, size_bytes, created_at) values (pg_temp.id('7101'), 'x', pg_temp.id('7101') || '/x', 'text/plain', 1, now() - interval '20 days');
set local app.importing = '';
select is(pg_temp.status('retention_overdue'), 'failing 2 {"rows": {"agent_logs": 2}}', 'what should have gone for two days, but for what is held');
select is(pg_temp.status('retention_failures'), 'ok 0 {"failures_of_7_days": {}}', 'no run has failed');
insert into public.data_retention_logs (company_id, data_class, status, started_at, finished_at, error_message)
select pg_temp.id('7101'), 'jobs', 'failed', now() - d * interval '1 day', now(), 'x' from unnest(array[1, 6, 8]) as d;
insert into public.data_retention_logs (company_id, data_class, status, finished_at) values (pg_temp.id('7101'), 'agent_logs', 'succeeded', now());
insert into public.data_retention_logs (company_id, data_class, status, finished_at, error_message) values (pg_temp.id('7102'), 'agent_logs', 'failed', now(), 'x');
select is(pg_temp.status('retention_failures'), 'failing 2 {"failures_of_7_days": {"jobs": 2}}', 'those of a week');

-- API keys ----------------------------------------------------------------------------------------------------------
select is(pg_temp.status('api_key_age'), 'ok 0 {"keys": 0, "older_than_365_days": []}', 'no key');
set local app.importing = 'on';
insert into public.api_keys (company_id, id, name, prefix, permissions, created_at, created_by, expires_at, last_used_at, revoked_at) values
  (pg_temp.id('7101'), pg_temp.id('7b01'), 'old', 'lytbub_1', '{services.read}', now() - interval '366 days', pg_temp.id('7911'), null, now(), null),
  (pg_temp.id('7101'), pg_temp.id('7b02'), 'ending', 'lytbub_2', '{services.read}', now() - interval '10 days', pg_temp.id('7911'), now() + interval '13 days', null, null),
  (pg_temp.id('7101'), pg_temp.id('7b03'), 'unused', 'lytbub_3', '{services.read}', now() - interval '200 days', pg_temp.id('7911'), null, now() - interval '91 days', null),
  (pg_temp.id('7101'), pg_temp.id('7b04'), 'never used', 'lytbub_4', '{services.read}', now() - interval '91 days', pg_temp.id('7911'), null, null, null),
  (pg_temp.id('7101'), pg_temp.id('7b05'), 'of an agent', 'lytbub_5', '{services.read}', now(), pg_temp.id('7912'), null, null, null),
  (pg_temp.id('7101'), pg_temp.id('7b06'), 'of the backend', 'lytbub_6', '{services.read}', now(), null, now() + interval '15 days', null, null),
  (pg_temp.id('7101'), pg_temp.id('7b07'), 'revoked', 'lytbub_7', '{services.read}', now() - interval '500 days', pg_temp.id('7912'), null, null, now()),
  (pg_temp.id('7101'), pg_temp.id('7b08'), 'expired', 'lytbub_8', '{services.read}', now() - interval '500 days', pg_temp.id('7912'), now() - interval '1 day', null, null),
  (pg_temp.id('7102'), pg_temp.id('7b09'), 'other', 'lytbub_9', '{services.read}', now() - interval '700 days', pg_temp.id('7912'), now() + interval '1 day', null, null);
set local app.importing = '';
select is(pg_temp.status('api_key_age'), format('warning 366 {"keys": 6, "older_than_365_days": ["%s"]}', pg_temp.id('7b01')), 'the age of the oldest valid key');
select is(pg_temp.status('api_keys_expiring'), format('warning 1 {"within_14_days": ["%s"]}', pg_temp.id('7b02')), 'one that ends soon');
select is(pg_temp.status('api_keys_unused'), format('warning 2 {"for_90_days": ["%s", "%s"]}', pg_temp.id('7b03'), pg_temp.id('7b04')), 'two that nobody uses');
select is(pg_temp.status('api_keys_unattended'), format('warning 1 {"issuer_lost_rights": ["%s"]}', pg_temp.id('7b05')), 'one whose issuer could not issue it any more');
update public.users set status = 'disabled' where id = pg_temp.id('7911');
select matches(pg_temp.status('api_keys_unattended'), '^warning 5 ', 'with the client gone, theirs too');
update public.users set status = 'active' where id = pg_temp.id('7911');
update public.api_keys set revoked_at = now() where company_id = pg_temp.id('7101') and id <> pg_temp.id('7b06');
select is(array[pg_temp.status('api_keys_expiring'), pg_temp.status('api_keys_unused'), pg_temp.status('api_keys_unattended')],
  '{"ok 0 {\"within_14_days\": []}","ok 0 {\"for_90_days\": []}","ok 0 {\"issuer_lost_rights\": []}"}', 'without them all is well');

-- Addresses and second factors ----------------------------------------------------------------------------------------
select is(pg_temp.status('ip_allowlist'), 'warning - {"covered": 0, "entries": 0, "is_enabled": false, "expired_entries": 0, "addresses_of_30_days": 0}', 'no allowlist');
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, ip_address, created_at)
select pg_temp.id('7101'), 'x.y', a::inet, now() - d * interval '1 day'
  from (values ('203.0.113.1', 1), ('203.0.113.1', 2), ('203.0.113.2', 29), ('198.51.100.1', 3), ('192.0.2.1', 31)) as t (a, d);
set local app.importing = '';
insert into public.ip_allowlist_entries (company_id, network, label, expires_at) values (pg_temp.id('7101'), '203.0.113.0/24', 'x', null);
insert into public.security_policies (company_id, is_ip_allowlist_enabled) values (pg_temp.id('7101'), true);
select is(pg_temp.status('ip_allowlist'), 'ok 66 {"covered": 2, "entries": 1, "is_enabled": true, "expired_entries": 0, "addresses_of_30_days": 3}', 'what it covers of the addresses of a month');
set local app.importing = 'on';
insert into public.ip_allowlist_entries (company_id, network, label, expires_at, created_at) values (pg_temp.id('7101'), '198.51.100.0/24', 'x', now() - interval '1 day', now() - interval '2 days');
set local app.importing = '';
select matches(pg_temp.status('ip_allowlist'), '^warning 66 .*"expired_entries": 1', 'an entry that has expired');
select is(pg_temp.status('users_without_mfa'), format('warning 3 {"user_ids": ["%s", "%s", "%s"], "is_required": false}', pg_temp.id('7911'), pg_temp.id('7912'), pg_temp.id('7913')), 'nobody has a second factor');
insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, friendly_name)
select gen_random_uuid(), pg_temp.id(u), 'totp', s::auth.factor_status, now(), now(), s from (values ('7911', 'verified'), ('7912', 'unverified'), ('7914', 'verified')) as t (u, s);
update public.users set status = 'disabled' where id = pg_temp.id('7913');
select is(pg_temp.status('users_without_mfa'), format('warning 1 {"user_ids": ["%s"], "is_required": false}', pg_temp.id('7912')), 'one who has not verified theirs; who is disabled does not count');
update auth.mfa_factors set status = 'verified' where user_id = pg_temp.id('7912');
insert into public.security_policies (company_id, required_aal) values (pg_temp.id('7101'), 'aal2');
select is(pg_temp.status('users_without_mfa'), 'ok 0 {"user_ids": [], "is_required": true}', 'all have one');
insert into public.security_policies (company_id, required_aal) values (pg_temp.id('7101'), 'aal1');
update public.users set status = 'active' where id = pg_temp.id('7913');

-- The audit log's chain, secrets ---------------------------------------------------------------------------------------
set constraints all immediate;
set constraints all deferred;
select matches(pg_temp.status('audit_chain'), '^(ok|failing) [0-9]+ .*"verified_after_link_no"', 'the chain is verified');
set local app.importing = 'on';
delete from private.audit_links where company_id = pg_temp.id('7101');
delete from private.audit_heads where company_id = pg_temp.id('7101');
delete from public.audit_logs where company_id = pg_temp.id('7101');
set local app.importing = '';
select is(pg_temp.status('audit_chain'), 'ok 0 {"problems": [], "verified_after_link_no": 0}', 'an empty log is intact');
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, created_at) values (pg_temp.id('7101'), 'x.y', now() - interval '2 hours');
set local app.importing = '';
select matches(pg_temp.status('audit_chain'), '^failing 0 .*row_unlinked', 'a row that was slipped in is not');
select is(pg_temp.status('secrets_unreadable'), 'ok 0 {}', 'no secret is lost');
insert into private.company_secrets (company_id, name, key_uuid, ciphertext) values (pg_temp.id('7101'), 'x', gen_random_uuid(), '\x00');
select is(pg_temp.status('secrets_unreadable'), 'warning 1 {}', 'one whose key is gone');
set local app.importing = 'on';
delete from public.audit_logs where company_id = pg_temp.id('7101');
set local app.importing = '';

-- Reviews -----------------------------------------------------------------------------------------------------------
create function pg_temp.events() returns integer language sql as $$
  select count(*)::integer from private.outbox_events as e where e.company_id = pg_temp.id('7101') and e.topic = 'compliance.review_due'
$$;
create function pg_temp.created(p_days integer) returns void language plpgsql as $$
begin
  set local app.importing = 'on';
  update public.companies set created_at = now() - make_interval(days => p_days) where id = pg_temp.id('7101');
  set local app.importing = '';
end
$$;
select pg_temp.created(89);
select matches(pg_temp.status('review'), '^ok 1 .*"reviewed_at": null', 'a review is due in a day');
select ok(public.maintain_compliance() >= 0 and pg_temp.events() = 0, 'nobody is reminded');
select pg_temp.created(90);
select matches(pg_temp.status('review'), '^warning 0 ', 'it is due');
select ok(public.maintain_compliance() >= 1 and pg_temp.events() = 1, 'the company is reminded');
select is((select e.payload ->> 'due_at' from private.outbox_events as e where e.topic = 'compliance.review_due' and e.company_id = pg_temp.id('7101'))::timestamptz, now(), 'of the date');
select ok(public.maintain_compliance() >= 0 and pg_temp.events() = 1, 'once');
update private.compliance_reviews set reminded_at = now() - interval '30 days' where company_id = pg_temp.id('7101');
select ok(public.maintain_compliance() >= 1 and pg_temp.events() = 2, 'again after 30 days');
update private.compliance_reviews set reminded_at = now() - interval '30 days' where company_id = pg_temp.id('7101');
update public.companies set status = 'suspended' where id = pg_temp.id('7101');
select ok(public.maintain_compliance() >= 0 and pg_temp.events() = 2, 'not while it is suspended');
update public.companies set status = 'active' where id = pg_temp.id('7101');
select is(pg_temp.says('authenticated', u, $$ select public.record_compliance_review(pg_temp.id('7101')) $$), '42501 not_your_company', u || ' reviews nothing')
  from unnest(array['7912', '7914']) as u;
select is(pg_temp.says('authenticated', '7913', $$ select public.record_compliance_review(pg_temp.id('7101'), repeat('x', 10001)) $$), '22023 invalid_notes', 'no notes without end');
select is(pg_temp.says('authenticated', '7913', $$ select public.record_compliance_review(pg_temp.id('7101'), 'All keys rotated.') $$), (now() + interval '90 days')::text, 'a compliance administrator reviews');
select is((select row(l.actor_id, l.changes ->> 'notes', l.changes #>> '{checks,requests_overdue}')::text from public.audit_logs as l where l.company_id = pg_temp.id('7101') and l.action = 'compliance.reviewed'),
  row(pg_temp.id('7913'), 'All keys rotated.'::text, 'failing'::text)::text, 'which is in the audit log, with what they saw');
select matches(pg_temp.status('review'), '^ok 90 ', 'the next is due in 90 days');
select ok(public.maintain_compliance() >= 0 and pg_temp.events() = 2, 'nobody is reminded');
update public.system_config set value = '30' where key = 'compliance.review_interval_days';
select matches(pg_temp.status('review'), '^ok 30 ', 'or when the platform says');

select * from finish();
rollback;
