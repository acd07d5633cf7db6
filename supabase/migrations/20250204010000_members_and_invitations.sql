-- migrate:up
-- Invitations: how people become members. Whoever is invited gets a token by e-mail, of which only the SHA-256 is kept,
-- and shows it when signed in under that address. Token and confirmed address are both needed: a forwarded mail lets
-- nobody in, and neither does an address without the mail. Holds I1-I3, I5, I6, and I9: metadata of an account proves
-- nothing, a token that somebody wrote there is only a token.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.issued_invitation') is null then
    create type public.issued_invitation as (
      invitation_id uuid,
      token text,
      email text,
      role text,
      expires_at timestamptz
    );
  end if;
  if to_regtype('public.accepted_invitation') is null then
    create type public.accepted_invitation as (
      company_id uuid,
      company_name text,
      user_id uuid,
      role text,
      permissions text[]
    );
  end if;
  if to_regtype('public.invitation_entry') is null then
    create type public.invitation_entry as (
      id uuid,
      email text,
      full_name text,
      role text,
      granted_permissions text[],
      state text,
      expires_at timestamptz,
      invited_by uuid,
      sent_count integer,
      last_sent_at timestamptz,
      accepted_at timestamptz,
      accepted_by uuid,
      revoked_at timestamptz,
      created_at timestamptz
    );
  end if;
end
$do$;

