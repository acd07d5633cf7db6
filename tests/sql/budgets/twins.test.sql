-- Ids are unique within a company only. Two companies that share every id with a third, one created before it and one
-- after, with other limits, other counters and closed months: whatever the third does, it gets what a company on its
-- own gets, and not a byte of theirs changes.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(64);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.month() returns date language sql as $$ select date_trunc('month', now() at time zone 'UTC')::date $$;

-- e100 is copied into e000 and e200; e300 is on its own.
create function pg_temp.company(p_tail text) returns void language sql as $$
  insert into public.companies (id, slug, name, contact_email) values (pg_temp.id(p_tail), 'twin-' || p_tail, 'x', 'a@b.example');
  insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd) values (pg_temp.id(p_tail), pg_temp.id('1001'), 'custom', 10)
$$;
select pg_temp.company('e000'), pg_temp.company('e100'), pg_temp.company('e200'), pg_temp.company('e300');
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd)
select pg_temp.id(c), pg_temp.id(a), a, 'openai', 'x', l from unnest('{e100,e300}'::text[]) as c, (values ('1101', 4000000), ('1102', null), ('1103', 2000000)) as x (a, l);
insert into public.service_limits (company_id, id, service, monthly_limit_micro_usd) select pg_temp.id(c), pg_temp.id('1201'), 'limited', 3000000 from unnest('{e100,e300}'::text[]) as c;

-- Every table of which a company has rows that the budget functions read or write.
create function pg_temp.tables() returns setof text language sql as $$
  select unnest('{public.company_plans,public.company_config,public.ai_agents,public.service_limits,public.budget_periods,private.budget_stripes,
    private.budget_reservations,private.budget_reconciliations,public.api_usage,private.usage_keys,public.budget_adjustments,public.budget_alerts,private.outbox_events}'::text[])
$$;
-- Twins of what e100 has now, in e000 and e200; then the original is written anew, so that it does not come first.
create function pg_temp.twin() returns void language plpgsql as $$
declare
  v_table text;
  v_tail text;
  v_columns text;
begin
  perform set_config('app.importing', 'on', true);
  foreach v_tail in array array['e000', 'e200'] loop
    for v_table in select t from pg_temp.tables() with ordinality as x (t, n) where t <> 'private.outbox_events' order by n desc loop
      execute format('delete from %s where company_id = %L', v_table, pg_temp.id(v_tail));
    end loop;
    for v_table in select * from pg_temp.tables() as t where t <> 'private.outbox_events' loop
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns
        from pg_attribute as a
       where a.attrelid = v_table::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attname <> 'company_id';
      execute format('insert into %1$s (company_id, %2$s) select %3$L, %2$s from %1$s where company_id = %4$L', v_table, v_columns, pg_temp.id(v_tail), pg_temp.id('e100'));
      execute format('update %1$s set company_id = company_id where company_id = %2$L', v_table, pg_temp.id('e100'));
    end loop;
  end loop;
  update public.company_plans set monthly_limit_usd = 1, enforcement = 'soft' where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update public.ai_agents set monthly_limit_micro_usd = 7 where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update public.service_limits set monthly_limit_micro_usd = 7 where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update public.budget_periods set limit_micro_usd = 7, spent_micro_usd = 5, reserved_micro_usd = 3, generation = generation + 5, enforcement = 'soft',
         status = 'closed', closed_at = now(), alert_percents = '{3}', watch_micro_usd = 1, agent_limit_count = 9, adjusted_micro_usd = 1
   where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update private.budget_stripes set granted = 1000000000000, watched = 1000000000000, spent = 5, reserved = 2 where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update private.budget_reservations set amount_micro_usd = 77, expires_at = now() - interval '1 hour' where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  update public.api_usage set cost_micro_usd = 123456 where company_id in (pg_temp.id('e000'), pg_temp.id('e200'));
  perform set_config('app.importing', '', true);
end
$$;
create function pg_temp.digest() returns text language plpgsql as $$
declare
  v_table text;
  v_part text;
  v_all text := '';
begin
  for v_table in select * from pg_temp.tables() as t loop
    execute format('select md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) from %s as t where company_id in (%L, %L)', v_table, pg_temp.id('e000'), pg_temp.id('e200')) into v_part;
    v_all := v_all || v_part;
  end loop;
  return md5(v_all);
