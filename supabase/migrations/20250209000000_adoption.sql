-- migrate:up
-- Tables that were there before: what it takes to put them under the same rules, as a plan of statements that is made
-- from the catalog as it is now. What is done already is not in the plan, so a second run goes on where the first one
-- ended. Each step says which lock it takes and how it is undone.
--
-- Two stages. `adopt` adds: column, company of each row, keys and references that carry the company, policies. It can be
-- undone. `commit` removes what the added keys and references replace, and ends the way back.
--
-- For the owner of the database only: no API role may execute any of this.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('private.adoption_step') is null then
    create type private.adoption_step as (
      stage text,
      name text,
      statement text,
      -- transaction: alone or with others in one; batches: repeated for ctid $1 to $2 of each table $3 that holds rows;
      -- alone: outside of any.
      runs text,
      lock text,
      purpose text,
      undo text,
      -- Why it cannot be done. Nothing is done while one of them stands.
      problem text
    );
  end if;
  if to_regtype('private.adoption_invariant') is null then
    create type private.adoption_invariant as (invariant text, holds boolean, finding text);
  end if;
end
$do$;

-- What was done to a table, so that it can be undone until it is committed.
create table if not exists private.adoptions (
  table_schema text not null,
  table_name text not null,
  options jsonb not null,
  undo text[] not null default '{}',
  started_at timestamptz not null default now(),
  committed_at timestamptz,
  primary key (table_schema, table_name)
);

-- Quoted names of columns, for a list.
create or replace function private.column_list(p_table regclass, p_columns smallint[], p_prefix text default '') returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select string_agg(p_prefix || quote_ident(a.attname), ', ' order by k.position)
      from unnest(p_columns) with ordinality as k (attnum, position)
      join pg_attribute as a on a.attrelid = p_table and a.attnum = k.attnum);
end
$fn$;
revoke execute on function private.column_list(regclass, smallint[], text) from public;

-- Whether a table has companies: its company_id is what the package means by it.
create or replace function private.is_tenant_table(p_table regclass) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (
    select from pg_attribute as a
     where a.attrelid = p_table and a.attname = 'company_id' and a.atttypid = 'uuid'::regtype and a.attnotnull
       and not a.attisdropped);
end
$fn$;
revoke execute on function private.is_tenant_table(regclass) from public;

-- A table and its partitions, those that hold rows first; a table without any holds them itself. It says how many there are,
-- roughly, as do those that read it: a plan for thousands of rows would be compiled, which takes longer than to run it.
create or replace function private.table_tree(p_table regclass) returns table (part regclass, is_leaf boolean)
language plpgsql stable rows 4 set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select t.relid, t.isleaf from pg_partition_tree(p_table) as t order by t.isleaf desc, t.level desc, t.relid::text;
  if not found then
    return query select p_table, true;
  end if;
end
$fn$;
revoke execute on function private.table_tree(regclass) from public;

