alter policy select_member on public.notes using (company_id in (select m.company_id from public.memberships as m where m.user_id = (select auth.uid())));
