-- migrate:up
-- The gate: one function decides, for every policy on every tenant table, which company the request may touch.
-- It answers a company id or null; the policies compare with it, and null never equals anything. Holds I9 and the
-- order in which the active company is chosen: header x-company-id, the token's company_id, the person's default.
-- PL/pgSQL, stable, and called in a sub-select, so that it runs once a statement.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Where a person works unless the request or the token says otherwise.
create or replace function private.default_company(p_user_id uuid) returns uuid
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select u.company_id
      from public.users as u
      join public.companies as c on c.id = u.company_id
     where u.id = p_user_id and u.status = 'active' and c.status in ('active', 'moving')
     order by u.selected_at desc nulls last, u.created_at, u.company_id
     limit 1);
end
$fn$;
revoke execute on function private.default_company(uuid) from public;

-- Which company a request asks for, when it is not simply the token's: the header's, else the token's, else the default.
create or replace function private.wanted_company(p_claims jsonb) returns text
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_headers constant jsonb := nullif(current_setting('request.headers', true), '')::jsonb;
begin
  if v_headers ? 'x-company-id' then
    return coalesce(v_headers ->> 'x-company-id', '');
  end if;
  return coalesce(p_claims ->> 'company_id', private.default_company((p_claims ->> 'sub')::uuid)::text);
end
$fn$;
revoke execute on function private.wanted_company(jsonb) from public;

-- Asked on every statement: each expression in it costs as much as a look-up, so that what is rare is asked together.
create or replace function private.company_for(p_permission text) returns uuid
language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims jsonb;
  v_company uuid;
  v_is_strict boolean;
begin
  v_claims := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  if v_claims ->> 'company_id' is null or v_claims ? 'api_key_id' or v_claims ->> 'is_anonymous' = 'true'
    or strpos(current_setting('request.headers', true), '"x-company-id"') > 0
  then
    if v_claims ->> 'is_anonymous' = 'true' then
      return null;
    elsif v_claims ? 'api_key_id' then
      return private.company_for_api_key(p_permission);
    end if;
    v_claims := v_claims || jsonb_build_object('company_id', private.wanted_company(v_claims));
  end if;
  -- Header or token only choose; a choice that the tables do not back yields null, never another company. What moves to
  -- another database is read here, and written by nobody: triggers refuse it.
  select u.company_id, c.has_strict_policy into v_company, v_is_strict
    from public.users as u
    join public.companies as c on c.id = u.company_id
   where u.company_id = (v_claims ->> 'company_id')::uuid
     and u.id = (v_claims ->> 'sub')::uuid
     and u.status = 'active'
     and c.status in ('active', 'moving')
     and (p_permission is null or p_permission = any (u.effective_permissions));
  -- The company's own rules: second factor, age of the session, address.
  if v_is_strict then
    -- A condition of its own: with a query in it that above would be run by the executor for everybody.
    if (select private.policy_problem(p, p_permission, v_claims) from public.security_policies as p
         where p.company_id = v_company and p.is_active) is not null
    then
      return null;
    end if;
  end if;
  return v_company;
-- Claims and headers that are none.
exception when data_exception or program_limit_exceeded then
  return null;
end
$fn$;
revoke execute on function private.company_for(text) from public;
grant execute on function private.company_for(text) to authenticated;

create or replace function private.is_platform_admin() returns boolean
language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims jsonb;
begin
  v_claims := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  return v_claims ->> 'is_anonymous' is distinct from 'true' and private.is_admin((v_claims ->> 'sub')::uuid);
exception when data_exception or program_limit_exceeded then
  return false;
end
$fn$;
revoke execute on function private.is_platform_admin() from public;
grant execute on function private.is_platform_admin() to platform_admin;

create or replace function private.is_admin(p_user_id uuid) returns boolean
language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (
    select from public.companies as c
      join public.users as u on u.company_id = c.id
     where c.is_operator
       and u.id = p_user_id
       and u.role = 'admin'
       and u.status = 'active');
end
$fn$;
revoke execute on function private.is_admin(uuid) from public;

-- What a member may do in a company.
create or replace function private.permissions_of(p_company_id uuid, p_user_id uuid) returns text[]
language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce((
    select u.effective_permissions from public.users as u
     where u.company_id = p_company_id and u.id = p_user_id and u.status = 'active'), '{}');
end
$fn$;
revoke execute on function private.permissions_of(uuid, uuid) from public;

create or replace function private.my_companies()
returns table (
  company_id uuid, slug text, name text, company_status text, role text, permissions text[], is_active boolean
)
language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_user uuid := private.current_user_id();
  v_active uuid := private.company_for(null);
begin
  return query
    select c.id, c.slug, c.name, c.status, u.role, private.permissions_of(c.id, u.id),
           coalesce(c.id = v_active, false)
      from public.users as u
      join public.companies as c on c.id = u.company_id
     where u.id = v_user and u.status = 'active'
     order by c.name, c.id;
end
$fn$;
revoke execute on function private.my_companies() from public;
grant execute on function private.my_companies() to authenticated, platform_admin;

