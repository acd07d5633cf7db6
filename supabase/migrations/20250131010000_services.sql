-- migrate:up
-- Services: the price list.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What a company sells: the price list that invoices and jobs refer to.
create table if not exists public.services (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  code text not null,
  name text not null,
  description text,
  category text,
  status text not null default 'draft',
  billing_unit text not null default 'item',
  unit_price numeric(14,6) not null default 0,
  currency text not null default 'USD',
  tax_rate_percent numeric(5,2) not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint services_code_is_unique_in_company unique (company_id, code),
  constraint services_code_is_short check (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'),
  constraint services_name_is_not_blank check (name ~ '\S' and length(name) <= 200),
  constraint services_status_is_known check (status in ('draft', 'active', 'archived')),
  constraint services_billing_unit_is_known check (billing_unit in ('item', 'hour', 'month', 'thousand_tokens')),
  constraint services_unit_price_is_not_negative check (unit_price >= 0 and unit_price <> 'NaN'),
  constraint services_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  constraint services_tax_rate_percent_is_in_range check (tax_rate_percent between 0 and 100)
);

-- Active services by name.
create index if not exists services_company_id_status_name_idx
  on public.services (company_id, status, name);
-- Latest services.
create index if not exists services_company_id_created_at_idx
  on public.services (company_id, created_at desc);

create or replace trigger set_row_meta
  before insert or update on public.services
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.services
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('services');

alter table public.services enable row level security;
drop policy if exists select_member on public.services;
create policy select_member on public.services
  for select to authenticated
  using (company_id = (select private.company_for('services.read')));
drop policy if exists insert_member on public.services;
create policy insert_member on public.services
  for insert to authenticated
  with check (company_id = (select private.company_for('services.write')));
drop policy if exists update_member on public.services;
create policy update_member on public.services
  for update to authenticated
  using (company_id = (select private.company_for('services.write')))
  with check (company_id = (select private.company_for('services.write')));
drop policy if exists delete_member on public.services;
create policy delete_member on public.services
  for delete to authenticated
  using (company_id = (select private.company_for('services.write')));
drop policy if exists all_platform_admin on public.services;
create policy all_platform_admin on public.services
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.services from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.services to authenticated;
grant insert (
  company_id, id, code, name, description, category, status, billing_unit, unit_price, currency,
  tax_rate_percent
) on table public.services to authenticated;
grant update (
  code, name, description, category, status, billing_unit, unit_price, currency, tax_rate_percent
) on table public.services to authenticated;
grant select, delete on table public.services to platform_admin;
grant insert (
  company_id, id, code, name, description, category, status, billing_unit, unit_price, currency,
  tax_rate_percent
) on table public.services to platform_admin;
grant update (
  code, name, description, category, status, billing_unit, unit_price, currency, tax_rate_percent
) on table public.services to platform_admin;
grant select, delete on table public.services to service_role;
grant insert (
  company_id, id, code, name, description, category, status, billing_unit, unit_price, currency,
  tax_rate_percent, created_at, updated_at, created_by, updated_by
) on table public.services to service_role;
grant update (
  code, name, description, category, status, billing_unit, unit_price, currency, tax_rate_percent,
  updated_at, created_by, updated_by
) on table public.services to service_role;

comment on table public.services is 'Services that a company offers, with price and billing unit.';
comment on column public.services.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.services.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.services.code is 'Short code, unique within the company, such as SEO-AUDIT.';
comment on column public.services.name is 'Name shown to customers.';
comment on column public.services.description is 'What the customer gets.';
comment on column public.services.category is 'Free grouping for lists.';
comment on column public.services.status is 'draft, active or archived.';
comment on column public.services.billing_unit is 'What one unit is: item, hour, month or thousand_tokens.';
comment on column public.services.unit_price is 'Price of one unit, in currency.';
comment on column public.services.currency is 'ISO 4217.';
comment on column public.services.tax_rate_percent is 'Tax in percent, 0 to 100.';
comment on column public.services.created_at is 'When the row was created.';
comment on column public.services.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.services.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.services.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.services is 'Members holding services.read see the rows of their active company.';
comment on policy insert_member on public.services is 'Members holding services.write add rows to their active company only.';
comment on policy update_member on public.services is 'Members holding services.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.services is 'Members holding services.write delete rows of their active company.';
comment on policy all_platform_admin on public.services is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

-- migrate:down
