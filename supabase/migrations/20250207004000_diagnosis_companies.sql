-- migrate:up
-- What can be wrong with a company: budgets, billing, compliance, network, retention. Each function looks, says what it
-- found as id of a check and evidence, and changes nothing.

set lock_timeout = '5s';
set statement_timeout = '10min';

create or replace function private.diagnose_budgets(p_company_id uuid)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_plan record;
  v_period record;
  v record;
begin
  select * into v_plan from private.plan_limit(p_company_id);
  if not exists (select from public.company_plans as p where p.company_id = p_company_id and p.is_active)
     and exists (select from public.companies as c where c.id = p_company_id and c.status = 'active' and not c.is_operator)
  then
    return query values ('budgets.no_plan', '{}'::jsonb);
  end if;
  if v_plan.enforcement = 'soft' then
    return query values ('budgets.enforcement_soft', '{}'::jsonb);
  end if;
  if v_plan.alert_percents <> '{}' and exists (
    select from public.company_config as k where k.company_id = p_company_id and k.notification_emails = '{}')
  then
    return query values ('budgets.alerts_unread', '{}'::jsonb);
  end if;
  for v_period in
    select p.*, b.spent, b.reserved, b.remaining,
           case p.scope
             when 'agent' then format('agent %s', p.agent_id)
             when 'service' then format('service %s', p.service)
             else 'company'
           end as what
      from public.budget_periods as p
     cross join lateral private.budget_balance(p.company_id, p.id) as b
     where p.company_id = p_company_id and p.status = 'open'
     order by p.month, array_position('{company,agent,service}', p.scope), p.id
  loop
    if v_period.ends_at < now() - interval '3 days 2 hours' and v_period.scope = 'company' then
      return query values ('budgets.month_not_closed', jsonb_build_object('month', v_period.month));
    end if;
    -- One snapshot: whoever spends commits counter and ledger at once.
    select * into v from private.compare_budget(p_company_id, v_period.id);
    if (v.counted, v.reserved) is distinct from (v.ledger, v.held) then
      return query values ('budgets.counters_differ', jsonb_build_object(
        'month', v_period.month, 'scope', v_period.what, 'counted_micro_usd', v.counted, 'ledger_micro_usd', v.ledger,
        'reserved_micro_usd', v.reserved, 'held_micro_usd', v.held));
    end if;
    select min(s.folded_at) as since into v from private.budget_stripes as s
     where s.company_id = p_company_id and s.budget_period_id = v_period.id
       and (s.spent, s.reserved) <> (0, 0) and s.folded_at < now() - interval '5 minutes';
    if v.since is not null then
      return query values ('budgets.counts_waiting', jsonb_build_object('since', v.since, 'scope', v_period.what));
    end if;
    continue when v_period.scope <> 'company' or v_period.ends_at <= now();
    if (v_period.limit_micro_usd, v_period.enforcement) is distinct from (v_plan.limit_micro_usd, v_plan.enforcement) then
      return query values ('budgets.limit_not_applied', jsonb_build_object(
        'month', v_period.month, 'counted_micro_usd', v_period.limit_micro_usd, 'counted_enforcement', v_period.enforcement,
        'planned_micro_usd', v_plan.limit_micro_usd, 'planned_enforcement', v_plan.enforcement));
    end if;
    if v_period.enforcement = 'hard' and v_period.remaining <= 0 and v_plan.limit_micro_usd > 0 then
      return query values ('budgets.limit_reached', jsonb_build_object(
        'month', to_char(v_period.month, 'YYYY-MM'), 'limit_usd', round(v_period.limit_micro_usd / 1000000.0, 2)));
    end if;
    -- Limits of agents and services against the running month.
    return query
      select 'budgets.scope_limit_not_applied', jsonb_build_object(
               'agent_id', l.agent_id, 'service', l.service, 'planned_micro_usd', l.planned,
               'planned', coalesce(l.planned::text, 'no limit'), 'counted', coalesce(p.limit_micro_usd::text, 'no limit'),
               'scope', coalesce('service ' || l.service, 'agent ' || l.agent_id))
        from (
          select a.id as agent_id, null::text as service, a.monthly_limit_micro_usd as planned
            from public.ai_agents as a where a.company_id = p_company_id
          union all
          select null, s.service, s.monthly_limit_micro_usd from public.service_limits as s where s.company_id = p_company_id
        ) as l
        left join public.budget_periods as p
          on p.company_id = p_company_id and p.month = v_period.month and p.status = 'open'
         and (p.agent_id = l.agent_id or p.service = l.service)
       where l.planned is distinct from p.limit_micro_usd
       order by l.agent_id, l.service;
  end loop;
