-- The outbox: who may claim and finish, leases, fences, pauses that grow, and the end of patience.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(43);

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
delete from private.outbox_events;
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('0b01'), 'outbox-a', 'A', 'a@b.example'), (pg_temp.id('0b02'), 'outbox-b', 'B', 'a@b.example');
insert into public.company_config (company_id, notification_emails) values (pg_temp.id('0b01'), '{ops@a.example}')
  on conflict (company_id) do update set notification_emails = excluded.notification_emails;
delete from public.company_config where company_id = pg_temp.id('0b02');
create function pg_temp.event(p_company text, p_tail text, p_age interval) returns void language sql as $$
  insert into private.outbox_events (company_id, id, topic, payload, available_at, created_at)
  values (pg_temp.id(p_company), pg_temp.id(p_tail), 'test.happened', jsonb_build_object('n', p_tail), now() - p_age, now() - p_age)
$$;
create function pg_temp.row_of(p_tail text) returns private.outbox_events language sql as $$
  select * from private.outbox_events where id = pg_temp.id(p_tail)
$$;

-- Writing -------------------------------------------------------------------------------------------------------------
select private.emit_event(pg_temp.id('0b01'), 'test.emitted', '{"a": 1}');
select results_eq($$select company_id, topic, payload, status, attempts, available_at <= now(), finished_at from private.outbox_events$$,
  $$values (pg_temp.id('0b01'), 'test.emitted', '{"a": 1}'::jsonb, 'pending', 0, true, null::timestamptz)$$, 'an event is written and due at once');
delete from private.outbox_events;
select throws_ok($$select private.emit_event(pg_temp.id('0b01'), 'Test', '{}')$$, '23514', null, 'a topic is a dotted name');
select throws_ok($$select private.emit_event(pg_temp.id('0b01'), 'test.a', '[]')$$, '23514', null, 'a payload is an object');
select throws_ok($$insert into private.outbox_events (company_id, topic, status) values (pg_temp.id('0b01'), 'test.a', 'lost')$$, '23514', null, 'a state is one of three');
select throws_ok($$insert into private.outbox_events (company_id, topic, attempts) values (pg_temp.id('0b01'), 'test.a', -1)$$, '23514', null, 'attempts are counted up');
select throws_ok($$insert into private.outbox_events (company_id, topic, finished_at) values (pg_temp.id('0b01'), 'test.a', now())$$, '23514', null, 'what is pending is not finished');

