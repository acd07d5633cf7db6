-- migrate:up
-- Usage across companies, for operators, and a company's own, for its members: over time, in all, and what has changed.
-- Everything is read from the days of usage_rollup, company by company and in the span that is asked for; never from the
-- ledger. Days are UTC; usage_series() draws one company's in its own time zone.

set lock_timeout = '5s';
set statement_timeout = '10min';

do $do$
begin
  if to_regtype('public.usage_point') is null then
    create type public.usage_point as (
      bucket_starts_on date,
      series text,
      label text,
      requests bigint,
      units bigint,
      input_tokens bigint,
      output_tokens bigint,
      cost_usd numeric
    );
  end if;
  if to_regtype('public.usage_total') is null then
    create type public.usage_total as (
      series text,
      label text,
      requests bigint,
      units bigint,
      input_tokens bigint,
      output_tokens bigint,
      cost_usd numeric,
      cost_percent numeric,
      page_key text
    );
  end if;
  if to_regtype('public.usage_move') is null then
    create type public.usage_move as (
      series text,
      label text,
      cost_usd numeric,
      previous_cost_usd numeric,
      change_usd numeric,
      change_percent numeric
    );
  end if;
  if to_regtype('private.usage_sum') is null then
    create type private.usage_sum as (
      bucket_starts_on date,
      series text,
      requests bigint,
      units bigint,
      input_tokens bigint,
      output_tokens bigint,
      cost_micro_usd bigint
    );
  end if;
end
$do$;

-- The last 30 days, today included, unless told.
create or replace function private.usage_span(inout starts_on date, inout ends_on date, p_bucket text, p_group_by text, p_max_rows integer)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  ends_on := coalesce(ends_on, (now() at time zone 'UTC')::date + 1);
  starts_on := coalesce(starts_on, ends_on - 30);
  if (p_bucket in ('day', 'week', 'month', 'all')
      and p_group_by in ('all', 'company', 'service', 'agent', 'tier')
      and p_max_rows between 1 and 200
      and isfinite(starts_on) and isfinite(ends_on) and starts_on < ends_on
      and ends_on - starts_on <= case p_bucket when 'day' then 366 else 1098 end) is not true
  then
    raise exception 'this usage cannot be drawn'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'bucket is day (at most 366 days), week or month (at most 1098 days); group_by is all, company, service, agent or tier; at most 200 series or rows; starts_on is before ends_on.';
  end if;
end
$fn$;
revoke execute on function private.usage_span(date, date, text, text, integer) from public;

-- What everything below is made of. Each company is looked up by its key, and added up by itself, so that the time it
-- takes follows the days that are asked for, whatever the history holds: `offset 0` keeps the planner from reading all
-- companies' keys at once. An agent's id is unique in its company only. p_series asks for these only. Days are hashed: the
-- planner takes each for a group of its own, and would sort each company's by names.
create or replace function private.usage_sums(
  p_company_id uuid, p_starts_on date, p_ends_on date, p_bucket text, p_group_by text, p_service text, p_plan_tier text,
  p_series text[] default null
) returns setof private.usage_sum
language plpgsql stable set search_path = pg_catalog, pg_temp
  set plan_cache_mode = force_custom_plan set enable_seqscan = off set enable_sort = off set jit = off
as $fn$
declare
  v_dimension constant text := case when p_service is not null or p_group_by = 'service' then 'service'
                                    when p_group_by = 'agent' then 'agent' else 'all' end;
  v_companies uuid[];
