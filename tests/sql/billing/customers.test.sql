-- Customers at Stripe: who asks for one, which is stored, whose it is; settings; who may open checkout and portal.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(167);

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
create function pg_temp.setting(p_name text, p_value jsonb) returns void language sql as $$
  update public.system_config set value = p_value where key = 'stripe.' || p_name
$$;
create function pg_temp.requests(p_company text) returns bigint language sql as $$
  select count(*) from private.outbox_events as e where e.company_id = pg_temp.id(p_company) and e.topic = 'stripe.customer_requested'
$$;
-- What is here belongs to the seed.
update public.companies set stripe_customer_id = 'cus_seed' || left(md5(id::text), 8) where stripe_customer_id is null and not is_operator;

-- Settings ---------------------------------------------------------------------------------------------------------
create function pg_temp.problem(p_name text, p_value jsonb) returns text language sql as $$
  select private.stripe_setting_problem('stripe.' || p_name, p_value)
$$;
select is(pg_temp.problem(n, v::jsonb), null, format('%s takes %s', n, v)) from (values
  ('enabled', 'true'), ('enabled', 'false'),
  ('prices', '{}'), ('prices', '{"price_a": {"plan_tier": "starter"}}'), ('prices', '{"price_a": {"plan_tier": "custom", "monthly_limit_usd": 0}}'),
  ('prices', '{"price_a": {"plan_tier": "starter", "monthly_limit_usd": 10000000}}'),
  ('return_urls', '[]'), ('return_urls', '["https://a.example/b", "http://localhost:3000"]'),
  ('payment_policy', '{"grace_days": 0, "soft_limit_percent": 0, "suspend_days": 0, "ended_plan_tier": "starter"}'),
  ('payment_policy', '{"grace_days": 999, "soft_limit_percent": 100, "suspend_days": null, "ended_plan_tier": "enterprise"}'),
  ('payment_policy', '{"grace_days": 7, "soft_limit_percent": 50, "suspend_days": 7, "ended_plan_tier": "starter"}'),
  ('usage_meter', 'null'), ('usage_meter', '{"event_name": "usage", "meter_id": "mtr_1"}'),
  ('portal_configurations', '{}'), ('portal_configurations', '{"read": "bpc_1", "write": "bpc_2"}')) as t (n, v);
select matches(pg_temp.problem(n, v::jsonb), p, format('%s does not take %s', n, v)) from (values
  ('enabled', '"true"', 'true or false'), ('enabled', '1', 'true or false'),
  ('prices', '[]', 'object of price ids'), ('prices', '{"prod_a": {"plan_tier": "starter"}}', 'price prod_a'), ('prices', '{"price_a": {"plan_tier": "gold"}}', 'price price_a'),
  ('prices', '{"price_a": {}}', 'price_a'), ('prices', '{"price_a": {"plan_tier": "custom"}}', 'price_a'), ('prices', '{"price_a": {"plan_tier": "starter", "monthly_limit_usd": -1}}', 'price_a'),
  ('prices', '{"price_a": {"plan_tier": "starter", "monthly_limit_usd": 10000001}}', 'price_a'), ('prices', '{"price_a": {"plan_tier": "starter", "monthly_limit_usd": "5"}}', 'price_a'),
  ('prices', '{"price_b": {"plan_tier": "starter"}, "price_a": {"plan_tier": "x"}}', 'price_a'),
  ('return_urls', '{}', 'array'), ('return_urls', '[1]', 'https'), ('return_urls', '["http://a.example"]', 'https'), ('return_urls', '["https://a.example?x"]', 'query'), ('return_urls', '["https://a.example/#x"]', 'query'),
  ('payment_policy', '[]', 'object'), ('payment_policy', '{"soft_limit_percent": 0, "suspend_days": 0, "ended_plan_tier": "starter"}', 'grace_days'),
  ('payment_policy', '{"grace_days": 1000, "soft_limit_percent": 0, "suspend_days": 1000, "ended_plan_tier": "starter"}', 'grace_days is'),
  ('payment_policy', '{"grace_days": 1, "soft_limit_percent": 101, "suspend_days": 1, "ended_plan_tier": "starter"}', 'soft_limit_percent'), ('payment_policy', '{"grace_days": 1, "suspend_days": 1, "ended_plan_tier": "starter"}', 'soft_limit_percent'),
  ('payment_policy', '{"grace_days": 1, "soft_limit_percent": 1, "suspend_days": "soon", "ended_plan_tier": "starter"}', 'suspend_days is'), ('payment_policy', '{"grace_days": 1, "soft_limit_percent": 1, "ended_plan_tier": "starter"}', 'suspend_days is'),
  ('payment_policy', '{"grace_days": 8, "soft_limit_percent": 1, "suspend_days": 7, "ended_plan_tier": "starter"}', 'not fewer'),
  ('payment_policy', '{"grace_days": 1, "soft_limit_percent": 1, "suspend_days": 7, "ended_plan_tier": "custom"}', 'ended_plan_tier'), ('payment_policy', '{"grace_days": 1, "soft_limit_percent": 1, "suspend_days": 7}', 'ended_plan_tier'),
  ('usage_meter', '{}', 'event_name'), ('usage_meter', '{"event_name": "usage", "meter_id": "x"}', 'meter_id'), ('usage_meter', '{"event_name": "a b", "meter_id": "mtr_1"}', 'event_name'), ('usage_meter', '[]', 'event_name'),
  ('portal_configurations', '[]', 'bpc'), ('portal_configurations', '{"read": "x"}', 'bpc'), ('portal_configurations', '{"both": "bpc_1"}', 'bpc'), ('portal_configurations', '{"read": null}', 'bpc'),
  ('gold', '1', 'no such setting')) as t (n, v, p);