end
$fn$;
revoke execute on function private.diagnose_budgets(uuid) from public;

create or replace function private.diagnose_billing(p_company_id uuid)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_enabled constant boolean := exists (
    select from public.system_config as s where s.key = 'stripe.enabled' and s.value = 'true');
  v_prices constant jsonb := (select s.value from public.system_config as s where s.key = 'stripe.prices');
  v_company public.companies;
  v_account public.billing_accounts;
  v_plan public.company_plans;
  v_paid_tier text;
begin
  select * into v_company from public.companies as c where c.id = p_company_id;
  select * into v_account from public.billing_accounts as b where b.company_id = p_company_id;
  select * into v_plan from public.company_plans as p where p.company_id = p_company_id and p.is_active;
  if v_company.stripe_customer_id is null and v_company.status = 'active' and not v_company.is_operator
     and (v_account.stripe_subscription_id is not null
          or v_is_enabled and v_company.created_at < now() - interval '15 minutes')
  then
    return query values ('billing.customer_missing', '{}'::jsonb);
  end if;
  if v_account.last_error is not null then
    return query values ('billing.sync_failed', jsonb_build_object('error', left(v_account.last_error, 300)));
  end if;
  if v_is_enabled and v_company.stripe_customer_id is not null and v_company.status = 'active'
     and coalesce(v_account.reconciled_at, v_company.created_at) < now() - interval '2 days'
  then
    return query values ('billing.not_reconciled', jsonb_build_object('since', coalesce(v_account.reconciled_at::text, 'never')));
  end if;
  if v_account.payment_stage <> 'ok' then
    return query values ('billing.payment_due', jsonb_build_object(
      'since', v_account.past_due_since, 'stage', v_account.payment_stage, 'suspends_at', v_account.suspends_at));
  elsif v_account.subscription_status in ('active', 'trialing') then
    v_paid_tier := v_prices -> v_account.stripe_price_id ->> 'plan_tier';
    if v_paid_tier is null then
      return query values ('billing.price_unknown', jsonb_build_object('price', v_account.stripe_price_id));
    elsif v_paid_tier is distinct from v_plan.plan_tier then
      return query values ('billing.plan_differs', jsonb_build_object(
        'paid_tier', v_paid_tier, 'plan_tier', coalesce(v_plan.plan_tier, 'none'), 'subscription', v_account.stripe_subscription_id,
        'subscription_status', v_account.subscription_status,
        'paid_limit_usd', coalesce(
          v_prices -> v_account.stripe_price_id ->> 'monthly_limit_usd',
          (select t.monthly_limit_usd::text from private.plan_tiers as t where t.plan_tier = v_paid_tier))));
    end if;
  end if;
  return query
    select 'billing.usage_unsent', jsonb_build_object('month', to_char(r.month, 'YYYY-MM'), 'since', min(r.created_at), 'reports', count(*))
      from private.stripe_usage_reports as r
     where r.company_id = p_company_id and r.sent_at is null and r.created_at < now() - interval '1 hour'
     group by r.month
     order by r.month;
end
$fn$;
revoke execute on function private.diagnose_billing(uuid) from public;

create or replace function private.diagnose_compliance(p_company_id uuid)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_open bigint;
begin
  select count(*) into v_open from public.compliance_requests as r
   where r.company_id = p_company_id and r.status in ('received', 'identity_check', 'in_progress')
     and r.due_at < now() + interval '14 days';
  if v_open > 0 and not exists (
    select from public.users as u
     where u.company_id = p_company_id
       and 'compliance.manage' = any (private.permissions_of(u.company_id, u.id)))
  then
    return query values ('compliance.nobody_in_charge', jsonb_build_object('requests', v_open));
  end if;
  return query
    select 'compliance.administrator_revoked', jsonb_build_object('user_id', u.id, 'email', u.email)
      from public.users as u
     where u.company_id = p_company_id and u.status = 'active' and u.role = 'compliance_admin'
       and u.revoked_permissions && '{compliance.read,compliance.manage}'
     order by u.id;
  return query
    select case c.check_name when 'requests_overdue' then 'compliance.requests_overdue' else 'compliance.audit_chain_broken' end,
           c.details || jsonb_build_object('requests', c.value)
      from (
        select * from private.check_requests(p_company_id)
        union all
        select * from private.check_audit_chain(p_company_id)
      ) as c
     where c.status = 'failing';
  select count(*) into v_open from private.company_secrets as s
   where s.company_id = p_company_id
     and not exists (select from private.company_data_keys as d where d.company_id = s.company_id and d.key_uuid = s.key_uuid);
  if v_open > 0 then
    return query values ('compliance.secrets_unreadable', jsonb_build_object('secrets', v_open));
  end if;
