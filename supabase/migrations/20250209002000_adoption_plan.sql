-- migrate:up
-- The plan by which a table is adopted: read from the catalog as it is now, so that what is done is not in it.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Foreign keys of a table, or to it, between tables with companies, that do not carry the company yet, and the ones that
-- shall replace them. On a partitioned table the key of each partition comes first, not validated; the table's own then
-- takes them in without reading a row. What leads to a partitioned table waits for the key of that table.
create or replace function private.adoption_references(p_table regclass)
returns table (
  referencing regclass, constraint_name text, columns text, new_name text, definition text, is_there boolean, is_valid boolean,
  needs_index boolean, problem text, index_schema text, index_name text, target_index oid, is_partitioned boolean, part_of oid, waits boolean
)
language plpgsql stable rows 4 set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  with recursive tree as materialized (select t.part from private.table_tree(p_table) as t),
  clones as (
    select k.oid as id, k.oid as top_id from pg_constraint as k where k.contype = 'f' and k.conparentid = 0
    union all
    select k.oid, x.top_id from pg_constraint as k join clones as x on k.conparentid = x.id where k.contype = 'f'
  )
  select f.conrelid::regclass, f.conname::text, private.column_list(f.conrelid, f.conkey), left('company_' || f.conname, 63),
         format('foreign key (company_id, %s) references %s (company_id, %s)%s%s%s',
           private.column_list(f.conrelid, f.conkey), f.confrelid::regclass, private.column_list(f.confrelid, f.confkey),
           case f.confupdtype when 'c' then ' on update cascade' when 'r' then ' on update restrict' else '' end,
           case f.confdeltype
             when 'c' then ' on delete cascade' when 'r' then ' on delete restrict'
             -- The company stays.
             when 'n' then format(' on delete set null (%s)', private.column_list(f.conrelid, f.conkey))
             when 'd' then format(' on delete set default (%s)', private.column_list(f.conrelid, f.conkey))
             else ''
           end,
           case when f.condeferred then ' deferrable initially deferred' when f.condeferrable then ' deferrable' else '' end),
         n.oid is not null, coalesce(n.convalidated, false),
         not exists (
           select from pg_index as i
             join pg_class as b on b.oid = i.indexrelid
             join pg_am as m on m.oid = b.relam and m.amname = 'btree'
            where i.indrelid = f.conrelid and i.indpred is null
              and ((i.indkey::smallint[])[0:array_length(f.conkey, 1) - 1] = f.conkey
                   or (i.indkey::smallint[])[1:array_length(f.conkey, 1)] = f.conkey
                   and i.indkey[0] = (select a.attnum from pg_attribute as a where a.attrelid = f.conrelid and a.attname = 'company_id'))),
         case
           when f.confupdtype in ('n', 'd') then format('foreign key %I sets its columns when the key changes, which a key with the company cannot: change it', f.conname)
           when f.confmatchtype = 'f' then format('foreign key %I matches fully: change it to match simple', f.conname)
         end,
         c.relnamespace::regnamespace::text,
         left(format('company_%s%s_idx', case when c.relispartition then c.relname || '_' else '' end, f.conname), 63),
         f.conindid, c.relkind = 'p', nullif(x.top_id, f.oid), p.relkind = 'p'
    from pg_constraint as f
    join clones as x on x.id = f.oid
    join pg_class as c on c.oid = f.conrelid
    join pg_class as p on p.oid = f.confrelid
    left join pg_constraint as n on n.conrelid = f.conrelid and n.contype = 'f' and n.conname = left('company_' || f.conname, 63)
   where (f.conrelid in (select t.part from tree as t) or f.confrelid in (select t.part from tree as t))
     -- Of those that stand for a partition, the ones of partitions that hold the referring rows.
     and (f.conparentid = 0
          or c.relkind = 'r' and not exists (select from pg_constraint as g where g.oid = f.conparentid and g.conrelid = f.conrelid))
     -- The table itself is to have companies, whether it has them already or not.
     and (f.conrelid in (select t.part from tree as t) or private.is_tenant_table(f.conrelid))
     and (f.confrelid in (select t.part from tree as t) or private.is_tenant_table(f.confrelid))
     and f.confrelid <> 'public.companies'::regclass
     and not exists (
       select from pg_attribute as a where a.attrelid = f.conrelid and a.attname = 'company_id' and a.attnum = any (f.conkey))
   order by c.relkind = 'p', f.conrelid = p_table desc, f.conname, f.conrelid::regclass::text;
