-- migrate:up
-- The two fast-growing tables: logs of AI agents and the usage ledger. Their keys lead with company_id and time, so the
-- primary key is also the index of "latest first".

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What AI agents did, append-only and partitioned by month.
create table if not exists public.agent_logs (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  agent_id uuid not null,
  job_id uuid,
  level text not null default 'info',
  event text not null,
  message text,
  data jsonb not null default '{}',
  duration_ms integer,
  request_id text,
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (company_id, created_at, id),
  constraint agent_logs_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete no action,
  constraint agent_logs_job_fk foreign key (company_id, job_id)
    references public.jobs (company_id, id) on delete no action,
  constraint agent_logs_level_is_known check (level in ('debug', 'info', 'warning', 'error')),
  constraint agent_logs_event_is_dotted_name check (event ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
  constraint agent_logs_data_is_object check (jsonb_typeof(data) = 'object' and pg_column_size(data) <= 65536),
  constraint agent_logs_duration_ms_is_not_negative check (duration_ms >= 0)
) partition by range (created_at);

-- The usage ledger: every call that cost something, append-only and partitioned by month of occurrence. Money is
-- whole micro-dollars, so that sums over millions of rows are exact and fast.
create table if not exists public.api_usage (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  occurred_at timestamptz not null default now(),
  service text not null,
  model text,
  agent_id uuid,
  description text,
  unit text not null default 'request',
  units bigint not null default 1,
  input_tokens bigint,
  output_tokens bigint,
  cost_micro_usd bigint not null,
  budget_month date,
  is_out_of_month boolean not null default false,
  is_over_budget boolean not null default false,
  request_id text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (company_id, occurred_at, id),
  constraint api_usage_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete no action,
  constraint api_usage_service_is_not_blank check (service ~ '\S' and length(service) <= 120),
  constraint api_usage_unit_is_not_blank check (unit ~ '\S'),
  constraint api_usage_quantities_are_not_negative check (units >= 0 and input_tokens >= 0 and output_tokens >= 0),
  constraint api_usage_cost_micro_usd_is_not_negative check (cost_micro_usd >= 0),
  constraint api_usage_metadata_is_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 65536)
) partition by range (occurred_at);

-- Latest entries of an agent.
create index if not exists agent_logs_company_id_agent_id_created_at_idx
  on public.agent_logs (company_id, agent_id, created_at desc);
-- Entries of a job.
create index if not exists agent_logs_company_id_job_id_idx
  on public.agent_logs (company_id, job_id);

-- Usage of an agent.
create index if not exists api_usage_company_id_agent_id_occurred_at_idx
  on public.api_usage (company_id, agent_id, occurred_at desc);
-- What is charged to another month than the one it occurred in: few rows.
create index if not exists api_usage_company_id_out_of_month_idx
  on public.api_usage (company_id, budget_month) where is_out_of_month;
-- Usage of a service.
create index if not exists api_usage_company_id_service_occurred_at_idx
  on public.api_usage (company_id, service, occurred_at desc);

create or replace trigger set_row_meta
  before insert on public.agent_logs
  for each row execute function private.tg_row__set_creator();
create or replace trigger keep_tenant
  before update on public.agent_logs
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('agent_logs');

create or replace trigger set_row_meta
  before insert on public.api_usage
  for each row execute function private.tg_row__set_creator();
create or replace trigger keep_tenant
  before update on public.api_usage
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('api_usage');

alter table public.agent_logs enable row level security;
drop policy if exists select_member on public.agent_logs;
create policy select_member on public.agent_logs
  for select to authenticated
  using (company_id = (select private.company_for('agent_logs.read')));
drop policy if exists insert_member on public.agent_logs;
create policy insert_member on public.agent_logs
  for insert to authenticated
  with check (company_id = (select private.company_for('agent_logs.write')));
drop policy if exists all_platform_admin on public.agent_logs;
create policy all_platform_admin on public.agent_logs
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.api_usage enable row level security;
drop policy if exists select_member on public.api_usage;
create policy select_member on public.api_usage
  for select to authenticated
  using (company_id = (select private.company_for('usage.read')));
drop policy if exists select_platform_admin on public.api_usage;
create policy select_platform_admin on public.api_usage
  for select to platform_admin
  using ((select private.is_platform_admin()));

