create policy same_company on public.notes as restrictive for select to authenticated using (company_id = (select private.my_company()));
create policy members on public.notes for all to authenticated using (true) with check (true);
