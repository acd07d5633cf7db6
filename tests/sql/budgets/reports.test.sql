-- usage_series(), budget_forecast() and usage_anomalies(): what a dashboard draws; and log_api_usage_batch(), which writes
-- most of what it draws: each bad event, keys, limits, months.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(207);

create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.v7(p_at timestamptz, p_tail text) returns text language sql as $$
  select substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7abc-8000-00000000' || p_tail
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
-- The same, with what it says.
create function pg_temp.said(p_sql text, p_code text, p_token text, p_message text, p_what text) returns text language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  execute p_sql;
  return fail(p_what || ': nothing was refused');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return is(array[sqlstate, v_detail, sqlerrm, (length(v_hint) > 10)::text], array[p_code, p_token, p_message, 'true'], p_what);
end
$$;
create function pg_temp.company(p_tail text, p_zone text, p_limit numeric default 10, p_enforcement text default 'hard') returns void language sql as $$
  insert into public.companies (id, slug, name, contact_email, time_zone) values (pg_temp.id(p_tail), 'reports-' || p_tail, 'x', 'a@b.example', p_zone);
  insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, enforcement) values (pg_temp.id(p_tail), 'custom', p_limit, p_enforcement)
$$;
create function pg_temp.used(
  p_company text, p_at timestamptz, p_cost numeric, p_service text default 'chat', p_agent text default null, p_model text default null,
  p_units bigint default 1, p_in bigint default null, p_out bigint default null
) returns void language sql as $$
  insert into public.api_usage (company_id, occurred_at, service, agent_id, model, cost_micro_usd, units, input_tokens, output_tokens)
  values (pg_temp.id(p_company), p_at, p_service, pg_temp.id(p_agent), p_model, (p_cost * 1000000)::bigint, p_units, p_in, p_out)
$$;

select pg_temp.company('d001', 'Europe/Berlin'), pg_temp.company('d002', 'UTC');
insert into public.ai_agents (company_id, id, name, provider, model) values
  (pg_temp.id('d001'), pg_temp.id('d101'), 'a', 'openai', 'x'), (pg_temp.id('d001'), pg_temp.id('d102'), 'b', 'openai', 'x'),
  (pg_temp.id('d002'), pg_temp.id('d103'), 'theirs', 'openai', 'x');
