-- diagnose(): who may ask about what, what is not told, and the bounds of what is found. Every check has its fault and
-- its mend in tests/ts/doctor.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
-- Entries of the audit log get their place in the chain at once.
set constraints all immediate;
select plan(98);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- What somebody is answered: ids of the checks in their order, or SQLSTATE and token.
create function pg_temp.answer(p_role text, p_claims jsonb, p_call text, p_headers jsonb default '{}') returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true), set_config('request.headers', p_headers::text, true),
          set_config('role', p_role, true);
  begin
    execute format('select string_agg(d.check_id, '' '') from public.diagnose(%s) as d', p_call) into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    v_answer := sqlstate || ' ' || v_detail;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
  return v_answer;
end
$$;
create function pg_temp.member(p_user text, p_call text default '', p_headers jsonb default '{}') returns text language sql as $$
  select pg_temp.answer('authenticated', jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated', 'company_role', 'x'), p_call, p_headers)
$$;
create function pg_temp.asked(p_call text) returns text language sql as $$ select pg_temp.answer('service_role', null, p_call) $$;
-- One member of the first answer row that a check gives the backend.
create function pg_temp.says(p_call text, p_check text, p_column text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  execute format('select d.%I::text from public.diagnose(%s) as d where d.check_id = %L limit 1', p_column, p_call, p_check) into v_answer;
  return v_answer;
end
$$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('d101'), 'diagnosed', 'Diagnosed', 'a@b.example'), (pg_temp.id('d102'), 'neighbour', 'Neighbour', 'a@b.example');
insert into auth.users (id, email, email_confirmed_at)
select pg_temp.id(i), i || '@b.example', now() from unnest(array['d911', 'd912', 'd913', 'd914', 'd915', 'd916']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('d101'), pg_temp.id('d911'), 'd911@b.example', 'Client', 'client'),
  (pg_temp.id('d101'), pg_temp.id('d912'), 'd912@b.example', 'Agent', 'agent'),
  (pg_temp.id('d101'), pg_temp.id('d913'), 'd913@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('d102'), pg_temp.id('d914'), 'd914@b.example', 'Neighbour', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('d915'), 'd915@b.example', 'Operator', 'admin');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('d101'), 'starter', 100), (pg_temp.id('d102'), 'starter', 100);

-- Texts ------------------------------------------------------------------------------------------------------------
select is(private.fill_in('a {x} b {y!} {z#} {"j": {x}} {gone}', '{"x": "{y!}", "y": "it''s", "z": "Two Words"}'),
  'a {y!} b ''it''''s'' "Two Words" {"j": {y!}} ?', 'placeholders are filled in once, as text, literal and identifier');
select is(private.fill_in('{gone!}', '{}'), 'NULL', 'what is not known is null as a literal');
select is(private.fill_in(null, '{}'), null, 'no text, no text');
select is_empty($$
  select check_id from private.diagnosis_checks where severity in ('warning', 'error') and mend is null
$$, 'whatever is wrong has a mend');
select throws_ok($$ update private.diagnosis_checks set mend = null where check_id = 'budgets.counters_differ' $$, '23514', null, 'a statement alone is no mend');
select throws_ok($$ update private.diagnosis_checks set mend = null, mend_sql = null where check_id = 'budgets.counters_differ' $$, '23514', null, 'an error without a mend is refused');
select lives_ok($$ update private.diagnosis_checks set mend_sql = mend_sql $$, 'as they are, they pass');

-- Who may ask --------------------------------------------------------------------------------------------------------
select is(left(pg_temp.answer('anon', null, ''), 5), '42501', 'a visitor may not ask');
select is(pg_temp.answer('authenticated', null, ''), '42501 not_your_company', 'a request without a person is refused');
select is(pg_temp.answer('authenticated', '{"sub": "x"}', ''), '42501 not_your_company', 'a person who is none is refused');
select is(pg_temp.member('d912'), 'access.ok', 'an agent asks about themselves, and hears nothing of the company');
select matches(pg_temp.member('d911'), '^access\.ok budgets\.\S+ billing\.\S+ network\.ok$', 'a client also of budgets, billing and IP access');
select matches(pg_temp.member('d913'), '^access\.ok compliance\.ok network\.ok retention\.ok$', 'a compliance administrator of compliance, IP access and retention');
create function pg_temp.member_says(p_user text, p_check text, p_column text, p_headers jsonb default '{}') returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated')::text, true),
          set_config('request.headers', p_headers::text, true), set_config('role', 'authenticated', true);
  execute format('select d.%I::text from public.diagnose() as d where d.check_id = %L', p_column, p_check) into v_answer;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
  return v_answer;
end
$$;
select is(pg_temp.member_says('d911', 'network.ok', 'finding'), 'The IP allowlist of Diagnosed lets its people in.', 'it is their company that is examined');
select is(pg_temp.member_says('d911', 'access.no_membership', 'explanation', jsonb_build_object('x-company-id', pg_temp.id('d102'))),
  'The gate looks for a row in public.users with this company and this person (header x-company-id), and there is none. An id of no company at all looks the same.', 'by what the company was chosen is said');
select is(pg_temp.member('d911', format('%L', pg_temp.id('d101'))), pg_temp.member('d911'), 'the active company may be named');
select is(pg_temp.member('d911', format('%L', pg_temp.id('d102'))), '42501 not_your_company', 'another company may not');
select is(pg_temp.member('d911', format('%L', pg_temp.id('dead'))), '42501 not_your_company', 'no more than one that does not exist');
select is(pg_temp.member('d911', format('null, %L', pg_temp.id('d911'))), 'access.ok', 'about themselves alone');
select is(pg_temp.member('d912', format('null, %L', pg_temp.id('d912'))), 'access.ok', 'also an agent');
select is(pg_temp.member('d911', format('null, %L', pg_temp.id('d912'))), 'access.ok', 'about a colleague with users.read');
select is(pg_temp.member('d912', format('null, %L', pg_temp.id('d911'))), '42501 not_your_company', 'not without it');
select is(pg_temp.member('d913', format('null, %L', pg_temp.id('d912'))), 'access.ok', 'users.read is enough');
select is(pg_temp.answer('authenticated', jsonb_build_object(
    'sub', pg_temp.id('d911'), 'company_id', pg_temp.id('d101'), 'company_role', 'client', 'permissions', private.permissions_of(pg_temp.id('d101'), pg_temp.id('d911'))),
  format('null, %L', pg_temp.id('d912'))), 'access.ok', 'a colleague is not judged by the token of who asks');
select is(pg_temp.member('d911', format('null, %L', pg_temp.id('d914'))), '42501 not_a_member', 'nobody of another company');
select is(pg_temp.member('d911', format('null, %L', pg_temp.id('dead'))), '42501 not_a_member', 'no more than nobody');
select is(pg_temp.member('d911', format('null, %L, null, ''{}''', pg_temp.id('d911'))), '42501 not_your_company', 'nobody states another request');
select is(pg_temp.member('d911', 'permission => ''no.such'''), '23514 unknown_permission', 'a permission that does not exist');
select is(pg_temp.asked('permission => ''no.such'''), '23514 unknown_permission', 'nor for the backend');
select is(pg_temp.member('d912', 'permission => ''jobs.read'''), 'access.ok', 'an agent holds jobs.read');
select is(pg_temp.member('d912', 'permission => ''jobs.write'''), 'access.permission_missing', 'and not jobs.write');

