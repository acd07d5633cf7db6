-- migrate:up
-- Settings of the platform: which there are, of what type, what they may be, and how they came to be what they are. And
-- maintenance: while it is on, check_request() refuses what would write.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What may stand in public.system_config. An application keeps its own under app., which are checked by nobody but it.
create table if not exists private.setting_definitions (
  key text not null primary key,
  value_type text not null,
  default_value jsonb not null,
  minimum numeric,
  maximum numeric,
  pattern text,
  description text not null,
  constraint setting_definitions_value_type_is_known check (
    value_type in ('boolean', 'integer', 'number', 'text', 'object', 'array', 'object_or_null')),
  constraint setting_definitions_key_is_not_of_an_application check (key !~ '^app\.')
);

-- Each change, also one that was made in the table. Kept whatever the audit log's retention says.
create table if not exists private.setting_changes (
  key text not null,
  id uuid not null default private.uuid_v7(),
  changed_at timestamptz not null default clock_timestamp(),
  changed_by uuid,
  changed_as text not null,
  old_value jsonb,
  new_value jsonb,
  reason text,
  primary key (key, changed_at, id)
);

insert into private.setting_definitions (key, value_type, default_value, minimum, maximum, pattern, description) values
  ('security.trusted_proxy_count', 'integer', '1', 0, 100, null,
   'Proxies in front of PostgREST that can be trusted to append the address they were called from to X-Forwarded-For. 0: none is believed.'),
  ('compliance.review_interval_days', 'integer', '90', 1, 3650, null,
   'Days after which a company is reminded to review its security policy, IP allowlist, API keys, members and retention policies.'),
  ('companies.default_security_policy', 'object', '{"api_key_max_age_days": 365}', null, null, null,
   'Security policy of a new company: required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, api_key_max_age_days.'),
  ('members.invitations_per_day', 'integer', '100', 0, 1000000, null,
   'Invitations that the members of one company may send within 24 hours. Operators and the backend are not limited.'),
  ('stripe.enabled', 'boolean', 'false', null, null, null, 'Whether companies get a customer at Stripe.'),
  ('stripe.prices', 'object', '{}', null, null, null,
   'What a Stripe price buys: an object of price id to {"plan_tier": …, "monthly_limit_usd": …}; the limit may be left out, except for custom.'),
  ('stripe.return_urls', 'array', '[]', null, null, null,
   'Addresses to which Stripe may send people back: an array of https origins with path, such as https://app.example.com/billing. What is below one of them is allowed, too.'),
  ('stripe.payment_policy', 'object', '{"grace_days": 7, "soft_limit_percent": 50, "suspend_days": 30, "ended_plan_tier": "starter"}', null, null, null,
   'What happens when a payment fails: nothing for grace_days, then the monthly limit is cut to soft_limit_percent, and suspend_days after the failure the company is suspended (null: never). ended_plan_tier is the plan of a company whose subscription has ended.'),
  ('stripe.usage_meter', 'object_or_null', 'null', null, null, null,
   'Meter that usage is reported to, in US cents: {"event_name": …, "meter_id": …}; null for none.'),
  ('stripe.portal_configurations', 'object', '{}', null, null, null,
   'Configurations of the billing portal: {"read": "bpc_…", "write": "bpc_…"}. Without read, a member needs billing.write to open the portal; without write, the default of the Stripe account is used.'),
  ('maintenance.enabled', 'boolean', 'false', null, null, null,
   'While true, requests that would write are refused with 423 maintenance_mode, but for operators. Reads go on.'),
  ('maintenance.message', 'text', '"The platform is under maintenance; reading goes on."', 1, 500, '\S',
   'What people are told while maintenance is on.'),
  ('maintenance.retry_after_seconds', 'integer', '300', 1, 86400, null, 'Retry-After of refused requests, in seconds.'),
  ('maintenance.is_backend_refused', 'boolean', 'false', null, null, null,
   'Whether service_role is refused, too: then webhooks, schedulers and usage that a backend records wait as well.')
on conflict (key) do update
  set value_type = excluded.value_type, default_value = excluded.default_value, minimum = excluded.minimum,
      maximum = excluded.maximum, pattern = excluded.pattern, description = excluded.description;