insert into auth.users (id, email) select pg_temp.id(t), t || '@b.example' from unnest(array['d901', 'd902', 'd903', 'd904']) as t on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('d001'), pg_temp.id('d901'), 'd901@b.example', 'Client', 'client'),
  (pg_temp.id('d001'), pg_temp.id('d902'), 'd902@b.example', 'Agent', 'agent'),
  (pg_temp.id('d001'), pg_temp.id('d903'), 'd903@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('d002'), pg_temp.id('d904'), 'd904@b.example', 'Other', 'client');

-- Days of Berlin: 31 March has 23 hours, 27 October 25.
select pg_temp.used('d001', '2024-03-30 22:59:59.999999Z', 1, 'chat', 'd101', 'big', 2, 10, 1),
       pg_temp.used('d001', '2024-03-30 23:00Z', 2, 'chat', 'd102', 'big', 3, 20, 2),
       pg_temp.used('d001', '2024-03-31 21:59:59Z', 4, 'image', 'd101', 'small', 5, 40, 4),
       pg_temp.used('d001', '2024-03-31 22:00Z', 8.000001, 'mail', null, null, 7),
       pg_temp.used('d001', '2024-10-27 00:30Z', 1, 'chat'), pg_temp.used('d001', '2024-10-27 01:30Z', 2, 'chat'),
       pg_temp.used('d002', '2024-03-31 12:00Z', 500, 'theirs', 'd103', 'theirs');
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- usage_series: what is drawn -------------------------------------------------------------------------------------------
create function pg_temp.days(p_group text default 'company', p_max integer default 20, p_starts timestamptz default '2024-03-29 23:00Z', p_ends timestamptz default '2024-04-02 22:00Z')
returns table (at timestamp, series text, requests bigint, cost numeric) language sql as $$
  select bucket_starts_at at time zone 'Europe/Berlin', series, requests, cost_usd
    from public.usage_series(pg_temp.id('d001'), p_starts, p_ends, 'day', p_group, p_max)
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
select pg_temp.be('d901');
set local role authenticated;
select results_eq(
  $$select bucket_starts_at, series, requests, units, input_tokens, output_tokens, cost_usd
      from public.usage_series(pg_temp.id('d001'), '2024-03-29 23:00Z', '2024-04-02 22:00Z')$$,
  $$values ('2024-03-29 23:00Z'::timestamptz, 'all', 1::bigint, 2::bigint, 10::bigint, 1::bigint, 1.000000),
           ('2024-03-30 23:00Z', 'all', 2, 8, 60, 6, 6), ('2024-03-31 22:00Z', 'all', 1, 7, 0, 0, 8.000001), ('2024-04-01 22:00Z', 'all', 0, 0, 0, 0, 0)$$,
  'a row for each day of the company''s time zone, the one of 23 hours and the one without usage, too');
set local time zone 'America/New_York';
select results_eq('select at, cost from pg_temp.days()',
  $$values ('2024-03-30 00:00'::timestamp, 1::numeric), ('2024-03-31 00:00', 6), ('2024-04-01 00:00', 8.000001), ('2024-04-02 00:00', 0)$$, 'wherever one looks from');
set local time zone 'UTC';
select results_eq($$select at, requests, cost from pg_temp.days(p_starts => '2024-03-30 23:00:00.000001Z', p_ends => '2024-03-31 22:00Z')$$,
  $$values ('2024-03-31 00:00'::timestamp, 1::bigint, 4::numeric)$$, 'what lies before the first instant, and on the last, is left out');
select results_eq($$select at, requests, cost from pg_temp.days(p_starts => '2024-03-30 23:00Z', p_ends => '2024-03-31 22:00:00.000001Z')$$,
  $$values ('2024-03-31 00:00'::timestamp, 2::bigint, 6::numeric), ('2024-04-01 00:00', 1, 8.000001)$$, 'on the first, and before the last, it is not');
select results_eq($$select series, at, requests, cost from pg_temp.days('service') where at <= '2024-04-01' order by at$$,
  $$values ('mail', '2024-03-30'::timestamp, 0::bigint, 0::numeric), ('image', '2024-03-30', 0, 0), ('chat', '2024-03-30', 1, 1),
           ('mail', '2024-03-31', 0, 0), ('image', '2024-03-31', 1, 4), ('chat', '2024-03-31', 1, 2),
           ('mail', '2024-04-01', 1, 8.000001), ('image', '2024-04-01', 0, 0), ('chat', '2024-04-01', 0, 0)$$, 'by service, the dearest first');
select results_eq($$select series, sum(requests), sum(cost) from pg_temp.days('agent') group by series order by 1$$,
  $$values ('00000000-0000-4000-8000-00000000d101', 2::numeric, 5::numeric), ('00000000-0000-4000-8000-00000000d102', 1, 2), ('none', 1, 8.000001)$$, 'by agent, and what none of them used');
select results_eq($$select series from pg_temp.days('agent') limit 3$$,
  $$values ('none'), ('00000000-0000-4000-8000-00000000d101'), ('00000000-0000-4000-8000-00000000d102')$$, 'in the order of what they cost');
select results_eq($$select series, sum(requests), sum(cost) from pg_temp.days('model') group by series order by 1$$,
  $$values ('big', 2::numeric, 3::numeric), ('none', 1, 8.000001), ('small', 1, 4)$$, 'by model');
select results_eq($$select series, requests, cost from pg_temp.days('service', 1) where at in ('2024-03-31', '2024-04-01')$$,
  $$values ('mail', 0::bigint, 0::numeric), ('other', 2, 6), ('mail', 1, 8.000001), ('other', 0, 0)$$, 'what is beyond the number of series is other');
select results_eq($$select distinct series from pg_temp.days('service', 2) order by 1$$, $$values ('image'), ('mail'), ('other')$$, 'and the number is exact');
select results_eq($$select distinct series from pg_temp.days('service', 3) order by 1$$, $$values ('chat'), ('image'), ('mail')$$, 'without other when all have their own');
select results_eq($$select count(*), count(distinct bucket_starts_at), sum(requests), sum(cost_usd), min(bucket_starts_at), max(bucket_starts_at)
    from public.usage_series(pg_temp.id('d001'), '2024-03-30 23:00Z', '2024-03-31 22:00Z', 'hour')$$,
  $$values (23::bigint, 23::bigint, 2::numeric, 6::numeric, '2024-03-30 23:00Z'::timestamptz, '2024-03-31 21:00Z'::timestamptz)$$, 'the day on which summer begins has 23 hours');
select results_eq($$select bucket_starts_at, cost_usd from public.usage_series(pg_temp.id('d001'), '2024-10-26 22:00Z', '2024-10-27 23:00Z', 'hour') where cost_usd > 0$$,
  $$values ('2024-10-27 00:00Z'::timestamptz, 1::numeric), ('2024-10-27 01:00Z', 2)$$, 'an hour that comes twice is two');
select is((select count(*) from public.usage_series(pg_temp.id('d001'), '2024-10-26 22:00Z', '2024-10-27 23:00Z', 'hour')), 25::bigint, 'on a day of 25');
select results_eq($$select bucket_starts_at, requests from public.usage_series(pg_temp.id('d001'), '2024-10-25 22:00Z', '2024-10-28 23:00Z')$$,
  $$values ('2024-10-25 22:00Z'::timestamptz, 0::bigint), ('2024-10-26 22:00Z', 2), ('2024-10-27 23:00Z', 0)$$, 'which is one day');
select results_eq($$select bucket_starts_at, requests from public.usage_series(pg_temp.id('d001'), '2024-03-30 23:10Z', '2024-03-31 00:50Z', 'hour', 'service')$$,
  'select null::timestamptz, null::bigint where false', 'without usage there is no series');
select results_eq($$select bucket_starts_at, requests from public.usage_series(pg_temp.id('d001'), '2024-03-31 20:10Z', '2024-03-31 22:10Z', 'hour')$$,
  $$values ('2024-03-31 20:00Z'::timestamptz, 0::bigint), ('2024-03-31 21:00Z', 1), ('2024-03-31 22:00Z', 1)$$, 'hours are whole ones');
select results_eq($$select bucket_starts_at at time zone 'Europe/Berlin', requests, cost_usd from public.usage_series(pg_temp.id('d001'), '2024-03-29 12:00Z', '2024-04-08 12:00Z', 'week')$$,
  $$values ('2024-03-25'::timestamp, 3::bigint, 7::numeric), ('2024-04-01', 1, 8.000001), ('2024-04-08', 0, 0)$$, 'weeks begin on Monday');
select results_eq($$select bucket_starts_at at time zone 'Europe/Berlin', requests, cost_usd from public.usage_series(pg_temp.id('d001'), '2024-02-10 12:00Z', '2024-05-01 12:00Z', 'month')$$,
  $$values ('2024-02-01'::timestamp, 0::bigint, 0::numeric), ('2024-03-01', 3, 7), ('2024-04-01', 1, 8.000001), ('2024-05-01', 0, 0)$$, 'months on the first');
reset role;
select pg_temp.used('d001', now() - interval '30 days', 1, 'edge'), pg_temp.used('d001', now() - interval '30 days 1 second', 2, 'edge'),
       pg_temp.used('d001', now() - interval '1 second', 4, 'edge'), pg_temp.used('d001', now(), 8, 'edge');
set local role authenticated;
select is((select sum(cost_usd) from public.usage_series(pg_temp.id('d001'))), 5::numeric, 'the last 30 days unless told');
select is((select sum(cost_usd) from public.usage_series(pg_temp.id('d001'), now() - interval '1 hour')), 4::numeric, 'until now unless told');
select results_eq($$select sum(cost_usd), count(*) from public.usage_series(pg_temp.id('d001'), ends_at => '2024-04-14 22:00Z')$$, $$values (15.000001, 31::bigint)$$, 'or 30 days to the end that is told');
select is((select sum(cost_usd) from public.usage_series(pg_temp.id('d001'), ends_at => '2024-04-30 22:00Z')), 8.000001, 'and no more');

-- usage_series: bad arguments ------------------------------------------------------------------------------------------
select pg_temp.refused(format('select * from public.usage_series(pg_temp.id(''d001''), %s)', a), '22023', 'invalid_series', w)
  from (values
    ('bucket => null', 'no bucket'), ('bucket => ''minute''', 'minutes'), ('group_by => null', 'no group'), ('group_by => ''user''', 'users'),
    ('max_series => null', 'no number of series'), ('max_series => 0', 'no series'), ('max_series => 101', '101 series'),
    ('now(), now()', 'an interval of nothing'), ('now() + interval ''1 second'', now()', 'one that ends before it begins'), ('now() + interval ''1 second''', 'or begins later than now'),
    ('''2024-01-01Z'', ''2024-02-01 00:00:01Z'', ''hour''', 'more hours than those of 31 days'),
    ('''2021-01-01Z'', ''2024-01-02Z''', 'more than three years of days'), ('''2021-01-01Z'', ''2024-01-02Z'', ''month''', 'or of months')) as x (a, w);
select lives_ok(format('select * from public.usage_series(pg_temp.id(''d001''), %s)', a), 'control: ' || w)
  from (values ('''2024-01-01Z'', ''2024-02-01Z'', ''hour''', 'the hours of 31 days'), ('''2022-01-01Z'', ''2024-12-01Z''', 'days of nearly three years'),
    ('max_series => 1', 'one series'), ('max_series => 100', '100 series')) as x (a, w);

-- Who may ----------------------------------------------------------------------------------------------------------------
reset role;
create function pg_temp.seen(p_company text) returns table (series bigint, anomalies bigint) language sql as $$
  select (select count(*) from public.usage_series(pg_temp.id(p_company), '2024-03-29 23:00Z', '2024-04-02 22:00Z')),
         (select count(*) from public.usage_anomalies(pg_temp.id(p_company), 366) where cost_usd > 0)
$$;
select pg_temp.used('d002', now() - interval '1 day', 1);
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
set local role authenticated;
select results_eq($$select series, anomalies > 0 from pg_temp.seen('d001')$$, $$values (4::bigint, true)$$, 'a client sees their company');
select results_eq($$select * from pg_temp.seen('d002')$$, $$values (0::bigint, 0::bigint)$$, 'and no other');
select results_eq($$select * from pg_temp.seen('dfff')$$, $$values (0::bigint, 0::bigint)$$, 'nor one that does not exist');
select is_empty('select * from public.usage_series(null)', 'nor none');
select lives_ok($$select public.budget_forecast(pg_temp.id('d001'))$$, 'a client sees where their month goes');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('d002'))$$, '42501', 'not_your_company', 'and no other''s');
select pg_temp.refused($$select public.budget_forecast(null)$$, '42501', 'not_your_company', 'nor none''s');
reset role;
select pg_temp.be('d904');
set local role authenticated;
select results_eq($$select series, anomalies > 0 from pg_temp.seen('d002')$$, $$values (5::bigint, true)$$, 'the other sees theirs');
select results_eq($$select * from pg_temp.seen('d001')$$, $$values (0::bigint, 0::bigint)$$, 'and not this one');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('d001'))$$, '42501', 'not_your_company', 'nor its forecast');
reset role;
select pg_temp.be('d903');
set local role authenticated;
select results_eq($$select * from pg_temp.seen('d001')$$, $$values (0::bigint, 0::bigint)$$, 'a compliance administrator sees no usage');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('d001'))$$, '42501', 'not_your_company', 'nor a forecast');
reset role;
select pg_temp.be('d902');
set local role authenticated;
select results_eq($$select * from pg_temp.seen('d001')$$, $$values (0::bigint, 0::bigint)$$, 'nor does an agent');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('d001'))$$, '42501', 'not_your_company', 'that is not assigned');
reset role;
update public.users set granted_permissions = '{usage.read}' where id = pg_temp.id('d902');
set local role authenticated;
select results_eq($$select series, anomalies > 0 from pg_temp.seen('d001')$$, $$values (4::bigint, true)$$, 'control: it is assigned');
select lives_ok($$select public.budget_forecast(pg_temp.id('d001'))$$, 'control: with the forecast');
reset role;
set local role anon;
select throws_ok(c, '42501', null, 'a visitor may call none of them') from unnest(array[
  $$select public.usage_series(pg_temp.id('d001'))$$, $$select public.budget_forecast(pg_temp.id('d001'))$$, $$select public.usage_anomalies(pg_temp.id('d001'))$$,
  $$select public.log_api_usage_batch(pg_temp.id('d001'), '[{"service": "x", "cost": 0}]')$$]) as c;
