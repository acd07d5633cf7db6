-- migrate:up
-- The part of the plan that is about keys, indexes and references. On a partitioned table everything is made for each
-- partition first, where it can be made without stopping anybody; what the table itself then gets takes that in.

set lock_timeout = '5s';
set statement_timeout = '10min';

create or replace function private.plan_company_references(p_table regclass) returns setof private.adoption_step
language plpgsql stable rows 2 set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_part record;
begin
  for v_part in
    select t.part, c.relkind = 'p' as is_partitioned, left(c.relname || '_company_id_fkey', 63) as name, k.conname, k.convalidated
      from private.table_tree(p_table) as t
      join pg_class as c on c.oid = t.part
      left join lateral (
        select x.conname, x.convalidated from pg_constraint as x
         where x.conrelid = t.part and x.contype = 'f' and x.confrelid = 'public.companies'::regclass and cardinality(x.conkey) = 1
           and x.conkey[1] = (select a.attnum from pg_attribute as a where a.attrelid = t.part and a.attname = 'company_id')
         order by x.convalidated desc
         limit 1
      ) as k on true
     where t.is_leaf or t.part = p_table
  loop
    if v_part.conname is null then
      return next ('adopt', 'add_company_reference', format(
          'alter table %s add constraint %I foreign key (company_id) references public.companies (id) on delete cascade%s',
          v_part.part, v_part.name, case when v_part.is_partitioned then '' else ' not valid' end), 'transaction',
        'SHARE ROW EXCLUSIVE on both tables, for a moment', 'The company is one that there is.',
        format('alter table if exists %s drop constraint if exists %I', v_part.part, v_part.name), null)::private.adoption_step;
    end if;
    if v_part.convalidated is distinct from true and not v_part.is_partitioned then
      return next ('adopt', 'validate_company_reference', format('alter table %s validate constraint %I', v_part.part, coalesce(v_part.conname, v_part.name)),
        'transaction', 'SHARE UPDATE EXCLUSIVE: reads and writes go on', 'Reads the table once.', null, null)::private.adoption_step;
    end if;
  end loop;
end
$fn$;
revoke execute on function private.plan_company_references(regclass) from public;

create or replace function private.plan_keys(p_table regclass, p_options jsonb) returns setof private.adoption_step
language plpgsql stable rows 10 set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_index record;
  v_is_kept boolean;
begin
  for v_index in
    select t.part, t.is_leaf, i.* from private.table_tree(p_table) as t cross join lateral private.adoption_indexes(t.part) as i
  loop
    v_is_kept := coalesce(p_options -> 'keep_unique' ? v_index.index_name, false);
    if v_index.problem is not null or v_index.is_attached and (not v_index.is_leaf or v_index.constraint_kind = 'exclude') then
      continue;
    elsif v_index.constraint_kind = 'exclude' then
      if not v_index.is_there and not v_is_kept then
        return next ('adopt', 'add_exclusion', v_index.statement, 'transaction',
          'ACCESS EXCLUSIVE while its index is built: nobody reads or writes', format('As %s, by company; PostgreSQL has no other way to build it.', v_index.constraint_name),
          format('alter table if exists %s drop constraint if exists %I', v_index.part, v_index.new_name), null)::private.adoption_step;
      end if;
    elsif v_index.is_leaf then
      if v_index.is_broken then
        return next ('adopt', 'drop_broken_index', format('drop index concurrently %I.%I', v_index.schema_name, v_index.new_name), 'alone',
          'SHARE UPDATE EXCLUSIVE: reads and writes go on', 'An earlier attempt ended before it was complete.', null, null)::private.adoption_step;
      end if;
      if v_index.is_broken or not v_index.is_there then
        return next ('adopt', case when v_index.is_unique then 'add_key' else 'add_index' end, v_index.statement, 'alone',
          'SHARE UPDATE EXCLUSIVE: reads and writes go on', format('As %s, by company.', v_index.index_name),
          format('drop index if exists %I.%I', v_index.schema_name, v_index.new_name), null)::private.adoption_step;
      end if;
    -- A key of a partitioned table takes in the indexes of its partitions when it takes the place of the old one.
    elsif not v_index.is_there and (v_index.constraint_kind is null or v_is_kept) then
      return next ('adopt', 'join_index', v_index.statement, 'transaction', 'SHARE, for a moment: waits for writers',
        format('As %s, by company, from the indexes of the partitions.', v_index.index_name),
        format('drop index if exists %I.%I', v_index.schema_name, v_index.new_name), null)::private.adoption_step;
    end if;
  end loop;
