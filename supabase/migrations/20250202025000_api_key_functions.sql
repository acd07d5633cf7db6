-- migrate:up
-- API keys: issued, verified, rotated, revoked and found again. A key is shown once; what is kept is its SHA-256, which
-- needs no salt and no slow hash because the key is 256 random bits (NIST SP 800-63B, section 5.1.2.2, asks for one below
-- 112 bits). A program exchanges its key for a short-lived token (edge function api-gateway); the gate looks at the key
-- itself on every statement, so that a revoked one is out at once.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.issued_api_key') is null then
    create type public.issued_api_key as (
      api_key text,
      api_key_id uuid,
      prefix text,
      expires_at timestamptz
    );
  end if;
  if to_regtype('public.api_key_verification') is null then
    create type public.api_key_verification as (
      allowed boolean,
      reason text,
      company_id uuid,
      api_key_id uuid,
      name text,
      permissions text[],
      expires_at timestamptz,
      retry_after_seconds integer
    );
  end if;
end
$do$;

-- Every key with what keeps it out, the strongest reason first; null if nothing does but perhaps the address that it comes
-- from. A second factor and the age of a session are asked of people: whoever issues a key has shown them for every
-- permission that it gets. A view, so that the gate and verify_api_key() judge alike in the query that finds the key.
create or replace view private.api_key_states with (security_invoker = on) as
select k.company_id, k.id, k.name, k.permissions, k.allowed_networks, k.rate_limit_per_minute, k.expires_at, k.last_used_at,
       coalesce(p.is_ip_allowlist_enabled, false) as is_ip_allowlist_enabled,
       case
         when k.revoked_at is not null then 'revoked'
         when k.expires_at <= now() or k.created_at + make_interval(days => p.api_key_max_age_days) <= now() then 'expired'
         when c.status not in ('active', 'moving') then 'company_not_active'
       end as problem,
       c.status = 'moving' as is_moving
  from public.api_keys as k
  join public.companies as c on c.id = k.company_id
  left join public.security_policies as p on p.company_id = k.company_id and p.is_active;

create or replace function private.is_key_address_allowed(
  p_company_id uuid, p_allowed_networks cidr[], p_is_ip_allowlist_enabled boolean, p_address inet
) returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce(
    (not p_is_ip_allowlist_enabled or private.is_address_allowed(p_company_id, p_address))
    and (p_allowed_networks = '{}' or p_address <<= any (p_allowed_networks::inet[])), false);
end
$fn$;
revoke execute on function private.is_key_address_allowed(uuid, cidr[], boolean, inet) from public;

-- The state of the key that the request's token was issued for. Header x-company-id may say the same company, no other.
create or replace function private.token_api_key() returns private.api_key_states
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_company constant uuid := private.parse_uuid(v_claims ->> 'company_id');
  v_header constant text := private.parse_json_object(current_setting('request.headers', true)) ->> 'x-company-id';
  v_key private.api_key_states;
begin
  if v_header is not null and private.parse_uuid(v_header) is distinct from v_company
     or v_claims ->> 'sub' is distinct from v_claims ->> 'api_key_id'
  then
    return null;
  end if;
  select * into v_key from private.api_key_states as k
   where k.company_id = v_company and k.id = private.parse_uuid(v_claims ->> 'api_key_id');
  if v_key.id is not null and v_key.problem is null
     and not private.is_key_address_allowed(
       v_key.company_id, v_key.allowed_networks, v_key.is_ip_allowlist_enabled, private.client_address())
  then
    v_key.problem := 'ip_not_allowed';
  end if;
  return v_key;
end
$fn$;
revoke execute on function private.token_api_key() from public;

-- The gate for programs: the key is asked, on every statement, not the token.
create or replace function private.company_for_api_key(p_permission text) returns uuid
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key constant private.api_key_states := private.token_api_key();
begin
  if v_key.problem is not null or p_permission is not null and p_permission <> all (v_key.permissions) then
    return null;
  end if;
  return v_key.company_id;
end
$fn$;
revoke execute on function private.company_for_api_key(text) from public;

-- Why a token for a key gets nothing, as refuse_access() says it.
create or replace function private.api_key_token_problem() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key constant private.api_key_states := private.token_api_key();
begin
  return case
    when v_key.problem = 'ip_not_allowed' then v_key.problem
    when v_key.problem is not null or v_key.id is null then 'api_key_not_valid'
  end;
