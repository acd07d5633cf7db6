-- Adopting what is not a B-tree: exclusions and other kinds of indexes, with and without the extensions that they need; and
-- what is recorded of rows that are named by other columns than id.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
select plan(40);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.adopt(p_table text, p_options jsonb default '{}', p_commit boolean default true) returns text language plpgsql as $$
begin
  return (select string_agg(s.name, ' ') from private.adopt_table(p_table::regclass, '{"company": "00000000-0000-4000-8000-000000009b01"}' || p_options, p_commit) as s where s.stage = 'commit');
end
$$;
create function pg_temp.kept(p_table text) returns text language plpgsql as $$
begin
  return (select string_agg(s.purpose, E'\n') from private.plan_adoption(p_table::regclass, '{"company": "00000000-0000-4000-8000-000000009b01"}') as s where s.name like 'keep%');
end
$$;
-- What is recorded of a table: action, id, and what changed.
create function pg_temp.recorded(p_table text) returns setof text language sql as $$
  select concat_ws(' ', split_part(l.action, '.', 2), l.row_id, l.changes) from public.audit_logs as l
   where l.table_name = p_table and l.company_id = pg_temp.id('9b01') order by l.created_at, l.id, 1
$$;

insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('9b01'), 'kinds-a', 'A', 'a@b.example'), (pg_temp.id('9b02'), 'kinds-b', 'B', 'a@b.example');
insert into auth.users (id, email) values (pg_temp.id('9b91'), '9b91@b.example');
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('9b01'), pg_temp.id('9b91'), '9b91@b.example', 'Client', 'client');

-- Kinds of indexes -------------------------------------------------------------------------------------------------------
-- As where nothing has created them; what leans on them goes for the length of the test.
set local client_min_messages = warning;
drop extension if exists btree_gin, btree_gist cascade;
create table public.ki_rooms (
  room_no integer, during int4range, tags text[], doc tsvector, made_at timestamptz default now(), code text, primary key (room_no, during),
  constraint ki_rooms_once exclude using gist (during with &&) where (code is not null) deferrable
);
create index ki_rooms_tags_idx on public.ki_rooms using gin (tags) with (fastupdate = off);
create index ki_rooms_doc_idx on public.ki_rooms using gist (doc);
create index ki_rooms_made_idx on public.ki_rooms using brin (made_at);
create index ki_rooms_code_idx on public.ki_rooms using hash (code);
insert into public.ki_rooms (room_no, during, code) values (1, '[1,5)', 'a');
select is((select string_agg(p, '|') from private.adoption_problems('public.ki_rooms', '{"expression": "null"}') as p),
  'exclusion constraint ki_rooms_once reaches across companies, and kind gist has no operators for uuid: create extension btree_gist with schema extensions; or keep it with keep_unique', 'an exclusion needs an extension');
-- Partitioned tables have exclusions from PostgreSQL 17 on; a partition's belongs to its parent's.
create table public.ki_parts (during int4range primary key, span int4range) partition by hash (during);
do $$
begin
  if current_setting('server_version_num')::integer >= 170000 then
    alter table public.ki_parts add constraint ki_parts_once exclude using gist (during with =, span with &&);
  end if;
end
$$;
create table public.ki_parts_0 partition of public.ki_parts for values with (modulus 2, remainder 0);
create table public.ki_parts_1 partition of public.ki_parts for values with (modulus 2, remainder 1);
select is((select count(*) from private.adoption_problems('public.ki_parts', '{"expression": "null"}') as p where p like 'exclusion constraint%'),
  (select count(*) from pg_constraint where conname = 'ki_parts_once'), 'of a partitioned table it is said once');
savepoint bare;
alter table public.ki_rooms drop constraint ki_rooms_once;
select is(pg_temp.adopt('public.ki_rooms'), 'replace_key keep_index keep_index replace_index keep_index finish', 'the others stay where they must');
select matches(pg_temp.kept('public.ki_rooms'), w, w) from unnest(array[
  'ki_rooms_code_idx stays without the company: an index of kind hash takes one column only: create one of kind btree',
  'ki_rooms_doc_idx stays without the company: kind gist has no operators for uuid: create extension btree_gist with schema extensions',
  'ki_rooms_tags_idx stays without the company: kind gin has no operators for uuid: create extension btree_gin with schema extensions', 'Under row level security']) as w;
