-- migrate:up
-- Core tables: companies and their members. Holds I1 (company_id leads every key), I2 (unique constraints lead with it),
-- I3 and I10. Row level security is switched on here, at once, and the policies follow in multi_tenant_rls_policies:
-- nothing is readable in between.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- The tenants. One of them is the operator's own company, whose members with role admin run the platform.
-- Companies are closed, not deleted: invoices and audit logs hold on to them.
create table if not exists public.companies (
  id uuid not null primary key default gen_random_uuid(),
  slug text not null,
  name text not null,
  legal_name text,
  contact_name text,
  contact_email text not null,
  contact_phone text,
  address_line1 text,
  address_line2 text,
  city text,
  postal_code text,
  country_code text,
  tax_number text,
  time_zone text not null default 'UTC',
  currency text not null default 'USD',
  status text not null default 'active',
  status_reason text,
  suspended_at timestamptz,
  closed_at timestamptz,
  is_operator boolean not null default false,
  has_strict_policy boolean not null default false,
  stripe_customer_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  constraint companies_slug_is_unique unique (slug),
  constraint companies_stripe_customer_id_is_unique unique (stripe_customer_id),
  constraint companies_slug_is_short_name check (slug ~ '^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$'),
  constraint companies_name_is_not_blank check (name ~ '\S' and length(name) <= 200),
  constraint companies_contact_email_is_email check (contact_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' and length(contact_email) <= 254),
  constraint companies_contact_phone_is_e164 check (contact_phone ~ '^\+[1-9][0-9]{5,14}$'),
  constraint companies_country_code_is_iso check (country_code ~ '^[A-Z]{2}$'),
  constraint companies_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  constraint companies_status_is_known check (status in ('active', 'moving', 'suspended', 'closed')),
  constraint companies_suspended_at_set_while_suspended check ((status = 'suspended') = (suspended_at is not null)),
  constraint companies_closed_at_set_when_closed check ((status = 'closed') = (closed_at is not null)),
  constraint companies_operator_is_active check (not is_operator or status = 'active'),
  constraint companies_stripe_customer_id_is_stripe check (stripe_customer_id ~ '^cus_[A-Za-z0-9_]+$')
);

-- Members. A row is a membership: one person may stand in several companies, each row with its own role,
-- permissions and status. What a token says never outranks this table.
create table if not exists public.users (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null references auth.users (id) on delete cascade,
  email text not null,
  full_name text not null,
  job_title text,
  phone text,
  locale text not null default 'en',
  role text not null,
  status text not null default 'active',
  granted_permissions text[] not null default '{}',
  revoked_permissions text[] not null default '{}',
  effective_permissions text[] not null default '{}',
  selected_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint users_email_is_email check (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' and length(email) <= 254),
  constraint users_full_name_is_not_blank check (full_name ~ '\S' and length(full_name) <= 200),
  constraint users_phone_is_e164 check (phone ~ '^\+[1-9][0-9]{5,14}$'),
  constraint users_locale_is_bcp47 check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint users_role_is_known check (role in ('admin', 'client', 'agent', 'compliance_admin')),
  constraint users_status_is_known check (status in ('active', 'disabled')),
  constraint users_disabled_at_set_while_disabled check ((status = 'disabled') = (disabled_at is not null))
);

-- There is one operator company.
create unique index if not exists companies_is_operator_idx
  on public.companies ((true)) where is_operator;

-- A person's companies, when the request names none; also serves the cascade from auth.users. The one index that does not lead with company_id.
create index if not exists users_id_idx
  on public.users (id);
-- Find a colleague by address.
create index if not exists users_company_id_email_idx
  on public.users (company_id, email);

create or replace function private.tg_companies__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- OLD is null in an insert.
  if new.time_zone is distinct from old.time_zone then
    begin
      perform now() at time zone new.time_zone;
    exception when invalid_parameter_value then
      raise exception 'time zone % is not known', new.time_zone
        using errcode = '22023',
              detail = 'invalid_time_zone',
              hint = 'Use an IANA name such as Europe/Berlin; pg_timezone_names lists them.';
    end;
  end if;
  if not private.is_importing() then
    if new.status = 'suspended' then
      new.suspended_at := coalesce(new.suspended_at, now());
    else
      new.suspended_at := null;
    end if;
    if new.status = 'closed' then
      new.closed_at := coalesce(new.closed_at, now());
    else
      new.closed_at := null;
    end if;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_companies__check() from public;

-- An operator cannot lock all operators out by accident; backend jobs and the owner are trusted to know what they do.
create or replace function private.refuse_without_admin(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if coalesce(current_setting('role', true), '') <> 'platform_admin' then
    return;
  end if;
  -- The lock makes two admins who remove each other wait for one another.
  perform from public.companies as c where c.is_operator for no key update;
  if not exists (
    select from public.users as u where u.id <> p_user_id and u.role = 'admin' and u.status = 'active'
  ) then
    raise exception 'this is the last active admin'
      using errcode = '42501',
            detail = 'last_admin',
            hint = 'Make somebody else an admin first.';
  end if;
end
$fn$;
revoke execute on function private.refuse_without_admin(uuid) from public;

create or replace function private.tg_users__keep_admin() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.refuse_without_admin(old.id);
  return old;
end
$fn$;
revoke execute on function private.tg_users__keep_admin() from public;

create or replace function private.tg_companies__keep_operator() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  raise exception 'the operator company cannot be deleted'
    using errcode = '42501',
          detail = 'operator_company',
          hint = 'Without it nobody could run the platform.';
end
$fn$;
revoke execute on function private.tg_companies__keep_operator() from public;

create or replace function private.tg_users__check() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_unknown text;
begin
  if new.role = 'admin' and not exists (
    select from public.companies as c where c.id = new.company_id and c.is_operator
  ) then
    raise exception 'role admin exists only in the operator company'
      using errcode = '42501',
            detail = 'admin_outside_operator',
            hint = 'Give the member role client, or make them a member of the operator company.';
  end if;
  -- OLD is null in an insert.
  if new.granted_permissions is distinct from old.granted_permissions
     or new.revoked_permissions is distinct from old.revoked_permissions
  then
    select p.permission into v_unknown
      from unnest(new.granted_permissions || new.revoked_permissions) as p (permission)
     where not exists (select from private.permissions as k where k.permission = p.permission)
     limit 1;
    if found then
      raise exception 'permission % is not known', coalesce(v_unknown, '(null)')
        using errcode = '23514',
              detail = 'unknown_permission',
              hint = 'Use a permission of the form resource.verb; docs/security.md lists them.';
    end if;
  end if;
  if old.role = 'admin' and (new.role <> 'admin' or new.status <> 'active') then
    perform private.refuse_without_admin(old.id);
  end if;
  if new.status = 'disabled' then
    new.disabled_at := coalesce(new.disabled_at, now());
  else
    new.disabled_at := null;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_users__check() from public;

-- Kept on the row, for imports as well, so that the gate need not add it up on every statement. What the role brings is
-- locked: a transaction with an older snapshot fails (40001) rather than give back what was taken from the role since.
create or replace function private.tg_users__keep_permissions() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform from private.role_permissions as rp where rp.role = new.role for share;
  new.effective_permissions := private.permissions_with(new.role, new.granted_permissions, new.revoked_permissions);
  return new;
end
$fn$;
revoke execute on function private.tg_users__keep_permissions() from public;

-- Nobody becomes a member, or another one, between the change of a role and the change of those who have it: in a read
-- committed transaction, as those of migrations are.
create or replace function private.tg_role_permissions__refresh() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  -- Migrations say again what is there.
  if tg_op = 'INSERT' then
    perform from new_rows;
    if not found then
      return null;
    end if;
  end if;
  lock table public.users in share row exclusive mode;
  -- Nothing that anybody wrote changes, and so it may in a company that moves, too.
  perform set_config('app.importing', 'on', true), set_config('app.repartitioning', 'on', true);
  update public.users as u
     set effective_permissions = '{}'
   where u.effective_permissions <> private.permissions_with(u.role, u.granted_permissions, u.revoked_permissions);
  perform set_config('app.importing', v_importing, true), set_config('app.repartitioning', '', true);
  return null;
end
$fn$;
revoke execute on function private.tg_role_permissions__refresh() from public;

create or replace trigger set_row_meta
  before insert or update on public.companies
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_operator
  before delete on public.companies
  for each row when (old.is_operator) execute function private.tg_companies__keep_operator();
create or replace trigger check_company
  before insert or update on public.companies
  for each row execute function private.tg_companies__check();
create or replace trigger keep_tenant
  before update on public.companies
  for each row when (new.id is distinct from old.id or new.is_operator is distinct from old.is_operator)
  execute function private.tg_row__refuse_move('companies');

create or replace trigger set_row_meta
  before insert or update on public.users
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.users
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('users');
create or replace trigger keep_admin
  before delete on public.users
  for each row execute function private.tg_users__keep_admin();
create or replace trigger check_member
  before insert or update on public.users
  for each row execute function private.tg_users__check();

create or replace trigger keep_permissions
  before insert or update of role, granted_permissions, revoked_permissions, effective_permissions on public.users
  for each row execute function private.tg_users__keep_permissions();
create or replace trigger refresh_members
  after insert on private.role_permissions
  referencing new table as new_rows
  for each statement execute function private.tg_role_permissions__refresh();
create or replace trigger refresh_members_after_change
  after update or delete or truncate on private.role_permissions
  for each statement execute function private.tg_role_permissions__refresh();

alter table public.companies enable row level security;
alter table public.users enable row level security;
revoke all on table public.companies from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.users from public, anon, authenticated, platform_admin, service_role;
comment on table public.companies is 'Tenants. A member sees the one active company; nobody but the operator sees others.';
comment on column public.companies.id is 'Company id, the tenant key of every other table. May be supplied by the client, so that a retry is recognised.';
comment on column public.companies.slug is 'Short name for addresses, unique on the platform: lower case, digits and hyphens, 3 to 63 characters.';
comment on column public.companies.name is 'Name shown to people.';
comment on column public.companies.legal_name is 'Registered name, for invoices.';
comment on column public.companies.contact_name is 'Person to reach at the company.';
comment on column public.companies.contact_email is 'Address for billing and notices.';
comment on column public.companies.contact_phone is 'Telephone in international form (E.164), such as +4930123456.';
comment on column public.companies.address_line1 is 'Street address.';
comment on column public.companies.address_line2 is 'Second line of the address.';
comment on column public.companies.city is 'City.';
comment on column public.companies.postal_code is 'Postal code.';
comment on column public.companies.country_code is 'Country, ISO 3166-1 alpha-2, such as DE.';
comment on column public.companies.tax_number is 'VAT or other tax number.';
comment on column public.companies.time_zone is 'IANA time zone that bounds the company''s calendar months, such as Europe/Berlin.';
comment on column public.companies.currency is 'Currency of its invoices, ISO 4217.';
comment on column public.companies.status is 'active, moving, suspended or closed. Only members of an active company get any rows; of one that is moving to another database they read, and nobody writes.';
comment on column public.companies.status_reason is 'Why the company is suspended or closed.';
comment on column public.companies.suspended_at is 'When it was suspended; set exactly while it is.';
comment on column public.companies.closed_at is 'When it was closed; set exactly when it is.';
comment on column public.companies.is_operator is 'True for the one company whose admins run the platform.';
comment on column public.companies.has_strict_policy is 'True while the security policy in force asks anything of a request; kept by trigger.';
comment on column public.companies.stripe_customer_id is 'Stripe customer, cus_…; unique because Stripe draws it at random.';
comment on column public.companies.created_at is 'When the row was created.';
comment on column public.companies.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.companies.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.companies.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.users is 'Members of companies: who belongs where, in which role, with which permissions. The row is the membership.';
comment on column public.users.company_id is 'Company (tenant) that the membership is in. Never changes.';
comment on column public.users.id is 'The person: their Supabase Auth user id. The same id stands once in each company they belong to.';
comment on column public.users.email is 'Address shown to colleagues; sign-in uses the one in auth.users.';
comment on column public.users.full_name is 'Name shown to colleagues.';
comment on column public.users.job_title is 'What they do at the company.';
comment on column public.users.phone is 'Telephone in international form (E.164).';
comment on column public.users.locale is 'Preferred language, BCP 47, such as en or de-AT.';
comment on column public.users.role is 'client, agent, compliance_admin, or admin (only in the operator company).';
comment on column public.users.status is 'active or disabled. A disabled member gets no rows from the next statement on.';
comment on column public.users.granted_permissions is 'Permissions assigned beyond those of the role.';
comment on column public.users.revoked_permissions is 'Permissions taken away although the role has them; outranks every grant.';
comment on column public.users.effective_permissions is 'What the member may do: those of the role, plus granted, minus revoked; sorted; kept by trigger.';
comment on column public.users.selected_at is 'When the person last switched to this company; the latest one is their default company.';
comment on column public.users.disabled_at is 'When the member was disabled; set exactly while they are.';
comment on column public.users.created_at is 'When the row was created.';
comment on column public.users.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.users.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.users.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on function private.tg_companies__check() is
  'Row trigger: checks the time zone, keeps suspended_at and closed_at in step with status. Errors: 22023 invalid_time_zone.';
comment on function private.refuse_without_admin(uuid) is
  'Refuses an operator''s change that would leave no other active admin. Errors: 42501 last_admin.';
comment on function private.tg_users__keep_admin() is
  'Row trigger: an operator does not delete the last active admin. Errors: 42501 last_admin.';
comment on function private.tg_companies__keep_operator() is
  'Row trigger: the operator company is not deleted. Errors: 42501 operator_company.';
comment on function private.tg_users__keep_permissions() is 'Row trigger: effective_permissions is what role, grants and revocations come to.';
comment on function private.tg_role_permissions__refresh() is 'Statement trigger: members have what their role brings now.';
comment on function private.tg_users__check() is
  'Row trigger: role admin only in the operator company, known permissions only, disabled_at in step with status. Errors: 42501 admin_outside_operator, last_admin, 23514 unknown_permission.';

-- migrate:down
