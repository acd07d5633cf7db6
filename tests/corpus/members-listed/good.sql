alter policy select_member on public.memberships using (company_id = (select private.my_company()) or user_id = (select auth.uid()));