create extension btree_gist with schema extensions;
select is(pg_temp.adopt('public.ki_rooms'), 'keep_index replace_index keep_index', 'and follow when the extension is there');
rollback to bare;
select is(pg_temp.adopt('public.ki_rooms', '{"keep_unique": ["ki_rooms_once"]}'), 'replace_key keep_index keep_index replace_index keep_key keep_index finish', 'an exclusion is kept, as asked');
select is((select finding from private.verify_table('public.ki_rooms') where invariant = 'I2'), 'unique in all companies together: public.ki_rooms_once', 'and named for what it is');
rollback to bare;
create extension btree_gist with schema extensions;
create extension btree_gin with schema extensions;
create temp table was as select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'public.ki_rooms'::regclass order by 1;
set constraints all immediate;
select is(pg_temp.adopt('public.ki_rooms', p_commit => false), null, 'with the extensions it is adopted');
select isnt(private.undo_adoption('public.ki_rooms'), 0, 'undone');
select set_eq($$select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'public.ki_rooms'::regclass$$, 'select * from was', 'wholly');
select matches((select lock from private.plan_adoption('public.ki_rooms', '{"company": "00000000-0000-4000-8000-000000009b01"}') where name = 'add_exclusion'), '^ACCESS EXCLUSIVE while its index is built', 'the plan says what that costs');
select is(pg_temp.adopt('public.ki_rooms'), 'replace_key keep_index replace_index replace_index replace_exclusion replace_index finish', 'and committed');
select results_eq($$select indexdef from pg_indexes where tablename = 'ki_rooms' and indexname ~ '(tags|doc|made)_idx' order by indexname$$, array[
  'CREATE INDEX ki_rooms_doc_idx ON public.ki_rooms USING gist (company_id, doc)',
  'CREATE INDEX ki_rooms_made_idx ON public.ki_rooms USING brin (company_id, made_at)',
  'CREATE INDEX ki_rooms_tags_idx ON public.ki_rooms USING gin (company_id, tags) WITH (fastupdate=off)'], 'each with the company in front');
select is((select pg_get_constraintdef(oid) from pg_constraint where conname = 'ki_rooms_once'), 'EXCLUDE USING gist (company_id WITH =, during WITH &&) WHERE ((code IS NOT NULL)) DEFERRABLE', 'so is the exclusion');
select is((select finding from private.verify_table('public.ki_rooms') where invariant = 'I2'), 'holds', 'which tells nobody anything');
select lives_ok(format('insert into public.ki_rooms (company_id, room_no, during, code) values (%L, 1, ''[2,6)'', ''b'')', pg_temp.id('9b02')), 'another company has its own');
select throws_ok(format('insert into public.ki_rooms (company_id, room_no, during, code) values (%L, 2, ''[2,6)'', ''b'')', pg_temp.id('9b01')), '23P01', null, 'within a company it holds');

-- The audit trail of other keys ------------------------------------------------------------------------------------------
create table public.ki_numbers (number_no integer primary key, body text, api_token text);
create table public.ki_pairs (left_no integer, right_code text, key text, row_key text, updated_at timestamptz, primary key (left_no, right_code));
create table public.ki_refs (ref uuid primary key, note text);
select is(pg_temp.adopt('public.' || t) is not null, true, t || ' is adopted') from unnest('{ki_numbers,ki_pairs,ki_refs}'::text[]) as t;
insert into public.ki_numbers (company_id, number_no, body, api_token) select pg_temp.id('9b01'), n, 'b' || n, 's3cret' from generate_series(1, 2) as n;
update public.ki_numbers set body = 'c', api_token = 'other' where number_no = 1;
update public.ki_numbers set body = body;
update public.ki_numbers set number_no = 9 where number_no = 2;
delete from public.ki_numbers where number_no = 1;
select bag_eq($$select * from pg_temp.recorded('ki_numbers')$$, array[
  'created {"body": {"new": "b1"}, "(key)": {"new": {"number_no": 1}}, "api_token": {"new": "[secret]"}, "number_no": {"new": 1}}',
  'created {"body": {"new": "b2"}, "(key)": {"new": {"number_no": 2}}, "api_token": {"new": "[secret]"}, "number_no": {"new": 2}}',
  'updated {"body": {"new": "c", "old": "b1"}, "(key)": {"new": {"number_no": 1}, "old": {"number_no": 1}}, "api_token": {"new": "[secret]", "old": "[secret]"}}',
  'updated {"body": {"old": "b2"}, "(key)": {"old": {"number_no": 2}}, "api_token": {"old": "[secret]"}, "number_no": {"old": 2}}',
  'updated {"body": {"new": "b2"}, "(key)": {"new": {"number_no": 9}}, "api_token": {"new": "[secret]"}, "number_no": {"new": 9}}',
  'deleted {"body": {"old": "c"}, "(key)": {"old": {"number_no": 1}}, "api_token": {"old": "[secret]"}, "number_no": {"old": 1}}'], 'rows are named by their number; secrets are not told; nothing is said of nothing');
