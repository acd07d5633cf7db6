-- migrate:up
-- Core tables: companies, their members, plans and settings, and the permissions that roles bring.
-- Holds I1 (company_id leads every key), I2 (unique constraints lead with it), I3 and I10. Row level security is
-- switched on here, at once, and the policies follow in multi_tenant_rls_policies: nothing is readable in between.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What may be done, and which role may do it, as data. Small enough to stand on every node (reference tables).
create table if not exists private.permissions (
  permission text not null primary key,
  description text not null,
  constraint permissions_permission_is_resource_dot_verb check (permission ~ '^[a-z_]+\.[a-z]+$')
);

create table if not exists private.role_permissions (
  role text not null,
  permission text not null references private.permissions (permission) on delete cascade,
  primary key (role, permission),
  constraint role_permissions_role_is_known check (role in ('admin', 'client', 'agent', 'compliance_admin'))
);

create index if not exists role_permissions_permission_idx
  on private.role_permissions (permission);

create table if not exists private.plan_tiers (
  plan_tier text not null primary key,
  monthly_limit_usd numeric(14,6),
  features jsonb not null default '{}'
);

insert into private.permissions (permission, description) values
  ('company.read', 'See the company and its settings.'),
  ('company.write', 'Change the companys contact data and settings.'),
  ('users.read', 'See the members of the company.'),
  ('users.write', 'Change members profiles and assign permissions.'),
  ('services.read', 'See services.'),
  ('services.write', 'Create, change and delete services.'),
  ('invoices.read', 'See invoices and their lines.'),
  ('invoices.write', 'Create, change and delete invoices and their lines.'),
  ('jobs.read', 'See jobs.'),
  ('jobs.write', 'Create, change and delete jobs.'),
  ('documents.read', 'See documents and their files.'),
  ('documents.write', 'Create, change and delete documents and their files.'),
  ('media.read', 'See media assets and their files.'),
  ('media.write', 'Create, change and delete media assets and their files.'),
  ('agents.read', 'See AI agents.'),
  ('agents.write', 'Create, change and delete AI agents.'),
  ('agent_logs.read', 'See the logs of AI agents.'),
  ('agent_logs.write', 'Add to the logs of AI agents.'),
  ('usage.read', 'See API usage, budget periods and alerts.'),
  ('usage.write', 'Record API usage and acknowledge budget alerts.'),
  ('billing.read', 'See plans and billing.'),
  ('billing.write', 'Change plans and billing.'),
  ('security.read', 'See security policies and IP allowlists.'),
  ('security.manage', 'Change security policies and IP allowlists.'),
  ('compliance.read', 'See compliance requests, retention policies and retention logs.'),
  ('compliance.manage', 'Work on compliance requests and change retention policies.'),
  ('api_keys.read', 'See API keys (never their secrets).'),
  ('api_keys.write', 'Issue, rotate and revoke API keys.'),
  ('audit.read', 'See the audit log.')
on conflict (permission) do update set description = excluded.description;

-- An agent starts with little; the rest is assigned one by one (users.granted_permissions). Compliance administrators
-- see no billing. In the operator company an admin without the token hook has the rights of a member, no more.
insert into private.role_permissions (role, permission)
select 'admin', permission from private.permissions
on conflict do nothing;

insert into private.role_permissions (role, permission)
select 'client', permission
  from private.permissions
 where permission not in ('security.manage', 'compliance.read', 'compliance.manage')
on conflict do nothing;

insert into private.role_permissions (role, permission) values
  ('agent', 'company.read'),
  ('agent', 'services.read'),
  ('agent', 'jobs.read'),
  ('compliance_admin', 'company.read'),
  ('compliance_admin', 'users.read'),
  ('compliance_admin', 'security.read'),
  ('compliance_admin', 'security.manage'),
  ('compliance_admin', 'compliance.read'),
  ('compliance_admin', 'compliance.manage'),
  ('compliance_admin', 'audit.read'),
  ('compliance_admin', 'api_keys.read')
on conflict do nothing;

insert into private.plan_tiers (plan_tier, monthly_limit_usd, features) values
  ('starter', 100, '{"ai_agents": 3, "members": 5}'),
  ('professional', 500, '{"ai_agents": 20, "members": 50}'),
  ('enterprise', 2000, '{"ai_agents": 200, "members": 1000}'),
  ('custom', null, '{}')
on conflict (plan_tier) do nothing;

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
  constraint companies_status_is_known check (status in ('active', 'suspended', 'closed')),
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

