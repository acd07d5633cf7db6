-- Usage by day: the roll-up says what the ledger says, whatever is written, changed, deleted or dropped; what operators
-- and members read of it.
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

insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('a101'), 'usage-a', 'Alpha', 'a@b.example'), (pg_temp.id('a102'), 'usage-b', 'Beta', 'a@b.example'),
  (pg_temp.id('a103'), 'usage-c', 'Gamma', 'a@b.example');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('a101'), 'starter', 100), (pg_temp.id('a102'), 'custom', 100);
insert into public.ai_agents (company_id, id, name, provider, model) values
  (pg_temp.id('a101'), pg_temp.id('aa01'), 'Ada', 'openai', 'x'), (pg_temp.id('a101'), pg_temp.id('aa02'), 'Bob', 'openai', 'x'),
  (pg_temp.id('a102'), pg_temp.id('aa01'), 'Cyd', 'openai', 'x');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['a901', 'a902', 'a903', 'a904', 'a905']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('a101'), pg_temp.id('a901'), 'a901@b.example', 'Client', 'client'),
  (pg_temp.id('a101'), pg_temp.id('a902'), 'a902@b.example', 'Agent', 'agent'),
  (pg_temp.id('a102'), pg_temp.id('a903'), 'a903@b.example', 'Other', 'client'),
  (pg_temp.id('a101'), pg_temp.id('a904'), 'a904@b.example', 'Compliance', 'compliance_admin'),
  ((select id from public.companies where is_operator), pg_temp.id('a905'), 'a905@b.example', 'Operator', 'admin');

create function pg_temp.differences() returns bigint language sql as $$
  select count(*) from unnest(array['a101', 'a102', 'a103']) as c (tail)
   cross join lateral private.compare_usage(pg_temp.id(c.tail), '-infinity', 'infinity')
$$;
create function pg_temp.days(p_tail text, p_dimension text default 'all') returns text language sql as $$
  select string_agg(format('%s %s %s/%s/%s/%s/%s', x.day, x.series, x.requests, x.units, x.input_tokens, x.output_tokens, x.cost_micro_usd), ', ' order by x.day, x.series collate "C")
    from (select d.day, d.series, sum(d.requests) as requests, sum(d.units) as units, sum(d.input_tokens) as input_tokens,
                 sum(d.output_tokens) as output_tokens, sum(d.cost_micro_usd) as cost_micro_usd
            from private.usage_by_day as d where d.company_id = pg_temp.id(p_tail) and d.dimension = p_dimension group by 1, 2
          having sum(d.requests) <> 0) as x
$$;
create function pg_temp.queued(p_tail text) returns bigint language sql as $$
  select count(*) from private.usage_deltas as d where d.company_id = pg_temp.id(p_tail)
$$;
-- What is queued by others is none of ours.
select private.roll_up_usage(1000000);

-- Counting ------------------------------------------------------------------------------------------------------------
insert into public.api_usage (company_id, id, occurred_at, service, agent_id, units, input_tokens, output_tokens, cost_micro_usd) values
  (pg_temp.id('a101'), pg_temp.id('1001'), '2024-03-01 23:59:59.9+00', 'chat', pg_temp.id('aa01'), 2, 10, 20, 1000),
  (pg_temp.id('a101'), pg_temp.id('1002'), '2024-03-01 00:00+00', 'chat', pg_temp.id('aa01'), 3, null, 5, 2000),
  (pg_temp.id('a101'), pg_temp.id('1003'), '2024-03-02 00:00+00', 'chat', null, 1, 1, 1, 4000),
  (pg_temp.id('a101'), pg_temp.id('1004'), '2024-03-02 12:00+00', 'image', pg_temp.id('aa02'), 1, 1, null, 8000),
  (pg_temp.id('a102'), pg_temp.id('1005'), '2024-03-02 12:00+00', 'chat', pg_temp.id('aa01'), 1, 1, 1, 16000);
