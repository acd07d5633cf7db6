-- Events of Stripe and what they come to: each once, in any order; plans, invoices, overdue payments; reconciling; usage.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(277);

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
-- What belongs to the seed is out of the way.
update public.companies set stripe_customer_id = null where stripe_customer_id is not null;
delete from public.billing_accounts;
select pg_temp.setting('prices', '{"price_s": {"plan_tier": "starter"}, "price_p": {"plan_tier": "professional"}, "price_e": {"plan_tier": "enterprise", "monthly_limit_usd": 2500}, "price_c": {"plan_tier": "custom", "monthly_limit_usd": 9000}}');
insert into public.companies (id, slug, name, contact_email, stripe_customer_id, created_at) values
  (pg_temp.id('b201'), 'state-a', 'A', 'a@b.example', 'cus_a', now() - interval '1 year'),
  (pg_temp.id('b202'), 'state-b', 'B', 'b@b.example', 'cus_b', now() - interval '1 year');
insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd, enforcement, started_at) values
  (pg_temp.id('b201'), pg_temp.id('b2f1'), 'starter', 120, 'soft', now() - interval '1 year'),
  (pg_temp.id('b202'), pg_temp.id('b2f2'), 'professional', null, 'hard', now() - interval '1 year');

-- Recording -----------------------------------------------------------------------------------------------------------
create function pg_temp.event(p_id text, p_type text, p_object jsonb) returns jsonb language sql as $$
  select jsonb_build_object('id', p_id, 'type', p_type, 'created', 1738713600, 'data', jsonb_build_object('object', p_object))
$$;
create function pg_temp.recorded(p_id text, p_type text, p_object jsonb default '{"object": "subscription", "id": "sub_1", "customer": "cus_a"}') returns text language sql as $$
  select concat_ws(' ', r.status, r.company_id, r.stripe_customer_id, case when r.sync_started_at is null then '-' else '+' end)
    from private.record_stripe_event(pg_temp.event(p_id, p_type, p_object)) as r
$$;
select is(pg_temp.recorded('evt_' || n, t, o::jsonb), e, format('%s %s', t, o)) from (values
  (1, 'customer.subscription.updated', '{"object": "subscription", "customer": "cus_a"}', 'received ' || pg_temp.id('b201') || ' cus_a +'),
  (2, 'customer.subscription.deleted', '{"object": "subscription", "customer": {"id": "cus_b"}}', 'received ' || pg_temp.id('b202') || ' cus_b +'),
  (3, 'customer.deleted', '{"object": "customer", "id": "cus_a"}', 'received ' || pg_temp.id('b201') || ' cus_a +'),
  (4, 'checkout.session.completed', '{"object": "checkout.session", "customer": "cus_a"}', 'received ' || pg_temp.id('b201') || ' cus_a +'),
  (5, 'invoice.paid', '{"object": "invoice", "customer": "cus_a"}', 'received ' || pg_temp.id('b201') || ' cus_a +'),
  (6, 'invoice.upcoming', '{"object": "invoice", "customer": "cus_a"}', 'stored cus_a -'),
  (7, 'customer.updated', '{"object": "customer", "id": "cus_a"}', 'stored cus_a -'),
  (8, 'customer.deleted.later', '{"object": "customer", "id": "cus_a"}', 'stored cus_a -'),
  (9, 'charge.succeeded', '{"object": "charge"}', 'stored -'),
  (10, 'customer.subscription.updated', '{"object": "subscription", "customer": "cus_x"}', 'unmatched cus_x -'),
  (11, 'customer.subscription.updated', '{"object": "subscription"}', 'unmatched -'),
  -- What metadata says does not count.
  (12, 'customer.subscription.updated', '{"object": "subscription", "customer": "cus_b", "metadata": {"company_id": "00000000-0000-4000-8000-00000000b201"}}', 'received ' || pg_temp.id('b202') || ' cus_b +'),
  (13, 'invoice_payment.paid', '{"object": "invoice_payment", "customer": "cus_a"}', 'stored cus_a -')) as t (n, t, o, e);
select results_eq($$select event_type, stripe_created_at, stripe_customer_id, payload ->> 'id', status, attempts, error, finished_at from private.stripe_events where stripe_event_id in ('evt_1', 'evt_9', 'evt_10') order by 1$$,
  $$values ('charge.succeeded', '2025-02-05 00:00:00+00'::timestamptz, null, 'evt_9', 'stored', 0, null::text, now()),
           ('customer.subscription.updated', '2025-02-05 00:00:00+00', 'cus_a', 'evt_1', 'received', 1, null, null),
           ('customer.subscription.updated', '2025-02-05 00:00:00+00', 'cus_x', 'evt_10', 'unmatched', 1, null, now())$$, 'each is kept');
select is(pg_temp.recorded('evt_1', 'charge.succeeded', '{"object": "charge", "customer": "cus_b"}'), 'received ' || pg_temp.id('b201') || ' cus_a +', 'the first delivery is the one that counts');
select is((select attempts from private.stripe_events where stripe_event_id = 'evt_1'), 2, 'the second is counted');
select is(pg_temp.recorded('evt_9', 'charge.succeeded'), 'stored -', 'what is stored stays so');
insert into public.companies (id, slug, name, contact_email, stripe_customer_id) values (pg_temp.id('b203'), 'state-c', 'C', 'c@b.example', 'cus_x');
select is(pg_temp.recorded('evt_10', 'x.y'), 'received ' || pg_temp.id('b203') || ' cus_x +', 'whose company comes later is matched then');
select is((select finished_at from private.stripe_events where stripe_event_id = 'evt_10'), null, 'and is to be done');
select throws_ok(format('select private.record_stripe_event(%L)', e), '22023', 'this is no event of Stripe', e) from unnest(array[
  '{}', 'null', '[]', pg_temp.event('x', 'a.b', '{}')::text, pg_temp.event('evt_x', 'A b', '{}')::text, pg_temp.event(null, 'a.b', '{}')::text, pg_temp.event('evt_x', null, '{}')::text,
  pg_temp.event('evt_x', 'a.b', '[]')::text, (pg_temp.event('evt_x', 'a.b', '{}') - 'data')::text, (pg_temp.event('evt_x', 'a.b', '{}') - 'created')::text, (pg_temp.event('evt_x', 'a.b', '{}') || '{"created": -1}')::text]) as e;
