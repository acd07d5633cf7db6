-- Alerts: each threshold once a month, for company, agent and service, whatever changes in the middle; the event that
-- tells the world; who sees one and who takes note.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(55);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.company(p_tail text, p_limit numeric default 10, p_enforcement text default 'hard', p_percents integer[] default null) returns void language sql as $$
  insert into public.companies (id, slug, name, contact_email) values (pg_temp.id(p_tail), 'alerts-' || p_tail, 'x', 'a@b.example');
  insert into public.company_config (company_id, budget_alert_percents) select pg_temp.id(p_tail), p_percents where p_percents is not null
  on conflict (company_id) do update set budget_alert_percents = excluded.budget_alert_percents;
  insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, enforcement) values (pg_temp.id(p_tail), 'custom', p_limit, p_enforcement)
$$;
create function pg_temp.log(p_company text, p_cost numeric, p_agent text default null, p_service text default 'free', p_key text default null) returns boolean language sql as $$
  select (r).is_over_budget from public.log_api_usage_and_update_budget(pg_temp.id(p_company), p_service, pg_temp.id(p_agent), 'test', p_cost, idempotency_key => p_key) as r
$$;
create function pg_temp.alerts(p_company text, p_scope text default 'company') returns table (percent integer, "limit" numeric, spent numeric) language sql security definer as $$
  select a.threshold_percent, a.limit_micro_usd / 1e6, a.spent_micro_usd / 1e6
    from public.budget_alerts as a
    join public.budget_periods as p on p.company_id = a.company_id and p.id = a.budget_period_id
   where a.company_id = pg_temp.id(p_company) and p.scope = p_scope order by 1
$$;
create function pg_temp.percents(p_company text, p_scope text default 'company') returns integer[] language sql as $$
  select coalesce(array_agg(percent), '{}') from pg_temp.alerts(p_company, p_scope)
$$;
create function pg_temp.events(p_company text) returns setof jsonb language sql security definer as $$
  select payload from private.outbox_events where company_id = pg_temp.id(p_company) and topic = 'budget.threshold_reached' order by payload->>'scope', (payload->>'threshold_percent')::integer
$$;
create function pg_temp.watch(p_company text) returns bigint language sql as $$
  select watch_micro_usd from public.budget_periods where company_id = pg_temp.id(p_company) and scope = 'company'
$$;
create function pg_temp.set_limit(p_company text, p_limit numeric) returns void language sql as $$
  update public.company_plans set monthly_limit_usd = p_limit where company_id = pg_temp.id(p_company) and is_active
$$;
create function pg_temp.set_percents(p_company text, p_percents integer[]) returns void language sql as $$
  insert into public.company_config (company_id, budget_alert_percents) values (pg_temp.id(p_company), p_percents)
  on conflict (company_id) do update set budget_alert_percents = excluded.budget_alert_percents
$$;

select pg_temp.company('e00f');
select throws_ok(format('select pg_temp.set_percents(''e00f'', %L)', p), '23514', null, 'no thresholds: ' || p)
  from unnest(array['{{50,80},{90,100}}', '{50,null}', '{0}', '{1001}', '{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21}']) as p;
select lives_ok('select pg_temp.set_percents(''e00f'', ''{}'')', 'none at all are');

-- The thresholds ------------------------------------------------------------------------------------------------------
select pg_temp.company('e001');
select pg_temp.log('e001', 4.999999);
select is(pg_temp.percents('e001'), '{}', 'nothing happens below the first threshold');
select is(pg_temp.watch('e001'), 5000000::bigint, 'half the limit is what is watched for');
select pg_temp.log('e001', 0.000001);
select results_eq($$select * from pg_temp.alerts('e001')$$, $$values (50, 10.0, 5.0)$$, 'at half of the limit, to the micro-dollar, there is an alert');
select is(pg_temp.watch('e001'), 8000000::bigint, 'then 80 % is');
select pg_temp.log('e001', 2.9);
select is(pg_temp.percents('e001'), '{50}', 'it comes once');
select pg_temp.log('e001', 2.1);
select results_eq($$select * from pg_temp.alerts('e001')$$, $$values (50, 10.0, 5.0), (80, 10.0, 10.0), (100, 10.0, 10.0)$$, 'one step over two thresholds raises two');
select is(pg_temp.watch('e001'), null, 'and nothing is watched for any more');
select throws_ok($$select pg_temp.log('e001', 0.01)$$, 'PT402', null, 'control: the limit is hard');
select is(pg_temp.percents('e001'), '{50,80,100}', 'a refusal raises nothing');
select is((select count(*) from pg_temp.events('e001')), 3::bigint, 'each alert is told once');
select is((select e - 'alert_id' - 'budget_period_id' from pg_temp.events('e001') as e limit 1), jsonb_build_object('month', to_char(now() at time zone 'UTC', 'YYYY-MM'), 'scope', 'company',
  'agent_id', null, 'service', null, 'threshold_percent', 50, 'limit_micro_usd', 10000000, 'spent_micro_usd', 5000000, 'enforcement', 'hard'), 'with everything that a message needs');
