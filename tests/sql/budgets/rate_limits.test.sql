-- check_rate_limit(), check_request() and what is below them: what a company and a key may do, what is answered and
-- refused, who may ask.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(166);

create function pg_temp.be(p_user text, p_more jsonb default '{}') returns void language sql as $$
  select set_config('request.jwt.claims',
    (jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated') || p_more)::text, true)
$$;
create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
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

-- Two companies with 6 requests a minute and a burst of 4: a request is worth 10 seconds, a bucket holds 40.
insert into public.companies (id, slug, name, contact_email, time_zone) select pg_temp.id(t), 'rate-' || t, 'x', 'a@b.example', 'UTC'
  from unnest(array['e001', 'e002', 'e003', 'e004', 'e005', 'e006', 'e007', 'e008', 'e009', 'e00a']) as t;
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, features)
select pg_temp.id(t), 'custom', 10, '{"requests_per_minute": 6, "request_burst": 4}' from unnest(array['e001', 'e002']) as t;
insert into auth.users (id, email) select pg_temp.id(t), t || '@b.example'
  from unnest(array['e901', 'e902', 'e903', 'e904', 'e905', 'e906', 'e907', 'e908']) as t on conflict do nothing;
insert into public.users (company_id, id, email, full_name, role, status) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'e901@b.example', 'Client', 'client', 'active'),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'e902@b.example', 'Agent', 'agent', 'active'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'e903@b.example', 'Compliance', 'compliance_admin', 'active'),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'e904@b.example', 'Other', 'client', 'active'),
  (pg_temp.id('e001'), pg_temp.id('e905'), 'e905@b.example', 'Both', 'client', 'active'),
  (pg_temp.id('e002'), pg_temp.id('e905'), 'e905@b.example', 'Both', 'client', 'active'),
  (pg_temp.id('e001'), pg_temp.id('e906'), 'e906@b.example', 'Disabled', 'client', 'disabled'),
  (pg_temp.id('e003'), pg_temp.id('e908'), 'e908@b.example', 'Suspended', 'client', 'active');
-- Keys: 12 a minute is worth 5 seconds each and a burst of 2. Two companies may have the same id.
insert into public.api_keys (company_id, id, name, prefix, rate_limit_per_minute) values
  (pg_temp.id('e001'), pg_temp.id('e301'), 'limited', 'key_e301', 12),
  (pg_temp.id('e001'), pg_temp.id('e302'), 'unlimited', 'key_e302', null),
  (pg_temp.id('e001'), pg_temp.id('e303'), 'another', 'key_e303', 12),
  (pg_temp.id('e001'), pg_temp.id('e304'), 'slow', 'key_e304', 3),
  (pg_temp.id('e001'), pg_temp.id('e306'), 'quick', 'key_e306', 30),
  (pg_temp.id('e002'), pg_temp.id('e301'), 'same id', 'key_e301', 24),
  (pg_temp.id('e002'), pg_temp.id('e305'), 'theirs', 'key_e305', 12);

-- As if a bucket had been used up to so many seconds from now; null empties it of all history.
create function pg_temp.owe(p_company text, p_seconds numeric, p_bucket text default 'company') returns void language plpgsql security definer as $$
begin
  delete from private.rate_limit_buckets as b where b.company_id = pg_temp.id(p_company) and b.bucket = p_bucket;
  insert into private.rate_limit_buckets (company_id, bucket, tat)
  select pg_temp.id(p_company), p_bucket, clock_timestamp() + make_interval(secs => p_seconds::double precision)
   where p_seconds is not null;
end
$$;
-- Seconds that a bucket is used up to, rounded up; null if it was never used.
create function pg_temp.owes(p_company text, p_bucket text default 'company') returns integer language sql security definer as $$
  select ceil(extract(epoch from b.tat - clock_timestamp()))::integer from private.rate_limit_buckets as b
   where b.company_id = pg_temp.id(p_company) and b.bucket = p_bucket
$$;
create function pg_temp.key(p_tail text) returns text language sql as $$ select 'api_key:' || pg_temp.id(p_tail) $$;
-- Asks with buckets that are used up to so many seconds from this very moment.
create function pg_temp.ask(p_owed numeric, p_cost integer default 1, p_key text default null, p_key_owed numeric default null)
returns setof public.rate_limit_decision language plpgsql as $$
begin
  perform pg_temp.owe('e001', p_owed), pg_temp.owe('e001', p_key_owed, pg_temp.key(p_key)) where p_key is not null;
  perform pg_temp.owe('e001', p_owed) where p_key is null;
  return next public.check_rate_limit(pg_temp.id('e001'), p_cost, pg_temp.id(p_key));
