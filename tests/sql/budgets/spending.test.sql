-- check_budget_before_usage(), log_api_usage_and_update_budget(), log_api_usage_batch() and
-- release_budget_reservation(): who may, what is answered, what is refused, what a retry gets.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(148);

create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.v7(p_at timestamptz, p_tail text) returns text language sql as $$
  select substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-00000000' || p_tail
    from (select lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') as h) as x
$$;
-- A refusal: SQLSTATE and token, and a hint that says something.
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

-- A company of its own: 10 dollars hard, one agent with 4, one service with 3; another that has the same ids.
insert into public.companies (id, slug, name, contact_email, time_zone) values
  (pg_temp.id('e001'), 'budget-test', 'x', 'a@b.example', 'Europe/Berlin'),
  (pg_temp.id('e002'), 'budget-other', 'x', 'a@b.example', 'UTC');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('e001'), 'custom', 10), (pg_temp.id('e002'), 'custom', 10);
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values
  (pg_temp.id('e001'), pg_temp.id('e101'), 'limited', 'openai', 'x', 4000000),
  (pg_temp.id('e001'), pg_temp.id('e102'), 'free', 'openai', 'x', null),
  (pg_temp.id('e002'), pg_temp.id('e103'), 'theirs', 'openai', 'x', null);
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('e001'), 'limited', 3000000);
insert into auth.users (id, email) values (pg_temp.id('e901'), 'e901@b.example'), (pg_temp.id('e902'), 'e902@b.example'),
  (pg_temp.id('e903'), 'e903@b.example'), (pg_temp.id('e904'), 'e904@b.example') on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client'),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'e903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'client');

create function pg_temp.state() returns table (scope text, spent numeric, reserved numeric) language sql as $$
  select p.scope, p.spent_micro_usd / 1e6, p.reserved_micro_usd / 1e6 from public.budget_periods as p
   where p.company_id = pg_temp.id('e001') and p.status = 'open' order by array_position('{company,agent,service}', p.scope)
$$;

create function pg_temp.held() returns table (id uuid, usage_id uuid) language sql security definer as $$
  select id, usage_id from private.budget_reservations where company_id = pg_temp.id('e001')
$$;
-- Who may -----------------------------------------------------------------------------------------------------------
create function pg_temp.everything(p_company text) returns setof text language sql as $$
  select format(c, p_company) from unnest(array[
    $q$select public.check_budget_before_usage(pg_temp.id('%1$s'), null, 0.01)$q$,
    $q$select public.log_api_usage_and_update_budget(pg_temp.id('%1$s'), 'x', null, 'x', 0.01)$q$,
    $q$select * from public.log_api_usage_batch(pg_temp.id('%1$s'), '[{"service": "x", "cost": 0.01}]')$q$]) as c
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
select pg_temp.be('e901');
set local role authenticated;
select lives_ok(c, 'a client may, for their company') from pg_temp.everything('e001') as c;
select pg_temp.refused(c, '42501', 'not_your_company', 'but not for another') from pg_temp.everything('e002') as c;
select pg_temp.refused(replace(c, 'pg_temp.id(''e001'')', 'null'), '42501', 'not_your_company', 'nor for none') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('e904');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'nor does the other reach into theirs') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('e902');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'an agent may not unless it is assigned') from pg_temp.everything('e001') as c;
reset role;
update public.users set granted_permissions = '{usage.write}' where id = pg_temp.id('e902');
set local role authenticated;
select lives_ok(c, 'control: it is assigned') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('e903');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'a compliance administrator has no business with usage') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('e901', '{"is_anonymous": true}');
set local role authenticated;
select pg_temp.refused(c, '42501', 'not_your_company', 'nor has an anonymous sign-in') from pg_temp.everything('e001') as c;
reset role;
set local role anon;
select throws_ok(c, '42501', null, 'nor has a visitor') from pg_temp.everything('e001') as c;
reset role;
select pg_temp.be('a000', '{"role": "platform_admin"}');
set local role platform_admin;
select throws_ok(c, '42501', null, 'operators spend nobody''s money') from pg_temp.everything('e001') as c;
reset role;
select set_config('request.jwt.claims', '', true);
set local role service_role;
select lives_ok(c, 'the backend may, for any') from pg_temp.everything('e001') as c;
select lives_ok(c, 'for any, indeed') from pg_temp.everything('e002') as c;
reset role;
-- What a member may set for themselves opens nothing.
select pg_temp.be('e904');
set local role authenticated;
select set_config('app.importing', 'on', true), set_config('request.jwt.claim.role', 'service_role', true);
select pg_temp.refused(c, '42501', 'not_your_company', 'no setting makes a member the backend') from pg_temp.everything('e001') as c;
reset role;
select set_config('app.importing', '', true), set_config('request.jwt.claims', '', true);

