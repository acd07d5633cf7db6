-- API keys: who may issue, rotate and revoke them, what they are checked for, and what a token for a key may do.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(201);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
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
-- What somebody gets who says it in their role; the role is given back.
create function pg_temp.says(p_role text, p_claims jsonb, p_sql text, p_headers jsonb default '{}') returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true), set_config('request.headers', p_headers::text, true),
          set_config('role', p_role, true);
  execute p_sql into v_answer;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
  return v_answer;
end
$$;
create function pg_temp.refuses(p_role text, p_claims jsonb, p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true), set_config('role', p_role, true);
  v_answer := pg_temp.refused(p_sql, p_code, p_token, p_what);
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
create function pg_temp.user(p_tail text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('sub', pg_temp.id(p_tail), 'role', 'authenticated') || p_more
$$;
-- The claims of a token that api-gateway issues for a key.
create function pg_temp.key_token(p_key uuid, p_company text default '7001', p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('sub', p_key, 'role', 'authenticated', 'api_key_id', p_key, 'company_id', pg_temp.id(p_company)) || p_more
$$;
create function pg_temp.verify(p_api_key text, p_permission text default null, p_ip inet default null, p_cost integer default 1) returns text language plpgsql as $$
declare
  v public.api_key_verification;
begin
  perform set_config('role', 'service_role', true);
  v := public.verify_api_key(p_api_key, p_permission, p_ip, null, p_cost);
  perform set_config('role', 'postgres', true);
  -- Allowed and valid are one.
  return case when v.allowed = (v.reason = 'valid') then v.reason else 'contradiction' end;
end
$$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('7001'), 'keys-a', 'x', 'a@b.example'), (pg_temp.id('7002'), 'keys-b', 'x', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['7901', '7902', '7903', '7904', '7905']) as i;
insert into public.users (company_id, id, email, full_name, role, granted_permissions) values
  (pg_temp.id('7001'), pg_temp.id('7901'), '7901@b.example', 'Client', 'client', '{}'),
  (pg_temp.id('7001'), pg_temp.id('7902'), '7902@b.example', 'Agent', 'agent', '{}'),
  (pg_temp.id('7001'), pg_temp.id('7903'), '7903@b.example', 'Compliance', 'compliance_admin', '{}'),
  (pg_temp.id('7002'), pg_temp.id('7904'), '7904@b.example', 'Other', 'client', '{}'),
  -- Holds api_keys.write, and little else.
  (pg_temp.id('7001'), pg_temp.id('7905'), '7905@b.example', 'Keeper', 'agent', '{api_keys.write,services.read}');
insert into public.services (company_id, name, code) values (pg_temp.id('7001'), 'A', 'A'), (pg_temp.id('7002'), 'B', 'B');
create temp table made (name text primary key, api_key text, id uuid, prefix text, expires_at timestamptz);
grant all on made to authenticated, platform_admin, service_role;
create function pg_temp.issue(
  p_name text, p_permissions text default '{services.read,services.write}', p_more text default '', p_claims jsonb default pg_temp.user('7901')
) returns text language sql as $$
  select pg_temp.says('authenticated', p_claims, format(
    'insert into made select %L, k.api_key, k.api_key_id, k.prefix, k.expires_at
       from public.issue_api_key(pg_temp.id(''7001''), %L, %L %s) as k returning ''made''', p_name, p_name, p_permissions, p_more))
$$;
create function pg_temp.key(p_name text) returns text language sql as $$ select m.api_key from made as m where m.name = p_name $$;
create function pg_temp.key_id(p_name text) returns uuid language sql as $$ select m.id from made as m where m.name = p_name $$;

-- Who may issue ---------------------------------------------------------------------------------------------------
select is(pg_temp.issue('first'), 'made', 'a client issues a key');
select matches(pg_temp.key('first'), '^lytbub_[0-9a-f]{12}_[0-9a-f]{64}$', 'a key has a form that scanners find');
select is((select left(api_key, 19) from made where name = 'first'), (select prefix from made where name = 'first'), 'it begins with its prefix');
select results_eq(
  $$ select k.name, k.prefix, k.permissions, k.created_by, k.expires_at, k.last_used_at, k.revoked_at from public.api_keys as k where k.id = pg_temp.key_id('first') $$,
  $$ select 'first'::text, m.prefix, '{services.read,services.write}'::text[], pg_temp.id('7901'), null::timestamptz, null::timestamptz, null::timestamptz from made as m where m.name = 'first' $$,
  'its row says what it is');
select is((select s.key_hash from private.api_key_secrets as s where s.api_key_id = pg_temp.key_id('first')),
  sha256(convert_to(pg_temp.key('first'), 'UTF8')), 'its hash is kept');
select is((select count(*)::integer from public.audit_logs as l where l.company_id = pg_temp.id('7001') and l.action = 'api_keys.created'
             and l.actor_id = pg_temp.id('7901') and l.row_id = pg_temp.key_id('first')), 1, 'issuing is in the audit log');
select is((select count(*)::integer from public.audit_logs as l where l.changes::text like '%' || right(pg_temp.key('first'), 64) || '%'), 0, 'the key is not');
select pg_temp.refuses('authenticated', pg_temp.user(u), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}') $$, '42501', 'not_your_company', w || ' issues none')
  from (values ('7902', 'an agent'), ('7903', 'a compliance administrator'), ('7904', 'a member of another company')) as t (u, w);
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7002'), 'x', '{}') $$, '42501', 'not_your_company', 'a client issues none for another company');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(null, 'x', '{}') $$, '42501', 'not_your_company', 'nor for none');
select is(pg_temp.says('authenticated', pg_temp.user('7905'), $$ select (public.issue_api_key(pg_temp.id('7001'), 'kept', '{services.read}')).prefix like 'lytbub%' $$), 'true', 'whoever is assigned api_keys.write issues keys');
select pg_temp.refuses('authenticated', pg_temp.user('7905'), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{services.read,users.write}') $$, '42501', 'permission_not_held', 'with no permission that they do not hold');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{services.fly}') $$, '23514', 'unknown_permission', 'nor one that there is not');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{null}') $$, '23514', 'unknown_permission', 'nor none');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), format($$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}', %s) $$, e), '22023', 'invalid_expiry', 'no key ends at ' || e)
  from unnest(array['now()', 'now() - interval ''1 s''', '''infinity''', '''-infinity''']) as e;
select pg_temp.refuses('authenticated', pg_temp.user('7901'), format($$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}', null, %L) $$, n), '22023', 'host_bits_set', 'no key comes from ' || n)
  from unnest(array['{10.0.0.1/8}', '{10.0.0.0/8,2001:db8::1/32}', '{null}']) as n;
select throws_ok($$ select pg_temp.issue('x', '{}', ', null, ''{10.0.0.1/8}''') $$, '22023', '10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?', 'the network that was meant is named');
select throws_ok($$ select pg_temp.issue('x', '{}', ', null, ''{}'', 0') $$, '23514', null, 'a key has no limit of none');
select throws_ok($$ select pg_temp.issue(' ') $$, '23514', null, 'a key has a name');
select pg_temp.refuses('service_role', null, $$ select public.issue_api_key(pg_temp.id('dead'), 'x', '{}') $$, 'PT404', 'unknown_company', 'the backend is told that there is no such company');
select is(pg_temp.says('service_role', null, $$ select (public.issue_api_key(pg_temp.id('7002'), 'by the backend', '{services.read}')).prefix like 'lytbub%' $$), 'true', 'the backend issues for any company');
select is(pg_temp.issue('bare', '{}'), 'made', 'a key may hold no permission');
select is(pg_temp.issue('doubled', '{services.read,services.read}'), 'made', 'a permission that is named twice');
select is((select k.permissions from public.api_keys as k where k.id = pg_temp.key_id('doubled')), '{services.read}', 'is held once');

-- Verifying -------------------------------------------------------------------------------------------------------
select is(pg_temp.verify(pg_temp.key('first')), 'valid', 'a key is valid');
select is(pg_temp.verify(pg_temp.key('first'), 'services.read'), 'valid', 'for a permission that it holds');
select is(pg_temp.verify(pg_temp.key('first'), 'users.write'), 'permission_missing', 'not for another');
select is(pg_temp.verify(pg_temp.key('bare'), 'services.read'), 'permission_missing', 'nor with none');
select is(pg_temp.verify(k), 'unknown', 'unknown: ' || coalesce(left(k, 30), 'null'))
  from unnest(array[null, '', 'x', upper(pg_temp.key('first')), pg_temp.key('first') || '0', left(pg_temp.key('first'), 83), ' ' || pg_temp.key('first'),
                    (select prefix from made where name = 'first'), pg_temp.key('first') || repeat('0', 5000)]) as k;
select is((select row(v.company_id, v.api_key_id, v.name, v.permissions, v.expires_at, v.retry_after_seconds)::text from public.verify_api_key('x') as v), '(,,,,,0)', 'of an unknown key nothing is said');
select is((select row(v.company_id, v.api_key_id, v.name, v.permissions)::text from public.verify_api_key(pg_temp.key('first')) as v),
  (select row(pg_temp.id('7001'), m.id, m.name, '{services.read,services.write}'::text[])::text from made as m where m.name = 'first'), 'of a key, whose it is');
select throws_ok(format($$ select public.verify_api_key('x', cost => %s) $$, c), '22023', 'a request costs 0 to 1000') from unnest(array['-1', '1001', 'null']) as c;
select is((select k.last_used_at from public.api_keys as k where k.id = pg_temp.key_id('first')), now(), 'its last use is written');
select is((select k.updated_by from public.api_keys as k where k.id = pg_temp.key_id('first')), pg_temp.id('7901'), 'which is no change of it');
select is((select k.last_used_at from public.api_keys as k where k.id = pg_temp.key_id('doubled')), null, 'a key that was not used has none');
update public.api_keys set last_used_at = now() - interval '59 seconds' where id = pg_temp.key_id('first');
select is(pg_temp.verify(pg_temp.key('first')), 'valid', 'used again within the minute');
select is((select k.last_used_at from public.api_keys as k where k.id = pg_temp.key_id('first')), now() - interval '59 seconds', 'nothing is written');
update public.api_keys set last_used_at = now() - interval '61 seconds' where id = pg_temp.key_id('first');
select is(pg_temp.verify(pg_temp.key('first'), 'users.write'), 'permission_missing', 'a use that is refused');
select is((select k.last_used_at from public.api_keys as k where k.id = pg_temp.key_id('first')), now() - interval '61 seconds', 'is none');
select is(pg_temp.verify(pg_temp.key('first')), 'valid', 'used after the minute');
select is((select k.last_used_at from public.api_keys as k where k.id = pg_temp.key_id('first')), now(), 'it is written');
select is((select count(*)::integer from public.audit_logs as l where l.action = 'api_keys.updated'), 0, 'and no entry is made of it');
select throws_ok(format($$ select pg_temp.says(%L, %L, 'select public.verify_api_key(''x'')') $$, r, pg_temp.user('7901')), '42501', 'permission denied for function verify_api_key', r || ' verifies none')
  from unnest(array['anon', 'authenticated', 'platform_admin']) as r;

-- Limits: networks, rate, expiry, the company's state ---------------------------------------------------------------
select is(pg_temp.issue('fenced', '{services.read}', $$, null, '{203.0.113.0/24,2001:db8:1::/48}'$$), 'made', 'a key with networks');
select is(pg_temp.verify(pg_temp.key('fenced'), null, a::inet), r, coalesce(a, 'no address') || ' is ' || r)
  from (values ('203.0.113.9', 'valid'), ('2001:db8:1::5', 'valid'), ('203.0.114.1', 'ip_not_allowed'), ('2001:db8:2::1', 'ip_not_allowed'), (null, 'ip_not_allowed')) as t (a, r);
select is((select v.reason from public.verify_api_key(pg_temp.key('fenced'), forwarded_for => h) as v), r, 'X-Forwarded-For ' || h || ' is ' || r)
  from (values ('203.0.113.9', 'valid'), ('198.51.100.1, 203.0.113.9', 'valid'), ('203.0.113.9, 198.51.100.1', 'ip_not_allowed'), ('rubbish', 'ip_not_allowed')) as t (h, r);
insert into public.security_policies (company_id, is_ip_allowlist_enabled) values (pg_temp.id('7001'), true);
select is(pg_temp.verify(pg_temp.key('first'), null, '203.0.113.9'), 'ip_not_allowed', 'the company''s allowlist binds its keys');
insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('7001'), '203.0.113.9', 'Server');
select is(pg_temp.verify(pg_temp.key('first'), null, '203.0.113.9'), 'valid', 'from an entry they get in');
select is(pg_temp.verify(pg_temp.key('first'), null, null), 'ip_not_allowed', 'from nowhere they do not');
insert into public.security_policies (company_id, required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds)
  values (pg_temp.id('7001'), 'aal2', '{services.read}', 600, 600);
select is(pg_temp.verify(pg_temp.key('first'), 'services.read'), 'valid', 'a second factor is asked of people');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}') $$, '42501', 'not_your_company', 'who cannot issue a key without');
insert into public.security_policies (company_id, api_key_max_age_days) values (pg_temp.id('7001'), 90);
select is(pg_temp.issue('aging'), 'made', 'with a policy');
select is((select m.expires_at from made as m where m.name = 'aging'), now() + interval '90 days', 'a key ends when the policy says');
select is(pg_temp.issue('brief', '{}', ', now() + interval ''90 days'''), 'made', 'or when it is asked to');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}', now() + interval '90 days 1 second') $$, '23514', 'expiry_too_late', 'not later');
create function pg_temp.age(p_name text, p_interval interval) returns void language plpgsql as $$
begin
  set local app.importing = 'on';
  update public.api_keys set created_at = created_at - p_interval, expires_at = expires_at - p_interval where id = pg_temp.key_id(p_name);
  set local app.importing = '';