end
$fn$;
revoke execute on function private.plan_keys(regclass, jsonb) from public;

create or replace function private.plan_references(p_table regclass) returns setof private.adoption_step
language plpgsql stable rows 10 set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reference record;
begin
  for v_reference in select * from private.adoption_references(p_table) loop
    if v_reference.needs_index then
      return next ('adopt', case when v_reference.is_partitioned then 'join_index' else 'add_index' end,
        format('create index %sif not exists %I on %s (company_id, %s)', case when v_reference.is_partitioned then '' else 'concurrently ' end,
          v_reference.index_name, v_reference.referencing, v_reference.columns),
        case when v_reference.is_partitioned then 'transaction' else 'alone' end,
        case when v_reference.is_partitioned then 'SHARE, for a moment: waits for writers' else 'SHARE UPDATE EXCLUSIVE: reads and writes go on' end,
        format('Rows that %s leads to, by company.', v_reference.constraint_name),
        format('drop index if exists %s.%I', v_reference.index_schema, v_reference.index_name), null)::private.adoption_step;
    end if;
    continue when v_reference.waits;
    if not v_reference.is_there then
      return next ('adopt', 'add_reference', format('alter table %s add constraint %I %s%s', v_reference.referencing, v_reference.new_name,
          v_reference.definition, case when v_reference.is_partitioned then '' else ' not valid' end),
        'transaction', 'SHARE ROW EXCLUSIVE on both tables, for a moment', format('As %s, within the company.', v_reference.constraint_name),
        format('alter table if exists %s drop constraint if exists %I', v_reference.referencing, v_reference.new_name), null)::private.adoption_step;
    end if;
    if not v_reference.is_valid and not v_reference.is_partitioned then
      return next ('adopt', 'validate_reference', format('alter table %s validate constraint %I', v_reference.referencing, v_reference.new_name),
        'transaction', 'SHARE UPDATE EXCLUSIVE: reads and writes go on', 'Reads the table once; fails if a row leads to another company''s.', null, null)::private.adoption_step;
    end if;
  end loop;
end
$fn$;
revoke execute on function private.plan_references(regclass) from public;

-- The statements by which a key of a partitioned table is replaced: no constraint of it can be made from an index, but those
-- of its partitions can, and its own takes them in. What leads to the key is made anew with it.
create or replace function private.partitioned_key_swap(p_table regclass, p_index_id oid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return concat_ws('; ',
    (select string_agg(format('alter table %s drop constraint %I', r.referencing, r.constraint_name), '; ')
       from private.adoption_references(p_table) as r where r.target_index = p_index_id and r.part_of is null),
    (select format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname) from pg_constraint as k
      where k.conindid = p_index_id and k.contype in ('p', 'u')),
    (select string_agg(format('alter table %s add constraint %I %s using index %I%s', k.conrelid::regclass, k.conname,
              i.constraint_kind, i.new_name, i.constraint_suffix), '; ')
       from pg_partition_tree(p_index_id) as t
       join pg_constraint as k on k.conindid = t.relid and k.contype in ('p', 'u')
      cross join lateral private.adoption_indexes(k.conrelid) as i
      where t.isleaf and i.index_id = t.relid),
    (select format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, regexp_replace(pg_get_constraintdef(k.oid), '\(', '(company_id, '))
       from pg_constraint as k where k.conindid = p_index_id and k.contype in ('p', 'u')),
    (select string_agg(format('alter table %s add constraint %I %s%s', r.referencing, r.constraint_name, r.definition,
              case when r.is_partitioned then '' else ' not valid' end), '; ')
       from private.adoption_references(p_table) as r where r.target_index = p_index_id and r.part_of is null));
end
$fn$;
revoke execute on function private.partitioned_key_swap(regclass, oid) from public;

create or replace function private.plan_key_swaps(p_table regclass, p_options jsonb) returns setof private.adoption_step
language plpgsql stable rows 10 set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_index record;
  v_reference record;