end
$$;
-- What a company has, without ids that were drawn.
create function pg_temp.state(p_company text) returns jsonb language sql as $$
  select jsonb_build_object(
    'periods', (select jsonb_agg(jsonb_build_array(p.month, p.scope, p.agent_id, p.service, p.starts_at, p.ends_at, p.limit_micro_usd, p.adjusted_micro_usd, p.spent_micro_usd, p.reserved_micro_usd,
        p.enforcement, p.alert_percents, p.watch_micro_usd, p.stripe_count, p.agent_limit_count, p.service_limit_count, p.generation, p.status) order by p.month, p.scope, p.agent_id)
      from public.budget_periods as p where p.company_id = pg_temp.id(p_company)),
    'stripes', (select jsonb_agg(jsonb_build_array(s.stripe, s.generation, s.granted, s.watched, s.spent, s.reserved) order by p.scope, p.agent_id, s.stripe)
      from private.budget_stripes as s join public.budget_periods as p on p.company_id = s.company_id and p.id = s.budget_period_id where s.company_id = pg_temp.id(p_company)),
    'reservations', (select jsonb_agg(jsonb_build_array(r.agent_id, r.service, r.amount_micro_usd, cardinality(r.held_in), r.expires_at > now(), r.released_at is null, r.usage_id is null) order by r.created_at, r.amount_micro_usd, r.id)
      from private.budget_reservations as r where r.company_id = pg_temp.id(p_company)),
    'usage', (select jsonb_agg(jsonb_build_array(u.agent_id, u.service, u.cost_micro_usd, u.budget_month, u.is_over_budget, u.is_out_of_month) order by u.cost_micro_usd, u.service, u.agent_id)
      from public.api_usage as u where u.company_id = pg_temp.id(p_company)),
    'alerts', (select jsonb_agg(jsonb_build_array(p.scope, a.threshold_percent, a.limit_micro_usd, a.spent_micro_usd) order by p.scope, a.threshold_percent)
      from public.budget_alerts as a join public.budget_periods as p on p.company_id = a.company_id and p.id = a.budget_period_id where a.company_id = pg_temp.id(p_company)),
    'adjustments', (select jsonb_agg(jsonb_build_array(a.amount_micro_usd, a.reason) order by a.reason) from public.budget_adjustments as a where a.company_id = pg_temp.id(p_company)),
    'events', (select count(*) from private.outbox_events as e where e.company_id = pg_temp.id(p_company)))
$$;
-- One step, for the company that has twins and for the one that has none.
create function pg_temp.step(p_what text, p_sql text) returns setof text language plpgsql as $$
declare
  v_digest text;
  v_twinned jsonb;
  v_alone jsonb;
begin
  perform pg_temp.twin();
  v_digest := pg_temp.digest();
  execute format('select coalesce(jsonb_agg(to_jsonb(t)), ''[]'') from (%s) as t', replace(p_sql, '$c', format('%L::uuid', pg_temp.id('e100')))) into v_twinned;
  execute format('select coalesce(jsonb_agg(to_jsonb(t)), ''[]'') from (%s) as t', replace(p_sql, '$c', format('%L::uuid', pg_temp.id('e300')))) into v_alone;
  return next is(array[v_twinned, pg_temp.state('e100')], array[v_alone, pg_temp.state('e300')], p_what || ': as without twins');
  return next is(pg_temp.digest(), v_digest, p_what || ': nothing of the twins changes');
end
$$;
create function pg_temp.settle(p_company uuid, p_reservation text, p_cost numeric, p_service text default 'free', p_agent text default null, p_key text default null) returns jsonb language sql as $$
  select to_jsonb(r) - 'usage_id' - 'occurred_at' from public.log_api_usage_and_update_budget(p_company, p_service, pg_temp.id(p_agent), 'x', p_cost, reservation_id => pg_temp.id(p_reservation), idempotency_key => p_key) as r
$$;
create function pg_temp.hold(p_company uuid, p_reservation text, p_cost numeric, p_service text default null, p_agent text default null, p_seconds integer default 900) returns jsonb language sql as $$
  select to_jsonb(r) - 'expires_at' from public.check_budget_before_usage(p_company, pg_temp.id(p_agent), p_cost, p_service, p_seconds, pg_temp.id(p_reservation)) as r
$$;
create function pg_temp.spread(p_company uuid) returns void language sql as $$
  insert into private.budget_stripes (company_id, budget_period_id, stripe, generation)
  select p.company_id, p.id, g.n, p.generation + 1 from public.budget_periods as p, generate_series(0, 63) as g (n) where p.company_id = p_company and p.status = 'open' and p.stripe_count = 0;
  update public.budget_periods as p set stripe_count = 64, generation = p.generation + 1 where p.company_id = p_company and p.status = 'open'
$$;

