-- A company that moves: everybody goes on reading, nobody writes, others notice nothing, and jobs pass it over.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
select plan(91);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.says(p_role text, p_user text, p_sql text, p_headers text default '') returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
          set_config('request.headers', p_headers, true), set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    v_answer := sqlstate || ' ' || split_part(v_detail, ' ', 1);
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
  return v_answer;
end
$$;

-- One moves, one stays. The one that moves has everything that jobs look for.
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('8101'), 'moving-a', 'x', 'a@b.example'), (pg_temp.id('8102'), 'staying-b', 'x', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['8911', '8912', '8913']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('8101'), pg_temp.id('8911'), '8911@b.example', 'Client', 'client'),
  (pg_temp.id('8102'), pg_temp.id('8912'), '8912@b.example', 'Other', 'client'),
  (pg_temp.id('8101'), pg_temp.id('8913'), '8913@b.example', 'In both', 'client'),
  (pg_temp.id('8102'), pg_temp.id('8913'), '8913@b.example', 'In both', 'client');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd)
select c, 'starter', 100 from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c
 where not exists (select from public.company_plans as p where p.company_id = c);
insert into public.services (company_id, id, code, name, category, billing_unit, unit_price)
select c, pg_temp.id('8201'), 'A', 'x', 'content', 'item', 1 from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.outbox_events (company_id, id, topic, created_at, available_at)
select c, pg_temp.id('8301'), 'test.moves', now() - interval '1 year', now() - interval '1 year'
  from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.outbox_events (company_id, id, topic, status, attempts, finished_at, available_at)
select c, pg_temp.id('8302'), 'test.moves', 'delivered', 1, now() - interval '40 days', now() from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.outbox_events (company_id, id, topic, attempts, available_at)
select c, pg_temp.id('8303'), 'test.moves', 12, now() - interval '1 day' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at, created_at)
select c, 'k', gen_random_uuid(), now(), now() - interval '40 days' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.budget_reservations (company_id, id, amount_micro_usd, held_in, expires_at, created_at)
select c, pg_temp.id('8401'), 1, '{}', now() - interval '40 days', now() - interval '40 days' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into public.data_retention_policies (company_id, data_class, retention_days, action)
select c, 'agent_logs', 1, 'delete' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c
on conflict (company_id, data_class) do update set retention_days = 1, action = 'delete';
insert into public.ai_agents (company_id, id, name, provider, model)
select c, pg_temp.id('8501'), 'x', 'openai', 'x' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into public.agent_logs (company_id, agent_id, event, created_at)
select c, pg_temp.id('8501'), 'test.made', now() - interval '10 days' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
set local app.importing = 'on';
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, status, received_at, due_at)
select c, pg_temp.id('8601'), 'access', 'gdpr', 'a@b.example', 'received', now() - interval '40 days', now() - interval '9 days'
  from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
update public.companies set created_at = now() - interval '500 days' where id in (pg_temp.id('8101'), pg_temp.id('8102'));
insert into private.subject_bundle_files (company_id, request_id, file_name, row_count, content, sha256, created_at)
select c, pg_temp.id('8601'), 'a.json', 0, '', repeat('0', 64), now() - interval '40 days' from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
-- A month that has ended, busy.
insert into public.budget_periods (company_id, id, month, scope, starts_at, ends_at, limit_micro_usd, stripe_count)
select c, pg_temp.id('8701'), date_trunc('month', now() - interval '3 months')::date, 'company',
       date_trunc('month', now() - interval '3 months'), date_trunc('month', now() - interval '2 months'), 1000000, 64
  from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.budget_stripes (company_id, budget_period_id, stripe, spent)
select c, pg_temp.id('8701'), 0, 1 from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
set local app.importing = '';
-- A month of logs that nobody keeps, with rows of the one that moves.
select private.create_month_partition('agent_logs', '2020-01-01');
insert into public.agent_logs (company_id, agent_id, event, created_at)
values (pg_temp.id('8101'), pg_temp.id('8501'), 'test.old', '2020-01-15');
select public.put_company_secret(c, 'a', 'b', null, repeat('k', 40)) from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;

-- Payments that are overdue, at Stripe.
update public.companies set stripe_customer_id = 'cus_' || right(replace(id::text, '-', ''), 8) where id in (pg_temp.id('8101'), pg_temp.id('8102'));
insert into public.billing_accounts (company_id, payment_status, payment_stage, past_due_since, grace_ends_at, suspends_at)
select c, 'past_due', 'grace', now() - interval '10 days', now() - interval '3 days', now() + interval '20 days'
  from unnest(array[pg_temp.id('8101'), pg_temp.id('8102')]) as c;