insert into public.ki_pairs (company_id, left_no, right_code, key, row_key) values (pg_temp.id('9b01'), 1, 'x', 'k', 'r'), (pg_temp.id('9b02'), 1, 'x', 'theirs', null);
update public.ki_pairs set key = key || '2', row_key = row_key || '2', updated_at = now();
select bag_eq($$select * from pg_temp.recorded('ki_pairs')$$, array[
  'created {"key": {"new": "k"}, "(key)": {"new": {"left_no": 1, "right_code": "x"}}, "left_no": {"new": 1}, "row_key": {"new": "r"}, "right_code": {"new": "x"}}',
  'updated {"key": {"new": "k2", "old": "k"}, "(key)": {"new": {"left_no": 1, "right_code": "x"}, "old": {"left_no": 1, "right_code": "x"}}, "row_key": {"new": "r2", "old": "r"}}'], 'by all of it, and a column called key is no key; each company has its own');
create table public.ki_profiles (company_id uuid primary key, body text);
select isnt(pg_temp.adopt('public.ki_profiles'), null, 'a table of which each company has one row is adopted');
insert into public.ki_profiles values (pg_temp.id('9b01'), 'b'), (pg_temp.id('9b02'), 'theirs');
update public.ki_profiles set body = body || '2';
delete from public.ki_profiles;
select bag_eq($$select * from pg_temp.recorded('ki_profiles')$$, array[
  'created {"body": {"new": "b"}}', 'updated {"body": {"new": "b2", "old": "b"}}', 'deleted {"body": {"old": "b2"}}'], 'and its rows are named by the company');
create table public.ki_covers (code text, state text, size integer, primary key (code) include (state, size));
select isnt(pg_temp.adopt('public.ki_covers'), null, 'a key that includes a column is adopted');
select set_eq($$select a.attname::text from pg_attribute as a where a.attrelid = 'public.ki_covers'::regclass and a.attnum > 0 and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')$$, '{size,state}'::text[], 'members change what it includes, and not the key');
select is((select finding from private.verify_table('public.ki_covers') where invariant = 'I10'), 'holds', 'nor is that an id that can be guessed');
insert into public.ki_covers (company_id, code, state) select pg_temp.id('9b01'), n, 'a' from generate_series(1, 3) as n;
update public.ki_covers set state = 'b' where code = '1';
alter table public.ki_covers rename column code to number;
update public.ki_covers set state = 'c';
select bag_eq($$select r from pg_temp.recorded('ki_covers') as r where r like 'updated%'$$, array[
  'updated {"(key)": {"new": {"code": "1"}, "old": {"code": "1"}}, "state": {"new": "b", "old": "a"}}',
  'updated {"(key)": {"new": {"number": "1"}, "old": {"number": "1"}}, "state": {"new": "c", "old": "b"}}',
  'updated {"(key)": {"new": {"number": "2"}, "old": {"number": "2"}}, "state": {"new": "c", "old": "a"}}',
  'updated {"(key)": {"new": {"number": "3"}, "old": {"number": "3"}}, "state": {"new": "c", "old": "a"}}'], 'what it includes names no row; a column of the key may be renamed');
alter table public.ki_covers drop constraint ki_covers_pkey;
update public.ki_covers set state = 'd';
select is((select count(*)::integer from pg_temp.recorded('ki_covers') as r where r like '%"d"%' or r like '%"old": {"state": "c"%'), 6, 'and without a key each row is there as it was and as it is');
insert into public.ki_refs (company_id, ref, note) values (pg_temp.id('9b01'), pg_temp.id('9b11'), 'n');
select is((select row_id from public.audit_logs where table_name = 'ki_refs'), pg_temp.id('9b11'), 'a key that is one UUID is an id');
select set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id('9b91'), 'role', 'authenticated')::text, true), set_config('role', 'authenticated', true);
insert into public.ki_numbers (number_no, body) values (20, 'member');
select throws_ok($$update public.ki_numbers set company_id = '00000000-0000-4000-8000-000000009b02'$$, '42501', null, 'a member moves nothing');
select throws_ok('select private.tg_statement__audit_keyed()', '42501', null, 'and does not write the log');
select set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
select results_eq($$select actor_id, actor_role, action from public.audit_logs where table_name = 'ki_numbers' and changes -> 'body' ->> 'new' = 'member'$$, $$values (pg_temp.id('9b91'), 'client', 'ki_numbers.created')$$, 'who did it');
set constraints all immediate;
select is((private.verify_audit_chain(pg_temp.id(c), 0, 1000, null, null)).problems, '[]', 'the chain holds for ' || c) from unnest('{9b01,9b02}'::text[]) as c;
select is((private.verify_audit_chain(pg_temp.id('9b01'), 0, 1000, null, null)).row_count >= 9, true, 'with all rows');

-- A table that is gone ---------------------------------------------------------------------------------------------------
drop table public.ki_refs;
create table public.ki_late (id uuid primary key);
select is(pg_temp.adopt('public.ki_late'), 'replace_key finish', 'a table that was adopted and dropped since does not stand in the way');
select * from finish();
rollback;
