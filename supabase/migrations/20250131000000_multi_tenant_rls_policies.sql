-- migrate:up
-- Policies and grants of the core tables, in the two shapes that every tenant table has (I5): one equality against
-- the gate for members, one question to the tables for platform operators. Grants are explicit (I6).

set lock_timeout = '5s';
set statement_timeout = '10min';

alter table public.companies enable row level security;
drop policy if exists select_member on public.companies;
create policy select_member on public.companies
  for select to authenticated
  using (id = (select private.company_for('company.read')));
drop policy if exists update_member on public.companies;
create policy update_member on public.companies
  for update to authenticated
  using (id = (select private.company_for('company.write')))
  with check (id = (select private.company_for('company.write')));
drop policy if exists all_platform_admin on public.companies;
create policy all_platform_admin on public.companies
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.users enable row level security;
drop policy if exists select_member on public.users;
create policy select_member on public.users
  for select to authenticated
  using (company_id = (select private.company_for('users.read')));
drop policy if exists update_member on public.users;
create policy update_member on public.users
  for update to authenticated
  using (company_id = (select private.company_for('users.write')))
  with check (company_id = (select private.company_for('users.write')));
drop policy if exists all_platform_admin on public.users;
create policy all_platform_admin on public.users
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.company_plans enable row level security;
drop policy if exists select_member on public.company_plans;
create policy select_member on public.company_plans
  for select to authenticated
  using (company_id = (select private.company_for('billing.read')));
drop policy if exists all_platform_admin on public.company_plans;
create policy all_platform_admin on public.company_plans
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.company_config enable row level security;
drop policy if exists select_member on public.company_config;
create policy select_member on public.company_config
  for select to authenticated
  using (company_id = (select private.company_for('company.read')));
drop policy if exists update_member on public.company_config;
create policy update_member on public.company_config
  for update to authenticated
  using (company_id = (select private.company_for('company.write')))
  with check (company_id = (select private.company_for('company.write')));
drop policy if exists all_platform_admin on public.company_config;
create policy all_platform_admin on public.company_config
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.system_config enable row level security;
drop policy if exists all_platform_admin on public.system_config;
create policy all_platform_admin on public.system_config
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.companies from public, anon, authenticated, platform_admin, service_role;
grant select on table public.companies to authenticated;
grant update (
  name, legal_name, contact_name, contact_email, contact_phone, address_line1, address_line2, city,
  postal_code, country_code, tax_number
) on table public.companies to authenticated;
grant select on table public.companies to platform_admin;
grant insert (
  id, slug, name, legal_name, contact_name, contact_email, contact_phone, address_line1, address_line2,
  city, postal_code, country_code, tax_number, time_zone, currency, status, status_reason
) on table public.companies to platform_admin;
grant update (
  slug, name, legal_name, contact_name, contact_email, contact_phone, address_line1, address_line2, city,
  postal_code, country_code, tax_number, time_zone, currency, status, status_reason
) on table public.companies to platform_admin;
grant select, delete on table public.companies to service_role;
grant insert (
  id, slug, name, legal_name, contact_name, contact_email, contact_phone, address_line1, address_line2,
  city, postal_code, country_code, tax_number, time_zone, currency, status, status_reason, suspended_at,
  closed_at, is_operator, stripe_customer_id, created_at, updated_at, created_by, updated_by
) on table public.companies to service_role;
grant update (
  slug, name, legal_name, contact_name, contact_email, contact_phone, address_line1, address_line2, city,
  postal_code, country_code, tax_number, time_zone, currency, status, status_reason, suspended_at,
  closed_at, is_operator, stripe_customer_id, updated_at, created_by, updated_by
) on table public.companies to service_role;

-- Members change profiles only, without the address, which notices go to. Role, status and permissions belong to admins and to the functions that check
-- what the caller may hand out; there is no insert or delete grant for members on purpose.
revoke all on table public.users from public, anon, authenticated, platform_admin, service_role;
grant select on table public.users to authenticated;
grant update (full_name, job_title, phone, locale) on table public.users to authenticated;
grant select, delete on table public.users to platform_admin;
grant insert (
  company_id, id, email, full_name, job_title, phone, locale, role, status, granted_permissions,
  revoked_permissions
) on table public.users to platform_admin;
grant update (
  email, full_name, job_title, phone, locale, role, status, granted_permissions, revoked_permissions
) on table public.users to platform_admin;
grant select, delete on table public.users to service_role;
grant insert (
  company_id, id, email, full_name, job_title, phone, locale, role, status, granted_permissions,
  revoked_permissions, selected_at, disabled_at, created_at, updated_at, created_by, updated_by
) on table public.users to service_role;
grant update (
  email, full_name, job_title, phone, locale, role, status, granted_permissions, revoked_permissions,
  selected_at, disabled_at, updated_at, created_by, updated_by
) on table public.users to service_role;