insert into private.stripe_usage_reports (company_id, month, position, stripe_customer_id, value_cents, used_at)
select p.company_id, p.month, 1, 'cus_x', 5, now() from public.budget_periods as p where p.id = pg_temp.id('8701');
insert into public.system_config (key, value, description) values ('stripe.usage_meter', '{"event_name": "usage", "meter_id": "mtr_1"}', 'x')
on conflict (key) do update set value = excluded.value;
-- Two that are closed, whose time is over, and two of which it is nearly so; of each, one moves.
insert into public.companies (id, slug, name, contact_email, status)
select pg_temp.id(i), 'closed-' || i, 'x', 'a@b.example', 'closed' from unnest(array['8103', '8104', '8105', '8106']) as i;
insert into private.company_lifecycles (company_id, grace_days, grace_ends_at)
select pg_temp.id(i), 30, now() + case when i < '8105' then interval '-1 day' else interval '3 days' end
  from unnest(array['8103', '8104', '8105', '8106']) as i
on conflict (company_id) do update set grace_days = excluded.grace_days, grace_ends_at = excluded.grace_ends_at;

-- The status: read, not written ------------------------------------------------------------------------------------
update public.companies set status = 'moving' where id = pg_temp.id('8101');
select is(pg_temp.says('authenticated', '8911', $$ select slug from public.companies $$), 'moving-a', 'members of a company that moves read it');
select is(pg_temp.says('authenticated', '8911', $$ select company_status || ' ' || is_active from public.my_companies() $$), 'moving true', 'and are told that it moves');
select is(pg_temp.says('authenticated', '8911', $$ select count(*) from public.services $$), '1', 'they read its rows');
select is(pg_temp.says('authenticated', '8913', $$ select public.switch_company(pg_temp.id('8101')) $$), pg_temp.id('8101')::text, 'who is in two companies may switch to it');
update public.companies set status = 'suspended' where id = pg_temp.id('8101');
select is(pg_temp.says('authenticated', '8911', $$ select slug from public.companies $$), null, 'of a suspended company they read nothing');
select is(pg_temp.says('authenticated', '8911', $$ select public.switch_company(pg_temp.id('8101')) $$), '42501 not_a_member', 'and do not switch to it');
select throws_ok($$ update public.companies set status = 'gone' where slug = 'moving-a' $$, '23514', null, 'other states there are not');
update public.companies set status = 'moving' where id = pg_temp.id('8101');

-- Usage of a company whose status says moving, and that is not frozen yet, is taken as ever.
select is(pg_temp.says('service_role', null, $$ select allowed from public.check_budget_before_usage(pg_temp.id('8101'), null, 0.01) $$), 'true', 'it may spend until its tables are frozen');

-- API keys
create temp table key as select * from private.issue_api_key(pg_temp.id('8101'), 'x', '{services.read}', null, '{}', null, null);
select is(pg_temp.says('service_role', null, format($$ select reason from public.verify_api_key(%L, 'services.read') $$, (select api_key from key))), 'valid', 'keys open a company that moves');
select is((select last_used_at from public.api_keys where company_id = pg_temp.id('8101')), null, 'and nothing is written about it');
update public.companies set status = 'active' where id = pg_temp.id('8101');
select is(pg_temp.says('service_role', null, format($$ select reason from public.verify_api_key(%L, 'services.read') $$, (select api_key from key))), 'valid', 'as they open an active one');
select isnt((select last_used_at from public.api_keys where company_id = pg_temp.id('8101')), null, 'of which it is written down');
update public.companies set status = 'suspended' where id = pg_temp.id('8101');
select is(pg_temp.says('service_role', null, format($$ select reason from public.verify_api_key(%L, 'services.read') $$, (select api_key from key))), 'company_not_active', 'but not a suspended one');
update public.companies set status = 'moving' where id = pg_temp.id('8101');

-- Frozen -------------------------------------------------------------------------------------------------------------
select is(private.frozen_companies(), '{}', 'nobody is frozen');
insert into private.company_moves (company_id, id, direction, state, peer, token, company_status)
values (pg_temp.id('8101'), pg_temp.id('8801'), 'out', 'copying', 'x', pg_temp.id('8802'), 'active'),
       (pg_temp.id('8103'), pg_temp.id('8801'), 'out', 'copying', 'x', pg_temp.id('8802'), 'closed'),
       (pg_temp.id('8105'), pg_temp.id('8801'), 'out', 'copying', 'x', pg_temp.id('8802'), 'closed');
