-- migrate:up
-- Compliance: retention policies and their runs, data subject requests.

set lock_timeout = '5s';
set statement_timeout = '10min';

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
  identifiers text[] not null default '{}',
  details text,
  corrections jsonb not null default '[]',
  purposes text[] not null default '{}',
  received_at timestamptz not null default now(),
  due_at timestamptz not null default now() + interval '1 month',
  extended_at timestamptz,
  extension_reason text,
  notices smallint not null default 0,
  identity_method text,
  identity_verified_at timestamptz,
  identity_verified_by uuid,
  completed_at timestamptz,
  rejection_reason text,
  receipt jsonb,
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
  constraint compliance_requests_identifiers_are_few check (cardinality(identifiers) <= 20),
  constraint compliance_requests_corrections_is_short_list check (
    jsonb_typeof(corrections) = 'array' and pg_column_size(corrections) <= 65536),
  constraint compliance_requests_purposes_are_few check (cardinality(purposes) <= 50),
  constraint compliance_requests_due_after_receipt check (due_at > received_at),
  constraint compliance_requests_extension_has_reason check ((extended_at is not null) = (extension_reason is not null)),
  constraint compliance_requests_notices_is_in_range check (notices between 0 and 3),
  constraint compliance_requests_identity_method_is_known check (identity_method in (
    'session', 'email', 'document', 'known_contact', 'other')),
  constraint compliance_requests_identity_is_verified_somehow check (
    (identity_method is not null) = (identity_verified_at is not null)),
  constraint compliance_requests_receipt_is_object check (jsonb_typeof(receipt) = 'object'),
  constraint compliance_requests_completed_at_set_when_closed check (
    (status in ('completed', 'rejected', 'cancelled')) = (completed_at is not null)),
  constraint compliance_requests_rejection_has_reason check ((status = 'rejected') = (rejection_reason is not null))
);

-- Whose data may not be processed, since when and for what: what restriction (GDPR Art. 18), objection (Art. 21) and
-- opting out (CCPA section 1798.120) leave behind.
create table if not exists public.processing_restrictions (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  compliance_request_id uuid not null,
  kind text not null,
  subject_email text not null,
  subject_user_id uuid,
  purposes text[] not null default '{}',
  started_at timestamptz not null default now(),
  lifted_at timestamptz,
  lift_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint processing_restrictions_one_for_each_request unique (company_id, compliance_request_id),
  constraint processing_restrictions_compliance_request_fk foreign key (company_id, compliance_request_id)
    references public.compliance_requests (company_id, id) on delete no action,
  constraint processing_restrictions_kind_is_known check (kind in ('restriction', 'objection', 'opt_out')),
  constraint processing_restrictions_lift_has_reason check ((lifted_at is not null) = (lift_reason is not null))
);

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

-- What holds now.
create index if not exists processing_restrictions_company_id_active_idx
  on public.processing_restrictions (company_id) where lifted_at is null;

create or replace function private.tg_compliance_requests__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  -- OLD is null in an insert.
  if old.status in ('completed', 'rejected', 'cancelled') then
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
  -- Whoever was verified is no longer whom it is about.
  if (new.kind, new.subject_email, new.subject_name, new.subject_user_id, new.identifiers)
     is distinct from (old.kind, old.subject_email, old.subject_name, old.subject_user_id, old.identifiers)
    and tg_op = 'UPDATE'
  then
    new.identity_method := null;
    new.identity_verified_at := null;
    new.identity_verified_by := null;
  end if;
  if exists (select from unnest(new.identifiers) as i where length(trim(i)) not between 4 and 200)
    or new.subject_email = 'erased@erased.invalid'
  then
    raise exception 'identifiers have 4 to 200 characters'
      using errcode = '22023',
            detail = 'invalid_identifier',
            hint = 'What is shorter would be found everywhere.';
  end if;
  if new.status = 'completed' and new.receipt is null then
    raise exception 'a compliance request is completed by processing it'
      using errcode = '23514',
            detail = 'not_processed',
            hint = 'Call process_compliance_request() until is_complete is true.';
  end if;
  new.completed_at := case
    when new.status in ('completed', 'rejected', 'cancelled') then coalesce(new.completed_at, now())
  end;
  return new;
end
$fn$;
revoke execute on function private.tg_compliance_requests__check() from public;

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

create or replace trigger set_row_meta
  before insert or update on public.processing_restrictions
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.processing_restrictions
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('processing_restrictions');

create or replace trigger check_request
  before insert or update on public.compliance_requests
  for each row execute function private.tg_compliance_requests__check();

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

alter table public.processing_restrictions enable row level security;
drop policy if exists select_member on public.processing_restrictions;
create policy select_member on public.processing_restrictions
  for select to authenticated
  using (company_id = (select private.company_for('compliance.read')));