end
$$;
-- In a transaction that only reads: the first column of the answer, or the SQLSTATE.
create function pg_temp.reading(p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  begin
    perform set_config('transaction_read_only', 'on', true);
    execute p_sql into v_answer;
    return v_answer;
  exception when others then
    return sqlstate;
  end;
end
$$;
-- A request that PostgREST would answer with 429: code and token, status, headers.
create function pg_temp.too_many(p_sql text) returns table (body jsonb, answer jsonb) language plpgsql as $$
declare
  v_detail text;
begin
  execute p_sql;
exception when sqlstate 'PGRST' then
  get stacked diagnostics v_detail = pg_exception_detail;
  return query select sqlerrm::jsonb, v_detail::jsonb;
end
$$;
create function pg_temp.headers() returns jsonb language sql as $$
  select jsonb_object_agg(h.key, h.value)
    from jsonb_array_elements(nullif(current_setting('response.headers', true), '')::jsonb) as o (header)
   cross join lateral jsonb_each(o.header) as h
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- What a company may do -----------------------------------------------------------------------------------------------
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, features) values
  (pg_temp.id('e003'), 'starter', 1, '{}'), (pg_temp.id('e004'), 'professional', 1, '{}'),
  (pg_temp.id('e005'), 'enterprise', 1, '{}'), (pg_temp.id('e006'), 'custom', 1, '{}'),
  (pg_temp.id('e008'), 'enterprise', 1, '{"requests_per_minute": 60}'), (pg_temp.id('e009'), 'professional', 1, '{"request_burst": 7, "requests_per_minute": null}'),
  (pg_temp.id('e00a'), 'enterprise', 1, '{"requests_per_minute": 5, "request_burst": 6}');
update public.company_plans set is_active = false where company_id = pg_temp.id('e00a');
create function pg_temp.rates() returns table (company text, rate integer, burst integer) language sql as $$
  select t, r.limit_per_minute, r.burst from unnest(array['e001', 'e003', 'e004', 'e005', 'e006', 'e007', 'e008', 'e009', 'e00a']) as t
   cross join lateral private.company_rate(pg_temp.id(t)) as r
$$;
select results_eq('select * from pg_temp.rates()', $$values
  ('e001', 6, 4), ('e003', 600, 200), ('e004', 3000, 1000), ('e005', 12000, 4000), ('e006', 3000, 1000), ('e007', 600, 200),
  ('e008', 60, 4000), ('e009', 3000, 7), ('e00a', 600, 200)$$, 'the features of the plan in force say it, else its tier; without a plan it is starter');
-- Plans keep the features that they began with; those that say nothing look at the tier as it is now.
update private.plan_tiers set features = features || '{"requests_per_minute": 1111, "request_burst": 111}' where plan_tier = 'professional';
select results_eq('select * from pg_temp.rates() where company in (''e004'', ''e009'')', $$values ('e004', 3000, 1000), ('e009', 1111, 7)$$, 'a tier that changes changes what plans leave open');
update private.plan_tiers set features = '{}' where plan_tier = 'professional';
select results_eq('select * from pg_temp.rates() where company = ''e009''', $$values ('e009', 600, 7)$$, 'a tier that says nothing is 600 a minute');
update public.company_plans set features = '{"x": 1}' where company_id in (pg_temp.id('e004'), pg_temp.id('e009'));
select results_eq('select * from pg_temp.rates() where company in (''e004'', ''e009'')', $$values ('e004', 600, 200), ('e009', 600, 200)$$, 'with a burst of 200');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('e008'), 'starter', 1);
select results_eq('select * from pg_temp.rates() where company = ''e008''', $$values ('e008', 600, 200)$$, 'a new plan takes the place of the one before');

-- The burst, then the steady rate -------------------------------------------------------------------------------------
select pg_temp.be('e901');
set local role authenticated;
select results_eq('select r.* from generate_series(1, 6) as n cross join lateral (select n, (d).* from (select public.check_rate_limit(pg_temp.id(''e001'')) as d where n > 0) as x) as r', $$values
  (1, true, 'company', 6, 4, 3, 10, 0), (2, true, 'company', 6, 4, 2, 20, 0), (3, true, 'company', 6, 4, 1, 30, 0), (4, true, 'company', 6, 4, 0, 40, 0),
  (5, false, 'company', 6, 4, 0, 40, 10), (6, false, 'company', 6, 4, 0, 40, 10)$$, 'a burst of 4, then nothing until a request has been paid for');
