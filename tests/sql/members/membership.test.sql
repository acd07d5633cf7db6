-- Members after they have joined: change of role, disable, enable, remove, leave. Nobody gains by it, and no company loses
-- its last client by accident.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select no_plan();

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
  -- PostgreSQL's own errors have no token.
  if p_token is null then
    return is(sqlstate, p_code, p_what);
  end if;
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
grant usage on schema extensions to authenticated, platform_admin, service_role;
create function pg_temp.call(p_name text, p_user text, p_more text default '', p_company text default 'c001') returns text language sql as $$
  select format('select public.%I(pg_temp.id(%L), pg_temp.id(%L)%s)::text', p_name, p_company, p_user, p_more)
$$;
create function pg_temp.key(p_company text default 'c001') returns jsonb language sql as $$
  select pg_temp.user('ee01', jsonb_build_object('api_key_id', pg_temp.id('ee01'), 'company_id', pg_temp.id(p_company)))
$$;
create function pg_temp.is_now(p_user text, p_company text default 'c001') returns text language sql as $$
  select concat_ws(' ', role, status, nullif(granted_permissions, '{}'), nullif(revoked_permissions, '{}')) from public.users where company_id = pg_temp.id(p_company) and id = pg_temp.id(p_user)
$$;
-- carl and dora are clients of Acme like alice; rob is an agent with everything that a client holds.
insert into auth.users (id, email) select pg_temp.id(t), t || '@example.com' from unnest('{b001,b002,b003,b004}'::text[]) as t;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('c001'), pg_temp.id('b001'), 'carl@acme.example', 'Carl', 'client'),
  (pg_temp.id('c001'), pg_temp.id('b002'), 'dora@acme.example', 'Dora', 'client');
insert into public.users (company_id, id, email, full_name, role, granted_permissions)
select pg_temp.id('c001'), pg_temp.id('b003'), 'rob@acme.example', 'Rob', 'agent', array_agg(permission) from private.role_permissions where role = 'client';
insert into public.api_keys (company_id, id, name, prefix, permissions)
select pg_temp.id('c001'), pg_temp.id('ee01'), 'K', 'probe_key', array_agg(permission) from private.permissions;

-- Whoever may not, in whichever way ---------------------------------------------------------------------------------
create temp table ways (name text, more text);
insert into ways values ('change_member_role', ', ''agent'''), ('disable_member', ''), ('enable_member', ''), ('remove_member', '');
grant all on ways to public;
select pg_temp.refuses('authenticated', pg_temp.user(u), pg_temp.call(w.name, t, w.more, c), '42501', k, d || ': ' || w.name)
  from ways as w cross join (values
    ('a002', 'a005', 'c001', 'not_your_company', 'an agent changes nobody'),
    ('a003', 'a002', 'c001', 'not_your_company', 'a compliance administrator neither'),
    ('a004', 'a002', 'c001', 'not_your_company', 'nor another company''s client'),
    ('a004', 'a002', 'c002', 'not_a_member', 'nor by the name of their own company'),
    ('a001', 'a002', 'c999', 'not_your_company', 'whether there is a company is not told'),
    ('a006', 'a002', 'c001', 'not_your_company', 'nor a disabled client'),
    ('a008', 'a002', 'c001', 'not_your_company', 'nor an outsider'),
    ('a000', 'a002', 'c001', 'not_your_company', 'nor an admin with a member''s token'),
    ('a001', 'a001', 'c001', 'own_membership', 'nobody changes themselves'),
    ('a001', 'a003', 'c001', 'member_outranks', 'nor somebody who holds more'),
    ('a001', 'a008', 'c001', 'not_a_member', 'nor somebody who is no member'),
    ('a001', 'c999', 'c001', 'not_a_member', 'nor nobody')) as v (u, t, c, k, d);
select pg_temp.refuses('platform_admin', pg_temp.user(u), pg_temp.call(w.name, t, w.more, c), '42501', k, d || ': ' || w.name)
  from ways as w cross join (values
    ('a001', 'a002', 'c001', 'not_an_operator', 'an admin who is none any more'),
    ('a000', 'a000', 'c000', 'own_membership', 'an admin changes not themselves'),
    ('a000', 'a004', 'c001', 'not_a_member', 'nor whom the company does not have')) as v (u, t, c, k, d);
