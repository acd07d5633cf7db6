-- migrate:up
-- AI agents. Their logs and usage follow in agent_logs_and_api_usage.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- AI agents that a company runs. An agent with usage is archived, not deleted: the ledger refers to it.
create table if not exists public.ai_agents (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null,
  description text,
  provider text not null,
  model text not null,
  system_prompt text,
  configuration jsonb not null default '{}',
  temperature numeric(3,2),
  max_output_tokens integer,
  monthly_limit_micro_usd bigint,
  status text not null default 'active',
  archived_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint ai_agents_name_is_unique_in_company unique (company_id, name),
  constraint ai_agents_name_is_not_blank check (name ~ '\S' and length(name) <= 120),
  constraint ai_agents_provider_is_name check (provider ~ '^[a-z][a-z0-9_-]{1,39}$'),
  constraint ai_agents_model_is_not_blank check (model ~ '\S'),
  constraint ai_agents_configuration_is_object check (jsonb_typeof(configuration) = 'object' and pg_column_size(configuration) <= 65536),
  constraint ai_agents_temperature_is_in_range check (temperature between 0 and 2),
  constraint ai_agents_max_output_tokens_is_positive check (max_output_tokens > 0),
  constraint ai_agents_monthly_limit_micro_usd_is_possible check (monthly_limit_micro_usd between 0 and 1000000000000000),
  constraint ai_agents_status_is_known check (status in ('active', 'paused', 'archived')),
  constraint ai_agents_archived_at_set_when_archived check ((status = 'archived') = (archived_at is not null))
);

-- Active agents by name.
create index if not exists ai_agents_company_id_status_name_idx
  on public.ai_agents (company_id, status, name);

create or replace function private.tg_ai_agents__set_archived_at() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  new.archived_at := case when new.status = 'archived' then coalesce(new.archived_at, now()) end;
  return new;
end
$fn$;
revoke execute on function private.tg_ai_agents__set_archived_at() from public;

create or replace trigger set_row_meta
  before insert or update on public.ai_agents
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.ai_agents
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('ai_agents');
create or replace trigger set_archived_at
  before insert or update on public.ai_agents
  for each row execute function private.tg_ai_agents__set_archived_at();

alter table public.ai_agents enable row level security;
drop policy if exists select_member on public.ai_agents;
create policy select_member on public.ai_agents
  for select to authenticated
  using (company_id = (select private.company_for('agents.read')));
drop policy if exists insert_member on public.ai_agents;
create policy insert_member on public.ai_agents
  for insert to authenticated
  with check (company_id = (select private.company_for('agents.write')));
drop policy if exists update_member on public.ai_agents;
create policy update_member on public.ai_agents
  for update to authenticated
  using (company_id = (select private.company_for('agents.write')))
  with check (company_id = (select private.company_for('agents.write')));
drop policy if exists delete_member on public.ai_agents;
create policy delete_member on public.ai_agents
  for delete to authenticated
  using (company_id = (select private.company_for('agents.write')));
drop policy if exists all_platform_admin on public.ai_agents;
create policy all_platform_admin on public.ai_agents
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.ai_agents from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.ai_agents to authenticated;
grant insert (
  company_id, id, name, description, provider, model, system_prompt, configuration, temperature,
  max_output_tokens, monthly_limit_micro_usd, status
) on table public.ai_agents to authenticated;
grant update (
  name, description, provider, model, system_prompt, configuration, temperature, max_output_tokens,
  monthly_limit_micro_usd, status
) on table public.ai_agents to authenticated;
grant select, delete on table public.ai_agents to platform_admin;
grant insert (
  company_id, id, name, description, provider, model, system_prompt, configuration, temperature,
  max_output_tokens, monthly_limit_micro_usd, status
) on table public.ai_agents to platform_admin;
grant update (
  name, description, provider, model, system_prompt, configuration, temperature, max_output_tokens,
  monthly_limit_micro_usd, status
) on table public.ai_agents to platform_admin;
grant select, delete on table public.ai_agents to service_role;
grant insert (
  company_id, id, name, description, provider, model, system_prompt, configuration, temperature,
  max_output_tokens, monthly_limit_micro_usd, status, archived_at, created_at, updated_at, created_by,
  updated_by
) on table public.ai_agents to service_role;
grant update (
  name, description, provider, model, system_prompt, configuration, temperature, max_output_tokens,
  monthly_limit_micro_usd, status, archived_at, updated_at, created_by, updated_by
) on table public.ai_agents to service_role;

comment on table public.ai_agents is 'AI agents of a company: provider, model and configuration.';
comment on column public.ai_agents.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.ai_agents.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.ai_agents.name is 'Name, unique within the company.';
comment on column public.ai_agents.description is 'What the agent does.';
comment on column public.ai_agents.provider is 'Model provider, such as anthropic or openai.';
comment on column public.ai_agents.model is 'Model name at the provider.';
comment on column public.ai_agents.system_prompt is 'Standing instructions.';
comment on column public.ai_agents.configuration is 'Further settings of the agent, an object. No secrets.';
comment on column public.ai_agents.temperature is 'Sampling temperature, 0 to 2.';
comment on column public.ai_agents.max_output_tokens is 'Most tokens of one answer.';
comment on column public.ai_agents.monthly_limit_micro_usd is 'Own monthly limit in millionths of a US dollar; null for none.';
comment on column public.ai_agents.status is 'active, paused or archived.';
comment on column public.ai_agents.archived_at is 'When it was archived; set exactly when it is.';
comment on column public.ai_agents.created_at is 'When the row was created.';
comment on column public.ai_agents.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.ai_agents.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.ai_agents.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.ai_agents is 'Members holding agents.read see the rows of their active company.';
comment on policy insert_member on public.ai_agents is 'Members holding agents.write add rows to their active company only.';
comment on policy update_member on public.ai_agents is 'Members holding agents.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.ai_agents is 'Members holding agents.write delete rows of their active company.';
comment on policy all_platform_admin on public.ai_agents is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on function private.tg_ai_agents__set_archived_at() is 'Row trigger: archived_at in step with status.';

-- migrate:down
