-- The parts of the gate, one by one, where the whole would hide what one of them does.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(13);

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

select * from finish();
rollback;