select is(private.frozen_companies(), '{}', 'while it is copied everybody writes');
update private.company_moves set state = 'freezing' where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'then it is frozen');
create temp table frozen as
select c.oid::regclass as t
  from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
   and (c.oid = 'public.companies'::regclass or exists (
     select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped))
   and c.oid not in ('private.company_moves'::regclass, 'private.rate_limit_buckets'::regclass, 'private.usage_daily'::regclass, 'private.usage_deltas'::regclass);
select is(private.freeze_company_table(pg_temp.id('8101'), 'public.services', pg_temp.id('8802')), true, 'a table is frozen');
select is(private.freeze_company_table(pg_temp.id('8101'), 'public.services', pg_temp.id('8802')), false, 'once');
drop trigger refuse_moving_00000000000040008000000000008101_change on public.services;
select is(private.freeze_company_table(pg_temp.id('8101'), 'public.services', pg_temp.id('8802')), true, 'half of it is made whole');
select is(count(*) filter (where private.freeze_company_table(pg_temp.id('8101'), t, pg_temp.id('8802'))), (select count(*) - 1 from frozen), 'and so are all others')
  from frozen;

select is(pg_temp.says('authenticated', '8911', $$ select count(*) from public.services $$), '1', 'members go on reading');
select is(pg_temp.says(r, u, $$ insert into public.services (company_id, code, name, category, billing_unit, unit_price) values (pg_temp.id('8101'), 'B', 'x', 'content', 'item', 1) $$),
          'PT503 company_moving', 'no insert by ' || r)
  from (values ('authenticated', '8911'), ('service_role', null), ('postgres', null)) as t (r, u);
select is(pg_temp.says(r, u, $$ update public.services set name = 'y' where company_id = pg_temp.id('8101') returning name $$), 'PT503 company_moving', 'no update by ' || r)
  from (values ('authenticated', '8911'), ('service_role', null), ('postgres', null)) as t (r, u);
select is(pg_temp.says(r, u, $$ delete from public.services where company_id = pg_temp.id('8101') $$), 'PT503 company_moving', 'no delete by ' || r)
  from (values ('authenticated', '8911'), ('service_role', null), ('postgres', null)) as t (r, u);
select is(pg_temp.says('postgres', null, $$ update public.companies set name = 'y' where id = pg_temp.id('8101') $$), 'PT503 company_moving', 'the company itself does not change');
select is(pg_temp.says('postgres', null, $$ delete from public.companies where id = pg_temp.id('8101') $$), 'PT503 company_moving', 'nor does it go');
select is(pg_temp.says('postgres', null, $$ delete from auth.users where id = pg_temp.id('8911') $$), 'PT503 company_moving', 'nor do its members');
select is(pg_temp.says('authenticated', '8913', $$ select public.switch_company(pg_temp.id('8101')) $$), 'PT503 company_moving', 'nobody notes that they switch to it');
select is(pg_temp.says('service_role', null, $$ select log_api_usage_and_update_budget(pg_temp.id('8101'), 'chat', null, 'x', 0.01) $$), 'PT503 company_moving', 'definer functions are refused, too');
select is(pg_temp.says('service_role', null, $$ select allowed from public.check_budget_before_usage(pg_temp.id('8101'), null, 0.01) $$), 'PT503 company_moving', 'no budget is held');
select is(pg_temp.says('service_role', null, $$ select public.put_company_secret(pg_temp.id('8101'), 'a', 'b', null, repeat('k', 40)) $$), 'PT503 company_moving', 'no secret is stored');
select is(pg_temp.says('service_role', null, format($$ select reason from public.verify_api_key(%L, 'services.read') $$, (select api_key from key))), 'valid', 'keys still open it');
select is(pg_temp.says('service_role', null, $$ select count(*) from public.run_data_retention(pg_temp.id('8101')) $$), 'PT503 company_moving', 'retention that is asked for is refused');

-- Others
select is(pg_temp.says('authenticated', '8912', $$ update public.services set name = 'y' where code = 'A' returning name $$), 'y', 'another company writes');
select is(pg_temp.says('authenticated', '8912', $$ insert into public.services (company_id, code, name, category, billing_unit, unit_price) values (pg_temp.id('8102'), 'B', 'x', 'content', 'item', 1) returning code $$), 'B', 'and adds');

