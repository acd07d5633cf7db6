-- migrate:up
-- Search. Under row level security `ilike` and `@>` reach no index, because their operators are not leak-proof: here the
-- company is pinned first, table by table, for whoever holds the permission that the table's policy asks for.
-- Substrings, not words: a GIN index of trigrams finds parts of numbers, addresses and file names, too.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.search_result') is null then
    create type public.search_result as (
      table_name text,
      id uuid,
      title text,
      excerpt text,
      created_at timestamptz,
      page_key text
    );
  end if;
end
$do$;

-- What is searched: the expressions are those of the indexes. Long texts by their beginning, which bounds what a row costs
-- the index; a path without the company's folder.
create or replace function private.searched_tables()
returns table (table_name text, permission text, title text, content text, document text)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query values
    ('ai_agents', 'agents.read', 'name',
     $$name || ' ' || provider || ' ' || model || ' ' || left(coalesce(description, ''), 2000)$$, null),
    ('documents', 'documents.read', 'title',
     $$title || ' ' || substr(storage_path, 38) || ' ' || left(coalesce(description, ''), 2000)$$, 'metadata'),
    ('invoices', 'invoices.read', $$number || ' ' || customer_name$$,
     $$number || ' ' || customer_name || ' ' || coalesce(customer_email, '') || ' ' || left(coalesce(notes, ''), 2000)$$, null),
    ('jobs', 'jobs.read', 'kind',
     $$kind || ' ' || left(coalesce(error_message, ''), 2000)$$, null),
    ('media_assets', 'media.read', 'title',
     $$title || ' ' || substr(storage_path, 38) || ' ' || coalesce(alt_text, '') || ' ' || left(coalesce(description, ''), 2000)$$,
     'metadata'),
    ('services', 'services.read', 'name',
     $$name || ' ' || code || ' ' || coalesce(category, '') || ' ' || left(coalesce(description, ''), 2000)$$, null);
end
$fn$;
revoke execute on function private.searched_tables() from public;

-- Where the extensions are not to be had, search looks at every row of the company instead.
create or replace function private.create_search_indexes() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_extension text;
  v_trigrams text;
  v_source record;
  v_count integer := 0;
begin
  foreach v_extension in array '{btree_gin,pg_trgm}'::text[] loop
    begin
      if not exists (select from pg_extension as e where e.extname = v_extension) then
        execute format('create extension %I with schema extensions', v_extension);
      end if;
    exception when others then
      raise notice 'search goes without indexes: extension % cannot be created (%)', v_extension, sqlerrm;
      return 0;
    end;
  end loop;
  select format('%I.gin_trgm_ops', n.nspname) into v_trigrams
    from pg_extension as e
    join pg_namespace as n on n.oid = e.extnamespace
   where e.extname = 'pg_trgm';
  -- The list of pending entries belongs to all companies and is read by each search: a short one halves what an insert
  -- costs and hardly shows.
  for v_source in select * from private.searched_tables() loop
    execute format('create index if not exists %I on public.%I using gin (company_id, (%s) %s) with (gin_pending_list_limit = 256)',
      v_source.table_name || '_company_id_content_idx', v_source.table_name, v_source.content, v_trigrams);
    v_count := v_count + 1;
    if v_source.document is not null then
      execute format('create index if not exists %I on public.%I using gin (company_id, %I jsonb_path_ops) with (gin_pending_list_limit = 256)',
        v_source.table_name || '_company_id_' || v_source.document || '_idx', v_source.table_name, v_source.document);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$fn$;
revoke execute on function private.create_search_indexes() from public;
select private.create_search_indexes();

