-- migrate:up
-- Security policies and IP allowlists of companies. The gate asks them on every statement, so that a change holds from
-- the next statement on.

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
  -- True if there is anything to ask; the gate looks no further otherwise.
  is_strict boolean not null generated always as (
    required_aal = 'aal2' or aal2_permissions <> '{}' or session_max_age_seconds is not null
    or session_idle_seconds is not null or is_ip_allowlist_enabled) stored,
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
  network inet not null,
  label text not null,
  is_enabled boolean not null default true,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint ip_allowlist_entries_network_is_unique_in_company unique (company_id, network),
  constraint ip_allowlist_entries_network_has_no_host_bits check (network = network(network)),
  constraint ip_allowlist_entries_label_is_not_blank check (label ~ '\S' and length(label) <= 200)
);

-- The policy in force; also: at most one a company.
create unique index if not exists security_policies_company_id_active_idx
  on public.security_policies (company_id) where is_active;

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

-- The gate reads the company's row anyway; whether there are rules to look up stands there. Definer, because whoever
-- changes the rules need not be able to change the company.
create or replace function private.tg_security_policies__flag_company() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := coalesce(new.company_id, old.company_id);
  v_is_strict constant boolean := exists (
    select from public.security_policies as p where p.company_id = v_company and p.is_active and p.is_strict);
begin
  update public.companies as c
     set has_strict_policy = v_is_strict
   where c.id = v_company and c.has_strict_policy <> v_is_strict;
  return null;
end
$fn$;
revoke execute on function private.tg_security_policies__flag_company() from public;

-- The network as it was probably meant, instead of an error that does not say so.
create or replace function private.tg_ip_allowlist_entries__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if new.network <> network(new.network) then
    raise exception '% has host bits set; did you mean %?', new.network, network(new.network)
      using errcode = '22023',
            detail = 'host_bits_set',
            hint = 'State a network, such as 10.0.0.0/8, or one address, such as 203.0.113.7.';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_ip_allowlist_entries__check() from public;

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
create or replace trigger check_network
  before insert or update of network on public.ip_allowlist_entries
  for each row execute function private.tg_ip_allowlist_entries__check();
create or replace trigger supersede_policy
  before insert on public.security_policies
  for each row execute function private.tg_security_policies__supersede();

-- Before what asks the gate (in the order of names).
create or replace trigger flag_company
  after insert or update or delete on public.security_policies
  for each row execute function private.tg_security_policies__flag_company();

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

comment on column public.security_policies.is_strict is 'True if the policy asks anything of a request; generated.';
comment on function private.tg_security_policies__flag_company() is 'Row trigger: companies.has_strict_policy says whether the policy in force asks anything.';
comment on function private.tg_ip_allowlist_entries__check() is 'Row trigger. Errors: 22023 host_bits_set, with the network that was probably meant.';
comment on function private.tg_security_policies__supersede() is
  'Row trigger: numbers a new policy and retires the one in force.';

-- migrate:down
