-- migrate:up
-- How often a company and each of its API keys may call: the generic cell rate algorithm (GCRA), which allows a burst and
-- then a steady rate and needs one timestamp a bucket. A rejection locks nothing and writes nothing.
--
-- PostgREST runs GET, HEAD and calls of stable functions in a read-only transaction, which cannot count, and undoes the
-- transaction of a request that fails, with its count. check_request() counts every write that succeeds and refuses
-- everything while the bucket is empty; whoever must count reads or failures calls check_rate_limit() with POST before.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Unlogged: empty after a crash, which costs a company nothing but a fresh burst, and no write waits for the disk.
create unlogged table if not exists private.rate_limit_buckets (
  company_id uuid not null references public.companies (id) on delete cascade,
  bucket text not null,
  -- The theoretical arrival time: when everything that was admitted will have been paid for at the steady rate.
  tat timestamptz not null,
  -- The rate that was read last, and when: what is asked often need not look at the plan each time.
  limit_per_minute integer not null default 600,
  burst integer not null default 200,
  rated_at timestamptz not null default '-infinity',
  primary key (company_id, bucket)
) with (fillfactor = 50);

do $do$
begin
  if to_regtype('public.rate_limit_decision') is null then
    create type public.rate_limit_decision as (
      allowed boolean,
      bucket text,
      limit_per_minute integer,
      burst integer,
      remaining integer,
      reset_seconds integer,
      retry_after_seconds integer
    );
  end if;
end
$do$;