end
$fn$;
revoke execute on function private.api_key_token_problem() from public;

-- lytbub_, 12 characters to recognise it by, 64 that are secret: secret scanners find such a key by its form.
create or replace function private.new_api_key(p_prefix text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- 366 random bits in 256.
  return p_prefix || '_' || encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
end
$fn$;
revoke execute on function private.new_api_key(text) from public;

create or replace function private.api_key_hash(p_api_key text) returns bytea
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return sha256(convert_to(coalesce(left(p_api_key, 256), ''), 'UTF8'));
end
$fn$;
revoke execute on function private.api_key_hash(text) from public;

-- Gives a key its secret, and takes away the one it had.
create or replace function private.set_api_key_secret(p_key public.api_keys) returns public.issued_api_key
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_api_key constant text := private.new_api_key(p_key.prefix);
begin
  insert into private.api_key_secrets as s (company_id, api_key_id, key_hash)
  values (p_key.company_id, p_key.id, private.api_key_hash(v_api_key))
  on conflict (company_id, api_key_id) do update set key_hash = excluded.key_hash;
  return (v_api_key, p_key.id, p_key.prefix, p_key.expires_at)::public.issued_api_key;
end
$fn$;
revoke execute on function private.set_api_key_secret(public.api_keys) from public;

-- Nobody gives to a key what they do not hold, and no key makes another.
create or replace function private.require_key_issuer(p_company_id uuid, p_permissions text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_permission text;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  if (private.token_api_key()).id is not null then
    raise exception 'an API key makes no other'
      using errcode = '42501',
            detail = 'not_a_person',
            hint = 'Sign in as a member who holds api_keys.write, or use the service key on a server.';
  end if;
  foreach v_permission in array p_permissions loop
    if not exists (select from private.permissions as p where p.permission = v_permission) then
      raise exception 'there is no permission %', coalesce(v_permission, 'null')
        using errcode = '23514',
              detail = 'unknown_permission',
              hint = 'State permissions as resource.verb, such as jobs.read.';
    end if;
    if not private.is_backend() and private.company_for(v_permission) is distinct from p_company_id then
      raise exception 'you cannot give permission % to a key', v_permission
        using errcode = '42501',
              detail = 'permission_not_held',
              hint = 'A key gets permissions that its issuer holds.';
    end if;
  end loop;
end
$fn$;
revoke execute on function private.require_key_issuer(uuid, text[]) from public;

-- When a key ends: when it is asked to, and no later than the company's policy allows.
create or replace function private.api_key_expiry(p_company_id uuid, p_expires_at timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_latest constant timestamptz := (
    select now() + make_interval(days => p.api_key_max_age_days) from public.security_policies as p
     where p.company_id = p_company_id and p.is_active);
begin
  if p_expires_at <= now() or p_expires_at = 'infinity' then
    raise exception 'a key cannot expire at %', p_expires_at
      using errcode = '22023',
            detail = 'invalid_expiry',
            hint = 'State a time to come, or null for the latest that the company''s policy allows.';
  end if;
  if p_expires_at > v_latest then
    raise exception 'the company''s keys last until % at most', v_latest
      using errcode = '23514',
            detail = 'expiry_too_late',
            hint = 'State an earlier time, or change api_key_max_age_days in the security policy.';
  end if;
  return coalesce(p_expires_at, v_latest);
end
$fn$;
revoke execute on function private.api_key_expiry(uuid, timestamptz) from public;

-- Whoever lost the answer asks again within ten minutes and gets a new secret for the same key, unless it is in use.
create or replace function private.is_reissued(p_key public.api_keys) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  return p_key.revoked_at is null and p_key.last_used_at is null
    and p_key.created_at > now() - interval '10 minutes' and p_key.created_by is not distinct from private.actor_id();
end
$fn$;
revoke execute on function private.is_reissued(public.api_keys) from public;

create or replace function private.issue_api_key(
  p_company_id uuid, p_name text, p_permissions text[], p_expires_at timestamptz, p_allowed_networks inet[],
  p_rate_limit_per_minute integer, p_api_key_id uuid
) returns public.issued_api_key
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_permissions constant text[] := array(select distinct p from unnest(p_permissions) as p order by p);
  v_network inet;
  v_expires_at timestamptz;
  v_key public.api_keys;
begin
  perform private.require_key_issuer(p_company_id, v_permissions);
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  foreach v_network in array coalesce(p_allowed_networks, '{}') loop
    if v_network is null or v_network <> network(v_network) then
      raise exception '% has host bits set; did you mean %?', coalesce(v_network::text, 'null'), coalesce(network(v_network)::text, 'no network')
        using errcode = '22023',
              detail = 'host_bits_set',
              hint = 'State networks, such as 10.0.0.0/8, or single addresses, such as 203.0.113.7.';
    end if;
  end loop;
  v_expires_at := private.api_key_expiry(p_company_id, p_expires_at);
  insert into public.api_keys as k (
    company_id, id, name, prefix, permissions, allowed_networks, rate_limit_per_minute, expires_at)
  values (
    p_company_id, coalesce(p_api_key_id, gen_random_uuid()), p_name,
    'lytbub_' || left(replace(gen_random_uuid()::text, '-', ''), 12), v_permissions, coalesce(p_allowed_networks, '{}')::cidr[],
    p_rate_limit_per_minute, v_expires_at)
  on conflict (company_id, id) do nothing
  returning k.* into v_key;
  if not found then
    select * into v_key from public.api_keys as k where k.company_id = p_company_id and k.id = p_api_key_id for update;
    if not private.is_reissued(v_key)
       or (v_key.name, v_key.permissions, v_key.allowed_networks::inet[], v_key.rate_limit_per_minute)
          is distinct from (p_name, v_permissions, coalesce(p_allowed_networks, '{}'), p_rate_limit_per_minute)
       or p_expires_at is distinct from v_key.expires_at and p_expires_at is not null
    then
      raise exception 'there is another key with this id'
        using errcode = '23505',
              detail = 'api_key_id_taken',
              hint = 'Make a new api_key_id for each key. Repeating it gives a new secret within ten minutes, until the key is used.';
    end if;
    perform private.write_audit(p_company_id, 'api_keys.reissued', 'api_keys', v_key.id, '{}');
  end if;
  return private.set_api_key_secret(v_key);
end
$fn$;
revoke execute on function private.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid) from public;
grant execute on function private.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid) to authenticated, service_role;

-- A key of the company, locked.
create or replace function private.lock_api_key(p_company_id uuid, p_api_key_id uuid) returns public.api_keys
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key public.api_keys;
begin
  select * into v_key from public.api_keys as k where k.company_id = p_company_id and k.id = p_api_key_id for update;
  if not found then
    raise exception 'the company has no API key %', coalesce(p_api_key_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_api_key',
            hint = 'Check api_key_id and company_id.';
  end if;
  return v_key;
end
$fn$;
revoke execute on function private.lock_api_key(uuid, uuid) from public;

create or replace function private.rotate_api_key(
  p_company_id uuid, p_api_key_id uuid, p_overlap interval, p_expires_at timestamptz
) returns public.issued_api_key
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_old public.api_keys;
  v_key public.api_keys;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  v_old := private.lock_api_key(p_company_id, p_api_key_id);
  perform private.require_key_issuer(p_company_id, v_old.permissions);
  if p_overlap is null or p_overlap < interval '0' or p_overlap > interval '30 days' then
    raise exception 'the old key goes on for 0 to 30 days'
      using errcode = '22023',
            detail = 'invalid_overlap',
            hint = 'State overlap as an interval, such as 24 hours; 0 ends the old key at once.';
  end if;
  select * into v_key from public.api_keys as k
   where k.company_id = p_company_id and k.replaces_id = p_api_key_id
     for update;
  if found then
    if not private.is_reissued(v_key) then
      raise exception 'the key was rotated before'
        using errcode = '23514',
              detail = 'already_rotated',
              hint = format('Rotate its successor %s, or issue a new key.', v_key.id);
    end if;
    perform private.write_audit(p_company_id, 'api_keys.reissued', 'api_keys', v_key.id, '{}');
    return private.set_api_key_secret(v_key);
  end if;
  if v_old.revoked_at is not null or v_old.expires_at <= now() then
    raise exception 'the key is not valid any more'
      using errcode = '23514',
            detail = 'api_key_ended',
            hint = 'Issue a new key.';
  end if;
  insert into public.api_keys as k (
    company_id, name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at)
  values (
    p_company_id, v_old.name, 'lytbub_' || left(replace(gen_random_uuid()::text, '-', ''), 12), v_old.permissions,
    v_old.allowed_networks, v_old.rate_limit_per_minute, v_old.id, private.api_key_expiry(p_company_id, p_expires_at))
  returning k.* into v_key;
  update public.api_keys as k
     set expires_at = least(k.expires_at, now() + p_overlap)
   where k.company_id = p_company_id and k.id = p_api_key_id;
  return private.set_api_key_secret(v_key);
end
$fn$;
revoke execute on function private.rotate_api_key(uuid, uuid, interval, timestamptz) from public;
grant execute on function private.rotate_api_key(uuid, uuid, interval, timestamptz) to authenticated, service_role;

create or replace function private.revoke_api_key(p_company_id uuid, p_api_key_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key public.api_keys;
begin
  perform private.require_reader(p_company_id, 'api_keys.write');
  v_key := private.lock_api_key(p_company_id, p_api_key_id);
  if v_key.revoked_at is null then
    update public.api_keys as k
       set revoked_at = now()
     where k.company_id = p_company_id and k.id = p_api_key_id
    returning k.* into v_key;
  end if;
  return v_key.revoked_at;
end
$fn$;
revoke execute on function private.revoke_api_key(uuid, uuid) from public;
grant execute on function private.revoke_api_key(uuid, uuid) to authenticated, platform_admin, service_role;

-- A known key costs about what an unknown one costs, but for what is written down about it once a minute. What is compared
-- is a hash, whose bytes nobody can choose, so that the time of the look-up tells nothing.
create or replace function private.verify_api_key(
  p_api_key text, p_permission text, p_ip inet, p_forwarded_for text, p_cost integer
) returns public.api_key_verification
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_generic_plan
as $fn$
declare
  v_found record;
  v_rate public.rate_limit_decision;
begin
  if p_cost is null or p_cost not between 0 and 1000 then
    raise exception 'a request costs 0 to 1000'
      using errcode = '22023',
            detail = 'invalid_cost',
            hint = 'State cost as what the request counts against the key''s limit, 1 unless told; 0 only looks.';
  end if;
  select case
           when k.id is null then 'unknown'
           when k.problem is not null then k.problem
           when p_permission is not null and p_permission <> all (k.permissions) then 'permission_missing'
           else 'valid'
         end as reason,
         k.is_ip_allowlist_enabled or k.allowed_networks <> '{}' or k.rate_limit_per_minute is not null
         or k.last_used_at is null or k.last_used_at < now() - interval '1 minute' as is_more_asked,
         k.*
    into v_found
    from (select 1) as one
    left join private.api_key_secrets as s on s.key_hash = sha256(convert_to(coalesce(left(p_api_key, 256), ''), 'UTF8'))
    -- Nobody's key is looked for like anybody's.
    left join private.api_key_states as k
      on k.company_id = coalesce(s.company_id, '00000000-0000-0000-0000-000000000000')
     and k.id = coalesce(s.api_key_id, '00000000-0000-0000-0000-000000000000');
  if v_found.reason = 'valid' and v_found.is_more_asked then
    if not private.is_key_address_allowed(
      v_found.company_id, v_found.allowed_networks, v_found.is_ip_allowlist_enabled,
      coalesce(p_ip, private.forwarded_address(p_forwarded_for)))
    then
      v_found.reason := 'ip_not_allowed';
    else
      v_rate := private.take_key_rate(v_found.company_id, v_found.id, v_found.rate_limit_per_minute, p_cost);
      if not v_rate.allowed then
        v_found.reason := 'rate_limited';
      elsif coalesce(v_found.last_used_at, '-infinity') < now() - interval '1 minute' and not v_found.is_moving then
        -- Whoever else verifies it at this moment writes the same.
        update public.api_keys as k
           set last_used_at = now()
          from (
            select x.company_id, x.id from public.api_keys as x
             where x.company_id = v_found.company_id and x.id = v_found.id
               for no key update skip locked
          ) as x
         where k.company_id = x.company_id and k.id = x.id;
      end if;
    end if;
  end if;
  return (
    v_found.reason = 'valid', v_found.reason, v_found.company_id, v_found.id, v_found.name, v_found.permissions,
    v_found.expires_at, coalesce(v_rate.retry_after_seconds, 0))::public.api_key_verification;
end
$fn$;
revoke execute on function private.verify_api_key(text, text, inet, text, integer) from public;
grant execute on function private.verify_api_key(text, text, inet, text, integer) to service_role;

create or replace function private.find_leaked_api_keys(p_content text, p_is_revoking boolean)
returns table (company_id uuid, api_key_id uuid, name text, prefix text, was_valid boolean, revoked_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key public.api_keys;
  v_was_valid boolean;
begin
  perform private.require_operator();
  for v_key in
    select k.* from (
      select distinct m.parts[1] as api_key from regexp_matches(p_content, 'lytbub_[0-9a-f]{12}_[0-9a-f]{64}', 'g') as m (parts)
    ) as c
      join private.api_key_secrets as s on s.key_hash = private.api_key_hash(c.api_key)
      join public.api_keys as k on k.company_id = s.company_id and k.id = s.api_key_id
     order by k.company_id, k.id
  loop
    -- Where it comes from is not asked: a leaked key is one wherever it lies.
    v_was_valid := v_key.revoked_at is null and coalesce(v_key.expires_at > now(), true);
    if p_is_revoking and v_key.revoked_at is null then
      v_key.revoked_at := private.revoke_api_key(v_key.company_id, v_key.id);
      perform private.emit_event(v_key.company_id, 'api_key.leaked', jsonb_build_object(
        'api_key_id', v_key.id, 'name', v_key.name, 'prefix', v_key.prefix, 'was_valid', v_was_valid));
    end if;
    company_id := v_key.company_id;
    api_key_id := v_key.id;
    name := v_key.name;
    prefix := v_key.prefix;
    was_valid := v_was_valid;
    revoked_at := v_key.revoked_at;
    return next;
  end loop;
end
$fn$;
revoke execute on function private.find_leaked_api_keys(text, boolean) from public;
grant execute on function private.find_leaked_api_keys(text, boolean) to platform_admin, service_role;

create or replace function public.issue_api_key(
  company_id uuid, name text, permissions text[], expires_at timestamptz default null, allowed_networks inet[] default '{}',
  rate_limit_per_minute integer default null, api_key_id uuid default null
) returns public.issued_api_key
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.issue_api_key(company_id, name, permissions, expires_at, allowed_networks, rate_limit_per_minute, api_key_id);
end
$fn$;
revoke execute on function public.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid) to authenticated, service_role;

create or replace function public.rotate_api_key(
  company_id uuid, api_key_id uuid, overlap interval default '24 hours', expires_at timestamptz default null
) returns public.issued_api_key
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.rotate_api_key(company_id, api_key_id, overlap, expires_at);
end
$fn$;
revoke execute on function public.rotate_api_key(uuid, uuid, interval, timestamptz)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.rotate_api_key(uuid, uuid, interval, timestamptz) to authenticated, service_role;

create or replace function public.revoke_api_key(company_id uuid, api_key_id uuid) returns timestamptz
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.revoke_api_key(company_id, api_key_id);
end
$fn$;
revoke execute on function public.revoke_api_key(uuid, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.revoke_api_key(uuid, uuid) to authenticated, platform_admin, service_role;

create or replace function public.verify_api_key(
  api_key text, permission text default null, ip inet default null, forwarded_for text default null, cost integer default 1
) returns public.api_key_verification
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.verify_api_key(api_key, permission, ip, forwarded_for, cost);
end
$fn$;
revoke execute on function public.verify_api_key(text, text, inet, text, integer)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.verify_api_key(text, text, inet, text, integer) to service_role;

create or replace function public.find_leaked_api_keys(content text, is_revoking boolean default false)
returns table (company_id uuid, api_key_id uuid, name text, prefix text, was_valid boolean, revoked_at timestamptz)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.find_leaked_api_keys(content, is_revoking);
end
$fn$;
revoke execute on function public.find_leaked_api_keys(text, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.find_leaked_api_keys(text, boolean) to platform_admin, service_role;

revoke all on table private.api_key_states from public, anon, authenticated, platform_admin, service_role;

-- As in the gate: an exception block runs in a parallel plan from PostgreSQL 17 on.
do $do$
begin
  if current_setting('server_version_num')::integer < 170000 then
    alter function private.token_api_key() parallel unsafe;
    alter function private.company_for_api_key(text) parallel unsafe;
  end if;
end
$do$;

comment on type public.issued_api_key is 'A key that was just issued. api_key is the key itself, which is shown this once.';
comment on type public.api_key_verification is
  'Whether a key is good, and whose it is. reason: valid, unknown, revoked, expired, company_not_active, ip_not_allowed, permission_missing or rate_limited, then with seconds to wait.';
comment on view private.api_key_states is 'Every API key with what keeps it out (problem: revoked, expired, company_not_active; null if nothing does but perhaps its address).';
comment on function private.is_key_address_allowed(uuid, cidr[], boolean, inet) is 'True if a key may come from that address by its networks and its company''s allowlist.';
comment on function private.token_api_key() is
  'State of the key that the request''s token was issued for (claims company_id, api_key_id, and the same as sub), with problem ip_not_allowed too; nulls without a key. Never raises.';
comment on function private.company_for_api_key(text) is 'The gate for a token that was issued for an API key: its company if the key is valid now and holds the permission, else null. Never raises.';
comment on function private.api_key_token_problem() is 'Why a token for a key gets nothing: api_key_not_valid or ip_not_allowed; null if the key is valid.';
comment on function private.new_api_key(text) is 'A new random key with that prefix.';
comment on function private.api_key_hash(text) is 'SHA-256 of a key.';
comment on function private.set_api_key_secret(public.api_keys) is 'Gives a key a new secret; the one before is void.';
comment on function private.require_key_issuer(uuid, text[]) is
  'Passes for whoever may issue a key with these permissions. Errors: 42501 not_your_company, not_a_person, permission_not_held; 23514 unknown_permission.';
comment on function private.api_key_expiry(uuid, timestamptz) is 'When a new key ends. Errors: 22023 invalid_expiry; 23514 expiry_too_late.';
comment on function private.is_reissued(public.api_keys) is 'True for a key that the caller made within ten minutes and that was never used.';
comment on function private.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid) is 'Implementation of public.issue_api_key().';
comment on function private.lock_api_key(uuid, uuid) is 'A key of a company, locked. Errors: PT404 unknown_api_key.';
comment on function private.rotate_api_key(uuid, uuid, interval, timestamptz) is 'Implementation of public.rotate_api_key().';
comment on function private.revoke_api_key(uuid, uuid) is 'Implementation of public.revoke_api_key().';
comment on function private.verify_api_key(text, text, inet, text, integer) is 'Implementation of public.verify_api_key().';
comment on function private.find_leaked_api_keys(text, boolean) is 'Implementation of public.find_leaked_api_keys().';
comment on function public.issue_api_key(uuid, text, text[], timestamptz, inet[], integer, uuid) is
  'Issues an API key of a company: api_key is the key, shown this once; only its hash is kept. permissions are resource.verb, each held by the issuer; expires_at no later than the security policy''s api_key_max_age_days, which also applies without one; allowed_networks are where it may come from, empty for anywhere; rate_limit_per_minute (1 to 1000000) is beside the company''s own. Repeated with its api_key_id within ten minutes, by the same caller and before the key was used, it gives a new secret for the same key. For members holding api_keys.write, in their active company, and service_role; not for keys. Errors: 42501 not_your_company, not_a_person, permission_not_held; PT404 unknown_company; 22023 host_bits_set, invalid_expiry; 23514 unknown_permission, expiry_too_late; 23505 api_key_id_taken.';
comment on function public.rotate_api_key(uuid, uuid, interval, timestamptz) is
  'Issues a successor of a key, with the same name, permissions, networks and limit; the old one goes on for overlap (0 to 30 days, 24 hours unless told). Repeated within ten minutes, by the same caller and before the successor was used, it gives the successor a new secret. For members holding api_keys.write and all permissions of the key, in their active company, and service_role; not for keys. Errors: 42501 not_your_company, not_a_person, permission_not_held; PT404 unknown_api_key; 22023 invalid_overlap, invalid_expiry; 23514 expiry_too_late, already_rotated, api_key_ended.';
comment on function public.revoke_api_key(uuid, uuid) is
  'Revokes a key, from the next statement on, also for tokens that were issued for it. When it was revoked; safe to repeat. For members holding api_keys.write, in their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_api_key.';
comment on function public.verify_api_key(text, text, inet, text, integer) is
  'Whether a key is good for a permission (null: for any), from an address: ip, or header X-Forwarded-For as forwarded_for, read by system_config security.trusted_proxy_count. Counts cost (0 to 1000) against the key''s own limit; last_used_at is written at most once a minute. An unknown key costs as much as a known one. service_role only. Errors: 22023 invalid_cost.';
comment on function public.find_leaked_api_keys(text, boolean) is
  'Finds the keys that occur in a text, such as a file or a report of a secret scanner, and whose they are; is_revoking revokes them, with event api_key.leaked. Operators and service_role only. Errors: 42501 not_an_operator.';

-- migrate:down