-- Holding, settling, giving back ----------------------------------------------------------------------------------------
delete from public.api_usage where company_id = pg_temp.id('e001');
select private.reconcile_budget(pg_temp.id('e001'), p.month, true) from public.budget_periods as p where p.company_id = pg_temp.id('e001') and p.scope = 'company';
delete from private.budget_reservations where company_id = pg_temp.id('e001');
update public.budget_periods set reserved_micro_usd = 0 where company_id = pg_temp.id('e001');
set local role service_role;
select results_eq(
  $$select allowed, reason, scope, reservation_id, limit_usd, spent_usd, reserved_usd, remaining_usd, is_over_budget
      from public.check_budget_before_usage(pg_temp.id('e001'), pg_temp.id('e101'), 1.5, 'limited', reservation_id => pg_temp.id('f001'))$$,
  $$values (true, null::text, 'company', pg_temp.id('f001'), 10::numeric, 0::numeric, 1.5, 8.5, false)$$, 'what is allowed is held');
select results_eq('select * from pg_temp.state()', $$values ('company', 0::numeric, 1.5), ('agent', 0, 1.5), ('service', 0, 1.5)$$, 'in every budget that it touches');
select results_eq(
  $$select allowed, reservation_id, reserved_usd from public.check_budget_before_usage(pg_temp.id('e001'), pg_temp.id('e101'), 1.5, 'limited', reservation_id => pg_temp.id('f001'))$$,
  $$values (true, pg_temp.id('f001'), 1.5)$$, 'a retry holds it once');
select pg_temp.refused($$select public.check_budget_before_usage(pg_temp.id('e001'), null, 1.5, 'limited', reservation_id => pg_temp.id('f001'))$$,
  'PT422', 'reservation_reused', 'another request cannot take its id');
select results_eq(
  $$select allowed, reason, scope, reservation_id, expires_at, limit_usd, remaining_usd
      from public.check_budget_before_usage(pg_temp.id('e001'), null, 8.51)$$,
  $$values (false, 'budget_exceeded', 'company', null::uuid, null::timestamptz, 10::numeric, 8.5)$$, 'what is held is not left for others');
select results_eq(
  $$select allowed, reason, scope, limit_usd, remaining_usd from public.check_budget_before_usage(pg_temp.id('e001'), pg_temp.id('e101'), 2.6)$$,
  $$values (false, 'agent_budget_exceeded', 'agent', 4::numeric, 2.5)$$, 'the agent''s limit counts');
select results_eq(
  $$select allowed, reason, scope, limit_usd, remaining_usd from public.check_budget_before_usage(pg_temp.id('e001'), pg_temp.id('e102'), 1.6, 'limited')$$,
  $$values (false, 'service_budget_exceeded', 'service', 3::numeric, 1.5)$$, 'and the service''s');
select results_eq('select * from pg_temp.state()', $$values ('company', 0::numeric, 1.5), ('agent', 0, 1.5), ('service', 0, 1.5)$$, 'a refusal holds nothing anywhere');
select is_empty($$select id from pg_temp.held() where id <> pg_temp.id('f001')$$, 'and leaves nothing behind');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'other', pg_temp.id('e101'), 'x', 1, reservation_id => pg_temp.id('f001'))$$,
  '22023', 'reservation_mismatch', 'it settles what it was made for');
select results_eq(
  $$select cost_usd, is_over_budget, is_replayed from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'limited', pg_temp.id('e101'), 'x', 1.2, reservation_id => pg_temp.id('f001'))$$,
  $$values (1.2, false, false)$$, 'settling records what it cost');
