-- migrate:up
-- Budgets over time: what they are at this instant, credits and corrections, months that are over, and the comparison of
-- the counters with the ledger. Nothing here has to run for a budget to be right; the jobs close, compare and tidy.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Credits (negative) and corrections (positive) to a company's month, also one that is closed. Append-only.
create table if not exists public.budget_adjustments (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  budget_period_id uuid not null,
  amount_micro_usd bigint not null,
  reason text not null,
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (company_id, id),
  constraint budget_adjustments_budget_period_fk foreign key (company_id, budget_period_id)
    references public.budget_periods (company_id, id) on delete cascade,
  constraint budget_adjustments_amount_is_not_zero check (amount_micro_usd <> 0),
  constraint budget_adjustments_reason_is_not_blank check (reason ~ '\S' and length(reason) <= 1000)
);

-- Adjustments of a month.
create index if not exists budget_adjustments_company_id_budget_period_id_idx
  on public.budget_adjustments (company_id, budget_period_id);

-- When a month was last compared with the ledger. Not in its row, which is busy.
create table if not exists private.budget_reconciliations (
  company_id uuid not null,
  budget_period_id uuid not null,
  reconciled_at timestamptz not null,
  primary key (company_id, budget_period_id),
  constraint budget_reconciliations_budget_period_fk foreign key (company_id, budget_period_id)
    references public.budget_periods (company_id, id) on delete cascade
);

create or replace function private.require_operator() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not private.is_backend()
     and (current_setting('role', true) is distinct from 'platform_admin' or not private.is_platform_admin())
  then
    raise exception 'only platform operators do this'
      using errcode = '42501',
            detail = 'not_an_operator',
            hint = 'Sign in as an admin of the operator company, or use the service key on a server.';
  end if;
end
$fn$;
revoke execute on function private.require_operator() from public;

