-- migrate:up
-- Why somebody sees no rows: the gate's questions, one after the other, each with its reason. The gate answers a company
-- or null; here null is explained. Nothing is decided here, and nothing is told that the gate would not tell: that a
-- company exists in which the person is no member stays unsaid.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Which company a request chooses, and by what; as private.company_for() does.
create or replace function private.chosen_company(
  p_user_id uuid, p_claims jsonb, p_headers jsonb, out company_id uuid, out wanted text, out source text
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_headers ? 'x-company-id' then
    source := 'header x-company-id';
    wanted := coalesce(p_headers ->> 'x-company-id', '');
  elsif p_claims ->> 'company_id' is not null then
    source := 'claim company_id';
    wanted := p_claims ->> 'company_id';
  else
    source := 'the default membership';
    wanted := private.default_company(p_user_id)::text;
  end if;
  company_id := private.parse_uuid(wanted);
end
$fn$;
revoke execute on function private.chosen_company(uuid, jsonb, jsonb) from public;

-- Which entry of the allowlist decides about an address that does not get in.
create or replace function private.diagnose_address(p_company_id uuid, p_address inet)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_entry public.ip_allowlist_entries;
begin
  select * into v_entry from public.ip_allowlist_entries as e
   where e.company_id = p_company_id and p_address <<= e.network
   order by e.is_enabled desc, masklen(e.network) desc
   limit 1;
  return query values (
    case
      when p_address is null then 'network.address_unknown'
      when v_entry.id is null then 'network.not_listed'
      when not v_entry.is_enabled then 'network.entry_disabled'
      else 'network.entry_expired'
    end,
    jsonb_build_object(
      'address', host(p_address), 'network', v_entry.network, 'expired_at', v_entry.expires_at,
      'proxies', coalesce((select s.value #>> '{}' from public.system_config as s where s.key = 'security.trusted_proxy_count'), '1')));
end
$fn$;
revoke execute on function private.diagnose_address(uuid, inet) from public;

-- The token of a program.
create or replace function private.diagnose_api_key(p_permission text, p_claims jsonb, p_headers jsonb)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.parse_uuid(p_claims ->> 'company_id');
  v_key private.api_key_states;
begin
  select * into v_key from private.api_key_states as k
   where k.company_id = v_company and k.id = private.parse_uuid(p_claims ->> 'api_key_id')
     and p_claims ->> 'sub' = p_claims ->> 'api_key_id'
     and (not p_headers ? 'x-company-id' or private.parse_uuid(p_headers ->> 'x-company-id') is not distinct from v_company);
  if v_key.id is null then
    return query values ('access.api_key_unknown', jsonb_build_object('api_key_id', p_claims ->> 'api_key_id'));
    return;
  end if;
  if v_key.problem is null and not private.is_key_address_allowed(
       v_key.company_id, v_key.allowed_networks, v_key.is_ip_allowlist_enabled, private.client_address())
  then
    v_key.problem := 'ip_not_allowed';
  end if;
  if v_key.problem is not null then
    return query values ('access.api_key_refused', jsonb_build_object(
      'company_id', v_company, 'api_key_id', v_key.id, 'name', v_key.name, 'problem', v_key.problem));
  elsif p_permission <> all (v_key.permissions) then
    return query values ('access.api_key_permission_missing', jsonb_build_object(
      'company_id', v_company, 'api_key_id', v_key.id, 'name', v_key.name, 'permission', p_permission,
      'permissions', array_to_string(v_key.permissions, ', ')));
  else
    return query values ('access.ok', jsonb_build_object(
      'company_id', v_company, 'api_key_id', v_key.id, 'email', v_key.name, 'role', 'API key',
      'company', (select c.name from public.companies as c where c.id = v_company),
      'permissions', array_to_string(v_key.permissions, ', ')));
  end if;
end
$fn$;
revoke execute on function private.diagnose_api_key(text, jsonb, jsonb) from public;

-- What the token says against what the tables say.
create or replace function private.diagnose_token(p_member public.users, p_claims jsonb)
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_admin constant boolean := private.is_admin(p_member.id);
  v_token_role constant text := p_claims ->> 'role';
  v_claimed jsonb := p_claims -> 'permissions';
begin
  if (case jsonb_typeof(p_claims -> 'exp') when 'number' then (p_claims -> 'exp')::numeric <= extract(epoch from now()) end) then
    return query values ('access.token_expired', jsonb_build_object('expired_at', to_timestamp((p_claims ->> 'exp')::double precision)));
  end if;
  if v_token_role = 'platform_admin' and not v_is_admin then
    return query values ('access.operator_revoked', '{}'::jsonb);
  elsif v_token_role is distinct from 'platform_admin' and v_is_admin then
    return query values ('access.operator_without_role', jsonb_build_object('token_role', v_token_role));
  end if;
  if not p_claims ? 'company_role' then
    return query values ('access.token_without_claims', '{}'::jsonb);
  elsif p_claims ->> 'company_id' = p_member.company_id::text then
    if p_claims ->> 'company_role' is distinct from p_member.role
       or v_claimed is distinct from to_jsonb(private.permissions_of(p_member.company_id, p_member.id))
    then
      return query values ('access.claims_stale', jsonb_build_object(
        'claimed_role', p_claims ->> 'company_role', 'role', p_member.role, 'claimed_permissions', v_claimed));
    end if;
  end if;
end
$fn$;
revoke execute on function private.diagnose_token(public.users, jsonb) from public;

-- Null where Supabase Auth's table cannot be read.
create or replace function private.has_second_factor(p_user_id uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (select from auth.mfa_factors as f where f.user_id = p_user_id and f.status = 'verified');
exception when undefined_table or insufficient_privilege then
  return null;
end
$fn$;
revoke execute on function private.has_second_factor(uuid) from public;

-- What of the company's security policy the request does not meet: all of it, where the gate stops at the first. Without
-- a request (p_claims null) only what no request of this person could meet.
create or replace function private.diagnose_policy(
  p_member public.users, p_permission text, p_claims jsonb, p_may_see_allowlist boolean
) returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_policy public.security_policies;
  v_problem text;
begin
  select * into v_policy from public.security_policies as p
   where p.company_id = p_member.company_id and p.is_active;
  if p_claims is null then
    if v_policy.required_aal = 'aal2' and not private.has_second_factor(p_member.id) then
      return query values ('access.second_factor_missing', '{}'::jsonb);
    end if;
    return;
  end if;
  loop
    v_problem := private.policy_problem(v_policy, p_permission, p_claims);
    exit when v_problem is null;
    if v_problem = 'ip_not_allowed' then
      if p_may_see_allowlist then
        return query select * from private.diagnose_address(p_member.company_id, private.client_address());
      else
        return query values ('network.not_allowed', jsonb_build_object('address', host(private.client_address())));
      end if;
      v_policy.is_ip_allowlist_enabled := false;
    elsif v_problem = 'session_too_old' then
      return query values ('access.session_too_old', jsonb_build_object('seconds', v_policy.session_max_age_seconds, 'amr', p_claims -> 'amr'));
      v_policy.session_max_age_seconds := null;
    elsif v_problem = 'session_idle' then
      return query values ('access.session_idle', jsonb_build_object('seconds', v_policy.session_idle_seconds, 'iat', p_claims -> 'iat'));
      v_policy.session_idle_seconds := null;
    else
      return query values ('access.second_factor_required', jsonb_build_object(
        'aal', coalesce(p_claims ->> 'aal', 'without aal'), 'required_aal', v_policy.required_aal,
        'aal2_permissions', array_to_string(v_policy.aal2_permissions, ', ')));
      exit;
    end if;
  end loop;
end
$fn$;
revoke execute on function private.diagnose_policy(public.users, text, jsonb, boolean) from public;

-- A member of a company: status, token, policy, permission.
create or replace function private.diagnose_member(
  p_member public.users, p_permission text, p_claims jsonb, p_may_see_allowlist boolean
) returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company public.companies;
  v_held constant text[] := private.permissions_of(p_member.company_id, p_member.id);
  v_revoked text[];
  v_is_kept_out boolean := false;
  v_found record;
begin
  select * into v_company from public.companies as c where c.id = p_member.company_id;
  -- Whoever is disabled hears no more of the company.
  if p_member.status <> 'active' then
    return query values ('access.member_disabled', jsonb_build_object('since', p_member.disabled_at));
    return;
  end if;
  if v_company.status not in ('active', 'moving') then
    return query values (
      case v_company.status when 'suspended' then 'access.company_suspended' else 'access.company_not_active' end,
      jsonb_build_object(
        'status', v_company.status, 'since', v_company.suspended_at, 'reason', coalesce(v_company.status_reason, 'not stated')));
    return;
  end if;
  if p_claims is not null then
    for v_found in select * from private.diagnose_token(p_member, p_claims) loop
      v_is_kept_out := v_is_kept_out or v_found.check_id in ('access.operator_revoked', 'access.token_expired');
      return query values (v_found.check_id, v_found.evidence);
    end loop;
    -- Operators pass by another door, which asks neither policy nor permission.
    if p_claims ->> 'role' = 'platform_admin' then
      if not v_is_kept_out then
        return query values ('access.ok', jsonb_build_object('role', 'platform operator', 'permissions', 'all, in every company'));
      end if;
      return;
    end if;
  end if;
  for v_found in select * from private.diagnose_policy(p_member, p_permission, p_claims, p_may_see_allowlist) loop
    v_is_kept_out := true;
    return query values (v_found.check_id, v_found.evidence);
  end loop;
  if p_permission = any (p_member.revoked_permissions) then
    return query values ('access.permission_revoked', jsonb_build_object('permission', p_permission));
    v_is_kept_out := true;
  elsif p_permission <> all (v_held) then
    return query values ('access.permission_missing', jsonb_build_object('permission', p_permission));
    v_is_kept_out := true;
  elsif p_permission is null then
    v_revoked := array(
      select rp.permission from private.role_permissions as rp
       where rp.role = p_member.role and rp.permission = any (p_member.revoked_permissions)
       order by rp.permission);
    if v_revoked <> '{}' then
      return query values ('access.permissions_revoked', jsonb_build_object('revoked', array_to_string(v_revoked, ', ')));
    end if;
  end if;
  if not v_is_kept_out then
    return query values ('access.ok', jsonb_build_object('permissions', array_to_string(v_held, ', ')));
  end if;
end
$fn$;
revoke execute on function private.diagnose_member(public.users, text, jsonb, boolean) from public;

-- Why a person sees what they see. p_company_id: the company that is asked about, null for the one that the request
-- chooses; p_claims and p_headers: the request, null for none in particular.
create or replace function private.diagnose_access(
  p_company_id uuid, p_user_id uuid, p_permission text, p_claims jsonb, p_headers jsonb, p_may_see_allowlist boolean
) returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_email text;
  v_until timestamptz;
  v_is_confirmed boolean;
  v_chosen record;
  v_company uuid := p_company_id;
  v_source text := 'named in the question';
  v_member public.users;
  v_common jsonb;
begin
  if p_claims ->> 'is_anonymous' = 'true' then
    return query values ('access.anonymous_sign_in', jsonb_build_object('user_id', p_user_id));
    return;
  end if;
  if p_claims ? 'api_key_id' then
    return query select * from private.diagnose_api_key(p_permission, p_claims, p_headers);
    return;
  end if;
  select u.email, u.banned_until, coalesce(u.email_confirmed_at, u.phone_confirmed_at) is not null
    into v_email, v_until, v_is_confirmed
    from auth.users as u where u.id = p_user_id;
  v_common := jsonb_build_object('user_id', p_user_id, 'email', coalesce(v_email, p_user_id::text));
  if v_until > now() then
    return query values ('access.account_banned', v_common || jsonb_build_object('until', v_until));
  end if;
  if not v_is_confirmed then
    return query values ('access.account_unconfirmed', v_common);
  end if;

  select * into v_chosen from private.chosen_company(p_user_id, p_claims, p_headers);
  if v_chosen.wanted is not null and v_chosen.company_id is null then
    return query values ('access.company_choice_invalid', v_common || jsonb_build_object(
      'source', v_chosen.source, 'wanted', left(v_chosen.wanted, 100)));
    return;
  end if;
  if p_company_id is null then
    v_company := v_chosen.company_id;
    v_source := v_chosen.source;
  elsif p_claims is not null and v_chosen.company_id is distinct from p_company_id then
    return query values ('access.other_company_active', v_common || jsonb_build_object(
      'company_id', p_company_id, 'active_company_id', v_chosen.company_id, 'source', v_chosen.source));
  end if;

  if v_company is null then
    -- No choice and no active membership: every membership there is, with what is wrong with it.
    for v_member in select u.* from public.users as u where u.id = p_user_id order by u.company_id loop
      return query
        select m.check_id, v_common || jsonb_build_object('company_id', v_member.company_id, 'company', c.name, 'role', v_member.role) || m.evidence
          from private.diagnose_member(v_member, p_permission, p_claims, p_may_see_allowlist) as m
          join public.companies as c on c.id = v_member.company_id;
    end loop;
    if v_member.id is null then
      return query values ('access.no_company', v_common);
    end if;
    return;
  end if;
  select * into v_member from public.users as u where u.company_id = v_company and u.id = p_user_id;
  if v_member.id is null then
    return query values ('access.no_membership', v_common || jsonb_build_object(
      'company_id', v_company, 'company', v_company, 'source', v_source));
    return;
  end if;
  return query
    select m.check_id, v_common || jsonb_build_object('company_id', v_company, 'company', c.name, 'role', v_member.role) || m.evidence
      from private.diagnose_member(v_member, p_permission, p_claims, p_may_see_allowlist) as m
      join public.companies as c on c.id = v_company;
end
$fn$;
revoke execute on function private.diagnose_access(uuid, uuid, text, jsonb, jsonb, boolean) from public;

comment on function private.chosen_company(uuid, jsonb, jsonb) is
  'The company that a request chooses, what it says literally, and where: header x-company-id, claim company_id, or the default membership.';
comment on function private.diagnose_address(uuid, inet) is 'Which entry of a company''s IP allowlist keeps an address out, as a finding of diagnose().';
comment on function private.diagnose_api_key(text, jsonb, jsonb) is 'Findings of diagnose() about a request with the token of an API key.';
comment on function private.diagnose_token(public.users, jsonb) is 'Findings of diagnose() about a token whose claims are not what the tables say.';
comment on function private.has_second_factor(uuid) is 'True if a person has a verified second factor; null if that cannot be read.';
comment on function private.diagnose_policy(public.users, text, jsonb, boolean) is 'Findings of diagnose() about what of its company''s security policy a member''s request does not meet.';
comment on function private.diagnose_member(public.users, text, jsonb, boolean) is 'Findings of diagnose() about a member of a company; access.ok if nothing keeps them out.';
comment on function private.diagnose_access(uuid, uuid, text, jsonb, jsonb, boolean) is 'Findings of diagnose() about why a person sees what they see.';

-- migrate:down