end
$fn$;
revoke execute on function private.adoption_references(regclass) from public;

-- Indexes of a table that do not lead with the company, and the ones that shall replace them: with the company in front,
-- where the kind of index can take it.
create or replace function private.adoption_indexes(p_table regclass)
returns table (
  index_id oid, schema_name text, index_name text, constraint_name text, constraint_kind text, constraint_suffix text,
  is_unique boolean, is_attached boolean, new_name text, statement text, is_there boolean, is_broken boolean, problem text
)
language plpgsql stable rows 4 set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select i.indexrelid, c.relnamespace::regnamespace::text, c.relname::text, k.conname::text,
         case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'x' then 'exclude' end,
         case when k.condeferred then ' deferrable initially deferred' when k.condeferrable then ' deferrable' else '' end,
         i.indisunique, exists (select from pg_inherits as h where h.inhrelid = i.indexrelid), left('company_' || c.relname, 63),
         case
           when k.contype = 'x' then format('alter table %s add constraint %I %s', p_table, left('company_' || c.relname, 63),
             regexp_replace(pg_get_constraintdef(k.oid), '^EXCLUDE USING (\w+) \(', 'exclude using \1 (company_id with =, '))
           else regexp_replace(
             replace(pg_get_indexdef(i.indexrelid),
               format('CREATE %sINDEX %I ON %s', u.word, c.relname, case c.relkind when 'I' then 'ONLY ' else '' end),
               format('create %sindex %s%I on ', lower(u.word), case c.relkind when 'I' then '' else 'concurrently ' end, left('company_' || c.relname, 63))),
             ' USING (\w+) \(', ' using \1 (company_id, ')
         end,
         n.indexrelid is not null, n.indisvalid is false,
         case
           when not pg_indexam_has_property(m.oid, 'can_multi_col') then format('an index of kind %s takes one column only: create one of kind btree that begins with company_id', m.amname)
           when not exists (select from pg_opclass as o where o.opcmethod = m.oid and o.opcintype = 'uuid'::regtype and o.opcdefault)
             then format('kind %s has no operators for uuid: create extension btree_%s with schema extensions', m.amname, m.amname)
         end
    from pg_index as i
    join pg_class as c on c.oid = i.indexrelid
    join pg_am as m on m.oid = c.relam
   cross join lateral (select case when i.indisunique then 'UNIQUE ' else '' end as word) as u
    left join pg_constraint as k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') and k.conrelid = p_table
    left join (pg_index as n join pg_class as d on d.oid = n.indexrelid)
           on n.indrelid = p_table and d.relname = left('company_' || c.relname, 63)
   where i.indrelid = p_table
     and not exists (
       select from pg_attribute as a
        where a.attrelid = p_table and a.attname = 'company_id' and not a.attisdropped and a.attnum = any (i.indkey::smallint[]))
   order by i.indisprimary desc, c.relname;
end
$fn$;
revoke execute on function private.adoption_indexes(regclass) from public;

