-- migrate:up
-- Budgets month by month, limits of services, and alerts. Only functions move the counters; members watch them, live.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- A budget month by month: what may be spent, what is spent and what is held. Months are calendar months in the
-- company's time zone. Each company has one a month, and one more for each agent and each service that is limited.
-- While one row is enough, it is the counter; a budget that many work on at once is counted in private.budget_stripes
-- and brought here every second.
create table if not exists public.budget_periods (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  month date not null,
  scope text not null default 'company',
  agent_id uuid,
  service text,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  limit_micro_usd bigint not null,
  adjusted_micro_usd bigint not null default 0,
  spent_micro_usd bigint not null default 0,
  reserved_micro_usd bigint not null default 0,
  enforcement text not null default 'hard',
  alert_percents integer[] not null default '{}',
  watch_micro_usd bigint,
  stripe_count smallint not null default 0,
  contention smallint not null default 0,
  agent_limit_count integer not null default 0,
  service_limit_count integer not null default 0,
  generation integer not null default 0,
  status text not null default 'open',
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint budget_periods_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete cascade,
  -- The one condition on what moves with every call. A CHECK costs some microseconds per statement, touched or not, so
  -- what never moves is checked by trigger.
  constraint budget_periods_amounts_are_not_negative check (limit_micro_usd >= 0 and spent_micro_usd >= 0 and reserved_micro_usd >= 0)
) with (fillfactor = 70);

-- What a company allows itself for one service a month; agents carry theirs in ai_agents.
create table if not exists public.service_limits (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  service text not null,
  monthly_limit_micro_usd bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint service_limits_service_is_unique_in_company unique (company_id, service),
  constraint service_limits_service_is_not_blank check (service ~ '\S' and length(service) <= 120),
  constraint service_limits_monthly_limit_micro_usd_is_possible check (monthly_limit_micro_usd between 0 and 1000000000000000)
);

-- Thresholds that a company's spending crossed, each once a month.
create table if not exists public.budget_alerts (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  budget_period_id uuid not null,
  threshold_percent integer not null,
  limit_micro_usd bigint not null,
  spent_micro_usd bigint not null,
  acknowledged_at timestamptz,
  acknowledged_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint budget_alerts_budget_period_fk foreign key (company_id, budget_period_id)
    references public.budget_periods (company_id, id) on delete cascade,
  constraint budget_alerts_fire_once_a_period unique (company_id, budget_period_id, threshold_percent),
  constraint budget_alerts_threshold_percent_is_in_range check (threshold_percent between 1 and 1000),
  constraint budget_alerts_amounts_are_not_negative check (limit_micro_usd >= 0 and spent_micro_usd >= 0),
  constraint budget_alerts_acknowledged_by_needs_time check (acknowledged_by is null or acknowledged_at is not null)
);

-- The company's budgets, latest first; also: one a month.
create unique index if not exists budget_periods_company_id_month_idx
  on public.budget_periods (company_id, month) where scope = 'company';
-- The months of a company that are not closed: one, seldom two.
create index if not exists budget_periods_company_id_open_idx
  on public.budget_periods (company_id) where scope = 'company' and status = 'open';
-- The budget of an agent; also: one a month.
create unique index if not exists budget_periods_company_id_agent_id_month_idx
  on public.budget_periods (company_id, agent_id, month);
-- The budget of a service; also: one a month.
create unique index if not exists budget_periods_company_id_service_month_idx
  on public.budget_periods (company_id, service, month);
-- Latest alerts.
create index if not exists budget_alerts_company_id_created_at_idx
  on public.budget_alerts (company_id, created_at desc);

create or replace function private.tg_budget_alerts__set_acknowledged_by() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  if old.acknowledged_at is not null then
    new.acknowledged_at := old.acknowledged_at;
    new.acknowledged_by := old.acknowledged_by;
  elsif new.acknowledged_at is not null then
    new.acknowledged_at := now();
    new.acknowledged_by := private.current_user_id();
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_budget_alerts__set_acknowledged_by() from public;

