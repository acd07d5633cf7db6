-- Companies as operators see them: health, flags, filters, sorting, pages; one in detail; and a member's own.
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

insert into public.companies (id, slug, name, legal_name, contact_email, time_zone) values
  (pg_temp.id('c101'), 'portal-a', 'portal Alpha', 'Alpha Incorporated', 'one@alpha.example', 'UTC'),
  (pg_temp.id('c102'), 'portal-b', 'Portal Beta', null, 'two@beta.example', 'Asia/Tokyo'),
  (pg_temp.id('c103'), 'portal-c', 'Portal Alpha', null, 'three@gamma.example', 'UTC'),
  (pg_temp.id('c104'), 'portal-d', 'Portal Delta', null, 'four@delta.example', 'UTC');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values
  (pg_temp.id('c101'), 'starter', 100), (pg_temp.id('c102'), 'custom', 10), (pg_temp.id('c103'), 'starter', 0);
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['c901', 'c902', 'c903', 'c904', 'c905', 'c906']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('c101'), pg_temp.id('c901'), 'c901@b.example', 'Client', 'client'),
  (pg_temp.id('c101'), pg_temp.id('c902'), 'c902@b.example', 'Agent', 'agent'),
  (pg_temp.id('c101'), pg_temp.id('c904'), 'c904@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('c102'), pg_temp.id('c903'), 'c903@b.example', 'Other', 'client'),
  (pg_temp.id('c101'), pg_temp.id('c906'), 'c906@b.example', 'Gone', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('c905'), 'c905@b.example', 'Operator', 'admin');
update public.users set status = 'disabled' where id = pg_temp.id('c906');
-- What the log knows of them begins here.
set local app.importing = 'on';
update public.companies set created_at = '2020-01-01'::timestamptz + (right(id::text, 1) || ' days')::interval where id in (pg_temp.id('c101'), pg_temp.id('c102'), pg_temp.id('c103'), pg_temp.id('c104'));
set local app.importing = '';

create function pg_temp.list(p_arguments text, p_columns text default 'slug') returns text language sql as $$
  select pg_temp.says('platform_admin', 'c905', format('select string_agg(concat_ws('' '', %s), '', '' order by n) from public.company_overview(%s) with ordinality
    as o (company_id, slug, name, status, is_operator, created_at, members, plan_tier, limit_usd, spent_usd, spent_percent, payment_status, last_activity_at, flags, page_key, n)', p_columns, p_arguments))
$$;
create function pg_temp.flags(p_tail text) returns text language sql as $$
  select array_to_string(h.flags, ',') from private.company_health(array[pg_temp.id(p_tail)]) as h
$$;

-- How a company is ---------------------------------------------------------------------------------------------------------
select is(pg_temp.list('search => ''portal-''', 'slug, status, is_operator, members, plan_tier, limit_usd::float, spent_usd::float, coalesce(spent_percent::text, ''-''), payment_status, coalesce(last_activity_at::text, ''-'')'),
  'portal-a active f 3 starter 100 0 0.00 ok -, portal-c active f 0 starter 0 0 - ok -, portal-b active f 1 custom 10 0 0.00 ok -, portal-d active f 0 0 0 - ok -', 'members who are active, plan, the month');
select is(pg_temp.flags(t), f, t || ': ' || f) from (values ('c101', 'members_without_mfa'), ('c103', 'no_members'), ('c104', 'no_plan,no_members')) as v (t, f);
insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, friendly_name)
select gen_random_uuid(), pg_temp.id(u), 'totp', s::auth.factor_status, now(), now(), s from (values ('c901', 'verified'), ('c902', 'verified'), ('c903', 'verified'), ('c904', 'unverified')) as t (u, s);
select is((select h.members_without_mfa from private.company_health(array[pg_temp.id('c101')]) as h), 1::bigint, 'a second factor that is not verified is none');
update auth.mfa_factors set status = 'verified' where user_id = pg_temp.id('c904');
select is(pg_temp.flags('c101'), '', 'with one each all is well; who is disabled does not count');
select is(pg_temp.flags('c102'), '', 'there, too');

-- The month
update public.budget_periods set spent_micro_usd = 79990000 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
select is(pg_temp.flags('c101'), '', 'below 80 percent');
update public.budget_periods set spent_micro_usd = 70000000, adjusted_micro_usd = 10000000, reserved_micro_usd = 500000 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
select is(pg_temp.flags('c101'), 'near_limit', '80 percent, adjustments included');
select is((select concat_ws(' ', h.limit_micro_usd, h.spent_micro_usd, h.reserved_micro_usd, h.spent_percent) from private.company_health(array[pg_temp.id('c101')]) as h), '100000000 80000000 500000 80.00', 'spent, and held');
insert into private.budget_stripes (company_id, budget_period_id, stripe, generation, spent, reserved)
select p.company_id, p.id, n, 0, 5000000, 250000 from public.budget_periods as p, generate_series(0, 1) as n where p.company_id = pg_temp.id('c101') and p.scope = 'company' and p.status = 'open';
select is((select concat_ws(' ', h.spent_micro_usd, h.reserved_micro_usd, h.spent_percent) from private.company_health(array[pg_temp.id('c101')]) as h), '90000000 1000000 90.00', 'counters of busy budgets included');
update public.budget_periods set spent_micro_usd = 80000000 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
select is(pg_temp.flags('c101'), 'over_limit', 'at the limit');
update public.budget_periods set spent_micro_usd = 99000000 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
select is(pg_temp.flags('c101'), 'over_limit', 'and beyond');
delete from private.budget_stripes where company_id = pg_temp.id('c101');
update public.budget_periods set spent_micro_usd = 40000000, adjusted_micro_usd = 0, reserved_micro_usd = 0 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd) values (pg_temp.id('c101'), pg_temp.id('ca01'), 'A', 'openai', 'x', 1);
select is((select count(*) || ' ' || max(h.spent_micro_usd) from private.company_health(array[pg_temp.id('c101')]) as h), '1 40000000', 'the budget of an agent is another');
-- A month that nobody has opened: what the plan says, in the company's time zone.
delete from public.budget_periods where company_id = pg_temp.id('c102');
select is((select concat_ws(' ', h.limit_micro_usd, h.spent_micro_usd, h.budget_month, h.period_ends_at) from private.company_health(array[pg_temp.id('c102')]) as h),
  concat_ws(' ', 10000000, 0, date_trunc('month', now() at time zone 'Asia/Tokyo')::date, (date_trunc('month', now() at time zone 'Asia/Tokyo') + interval '1 month') at time zone 'Asia/Tokyo'), 'a month that is not open yet');
update public.company_plans set payment_limit_usd = 4 where company_id = pg_temp.id('c102');
delete from public.budget_periods where company_id = pg_temp.id('c102');
select is((select h.limit_micro_usd from private.company_health(array[pg_temp.id('c102')]) as h), 4000000::bigint, 'with a limit that is cut for an overdue payment');
insert into public.budget_periods (company_id, month, starts_at, ends_at, limit_micro_usd, spent_micro_usd) values
  (pg_temp.id('c102'), '2020-01-01', '2020-01-01', '2020-02-01', 1, 1), (pg_temp.id('c102'), '2090-01-01', '2090-01-01', '2090-02-01', 1, 1);
select is((select concat_ws(' ', count(*), min(h.spent_micro_usd)) from private.company_health(array[pg_temp.id('c102')]) as h), '1 0', 'other months do not count');

-- Payments, requests, retention, status
insert into public.billing_accounts (company_id) values (pg_temp.id('c102'));
select is((select concat_ws(' ', h.payment_status, h.stripe_status) from private.company_health(array[pg_temp.id('c102')]) as h), 'ok not_connected', 'no customer at Stripe');
update public.companies set stripe_customer_id = 'cus_portal' where id = pg_temp.id('c102');
select is((select h.stripe_status from private.company_health(array[pg_temp.id('c102')]) as h), 'connected', 'connected');
update public.billing_accounts set payment_status = 'past_due', payment_stage = 'grace', past_due_since = now(), grace_ends_at = now(), suspends_at = now(), last_error = 'x' where company_id = pg_temp.id('c102');
select is(pg_temp.flags('c102'), 'past_due,stripe_failing', 'behind with paying, and a comparison that failed');
select is((select h.stripe_status from private.company_health(array[pg_temp.id('c102')]) as h), 'failing', 'failing');
set local app.importing = 'on';
insert into public.compliance_requests (company_id, kind, regulation, subject_email, status, received_at, due_at, completed_at) values
  (pg_temp.id('c101'), 'access', 'gdpr', 'a@b.example', 'received', now() - interval '40 days', now() - interval '1 second', null),
  (pg_temp.id('c101'), 'access', 'gdpr', 'a@b.example', 'in_progress', now(), now() + interval '6 days', null),
  (pg_temp.id('c101'), 'access', 'gdpr', 'a@b.example', 'cancelled', now() - interval '40 days', now() - interval '9 days', now());
insert into public.data_retention_logs (company_id, data_class, status, started_at, finished_at, error_message)
select pg_temp.id('c101'), 'jobs', s, now() - d * interval '1 day', now(), case s when 'failed' then 'x' end from (values ('failed', 6), ('failed', 8), ('succeeded', 1)) as t (s, d);
set local app.importing = '';
select is((select concat_ws(' ', h.requests_open, h.requests_overdue, h.retention_failures, h.flags) from private.company_health(array[pg_temp.id('c101')]) as h), '2 1 1 {requests_overdue,retention_failing}', 'requests that are overdue, retention that failed within a week');
update public.companies set status = 'suspended' where id = pg_temp.id('c104');
select is(pg_temp.flags('c104'), 'suspended,no_plan,no_members', 'suspended');
update public.companies set status = 'closed' where id = pg_temp.id('c104');
select is(pg_temp.flags('c104'), 'no_plan,no_members', 'closed is no flag');
update public.companies set status = 'suspended' where id = pg_temp.id('c104');

-- Last activity
select is(private.last_activity(pg_temp.id('c103')), null, 'never');
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, actor_id, created_at) values
  (pg_temp.id('c103'), 'x.y', pg_temp.id('c901'), '2024-05-01 10:00+00'), (pg_temp.id('c103'), 'x.y', pg_temp.id('c901'), '2024-04-01 10:00+00'), (pg_temp.id('c103'), 'x.y', null, '2024-06-01 10:00+00');