-- Operators and the backend
select is(pg_temp.answer('platform_admin', jsonb_build_object('sub', pg_temp.id('d911'), 'role', 'platform_admin'), ''), '42501 not_an_operator', 'who is no operator is refused');
select matches(pg_temp.answer('platform_admin', jsonb_build_object('sub', pg_temp.id('d915'), 'role', 'platform_admin'), ''), '^platform\.', 'an operator asks about the platform');
select is(pg_temp.answer('platform_admin', jsonb_build_object('sub', pg_temp.id('d915'), 'role', 'platform_admin'), format('%L, %L', pg_temp.id('d101'), pg_temp.id('d912'))), 'access.ok', 'and about anybody');
select matches(pg_temp.asked(format('%L', pg_temp.id('d101'))), '^budgets\.\S+ billing\.ok compliance\.ok network\.ok retention\.ok$', 'the backend about every area of a company');
select is(pg_temp.asked(format('%L', pg_temp.id('dead'))), 'PT404 unknown_company', 'which must exist');
select is(pg_temp.asked(format('null, %L', pg_temp.id('dead'))), 'access.no_company', 'a person of whom nothing is known is in no company');
select unalike(pg_temp.asked(format('%L', pg_temp.id('d101'))), '%platform.%', 'about a company nothing of the platform');
select unalike(pg_temp.asked(format('%L, %L', pg_temp.id('d101'), pg_temp.id('d911'))), '%budgets.%', 'about a person nothing of the company');
select unalike(pg_temp.member('d911'), '%platform.%', 'members hear nothing of the platform');