select results_eq('select * from pg_temp.state()', $$values ('company', 1.2, 0::numeric), ('agent', 1.2, 0), ('service', 1.2, 0)$$, 'and holds nothing any more');
select results_eq(
  $$select is_replayed, usage_id = (select usage_id from pg_temp.held() where id = pg_temp.id('f001'))
      from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'limited', pg_temp.id('e101'), 'x', 1.2, reservation_id => pg_temp.id('f001'))$$,
  $$values (true, true)$$, 'a retry gets the first receipt');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'limited', pg_temp.id('e101'), 'x', 1.3, reservation_id => pg_temp.id('f001'))$$,
  'PT422', 'idempotency_key_reused', 'another cost is no retry');
select is(public.release_budget_reservation(pg_temp.id('e001'), pg_temp.id('f001')), false, 'what is settled cannot be given back');
select is((public.check_budget_before_usage(pg_temp.id('e001'), null, 2, reservation_id => pg_temp.id('f002'))).allowed, true, 'another one is held');
select is(public.release_budget_reservation(pg_temp.id('e001'), pg_temp.id('f002')), true, 'and given back');
select is(public.release_budget_reservation(pg_temp.id('e001'), pg_temp.id('f002')), false, 'once');
select results_eq('select * from pg_temp.state()', $$values ('company', 1.2, 0::numeric), ('agent', 1.2, 0), ('service', 1.2, 0)$$, 'all of it');
select results_eq(
  $$select is_over_budget from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0.5, reservation_id => pg_temp.id('f002'))$$,
  $$values (false)$$, 'what was given back is still recorded, since it was spent');
select pg_temp.refused($$select public.release_budget_reservation(pg_temp.id('e002'), pg_temp.id('f001'))$$, 'PT404', 'unknown_reservation', 'another company''s is unknown');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'limited', null, 'x', 1, reservation_id => pg_temp.id('f001'))$$, 'PT404', 'unknown_reservation', 'also for settling');

-- Expiry and settling beyond -----------------------------------------------------------------------------------------
select is((public.check_budget_before_usage(pg_temp.id('e001'), null, 8.3, reservation_id => pg_temp.id('f003'))).allowed, true, 'all that is left is held');
select is((public.check_budget_before_usage(pg_temp.id('e001'), null, 0.01)).reason, 'budget_exceeded', 'nothing is left');
reset role;
update private.budget_reservations set expires_at = clock_timestamp() - interval '1 second' where id = pg_temp.id('f003');
set local role service_role;
select is((public.check_budget_before_usage(pg_temp.id('e001'), null, 8, reservation_id => pg_temp.id('f004'))).allowed, true, 'a hold that has expired is no hold');
select results_eq(
  $$select is_over_budget from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 8.3, reservation_id => pg_temp.id('f003'))$$,
  $$values (true)$$, 'but what it was for is recorded, and flagged');
select results_eq('select spent, reserved from pg_temp.state() limit 1', $$values (10::numeric, 8::numeric)$$, 'beyond the limit, since it was spent');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0.01)$$, 'PT402', 'budget_exceeded', 'what was not reserved is refused');
select pg_temp.refused($$select * from public.log_api_usage_batch(pg_temp.id('e001'), '[{"service": "x", "cost": 0}, {"service": "x", "cost": 0.01}]')$$, 'PT402', 'budget_exceeded', 'a batch, too, as a whole');
select is(public.release_budget_reservation(pg_temp.id('e001'), pg_temp.id('f004')), true, 'the last hold is given back');

-- Bad input ------------------------------------------------------------------------------------------------------------
select pg_temp.refused(format('select public.log_api_usage_and_update_budget(pg_temp.id(''e001''), ''x'', null, ''x'', %s)', v), '22023', 'invalid_amount', 'cost ' || v)
  from unnest(array['-0.000001', '''NaN''', '''Infinity''', '1000000000.1', 'null']) as v;
select pg_temp.refused(format('select public.check_budget_before_usage(pg_temp.id(''e001''), null, %s)', v), '22023', 'invalid_amount', 'estimate ' || v)
  from unnest(array['-1', '''NaN''', 'null']) as v;
select pg_temp.refused(format('select public.log_api_usage_and_update_budget(pg_temp.id(''e001''), %s, null, ''x'', 0)', v), '22023', 'invalid_service', 'service ' || v)
  from unnest(array['null', ''' ''', 'repeat(''x'', 121)']) as v;
select pg_temp.refused(format('select public.check_budget_before_usage(pg_temp.id(''e001''), null, 0, hold_seconds => %s)', v), '22023', 'invalid_hold', 'hold of ' || v)
  from unnest(array['0', '86401', 'null']) as v;