-- Append-only: no update for anybody, delete for retention (service_role) only.
revoke all on table public.agent_logs from public, anon, authenticated, platform_admin, service_role;
grant select on table public.agent_logs to authenticated;
grant insert (
  company_id, id, agent_id, job_id, level, event, message, data, duration_ms, request_id
) on table public.agent_logs to authenticated;
grant select on table public.agent_logs to platform_admin;
grant insert (
  company_id, id, agent_id, job_id, level, event, message, data, duration_ms, request_id
) on table public.agent_logs to platform_admin;
grant select, delete on table public.agent_logs to service_role;
grant insert (
  company_id, id, agent_id, job_id, level, event, message, data, duration_ms, request_id, created_at,
  created_by
) on table public.agent_logs to service_role;

-- No write for members and admins on purpose: usage enters through functions that check the budget.
revoke all on table public.api_usage from public, anon, authenticated, platform_admin, service_role;
grant select on table public.api_usage to authenticated;
grant select on table public.api_usage to platform_admin;
grant select, delete on table public.api_usage to service_role;
grant insert (
  company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens,
  output_tokens, cost_micro_usd, budget_month, is_out_of_month, is_over_budget, request_id, metadata, created_at, created_by
) on table public.api_usage to service_role;

-- A default partition, so that no row is ever refused for its date, and the coming months.
create table if not exists private.agent_logs_default partition of public.agent_logs default;
select private.close_partition('agent_logs_default');
create table if not exists private.api_usage_default partition of public.api_usage default;
select private.close_partition('api_usage_default');
insert into private.partitioned_tables (table_name) values
  ('agent_logs'),
  ('api_usage')
on conflict (table_name) do nothing;

select private.maintain_partitions();

comment on table public.agent_logs is 'Log of AI agents. Append-only; partitioned by month of created_at.';
comment on column public.agent_logs.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.agent_logs.id is 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';
comment on column public.agent_logs.agent_id is 'AI agent that logged, of the same company.';
comment on column public.agent_logs.job_id is 'Job that it worked on, of the same company.';
comment on column public.agent_logs.level is 'debug, info, warning or error.';
comment on column public.agent_logs.event is 'What happened, such as tool.called.';
comment on column public.agent_logs.message is 'The same for people.';
comment on column public.agent_logs.data is 'Details, an object.';
comment on column public.agent_logs.duration_ms is 'How long it took, milliseconds.';
comment on column public.agent_logs.request_id is 'Id of the request that caused it.';
comment on column public.agent_logs.created_at is 'When the row was recorded; also the partition key.';
comment on column public.agent_logs.created_by is 'Auth user who recorded the row; null for backend jobs.';
comment on policy select_member on public.agent_logs is 'Members holding agent_logs.read see the rows of their active company.';
comment on policy insert_member on public.agent_logs is 'Members holding agent_logs.write add rows to their active company only.';
comment on policy all_platform_admin on public.agent_logs is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.api_usage is 'Ledger of API usage. Append-only; partitioned by month of occurred_at. Written by the budget functions.';
comment on column public.api_usage.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.api_usage.id is 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';
comment on column public.api_usage.occurred_at is 'When the usage happened; the partition key.';
comment on column public.api_usage.service is 'Metered service, such as chat.completions.';
comment on column public.api_usage.model is 'Model that was used.';
comment on column public.api_usage.agent_id is 'AI agent that used it, of the same company.';
comment on column public.api_usage.description is 'What it was for.';
comment on column public.api_usage.unit is 'What units counts, such as request, token or second.';
comment on column public.api_usage.units is 'How many units.';
comment on column public.api_usage.input_tokens is 'Tokens sent.';
comment on column public.api_usage.output_tokens is 'Tokens received.';
comment on column public.api_usage.cost_micro_usd is 'Cost in millionths of a US dollar.';
comment on column public.api_usage.budget_month is 'Month that it is charged to, its first day; null if it is charged to none, such as imported history.';
comment on column public.api_usage.is_out_of_month is 'True if it is charged to another month than the one it occurred in: it came late, or was reserved before.';
comment on column public.api_usage.is_over_budget is 'True if it went over the limit and was recorded all the same.';
comment on column public.api_usage.request_id is 'Id of the request that caused it.';
comment on column public.api_usage.metadata is 'Details, an object.';
comment on column public.api_usage.created_at is 'When the row was recorded.';
comment on column public.api_usage.created_by is 'Auth user who recorded the row; null for backend jobs.';
comment on policy select_member on public.api_usage is 'Members holding usage.read see the rows of their active company.';
comment on policy select_platform_admin on public.api_usage is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

-- migrate:down