reset role;
select pg_temp.be('d901', '{"role": "platform_admin"}');
set local role platform_admin;
select results_eq($$select * from pg_temp.seen('d001')$$, $$values (0::bigint, 0::bigint)$$, 'a token alone makes no operator');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('d001'))$$, '42501', 'not_an_operator', 'nor for a forecast');
select pg_temp.be('a000', '{"role": "platform_admin"}');
select results_eq($$select series, anomalies > 0 from pg_temp.seen('d001')$$, $$values (4::bigint, true)$$, 'control: an operator sees any');
select lives_ok($$select public.budget_forecast(pg_temp.id('d001'))$$, 'control: with its forecast');
select throws_ok($$select public.log_api_usage_batch(pg_temp.id('d001'), '[{"service": "x", "cost": 0}]')$$, '42501', null, 'but records nobody''s usage');
reset role;
select set_config('request.jwt.claims', '', true);
set local role service_role;
select results_eq($$select series, anomalies > 0 from pg_temp.seen('d001')$$, $$values (4::bigint, true)$$, 'the backend sees any');
select lives_ok($$select public.budget_forecast(pg_temp.id('d001'))$$, 'with its forecast');
select pg_temp.refused($$select public.budget_forecast(pg_temp.id('dfff'))$$, 'PT404', 'unknown_company', 'there must be one');
select results_eq(
  $$select series, cost_usd from public.usage_series(pg_temp.id('d001'), '2024-03-30 23:00Z', '2024-03-31 22:00Z', 'day', 'service')$$,
  $$values ('image', 4::numeric), ('chat', 2)$$, 'each on its own');
reset role;

-- budget_forecast ----------------------------------------------------------------------------------------------------------
-- A month of twenty days, of which ten are left.
select pg_temp.company('d003', 'UTC', 100);
create function pg_temp.forecast(p_spent numeric, p_limit numeric default 100)
returns table (limit_usd numeric, spent numeric, daily numeric, forecast numeric, percent numeric, exhausted interval) language sql as $$
  update public.budget_periods set starts_at = now() - interval '10 days', ends_at = now() + interval '10 days', spent_micro_usd = p_spent * 1000000, limit_micro_usd = p_limit * 1000000, generation = generation + 1
   where company_id = pg_temp.id('d003') and scope = 'company';
  select limit_usd, spent_usd, daily_usd, forecast_usd, forecast_percent, exhausted_at - now() from public.budget_forecast(pg_temp.id('d003'))
$$;
select results_eq('select * from pg_temp.forecast(20)', $$values (100::numeric, 20::numeric, 0::numeric, 20::numeric, 20::numeric, null::interval)$$, 'who uses nothing spends no more');
select results_eq('select budget_month, period_ends_at from public.budget_forecast(pg_temp.id(''d003''))',
  $$select month, ends_at from public.budget_periods where company_id = pg_temp.id('d003')$$, 'it is of the running month');
