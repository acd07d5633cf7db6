-- migrate:up
-- What happens to sensitive tables is recorded by triggers, and what is recorded is chained: each transaction that
-- writes to a company's audit log adds one link, whose hash covers the link before it and every row of the
-- transaction. A row that is changed, removed, added or put elsewhere no longer fits its link, and a link that is
-- changed no longer fits the next. Links get their place when their transaction commits: until then nobody waits for
-- anybody, and then only those who write to the same company's log.
--
-- The hash covers what may be personal by commitments: a field can be erased from a row, its commitment stays, and the
-- chain still verifies. Old links are pruned from the front, and what they came to is kept in a segment.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.audit_heads (
  company_id uuid not null references public.companies (id) on delete cascade,
  link_no bigint not null default 0,
  previous_hash bytea,
  hash bytea not null,
  primary key (company_id)
) with (fillfactor = 50);

create table if not exists private.audit_links (
  company_id uuid not null references public.companies (id) on delete cascade,
  created_at timestamptz not null,
  transaction_id xid8 not null,
  link_no bigint not null,
  row_count integer not null,
  rows_hash bytea not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (company_id, link_no),
  constraint audit_links_are_one_a_transaction unique (company_id, created_at, transaction_id)
);

create table if not exists private.audit_segments (
  company_id uuid not null references public.companies (id) on delete cascade,
  first_link_no bigint not null,
  last_link_no bigint not null,
  row_count bigint not null,
  first_created_at timestamptz not null,
  last_created_at timestamptz not null,
  previous_hash bytea not null,
  hash bytea not null,
  pruned_at timestamptz not null default now(),
  primary key (company_id, first_link_no),
  constraint audit_segments_links_are_in_order check (first_link_no <= last_link_no)
);

do $do$
begin
  if to_regtype('private.audited_row') is null then
    create type private.audited_row as (company_id uuid, row_id uuid, changes jsonb);
  end if;
  if to_regtype('public.audit_verification') is null then
    create type public.audit_verification as (
      is_intact boolean,
      first_link_no bigint,
      last_link_no bigint,
      row_count bigint,
      erased_row_count bigint,
      pruned_row_count bigint,
      head_link_no bigint,
      head_hash text,
      problems jsonb
    );
  end if;
  if to_regtype('public.audit_entry') is null then
    create type public.audit_entry as (
      id uuid,
      created_at timestamptz,
      actor_id uuid,
      actor_role text,
      action text,
      table_name text,
      row_id uuid,
      changes jsonb,
      ip_address inet,
      user_agent text,
      request_id text,
      erased_fields text[]
    );
  end if;
end
$do$;

-- What stands before the first link of a company.
create or replace function private.audit_genesis(p_company_id uuid) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return sha256(convert_to('lytbub audit chain 1 ' || p_company_id, 'UTF8'));
end
$fn$;
revoke execute on function private.audit_genesis(uuid) from public;

create or replace function private.audit_link_hash(
  p_previous bytea, p_link_no bigint, p_created_at timestamptz, p_transaction_id xid8, p_row_count integer, p_rows_hash bytea
) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return sha256(p_previous || int8send(p_link_no) || int8send((extract(epoch from p_created_at) * 1000000)::bigint)
    || int8send(p_transaction_id::text::bigint) || int4send(p_row_count) || p_rows_hash);
end
$fn$;
revoke execute on function private.audit_link_hash(bytea, bigint, timestamptz, xid8, integer, bytea) from public;

-- The hash of a row from which fields were erased: what it was before. An erased field has no value and its commitment
-- in `commitments` (c); the other fields have their own salts there (s), since the row's is gone. What is in
-- `commitments` without being either counts as it stands, and a salt that is still there counts, too.
create or replace function private.audit_erased_leaf(p_row public.audit_logs) returns bytea
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_fields bytea;
begin
  select string_agg(
           convert_to(v.name, 'UTF8') || '\x00'::bytea || coalesce(
             decode(v.commitment, 'hex'),
             sha256(decode(v.salt, 'hex') || convert_to(v.value, 'UTF8')),
             convert_to(v.value, 'UTF8')),
           ''::bytea order by starts_with(v.name, 'changes.'), octet_length(v.name), v.name collate "C", v.value collate "C")
    into v_fields
    from (
      select x.name, x.value, null::text as commitment,
             case when p_row.commitments -> x.name ->> 's' ~ '^[0-9a-f]{64}$' then p_row.commitments -> x.name ->> 's' end as salt
        from (
          values ('row_id', p_row.row_id::text), ('actor_id', p_row.actor_id::text), ('created_by', p_row.created_by::text),
                 ('ip_address', p_row.ip_address::text), ('request_id', p_row.request_id), ('user_agent', p_row.user_agent)
          union all
          select 'changes.' || c.key, c.value::text from jsonb_each(p_row.changes) as c
        ) as x (name, value)
       where x.value is not null
      union all
      select e.key, case when k.kind is distinct from 'c' then e.value::text end, case when k.kind = 'c' then e.value ->> 'c' end, null
        from jsonb_each(p_row.commitments) as e
       cross join lateral (
         select case
                  when jsonb_typeof(e.value) <> 'object' then null
                  when e.value - 'c' = '{}' and e.value ->> 'c' ~ '^[0-9a-f]{64}$' then 'c'
                  when e.value - 's' = '{}' and e.value ->> 's' ~ '^[0-9a-f]{64}$' then 's'
                end as kind
       ) as k
       where k.kind is distinct from 's'
          or not case e.key
               when 'actor_id' then p_row.actor_id is not null
               when 'created_by' then p_row.created_by is not null
               when 'row_id' then p_row.row_id is not null
               when 'ip_address' then p_row.ip_address is not null
               when 'user_agent' then p_row.user_agent is not null
               when 'request_id' then p_row.request_id is not null
               else starts_with(e.key, 'changes.') and p_row.changes ? substr(e.key, 9)
             end
    ) as v;
  return sha256(
    uuid_send(p_row.company_id) || uuid_send(p_row.id) || timestamptz_send(p_row.created_at) || xid8send(p_row.transaction_id)
    || convert_to(jsonb_build_array(p_row.actor_role, p_row.action, p_row.table_name, p_row.opens_link)::text, 'UTF8')
    || coalesce(v_fields, '') || coalesce(uuid_send(p_row.salt), ''));
