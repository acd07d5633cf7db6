-- migrate:up
-- When the grace period of a closed company is over, everything of it goes, in bounded batches, whatever tables there are:
-- they are found in the catalog, children before parents. A batch is a transaction and knows what is left from the tables
-- alone, so that whoever was killed is simply called again. What a law or a legal hold keeps is kept, without what is
-- personal where the law does not ask for that, and goes in its time. A receipt says what is kept and why.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('private.erasure_table') is null then
    create type private.erasure_table as (
      table_name text,
      keys text[],
      -- Of row t: what a law or a legal hold keeps, and what a row that is still there refers to.
      is_kept text,
      is_referred_to text
    );
  end if;
end
$do$;

-- Of a row of a table, under an alias: whether it has to be kept. `false` where nothing ever has.
create or replace function private.kept_condition(p_company_id uuid, p_table regclass, p_alias text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_class private.retention_classes;
  v_condition text := 'false';
  v_parent record;
  v_above text;
begin
  -- What the platform billed the company is an accounting record as well.
  select k.* into v_class from private.retention_classes as k
   where p_table = format('public.%I', k.data_class)::regclass
      or k.data_class = 'invoices' and p_table = to_regclass('public.billing_invoices');
  if found and exists (
    select from public.data_retention_policies as p
     where p.company_id = p_company_id and p.data_class = v_class.data_class and p.is_legal_hold)
  then
    return 'true';
  elsif v_class.minimum_days > 1 then
    -- A draft is no record yet.
    v_condition := format('coalesce(t.%I::timestamptz, t.created_at) > now() - interval ''%s days'' and (%s)',
      case p_table when to_regclass('public.billing_invoices') then 'issued_at' else v_class.age_column end,
      v_class.minimum_days, coalesce(v_class.overrides_erasure, 'true'));
    v_condition := regexp_replace(v_condition, '\mt\.', p_alias || '.', 'g');
  elsif p_table = 'public.data_retention_policies'::regclass then
    return p_alias || '.is_legal_hold';
  end if;
  -- What belongs to a row that is kept is kept with it, unless a person's erasure would not spare it either.
  for v_parent in
    select k.confrelid::regclass as name, k.conkey, k.confkey
      from pg_constraint as k
     where k.conrelid = p_table and k.contype = 'f' and k.confdeltype = 'c' and k.conparentid = 0
       and k.confrelid <> 'public.companies'::regclass and k.confrelid <> k.conrelid
       and k.confrelid::regclass::text !~ '^auth\.'
       and not exists (
         select from private.column_classes as c
          where format('%I.%I', c.table_schema, c.table_name)::regclass = p_table and c.erasure = 'delete')
  loop
    v_above := private.kept_condition(p_company_id, v_parent.name, p_alias || 'p');
    if v_above <> 'false' then
      v_condition := format('(%s or exists (select from %s as %I where %s and (%s)))', v_condition, v_parent.name, p_alias || 'p',
        private.key_condition(v_parent.name, v_parent.confkey, p_alias || 'p', p_table, v_parent.conkey, p_alias), v_above);
    end if;
  end loop;
  return v_condition;
end
$fn$;
revoke execute on function private.kept_condition(uuid, regclass, text) from public;

-- That two rows meet in a foreign key.
create or replace function private.key_condition(
  p_first regclass, p_first_key smallint[], p_first_alias text, p_second regclass, p_second_key smallint[], p_second_alias text
) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select string_agg(format('%I.%I = %I.%I', p_first_alias, a.attname, p_second_alias, b.attname), ' and ' order by k.n)
      from unnest(p_first_key, p_second_key) with ordinality as k (a, b, n)
      join pg_attribute as a on a.attrelid = p_first and a.attnum = k.a
      join pg_attribute as b on b.attrelid = p_second and b.attnum = k.b);
end
$fn$;
revoke execute on function private.key_condition(regclass, smallint[], text, regclass, smallint[], text) from public;

-- The tables that go, those that refer to others first. The audit log and the outbox have their own ways; days of usage
-- follow the ledger.
create or replace function private.erasure_tables(p_company_id uuid) returns setof private.erasure_table
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_left regclass[];
  v_next regclass[];
  v_table regclass;