-- Who says the token passes, who sets app.importing does not
set local app.importing = 'on';
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'PT503 company_moving', 'an import does not pass');
select set_config('app.importing', private.import_token(), true);
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'PT503 company_moving', 'nor do functions of the package');
set local app.importing = '';
set local app.move_token = '00000000-0000-4000-8000-000000008803';
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'PT503 company_moving', 'another token does not pass');
set local app.move_token = '00000000-0000-4000-8000-000000008802';
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'z', 'the move passes');
set local app.move_token = '';
-- Rows go from one partition to another, which is no change of them.
set local app.repartitioning = 'on';
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'PT503 company_moving', 'partitioning alone does not pass');
set local app.importing = 'on';
select is(pg_temp.says('postgres', null, $$ update public.services set name = 'z' where company_id = pg_temp.id('8101') returning name $$), 'z', 'partitioning by the package does');
set local app.importing = '';
set local app.repartitioning = '';

-- Jobs pass it over: none fails, and the other company is served ------------------------------------------------------
update private.company_moves set state = 'freezing' where company_id in (pg_temp.id('8103'), pg_temp.id('8105'));
create temp table before as
select 'outbox' as what, company_id, count(*) as n from private.outbox_events where topic = 'test.moves' group by 2
union all select 'keys', company_id, count(*) from private.usage_keys where idempotency_key = 'k' group by 2
union all select 'holds', company_id, count(*) from private.budget_reservations where id = pg_temp.id('8401') group by 2
union all select 'bundles', company_id, count(*) from private.subject_bundle_files where file_name = 'a.json' group by 2
union all select 'logs', company_id, count(*) from public.agent_logs where event = 'test.made' group by 2;
select lives_ok($$ select private.flush_budgets() $$, 'flush_budgets goes on');
select is((select array_agg(company_id::text || ' ' || spent order by company_id) from private.budget_stripes where budget_period_id = pg_temp.id('8701') and stripe = 0),
          array[pg_temp.id('8101') || ' 1', pg_temp.id('8102') || ' 0'], 'for the other company');
select lives_ok($$ select private.roll_up_usage(100000) $$, 'roll_up_usage goes on');
select lives_ok($$ select private.reconcile_budgets() $$, 'reconcile_budgets goes on');
select is((select array_agg(company_id) from private.budget_reconciliations where budget_period_id = pg_temp.id('8701')), array[pg_temp.id('8102')], 'for the other company');
select lives_ok($$ select private.close_budget_periods() $$, 'close_budget_periods goes on');
select is((select array_agg(status order by company_id) from public.budget_periods where id = pg_temp.id('8701')), '{open,closed}', 'for the other company');
select lives_ok($$ select private.prune_budgets() $$, 'prune_budgets goes on');
select lives_ok($$ select count(*) from private.run_data_retention(null, false, 10000) $$, 'run_data_retention goes on');
select lives_ok($$ select private.maintain_compliance() $$, 'maintain_compliance goes on');
select is((select array_agg(notices order by company_id) from public.compliance_requests where id = pg_temp.id('8601')), '{0,3}', 'and reminds the other company');
select is((select array_agg(company_id) from private.compliance_reviews where company_id in (pg_temp.id('8101'), pg_temp.id('8102')) and reminded_at is not null), array[pg_temp.id('8102')], 'of its review, too');
select lives_ok($$ select private.maintain_billing() $$, 'maintain_billing goes on');
select is((select array_agg(payment_stage order by company_id) from public.billing_accounts where company_id in (pg_temp.id('8101'), pg_temp.id('8102'))), '{grace,soft_limit}', 'for the other company');
select is((select array_agg(a.company_id) from private.claim_stripe_accounts(1000) as a where a.company_id in (pg_temp.id('8101'), pg_temp.id('8102'))), array[pg_temp.id('8102')], 'which is compared with Stripe');
select is((select array_agg(distinct u.company_id) from private.claim_stripe_usage(1000) as u where u.company_id in (pg_temp.id('8101'), pg_temp.id('8102'))), array[pg_temp.id('8102')], 'and whose usage is told');
select lives_ok($$ select private.maintain_companies() $$, 'maintain_companies goes on');
select is((select array_agg(erasure_started_at is not null order by company_id) from private.company_lifecycles where company_id in (pg_temp.id('8103'), pg_temp.id('8104'))), '{f,t}', 'and erases the other');
select is((select array_agg(reminders order by company_id) from private.company_lifecycles where company_id in (pg_temp.id('8105'), pg_temp.id('8106'))), '{0,1}', 'and reminds of the other');
delete from private.company_moves where company_id in (pg_temp.id('8103'), pg_temp.id('8105'));
select lives_ok($$ select private.maintain_partitions() $$, 'maintain_partitions goes on');
select is((select array_agg(c.event_id order by c.event_id) from public.claim_events(1000) as c where c.company_id in (pg_temp.id('8101'), pg_temp.id('8102')) and c.topic = 'test.moves'),
          array[pg_temp.id('8301')], 'claim_events hands out the other company''s');