end
$$;
select pg_temp.age('first', '89 days 23 hours');
select is(pg_temp.verify(pg_temp.key('first')), 'valid', 'a key that is older than the policy is valid while it could have been issued');
select pg_temp.age('first', '1 hour');
select is(pg_temp.verify(pg_temp.key('first')), 'expired', 'and ends with it, though it has no end of its own');
insert into public.security_policies (company_id) values (pg_temp.id('7001'));
select is(pg_temp.verify(pg_temp.key('first')), 'valid', 'without the policy it goes on');
select is(pg_temp.verify(pg_temp.key('brief')), 'valid', 'before its end a key is valid');
select pg_temp.age('brief', '90 days');
select is(pg_temp.verify(pg_temp.key('brief')), 'expired', 'from its end on it is not');
select is(pg_temp.issue('slow', '{services.read}', ', null, ''{}'', 12'), 'made', 'a key with a limit');
select is(array(select pg_temp.verify(pg_temp.key('slow')) from generate_series(1, 4)), '{valid,valid,rate_limited,rate_limited}', 'does in a burst what ten seconds allow');
select ok((select v.retry_after_seconds between 1 and 5 and not v.allowed from public.verify_api_key(pg_temp.key('slow')) as v), 'and is told when to come again');
select is(pg_temp.verify(pg_temp.key('slow'), null, null, 0), 'rate_limited', 'looking costs nothing, and tells');
select is(pg_temp.verify(pg_temp.key('doubled')), 'valid', 'other keys go on');
update public.companies set status = 'suspended' where id = pg_temp.id('7001');
select is(pg_temp.verify(pg_temp.key('first')), 'company_not_active', 'keys of a suspended company are not valid');
update public.companies set status = 'active' where id = pg_temp.id('7001');

