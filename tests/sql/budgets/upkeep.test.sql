-- Budgets over time: status, adjustments, closing, comparing with the ledger, bringing home and forgetting.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(103);

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
  (pg_temp.id('e001'), 'upkeep-a', 'x', 'a@b.example'), (pg_temp.id('e002'), 'upkeep-b', 'x', 'a@b.example'), (pg_temp.id('e003'), 'upkeep-c', 'x', 'a@b.example');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('e001'), 'custom', 10), (pg_temp.id('e002'), 'custom', 10);
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values
  (pg_temp.id('e001'), pg_temp.id('e101'), 'limited', 'openai', 'x', 4000000);
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('e001'), 'limited', 3000000);
insert into auth.users (id, email) values (pg_temp.id('e901'), 'e901@b.example'), (pg_temp.id('e902'), 'e902@b.example'),
  (pg_temp.id('e903'), 'e903@b.example'), (pg_temp.id('e904'), 'e904@b.example') on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client'),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'e903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'client');
create function pg_temp.log(p_company text, p_cost numeric, p_agent text default null, p_service text default 'free', p_reservation uuid default null)
returns void language sql as $$
  select public.log_api_usage_and_update_budget(pg_temp.id(p_company), p_service, pg_temp.id(p_agent), 'test', p_cost, reservation_id => p_reservation)
$$;
create function pg_temp.hold(p_company text, p_cost numeric, p_agent text default null, p_service text default 'free') returns uuid language sql as $$
  select reservation_id from public.check_budget_before_usage(pg_temp.id(p_company), pg_temp.id(p_agent), p_cost, p_service)
$$;
create function pg_temp.month() returns date language sql as $$ select date_trunc('month', now() at time zone 'UTC')::date $$;
create function pg_temp.period(p_company text, p_scope text default 'company') returns public.budget_periods language sql as $$
  select p from public.budget_periods as p where p.company_id = pg_temp.id(p_company) and p.scope = p_scope order by p.month desc limit 1
$$;
-- As if so many had been seen to wait.
create function pg_temp.make_busy(p_company text, p_scope text default 'company') returns void language sql as $$
  insert into private.budget_stripes (company_id, budget_period_id, stripe, generation)
  select pg_temp.id(p_company), (pg_temp.period(p_company, p_scope)).id, g.n, (pg_temp.period(p_company, p_scope)).generation + 1 from generate_series(0, 63) as g (n);
  update public.budget_periods as p set stripe_count = 64, generation = p.generation + 1 where p.company_id = pg_temp.id(p_company) and p.id = (pg_temp.period(p_company, p_scope)).id
$$;
create function pg_temp.status(p_company text) returns table (scope text, "limit" numeric, spent numeric, reserved numeric, remaining numeric, percent numeric, is_over boolean) language sql as $$
  select s.scope, s.limit_usd, s.spent_usd, s.reserved_usd, s.remaining_usd, s.spent_percent, s.is_over_budget from public.budget_status(pg_temp.id(p_company)) as s
$$;
create function pg_temp.differences(p_company text, p_mend boolean default false) returns table (scope text, difference numeric, held numeric, is_mended boolean) language sql as $$
  select r.scope, r.difference_usd, r.held_difference_usd, r.is_mended from public.reconcile_budget(pg_temp.id(p_company), pg_temp.month(), p_mend) as r
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- Status --------------------------------------------------------------------------------------------------------------
set local role service_role;
select results_eq($$select * from pg_temp.status('e003')$$, $$values ('company', 0.000000, 0.0, 0.0, 0.000000, null::numeric, false)$$, 'a company without a plan has nothing, and no month');
select results_eq($$select budget_month, period_starts_at, period_ends_at, enforcement from public.budget_status(pg_temp.id('e003'))$$,
  $$values (pg_temp.month(), pg_temp.month()::timestamp at time zone 'UTC', (pg_temp.month() + interval '1 month') at time zone 'UTC', 'hard')$$, 'it is shown as it will open');
select pg_temp.log('e001', 2, 'e101', 'limited'), pg_temp.log('e001', 1);
select pg_temp.hold('e001', 0.5, 'e101');
select results_eq($$select * from pg_temp.status('e001')$$, $$values
  ('company', 10::numeric, 3::numeric, 0.5, 6.5, 30::numeric, false), ('agent', 4, 2, 0.5, 1.5, 50, false), ('service', 3, 2, 0, 1, 66.67, false)$$, 'what is spent, held and left, of the company and what is limited in it');