create or replace function private.tg_budget_periods__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_wrong text := case
    when new.scope not in ('company', 'agent', 'service') then 'scope is company, agent or service'
    when (new.scope = 'agent') <> (new.agent_id is not null) then 'agent_id is set for scope agent only'
    when (new.scope = 'service') <> (new.service is not null) then 'service is set for scope service only'
    when extract(day from new.month) <> 1 then 'month is the first day of a month'
    when new.ends_at <= new.starts_at then 'a month ends after it starts'
    when new.enforcement not in ('hard', 'soft') then 'enforcement is hard or soft'
    when new.stripe_count not in (0, 64) then 'stripe_count is 0 or 64'
    when new.status not in ('open', 'closed') then 'status is open or closed'
    when (new.status = 'closed') <> (new.closed_at is not null) then 'closed_at is set exactly when the month is closed'
  end;
begin
  if v_wrong is not null then
    raise exception '%', v_wrong
      using errcode = '23514',
            detail = 'invalid_budget_period',
            hint = 'Budgets are kept by functions; see check_budget_before_usage().';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_budget_periods__check() from public;

-- What has been accounted for stays: a credit or a correction is a row of budget_adjustments, which moves
-- adjusted_micro_usd and nothing else.
create or replace function private.tg_budget_periods__keep_closed() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  -- A limit that was lifted may come back while its month lasts.
  if old.ends_at > now() and old.scope <> 'company' then
    return new;
  end if;
  if (new.month, new.starts_at, new.ends_at, new.limit_micro_usd, new.spent_micro_usd, new.reserved_micro_usd, new.status)
     is distinct from
     (old.month, old.starts_at, old.ends_at, old.limit_micro_usd, old.spent_micro_usd, old.reserved_micro_usd, old.status)
  then
    raise exception 'the budget of % is closed', to_char(old.month, 'YYYY-MM')
      using errcode = '23514',
            detail = 'budget_period_closed',
            hint = 'Record a credit or a correction with adjust_budget().';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_budget_periods__keep_closed() from public;

-- The counters move with every call; they neither wait for these triggers nor need them.
create or replace trigger check_period
  before insert or update of month, scope, agent_id, service, starts_at, ends_at, enforcement, stripe_count, status, closed_at
  on public.budget_periods
  for each row execute function private.tg_budget_periods__check();
create or replace trigger set_row_meta
  before insert or update of
    company_id, id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, adjusted_micro_usd, enforcement,
    alert_percents, status, closed_at, created_at, updated_by, created_by
  on public.budget_periods
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update of company_id, id on public.budget_periods
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('budget_periods');
create or replace trigger keep_closed
  before update on public.budget_periods
  for each row when (old.status = 'closed')
  execute function private.tg_budget_periods__keep_closed();

create or replace trigger set_row_meta
  before insert or update on public.service_limits
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.service_limits
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('service_limits');

create or replace trigger set_row_meta
  before insert or update on public.budget_alerts
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.budget_alerts
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('budget_alerts');
create or replace trigger set_acknowledged_by
  before update of acknowledged_at on public.budget_alerts
  for each row execute function private.tg_budget_alerts__set_acknowledged_by();

alter table public.budget_periods enable row level security;
drop policy if exists select_member on public.budget_periods;
create policy select_member on public.budget_periods
  for select to authenticated
  using (company_id = (select private.company_for('usage.read')));
drop policy if exists select_platform_admin on public.budget_periods;
create policy select_platform_admin on public.budget_periods
  for select to platform_admin
  using ((select private.is_platform_admin()));

alter table public.service_limits enable row level security;
drop policy if exists select_member on public.service_limits;
create policy select_member on public.service_limits
  for select to authenticated
  using (company_id = (select private.company_for('usage.read')));
drop policy if exists insert_member on public.service_limits;
create policy insert_member on public.service_limits
  for insert to authenticated
  with check (company_id = (select private.company_for('billing.write')));
drop policy if exists update_member on public.service_limits;
create policy update_member on public.service_limits
  for update to authenticated
  using (company_id = (select private.company_for('billing.write')))
  with check (company_id = (select private.company_for('billing.write')));
