-- migrate:up
-- The outbox: what must be told to somebody outside is written in the transaction that made it true, and delivered
-- afterwards, at least once. A receiver recognises a repetition by the event's id.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.outbox_events (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  topic text not null,
  payload jsonb not null default '{}',
  status text not null default 'pending',
  attempts integer not null default 0,
  available_at timestamptz not null default now(),
  finished_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  primary key (company_id, id),
  constraint outbox_events_topic_is_dotted_name check (topic ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
  constraint outbox_events_payload_is_object check (jsonb_typeof(payload) = 'object'),
  constraint outbox_events_status_is_known check (status in ('pending', 'delivered', 'dead')),
  constraint outbox_events_attempts_is_not_negative check (attempts >= 0),
  constraint outbox_events_finished_at_set_when_finished check ((status = 'pending') = (finished_at is null)),
  constraint outbox_events_token_only_while_pending check (status = 'pending' or not payload ? 'token')
);

-- What is due, oldest first.
create index if not exists outbox_events_pending_idx
  on private.outbox_events (available_at) where status = 'pending';
-- What may be pruned.
create index if not exists outbox_events_finished_idx
  on private.outbox_events (finished_at) where status <> 'pending';

create or replace function private.emit_event(p_company_id uuid, p_topic text, p_payload jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  insert into private.outbox_events (company_id, topic, payload) values (p_company_id, p_topic, p_payload);
end
$fn$;
revoke execute on function private.emit_event(uuid, text, jsonb) from public;

-- A claim is a lease: whoever dies with it loses it when it runs out. `attempt` is the fence: only the latest claim of
-- an event may finish it.
-- Topics of Stripe have a consumer of their own, which names them.
drop function if exists public.claim_events(integer, integer);
drop function if exists private.claim_events(integer, integer);
create or replace function private.claim_events(p_batch_size integer, p_lease_seconds integer, p_topics text[])
returns table (
  company_id uuid, event_id uuid, topic text, payload jsonb, attempt integer, created_at timestamptz,
  company_name text, notification_emails text[]
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  -- Nobody writes to them while they move to another database.
  v_frozen constant uuid[] := private.frozen_companies();
begin
  if p_batch_size is null or p_batch_size not between 1 and 1000
     or p_lease_seconds is null or p_lease_seconds not between 1 and 3600
  then
    raise exception 'a claim takes 1 to 1000 events for 1 to 3600 seconds'
      using errcode = '22023',
            detail = 'invalid_claim',
            hint = 'State batch_size and lease_seconds within these bounds.';
  end if;
  -- An event on which its workers die is given up as well.
  update private.outbox_events as e
     set status = 'dead', finished_at = now(), last_error = 'the lease of the last attempt ran out', payload = e.payload - 'token'
   where e.status = 'pending' and e.available_at <= now() and e.attempts >= 12 and e.company_id <> all (v_frozen);
  return query
    with due as (
      select e.company_id, e.id from private.outbox_events as e
       where e.status = 'pending' and e.available_at <= now() and e.company_id <> all (v_frozen)
         and case when p_topics is null then e.topic not like 'stripe.%' else e.topic = any (p_topics) end
       order by e.available_at
       limit p_batch_size
         for update skip locked
    ), claimed as (
      update private.outbox_events as e
         set attempts = e.attempts + 1, available_at = now() + make_interval(secs => p_lease_seconds)
        from due
       where e.company_id = due.company_id and e.id = due.id
      returning e.company_id, e.id, e.topic, e.payload, e.attempts, e.created_at
    )
    select d.company_id, d.id, d.topic, d.payload, d.attempts, d.created_at, c.name,
           coalesce(k.notification_emails, '{}')
      from claimed as d
      join public.companies as c on c.id = d.company_id
      left join public.company_config as k on k.company_id = d.company_id
     order by d.created_at, d.id;
end
$fn$;
revoke execute on function private.claim_events(integer, integer, text[]) from public;
grant execute on function private.claim_events(integer, integer, text[]) to service_role;

create or replace function private.finish_event(
  p_company_id uuid, p_event_id uuid, p_attempt integer, p_error text, p_is_final boolean
) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_status text;
begin
  update private.outbox_events as e
     set status = case
           when p_error is null then 'delivered'
           when p_is_final or e.attempts >= 12 then 'dead'
           else 'pending'
         end,
         finished_at = case when p_error is null or p_is_final or e.attempts >= 12 then now() end,
         last_error = left(p_error, 2000),
         -- A secret stays for as long as it must be delivered.
         payload = case when p_error is null or p_is_final or e.attempts >= 12 then e.payload - 'token' else e.payload end,
         -- 30 s, 1 min, 2 min … at most 6 h, spread by a quarter so that a receiver that comes back is not run over.
         available_at = now() + least(interval '6 hours', interval '15 seconds' * (2 ^ least(e.attempts, 12)))
                        * (0.875 + 0.25 * random())
   where e.company_id = p_company_id and e.id = p_event_id and e.attempts = p_attempt and e.status = 'pending'
  returning e.status into v_status;
  return v_status;
end
$fn$;
revoke execute on function private.finish_event(uuid, uuid, integer, text, boolean) from public;
grant execute on function private.finish_event(uuid, uuid, integer, text, boolean) to service_role;

create or replace function public.claim_events(
  batch_size integer default 100, lease_seconds integer default 60, topics text[] default null
)
returns table (
  company_id uuid, event_id uuid, topic text, payload jsonb, attempt integer, created_at timestamptz,
  company_name text, notification_emails text[]
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.claim_events(claim_events.batch_size, claim_events.lease_seconds, claim_events.topics);
end
$fn$;
revoke execute on function public.claim_events(integer, integer, text[]) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.claim_events(integer, integer, text[]) to service_role;

create or replace function public.finish_event(
  company_id uuid, event_id uuid, attempt integer, error text default null, is_final boolean default false
) returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.finish_event(
    finish_event.company_id, finish_event.event_id, finish_event.attempt, finish_event.error, finish_event.is_final);
end
$fn$;
revoke execute on function public.finish_event(uuid, uuid, integer, text, boolean) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.finish_event(uuid, uuid, integer, text, boolean) to service_role;

comment on table private.outbox_events is 'Events to be delivered to somebody outside, written in the transaction that made them true.';
comment on function private.emit_event(uuid, text, jsonb) is 'Writes an event of a company to the outbox. Topic is resource.event.';
comment on function private.claim_events(integer, integer, text[]) is 'Implementation of public.claim_events().';
comment on function private.finish_event(uuid, uuid, integer, text, boolean) is 'Implementation of public.finish_event().';
comment on function public.claim_events(integer, integer, text[]) is
  'Claims events of the outbox that are due, at most batch_size (1 to 1000), for lease_seconds (1 to 3600): those of the topics, or all but stripe.* when none are stated. Concurrent callers get different events; an event that is not finished before its lease ends is due again, so delivery is at least once and event_id tells repetitions. service_role only. Errors: 22023 invalid_claim.';
comment on function public.finish_event(uuid, uuid, integer, text, boolean) is
  'Finishes a claimed event: delivered without an error; otherwise due again after a growing pause (30 s to 6 h), dead after 12 attempts or when is_final. attempt is the one claimed; returns the new status (delivered, pending, dead), null if a later claim has taken over. service_role only.';

-- migrate:down
