-- Settings of the platform: types, bounds, defaults, history, who may; and maintenance, as check_request() sees it.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select no_plan();

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.says(p_role text, p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
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
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('b101'), 'settings-a', 'Alpha', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['b901', 'b905']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('b101'), pg_temp.id('b901'), 'b901@b.example', 'Client', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('b905'), 'b905@b.example', 'Operator', 'admin');
insert into private.setting_definitions (key, value_type, default_value, minimum, maximum, pattern, description) values
  ('test.boolean', 'boolean', 'false', null, null, null, 'b'), ('test.integer', 'integer', '5', 1, 10, null, 'i'),
  ('test.number', 'number', '0.5', 0, 1, null, 'n'), ('test.text', 'text', '"abc"', 2, 5, '^[a-z]+$', 't'),
  ('test.free_text', 'text', '""', null, null, null, 'f'), ('test.object', 'object', '{}', null, null, null, 'o'),
  ('test.array', 'array', '[]', null, null, null, 'a'), ('test.nullable', 'object_or_null', 'null', null, null, null, 'x');

-- What is shipped -------------------------------------------------------------------------------------------------------
select is_empty($$ select d.key from private.setting_definitions as d where private.setting_problem(d, d.default_value) is not null $$, 'every default can stand for its setting');
select is_empty($$ select s.key from public.system_config as s left join private.setting_definitions as d on d.key = s.key where s.key not like 'app.%' and (d.key is null or d.default_value <> s.value or private.setting_problem(d, s.value) is not null) $$,
  'every setting that a migration brings is defined, with the same default');
select is((select array_agg(d.key order by d.key) from private.setting_definitions as d where d.key like 'maintenance.%'), array['maintenance.enabled', 'maintenance.is_backend_refused', 'maintenance.message', 'maintenance.retry_after_seconds'], 'maintenance is set by four');

-- Types and bounds --------------------------------------------------------------------------------------------------------
create function pg_temp.set(p_key text, p_value text) returns text language sql as $$
  select pg_temp.says('platform_admin', 'b905', format('select value from public.set_system_setting(%L, %L)', p_key, p_value))
$$;
select is(pg_temp.set(k, v), v, k || ' may be ' || v)
  from (values ('test.boolean', 'true'), ('test.boolean', 'false'), ('test.integer', '1'), ('test.integer', '10'), ('test.number', '0'), ('test.number', '0.25'), ('test.number', '1'),
    ('test.text', '"ab"'), ('test.text', '"abcde"'), ('test.free_text', '"A long text of any kind."'), ('test.object', '{"a": 1}'), ('test.array', '[1]'), ('test.nullable', '{"a": 1}'), ('test.integer', '7.0')) as t (k, v);
select is(pg_temp.set(k, v), '22023 invalid_setting', k || ' may not be ' || left(v, 20))
  from (values ('test.boolean', '1'), ('test.boolean', '"true"'), ('test.integer', '0'), ('test.integer', '11'), ('test.integer', '1.5'), ('test.integer', '"5"'), ('test.number', '-0.1'), ('test.number', '1.1'), ('test.number', 'true'),
    ('test.text', '"a"'), ('test.text', '"abcdef"'), ('test.text', '"ABC"'), ('test.text', '5'), ('test.free_text', '{}'), ('test.object', '[]'), ('test.object', '1'), ('test.array', '{}'), ('test.nullable', '[]'), ('test.nullable', '1')) as t (k, v);
create function pg_temp.large(p_repeats integer) returns text language sql as $$
  select pg_temp.says('platform_admin', 'b905', format('select length(value::text) > 1000 from public.set_system_setting(''test.object'', jsonb_build_object(''a'', %L))',
    (select string_agg(md5(n::text), '') from generate_series(1, p_repeats) as n)))