set local app.importing = '';
select is(private.last_activity(pg_temp.id('c103')), '2024-05-01 10:00+00', 'what a person did; not what the backend did');
insert into public.api_usage (company_id, occurred_at, service, cost_micro_usd) values (pg_temp.id('c103'), '2024-05-01 11:00+00', 'chat', 1), (pg_temp.id('c103'), '2024-03-01 11:00+00', 'chat', 1);
select is(private.last_activity(pg_temp.id('c103')), '2024-05-01 11:00+00', 'usage that is not folded yet');
select private.roll_up_usage(1000000);
select is(private.last_activity(pg_temp.id('c103')), '2024-05-01 11:00+00', 'and that is');

-- Filters -----------------------------------------------------------------------------------------------------------------------
select is(pg_temp.list('search => ''portal-'', status => ''suspended'''), 'portal-d', 'by status');
select is(pg_temp.list('search => ''portal-'', plan_tier => ''starter'''), 'portal-a, portal-c', 'by tier');
select is(pg_temp.list('search => ''PORTAL beta'''), 'portal-b', 'by name');
select is(pg_temp.list('search => ''alpha incorp'''), 'portal-a', 'by legal name');
select is(pg_temp.list('search => ''@gamma.ex'''), 'portal-c', 'by address');
select is(pg_temp.list('search => ''portal%'''), null, 'no pattern');
update public.budget_periods set spent_micro_usd = 90000000 where company_id = pg_temp.id('c101') and scope = 'company' and status = 'open';
update public.company_plans set payment_limit_usd = null where company_id = pg_temp.id('c102');
select is(pg_temp.list(format('search => ''portal-'', flag => %L', f)), a, f)
  from (values ('suspended', 'portal-d'), ('no_plan', 'portal-d'), ('no_members', 'portal-c, portal-d'), ('near_limit', 'portal-a'), ('over_limit', null), ('past_due', 'portal-b'), ('stripe_failing', 'portal-b'),
    ('requests_overdue', 'portal-a'), ('members_without_mfa', null), ('retention_failing', 'portal-a')) as t (f, a);