select results_eq('select * from pg_temp.ask(' || owed || ')', 'values (' || answer || ')', 'used up to ' || owed || ' s: ' || what) from (values
  ('null', $$true, 'company', 6, 4, 3, 10, 0$$, 'never used'),
  ('0', $$true, 'company', 6, 4, 3, 10, 0$$, 'full'),
  ('-3600', $$true, 'company', 6, 4, 3, 10, 0$$, 'no more than full after an hour'),
  ('9', $$true, 'company', 6, 4, 2, 19, 0$$, 'a part of a request does not remain'),
  ('25', $$true, 'company', 6, 4, 0, 35, 0$$, 'the last whole one'),
  ('30', $$true, 'company', 6, 4, 0, 40, 0$$, 'the very last'),
  ('30.3', $$false, 'company', 6, 4, 0, 31, 1$$, 'a moment too early, which is a second'),
  ('32', $$false, 'company', 6, 4, 0, 32, 2$$, 'exactly how long it takes'),
  ('39.5', $$false, 'company', 6, 4, 0, 40, 10$$, 'rounded up, so that nobody comes too early'),
  ('55', $$false, 'company', 6, 4, 0, 40, 10$$, 'a debt is no more than the burst, as after a change of plan')) as t (owed, answer, what);
select results_eq('select * from pg_temp.ask(' || owed || ', ' || cost || ')', 'values (' || answer || ')', cost || ' at once: ' || what) from (values
  ('null', 4, $$true, 'company', 6, 4, 0, 40, 0$$, 'all that there is'),
  ('-3600', 4, $$true, 'company', 6, 4, 0, 40, 0$$, 'all that there is, however long it was not used'),
  ('0', 3, $$true, 'company', 6, 4, 1, 30, 0$$, 'one remains'),
  ('20', 2, $$true, 'company', 6, 4, 0, 40, 0$$, 'just enough'),
  ('25', 2, $$false, 'company', 6, 4, 1, 25, 5$$, 'not while only one remains, and it says when two do'),
  ('40', 4, $$false, 'company', 6, 4, 0, 40, 40$$, 'when everything is back')) as t (owed, cost, answer, what);
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.ask(25, 2)), '{25,1}', 'what is refused takes nothing');
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.ask(25, 1)), '{35,1}', 'what is admitted takes what it costs');
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.ask(-3600, 2)), '{20,1}', 'and begins now');
reset role;
select is(pg_temp.owes('e002'), null, 'another company''s bucket was not touched');
select is((select count(*) from private.rate_limit_buckets where company_id = pg_temp.id('e001')), 1::bigint, 'a company has one');
update public.company_plans set features = '{"requests_per_minute": 7, "request_burst": 3}' where company_id = pg_temp.id('e002');
select results_eq('select (d).allowed, (d).limit_per_minute, (d).burst, (d).remaining, (d).reset_seconds from (select public.check_rate_limit(pg_temp.id(''e002'')) as d from generate_series(1, 4) offset 0) as x',
  $$values (true, 7, 3, 2, 9), (true, 7, 3, 1, 18), (true, 7, 3, 0, 26), (false, 7, 3, 0, 26)$$, 'a rate that divides no minute loses nothing');
update public.company_plans set features = '{"requests_per_minute": 6, "request_burst": 4}' where company_id = pg_temp.id('e002');

-- What a call may cost
select pg_temp.owe('e001', 0);
set local role authenticated;
select pg_temp.refused(format('select public.check_rate_limit(pg_temp.id(''e001''), %s)', v), '22023', 'invalid_cost', 'a cost of ' || v)
  from unnest(array['0', '-1', '5', '2147483647', 'null']) as v;
select throws_ok($$select public.check_rate_limit(pg_temp.id('e001'), 5)$$, '22023', 'a request costs 1 to 4', 'it says what may be asked for');
select is((public.check_rate_limit(pg_temp.id('e001'), 4)).allowed, true, 'the whole burst may');

-- A refusal neither writes nor locks; what is admitted must write.
reset role;
select pg_temp.owe('e001', 40);
set local role authenticated;
select is(pg_temp.reading('select (public.check_rate_limit(pg_temp.id(''e001''))).allowed'), 'false', 'a refusal writes nothing');
select is((select (public.check_rate_limit(pg_temp.id('e001'))).retry_after_seconds), 10, 'and is the same outside of a transaction that only reads');
reset role;
select pg_temp.owe('e001', 0);
set local role authenticated;
select is(pg_temp.reading('select (public.check_rate_limit(pg_temp.id(''e001''))).allowed'), '25006', 'a transaction that only reads cannot be counted');
select is((public.check_rate_limit(pg_temp.id('e001'))).allowed, true, 'one that writes can');

