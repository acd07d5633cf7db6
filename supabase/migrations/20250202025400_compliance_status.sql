-- migrate:up
-- How a company stands with its security and compliance, check by check, and the regular review of that (GDPR Art. 24(1)
-- and 32(1)(d): measures are tested, assessed and brought up to date regularly).

set lock_timeout = '5s';
set statement_timeout = '10min';

-- When a company last reviewed its settings, and was last reminded to. Earlier reviews are in the audit log.
create table if not exists private.compliance_reviews (
  company_id uuid not null primary key references public.companies (id) on delete cascade,
  reviewed_at timestamptz,
  reviewed_by uuid,
  reminded_at timestamptz
);

insert into public.system_config (key, value, description) values
  ('compliance.review_interval_days', '90',
   'Days after which a company is reminded to review its security policy, IP allowlist, API keys, members and retention policies.')
on conflict (key) do nothing;

create or replace function private.review_due_at(p_company_id uuid) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select coalesce(r.reviewed_at, c.created_at) + make_interval(days => coalesce(
             (select (s.value #>> '{}')::integer from public.system_config as s where s.key = 'compliance.review_interval_days'), 90))
      from public.companies as c
      left join private.compliance_reviews as r on r.company_id = c.id
     where c.id = p_company_id);
end
$fn$;
revoke execute on function private.review_due_at(uuid) from public;

create or replace function private.check_requests(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_found record;
begin
  select count(*) as open, count(*) filter (where r.due_at <= now()) as overdue,
         count(*) filter (where r.due_at > now() and r.due_at <= now() + interval '7 days') as due_soon,
         min(r.due_at) as next_due_at,
         jsonb_agg(r.id order by r.due_at) filter (where r.due_at <= now()) as ids
    into v_found
    from public.compliance_requests as r
   where r.company_id = p_company_id and r.status in ('received', 'identity_check', 'in_progress');
  return query values
    ('requests_open', case when v_found.due_soon > 0 then 'warning' else 'ok' end, v_found.open,
     jsonb_build_object('due_within_7_days', v_found.due_soon, 'next_due_at', v_found.next_due_at)),
    ('requests_overdue', case when v_found.overdue > 0 then 'failing' else 'ok' end, v_found.overdue,
     jsonb_build_object('request_ids', coalesce(v_found.ids, '[]')));
end
$fn$;
revoke execute on function private.check_requests(uuid) from public;

create or replace function private.check_retention(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_policy record;
  v_rows bigint;
  v_overdue jsonb := '{}'::jsonb;
  v_total bigint := 0;
  v_missing text[];
  v_held text[];
  v_failed jsonb;
begin
  select array_agg(k.data_class order by k.data_class) into v_missing
    from private.retention_classes as k
   where not exists (
     select from public.data_retention_policies as p where p.company_id = p_company_id and p.data_class = k.data_class);
  select array_agg(p.data_class order by p.data_class) into v_held
    from public.data_retention_policies as p
   where p.company_id = p_company_id and p.is_legal_hold;
  -- What should have gone for two days: nobody runs run_data_retention(), or it fails.
  for v_policy in
    select p.data_class, p.action, greatest(p.retention_days, k.minimum_days) + 2 as days
      from public.data_retention_policies as p
      join private.retention_classes as k on k.data_class = p.data_class
     where p.company_id = p_company_id and p.action <> 'keep' and not p.is_legal_hold
     order by p.data_class
  loop
    v_rows := private.retain_batch(
      p_company_id, v_policy.data_class, v_policy.action, now() - make_interval(days => v_policy.days), 1, true);
    if v_rows > 0 then
      v_overdue := v_overdue || jsonb_build_object(v_policy.data_class, v_rows);
      v_total := v_total + v_rows;
    end if;
  end loop;
  select jsonb_object_agg(l.data_class, l.failures) into v_failed
    from (
      select x.data_class, count(*) as failures from public.data_retention_logs as x
       where x.company_id = p_company_id and x.status = 'failed' and x.started_at > now() - interval '7 days'
       group by x.data_class
    ) as l;
  return query values
    ('retention_policies', case when v_missing is null then 'ok' else 'warning' end, coalesce(cardinality(v_missing), 0)::bigint,
     jsonb_build_object('classes_without_policy', coalesce(to_jsonb(v_missing), '[]'), 'legal_holds', coalesce(to_jsonb(v_held), '[]'))),
    ('retention_overdue', case when v_total > 0 then 'failing' else 'ok' end, v_total, jsonb_build_object('rows', v_overdue)),
    ('retention_failures', case when v_failed is null then 'ok' else 'failing' end,
     (select coalesce(sum(f.value::bigint), 0)::bigint from jsonb_each_text(v_failed) as f),
     jsonb_build_object('failures_of_7_days', coalesce(v_failed, '{}')));
end
$fn$;
revoke execute on function private.check_retention(uuid) from public;

create or replace function private.check_api_keys(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_found record;
begin
  select count(*) as keys,
         max(extract(day from now() - k.created_at))::bigint as oldest_days,
         jsonb_agg(k.id order by k.id) filter (where k.created_at <= now() - interval '365 days') as old,
         jsonb_agg(k.id order by k.id) filter (where k.expires_at <= now() + interval '14 days') as expiring,
         jsonb_agg(k.id order by k.id) filter (where coalesce(k.last_used_at, k.created_at) <= now() - interval '90 days') as unused,
         -- Issued by somebody who could not issue it any more.
         jsonb_agg(k.id order by k.id) filter (
           where k.created_by is not null
             and not (k.permissions || '{api_keys.write}') <@ private.permissions_of(k.company_id, k.created_by)) as unattended
    into v_found
    from public.api_keys as k
   where k.company_id = p_company_id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  return query values
    ('api_key_age', case when v_found.old is null then 'ok' else 'warning' end, coalesce(v_found.oldest_days, 0),
     jsonb_build_object('keys', v_found.keys, 'older_than_365_days', coalesce(v_found.old, '[]'))),
    ('api_keys_expiring', case when v_found.expiring is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.expiring), 0)::bigint,
     jsonb_build_object('within_14_days', coalesce(v_found.expiring, '[]'))),
    ('api_keys_unused', case when v_found.unused is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.unused), 0)::bigint,
     jsonb_build_object('for_90_days', coalesce(v_found.unused, '[]'))),
    ('api_keys_unattended', case when v_found.unattended is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.unattended), 0)::bigint,
     jsonb_build_object('issuer_lost_rights', coalesce(v_found.unattended, '[]')));