-- What is not told --------------------------------------------------------------------------------------------------
select is(pg_temp.member('d911', '', jsonb_build_object('x-company-id', pg_temp.id('d102'))), 'access.no_membership', 'a header with another company');
select is(pg_temp.member('d911', '', jsonb_build_object('x-company-id', pg_temp.id('dead'))), 'access.no_membership', 'is answered as one with none');
select is(pg_temp.member('d911', format('%L', pg_temp.id('d102')), jsonb_build_object('x-company-id', pg_temp.id('d102'))), 'access.no_membership', 'also when it is named');
select is(pg_temp.member('d916'), 'access.no_company', 'who belongs nowhere hears that');
select unalike((select string_agg(d::text, '') from public.diagnose(pg_temp.id('d102'), pg_temp.id('d911')) as d), '%Neighbour%', 'the name of a company is not told of whom is no member');
update public.users set status = 'disabled' where id = pg_temp.id('d912');
update public.companies set status = 'suspended', status_reason = 'secret reason' where id = pg_temp.id('d101');
select is(pg_temp.member('d912'), 'access.member_disabled', 'who is disabled hears that, and not how the company does');
select is(pg_temp.member('d911'), 'access.company_suspended', 'a member of a suspended company hears that');
select matches(pg_temp.says(format('null, %L', pg_temp.id('d911')), 'access.company_suspended', 'explanation'), 'secret reason', 'with the reason');
update public.companies set status = 'active' where id = pg_temp.id('d101');
update public.users set status = 'active' where id = pg_temp.id('d912');

-- The allowlist is told to whoever may read it.
select public.set_security_policy(pg_temp.id('d101'), '{"is_ip_allowlist_enabled": true, "required_aal": "aal2", "session_idle_seconds": 60, "session_max_age_seconds": 60}', true);
insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('d101'), '203.0.113.0/24', 'Office');
select set_eq(format('select unnest(string_to_array(%L, '' ''))', pg_temp.member('d912', '', '{"x-forwarded-for": "198.51.100.7"}')),
  array['access.second_factor_required', 'access.session_idle', 'access.session_too_old', 'network.not_allowed'], 'whoever is kept out hears all that does, but not the list');
select set_eq(format('select unnest(string_to_array(%L, '' ''))', pg_temp.member('d912', '', '{"x-forwarded-for": "203.0.113.7"}')),
  array['access.second_factor_required', 'access.session_idle', 'access.session_too_old'], 'from a listed network the rest');
select is(pg_temp.asked(format('%L, %L, null, %L', pg_temp.id('d101'), pg_temp.id('d912'), jsonb_build_object(
    'claims', jsonb_build_object('aal', 'aal2', 'company_role', 'agent', 'iat', extract(epoch from now())::integer, 'amr', jsonb_build_array(jsonb_build_object('timestamp', extract(epoch from now())::integer))),
    'headers', '{"x-forwarded-for": "198.51.100.7"}'::jsonb))), 'network.not_listed', 'operators hear which entry decides');
