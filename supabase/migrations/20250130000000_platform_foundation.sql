-- migrate:up
-- Platform foundation: the schema `private`, the role `platform_admin`, who is asking, and the row triggers that
-- every tenant table shares. Holds I3 (rows keep their company), I7 (definer functions in `private` only) and
-- I9 (identity from the token's `sub`, never from metadata).
--
-- Every function here pins `search_path = pg_catalog, pg_temp`. An empty search_path is not enough: PostgreSQL then
-- still looks for *types* in pg_temp first, and a caller who may create a temporary domain named `uuid` could run
-- code as the function's owner. Naming pg_temp last closes that.

set lock_timeout = '5s';
set statement_timeout = '10min';

create schema if not exists private;
comment on schema private is
  'Helpers, trigger functions and internal tables of the tenancy layer. Never an API schema.';

do $do$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'platform_admin') then
    begin
      create role platform_admin nologin noinherit;
      alter role platform_admin set statement_timeout = '15s';
    exception when duplicate_object or unique_violation then
      null; -- Roles belong to the whole server: another database's migration was faster.
    end;
  end if;
  -- PostgREST and Storage switch to the role named by the token; only members of authenticator's roles can be chosen.
  grant platform_admin to authenticator;
  -- So that migrations and tests, which run as postgres, may impersonate the role as they may `authenticated`.
  execute format('grant platform_admin to %I', current_user);
end
$do$;

revoke all on schema private from public;
grant usage on schema private to authenticated, platform_admin, service_role, supabase_auth_admin;
grant usage on schema public, extensions to platform_admin;

