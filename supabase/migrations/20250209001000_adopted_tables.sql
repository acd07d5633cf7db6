-- migrate:up
-- What an adopted table needs for as long as it is there: an audit trail of rows that are named by something else than
-- `id uuid`, and partitions that are closed (I4), those that come later, too.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What a row is named by: columns of the primary key as they are called now, but for the company. Without a key by all of it,
-- since what names no row would pair each with each.
create or replace function private.audit_key(p_table regclass) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select coalesce(array_agg(a.attname::text order by array_position(i.indkey::smallint[], a.attnum), a.attnum), '{}')
      from pg_attribute as a
      left join pg_index as i on i.indrelid = a.attrelid and i.indisprimary
     where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped and a.attname <> 'company_id'
       -- What an index includes is no part of its key.
       and (i.indrelid is null or a.attnum = any ((i.indkey::smallint[])[0:i.indnkeyatts - 1])));
end
$fn$;
revoke execute on function private.audit_key(regclass) from public;

-- What changed in a row that is named by p_key: as private.audit_changes() has it, and the key under `(key)`, as no column is
-- called. Null if nothing did. A key that is one UUID is the row's id as well.
create or replace function private.audit_keyed_row(p_old jsonb, p_new jsonb, p_key text[], p_secret text[])
returns private.audited_row
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_row constant jsonb := coalesce(p_new, p_old);
  v_changes constant jsonb := private.audit_changes(p_old, p_new, p_secret);
  v_id constant text := case when cardinality(p_key) = 1 then v_row ->> p_key[1] end;
  v_named jsonb;
begin
  if v_changes is null then
    return null;
  end if;
  select jsonb_strip_nulls(jsonb_build_object(
           'old', jsonb_object_agg(k, case when k = any (p_secret) then '"[secret]"' else p_old -> k end) filter (where p_old is not null),
           'new', jsonb_object_agg(k, case when k = any (p_secret) then '"[secret]"' else p_new -> k end) filter (where p_new is not null)))
    into v_named
    from unnest(p_key) as k;
  return ((v_row ->> 'company_id')::uuid, case when v_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v_id::uuid end,
          case when v_named = '{}' then v_changes else jsonb_build_object('(key)', v_named) || v_changes end);
end
$fn$;
revoke execute on function private.audit_keyed_row(jsonb, jsonb, text[], text[]) from public;