select pg_temp.refused(format('select public.log_api_usage_and_update_budget(pg_temp.id(''e001''), ''x'', null, ''x'', 0, occurred_at => %s)', v), '22023', 'invalid_occurred_at', 'at ' || v)
  from unnest(array['now() + interval ''6 minutes''', 'now() - interval ''367 days''', '''infinity''']) as v;
select pg_temp.refused(format('select public.log_api_usage_and_update_budget(pg_temp.id(''e001''), ''x'', null, ''x'', 0, idempotency_key => %s)', v), '22023', 'invalid_idempotency_key', 'key ' || left(v, 12))
  from unnest(array['''''', 'repeat(''x'', 256)']) as v;
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', pg_temp.id('e103'), 'x', 0)$$, 'PT404', 'unknown_agent', 'another company''s agent is unknown');
select pg_temp.refused($$select public.check_budget_before_usage(pg_temp.id('e001'), pg_temp.id('e103'), 0)$$, 'PT404', 'unknown_agent', 'also to a check');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e999'), 'x', null, 'x', 0)$$, 'PT404', 'unknown_company', 'no such company');
select pg_temp.refused(format('select * from public.log_api_usage_batch(pg_temp.id(''e001''), %L)', v), '22023', t, 'batch ' || left(v, 40))
  from (values ('[]', 'invalid_batch'), ('{}', 'invalid_batch'), ('[1]', 'invalid_batch'), ('[{"service": "x", "cost": 0, "costs": 1}]', 'invalid_batch'),
    ('[{"service": "x", "cost": "x"}]', 'invalid_batch'), ('[{"service": "x"}]', 'invalid_amount'), ('[{"service": "x", "cost": 1e300}]', 'invalid_amount'),
    ('[{"cost": 0}]', 'invalid_service'), ('[{"service": "x", "cost": 0, "occurred_at": "2001-01-01"}]', 'invalid_occurred_at'),
    ('[{"service": "x", "cost": 0, "idempotency_key": ""}]', 'invalid_idempotency_key')) as b (v, t);

-- Keys -----------------------------------------------------------------------------------------------------------------
create temp table receipts (n integer, usage_id uuid, occurred_at timestamptz, is_replayed boolean);
insert into receipts select 1, usage_id, occurred_at, is_replayed from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0, idempotency_key => 'one');
insert into receipts select 2, usage_id, occurred_at, is_replayed from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0, idempotency_key => 'one');
select results_eq('select count(distinct usage_id), count(distinct occurred_at), bool_or(is_replayed), bool_and(is_replayed) from receipts', $$values (1::bigint, 1::bigint, true, false)$$, 'a key is recorded once');
select is((public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'x', null, 'x', 0, idempotency_key => 'one')).is_replayed, false, 'another company''s key is its own');
select results_eq(
  $$select usage_id, occurred_at, is_replayed from public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0, idempotency_key => pg_temp.v7(now() - interval '1 hour', '0001'))$$,
  $$select pg_temp.v7(now() - interval '1 hour', '0001')::uuid, date_trunc('milliseconds', now() - interval '1 hour'), false$$, 'a key of version 7 is the id, and says when');
select is((public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0, idempotency_key => upper(pg_temp.v7(now() - interval '1 hour', '0001')))).is_replayed, true, 'however it is written');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'y', null, 'x', 0, idempotency_key => 'one')$$, 'PT422', 'idempotency_key_reused', 'another service is no retry');
select results_eq(
  $$select is_replayed from public.log_api_usage_batch(pg_temp.id('e001'), jsonb_build_array(
      jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', 'one'), jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', 'two'),
      jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', 'two'), jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', pg_temp.v7(now() - interval '1 hour', '0001')),
      jsonb_build_object('service', 'x', 'cost', 0)))$$,
  $$values (true), (false), (true), (true), (false)$$, 'a batch knows what was recorded, by whomever, and what stands in it twice');
create temp table near_keys as
  select overlay(pg_temp.v7(now() - interval '1 minute', '0002') placing n.part from n.place) as key
    from (values (15, '4'), (15, '8'), (20, 'c'), (20, '7'), (3, 'g'), (20, 'g'), (30, '-'), (1, ' ')) as n (place, part)
  union all select pg_temp.v7(now() - interval '1 minute', '0002') || '0'
  union all select replace(pg_temp.v7(now() - interval '1 minute', '0002'), '-', '')
  union all select '{' || pg_temp.v7(now() - interval '1 minute', '0002') || '}';
