-- I4, I5, I6, I7 of the tenancy invariants, from the catalog, each with planted violations.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
create function pg_temp.names(p_view text) returns text[] language plpgsql as $$
declare
  v_names text[];
begin
  execute format('select array_agg(name::text order by name::text collate "C") from pg_temp.%I', p_view) into v_names;
  return v_names;
end
$$;
select plan(26);

create temp view our_tables as
select c.oid, c.relname::text as name, n.nspname::text as schema_name, c.relispartition, c.relrowsecurity, c.relacl, c.relowner
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
   and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e');

create temp view our_functions as
select p.*, n.nspname::text as schema_name
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private')
   and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');

-- I4 --------------------------------------------------------------------------------------------------------------
create temp view v_i4_rls as
select t.name from our_tables as t
 where not t.relrowsecurity and (t.schema_name = 'public' or t.relispartition);
create temp view v_i4_partition_grant as
select t.name from our_tables as t
 where t.relispartition
   and exists (select from aclexplode(t.relacl) as a where a.grantee <> t.relowner);

select is_empty('select * from v_i4_rls', 'I4: row level security is on for every table and partition');
select is_empty('select * from v_i4_partition_grant', 'I4: partitions carry no grants');
select isnt_empty('select 1 from our_tables where relispartition', 'there are partitions to look at');

savepoint planted;
create table private.planted_partition partition of public.audit_logs for values from ('1999-01-01') to ('1999-02-01');
grant select on private.planted_partition to authenticated;
create table public.planted (company_id uuid, id uuid);
select is(pg_temp.names('v_i4_rls'), array['planted', 'planted_partition'], 'I4 notices a table and a partition without row level security');
select is(pg_temp.names('v_i4_partition_grant'), array['planted_partition'], 'I4 notices a grant on a partition');
rollback to planted;

savepoint grown;
insert into private.partitioned_tables (table_name, months_ahead) values ('audit_logs', 9)
  on conflict (table_name) do update set months_ahead = 9;
select cmp_ok(private.maintain_partitions(), '>=', 5, 'maintain_partitions() makes the coming months');
select is(private.maintain_partitions(), 0, 'maintain_partitions() is safe to repeat');
select is_empty('select * from v_i4_rls', 'I4 holds for partitions that were made later');
select is_empty('select * from v_i4_partition_grant', 'partitions that were made later carry no grants');
rollback to grown;

-- I5 --------------------------------------------------------------------------------------------------------------
create temp view v_i5_shape as
select o.polname || ' on ' || o.polrelid::regclass as name
  from pg_policy as o
  join our_tables as t on t.oid = o.polrelid
  cross join lateral (
    select array_remove(array[pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)], null) as exprs
  ) as e
 where not (t.relispartition and t.schema_name = 'private' and o.polname = 'nobody' -- a partition lets nobody in
            and pg_get_expr(o.polqual, o.polrelid) = 'false' and o.polwithcheck is null)
   and (not o.polpermissive
    or cardinality(o.polroles) <> 1
    or not case (select r.rolname from pg_roles as r where r.oid = o.polroles[1])
      when 'authenticated' then
        o.polcmd in ('r', 'a', 'w', 'd')
        and (o.polcmd <> 'w' or cardinality(e.exprs) = 2)
        and cardinality(e.exprs) > 0
        and not exists (
          select from unnest(e.exprs) as x (expr)
           where x.expr !~ (case when t.name = 'companies' then '^\(id' else '^\(company_id' end
             || ' = \( SELECT private\.company_for\(''[a-z_]+\.[a-z]+''::text\) AS company_for\)\)$'))
        and (select count(distinct x.expr) from unnest(e.exprs) as x (expr)) = 1
      when 'platform_admin' then
        o.polcmd in ('*', 'r')
        and not exists (
          select from unnest(e.exprs) as x (expr)
           where x.expr <> '( SELECT private.is_platform_admin() AS is_platform_admin)')
      else false
    end);
create temp view v_i5_double as
select o.polrelid::regclass || ' ' || c.cmd || ' ' || pg_get_userbyid(r.role) as name
  from pg_policy as o
  join our_tables as t on t.oid = o.polrelid
  cross join lateral unnest(o.polroles) as r (role)
  join unnest(array['r', 'a', 'w', 'd']) as c (cmd) on o.polcmd = '*' or o.polcmd::text = c.cmd
 where o.polpermissive
 group by o.polrelid, c.cmd, r.role
having count(*) > 1;
create temp view v_i5_unknown_permission as
select m[1] as name
  from pg_policy as o
  cross join lateral regexp_matches(
    coalesce(pg_get_expr(o.polqual, o.polrelid), '') || coalesce(pg_get_expr(o.polwithcheck, o.polrelid), ''),
    'company_for\(''([^'']+)''', 'g') as m
 where not exists (select from private.permissions as p where p.permission = m[1]);

select is_empty('select * from v_i5_shape', 'I5: every policy has one of the two shapes, one command, one role');
select is_empty('select * from v_i5_double', 'I5: at most one permissive policy per table, command and role');
select is_empty('select * from v_i5_unknown_permission', 'I5: every permission that a policy asks for exists');

savepoint planted;
create policy planted_or on public.jobs for select to authenticated
  using (company_id = (select private.company_for('jobs.read')) or kind = 'x');
