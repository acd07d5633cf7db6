-- Adopting partitioned tables: each partition by itself, nobody gets in by one, what refers to them, and the way back.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
select plan(46);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.broken(p_table text) returns text language plpgsql as $$
begin
  return (select string_agg(v.invariant || ': ' || v.finding, ' | ') from private.verify_table(p_table::regclass) as v where not v.holds);
end
$$;
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
-- Everything about the table and its partitions.
create function pg_temp.shape() returns text language sql as $$
  select string_agg(concat_ws(' ', t.part, c.relrowsecurity, coalesce(c.relacl, acldefault('r', c.relowner)),
           (select string_agg(format('%s %s %s', a.attname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid)), ',' order by a.attname)
              from pg_attribute as a left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
             where a.attrelid = t.part and a.attnum > 0 and not a.attisdropped),
           (select string_agg(k.conname || pg_get_constraintdef(k.oid), ',' order by k.conname) from pg_constraint as k where k.conrelid = t.part),
           (select string_agg(pg_get_indexdef(i.indexrelid), ',' order by i.indexrelid::regclass::text) from pg_index as i where i.indrelid = t.part),
           (select string_agg(g.tgname, ',' order by g.tgname) from pg_trigger as g where g.tgrelid = t.part and not g.tgisinternal),
           (select string_agg(concat_ws(' ', p.polname, pg_get_expr(p.polqual, p.polrelid)), ',' order by p.polname) from pg_policy as p where p.polrelid = t.part)),
         E'\n' order by t.part::text)
    from private.table_tree(to_regclass('public.pt_calls')) as t join pg_class as c on c.oid = t.part
$$;
create function pg_temp.adopt(p_commit boolean) returns setof text language plpgsql as $$
begin
  return query select s.name from private.adopt_table('public.pt_calls', '{"through": "line_id"}', p_commit) as s;
end
$$;

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('9a01'), 'parts-a', 'A', 'a@b.example'), (pg_temp.id('9a02'), 'parts-b', 'B', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest('{9a91,9a92}'::text[]) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('9a01'), pg_temp.id('9a91'), '9a91@b.example', 'Client', 'client'),
  (pg_temp.id('9a02'), pg_temp.id('9a92'), '9a92@b.example', 'Other', 'client');

create table public.pt_lines (id uuid primary key, tenant text);
insert into public.pt_lines values (pg_temp.id('9a11'), 'parts-a'), (pg_temp.id('9a12'), 'parts-b');
create table public.pt_calls (
  call_no serial, day date not null, line_id uuid not null, caller text, cost numeric, after_day date, after_no integer,
  primary key (day, call_no), constraint pt_calls_caller_once unique (caller, day),
  constraint pt_calls_after foreign key (after_day, after_no) references public.pt_calls (day, call_no)
) partition by range (day);
create table public.pt_calls_2024 partition of public.pt_calls for values from ('2024-01-01') to ('2025-01-01');
create table public.pt_calls_2025 partition of public.pt_calls for values from ('2025-01-01') to ('2026-01-01') partition by hash (day);
create table public.pt_calls_2025_all partition of public.pt_calls_2025 for values with (modulus 1, remainder 0);
-- Its columns stand in another order, and a partition has a reference, an index and a policy of its own.
create table public.pt_calls_rest (cost numeric, line_id uuid not null, gone integer, day date not null, caller text, after_no integer, after_day date, call_no integer not null default 0);
alter table public.pt_calls_rest drop column gone;
alter table public.pt_calls attach partition public.pt_calls_rest default;
create index pt_calls_cost_idx on public.pt_calls (cost);
create index pt_calls_2024_line_idx on public.pt_calls_2024 (line_id);
do $$
declare
  v_part text;
begin
  foreach v_part in array '{pt_calls_2024,pt_calls_2025_all,pt_calls_rest}'::text[] loop
    execute format('alter table public.%1$I add constraint %2$I foreign key (line_id) references public.pt_lines (id)', v_part, v_part || '_line');
  end loop;
end
$$;
alter table public.pt_calls_2024 enable row level security;
create policy everybody on public.pt_calls_2024 for select using (true);
grant select on public.pt_calls, public.pt_calls_2024, public.pt_calls_2025_all to anon, authenticated;
create table public.pt_notes (id uuid primary key default gen_random_uuid(), tenant text, day date, call_no integer, constraint pt_notes_call foreign key (day, call_no) references public.pt_calls (day, call_no) on delete cascade);
insert into public.pt_calls (day, line_id, caller, cost) values
  ('2024-05-01', pg_temp.id('9a11'), 'one', 1), ('2025-05-01', pg_temp.id('9a11'), 'two', 2), ('2025-06-01', pg_temp.id('9a12'), 'three', 3), ('2030-01-01', pg_temp.id('9a12'), 'four', 4);
insert into public.pt_notes (tenant, day, call_no) values ('parts-a', '2024-05-01', 1), ('parts-b', '2025-06-01', 3);

