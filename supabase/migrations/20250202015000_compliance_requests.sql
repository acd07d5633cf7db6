-- migrate:up
-- Requests of people about their data: taken in, made sure who asks, answered in time, and carried out. What a person is
-- looked for by are their addresses, names, numbers and ids; where, follows from the live tables, their foreign keys and
-- the class of each column. Work goes through a company's rows in pages and remembers how far it came, so that it can be
-- stopped anywhere; every statement names one company, so that it never reaches another.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- How far the work on a request has come. Gone when it is done, since it names the person.
create table if not exists private.subject_work (
  company_id uuid not null,
  request_id uuid not null,
  user_ids uuid[] not null,
  pattern text not null,
  email_pattern text not null,
  text_pattern text not null,
  pass integer not null default 1,
  -- Table and key where the next page begins; null before the first.
  table_name text,
  position text[],
  -- Rows changed, and rows looked at, in this pass.
  hits bigint not null default 0,
  rows_seen bigint not null default 0,
  -- Rows changed in each table, rows kept in each and why, and what is left in each.
  counts jsonb not null default '{}',
  kept jsonb not null default '{}',
  remaining jsonb not null default '{}',
  started_at timestamptz not null default now(),
  primary key (company_id, request_id),
  constraint subject_work_request_fk foreign key (company_id, request_id)
    references public.compliance_requests (company_id, id) on delete cascade
);

-- Answers to requests for access, until they have been fetched.
create table if not exists private.subject_bundle_files (
  company_id uuid not null,
  request_id uuid not null,
  file_name text not null,
  row_count integer not null,
  content text not null,
  sha256 text not null,
  created_at timestamptz not null default now(),
  primary key (company_id, request_id, file_name),
  constraint subject_bundle_files_request_fk foreign key (company_id, request_id)
    references public.compliance_requests (company_id, id) on delete cascade
);

do $do$
begin
  if to_regtype('private.subject_table') is null then
    create type private.subject_table as (
      table_name text,
      -- Primary key without the company, and its types.
      keys text[],
      key_types text[],
      -- Conditions on row t: of the company ($1); naming the person ($2 ids, $3 pattern) where it can be erased; where it
      -- cannot; row goes as a whole; row must be kept, and why.
      is_company text,
      is_hit text,
      is_stuck text,
      is_gone text,
      is_kept text,
      reason text,
      -- What erasure sets ($4 pattern of addresses, $5 of the rest); null: nothing can be set.
      assignments text,
      -- The row as its subject may see it, and the columns of that.
      export text,
      export_columns text[]
    );
  end if;
  if to_regtype('public.compliance_progress') is null then
    create type public.compliance_progress as (
      request_id uuid,
      status text,
      is_complete boolean,
      rows_seen bigint,
      remaining jsonb,
      receipt jsonb
    );
  end if;
  if to_regtype('public.compliance_ticket') is null then
    create type public.compliance_ticket as (
      request_id uuid,
      kind text,
      status text,
      is_identity_verified boolean,
      received_at timestamptz,
      due_at timestamptz,
      completed_at timestamptz
    );
  end if;
end
$do$;

-- What a person is looked for by ---------------------------------------------------------------------------------------

