-- migrate:up
-- Documents and media assets. A file's path must lie in its company's folder, so that a row cannot point at another
-- company's file.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Documents of a company. The file itself lies in bucket documents, in the folder named by the company's id.
create table if not exists public.documents (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  title text not null,
  description text,
  storage_path text not null,
  mime_type text not null,
  size_bytes bigint not null,
  checksum_sha256 text,
  status text not null default 'pending',
  confidentiality text not null default 'internal',
  version integer not null default 1,
  metadata jsonb not null default '{}',
  job_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint documents_storage_path_is_unique_in_company unique (company_id, storage_path),
  constraint documents_job_fk foreign key (company_id, job_id)
    references public.jobs (company_id, id) on delete no action,
  constraint documents_title_is_not_blank check (title ~ '\S' and length(title) <= 300),
  constraint documents_storage_path_is_in_company_folder check (
    split_part(storage_path, '/', 1) = company_id::text and storage_path ~ '^[^/]+/.*[^/]$'
    and storage_path !~ '(^|/)\.\.?(/|$)'),
  constraint documents_mime_type_is_media_type check (mime_type ~ '^[a-z]+/[a-z0-9][a-z0-9.+-]*$'),
  constraint documents_size_bytes_is_not_negative check (size_bytes >= 0),
  constraint documents_checksum_sha256_is_hex check (checksum_sha256 ~ '^[0-9a-f]{64}$'),
  constraint documents_metadata_is_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 65536),
  constraint documents_status_is_known check (status in ('pending', 'ready', 'archived')),
  constraint documents_confidentiality_is_known check (confidentiality in ('public', 'internal', 'confidential')),
  constraint documents_version_is_positive check (version > 0)
);

-- Images, video and audio of a company. The file itself lies in bucket media, in the folder named by the
-- company's id.
create table if not exists public.media_assets (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  title text not null,
  description text,
  storage_path text not null,
  mime_type text not null,
  size_bytes bigint not null,
  checksum_sha256 text,
  kind text not null,
  alt_text text,
  width_px integer,
  height_px integer,
  duration_ms integer,
  metadata jsonb not null default '{}',
  job_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint media_assets_storage_path_is_unique_in_company unique (company_id, storage_path),
  constraint media_assets_job_fk foreign key (company_id, job_id)
    references public.jobs (company_id, id) on delete no action,
  constraint media_assets_title_is_not_blank check (title ~ '\S' and length(title) <= 300),
  constraint media_assets_storage_path_is_in_company_folder check (
    split_part(storage_path, '/', 1) = company_id::text and storage_path ~ '^[^/]+/.*[^/]$'
    and storage_path !~ '(^|/)\.\.?(/|$)'),
  constraint media_assets_mime_type_is_media_type check (mime_type ~ '^[a-z]+/[a-z0-9][a-z0-9.+-]*$'),
  constraint media_assets_size_bytes_is_not_negative check (size_bytes >= 0),
  constraint media_assets_checksum_sha256_is_hex check (checksum_sha256 ~ '^[0-9a-f]{64}$'),
  constraint media_assets_metadata_is_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 65536),
  constraint media_assets_kind_is_known check (kind in ('image', 'video', 'audio')),
  constraint media_assets_kind_fits_mime_type check (split_part(mime_type, '/', 1) = kind),
  constraint media_assets_dimensions_are_positive check (width_px > 0 and height_px > 0),
  constraint media_assets_duration_ms_is_not_negative check (duration_ms >= 0)
);

-- Latest first.
create index if not exists documents_company_id_created_at_idx
  on public.documents (company_id, created_at desc);
-- Files of a job.
create index if not exists documents_company_id_job_id_idx
  on public.documents (company_id, job_id);
-- Documents by title.
create index if not exists documents_company_id_status_title_idx
  on public.documents (company_id, status, title);

-- Latest first.
create index if not exists media_assets_company_id_created_at_idx
  on public.media_assets (company_id, created_at desc);
-- Files of a job.
create index if not exists media_assets_company_id_job_id_idx
  on public.media_assets (company_id, job_id);
-- Media by kind and title.
create index if not exists media_assets_company_id_kind_title_idx
  on public.media_assets (company_id, kind, title);

create or replace trigger set_row_meta
  before insert or update on public.documents
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.documents
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('documents');

create or replace trigger set_row_meta
  before insert or update on public.media_assets
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.media_assets
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('media_assets');

alter table public.documents enable row level security;
drop policy if exists select_member on public.documents;
create policy select_member on public.documents
  for select to authenticated
  using (company_id = (select private.company_for('documents.read')));
drop policy if exists insert_member on public.documents;
create policy insert_member on public.documents
  for insert to authenticated
  with check (company_id = (select private.company_for('documents.write')));
drop policy if exists update_member on public.documents;
create policy update_member on public.documents
  for update to authenticated
  using (company_id = (select private.company_for('documents.write')))
  with check (company_id = (select private.company_for('documents.write')));
drop policy if exists delete_member on public.documents;
create policy delete_member on public.documents
  for delete to authenticated
  using (company_id = (select private.company_for('documents.write')));
drop policy if exists all_platform_admin on public.documents;
create policy all_platform_admin on public.documents
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

alter table public.media_assets enable row level security;
drop policy if exists select_member on public.media_assets;
create policy select_member on public.media_assets
  for select to authenticated
  using (company_id = (select private.company_for('media.read')));
drop policy if exists insert_member on public.media_assets;
create policy insert_member on public.media_assets
  for insert to authenticated
  with check (company_id = (select private.company_for('media.write')));