select results_eq($$select agent_id, service from public.budget_status(pg_temp.id('e001'))$$, $$values (null::uuid, null::text), (pg_temp.id('e101'), null), (null, 'limited')$$, 'each by its name');
reset role;
select pg_temp.make_busy('e001'), pg_temp.make_busy('e001', 'agent');
set local role service_role;
select pg_temp.log('e001', 0.25, 'e101'), pg_temp.log('e001', 0.25, 'e101');
select pg_temp.hold('e001', 0.1, 'e101');
select results_eq($$select spent, reserved, remaining from pg_temp.status('e001')$$, $$values (3.5, 0.6, 5.9), (2.5, 0.6, 0.9), (2, 0, 1)$$, 'to the call, also when it is busy');
select pg_temp.refused('select * from public.budget_status(null)', 'PT404', 'unknown_company', 'no company has no status');
select pg_temp.refused($$select * from public.budget_status(pg_temp.id('e0ff'))$$, 'PT404', 'unknown_company', 'nor has one that does not exist');
reset role;
update private.budget_reservations set expires_at = now() - interval '1 s' where amount_micro_usd = 100000 and company_id = pg_temp.id('e001');
set local role service_role;
select results_eq($$select reserved, remaining from pg_temp.status('e001') where scope = 'company'$$, $$values (0.5, 6.0)$$, 'what has expired is free');
reset role;
set local role authenticated;
select pg_temp.be('e901');
select is((select count(*) from public.budget_status(pg_temp.id('e001'))), 3::bigint, 'a client sees it');
select pg_temp.refused($$select * from public.budget_status(pg_temp.id('e002'))$$, '42501', 'not_your_company', 'not another company''s');
select pg_temp.be('e902');
select pg_temp.refused($$select * from public.budget_status(pg_temp.id('e001'))$$, '42501', 'not_your_company', 'an agent without the permission does not');
select pg_temp.be('e903');
select pg_temp.refused($$select * from public.budget_status(pg_temp.id('e001'))$$, '42501', 'not_your_company', 'nor does a compliance administrator');
reset role;
set local role anon;
select throws_ok($$select * from public.budget_status(pg_temp.id('e001'))$$, '42501', null, 'nor a visitor');
reset role;
set local role platform_admin;
select pg_temp.be('a000', '{"role": "platform_admin"}');
select is((select count(*) from public.budget_status(pg_temp.id('e001'))), 3::bigint, 'an operator does');
select pg_temp.be('e901', '{"role": "platform_admin"}');
select pg_temp.refused($$select * from public.budget_status(pg_temp.id('e001'))$$, '42501', 'not_an_operator', 'unless they are none any more');
select pg_temp.refused($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), -1, 'x')$$, '42501', 'not_an_operator', 'who then adjusts nothing');
select pg_temp.refused($$select * from public.reconcile_budget(pg_temp.id('e001'), pg_temp.month())$$, '42501', 'not_an_operator', 'nor compares');
reset role;
set local role authenticated;
select pg_temp.be('e901');
select throws_ok($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), -1, 'x')$$, '42501', null, 'a member adjusts nothing');
select throws_ok($$select * from public.reconcile_budget(pg_temp.id('e001'), pg_temp.month())$$, '42501', null, 'nor compares');
select throws_ok($$insert into public.budget_adjustments (company_id, budget_period_id, amount_micro_usd, reason) select company_id, id, -1, 'x' from public.budget_periods limit 1$$, '42501', null, 'nor writes one');
reset role;

-- Adjustments ---------------------------------------------------------------------------------------------------------
set local role platform_admin;
select pg_temp.be('a000', '{"role": "platform_admin"}');
select is(public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), -1.5, 'goodwill', pg_temp.id('e201')), pg_temp.id('e201'), 'an operator gives a credit');
select is(public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), -1.5, 'goodwill', pg_temp.id('e201')), pg_temp.id('e201'), 'and repeats it');
select results_eq($$select spent, remaining from pg_temp.status('e001') where scope = 'company'$$, $$values (2.0, 7.5)$$, 'it counts once');
select results_eq($$select spent from pg_temp.status('e001') where scope = 'agent'$$, $$values (2.5)$$, 'for the company alone');
select pg_temp.refused(format($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), %s, %L, pg_temp.id('e201'))$$, a.amount, a.reason), 'PT422', 'adjustment_reused', 'an id is for one: ' || a.reason)
  from (values (-1.4, 'goodwill'), (-1.5, 'another')) as a (amount, reason);
