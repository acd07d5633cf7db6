-- Suspending, reactivating and closing: who may, what holds from the next statement on, what is told and recorded.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(119);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.says(p_role text, p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
  v_hint text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
          set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    v_answer := concat_ws(' ', sqlstate, nullif(v_detail, ''), case when v_detail <> '' and v_hint = '' then 'without a hint' end);
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
create function pg_temp.backend(p_sql text) returns text language sql as $$ select pg_temp.says('service_role', null, p_sql) $$;
create function pg_temp.suspend(p_reason text) returns text language sql as $$
  select pg_temp.backend(format('select status || '' '' || status_reason from public.suspend_company(pg_temp.id(''5a01''), %L)', p_reason)) $$;
create function pg_temp.reactivate(p_reason text) returns text language sql as $$
  select pg_temp.backend(format('select concat_ws('' '', status, status_reason) from public.reactivate_company(pg_temp.id(''5a01''), %L)', p_reason)) $$;
create function pg_temp.close(p_reason text, p_days integer) returns text language sql as $$
  select pg_temp.backend(format('select extract(epoch from public.close_company(pg_temp.id(''5a01''), %L, %L) - now())::integer / 86400', p_reason, p_days)) $$;
-- What a member sees of the company, and what was told and recorded of it.
create function pg_temp.seen() returns text language sql as $$
  select pg_temp.says('authenticated', '5911', 'select count(*) from public.companies') $$;
create function pg_temp.told() returns text language sql as $$
  select coalesce(string_agg(e.topic, ' ' order by e.id), '') from private.outbox_events as e
   where e.company_id = pg_temp.id('5a01') and e.topic <> 'company.created' $$;
create function pg_temp.recorded() returns text language sql as $$
  select coalesce(string_agg(l.action || ' ' || (l.changes ->> 'reason'), ', ' order by l.id), '') from public.audit_logs as l
   where l.company_id = pg_temp.id('5a01') and l.action like 'company.%' and l.action <> 'company.created' $$;

insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['5911', '5912', '5913', '5914']) as i;
select set_config('test.made', pg_temp.backend(format('select id from public.create_company(%L, %L, company_id => %L)', 'Status ' || c, 's@b.example', pg_temp.id(c))), true)
  from unnest('{5a01,5a02}'::text[]) as c;
update public.companies set slug = 'status-test' where id = pg_temp.id('5a01');
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('5a01'), pg_temp.id('5911'), '5911@b.example', 'Client', 'client'),
  (pg_temp.id('5a01'), pg_temp.id('5914'), '5914@b.example', 'Compliance', 'compliance_admin'),
  ((select id from public.companies where is_operator), pg_temp.id('5912'), '5912@b.example', 'Operator', 'admin'),
  ((select id from public.companies where is_operator), pg_temp.id('5913'), '5913@b.example', 'Demoted', 'client');

-- Who may -------------------------------------------------------------------------------------------------------------
select is(pg_temp.says(r, u, f), a, w || ': ' || f)
  from (values
    ('anon', null, '42501', 'a visitor'), ('authenticated', '5911', '42501', 'a client of the company'),
    ('authenticated', '5914', '42501', 'its compliance administrator'), ('authenticated', 'a003', '42501', 'an agent of another'),
    ('authenticated', '5912', '42501', 'an admin whose token does not say so'),
    ('platform_admin', '5913', '42501 not_an_operator', 'a demoted admin')
  ) as t (r, u, a, w)
 cross join unnest(array[
   $$select public.suspend_company(pg_temp.id('5a01'), 'x')$$, $$select public.reactivate_company(pg_temp.id('5a01'), 'x')$$,
   $$select public.close_company(pg_temp.id('5a01'), 'x')$$, $$select * from public.company_lifecycle(pg_temp.id('5a01'))$$]) as f;
select is(pg_temp.told() || pg_temp.recorded(), '', 'none of them did anything');
select is(pg_temp.says(r, '5912', f), '42501', r || ' reaches no implementation: ' || f)
  from unnest('{anon,authenticated}'::text[]) as r cross join unnest(array[
    $$select private.suspend_company(pg_temp.id('5a01'), 'x')$$, $$select private.reactivate_company(pg_temp.id('5a01'), 'x')$$,
    $$select private.close_company(pg_temp.id('5a01'), 'x', 1)$$, $$select * from private.company_lifecycle(pg_temp.id('5a01'))$$]) as f;