select set_eq($$select (e->>'alert_id')::uuid as id, (e->>'budget_period_id')::uuid as budget_period_id from pg_temp.events('e001') as e$$,
  $$select id, budget_period_id from public.budget_alerts where company_id = pg_temp.id('e001')$$, 'and the ids of alert and month');

-- A retry is no second crossing.
select pg_temp.company('e002');
select pg_temp.log('e002', 6, p_key => 'same');
delete from public.budget_alerts where company_id = pg_temp.id('e002');
select pg_temp.log('e002', 6, p_key => 'same');
select is(pg_temp.percents('e002'), '{}', 'a retry raises nothing');

-- Holds are not spent.
select pg_temp.company('e003');
select public.check_budget_before_usage(pg_temp.id('e003'), null, 9);
select is(pg_temp.percents('e003'), '{}', 'what is held raises no alert');
select public.log_api_usage_and_update_budget(pg_temp.id('e003'), 'free', null, 'x', 9, reservation_id => (select id from private.budget_reservations where company_id = pg_temp.id('e003')));
select is(pg_temp.percents('e003'), '{50,80}', 'what is settled does');
select pg_temp.company('e004');
select public.check_budget_before_usage(pg_temp.id('e004'), null, 9);
select public.log_api_usage_and_update_budget(pg_temp.id('e004'), 'free', null, 'x', 12, reservation_id => (select id from private.budget_reservations where company_id = pg_temp.id('e004')));
select results_eq($$select * from pg_temp.alerts('e004')$$, $$values (50, 10.0, 12.0), (80, 10.0, 12.0), (100, 10.0, 12.0)$$, 'settling above the estimate, too');
select public.check_budget_before_usage(pg_temp.id('e003'), null, 0.5);
select public.release_budget_reservation(pg_temp.id('e003'), id) from private.budget_reservations where company_id = pg_temp.id('e003') and usage_id is null;
select is(pg_temp.percents('e003'), '{50,80}', 'a released hold does not');

-- A company's own thresholds.
select pg_temp.company('e005', p_percents => '{1,33,120,1000}', p_enforcement => 'soft');
select pg_temp.log('e005', 0.1);
select is(pg_temp.percents('e005'), '{1}', 'one percent');
select pg_temp.log('e005', 3.19);
select is(pg_temp.percents('e005'), '{1}', 'not yet a third');
select ok(not pg_temp.log('e005', 6.71), 'all of it is not over it');
select is(pg_temp.percents('e005'), '{1,33}', 'a limit without a threshold of 100 has no such alert');
select ok(pg_temp.log('e005', 0.01), 'what goes over a soft limit is recorded and says so');
select pg_temp.log('e005', 1.99);
select is(pg_temp.percents('e005'), '{1,33,120}', 'a soft limit has thresholds beyond it');
select pg_temp.log('e005', 88);
select results_eq($$select * from pg_temp.alerts('e005') where percent = 1000$$, $$values (1000, 10.0, 100.0)$$, 'as far as ten times');
select pg_temp.company('e006', p_percents => '{}');
select pg_temp.log('e006', 10);
select is(pg_temp.percents('e006'), '{}', 'who wants none has none');
select pg_temp.company('e007', p_limit => 0, p_enforcement => 'soft');
select pg_temp.log('e007', 1);
select is(pg_temp.percents('e007'), '{}', 'a limit of nothing has no percentages');

-- Changes in the middle of the month ----------------------------------------------------------------------------------
select pg_temp.company('e008');
select pg_temp.log('e008', 6);
select pg_temp.set_limit('e008', 100);
select is(array[pg_temp.percents('e008'), array[pg_temp.watch('e008')::integer]], array['{50}', '{80000000}'::integer[]], 'a limit that is raised takes nothing back, and the next threshold moves');
select pg_temp.log('e008', 60);
select is(pg_temp.percents('e008'), '{50}', 'half of the new limit is no second crossing of the month');
select pg_temp.set_limit('e008', 70);
select results_eq($$select * from pg_temp.alerts('e008')$$, $$values (50, 10.0, 6.0), (80, 70.0, 66.0)$$, 'a limit that is lowered below what is spent crosses at once');
select pg_temp.set_percents('e008', '{50,90,100}');
select is(pg_temp.percents('e008'), '{50,80,90}', 'a threshold that comes too late fires at once');
select pg_temp.set_percents('e008', '{50,80,100}');
select pg_temp.set_percents('e008', '{50,90,95,100}');
select is(pg_temp.percents('e008'), '{50,80,90}', 'one that goes and comes again does not');
select is(pg_temp.watch('e008'), 66500000::bigint, 'and the next one is watched for');
select public.adjust_budget(pg_temp.id('e008'), date_trunc('month', now() at time zone 'UTC')::date, -60, 'a credit');
select pg_temp.log('e008', 60);
select is(pg_temp.percents('e008'), '{50,80,90}', 'a credit gives room before the next threshold');
select pg_temp.log('e008', 0.5);
select is(pg_temp.percents('e008'), '{50,80,90,95}', 'that comes where it belongs');
select public.adjust_budget(pg_temp.id('e008'), date_trunc('month', now() at time zone 'UTC')::date, 3.5, 'a charge');
select is(pg_temp.percents('e008'), '{50,80,90,95,100}', 'and a charge by hand crosses like any other');

