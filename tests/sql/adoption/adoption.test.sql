-- Adopting a table: the plan, whose each row is, what stands in the way, what becomes of policies and grants, the way
-- back, what is left of the invariants, and who may.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
select plan(98);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- Names of the steps of a plan, in order.
create function pg_temp.steps(p_table text, p_options jsonb, p_stage text) returns text language plpgsql as $$
begin
  return (select string_agg(s.name, ' ' order by s.n)
            from (select x.*, row_number() over () as n from private.plan_adoption(p_table::regclass, p_options) as x) as s where s.stage = p_stage);
end
$$;
create function pg_temp.problems(p_table text, p_options jsonb) returns text language plpgsql as $$
begin
  return (select string_agg(p, ' | ') from private.adoption_problems(p_table::regclass, p_options) as p);
end
$$;
create function pg_temp.says(p_sql text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute p_sql;
  return 'done';
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return sqlstate || ' ' || v_detail;
end
$$;
create function pg_temp.broken(p_table text) returns text language plpgsql as $$
begin
  return (select string_agg(v.invariant || ': ' || v.finding, ' | ') from private.verify_table(p_table::regclass) as v where not v.holds);
end
$$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('ad01'), 'adopt-a', 'A', 'a@b.example'), (pg_temp.id('ad02'), 'adopt-b', 'B', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest('{ad91,ad92,ad93}'::text[]) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('ad01'), pg_temp.id('ad91'), 'ad91@b.example', 'Client', 'client'),
  (pg_temp.id('ad02'), pg_temp.id('ad92'), 'ad92@b.example', 'Other', 'client'),
  (pg_temp.id('ad01'), pg_temp.id('ad93'), 'ad93@b.example', 'Agent', 'agent');

create table public.ad_makers (id uuid primary key default gen_random_uuid(), tenant text, name text not null, constraint ad_makers_name_key unique (name));
create table public.ad_things (
  thing_no serial primary key, maker_id uuid references public.ad_makers (id) on delete set null, code text, weight real, made_at timestamp,
  created_at timestamptz default now(), updated_at timestamptz, doubled integer generated always as (1 + 1) stored
);
create index ad_things_made_at_idx on public.ad_things (made_at);
create function public.ad_touch() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; end $$;
create trigger touch before update on public.ad_things for each row execute function public.ad_touch();
insert into public.ad_makers (id, tenant, name) values (pg_temp.id('ad11'), 'adopt-a', 'one'), (pg_temp.id('ad12'), 'adopt-b', 'two');
insert into public.ad_things (maker_id, code) values (pg_temp.id('ad11'), 'a'), (pg_temp.id('ad12'), 'b'), (pg_temp.id('ad12'), 'c');

-- What stands in the way -----------------------------------------------------------------------------------------------
create view public.ad_view as select * from public.ad_makers;
create table public.ad_parted (id integer primary key) partition by range (id);
create table public.ad_parted_1 partition of public.ad_parted for values from (1) to (2);
create table public.ad_child () inherits (public.ad_makers);
create table public.ad_keyless (id integer);
create table public.ad_other_company (id integer primary key, company_id text);
create table public.ad_excluding (id integer primary key, during int4range, constraint ad_no_overlap exclude using gist (during with &&));
create table extensions.ad_elsewhere (id integer primary key);
create table public."Ad-Odd" (id integer primary key);
select matches(pg_temp.problems(t, '{"expression": "null"}'), '^only ordinary and partitioned tables', t || ' cannot be adopted')
  from unnest('{public.ad_view,public.ad_child,public.ad_makers}'::text[]) as t;