-- Why a value cannot stand for a setting; null if it can.
create or replace function private.setting_problem(p_setting private.setting_definitions, p_value jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_type constant text := jsonb_typeof(p_value);
  v_text constant text := p_value #>> '{}';
begin
  if p_setting.value_type in ('integer', 'number') then
    if v_type is distinct from 'number' then
      return format('it is %s', case p_setting.value_type when 'integer' then 'a whole number' else 'a number' end);
    elsif p_setting.value_type = 'integer' and v_text::numeric % 1 <> 0 then
      return 'it is a whole number';
    elsif v_text::numeric < p_setting.minimum or v_text::numeric > p_setting.maximum then
      return format('it is %s to %s', p_setting.minimum, p_setting.maximum);
    end if;
  elsif p_setting.value_type = 'text' then
    if v_type is distinct from 'string' then
      return 'it is a text';
    elsif length(v_text) < p_setting.minimum or length(v_text) > p_setting.maximum then
      return format('it has %s to %s characters', p_setting.minimum, p_setting.maximum);
    elsif v_text !~ p_setting.pattern then
      return format('it matches %s', p_setting.pattern);
    end if;
  elsif p_setting.value_type = 'object_or_null' then
    if v_type is null or v_type not in ('object', 'null') then
      return 'it is an object, or null';
    end if;
  elsif v_type is distinct from p_setting.value_type then
    return format('it is %s', case p_setting.value_type when 'boolean' then 'true or false' when 'array' then 'an array' else 'an object' end);
  end if;
  return case when pg_column_size(p_value) > 65536 then 'it is smaller than 64 kB' end;
end
$fn$;
revoke execute on function private.setting_problem(private.setting_definitions, jsonb) from public;

-- Whoever writes to the table meets the same checks. Only the owner, in a migration, may add what is not defined yet.
create or replace function private.tg_system_config__check() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_setting private.setting_definitions;
  v_problem text;
begin
  if starts_with(new.key, 'app.') or nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return new;
  end if;
  select * into v_setting from private.setting_definitions as d where d.key = new.key;
  if not found then
    if coalesce(nullif(current_setting('role', true), 'none'), session_user) not in ('platform_admin', 'service_role') then
      return new;
    end if;
    raise exception 'there is no setting %', new.key
      using errcode = 'PT404',
            detail = 'unknown_setting',
            hint = 'system_settings() lists them; settings of an application begin with app.';
  end if;
  v_problem := private.setting_problem(v_setting, new.value);
  if v_problem is not null then
    raise exception 'setting % is wrong: %', new.key, v_problem
      using errcode = '22023',
            detail = 'invalid_setting',
            hint = format('%s: %s', v_setting.value_type, v_setting.description);
  end if;
  new.description := v_setting.description;
  return new;
end
$fn$;
revoke execute on function private.tg_system_config__check() from public;

create or replace function private.tg_system_config__keep_history() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if tg_op = 'UPDATE' and new.key = old.key and new.value = old.value then
    return null;
  end if;
  if tg_op <> 'INSERT' and (tg_op = 'DELETE' or new.key <> old.key) then
    insert into private.setting_changes (key, changed_by, changed_as, old_value, reason)
    values (old.key, private.actor_id(), private.audit_role(null, private.actor_id()), old.value, nullif(current_setting('app.setting_reason', true), ''));
  end if;
  if tg_op <> 'DELETE' then
    insert into private.setting_changes (key, changed_by, changed_as, old_value, new_value, reason)
    values (new.key, private.actor_id(), private.audit_role(null, private.actor_id()),
            case when tg_op = 'UPDATE' and new.key = old.key then old.value end, new.value,
            nullif(current_setting('app.setting_reason', true), ''));
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_system_config__keep_history() from public;

create or replace trigger check_setting
  before insert or update on public.system_config
  for each row execute function private.tg_system_config__check();
create or replace trigger keep_history
  after insert or update or delete on public.system_config
  for each row execute function private.tg_system_config__keep_history();

do $do$
begin
  if to_regtype('public.system_setting') is null then
    create type public.system_setting as (
      key text,
      value jsonb,
      default_value jsonb,
      is_default boolean,
      value_type text,
      minimum numeric,
      maximum numeric,
      pattern text,
      description text,
      updated_at timestamptz,
      updated_by uuid
    );
  end if;
  if to_regtype('public.system_setting_change') is null then
    create type public.system_setting_change as (
      id uuid,
      key text,
      changed_at timestamptz,
      changed_by uuid,
      changed_as text,
      old_value jsonb,
      new_value jsonb,
      reason text
    );
  end if;
end
$do$;

create or replace function private.system_settings(p_prefix text) returns setof public.system_setting
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  return query
  select coalesce(d.key, s.key), coalesce(s.value, d.default_value), d.default_value,
         s.key is null or s.value is not distinct from d.default_value,
         coalesce(d.value_type, case when starts_with(s.key, 'app.') then 'application' else 'undefined' end),
         d.minimum, d.maximum, d.pattern, coalesce(d.description, s.description), s.updated_at, s.updated_by
    from private.setting_definitions as d
    full join public.system_config as s on s.key = d.key
   where p_prefix is null or starts_with(coalesce(d.key, s.key), p_prefix)
   order by 1;
end
$fn$;
revoke execute on function private.system_settings(text) from public;
grant execute on function private.system_settings(text) to platform_admin, service_role;

create or replace function private.set_system_setting(p_key text, p_value jsonb, p_reason text) returns public.system_setting
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_setting private.setting_definitions;
begin
  perform private.require_operator();
  select * into v_setting from private.setting_definitions as d where d.key = p_key;
  if not found then
    raise exception 'there is no setting %', coalesce(p_key, 'null')
      using errcode = 'PT404',
            detail = 'unknown_setting',
            hint = 'system_settings() lists them; settings of an application begin with app.';
  end if;
  if length(p_reason) > 1000 then
    raise exception 'the reason is longer than 1000 characters'
      using errcode = '22023',
            detail = 'invalid_setting',
            hint = 'Say in a sentence why the setting changes.';
  end if;
  perform set_config('app.setting_reason', coalesce(p_reason, ''), true);
  -- No value: the default counts again. Where null is a value of its own, it is the default.
  if coalesce(p_value, 'null') = 'null' then
    delete from public.system_config as s where s.key = p_key;
  else
    insert into public.system_config as s (key, value, description)
    values (p_key, p_value, v_setting.description)
    on conflict (key) do update set value = excluded.value where s.value <> excluded.value;
  end if;
  perform set_config('app.setting_reason', '', true);
  return (select x from private.system_settings(p_key) as x where x.key = p_key);
end
$fn$;
revoke execute on function private.set_system_setting(text, jsonb, text) from public;
grant execute on function private.set_system_setting(text, jsonb, text) to platform_admin, service_role;

create or replace function private.system_setting_history(p_key text, p_before_id uuid, p_max_rows integer)
returns setof public.system_setting_change
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  if p_max_rows is null or p_max_rows not between 1 and 1000
     or p_before_id is not null and not exists (select from private.setting_changes as h where h.id = p_before_id)
  then
    raise exception 'max_rows must be 1 to 1000, and before_id the id of a change'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give id of the last row as before_id to get the next page.';
  end if;
  return query
  select h.id, h.key, h.changed_at, h.changed_by, h.changed_as, h.old_value, h.new_value, h.reason
    from private.setting_changes as h
   where (p_key is null or h.key = p_key) and (p_before_id is null
          or (h.changed_at, h.id) < (select x.changed_at, x.id from private.setting_changes as x where x.id = p_before_id))
   order by h.changed_at desc, h.id desc
   limit p_max_rows;
end
$fn$;
revoke execute on function private.system_setting_history(text, uuid, integer) from public;
grant execute on function private.system_setting_history(text, uuid, integer) to platform_admin, service_role;

-- Asked by check_request() where a request may write: one look-up by key, and no more while maintenance is off.
create or replace function private.refuse_in_maintenance() returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_message text;
  v_retry_after text;
begin
  if not exists (select from public.system_config as s where s.key = 'maintenance.enabled' and s.value = 'true') then
    return;
  end if;
  if current_setting('role', true) = 'service_role' and not exists (
    select from public.system_config as s where s.key = 'maintenance.is_backend_refused' and s.value = 'true')
  then
    return;
  end if;
  select coalesce((select s.value #>> '{}' from public.system_config as s where s.key = 'maintenance.message'),
                  max(d.default_value #>> '{}') filter (where d.key = 'maintenance.message')),
         coalesce((select s.value #>> '{}' from public.system_config as s where s.key = 'maintenance.retry_after_seconds'),
                  max(d.default_value #>> '{}') filter (where d.key = 'maintenance.retry_after_seconds'))
    into v_message, v_retry_after
    from private.setting_definitions as d;
  -- Not 503: PostgREST takes it for a lost connection, loads its schema cache anew and says itself when to come again.
  raise sqlstate 'PGRST'
    using message = jsonb_build_object(
            'code', 'PT423', 'message', v_message, 'details', 'maintenance_mode',
            'hint', format('Nothing is written now. Try again in %s s.', v_retry_after))::text,
          detail = jsonb_build_object(
            'status', 423, 'headers', jsonb_build_object('Retry-After', v_retry_after))::text;
end
$fn$;
revoke execute on function private.refuse_in_maintenance() from public;
grant execute on function private.refuse_in_maintenance() to authenticated, service_role;

create or replace function public.system_settings(prefix text default null) returns setof public.system_setting
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.system_settings(prefix);
end
$fn$;
revoke execute on function public.system_settings(text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.system_settings(text) to platform_admin, service_role;

create or replace function public.set_system_setting(key text, value jsonb, reason text default null) returns public.system_setting
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.set_system_setting(key, value, reason);
end
$fn$;
revoke execute on function public.set_system_setting(text, jsonb, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.set_system_setting(text, jsonb, text) to platform_admin, service_role;

create or replace function public.system_setting_history(key text default null, before_id uuid default null, max_rows integer default 100)
returns setof public.system_setting_change
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.system_setting_history(key, before_id, max_rows);
end
$fn$;
revoke execute on function public.system_setting_history(text, uuid, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.system_setting_history(text, uuid, integer) to platform_admin, service_role;

revoke all on table private.setting_definitions from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.setting_changes from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', v.table_name, c.column_name, v.class, v.erasure
  from (values
    ('setting_definitions', 'operational', 'keep', '{key,value_type,default_value,minimum,maximum,pattern,description}'),
    ('setting_changes', 'identifier', 'keep', '{id}'),
    ('setting_changes', 'identifier', 'clear', '{changed_by}'),
    ('setting_changes', 'operational', 'keep', '{key,changed_at,changed_as,old_value,new_value,reason}')
  ) as v (table_name, class, erasure, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update
  set class = excluded.class, erasure = excluded.erasure
  where (column_classes.class, column_classes.erasure) <> (excluded.class, excluded.erasure);

comment on table private.setting_definitions is 'Settings that public.system_config may hold: type, default and bounds (of a number, or of the length of a text).';
comment on table private.setting_changes is 'Each change of a setting: who, when, from what to what.';
comment on type public.system_setting is 'Answer of system_settings() and set_system_setting().';
comment on type public.system_setting_change is 'Answer of system_setting_history().';
comment on function private.setting_problem(private.setting_definitions, jsonb) is 'Why a value cannot stand for a setting; null if it can.';
comment on function private.tg_system_config__check() is
  'Row trigger: settings are known and of their type; those of an application (app.…) are its own. Errors: PT404 unknown_setting; 22023 invalid_setting.';
comment on function private.tg_system_config__keep_history() is 'Row trigger: keeps each change in setting_changes.';
comment on function private.system_settings(text) is 'Implementation of public.system_settings().';
comment on function private.set_system_setting(text, jsonb, text) is 'Implementation of public.set_system_setting().';
comment on function private.system_setting_history(text, uuid, integer) is 'Implementation of public.system_setting_history().';
comment on function private.refuse_in_maintenance() is
  'Refuses a request that may write while maintenance is on; the caller has left operators out. Errors: PT423 maintenance_mode with Retry-After, in the form that PostgREST passes on.';
comment on function public.system_settings(text) is
  'Settings of the platform, those that begin with prefix: value and default, type (boolean, integer, number, text, object, array; application for those of an application), bounds, and who changed it when. Sorted by key. Operators and service_role. Errors: 42501 not_an_operator.';
comment on function public.set_system_setting(text, jsonb, text) is
  'Changes a setting, which takes effect with the next statement, and keeps who, when, from what, and the reason; a value of null brings the default back. Safe to repeat. The setting as it then is. Operators and service_role. Errors: 42501 not_an_operator; PT404 unknown_setting; 22023 invalid_setting.';
comment on function public.system_setting_history(text, uuid, integer) is
  'Changes of a setting, or of all without key, latest first, at most max_rows (1 to 1000); for the next page give id of the last row as before_id. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_page.';

-- migrate:down