select is(pg_temp.says(r, 'b921', $$select r.status from public.record_stripe_event('{"id": "evt_r", "type": "a.b", "created": 1, "data": {"object": {}}}') as r$$), e, r || ' records: ' || e)
  from (values ('service_role', 'stored'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);

-- The order of questions --------------------------------------------------------------------------------------------
select ok(private.begin_stripe_sync(pg_temp.id('b201')) < private.begin_stripe_sync(pg_temp.id('b201')), 'each is later than the one before');
select ok(private.begin_stripe_sync(pg_temp.id('b201')) between clock_timestamp() - interval '1 s' and clock_timestamp(), 'by the clock');
update public.billing_accounts set sync_started_at = now() + interval '1 hour' where company_id = pg_temp.id('b201');
select is(private.begin_stripe_sync(pg_temp.id('b201')), now() + interval '1 hour 1 microsecond', 'also when that goes back');
update public.billing_accounts set sync_started_at = null where company_id = pg_temp.id('b201');
select is(private.begin_stripe_sync(pg_temp.id('dead')), null, 'there is none about nobody');
select is(pg_temp.says(r, 'b921', $$select public.begin_stripe_sync(pg_temp.id('b201')) is not null$$), e, r || ' asks: ' || e)
  from (values ('service_role', 'true'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);

-- State ---------------------------------------------------------------------------------------------------------------
create function pg_temp.sub(p_id text, p_status text, p_prices text[], p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('id', p_id, 'stripe_customer_id', 'cus_a', 'status', p_status, 'created_at', '2025-01-01T00:00:00Z', 'currency', 'EUR',
    'monthly_amount_minor', 4900, 'trial_ends_at', null, 'cancel_at_period_end', false,
    'items', (select coalesce(jsonb_agg(jsonb_build_object('price_id', p, 'period_starts_at', '2025-02-01T00:00:00Z', 'period_ends_at', '2025-03-01T00:00:00Z')), '[]') from unnest(p_prices) as p)) || p_more
$$;
create function pg_temp.invoice(p_id text, p_status text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('stripe_invoice_id', p_id, 'stripe_customer_id', 'cus_a', 'stripe_subscription_id', 'sub_1', 'number', 'N-1', 'status', p_status,
    'currency', 'EUR', 'total_minor', 4900, 'amount_due_minor', 4900, 'amount_paid_minor', 0, 'amount_remaining_minor', 4900, 'attempt_count', 0,
    'next_attempt_at', null, 'period_starts_at', '2025-01-01T00:00:00Z', 'period_ends_at', '2025-02-01T00:00:00Z', 'issued_at', now() - interval '40 days',
    'due_at', null, 'finalized_at', now() - interval '2 days', 'paid_at', null, 'voided_at', null, 'hosted_invoice_url', 'https://i', 'pdf_url', 'https://p') || p_more
$$;
create function pg_temp.apply(p_subs jsonb[], p_invoices jsonb[] default '{}', p_more jsonb default '{}', p_event text default null, p_at timestamptz default null, p_company text default 'b201', p_customer text default 'cus_a')
returns text language plpgsql as $$
declare
  v_detail text;
begin
  return private.apply_stripe_state(pg_temp.id(p_company), p_customer, coalesce(p_at, private.begin_stripe_sync(pg_temp.id(p_company))),
    jsonb_build_object('subscriptions', to_jsonb(p_subs), 'invoices', to_jsonb(p_invoices), 'deleted_invoices', '[]'::jsonb) || p_more, p_event)::text;
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail;
  return sqlstate || ' ' || v_detail;
end
$$;
create function pg_temp.plan_now(p_company text default 'b201') returns text language sql as $$
  select concat_ws(' ', p.plan_tier, p.monthly_limit_usd::numeric(10, 2), coalesce(p.payment_limit_usd::numeric(10, 2)::text, '-'), p.enforcement, coalesce(p.stripe_subscription_id, '-'), coalesce(p.stripe_price_id, '-'))
    from public.company_plans as p where p.company_id = pg_temp.id(p_company) and p.is_active
$$;
create function pg_temp.account(p_company text default 'b201') returns public.billing_accounts language sql as $$
  select * from public.billing_accounts as b where b.company_id = pg_temp.id(p_company)
$$;
create function pg_temp.events(p_company text default 'b201') returns jsonb language sql as $$
  select jsonb_agg(e.payload order by e.id) from private.outbox_events as e where e.company_id = pg_temp.id(p_company) and e.topic like 'billing.%'
$$;
delete from private.outbox_events;

select is(pg_temp.apply('{}', p_customer => null), '42501 foreign_customer', 'no customer is nobody''s');
select is(pg_temp.apply('{}', p_customer => 'cus_b'), '42501 foreign_customer', 'another company''s customer is refused');
select is(pg_temp.apply('{}', p_company => 'dead'), '42501 foreign_customer', 'so is a company that is not');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}', '{"stripe_customer_id": "cus_b"}')]), '42501 foreign_customer', 'a subscription of another customer');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}', '{"stripe_customer_id": null}')]), '42501 foreign_customer', 'or of nobody');
select is(pg_temp.apply('{}', array[pg_temp.invoice('in_1', 'paid', '{"stripe_customer_id": "cus_b"}')]), '42501 foreign_customer', 'and an invoice');
select is(pg_temp.apply('{}', array[pg_temp.invoice('in_1', 'paid', '{"stripe_customer_id": null}')]), '42501 foreign_customer', 'of either');
update public.companies set stripe_customer_id = null where id = pg_temp.id('b203');
select is(pg_temp.apply('{}', p_company => 'b203', p_customer => null), '42501 foreign_customer', 'who has no customer is not that of none');
select is((select count(*)::integer from public.billing_invoices where company_id in (pg_temp.id('b201'), pg_temp.id('b203'))), 0, 'nothing of that has stayed');