select matches(pg_temp.problems('public.ad_parted_1', '{"expression": "null"}'), '^it is a partition: adopt public.ad_parted, which', 'nor can a partition');
select is(pg_temp.problems('public.ad_parted', '{"expression": "null"}'), null, 'its table can');
drop table public.ad_child;
drop view public.ad_view;
select is(pg_temp.problems('public.ad_makers', '{"expression": "null"}'), null, 'an ordinary table can');
select is(pg_temp.problems('public.ad_keyless', '{"expression": "null"}'), 'the table has no primary key: add one', 'without a key');
select is(pg_temp.problems('public.ad_other_company', '{"expression": "null"}'), 'the table has a column company_id that is no uuid: rename it', 'with another company_id');
select is(pg_temp.problems('public.ad_excluding', '{"expression": "null"}'), 'exclusion constraint ad_no_overlap reaches across companies, and kind gist has no operators for uuid: create extension btree_gist with schema extensions; or keep it with keep_unique', 'with an exclusion');
select is(pg_temp.problems('public.ad_excluding', '{"expression": "null", "keep_unique": ["ad_no_overlap"]}'), null, 'unless it is kept');
select matches(pg_temp.problems('extensions.ad_elsewhere', '{"expression": "null"}'), 'alter table extensions.ad_elsewhere set schema public first$', 'elsewhere');
select matches(pg_temp.problems('public."Ad-Odd"', '{"expression": "null"}'), '^the permissions need a name', 'with an odd name');
select is(pg_temp.problems('public."Ad-Odd"', '{"expression": "null", "resource": "odd"}'), null, 'unless it has another for its permissions');
select matches(pg_temp.problems('public.ad_makers', o::jsonb), '^say in one way', 'rule ' || o)
  from unnest(array['{}', '{"company": "00000000-0000-4000-8000-00000000ad01", "expression": "null"}', '{"through": "x", "expression": "null"}']) as o;
select is(pg_temp.problems('public.ad_makers', jsonb_build_object('company', pg_temp.id('dead'))), 'there is no company ' || pg_temp.id('dead'), 'an unknown company');
select is(pg_temp.problems('public.ad_makers', jsonb_build_object('company', pg_temp.id('ad01'))), null, 'a known one');
select is(pg_temp.problems('public.ad_things', '{"through": "code"}'), 'code is neither a foreign key nor the only column of one', 'a column that leads nowhere');
select is(pg_temp.problems('public.ad_things', '{"through": "maker_id"}'), 'the table that maker_id leads to has no companies yet: adopt it first', 'a table that has none yet');
select matches(pg_temp.problems('public.ad_makers', '{"expression": "null", "policies": "both"}'), '^policies is', 'unknown policies');
select is(pg_temp.problems('public.ad_makers', format('{"expression": "null", "policies": "%s"}', p)::jsonb), null, 'policies ' || p) from unnest('{restrictive,replace}'::text[]) as p;
select is(pg_temp.says($$select private.adopt_table('public.ad_keyless', '{"expression": "null"}')$$), '22023 adoption_impossible', 'nothing is done');
select is(pg_temp.says($$select private.undo_adoption('public.ad_keyless')$$), '22023 adoption_not_open', 'nor to be undone');
select is((select count(*) from private.adoptions), 0::bigint, 'nor remembered');

-- The plan -------------------------------------------------------------------------------------------------------------
select is(pg_temp.steps('public.ad_makers', jsonb_build_object('company', pg_temp.id('ad01')), 'adopt'),
  'add_column assign_new_rows expect_company backfill refuse_unassigned validate_company require_company add_company_reference validate_company_reference add_key add_key protect', 'what is to do');
select is(pg_temp.steps('public.ad_makers', jsonb_build_object('company', pg_temp.id('ad01')), 'commit'), 'keep_key replace_key finish', 'and at the end');
select is((select count(*) from private.plan_adoption('public.ad_makers', jsonb_build_object('company', pg_temp.id('ad01'))) as s
            where s.stage = 'adopt' and s.lock is null or s.purpose is null or s.problem is not null), 0::bigint, 'each step says what it locks and what for');
select is(private.adoption_company('public.ad_makers', '{}'), null, 'no rule, no company');
select matches(private.adoption_company('public.ad_things', '{"through": "ad_things_maker_id_fkey"}'), '^\(select p\.company_id from public\.ad_makers as p where \(p\.id\) = \(t\.maker_id\)\)$', 'through a reference by its name');

