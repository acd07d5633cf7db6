import { ACME, type Ask, type Case, GLOBEX, idOf } from './support.ts';

const HOUR_AGO = Math.floor(Date.now() / 1000) - 7200;
const alice = `company_id = '${ACME}' and id = '${idOf('alice')}'`;
const policy = (members: string): string =>
  `select public.set_security_policy('${ACME}', '${members}', true)`;
const keyToken = (id: string) => ({
  sub: id,
  api_key_id: id,
  company_id: ACME,
  role: 'authenticated',
});
const KEY_ID = '00000000-0000-4000-8000-0000000000e1';
const plantKey = `insert into public.api_keys (company_id, id, name, prefix, permissions)
  values ('${ACME}', '${KEY_ID}', 'Planted', 'lyt_planted', '{services.read}')`;

/** Past the triggers, as a restore or somebody with too many rights does it. */
const pastTriggers = (sql: string): string =>
  `set local session_replication_role = replica; ${sql}; set local session_replication_role = origin`;

const access: Case[] = [
  {
    check: 'access.account_banned',
    ask: { company: 'acme', user: 'alice' },
    plant: `update auth.users set banned_until = now() + interval '1 day' where id = '${idOf('alice')}'`,
  },
  {
    check: 'access.account_unconfirmed',
    ask: { company: 'acme', user: 'alice' },
    plant: `update auth.users set email_confirmed_at = null where id = '${idOf('alice')}'`,
  },
  {
    check: 'access.anonymous_sign_in',
    ask: { user: 'alice', claims: { is_anonymous: true } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.company_choice_invalid',
    ask: { user: 'alice', claims: {}, headers: { 'x-company-id': 'acme' } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.company_choice_invalid',
    as: 'an empty header',
    ask: { user: 'alice', headers: { 'x-company-id': '' } },
    mended: { user: 'alice', headers: { 'x-company-id': ACME } },
  },
  {
    check: 'access.other_company_active',
    ask: { company: 'globex', user: 'mia', claims: {} },
    mended: { company: 'globex', user: 'mia', headers: { 'x-company-id': GLOBEX } },
  },
  {
    check: 'access.no_membership',
    ask: { company: 'globex', user: 'alice' },
    mend: `insert into public.users (company_id, id, email, full_name, role)
           values ('${GLOBEX}', '${idOf('alice')}', 'alice@acme.example', 'Alice', 'client')`,
  },
  {
    check: 'access.no_membership',
    as: 'by a header',
    ask: { user: 'alice', headers: { 'x-company-id': GLOBEX } },
    mended: { user: 'alice', headers: {} },
  },
  {
    check: 'access.no_membership',
    as: 'by a claim',
    ask: { user: 'alice', claims: { company_id: GLOBEX } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.no_company',
    ask: { user: 'eve' },
    mend: `insert into public.users (company_id, id, email, full_name, role)
           values ('${ACME}', '${idOf('eve')}', 'eve@outsider.example', 'Eve', 'agent')`,
  },
  {
    check: 'access.member_disabled',
    ask: { company: 'acme', user: 'alice' },
    plant: `update public.users set status = 'disabled' where ${alice}`,
  },
  {
    check: 'access.member_disabled',
    as: 'of the only company',
    ask: { user: 'alice' },
    plant: `update public.users set status = 'disabled' where ${alice}`,
  },
  {
    check: 'access.company_suspended',
    ask: { user: 'alice' },
    plant: `update public.companies set status = 'suspended', status_reason = 'planted' where id = '${ACME}'`,
  },
  {
    check: 'access.company_not_active',
    ask: { company: 'acme', user: 'alice' },
    plant: pastTriggers(
      `update public.companies set status = 'closed', closed_at = now() where id = '${ACME}'`,
    ),
    mend: pastTriggers(
      `update public.companies set status = 'active', closed_at = null where id = '${ACME}'`,
    ),
  },
  {
    check: 'access.permission_missing',
    ask: { company: 'acme', user: 'adam', permission: 'invoices.read' },
  },
  {
    check: 'access.permission_revoked',
    ask: { company: 'acme', user: 'alice', permission: 'services.read' },
    plant: `update public.users set revoked_permissions = '{services.read}' where ${alice}`,
  },
  {
    check: 'access.permissions_revoked',
    ask: { company: 'acme', user: 'alice' },
    plant: `update public.users set revoked_permissions = '{services.read}' where ${alice}`,
  },
  {
    check: 'access.second_factor_required',
    ask: { user: 'alice', claims: {} },
    plant: policy('{"required_aal": "aal2"}'),
    mended: { user: 'alice', claims: { aal: 'aal2' } },
  },
  {
    check: 'access.second_factor_required',
    as: 'for one permission',
    ask: { user: 'alice', permission: 'invoices.read', claims: {} },
    plant: policy('{"aal2_permissions": ["invoices.read"]}'),
    mended: { user: 'alice', permission: 'services.read', claims: {} },
  },
  {
    check: 'access.second_factor_missing',
    ask: { company: 'acme', user: 'alice' },
    plant: policy('{"required_aal": "aal2"}'),
  },
  {
    check: 'access.second_factor_missing',
    as: 'until one is verified',
    ask: { company: 'acme', user: 'alice' },
    plant: policy('{"required_aal": "aal2"}'),
    mend: `insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
           values (gen_random_uuid(), '${idOf('alice')}', 'totp', 'verified', now(), now())`,
  },
  {
    check: 'access.session_too_old',
    ask: { user: 'alice', claims: { amr: [{ method: 'password', timestamp: HOUR_AGO }] } },
    plant: policy('{"session_max_age_seconds": 3600}'),
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.session_idle',
    ask: { user: 'alice', claims: { iat: HOUR_AGO } },
    plant: policy('{"session_idle_seconds": 3600}'),
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.token_expired',
    ask: { user: 'alice', claims: { exp: HOUR_AGO } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.token_without_claims',
    ask: {
      user: 'alice',
      claims: { company_id: undefined, company_role: undefined, permissions: undefined },
    },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.claims_stale',
    ask: { user: 'alice', claims: { company_role: 'agent' } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.claims_stale',
    as: 'permissions',
    ask: { user: 'alice', claims: { permissions: ['services.read'] } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.operator_without_role',
    ask: { user: 'olga', claims: { role: 'authenticated' } },
    mended: { user: 'olga', claims: {} },
  },
  {
    check: 'access.operator_revoked',
    ask: { user: 'alice', claims: { role: 'platform_admin' } },
    mended: { user: 'alice', claims: {} },
  },
  {
    check: 'access.api_key_unknown',
    ask: { user: 'alice', token: keyToken(KEY_ID) },
    mend: plantKey,
  },
  {
    check: 'access.api_key_unknown',
    as: 'a header beside the token',
    plant: plantKey,
    ask: { user: 'alice', token: keyToken(KEY_ID), headers: { 'x-company-id': GLOBEX } },
    mended: { user: 'alice', token: keyToken(KEY_ID), headers: { 'x-company-id': ACME } },
  },
  {
    check: 'access.api_key_refused',
    ask: { user: 'alice', token: keyToken(KEY_ID) },
    plant: `${plantKey}; update public.api_keys set revoked_at = now() where id = '${KEY_ID}'`,
    mend: `update public.api_keys set revoked_at = null where id = '${KEY_ID}'`,
  },
  {
    check: 'access.api_key_refused',
    as: 'from another network',
    plant: `${plantKey}; update public.api_keys set allowed_networks = '{198.51.100.0/24}' where id = '${KEY_ID}'`,
    ask: {
      user: 'alice',
      token: keyToken(KEY_ID),
      headers: { 'x-forwarded-for': '203.0.113.7' },
    },
    mended: {
      user: 'alice',
      token: keyToken(KEY_ID),
      headers: { 'x-forwarded-for': '198.51.100.7' },
    },
  },
  {
    check: 'access.api_key_permission_missing',
    ask: { user: 'alice', permission: 'invoices.read', token: keyToken(KEY_ID) },
    plant: plantKey,
    mended: { user: 'alice', permission: 'services.read', token: keyToken(KEY_ID) },
  },
];

const network: Case[] = [
  {
    check: 'network.not_listed',
    ask: { user: 'alice', headers: { 'x-forwarded-for': '198.51.100.7' } },
    plant: policy('{"is_ip_allowlist_enabled": true}'),
  },
  {
    check: 'network.entry_disabled',
    ask: { user: 'alice', headers: { 'x-forwarded-for': '2001:db8:1::5' } },
    plant: policy('{"is_ip_allowlist_enabled": true}'),
  },
  {
    check: 'network.entry_expired',
    ask: { user: 'alice', headers: { 'x-forwarded-for': '198.51.100.7' } },
    plant: `${policy('{"is_ip_allowlist_enabled": true}')};
      insert into public.ip_allowlist_entries (company_id, network, label, expires_at)
      values ('${ACME}', '198.51.100.0/24', 'Fair', now() - interval '1 hour')`,
  },
  {
    check: 'network.address_unknown',
    ask: { user: 'alice', headers: {} },
    plant: policy('{"is_ip_allowlist_enabled": true}'),
    mended: { user: 'alice', headers: { 'x-forwarded-for': '203.0.113.9' } },
  },
  {
    check: 'network.not_allowed',
    ask: { self: true, user: 'adam', headers: { 'x-forwarded-for': '198.51.100.7' } },
    plant: policy('{"is_ip_allowlist_enabled": true}'),
    mended: { self: true, user: 'adam', headers: { 'x-forwarded-for': '203.0.113.9' } },
  },
  {
    check: 'network.allowlist_empty',
    ask: { company: 'acme' },
    plant: `${policy('{"is_ip_allowlist_enabled": true}')};
      update public.ip_allowlist_entries set is_enabled = false where company_id = '${ACME}'`,
  },
  {
    check: 'network.entries_expired',
    ask: { company: 'acme' },
    plant: `insert into public.ip_allowlist_entries (company_id, network, label, expires_at)
            values ('${ACME}', '198.51.100.0/24', 'Fair', now() - interval '1 hour')`,
  },
  {
    check: 'network.addresses_are_proxies',
    ask: { company: 'lytbub' },
    plant: `select public.set_security_policy(c.id, '{"is_ip_allowlist_enabled": true}', true) from public.companies as c where c.slug = 'lytbub';
      insert into public.ip_allowlist_entries (company_id, network, label) select c.id, '10.0.0.0/8', 'All' from public.companies as c where c.slug = 'lytbub';
      insert into public.audit_logs (company_id, action, ip_address) select c.id, 'planted.action', '10.0.0.5' from public.companies as c where c.slug = 'lytbub'`,
    mend: `insert into public.audit_logs (company_id, action, ip_address) select c.id, 'planted.action', '203.0.113.5' from public.companies as c where c.slug = 'lytbub'`,
  },
];

const month = `company_id = '${ACME}' and scope = 'company' and status = 'open' and now() between starts_at and ends_at`;

const budgets: Case[] = [
  {
    check: 'budgets.no_plan',
    ask: { company: 'acme' },
    plant: `update public.company_plans set is_active = false where company_id = '${ACME}'`,
  },
  {
    check: 'budgets.enforcement_soft',
    ask: { company: 'acme' },
    plant: `update public.company_plans set enforcement = 'soft' where company_id = '${ACME}' and is_active`,
  },
  {
    check: 'budgets.limit_reached',
    ask: { company: 'acme' },
    plant: `update public.company_plans set monthly_limit_usd = 0.000001 where company_id = '${ACME}' and is_active`,
    mend: `update public.company_plans set monthly_limit_usd = 500 where company_id = '${ACME}' and is_active`,
  },
  {
    check: 'budgets.limit_not_applied',
    ask: { company: 'acme' },
    plant: pastTriggers(
      `update public.company_plans set monthly_limit_usd = 900 where company_id = '${ACME}' and is_active`,
    ),
  },
  {
    check: 'budgets.scope_limit_not_applied',
    ask: { company: 'acme' },
    plant: pastTriggers(
      `update public.service_limits set monthly_limit_micro_usd = monthly_limit_micro_usd + 7 where company_id = '${ACME}'`,
    ),
  },
  {
    check: 'budgets.scope_limit_not_applied',
    as: 'of an agent, lifted',
    ask: { company: 'acme' },
    plant: pastTriggers(
      `update public.ai_agents set monthly_limit_micro_usd = null where company_id = '${ACME}' and monthly_limit_micro_usd is not null`,
    ),
  },
  {
    check: 'budgets.counters_differ',
    ask: { company: 'acme' },
    plant: `update public.budget_periods set spent_micro_usd = spent_micro_usd + 5 where ${month}`,
  },
  {
    check: 'budgets.counters_differ',
    as: 'what is held',
    ask: { company: 'acme' },
    plant: `update public.budget_periods set reserved_micro_usd = reserved_micro_usd + 5 where ${month}`,
  },
  {
    check: 'budgets.counts_waiting',
    ask: { company: 'acme' },
    plant: `update public.budget_periods set spent_micro_usd = spent_micro_usd - 7, stripe_count = 64 where ${month};
      insert into private.budget_stripes (company_id, budget_period_id, stripe, spent, folded_at)
      select company_id, id, 0, 7, now() - interval '6 minutes' from public.budget_periods where ${month}`,
  },
  {
    check: 'budgets.month_not_closed',
    ask: { company: 'acme' },
    plant: `insert into public.budget_periods (company_id, month, starts_at, ends_at, limit_micro_usd)
            values ('${ACME}', '2024-01-01', '2024-01-01', '2024-02-01', 1)`,
  },
  {
    check: 'budgets.alerts_unread',
    ask: { company: 'acme' },
    plant: `update public.company_config set notification_emails = '{}' where company_id = '${ACME}'`,
    mend: `update public.company_config set notification_emails = '{a@acme.example}' where company_id = '${ACME}'`,
  },
];

const account = (columns: string, values: string): string =>
  `delete from public.billing_accounts where company_id = '${ACME}'; insert into public.billing_accounts (company_id, ${columns}) values ('${ACME}', ${values})`;
const setAccount = (set: string): string =>
  `update public.billing_accounts set ${set} where company_id = '${ACME}'`;
const config = (name: string, value: string): string =>
  `update public.system_config set value = '${value}' where key = '${name}'`;

const billing: Case[] = [
  {
    check: 'billing.customer_missing',
    ask: { company: 'acme' },
    plant: `update public.companies set stripe_customer_id = null where id = '${ACME}';
      ${account('stripe_subscription_id, subscription_status', `'sub_1', 'canceled'`)}`,
    mend: `update public.companies set stripe_customer_id = 'cus_New' where id = '${ACME}'`,
  },
  {
    check: 'billing.customer_missing',
    as: 'without a subscription, where Stripe is on',
    ask: { company: 'acme' },
    plant: `${config('stripe.enabled', 'true')};
      ${pastTriggers(`update public.companies set stripe_customer_id = null, created_at = now() - interval '16 minutes' where id = '${ACME}'`)}`,
    mend: config('stripe.enabled', 'false'),
  },
  {
    check: 'billing.sync_failed',
    ask: { company: 'acme' },
    plant: account('last_error', `'No such customer'`),
    mend: setAccount('last_error = null'),
  },
  {
    check: 'billing.not_reconciled',
    ask: { company: 'acme' },
    plant: `${config('stripe.enabled', 'true')}; ${account('reconciled_at', `now() - interval '49 hours'`)}`,
    mend: setAccount('reconciled_at = now()'),
  },
  {
    check: 'billing.price_unknown',
    ask: { company: 'acme' },
    plant: account(
      'stripe_subscription_id, stripe_price_id, subscription_status',
      `'sub_1', 'price_1', 'active'`,
    ),
    mend: config('stripe.prices', '{"price_1": {"plan_tier": "professional"}}'),
  },
  {
    check: 'billing.plan_differs',
    ask: { company: 'acme' },
    plant: `${config('stripe.prices', '{"price_1": {"plan_tier": "enterprise"}}')};
      ${account('stripe_subscription_id, stripe_price_id, subscription_status', `'sub_1', 'price_1', 'trialing'`)}`,
  },
  {
    check: 'billing.payment_due',
    ask: { company: 'acme' },
    plant: account(
      'payment_status, payment_stage, past_due_since, grace_ends_at, suspends_at',
      `'past_due', 'grace', now(), now() + interval '7 days', now() + interval '30 days'`,
    ),
    mend: setAccount(
      `payment_status = 'ok', payment_stage = 'ok', past_due_since = null, grace_ends_at = null, suspends_at = null`,
    ),
  },
  {
    check: 'billing.usage_unsent',
    ask: { company: 'acme' },
    plant: `insert into private.stripe_usage_reports (company_id, month, position, stripe_customer_id, value_cents, used_at, created_at)
            values ('${ACME}', '2026-01-01', 1, 'cus_1', 5, now(), now() - interval '61 minutes')`,
    mend: `update private.stripe_usage_reports set sent_at = now()`,
  },
  {
    check: 'billing.events_waiting',
    ask: {},
    plant: `insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, payload, status, error, received_at)
            values ('evt_1', 'invoice.paid', now(), '{}', 'received', 'timeout', now() - interval '16 minutes')`,
    mend: `update private.stripe_events set status = 'processed', finished_at = now()`,
  },
  {
    check: 'billing.events_unmatched',
    ask: {},
    plant: `insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, stripe_customer_id, payload, status, finished_at)
            values ('evt_1', 'invoice.paid', now(), 'cus_Lost', '{}', 'unmatched', now())`,
    mend: `update public.companies set stripe_customer_id = 'cus_Lost' where slug = 'initech'`,
  },
];

const compliance: Case[] = [
  {
    check: 'compliance.nobody_in_charge',
    ask: { company: 'globex' },
    plant: `update public.compliance_requests set due_at = now() + interval '13 days' where company_id = '${GLOBEX}' and kind = 'access'`,
    mend: `update public.users set granted_permissions = '{compliance.manage}' where company_id = '${GLOBEX}' and id = '${idOf('bob')}'`,
  },
  {
    check: 'compliance.administrator_revoked',
    ask: { company: 'acme' },
    plant: `update public.users set revoked_permissions = '{compliance.read,users.read}' where company_id = '${ACME}' and id = '${idOf('cora')}'`,
  },
  {
    check: 'compliance.requests_overdue',
    ask: { company: 'acme' },
    plant: pastTriggers(
      `update public.compliance_requests set received_at = now() - interval '40 days', due_at = now() - interval '1 day' where company_id = '${ACME}' and kind = 'access'`,
    ),
    mend: `update public.compliance_requests set status = 'cancelled' where company_id = '${ACME}' and kind = 'access'`,
  },
  {
    check: 'compliance.audit_chain_broken',
    ask: { company: 'acme' },
    plant: pastTriggers(
      `create table pg_temp.kept as select id, actor_role from public.audit_logs where company_id = '${ACME}' and action = 'companies.created';
       update public.audit_logs set actor_role = 'forged' where id in (select id from pg_temp.kept)`,
    ),
    mend: pastTriggers(
      `update public.audit_logs as l set actor_role = k.actor_role from pg_temp.kept as k where l.id = k.id`,
    ),
  },
  {
    check: 'compliance.secrets_unreadable',
    ask: { company: 'acme' },
    plant: `select public.put_company_secret('${ACME}', 'planted', 'x'); delete from private.company_data_keys where company_id = '${ACME}'`,
    mend: `select public.put_company_secret('${ACME}', 'planted', 'y')`,
  },
];

const oldLog = `set local app.importing = 'on';
  insert into public.agent_logs (company_id, agent_id, event, created_at)
  select a.company_id, a.id, 'old', now() - interval '93 days' from public.ai_agents as a where a.company_id = '${ACME}' limit 1;
  set local app.importing = ''`;

const retention: Case[] = [
  { check: 'retention.overdue', ask: { company: 'acme' }, plant: oldLog },
  {
    check: 'retention.run_failed',
    ask: { company: 'acme' },
    plant: `${oldLog};
      create function private.planted() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$;
      create trigger planted before delete on public.agent_logs for each row execute function private.planted();
      select * from public.run_data_retention('${ACME}', false, 1000)`,
    mend: 'drop trigger planted on public.agent_logs',
  },
  {
    check: 'retention.legal_hold',
    ask: { company: 'acme' },
    plant: `update public.data_retention_policies set is_legal_hold = true where company_id = '${ACME}' and data_class = 'agent_logs'`,
  },
  {
    check: 'retention.no_policy',
    ask: { company: 'acme' },
    plant: `delete from public.data_retention_policies where company_id = '${ACME}' and data_class = 'jobs'`,
    mend: `insert into public.data_retention_policies (company_id, data_class, retention_days, action)
           select '${ACME}', k.data_class, 3650, 'keep' from private.retention_classes as k
           on conflict do nothing`,
  },
];

/** pg_cron is not on every machine; where it is, tests/ts/migrations/scheduler.test.ts asks the real one. */
export const cronSchema = `
  create schema cron;
  create table cron.job (
    jobid bigserial primary key, schedule text, command text, nodename text default 'localhost', database text,
    username text default current_user, active boolean not null default true, jobname text, unique (jobname, username));
  create table cron.job_run_details (
    jobid bigint, runid bigserial primary key, status text, return_message text, start_time timestamptz, end_time timestamptz);
  create function cron.schedule(job_name text, schedule text, command text) returns bigint language sql as $$
    insert into cron.job as j (jobname, schedule, command) values ($1, $2, $3)
    on conflict (jobname, username) do update set schedule = excluded.schedule, command = excluded.command
    returning j.jobid $$;
  create function cron.alter_job(
    job_id bigint, schedule text default null, command text default null, database text default null,
    username text default null, active boolean default null) returns void language sql as $$
    update cron.job as j set active = coalesce($6, j.active) where j.jobid = $1 $$;
  grant usage on schema cron to postgres;
  grant all on all tables in schema cron to postgres;
  grant all on all sequences in schema cron to postgres;
  set local role postgres; select private.schedule_maintenance(); reset role`;

const nextMonth = `to_char(now() at time zone 'UTC' + interval '1 month', 'YYYYMM')`;
const farLog = (interval: string): string => `set local app.importing = 'on';
  insert into public.agent_logs (company_id, agent_id, event, created_at)
  select a.company_id, a.id, 'far', now() ${interval} from public.ai_agents as a where a.company_id = '${ACME}' limit 1;
  set local app.importing = ''`;
const event = (status: string, more: string, values: string): string =>
  `insert into private.outbox_events (company_id, topic, status, ${more}) values ('${ACME}', 'planted.event', '${status}', ${values})`;

/** A server that has this extension to offer, or none. */
const availableOnly = (extension: string | null): string =>
  `create or replace function private.is_extension_available(p_name text) returns boolean language plpgsql stable
   set search_path = pg_catalog, pg_temp as 'begin return p_name is not distinct from ${extension === null ? 'null' : `''${extension}''`}; end'`;

const platform: Case[] = [
  {
    check: 'platform.operator_missing',
    ask: {},
    plant: `update public.users set status = 'disabled' where role = 'admin'`,
    mend: `update public.users set status = 'active' where role = 'admin'`,
  },
  {
    check: 'platform.partition_missing',
    ask: {},
    plant: `do $$ begin execute format('drop table private.%I', 'agent_logs_p' || ${nextMonth}); end $$`,
  },
  {
    check: 'platform.default_partition_used',
    ask: {},
    plant: farLog(`+ interval '8 months'`),
  },
  {
    check: 'platform.default_partition_past',
    ask: {},
    plant: farLog(`- interval '8 months'`),
  },
  {
    check: 'platform.scheduler_unavailable',
    ask: {},
    isThereAlready: true,
    plant: availableOnly(null),
    mend: cronSchema,
    superuser: true,
  },
  {
    check: 'platform.job_missing',
    ask: {},
    plant: `${cronSchema}; delete from cron.job where jobname = 'lytbub_flush_budgets'`,
  },
  {
    check: 'platform.job_inactive',
    ask: {},
    plant: `${cronSchema}; update cron.job set active = false where jobname = 'lytbub_flush_budgets'`,
    superuser: true,
  },
  {
    check: 'platform.job_failed',
    ask: {},
    plant: `${cronSchema};
      insert into cron.job_run_details (jobid, status, return_message, start_time)
      select jobid, s.status, 'planted', now() from cron.job cross join (values (1, 'succeeded'), (2, 'failed')) as s (n, status)
       where jobname = 'lytbub_flush_budgets' order by s.n`,
    mend: `insert into cron.job_run_details (jobid, status, start_time)
           select jobid, 'succeeded', now() from cron.job where jobname = 'lytbub_flush_budgets'`,
  },
  {
    check: 'platform.outbox_stale',
    ask: {},
    plant: event('pending', 'available_at', `now() - interval '16 minutes'`),
    mend: `update private.outbox_events set status = 'delivered', finished_at = now() where status = 'pending'`,
  },
  {
    check: 'platform.outbox_dead',
    ask: {},
    plant: event('dead', 'finished_at, last_error', `now(), 'planted'`),
  },
  {
    check: 'platform.extension_missing',
    ask: {},
    plant: 'drop extension pgcrypto cascade',
  },
  {
    check: 'platform.hook_not_granted',
    ask: {},
    plant:
      'revoke execute on function private.custom_access_token_hook(jsonb) from supabase_auth_admin',
  },
  {
    check: 'platform.hook_not_granted',
    as: 'the schema',
    ask: {},
    plant: 'revoke usage on schema private from supabase_auth_admin',
  },
  {
    check: 'platform.hook_not_called',
    ask: {},
    plant: `update auth.users set last_sign_in_at = now() where id = '${idOf('alice')}'`,
    mend: `select private.custom_access_token_hook('{"user_id": "${idOf('alice')}", "authentication_method": "password", "claims": {}}')`,
    superuser: true,
  },
  {
    check: 'platform.admin_role_not_granted',
    ask: {},
    plant: 'revoke platform_admin from authenticator granted by postgres',
  },
  {
    check: 'platform.role_bypasses_policies',
    ask: {},
    plant: 'alter role authenticated bypassrls',
    mend: 'alter role authenticated nobypassrls',
    superuser: true,
  },
  {
    check: 'platform.role_bypasses_policies',
    as: 'by membership',
    ask: {},
    plant: 'grant service_role to anon',
    mend: 'revoke service_role from anon',
    superuser: true,
  },
  {
    check: 'platform.pre_request_unknown',
    ask: {},
    isThereAlready: true,
    superuser: true,
  },
  {
    check: 'platform.pre_request_unset',
    ask: {},
    plant: `alter role authenticator set pgrst.db_pre_request = 'public.other'`,
    superuser: true,
  },
  {
    check: 'platform.pre_request_unset',
    as: 'not set on a server of Supabase',
    ask: {},
    plant: `set local supautils.reserved_roles = 'x'`,
    superuser: true,
  },
  {
    check: 'platform.pre_request_unset',
    as: 'until the other function calls it',
    ask: {},
    plant: `alter role authenticator set pgrst.db_pre_request = 'public.other'`,
    mend: `create function public.other() returns void language plpgsql as $$ begin perform public.check_request(); end $$`,
  },
  {
    check: 'platform.private_exposed',
    ask: {},
    plant: `alter role authenticator set pgrst.db_schemas = 'public, private'`,
    superuser: true,
  },
  {
    check: 'platform.realtime_sends_deletions',
    ask: {},
    plant: `alter publication supabase_realtime set (publish = 'insert, update, delete')`,
  },
  {
    check: 'platform.bucket_public',
    ask: {},
    plant: `update storage.buckets set public = true where id = 'media'`,
  },
  {
    check: 'platform.proxy_count_invalid',
    ask: {},
    // Settings are checked; an import brings what there was.
    plant: `select set_config('app.importing', 'on', false); ${config('security.trusted_proxy_count', '"two"')};
      select set_config('app.importing', '', false)`,
  },
];

/** One for every check of `diagnose()`, at least. */
export const CASES: readonly Case[] = [
  ...access,
  ...network,
  ...budgets,
  ...billing,
  ...compliance,
  ...retention,
  ...platform,
  {
    check: 'platform.scheduler_absent',
    ask: {},
    isThereAlready: true,
    plant: availableOnly('pg_cron'),
  },
];

/** What looks like a fault and is none. */
export const HARMLESS: readonly { what: string; ask: Ask; plant: string }[] = [
  {
    what: 'what another role than authenticator is told',
    ask: {},
    plant: `alter role anon set pgrst.db_schemas = 'private'; alter role anon set pgrst.db_pre_request = 'public.other'`,
  },
  {
    what: 'what authenticator is told in another database',
    ask: {},
    plant: `alter role authenticator in database postgres set pgrst.db_pre_request = 'public.other'`,
  },
  {
    what: 'an exposed schema whose name only begins like ours',
    ask: {},
    plant: `alter role authenticator set pgrst.db_schemas = 'public, private_notes'`,
  },
  {
    what: 'a role of somebody else that passes policies',
    ask: {},
    plant: 'create role planted_reporter bypassrls',
  },
  {
    what: "a failed job of somebody else's, and a failure of ours that is over",
    ask: {},
    plant: `${cronSchema};
      insert into cron.job (jobname, schedule, command) values ('nightly', '* * * * *', 'select 1');
      insert into cron.job_run_details (jobid, status, start_time)
      select j.jobid, s.status, now() from cron.job as j cross join (values (1, 'failed'), (2, 'succeeded'), (3, 'running')) as s (n, status)
       where j.jobname = 'lytbub_flush_budgets' order by s.n;
      insert into cron.job_run_details (jobid, status, start_time)
      select j.jobid, 'failed', now() from cron.job as j where j.jobname = 'nightly'`,
  },
  {
    what: 'a strict policy that was superseded',
    ask: { user: 'alice', claims: {} },
    plant: `${policy('{"required_aal": "aal2"}')}; ${policy('{"required_aal": "aal1"}')}`,
  },
  {
    what: "a neighbour's strict policy",
    ask: { user: 'alice', claims: {} },
    plant: `select public.set_security_policy('${GLOBEX}', '{"required_aal": "aal2"}', true)`,
  },
];
