-- Months of a budget: time zones, their order, plans and limits that change in the middle, and what comes late.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(75);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
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
create function pg_temp.company(p_tail text, p_zone text, p_limit numeric default 10, p_enforcement text default 'hard') returns void language sql as $$
  insert into public.companies (id, slug, name, contact_email, time_zone) values (pg_temp.id(p_tail), 'm-' || p_tail, 'x', 'a@b.example', p_zone);
  insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, enforcement) values (pg_temp.id(p_tail), 'custom', p_limit, p_enforcement)
$$;
create function pg_temp.log(p_company text, p_cost numeric, p_agent text default null, p_service text default 'free', p_at timestamptz default null)
returns public.usage_receipt language sql as $$
  select r from public.log_api_usage_and_update_budget(pg_temp.id(p_company), p_service, pg_temp.id(p_agent), 'test', p_cost, occurred_at => p_at) as r
$$;
create function pg_temp.periods(p_company text) returns setof public.budget_periods language sql as $$
  select * from public.budget_periods where company_id = pg_temp.id(p_company) order by month, array_position('{company,agent,service}', scope), agent_id
$$;
create function pg_temp.this_month(p_zone text default 'UTC') returns date language sql as $$ select date_trunc('month', clock_timestamp() at time zone p_zone)::date $$;
-- As if the last months had been opened so many months ago.
create function pg_temp.age(p_company text, p_by interval) returns void language sql as $$
  update public.budget_periods as p set month = p.month - p_by, starts_at = p.starts_at - p_by, ends_at = p.ends_at - p_by, generation = p.generation + 1 where p.company_id = pg_temp.id(p_company);
  update public.api_usage as u set budget_month = u.budget_month - p_by, occurred_at = u.occurred_at - p_by where u.company_id = pg_temp.id(p_company)
$$;

-- Time zones ----------------------------------------------------------------------------------------------------------
select pg_temp.company('f001', 'Europe/Berlin'), pg_temp.company('f002', 'Pacific/Kiritimati'), pg_temp.company('f003', 'Pacific/Pago_Pago'), pg_temp.company('f004', 'UTC');
select results_eq(format('select month, starts_at, ends_at, status, scope from pg_temp.periods(%L)', z.company),
    format('select %L::date, %L::timestamptz, %L::timestamptz, ''open'', ''company''', m.month, m.month::timestamp at time zone z.zone, (m.month + interval '1 month') at time zone z.zone),
    'a month in ' || z.zone || ' is a calendar month there')
  from (values ('f001', 'Europe/Berlin'), ('f002', 'Pacific/Kiritimati'), ('f003', 'Pacific/Pago_Pago')) as z (company, zone)
 cross join lateral pg_temp.this_month(z.zone) as m (month);
select results_eq($$select limit_micro_usd, enforcement, alert_percents, spent_micro_usd from pg_temp.periods('f001')$$, $$values (10000000::bigint, 'hard', '{50,80,100}'::integer[], 0::bigint)$$, 'with the plan that is in force');
select private.open_budget_month(pg_temp.id('f001'));
select is((select count(*) from pg_temp.periods('f001')), 1::bigint, 'it is opened once');
select lives_ok($$select private.open_budget_month(pg_temp.id('f0ff'))$$, 'a company that does not exist has none');
update public.companies set time_zone = 'Asia/Tokyo' where id = pg_temp.id('f001');
select results_eq($$select starts_at, ends_at from pg_temp.periods('f001')$$,
  $$select m::timestamp at time zone 'Europe/Berlin', greatest((m + interval '1 month') at time zone 'Asia/Tokyo', clock_timestamp() + interval '5 min') from pg_temp.this_month('Europe/Berlin') as m$$, 'it ends where the company has gone meanwhile');
update public.companies set time_zone = 'Asia/Tokyo', name = 'y' where id = pg_temp.id('f002');
select is((select ends_at from pg_temp.periods('f002')), (select (m + interval '1 month') at time zone 'Asia/Tokyo' from pg_temp.this_month('Pacific/Kiritimati') as m), 'each its own');
select pg_temp.refused($$update public.companies set time_zone = 'Mars/Olympus' where id = pg_temp.id('f001')$$, '22023', 'invalid_time_zone', 'there is no such place');

