-- migrate:up
-- Suspending, reactivating and closing a company. The gate asks companies.status on every statement, so that each holds
-- from the next statement on; whatever way the status changes, it is told to whoever listens.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- The company, locked until the transaction ends: of two who change its status at once, one is the later. The lock is the
-- lifecycle's as well.
create or replace function private.lock_client_company(p_company_id uuid) returns public.companies
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company public.companies;
begin
  select * into v_company from public.companies as c where c.id = p_company_id for no key update;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  elsif v_company.is_operator then
    raise exception 'the operator company is always active'
      using errcode = '42501',
            detail = 'operator_company',
            hint = 'Without it nobody could run the platform.';
  end if;
  return v_company;
end
$fn$;
revoke execute on function private.lock_client_company(uuid) from public;

create or replace function private.require_reason(p_reason text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_reason is null or p_reason !~ '\S' or length(p_reason) > 1000 then
    raise exception 'a reason of 1 to 1000 characters is missing'
      using errcode = '22023',
            detail = 'reason_missing',
            hint = 'Say why; it is shown to the company''s members and kept in the audit log.';
  end if;
  return btrim(p_reason);
end
$fn$;
revoke execute on function private.require_reason(text) from public;

-- Tells of a change, also of one that an operator makes in the table. What was erased does not come back to life.
create or replace function private.tg_companies__tell_status() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_life private.company_lifecycles;
begin
  if private.is_importing() then
    return null;
  end if;
  select * into v_life from private.company_lifecycles as l where l.company_id = new.id;
  if v_life.erasure_started_at is not null then
    raise exception 'the company has been erased'
      using errcode = 'PT410',
            detail = 'company_erased',
            hint = 'Create a new company; a backup may be imported into it.';
  end if;
  if new.status = 'closed' then
    perform private.emit_event(new.id, 'company.closed', jsonb_build_object(
      'reason', new.status_reason, 'grace_ends_at', v_life.grace_ends_at,
      'export', 'npm run company:export -- --company ' || new.slug));
  elsif new.status = 'suspended' then
    perform private.emit_event(new.id, 'company.suspended', jsonb_build_object('reason', new.status_reason));
  else
    perform private.emit_event(new.id, 'company.reactivated', jsonb_build_object('was', old.status));
  end if;
  if old.status = 'closed' then
    update private.company_lifecycles as l
       set grace_days = null, grace_ends_at = null, reminders = 0
     where l.company_id = new.id;
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_companies__tell_status() from public;
create or replace trigger tell_status
  after update on public.companies
  for each row when (old.status is distinct from new.status) execute function private.tg_companies__tell_status();

create or replace function private.suspend_company(p_company_id uuid, p_reason text) returns public.companies
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reason text;
  v_company public.companies;
begin
  perform private.require_operator();
  v_reason := private.require_reason(p_reason);
  v_company := private.lock_client_company(p_company_id);
  if v_company.status = 'suspended' and v_company.status_reason = v_reason then
    return v_company;
  elsif v_company.status not in ('active', 'suspended') then
    raise exception 'a company that is % cannot be suspended', v_company.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'An active company is suspended or closed; a suspended or closed one is reactivated.';
  end if;
  update public.companies as c
     set status = 'suspended', status_reason = v_reason
   where c.id = p_company_id
  returning * into v_company;
  perform private.write_audit(p_company_id, 'company.suspended', 'companies', p_company_id, jsonb_build_object('reason', v_reason));
  return v_company;
end
$fn$;
revoke execute on function private.suspend_company(uuid, text) from public;
grant execute on function private.suspend_company(uuid, text) to platform_admin, service_role;

create or replace function private.reactivate_company(p_company_id uuid, p_reason text) returns public.companies
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reason text;
  v_company public.companies;
  v_life private.company_lifecycles;
begin
  perform private.require_operator();
  v_reason := private.require_reason(p_reason);
  v_company := private.lock_client_company(p_company_id);
  if v_company.status = 'active' then
    return v_company;
  end if;
  select * into v_life from private.company_lifecycles as l where l.company_id = p_company_id;
  if v_life.erasure_started_at is null and v_life.grace_ends_at <= now() then
    raise exception 'the grace period of the company is over'
      using errcode = 'PT410',
            detail = 'grace_over',
            hint = 'As long as erasure has not begun, close_company() with more grace_days puts its end off.';
  end if;
  update public.companies as c
     set status = 'active', status_reason = null
   where c.id = p_company_id
  returning * into v_company;
  perform private.write_audit(p_company_id, 'company.reactivated', 'companies', p_company_id, jsonb_build_object('reason', v_reason));
  return v_company;
end
$fn$;
revoke execute on function private.reactivate_company(uuid, text) from public;
grant execute on function private.reactivate_company(uuid, text) to platform_admin, service_role;

-- A company that is closed already gets another end of its grace period, as long as erasure has not begun.
create or replace function private.close_company(p_company_id uuid, p_reason text, p_grace_days integer) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_reason text;
  v_company public.companies;
  v_life private.company_lifecycles;
  v_ends_at timestamptz;
begin
  perform private.require_operator();
  v_reason := private.require_reason(p_reason);
  if p_grace_days is null or p_grace_days not between 1 and 365 then
    raise exception 'a grace period lasts 1 to 365 days'
      using errcode = '22023',
            detail = 'invalid_grace',
            hint = 'Leave grace_days out for 30 days.';
  end if;
  v_company := private.lock_client_company(p_company_id);
  insert into private.company_lifecycles (company_id) values (p_company_id) on conflict (company_id) do nothing;
  select * into v_life from private.company_lifecycles as l where l.company_id = p_company_id;
  if v_life.erasure_started_at is not null then
    raise exception 'the company has been erased'
      using errcode = 'PT410',
            detail = 'company_erased',
            hint = 'Create a new company; a backup may be imported into it.';
  elsif v_life.grace_days = p_grace_days and v_company.status_reason = v_reason then
    return v_life.grace_ends_at;
  end if;
  -- A day is 24 hours, whatever the clocks do.
  v_ends_at := coalesce(v_life.grace_ends_at - make_interval(hours => 24 * v_life.grace_days), now())
    + make_interval(hours => 24 * p_grace_days);
  update private.company_lifecycles as l
     set grace_days = p_grace_days, grace_ends_at = v_ends_at, reminders = 0
   where l.company_id = p_company_id;
  update public.companies as c
     set status = 'closed', status_reason = v_reason
   where c.id = p_company_id;
  perform private.write_audit(p_company_id, 'company.closed', 'companies', p_company_id, jsonb_build_object(
    'reason', v_reason, 'grace_ends_at', v_ends_at));
  return v_ends_at;
end
$fn$;
revoke execute on function private.close_company(uuid, text, integer) from public;
grant execute on function private.close_company(uuid, text, integer) to platform_admin, service_role;

create or replace function private.company_lifecycle(p_company_id uuid)
returns table (
  status text, status_reason text, created_at timestamptz, suspended_at timestamptz, closed_at timestamptz, grace_ends_at timestamptz,
  erasure_started_at timestamptz, erased_at timestamptz, completed_at timestamptz, receipt jsonb
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  return query
    select c.status, c.status_reason, c.created_at, c.suspended_at, c.closed_at, l.grace_ends_at, l.erasure_started_at, l.erased_at,
           l.completed_at, l.receipt
      from public.companies as c
      left join private.company_lifecycles as l on l.company_id = c.id
     where c.id = p_company_id;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
end
$fn$;
revoke execute on function private.company_lifecycle(uuid) from public;
grant execute on function private.company_lifecycle(uuid) to platform_admin, service_role;

create or replace function public.suspend_company(company_id uuid, reason text) returns public.companies
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.suspend_company(company_id, reason);
end
$fn$;
revoke execute on function public.suspend_company(uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.suspend_company(uuid, text) to platform_admin, service_role;

create or replace function public.reactivate_company(company_id uuid, reason text) returns public.companies
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.reactivate_company(company_id, reason);
end
$fn$;
revoke execute on function public.reactivate_company(uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.reactivate_company(uuid, text) to platform_admin, service_role;

create or replace function public.close_company(company_id uuid, reason text, grace_days integer default 30) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.close_company(company_id, reason, grace_days);
end
$fn$;
revoke execute on function public.close_company(uuid, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.close_company(uuid, text, integer) to platform_admin, service_role;

create or replace function public.company_lifecycle(company_id uuid)
returns table (
  status text, status_reason text, created_at timestamptz, suspended_at timestamptz, closed_at timestamptz, grace_ends_at timestamptz,
  erasure_started_at timestamptz, erased_at timestamptz, completed_at timestamptz, receipt jsonb
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.company_lifecycle(company_id);
end
$fn$;
revoke execute on function public.company_lifecycle(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.company_lifecycle(uuid) to platform_admin, service_role;

comment on function private.lock_client_company(uuid) is 'A company, locked until the transaction ends. Errors: PT404 unknown_company; 42501 operator_company.';
comment on function private.require_reason(text) is 'The reason without space around it. Errors: 22023 reason_missing.';
comment on function private.tg_companies__tell_status() is
  'Row trigger: events company.suspended, company.reactivated and company.closed; leaving closed ends the grace period. Errors: PT410 company_erased.';
comment on function private.suspend_company(uuid, text) is 'Implementation of public.suspend_company().';
comment on function private.reactivate_company(uuid, text) is 'Implementation of public.reactivate_company().';
comment on function private.close_company(uuid, text, integer) is 'Implementation of public.close_company().';
comment on function private.company_lifecycle(uuid) is 'Implementation of public.company_lifecycle().';
comment on function public.suspend_company(uuid, text) is
  'Suspends a company: from the next statement on its members and API keys get nothing. The company as it is then. Recorded (company.suspended) and told (event company.suspended); repeating it changes nothing. Operators and service_role only. Errors: 42501 not_an_operator, operator_company; PT404 unknown_company; 22023 reason_missing; 23514 invalid_transition.';
comment on function public.reactivate_company(uuid, text) is
  'Makes a suspended company active again, or one that was closed, until its grace period ends. The company as it is then. Recorded and told (company.reactivated); repeating it changes nothing. Operators and service_role only. Errors: 42501 not_an_operator, operator_company; PT404 unknown_company; 22023 reason_missing; PT410 grace_over, company_erased.';
comment on function public.close_company(uuid, text, integer) is
  'Closes a company: from the next statement on its members, API keys and secrets get nothing, and after grace_days (1 to 365) everything that no law keeps is erased. Until then reactivate_company() undoes it, and operators may export it. When the grace period ends; with other grace_days it ends so many days after the first call. Recorded and told (company.closed, and reminders company.erasure_due 7 days and 1 day before); repeating it changes nothing. Operators and service_role only. Errors: 42501 not_an_operator, operator_company; PT404 unknown_company; 22023 reason_missing, invalid_grace; PT410 company_erased.';
comment on function public.company_lifecycle(uuid) is
  'How far a company''s life is: status and since when, the end of the grace period, and of erasure the times and the receipt. Operators and service_role only. Errors: 42501 not_an_operator; PT404 unknown_company.';

-- migrate:down