select is((select array_agg(status order by company_id) from private.outbox_events where id = pg_temp.id('8303')), '{pending,dead}', 'and gives up its alone');
select is_empty(
  $$ select b.what, b.company_id from pg_temp.before as b
      where b.company_id = pg_temp.id('8101') and b.n is distinct from case b.what
        when 'outbox' then (select count(*) from private.outbox_events as x where x.company_id = b.company_id and topic = 'test.moves')
        when 'keys' then (select count(*) from private.usage_keys as x where x.company_id = b.company_id and idempotency_key = 'k')
        when 'holds' then (select count(*) from private.budget_reservations as x where x.company_id = b.company_id and id = pg_temp.id('8401'))
        when 'bundles' then (select count(*) from private.subject_bundle_files as x where x.company_id = b.company_id and file_name = 'a.json')
        when 'logs' then (select count(*) from public.agent_logs as x where x.company_id = b.company_id and event = 'test.made') end $$,
  'nothing of the company that moves was pruned');
select isnt(to_regclass('private.agent_logs_p202001'), null, 'no month is dropped that has rows of it');
select lives_ok($$ select public.rotate_master_key(repeat('l', 40) || ' ' || repeat('k', 40)) $$, 'rotate_master_key goes on');
select is((select array_agg(master_key_hint = private.master_key_hint(repeat('l', 40)) order by company_id) from private.company_data_keys
            where company_id in (pg_temp.id('8101'), pg_temp.id('8102'))), '{f,t}', 'for the other company');
select is((select count(*) from private.usage_keys where idempotency_key = 'k' and company_id = pg_temp.id('8102'))
        + (select count(*) from private.budget_reservations where id = pg_temp.id('8401') and company_id = pg_temp.id('8102'))
        + (select count(*) from private.subject_bundle_files where file_name = 'a.json' and company_id = pg_temp.id('8102'))
        + (select count(*) from public.agent_logs where event = 'test.made' and company_id = pg_temp.id('8102'))
        + (select count(*) from private.outbox_events where id = pg_temp.id('8302') and company_id = pg_temp.id('8102')), 0::bigint, 'and all of the other was');

-- Thawed -------------------------------------------------------------------------------------------------------------
select is(private.thaw_company_table(pg_temp.id('8101'), 'public.services'), true, 'a table is thawed');
select is(private.thaw_company_table(pg_temp.id('8101'), 'public.services'), false, 'once');
select is(pg_temp.says('authenticated', '8911', $$ update public.services set name = 'w' where code = 'A' returning name $$), 'w', 'and written again');
select is(count(*) filter (where private.thaw_company_table(pg_temp.id('8101'), t)), (select count(*) - 1 from frozen), 'as are all others') from frozen;
select is((select count(*) from pg_trigger where tgname like 'refuse_moving_%'), 0::bigint, 'nothing is left of it');
select throws_ok($$ update private.company_moves set state = 'confirmed' where company_id = pg_temp.id('8101') $$, '23514', null, 'what is over has an end');
update private.company_moves set state = 'confirmed', finished_at = now() where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'jobs pass over what has moved away');
update private.company_moves set state = 'removed' where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), '{}', 'until its copy is removed');
update private.company_moves set state = 'switched', finished_at = null where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'as between the switch and that');
update private.company_moves set direction = 'in', state = 'receiving' where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'and what comes in');
update private.company_moves set state = 'received' where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'until it is complete');
update private.company_moves set state = 'live', finished_at = now() where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), '{}', 'and open');
update private.company_moves set direction = 'out', state = 'frozen', finished_at = null where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), array[pg_temp.id('8101')], 'frozen it is as well');
select throws_ok($$ insert into private.company_moves (company_id, id, direction, state, peer, company_status)
                    values (pg_temp.id('8101'), gen_random_uuid(), 'out', 'copying', 'x', 'active') $$, '23505', null, 'a company moves once at a time');
select throws_ok($$ update private.company_moves set state = 'live', finished_at = now() where company_id = pg_temp.id('8101') $$, '23514', null, 'who leaves is not received');
update private.company_moves set state = 'aborted', finished_at = now() where company_id = pg_temp.id('8101');
select is(private.frozen_companies(), '{}', 'and jobs serve it again');
set constraints all immediate;
select count(*) from private.run_data_retention(null, false, 10000);
select is(to_regclass('private.agent_logs_p202001'), null, 'and the month goes');

select * from finish();
rollback;