select pg_temp.refused(format($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), %s, 'x')$$, a), '22023', 'invalid_amount', coalesce(a, 'null') || ' is no amount')
  from unnest(array['0', 'null', '''NaN''', '''Infinity''', '1000000001', '-1000000001']) as a;
select pg_temp.refused(format($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), %s, %s)$$, a.amount, a.reason), '22023', 'invalid_adjustment', a.what)
  from (values ('1', 'null', 'without a reason'), ('1', $$' '$$, 'a blank one'), ('1', $$repeat('x', 1001)$$, 'a long one'), ('0.0000004', $$'x'$$, 'less than a millionth')) as a (amount, reason, what);
select pg_temp.refused(format($$select public.adjust_budget(%s, %s, 1, 'x')$$, a.company, a.month), 'PT404', 'unknown_budget_month', a.what)
  from (values ($$pg_temp.id('e001')$$, $$'1999-01-01'$$, 'a month that never was'), ($$pg_temp.id('e001')$$, 'pg_temp.month() + 1', 'a day that begins none'), ($$pg_temp.id('e001')$$, 'null', 'no month'), ($$pg_temp.id('e0ff')$$, 'pg_temp.month()', 'no company'), ('null', 'pg_temp.month()', 'null')) as a (company, month, what);
select lives_ok($$select public.adjust_budget(pg_temp.id('e003'), pg_temp.month(), 1, 'x')$$, 'a month that nobody has opened is opened');
reset role;
select results_eq($$select budget_period_id, amount_micro_usd, reason, created_by from public.budget_adjustments where company_id = pg_temp.id('e001')$$,
  $$values ((pg_temp.period('e001')).id, -1500000::bigint, 'goodwill', pg_temp.id('a000'))$$, 'it is kept who did it and why');
select results_eq($$select actor_id, actor_role, action, table_name, row_id, changes from public.audit_logs where company_id = pg_temp.id('e001') and action = 'budget.adjusted'$$,
  $$values (pg_temp.id('a000'), 'admin', 'budget.adjusted', 'budget_adjustments', pg_temp.id('e201'), jsonb_build_object('month', pg_temp.month(), 'reason', 'goodwill', 'amount_micro_usd', -1500000))$$, 'also in the audit log');
select throws_ok($$update public.budget_adjustments set reason = 'y'$$, '42501', null, 'nobody changes it');
set local role service_role;
select lives_ok($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), 6, 'correction')$$, 'the backend corrects, too');
select results_eq($$select threshold_percent from public.budget_alerts where company_id = pg_temp.id('e001') and budget_period_id = (pg_temp.period('e001')).id order by 1$$, $$values (50), (80)$$, 'which may raise alerts');
select pg_temp.refused($$select pg_temp.log('e001', 2.5)$$, 'PT402', 'budget_exceeded', 'and leaves less');
select lives_ok($$select public.adjust_budget(pg_temp.id('e001'), pg_temp.month(), -6, 'back')$$, 'or more');
select lives_ok($$select pg_temp.log('e001', 2.5)$$, 'again');
reset role;

-- Comparing -----------------------------------------------------------------------------------------------------------
set local role service_role;
select results_eq($$select * from pg_temp.differences('e001')$$, $$values ('company', 0::numeric, 0::numeric, false), ('agent', 0, 0, false), ('service', 0, 0, false)$$, 'what is counted is what the ledger says');
select results_eq($$select scope, agent_id, service, status, counted_usd, ledger_usd from public.reconcile_budget(pg_temp.id('e001'), pg_temp.month(), false)$$, $$values
  ('company', null::uuid, null::text, 'open', 6.0, 6.0), ('agent', pg_temp.id('e101'), null, 'open', 2.5, 2.5), ('service', null, 'limited', 'open', 2, 2)$$, 'budget by budget');