-- Keys ----------------------------------------------------------------------------------------------------------------
select results_eq(format('select * from pg_temp.ask(%s, %s, %L, %s)', owed, cost, key, key_owed), 'values (' || answer || ')', what) from (values
  ('null', 1, 'e301', 'null', $$true, pg_temp.key('e301'), 12, 2, 1, 5, 0$$, 'a key may do what it may do in ten seconds, and says so while it has less left than the company'),
  ('0', 2, 'e301', '0', $$true, pg_temp.key('e301'), 12, 2, 0, 10, 0$$, 'two at once'),
  ('0', 1, 'e301', '7', $$false, pg_temp.key('e301'), 12, 2, 0, 7, 2$$, 'a key that has nothing left waits for its own rate'),
  ('20', 1, 'e301', '0', $$true, 'company', 6, 4, 1, 30, 0$$, 'when as much is left of both, it is the company''s'),
  ('30', 1, 'e301', '0', $$true, 'company', 6, 4, 0, 40, 0$$, 'the company''s when it has less left'),
  ('33', 1, 'e301', '0', $$false, 'company', 6, 4, 0, 33, 3$$, 'a key cannot do what the company cannot'),
  ('33', 1, 'e301', '10', $$false, pg_temp.key('e301'), 12, 2, 0, 10, 5$$, 'a key that has nothing left is told first'),
  ('0', 3, 'e301', '0', $$true, pg_temp.key('e301'), 12, 3, 0, 15, 0$$, 'what is worth more than its burst may go through at once'),
  ('0', 3, 'e301', '1', $$false, pg_temp.key('e301'), 12, 3, 2, 1, 1$$, 'but only when nothing is owed'),
  ('0', 1, 'e306', '4', $$true, pg_temp.key('e306'), 30, 5, 2, 6, 0$$, 'a quicker key may more'),
  ('0', 1, 'e304', '0', $$true, pg_temp.key('e304'), 3, 1, 0, 20, 0$$, 'a slow key may one'),
  ('0', 1, 'e304', '0.5', $$false, pg_temp.key('e304'), 3, 1, 0, 1, 1$$, 'and then none'),
  ('10', 1, 'e302', 'null', $$true, 'company', 6, 4, 2, 20, 0$$, 'a key without a limit has the company''s'),
  ('35', 1, 'e302', 'null', $$false, 'company', 6, 4, 0, 35, 5$$, 'which refuses it, too')) as t (owed, cost, key, key_owed, answer, what);
reset role;
select is(pg_temp.owes('e001', pg_temp.key('e302')), null, 'a key without a limit has no bucket');
create function pg_temp.all_buckets() returns text language sql security definer as $$
  select string_agg(ceil(extract(epoch from b.tat - clock_timestamp()))::text, ' ' order by b.company_id, b.bucket = 'company' desc, b.bucket)
    from private.rate_limit_buckets as b where b.company_id in (pg_temp.id('e001'), pg_temp.id('e002'))
$$;
create function pg_temp.all_owe(p_company numeric, p_key numeric) returns void language plpgsql security definer as $$
begin
  delete from private.rate_limit_buckets as b where b.company_id in (pg_temp.id('e001'), pg_temp.id('e002'));
  perform pg_temp.owe('e001', p_company), pg_temp.owe('e001', p_key, pg_temp.key('e301')), pg_temp.owe('e001', 4, pg_temp.key('e303')),
          pg_temp.owe('e002', 20), pg_temp.owe('e002', 2, pg_temp.key('e301'));
end
$$;
grant execute on all functions in schema pg_temp to authenticated, service_role;
set local role authenticated;
create function pg_temp.after(p_company numeric, p_key numeric, p_cost integer, p_which text default 'e301') returns text language plpgsql as $$
begin
  perform pg_temp.all_owe(p_company, p_key);
  perform public.check_rate_limit(pg_temp.id('e001'), p_cost, pg_temp.id(p_which));
  return pg_temp.all_buckets();
end
$$;
grant execute on function pg_temp.after(numeric, numeric, integer, text) to service_role;
select is(pg_temp.after(0, 0, 2), '20 10 4 20 2', 'a key''s call is counted for the key and for the company');
select is(pg_temp.after(0, 0, 1, 'e303'), '10 0 9 20 2', 'another key has its own');
select is(pg_temp.after(0, 0, 1, null), '10 0 4 20 2', 'no key, none is counted');
select is(pg_temp.after(0, 8, 1), '0 8 4 20 2', 'what the key may not is not counted for the company');
select is(pg_temp.after(40, 4, 1), '40 4 4 20 2', 'what the company may not is given back to the key, and to no other bucket');
select is(pg_temp.after(40, 0, 2), '40 0 4 20 2', 'all of it');
select pg_temp.refused(format('select public.check_rate_limit(pg_temp.id(''e001''), 1, pg_temp.id(%L))', v), 'PT404', 'unknown_api_key', 'key ' || v)
  from unnest(array['e305', 'e3ff']) as v;
reset role;
select pg_temp.all_owe(0, 0);
select pg_temp.be('e904');
set local role authenticated;
select lives_ok($$select public.check_rate_limit(pg_temp.id('e002'), 1, pg_temp.id('e305'))$$, 'the company whose key it is may use it');
select is((public.check_rate_limit(pg_temp.id('e002'), 1, pg_temp.id('e301'))).limit_per_minute, 6, 'a key with the same id is another key');
reset role;
select is(pg_temp.all_buckets(), '0 0 4 40 5 5', 'with a rate of its own');