-- An exception block costs less than testing the input first, and catches what `is json` lets through (\u0000,
-- numbers beyond range). Before PostgreSQL 17 such a block forbids parallel plans; see the end of the gate's migration.
create or replace function private.parse_json_object(p_text text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_json jsonb;
begin
  if p_text is null or p_text = '' then
    return null;
  end if;
  v_json := p_text::jsonb;
  return case when jsonb_typeof(v_json) = 'object' then v_json end;
exception when others then
  return null;
end
$fn$;
revoke execute on function private.parse_json_object(text) from public;
grant execute on function private.parse_json_object(text) to authenticated, platform_admin, service_role;

create or replace function private.parse_uuid(p_text text) returns uuid
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return p_text::uuid;
exception when others then
  return null;
end
$fn$;
revoke execute on function private.parse_uuid(text) from public;
grant execute on function private.parse_uuid(text) to authenticated, platform_admin, service_role;

-- auth.uid() raises on claims that are no JSON or a `sub` that is no UUID; a policy must answer "nobody" instead.
-- An anonymous sign-in belongs to no company and is nobody, too.
create or replace function private.current_user_id() returns uuid
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
begin
  if v_claims ->> 'is_anonymous' = 'true' then
    return null;
  end if;
  return private.parse_uuid(v_claims ->> 'sub');
end
$fn$;
revoke execute on function private.current_user_id() from public;
grant execute on function private.current_user_id() to authenticated, platform_admin, service_role;

-- The same for triggers, which ask once a row: reading the claims anew each time would cost more than the rest of the
-- row. The answer is kept beside the claims it was read from, until the transaction ends. Whoever could set these two
-- settings could as well set request.jwt.claims itself, and nothing but created_by and updated_by comes from here.
create or replace function private.actor_id() returns uuid
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims text := coalesce(current_setting('request.jwt.claims', true), '');
begin
  if v_claims = '' then
    return null;
  end if;
  if v_claims is distinct from current_setting('app.actor_claims', true) then
    perform set_config('app.actor_claims', v_claims, true),
            set_config('app.actor_id', coalesce(private.current_user_id()::text, ''), true);
  end if;
  return nullif(current_setting('app.actor_id', true), '')::uuid;
end
$fn$;
revoke execute on function private.actor_id() from public;
grant execute on function private.actor_id() to authenticated, platform_admin, service_role;

-- Time-ordered ids keep inserts at the right edge of their index. PostgreSQL 18 has uuidv7(); 15 to 17 do not.
create or replace function private.uuid_v7() returns uuid
language plpgsql volatile parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- One expression: each costs some microseconds in every transaction anew.
  -- gen_random_uuid() has set the variant; version 4 (0100) becomes 7 (0111).
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
    substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;
end
$fn$;
revoke execute on function private.uuid_v7() from public;
grant execute on function private.uuid_v7() to authenticated, platform_admin, service_role;

-- Imports and moves of a company keep the rows' own times and authors. The setting counts only for a session whose
-- role bypasses row level security (service_role, the owner): judged by the role that was *set*, so that a member
-- inside a security definer function gains nothing by setting it.
-- What only the package's own functions know: a member whose request they carry out passes for them, while they work.
create table if not exists private.import_secret (
  is_only boolean not null default true primary key,
  secret uuid not null default gen_random_uuid(),
  constraint import_secret_is_one check (is_only)
);
insert into private.import_secret default values on conflict do nothing;
revoke all on table private.import_secret from public, anon, authenticated, platform_admin, service_role;

-- What app.importing says in this transaction while one of those functions is at work.
create or replace function private.import_token() returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (
    select md5(concat_ws(' ', s.secret, pg_current_xact_id(), pg_backend_pid())) from private.import_secret as s);
end
$fn$;
revoke execute on function private.import_token() from public;

create or replace function private.is_import_token(p_token text) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  return p_token = (
    select md5(concat_ws(' ', s.secret, pg_current_xact_id_if_assigned(), pg_backend_pid())) from private.import_secret as s);
end
$fn$;
revoke execute on function private.is_import_token(text) from public;
grant execute on function private.is_import_token(text) to authenticated, platform_admin, service_role;

create or replace function private.is_importing() returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  if v_importing = '' then
    return false;
  elsif v_importing <> 'on' then
    return private.is_import_token(v_importing);
  end if;
  return coalesce((
    select r.rolbypassrls or r.rolsuper
      from pg_catalog.pg_roles as r
     where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
  ), false);
end
$fn$;
revoke execute on function private.is_importing() from public;
grant execute on function private.is_importing() to authenticated, platform_admin, service_role;

create or replace function private.tg_row__set_meta() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  -- The setting is looked at first, since hardly any transaction has it and this runs once a row. It is null then, and
  -- `null <> '' and …` would ask on.
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return new;
  end if;
  if tg_op = 'INSERT' then
    new.created_by := coalesce(private.actor_id(), new.created_by);
    new.updated_by := new.created_by;
    new.updated_at := new.created_at;
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := now();
    new.updated_by := private.actor_id();
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_row__set_meta() from public;

create or replace function private.tg_row__set_creator() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if nullif(current_setting('app.importing', true), '') is not null and private.is_importing() then
    return new;
  end if;
  new.created_by := coalesce(private.actor_id(), new.created_by);
  return new;
end
$fn$;
revoke execute on function private.tg_row__set_creator() from public;

-- Fires only when company_id or id would change (see each trigger's WHEN), for every role without exception.
create or replace function private.tg_row__refuse_move() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  raise exception 'a row of % cannot change its company or id', tg_argv[0]
    using errcode = '42501',
          detail = 'row_identity_immutable',
          hint = 'Insert a new row in the other company instead; rows never move between companies.';
end
$fn$;
revoke execute on function private.tg_row__refuse_move() from public;

create or replace function private.tg_row__refuse_change() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if tg_level = 'ROW' and private.is_importing() then
    return coalesce(new, old);
  end if;
  raise exception 'rows of % are append-only', tg_argv[0]
    using errcode = '42501',
          detail = 'append_only',
          hint = 'Record a new row that corrects the old one.';
end
$fn$;
revoke execute on function private.tg_row__refuse_change() from public;

comment on function private.parse_json_object(text) is
  'The text as a jsonb object, or null when it is empty, no JSON or no object. Never raises.';
comment on function private.parse_uuid(text) is 'The text as a UUID, or null when it is none. Never raises.';
comment on function private.current_user_id() is
  'The signed-in auth user (the token''s sub), or null; null for anonymous sign-ins. Like auth.uid(), but never raises on a malformed token.';
comment on function private.actor_id() is
  'current_user_id() for row triggers: kept for the transaction beside the claims that it was read from.';
comment on function private.uuid_v7() is 'A time-ordered UUID, version 7 (RFC 9562), millisecond precision.';
comment on function private.is_importing() is
  'True while a role that bypasses row level security imports rows (set local app.importing = ''on''), or a function of the package erases or prunes what nobody may change otherwise.';
comment on table private.import_secret is 'Secret behind private.import_token(); one row.';
comment on function private.import_token() is 'Value of app.importing by which functions of the package pass triggers, in this transaction only.';
comment on function private.is_import_token(text) is 'True for what private.import_token() answers in this transaction.';
comment on function private.tg_row__set_meta() is 'Row trigger: keeps created_at/by and sets updated_at/by.';
comment on function private.tg_row__set_creator() is 'Row trigger of append-only tables: sets created_by.';
comment on function private.tg_row__refuse_move() is
  'Row trigger: refuses to change company_id or id. Errors: 42501 row_identity_immutable.';
comment on function private.tg_row__refuse_change() is
  'Trigger of append-only tables: refuses update, delete and truncate. Errors: 42501 append_only.';
comment on role platform_admin is
  'Platform operator (admin). Chosen by the token hook, checked against the tables on every statement.';

-- migrate:down
