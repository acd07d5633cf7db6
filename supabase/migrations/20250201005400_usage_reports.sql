-- migrate:up
-- What a dashboard draws: usage over time, where the month is heading, and days that are out of line. These functions
-- run as the caller, so that row level security decides what they see: another company's usage is no usage.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Every bucket has a row for every series, so that a chart has no gaps. Days, weeks (from Monday) and months are those of
-- the company's time zone, also where a day has 23 or 25 hours.
create or replace function public.usage_series(
  company_id uuid, starts_at timestamptz default null, ends_at timestamptz default null, bucket text default 'day',
  group_by text default 'company', max_series integer default 20
)
returns table (
  bucket_starts_at timestamptz, series text, requests bigint, units bigint, input_tokens bigint, output_tokens bigint,
  cost_usd numeric
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_zone text;
  v_ends_at timestamptz := coalesce(usage_series.ends_at, now());
  v_starts_at timestamptz := coalesce(usage_series.starts_at, coalesce(usage_series.ends_at, now()) - interval '30 days');
  v_step interval;
  v_first timestamp;
begin
  if usage_series.bucket is null or usage_series.bucket not in ('hour', 'day', 'week', 'month')
     or usage_series.group_by is null or usage_series.group_by not in ('company', 'service', 'agent', 'model')
     or usage_series.max_series is null or usage_series.max_series not between 1 and 100
     or v_starts_at >= v_ends_at
     or v_ends_at - v_starts_at > (case usage_series.bucket when 'hour' then interval '31 days' else interval '3 years' end)
  then
    raise exception 'these series cannot be drawn'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'bucket is hour (at most 31 days), day, week or month (at most 3 years); group_by is company, service, agent or model; max_series is 1 to 100; starts_at is before ends_at.';
  end if;
  select c.time_zone into v_zone from public.companies as c where c.id = usage_series.company_id;
  if not found then
    return;
  end if;
  v_step := ('1 ' || usage_series.bucket)::interval;
  v_first := date_trunc(usage_series.bucket, v_starts_at at time zone v_zone);
  return query
    with used as (
      select date_trunc(usage_series.bucket, u.occurred_at, v_zone) as at,
             case usage_series.group_by
               when 'service' then u.service
               when 'agent' then u.agent_id::text
               when 'model' then u.model
               else 'all'
             end as name,
             count(*) as requests, sum(u.units)::bigint as units, sum(u.input_tokens)::bigint as input_tokens,
             sum(u.output_tokens)::bigint as output_tokens, sum(u.cost_micro_usd)::bigint as cost
        from public.api_usage as u
       where u.company_id = usage_series.company_id and u.occurred_at >= v_starts_at and u.occurred_at < v_ends_at
       group by 1, 2
    ), ranked as (
      select coalesce(x.name, 'none') as name, row_number() over (order by sum(x.cost) desc, x.name) as place
        from used as x
       group by x.name
    ), named as (
      select r.name, case when r.place <= usage_series.max_series then r.name else 'other' end as series, r.place
        from ranked as r
    ), lines as (
      select n.series, min(n.place) as place from named as n group by n.series
    ), buckets as (
      select g.at at time zone v_zone as at
        from generate_series(
          v_first, (v_ends_at at time zone v_zone) - interval '1 microsecond',
          case when usage_series.bucket = 'hour' then interval '1 day' else v_step end) as g (at)
       where usage_series.bucket <> 'hour'
      union all
      select g.at from generate_series(
          date_trunc('hour', v_starts_at, v_zone), v_ends_at - interval '1 microsecond', interval '1 hour') as g (at)
       where usage_series.bucket = 'hour'
    )
    select b.at, l.series, coalesce(sum(u.requests), 0)::bigint, coalesce(sum(u.units), 0)::bigint,
           coalesce(sum(u.input_tokens), 0)::bigint, coalesce(sum(u.output_tokens), 0)::bigint,
           round(coalesce(sum(u.cost), 0) / 1000000.0, 6)
      from buckets as b
     cross join lines as l
      left join named as n on n.series = l.series
      left join used as u on u.at = b.at and coalesce(u.name, 'none') = n.name
     group by b.at, l.series, l.place
     order by b.at, l.place;
end
$fn$;
revoke execute on function public.usage_series(uuid, timestamptz, timestamptz, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.usage_series(uuid, timestamptz, timestamptz, text, text, integer) to authenticated, platform_admin, service_role;

-- What was spent plus what is left of the month at the pace of the last seven days, or of the time there is history for.
create or replace function public.budget_forecast(company_id uuid)
returns table (
  budget_month date, period_ends_at timestamptz, limit_usd numeric, spent_usd numeric, daily_usd numeric,
  forecast_usd numeric, forecast_percent numeric, exhausted_at timestamptz
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_now constant timestamptz := now();
  v_status record;
  v_first timestamptz;
  v_cost numeric;
  v_days numeric;
  v_left numeric;
begin
  select * into v_status from private.budget_status(budget_forecast.company_id) as s where s.scope = 'company';
  select min(u.occurred_at), coalesce(sum(u.cost_micro_usd), 0) / 1000000.0 into v_first, v_cost
    from public.api_usage as u
   where u.company_id = budget_forecast.company_id
     and u.occurred_at >= v_now - interval '7 days' and u.occurred_at <= v_now;
  -- Less than an hour tells nothing about a day.
  v_days := greatest(coalesce(extract(epoch from v_now - v_first), 0) / 86400, 1.0 / 24);
  if exists (
    select from public.api_usage as u
     where u.company_id = budget_forecast.company_id
       and u.occurred_at < v_now - interval '7 days' and u.occurred_at >= v_now - interval '35 days')
  then
    v_days := 7;
  end if;
  v_left := extract(epoch from v_status.period_ends_at - v_now) / 86400;
  budget_month := v_status.budget_month;
  period_ends_at := v_status.period_ends_at;
  limit_usd := v_status.limit_usd;
  spent_usd := v_status.spent_usd;
  daily_usd := round(v_cost / v_days, 6);
  forecast_usd := round(v_status.spent_usd + v_cost / v_days * v_left, 6);
  forecast_percent := case when limit_usd > 0 then round(forecast_usd * 100 / limit_usd, 2) end;
  exhausted_at := case
    when spent_usd >= limit_usd then v_now
    when forecast_usd > limit_usd then v_now + make_interval(secs => ((limit_usd - spent_usd) / (v_cost / v_days) * 86400)::double precision)
  end;
  return next;
end
$fn$;
revoke execute on function public.budget_forecast(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.budget_forecast(uuid) to authenticated, platform_admin, service_role;

-- A day against the 28 before it, by the modified z-score (Iglewicz and Hoaglin 1993): the distance from the median in
-- median absolute deviations, which a few wild days do not move as they move a mean. A fiftieth of the median, and a cent,
-- stand in for a deviation of nothing.
create or replace function public.usage_anomalies(company_id uuid, days integer default 30)
returns table (
  day date, cost_usd numeric, usual_usd numeric, score numeric, is_anomalous boolean
)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_zone text;
  v_today date;
begin
  if usage_anomalies.days is null or usage_anomalies.days not between 1 and 366 then
    raise exception 'anomalies are shown for 1 to 366 days'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'State days within these bounds.';
  end if;
  select c.time_zone into v_zone from public.companies as c where c.id = usage_anomalies.company_id;
  if not found then
    return;
  end if;
  v_today := (now() at time zone v_zone)::date;
  return query
    with used as (
      select (u.occurred_at at time zone v_zone)::date as on_day, sum(u.cost_micro_usd)::numeric / 1000000 as cost
        from public.api_usage as u
       where u.company_id = usage_anomalies.company_id
         and u.occurred_at >= (v_today - usage_anomalies.days - 28)::timestamp at time zone v_zone
         and u.occurred_at <= now()
       group by 1
    ), filled as (
      select g.at::date as on_day, coalesce(x.cost, 0) as cost
        from generate_series(
          (select min(y.on_day) from used as y)::timestamp, v_today::timestamp, interval '1 day') as g (at)
        left join used as x on x.on_day = g.at::date
    )
    select d.on_day, round(d.cost, 6), round(m.median::numeric, 6), round(z.score, 2),
           coalesce(z.score > 3.5, false)
      from filled as d
      left join lateral (
        select percentile_cont(0.5) within group (order by h.cost) as median, count(*) as seen
          from filled as h where h.on_day between d.on_day - 28 and d.on_day - 1
      ) as m on true
      left join lateral (
        select percentile_cont(0.5) within group (order by abs(h.cost - m.median::numeric)) as mad
          from filled as h where h.on_day between d.on_day - 28 and d.on_day - 1
      ) as s on true
      left join lateral (
        select case when m.seen >= 7
                    then 0.6745 * (d.cost - m.median::numeric)
                         / greatest(s.mad::numeric, m.median::numeric / 50, 0.01) end as score
      ) as z on true
     where d.on_day > v_today - usage_anomalies.days
     order by d.on_day;
end
$fn$;
revoke execute on function public.usage_anomalies(uuid, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.usage_anomalies(uuid, integer) to authenticated, platform_admin, service_role;

comment on function public.usage_series(uuid, timestamptz, timestamptz, text, text, integer) is
  'Usage of a company over time, for a chart: for each bucket (hour, day, week, month; in the company''s time zone) from starts_at to before ends_at (the last 30 days unless told) and each series one row, zeros included. group_by is company (one series, all), service, agent or model; the max_series (1 to 100) that cost most have their own, the rest is other, and usage without one is none. cost_usd in US dollars. Runs as the caller: without usage.read there it returns no rows. Errors: 22023 invalid_series.';
comment on function public.budget_forecast(uuid) is
  'Where the running month of a company is heading: what is spent, plus the rest of the month at the pace of the last seven days (or of the time since the first usage in them, an hour at least). exhausted_at is when the limit is reached at that pace, null if it is not. Amounts in US dollars. Members holding usage.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';
comment on function public.usage_anomalies(uuid, integer) is
  'Cost of each of the last days of a company (1 to 366) against the median of the 28 days before it: score is the modified z-score (Iglewicz and Hoaglin), is_anomalous when it is over 3.5; null and false with less than seven days of history. Runs as the caller: without usage.read there it returns no rows. Errors: 22023 invalid_series.';

-- migrate:down
