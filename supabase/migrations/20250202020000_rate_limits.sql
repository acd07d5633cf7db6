-- migrate:up
-- How often a company and each of its API keys may call: the generic cell rate algorithm (GCRA), which allows a burst and
-- then a steady rate and needs one timestamp a bucket. A rejection locks nothing and writes nothing.
--
-- PostgREST runs GET and HEAD in a read-only transaction, which cannot count. check_request() counts every other request
-- and refuses reads only while the bucket is empty; whoever must count reads calls check_rate_limit() with POST before.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Unlogged: empty after a crash, which costs a company nothing but a fresh burst, and no write waits for the disk.
create unlogged table if not exists private.rate_limit_buckets (
  company_id uuid not null references public.companies (id) on delete cascade,
  bucket text not null,
  -- The theoretical arrival time: when everything that was admitted will have been paid for at the steady rate.
  tat timestamptz not null,
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

-- Takes p_cost from a bucket, or only looks when p_cost is 0.
create or replace function private.take_rate(
  p_company_id uuid, p_bucket text, p_limit_per_minute integer, p_burst integer, p_cost integer
) returns public.rate_limit_decision
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now timestamptz := clock_timestamp();
  v_each constant interval := interval '1 minute' / p_limit_per_minute;
  v_burst constant interval := v_each * p_burst;
  v_need constant interval := v_each * greatest(p_cost, 1);
  v_tat timestamptz;
  v_allowed boolean;
begin
  select b.tat into v_tat from private.rate_limit_buckets as b
   where b.company_id = p_company_id and b.bucket = p_bucket;
  v_allowed := greatest(coalesce(v_tat, v_now), v_now) + v_need <= v_now + v_burst;
  if v_allowed and p_cost > 0 then
    if v_tat is not null then
      update private.rate_limit_buckets as b
         set tat = greatest(b.tat, v_now) + v_need
       where b.company_id = p_company_id and b.bucket = p_bucket
         and greatest(b.tat, v_now) + v_need <= v_now + v_burst
      returning b.tat into v_tat;
    else
      insert into private.rate_limit_buckets as b (company_id, bucket, tat)
      values (p_company_id, p_bucket, v_now + v_need)
      on conflict (company_id, bucket) do update
        set tat = greatest(b.tat, v_now) + v_need
        where greatest(b.tat, v_now) + v_need <= v_now + v_burst
      returning b.tat into v_tat;
    end if;
    v_allowed := found;
    if not found then
      select b.tat into v_tat from private.rate_limit_buckets as b
       where b.company_id = p_company_id and b.bucket = p_bucket;
    end if;
  end if;
  v_tat := greatest(coalesce(v_tat, v_now), v_now);
  return (
    v_allowed, p_bucket, p_limit_per_minute, p_burst,
    greatest(floor(extract(epoch from v_now + v_burst - v_tat) / extract(epoch from v_each)), 0)::integer,
    ceil(extract(epoch from v_tat - v_now))::integer,
    case when v_allowed then 0 else greatest(ceil(extract(epoch from v_tat + v_need - v_burst - v_now)), 1)::integer end
  )::public.rate_limit_decision;
end
$fn$;
revoke execute on function private.take_rate(uuid, text, integer, integer, integer) from public;

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
    if v_key_limit is not null then
      -- A key may do in a burst what it may do in ten seconds.
      v_key := private.take_rate(
        p_company_id, 'api_key:' || p_api_key_id, v_key_limit, greatest(v_key_limit / 6, p_cost), p_cost);
      if not v_key.allowed then
        return v_key;
      end if;
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

-- One request of a member through PostgREST.
create or replace function private.limit_request() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company uuid := private.company_for(null);
  v_rate record;
  v_decision public.rate_limit_decision;
  v_headers jsonb;
begin
  if v_company is null then
    return;
  end if;
  select * into v_rate from private.company_rate(v_company);
  v_decision := private.take_rate(
    v_company, 'company', v_rate.limit_per_minute, v_rate.burst,
    case when current_setting('transaction_read_only') = 'on' then 0 else 1 end);
  -- draft-ietf-httpapi-ratelimit-headers: the policy (quota per window), and what is left of it for how long.
  v_headers := jsonb_build_object(
    'RateLimit-Policy', format('"company";q=%s;w=60', v_rate.limit_per_minute),
    'RateLimit', format('"company";r=%s;t=%s', v_decision.remaining, v_decision.reset_seconds));
  if v_decision.allowed then
    perform set_config('response.headers', (
      select jsonb_agg(jsonb_build_object(h.key, h.value)) from jsonb_each_text(v_headers) as h)::text, true);
    return;
  end if;
  -- Headers of a failed request reach PostgREST in the error alone, in this form.
  raise sqlstate 'PGRST'
    using message = jsonb_build_object(
            'code', 'PT429', 'message', 'too many requests', 'details', 'rate_limited',
            'hint', format('Wait %s s, then go on at no more than %s requests a minute.', v_decision.retry_after_seconds, v_rate.limit_per_minute))::text,
          detail = jsonb_build_object(
            'status', 429,
            'headers', v_headers || jsonb_build_object('Retry-After', v_decision.retry_after_seconds::text))::text;
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
     and current_setting('request.headers', true) ~* 'count=(planned|estimated)'
  then
    raise exception 'only an exact count can be asked for'
      using errcode = 'PT400',
            detail = 'count_not_exact',
            hint = 'Send Prefer: count=exact.';
  end if;
  if current_setting('role', true) = 'authenticated' then
    perform private.limit_request();
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
comment on function private.check_rate_limit(uuid, integer, uuid) is 'Implementation of public.check_rate_limit().';
comment on function private.limit_request() is
  'Counts a member''s request through PostgREST and sets RateLimit headers. Errors: PT429 rate_limited with Retry-After, in the form that PostgREST passes on.';
comment on function public.check_rate_limit(uuid, integer, uuid) is
  'Takes cost requests (1 to the plan''s burst) from what a company may do, and from what an API key may do if api_key_id is given; the answer says whether it may, what remains, in how many seconds the bucket is full again and after how many to retry (RFC 6585 section 4). For what check_request() cannot count: reads, and calls that do not come through PostgREST. Members for their active company; service_role for any. Errors: 42501 not_your_company; 22023 invalid_cost; PT404 unknown_api_key.';
comment on function public.check_request() is
  'Called by PostgREST before every request (pgrst.db_pre_request): limits the rate of members by their company''s plan, with RateLimit headers (draft-ietf-httpapi-ratelimit-headers), and refuses estimated counts. Reads run in a read-only transaction: they are refused while nothing remains but not counted. Errors: PT429 rate_limited with Retry-After; PT400 count_not_exact.';

-- migrate:down