select is(pg_temp.queued('a101'), 3::bigint, 'what a statement writes is summed up before it is queued');
select is(pg_temp.days('a101'), '2024-03-01 all 2/5/10/25/3000, 2024-03-02 all 2/2/2/1/12000', 'days of a company, UTC');
select is(pg_temp.days('a101', 'service'), '2024-03-01 chat 2/5/10/25/3000, 2024-03-02 chat 1/1/1/1/4000, 2024-03-02 image 1/1/1/0/8000', 'by service');
select is(pg_temp.days('a101', 'agent'), format('2024-03-01 %s 2/5/10/25/3000, 2024-03-02 %s 1/1/1/0/8000, 2024-03-02 none 1/1/1/1/4000', pg_temp.id('aa01'), pg_temp.id('aa02')), 'by agent');
select is(pg_temp.days('a102'), '2024-03-02 all 1/1/1/1/16000', 'each company has its own');
select is(pg_temp.differences(), 0::bigint, 'before it is folded the ledger is met');
select is(pg_temp.says('service_role', null, 'select public.roll_up_usage(2)'), '2', 'as many as are asked for');
select is(pg_temp.differences(), 0::bigint, 'half of it folded, the ledger is met');
select is(pg_temp.says('service_role', null, 'select public.roll_up_usage()'), '2', 'the rest');
select is(pg_temp.queued('a101') + pg_temp.queued('a102'), 0::bigint, 'nothing is left');
select is(pg_temp.differences(), 0::bigint, 'all folded, the ledger is met');
select is(pg_temp.days('a101'), '2024-03-01 all 2/5/10/25/3000, 2024-03-02 all 2/2/2/1/12000', 'and says what it said');
select is((select count(*) from private.usage_daily as d where d.company_id = pg_temp.id('a101')), 8::bigint, 'a row for each day and series');
select is((select max(d.last_at) from private.usage_daily as d where d.company_id = pg_temp.id('a101') and d.day = '2024-03-01'), '2024-03-01 23:59:59.9+00', 'with the time of the last call');
-- What comes later, and late, is added.
insert into public.api_usage (company_id, id, occurred_at, service, agent_id, units, input_tokens, output_tokens, cost_micro_usd) values
  (pg_temp.id('a101'), pg_temp.id('1006'), '2024-03-01 12:00+00', 'chat', pg_temp.id('aa01'), 1, 1, 1, 500);
select is(private.roll_up_usage(1000), 1, 'a late call');
select is(pg_temp.days('a101'), '2024-03-01 all 3/6/11/26/3500, 2024-03-02 all 2/2/2/1/12000', 'is added to its day');
select is((select max(d.last_at) from private.usage_daily as d where d.company_id = pg_temp.id('a101') and d.day = '2024-03-01'), '2024-03-01 23:59:59.9+00', 'and is not its last');
select is(pg_temp.differences(), 0::bigint, 'the ledger is met');
-- A retry is in the ledger once.
insert into public.api_usage (company_id, id, occurred_at, service, cost_micro_usd) values
  (pg_temp.id('a101'), pg_temp.id('1006'), '2024-03-01 12:00+00', 'chat', 500) on conflict do nothing;
select is(pg_temp.queued('a101'), 0::bigint, 'what is not written is not counted');
-- By the functions, in single calls and in a batch.
select is(pg_temp.says('authenticated', 'a901', format($$ select (public.log_api_usage_and_update_budget(%L, 'chat', null, 'x', 0.01)).is_replayed $$, pg_temp.id('a101'))), 'false', 'a member records usage');
select is(pg_temp.says('service_role', null, format($$ select count(*) from public.log_api_usage_batch(%L, '[{"service": "chat", "cost": 0.01}, {"service": "image", "cost": 0.02}]') $$, pg_temp.id('a101'))), '2', 'the backend records a batch');
select is(pg_temp.differences(), 0::bigint, 'the ledger is met');
select is(pg_temp.queued('a101'), 3::bigint, 'each call and each service of the batch');