-- By the plan in force, whose features say so; else by its tier; without a plan, as for starter.
create or replace function private.company_rate(
  p_company_id uuid, out limit_per_minute integer, out burst integer
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select coalesce((p.features ->> 'requests_per_minute')::integer, (t.features ->> 'requests_per_minute')::integer, 600),
         coalesce((p.features ->> 'request_burst')::integer, (t.features ->> 'request_burst')::integer, 200)
    into limit_per_minute, burst
    from (select p_company_id as id) as c
    left join public.company_plans as p on p.company_id = c.id and p.is_active
    join private.plan_tiers as t on t.plan_tier = coalesce(p.plan_tier, 'starter');
end
$fn$;
revoke execute on function private.company_rate(uuid) from public;

-- Takes p_cost from a bucket, or only looks when p_cost is 0. Without a rate it uses the one that was read within the last
-- second, if there is one, and else answers null.
create or replace function private.take_rate(
  p_company_id uuid, p_bucket text, p_limit_per_minute integer, p_burst integer, p_cost integer
) returns public.rate_limit_decision
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := clock_timestamp();
  v_known private.rate_limit_buckets;
  v_limit integer := p_limit_per_minute;
  v_burst integer := p_burst;
  v_each interval;
  v_need interval;
  v_latest timestamptz;
  v_tat timestamptz;
  v_allowed boolean;
begin
  select * into v_known from private.rate_limit_buckets as b
   where b.company_id = p_company_id and b.bucket = p_bucket;
  if v_limit is null then
    if v_known.rated_at is null or v_known.rated_at < v_now - interval '1 second' or p_cost > v_known.burst then
      return null;
    end if;
    v_limit := v_known.limit_per_minute;
    v_burst := v_known.burst;
  end if;
  v_each := interval '1 minute' / v_limit;
  v_need := v_each * greatest(p_cost, 1);
  -- The latest time of arrival that is still admitted.
  v_latest := v_now + v_each * v_burst - v_need;
  v_tat := greatest(v_known.tat, v_now);
  -- A debt is never more than the burst; after a change of plan, or of the clock, it is brought down to it.
  if v_tat > v_latest + v_need then
    v_tat := v_latest + v_need;
    if p_cost > 0 then
      update private.rate_limit_buckets as b set tat = v_tat
       where b.company_id = p_company_id and b.bucket = p_bucket and b.tat > v_tat;
    end if;
  end if;
  v_allowed := v_tat <= v_latest;
  if v_allowed and p_cost > 0 then
    if p_limit_per_minute is null then
      update private.rate_limit_buckets as b
         set tat = greatest(b.tat, v_now) + v_need
       where b.company_id = p_company_id and b.bucket = p_bucket and greatest(b.tat, v_now) <= v_latest
      returning b.tat into v_tat;
    else
      insert into private.rate_limit_buckets as b (company_id, bucket, tat, limit_per_minute, burst, rated_at)
      values (p_company_id, p_bucket, v_now + v_need, v_limit, v_burst, v_now)
      on conflict (company_id, bucket) do update
        set tat = greatest(b.tat, v_now) + v_need, limit_per_minute = v_limit, burst = v_burst, rated_at = v_now
        where greatest(b.tat, v_now) <= v_latest
      returning b.tat into v_tat;
    end if;
    v_allowed := found;
    if not found then
      select greatest(b.tat, v_now) into v_tat from private.rate_limit_buckets as b
       where b.company_id = p_company_id and b.bucket = p_bucket;
    end if;
  end if;
  return (
    v_allowed, p_bucket, v_limit, v_burst,
    greatest(floor(extract(epoch from v_latest + v_need - v_tat) / extract(epoch from v_each)), 0)::integer,
    ceil(extract(epoch from v_tat - v_now))::integer,
    case when v_allowed then 0 else greatest(ceil(extract(epoch from v_tat - v_latest)), 1)::integer end
  )::public.rate_limit_decision;
end
$fn$;
revoke execute on function private.take_rate(uuid, text, integer, integer, integer) from public;

-- Nulls for a key without a limit of its own. It may do in a burst what it may do in ten seconds.
create or replace function private.take_key_rate(p_company_id uuid, p_api_key_id uuid, p_limit_per_minute integer, p_cost integer)
returns public.rate_limit_decision
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_limit_per_minute is null then
    return null;
  end if;
  return private.take_rate(
    p_company_id, 'api_key:' || p_api_key_id, p_limit_per_minute, greatest(p_limit_per_minute / 6, p_cost, 1), p_cost);
end
$fn$;
revoke execute on function private.take_key_rate(uuid, uuid, integer, integer) from public;

create or replace function private.check_rate_limit(p_company_id uuid, p_cost integer, p_api_key_id uuid)
returns public.rate_limit_decision
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_rate record;
  v_key_limit integer;
  v_key public.rate_limit_decision;
  v_company public.rate_limit_decision;
begin
  perform private.require_company(p_company_id, null);
  if p_api_key_id is null and p_cost > 0 then
    v_company := private.take_rate(p_company_id, 'company', null, null, p_cost);
    if v_company.bucket is not null then
      return v_company;
    end if;
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  select * into v_rate from private.company_rate(p_company_id);
  if p_cost is null or p_cost not between 1 and v_rate.burst then
    raise exception 'a request costs 1 to %', v_rate.burst
      using errcode = '22023',
            detail = 'invalid_cost',
            hint = 'State cost within the burst of the plan.';
  end if;
  if p_api_key_id is not null then
    select k.rate_limit_per_minute into v_key_limit from public.api_keys as k
     where k.company_id = p_company_id and k.id = p_api_key_id;
    if not found then
      raise exception 'the company has no API key %', p_api_key_id
        using errcode = 'PT404',
              detail = 'unknown_api_key',
              hint = 'Check api_key_id, or leave it out.';
    end if;
    v_key := private.take_key_rate(p_company_id, p_api_key_id, v_key_limit, p_cost);
    if not v_key.allowed then
      return v_key;
    end if;
  end if;
  v_company := private.take_rate(p_company_id, 'company', v_rate.limit_per_minute, v_rate.burst, p_cost);
  if v_key.bucket is null then
    return v_company;
  end if;
  if not v_company.allowed then
    update private.rate_limit_buckets as b
       set tat = b.tat - interval '1 minute' / v_key_limit * p_cost
     where b.company_id = p_company_id and b.bucket = v_key.bucket;
    return v_company;
  end if;
  return case when v_key.remaining < v_company.remaining then v_key else v_company end;
end
$fn$;
revoke execute on function private.check_rate_limit(uuid, integer, uuid) from public;
grant execute on function private.check_rate_limit(uuid, integer, uuid) to authenticated, service_role;

-- Says why a company's security policy keeps a request out.
create or replace function private.refuse_access(p_problem text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  case p_problem
    when 'ip_not_allowed' then
      raise exception 'your address is not on the company''s IP allowlist'
        using errcode = '42501',
              detail = 'ip_not_allowed',
              hint = 'Come from a network that is on the list, or ask whoever manages it.';
    when 'second_factor_required' then
      raise exception 'the company asks for a second factor'
        using errcode = '42501',
              detail = 'second_factor_required',
              hint = 'Verify a second factor, so that the session is aal2.';
    when 'api_key_not_valid' then
      raise exception 'the API key of this token is not valid any more'
        using errcode = '42501',
              detail = 'api_key_not_valid',
              hint = 'It was revoked or rotated, has expired, or its company is not active. Get a token for a key that is valid.';
    when 'session_idle' then
      raise exception 'the session was idle for too long'
        using errcode = '42501',
              detail = 'session_idle',
              hint = 'Refresh the session.';
    else
      raise exception 'the session is too old'
        using errcode = '42501',
              detail = 'session_too_old',
              hint = 'Sign in again.';
  end case;
end
$fn$;
revoke execute on function private.refuse_access(text) from public;

-- Raises what PostgREST answers as 429, with headers, unless the request is allowed.
create or replace function private.apply_rate_decision(p_decision public.rate_limit_decision) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := split_part(p_decision.bucket, ':', 1);
  -- draft-ietf-httpapi-ratelimit-headers: the policy (quota per window), and what is left of it for how long.
  v_headers constant jsonb := jsonb_build_object(
    'RateLimit-Policy', format('"%s";q=%s;w=60', v_name, p_decision.limit_per_minute),
    'RateLimit', format('"%s";r=%s;t=%s', v_name, p_decision.remaining, p_decision.reset_seconds));
begin
  if p_decision.allowed then
    perform set_config('response.headers', (
      select jsonb_agg(jsonb_build_object(h.key, h.value)) from jsonb_each_text(v_headers) as h)::text, true);
    return;
  end if;
  -- Headers of a failed request reach PostgREST in the error alone, in this form.
  raise sqlstate 'PGRST'
    using message = jsonb_build_object(
            'code', 'PT429', 'message', 'too many requests', 'details', 'rate_limited',
            'hint', format('Wait %s s, then go on at no more than %s requests a minute.', p_decision.retry_after_seconds, p_decision.limit_per_minute))::text,
          detail = jsonb_build_object(
            'status', 429,
            'headers', v_headers || jsonb_build_object('Retry-After', p_decision.retry_after_seconds::text))::text;
end
$fn$;
revoke execute on function private.apply_rate_decision(public.rate_limit_decision) from public;

-- One request of a member, or of a program with an API key, through PostgREST.
create or replace function private.limit_request() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.company_for(null);
  v_cost constant integer := case when current_setting('transaction_read_only') = 'on' then 0 else 1 end;
  v_rate record;
  v_key record;
  v_key_decision public.rate_limit_decision;
  v_decision public.rate_limit_decision;
  v_problem text;
begin
  if v_company is null then
    -- Whoever is kept out of one company may look for another, and ask why.
    if current_setting('request.path', true) in ('/rpc/my_companies', '/rpc/switch_company', '/rpc/diagnose') then
      return;
    end if;
    v_problem := private.access_problem();
    if v_problem is not null then
      raise log 'lytbub: request refused: %, user %, address %',
        v_problem, private.current_user_id(), private.client_address();
      perform private.refuse_access(v_problem);
    end if;
    return;
  end if;
  -- check_rate_limit() counts for itself.
  if current_setting('request.path', true) = '/rpc/check_rate_limit' then
    return;
  end if;
  if strpos(current_setting('request.jwt.claims', true), '"api_key_id"') > 0 then
    v_key := private.token_api_key();
    v_key_decision := private.take_key_rate(v_company, v_key.id, v_key.rate_limit_per_minute, v_cost);
    if not v_key_decision.allowed then
      perform private.apply_rate_decision(v_key_decision);
    end if;
  end if;
  v_decision := private.take_rate(v_company, 'company', null, null, v_cost);
  if v_decision.bucket is null then
    select * into v_rate from private.company_rate(v_company);
    v_decision := private.take_rate(v_company, 'company', v_rate.limit_per_minute, v_rate.burst, v_cost);
  end if;
  -- The client learns of the limit that it will meet first.
  perform private.apply_rate_decision(
    case when v_decision.allowed and v_key_decision.remaining < v_decision.remaining then v_key_decision else v_decision end);
end
$fn$;
revoke execute on function private.limit_request() from public;
grant execute on function private.limit_request() to authenticated;

create or replace function public.check_rate_limit(company_id uuid, cost integer default 1, api_key_id uuid default null)
returns public.rate_limit_decision
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.check_rate_limit(company_id, cost, api_key_id);
end
$fn$;
revoke execute on function public.check_rate_limit(uuid, integer, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.check_rate_limit(uuid, integer, uuid) to authenticated, service_role;

-- Before every request. The planner's estimate of a count knows rows that row level security hides, so nobody but the
-- backend may ask for one.
create or replace function public.check_request() returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('role', true) in ('anon', 'authenticated')
     and nullif(current_setting('request.headers', true), '')::json ->> 'prefer' ~* 'count=(planned|estimated)'
  then
    raise exception 'only an exact count can be asked for'
      using errcode = 'PT400',
            detail = 'count_not_exact',
            hint = 'Send Prefer: count=exact.';
  end if;
  -- Reads and calls of stable functions are read-only to PostgreSQL, too.
  if current_setting('transaction_read_only') = 'off' and current_setting('role', true) in ('authenticated', 'service_role') then
    perform private.refuse_in_maintenance();
  end if;
  if current_setting('role', true) = 'authenticated' then
    perform private.limit_request();
  elsif current_setting('role', true) = 'platform_admin' then
    -- Operators see every company. What they change is in the audit log; what they read could not be written there.
    raise log 'lytbub: operator request: user %, % %, address %',
      nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub', current_setting('request.method', true),
      current_setting('request.path', true),
      nullif(current_setting('request.headers', true), '')::json ->> 'x-forwarded-for';
  end if;
end
$fn$;
revoke execute on function public.check_request() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.check_request() to anon, authenticated, platform_admin, service_role;

-- An application that has its own function there keeps it, and calls check_request() from it.
do $do$
declare
  v_set text;
begin
  select split_part(s.setting, '=', 2) into v_set
    from pg_catalog.pg_db_role_setting as d
    join pg_catalog.pg_roles as r on r.oid = d.setrole
   cross join lateral unnest(d.setconfig) as s (setting)
   where r.rolname = 'authenticator' and s.setting like 'pgrst.db_pre_request=%';
  if v_set is not null and v_set <> 'public.check_request' then
    raise notice 'pgrst.db_pre_request is %: call public.check_request() from it', v_set;
  elsif not exists (select from pg_catalog.pg_roles as r where r.rolname = 'authenticator') then
    raise notice 'there is no role authenticator: requests are not limited';
  else
    alter role authenticator set pgrst.db_pre_request = 'public.check_request';
    notify pgrst, 'reload config';
  end if;
exception when insufficient_privilege then
  raise notice 'set pgrst.db_pre_request of role authenticator to public.check_request as a superuser: %', sqlerrm;
end
$do$;

comment on table private.rate_limit_buckets is 'One timestamp for each company and each API key that is limited. Unlogged.';
comment on type public.rate_limit_decision is 'Answer of check_rate_limit().';
comment on function private.company_rate(uuid) is 'Requests a minute and burst of a company: requests_per_minute and request_burst in the features of its plan.';
comment on function private.take_rate(uuid, text, integer, integer, integer) is
  'GCRA: takes cost requests from a bucket if it has them; cost 0 only looks. Rejections lock and write nothing.';
comment on function private.take_key_rate(uuid, uuid, integer, integer) is
  'Takes from the bucket of an API key, which holds what the key may do in ten seconds; nulls for a key without a limit of its own.';
comment on function private.apply_rate_decision(public.rate_limit_decision) is
  'Sets the RateLimit headers of the answer, or refuses the request. Errors: PT429 rate_limited.';
comment on function private.check_rate_limit(uuid, integer, uuid) is 'Implementation of public.check_rate_limit().';
comment on function private.refuse_access(text) is
  'Raises what policy_problem() found. Errors: 42501 ip_not_allowed, second_factor_required, session_idle, session_too_old.';
comment on function private.limit_request() is
  'Counts a member''s request through PostgREST and sets RateLimit headers. Errors: PT429 rate_limited with Retry-After, in the form that PostgREST passes on; 42501 ip_not_allowed, session_too_old, session_idle, second_factor_required.';
comment on function public.check_rate_limit(uuid, integer, uuid) is
  'Takes cost requests (1 to the plan''s burst) from what a company may do, and from what an API key may do if api_key_id is given; the answer says whether it may, what remains, in how many seconds the bucket is full again and after how many to retry (RFC 6585 section 4). For what check_request() cannot count: reads, and calls that do not come through PostgREST. Members for their active company; service_role for any. Errors: 42501 not_your_company; 22023 invalid_cost; PT404 unknown_company, unknown_api_key.';
comment on function public.check_request() is
  'Called by PostgREST before every request (pgrst.db_pre_request): limits the rate of members by their company''s plan, with RateLimit headers (draft-ietf-httpapi-ratelimit-headers), and refuses estimated counts. Reads run in a read-only transaction and failed requests are undone: both are refused while nothing remains, but not counted. check_rate_limit() is left alone, since it counts for itself. A change of plan counts within a second. Errors: PT429 rate_limited with Retry-After; PT400 count_not_exact; 42501 ip_not_allowed, session_too_old, session_idle, second_factor_required, when the company''s security policy keeps a member out, who would otherwise find everything empty; PT423 maintenance_mode with Retry-After for everything that may write while maintenance is on, operators excepted.';

-- migrate:down
