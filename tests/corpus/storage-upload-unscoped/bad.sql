insert into storage.buckets (id, name) values ('files', 'files');
create policy files_read on storage.objects for select to authenticated using (bucket_id = 'files' and (storage.foldername(name))[1] = (select private.my_company())::text);
create policy files_add on storage.objects for insert to authenticated with check (bucket_id = 'files' and owner_id = (select auth.uid())::text);