-- Who may -------------------------------------------------------------------------------------------------------------
delete from private.rate_limit_buckets;
update public.companies set status = 'suspended' where id = pg_temp.id('e003');
create function pg_temp.asked(p_company text) returns text language sql as $$
  select format('select public.check_rate_limit(pg_temp.id(%L))', p_company)
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
select pg_temp.be('e901');
set local role authenticated;
select lives_ok(pg_temp.asked('e001'), 'a client may ask for their company');
select pg_temp.refused(pg_temp.asked('e002'), '42501', 'not_your_company', 'but not for another');
select pg_temp.refused('select public.check_rate_limit(null)', '42501', 'not_your_company', 'nor for none');
select pg_temp.refused('select public.check_rate_limit(pg_temp.id(''e002''), 0)', '42501', 'not_your_company', 'nor for another with a cost that there is not');
select pg_temp.refused('select public.check_rate_limit(pg_temp.id(''e002''), 1, pg_temp.id(''e305''))', '42501', 'not_your_company', 'nor with its key');
select pg_temp.be('e902');
select lives_ok(pg_temp.asked('e001'), 'an agent may');
select pg_temp.refused(pg_temp.asked('e002'), '42501', 'not_your_company', 'but not for another company');
select pg_temp.be('e903');
select lives_ok(pg_temp.asked('e001'), 'a compliance administrator may');
select pg_temp.refused(pg_temp.asked('e002'), '42501', 'not_your_company', 'but not for another company');
select pg_temp.be('e904');
select lives_ok(pg_temp.asked('e002'), 'a client of another company may, for that one');
select pg_temp.refused(pg_temp.asked('e001'), '42501', 'not_your_company', 'but not for ours');
select pg_temp.be('e905', jsonb_build_object('company_id', pg_temp.id('e002')));
select lives_ok(pg_temp.asked('e002'), 'a member of two may ask for the active one');
select pg_temp.refused(pg_temp.asked('e001'), '42501', 'not_your_company', 'not for the other');
select set_config('request.headers', jsonb_build_object('x-company-id', pg_temp.id('e001'))::text, true);
select lives_ok(pg_temp.asked('e001'), 'until the header chooses it');
select set_config('request.headers', '', true);
select pg_temp.be('e906');
select pg_temp.refused(pg_temp.asked('e001'), '42501', 'not_your_company', 'somebody who was disabled may not');
select pg_temp.be('e907');
select pg_temp.refused(pg_temp.asked('e001'), '42501', 'not_your_company', 'nor somebody without a company');
select pg_temp.be('e908');
select pg_temp.refused(pg_temp.asked('e003'), '42501', 'not_your_company', 'nor a member of a suspended one');
select throws_ok(v, '42501', null, 'no member reaches ' || v) from unnest(array[
  'select private.take_rate(pg_temp.id(''e001''), ''company'', 6, 4, 1)', 'select private.company_rate(pg_temp.id(''e001''))',
  'select * from private.rate_limit_buckets', 'delete from private.rate_limit_buckets']) as v;
reset role;
select lives_ok('select private.take_rate(pg_temp.id(''e001''), ''company'', 6, 4, 1), private.company_rate(pg_temp.id(''e001''))', 'their owner does');
select lives_ok('delete from private.rate_limit_buckets', 'the owner also forgets what was counted');
set local role service_role;
select lives_ok(pg_temp.asked(v), 'the backend may ask for company ' || v) from unnest(array['e001', 'e002', 'e003']) as v;
reset role;
select pg_temp.be('e901', '{"role": "anon"}');
set local role anon;
select throws_ok(pg_temp.asked('e001'), '42501', 'permission denied for function check_rate_limit', 'anonymous visitors may not');
select throws_ok('select private.limit_request()', '42501', null, 'nor be limited');
reset role;
select pg_temp.be('e901', '{"role": "platform_admin"}');
set local role platform_admin;
select throws_ok(pg_temp.asked('e001'), '42501', 'permission denied for function check_rate_limit', 'operators may not');
select throws_ok('select private.check_rate_limit(pg_temp.id(''e001''), 1, null)', '42501', null, 'neither this way');
reset role;

-- Before every request ------------------------------------------------------------------------------------------------
delete from private.rate_limit_buckets;
select pg_temp.be('e901');
-- A request with a bucket that is used up to so many seconds from this very moment: its headers, or what it is refused
-- with.
create function pg_temp.request(p_owed numeric) returns jsonb language plpgsql as $$
begin
  perform pg_temp.owe('e001', p_owed), set_config('response.headers', '', true);
  return coalesce((select t.answer from pg_temp.too_many('select public.check_request()') as t), pg_temp.headers());
