-- migrate:up
-- Secrets that a company entrusts to the platform, such as the keys of its agents' model providers. Envelope encryption
-- (OpenPGP, AES-256, RFC 9580): each company has a data key of its own, which a master key wraps that is not in these
-- tables: it lies in Supabase Vault (secret lytbub_master_key), or the backend states it with each call. Whoever has the
-- tables or a backup of them alone can read nothing, and nothing can be read again once a company's data key is dropped.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.company_data_keys (
  company_id uuid not null primary key references public.companies (id) on delete cascade,
  key_uuid uuid not null default gen_random_uuid(),
  wrapped_key bytea not null,
  -- Which master key wraps it: the beginning of its hash.
  master_key_hint text not null,
  created_at timestamptz not null default now(),
  wrapped_at timestamptz not null default now(),
  constraint company_data_keys_master_key_hint_is_short_hash check (master_key_hint ~ '^[0-9a-f]{16}$')
);

create table if not exists private.company_secrets (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  agent_id uuid,
  name text not null,
  -- The data key that it is encrypted with, which may be gone.
  key_uuid uuid not null,
  ciphertext bytea not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint company_secrets_agent_fk foreign key (company_id, agent_id)
    references public.ai_agents (company_id, id) on delete cascade,
  constraint company_secrets_name_is_unique_in_agent unique nulls not distinct (company_id, agent_id, name),
  constraint company_secrets_name_is_not_blank check (name ~ '\S' and length(name) <= 120)
);

-- Master keys that can be used, the one that wraps first: what the backend states, else what lies in Vault. Two separated
-- by a space serve while they are exchanged.
create or replace function private.master_keys(p_given text) returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_vault constant regclass := to_regclass('vault.decrypted_secrets');
  v_text text := p_given;
  v_keys text[];
begin
  if v_text is not null and not private.is_backend() then
    raise exception 'a master key is for the backend to state'
      using errcode = '42501',
            detail = 'backend_only',
            hint = 'Leave master_key out; it is taken from Vault.';
  end if;
  if v_text is null and v_vault is not null then
    execute format('select s.decrypted_secret from %s as s where s.name = $1', v_vault) into v_text
      using 'lytbub_master_key';
  end if;
  v_keys := regexp_split_to_array(btrim(v_text), '\s+');
  if v_keys is null or exists (select from unnest(v_keys) as k where length(k) < 32) then
    raise exception 'there is no master key of at least 32 characters'
      using errcode = '22023',
            detail = 'invalid_master_key',
            hint = 'Make one with openssl rand -base64 48; keep it in Vault as lytbub_master_key, or state it as master_key from the backend.';
  end if;
  return v_keys;
end
$fn$;
revoke execute on function private.master_keys(text) from public;