drop policy if exists select_platform_admin on public.processing_restrictions;
create policy select_platform_admin on public.processing_restrictions
  for select to platform_admin
  using ((select private.is_platform_admin()));

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
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, identifiers, details,
  corrections, purposes, received_at, rejection_reason
) on table public.compliance_requests to authenticated;
grant update (
  status, subject_email, subject_name, subject_user_id, identifiers, details, corrections, purposes, rejection_reason
) on table public.compliance_requests to authenticated;
grant select on table public.compliance_requests to platform_admin;
grant insert (
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, identifiers, details,
  corrections, purposes, received_at, rejection_reason
) on table public.compliance_requests to platform_admin;
grant update (
  status, subject_email, subject_name, subject_user_id, identifiers, details, corrections, purposes, rejection_reason
) on table public.compliance_requests to platform_admin;
grant select, delete on table public.compliance_requests to service_role;
grant insert (
  company_id, id, kind, regulation, status, subject_email, subject_name, subject_user_id, identifiers, details,
  corrections, purposes, received_at, due_at, completed_at, rejection_reason, created_at, updated_at, created_by,
  updated_by
) on table public.compliance_requests to service_role;
grant update (
  kind, regulation, status, subject_email, subject_name, subject_user_id, identifiers, details, corrections, purposes,
  received_at, due_at, completed_at, rejection_reason, updated_at, created_by, updated_by
) on table public.compliance_requests to service_role;

-- No write for anybody on purpose: restrictions come from requests, and are lifted by a function.
revoke all on table public.processing_restrictions from public, anon, authenticated, platform_admin, service_role;
grant select on table public.processing_restrictions to authenticated;
grant select on table public.processing_restrictions to platform_admin;
grant select on table public.processing_restrictions to service_role;

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
comment on column public.compliance_requests.identifiers is 'What else names the person: further addresses, names, telephone and customer numbers.';
comment on column public.compliance_requests.corrections is 'What is to be corrected: a list of {table_name, row_id, column_name, value}; without table_name and row_id in the person''s profile.';
comment on column public.compliance_requests.purposes is 'Purposes that are restricted, objected to or opted out of, named like kinds of jobs; empty: all, or for opt_out sale and sharing.';
comment on column public.compliance_requests.extended_at is 'When the date was put off; once.';
comment on column public.compliance_requests.extension_reason is 'Why, as the person was told.';
comment on column public.compliance_requests.notices is 'How many of the notices (a week before, a day before, overdue) have gone out.';
comment on column public.compliance_requests.identity_method is 'How it was made sure that the person is who they say: session, email, document, known_contact or other.';
comment on column public.compliance_requests.identity_verified_at is 'When that was made sure.';
comment on column public.compliance_requests.identity_verified_by is 'Auth user who made sure.';
comment on column public.compliance_requests.details is 'What they ask for, in their words.';
comment on column public.compliance_requests.received_at is 'When it came in.';
comment on column public.compliance_requests.due_at is 'When it must be answered, set from received_at by trigger. GDPR Art. 12(3): one month, and two more with notice; CCPA: 45 days, and 45 more.';
comment on column public.compliance_requests.completed_at is 'When it was closed; set exactly when it is.';
comment on column public.compliance_requests.rejection_reason is 'Why it was rejected; required then.';
comment on column public.compliance_requests.receipt is 'What was done, with counts and hashes; nothing in it names the person.';
comment on column public.compliance_requests.created_at is 'When the row was created.';
comment on column public.compliance_requests.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.compliance_requests.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.compliance_requests.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.compliance_requests is 'Members holding compliance.read see the rows of their active company.';
comment on policy insert_member on public.compliance_requests is 'Members holding compliance.manage add rows to their active company only.';
comment on policy update_member on public.compliance_requests is 'Members holding compliance.manage change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.compliance_requests is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';
comment on table public.processing_restrictions is 'Whose data a company may not process, and for what. Written by functions only.';
comment on column public.processing_restrictions.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.processing_restrictions.id is 'Row id, unique within the company.';
comment on column public.processing_restrictions.compliance_request_id is 'Request that it comes from.';
comment on column public.processing_restrictions.kind is 'restriction (GDPR Art. 18), objection (GDPR Art. 21) or opt_out (CCPA section 1798.120).';
comment on column public.processing_restrictions.subject_email is 'Address of the person.';
comment on column public.processing_restrictions.subject_user_id is 'Their auth user, if they have one. No foreign key: the restriction outlives the account.';
comment on column public.processing_restrictions.purposes is 'Purposes that are restricted, named like kinds of jobs (sale covers sale.report); empty: all.';
comment on column public.processing_restrictions.started_at is 'Since when it holds.';
comment on column public.processing_restrictions.lifted_at is 'Until when it held; null while it holds.';
comment on column public.processing_restrictions.lift_reason is 'Why it was lifted; required then.';
comment on column public.processing_restrictions.created_at is 'When the row was created.';
comment on column public.processing_restrictions.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.processing_restrictions.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.processing_restrictions.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.processing_restrictions is 'Members holding compliance.read see the rows of their active company.';
comment on policy select_platform_admin on public.processing_restrictions is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';
comment on function private.tg_compliance_requests__check() is
  'Row trigger: due date by regulation (GDPR Art. 12(3); CCPA section 1798.130), allowed transitions, completed_at in step with status. Errors: 23514 invalid_transition, not_processed, request_closed; 22023 invalid_identifier.';

-- migrate:down
