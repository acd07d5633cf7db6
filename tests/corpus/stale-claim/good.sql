alter policy select_member on public.notes using (
  company_id = (auth.jwt() -> 'app_metadata' ->> 'company_id')::uuid
  and exists (select from public.memberships as m where m.company_id = notes.company_id and m.user_id = (select auth.uid()))
);