select pg_temp.refuses('authenticated', pg_temp.key(), pg_temp.call(name, 'a002', more), '42501', 'not_a_person', 'a key manages no members: ' || name) from ways;
select pg_temp.refuses('anon', null, pg_temp.call(name, 'a002', more), '42501', null, 'anonymous does not: ' || name) from ways;
select pg_temp.refuses('service_role', null, pg_temp.call(name, 'a002', more, 'c999'), 'PT404', 'unknown_company', 'there is no such company: ' || name) from ways;
select is(pg_temp.is_now('a002'), 'agent active {jobs.write,documents.read}', 'none of this did anything');

-- Change of role ----------------------------------------------------------------------------------------------------
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''agent'', ''{media.read,jobs.read,media.read}''')), '{company.read,jobs.read,media.read,services.read}', 'a client changes what an agent holds');
select is(pg_temp.is_now('a002'), 'agent active {jobs.read,media.read}', 'to exactly that');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''client''')), (select array_agg(permission order by permission)::text from private.role_permissions where role = 'client'), 'makes them a client');
select is(pg_temp.is_now('a002'), 'client active', 'without what was assigned before');
select is((select count(*) from public.audit_logs where action = 'users.updated' and row_id = pg_temp.id('a002') and actor_id = pg_temp.id('a001') and changes -> 'role' = '{"old": "agent", "new": "client"}'), 1::bigint, 'recorded');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''client''')), (select array_agg(permission order by permission)::text from private.role_permissions where role = 'client'), 'repeating is the same');
select is((select count(*) from public.audit_logs where action = 'users.updated' and row_id = pg_temp.id('a002')), 2::bigint, 'and changes nothing');
select pg_temp.says('authenticated', pg_temp.user('b001'), pg_temp.call('change_member_role', 'a002', ', ''client'''));
select is((select updated_by from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')), pg_temp.id('a001'), 'not by whom');
select is(current_setting('app.forced_member'), '', 'nobody is forced afterwards');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''agent''')), '{company.read,jobs.read,services.read}', 'and an agent again');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ' || r), c, k, d)
  from (values ($$'compliance_admin'$$, '42501', 'permission_not_held', 'a client makes no compliance administrator'),
               ($$'agent', '{compliance.manage}'$$, '42501', 'permission_not_held', 'nor gives what they do not hold'),
               ($$'admin'$$, '42501', 'admin_outside_operator', 'nor makes an admin'),
               ($$'owner'$$, '23514', 'unknown_role', 'there is no such role'), ($$null$$, '23514', 'unknown_role', 'null is none'),
               ($$'agent', '{no.such}'$$, '23514', 'unknown_permission', 'nor such a permission')) as v (r, c, k, d);
update public.users set revoked_permissions = '{jobs.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
update public.users set revoked_permissions = '{jobs.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''agent'', ''{services.read}''')), '{company.read,services.read}', 'what was taken from a member stays taken, and counts for nothing');
update public.users set revoked_permissions = '{}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''agent'''), '42501', 'member_outranks', 'a single permission outranks');
update public.users set status = 'disabled' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.call(name, 'a002', more), '42501', 'member_outranks', 'also while they are disabled: ' || name) from ways;
update public.users set revoked_permissions = '{}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('change_member_role', 'a002', ', ''agent'', ''{jobs.write,documents.read}''')), '{company.read,documents.read,jobs.read,jobs.write,services.read}', 'control: whoever holds all of it may');
select is(pg_temp.is_now('a002'), 'agent disabled {documents.read,jobs.write}', 'a disabled member, too, who stays it');
update public.users set status = 'active' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select is(pg_temp.says('authenticated', pg_temp.user('b003'), pg_temp.call('change_member_role', 'b002', ', ''agent''')), '{company.read,jobs.read,services.read}', 'it is permissions that count, not the role');
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('change_member_role', 'b002', ', ''compliance_admin''')), (select array_agg(permission order by permission)::text from private.role_permissions where role = 'compliance_admin'), 'an operator makes a compliance administrator');
select is(pg_temp.says('service_role', null, pg_temp.call('change_member_role', 'b002', ', ''client''')), (select array_agg(permission order by permission)::text from private.role_permissions where role = 'client'), 'the backend anything');
-- A second factor that the company asks for a permission is asked of whoever hands it out.
insert into public.security_policies (company_id, is_active, aal2_permissions) values (pg_temp.id('c001'), true, '{billing.write}');
select pg_temp.refuses('authenticated', pg_temp.user('a001', '{"aal": "aal1"}'), pg_temp.call('change_member_role', 'b002', ', ''agent'', ''{billing.write}'''), '42501', 'permission_not_held', 'without a second factor, no permission that needs one');
select pg_temp.refuses('authenticated', pg_temp.user('a001', '{"aal": "aal1"}'), pg_temp.call('enable_member', 'a006'), '42501', 'permission_not_held', 'nor by enabling');
select is(pg_temp.says('authenticated', pg_temp.user('a001', '{"aal": "aal2"}'), pg_temp.call('change_member_role', 'b002', ', ''agent'', ''{billing.write}''')), '{billing.write,company.read,jobs.read,services.read}', 'control: with one');
delete from public.security_policies where company_id = pg_temp.id('c001') and aal2_permissions = '{billing.write}';
select is(pg_temp.says('service_role', null, pg_temp.call('change_member_role', 'b002', ', ''client''')) is not null, true, 'dora is a client again');