begin
  if p_service is not null and p_group_by = 'agent' then
    raise exception 'usage of one service is not kept by agent'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'Group it by all, company or tier; or read api_usage for a short time.';
  end if;
  -- Series of a company begin with its id; what no agent did is one of all companies.
  if p_company_id is null and p_group_by in ('company', 'agent') and 'none' <> all (p_series) then
    v_companies := array(select left(n, 36)::uuid from unnest(p_series) as n);
  end if;
  return query
  select t.bucket, t.series, sum(t.requests)::bigint, sum(t.units)::bigint, sum(t.input_tokens)::bigint,
         sum(t.output_tokens)::bigint, sum(t.cost_micro_usd)::bigint
    from (
      select u.bucket,
             case p_group_by
               when 'service' then u.series
               when 'agent' then case when p_company_id is null and u.series <> 'none' then concat(c.id, '/', u.series) else u.series end
               when 'company' then c.id::text
               when 'tier' then c.plan_tier
               else 'all'
             end as series,
             u.requests, u.units, u.input_tokens, u.output_tokens, u.cost_micro_usd
        from (
          select k.id, coalesce(p.plan_tier, 'none') as plan_tier from public.companies as k
            left join public.company_plans as p on p.company_id = k.id and p.is_active
           where (p_company_id is null or k.id = p_company_id) and (p_plan_tier is null or p.plan_tier = p_plan_tier)
             and (v_companies is null or k.id = any (v_companies))
        ) as c
       cross join lateral (
         select case p_bucket when 'day' then d.day when 'all' then p_starts_on else date_trunc(p_bucket, d.day::timestamp)::date end as bucket,
                d.series, sum(d.requests) as requests, sum(d.units) as units, sum(d.input_tokens) as input_tokens,
                sum(d.output_tokens) as output_tokens, sum(d.cost_micro_usd) as cost_micro_usd
           from private.usage_by_day as d
          where d.company_id = c.id and d.dimension = v_dimension and d.day >= p_starts_on and d.day < p_ends_on
            and (p_service is null or d.series = p_service)
          group by 1, 2
         offset 0
       ) as u
    ) as t
   where p_series is null or t.series = any (p_series)
   group by 1, 2
  having (sum(t.requests), sum(t.units), sum(t.input_tokens), sum(t.output_tokens), sum(t.cost_micro_usd)) <> (0, 0, 0, 0, 0);
end
$fn$;
revoke execute on function private.usage_sums(uuid, date, date, text, text, text, text, text[]) from public;