-- A token for a key, at the gate --------------------------------------------------------------------------------------
select is(pg_temp.issue('program', '{services.read,services.write,audit.read}'), 'made', 'a program''s key');
create function pg_temp.reads(p_claims jsonb, p_headers jsonb default '{}', p_table text default 'services') returns text language sql as $$
  select pg_temp.says('authenticated', p_claims, format('select coalesce(string_agg(distinct t.company_id::text, '','' order by t.company_id::text), ''nothing'') from public.%I as t', p_table), p_headers)
$$;
create function pg_temp.own() returns text language sql as $$ select pg_temp.id('7001')::text $$;
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'))), pg_temp.own(), 'reads what the key may read');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program')), '{}', 'audit_logs'), pg_temp.own(), 'and all of that');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program')), '{}', t), 'nothing', 'not ' || t) from unnest(array['users', 'invoices', 'api_keys', 'jobs']) as t;
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'), '7002')), 'nothing', 'nothing with another company in the token');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program')), jsonb_build_object('x-company-id', pg_temp.id('7002'))), 'nothing', 'nor in the header');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program')), '{"x-company-id": ""}'), 'nothing', 'nor with none in the header');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program')), jsonb_build_object('x-company-id', pg_temp.id('7001'))), pg_temp.own(), 'its own may be there');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'), '7001', jsonb_build_object('sub', pg_temp.id('7901')))), 'nothing', 'nobody else''s name');
select is(pg_temp.reads(pg_temp.key_token(gen_random_uuid())), 'nothing', 'no key that there is not');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'), '7001', '{"is_anonymous": true}')), 'nothing', 'nothing anonymous');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'), '7001', '{"permissions": ["users.read"]}'), '{}', 'users'), 'nothing', 'permissions in a token are none');
select is(pg_temp.reads(pg_temp.user('7901', '{"api_key_id": null}')), 'nothing', 'a member''s token with that claim is no member''s');
select is((private.custom_access_token_hook(jsonb_build_object('user_id', pg_temp.id('7901'), 'claims', jsonb_build_object('api_key_id', pg_temp.key_id('program'))))) -> 'claims' -> 'api_key_id', null, 'the hook lets no such claim through');
select is(pg_temp.says('authenticated', pg_temp.key_token(pg_temp.key_id('program')), $$ insert into public.services (company_id, name, code) values (pg_temp.id('7001'), 'K', 'K') returning created_by::text $$),
  pg_temp.key_id('program')::text, 'what it writes names the key');