select throws_ok($$update public.system_config set value = '1' where key = 'stripe.enabled'$$, '22023', 'setting stripe.enabled is wrong: it is true or false', 'a wrong setting is refused');
select throws_ok($$insert into public.system_config (key, value, description) values ('stripe.gold', '1', 'x')$$, '22023', null, 'so is one that there is not');
select lives_ok($$insert into public.system_config (key, value, description) values ('stripes.gold', '1', 'x')$$, 'what is not of Stripe is left alone');

-- Addresses ----------------------------------------------------------------------------------------------------------
select pg_temp.setting('return_urls', '["https://app.example/billing", "https://b.example/", "http://localhost:3000"]');
select ok(private.is_return_url_allowed(u), u || ' is allowed') from unnest(array[
  'https://app.example/billing', 'https://app.example/billing/done', 'https://app.example/billing?x=1', 'https://app.example/billing#x',
  'https://b.example/', 'https://b.example/x', 'https://b.example?x', 'http://localhost:3000', 'http://localhost:3000/x?session={CHECKOUT_SESSION_ID}',
  'https://app.example/billing/a..b', 'https://app.example/billing/' || repeat('x', 1900)]) as u;
select ok(not private.is_return_url_allowed(u), coalesce(u, 'null') || ' is not') from unnest(array[
  null, '', 'https://app.example', 'https://app.example/billings', 'https://app.example.evil.example/billing', 'https://app.example/billing/../admin', 'https://app.example/billing/..',
  'https://app.example/billing/./x', 'https://app.example/billing/%2e%2e/x', 'https://app.example/billing/%2E%2e/x', 'https://app.example/billing/..?x', 'https://app.example/billing/..#x', 'https://app.example/billing/%5cx',
  'https://app.example@evil.example/billing', 'https://app.example/billing/@x', 'https://app.example/billing\evil', 'https://app.example/billing/ x', E'https://app.example/billing/\nx',
  'https://app.example/billing/<x>', 'https://app.example/billing/"', 'http://app.example/billing', 'javascript:alert(1)', '//app.example/billing', 'http://localhost:30000', 'https://localhost:3000',
  'https://app.example/billing/' || repeat('x', 2000), 'x https://app.example/billing', 'https://b.examplex/', 'http://evil.example:3000']) as u;

