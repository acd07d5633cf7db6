-- The parts of the gate, one by one, where the whole would hide what one of them does.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text, p_headers text default '') returns void language sql as $$
  select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated')::text, true),
         set_config('request.headers', p_headers, true)
$$;

select is(private.parse_json_object('["a"]'), null, 'an array is no object');
select is(private.parse_json_object('"a"'), null, 'nor is a string');
select is(private.parse_json_object('{"a": 1}'), '{"a": 1}'::jsonb, 'control: an object is');
select is(private.permissions_of(pg_temp.id('c001'), pg_temp.id('a006')), '{}'::text[], 'a disabled member holds nothing');
select isnt(private.permissions_of(pg_temp.id('c001'), pg_temp.id('a001')), '{}'::text[], 'control: an active one does');

select pg_temp.be('a001', '{"referer": "x-company-id"}');
select is(private.company_for('company.read'), pg_temp.id('c001'), 'a header''s value that looks like the header''s name chooses nothing');
select pg_temp.be('a001', '{"x-company-id": "00000000-0000-4000-8000-00000000c002"}');
select is(private.company_for('company.read'), null, 'control: the header does');

update public.companies set status = 'suspended' where id = pg_temp.id('c001');
select is(private.default_company(pg_temp.id('a005')), pg_temp.id('c002'), 'the default company is one that is active');
update public.companies set status = 'active' where id = pg_temp.id('c001');

select pg_temp.be('a001');
set local role authenticated;
select lives_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a005', 'media.read')$$, 'alice assigns mia a permission in Acme');
reset role;
select is((select granted_permissions from public.users where company_id = pg_temp.id('c002') and id = pg_temp.id('a005')), '{}'::text[], 'in Globex she holds what she held');
set local role authenticated;
select lives_ok($$select public.remove_permission('00000000-0000-4000-8000-00000000a005', 'media.read')$$, 'and takes it away again');
reset role;
select results_eq($$select right(company_id::text, 4), revoked_permissions from public.users where id = pg_temp.id('a005') order by 1$$,
  $$values ('c001', '{}'::text[]), ('c002', '{}'::text[])$$, 'what a role does not bring needs no revoking');
update public.users set revoked_permissions = '{users.write,media.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
set local role authenticated;
select throws_ok($$select public.assign_permission('00000000-0000-4000-8000-00000000a005', 'media.read')$$, '42501', 'you cannot hand out or take away permission media.read', 'holding neither users.write nor the permission is not enough');
reset role;

-- What the gate reads instead of adding it up: permissions on the member's row, whether there are rules on the company's.
reset role;
select set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
create temp view wrong as
select u.company_id, u.id from public.users as u
 where u.effective_permissions is distinct from array(
   select rp.permission from private.role_permissions as rp where rp.role = u.role and rp.permission <> all (u.revoked_permissions)
   union select g from unnest(u.granted_permissions) as g where g <> all (u.revoked_permissions)
   order by 1);
create function pg_temp.holds(p_permission text) returns boolean language sql as $$
  select p_permission = any (effective_permissions) from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')
$$;
create function pg_temp.adam(p_set text) returns void language plpgsql as $$
begin
  execute format('update public.users set %s where company_id = pg_temp.id(''c001'') and id = pg_temp.id(''a002'')', p_set);
