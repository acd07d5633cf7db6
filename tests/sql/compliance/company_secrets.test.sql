-- Secrets of third parties: who may store, list and read them, what is stored, master keys and dropped data keys.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(87);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- What is said in a role, or how it is refused; the role is given back.
create function pg_temp.says(p_role text, p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
  v_hint text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
          set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    v_answer := sqlstate || ' ' || case when length(v_hint) > 10 then v_detail else 'without hint: ' || sqlerrm end;
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
create function pg_temp.backend(p_sql text) returns text language sql as $$ select pg_temp.says('service_role', null, p_sql) $$;
create function pg_temp.stores(p_company text, p_name text, p_value text, p_key text default 'first-master-key-first-master-key', p_agent text default null) returns text language sql as $$
  select pg_temp.backend(format('select public.put_company_secret(%L, %L, %L, %L, %L)', pg_temp.id(p_company), p_name, p_value, pg_temp.id(p_agent), p_key))
$$;
create function pg_temp.reads(p_company text, p_name text, p_key text default 'first-master-key-first-master-key', p_agent text default null) returns text language sql as $$
  select pg_temp.backend(format('select public.read_company_secret(%L, %L, %L, %L)', pg_temp.id(p_company), p_name, pg_temp.id(p_agent), p_key))
$$;

delete from vault.secrets where name = 'lytbub_master_key';
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('6001'), 'secrets-a', 'x', 'a@b.example'), (pg_temp.id('6002'), 'secrets-b', 'x', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['6901', '6902', '6903', '6904', '6905']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('6001'), pg_temp.id('6901'), '6901@b.example', 'Client', 'client'),
  (pg_temp.id('6001'), pg_temp.id('6902'), '6902@b.example', 'Agent', 'agent'),
  (pg_temp.id('6001'), pg_temp.id('6903'), '6903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('6002'), pg_temp.id('6904'), '6904@b.example', 'Other', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('6905'), '6905@b.example', 'Operator', 'admin');
insert into public.ai_agents (company_id, id, name, provider, model) values
  (pg_temp.id('6001'), pg_temp.id('6a01'), 'One', 'openai', 'x'), (pg_temp.id('6001'), pg_temp.id('6a02'), 'Two', 'openai', 'x'),
  (pg_temp.id('6002'), pg_temp.id('6a03'), 'Other', 'openai', 'x');

-- Storing and reading ---------------------------------------------------------------------------------------------
select matches(pg_temp.stores('6001', 'openai', 'sk-plain-äöü-value'), '^[0-9a-f-]{36}$', 'the backend stores a secret');
select is(pg_temp.reads('6001', 'openai'), 'sk-plain-äöü-value', 'and reads it');
select is((select count(*)::integer from private.company_secrets as s where position(convert_to('sk-plain', 'UTF8') in s.ciphertext) > 0 or s.name like '%sk-plain%'), 0, 'it is not stored as it is');
select is((select count(*)::integer from public.audit_logs as l where l::text like '%sk-plain%'), 0, 'nor in the audit log');
select results_eq(
  $$ select l.action, l.changes, l.row_id, l.actor_role from public.audit_logs as l where l.company_id = pg_temp.id('6001') and l.table_name = 'company_secrets' order by l.id $$,
  $$ select a, '{"name": "openai", "agent_id": null}'::jsonb, s.id, 'service_role' from private.company_secrets as s, unnest(array['company_secrets.stored', 'company_secrets.read']) with ordinality as x (a, n) where s.company_id = pg_temp.id('6001') order by n $$,
  'which says who stored and who read it');
select is((select (stored.id = s.id)::text from (select pg_temp.stores('6001', 'openai', 'sk-second')::uuid as id) as stored, private.company_secrets as s where s.company_id = pg_temp.id('6001')), 'true', 'stored again it is the same row');
select is(pg_temp.reads('6001', 'openai'), 'sk-second', 'with the new value');
select is(pg_temp.reads('6001', 'anthropic'), 'PT404 unknown_secret', 'another name is none');
select is(pg_temp.reads('6002', 'openai'), 'PT404 unknown_secret', 'nor another company');
select is(pg_temp.reads('dead', 'openai'), 'PT404 unknown_secret', 'nor none');
select is(pg_temp.stores('dead', 'openai', 'x'), 'PT404 unknown_company', 'nothing is stored for no company');
select is(pg_temp.stores('6001', 'openai', v), '22023 invalid_secret', 'no secret of ' || coalesce(length(v)::text, 'null') || ' characters') from unnest(array[null, '', repeat('x', 65537)]) as v;
select matches(pg_temp.stores('6001', 'long', repeat('ä', 65536)), '-', 'a long secret is stored');
select is(pg_temp.reads('6001', 'long'), repeat('ä', 65536), 'and read');
select is(left(pg_temp.stores('6001', n, 'x'), 5), '23514', 'no name ' || left(n, 3)) from unnest(array[' ', repeat('x', 121)]) as n;

-- An agent's own ----------------------------------------------------------------------------------------------------
select is(pg_temp.reads('6001', 'openai', p_agent => '6a01'), 'sk-second', 'an agent without a secret of its own reads the company''s');
select matches(pg_temp.stores('6001', 'openai', 'sk-one', p_agent => '6a01'), '-', 'a secret of one agent');
select is(pg_temp.reads('6001', 'openai', p_agent => '6a01'), 'sk-one', 'is read for it');
select is(pg_temp.reads('6001', 'openai', p_agent => '6a02'), 'sk-second', 'not for another');
select is(pg_temp.reads('6001', 'openai'), 'sk-second', 'nor for the company');
select is(pg_temp.stores('6001', 'openai', 'x', p_agent => '6a03'), 'PT404 unknown_agent', 'another company''s agent is none');
select matches(pg_temp.stores('6001', 'own', 'sk-own', p_agent => '6a02'), '-', 'what only an agent has');
select is(pg_temp.reads('6001', 'own'), 'PT404 unknown_secret', 'the company has not');
delete from public.ai_agents where company_id = pg_temp.id('6001') and id = pg_temp.id('6a02');
select is((select count(*)::integer from private.company_secrets as s where s.name = 'own'), 0, 'an agent''s secrets go with it');

-- Members -----------------------------------------------------------------------------------------------------------
select is(pg_temp.says('authenticated', u, $$ select public.put_company_secret(pg_temp.id('6001'), 'x', 'x') $$), '42501 not_your_company', w || ' stores none')
  from (values ('6902', 'an agent'), ('6903', 'a compliance administrator'), ('6904', 'a member of another company')) as t (u, w);
select is(pg_temp.says('authenticated', '6901', $$ select public.put_company_secret(pg_temp.id('6002'), 'x', 'x') $$), '42501 not_your_company', 'a client stores none in another company');
select is(pg_temp.says('authenticated', '6901', $$ select public.put_company_secret(pg_temp.id('6001'), 'x', 'x', null, 'first-master-key-first-master-key') $$), '42501 backend_only', 'nor with a master key of theirs');
select is(pg_temp.says('authenticated', '6901', $$ select public.put_company_secret(pg_temp.id('6001'), 'x', 'x') $$), '22023 invalid_master_key', 'without Vault''s there is none');
select is(pg_temp.says(r, u, $$ select public.read_company_secret(pg_temp.id('6001'), 'openai') $$), '42501 without hint: permission denied for function read_company_secret', r || ' reads none')
  from (values ('authenticated', '6901'), ('platform_admin', '6905'), ('anon', null)) as t (r, u);
select is(pg_temp.says('authenticated', u, $$ select string_agg(l.name || coalesce('/' || right(l.agent_id::text, 4), '') || l.is_readable, ',') from public.list_company_secrets(pg_temp.id('6001')) as l $$), a, u || ' lists: ' || left(a, 12))
  from (values ('6901', 'longtrue,openaitrue,openai/6a01true'), ('6903', 'longtrue,openaitrue,openai/6a01true'), ('6902', '42501 not_your_company'), ('6904', '42501 not_your_company')) as t (u, a);
select is(pg_temp.says('platform_admin', '6905', $$ select count(*) from public.list_company_secrets(pg_temp.id('6001')) $$), '3', 'operators list');
select is(pg_temp.says('platform_admin', '6901', $$ select count(*) from public.list_company_secrets(pg_temp.id('6001')) $$), '42501 not_an_operator', 'not who is none any more');
select is(pg_temp.says('authenticated', '6904', $$ select count(*) from public.list_company_secrets(pg_temp.id('6002')) $$), '0', 'a company without secrets has none');
select is(pg_temp.says('authenticated', u, $$ select public.delete_company_secret(pg_temp.id('6001'), 'long') $$), '42501 not_your_company', u || ' removes none') from unnest(array['6902', '6903', '6904']) as u;
select is(pg_temp.says('authenticated', '6904', $$ select public.delete_company_secret(pg_temp.id('6002'), 'long') $$), 'false', 'nor by name');
select is(pg_temp.says('authenticated', '6901', $$ select public.delete_company_secret(pg_temp.id('6001'), 'openai', pg_temp.id('6a03')) $$), 'false', 'what there is not is not removed');
select is(pg_temp.says('authenticated', '6901', $$ select public.delete_company_secret(pg_temp.id('6001'), 'long') $$), 'true', 'a client removes one');
select is(pg_temp.says('authenticated', '6901', $$ select public.delete_company_secret(pg_temp.id('6001'), 'long') $$), 'false', 'once');
select is((select count(*)::integer from public.audit_logs as l where l.action = 'company_secrets.deleted' and l.actor_id = pg_temp.id('6901') and l.changes ->> 'name' = 'long'), 1, 'which is in the audit log');

-- What was changed by hand ------------------------------------------------------------------------------------------
savepoint intact;
update private.company_secrets set ciphertext = overlay(ciphertext placing '\x00'::bytea from length(ciphertext) - 3) where name = 'openai' and agent_id is null;
select is(pg_temp.reads('6001', 'openai'), 'XX001 secret_corrupt', 'a changed ciphertext is refused');
rollback to intact;
update private.company_secrets as s set ciphertext = o.ciphertext from private.company_secrets as o where s.agent_id is null and o.agent_id is not null;
select is(pg_temp.reads('6001', 'openai'), 'XX001 secret_corrupt', 'and one that was moved from another row');
rollback to intact;
select matches(pg_temp.stores('6002', 'openai', 'sk-other'), '-', 'another company''s secret');
update private.company_data_keys as d set wrapped_key = o.wrapped_key from private.company_data_keys as o where d.company_id = pg_temp.id('6001') and o.company_id = pg_temp.id('6002');
select is(pg_temp.reads('6001', 'openai'), 'XX001 secret_corrupt', 'its data key is no other company''s');
select is(pg_temp.reads('6002', 'openai'), 'sk-other', 'and reads its own');
rollback to intact;

-- Master keys ---------------------------------------------------------------------------------------------------------
select matches(pg_temp.stores('6002', 'openai', 'sk-other'), '-', 'two companies');
select isnt((select d.wrapped_key from private.company_data_keys as d where d.company_id = pg_temp.id('6001')), (select d.wrapped_key from private.company_data_keys as d where d.company_id = pg_temp.id('6002')), 'have two data keys');
select is(pg_temp.reads('6001', 'openai', k), '22023 invalid_master_key', 'no master key: ' || coalesce(k, 'null')) from unnest(array[null, '', 'short', 'first-master-key-first-master-key short']) as k;
select is(pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key'), '22023 wrong_master_key', 'another master key reads nothing');
select is(pg_temp.stores('6001', 'new', 'x', 'other-master-key-other-master-key'), '22023 wrong_master_key', 'and stores nothing');
create temp table before_rotation as select s.id, s.ciphertext from private.company_secrets as s;
select is(pg_temp.backend($$ select public.rotate_master_key('other-master-key-other-master-key') $$), '22023 wrong_master_key', 'a new master key alone wraps nothing');
select is(pg_temp.backend(format($$ select public.rotate_master_key('other-master-key-other-master-key first-master-key-first-master-key', %s) $$, n)), '22023 invalid_batch_size', 'no batch of ' || n) from unnest(array['0', '10001', 'null']) as n;
select is(pg_temp.backend($$ select public.rotate_master_key('other-master-key-other-master-key first-master-key-first-master-key', 1) $$), '(1,1)', 'with the old one, one after the other');
select is(array[pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key first-master-key-first-master-key'), pg_temp.reads('6002', 'openai', 'other-master-key-other-master-key first-master-key-first-master-key')], '{sk-second,sk-other}', 'meanwhile all can be read');
select is(pg_temp.backend($$ select public.rotate_master_key('other-master-key-other-master-key first-master-key-first-master-key') $$), '(1,0)', 'until none is left');
select is(pg_temp.backend($$ select public.rotate_master_key('other-master-key-other-master-key') $$), '(0,0)', 'again, nothing is left');
select is(array[pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key'), pg_temp.reads('6002', 'openai')], '{sk-second,22023 wrong_master_key}', 'then the new one reads, the old one does not');
select is_empty($$ select * from before_rotation except select s.id, s.ciphertext from private.company_secrets as s $$, 'no secret was encrypted anew');
select is((select count(*)::integer from public.audit_logs as l where l.action = 'company_data_keys.rewrapped'), 2, 'it is in both audit logs');

-- With Vault ----------------------------------------------------------------------------------------------------
savepoint intact;
select isnt(vault.create_secret('other-master-key-other-master-key', 'lytbub_master_key'), null, 'a master key in Vault');
select is(pg_temp.reads('6001', 'openai', null), 'sk-second', 'the master key is taken from Vault');
select matches(pg_temp.says('authenticated', '6901', $$ select public.put_company_secret(pg_temp.id('6001'), 'by a client', 'sk-client') $$), '^[0-9a-f-]{36}$', 'and a client stores secrets');
select is(pg_temp.reads('6001', 'by a client', null), 'sk-client', 'which the backend reads');
rollback to intact;

-- Dropping a data key -----------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', '6901', $$ select public.drop_company_data_key(pg_temp.id('6001')) $$), '42501 not_an_operator', 'a member drops no data key');
select is(pg_temp.says('platform_admin', '6905', $$ select public.drop_company_data_key(pg_temp.id('6001')) $$), '2', 'an operator does');
select is(pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key'), '22023 secret_unreadable', 'nothing can be read then');
select is(pg_temp.reads('6002', 'openai', 'other-master-key-other-master-key'), 'sk-other', 'other companies go on');
select is(pg_temp.says('platform_admin', '6905', $$ select public.drop_company_data_key(pg_temp.id('6001')) $$), '0', 'dropped again, nothing happens');
select matches(pg_temp.stores('6001', 'openai', 'sk-new', 'other-master-key-other-master-key'), '-', 'what is stored anew');
select is(array[pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key'), pg_temp.reads('6001', 'openai', 'other-master-key-other-master-key', '6a01')], '{sk-new,22023 secret_unreadable}', 'is read, and what was there before is not');
select is(pg_temp.says('authenticated', '6901', $$ select string_agg(l.is_readable::text, ',') from public.list_company_secrets(pg_temp.id('6001')) as l $$), 'true,false', 'as the list says');

select * from finish();
rollback;
