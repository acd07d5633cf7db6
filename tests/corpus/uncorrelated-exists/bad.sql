alter policy select_member on public.notes using (exists (select from public.memberships as m where m.user_id = (select auth.uid())));