select throws_ok(format($$ select pg_temp.says('authenticated', %L, 'insert into public.services (company_id, name, code) values (pg_temp.id(''7002''), ''K'', ''K'') returning 1') $$, pg_temp.key_token(pg_temp.key_id('program'))),
  '42501', 'new row violates row-level security policy for table "services"', 'it writes in no other company');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('program')), $$ select public.budget_status(pg_temp.id('7001')) $$, '42501', 'not_your_company', 'it calls what it holds the permission for');
update public.users set granted_permissions = '{compliance.manage}' where id = pg_temp.id('7901');
select is(pg_temp.issue('master', '{agents.read,agents.write,api_keys.read,api_keys.write,compliance.manage,services.read,users.write}'), 'made', 'a key that holds much');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select public.issue_api_key(pg_temp.id('7001'), 'x', '{}') $$, '42501', 'not_a_person', 'makes no key');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('master')) $$, '42501', 'not_a_person', 'does not renew itself');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select public.assign_permission(pg_temp.id('7902'), 'services.read') $$, '42501', 'not_a_person', 'hands out no permission');
select is(pg_temp.says('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select count(*) from public.my_companies() $$), '0', 'is nobody''s member');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select public.switch_company(pg_temp.id('7002')) $$, '42501', 'not_a_member', 'and goes nowhere else');
select is(pg_temp.says('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ insert into public.ai_agents (company_id, name, provider, model) values (pg_temp.id('7001'), 'K', 'openai', 'x') returning 1 $$), '1', 'adds an agent with agents.write');
select is((select row(l.actor_id, l.actor_role)::text from public.audit_logs as l where l.company_id = pg_temp.id('7001') and l.action = 'ai_agents.created'),
  row(pg_temp.key_id('master'), 'api_key')::text, 'the audit log names the key');

-- Nobody erases themselves by a key of theirs.
update public.users set granted_permissions = '{api_keys.write}' where company_id = pg_temp.id('7001') and id = pg_temp.id('7903');
select is(pg_temp.says('authenticated', pg_temp.user('7903'), $$ select (public.submit_compliance_request(pg_temp.id('7001'), 'erasure', 'gdpr', request_id => pg_temp.id('7c01'))).is_identity_verified $$), 'true', 'a compliance administrator asks to be erased');
select is(pg_temp.issue('of theirs', '{compliance.manage}', '', pg_temp.user('7903')), 'made', 'and issues a key');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('of theirs')), $$ select public.process_compliance_request(pg_temp.id('7c01'), pg_temp.id('7001'), is_dry_run => true) $$, '42501', 'own_request', 'which does not carry it out');
select is(pg_temp.says('authenticated', pg_temp.key_token(pg_temp.key_id('master')), $$ select (public.process_compliance_request(pg_temp.id('7c01'), pg_temp.id('7001'), is_dry_run => true)).status $$), 'received', 'a key of somebody else does');
select pg_temp.refuses('authenticated', pg_temp.key_token(pg_temp.key_id('of theirs')), $$ select public.submit_compliance_request(pg_temp.id('7001'), 'erasure', 'gdpr') $$, '22023', 'subject_missing', 'a key is nobody whose data it could ask for');
update public.users set granted_permissions = '{}' where company_id = pg_temp.id('7001') and id = pg_temp.id('7903');

-- Revoking ----------------------------------------------------------------------------------------------------------
select pg_temp.refuses('authenticated', pg_temp.user(u), $$ select public.revoke_api_key(pg_temp.id('7001'), pg_temp.key_id('program')) $$, '42501', 'not_your_company', u || ' revokes none')
  from unnest(array['7902', '7903', '7904']) as u;
select pg_temp.refuses('platform_admin', pg_temp.user('7901'), $$ select public.revoke_api_key(pg_temp.id('7001'), pg_temp.key_id('program')) $$, '42501', 'not_an_operator', 'nor who is no operator any more');
select pg_temp.refuses('authenticated', pg_temp.user('7904'), $$ select public.revoke_api_key(pg_temp.id('7002'), pg_temp.key_id('program')) $$, 'PT404', 'unknown_api_key', 'a company has no key of another');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'))), pg_temp.own(), 'a token is good');
select is(pg_temp.says('authenticated', pg_temp.user('7901'), $$ select public.revoke_api_key(pg_temp.id('7001'), pg_temp.key_id('program')) $$), now()::text, 'until its key is revoked');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('program'))), 'nothing', 'and bad on the next statement');
select is(pg_temp.verify(pg_temp.key('program')), 'revoked', 'the key is revoked');
update public.api_keys set revoked_at = now() - interval '1 day' where id = pg_temp.key_id('program');
select is(pg_temp.says('authenticated', pg_temp.user('7901'), $$ select public.revoke_api_key(pg_temp.id('7001'), pg_temp.key_id('program')) $$), (now() - interval '1 day')::text, 'revoking it again changes nothing');
select is(pg_temp.says('service_role', null, $$ select public.revoke_api_key(pg_temp.id('7001'), pg_temp.key_id('bare')) $$), now()::text, 'the backend revokes any');

