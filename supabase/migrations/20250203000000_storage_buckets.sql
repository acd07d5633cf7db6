-- migrate:up
-- Storage buckets for documents and media. A file's first folder is the company's id, and the policies compare it
-- with the gate's answer, once a statement, like those of every table.

set lock_timeout = '5s';
set statement_timeout = '10min';

insert into storage.buckets (id, name, public, file_size_limit) values
  ('documents', 'documents', false, 52428800),
  ('media', 'media', false, 524288000)
on conflict (id) do update set public = false;

grant usage on schema storage to platform_admin;
grant select on table storage.buckets to platform_admin;
grant select, insert, delete on table storage.objects to platform_admin;

drop policy if exists documents_select_member on storage.objects;
create policy documents_select_member on storage.objects
  for select to authenticated
  using (bucket_id = 'documents' and (storage.foldername(name))[1] = (select private.company_for('documents.read')::text));

drop policy if exists documents_insert_member on storage.objects;
create policy documents_insert_member on storage.objects
  for insert to authenticated
  with check (bucket_id = 'documents' and (storage.foldername(name))[1] = (select private.company_for('documents.write')::text)
    and name !~ '(^|/)\.\.?(/|$)');

drop policy if exists documents_update_member on storage.objects;
create policy documents_update_member on storage.objects
  for update to authenticated
  using (bucket_id = 'documents' and (storage.foldername(name))[1] = (select private.company_for('documents.write')::text))
  with check (bucket_id = 'documents' and (storage.foldername(name))[1] = (select private.company_for('documents.write')::text)
    and name !~ '(^|/)\.\.?(/|$)');

drop policy if exists documents_delete_member on storage.objects;
create policy documents_delete_member on storage.objects
  for delete to authenticated
  using (bucket_id = 'documents' and (storage.foldername(name))[1] = (select private.company_for('documents.write')::text));

drop policy if exists media_select_member on storage.objects;
create policy media_select_member on storage.objects
  for select to authenticated
  using (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.company_for('media.read')::text));

drop policy if exists media_insert_member on storage.objects;
create policy media_insert_member on storage.objects
  for insert to authenticated
  with check (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.company_for('media.write')::text)
    and name !~ '(^|/)\.\.?(/|$)');

drop policy if exists media_update_member on storage.objects;
create policy media_update_member on storage.objects
  for update to authenticated
  using (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.company_for('media.write')::text))
  with check (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.company_for('media.write')::text)
    and name !~ '(^|/)\.\.?(/|$)');

drop policy if exists media_delete_member on storage.objects;
create policy media_delete_member on storage.objects
  for delete to authenticated
  using (bucket_id = 'media' and (storage.foldername(name))[1] = (select private.company_for('media.write')::text));

-- Operators get no update on purpose: it would let them move a file to another company's folder.
drop policy if exists files_select_platform_admin on storage.objects;
create policy files_select_platform_admin on storage.objects
  for select to platform_admin
  using (bucket_id in ('documents', 'media') and (select private.is_platform_admin()));
drop policy if exists files_insert_platform_admin on storage.objects;
create policy files_insert_platform_admin on storage.objects
  for insert to platform_admin
  with check (bucket_id in ('documents', 'media') and (select private.is_platform_admin()));
drop policy if exists files_delete_platform_admin on storage.objects;
create policy files_delete_platform_admin on storage.objects
  for delete to platform_admin
  using (bucket_id in ('documents', 'media') and (select private.is_platform_admin()));

-- migrate:down