-- Sorting and pages ---------------------------------------------------------------------------------------------------------------
update public.budget_periods set spent_micro_usd = 1000000 where company_id = pg_temp.id('c102') and scope = 'company' and status = 'open';
create function pg_temp.pages(p_arguments text, p_size integer) returns text language plpgsql as $$
declare
  v_after text;
  v_slugs text := '';
  v_page record;
begin
  for i in 1 .. 10 loop
    execute format('select string_agg(o.slug, '','' order by o.n) as slugs, (array_agg(o.page_key order by o.n desc))[1] as last
      from public.company_overview(search => ''portal-'', max_rows => %s, after => %L, %s) with ordinality
        as o (company_id, slug, name, status, is_operator, created_at, members, plan_tier, limit_usd, spent_usd, spent_percent, payment_status, last_activity_at, flags, page_key, n)', p_size, v_after, p_arguments) into v_page;
    exit when v_page.slugs is null;
    v_slugs := v_slugs || replace(v_page.slugs, 'portal-', '') || '|';
    v_after := v_page.last;
  end loop;
  return v_slugs;
end
$$;
select is(pg_temp.pages(format('sort_by => %L, is_descending => %L', s, d), n), a, format('%s %s by %s', s, d, n))
  from (values
    ('name', false, 4, 'a,c,b,d|'), ('name', false, 1, 'a|c|b|d|'), ('name', false, 3, 'a,c,b|d|'), ('name', true, 1, 'd|b|c|a|'), ('name', true, 2, 'd,b|c,a|'),
    ('created_at', false, 2, 'a,b|c,d|'), ('created_at', false, 1, 'a|b|c|d|'), ('created_at', true, 1, 'd|c|b|a|'), ('created_at', true, 3, 'd,c,b|a|'),
    ('members', false, 1, 'c|d|b|a|'), ('members', true, 1, 'a|b|d|c|'), ('members', true, 4, 'a,b,d,c|'),
    ('spent_usd', false, 1, 'c|d|b|a|'), ('spent_usd', true, 2, 'a,b|d,c|'),
    ('spent_percent', false, 1, 'c|d|b|a|'), ('spent_percent', true, 1, 'a|b|d|c|')) as t (s, d, n, a);
set local app.importing = 'on';
insert into public.audit_logs (company_id, action, actor_id, created_at) values (pg_temp.id('c101'), 'x.y', pg_temp.id('c901'), '2024-01-01 10:00+00'), (pg_temp.id('c102'), 'x.y', pg_temp.id('c901'), '2034-01-01 10:00+00');
set local app.importing = '';
select is(pg_temp.pages('sort_by => ''last_activity_at''', 1), 'd|a|c|b|', 'last_activity_at: who never was active comes first');
select is(pg_temp.pages('sort_by => ''last_activity_at'', is_descending => true', 3), 'b,c,a|d|', 'or last');
select is(pg_temp.pages('sort_by => ''name'', flag => ''no_members''', 1), 'c|d|', 'pages of a flag');
select is(pg_temp.list(a), '22023 invalid_page', a) from unnest(array['sort_by => ''slug''', 'sort_by => null', 'is_descending => null', 'max_rows => 0', 'max_rows => 201', 'max_rows => null', 'flag => ''x''', 'after => ''x''', 'after => ''0 x y''']) as a;
select is(pg_temp.list('max_rows => 200, status => ''none''') is null, true, 'at most 200');

-- In detail ----------------------------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', 'c905', format($$ select concat_ws(' ', d.slug, d.status, d.time_zone, d.contact_email, d.members, d.members_without_mfa, d.plan_tier, d.enforcement, d.features ->> 'members', d.monthly_price_usd::float, d.budget_month, d.limit_usd::float, d.spent_usd::float, d.reserved_usd::float, d.spent_percent, d.stripe_status, d.payment_status, d.requests_open, d.requests_overdue, d.retention_failures, d.last_activity_at at time zone 'UTC', d.flags) from public.company_details(%L) as d $$, pg_temp.id('c101'))),
  concat('portal-a active UTC one@alpha.example 3 0 starter hard 5 100 ', date_trunc('month', now() at time zone 'UTC')::date, ' 100 90 0 90.00 not_connected ok 2 1 1 2024-01-01 10:00:00 {near_limit,requests_overdue,retention_failing}'), 'a company in detail');