drop policy if exists delete_member on public.service_limits;
create policy delete_member on public.service_limits
  for delete to authenticated
  using (company_id = (select private.company_for('billing.write')));
drop policy if exists all_platform_admin on public.service_limits;
create policy all_platform_admin on public.service_limits
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.budget_alerts enable row level security;
drop policy if exists select_member on public.budget_alerts;
create policy select_member on public.budget_alerts
  for select to authenticated
  using (company_id = (select private.company_for('usage.read')));
drop policy if exists update_member on public.budget_alerts;
create policy update_member on public.budget_alerts
  for update to authenticated
  using (company_id = (select private.company_for('usage.write')))
  with check (company_id = (select private.company_for('usage.write')));
drop policy if exists all_platform_admin on public.budget_alerts;
create policy all_platform_admin on public.budget_alerts
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

-- No write for members and admins on purpose: the counters move with the ledger, through functions. service_role only
-- brings rows in, when a company is imported.
revoke all on table public.budget_periods from public, anon, authenticated, platform_admin, service_role;
grant select on table public.budget_periods to authenticated;
grant select on table public.budget_periods to platform_admin;
grant select on table public.budget_periods to service_role;
grant insert (
  company_id, id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, adjusted_micro_usd,
  spent_micro_usd, reserved_micro_usd, enforcement, alert_percents, watch_micro_usd, agent_limit_count,
  service_limit_count, status, closed_at,
  created_at, updated_at, created_by, updated_by
) on table public.budget_periods to service_role;

revoke all on table public.service_limits from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.service_limits to authenticated;
grant insert (company_id, id, service, monthly_limit_micro_usd) on table public.service_limits to authenticated;
grant update (service, monthly_limit_micro_usd) on table public.service_limits to authenticated;
grant select, delete on table public.service_limits to platform_admin;
grant insert (company_id, id, service, monthly_limit_micro_usd) on table public.service_limits to platform_admin;
grant update (service, monthly_limit_micro_usd) on table public.service_limits to platform_admin;
grant select, delete on table public.service_limits to service_role;
grant insert (
  company_id, id, service, monthly_limit_micro_usd, created_at, updated_at, created_by, updated_by
) on table public.service_limits to service_role;
grant update (
  service, monthly_limit_micro_usd, updated_at, created_by, updated_by
) on table public.service_limits to service_role;

-- Members may only acknowledge an alert; alerts come from the budget functions.
revoke all on table public.budget_alerts from public, anon, authenticated, platform_admin, service_role;
grant select on table public.budget_alerts to authenticated;
grant update (acknowledged_at) on table public.budget_alerts to authenticated;
grant select on table public.budget_alerts to platform_admin;
grant update (acknowledged_at) on table public.budget_alerts to platform_admin;
grant select on table public.budget_alerts to service_role;
grant insert (
  company_id, id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd, acknowledged_at,
  acknowledged_by, created_at, updated_at, created_by, updated_by
) on table public.budget_alerts to service_role;
grant update (
  budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd, acknowledged_at, acknowledged_by,
  updated_at, created_by, updated_by
) on table public.budget_alerts to service_role;

