-- my_companies(), switch_company(), permissions handed out one by one, and the token hook.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(70);

create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.hook(p_user text, p_claims jsonb default '{}') returns jsonb language sql as $$
  select private.custom_access_token_hook(jsonb_build_object(
    'user_id', '00000000-0000-4000-8000-00000000' || p_user,
    'claims', jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated', 'aal', 'aal1') || p_claims,
    'authentication_method', 'password')) -> 'claims'
$$;

-- my_companies ------------------------------------------------------------------------------------------------------
select pg_temp.be('a005');
set local role authenticated;
select results_eq('select slug, role, company_status, is_active from public.my_companies()',
  $$values ('acme', 'agent', 'active', true), ('globex', 'client', 'active', false)$$, 'mia sees both her companies, Acme active');
select is((select permissions from public.my_companies() where slug = 'acme'),
  array['company.read', 'documents.read', 'documents.write', 'jobs.read', 'services.read'], 'permissions are of the role and assigned');
reset role;
select pg_temp.be('a007');
set local role authenticated;
select results_eq('select slug, company_status, is_active from public.my_companies()',
  $$values ('initech', 'suspended', false)$$, 'ivan is told that his company is suspended');
reset role;
select pg_temp.be('a006');
set local role authenticated;
select is_empty('select * from public.my_companies()', 'a disabled member has no company');
reset role;
set local role anon;
select throws_ok('select * from public.my_companies()', '42501', null, 'anon may not ask');
reset role;

select pg_temp.be('a001', '{"is_anonymous": true}');
set local role authenticated;
select is_empty('select * from public.my_companies()', 'an anonymous sign-in has no company');
select throws_ok($$select public.switch_company('00000000-0000-4000-8000-00000000c001')$$, '42501', null, 'and switches to none');
reset role;

-- switch_company ----------------------------------------------------------------------------------------------------
select pg_temp.be('a005');
set local role authenticated;
select is(public.switch_company('00000000-0000-4000-8000-00000000c002'), '00000000-0000-4000-8000-00000000c002'::uuid, 'mia switches to Globex');
select results_eq('select slug from public.my_companies() where is_active', array['globex'], 'her default follows');
select is(public.switch_company('00000000-0000-4000-8000-00000000c002'), '00000000-0000-4000-8000-00000000c002'::uuid, 'switching twice is the same');
select throws_ok($$select public.switch_company('00000000-0000-4000-8000-00000000c003')$$, '42501', null, 'not to a company that she is not in');
select throws_ok($$select public.switch_company('00000000-0000-4000-8000-00000000c999')$$, '42501', null, 'not to a company that does not exist');
select throws_ok($$select public.switch_company(null)$$, '42501', null, 'not to null');
reset role;
select is(pg_temp.hook('a005') ->> 'company_id', '00000000-0000-4000-8000-00000000c002', 'her next token carries Globex');
select pg_temp.be('a007');
set local role authenticated;
select throws_ok($$select public.switch_company('00000000-0000-4000-8000-00000000c003')$$, '42501', null, 'not to a suspended company');
reset role;
select pg_temp.be('a006');
set local role authenticated;
select throws_ok($$select public.switch_company('00000000-0000-4000-8000-00000000c001')$$, '42501', null, 'not as a disabled member');
reset role;

-- Permissions, one by one -------------------------------------------------------------------------------------------
select pg_temp.be('a001');
set local role authenticated;
select is(public.assign_permission('00000000-0000-4000-8000-00000000a002', 'media.read'),
  array['company.read', 'documents.read', 'jobs.read', 'jobs.write', 'media.read', 'services.read'], 'alice assigns adam a permission');
select is(public.assign_permission('00000000-0000-4000-8000-00000000a002', 'media.read'),
  array['company.read', 'documents.read', 'jobs.read', 'jobs.write', 'media.read', 'services.read'], 'assigning twice is the same');
select is(public.remove_permission('00000000-0000-4000-8000-00000000a002', 'services.read'),
  array['company.read', 'documents.read', 'jobs.read', 'jobs.write', 'media.read'], 'alice takes away what adam''s role brings');
select is(public.assign_permission('00000000-0000-4000-8000-00000000a002', 'services.read'),
  array['company.read', 'documents.read', 'jobs.read', 'jobs.write', 'media.read', 'services.read'], 'and gives it back');
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a002', 'compliance.manage')$$, '42501', null, 'nobody hands out what they do not hold');
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a002', 'no.such')$$, '42501', null, 'nor what does not exist');
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a002', null)$$, '42501', null, 'nor null');
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a001', 'media.read')$$, '42501', null, 'nobody changes themselves');
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a004', 'media.read')$$, '42501', null, 'nobody reaches another company''s member');
select throws_ok($$select public.remove_permission('00000000-0000-4000-8000-00000000a003', 'company.read')$$, '42501', null, 'nobody changes a member who holds more');
reset role;
select pg_temp.be('a002');
set local role authenticated;
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a005', 'jobs.write')$$, '42501', null, 'an agent assigns nothing');
reset role;
select is((select granted_permissions from public.users where company_id = '00000000-0000-4000-8000-00000000c002' and id = '00000000-0000-4000-8000-00000000a004'), '{}'::text[], 'bob is untouched');