-- Rows that nobody owns ------------------------------------------------------------------------------------------------
create temp table sums as select t::text as name, k.* from unnest('{public.ad_makers,public.ad_things}'::regclass[]) as t cross join lateral private.table_checksum(t) as k;
select is((select row_count from sums where name like '%things'), 3::bigint, 'rows are counted');
insert into public.ad_makers (tenant, name) values ('nobody', 'three');
select is(pg_temp.says($$select private.adopt_table('public.ad_makers', '{"expression": "(select c.id from public.companies as c where c.slug = t.tenant)"}')$$), '23502 rows_without_company', 'refuses');
delete from public.ad_makers where tenant = 'nobody';
select lives_ok($$select private.adopt_table('public.ad_makers', '{"expression": "(select c.id from public.companies as c where c.slug = t.tenant)"}')$$, 'goes on without them');
select results_eq('select tenant, company_id from public.ad_makers order by 1', $$values ('adopt-a', pg_temp.id('ad01')), ('adopt-b', pg_temp.id('ad02'))$$, 'each row has its company');
select is(pg_temp.steps('public.ad_makers', '{}', 'adopt'), 'problem', 'without options there is no plan');
select is_empty($$select private.adopt_table('public.ad_makers')$$, 'but those of the first time are remembered');
select lives_ok($$select private.adopt_table('public.ad_things', '{"through": "maker_id", "classes": {"code": ["operational", "keep"]}}')$$, 'through it');
select results_eq('select code, company_id, updated_at is null from public.ad_things order by 1',
  $$values ('a', pg_temp.id('ad01'), true), ('b', pg_temp.id('ad02'), true), ('c', pg_temp.id('ad02'), true)$$, 'a row belongs to the company of what it leads to, and no trigger saw it');
select results_eq($$select t::text, k.* from unnest('{public.ad_makers,public.ad_things}'::regclass[]) as t cross join lateral private.table_checksum(t) as k$$, 'select * from sums', 'nothing else has changed');
select is((select tgenabled from pg_trigger where tgrelid = 'public.ad_things'::regclass and tgname = 'touch'), 'O', 'and the trigger works again');
select results_eq($$select column_name, class, erasure from private.column_classes where table_name = 'ad_things' order by 1$$,
  $$values ('code', 'operational', 'keep'), ('company_id', 'identifier', 'keep'), ('created_at', 'operational', 'keep'), ('doubled', 'operational', 'keep'), ('made_at', 'operational', 'keep'),
           ('maker_id', 'identifier', 'keep'), ('thing_no', 'identifier', 'keep'), ('updated_at', 'operational', 'keep'), ('weight', 'operational', 'keep')$$, 'columns have their class, stated or guessed');
select results_eq($$select g.class, g.erasure from (values ('email', 'text', false), ('api_key', 'text', false), ('passport', 'text', false), ('birth_date', 'date', false), ('price', 'numeric(10,2)', false), ('ref', 'uuid', false), ('n', 'integer', false), ('k', 'text', true), ('id', 'text', false)) as v (n, t, k)
    cross join lateral private.guess_column_class(v.n, v.t, v.k) as g$$,
  $$values ('personal', 'scrub'), ('secret', 'keep'), ('sensitive', 'scrub'), ('personal', 'scrub'), ('financial', 'keep'), ('identifier', 'keep'), ('operational', 'keep'), ('identifier', 'keep'), ('identifier', 'keep')$$, 'a guess');

create function pg_temp.granted(p_role text, p_privilege text) returns text language sql as $$
  select string_agg(a.attname, ' ' order by a.attname) from pg_attribute as a
   where a.attrelid = 'public.ad_things'::regclass and a.attnum > 0 and not a.attisdropped and has_column_privilege(p_role, a.attrelid, a.attnum, p_privilege)
$$;
select is(pg_temp.granted(r, 'update'), 'code made_at maker_id updated_at weight', r || ' changes neither key, company, time of creation nor what is generated') from unnest('{authenticated,platform_admin,service_role}'::text[]) as r;
select is(pg_temp.granted(r, 'insert'), 'code company_id created_at made_at maker_id thing_no updated_at weight', r || ' adds all but what is generated') from unnest('{authenticated,platform_admin,service_role}'::text[]) as r;

