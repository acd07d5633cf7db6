-- Search: what a filter through the policies would find and nothing else, table by table for whoever holds its permission.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(52);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text, p_role text default 'authenticated') returns void language sql as $$
  select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text, true),
         set_config('role', p_role, true)
$$;
create function pg_temp.refused(p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute p_sql;
  return fail(p_what || ': nothing was refused');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return is(array[sqlstate, v_detail], array[p_code, p_token], p_what);
end
$$;
create function pg_temp.found(p_query text, p_company text default 'c001') returns text[] language sql as $$
  select array_agg(s.table_name || ' ' || s.title order by s.table_name collate "C", s.title collate "C")
    from public.search(pg_temp.id(p_company), p_query, max_rows => 100) as s
$$;
grant usage on schema extensions to authenticated, platform_admin, service_role;

-- Rows that only one company has, and signs that mean something in a pattern.
insert into public.services (company_id, id, code, name, description) values
  (pg_temp.id('c001'), pg_temp.id('5e01'), 'PCT', '100% pure_gold', 'Back\slash'),
  (pg_temp.id('c001'), pg_temp.id('5e02'), 'PCX', '1000 pureXgold', 'Backslash'),
  (pg_temp.id('c002'), pg_temp.id('5e01'), 'ONLY', 'Only in Globex', 'zebra');
insert into public.documents (company_id, id, title, storage_path, mime_type, size_bytes, metadata) values
  (pg_temp.id('c001'), pg_temp.id('5e01'), 'Tagged', pg_temp.id('c001') || '/Folder/Überblick.pdf', 'text/plain', 1, '{"tags": ["a", "b"], "by": {"team": "x"}}'),
  (pg_temp.id('c002'), pg_temp.id('5e02'), 'Tagged zebra', pg_temp.id('c002') || '/t.txt', 'text/plain', 1, '{"tags": ["a", "zebra"]}');

-- As filters find it ---------------------------------------------------------------------------------------------------
select pg_temp.be('a001');
create temp table queries (query text, pattern text);
insert into queries values
  ('article', '%article%'), ('SEO', '%seo%'), ('aud', '%aud%'), ('.pdf', '%.pdf%'), ('"first draft"', '%first draft%'),
  ('100%', '%100\%%'), ('pure_gold', '%pure\_gold%'), ('Back\slash', '%back\\slash%'), ('überblick', '%überblick%'), ('acme', '%acme%'),
  ('zebra', '%zebra%');
grant select on queries to authenticated;
select bag_eq(
  $$select q.query, s.table_name, s.id from queries as q cross join lateral public.search(pg_temp.id('c001'), q.query, max_rows => 100) as s$$,
  $$select q.query, f.table_name, f.id from queries as q
      join (
        select 'ai_agents' as table_name, id, concat_ws(' ', name, provider, model, description) as content from public.ai_agents
        union all select 'documents', id, concat_ws(' ', title, substr(storage_path, 38), description) from public.documents
        union all select 'invoices', id, concat_ws(' ', number, customer_name, customer_email, notes) from public.invoices
        union all select 'jobs', id, concat_ws(' ', kind, error_message) from public.jobs
        union all select 'media_assets', id, concat_ws(' ', title, substr(storage_path, 38), alt_text, description) from public.media_assets
        union all select 'services', id, concat_ws(' ', name, code, category, description) from public.services
      ) as f on f.content ilike q.pattern$$,
  'search finds what ilike through the policies finds');
select is(pg_temp.found('100%'), '{"services 100% pure_gold"}', 'a percent sign is one');
select is(pg_temp.found('pure_gold'), '{"services 100% pure_gold"}', 'an underscore is one');
select is(pg_temp.found('back\slash'), '{"services 100% pure_gold"}', 'a backslash is one, and case is ignored');
select is(pg_temp.found('gold pure 100'), '{"services 100% pure_gold","services 1000 pureXgold"}', 'all words, in any order');
select is(pg_temp.found('gold -pureX'), '{"services 100% pure_gold"}', 'without a word');
select is(pg_temp.found('gold -"pure_g"'), '{"services 1000 pureXgold"}', 'or without what is quoted');
select is(pg_temp.found('"o''; drop table public.jobs; --"'), null, 'a quote is one');
select is((select excerpt from public.search(pg_temp.id('c001'), 'back\slash')), '100% pure_gold PCT  Back\slash', 'an excerpt shows the word');
select set_eq($$select id from public.search(pg_temp.id('c001'), '', contains => '{"tags": ["a"]}')$$, array[pg_temp.id('5e01')], 'contains looks into metadata, in one''s own company');
select is_empty($$select 1 from public.search(pg_temp.id('c001'), '', contains => '{"tags": ["zebra"]}')$$, 'and finds nothing of another''s');
select is_empty($$select 1 from public.search(pg_temp.id('c001'), 'gold', contains => '{"tags": ["a"]}')$$, 'contains and words go together');
select set_eq($$select distinct table_name from public.search(pg_temp.id('c001'), 'article', '{documents,jobs}')$$, array['documents', 'jobs'], 'tables can be named');

-- Pages ------------------------------------------------------------------------------------------------------------------
create function pg_temp.pages(p_rows integer) returns setof text language plpgsql as $$
declare
  v_after text;
  v_row public.search_result;
  v_count integer := p_rows;
begin
  while v_count = p_rows loop
    v_count := 0;
    for v_row in select * from public.search(pg_temp.id('c001'), 'art', after => v_after, max_rows => p_rows) loop
      v_count := v_count + 1;
      v_after := v_row.page_key;
      return next v_row.table_name || v_row.id;
    end loop;
  end loop;
end
$$;
select cmp_ok((select count(*)::integer from pg_temp.pages(100)), '>', 4, 'control: there is more than a page');
select is(array(select pg_temp.pages(2)), array(select pg_temp.pages(100)), 'pages neither overlap nor leave anything out, rows of one instant included');
select is(array(select pg_temp.pages(1)), array(select pg_temp.pages(100)), 'also one by one');

-- Whose ------------------------------------------------------------------------------------------------------------------
select is(pg_temp.found('zebra'), null, 'nothing of another company');
select pg_temp.refused($$select * from public.search(pg_temp.id('c002'), 'zebra')$$, '42501', 'not_your_company', 'another company is refused');
select pg_temp.refused($$select * from public.search(null, 'zebra')$$, '42501', 'not_your_company', 'so is none');
select pg_temp.be('a004');
select is(pg_temp.found('zebra', 'c002'), '{"documents Tagged zebra","services Only in Globex"}', 'control: its own member finds it');
select pg_temp.be('a002');
select set_eq($$select distinct table_name from public.search(pg_temp.id('c001'), 'art', max_rows => 100)$$, array['documents', 'jobs', 'services'], 'an agent finds what their permissions are for');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'art', '{jobs,ai_agents}')$$, '42501', 'not_your_company', 'and is refused a table that they may not read');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), '', '{media_assets}', '{"a": 1}')$$, '42501', 'not_your_company', 'by contains, too');
reset role;
update public.users set granted_permissions = '{}', revoked_permissions = '{jobs.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select pg_temp.be('a002');
select is(pg_temp.found('article.draft'), null, 'what was taken away is not found any more');
select is(pg_temp.found('retention.md'), null, 'nor what is assigned no longer');
select isnt(pg_temp.found('gold'), null, 'control: what was not, is');
select pg_temp.be('a003');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'gold')$$, '42501', 'not_your_company', 'a compliance administrator reads none of the tables');
select pg_temp.refused($$select * from public.search(null, 'gold')$$, '42501', 'not_your_company', 'for no company, too');
select pg_temp.refused($$select * from public.search(null, 'gold', '{services}')$$, '42501', 'not_your_company', 'nor one of them by name');
select pg_temp.be('a006');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'gold')$$, '42501', 'not_your_company', 'a disabled member is refused');
select pg_temp.be('a007');
select pg_temp.refused($$select * from public.search(pg_temp.id('c003'), 'article')$$, '42501', 'not_your_company', 'and a member of a suspended company');
select pg_temp.be('a000', 'platform_admin');
select is(pg_temp.found('zebra', 'c002'), '{"documents Tagged zebra","services Only in Globex"}', 'an operator searches the company that they name');
select is(pg_temp.found('zebra'), null, 'and that one alone');
select pg_temp.be('a001', 'platform_admin');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'gold')$$, '42501', 'not_an_operator', 'a token that says operator is none');
select pg_temp.be('a001', 'service_role');
select is(pg_temp.found('zebra', 'c002'), '{"documents Tagged zebra","services Only in Globex"}', 'so do backend jobs');
select pg_temp.be('a001', 'anon');
select throws_ok($$select * from public.search(pg_temp.id('c001'), 'gold')$$, '42501', null, 'anonymous callers do not search');
reset role;
select results_eq(
  $$select s.table_name collate "C", s.permission collate "C" from private.searched_tables() as s order by 1$$,
  $$select p.tablename::text collate "C", substring(p.qual from '''([a-z_.]+)''') collate "C" from pg_policies as p
     where p.schemaname = 'public' and p.policyname = 'select_member' and p.tablename in (select table_name from private.searched_tables()) order by 1$$,
  'each table asks for the permission of its policy');

