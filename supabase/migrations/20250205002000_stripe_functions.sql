-- migrate:up
-- What the edge functions for Stripe do in the database. An event of Stripe is a hint that something has changed: the
-- function then asks Stripe for the customer's current state, and hands that over together with the event. A question
-- has a time, and an answer to an earlier question never overwrites that to a later one. So events may come in any
-- order, twice, or late, and the end is the same: what Stripe had at the last of them.

set lock_timeout = '5s';
set statement_timeout = '10min';

create or replace function private.stripe_setting(p_name text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (select s.value from public.system_config as s where s.key = 'stripe.' || p_name);
end
$fn$;
revoke execute on function private.stripe_setting(text) from public;

-- The addresses are compared as text, so what a browser would read differently is refused: user names, backslashes,
-- white space, dots that climb, and what hides them.
create or replace function private.is_plain_url(p_url text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce(length(p_url) <= 2000
    and p_url ~ '^(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?([/?#][!-~]*)?$'
    and p_url !~ '[\\@<>"]|/\.\.?([/?#]|$)|%2[eEfF]|%5[cC]', false);
end
$fn$;
revoke execute on function private.is_plain_url(text) from public;

create or replace function private.is_return_url_allowed(p_url text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.is_plain_url(p_url) and exists (
    select from jsonb_array_elements_text(private.stripe_setting('return_urls')) as e (url)
     where p_url = e.url
        or left(p_url, length(rtrim(e.url, '/')) + 1) in (
          rtrim(e.url, '/') || '/', rtrim(e.url, '/') || '?', rtrim(e.url, '/') || '#'));
end
$fn$;
revoke execute on function private.is_return_url_allowed(text) from public;

-- What is wrong with a setting; null when nothing is.
create or replace function private.stripe_setting_problem(p_key text, p_value jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_kind constant text := jsonb_typeof(p_value);
begin
  case p_key
    when 'stripe.enabled' then
      return case when v_kind <> 'boolean' then 'it is true or false' end;
    when 'stripe.prices' then
      if v_kind <> 'object' then
        return 'it is an object of price ids';
      end if;
      return (
        select format('price %s needs a known plan_tier, and a monthly_limit_usd of 0 or more where the tier has none', p.key)
          from jsonb_each(p_value) as p
          left join private.plan_tiers as t on t.plan_tier = p.value ->> 'plan_tier'
         where p.key !~ '^price_[A-Za-z0-9_]+$' or t.plan_tier is null
            or case jsonb_typeof(p.value -> 'monthly_limit_usd')
                 when 'number' then (p.value ->> 'monthly_limit_usd')::numeric not between 0 and 10000000
                 else p.value ? 'monthly_limit_usd' or t.monthly_limit_usd is null
               end
         order by p.key
         limit 1);
    when 'stripe.return_urls' then
      if v_kind <> 'array' then
        return 'it is an array of addresses';
      end if;
      return (
        select format('%s is no https address without query', e.url)
          from jsonb_array_elements(p_value) as e (url)
         where jsonb_typeof(e.url) <> 'string' or not private.is_plain_url(e.url #>> '{}') or e.url #>> '{}' ~ '[?#]'
         limit 1);
    when 'stripe.payment_policy' then
      if v_kind <> 'object' then
        return 'it is an object';
      end if;
      return case
        when not coalesce(p_value ->> 'grace_days' ~ '^[0-9]{1,3}$', false) then 'grace_days is 0 to 999'
        when not coalesce(p_value ->> 'soft_limit_percent' ~ '^([0-9]{1,2}|100)$', false) then 'soft_limit_percent is 0 to 100'
        when jsonb_typeof(p_value -> 'suspend_days') is distinct from 'null'
          and not coalesce(p_value ->> 'suspend_days' ~ '^[0-9]{1,3}$', false) then 'suspend_days is 0 to 999, or null'
        when (p_value ->> 'suspend_days')::integer < (p_value ->> 'grace_days')::integer then 'suspend_days are not fewer than grace_days'
        when not exists (
          select from private.plan_tiers as t where t.plan_tier = p_value ->> 'ended_plan_tier' and t.monthly_limit_usd is not null)
        then 'ended_plan_tier is a tier with a limit of its own'
      end;
    when 'stripe.usage_meter' then
      return case when v_kind <> 'null' and not coalesce(
          p_value ->> 'event_name' ~ '^\S{1,100}$' and p_value ->> 'meter_id' ~ '^mtr_[A-Za-z0-9_]+$', false)
        then 'it is null, or names event_name and meter_id' end;
    when 'stripe.portal_configurations' then
      return case when v_kind <> 'object' or exists (
          select from jsonb_each_text(p_value) as c
           where c.key not in ('read', 'write') or not coalesce(c.value ~ '^bpc_[A-Za-z0-9_]+$', false))
        then 'it names read and write, each bpc_…' end;
    else
      return 'there is no such setting';
  end case;
end
$fn$;
revoke execute on function private.stripe_setting_problem(text, jsonb) from public;

create or replace function private.tg_system_config__check_stripe() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_problem constant text := private.stripe_setting_problem(new.key, new.value);
begin
  if v_problem is not null then
    raise exception 'setting % is wrong: %', new.key, v_problem
      using errcode = '22023',
            detail = 'invalid_stripe_setting',
            hint = 'docs/billing.md shows each setting of Stripe.';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_system_config__check_stripe() from public;

create or replace trigger check_stripe_setting
  before insert or update on public.system_config
  for each row when (new.key like 'stripe.%')
  execute function private.tg_system_config__check_stripe();

-- Asks for a customer at Stripe, once at a time.
create or replace function private.request_stripe_customer(p_company_id uuid) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  insert into public.billing_accounts (company_id) values (p_company_id) on conflict (company_id) do nothing;
  -- Of two who ask at once, one waits and sees the other's event.
  perform from public.billing_accounts as b where b.company_id = p_company_id for no key update;
  if exists (
    select from private.outbox_events as e
     where e.company_id = p_company_id and e.topic = 'stripe.customer_requested' and e.status = 'pending')
  then
    return false;
  end if;
  perform private.emit_event(p_company_id, 'stripe.customer_requested', '{}');
  return true;
end
$fn$;
revoke execute on function private.request_stripe_customer(uuid) from public;

create or replace function private.tg_companies__request_stripe_customer() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_importing() and private.stripe_setting('enabled') = 'true' then
    perform private.request_stripe_customer(new.id);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_companies__request_stripe_customer() from public;

create or replace trigger request_stripe_customer
  after insert on public.companies
  for each row when (new.stripe_customer_id is null and new.status = 'active' and not new.is_operator)
  execute function private.tg_companies__request_stripe_customer();

-- Companies that should have a customer and have none: made while Stripe was off, or whose request was given up.
create or replace function private.request_stripe_customers(p_max_rows integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company uuid;
  v_requests integer := 0;
begin
  if private.stripe_setting('enabled') is distinct from 'true' then
    return 0;
  end if;
  for v_company in
    select c.id from public.companies as c
     where c.stripe_customer_id is null and c.status = 'active' and not c.is_operator
       and not exists (
         select from private.outbox_events as e
          where e.company_id = c.id and e.topic = 'stripe.customer_requested' and e.status = 'pending')
     order by c.created_at, c.id
     limit p_max_rows
  loop
    v_requests := v_requests + private.request_stripe_customer(v_company)::integer;
  end loop;
  return v_requests;
end
$fn$;
revoke execute on function private.request_stripe_customers(integer) from public;
grant execute on function private.request_stripe_customers(integer) to service_role;

-- The customer in force: the one that is stored first stays.
create or replace function private.store_stripe_customer(p_company_id uuid, p_stripe_customer_id text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_stored text;
begin
  select c.stripe_customer_id into v_stored from public.companies as c where c.id = p_company_id for no key update;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  if v_stored is not null then
    return v_stored;
  end if;
  if p_stripe_customer_id is null then
    raise exception 'there is no customer to store'
      using errcode = '22023',
            detail = 'invalid_customer',
            hint = 'State stripe_customer_id, cus_….';
  end if;
  if exists (select from public.companies as c where c.stripe_customer_id = p_stripe_customer_id) then
    raise exception 'customer % is another company''s', p_stripe_customer_id
      using errcode = '23505',
            detail = 'customer_taken',
            hint = 'Create a customer of its own; what metadata says does not count.';
  end if;
  update public.companies as c set stripe_customer_id = p_stripe_customer_id where c.id = p_company_id;
  insert into public.billing_accounts (company_id) values (p_company_id) on conflict (company_id) do nothing;
  return p_stripe_customer_id;
end
$fn$;
revoke execute on function private.store_stripe_customer(uuid, text) from public;
grant execute on function private.store_stripe_customer(uuid, text) to service_role;

-- When a question to Stripe begins: later than every one before, whatever the clock does.
create or replace function private.begin_stripe_sync(p_company_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_started_at timestamptz;
begin
  insert into public.billing_accounts as b (company_id, sync_started_at)
  select c.id, clock_timestamp() from public.companies as c where c.id = p_company_id
  on conflict (company_id) do update
    set sync_started_at = greatest(clock_timestamp(), b.sync_started_at + interval '1 microsecond')
  returning b.sync_started_at into v_started_at;
  return v_started_at;
end
$fn$;
revoke execute on function private.begin_stripe_sync(uuid) from public;
grant execute on function private.begin_stripe_sync(uuid) to service_role;

create or replace function private.record_stripe_event(
  p_event jsonb, out status text, out company_id uuid, out stripe_customer_id text, out sync_started_at timestamptz
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_id constant text := p_event ->> 'id';
  v_type constant text := p_event ->> 'type';
  v_object constant jsonb := p_event #> '{data,object}';
begin
  if not coalesce(v_id ~ '^evt_[A-Za-z0-9_]+$' and v_type ~ '^[a-z0-9_.]{1,100}$'
                  and p_event ->> 'created' ~ '^[0-9]{1,11}$' and jsonb_typeof(v_object) = 'object', false)
  then
    raise exception 'this is no event of Stripe'
      using errcode = '22023',
            detail = 'invalid_stripe_event',
            hint = 'Pass the event as Stripe sent it, with id, type, created and data.object.';
  end if;
  stripe_customer_id := case
    when v_object ->> 'object' = 'customer' then v_object ->> 'id'
    when jsonb_typeof(v_object -> 'customer') = 'object' then v_object #>> '{customer,id}'
    else v_object ->> 'customer'
  end;
  status := case
    when v_type ~ '^(customer\.subscription\.|customer\.deleted$|checkout\.session\.completed$)' then 'received'
    -- The upcoming invoice is none yet.
    when v_type like 'invoice.%' and v_type <> 'invoice.upcoming' then 'received'
    else 'stored'
  end;
  insert into private.stripe_events as e (
    stripe_event_id, event_type, stripe_created_at, stripe_customer_id, payload, status, finished_at)
  values (v_id, v_type, to_timestamp((p_event ->> 'created')::bigint), record_stripe_event.stripe_customer_id, p_event,
          record_stripe_event.status, case when record_stripe_event.status = 'stored' then now() end)
  on conflict (stripe_event_id) do nothing;
  -- The first delivery of an event is the one that counts.
  select e.status, e.stripe_customer_id into status, stripe_customer_id
    from private.stripe_events as e where e.stripe_event_id = v_id for update;
  if status in ('processed', 'stored') then
    return;
  end if;
  select c.id into company_id from public.companies as c where c.stripe_customer_id = record_stripe_event.stripe_customer_id;
  status := case when company_id is null then 'unmatched' else 'received' end;
  update private.stripe_events as e
     set status = record_stripe_event.status, attempts = e.attempts + 1,
         finished_at = case when record_stripe_event.status = 'unmatched' then now() end
   where e.stripe_event_id = v_id;
  if company_id is not null then
    sync_started_at := private.begin_stripe_sync(company_id);
  end if;
end
$fn$;
revoke execute on function private.record_stripe_event(jsonb) from public;
grant execute on function private.record_stripe_event(jsonb) to service_role;

create or replace function private.fail_stripe_event(p_stripe_event_id text, p_error text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  update private.stripe_events as e
     set error = left(p_error, 500)
   where e.stripe_event_id = p_stripe_event_id and e.status = 'received';
end
$fn$;
revoke execute on function private.fail_stripe_event(text, text) from public;
grant execute on function private.fail_stripe_event(text, text) to service_role;

-- Events whose work was begun and not finished; the webhook is at work on those of the last minutes.
create or replace function private.stripe_backlog(p_max_rows integer) returns setof jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
    select e.payload from private.stripe_events as e
     where e.status = 'received' and e.received_at <= now() - interval '5 minutes'
     order by e.received_at, e.stripe_event_id
     limit p_max_rows;
end
$fn$;
revoke execute on function private.stripe_backlog(integer) from public;
grant execute on function private.stripe_backlog(integer) to service_role;

-- What a company's payments come to: the stage, the limit, and whether it is suspended. The caller has locked the company.
-- Suspended is only who was active, and only when the stage is reached: an operator who lifts it is not overruled.
-- Restored is only who is still suspended by this and by nobody else.
create or replace function private.apply_payment_stage(p_company_id uuid) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_account public.billing_accounts;
  v_stage text;
  v_percent constant numeric := (private.stripe_setting('payment_policy') ->> 'soft_limit_percent')::numeric;
  v_reason constant text := 'payment overdue';
begin
  select * into v_account from public.billing_accounts as b where b.company_id = p_company_id for no key update;
  v_stage := case
    when v_account.payment_status = 'ok' then 'ok'
    when now() >= v_account.suspends_at then 'suspended'
    when now() >= v_account.grace_ends_at then 'soft_limit'
    else 'grace'
  end;
  update public.company_plans as p
     set payment_limit_usd = case when v_stage in ('soft_limit', 'suspended') then round(p.monthly_limit_usd * v_percent / 100, 6) end
   where p.company_id = p_company_id and p.is_active
     and p.payment_limit_usd is distinct from
         case when v_stage in ('soft_limit', 'suspended') then round(p.monthly_limit_usd * v_percent / 100, 6) end;
  if v_stage = v_account.payment_stage then
    return false;
  end if;
  if v_stage = 'suspended' then
    update public.companies as c
       set status = 'suspended', status_reason = v_reason
     where c.id = p_company_id and c.status = 'active' and not c.is_operator
    returning c.suspended_at into v_account.suspended_at;
  elsif v_account.suspended_at is not null then
    update public.companies as c
       set status = 'active', status_reason = null
     where c.id = p_company_id and c.status = 'suspended' and c.suspended_at = v_account.suspended_at
       and c.status_reason = v_reason;
    v_account.suspended_at := null;
  end if;
  update public.billing_accounts as b
     set payment_stage = v_stage, suspended_at = v_account.suspended_at
   where b.company_id = p_company_id;
  perform private.write_audit(p_company_id, 'billing.payment_stage_changed', 'billing_accounts', v_account.id,
    jsonb_build_object('payment_stage', jsonb_build_object('old', v_account.payment_stage, 'new', v_stage)));
  perform private.emit_event(p_company_id, 'billing.payment_stage_changed', jsonb_build_object(
    'stage', v_stage, 'previous_stage', v_account.payment_stage, 'past_due_since', v_account.past_due_since,
    'grace_ends_at', v_account.grace_ends_at, 'suspends_at', nullif(v_account.suspends_at, 'infinity')));
  return true;
end
$fn$;
revoke execute on function private.apply_payment_stage(uuid) from public;

-- The invoices of an answer; how many of them, or of those that are gone, changed something.
create or replace function private.apply_stripe_invoices(
  p_company_id uuid, p_stripe_customer_id text, p_started_at timestamptz, p_state jsonb
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_invoice record;
  v_rows bigint;
  v_changed bigint := 0;
begin
  for v_invoice in
    select i.* from jsonb_to_recordset(p_state -> 'invoices') as i (
      stripe_invoice_id text, stripe_customer_id text, stripe_subscription_id text, number text, status text,
      currency text, total_minor bigint, amount_due_minor bigint, amount_paid_minor bigint,
      amount_remaining_minor bigint, attempt_count integer, next_attempt_at timestamptz, period_starts_at timestamptz,
      period_ends_at timestamptz, issued_at timestamptz, due_at timestamptz, finalized_at timestamptz,
      paid_at timestamptz, voided_at timestamptz, hosted_invoice_url text, pdf_url text)
     order by i.stripe_invoice_id
  loop
    if v_invoice.stripe_customer_id is distinct from p_stripe_customer_id then
      raise exception 'invoice % is not of customer %', v_invoice.stripe_invoice_id, p_stripe_customer_id
        using errcode = '42501',
              detail = 'foreign_customer',
              hint = 'Hand over what Stripe has for the customer that is stored for the company.';
    end if;
    insert into public.billing_invoices as b (
      company_id, stripe_invoice_id, stripe_subscription_id, number, status, currency, total_minor, amount_due_minor,
      amount_paid_minor, amount_remaining_minor, attempt_count, next_attempt_at, period_starts_at, period_ends_at,
      issued_at, due_at, finalized_at, paid_at, voided_at, hosted_invoice_url, pdf_url, synced_at)
    values (
      p_company_id, v_invoice.stripe_invoice_id, v_invoice.stripe_subscription_id, v_invoice.number, v_invoice.status,
      v_invoice.currency, v_invoice.total_minor, v_invoice.amount_due_minor, v_invoice.amount_paid_minor,
      v_invoice.amount_remaining_minor, v_invoice.attempt_count, v_invoice.next_attempt_at, v_invoice.period_starts_at,
      v_invoice.period_ends_at, v_invoice.issued_at, v_invoice.due_at, v_invoice.finalized_at, v_invoice.paid_at,
      v_invoice.voided_at, v_invoice.hosted_invoice_url, v_invoice.pdf_url, p_started_at)
    on conflict (company_id, stripe_invoice_id) do update
      set stripe_subscription_id = excluded.stripe_subscription_id, number = excluded.number, status = excluded.status,
          currency = excluded.currency, total_minor = excluded.total_minor,
          amount_due_minor = excluded.amount_due_minor, amount_paid_minor = excluded.amount_paid_minor,
          amount_remaining_minor = excluded.amount_remaining_minor, attempt_count = excluded.attempt_count,
          next_attempt_at = excluded.next_attempt_at, period_starts_at = excluded.period_starts_at,
          period_ends_at = excluded.period_ends_at, issued_at = excluded.issued_at, due_at = excluded.due_at,
          finalized_at = excluded.finalized_at, paid_at = excluded.paid_at, voided_at = excluded.voided_at,
          hosted_invoice_url = excluded.hosted_invoice_url, pdf_url = excluded.pdf_url, synced_at = excluded.synced_at
      where b.synced_at <= excluded.synced_at
        and (to_jsonb(b) - '{company_id,id,synced_at,created_at,updated_at,created_by,updated_by}'::text[])
            is distinct from (to_jsonb(v_invoice) - 'stripe_customer_id');
    get diagnostics v_rows = row_count;
    v_changed := v_changed + v_rows;
    update public.billing_invoices as b
       set synced_at = p_started_at
     where b.company_id = p_company_id and b.stripe_invoice_id = v_invoice.stripe_invoice_id and b.synced_at < p_started_at;
  end loop;
  delete from public.billing_invoices as b
   where b.company_id = p_company_id and b.synced_at <= p_started_at
     and b.stripe_invoice_id in (select jsonb_array_elements_text(p_state -> 'deleted_invoices'));
  get diagnostics v_rows = row_count;
  return v_changed + v_rows;
end
$fn$;
revoke execute on function private.apply_stripe_invoices(uuid, text, timestamptz, jsonb) from public;

-- The subscription that decides, with what its price buys.
create or replace function private.choose_subscription(
  p_subscriptions jsonb, out id text, out status text, out created_at timestamptz, out is_entitled boolean, out price_id text, out plan_tier text,
  out monthly_limit_usd numeric, out currency text, out monthly_amount_minor bigint, out period_starts_at timestamptz,
  out period_ends_at timestamptz, out trial_ends_at timestamptz, out cancel_at_period_end boolean
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- One that is in force before one that is not, the latest first, its highest tier.
  select s.id, s.status, s.created_at, s.status in ('active', 'trialing', 'past_due', 'unpaid'), i.price_id, t.plan_tier,
         coalesce((m.price ->> 'monthly_limit_usd')::numeric, t.monthly_limit_usd), s.currency,
         case when s.status in ('active', 'trialing', 'past_due', 'unpaid') then s.monthly_amount_minor else 0 end,
         i.period_starts_at, i.period_ends_at, s.trial_ends_at, s.cancel_at_period_end
    into id, status, created_at, is_entitled, price_id, plan_tier, monthly_limit_usd, currency, monthly_amount_minor, period_starts_at,
         period_ends_at, trial_ends_at, cancel_at_period_end
    from jsonb_to_recordset(p_subscriptions) as s (
      id text, status text, created_at timestamptz, currency text, monthly_amount_minor bigint,
      trial_ends_at timestamptz, cancel_at_period_end boolean, items jsonb)
    left join jsonb_to_recordset(s.items) as i (
      price_id text, period_starts_at timestamptz, period_ends_at timestamptz) on true
    left join lateral (select private.stripe_setting('prices') -> i.price_id as price) as m on true
    left join private.plan_tiers as t on t.plan_tier = m.price ->> 'plan_tier'
   order by s.status in ('active', 'trialing', 'past_due', 'unpaid') desc, s.status in ('incomplete', 'paused') desc,
            s.created_at desc, s.id,
            array_position('{custom,enterprise,professional,starter}', t.plan_tier), i.price_id
   limit 1;
end
$fn$;
revoke execute on function private.choose_subscription(jsonb) from public;

-- The plan that a subscription buys. One that an operator gave stays, unless a subscription was bought after it and ended:
-- so it comes to the same whether the subscription was ever seen in force.
create or replace function private.apply_subscription_plan(
  p_company_id uuid, p_subscription_id text, p_created_at timestamptz, p_is_entitled boolean, p_price_id text, p_plan_tier text,
  p_monthly_limit_usd numeric
) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_plan public.company_plans;
begin
  select * into v_plan from public.company_plans as p where p.company_id = p_company_id and p.is_active;
  if p_is_entitled then
    if p_plan_tier is null
      or (v_plan.stripe_subscription_id, v_plan.stripe_price_id, v_plan.plan_tier) = (p_subscription_id, p_price_id, p_plan_tier)
    then
      return false;
    end if;
    insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, enforcement, stripe_subscription_id, stripe_price_id)
    values (p_company_id, p_plan_tier, p_monthly_limit_usd, coalesce(v_plan.enforcement, 'hard'), p_subscription_id, p_price_id);
    return true;
  end if;
  if v_plan.stripe_subscription_id is null
    and not (coalesce(v_plan.started_at < p_created_at, false) and exists (
      select from public.billing_invoices as b
       where b.company_id = p_company_id and b.stripe_subscription_id = p_subscription_id and b.status = 'paid'))
  then
    return false;
  end if;
  insert into public.company_plans (company_id, plan_tier, enforcement)
  values (p_company_id, private.stripe_setting('payment_policy') ->> 'ended_plan_tier', coalesce(v_plan.enforcement, 'hard'));
  return true;
end
$fn$;
revoke execute on function private.apply_subscription_plan(uuid, text, timestamptz, boolean, text, text, numeric) from public;

create or replace function private.apply_stripe_state(
  p_company_id uuid, p_stripe_customer_id text, p_started_at timestamptz, p_state jsonb, p_stripe_event_id text
) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company public.companies;
  v_account public.billing_accounts;
  v_event text;
  v_found record;
  v_policy constant jsonb := private.stripe_setting('payment_policy');
  v_debt timestamptz;
  v_payment text;
  v_since timestamptz;
  v_changed text[] := '{}'::text[];
begin
  select * into v_company from public.companies as c where c.id = p_company_id for no key update;
  if v_company.stripe_customer_id is distinct from p_stripe_customer_id or p_stripe_customer_id is null
    or exists (select from jsonb_array_elements(p_state -> 'subscriptions') as s
                where s ->> 'stripe_customer_id' is distinct from p_stripe_customer_id)
  then
    raise exception 'customer % is not that of company %', p_stripe_customer_id, p_company_id
      using errcode = '42501',
            detail = 'foreign_customer',
            hint = 'Hand over what Stripe has for the customer that is stored for the company.';
  end if;
  if p_stripe_event_id is not null then
    select e.status into v_event from private.stripe_events as e where e.stripe_event_id = p_stripe_event_id for update;
    if v_event is distinct from 'received' then
      return '{duplicate}'::text[];
    end if;
    update private.stripe_events as e
       set status = 'processed', finished_at = now(), error = null
     where e.stripe_event_id = p_stripe_event_id;
  end if;

  if private.apply_stripe_invoices(p_company_id, p_stripe_customer_id, p_started_at, p_state) > 0 then
    v_changed := v_changed || 'invoices'::text;
  end if;
  select * into strict v_account from public.billing_accounts as b where b.company_id = p_company_id for no key update;
  if v_account.synced_at > p_started_at then
    return v_changed || 'stale'::text;
  end if;

  select * into v_found from private.choose_subscription(p_state -> 'subscriptions');
  if v_company.status <> 'closed' and private.apply_subscription_plan(
    p_company_id, v_found.id, v_found.created_at, coalesce(v_found.is_entitled, false), v_found.price_id, v_found.plan_tier, v_found.monthly_limit_usd)
  then
    v_changed := v_changed || 'plan'::text;
  end if;

  -- What was asked for and not paid.
  select min(coalesce(b.finalized_at, b.issued_at)) into v_debt
    from public.billing_invoices as b
   where b.company_id = p_company_id and b.status = 'open' and b.amount_remaining_minor > 0
     and (b.attempt_count > 0 or b.due_at < p_started_at);
  v_payment := case
    when p_state -> 'subscriptions' @> '[{"status": "unpaid"}]' then 'unpaid'
    when p_state -> 'subscriptions' @> '[{"status": "past_due"}]' then 'past_due'
    -- Who never got what they did not pay owes nothing.
    when v_debt is not null and coalesce(v_found.status in ('canceled', 'paused'), true) then 'unpaid'
    else 'ok'
  end;
  -- From what Stripe has, and not from when it was seen.
  v_since := case when v_payment <> 'ok' then coalesce(v_debt, v_found.period_starts_at, v_found.created_at) end;

  if (v_account.stripe_subscription_id, v_account.stripe_price_id, v_account.subscription_status, v_account.currency,
      v_account.monthly_amount_minor, v_account.current_period_starts_at, v_account.current_period_ends_at,
      v_account.trial_ends_at, v_account.cancel_at_period_end, v_account.payment_status, v_account.past_due_since)
     is distinct from
     (v_found.id, v_found.price_id, v_found.status, v_found.currency, coalesce(v_found.monthly_amount_minor, 0),
      v_found.period_starts_at, v_found.period_ends_at, v_found.trial_ends_at,
      coalesce(v_found.cancel_at_period_end, false), v_payment, v_since)
  then
    v_changed := v_changed || 'account'::text;
  end if;
  update public.billing_accounts as b
     set stripe_subscription_id = v_found.id, stripe_price_id = v_found.price_id, subscription_status = v_found.status,
         currency = v_found.currency, monthly_amount_minor = coalesce(v_found.monthly_amount_minor, 0),
         current_period_starts_at = v_found.period_starts_at, current_period_ends_at = v_found.period_ends_at,
         trial_ends_at = v_found.trial_ends_at, cancel_at_period_end = coalesce(v_found.cancel_at_period_end, false),
         payment_status = v_payment, past_due_since = v_since,
         grace_ends_at = v_since + make_interval(days => (v_policy ->> 'grace_days')::integer),
         suspends_at = coalesce(v_since + make_interval(days => (v_policy ->> 'suspend_days')::integer),
                                case when v_since is not null then 'infinity'::timestamptz end),
         synced_at = p_started_at,
         reconciled_at = case when p_state ->> 'is_complete' = 'true' then now() else b.reconciled_at end,
         last_error = case when v_found.is_entitled and v_found.plan_tier is null
                           then format('price %s is not in setting stripe.prices', v_found.price_id) end
   where b.company_id = p_company_id;
  if private.apply_payment_stage(p_company_id) then
    v_changed := v_changed || 'stage'::text;
  end if;
  if p_state ->> 'customer_deleted' = 'true' then
    -- The next one has a key of its own: for a day, Stripe answers the old key with the customer that is gone.
    update public.companies as c set stripe_customer_id = null where c.id = p_company_id;
    update public.billing_accounts as b set customer_attempt = b.customer_attempt + 1 where b.company_id = p_company_id;
    v_changed := v_changed || 'customer'::text;
  end if;
  return v_changed;
end
$fn$;
revoke execute on function private.apply_stripe_state(uuid, text, timestamptz, jsonb, text) from public;
grant execute on function private.apply_stripe_state(uuid, text, timestamptz, jsonb, text) to service_role;

-- Stages that time alone brings. A company that is in use is left to the next run.
create or replace function private.advance_payment_stages(p_max_rows integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company uuid;
  v_changes integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_company in
    select b.company_id from public.billing_accounts as b
     where b.payment_status <> 'ok' and b.company_id <> all (v_frozen)
       and (b.payment_stage in ('ok', 'grace') and b.grace_ends_at <= now()
            or b.payment_stage <> 'suspended' and b.suspends_at <= now())
     order by b.grace_ends_at, b.company_id
     limit p_max_rows
  loop
    perform from public.companies as c where c.id = v_company for no key update skip locked;
    if found then
      v_changes := v_changes + private.apply_payment_stage(v_company)::integer;
    end if;
  end loop;
  return v_changes;
end
$fn$;
revoke execute on function private.advance_payment_stages(integer) from public;

-- Stripe lists events for 30 days; an event must be known for longer than it can come again.
create or replace function private.maintain_billing()
returns table (stages_advanced integer, events_pruned bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  stages_advanced := private.advance_payment_stages(1000);
  with old as (
    select e.stripe_event_id from private.stripe_events as e
     where e.status <> 'received' and e.finished_at <= now() - interval '90 days'
     order by e.finished_at
     limit 10000
  )
  delete from private.stripe_events as e using old where e.stripe_event_id = old.stripe_event_id;
  get diagnostics events_pruned = row_count;
  return next;
end
$fn$;
revoke execute on function private.maintain_billing() from public;
grant execute on function private.maintain_billing() to service_role;

-- The accounts that were not compared for longest, leased for ten minutes. Done is one when a complete answer was applied.
create or replace function private.claim_stripe_accounts(p_max_rows integer)
returns table (company_id uuid, stripe_customer_id text, sync_started_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_frozen constant uuid[] := private.frozen_companies();
begin
  return query
    with due as (
      select b.company_id, b.id, c.stripe_customer_id from public.billing_accounts as b
        join public.companies as c on c.id = b.company_id
       where c.stripe_customer_id is not null and c.id <> all (v_frozen)
         and (b.reconciled_at is null or b.reconciled_at <= now() - interval '20 hours')
       order by b.reconciled_at nulls first, b.company_id
       limit p_max_rows
         for no key update of b skip locked
    )
    update public.billing_accounts as b
       set reconciled_at = now() - interval '20 hours' + interval '10 minutes',
           sync_started_at = greatest(clock_timestamp(), b.sync_started_at + interval '1 microsecond')
      from due
     where b.company_id = due.company_id and b.id = due.id
    returning b.company_id, due.stripe_customer_id, b.sync_started_at;
end
$fn$;
revoke execute on function private.claim_stripe_accounts(integer) from public;
grant execute on function private.claim_stripe_accounts(integer) to service_role;

create or replace function private.stripe_cursor(p_name text, p_value jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_value is not null then
    insert into private.stripe_cursors (name, value) values (p_name, p_value)
    on conflict (name) do update set value = excluded.value, updated_at = now();
  end if;
  return (select c.value from private.stripe_cursors as c where c.name = p_name);
end
$fn$;
revoke execute on function private.stripe_cursor(text, jsonb) from public;
grant execute on function private.stripe_cursor(text, jsonb) to service_role;

-- Usage that Stripe has not been told of. A report that was not confirmed is handed out again as it was, and no other of
-- its month before it is. What is corrected downwards is made up for by what comes next.
create or replace function private.claim_stripe_usage(p_max_rows integer)
returns table (
  company_id uuid, month date, "position" integer, stripe_customer_id text, identifier text, value_cents bigint,
  used_at timestamptz, reported_cents bigint, month_starts_at timestamptz, is_old boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_frozen constant uuid[] := private.frozen_companies();
begin
  if coalesce(private.stripe_setting('usage_meter'), 'null') = 'null' then
    return;
  end if;
  insert into private.stripe_usage_reports (company_id, month, position, stripe_customer_id, value_cents, used_at)
  select p.company_id, p.month, coalesce(r.last, 0) + 1, c.stripe_customer_id, u.cents - coalesce(r.cents, 0),
         -- Within its month, and not in the future.
         least(clock_timestamp(), p.ends_at - interval '1 second')
    from public.companies as c
    join public.budget_periods as p on p.company_id = c.id and p.scope = 'company'
   cross join lateral private.budget_balance(p.company_id, p.id) as b
   cross join lateral (select (b.spent + p.adjusted_micro_usd) / 10000 as cents) as u
    left join lateral (
      select max(x.position) as last, sum(x.value_cents)::bigint as cents, bool_and(x.sent_at is not null) as is_sent
        from private.stripe_usage_reports as x
       where x.company_id = p.company_id and x.month = p.month
    ) as r on true
   where c.stripe_customer_id is not null and c.id <> all (v_frozen)
     -- Stripe takes usage of 35 days.
     and p.starts_at <= clock_timestamp() and p.ends_at > now() - interval '30 days'
     and coalesce(r.is_sent, true) and u.cents > coalesce(r.cents, 0)
   order by p.company_id, p.month
   limit p_max_rows
  on conflict on constraint stripe_usage_reports_pkey do nothing;
  return query
    select r.company_id, r.month, r.position, r.stripe_customer_id,
           format('usage-%s-%s-%s', r.company_id, to_char(r.month, 'YYYYMM'), r.position), r.value_cents, r.used_at,
           (select coalesce(sum(x.value_cents), 0)::bigint from private.stripe_usage_reports as x
             where x.company_id = r.company_id and x.month = r.month and x.position < r.position
               and x.stripe_customer_id = r.stripe_customer_id),
           p.starts_at, r.created_at <= now() - interval '20 hours'
      from private.stripe_usage_reports as r
      join public.budget_periods as p on p.company_id = r.company_id and p.month = r.month and p.scope = 'company'
     where r.sent_at is null and r.company_id <> all (v_frozen)
     order by r.created_at, r.company_id, r.month
     limit p_max_rows;
end
$fn$;
revoke execute on function private.claim_stripe_usage(integer) from public;
grant execute on function private.claim_stripe_usage(integer) to service_role;

create or replace function private.finish_stripe_usage(p_company_id uuid, p_month date, p_position integer) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  update private.stripe_usage_reports as r
     set sent_at = now()
   where r.company_id = p_company_id and r.month = p_month and r.position = p_position and r.sent_at is null;
  return found;
end
$fn$;
revoke execute on function private.finish_stripe_usage(uuid, date, integer) from public;
grant execute on function private.finish_stripe_usage(uuid, date, integer) to service_role;

create or replace function private.require_return_url(p_url text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_return_url_allowed(p_url) then
    raise exception 'Stripe may not send anybody to that address'
      using errcode = '22023',
            detail = 'invalid_return_url',
            hint = 'Use an address below one of the setting stripe.return_urls.';
  end if;
end
$fn$;
revoke execute on function private.require_return_url(text) from public;

-- What a checkout for the caller's company is made of. The company is the gate's answer and nothing that the caller says.
create or replace function private.prepare_checkout(p_plan_tier text, p_success_url text, p_cancel_url text)
returns table (
  company_id uuid, stripe_customer_id text, stripe_price_id text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.company_for('billing.write');
begin
  perform private.require_company(v_company, 'billing.write');
  perform private.require_return_url(p_success_url);
  perform private.require_return_url(p_cancel_url);
  select c.id, c.stripe_customer_id into company_id, stripe_customer_id from public.companies as c where c.id = v_company;
  select p.key into stripe_price_id
    from jsonb_each(private.stripe_setting('prices')) as p
   where p.value ->> 'plan_tier' = p_plan_tier and p_plan_tier <> 'custom'
   order by p.key
   limit 1;
  if stripe_price_id is null then
    raise exception 'plan % is not for sale', coalesce(p_plan_tier, '(null)')
      using errcode = '22023',
            detail = 'plan_not_for_sale',
            hint = 'Choose a tier that setting stripe.prices has a price for; custom plans are negotiated.';
  end if;
  if exists (
    select from public.billing_accounts as b
     where b.company_id = v_company and b.subscription_status in ('active', 'trialing', 'past_due', 'unpaid', 'paused'))
  then
    raise exception 'the company has a subscription'
      using errcode = '23505',
            detail = 'already_subscribed',
            hint = 'Change it in the billing portal.';
  end if;
  return next;
end
$fn$;
revoke execute on function private.prepare_checkout(text, text, text) from public;
grant execute on function private.prepare_checkout(text, text, text) to authenticated;

-- The portal changes payment methods and ends subscriptions, so whoever may only read gets one that is configured not to.
create or replace function private.prepare_billing_portal(p_return_url text)
returns table (company_id uuid, stripe_customer_id text, portal_configuration text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_configurations constant jsonb := private.stripe_setting('portal_configurations');
begin
  company_id := private.company_for('billing.write');
  portal_configuration := v_configurations ->> 'write';
  if company_id is null then
    company_id := case when v_configurations ? 'read' then private.company_for('billing.read') end;
    portal_configuration := v_configurations ->> 'read';
    perform private.require_company(company_id, case when v_configurations ? 'read' then 'billing.read' else 'billing.write' end);
  end if;
  perform private.require_return_url(p_return_url);
  select c.stripe_customer_id into stripe_customer_id from public.companies as c where c.id = company_id;
  if stripe_customer_id is null then
    raise exception 'the company has no customer at Stripe yet'
      using errcode = 'PT404',
            detail = 'no_stripe_customer',
            hint = 'Buy a plan first, or try again in some minutes.';
  end if;
  return next;
end
$fn$;
revoke execute on function private.prepare_billing_portal(text) from public;
grant execute on function private.prepare_billing_portal(text) to authenticated;

create or replace function public.request_stripe_customers(max_rows integer default 100) returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.request_stripe_customers(max_rows);
end
$fn$;
revoke execute on function public.request_stripe_customers(integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.request_stripe_customers(integer) to service_role;

create or replace function public.store_stripe_customer(company_id uuid, stripe_customer_id text) returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.store_stripe_customer(company_id, stripe_customer_id);
end
$fn$;
revoke execute on function public.store_stripe_customer(uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.store_stripe_customer(uuid, text) to service_role;

create or replace function public.begin_stripe_sync(company_id uuid) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.begin_stripe_sync(company_id);
end
$fn$;
revoke execute on function public.begin_stripe_sync(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.begin_stripe_sync(uuid) to service_role;

create or replace function public.record_stripe_event(event jsonb)
returns table (status text, company_id uuid, stripe_customer_id text, sync_started_at timestamptz)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.record_stripe_event(event);
end
$fn$;
revoke execute on function public.record_stripe_event(jsonb) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.record_stripe_event(jsonb) to service_role;

create or replace function public.fail_stripe_event(stripe_event_id text, error text) returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.fail_stripe_event(stripe_event_id, error);
end
$fn$;
revoke execute on function public.fail_stripe_event(text, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.fail_stripe_event(text, text) to service_role;

create or replace function public.stripe_backlog(max_rows integer default 100) returns setof jsonb
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.stripe_backlog(max_rows);
end
$fn$;
revoke execute on function public.stripe_backlog(integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.stripe_backlog(integer) to service_role;

create or replace function public.apply_stripe_state(
  company_id uuid, stripe_customer_id text, sync_started_at timestamptz, state jsonb, stripe_event_id text default null
) returns text[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.apply_stripe_state(company_id, stripe_customer_id, sync_started_at, state, stripe_event_id);
end
$fn$;
revoke execute on function public.apply_stripe_state(uuid, text, timestamptz, jsonb, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.apply_stripe_state(uuid, text, timestamptz, jsonb, text) to service_role;

create or replace function public.maintain_billing() returns table (stages_advanced integer, events_pruned bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.maintain_billing();
end
$fn$;
revoke execute on function public.maintain_billing() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.maintain_billing() to service_role;

create or replace function public.claim_stripe_accounts(max_rows integer default 10)
returns table (company_id uuid, stripe_customer_id text, sync_started_at timestamptz)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.claim_stripe_accounts(max_rows);
end
$fn$;
revoke execute on function public.claim_stripe_accounts(integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.claim_stripe_accounts(integer) to service_role;

create or replace function public.stripe_cursor(name text, value jsonb default null) returns jsonb
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.stripe_cursor(name, value);
end
$fn$;
revoke execute on function public.stripe_cursor(text, jsonb) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.stripe_cursor(text, jsonb) to service_role;

create or replace function public.claim_stripe_usage(max_rows integer default 100)
returns table (
  company_id uuid, month date, "position" integer, stripe_customer_id text, identifier text, value_cents bigint,
  used_at timestamptz, reported_cents bigint, month_starts_at timestamptz, is_old boolean
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.claim_stripe_usage(max_rows);
end
$fn$;
revoke execute on function public.claim_stripe_usage(integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.claim_stripe_usage(integer) to service_role;

create or replace function public.finish_stripe_usage(company_id uuid, month date, "position" integer) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.finish_stripe_usage(company_id, month, "position");
end
$fn$;
revoke execute on function public.finish_stripe_usage(uuid, date, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.finish_stripe_usage(uuid, date, integer) to service_role;

create or replace function public.prepare_checkout(plan_tier text, success_url text, cancel_url text)
returns table (company_id uuid, stripe_customer_id text, stripe_price_id text)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.prepare_checkout(plan_tier, success_url, cancel_url);
end
$fn$;
revoke execute on function public.prepare_checkout(text, text, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.prepare_checkout(text, text, text) to authenticated;

create or replace function public.prepare_billing_portal(return_url text)
returns table (company_id uuid, stripe_customer_id text, portal_configuration text)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.prepare_billing_portal(return_url);
end
$fn$;
revoke execute on function public.prepare_billing_portal(text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.prepare_billing_portal(text) to authenticated;

comment on function private.stripe_setting(text) is 'Value of system_config stripe.<name>.';
comment on function private.is_plain_url(text) is 'True for an https address, or http of this machine, that a browser reads as it is written.';
comment on function private.is_return_url_allowed(text) is 'True for an address of the setting stripe.return_urls, or below one of them.';
comment on function private.stripe_setting_problem(text, jsonb) is 'What is wrong with a setting of Stripe; null when nothing is.';
comment on function private.tg_system_config__check_stripe() is 'Row trigger: settings of Stripe are well formed. Errors: 22023 invalid_stripe_setting.';
comment on function private.request_stripe_customer(uuid) is 'Writes the event stripe.customer_requested, unless one is pending; whether it did.';
comment on function private.tg_companies__request_stripe_customer() is 'Row trigger: a new company asks for a customer at Stripe, where stripe.enabled is true.';
comment on function private.apply_payment_stage(uuid) is 'Brings stage, limit and suspension of a company in step with its payments and the time; whether the stage changed. Emits billing.payment_stage_changed.';
comment on function private.apply_stripe_invoices(uuid, text, timestamptz, jsonb) is 'Mirrors invoices; how many changed. Errors: 42501 foreign_customer.';
comment on function private.choose_subscription(jsonb) is 'The subscription that decides about the plan, of all that a customer has, with what its price buys.';
comment on function private.apply_subscription_plan(uuid, text, timestamptz, boolean, text, text, numeric) is 'Makes the plan that a subscription buys the active one, or that of ended subscriptions; whether it changed.';
comment on function private.advance_payment_stages(integer) is 'Stages that time alone brings, of at most so many companies; how many changed.';
comment on function private.require_return_url(text) is 'Refuses an address that Stripe may not send anybody to. Errors: 22023 invalid_return_url.';
comment on function private.request_stripe_customers(integer) is 'Implementation of public.request_stripe_customers().';
comment on function private.store_stripe_customer(uuid, text) is 'Implementation of public.store_stripe_customer().';
comment on function private.begin_stripe_sync(uuid) is 'Implementation of public.begin_stripe_sync().';
comment on function private.record_stripe_event(jsonb) is 'Implementation of public.record_stripe_event().';
comment on function private.fail_stripe_event(text, text) is 'Implementation of public.fail_stripe_event().';
comment on function private.stripe_backlog(integer) is 'Implementation of public.stripe_backlog().';
comment on function private.apply_stripe_state(uuid, text, timestamptz, jsonb, text) is 'Implementation of public.apply_stripe_state().';
comment on function private.maintain_billing() is 'Implementation of public.maintain_billing().';
comment on function private.claim_stripe_accounts(integer) is 'Implementation of public.claim_stripe_accounts().';
comment on function private.stripe_cursor(text, jsonb) is 'Implementation of public.stripe_cursor().';
comment on function private.claim_stripe_usage(integer) is 'Implementation of public.claim_stripe_usage().';
comment on function private.finish_stripe_usage(uuid, date, integer) is 'Implementation of public.finish_stripe_usage().';
comment on function private.prepare_checkout(text, text, text) is 'Implementation of public.prepare_checkout().';
comment on function private.prepare_billing_portal(text) is 'Implementation of public.prepare_billing_portal().';
comment on function public.request_stripe_customers(integer) is
  'Asks for a customer at Stripe for companies that have none (event stripe.customer_requested), at most max_rows; how many. 0 while stripe.enabled is false. service_role only.';
comment on function public.store_stripe_customer(uuid, text) is
  'Stores the Stripe customer of a company, unless it has one; the one in force. service_role only. Errors: PT404 unknown_company; 22023 invalid_customer; 23505 customer_taken.';
comment on function public.begin_stripe_sync(uuid) is
  'When a question to Stripe about a company begins, for apply_stripe_state(); later than every one before. Null for an unknown company. service_role only.';
comment on function public.record_stripe_event(jsonb) is
  'Stores an event of Stripe, once, and says what to do: received (ask Stripe, then apply_stripe_state()), processed, stored (of a type that means nothing) or unmatched (no company has that customer). The company is that of the stored customer, whatever metadata says. service_role only. Errors: 22023 invalid_stripe_event.';
comment on function public.fail_stripe_event(text, text) is
  'Notes why an event could not be processed; it stays to be done. service_role only.';
comment on function public.stripe_backlog(integer) is
  'Events that were begun more than 5 minutes ago and not finished, at most max_rows. service_role only.';
comment on function public.apply_stripe_state(uuid, text, timestamptz, jsonb, text) is
  'Makes what Stripe has for a customer the state of the company, in one transaction with the event that it was asked for: account, invoices, plan, stage. sync_started_at is when the question began; an answer older than what stands is not taken. What changed: account, invoices, plan, stage, customer; stale where the answer was too old, duplicate where the event had been processed. service_role only. Errors: 42501 foreign_customer.';
comment on function public.maintain_billing() is
  'Advances the stages of overdue payments (1000 companies at most) and prunes events of 90 days (10000 at most). For a schedule, hourly. service_role only.';
comment on function public.claim_stripe_accounts(integer) is
  'Companies to compare with Stripe, those that were not for longest first, at most max_rows, each leased for ten minutes; none that was compared in the last 20 hours. service_role only.';
comment on function public.stripe_cursor(text, jsonb) is
  'Sets a cursor over a list of Stripe, unless value is null; what it is. service_role only.';
comment on function public.claim_stripe_usage(integer) is
  'Reports of usage for Stripe''s meter, at most max_rows, in US cents, each with an identifier that makes it count once; is_old when Stripe may have forgotten the identifier, so that its totals must be compared first. service_role only.';
comment on function public.finish_stripe_usage(uuid, date, integer) is
  'Notes that a report has arrived; false if that was known. service_role only.';
comment on function public.prepare_checkout(text, text, text) is
  'What a checkout session of the caller''s company is made of. Takes billing.write; addresses must be below stripe.return_urls. Errors: 42501 not_your_company; 22023 invalid_return_url, plan_not_for_sale; 23505 already_subscribed.';
comment on function public.prepare_billing_portal(text) is
  'What a session of the billing portal of the caller''s company is made of. Takes billing.write, or billing.read where a configuration for reading is set. Errors: 42501 not_your_company; 22023 invalid_return_url; PT404 no_stripe_customer.';

-- migrate:down