-- Who gets a customer -------------------------------------------------------------------------------------------------
-- Without the defaults of new companies, which would wait for the end of the transaction: a trigger is switched off below.
alter table public.companies disable trigger set_up;
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('b101'), 'billing-a', 'A', 'a@b.example');
select is(pg_temp.requests('b101'), 0::bigint, 'while Stripe is off nobody asks');
select is_empty($$select from public.billing_accounts where company_id = pg_temp.id('b101')$$, 'and there is no account');
select is(private.request_stripe_customers(10), 0, 'nor is anybody asked for');
select pg_temp.setting('enabled', 'true');
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('b102'), 'billing-b', 'B', 'b@b.example');
select is(pg_temp.requests('b102'), 1::bigint, 'a new company asks');
select results_eq($$select topic, payload, status from private.outbox_events where company_id = pg_temp.id('b102')$$, $$values ('stripe.customer_requested', '{}'::jsonb, 'pending')$$, 'by an event');
select results_eq($$select payment_status, payment_stage from public.billing_accounts where company_id = pg_temp.id('b102')$$, $$values ('ok', 'ok')$$, 'and has an account');
insert into public.companies (id, slug, name, contact_email, stripe_customer_id) values (pg_temp.id('b103'), 'billing-c', 'C', 'c@b.example', 'cus_c');
insert into public.companies (id, slug, name, contact_email, status) values (pg_temp.id('b104'), 'billing-d', 'D', 'd@b.example', 'suspended');
select is(pg_temp.requests('b103') + pg_temp.requests('b104'), 0::bigint, 'who has one does not, nor who is suspended');
set local app.importing = 'on';
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('b105'), 'billing-e', 'E', 'e@b.example');
set local app.importing = '';
select is(pg_temp.requests('b105'), 0::bigint, 'nor who is imported');
savepoint operator;
alter table public.companies disable trigger keep_operator;
update public.companies set stripe_customer_id = null where is_operator;
select is(private.request_stripe_customer(pg_temp.id('b102')), false, 'who has asked does not again');
select is(private.request_stripe_customers(1), 1, 'those who were there before ask, so many at once');
select is(pg_temp.requests('b101') + pg_temp.requests('b105'), 1::bigint, 'one of them');
select is(private.request_stripe_customers(10), 1, 'the rest');
select is(private.request_stripe_customers(10), 0, 'and nobody twice, nor the operator');
select results_eq($$select e.company_id, count(*) from private.outbox_events as e where e.topic = 'stripe.customer_requested' group by 1 order by 1$$,
  $$values (pg_temp.id('b101'), 1::bigint), (pg_temp.id('b102'), 1), (pg_temp.id('b105'), 1)$$, 'each once');
update private.outbox_events set status = 'dead', finished_at = now() where company_id = pg_temp.id('b105');
select is(private.request_stripe_customers(10), 1, 'one whose request was given up asks again');
rollback to operator;
select is(pg_temp.says('service_role', null, 'select public.request_stripe_customers()'), '2', 'the backend may');
select is(pg_temp.says(r, 'b911', 'select public.request_stripe_customers()'), '42501 ', r || ' may not') from unnest(array['authenticated', 'platform_admin', 'anon']) as r;

-- The outbox hands each topic to its consumer ---------------------------------------------------------------------------
select private.emit_event(pg_temp.id('b101'), 'test.other', '{}'), private.emit_event(pg_temp.id('b101'), 'stripes.x', '{}');
select is((select array_agg(c.topic order by c.topic collate "C") from private.claim_events(1000, 60, null) as c where c.company_id = pg_temp.id('b101')), '{stripes.x,test.other}', 'who names none gets none of Stripe');
select is((select array_agg(distinct c.topic) from private.claim_events(1000, 60, '{stripe.customer_requested}') as c), '{stripe.customer_requested}', 'who names one gets that');