-- Changes, deletions, imports -----------------------------------------------------------------------------------------------
select private.roll_up_usage(1000);
set local app.importing = 'on';
update public.api_usage set description = 'x', metadata = '{"a": 1}' where company_id = pg_temp.id('a101');
select is(pg_temp.queued('a101'), 0::bigint, 'anonymising changes no count');
update public.api_usage set cost_micro_usd = cost_micro_usd + 7 where id = pg_temp.id('1003');
select is(pg_temp.queued('a101'), 1::bigint, 'another cost does');
select is(pg_temp.differences(), 0::bigint, 'and is counted');
update public.api_usage set service = 'image', input_tokens = 3, output_tokens = 4, units = 5 where id = pg_temp.id('1003');
select is(pg_temp.days('a101', 'service') ~ '2024-03-02 image 2/6/4/4/12007', true, 'so is another service');
update public.api_usage set agent_id = pg_temp.id('aa02') where id = pg_temp.id('1003');
update public.api_usage set occurred_at = '2024-03-05 12:00+00' where id = pg_temp.id('1004');
select is(pg_temp.differences(), 0::bigint, 'another agent, and another day');
select private.roll_up_usage(1000);
select is(pg_temp.differences(), 0::bigint, 'also when it is folded');
select is((select count(*) from private.usage_daily as d where d.company_id = pg_temp.id('a101') and (d.requests, d.cost_micro_usd) = (0, 0)), 0::bigint, 'of a day without calls nothing stays');
delete from public.api_usage where company_id = pg_temp.id('a101') and occurred_at < '2024-03-02';
select is(pg_temp.differences(), 0::bigint, 'what retention deletes is taken out');
select is(pg_temp.days('a101') !~ '2024-03-01', true, 'of the day');
select private.roll_up_usage(1000);
select is((select count(*) from private.usage_daily as d where d.company_id = pg_temp.id('a101') and d.day = '2024-03-01'), 0::bigint, 'and the day is gone');
insert into public.api_usage (company_id, id, occurred_at, service, units, input_tokens, output_tokens, cost_micro_usd)
values (pg_temp.id('a101'), pg_temp.id('1007'), '2024-03-01 12:00+00', 'chat', 4, 5, 6, 700);
select is(pg_temp.days('a101') ~ '2024-03-01 all 1/4/5/6/700', true, 'what is imported is counted here');
set local app.importing = '';

