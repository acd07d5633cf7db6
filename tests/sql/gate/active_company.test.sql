-- Which company a request may touch: malformed and forged claims, header before token before default, and changes of
-- membership that hold from the next statement on. Every denial stands beside a control that is let in.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(55);

create function pg_temp.be(p_claims text, p_headers text default '') returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', p_claims, true), set_config('request.headers', p_headers, true);
end
$$;
create function pg_temp.claims(p_user text, p_more jsonb default '{}') returns text language sql as $$
  select (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text
$$;
create function pg_temp.header(p_company text) returns text language sql as $$
  select jsonb_build_object('host', 'localhost', 'x-company-id', p_company)::text
$$;
-- Asked as the API role, through a table's policy, not only from the gate itself.
create function pg_temp.seen() returns text language plpgsql as $$
declare
  v_seen text;
begin
  set local role authenticated;
  select coalesce(string_agg(distinct right(s.company_id::text, 4), ',' ), 'nothing') into v_seen from public.services as s;
  reset role;
  return v_seen;
exception when others then
  reset role;
  return sqlstate;
end
$$;

-- Malformed claims ------------------------------------------------------------------------------------------------
select pg_temp.be(pg_temp.claims('a001'));
select is(pg_temp.seen(), 'c001', 'control: alice sees Acme');
select pg_temp.be('');
select is(pg_temp.seen(), 'nothing', 'no claims');
select pg_temp.be('{}');
select is(pg_temp.seen(), 'nothing', 'empty claims');
select pg_temp.be('not json');
select is(pg_temp.seen(), 'nothing', 'claims that are no JSON');
select pg_temp.be('{"sub": "00000000-0000-4000-8000-00000000a001"');
select is(pg_temp.seen(), 'nothing', 'claims cut off in the middle');
select pg_temp.be('[{"sub": "00000000-0000-4000-8000-00000000a001"}]');
select is(pg_temp.seen(), 'nothing', 'claims that are an array');
select pg_temp.be('"00000000-0000-4000-8000-00000000a001"');
select is(pg_temp.seen(), 'nothing', 'claims that are a string');
select pg_temp.be('null');
select is(pg_temp.seen(), 'nothing', 'claims that are null');
select pg_temp.be('{"sub": "00000000-0000-4000-8000-00000000a001", "x": "\u0000"}');
select is(pg_temp.seen(), 'nothing', 'claims with a NUL character');
select pg_temp.be('{"sub": "alice"}');
select is(pg_temp.seen(), 'nothing', 'sub that is no UUID');
select pg_temp.be('{"sub": null}');
select is(pg_temp.seen(), 'nothing', 'sub that is null');
select pg_temp.be('{"sub": {"id": "00000000-0000-4000-8000-00000000a001"}}');
select is(pg_temp.seen(), 'nothing', 'sub that is an object');
select pg_temp.be(pg_temp.claims('a999'));
select is(pg_temp.seen(), 'nothing', 'sub of nobody');
select pg_temp.be(pg_temp.claims('a008'));
select is(pg_temp.seen(), 'nothing', 'somebody without a company');
select pg_temp.be(pg_temp.claims('a001', '{"is_anonymous": true}'));
select is(pg_temp.seen(), 'nothing', 'an anonymous sign-in, even with a membership');

-- Forged metadata -------------------------------------------------------------------------------------------------
select pg_temp.be(pg_temp.claims('a001', '{"user_metadata": {"company_id": "00000000-0000-4000-8000-00000000c002", "role": "admin"},
  "app_metadata": {"company_id": "00000000-0000-4000-8000-00000000c002", "role": "admin"}}'));
select is(pg_temp.seen(), 'c001', 'metadata that names another company changes nothing');
select pg_temp.be(pg_temp.claims('a008', '{"user_metadata": {"company_id": "00000000-0000-4000-8000-00000000c001"},
  "company_role": "client", "permissions": ["services.read"]}'));
select is(pg_temp.seen(), 'nothing', 'metadata, company_role and permissions grant nothing');

-- Token and header only choose ------------------------------------------------------------------------------------
select pg_temp.be(pg_temp.claims('a005'));
select is(pg_temp.seen(), 'c001', 'mia: the company she switched to last is her default');
select pg_temp.be(pg_temp.claims('a005', '{"company_id": "00000000-0000-4000-8000-00000000c002"}'));
select is(pg_temp.seen(), 'c002', 'the token''s company comes before the default');
select pg_temp.be(pg_temp.claims('a005', '{"company_id": "00000000-0000-4000-8000-00000000c002"}'), pg_temp.header('00000000-0000-4000-8000-00000000c001'));
select is(pg_temp.seen(), 'c001', 'the header comes before the token');
select pg_temp.be(pg_temp.claims('a005', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'), '{"host": "localhost", "accept": "*/*"}');
select is(pg_temp.seen(), 'c001', 'other headers choose nothing');
select pg_temp.be(pg_temp.claims('a001', '{"company_id": "00000000-0000-4000-8000-00000000c002"}'));
select is(pg_temp.seen(), 'nothing', 'a token that names another company gets nothing, not the default');
select pg_temp.be(pg_temp.claims('a001'), pg_temp.header('00000000-0000-4000-8000-00000000c002'));
select is(pg_temp.seen(), 'nothing', 'a header that names another company gets nothing');
select pg_temp.be(pg_temp.claims('a001'), pg_temp.header('acme'));
select is(pg_temp.seen(), 'nothing', 'a header that is no UUID gets nothing');
select pg_temp.be(pg_temp.claims('a001'), pg_temp.header(''));
select is(pg_temp.seen(), 'nothing', 'an empty header gets nothing');
select pg_temp.be(pg_temp.claims('a001'), '{"x-company-id": null}');
select is(pg_temp.seen(), 'nothing', 'a header that is null gets nothing');
select pg_temp.be(pg_temp.claims('a001'), '{"x-company-id": "00000000-0000-4000-8000-00000000c001"');
select is(pg_temp.seen(), 'nothing', 'headers that are no JSON get nothing');
select pg_temp.be(pg_temp.claims('a001'), '{"user-agent": "\"x-company-id\": \"00000000-0000-4000-8000-00000000c002\""}');
select is(pg_temp.seen(), 'c001', 'the header''s name inside another header chooses nothing');
select pg_temp.be(pg_temp.claims('a001', '{"company_id": "nonsense"}'));
select is(pg_temp.seen(), 'nothing', 'a company_id claim that is no UUID gets nothing');
select pg_temp.be(pg_temp.claims('a001', '{"company_id": null}'));
select is(pg_temp.seen(), 'c001', 'a company_id claim that is null chooses nothing');

-- The tables decide, from the next statement on --------------------------------------------------------------------
select pg_temp.be(pg_temp.claims('a006'));
select is(pg_temp.seen(), 'nothing', 'sam is disabled');
select pg_temp.be(pg_temp.claims('a007'));
select is(pg_temp.seen(), 'nothing', 'Initech is suspended');
select pg_temp.be(pg_temp.claims('a007', '{"company_id": "00000000-0000-4000-8000-00000000c003"}'));
select is(pg_temp.seen(), 'nothing', 'also for a token that names it');
update public.companies set status = 'active', status_reason = null where slug = 'initech';
select is(pg_temp.seen(), 'c003', 'control: reactivated, ivan sees Initech');
update public.companies set status = 'suspended' where slug = 'initech';
select is(pg_temp.seen(), 'nothing', 'suspended again, at once');
update public.companies set status = 'closed' where slug = 'initech';
select is(pg_temp.seen(), 'nothing', 'closed');

select pg_temp.be(pg_temp.claims('a001', '{"company_id": "00000000-0000-4000-8000-00000000c001", "permissions": ["services.read"]}'));
select is(pg_temp.seen(), 'c001', 'control: alice again');
savepoint changes;
update public.users set revoked_permissions = '{services.read}' where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'a revoked permission, whatever the token says');
rollback to changes;
update public.users set revoked_permissions = '{services.read}', granted_permissions = '{services.read}' where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'revoked outranks granted');
rollback to changes;
update public.users set role = 'compliance_admin' where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'a role without the permission');
update public.users set granted_permissions = '{services.read}' where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'c001', 'control: the permission assigned by itself');
rollback to changes;
update public.users set status = 'disabled' where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'disabled with a live token');
rollback to changes;
delete from public.users where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'removed with a live token');
rollback to changes;
delete from auth.users where id = '00000000-0000-4000-8000-00000000a001';
select is(pg_temp.seen(), 'nothing', 'account deleted with a live token');
rollback to changes;
delete from private.role_permissions where role = 'client' and permission = 'services.read';
select is(pg_temp.seen(), 'nothing', 'a permission taken from the role');
rollback to changes;