-- Why a request with a token is refused ------------------------------------------------------------------------------
create function pg_temp.request(p_claims jsonb, p_headers jsonb default '{}') returns text language plpgsql as $$
declare
  v_detail text;
begin
  perform pg_temp.says('authenticated', p_claims, 'select public.check_request()', p_headers);
  return 'goes on';
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return case when sqlstate = 'PGRST' then sqlerrm::jsonb ->> 'details' else sqlstate || ' ' || v_detail end;
end
$$;
select is(pg_temp.request(pg_temp.key_token(pg_temp.key_id('master'))), 'goes on', 'a request with a token goes on');
select is(pg_temp.request(pg_temp.key_token(pg_temp.key_id('program'))), '42501 api_key_not_valid', 'not when its key is revoked');
select is(pg_temp.request(pg_temp.key_token(pg_temp.key_id('brief'))), '42501 api_key_not_valid', 'has ended');
select is(pg_temp.request(pg_temp.key_token(gen_random_uuid())), '42501 api_key_not_valid', 'or is none');
select is(pg_temp.request(pg_temp.key_token(pg_temp.key_id('fenced')), '{"x-forwarded-for": "203.0.113.9"}'), 'goes on', 'a key with networks goes on from there');
select is(pg_temp.request(pg_temp.key_token(pg_temp.key_id('fenced')), '{"x-forwarded-for": "203.0.113.9, 198.51.100.7"}'), '42501 ip_not_allowed', 'not from elsewhere, whatever the client says');
select is(pg_temp.reads(pg_temp.key_token(pg_temp.key_id('fenced')), '{"x-forwarded-for": "203.0.113.9, 198.51.100.7"}'), 'nothing', 'and reads nothing from there');
select is(pg_temp.issue('slow too', '{services.read}', ', null, ''{}'', 12'), 'made', 'a key with a limit');
select is(array(select pg_temp.request(pg_temp.key_token(pg_temp.key_id('slow too'))) from generate_series(1, 3)), '{goes on,goes on,rate_limited}', 'is held to it by token too');
select is(pg_temp.request(pg_temp.user('7901')), 'goes on', 'which holds nobody else up');