select is(pg_temp.says('platform_admin', '5912', $$select status from public.suspend_company(pg_temp.id('5a02'), 'By hand')$$), 'suspended', 'an operator suspends');
select is((select l.actor_id || ' ' || l.actor_role from public.audit_logs as l where l.company_id = pg_temp.id('5a02') and l.action = 'company.suspended'), pg_temp.id('5912') || ' admin', 'and the log says who');
select is(pg_temp.says('platform_admin', '5912', $$select status from public.reactivate_company(pg_temp.id('5a02'), 'By hand')$$), 'active', 'and reactivates');
select is(pg_temp.says('platform_admin', '5912', $$select public.close_company(pg_temp.id('5a02'), 'By hand') = now() + interval '720 hours'$$), 'true', 'and closes, with 30 days of grace unless told otherwise');
select is(pg_temp.says('platform_admin', '5912', $$select status || (grace_ends_at = now() + interval '720 hours')::text || (closed_at = now()) from public.company_lifecycle(pg_temp.id('5a02'))$$), 'closedtruetrue', 'and sees how it stands');

-- Suspending ------------------------------------------------------------------------------------------------------------
select is(pg_temp.seen(), '1', 'control: a member sees the company');
select is(pg_temp.suspend('  Payment overdue '), 'suspended Payment overdue', 'it is suspended, with a reason');
select is(pg_temp.seen(), '0', 'and from the next statement on its members see nothing');
select is(pg_temp.says('authenticated', '5911', $$select public.check_budget_before_usage(pg_temp.id('5a01'), null, 1)$$), '42501 not_your_company', 'and spend nothing');
select is(pg_temp.told() || ' | ' || pg_temp.recorded(), 'company.suspended | company.suspended Payment overdue', 'it is told and recorded');
select is((select payload from private.outbox_events where company_id = pg_temp.id('5a01') and topic = 'company.suspended'), '{"reason": "Payment overdue"}', 'with the reason');
select is(pg_temp.suspend('Payment overdue'), 'suspended Payment overdue', 'doing it again');
select is(pg_temp.told() || ' | ' || pg_temp.recorded(), 'company.suspended | company.suspended Payment overdue', 'changes nothing');
select is(pg_temp.suspend('Fraud'), 'suspended Fraud', 'another reason takes its place');
select is(pg_temp.told() || ' | ' || pg_temp.recorded(), 'company.suspended | company.suspended Payment overdue, company.suspended Fraud', 'and is recorded; nobody is told twice');

-- Reactivating ----------------------------------------------------------------------------------------------------------
select is(pg_temp.reactivate('Paid'), 'active', 'it is active again, and the reason is gone');
select is(pg_temp.seen(), '1', 'its members are back');
select is(pg_temp.told(), 'company.suspended company.reactivated', 'it is told');
select is((select payload from private.outbox_events where company_id = pg_temp.id('5a01') and topic = 'company.reactivated'), '{"was": "suspended"}', 'from what');
select matches(pg_temp.recorded(), 'company.reactivated Paid$', 'and recorded');
select is(pg_temp.reactivate('Paid'), 'active', 'doing it again');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('5a01') and action = 'company.reactivated'), 1, 'changes nothing');

-- Wrong ones ------------------------------------------------------------------------------------------------------------
select is(pg_temp.backend(f), a, f) from (values
  ($$select public.suspend_company(pg_temp.id('5a01'), null)$$, '22023 reason_missing'),
  ($$select public.suspend_company(pg_temp.id('5a01'), ' ')$$, '22023 reason_missing'),
  ($$select public.suspend_company(pg_temp.id('5a01'), repeat('x', 1001))$$, '22023 reason_missing'),
  ($$select public.reactivate_company(pg_temp.id('5a01'), '')$$, '22023 reason_missing'),
  ($$select public.close_company(pg_temp.id('5a01'), '')$$, '22023 reason_missing'),
  ($$select public.close_company(pg_temp.id('5a01'), 'x', 0)$$, '22023 invalid_grace'),
  ($$select public.close_company(pg_temp.id('5a01'), 'x', 366)$$, '22023 invalid_grace'),
  ($$select public.close_company(pg_temp.id('5a01'), 'x', null)$$, '22023 invalid_grace'),
  ($$select public.suspend_company(pg_temp.id('dead'), 'x')$$, 'PT404 unknown_company'),
  ($$select public.reactivate_company(pg_temp.id('dead'), 'x')$$, 'PT404 unknown_company'),
  ($$select public.close_company(pg_temp.id('dead'), 'x')$$, 'PT404 unknown_company'),
  ($$select * from public.company_lifecycle(pg_temp.id('dead'))$$, 'PT404 unknown_company'),
  ($$select public.suspend_company(null, 'x')$$, 'PT404 unknown_company'),
  ($$select public.suspend_company(pg_temp.id('c000'), 'x')$$, '42501 operator_company'),
  ($$select public.reactivate_company(pg_temp.id('c000'), 'x')$$, '42501 operator_company'),
  ($$select public.close_company(pg_temp.id('c000'), 'x')$$, '42501 operator_company'),
  ($$select public.suspend_company(pg_temp.id('5a02'), 'x')$$, '23514 invalid_transition')) as t (f, a);