grant select on near_keys to service_role;
select results_eq(
  $$select b.is_replayed, s.is_replayed, b.usage_id = s.usage_id from near_keys as k
     cross join lateral public.log_api_usage_batch(pg_temp.id('e001'), jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', k.key))) as b
     cross join lateral (select (public.log_api_usage_and_update_budget(pg_temp.id('e001'), 'x', null, 'x', 0, idempotency_key => k.key)).* where b.usage_id is not null) as s$$,
  $$select false, true, true from near_keys$$, 'what only looks like version 7 is a key like any other, in batches as in single calls');

-- Companies that do not run --------------------------------------------------------------------------------------------
select is((public.check_budget_before_usage(pg_temp.id('e002'), null, 1, reservation_id => pg_temp.id('f005'))).allowed, true, 'a hold, before');
reset role;
update public.companies set status = 'suspended' where id = pg_temp.id('e002');
set local role service_role;
select is((public.check_budget_before_usage(pg_temp.id('e002'), null, 1)).reason, 'company_suspended', 'a suspended company may spend nothing');
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'x', null, 'x', 0)$$, 'PT409', 'company_suspended', 'nor record');
select pg_temp.refused($$select * from public.log_api_usage_batch(pg_temp.id('e002'), '[{"service": "x", "cost": 0}]')$$, 'PT409', 'company_suspended', 'nor many');
select is((public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'x', null, 'x', 0, idempotency_key => 'one')).is_replayed, true, 'but a retry of before is answered');
select lives_ok($$select public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'x', null, 'x', 1, reservation_id => pg_temp.id('f005'))$$, 'and what was reserved is recorded');
reset role;
update public.companies set status = 'closed' where id = pg_temp.id('e002');
set local role service_role;
select pg_temp.refused($$select public.log_api_usage_and_update_budget(pg_temp.id('e002'), 'x', null, 'x', 0)$$, 'PT410', 'company_closed', 'a closed one is over');
select pg_temp.refused($$select public.check_budget_before_usage(pg_temp.id('e002'), null, 0)$$, 'PT410', 'company_closed', 'for checks, too');
select pg_temp.refused($$select * from public.log_api_usage_batch(pg_temp.id('e002'), '[{"service": "x", "cost": 0}]')$$, 'PT410', 'company_closed', 'and batches');

-- What a reservation is worth -----------------------------------------------------------------------------------------
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('e005'), 'worth', 'x', 'a@b.example');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e005'), 'custom', 10);
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('e005'), pg_temp.id('e105'), 'goes', 'openai', 'x', 6000000);
create function pg_temp.check5(p_cost numeric, p_id text default null, p_agent text default null) returns public.budget_decision language sql as $$
  select d from public.check_budget_before_usage(pg_temp.id('e005'), pg_temp.id(p_agent), p_cost, 'free', reservation_id => pg_temp.id(p_id)) as d
$$;
create function pg_temp.log5(p_cost numeric, p_id text default null, p_key text default null, p_at timestamptz default null) returns public.usage_receipt language sql as $$
  select r from public.log_api_usage_and_update_budget(pg_temp.id('e005'), 'free', null, 'test', p_cost, reservation_id => pg_temp.id(p_id), idempotency_key => p_key, occurred_at => p_at) as r