end
$$;
select isnt((select count(*) from public.users), 0::bigint, 'control: there are members');
select is_empty('select * from wrong', 'everybody''s permissions are what role, grants and revocations come to');
select pg_temp.adam($$granted_permissions = '{billing.read}'$$);
select ok(pg_temp.holds('billing.read'), 'what is granted is held');
select pg_temp.adam($$revoked_permissions = '{billing.read,jobs.read}'$$);
select ok(not pg_temp.holds('billing.read') and not pg_temp.holds('jobs.read') and pg_temp.holds('services.read'), 'what is revoked is not, granted or of the role');
select pg_temp.adam($$role = 'client'$$);
select ok(pg_temp.holds('invoices.write') and not pg_temp.holds('jobs.read'), 'another role brings what is its own');
select pg_temp.adam($$effective_permissions = '{audit.read,security.manage}'$$);
select is_empty('select * from wrong', 'nobody writes it themselves');
set local app.importing = 'on';
select pg_temp.adam($$effective_permissions = '{security.manage}', role = 'agent'$$);
select is_empty('select * from wrong', 'nor does an import');
set local app.importing = '';
insert into private.role_permissions (role, permission) values ('agent', 'invoices.read');
select ok(pg_temp.holds('invoices.read'), 'a role that brings more brings it to its members');
alter table public.users disable trigger keep_permissions;
select pg_temp.adam($$effective_permissions = '{}'$$);
alter table public.users enable trigger keep_permissions;
insert into private.role_permissions (role, permission) values ('agent', 'invoices.read') on conflict do nothing;
select ok(not pg_temp.holds('invoices.read'), 'what is said again touches nobody');
select pg_temp.adam($$role = 'agent'$$);
select is_empty('select * from wrong', 'to all, and no others');
delete from private.role_permissions where role = 'agent' and permission = 'invoices.read';
select ok(not pg_temp.holds('invoices.read'), 'and takes it from them');
update private.role_permissions set permission = 'invoices.read' where role = 'agent' and permission = 'services.read';
select ok(pg_temp.holds('invoices.read') and not pg_temp.holds('services.read'), 'also when it is changed');
select is_empty('select * from wrong', 'for everybody');
select private.freeze_company_table(pg_temp.id('c001'), 'public.users', pg_temp.id('9999'));
select throws_ok($$select pg_temp.adam('role = ''agent''')$$, 'PT503', null, 'control: a company that moves is only read');
delete from private.role_permissions where role = 'agent' and permission = 'invoices.read';
select ok(not pg_temp.holds('invoices.read'), 'also in a company that moves');
select is(current_setting('app.importing', true), '', 'which lets nothing else pass');
drop trigger refuse_moving_0000000000004000800000000000c001_insert on public.users;
drop trigger refuse_moving_0000000000004000800000000000c001_change on public.users;
savepoint emptied;
truncate private.role_permissions;
select is_empty($$select from public.users where effective_permissions <> '{}' and granted_permissions = '{}'$$, 'a role that brings nothing brings nothing');
rollback to savepoint emptied;
select pg_temp.adam($$granted_permissions = '{}', revoked_permissions = '{}'$$);
select throws_ok(format('set local role %I; %s', r, $$update public.users set effective_permissions = '{}'$$), '42501', null, 'no API role writes it: ' || r)
  from unnest('{authenticated,platform_admin,service_role}'::text[]) as r;

create function pg_temp.strict() returns boolean language sql as $$
  select has_strict_policy from public.companies where id = pg_temp.id('c001')
$$;
create temp view unmarked as
select c.id from public.companies as c
 where c.has_strict_policy <> exists (select from public.security_policies as p where p.company_id = c.id and p.is_active and p.is_strict);
select is_empty('select * from unmarked', 'a company says whether its policy asks anything');
insert into public.security_policies (company_id, required_aal) values (pg_temp.id('c001'), 'aal2');
select ok(pg_temp.strict(), 'one that does is marked');
insert into public.security_policies (company_id, session_idle_seconds) values (pg_temp.id('c001'), 600);
select ok(pg_temp.strict(), 'and stays so with the next');
insert into public.security_policies (company_id, required_aal) values (pg_temp.id('c001'), 'aal1');
select ok(not pg_temp.strict(), 'until one asks nothing');
update public.security_policies set required_aal = 'aal2' where company_id = pg_temp.id('c001') and is_active;
select ok(pg_temp.strict(), 'a change of one counts');
delete from public.security_policies where company_id = pg_temp.id('c001') and is_active;
select ok(not pg_temp.strict(), 'and that it is gone');
set local app.importing = 'on';
insert into public.security_policies (company_id, required_aal, version) values (pg_temp.id('c001'), 'aal2', 1000);
select ok(pg_temp.strict(), 'and that it was imported');
set local app.importing = '';
select is_empty('select * from unmarked', 'of no other company');
select pg_temp.be('a001');
set local role authenticated;
select is_empty('select from public.services', 'the gate asks it');
reset role;
select throws_ok(format('set local role %I; %s', r, $$update public.companies set has_strict_policy = false$$), '42501', null, 'no API role writes it: ' || r)
  from unnest('{authenticated,platform_admin,service_role}'::text[]) as r;
select ok(private.is_admin(pg_temp.id('a000')), 'control: olga is an admin');
select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('a000'), 'role', 'platform_admin', 'is_anonymous', true)::text, true);
select ok(not private.is_platform_admin(), 'an anonymous sign-in is none, whatever its id');

select * from finish();
rollback;
