alter policy select_member on public.notes using (company_id = (auth.jwt() -> 'app_metadata' ->> 'company_id')::uuid);