select pg_temp.be(pg_temp.claims('a005', '{"company_id": "00000000-0000-4000-8000-00000000c001"}'));
update public.users set status = 'disabled'
 where id = '00000000-0000-4000-8000-00000000a005' and company_id = '00000000-0000-4000-8000-00000000c001';
select is(pg_temp.seen(), 'nothing', 'mia, removed from Acme, does not land in Globex with her old token');
select pg_temp.be(pg_temp.claims('a005'));
select is(pg_temp.seen(), 'c002', 'control: without a choice she works in Globex');

-- One gate, one answer --------------------------------------------------------------------------------------------
select pg_temp.be(pg_temp.claims('a001'));
select is(private.company_for('no.such'), null, 'a permission that does not exist is held by nobody');
select is(private.company_for(null), '00000000-0000-4000-8000-00000000c001', 'null asks for membership alone');

-- A prepared statement does not keep the rights of whoever prepared it -----------------------------------------------
select pg_temp.be(pg_temp.claims('a001'));
prepare seen as select count(*)::integer from public.services;
set local role authenticated;
select results_eq('seen', array[4], 'control: a prepared statement, as alice');
reset role;
select pg_temp.be(pg_temp.claims('a008'));
set local role authenticated;
select results_eq('seen', array[0], 'the same prepared statement, as eve');
reset role;
set local role platform_admin;
select results_eq('seen', array[0], 'the same, as platform_admin without being an admin');
reset role;
set local role service_role;
select results_eq('seen', array[12], 'control: the same, as service_role');
reset role;

-- The gate itself is no oracle for others ---------------------------------------------------------------------------
set local role service_role;
select throws_ok($$select private.company_for('services.read')$$, '42501', null, 'service_role does not call the gate');
reset role;
set local role anon;
select throws_ok($$select private.company_for('services.read')$$, '42501', null, 'anon does not call the gate');
reset role;

select * from finish();
rollback;