select is(current_setting('request.headers'), '', 'the request that is asked about is forgotten afterwards');
select set_config('request.headers', '{"x-mine": "1"}', true);
select count(*) from public.diagnose(pg_temp.id('d101'), pg_temp.id('d912'), null, '{"headers": {"x-forwarded-for": "198.51.100.7"}}');
select is(current_setting('request.headers'), '{"x-mine": "1"}', 'and the own one is there again');
select set_config('request.headers', '', true);
select is(pg_temp.asked(format('%L, %L', pg_temp.id('d101'), pg_temp.id('d912'))), 'access.second_factor_missing', 'without a request only what no request could meet');
select public.set_security_policy(pg_temp.id('d101'), '{"is_ip_allowlist_enabled": false, "required_aal": "aal1", "session_idle_seconds": null, "session_max_age_seconds": null}', true);
select is(pg_temp.asked(format('%L, %L', pg_temp.id('d101'), pg_temp.id('d912'))), 'access.ok', 'with the rules off nothing is said of them');

-- Who is kept out by the policy may ask through the API why, and nothing else.
create function pg_temp.requests(p_path text) returns text language plpgsql as $$
declare
  v_answer text := 'passes';
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('d912'), 'role', 'authenticated')::text, true),
          set_config('request.headers', '{}', true), set_config('request.path', p_path, true), set_config('role', 'authenticated', true);
  begin
    perform public.check_request();
  exception when insufficient_privilege then
    get stacked diagnostics v_answer = pg_exception_detail;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true), set_config('request.path', '', true);
  return v_answer;
end
$$;
select public.set_security_policy(pg_temp.id('d101'), '{"required_aal": "aal2"}', true);
select is(pg_temp.requests('/rpc/diagnose'), 'passes', 'who is kept out may ask why');
select is(pg_temp.requests('/services'), 'second_factor_required', 'and nothing else');
select public.set_security_policy(pg_temp.id('d101'), '{"required_aal": "aal1"}', true);

-- The address: which entry decides
create function pg_temp.address(p_address inet) returns text language sql as $$ select a.check_id from private.diagnose_address(pg_temp.id('d101'), p_address) as a $$;
insert into public.ip_allowlist_entries (company_id, network, label, is_enabled, expires_at) values
  (pg_temp.id('d101'), '192.0.2.0/24', 'Off', false, null), (pg_temp.id('d101'), '192.0.2.128/25', 'Over', true, now() - interval '1 day');
insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('d102'), '198.51.100.0/24', 'Office');
select is(pg_temp.address('198.51.100.1'), 'network.not_listed', 'no entry but a neighbour''s');
select is(pg_temp.address('192.0.2.1'), 'network.entry_disabled', 'an entry that is off');
select is(pg_temp.address('192.0.2.129'), 'network.entry_expired', 'one that has expired goes before one that is off');
select is(pg_temp.address(null), 'network.address_unknown', 'no address');

-- The token of a program
insert into public.api_keys (company_id, id, name, prefix, permissions) values
  (pg_temp.id('d102'), pg_temp.id('de02'), 'Theirs', 'lyt_d_theirs', '{services.read}'), (pg_temp.id('d101'), pg_temp.id('de01'), 'Ours', 'lyt_d_ours', '{services.read}');
create function pg_temp.key(p_key text, p_more jsonb default '{}', p_headers jsonb default '{}') returns text language sql as $$
  select k.check_id from private.diagnose_api_key(null,
    jsonb_build_object('company_id', pg_temp.id('d101'), 'sub', pg_temp.id(p_key), 'api_key_id', pg_temp.id(p_key)) || p_more, p_headers) as k