comment on table public.budget_periods is 'Budget of a company per calendar month (its time zone), and of each limited agent and service. Amounts in millionths of a US dollar. A busy budget is up to a second behind; budget_status() is exact.';
comment on column public.budget_periods.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.budget_periods.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.budget_periods.month is 'First day of the month, in the company''s time zone.';
comment on column public.budget_periods.scope is 'What it limits: company (the plan), agent or service.';
comment on column public.budget_periods.agent_id is 'AI agent that it limits, of the same company; set for scope agent.';
comment on column public.budget_periods.service is 'Service that it limits; set for scope service.';
comment on column public.budget_periods.starts_at is 'First instant of the month.';
comment on column public.budget_periods.ends_at is 'First instant of the next month.';
comment on column public.budget_periods.limit_micro_usd is 'Limit in force, millionths of a US dollar.';
comment on column public.budget_periods.adjusted_micro_usd is 'Sum of credits (negative) and corrections (positive); counts as spent.';
comment on column public.budget_periods.spent_micro_usd is 'Spent so far.';
comment on column public.budget_periods.reserved_micro_usd is 'Held by reservations.';
comment on column public.budget_periods.enforcement is 'hard: usage beyond the limit is refused; soft: it is recorded, flagged and alerted.';
comment on column public.budget_periods.alert_percents is 'Percent of the limit at which an alert is raised.';
comment on column public.budget_periods.watch_micro_usd is 'Spending at which something is due next: an alert, or the step over a soft limit. Null for nothing.';
comment on column public.budget_periods.stripe_count is 'Over how many internal counters a busy budget is spread; 0 while this row is the counter.';
comment on column public.budget_periods.contention is 'How often somebody was seen waiting for this row; a few times, and the budget is spread.';
comment on column public.budget_periods.agent_limit_count is 'Number of agents that are limited this month; kept for scope company.';
comment on column public.budget_periods.service_limit_count is 'Number of services that are limited this month; kept for scope company.';
comment on column public.budget_periods.generation is 'Grows with every change of limits; counters of an earlier generation are void.';
comment on column public.budget_periods.status is 'open or closed. Closed months take adjustments only.';
comment on column public.budget_periods.closed_at is 'When it was closed; set exactly when it is.';
comment on column public.budget_periods.created_at is 'When the row was created.';
comment on column public.budget_periods.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.budget_periods.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.budget_periods.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.budget_periods is 'Members holding usage.read see the rows of their active company.';
comment on policy select_platform_admin on public.budget_periods is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.service_limits is 'Limits that a company sets for single services, a calendar month. Hard: usage beyond one is refused.';
comment on column public.service_limits.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.service_limits.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.service_limits.service is 'Metered service, as it stands in api_usage.service.';
comment on column public.service_limits.monthly_limit_micro_usd is 'Limit a month, millionths of a US dollar.';
comment on column public.service_limits.created_at is 'When the row was created.';
comment on column public.service_limits.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.service_limits.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.service_limits.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.service_limits is 'Members holding usage.read see the rows of their active company.';
comment on policy insert_member on public.service_limits is 'Members holding billing.write add rows to their active company only.';
comment on policy update_member on public.service_limits is 'Members holding billing.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.service_limits is 'Members holding billing.write delete rows of their active company.';
comment on policy all_platform_admin on public.service_limits is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.budget_alerts is 'Alerts: a threshold of the monthly limit was reached.';
comment on column public.budget_alerts.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.budget_alerts.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.budget_alerts.budget_period_id is 'Month that it belongs to, of the same company.';
comment on column public.budget_alerts.threshold_percent is 'Threshold, percent of the limit.';
comment on column public.budget_alerts.limit_micro_usd is 'Limit when it fired, millionths of a US dollar.';
comment on column public.budget_alerts.spent_micro_usd is 'Spent when it fired.';
comment on column public.budget_alerts.acknowledged_at is 'When somebody took note.';
comment on column public.budget_alerts.acknowledged_by is 'Who took note; set with acknowledged_at.';
comment on column public.budget_alerts.created_at is 'When the row was created.';
comment on column public.budget_alerts.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.budget_alerts.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.budget_alerts.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.budget_alerts is 'Members holding usage.read see the rows of their active company.';
comment on policy update_member on public.budget_alerts is 'Members holding usage.write change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.budget_alerts is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on function private.tg_budget_periods__check() is
  'Row trigger: what CHECKs would say of columns that never move with a call. Errors: 23514 invalid_budget_period.';
comment on function private.tg_budget_periods__keep_closed() is
  'Row trigger: a closed month takes adjustments only; a limit of an agent or service may come back while its month lasts. Errors: 23514 budget_period_closed.';
comment on function private.tg_budget_alerts__set_acknowledged_by() is 'Row trigger: the first acknowledgement counts, its time and author are the database''s.';

-- migrate:down