-- A month that is dropped as a whole
set local app.importing = 'on';
create table private.api_usage_p200101 (like public.api_usage including defaults including constraints);
select private.close_partition('api_usage_p200101');
alter table public.api_usage attach partition private.api_usage_p200101 for values from ('2001-01-01 00:00+00') to ('2001-02-01 00:00+00');
insert into public.api_usage (company_id, occurred_at, service, units, input_tokens, output_tokens, cost_micro_usd)
select pg_temp.id(c), '2001-01-10', 'chat', 1, 2, 3, 4 from unnest(array['a101', 'a103']) as c, generate_series(1, 3);
set local app.importing = '';
insert into public.data_retention_policies (company_id, data_class, retention_days, action)
select pg_temp.id(c), 'api_usage', 90, 'delete' from unnest(array['a101', 'a103']) as c
on conflict (company_id, data_class) do update set retention_days = 90, action = 'delete', is_legal_hold = false;
update public.budget_periods set status = 'closed', closed_at = now() where company_id = pg_temp.id('a103') and status = 'open';
select is(pg_temp.days('a103'), '2001-01-10 all 3/3/6/9/12', 'a month of long ago');
select private.uncount_partition('api_usage_p200101');
select is(pg_temp.days('a103'), null, 'is taken out before it is dropped');
select is(pg_temp.differences(), 4::bigint + 2, 'of every company, in each dimension');
insert into private.usage_deltas (company_id, day, service, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
select pg_temp.id(c), '2001-01-10', 'chat', 3, 3, 6, 9, 12, '2001-01-10' from unnest(array['a101', 'a103']) as c;
select is(pg_temp.differences(), 0::bigint, 'as if nothing had happened');
select ok((select count(*) from private.drop_expired_partition()) > 0 and to_regclass('private.api_usage_p200101') is null, 'data retention drops it');
select is(pg_temp.differences(), 0::bigint, 'the ledger is met');
select private.roll_up_usage(1000);
select is(pg_temp.days('a103'), null, 'nothing is left of it');

-- Comparing and mending ------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', 'a905', format('select count(*) from public.reconcile_usage(%L)', pg_temp.id('a101'))), '0', 'an operator compares: nothing is missing');
update private.usage_daily set requests = requests - 1, cost_micro_usd = cost_micro_usd + 5 where company_id = pg_temp.id('a101') and dimension = 'all' and day = '2024-03-05';
delete from private.usage_daily where company_id = pg_temp.id('a101') and dimension = 'service' and day = '2024-03-02';
update private.usage_daily set units = units + 1 where company_id = pg_temp.id('a102') and dimension = 'all';
select is(pg_temp.says('platform_admin', 'a905', format('select string_agg(concat_ws('' '', dimension, day, series, missing_requests, missing_cost_usd, is_mended), '', '') from public.reconcile_usage(%L)', pg_temp.id('a101'))),
  'all 2024-03-05 all 1 -0.000005 f, service 2024-03-02 image 1 0.004007 f', 'what is wrong');
select is(pg_temp.says('platform_admin', 'a905', format($$ select string_agg(dimension, ',') from public.reconcile_usage(%L, starts_on => '2024-03-05', ends_on => '2024-03-06') $$, pg_temp.id('a101'))), 'all', 'from a day to before another');
select is(pg_temp.says('platform_admin', 'a905', format($$ select count(*) from public.reconcile_usage(%L, starts_on => '2024-03-03', ends_on => '2024-03-05') $$, pg_temp.id('a101'))), '0', 'and no other');
select is(pg_temp.says('service_role', null, format('select bool_and(is_mended) from public.reconcile_usage(%L, mend => true)', pg_temp.id('a101'))), 'true', 'is mended');
select is(pg_temp.says('service_role', null, format('select count(*) from public.reconcile_usage(%L, mend => true)', pg_temp.id('a101'))), '0', 'once');
select is(pg_temp.differences(), 1::bigint, 'of that company only');
select is((select string_agg(x.units::text, ',') from private.compare_usage(pg_temp.id('a102'), '-infinity', 'infinity') as x), '-1', 'units are compared, too');
select is(pg_temp.says('service_role', null, format('select count(*) from public.reconcile_usage(%L, mend => true)', pg_temp.id('a102'))), '1', 'and mended');
update private.usage_daily set input_tokens = input_tokens + 1, output_tokens = output_tokens + 2 where company_id = pg_temp.id('a102') and dimension = 'agent';
select is((select string_agg(x.input_tokens || ' ' || x.output_tokens, ',') from private.compare_usage(pg_temp.id('a102'), '-infinity', 'infinity') as x), '-1 -2', 'and tokens');
select is(pg_temp.says('service_role', null, format('select count(*) from public.reconcile_usage(%L, mend => true)', pg_temp.id('a102'))), '1', 'and mended');
select is(pg_temp.differences(), 0::bigint, 'all is well');
select is(pg_temp.says('service_role', null, format('select count(*) from public.reconcile_usage(%L)', pg_temp.id('dead'))), 'PT404 unknown_company', 'of no company there is none');
select is(pg_temp.says('platform_admin', 'a901', format('select count(*) from public.reconcile_usage(%L)', pg_temp.id('a101'))), '42501 not_an_operator', 'who is no operator any more compares nothing');
select is(left(pg_temp.says('authenticated', 'a901', format('select count(*) from public.reconcile_usage(%L)', pg_temp.id('a101'))), 5), '42501', 'members neither');
select is(pg_temp.says('service_role', null, format('select public.roll_up_usage(%s)', n)), '22023 invalid_batch_size', coalesce(n, 'null') || ' is no size of a batch')
  from unnest(array['0', '1000001', 'null']) as n;
select is(pg_temp.says('service_role', null, 'select public.roll_up_usage(1000000) >= 0'), 'true', 'a million is');
select is(left(pg_temp.says(r, 'a905', 'select public.roll_up_usage()'), 5), '42501', r || ' folds nothing') from unnest(array['anon', 'authenticated', 'platform_admin']) as r;
-- A company that goes leaves nothing behind.
set local app.importing = 'on';
insert into public.api_usage (company_id, service, cost_micro_usd) values (pg_temp.id('a103'), 'chat', 1);
delete from public.audit_logs where company_id = pg_temp.id('a103');
delete from public.companies where id = pg_temp.id('a103');
set local app.importing = '';
select is(pg_temp.queued('a103') + (select count(*) from private.usage_daily where company_id = pg_temp.id('a103')), 0::bigint, 'a company that is deleted takes its days along');

-- What operators read -------------------------------------------------------------------------------------------------------
set local app.importing = 'on';
delete from public.api_usage where company_id in (pg_temp.id('a101'), pg_temp.id('a102'));
insert into public.api_usage (company_id, occurred_at, service, agent_id, units, input_tokens, output_tokens, cost_micro_usd) values
  (pg_temp.id('a101'), '1990-05-01 12:00+00', 'chat', pg_temp.id('aa01'), 1, 10, 100, 1000000),
  (pg_temp.id('a101'), '1990-05-07 12:00+00', 'image', pg_temp.id('aa02'), 2, 20, 200, 2000000),
  (pg_temp.id('a101'), '1990-05-08 00:00+00', 'chat', null, 3, 30, 300, 3000000),
  (pg_temp.id('a102'), '1990-05-02 12:00+00', 'chat', pg_temp.id('aa01'), 4, 40, 400, 4000000),
  (pg_temp.id('a102'), '1990-06-01 00:00+00', 'chat', pg_temp.id('aa01'), 4, 40, 400, 9000000);
set local app.importing = '';
create function pg_temp.points(p_arguments text, p_role text default 'platform_admin', p_user text default 'a905', p_function text default 'platform_usage') returns text language sql as $$
  select pg_temp.says(p_role, p_user, format(
    'select string_agg(concat_ws('' '', bucket_starts_on, series, label, requests, units, input_tokens, output_tokens, cost_usd::float), '', '' order by n)
       from public.%s(starts_on => ''1990-05-01'', ends_on => ''1990-06-01''%s) with ordinality as x (bucket_starts_on, series, label, requests, units, input_tokens, output_tokens, cost_usd, n) where requests > 0',
    p_function, p_arguments))
$$;
select is(pg_temp.points(''), '1990-05-01 all all 1 1 10 100 1, 1990-05-02 all all 1 4 40 400 4, 1990-05-07 all all 1 2 20 200 2, 1990-05-08 all all 1 3 30 300 3', 'by day');
select is(pg_temp.points(', bucket => ''week'''), '1990-04-30 all all 2 5 50 500 5, 1990-05-07 all all 2 5 50 500 5', 'by week');
select is(pg_temp.points(', bucket => ''month'''), '1990-05-01 all all 4 10 100 1000 10', 'by month');
select is(pg_temp.points(', bucket => ''month'', group_by => ''service'''), '1990-05-01 chat chat 3 8 80 800 8, 1990-05-01 image image 1 2 20 200 2', 'by service, what cost most first');
select is(pg_temp.points(', bucket => ''month'', group_by => ''tier'''), '1990-05-01 starter starter 3 6 60 600 6, 1990-05-01 custom custom 1 4 40 400 4', 'by tier');
select is(pg_temp.points(', bucket => ''month'', group_by => ''company'''), format('1990-05-01 %s Alpha 3 6 60 600 6, 1990-05-01 %s Beta 1 4 40 400 4', pg_temp.id('a101'), pg_temp.id('a102')), 'by company, with its name');
select is(pg_temp.points(', bucket => ''month'', group_by => ''agent'''), format('1990-05-01 %2$s/%3$s Cyd 1 4 40 400 4, 1990-05-01 none none 1 3 30 300 3, 1990-05-01 %1$s/%4$s Bob 1 2 20 200 2, 1990-05-01 %1$s/%3$s Ada 1 1 10 100 1', pg_temp.id('a101'), pg_temp.id('a102'), pg_temp.id('aa01'), pg_temp.id('aa02')), 'by agent: the same id in two companies is two');
select is(pg_temp.points(', bucket => ''month'', group_by => ''agent'', max_series => 1'), format('1990-05-01 %s/%s Cyd 1 4 40 400 4, 1990-05-01 other other 3 6 60 600 6', pg_temp.id('a102'), pg_temp.id('aa01')), 'the rest is other');
select is(pg_temp.points(format(', bucket => ''month'', company_id => %L', pg_temp.id('a102'))), '1990-05-01 all all 1 4 40 400 4', 'of one company');
select is(pg_temp.points(', bucket => ''month'', service => ''image'''), '1990-05-01 all all 1 2 20 200 2', 'of one service');
select is(pg_temp.points(', bucket => ''month'', plan_tier => ''custom'''), '1990-05-01 all all 1 4 40 400 4', 'of one tier');
select is(pg_temp.says('platform_admin', 'a905', $$ select count(*) || ' ' || count(*) filter (where requests = 0) from public.platform_usage('1990-05-01', '1990-05-04', group_by => 'service') $$), '3 1', 'a row for each day and series, zeros included');
select is(pg_temp.says('service_role', null, $$ select min(bucket_starts_on) || ' ' || max(bucket_starts_on) from public.platform_usage() $$), concat((now() at time zone 'UTC')::date - 29, ' ', (now() at time zone 'UTC')::date), 'the last 30 days unless told');
select is(pg_temp.says('service_role', null, 'select count(*) from public.platform_usage(' || a || ')'), '22023 invalid_series', a)
  from unnest(array['bucket => ''hour''', 'bucket => ''all''', 'bucket => null', 'group_by => ''model''', 'group_by => null', 'max_series => 0', 'max_series => 201', 'max_series => null',
    '''2024-01-02'', ''2024-01-02''', '''2024-01-03'', ''2024-01-02''', '''-infinity'', ''2024-01-02''', '''2024-01-01'', ''infinity''', '''2023-01-01'', ''2024-01-03''',
    '''2020-01-01'', ''2023-01-05'', ''week''', 'group_by => ''agent'', service => ''chat''']) as a;
select is(left(pg_temp.says('service_role', null, 'select count(*) from public.platform_usage(' || a || ')'), 5) <> '22023', true, a || ' is possible')
  from unnest(array['''2023-01-01'', ''2024-01-02''', '''2020-01-01'', ''2023-01-03'', ''week''', 'max_series => 200', 'max_series => 1']) as a;

create function pg_temp.totals(p_arguments text) returns text language sql as $$
  select pg_temp.says('platform_admin', 'a905', format(
    'select string_agg(concat_ws('' '', label, requests, units, input_tokens, output_tokens, cost_usd::float, cost_percent), '', '' order by n)
       from public.platform_usage_totals(starts_on => ''1990-05-01'', ends_on => ''1990-06-01''%s) with ordinality as x (series, label, requests, units, input_tokens, output_tokens, cost_usd, cost_percent, page_key, n)', p_arguments))
$$;
select is(pg_temp.totals(''), 'Alpha 3 6 60 600 6 60.00, Beta 1 4 40 400 4 40.00', 'in all, by company');
select is(pg_temp.totals(', max_rows => 1'), 'Alpha 3 6 60 600 6 60.00', 'a page');
select is(pg_temp.totals(format(', max_rows => 1, after => ''6000000 %s''', pg_temp.id('a101'))), 'Beta 1 4 40 400 4 40.00', 'the next');
select is(pg_temp.totals(format(', max_rows => 1, after => ''4000000 %s''', pg_temp.id('a102'))), null, 'the end');
select is(pg_temp.totals(', group_by => ''agent'', max_rows => 2'), 'Cyd 1 4 40 400 4 40.00, none 1 3 30 300 3 30.00', 'by agent');
select is(pg_temp.totals(', service => ''chat'''), 'Alpha 2 4 40 400 4 50.00, Beta 1 4 40 400 4 50.00', 'of one service; what is equal by its name');
select is(pg_temp.totals(format(', service => ''chat'', max_rows => 1, after => ''4000000 %s''', pg_temp.id('a101'))), 'Beta 1 4 40 400 4 50.00', 'page by page, too');
select is(pg_temp.totals(', plan_tier => ''custom'''), 'Beta 1 4 40 400 4 100.00', 'of one tier');
select is(pg_temp.totals(format(', group_by => ''service'', company_id => %L', pg_temp.id('a101'))), 'chat 2 4 40 400 4 66.67, image 1 2 20 200 2 33.33', 'of one company');
select is(pg_temp.totals(', after => ''x'''), '22023 invalid_page', 'no cursor');
select is(pg_temp.totals(', group_by => ''x'''), '22023 invalid_series', 'no grouping');
select is(pg_temp.totals(', max_rows => 201'), '22023 invalid_series', 'too many rows');

create function pg_temp.moves(p_arguments text) returns text language sql as $$
  select pg_temp.says('platform_admin', 'a905', format(
    'select string_agg(concat_ws('' '', label, cost_usd::float, previous_cost_usd::float, change_usd::float, coalesce(change_percent::text, ''-'')), '', '' order by n)
       from public.usage_movers(%s) with ordinality as x (series, label, cost_usd, previous_cost_usd, change_usd, change_percent, n)', p_arguments))
$$;
select is(pg_temp.moves('''1990-06-01'', ''1990-07-02'''), 'Alpha 0 6 -6 -100.00, Beta 9 4 5 125.00', 'the largest change first, down and up');
select is(pg_temp.moves('''1990-06-01'', ''1990-07-02'', max_rows => 1'), 'Alpha 0 6 -6 -100.00', 'so many');
select is(pg_temp.moves('''1990-05-01'', ''1990-05-08'', ''service'''), 'chat 5 0 5 -, image 2 0 2 -', 'by service, from nothing');
select is(pg_temp.moves('''1990-05-08'', ''1990-05-15'', ''agent'''), format('Cyd 0 4 -4 -100.00, none 3 0 3 -, Bob 0 2 -2 -100.00, Ada 0 1 -1 -100.00'), 'by agent');
select is(pg_temp.moves('max_rows => 0'), '22023 invalid_series', 'no rows');

-- What is read: the days that are asked for, and never the ledger -----------------------------------------------------------
insert into private.usage_daily (company_id, dimension, day, series, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
select pg_temp.id('a102'), x, date '1980-01-01' + n, case x when 'agent' then 'none' else x end, 1, 1, 1, 1, 1, '1980-01-01'
  from generate_series(1, 3000) as n, unnest(array['all', 'service', 'agent']) as x;
analyze private.usage_daily;
-- Scans of the ledger and rows of days fetched, by a call.
create function pg_temp.reads(p_sql text) returns text language plpgsql as $$
declare
  v_scans bigint;
  v_rows bigint;
  v_whole bigint;
  v_then record;
begin
  select sum(t.seq_scan + coalesce(t.idx_scan, 0)) filter (where t.relname like 'api\_usage%'), sum(t.idx_tup_fetch) filter (where t.relname = 'usage_daily'), sum(t.seq_scan) filter (where t.relname = 'usage_daily')
    into v_scans, v_rows, v_whole from pg_stat_xact_user_tables as t;
  execute p_sql;
  select sum(t.seq_scan + coalesce(t.idx_scan, 0)) filter (where t.relname like 'api\_usage%') as scans, sum(t.idx_tup_fetch) filter (where t.relname = 'usage_daily') as rows, sum(t.seq_scan) filter (where t.relname = 'usage_daily') as whole
    into v_then from pg_stat_xact_user_tables as t;
  return concat_ws(' ', v_then.scans - v_scans, case when v_then.rows - v_rows < 100 then 'few' else 'many: ' || (v_then.rows - v_rows) end, v_then.whole - v_whole);
end
$$;
select is(pg_temp.reads(format('select count(*) from private.compare_usage(%L, ''-infinity'', ''infinity'')', pg_temp.id('a102'))) ~ '^[1-9][0-9]* (many.*|few 1)$', true, 'a comparison reads the ledger and all days');
select is(pg_temp.reads('select count(*) from public.' || f), '0 few 0', f)
  from unnest(array['platform_usage(''1990-05-01'', ''1990-05-08'')', 'platform_usage(''1990-05-01'', ''1990-05-08'', group_by => ''service'')', 'platform_usage(''1990-05-01'', ''1990-05-08'', group_by => ''agent'')',
    'platform_usage(''1990-05-01'', ''1990-05-08'', group_by => ''tier'')', 'platform_usage_totals(''1990-05-01'', ''1990-05-08'')', 'usage_movers(''1990-05-08'', ''1990-05-15'')', 'company_overview()', 'company_overview(sort_by => ''last_activity_at'')']) as f;
delete from private.usage_daily where day < '1989-01-01';

-- Who may ------------------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', 'a901', 'select count(*) from public.' || f || '()'), '42501 not_an_operator', f || ': who is no operator any more')
  from unnest(array['platform_usage', 'platform_usage_totals', 'usage_movers']) as f;
select is(left(pg_temp.says(r, 'a901', 'select count(*) from public.' || f || '()'), 5), '42501', f || ': ' || r)
  from unnest(array['platform_usage', 'platform_usage_totals', 'usage_movers']) as f, unnest(array['authenticated', 'anon']) as r;
select is(pg_temp.points(', bucket => ''month''', 'authenticated', 'a901', 'my_usage'), '1990-05-01 all all 3 6 60 600 6', 'a member sees their company''s');
select is(pg_temp.points(', bucket => ''month''', 'authenticated', 'a903', 'my_usage'), '1990-05-01 all all 1 4 40 400 4', 'another theirs');
select is(pg_temp.points(', bucket => ''month'', group_by => ''agent''', 'authenticated', 'a903', 'my_usage'), format('1990-05-01 %s Cyd 1 4 40 400 4', pg_temp.id('aa01')), 'by agent');
select is(pg_temp.points(', bucket => ''month'', service => ''image''', 'authenticated', 'a901', 'my_usage'), '1990-05-01 all all 1 2 20 200 2', 'of one service');
select is(pg_temp.points('', 'authenticated', u, 'my_usage'), '42501 not_your_company', u || ' may not see it') from unnest(array['a902', 'a904', 'dead']) as u;
select is(left(pg_temp.says(r, 'a905', 'select count(*) from public.my_usage()'), 5), '42501', 'my_usage: ' || r) from unnest(array['platform_admin', 'service_role', 'anon']) as r;
update public.companies set status = 'suspended' where id = pg_temp.id('a101');
select is(pg_temp.points('', 'authenticated', 'a901', 'my_usage'), '42501 not_your_company', 'nor does anybody of a suspended company');

select * from finish();
rollback;