-- Admins are made and unmade by admins ------------------------------------------------------------------------------
insert into public.users (company_id, id, email, full_name, role, granted_permissions)
select pg_temp.id('c000'), pg_temp.id('b004'), 'staff@lytbub.example', 'Staff', 'client', array_agg(permission) from private.permissions;
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('c000'), pg_temp.id('b003'), 'rob@lytbub.example', 'Rob', 'agent');
select pg_temp.refuses('authenticated', pg_temp.user('b004'), pg_temp.call(name, 'a000', more, 'c000'), '42501', 'member_outranks', 'who holds every permission still changes no admin: ' || name) from ways;
select pg_temp.refuses('authenticated', pg_temp.user('b004'), $$select public.remove_permission(pg_temp.id('a000'), 'jobs.read')$$, '42501', 'member_outranks', 'nor takes permissions from one');
select pg_temp.refuses('authenticated', pg_temp.user('b004'), pg_temp.call('change_member_role', 'b003', ', ''admin''', 'c000'), '42501', 'admin_by_admin_only', 'nor makes one');
select is(pg_temp.says('authenticated', pg_temp.user('b004'), pg_temp.call('change_member_role', 'b003', ', ''client''', 'c000')) is not null, true, 'control: but anything else');
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('change_member_role', 'b003', ', ''admin''', 'c000')), (select array_agg(permission order by permission)::text from private.permissions), 'an admin makes one');
select is(pg_temp.says('platform_admin', pg_temp.user('b003'), pg_temp.call('disable_member', 'a000', '', 'c000')) is not null, true, 'and disables another');
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), pg_temp.call('disable_member', 'b003', '', 'c000'), '42501', 'not_an_operator', 'whose token is worth nothing from then on');
select is(pg_temp.says('platform_admin', pg_temp.user('b003'), pg_temp.call('enable_member', 'a000', '', 'c000')) is not null, true, 'and enables them');
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('change_member_role', 'b003', ', ''agent''', 'c000')), '{company.read,jobs.read,services.read}', 'and unmakes one');
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), 'select public.leave_company(pg_temp.id(''c000''))', '42501', 'last_admin', 'the last admin does not leave');
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), pg_temp.call('change_member_role', 'a002', ', ''admin'''), '42501', 'admin_outside_operator', 'nor is there one elsewhere');
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('remove_member', 'b004', '', 'c000')) is not null, true, 'the operator company needs no client');

