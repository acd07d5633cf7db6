alter policy select_member on public.notes using (
  company_id = (select private.my_company())
  or exists (select from public.memberships as m where m.user_id = (select auth.uid()) and m.role = 'owner')
);
