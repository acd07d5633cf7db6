-- migrate:up
-- Budget periods and alerts. Only functions move the counters; members watch them, live.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- A company's budget month by month: what may be spent, what is spent and what is held. Months are calendar
-- months in the company's time zone.
create table if not exists public.budget_periods (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  month date not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  limit_micro_usd bigint not null,
  spent_micro_usd bigint not null default 0,
  reserved_micro_usd bigint not null default 0,
  status text not null default 'open',
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint budget_periods_month_is_unique_in_company unique (company_id, month),
  constraint budget_periods_month_is_first_day check (extract(day from month) = 1),
  constraint budget_periods_ends_after_start check (ends_at > starts_at),
  constraint budget_periods_amounts_are_not_negative check (limit_micro_usd >= 0 and spent_micro_usd >= 0 and reserved_micro_usd >= 0),
  constraint budget_periods_status_is_known check (status in ('open', 'closed')),
  constraint budget_periods_closed_at_set_when_closed check ((status = 'closed') = (closed_at is not null))
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

create or replace trigger set_row_meta
  before insert or update on public.budget_periods
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.budget_periods
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('budget_periods');

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

-- No write for members and admins on purpose: the counters move with the ledger, through functions.
revoke all on table public.budget_periods from public, anon, authenticated, platform_admin, service_role;
grant select on table public.budget_periods to authenticated;
grant select on table public.budget_periods to platform_admin;
grant select on table public.budget_periods to service_role;
grant insert (
  company_id, id, month, starts_at, ends_at, limit_micro_usd, spent_micro_usd, reserved_micro_usd, status,
  closed_at, created_at, updated_at, created_by, updated_by
) on table public.budget_periods to service_role;
grant update (
  month, starts_at, ends_at, limit_micro_usd, spent_micro_usd, reserved_micro_usd, status, closed_at,
  updated_at, created_by, updated_by
) on table public.budget_periods to service_role;

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

comment on table public.budget_periods is 'Budget of a company per calendar month (its time zone). Amounts in millionths of a US dollar.';
comment on column public.budget_periods.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.budget_periods.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.budget_periods.month is 'First day of the month, in the company''s time zone.';
comment on column public.budget_periods.starts_at is 'First instant of the month.';
comment on column public.budget_periods.ends_at is 'First instant of the next month.';
comment on column public.budget_periods.limit_micro_usd is 'Limit in force, millionths of a US dollar.';
comment on column public.budget_periods.spent_micro_usd is 'Spent so far.';
comment on column public.budget_periods.reserved_micro_usd is 'Held by reservations.';
comment on column public.budget_periods.status is 'open or closed.';
comment on column public.budget_periods.closed_at is 'When it was closed; set exactly when it is.';
comment on column public.budget_periods.created_at is 'When the row was created.';
comment on column public.budget_periods.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.budget_periods.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.budget_periods.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.budget_periods is 'Members holding usage.read see the rows of their active company.';
comment on policy select_platform_admin on public.budget_periods is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

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

comment on function private.tg_budget_alerts__set_acknowledged_by() is 'Row trigger: the first acknowledgement counts, its time and author are the database''s.';

-- migrate:down