select pg_temp.used('d003', now() + interval '3 minutes', 50);
select results_eq('select daily, forecast from pg_temp.forecast(20)', $$values (0::numeric, 20::numeric)$$, 'what is to come tells nothing');
select pg_temp.used('d003', now() - interval '10 minutes', 1);
select results_eq('select * from pg_temp.forecast(20)', $$values (100::numeric, 20::numeric, 24::numeric, 260::numeric, 260::numeric, interval '80 hours')$$, 'less than an hour counts as one');
select pg_temp.used('d003', now() - interval '36 days', 900);
select results_eq('select daily from pg_temp.forecast(20)', 'values (24::numeric)', 'what is older than 35 days says nothing of the pace');
select pg_temp.used('d003', now() - interval '2 days', 4);
select results_eq('select * from pg_temp.forecast(20)', $$values (100::numeric, 20::numeric, 2.5, 45::numeric, 45::numeric, null::interval)$$, 'two days of history count as two');
select results_eq('select * from pg_temp.forecast(75)', $$values (100::numeric, 75::numeric, 2.5, 100::numeric, 100::numeric, null::interval)$$, 'what is just enough is not exhausted');
select results_eq('select * from pg_temp.forecast(80)', $$values (100::numeric, 80::numeric, 2.5, 105::numeric, 105::numeric, interval '192 hours')$$, 'what is not is, eight days ahead');
select results_eq('select * from pg_temp.forecast(100)', $$values (100::numeric, 100::numeric, 2.5, 125::numeric, 125::numeric, interval '0')$$, 'what is spent is exhausted now');
select results_eq('select * from pg_temp.forecast(30, 15)', $$values (15::numeric, 30::numeric, 2.5, 55::numeric, 366.67, interval '0')$$, 'and what is spent twice');
select results_eq('select * from pg_temp.forecast(0, 0)', $$values (0::numeric, 0::numeric, 2.5, 25::numeric, null::numeric, interval '0')$$, 'nothing has no percentage');
select pg_temp.used('d003', now() - interval '35 days', 700);
select results_eq('select daily, forecast from pg_temp.forecast(20)', $$values (0.714286, 27.142857)$$, 'with 35 days of history, seven count');
select pg_temp.used('d003', now() - interval '7 days', 9), pg_temp.used('d003', now() - interval '7 days 1 second', 500);
select results_eq('select daily, forecast from pg_temp.forecast(20)', $$values (2::numeric, 40::numeric)$$, 'and what was used in them');
update public.budget_periods set adjusted_micro_usd = -5000000 where company_id = pg_temp.id('d003');
select results_eq('select spent, forecast, percent from pg_temp.forecast(20)', $$values (15::numeric, 35::numeric, 35::numeric)$$, 'a credit counts');
-- Seven days are no history of more.
delete from public.api_usage where company_id = pg_temp.id('d003');
select pg_temp.used('d003', now() - interval '7 days', 14), pg_temp.used('d003', now(), 1);
select results_eq('select daily, forecast from pg_temp.forecast(20)', $$values (round(15 / 7.0, 6), round(15 + 150 / 7.0, 6))$$, 'what was used at this instant counts');
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('d003'), pg_temp.id('d104'), 'limited', 'openai', 'x', 1000000);
select is((select count(*) from public.budget_forecast(pg_temp.id('d003'))), 1::bigint, 'an agent''s budget is no row of it');
select is((select limit_usd from public.budget_forecast(pg_temp.id('d003'))), 100::numeric, 'nor its limit');

-- usage_anomalies ----------------------------------------------------------------------------------------------------------
create function pg_temp.today(p_zone text) returns date language sql as $$ select (now() at time zone p_zone)::date $$;
create function pg_temp.on_day(p_company text, p_zone text, p_ago integer, p_cost numeric) returns void language sql as $$
  select pg_temp.used(p_company, (pg_temp.today(p_zone) - p_ago)::timestamp at time zone p_zone, p_cost)
$$;
create function pg_temp.odd(p_company text, p_zone text, p_days integer) returns table (ago integer, cost numeric, usual numeric, score numeric, is_anomalous boolean) language sql as $$
  select pg_temp.today(p_zone) - day, cost_usd, usual_usd, score, is_anomalous from public.usage_anomalies(pg_temp.id(p_company), p_days)
$$;
select pg_temp.company('d004', 'Pacific/Kiritimati'), pg_temp.company('d005', 'UTC'), pg_temp.company('d009', 'America/New_York');
-- 1 and 2 dollars in turn for ten days, then 20.
select pg_temp.on_day('d004', 'Pacific/Kiritimati', n, case when n % 2 = 0 then 1 else 2 end) from generate_series(1, 10) as n;
select pg_temp.on_day('d004', 'Pacific/Kiritimati', 0, 20), pg_temp.used('d004', now() + interval '2 minutes', 1000);
select results_eq($$select * from pg_temp.odd('d004', 'Pacific/Kiritimati', 5)$$,
  $$values (4, 1::numeric, 1.5, null::numeric, false), (3, 2::numeric, 1::numeric, 33.73, true), (2, 1, 1.5, -0.67, false), (1, 2, 1, 33.73, true), (0, 20, 1.5, 24.96, true)$$,
  'a day is compared once seven went before it, in the company''s time zone');
select results_eq($$select ago, usual, score, is_anomalous from pg_temp.odd('d004', 'Pacific/Kiritimati', 366) limit 2$$, $$values (10, null::numeric, null::numeric, false), (9, 1, null, false)$$, 'the first of all with nothing');
select is((select count(*) from pg_temp.odd('d004', 'Pacific/Kiritimati', 366)), 11::bigint, 'days before it are none');
select is((select count(*) from pg_temp.odd('d004', 'Pacific/Kiritimati', 1)), 1::bigint, 'one day is today');
select is((select count(*) from public.usage_anomalies(pg_temp.id('d004'))), 11::bigint, 'thirty unless told');
-- 100 dollars for a month, 1 since: 28 days are looked back on.
select pg_temp.on_day('d005', 'UTC', n, case when n > 28 then 100 else 1 end) from generate_series(1, 58) as n;
select pg_temp.on_day('d005', 'UTC', 0, 1), pg_temp.on_day('d005', 'UTC', 0, 1);
select results_eq($$select * from pg_temp.odd('d005', 'UTC', 30) where ago = 0$$, $$values (0, 2::numeric, 1::numeric, 33.73, true)$$, 'days are compared with the 28 before them; a deviation of nothing counts as a fiftieth of what is usual');
select results_eq($$select * from pg_temp.odd('d005', 'UTC', 30) where ago = 28$$, $$values (28, 1::numeric, 100::numeric, round(-99 * 0.6745 / 2, 2), false)$$, 'a day that is cheap is not held against them');
select is((select count(*) from public.usage_anomalies(pg_temp.id('d005'))), 30::bigint, 'thirty and no more');
-- Days without usage are days; a cent stands in for a deviation of nothing from nothing.
select pg_temp.on_day('d009', 'America/New_York', 9, 0.00), pg_temp.on_day('d009', 'America/New_York', 1, 0.05), pg_temp.on_day('d009', 'America/New_York', 0, 0.06);
select results_eq($$select * from pg_temp.odd('d009', 'America/New_York', 3)$$,
  $$values (2, 0::numeric, 0::numeric, 0::numeric, false), (1, 0.05, 0, 3.37, false), (0, 0.06, 0, 4.05, true)$$, 'days without usage count, and cents are no alarm');
select is_empty($$select * from public.usage_anomalies(pg_temp.id('d003'), 1) where cost_usd > 1$$, 'each company on its own');
delete from public.api_usage where company_id = pg_temp.id('d003');
select is_empty($$select * from public.usage_anomalies(pg_temp.id('d003'))$$, 'without usage there is nothing to show');
select pg_temp.refused(format('select * from public.usage_anomalies(pg_temp.id(''d004''), %s)', d), '22023', 'invalid_series', 'anomalies of days: ' || d) from unnest(array['null', '0', '367', '-1']) as d;
select lives_ok($$select * from public.usage_anomalies(pg_temp.id('d004'), 366)$$, 'control: of a year');

-- log_api_usage_batch: bad events ---------------------------------------------------------------------------------------
select pg_temp.company('d006', 'UTC');
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('d006'), pg_temp.id('d106'), 'limited', 'openai', 'x', 4000000), (pg_temp.id('d006'), pg_temp.id('d107'), 'free', 'openai', 'x', null);
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('d006'), 'limited', 3000000);
create function pg_temp.batch(p_events jsonb, p_company text default 'd006') returns setof public.usage_receipt language sql as $$
  select * from public.log_api_usage_batch(pg_temp.id(p_company), p_events)
