-- migrate:up
-- What can be wrong, and what to do about it: the definitions of every check, in one place. diagnose() and
-- `npm run doctor` take their words from here, and docs/troubleshooting.md is generated from here. A check is one row
-- here, one condition in the function (or the module of the doctor) that looks for it, and one pair of tests.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.diagnosis_areas (
  area text not null primary key,
  place integer not null,
  title text not null,
  -- Permission that a member needs to have it examined for their company; null: everybody about themselves, or operators.
  permission text references private.permissions (permission) on delete restrict,
  constraint diagnosis_areas_area_is_word check (area ~ '^[a-z]+$')
);

-- In finding, explanation, mend and mend_sql, {name} stands for what the evidence says under that name, {name!} for the
-- same as an SQL literal and {name#} as an SQL identifier.
create table if not exists private.diagnosis_checks (
  check_id text not null primary key,
  area text not null references private.diagnosis_areas (area) on delete restrict,
  severity text not null,
  asked_by text not null default 'diagnose',
  finding text not null,
  explanation text not null,
  mend text,
  mend_sql text,
  constraint diagnosis_checks_check_id_is_area_dot_name check (check_id ~ '^[a-z]+\.[a-z_]+$' and split_part(check_id, '.', 1) = area),
  constraint diagnosis_checks_severity_is_known check (severity in ('ok', 'info', 'warning', 'error')),
  constraint diagnosis_checks_asked_by_is_known check (asked_by in ('diagnose', 'doctor')),
  constraint diagnosis_checks_mend_says_what_statement_does check (mend is not null or mend_sql is null),
  constraint diagnosis_checks_finding_has_mend check ((severity in ('warning', 'error')) <= (mend is not null))
);

-- Texts of the package, of nobody's.
insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', v.table_name, c, 'operational', 'keep'
  from (values
    ('diagnosis_areas', '{area,place,title,permission}'),
    ('diagnosis_checks', '{check_id,area,severity,asked_by,finding,explanation,mend,mend_sql}')
  ) as v (table_name, column_names)
 cross join lateral unnest(v.column_names::text[]) as c
on conflict do nothing;

-- The foreign keys.
create index if not exists diagnosis_areas_permission_idx
  on private.diagnosis_areas (permission);
create index if not exists diagnosis_checks_area_idx
  on private.diagnosis_checks (area);

-- The text with its placeholders filled in, in one pass: what a value contains is never a placeholder itself.
create or replace function private.fill_in(p_text text, p_values jsonb) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select string_agg(
             case
               when m.part[1] is null then m.part[3]
               when m.part[2] = '!' then quote_nullable(p_values ->> m.part[1])
               when m.part[2] = '#' then quote_ident(p_values ->> m.part[1])
               else coalesce(p_values ->> m.part[1], '?')
             end, '' order by m.place)
      from regexp_matches(p_text, '\{([a-z_]+)([!#]?)\}|([^{]+|\{)', 'g') with ordinality as m (part, place));
end
$fn$;
revoke execute on function private.fill_in(text, jsonb) from public;

insert into private.diagnosis_areas (area, place, title, permission) values
  ('access', 1, 'Company data is not visible', null),
  ('budgets', 2, 'Budget limits do not work', 'usage.read'),
  ('billing', 3, 'Stripe and billing', 'billing.read'),
  ('compliance', 4, 'Compliance data cannot be reached', 'compliance.read'),
  ('network', 5, 'IP access', 'security.read'),
  ('retention', 6, 'Data retention does not work', 'compliance.read'),
  ('platform', 7, 'The platform around the tables', null),
  ('schema', 8, 'The schema is not the shipped one', null)
on conflict (area) do update
  set place = excluded.place, title = excluded.title, permission = excluded.permission;