-- Which customer ----------------------------------------------------------------------------------------------------
select is(private.store_stripe_customer(pg_temp.id('b101'), 'cus_a'), 'cus_a', 'the first is stored');
select is((select stripe_customer_id from public.companies where id = pg_temp.id('b101')), 'cus_a', 'with the company');
select is(private.store_stripe_customer(pg_temp.id('b101'), 'cus_other'), 'cus_a', 'and stays');
select is(private.store_stripe_customer(pg_temp.id('b101'), null), 'cus_a', 'whatever comes');
select is((select stripe_customer_id from public.companies where id = pg_temp.id('b101')), 'cus_a', 'as it was');
select throws_ok($$select private.store_stripe_customer(pg_temp.id('b102'), 'cus_a')$$, '23505', 'customer cus_a is another company''s', 'another''s is refused');
select throws_ok($$select private.store_stripe_customer(pg_temp.id('b102'), null)$$, '22023', 'there is no customer to store', 'so is none');
select throws_ok($$select private.store_stripe_customer(pg_temp.id('dead'), 'cus_x')$$, 'PT404', null, 'and a company that is not');
insert into public.companies (id, slug, name, contact_email, status) values (pg_temp.id('b106'), 'billing-f', 'F', 'f@b.example', 'suspended');
select is(private.store_stripe_customer(pg_temp.id('b106'), 'cus_f'), 'cus_f', 'an account comes with it');
select is((select count(*) from public.billing_accounts where company_id = pg_temp.id('b106')), 1::bigint, 'once');
select is(pg_temp.says('service_role', null, $$select public.store_stripe_customer(pg_temp.id('b101'), 'cus_x')$$), 'cus_a', 'the backend stores');
select is(pg_temp.says(r, 'b911', $$select public.store_stripe_customer(pg_temp.id('b102'), 'cus_x')$$), '42501 ', r || ' does not') from unnest(array['authenticated', 'platform_admin', 'anon']) as r;

-- Checkout and portal ---------------------------------------------------------------------------------------------------
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['b911', 'b912', 'b913', 'b914', 'b915']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  (pg_temp.id('b101'), pg_temp.id('b911'), 'b911@b.example', 'Client', 'client'),
  (pg_temp.id('b101'), pg_temp.id('b912'), 'b912@b.example', 'Agent', 'agent'),
  (pg_temp.id('b101'), pg_temp.id('b913'), 'b913@b.example', 'Compliance', 'compliance_admin'),
  (pg_temp.id('b102'), pg_temp.id('b914'), 'b914@b.example', 'Other', 'client'),
  ((select id from public.companies where is_operator), pg_temp.id('b915'), 'b915@b.example', 'Operator', 'admin');
select pg_temp.setting('prices', '{"price_y": {"plan_tier": "professional"}, "price_x": {"plan_tier": "professional"}, "price_c": {"plan_tier": "custom", "monthly_limit_usd": 5}}');
create function pg_temp.checkout(p_role text, p_user text, p_tier text default 'professional', p_success text default 'https://b.example/ok', p_cancel text default 'https://b.example/no') returns text language sql as $$
  select pg_temp.says(p_role, p_user, format('select concat_ws('' '', c.company_id, coalesce(c.stripe_customer_id, ''-''), c.stripe_price_id) from public.prepare_checkout(%L, %L, %L) as c', p_tier, p_success, p_cancel))
$$;
create function pg_temp.portal(p_role text, p_user text, p_url text default 'https://b.example/ok') returns text language sql as $$
  select pg_temp.says(p_role, p_user, format('select concat_ws('' '', c.company_id, c.stripe_customer_id, coalesce(c.portal_configuration, ''-'')) from public.prepare_billing_portal(%L) as c', p_url))
$$;
select is(pg_temp.checkout('authenticated', 'b911'), pg_temp.id('b101') || ' cus_a price_x', 'a client buys for their company');
select is(pg_temp.checkout('authenticated', 'b914'), pg_temp.id('b102') || ' - price_x', 'another for theirs, without a customer yet');
select is(pg_temp.checkout(r, u), e, format('%s %s does not', r, u)) from (values
  ('authenticated', 'b912', '42501 not_your_company'), ('authenticated', 'b913', '42501 not_your_company'), ('authenticated', 'b999', '42501 not_your_company'),
  ('authenticated', null, '42501 not_your_company'), ('platform_admin', 'b915', '42501 '), ('anon', 'b911', '42501 '), ('service_role', null, '42501 ')) as t (r, u, e);