$$;
create function pg_temp.many(p_count integer) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('service', 'x', 'cost', 0)) from generate_series(1, p_count)
$$;
create function pg_temp.ledger(p_company text default 'd006') returns bigint language sql security definer as $$
  select count(*) from public.api_usage where company_id = pg_temp.id(p_company)
$$;
create function pg_temp.state(p_company text default 'd006') returns table (month date, scope text, spent numeric) language sql security definer as $$
  select p.month, p.scope, p.spent_micro_usd / 1e6 from public.budget_periods as p
   where p.company_id = pg_temp.id(p_company) order by p.month, array_position('{company,agent,service}', p.scope)
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
set local role service_role;
select pg_temp.said(format('select * from pg_temp.batch(%s)', e), '22023', 'invalid_batch', 'a batch is an array of 1 to 1000 events', w)
  from (values ('null', 'no batch'), ('''null''', 'a batch of null'), ('''{}''', 'an object'), ('''"x"''', 'a text'), ('''[]''', 'no event'), ('pg_temp.many(1001)', '1001 events')) as x (e, w);
select pg_temp.said(format('select * from pg_temp.batch(%L)', e), '22023', 'invalid_batch', m, w)
  from (values
    ('[{"service": "x", "cost": 0}, 1]', 'event 2 is no object', 'a number for an event'), ('[null]', 'event 1 is no object', 'null for an event'), ('[[]]', 'event 1 is no object', 'an array for an event'),
    ('[{"service": "x", "cost": 0}, {"service": "x", "cost": 0, "zeal": 1, "costs": 1}, 1]', 'event 2 has a member costs, which is unknown', 'members that are unknown: the first of the first'),
    ('[1, {"costs": 1}]', 'event 1 is no object', 'the first of all is named'),
    ('[{"service": "x", "cost": 0, "company_id": "x"}]', 'event 1 has a member company_id, which is unknown', 'a company stands above'),
    ('[{"service": "x", "cost": 0, "reservation_id": "x"}]', 'event 1 has a member reservation_id, which is unknown', 'and reservations are settled one by one'),
    ('[{"service": "x", "cost": 0}, {"service": 5, "cost": 0}]', 'event 2 has a service that is no text', 'a service that is a number'),
    ('[{"service": "x", "cost": 0, "units": "x"}]', 'invalid input syntax for type bigint: "x"', 'units that are a text'),
    ('[{"service": "x", "cost": 0, "units": 1.5}]', 'invalid input syntax for type bigint: "1.5"', 'units that are half'),
    ('[{"service": "x", "cost": "x"}]', 'invalid input syntax for type numeric: "x"', 'a cost that is a text'),
    ('[{"service": "x", "cost": 0, "agent_id": "x"}]', 'invalid input syntax for type uuid: "x"', 'an agent that is a text'),
    ('[{"service": "x", "cost": 0, "occurred_at": "x"}]', 'invalid input syntax for type timestamp with time zone: "x"', 'a time that is a text'),
    ('[{"service": "x", "cost": 0, "input_tokens": 99999999999999999999}]', 'value "99999999999999999999" is out of range for type bigint', 'more tokens than there are numbers'),
    ('[{"service": "x", "cost": 0, "output_tokens": true}]', 'invalid input syntax for type bigint: "true"', 'tokens that are true')) as x (e, m, w);