create or replace function private.master_key_hint(p_key text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return left(encode(sha256(convert_to('lytbub master key ' || p_key, 'UTF8')), 'hex'), 16);
end
$fn$;
revoke execute on function private.master_key_hint(text) from public;

-- Keys are random, so that they need no stretching. What is encrypted names its row: moved to another, it is refused.
create or replace function private.seal(p_text text, p_bound_to uuid, p_key text) returns bytea
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  return extensions.pgp_sym_encrypt_bytea(
    convert_to(p_bound_to || ':' || p_text, 'UTF8'), p_key, 'cipher-algo=aes256, compress-algo=0, s2k-mode=1, s2k-digest-algo=sha256');
end
$fn$;
revoke execute on function private.seal(text, uuid, text) from public;

create or replace function private.unseal(p_sealed bytea, p_bound_to uuid, p_key text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_text text;
begin
  begin
    v_text := convert_from(extensions.pgp_sym_decrypt_bytea(p_sealed, p_key), 'UTF8');
  exception when others then
    -- What it says depends on the key; nobody is told more than that it is wrong.
    v_text := null;
  end;
  if starts_with(v_text, p_bound_to || ':') then
    return substr(v_text, 38);
  end if;
  raise exception 'it cannot be decrypted'
    using errcode = 'XX001',
          detail = 'secret_corrupt',
          hint = 'The row was changed or moved by hand. Store the secret anew; if the data key is meant, restore it from a backup.';
end
$fn$;
revoke execute on function private.unseal(bytea, uuid, text) from public;

create or replace function private.unwrap_data_key(p_row private.company_data_keys, p_master_keys text[]) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_key text;
begin
  foreach v_key in array p_master_keys loop
    if private.master_key_hint(v_key) = p_row.master_key_hint then
      return private.unseal(p_row.wrapped_key, p_row.company_id, v_key);
    end if;
  end loop;
  raise exception 'the company''s data key is wrapped with another master key'
    using errcode = '22023',
          detail = 'wrong_master_key',
          hint = format('State the master key whose hint is %s, beside the new one until rotate_master_key() is done.', p_row.master_key_hint);
end
$fn$;
revoke execute on function private.unwrap_data_key(private.company_data_keys, text[]) from public;

create or replace function private.put_company_secret(
  p_company_id uuid, p_name text, p_value text, p_agent_id uuid, p_master_key text
) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_master_keys text[];
  v_data_key private.company_data_keys;
  v_key text;
  v_id uuid;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  v_master_keys := private.master_keys(p_master_key);
  if p_value is null or length(p_value) not between 1 and 65536 then
    raise exception 'a secret has 1 to 65536 characters'
      using errcode = '22023',
            detail = 'invalid_secret',
            hint = 'State value; to remove a secret call delete_company_secret().';
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  perform private.refuse_closed_company(p_company_id);
  if p_agent_id is not null
     and not exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = p_agent_id)
  then
    raise exception 'the company has no agent %', p_agent_id
      using errcode = 'PT404',
            detail = 'unknown_agent',
            hint = 'Check agent_id, or leave it out for a secret of the whole company.';
  end if;
  v_key := encode(extensions.gen_random_bytes(32), 'hex');
  insert into private.company_data_keys as d (company_id, wrapped_key, master_key_hint)
  values (p_company_id, private.seal(v_key, p_company_id, v_master_keys[1]), private.master_key_hint(v_master_keys[1]))
  on conflict (company_id) do nothing;
  -- Nobody drops the key while something is encrypted with it.
  select * into v_data_key from private.company_data_keys as d where d.company_id = p_company_id for share;
  v_key := private.unwrap_data_key(v_data_key, v_master_keys);
  insert into private.company_secrets as s (company_id, agent_id, name, key_uuid, ciphertext, created_by, updated_by)
  values (p_company_id, p_agent_id, p_name, v_data_key.key_uuid, '', private.actor_id(), private.actor_id())
  on conflict on constraint company_secrets_name_is_unique_in_agent do update
    set updated_at = now(), updated_by = private.actor_id()
  returning s.id into v_id;
  update private.company_secrets as s
     set key_uuid = v_data_key.key_uuid, ciphertext = private.seal(p_value, v_id, v_key)
   where s.company_id = p_company_id and s.id = v_id;
  perform private.write_audit(p_company_id, 'company_secrets.stored', 'company_secrets', v_id,
    jsonb_build_object('name', p_name, 'agent_id', p_agent_id));
  return v_id;
end
$fn$;
revoke execute on function private.put_company_secret(uuid, text, text, uuid, text) from public;
grant execute on function private.put_company_secret(uuid, text, text, uuid, text) to authenticated, service_role;

-- Secrets of a closed company are out of use at once; its data key is dropped when it is erased.
create or replace function private.refuse_closed_company(p_company_id uuid) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if exists (select from public.companies as c where c.id = p_company_id and c.status = 'closed') then
    raise exception 'the company is closed'
      using errcode = 'PT410',
            detail = 'company_closed',
            hint = 'Its secrets are out of use; reactivate_company() undoes closing until the grace period ends.';
  end if;
end
$fn$;
revoke execute on function private.refuse_closed_company(uuid) from public;

-- The one way to the plaintext.
create or replace function private.read_company_secret(p_company_id uuid, p_name text, p_agent_id uuid, p_master_key text)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_master_keys constant text[] := private.master_keys(p_master_key);
  v_secret private.company_secrets;
  v_data_key private.company_data_keys;
  v_value text;
begin
  perform private.refuse_closed_company(p_company_id);
  -- An agent's own goes before the company's.
  select * into v_secret from private.company_secrets as s
   where s.company_id = p_company_id and s.name = p_name and (s.agent_id = p_agent_id or s.agent_id is null)
   order by s.agent_id nulls last
   limit 1;
  if not found then
    raise exception 'the company has no secret %', coalesce(p_name, 'null')
      using errcode = 'PT404',
            detail = 'unknown_secret',
            hint = 'See list_company_secrets() for its names.';
  end if;
  select * into v_data_key from private.company_data_keys as d
   where d.company_id = p_company_id and d.key_uuid = v_secret.key_uuid;
  if not found then
    raise exception 'the data key of the secret was dropped'
      using errcode = '22023',
            detail = 'secret_unreadable',
            hint = 'Nothing brings it back. Store the secret anew with put_company_secret().';
  end if;
  v_value := private.unseal(v_secret.ciphertext, v_secret.id, private.unwrap_data_key(v_data_key, v_master_keys));
  perform private.write_audit(p_company_id, 'company_secrets.read', 'company_secrets', v_secret.id,
    jsonb_build_object('name', p_name, 'agent_id', v_secret.agent_id));
  return v_value;
end
$fn$;
revoke execute on function private.read_company_secret(uuid, text, uuid, text) from public;
grant execute on function private.read_company_secret(uuid, text, uuid, text) to service_role;

create or replace function private.delete_company_secret(p_company_id uuid, p_name text, p_agent_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_id uuid;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  delete from private.company_secrets as s
   where s.company_id = p_company_id and s.name = p_name and s.agent_id is not distinct from p_agent_id
  returning s.id into v_id;
  if v_id is null then
    return false;
  end if;
  perform private.write_audit(p_company_id, 'company_secrets.deleted', 'company_secrets', v_id,
    jsonb_build_object('name', p_name, 'agent_id', p_agent_id));
  return true;
end
$fn$;
revoke execute on function private.delete_company_secret(uuid, text, uuid) from public;
grant execute on function private.delete_company_secret(uuid, text, uuid) to authenticated, service_role;

create or replace function private.list_company_secrets(p_company_id uuid)
returns table (name text, agent_id uuid, is_readable boolean, created_at timestamptz, updated_at timestamptz, updated_by uuid)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_reader(p_company_id, 'api_keys.read');
  return query
    select s.name, s.agent_id, d.key_uuid is not null, s.created_at, s.updated_at, s.updated_by
      from private.company_secrets as s
      left join private.company_data_keys as d on d.company_id = s.company_id and d.key_uuid = s.key_uuid
     where s.company_id = p_company_id
     order by s.name, s.agent_id nulls first;
end
$fn$;
revoke execute on function private.list_company_secrets(uuid) from public;
grant execute on function private.list_company_secrets(uuid) to authenticated, platform_admin, service_role;

create or replace function private.rotate_master_key(p_master_key text, p_max_keys integer, out rewrapped integer, out remaining integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_keys constant text[] := private.master_keys(p_master_key);
  v_hint constant text := private.master_key_hint(v_keys[1]);
  v_row private.company_data_keys;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  if p_max_keys is null or p_max_keys not between 1 and 10000 then
    raise exception 'a run rewraps 1 to 10000 keys'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'State max_keys within these bounds, and call again until remaining is 0.';
  end if;
  rewrapped := 0;
  for v_row in
    select d.* from private.company_data_keys as d
     where d.master_key_hint <> v_hint and d.company_id <> all (v_frozen)
     order by d.company_id
     limit p_max_keys
       for update
  loop
    update private.company_data_keys as d
       set wrapped_key = private.seal(private.unwrap_data_key(v_row, v_keys), v_row.company_id, v_keys[1]),
           master_key_hint = v_hint, wrapped_at = now()
     where d.company_id = v_row.company_id;
    perform private.write_audit(v_row.company_id, 'company_data_keys.rewrapped', 'company_data_keys', null,
      jsonb_build_object('master_key_hint', jsonb_build_object('old', v_row.master_key_hint, 'new', v_hint)));
    rewrapped := rewrapped + 1;
  end loop;
  remaining := (select count(*) from private.company_data_keys as d where d.master_key_hint <> v_hint);
end
$fn$;
revoke execute on function private.rotate_master_key(text, integer) from public;
grant execute on function private.rotate_master_key(text, integer) to service_role;

create or replace function private.drop_company_data_key(p_company_id uuid) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_count integer;
begin
  perform private.require_operator();
  delete from private.company_data_keys as d where d.company_id = p_company_id;
  if not found then
    return 0;
  end if;
  v_count := (select count(*) from private.company_secrets as s where s.company_id = p_company_id);
  perform private.write_audit(p_company_id, 'company_data_keys.dropped', 'company_data_keys', null,
    jsonb_build_object('secrets', v_count));
  return v_count;
end
$fn$;
revoke execute on function private.drop_company_data_key(uuid) from public;
grant execute on function private.drop_company_data_key(uuid) to platform_admin, service_role;

create or replace function public.put_company_secret(
  company_id uuid, name text, value text, agent_id uuid default null, master_key text default null
) returns uuid
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.put_company_secret(company_id, name, value, agent_id, master_key);
end
$fn$;
revoke execute on function public.put_company_secret(uuid, text, text, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.put_company_secret(uuid, text, text, uuid, text) to authenticated, service_role;

create or replace function public.read_company_secret(
  company_id uuid, name text, agent_id uuid default null, master_key text default null
) returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.read_company_secret(company_id, name, agent_id, master_key);
end
$fn$;
revoke execute on function public.read_company_secret(uuid, text, uuid, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.read_company_secret(uuid, text, uuid, text) to service_role;

create or replace function public.delete_company_secret(company_id uuid, name text, agent_id uuid default null) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.delete_company_secret(company_id, name, agent_id);
end
$fn$;
revoke execute on function public.delete_company_secret(uuid, text, uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.delete_company_secret(uuid, text, uuid) to authenticated, service_role;

create or replace function public.list_company_secrets(company_id uuid)
returns table (name text, agent_id uuid, is_readable boolean, created_at timestamptz, updated_at timestamptz, updated_by uuid)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.list_company_secrets(company_id);
end
$fn$;
revoke execute on function public.list_company_secrets(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.list_company_secrets(uuid) to authenticated, platform_admin, service_role;

create or replace function public.rotate_master_key(
  master_key text default null, max_keys integer default 1000, out rewrapped integer, out remaining integer
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  select r.rewrapped, r.remaining into rewrapped, remaining from private.rotate_master_key(master_key, max_keys) as r;
end
$fn$;
revoke execute on function public.rotate_master_key(text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.rotate_master_key(text, integer) to service_role;

create or replace function public.drop_company_data_key(company_id uuid) returns integer
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.drop_company_data_key(company_id);
end
$fn$;
revoke execute on function public.drop_company_data_key(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.drop_company_data_key(uuid) to platform_admin, service_role;

revoke all on table private.company_data_keys from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.company_secrets from public, anon, authenticated, platform_admin, service_role;

comment on table private.company_data_keys is 'The key of each company that its secrets are encrypted with, itself encrypted with a master key. No API role may read it.';
comment on column private.company_data_keys.key_uuid is 'Names the data key in the secrets that it encrypts.';
comment on column private.company_data_keys.wrapped_key is 'The data key, encrypted with the master key (OpenPGP).';
comment on column private.company_data_keys.master_key_hint is 'Which master key: the beginning of its hash.';
comment on table private.company_secrets is 'Secrets of companies for third parties, encrypted. No API role may read it.';
comment on column private.company_secrets.agent_id is 'Agent that it is for; null for the whole company.';
comment on column private.company_secrets.key_uuid is 'Data key that it is encrypted with.';
comment on column private.company_secrets.ciphertext is 'The secret, encrypted with the company''s data key (OpenPGP).';
comment on function private.master_keys(text) is 'Master keys to use, the one that wraps first: as stated by the backend, else of Vault. Errors: 42501 backend_only; 22023 invalid_master_key.';
comment on function private.master_key_hint(text) is 'What a master key is recognised by: the beginning of its hash.';
comment on function private.seal(text, uuid, text) is 'Encrypts a text for one row with a key (OpenPGP, AES-256).';
comment on function private.unseal(bytea, uuid, text) is 'Decrypts what seal() made for that row. Errors: XX001 secret_corrupt.';
comment on function private.unwrap_data_key(private.company_data_keys, text[]) is 'The data key of a company. Errors: 22023 wrong_master_key; XX001 secret_corrupt.';
comment on function private.refuse_closed_company(uuid) is 'Passes for a company that is not closed. Errors: PT410 company_closed.';
comment on function private.put_company_secret(uuid, text, text, uuid, text) is 'Implementation of public.put_company_secret().';
comment on function private.read_company_secret(uuid, text, uuid, text) is 'Implementation of public.read_company_secret().';
comment on function private.delete_company_secret(uuid, text, uuid) is 'Implementation of public.delete_company_secret().';
comment on function private.list_company_secrets(uuid) is 'Implementation of public.list_company_secrets().';
comment on function private.rotate_master_key(text, integer) is 'Implementation of public.rotate_master_key().';
comment on function private.drop_company_data_key(uuid) is 'Implementation of public.drop_company_data_key().';
comment on function public.put_company_secret(uuid, text, text, uuid, text) is
  'Stores a secret of a company (1 to 65536 characters) under a name, for one agent or for all, in place of the one before; its id. It is encrypted with the company''s data key. For members holding api_keys.write, in their active company, and service_role; master_key is for the latter where there is no Vault. Recorded in the audit log, without the value. Errors: 42501 not_your_company, backend_only; PT404 unknown_company, unknown_agent; PT410 company_closed; 22023 invalid_secret, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';
comment on function public.read_company_secret(uuid, text, uuid, text) is
  'The value of a secret: the agent''s own if it has one of that name, else the company''s. Every read is recorded in the audit log. service_role only; master_key is stated where there is no Vault. Errors: PT404 unknown_secret; PT410 company_closed; 22023 secret_unreadable, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';
comment on function public.delete_company_secret(uuid, text, uuid) is
  'Removes a secret; false if there is none. For members holding api_keys.write, in their active company, and service_role. Errors: 42501 not_your_company.';
comment on function public.list_company_secrets(uuid) is
  'Names of a company''s secrets, whose they are and whether they can be read, never their values. Members holding api_keys.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator.';
comment on function public.rotate_master_key(text, integer) is
  'Wraps the data keys of at most max_keys companies (1 to 10000) with a new master key; call again until remaining is 0. master_key, or Vault''s secret lytbub_master_key, has the new key and the old one, separated by a space. service_role only. Errors: 22023 invalid_batch_size, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';
comment on function public.drop_company_data_key(uuid) is
  'Drops a company''s data key: none of its secrets can ever be read again, in no backup that was made later either. How many these are. What is stored afterwards has a new key. Operators and service_role only. Errors: 42501 not_an_operator.';

-- migrate:down