update public.users set granted_permissions = '{users.read,documents.read,documents.write,jobs.write}'
 where id = '00000000-0000-4000-8000-00000000a002';
set local role authenticated;
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a005', 'jobs.write')$$, '42501', null, 'seeing members is not enough, however much one holds');
reset role;
update public.users set granted_permissions = granted_permissions || '{users.write}'::text[] where id = '00000000-0000-4000-8000-00000000a002';
set local role authenticated;
select lives_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a005', 'jobs.write')$$, 'control: users.write is');
reset role;
select pg_temp.be('a001');
set local role authenticated;
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a006', 'media.read')$$, '42501', null, 'nothing is planted on a disabled member');
reset role;

-- Nobody promotes themselves ------------------------------------------------------------------------------------------
select pg_temp.be('a001');
set local role authenticated;
select throws_ok($$update public.users set role = 'compliance_admin' where id = '00000000-0000-4000-8000-00000000a001'$$, '42501', null, 'not by role');
select throws_ok($$update public.users set granted_permissions = '{compliance.manage}' where id = '00000000-0000-4000-8000-00000000a001'$$, '42501', null, 'not by permissions');
select throws_ok($$update public.users set status = 'active' where id = '00000000-0000-4000-8000-00000000a006'$$, '42501', null, 'nor by status');
select throws_ok($$insert into public.users (company_id, id, email, full_name, role) values
  ('00000000-0000-4000-8000-00000000c000', '00000000-0000-4000-8000-00000000a001', 'a@b.example', 'A', 'admin')$$, '42501', null, 'nor by joining the operator');
select lives_ok($$update public.users set full_name = 'Alice A.' where id = '00000000-0000-4000-8000-00000000a001'$$, 'control: profiles may be changed');
reset role;
select throws_ok($$insert into public.users (company_id, id, email, full_name, role) values
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a008', 'eve@outsider.example', 'Eve', 'admin')$$,
  '42501', null, 'role admin exists in the operator company only, for everybody');
select throws_ok($$update public.users set granted_permissions = '{jobs.raed}' where id = '00000000-0000-4000-8000-00000000a002'$$, '23514', null, 'unknown permissions are refused');

-- Nobody locks all operators out, and the address that notices go to is not for members to change -----------------------
select pg_temp.be('a000', '{"role": "platform_admin"}');
set local role platform_admin;
select throws_ok($$delete from public.users where role = 'admin'$$, '42501', null, 'the last admin is not deleted by an operator');
select throws_ok($$update public.users set status = 'disabled' where role = 'admin'$$, '42501', null, 'nor disabled');
select throws_ok($$update public.users set role = 'client' where role = 'admin'$$, '42501', null, 'nor demoted');
insert into public.users (company_id, id, email, full_name, role)
values ('00000000-0000-4000-8000-00000000c000', '00000000-0000-4000-8000-00000000a008', 'eve@outsider.example', 'Eve', 'admin');
select lives_ok($$delete from public.users where id = '00000000-0000-4000-8000-00000000a008'$$, 'control: one of two may go');
reset role;
select throws_ok($$delete from public.companies where is_operator$$, '42501', null, 'the operator company stays');
select pg_temp.be('a001');
set local role authenticated;
select throws_ok($$update public.users set email = 'mine@evil.example' where id = '00000000-0000-4000-8000-00000000a003'$$, '42501', null, 'members change no addresses');
reset role;

-- The token hook ------------------------------------------------------------------------------------------------------
select is(pg_temp.hook('a001') - 'permissions',
  '{"sub": "00000000-0000-4000-8000-00000000a001", "role": "authenticated", "aal": "aal1", "company_id": "00000000-0000-4000-8000-00000000c001", "company_role": "client"}'::jsonb, 'a member''s claims');
select is(pg_temp.hook('a000') ->> 'role', 'platform_admin', 'an admin''s role');
select is(pg_temp.hook('a008'), '{"sub": "00000000-0000-4000-8000-00000000a008", "role": "authenticated", "aal": "aal1"}'::jsonb, 'nothing for somebody without a company');
select is(pg_temp.hook('a006') -> 'company_id', null, 'nothing for a disabled member');
select is(pg_temp.hook('a008', '{"company_id": "00000000-0000-4000-8000-00000000c001", "company_role": "admin", "permissions": ["*"],
  "user_metadata": {"role": "platform_admin"}, "app_metadata": {"role": "platform_admin"}}') - 'user_metadata' - 'app_metadata',
  '{"sub": "00000000-0000-4000-8000-00000000a008", "role": "authenticated", "aal": "aal1"}'::jsonb, 'claims of ours that came from elsewhere are dropped, metadata is ignored');