-- Closing ---------------------------------------------------------------------------------------------------------------
select set_config('test.key', pg_temp.backend($$select api_key from public.issue_api_key(pg_temp.id('5a01'), 'k', '{services.read}')$$), true);
select is(pg_temp.backend($$select reason from public.verify_api_key(current_setting('test.key'), 'services.read')$$), 'valid', 'control: a key of the company');
select is(pg_temp.backend($$select public.put_company_secret(pg_temp.id('5a01'), 's', 'v', master_key => repeat('m', 32)) is not null$$), 'true', 'control: a secret');
select is(pg_temp.backend($$select public.read_company_secret(pg_temp.id('5a01'), 's', master_key => repeat('m', 32))$$), 'v', 'control: which can be read');
select is(pg_temp.close('Leaves us', 1), '1', 'it is closed, with a day of grace');
select is(pg_temp.seen(), '0', 'its members see nothing at once');
select is(pg_temp.backend($$select reason from public.verify_api_key(current_setting('test.key'), 'services.read')$$), 'company_not_active', 'nor do its keys');
select is(pg_temp.backend($$select public.read_company_secret(pg_temp.id('5a01'), 's', master_key => repeat('m', 32))$$), 'PT410 company_closed', 'its secrets cannot be read');
select is(pg_temp.backend($$select public.put_company_secret(pg_temp.id('5a01'), 's', 'w', master_key => repeat('m', 32))$$), 'PT410 company_closed', 'nor stored');
select is((select payload from private.outbox_events where company_id = pg_temp.id('5a01') and topic = 'company.closed'),
  jsonb_build_object('reason', 'Leaves us', 'grace_ends_at', now() + interval '24 hours', 'export', 'npm run company:export -- --company status-test'), 'it is told until when, and how to export');
select matches(pg_temp.recorded(), 'company.closed Leaves us$', 'and recorded');
select is((select changes ->> 'grace_ends_at' from public.audit_logs where company_id = pg_temp.id('5a01') and action = 'company.closed'), to_jsonb(now() + interval '24 hours') #>> '{}', 'with the end');
select is(pg_temp.close('Leaves us', 1), '1', 'doing it again');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('5a01') and action = 'company.closed'), 1, 'changes nothing');
update private.company_lifecycles set grace_ends_at = grace_ends_at - interval '12 hours' where company_id = pg_temp.id('5a01');
select is(pg_temp.backend($$select public.close_company(pg_temp.id('5a01'), 'Leaves us', 11) = now() + interval '252 hours'$$), 'true', 'more days count from the first call');
select is((select array[grace_days, reminders] from private.company_lifecycles where company_id = pg_temp.id('5a01')), '{11,0}', 'and are remembered');
select is((select status_reason from public.companies where id = pg_temp.id('5a01')), 'Leaves us', 'the reason stays');
select is(pg_temp.backend($$select public.close_company(pg_temp.id('5a01'), 'Leaves us today', 11) = now() + interval '252 hours'$$), 'true', 'another reason alone moves nothing');
select is((select status_reason from public.companies where id = pg_temp.id('5a01')), 'Leaves us today', 'but takes the place of the first');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('5a01') and topic = 'company.closed'), 1, 'nobody is told twice');
select is(pg_temp.suspend('Leaves us today'), '23514 invalid_transition', 'what is closed is not suspended');
select is(pg_temp.reactivate('Stays'), 'active', 'closing is undone');
select is((select grace_ends_at from private.company_lifecycles where company_id = pg_temp.id('5a02')), now() + interval '720 hours', 'of this one company');
select is(pg_temp.seen(), '1', 'for its members');
select is(pg_temp.backend($$select reason from public.verify_api_key(current_setting('test.key'), 'services.read')$$), 'valid', 'for its keys');
select is(pg_temp.backend($$select public.read_company_secret(pg_temp.id('5a01'), 's', master_key => repeat('m', 32))$$), 'v', 'and its secrets');
select is((select grace_ends_at is null and grace_days is null from private.company_lifecycles where company_id = pg_temp.id('5a01')), true, 'and nothing is going to be erased');