-- Statement trigger of adopted tables that are keyed by something else than `id uuid`. Argument: table. Not a part of
-- private.tg_statement__audit(), which is all about speed.
create or replace function private.tg_statement__audit_keyed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_key constant text[] := private.audit_key(tg_relid);
  v_secret constant text[] := (
    select coalesce(array_agg(c.column_name), '{}') from private.column_classes as c
     where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret');
  v_actor uuid;
  v_role text;
  v_rows private.audited_row[];
begin
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return null;
  end if;
  if tg_op = 'INSERT' then
    select array_agg(private.audit_keyed_row(null, to_jsonb(x), v_key, v_secret)) into v_rows from new_rows as x;
  elsif tg_op = 'DELETE' then
    -- A company that goes takes its log with it.
    select array_agg(private.audit_keyed_row(to_jsonb(x), null, v_key, v_secret)) into v_rows
      from old_rows as x
     where exists (select from public.companies as c where c.id = x.company_id);
  else
    -- Where its key is another now there is an entry for what was and one for what is.
    select array_agg(private.audit_keyed_row(o.j, n.j, v_key, v_secret)) into v_rows
      from (
        select x.j, (select jsonb_agg(x.j -> k) from unnest('{company_id}' || v_key) as k) as key
          from (select to_jsonb(y) as j from new_rows as y offset 0) as x
      ) as n
      full join (
        select x.j, (select jsonb_agg(x.j -> k) from unnest('{company_id}' || v_key) as k) as key
          from (select to_jsonb(y) as j from old_rows as y offset 0) as x
      ) as o on o.key = n.key;
  end if;
  if v_rows is null then
    return null;
  end if;
  v_actor := private.actor_id();
  -- Whoever acts for a company acts for one at a time.
  v_role := private.audit_role((select r.company_id from unnest(v_rows) as r where r.changes is not null limit 1), v_actor);
  insert into public.audit_logs (
    company_id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id, created_by, opens_link)
  select r.company_id, v_actor, v_role,
         tg_argv[0] || case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.updated' else '.deleted' end,
         tg_argv[0], r.row_id, r.changes, q.ip_address, q.user_agent, q.request_id, v_actor,
         row_number() over (partition by r.company_id) = 1
    from unnest(v_rows) as r
   cross join private.audit_request() as q
   where r.changes is not null;
  return null;
end
$fn$;
revoke execute on function private.tg_statement__audit_keyed() from public;

-- Statements for the triggers by which changes of a table are recorded.
create or replace function private.adoption_audit(p_table regclass) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := (select c.relname from pg_class as c where c.oid = p_table);
  v_function constant text := format('private.%I(%L)', case
    when private.audit_key(p_table) = '{id}' and exists (
      select from pg_attribute as a where a.attrelid = p_table and a.attname = 'id' and a.atttypid = 'uuid'::regtype) then 'tg_statement__audit'
    else 'tg_statement__audit_keyed'
  end, v_name);
begin
  return format($sql$
create or replace trigger audit_insert after insert on %1$s referencing new table as new_rows
  for each statement execute function %2$s;
create or replace trigger audit_update after update on %1$s referencing old table as old_rows new table as new_rows
  for each statement execute function %2$s;
create or replace trigger audit_delete after delete on %1$s referencing old table as old_rows
  for each statement execute function %2$s;
$sql$, p_table, v_function);
end
$fn$;
revoke execute on function private.adoption_audit(regclass) from public;

-- Partitions that somebody could get at without the policies of their table.
create or replace function private.open_partitions(p_table regclass) returns setof regclass
language plpgsql stable rows 1 set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select t.part
    from private.table_tree(p_table) as t
    join pg_class as c on c.oid = t.part
   where t.part <> p_table
     and (not c.relrowsecurity or exists (
       select from unnest('{anon,authenticated,platform_admin,service_role}'::text[]) as r
        where has_any_column_privilege(r, t.part, 'select, insert, update, references')
           or has_table_privilege(r, t.part, 'delete, truncate, trigger')));
end
$fn$;
revoke execute on function private.open_partitions(regclass) from public;

create or replace function private.close_partitions(p_table regclass) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_part regclass;
  v_policy text;
  v_closed integer := 0;
begin
  for v_part in select o from private.open_partitions(p_table) as o loop
    execute format('revoke all on table %s from public, anon, authenticated, platform_admin, service_role', v_part);
    for v_policy in select p.polname from pg_policy as p where p.polrelid = v_part loop
      execute format('drop policy %I on %s', v_policy, v_part);
    end loop;
    execute format('alter table %s enable row level security', v_part);
    execute format('create policy nobody on %s for all to public using (false)', v_part);
    execute format('comment on policy nobody on %s is %L', v_part, 'A partition is reached through its table alone.');
    v_closed := v_closed + 1;
  end loop;
  return v_closed;
end
$fn$;
revoke execute on function private.close_partitions(regclass) from public;

comment on function private.audit_key(regclass) is
  'Columns by which the audit log names rows of an adopted table: those of its primary key but for the company; without one, all.';
comment on function private.audit_keyed_row(jsonb, jsonb, text[], text[]) is
  'Entry of the audit log for a change of a row that is named by other columns than id; null if nothing changed.';
comment on function private.tg_statement__audit_keyed() is
  'Records what changed in adopted tables that are not keyed by id uuid: the key stands in changes under (key).';
comment on function private.adoption_audit(regclass) is 'Statements for the triggers by which changes of a table are recorded.';
comment on function private.open_partitions(regclass) is 'Partitions of a table without row level security, or with grants to API roles.';
comment on function private.close_partitions(regclass) is
  'Closes the partitions of an adopted table that are open: no grants, row level security on, nobody let in. How many. Run it in the transaction that creates a partition.';

-- migrate:down