-- No write for members on purpose: plans change through billing.
revoke all on table public.company_plans from public, anon, authenticated, platform_admin, service_role;
grant select on table public.company_plans to authenticated;
grant select on table public.company_plans to platform_admin;
grant insert (
  company_id, id, plan_tier, monthly_limit_usd, monthly_price_usd, features, enforcement, is_active, started_at
) on table public.company_plans to platform_admin;
grant update (
  plan_tier, monthly_limit_usd, monthly_price_usd, features, enforcement, is_active, started_at
) on table public.company_plans to platform_admin;
grant select, delete on table public.company_plans to service_role;
grant insert (
  company_id, id, plan_tier, monthly_limit_usd, payment_limit_usd, monthly_price_usd, features, enforcement, is_active, started_at,
  ended_at, stripe_subscription_id, stripe_price_id, created_at, updated_at, created_by, updated_by
) on table public.company_plans to service_role;
grant update (
  plan_tier, monthly_limit_usd, payment_limit_usd, monthly_price_usd, features, enforcement, is_active, started_at, ended_at,
  stripe_subscription_id, stripe_price_id, updated_at, created_by, updated_by
) on table public.company_plans to service_role;

-- No insert or delete for members on purpose: the row comes and goes with the company.
revoke all on table public.company_config from public, anon, authenticated, platform_admin, service_role;
grant select on table public.company_config to authenticated;
grant update (
  invoice_number_prefix, invoice_payment_days, notification_emails, budget_alert_percents,
  default_agent_model, settings
) on table public.company_config to authenticated;
grant select, delete on table public.company_config to platform_admin;
grant insert (
  company_id, id, invoice_number_prefix, invoice_payment_days, notification_emails,
  budget_alert_percents, default_agent_model, settings
) on table public.company_config to platform_admin;
grant update (
  invoice_number_prefix, invoice_payment_days, notification_emails, budget_alert_percents,
  default_agent_model, settings
) on table public.company_config to platform_admin;
grant select, delete on table public.company_config to service_role;
grant insert (
  company_id, id, invoice_number_prefix, invoice_payment_days, notification_emails,
  budget_alert_percents, default_agent_model, settings, created_at, updated_at, created_by, updated_by
) on table public.company_config to service_role;
grant update (
  invoice_number_prefix, invoice_payment_days, notification_emails, budget_alert_percents,
  default_agent_model, settings, updated_at, created_by, updated_by
) on table public.company_config to service_role;

-- Nothing for members on purpose.
revoke all on table public.system_config from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.system_config to platform_admin;
grant insert (key, value, description) on table public.system_config to platform_admin;
grant update (key, value, description) on table public.system_config to platform_admin;
grant select, delete on table public.system_config to service_role;
grant insert (
  key, value, description, created_at, updated_at, created_by, updated_by
) on table public.system_config to service_role;
grant update (
  value, description, updated_at, created_by, updated_by
) on table public.system_config to service_role;

comment on policy select_member on public.companies is 'Members holding company.read see the rows of their active company.';
comment on policy update_member on public.companies is 'Members holding company.write change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.companies is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on policy select_member on public.users is 'Members holding users.read see the rows of their active company.';
comment on policy update_member on public.users is 'Members holding users.write change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.users is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on policy select_member on public.company_plans is 'Members holding billing.read see the rows of their active company.';
comment on policy all_platform_admin on public.company_plans is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on policy select_member on public.company_config is 'Members holding company.read see the rows of their active company.';
comment on policy update_member on public.company_config is 'Members holding company.write change rows of their active company and cannot move them out of it.';
comment on policy all_platform_admin on public.company_config is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on policy all_platform_admin on public.system_config is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

-- migrate:down