-- Half way: safe, with the old keys ------------------------------------------------------------------------------------
select is(pg_temp.broken('public.ad_makers'),
  'I1: the primary key does not begin with company_id | I2: unique in all companies together: public.ad_makers_name_key, public.ad_makers_pkey; references that could lead to another company: ad_things_maker_id_fkey of public.ad_things', 'what is left before the commit');
select ok(has_sequence_privilege('postgres', 'public.ad_things_thing_no_seq', 'usage'), 'the sequence is there still');
create function pg_temp.as_member(p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id(p_user), 'role', 'authenticated')::text, true), set_config('role', 'authenticated', true);
  begin
    execute p_sql into v_answer;
  exception when others then
    v_answer := sqlstate;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
select is(pg_temp.as_member(u, 'select string_agg(code, '','' order by code) from public.ad_things'), a, u || ' sees ' || coalesce(a, 'nothing')) from (values ('ad91', 'a'), ('ad92', 'b,c'), ('ad93', null)) as v (u, a);
select is(pg_temp.as_member('ad91', $$insert into public.ad_makers (name) values ('mine') returning company_id$$), pg_temp.id('ad01')::text, 'a member adds to their company without naming it');
select is(pg_temp.as_member('ad91', format('insert into public.ad_makers (name, company_id) values (''theirs'', %L) returning company_id', pg_temp.id('ad02'))), '42501', 'and to no other');
select is(pg_temp.as_member('ad93', $$insert into public.ad_makers (name, company_id) values ('x', '00000000-0000-4000-8000-00000000ad01') returning company_id$$), '42501', 'an agent has no right to');
select is(pg_temp.as_member('ad91', $$update public.ad_makers set company_id = '00000000-0000-4000-8000-00000000ad02' returning company_id$$), '42501', 'no row moves');
select is(pg_temp.as_member('ad91', $$with u as (update public.ad_makers set name = name || '!' returning 1) select count(*) from u$$), '2', 'what they may change they change');
select is(pg_temp.as_member('ad91', $$with d as (delete from public.ad_makers where name = 'mine!' returning 1) select count(*) from d$$), '1', 'and delete');
select is(pg_temp.says(format('update public.ad_makers set company_id = %L where tenant = ''adopt-a''', pg_temp.id('ad02'))), '42501 row_identity_immutable', 'nor for the owner');
select is((select array_agg(action order by action) from public.audit_logs where table_name = 'ad_makers'), '{ad_makers.created,ad_makers.deleted,ad_makers.updated,ad_makers.updated}', 'it is recorded');
select is(pg_temp.says(format('insert into public.ad_things (maker_id, company_id) values (%L, %L)', pg_temp.id('ad11'), pg_temp.id('ad02'))), '23503 Key (company_id, maker_id)=(00000000-0000-4000-8000-00000000ad02, 00000000-0000-4000-8000-00000000ad11) is not present in table "ad_makers".', 'no reference leads to another company');

-- The end --------------------------------------------------------------------------------------------------------------
select results_eq($$select name from private.adopt_table('public.ad_things', '{}', true)$$, '{drop_reference,replace_key,replace_index,make_identity,finish}'::text[], 'for good');
select results_eq($$select name from private.adopt_table('public.ad_makers', '{}', true)$$, '{replace_key,replace_key,finish}'::text[], 'both');
select is(pg_temp.broken('public.ad_makers'), null, 'all invariants hold');
select is(pg_temp.broken('public.ad_things'), 'I10: times without time zone: made_at; inexact numbers: weight; ids that can be guessed and counted: thing_no', 'but for types');
select is_empty($$select private.adopt_table(t, '{}', true) from unnest('{public.ad_makers,public.ad_things}'::regclass[]) as t$$, 'and nothing is left to do');
select is(pg_temp.says($$select private.undo_adoption('public.ad_makers')$$), '22023 adoption_not_open', 'nor to undo');
select results_eq($$select pg_get_constraintdef(oid) from pg_constraint where conname in ('ad_makers_pkey', 'ad_makers_name_key', 'ad_things_maker_id_fkey', 'ad_things_pkey') order by conname$$,
  array['UNIQUE (company_id, name)', 'PRIMARY KEY (company_id, id)', 'FOREIGN KEY (company_id, maker_id) REFERENCES ad_makers(company_id, id) ON DELETE SET NULL (maker_id)', 'PRIMARY KEY (company_id, thing_no)'], 'keys have their old names');