insert into private.diagnosis_checks (check_id, area, severity, finding, explanation, mend, mend_sql) values
  ('access.ok', 'access', 'ok', 'Nothing keeps {email} out of {company}.',
   'They are an active {role} there and hold: {permissions}. Tables that ask for another permission are empty to them.', null, null),
  ('access.account_banned', 'access', 'error', '{email} is banned from signing in until {until}.',
   'Supabase Auth refuses to issue tokens, so no request arrives in their name.', 'Lift the ban in Authentication, Users.',
   'update auth.users set banned_until = null where id = {user_id!}'),
  ('access.account_unconfirmed', 'access', 'warning', '{email} has never confirmed their address.',
   'Where Supabase Auth asks for confirmation, an account that is not confirmed cannot sign in.',
   'Send the confirmation again (Authentication, Users), or confirm by hand.',
   'update auth.users set email_confirmed_at = now() where id = {user_id!}'),
  ('access.anonymous_sign_in', 'access', 'error', 'The token is of an anonymous sign-in.',
   'An anonymous sign-in belongs to no company; the gate answers nobody.', 'Sign in with an account, and use its token.', null),
  ('access.company_choice_invalid', 'access', 'error', '{source} is "{wanted}", which is no company id.',
   'A choice that is made and cannot be read opens nothing; it does not fall back to the next one.',
   'Send the UUID of the company, or leave the header out.', null),
  ('access.other_company_active', 'access', 'warning', 'The request works in company {active_company_id}, not in {company_id}.',
   'A member sees one company at a time: the one that {source} chooses.',
   'Send header x-company-id: {company_id}, or call switch_company() with it and refresh the session.', null),
  ('access.no_membership', 'access', 'error', '{email} is no member of {company}.',
   'The gate looks for a row in public.users with this company and this person ({source}), and there is none. An id of no company at all looks the same.',
   'Invite them to the company, or choose one of the companies that my_companies() lists.', null),
  ('access.no_company', 'access', 'error', '{email} is a member of no company.',
   'There is no row in public.users for this person, so that there is nothing that they could see.',
   'Invite them to a company.', null),
  ('access.member_disabled', 'access', 'error', '{email} is disabled in {company} since {since}.',
   'A disabled member gets no rows from the next statement on, whatever their token says.',
   'Make the member active again, if that is wanted.',
   'update public.users set status = ''active'' where company_id = {company_id!} and id = {user_id!}'),
  ('access.company_suspended', 'access', 'error', '{company} is suspended since {since}.',
   'Members of a company that is not active get no rows. Reason: {reason}.',
   'Settle the reason, then reactivate the company; it holds from the next statement on.',
   'select * from public.reactivate_company({company_id!}, ''The reason of the suspension is settled.'')'),
  ('access.company_not_active', 'access', 'error', '{company} is {status}.',
   'Members of a company that is not active get no rows. Reason: {reason}.',
   'Within the grace period of a closed company, reactivate_company() brings it back.', null),
  ('access.permission_missing', 'access', 'error', '{email} does not hold {permission} in {company}.',
   'Role {role} does not bring it, and nobody assigned it. Tables that ask for it are empty, and writing to them is refused.',
   'A member who holds users.write and {permission} calls assign_permission(); an operator may state it.',
   'update public.users set granted_permissions = array_append(granted_permissions, {permission!}) where company_id = {company_id!} and id = {user_id!}'),
  ('access.permission_revoked', 'access', 'error', '{permission} was taken away from {email} in {company}.',
   'What stands in revoked_permissions outranks role and assignment.',
   'A member who holds users.write and {permission} calls assign_permission(); an operator may state it.',
   'update public.users set revoked_permissions = array_remove(revoked_permissions, {permission!}) where company_id = {company_id!} and id = {user_id!}'),
  ('access.permissions_revoked', 'access', 'info', 'Permissions that role {role} brings were taken away from {email} in {company}: {revoked}.',
   'What stands in revoked_permissions outranks role and assignment. The tables that ask for them are empty to this member.',
   'If it is not meant, call assign_permission() for each, or empty the list.',
   'update public.users set revoked_permissions = ''{}'' where company_id = {company_id!} and id = {user_id!}'),
  ('access.second_factor_required', 'access', 'error', 'The security policy of {company} asks for a second factor, and the session is {aal}.',
   'required_aal is {required_aal}; permissions that ask for a second factor in any case: {aal2_permissions}.',
   'Verify a second factor in this session, so that its token says aal2. Without one, enrol it first.', null),
  ('access.second_factor_missing', 'access', 'error', 'The security policy of {company} asks for a second factor, and {email} has none.',
   'Without a verified factor no session of theirs becomes aal2, and everything is empty to them.',
   'They enrol a factor (supabase.auth.mfa.enroll and verify). To let them in meanwhile, relax the policy.',
   'select public.set_security_policy({company_id!}, ''{"required_aal": "aal1"}'', true)'),
  ('access.session_too_old', 'access', 'error', 'The session is older than the security policy of {company} allows.',
   'Every factor in the claim amr must have been given within {seconds} seconds. A token without amr does not meet the rule.',
   'Sign in again; or allow for more time (session_max_age_seconds of set_security_policy()).', null),
  ('access.session_idle', 'access', 'error', 'The token was issued longer ago than the security policy of {company} allows.',
   'The claim iat must lie within {seconds} seconds. Keep the lifetime of tokens (jwt_expiry) below it.',
   'Refresh the session; or allow for more time (session_idle_seconds of set_security_policy()).', null),
  ('access.token_expired', 'access', 'error', 'The token expired at {expired_at}.',
   'PostgREST refuses it with 401 before the database is asked.', 'Refresh the session.', null),
  ('access.token_without_claims', 'access', 'warning', 'The token says nothing of a company, although {email} belongs to {company}.',
   'Either the token hook is not enabled, or the token is older than the membership. The gate reads the tables and works all the same, but applications that read the claims do not, and operators get no more than a member''s rights.',
   'Refresh the session. If the claims are still missing, enable the hook: see platform.hook_not_called.', null),
  ('access.claims_stale', 'access', 'warning', 'The token states other rights in {company} than the tables.',
   'It was issued before they changed: role {claimed_role} instead of {role}, or another list of permissions. The gate reads the tables; an application that reads the claims shows the wrong thing.',
   'Refresh the session.', null),
  ('access.operator_without_role', 'access', 'warning', '{email} is a platform operator, and the token is none of an operator.',
   'Operators are let into every company by the Postgres role platform_admin, which the token hook puts into the claim role. This token says {token_role}.',
   'Refresh the session. If the role is still {token_role}, enable the hook: see platform.hook_not_called.', null),
  ('access.operator_revoked', 'access', 'error', 'The token is an operator''s, and {email} is no operator.',
   'The policies for platform_admin ask the tables on every statement; a demoted operator with a live token gets nothing.',
   'Refresh the session, which makes it a member''s; or make them an active admin of the operator company again.', null),
  ('access.api_key_unknown', 'access', 'error', 'The token names an API key that its company does not have.',
   'The gate looks the key up on every statement. The key was deleted, or header x-company-id names another company than the token.',
   'Get a token for a key that is valid, and leave the header out.', null),
  ('access.api_key_refused', 'access', 'error', 'The API key "{name}" is refused: {problem}.',
   'revoked and expired keys are void at once, also for tokens that were issued for them; api_key_max_age_days of the security policy counts for older keys, too; ip_not_allowed means its own networks or the company''s allowlist.',
   'Issue or rotate a key (issue_api_key(), rotate_api_key()), or call from a network that it allows.', null),
  ('access.api_key_permission_missing', 'access', 'error', 'The API key "{name}" does not hold {permission}.',
   'A key has the permissions that it was issued with: {permissions}.',
   'Issue a key that has it; the permissions of a key do not change.', null),

  ('budgets.ok', 'budgets', 'ok', 'The budgets of {company} are as its plan says.',
   'Plan, limits and counters agree with each other and with the ledger.', null, null),
  ('budgets.no_plan', 'budgets', 'error', '{company} has no active plan.',
   'Without a plan the limit is 0 and every checked call is refused with budget_exceeded.',
   'Give the company a plan.',
   'insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values ({company_id!}, ''starter'', 100)'),
  ('budgets.enforcement_soft', 'budgets', 'info', 'The limit of {company} is soft: passing it raises alerts and refuses nothing.',
   'company_plans.enforcement says so. With a soft limit check_budget_before_usage() lets every call through.',
   'If spending must stop at the limit, make it hard; it counts from the next call on.',
   'update public.company_plans set enforcement = ''hard'' where company_id = {company_id!} and is_active'),
  ('budgets.limit_reached', 'budgets', 'info', '{company} has used up its limit of {limit_usd} US dollars in {month}.',
   'Calls are refused with budget_exceeded until the month ends. That is the limit at work, not a fault.',
   'Raise monthly_limit_usd of its plan, or credit it with adjust_budget().', null),
  ('budgets.limit_not_applied', 'budgets', 'error', 'The open month of {company} does not have the limit of its plan.',
   'It is counted against {counted_micro_usd} micro-dollars ({counted_enforcement}), the plan says {planned_micro_usd} ({planned_enforcement}). A trigger brings changes of a plan into the month; it was disabled, or the row was imported.',
   'Bring the plan into the month, and look for disabled triggers (npm run doctor).',
   'select private.apply_plan({company_id!})'),
  ('budgets.scope_limit_not_applied', 'budgets', 'error', 'A limit of {company} is not in its open month: {scope}.',
   'The limit says {planned}, the month counts against {counted} (micro-dollars). A trigger brings changes of limits into the month; it was disabled, or the row was imported.',
   'Bring the limit into the month, and look for disabled triggers (npm run doctor).',
   'select private.apply_limit({company_id!}, {agent_id!}, {service!}, {planned_micro_usd!})'),
  ('budgets.counters_differ', 'budgets', 'error', 'What is counted for {company} in {month} is not what the ledger says.',
   'Scope {scope}: counted {counted_micro_usd}, ledger {ledger_micro_usd} micro-dollars; held {reserved_micro_usd}, reservations {held_micro_usd}. Usage was written past the functions, or rows were deleted by hand.',
   'Set the counters to what the ledger says.',
   'select * from public.reconcile_budget({company_id!}, {month!}, true)'),
  ('budgets.counts_waiting', 'budgets', 'warning', 'Spending of {company} waits since {since} to be shown in its budget.',
   'A busy budget is counted in parts, which private.flush_budgets() brings together every minute. Limits hold all the same, alerts come late.',
   'Run it now, and see that it is scheduled.',
   'select private.flush_budgets()'),
  ('budgets.month_not_closed', 'budgets', 'warning', 'The month {month} of {company} is over and still open.',
   'Months close three days after their end by private.close_budget_periods(), which is not running.',
   'Run it now, and see that it is scheduled.',
   'select private.close_budget_periods()'),
  ('budgets.alerts_unread', 'budgets', 'info', 'Budget alerts of {company} go to no address.',
   'company_config.notification_emails is empty. A webhook may still get them.',
   'Set notification_emails in the settings of the company.', null),

  ('billing.ok', 'billing', 'ok', 'Stripe and the plan of {company} agree.', 'No event failed, and customer and subscription belong together.', null, null),
  ('billing.customer_missing', 'billing', 'warning', '{company} has no Stripe customer.',
   'Companies get one within minutes when stripe.enabled is true. Without it webhooks find no company, and neither checkout nor the billing portal can open.',
   'Let a scheduler call the edge function stripe-provision every minute, and look at its log.', null),
  ('billing.sync_failed', 'billing', 'warning', 'The last comparison of {company} with Stripe failed.',
   'Stripe or the function says: {error}', 'Remove what the error names; the next run of stripe-reconcile that succeeds ends this finding.', null),
  ('billing.not_reconciled', 'billing', 'warning', '{company} was last compared with Stripe {since}.',
   'stripe-reconcile runs nightly; it finds what webhooks missed.', 'Let a scheduler call the edge function stripe-reconcile every night.', null),
  ('billing.price_unknown', 'billing', 'error', '{company} pays for price {price}, and stripe.prices does not say what it buys.',
   'A subscription becomes a plan by system_config stripe.prices. Without the price there the company keeps the plan that it had.',
   'Add the price to stripe.prices: {"{price}": {"plan_tier": …}}; the next comparison brings the plan.', null),
  ('billing.plan_differs', 'billing', 'error', '{company} pays for {paid_tier} and has plan {plan_tier}.',
   'Subscription {subscription} is {subscription_status}, and its price buys another tier than the active plan. A webhook was missed, or the plan was changed by hand.',
   'Call the edge function stripe-reconcile; or give the company the tier that it pays for.',
   'insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values ({company_id!}, {paid_tier!}, {paid_limit_usd!})'),
  ('billing.payment_due', 'billing', 'info', 'A payment of {company} is due since {since}; stage {stage}.',
   'stripe.payment_policy then cuts the monthly limit, and later suspends the company, until the payment arrives. That is the policy at work.',
   'The company pays its open invoice (billing portal); what was cut comes back by itself.', null),
  ('billing.usage_unsent', 'billing', 'warning', 'Usage of {company} for {month} waits since {since} to be told to Stripe.',
   'A report is written before it is sent. stripe-reconcile sends what is left; nothing is sent twice.', 'Let a scheduler call the edge function stripe-reconcile, and look at its log.', null),
  ('billing.events_waiting', 'billing', 'warning', 'Events of Stripe were received and not processed: {events}.',
   'The oldest is of {since}. Errors: {errors}', 'Remove what the errors name, and let a scheduler call stripe-reconcile, which processes what is left.', null),
  ('billing.events_unmatched', 'billing', 'warning', 'Events of Stripe of 7 days name customers that no company has: {customers}.',
   'Another system uses the same Stripe account, or companies.stripe_customer_id was not stored.',
   'Store the customer with its company, or point the webhook of the other system elsewhere.', null),

  ('compliance.ok', 'compliance', 'ok', 'Compliance data of {company} can be reached by whoever is in charge.', 'Requests are in time and the end of the audit chain verifies.', null, null),
  ('compliance.nobody_in_charge', 'compliance', 'warning', 'Requests of {company} are due within 14 days ({requests}), and nobody there may work on them.',
   'No active member holds compliance.manage. Clients do not see compliance requests; operators do.',
   'Give a member the role compliance_admin, or assign compliance.manage to one.', null),
  ('compliance.administrator_revoked', 'compliance', 'warning', '{email} is compliance administrator of {company} without the permissions of one.',
   'compliance.read or compliance.manage stands in revoked_permissions, which outranks the role.',
   'Give them back, or change the role.',
   'update public.users set revoked_permissions = array_remove(array_remove(revoked_permissions, ''compliance.read''), ''compliance.manage'') where company_id = {company_id!} and id = {user_id!}'),
  ('compliance.requests_overdue', 'compliance', 'error', 'Requests of {company} have passed their date: {requests}.',
   'The law gives a month (GDPR Art. 12(3)) or 45 days (CCPA).',
   'Answer them now: process_compliance_request(), or reject them with a reason.', null),
  ('compliance.audit_chain_broken', 'compliance', 'error', 'The audit chain of {company} does not verify.',
   'An entry of the last 1000 links was changed, removed or inserted past the triggers.',
   'Keep the database as it is, compare with a backup, and see docs/audit.md: verify_audit_chain() names the links.', null),
  ('compliance.secrets_unreadable', 'compliance', 'warning', 'Secrets of {company} cannot be decrypted any more: {secrets}.',
   'Their data key was dropped.', 'Store them anew with put_company_secret().', null),

  ('network.ok', 'network', 'ok', 'The IP allowlist of {company} lets its people in.', 'It is off, or has entries in force.', null, null),
  ('network.allowlist_empty', 'network', 'error', 'The IP allowlist of {company} is on and has no entry in force.',
   'No address is on it, so that no member gets in. Operators do.',
   'Add a network to ip_allowlist_entries, or switch the allowlist off.',
   'select public.set_security_policy({company_id!}, ''{"is_ip_allowlist_enabled": false}'', true)'),
  ('network.not_listed', 'network', 'error', 'No entry of the IP allowlist of {company} contains {address}.',
   'The address is the one that the outermost trusted proxy saw. If it is a proxy''s, security.trusted_proxy_count is too small.',
   'Come from a listed network, or list this one.',
   'insert into public.ip_allowlist_entries (company_id, network, label) values ({company_id!}, {address!}, ''Added after diagnosis'')'),
  ('network.entry_disabled', 'network', 'error', 'The entry of the IP allowlist of {company} that contains {address} is switched off.',
   'Entry {network}: is_enabled is false, and no other entry contains the address.', 'Switch it on.',
   'update public.ip_allowlist_entries set is_enabled = true where company_id = {company_id!} and network = {network!}'),
  ('network.entry_expired', 'network', 'error', 'The entry of the IP allowlist of {company} that contains {address} has expired.',
   'Entry {network} ended at {expired_at}, and no other entry contains the address.', 'Give it a later end, or none.',
   'update public.ip_allowlist_entries set expires_at = null where company_id = {company_id!} and network = {network!}'),
  ('network.address_unknown', 'network', 'error', 'The address of the client cannot be told, and {company} has an IP allowlist.',
   'X-Forwarded-For is missing or has fewer addresses than security.trusted_proxy_count ({proxies}) says, or what stands there is no address.',
   'Call through the API''s gateway; or set security.trusted_proxy_count to the number of proxies in front of PostgREST.', null),
  ('network.not_allowed', 'network', 'error', 'Your address is not on the IP allowlist of {company}.',
   'The company lets its people in from listed networks only. Your address is seen as {address}.',
   'Come from a listed network, or ask whoever manages the list (security.manage).', null),
  ('network.entries_expired', 'network', 'info', 'Entries of the IP allowlist of {company} have expired: {networks}.',
   'They let nobody in any more.', 'Remove them, or give them a later end.',
   'delete from public.ip_allowlist_entries where company_id = {company_id!} and expires_at <= now()'),
  ('network.addresses_are_proxies', 'network', 'warning', '{company} has an IP allowlist, and every address that was seen of late is a private one.',
   'Addresses such as {address} are those of a proxy: security.trusted_proxy_count ({proxies}) is smaller than the number of proxies in front of PostgREST.',
   'Count the proxies and set security.trusted_proxy_count in system_config; explain_ip_access() then shows the real address.', null),

  ('retention.ok', 'retention', 'ok', 'What the retention policies of {company} say is done.', 'Nothing is overdue, and no run has failed since.', null, null),
  ('retention.overdue', 'retention', 'error', '{data_class} of {company} should have gone for two days at least.',
   'The policy says {action} after {retention_days} days. run_data_retention() is not scheduled, or fails.',
   'Run it until nothing is left (npm run retention does), and see that it is scheduled.',
   'select * from public.run_data_retention({company_id!}, false, 10000)'),
  ('retention.run_failed', 'retention', 'error', 'The last run of data retention for {data_class} of {company} failed.',
   'At {failed_at}: {error}. Nothing of this class goes until it succeeds; other classes are not concerned.',
   'Remove what the error names, then run it again.',
   'select * from public.run_data_retention({company_id!}, false, 10000)'),
  ('retention.legal_hold', 'retention', 'info', '{data_class} of {company} is under legal hold.',
   'Nothing of this class goes while is_legal_hold is true, however old it is.', 'Lift the hold when its reason is gone.',
   'update public.data_retention_policies set is_legal_hold = false where company_id = {company_id!} and data_class = {data_class!}'),
  ('retention.no_policy', 'retention', 'info', '{company} has no retention policy for: {data_classes}.',
   'Without a policy everything is kept.', 'State one in data_retention_policies for each class; action keep says that it is meant.', null),

  ('platform.ok', 'platform', 'ok', 'The platform around the tables is in order.', 'Partitions, schedule, outbox, roles and hook are as they should be.', null, null),
  ('platform.operator_missing', 'platform', 'error', 'There is no active admin in an operator company.',
   'Nobody can run the platform through the API.', 'Make the first admin: docs/operations.md, first steps.', null),
  ('platform.partition_missing', 'platform', 'error', '{table} has no partition for {month}.',
   'Rows of that month go to the default partition, where they are found but cannot be dropped as a whole. maintain_partitions() is not running.',
   'Run it now, and see that it is scheduled.', 'select public.maintain_partitions()'),
  ('platform.default_partition_used', 'platform', 'warning', 'The default partition of {table} holds rows of {month}.',
   'They came before their month had a partition: maintain_partitions() is not running, or they are dated far ahead.',
   'Make the partition; it takes its rows over.', 'select private.create_month_partition({table!}, {month!})'),
  ('platform.default_partition_past', 'platform', 'info', 'The default partition of {table} holds rows of {month}.',
   'That month had no partition. Reads find the rows; they cannot be dropped as a whole month.',
   'Make the partition; it takes its rows over.', 'select private.create_month_partition({table!}, {month!})'),
  ('platform.scheduler_unavailable', 'platform', 'info', 'This server has no pg_cron.',
   'Maintenance is then run by a scheduler of your own. What it leaves undone is reported by other checks.',
   'Call the jobs of docs/operations.md from any scheduler.', null),
  ('platform.scheduler_absent', 'platform', 'info', 'pg_cron is there, and not enabled.',
   'Maintenance is then run by a scheduler of your own, or by nobody. What it leaves undone is reported by other checks.', 'Enable it, then schedule the jobs.',
   'create extension if not exists pg_cron; select private.schedule_maintenance()'),
  ('platform.job_missing', 'platform', 'error', 'Job {job} is not scheduled.',
   'The migrations schedule it where pg_cron is enabled; the extension came later, or the job was removed.', 'Schedule all jobs anew; it is safe to repeat.',
   'select private.schedule_maintenance()'),
  ('platform.job_inactive', 'platform', 'error', 'Job {job} is switched off.', 'pg_cron knows it and does not run it. Scheduling it anew leaves it switched off.', 'Switch it on.',
   'select cron.alter_job({jobid!}, active => true)'),
  ('platform.job_failed', 'platform', 'error', 'The last run of job {job} failed at {failed_at}.',
   'pg_cron says: {error}', 'Remove what the error names; the next run that succeeds ends this finding.', null),
  ('platform.outbox_stale', 'platform', 'warning', 'Events wait since {since} to be delivered: {events}.',
   'dispatch-events is not called, or fails. Alerts, invitations and what else is told to others stay undone; nothing is lost.',
   'Deploy the function and let a scheduler call it every minute: docs/operations.md, events.', null),
  ('platform.outbox_dead', 'platform', 'warning', 'Events could not be delivered and were given up: {events}.',
   'Topics: {topics}. The last error of each stands in private.outbox_events.last_error.',
   'Mend the receiver, then try them once more.',
   'update private.outbox_events set status = ''pending'', finished_at = null, attempts = 0, available_at = now() where status = ''dead'''),
  ('platform.extension_missing', 'platform', 'error', 'Extension {extension} is not installed in schema extensions.',
   'Secrets of third parties are encrypted with it.', 'Install it.',
   'create extension if not exists {extension#} with schema extensions'),
  ('platform.hook_not_granted', 'platform', 'error', 'Supabase Auth may not call the token hook.',
   'supabase_auth_admin lacks the right to execute private.custom_access_token_hook, or to use schema private. Sign-in fails where the hook is enabled.',
   'Grant both.',
   'grant usage on schema private to supabase_auth_admin; grant execute on function private.custom_access_token_hook(jsonb) to supabase_auth_admin'),
  ('platform.hook_not_called', 'platform', 'warning', 'Members have signed in ({people} in 30 days) and the token hook saw none of them.',
   'The hook records each sign-in as session.started in the audit log. There is none, so that tokens carry no company, and operators get no more than a member''s rights.',
   'Hosted: Authentication, Hooks, "Customize Access Token (JWT) Claims", choose private.custom_access_token_hook. CLI: [auth.hook.custom_access_token] in supabase/config.toml.', null),
  ('platform.admin_role_not_granted', 'platform', 'error', 'authenticator cannot become platform_admin.',
   'PostgREST then answers every request of an operator with an error, since their token names that role.', 'Grant the role.',
   'grant platform_admin to authenticator'),
  ('platform.role_bypasses_policies', 'platform', 'error', 'Role {role} gets past row level security: {how}.',
   'Row level security does not hold for superusers, roles with BYPASSRLS, and members of such roles that inherit.',
   'Take it away: alter role {role} nosuperuser nobypassrls, or revoke the membership. The first takes a superuser.', null),
  ('platform.pre_request_unset', 'platform', 'warning', 'PostgREST does not call public.check_request() before requests.',
   'pgrst.db_pre_request of role authenticator is {setting}. Rates are not limited, and members who are kept out by a security policy find everything empty instead of being told why.',
   'Set it; or call public.check_request() from the function that is set.',
   'alter role authenticator set pgrst.db_pre_request = ''public.check_request''; notify pgrst, ''reload config'''),
  ('platform.pre_request_unknown', 'platform', 'info', 'The database does not say whether PostgREST calls public.check_request() before requests.',
   'pgrst.db_pre_request of role authenticator is not set, and this server is none of Supabase''s, where it would be. PostgREST may have it in its own configuration (PGRST_DB_PRE_REQUEST).',
   'See that PostgREST is started with it, or set it as a superuser.',
   'alter role authenticator set pgrst.db_pre_request = ''public.check_request'''),
  ('platform.private_exposed', 'platform', 'error', 'Schema private is exposed through the API.',
   'pgrst.db_schemas of role {role} is {setting}. Its tables grant nothing, but its functions are meant for policies and RPCs only.',
   'Take it off: in Settings, API, Exposed schemas, or here.',
   'alter role {role#} set pgrst.db_schemas = ''public, graphql_public''; notify pgrst, ''reload config'''),
  ('platform.realtime_sends_deletions', 'platform', 'warning', 'Realtime sends deletions of our tables to every subscriber.',
   'Publication supabase_realtime publishes delete or truncate, which row level security does not filter: a subscriber learns keys of other companies.',
   'Publish inserts and updates only.', 'alter publication supabase_realtime set (publish = ''insert, update'')'),
  ('platform.bucket_public', 'platform', 'error', 'Bucket {bucket} is public.',
   'Whoever knows a name reads the file without a token, past the policies.', 'Make it private.',
   'update storage.buckets set public = false where id = {bucket!}'),
  ('platform.proxy_count_invalid', 'platform', 'error', 'system_config security.trusted_proxy_count is {value}, which is no number of proxies.',
   'No address can be told, and companies with an IP allowlist let nobody in.', 'State a whole number, 1 for hosted Supabase.',
   'update public.system_config set value = ''1'' where key = ''security.trusted_proxy_count''')
