-- Security policies and IP allowlists: what the gate asks, from the next statement on, and who may change it.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(107);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- A request: whose, with what more in the token, from where.
create function pg_temp.be(p_user text, p_more jsonb default '{}', p_forwarded text default '198.51.100.7') returns void language sql as $$
  select set_config('request.jwt.claims',
           (jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated') || p_more)::text, true),
         set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('x-forwarded-for', p_forwarded))::text, true)
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
  (pg_temp.id('5001'), 'guarded', 'x', 'a@b.example'), (pg_temp.id('5002'), 'open', 'x', 'a@b.example');
insert into auth.users (id, email) values (pg_temp.id('5901'), '5901@b.example'), (pg_temp.id('5902'), '5902@b.example'),
  (pg_temp.id('5903'), '5903@b.example'), (pg_temp.id('5904'), '5904@b.example'), (pg_temp.id('5905'), '5905@b.example');
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('5001'), pg_temp.id('5901'), '5901@b.example', 'Client', 'client'),
  (pg_temp.id('5001'), pg_temp.id('5902'), '5902@b.example', 'Agent', 'agent'),
  (pg_temp.id('5001'), pg_temp.id('5903'), '5903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('5002'), pg_temp.id('5904'), '5904@b.example', 'Other', 'client'),
  (pg_temp.id('5002'), pg_temp.id('5905'), '5905@b.example', 'Other compliance', 'compliance_admin');
insert into public.services (company_id, name, code) values (pg_temp.id('5001'), 'A', 'A'), (pg_temp.id('5002'), 'B', 'B');
create function pg_temp.policy(p_policy jsonb) returns void language plpgsql as $$
begin
  perform public.set_security_policy(pg_temp.id('5001'), '{"required_aal": "aal1", "aal2_permissions": [], "session_max_age_seconds": null,
    "session_idle_seconds": null, "is_ip_allowlist_enabled": false}'::jsonb || p_policy);
end
$$;
-- What a client of each company sees: own services.
create function pg_temp.sees() returns bigint language sql as $$ select count(*) from public.services $$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- Nothing asked -------------------------------------------------------------------------------------------------------
select pg_temp.be('5901');
set local role authenticated;
select is(pg_temp.sees(), 1::bigint, 'a company without a policy asks nothing');
reset role;
select pg_temp.policy('{"notes": "x", "api_key_max_age_days": 3}');
select is((select is_strict from public.security_policies where company_id = pg_temp.id('5001') and is_active), false, 'nor does one that is about other things');
set local role authenticated;
select is(pg_temp.sees(), 1::bigint, 'and lets everybody in');
reset role;

-- A second factor -----------------------------------------------------------------------------------------------------
select pg_temp.policy('{"required_aal": "aal2"}');
set local role authenticated;
select is(pg_temp.sees(), 0::bigint, 'a second factor is asked from the next statement on');
select pg_temp.refused('select public.check_request()', '42501', 'second_factor_required', 'and the request says so');
select pg_temp.be('5901', '{"aal": "aal1"}');
select is(pg_temp.sees(), 0::bigint, 'one factor is not enough');
select pg_temp.be('5901', '{"aal": "aal2"}');
select is(pg_temp.sees(), 1::bigint, 'two are');
select lives_ok('select public.check_request()', 'and the request goes on');
select pg_temp.be('5904');
select is(pg_temp.sees(), 1::bigint, 'another company is not concerned');
reset role;
select pg_temp.policy('{"aal2_permissions": ["services.write", "invoices.read"]}');
set local role authenticated;
select pg_temp.be('5901');
select is(pg_temp.sees(), 1::bigint, 'what is not named needs one factor');
select is(private.company_for('invoices.read'), null, 'what is named needs two');
select throws_ok($$insert into public.services (company_id, name, code) values (pg_temp.id('5001'), 'C', 'C')$$, '42501', null, 'also to write');
select pg_temp.be('5901', '{"aal": "aal2"}');
select is(private.company_for('invoices.read'), pg_temp.id('5001'), 'and is there with two');
select lives_ok($$insert into public.services (company_id, name, code) values (pg_temp.id('5001'), 'C', 'C')$$, 'to write, too');
delete from public.services where name = 'C';
reset role;

-- Age of the session --------------------------------------------------------------------------------------------------
create function pg_temp.amr(variadic p_ages integer[]) returns jsonb language sql as $$
  select jsonb_build_object('amr', jsonb_agg(jsonb_build_object('method', 'x', 'timestamp', floor(extract(epoch from now())) - a))) from unnest(p_ages) as a
$$;
grant execute on all functions in schema pg_temp to authenticated;
select pg_temp.policy('{"session_max_age_seconds": 3600}');
set local role authenticated;
select pg_temp.be('5901', pg_temp.amr(3500));
select is(pg_temp.sees(), 1::bigint, 'a session that is young enough is let in');
select pg_temp.be('5901', pg_temp.amr(3700));
select is(pg_temp.sees(), 0::bigint, 'an older one is not');
select pg_temp.refused('select public.check_request()', '42501', 'session_too_old', 'and the request says so');
select pg_temp.be('5901', pg_temp.amr(10, 3700));
select is(pg_temp.sees(), 0::bigint, 'a second factor given later makes it no younger');
select is((pg_temp.be('5901', c), pg_temp.sees())::text, '(,0)', 'a token does not state its age as ' || c::text)
  from unnest(array['{}', '{"amr": null}', '{"amr": "password"}', '{"amr": ["password"]}', '{"amr": []}', '{"amr": [{"timestamp": "now"}]}', '{"amr": [{"timestamp": -1}]}',
    '{"amr": {"timestamp": 99999999999}}', '{"amr": [[{"timestamp": 99999999999}]]}', '{"amr": [{"timestamp": [99999999999]}]}', '{"amr": [{"timestamp": 99999999999}, {}]}',
    '{"amr": [{"timestamp": 99999999999}, {"timestamp": null}]}', '{"amr": [{"timestamp": 99999999999}, 99999999999]}']::jsonb[]) as c;
select pg_temp.be('5901', '{"amr": [{"timestamp": 99999999999}, {"timestamp": 99999999999}]}');
select is(pg_temp.sees(), 1::bigint, 'one whose every factor is young does');
reset role;
select pg_temp.policy('{"session_idle_seconds": 600}');
set local role authenticated;
select pg_temp.be('5901', jsonb_build_object('iat', floor(extract(epoch from now())) - 500));
select is(pg_temp.sees(), 1::bigint, 'a token that was refreshed in time is let in');
select pg_temp.be('5901', jsonb_build_object('iat', floor(extract(epoch from now())) - 700));
select is(pg_temp.sees(), 0::bigint, 'one that was not is idle');
select pg_temp.refused('select public.check_request()', '42501', 'session_idle', 'and the request says so');
select pg_temp.be('5901', '{"iat": "now"}');
select is(pg_temp.sees(), 0::bigint, 'as is one that does not say');
reset role;

-- Addresses -----------------------------------------------------------------------------------------------------------
insert into public.ip_allowlist_entries (company_id, id, network, label, is_enabled, expires_at) values
  (pg_temp.id('5001'), pg_temp.id('5101'), '203.0.113.0/24', 'office', true, null),
  (pg_temp.id('5001'), pg_temp.id('5102'), '2001:db8:1::/48', 'home', true, now() + interval '1 day'),
  (pg_temp.id('5001'), pg_temp.id('5103'), '192.0.2.0/24', 'old', true, now() - interval '1 second'),
  (pg_temp.id('5001'), pg_temp.id('5104'), '192.0.2.128/25', 'off', false, null),
  (pg_temp.id('5001'), pg_temp.id('5105'), '203.0.113.7', 'desk', false, null),
  (pg_temp.id('5002'), pg_temp.id('5101'), '198.51.100.0/24', 'theirs', true, null);
select pg_temp.policy('{"is_ip_allowlist_enabled": true}');
set local role authenticated;
select is((pg_temp.be('5901', '{}', a.forwarded), pg_temp.sees())::text, '(,1)', a.what) from (values
  ('203.0.113.9', 'an address on the list is let in'), ('2001:db8:1:2::3', 'one of version 6, too'),
  ('203.0.113.9:4711', 'with its port'), ('[2001:db8:1:2::3]:4711', 'with brackets and port'), ('::ffff:203.0.113.9', 'in the clothes of version 6'),
  ('198.51.100.7, 203.0.113.9', 'the last of several is the one that the proxy saw'), (' 203.0.113.9 ', 'with blanks')) as a (forwarded, what);
select is((pg_temp.be('5901', '{}', a.forwarded), pg_temp.sees())::text, '(,0)', a.what) from (values
  ('198.51.100.7', 'another is not'), ('2001:db8:2::1', 'nor another of version 6'), ('203.0.113.9, 198.51.100.7', 'a forged one does not help'),
  ('192.0.2.1', 'an entry that has expired lets nobody in'), ('192.0.2.129', 'nor does one that is off'),
  ('', 'nor no address'), (null, 'nor no header'), ('unknown', 'nor what is no address'), ('203.0.113.9,', 'nor an empty one'), ('203.0.113.9/24', 'a network is the address of its host'), ('203.0.113', 'a part is none')) as a (forwarded, what)
 where a.forwarded is distinct from '203.0.113.9/24';
select pg_temp.be('5901');
select pg_temp.refused('select public.check_request()', '42501', 'ip_not_allowed', 'and the request says so');
select set_config('request.path', '/rpc/my_companies', true);
select lives_ok('select public.check_request()', 'whoever is kept out may look for another company');
select set_config('request.path', '/rpc/switch_company', true);
select lives_ok('select public.check_request()', 'and go there');
select set_config('request.path', '/services', true);
select pg_temp.be('5904');
select is(pg_temp.sees(), 1::bigint, 'another company''s list is another list');
select lives_ok('select public.check_request()', 'without a refusal');
reset role;
update public.system_config set value = '2' where key = 'security.trusted_proxy_count';
set local role authenticated;
select is((pg_temp.be('5901', '{}', a.forwarded), pg_temp.sees())::text, a.seen, a.what) from (values
  ('203.0.113.9, 198.51.100.7', '(,1)', 'behind two proxies it is the last but one'), ('198.51.100.7, 203.0.113.9', '(,0)', 'not the last'), ('203.0.113.9', '(,0)', 'and not one that has passed only one')) as a (forwarded, seen, what);
reset role;
update public.system_config set value = '0' where key = 'security.trusted_proxy_count';
set local role authenticated;
select is((pg_temp.be('5901', '{}', '203.0.113.9'), pg_temp.sees())::text, '(,0)', 'without a proxy nothing is believed');
reset role;
set local app.importing = 'on'; -- Past the check of settings.
update public.system_config set value = '"many"' where key = 'security.trusted_proxy_count';
set local app.importing = '';
set local role authenticated;
select is((pg_temp.be('5901', '{}', '203.0.113.9'), pg_temp.sees())::text, '(,0)', 'nor with a number that is none');
reset role;
delete from public.system_config where key = 'security.trusted_proxy_count';
set local role authenticated;
select is((pg_temp.be('5901', '{}', '203.0.113.9'), pg_temp.sees())::text, '(,1)', 'one proxy is usual');

-- Nobody locks themselves out by accident -----------------------------------------------------------------------------
select pg_temp.be('5903', '{}', '203.0.113.9');
select pg_temp.refused($$delete from public.ip_allowlist_entries where label = 'office'$$, 'PT409', 'would_lock_you_out', 'the entry that lets you in stays');
select pg_temp.refused($$update public.ip_allowlist_entries set is_enabled = false where label = 'office'$$, 'PT409', 'would_lock_you_out', 'and stays on');
select pg_temp.refused($$select public.remove_ip_allowlist_entry(pg_temp.id('5001'), '203.0.113.0/24')$$, 'PT409', 'would_lock_you_out', 'also when a function is asked to remove it');
select is((select count(*) from public.ip_allowlist_entries where label = 'office' and is_enabled), 1::bigint, 'it is still there');
select ok(public.remove_ip_allowlist_entry(pg_temp.id('5001'), '192.0.2.0/24'), 'another may go');
select ok(not public.remove_ip_allowlist_entry(pg_temp.id('5001'), '192.0.2.0/24'), 'once');
select pg_temp.refused($$select public.set_security_policy(pg_temp.id('5001'), '{"required_aal": "aal2"}')$$, 'PT409', 'would_lock_you_out', 'nobody asks of themselves what they do not have');
select pg_temp.refused($$insert into public.security_policies (company_id, required_aal) values (pg_temp.id('5001'), 'aal2')$$, 'PT409', 'would_lock_you_out', 'nor by the table');
select lives_ok($$insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('5001'), '198.51.100.7', 'mine')$$, 'adding harms nobody');
select lives_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"session_idle_seconds": null, "api_key_max_age_days": 9}')$$, 'nor does what is met');
savepoint forced;
select is((public.set_security_policy(pg_temp.id('5001'), '{"required_aal": "aal2"}', true)).id, null, 'unless it is forced, and then it is out of sight');
select is((select count(*) from public.ip_allowlist_entries), 0::bigint, 'as is everything');
rollback to forced;
select ok(public.remove_ip_allowlist_entry(pg_temp.id('5001'), '203.0.113.0/24', true), 'so can the entry go');
select is((select count(*) from public.ip_allowlist_entries), 0::bigint, 'with its remover');
rollback to forced;
select lives_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"notes": "y"}', true)$$, 'a forced change');
select pg_temp.refused($$insert into public.security_policies (company_id, required_aal) values (pg_temp.id('5001'), 'aal2')$$, 'PT409', 'would_lock_you_out', 'forces no other');
reset role;
set local role service_role;
select lives_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"required_aal": "aal2"}')$$, 'the backend is never locked out');
select lives_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"required_aal": "aal1"}')$$, 'and mends');
reset role;