select is((select indexdef from pg_indexes where indexname = 'ad_things_made_at_idx'), 'CREATE INDEX ad_things_made_at_idx ON public.ad_things USING btree (company_id, made_at)', 'so has an index');
insert into public.ad_things (maker_id, code) values (pg_temp.id('ad12'), 'd');
select results_eq($$select thing_no, company_id from public.ad_things where code = 'd'$$, $$values (5, pg_temp.id('ad02'))$$, 'the numbers go on, and so does the rule');
delete from public.ad_makers where id = pg_temp.id('ad12');
select is((select count(*) from public.ad_things where company_id = pg_temp.id('ad02') and maker_id is null), 3::bigint, 'what leads nowhere any more keeps its company');

-- Policies and grants that were there ----------------------------------------------------------------------------------
create table public.ad_notes (id uuid primary key default gen_random_uuid(), author_id uuid, body text);
alter table public.ad_notes enable row level security;
create policy "own" on public.ad_notes for select to authenticated using (author_id = (select auth.uid()));
create policy "public" on public.ad_notes for select to authenticated using (body = 'public');
create policy "add" on public.ad_notes for insert to authenticated with check (author_id is not null);
grant select, insert, update, delete on public.ad_notes to anon, authenticated;
grant update (body) on public.ad_notes to service_role;
insert into public.ad_notes (id, author_id, body) values (pg_temp.id('ad21'), pg_temp.id('ad91'), 'a'), (pg_temp.id('ad22'), pg_temp.id('ad92'), 'b'), (pg_temp.id('ad23'), pg_temp.id('ad92'), 'public');
create function pg_temp.access() returns text language sql as $$
  select concat_ws(E'\n', c.relrowsecurity, (select string_agg(x::text, ',' order by x::text) from unnest(c.relacl) as x),
    (select string_agg(a.attname || a.attacl::text, ',' order by a.attname) from pg_attribute as a where a.attrelid = c.oid and a.attacl is not null and not a.attisdropped and a.attacl <> '{}'),
    (select string_agg(concat_ws(' ', p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check), E'\n' order by p.policyname) from pg_policies as p where p.tablename = 'ad_notes'),
    (select string_agg(t.tgname, ',' order by t.tgname) from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal),
    (select string_agg(indexrelid::regclass::text, ',' order by 1) from pg_index where indrelid = c.oid),
    (select string_agg(conname, ',' order by conname) from pg_constraint where conrelid = c.oid))
    from pg_class as c where c.oid = 'public.ad_notes'::regclass
