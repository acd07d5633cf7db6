alter policy select_member on public.notes using ((select auth.uid()) is not null and company_id = (select private.my_company()));