-- Who may, and what it says -------------------------------------------------------------------------------------------
set local role authenticated;
select pg_temp.be('5903', '{}', '203.0.113.9');
select results_eq($$select (p).required_aal, (p).is_ip_allowlist_enabled, (p).session_max_age_seconds, (p).notes from public.set_security_policy(pg_temp.id('5001'), '{"session_max_age_seconds": null, "notes": "z"}') as p$$,
  $$values ('aal1', true, null::integer, 'z')$$, 'what is left out stays');
select results_eq($$select (public.set_security_policy(pg_temp.id('5001'), '{"notes": "z"}')).version$$, $$select max(version) from public.security_policies$$, 'a repetition is no version');
select is((select created_by from public.security_policies where is_active), pg_temp.id('5903'), 'it is known whose it is');
select is((select count(*) from public.security_policies where is_active), 1::bigint, 'one is in force');
select pg_temp.refused(format('select public.set_security_policy(pg_temp.id(''5001''), %L)', p), '22023', 'invalid_policy', coalesce(p, 'null') || ' is no policy')
  from unnest(array['{"version": 1}', '[]', '3', 'null', '{"session_max_age_seconds": "soon"}', null]) as p;
select throws_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"session_max_age_seconds": 0}')$$, '23514', null, 'nor are times of nothing');
select throws_ok($$select public.set_security_policy(pg_temp.id('5002'), '{"notes": "mine"}')$$, '42501', null, 'another company''s is not yours');
select is(public.remove_ip_allowlist_entry(pg_temp.id('5002'), '198.51.100.0/24'), false, 'nor is its list');
select pg_temp.be('5901', '{}', '203.0.113.9');
select throws_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"notes": "mine"}')$$, '42501', null, 'a client does not set it');
select is(public.remove_ip_allowlist_entry(pg_temp.id('5001'), '198.51.100.7'), false, 'nor its list');
select pg_temp.be('5902', '{}', '203.0.113.9');
select throws_ok($$select public.set_security_policy(pg_temp.id('5001'), '{"notes": "mine"}')$$, '42501', null, 'nor does an agent');
select throws_ok($$select * from public.explain_ip_access(pg_temp.id('5001'))$$, '42501', null, 'or ask about it');
select pg_temp.be('5905');
select throws_ok($$select * from public.explain_ip_access(pg_temp.id('5001'))$$, '42501', null, 'nor does another company');
select results_eq($$select allowed, reason, address from public.explain_ip_access(pg_temp.id('5002'))$$, $$values (true, 'allowlist_off', '198.51.100.7'::inet)$$, 'who may ask of their own');
select pg_temp.be('5901', '{}', '203.0.113.9');
select results_eq($$select a.ip, e.allowed, e.reason, e.label from (values (1, '203.0.113.9'), (2, '203.0.113.7'), (3, '192.0.2.130'), (4, '198.51.100.8'), (5, '2001:db8:1::1'), (6, null)) as a (n, ip)
  cross join lateral public.explain_ip_access(pg_temp.id('5001'), a.ip::inet) as e order by a.n$$, $$values
  ('203.0.113.9', true, 'listed', 'office'), ('203.0.113.7', true, 'listed', 'office'), ('192.0.2.130', false, 'entry_disabled', 'off'),
  ('198.51.100.8', false, 'not_listed', null), ('2001:db8:1::1', true, 'listed', 'home'), (null, true, 'listed', 'office')$$, 'which rule decides');
reset role;
insert into public.ip_allowlist_entries (company_id, network, label, expires_at) values (pg_temp.id('5001'), '192.0.2.0/24', 'old', now() - interval '1 second'), (pg_temp.id('5001'), '203.0.113.0/28', 'narrow', null);
set local role service_role;
select results_eq($$select reason, label from public.explain_ip_access(pg_temp.id('5001'), '192.0.2.1')$$, $$values ('entry_expired', 'old')$$, 'an entry that has expired is named');
select results_eq($$select reason, label from public.explain_ip_access(pg_temp.id('5001'), '203.0.113.9')$$, $$values ('listed', 'narrow')$$, 'the narrowest decides');
select set_config('request.headers', '', true);
select results_eq($$select allowed, reason from public.explain_ip_access(pg_temp.id('5001'))$$, $$values (false, 'address_unknown')$$, 'no address is none');
select pg_temp.refused($$insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('5001'), '10.0.0.1/8', 'x')$$, '22023', 'host_bits_set', 'a network has no host bits');
select pg_temp.refused($$update public.ip_allowlist_entries set network = '10.0.0.1/8' where label = 'old'$$, '22023', 'host_bits_set', 'nor gets any');
reset role;

select * from finish();
rollback;