$$;
select is(pg_temp.large(2000), 'true', 'an object of 64 kB');
select is(pg_temp.large(2100), '22023 invalid_setting', 'but no larger one');
select is(pg_temp.says('platform_admin', 'b905', $$ select public.set_system_setting('test.integer', '11') $$), '22023 invalid_setting', 'refused');
create function pg_temp.message(p_key text, p_value jsonb) returns text language plpgsql as $$
begin
  perform public.set_system_setting(p_key, p_value);
  return 'nothing was refused';
exception when others then
  return sqlerrm;
end
$$;
select is(pg_temp.message(k, v::jsonb), m, m)
  from (values ('test.integer', '11', 'setting test.integer is wrong: it is 1 to 10'), ('test.integer', '1.5', 'setting test.integer is wrong: it is a whole number'), ('test.number', '"x"', 'setting test.number is wrong: it is a number'),
    ('test.text', '"a"', 'setting test.text is wrong: it has 2 to 5 characters'), ('test.text', '"AB"', 'setting test.text is wrong: it matches ^[a-z]+$'), ('test.boolean', '1', 'setting test.boolean is wrong: it is true or false'),
    ('test.array', '1', 'setting test.array is wrong: it is an array'), ('test.object', '1', 'setting test.object is wrong: it is an object'), ('test.nullable', '1', 'setting test.nullable is wrong: it is an object, or null'),
    ('test.text', '1', 'setting test.text is wrong: it is a text'), ('test.integer', '"x"', 'setting test.integer is wrong: it is a whole number')) as t (k, v, m);
select is(pg_temp.set('test.unknown', '1'), 'PT404 unknown_setting', 'what is not known is not set');
select is(pg_temp.set('app.theme', '1'), 'PT404 unknown_setting', 'what is an application''s is set in the table');
select is(pg_temp.says('service_role', null, 'select public.set_system_setting(null, ''1'')'), 'PT404 unknown_setting', 'nor is nothing');

-- The table is checked as well -----------------------------------------------------------------------------------------------
create function pg_temp.insert(p_role text, p_key text, p_value text) returns text language sql as $$
  select pg_temp.says(p_role, 'b905', format('insert into public.system_config (key, value, description) values (%L, %L, ''x'') returning description', p_key, p_value))
$$;
select is(pg_temp.insert(r, 'test.unknown', '1'), 'PT404 unknown_setting', r || ' adds no setting') from unnest(array['platform_admin', 'service_role']) as r;
select is(pg_temp.insert(r, 'app.x_' || r, '1'), 'x', r || ' adds one of an application') from unnest(array['platform_admin', 'service_role']) as r;
select is(pg_temp.insert('postgres', 'test.unknown', '1'), 'x', 'a migration adds any');
delete from public.system_config where key = 'test.integer';
select is(pg_temp.insert('platform_admin', 'test.integer', '11'), '22023 invalid_setting', 'of the right type');
select is(pg_temp.insert('platform_admin', 'test.integer', '9'), 'i', 'described as it is defined');
select is(pg_temp.says('platform_admin', 'b905', $$ update public.system_config set value = '0' where key = 'test.integer' $$), '22023 invalid_setting', 'changes are checked, too');
update public.system_config set value = '0.75' where key = 'test.number';
set local app.importing = 'on';
update public.system_config set value = '"x"' where key = 'test.number';
set local app.importing = '';
select is((select value from public.system_config where key = 'test.number'), '"x"', 'an import brings what there was');

-- Reading --------------------------------------------------------------------------------------------------------------------
update public.system_config set value = '0.75' where key = 'test.number';
delete from public.system_config where key like 'test.%' and key <> 'test.number' and key <> 'test.unknown';
select is(pg_temp.says('platform_admin', 'b905', $$ select string_agg(concat_ws(' ', key, value, default_value, is_default, value_type, minimum, maximum, pattern, description), ', ' order by n) from public.system_settings('test.') with ordinality as s (key, value, default_value, is_default, value_type, minimum, maximum, pattern, description, updated_at, updated_by, n) $$),
  'test.array [] [] t array a, test.boolean false false t boolean b, test.free_text "" "" t text f, test.integer 5 5 t integer 1 10 i, test.nullable null null t object_or_null x, test.number 0.75 0.5 f number 0 1 n, test.object {} {} t object o, test.text "abc" "abc" t text 2 5 ^[a-z]+$ t, test.unknown 1 f undefined x',
  'settings, with their defaults');
