insert into storage.buckets (id, name) values ('files', 'files');
create policy files_read on storage.objects for select to authenticated using (bucket_id = 'files' and (storage.foldername(name))[1] = (select private.my_company())::text);
create policy files_change on storage.objects for update to authenticated using (bucket_id = 'files' and (storage.foldername(name))[1] = (select private.my_company())::text) with check (bucket_id = 'files' and (storage.foldername(name))[1] = (select private.my_company())::text);