-- Agents and services -------------------------------------------------------------------------------------------------
select pg_temp.company('e009', 100);
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('e009'), pg_temp.id('e101'), 'limited', 'openai', 'x', 4000000);
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('e009'), 'limited', 2000000);
select pg_temp.log('e009', 1.7, 'e101', 'limited');
select is(pg_temp.percents('e009') || pg_temp.percents('e009', 'agent'), '{}', 'the agent has not reached a threshold, nor has the company');
select is(pg_temp.percents('e009', 'service'), '{50,80}', 'but the service has');
select pg_temp.log('e009', 0.3, 'e101', 'free');
select is(pg_temp.percents('e009', 'agent'), '{50}', 'and then the agent');
select results_eq($$select e->>'scope', (e->>'agent_id')::uuid, e->>'service', (e->>'threshold_percent')::integer from pg_temp.events('e009') as e$$,
  $$values ('agent', pg_temp.id('e101'), null, 50), ('service', null, 'limited', 50), ('service', null, 'limited', 80)$$, 'the events say whose');

-- A busy budget: counted in stripes -----------------------------------------------------------------------------------
select pg_temp.company('e010');
update public.budget_periods as p set stripe_count = 64, generation = p.generation + 1 where p.company_id = pg_temp.id('e010');
insert into private.budget_stripes (company_id, budget_period_id, stripe, generation)
select p.company_id, p.id, g.n, p.generation from public.budget_periods as p, generate_series(0, 63) as g (n) where p.company_id = pg_temp.id('e010');
select pg_temp.log('e010', 0.1) from generate_series(1, 49);
select is(pg_temp.percents('e010'), '{}', 'in stripes, nothing happens before the threshold');
select pg_temp.log('e010', 0.1);
select results_eq($$select * from pg_temp.alerts('e010')$$, $$values (50, 10.0, 5.0)$$, 'and exactly there it fires');
select pg_temp.log('e010', 0.1) from generate_series(1, 50);
select is(pg_temp.percents('e010'), '{50,80,100}', 'as do the others');
select throws_ok($$select pg_temp.log('e010', 0.01)$$, 'PT402', null, 'and the limit holds');

-- Who sees it, who takes note -----------------------------------------------------------------------------------------
insert into auth.users (id, email) values (pg_temp.id('e901'), 'e901@b.example'), (pg_temp.id('e902'), 'e902@b.example'), (pg_temp.id('e904'), 'e904@b.example') on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client'), (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'client');
grant execute on all functions in schema pg_temp to authenticated;
create function pg_temp.acknowledged() returns integer language plpgsql as $$
declare
  v_rows integer;
begin
  update public.budget_alerts set acknowledged_at = '2020-01-01' where company_id = pg_temp.id('e001') and threshold_percent = 50;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;
grant execute on function pg_temp.acknowledged() to authenticated;
select pg_temp.be('e904');
set local role authenticated;
select is(array[(select count(*) from public.budget_alerts where company_id = pg_temp.id('e001'))::integer, pg_temp.acknowledged()], '{0,0}', 'another company sees and touches nothing');
reset role;
select pg_temp.be('e902');
set local role authenticated;
select is(array[(select count(*) from public.budget_alerts)::integer, pg_temp.acknowledged()], '{0,0}', 'an agent without the permission does not either');
reset role;
select pg_temp.be('e901');
set local role authenticated;
select is(array[(select count(*) from public.budget_alerts)::integer, pg_temp.acknowledged()], '{3,1}', 'a client does');
select throws_ok($$update public.budget_alerts set spent_micro_usd = 0$$, '42501', null, 'but changes nothing else');
select throws_ok($$update public.budget_alerts set acknowledged_by = null$$, '42501', null, 'nor who took note');
reset role;
select results_eq($$select acknowledged_by, acknowledged_at = now() from public.budget_alerts where company_id = pg_temp.id('e001') and threshold_percent = 50$$, $$values (pg_temp.id('e901'), true)$$, 'who and when are facts, whatever was sent');

select * from finish();
rollback;
