-- migrate:up
-- Compliance: security policies, IP allowlists, retention policies and their runs, data subject requests.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- How strictly a company lets people in. Versioned: a change is a new row, and one is in force.
create table if not exists public.security_policies (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  version integer not null default 1,
  is_active boolean not null default true,
  required_aal text not null default 'aal1',
  aal2_permissions text[] not null default '{}',
  session_max_age_seconds integer,
  session_idle_seconds integer,
  is_ip_allowlist_enabled boolean not null default false,
  api_key_max_age_days integer,
  notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint security_policies_version_is_unique_in_company unique (company_id, version),
  constraint security_policies_version_is_positive check (version > 0),
  constraint security_policies_required_aal_is_known check (required_aal in ('aal1', 'aal2')),
  constraint security_policies_times_are_positive check (session_max_age_seconds > 0 and session_idle_seconds > 0 and api_key_max_age_days > 0)
);

-- Networks from which a company's people may come, when its security policy says so.
create table if not exists public.ip_allowlist_entries (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  network cidr not null,
  label text not null,
  is_enabled boolean not null default true,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint ip_allowlist_entries_network_is_unique_in_company unique (company_id, network),
  constraint ip_allowlist_entries_label_is_not_blank check (label ~ '\S' and length(label) <= 200)
);

-- How long a company keeps each class of data, and what happens then.
create table if not exists public.data_retention_policies (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  data_class text not null,
  retention_days integer not null,
  action text not null default 'delete',
  is_legal_hold boolean not null default false,
  legal_basis text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint data_retention_policies_data_class_is_unique_in_company unique (company_id, data_class),
  constraint data_retention_policies_data_class_is_known check (data_class in (
    'agent_logs', 'api_usage', 'audit_logs', 'compliance_requests', 'documents', 'invoices', 'jobs', 'media_assets', 'users')),
  constraint data_retention_policies_retention_days_is_in_range check (retention_days between 1 and 36500),
  constraint data_retention_policies_action_is_known check (action in ('delete', 'anonymise', 'keep'))
);

-- Runs of data retention and what they removed.
create table if not exists public.data_retention_logs (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  data_retention_policy_id uuid,
  data_class text not null,
  status text not null default 'running',
  is_dry_run boolean not null default false,
  rows_affected bigint not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  error_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint data_retention_logs_policy_fk foreign key (company_id, data_retention_policy_id)
    references public.data_retention_policies (company_id, id) on delete no action,
  constraint data_retention_logs_status_is_known check (status in ('running', 'succeeded', 'failed')),
  constraint data_retention_logs_rows_affected_is_not_negative check (rows_affected >= 0),
  constraint data_retention_logs_finished_at_set_when_done check ((status <> 'running') = (finished_at is not null)),
  constraint data_retention_logs_error_only_when_failed check (error_message is null or status = 'failed')
);