reset role;
select is((select count(*) from private.budget_reconciliations where company_id = pg_temp.id('e001')), 3::bigint, 'it is noted');
update public.budget_periods set spent_micro_usd = spent_micro_usd + 1000000 where company_id = pg_temp.id('e001') and scope = 'company';
update public.budget_periods set reserved_micro_usd = reserved_micro_usd + 2000000 where company_id = pg_temp.id('e001') and scope = 'service';
delete from private.outbox_events;
select results_eq($$select * from pg_temp.differences('e001')$$, $$values ('company', 1::numeric, 0::numeric, false), ('agent', 0, 0, false), ('service', 0, 2, false)$$, 'a difference is reported');
select results_eq($$select * from pg_temp.differences('e001', true)$$, $$values ('company', 1::numeric, 0::numeric, true), ('agent', 0, 0, false), ('service', 0, 2, true)$$, 'and mended when told');
select results_eq($$select * from pg_temp.differences('e001', true)$$, $$values ('company', 0::numeric, 0::numeric, false), ('agent', 0, 0, false), ('service', 0, 0, false)$$, 'once');
select results_eq($$select topic, payload ->> 'scope', payload -> 'difference_usd', payload -> 'held_difference_usd', payload ->> 'month', payload ->> 'budget_period_id' from private.outbox_events order by id$$,
  $$values ('budget.mended', 'company', '1.000000'::jsonb, '0.000000'::jsonb, to_char(pg_temp.month(), 'YYYY-MM'), (pg_temp.period('e001')).id::text), ('budget.mended', 'service', '0.000000', '2.000000', to_char(pg_temp.month(), 'YYYY-MM'), (pg_temp.period('e001', 'service')).id::text)$$, 'which is told');
update public.budget_periods set spent_micro_usd = spent_micro_usd - 5000000 where company_id = pg_temp.id('e001') and scope = 'company';
select results_eq($$select spent from pg_temp.status('e001') where scope = 'company'$$, 'values (-0.5)', 'counted too little');
select results_eq($$select threshold_percent from public.budget_alerts where company_id = pg_temp.id('e001') and budget_period_id = (pg_temp.period('e001')).id order by 1$$, $$values (50), (80)$$, 'no alert is raised again');
update public.company_config set budget_alert_percents = '{44}' where company_id = pg_temp.id('e001');
insert into public.company_config (company_id, budget_alert_percents) values (pg_temp.id('e001'), '{44}') on conflict do nothing;
select is((select count(*) from public.budget_alerts where company_id = pg_temp.id('e001') and threshold_percent = 44 and budget_period_id = (pg_temp.period('e001')).id), 0::bigint, 'nor a new one before it is due');
select pg_temp.differences('e001', true);
select is((select count(*) from public.budget_alerts where company_id = pg_temp.id('e001') and threshold_percent = 44 and budget_period_id = (pg_temp.period('e001')).id), 1::bigint, 'mending raises what is due');
select pg_temp.refused($$select * from public.reconcile_budget(pg_temp.id('e001'), '1999-01-01')$$, 'PT404', 'unknown_budget_month', 'a month that never was');
select pg_temp.refused($$select * from public.reconcile_budget(null, null)$$, 'PT404', 'unknown_budget_month', 'or none');
-- Many companies, those that were left longest first.
delete from private.budget_reconciliations;
update public.budget_periods set status = 'closed', closed_at = now() where company_id not in (pg_temp.id('e001'), pg_temp.id('e002')) and status = 'open';
insert into private.budget_reconciliations select company_id, id, now() - interval '21 hours' from public.budget_periods where company_id = pg_temp.id('e001') and scope = 'company';
select is(private.reconcile_budgets(1), 1, 'some a run');
select results_eq('select distinct company_id from private.budget_reconciliations where reconciled_at > now() - interval ''1 hour''', $$values (pg_temp.id('e002'))$$, 'first those that never were compared');
select is(private.reconcile_budgets(), 1, 'then those of yesterday');
select is(private.reconcile_budgets(), 0, 'then none');
update private.budget_reconciliations set reconciled_at = now() - interval '19 hours';
select is(private.reconcile_budgets(), 0, 'before the next day');
update private.budget_reconciliations set reconciled_at = now() - interval '20 hours 1 second';
update public.budget_periods set spent_micro_usd = spent_micro_usd + 1 where company_id = pg_temp.id('e002');
select is(private.reconcile_budgets(), 2, 'it comes again');
select is((pg_temp.period('e002')).spent_micro_usd, 0::bigint, 'and mends');
-- A limit that was lifted counts nothing.
update public.ai_agents set monthly_limit_micro_usd = null where id = pg_temp.id('e101');
select results_eq($$select scope from pg_temp.differences('e001')$$, $$values ('company'), ('service')$$, 'a limit that was lifted is not compared');