select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'incomplete', '{price_p}')]), '{account}', 'a subscription that is not paid yet');
select is(pg_temp.plan_now(), 'starter 120.00 - soft - -', 'buys nothing');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_event => 'evt_1'), '{plan,account}', 'one that is');
select is(pg_temp.plan_now(), 'professional 500.00 - soft sub_1 price_p', 'buys its tier, as strict as the plan before');
select is((select limit_micro_usd from public.budget_periods where company_id = pg_temp.id('b201') and scope = 'company' and status = 'open' and now() between starts_at and ends_at), 500000000::bigint, 'and the limit counts');
select results_eq($$select status, finished_at, error from private.stripe_events where stripe_event_id = 'evt_1'$$, $$values ('processed', now(), null::text)$$, 'its event is done');
select is((pg_temp.account()).last_error, null, 'and nothing is wrong');
select results_eq($$select stripe_subscription_id, stripe_price_id, subscription_status, currency, monthly_amount_minor, current_period_starts_at, current_period_ends_at, trial_ends_at, cancel_at_period_end, payment_status, payment_stage, past_due_since, grace_ends_at, suspends_at, synced_at = sync_started_at, reconciled_at from public.billing_accounts where company_id = pg_temp.id('b201')$$,
  $$values ('sub_1', 'price_p', 'active', 'EUR', 4900::bigint, '2025-02-01 00:00:00+00'::timestamptz, '2025-03-01 00:00:00+00'::timestamptz, null::timestamptz, false, 'ok', 'ok', null::timestamptz, null::timestamptz, null::timestamptz, true, null::timestamptz)$$, 'it is mirrored');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'canceled', '{price_p}')], p_event => 'evt_1'), '{duplicate}', 'an event counts once');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'canceled', '{price_p}')], p_event => 'evt_9'), '{duplicate}', 'one that means nothing does not');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'canceled', '{price_p}')], p_event => 'evt_none'), '{duplicate}', 'nor one that nobody recorded');
select is(pg_temp.plan_now(), 'professional 500.00 - soft sub_1 price_p', 'and does nothing');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')]), '{}', 'the same again changes nothing');
select is((select count(*)::integer from public.company_plans where company_id = pg_temp.id('b201')), 2, 'not the plan either');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_e}')], p_at => (pg_temp.account()).synced_at - interval '1 s'), '{stale}', 'an answer to an earlier question');
select is(pg_temp.plan_now(), 'professional 500.00 - soft sub_1 price_p', 'is not taken');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_at => (pg_temp.account()).synced_at), '{}', 'to the same it is');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_e}')], array[pg_temp.invoice('in_s', 'paid')], p_event => 'evt_3', p_at => (pg_temp.account()).synced_at - interval '1 s'), '{invoices,stale}', 'its invoices may still be news');
select is((select status from private.stripe_events where stripe_event_id = 'evt_3'), 'processed', 'and its event is done');

create function pg_temp.differs(p_more jsonb) returns text language plpgsql as $$
declare
  v_answer text := pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}', p_more)]);
begin
  perform pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')]);
  return v_answer;
end
$$;
select is(pg_temp.differs(m::jsonb), '{account}', m) from unnest(array['{"currency": "USD"}', '{"monthly_amount_minor": 1}', '{"trial_ends_at": "2025-01-05T00:00:00Z"}', '{"cancel_at_period_end": true}',
  '{"items": [{"price_id": "price_p", "period_starts_at": "2025-02-02T00:00:00Z", "period_ends_at": "2025-03-01T00:00:00Z"}]}', '{"items": [{"price_id": "price_p", "period_starts_at": "2025-02-01T00:00:00Z", "period_ends_at": "2025-03-02T00:00:00Z"}]}', '{"status": "trialing"}']) as m;

-- Which subscription, which price --------------------------------------------------------------------------------------
create function pg_temp.chosen(p_subs jsonb[]) returns text language sql as $$
  select concat_ws(' ', coalesce(c.id, '-'), c.status, c.is_entitled, c.price_id, c.plan_tier, c.monthly_limit_usd::numeric(10, 2), c.monthly_amount_minor) from private.choose_subscription(to_jsonb(p_subs)) as c
$$;
select is(pg_temp.chosen('{}'), '-', 'of none there is none');
select is(pg_temp.chosen(array[pg_temp.sub('sub_1', s, '{price_p}')]), concat_ws(' ', 'sub_1', s, case when e then 't' else 'f' end, 'price_p professional 500.00', case when e then 4900 else 0 end), s)
  from (values ('active', true), ('trialing', true), ('past_due', true), ('unpaid', true), ('incomplete', false), ('incomplete_expired', false), ('paused', false), ('canceled', false)) as t (s, e);
select is(left(pg_temp.chosen(array[pg_temp.sub('sub_1', 'canceled', '{price_p}', '{"created_at": "2025-01-03T00:00:00Z"}'), pg_temp.sub('sub_2', 'incomplete', '{price_p}', '{"created_at": "2025-01-02T00:00:00Z"}'), pg_temp.sub('sub_3', s, '{price_p}')]), 5), 'sub_3', s || ' comes before what is not in force')
  from unnest(array['active', 'trialing', 'past_due', 'unpaid']) as s;
select is(left(pg_temp.chosen(array[pg_temp.sub('sub_1', 'canceled', '{price_p}', '{"created_at": "2025-01-03T00:00:00Z"}'), pg_temp.sub('sub_2', s, '{price_p}')]), 5), 'sub_2', s || ' before what has ended') from unnest(array['incomplete', 'paused']) as s;
select is(left(pg_temp.chosen(array[pg_temp.sub('sub_1', 'active', '{price_p}'), pg_temp.sub('sub_2', 'past_due', '{price_p}', '{"created_at": "2025-01-02T00:00:00Z"}')]), 5), 'sub_2', 'of two in force the later');
select is(left(pg_temp.chosen(array[pg_temp.sub('sub_2', 'active', '{price_p}'), pg_temp.sub('sub_1', 'active', '{price_p}')]), 5), 'sub_1', 'of two at once always the same');
select is(pg_temp.chosen(array[pg_temp.sub('sub_1', 'active', '{price_s,price_x,price_e,price_p}')]), 'sub_1 active t price_e enterprise 2500.00 4900', 'the highest tier, with the limit of the price');
select is(pg_temp.chosen(array[pg_temp.sub('sub_1', 'active', '{price_e,price_c}')]), 'sub_1 active t price_c custom 9000.00 4900', 'custom is above all');
select is(pg_temp.chosen(array[pg_temp.sub('sub_1', 'active', '{price_y,price_x}')]), 'sub_1 active t price_x 4900', 'what is not set buys nothing');
select is(pg_temp.chosen(array[pg_temp.sub('sub_1', 'active', '{}')]), 'sub_1 active t 4900', 'nor does what has no price');