select is(pg_temp.says('service_role', null, $$ select string_agg(s.value_type, ',') from public.system_settings('app.x_') as s $$), 'application,application', 'those of an application');
select is(pg_temp.says('service_role', null, $$ select count(*) > 20 from public.system_settings() $$), 'true', 'all of them');
select is(pg_temp.set('test.number', '0.5'), '0.5', 'the default, set by hand');
select is(pg_temp.says('service_role', null, $$ select s.is_default || ' ' || (s.updated_at is not null) from public.system_settings('test.number') as s $$), 'true true', 'is the default');

-- History ----------------------------------------------------------------------------------------------------------------------
delete from private.setting_changes;
select is(pg_temp.says('platform_admin', 'b905', $$ select value from public.set_system_setting('test.integer', '6', 'More is better.') $$), '6', 'set');
select is(pg_temp.says('platform_admin', 'b905', $$ select value from public.set_system_setting('test.integer', '6', 'Again.') $$), '6', 'again');
select is(pg_temp.says('service_role', null, $$ select value from public.set_system_setting('test.integer', '7') $$), '7', 'changed');
select is(pg_temp.says('platform_admin', 'b905', $$ select concat(value, ' ', is_default) from public.set_system_setting('test.integer', null, 'Back.') $$), '5 t', 'null brings the default back');
select is(pg_temp.says('platform_admin', 'b905', $$ select concat(value, ' ', is_default) from public.set_system_setting('test.integer', 'null') $$), '5 t', 'in either form');
create function pg_temp.history(p_arguments text) returns text language sql as $$
  select pg_temp.says('platform_admin', 'b905', format('select string_agg(concat_ws('' '', key, right(changed_by::text, 4), changed_as, coalesce(old_value::text, ''-''), coalesce(new_value::text, ''-''), reason), '', '' order by n)
    from public.system_setting_history(%s) with ordinality as h (id, key, changed_at, changed_by, changed_as, old_value, new_value, reason, n)', p_arguments))
$$;
select is(pg_temp.history('''test.integer'''), 'test.integer b905 admin 7 - Back., test.integer service_role 6 7, test.integer b905 admin - 6 More is better.', 'who, from what, to what, why; latest first');
update public.system_config set key = 'app.moved' where key = 'test.number';
update public.system_config set description = 'y' where key = 'app.moved';
select is(pg_temp.history(''), 'app.moved postgres - 0.5, test.number postgres 0.5 -, test.integer b905 admin 7 - Back., test.integer service_role 6 7, test.integer b905 admin - 6 More is better.', 'of all settings, also those changed in the table');
select is(pg_temp.history('max_rows => 2'), 'app.moved postgres - 0.5, test.number postgres 0.5 -', 'a page');
select is(pg_temp.history(format('before_id => %L, max_rows => 2', (select id from private.setting_changes where key = 'test.number'))), 'test.integer b905 admin 7 - Back., test.integer service_role 6 7', 'the next');
select is(pg_temp.history(a), '22023 invalid_page', a) from unnest(array['max_rows => 0', 'max_rows => 1001', 'max_rows => null', 'before_id => gen_random_uuid()']) as a;
select is(pg_temp.history('max_rows => 1000') is not null, true, 'a thousand is a page');
select is((select max(h.changed_at) between now() and clock_timestamp() from private.setting_changes as h), true, 'and when');
select is(pg_temp.says('platform_admin', 'b905', $$ select public.set_system_setting('test.integer', '6', repeat('x', 1001)) $$), '22023 invalid_setting', 'a reason is a sentence');
select is(pg_temp.says('platform_admin', 'b905', $$ select value from public.set_system_setting('test.integer', '8', repeat('x', 1000)) $$), '8', 'or some');
update public.system_config set value = '9' where key = 'test.integer';
select is((select h.reason from private.setting_changes as h order by h.changed_at desc limit 1), null, 'the reason is that of one change');
select is((select count(*) from public.audit_logs as l where l.company_id = (select id from public.companies where is_operator) and l.action like 'system_config.%' and 'test.integer' in (l.changes #>> '{key,new}', l.changes #>> '{key,old}')) > 2, true, 'the operator''s audit log has them, too');

-- Who may ------------------------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', 'b901', s), '42501 not_an_operator', 'who is no operator any more: ' || s)
  from unnest(array['select count(*) from public.system_settings()', 'select public.set_system_setting(''test.integer'', ''6'')', 'select count(*) from public.system_setting_history()']) as s;
select is(left(pg_temp.says(r, 'b901', s), 5), '42501', r || ': ' || s)
  from unnest(array['select count(*) from public.system_settings()', 'select public.set_system_setting(''test.integer'', ''6'')', 'select count(*) from public.system_setting_history()']) as s,
       unnest(array['authenticated', 'anon']) as r;

-- Maintenance ----------------------------------------------------------------------------------------------------------------------
create function pg_temp.request(p_role text, p_user text) returns text language plpgsql as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text, true), set_config('role', p_role, true);
  perform public.check_request();
  perform set_config('role', 'postgres', true);
  return 'let in';
exception when others then
  declare
    v_detail text;
  begin
    get stacked diagnostics v_detail = pg_exception_detail;
    perform set_config('role', 'postgres', true);
    return concat_ws(' ', sqlerrm::jsonb ->> 'code', sqlerrm::jsonb ->> 'details', sqlerrm::jsonb ->> 'message', sqlerrm::jsonb ->> 'hint', v_detail);
  end;
end
$$;
select is(pg_temp.request(r, u), 'let in', r || ' before maintenance') from (values ('authenticated', 'b901'), ('service_role', 'b901'), ('platform_admin', 'b905'), ('anon', 'b901')) as t (r, u);
select is(pg_temp.set('maintenance.enabled', 'true'), 'true', 'maintenance is on');
select is(pg_temp.request('authenticated', 'b901'), 'PT423 maintenance_mode The platform is under maintenance; reading goes on. Nothing is written now. Try again in 300 s. {"status": 423, "headers": {"Retry-After": "300"}}', 'a member is refused, with the reason');
select is(pg_temp.request(r, u), 'let in', r || ' goes on') from (values ('service_role', 'b901'), ('platform_admin', 'b905'), ('anon', 'b901')) as t (r, u);
select is(pg_temp.set('maintenance.is_backend_refused', 'true'), 'true', 'for the backend, too');
select is(pg_temp.set('maintenance.message', '"Back at noon."'), '"Back at noon."', 'with a message');
select is(pg_temp.set('maintenance.retry_after_seconds', '60'), '60', 'and a time');
select is(pg_temp.request(r, 'b901'), 'PT423 maintenance_mode Back at noon. Nothing is written now. Try again in 60 s. {"status": 423, "headers": {"Retry-After": "60"}}', r || ' is refused') from unnest(array['authenticated', 'service_role']) as r;
select is(pg_temp.request('platform_admin', 'b905'), 'let in', 'an operator is not');
select is(pg_temp.set('maintenance.message', v), '22023 invalid_setting', 'a message says something') from unnest(array['""', '" "', to_jsonb(repeat('x', 501))::text]) as v;
select is(pg_temp.set('maintenance.enabled', 'false'), 'false', 'maintenance is off');
select is(pg_temp.request(r, 'b901'), 'let in', r || ' afterwards') from unnest(array['authenticated', 'service_role']) as r;
select is(pg_temp.set('maintenance.enabled', 'true'), 'true', 'maintenance is on again');
-- Last: a transaction that has become read-only stays so.
set local transaction read only;
select is(pg_temp.request('authenticated', 'b901'), 'let in', 'whoever only reads goes on');

select * from finish();
rollback;