-- Disable and enable ------------------------------------------------------------------------------------------------
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('disable_member', 'a002'))::timestamptz, now(), 'disabled');
select is(pg_temp.is_now('a002'), 'agent disabled {documents.read,jobs.write}', 'in the table');
select is(pg_temp.says('authenticated', pg_temp.user('a002'), 'select count(*)::text from public.services'), '0', 'from the next statement on');
update public.users set disabled_at = now() - interval '1 day' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('disable_member', 'a002'))::timestamptz, now() - interval '1 day', 'repeating says since when');
select pg_temp.says('authenticated', pg_temp.user('b001'), pg_temp.call('disable_member', 'a002'));
select is((select updated_by from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')) is distinct from pg_temp.id('b001'), true, 'and changes nothing');
select is(current_setting('app.forced_member'), '', 'nobody is forced afterwards');
select pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('disable_member', 'a005'));
select is(pg_temp.is_now('a005', 'c002'), 'client active', 'in another company they stay what they are');
update public.users set status = 'disabled' where id = pg_temp.id('a005');
select pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('enable_member', 'a005'));
select is(pg_temp.is_now('a005', 'c002'), 'client disabled', 'enabled elsewhere as little');
update public.users set status = 'active' where id = pg_temp.id('a005');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('enable_member', 'a002')), '{company.read,documents.read,jobs.read,jobs.write,services.read}', 'enabled, with what they had');
select is(pg_temp.is_now('a002'), 'agent active {documents.read,jobs.write}', 'in the table');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('enable_member', 'a002')), '{company.read,documents.read,jobs.read,jobs.write,services.read}', 'repeating is the same');
select pg_temp.says('authenticated', pg_temp.user('b001'), pg_temp.call('enable_member', 'a002'));
select is((select updated_by from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')), pg_temp.id('a001'), 'and changes nothing');
select is((select count(*) from public.audit_logs where row_id = pg_temp.id('a002') and changes -> 'status' ->> 'new' = 'active' and actor_id = pg_temp.id('a001')), 1::bigint, 'recorded once');

-- Removing ----------------------------------------------------------------------------------------------------------
select set_config('app.importing', 'on', true);
insert into public.api_keys (company_id, id, name, prefix, permissions, created_by, revoked_at, expires_at) values
  (pg_temp.id('c001'), pg_temp.id('ee02'), 'Good', 'good_key', '{jobs.read}', pg_temp.id('b001'), null, null),
  (pg_temp.id('c001'), pg_temp.id('ee03'), 'Until', 'until_key', '{jobs.read}', pg_temp.id('b001'), null, now() + interval '1 hour'),
  (pg_temp.id('c001'), pg_temp.id('ee04'), 'Over', 'over_key', '{jobs.read}', pg_temp.id('b001'), null, now()),
  (pg_temp.id('c001'), pg_temp.id('ee05'), 'Revoked', 'revoked_key', '{jobs.read}', pg_temp.id('b001'), now() - interval '1 day', null),
  (pg_temp.id('c001'), pg_temp.id('ee06'), 'Other', 'other_key', '{jobs.read}', pg_temp.id('a001'), null, null),
  (pg_temp.id('c002'), pg_temp.id('ee07'), 'Elsewhere', 'else_key', '{jobs.read}', pg_temp.id('b001'), null, null);
select set_config('app.importing', '', true);
insert into public.jobs (company_id, id, kind, assigned_user_id) values (pg_temp.id('c001'), pg_temp.id('ef01'), 'probe', pg_temp.id('b001'));
savepoint removing;
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('remove_member', 'b001')), row(pg_temp.id('b001'), array[pg_temp.id('ee02'), pg_temp.id('ee03')], '{}'::uuid[])::text, 'removed; the answer names keys that they issued and that still work');
select is(pg_temp.is_now('b001'), null, 'the membership is gone');
select is((select assigned_user_id from public.jobs where id = pg_temp.id('ef01')), null, 'their jobs are given back');
select is((select count(*) from public.api_keys where created_by = pg_temp.id('b001') and revoked_at is null), 4::bigint, 'keys go on');
select is((select jsonb_agg(payload) from private.outbox_events where topic = 'member.removed' and company_id = pg_temp.id('c001')), jsonb_build_array(jsonb_build_object('user_id', pg_temp.id('b001'), 'valid_api_key_ids', jsonb_build_array(pg_temp.id('ee02'), pg_temp.id('ee03')))), 'event member.removed');
select is((select array_agg(actor_id) from public.audit_logs where action = 'users.deleted' and row_id = pg_temp.id('b001') and changes -> 'email' ->> 'old' = 'carl@acme.example'), array[pg_temp.id('a001')], 'recorded, with what they were');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.call('remove_member', 'b001'), '42501', 'not_a_member', 'once');
select is((select count(*) from auth.users where id = pg_temp.id('b001')), 1::bigint, 'the account stays');
rollback to removing;
update public.users set revoked_permissions = '{api_keys.write}' where company_id = pg_temp.id('c001') and id in (pg_temp.id('a001'), pg_temp.id('b001'));
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.call('remove_member', 'b001', ', is_revoking_api_keys => true'), '42501', 'not_your_company', 'keys are revoked by who may');
select is(pg_temp.is_now('b001') is not null, true, 'and nothing else happens');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('remove_member', 'b001')) is not null, true, 'control: without their keys, it is');
rollback to removing;
update public.users set revoked_permissions = '{}' where company_id = pg_temp.id('c001');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.call('remove_member', 'b001', ', is_revoking_api_keys => true')), row(pg_temp.id('b001'), '{}'::uuid[], array[pg_temp.id('ee02'), pg_temp.id('ee03'), pg_temp.id('ee04')])::text, 'with their keys');
select is((select string_agg(right(id::text, 4), ',' order by id) from public.api_keys where right(id::text, 4) like 'ee0_' and revoked_at = now()), 'ee02,ee03,ee04', 'none of anybody else, none again');
rollback to removing;
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('remove_member', 'a003')) is not null, true, 'an operator removes a compliance administrator');
select is(pg_temp.says('service_role', null, pg_temp.call('remove_member', 'b003')) is not null, true, 'the backend anybody');
select is(pg_temp.says('service_role', null, pg_temp.call('remove_member', 'b001', ', is_revoking_api_keys => null')) is not null, true, 'null revokes nothing');
select is((select revoked_at from public.api_keys where id = pg_temp.id('ee02')), null, 'indeed');
rollback to removing;