end
$$;
-- The same in a transaction that only reads.
create function pg_temp.reading_request(p_owed numeric) returns jsonb language plpgsql as $$
begin
  perform pg_temp.owe('e001', p_owed), set_config('response.headers', '', true);
  begin
    perform set_config('transaction_read_only', 'on', true);
    return coalesce((select t.answer from pg_temp.too_many('select public.check_request()') as t), pg_temp.headers());
  exception when read_only_sql_transaction then
    return to_jsonb(sqlstate);
  end;
end
$$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;
set local role authenticated;
select is(pg_temp.request(owed), answer::jsonb, 'used up to ' || coalesce(owed::text, 'nothing') || ': ' || what) from (values
  (null, '{"RateLimit": "\"company\";r=3;t=10", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'the first request'),
  (25, '{"RateLimit": "\"company\";r=0;t=35", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'the last one'),
  (32, '{"status": 429, "headers": {"RateLimit": "\"company\";r=0;t=32", "RateLimit-Policy": "\"company\";q=6;w=60", "Retry-After": "2"}}', 'too many'),
  (-3600, '{"RateLimit": "\"company\";r=3;t=10", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'after a while')) as t (owed, answer, what);
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.request(10)), '{20,1}', 'a request that writes is counted');
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.request(40)), '{40,1}', 'one that was refused is not');
select results_eq($$select body from pg_temp.too_many('select public.check_request()')$$,
  $$values ('{"code": "PT429", "message": "too many requests", "details": "rate_limited", "hint": "Wait 10 s, then go on at no more than 6 requests a minute."}'::jsonb)$$,
  'a refusal says what it is and what to do');