-- Sign-ins are in the log of the company, refreshed tokens are not.
create function pg_temp.sign_ins() returns text[] language sql as $$
  select coalesce(array_agg(right(l.actor_id::text, 4) || ' ' || l.actor_role || ' ' || right(l.company_id::text, 4) || ' ' || l.changes::text order by l.id), '{}')
    from public.audit_logs as l where l.action = 'session.started'
$$;
select is(pg_temp.sign_ins(), array[
  'a005 client c002 {"aal": "aal1", "authentication_method": "password"}', 'a001 client c001 {"aal": "aal1", "authentication_method": "password"}', 'a000 admin c000 {"aal": "aal1", "authentication_method": "password"}'],
  'sign-ins of members are in their company''s log, and no others');
select is((select count(*)::integer from public.audit_logs as e join private.audit_links as l using (company_id, created_at, transaction_id) where e.action = 'session.started'), 3, 'and in its chain already');
select is(private.custom_access_token_hook('{"user_id": "00000000-0000-4000-8000-00000000a001", "authentication_method": "token_refresh", "claims": {}}') #>> '{claims,company_role}', 'client', 'a token is refreshed');
select is(private.custom_access_token_hook('{"user_id": "00000000-0000-4000-8000-00000000a001", "claims": {}}') #>> '{claims,company_role}', 'client', 'or asked for by a tool');
select is(cardinality(pg_temp.sign_ins()), 3, 'which is no sign-in');
savepoint broken;
alter table public.audit_logs add constraint broken check (action <> 'session.started') not valid;
select is(pg_temp.hook('a001') ->> 'company_role', 'client', 'a log that cannot be written locks nobody out');
rollback to broken;
select is(private.custom_access_token_hook('{"user_id": "00000000-0000-4000-8000-00000000a001", "authentication_method": "otp",
  "claims": {"session_id": "00000000-0000-4000-8000-0000000000f1", "aal": "aal2", "email": "a@b.example"}}') #>> '{claims,company_role}', 'client', 'another session');
select is((pg_temp.sign_ins())[4], 'a001 client c001 {"aal": "aal2", "session_id": "00000000-0000-4000-8000-0000000000f1", "authentication_method": "otp"}', 'with its id, and nothing else of the claims');
select is(private.custom_access_token_hook('{"user_id": "x", "claims": null}'), '{"claims": {}}'::jsonb, 'an event with claims that are null does not fail');
select is(pg_temp.hook('a007', '{"role": "platform_admin"}') ->> 'role', 'authenticated', 'a role that was platform_admin once does not stay');
select is(private.custom_access_token_hook('{}'), '{"claims": {}}'::jsonb, 'an event without anything does not fail');
select is(private.custom_access_token_hook('{"user_id": "nonsense", "claims": {"role": "authenticated"}}'), '{"claims": {"role": "authenticated"}}'::jsonb, 'nor one with a bad id');
select is(pg_temp.hook('a001', '{"is_anonymous": true}') -> 'company_id', null, 'nothing for an anonymous sign-in');
insert into public.users (company_id, id, email, full_name, role, selected_at)
values ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a000', 'olga@acme.example', 'Olga', 'client', now());
select is(pg_temp.hook('a000') ->> 'company_id', '00000000-0000-4000-8000-00000000c001', 'an admin who works in another company');
select is(pg_temp.hook('a000') ->> 'role', 'platform_admin', 'is an admin all the same');
delete from public.users where company_id = '00000000-0000-4000-8000-00000000c001' and id = '00000000-0000-4000-8000-00000000a000';
update public.users set status = 'disabled' where id = '00000000-0000-4000-8000-00000000a000';
select is(pg_temp.hook('a000') ->> 'role', 'authenticated', 'a demoted admin''s next token is ordinary');

-- A demoted admin with a live token -----------------------------------------------------------------------------------
select pg_temp.be('a000', '{"role": "platform_admin"}');
set local role platform_admin;
select is((select count(*)::integer from public.services), 0, 'a demoted admin with a live token sees nothing');
reset role;
update public.users set status = 'active' where id = '00000000-0000-4000-8000-00000000a000';
set local role platform_admin;
select is((select count(distinct company_id)::integer from public.services), 3, 'control: an admin sees every company');
reset role;
select pg_temp.be('a000', '{"role": "platform_admin", "is_anonymous": true}');
set local role platform_admin;
select is((select count(*)::integer from public.services), 0, 'an anonymous sign-in is no admin');
reset role;
select pg_temp.be('a000', '{"role": "platform_admin"}');
update public.users set role = 'client' where id = '00000000-0000-4000-8000-00000000a000';
set local role platform_admin;
select is((select count(*)::integer from public.services), 0, 'another member of the operator company is no admin');
reset role;
alter table public.users disable trigger check_member;
update public.users set role = 'admin' where id = '00000000-0000-4000-8000-00000000a001';
alter table public.users enable trigger check_member;
select pg_temp.be('a001', '{"role": "platform_admin"}');
set local role platform_admin;
select is((select count(*)::integer from public.services), 0, 'an admin of another company, were there one, would be no admin');
reset role;

select * from finish();
rollback;