-- The expression that says which company a row (alias t) belongs to, from the options.
create or replace function private.adoption_company(p_table regclass, p_options jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key record;
begin
  if p_options ? 'company' then
    return format('%L::uuid', (p_options ->> 'company')::uuid);
  elsif p_options ? 'expression' then
    return format('(%s)', p_options ->> 'expression');
  elsif not p_options ? 'through' then
    return null;
  end if;
  -- The reference may carry the company already, and may be one of the partitions alone.
  select k.parent, k.referencing, k.columns, k.parent_columns into v_key
    from (
      select f.confrelid::regclass as parent, f.conrelid::regclass as referencing, f.conname,
             array_agg(x.column_no order by x.position) as columns, array_agg(a.attname::text order by x.position) as names,
             array_agg(x.parent_column_no order by x.position) as parent_columns
        from pg_constraint as f
        join private.table_tree(p_table) as t on t.part = f.conrelid
       cross join lateral unnest(f.conkey, f.confkey) with ordinality as x (column_no, parent_column_no, position)
        join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = x.column_no and a.attname <> 'company_id'
       where f.contype = 'f' and f.confrelid <> p_table
         -- Not one of those that stand for a partition of the table that it leads to.
         and not exists (select from pg_constraint as g where g.oid = f.conparentid and g.conrelid = f.conrelid)
       group by f.oid, f.confrelid, f.conrelid, f.conname
    ) as k
   where k.conname = p_options ->> 'through' or k.names = array[p_options ->> 'through']
   order by k.referencing = p_table desc, k.conname
   limit 1;
  if not found then
    return null;
  end if;
  return format('(select p.company_id from %s as p where (%s) = (%s))', v_key.parent,
                private.column_list(v_key.parent, v_key.parent_columns, 'p.'), private.column_list(v_key.referencing, v_key.columns, 't.'));
end
$fn$;
revoke execute on function private.adoption_company(regclass, jsonb) from public;

-- What stands in the way, each with what to do about it.
create or replace function private.adoption_problems(p_table regclass, p_options jsonb) returns setof text
language plpgsql stable rows 1 set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_class record;
  v_parent text;
  v_name text;
  v_owner text;
begin
  select c.relname::text as name, n.nspname::text as schema_name, c.relkind, c.relispartition
    into strict v_class
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
   where c.oid = p_table;
  if v_class.relispartition then
    return next format('it is a partition: adopt %s, which takes its partitions with it', pg_partition_root(p_table));
  elsif v_class.relkind not in ('r', 'p')
     or exists (select from pg_inherits as i where p_table = i.inhrelid or p_table = i.inhparent and v_class.relkind <> 'p')
  then
    return next 'only ordinary and partitioned tables can be adopted: not views, foreign tables or inherited tables';
  end if;
  for v_name in
    select t.part::text from private.table_tree(p_table) as t join pg_class as c on c.oid = t.part
     where t.part <> p_table and c.relkind not in ('r', 'p')
  loop
    return next format('partition %s is a foreign table, whose rows nothing here protects: detach it', v_name);
  end loop;
  if v_class.schema_name <> 'public' then
    return next format('only tables of schema public can be adopted, since that is what the API exposes: alter table %s set schema public first', p_table);
  end if;
  for v_owner in
    select distinct pg_get_userbyid(c.relowner) from private.table_tree(p_table) as t join pg_class as c on c.oid = t.part
     where not pg_has_role(current_user, c.relowner, 'usage')
  loop
    return next format('the table belongs to %s: run this as its owner', v_owner);
  end loop;
  if not exists (select from pg_index as i where i.indrelid = p_table and i.indisprimary) then
    return next 'the table has no primary key: add one';
  end if;
  if exists (
    select from pg_attribute as a
     where a.attrelid = p_table and a.attname = 'company_id' and a.atttypid <> 'uuid'::regtype and not a.attisdropped)
  then
    return next 'the table has a column company_id that is no uuid: rename it';
  end if;
  return query
  select format('exclusion constraint %I reaches across companies, and %s; or keep it with keep_unique', i.constraint_name, i.problem)
    from private.table_tree(p_table) as t cross join lateral private.adoption_indexes(t.part) as i
   where i.constraint_kind = 'exclude' and not i.is_attached and i.problem is not null
     and not coalesce(p_options -> 'keep_unique' ? i.index_name, false);
  if (p_options ? 'company')::integer + (p_options ? 'through')::integer + (p_options ? 'expression')::integer <> 1 then
    return next 'say in one way which company a row belongs to: company (its id), through (a foreign key or its column) or expression';
  elsif p_options ? 'company' and not exists (select from public.companies as c where c.id = (p_options ->> 'company')::uuid) then
    return next format('there is no company %s', p_options ->> 'company');
  elsif p_options ? 'through' then
    v_parent := private.adoption_company(p_table, p_options);
    if v_parent is null then
      return next format('%s is neither a foreign key nor the only column of one', p_options ->> 'through');
    elsif not exists (
      select from pg_constraint as f join private.table_tree(p_table) as t on t.part = f.conrelid
       where f.contype = 'f' and private.is_tenant_table(f.confrelid)
         and v_parent like format('(select p.company_id from %s as p %%', f.confrelid::regclass))
    then
      return next format('the table that %s leads to has no companies yet: adopt it first', p_options ->> 'through');
    end if;
  end if;
  if coalesce(p_options ->> 'policies', 'restrictive') not in ('restrictive', 'replace') then
    return next 'policies is restrictive (those that are there must hold as well) or replace';
  end if;
  if coalesce(p_options ->> 'resource', v_class.name) !~ '^[a-z_]+$' then
    return next 'the permissions need a name of lower-case letters and _: say resource';
  end if;
end
$fn$;
revoke execute on function private.adoption_problems(regclass, jsonb) from public;

-- The class of a column that nobody stated: what could be personal counts as personal, since erasure goes by it.
create or replace function private.guess_column_class(p_column_name text, p_type_name text, p_is_key boolean, out class text, out erasure text)
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  class := case
    when p_column_name in ('company_id', 'id') or p_is_key then 'identifier'
    when p_column_name ~* '(password|passwd|secret|token|api_?key|private_?key|hash)' then 'secret'
    when p_column_name ~* '(health|religio|ethnic|biometr|ssn|passport)' then 'sensitive'
    when p_type_name ~ '^(text|character|json|citext|bytea|inet|point|tsvector)' then 'personal'
    when p_column_name ~* '(birth|gender|salary)' then 'personal'
    when p_type_name ~ '^(numeric|money)' then 'financial'
    when p_type_name = 'uuid' then 'identifier'
    else 'operational'
  end;
  erasure := case when class in ('personal', 'sensitive') then 'scrub' else 'keep' end;
end
$fn$;
revoke execute on function private.guess_column_class(text, text, boolean) from public;

revoke all on table private.adoptions from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', 'adoptions', c, 'operational', 'keep'
  from unnest('{table_schema,table_name,options,undo,started_at,committed_at}'::text[]) as c
on conflict do nothing;

comment on table private.adoptions is 'Tables of the application that were put under the rules of the package, and how to undo it until it is committed.';
comment on type private.adoption_step is 'A step of private.plan_adoption().';
comment on type private.adoption_invariant is 'A row of private.verify_table().';
comment on function private.column_list(regclass, smallint[], text) is 'Names of columns of a table in the given order, quoted, each behind a prefix.';
comment on function private.is_tenant_table(regclass) is 'True if every row of the table belongs to a company: company_id uuid not null.';
comment on function private.table_tree(regclass) is 'A table and all of its partitions, those that hold rows first.';
comment on function private.adoption_company(regclass, jsonb) is
  'SQL expression for the company of a row t, by option company, through or expression; null if there is none.';
comment on function private.adoption_problems(regclass, jsonb) is 'Why a table cannot be adopted with these options, and what to do about each; no rows if it can.';
comment on function private.guess_column_class(text, text, boolean) is
  'Class and erasure rule of a column (private.column_classes) by its name and type; text counts as personal.';

-- migrate:down
