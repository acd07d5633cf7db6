alter policy select_member on public.notes using (company_id = (auth.jwt() -> 'user_metadata' ->> 'company_id')::uuid);
