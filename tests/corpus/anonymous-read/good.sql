create policy read on public.notes for select to authenticated using (company_id = (select private.my_company()));
grant select on public.notes to anon;
create policy nothing on public.notes for select to anon using (false);