select is(pg_temp.says('service_role', null, format($$ select concat_ws(' ', d.stripe_customer_id, d.stripe_status, d.stripe_error, d.payment_status, d.past_due_since is null) from public.company_details(%L) as d $$, pg_temp.id('c102'))), 'cus_portal failing x past_due f', 'with Stripe''s side');
select is(pg_temp.says('service_role', null, format('select public.company_details(%L)', pg_temp.id('dead'))), 'PT404 unknown_company', 'of no company there is none');
create function pg_temp.views() returns text language sql as $$
  select string_agg(format('%s %s %s', right(l.actor_id::text, 4), l.actor_role, right(l.company_id::text, 4)), ',' order by l.company_id, l.created_at) from public.audit_logs as l where l.action = 'companies.viewed'
$$;
select is(pg_temp.views(), 'c905 admin c101', 'an operator who looked is in the company''s log, the backend is not');
select is(pg_temp.says('platform_admin', 'c905', format('select (public.company_details(%L)).last_activity_at at time zone ''UTC''', pg_temp.id('c101'))), '2024-01-01 10:00:00', 'looking is no activity');
select is(pg_temp.views(), 'c905 admin c101', 'once an hour');
select is(pg_temp.says('platform_admin', 'c905', format('select slug from public.company_details(%L)', pg_temp.id('c102'))), 'portal-b', 'another company');
select is(pg_temp.views(), 'c905 admin c101,c905 admin c102', 'has its own log');
set local app.importing = 'on';
update public.audit_logs set created_at = now() - interval '61 minutes' where action = 'companies.viewed' and company_id = pg_temp.id('c102');
set local app.importing = '';
select is(pg_temp.says('platform_admin', 'c905', format('select slug from public.company_details(%L)', pg_temp.id('c102'))), 'portal-b', 'an hour later');
select is(pg_temp.views(), 'c905 admin c101,c905 admin c102,c905 admin c102', 'once more');

