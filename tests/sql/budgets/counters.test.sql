-- The two counters of a budget, from the inside: the central row while one is enough, stripes when many are at it. What
-- each condition of the short way keeps out.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(48);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- A company and a twin that has the same budget: same id, same state.
insert into public.companies (id, slug, name, contact_email) select pg_temp.id(t), 'counter-' || t, 'x', 'a@b.example' from unnest('{e000,e001}'::text[]) as t;
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) select pg_temp.id(t), 'custom', 1 from unnest('{e001}'::text[]) as t;
set local app.importing = 'on';
insert into public.budget_periods (company_id, id, month, starts_at, ends_at, limit_micro_usd, alert_percents)
select pg_temp.id('e000'), id, month, starts_at, ends_at, limit_micro_usd, alert_percents from public.budget_periods where company_id = pg_temp.id('e001');
set local app.importing = '';
create function pg_temp.period() returns uuid language sql as $$ select id from public.budget_periods where company_id = pg_temp.id('e001') $$;
-- Both in a known state: limit 1000, nothing watched for, generation 7.
create function pg_temp.reset(p_sets text default '') returns void language plpgsql as $$
begin
  perform set_config('app.importing', 'on', true);
  delete from private.budget_stripes where budget_period_id = pg_temp.period();
  delete from public.budget_alerts where budget_period_id = pg_temp.period();
  update public.budget_periods set limit_micro_usd = 1000, adjusted_micro_usd = 0, spent_micro_usd = 0, reserved_micro_usd = 0, enforcement = 'hard',
         alert_percents = '{}', watch_micro_usd = null, stripe_count = 0, contention = 0, generation = 7, status = 'open', closed_at = null where id = pg_temp.period();
  if p_sets <> '' then
    execute format('update public.budget_periods set %s where id = pg_temp.period()', p_sets);
  end if;
  perform set_config('app.importing', '', true);
end
$$;
-- With stripes: the own one as told, and one more.
create function pg_temp.spread(p_granted bigint, p_watched bigint, p_generation integer default 7, p_folded interval default '0', p_sets text default '') returns void language plpgsql as $$
begin
  perform pg_temp.reset('stripe_count = 64' || p_sets);
  insert into private.budget_stripes (company_id, budget_period_id, stripe, generation, granted, watched, folded_at)
  select c.id, pg_temp.period(), s.n, p_generation, case when s.n = pg_backend_pid() % 64 then p_granted else 100 end, case when s.n = pg_backend_pid() % 64 then p_watched else 100 end, clock_timestamp() - p_folded
    from public.companies as c, generate_series(0, 63) as s (n)
   where c.id in (pg_temp.id('e000'), pg_temp.id('e001')) and s.n in (pg_backend_pid() % 64, (pg_backend_pid() + 1) % 64);
end
$$;
create function pg_temp.charge(p_spend bigint, p_hold bigint default 0, p_stripes integer default 0, p_generation integer default 7, p_force boolean default false) returns text language sql as $$
  select private.charge_budget(pg_temp.id('e001'), pg_temp.period(), p_generation, p_stripes, p_spend, p_hold, p_force)
$$;
-- Spent and held in the central row, and in the own stripe.
create function pg_temp.counted(p_company text default 'e001') returns bigint[] language sql as $$
  select array[p.spent_micro_usd, p.reserved_micro_usd, coalesce(s.spent, 0), coalesce(s.reserved, 0)]
    from public.budget_periods as p
    left join private.budget_stripes as s on s.company_id = p.company_id and s.budget_period_id = p.id and s.stripe = pg_backend_pid() % 64
   where p.company_id = pg_temp.id(p_company) and p.id = pg_temp.period()
$$;