-- A month follows a month ---------------------------------------------------------------------------------------------
select pg_temp.log('f004', 1);
select pg_temp.age('f004', '1 month');
-- The clock of the old month: it ended an hour before midnight of today's zone.
select is((select count(*) from pg_temp.periods('f004')), 1::bigint, 'the last month is over');
select is((pg_temp.log('f004', 2)).budget_month, pg_temp.this_month(), 'the next call opens the new one');
select results_eq($$select month, spent_micro_usd from pg_temp.periods('f004')$$, $$values ((pg_temp.this_month() - interval '1 month')::date, 1000000::bigint), (pg_temp.this_month(), 2000000)$$, 'which begins with nothing');
select is((select count(*) from (select starts_at, lag(ends_at) over (order by month) as before from pg_temp.periods('f004')) as p where before is not null and starts_at <> before), 0::bigint, 'without gap or overlap');
select pg_temp.company('f005', 'UTC');
select pg_temp.age('f005', '3 months');
select pg_temp.log('f005', 1);
select results_eq($$select month, starts_at from pg_temp.periods('f005') offset 1$$, $$select m, m::timestamp at time zone 'UTC' from pg_temp.this_month() as m$$, 'months without calls are skipped');
select pg_temp.company('f006', 'UTC');
update public.budget_periods set month = month - interval '1 month', starts_at = starts_at - interval '1 month', ends_at = clock_timestamp() - interval '1 second', generation = generation + 1 where company_id = pg_temp.id('f006');
select pg_temp.log('f006', 1);
select is((select count(*) from (select starts_at, lag(ends_at) over (order by month) as before from pg_temp.periods('f006')) as p where before is not null and starts_at <> before), 0::bigint, 'also when one has ended out of time');
-- A month that somebody brought in beforehand.
select pg_temp.company('f007', 'UTC');
update public.budget_periods set month = month + interval '1 month', starts_at = starts_at + interval '1 month' - interval '1 hour', ends_at = ends_at + interval '1 month', generation = generation + 1 where company_id = pg_temp.id('f007');
select pg_temp.log('f007', 1);
select results_eq($$select month, ends_at from pg_temp.periods('f007') limit 1$$, $$select m, (m + interval '1 month') at time zone 'UTC' - interval '1 hour' from pg_temp.this_month() as m$$, 'it does not reach into one that was there before');
-- What is dated a little ahead, or late.
select is((pg_temp.log('f004', 0.5, p_at => (pg_temp.this_month() - interval '1 day') at time zone 'UTC')).budget_month, (pg_temp.this_month() - interval '1 month')::date, 'what comes late counts in its own month while that is open');
update public.budget_periods set status = 'closed', closed_at = now() where company_id = pg_temp.id('f004') and month < pg_temp.this_month();
select is((pg_temp.log('f004', 0.5, p_at => (pg_temp.this_month() - interval '1 day') at time zone 'UTC')).budget_month, pg_temp.this_month(), 'in the running one when it is closed');
select results_eq($$select budget_month, is_out_of_month, cost_micro_usd from public.api_usage where company_id = pg_temp.id('f004') and occurred_at < pg_temp.this_month() order by is_out_of_month, cost_micro_usd desc$$,
  $$values ((pg_temp.this_month() - interval '1 month')::date, false, 1000000::bigint), ((pg_temp.this_month() - interval '1 month')::date, false, 500000), (pg_temp.this_month(), true, 500000)$$, 'and is marked');
select results_eq($$select month, spent_micro_usd from pg_temp.periods('f004')$$, $$values ((pg_temp.this_month() - interval '1 month')::date, 1500000::bigint), (pg_temp.this_month(), 2500000)$$, 'the books agree');
select is_empty($$select * from pg_temp.periods('f004') as p cross join lateral private.compare_budget(p.company_id, p.id) as c where p.status = 'open' and c.counted <> c.ledger$$, 'with the ledger');

