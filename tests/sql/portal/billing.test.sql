-- Billing: what companies pay, who is behind, changes of plan and what they do to the month that runs; and a member's own.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
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
-- Those of the seed are out of the way.
update public.companies set status = 'closed' where not is_operator and status <> 'closed';
insert into public.companies (id, slug, name, contact_email)
select pg_temp.id('d10' || n), 'bill-' || n, 'Bill ' || n, 'a@b.example' from generate_series(1, 8) as n;
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, monthly_price_usd) values
  (pg_temp.id('d101'), 'starter', null, null), (pg_temp.id('d102'), 'professional', null, null), (pg_temp.id('d103'), 'enterprise', null, 1500),
  (pg_temp.id('d104'), 'custom', 5000, null), (pg_temp.id('d105'), 'custom', 5000, 3200.5), (pg_temp.id('d106'), 'starter', null, null), (pg_temp.id('d107'), 'starter', null, null);
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['d901', 'd902', 'd903', 'd905']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('d101'), pg_temp.id('d901'), 'd901@b.example', 'Client', 'client'),
  (pg_temp.id('d101'), pg_temp.id('d902'), 'd902@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('d102'), pg_temp.id('d903'), 'd903@b.example', 'Other', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('d905'), 'd905@b.example', 'Operator', 'admin');

-- Prices -------------------------------------------------------------------------------------------------------------------
select is((select array_agg(p.monthly_price_usd::float order by p.company_id) from public.company_plans as p where p.company_id in (pg_temp.id('d101'), pg_temp.id('d102'), pg_temp.id('d103'), pg_temp.id('d105'))), '{100,500,1500,3200.5}', 'the price of the tier, unless another was agreed');
select is((select p.monthly_price_usd from public.company_plans as p where p.company_id = pg_temp.id('d104')), null, 'what is negotiated has none');
create function pg_temp.pays(p_tail text) returns text language sql as $$
  select concat_ws(' ', b.recurring_minor, b.recurring_currency, coalesce(b.recurring_source, '-')) from private.billing_rows(pg_temp.id(p_tail)) as b
$$;
select is(pg_temp.pays(t), a, t) from (values ('d101', '10000 USD plan'), ('d103', '150000 USD plan'), ('d104', '0 USD -'), ('d105', '320050 USD plan'), ('d108', '0 USD -')) as v (t, a);
-- Stripe goes before the plan.
insert into public.billing_accounts (company_id, stripe_subscription_id, subscription_status, currency, monthly_amount_minor) values
  (pg_temp.id('d102'), 'sub_1', 'active', 'EUR', 44000), (pg_temp.id('d106'), 'sub_2', 'trialing', 'USD', 9900), (pg_temp.id('d101'), null, null, null, 0);
insert into public.billing_accounts (company_id, stripe_subscription_id, subscription_status, currency, monthly_amount_minor, payment_status, payment_stage, past_due_since, grace_ends_at, suspends_at, last_error)
values (pg_temp.id('d107'), 'sub_3', 'past_due', 'USD', 8800, 'past_due', 'grace', now(), now(), now(), 'down');
select is(pg_temp.pays(t), a, t) from (values ('d101', '10000 USD plan'), ('d102', '44000 EUR stripe'), ('d106', '0 USD stripe'), ('d107', '8800 USD stripe')) as v (t, a);
create function pg_temp.with_status(p_status text) returns text language plpgsql as $$
begin
  update public.billing_accounts set subscription_status = p_status where company_id = pg_temp.id('d106');
  return pg_temp.pays('d106');
end
$$;
select is(pg_temp.with_status(s), case when s in ('active', 'past_due') then '9900 USD stripe' else '0 USD stripe' end, s)
  from unnest(array['active', 'past_due', 'incomplete', 'incomplete_expired', 'canceled', 'unpaid', 'paused', 'trialing']) as s;
update public.companies set status = 'suspended' where id in (pg_temp.id('d105'), pg_temp.id('d102'));
select is(pg_temp.pays('d105'), '0 USD plan', 'a company that is suspended pays no plan');
select is(pg_temp.pays('d102'), '44000 EUR stripe', 'but a subscription that runs');
update public.companies set status = 'active' where id in (pg_temp.id('d105'), pg_temp.id('d102'));
update public.companies set status = 'closed' where id = pg_temp.id('d103');
select is(pg_temp.pays('d103'), '0 USD plan', 'one that is closed pays nothing');
update public.companies set status = 'active' where id = pg_temp.id('d103');
insert into public.company_plans (company_id, plan_tier) select c.id, 'enterprise' from public.companies as c where c.is_operator;
select is((select b.recurring_minor from public.companies as c cross join lateral private.billing_rows(c.id) as b where c.is_operator), 0::bigint, 'the operator pays nobody');

-- All of them --------------------------------------------------------------------------------------------------------------
create function pg_temp.list(p_arguments text, p_columns text default 'slug') returns text language sql as $$
  select pg_temp.says('platform_admin', 'd905', format('select string_agg(concat_ws('' '', %s), '', '' order by n) from (select b.*, row_number() over () as n from public.billing_overview(%s) as b) as b', p_columns, p_arguments))
$$;
select is(pg_temp.list('search => ''bill-'''), 'bill-1, bill-2, bill-3, bill-4, bill-5, bill-6, bill-7, bill-8', 'by name');
select is(pg_temp.list('search => ''bill-'', payment_status => ''past_due''', 'slug, plan_tier, monthly_limit_usd::float, monthly_price_usd::float, enforcement, recurring_minor, subscription_status, payment_status, payment_stage, past_due_since is null, grace_ends_at is null, suspends_at is null, cancel_at_period_end, stripe_error'),
  'bill-7 starter 100 100 hard 8800 past_due past_due grace f f f f down', 'who is behind');
select is(pg_temp.list('search => ''bill-'', payment_status => ''ok'''), 'bill-1, bill-2, bill-3, bill-4, bill-5, bill-6, bill-8', 'who is not');
select is(pg_temp.list('plan_tier => ''professional'', search => ''BILL'''), 'bill-2', 'by tier');
update public.companies set stripe_customer_id = 'cus_bill7' where id = pg_temp.id('d107');
select is(pg_temp.list('search => ''cus_bill7'''), 'bill-7', 'by customer');
select is(pg_temp.list('search => ''bill-'', max_rows => 3'), 'bill-1, bill-2, bill-3', 'a page');
select is(pg_temp.list(format('search => ''bill-'', max_rows => 3, after => ''%s bill 3''', pg_temp.id('d103'))), 'bill-4, bill-5, bill-6', 'the next');
select is((select b.page_key from private.billing_rows(pg_temp.id('d103')) as b), pg_temp.id('d103') || ' bill 3', 'by the key that the last row has');
update public.companies set name = 'Bill 3' where id = pg_temp.id('d104');
select is(pg_temp.list(format('search => ''bill-'', max_rows => 1, after => ''%s bill 3''', pg_temp.id('d103'))), 'bill-4', 'who has the same name follows');
select is(pg_temp.list(a), '22023 invalid_page', a) from unnest(array['max_rows => 0', 'max_rows => 201', 'max_rows => null', 'after => ''x''']) as a;
select is(pg_temp.list('max_rows => 200, search => ''none''') is null, true, 'at most 200');
select is(pg_temp.says('service_role', null, $$ select string_agg(concat_ws(' ', plan_tier, currency, companies, recurring_minor, stripe_recurring_minor, past_due_companies, past_due_minor, unpriced_companies), ', ' order by n) from (select t.*, row_number() over () as n from public.billing_totals() as t) as t $$),
  'starter USD 3 18800 8800 1 8800 0, professional EUR 1 44000 44000 0 0 0, enterprise USD 1 150000 0 0 0 0, custom USD 2 320050 0 0 0 1, none USD 1 0 0 0 0 1', 'what they come to, by tier and currency');

-- A change of plan ----------------------------------------------------------------------------------------------------------
create function pg_temp.change(p_arguments text, p_role text default 'platform_admin', p_user text default 'd905') returns text language sql as $$
  select pg_temp.says(p_role, p_user, format('select concat_ws('' '', p.plan_tier, p.monthly_limit_usd::float, coalesce(p.monthly_price_usd::float::text, ''-''), p.enforcement, p.features ->> ''members'', p.is_active) from public.change_company_plan(%s) as p', p_arguments))
$$;
create function pg_temp.month() returns text language sql as $$
  select string_agg(concat_ws(' ', p.limit_micro_usd, p.enforcement), ', ') from public.budget_periods as p
   where p.company_id = pg_temp.id('d101') and p.scope = 'company' and p.status = 'open' and p.ends_at > now()
$$;
select is(pg_temp.change(format('%L, ''professional'', reason => ''Growing.''', pg_temp.id('d101'))), 'professional 500 500 hard 50 t', 'another tier, with its limit, price and features');
select is(pg_temp.month(), '500000000 hard', 'the month has its limit at once');
select is((select concat_ws(' ', count(*), count(*) filter (where p.is_active), max(p.plan_tier) filter (where not p.is_active)) from public.company_plans as p where p.company_id = pg_temp.id('d101')), '2 1 starter', 'the plan before is history');
select is((select concat_ws(' ', l.actor_id, l.actor_role, l.changes ->> 'reason', l.changes #>> '{plan_tier,old}', l.changes #>> '{plan_tier,new}', (l.changes #>> '{monthly_limit_usd,old}')::float, (l.changes #>> '{monthly_limit_usd,new}')::float, (l.changes #>> '{monthly_price_usd,old}')::float, (l.changes #>> '{monthly_price_usd,new}')::float, l.changes #>> '{enforcement,old}', l.changes #>> '{enforcement,new}')
    from public.audit_logs as l join public.company_plans as p on p.company_id = l.company_id and p.id = l.row_id and p.is_active where l.company_id = pg_temp.id('d101') and l.action = 'plan.changed'),
  concat_ws(' ', pg_temp.id('d905'), 'admin Growing. starter professional 100 500 100 500 hard hard'), 'who changed it, why, from what to what');
select is(pg_temp.change(format('%L, monthly_limit_usd => 700, reason => ''x''', pg_temp.id('d101'))), 'professional 700 500 hard 50 t', 'the limit alone: the rest stays');
select is(pg_temp.change(format('%L, ''professional'', monthly_price_usd => 450, enforcement => ''soft'', features => ''{"members": 7}'', reason => ''x''', pg_temp.id('d101'))), 'professional 700 450 soft 7 t', 'price, enforcement and features alone');
select is(pg_temp.change(format('%L, ''professional'', reason => ''x''', pg_temp.id('d101'))), 'professional 700 450 soft 7 t', 'the same tier keeps them');
select is(pg_temp.month(), '700000000 soft', 'so does the month');
select is(pg_temp.change(format('%L, ''custom'', reason => ''x''', pg_temp.id('d101'))), '23502 plan_limit_required', 'a custom plan needs its limit');
select is(pg_temp.change(format('%L, ''custom'', 50, reason => ''x''', pg_temp.id('d101'))), 'custom 50 - soft t', 'and has no price unless one is stated');
select is(pg_temp.change(format('%L, ''starter'', enforcement => ''hard'', reason => ''x''', pg_temp.id('d101'))), 'starter 100 100 hard 5 t', 'back');
-- A limit below what is spent refuses the next call.
select is(pg_temp.says('service_role', null, format($$ select (public.log_api_usage_and_update_budget(%L, 'chat', null, 'x', 60)).is_over_budget $$, pg_temp.id('d101'))), 'false', 'sixty of a hundred');
select is(pg_temp.change(format('%L, monthly_limit_usd => 50, reason => ''x''', pg_temp.id('d101'))), 'starter 50 100 hard 5 t', 'a lower limit');
select is(pg_temp.says('service_role', null, format($$ select public.log_api_usage_and_update_budget(%L, 'chat', null, 'x', 1) $$, pg_temp.id('d101'))) ~ '^PT402 budget_exceeded', true, 'takes effect at once');
select is(pg_temp.change(format('%L, monthly_limit_usd => 61, reason => ''x''', pg_temp.id('d101'))), 'starter 61 100 hard 5 t', 'a higher one');
select is(pg_temp.says('service_role', null, format($$ select (public.log_api_usage_and_update_budget(%L, 'chat', null, 'x', 1)).is_over_budget $$, pg_temp.id('d101'))), 'false', 'as well');
-- What billing has set stays.
update public.company_plans set payment_limit_usd = 30, stripe_subscription_id = 'sub_9', stripe_price_id = 'price_9' where company_id = pg_temp.id('d101') and is_active;
select is(pg_temp.change(format('%L, monthly_limit_usd => 80, reason => ''x''', pg_temp.id('d101'))), 'starter 80 100 hard 5 t', 'a limit that is cut for an overdue payment');
select is(pg_temp.month(), '30000000 hard', 'stays cut');
select is((select concat_ws(' ', p.stripe_subscription_id, p.stripe_price_id) from public.company_plans as p where p.company_id = pg_temp.id('d101') and p.is_active), 'sub_9 price_9', 'with subscription and price');
select is(pg_temp.change(format('%L, ''enterprise'', reason => ''x''', pg_temp.id('d101'))), 'enterprise 2000 2000 hard 1000 t', 'of another tier');
select is((select concat_ws(' ', p.stripe_subscription_id, coalesce(p.stripe_price_id, '-'), p.payment_limit_usd::float) from public.company_plans as p where p.company_id = pg_temp.id('d101') and p.is_active), 'sub_9 - 30', 'the price is not the one');
-- The first plan of a company
select is(pg_temp.change(format('%L, reason => ''x''', pg_temp.id('d108'))), '22023 invalid_plan', 'who has no plan is given a tier');
select is(pg_temp.change(format('%L, ''starter'', reason => ''x''', pg_temp.id('d108'))), 'starter 100 100 hard 5 t', 'so');
-- Retries
select is(pg_temp.change(format('%L, ''professional'', 321, 0, ''soft'', ''{"members": 1}'', ''x'', %L', pg_temp.id('d108'), pg_temp.id('d001')), 'service_role', null), 'professional 321 0 soft 1 t', 'a change with an id');
select is(pg_temp.change(format('%L, ''professional'', 321, 0, ''soft'', ''{"members": 1}'', ''x'', %L', pg_temp.id('d108'), pg_temp.id('d001')), 'service_role', null), 'professional 321 0 soft 1 t', 'a retry');
select is((select count(*) from public.company_plans as p where p.company_id = pg_temp.id('d108')) || ' ' || (select count(*) from public.audit_logs as l where l.company_id = pg_temp.id('d108') and l.action = 'plan.changed'), '2 2', 'changes nothing');
select is(pg_temp.change(format('%L, %s, ''x'', %L', pg_temp.id('d108'), a, pg_temp.id('d001'))), 'PT422 plan_reused', 'another change with the id: ' || a)
  from unnest(array['''starter'', 321, 0, ''soft'', ''{"members": 1}''', '''professional'', 322, 0, ''soft'', ''{"members": 1}''', '''professional'', 321, 1, ''soft'', ''{"members": 1}''', '''professional'', 321, 0, ''hard'', ''{"members": 1}''', '''professional'', 321, 0, ''soft'', ''{"members": 2}''']) as a;
select is(pg_temp.change(format('%L, reason => ''x'', plan_id => %L', pg_temp.id('d108'), pg_temp.id('d001'))), 'professional 321 0 soft 1 t', 'what is left out is what it is');
select is(pg_temp.change(format('%L, ''starter'', reason => ''x'', plan_id => %L', pg_temp.id('d107'), pg_temp.id('d001'))), 'starter 100 100 hard 5 t', 'an id is a company''s');
-- What cannot be
select is(pg_temp.change(format('%L, %s', pg_temp.id('d108'), a)), '22023 invalid_plan', a)
  from unnest(array['''gold'', reason => ''x''', '''starter''', '''starter'', reason => '' ''', '''starter'', reason => repeat(''x'', 1001)', 'monthly_limit_usd => -1, reason => ''x''', 'monthly_limit_usd => 99999999.5, reason => ''x''', 'monthly_limit_usd => ''NaN'', reason => ''x''',
    'monthly_price_usd => -1, reason => ''x''', 'monthly_price_usd => 10000001, reason => ''x''', 'enforcement => ''none'', reason => ''x''', 'features => ''[]'', reason => ''x''']) as a;
select is(pg_temp.change(format('%L, %s', pg_temp.id('d108'), a)) ~ ' t$', true, left(a, 60))
  from unnest(array['monthly_limit_usd => 0, reason => repeat(''x'', 1000)', 'monthly_limit_usd => 99999999, reason => ''x''', 'monthly_price_usd => 10000000, reason => ''x''']) as a;
select is(pg_temp.change(format('%L, ''starter'', reason => ''x''', pg_temp.id('dead'))), 'PT404 unknown_company', 'no such company');
update public.companies set status = 'closed' where id = pg_temp.id('d106');
select is(pg_temp.change(format('%L, ''starter'', reason => ''x''', pg_temp.id('d106'))), 'PT410 company_closed', 'a closed one');
update public.companies set status = 'suspended' where id = pg_temp.id('d105');
select is(pg_temp.change(format('%L, ''starter'', reason => ''x''', pg_temp.id('d105'))), 'starter 100 100 hard 5 t', 'a suspended one may get another plan');

-- A member's own, and who may ------------------------------------------------------------------------------------------------
update public.billing_accounts set last_error = 'x' where company_id = pg_temp.id('d101');
select is(pg_temp.says('authenticated', 'd901', 'select concat_ws('' '', count(*), min(b.slug), min(b.plan_tier), min(b.recurring_minor), coalesce(min(b.stripe_error), ''-''), coalesce(min(b.page_key), ''-'')) from public.my_billing() as b'), '1 bill-1 enterprise 200000 - -', 'a member sees their company''s');
select is(pg_temp.says('authenticated', 'd903', 'select concat_ws('' '', count(*), min(b.slug)) from public.my_billing() as b'), '1 bill-2', 'another theirs');
select is(pg_temp.says('authenticated', u, 'select count(*) from public.my_billing()'), '42501 not_your_company', u || ' may not see it') from unnest(array['d902', 'dead']) as u;
select is(left(pg_temp.says(r, 'd905', 'select count(*) from public.my_billing()'), 5), '42501', 'my_billing: ' || r) from unnest(array['platform_admin', 'service_role', 'anon']) as r;
select is(pg_temp.says('platform_admin', 'd901', s), '42501 not_an_operator', 'who is no operator any more: ' || left(s, 50))
  from unnest(array['select count(*) from public.billing_overview()', 'select count(*) from public.billing_totals()', 'select public.change_company_plan(pg_temp.id(''d101''), ''starter'', reason => ''x'')']) as s;
select is(left(pg_temp.says(r, 'd901', s), 5), '42501', r || ': ' || left(s, 50))
  from unnest(array['select count(*) from public.billing_overview()', 'select count(*) from public.billing_totals()', 'select public.change_company_plan(pg_temp.id(''d101''), ''starter'', reason => ''x'')']) as s, unnest(array['authenticated', 'anon']) as r;

select * from finish();
rollback;
