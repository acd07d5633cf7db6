-- migrate:up
-- How a budget is counted: never beyond its limit, whatever the concurrency, and without a queue at a busy company.
--
-- A quiet budget is one row, public.budget_periods, which is its own counter. A budget on which callers were seen to
-- wait for each other is spread over 64 stripes, one of which belongs to each backend by its process id. A stripe is
-- an escrow: it has been granted a share of what is left (`granted`) and may spend and hold that much without asking
-- anybody; the central row grants, and what is granted is no longer there to be granted to others. `watched` is the
-- same for the distance to the next alert, so that exactly one spender crosses it and knows. So a stripe needs the
-- central row only when its share is used up, and reads that refuse lock nothing at all.
--
-- Locks are always taken in this order, so nobody waits in a circle: idempotency key, reservation, then for the
-- company, the agent and the service in this order: central row, stripes by number. Whoever holds a stripe without
-- the central row never waits for that row.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Few rows to a page, since those who change rows of one page wait for each other, too.
create table if not exists private.budget_stripes (
  company_id uuid not null,
  budget_period_id uuid not null,
  stripe smallint not null,
  generation integer not null default 0,
  granted bigint not null default 0,
  watched bigint not null default 0,
  spent bigint not null default 0,
  reserved bigint not null default 0,
  folded_at timestamptz not null default now(),
  primary key (company_id, budget_period_id, stripe),
  constraint budget_stripes_budget_period_fk foreign key (company_id, budget_period_id)
    references public.budget_periods (company_id, id) on delete cascade
) with (fillfactor = 10);

-- Estimates that are held until they are settled or released, or expire. `held_in` names the budgets that still hold
-- the amount.
create table if not exists private.budget_reservations (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  agent_id uuid,
  service text,
  amount_micro_usd bigint not null,
  held_in uuid[] not null,
  expires_at timestamptz not null,
  released_at timestamptz,
  usage_id uuid,
  usage_occurred_at timestamptz,
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (company_id, id),
  constraint budget_reservations_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete cascade,
  constraint budget_reservations_amount_is_not_negative check (amount_micro_usd >= 0),
  constraint budget_reservations_settled_with_usage check ((usage_id is null) = (usage_occurred_at is null))
) with (fillfactor = 80);

-- What may expire.
create index if not exists budget_reservations_held_idx
  on private.budget_reservations (company_id, expires_at) where held_in <> '{}';
-- The foreign key.
create index if not exists budget_reservations_agent_id_idx
  on private.budget_reservations (company_id, agent_id);

-- The share of the central row that every slow step gives away, and the number that stands for "no bound": small
-- enough that 64 of them still fit a bigint.
create or replace function private.budget_share(p_room bigint, p_need bigint) returns bigint
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return p_need + greatest(p_room - p_need, 0) / 128;
end
$fn$;
revoke execute on function private.budget_share(bigint, bigint) from public;