-- Leaving -----------------------------------------------------------------------------------------------------------
create function pg_temp.leave(p_company text default 'c001') returns text language sql as $$
  select format('select public.leave_company(pg_temp.id(%L))::text', p_company)
$$;
select pg_temp.refuses('authenticated', pg_temp.user(u), pg_temp.leave(c), '42501', 'not_your_company', d)
  from (values ('a004', 'c001', 'nobody leaves what they are not in'), ('a006', 'c001', 'nor who is disabled'), ('a007', 'c003', 'nor a suspended company'), ('a005', 'c002', 'nor a company that is not the active one'), ('a008', 'c001', 'nor an outsider')) as v (u, c, d);
select pg_temp.refuses('authenticated', pg_temp.key(), pg_temp.leave(), '42501', 'not_a_member', 'nor a key');
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), pg_temp.leave(), '42501', 'not_a_member', 'nor an operator what they only run');
select pg_temp.refuses('platform_admin', pg_temp.user('a001'), pg_temp.leave(), '42501', 'not_an_operator', 'nor who is no operator any more, with that token');
select pg_temp.refuses('service_role', null, pg_temp.leave(), '42501', null, 'nor the backend');
select pg_temp.refuses('anon', null, pg_temp.leave(), '42501', null, 'nor anonymous');
select is(pg_temp.says('authenticated', pg_temp.user('a003'), pg_temp.leave()), pg_temp.id('c001')::text, 'who holds more than anybody leaves');
select is(pg_temp.says('authenticated', pg_temp.user('a005'), pg_temp.leave()), pg_temp.id('c001')::text, 'and an agent');
select is(pg_temp.is_now('a005') || '', null, 'the membership is gone');
select is(pg_temp.is_now('a005', 'c002'), 'client active', 'the one in another company is not');
select is((select array_agg(concat_ws(' ', action, actor_role) order by action) from public.audit_logs where company_id = pg_temp.id('c001') and actor_id = pg_temp.id('a005') and action in ('members.left', 'users.deleted')), '{"members.left agent",users.deleted}', 'recorded, in which role');
select is((select count(*) from private.outbox_events where topic = 'member.left' and payload = jsonb_build_object('user_id', pg_temp.id('a005'), 'valid_api_key_ids', '[]'::jsonb)), 1::bigint, 'event member.left');
select pg_temp.refuses('authenticated', pg_temp.user('a005', jsonb_build_object('company_id', pg_temp.id('c001'))), pg_temp.leave(), '42501', 'not_your_company', 'once');