-- What a company has bought. One plan is active at a time; earlier ones stay as history.
create table if not exists public.company_plans (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  plan_tier text not null,
  monthly_limit_usd numeric(14,6) not null,
  features jsonb not null default '{}',
  is_active boolean not null default true,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  stripe_subscription_id text,
  stripe_price_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint company_plans_plan_tier_is_known check (plan_tier in ('starter', 'professional', 'enterprise', 'custom')),
  constraint company_plans_monthly_limit_usd_is_not_negative check (monthly_limit_usd >= 0 and monthly_limit_usd <> 'NaN'),
  constraint company_plans_features_is_object check (jsonb_typeof(features) = 'object' and pg_column_size(features) <= 65536),
  constraint company_plans_ended_at_set_when_ended check (is_active = (ended_at is null)),
  constraint company_plans_ends_after_start check (ended_at >= started_at),
  constraint company_plans_stripe_subscription_id_is_stripe check (stripe_subscription_id ~ '^sub_[A-Za-z0-9_]+$'),
  constraint company_plans_stripe_price_id_is_stripe check (stripe_price_id ~ '^price_[A-Za-z0-9_]+$')
);

-- Settings that a company's own people may change. One row a company.
create table if not exists public.company_config (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  invoice_number_prefix text not null default 'INV-',
  invoice_payment_days integer not null default 30,
  notification_emails text[] not null default '{}',
  default_agent_model text,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint company_config_is_one_row_a_company unique (company_id),
  constraint company_config_invoice_number_prefix_is_short check (length(invoice_number_prefix) <= 20),
  constraint company_config_invoice_payment_days_is_in_range check (invoice_payment_days between 0 and 365),
  constraint company_config_notification_emails_are_few check (cardinality(notification_emails) <= 20),
  constraint company_config_settings_is_object check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) <= 65536)
);