-- Brings stripes home: what they spent and hold moves to the central row, which the caller has locked; their grants
-- are void. A hold may have been taken on one stripe and given back on another, so that a part of the sum can be
-- negative; what would make the central row negative stays on one of them.
create or replace function private.fold_stripes(
  p_company_id uuid, p_period_id uuid, p_only smallint, p_wait boolean, p_all boolean
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_stripes smallint[];
  v_spent bigint;
  v_reserved bigint;
  v_kept bigint;
begin
  if p_wait then
    select array_agg(x.stripe) into v_stripes from (
      select s.stripe from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id
         and (p_only is null or s.stripe = p_only)
         and (p_all or (s.granted, s.watched, s.spent, s.reserved) <> (0, 0, 0, 0))
       order by s.stripe for update) as x;
  else
    select array_agg(x.stripe) into v_stripes from (
      select s.stripe from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id
         and (s.granted, s.watched, s.spent, s.reserved) <> (0, 0, 0, 0)
       order by s.stripe for update skip locked) as x;
  end if;
  if v_stripes is null then
    return;
  end if;
  select sum(s.spent), sum(s.reserved), least(0, sum(s.reserved) + min(p.reserved_micro_usd))
    into v_spent, v_reserved, v_kept
    from private.budget_stripes as s
    join public.budget_periods as p on p.company_id = s.company_id and p.id = s.budget_period_id
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = any (v_stripes);
  update private.budget_stripes as s
     set granted = case when s.stripe = v_stripes[1] then v_kept else 0 end,
         reserved = case when s.stripe = v_stripes[1] then v_kept else 0 end,
         watched = 0,
         spent = 0,
         folded_at = clock_timestamp()
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = any (v_stripes);
  if v_spent <> 0 or v_reserved <> v_kept then
    update public.budget_periods as p
       set spent_micro_usd = p.spent_micro_usd + v_spent,
           reserved_micro_usd = p.reserved_micro_usd + v_reserved - v_kept,
           updated_at = now()
     where p.company_id = p_company_id and p.id = p_period_id;
  end if;
end
$fn$;
revoke execute on function private.fold_stripes(uuid, uuid, smallint, boolean, boolean) from public;

-- The one way to change a limit, an alert or the end of a month: everybody who is at it has finished, everybody who
-- comes later reads anew, since the generation that they know is void.
create or replace function private.lock_budget(p_company_id uuid, p_period_id uuid)
returns public.budget_periods
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_period public.budget_periods;
begin
  perform from public.budget_periods as p
    where p.company_id = p_company_id and p.id = p_period_id for no key update;
  perform private.fold_stripes(p_company_id, p_period_id, null, true, true);
  update public.budget_periods as p
     set generation = p.generation + 1
   where p.company_id = p_company_id and p.id = p_period_id
  returning * into v_period;
  return v_period;
end
$fn$;
revoke execute on function private.lock_budget(uuid, uuid) from public;

-- Raises what is due and says when to look again. The central row is locked by the caller and knows everything.
create or replace function private.raise_budget_alerts(p_company_id uuid, p_period_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_period public.budget_periods;
  v_alert record;
  v_watch bigint;
begin
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  if v_period.limit_micro_usd > 0 then
    for v_alert in
      insert into public.budget_alerts (company_id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd)
      select p_company_id, p_period_id, t.percent, v_period.limit_micro_usd,
             greatest(v_period.spent_micro_usd + v_period.adjusted_micro_usd, 0)
        from unnest(v_period.alert_percents) as t (percent)
       where (v_period.spent_micro_usd + v_period.adjusted_micro_usd)::numeric * 100
             >= v_period.limit_micro_usd::numeric * t.percent
       order by t.percent
      on conflict (company_id, budget_period_id, threshold_percent) do nothing
      returning id, threshold_percent, spent_micro_usd
    loop
      perform private.emit_event(p_company_id, 'budget.threshold_reached', jsonb_build_object(
        'alert_id', v_alert.id, 'budget_period_id', p_period_id, 'month', to_char(v_period.month, 'YYYY-MM'),
        'scope', v_period.scope, 'agent_id', v_period.agent_id, 'service', v_period.service,
        'threshold_percent', v_alert.threshold_percent, 'limit_micro_usd', v_period.limit_micro_usd,
        'spent_micro_usd', v_alert.spent_micro_usd, 'enforcement', v_period.enforcement));
    end loop;
  end if;
  select min(w.at) into v_watch
    from (
      select ceil(v_period.limit_micro_usd::numeric * t.percent / 100)::bigint - v_period.adjusted_micro_usd
        from unnest(v_period.alert_percents) as t (percent)
       where v_period.limit_micro_usd > 0
         and not exists (
           select from public.budget_alerts as a
            where a.company_id = p_company_id and a.budget_period_id = p_period_id
              and a.threshold_percent = t.percent)
      union all
      select v_period.limit_micro_usd - v_period.adjusted_micro_usd + 1
       where v_period.enforcement = 'soft'
         and v_period.spent_micro_usd + v_period.adjusted_micro_usd <= v_period.limit_micro_usd
    ) as w (at);
  update public.budget_periods as p
     set watch_micro_usd = v_watch
   where p.company_id = p_company_id and p.id = p_period_id and p.watch_micro_usd is distinct from v_watch;
end
$fn$;
revoke execute on function private.raise_budget_alerts(uuid, uuid) from public;

-- What is spent, held and left, stripes included, in one snapshot and without a lock. Holds that have expired but are
-- not yet given back count as held.
create or replace function private.budget_balance(
  p_company_id uuid, p_period_id uuid, out spent bigint, out reserved bigint, out remaining bigint
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select p.spent_micro_usd + coalesce(s.spent, 0), p.reserved_micro_usd + coalesce(s.reserved, 0),
         p.limit_micro_usd - p.adjusted_micro_usd
         - p.spent_micro_usd - p.reserved_micro_usd - coalesce(s.spent + s.reserved, 0)
    into spent, reserved, remaining
    from public.budget_periods as p
    left join lateral (
      select sum(x.spent)::bigint as spent, sum(x.reserved)::bigint as reserved
        from private.budget_stripes as x
       where p.stripe_count > 0 and x.company_id = p.company_id and x.budget_period_id = p.id
    ) as s on true
   where p.company_id = p_company_id and p.id = p_period_id;
end
$fn$;
revoke execute on function private.budget_balance(uuid, uuid) from public;

-- Gives back what expired in one budget, whose central row the caller has locked. Rows that somebody settles or releases at this moment are passed over.
create or replace function private.release_expired_holds(p_company_id uuid, p_period_id uuid) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_amount bigint;
  v_period public.budget_periods;
begin
  with expired as (
    select r.id from private.budget_reservations as r
     where r.company_id = p_company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
       and p_period_id = any (r.held_in)
     order by r.expires_at
     limit 1000
       for update skip locked
  ), released as (
    update private.budget_reservations as r
       set held_in = array_remove(r.held_in, p_period_id)
      from expired
     where r.company_id = p_company_id and r.id = expired.id and p_period_id = any (r.held_in)
    returning r.amount_micro_usd
  )
  select coalesce(sum(x.amount_micro_usd), 0) into v_amount from released as x;
  if v_amount > 0 then
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    perform private.charge_budget(p_company_id, p_period_id, v_period.generation, v_period.stripe_count, 0, -v_amount, true);
  end if;
  return v_amount;
end
$fn$;
revoke execute on function private.release_expired_holds(uuid, uuid) from public;

-- What is left only shrinks within a month, but for what is given back or expires; so a refusal needs no lock.
create or replace function private.lacks_room(p_company_id uuid, p_period_id uuid, p_need bigint) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (
    select from public.budget_periods as p
     cross join lateral private.budget_balance(p.company_id, p.id) as b
     where p.company_id = p_company_id and p.id = p_period_id and p.enforcement = 'hard' and b.remaining < p_need
       and not exists (
         select from private.budget_reservations as r
          where r.company_id = p_company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
            and p_period_id = any (r.held_in)));
end
$fn$;
revoke execute on function private.lacks_room(uuid, uuid, bigint) from public;

-- Spends and holds (or gives back, when negative) in one budget. Answers
--   within   done, and below the limit as far as is known
--   over     done, beyond the limit: soft, or by force
--   refused  not done: it would go beyond a hard limit
--   stale    not done: what the caller knows of the budget has changed; read it again
-- By force: what has verifiably been spent is counted whatever the limit. Giving back is never refused.
create or replace function private.charge_budget(
  p_company_id uuid, p_period_id uuid, p_generation integer, p_stripe_count integer,
  p_spend bigint, p_hold bigint, p_force boolean
) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_missed smallint := 0;
  v_over boolean;
  v_folded_at timestamptz;
begin
  if p_stripe_count > 0 then
    begin
      update private.budget_stripes as s
         set spent = s.spent + p_spend, reserved = s.reserved + p_hold
       where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = pg_backend_pid() % 64
         and s.generation = p_generation
         and s.spent + s.reserved + p_spend + p_hold <= s.granted
         and s.spent + p_spend <= s.watched
      returning s.folded_at into v_folded_at;
      if not found then
        raise sqlstate 'LB002';
      end if;
    exception when sqlstate 'LB002' then
      -- An update that has waited and then finds no room keeps its lock, unless it is undone.
      return private.charge_budget_slowly(p_company_id, p_period_id, p_generation, p_spend, p_hold, p_force);
    end;
    if v_folded_at < clock_timestamp() - interval '1 second' then
      perform private.refresh_budget_row(p_company_id, p_period_id);
    end if;
    return 'within';
  end if;
  -- Is somebody else at the row? With luck nobody, and one row is the cheapest counter there is.
  perform from public.budget_periods as p
    where p.company_id = p_company_id and p.id = p_period_id
      for no key update skip locked;
  if not found then
    v_missed := 1;
  end if;
  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + p_spend,
         reserved_micro_usd = p.reserved_micro_usd + p_hold,
         contention = p.contention + v_missed,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id
     and p.generation = p_generation and p.stripe_count = 0 and p.status = 'open' and p.contention < 4
     and (p.watch_micro_usd is null or p.spent_micro_usd + p_spend < p.watch_micro_usd)
     and (p.enforcement = 'soft' or p_spend + p_hold <= 0
          or p.spent_micro_usd + p.reserved_micro_usd + p_spend + p_hold <= p.limit_micro_usd - p.adjusted_micro_usd)
  returning p.spent_micro_usd > p.limit_micro_usd - p.adjusted_micro_usd into v_over;
  if not found then
    return private.charge_budget_slowly(p_company_id, p_period_id, p_generation, p_spend, p_hold, p_force);
  end if;
  return case when v_over then 'over' else 'within' end;
end
$fn$;
revoke execute on function private.charge_budget(uuid, uuid, integer, integer, bigint, bigint, boolean) from public;

create or replace function private.charge_budget_slowly(
  p_company_id uuid, p_period_id uuid, p_generation integer, p_spend bigint, p_hold bigint, p_force boolean
) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_unbounded constant bigint := 36028797018963968;
  v_own constant smallint := pg_backend_pid() % 64;
  v_need constant bigint := p_spend + p_hold;
  v_period public.budget_periods;
  v_granted bigint;
  v_watched bigint;
  v_room bigint;
  v_span bigint;
begin
  if v_need > 0 and not p_force then
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    if v_period.generation is distinct from p_generation or v_period.status <> 'open' then
      return 'stale';
    end if;
    if private.lacks_room(p_company_id, p_period_id, v_need) then
      return 'refused';
    end if;
  end if;

  select * into v_period from public.budget_periods as p
   where p.company_id = p_company_id and p.id = p_period_id
     for no key update;
  if v_period.generation is distinct from p_generation or v_period.status <> 'open' then
    return 'stale';
  end if;
  if v_need > 0 and not p_force and v_period.enforcement = 'hard' then
    -- Whoever has waited looks again before anything costs something.
    if (select b.remaining from private.budget_balance(p_company_id, p_period_id) as b) < v_need
       and private.release_expired_holds(p_company_id, p_period_id) = 0
    then
      return 'refused';
    end if;
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  end if;

  v_granted := 0;
  v_watched := 0;
  if v_period.stripe_count > 0 then
    -- Ask for as little as is needed: the own stripe, then those in use that nobody is at, then all in use.
    for i in 1 .. 3 loop
      perform private.fold_stripes(p_company_id, p_period_id, case when i = 1 then v_own end, i <> 2, false);
      select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
      select coalesce(sum(s.granted), 0), coalesce(sum(s.watched), 0) into v_granted, v_watched
        from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id;
      exit when (v_period.enforcement = 'soft' or v_need <= 0
                 or v_period.limit_micro_usd - v_period.adjusted_micro_usd - v_period.spent_micro_usd
                    - v_period.reserved_micro_usd - v_granted >= v_need)
            and (v_period.watch_micro_usd is null or p_spend = 0
                 or v_period.watch_micro_usd - 1 - v_period.spent_micro_usd - v_watched >= p_spend);
    end loop;
  end if;
  v_room := case when v_period.enforcement = 'soft' then v_unbounded
                 else v_period.limit_micro_usd - v_period.adjusted_micro_usd - v_period.spent_micro_usd
                      - v_period.reserved_micro_usd - v_granted end;
  v_span := case when v_period.watch_micro_usd is null then v_unbounded
                 else v_period.watch_micro_usd - 1 - v_period.spent_micro_usd - v_watched end;

  if v_need > 0 and v_room < v_need and not p_force and v_period.enforcement = 'hard' then
    return 'refused';
  end if;
  if v_period.stripe_count > 0 and v_room >= v_need and v_span >= p_spend then
    update private.budget_stripes as s
       set generation = p_generation,
           granted = s.granted + private.budget_share(v_room, v_need),
           watched = s.watched + private.budget_share(v_span, p_spend),
           spent = s.spent + p_spend,
           reserved = s.reserved + p_hold
     where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = v_own;
    return case when v_period.spent_micro_usd > v_period.limit_micro_usd - v_period.adjusted_micro_usd
                then 'over' else 'within' end;
  end if;

  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + p_spend,
         reserved_micro_usd = p.reserved_micro_usd + p_hold,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id
  returning * into v_period;
  if v_span < p_spend then
    perform private.raise_budget_alerts(p_company_id, p_period_id);
  end if;
  if v_period.stripe_count = 0 and v_period.contention >= 4 then
    insert into private.budget_stripes (company_id, budget_period_id, stripe, generation)
    select p_company_id, p_period_id, g.n, v_period.generation + 1 from generate_series(0, 63) as g (n);
    update public.budget_periods as p
       set stripe_count = 64, generation = p.generation + 1
     where p.company_id = p_company_id and p.id = p_period_id;
  end if;
  return case when v_period.spent_micro_usd + v_period.reserved_micro_usd
                   > v_period.limit_micro_usd - v_period.adjusted_micro_usd
              then 'over' else 'within' end;
end
$fn$;
revoke execute on function private.charge_budget_slowly(uuid, uuid, integer, bigint, bigint, boolean) from public;

-- Shows in the central row what the caller's stripe did in the last second. Whoever finds that row in use leaves it
-- to the next.
create or replace function private.refresh_budget_row(p_company_id uuid, p_period_id uuid) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_stripe private.budget_stripes;
  v_moved bigint;
  v_reserved bigint;
begin
  select p.reserved_micro_usd into v_reserved from public.budget_periods as p
   where p.company_id = p_company_id and p.id = p_period_id
     for no key update skip locked;
  if not found then
    return;
  end if;
  select * into v_stripe from private.budget_stripes as s
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = pg_backend_pid() % 64;
  v_moved := greatest(v_stripe.reserved, -v_reserved);
  update private.budget_stripes as s
     set granted = s.granted - s.spent - v_moved,
         watched = s.watched - s.spent,
         spent = 0,
         reserved = s.reserved - v_moved,
         folded_at = clock_timestamp()
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = v_stripe.stripe;
  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + v_stripe.spent,
         reserved_micro_usd = p.reserved_micro_usd + v_moved,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id;
end
$fn$;
revoke execute on function private.refresh_budget_row(uuid, uuid) from public;

comment on table private.budget_stripes is 'Counters of a busy budget, 64 a budget: shares granted by public.budget_periods, and what was spent and held of them.';
comment on table private.budget_reservations is 'Estimates held against budgets until they are settled, released or expire. Amounts in millionths of a US dollar.';
comment on function private.budget_share(bigint, bigint) is 'What a stripe gets of the room there is: what it needs, and a 128th of the rest.';
comment on function private.fold_stripes(uuid, uuid, smallint, boolean, boolean) is
  'Moves what stripes spent and hold to the central row, which the caller has locked, and voids their grants: one stripe or any, waiting for those who are at one or passing them over, all or only those in use.';
comment on function private.lock_budget(uuid, uuid) is
  'Locks a budget for a change of its limits, with everything counted in the row that is returned; counters of before are void.';
comment on function private.raise_budget_alerts(uuid, uuid) is
  'Raises the alerts that are due, each once a period, with an event in the outbox, and sets watch_micro_usd. The caller has locked the budget.';
comment on function private.budget_balance(uuid, uuid) is 'Spent, held and remaining of a budget at this instant, in micro-dollars. Takes no lock.';
comment on function private.release_expired_holds(uuid, uuid) is
  'Gives back what expired reservations hold in one budget, at most 1,000 of them; the amount. The caller has locked the budget.';
comment on function private.lacks_room(uuid, uuid, bigint) is
  'True if a hard budget has less left than is needed, and nothing to come back that has expired. Takes no lock.';
comment on function private.charge_budget(uuid, uuid, integer, integer, bigint, bigint, boolean) is
  'Spends and holds in one budget: within, over, refused, or stale when the budget has changed since the caller read it.';
comment on function private.charge_budget_slowly(uuid, uuid, integer, bigint, bigint, boolean) is
  'charge_budget() when the nearest counter cannot decide by itself.';
comment on function private.refresh_budget_row(uuid, uuid) is
  'Shows what the caller''s stripe did in budget_periods, unless that row is in use.';

-- migrate:down