-- Reminders -------------------------------------------------------------------------------------------------------------
create function pg_temp.grace(p_left interval) returns integer language sql as $$
  update private.company_lifecycles set grace_ends_at = now() + p_left where company_id = pg_temp.id('5a01');
  select private.remind_of_erasure() $$;
select is(pg_temp.close('Leaves us', 30), '30', 'closed again');
select is(array[pg_temp.grace('7 days 1 second'), pg_temp.grace('7 days'), pg_temp.grace('7 days'), pg_temp.grace('1 day 1 second'), pg_temp.grace('1 day'), pg_temp.grace('1 hour'), pg_temp.grace('0')], '{0,1,0,0,1,0,0}', 'seven days and one day before, once each');
select is((select payload from private.outbox_events where company_id = pg_temp.id('5a01') and topic = 'company.erasure_due' order by payload ->> 'grace_ends_at' desc limit 1),
  jsonb_build_object('grace_ends_at', now() + interval '7 days', 'export', 'npm run company:export -- --company status-test'), 'with the end, and how to export');
update private.company_lifecycles set reminders = 0 where company_id = pg_temp.id('5a01');
select is(array[pg_temp.grace('0'), pg_temp.grace('1 hour'), pg_temp.grace('1 hour')], '{0,1,0}', 'and one only if the first was missed; none when it is too late');
select is((select reminders::integer from private.company_lifecycles where company_id = pg_temp.id('5a02')), 0, 'another company is not taken for reminded');
select is(pg_temp.close('Leaves us', 40), '10', 'more time');
select is((select reminders::integer from private.company_lifecycles where company_id = pg_temp.id('5a01')), 0, 'who is given more time is reminded anew');

-- The end of the grace period ---------------------------------------------------------------------------------------------
update private.company_lifecycles set grace_ends_at = now() where company_id = pg_temp.id('5a01');
select is(pg_temp.reactivate('Late'), 'PT410 grace_over', 'after the grace period closing is not undone');
select is(pg_temp.close('Leaves us', 41), '1', 'but more time may be given');
select is(pg_temp.reactivate('Not late'), 'active', 'and then it is');
select is(pg_temp.close('Leaves us', 30), '30', 'closed once more');
update private.company_lifecycles set erasure_started_at = now(), grace_ends_at = now() where company_id = pg_temp.id('5a01');
select is(pg_temp.reactivate('Late'), 'PT410 company_erased', 'what is being erased does not come back');
select is(pg_temp.close('x', 31), 'PT410 company_erased', 'nor is it closed again');
select is(pg_temp.says('platform_admin', '5912', $$update public.companies set status = 'active' where id = pg_temp.id('5a01')$$), 'PT410 company_erased', 'nor in the table');
set local app.importing = 'on';
select lives_ok($$update public.companies set status = 'active', closed_at = null where id = pg_temp.id('5a01')$$, 'but by an import');
set local app.importing = '';

-- In the table ------------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', '5912', $$update public.companies set status = 'suspended', status_reason = 'T' where id = pg_temp.id('c001') returning status$$), 'suspended', 'an operator suspends in the table');
select is((select payload from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'company.suspended'), '{"reason": "T"}', 'which is told, too');
select is(pg_temp.says('platform_admin', '5912', $$update public.companies set status = 'closed' where id = pg_temp.id('c001') returning status$$), 'closed', 'and closes');
select is((select count(*)::integer from private.company_lifecycles where company_id = pg_temp.id('c001') and grace_ends_at is not null), 0, 'which erases nothing');
select is(pg_temp.backend($$select public.close_company(pg_temp.id('c001'), 'T', 30) = now() + interval '720 hours'$$), 'true', 'until somebody says so');

delete from private.company_lifecycles where company_id = pg_temp.id('c002');
select public.close_company(pg_temp.id('c002'), 'T', 3);
select is((select grace_ends_at from private.company_lifecycles where company_id = pg_temp.id('c002')), now() + interval '72 hours', 'also of a company that nothing was known of');

select * from finish();
rollback;