select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_x}')]), '{account}', 'a price that is not set');
select is(pg_temp.plan_now() || ': ' || (pg_temp.account()).last_error, 'professional 500.00 - soft sub_1 price_p: price price_x is not in setting stripe.prices', 'leaves the plan and says so');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_e}')]), '{plan,account}', 'another price is another plan');
select is(pg_temp.plan_now(), 'enterprise 2500.00 - soft sub_1 price_e', 'with its limit');
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'active', '{price_e}')]), '{plan,account}', 'so is another subscription');
select pg_temp.setting('prices', '{"price_p": {"plan_tier": "professional"}, "price_e": {"plan_tier": "professional"}}');
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'active', '{price_e}')]), '{plan}', 'and what a price buys may change');
update public.company_plans set monthly_limit_usd = 777 where company_id = pg_temp.id('b201') and is_active;
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'active', '{price_e}')]) || pg_temp.plan_now(), '{}professional 777.00 - soft sub_2 price_e', 'a limit that an operator set stays');
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'canceled', '{price_e}')]) || pg_temp.plan_now(), '{plan,account}starter 100.00 - soft - -', 'one that has ended leaves the plan for that');
select is((pg_temp.account()).monthly_amount_minor, 0::bigint, 'and brings in nothing');
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'canceled', '{price_e}')]), '{}', 'once');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('b201'), 'enterprise', 3000);
select is(pg_temp.apply(array[pg_temp.sub('sub_2', 'canceled', '{price_e}')]) || pg_temp.plan_now(), '{}enterprise 3000.00 - hard - -', 'what an operator gives then stays');

-- A plan that was given before, and a subscription that was never seen in force.
create function pg_temp.ended(p_more jsonb, p_invoice text, p_sub text default 'sub_9', p_status text default 'canceled') returns text language plpgsql as $$
declare
  v_answer text;
begin
  v_answer := pg_temp.apply(array[pg_temp.sub('sub_9', p_status, '{price_p}', '{"stripe_customer_id": "cus_b"}' || p_more)],
    array[pg_temp.invoice('in_9', p_invoice, jsonb_build_object('stripe_customer_id', 'cus_b', 'stripe_subscription_id', p_sub, 'amount_remaining_minor', 0))], p_company => 'b202', p_customer => 'cus_b') || coalesce(pg_temp.plan_now('b202'), '');
  raise exception using errcode = 'P0001', message = v_answer;
exception when raise_exception then
  return sqlerrm;
end
$$;
select matches(pg_temp.ended(jsonb_build_object('created_at', now() - interval '1 day'), 'paid'), 'plan.*starter 100', 'one that was bought after it and ended ends it');
select matches(pg_temp.ended(jsonb_build_object('created_at', now() - interval '2 years'), 'paid'), '^\{invoices,account\}professional', 'one from before does not');
select matches(pg_temp.ended(jsonb_build_object('created_at', now() - interval '1 day'), 'void'), '^\{invoices,account\}professional', 'nor one that was never paid');
select matches(pg_temp.ended(jsonb_build_object('created_at', now() - interval '1 day'), 'paid', 'sub_8'), '^\{invoices,account\}professional', 'nor when another was');
update public.companies set status = 'closed' where id = pg_temp.id('b202');
select matches(pg_temp.ended('{}', 'paid', p_status => 'active'), '^\{invoices,account\}professional', 'a closed company gets no plan');
update public.companies set status = 'active' where id = pg_temp.id('b202');
select matches(pg_temp.ended('{}', 'paid', p_status => 'active'), 'plan', 'control: an active one does');
delete from public.company_plans where company_id = pg_temp.id('b202');
select matches(pg_temp.ended('{}', 'paid', p_status => 'active'), 'plan,account\}professional 500.00 - hard', 'who has no plan gets a strict one');
select matches(pg_temp.ended(jsonb_build_object('created_at', now() - interval '1 day'), 'paid'), '^\{invoices,account\}$', 'or none when it has ended');

-- Invoices ------------------------------------------------------------------------------------------------------------
select pg_temp.setting('prices', '{"price_p": {"plan_tier": "professional"}}');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_2', 'draft'), pg_temp.invoice('in_1', 'open')]), '{invoices,plan,account}', 'invoices are mirrored');
select results_eq($$select to_jsonb(b) - '{company_id,id,synced_at,created_at,updated_at,created_by,updated_by}'::text[] from public.billing_invoices as b where b.company_id = pg_temp.id('b201') and b.stripe_invoice_id = 'in_1'$$,
  $$select jsonb_agg(i) -> 0 from (select (jsonb_populate_record(null::public.billing_invoices, pg_temp.invoice('in_1', 'open'))).*) as x cross join lateral (select to_jsonb(x) - '{company_id,id,synced_at,created_at,updated_at,created_by,updated_by}'::text[] as i) as y$$, 'as they are');
select is((select synced_at from public.billing_invoices where company_id = pg_temp.id('b201') and stripe_invoice_id = 'in_1'), (pg_temp.account()).synced_at, 'with when they were asked for');
create function pg_temp.invoice_differs(p_more jsonb) returns text language plpgsql as $$
declare
  v_answer text := pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'open', p_more)]);
  v_stands jsonb := (select to_jsonb(b) from public.billing_invoices as b where b.company_id = pg_temp.id('b201') and b.stripe_invoice_id = 'in_1');
begin
  perform pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'open')]);
  return v_answer || (v_stands @> p_more);
end
$$;
select is(pg_temp.invoice_differs(m::jsonb), '{invoices}true', m) from unnest(array['{"stripe_subscription_id": null}', '{"number": "N-2"}', '{"status": "paid"}', '{"currency": "USD"}', '{"total_minor": -1}', '{"amount_due_minor": 1}', '{"amount_paid_minor": 1}',
  '{"amount_remaining_minor": 1}', '{"attempt_count": 1}', '{"hosted_invoice_url": null}', '{"pdf_url": null}']) as m;