-- The last client ---------------------------------------------------------------------------------------------------
delete from public.users where company_id = pg_temp.id('c001') and id in (pg_temp.id('b001'), pg_temp.id('b002'));
create function pg_temp.last(p_what text) returns setof text language plpgsql as $$
begin
  return next pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.leave(), '42501', 'last_client', p_what || ': they do not leave');
  return query select pg_temp.refuses('authenticated', pg_temp.user('b003', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), pg_temp.call(name, 'a001', more || m), '42501', 'last_client', p_what || ': no member does it, nor by force: ' || name || m)
    from ways cross join unnest(array['', ', is_forced => true']) as m where name <> 'enable_member';
  return query select pg_temp.refuses('platform_admin', pg_temp.user('a000'), pg_temp.call(name, 'a001', more || m), '42501', 'last_client', p_what || ': an operator not by accident: ' || name)
    from ways cross join unnest(array['', ', is_forced => null']) as m where name <> 'enable_member';
  return query select pg_temp.refuses('service_role', null, pg_temp.call(name, 'a001', more), '42501', 'last_client', p_what || ': nor does the backend: ' || name)
    from ways where name <> 'enable_member';
  return query select pg_temp.refuses('platform_admin', pg_temp.user('a000'), w, '42501', 'last_client', p_what || ': nor by writing: ' || w)
    from (values ($w$update public.users set role = 'agent' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001')$w$),
                 ($w$update public.users set status = 'disabled' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001')$w$),
                 ($w$delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a001')$w$)) as v (w);
end
$$;
select pg_temp.last('sam is disabled');
insert into public.users (company_id, id, email, full_name, role, revoked_permissions) values (pg_temp.id('c001'), pg_temp.id('b002'), 'dora@acme.example', 'Dora', 'client', '{users.write}');
select pg_temp.last('dora manages no members');
savepoint assigned;
select pg_temp.refuses('authenticated', pg_temp.user('b003', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), $$select public.remove_permission(pg_temp.id('a001'), 'users.write')$$, '42501', 'last_client', 'nor is users.write taken from the last who has it');
select is(pg_temp.says('authenticated', pg_temp.user('b003', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), $$select 'jobs.read' = any (public.remove_permission(pg_temp.id('a001'), 'jobs.read'))$$), 'false', 'control: another permission is');
select is(pg_temp.says('authenticated', pg_temp.user('b003', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), $$select 'users.write' = any (public.assign_permission(pg_temp.id('a001'), 'users.write'))$$), 'true', 'control: and it may be assigned');
update public.users set revoked_permissions = '{}' where company_id = pg_temp.id('c001') and id = pg_temp.id('b002');
select is(pg_temp.says('authenticated', pg_temp.user('b003', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), $$select 'users.write' = any (public.remove_permission(pg_temp.id('a001'), 'users.write'))$$), 'false', 'control: and taken, when another client has it');
rollback to assigned;
update public.users set revoked_permissions = '{jobs.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('b002');
select is(private.is_last_client(pg_temp.id('c001'), pg_temp.id('a001')), false, 'control: with another client who does, they are not');
select is(private.is_last_client(pg_temp.id('c001'), u), false, 'control: nor is ' || coalesce(u::text, 'null')) from unnest(array[pg_temp.id('b003'), pg_temp.id('a006'), null]) as u;
delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('b002');
select is(private.is_last_client(pg_temp.id('c001'), pg_temp.id('a001')), true, 'control: without, they are');
update public.companies set status = 'closed' where id = pg_temp.id('c001');
select is(private.is_last_client(pg_temp.id('c001'), pg_temp.id('a001')), false, 'of a closed company nobody is');
update public.companies set status = 'suspended' where id = pg_temp.id('c001');
select is(private.is_last_client(pg_temp.id('c001'), pg_temp.id('a001')), true, 'of a suspended one they are');
update public.companies set status = 'active' where id = pg_temp.id('c001');
savepoint last;
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('change_member_role', 'a001', ', ''client'', ''{compliance.read}''')) is not null, true, 'the last client may be given more');
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('c001'), pg_temp.id('a005'), 'mia@acme.example', 'Mia', 'agent');
update public.users set role = 'agent' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select is(private.is_last_client(pg_temp.id('c001'), pg_temp.id(u)), false, 'where no client is left, nobody is the last: ' || w)
  from (values ('a001', 'an agent'), ('a006', 'a disabled client'), ('a005', 'a client of another company'), ('a008', 'nobody')) as v (u, w);
rollback to last;
select is(pg_temp.says(r, c, pg_temp.call('change_member_role', 'a001', ', ''agent'', is_forced => true')), '{company.read,jobs.read,services.read}', r || ' demotes them by force')
  from (values ('platform_admin', pg_temp.user('a000'))) as v (r, c);
rollback to last;
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('disable_member', 'a001', ', is_forced => true'))::timestamptz, now(), 'an operator disables them by force');
rollback to last;
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.call('remove_member', 'a001', ', is_forced => true')) is not null, true, 'removes them by force');
select is(current_setting('app.forced_member'), '', 'force is for one');
rollback to last;
select is(pg_temp.says('service_role', null, pg_temp.call('change_member_role', 'a001', ', ''agent'', is_forced => true')), '{company.read,jobs.read,services.read}', 'so does the backend');
rollback to last;
-- Functions of the package that erase somebody are not in the way.
select set_config('app.importing', private.import_token(), true);
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), $$with x as (delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a001') returning 1) select count(*)::text from x$$), '1', 'an erasure that an operator carries out takes the last client as well');
select set_config('app.importing', '', true);
rollback to last;
-- What is forced is one member, not the transaction.
set local app.forced_member = '00000000-0000-4000-8000-00000000b003';
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), $$delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a001')$$, '42501', 'last_client', 'force for somebody else is none');
set local app.forced_member = '';
set local role service_role;
select lives_ok($$update public.users set status = 'disabled' where company_id = '00000000-0000-4000-8000-00000000c001' and id = '00000000-0000-4000-8000-00000000a001'$$, 'the backend may write the table');
reset role;
rollback to last;
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('c001'), pg_temp.id('b002'), 'dora@acme.example', 'Dora', 'client');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.leave()), pg_temp.id('c001')::text, 'control: with another client they may leave');
rollback to last;

