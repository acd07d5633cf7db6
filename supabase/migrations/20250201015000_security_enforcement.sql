-- migrate:up
-- How security policies are enforced: the gate asks policy_problem() on every statement of a company whose policy asks
-- anything, and whoever changes the rules cannot lock themselves out by accident.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- The address that the outermost trusted proxy saw. Every proxy appends the address it was called from to
-- X-Forwarded-For, so that with n trusted ones it is the n-th from the right; what stands to the left of it may be
-- forged. Null without proxies or with an address that is none.
create or replace function private.forwarded_address(p_forwarded_for text) returns inet
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_hop text;
begin
  select btrim(h.hops[cardinality(h.hops) + 1 - coalesce((
           select (s.value #>> '{}')::integer from public.system_config as s where s.key = 'security.trusted_proxy_count'), 1)])
    into v_hop
    from (select string_to_array(p_forwarded_for, ',') as hops) as h;
  if strpos(v_hop, ':') > 0 then
    -- An address of a socket may have its port, an IPv6 address brackets, and an IPv4 address may come in IPv6.
    v_hop := regexp_replace(v_hop, '^(?:\[(.*)\]|([^:]*))(?::[0-9]+)?$', '\1\2');
    v_hop := regexp_replace(v_hop, '^::ffff:(?=[0-9.]+$)', '', 'i');
  end if;
  return host(v_hop::inet)::inet;
exception when others then
  return null;
end
$fn$;
revoke execute on function private.forwarded_address(text) from public;

create or replace function private.client_address() returns inet
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.forwarded_address(nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-forwarded-for');
exception when others then
  return null;
end
$fn$;
revoke execute on function private.client_address() from public;

create or replace function private.is_address_allowed(p_company_id uuid, p_address inet) returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (
    select from public.ip_allowlist_entries as e
     where e.company_id = p_company_id and e.is_enabled and (e.expires_at is null or e.expires_at > now())
       and p_address <<= e.network);
end
$fn$;
revoke execute on function private.is_address_allowed(uuid, inet) from public;

-- What of its policy a request to a company does not meet, the strongest reason first; null if it meets all. The session
-- began when its first factor was given (claim amr, RFC 8176, with times as Supabase Auth states them) and was last used
-- when its token was issued (iat): a client that is in use refreshes its token. What a token does not state it does not
-- meet.
create or replace function private.policy_problem(
  p_policy public.security_policies, p_permission text, p_claims jsonb
) returns text
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- One expression: each of its own would be prepared once more in every transaction. All factors must be younger: a list
  -- that loses nothing when those are picked out of it, and is not empty.
  return case
    when p_policy.is_ip_allowlist_enabled
      and not coalesce(private.is_address_allowed(p_policy.company_id, private.client_address()), false)
      then 'ip_not_allowed'
    when p_policy.session_max_age_seconds is not null
      and (p_claims -> 'amr' <> '[]'
           and p_claims -> 'amr' = jsonb_path_query_array(
             p_claims -> 'amr', 'strict $[*] ? (@.timestamp.type() == "number" && @.timestamp > $oldest)',
             jsonb_build_object('oldest', extract(epoch from now()) - p_policy.session_max_age_seconds), true)) is not true
      then 'session_too_old'
    when p_policy.session_idle_seconds is not null
      and case jsonb_typeof(p_claims -> 'iat')
            when 'number' then (p_claims -> 'iat')::numeric <= extract(epoch from now()) - p_policy.session_idle_seconds
            else true
          end
      then 'session_idle'
    when (p_policy.required_aal = 'aal2' or p_permission = any (p_policy.aal2_permissions))
      and p_claims ->> 'aal' is distinct from 'aal2'
      then 'second_factor_required'
  end;
end
$fn$;
revoke execute on function private.policy_problem(public.security_policies, text, jsonb) from public;

-- The same for the company that the request chose, as the gate chooses it: why somebody who is a member gets nothing.
create or replace function private.access_problem() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_user constant uuid := private.parse_uuid(v_claims ->> 'sub');
  v_company constant uuid := coalesce(
    private.parse_uuid(coalesce(
      private.parse_json_object(current_setting('request.headers', true)) ->> 'x-company-id', v_claims ->> 'company_id')),
    private.default_company(v_user));
begin
  if v_claims ? 'api_key_id' then
    return private.api_key_token_problem();
  end if;
  return (
    select private.policy_problem(p, null, v_claims)
      from public.users as u
      join public.companies as c on c.id = u.company_id
      join public.security_policies as p on p.company_id = c.id and p.is_active
     where u.company_id = v_company and u.id = v_user and u.status = 'active'
       and c.status in ('active', 'moving'));
end
$fn$;
revoke execute on function private.access_problem() from public;

-- After a change of the rules by a member: would they still be let in?
create or replace function private.tg_security__keep_author_in() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('role', true) = 'authenticated' and current_setting('app.is_forced', true) is distinct from 'on' then
    if private.company_for('security.manage') is null then
      raise exception 'this change would lock you out'
        using errcode = 'PT409',
              detail = 'would_lock_you_out',
              hint = 'See explain_ip_access() for your address, and your session''s age and second factor; or call set_security_policy() or remove_ip_allowlist_entry() with is_forced.';
    end if;
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_security__keep_author_in() from public;

create or replace trigger keep_author_in
  after insert or update on public.security_policies
  for each row execute function private.tg_security__keep_author_in();
create or replace trigger keep_author_in
  after insert or update or delete on public.ip_allowlist_entries
  for each row execute function private.tg_security__keep_author_in();

create or replace function public.set_security_policy(company_id uuid, policy jsonb, is_forced boolean default false)
returns public.security_policies
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_names constant text[] := string_to_array('required_aal,aal2_permissions,session_max_age_seconds,session_idle_seconds,is_ip_allowlist_enabled,api_key_max_age_days,notes', ',');
  v_before public.security_policies;
  v_after public.security_policies;
begin
  if jsonb_typeof(policy) is distinct from 'object' or policy - v_names <> '{}' then
    raise exception 'a security policy has only these members: %', array_to_string(v_names, ', ')
      using errcode = '22023',
            detail = 'invalid_policy',
            hint = 'State what is to change as an object; what is left out stays as it is.';
  end if;
  select * into v_before from public.security_policies as p
   where p.company_id = set_security_policy.company_id and p.is_active;
  begin
    v_after := jsonb_populate_record(v_before, policy);
  exception when data_exception then
    raise exception '%', sqlerrm
      using errcode = '22023',
            detail = 'invalid_policy',
            hint = 'required_aal and notes are text, aal2_permissions an array of texts, times whole numbers, is_ip_allowlist_enabled true or false.';
  end;
  if v_before.id is not null
     and (v_after.required_aal, v_after.aal2_permissions, v_after.session_max_age_seconds, v_after.session_idle_seconds,
          v_after.is_ip_allowlist_enabled, v_after.api_key_max_age_days, v_after.notes)
         is not distinct from
         (v_before.required_aal, v_before.aal2_permissions, v_before.session_max_age_seconds,
          v_before.session_idle_seconds, v_before.is_ip_allowlist_enabled, v_before.api_key_max_age_days, v_before.notes)
  then
    return v_before;
  end if;
  perform set_config('app.is_forced', case when is_forced then 'on' else 'off' end, true);
  insert into public.security_policies as p (
    company_id, required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, is_ip_allowlist_enabled,
    api_key_max_age_days, notes)
  values (
    set_security_policy.company_id, coalesce(v_after.required_aal, 'aal1'), coalesce(v_after.aal2_permissions, '{}'),
    v_after.session_max_age_seconds, v_after.session_idle_seconds, coalesce(v_after.is_ip_allowlist_enabled, false),
    v_after.api_key_max_age_days, v_after.notes);
  perform set_config('app.is_forced', 'off', true);
  -- Who has locked themselves out does not see what they did.
  select * into v_after from public.security_policies as p
   where p.company_id = set_security_policy.company_id and p.is_active;
  return v_after;
end
$fn$;
revoke execute on function public.set_security_policy(uuid, jsonb, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.set_security_policy(uuid, jsonb, boolean) to authenticated, platform_admin, service_role;

create or replace function public.remove_ip_allowlist_entry(company_id uuid, network inet, is_forced boolean default false)
returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_removed boolean;
begin
  perform set_config('app.is_forced', case when is_forced then 'on' else 'off' end, true);
  delete from public.ip_allowlist_entries as e
   where e.company_id = remove_ip_allowlist_entry.company_id and e.network = remove_ip_allowlist_entry.network;
  v_is_removed := found;
  perform set_config('app.is_forced', 'off', true);
  return v_is_removed;
end
$fn$;
revoke execute on function public.remove_ip_allowlist_entry(uuid, inet, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.remove_ip_allowlist_entry(uuid, inet, boolean) to authenticated, platform_admin, service_role;

create or replace function private.explain_ip_access(p_company_id uuid, p_address inet)
returns table (
  allowed boolean, reason text, address inet, entry_id uuid, network inet, label text, expires_at timestamptz
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_address constant inet := coalesce(p_address, private.client_address());
  v_entry public.ip_allowlist_entries;
  v_reason text;
begin
  perform private.require_reader(p_company_id, 'security.read');
  -- The entry that decides: one that is in force before one that is not, and the narrowest of those.
  select * into v_entry from public.ip_allowlist_entries as e
   where e.company_id = p_company_id and v_address <<= e.network
   order by (e.is_enabled and (e.expires_at is null or e.expires_at > now())) desc, masklen(e.network) desc
   limit 1;
  v_reason := case
    when not exists (
      select from public.security_policies as p
       where p.company_id = p_company_id and p.is_active and p.is_ip_allowlist_enabled) then 'allowlist_off'
    when v_address is null then 'address_unknown'
    when v_entry.id is null then 'not_listed'
    when not v_entry.is_enabled then 'entry_disabled'
    when v_entry.expires_at <= now() then 'entry_expired'
    else 'listed'
  end;
  return query select v_reason in ('allowlist_off', 'listed'), v_reason, v_address, v_entry.id, v_entry.network,
                      v_entry.label, v_entry.expires_at;
end
$fn$;
revoke execute on function private.explain_ip_access(uuid, inet) from public;
grant execute on function private.explain_ip_access(uuid, inet) to authenticated, platform_admin, service_role;

create or replace function public.explain_ip_access(company_id uuid, ip inet default null)
returns table (
  allowed boolean, reason text, address inet, entry_id uuid, network inet, label text, expires_at timestamptz
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.explain_ip_access(explain_ip_access.company_id, explain_ip_access.ip);
end
$fn$;
revoke execute on function public.explain_ip_access(uuid, inet) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.explain_ip_access(uuid, inet) to authenticated, platform_admin, service_role;

insert into public.system_config (key, value, description) values
  ('security.trusted_proxy_count', '1',
   'Proxies in front of PostgREST that can be trusted to append the address they were called from to X-Forwarded-For. 0: none is believed.')
on conflict (key) do nothing;

-- As in the gate: an exception block runs in a parallel plan from PostgreSQL 17 on.
do $do$
begin
  if current_setting('server_version_num')::integer < 170000 then
    alter function private.forwarded_address(text) parallel unsafe;
    alter function private.client_address() parallel unsafe;
    alter function private.policy_problem(public.security_policies, text, jsonb) parallel unsafe;
  end if;
end
$do$;

comment on function private.forwarded_address(text) is
  'Address of the client by an X-Forwarded-For header, as the outermost trusted proxy saw it (system_config security.trusted_proxy_count, 1 unless set); null if unknown. Never raises.';
comment on function private.client_address() is 'Address of the client of this request, as forwarded_address() says; null if unknown. Never raises.';
comment on function private.is_address_allowed(uuid, inet) is 'True if an entry of the company''s allowlist that is in force contains the address.';
comment on function private.policy_problem(public.security_policies, text, jsonb) is
  'What of a company''s security policy a request does not meet: ip_not_allowed, session_too_old, session_idle or second_factor_required; null if it meets all. Never raises.';
comment on function private.access_problem() is 'policy_problem() of the member''s chosen company, or what is wrong with the API key; null if that is not what keeps them out.';
comment on function private.tg_security__keep_author_in() is
  'Row trigger, after the statement: a member''s change of the rules must leave themselves in. Errors: PT409 would_lock_you_out.';
comment on function private.explain_ip_access(uuid, inet) is 'Implementation of public.explain_ip_access().';
comment on function public.set_security_policy(uuid, jsonb, boolean) is
  'Changes what is named in policy (required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, is_ip_allowlist_enabled, api_key_max_age_days, notes) as a new version, in force from the next statement on; what is left out stays. The policy then in force; nulls if its author has locked themselves out, which takes is_forced. Repeating it changes nothing. Members holding security.manage, for their active company; operators and service_role for any. Errors: 22023 invalid_policy; 42501; 23514; PT409 would_lock_you_out.';
comment on function public.remove_ip_allowlist_entry(uuid, inet, boolean) is
  'Removes an entry of the IP allowlist; false if there is none. Takes is_forced if it is the one that lets its remover in. Members holding security.manage, for their active company; operators and service_role for any. Errors: PT409 would_lock_you_out.';
comment on function public.explain_ip_access(uuid, inet) is
  'Whether an address (the caller''s own unless told) gets into a company, and which entry decides: allowlist_off, listed, not_listed, entry_disabled, entry_expired or address_unknown. Members holding security.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator.';

-- migrate:down
