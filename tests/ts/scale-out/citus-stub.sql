-- Stands for Citus where there is none: the functions that citus.sql calls, with the checks that Citus makes of a table.
create schema citus_stub;
create table citus_stub.placements (table_name regclass primary key, kind text not null, owner text, position serial);

create function citus_stub.place(p_table regclass, p_kind text, p_owner text) returns void
language plpgsql as $fn$
declare
  v_found text;
begin
  select min(p.polname) into v_found from pg_policy as p
   where p.polrelid = p_table and (p.polqual::text ~ 'SUBLINK' or p.polwithcheck::text ~ 'SUBLINK');
  if v_found is not null then
    raise exception 'Subqueries are not supported in policies on distributed tables: % on %', v_found, p_table;
  end if;
  if p_kind <> 'local' and exists (select from pg_trigger as t where t.tgrelid = p_table and not t.tgisinternal) then
    raise exception 'cannot distribute relation % because it has triggers', p_table;
  end if;
  select min(i.indexrelid::regclass::text) into v_found from pg_index as i
   where p_kind = 'distributed' and i.indrelid = p_table and (i.indisunique or i.indisexclusion)
     and not exists (select from pg_attribute as a
                      where a.attrelid = p_table and a.attname = p_owner and a.attnum = any (i.indkey));
  if v_found is not null then
    raise exception 'cannot create constraint on %: % does not include the distribution column', p_table, v_found;
  end if;
  select min(k.conname) into v_found from pg_constraint as k
   where k.conrelid = p_table and k.contype = 'f' and k.confrelid <> p_table and not exists (
     select from citus_stub.placements as x
      where x.table_name = k.confrelid and (x.kind = 'reference' or p_kind = 'distributed' and x.kind = 'distributed'));
  if v_found is not null then
    raise exception 'foreign key % of % leads to a table that is not where its rows are', v_found, p_table;
  end if;
  insert into citus_stub.placements (table_name, kind, owner) values (p_table, p_kind, p_owner);
end
$fn$;

create function public.create_distributed_table(table_name regclass, distribution_column text, colocate_with text) returns void
language sql as $fn$ select citus_stub.place(table_name, 'distributed', distribution_column) $fn$;
create function public.create_reference_table(table_name regclass) returns void
language sql as $fn$ select citus_stub.place(table_name, 'reference', null) $fn$;
create function public.citus_add_local_table_to_metadata(table_name regclass) returns void
language sql as $fn$ select citus_stub.place(table_name, 'local', null) $fn$;
create function public.create_distributed_function(function_name regprocedure) returns void language sql as '';
create function public.truncate_local_data_after_distributing_table(table_name regclass) returns void
language plpgsql as $fn$
begin
  if not exists (select from citus_stub.placements as p where p.table_name = $1) then
    raise exception '% is not distributed', table_name;
  end if;
end
$fn$;
create function public.run_command_on_workers(command text)
returns table (nodename text, nodeport integer, success boolean, result text)
language sql as $fn$ select 'stub', 5432, true, '5' $fn$;