-- Statements that give a table back the policies and grants that it has now.
create or replace function private.current_access(p_table regclass) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return concat_ws(E';\n',
    format('revoke all on table %s from public, anon, authenticated, platform_admin, service_role', p_table),
    (select string_agg(format('drop policy if exists %I on %s', p, p_table), E';\n')
       from unnest('{select_member,insert_member,update_member,delete_member,all_platform_admin,nobody}'::text[]) as p
      where not exists (select from pg_policy as x where x.polrelid = p_table and x.polname = p)),
    (select format('alter table %s disable row level security', p_table) from pg_class as c where c.oid = p_table and not c.relrowsecurity),
    (select string_agg(format('grant %s%s on table %s to %s%s', g.privilege, g.columns, p_table, g.grantee, g.option), E';\n' order by g.privilege, g.columns, g.grantee)
       from (
         select x.privilege_type as privilege, '' as columns, case x.grantee when 0 then 'public' else x.grantee::regrole::text end as grantee,
                case when x.is_grantable then ' with grant option' else '' end as option
           from pg_class as c cross join lateral aclexplode(c.relacl) as x
          where c.oid = p_table and x.grantee <> c.relowner
         union all
         select x.privilege_type, format(' (%I)', a.attname), case x.grantee when 0 then 'public' else x.grantee::regrole::text end,
                case when x.is_grantable then ' with grant option' else '' end
           from pg_attribute as a cross join lateral aclexplode(a.attacl) as x
          where a.attrelid = p_table and not a.attisdropped
       ) as g),
    (select string_agg(
              format('drop policy if exists %1$I on %2$s;', p.polname, p_table) || chr(10)
              || format('create policy %I on %s as %s for %s to %s%s%s', p.polname, p_table,
                   case when p.polpermissive then 'permissive' else 'restrictive' end,
                   case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
                   case when p.polroles = '{0}' then 'public' else (select string_agg(r::regrole::text, ', ') from unnest(p.polroles) as r) end,
                   ' using (' || pg_get_expr(p.polqual, p_table) || ')', ' with check (' || pg_get_expr(p.polwithcheck, p_table) || ')'),
              E';\n' order by p.polname)
       from pg_policy as p where p.polrelid = p_table)) || ';';
end
$fn$;
revoke execute on function private.current_access(regclass) from public;

-- The same for a partition, which may be gone by then.
create or replace function private.current_partition_access(p_part regclass) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return format(E'do $undo$ begin if to_regclass(%L) is not null then\n%s\nend if; end $undo$;\n', p_part, private.current_access(p_part));
end
$fn$;
revoke execute on function private.current_partition_access(regclass) from public;