-- Members read their active company, operators and the backend any.
create or replace function private.require_reader(p_company_id uuid, p_permission text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    perform private.require_company(p_company_id, p_permission);
  end if;
end
$fn$;
revoke execute on function private.require_reader(uuid, text) from public;

-- In one snapshot, counters of busy budgets included, and holds that have expired left out. A month that nobody has
-- opened yet is shown as it will open.
create or replace function private.budget_status(p_company_id uuid)
returns table (
  scope text, agent_id uuid, service text, budget_month date, period_starts_at timestamptz, period_ends_at timestamptz,
  enforcement text, limit_usd numeric, spent_usd numeric, reserved_usd numeric, remaining_usd numeric,
  spent_percent numeric, is_over_budget boolean
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_plan record;
  v_month date;
  v_zone text;
begin
  perform private.require_reader(p_company_id, 'usage.read');
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  return query
    select p.scope, p.agent_id, p.service, p.month, p.starts_at, p.ends_at, p.enforcement,
           round(p.limit_micro_usd / 1000000.0, 6), round((b.spent + p.adjusted_micro_usd) / 1000000.0, 6),
           round((b.reserved - x.expired) / 1000000.0, 6), round((b.remaining + x.expired) / 1000000.0, 6),
           case when p.limit_micro_usd > 0
                then round((b.spent + p.adjusted_micro_usd) * 100.0 / p.limit_micro_usd, 2) end,
           b.spent + p.adjusted_micro_usd > p.limit_micro_usd
      from public.budget_periods as p
     cross join lateral private.budget_balance(p.company_id, p.id) as b
     cross join lateral (
       select coalesce(sum(r.amount_micro_usd), 0)::bigint as expired
         from private.budget_reservations as r
        where r.company_id = p.company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
          and p.id = any (r.held_in)
     ) as x
     where p.company_id = p_company_id and p.status = 'open'
       and p.starts_at <= clock_timestamp() and p.ends_at > clock_timestamp()
     order by array_position('{company,agent,service}', p.scope), p.agent_id, p.service;
  if not found then
    select * into v_plan from private.plan_limit(p_company_id);
    v_month := date_trunc('month', clock_timestamp() at time zone v_zone)::date;
    return query
      select 'company', null::uuid, null::text, v_month, v_month::timestamp at time zone v_zone,
             (v_month + interval '1 month') at time zone v_zone, v_plan.enforcement,
             round(v_plan.limit_micro_usd / 1000000.0, 6), 0.0, 0.0, round(v_plan.limit_micro_usd / 1000000.0, 6),
             case when v_plan.limit_micro_usd > 0 then 0.0 end, false;
  end if;
end
$fn$;
revoke execute on function private.budget_status(uuid) from public;
grant execute on function private.budget_status(uuid) to authenticated, platform_admin, service_role;

create or replace function private.adjust_budget(
  p_company_id uuid, p_month date, p_amount numeric, p_reason text, p_adjustment_id uuid
) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_amount bigint;
  v_period public.budget_periods;
  v_known public.budget_adjustments;
  v_id uuid := coalesce(p_adjustment_id, gen_random_uuid());
begin
  perform private.require_operator();
  if p_amount is null or not (p_amount <> 0 and p_amount between -1000000000 and 1000000000) then
    raise exception 'amount is %, which is no adjustment', coalesce(p_amount::text, 'null')
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = 'State amount in US dollars: negative for a credit, positive for a correction, not 0.';
  end if;
  v_amount := round(p_amount * 1000000)::bigint;
  if v_amount = 0 or p_reason is null or p_reason !~ '\S' or length(p_reason) > 1000 then
    raise exception 'an adjustment needs an amount of a millionth at least and a reason of 1 to 1000 characters'
      using errcode = '22023',
            detail = 'invalid_adjustment',
            hint = 'Say why the month is adjusted; it is kept with the adjustment and in the audit log.';
  end if;
  if p_month = date_trunc('month', p_month)::date then
    perform private.open_budget_month(p_company_id);
  end if;
  select * into v_period from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.month = p_month;
  if not found then
    raise exception 'company % has no budget for %', coalesce(p_company_id::text, 'null'), coalesce(p_month::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_budget_month',
            hint = 'State the first day of a month that stands in budget_periods of the company.';
  end if;
  v_period := private.lock_budget(p_company_id, v_period.id);
  insert into public.budget_adjustments (company_id, id, budget_period_id, amount_micro_usd, reason)
  values (p_company_id, v_id, v_period.id, v_amount, p_reason)
  on conflict (company_id, id) do nothing;
  if not found then
    select * into v_known from public.budget_adjustments as a where a.company_id = p_company_id and a.id = v_id;
    if (v_known.budget_period_id, v_known.amount_micro_usd, v_known.reason)
       is distinct from (v_period.id, v_amount, p_reason)
    then
      raise exception 'adjustment % was made for something else', v_id
        using errcode = 'PT422',
              detail = 'adjustment_reused',
              hint = 'A retry repeats the request as it was; another request takes another adjustment_id.';
    end if;
    return v_id;
  end if;
  update public.budget_periods as p
     set adjusted_micro_usd = p.adjusted_micro_usd + v_amount
   where p.company_id = p_company_id and p.id = v_period.id;
  if v_period.status = 'open' then
    perform private.raise_budget_alerts(p_company_id, v_period.id);
  end if;
  perform private.write_audit(p_company_id, 'budget.adjusted', 'budget_adjustments', v_id, jsonb_build_object(
    'month', p_month, 'amount_micro_usd', v_amount, 'reason', p_reason));
  return v_id;
end
$fn$;
revoke execute on function private.adjust_budget(uuid, date, numeric, text, uuid) from public;
grant execute on function private.adjust_budget(uuid, date, numeric, text, uuid) to platform_admin, service_role;

-- What is counted for a budget and what the ledger and the reservations say, in one snapshot: whoever spends commits both
-- at once, so that they agree at every instant and no lock is needed to see it.
create or replace function private.compare_budget(
  p_company_id uuid, p_period_id uuid, out counted bigint, out ledger bigint, out reserved bigint, out held bigint
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select b.spent, private.ledger_total(p_company_id, p.month, p.starts_at, p.ends_at, p.agent_id, p.service),
         b.reserved, h.held
    into counted, ledger, reserved, held
    from public.budget_periods as p
   cross join lateral private.budget_balance(p_company_id, p.id) as b
   cross join lateral (
     select coalesce(sum(r.amount_micro_usd), 0)::bigint as held
       from private.budget_reservations as r
      where r.company_id = p_company_id and r.held_in <> '{}' and p.id = any (r.held_in)
   ) as h
   where p.company_id = p_company_id and p.id = p_period_id;
end
$fn$;
revoke execute on function private.compare_budget(uuid, uuid) from public;

create or replace function private.reconcile_budget(p_company_id uuid, p_month date, p_mend boolean)
returns table (
  budget_period_id uuid, scope text, agent_id uuid, service text, status text, counted_usd numeric, ledger_usd numeric,
  difference_usd numeric, held_difference_usd numeric, is_mended boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_period public.budget_periods;
  v record;
begin
  perform private.require_operator();
  for v_period in
    select p.* from public.budget_periods as p
     where p.company_id = p_company_id and p.month = p_month
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    -- The limit of an agent or a service that was lifted counts nothing any more.
    continue when v_period.status = 'closed' and v_period.scope <> 'company';
    select * into v from private.compare_budget(p_company_id, v_period.id);
    is_mended := p_mend and v_period.status = 'open' and (v.counted, v.reserved) <> (v.ledger, v.held);
    if is_mended then
      -- Whoever is at it has finished; what is still different stays so until it is mended.
      v_period := private.lock_budget(p_company_id, v_period.id);
      select * into v from private.compare_budget(p_company_id, v_period.id);
      is_mended := v_period.status = 'open' and (v.counted, v.reserved) <> (v.ledger, v.held);
    end if;
    budget_period_id := v_period.id;
    scope := v_period.scope;
    agent_id := v_period.agent_id;
    service := v_period.service;
    status := v_period.status;
    counted_usd := round(v.counted / 1000000.0, 6);
    ledger_usd := round(v.ledger / 1000000.0, 6);
    difference_usd := round((v.counted - v.ledger) / 1000000.0, 6);
    held_difference_usd := round((v.reserved - v.held) / 1000000.0, 6);
    if is_mended then
      update public.budget_periods as p
         set spent_micro_usd = v.ledger, reserved_micro_usd = v.held
       where p.company_id = p_company_id and p.id = v_period.id;
      perform private.raise_budget_alerts(p_company_id, v_period.id);
      perform private.emit_event(p_company_id, 'budget.mended', jsonb_build_object(
        'budget_period_id', v_period.id, 'month', to_char(v_period.month, 'YYYY-MM'), 'scope', v_period.scope,
        'difference_usd', difference_usd, 'held_difference_usd', held_difference_usd));
    end if;
    insert into private.budget_reconciliations as r (company_id, budget_period_id, reconciled_at)
    values (p_company_id, v_period.id, clock_timestamp())
    on conflict on constraint budget_reconciliations_pkey do update set reconciled_at = excluded.reconciled_at;
    return next;
  end loop;
  if v_period.id is null then
    raise exception 'company % has no budget for %', coalesce(p_company_id::text, 'null'), coalesce(p_month::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_budget_month',
            hint = 'State the first day of a month that stands in budget_periods of the company.';
  end if;
end
$fn$;
revoke execute on function private.reconcile_budget(uuid, date, boolean) from public;
grant execute on function private.reconcile_budget(uuid, date, boolean) to platform_admin, service_role;

-- A month stays open for three days, so that what comes late still finds it; the new one is open meanwhile. Months that
-- somebody is at are left to the next run.
create or replace function private.close_budget_periods(p_grace interval default interval '3 days') returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_due record;
  v_period public.budget_periods;
  v_closed integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_due in
    select p.company_id, p.id from public.budget_periods as p
     where p.status = 'open' and p.ends_at < clock_timestamp() - p_grace and p.company_id <> all (v_frozen)
     order by p.company_id, p.month, array_position('{company,agent,service}', p.scope), p.id
     limit 1000
  loop
    perform from public.budget_periods as p
      where p.company_id = v_due.company_id and p.id = v_due.id and p.status = 'open'
        for no key update skip locked;
    continue when not found;
    while private.release_expired_holds(v_due.company_id, v_due.id) > 0 loop
      null;
    end loop;
    v_period := private.lock_budget(v_due.company_id, v_due.id);
    delete from private.budget_stripes as s
     where s.company_id = v_due.company_id and s.budget_period_id = v_due.id;
    update public.budget_periods as p
       set status = 'closed', closed_at = clock_timestamp(), stripe_count = 0, contention = 0
     where p.company_id = v_due.company_id and p.id = v_due.id;
    v_closed := v_closed + 1;
    if v_period.scope = 'company' then
      perform private.emit_event(v_due.company_id, 'budget.period_closed', jsonb_build_object(
        'budget_period_id', v_due.id, 'month', to_char(v_period.month, 'YYYY-MM'),
        'limit_micro_usd', v_period.limit_micro_usd, 'spent_micro_usd', v_period.spent_micro_usd,
        'adjusted_micro_usd', v_period.adjusted_micro_usd));
    end if;
  end loop;
  return v_closed;
end
$fn$;
revoke execute on function private.close_budget_periods(interval) from public;

-- Brings home what busy budgets counted since their last call, so that their rows are right also when calls cease.
create or replace function private.flush_budgets() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_busy record;
  v_flushed integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_busy in
    select p.company_id, p.id from public.budget_periods as p
     where p.status = 'open' and p.stripe_count > 0 and p.company_id <> all (v_frozen)
       and exists (
         select from private.budget_stripes as s
          where s.company_id = p.company_id and s.budget_period_id = p.id and (s.spent, s.reserved) <> (0, 0))
     order by p.company_id, array_position('{company,agent,service}', p.scope), p.id
       for no key update of p skip locked
  loop
    perform private.fold_stripes(v_busy.company_id, v_busy.id, null, false, false);
    v_flushed := v_flushed + 1;
  end loop;
  return v_flushed;
end
$fn$;
revoke execute on function private.flush_budgets() from public;

-- Some companies a run, those that were left longest first.
create or replace function private.reconcile_budgets(p_companies integer default 50) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_open record;
  v_count integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_open in
    select p.company_id, p.month from public.budget_periods as p
      left join private.budget_reconciliations as r on r.company_id = p.company_id and r.budget_period_id = p.id
     where p.scope = 'company' and p.status = 'open' and p.company_id <> all (v_frozen)
       and (r.reconciled_at is null or r.reconciled_at < clock_timestamp() - interval '20 hours')
     order by r.reconciled_at nulls first, p.company_id
     limit p_companies
  loop
    perform private.reconcile_budget(v_open.company_id, v_open.month, true);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$fn$;
revoke execute on function private.reconcile_budgets(integer) from public;

-- What no retry asks for any more: 30 days.
create or replace function private.prune_budgets() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_count integer;
  v_pruned integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  delete from private.usage_keys as k
   where k.created_at < now() - interval '30 days' and k.company_id <> all (v_frozen);
  get diagnostics v_count = row_count;
  v_pruned := v_pruned + v_count;
  delete from private.budget_reservations as r
   where greatest(r.expires_at, r.created_at) < now() - interval '30 days' and r.company_id <> all (v_frozen)
     and not exists (
       select from public.budget_periods as p
        where p.company_id = r.company_id and p.id = any (r.held_in) and p.status = 'open');
  get diagnostics v_count = row_count;
  v_pruned := v_pruned + v_count;
  delete from private.outbox_events as e
   where e.status <> 'pending' and e.finished_at < now() - interval '30 days' and e.company_id <> all (v_frozen);
  get diagnostics v_count = row_count;
  return v_pruned + v_count;
end
$fn$;
revoke execute on function private.prune_budgets() from public;

create or replace function public.budget_status(company_id uuid)
returns table (
  scope text, agent_id uuid, service text, budget_month date, period_starts_at timestamptz, period_ends_at timestamptz,
  enforcement text, limit_usd numeric, spent_usd numeric, reserved_usd numeric, remaining_usd numeric,
  spent_percent numeric, is_over_budget boolean
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.budget_status(budget_status.company_id);
end
$fn$;
revoke execute on function public.budget_status(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.budget_status(uuid) to authenticated, platform_admin, service_role;

create or replace function public.adjust_budget(
  company_id uuid, month date, amount numeric, reason text, adjustment_id uuid default null
) returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.adjust_budget(company_id, month, amount, reason, adjustment_id);
end
$fn$;
revoke execute on function public.adjust_budget(uuid, date, numeric, text, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.adjust_budget(uuid, date, numeric, text, uuid) to platform_admin, service_role;

create or replace function public.reconcile_budget(company_id uuid, month date, mend boolean default true)
returns table (
  budget_period_id uuid, scope text, agent_id uuid, service text, status text, counted_usd numeric, ledger_usd numeric,
  difference_usd numeric, held_difference_usd numeric, is_mended boolean
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
    select * from private.reconcile_budget(reconcile_budget.company_id, reconcile_budget.month, reconcile_budget.mend);
end
$fn$;
revoke execute on function public.reconcile_budget(uuid, date, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.reconcile_budget(uuid, date, boolean) to platform_admin, service_role;

create or replace trigger set_row_meta
  before insert on public.budget_adjustments
  for each row execute function private.tg_row__set_creator();
create or replace trigger refuse_change
  before update on public.budget_adjustments
  for each row execute function private.tg_row__refuse_change('budget_adjustments');
create or replace trigger keep_tenant
  before update on public.budget_adjustments
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('budget_adjustments');

alter table public.budget_adjustments enable row level security;
drop policy if exists select_member on public.budget_adjustments;
create policy select_member on public.budget_adjustments
  for select to authenticated
  using (company_id = (select private.company_for('usage.read')));
drop policy if exists select_platform_admin on public.budget_adjustments;
create policy select_platform_admin on public.budget_adjustments
  for select to platform_admin
  using ((select private.is_platform_admin()));

-- No write for anybody on purpose but the function, which also writes the audit log; service_role only brings rows in,
-- when a company is imported.
revoke all on table public.budget_adjustments from public, anon, authenticated, platform_admin, service_role;
grant select on table public.budget_adjustments to authenticated;
grant select on table public.budget_adjustments to platform_admin;
grant select on table public.budget_adjustments to service_role;
grant insert (
  company_id, id, budget_period_id, amount_micro_usd, reason, created_at, created_by
) on table public.budget_adjustments to service_role;

comment on table public.budget_adjustments is 'Credits (negative) and corrections (positive) to a month of a company, also a closed one. Append-only; written by adjust_budget().';
comment on column public.budget_adjustments.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.budget_adjustments.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.budget_adjustments.budget_period_id is 'Month that it adjusts, of the same company.';
comment on column public.budget_adjustments.amount_micro_usd is 'Amount in millionths of a US dollar; negative for a credit.';
comment on column public.budget_adjustments.reason is 'Why.';
comment on column public.budget_adjustments.created_at is 'When the row was recorded.';
comment on column public.budget_adjustments.created_by is 'Auth user who recorded the row; null for backend jobs. No foreign key: it outlives the account.';
comment on policy select_member on public.budget_adjustments is 'Members holding usage.read see the rows of their active company.';
comment on policy select_platform_admin on public.budget_adjustments is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';
comment on function private.require_operator() is
  'Passes for platform operators and the backend. Errors: 42501 not_an_operator.';
comment on function private.require_reader(uuid, text) is
  'Passes for a member''s active company in which they hold the permission, for operators and for the backend. Errors: 42501 not_your_company, not_an_operator.';
comment on table private.budget_reconciliations is 'When a budget was last compared with the ledger.';
comment on function private.compare_budget(uuid, uuid) is
  'Spent and held of a budget as counted and as the ledger and the reservations say, in micro-dollars. Takes no lock.';
comment on function private.budget_status(uuid) is 'Implementation of public.budget_status().';
comment on function private.adjust_budget(uuid, date, numeric, text, uuid) is 'Implementation of public.adjust_budget().';
comment on function private.reconcile_budget(uuid, date, boolean) is 'Implementation of public.reconcile_budget().';
comment on function private.close_budget_periods(interval) is
  'Closes months that ended longer ago than the grace, at most 1,000 budgets a run, with event budget.period_closed; how many. Run every hour.';
comment on function private.flush_budgets() is 'Shows in budget_periods what busy budgets counted since; how many. Run every minute.';
comment on function private.reconcile_budgets(integer) is
  'Mends the open months of at most so many companies that were not compared for 20 hours; how many. Run every minute of the night.';
comment on function private.prune_budgets() is
  'Deletes idempotency keys, finished reservations and finished events older than 30 days; how many. Run every night.';
comment on function public.budget_status(uuid) is
  'The running month of a company at this instant, to the call: a row for the company and one for each limited agent and service. Amounts in US dollars. budget_periods shows the same with up to a minute''s delay for busy budgets, and live. Members holding usage.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';
comment on function public.adjust_budget(uuid, date, numeric, text, uuid) is
  'Adjusts a month of a company, open or closed, by amount (US dollars; negative is a credit), with a reason, and writes the audit log (budget.adjusted); the id of the adjustment. A client that may retry chooses adjustment_id. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_amount, invalid_adjustment; PT404 unknown_budget_month; PT422 adjustment_reused.';
comment on function public.reconcile_budget(uuid, date, boolean) is
  'Compares what is counted for a month (its first day) with the ledger and the reservations, budget by budget; with mend, an open month is corrected. A closed month is only reported: adjust_budget() corrects it. Operators and service_role. Errors: 42501 not_an_operator; PT404 unknown_budget_month.';

-- migrate:down