-- Who may -------------------------------------------------------------------------------------------------------------
select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000a002", "role": "authenticated"}', true);
set local role authenticated;
select throws_ok('select * from public.claim_events()', '42501', null, 'a member claims nothing');
select throws_ok($$select public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b11'), 1)$$, '42501', null, 'nor finishes');
reset role;
set local role platform_admin;
select throws_ok('select * from public.claim_events()', '42501', null, 'nor does an operator');
reset role;
set local role anon;
select throws_ok('select * from public.claim_events()', '42501', null, 'nor a visitor');
reset role;
set local role service_role;
select lives_ok('select * from public.claim_events()', 'the backend does');
select pg_temp.refused(format('select * from public.claim_events(%s, %s)', c.n, c.s), '22023', 'invalid_claim', format('%s events for %s seconds are no claim', c.n, c.s))
  from (values ('0', '60'), ('1001', '60'), ('null', '60'), ('1', '0'), ('1', '3601'), ('1', 'null')) as c (n, s);
select lives_ok(format('select * from public.claim_events(%s, %s)', c.n, c.s), format('%s events for %s seconds are', c.n, c.s))
  from (values (1, 1), (1000, 3600)) as c (n, s);
reset role;

-- Claiming ------------------------------------------------------------------------------------------------------------
select pg_temp.event('0b01', '0b11', '3 min'), pg_temp.event('0b02', '0b12', '2 min'), pg_temp.event('0b01', '0b13', '1 min'), pg_temp.event('0b01', '0b14', '-1 min');
set local role service_role;
select results_eq($$select company_id, event_id, topic, payload, attempt, created_at, company_name, notification_emails from public.claim_events(2, 60)$$, $$values
  (pg_temp.id('0b01'), pg_temp.id('0b11'), 'test.happened', '{"n": "0b11"}'::jsonb, 1, now() - interval '3 min', 'A', '{ops@a.example}'::text[]),
  (pg_temp.id('0b02'), pg_temp.id('0b12'), 'test.happened', '{"n": "0b12"}'::jsonb, 1, now() - interval '2 min', 'B', '{}'::text[])$$,
  'the oldest that are due come first, with what a receiver needs');
select results_eq($$select event_id from public.claim_events(100, 60)$$, $$values (pg_temp.id('0b13'))$$, 'what is claimed is not claimed again, and what is not due waits');
select is_empty($$select * from public.claim_events(100, 60)$$, 'then nothing is left');
reset role;
select is((pg_temp.row_of('0b11')).available_at, now() + interval '60 s', 'a claim is a lease');
update private.outbox_events set available_at = now() where id = pg_temp.id('0b11');
set local role service_role;
select results_eq($$select event_id, attempt from public.claim_events(100, 60)$$, $$values (pg_temp.id('0b11'), 2)$$, 'when it ends the event is due again');

-- Finishing -----------------------------------------------------------------------------------------------------------
select is(public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b11'), 1), null, 'who was overtaken finishes nothing');
select is(public.finish_event(pg_temp.id('0b02'), pg_temp.id('0b11'), 2), null, 'nor does another company''s id');
select is(public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b12'), 1), null, 'nor another event''s');
select is(public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b11'), 2), 'delivered', 'the latest claim does');
select is(public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b11'), 2, 'late'), null, 'once');
reset role;
select results_eq($$select status, finished_at, last_error from private.outbox_events where id = pg_temp.id('0b11')$$, $$values ('delivered', now(), null::text)$$, 'it is kept as delivered');
set local role service_role;
select is(public.finish_event(pg_temp.id('0b02'), pg_temp.id('0b12'), 1, 'no route'), 'pending', 'what failed is tried again');
select is(public.finish_event(pg_temp.id('0b01'), pg_temp.id('0b13'), 1, repeat('x', 3000), true), 'dead', 'unless it is final');
reset role;
select results_eq($$select status, finished_at, last_error from private.outbox_events where id = pg_temp.id('0b12')$$, $$values ('pending', null::timestamptz, 'no route')$$, 'with the reason');
select results_eq($$select status, finished_at, length(last_error) from private.outbox_events where id = pg_temp.id('0b13')$$, $$values ('dead', now(), 2000)$$, 'the dead, too, of bounded length');

-- The pause grows -----------------------------------------------------------------------------------------------------
create function pg_temp.pause(p_attempt integer) returns numeric language plpgsql as $$
begin
  update private.outbox_events set status = 'pending', finished_at = null, attempts = p_attempt where id = pg_temp.id('0b12');
  perform private.finish_event(pg_temp.id('0b02'), pg_temp.id('0b12'), p_attempt, 'no', false);
  return extract(epoch from (pg_temp.row_of('0b12')).available_at - now());
end
$$;
select is(array_agg(a order by a) filter (where pause between 0.875 * wanted - 0.001 and 1.125 * wanted + 0.001), array[1, 2, 3, 10, 11], 'from half a minute, doubled, to six hours at most, spread by a quarter')
  from (values (1, 30), (2, 60), (3, 120), (10, 15360), (11, 21600)) as t (a, wanted) cross join lateral pg_temp.pause(t.a) as pause;
select ok(max(p) - min(p) > 0.5, 'by chance') from generate_series(1, 20) as g cross join lateral pg_temp.pause(1 + 0 * g) as p;
update private.outbox_events set attempts = 11 where id = pg_temp.id('0b12');
select is(private.finish_event(pg_temp.id('0b02'), pg_temp.id('0b12'), 11, 'no', false), 'pending', 'eleven attempts are not the end');
update private.outbox_events set attempts = 12 where id = pg_temp.id('0b12');
select is(private.finish_event(pg_temp.id('0b02'), pg_temp.id('0b12'), 12, 'no', false), 'dead', 'twelve are');
select is((pg_temp.row_of('0b12')).finished_at, now(), 'and it is known when');
update private.outbox_events set status = 'pending', finished_at = null where id = pg_temp.id('0b12');
select is(private.finish_event(pg_temp.id('0b02'), pg_temp.id('0b12'), 12, null, false), 'delivered', 'the twelfth may still deliver');
select is_empty('select * from private.claim_events(10, 60, null)', 'what is finished is not claimed');

select pg_temp.event('0b01', '0b21', '3 min'), pg_temp.event('0b01', '0b22', '3 min'), pg_temp.event('0b01', '0b23', '-3 min');
update private.outbox_events set attempts = 11 where id = pg_temp.id('0b21');
update private.outbox_events set attempts = 12 where id in (pg_temp.id('0b22'), pg_temp.id('0b23'));
select results_eq('select event_id, attempt from private.claim_events(10, 60, null)', $$values (pg_temp.id('0b21'), 12)$$, 'an event on which its workers die is not tried for ever');
select results_eq($$select id, status, finished_at, last_error is not null from private.outbox_events where attempts = 12 and status = 'dead' or id = pg_temp.id('0b23') order by id$$,
  $$values (pg_temp.id('0b22'), 'dead', now(), true), (pg_temp.id('0b23'), 'pending', null, false)$$, 'but dead, when its last lease has run out');

select * from finish();
rollback;