select is(pg_temp.checkout('authenticated', 'b911', 'starter'), '22023 plan_not_for_sale', 'what has no price is not sold');
select is(pg_temp.checkout('authenticated', 'b911', 'custom'), '22023 plan_not_for_sale', 'nor what is negotiated');
select is(pg_temp.checkout('authenticated', 'b911', 'gold'), '22023 plan_not_for_sale', 'nor what there is not');
select is(pg_temp.checkout('authenticated', 'b911', 'professional', 'https://evil.example/'), '22023 invalid_return_url', 'nobody is sent elsewhere');
select is(pg_temp.checkout('authenticated', 'b911', 'professional', 'https://b.example/', 'https://evil.example/'), '22023 invalid_return_url', 'either way');
update public.billing_accounts set stripe_subscription_id = 'sub_1', subscription_status = 'active' where company_id = pg_temp.id('b101');
create function pg_temp.checkout_while(p_status text) returns text language plpgsql as $$
begin
  update public.billing_accounts set subscription_status = p_status where company_id = pg_temp.id('b101');
  return left(pg_temp.checkout('authenticated', 'b911'), 5);
end
$$;
select is(pg_temp.checkout_while(s), case when s in ('incomplete', 'incomplete_expired', 'canceled') then '00000' else '23505' end, 'a checkout while ' || s)
  from unnest(array['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused']) as s;
select is(pg_temp.checkout_while('active') || ' ' || left(pg_temp.checkout('authenticated', 'b914'), 5), '23505 00000', 'another company''s subscription is in nobody''s way');
update public.users set status = 'disabled' where id = pg_temp.id('b914');
select is(pg_temp.checkout('authenticated', 'b914'), '42501 not_your_company', 'who is disabled buys nothing');
update public.users set status = 'active' where id = pg_temp.id('b914');

select is(pg_temp.portal('authenticated', 'b911'), pg_temp.id('b101') || ' cus_a -', 'a client opens the portal');
select is(pg_temp.portal('authenticated', 'b914'), 'PT404 no_stripe_customer', 'not without a customer');
select is(pg_temp.portal('authenticated', 'b911', 'https://evil.example/'), '22023 invalid_return_url', 'and not to be sent elsewhere');
select is(pg_temp.portal(r, u), e, format('%s %s does not open it', r, u)) from (values
  ('authenticated', 'b912', '42501 not_your_company'), ('authenticated', 'b913', '42501 not_your_company'), ('authenticated', null, '42501 not_your_company'),
  ('platform_admin', 'b915', '42501 '), ('anon', 'b911', '42501 '), ('service_role', null, '42501 ')) as t (r, u, e);
update public.users set granted_permissions = '{billing.read}' where id = pg_temp.id('b912');
select is(pg_temp.portal('authenticated', 'b912'), '42501 not_your_company', 'who may only read opens none that writes');
select pg_temp.setting('portal_configurations', '{"read": "bpc_read"}');
select is(pg_temp.portal('authenticated', 'b912'), pg_temp.id('b101') || ' cus_a bpc_read', 'but one that is made for it');
select is(pg_temp.portal('authenticated', 'b911'), pg_temp.id('b101') || ' cus_a -', 'who may write opens the default');
select is(pg_temp.portal('authenticated', 'b913'), '42501 not_your_company', 'who may not read still opens none');
select pg_temp.setting('portal_configurations', '{"read": "bpc_read", "write": "bpc_write"}');
select is(pg_temp.portal('authenticated', 'b911'), pg_temp.id('b101') || ' cus_a bpc_write', 'or what is set');
update public.users set role = 'agent' where id = pg_temp.id('b911');
select is(pg_temp.portal('authenticated', 'b911') || ' ' || pg_temp.checkout('authenticated', 'b911'), '42501 not_your_company 42501 not_your_company', 'who was demoted opens nothing');

select * from finish();
rollback;