select is(left(pg_temp.invoice_differs(jsonb_build_object(k, '2025-01-07T00:00:00Z')), 10), '{invoices}', k) from unnest(array['next_attempt_at', 'period_starts_at', 'period_ends_at', 'issued_at', 'due_at', 'finalized_at', 'paid_at', 'voided_at']) as k;
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'open')]), '{}', 'the same again is no change');
select is((select synced_at from public.billing_invoices where company_id = pg_temp.id('b201') and stripe_invoice_id = 'in_1'), (pg_temp.account()).synced_at, 'but was looked at');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'paid')], p_at => (pg_temp.account()).synced_at - interval '1 s'), '{stale}', 'what was asked for earlier is not taken');
select is((select status from public.billing_invoices where company_id = pg_temp.id('b201') and stripe_invoice_id = 'in_1'), 'open', 'not of an invoice either');
select is((select synced_at from public.billing_invoices where company_id = pg_temp.id('b201') and stripe_invoice_id = 'in_1'), (pg_temp.account()).synced_at, 'nor its time');
insert into public.billing_invoices (company_id, stripe_invoice_id, status, currency, total_minor, amount_due_minor, amount_paid_minor, amount_remaining_minor, issued_at, synced_at)
  values (pg_temp.id('b202'), 'in_2', 'draft', 'EUR', 1, 1, 0, 1, now(), now() - interval '1 day');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_more => '{"deleted_invoices": ["in_2"]}', p_at => (pg_temp.account()).synced_at - interval '1 s'), '{stale}', 'what was gone before it came is not gone');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_more => '{"deleted_invoices": ["in_2", "in_none"]}'), '{invoices}', 'a draft may go');
select is((select array_agg(company_id || stripe_invoice_id order by 1) from public.billing_invoices where stripe_invoice_id = 'in_2'), array[pg_temp.id('b202') || 'in_2'], 'of this company only');
select is((select count(*)::integer from public.billing_invoices where company_id = pg_temp.id('b201')), 2, 'and no other');

-- Overdue payments ------------------------------------------------------------------------------------------------------
create function pg_temp.debt(p_days numeric, p_status text default 'past_due', p_more jsonb default '{}') returns text language sql as $$
  select pg_temp.apply(case when p_status is null then '{}' else array[pg_temp.sub('sub_1', p_status, '{price_p}')] end,
    array[pg_temp.invoice('in_1', 'open', jsonb_build_object('attempt_count', 1, 'finalized_at', now() - p_days * interval '1 day') || p_more)])
$$;
create function pg_temp.paid() returns text language sql as $$
  select pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'paid', '{"amount_remaining_minor": 0}')])
$$;
create function pg_temp.stands() returns text language sql as $$
  select concat_ws(' ', b.payment_status, b.payment_stage, p.payment_limit_usd::numeric(10, 2), c.status, c.status_reason, case when b.suspended_at = c.suspended_at then 'by us' when b.suspended_at is not null then 'once by us' end)
    from public.billing_accounts as b join public.companies as c on c.id = b.company_id join public.company_plans as p on p.company_id = c.id and p.is_active where c.id = pg_temp.id('b201')
$$;
select is(pg_temp.debt(1, 'active'), '{invoices}', 'an open invoice alone is no debt while Stripe says that all is well');
select is(pg_temp.debt(1) || pg_temp.stands(), '{account,stage}past_due grace active', 'a payment that failed is in grace');
select results_eq($$select past_due_since, grace_ends_at, suspends_at from public.billing_accounts where company_id = pg_temp.id('b201')$$, $$values (now() - interval '1 day', now() + interval '6 days', now() + interval '29 days')$$, 'counted from when it was asked for');
select is(pg_temp.events(), jsonb_build_array(jsonb_build_object('stage', 'grace', 'previous_stage', 'ok', 'past_due_since', now() - interval '1 day', 'grace_ends_at', now() + interval '6 days', 'suspends_at', now() + interval '29 days')), 'which is told');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('b201') and action = 'billing.payment_stage_changed' and changes = '{"payment_stage": {"old": "ok", "new": "grace"}}' and row_id = (pg_temp.account()).id), 1, 'and audited');
select is(pg_temp.debt(1) || jsonb_array_length(pg_temp.events()), '{}1', 'once');
select is(pg_temp.debt(6.9) || pg_temp.stands(), '{invoices,account}past_due grace active', 'for the days that are set');
select is(pg_temp.debt(7) || pg_temp.stands(), '{invoices,account,stage}past_due soft_limit 250.00 active', 'then the limit is cut');
select is((select limit_micro_usd from public.budget_periods where company_id = pg_temp.id('b201') and scope = 'company' and status = 'open' and now() between starts_at and ends_at), 250000000::bigint, 'of the running month');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'past_due', '{price_p}'), pg_temp.sub('sub_2', 'active', '{price_p}', '{"created_at": "2025-01-02T00:00:00Z"}')]) || pg_temp.stands(), '{plan,account}past_due soft_limit 250.00 active', 'a new plan is cut as well, and one subscription does not pay for another');
select is(pg_temp.paid() || pg_temp.stands(), '{invoices,plan,account,stage}ok ok active', 'who pays is served again');
select is((select limit_micro_usd from public.budget_periods where company_id = pg_temp.id('b201') and scope = 'company' and status = 'open' and now() between starts_at and ends_at), 500000000::bigint, 'in full');
select results_eq($$select past_due_since, grace_ends_at, suspends_at from public.billing_accounts where company_id = pg_temp.id('b201')$$, $$values (null::timestamptz, null::timestamptz, null::timestamptz)$$, 'and owes nothing');
select is(pg_temp.debt(29.9, 'unpaid') || pg_temp.stands(), '{invoices,account,stage}unpaid soft_limit 250.00 active', 'also what Stripe has given up');
select is(pg_temp.debt(30) || pg_temp.stands(), '{invoices,account,stage}past_due suspended 250.00 suspended payment overdue by us', 'suspends in the end');
select is(pg_temp.paid() || pg_temp.stands(), '{invoices,account,stage}ok ok active', 'until it is paid');
select is((pg_temp.account()).suspended_at, null, 'which ends it');
select pg_temp.debt(31);
select is(pg_temp.debt(2) || pg_temp.stands(), '{invoices,account,stage}past_due grace active', 'or only a younger one is left');
update public.companies set status = 'suspended', status_reason = 'abuse' where id = pg_temp.id('b201');
select is(pg_temp.debt(31) || pg_temp.stands(), '{invoices,account,stage}past_due suspended 250.00 suspended abuse', 'who was suspended for something else');
select is(pg_temp.paid() || pg_temp.stands(), '{invoices,account,stage}ok ok suspended abuse', 'stays suspended');
update public.companies set status = 'active', status_reason = null where id = pg_temp.id('b201');
select pg_temp.debt(31);
update public.companies set status_reason = 'abuse' where id = pg_temp.id('b201');
select is(pg_temp.paid() || pg_temp.stands(), '{invoices,account,stage}ok ok suspended abuse', 'also when that was added');
update public.companies set status = 'active', status_reason = null where id = pg_temp.id('b201');
select pg_temp.debt(31);
update public.companies set status = 'active', status_reason = null where id = pg_temp.id('b201');
select is(pg_temp.debt(32) || pg_temp.stands(), '{invoices,account}past_due suspended 250.00 active once by us', 'an operator who lifts it is not overruled');
update public.companies set status = 'suspended', status_reason = 'payment overdue', suspended_at = now() + interval '1 s' where id = pg_temp.id('b201');
select is(pg_temp.paid() || pg_temp.stands(), '{invoices,account,stage}ok ok suspended payment overdue', 'nor one who suspends again');
update public.companies set status = 'closed', status_reason = null where id = pg_temp.id('b201');
select is(pg_temp.debt(31) || (select status from public.companies where id = pg_temp.id('b201')), '{invoices,account,stage}closed', 'what is closed stays closed');
select pg_temp.paid();
update public.companies set status = 'active' where id = pg_temp.id('b201');