begin
  v_left := array(
    select c.oid::regclass
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
     where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
       and c.oid <> all (array[
         'private.company_lifecycles', 'private.outbox_events', 'public.audit_logs', 'private.audit_links',
         'private.audit_segments', 'private.audit_heads', 'private.usage_daily', 'private.usage_deltas']::regclass[])
     order by n.nspname, c.relname);
  while v_left <> '{}' loop
    v_next := array(
      select t from unnest(v_left) as t
       where not exists (
         select from pg_constraint as k
          where k.contype = 'f' and k.confrelid = t and k.conrelid <> t and k.conrelid = any (v_left::oid[])));
    -- Tables that refer to each other in a ring go together; the rows that nothing refers to any more first.
    v_next := coalesce(nullif(v_next, '{}'), v_left);
    foreach v_table in array v_next loop
      return query
        select v_table::text,
               array(select a.attname::text from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                      where i.indrelid = v_table and i.indisprimary order by array_position(i.indkey::smallint[], a.attnum)),
               private.kept_condition(p_company_id, v_table, 't'),
               coalesce((
                 select string_agg(format('exists (select from %s as x where %s)', k.conrelid::regclass,
                          private.key_condition(k.conrelid, k.conkey, 'x', v_table, k.confkey, 't')), ' or ' order by k.conname)
                   from pg_constraint as k
                  -- Those of partitions alone, too, but not those that stand for a partition.
                  where k.contype = 'f' and k.confrelid = v_table and k.conparentid = 0), 'false');
    end loop;
    v_left := array(select t from unnest(v_left) as t where t <> all (v_next));
  end loop;
end
$fn$;
revoke execute on function private.erasure_tables(uuid) from public;