-- What is no search ------------------------------------------------------------------------------------------------------
select pg_temp.be('a001');
select pg_temp.refused(format('select * from public.search(pg_temp.id(''c001''), %s)', a), '22023', 'invalid_query', a || ' is no search')
  from unnest(array['null', '''ab''', '''--- %%%''', '''-article''', '''article'', ''{users}''', '''article'', ''{}''', '''article'', ''{null}''', '''article'', ''{{jobs},{documents}}''', ''''', contains => ''{}''']) as a;
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'article', after => '1.x.jobs')$$, '22023', 'invalid_page', 'a page follows a row');
select pg_temp.refused($$select * from public.search(pg_temp.id('c001'), 'article', max_rows => 101)$$, '22023', 'invalid_page', 'and is bounded');

-- Without the extensions -------------------------------------------------------------------------------------------------
create temp table with_index as select s.* from public.search(pg_temp.id('c001'), 'art', max_rows => 100) as s;
reset role;
drop extension pg_trgm cascade;
select pg_temp.be('a001');
select results_eq($$select s.* from public.search(pg_temp.id('c001'), 'art', max_rows => 100) as s$$, 'select * from with_index', 'without trigrams the same is found');
reset role;
-- Nowhere to put it: as where there is none.
create temp table without (indexes integer);
do $do$
begin
  alter schema extensions rename to gone;
  insert into without values (private.create_search_indexes());
  alter schema gone rename to extensions;
end
$do$;
select is((select indexes from without), 0, 'where it cannot be created, nothing fails');
select is(private.create_search_indexes(), 8, 'and the indexes come back with the extension');
select is(private.create_search_indexes(), 8, 'once');

select * from finish();
rollback;
