-- The audit log: what is recorded, by whom, from where; the chain, and that nothing can be done to it unseen; what
-- erasure and pruning leave; who may read, export and verify.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(222);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.refused(p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  execute p_sql;
  return fail(p_what || ': nothing was refused');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return is(array[sqlstate, v_detail, (length(v_hint) > 10)::text], array[p_code, p_token, 'true'], p_what);
end
$$;
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('e001'), 'audit-a', 'x', 'a@b.example'), (pg_temp.id('e002'), 'audit-b', 'x', 'a@b.example'), (pg_temp.id('e003'), 'audit-c', 'x', 'a@b.example');
insert into auth.users (id, email) values (pg_temp.id('e901'), 'e901@b.example'), (pg_temp.id('e902'), 'e902@b.example'),
  (pg_temp.id('e903'), 'e903@b.example'), (pg_temp.id('e904'), 'e904@b.example') on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client'),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'e903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'client');
-- As at the end of a transaction.
create function pg_temp.commit() returns void language plpgsql as $$
begin
  set constraints all immediate;
  set constraints all deferred;
end
$$;
create function pg_temp.entries(p_company text, p_action text default null) returns table (action text, actor text, role text, row_id text, changes jsonb) language sql security definer as $$
  select l.action, right(l.actor_id::text, 4), l.actor_role, right(l.row_id::text, 4), l.changes from public.audit_logs as l
   where l.company_id = pg_temp.id(p_company) and (p_action is null or l.action = p_action) order by l.id
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- What is recorded ----------------------------------------------------------------------------------------------------
select is((select array[action, actor, role, changes #>> '{name,new}'] from pg_temp.entries('e003')), array['companies.created', null, session_user::text, 'x'], 'a company that comes into being');
select set_config('request.headers', '{"x-forwarded-for": "203.0.113.7", "user-agent": "Test/1", "x-request-id": "r-1"}', true);
select pg_temp.be('e901');
set local role authenticated;
update public.users set job_title = 'x' where id = pg_temp.id('e903');
update public.users set job_title = 'x' where id = pg_temp.id('e903');
select public.assign_permission(pg_temp.id('e902'), 'services.read');
reset role;
select is((select jsonb_agg(to_jsonb(e) order by e.row_id desc) from pg_temp.entries('e001', 'users.updated') as e),
  '[{"action": "users.updated", "actor": "e901", "role": "client", "row_id": "e903", "changes": {"job_title": {"old": null, "new": "x"}}},
    {"action": "users.updated", "actor": "e901", "role": "client", "row_id": "e902", "changes": {"granted_permissions": {"old": [], "new": ["services.read"]}}}]', 'who changed what, from what to what; what changes nothing is not recorded');
select results_eq($$select ip_address, user_agent, request_id, created_by from public.audit_logs where company_id = pg_temp.id('e001') and action = 'users.updated'$$,
  $$values ('203.0.113.7'::inet, 'Test/1', 'r-1', pg_temp.id('e901')), ('203.0.113.7'::inet, 'Test/1', 'r-1', pg_temp.id('e901'))$$, 'from where, with what, in which request');
update public.users set role = 'client' where id = pg_temp.id('e903');
update public.users set role = 'compliance_admin' where id = pg_temp.id('e903');
select is((select array[role, actor, changes::text] from pg_temp.entries('e001', 'users.updated') where changes #>> '{role,new}' = 'compliance_admin'), array[session_user::text, 'e901', '{"role": {"new": "compliance_admin", "old": "client"}}'], 'a backend that acts for somebody is told from them');
select set_config('request.headers', jsonb_build_object('user-agent', repeat('x', 1000), 'x-request-id', repeat('y', 1000))::text, true), set_config('request.jwt.claims', '', true);
set local role service_role;
update public.users set granted_permissions = '{usage.write}' where id = pg_temp.id('e902');
delete from public.users where id = pg_temp.id('e902');
reset role;
select is((select jsonb_agg(jsonb_build_array(actor_role, action, changes -> 'granted_permissions', length(user_agent), length(request_id)) order by action desc) from public.audit_logs where company_id = pg_temp.id('e001') and row_id = pg_temp.id('e902') and actor_role = 'service_role'),
  '[["service_role", "users.updated", {"new": ["usage.write"], "old": ["services.read"]}, 400, 200], ["service_role", "users.deleted", {"old": ["usage.write"]}, 400, 200]]', 'permissions, removals, what the backend does; what a request says of itself is cut to size');
select set_config('request.headers', '', true);
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e001'), 'custom', 10);
update public.company_plans set monthly_limit_usd = 20 where company_id = pg_temp.id('e001');
insert into public.ai_agents (company_id, id, name, provider, model) select pg_temp.id('e001'), pg_temp.id('e10' || n), 'x' || n, 'openai', 'z' from generate_series(1, 3) as n;
update public.ai_agents set monthly_limit_micro_usd = 5 where company_id = pg_temp.id('e001');
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('e001'), 'x', 1);
insert into public.ip_allowlist_entries (company_id, network, label) values (pg_temp.id('e001'), '10.0.0.0/8', 'x');
insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('e001'), 'jobs', 30);
insert into public.compliance_requests (company_id, kind, regulation, subject_email) values (pg_temp.id('e001'), 'access', 'gdpr', 'a@b.example');
update public.company_config set default_agent_model = 'm' where company_id = pg_temp.id('e001');
insert into public.company_config (company_id, default_agent_model) values (pg_temp.id('e001'), 'm') on conflict do nothing;
insert into public.api_keys (company_id, id, name, prefix) values (pg_temp.id('e001'), pg_temp.id('e301'), 'k', 'abcdef');
update public.api_keys set last_used_at = now() where id = pg_temp.id('e301');
update public.api_keys set revoked_at = now() where id = pg_temp.id('e301');
select public.set_security_policy(pg_temp.id('e001'), '{"api_key_max_age_days": 90}');
select results_eq($$select action collate "C", count(*) from pg_temp.entries('e001') where action !~ '^(users|companies)\.' and action not like 'company_config.%' and action not like 'security_policies.%' group by 1 order by 1$$,
  $$values ('ai_agents.created' collate "C", 3::bigint), ('ai_agents.updated', 3), ('api_keys.created', 1), ('api_keys.updated', 1), ('company_plans.created', 1), ('company_plans.updated', 1), ('compliance_requests.created', 1), ('data_retention_policies.created', 1),
           ('ip_allowlist_entries.created', 1), ('service_limits.created', 1)$$, 'plans, limits, keys, networks, retention, requests: a row each; that a key was used is none');
select ok((select count(*) from pg_temp.entries('e001') where action like 'security_policies.%' and changes #>> '{api_key_max_age_days,new}' = '90') = 1, 'security settings, too');
select ok((select count(*) from pg_temp.entries('e001') where action like 'company_config.%' and changes ? 'default_agent_model') >= 1, 'and settings');
insert into public.system_config (key, value, description) values ('test.audited', '1', 'x');
update public.system_config set value = '2' where key = 'test.audited';
delete from public.system_config where key = 'test.audited';
select results_eq($$select action collate "C", changes #>> '{value,new}' collate "C" from public.audit_logs where company_id = (select id from public.companies where is_operator) and action like 'system_config.%' and 'test.audited' in (changes #>> '{key,new}', changes #>> '{key,old}') order by 1$$,
  $$values ('system_config.created' collate "C", '1' collate "C"), ('system_config.deleted', null), ('system_config.updated', '2')$$, 'what belongs to the platform is in the operator''s log');
insert into private.column_classes values ('public', 'ai_agents', 'name', 'secret', 'keep') on conflict (table_schema, table_name, column_name) do update set class = 'secret';
update public.ai_agents set name = 'hidden' where id = pg_temp.id('e101');
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('e001'), pg_temp.id('e104'), 'hidden, too', 'openai', 'z');
delete from public.ai_agents where id = pg_temp.id('e104');
select is((select jsonb_agg(changes -> 'name' order by (changes -> 'name')::text collate "C") from public.audit_logs where company_id = pg_temp.id('e001') and changes::text like '%[secret]%'),
  '[{"new": "[secret]", "old": "[secret]"}, {"new": "[secret]"}, {"old": "[secret]"}]', 'of a secret, only that it changed');
select results_eq($$select action collate "C", array(select k from jsonb_object_keys(changes) as k order by 1), changes -> 'model' from public.audit_logs where company_id = pg_temp.id('e001') and row_id = pg_temp.id('e104') order by 1$$,
  $$values ('ai_agents.created' collate "C", '{configuration,model,name,provider,status}'::text[], '{"new": "z"}'::jsonb), ('ai_agents.deleted', '{configuration,model,name,provider,status}', '{"old": "z"}')$$, 'what is empty, and who and when, is not repeated');
select is((select count(*) from public.audit_logs where company_id = pg_temp.id('e001') and changes::text like '%hidden%'), 0::bigint, 'and nothing of it');
-- An update of many rows is compared column by column, with the same outcome.
insert into public.ai_agents (company_id, id, name, provider, model, description) select pg_temp.id(c), pg_temp.id('7' || lpad(n::text, 3, '0')), 'many ' || n, 'openai', 'z', 'd' from generate_series(1, 50) as n, unnest('{e001,e002}'::text[]) as c;
create function pg_temp.change(p_first text, p_last text) returns void language sql as $$
  update public.ai_agents set name = name || '!', model = 'a', description = null, temperature = 0.5, configuration = '{"a": [1, null]}', monthly_limit_micro_usd = 7, status = 'archived'
   where company_id = pg_temp.id('e001') and id between pg_temp.id(p_first) and pg_temp.id(p_last)
$$;
create temp view many as
select right(l.row_id::text, 4) <= '7010' as is_few, l.* from public.audit_logs as l
 where l.company_id = pg_temp.id('e001') and l.action = 'ai_agents.updated' and l.row_id between pg_temp.id('7001') and pg_temp.id('7050');
select pg_temp.be('e901');
select pg_temp.change('7001', '7010'), pg_temp.change('7011', '7050');
select set_config('request.jwt.claims', '', true);
select is((select array_agg(distinct updated_by::text) from public.ai_agents where company_id = pg_temp.id('e001') and id between pg_temp.id('7001') and pg_temp.id('7050')), array[pg_temp.id('e901')::text], 'control: who changed it has changed');
select results_eq('select is_few, count(*), count(distinct row_id), count(distinct id), count(distinct salt), count(*) filter (where opens_link), min(changes::text)::jsonb, max(changes::text)::jsonb from many group by 1 order by 1',
  format($$select v.is_few, v.rows, v.rows, v.rows, v.rows, 1::bigint, c.changes, c.changes from (values (false, 40::bigint), (true, 10)) as v (is_few, rows), (select %L::jsonb as changes) as c$$,
    '{"name": {"old": "[secret]", "new": "[secret]"}, "model": {"old": "z", "new": "a"}, "status": {"old": "active", "new": "archived"}, "archived_at": {"old": null, "new": ' || to_jsonb(now())::text || '}, "description": {"old": "d", "new": null}, "temperature": {"old": null, "new": 0.50}, "configuration": {"old": {}, "new": {"a": [1, null]}}, "monthly_limit_micro_usd": {"old": null, "new": 7}}'),
  'few rows or many: each has an entry, with what changed in it; one of a statement asks for the link');
update public.ai_agents set model = model where company_id = pg_temp.id('e001') and id between pg_temp.id('7001') and pg_temp.id('7050');
select is((select count(*) from many), 50::bigint, 'many rows that do not change leave nothing');
select is((select count(*) from many where id::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$' or left(replace(id::text, '-', ''), 12) not between lpad(to_hex((extract(epoch from now()) * 1000)::bigint - 1), 12, '0') and lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint + 1), 12, '0')), 0::bigint, 'their ids begin with the time');
update public.ai_agents set model = 'b' where company_id in (pg_temp.id('e001'), pg_temp.id('e002')) and id between pg_temp.id('7001') and pg_temp.id('7050');
select results_eq($$select right(company_id::text, 4), count(*), count(distinct row_id), bool_or(opens_link) from public.audit_logs where changes -> 'model' ->> 'new' = 'b' and action = 'ai_agents.updated' group by 1 order by 1$$, $$values ('e001', 50::bigint, 50::bigint, true), ('e002', 50, 50, true)$$, 'of several companies at once: each its own log');
insert into public.system_config (key, value, description) values ('test.renamed', '1', 'x');
update public.system_config set key = 'test.new_name' where key = 'test.renamed';
select results_eq($$select changes -> 'key' from public.audit_logs where company_id = (select id from public.companies where is_operator) and action = 'system_config.updated' and changes -> 'key' <@ '{"old": "test.renamed", "new": "test.new_name"}' order by 1$$, $$values ('{"new": "test.new_name"}'::jsonb), ('{"old": "test.renamed"}')$$, 'a key that is another now: what was and what is');
update public.companies set name = 'y' where id in (pg_temp.id('e002'), pg_temp.id('e003'));
select results_eq($$select right(company_id::text, 4), right(row_id::text, 4), changes from public.audit_logs where action = 'companies.updated' and company_id in (pg_temp.id('e002'), pg_temp.id('e003')) order by 1$$, $$values ('e002', 'e002', '{"name": {"old": "x", "new": "y"}}'::jsonb), ('e003', 'e003', '{"name": {"old": "x", "new": "y"}}')$$, 'of companies, too');
-- Settings have no id and companies no company_id: many of them are not compared column by column.
insert into public.system_config (key, value, description) select 'app.many_' || n, '1', 'x' from generate_series(1, 25) as n;
update public.system_config set value = '2' where key like 'app.many\_%';
select results_eq($$select company_id, count(*), count(distinct changes -> 'key') from public.audit_logs where action = 'system_config.updated' and changes @> '{"value": {"old": 1, "new": 2}}' and changes #>> '{key,new}' ~ '^app\.many_' group by 1$$, $$select id, 25::bigint, 25::bigint from public.companies where is_operator$$, 'of many settings each has an entry, in the operator''s log');
insert into public.companies (id, name, slug, contact_email) select pg_temp.id('70' || lpad(n::text, 2, '0')), 'many', 'many-' || n, 'many@example.com' from generate_series(1, 25) as n;
update public.companies set name = 'renamed' where name = 'many';
select results_eq($$select count(*), count(distinct company_id), bool_and(row_id = company_id) from public.audit_logs where action = 'companies.updated' and changes @> '{"name": {"old": "many", "new": "renamed"}}'$$, $$values (25::bigint, 25::bigint, true)$$, 'and of many companies each its own');
update public.ai_agents set name = 'x' where false;
set local app.importing = 'on';
update public.ai_agents set model = 'imported' where company_id = pg_temp.id('e001');
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('e001'), pg_temp.id('e105'), 'x', 'openai', 'imported');
delete from public.ai_agents where company_id = pg_temp.id('e001') and id = pg_temp.id('e105');
set local app.importing = '';
select is((select count(*) from public.audit_logs where company_id = pg_temp.id('e001') and changes::text like '%imported%'), 0::bigint, 'an import is no event');
select is((select count(*) from pg_temp.entries('e003')), 2::bigint, 'nothing of this is in another company''s log');

-- The chain -----------------------------------------------------------------------------------------------------------
create function pg_temp.verify(p_company text default 'e001') returns table (is_intact boolean, links bigint, rows bigint, kinds text) language sql as $$
  select v.is_intact, v.head_link_no, v.row_count, (select string_agg(p ->> 'kind', ' ' order by p ->> 'kind') from jsonb_array_elements(v.problems) as p)
    from public.verify_audit_chain(pg_temp.id(p_company)) as v
$$;
create function pg_temp.kinds(p_company text default 'e001') returns text language sql as $$ select kinds from pg_temp.verify(p_company) $$;
select is((select is_intact from pg_temp.verify()), false, 'what is not linked yet');
select is((select distinct p ->> 'kind' from public.verify_audit_chain(pg_temp.id('e001')) as v, jsonb_array_elements(v.problems) as p), 'row_unlinked', 'is seen');
select pg_temp.commit();
select results_eq('select is_intact, links, rows from pg_temp.verify()', $$select true, 1::bigint, count(*) from public.audit_logs where company_id = pg_temp.id('e001')$$, 'when the transaction ends, one link covers all it wrote');
select ok((select is_intact and links = 1 from pg_temp.verify('e002')), 'each company has its own');
update public.ai_agents set model = 'later' where id = pg_temp.id('e102');
select pg_temp.commit();
select results_eq('select is_intact, links, rows from pg_temp.verify()', $$select true, 1::bigint, count(*) from public.audit_logs where company_id = pg_temp.id('e001')$$, 'who goes on in the same transaction is in the same link');
-- More links, as other transactions would write them.
create function pg_temp.later(p_ago interval, p_rows integer default 2, p_company text default 'e001') returns void language plpgsql as $$
declare
  v_at timestamptz := now() - p_ago;
begin
  insert into public.audit_logs (company_id, action, table_name, row_id, changes, ip_address, user_agent, request_id, actor_id, created_by, created_at, transaction_id)
  select pg_temp.id(p_company), 'test.made', 't', pg_temp.id('e90' || n), jsonb_build_object('email', jsonb_build_object('old', null, 'new', 'e901@b.example'), 'n', n), '203.0.113.9', 'Test/2', 'r-2', pg_temp.id('e901'), pg_temp.id('e901'), v_at, '77'
    from generate_series(1, p_rows) as n;
  set constraints private.link immediate;
  set constraints private.link deferred;
end
$$;
select pg_temp.later(make_interval(days => 40 - d)) from generate_series(1, 10) as d;
select results_eq('select is_intact, links from pg_temp.verify()', 'values (true, 11::bigint)', 'eleven links');
select results_eq($$select v.is_intact, v.first_link_no, v.last_link_no, v.head_link_no, v.row_count from public.verify_audit_chain(pg_temp.id('e001'), 4, 3) as v$$, 'values (true, 5::bigint, 7::bigint, 11::bigint, 6::bigint)', 'a page of them');
select results_eq($$select v.is_intact, v.first_link_no, v.last_link_no from public.verify_audit_chain(pg_temp.id('e001'), 11) as v$$, 'values (true, 11::bigint, 11::bigint)', 'nothing after the last');
select ok((select v.is_intact and v.head_link_no = 0 from public.verify_audit_chain(pg_temp.id('e0ff')) as v), 'no company, no chain');
select pg_temp.refused(format('select public.verify_audit_chain(pg_temp.id(''e001''), %s)', a), '22023', 'invalid_page', a || ' is no page')
  from unnest(array['-1', 'null', '0, 0', '0, null', '0, 100001', '0, 10, 1', '0, 10, null, ''x''']) as a;

-- What somebody with all rights does to it, each undone again.
create function pg_temp.tampered(p_sql text) returns text language plpgsql as $$
declare
  v_kinds text;
begin
  begin
    perform set_config('app.importing', 'on', true);
    execute p_sql;
    perform set_config('app.importing', '', true);
    v_kinds := coalesce(pg_temp.kinds(), 'nothing');
    raise exception 'undo' using errcode = 'LB999';
  exception when sqlstate 'LB999' then
    perform set_config('app.importing', '', true);
    return v_kinds;
  end;
end
$$;
create function pg_temp.third() returns timestamptz language sql stable as $$ select created_at from private.audit_links where company_id = pg_temp.id('e001') and link_no = 3 $$;
select is(pg_temp.tampered(format('update public.audit_logs set %s where company_id = pg_temp.id(''e001'') and created_at = pg_temp.third() and row_id = pg_temp.id(''e901'')', t.change)), t.kind, 'seen: ' || t.change)
  from (values ('action = ''test.other''', 'row_changed'), ('actor_id = pg_temp.id(''e902'')', 'row_changed'), ('actor_id = null', 'row_changed'), ('actor_role = ''client''', 'row_changed'),
    ('table_name = ''u''', 'row_changed'), ('row_id = null', 'row_changed'), ('changes = ''{}''', 'row_changed'), ('changes = changes || ''{"n": 7}''', 'row_changed'), ('changes = changes || ''{"m": null}''', 'row_changed'),
    ('ip_address = ''203.0.113.10''', 'row_changed'), ('user_agent = ''Other''', 'row_changed'), ('request_id = null', 'row_changed'), ('created_by = pg_temp.id(''e902'')', 'row_changed'),
    ('salt = gen_random_uuid()', 'row_changed'), ('salt = null', 'row_changed'), ('opens_link = not opens_link', 'row_changed'), ('commitments = ''{}''', 'row_changed'), ('commitments = ''{"x": {"c": "00"}}''', 'row_changed'), ('commitments = ''{"x": {"s": "00"}}''', 'row_changed'), ('commitments = ''{"x": 1}''', 'row_changed'), ('commitments = ''{"x": {"c": "zz"}}''', 'row_changed'),
    ('actor_id = null, commitments = ''{"actor_id": {"c": "0000000000000000000000000000000000000000000000000000000000000000"}}''', 'row_changed'),
    ('transaction_id = ''78''', 'row_missing row_unlinked'), ('created_at = created_at + interval ''1 microsecond''', 'row_missing row_unlinked'),
    ('company_id = pg_temp.id(''e002'')', 'row_missing'), ('id = gen_random_uuid()', 'row_changed')) as t (change, kind)
 where t.change !~ '^(company_id|id) ';
select is(pg_temp.tampered(t.sql), t.kind, 'seen: ' || t.what)
  from (values
    ('a row that is gone', 'delete from public.audit_logs where created_at = pg_temp.third() and row_id = pg_temp.id(''e901'')', 'row_missing'),
    ('all rows of a link', 'delete from public.audit_logs where created_at = pg_temp.third()', 'row_missing'),
    ('a row that was put in', 'insert into public.audit_logs (company_id, action, created_at, transaction_id) values (pg_temp.id(''e001''), ''test.more'', pg_temp.third(), ''77'')', 'row_added'),
    ('one that belongs to no transaction', 'insert into public.audit_logs (company_id, action) values (pg_temp.id(''e001''), ''test.more'')', 'row_added'),
    ('rows that changed places', 'update public.audit_logs as l set row_id = pg_temp.id(case l.row_id when pg_temp.id(''e901'') then ''e902'' else ''e901'' end), changes = l.changes where created_at = pg_temp.third()', 'row_changed'),
    ('a link that is gone', 'delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_missing row_unlinked row_unlinked'),
    ('a link and its rows', 'with r as (delete from public.audit_logs where created_at = pg_temp.third()) delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_missing'),
    ('the last link and its rows', 'with r as (delete from public.audit_logs as l using private.audit_links as k where k.company_id = pg_temp.id(''e001'') and k.link_no = 11 and l.created_at = k.created_at) delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 11', 'head_changed'),
    ('links that changed places', 'update private.audit_links set created_at = case link_no when 3 then created_at + interval ''1 day'' else created_at - interval ''1 day'' end where company_id = pg_temp.id(''e001'') and link_no in (3, 4) and false', 'nothing'),
    ('a count', 'update private.audit_links set row_count = 1 where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_changed'),
    ('a hash of rows', 'update private.audit_links set rows_hash = sha256('''') where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_changed'),
    ('a hash', 'update private.audit_links set hash = sha256('''') where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_changed link_changed'),
    ('a hash that fits', 'with k as (select * from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 3) update private.audit_links as x set rows_hash = sha256(''''), hash = private.audit_link_hash(k.previous_hash, 3, k.created_at, k.transaction_id, k.row_count, sha256('''')) from k where x.company_id = k.company_id and x.link_no = 3', 'link_changed row_changed'),
    ('what a link follows', 'update private.audit_links set previous_hash = sha256('''') where company_id = pg_temp.id(''e001'') and link_no = 3', 'link_changed'),
    ('the first, cut off', 'with r as (delete from public.audit_logs as l using private.audit_links as k where k.company_id = pg_temp.id(''e001'') and k.link_no = 1 and l.company_id = k.company_id and l.created_at = k.created_at) delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 1', 'link_missing'),
    ('the head', 'update private.audit_heads set hash = sha256('''') where company_id = pg_temp.id(''e001'')', 'head_changed'),
    ('its number', 'update private.audit_heads set link_no = 12 where company_id = pg_temp.id(''e001'')', 'head_changed'),
    ('no head at all', 'delete from private.audit_heads where company_id = pg_temp.id(''e001'')', 'head_changed'),
    ('a segment that never was', 'insert into private.audit_segments select company_id, 1, 2, 0, now(), now(), previous_hash, hash from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 2', 'link_changed segment_broken')
  ) as t (what, sql, kind) where t.kind <> 'nothing' and t.what not in ('a segment that never was', 'a link that is gone', 'the first, cut off');
select is(pg_temp.tampered('set local app.importing = ''''; insert into public.audit_logs (company_id, action, created_at, transaction_id) values (pg_temp.id(''e001''), ''test.more'', pg_temp.third(), ''77''); select pg_temp.commit()'), 'row_added', 'a row that claims to be of an earlier transaction does not change its link');
select matches(pg_temp.tampered('delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 3'), '^link_missing row_unlinked', 'seen: a link that is gone');
select matches(pg_temp.tampered('insert into private.audit_segments select company_id, 1, 2, 0, now(), now(), previous_hash, hash from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 2'), 'segment_broken', 'seen: a segment that never was');
select matches(pg_temp.tampered('delete from private.audit_links where company_id = pg_temp.id(''e001'') and link_no = 1'), 'link_missing', 'seen: the first link, cut off');
select ok((select is_intact from pg_temp.verify()), 'control: and undone, the chain is whole');
create temp table anchor as select head_link_no, head_hash from public.verify_audit_chain(pg_temp.id('e001'));
select pg_temp.later('1 day');
select ok((select v.is_intact from anchor as a, public.verify_audit_chain(pg_temp.id('e001'), 0, 1000, a.head_link_no, a.head_hash) as v), 'what was the head is still there');
select is((select v.problems from anchor as a, public.verify_audit_chain(pg_temp.id('e001'), 0, 1000, a.head_link_no, repeat('0', 64)) as v), '[{"kind": "not_as_expected", "link_no": 11}]', 'and a chain that is another is seen');
select is((select v.problems from anchor as a, public.verify_audit_chain(pg_temp.id('e001'), 0, 1000, 99, a.head_hash) as v), '[{"kind": "not_as_expected", "link_no": 99}]', 'also one that is shorter');

-- Erasure -------------------------------------------------------------------------------------------------------------
create temp table target as select company_id, created_at, id from public.audit_logs where company_id = pg_temp.id('e001') and created_at = pg_temp.third() and row_id = pg_temp.id('e901');
select ok((select private.erase_audit_fields(company_id, created_at, id, '{changes.email,ip_address,nothing}') from target), 'fields are erased');
select results_eq('select l.ip_address, l.changes, l.user_agent, l.salt from target as t join public.audit_logs as l using (company_id, created_at, id)', $$values (null::inet, '{"n": 1}'::jsonb, 'Test/2', null::uuid)$$, 'the others stay');
select ok((select is_intact from pg_temp.verify()), 'and the chain still verifies');
select is((select v.erased_row_count from public.verify_audit_chain(pg_temp.id('e001')) as v), 1::bigint, 'which says how many were erased from');
select is(pg_temp.tampered('update public.audit_logs as l set ' || c || ' from target as t where (l.company_id, l.created_at, l.id) = (t.company_id, t.created_at, t.id)'), 'row_changed', 'seen in what is left: ' || c)
  from unnest(array['user_agent = ''Other''', 'changes = ''{"n": 2}''', 'changes = l.changes || ''{"email": 1}''', 'ip_address = ''203.0.113.9''', 'salt = gen_random_uuid()', 'commitments = commitments - ''ip_address''', 'commitments = commitments || ''{"x": {"s": "1111111111111111111111111111111111111111111111111111111111111111"}}''',
    'commitments = jsonb_set(commitments, ''{ip_address,z}'', ''1'')', 'commitments = jsonb_set(commitments, ''{user_agent,z}'', ''1'')', 'commitments = jsonb_set(commitments, ''{user_agent,s}'', ''"zz"'')',
    'commitments = jsonb_set(commitments, ''{ip_address,c}'', to_jsonb(upper(commitments #>> ''{ip_address,c}'')))', 'commitments = jsonb_set(commitments, ''{user_agent,s}'', to_jsonb(upper(commitments #>> ''{user_agent,s}'')))',
    'commitments = commitments || ''{"xxxxxxxxn": {"s": "1111111111111111111111111111111111111111111111111111111111111111"}}''', 'commitments = commitments || ''{"changes.gone": {"s": "1111111111111111111111111111111111111111111111111111111111111111"}}''',
    'commitments = jsonb_set(commitments, ''{ip_address,c}'', ''"1111111111111111111111111111111111111111111111111111111111111111"'')', 'commitments = jsonb_set(commitments, ''{user_agent,s}'', ''"1111111111111111111111111111111111111111111111111111111111111111"'')', 'commitments = null']) as c;
select ok((select not private.erase_audit_fields(company_id, created_at, id, '{ip_address}') from target), 'what is erased cannot be erased again');
select ok((select private.erase_audit_fields(company_id, created_at, id, '{actor_id,row_id,user_agent,request_id,created_by}') from target), 'but more of it');
select ok((select is_intact from pg_temp.verify()), 'whole again');
select results_eq('select l.actor_id, l.created_by, l.row_id, l.user_agent, l.request_id, l.changes from target as t join public.audit_logs as l using (company_id, created_at, id)', $$values (null::uuid, null::uuid, null::uuid, null::text, null::text, '{"n": 1}'::jsonb)$$, 'all of what was named');
select is((select count(*) from public.audit_logs where company_id = pg_temp.id('e001') and action = 'test.made' and created_by = pg_temp.id('e901')), 21::bigint, 'of this row alone');
select ok(not private.erase_audit_fields(pg_temp.id('e002'), pg_temp.third(), (select id from target), '{changes.n}'), 'under another company it is not found');

-- Pruning -------------------------------------------------------------------------------------------------------------
select is(private.prune_audit_chain(pg_temp.id('e001'), now() - interval '10 years', 100), 0::bigint, 'nothing is that old');
-- The first link was made now: what comes after it stays, however old it looks.
select is(private.prune_audit_chain(pg_temp.id('e001'), now() - interval '1 day', 100), 0::bigint, 'only from the front');
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('e004'), 'audit-d', 'x', 'a@b.example');
set local app.importing = 'on';
delete from public.audit_logs where company_id = pg_temp.id('e004');
set local app.importing = '';
select pg_temp.later(make_interval(days => 40 - d), 2, 'e004') from generate_series(1, 10) as d;
select ok((select is_intact and links = 10 from pg_temp.verify('e004')), 'control: ten links of ten days');
select is(private.prune_audit_chain(pg_temp.id('e004'), now() - interval '36 days' - interval '1 hour', 2), 4::bigint, 'the first links go, so many at a time');
select is(private.prune_audit_chain(pg_temp.id('e004'), now() - interval '36 days' - interval '1 hour', 100), 2::bigint, 'until one is young enough');
select is(private.prune_audit_chain(pg_temp.id('e004'), now() - interval '36 days' - interval '1 hour', 100), 0::bigint, 'then none');
select pg_temp.commit();
select results_eq($$select v.is_intact, v.first_link_no, v.head_link_no, v.row_count, v.pruned_row_count from public.verify_audit_chain(pg_temp.id('e004')) as v$$, 'values (true, 4::bigint, 11::bigint, 29::bigint, 6::bigint)', 'what is left verifies, and what went is told');
select is((select count(*) from pg_temp.entries('e004', 'audit.pruned')), 2::bigint, 'in the log itself, too');
select results_eq('select is_intact, rows from pg_temp.verify()', $$select true, count(*) from public.audit_logs where company_id = pg_temp.id('e001')$$, 'another company that wrote at the same times keeps everything');
create function pg_temp.pruned(p_sql text) returns boolean language plpgsql as $$
declare
  v_kinds text;
begin
  execute p_sql;
  v_kinds := pg_temp.kinds('e004');
  raise exception 'undo' using errcode = 'LB999';
exception when sqlstate 'LB999' then
  return v_kinds is not null;
end
$$;
select ok(pg_temp.pruned('update private.audit_segments set ' || c || ' where company_id = pg_temp.id(''e004'') and last_link_no = 3'), 'seen in a segment: ' || c)
  from unnest(array['hash = sha256('''')', 'previous_hash = sha256('''')', 'last_link_no = 4', 'first_link_no = 2']) as c;
select ok(pg_temp.pruned('delete from private.audit_segments where company_id = pg_temp.id(''e004'') and last_link_no = 3'), 'seen: a segment that is gone');
select ok(not pg_temp.pruned('select 1'), 'control: nothing is wrong');

-- Who may -------------------------------------------------------------------------------------------------------------
create function pg_temp.everything(p_company text) returns setof text language sql as $$
  select format(c, p_company) from unnest(array[
    $q$select * from public.search_audit_log(pg_temp.id('%1$s'))$q$,
    $q$select * from public.export_audit_log(pg_temp.id('%1$s'))$q$,
    $q$select * from public.verify_audit_chain(pg_temp.id('%1$s'))$q$]) as c
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
select pg_temp.be('e901');
set local role authenticated;
select lives_ok(c, 'a client may: ' || c) from pg_temp.everything('e001') as c;
select pg_temp.refused(c, '42501', 'not_your_company', 'but not for another company') from pg_temp.everything('e002') as c;
reset role;
select pg_temp.be('e903');
set local role authenticated;
select lives_ok(c, 'so may a compliance administrator') from pg_temp.everything('e001') as c;
select pg_temp.refused(c, '42501', 'not_your_company', 'of this company') from pg_temp.everything('e002') as c;
reset role;
update public.users set role = 'agent' where id = pg_temp.id('e903');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'an agent may not') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('e904');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'nor does another company reach in') from pg_temp.everything('e001') as c;
reset role;
set local role anon;
select throws_ok(c, '42501', null, 'nor a visitor') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('a000', '{"role": "platform_admin"}');
set local role platform_admin;
select lives_ok(c, 'operators may, for any') from pg_temp.everything('e002') as c;
reset role;
select pg_temp.be('e901', '{"role": "platform_admin"}');
set local role platform_admin;
select pg_temp.refused(c, '42501', 'not_an_operator', 'who is none any more may not') from pg_temp.everything('e001') as c;
reset role;
select set_config('request.jwt.claims', '', true);
set local role service_role;
select lives_ok(c, 'the backend may') from pg_temp.everything('e002') as c;
reset role;
select throws_ok(format('set local role %s; select private.%s', r, f), '42501', null, r || ' does not ' || f)
  from unnest(array['authenticated', 'service_role', 'platform_admin']) as r, unnest(array['prune_audit_chain(null, null, 1)', 'erase_audit_fields(null, null, null, null)', 'audit_rows_hash(null, null, null)', 'audit_update_query(null, null)', 'write_audit(null, null, null, null, null)']) as f;
reset role;

-- Searching and exporting ---------------------------------------------------------------------------------------------
create function pg_temp.found(p_more text) returns bigint language plpgsql as $$
declare
  v_count bigint;
begin
  execute 'select count(*) from public.search_audit_log(pg_temp.id(''e004''), ' || p_more || ')' into v_count;
  return v_count;
end
$$;
select is(pg_temp.found(t.filter), t.found, 'searched by ' || t.filter)
  from (values ('max_rows => 1000', 17::bigint), ('max_rows => 3', 3), ('action => ''test.made''', 14), ('action => ''test''', 14), ('action => ''tes''', 0), ('action => ''audit''', 3), ('actor_id => pg_temp.id(''e901'')', 14), ('actor_id => pg_temp.id(''e902'')', 0),
    ('table_name => ''t''', 14), ('row_id => pg_temp.id(''e902'')', 7), ('changed_column => ''email''', 14), ('changed_column => ''emai''', 0), ('request_id => ''r-2''', 14), ('request_id => ''r''', 0),
    ('starts_at => now() - interval ''32 days''', 3 + 2 * 3), ('ends_at => now() - interval ''32 days''', 8), ('starts_at => now() - interval ''32 days'', ends_at => now() - interval ''31 days''', 2)) as t (filter, found)
 where t.filter not like 'max_rows => 1000' and t.filter not like '%audit%' and t.filter not like 'starts_at => now() - interval ''32 days''';
create temp table pages as
with recursive p as (
  select 1 as page, s.* from (select * from public.search_audit_log(pg_temp.id('e004'), action => 'test', max_rows => 5)) as s
)
select * from p;
insert into pages select 2, s.* from (select created_at, id from pages order by created_at, id limit 1) as l, public.search_audit_log(pg_temp.id('e004'), action => 'test', max_rows => 5, before_at => l.created_at, before_id => l.id) as s;
insert into pages select 3, s.* from (select created_at, id from pages where page = 2 order by created_at, id limit 1) as l, public.search_audit_log(pg_temp.id('e004'), action => 'test', max_rows => 5, before_at => l.created_at, before_id => l.id) as s;
select results_eq('select page, count(*), count(distinct id) from pages group by 1 order by 1', 'values (1, 5::bigint, 5::bigint), (2, 5, 5), (3, 4, 4)', 'pages follow each other');
select is((select count(distinct id) from pages), 14::bigint, 'without a gap or a repetition');
select is((select erased_fields from public.search_audit_log(pg_temp.id('e001'), max_rows => 1000) as s join target as t on t.id = s.id), '{actor_id,changes.email,created_by,ip_address,request_id,row_id,user_agent}', 'an entry says what was erased from it');
select pg_temp.refused(format('select * from public.search_audit_log(pg_temp.id(''e001''), %s)', a), '22023', 'invalid_page', a || ' is no page')
  from unnest(array['max_rows => 0', 'max_rows => 1001', 'max_rows => null', 'before_at => now()', 'before_id => gen_random_uuid()']) as a;
select pg_temp.refused(format('select * from public.export_audit_log(pg_temp.id(''e001''), %s)', a), '22023', 'invalid_page', a || ' is no export')
  from unnest(array['max_rows => 0', 'max_rows => 10001', 'max_rows => null', 'format => ''xml''', 'format => null', 'after_at => now()', 'after_id => gen_random_uuid()']) as a;
create temp table exported as select * from public.export_audit_log(pg_temp.id('e004'), ends_at => now(), format => 'json', max_rows => 10);
insert into exported select x.* from exported as e, public.export_audit_log(pg_temp.id('e004'), ends_at => now(), after_at => e.last_at, after_id => e.last_id, max_rows => 10) as x;
select results_eq('select row_count from exported order by last_at', 'values (10), (4)', 'an export in pages');
select is((select count(distinct r ->> 'id') from exported as e, jsonb_array_elements(e.content::jsonb) as r), 14::bigint, 'has everything');
select is((select array[row_count, array_length(string_to_array(content, E'\r\n'), 1)] from public.export_audit_log(pg_temp.id('e004'), ends_at => now(), format => 'csv')), '{14,16}', 'as CSV with a header, a line an entry');
select is((select row(content, row_count, last_at)::text from public.export_audit_log(pg_temp.id('e004'), ends_at => '2000-01-01')), '([],0,)', 'an empty one is empty');
select is((select count(*) from pg_temp.entries('e004', 'audit.exported') where changes ->> 'row_count' = '14' and changes ->> 'format' = 'csv'), 1::bigint, 'each is recorded: how, from when to when, how much');
select is(private.csv_field(v), w, 'CSV: ' || coalesce(v, 'null')) from (values ('a', '"a"'), ('a"b', '"a""b"'), (null, ''), ('=1', '"''=1"'), ('+1', '"''+1"'), ('-1', '"''-1"'), ('@x', '"''@x"'), (E'\tx', E'"''\tx"'), (E'\rx', E'"''\rx"'), ('a=b', '"a=b"'), ('', '""')) as t (v, w);

-- The triggers are where they should be -----------------------------------------------------------------------------
create temp view missing as
select format('%s %s', t.name, e.event) as name
  from unnest('{ai_agents,api_keys,companies,company_config,company_plans,compliance_requests,data_retention_policies,invitations,ip_allowlist_entries,security_policies,service_limits,system_config,users}'::text[]) as t (name)
 cross join (values ('insert', 'REFERENCING NEW TABLE AS new_rows'), ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'), ('delete', 'REFERENCING OLD TABLE AS old_rows')) as e (event, tables)
 where not exists (
   select from pg_trigger as g
    where g.tgrelid = format('public.%I', t.name)::regclass and g.tgenabled = 'O'
      and pg_get_triggerdef(g.oid) = format('CREATE TRIGGER audit_%s AFTER %s ON public.%s %s FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit(%L)', e.event, upper(e.event), t.name, e.tables, t.name));
select is_empty('select * from missing', 'every change of what is sensitive is recorded');
alter table public.users disable trigger audit_delete;
drop trigger audit_update on public.api_keys;
select set_eq('select name from missing', '{users delete,api_keys update}'::text[], 'control: it notices');

-- Every column has a class ----------------------------------------------------------------------------------------------
select is_empty('select * from private.column_class_problems()', 'every column is classified, and every class has its column');
create table public.planted_unclassified (company_id uuid, gone text, secret text);
alter table public.planted_unclassified drop column gone;
delete from private.column_classes where table_name = 'services' and column_name = 'code';
insert into private.column_classes values ('public', 'services', 'gone', 'personal', 'scrub');
select results_eq('select table_name, column_name, problem from private.column_class_problems()', $$values ('planted_unclassified', 'company_id', 'unclassified'), ('planted_unclassified', 'secret', 'unclassified'), ('services', 'code', 'unclassified'), ('services', 'gone', 'unknown column')$$, 'control: it notices');
select * from finish();
rollback;