-- An identifier as a regular expression that finds it as a whole: an address, a telephone number however it is grouped,
-- words however they are spaced, a name also with the last word first.
create or replace function private.identifier_pattern(p_identifier text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_space constant text := '(?:[[:space:]_+-]|%20|\\[nrt])+';
  v_digits constant text := regexp_replace(p_identifier, '[^0-9]', '', 'g');
  v_quoted text;
  v_words text[];
  v_is_name boolean;
begin
  if p_identifier ~ '^\+?[0-9][0-9 ./()-]+$' and length(v_digits) >= 6 then
    return '(?<![0-9])(?:\+|00)?' || array_to_string(regexp_split_to_array(v_digits, ''), '[ ./()-]*') || '(?![0-9])';
  end if;
  -- As it stands, and as it stands in JSON.
  select string_agg(regexp_replace(v.form, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|')
    into v_quoted
    from (select trim(p_identifier) as form union select substr(j.form, 2, length(j.form) - 2) from to_json(trim(p_identifier)) as x, lateral (select x::text as form) as j) as v;
  if p_identifier ~ '@' then
    return replace(v_quoted, '\@', '(?:@|%40)');
  end if;
  v_words := regexp_split_to_array(v_quoted, '[[:space:]]+');
  v_is_name := cardinality(v_words) between 2 and 5 and strpos(v_quoted, '|') = 0;
  v_quoted := array_to_string(v_words, v_space);
  if v_is_name then
    v_quoted := v_quoted || '|' || v_words[cardinality(v_words)] || ',?' || v_space
      || array_to_string(v_words[:cardinality(v_words) - 1], v_space);
  end if;
  return '(?<![[:alnum:]])(?:' || v_quoted || ')(?![[:alnum:]])';
end
$fn$;
revoke execute on function private.identifier_pattern(text) from public;

-- All addresses as one expression. An address may stand right behind a hyphen or an underline, as in a file's name, but
-- not where that makes it the address of somebody else that the company knows.
create or replace function private.address_pattern(p_company_id uuid, p_addresses text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_others text;
begin
  select string_agg(distinct regexp_replace(left(o.address, length(o.address) - length(a.address)), '([^[:alnum:]])', '\\\1', 'g'), '|')
    into v_others
    from unnest(p_addresses) as a (address)
    join (
      select lower(u.email) as address from public.users as u where u.company_id = p_company_id
      union
      select lower(i.customer_email) from public.invoices as i where i.company_id = p_company_id
      union
      select lower(r.subject_email) from public.compliance_requests as r where r.company_id = p_company_id
    ) as o on right(o.address, length(a.address)) = a.address and o.address ~ '[_-]' and o.address <> all (p_addresses);
  return (
    select '(?:(?<![[:alnum:].+])|(?<=%[0-9a-f][0-9a-f]))' || coalesce('(?<!' || v_others || ')', '')
           || '(?:' || string_agg(private.identifier_pattern(a.address), '|') || ')(?![[:alnum:]-])'
      from unnest(p_addresses) as a (address));
end
$fn$;
revoke execute on function private.address_pattern(uuid, text[]) from public;

-- Replaces what names the person. An address stays an address, so that what must be one can be stored.
create or replace function private.scrub_text(p_text text, p_email_pattern text, p_text_pattern text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return regexp_replace(
    regexp_replace(p_text, p_email_pattern, 'erased@erased.invalid', 'gi'), p_text_pattern, '[erased]', 'gi');
end
$fn$;
revoke execute on function private.scrub_text(text, text, text) from public;

-- The same in every key and value of a document, at any depth.
create or replace function private.scrub_json(p_json jsonb, p_email_pattern text, p_text_pattern text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  case jsonb_typeof(p_json)
    when 'string' then
      return to_jsonb(private.scrub_text(p_json #>> '{}', p_email_pattern, p_text_pattern));
    when 'number' then
      return case when p_json #>> '{}' ~* p_text_pattern then '"[erased]"' else p_json end;
    when 'array' then
      return (
        select coalesce(jsonb_agg(private.scrub_json(e.value, p_email_pattern, p_text_pattern) order by e.ordinality), '[]')
          from jsonb_array_elements(p_json) with ordinality as e);
    when 'object' then
      return (
        select coalesce(jsonb_object_agg(
                 private.scrub_text(e.key, p_email_pattern, p_text_pattern),
                 private.scrub_json(e.value, p_email_pattern, p_text_pattern)), '{}')
          from jsonb_each(p_json) as e);
    else
      return p_json;
  end case;
end
$fn$;
revoke execute on function private.scrub_json(jsonb, text, text) from public;

-- Bytes as text to look in.
create or replace function private.bytes_text(p_bytes bytea) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return convert_from(p_bytes, 'UTF8');
exception when character_not_in_repertoire or untranslatable_character then
  return encode(p_bytes, 'escape');
end
$fn$;
revoke execute on function private.bytes_text(bytea) from public;

-- Where they are looked for ----------------------------------------------------------------------------------------------

-- Every table with a company's rows, and what of a person each may hold. From the catalog: a new table, column or key
-- is taken in by itself.
create or replace function private.subject_tables(p_company_id uuid, p_request_id uuid) returns setof private.subject_table
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_table record;
  v_column record;
  v_answer private.subject_table;
  v_hits text[];
  v_stuck text[];
  v_gone text[];
  v_personal text[];
  v_sets text[];
  v_full text[];
  v_part text[];
  v_found text;
  v_value text;
begin
  for v_table in
    select c.oid, n.nspname as schema_name, c.relname as name, format('%I.%I', n.nspname, c.relname) as full_name,
           case when c.oid = 'public.companies'::regclass then 'id' else 'company_id' end as company_column,
           k.keys, k.key_types
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_index as i on i.indrelid = c.oid and i.indisprimary
     cross join lateral (
       select array_agg(a.attname::text order by x.ordinality) as keys,
              array_agg(format_type(a.atttypid, a.atttypmod) order by x.ordinality) as key_types
         from unnest(i.indkey::smallint[]) with ordinality as x (attnum, ordinality)
         join pg_attribute as a on a.attrelid = c.oid and a.attnum = x.attnum
        where a.attname <> 'company_id' or i.indnatts = 1
     ) as k
     where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
       and (c.oid = 'public.companies'::regclass
            or exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped))
       and c.oid <> 'private.subject_work'::regclass
     order by n.nspname desc, c.relname
  loop
    v_hits := '{}';
    v_stuck := '{}';
    v_gone := '{}';
    v_personal := '{}';
    v_sets := '{}';
    v_full := '{}';
    v_part := '{}';
    v_answer := null;
    v_answer.export_columns := '{}';
    for v_column in
      select a.attname::text as name, format('t.%I', a.attname) as ref, format_type(a.atttypid, null) as type_name, a.attnotnull as is_required,
             a.attgenerated <> '' as is_generated, k.class, k.erasure,
             exists (
               select from pg_index as i
                where i.indrelid = v_table.oid and i.indisunique and a.attnum = any (i.indkey::smallint[])) as is_unique,
             -- Whether it may be empty depends on other columns.
             exists (
               select from pg_constraint as f
                where f.conrelid = v_table.oid and f.contype = 'c' and a.attnum = any (f.conkey)
                  and cardinality(f.conkey) > 1) as is_bound,
             -- A key to the person's profile or account.
             exists (
               select from pg_constraint as f
                where f.conrelid = v_table.oid and f.contype = 'f'
                  and f.confrelid in ('public.users'::regclass, 'auth.users'::regclass)
                  and f.conkey[cardinality(f.conkey)] = a.attnum) as is_person
        from pg_attribute as a
        left join private.column_classes as k
          on (k.table_schema, k.table_name, k.column_name) = (v_table.schema_name, v_table.name, a.attname)
       where a.attrelid = v_table.oid and a.attnum > 0 and not a.attisdropped
       order by a.attnum
    loop
      v_found := case
        when v_column.type_name in ('text', 'character varying', 'character', 'name', 'citext', 'jsonb', 'json', 'text[]', 'character varying[]')
          then format('%s::text ~* $3', v_column.ref)
        when v_column.type_name = 'bytea' then format('private.bytes_text(%s) ~* $3', v_column.ref)
      end;
      -- Who may be erased and how.
      if v_table.full_name = 'public.users' and v_column.name = 'id' then
        null;
      elsif v_column.type_name = 'uuid' and v_column.is_person and v_column.is_required then
        v_gone := v_gone || format('%s = any ($2)', v_column.ref);
      elsif v_column.type_name = 'uuid' and (v_column.is_person or v_column.erasure = 'clear') then
        v_hits := v_hits || format('%s = any ($2)', v_column.ref);
        v_sets := v_sets || format('%1$I = case when %2$s <> all ($2) then %2$s end', v_column.name, v_column.ref);
      elsif v_column.type_name = 'uuid' and v_column.erasure = 'commit' then
        v_hits := v_hits || format('%s = any ($2)', v_column.ref);
      elsif v_column.erasure = 'delete' and v_found is not null then
        v_gone := v_gone || v_found;
      elsif v_column.erasure = 'commit' and v_found is not null then
        v_hits := v_hits || v_found;
        v_personal := v_personal || v_found;
      elsif v_table.full_name in ('public.documents', 'public.media_assets') and v_column.name = 'storage_path' then
        -- A file that is named after the person goes.
        v_gone := v_gone || v_found;
        v_personal := v_personal || v_found;
      elsif v_column.erasure = 'scrub' and v_found is not null and not v_column.is_generated then
        v_hits := v_hits || v_found;
        v_personal := v_personal || v_found;
        v_value := case
          when v_column.type_name = 'jsonb' then format('private.scrub_json(%s, $4, $5)', v_column.ref)
          when v_column.type_name = 'json' then format('private.scrub_json(%s::jsonb, $4, $5)::json', v_column.ref)
          when v_column.type_name like '%[]' then
            format('array(select private.scrub_text(x.value, $4, $5) from unnest(%s) with ordinality as x (value, n) order by x.n)', v_column.ref)
          when v_column.type_name = 'bytea' then case when v_column.is_required then '''''::bytea' else 'null' end
          when v_column.is_unique then
            format('left(private.scrub_text(%s, $4, $5), 80) || '' '' || left(gen_random_uuid()::text, 8)', v_column.ref)
          when v_column.is_required or v_column.is_bound then format('private.scrub_text(%s, $4, $5)', v_column.ref)
          -- What is nothing but the person's becomes null.
          else format('nullif(nullif(private.scrub_text(%s, $4, $5), ''[erased]''), ''erased@erased.invalid'')', v_column.ref)
        end;
        v_sets := v_sets || format('%I = case when %s then %s else %s end', v_column.name, v_found, v_value, v_column.ref);
      elsif v_found is not null and not v_column.is_generated then
        v_stuck := v_stuck || v_found;
      end if;
      -- What of it they may see: rows that name them as a whole, of rows that they only touched nothing of others.
      continue when v_table.schema_name <> 'public' or v_column.class is null or v_column.class = 'secret';
      v_answer.export_columns := v_answer.export_columns || v_column.name;
      v_value := format('to_jsonb(%s)', v_column.ref);
      if v_column.type_name = 'uuid' and (v_column.is_person or v_column.erasure in ('clear', 'commit')) and v_column.name <> 'id' then
        v_value := format('case when %s = any ($2) then to_jsonb(%s) end', v_column.ref, v_column.ref);
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        v_part := v_part || format('%L, %s', v_column.name, v_value);
      elsif v_table.name = 'audit_logs' and v_column.name in ('ip_address', 'user_agent') then
        v_value := format('case when t.actor_id = any ($2) then %s end', v_value);
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        v_part := v_part || format('%L, %s', v_column.name, v_value);
      else
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        if v_column.class in ('identifier', 'operational', 'financial') and v_column.erasure = 'keep' then
          v_part := v_part || format('%L, %s', v_column.name, v_value);
        end if;
      end if;
    end loop;

    v_answer.table_name := v_table.full_name;
    v_answer.keys := v_table.keys;
    v_answer.key_types := v_table.key_types;
    v_answer.is_company := format('t.%I = $1', v_table.company_column);
    v_answer.is_hit := coalesce(nullif(array_to_string(v_hits, ' or '), ''), 'false');
    v_answer.is_stuck := coalesce(nullif(array_to_string(v_stuck, ' or '), ''), 'false');
    v_answer.is_gone := coalesce(nullif(array_to_string(v_gone, ' or '), ''), 'false');
    v_answer.assignments := nullif(array_to_string(v_sets, ', '), '');
    v_answer.export := format('case when %s then private.merge_pairs(array[%s]) else private.merge_pairs(array[%s]) end',
      coalesce(nullif(array_to_string(v_personal, ' or '), ''), 'false'), private.pairs(v_full), private.pairs(v_part));
    if v_table.full_name = 'public.users' then
      -- The person's own profile goes last; of other profiles they see nothing.
      v_answer.is_hit := format('t.id <> all ($2) and (%s)', v_answer.is_hit);
      v_answer.is_stuck := format('t.id <> all ($2) and (%s)', v_answer.is_stuck);
      v_answer.export := format('private.merge_pairs(array[%s])', private.pairs(v_full));
    elsif v_table.full_name = 'public.audit_logs' then
      v_answer.export := format('case when t.row_id = any ($2) or t.changes::text ~* $3 then private.merge_pairs(array[%s]) else private.merge_pairs(array[%s]) end',
        private.pairs(v_full), private.pairs(v_part));
    elsif v_table.full_name = 'public.compliance_requests' then
      -- The request itself names the person until it is done.
      v_answer.is_hit := format('t.id <> %L and (%s)', p_request_id, v_answer.is_hit);
      v_answer.is_stuck := format('t.id <> %L and (%s)', p_request_id, v_answer.is_stuck);
    elsif v_table.full_name = 'private.outbox_events' then
      -- The way to a file is needed until the file has gone.
      v_answer.is_stuck := format('(%s) and t.topic = ''file.expired'' and t.status = ''pending''', v_answer.is_hit);
      v_answer.is_hit := format('(%s) and not (t.topic = ''file.expired'' and t.status = ''pending'')', v_answer.is_hit);
    end if;
    select * into v_answer.is_kept, v_answer.reason from private.erasure_exception(p_company_id, v_table.oid);
    return next v_answer;
  end loop;
end
$fn$;
revoke execute on function private.subject_tables(uuid, uuid) from public;

-- At most fifty pairs for each call of jsonb_build_object, which takes a hundred arguments.
create or replace function private.pairs(p_pairs text[]) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select coalesce(string_agg(format('jsonb_build_object(%s)', array_to_string(p_pairs[n:n + 39], ', ')), ', ' order by n), '''{}''::jsonb')
      from generate_series(1, cardinality(p_pairs), 40) as n);
end
$fn$;
revoke execute on function private.pairs(text[]) from public;

create or replace function private.merge_pairs(p_objects jsonb[]) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_answer jsonb := '{}'::jsonb;
  v_object jsonb;
begin
  foreach v_object in array p_objects loop
    v_answer := v_answer || v_object;
  end loop;
  return v_answer;
end
$fn$;
revoke execute on function private.merge_pairs(jsonb[]) from public;

-- Which rows of a table erasure must leave as they are, and why: legal hold, or a period that the law sets. What is part
-- of such a row (a key that cascades) is kept with it.
create or replace function private.erasure_exception(p_company_id uuid, p_table regclass, out is_kept text, out reason text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_whole record;
  v_inner record;
begin
  select 'true', 'legal hold: ' || coalesce(p.legal_basis, 'no basis stated')
    into is_kept, reason
    from public.data_retention_policies as p
   where p.company_id = p_company_id and p.is_legal_hold and format('public.%I', p.data_class)::regclass = p_table;
  if is_kept is not null then
    return;
  end if;
  select format('(%s) and coalesce(t.%I >= now() - interval ''%s days'', false)', k.overrides_erasure, k.age_column, k.minimum_days), k.minimum_basis
    into is_kept, reason
    from private.retention_classes as k
   where k.overrides_erasure is not null and format('public.%I', k.data_class)::regclass = p_table;
  if is_kept is not null then
    return;
  end if;
  is_kept := 'false';
  for v_whole in
    select f.confrelid::regclass as parent,
           string_agg(format('p.%I = t.%I', pa.attname, ca.attname), ' and ') as joined
      from pg_constraint as f
     cross join lateral unnest(f.conkey, f.confkey) as x (child, parent)
      join pg_attribute as ca on ca.attrelid = f.conrelid and ca.attnum = x.child
      join pg_attribute as pa on pa.attrelid = f.confrelid and pa.attnum = x.parent
     where f.conrelid = p_table and f.contype = 'f' and f.confdeltype = 'c' and f.confrelid <> f.conrelid
       and f.confrelid not in ('public.companies'::regclass, 'auth.users'::regclass)
     group by f.oid
  loop
    select * into v_inner from private.erasure_exception(p_company_id, v_whole.parent);
    if v_inner.is_kept <> 'false' then
      is_kept := format('exists (select from %s as p where %s and (%s))', v_whole.parent, v_whole.joined,
        regexp_replace(v_inner.is_kept, '\mt\.', 'p.', 'g'));
      reason := v_inner.reason;
    end if;
  end loop;
end
$fn$;
revoke execute on function private.erasure_exception(uuid, regclass) from public;

-- Who the person is in this company, and how they are looked for.
create or replace function private.find_subject(p_request public.compliance_requests) returns private.subject_work
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_work private.subject_work;
  v_addresses text[];
  v_texts text[];
begin
  v_addresses := array(
    select distinct lower(trim(a)) from unnest(p_request.identifiers || p_request.subject_email) as a where a ~ '@');
  v_work.user_ids := array(
    select u.id from public.users as u
     where u.company_id = p_request.company_id and (u.id = p_request.subject_user_id or lower(u.email) = any (v_addresses))
    union
    select p_request.subject_user_id where p_request.subject_user_id is not null);
  v_addresses := array(
    select unnest(v_addresses)
    union
    select lower(u.email) from public.users as u where u.company_id = p_request.company_id and u.id = any (v_work.user_ids));
  -- A single word is no name to look for everywhere, nor is a name that somebody else has, too.
  v_texts := array(
    select n.name
      from (
        select trim(p_request.subject_name) as name
        union
        select trim(u.full_name) from public.users as u where u.company_id = p_request.company_id and u.id = any (v_work.user_ids)
      ) as n
     where n.name ~ '\S\s+\S'
       and not exists (
         select from public.users as u
          where u.company_id = p_request.company_id and u.id <> all (v_work.user_ids) and lower(trim(u.full_name)) = lower(n.name))
    union
    select u.phone from public.users as u
     where u.company_id = p_request.company_id and u.id = any (v_work.user_ids) and u.phone is not null
    union
    select trim(i) from unnest(p_request.identifiers) as i where i !~ '@'
    union
    select i::text from unnest(v_work.user_ids) as i);
  v_work.company_id := p_request.company_id;
  v_work.request_id := p_request.id;
  v_work.email_pattern := private.address_pattern(p_request.company_id, v_addresses);
  -- Without anything else to look for: what stands nowhere.
  v_work.text_pattern := coalesce(
    (select string_agg(private.identifier_pattern(t), '|' order by t) from unnest(v_texts) as t), '(?=a)b');
  v_work.pattern := v_work.email_pattern || '|' || v_work.text_pattern;
  v_work.pass := 1;
  v_work.hits := 0;
  v_work.rows_seen := 0;
  v_work.counts := '{}';
  v_work.kept := '{}';
  v_work.remaining := '{}';
  v_work.started_at := now();
  return v_work;
end
$fn$;
revoke execute on function private.find_subject(public.compliance_requests) from public;

-- Going through the rows --------------------------------------------------------------------------------------------------

-- A page of a table, in the order of its key: what names the person is erased, unless it must be kept. Without a limit
-- only counts, over the whole table.
create or replace function private.erase_page(
  p_work private.subject_work, p_table private.subject_table, p_max_rows integer,
  out seen bigint, out changed bigint, out kept bigint, out stuck bigint, out next_position text[]
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_page text;
  v_removed text;
  v_changed text := 'select 0';
  v_entry public.audit_logs;
  v_at timestamptz;
  v_id uuid;
  v_is_hit boolean;
  v_is_stuck boolean;
  v_is_kept boolean;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  v_page := format(
    'select %s, coalesce(%s, false) as is_hit, coalesce(%s, false) as is_stuck, coalesce(%s, false) as is_gone,
            coalesce((%s) or (%s), false) and (%s) as is_kept
       from %s as t
      where %s%s
      order by %1$s
      limit $7',
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k), p_table.is_hit, p_table.is_stuck, p_table.is_gone,
    p_table.is_hit, p_table.is_gone, p_table.is_kept, p_table.table_name, p_table.is_company,
    case when p_work.position is not null then format(' and (%s) > (%s)',
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('($6)[%s]::%s', x.ordinality, x.type_name), ', ')
         from unnest(p_table.key_types) with ordinality as x (type_name, ordinality))) end);
  if p_max_rows is null then
    execute format(
      'select count(*), count(*) filter (where (p.is_hit or p.is_gone) and not p.is_kept), count(*) filter (where p.is_kept),
              count(*) filter (where p.is_stuck and not p.is_kept)
         from (%s) as p', v_page)
      into seen, changed, kept, stuck
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, null::integer;
    return;
  end if;

  if p_table.table_name = 'public.audit_logs' then
    seen := 0;
    changed := 0;
    kept := 0;
    stuck := 0;
    for v_at, v_id, v_is_hit, v_is_stuck, v_is_kept in
      execute format('select p.created_at, p.id, p.is_hit, p.is_stuck, p.is_kept from (%s) as p order by p.created_at, p.id', v_page)
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, p_max_rows
    loop
      seen := seen + 1;
      next_position := array[v_at::text, v_id::text];
      continue when not (v_is_hit or v_is_stuck or v_is_kept);
      select * into v_entry from public.audit_logs as l
       where (l.company_id, l.created_at, l.id) = (p_work.company_id, v_at, v_id);
      if v_is_kept then
        kept := kept + 1;
      elsif v_is_hit and private.erase_audit_fields(p_work.company_id, v_at, v_id, array_remove(array[
          case when v_entry.actor_id = any (p_work.user_ids) then 'actor_id' end,
          case when v_entry.created_by = any (p_work.user_ids) then 'created_by' end,
          case when v_entry.row_id = any (p_work.user_ids) then 'row_id' end,
          case when v_entry.actor_id = any (p_work.user_ids) then 'ip_address' end,
          case when v_entry.actor_id = any (p_work.user_ids) or v_entry.user_agent ~* p_work.pattern then 'user_agent' end,
          case when v_entry.request_id ~* p_work.pattern then 'request_id' end
        ] || array(
          select 'changes.' || c.key
            from jsonb_each(v_entry.changes) as c
           where c.value::text ~* p_work.pattern
              -- What the profile said of the person, also where it does not name them.
              or v_entry.table_name = 'users' and v_entry.row_id = any (p_work.user_ids) and exists (
                select from private.column_classes as k
                 where k.table_schema = 'public' and k.table_name = 'users' and k.column_name = c.key
                   and k.class in ('personal', 'sensitive'))), null))
      then
        changed := changed + 1;
      elsif v_is_hit or v_is_stuck then
        stuck := stuck + 1;
      end if;
    end loop;
    return;
  end if;

  v_removed := format(
    'delete from %s as t using page as p where p.is_gone and not p.is_kept and %s and (%s) = (%s)',
    p_table.table_name, p_table.is_company,
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k));
  v_removed := case
    when p_table.table_name in ('public.documents', 'public.media_assets') then format(
      '%s returning private.emit_event(t.company_id, ''file.expired'', jsonb_build_object(
         ''bucket'', %L, ''path'', t.storage_path, ''row_id'', t.id))',
      v_removed, case p_table.table_name when 'public.documents' then 'documents' else 'media' end)
    else v_removed || ' returning 1'
  end;
  if p_table.assignments is not null then
    v_changed := format(
      'update %s as t set %s from page as p where p.is_hit and not p.is_gone and not p.is_kept and %s and (%s) = (%s) returning 1',
      p_table.table_name, p_table.assignments, p_table.is_company,
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k));
  end if;
  perform set_config('app.importing', private.import_token(), true);
  execute format(
    'with page as materialized (%s), removed as (%s), changed as (%s)
     select count(*), %s + (select count(*) from removed), count(*) filter (where p.is_kept),
            count(*) filter (where p.is_stuck and not p.is_kept and not p.is_gone),
            (select array[%s] from page as l order by (%s) desc limit 1)
       from page as p',
    v_page, v_removed, v_changed, case when p_table.assignments is null then '0' else '(select count(*) from changed)' end,
    (select string_agg(format('l.%I::text', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('l.%I', k), ', ') from unnest(p_table.keys) as k))
    into seen, changed, kept, stuck, next_position
    using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, p_max_rows;
  perform set_config('app.importing', v_importing, true);
end
$fn$;
revoke execute on function private.erase_page(private.subject_work, private.subject_table, integer) from public;

-- Files of the person: those named after them go, of others the owner is forgotten. How many are still to go.
create or replace function private.erase_files(p_work private.subject_work) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_file record;
  v_left bigint := 0;
begin
  for v_file in
    select o.bucket_id, o.name from storage.objects as o
     where o.bucket_id in ('documents', 'media') and starts_with(o.name, p_work.company_id || '/')
       and substr(o.name, 38) ~* p_work.pattern
  loop
    v_left := v_left + 1;
    if not exists (
      select from private.outbox_events as e
       where e.company_id = p_work.company_id and e.topic = 'file.expired' and e.status = 'pending'
         and e.payload ->> 'path' = v_file.name and e.payload ->> 'bucket' = v_file.bucket_id)
    then
      perform private.emit_event(p_work.company_id, 'file.expired', jsonb_build_object(
        'bucket', v_file.bucket_id, 'path', v_file.name));
    end if;
  end loop;
  update storage.objects as o
     set owner = null, owner_id = null
   where o.bucket_id in ('documents', 'media') and starts_with(o.name, p_work.company_id || '/')
     and (o.owner = any (p_work.user_ids) or o.owner_id = any (p_work.user_ids::text[]));
  return v_left;
end
$fn$;
revoke execute on function private.erase_files(private.subject_work) from public;

-- A page of a table for the person to see: what there is of them in it, as JSON and as CSV.
create or replace function private.export_page(
  p_work private.subject_work, p_table private.subject_table, p_max_rows integer,
  out seen bigint, out changed bigint, out next_position text[]
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_rows jsonb;
  v_number integer;
  v_name constant text := split_part(p_table.table_name, '.', 2);
begin
  execute format(
    'select count(*), count(*) filter (where p.is_hit), coalesce(jsonb_agg(p.doc order by %1$s) filter (where p.is_hit), ''[]''),
            (array_agg(p.last_key order by %1$s))[count(*)]
       from (
         select %2$s, coalesce(%3$s, false) as is_hit, case when %3$s then %4$s end as doc, array[%5$s]::text as last_key
           from %6$s as t
          where %7$s%8$s
          order by %2$s
          limit $5
       ) as p',
    (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
    case p_table.table_name when 'public.users' then 't.id = any ($2)' else format('((%s) or (%s))', p_table.is_hit, p_table.is_gone) end,
    p_table.export,
    (select string_agg(format('t.%I::text', k), ', ') from unnest(p_table.keys) as k),
    p_table.table_name, p_table.is_company,
    case when p_work.position is not null then format(' and (%s) > (%s)',
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('($4)[%s]::%s', x.ordinality, x.type_name), ', ')
         from unnest(p_table.key_types) with ordinality as x (type_name, ordinality))) end)
    into seen, changed, v_rows, next_position
    using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.position, p_max_rows;
  if changed = 0 then
    return;
  end if;
  select count(*) / 2 + 1 into v_number from private.subject_bundle_files as f
   where f.company_id = p_work.company_id and f.request_id = p_work.request_id and split_part(f.file_name, '.', 1) = v_name;
  insert into private.subject_bundle_files (company_id, request_id, file_name, row_count, content, sha256)
  select p_work.company_id, p_work.request_id, format('%s.%s.%s', v_name, v_number, v.extension), changed, v.content,
         encode(sha256(convert_to(v.content, 'UTF8')), 'hex')
    from (
      select 'json' as extension, jsonb_pretty(v_rows) as content
      union all
      select 'csv', concat_ws(E'\r\n',
               array_to_string(p_table.export_columns, ','),
               (select string_agg(
                         (select string_agg(private.csv_field(r.value ->> c.name), ',' order by c.n)
                            from unnest(p_table.export_columns) with ordinality as c (name, n)),
                         E'\r\n' order by r.ordinality)
                  from jsonb_array_elements(v_rows) with ordinality as r)) || E'\r\n'
    ) as v;
end
$fn$;
revoke execute on function private.export_page(private.subject_work, private.subject_table, integer) from public;

-- Ends an erasure: the profile and the request itself go last. Nothing of the person is in what this writes.
create or replace function private.finish_erasure(p_request public.compliance_requests, p_work private.subject_work) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_users_kept record;
  v_request_kept record;
  v_counts jsonb := p_work.counts;
  v_kept jsonb := p_work.kept;
  v_rows bigint;
  v_receipt jsonb;
  v_operator uuid;
begin
  select * into v_users_kept from private.erasure_exception(p_request.company_id, 'public.users');
  select * into v_request_kept from private.erasure_exception(p_request.company_id, 'public.compliance_requests');
  perform set_config('app.importing', private.import_token(), true);
  if v_users_kept.is_kept = 'false' then
    delete from public.users as u where u.company_id = p_request.company_id and u.id = any (p_work.user_ids);
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
      v_counts := v_counts || jsonb_build_object('public.users', coalesce((v_counts ->> 'public.users')::bigint, 0) + v_rows);
    end if;
  else
    select count(*) into v_rows from public.users as u where u.company_id = p_request.company_id and u.id = any (p_work.user_ids);
    if v_rows > 0 then
      v_kept := v_kept || jsonb_build_object('public.users', jsonb_build_object('rows', v_rows, 'reason', v_users_kept.reason));
    end if;
  end if;
  if v_request_kept.is_kept <> 'false' then
    v_kept := v_kept || jsonb_build_object('public.compliance_requests', jsonb_build_object(
      'rows', coalesce((v_kept #>> '{public.compliance_requests,rows}')::bigint, 0) + 1, 'reason', v_request_kept.reason));
  end if;
  -- What opposed processing has nothing left to oppose.
  update public.processing_restrictions as r
     set lifted_at = now(), lift_reason = 'the person has been erased', updated_at = now()
   where r.company_id = p_request.company_id and r.lifted_at is null and r.subject_email = 'erased@erased.invalid';
  v_receipt := jsonb_build_object(
    'kind', p_request.kind, 'regulation', p_request.regulation, 'identity_method', p_request.identity_method,
    'subject_hash', encode(sha256(convert_to(p_request.id || ':' || lower(p_request.subject_email), 'UTF8')), 'hex'),
    'started_at', p_work.started_at, 'completed_at', now(), 'rows_erased', v_counts, 'rows_kept', v_kept,
    'scan', jsonb_build_object('pass', p_work.pass, 'rows_seen', p_work.rows_seen, 'rows_found', 0));
  v_receipt := v_receipt || jsonb_build_object('sha256', encode(sha256(convert_to(v_receipt::text, 'UTF8')), 'hex'));
  update public.compliance_requests as r
     set status = 'completed', completed_at = now(), updated_at = now(), receipt = v_receipt,
         subject_email = case when v_request_kept.is_kept = 'false' then 'erased@erased.invalid' else r.subject_email end,
         subject_name = case when v_request_kept.is_kept <> 'false' then r.subject_name end,
         subject_user_id = case when v_request_kept.is_kept <> 'false' then r.subject_user_id end,
         identifiers = case when v_request_kept.is_kept = 'false' then '{}' else r.identifiers end,
         details = case when v_request_kept.is_kept <> 'false' then r.details end,
         corrections = case when v_request_kept.is_kept = 'false' then '[]' else r.corrections end,
         extension_reason = case
           when v_request_kept.is_kept = 'false' then private.scrub_text(r.extension_reason, p_work.email_pattern, p_work.text_pattern)
           else r.extension_reason
         end,
         created_by = case when r.created_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.created_by end,
         updated_by = case when r.updated_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.updated_by end,
         identity_verified_by = case
           when r.identity_verified_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.identity_verified_by
         end
   where r.company_id = p_request.company_id and r.id = p_request.id;
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = p_request.id;
  perform set_config('app.importing', v_importing, true);
  -- An account without any company left is the platform's to delete.
  select c.id into v_operator from public.companies as c where c.is_operator;
  perform private.emit_event(v_operator, 'account.unused', jsonb_build_object('user_id', i))
     from unnest(p_work.user_ids) as i
    where v_operator <> p_request.company_id
      and exists (select from auth.users as a where a.id = i)
      and not exists (select from public.users as u where u.id = i);
  return v_receipt;
end
$fn$;
revoke execute on function private.finish_erasure(public.compliance_requests, private.subject_work) from public;

-- Ends a request for access: the list of its files.
create or replace function private.finish_bundle(p_request public.compliance_requests, p_work private.subject_work) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_manifest text;
  v_receipt jsonb;
begin
  select jsonb_pretty(jsonb_build_object(
           'company_id', p_request.company_id, 'request_id', p_request.id, 'kind', p_request.kind,
           'regulation', p_request.regulation, 'generated_at', now(), 'rows', p_work.counts,
           'files', coalesce(jsonb_agg(jsonb_build_object(
             'file_name', f.file_name, 'row_count', f.row_count, 'bytes', octet_length(convert_to(f.content, 'UTF8')),
             'sha256', f.sha256) order by f.file_name), '[]')))
    into v_manifest
    from private.subject_bundle_files as f
   where f.company_id = p_request.company_id and f.request_id = p_request.id;
  v_receipt := jsonb_build_object(
    'kind', p_request.kind, 'regulation', p_request.regulation, 'identity_method', p_request.identity_method,
    'subject_hash', encode(sha256(convert_to(p_request.id || ':' || lower(p_request.subject_email), 'UTF8')), 'hex'),
    'started_at', p_work.started_at, 'completed_at', now(), 'rows', p_work.counts,
    'manifest_sha256', encode(sha256(convert_to(v_manifest, 'UTF8')), 'hex'));
  insert into private.subject_bundle_files (company_id, request_id, file_name, row_count, content, sha256)
  values (p_request.company_id, p_request.id, 'manifest.json', 0, v_manifest, v_receipt ->> 'manifest_sha256');
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = p_request.id;
  return v_receipt;
end
$fn$;
revoke execute on function private.finish_bundle(public.compliance_requests, private.subject_work) from public;

-- Corrects what the request lists; only what is personal, and only in rows that name the person.
create or replace function private.apply_corrections(p_request public.compliance_requests, p_work private.subject_work) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_correction jsonb;
  v_table text;
  v_column text;
  v_row_id uuid;
  v_plan private.subject_table;
  v_rows bigint;
  v_counts jsonb := '{}'::jsonb;
begin
  if p_request.corrections = '[]' then
    raise exception 'the request does not say what is to be corrected'
      using errcode = '22023',
            detail = 'no_corrections',
            hint = 'Set corrections to a list of {table_name, row_id, column_name, value}.';
  end if;
  for v_correction in select e.value from jsonb_array_elements(p_request.corrections) as e loop
    v_table := coalesce(v_correction ->> 'table_name', 'users');
    v_column := v_correction ->> 'column_name';
    v_row_id := coalesce(private.parse_uuid(v_correction ->> 'row_id'), case when v_table = 'users' then p_work.user_ids[1] end);
    select t.* into v_plan from private.subject_tables(p_request.company_id, p_request.id) as t
     where t.table_name = format('public.%I', v_table) and t.keys = '{id}';
    if v_plan.table_name is null or v_row_id is null or jsonb_typeof(v_correction -> 'value') is null
      or jsonb_typeof(v_correction -> 'value') not in ('string', 'null')
      or not exists (
        select from private.column_classes as k
          join pg_attribute as a on a.attrelid = format('public.%I', v_table)::regclass and a.attname = k.column_name
         where k.table_schema = 'public' and k.table_name = v_table and k.column_name = v_column
           and k.class = 'personal' and k.erasure = 'scrub' and a.atttypid = 'text'::regtype)
    then
      raise exception 'correction of %.% names no personal text of a row', v_table, coalesce(v_column, '(null)')
        using errcode = '22023',
              detail = 'invalid_correction',
              hint = 'Name table_name, row_id, column_name and value; without table_name the person''s profile is corrected.';
    end if;
    execute format(
      'update %s as t set %I = $6 where %s and t.id = $7 and (%s)', v_plan.table_name, v_column, v_plan.is_company,
      case v_table when 'users' then 't.id = any ($2)' else v_plan.is_hit end)
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern,
            v_correction ->> 'value', v_row_id;
    get diagnostics v_rows = row_count;
    if v_rows = 0 then
      raise exception 'row % of % does not name the person of this request', v_row_id, v_table
        using errcode = '42501',
              detail = 'not_the_subject',
              hint = 'A request corrects only what a company holds of the person who asked.';
    end if;
    v_counts := v_counts || jsonb_build_object(v_plan.table_name, coalesce((v_counts ->> v_plan.table_name)::bigint, 0) + 1);
  end loop;
  return v_counts;
end
$fn$;
revoke execute on function private.apply_corrections(public.compliance_requests, private.subject_work) from public;

-- From the request to its receipt -------------------------------------------------------------------------------------------

-- Goes on with an erasure or a bundle, at most so many rows.
create or replace function private.go_through(
  p_request public.compliance_requests, p_work private.subject_work, p_is_erasure boolean, p_max_rows integer
) returns private.subject_work
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_work private.subject_work := p_work;
  v_is_done boolean := false;
  v_is_over boolean := false;
  v_tables private.subject_table[];
  v_table private.subject_table;
  v_page record;
  v_limit integer;
  v_left integer := p_max_rows;
  v_index integer;
  v_files bigint;
begin
  v_tables := array(
    select t from private.subject_tables(p_request.company_id, p_request.id) as t
     where p_is_erasure or t.table_name like 'public.%');
  v_index := coalesce((
    select x.n from unnest(v_tables) with ordinality as x (table_name, keys, key_types, is_company, is_hit, is_stuck, is_gone, is_kept,
      reason, assignments, export, export_columns, n) where x.table_name = v_work.table_name), 1)::integer;
  if v_work.table_name is null then
    v_work.pass := 1;
    v_work.hits := 0;
    v_work.rows_seen := 0;
    v_work.kept := '{}';
    v_work.remaining := '{}';
  end if;
  loop
    if v_index > cardinality(v_tables) then
      v_index := 1;
      v_is_done := not p_is_erasure;
      exit when v_is_done;
      v_files := private.erase_files(v_work);
      if v_files > 0 then
        v_work.remaining := v_work.remaining || jsonb_build_object('storage.objects', v_files);
      end if;
      -- A pass that found nothing is the proof; one that found something is followed by another.
      v_is_done := v_work.hits = 0 and v_work.remaining = '{}';
      v_is_over := v_is_done or v_work.hits = 0 or v_work.pass >= 5;
      exit when v_is_over;
      v_work.pass := v_work.pass + 1;
      v_work.hits := 0;
      v_work.rows_seen := 0;
      v_work.kept := '{}';
      v_work.remaining := '{}';
    end if;
    exit when v_left <= 0;
    v_table := v_tables[v_index];
    v_limit := least(v_left, 1000);
    begin
      if p_is_erasure then
        select p.seen, p.changed, p.kept, p.stuck, p.next_position into v_page from private.erase_page(v_work, v_table, v_limit) as p;
      else
        select p.seen, p.changed, 0::bigint as kept, 0::bigint as stuck, p.next_position
          into v_page from private.export_page(v_work, v_table, v_limit) as p;
      end if;
    exception when integrity_constraint_violation or data_exception or lock_not_available or deadlock_detected then
      -- One table that refuses does not keep the others from being erased.
      v_work.remaining := v_work.remaining || jsonb_build_object(v_table.table_name, format('%s (%s)', sqlerrm, sqlstate));
      v_index := v_index + 1;
      v_work.position := null;
      v_left := v_left - 1;
      continue;
    end;
    v_left := v_left - greatest(v_page.seen, 1)::integer;
    v_work.rows_seen := v_work.rows_seen + v_page.seen;
    v_work.hits := v_work.hits + v_page.changed;
    if v_page.changed > 0 then
      v_work.counts := v_work.counts || jsonb_build_object(v_table.table_name,
        coalesce((v_work.counts ->> v_table.table_name)::bigint, 0) + v_page.changed);
    end if;
    if v_page.kept > 0 then
      v_work.kept := v_work.kept || jsonb_build_object(v_table.table_name, jsonb_build_object('reason', v_table.reason,
        'rows', coalesce((v_work.kept -> v_table.table_name ->> 'rows')::bigint, 0) + v_page.kept));
    end if;
    if v_page.stuck > 0 then
      v_work.remaining := v_work.remaining || jsonb_build_object(v_table.table_name,
        coalesce((v_work.remaining ->> v_table.table_name)::bigint, 0) + v_page.stuck);
    end if;
    if v_page.seen < v_limit then
      v_index := v_index + 1;
      v_work.position := null;
    else
      v_work.position := v_page.next_position;
    end if;
  end loop;
  -- Null where the next call begins anew, done where there is none.
  v_work.table_name := case when v_is_done then 'done' when not v_is_over then v_tables[v_index].table_name end;
  return v_work;
end
$fn$;
revoke execute on function private.go_through(public.compliance_requests, private.subject_work, boolean, integer) from public;

create or replace function private.process_compliance_request(
  p_request_id uuid, p_company_id uuid, p_max_rows integer, p_is_dry_run boolean
) returns public.compliance_progress
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company uuid := p_company_id;
  v_request public.compliance_requests;
  v_answer public.compliance_progress;
  v_work private.subject_work;
  v_table private.subject_table;
  v_page record;
  v_task text;
  v_restriction uuid;
  v_receipt jsonb;
begin
  if v_company is null and not private.is_backend() and current_setting('role', true) <> 'platform_admin' then
    v_company := private.company_for('compliance.manage');
  elsif v_company is null and (private.is_backend() or private.is_platform_admin()) then
    -- Whoever reaches every company need not name it, unless two have a request of this id.
    select r.company_id into v_company from public.compliance_requests as r
     where r.id = p_request_id
       and not exists (
         select from public.compliance_requests as x where x.id = r.id and x.company_id <> r.company_id);
  end if;
  perform private.require_reader(v_company, 'compliance.manage');
  if p_max_rows is null or p_max_rows not between 1 and 1000000 or p_is_dry_run is null then
    raise exception 'max_rows must be 1 to 1000000'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'Call again until is_complete is true.';
  end if;
  select * into v_request from public.compliance_requests as r
   where r.company_id = v_company and r.id = p_request_id
     for update;
  if not found then
    raise exception 'there is no compliance request %', coalesce(p_request_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_request',
            hint = 'Check id and company_id.';
  end if;
  v_answer := (v_request.id, v_request.status, false, 0, '{}', v_request.receipt)::public.compliance_progress;
  if v_request.status = 'completed' then
    v_answer.is_complete := true;
    return v_answer;
  elsif v_request.status in ('rejected', 'cancelled') then
    raise exception 'the compliance request is %', v_request.status
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  v_task := case
    when v_request.kind in ('access', 'portability', 'know') then 'bundle'
    when v_request.kind in ('erasure', 'delete') then 'erase'
    when v_request.kind in ('rectification', 'correct') then 'correct'
    else 'restrict'
  end;
  -- Nobody must identify themselves to object or to opt out (CCPA regulations, section 7026(d)).
  if v_request.identity_verified_at is null and v_request.kind not in ('objection', 'opt_out') then
    raise exception 'it has not been made sure who asks'
      using errcode = '23514',
            detail = 'identity_not_verified',
            hint = 'Call verify_compliance_identity() once it is (GDPR Art. 12(6)).';
  end if;
  v_work := private.find_subject(v_request);
  if v_task = 'erase' and not private.is_backend() then
    -- Nor do they by a key that they issued.
    if private.actor_id() = any (v_work.user_ids) or exists (
      select from public.api_keys as k
       where k.company_id = v_company and k.id = private.actor_id() and k.created_by = any (v_work.user_ids))
    then
      raise exception 'nobody erases themselves'
        using errcode = '42501',
              detail = 'own_request',
              hint = 'Another compliance administrator, or an operator, processes it.';
    end if;
    if current_setting('role', true) <> 'platform_admin' and exists (
      select from public.users as u
       where u.company_id = v_company and u.id = any (v_work.user_ids) and u.status = 'active'
         and not (v_request.identity_method = 'session' and v_request.subject_user_id = u.id))
    then
      raise exception 'the person is an active member and did not ask for it while signed in'
        using errcode = '42501',
              detail = 'member_active',
              hint = 'They submit the request themselves, or whoever manages members disables them first.';
    end if;
  end if;

  if p_is_dry_run then
    v_answer.receipt := '{}';
    if v_task in ('bundle', 'erase') then
      for v_table in select * from private.subject_tables(v_company, v_request.id) as t
        where v_task = 'erase' or t.table_name like 'public.%'
      loop
        select * into v_page from private.erase_page(v_work, v_table, null);
        v_answer.rows_seen := v_answer.rows_seen + v_page.seen;
        continue when v_page.changed = 0 and v_page.kept = 0 and v_page.stuck = 0;
        v_answer.receipt := v_answer.receipt || jsonb_build_object(v_table.table_name, jsonb_strip_nulls(jsonb_build_object(
          'rows', v_page.changed + case when v_task = 'bundle' then v_page.kept else 0 end,
          'rows_kept', case when v_task = 'erase' and v_page.kept > 0 then v_page.kept end,
          'reason', case when v_task = 'erase' and v_page.kept > 0 then v_table.reason end,
          'rows_left', case when v_task = 'erase' and v_page.stuck > 0 then v_page.stuck end)));
      end loop;
      if cardinality(v_work.user_ids) > 0 then
        select count(*) as rows, e.is_kept, e.reason into v_page
          from public.users as u, private.erasure_exception(v_company, 'public.users') as e
         where u.company_id = v_company and u.id = any (v_work.user_ids)
         group by e.is_kept, e.reason;
        if v_page.rows > 0 then
          v_answer.receipt := v_answer.receipt || jsonb_build_object('the profile', case
            when v_task = 'erase' and v_page.is_kept <> 'false' then jsonb_build_object('rows_kept', v_page.rows, 'reason', v_page.reason)
            else jsonb_build_object('rows', v_page.rows) end);
        end if;
      end if;
    end if;
    return v_answer;
  end if;

  if v_request.status <> 'in_progress' then
    update public.compliance_requests as r set status = 'in_progress' where r.company_id = v_company and r.id = v_request.id;
    v_request.status := 'in_progress';
  end if;
  if v_task in ('bundle', 'erase') then
    -- What was begun for somebody else, before the request was changed and verified again, is begun anew.
    delete from private.subject_work as w
     where w.company_id = v_company and w.request_id = v_request.id and w.started_at < v_request.identity_verified_at;
    if found then
      delete from private.subject_bundle_files as f where f.company_id = v_company and f.request_id = v_request.id;
    end if;
    insert into private.subject_work select v_work.* on conflict do nothing;
    if found and v_task = 'erase' then
      perform private.close_other_requests(v_request, v_work);
    end if;
    select * into strict v_work from private.subject_work as w where w.company_id = v_company and w.request_id = v_request.id;
    v_work := private.go_through(v_request, v_work, v_task = 'erase', p_max_rows);
    v_answer.rows_seen := v_work.rows_seen;
    v_answer.remaining := v_work.remaining;
    if v_work.table_name is distinct from 'done' then
      update private.subject_work as w
         set pass = v_work.pass, table_name = v_work.table_name, position = v_work.position, hits = v_work.hits,
             rows_seen = v_work.rows_seen, counts = v_work.counts, kept = v_work.kept, remaining = v_work.remaining
       where w.company_id = v_company and w.request_id = v_request.id;
      perform private.write_audit(v_company, 'compliance_request.continued', 'compliance_requests', v_request.id,
        jsonb_build_object('pass', v_work.pass, 'rows', v_work.counts));
      if v_work.table_name is null then
        perform private.emit_event(v_company, 'compliance.incomplete', jsonb_build_object(
          'request_id', v_request.id, 'kind', v_request.kind, 'remaining', v_work.remaining));
      end if;
      v_answer.status := v_request.status;
      return v_answer;
    end if;
    v_receipt := case v_task
      when 'erase' then private.finish_erasure(v_request, v_work)
      else private.finish_bundle(v_request, v_work)
    end;
  elsif v_task = 'correct' then
    v_receipt := jsonb_build_object(
      'kind', v_request.kind, 'regulation', v_request.regulation, 'identity_method', v_request.identity_method,
      'completed_at', now(), 'rows', private.apply_corrections(v_request, v_work));
  else
    insert into public.processing_restrictions (
      company_id, compliance_request_id, kind, subject_email, subject_user_id, purposes)
    values (
      v_company, v_request.id, case v_request.kind when 'opt_out' then 'opt_out' when 'objection' then 'objection' else 'restriction' end,
      lower(v_request.subject_email), coalesce(v_request.subject_user_id, v_work.user_ids[1]),
      case when v_request.kind = 'opt_out' and v_request.purposes = '{}' then '{sale,sharing}' else v_request.purposes end)
    returning id into v_restriction;
    v_receipt := jsonb_build_object(
      'kind', v_request.kind, 'regulation', v_request.regulation, 'completed_at', now(), 'restriction_id', v_restriction);
  end if;
  if v_task <> 'erase' then
    update public.compliance_requests as r
       set status = 'completed', receipt = v_receipt
     where r.company_id = v_company and r.id = v_request.id;
  end if;
  perform private.write_audit(v_company, 'compliance_request.completed', 'compliance_requests', v_request.id,
    jsonb_build_object('receipt', v_receipt));
  perform private.emit_event(v_company, 'compliance.completed', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation));
  v_answer.status := 'completed';
  v_answer.is_complete := true;
  v_answer.receipt := v_receipt;
  return v_answer;
end
$fn$;
revoke execute on function private.process_compliance_request(uuid, uuid, integer, boolean) from public;
grant execute on function private.process_compliance_request(uuid, uuid, integer, boolean) to authenticated, platform_admin, service_role;

-- What else the person has asked for is overtaken, and copies made for them go first.
create or replace function private.close_other_requests(p_request public.compliance_requests, p_work private.subject_work) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_closed uuid[];
begin
  delete from private.subject_bundle_files as f
   using public.compliance_requests as r
   where f.company_id = p_request.company_id and r.company_id = f.company_id and r.id = f.request_id
     and (r.subject_user_id = any (p_work.user_ids) or lower(r.subject_email) ~* p_work.email_pattern);
  perform set_config('app.importing', private.import_token(), true);
  with closed as (
    update public.compliance_requests as r
       set status = 'cancelled', completed_at = now(), updated_at = now()
     where r.company_id = p_request.company_id and r.id <> p_request.id
       and r.status in ('received', 'identity_check', 'in_progress')
       and (r.subject_user_id = any (p_work.user_ids) or lower(r.subject_email) ~* p_work.email_pattern)
    returning r.id
  )
  select array_agg(c.id) into v_closed from closed as c;
  perform set_config('app.importing', v_importing, true);
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = any (v_closed);
  perform private.write_audit(p_request.company_id, 'compliance_request.cancelled', 'compliance_requests', c,
    jsonb_build_object('erased_by', p_request.id)) from unnest(v_closed) as c;
end
$fn$;
revoke execute on function private.close_other_requests(public.compliance_requests, private.subject_work) from public;

-- Taking in, making sure, putting off ------------------------------------------------------------------------------------------

create or replace function private.compliance_ticket(p_request public.compliance_requests) returns public.compliance_ticket
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    p_request.id, p_request.kind, p_request.status, p_request.identity_verified_at is not null, p_request.received_at,
    p_request.due_at, p_request.completed_at)::public.compliance_ticket;
end
$fn$;
revoke execute on function private.compliance_ticket(public.compliance_requests) from public;

create or replace function private.submit_compliance_request(
  p_company_id uuid, p_kind text, p_regulation text, p_subject_email text, p_subject_name text, p_details text,
  p_identifiers text[], p_corrections jsonb, p_purposes text[], p_request_id uuid
) returns public.compliance_ticket
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_actor constant uuid := private.actor_id();
  v_me public.users;
  v_is_mine boolean := false;
  v_request public.compliance_requests;
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    -- Whoever belongs to the company may ask, or pass on what somebody asked them.
    perform private.require_company(p_company_id, null);
    if not private.is_backend() then
      select * into v_me from public.users as u where u.company_id = p_company_id and u.id = v_actor;
      v_is_mine := v_me.id is not null and (p_subject_email is null or lower(trim(p_subject_email)) = lower(v_me.email));
    end if;
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  if p_subject_email is null and not v_is_mine then
    raise exception 'whose data the request is about is missing'
      using errcode = '22023',
            detail = 'subject_missing',
            hint = 'State subject_email; only members who ask for themselves may leave it out.';
  end if;
  select * into v_request from public.compliance_requests as r where r.company_id = p_company_id and r.id = p_request_id;
  if found then
    if v_request.kind is distinct from p_kind or v_request.created_by is distinct from v_actor then
      raise exception 'there is another request with this id'
        using errcode = '23505',
              detail = 'request_id_taken',
              hint = 'Make a new request_id for each request, and repeat it only when you repeat the request.';
    end if;
    return private.compliance_ticket(v_request);
  end if;
  insert into public.compliance_requests as r (
    company_id, id, kind, regulation, subject_email, subject_name, subject_user_id, details, identifiers, corrections, purposes)
  values (
    p_company_id, coalesce(p_request_id, gen_random_uuid()), p_kind, p_regulation,
    lower(trim(coalesce(p_subject_email, v_me.email))), coalesce(p_subject_name, case when v_is_mine then v_me.full_name end),
    case when v_is_mine then v_actor end, p_details, coalesce(p_identifiers, '{}'), coalesce(p_corrections, '[]'),
    coalesce(p_purposes, '{}'))
  returning r.* into v_request;
  if v_is_mine then
    -- Whoever is signed in has shown who they are; not so for further names, which anybody could claim.
    if v_request.identifiers = '{}' and v_request.subject_name is not distinct from v_me.full_name then
      update public.compliance_requests as r
         set identity_method = 'session', identity_verified_at = now(), identity_verified_by = v_actor
       where r.company_id = p_company_id and r.id = v_request.id
      returning r.* into v_request;
    end if;
  end if;
  perform private.emit_event(p_company_id, 'compliance.received', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation, 'due_at', v_request.due_at));
  return private.compliance_ticket(v_request);
end
$fn$;
revoke execute on function private.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) from public;
grant execute on function private.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)
  to authenticated, platform_admin, service_role;

-- The open request of a company, locked.
create or replace function private.open_request(p_company_id uuid, p_request_id uuid) returns public.compliance_requests
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_request public.compliance_requests;
begin
  perform private.require_reader(p_company_id, 'compliance.manage');
  select * into v_request from public.compliance_requests as r
   where r.company_id = p_company_id and r.id = p_request_id
     for update;
  if not found then
    raise exception 'there is no compliance request %', coalesce(p_request_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_request',
            hint = 'Check request_id and company_id.';
  end if;
  if v_request.status in ('completed', 'rejected', 'cancelled') then
    raise exception 'the compliance request is %', v_request.status
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  return v_request;
end
$fn$;
revoke execute on function private.open_request(uuid, uuid) from public;

create or replace function private.verify_compliance_identity(p_company_id uuid, p_request_id uuid, p_method text)
returns public.compliance_ticket
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_request public.compliance_requests;
begin
  v_request := private.open_request(p_company_id, p_request_id);
  if p_method is null or p_method not in ('email', 'document', 'known_contact', 'other') then
    raise exception 'identity is verified by email, document, known_contact or other'
      using errcode = '22023',
            detail = 'invalid_method',
            hint = 'session is recorded where the person submits the request themselves while signed in.';
  end if;
  if v_request.identity_verified_at is null then
    update public.compliance_requests as r
       set identity_method = p_method, identity_verified_at = clock_timestamp(), identity_verified_by = private.actor_id(),
           status = 'in_progress'
     where r.company_id = p_company_id and r.id = p_request_id
    returning r.* into v_request;
  end if;
  return private.compliance_ticket(v_request);
end
$fn$;
revoke execute on function private.verify_compliance_identity(uuid, uuid, text) from public;
grant execute on function private.verify_compliance_identity(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function private.extend_compliance_request(p_company_id uuid, p_request_id uuid, p_reason text)
returns public.compliance_ticket
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_request public.compliance_requests;
begin
  v_request := private.open_request(p_company_id, p_request_id);
  if coalesce(p_reason !~ '\S', true) then
    raise exception 'the person is told why it takes longer'
      using errcode = '22023',
            detail = 'reason_missing',
            hint = 'State the reason (GDPR Art. 12(3): complexity or number of requests).';
  end if;
  if v_request.extended_at is not null and v_request.extension_reason = p_reason then
    return private.compliance_ticket(v_request);
  end if;
  if v_request.extended_at is not null or v_request.due_at < now() then
    raise exception 'the date of a request is put off once, and before it has passed'
      using errcode = '23514',
            detail = 'extension_too_late',
            hint = 'Answer it as soon as you can.';
  end if;
  update public.compliance_requests as r
     set extended_at = now(), extension_reason = p_reason, notices = 0,
         due_at = r.received_at + case r.regulation when 'gdpr' then interval '3 months' else interval '90 days' end
   where r.company_id = p_company_id and r.id = p_request_id
  returning r.* into v_request;
  perform private.emit_event(p_company_id, 'compliance.extended', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'due_at', v_request.due_at));
  return private.compliance_ticket(v_request);
end
$fn$;
revoke execute on function private.extend_compliance_request(uuid, uuid, text) from public;
grant execute on function private.extend_compliance_request(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function private.my_compliance_requests() returns setof public.compliance_ticket
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select t.* from public.compliance_requests as r, private.compliance_ticket(r) as t
   where r.company_id = private.company_for(null)
     and (r.subject_user_id = private.current_user_id() or r.created_by = private.current_user_id())
   order by r.received_at desc, r.id
   limit 1000;
end
$fn$;
revoke execute on function private.my_compliance_requests() from public;
grant execute on function private.my_compliance_requests() to authenticated;

create or replace function private.read_compliance_bundle(
  p_company_id uuid, p_request_id uuid, p_file_name text,
  out file_name text, out row_count integer, out content text, out sha256 text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- The person themselves, while they are a member; or whoever answers them.
  if private.is_backend() or current_setting('role', true) = 'platform_admin' or not exists (
    select from public.compliance_requests as r
     where r.company_id = private.company_for(null) and r.company_id = p_company_id and r.id = p_request_id
       and r.subject_user_id = private.current_user_id() and r.identity_method = 'session')
  then
    perform private.require_reader(p_company_id, 'compliance.manage');
  end if;
  select f.file_name, f.row_count, f.content, f.sha256
    into file_name, row_count, content, sha256
    from private.subject_bundle_files as f
   where f.company_id = p_company_id and f.request_id = p_request_id and f.file_name = p_file_name
     -- The manifest comes last.
     and exists (
       select from private.subject_bundle_files as m
        where m.company_id = f.company_id and m.request_id = f.request_id and m.file_name = 'manifest.json');
  if not found then
    raise exception 'there is no file % for this request', coalesce(p_file_name, 'null')
      using errcode = 'PT404',
            detail = 'unknown_file',
            hint = 'Read manifest.json for the files of a request that is completed; they are kept for 30 days.';
  end if;
  perform private.write_audit(p_company_id, 'compliance_request.fetched', 'compliance_requests', p_request_id,
    jsonb_build_object('file_name', file_name, 'sha256', sha256));
end
$fn$;
revoke execute on function private.read_compliance_bundle(uuid, uuid, text) from public;
grant execute on function private.read_compliance_bundle(uuid, uuid, text) to authenticated, platform_admin, service_role;

-- Restrictions ------------------------------------------------------------------------------------------------------------------

-- Whether a restriction covers a purpose, and which.
create or replace function private.find_restriction(
  p_company_id uuid, p_purpose text, p_user_id uuid, p_text text
) returns uuid
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
begin
  return (
    select r.id from public.processing_restrictions as r
     where r.company_id = p_company_id and r.lifted_at is null
       and (r.purposes = '{}' or exists (
         select from unnest(r.purposes) as p where p = p_purpose or starts_with(p_purpose, p || '.')))
       and (r.subject_user_id = p_user_id
            or strpos(lower(p_text), r.subject_email) > 0
            or strpos(lower(p_text), r.subject_user_id::text) > 0)
     order by r.started_at
     limit 1);
end
$fn$;
revoke execute on function private.find_restriction(uuid, text, uuid, text) from public;

create or replace function private.is_processing_allowed(
  p_company_id uuid, p_purpose text, p_subject_email text, p_subject_user_id uuid
) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    perform private.require_company(p_company_id, null);
  end if;
  if p_purpose is null or p_subject_email is null and p_subject_user_id is null then
    raise exception 'purpose and subject_email or subject_user_id are needed'
      using errcode = '22023',
            detail = 'subject_missing',
            hint = 'Name the purpose and the person.';
  end if;
  return private.find_restriction(p_company_id, p_purpose, p_subject_user_id, coalesce(p_subject_email, '')) is null;
end
$fn$;
revoke execute on function private.is_processing_allowed(uuid, text, text, uuid) from public;
grant execute on function private.is_processing_allowed(uuid, text, text, uuid) to authenticated, platform_admin, service_role;

-- A job is the processing of data: none is queued or started that names a person who is restricted for its kind.
create or replace function private.tg_jobs__refuse_restricted() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- What runs already may be given back. OLD is null in an insert.
  if (new.kind, new.payload, new.assigned_user_id) is not distinct from (old.kind, old.payload, old.assigned_user_id)
    and (new.status = old.status or old.status = 'running')
  then
    return new;
  end if;
  -- Hardly any company has one, and whether it does is asked for a third of what it takes to look whom it is about.
  if exists (select from public.processing_restrictions as r where r.company_id = new.company_id and r.lifted_at is null) then
    if not private.is_importing()
      and private.find_restriction(new.company_id, new.kind, new.assigned_user_id, new.payload::text) is not null
    then
      raise exception 'the job names a person whose data may not be processed for %', new.kind
        using errcode = '23514',
              detail = 'processing_restricted',
              hint = 'Read processing_restrictions, and leave the person out.';
    end if;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_jobs__refuse_restricted() from public;
create or replace trigger refuse_restricted_insert
  before insert on public.jobs
  for each row when (new.status in ('queued', 'running'))
  execute function private.tg_jobs__refuse_restricted();
create or replace trigger refuse_restricted_update
  before update of kind, payload, status, assigned_user_id on public.jobs
  for each row when (new.status in ('queued', 'running'))
  execute function private.tg_jobs__refuse_restricted();

create or replace function private.lift_processing_restriction(p_company_id uuid, p_restriction_id uuid, p_reason text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_restriction public.processing_restrictions;
begin
  perform private.require_reader(p_company_id, 'compliance.manage');
  if coalesce(p_reason !~ '\S', true) then
    raise exception 'a restriction is lifted for a reason'
      using errcode = '22023',
            detail = 'reason_missing',
            hint = 'State the reason, and tell the person before (GDPR Art. 18(3)).';
  end if;
  select * into v_restriction from public.processing_restrictions as r
   where r.company_id = p_company_id and r.id = p_restriction_id
     for update;
  if not found then
    raise exception 'there is no restriction %', coalesce(p_restriction_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_restriction',
            hint = 'Read processing_restrictions.';
  end if;
  if v_restriction.lifted_at is not null then
    return false;
  end if;
  update public.processing_restrictions as r
     set lifted_at = now(), lift_reason = p_reason
   where r.company_id = p_company_id and r.id = p_restriction_id;
  perform private.write_audit(p_company_id, 'processing_restriction.lifted', 'processing_restrictions', p_restriction_id,
    jsonb_build_object('reason', p_reason));
  perform private.emit_event(p_company_id, 'compliance.restriction_lifted', jsonb_build_object(
    'restriction_id', p_restriction_id, 'request_id', v_restriction.compliance_request_id));
  return true;
end
$fn$;
revoke execute on function private.lift_processing_restriction(uuid, uuid, text) from public;
grant execute on function private.lift_processing_restriction(uuid, uuid, text) to authenticated, platform_admin, service_role;

-- Reminders, and what has been kept long enough to be fetched. How many notices went out.
create or replace function private.maintain_compliance() returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_request record;
  v_notices integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  delete from private.subject_bundle_files as f
   where f.created_at < now() - interval '30 days' and f.company_id <> all (v_frozen);
  perform set_config('app.importing', private.import_token(), true);
  perform private.prune_invitations();
  for v_request in
    select r.company_id, r.id, r.kind, r.regulation, r.due_at, n.notice
      from public.compliance_requests as r
     cross join lateral (
       select case
                when r.due_at <= now() then 3
                when r.due_at <= now() + interval '1 day' then 2
                when r.due_at <= now() + interval '7 days' then 1
                else 0
              end as notice
     ) as n
     where r.status in ('received', 'identity_check', 'in_progress') and n.notice > r.notices
       and r.company_id <> all (v_frozen)
     order by r.company_id, r.due_at
     limit 1000
       for update of r skip locked
  loop
    update public.compliance_requests as r
       set notices = v_request.notice
     where r.company_id = v_request.company_id and r.id = v_request.id;
    perform private.emit_event(v_request.company_id,
      case v_request.notice when 3 then 'compliance.overdue' else 'compliance.due' end,
      jsonb_build_object('request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation, 'due_at', v_request.due_at));
    v_notices := v_notices + 1;
  end loop;
  perform set_config('app.importing', v_importing, true);
  return v_notices + private.remind_of_reviews();
end
$fn$;
revoke execute on function private.maintain_compliance() from public;
grant execute on function private.maintain_compliance() to service_role;

create or replace function public.process_compliance_request(
  id uuid, company_id uuid default null, max_rows integer default 20000, is_dry_run boolean default false
) returns public.compliance_progress
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.process_compliance_request(id, company_id, max_rows, is_dry_run);
end
$fn$;
revoke execute on function public.process_compliance_request(uuid, uuid, integer, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.process_compliance_request(uuid, uuid, integer, boolean) to authenticated, platform_admin, service_role;

create or replace function public.submit_compliance_request(
  company_id uuid, kind text, regulation text, subject_email text default null, subject_name text default null,
  details text default null, identifiers text[] default '{}', corrections jsonb default '[]', purposes text[] default '{}',
  request_id uuid default null
) returns public.compliance_ticket
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.submit_compliance_request(
    company_id, kind, regulation, subject_email, subject_name, details, identifiers, corrections, purposes, request_id);
end
$fn$;
revoke execute on function public.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)
  to authenticated, platform_admin, service_role;

create or replace function public.verify_compliance_identity(company_id uuid, request_id uuid, method text)
returns public.compliance_ticket
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.verify_compliance_identity(company_id, request_id, method);
end
$fn$;
revoke execute on function public.verify_compliance_identity(uuid, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.verify_compliance_identity(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function public.extend_compliance_request(company_id uuid, request_id uuid, reason text)
returns public.compliance_ticket
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.extend_compliance_request(company_id, request_id, reason);
end
$fn$;
revoke execute on function public.extend_compliance_request(uuid, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.extend_compliance_request(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function public.my_compliance_requests() returns setof public.compliance_ticket
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.my_compliance_requests();
end
$fn$;
revoke execute on function public.my_compliance_requests() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.my_compliance_requests() to authenticated;

create or replace function public.read_compliance_bundle(
  company_id uuid, request_id uuid, file_name text default 'manifest.json'
) returns table (name text, row_count integer, content text, sha256 text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.read_compliance_bundle(company_id, request_id, file_name);
end
$fn$;
revoke execute on function public.read_compliance_bundle(uuid, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.read_compliance_bundle(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function public.is_processing_allowed(
  company_id uuid, purpose text, subject_email text default null, subject_user_id uuid default null
) returns boolean
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.is_processing_allowed(company_id, purpose, lower(subject_email), subject_user_id);
end
$fn$;
revoke execute on function public.is_processing_allowed(uuid, text, text, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.is_processing_allowed(uuid, text, text, uuid) to authenticated, platform_admin, service_role;

create or replace function public.lift_processing_restriction(company_id uuid, restriction_id uuid, reason text) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.lift_processing_restriction(company_id, restriction_id, reason);
end
$fn$;
revoke execute on function public.lift_processing_restriction(uuid, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.lift_processing_restriction(uuid, uuid, text) to authenticated, platform_admin, service_role;

create or replace function public.maintain_compliance() returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.maintain_compliance();
end
$fn$;
revoke execute on function public.maintain_compliance() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.maintain_compliance() to service_role;

revoke all on table private.subject_work from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.subject_bundle_files from public, anon, authenticated, platform_admin, service_role;

comment on table private.subject_work is 'How far the work on a request for erasure or access has come; gone when it is done.';
comment on table private.subject_bundle_files is 'Files of answered requests for access, kept for 30 days.';
comment on function private.identifier_pattern(text) is 'Regular expression that finds an identifier as a whole, however it is spaced.';
comment on function private.address_pattern(uuid, text[]) is 'Regular expression that finds addresses, but not within other addresses that the company knows.';
comment on function private.scrub_text(text, text, text) is 'The text with erased@erased.invalid for addresses and [erased] for the rest.';
comment on function private.scrub_json(jsonb, text, text) is 'The document with the same in all keys and values.';
comment on function private.bytes_text(bytea) is 'Bytes as UTF-8 where they are, escaped where not.';
comment on function private.subject_tables(uuid, uuid) is 'Every table with rows of companies, and how a person is found in, erased from and shown it; from the catalog and private.column_classes.';
comment on function private.pairs(text[]) is 'Calls of jsonb_build_object for many pairs.';
comment on function private.merge_pairs(jsonb[]) is 'Objects merged into one.';
comment on function private.erasure_exception(uuid, regclass) is 'Which rows of a table must be kept (legal hold; GDPR Art. 17(3)(b)) as a condition on t, and why.';
comment on function private.find_subject(public.compliance_requests) is 'Who a request is about in its company: ids and patterns.';
comment on function private.erase_page(private.subject_work, private.subject_table, integer) is 'Erases a person from a page of a table; without a limit only counts.';
comment on function private.erase_files(private.subject_work) is 'Has files that are named after a person deleted, and forgets the owner of the others; how many are still there.';
comment on function private.export_page(private.subject_work, private.subject_table, integer) is 'Adds a page of a table to a bundle.';
comment on function private.finish_erasure(public.compliance_requests, private.subject_work) is 'Deletes the profile, empties the request and makes the receipt.';
comment on function private.finish_bundle(public.compliance_requests, private.subject_work) is 'Adds the manifest and makes the receipt.';
comment on function private.apply_corrections(public.compliance_requests, private.subject_work) is
  'Applies the corrections of a request. Errors: 22023 no_corrections, invalid_correction; 42501 not_the_subject.';
comment on function private.go_through(public.compliance_requests, private.subject_work, boolean, integer) is 'Goes on through the tables, page by page.';
comment on function private.process_compliance_request(uuid, uuid, integer, boolean) is 'Implementation of public.process_compliance_request().';
comment on function private.close_other_requests(public.compliance_requests, private.subject_work) is 'Cancels open requests of a person who is erased, and deletes copies that were made for them.';
comment on function private.compliance_ticket(public.compliance_requests) is 'What whoever submitted a request may know of it.';
comment on function private.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) is 'Implementation of public.submit_compliance_request().';
comment on function private.open_request(uuid, uuid) is 'An open request, locked. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 23514 request_closed.';
comment on function private.verify_compliance_identity(uuid, uuid, text) is 'Implementation of public.verify_compliance_identity().';
comment on function private.extend_compliance_request(uuid, uuid, text) is 'Implementation of public.extend_compliance_request().';
comment on function private.my_compliance_requests() is 'Implementation of public.my_compliance_requests().';
comment on function private.read_compliance_bundle(uuid, uuid, text) is 'Implementation of public.read_compliance_bundle().';
comment on function private.find_restriction(uuid, text, uuid, text) is 'A restriction that holds for a purpose and a person, or for one that a text names.';
comment on function private.is_processing_allowed(uuid, text, text, uuid) is 'Implementation of public.is_processing_allowed().';
comment on function private.tg_jobs__refuse_restricted() is
  'Row trigger: no job is queued or started for a person who is restricted for its kind. Errors: 23514 processing_restricted.';
comment on function private.lift_processing_restriction(uuid, uuid, text) is 'Implementation of public.lift_processing_restriction().';
comment on function private.maintain_compliance() is 'Implementation of public.maintain_compliance().';
comment on function public.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) is
  'Takes in a request of a person about their data. kind: access, portability, rectification, erasure, restriction, objection (gdpr); know, delete, correct, opt_out (ccpa). Without subject_email for whoever is signed in, who is then identified by their session unless further identifiers are claimed; any member may pass on the request of somebody else. identifiers (at most 20): what else names the person. corrections: list of {table_name, row_id, column_name, value}. purposes: kinds of jobs. request_id makes a repetition return the first answer. Due a month (GDPR Art. 12(3)) or 45 days (CCPA section 1798.130) after receipt; event compliance.received. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company; 22023 subject_missing; 23505 request_id_taken; 23514 for values that are not possible.';
comment on function public.verify_compliance_identity(uuid, uuid, text) is
  'Records how it was made sure that the person is who they say (email, document, known_contact, other; GDPR Art. 12(6)). Whoever changes the person afterwards undoes it. For compliance.manage, operators and service_role. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 22023 invalid_method; 23514 request_closed.';
comment on function public.extend_compliance_request(uuid, uuid, text) is
  'Puts off the date once, by two months (GDPR Art. 12(3)) or 45 days (CCPA section 1798.130), with the reason that the person is told; event compliance.extended. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 22023 reason_missing; 23514 request_closed, extension_too_late.';
comment on function public.process_compliance_request(uuid, uuid, integer, boolean) is
  'Carries out a request, looking at no more than max_rows rows (1 to 1000000) a call: call again until is_complete is true; stopped anywhere, the next call goes on, and a request that is done answers with its receipt again. Access, portability, know: a bundle of everything about the person, read by read_compliance_bundle(). Erasure, delete: everything that names the person is erased by column class, except what legal hold or the law keeps (rows_kept with reasons), until a pass over every text, jsonb and bytea column of the company finds nothing; remaining says what stands in the way. Rectification, correct: applies corrections. Restriction, objection, opt_out: adds to processing_restrictions. is_dry_run: what would be done, in receipt. Without company_id the active company. For compliance.manage, operators and service_role. Errors: 42501 not_your_company, not_an_operator, own_request, member_active, not_the_subject; PT404 unknown_request; 22023 invalid_batch_size, no_corrections, invalid_correction; 23514 identity_not_verified, request_closed.';
comment on function public.my_compliance_requests() is 'Requests in the active company that are about the caller, or that the caller passed on; latest first, at most 1000.';
comment on function public.read_compliance_bundle(uuid, uuid, text) is
  'A file of the answer to a request for access; manifest.json lists them with their hashes. For the person while they are a member and asked while signed in, for compliance.manage, operators and service_role; each reading is recorded. Kept for 30 days. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_file.';
comment on function public.is_processing_allowed(uuid, text, text, uuid) is
  'False if a restriction, objection or opt-out holds for the person (address or id) and the purpose. For every member, operators and service_role. Errors: 42501 not_your_company, not_an_operator; 22023 subject_missing.';
comment on function public.lift_processing_restriction(uuid, uuid, text) is
  'Lifts a restriction; false if it has been. Event compliance.restriction_lifted. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_restriction; 22023 reason_missing.';
comment on function public.maintain_compliance() is
  'Reminds of requests a week and a day before they are due and once they are overdue (events compliance.due, compliance.overdue; each once), and deletes bundles after 30 days. Scheduled where pg_cron is installed. Returns how many notices went out. For service_role.';

-- migrate:down