select private.adopt_table('public.pt_lines', '{"expression": "(select c.id from public.companies as c where c.slug = t.tenant)"}');
create temp table was as select pg_temp.shape() as shape, k.* from private.table_checksum('public.pt_calls') as k;
select results_eq($$select t.part::text, t.is_leaf from private.table_tree('public.pt_calls') as t$$,
  $$values ('pt_calls_2025_all', true), ('pt_calls_2024', true), ('pt_calls_rest', true), ('pt_calls_2025', false), ('pt_calls', false)$$, 'those that hold rows come first');
select results_eq($$select t.part::text, t.is_leaf from private.table_tree('public.pt_lines') as t$$, $$values ('pt_lines', true)$$, 'a table without partitions holds its rows itself');
select results_eq($$select o::text from private.open_partitions('public.pt_calls') as o order by 1$$, '{pt_calls_2024,pt_calls_2025,pt_calls_2025_all,pt_calls_rest}'::text[], 'partitions are open');

-- There and back ---------------------------------------------------------------------------------------------------------
set constraints all immediate;
savepoint before;
select lives_ok('select pg_temp.adopt(false)', 'is adopted');
select is_empty($$select name from private.plan_adoption('public.pt_calls', '{"through": "line_id"}') where stage = 'adopt'$$, 'wholly');
select results_eq($$select c.company_id, caller, tableoid::regclass::text from public.pt_calls as c order by call_no$$,
  $$values (pg_temp.id('9a01'), 'one', 'pt_calls_2024'), (pg_temp.id('9a01'), 'two', 'pt_calls_2025_all'), (pg_temp.id('9a02'), 'three', 'pt_calls_2025_all'), (pg_temp.id('9a02'), 'four', 'pt_calls_rest')$$,
  'a row belongs to the company of what its partition refers to');
select results_eq($$select row_count, checksum from private.table_checksum('public.pt_calls')$$, 'select row_count, checksum from was', 'and nothing else has changed');
select is((select count(*) from pg_constraint where contype = 'f' and confrelid = 'public.companies'::regclass and not convalidated and conrelid in (select part from private.table_tree('public.pt_calls'))), 0::bigint, 'each refers to the companies');
select is((select count(*) from pg_inherits where inhparent in ('public.company_pt_calls_cost_idx'::regclass)), 3::bigint, 'the index is made of those of the partitions');
select is(pg_temp.as_member(u, 'select string_agg(caller, '','' order by caller) from public.pt_calls'), a, u || ' sees ' || a) from (values ('9a91', 'one,two'), ('9a92', 'four,three')) as v (u, a);
select is(pg_temp.as_member('9a92', format('select count(*) from public.%I', p)), '42501', 'nobody gets in by ' || p) from unnest('{pt_calls_2024,pt_calls_2025,pt_calls_2025_all,pt_calls_rest}'::text[]) as p;
select isnt(private.undo_adoption('public.pt_calls'), 0, 'is taken back');
select is(pg_temp.shape(), (select shape from was), 'all of it');
select results_eq($$select row_count, checksum from private.table_checksum('public.pt_calls')$$, 'select row_count, checksum from was', 'and no row is lost');
rollback to before;

-- For good ---------------------------------------------------------------------------------------------------------------
select lives_ok('select pg_temp.adopt(false)', 'again');
create table public.pt_calls_2026 partition of public.pt_calls for values from ('2026-01-01') to ('2027-01-01');
grant select on public.pt_calls_2026 to authenticated;
select matches(pg_temp.broken('public.pt_calls'), 'I4: partitions that can be reached by themselves: public.pt_calls_2026', 'a partition that came since is found open');
select bag_eq($$select name from private.plan_adoption('public.pt_calls', '{"through": "line_id"}') where stage = 'adopt' and name <> 'validate_company_reference'$$,
  '{add_key,add_key,add_index,close_partitions}'::text[], 'and brought in line');
select lives_ok('select pg_temp.adopt(true)', 'is committed');
select is(pg_temp.as_member('9a91', 'select count(*) from public.pt_calls_2026'), '42501', 'and closed');
select matches((select string_agg(purpose, ';') from private.plan_adoption('public.pt_calls', '{"through": "line_id"}') where name = 'keep_key'),
  '^pt_calls_pkey stays while pt_notes_call of public.pt_notes needs it', 'its key stays while a table that is not adopted needs it');