-- Rotating ------------------------------------------------------------------------------------------------------------
create function pg_temp.rotate(p_old text, p_name text, p_more text default '', p_claims jsonb default pg_temp.user('7901')) returns text language sql as $$
  select pg_temp.says('authenticated', p_claims, format(
    'insert into made select %L, k.api_key, k.api_key_id, k.prefix, k.expires_at
       from public.rotate_api_key(pg_temp.id(''7001''), %L %s) as k returning ''made''', p_name, pg_temp.key_id(p_old), p_more))
$$;
select is(pg_temp.issue('turning', '{services.read}', $$, null, '{203.0.113.0/24}', 600$$), 'made', 'a key');
select pg_temp.refuses('authenticated', pg_temp.user(u), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('turning')) $$, '42501', 'not_your_company', u || ' rotates none')
  from unnest(array['7902', '7903', '7904']) as u;
select pg_temp.refuses('authenticated', pg_temp.user('7904'), $$ select public.rotate_api_key(pg_temp.id('7002'), pg_temp.key_id('turning')) $$, 'PT404', 'unknown_api_key', 'a company has no key of another');
select pg_temp.refuses('authenticated', pg_temp.user('7905'), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('master')) $$, '42501', 'permission_not_held', 'nobody gets by rotation what they do not hold');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), format($$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('turning'), %s) $$, o), '22023', 'invalid_overlap', 'no overlap of ' || o)
  from unnest(array['''-1 s''', '''30 days 1 s''', 'null']) as o;
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('program')) $$, '23514', 'api_key_ended', 'a revoked key is not rotated');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('brief')) $$, '23514', 'api_key_ended', 'nor one that has ended');
select is(pg_temp.rotate('turning', 'turned'), 'made', 'a key is rotated');
select is((select row(k.name, k.permissions, k.allowed_networks, k.rate_limit_per_minute, k.replaces_id, k.expires_at)::text from public.api_keys as k where k.id = pg_temp.key_id('turned')),
  row('turning'::text, '{services.read}'::text[], '{203.0.113.0/24}'::cidr[], 600, pg_temp.key_id('turning'), null::timestamptz)::text, 'its successor may do the same');
select is(array[pg_temp.verify(pg_temp.key('turning'), null, '203.0.113.1'), pg_temp.verify(pg_temp.key('turned'), null, '203.0.113.1')], '{valid,valid}', 'both are valid');
select is((select k.expires_at from public.api_keys as k where k.id = pg_temp.key_id('turning')), now() + interval '24 hours', 'for a day');
select pg_temp.age('turning', '24 hours');
select is(array[pg_temp.verify(pg_temp.key('turning'), null, '203.0.113.1'), pg_temp.verify(pg_temp.key('turned'), null, '203.0.113.1')], '{expired,valid}', 'then the new one alone');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('turning')) $$, '23514', 'already_rotated', 'a key is rotated once');
select is(pg_temp.rotate('turned', 'turned at once', ', ''0'', now() + interval ''1 hour'''), 'made', 'and its successor in turn');
select is(array[pg_temp.verify(pg_temp.key('turned'), null, '203.0.113.1'), pg_temp.verify(pg_temp.key('turned at once'), null, '203.0.113.1')], '{expired,valid}', 'without overlap, if need be');
select is((select m.expires_at from made as m where m.name = 'turned at once'), now() + interval '1 hour', 'with an end');
select is(pg_temp.issue('ending', '{}', ', now() + interval ''1 hour'''), 'made', 'a key that ends soon');
select is(pg_temp.rotate('ending', 'ended'), 'made', 'is rotated');
select is((select k.expires_at from public.api_keys as k where k.id = pg_temp.key_id('ending')), now() + interval '1 hour', 'and does not live longer for it');