$$;
grant execute on all functions in schema pg_temp to service_role;
set local role service_role;
select is((pg_temp.check5(10, 'e501')).allowed, true, 'a reservation with an id');
select is((pg_temp.check5(10, 'e501')).allowed, true, 'may be asked for again while it lasts');
select public.release_budget_reservation(pg_temp.id('e005'), pg_temp.id('e501'));
select pg_temp.refused($$select pg_temp.check5(10, 'e501')$$, 'PT422', 'reservation_over', 'not when it was released');
select is((pg_temp.check5(10, 'e502')).allowed, true, 'its room is another''s');
select pg_temp.refused($$select pg_temp.log5(1, 'e501')$$, 'PT402', 'budget_exceeded', 'and it lets nothing through');
reset role;
update private.budget_reservations set expires_at = now() - interval '1 s' where id = pg_temp.id('e502');
set local role service_role;
select pg_temp.refused($$select pg_temp.check5(10, 'e502')$$, 'PT422', 'reservation_over', 'not when it has expired');
select is((pg_temp.log5(11, 'e502')).is_over_budget, true, 'though what it was made for is recorded');
select pg_temp.refused($$select pg_temp.check5(10, 'e502')$$, 'PT422', 'reservation_over', 'nor when it is settled');
select results_eq('select (pg_temp.check5(0)).allowed, (pg_temp.check5(0)).reason', $$values (false, 'budget_exceeded')$$, 'when nothing is left, not even nothing is held');
select pg_temp.refused($$select pg_temp.log5(0.01)$$, 'PT402', 'budget_exceeded', 'as before');
reset role;
update public.company_plans set monthly_limit_usd = 30 where company_id = pg_temp.id('e005');
set local role service_role;
select results_eq('select (pg_temp.check5(0)).reserved_usd', $$values (0.000001)$$, 'a hold of nothing is one of a millionth');
-- A key with a time of its own.
select is((pg_temp.log5(1, p_key => pg_temp.v7(now(), 'e601'), p_at => now() - interval '1 hour')).is_replayed, false, 'a key with a time of its own');
select is((pg_temp.log5(1, p_key => pg_temp.v7(now(), 'e601'), p_at => now() - interval '59 min')).is_replayed, true, 'is the same at another');
select is((select count(*) from public.log_api_usage_batch(pg_temp.id('e005'), jsonb_build_array(jsonb_build_object('service', 'free', 'cost', 1, 'idempotency_key', pg_temp.v7(now(), 'e601'), 'occurred_at', now()))) where is_replayed), 1::bigint, 'also in a batch');
-- A retry that brings a reservation gives that one back, and no other.
select pg_temp.check5(1, 'e511'), pg_temp.check5(2, 'e512'), pg_temp.log5(0.5, p_key => 'with e511');
select is((pg_temp.log5(0.5, 'e511', 'with e511')).is_replayed, true, 'a retry with a reservation that the first did not have');
reset role;
select results_eq($$select right(id::text, 4), usage_id is null, held_in = '{}' from private.budget_reservations where company_id = pg_temp.id('e005') and id in (pg_temp.id('e511'), pg_temp.id('e512')) order by id$$,
  $$values ('e511', false, true), ('e512', true, false)$$, 'gives this reservation back and no other');
set local role service_role;
select public.release_budget_reservation(pg_temp.id('e005'), pg_temp.id('e512'));
-- What the ledger does not take.
select pg_temp.refused(format('select public.log_api_usage_and_update_budget(pg_temp.id(''e005''), ''free'', null, ''x'', 0.01, %s)', a), '22023', 'invalid_usage', a || ' is no usage')
  from unnest(array['units => -1', 'input_tokens => -1', 'output_tokens => -1', 'unit => '' ''', 'metadata => ''[]''', 'metadata => jsonb_build_object(''x'', repeat(''y'', 70000))']) as a;
select pg_temp.refused(format('select * from public.log_api_usage_batch(pg_temp.id(''e005''), ''[{"service": "free", "cost": 0.01}, {"service": "free", "cost": 0.01, %s}]'')', a), '22023', 'invalid_usage', a || ' is none in a batch')
  from unnest(array['"units": -1', '"input_tokens": -1', '"output_tokens": -1', '"unit": " "', '"metadata": []']) as a;
select pg_temp.refused($$select * from public.log_api_usage_batch(pg_temp.id('e005'), '[{"service": {"a": 1}, "cost": 0.01}]')$$, '22023', 'invalid_batch', 'a service is a text');
select lives_ok($$select public.log_api_usage_and_update_budget(pg_temp.id('e005'), 'free', null, 'x', 0.01, units => 0, unit => null, input_tokens => 0, metadata => null)$$, 'nothing is something');
-- An agent that goes.
select is((pg_temp.check5(5, 'e503', 'e105')).allowed, true, 'a reservation of an agent');
reset role;
delete from public.ai_agents where company_id = pg_temp.id('e005');
select is((select sum(reserved_micro_usd) from public.budget_periods where company_id = pg_temp.id('e005')), 1::numeric, 'goes back when the agent goes');

select * from finish();
rollback;