-- By the table itself, members reach nothing of this -----------------------------------------------------------------
select pg_temp.refuses('authenticated', pg_temp.user('a001'), w, '42501', null, w || ' is refused')
  from unnest(array['update public.users set role = ''client''', 'update public.users set status = ''active''', 'update public.users set granted_permissions = ''{compliance.manage}''', 'update public.users set revoked_permissions = ''{}''',
    'update public.users set email = ''x@example.com''', 'delete from public.users', 'update public.users set selected_at = now()', 'update public.users set disabled_at = null',
    'insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id(''c001''), pg_temp.id(''a008''), ''eve@example.com'', ''Eve'', ''client'')',
    'insert into public.invitations (company_id, email, role, expires_at, invited_as) values (pg_temp.id(''c001''), ''x@example.com'', ''client'', now(), ''member'')', 'update public.invitations set role = ''client''', 'delete from public.invitations']) as w;
select is(pg_temp.says('authenticated', pg_temp.user('a001'), $$with x as (update public.users set job_title = 'Tester' where id = pg_temp.id('a002') returning 1) select count(*)::text from x$$), '1', 'control: profiles are theirs to change');
-- A key with users.write assigns nothing either, not even to who holds nothing.
update public.users set granted_permissions = '{}', revoked_permissions = array(select permission from private.permissions) where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select pg_temp.refuses('authenticated', pg_temp.key(), $$select public.assign_permission(pg_temp.id('a002'), 'jobs.read')$$, '42501', 'not_a_person', 'a key assigns no permission');
select pg_temp.refuses('authenticated', pg_temp.key(), $$select public.remove_permission(pg_temp.id('a002'), 'jobs.read')$$, '42501', 'not_a_person', 'nor takes one away');

select * from finish();
rollback;