-- A member's own -----------------------------------------------------------------------------------------------------------------------
create function pg_temp.mine(p_user text) returns text language sql as $$
  select pg_temp.says('authenticated', p_user, $q$ select concat_ws(' ', d.slug, coalesce(d.members::text, '-'), coalesce(d.members_without_mfa::text, '-'), coalesce(d.plan_tier, '-'), coalesce(d.enforcement, '-'), coalesce(d.features ->> 'members', '-'), coalesce(d.plan_started_at::text, '-') = '-', coalesce(d.monthly_price_usd::float::text, '-'),
    coalesce(d.budget_month::text, '-') = '-', coalesce(d.period_ends_at::text, '-') = '-', coalesce(d.limit_usd::float::text, '-'), coalesce(d.spent_usd::float::text, '-'), coalesce(d.reserved_usd::float::text, '-'), coalesce(d.spent_percent::text, '-'),
    coalesce(d.stripe_status, '-'), coalesce(d.stripe_customer_id, '-'), coalesce(d.payment_status, '-'), coalesce(d.requests_open::text, '-'), coalesce(d.requests_overdue::text, '-'), coalesce(d.retention_failures::text, '-'), coalesce(d.last_activity_at::date::text, '-'),
    coalesce(d.flags::text, '-'), coalesce(d.stripe_error, '-')) from public.my_company() as d $q$)
$$;
select is(pg_temp.mine('c901'), 'portal-a 3 0 starter hard 5 f 100 f f 100 90 0 90.00 not_connected - ok - - - 2024-01-01 - -', 'a client sees plan and month, not requests');
select is(pg_temp.mine('c902'), 'portal-a - - - - - t - t t - - - - - - - - - - - - -', 'an agent sees the company alone');
select is(pg_temp.mine('c904'), 'portal-a 3 0 - - - t - t t - - - - - - - 2 1 1 2024-01-01 - -', 'a compliance administrator sees requests, not billing');
select is(pg_temp.mine('c903'), 'portal-b 1 0 custom hard - f - f f 10 1 0 10.00 failing cus_portal past_due - - - 2034-01-01 - -', 'another member theirs');
select is(pg_temp.mine(u), '42501 not_your_company', u || ' has none') from unnest(array['c906', 'dead']) as u;
update public.users set revoked_permissions = '{company.read}' where id = pg_temp.id('c902');
select is(pg_temp.mine('c902'), '42501 not_your_company', 'nor has who may not read it');

-- Who may --------------------------------------------------------------------------------------------------------------------------------
select is(pg_temp.says('platform_admin', 'c901', s), '42501 not_an_operator', 'who is no operator any more: ' || s)
  from unnest(array['select count(*) from public.company_overview()', 'select public.company_details(pg_temp.id(''c101''))']) as s;
select is(left(pg_temp.says(r, 'c901', s), 5), '42501', r || ': ' || s)
  from unnest(array['select count(*) from public.company_overview()', 'select public.company_details(pg_temp.id(''c101''))']) as s, unnest(array['authenticated', 'anon']) as r;
select is(left(pg_temp.says(r, 'c905', 'select public.my_company()'), 5), '42501', 'my_company: ' || r) from unnest(array['platform_admin', 'service_role', 'anon']) as r;
select is(pg_temp.says('service_role', null, 'select count(*) > 4 from public.company_overview()'), 'true', 'the backend sees all');

select * from finish();
rollback;