-- A plan that changes in the middle -----------------------------------------------------------------------------------
select pg_temp.company('f008', 'UTC');
select pg_temp.log('f008', 6);
update public.company_plans set monthly_limit_usd = 5 where company_id = pg_temp.id('f008');
select results_eq($$select limit_micro_usd, spent_micro_usd from pg_temp.periods('f008')$$, $$values (5000000::bigint, 6000000::bigint)$$, 'a lower limit counts at once');
select pg_temp.refused($$select pg_temp.log('f008', 0.1)$$, 'PT402', 'budget_exceeded', 'and refuses');
update public.company_plans set enforcement = 'soft' where company_id = pg_temp.id('f008');
select is((pg_temp.log('f008', 0.1)).is_over_budget, true, 'a soft one records and flags');
update public.company_plans set enforcement = 'hard' where company_id = pg_temp.id('f008');
select pg_temp.refused($$select pg_temp.log('f008', 0.1)$$, 'PT402', 'budget_exceeded', 'until it is hard again');
update public.company_plans set monthly_limit_usd = 20 where company_id = pg_temp.id('f008');
select is((pg_temp.log('f008', 10)).is_over_budget, false, 'a higher limit lets in again');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('f008'), 'custom', 16.2);
select pg_temp.refused($$select pg_temp.log('f008', 0.2)$$, 'PT402', 'budget_exceeded', 'a new plan counts, too');
select lives_ok($$select pg_temp.log('f008', 0.1)$$, 'to the cent');
update public.company_plans set is_active = false where company_id = pg_temp.id('f008') and is_active;
select is((select limit_micro_usd from pg_temp.periods('f008')), 0::bigint, 'without a plan there is nothing');
select results_eq($$select allowed, reason from public.check_budget_before_usage(pg_temp.id('f008'), null, 0.1)$$, $$values (false, 'no_active_plan')$$, 'and it is said');
delete from public.company_plans where company_id = pg_temp.id('f008');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('f008'), 'custom', 100);
select is((select limit_micro_usd from pg_temp.periods('f008')), 100000000::bigint, 'until there is one again');
select pg_temp.age('f008', '1 month');
select pg_temp.log('f008', 1);
update public.company_plans set monthly_limit_usd = 50 where company_id = pg_temp.id('f008') and is_active;
select results_eq($$select limit_micro_usd from pg_temp.periods('f008')$$, $$values (100000000::bigint), (50000000)$$, 'a month that is over keeps the limit that it had');
insert into public.company_config (company_id, budget_alert_percents) values (pg_temp.id('f008'), '{1,90}') on conflict (company_id) do update set budget_alert_percents = excluded.budget_alert_percents;
select results_eq($$select alert_percents from pg_temp.periods('f008')$$, $$values ('{50,80,100}'::integer[]), ('{1,90}')$$, 'and the alerts');
select results_eq($$select threshold_percent from public.budget_alerts where company_id = pg_temp.id('f008') and budget_period_id = (select id from pg_temp.periods('f008') offset 1)$$, $$values (1)$$, 'what is due then is raised');

-- Limits of agents and services ---------------------------------------------------------------------------------------
select pg_temp.company('f009', 'UTC', 100);
insert into public.ai_agents (company_id, id, name, provider, model) values (pg_temp.id('f009'), pg_temp.id('f101'), 'a', 'openai', 'x'), (pg_temp.id('f009'), pg_temp.id('f102'), 'b', 'openai', 'x');
select pg_temp.log('f009', 3, 'f101', 'chat'), pg_temp.log('f009', 1, 'f102', 'chat');
select is((select count(*) from pg_temp.periods('f009')), 1::bigint, 'an agent without a limit has no budget');
update public.ai_agents set monthly_limit_micro_usd = 5000000 where id = pg_temp.id('f101');
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('f009'), 'chat', 4500000);
select results_eq($$select scope, agent_id, service, limit_micro_usd, spent_micro_usd, enforcement, status, month, starts_at, ends_at from pg_temp.periods('f009') offset 1$$,
  $$select x.scope, x.agent_id, x.service, x.bound, x.spent, 'hard', 'open', c.month, c.starts_at, c.ends_at from (values ('agent', pg_temp.id('f101'), null, 5000000::bigint, 3000000::bigint), ('service', null, 'chat', 4500000, 4000000)) as x (scope, agent_id, service, bound, spent), (select * from pg_temp.periods('f009') limit 1) as c$$,
  'a limit counts what the month has seen already');
