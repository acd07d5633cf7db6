-- migrate:up
-- Members after they have joined: change of role, disable, enable, remove, leave. Nobody hands out what they do not hold,
-- changes themselves or somebody who holds more, and a company does not lose the last client who can manage it by
-- accident. Whoever changes members of a company takes its row first, then asks for the rights again: of two who remove
-- each other at once, one is late.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.removed_member') is null then
    create type public.removed_member as (
      user_id uuid,
      valid_api_key_ids uuid[],
      revoked_api_key_ids uuid[]
    );
  end if;
end
$do$;

-- Is this the only one left who runs the company? The operator company is run by admins (last_admin), a closed one by
-- nobody.
create or replace function private.is_last_client(p_company_id uuid, p_user_id uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (
    select from public.users as u
      join public.companies as c on c.id = u.company_id
     where u.company_id = p_company_id and u.id = p_user_id and u.role = 'client' and u.status = 'active'
       and not c.is_operator and c.status <> 'closed'
       and not exists (
         select from public.users as o
          where o.company_id = p_company_id and o.id <> p_user_id and o.role = 'client' and o.status = 'active'
            and 'users.write' <> all (o.revoked_permissions)));
end
$fn$;
revoke execute on function private.is_last_client(uuid, uuid) from public;

create or replace function private.refuse_last_client(p_company_id uuid, p_user_id uuid, p_is_forced boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_last_client(p_company_id, p_user_id)
     and (private.is_member_request() or not coalesce(p_is_forced, false))
  then
    raise exception 'this is the last active client who can manage the company'
      using errcode = '42501',
            detail = 'last_client',
            hint = 'Make somebody else a client with users.write first; operators and the backend may say is_forced.';
  end if;
end
$fn$;
revoke execute on function private.refuse_last_client(uuid, uuid, boolean) from public;

-- A member of the company, which is locked, for whoever may change them.
create or replace function private.lock_member(p_company_id uuid, p_user_id uuid) returns public.users
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_actor constant uuid := private.current_user_id();
  v_member public.users;
begin
  perform private.require_member_manager(p_company_id);
  perform private.lock_company(p_company_id);
  -- Again, now that nobody else changes members.
  perform private.require_member_manager(p_company_id);
  if p_user_id = v_actor then
    raise exception 'nobody changes their own membership'
      using errcode = '42501',
            detail = 'own_membership',
            hint = 'Ask a colleague who holds users.write, or call leave_company().';
  end if;
  select * into v_member from public.users as u where u.company_id = p_company_id and u.id = p_user_id;
  if not found then
    raise exception 'no such member in the company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Read the users table for the members of your company and their status.';
  end if;
  if private.is_member_request()
     and (v_member.role = 'admin'
          or not (private.permissions_with(v_member.role, v_member.granted_permissions, v_member.revoked_permissions)
                  <@ private.permissions_of(p_company_id, v_actor)))
  then
    raise exception 'that member holds more permissions than you do'
      using errcode = '42501',
            detail = 'member_outranks',
            hint = 'Ask a colleague who holds all permissions that the member has.';
  end if;
  return v_member;
end
$fn$;
revoke execute on function private.lock_member(uuid, uuid) from public;

create or replace function private.change_member_role(
  p_company_id uuid, p_user_id uuid, p_role text, p_permissions text[], p_is_forced boolean
) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_permissions constant text[] := array(select distinct p from unnest(p_permissions) as p order by p);
  v_member public.users := private.lock_member(p_company_id, p_user_id);
begin
  perform private.require_handing_out(p_company_id, p_role, v_permissions, v_member.revoked_permissions);
  if p_role <> 'client' then
    perform private.refuse_last_client(p_company_id, p_user_id, p_is_forced);
  end if;
  perform set_config('app.forced_member', p_user_id::text, true);
  update public.users as u
     set role = p_role, granted_permissions = v_permissions
   where u.company_id = p_company_id and u.id = p_user_id
     and (u.role, u.granted_permissions) is distinct from (p_role, v_permissions);
  perform set_config('app.forced_member', '', true);
  return private.permissions_with(p_role, v_permissions, v_member.revoked_permissions);
end
$fn$;
revoke execute on function private.change_member_role(uuid, uuid, text, text[], boolean) from public;
grant execute on function private.change_member_role(uuid, uuid, text, text[], boolean) to authenticated, platform_admin, service_role;

create or replace function private.disable_member(p_company_id uuid, p_user_id uuid, p_is_forced boolean) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_member public.users := private.lock_member(p_company_id, p_user_id);
begin
  if v_member.status = 'active' then
    perform private.refuse_last_client(p_company_id, p_user_id, p_is_forced);
    perform set_config('app.forced_member', p_user_id::text, true);
    update public.users as u
       set status = 'disabled'
     where u.company_id = p_company_id and u.id = p_user_id
    returning u.* into v_member;
    perform set_config('app.forced_member', '', true);
  end if;
  return v_member.disabled_at;
end
$fn$;
revoke execute on function private.disable_member(uuid, uuid, boolean) from public;
grant execute on function private.disable_member(uuid, uuid, boolean) to authenticated, platform_admin, service_role;

-- To enable somebody is to hand out what they held.
create or replace function private.enable_member(p_company_id uuid, p_user_id uuid) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_member constant public.users := private.lock_member(p_company_id, p_user_id);
begin
  perform private.require_handing_out(
    p_company_id, v_member.role, v_member.granted_permissions, v_member.revoked_permissions);
  update public.users as u
     set status = 'active'
   where u.company_id = p_company_id and u.id = p_user_id and u.status <> 'active';
  return private.permissions_of(p_company_id, p_user_id);
end
$fn$;
revoke execute on function private.enable_member(uuid, uuid) from public;
grant execute on function private.enable_member(uuid, uuid) to authenticated, platform_admin, service_role;

-- The row is the membership. What names the person elsewhere (created_by, the audit log) keeps their id, jobs are given
-- back (release_jobs), invitations that they sent are void, and API keys that they issued go on unless told otherwise,
-- since a key belongs to the company; which ones those are is answered, and compliance_status() goes on naming them.
create or replace function private.delete_member(p_company_id uuid, p_user_id uuid, p_topic text) returns uuid[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key_ids constant uuid[] := array(
    select k.id from public.api_keys as k
     where k.company_id = p_company_id and k.created_by = p_user_id and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > now())
     order by k.id);
begin
  perform set_config('app.forced_member', p_user_id::text, true);
  delete from public.users as u where u.company_id = p_company_id and u.id = p_user_id;
  perform set_config('app.forced_member', '', true);
  perform private.emit_event(p_company_id, p_topic, jsonb_build_object('user_id', p_user_id, 'valid_api_key_ids', v_key_ids));
  return v_key_ids;
end
$fn$;
revoke execute on function private.delete_member(uuid, uuid, text) from public;

create or replace function private.remove_member(
  p_company_id uuid, p_user_id uuid, p_is_forced boolean, p_is_revoking_api_keys boolean
) returns public.removed_member
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_revoked uuid[] := '{}'::uuid[];
begin
  if p_is_revoking_api_keys then
    perform private.require_reader(p_company_id, 'api_keys.write');
  end if;
  perform private.lock_member(p_company_id, p_user_id);
  perform private.refuse_last_client(p_company_id, p_user_id, p_is_forced);
  if p_is_revoking_api_keys then
    with gone as (
      update public.api_keys as k
         set revoked_at = now()
       where k.company_id = p_company_id and k.created_by = p_user_id and k.revoked_at is null
      returning k.id
    )
    select coalesce(array_agg(g.id order by g.id), '{}') into v_revoked from gone as g;
  end if;
  return (p_user_id, private.delete_member(p_company_id, p_user_id, 'member.removed'), v_revoked)::public.removed_member;
end
$fn$;
revoke execute on function private.remove_member(uuid, uuid, boolean, boolean) from public;
grant execute on function private.remove_member(uuid, uuid, boolean, boolean) to authenticated, platform_admin, service_role;

create or replace function private.leave_company(p_company_id uuid) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_user constant uuid := private.current_user_id();
begin
  perform private.require_reader(p_company_id, null);
  perform private.lock_company(p_company_id);
  -- They may have been disabled while they waited.
  if not exists (
    select from public.users as u where u.company_id = p_company_id and u.id = v_user and u.status = 'active')
  then
    raise exception 'you are not an active member of that company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Call my_companies() for the companies that you are in.';
  end if;
  perform private.refuse_last_client(p_company_id, v_user, false);
  -- While it can still be said in which role.
  perform private.write_audit(p_company_id, 'members.left', 'users', v_user, '{}');
  perform private.delete_member(p_company_id, v_user, 'member.left');
  return p_company_id;
end
$fn$;
revoke execute on function private.leave_company(uuid) from public;
grant execute on function private.leave_company(uuid) to authenticated, platform_admin;

-- Operators also write the table itself: there, too, not by accident. The functions above have asked before; the backend
-- and Supabase Auth, which deletes accounts, are trusted to know what they do.
create or replace function private.tg_users__keep_client() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('role', true) in ('authenticated', 'platform_admin') and not private.is_importing()
     and current_setting('app.forced_member', true) is distinct from old.id::text
  then
    perform private.lock_company(old.company_id);
    perform private.refuse_last_client(old.company_id, old.id, false);
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_users__keep_client() from public;

create or replace trigger keep_client_on_update
  before update of role, status on public.users
  for each row when (
    old.role = 'client' and old.status = 'active' and (new.role <> 'client' or new.status <> 'active'))
  execute function private.tg_users__keep_client();
create or replace trigger keep_client_on_delete
  before delete on public.users
  for each row when (old.role = 'client' and old.status = 'active')
  execute function private.tg_users__keep_client();

create or replace function public.change_member_role(
  company_id uuid, user_id uuid, role text, permissions text[] default '{}', is_forced boolean default false
) returns text[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.change_member_role(company_id, user_id, role, permissions, is_forced);
end
$fn$;
revoke execute on function public.change_member_role(uuid, uuid, text, text[], boolean)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.change_member_role(uuid, uuid, text, text[], boolean) to authenticated, platform_admin, service_role;

create or replace function public.disable_member(company_id uuid, user_id uuid, is_forced boolean default false) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.disable_member(company_id, user_id, is_forced);
end
$fn$;
revoke execute on function public.disable_member(uuid, uuid, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.disable_member(uuid, uuid, boolean) to authenticated, platform_admin, service_role;

create or replace function public.enable_member(company_id uuid, user_id uuid) returns text[]
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.enable_member(company_id, user_id);
end
$fn$;
revoke execute on function public.enable_member(uuid, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.enable_member(uuid, uuid) to authenticated, platform_admin, service_role;

create or replace function public.remove_member(
  company_id uuid, user_id uuid, is_forced boolean default false, is_revoking_api_keys boolean default false
) returns public.removed_member
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.remove_member(company_id, user_id, is_forced, is_revoking_api_keys);
end
$fn$;
revoke execute on function public.remove_member(uuid, uuid, boolean, boolean)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.remove_member(uuid, uuid, boolean, boolean) to authenticated, platform_admin, service_role;

create or replace function public.leave_company(company_id uuid) returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.leave_company(company_id);
end
$fn$;
revoke execute on function public.leave_company(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.leave_company(uuid) to authenticated, platform_admin;

comment on type public.removed_member is
  'A member who was removed. valid_api_key_ids: keys that they issued and that still work; revoked_api_key_ids: those that were revoked with them.';
comment on function private.is_last_client(uuid, uuid) is
  'True if that member is the only active client with users.write of a company that is neither closed nor the operator''s.';
comment on function private.refuse_last_client(uuid, uuid, boolean) is
  'Refuses to take the last client from a company; operators and the backend may force it. Errors: 42501 last_client.';
comment on function private.lock_member(uuid, uuid) is
  'A member, their company locked, for whoever may change them. Errors: as private.require_member_manager(); PT404 unknown_company; 42501 own_membership, not_a_member, member_outranks.';
comment on function private.change_member_role(uuid, uuid, text, text[], boolean) is 'Implementation of public.change_member_role().';
comment on function private.disable_member(uuid, uuid, boolean) is 'Implementation of public.disable_member().';
comment on function private.enable_member(uuid, uuid) is 'Implementation of public.enable_member().';
comment on function private.delete_member(uuid, uuid, text) is
  'Deletes a membership, with an event of that topic; ids of the API keys that the person issued and that still work.';
comment on function private.remove_member(uuid, uuid, boolean, boolean) is 'Implementation of public.remove_member().';
comment on function private.leave_company(uuid) is 'Implementation of public.leave_company().';
comment on function private.tg_users__keep_client() is
  'Row trigger: an operator does not take the last client from a company by accident. Errors: 42501 last_client.';
comment on function public.change_member_role(uuid, uuid, text, text[], boolean) is
  'Gives a member another role, with exactly these permissions (resource.verb) beyond it; what was taken from them stays taken (remove_permission()). Returns their permissions; safe to repeat. For members holding users.write and every permission that the member has and gets, in their active company; operators and service_role for any. Admins are made and unmade by admins, in the operator company. is_forced (operators and service_role): also if it is the last client. Errors: 42501 not_your_company, not_an_operator, not_a_person, own_membership, not_a_member, member_outranks, permission_not_held, admin_outside_operator, admin_by_admin_only, last_client, last_admin; 23514 unknown_role, unknown_permission; PT404 unknown_company.';
comment on function public.disable_member(uuid, uuid, boolean) is
  'Disables a member, from the next statement on, whatever tokens they have. When they were disabled; safe to repeat. For whoever may change their role. is_forced (operators and service_role): also the last client. Errors: 42501 not_your_company, not_an_operator, not_a_person, own_membership, not_a_member, member_outranks, last_client, last_admin; PT404 unknown_company.';
comment on function public.enable_member(uuid, uuid) is
  'Enables a member who was disabled, with the role and permissions that they had. Returns their permissions; safe to repeat. For whoever could give them these. Errors: 42501 not_your_company, not_an_operator, not_a_person, own_membership, not_a_member, member_outranks, permission_not_held, admin_by_admin_only; PT404 unknown_company.';
comment on function public.remove_member(uuid, uuid, boolean, boolean) is
  'Removes a member, from the next statement on, whatever tokens they have. API keys that they issued belong to the company and go on, and are listed in the answer; is_revoking_api_keys revokes them (takes api_keys.write). For whoever may change their role. is_forced (operators and service_role): also the last client. Errors: 42501 not_your_company, not_an_operator, not_a_person, own_membership, not_a_member, member_outranks, last_client, last_admin; PT404 unknown_company.';
comment on function public.leave_company(uuid) is
  'The caller leaves their active company. The last client cannot, nor the last admin. Returns the company id; refresh the session afterwards. Errors: 42501 not_your_company, not_an_operator, not_a_member, last_client, last_admin; PT404 unknown_company.';

-- migrate:down