select is(pg_temp.debt(1, 'active', m::jsonb) || (pg_temp.account()).payment_status, '{invoices}ok', 'no debt while active: ' || m) from unnest(array['{"due_at": "2025-01-01T00:00:00Z"}']) as m;
create function pg_temp.owes(p_status text, p_more jsonb) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform pg_temp.debt(3, p_status, p_more);
  v_answer := (pg_temp.account()).payment_status || coalesce(' ' || extract(day from now() - (pg_temp.account()).past_due_since), '');
  perform pg_temp.paid();
  return v_answer;
end
$$;
select is(pg_temp.owes(s, m::jsonb), e, format('%s %s: %s', s, m, e)) from (values
  (null, '{}', 'unpaid 3'), ('canceled', '{}', 'unpaid 3'), ('paused', '{}', 'unpaid 3'), ('incomplete', '{}', 'ok'), ('incomplete_expired', '{}', 'ok'), ('trialing', '{}', 'ok'),
  ('canceled', '{"attempt_count": 0}', 'ok'), ('canceled', '{"attempt_count": 0, "due_at": "2025-01-01T00:00:00Z"}', 'unpaid 3'), ('canceled', '{"attempt_count": 0, "due_at": "2999-01-01T00:00:00Z"}', 'ok'),
  ('canceled', '{"amount_remaining_minor": 0}', 'ok'), ('canceled', '{"status": "void"}', 'ok'), ('canceled', '{"status": "uncollectible"}', 'ok'), ('canceled', '{"status": "draft"}', 'ok'),
  ('canceled', '{"finalized_at": null}', 'unpaid 40')) as t (s, m, e);
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'past_due', '{price_p}')]) || (pg_temp.account()).past_due_since, '{account,stage}' || '2025-02-01 00:00:00+00'::timestamptz, 'without the invoice it counts from the period');
select pg_temp.paid();
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'past_due', '{}')]) || (pg_temp.account()).past_due_since, '{account,stage}' || '2025-01-01 00:00:00+00'::timestamptz, 'or from the subscription');
select pg_temp.paid();
select pg_temp.apply(array[pg_temp.sub('sub_1', 'past_due', '{price_p}')], array[pg_temp.invoice('in_1', 'open', jsonb_build_object('attempt_count', 1, 'finalized_at', now() - interval '2 days')), pg_temp.invoice('in_0', 'open', jsonb_build_object('attempt_count', 1, 'finalized_at', now() - interval '4 days'))]);
select is((pg_temp.account()).past_due_since, now() - interval '4 days', 'the oldest counts');
select pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], array[pg_temp.invoice('in_1', 'paid'), pg_temp.invoice('in_0', 'paid')]);

-- The policy is a setting.
select pg_temp.setting('payment_policy', '{"grace_days": 2, "soft_limit_percent": 10, "suspend_days": null, "ended_plan_tier": "professional"}');
select is(pg_temp.debt(999) || pg_temp.stands() || (pg_temp.account()).suspends_at, '{invoices,account,stage}past_due soft_limit 50.00 activeinfinity', 'nobody is suspended where that is not wanted');
select is(pg_temp.events() -> -1 -> 'suspends_at', 'null', 'which is told as nothing');
select is(pg_temp.apply(array[pg_temp.sub('sub_1', 'canceled', '{price_p}')], array[pg_temp.invoice('in_1', 'paid')]) || pg_temp.plan_now(), '{invoices,plan,account,stage}professional 500.00 - hard - -', 'the plan of who has ended is one, too');
select pg_temp.setting('payment_policy', '{"grace_days": 7, "soft_limit_percent": 50, "suspend_days": 30, "ended_plan_tier": "starter"}');

-- Time alone ------------------------------------------------------------------------------------------------------------
select is(private.advance_payment_stages(10), 0, 'who pays does not get anywhere');
create function pg_temp.after(p_stage text, p_days numeric, p_max integer default 10) returns text language plpgsql as $$
declare
  v_changes integer;
begin
  perform pg_temp.paid(), pg_temp.debt(0.5);
  update public.billing_accounts set payment_stage = p_stage, past_due_since = now() - p_days * interval '1 day', grace_ends_at = now() + (7 - p_days) * interval '1 day', suspends_at = now() + (30 - p_days) * interval '1 day'
   where company_id = pg_temp.id('b201');
  v_changes := private.advance_payment_stages(p_max);
  return v_changes || pg_temp.stands();
end
$$;
select is(pg_temp.after(s, d), e, format('%s after %s days', s, d)) from (values
  ('grace', 6.9, '0past_due grace active'), ('grace', 7, '1past_due soft_limit 250.00 active'), ('ok', 7, '1past_due soft_limit 250.00 active'),
  ('soft_limit', 29.9, '0past_due soft_limit active'), ('soft_limit', 30, '1past_due suspended 250.00 suspended payment overdue by us'), ('grace', 30, '1past_due suspended 250.00 suspended payment overdue by us'),
  ('suspended', 31, '0past_due suspended active')) as t (s, d, e);
select is(pg_temp.after('grace', 8, 0), '0past_due grace active', 'no more than are asked for');
select is((select stages_advanced from private.maintain_billing()), 1, 'the schedule does the rest');
select is(pg_temp.stands(), 'past_due soft_limit 250.00 active', 'by itself');
select pg_temp.paid();
update public.companies set is_operator = is_operator;
insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, payload, status, received_at, finished_at) values
  ('evt_old', 'a.b', now(), '{}', 'stored', now() - interval '91 days', now() - interval '90 days'), ('evt_young', 'a.b', now(), '{}', 'stored', now() - interval '91 days', now() - interval '89 days'),
  ('evt_open', 'a.b', now(), '{}', 'received', now() - interval '91 days', null);