begin
  for v_index in
    select t.part, t.is_leaf, i.*, (
        select string_agg(format('%s of %s', f.conname, f.conrelid::regclass), ', ' order by f.conname)
          from pg_constraint as f
         where f.contype = 'f' and f.conparentid = 0
           and (f.conindid = i.index_id or f.conindid in (select x.relid from pg_partition_tree(i.index_id) as x))
           and not exists (
             select from private.adoption_references(p_table) as r
              where r.referencing = f.conrelid and r.constraint_name = f.conname)) as referrers
      from private.table_tree(p_table) as t
     cross join lateral private.adoption_indexes(t.part) as i
     where not i.is_attached
  loop
    if p_options -> 'keep_unique' ? v_index.index_name and (v_index.is_unique or v_index.constraint_kind = 'exclude') then
      return next ('commit', 'keep_key', null, null, null,
        format('%s stays, as asked: whether a value is taken tells one company about another.', v_index.index_name), null, null)::private.adoption_step;
    elsif v_index.problem is not null then
      return next ('commit', 'keep_index', null, null, null,
        format('%s stays without the company: %s. Under row level security few operators but = reach an index before the company has been compared.', v_index.index_name, v_index.problem), null, null)::private.adoption_step;
    elsif v_index.referrers is not null then
      return next ('commit', 'keep_key', null, null, null,
        format('%s stays while %s needs it: adopt that table, then commit this one again.', v_index.index_name, v_index.referrers), null, null)::private.adoption_step;
    elsif v_index.constraint_kind = 'exclude' then
      return next ('commit', 'replace_exclusion', format('alter table %1$s drop constraint %2$I; alter table %1$s rename constraint %3$I to %2$I',
          v_index.part, v_index.constraint_name, v_index.new_name),
        'transaction', 'ACCESS EXCLUSIVE, for a moment', 'The exclusion within the company takes its place and its name.', null, null)::private.adoption_step;
    elsif v_index.constraint_kind is not null then
      return next ('commit', 'replace_key', case
          when v_index.is_leaf then format('alter table %1$s drop constraint %2$I, add constraint %2$I %3$s using index %4$I%5$s',
            v_index.part, v_index.constraint_name, v_index.constraint_kind, v_index.new_name, v_index.constraint_suffix)
          else private.partitioned_key_swap(p_table, v_index.index_id)
        end, 'transaction', 'ACCESS EXCLUSIVE, for a moment', 'The key with the company takes its place and its name.', null, null)::private.adoption_step;
    else
      return next ('commit', 'replace_index', format('drop index %1$I.%2$I; alter index %1$I.%3$I rename to %2$I', v_index.schema_name, v_index.index_name, v_index.new_name)
          || coalesce((
            select string_agg(format('; alter index %I.%I rename to %I', c.schema_name, c.new_name, c.index_name), '')
              from pg_partition_tree(v_index.index_id) as x
              join pg_index as y on y.indexrelid = x.relid
             cross join lateral private.adoption_indexes(y.indrelid) as c
             where x.isleaf and c.index_id = x.relid), ''),
        'transaction', 'ACCESS EXCLUSIVE, for a moment', 'The index with the company takes its place and its name.', null, null)::private.adoption_step;
    end if;
  end loop;
  -- Those that were made anew with the key, now or in an earlier run.
  for v_reference in
    select r.referencing, r.constraint_name from private.adoption_references(p_table) as r
     where r.waits and r.part_of is null and not r.is_partitioned
    union
    select f.conrelid::regclass, f.conname::text from pg_constraint as f
     where f.contype = 'f' and not f.convalidated and f.conparentid = 0 and f.confrelid = p_table
       and (select c.relkind from pg_class as c where c.oid = p_table) = 'p'
       and exists (select from pg_attribute as a where a.attrelid = f.conrelid and a.attname = 'company_id' and a.attnum = any (f.conkey))
  loop
    return next ('commit', 'validate_reference', format('alter table %s validate constraint %I', v_reference.referencing, v_reference.constraint_name),
      'transaction', 'SHARE UPDATE EXCLUSIVE: reads and writes go on', 'Reads the table once; fails if a row leads to another company''s.', null, null)::private.adoption_step;
  end loop;
end
$fn$;
revoke execute on function private.plan_key_swaps(regclass, jsonb) from public;

comment on function private.plan_company_references(regclass) is 'Steps by which company_id refers to the companies.';
comment on function private.plan_keys(regclass, jsonb) is 'Steps by which keys, indexes and exclusions get twins that lead with the company.';
comment on function private.plan_references(regclass) is 'Steps by which references get twins that carry the company.';
comment on function private.partitioned_key_swap(regclass, oid) is 'Statements by which a key of a partitioned table, and what refers to it, is replaced by one with the company.';
comment on function private.plan_key_swaps(regclass, jsonb) is 'Steps by which the twins take the place and the names of what was there, and what stays and why.';

-- migrate:down