-- Bringing home -------------------------------------------------------------------------------------------------------
select private.flush_budgets();
select pg_temp.make_busy('e002');
set local role service_role;
select pg_temp.log('e002', 1);
select pg_temp.log('e002', 1);
reset role;
select ok((pg_temp.period('e002')).spent_micro_usd < 2000000, 'the row of a busy budget lags behind');
select ok(private.flush_budgets() >= 1, 'until it is brought home');
select is((pg_temp.period('e002')).spent_micro_usd, 2000000::bigint, 'wholly');
select is(private.flush_budgets(), 0, 'once');

-- A hold that was taken on one stripe and given back on another.
create temp table held as select pg_temp.hold('e002', 3) as id;
update private.budget_stripes set reserved = reserved - 3000000 where company_id = pg_temp.id('e002') and stripe = (pg_backend_pid() + 1) % 64;
update private.budget_reservations set held_in = '{}' where id = (select id from held);
update private.budget_stripes set granted = 0, watched = 0, spent = 0, reserved = 0 where company_id = pg_temp.id('e002') and stripe = pg_backend_pid() % 64;
update public.budget_periods set reserved_micro_usd = reserved_micro_usd + 2000000 where company_id = pg_temp.id('e002') and scope = 'company';
update private.budget_stripes set reserved = 1000000, granted = 1000000 where company_id = pg_temp.id('e002') and stripe = (pg_backend_pid() + 2) % 64;
select is((select b.reserved from private.budget_balance(pg_temp.id('e002'), (pg_temp.period('e002')).id) as b), 0::bigint, 'given back on another stripe');
select private.fold_stripes(pg_temp.id('e002'), (pg_temp.period('e002')).id, ((pg_backend_pid() + 1) % 64)::smallint, true, false);
select is((select b.reserved from private.budget_balance(pg_temp.id('e002'), (pg_temp.period('e002')).id) as b), 0::bigint, 'nothing of it is lost when that stripe alone is brought home');
select private.flush_budgets();
select is((pg_temp.period('e002')).reserved_micro_usd, 0::bigint, 'nor with the rest');

-- Closing -------------------------------------------------------------------------------------------------------------
delete from private.outbox_events;
select is(private.close_budget_periods(), 0, 'a month that runs is not closed');
update public.budget_periods set month = month - interval '1 month', starts_at = starts_at - interval '1 month', ends_at = now() - interval '3 days' + interval '1 minute', generation = generation + 1
 where company_id = pg_temp.id('e001') and status = 'open';
select is(private.close_budget_periods(), 0, 'nor is one that has just ended');
update public.budget_periods set ends_at = now() - interval '3 days' - interval '1 second', generation = generation + 1 where company_id = pg_temp.id('e001') and status = 'open';
update private.budget_reservations set expires_at = now() - interval '1 hour' where company_id = pg_temp.id('e001');
select is(private.close_budget_periods(), 2, 'after three days it is, with what is limited in it');
select is(private.close_budget_periods(), 0, 'once');
select results_eq($$select scope, status, closed_at is not null, stripe_count, reserved_micro_usd from public.budget_periods where company_id = pg_temp.id('e001') and scope <> 'agent' order by scope$$,
  $$values ('company', 'closed', true, 0::smallint, 0::bigint), ('service', 'closed', true, 0::smallint, 0)$$, 'what was held in it has gone back');
select is((select count(*) from private.budget_stripes where company_id = pg_temp.id('e001')), 0::bigint, 'and its stripes are gone');
select results_eq($$select topic, payload -> 'spent_micro_usd', payload -> 'limit_micro_usd', payload -> 'adjusted_micro_usd', payload ->> 'budget_period_id', payload ->> 'month' from private.outbox_events$$,
  $$values ('budget.period_closed', '6000000'::jsonb, '10000000'::jsonb, '-1500000'::jsonb, (pg_temp.period('e001')).id::text, to_char(pg_temp.month() - interval '1 month', 'YYYY-MM'))$$, 'the company''s is told');
select throws_ok(format('update public.budget_periods set %s where company_id = pg_temp.id(''e001'') and scope = ''company''', c), '23514', null, 'a closed month keeps ' || c)
  from unnest(array['spent_micro_usd = 0', 'limit_micro_usd = 0', 'reserved_micro_usd = 1', 'ends_at = now()', 'starts_at = now() - interval ''90 days''', 'month = month - interval ''1 month''', 'status = ''open'', closed_at = null']) as c;