select pg_temp.said(format('select * from pg_temp.batch(''[{"service": "x", "cost": 0}]''::jsonb || %L::jsonb)', e), '22023', t, 'event 2: ' || m, w)
  from (values
    ('{"service": "x"}', 'invalid_amount', 'cost is no amount', 'no cost'), ('{"service": "x", "cost": -0.000001}', 'invalid_amount', 'cost is no amount', 'less than nothing'),
    ('{"service": "x", "cost": 1000000000.1}', 'invalid_amount', 'cost is no amount', 'more than a billion'), ('{"service": "x", "cost": "NaN"}', 'invalid_amount', 'cost is no amount', 'what is no number'),
    ('{"cost": 0}', 'invalid_service', 'service must be a name of at most 120 characters', 'no service'), ('{"service": null, "cost": 0}', 'invalid_service', 'service must be a name of at most 120 characters', 'null for a service'),
    ('{"service": " ", "cost": 0}', 'invalid_service', 'service must be a name of at most 120 characters', 'a blank service'),
    (jsonb_build_object('service', repeat('x', 121), 'cost', 0)::text, 'invalid_service', 'service must be a name of at most 120 characters', 'a service of 121 characters'),
    ('{"service": "x", "cost": 0, "idempotency_key": ""}', 'invalid_idempotency_key', 'an idempotency key has 1 to 255 characters', 'a key of nothing'),
    (jsonb_build_object('service', 'x', 'cost', 0, 'idempotency_key', repeat('x', 256))::text, 'invalid_idempotency_key', 'an idempotency key has 1 to 255 characters', 'a key of 256'),
    ('{"service": "x", "cost": 0, "units": -1}', 'invalid_usage', 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', 'negative units'),
    ('{"service": "x", "cost": 0, "unit": " "}', 'invalid_usage', 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', 'a blank unit'),
    ('{"service": "x", "cost": 0, "input_tokens": -1}', 'invalid_usage', 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', 'negative tokens sent'),
    ('{"service": "x", "cost": 0, "output_tokens": -1}', 'invalid_usage', 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', 'negative tokens received'),
    ('{"service": "x", "cost": 0, "metadata": []}', 'invalid_usage', 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', 'metadata that are an array'),
    ('{"service": "x", "cost": 0, "occurred_at": "infinity"}', 'invalid_occurred_at', 'usage cannot have occurred at infinity', 'never')) as x (e, t, m, w);
select pg_temp.said(format('select * from pg_temp.batch(''[{"service": "x", "cost": 0}, {"service": "x", "cost": 0, "agent_id": "%s"}]'')', pg_temp.id(a)), 'PT404', 'unknown_agent',
    'event 2: the company has no agent ' || pg_temp.id(a), w) from (values ('d1ff', 'an agent that does not exist'), ('d103', 'another company''s agent')) as x (a, w);
select pg_temp.said($$select * from pg_temp.batch('[{"service": "x", "cost": 0}, {"service": " ", "cost": 0}, {"service": "x"}]')$$, '22023', 'invalid_service', 'event 2: service must be a name of at most 120 characters', 'the first that is bad is named');
reset role;
select pg_temp.refused(format('select private.read_usage_events(pg_temp.id(''d006''), jsonb_build_array(jsonb_build_object(''service'', ''x'', ''cost'', 0, %s)), now())', e), '22023', 'invalid_occurred_at', w)
  from (values ('''occurred_at'', now() + interval ''5 minutes 1 microsecond''', 'more than five minutes ahead'), ('''occurred_at'', now() - interval ''366 days 1 microsecond''', 'longer ago than 366 days'),
    ('''idempotency_key'', pg_temp.v7(now() + interval ''6 minutes'', ''0001'')', 'a key that says so'), ('''idempotency_key'', pg_temp.v7(now() - interval ''367 days'', ''0001'')', 'or so long ago')) as x (e, w);
select lives_ok(format('select private.read_usage_events(pg_temp.id(''d006''), jsonb_build_array(jsonb_build_object(''service'', ''x'', ''cost'', 0) || %s), now())', e), 'control: ' || w)
  from (values ('jsonb_build_object(''occurred_at'', now() + interval ''5 minutes'')', 'five minutes ahead'), ('jsonb_build_object(''occurred_at'', now() - interval ''366 days'')', '366 days ago'),
    ('jsonb_build_object(''cost'', 1000000000)', 'a billion'), ('jsonb_build_object(''service'', repeat(''x'', 120))', 'a service of 120 characters'), ('jsonb_build_object(''idempotency_key'', repeat(''x'', 255))', 'a key of 255'),
    ('jsonb_build_object(''idempotency_key'', ''x'')', 'a key of one'), ('jsonb_build_object(''agent_id'', pg_temp.id(''d106''))', 'an agent of theirs'), ('jsonb_build_object(''units'', 0, ''input_tokens'', 0, ''output_tokens'', 0)', 'units of nothing')) as x (e, w);
select is(pg_temp.ledger(), 0::bigint, 'nothing was written by what was refused');
set local role service_role;
select is((select count(*) from pg_temp.batch(pg_temp.many(1000))), 1000::bigint, '1000 events are a batch');
reset role;
delete from public.api_usage where company_id = pg_temp.id('d006');

-- What is written, and keys ------------------------------------------------------------------------------------------------
set local role service_role;
create temp table receipts as
  select row_number() over () as n, b.* from pg_temp.batch(jsonb_build_array(
    jsonb_build_object('service', 'limited', 'agent_id', pg_temp.id('d106'), 'description', 'why', 'cost', 0.0000011, 'idempotency_key', 'text', 'units', 3, 'unit', 'token',
      'model', 'm', 'input_tokens', 1, 'output_tokens', 2, 'metadata', '{"a": 1}'::jsonb, 'occurred_at', now() - interval '1 microsecond', 'request_id', 'r'),
    jsonb_build_object('service', 'x', 'cost', 0.5),
    jsonb_build_object('service', 'x', 'cost', 1, 'idempotency_key', pg_temp.v7(now(), '0001')),
    jsonb_build_object('service', 'x', 'cost', 1, 'idempotency_key', upper(pg_temp.v7(now(), '0001'))),
    jsonb_build_object('service', 'x', 'cost', 0.25, 'idempotency_key', 'Text'),
    jsonb_build_object('service', 'x', 'cost', 0.125, 'idempotency_key', pg_temp.v7(now(), '0002'), 'occurred_at', now() - interval '2 microseconds'),
    jsonb_build_object('service', 'x', 'cost', 0.25, 'idempotency_key', 'Text'))) as b;
reset role;
select results_eq('select cost_usd, is_over_budget, is_replayed from receipts order by n',
  $$values (0.000002, false, false), (0.5, false, false), (1, false, false), (1, false, true), (0.25, false, false), (0.125, false, false), (0.25, false, true)$$, 'a receipt for each, in their order; what stands in it twice is recorded once');
select results_eq('select a.n, b.n from receipts as a join receipts as b on b.usage_id = a.usage_id and b.n > a.n order by 1', 'values (3::bigint, 4::bigint), (5, 7)', 'which has one receipt, however a key of version 7 is written');
select results_eq($$select usage_id::text, occurred_at from receipts where n = 3$$, $$select pg_temp.v7(now(), '0001'), date_trunc('milliseconds', now())$$, 'such a key is the id, and says when');
select results_eq($$select usage_id::text = pg_temp.v7(now(), '0002'), occurred_at from receipts where n = 6$$, $$select false, now() - interval '2 microseconds'$$, 'unless the event says so');
select results_eq($$select service, agent_id, description, cost_micro_usd, units, unit, model, input_tokens, output_tokens, metadata, occurred_at, request_id, is_out_of_month, is_over_budget, budget_month
    from public.api_usage where id = (select usage_id from receipts where n = 1)$$,
  $$select 'limited', pg_temp.id('d106'), 'why', 2::bigint, 3::bigint, 'token', 'm', 1::bigint, 2::bigint, '{"a": 1}'::jsonb, now() - interval '1 microsecond', 'r', false, false, (select budget_month from receipts limit 1)$$, 'all that is said is written, amounts rounded up');
select results_eq($$select agent_id, description, units, unit, model, input_tokens, output_tokens, metadata, request_id, cost_micro_usd, occurred_at >= now() and occurred_at <= clock_timestamp() from public.api_usage where id = (select usage_id from receipts where n = 2)$$,
  $$values (null::uuid, null::text, 1::bigint, 'request', null::text, null::bigint, null::bigint, '{}'::jsonb, null::text, 500000::bigint, true)$$, 'what is not said is what it is for single usage');
select is(pg_temp.ledger(), 5::bigint, 'five are in the ledger');
select results_eq('select scope, spent from pg_temp.state()', $$values ('company', 1.875002), ('agent', 0.000002), ('service', 0.000002)$$, 'and counted, each budget once');
select results_eq($$select idempotency_key, usage_id = (select usage_id from receipts where n = case k.idempotency_key when 'text' then 1 when 'Text' then 5 else 6 end), occurred_at = (select occurred_at from receipts where n = case k.idempotency_key when 'text' then 1 when 'Text' then 5 else 6 end)
    from private.usage_keys as k where k.company_id = pg_temp.id('d006') order by idempotency_key collate "C"$$,
  $$select * from (values (pg_temp.v7(now(), '0002'), true, true), ('Text', true, true), ('text', true, true)) as x (k, i, o) order by k collate "C"$$, 'keys that are no id are kept');
-- Another company has the same keys.
set local role service_role;
select results_eq($$select is_replayed from pg_temp.batch('[{"service": "x", "cost": 0.25, "idempotency_key": "Text"}]', 'd005')$$, 'values (false)', 'another company''s keys are its own');
select results_eq(
  $$select b.usage_id = r.usage_id, b.occurred_at = r.occurred_at, b.cost_usd = r.cost_usd, b.budget_month = r.budget_month, b.is_over_budget, b.is_replayed
      from (select row_number() over () as n, x.* from pg_temp.batch(jsonb_build_array(
        jsonb_build_object('service', 'limited', 'agent_id', pg_temp.id('d106'), 'cost', 0.0000011, 'idempotency_key', 'text'),
        jsonb_build_object('service', 'x', 'cost', 1, 'idempotency_key', pg_temp.v7(now(), '0001')),
        jsonb_build_object('service', 'x', 'cost', 0.25, 'idempotency_key', 'Text'), jsonb_build_object('service', 'x', 'cost', 0.25, 'idempotency_key', 'Text'))) as x) as b
      join receipts as r on r.n = (array[1, 3, 5, 7])[b.n] order by b.n$$,
  $$values (true, true, true, true, false, true), (true, true, true, true, false, true), (true, true, true, true, false, true), (true, true, true, true, false, true)$$, 'a retry of a batch gets the first receipts');
select results_eq(
  $$select cost_usd, is_replayed, exists (select from receipts as r where r.usage_id = b.usage_id) from pg_temp.batch(jsonb_build_array(
      jsonb_build_object('service', 'x', 'cost', 0.01, 'idempotency_key', 'TEXT'), jsonb_build_object('service', 'x', 'cost', 0.25, 'idempotency_key', 'Text'),
      jsonb_build_object('service', 'x', 'cost', 1, 'idempotency_key', upper(pg_temp.v7(now(), '0001'))), jsonb_build_object('service', 'x', 'cost', 0.02, 'idempotency_key', pg_temp.v7(now(), '0003')),
      jsonb_build_object('service', 'x', 'cost', 0.01, 'idempotency_key', 'TEXT'))) as b$$,
  $$values (0.01, false, false), (0.25, true, true), (1, true, true), (0.02, false, false), (0.01, true, false)$$, 'a retry of a part records the rest');
select results_eq('select spent from pg_temp.state() limit 1', 'values (1.905002)', 'and counts the rest');
select pg_temp.said(format('select * from pg_temp.batch(''[{"service": "x", "cost": 0.03, "idempotency_key": "fresh"}]''::jsonb || %s)', e), 'PT422', 'idempotency_key_reused', 'event 2: this idempotency key was used for something else', w)
  from (values ('jsonb_build_object(''service'', ''x'', ''cost'', 0.26, ''idempotency_key'', ''Text'')', 'another cost is no retry'), ('jsonb_build_object(''service'', ''y'', ''cost'', 0.25, ''idempotency_key'', ''Text'')', 'nor another service'),
    ('jsonb_build_object(''service'', ''x'', ''cost'', 0.25, ''agent_id'', pg_temp.id(''d107''), ''idempotency_key'', ''Text'')', 'nor another agent'),
    ('jsonb_build_object(''service'', ''y'', ''cost'', 1, ''idempotency_key'', pg_temp.v7(now(), ''0001''))', 'of an id neither'),
    ('jsonb_build_object(''service'', ''y'', ''cost'', 0.03, ''idempotency_key'', ''fresh'')', 'a key stands twice in a batch for two services'), ('jsonb_build_object(''service'', ''x'', ''cost'', 0.04, ''idempotency_key'', ''fresh'')', 'or for two amounts'),
    ('jsonb_build_object(''service'', ''x'', ''cost'', 0.03, ''agent_id'', pg_temp.id(''d107''), ''idempotency_key'', ''fresh'')', 'or for two agents')) as x (e, w);
select results_eq($$select is_replayed from pg_temp.batch('[{"service": "x", "cost": 0.03, "idempotency_key": "fresh"}]')$$, 'values (false)', 'control: none of which was recorded');
reset role;
select throws_ok(format('select private.record_usage_events(c.id, private.read_usage_events(c.id, %L, now()), p.id) from public.companies as c join public.budget_periods as p on p.company_id = c.id and p.scope = ''company'' where c.id = pg_temp.id(''d006'')', e),
    'LB001', null, w) from (values ('[{"service": "x", "cost": 0, "idempotency_key": "Text"}]', 'who finds a key taken begins anew'),
    (jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 1, 'idempotency_key', pg_temp.v7(now(), '0001')))::text, 'or an id')) as x (e, w);

-- Limits -----------------------------------------------------------------------------------------------------------------
create temp table before as select * from pg_temp.state();
grant select on before to service_role;
set local role service_role;
select pg_temp.said(format('select * from pg_temp.batch(%L)', e), 'PT402', 'budget_exceeded', m || to_char((select month from before limit 1), 'YYYY-MM') || r, w)
  from (values
    (jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 8), jsonb_build_object('service', 'x', 'cost', 0.1)), '8.100000 US dollars are more than what is left of the budget for ', ': 8.064998', 'a batch beyond the limit is refused as a whole'),
    (jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 1), jsonb_build_object('service', 'x', 'cost', 2, 'agent_id', pg_temp.id('d106')), jsonb_build_object('service', 'y', 'cost', 2, 'agent_id', pg_temp.id('d106'))),
      '4.000000 US dollars are more than what is left of the agent''s budget for ', ': 3.999998', 'also for an agent'),
    (jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 1), jsonb_build_object('service', 'limited', 'cost', 2), jsonb_build_object('service', 'limited', 'cost', 1, 'agent_id', pg_temp.id('d107'))),
      '3.000000 US dollars are more than what is left of the service''s budget for ', ': 2.999998', 'and for a service')) as x (e, m, r, w);