-- Asking again --------------------------------------------------------------------------------------------------------
create function pg_temp.again(p_name text, p_more text default '''retried'', ''{services.read}''', p_claims jsonb default pg_temp.user('7901')) returns text language sql as $$
  select pg_temp.says('authenticated', p_claims, format(
    'insert into made select %L, k.api_key, k.api_key_id, k.prefix, k.expires_at
       from public.issue_api_key(pg_temp.id(''7001''), %s, api_key_id => pg_temp.id(''7f01'')) as k returning ''made''', p_name, p_more))
$$;
select is(pg_temp.again('lost'), 'made', 'whoever asks');
select is(pg_temp.again('got'), 'made', 'and asks again');
select is(array[pg_temp.verify(pg_temp.key('lost')), pg_temp.verify(pg_temp.key('got'))], '{unknown,valid}', 'has one key, with the latest secret');
select is((select count(*)::integer from public.audit_logs as l where l.action = 'api_keys.reissued' and l.row_id = pg_temp.id('7f01')), 1, 'which is in the audit log');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'retried', '{services.read}', api_key_id => pg_temp.id('7f01')) $$, '23505', 'api_key_id_taken', 'not after it was used');
update public.api_keys set last_used_at = null where id = pg_temp.id('7f01');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), format($$ select public.issue_api_key(pg_temp.id('7001'), %s, api_key_id => pg_temp.id('7f01')) $$, m), '23505', 'api_key_id_taken', 'nor as another: ' || m)
  from unnest(array['''other'', ''{services.read}''', '''retried'', ''{services.write}''', '''retried'', ''{services.read}'', now() + interval ''1 day''', '''retried'', ''{services.read}'', null, ''{10.0.0.0/8}''', '''retried'', ''{services.read}'', null, ''{}'', 5']) as m;
select pg_temp.refuses('authenticated', pg_temp.user('7905'), $$ select public.issue_api_key(pg_temp.id('7001'), 'retried', '{services.read}', api_key_id => pg_temp.id('7f01')) $$, '23505', 'api_key_id_taken', 'nor by somebody else');
select is(pg_temp.again('got again'), 'made', 'but as it was');
set local app.importing = 'on';
update public.api_keys set created_at = now() - interval '10 minutes' where id = pg_temp.id('7f01');
set local app.importing = '';
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'retried', '{services.read}', api_key_id => pg_temp.id('7f01')) $$, '23505', 'api_key_id_taken', 'not after ten minutes');
select is(pg_temp.says('authenticated', pg_temp.user('7904'), $$ select (public.issue_api_key(pg_temp.id('7002'), 'own', '{services.read}', api_key_id => pg_temp.id('7f01'))).api_key_id = pg_temp.id('7f01') $$), 'true', 'an id that another company has is free');
select is(pg_temp.verify(pg_temp.key('got again')), 'valid', 'and that company''s key stays');
select is(pg_temp.issue('rotated', '{}'), 'made', 'a key');
select is(array[pg_temp.rotate('rotated', 'successor lost'), pg_temp.rotate('rotated', 'successor')], '{made,made}', 'that is rotated twice');
select is(array[pg_temp.verify(pg_temp.key('successor lost')), pg_temp.verify(pg_temp.key('successor'))], '{unknown,valid}', 'has one successor');
select is((select count(*)::integer from public.api_keys as k where k.replaces_id = pg_temp.key_id('rotated')), 1, 'one row');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.rotate_api_key(pg_temp.id('7001'), pg_temp.key_id('rotated')) $$, '23514', 'already_rotated', 'until it is used');
select is(pg_temp.issue('revoked twin', '{}', ', api_key_id => pg_temp.id(''7f02'')'), 'made', 'a key that was');
update public.api_keys set revoked_at = now() where id = pg_temp.id('7f02');
select pg_temp.refuses('authenticated', pg_temp.user('7901'), $$ select public.issue_api_key(pg_temp.id('7001'), 'revoked twin', '{}', api_key_id => pg_temp.id('7f02')) $$, '23505', 'api_key_id_taken', 'revoked stays so');

