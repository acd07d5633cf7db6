create policy same_company on public.notes for select to authenticated using (company_id = (select private.my_company()));
alter policy select_member on public.notes using ((select auth.role()) = 'authenticated');