select results_eq('select * from pg_temp.state()', 'select * from before', 'which counts nothing');
select results_eq($$select is_over_budget from pg_temp.batch(jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 3.999998, 'agent_id', pg_temp.id('d106')), jsonb_build_object('service', 'limited', 'cost', 2.999998), jsonb_build_object('service', 'x', 'cost', 1.065002)))$$,
  'values (false), (false), (false)', 'to the last millionth it fits');
select results_eq('select scope, spent from pg_temp.state()', $$values ('company', 10::numeric), ('agent', 4), ('service', 3)$$, 'and is counted where it belongs');
select results_eq($$select is_over_budget from pg_temp.batch('[{"service": "limited", "cost": 0}]')$$, 'values (false)', 'what costs nothing goes on');
reset role;
-- A limit of an agent or a service that is soft flags what it concerns.
update public.company_plans set monthly_limit_usd = 1000 where company_id = pg_temp.id('d006');
update public.budget_periods set enforcement = 'soft', generation = generation + 1 where company_id = pg_temp.id('d006') and scope = 'agent';
set local role service_role;
select results_eq($$select is_over_budget from pg_temp.batch(jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 0, 'agent_id', pg_temp.id('d106')), jsonb_build_object('service', 'x', 'cost', 1, 'agent_id', pg_temp.id('d106')),
    jsonb_build_object('service', 'limited', 'cost', 0), jsonb_build_object('service', 'x', 'cost', 1, 'agent_id', pg_temp.id('d107')), jsonb_build_object('service', 'x', 'cost', 1)))$$,
  'values (true), (true), (false), (false), (false)', 'a soft limit of an agent flags what the agent used');
reset role;
update public.budget_periods set enforcement = 'soft', limit_micro_usd = case scope when 'agent' then 100000000 else limit_micro_usd end, generation = generation + 1 where company_id = pg_temp.id('d006') and scope <> 'company';
set local role service_role;
select results_eq($$select is_over_budget from pg_temp.batch(jsonb_build_array(jsonb_build_object('service', 'x', 'cost', 1, 'agent_id', pg_temp.id('d106')), jsonb_build_object('service', 'limited', 'cost', 1), jsonb_build_object('service', 'x', 'cost', 1)))$$,
  'values (false), (true), (false)', 'that of a service what it was used for');
reset role;
select results_eq($$select count(*) from public.api_usage where company_id = pg_temp.id('d006') and is_over_budget$$, 'values (3::bigint)', 'also in the ledger');
select pg_temp.company('d007', 'UTC', 1, 'soft');
set local role service_role;
select results_eq($$select is_over_budget from pg_temp.batch('[{"service": "x", "cost": 0.5}, {"service": "x", "cost": 0.5}]', 'd007')$$, 'values (false), (false)', 'what reaches a soft limit is in order');
select results_eq($$select is_over_budget from pg_temp.batch('[{"service": "x", "cost": 0}, {"service": "x", "cost": 0.1}, {"service": "x", "cost": 0}]', 'd007')$$, 'values (true), (true), (true)', 'what crosses it is flagged as a whole');
select results_eq($$select is_over_budget from pg_temp.batch('[{"service": "x", "cost": 0}, {"service": "x", "cost": 0}]', 'd007')$$, 'values (true), (true)', 'and what comes after it');
reset role;