-- The policies that are there, as one restrictive policy for each command and set of roles: who was let in by one of
-- several is let in by one of several still, and in addition must belong to the company.
create or replace function private.kept_policies(p_table regclass) returns table (command text, statement text)
language plpgsql stable rows 4 set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select v.command,
         format('create policy %I on %s as restrictive for %s to %s%s%s;', left(format('kept_%s_%s', v.command, v.number), 63), p_table, v.command,
                v.roles,
                case when v.command <> 'insert' then format(' using (%s)', v.quals) end,
                case when v.command in ('insert', 'update') then format(' with check (%s)', v.checks) end)
    from (
      select c.command,
             case when p.polroles = '{0}' then 'public' else (select string_agg(r::regrole::text, ', ') from unnest(p.polroles) as r) end as roles,
             string_agg(coalesce(pg_get_expr(p.polqual, p_table), 'true'), ' or ' order by p.polname) as quals,
             string_agg(coalesce(pg_get_expr(p.polwithcheck, p_table), pg_get_expr(p.polqual, p_table), 'true'), ' or ' order by p.polname) as checks,
             row_number() over (partition by c.command order by p.polroles::text) as number
        from pg_policy as p
        join (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as c (command, code)
          on p.polcmd::text in (c.code, '*')
       where p.polrelid = p_table and p.polpermissive
         and p.polname <> all ('{select_member,insert_member,update_member,delete_member,all_platform_admin}')
       group by c.command, p.polroles
    ) as v
   order by v.command, v.number;
end
$fn$;
revoke execute on function private.kept_policies(regclass) from public;

-- What puts the table under the gate: permissions, policies, grants, triggers, classes.
create or replace function private.adoption_protection(p_table regclass, p_options jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := (select c.relname from pg_class as c where c.oid = p_table);
  v_resource constant text := coalesce(p_options ->> 'resource', v_name);
  v_is_replacing constant boolean := p_options ->> 'policies' is not distinct from 'replace';
  v_has_policies constant boolean := (select c.relrowsecurity from pg_class as c where c.oid = p_table);
  v_read constant text := format('company_id = (select private.company_for(%L))', v_resource || '.read');
  v_write constant text := format('company_id = (select private.company_for(%L))', v_resource || '.write');
  v_verbs text[] := '{select,insert,update,delete}'::text[];
  v_insert text;
  v_update text;
  v_identity text;
  v_sql text;
begin
  -- Where rules were in force, nobody may do more than they let some do.
  if v_has_policies and not v_is_replacing then
    select coalesce(array_agg(distinct k.command), '{}') into v_verbs from private.kept_policies(p_table) as k;
  end if;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attidentity <> 'a'),
         string_agg(quote_ident(a.attname), ', ' order by a.attnum)
           filter (where a.attname not in ('company_id', 'id', 'created_at') and a.attidentity = ''
                     and not exists (select from pg_index as i
                                      where i.indrelid = p_table and i.indisprimary and a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1]))),
         string_agg(format('new.%1$I is distinct from old.%1$I', a.attname), ' or ' order by a.attnum)
           filter (where a.attname in ('company_id', 'id'))
    into v_insert, v_update, v_identity
    from pg_attribute as a
   where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  -- The column may be about to be added.
  if not exists (select from pg_attribute as a where a.attrelid = p_table and a.attname = 'company_id' and not a.attisdropped) then
    v_insert := concat_ws(', ', v_insert, 'company_id');
    v_identity := concat_ws(' or ', 'new.company_id is distinct from old.company_id', v_identity);
  end if;
  v_sql := format($sql$
insert into private.permissions (permission, description) values (%1$L, %3$L), (%2$L, %4$L) on conflict do nothing;
insert into private.role_permissions (role, permission)
select r.role, r.permission from (values ('admin', %1$L), ('admin', %2$L), ('client', %1$L), ('client', %2$L)) as r (role, permission)
on conflict do nothing;
$sql$, v_resource || '.read', v_resource || '.write', format('See %s.', v_resource), format('Create, change and delete %s.', v_resource));
  if not v_is_replacing then
    v_sql := v_sql || coalesce((select string_agg(k.statement, chr(10)) || chr(10) from private.kept_policies(p_table) as k), '');
  end if;
  v_sql := v_sql || coalesce((
    select string_agg(format('drop policy %I on %s;', p.polname, p_table), chr(10)) || chr(10) from pg_policy as p
     where p.polrelid = p_table and (p.polpermissive or v_is_replacing)), '');
  v_sql := v_sql || format($sql$
alter table %1$s enable row level security;
create policy select_member on %1$s for select to authenticated using (%2$s);
create policy insert_member on %1$s for insert to authenticated with check (%3$s);
create policy update_member on %1$s for update to authenticated using (%3$s) with check (%3$s);
create policy delete_member on %1$s for delete to authenticated using (%3$s);
create policy all_platform_admin on %1$s for all to platform_admin
  using ((select private.is_platform_admin())) with check ((select private.is_platform_admin()));
comment on policy select_member on %1$s is %6$L;
comment on policy insert_member on %1$s is %7$L;
comment on policy update_member on %1$s is %8$L;
comment on policy delete_member on %1$s is %9$L;
comment on policy all_platform_admin on %1$s is 'Platform operators reach every company while the tables say they are admins.';
comment on column %1$s.company_id is 'Company (tenant) that the row belongs to. Never changes.';
create or replace trigger keep_tenant before update on %1$s for each row when (%4$s)
  execute function private.tg_row__refuse_move(%5$L);
revoke all on table %1$s from public, anon, authenticated, platform_admin, service_role;
$sql$, p_table, v_read, v_write, v_identity, v_name,
    format('Members holding %s.read see the rows of their active company.', v_resource),
    format('Members holding %s.write add rows to their active company only.', v_resource),
    format('Members holding %s.write change rows of their active company and cannot move them out of it.', v_resource),
    format('Members holding %s.write delete rows of their active company.', v_resource));
  v_sql := v_sql
    || case when 'select' = any (v_verbs) then format(E'grant select on table %s to authenticated;\n', p_table) else '' end
    || case when 'delete' = any (v_verbs) then format(E'grant delete on table %s to authenticated;\n', p_table) else '' end
    || case when 'insert' = any (v_verbs) then format(E'grant insert (%s) on table %s to authenticated;\n', v_insert, p_table) else '' end
    || case when 'update' = any (v_verbs) and v_update is not null then format(E'grant update (%s) on table %s to authenticated;\n', v_update, p_table) else '' end
    || format(E'grant select, delete, insert (%1$s) on table %2$s to platform_admin, service_role;\n', v_insert, p_table)
    || case when v_update is not null then format(E'grant update (%s) on table %s to platform_admin, service_role;\n', v_update, p_table) else '' end;
  -- Whoever may not call nextval() cannot insert: sequences stay for those who can insert, until they become identities.
  v_sql := v_sql || coalesce((
    select string_agg(format(E'revoke all on sequence %s from public, anon;\n', d.objid::regclass), '')
      from pg_depend as d join pg_class as s on s.oid = d.objid and s.relkind = 'S'
     where d.refobjid = p_table and d.classid = 'pg_class'::regclass and d.deptype = 'a'), '');
  v_sql := v_sql || (
    select format(E'insert into private.column_classes (table_schema, table_name, column_name, class, erasure) values\n  %s\non conflict do nothing;\n',
             string_agg(format('(''public'', %L, %L, %L, %L)', v_name, a.name,
               coalesce(p_options #>> array['classes', a.name, '0'], g.class), coalesce(p_options #>> array['classes', a.name, '1'], g.erasure)), E',\n  ' order by a.attnum))
      from (
        select x.attname::text as name, format_type(x.atttypid, null) as type_name, x.attnum,
               exists (select from pg_constraint as k where k.conrelid = p_table and k.contype in ('p', 'f') and x.attnum = any (k.conkey)) as is_key
          from pg_attribute as x
         where x.attrelid = p_table and x.attnum > 0 and not x.attisdropped
        union
        select 'company_id', 'uuid', 0, true
         where not exists (select from pg_attribute as x where x.attrelid = p_table and x.attname = 'company_id' and not x.attisdropped)
      ) as a
     cross join lateral private.guess_column_class(a.name, a.type_name, a.is_key) as g);
  if exists (select from private.table_tree(p_table) as t where t.part <> p_table) then
    v_sql := v_sql || format(E'select private.close_partitions(%L::regclass);\n', p_table);
  end if;
  if p_options ->> 'audit' is distinct from 'false' then
    v_sql := v_sql || private.adoption_audit(p_table);
  end if;
  return v_sql;
end
$fn$;
revoke execute on function private.adoption_protection(regclass, jsonb) from public;

-- The trigger that gives rows of an application that knows nothing of companies theirs.
create or replace function private.adoption_assignment(p_table regclass, p_options jsonb, p_is_final boolean) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := (select c.relname from pg_class as c where c.oid = p_table);
  v_gate constant text := format($sql$
  if tg_op = 'INSERT' and new.company_id is null and current_setting('role', true) = 'authenticated' then
    new.company_id := private.company_for(%L);
  end if;$sql$, coalesce(p_options ->> 'resource', v_name) || '.write');
  v_row constant text := format($sql$
  if new.company_id is null then
    select %s into new.company_id from (select new.*) as t;
  end if;$sql$, private.adoption_company(p_table, p_options));
begin
  return format($sql$create or replace function private.%1$I() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $body$
begin%2$s
  return new;
end
$body$;
revoke execute on function private.%1$I() from public;
comment on function private.%1$I() is 'Row trigger: the company of a row of %3$s that does not state it.';
create or replace trigger assign_company before insert%4$s on %3$s
  for each row when (new.company_id is null) execute function private.%1$I();$sql$,
    'tg_' || v_name || '__assign_company',
    case
      -- What belonged to one company while there was only one is nobody's once there are several.
      when p_options ? 'company' then v_gate || case when p_is_final then '' else v_row end
      else v_row || v_gate
    end,
    p_table, case when p_is_final then '' else ' or update' end);
end
$fn$;
revoke execute on function private.adoption_assignment(regclass, jsonb, boolean) from public;

comment on function private.adoption_references(regclass) is
  'Foreign keys between a table and others with companies that do not carry the company, and those that shall replace them.';
comment on function private.adoption_indexes(regclass) is 'Indexes of a table that do not carry the company, and those that shall replace them.';
comment on function private.current_access(regclass) is 'Statements that give a table back the policies and grants that it has now.';
comment on function private.current_partition_access(regclass) is 'Statements that give a partition back the policies and grants that it has now, if it is still there.';
comment on function private.kept_policies(regclass) is 'Restrictive policies that let in whom the permissive policies of a table let in, one for each command and set of roles.';
comment on function private.adoption_protection(regclass, jsonb) is 'Statements that put a table under the gate: permissions, policies, grants, triggers, classes of its columns.';
comment on function private.adoption_assignment(regclass, jsonb, boolean) is
  'Statements for the trigger that gives a row without company its own: by the rule of the adoption, or the member''s active company.';

-- migrate:down