on conflict (check_id) do update
  set area = excluded.area, severity = excluded.severity, asked_by = excluded.asked_by, finding = excluded.finding,
      explanation = excluded.explanation, mend = excluded.mend, mend_sql = excluded.mend_sql;

-- What only a comparison with the shipped files can tell; npm run doctor makes it. Its statements come from those files.
insert into private.diagnosis_checks (check_id, area, severity, asked_by, finding, explanation, mend, mend_sql) values
  ('schema.ok', 'schema', 'ok', 'doctor', 'The schema is the shipped one.', 'Tables, policies, functions, triggers and grants were compared with generated/manifest.json.', null, null),
  ('schema.migration_missing', 'schema', 'error', 'doctor', 'Migration {migration} is not applied.',
   'The file is there and the history of the database does not name it.', 'Apply the migrations: supabase db push.', null),
  ('schema.migration_unknown', 'schema', 'warning', 'doctor', 'The database has migration {migration}, of which there is no file.',
   'It belongs to a newer version, or was made elsewhere.', 'Use the version that brought it, or add its file.', null),
  ('schema.migration_edited', 'schema', 'warning', 'doctor', 'Migration {migration} was edited after it was applied.',
   'The history keeps the statements that ran, and they are not those of the file.', 'Bring what changed in by a new migration; on a development database, npm run reset.', null),
  ('schema.history_unknown', 'schema', 'info', 'doctor', 'There is no history of migrations.',
   'Neither the Supabase CLI nor dbmate keeps one here, so that nobody can tell which files are applied.', 'Apply the migrations with either.', null),
  ('schema.table_missing', 'schema', 'error', 'doctor', 'Table {table} is missing.', 'A migration was not applied or only half of it, or the table was dropped.',
   'Apply the migrations: supabase db push. If the history says that they are applied, restore the table from a backup.', null),
  ('schema.column_missing', 'schema', 'error', 'doctor', 'Column {column} of {table} is missing.', 'A migration was not applied or only half of it, or the column was dropped.',
   'Apply the migrations: supabase db push. If the history says that they are applied, restore the column from a backup.', null),
  ('schema.rls_off', 'schema', 'error', 'doctor', 'Row level security is off on {table}.', 'Whoever has a grant on the table sees the rows of every company.',
   'Switch it on.', 'alter table {table} enable row level security'),
  ('schema.table_unprotected', 'schema', 'error', 'doctor', 'Table {table} is not of this package, is exposed to {roles}, and has no row level security.',
   'Everything in schema public is reachable through the API for whoever has a grant.', 'Switch row level security on, and add policies.', 'alter table {table} enable row level security'),
  ('schema.policy_missing', 'schema', 'error', 'doctor', 'Policy {policy} on {table} is missing.', 'What it lets through is refused now.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.policy_changed', 'schema', 'error', 'doctor', 'Policy {policy} on {table} is not the shipped one.', 'Shipped: {shipped}. Here: {found}.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.policy_extra', 'schema', 'error', 'doctor', 'Policy {policy} on {table} is not of this package.',
   'Permissive policies add up: what one lets through, nobody else can take back. Here: {found}.', 'Drop it; or, if it is meant, prove it with npm run verify.', 'drop policy {policy} on {table}'),
  ('schema.function_missing', 'schema', 'error', 'doctor', 'Function {function} is missing.', 'Whatever calls it fails, and a policy that calls it refuses everybody.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.function_changed', 'schema', 'error', 'doctor', 'Function {function} is not the shipped one.', 'Its {parts} differ from the shipped ones. Policies and RPCs trust it.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.execute_extra', 'schema', 'error', 'doctor', '{role} may execute {function} and should not.', 'The shipped grants do not name this role.', 'Take it away; the doctor prints the shipped grants.', null),
  ('schema.execute_missing', 'schema', 'error', 'doctor', '{role} may not execute {function} and should.', 'The shipped grants name this role; its calls fail with 42501.', 'Grant it.', 'grant execute on function {function} to {role}'),
  ('schema.trigger_missing', 'schema', 'error', 'doctor', 'Trigger {trigger} on {table} is missing.', 'What it checks, records or counts is not done.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.trigger_changed', 'schema', 'error', 'doctor', 'Trigger {trigger} on {table} is not the shipped one.', 'Here: {found}.', 'Create it as shipped; the doctor prints the statement, taken from the shipped files.', null),
  ('schema.trigger_disabled', 'schema', 'error', 'doctor', 'Trigger {trigger} on {table} is disabled.', 'What it checks, records or counts is not done.', 'Enable it.', 'alter table {table} enable trigger {trigger}'),
  ('schema.grant_extra', 'schema', 'error', 'doctor', '{role} may do more with {table} than is shipped: {privileges}.', 'Grants are the first of two doors; TRUNCATE passes row level security altogether.',
   'Set the grants of the role on the table to the shipped ones; the doctor prints the statements.', null),
  ('schema.grant_missing', 'schema', 'error', 'doctor', '{role} may do less with {table} than is shipped: {privileges}.', 'Requests that need it fail with 42501.',
   'Set the grants of the role on the table to the shipped ones; the doctor prints the statements.', null),
  ('schema.view_definer', 'schema', 'error', 'doctor', 'View {view} runs with the rights of its owner.', 'Without security_invoker a view passes the policies of its tables.', 'Set it.', 'alter view {view} set (security_invoker = on)'),
  ('schema.not_examined', 'schema', 'warning', 'doctor', 'Part of the diagnosis could not be made: {question}.', 'The database says: {error}',
   'Mend what is said of the schema first, then run the doctor again.', null),
  ('schema.config_hook_off', 'schema', 'error', 'doctor', 'supabase/config.toml does not enable the token hook.', 'Tokens of the local stack, or of a project that config push sets up, carry no company, and operators get no more than a member''s rights.',
   'Set enabled = true and uri = "pg-functions://postgres/private/custom_access_token_hook" under [auth.hook.custom_access_token].', null),
  ('schema.config_private_exposed', 'schema', 'error', 'doctor', 'supabase/config.toml exposes schema private.', 'schemas under [api] names it.', 'Take it off.', null)
on conflict (check_id) do update
  set area = excluded.area, severity = excluded.severity, asked_by = excluded.asked_by, finding = excluded.finding,
      explanation = excluded.explanation, mend = excluded.mend, mend_sql = excluded.mend_sql;

revoke all on table private.diagnosis_areas from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.diagnosis_checks from public, anon, authenticated, platform_admin, service_role;

comment on table private.diagnosis_areas is 'What diagnose() and npm run doctor look at, in order.';
comment on table private.diagnosis_checks is
  'Every check: what it finds, why that matters, and what mends it. docs/troubleshooting.md is generated from it.';
comment on function private.fill_in(text, jsonb) is
  'The text with {name}, {name!} (SQL literal) and {name#} (SQL identifier) filled in from the values; ? for what they do not name.';

-- migrate:down
