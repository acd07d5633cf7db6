-- migrate:up
-- API keys without their secrets, and the audit log.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Keys of a company's programs. Only what identifies a key stands here; the hash of its secret is in
-- private.api_key_secrets.
create table if not exists public.api_keys (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  name text not null,
  prefix text not null,
  permissions text[] not null default '{}',
  allowed_networks cidr[] not null default '{}',
  rate_limit_per_minute integer,
  replaces_id uuid,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint api_keys_prefix_is_unique_in_company unique (company_id, prefix),
  constraint api_keys_name_is_not_blank check (name ~ '\S' and length(name) <= 120),
  constraint api_keys_prefix_is_short check (prefix ~ '^[A-Za-z0-9_]{6,24}$'),
  constraint api_keys_rate_limit_per_minute_is_possible check (rate_limit_per_minute between 1 and 1000000)
);

-- Who did what to which row, append-only for everybody and partitioned by month. It outlives people and rows, so
-- it refers to them without foreign keys.
create table if not exists public.audit_logs (
  company_id uuid not null references public.companies (id) on delete restrict,
  id uuid not null default private.uuid_v7(),
  actor_id uuid,
  actor_role text,
  action text not null,
  table_name text,
  row_id uuid,
  changes jsonb not null default '{}',
  ip_address inet,
  user_agent text,
  request_id text,
  transaction_id xid8 not null default pg_current_xact_id(),
  salt uuid default gen_random_uuid(),
  opens_link boolean not null default true,
  commitments jsonb,
  created_at timestamptz not null default now(),
  created_by uuid,
  primary key (company_id, created_at, id),
  constraint audit_logs_action_is_dotted_name check (action ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
  constraint audit_logs_changes_is_object check (jsonb_typeof(changes) = 'object' and pg_column_size(changes) <= 1048576),
  constraint audit_logs_commitments_is_object check (jsonb_typeof(commitments) = 'object')
) partition by range (created_at);

-- Latest keys.
create index if not exists api_keys_company_id_created_at_idx
  on public.api_keys (company_id, created_at desc);

-- A key is replaced once.
create unique index if not exists api_keys_company_id_replaces_id_idx
  on public.api_keys (company_id, replaces_id) where replaces_id is not null;

-- What somebody did.
create index if not exists audit_logs_company_id_actor_id_created_at_idx
  on public.audit_logs (company_id, actor_id, created_at desc);
-- What happened to a row.
create index if not exists audit_logs_company_id_table_name_row_id_idx
  on public.audit_logs (company_id, table_name, row_id);

-- That a key was used is no change of it.
create or replace trigger set_row_meta
  before insert or update of name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at,
    revoked_at, created_at, updated_at, created_by, updated_by on public.api_keys
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.api_keys
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('api_keys');

create or replace trigger keep_tenant
  before update on public.audit_logs
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('audit_logs');
create or replace trigger refuse_change
  before update or delete on public.audit_logs
  for each row execute function private.tg_row__refuse_change('audit_logs');
create or replace trigger refuse_truncate
  before truncate on public.audit_logs
  for each statement execute function private.tg_row__refuse_change('audit_logs');

alter table public.api_keys enable row level security;
drop policy if exists select_member on public.api_keys;
create policy select_member on public.api_keys
  for select to authenticated
  using (company_id = (select private.company_for('api_keys.read')));
drop policy if exists select_platform_admin on public.api_keys;
create policy select_platform_admin on public.api_keys
  for select to platform_admin
  using ((select private.is_platform_admin()));

alter table public.audit_logs enable row level security;
drop policy if exists select_member on public.audit_logs;
create policy select_member on public.audit_logs
  for select to authenticated
  using (company_id = (select private.company_for('audit.read')));
drop policy if exists select_platform_admin on public.audit_logs;
create policy select_platform_admin on public.audit_logs
  for select to platform_admin
  using ((select private.is_platform_admin()));

-- No write for members and admins on purpose: keys are issued, rotated and revoked by functions, which alone see
-- the secret.
revoke all on table public.api_keys from public, anon, authenticated, platform_admin, service_role;
grant select on table public.api_keys to authenticated;
grant select on table public.api_keys to platform_admin;
grant select, delete on table public.api_keys to service_role;
grant insert (
  company_id, id, name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at,
  last_used_at, revoked_at, created_at, updated_at, created_by, updated_by
) on table public.api_keys to service_role;
grant update (
  name, prefix, permissions, allowed_networks, rate_limit_per_minute, expires_at, last_used_at,
  revoked_at, updated_at, created_by, updated_by
) on table public.api_keys to service_role;

-- Append-only for everybody, service_role included: no update, delete or truncate grant exists. Id, time and
-- transaction of a row are the database's to say, not the backend's.
revoke all on table public.audit_logs from public, anon, authenticated, platform_admin, service_role;
grant select on table public.audit_logs to authenticated;
grant select on table public.audit_logs to platform_admin;
grant select on table public.audit_logs to service_role;
grant insert (
  company_id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id
) on table public.audit_logs to service_role;

-- The hash of a random key of at least 128 bits needs no slow hash. It is unique across companies, on purpose: it is
-- looked up before the company is known, and being random it tells nobody anything.
create table if not exists private.api_key_secrets (
  company_id uuid not null,
  api_key_id uuid not null,
  key_hash bytea not null,
  primary key (company_id, api_key_id),
  constraint api_key_secrets_api_key_fk foreign key (company_id, api_key_id)
    references public.api_keys (company_id, id) on delete cascade,
  constraint api_key_secrets_key_hash_is_unique unique (key_hash),
  constraint api_key_secrets_key_hash_is_sha256 check (length(key_hash) = 32)
);
comment on table private.api_key_secrets is 'SHA-256 of each API key. No API role may read it.';

-- A default partition, so that no row is ever refused for its date, and the coming months.
create table if not exists private.audit_logs_default partition of public.audit_logs default;
select private.close_partition('audit_logs_default');
insert into private.partitioned_tables (table_name) values
  ('audit_logs')
on conflict (table_name) do nothing;

select private.maintain_partitions();

comment on table public.api_keys is 'API keys of a company, without their secrets.';
comment on column public.api_keys.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.api_keys.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.api_keys.name is 'What the key is for.';
comment on column public.api_keys.prefix is 'First characters of the key, to recognise it by.';
comment on column public.api_keys.permissions is 'What a program with this key may do.';
comment on column public.api_keys.allowed_networks is 'Networks that it may come from; empty for any.';
comment on column public.api_keys.rate_limit_per_minute is 'Requests a minute, beside the company''s own limit; null for that alone.';
comment on column public.api_keys.replaces_id is 'Key that it was rotated from. No foreign key: it outlives that.';
comment on column public.api_keys.expires_at is 'Not valid from this time on; null for no end.';
comment on column public.api_keys.last_used_at is 'When it was last verified, to the minute.';
comment on column public.api_keys.revoked_at is 'When it was revoked.';
comment on column public.api_keys.created_at is 'When the row was created.';
comment on column public.api_keys.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.api_keys.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.api_keys.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.api_keys is 'Members holding api_keys.read see the rows of their active company.';
comment on policy select_platform_admin on public.api_keys is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.audit_logs is 'Audit log of a company. Append-only; partitioned by month of created_at.';
comment on column public.audit_logs.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.audit_logs.id is 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';
comment on column public.audit_logs.actor_id is 'Auth user who acted; null for backend jobs.';
comment on column public.audit_logs.actor_role is 'Role in which they acted.';
comment on column public.audit_logs.action is 'What was done, such as users.role_changed.';
comment on column public.audit_logs.table_name is 'Table that was touched.';
comment on column public.audit_logs.row_id is 'Row that was touched.';
comment on column public.audit_logs.changes is 'Old and new values of what changed, an object.';
comment on column public.audit_logs.ip_address is 'Address that the request came from.';
comment on column public.audit_logs.user_agent is 'Program that the request came from.';
comment on column public.audit_logs.request_id is 'Id of the request.';
comment on column public.audit_logs.transaction_id is 'Transaction that wrote it: one link of the chain.';
comment on column public.audit_logs.salt is 'Keeps commitments from being guessed; null once a field was erased.';
comment on column public.audit_logs.opens_link is 'Whether the end of the transaction comes to this row to link all that it wrote: one row of each statement does.';
comment on column public.audit_logs.commitments is 'Of a row from which fields were erased: the commitment (c) of each erased field, the salt (s) of each other.';
comment on column public.audit_logs.created_at is 'When the row was recorded; also the partition key.';
comment on column public.audit_logs.created_by is 'Auth user who recorded the row; null for backend jobs.';
comment on policy select_member on public.audit_logs is 'Members holding audit.read see the rows of their active company.';
comment on policy select_platform_admin on public.audit_logs is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

-- migrate:down