-- Requests of people about their data, under GDPR Art. 12 to 22 or CCPA, with the date by which each must be
-- answered.
create table if not exists public.compliance_requests (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  kind text not null,
  regulation text not null,
  status text not null default 'received',
  subject_email text not null,
  subject_name text,
  subject_user_id uuid,
  details text,
  received_at timestamptz not null default now(),
  due_at timestamptz not null default now() + interval '1 month',
  completed_at timestamptz,
  rejection_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint compliance_requests_kind_fits_regulation check (case regulation
    when 'gdpr' then kind in ('access', 'portability', 'rectification', 'erasure', 'restriction', 'objection')
    when 'ccpa' then kind in ('know', 'delete', 'correct', 'opt_out')
    else false end),
  constraint compliance_requests_status_is_known check (status in (
    'received', 'identity_check', 'in_progress', 'completed', 'rejected', 'cancelled')),
  constraint compliance_requests_subject_email_is_email check (subject_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'),
  constraint compliance_requests_due_after_receipt check (due_at > received_at),
  constraint compliance_requests_completed_at_set_when_closed check (
    (status in ('completed', 'rejected', 'cancelled')) = (completed_at is not null)),
  constraint compliance_requests_rejection_has_reason check ((status = 'rejected') = (rejection_reason is not null))
);

-- The policy in force; also: at most one a company.
create unique index if not exists security_policies_company_id_active_idx
  on public.security_policies (company_id) where is_active;

-- Latest runs.
create index if not exists data_retention_logs_company_id_started_at_idx
  on public.data_retention_logs (company_id, started_at desc);
-- Runs of a policy.
create index if not exists data_retention_logs_company_id_data_retention_policy_id_idx
  on public.data_retention_logs (company_id, data_retention_policy_id);

-- What is due next.
create index if not exists compliance_requests_company_id_status_due_at_idx
  on public.compliance_requests (company_id, status, due_at);
-- Requests of a person.
create index if not exists compliance_requests_company_id_subject_email_idx
  on public.compliance_requests (company_id, subject_email);

-- A change of policy is a new row: it takes the next number and retires the one in force. As the invoker, so that it
-- reaches no row that the caller could not.
create or replace function private.tg_security_policies__supersede() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- A retried insert comes here before its conflict is found; it must not retire what came after it.
  if private.is_importing() or exists (
    select from public.security_policies as p where p.company_id = new.company_id and p.id = new.id
  ) then
    return new;
  end if;
  new.version := (select coalesce(max(p.version), 0) + 1 from public.security_policies as p
                   where p.company_id = new.company_id);
  if new.is_active then
    update public.security_policies as p
       set is_active = false
     where p.company_id = new.company_id and p.is_active;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_security_policies__supersede() from public;

create or replace function private.tg_compliance_requests__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  if tg_op = 'UPDATE' and old.status in ('completed', 'rejected', 'cancelled') then
    raise exception 'a compliance request that is closed cannot be changed'
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  if tg_op = 'INSERT' then
    if new.status <> 'received' or new.received_at > now() + interval '1 day' then
      raise exception 'a compliance request begins as received, and not in the future'
        using errcode = '23514',
              detail = 'invalid_transition',
              hint = 'Leave status out, and state when it came in.';
    end if;
    new.due_at := new.received_at
      + case new.regulation when 'gdpr' then interval '1 month' else interval '45 days' end;
  elsif new.status <> old.status
    and not (case old.status
      when 'received' then new.status in ('identity_check', 'in_progress', 'rejected', 'cancelled')
      when 'identity_check' then new.status in ('in_progress', 'rejected', 'cancelled')
      when 'in_progress' then new.status in ('completed', 'rejected', 'cancelled')
      else false
    end)
  then
    raise exception 'a compliance request cannot go from % to %', old.status, new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'received, identity_check, in_progress, completed, in this order; rejected or cancelled at any step.';
  end if;
  new.completed_at := case
    when new.status in ('completed', 'rejected', 'cancelled') then coalesce(new.completed_at, now())
  end;
  return new;
end
$fn$;
revoke execute on function private.tg_compliance_requests__check() from public;

create or replace trigger set_row_meta
  before insert or update on public.security_policies
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.security_policies
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('security_policies');

create or replace trigger set_row_meta
  before insert or update on public.ip_allowlist_entries
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.ip_allowlist_entries
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('ip_allowlist_entries');

create or replace trigger set_row_meta
  before insert or update on public.data_retention_policies
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.data_retention_policies
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('data_retention_policies');

create or replace trigger set_row_meta
  before insert or update on public.data_retention_logs
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.data_retention_logs
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('data_retention_logs');

create or replace trigger set_row_meta
  before insert or update on public.compliance_requests
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.compliance_requests
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('compliance_requests');
create or replace trigger supersede_policy
  before insert on public.security_policies
  for each row execute function private.tg_security_policies__supersede();

create or replace trigger check_request
  before insert or update on public.compliance_requests
  for each row execute function private.tg_compliance_requests__check();

alter table public.security_policies enable row level security;
drop policy if exists select_member on public.security_policies;
create policy select_member on public.security_policies
  for select to authenticated
  using (company_id = (select private.company_for('security.read')));
drop policy if exists insert_member on public.security_policies;
create policy insert_member on public.security_policies
  for insert to authenticated
  with check (company_id = (select private.company_for('security.manage')));
drop policy if exists update_member on public.security_policies;
create policy update_member on public.security_policies
  for update to authenticated
  using (company_id = (select private.company_for('security.manage')))
  with check (company_id = (select private.company_for('security.manage')));
drop policy if exists all_platform_admin on public.security_policies;
create policy all_platform_admin on public.security_policies
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.ip_allowlist_entries enable row level security;
drop policy if exists select_member on public.ip_allowlist_entries;
create policy select_member on public.ip_allowlist_entries
  for select to authenticated
  using (company_id = (select private.company_for('security.read')));
drop policy if exists insert_member on public.ip_allowlist_entries;
create policy insert_member on public.ip_allowlist_entries
  for insert to authenticated
  with check (company_id = (select private.company_for('security.manage')));
drop policy if exists update_member on public.ip_allowlist_entries;
create policy update_member on public.ip_allowlist_entries
  for update to authenticated
  using (company_id = (select private.company_for('security.manage')))
  with check (company_id = (select private.company_for('security.manage')));
drop policy if exists delete_member on public.ip_allowlist_entries;
create policy delete_member on public.ip_allowlist_entries
  for delete to authenticated
  using (company_id = (select private.company_for('security.manage')));
drop policy if exists all_platform_admin on public.ip_allowlist_entries;
create policy all_platform_admin on public.ip_allowlist_entries
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.data_retention_policies enable row level security;
drop policy if exists select_member on public.data_retention_policies;
create policy select_member on public.data_retention_policies
  for select to authenticated
  using (company_id = (select private.company_for('compliance.read')));
drop policy if exists insert_member on public.data_retention_policies;
create policy insert_member on public.data_retention_policies
  for insert to authenticated
  with check (company_id = (select private.company_for('compliance.manage')));
drop policy if exists update_member on public.data_retention_policies;
create policy update_member on public.data_retention_policies
  for update to authenticated
  using (company_id = (select private.company_for('compliance.manage')))
  with check (company_id = (select private.company_for('compliance.manage')));
drop policy if exists delete_member on public.data_retention_policies;
create policy delete_member on public.data_retention_policies
  for delete to authenticated
  using (company_id = (select private.company_for('compliance.manage')));
drop policy if exists all_platform_admin on public.data_retention_policies;
create policy all_platform_admin on public.data_retention_policies
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.data_retention_logs enable row level security;
drop policy if exists select_member on public.data_retention_logs;
create policy select_member on public.data_retention_logs
  for select to authenticated
  using (company_id = (select private.company_for('compliance.read')));
drop policy if exists select_platform_admin on public.data_retention_logs;
create policy select_platform_admin on public.data_retention_logs
  for select to platform_admin
  using ((select private.is_platform_admin()));

alter table public.compliance_requests enable row level security;
drop policy if exists select_member on public.compliance_requests;
create policy select_member on public.compliance_requests
  for select to authenticated
  using (company_id = (select private.company_for('compliance.read')));
drop policy if exists insert_member on public.compliance_requests;
create policy insert_member on public.compliance_requests
  for insert to authenticated
  with check (company_id = (select private.company_for('compliance.manage')));
drop policy if exists update_member on public.compliance_requests;
create policy update_member on public.compliance_requests
  for update to authenticated
  using (company_id = (select private.company_for('compliance.manage')))
  with check (company_id = (select private.company_for('compliance.manage')));
drop policy if exists all_platform_admin on public.compliance_requests;
create policy all_platform_admin on public.compliance_requests
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

-- No delete for members, and no change but is_active, on purpose: earlier versions are history.
revoke all on table public.security_policies from public, anon, authenticated, platform_admin, service_role;
grant select on table public.security_policies to authenticated;
grant insert (
  company_id, id, is_active, required_aal, aal2_permissions, session_max_age_seconds,
  session_idle_seconds, is_ip_allowlist_enabled, api_key_max_age_days, notes
) on table public.security_policies to authenticated;
grant update (is_active) on table public.security_policies to authenticated;
grant select on table public.security_policies to platform_admin;
grant insert (
  company_id, id, is_active, required_aal, aal2_permissions, session_max_age_seconds,
  session_idle_seconds, is_ip_allowlist_enabled, api_key_max_age_days, notes
) on table public.security_policies to platform_admin;
grant update (is_active) on table public.security_policies to platform_admin;
grant select, delete on table public.security_policies to service_role;
grant insert (
  company_id, id, version, is_active, required_aal, aal2_permissions, session_max_age_seconds,
  session_idle_seconds, is_ip_allowlist_enabled, api_key_max_age_days, notes, created_at, updated_at,
  created_by, updated_by
) on table public.security_policies to service_role;
grant update (
  version, is_active, required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds,
  is_ip_allowlist_enabled, api_key_max_age_days, notes, updated_at, created_by, updated_by
) on table public.security_policies to service_role;

revoke all on table public.ip_allowlist_entries from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.ip_allowlist_entries to authenticated;
grant insert (
  company_id, id, network, label, is_enabled, expires_at
) on table public.ip_allowlist_entries to authenticated;
grant update (network, label, is_enabled, expires_at) on table public.ip_allowlist_entries to authenticated;
grant select, delete on table public.ip_allowlist_entries to platform_admin;
grant insert (
  company_id, id, network, label, is_enabled, expires_at
) on table public.ip_allowlist_entries to platform_admin;
grant update (network, label, is_enabled, expires_at) on table public.ip_allowlist_entries to platform_admin;
grant select, delete on table public.ip_allowlist_entries to service_role;
grant insert (
  company_id, id, network, label, is_enabled, expires_at, created_at, updated_at, created_by, updated_by
) on table public.ip_allowlist_entries to service_role;
grant update (
  network, label, is_enabled, expires_at, updated_at, created_by, updated_by
) on table public.ip_allowlist_entries to service_role;

revoke all on table public.data_retention_policies from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.data_retention_policies to authenticated;
grant insert (
  company_id, id, data_class, retention_days, action, is_legal_hold, legal_basis
) on table public.data_retention_policies to authenticated;
grant update (
  data_class, retention_days, action, is_legal_hold, legal_basis
) on table public.data_retention_policies to authenticated;
grant select, delete on table public.data_retention_policies to platform_admin;
grant insert (
  company_id, id, data_class, retention_days, action, is_legal_hold, legal_basis
) on table public.data_retention_policies to platform_admin;
grant update (
  data_class, retention_days, action, is_legal_hold, legal_basis
) on table public.data_retention_policies to platform_admin;
grant select, delete on table public.data_retention_policies to service_role;
grant insert (
  company_id, id, data_class, retention_days, action, is_legal_hold, legal_basis, created_at, updated_at,
  created_by, updated_by
) on table public.data_retention_policies to service_role;
grant update (
  data_class, retention_days, action, is_legal_hold, legal_basis, updated_at, created_by, updated_by
) on table public.data_retention_policies to service_role;

-- No write for members and admins on purpose.
revoke all on table public.data_retention_logs from public, anon, authenticated, platform_admin, service_role;
grant select on table public.data_retention_logs to authenticated;
grant select on table public.data_retention_logs to platform_admin;
grant select on table public.data_retention_logs to service_role;
grant insert (
  company_id, id, data_retention_policy_id, data_class, status, is_dry_run, rows_affected, started_at,
  finished_at, error_message, created_at, updated_at, created_by, updated_by
) on table public.data_retention_logs to service_role;
grant update (
  data_retention_policy_id, data_class, status, is_dry_run, rows_affected, started_at, finished_at,
  error_message, updated_at, created_by, updated_by
) on table public.data_retention_logs to service_role;

-- No delete for members on purpose: requests are evidence.
revoke all on table public.compliance_requests from public, anon, authenticated, platform_admin, service_role;
grant select on table public.compliance_requests to authenticated;
grant insert (
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, details,
  received_at, rejection_reason
) on table public.compliance_requests to authenticated;
grant update (
  status, subject_email, subject_name, subject_user_id, details, rejection_reason
) on table public.compliance_requests to authenticated;
grant select on table public.compliance_requests to platform_admin;
grant insert (
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, details,
  received_at, rejection_reason
) on table public.compliance_requests to platform_admin;
grant update (
  status, subject_email, subject_name, subject_user_id, details, rejection_reason
) on table public.compliance_requests to platform_admin;
grant select, delete on table public.compliance_requests to service_role;
grant insert (
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, details,
  received_at, due_at, completed_at, rejection_reason, created_at, updated_at, created_by, updated_by
) on table public.compliance_requests to service_role;
grant update (
  kind, regulation, status, subject_email, subject_name, subject_user_id, details, received_at, due_at,
  completed_at, rejection_reason, updated_at, created_by, updated_by
) on table public.compliance_requests to service_role;

comment on table public.security_policies is 'Security policies of a company, versioned; one is active.';
comment on column public.security_policies.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.security_policies.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.security_policies.version is 'Version, from 1; numbered by trigger.';
comment on column public.security_policies.is_active is 'True for the version in force.';
comment on column public.security_policies.required_aal is 'Authentication strength that everybody needs: aal1 or aal2 (a second factor).';
comment on column public.security_policies.aal2_permissions is 'Permissions that need aal2 in any case.';
comment on column public.security_policies.session_max_age_seconds is 'Oldest session allowed, seconds; null for no bound.';
comment on column public.security_policies.session_idle_seconds is 'Longest idle time allowed, seconds; null for no bound.';
comment on column public.security_policies.is_ip_allowlist_enabled is 'True if only addresses on the allowlist get in.';
comment on column public.security_policies.api_key_max_age_days is 'Oldest API key allowed, days; null for no bound.';
comment on column public.security_policies.notes is 'Password and single sign-on rules kept outside the database.';
comment on column public.security_policies.created_at is 'When the row was created.';
comment on column public.security_policies.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.security_policies.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.security_policies.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.security_policies is 'Members holding security.read see the rows of their active company.';
comment on policy insert_member on public.security_policies is 'Members holding security.manage add rows to their active company only.';
comment on policy update_member on public.security_policies is 'Members holding security.manage change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.security_policies is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.ip_allowlist_entries is 'IP allowlist of a company.';
comment on column public.ip_allowlist_entries.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.ip_allowlist_entries.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.ip_allowlist_entries.network is 'Network in CIDR form, IPv4 or IPv6, such as 203.0.113.0/24.';
comment on column public.ip_allowlist_entries.label is 'What it is, such as Berlin office.';
comment on column public.ip_allowlist_entries.is_enabled is 'False to switch the entry off without losing it.';
comment on column public.ip_allowlist_entries.expires_at is 'Not valid from this time on; null for no end.';
comment on column public.ip_allowlist_entries.created_at is 'When the row was created.';
comment on column public.ip_allowlist_entries.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.ip_allowlist_entries.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.ip_allowlist_entries.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.ip_allowlist_entries is 'Members holding security.read see the rows of their active company.';
comment on policy insert_member on public.ip_allowlist_entries is 'Members holding security.manage add rows to their active company only.';
comment on policy update_member on public.ip_allowlist_entries is 'Members holding security.manage change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.ip_allowlist_entries is 'Members holding security.manage delete rows of their active company.';
comment on policy all_platform_admin on public.ip_allowlist_entries is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.data_retention_policies is 'Retention policies of a company, one per class of data.';
comment on column public.data_retention_policies.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.data_retention_policies.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.data_retention_policies.data_class is 'Class of data, named like the table that holds it, such as agent_logs.';
comment on column public.data_retention_policies.retention_days is 'Days to keep it.';
comment on column public.data_retention_policies.action is 'delete, anonymise or keep.';
comment on column public.data_retention_policies.is_legal_hold is 'True while nothing may go, whatever the policy says.';
comment on column public.data_retention_policies.legal_basis is 'Why this period, such as HGB section 257.';
comment on column public.data_retention_policies.created_at is 'When the row was created.';
comment on column public.data_retention_policies.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.data_retention_policies.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.data_retention_policies.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.data_retention_policies is 'Members holding compliance.read see the rows of their active company.';
comment on policy insert_member on public.data_retention_policies is 'Members holding compliance.manage add rows to their active company only.';
comment on policy update_member on public.data_retention_policies is 'Members holding compliance.manage change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.data_retention_policies is 'Members holding compliance.manage delete rows of their active company.';
comment on policy all_platform_admin on public.data_retention_policies is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.data_retention_logs is 'Log of retention runs. Written by the platform only.';
comment on column public.data_retention_logs.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.data_retention_logs.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.data_retention_logs.data_retention_policy_id is 'Policy that was applied, of the same company.';
comment on column public.data_retention_logs.data_class is 'Class of data.';
comment on column public.data_retention_logs.status is 'running, succeeded or failed.';
comment on column public.data_retention_logs.is_dry_run is 'True if nothing was removed.';
comment on column public.data_retention_logs.rows_affected is 'Rows removed or anonymised.';
comment on column public.data_retention_logs.started_at is 'When the run began.';
comment on column public.data_retention_logs.finished_at is 'When it ended; set exactly when it has.';
comment on column public.data_retention_logs.error_message is 'Why it failed.';
comment on column public.data_retention_logs.created_at is 'When the row was created.';
comment on column public.data_retention_logs.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.data_retention_logs.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.data_retention_logs.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.data_retention_logs is 'Members holding compliance.read see the rows of their active company.';
comment on policy select_platform_admin on public.data_retention_logs is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.compliance_requests is 'Data subject requests of a company, with due dates.';
comment on column public.compliance_requests.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.compliance_requests.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.compliance_requests.kind is 'access, portability, rectification, erasure, restriction, objection (GDPR); know, delete, correct, opt_out (CCPA).';
comment on column public.compliance_requests.regulation is 'gdpr or ccpa.';
comment on column public.compliance_requests.status is 'received, identity_check, in_progress, completed, rejected or cancelled.';
comment on column public.compliance_requests.subject_email is 'Address of the person.';
comment on column public.compliance_requests.subject_name is 'Name of the person.';
comment on column public.compliance_requests.subject_user_id is 'Their auth user, if they have one. No foreign key: the request outlives the account.';
comment on column public.compliance_requests.details is 'What they ask for, in their words.';
comment on column public.compliance_requests.received_at is 'When it came in.';
comment on column public.compliance_requests.due_at is 'When it must be answered, set from received_at by trigger. GDPR Art. 12(3): one month, and two more with notice; CCPA: 45 days, and 45 more.';
comment on column public.compliance_requests.completed_at is 'When it was closed; set exactly when it is.';
comment on column public.compliance_requests.rejection_reason is 'Why it was rejected; required then.';
comment on column public.compliance_requests.created_at is 'When the row was created.';
comment on column public.compliance_requests.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.compliance_requests.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.compliance_requests.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.compliance_requests is 'Members holding compliance.read see the rows of their active company.';
comment on policy insert_member on public.compliance_requests is 'Members holding compliance.manage add rows to their active company only.';
comment on policy update_member on public.compliance_requests is 'Members holding compliance.manage change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.compliance_requests is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on function private.tg_security_policies__supersede() is
  'Row trigger: numbers a new policy and retires the one in force.';
comment on function private.tg_compliance_requests__check() is
  'Row trigger: due date by regulation (GDPR Art. 12(3); CCPA section 1798.130), allowed transitions, completed_at in step with status. Errors: 23514 invalid_transition, request_closed.';

-- migrate:down