create or replace function private.search(
  p_company_id uuid, p_query text, p_tables text[], p_contains jsonb, p_after text, p_max_rows integer
) returns setof public.search_result
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_terms text[] := '{}'::text[];
  v_first text;
  v_condition text;
  v_match text[];
  v_source record;
  v_parts text[] := '{}'::text[];
  v_denied text;
  v_key text[] := regexp_match(p_after, '^(\d{1,16})\.([0-9a-f-]{36})\.([a-z_]+)$');
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  end if;
  for v_match in select regexp_matches(coalesce(p_query, ''), '(-?)(?:"([^"]*)"|(\S+))', 'g') loop
    v_first := coalesce(v_first, case when v_match[1] = '' then coalesce(v_match[2], v_match[3]) end);
    v_terms := v_terms || format('%silike %L', case when v_match[1] = '-' then 'not ' else '' end,
      '%' || regexp_replace(coalesce(v_match[2], v_match[3]), '([\\%_])', '\\\1', 'g') || '%');
  end loop;
  if length(p_query) > 200 or cardinality(v_terms) > 8
    or (p_contains is null and not exists (select from unnest(v_terms) as t (term) where t.term ~ '^ilike .*[[:alnum:]]{3}'))
    or jsonb_typeof(p_contains) <> 'object' or p_contains = '{}'
    or array_ndims(p_tables) > 1 or cardinality(p_tables) = 0
    or not coalesce(p_tables <@ array(select s.table_name from private.searched_tables() as s), true)
  then
    raise exception 'that cannot be searched for'
      using errcode = '22023',
            detail = 'invalid_query',
            hint = format('At most 8 words in 200 characters, one of them with three letters or digits in a row; contains: an object with something in it; tables: a plain list of %s.',
              (select string_agg(s.table_name, ', ') from private.searched_tables() as s));
  end if;
  if p_max_rows is null or p_max_rows not between 1 and 100
    or p_after is not null and (v_key is null or private.parse_uuid(v_key[2]) is null)
  then
    raise exception 'max_rows must be 1 to 100, after is the page_key of a row'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give page_key of the last row as after, with the rest of the request unchanged.';
  end if;

  for v_source in
    select s.* from private.searched_tables() as s
     where (p_tables is null or s.table_name = any (p_tables))
       and (p_contains is null or s.document is not null)
  loop
    -- The permission of the table's own policy; nobody is nobody's member. Tables that were not asked for by name are left out.
    if current_setting('role', true) <> 'platform_admin' and not private.is_backend()
      and (p_company_id is null or p_company_id is distinct from private.company_for(v_source.permission))
    then
      v_denied := v_source.permission;
      exit when p_tables is not null;
      continue;
    end if;
    select string_agg(format(' and (%s) %s', v_source.content, t.term), '') into v_condition from unnest(v_terms) as t (term);
    v_parts := v_parts || format(
      '(select %L::text as table_name, id, %s as title, %s as content, created_at from public.%I
         where company_id = $1%s%s and ($2 is null or (created_at, id, %1$L::text) < ($2, $3, $4))
         order by created_at desc, id desc limit $5)',
      v_source.table_name, v_source.title, v_source.content, v_source.table_name, v_condition,
      case when p_contains is not null then format(' and %I @> $6', v_source.document) end);
  end loop;
  if v_denied is not null and (p_tables is not null or v_parts = '{}') then
    perform private.require_company(p_company_id, v_denied);
  end if;
  if v_parts = '{}' then
    return;
  end if;
  return query execute format(
    'select f.table_name, f.id, f.title,
            btrim(substr(f.content, greatest(1, strpos(lower(f.content), lower($7)) - 40), 160)), f.created_at,
            concat_ws(''.'', (extract(epoch from f.created_at) * 1000000)::bigint, f.id, f.table_name)
       from (%s) as f
      order by f.created_at desc, f.id desc, f.table_name desc limit $5', array_to_string(v_parts, ' union all '))
    using p_company_id, 'epoch'::timestamptz + v_key[1]::bigint * interval '1 microsecond', v_key[2]::uuid, v_key[3], p_max_rows,
          p_contains, coalesce(v_first, '');
end
$fn$;
revoke execute on function private.search(uuid, text, text[], jsonb, text, integer) from public;
grant execute on function private.search(uuid, text, text[], jsonb, text, integer) to authenticated, platform_admin, service_role;

create or replace function public.search(
  company_id uuid, query text, tables text[] default null, contains jsonb default null,
  after text default null, max_rows integer default 20
) returns setof public.search_result
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.search(company_id, query, tables, contains, after, max_rows);
end
$fn$;
revoke execute on function public.search(uuid, text, text[], jsonb, text, integer)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.search(uuid, text, text[], jsonb, text, integer) to authenticated, platform_admin, service_role;

comment on type public.search_result is 'A row that search() found: table, id, title, an excerpt around the first word, and page_key for the next page.';
comment on function private.searched_tables() is
  'Tables that search() looks at: permission, title, the text that is searched, and the column for contains. Its expressions are those of the indexes.';
comment on function private.create_search_indexes() is
  'Creates what search() is fast by, and returns how many indexes there are; 0 where btree_gin or pg_trgm is not to be had. Run it again as the owner once they are.';
comment on function private.search(uuid, text, text[], jsonb, text, integer) is 'Implementation of public.search().';
comment on function public.search(uuid, text, text[], jsonb, text, integer) is
  'Rows of a company in which all words of query occur, case ignored, as parts of words too; "in quotes" as it stands, -word for without. Searches agents, documents, invoices, jobs, media and services, or those named in tables; contains: what the metadata of documents and media holds. Each table for whoever holds its read permission. Latest first, at most max_rows (1 to 100); for the next page give page_key of the last row as after. Members for their active company, operators and service_role. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_query, invalid_page.';

-- migrate:down