create or replace function private.switch_company(p_company_id uuid) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  update public.users as u
     set selected_at = clock_timestamp()
    from public.companies as c
   where u.company_id = p_company_id
     and u.id = private.current_user_id()
     and u.status = 'active'
     and c.id = u.company_id
     and c.status in ('active', 'moving');
  if not found then
    raise exception 'you are not an active member of that company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Call my_companies() for the companies that you may switch to.';
  end if;
  return p_company_id;
end
$fn$;
revoke execute on function private.switch_company(uuid) from public;
grant execute on function private.switch_company(uuid) to authenticated, platform_admin;

-- Nobody hands out what they do not hold, nobody changes themselves, and nobody reaches another company.
create or replace function private.change_member_permission(p_user_id uuid, p_permission text, p_assign boolean)
returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company uuid := private.company_for(null);
  v_member record;
begin
  if (private.token_api_key()).id is not null then
    raise exception 'an API key manages no members'
      using errcode = '42501',
            detail = 'not_a_person',
            hint = 'Sign in as a member who holds users.write.';
  end if;
  -- Whoever changes members of a company takes its row first.
  perform from public.companies as c where c.id = v_company for no key update;
  -- Both rows are locked before the rights are asked for again: of two who disarm each other at once, one is late.
  perform from public.users as u
    where u.company_id = v_company and u.id in (p_user_id, private.current_user_id())
    order by u.id
      for no key update;
  v_company := private.company_for('users.write');
  if v_company is null or p_permission is null
     or private.company_for(p_permission) is distinct from v_company
  then
    raise exception 'you cannot hand out or take away permission %', coalesce(p_permission, '(null)')
      using errcode = '42501',
            detail = 'permission_not_held',
            hint = 'It takes users.write and the permission itself; ask a colleague who holds both.';
  end if;
  if p_user_id = private.current_user_id() then
    raise exception 'nobody changes their own permissions'
      using errcode = '42501',
            detail = 'own_permissions',
            hint = 'Ask a colleague who holds users.write.';
  end if;
  select u.status, u.role into v_member from public.users as u where u.company_id = v_company and u.id = p_user_id;
  if v_member.status is distinct from 'active' then
    raise exception 'no such active member in your company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Read the users table for the members of your company and their status.';
  end if;
  if v_member.role = 'admin'
     or not (private.permissions_of(v_company, p_user_id)
             <@ private.permissions_of(v_company, private.current_user_id()))
  then
    raise exception 'that member holds more permissions than you do'
      using errcode = '42501',
            detail = 'member_outranks',
            hint = 'Ask a colleague who holds all permissions that the member has.';
  end if;
  if p_permission = 'users.write' and not p_assign then
    perform private.refuse_last_client(v_company, p_user_id, false);
  end if;
  if p_assign then
    update public.users as u
       set granted_permissions = array_append(array_remove(u.granted_permissions, p_permission), p_permission),
           revoked_permissions = array_remove(u.revoked_permissions, p_permission)
     where u.company_id = v_company and u.id = p_user_id;
  else
    update public.users as u
       set granted_permissions = array_remove(u.granted_permissions, p_permission),
           revoked_permissions = case
             when exists (select from private.role_permissions as rp
                           where rp.role = u.role and rp.permission = p_permission)
             then array_append(array_remove(u.revoked_permissions, p_permission), p_permission)
             else array_remove(u.revoked_permissions, p_permission)
           end
     where u.company_id = v_company and u.id = p_user_id;
  end if;
  return private.permissions_of(v_company, p_user_id);
end
$fn$;
revoke execute on function private.change_member_permission(uuid, text, boolean) from public;
grant execute on function private.change_member_permission(uuid, text, boolean) to authenticated;

create or replace function public.my_companies()
returns table (
  company_id uuid, slug text, name text, company_status text, role text, permissions text[], is_active boolean
)
language plpgsql stable security invoker parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.my_companies();
end
$fn$;
revoke execute on function public.my_companies() from public, anon, authenticated, service_role;
grant execute on function public.my_companies() to authenticated, platform_admin;

create or replace function public.switch_company(company_id uuid) returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.switch_company(switch_company.company_id);
end
$fn$;
revoke execute on function public.switch_company(uuid) from public, anon, authenticated, service_role;
grant execute on function public.switch_company(uuid) to authenticated, platform_admin;