end
$fn$;
revoke execute on function private.check_api_keys(uuid) from public;

create or replace function private.check_access(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_policy public.security_policies;
  v_factors constant regclass := to_regclass('auth.mfa_factors');
  v_entries record;
  v_seen record;
  v_users uuid[];
begin
  select * into v_policy from public.security_policies as p where p.company_id = p_company_id and p.is_active;
  select count(*) filter (where e.is_enabled and (e.expires_at is null or e.expires_at > now())) as in_force,
         count(*) filter (where e.expires_at <= now()) as expired
    into v_entries from public.ip_allowlist_entries as e
   where e.company_id = p_company_id;
  -- Of the addresses that the audit log has seen in a month, how many the allowlist covers.
  select count(*) as addresses, count(*) filter (where private.is_address_allowed(p_company_id, a.ip_address)) as covered
    into v_seen
    from (
      select distinct l.ip_address from public.audit_logs as l
       where l.company_id = p_company_id and l.created_at > now() - interval '30 days' and l.ip_address is not null
    ) as a;
  return query values (
    'ip_allowlist', case when coalesce(v_policy.is_ip_allowlist_enabled, false) and v_entries.expired = 0 then 'ok' else 'warning' end,
    case when v_seen.addresses = 0 then null else v_seen.covered * 100 / v_seen.addresses end,
    jsonb_build_object(
      'is_enabled', coalesce(v_policy.is_ip_allowlist_enabled, false), 'entries', v_entries.in_force,
      'expired_entries', v_entries.expired, 'addresses_of_30_days', v_seen.addresses, 'covered', v_seen.covered));
  if v_factors is null or not has_table_privilege(v_factors, 'select') then
    return query values ('users_without_mfa', 'unknown', null::bigint, jsonb_build_object('reason', 'auth.mfa_factors cannot be read'));
    return;
  end if;
  execute format(
    'select array_agg(u.id order by u.id) from public.users as u
      where u.company_id = $1 and u.status = ''active''
        and not exists (select from %s as f where f.user_id = u.id and f.status = ''verified'')', v_factors)
    into v_users using p_company_id;
  return query values (
    'users_without_mfa', case when v_users is null then 'ok' else 'warning' end, coalesce(cardinality(v_users), 0)::bigint,
    jsonb_build_object('is_required', coalesce(v_policy.required_aal = 'aal2', false), 'user_ids', coalesce(to_jsonb(v_users), '[]')));
end
$fn$;
revoke execute on function private.check_access(uuid) from public;

-- The end of the chain, which is what somebody would change; verify_audit_chain() goes through all of it.
create or replace function private.check_audit_chain(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_head constant bigint := (select h.link_no from private.audit_heads as h where h.company_id = p_company_id);
  v_from constant bigint := greatest(
    coalesce(v_head, 0) - 1000,
    coalesce((select max(s.last_link_no) from private.audit_segments as s
               where s.company_id = p_company_id and s.pruned_at is not null), 0));
  v_answer public.audit_verification;
begin
  begin
    v_answer := private.verify_audit_chain(p_company_id, v_from, 1000, null, null);
  exception when insufficient_privilege then
    return query values ('audit_chain', 'unknown', null::bigint, '{"reason": "audit.read is not held"}'::jsonb);
    return;
  end;
  return query values (
    'audit_chain', case when v_answer.is_intact then 'ok' else 'failing' end, coalesce(v_answer.head_link_no, 0),
    jsonb_build_object('verified_after_link_no', v_from, 'problems', coalesce(v_answer.problems, '[]')));
end
$fn$;
revoke execute on function private.check_audit_chain(uuid) from public;

create or replace function private.compliance_status(p_company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_due_at timestamptz;
  v_unreadable bigint;
begin
  perform private.require_reader(p_company_id, 'compliance.read');
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  v_due_at := private.review_due_at(p_company_id);
  v_unreadable := (
    select count(*) from private.company_secrets as s
     where s.company_id = p_company_id
       and not exists (select from private.company_data_keys as d where d.company_id = s.company_id and d.key_uuid = s.key_uuid));
  return query
    select * from private.check_requests(p_company_id)
    union all select * from private.check_retention(p_company_id)
    union all select * from private.check_api_keys(p_company_id)
    union all select * from private.check_access(p_company_id)
    union all select * from private.check_audit_chain(p_company_id)
    union all values
      ('secrets_unreadable', case when v_unreadable > 0 then 'warning' else 'ok' end, v_unreadable, '{}'::jsonb),
      ('review', case when v_due_at <= now() then 'warning' else 'ok' end,
       greatest(extract(day from v_due_at - now()), 0)::bigint,
       jsonb_build_object('due_at', v_due_at, 'reviewed_at', (
         select r.reviewed_at from private.compliance_reviews as r where r.company_id = p_company_id)));
end
$fn$;
revoke execute on function private.compliance_status(uuid) from public;
grant execute on function private.compliance_status(uuid) to authenticated, platform_admin, service_role;

create or replace function private.record_compliance_review(p_company_id uuid, p_notes text) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_checks jsonb;
begin
  perform private.require_company(p_company_id, 'compliance.manage');
  if length(p_notes) > 10000 then
    raise exception 'the notes are longer than 10000 characters'
      using errcode = '22023',
            detail = 'invalid_notes',
            hint = 'Store a longer report as a document, and name it here.';
  end if;
  -- What the reviewer was shown.
  select jsonb_object_agg(s.check_name, s.status) into v_checks from private.compliance_status(p_company_id) as s;
  insert into private.compliance_reviews as r (company_id, reviewed_at, reviewed_by)
  values (p_company_id, now(), private.actor_id())
  on conflict (company_id) do update
    set reviewed_at = excluded.reviewed_at, reviewed_by = excluded.reviewed_by, reminded_at = null;
  perform private.write_audit(p_company_id, 'compliance.reviewed', 'compliance_reviews', null,
    jsonb_build_object('notes', p_notes, 'checks', v_checks));
  return private.review_due_at(p_company_id);
end
$fn$;
revoke execute on function private.record_compliance_review(uuid, text) from public;
grant execute on function private.record_compliance_review(uuid, text) to authenticated, service_role;

-- When a review is due, and every 30 days until it is made. Companies whose row is in use are left to the next run.
create or replace function private.remind_of_reviews() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company record;
  v_notices integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_company in
    select c.id, d.due_at
      from public.companies as c
      left join private.compliance_reviews as r on r.company_id = c.id
     cross join lateral (select private.review_due_at(c.id) as due_at) as d
     where c.status = 'active' and c.id <> all (v_frozen) and d.due_at <= now()
       and (r.reminded_at is null or r.reminded_at <= now() - interval '30 days')
     order by c.id
     limit 1000
  loop
    insert into private.compliance_reviews as r (company_id, reminded_at)
    values (v_company.id, now())
    on conflict (company_id) do update
      set reminded_at = now()
      where r.reminded_at is null or r.reminded_at <= now() - interval '30 days';
    -- Of two runs at once, one reminds.
    if found then
      perform private.emit_event(v_company.id, 'compliance.review_due', jsonb_build_object('due_at', v_company.due_at));
      v_notices := v_notices + 1;
    end if;
  end loop;
  return v_notices;
end
$fn$;
revoke execute on function private.remind_of_reviews() from public;

create or replace function public.compliance_status(company_id uuid)
returns table (check_name text, status text, value bigint, details jsonb)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.compliance_status(company_id);
end
$fn$;
revoke execute on function public.compliance_status(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.compliance_status(uuid) to authenticated, platform_admin, service_role;

create or replace function public.record_compliance_review(company_id uuid, notes text default null) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.record_compliance_review(company_id, notes);
end
$fn$;
revoke execute on function public.record_compliance_review(uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.record_compliance_review(uuid, text) to authenticated, service_role;

revoke all on table private.compliance_reviews from public, anon, authenticated, platform_admin, service_role;

comment on table private.compliance_reviews is 'Last review of each company''s security and compliance, and last reminder.';
comment on function private.review_due_at(uuid) is 'When a company''s next review is due: system_config compliance.review_interval_days (90) after the last, or after the company was created.';
comment on function private.check_requests(uuid) is 'Checks requests_open and requests_overdue of compliance_status().';
comment on function private.check_retention(uuid) is 'Checks retention_policies, retention_overdue and retention_failures of compliance_status(). Writes nothing.';
comment on function private.check_api_keys(uuid) is 'Checks api_key_age, api_keys_expiring, api_keys_unused and api_keys_unattended of compliance_status().';
comment on function private.check_access(uuid) is 'Checks ip_allowlist and users_without_mfa of compliance_status().';
comment on function private.check_audit_chain(uuid) is 'Check audit_chain of compliance_status(): the last 1000 links.';
comment on function private.compliance_status(uuid) is 'Implementation of public.compliance_status().';
comment on function private.record_compliance_review(uuid, text) is 'Implementation of public.record_compliance_review().';
comment on function private.remind_of_reviews() is 'Events compliance.review_due for at most 1000 companies; how many. Part of maintain_compliance().';
comment on function public.compliance_status(uuid) is
  'How a company stands, a row a check: status ok, warning, failing or unknown, a number, and details. Checks: requests_open, requests_overdue (how many); retention_policies (classes without), retention_overdue (rows that should have gone for two days), retention_failures (of 7 days); api_key_age (days of the oldest valid key), api_keys_expiring (in 14 days), api_keys_unused (for 90 days), api_keys_unattended (whose issuer left or lost a right); ip_allowlist (percent of the addresses of 30 days that it covers), users_without_mfa; audit_chain (its last link; the last 1000 are verified); secrets_unreadable; review (days until the next). Members holding compliance.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';
comment on function public.record_compliance_review(uuid, text) is
  'Records that a company''s security and compliance were reviewed, with notes (10000 characters at most) and the state of each check, in the audit log; when the next review is due. For members holding compliance.manage, in their active company, and service_role. Errors: 42501 not_your_company; 22023 invalid_notes; PT404 unknown_company.';

-- migrate:down