select lives_ok($$select private.adopt_table('public.pt_notes', '{"expression": "(select c.id from public.companies as c where c.slug = t.tenant)"}', true)$$, 'which then is');
select results_eq('select * from pg_temp.adopt(true)', '{replace_key,validate_reference}'::text[], 'and the key is replaced');
select results_eq($$select name from private.adopt_table('public.pt_lines', '{}', true)$$, '{replace_key,finish}'::text[], 'so is that of the lines');
select is(pg_temp.broken('public.pt_calls'), 'I10: ids that can be guessed and counted: call_no', 'all invariants hold');
select is(pg_temp.broken('public.pt_notes'), null, 'of what refers to it, too');
select is_empty($$select name from private.plan_adoption('public.pt_calls', '{"through": "line_id"}')$$, 'nothing is left to do');
alter table public.pt_notes drop constraint pt_notes_call, add constraint pt_notes_call foreign key (company_id, day, call_no) references public.pt_calls (company_id, day, call_no) on delete cascade not valid;
select results_eq('select * from pg_temp.adopt(true)', '{validate_reference}'::text[], 'but for what an earlier run left to validate');
select is((select string_agg(pg_get_constraintdef(oid), '; ' order by conname) from pg_constraint where conrelid = 'public.pt_calls'::regclass and contype in ('p', 'u') or conname = 'pt_calls_after' and conparentid = 0 or conname = 'pt_notes_call' and conparentid = 0),
  'FOREIGN KEY (company_id, after_day, after_no) REFERENCES pt_calls(company_id, day, call_no); UNIQUE (company_id, caller, day); PRIMARY KEY (company_id, day, call_no); FOREIGN KEY (company_id, day, call_no) REFERENCES pt_calls(company_id, day, call_no) ON DELETE CASCADE', 'keys and references have their old names');
select is((select string_agg(c.relname, ' ' order by c.relname) from pg_index as i join pg_class as c on c.oid = i.indexrelid where i.indrelid = 'public.pt_calls_2024'::regclass),
  'company_pt_calls_2024_pt_calls_after_idx pt_calls_2024_caller_day_key pt_calls_2024_cost_idx pt_calls_2024_line_idx pt_calls_2024_pkey', 'so have the indexes of a partition');
insert into public.pt_calls (day, line_id, caller) values ('2026-05-01', pg_temp.id('9a12'), 'one');
select results_eq($$select call_no, company_id from public.pt_calls where day = '2026-05-01'$$, $$values (5, pg_temp.id('9a02'))$$, 'numbers and the rule go on');
select throws_ok(format('update public.pt_calls set company_id = %L where call_no = 1', pg_temp.id('9a02')), '42501', null, 'no row moves');
select throws_ok(format('insert into public.pt_notes (company_id, day, call_no) values (%L, ''2024-05-01'', 1)', pg_temp.id('9a02')), '23503', null, 'nothing leads to another company''s');
update public.pt_calls set day = '2024-07-01' where call_no = 5;
select is((select tableoid::regclass::text from public.pt_calls where call_no = 5), 'pt_calls_2024', 'a row still goes to another partition');
select is((select array_agg(l.action || (l.changes -> '(key)')::text order by l.action, l.changes -> '(key)' ? 'new') from public.audit_logs as l where l.table_name = 'pt_calls' and l.company_id = pg_temp.id('9a02')),
  array['pt_calls.created{"new": {"day": "2026-05-01", "call_no": 5}}', 'pt_calls.updated{"old": {"day": "2026-05-01", "call_no": 5}}', 'pt_calls.updated{"new": {"day": "2024-07-01", "call_no": 5}}'], 'all of it is recorded');

-- What goes with a company ---------------------------------------------------------------------------------------------
set constraints all immediate;
select private.close_company(pg_temp.id('9a02'), 'x', 1);
update private.company_lifecycles set grace_ends_at = now(), grace_days = 1 where company_id = pg_temp.id('9a02');
create temp table erased as select r.error from private.erase_companies(100000) as r where r.company_id = pg_temp.id('9a02') union all select r.error from private.erase_companies(100000) as r;
select is_empty('select error from erased where error is not null', 'a company is erased');
select results_eq('select distinct company_id from public.pt_calls union select company_id from public.pt_notes', array[pg_temp.id('9a01')], 'with its rows in every partition, and no other''s');

-- Keys that are kept, and a table that has no partitions yet --------------------------------------------------------------
create table public.pt_kept (day date, code text, primary key (day, code), constraint pt_kept_code unique (code, day)) partition by list (day);
create table public.pt_kept_rest partition of public.pt_kept default;
create table public.pt_none (day date primary key) partition by list (day);
select results_eq(format('select name from private.adopt_table(''public.pt_kept'', ''{"company": "%s", "keep_unique": ["pt_kept_code"]}'', true) where stage = ''commit''', pg_temp.id('9a01')),
  '{replace_key,keep_key,finish}'::text[], 'a key is kept, as asked');
select is(pg_temp.broken('public.pt_kept'), 'I2: unique in all companies together: public.pt_kept_code, public.pt_kept_rest_code_day_key', 'and named for what it is');
select results_eq(format('select name from private.adopt_table(''public.pt_none'', ''{"company": "%s"}'', true) where stage = ''commit''', pg_temp.id('9a01')),
  '{replace_key,finish}'::text[], 'a table without partitions is adopted');
create table public.pt_none_rest partition of public.pt_none default;
select is(pg_temp.broken('public.pt_none'), 'I4: partitions that can be reached by themselves: public.pt_none_rest', 'one that comes has all but the lock on its door');
select is(private.close_partitions('public.pt_none'), 1, 'which closes');
select is(pg_temp.broken('public.pt_none'), null, 'and all holds');
select * from finish();
rollback;