select pg_temp.step('a hold', $$select pg_temp.hold($c, '2001', 1) as r$$);
select pg_temp.step('a hold in three budgets', $$select pg_temp.hold($c, '2002', 0.5, 'limited', '1101') as r$$);
select pg_temp.step('the same again', $$select pg_temp.hold($c, '2002', 0.5, 'limited', '1101') as r$$);
select pg_temp.step('a hold that is too much for the agent', $$select pg_temp.hold($c, '2003', 3.9, 'free', '1101') as r$$);
select pg_temp.step('a log', $$select pg_temp.settle($c, null, 0.25) as r$$);
select pg_temp.step('a log in three budgets', $$select pg_temp.settle($c, null, 0.125, 'limited', '1101', 'k1') as r$$);
select pg_temp.step('its retry', $$select pg_temp.settle($c, null, 0.125, 'limited', '1101', 'k1') as r$$);
select pg_temp.step('settling', $$select pg_temp.settle($c, '2001', 0.75) as r$$);
select pg_temp.step('settling again', $$select pg_temp.settle($c, '2001', 0.75) as r$$);
select pg_temp.step('settling more than was held', $$select pg_temp.settle($c, '2002', 2.5, 'limited', '1101') as r$$);
select pg_temp.step('a batch', $$select to_jsonb(r) - 'usage_id' - 'occurred_at' as r from public.log_api_usage_batch($c,
  '[{"service": "limited", "cost": 0.0625, "idempotency_key": "b1"}, {"service": "free", "agent_id": "00000000-0000-4000-8000-000000001102", "cost": 0.5}]') as r$$);
select pg_temp.step('a release', $$select pg_temp.hold($c, '2004', 1, 'free', '1101'), public.release_budget_reservation($c, pg_temp.id('2004'))$$);
select pg_temp.step('a hold that expires', $$select pg_temp.hold($c, '2005', 1, 'free', '1101')$$);
update private.budget_reservations set expires_at = now() - interval '1 minute' where id = pg_temp.id('2005');
select pg_temp.step('and is given back to who needs it', $$select pg_temp.hold($c, '2006', 5)$$);
select pg_temp.step('a new plan', $$select private.apply_plan(u.company_id) from (select $c as company_id) as u$$);
create function pg_temp.replan(p_company uuid) returns void language sql as $$ update public.company_plans set monthly_limit_usd = 12 where company_id = p_company $$;
create function pg_temp.relimit(p_company uuid) returns void language sql as $$
  update public.ai_agents set monthly_limit_micro_usd = 5000000 where company_id = p_company and id = pg_temp.id('1101');
  update public.service_limits set monthly_limit_micro_usd = 3500000 where company_id = p_company
$$;
create function pg_temp.relimit_more(p_company uuid) returns void language sql as $$
  update public.ai_agents set monthly_limit_micro_usd = 6000000 where company_id = p_company and id = pg_temp.id('1102')
$$;
create function pg_temp.move(p_company uuid) returns void language sql as $$ update public.companies set time_zone = 'America/New_York' where id = p_company $$;
create function pg_temp.remove(p_company uuid) returns void language sql as $$ delete from public.ai_agents where company_id = p_company and id = pg_temp.id('1103') $$;
create function pg_temp.unlimit(p_company uuid) returns void language sql as $$ delete from public.service_limits where company_id = p_company $$;
select pg_temp.step('another limit of the plan', $$select pg_temp.replan($c)$$);
select pg_temp.step('other limits of agent and service', $$select pg_temp.relimit($c)$$);
select pg_temp.step('a limit that is new in the month', $$select pg_temp.relimit_more($c)$$);
select pg_temp.step('an adjustment', $$select public.adjust_budget($c, pg_temp.month(), -1, 'a credit', pg_temp.id('3001'))$$);
select pg_temp.step('the status', $$select s.* from public.budget_status($c) as s order by s.scope, s.agent_id$$);
select pg_temp.step('another time zone', $$select pg_temp.move($c)$$);
select pg_temp.step('many at once', $$select pg_temp.spread($c)$$);
select pg_temp.step('a hold in stripes', $$select pg_temp.hold($c, '2007', 0.5, 'limited', '1101')$$);
select pg_temp.step('settling in stripes', $$select pg_temp.settle($c, '2007', 0.25, 'limited', '1101')$$);
select pg_temp.step('a log in stripes', $$select pg_temp.settle($c, null, 0.1, 'free')$$);
-- The stripe has room now, which is when the short way is taken.
select pg_temp.step('a small log in stripes', $$select pg_temp.settle($c, null, 0.001, 'free')$$);
select pg_temp.step('a small hold in stripes', $$select pg_temp.hold($c, '2009', 0.001, 'free')$$);
select pg_temp.step('settling it', $$select pg_temp.settle($c, '2009', 0.0005, 'free')$$);
select pg_temp.step('comparing with the ledger', $$select r.scope, r.counted_usd, r.ledger_usd, r.difference_usd, r.held_difference_usd, r.is_mended from public.reconcile_budget($c, pg_temp.month(), true) as r order by r.scope, r.agent_id$$);
select pg_temp.step('a hold for an agent', $$select pg_temp.hold($c, '2008', 0.5, 'free', '1103')$$);
select pg_temp.step('that is deleted meanwhile', $$select pg_temp.remove($c)$$);
select pg_temp.step('a limit that is lifted', $$select pg_temp.unlimit($c)$$);

select * from finish();
rollback;