$$;
select is(pg_temp.key('de01'), 'access.ok', 'a key of the company');
select is(pg_temp.key('de02'), 'access.api_key_unknown', 'a neighbour''s is none');
select is(pg_temp.key('de01', jsonb_build_object('sub', pg_temp.id('d911'))), 'access.api_key_unknown', 'nor one in a token of somebody else');
select is(pg_temp.key('de01', '{}', jsonb_build_object('x-company-id', pg_temp.id('d101'))), 'access.ok', 'a header may say the same');
select is(pg_temp.key('de01', '{}', jsonb_build_object('x-company-id', pg_temp.id('d102'))), 'access.api_key_unknown', 'and nothing else');

-- The company that a request chooses, as the gate does
create function pg_temp.chosen(p_claims jsonb, p_headers jsonb) returns text language sql as $$
  select concat_ws(', ', c.company_id, c.wanted, c.source) from private.chosen_company(pg_temp.id('d911'), p_claims, p_headers) as c
$$;
select is(pg_temp.chosen('{}', '{}'), format('%s, %s, the default membership', pg_temp.id('d101'), pg_temp.id('d101')), 'the default');
select is(pg_temp.chosen('{"company_id": "x"}', '{}'), 'x, claim company_id', 'a claim that is no id does not fall back');
select is(pg_temp.chosen(jsonb_build_object('company_id', pg_temp.id('d102')), '{}'), format('%s, %s, claim company_id', pg_temp.id('d102'), pg_temp.id('d102')), 'a claim');
select is(pg_temp.chosen(jsonb_build_object('company_id', pg_temp.id('d102')), '{"x-company-id": "y"}'), 'y, header x-company-id', 'a header goes before a claim');
select is(pg_temp.chosen('{}', '{"x-company-id": null}'), ', header x-company-id', 'a header without a value is a choice');

-- Bounds of what is found ---------------------------------------------------------------------------------------------
create function pg_temp.found(p_area text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  execute format('select coalesce(string_agg(f.check_id, '' '' order by f.check_id), ''nothing'') from private.%I($1) as f', 'diagnose_' || p_area)
    into v_answer using pg_temp.id('d101');
  return v_answer;
end
$$;
create function pg_temp.platform() returns text language sql as $$
  select coalesce(string_agg(f.check_id, ' ' order by f.check_id), 'nothing') from private.diagnose_platform() as f
   where f.check_id not in ('platform.scheduler_unavailable', 'platform.scheduler_absent', 'platform.pre_request_unknown', 'platform.default_partition_past')
$$;
select is(pg_temp.platform(), 'nothing', 'the platform is in order');
insert into private.outbox_events (company_id, topic, available_at) values (pg_temp.id('d101'), 'a.b', now() - interval '14 minutes');
select is(pg_temp.platform(), 'nothing', 'an event may wait for 15 minutes');
update private.outbox_events set available_at = now() - interval '16 minutes' where company_id = pg_temp.id('d101');
select is(pg_temp.platform(), 'platform.outbox_stale', 'not for longer');
update private.outbox_events set status = 'delivered', finished_at = now() where company_id = pg_temp.id('d101');
insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, payload, status, received_at) values ('evt_d1', 'x', now(), '{}', 'received', now() - interval '14 minutes');
select is(pg_temp.platform(), 'nothing', 'an event of Stripe may wait for 15 minutes');
update private.stripe_events set received_at = now() - interval '16 minutes' where stripe_event_id = 'evt_d1';
select is(pg_temp.platform(), 'billing.events_waiting', 'not for longer');
update private.stripe_events set status = 'unmatched', finished_at = now() - interval '8 days', stripe_customer_id = 'cus_d1' where stripe_event_id = 'evt_d1';
select is(pg_temp.platform(), 'nothing', 'what nobody wanted is forgotten after a week');
update private.stripe_events set finished_at = now() - interval '6 days' where stripe_event_id = 'evt_d1';
select is(pg_temp.platform(), 'billing.events_unmatched', 'and named before');
delete from private.stripe_events where stripe_event_id = 'evt_d1';
update auth.users set last_sign_in_at = now() - interval '31 days' where id = pg_temp.id('d911');
select is(pg_temp.platform(), 'nothing', 'a sign-in of long ago says nothing of the hook');
update public.system_config set value = '100' where key = 'security.trusted_proxy_count';
select is(pg_temp.platform(), 'platform.proxy_count_invalid', 'a hundred proxies are none');
update public.system_config set value = '0' where key = 'security.trusted_proxy_count';
select is(pg_temp.platform(), 'nothing', 'no proxy is a number of proxies');
update public.system_config set value = '1' where key = 'security.trusted_proxy_count';