select throws_ok('select public.check_request()', 'PGRST', null, 'in the form that PostgREST passes on');
select pg_temp.be('e902');
select throws_ok('select public.check_request()', 'PGRST', null, 'a colleague works on the same bucket');
select pg_temp.be('e904');
select lives_ok('select public.check_request()', 'another company has its own');
select is(pg_temp.owes('e002'), 10, 'and is counted there');
select pg_temp.be('e901');
select is(pg_temp.reading_request(owed), answer::jsonb, 'reading, used up to ' || coalesce(owed::text, 'nothing') || ': ' || what) from (values
  (null, '{"RateLimit": "\"company\";r=4;t=0", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'all is left'),
  (-3600, '{"RateLimit": "\"company\";r=4;t=0", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'all is back'),
  (30, '{"RateLimit": "\"company\";r=1;t=30", "RateLimit-Policy": "\"company\";q=6;w=60"}', 'the last one is still there'),
  (33, '{"status": 429, "headers": {"RateLimit": "\"company\";r=0;t=33", "RateLimit-Policy": "\"company\";q=6;w=60", "Retry-After": "3"}}', 'reads are refused, too')) as t (owed, answer, what);
select is((select array[pg_temp.owes('e001'), count(*)] from pg_temp.reading_request(20)), '{20,1}', 'but not counted');

-- Which company is charged: the active one.
reset role;
select pg_temp.owe('e001', null), pg_temp.owe('e002', null);
select pg_temp.be('e905', jsonb_build_object('company_id', pg_temp.id('e002')));
set local role authenticated;
select public.check_request();
select is(array[pg_temp.owes('e001'), pg_temp.owes('e002')], '{null,10}', 'a member of two is counted where they are');
select set_config('request.headers', jsonb_build_object('x-company-id', pg_temp.id('e001'))::text, true);
select public.check_request();
select is(array[pg_temp.owes('e001'), pg_temp.owes('e002')], '{10,10}', 'which the header may choose');
select set_config('request.headers', '', true);

-- Who is not counted.
reset role;
select pg_temp.owe('e001', 40), set_config('response.headers', '', true);
create function pg_temp.sum_of_buckets() returns bigint language sql security definer as $$ select count(*) from private.rate_limit_buckets $$;
grant execute on all functions in schema pg_temp to authenticated;
select pg_temp.be('e907');
set local role authenticated;
select lives_ok('select public.check_request()', 'somebody without a company is not counted');
select pg_temp.be('e906');
select lives_ok('select public.check_request()', 'nor somebody who was disabled');
select pg_temp.be('e908');
select lives_ok('select public.check_request()', 'nor a member of a suspended company');
select is(pg_temp.sum_of_buckets(), 2::bigint, 'there is no bucket for them');
select is(current_setting('response.headers', true), '', 'and no header');
select pg_temp.be('e901');
select throws_ok('select public.check_request()', 'PGRST', null, 'a member is');
reset role;
set local role anon;
select lives_ok('select public.check_request()', 'an anonymous visitor is not');
reset role;
set local role platform_admin;
select lives_ok('select public.check_request()', 'nor an operator');
reset role;
set local role service_role;
select lives_ok('select public.check_request()', 'nor the backend');
reset role;

-- Counts that the planner estimates.
select pg_temp.owe('e001', 0);
create function pg_temp.prefers(p_text text) returns text language sql as $$
  select set_config('request.headers', jsonb_build_object('accept', '*/*', 'prefer', p_text)::text, true)
$$;
grant execute on function pg_temp.prefers(text) to anon, authenticated, platform_admin, service_role;
set local role authenticated;
select pg_temp.prefers('count=planned');
select pg_temp.refused('select public.check_request()', 'PT400', 'count_not_exact', 'a member may not ask for a planned count');
select pg_temp.prefers('return=minimal, Count=Estimated');
select pg_temp.refused('select public.check_request()', 'PT400', 'count_not_exact', 'nor for an estimated one');
select pg_temp.prefers('count=exact');
select lives_ok('select public.check_request()', 'an exact one is given');
select pg_temp.prefers('return=minimal');
select lives_ok('select public.check_request()', 'and none');
select set_config('request.headers', '', true);
select lives_ok('select public.check_request()', 'also without headers');
select is(pg_temp.owes('e001'), 30, 'what was refused was not counted');
reset role;
set local role anon;
select pg_temp.prefers('count=estimated');
select pg_temp.refused('select public.check_request()', 'PT400', 'count_not_exact', 'an anonymous visitor may not either');
select pg_temp.prefers('count=planned');
select pg_temp.refused('select public.check_request()', 'PT400', 'count_not_exact', 'in neither way');
select pg_temp.prefers('count=exact');
select lives_ok('select public.check_request()', 'an exact count may be asked for');
reset role;
select pg_temp.prefers('count=planned');
set local role platform_admin;
select lives_ok('select public.check_request()', 'operators see everything anyway');
reset role;
set local role service_role;
select lives_ok('select public.check_request()', 'as does the backend');
reset role;
select set_config('request.headers', '', true);

-- A look costs nothing ------------------------------------------------------------------------------------------------
select results_eq($$select (d).allowed, (d).remaining, (d).reset_seconds, (d).retry_after_seconds from (select pg_temp.owe('e001', 30), private.take_rate(pg_temp.id('e001'), 'company', 6, 4, 0) as d offset 0) as x$$,
  'values (true, 1, 30, 0)', 'a look sees what is left');
select is(pg_temp.owes('e001'), 30, 'and takes nothing');
select is((private.take_rate(pg_temp.id('e002'), 'never', 6, 4, 0)).remaining, 4, 'a bucket that was never used is full');
select is(pg_temp.owes('e002', 'never'), null, 'and stays unused');

-- Buckets belong to companies -----------------------------------------------------------------------------------------
select throws_ok($$insert into private.rate_limit_buckets (company_id, bucket, tat) values (pg_temp.id('e0ff'), 'company', now())$$, '23503', null, 'to companies that exist');
select throws_ok($$insert into private.rate_limit_buckets (company_id, bucket, tat) values (pg_temp.id('e001'), 'company', now())$$, '23505', null, 'one each of a name');
select lives_ok($$insert into private.rate_limit_buckets (company_id, bucket, tat) values (pg_temp.id('e009'), 'company', now())$$, 'the same name in another company');
set constraints all immediate;
set local app.importing = 'on';
delete from public.audit_logs where company_id = pg_temp.id('e009');
set local app.importing = '';
delete from public.companies where id = pg_temp.id('e009');
select is((select count(*) from private.rate_limit_buckets where company_id = pg_temp.id('e009')), 0::bigint, 'and go with them');
select is((select relpersistence from pg_class where oid = 'private.rate_limit_buckets'::regclass), 'u', 'they are not worth a write of the log');

-- The rate that was read a moment ago ---------------------------------------------------------------------------------
create function pg_temp.rate(p_company text, p_limit integer, p_burst integer, p_ago interval) returns void language sql as $$
  insert into private.rate_limit_buckets as b (company_id, bucket, tat, limit_per_minute, burst, rated_at)
  values (pg_temp.id(p_company), 'company', clock_timestamp(), p_limit, p_burst, clock_timestamp() - p_ago)
  on conflict (company_id, bucket) do update
    set tat = excluded.tat, limit_per_minute = excluded.limit_per_minute, burst = excluded.burst, rated_at = excluded.rated_at
$$;
select is(private.take_rate(pg_temp.id('e002'), 'unseen', null, null, 1)::text, null, 'a bucket that was never used knows no rate');
select pg_temp.rate('e001', 60, 10, '0.5 s');
select results_eq($$select limit_per_minute, burst, remaining from private.take_rate(pg_temp.id('e001'), 'company', null, null, 3)$$, 'values (60, 10, 7)', 'a rate that was read within a second is used');
select is(private.take_rate(pg_temp.id('e001'), 'company', null, null, 11)::text, null, 'but for what is more than its burst');
select results_eq($$select limit_per_minute, burst from public.check_rate_limit(pg_temp.id('e001'))$$, 'values (60, 10)', 'check_rate_limit() uses it');
select pg_temp.rate('e001', 60, 10, '1.1 s');
select is(private.take_rate(pg_temp.id('e001'), 'company', null, null, 1)::text, null, 'an older one is not');
select results_eq($$select limit_per_minute, burst from public.check_rate_limit(pg_temp.id('e001'))$$, 'values (6, 4)', 'then the plan is asked');
select results_eq($$select limit_per_minute, burst, rated_at > clock_timestamp() - interval '1 s' from private.rate_limit_buckets where company_id = pg_temp.id('e001') and bucket = 'company'$$, 'values (6, 4, true)', 'and what it says is kept');
select pg_temp.refused($$select public.check_rate_limit(pg_temp.id('e0ff'))$$, 'PT404', 'unknown_company', 'a company that does not exist has no rate');
select pg_temp.refused($$select public.check_rate_limit(null)$$, 'PT404', 'unknown_company', 'nor has none');
select throws_ok(format('update public.company_plans set features = %L where company_id = %L', f, pg_temp.id('e001')), '23514', null, f || ' is no rate')
  from unnest(array['{"requests_per_minute": 0}', '{"requests_per_minute": 1000001}', '{"requests_per_minute": 10.5}', '{"requests_per_minute": "many"}',
    '{"request_burst": 0}', '{"request_burst": 1000001}', '{"request_burst": 1.5}', '{"request_burst": []}']) as f;
select lives_ok(format('update public.company_plans set features = %L where company_id = %L', f, pg_temp.id('e001')), f || ' is one')
  from unnest(array['{"requests_per_minute": 1, "request_burst": 1}', '{"requests_per_minute": 1000000, "request_burst": 1000000}', '{"requests_per_minute": null, "request_burst": null}']) as f;

-- Somebody else was faster --------------------------------------------------------------------------------------------
-- Two sessions race in rate-limits.test.ts. Here the table is seen through a view whose first look is out of date, as it
-- is for a session that had to wait.
create temp sequence looks;
create function pg_temp.is_first_look() returns boolean language sql volatile as $$ select nextval('pg_temp.looks') = 1 $$;
alter table private.rate_limit_buckets rename to real_buckets;
create function pg_temp.race(p_owed numeric, p_limit integer, p_burst integer) returns setof public.rate_limit_decision language plpgsql as $$
begin
  delete from private.real_buckets as b where b.company_id in (pg_temp.id('e001'), pg_temp.id('e002'));
  insert into private.real_buckets (company_id, bucket, tat, limit_per_minute, burst, rated_at)
  select pg_temp.id(t.company), t.bucket, clock_timestamp() + make_interval(secs => t.owed::double precision), 6, 4, clock_timestamp()
    from (values ('e001', 'company', 1), ('e002', 'a', 2), ('e002', 'company', p_owed)) as t (company, bucket, owed);
  perform setval('pg_temp.looks', 1, false);
  return next private.take_rate(pg_temp.id('e002'), 'company', p_limit, p_burst, 1);
end
$$;
-- Somebody else made the bucket meanwhile.
create view private.rate_limit_buckets as
  select b.company_id, b.bucket, b.tat, b.limit_per_minute, b.burst, b.rated_at from private.real_buckets as b where not pg_temp.is_first_look();
select results_eq('select * from pg_temp.race(10, 6, 4)', $$values (true, 'company', 6, 4, 2, 20, 0)$$, 'a bucket that another session made is used');
select results_eq('select * from pg_temp.race(40, 6, 4)', $$values (false, 'company', 6, 4, 0, 40, 10)$$, 'and not beyond what it holds');
-- Somebody else took from it meanwhile.
create or replace view private.rate_limit_buckets as
  select b.company_id, b.bucket, case when pg_temp.is_first_look() then b.tat - interval '1 hour' else b.tat end as tat,
         b.limit_per_minute, b.burst, b.rated_at
    from private.real_buckets as b;
create function pg_temp.tg_write() returns trigger language plpgsql as $$
begin
  update private.real_buckets as b set tat = new.tat where b.company_id = old.company_id and b.bucket = old.bucket;
  return new;
end
$$;
create trigger write instead of update on private.rate_limit_buckets for each row execute function pg_temp.tg_write();
select results_eq('select * from pg_temp.race(10, null, null)', $$values (true, 'company', 6, 4, 2, 20, 0)$$, 'what another session took is counted');
select results_eq('select * from pg_temp.race(40, null, null)', $$values (false, 'company', 6, 4, 0, 40, 10)$$, 'and not taken twice');

select * from finish();
rollback;