-- What is expired, or void because its inviter lost the right to make it, follows from other columns and is not stored.
create table if not exists public.invitations (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  email text not null,
  full_name text,
  role text not null,
  granted_permissions text[] not null default '{}',
  status text not null default 'pending',
  expires_at timestamptz not null,
  invited_by uuid,
  invited_as text not null,
  sent_count integer not null default 0,
  last_sent_at timestamptz,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint invitations_email_is_email check (email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' and length(email) <= 254),
  constraint invitations_email_is_lower_case check (email = lower(email)),
  constraint invitations_full_name_is_not_blank check (full_name ~ '\S' and length(full_name) <= 200),
  constraint invitations_role_is_known check (role in ('admin', 'client', 'agent', 'compliance_admin')),
  constraint invitations_status_is_known check (status in ('pending', 'accepted', 'revoked')),
  constraint invitations_invited_as_is_known check (invited_as in ('member', 'operator', 'backend')),
  constraint invitations_sent_count_is_not_negative check (sent_count >= 0),
  constraint invitations_accepted_at_set_when_accepted check ((status = 'accepted') = (accepted_at is not null)),
  constraint invitations_revoked_at_set_when_revoked check ((status = 'revoked') = (revoked_at is not null))
);

-- Apart from the invitation, so that no API role can read it.
create table if not exists private.invitation_tokens (
  company_id uuid not null,
  invitation_id uuid not null,
  token_hash bytea not null,
  primary key (company_id, invitation_id),
  constraint invitation_tokens_invitation_fk foreign key (company_id, invitation_id)
    references public.invitations (company_id, id) on delete cascade,
  constraint invitation_tokens_token_hash_is_unique unique (token_hash),
  constraint invitation_tokens_token_hash_is_sha256 check (octet_length(token_hash) = 32)
);

-- Is the address invited? One open invitation an address is kept by invite_member(), under a lock: erased addresses all
-- look alike.
create index if not exists invitations_company_id_email_idx
  on public.invitations (company_id, email);
-- Latest invitations.
create index if not exists invitations_company_id_created_at_idx
  on public.invitations (company_id, created_at desc, id desc);
-- What was sent lately, for the limit of a day.
create index if not exists invitations_company_id_last_sent_at_idx
  on public.invitations (company_id, last_sent_at);

insert into public.system_config (key, value, description) values
  ('members.invitations_per_day', '100',
   'Invitations that the members of one company may send within 24 hours. Operators and the backend are not limited.')
on conflict (key) do nothing;

-- True for a member, who hands out no more than they hold; false for operators, who were asked for, and the backend.
create or replace function private.is_member_request() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return current_setting('role', true) is distinct from 'platform_admin' and not private.is_backend();
end
$fn$;
revoke execute on function private.is_member_request() from public;

-- Members are managed by people, operators and the backend: not by a program with a key, which belongs to the company.
create or replace function private.require_member_manager(p_company_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_reader(p_company_id, 'users.write');
  if (private.token_api_key()).id is not null then
    raise exception 'an API key manages no members'
      using errcode = '42501',
            detail = 'not_a_person',
            hint = 'Sign in as a member who holds users.write, or use the service key on a server.';
  end if;
end
$fn$;
revoke execute on function private.require_member_manager(uuid) from public;

-- Whoever changes who belongs to a company does so one after the other.
create or replace function private.lock_company(p_company_id uuid) returns public.companies
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
  end if;
  return v_company;
end
$fn$;
revoke execute on function private.lock_company(uuid) from public;

-- Nobody hands out what they do not hold. The gate is asked for each permission, so that the company's security policy
-- (a second factor for some) counts as well.
create or replace function private.require_handing_out(
  p_company_id uuid, p_role text, p_granted text[], p_revoked text[]
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_permission text;
begin
  if p_role is null or p_role not in ('admin', 'client', 'agent', 'compliance_admin') then
    raise exception 'there is no role %', coalesce(p_role, 'null')
      using errcode = '23514',
            detail = 'unknown_role',
            hint = 'Use client, agent, compliance_admin, or admin in the operator company.';
  end if;
  select p.permission into v_permission
    from unnest(p_granted) as p (permission)
   where not exists (select from private.permissions as k where k.permission = p.permission)
   limit 1;
  if found then
    raise exception 'permission % is not known', coalesce(v_permission, '(null)')
      using errcode = '23514',
            detail = 'unknown_permission',
            hint = 'Use a permission of the form resource.verb; docs/security.md lists them.';
  end if;
  if p_role = 'admin' and not exists (select from public.companies as c where c.id = p_company_id and c.is_operator) then
    raise exception 'role admin exists only in the operator company'
      using errcode = '42501',
            detail = 'admin_outside_operator',
            hint = 'Give the member role client, or make them a member of the operator company.';
  end if;
  if not private.is_member_request() then
    return;
  end if;
  -- Also when a member of the operator company was assigned every permission there is.
  if p_role = 'admin' then
    raise exception 'only an admin makes or changes an admin'
      using errcode = '42501',
            detail = 'admin_by_admin_only',
            hint = 'Sign in as an admin, with a token of role platform_admin.';
  end if;
  foreach v_permission in array private.permissions_with(p_role, p_granted, p_revoked) loop
    if private.company_for(v_permission) is distinct from p_company_id then
      raise exception 'you cannot hand out permission %', v_permission
        using errcode = '42501',
              detail = 'permission_not_held',
              hint = 'A member gets a role and permissions that whoever gives them holds; ask a colleague who does, or the operator.';
    end if;
  end loop;
end
$fn$;
revoke execute on function private.require_handing_out(uuid, text, text[], text[]) from public;

-- An invitation stands on whoever made it: when they could not make it any more, it is worth nothing until somebody who
-- can sends it again. So nobody who is about to be removed leaves a door open.
create or replace function private.invitation_state(p_invitation public.invitations) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return case
    when p_invitation.status <> 'pending' then p_invitation.status
    when p_invitation.email = 'erased@erased.invalid' then 'revoked'
    when p_invitation.expires_at <= now() then 'expired'
    when case p_invitation.invited_as
           when 'backend' then true
           when 'operator' then private.is_admin(p_invitation.invited_by)
           else private.permissions_with(p_invitation.role, p_invitation.granted_permissions || '{users.write}', '{}')
                <@ private.permissions_of(p_invitation.company_id, p_invitation.invited_by)
         end
    then 'pending'
    else 'void'
  end;
end
$fn$;
revoke execute on function private.invitation_state(public.invitations) from public;

-- When an invitation ends.
create or replace function private.invitation_expiry(p_expires_in interval) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_expires_in is null or p_expires_in < interval '1 hour' or p_expires_in > interval '30 days' then
    raise exception 'an invitation lasts 1 hour to 30 days, not %', coalesce(p_expires_in::text, 'null')
      using errcode = '22023',
            detail = 'invalid_duration',
            hint = 'State expires_in as an interval, such as 7 days.';
  end if;
  return now() + p_expires_in;
end
$fn$;
revoke execute on function private.invitation_expiry(interval) from public;

-- Mail that somebody causes lands with people who did not ask for it. Every mail about an invitation that was sent within
-- the day counts, so that nobody is sent a hundred of them either.
create or replace function private.require_invitation_allowance(p_company_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_limit integer;
begin
  if not private.is_member_request() then
    return;
  end if;
  select (s.value #>> '{}')::integer into v_limit from public.system_config as s where s.key = 'members.invitations_per_day';
  if (select coalesce(sum(i.sent_count), 0) from public.invitations as i
       where i.company_id = p_company_id and i.last_sent_at > now() - interval '1 day') >= coalesce(v_limit, 100)
  then
    raise exception 'the company has sent % invitations within a day', coalesce(v_limit, 100)
      using errcode = 'PT429',
            detail = 'too_many_invitations',
            hint = 'Go on tomorrow, or ask the operator.';
  end if;
end
$fn$;
revoke execute on function private.require_invitation_allowance(uuid) from public;

-- Gives an invitation a new token; the one before is void, in the outbox as well. The event carries the token to whoever
-- sends the mail, and loses it when it is finished (finish_event()).
create or replace function private.send_invitation(p_invitation public.invitations, p_send_email boolean)
returns public.issued_invitation
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_token constant text := private.new_api_key('invite');
begin
  insert into private.invitation_tokens as t (company_id, invitation_id, token_hash)
  values (p_invitation.company_id, p_invitation.id, private.api_key_hash(v_token))
  on conflict (company_id, invitation_id) do update set token_hash = excluded.token_hash;
  update public.invitations as i
     set sent_count = i.sent_count + 1, last_sent_at = now()
   where i.company_id = p_invitation.company_id and i.id = p_invitation.id;
  perform private.forget_invitation_mail(p_invitation.company_id, p_invitation.id);
  perform private.emit_event(p_invitation.company_id, 'member.invited', jsonb_strip_nulls(jsonb_build_object(
    'invitation_id', p_invitation.id, 'email', p_invitation.email, 'full_name', p_invitation.full_name,
    'role', p_invitation.role, 'expires_at', p_invitation.expires_at,
    'token', case when coalesce(p_send_email, true) then v_token end)));
  return (p_invitation.id, v_token, p_invitation.email, p_invitation.role, p_invitation.expires_at)::public.issued_invitation;
end
$fn$;
revoke execute on function private.send_invitation(public.invitations, boolean) from public;

-- A mail that was not sent yet and would carry a token that is void.
create or replace function private.forget_invitation_mail(p_company_id uuid, p_invitation_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  delete from private.outbox_events as e
   where e.company_id = p_company_id and e.status = 'pending' and e.topic = 'member.invited'
     and e.payload ->> 'invitation_id' = p_invitation_id::text;
end
$fn$;
revoke execute on function private.forget_invitation_mail(uuid, uuid) from public;

create or replace function private.invite_member(
  p_company_id uuid, p_email text, p_role text, p_permissions text[] default '{}', p_full_name text default null,
  p_expires_in interval default '7 days', p_invitation_id uuid default null, p_send_email boolean default true
) returns public.issued_invitation
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_email constant text := lower(btrim(p_email));
  v_full_name constant text := case when p_full_name ~ '\S' then btrim(p_full_name) end;
  v_permissions constant text[] := array(select distinct p from unnest(p_permissions) as p order by p);
  v_expires_at constant timestamptz := private.invitation_expiry(p_expires_in);
  v_invitation public.invitations;
  v_status text;
begin
  perform private.require_member_manager(p_company_id);
  v_status := (private.lock_company(p_company_id)).status;
  -- Again, now that nobody else changes members.
  perform private.require_member_manager(p_company_id);
  if v_status = 'closed' then
    raise exception 'the company is closed'
      using errcode = 'PT410',
            detail = 'company_closed',
            hint = 'Nobody becomes a member of it any more.';
  end if;
  if v_email is null or v_email !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or length(v_email) > 254 or v_email = 'erased@erased.invalid' then
    raise exception 'that is no e-mail address'
      using errcode = '22023',
            detail = 'invalid_email',
            hint = 'State it as name@example.com.';
  end if;
  perform private.require_handing_out(p_company_id, p_role, v_permissions, '{}');

  -- Whoever lost the answer asks again with the same id, and gets a new token for the same invitation.
  select * into v_invitation from public.invitations as i where i.company_id = p_company_id and i.id = p_invitation_id;
  if found then
    if v_invitation.status <> 'pending' or v_invitation.created_at <= now() - interval '10 minutes'
       or v_invitation.created_by is distinct from private.actor_id()
       or (v_invitation.email, v_invitation.full_name, v_invitation.role, v_invitation.granted_permissions)
          is distinct from (v_email, v_full_name, p_role, v_permissions)
    then
      raise exception 'there is another invitation with this id'
        using errcode = '23505',
              detail = 'invitation_id_taken',
              hint = 'Make a new invitation_id for each invitation; repeating it within ten minutes gives a new token.';
    end if;
    perform private.require_invitation_allowance(p_company_id);
    return private.send_invitation(v_invitation, p_send_email);
  end if;

  if exists (
    select from public.users as u
      left join auth.users as a on a.id = u.id
     where u.company_id = p_company_id and v_email in (lower(u.email), lower(a.email)))
  then
    raise exception 'that person is a member already'
      using errcode = '23505',
            detail = 'already_a_member',
            hint = 'Change their role with change_member_role(); one who is disabled comes back with enable_member().';
  end if;
  update public.invitations as i
     set status = 'revoked', revoked_at = now()
   where i.company_id = p_company_id and i.email = v_email and i.status = 'pending' and i.expires_at <= now();
  if exists (select from public.invitations as i where i.company_id = p_company_id and i.email = v_email and i.status = 'pending') then
    raise exception 'that address has an open invitation'
      using errcode = '23505',
            detail = 'already_invited',
            hint = 'Send it again with resend_invitation(), or end it with revoke_invitation().';
  end if;
  perform private.require_invitation_allowance(p_company_id);
  insert into public.invitations as i (
    company_id, id, email, full_name, role, granted_permissions, expires_at, invited_by, invited_as)
  values (
    p_company_id, coalesce(p_invitation_id, gen_random_uuid()), v_email, v_full_name, p_role, v_permissions, v_expires_at,
    private.actor_id(), case when private.is_backend() then 'backend' when private.is_member_request() then 'member' else 'operator' end)
  returning i.* into v_invitation;
  return private.send_invitation(v_invitation, p_send_email);
end
$fn$;
revoke execute on function private.invite_member(uuid, text, text, text[], text, interval, uuid, boolean) from public;
grant execute on function private.invite_member(uuid, text, text, text[], text, interval, uuid, boolean)
  to authenticated, platform_admin, service_role;

-- An invitation of the company, which is locked, for whoever could make it.
create or replace function private.lock_invitation(p_company_id uuid, p_invitation_id uuid) returns public.invitations
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_invitation public.invitations;
begin
  perform private.require_member_manager(p_company_id);
  perform private.lock_company(p_company_id);
  perform private.require_member_manager(p_company_id);
  select * into v_invitation from public.invitations as i where i.company_id = p_company_id and i.id = p_invitation_id;
  if not found then
    raise exception 'the company has no invitation %', coalesce(p_invitation_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_invitation',
            hint = 'See list_invitations().';
  end if;
  perform private.require_handing_out(p_company_id, v_invitation.role, v_invitation.granted_permissions, '{}');
  return v_invitation;
end
$fn$;
revoke execute on function private.lock_invitation(uuid, uuid) from public;

create or replace function private.resend_invitation(
  p_company_id uuid, p_invitation_id uuid, p_expires_in interval, p_send_email boolean
) returns public.issued_invitation
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_expires_at constant timestamptz := private.invitation_expiry(p_expires_in);
  v_invitation public.invitations := private.lock_invitation(p_company_id, p_invitation_id);
begin
  if v_invitation.status <> 'pending' or v_invitation.email = 'erased@erased.invalid' then
    raise exception 'the invitation was accepted or revoked'
      using errcode = '23514',
            detail = 'invitation_ended',
            hint = 'Invite the person anew with invite_member().';
  end if;
  if v_invitation.last_sent_at > now() - interval '1 minute' then
    raise exception 'the invitation was sent within the last minute'
      using errcode = 'PT429',
            detail = 'too_many_invitations',
            hint = 'Wait a minute.';
  end if;
  perform private.require_invitation_allowance(p_company_id);
  update public.invitations as i
     set expires_at = v_expires_at, invited_by = private.actor_id(),
         invited_as = case when private.is_backend() then 'backend' when private.is_member_request() then 'member' else 'operator' end
   where i.company_id = p_company_id and i.id = p_invitation_id
  returning i.* into v_invitation;
  return private.send_invitation(v_invitation, p_send_email);
end
$fn$;
revoke execute on function private.resend_invitation(uuid, uuid, interval, boolean) from public;
grant execute on function private.resend_invitation(uuid, uuid, interval, boolean) to authenticated, platform_admin, service_role;

create or replace function private.revoke_invitation(p_company_id uuid, p_invitation_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_invitation public.invitations := private.lock_invitation(p_company_id, p_invitation_id);
begin
  if v_invitation.status = 'accepted' then
    raise exception 'the invitation was accepted'
      using errcode = '23514',
            detail = 'invitation_ended',
            hint = 'Remove the member with remove_member().';
  end if;
  if v_invitation.status = 'pending' then
    update public.invitations as i
       set status = 'revoked', revoked_at = now()
     where i.company_id = p_company_id and i.id = p_invitation_id
    returning i.* into v_invitation;
    perform private.forget_invitation_mail(p_company_id, p_invitation_id);
  end if;
  return v_invitation.revoked_at;
end
$fn$;
revoke execute on function private.revoke_invitation(uuid, uuid) from public;
grant execute on function private.revoke_invitation(uuid, uuid) to authenticated, platform_admin, service_role;

create or replace function private.list_invitations(
  p_company_id uuid, p_is_all boolean, p_before_at timestamptz, p_before_id uuid, p_max_rows integer
) returns setof public.invitation_entry
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_reader(p_company_id, 'users.read');
  if p_max_rows is null or p_max_rows not between 1 and 1000 or (p_before_at is null) <> (p_before_id is null) then
    raise exception 'max_rows must be 1 to 1000; before_at and before_id go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give created_at and id of the last row to get the next page.';
  end if;
  return query
    select i.id, i.email, i.full_name, i.role, i.granted_permissions, private.invitation_state(i), i.expires_at, i.invited_by,
           i.sent_count, i.last_sent_at, i.accepted_at, i.accepted_by, i.revoked_at, i.created_at
      from public.invitations as i
     where i.company_id = p_company_id
       and (p_is_all or i.status = 'pending')
       and (i.created_at, i.id) < (coalesce(p_before_at, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     order by i.created_at desc, i.id desc
     limit p_max_rows;
end
$fn$;
revoke execute on function private.list_invitations(uuid, boolean, timestamptz, uuid, integer) from public;
grant execute on function private.list_invitations(uuid, boolean, timestamptz, uuid, integer) to authenticated, platform_admin, service_role;

-- One person accepts. Whatever is wrong is told in the same words to everybody whose confirmed address was not invited:
-- whoever has found a token learns neither for whom it is, nor whether there is such an invitation at all.
create or replace function private.take_invitation(p_user_id uuid, p_token text, p_full_name text)
returns public.accepted_invitation
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_hash constant bytea := private.api_key_hash(p_token);
  v_email text;
  v_is_confirmed boolean;
  v_company_id uuid;
  v_company public.companies;
  v_invitation public.invitations;
  v_member public.users;
begin
  select lower(a.email), a.email_confirmed_at is not null into v_email, v_is_confirmed
    from auth.users as a where a.id = p_user_id and a.deleted_at is null;
  select t.company_id into v_company_id from private.invitation_tokens as t where t.token_hash = v_hash;
  if found then
    v_company := private.lock_company(v_company_id);
    -- Read again, since it may have been sent anew, revoked or accepted meanwhile.
    select i.* into v_invitation
      from private.invitation_tokens as t
      join public.invitations as i on i.company_id = t.company_id and i.id = t.invitation_id
     where t.token_hash = v_hash and t.company_id = v_company_id
       for update;
    select * into v_member from public.users as u where u.company_id = v_company_id and u.id = p_user_id;
  end if;
  if v_invitation.status = 'accepted' and v_invitation.email = v_email and v_is_confirmed
     and v_invitation.accepted_by is distinct from p_user_id
  then
    raise exception 'the invitation was accepted by another account'
      using errcode = 'PT409',
            detail = 'invitation_used',
            hint = 'Sign in with the account that accepted it, or ask for another invitation.';
  end if;
  if v_invitation.id is null or v_company.status = 'closed'
     or v_invitation.status = 'accepted' and (v_invitation.accepted_by is distinct from p_user_id or v_member.id is null)
     or v_invitation.status <> 'accepted'
        and (v_email is distinct from v_invitation.email or not v_is_confirmed or private.invitation_state(v_invitation) <> 'pending')
  then
    raise exception 'the invitation is not valid, or not for this account'
      using errcode = '42501',
            detail = 'invitation_not_valid',
            hint = 'Sign in with the address that it was sent to, and confirm it first. If you have, it has expired, was revoked or was sent again: ask for another.';
  end if;
  if v_company.status not in ('active', 'moving') then
    raise exception 'the company is suspended'
      using errcode = 'PT409',
            detail = 'company_suspended',
            hint = 'Accept the invitation when it is active again.';
  end if;
  if v_member.status = 'disabled' then
    raise exception 'you are disabled in that company'
      using errcode = '42501',
            detail = 'member_disabled',
            hint = 'Whoever manages its members can enable you.';
  end if;
  if v_invitation.status = 'pending' then
    -- Who is a member already stays what they are.
    if v_member.id is null then
      insert into public.users as u (company_id, id, email, full_name, role, granted_permissions, created_by)
      values (v_company.id, p_user_id, v_email,
              left(coalesce(case when p_full_name ~ '\S' then btrim(p_full_name) end, v_invitation.full_name, split_part(v_email, '@', 1)), 200),
              v_invitation.role, v_invitation.granted_permissions, p_user_id)
      returning u.* into v_member;
      perform private.emit_event(v_company.id, 'member.joined', jsonb_build_object(
        'user_id', p_user_id, 'role', v_member.role, 'invitation_id', v_invitation.id));
    end if;
    update public.invitations as i
       set status = 'accepted', accepted_at = now(), accepted_by = p_user_id
     where i.company_id = v_company.id and i.id = v_invitation.id;
    perform private.forget_invitation_mail(v_company.id, v_invitation.id);
  end if;
  return (v_company.id, v_company.name, v_member.id, v_member.role,
          private.permissions_of(v_company.id, v_member.id))::public.accepted_invitation;
end
$fn$;
revoke execute on function private.take_invitation(uuid, text, text) from public;

create or replace function private.accept_invitation(p_token text, p_full_name text) returns public.accepted_invitation
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_user constant uuid := private.current_user_id();
begin
  if not exists (select from auth.users as a where a.id = v_user and a.deleted_at is null) then
    raise exception 'only a person who is signed in accepts an invitation'
      using errcode = '42501',
            detail = 'not_signed_in',
            hint = 'Sign up or sign in with the address that the invitation was sent to.';
  end if;
  return private.take_invitation(v_user, p_token, p_full_name);
end
$fn$;
revoke execute on function private.accept_invitation(text, text) from public;
grant execute on function private.accept_invitation(text, text) to authenticated, platform_admin;

-- Somebody who signs up from an invitation may hand its token over as invitation_token of their metadata; they become a
-- member in the moment in which their address is confirmed. Metadata is written by whoever signs up, and nothing is
-- believed of it: the token is a secret that is looked up like any other. Sign-up comes first: nothing that goes wrong
-- here may stop it or make it wait, and accept_invitation() works all the same.
create or replace function private.tg_auth_users__accept_invitation() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '500ms'
as $fn$
begin
  begin
    perform private.take_invitation(
      new.id, new.raw_user_meta_data ->> 'invitation_token', new.raw_user_meta_data ->> 'full_name');
    -- At once instead of when Supabase Auth commits, so that what goes wrong goes wrong here.
    set constraints private.link immediate;
    set constraints private.link deferred;
  exception when others then
    raise warning 'invitation at sign-up: % (%)', sqlerrm, sqlstate;
  end;
  return null;
end
$fn$;
revoke execute on function private.tg_auth_users__accept_invitation() from public;

-- Nobody needs the address of an invitation that ended long ago; what it led to is in the audit log. Whose data is
-- restricted is kept until the restriction is lifted (GDPR Art. 18).
create or replace function private.prune_invitations() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_rows bigint;
begin
  with old as (
    select i.company_id, i.id from public.invitations as i
     where coalesce(i.accepted_at, i.revoked_at, i.expires_at) < now() - interval '90 days'
       and not exists (
         select from public.processing_restrictions as r
          where r.company_id = i.company_id and r.lifted_at is null and r.kind = 'restriction' and r.subject_email = i.email)
     limit 1000
       for update skip locked
  )
  delete from public.invitations as i using old where i.company_id = old.company_id and i.id = old.id;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$fn$;
revoke execute on function private.prune_invitations() from public;

create or replace function public.invite_member(
  company_id uuid, email text, role text, permissions text[] default '{}', full_name text default null,
  expires_in interval default '7 days', invitation_id uuid default null, send_email boolean default true
) returns public.issued_invitation
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.invite_member(company_id, email, role, permissions, full_name, expires_in, invitation_id, send_email);
end
$fn$;
revoke execute on function public.invite_member(uuid, text, text, text[], text, interval, uuid, boolean)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.invite_member(uuid, text, text, text[], text, interval, uuid, boolean)
  to authenticated, platform_admin, service_role;

create or replace function public.resend_invitation(
  company_id uuid, invitation_id uuid, expires_in interval default '7 days', send_email boolean default true
) returns public.issued_invitation
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.resend_invitation(company_id, invitation_id, expires_in, send_email);
end
$fn$;
revoke execute on function public.resend_invitation(uuid, uuid, interval, boolean)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.resend_invitation(uuid, uuid, interval, boolean) to authenticated, platform_admin, service_role;

create or replace function public.revoke_invitation(company_id uuid, invitation_id uuid) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.revoke_invitation(company_id, invitation_id);
end
$fn$;
revoke execute on function public.revoke_invitation(uuid, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.revoke_invitation(uuid, uuid) to authenticated, platform_admin, service_role;

create or replace function public.list_invitations(
  company_id uuid, is_all boolean default false, before_at timestamptz default null, before_id uuid default null,
  max_rows integer default 100
) returns setof public.invitation_entry
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.list_invitations(company_id, is_all, before_at, before_id, max_rows);
end
$fn$;
revoke execute on function public.list_invitations(uuid, boolean, timestamptz, uuid, integer)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.list_invitations(uuid, boolean, timestamptz, uuid, integer)
  to authenticated, platform_admin, service_role;

create or replace function public.accept_invitation(token text, full_name text default null) returns public.accepted_invitation
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.accept_invitation(token, full_name);
end
$fn$;
revoke execute on function public.accept_invitation(text, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.accept_invitation(text, text) to authenticated, platform_admin;

create or replace trigger set_row_meta
  before insert or update on public.invitations
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.invitations
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('invitations');
create or replace trigger audit_insert after insert on public.invitations referencing new table as new_rows
  for each statement execute function private.tg_statement__audit('invitations');
create or replace trigger audit_update after update on public.invitations referencing old table as old_rows new table as new_rows
  for each statement execute function private.tg_statement__audit('invitations');
create or replace trigger audit_delete after delete on public.invitations referencing old table as old_rows
  for each statement execute function private.tg_statement__audit('invitations');

-- The table is Supabase's; postgres may put triggers on it. Where it may not, nothing fails.
do $do$
begin
  create or replace trigger lytbub_accept_invitation_at_sign_up
    after insert on auth.users
    for each row when (new.email_confirmed_at is not null and new.raw_user_meta_data ? 'invitation_token')
    execute function private.tg_auth_users__accept_invitation();
  create or replace trigger lytbub_accept_invitation_at_confirmation
    after update of email_confirmed_at on auth.users
    for each row when (
      old.email_confirmed_at is null and new.email_confirmed_at is not null and new.raw_user_meta_data ? 'invitation_token')
    execute function private.tg_auth_users__accept_invitation();
exception when insufficient_privilege then
  raise warning 'no trigger on auth.users: call accept_invitation() after sign-up';
end
$do$;

alter table public.invitations enable row level security;
drop policy if exists select_member on public.invitations;
create policy select_member on public.invitations
  for select to authenticated
  using (company_id = (select private.company_for('users.read')));
drop policy if exists select_platform_admin on public.invitations;
create policy select_platform_admin on public.invitations
  for select to platform_admin
  using ((select private.is_platform_admin()));

-- No write for members and admins on purpose: invitations are made and ended by functions, which alone see the token.
revoke all on table public.invitations from public, anon, authenticated, platform_admin, service_role;
grant select on table public.invitations to authenticated;
grant select on table public.invitations to platform_admin;
grant select, delete on table public.invitations to service_role;
grant insert (
  company_id, id, email, full_name, role, granted_permissions, status, expires_at, invited_by, invited_as, sent_count,
  last_sent_at, accepted_at, accepted_by, revoked_at, created_at, updated_at, created_by, updated_by
) on table public.invitations to service_role;
grant update (
  email, full_name, role, granted_permissions, status, expires_at, invited_by, invited_as, sent_count, last_sent_at,
  accepted_at, accepted_by, revoked_at, updated_at, created_by, updated_by
) on table public.invitations to service_role;
revoke all on table private.invitation_tokens from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select v.table_schema, v.table_name, c.column_name, v.class, v.erasure
  from (values
    ('private', 'invitation_tokens', 'identifier', 'keep', '{company_id,invitation_id}'),
    ('private', 'invitation_tokens', 'secret', 'keep', '{token_hash}'),
    ('public', 'invitations', 'identifier', 'clear', '{invited_by,accepted_by,created_by,updated_by}'),
    ('public', 'invitations', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'invitations', 'operational', 'keep', '{role,granted_permissions,status,expires_at,invited_as,sent_count,
      last_sent_at,accepted_at,revoked_at,created_at,updated_at}'),
    ('public', 'invitations', 'personal', 'scrub', '{email,full_name}')
  ) as v (table_schema, table_name, class, erasure, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update
  set class = excluded.class, erasure = excluded.erasure
  where (column_classes.class, column_classes.erasure) <> (excluded.class, excluded.erasure);

comment on type public.issued_invitation is 'An invitation that was just made or sent again. token is shown this once.';
comment on type public.accepted_invitation is 'The membership that an invitation led to.';
comment on type public.invitation_entry is
  'An invitation. state: pending, accepted, revoked, expired, or void when whoever sent it could not make it any more.';
comment on table public.invitations is 'Invitations to become a member of a company, without their tokens.';
comment on column public.invitations.company_id is 'Company (tenant) that the invitation is to. Never changes.';
comment on column public.invitations.id is 'Invitation id, unique within the company.';
comment on column public.invitations.email is 'Address that was invited, in lower case.';
comment on column public.invitations.full_name is 'Name of the person as the inviter knows it; null if they do not.';
comment on column public.invitations.role is 'Role that the person gets.';
comment on column public.invitations.granted_permissions is 'Permissions that they get beyond those of the role.';
comment on column public.invitations.status is 'pending, accepted or revoked. list_invitations() also tells which are expired or void.';
comment on column public.invitations.expires_at is 'When it ends; set anew each time it is sent again.';
comment on column public.invitations.invited_by is 'Who sent it last; null for backend jobs. It holds only while they could still make it.';
comment on column public.invitations.invited_as is 'As what they did: member, operator or backend.';
comment on column public.invitations.sent_count is 'How often a token was made for it.';
comment on column public.invitations.last_sent_at is 'When that was last.';
comment on column public.invitations.accepted_at is 'When it was accepted; set exactly when it is.';
comment on column public.invitations.accepted_by is 'Who accepted it.';
comment on column public.invitations.revoked_at is 'When it was revoked, or replaced after it had expired; set exactly when it is.';
comment on column public.invitations.created_at is 'When the row was created.';
comment on column public.invitations.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.invitations.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.invitations.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.invitations is 'Members holding users.read see the rows of their active company.';
comment on policy select_platform_admin on public.invitations is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';
comment on table private.invitation_tokens is 'SHA-256 of the token of each invitation; one at a time.';
comment on function private.is_member_request() is 'True unless an operator or the backend asks.';
comment on function private.require_member_manager(uuid) is
  'Passes for whoever may manage the members of a company. Errors: 42501 not_your_company, not_an_operator, not_a_person.';
comment on function private.lock_company(uuid) is 'A company, locked against others who change its members. Errors: PT404 unknown_company.';
comment on function private.require_handing_out(uuid, text, text[], text[]) is
  'Passes for whoever may give a role and permissions in a company, after private.require_member_manager(). Errors: 42501 permission_not_held, admin_outside_operator, admin_by_admin_only; 23514 unknown_role, unknown_permission.';
comment on function private.invitation_state(public.invitations) is 'pending, accepted, revoked, expired or void.';
comment on function private.invitation_expiry(interval) is 'When an invitation ends that lasts so long. Errors: 22023 invalid_duration.';
comment on function private.require_invitation_allowance(uuid) is
  'Passes while the members of a company may send another invitation. Errors: PT429 too_many_invitations.';
comment on function private.send_invitation(public.invitations, boolean) is
  'Gives an invitation a new token, with event member.invited, which carries the token unless the caller sends the mail.';
comment on function private.forget_invitation_mail(uuid, uuid) is 'Deletes events of an invitation that were not delivered yet.';
comment on function private.prune_invitations() is
  'Deletes invitations that ended 90 days ago, at most 1000 a call; how many. private.maintain_compliance() calls it.';
comment on function private.invite_member(uuid, text, text, text[], text, interval, uuid, boolean) is 'Implementation of public.invite_member().';
comment on function private.lock_invitation(uuid, uuid) is
  'An invitation, its company locked, for whoever could make it. Errors: as private.require_member_manager() and private.require_handing_out(); PT404 unknown_invitation.';
comment on function private.resend_invitation(uuid, uuid, interval, boolean) is 'Implementation of public.resend_invitation().';
comment on function private.revoke_invitation(uuid, uuid) is 'Implementation of public.revoke_invitation().';
comment on function private.list_invitations(uuid, boolean, timestamptz, uuid, integer) is 'Implementation of public.list_invitations().';
comment on function private.take_invitation(uuid, text, text) is
  'A person accepts an invitation by its token. Errors: 42501 invitation_not_valid, member_disabled; PT409 invitation_used, company_suspended.';
comment on function private.accept_invitation(text, text) is 'Implementation of public.accept_invitation().';
comment on function private.tg_auth_users__accept_invitation() is
  'Row trigger on auth.users: accepts the invitation whose token is invitation_token of the metadata, when the address is confirmed. Warns, and never raises.';
comment on function public.invite_member(uuid, text, text, text[], text, interval, uuid, boolean) is
  'Invites somebody by e-mail to become a member of a company, in a role and with permissions (resource.verb) beyond it; full_name is how they are called until they say otherwise. Lasts expires_in (1 hour to 30 days). token is shown this once, and sent with event member.invited unless send_email is false, which leaves the mail to the caller. Repeated with its invitation_id within ten minutes by the same caller, it gives a new token for the same invitation. For members holding users.write, who give what they hold, in their active company; operators and service_role for any. Role admin is for admins to give, in the operator company. Errors: 42501 not_your_company, not_an_operator, not_a_person, permission_not_held, admin_outside_operator, admin_by_admin_only; PT404 unknown_company; PT410 company_closed; 22023 invalid_email, invalid_duration; 23514 unknown_role, unknown_permission; 23505 already_a_member, already_invited, invitation_id_taken; PT429 too_many_invitations.';
comment on function public.resend_invitation(uuid, uuid, interval, boolean) is
  'Sends an open invitation again, also an expired one: with a new token, the old one is void, and for expires_in (1 hour to 30 days) from now. Whoever does so becomes its inviter. At most once a minute. For whoever could make the invitation. Errors: as invite_member(); PT404 unknown_invitation; 23514 invitation_ended; PT429 too_many_invitations.';
comment on function public.revoke_invitation(uuid, uuid) is
  'Revokes an invitation: its token is void at once, and a mail that was not sent yet is not sent. When it was revoked; safe to repeat. For whoever could make the invitation. Errors: 42501 not_your_company, not_an_operator, not_a_person, permission_not_held, admin_by_admin_only; PT404 unknown_invitation; 23514 invitation_ended.';
comment on function public.list_invitations(uuid, boolean, timestamptz, uuid, integer) is
  'Open invitations of a company, latest first, with is_all also those that were accepted or revoked; at most max_rows (1 to 1000). For the next page give created_at and id of the last one as before_at and before_id. For members holding users.read, in their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';
comment on function public.accept_invitation(text, text) is
  'The caller, signed in with the confirmed address that was invited, becomes a member; full_name is how colleagues see them. Single use: repeated by the same person it answers the same. A member stays what they are. Errors: 42501 not_signed_in, invitation_not_valid (mistyped, expired, revoked, replaced, or for another address: all alike), member_disabled; PT409 invitation_used, company_suspended.';

-- migrate:down