-- At most so many rows of a table; how many went. Rows that somebody works on are left to the next batch.
create or replace function private.erase_table(p_company_id uuid, p_table private.erasure_table, p_max_rows integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key constant text := (select string_agg(format('t.%I', k), ', ' order by n) from unnest(p_table.keys) with ordinality as u (k, n));
  v_old constant text := (select string_agg(format('old.%I', k), ', ' order by n) from unnest(p_table.keys) with ordinality as u (k, n));
  v_told text := '1';
  v_rows bigint;
begin
  if p_table.table_name in ('public.documents', 'public.media_assets') then
    v_told := format('private.emit_event(t.company_id, ''file.expired'', jsonb_build_object(''bucket'', %L, ''path'', t.storage_path, ''row_id'', t.id))',
      case p_table.table_name when 'public.documents' then 'documents' else 'media' end);
  elsif p_table.table_name = 'public.users' then
    v_told := 'private.tell_unused_account(t.company_id, t.id)';
  end if;
  execute format(
    'with old as (
       select %1$s from %2$s as t where t.company_id = $1 and not (%3$s) and not (%4$s) limit $2 for update of t skip locked
     ), gone as (
       delete from %2$s as t using old where (%1$s) = (%5$s) returning %6$s
     )
     select count(*) from gone', v_key, p_table.table_name, p_table.is_kept, p_table.is_referred_to, v_old, v_told)
    into v_rows using p_company_id, p_max_rows;
  return v_rows;
end
$fn$;
revoke execute on function private.erase_table(uuid, private.erasure_table, integer) from public;

-- An account whose last company this is belongs to nobody any more; deleting it is the platform's decision.
create or replace function private.tell_unused_account(p_company_id uuid, p_user_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.emit_event(c.id, 'account.unused', jsonb_build_object('user_id', p_user_id))
     from public.companies as c
    where c.is_operator
      and not exists (select from public.users as u where u.id = p_user_id and u.company_id <> p_company_id);
end
$fn$;
revoke execute on function private.tell_unused_account(uuid, uuid) from public;

-- What is personal in rows that a law keeps, where the law does not ask for it; how many were changed.
create or replace function private.strip_kept_rows(p_company_id uuid, p_max_rows integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_class private.retention_classes;
  v_kept text;
  v_set text;
  v_differs text;
  v_key text;
  v_rows bigint;
  v_total bigint := 0;
begin
  for v_class in
    select k.* from private.retention_classes as k
     where k.minimum_days > 1 and k.overrides_erasure is null and k.data_class <> 'audit_logs'
       and not exists (
         select from public.data_retention_policies as p
          where p.company_id = p_company_id and p.data_class = k.data_class and p.is_legal_hold)
     order by k.data_class
  loop
    exit when v_total >= p_max_rows;
    v_kept := private.kept_condition(p_company_id, format('public.%I', v_class.data_class)::regclass, 't');
    select v.assignments, v.differs into v_set, v_differs from private.anonymous_values(v_class.data_class) as v;
    v_key := case when v_class.is_partitioned then format('company_id, %I, id', v_class.age_column) else 'company_id, id' end;
    execute format(
      'with old as (select %2$s from public.%1$I as t where t.company_id = $1 and (%3$s) and (%4$s) limit $2 for update skip locked)
       update public.%1$I as t set %5$s from old where (%6$s) = (%7$s)',
      v_class.data_class, v_key, v_kept, v_differs, v_set,
      replace('t.' || v_key, ', ', ', t.'), replace('old.' || v_key, ', ', ', old.')) using p_company_id, p_max_rows - v_total;
    get diagnostics v_rows = row_count;
    v_total := v_total + v_rows;
  end loop;
  return v_total;
end
$fn$;
revoke execute on function private.strip_kept_rows(uuid, integer) from public;

-- What rows say that are there only because a row that is kept refers to them, such as the prompt of an agent whose usage
-- was billed; how many were changed. A legal hold may be about those, too.
create or replace function private.strip_referred_rows(p_company_id uuid, p_table private.erasure_table, p_max_rows integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key constant text := (select string_agg(format('t.%I', k), ', ' order by n) from unnest(p_table.keys) with ordinality as u (k, n));
  v_old constant text := (select string_agg(format('old.%I', k), ', ' order by n) from unnest(p_table.keys) with ordinality as u (k, n));
  v_set text;
  v_differs text;
  v_rows bigint := 0;
begin
  select string_agg(format('%I = %s', v.name, v.value), ', '), string_agg(format('t.%I is distinct from %s', v.name, v.value), ' or ')
    into v_set, v_differs
    from (
      select a.attname as name,
             case
               when not a.attnotnull then 'null'
               when a.atttypid = 'jsonb'::regtype then '''{}''::jsonb'
               -- Names may have to differ from each other.
               else '''[erased] '' || t.id'
             end as value
        from private.column_classes as c
        join pg_attribute as a
          on a.attrelid = format('%I.%I', c.table_schema, c.table_name)::regclass and a.attname = c.column_name
       where format('%I.%I', c.table_schema, c.table_name)::regclass = p_table.table_name::regclass
         and (c.erasure = 'clear' or c.erasure = 'scrub' and a.atttypid in ('text'::regtype, 'jsonb'::regtype))
    ) as v;
  if v_set is not null and p_table.is_referred_to <> 'false' and not exists (
    select from public.data_retention_policies as p where p.company_id = p_company_id and p.is_legal_hold)
  then
    execute format(
      'with old as (
         select %1$s from %2$s as t where t.company_id = $1 and not (%3$s) and (%4$s) and (%5$s) limit $2 for update of t skip locked
       )
       update %2$s as t set %6$s from old where (%1$s) = (%7$s)',
      v_key, p_table.table_name, p_table.is_kept, p_table.is_referred_to, v_differs, v_set, v_old) using p_company_id, p_max_rows;
    get diagnostics v_rows = row_count;
  end if;
  return v_rows;
end
$fn$;
revoke execute on function private.strip_referred_rows(uuid, private.erasure_table, integer) from public;

-- The audit log loses who, from where and what at once, and keeps that something was done, by commitments, until the
-- minimum has passed; then its links go from the front. Pruning leaves an entry of its own: when nothing else is left,
-- the last of it goes.
create or replace function private.erase_audit_log(p_company_id uuid, p_before timestamptz, p_max_rows integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_kept_since constant timestamptz := now() - make_interval(days => (
    select k.minimum_days from private.retention_classes as k where k.data_class = 'audit_logs'));
  v_row record;
  v_rows bigint;
begin
  if exists (
    select from public.data_retention_policies as p
     where p.company_id = p_company_id and p.data_class = 'audit_logs' and p.is_legal_hold)
  then
    return 0;
  end if;
  if not exists (
    select from public.audit_logs as l where l.company_id = p_company_id and l.action <> 'audit.pruned')
  then
    perform set_config('app.importing', private.import_token(), true);
    delete from public.audit_logs as l where l.company_id = p_company_id;
    perform set_config('app.importing', v_importing, true);
    delete from private.audit_links as k where k.company_id = p_company_id;
    delete from private.audit_segments as s where s.company_id = p_company_id;
    delete from private.audit_heads as h where h.company_id = p_company_id;
    return 0;
  end if;
  v_rows := private.prune_audit_chain(p_company_id, v_kept_since, p_max_rows);
  for v_row in
    select l.created_at, l.id, array['actor_id', 'created_by', 'row_id', 'ip_address', 'user_agent', 'request_id']
             || array(select 'changes.' || c.key from jsonb_each(l.changes) as c) as fields
      from public.audit_logs as l
     where l.company_id = p_company_id and l.created_at <= p_before
       and (coalesce(l.actor_id, l.created_by, l.row_id) is not null or l.ip_address is not null
            or coalesce(l.user_agent, l.request_id) is not null or l.changes <> '{}')
     order by l.created_at, l.id
     limit greatest(p_max_rows - v_rows, 0)
  loop
    -- Not in the transaction that wrote it: the next batch has another.
    if private.erase_audit_fields(p_company_id, v_row.created_at, v_row.id, v_row.fields) then
      v_rows := v_rows + 1;
    end if;
  end loop;
  return v_rows;
end
$fn$;
revoke execute on function private.erase_audit_log(uuid, timestamptz, integer) from public;

-- Events that wait lose their reader; those about files wait on. Files without a row are told, too, and again each day
-- until they are gone. Of what Stripe sent the ids stay, so that nothing is processed once more.
create or replace function private.erase_files_and_events(p_company_id uuid, p_max_rows integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_rows bigint;
  v_more bigint;
begin
  delete from private.outbox_events as e
   using (select x.id from private.outbox_events as x
           where x.company_id = p_company_id
             and (x.topic not in ('file.expired', 'company.erasure_started', 'company.erased')
                  or x.finished_at < now() - interval '1 day')
           limit p_max_rows for update skip locked) as old
   where e.company_id = p_company_id and e.id = old.id;
  get diagnostics v_rows = row_count;
  perform private.emit_event(p_company_id, 'file.expired', jsonb_build_object('bucket', o.bucket_id, 'path', o.name))
     from (
       select x.bucket_id, x.name from storage.objects as x
        where x.bucket_id in ('documents', 'media') and starts_with(x.name, p_company_id || '/')
          and not exists (
            select from private.outbox_events as e
             where e.company_id = p_company_id and e.topic = 'file.expired'
               and e.payload ->> 'path' = x.name and e.payload ->> 'bucket' = x.bucket_id)
          and not exists (select from public.documents as d where d.company_id = p_company_id and d.storage_path = x.name and x.bucket_id = 'documents')
          and not exists (select from public.media_assets as m where m.company_id = p_company_id and m.storage_path = x.name and x.bucket_id = 'media')
        limit greatest(p_max_rows - v_rows, 0)
     ) as o;
  get diagnostics v_more = row_count;
  v_rows := v_rows + v_more;
  update private.stripe_events as e
     set payload = '{}', error = null
    from (select x.stripe_event_id from private.stripe_events as x
            join public.companies as c on c.stripe_customer_id = x.stripe_customer_id
           where c.id = p_company_id and x.status <> 'received' and x.payload <> '{}'
           limit greatest(p_max_rows - v_rows, 0) for update of x skip locked) as old
   where e.stripe_event_id = old.stripe_event_id;
  get diagnostics v_more = row_count;
  return v_rows + v_more;
end
$fn$;
revoke execute on function private.erase_files_and_events(uuid, integer) from public;

-- Whether a row of a table is left that may go.
create or replace function private.has_erasable_rows(p_company_id uuid, p_table private.erasure_table) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_has_rows boolean;
begin
  execute format('select exists (select from %s as t where t.company_id = $1 and not (%s) and not (%s))',
    p_table.table_name, p_table.is_kept, p_table.is_referred_to) into v_has_rows using p_company_id;
  return v_has_rows;
end
$fn$;
revoke execute on function private.has_erasable_rows(uuid, private.erasure_table) from public;

comment on type private.erasure_table is 'A table that erasure of a company empties: its key, and what of row t has to be kept or is still referred to.';
comment on function private.kept_condition(uuid, regclass, text) is
  'Of a row under an alias: that a law or a legal hold keeps it, as SQL; false where nothing ever does.';
comment on function private.key_condition(regclass, smallint[], text, regclass, smallint[], text) is 'That two rows meet in a foreign key, as SQL.';
comment on function private.erasure_tables(uuid) is 'Tables that the erasure of a company empties, those that refer to others first.';
comment on function private.erase_table(uuid, private.erasure_table, integer) is 'Deletes at most so many rows of a company in a table; how many. Files and accounts are told.';
comment on function private.tell_unused_account(uuid, uuid) is 'Event account.unused of the operator company, if that was the person''s last company.';
comment on function private.strip_kept_rows(uuid, integer) is 'Empties what is personal in rows that a law keeps and does not need it in; how many.';
comment on function private.strip_referred_rows(uuid, private.erasure_table, integer) is 'Empties rows that are there only because a row that is kept refers to them; how many.';
comment on function private.erase_audit_log(uuid, timestamptz, integer) is
  'Erases who, from where and what from the entries of an erased company''s audit log, and prunes those that need not be kept any more; how many.';
comment on function private.erase_files_and_events(uuid, integer) is 'Deletes events of an erased company that nobody needs, empties what Stripe sent about it, and tells of files that are left; how many.';
comment on function private.has_erasable_rows(uuid, private.erasure_table) is 'True if a row of the table is left that may go.';

-- migrate:down