-- One row ---------------------------------------------------------------------------------------------------------------
select pg_temp.reset();
select is(pg_temp.charge(400, 600), 'within', 'up to the limit');
select is(pg_temp.counted(), '{400,600,0,0}', 'it is counted');
select is(pg_temp.counted('e000'), '{0,0,0,0}', 'and the twin is not touched');
select is(pg_temp.charge(1), 'refused', 'not a millionth more');
select is(pg_temp.charge(0, 1), 'refused', 'nor a hold');
select is(pg_temp.charge(5, -5), 'within', 'settling what was held needs no room');
select is(pg_temp.charge(0, -95), 'within', 'nor does giving back');
select is(pg_temp.counted(), '{405,500,0,0}', 'both are counted');
select is(pg_temp.charge(200, 0, p_force => true), 'over', 'what is spent is spent');
select is(pg_temp.charge(0, -1), 'within', 'beyond the limit, giving back still works');
select is(pg_temp.counted(), '{605,499,0,0}', 'and is counted');
select pg_temp.reset('adjusted_micro_usd = 300');
select is(pg_temp.charge(701), 'refused', 'a charge by hand counts');
select is(pg_temp.charge(700), 'within', 'to the point');
select pg_temp.reset('enforcement = ''soft''');
select is(pg_temp.charge(1000), 'within', 'a soft limit is no limit');
select is(pg_temp.charge(1), 'over', 'but it is told');
select is(pg_temp.counted(), '{1001,0,0,0}', 'and counted');
select pg_temp.reset();
select is(pg_temp.charge(1, p_generation => 6), 'stale', 'who knows an older state is told so');
select is(pg_temp.counted(), '{0,0,0,0}', 'and nothing is counted');
select pg_temp.reset('status = ''closed'', closed_at = now()');
select is(pg_temp.charge(1), 'stale', 'a closed budget takes nothing');
select is(pg_temp.charge(0, -1, p_force => true), 'stale', 'from nobody');
select is(pg_temp.counted(), '{0,0,0,0}', 'indeed');
select pg_temp.reset('alert_percents = ''{50}'', watch_micro_usd = 500');
select is(pg_temp.charge(499), 'within', 'below what is watched for');
select is((select count(*) from public.budget_alerts where budget_period_id = pg_temp.period()), 0::bigint, 'nothing happens');
select is(pg_temp.charge(1), 'within', 'at it');
select results_eq('select company_id, threshold_percent from public.budget_alerts where budget_period_id = pg_temp.period()', $$values (pg_temp.id('e001'), 50)$$, 'there is an alert');
select is((select watch_micro_usd from public.budget_periods where company_id = pg_temp.id('e001') and id = pg_temp.period()), null, 'once');
select pg_temp.reset('contention = 3');
select is(pg_temp.charge(1), 'within', 'a row that others were seen at a few times');
select is((select count(*) from private.budget_stripes where budget_period_id = pg_temp.period()), 0::bigint, 'stays one');
select pg_temp.reset('contention = 4');
select is(pg_temp.charge(1), 'within', 'once more, and');
select is((select count(*) from private.budget_stripes where budget_period_id = pg_temp.period() and company_id = pg_temp.id('e001')), 64::bigint, 'it gets stripes');
select results_eq($$select stripe_count::integer, generation from public.budget_periods where company_id = pg_temp.id('e001') and id = pg_temp.period()$$, 'values (64, 8)', 'of which everybody hears');

-- Stripes ---------------------------------------------------------------------------------------------------------------
select pg_temp.spread(50, 50);
select is(pg_temp.charge(30, 20, 64), 'within', 'all that the own stripe was granted');
select is(pg_temp.counted(), '{0,0,30,20}', 'is counted there');
select is(pg_temp.counted('e000'), '{0,0,0,0}', 'and not in the twin''s');
select pg_temp.charge(1, 0, 64);
select is((select (pg_temp.counted())[1:2]), '{30,20}', 'for more, the stripe is brought home and granted anew');
select pg_temp.spread(50, 10);
update public.budget_periods set watch_micro_usd = 200, alert_percents = '{20}' where id = pg_temp.period();
select is(pg_temp.charge(11, 0, 64), 'within', 'more than is watched for by the stripe');
select ok((select s.spent <= s.watched and s.watched - s.spent + 100 <= 199 from private.budget_stripes as s where s.company_id = pg_temp.id('e001') and s.budget_period_id = pg_temp.period() and s.stripe = pg_backend_pid() % 64), 'is shared out so that nobody crosses unseen');
select pg_temp.spread(50, 50, p_generation => 6);
select is(pg_temp.charge(1, 0, 64), 'within', 'what was granted in an older state is void');
select is((select generation from private.budget_stripes as s where s.company_id = pg_temp.id('e001') and s.budget_period_id = pg_temp.period() and s.stripe = pg_backend_pid() % 64), 7, 'and granted anew');
select pg_temp.spread(50, 50);
select is(pg_temp.charge(1, 0, 64, 6), 'stale', 'who knows an older state is told so');
select pg_temp.spread(50, 50, p_folded => '2 s');
select pg_temp.charge(1, 0, 64);
select is((pg_temp.counted())[1], 1::bigint, 'after a second the central row is brought up to date');
select is((select spent_micro_usd from public.budget_periods where company_id = pg_temp.id('e000') and id = pg_temp.period()), 0::bigint, 'not the twin''s');
select pg_temp.spread(50, 50);
select pg_temp.charge(1, 0, 64);
select is((pg_temp.counted())[1], 0::bigint, 'not before');
select pg_temp.spread(0, 0);
select is(pg_temp.charge(1001, 0, 64), 'refused', 'stripes do not get more than the limit');
select is(pg_temp.charge(1000, 0, 64), 'within', 'but all of it, from all');
select is(pg_temp.charge(1, 0, 64), 'refused', 'once');
select pg_temp.spread(50, 50);
select is(pg_temp.charge(10, 0, 0), 'within', 'who does not know of the stripes');
select is((pg_temp.counted())[1], 0::bigint, 'does not pass them by');

select * from finish();
rollback;