set local role service_role;
select lives_ok($$select public.adjust_budget(pg_temp.id('e001'), (pg_temp.month() - interval '1 month')::date, -1, 'late')$$, 'but takes an adjustment');
select results_eq($$select scope, status, difference_usd, is_mended from public.reconcile_budget(pg_temp.id('e001'), (pg_temp.month() - interval '1 month')::date)$$, $$values ('company', 'closed', 6.0, false)$$, 'it is compared, not mended');
reset role;
select is((select adjusted_micro_usd from public.budget_periods where company_id = pg_temp.id('e001') and scope = 'company' and status = 'closed'), -2500000::bigint, 'which counts');

-- Forgetting ----------------------------------------------------------------------------------------------------------
select private.prune_budgets();
insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at, created_at) values
  (pg_temp.id('e002'), 'old', gen_random_uuid(), now(), now() - interval '31 days'), (pg_temp.id('e002'), 'young', gen_random_uuid(), now(), now() - interval '29 days');
insert into private.budget_reservations (company_id, id, amount_micro_usd, held_in, expires_at, created_at) values
  (pg_temp.id('e002'), pg_temp.id('e301'), 1, '{}', now() - interval '31 days', now() - interval '32 days'),
  (pg_temp.id('e002'), pg_temp.id('e302'), 1, '{}', now() - interval '29 days', now() - interval '32 days'),
  (pg_temp.id('e002'), pg_temp.id('e303'), 1, array[(pg_temp.period('e002')).id], now() - interval '31 days', now() - interval '32 days'),
  (pg_temp.id('e002'), pg_temp.id('e304'), 1, '{}', now() - interval '31 days', now() - interval '29 days');
insert into private.outbox_events (company_id, id, topic, status, finished_at) values
  (pg_temp.id('e002'), pg_temp.id('e401'), 'test.a', 'delivered', now() - interval '31 days'), (pg_temp.id('e002'), pg_temp.id('e402'), 'test.a', 'dead', now() - interval '29 days'),
  (pg_temp.id('e002'), pg_temp.id('e403'), 'test.a', 'pending', null);
update private.outbox_events set created_at = now() - interval '60 days' where id = pg_temp.id('e403');
insert into private.budget_reservations (company_id, id, amount_micro_usd, held_in, expires_at, created_at) values
  (pg_temp.id('e001'), pg_temp.id('e305'), 1, array[(select id from public.budget_periods where company_id = pg_temp.id('e001') and scope = 'service' and status = 'closed' limit 1)], now() - interval '31 days', now() - interval '32 days');
select is(private.prune_budgets(), 4, 'what is older than thirty days and done is forgotten');
select results_eq($$select idempotency_key from private.usage_keys where company_id = pg_temp.id('e002')$$, $$values ('young')$$, 'keys');
select results_eq($$select id from private.budget_reservations where company_id = pg_temp.id('e002') and id::text like '%e30_' order by 1$$, $$values (pg_temp.id('e302')), (pg_temp.id('e303')), (pg_temp.id('e304'))$$, 'reservations that hold nothing');
select is_empty($$select from private.budget_reservations where id = pg_temp.id('e305')$$, 'or only what is closed');
select results_eq($$select id from private.outbox_events where id::text like '%e40_' order by 1$$, $$values (pg_temp.id('e402')), (pg_temp.id('e403'))$$, 'and events that are finished');

-- Who comes with what was true before ---------------------------------------------------------------------------------
select is(private.charge_scope(pg_temp.id('e002'), (pg_temp.period('e002')).id, (pg_temp.period('e002')).generation - 1, 0, 0, 10, true), 'within', 'who knows an older state of a budget looks again');
select is(private.charge_scope(pg_temp.id('e002'), (pg_temp.period('e002')).id, (pg_temp.period('e002')).generation - 1, 0, 0, -10, true), 'within', 'and back');

-- The day on which a budget was compared is its own, whatever ids others have -----------------------------------------
delete from private.budget_reconciliations;
insert into public.budget_periods (company_id, id, month, starts_at, ends_at, limit_micro_usd, status, closed_at)
select pg_temp.id('e003'), (pg_temp.period('e002')).id, month - interval '1 year', starts_at - interval '1 year', ends_at - interval '1 year', 0, 'closed', now() from public.budget_periods where company_id = pg_temp.id('e002') and id = (pg_temp.period('e002')).id;
insert into private.budget_reconciliations (company_id, budget_period_id, reconciled_at) values (pg_temp.id('e003'), (pg_temp.period('e002')).id, clock_timestamp());
select private.reconcile_budgets(1000);
select is((select count(*) from private.budget_reconciliations where company_id = pg_temp.id('e002')), 1::bigint, 'what was compared for another company was not for this');

select * from finish();
rollback;