select is(pg_temp.found('compliance'), 'nothing', 'no request');
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, due_at) values
  (pg_temp.id('d101'), pg_temp.id('dc01'), 'access', 'gdpr', 'a@b.example', now() + interval '15 days');
update public.users set status = 'disabled' where id = pg_temp.id('d913');
select is(pg_temp.found('compliance'), 'nothing', 'a request that is due in 15 days may wait for somebody');
update public.compliance_requests set due_at = now() + interval '13 days' where id = pg_temp.id('dc01');
select is(pg_temp.found('compliance'), 'compliance.nobody_in_charge', 'one that is due in 13 days needs somebody who is active');
update public.users set status = 'active' where id = pg_temp.id('d913');
select is(pg_temp.found('compliance'), 'nothing', 'who is there');
update public.users set revoked_permissions = '{users.read}' where id = pg_temp.id('d913');
select is(pg_temp.found('compliance'), 'nothing', 'another permission does not matter');
update public.users set revoked_permissions = '{compliance.manage}' where id = pg_temp.id('d913');
select is(pg_temp.found('compliance'), 'compliance.administrator_revoked compliance.nobody_in_charge', 'compliance.manage does');
update public.users set revoked_permissions = '{compliance.read}', role = 'agent' where id = pg_temp.id('d913');
select is(pg_temp.found('compliance'), 'compliance.nobody_in_charge', 'an agent is no compliance administrator');

select is(pg_temp.found('network'), 'network.entries_expired', 'an entry that has expired, the allowlist being off');
select is(pg_temp.found('billing'), 'nothing', 'without Stripe nobody misses a customer');
update public.system_config set value = 'true' where key = 'stripe.enabled';
select is(pg_temp.found('billing'), 'nothing', 'a company that was made just now waits for its customer');
insert into public.billing_accounts (company_id, stripe_subscription_id, subscription_status) values (pg_temp.id('d101'), 'sub_d1', 'past_due');
select is(pg_temp.found('billing'), 'billing.customer_missing', 'with a subscription it must have one');
update public.companies set stripe_customer_id = 'cus_d1' where id = pg_temp.id('d101');
select is(pg_temp.found('billing'), 'nothing', 'and has');
update public.billing_accounts set reconciled_at = now() - interval '47 hours' where company_id = pg_temp.id('d101');
select is(pg_temp.found('billing'), 'nothing', 'two days may pass without a comparison');
update public.billing_accounts set reconciled_at = now() - interval '49 hours' where company_id = pg_temp.id('d101');
select is(pg_temp.found('billing'), 'billing.not_reconciled', 'not more');
update public.system_config set value = 'false' where key = 'stripe.enabled';
select is(pg_temp.found('billing'), 'nothing', 'where Stripe is off nothing is compared');
update public.billing_accounts set subscription_status = 'canceled', stripe_price_id = 'price_x' where company_id = pg_temp.id('d101');
select is(pg_temp.found('billing'), 'nothing', 'the price of a subscription that has ended buys nothing');
insert into private.stripe_usage_reports (company_id, month, position, stripe_customer_id, value_cents, used_at, created_at)
values (pg_temp.id('d101'), '2026-01-01', 1, 'cus_d1', 1, now(), now() - interval '59 minutes');
select is(pg_temp.found('billing'), 'nothing', 'a report may wait for an hour');

select * from finish();
rollback;