select results_eq($$select agent_limit_count, service_limit_count from pg_temp.periods('f009') limit 1$$, 'values (1, 1)', 'the company knows of both');
select pg_temp.refused($$select pg_temp.log('f009', 2.5, 'f101', 'other')$$, 'PT402', 'budget_exceeded', 'the agent''s holds');
select pg_temp.refused($$select pg_temp.log('f009', 1, 'f102', 'chat')$$, 'PT402', 'budget_exceeded', 'and the service''s');
select lives_ok($$select pg_temp.log('f009', 1, 'f102', 'other')$$, 'others go on');
update public.ai_agents set monthly_limit_micro_usd = 6000000 where id = pg_temp.id('f101');
select lives_ok($$select pg_temp.log('f009', 2.5, 'f101', 'other')$$, 'a higher limit counts at once');
select reservation_id is not null from public.check_budget_before_usage(pg_temp.id('f009'), pg_temp.id('f101'), 0.4, 'other');
update public.ai_agents set monthly_limit_micro_usd = null where id = pg_temp.id('f101');
select results_eq($$select status, closed_at is not null from pg_temp.periods('f009') where scope = 'agent'$$, $$values ('closed', true)$$, 'a limit that is lifted is closed');
select results_eq($$select agent_limit_count, service_limit_count from pg_temp.periods('f009') limit 1$$, 'values (0, 1)', 'and not looked for');
select lives_ok($$select pg_temp.log('f009', 2.5, 'f101', 'other')$$, 'nothing holds the agent');
update public.ai_agents set monthly_limit_micro_usd = 9000000 where id = pg_temp.id('f101');
select results_eq($$select status, closed_at, spent_micro_usd, reserved_micro_usd, limit_micro_usd from pg_temp.periods('f009') where scope = 'agent'$$, $$values ('open', null::timestamptz, 8000000::bigint, 400000::bigint, 9000000::bigint)$$, 'a limit that comes back counts what went by and what was held');
select is((select bool_or(public.release_budget_reservation(pg_temp.id('f009'), r.id)) from private.budget_reservations as r where r.company_id = pg_temp.id('f009') and r.held_in <> '{}'), true, 'which is given back');
select is((select reserved_micro_usd from pg_temp.periods('f009') where scope = 'agent'), 0::bigint, 'there, too');
update public.service_limits set service = 'other' where company_id = pg_temp.id('f009');
select results_eq($$select service, status, spent_micro_usd from pg_temp.periods('f009') where scope = 'service' order by service$$, $$values ('chat', 'closed', 4000000::bigint), ('other', 'open', 6000000)$$, 'a limit that moves is lifted there and set here');
update public.service_limits set monthly_limit_micro_usd = 7000000 where company_id = pg_temp.id('f009');
select is((select limit_micro_usd from pg_temp.periods('f009') where service = 'other'), 7000000::bigint, 'or changed');
select pg_temp.refused($$select pg_temp.log('f009', 1.1, null, 'other')$$, 'PT402', 'budget_exceeded', 'it holds');
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('f009'), 'third', 1);
select pg_temp.age('f009', '1 month');
select pg_temp.log('f009', 0.5, 'f102', 'free');
select results_eq($$select scope, agent_id, service, limit_micro_usd, spent_micro_usd, enforcement from pg_temp.periods('f009') where month = pg_temp.this_month() order by scope, service$$,
  $$values ('agent', pg_temp.id('f101'), null, 9000000::bigint, 0::bigint, 'hard'), ('company', null, null, 100000000, 500000, 'hard'), ('service', null, 'other', 7000000, 0, 'hard'), ('service', null, 'third', 1, 0, 'hard')$$, 'a new month begins with the limits that are in force');
select results_eq($$select agent_limit_count, service_limit_count from pg_temp.periods('f009') where month = pg_temp.this_month() and scope = 'company'$$, 'values (1, 2)', 'and knows how many');
delete from public.service_limits where company_id = pg_temp.id('f009') and service = 'third';
select is((select status from pg_temp.periods('f009') where month = pg_temp.this_month() and service = 'third'), 'closed', 'a limit that is deleted is lifted');
select is((select status from pg_temp.periods('f009') where month < pg_temp.this_month() and service = 'third'), 'open', 'in the running month alone');
select results_eq($$select is_over_budget from public.log_api_usage_batch(pg_temp.id('f009'), '[{"service": "third", "cost": 0.5}]')$$, 'values (false)', 'a batch may name it');
select results_eq($$select status, spent_micro_usd from pg_temp.periods('f009') where month = pg_temp.this_month() and service = 'third'$$, $$values ('closed', 0::bigint)$$, 'and does not count there');