end
$fn$;
revoke execute on function private.diagnose_compliance(uuid) from public;

create or replace function private.diagnose_network(p_company_id uuid)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_on constant boolean := exists (
    select from public.security_policies as p where p.company_id = p_company_id and p.is_active and p.is_ip_allowlist_enabled);
  v_expired text;
  v_seen record;
begin
  if v_is_on and not exists (
    select from public.ip_allowlist_entries as e
     where e.company_id = p_company_id and e.is_enabled and (e.expires_at is null or e.expires_at > now()))
  then
    return query values ('network.allowlist_empty', '{}'::jsonb);
  end if;
  select string_agg(e.network::text, ', ' order by e.network) into v_expired from public.ip_allowlist_entries as e
   where e.company_id = p_company_id and e.expires_at <= now();
  if v_expired is not null then
    return query values ('network.entries_expired', jsonb_build_object('networks', v_expired));
  end if;
  if v_is_on then
    select bool_and(l.ip_address << any ('{10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8,100.64.0.0/10,fc00::/7}'::inet[])) as is_private,
           host(min(l.ip_address)) as address
      into v_seen from public.audit_logs as l
     where l.company_id = p_company_id and l.created_at > now() - interval '30 days';
    if v_seen.is_private then
      return query values ('network.addresses_are_proxies', jsonb_build_object(
        'address', v_seen.address,
        'proxies', coalesce((select s.value #>> '{}' from public.system_config as s where s.key = 'security.trusted_proxy_count'), '1')));
    end if;
  end if;
end
$fn$;
revoke execute on function private.diagnose_network(uuid) from public;

-- Volatile, because counting a batch shares the code that works on it; nothing is written.
create or replace function private.diagnose_retention(p_company_id uuid)
returns table (check_id text, evidence jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_policy record;
  v_failed public.data_retention_logs;
  v_missing text;
begin
  for v_policy in
    select p.data_class, p.action, p.is_legal_hold, greatest(p.retention_days, k.minimum_days) as days
      from public.data_retention_policies as p
      join private.retention_classes as k on k.data_class = p.data_class
     where p.company_id = p_company_id
     order by p.data_class
  loop
    if v_policy.is_legal_hold then
      return query values ('retention.legal_hold', jsonb_build_object('data_class', v_policy.data_class));
      continue;
    end if;
    continue when v_policy.action = 'keep';
    select * into v_failed from public.data_retention_logs as l
     where l.company_id = p_company_id and l.data_class = v_policy.data_class and not l.is_dry_run
     order by l.started_at desc, l.id desc
     limit 1;
    -- A failure is over when a later run succeeded, or nothing is left to do.
    if v_failed.status = 'failed' and private.retain_batch(
         p_company_id, v_policy.data_class, v_policy.action, now() - make_interval(days => v_policy.days), 1, true) > 0
    then
      return query values ('retention.run_failed', jsonb_build_object(
        'data_class', v_policy.data_class, 'failed_at', v_failed.started_at, 'error', left(v_failed.error_message, 300)));
    elsif private.retain_batch(
         p_company_id, v_policy.data_class, v_policy.action, now() - make_interval(days => v_policy.days + 2), 1, true) > 0
    then
      return query values ('retention.overdue', jsonb_build_object(
        'data_class', v_policy.data_class, 'action', v_policy.action, 'retention_days', v_policy.days));
    end if;
  end loop;
  select string_agg(k.data_class, ', ' order by k.data_class) into v_missing
    from private.retention_classes as k
   where not exists (
     select from public.data_retention_policies as p where p.company_id = p_company_id and p.data_class = k.data_class);
  if v_missing is not null then
    return query values ('retention.no_policy', jsonb_build_object('data_classes', v_missing));
  end if;
end
$fn$;
revoke execute on function private.diagnose_retention(uuid) from public;

comment on function private.diagnose_budgets(uuid) is 'Findings of diagnose() about a company''s budgets.';
comment on function private.diagnose_billing(uuid) is 'Findings of diagnose() about a company''s plan and Stripe.';
comment on function private.diagnose_compliance(uuid) is 'Findings of diagnose() about a company''s requests, audit chain and secrets.';
comment on function private.diagnose_network(uuid) is 'Findings of diagnose() about a company''s IP allowlist, whoever asks.';
comment on function private.diagnose_retention(uuid) is 'Findings of diagnose() about a company''s retention policies. Writes nothing.';

-- migrate:down