-- Keys that leaked ----------------------------------------------------------------------------------------------------
select throws_ok(format($$ select pg_temp.says('authenticated', %L, 'select count(*) from public.find_leaked_api_keys(''x'')') $$, pg_temp.user('7901')), '42501', 'permission denied for function find_leaked_api_keys', 'no member looks for leaked keys');
select pg_temp.refuses('platform_admin', pg_temp.user('7901'), $$ select * from public.find_leaked_api_keys('x') $$, '42501', 'not_an_operator', 'nor who is no operator any more');
create temp table found as select * from public.find_leaked_api_keys(
  'KEY=' || pg_temp.key('got again') || E'\n"' || pg_temp.key('program') || '","' || pg_temp.key('got again') || '" ' || left(pg_temp.key('successor'), 83) || 'x');
select results_eq('select company_id, api_key_id, name, was_valid, revoked_at from found order by name',
  $$ values (pg_temp.id('7001'), pg_temp.key_id('program'), 'program', false, now() - interval '1 day'), (pg_temp.id('7001'), pg_temp.id('7f01'), 'retried', true, null) $$, 'keys are found in a text, once each');
select is(pg_temp.verify(pg_temp.key('got again')), 'valid', 'finding revokes none');
select is((select row(f.was_valid, f.revoked_at)::text from public.find_leaked_api_keys(pg_temp.key('got again'), true) as f), row(true, now())::text, 'unless it is asked to');
select is(pg_temp.verify(pg_temp.key('got again')), 'revoked', 'then it is revoked');
select is((select e.payload from private.outbox_events as e where e.company_id = pg_temp.id('7001') and e.topic = 'api_key.leaked'),
  (select jsonb_build_object('api_key_id', k.id, 'name', k.name, 'prefix', k.prefix, 'was_valid', true) from public.api_keys as k where k.company_id = pg_temp.id('7001') and k.id = pg_temp.id('7f01')), 'the company is told');
select is((select count(*)::integer from public.find_leaked_api_keys(pg_temp.key('got again'), true)), 1, 'again, it is found');
select is((select count(*)::integer from private.outbox_events as e where e.topic = 'api_key.leaked'), 1, 'and nobody told again');
select is((select count(*)::integer from public.find_leaked_api_keys(null)), 0, 'nothing is in nothing');

select * from finish();
rollback;
