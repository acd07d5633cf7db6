-- The directory of cells: who may write it, who is told what, and what is said of a company's weight.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select no_plan();

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.says(p_role text, p_user text, p_sql text, p_claims jsonb default '{}') returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else (jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role) || p_claims)::text end, true),
          set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    v_answer := sqlstate || ' ' || v_detail;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('d101'), 'cells-a', 'Alpha', 'a@d.example'), (pg_temp.id('d102'), 'cells-b', 'Beta', 'b@d.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@d.example' from unnest(array['d901', 'd902', 'd903', 'd905']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('d101'), pg_temp.id('d901'), 'd901@d.example', 'Client of Alpha', 'client'),
  (pg_temp.id('d102'), pg_temp.id('d902'), 'd902@d.example', 'Client of Beta', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('d905'), 'd905@d.example', 'Operator', 'admin');
create function pg_temp.operator(p_sql text) returns text language sql as $$ select pg_temp.says('platform_admin', 'd905', p_sql) $$;
create function pg_temp.cell(p_name text, p_key text default 'sb_publishable_0123456789', p_url text default 'https://cell.example', p_more text default '') returns text language sql as $$
  select pg_temp.operator(format('select state || '' '' || weight from public.set_cell(%L, %L, %L%s)', p_name, p_url, p_key, p_more))
$$;

-- Cells -----------------------------------------------------------------------------------------------------------------
select is(pg_temp.cell('north', p_more => ', ''eu'''), 'open 100', 'an operator makes a cell');
select is(pg_temp.cell('north', p_more => ', ''eu'''), 'open 100', 'and again: the same');
select is((select count(*)::integer from public.audit_logs where action = 'cells.set'), 1, 'which is recorded once');
select is(pg_temp.cell('south', p_more => ', ''us'', weight => 50'), 'open 50', 'another');
select is(pg_temp.cell('south', p_more => ', ''us'', ''draining'', 50'), 'draining 50', 'is drained');
select is((select changes #>> '{old,state}' || ' ' || (changes #>> '{new,state}') from public.audit_logs where action = 'cells.set' order by created_at desc, id desc limit 1), 'open draining', 'recorded with what it was');
select is(pg_temp.cell('south', p_url => 'https://moved.example'), 'draining 50', 'what is left out stays');
select is((select region from private.cells where name = 'south'), 'us', 'so does the region');
select is(pg_temp.cell('south', p_more => ', ''eu'', weight => 60'), 'draining 60', 'one by one');
select is((select region from private.cells where name = 'south'), 'eu', 'a region is changed');
select is(pg_temp.cell('south', p_more => ', '''''), 'draining 60', 'or taken away');
select is((select region from private.cells where name = 'south'), null, 'by saying so');
create function pg_temp.jwt(p_payload text, p_header text default '{"alg":"HS256"}') returns text language sql as $$
  select string_agg(rtrim(translate(encode(convert_to(x, 'UTF8'), 'base64'), E'+/\n', '-_'), '='), '.' order by n)
    from unnest(array[p_header, p_payload, 'signature>>>']) with ordinality as t (x, n)
$$;
select is(pg_temp.cell('west', pg_temp.jwt('{"iss":"supabase","ref":"aß?>~~~","role":"anon"}', '{ "alg": "HS256" }')), 'open 100', 'a key of the old form');
select is(pg_temp.cell(n, k, u, m), '22023 invalid_cell', 'no cell: ' || coalesce(n, 'null') || ' ' || coalesce(left(k, 12), 'null') || ' ' || u || m)
  from (values ('x', 'sb_secret_0123456789abcdef', 'https://a.example', ''), ('x', null, 'https://a.example', ''), (null, 'sb_publishable_0123456789', 'https://a.example', ''),
    ('x', pg_temp.jwt('{"role":"service_role"}'), 'https://a.example', ''), ('x', pg_temp.jwt('{"role":"service_role"}', '{ "alg": "HS256" }'), 'https://a.example', ''),
    ('x', pg_temp.jwt('["anon"]'), 'https://a.example', ''), ('x', pg_temp.jwt('{"sub":"anon"}'), 'https://a.example', ''), ('x', 'sbp_0123456789abcdef0123456789abcdef', 'https://a.example', ''),
    ('x', 'sk_live_0123456789abcdef', 'https://a.example', ''), ('x', 'sb_publishable_.eyJhbGciOiJIUzI1NiJ9', 'https://a.example', ''), ('x', 'eyJhbGciOiJIUzI1NiJ9._w.c2lnbmF0dXJl', 'https://a.example', ''),
    ('x', 'eyJnonsense.%%%.x000000000', 'https://a.example', ''), ('x', 'short', 'https://a.example', ''), ('X!', 'sb_publishable_0123456789', 'https://a.example', ''),
    ('x', 'sb_publishable_0123456789', 'http://a.example', ''), ('x', 'sb_publishable_0123456789', 'https://a.example/path', ''), ('x', 'sb_publishable_0123456789', 'javascript:alert(1)', ''),
    ('x', 'sb_publishable_0123456789', 'https://a.example', ', null, ''gone'''), ('x', 'sb_publishable_0123456789', 'https://a.example', ', null, ''open'', 0')) as t (n, k, u, m);

-- Who may ---------------------------------------------------------------------------------------------------------------
create function pg_temp.assign(p_company text, p_cell text, p_more text default '') returns text language sql as $$
  select pg_temp.operator(format('select cell || '' '' || version from public.assign_company_cell(pg_temp.id(%L), %L%s)', p_company, p_cell, p_more))
$$;
select is(pg_temp.says(r, u, q), '42501 ' || case r when 'platform_admin' then 'not_an_operator' else '' end, format('%s %s may not: %s', r, u, left(q, 40)))
  from (values ('authenticated', 'd901'), ('anon', null), ('platform_admin', 'd901')) as a (r, u)
 cross join (values ($$ select public.set_cell('x', 'https://a.example', 'sb_publishable_0123456789') $$), ('select public.list_cells()'),
   ($$ select public.assign_company_cell(pg_temp.id('d101'), 'north', 'cells-a') $$), ($$ select public.forget_company_cell(pg_temp.id('d101')) $$),
   ('select public.company_directory()'), ('select public.company_capacity()')) as s (q);
select is(pg_temp.says(r, u, 'select count(*) from public.list_cells()'), '3', r || ' may')
  from (values ('platform_admin', 'd905'), ('service_role', null)) as a (r, u);
select is(pg_temp.says(r, 'd905', format('select 1 from private.%I', t)), '42501 ', r || ' does not read ' || t)
  from unnest(array['authenticated', 'platform_admin', 'service_role']) as r, unnest(array['cells', 'company_cells', 'write_snapshots']) as t;

-- Companies -------------------------------------------------------------------------------------------------------------
select is(pg_temp.assign('d101', 'north'), '22023 invalid_assignment', 'a company has a slug');
select is(pg_temp.assign('d101', 'east', ', ''cells-a'''), 'PT404 unknown_cell', 'and a cell that there is');
select is(pg_temp.assign('d101', 'south', ', ''cells-a'''), 'PT409 cell_not_open', 'and that is open');
select is((select count(*)::integer from private.company_cells where company_id = pg_temp.id('d101')), 0, 'what is refused leaves nothing');
select is(pg_temp.assign('d101', 'north', ', ''cells-a'', array[pg_temp.id(''d901''), pg_temp.id(''d903'')], 0'), 'north 1', 'assigned');
select is(pg_temp.assign('d101', 'north', ', expected_version => 0'), 'north 1', 'a retry finds it done');
select is((select count(*)::integer from public.audit_logs where action = 'cells.company_assigned'), 1, 'and recorded once');
select is(pg_temp.assign('d101', 'west', ', expected_version => 7'), 'PT409 directory_changed', 'whoever is late is told so');
select is(pg_temp.assign('d101', 'west', ', expected_version => 1'), 'west 2', 'moved');
select is(pg_temp.assign('d101', 'west', ', expected_version => 1'), 'west 2', 'a retry finds it done');
select is((select cardinality(member_ids) from private.company_cells where company_id = pg_temp.id('d101')), 2, 'members stay');
select is(pg_temp.assign('d101', 'west', ', required_region => ''eu'''), 'PT409 region_not_allowed', 'a region in which it is not');
select is(pg_temp.assign('d101', 'north', ', required_region => ''eu'''), 'north 3', 'goes with a cell of it');
select is(pg_temp.assign('d101', 'west'), 'PT409 region_not_allowed', 'and stays');
select is(pg_temp.assign('d101', 'west', ', required_region => '''''), 'west 4', 'until it is lifted');
select is(pg_temp.assign('d101', 'west', ', member_ids => array[null]::uuid[]'), '22023 invalid_assignment', 'members have an id');
select is(pg_temp.assign('d101', 'west', ', member_ids => array[array[pg_temp.id(''d901'')]]'), '22023 invalid_assignment', 'and stand in a plain list');
select is(pg_temp.assign('d102', 'north', ', ''cells-b'', array[pg_temp.id(''d902'')]'), 'north 1', 'the other company');
select is(pg_temp.assign('d1ff', 'north', ', ''elsewhere'', array[pg_temp.id(''d903'')]'), 'north 1', 'and one of another database');

-- What a person is told -------------------------------------------------------------------------------------------------
create function pg_temp.told(p_user text, p_company text default null, p_claims jsonb default '{}', p_role text default 'authenticated') returns text language sql as $$
  select pg_temp.says(p_role, p_user, format('select string_agg(slug || ''@'' || cell, '' '') from public.my_company_cells(%L)', pg_temp.id(p_company)), p_claims)
$$;
select is(pg_temp.told('d901'), 'cells-a@west', 'a member is told where their company is');
select is(pg_temp.told('d902'), 'cells-b@north', 'and so is one of another');
select is(pg_temp.told('d903'), 'elsewhere@north', 'of a company that is elsewhere the directory knows the members; of one that is here, its own table');
select is(pg_temp.told('d901', 'd101'), 'cells-a@west', 'by id, too');
select is(pg_temp.told('d901', 'd102'), null, 'a foreign company');
select is(pg_temp.told('d901', 'dfff'), null, 'is answered like one that there is not');
select is(pg_temp.told('d901', null, '{"is_anonymous": true}'), null, 'nothing for the anonymous');
select is(pg_temp.told('d901', null, '{"api_key_id": "00000000-0000-4000-8000-000000000001"}'), null, 'nor for a key');
select is(pg_temp.told('d905', null, '{}', 'platform_admin'), null, 'an operator is told of their own companies, too');
select is(pg_temp.told('d901', null, '{}', 'anon'), '42501 ', 'nobody who is not signed in');
select is(pg_temp.told('d901', null, '{}', 'service_role'), '42501 ', 'nor the backend, which has the directory');
update public.users set status = 'disabled' where id = pg_temp.id('d902');
select is(pg_temp.told('d902'), null, 'whoever is disabled is told nothing from then on');
update public.companies set status = 'closed', closed_at = now() where id = pg_temp.id('d102');
select is(pg_temp.told('d902'), 'cells-b@north', 'but where the company has moved away, the directory is what there is');

-- All of it, and out of it ----------------------------------------------------------------------------------------------
select is(pg_temp.operator('select string_agg(slug, '' '') from public.company_directory()'), 'cells-a cells-b elsewhere', 'the whole directory');
select is(pg_temp.operator(format('select string_agg(slug, '' '') from public.company_directory(%L, 1)', pg_temp.id('d101'))), 'cells-b', 'by pages');
select is(pg_temp.operator('select public.company_directory(null, 0)'), '22023 invalid_page', 'of a sensible size');
select is(pg_temp.operator($$ select public.forget_company_cell(pg_temp.id('d1ff')) $$), 'true', 'forgotten');
select is(pg_temp.operator($$ select public.forget_company_cell(pg_temp.id('d1ff')) $$), 'false', 'once');
select is(pg_temp.told('d903'), null, 'and not told any more');
select is((select count(*)::integer from public.audit_logs where action = 'cells.company_forgotten'), 1, 'recorded once');

-- Weights ---------------------------------------------------------------------------------------------------------------
set local app.importing = 'on';
insert into public.services (company_id, code, name) select pg_temp.id('d101'), 'A' || n, 'x' from generate_series(1, 12000) as n;
insert into public.services (company_id, code, name) select pg_temp.id('d102'), 'B' || n, 'x' from generate_series(1, 4000) as n;
insert into public.jobs (company_id, kind) select pg_temp.id('d101'), 'x' from generate_series(1, 10);
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('d101'), pg_temp.id('d701'), 'x', 'openai', 'x');
insert into public.agent_logs (company_id, agent_id, event) select pg_temp.id('d101'), pg_temp.id('d701'), 'test.x' from generate_series(1, 7);
set local app.importing = '';
-- All of them: what other tests have left is dead rows.
set local client_min_messages = error;
analyze;
reset client_min_messages;
create temp table weights as select * from public.company_capacity();
select ok((select w.row_count between 11000 and 13100 and not w.is_exact from weights as w where w.slug = 'cells-a'), 'a large table is estimated');
select ok((select a.bytes > 2.5 * b.bytes from weights as a, weights as b where a.slug = 'cells-a' and b.slug = 'cells-b'), 'bytes follow the rows');
select ok((select a.hot_share > b.hot_share from weights as a, weights as b where a.slug = 'cells-a' and b.slug = 'cells-b'), 'hot tables have their share');
select is((select round(sum(hot_share), 2) from weights), 1.00, 'of one');
delete from public.services where company_id in (pg_temp.id('d101'), pg_temp.id('d102'));
select is((select count(*)::integer from weights where is_operator), 1, 'the operator company is marked');
select ok((select count(*) = 1 from private.write_snapshots), 'counters are noted');
select lives_ok('select * from public.company_capacity()', 'asked again');
select is((select count(*)::integer from private.write_snapshots), 1, 'within the hour they are not noted again');
update private.write_snapshots set taken_at = taken_at - interval '1000 seconds',
  writes = (select jsonb_object_agg(s.schemaname || '.' || s.relname, greatest(s.n_tup_ins + s.n_tup_upd + s.n_tup_del - case when s.relid = 'public.jobs'::regclass then 5000 else 0 end, -5000))
              from pg_stat_all_tables as s where s.schemaname in ('public', 'private'));
select ok((select sum(writes_per_second) between 4 and 6 from public.company_capacity()), 'a rate is what was written since, by the time: 5000 rows in 1000 seconds');
select * from finish();
rollback;