$$;
create temp table was as select pg_temp.access() as access;
set constraints all immediate;
savepoint before;
select lives_ok(format('select private.adopt_table(''public.ad_notes'', ''{"company": "%s"}'')', pg_temp.id('ad01')), 'with policies');
select is(pg_temp.as_member(u, 'select string_agg(body, '','' order by body) from public.ad_notes'), a, u || ' sees ' || coalesce(a, 'nothing')) from (values ('ad91', 'a,public'), ('ad92', null)) as v (u, a);
select is(pg_temp.as_member('ad91', $$insert into public.ad_notes (author_id, body) values (null, 'x') returning body$$), '42501', 'what they forbade is forbidden');
select is(pg_temp.as_member('ad91', format('insert into public.ad_notes (author_id, body) values (%L, ''x'') returning body', pg_temp.id('ad91'))), 'x', 'what they allowed is allowed');
select is(pg_temp.as_member('ad91', $$update public.ad_notes set body = 'y' returning body$$), '42501', 'nobody could change a note, and nobody can');
select is(pg_temp.as_member('ad91', $$delete from public.ad_notes returning body$$), '42501', 'or delete one');
select ok(not has_table_privilege('anon', 'public.ad_notes', 'select'), 'visitors are out');
select isnt(pg_temp.access(), (select access from was), 'much has changed');
select is(private.undo_adoption('public.ad_notes') > 5, true, 'and is taken back');
select is(pg_temp.access(), (select access from was), 'all of it');
select is_empty($$select from private.column_classes where table_name = 'ad_notes'$$, 'its classes, too');
select is_empty($$select from pg_proc where proname = 'tg_ad_notes__assign_company'$$, 'and its function');
rollback to before;
select lives_ok(format('select private.adopt_table(''public.ad_notes'', ''{"company": "%s", "policies": "replace", "resource": "memos", "audit": false, "keep_unique": ["ad_notes_pkey"]}'', true)', pg_temp.id('ad01')), 'or without them');
select is(pg_temp.as_member('ad91', 'select string_agg(body, '','' order by body) from public.ad_notes'), 'a,b,public', 'the company sees all of it');
select is(pg_temp.as_member('ad91', $$update public.ad_notes set body = 'y' where body = 'b' returning body$$), 'y', 'and changes it');
select is((select array_agg(policyname order by policyname) from pg_policies where tablename = 'ad_notes'), '{all_platform_admin,delete_member,insert_member,select_member,update_member}', 'by our policies alone');
select results_eq($$select permission from private.role_permissions where permission like 'memos.%' and role = 'client' order by 1$$, '{memos.read,memos.write}'::text[], 'the permissions have the name that was stated');
select is_empty($$select from pg_trigger where tgrelid = 'public.ad_notes'::regclass and tgname like 'audit%'$$, 'no audit, as asked');
select is(pg_temp.broken('public.ad_notes'), 'I1: the primary key does not begin with company_id | I2: unique in all companies together: public.ad_notes_pkey', 'a key that is kept is named');
select matches(pg_temp.says($$insert into public.ad_notes (body) values ('x')$$), '^23502', 'after the commit a backend says which company');
select is(pg_temp.as_member('ad92', $$insert into public.ad_notes (body) values ('x') returning company_id$$), pg_temp.id('ad02')::text, 'a member need not');

-- What verify_table() notices --------------------------------------------------------------------------------------------
savepoint whole;
create table public.ad_shared (id integer primary key, company_id uuid);
select matches(pg_temp.broken('public.ad_shared'), '^I1: there is no company_id uuid not null \| I2: .*company_id refers to no company \| I3: no trigger keeps company_id \| I4: row level security is off \| I5: no policy for members \| I10', 'a table that was never adopted');
grant select on public.ad_makers to anon;
grant truncate on public.ad_makers to service_role;
grant update (company_id) on public.ad_makers to service_role;
create policy loose on public.ad_makers for select to authenticated using (tenant = (auth.jwt() -> 'user_metadata' ->> 'tenant'));
create view public.ad_leak as select * from public.ad_makers;
create function public.ad_definer() returns trigger language plpgsql security definer as $$ begin return new; end $$;
create trigger definer before insert on public.ad_makers for each row execute function public.ad_definer();
select is(pg_temp.broken('public.ad_makers'), 'I3: may be updated: company_id by service_role | I5: permissive policies of another shape: loose | I6: granted: SELECT to anon, TRUNCATE to service_role | I7: trigger functions with definer''s rights in an exposed schema: public.ad_definer() | I8: views with the rights of their owner: public.ad_leak | I9: policies that trust what a person can write: loose', 'what was loosened is named');
rollback to whole;

-- Who may ----------------------------------------------------------------------------------------------------------------
select is_empty($$select p.oid::regprocedure, r from pg_proc as p cross join unnest('{anon,authenticated,platform_admin,service_role}'::text[]) as r
  where p.pronamespace = 'private'::regnamespace and p.proname in ('adopt_table', 'plan_adoption', 'undo_adoption', 'begin_adoption', 'note_undo', 'fill_companies', 'make_identity', 'verify_table', 'table_checksum', 'refuse_unassigned')
    and has_function_privilege(r, p.oid, 'execute')$$, 'nobody but the owner');
select * from finish();
rollback;