drop policy if exists update_member on public.media_assets;
create policy update_member on public.media_assets
  for update to authenticated
  using (company_id = (select private.company_for('media.write')))
  with check (company_id = (select private.company_for('media.write')));
drop policy if exists delete_member on public.media_assets;
create policy delete_member on public.media_assets
  for delete to authenticated
  using (company_id = (select private.company_for('media.write')));
drop policy if exists all_platform_admin on public.media_assets;
create policy all_platform_admin on public.media_assets
  for all to platform_admin
  using ((select private.is_platform_admin()))
  with check ((select private.is_platform_admin()));

revoke all on table public.documents from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.documents to authenticated;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, status,
  confidentiality, version, metadata, job_id
) on table public.documents to authenticated;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, status, confidentiality,
  version, metadata, job_id
) on table public.documents to authenticated;
grant select, delete on table public.documents to platform_admin;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, status,
  confidentiality, version, metadata, job_id
) on table public.documents to platform_admin;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, status, confidentiality,
  version, metadata, job_id
) on table public.documents to platform_admin;
grant select, delete on table public.documents to service_role;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, status,
  confidentiality, version, metadata, job_id, created_at, updated_at, created_by, updated_by
) on table public.documents to service_role;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, status, confidentiality,
  version, metadata, job_id, updated_at, created_by, updated_by
) on table public.documents to service_role;

revoke all on table public.media_assets from public, anon, authenticated, platform_admin, service_role;
grant select, delete on table public.media_assets to authenticated;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind,
  alt_text, width_px, height_px, duration_ms, metadata, job_id
) on table public.media_assets to authenticated;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind, alt_text, width_px,
  height_px, duration_ms, metadata, job_id
) on table public.media_assets to authenticated;
grant select, delete on table public.media_assets to platform_admin;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind,
  alt_text, width_px, height_px, duration_ms, metadata, job_id
) on table public.media_assets to platform_admin;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind, alt_text, width_px,
  height_px, duration_ms, metadata, job_id
) on table public.media_assets to platform_admin;
grant select, delete on table public.media_assets to service_role;
grant insert (
  company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind,
  alt_text, width_px, height_px, duration_ms, metadata, job_id, created_at, updated_at, created_by,
  updated_by
) on table public.media_assets to service_role;
grant update (
  title, description, storage_path, mime_type, size_bytes, checksum_sha256, kind, alt_text, width_px,
  height_px, duration_ms, metadata, job_id, updated_at, created_by, updated_by
) on table public.media_assets to service_role;

comment on table public.documents is 'Documents of a company. The file is in storage bucket documents.';
comment on column public.documents.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.documents.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.documents.title is 'Title shown to people.';
comment on column public.documents.description is 'What it is.';
comment on column public.documents.storage_path is 'Path in bucket documents; begins with the company''s id and a slash.';
comment on column public.documents.mime_type is 'Media type (RFC 6838), such as application/pdf.';
comment on column public.documents.size_bytes is 'Size of the file, bytes.';
comment on column public.documents.checksum_sha256 is 'SHA-256 of the file, 64 hexadecimal digits.';
comment on column public.documents.status is 'pending (upload under way), ready or archived.';
comment on column public.documents.confidentiality is 'public, internal or confidential.';
comment on column public.documents.version is 'Version of the document, from 1.';
comment on column public.documents.metadata is 'Anything else known about it, an object.';
comment on column public.documents.job_id is 'Job that made or uses it, of the same company.';
comment on column public.documents.created_at is 'When the row was created.';
comment on column public.documents.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.documents.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.documents.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.documents is 'Members holding documents.read see the rows of their active company.';
comment on policy insert_member on public.documents is 'Members holding documents.write add rows to their active company only.';
comment on policy update_member on public.documents is 'Members holding documents.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.documents is 'Members holding documents.write delete rows of their active company.';
comment on policy all_platform_admin on public.documents is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

comment on table public.media_assets is 'Images, video and audio of a company. The file is in storage bucket media.';
comment on column public.media_assets.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.media_assets.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.media_assets.title is 'Title shown to people.';
comment on column public.media_assets.description is 'What it is.';
comment on column public.media_assets.storage_path is 'Path in bucket media; begins with the company''s id and a slash.';
comment on column public.media_assets.mime_type is 'Media type (RFC 6838), such as application/pdf.';
comment on column public.media_assets.size_bytes is 'Size of the file, bytes.';
comment on column public.media_assets.checksum_sha256 is 'SHA-256 of the file, 64 hexadecimal digits.';
comment on column public.media_assets.kind is 'image, video or audio.';
comment on column public.media_assets.alt_text is 'Text for those who cannot see it.';
comment on column public.media_assets.width_px is 'Width in pixels; images and video.';
comment on column public.media_assets.height_px is 'Height in pixels; images and video.';
comment on column public.media_assets.duration_ms is 'Length in milliseconds; video and audio.';
comment on column public.media_assets.metadata is 'Anything else known about it, an object.';
comment on column public.media_assets.job_id is 'Job that made or uses it, of the same company.';
comment on column public.media_assets.created_at is 'When the row was created.';
comment on column public.media_assets.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.media_assets.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.media_assets.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on policy select_member on public.media_assets is 'Members holding media.read see the rows of their active company.';
comment on policy insert_member on public.media_assets is 'Members holding media.write add rows to their active company only.';
comment on policy update_member on public.media_assets is 'Members holding media.write change rows of their active company and cannot move them out of it.';
comment on policy delete_member on public.media_assets is 'Members holding media.write delete rows of their active company.';
comment on policy all_platform_admin on public.media_assets is 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

-- migrate:down