-- Months -----------------------------------------------------------------------------------------------------------------
select pg_temp.company('d008', 'UTC');
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('d008'), pg_temp.id('d108'), 'limited', 'openai', 'x', 4000000);
insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values (pg_temp.id('d008'), 'limited', 3000000);
create function pg_temp.this_month() returns date language sql as $$ select date_trunc('month', clock_timestamp() at time zone 'UTC')::date $$;
create function pg_temp.last_month() returns date language sql as $$ select (pg_temp.this_month() - interval '1 month')::date $$;
create function pg_temp.event(p_cost numeric, p_late boolean, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('service', 'x', 'cost', p_cost) || p_more || case when p_late then jsonb_build_object('occurred_at', (pg_temp.this_month() - 1)::timestamp at time zone 'UTC') else '{}' end
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
update public.budget_periods set month = month - interval '1 month', starts_at = starts_at - interval '1 month', ends_at = ends_at - interval '1 month', generation = generation + 1 where company_id = pg_temp.id('d008');
set local role service_role;
select results_eq($$select cost_usd, budget_month from pg_temp.batch(jsonb_build_array(
    pg_temp.event(2, false, jsonb_build_object('agent_id', pg_temp.id('d108'))), pg_temp.event(3, true, jsonb_build_object('agent_id', pg_temp.id('d108'))), pg_temp.event(1, true, '{"service": "limited"}'), pg_temp.event(0.5, false, '{"service": "limited"}')), 'd008')$$,
  $$values (2::numeric, pg_temp.this_month()), (3, pg_temp.last_month()), (1, pg_temp.last_month()), (0.5, pg_temp.this_month())$$, 'each event counts in its own month');
select results_eq($$select * from pg_temp.state('d008')$$,
  $$values (pg_temp.last_month(), 'company', 4::numeric), (pg_temp.last_month(), 'agent', 3), (pg_temp.last_month(), 'service', 1),
           (pg_temp.this_month(), 'company', 2.5), (pg_temp.this_month(), 'agent', 2), (pg_temp.this_month(), 'service', 0.5)$$, 'in every budget of it');
select pg_temp.said($$select * from pg_temp.batch(jsonb_build_array(pg_temp.event(1, false), pg_temp.event(6.5, true)), 'd008')$$, 'PT402', 'budget_exceeded',
  '6.500000 US dollars are more than what is left of the budget for ' || to_char(pg_temp.last_month(), 'YYYY-MM') || ': 6.000000', 'what is too much for one month is refused');
select pg_temp.said($$select * from pg_temp.batch(jsonb_build_array(pg_temp.event(8, false), pg_temp.event(1, true)), 'd008')$$, 'PT402', 'budget_exceeded',
  '8.000000 US dollars are more than what is left of the budget for ' || to_char(pg_temp.this_month(), 'YYYY-MM') || ': 7.500000', 'for whichever');
select results_eq($$select spent from pg_temp.state('d008') where scope = 'company'$$, 'values (4::numeric), (2.5)', 'in both');
reset role;
update public.budget_periods set status = 'closed', closed_at = now() where company_id = pg_temp.id('d008') and month = pg_temp.last_month();
set local role service_role;
select results_eq($$select budget_month from pg_temp.batch(jsonb_build_array(pg_temp.event(1, true, jsonb_build_object('agent_id', pg_temp.id('d108'))), pg_temp.event(0.25, false, '{"service": "limited"}'), pg_temp.event(0.25, true, '{"service": "limited"}')), 'd008')$$,
  $$values (pg_temp.this_month()), (pg_temp.this_month()), (pg_temp.this_month())$$, 'what comes late for a month that is closed counts in the running one');
select results_eq($$select * from pg_temp.state('d008')$$,
  $$values (pg_temp.last_month(), 'company', 4::numeric), (pg_temp.last_month(), 'agent', 3), (pg_temp.last_month(), 'service', 1),
           (pg_temp.this_month(), 'company', 4), (pg_temp.this_month(), 'agent', 3), (pg_temp.this_month(), 'service', 1)$$, 'together with what belongs there');
reset role;
select results_eq($$select cost_micro_usd, budget_month, is_out_of_month from public.api_usage where company_id = pg_temp.id('d008') order by is_out_of_month, budget_month, cost_micro_usd$$,
  $$values (1000000::bigint, pg_temp.last_month(), false), (3000000, pg_temp.last_month(), false), (250000, pg_temp.this_month(), false), (500000, pg_temp.this_month(), false), (2000000, pg_temp.this_month(), false),
           (250000, pg_temp.this_month(), true), (1000000, pg_temp.this_month(), true)$$, 'and is marked in the ledger');
select is_empty($$select * from public.budget_periods as p cross join lateral private.compare_budget(p.company_id, p.id) as c where p.company_id in (pg_temp.id('d006'), pg_temp.id('d007'), pg_temp.id('d008')) and p.status = 'open' and p.limit_micro_usd <> 1000000000 and c.counted <> c.ledger$$, 'the books agree');
set local role service_role;
select pg_temp.said($$select * from pg_temp.batch(jsonb_build_array(pg_temp.event(1, true, jsonb_build_object('agent_id', pg_temp.id('d108'))), pg_temp.event(0.1, false, jsonb_build_object('agent_id', pg_temp.id('d108')))), 'd008')$$, 'PT402', 'budget_exceeded',
  '1.100000 US dollars are more than what is left of the agent''s budget for ' || to_char(pg_temp.this_month(), 'YYYY-MM') || ': 1.000000', 'what comes late is refused there, too');
reset role;

-- Companies that do not run ----------------------------------------------------------------------------------------------
update public.companies set status = 'suspended' where id = pg_temp.id('d006');
set local role service_role;
select results_eq($$select is_replayed from pg_temp.batch('[{"service": "x", "cost": 0.25, "idempotency_key": "Text"}, {"service": "x", "cost": 0.03, "idempotency_key": "fresh"}]')$$, 'values (true), (true)', 'a retry of before is answered while a company is suspended');
select pg_temp.said($$select * from pg_temp.batch('[{"service": "x", "cost": 0.25, "idempotency_key": "Text"}, {"service": "x", "cost": 0.03, "idempotency_key": "fresher"}]')$$, 'PT409', 'company_suspended', format('company %s is suspended', pg_temp.id('d006')), 'anything else is not');
select pg_temp.refused($$select * from pg_temp.batch('[{"service": "x", "cost": 0.26, "idempotency_key": "Text"}]')$$, 'PT422', 'idempotency_key_reused', 'nor what is no retry');
select pg_temp.refused($$select * from pg_temp.batch('[]')$$, '22023', 'invalid_batch', 'a bad batch stays one');
select pg_temp.refused($$select * from pg_temp.batch('[{"service": "x", "cost": 0}]', 'dfff')$$, 'PT404', 'unknown_company', 'there must be one');
reset role;

select * from finish();
rollback;