create policy planted_bare on public.services for delete to authenticated using (company_id = private.company_for('services.write'));
create policy planted_true on public.documents for all to platform_admin using (true);
create policy planted_public on public.invoices for select using (company_id = (select private.company_for('invoices.raed')));
drop policy update_member on public.media_assets;
create policy update_member on public.media_assets for update to authenticated
  using (company_id = (select private.company_for('media.write')));
select is(pg_temp.names('v_i5_shape'), array[
  'planted_bare on services', 'planted_or on jobs', 'planted_public on invoices', 'planted_true on documents', 'update_member on media_assets'],
  'I5 notices an OR, a gate outside a sub-select, true, no role, and an update without check');
select is(pg_temp.names('v_i5_double'), array[
  'documents a platform_admin', 'documents d platform_admin', 'documents r platform_admin', 'documents w platform_admin',
  'jobs r authenticated', 'services d authenticated'], 'I5 notices two policies side by side');
select is(pg_temp.names('v_i5_unknown_permission'), array['invoices.raed'], 'I5 notices a permission that nobody can hold');
rollback to planted;

-- I6 --------------------------------------------------------------------------------------------------------------
create temp view v_i6_public as
select t.name || ' ' || a.privilege_type as name from our_tables as t
  cross join lateral aclexplode(t.relacl) as a
 where (a.grantee = 0 or pg_get_userbyid(a.grantee) = 'anon')
union all
select t.name || '.' || c.attname || ' ' || a.privilege_type from our_tables as t
  join pg_attribute as c on c.attrelid = t.oid
  cross join lateral aclexplode(c.attacl) as a
 where (a.grantee = 0 or pg_get_userbyid(a.grantee) = 'anon')
union all
select p.oid::regprocedure::text from our_functions as p
  cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
 where a.grantee = 0
    -- PostgREST runs it before every request, in the role of the request; for anon it only refuses
    or (pg_get_userbyid(a.grantee) = 'anon' and p.oid::regprocedure::text <> 'check_request()');
create temp view v_i6_heavy as
select t.name || ' ' || a.privilege_type || ' ' || pg_get_userbyid(a.grantee) as name
  from our_tables as t cross join lateral aclexplode(t.relacl) as a
 where pg_get_userbyid(a.grantee) in ('authenticated', 'platform_admin', 'service_role')
   and a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE');
create temp view v_i6_whole_table_write as
select t.name || ' ' || a.privilege_type || ' ' || pg_get_userbyid(a.grantee) as name
  from our_tables as t cross join lateral aclexplode(t.relacl) as a
 where a.grantee <> t.relowner and a.privilege_type in ('INSERT', 'UPDATE');
create temp view v_i6_private as
select t.name || ' ' || a.privilege_type || ' ' || pg_get_userbyid(a.grantee) as name
  from our_tables as t cross join lateral aclexplode(t.relacl) as a
 where t.schema_name = 'private' and a.grantee <> t.relowner;
create temp view v_i6_sequence as
select c.relname::text as name from pg_class as c
 where c.relkind = 'S' and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace);

select is_empty('select * from v_i6_public', 'I6: nothing is granted to anon or PUBLIC but the check of a request');
select is_empty('select * from v_i6_heavy', 'I6: no TRUNCATE, REFERENCES, TRIGGER or MAINTAIN for API roles');
select is_empty('select * from v_i6_whole_table_write', 'I6: INSERT and UPDATE grants name their columns');
select is_empty('select * from v_i6_private', 'I6: no grant on internal tables');
select is_empty('select * from v_i6_sequence', 'I6: no sequences');

savepoint planted;
grant select on public.jobs to anon;
grant truncate on public.services to service_role;
grant update on public.documents to authenticated;
grant select on private.api_key_secrets to service_role;
create function public.planted() returns integer language sql as 'select 1';
create sequence public.planted_sequence;
select ok(array['jobs SELECT', 'planted()'] <@ (select array_agg(name) from v_i6_public), 'I6 notices a grant to anon and a function open to PUBLIC');
select is(
  pg_temp.names('v_i6_heavy') || pg_temp.names('v_i6_whole_table_write')
    || pg_temp.names('v_i6_private') || pg_temp.names('v_i6_sequence'), array[
  'services TRUNCATE service_role', 'documents UPDATE authenticated', 'api_key_secrets SELECT service_role', 'planted_sequence'],
  'I6 notices TRUNCATE, whole-table UPDATE, a grant on an internal table and a sequence');
rollback to planted;

-- I7 --------------------------------------------------------------------------------------------------------------
create temp view v_i7 as
select p.oid::regprocedure::text as name from our_functions as p
 where (p.prosecdef and p.schema_name <> 'private')
    or not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false);

select is_empty('select * from v_i7', 'I7: definer functions only in private, search_path pinned everywhere');

savepoint planted;
create function public.planted_definer() returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return 1; end';
create function private.planted_empty_path() returns integer language plpgsql security definer set search_path = '' as 'begin return 1; end';
select is(pg_temp.names('v_i7'), array['planted_definer()', 'private.planted_empty_path()'], 'I7 notices an exposed definer and an empty search_path');
rollback to planted;

-- A type in pg_temp cannot take the place of a built-in one inside a definer function (it can with search_path = '').
savepoint shadow;
create domain pg_temp.uuid as text check (false);
create temp table users (company_id text, id text, status text);
set local role authenticated;
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a001", "role": "authenticated"}', true);
select is((select count(*)::integer from public.services), 4, 'I7: neither a type nor a table in pg_temp shadows what the gate reads');
reset role;
rollback to shadow;

select is_empty('select * from v_i7', 'nothing that was planted has stayed');

select * from finish();
rollback;