create or replace function public.assign_permission(user_id uuid, permission text) returns text[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.change_member_permission(assign_permission.user_id, assign_permission.permission, true);
end
$fn$;
revoke execute on function public.assign_permission(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.assign_permission(uuid, text) to authenticated;

create or replace function public.remove_permission(user_id uuid, permission text) returns text[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.change_member_permission(remove_permission.user_id, remove_permission.permission, false);
end
$fn$;
revoke execute on function public.remove_permission(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.remove_permission(uuid, text) to authenticated;

-- Called by Supabase Auth for every token it issues. It decides nothing: the claims only save the application a
-- look-up and choose the Postgres role, and the gate asks the tables again. A failure here must not lock people out,
-- so it falls back to the token as it came, without our claims.
create or replace function private.custom_access_token_hook(event jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims jsonb := case when jsonb_typeof(event -> 'claims') = 'object' then event -> 'claims' else '{}' end;
  v_ours jsonb := '{}'::jsonb;
  v_user uuid := private.parse_uuid(event ->> 'user_id');
  v_company uuid;
begin
  v_claims := v_claims - 'company_id' - 'company_role' - 'permissions' - 'api_key_id';
  if v_claims ->> 'role' = 'platform_admin' then
    v_claims := v_claims || '{"role": "authenticated"}';
  end if;
  begin
    v_company := private.default_company(v_user);
    if v_company is not null and coalesce(v_claims ->> 'is_anonymous', 'false') <> 'true' then
      v_ours := jsonb_build_object(
        'company_id', v_company,
        'company_role', (select u.role from public.users as u where u.company_id = v_company and u.id = v_user),
        'permissions', to_jsonb(private.permissions_of(v_company, v_user)));
      if private.is_admin(v_user) then
        v_ours := v_ours || '{"role": "platform_admin"}';
      end if;
    end if;
  exception when others then
    raise warning 'custom_access_token_hook: % (%)', sqlerrm, sqlstate;
  end;
  -- A refreshed token is the same session.
  if v_ours <> '{}' and event ->> 'authentication_method' <> 'token_refresh' then
    begin
      perform private.record_sign_in(v_company, v_user, event);
    exception when others then
      raise warning 'custom_access_token_hook: sign-in not recorded: % (%)', sqlerrm, sqlstate;
    end;
  end if;
  return jsonb_build_object('claims', v_claims || v_ours);
end
$fn$;
revoke execute on function private.custom_access_token_hook(jsonb) from public;
grant execute on function private.custom_access_token_hook(jsonb) to supabase_auth_admin;

-- Exception blocks run in parallel plans from PostgreSQL 17 on; before, whatever may reach one must say so.
do $do$
begin
  if current_setting('server_version_num')::integer < 170000 then
    alter function private.parse_json_object(text) parallel unsafe;
    alter function private.parse_uuid(text) parallel unsafe;
    alter function private.current_user_id() parallel unsafe;
    alter function private.company_for(text) parallel unsafe;
    alter function private.is_platform_admin() parallel unsafe;
    alter function private.my_companies() parallel unsafe;
    alter function public.my_companies() parallel unsafe;
  end if;
end
$do$;

comment on function private.default_company(uuid) is
  'The active company that a person last switched to, else the one they joined first; null without an active membership.';
comment on function private.wanted_company(jsonb) is
  'The company that a request with these claims asks for, as it wrote it. Raises on what is no JSON and no UUID.';
comment on function private.company_for(text) is
  'The gate: id of the caller''s active company if they hold the permission (resource.verb) there, else null. Null permission asks for membership alone. Chosen by header x-company-id, then the token''s company_id, then the default membership; backed by public.users, public.companies and the company''s security policy on every statement. Never raises.';
comment on function private.is_platform_admin() is
  'True if the caller is, by the tables and now, an active admin of the active operator company.';
comment on function private.is_admin(uuid) is 'True if that person is an active admin of the active operator company.';
comment on function private.permissions_of(uuid, uuid) is
  'Permissions of an active member in a company: role, plus granted, minus revoked; sorted.';
comment on function private.my_companies() is 'Implementation of public.my_companies().';
comment on function private.switch_company(uuid) is 'Implementation of public.switch_company().';
comment on function private.change_member_permission(uuid, text, boolean) is
  'Implementation of public.assign_permission() and public.remove_permission().';
comment on function public.my_companies() is
  'The companies in which the caller is an active member, with role, permissions, the company''s status and which one is active for this request. Sorted by name. Errors: none; no rows without a membership.';
comment on function public.switch_company(uuid) is
  'Makes a company the caller''s default; the next token carries it. Refresh the session afterwards, or send header x-company-id. Returns the company id; safe to repeat. Errors: 42501 not_a_member.';
comment on function public.assign_permission(uuid, text) is
  'Assigns one permission (resource.verb) to a member of the caller''s active company. Takes users.write and the permission itself; for people, not for keys. Returns the member''s permissions; safe to repeat. Errors: 42501 not_a_person, permission_not_held, own_permissions, member_outranks, not_a_member.';
comment on function public.remove_permission(uuid, text) is
  'Takes one permission (resource.verb) away from a member of the caller''s active company, also where the role brings it. Takes users.write and the permission itself; for people, not for keys. Returns the member''s permissions; safe to repeat. Errors: 42501 not_a_person, permission_not_held, own_permissions, member_outranks, not_a_member, last_client.';
comment on function private.custom_access_token_hook(jsonb) is
  'Supabase Auth custom access token hook: adds company_id, company_role, permissions, and role platform_admin for admins. Ignores user_metadata and app_metadata. Records sign-ins in the company''s audit log. Never raises.';

-- migrate:down