-- The name of a series for people.
create or replace function private.usage_label(p_company_id uuid, p_group_by text, p_series text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_id uuid;
begin
  if p_group_by = 'company' then
    v_id := private.parse_uuid(p_series);
    return coalesce((select c.name from public.companies as c where c.id = v_id), p_series);
  elsif p_group_by = 'agent' then
    v_id := private.parse_uuid(right(p_series, 36));
    return coalesce((
      select a.name from public.ai_agents as a
       where a.company_id = coalesce(p_company_id, private.parse_uuid(left(p_series, 36))) and a.id = v_id), p_series);
  end if;
  return p_series;
end
$fn$;
revoke execute on function private.usage_label(uuid, text, text) from public;

create or replace function private.usage_points(
  p_company_id uuid, p_starts_on date, p_ends_on date, p_bucket text, p_group_by text, p_service text, p_plan_tier text,
  p_max_series integer
) returns setof public.usage_point
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_span record;
  v_used private.usage_sum[];
  v_series text[];
  v_is_more boolean;
begin
  select * into v_span from private.usage_span(p_starts_on, p_ends_on, nullif(p_bucket, 'all'), p_group_by, p_max_series);
  -- Which are drawn is seen from the totals. Of all and of tiers there are few, and these are read at once; of the others
  -- that are not drawn only the sum is.
  if p_group_by in ('all', 'tier') then
    v_used := array(select u from private.usage_sums(
      p_company_id, v_span.starts_on, v_span.ends_on, p_bucket, p_group_by, p_service, p_plan_tier) as u);
  end if;
  select array_agg(r.series order by r.place) filter (where r.place <= p_max_series), count(*) > p_max_series
    into v_series, v_is_more
    from (
      select t.series, row_number() over (order by sum(t.cost_micro_usd) desc, t.series) as place
        from (
          select x.series, x.cost_micro_usd from unnest(v_used) as x
          union all
          select x.series, x.cost_micro_usd
            from private.usage_sums(
              p_company_id, v_span.starts_on, v_span.ends_on, 'all', p_group_by, p_service, p_plan_tier) as x
           where v_used is null
        ) as t
       group by t.series
    ) as r;
  v_used := coalesce(v_used, array(select u from private.usage_sums(
    p_company_id, v_span.starts_on, v_span.ends_on, p_bucket, p_group_by, p_service, p_plan_tier, coalesce(v_series, '{}')) as u));
  return query
  with used as (
    select * from unnest(v_used) as x where x.series = any (v_series)
  ), lines as (
    select n.series, n.place, private.usage_label(p_company_id, p_group_by, n.series) as label
      from unnest(v_series) with ordinality as n (series, place)
    union all
    select 'other', p_max_series + 1, 'other' where v_is_more
  ), buckets as (
    select g.at::date as starts_on
      from generate_series(
        date_trunc(p_bucket, v_span.starts_on::timestamp), (v_span.ends_on - 1)::timestamp, ('1 ' || p_bucket)::interval) as g (at)
  ), summed as (
    select x.bucket_starts_on, x.series, x.requests, x.units, x.input_tokens, x.output_tokens, x.cost_micro_usd as cost from used as x
    union all
    select a.bucket_starts_on, 'other', a.requests - coalesce(k.requests, 0), a.units - coalesce(k.units, 0),
           a.input_tokens - coalesce(k.input_tokens, 0), a.output_tokens - coalesce(k.output_tokens, 0),
           a.cost_micro_usd - coalesce(k.cost, 0)
      from private.usage_sums(
        p_company_id, v_span.starts_on, v_span.ends_on, p_bucket, 'all', p_service, p_plan_tier) as a
      left join (
        select x.bucket_starts_on, sum(x.requests) as requests, sum(x.units) as units, sum(x.input_tokens) as input_tokens,
               sum(x.output_tokens) as output_tokens, sum(x.cost_micro_usd) as cost
          from used as x group by 1
      ) as k on k.bucket_starts_on = a.bucket_starts_on
     where v_is_more
  )
  select b.starts_on, l.series, l.label, coalesce(s.requests, 0)::bigint, coalesce(s.units, 0)::bigint,
         coalesce(s.input_tokens, 0)::bigint, coalesce(s.output_tokens, 0)::bigint, round(coalesce(s.cost, 0) / 1000000.0, 6)
    from buckets as b
   cross join lines as l
    left join summed as s on s.bucket_starts_on = b.starts_on and s.series = l.series
   order by b.starts_on, l.place;
end
$fn$;
revoke execute on function private.usage_points(uuid, date, date, text, text, text, text, integer) from public;

create or replace function private.platform_usage(
  p_company_id uuid, p_starts_on date, p_ends_on date, p_bucket text, p_group_by text, p_service text, p_plan_tier text,
  p_max_series integer
) returns setof public.usage_point
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  return query select * from private.usage_points(
    p_company_id, p_starts_on, p_ends_on, p_bucket, p_group_by, p_service, p_plan_tier, p_max_series);
end
$fn$;
revoke execute on function private.platform_usage(uuid, date, date, text, text, text, text, integer) from public;
grant execute on function private.platform_usage(uuid, date, date, text, text, text, text, integer) to platform_admin, service_role;

create or replace function private.my_usage(p_starts_on date, p_ends_on date, p_bucket text, p_group_by text, p_service text, p_max_series integer)
returns setof public.usage_point
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company constant uuid := private.company_for('usage.read');
begin
  perform private.require_company(v_company, 'usage.read');
  return query select * from private.usage_points(
    v_company, p_starts_on, p_ends_on, p_bucket, p_group_by, p_service, null, p_max_series);
end
$fn$;
revoke execute on function private.my_usage(date, date, text, text, text, integer) from public;
grant execute on function private.my_usage(date, date, text, text, text, integer) to authenticated;

-- Totals, what cost most first; page_key of the last row leads to the next page.
create or replace function private.platform_usage_totals(
  p_company_id uuid, p_starts_on date, p_ends_on date, p_group_by text, p_service text, p_plan_tier text, p_after text, p_max_rows integer
) returns setof public.usage_total
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_span record;
  v_cost bigint;
begin
  perform private.require_operator();
  select * into v_span from private.usage_span(p_starts_on, p_ends_on, 'all', p_group_by, p_max_rows);
  if p_after is not null then
    if p_after !~ '^-?[0-9]{1,18} ' then
      raise exception 'this is no page_key'
        using errcode = '22023',
              detail = 'invalid_page',
              hint = 'Give page_key of the last row as after, with the rest of the request unchanged.';
    end if;
    v_cost := split_part(p_after, ' ', 1)::bigint;
  end if;
  return query
  with used as materialized (
    select x.series, sum(x.requests)::bigint as requests, sum(x.units)::bigint as units,
           sum(x.input_tokens)::bigint as input_tokens, sum(x.output_tokens)::bigint as output_tokens,
           sum(x.cost_micro_usd)::bigint as cost
      from private.usage_sums(
        p_company_id, v_span.starts_on, v_span.ends_on, 'all', p_group_by, p_service, p_plan_tier) as x
     group by 1
  ), page as (
    select * from used as u
     where p_after is null or (-u.cost, u.series) > (-v_cost, substr(p_after, strpos(p_after, ' ') + 1))
     order by u.cost desc, u.series
     limit p_max_rows
  )
  select p.series, private.usage_label(p_company_id, p_group_by, p.series), p.requests, p.units, p.input_tokens, p.output_tokens,
         round(p.cost / 1000000.0, 6),
         round(p.cost * 100.0 / nullif((select sum(u.cost) from used as u), 0), 2), concat(p.cost, ' ', p.series)
    from page as p
   order by p.cost desc, p.series;
end
$fn$;
revoke execute on function private.platform_usage_totals(uuid, date, date, text, text, text, text, integer) from public;
grant execute on function private.platform_usage_totals(uuid, date, date, text, text, text, text, integer) to platform_admin, service_role;

create or replace function private.usage_movers(p_starts_on date, p_ends_on date, p_group_by text, p_max_rows integer)
returns setof public.usage_move
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_span record;
begin
  perform private.require_operator();
  select * into v_span from private.usage_span(p_starts_on, p_ends_on, 'all', p_group_by, p_max_rows);
  return query
  with used as (
    select x.series, sum(x.cost) as cost, sum(x.previous) as previous
      from (
        select n.series, n.cost_micro_usd as cost, 0 as previous
          from private.usage_sums(null, v_span.starts_on, v_span.ends_on, 'all', p_group_by, null, null) as n
        union all
        select b.series, 0, b.cost_micro_usd
          from private.usage_sums(
            null, v_span.starts_on - (v_span.ends_on - v_span.starts_on), v_span.starts_on, 'all', p_group_by, null, null) as b
      ) as x
     group by x.series
    having sum(x.cost) <> sum(x.previous)
     order by abs(sum(x.cost) - sum(x.previous)) desc, x.series
     limit p_max_rows
  )
  select u.series, private.usage_label(null, p_group_by, u.series), round(u.cost / 1000000.0, 6), round(u.previous / 1000000.0, 6),
         round((u.cost - u.previous) / 1000000.0, 6), round((u.cost - u.previous) * 100.0 / nullif(u.previous, 0), 2)
    from used as u
   order by abs(u.cost - u.previous) desc, u.series;
end
$fn$;
revoke execute on function private.usage_movers(date, date, text, integer) from public;
grant execute on function private.usage_movers(date, date, text, integer) to platform_admin, service_role;

create or replace function public.platform_usage(
  starts_on date default null, ends_on date default null, bucket text default 'day', group_by text default 'all',
  company_id uuid default null, service text default null, plan_tier text default null, max_series integer default 20
) returns setof public.usage_point
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.platform_usage(company_id, starts_on, ends_on, bucket, group_by, service, plan_tier, max_series);
end
$fn$;
revoke execute on function public.platform_usage(date, date, text, text, uuid, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.platform_usage(date, date, text, text, uuid, text, text, integer) to platform_admin, service_role;

create or replace function public.platform_usage_totals(
  starts_on date default null, ends_on date default null, group_by text default 'company', company_id uuid default null,
  service text default null, plan_tier text default null, after text default null, max_rows integer default 50
) returns setof public.usage_total
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.platform_usage_totals(company_id, starts_on, ends_on, group_by, service, plan_tier, after, max_rows);
end
$fn$;
revoke execute on function public.platform_usage_totals(date, date, text, uuid, text, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.platform_usage_totals(date, date, text, uuid, text, text, text, integer) to platform_admin, service_role;

create or replace function public.usage_movers(
  starts_on date default null, ends_on date default null, group_by text default 'company', max_rows integer default 20
) returns setof public.usage_move
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.usage_movers(starts_on, ends_on, group_by, max_rows);
end
$fn$;
revoke execute on function public.usage_movers(date, date, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.usage_movers(date, date, text, integer) to platform_admin, service_role;

create or replace function public.my_usage(
  starts_on date default null, ends_on date default null, bucket text default 'day', group_by text default 'all',
  service text default null, max_series integer default 20
) returns setof public.usage_point
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.my_usage(starts_on, ends_on, bucket, group_by, service, max_series);
end
$fn$;
revoke execute on function public.my_usage(date, date, text, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.my_usage(date, date, text, text, text, integer) to authenticated;

comment on type public.usage_point is 'Answer of platform_usage() and my_usage(). Amounts in US dollars; days are UTC.';
comment on type public.usage_total is 'Answer of platform_usage_totals(). Amounts in US dollars.';
comment on type public.usage_move is 'Answer of usage_movers(). Amounts in US dollars.';
comment on type private.usage_sum is 'Answer of private.usage_sums().';
comment on function private.usage_span(date, date, text, text, integer) is 'The span that was asked for, and whether it can be drawn. Errors: 22023 invalid_series.';
comment on function private.usage_sums(uuid, date, date, text, text, text, text, text[]) is
  'Usage of starts_on to before ends_on by bucket and series, of one company or all (null). The caller has checked who asks.';
comment on function private.usage_label(uuid, text, text) is 'Name of a series for people: that of the company or the agent.';
comment on function private.usage_points(uuid, date, date, text, text, text, text, integer) is
  'The rows of platform_usage() and my_usage(). The caller has checked who asks. Errors: 22023 invalid_series.';
comment on function private.platform_usage(uuid, date, date, text, text, text, text, integer) is 'Implementation of public.platform_usage().';
comment on function private.platform_usage_totals(uuid, date, date, text, text, text, text, integer) is 'Implementation of public.platform_usage_totals().';
comment on function private.usage_movers(date, date, text, integer) is 'Implementation of public.usage_movers().';
comment on function private.my_usage(date, date, text, text, text, integer) is 'Implementation of public.my_usage().';
comment on function public.platform_usage(date, date, text, text, uuid, text, text, integer) is
  'Usage of all companies, or of one, over time: for each bucket (day, week, month; UTC) of starts_on to before ends_on (the last 30 days unless told) and each series one row, zeros included. group_by is all, company, service, agent (company/agent) or tier (of the plan in force today); the max_series (1 to 200) that cost most have their own, the rest is other. To the call. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_series.';
comment on function public.platform_usage_totals(date, date, text, uuid, text, text, text, integer) is
  'Usage of starts_on to before ends_on (UTC; the last 30 days unless told) in all, by company, service, agent or tier: what cost most first, at most max_rows (1 to 200). For the next page give page_key of the last row as after. cost_percent is the share of everything that was asked for. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_series, invalid_page.';
comment on function public.usage_movers(date, date, text, integer) is
  'What changed most: cost of starts_on to before ends_on (UTC; the last 30 days unless told) against the same number of days before, by company, service, agent or tier; the largest change first, up or down, at most max_rows (1 to 200). change_percent is null where there was nothing before. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_series.';
comment on function public.my_usage(date, date, text, text, text, integer) is
  'platform_usage() for the caller''s active company: group_by is all, service or agent (its id). Days are UTC; usage_series() draws them in the company''s time zone. Members holding usage.read. Errors: 42501 not_your_company; 22023 invalid_series.';

-- migrate:down