-- What does not change is left alone: whoever works on a budget need not look again -----------------------------------
select pg_temp.company('f00a', 'UTC'), pg_temp.company('f00b', 'UTC');
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('f00a'), pg_temp.id('f10a'), 'x', 'openai', 'x', 9000000);
create temp table known as select id, scope, generation from pg_temp.periods('f00a');
update public.company_plans set monthly_limit_usd = 20 where company_id = pg_temp.id('f00a');
select results_eq($$select p.scope, p.generation > k.generation from pg_temp.periods('f00a') as p join known as k using (id)$$, $$values ('company', true), ('agent', false)$$, 'a plan is nothing to an agent');
update known as k set generation = p.generation from pg_temp.periods('f00a') as p where p.id = k.id;
update public.companies set time_zone = time_zone where id = pg_temp.id('f00a');
select is((select bool_or(p.generation > k.generation) from pg_temp.periods('f00a') as p join known as k using (id)), false, 'the same time zone is none that changes');
insert into public.budget_periods (company_id, month, starts_at, ends_at, limit_micro_usd) values (pg_temp.id('f00b'), pg_temp.this_month() + interval '1 month', clock_timestamp() + interval '1 minute', clock_timestamp() + interval '40 days', 1);
update public.companies set time_zone = 'Europe/Berlin' where id = pg_temp.id('f00a');
select ok((select bool_and(ends_at > clock_timestamp() + interval '2 minutes') from pg_temp.periods('f00a')), 'the next month of another company ends nobody else''s');

-- Of several months that are open, the one that runs.
update public.budget_periods set generation = generation + 1 where company_id = pg_temp.id('f00b') and month = pg_temp.this_month();
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('f00b'), pg_temp.id('f10b'), 'x', 'openai', 'x', 9000000);
select is((select array_agg(month) from pg_temp.periods('f00b') where scope = 'agent'), array[pg_temp.this_month()], 'a new limit counts in the month that runs');
select results_eq($$select scope, budget_month from public.budget_status(pg_temp.id('f00b'))$$, $$values ('company', pg_temp.this_month()), ('agent', pg_temp.this_month())$$, 'which is the one that is shown');
select results_eq($$select scope, service from public.budget_status(pg_temp.id('f009')) where scope = 'service'$$, $$values ('service', 'other')$$, 'without the limits that were lifted');
create temp table closed as select id, ends_at from pg_temp.periods('f009') where status = 'closed';
update public.companies set time_zone = 'Asia/Tokyo' where id = pg_temp.id('f009');
select is((select count(*) from closed join pg_temp.periods('f009') using (id, ends_at)), (select count(*) from closed), 'nor does a time zone move them');

-- What a plan and the alerts say is the company's; the limit of an agent is its own.
update public.company_plans set enforcement = 'soft' where company_id = pg_temp.id('f00a');
insert into public.company_config (company_id, budget_alert_percents) values (pg_temp.id('f00a'), '{7,77}') on conflict (company_id) do update set budget_alert_percents = excluded.budget_alert_percents;
select results_eq($$select scope, limit_micro_usd, enforcement, alert_percents from pg_temp.periods('f00a')$$, $$values ('company', 20000000::bigint, 'soft', '{7,77}'::integer[]), ('agent', 9000000, 'hard', '{7,77}')$$, 'new alerts reach both, the plan only the company');
select public.check_budget_before_usage(pg_temp.id('f00a'), null, 1, reservation_id => pg_temp.id('f201')), public.check_budget_before_usage(pg_temp.id('f00a'), pg_temp.id('f10a'), 0.5);
update private.budget_reservations set expires_at = now() - interval '1 minute' where company_id = pg_temp.id('f00a') and id = pg_temp.id('f201');
select results_eq($$select scope, reserved_usd from public.budget_status(pg_temp.id('f00a'))$$, $$values ('company', 0.500000), ('agent', 0.500000)$$, 'a hold that has expired is left out where it was held');

-- What a row may be ---------------------------------------------------------------------------------------------------
create function pg_temp.refuses(p_set text) returns text language plpgsql as $$
begin
  return pg_temp.refused(format('update public.budget_periods set %s where company_id = pg_temp.id(''f001'')', p_set), '23514', 'invalid_budget_period', 'no budget has ' || p_set);
end
$$;
select pg_temp.refuses(s) from unnest(array['scope = ''team''', 'scope = ''agent''', 'agent_id = gen_random_uuid()', 'service = ''x''', 'month = month + 1', 'ends_at = starts_at',
  'enforcement = ''none''', 'stripe_count = 1', 'status = ''gone''', 'status = ''closed''']) as s;

select * from finish();
rollback;
