alter policy select_member on public.notes using (
  exists (select from public.memberships as m where m.company_id = company_id and m.user_id = (select auth.uid()))
);