-- Platform-wide settings, the one exposed table without a company. Only operators see it.
create table if not exists public.system_config (
  key text not null primary key,
  value jsonb not null,
  description text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  constraint system_config_key_is_dotted_name check (key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
  constraint system_config_description_is_not_blank check (description ~ '\S')
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

-- The plan in force; also: at most one a company.
create unique index if not exists company_plans_company_id_active_idx
  on public.company_plans (company_id) where is_active;

create or replace function private.tg_companies__check() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if tg_op = 'INSERT' or new.time_zone is distinct from old.time_zone then
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
create or replace function private.refuse_without_admin(p_company_id uuid, p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if coalesce(current_setting('role', true), '') <> 'platform_admin' then
    return;
  end if;
  -- The lock makes two admins who remove each other wait for one another.
  perform from public.companies as c where c.id = p_company_id for no key update;
  if not exists (
    select from public.users as u
     where u.company_id = p_company_id and u.id <> p_user_id and u.role = 'admin' and u.status = 'active'
  ) then
    raise exception 'this is the last active admin'
      using errcode = '42501',
            detail = 'last_admin',
            hint = 'Make somebody else an admin first.';
  end if;
end
$fn$;
revoke execute on function private.refuse_without_admin(uuid, uuid) from public;

create or replace function private.tg_users__keep_admin() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if old.role = 'admin' and old.status = 'active' then
    perform private.refuse_without_admin(old.company_id, old.id);
  end if;
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
  if tg_op = 'INSERT'
     or new.granted_permissions is distinct from old.granted_permissions
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
  if tg_op = 'UPDATE' and old.role = 'admin' and old.status = 'active'
     and (new.role <> 'admin' or new.status <> 'active')
  then
    perform private.refuse_without_admin(old.company_id, old.id);
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

create or replace function private.tg_company_plans__set_defaults() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  end if;
  if tg_op = 'INSERT' then
    -- A new plan takes the place of the one in force. A retried insert comes here before its conflict is found; it must
    -- not end what came after it.
    if new.is_active and not exists (
      select from public.company_plans as p where p.company_id = new.company_id and p.id = new.id
    ) then
      update public.company_plans as p
         set is_active = false
       where p.company_id = new.company_id and p.is_active and p.id <> new.id;
    end if;
    if new.monthly_limit_usd is null then
      select t.monthly_limit_usd into new.monthly_limit_usd
        from private.plan_tiers as t where t.plan_tier = new.plan_tier;
    end if;
    if new.features = '{}' then
      new.features := coalesce(
        (select t.features from private.plan_tiers as t where t.plan_tier = new.plan_tier), '{}');
    end if;
  end if;
  if new.plan_tier = 'custom' and new.monthly_limit_usd is null then
    raise exception 'a custom plan needs its monthly limit'
      using errcode = '23502',
            detail = 'plan_limit_required',
            hint = 'State monthly_limit_usd, in US dollars a month.';
  end if;
  if new.is_active then
    new.ended_at := null;
  else
    new.ended_at := coalesce(new.ended_at, greatest(now(), new.started_at));
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_company_plans__set_defaults() from public;

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

create or replace trigger set_row_meta
  before insert or update on public.company_plans
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.company_plans
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('company_plans');
create or replace trigger set_plan_defaults
  before insert or update on public.company_plans
  for each row execute function private.tg_company_plans__set_defaults();

create or replace trigger set_row_meta
  before insert or update on public.company_config
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.company_config
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('company_config');

create or replace trigger set_row_meta
  before insert or update on public.system_config
  for each row execute function private.tg_row__set_meta();

alter table public.companies enable row level security;
alter table public.users enable row level security;
alter table public.company_plans enable row level security;
alter table public.company_config enable row level security;
alter table public.system_config enable row level security;
revoke all on table public.companies from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.users from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.company_plans from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.company_config from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.system_config from public, anon, authenticated, platform_admin, service_role;
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
comment on column public.companies.status is 'active, suspended or closed. Only members of an active company get any rows.';
comment on column public.companies.status_reason is 'Why the company is suspended or closed.';
comment on column public.companies.suspended_at is 'When it was suspended; set exactly while it is.';
comment on column public.companies.closed_at is 'When it was closed; set exactly when it is.';
comment on column public.companies.is_operator is 'True for the one company whose admins run the platform.';
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
comment on column public.users.selected_at is 'When the person last switched to this company; the latest one is their default company.';
comment on column public.users.disabled_at is 'When the member was disabled; set exactly while they are.';
comment on column public.users.created_at is 'When the row was created.';
comment on column public.users.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.users.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.users.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.company_plans is 'Plans of a company: tier, monthly limit and features. At most one is active.';
comment on column public.company_plans.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.company_plans.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.company_plans.plan_tier is 'starter, professional, enterprise or custom.';
comment on column public.company_plans.monthly_limit_usd is 'US dollars a month; starter 100, professional 500, enterprise 2000 unless stated, custom must be stated.';
comment on column public.company_plans.features is 'Feature switches of the plan, an object.';
comment on column public.company_plans.is_active is 'True for the plan in force.';
comment on column public.company_plans.started_at is 'When the plan came into force.';
comment on column public.company_plans.ended_at is 'When it ended; set exactly when it is no longer active.';
comment on column public.company_plans.stripe_subscription_id is 'Stripe subscription, sub_….';
comment on column public.company_plans.stripe_price_id is 'Stripe price, price_….';
comment on column public.company_plans.created_at is 'When the row was created.';
comment on column public.company_plans.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.company_plans.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.company_plans.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.company_config is 'Settings of a company, one row each.';
comment on column public.company_config.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.company_config.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.company_config.invoice_number_prefix is 'What invoice numbers begin with.';
comment on column public.company_config.invoice_payment_days is 'Days until an invoice is due, 0 to 365.';
comment on column public.company_config.notification_emails is 'Addresses that alerts go to, at most 20.';
comment on column public.company_config.default_agent_model is 'Model that a new AI agent starts with.';
comment on column public.company_config.settings is 'Anything else the application keeps per company, an object of at most 64 kB.';
comment on column public.company_config.created_at is 'When the row was created.';
comment on column public.company_config.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.company_config.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.company_config.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.system_config is 'Platform-wide settings. Operators only; no company_id on purpose.';
comment on column public.system_config.key is 'Name of the setting, lower case with dots, such as maintenance.enabled.';
comment on column public.system_config.value is 'The value.';
comment on column public.system_config.description is 'What the setting does.';
comment on column public.system_config.created_at is 'When the row was created.';
comment on column public.system_config.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.system_config.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.system_config.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table private.permissions is 'Every permission that exists, as resource.verb.';
comment on table private.role_permissions is 'Which permissions a role brings; users.granted_permissions and revoked_permissions change it per member.';
comment on table private.plan_tiers is 'Monthly limit (US dollars) and features that a plan of each tier starts with.';
comment on function private.tg_companies__check() is
  'Row trigger: checks the time zone, keeps suspended_at and closed_at in step with status. Errors: 22023 invalid_time_zone.';
comment on function private.refuse_without_admin(uuid, uuid) is
  'Refuses an operator''s change that would leave no other active admin. Errors: 42501 last_admin.';
comment on function private.tg_users__keep_admin() is
  'Row trigger: an operator does not delete the last active admin. Errors: 42501 last_admin.';
comment on function private.tg_companies__keep_operator() is
  'Row trigger: the operator company is not deleted. Errors: 42501 operator_company.';
comment on function private.tg_users__check() is
  'Row trigger: role admin only in the operator company, known permissions only, disabled_at in step with status. Errors: 42501 admin_outside_operator, last_admin, 23514 unknown_permission.';
comment on function private.tg_company_plans__set_defaults() is
  'Row trigger: limit and features of the tier where none are stated, a new active plan ends the one before, ended_at in step with is_active. Errors: 23502 plan_limit_required.';

-- migrate:down
