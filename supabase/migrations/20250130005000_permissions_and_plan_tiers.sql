-- migrate:up
-- What may be done, which role may do it, and what each plan starts with: platform-wide reference data, small enough to
-- stand on every node. No API role reads it directly.

set lock_timeout = '5s';
set statement_timeout = '10min';

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
  monthly_price_usd numeric(14,6),
  features jsonb not null default '{}'
);

insert into private.permissions (permission, description) values
  ('company.read', 'See the company and its settings.'),
  ('company.write', 'Change the company''s contact data and settings.'),
  ('users.read', 'See the members of the company.'),
  ('users.write', 'Change members'' profiles and assign permissions.'),
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

insert into private.role_permissions (role, permission) values
  ('client', 'company.read'),
  ('client', 'company.write'),
  ('client', 'users.read'),
  ('client', 'users.write'),
  ('client', 'services.read'),
  ('client', 'services.write'),
  ('client', 'invoices.read'),
  ('client', 'invoices.write'),
  ('client', 'jobs.read'),
  ('client', 'jobs.write'),
  ('client', 'documents.read'),
  ('client', 'documents.write'),
  ('client', 'media.read'),
  ('client', 'media.write'),
  ('client', 'agents.read'),
  ('client', 'agents.write'),
  ('client', 'agent_logs.read'),
  ('client', 'agent_logs.write'),
  ('client', 'usage.read'),
  ('client', 'usage.write'),
  ('client', 'billing.read'),
  ('client', 'billing.write'),
  ('client', 'security.read'),
  ('client', 'api_keys.read'),
  ('client', 'api_keys.write'),
  ('client', 'audit.read'),
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

insert into private.plan_tiers (plan_tier, monthly_limit_usd, monthly_price_usd, features) values
  ('starter', 100, 100, '{"ai_agents": 3, "members": 5, "requests_per_minute": 600, "request_burst": 200}'),
  ('professional', 500, 500, '{"ai_agents": 20, "members": 50, "requests_per_minute": 3000, "request_burst": 1000}'),
  ('enterprise', 2000, 2000, '{"ai_agents": 200, "members": 1000, "requests_per_minute": 12000, "request_burst": 4000}'),
  ('custom', null, null, '{"requests_per_minute": 3000, "request_burst": 1000}')
on conflict (plan_tier) do nothing;

-- What a membership of that role comes to.
create or replace function private.permissions_with(p_role text, p_granted text[], p_revoked text[]) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return array(
    select rp.permission from private.role_permissions as rp where rp.role = p_role
    union
    select unnest(p_granted)
    except
    select unnest(p_revoked)
    order by 1);
end
$fn$;
revoke execute on function private.permissions_with(text, text[], text[]) from public;

comment on table private.permissions is 'Every permission that exists, as resource.verb.';
comment on table private.role_permissions is 'Which permissions a role brings; users.granted_permissions and revoked_permissions change it per member.';
comment on function private.permissions_with(text, text[], text[]) is 'Permissions of a role, plus granted, minus revoked; sorted.';
comment on table private.plan_tiers is 'Monthly limit and price (US dollars) and features that a plan of each tier starts with.';

-- migrate:down