end
$fn$;
revoke execute on function private.audit_erased_leaf(public.audit_logs) from public;

-- The hash of the rows that a transaction wrote to a company's log, by the hashes of each. A field that may be personal
-- counts by its commitment, sha256(sha256(row's salt || name) || value): without the salt nobody can guess the value
-- from it. Fields come in the order of jsonb: the shorter name first, those of `changes` after the others. Whoever calls
-- it has the settings that its plan needs (see below): to set them once more costs more than the hash of a row. The rows
-- come sorted, which only the primary key does: after a bulk load statistics say that a company's rows are all of one
-- time, and then any other index that leads with the company seems as good.
create or replace function private.audit_rows_hash(
  p_company_id uuid, p_created_at timestamptz, p_transaction_id xid8,
  out row_count integer, out erased_row_count integer, out rows_hash bytea
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select count(*), count(l.commitments), sha256(string_agg(
           case when l.commitments is not null then private.audit_erased_leaf(l) else sha256(
             uuid_send(l.company_id) || uuid_send(l.id) || timestamptz_send(l.created_at) || xid8send(l.transaction_id)
             || convert_to(jsonb_build_array(l.actor_role, l.action, l.table_name, l.opens_link)::text, 'UTF8')
             || case when l.row_id is null then '' else
                  'row_id\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'row_id') || convert_to(l.row_id::text, 'UTF8')) end
             || case when l.actor_id is null then '' else
                  'actor_id\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'actor_id') || convert_to(l.actor_id::text, 'UTF8')) end
             || case when l.created_by is null then '' else
                  'created_by\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'created_by') || convert_to(l.created_by::text, 'UTF8')) end
             || case when l.ip_address is null then '' else
                  'ip_address\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'ip_address') || convert_to(l.ip_address::text, 'UTF8')) end
             || case when l.request_id is null then '' else
                  'request_id\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'request_id') || convert_to(l.request_id, 'UTF8')) end
             || case when l.user_agent is null then '' else
                  'user_agent\000'::bytea || sha256(sha256(uuid_send(l.salt) || 'user_agent') || convert_to(l.user_agent, 'UTF8')) end
             || (select coalesce(string_agg(
                          convert_to('changes.' || f.key, 'UTF8') || '\x00'::bytea
                            || sha256(sha256(uuid_send(l.salt) || convert_to('changes.' || f.key, 'UTF8')) || convert_to(f.value::text, 'UTF8')),
                          ''::bytea order by f.ordinality), '')
                   from jsonb_each(l.changes) with ordinality as f (key, value))) end,
           ''::bytea order by l.id))
    into row_count, erased_row_count, rows_hash
    from (
      select * from public.audit_logs as a
       where a.company_id = p_company_id and a.created_at = p_created_at and a.transaction_id = p_transaction_id
       order by a.company_id, a.created_at, a.id
    ) as l;
end
$fn$;
revoke execute on function private.audit_rows_hash(uuid, timestamptz, xid8) from public;

-- Runs when the transaction commits, as whoever commits, for each statement that wrote to the log: the first links all
-- that the transaction wrote to the log of a company. Whoever comes again later (constraints that were checked at
-- once, and more rows after that) still holds the head and links anew.
create or replace function private.tg_audit_logs__link() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  -- A plan that was made while the tables were small is kept by a session while they grow; and of the indexes only the
  -- primary key finds one transaction at once.
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $fn$
declare
  v_link_no bigint;
  v_linked_at_command bigint;
  v_rows record;
  v_head private.audit_heads;
begin
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return null;
  end if;
  select k.link_no, k.cmin::text::bigint into v_link_no, v_linked_at_command from private.audit_links as k
   where k.company_id = new.company_id and k.created_at = new.created_at and k.transaction_id = new.transaction_id;
  if v_link_no is not null then
    -- A link of another transaction stays as it is, and verification finds the row that was added. One of this
    -- transaction covers what commands before it wrote.
    if new.transaction_id <> pg_current_xact_id() then
      return null;
    end if;
    perform from public.audit_logs as l
      where l.company_id = new.company_id and l.created_at = new.created_at and l.id = new.id
        and l.cmin::text::bigint < v_linked_at_command;
    if found then
      return null;
    end if;
  end if;
  select * into v_rows from private.audit_rows_hash(new.company_id, new.created_at, new.transaction_id) as r;
  if v_rows.row_count = 0 then
    -- Pruned in the same transaction.
    return null;
  end if;
  loop
    update private.audit_heads as h
       set link_no = coalesce(v_link_no, h.link_no + 1),
           previous_hash = case when v_link_no is null then h.hash else h.previous_hash end,
           hash = private.audit_link_hash(
             case when v_link_no is null then h.hash else h.previous_hash end, coalesce(v_link_no, h.link_no + 1),
             new.created_at, new.transaction_id, v_rows.row_count, v_rows.rows_hash)
     where h.company_id = new.company_id
    returning * into v_head;
    exit when found;
    insert into private.audit_heads (company_id, hash) values (new.company_id, private.audit_genesis(new.company_id))
    on conflict (company_id) do nothing;
  end loop;
  if v_link_no is null then
    insert into private.audit_links (company_id, created_at, transaction_id, link_no, row_count, rows_hash, previous_hash, hash)
    values (new.company_id, new.created_at, new.transaction_id, v_head.link_no, v_rows.row_count, v_rows.rows_hash,
      v_head.previous_hash, v_head.hash);
  else
    update private.audit_links as k
       set row_count = v_rows.row_count, rows_hash = v_rows.rows_hash, hash = v_head.hash
     where k.company_id = new.company_id and k.link_no = v_link_no;
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_audit_logs__link() from public;

-- A constraint trigger cannot be replaced, and one that is there is the one that is meant.
do $do$
begin
  if not exists (
    select from pg_catalog.pg_trigger where tgrelid = 'public.audit_logs'::regclass and tgname = 'link'
  ) then
    create constraint trigger link
      after insert on public.audit_logs
      deferrable initially deferred
      for each row when (new.opens_link)
      execute function private.tg_audit_logs__link();
  end if;
end
$do$;

-- What changed between two states of a row: old and new value of each column; one of the states may be null. Of a
-- secret only that it changed.
create or replace function private.audit_changes(p_old jsonb, p_new jsonb, p_secret text[]) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_old is null then
    return (
      select coalesce(jsonb_object_agg(n.key, jsonb_build_object(
               'new', case when n.key = any (p_secret) then '"[secret]"' else n.value end)), '{}')
        from jsonb_each(p_new) as n
       where n.value <> 'null' and n.key not in ('company_id', 'id', 'created_at', 'created_by', 'updated_at', 'updated_by'));
  elsif p_new is null then
    return (
      select coalesce(jsonb_object_agg(o.key, jsonb_build_object(
               'old', case when o.key = any (p_secret) then '"[secret]"' else o.value end)), '{}')
        from jsonb_each(p_old) as o
       where o.value <> 'null' and o.key not in ('company_id', 'id', 'created_at', 'created_by', 'updated_at', 'updated_by'));
  end if;
  return (
    select jsonb_object_agg(n.key, case
             when n.key = any (p_secret) then '{"old": "[secret]", "new": "[secret]"}'
             else jsonb_build_object('old', p_old -> n.key, 'new', n.value)
           end)
      from jsonb_each(p_new) as n
     where n.value is distinct from p_old -> n.key and n.key not in ('updated_at', 'updated_by', 'last_used_at', 'effective_permissions', 'has_strict_policy'));
end
$fn$;
revoke execute on function private.audit_changes(jsonb, jsonb, text[]) from public;

-- Who acts: the person, and the role in which they act for a company.
create or replace function private.audit_role(p_company_id uuid, p_actor_id uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
begin
  if v_role = 'authenticated' then
    return coalesce(
      (select u.role from public.users as u where u.company_id = p_company_id and u.id = p_actor_id),
      (select 'api_key' from public.api_keys as k where k.company_id = p_company_id and k.id = p_actor_id));
  end if;
  return case v_role when 'platform_admin' then 'admin' else v_role end;
end
$fn$;
revoke execute on function private.audit_role(uuid, uuid) from public;

-- Address, program and id of the request, as the outermost trusted proxy passed them on.
create or replace function private.audit_request(out ip_address inet, out user_agent text, out request_id text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_headers constant jsonb := private.parse_json_object(current_setting('request.headers', true));
begin
  if v_headers is null then
    return;
  end if;
  ip_address := private.client_address();
  user_agent := left(v_headers ->> 'user-agent', 400);
  request_id := left(coalesce(v_headers ->> 'x-request-id', v_headers ->> 'sb-request-id'), 200);
end
$fn$;
revoke execute on function private.audit_request() from public;

create or replace function private.write_audit(
  p_company_id uuid, p_action text, p_table_name text, p_row_id uuid, p_changes jsonb
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_actor constant uuid := private.actor_id();
begin
  insert into public.audit_logs (
    company_id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id, created_by)
  select p_company_id, v_actor, private.audit_role(p_company_id, v_actor), p_action, p_table_name, p_row_id, p_changes,
         r.ip_address, r.user_agent, r.request_id, v_actor
    from private.audit_request() as r;
end
$fn$;
revoke execute on function private.write_audit(uuid, text, text, uuid, jsonb) from public;

-- A sign-in, in the log of the company that the token is for. The link is made at once, not at the end of the transaction,
-- so that whatever goes wrong goes wrong here, and half a second is all that anybody waits: nobody is locked out by a log.
create or replace function private.record_sign_in(p_company_id uuid, p_user_id uuid, p_event jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '500ms'
as $fn$
begin
  insert into public.audit_logs (company_id, actor_id, actor_role, action, changes, created_by)
  select u.company_id, u.id, u.role, 'session.started',
         jsonb_strip_nulls(jsonb_build_object(
           'authentication_method', left(p_event ->> 'authentication_method', 100),
           'session_id', private.parse_uuid(p_event #>> '{claims,session_id}'),
           'aal', left(p_event #>> '{claims,aal}', 10))),
         u.id
    from public.users as u
   where u.company_id = p_company_id and u.id = p_user_id;
  -- Of its partitions.
  set constraints private.link immediate;
  set constraints private.link deferred;
end
$fn$;
revoke execute on function private.record_sign_in(uuid, uuid, jsonb) from public;

-- The query of the trigger below for an update of many rows of a table whose key is (company_id, id): each column is
-- compared as what it is, which costs a tenth of going through jsonb, once the query is planned.
create or replace function private.audit_update_query(p_table regclass, p_secret text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select format(
      $q$select array_agg((r.company_id, r.row_id, r.changes)::private.audited_row)
           from (
             select n.company_id, n.id as row_id, %s as changes
               from new_rows as n
               join old_rows as o on o.company_id = n.company_id and o.id = n.id
             offset 0
           ) as r
          where r.changes <> '{}'$q$,
      string_agg(format(
        $q$case when %1$s is distinct from %2$s then jsonb_build_object(%3$L, jsonb_build_object('old', %4$s, 'new', %5$s)) else '{}' end$q$,
        format(c.operand, 'o', a.attname), format(c.operand, 'n', a.attname), a.attname,
        case when a.attname = any (p_secret) then $q$'[secret]'$q$ else format('o.%I', a.attname) end,
        case when a.attname = any (p_secret) then $q$'[secret]'$q$ else format('n.%I', a.attname) end), ' || '))
      from pg_catalog.pg_attribute as a
      join pg_catalog.pg_type as t on t.oid = a.atttypid
     cross join lateral (
       select case
                -- To the bit, whatever their collation takes for equal.
                when a.attcollation <> 0 then '%s.%I collate "C"'
                when t.typname in ('bool', 'int2', 'int4', 'int8', 'numeric', 'uuid', 'timestamptz', 'date', 'inet', 'cidr', 'jsonb') then '%s.%I'
                else 'to_jsonb(%s.%I)'
              end as operand
     ) as c
     where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
       and a.attname not in ('updated_at', 'updated_by', 'last_used_at', 'effective_permissions', 'has_strict_policy'));
end
$fn$;
revoke execute on function private.audit_update_query(regclass, text[]) from public;

-- Statement trigger of the tables that are audited. What belongs to the platform, and that a company is gone, is
-- recorded for the operator company.
create or replace function private.tg_statement__audit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_tenant constant text := case tg_argv[0] when 'companies' then 'id' else 'company_id' end;
  v_key constant text := case tg_argv[0] when 'system_config' then 'key' else 'id' end;
  v_operator uuid;
  v_actor uuid;
  v_role text;
  v_ip_address inet;
  v_user_agent text;
  v_request_id text;
  v_prefix text;
  v_seed bytea;
  v_rows private.audited_row[];
begin
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return null;
  end if;
  if v_key = 'key' or v_tenant = 'id' and tg_op = 'DELETE' then
    select c.id into v_operator from public.companies as c where c.is_operator;
    if v_operator is null then
      return null;
    end if;
  end if;
  -- `offset 0` keeps to_jsonb() from being put, and run, wherever its result is used; a full join is never a loop in a
  -- loop, even where the plan was made for one row.
  if tg_op = 'UPDATE' then
    select array_agg((r.company_id, r.row_id, r.changes)::private.audited_row) into v_rows
      from (
        select coalesce(v_operator, (coalesce(n.j, o.j) ->> v_tenant)::uuid) as company_id,
               (coalesce(n.j, o.j) ->> 'id')::uuid as row_id,
               case
                 -- Its key is another now: an entry for what was, one for what is.
                 when o.j is null or n.j is null then private.audit_changes(o.j, n.j, k.secret)
                 -- What has a key instead of an id is named by it.
                 when v_key = 'key' then private.audit_changes(o.j, n.j, k.secret)
                   || jsonb_build_object('key', jsonb_build_object('old', o.j -> 'key', 'new', n.j -> 'key'))
                 -- As audit_changes() has it, without the call.
                 else (
                   select jsonb_object_agg(e.key, case
                            when e.key = any (k.secret) then '{"old": "[secret]", "new": "[secret]"}'
                            else jsonb_build_object('old', o.j -> e.key, 'new', e.value)
                          end)
                     from jsonb_each(n.j) as e
                    where e.value is distinct from o.j -> e.key and e.key not in ('updated_at', 'updated_by', 'last_used_at', 'effective_permissions', 'has_strict_policy'))
               end as changes
          from (select to_jsonb(x) as j from new_rows as x offset 0) as n
          full join (select to_jsonb(x) as j from old_rows as x offset 0) as o
            on o.j ->> v_key = n.j ->> v_key and coalesce(o.j ->> 'company_id', '') = coalesce(n.j ->> 'company_id', '')
         cross join (select array_agg(c.column_name) as secret from private.column_classes as c
              where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret') as k
         where v_key = 'key' or v_tenant = 'id' or not exists (select from new_rows offset 20)
        offset 0
      ) as r
     where r.changes is not null;
  elsif tg_op = 'INSERT' then
    select array_agg((coalesce(v_operator, (n.j ->> v_tenant)::uuid), (n.j ->> 'id')::uuid,
             private.audit_changes(null, n.j, k.secret))::private.audited_row) into v_rows
      from (select to_jsonb(x) as j from new_rows as x offset 0) as n
     cross join (select array_agg(c.column_name) as secret from private.column_classes as c
              where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret') as k;
  else
    -- A company that goes takes its log with it.
    select array_agg((r.company_id, (r.j ->> 'id')::uuid, private.audit_changes(r.j, null, k.secret))::private.audited_row) into v_rows
      from (
        select coalesce(v_operator, (o.j ->> v_tenant)::uuid) as company_id, o.j
          from (select to_jsonb(x) as j from old_rows as x offset 0) as o
      ) as r
     cross join (select array_agg(c.column_name) as secret from private.column_classes as c
              where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret') as k
     where exists (select from public.companies as c where c.id = r.company_id);
  end if;
  if v_rows is null and tg_op = 'UPDATE' then
    perform from new_rows offset 20 limit 1;
    if found then
      execute private.audit_update_query(tg_relid, (
        select coalesce(array_agg(c.column_name), '{}') from private.column_classes as c
         where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret')) into v_rows;
    end if;
  end if;
  if v_rows is null then
    return null;
  end if;
  if current_setting('request.jwt.claims', true) <> '' then
    v_actor := private.actor_id();
  end if;
  if current_setting('request.headers', true) <> '' then
    select r.ip_address, r.user_agent, r.request_id into v_ip_address, v_user_agent, v_request_id from private.audit_request() as r;
  end if;
  v_role := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
  if v_role in ('authenticated', 'platform_admin') then
    -- Whoever acts for a company acts for one at a time.
    v_role := private.audit_role(v_rows[1].company_id, v_actor);
  end if;
  -- Ids like those of private.uuid_v7(), and salts, from one random number: to ask for two a row is most of what the
  -- entries would cost.
  v_prefix := lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7';
  v_seed := uuid_send(gen_random_uuid());
  insert into public.audit_logs (
    company_id, id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id, salt,
    created_by, opens_link)
  select r.company_id, (v_prefix || substr(h.random, 1, 3) || '8' || substr(h.random, 4, 15))::uuid, v_actor, v_role,
         tg_argv[0] || case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.updated' else '.deleted' end,
         tg_argv[0], r.row_id, r.changes, v_ip_address, v_user_agent, v_request_id, substr(h.random, 33)::uuid, v_actor,
         r.ordinality = 1 or r.company_id <> v_rows[1].company_id
    from unnest(v_rows) with ordinality as r
   cross join lateral (select encode(sha256(v_seed || int8send(r.ordinality)), 'hex') as random offset 0) as h
   order by r.company_id;
  return null;
end
$fn$;
revoke execute on function private.tg_statement__audit() from public;

-- Sees that links follow each other from the segments (or the beginning) to the head, and that the rows of each are as
-- they were. A page at a time; the last page also looks for rows that no link covers.
create or replace function private.verify_audit_chain(
  p_company_id uuid, p_after_link_no bigint, p_max_links integer, p_expected_link_no bigint, p_expected_hash text
) returns public.audit_verification
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $fn$
declare
  v_answer public.audit_verification;
  v_head private.audit_heads;
  v_segment private.audit_segments;
  v_problems jsonb := '[]'::jsonb;
  v_previous bytea;
  v_begin bigint;
  v_links integer;
  v_more jsonb;
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_after_link_no is null or p_after_link_no < 0 or p_max_links is null or p_max_links not between 1 and 100000
    or (p_expected_link_no is null) <> (p_expected_hash is null)
  then
    raise exception 'after_link_no must be 0 or more, max_links 1 to 100000, expected_link_no and expected_hash go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Begin with 0 and go on with last_link_no until it is head_link_no.';
  end if;
  select * into v_head from private.audit_heads as h where h.company_id = p_company_id;
  v_answer.head_link_no := coalesce(v_head.link_no, 0);
  v_answer.head_hash := encode(coalesce(v_head.hash, private.audit_genesis(p_company_id)), 'hex');

  -- Segments: one after the other from the beginning on.
  v_previous := private.audit_genesis(p_company_id);
  v_begin := 0;
  v_answer.pruned_row_count := 0;
  for v_segment in
    select * from private.audit_segments as g where g.company_id = p_company_id order by g.first_link_no
  loop
    if v_segment.first_link_no <> v_begin + 1 or v_segment.previous_hash is distinct from v_previous then
      v_problems := v_problems || jsonb_build_array(jsonb_build_object(
        'kind', 'segment_broken', 'link_no', v_segment.first_link_no));
    end if;
    v_begin := v_segment.last_link_no;
    v_previous := v_segment.hash;
    v_answer.pruned_row_count := v_answer.pruned_row_count + v_segment.row_count;
  end loop;
  if p_after_link_no > v_begin then
    v_begin := p_after_link_no;
    select k.hash into v_previous from private.audit_links as k
     where k.company_id = p_company_id and k.link_no = p_after_link_no;
  end if;

  select count(*), min(c.link_no), max(c.link_no), sum(c.row_count), sum(c.erased_row_count),
         jsonb_agg(jsonb_build_object('kind', c.problem, 'link_no', c.link_no, 'at', c.created_at) order by c.link_no)
           filter (where c.problem is not null)
    into v_links, v_answer.first_link_no, v_answer.last_link_no, v_answer.row_count, v_answer.erased_row_count, v_more
    from (
      select k.link_no, k.created_at, r.row_count, r.erased_row_count,
             case
               when k.link_no is distinct from lag(k.link_no, 1, v_begin) over w + 1 then 'link_missing'
               when k.previous_hash is distinct from lag(k.hash, 1, v_previous) over w then 'link_changed'
               when k.hash is distinct from private.audit_link_hash(
                 k.previous_hash, k.link_no, k.created_at, k.transaction_id, k.row_count, k.rows_hash) then 'link_changed'
               when r.row_count < k.row_count then 'row_missing'
               when r.row_count > k.row_count then 'row_added'
               when r.rows_hash is distinct from k.rows_hash then 'row_changed'
             end as problem
        from (
          select * from private.audit_links as x
           where x.company_id = p_company_id and x.link_no > v_begin
           order by x.link_no
           limit p_max_links
        ) as k
       cross join lateral private.audit_rows_hash(k.company_id, k.created_at, k.transaction_id) as r
      window w as (order by k.link_no)
    ) as c;
  v_problems := v_problems || coalesce(v_more, '[]');
  v_answer.first_link_no := coalesce(v_answer.first_link_no, v_begin);
  v_answer.last_link_no := coalesce(v_answer.last_link_no, v_begin);
  v_answer.row_count := coalesce(v_answer.row_count, 0);
  v_answer.erased_row_count := coalesce(v_answer.erased_row_count, 0);

  if v_links < p_max_links then
    if v_answer.last_link_no <> v_answer.head_link_no
      or v_head.company_id is not null and v_head.hash is distinct from coalesce(
        (select k.hash from private.audit_links as k
          where k.company_id = p_company_id and k.link_no = v_answer.last_link_no), v_previous)
    then
      v_problems := v_problems || jsonb_build_array(jsonb_build_object(
        'kind', 'head_changed', 'link_no', v_answer.head_link_no));
    end if;
    v_problems := v_problems || coalesce((
      select jsonb_agg(x.problem)
        from (
          select jsonb_build_object('kind', 'row_unlinked', 'row_id', l.id, 'at', l.created_at) as problem
            from public.audit_logs as l
           where l.company_id = p_company_id
             and not exists (
               select from private.audit_links as k
                where k.company_id = p_company_id and k.created_at = l.created_at and k.transaction_id = l.transaction_id)
           order by l.created_at, l.id
           limit 100
        ) as x), '[]');
  end if;
  if p_expected_link_no is not null and encode(coalesce(
       (select k.hash from private.audit_links as k
         where k.company_id = p_company_id and k.link_no = p_expected_link_no),
       (select g.hash from private.audit_segments as g
         where g.company_id = p_company_id and g.last_link_no = p_expected_link_no)), 'hex') is distinct from lower(p_expected_hash)
    and not exists (
      select from private.audit_segments as g
       where g.company_id = p_company_id and p_expected_link_no >= g.first_link_no and p_expected_link_no < g.last_link_no)
  then
    v_problems := v_problems || jsonb_build_array(jsonb_build_object(
      'kind', 'not_as_expected', 'link_no', p_expected_link_no));
  end if;
  v_answer.is_intact := v_problems = '[]';
  v_answer.problems := v_problems;
  return v_answer;
end
$fn$;
revoke execute on function private.verify_audit_chain(uuid, bigint, integer, bigint, text) from public;
grant execute on function private.verify_audit_chain(uuid, bigint, integer, bigint, text) to authenticated, platform_admin, service_role;

-- Takes fields out of a row of the log; their commitments stay, and the chain still verifies. A field of `changes` is
-- named changes.<column>. What the row does not have is passed over.
create or replace function private.erase_audit_fields(
  p_company_id uuid, p_created_at timestamptz, p_id uuid, p_fields text[]
) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_row public.audit_logs;
  v_commitments jsonb;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  select * into v_row from public.audit_logs as l
   where l.company_id = p_company_id and l.created_at = p_created_at and l.id = p_id
     for update;
  -- Its own transaction has not linked it yet.
  if not found or v_row.created_at = now() and v_row.transaction_id = pg_current_xact_id() then
    return false;
  end if;
  select jsonb_object_agg(v.name, case
           when v.name = any (p_fields) then jsonb_build_object(
             'c', encode(sha256(v.salt || convert_to(v.value, 'UTF8')), 'hex'))
           else jsonb_build_object('s', encode(v.salt, 'hex'))
         end)
    into v_commitments
    from (
      select x.name, x.value,
             coalesce(decode(v_row.commitments -> x.name ->> 's', 'hex'),
                      sha256(uuid_send(v_row.salt) || convert_to(x.name, 'UTF8'))) as salt
        from (
          values ('actor_id', v_row.actor_id::text), ('created_by', v_row.created_by::text), ('row_id', v_row.row_id::text),
                 ('ip_address', v_row.ip_address::text), ('user_agent', v_row.user_agent), ('request_id', v_row.request_id)
          union all
          select 'changes.' || c.key, c.value::text from jsonb_each(v_row.changes) as c
        ) as x (name, value)
       where x.value is not null
    ) as v;
  if not exists (select from jsonb_each(v_commitments) as e where e.value ? 'c') then
    return false;
  end if;
  perform set_config('app.importing', private.import_token(), true);
  update public.audit_logs as l
     set salt = null,
         commitments = coalesce(l.commitments, '{}') || v_commitments,
         actor_id = case when not 'actor_id' = any (p_fields) then l.actor_id end,
         created_by = case when not 'created_by' = any (p_fields) then l.created_by end,
         row_id = case when not 'row_id' = any (p_fields) then l.row_id end,
         ip_address = case when not 'ip_address' = any (p_fields) then l.ip_address end,
         user_agent = case when not 'user_agent' = any (p_fields) then l.user_agent end,
         request_id = case when not 'request_id' = any (p_fields) then l.request_id end,
         changes = l.changes - array(select substr(f, 9) from unnest(p_fields) as f where f like 'changes.%')
   where l.company_id = p_company_id and l.created_at = p_created_at and l.id = p_id;
  perform set_config('app.importing', v_importing, true);
  return true;
end
$fn$;
revoke execute on function private.erase_audit_fields(uuid, timestamptz, uuid, text[]) from public;

-- Prunes the oldest links, as long as they were made before a time, with their rows, and keeps what they came to.
-- Returns how many rows went.
create or replace function private.prune_audit_chain(p_company_id uuid, p_before timestamptz, p_max_links integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_segment private.audit_segments;
  v_rows bigint;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  -- One at a time; whoever writes is not waited for, since links are pruned from the other end.
  perform from private.audit_links as k
    where k.company_id = p_company_id
      and k.link_no = (select min(x.link_no) from private.audit_links as x where x.company_id = p_company_id)
      for update skip locked;
  if not found then
    return 0;
  end if;
  select p_company_id, min(k.link_no), max(k.link_no), sum(k.row_count), min(k.created_at), max(k.created_at),
         (array_agg(k.previous_hash order by k.link_no))[1], (array_agg(k.hash order by k.link_no desc))[1], now()
    into v_segment
    from (
      select x.*, bool_or(x.created_at >= p_before) over (order by x.link_no) as is_kept
        from (
          select * from private.audit_links as y
           where y.company_id = p_company_id
           order by y.link_no
           limit p_max_links
        ) as x
    ) as k
   where not k.is_kept;
  if v_segment.first_link_no is null then
    return 0;
  end if;
  perform set_config('app.importing', private.import_token(), true);
  delete from public.audit_logs as l
   using private.audit_links as k
   where k.company_id = p_company_id and k.link_no between v_segment.first_link_no and v_segment.last_link_no
     and l.company_id = k.company_id and l.created_at = k.created_at and l.transaction_id = k.transaction_id;
  get diagnostics v_rows = row_count;
  perform set_config('app.importing', v_importing, true);
  delete from private.audit_links as k
   where k.company_id = p_company_id and k.link_no between v_segment.first_link_no and v_segment.last_link_no;
  insert into private.audit_segments select v_segment.*;
  perform private.write_audit(p_company_id, 'audit.pruned', 'audit_logs', null, jsonb_build_object(
    'first_link_no', v_segment.first_link_no, 'last_link_no', v_segment.last_link_no, 'row_count', v_rows,
    'hash', encode(v_segment.hash, 'hex')));
  return v_rows;
end
$fn$;
revoke execute on function private.prune_audit_chain(uuid, timestamptz, integer) from public;

-- What the log says, latest first; entry before_id, made at before_at, is where the page before ended.
create or replace function private.search_audit_log(
  p_company_id uuid, p_starts_at timestamptz, p_ends_at timestamptz, p_actor_id uuid, p_action text, p_table_name text,
  p_row_id uuid, p_changed text, p_request_id text, p_before_at timestamptz, p_before_id uuid, p_max_rows integer
) returns setof public.audit_entry
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_max_rows is null or p_max_rows not between 1 and 1000 or (p_before_at is null) <> (p_before_id is null) then
    raise exception 'max_rows must be 1 to 1000, before_at and before_id go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give created_at and id of the last entry to get the next page.';
  end if;
  return query
  select l.id, l.created_at, l.actor_id, l.actor_role, l.action, l.table_name, l.row_id, l.changes, l.ip_address,
         l.user_agent, l.request_id,
         array(select e.key from jsonb_each(l.commitments) as e where e.value ? 'c' order by e.key)
    from public.audit_logs as l
   where l.company_id = p_company_id
     and l.created_at >= coalesce(p_starts_at, '-infinity')
     and l.created_at < coalesce(p_ends_at, 'infinity')
     and (l.created_at, l.id) < (coalesce(p_before_at, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     and (p_actor_id is null or l.actor_id = p_actor_id)
     and (p_action is null or l.action = p_action or starts_with(l.action, p_action || '.'))
     and (p_table_name is null or l.table_name = p_table_name)
     and (p_row_id is null or l.row_id = p_row_id)
     and (p_changed is null or l.changes ? p_changed)
     and (p_request_id is null or l.request_id = p_request_id)
   order by l.created_at desc, l.id desc
   limit p_max_rows;
end
$fn$;
revoke execute on function private.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer) from public;
grant execute on function private.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer)
  to authenticated, platform_admin, service_role;

-- A field of a CSV file (RFC 4180). What a spreadsheet would take for a formula is kept from being one.
create or replace function private.csv_field(p_value text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_value is null then
    return '';
  end if;
  return '"' || replace(case when p_value ~ '^[=+\-@\t\r]' then '''' || p_value else p_value end, '"', '""') || '"';
end
$fn$;
revoke execute on function private.csv_field(text) from public;

-- An export is an entry of the log itself.
create or replace function private.export_audit_log(
  p_company_id uuid, p_starts_at timestamptz, p_ends_at timestamptz, p_format text, p_after_at timestamptz, p_after_id uuid,
  p_max_rows integer, out content text, out row_count integer, out last_at timestamptz, out last_id uuid
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_format is null or p_format not in ('json', 'csv') or p_max_rows is null or p_max_rows not between 1 and 10000
    or (p_after_at is null) <> (p_after_id is null)
  then
    raise exception 'format must be json or csv, max_rows 1 to 10000; after_at and after_id go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give last_at and last_id of the answer to get the next page, until row_count is less than max_rows.';
  end if;
  with page as (
    select l.* from public.audit_logs as l
     where l.company_id = p_company_id
       and l.created_at >= coalesce(p_starts_at, '-infinity') and l.created_at < coalesce(p_ends_at, 'infinity')
       and (l.created_at, l.id) > (coalesce(p_after_at, '-infinity'), coalesce(p_after_id, '00000000-0000-0000-0000-000000000000'))
     order by l.created_at, l.id
     limit p_max_rows
  )
  select case p_format
           when 'json' then coalesce(jsonb_agg(to_jsonb(g) order by g.created_at, g.id), '[]')::text
           else concat_ws(E'\r\n',
             'company_id,id,created_at,actor_id,actor_role,action,table_name,row_id,changes,ip_address,user_agent,request_id,transaction_id,salt,commitments,created_by',
             string_agg(concat_ws(',',
               private.csv_field(g.company_id::text), private.csv_field(g.id::text),
               private.csv_field(to_jsonb(g.created_at) #>> '{}'), private.csv_field(g.actor_id::text),
               private.csv_field(g.actor_role), private.csv_field(g.action), private.csv_field(g.table_name),
               private.csv_field(g.row_id::text), private.csv_field(g.changes::text), private.csv_field(g.ip_address::text),
               private.csv_field(g.user_agent), private.csv_field(g.request_id), private.csv_field(g.transaction_id::text),
               private.csv_field(g.salt::text), private.csv_field(g.commitments::text), private.csv_field(g.created_by::text)
             ), E'\r\n' order by g.created_at, g.id)) || E'\r\n'
         end,
         count(*), (array_agg(g.created_at order by g.created_at desc, g.id desc))[1],
         (array_agg(g.id order by g.created_at desc, g.id desc))[1]
    into content, row_count, last_at, last_id
    from page as g;
  perform private.write_audit(p_company_id, 'audit.exported', 'audit_logs', null, jsonb_strip_nulls(jsonb_build_object(
    'format', p_format, 'starts_at', p_starts_at, 'ends_at', p_ends_at, 'row_count', row_count)));
end
$fn$;
revoke execute on function private.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) from public;
grant execute on function private.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer)
  to authenticated, platform_admin, service_role;

create or replace function public.search_audit_log(
  company_id uuid, starts_at timestamptz default null, ends_at timestamptz default null, actor_id uuid default null,
  action text default null, table_name text default null, row_id uuid default null, changed_column text default null,
  request_id text default null, before_at timestamptz default null, before_id uuid default null, max_rows integer default 100
) returns setof public.audit_entry
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.search_audit_log(
    company_id, starts_at, ends_at, actor_id, action, table_name, row_id, changed_column, request_id, before_at, before_id, max_rows);
end
$fn$;
revoke execute on function public.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer)
  to authenticated, platform_admin, service_role;

create or replace function public.export_audit_log(
  company_id uuid, starts_at timestamptz default null, ends_at timestamptz default null, format text default 'json',
  after_at timestamptz default null, after_id uuid default null, max_rows integer default 1000,
  out content text, out row_count integer, out last_at timestamptz, out last_id uuid
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  select x.* into content, row_count, last_at, last_id
    from private.export_audit_log(company_id, starts_at, ends_at, format, after_at, after_id, max_rows) as x;
end
$fn$;
revoke execute on function public.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer)
  to authenticated, platform_admin, service_role;

create or replace function public.verify_audit_chain(
  company_id uuid, after_link_no bigint default 0, max_links integer default 1000, expected_link_no bigint default null,
  expected_hash text default null
) returns public.audit_verification
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.verify_audit_chain(company_id, after_link_no, max_links, expected_link_no, expected_hash);
end
$fn$;
revoke execute on function public.verify_audit_chain(uuid, bigint, integer, bigint, text)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.verify_audit_chain(uuid, bigint, integer, bigint, text)
  to authenticated, platform_admin, service_role;

-- A statement's rows come to the trigger as tables, which a trigger may ask for in one event only: three a table.
do $do$
declare
  v_table text;
begin
  foreach v_table in array array[
    'ai_agents', 'api_keys', 'companies', 'company_config', 'company_plans', 'compliance_requests', 'data_retention_policies',
    'ip_allowlist_entries', 'security_policies', 'service_limits', 'system_config', 'users'
  ] loop
    execute format(
      'create or replace trigger audit_insert after insert on public.%1$I referencing new table as new_rows
         for each statement execute function private.tg_statement__audit(%1$L)', v_table);
    execute format(
      'create or replace trigger audit_update after update on public.%1$I referencing old table as old_rows new table as new_rows
         for each statement execute function private.tg_statement__audit(%1$L)', v_table);
    execute format(
      'create or replace trigger audit_delete after delete on public.%1$I referencing old table as old_rows
         for each statement execute function private.tg_statement__audit(%1$L)', v_table);
  end loop;
end
$do$;

revoke all on table private.audit_heads from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.audit_links from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.audit_segments from public, anon, authenticated, platform_admin, service_role;

comment on table private.audit_heads is 'The last link of each company''s audit chain. Whoever adds a link holds the row until the transaction ends.';
comment on table private.audit_links is 'One link for each transaction that wrote to a company''s audit log: the hash over its rows and the link before it.';
comment on table private.audit_segments is 'What was pruned from the front of a company''s audit chain, and what it came to.';
comment on function private.audit_genesis(uuid) is 'What stands before the first link of a company''s audit chain.';
comment on function private.audit_link_hash(bytea, bigint, timestamptz, xid8, integer, bytea) is 'Hash of a link of the audit chain.';
comment on function private.audit_erased_leaf(public.audit_logs) is
  'Hash of a row of the audit log from which fields were erased: what it was before.';
comment on function private.audit_rows_hash(uuid, timestamptz, xid8) is
  'How many rows a transaction wrote to a company''s audit log, from how many of them fields were erased, and their hash.';
comment on function private.tg_audit_logs__link() is
  'Row trigger at the end of the transaction: links what it wrote to a company''s audit log.';
comment on function private.audit_changes(jsonb, jsonb, text[]) is
  'Old and new value of each column that differs between two states of a row; null if none does. Of secret columns only that they differ.';
comment on function private.audit_role(uuid, uuid) is 'Role in which somebody acts for a company: a member''s role there, api_key for a key, admin for operators, the database role for the backend.';
comment on function private.audit_request() is 'Address, program and id of the request, from its headers; nulls without.';
comment on function private.write_audit(uuid, text, text, uuid, jsonb) is 'Writes one entry to a company''s audit log, with who, from where and in which request.';
comment on function private.record_sign_in(uuid, uuid, jsonb) is 'Writes session.started to a company''s audit log, by an event of the custom access token hook.';
comment on function private.audit_update_query(regclass, text[]) is
  'Query for what an update of many rows changed in a table: rows of private.audited_row, from the transition tables of its trigger.';
comment on function private.tg_statement__audit() is
  'Statement trigger: an entry of the audit log for each row that was added, changed or removed. Imports are not recorded.';
comment on function private.verify_audit_chain(uuid, bigint, integer, bigint, text) is 'Implementation of public.verify_audit_chain().';
comment on function private.erase_audit_fields(uuid, timestamptz, uuid, text[]) is
  'Erases fields of an entry of the audit log (names of columns; changes.<column>) and keeps their commitments, so that the chain still verifies. False if the entry has none of them.';
comment on function private.prune_audit_chain(uuid, timestamptz, integer) is
  'Prunes at most so many links that were made before a time from the front of a company''s chain; rows that went.';
comment on function private.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer) is
  'Implementation of public.search_audit_log().';
comment on function private.csv_field(text) is 'A field of a CSV file (RFC 4180), quoted; one that begins like a formula gets an apostrophe.';
comment on function private.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) is
  'Implementation of public.export_audit_log().';
comment on function public.search_audit_log(uuid, timestamptz, timestamptz, uuid, text, text, uuid, text, text, timestamptz, uuid, integer) is
  'Entries of a company''s audit log, latest first, at most max_rows (1 to 1000); those of starts_at up to ends_at, of an actor, an action (users.updated, or users for all of it), a table, a row, a column that changed, a request. For the next page give created_at and id of the last entry as before_at and before_id. changes has old and new value of each column; erased_fields names what erasure took out. Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';
comment on function public.export_audit_log(uuid, timestamptz, timestamptz, text, timestamptz, uuid, integer) is
  'A page of a company''s audit log as text, oldest first: format json (an array) or csv (RFC 4180, with a header), at most max_rows (1 to 10000) entries of starts_at up to ends_at; last_at and last_id are after_at and after_id of the next page. The export is recorded in the log itself (audit.exported). Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';
comment on function public.verify_audit_chain(uuid, bigint, integer, bigint, text) is
  'Sees whether a company''s audit log is as it was written: at most max_links (1 to 100000) links after after_link_no; go on with last_link_no until it is head_link_no. is_intact, and problems, an array of objects with kind (row_changed, row_missing, row_added, row_unlinked, link_missing, link_changed, segment_broken, head_changed, not_as_expected), link_no or row_id, and at. Keep head_link_no and head_hash elsewhere and give them as expected_link_no and expected_hash later: that finds a chain that was replaced as a whole. Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';

-- migrate:down