select results_eq('select * from private.maintain_billing()', $$values (0, 1::bigint)$$, 'events are kept for 90 days');
select results_eq($$select stripe_event_id from private.stripe_events where stripe_event_id in ('evt_old', 'evt_young', 'evt_open') order by 1$$, $$values ('evt_open'), ('evt_young')$$, 'and for as long as they are not done');
select is(pg_temp.says(r, 'b921', 'select stages_advanced from public.maintain_billing()'), e, r || ' maintains: ' || e)
  from (values ('service_role', '0'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);

-- What was begun and not finished --------------------------------------------------------------------------------------
delete from private.stripe_events;
insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, payload, status, received_at, finished_at) values
  ('evt_b1', 'a.b', now(), '{"n": 1}', 'received', now() - interval '5 minutes', null), ('evt_b2', 'a.b', now(), '{"n": 2}', 'received', now() - interval '6 minutes', null),
  ('evt_b3', 'a.b', now(), '{"n": 3}', 'received', now() - interval '299 s', null), ('evt_b4', 'a.b', now(), '{"n": 4}', 'processed', now() - interval '6 minutes', now());
select results_eq('select * from private.stripe_backlog(10)', $$values ('{"n": 2}'::jsonb), ('{"n": 1}')$$, 'oldest first');
select results_eq('select * from private.stripe_backlog(1)', $$values ('{"n": 2}'::jsonb)$$, 'so many');
select private.fail_stripe_event('evt_b1', repeat('x', 501)), private.fail_stripe_event('evt_b4', 'x');
select results_eq($$select stripe_event_id, length(error), status from private.stripe_events where stripe_event_id in ('evt_b1', 'evt_b2', 'evt_b4') order by 1$$, $$values ('evt_b1', 500, 'received'), ('evt_b2', null, 'received'), ('evt_b4', null, 'processed')$$, 'why it failed is kept, of what is not done');
select is(pg_temp.says(r, 'b921', $$select public.fail_stripe_event('evt_b2', 'no')$$), e, r || ' fails: ' || coalesce(e, '')) from (values ('service_role', ''), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);
select is((select error from private.stripe_events where stripe_event_id = 'evt_b2'), 'no', 'the backend may');
select is(pg_temp.says(r, 'b921', 'select count(*) from public.stripe_backlog()'), e, r || ' reads the backlog: ' || e) from (values ('service_role', '2'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);
select is(private.stripe_cursor('x', null), null, 'a cursor begins nowhere');
select is(private.stripe_cursor('x', '{"a": 1}'), '{"a": 1}', 'is set');
select is(private.stripe_cursor('x', '{"a": 2}'), '{"a": 2}', 'and moved');
select is(private.stripe_cursor('x', null) || coalesce(private.stripe_cursor('y', null), '{}'), '{"a": 2}', 'and stays, each its own');
select is(pg_temp.says(r, 'b921', $$select public.stripe_cursor('x')$$), e, r || ' reads a cursor: ' || e) from (values ('service_role', '{"a": 2}'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);

-- Reconciling ------------------------------------------------------------------------------------------------------------
delete from public.billing_accounts;
insert into public.billing_accounts (company_id, reconciled_at, sync_started_at) values
  (pg_temp.id('b201'), now() - interval '20 hours', now() + interval '1 hour'), (pg_temp.id('b202'), now() - interval '19 hours 59 minutes', null), (pg_temp.id('b203'), null, null);
select results_eq('select * from private.claim_stripe_accounts(10)', $$values (pg_temp.id('b201'), 'cus_a', now() + interval '1 hour 1 microsecond')$$, 'who was not compared for long, and has a customer');
select is_empty('select * from private.claim_stripe_accounts(10)', 'is leased');
select is((pg_temp.account()).reconciled_at, now() - interval '19 hours 50 minutes', 'for ten minutes');
update public.companies set stripe_customer_id = 'cus_x' where id = pg_temp.id('b203');
update public.billing_accounts set reconciled_at = now() - interval '30 hours' where company_id = pg_temp.id('b201');
select results_eq('select company_id from private.claim_stripe_accounts(1)', $$values (pg_temp.id('b203'))$$, 'first who never was');
select results_eq('select company_id from private.claim_stripe_accounts(1)', $$values (pg_temp.id('b201'))$$, 'then the others');
select ok((select sync_started_at between clock_timestamp() - interval '1 s' and clock_timestamp() from public.billing_accounts where company_id = pg_temp.id('b203')), 'the question begins with it');
update public.billing_accounts set sync_started_at = null;
select pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_more => '{"is_complete": false}');
select isnt((pg_temp.account()).reconciled_at, now(), 'half an answer is no comparison');
select pg_temp.apply(array[pg_temp.sub('sub_1', 'active', '{price_p}')], p_more => '{"is_complete": true}');
select is((pg_temp.account()).reconciled_at, now(), 'all of it is');
select is(pg_temp.says(r, 'b921', 'select count(*) from public.claim_stripe_accounts()'), e, r || ' claims: ' || e) from (values ('service_role', '0'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);
select is(pg_temp.says(r, 'b921', $$select public.apply_stripe_state(pg_temp.id('b201'), 'cus_a', now() + interval '2 hours', '{"subscriptions": [], "invoices": []}')$$), e, r || ' applies: ' || e)
  from (values ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 '), ('service_role', '{plan,account}')) as t (r, e);
-- The customer is gone.
select is(pg_temp.apply('{}', p_at => now() + interval '3 hours', p_more => '{"customer_deleted": true}'), '{customer}', 'a customer that was deleted');
select results_eq($$select c.stripe_customer_id, b.customer_attempt from public.companies as c join public.billing_accounts as b on b.company_id = c.id where c.id = pg_temp.id('b201')$$, $$values (null::text, 1)$$, 'makes room for the next');
select is((select stripe_customer_id from public.companies where id = pg_temp.id('b202')), 'cus_b', 'of this company only');

-- Usage -----------------------------------------------------------------------------------------------------------------
update public.companies set stripe_customer_id = 'cus_a' where id = pg_temp.id('b201');
update public.companies set stripe_customer_id = null where id not in (pg_temp.id('b201'), pg_temp.id('b202'));
delete from public.budget_periods where company_id in (pg_temp.id('b201'), pg_temp.id('b202'));
create function pg_temp.month(p_company text, p_month date, p_ends_at timestamptz, p_spent bigint, p_adjusted bigint default 0) returns void language sql as $$
  insert into public.budget_periods (company_id, month, starts_at, ends_at, limit_micro_usd, spent_micro_usd, adjusted_micro_usd) values (pg_temp.id(p_company), p_month, p_ends_at - interval '30 days', p_ends_at, 1, p_spent, p_adjusted)
$$;
select pg_temp.month('b201', '2025-02-01', now() + interval '10 days', 1239999, 10000), pg_temp.month('b201', '2025-01-01', now() - interval '20 days', 500000), pg_temp.month('b201', '2024-12-01', now() - interval '30 days', 500000), pg_temp.month('b202', '2025-02-01', now() + interval '10 days', 9999);
select is_empty('select * from private.claim_stripe_usage(10)', 'without a meter nothing is told');
select is((select count(*)::integer from private.stripe_usage_reports), 0, 'nor written');
select pg_temp.setting('usage_meter', '{"event_name": "usage", "meter_id": "mtr_1"}');
create function pg_temp.usage() returns setof text language sql as $$
  select concat_ws(' ', right(u.company_id::text, 4), u.month, u.position, u.stripe_customer_id, u.value_cents, u.reported_cents, u.is_old) from private.claim_stripe_usage(10) as u order by u.company_id, u.month
$$;
select results_eq('select pg_temp.usage()', $$values ('b201 2025-01-01 1 cus_a 50 0 f'), ('b201 2025-02-01 1 cus_a 124 0 f')$$, 'whole cents of the months that Stripe still takes');
select results_eq($$select month, used_at between clock_timestamp() - interval '1 min' and clock_timestamp(), used_at = now() - interval '20 days 1 s' from private.stripe_usage_reports order by 1$$, $$values ('2025-01-01'::date, false, true), ('2025-02-01', true, false)$$, 'of now, or of the end of the month');
select results_eq('select identifier, month_starts_at from private.claim_stripe_usage(10) order by 1', $$values ('usage-' || pg_temp.id('b201') || '-202501-1', now() - interval '50 days'), ('usage-' || pg_temp.id('b201') || '-202502-1', now() - interval '20 days')$$, 'with a name of its own, the same again');
update public.budget_periods set spent_micro_usd = 2000000 where company_id = pg_temp.id('b201') and month = '2025-02-01';
select results_eq('select pg_temp.usage()', $$values ('b201 2025-01-01 1 cus_a 50 0 f'), ('b201 2025-02-01 1 cus_a 124 0 f')$$, 'a report does not change, and the next one waits');
select is(private.finish_stripe_usage(pg_temp.id('b202'), '2025-02-01', 1), false, 'another company''s is not finished');
select is(private.finish_stripe_usage(pg_temp.id('b201'), '2025-02-01', 2), false, 'nor another');
select is(private.finish_stripe_usage(pg_temp.id('b201'), '2024-02-01', 1), false, 'nor another month''s');
select is(private.finish_stripe_usage(pg_temp.id('b201'), '2025-02-01', 1), true, 'this one is');
select is(private.finish_stripe_usage(pg_temp.id('b201'), '2025-02-01', 1), false, 'once');
select results_eq('select pg_temp.usage()', $$values ('b201 2025-01-01 1 cus_a 50 0 f'), ('b201 2025-02-01 2 cus_a 77 124 f')$$, 'then what has come since');
select private.finish_stripe_usage(pg_temp.id('b201'), '2025-01-01', 1), private.finish_stripe_usage(pg_temp.id('b201'), '2025-02-01', 2);
select is_empty('select pg_temp.usage()', 'until all is told');
update public.budget_periods set spent_micro_usd = 1500000 where company_id = pg_temp.id('b201') and month = '2025-02-01';
select is_empty('select pg_temp.usage()', 'nothing is taken back');
update public.budget_periods set spent_micro_usd = 2019999 where company_id = pg_temp.id('b201') and month = '2025-02-01';
select results_eq('select pg_temp.usage()', $$values ('b201 2025-02-01 3 cus_a 1 201 f')$$, 'but made up for');
update private.stripe_usage_reports set created_at = now() - interval '20 hours' where position = 3;
update private.stripe_usage_reports set stripe_customer_id = 'cus_before' where position = 1;
select results_eq('select pg_temp.usage()', $$values ('b201 2025-02-01 3 cus_a 1 77 t')$$, 'when it may be forgotten it says so, and what was told of the same customer');
insert into public.budget_periods (company_id, month, scope, service, starts_at, ends_at, limit_micro_usd, spent_micro_usd) values (pg_temp.id('b202'), '2025-02-01', 'service', 'x', now() - interval '20 days', now() + interval '10 days', 1, 50000000);
update public.budget_periods set spent_micro_usd = 10000 where company_id = pg_temp.id('b202') and scope = 'company';
select results_eq('select pg_temp.usage()', $$values ('b201 2025-02-01 3 cus_a 1 77 t'), ('b202 2025-02-01 1 cus_b 1 0 f')$$, 'the company''s total counts, not the parts');
select is((select count(*)::integer from private.claim_stripe_usage(1)), 1, 'so many as are asked for');
delete from private.stripe_usage_reports;
select count(*) from private.claim_stripe_usage(1);
select is((select count(*)::integer from private.stripe_usage_reports), 1, 'and no more are written');
delete from private.stripe_usage_reports;
update public.budget_periods set starts_at = clock_timestamp() + interval '1 hour' where company_id = pg_temp.id('b202') and scope = 'company';
select is((select count(*)::integer from private.claim_stripe_usage(10) as u where u.company_id = pg_temp.id('b202')), 0, 'nor of a month that has not begun');
select is(pg_temp.says(r, 'b921', 'select count(*) from public.claim_stripe_usage()'), e, r || ' claims usage: ' || e) from (values ('service_role', '2'), ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 ')) as t (r, e);
select is(pg_temp.says(r, 'b921', $$select public.finish_stripe_usage(pg_temp.id('b201'), '2025-02-01', 1)$$), e, r || ' finishes usage: ' || e) from (values ('authenticated', '42501 '), ('platform_admin', '42501 '), ('anon', '42501 '), ('service_role', 'true')) as t (r, e);

select * from finish();
rollback;
