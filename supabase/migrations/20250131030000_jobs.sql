-- migrate:up
-- Jobs: work for people and AI agents, with bounded attempts and a state machine.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Work to be done, by people or AI agents: queued, tried a bounded number of times, finished exactly once.
create table if not exists public.jobs (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  kind text not null,
  status text not null default 'queued',
  priority smallint not null default 0,
  payload jsonb not null default '{}',
  result jsonb,
  error_message text,
  attempts integer not null default 0,
  max_attempts integer not null default 3,
  scheduled_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  service_id uuid,
  agent_id uuid,
  assigned_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint jobs_service_fk foreign key (company_id, service_id)
    references public.services (company_id, id) on delete no action,
  constraint jobs_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete no action,
  constraint jobs_assigned_user_fk foreign key (company_id, assigned_user_id)
    references public.users (company_id, id) on delete no action,
  constraint jobs_kind_is_dotted_name check (kind ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
  constraint jobs_status_is_known check (status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint jobs_priority_is_in_range check (priority between -100 and 100),
  constraint jobs_payload_is_object check (jsonb_typeof(payload) = 'object' and pg_column_size(payload) <= 1048576),
  constraint jobs_max_attempts_is_in_range check (max_attempts between 1 and 100),
  constraint jobs_attempts_within_maximum check (attempts between 0 and max_attempts),
  constraint jobs_started_at_set_when_running check (status not in ('running', 'succeeded') or started_at is not null),
  constraint jobs_finished_at_set_when_done check ((status in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null)),
  constraint jobs_result_is_bounded check (pg_column_size(result) <= 1048576),
  constraint jobs_scheduled_at_is_finite check (isfinite(scheduled_at)),
  constraint jobs_result_only_when_succeeded check (result is null or status = 'succeeded')
);

-- The queue.
create index if not exists jobs_company_id_status_scheduled_at_idx
  on public.jobs (company_id, status, scheduled_at);
-- Latest jobs.
create index if not exists jobs_company_id_created_at_idx
  on public.jobs (company_id, created_at desc);
-- Jobs of a service.
create index if not exists jobs_company_id_service_id_idx
  on public.jobs (company_id, service_id);
-- Jobs of an agent.
create index if not exists jobs_company_id_agent_id_idx
  on public.jobs (company_id, agent_id);
-- Jobs of a member.
create index if not exists jobs_company_id_assigned_user_id_idx
  on public.jobs (company_id, assigned_user_id);
-- Whose jobs a statement is after is not known when it is planned: for a big company, as of a small one any plan is good.
alter table public.jobs alter column company_id set (n_distinct = 200);

create or replace function private.tg_jobs__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return new;
  end if;
  -- OLD is null in an insert.
  if new.status <> old.status
     and not (case old.status
       when 'queued' then new.status in ('running', 'cancelled', 'failed')
       when 'running' then new.status in ('queued', 'succeeded', 'failed', 'cancelled')
       when 'failed' then new.status = 'queued'
       else false
     end)
  then
    raise exception 'a job cannot go from % to %', old.status, new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'queued to running, cancelled or failed; running to queued, succeeded, failed or cancelled; failed to queued.';
  end if;
  if old.status in ('succeeded', 'cancelled')
     and (new.kind, new.payload, new.result, new.started_at, new.attempts)
         is distinct from (old.kind, old.payload, old.result, old.started_at, old.attempts)
  then
    raise exception 'a job that is over cannot be changed'
      using errcode = '23514',
            detail = 'job_finished',
            hint = 'Queue a new job.';
  end if;
  if old.status = 'failed' and new.status = 'queued' and new.attempts >= new.max_attempts then
    raise exception 'the job has used its % attempts', new.max_attempts
      using errcode = '23514',
            detail = 'attempts_used_up',
            hint = 'Raise max_attempts, or queue a new job.';
  end if;
  if old.status <> 'running' and new.status = 'running' then
    new.attempts := old.attempts + 1;
  end if;
  if new.status in ('running', 'succeeded') then
    new.started_at := coalesce(new.started_at, now());
  end if;
  new.finished_at := case
    when new.status in ('succeeded', 'failed', 'cancelled') then coalesce(new.finished_at, now())
  end;
  return new;
end
$fn$;
revoke execute on function private.tg_jobs__check() from public;

-- Definer, because whoever removes a member (Supabase Auth's cascade, too) need not be able to write jobs.
create or replace function private.tg_users__release_jobs() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  update public.jobs as j
     set assigned_user_id = null
   where j.company_id = old.company_id and j.assigned_user_id = old.id;
  return old;
end
$fn$;
revoke execute on function private.tg_users__release_jobs() from public;

create or replace trigger set_row_meta
  before insert or update on public.jobs
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.jobs
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('jobs');
create or replace trigger check_job
  before insert or update on public.jobs
  for each row execute function private.tg_jobs__check();
-- A composite key cannot be set to null in part on every engine, so leaving members are taken off their jobs here.
create or replace trigger release_jobs
  before delete on public.users
  for each row execute function private.tg_users__release_jobs();

alter table public.jobs enable row level security;
drop policy if exists select_member on public.jobs;
create policy select_member on public.jobs
  for select to authenticated
  using (company_id = (select private.company_for('jobs.read')));
drop policy if exists insert_member on public.jobs;
create policy insert_member on public.jobs
  for insert to authenticated
  with check (company_id = (select private.company_for('jobs.write')));
drop policy if exists update_member on public.jobs;
create policy update_member on public.jobs
  for update to authenticated
  using (company_id = (select private.company_for('jobs.write')))
  with check (company_id = (select private.company_for('jobs.write')));
drop policy if exists delete_member on public.jobs;
create policy delete_member on public.jobs
  for delete to authenticated
  using (company_id = (select private.company_for('jobs.write')));
drop policy if exists all_platform_admin on public.jobs;
create policy all_platform_admin on public.jobs
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.jobs from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.jobs to authenticated;
grant insert (
  company_id, id, kind, status, priority, payload, result, error_message, max_attempts, scheduled_at,
  started_at, service_id, agent_id, assigned_user_id
) on table public.jobs to authenticated;
grant update (
  kind, status, priority, payload, result, error_message, max_attempts, scheduled_at, started_at,
  service_id, agent_id, assigned_user_id
) on table public.jobs to authenticated;
grant select, delete on table public.jobs to platform_admin;
grant insert (
  company_id, id, kind, status, priority, payload, result, error_message, max_attempts, scheduled_at,
  started_at, service_id, agent_id, assigned_user_id
) on table public.jobs to platform_admin;
grant update (
  kind, status, priority, payload, result, error_message, max_attempts, scheduled_at, started_at,
  service_id, agent_id, assigned_user_id
) on table public.jobs to platform_admin;
grant select, delete on table public.jobs to service_role;
grant insert (
  company_id, id, kind, status, priority, payload, result, error_message, attempts, max_attempts,
  scheduled_at, started_at, finished_at, service_id, agent_id, assigned_user_id, created_at, updated_at,
  created_by, updated_by
) on table public.jobs to service_role;
grant update (
  kind, status, priority, payload, result, error_message, attempts, max_attempts, scheduled_at,
  started_at, finished_at, service_id, agent_id, assigned_user_id, updated_at, created_by, updated_by
) on table public.jobs to service_role;

comment on table public.jobs is 'Jobs of a company: payload, result, attempts and state.';
comment on column public.jobs.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.jobs.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.jobs.kind is 'What sort of work, such as document.summarise.';
comment on column public.jobs.status is 'queued, running, succeeded, failed or cancelled.';
comment on column public.jobs.priority is 'Higher runs first, -100 to 100.';
comment on column public.jobs.payload is 'Input, an object.';
comment on column public.jobs.result is 'Output, once it succeeded.';
comment on column public.jobs.error_message is 'What went wrong in the last attempt.';
comment on column public.jobs.attempts is 'Attempts so far.';
comment on column public.jobs.max_attempts is 'Attempts at most, 1 to 100.';
comment on column public.jobs.scheduled_at is 'Not before this time.';
comment on column public.jobs.started_at is 'When the first attempt began.';
comment on column public.jobs.finished_at is 'When it ended; set exactly when it has.';
comment on column public.jobs.service_id is 'Service that the work is for, of the same company.';
comment on column public.jobs.agent_id is 'AI agent that does it, of the same company.';
comment on column public.jobs.assigned_user_id is 'Member who does it, of the same company; cleared when they leave.';
comment on column public.jobs.created_at is 'When the row was created.';
comment on column public.jobs.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.jobs.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.jobs.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.jobs is 'Members holding jobs.read see the rows of their active company.';
comment on policy insert_member on public.jobs is 'Members holding jobs.write add rows to their active company only.';
comment on policy update_member on public.jobs is 'Members holding jobs.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.jobs is 'Members holding jobs.write delete rows of their active company.';
comment on policy all_platform_admin on public.jobs is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on function private.tg_jobs__check() is
  'Row trigger: allowed transitions, started_at and finished_at in step with status. Counts attempts. Errors: 23514 invalid_transition, job_finished, attempts_used_up.';
comment on function private.tg_users__release_jobs() is 'Row trigger: takes a leaving member off their jobs, in that company only.';

-- migrate:down
