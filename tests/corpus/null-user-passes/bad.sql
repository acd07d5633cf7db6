alter policy select_member on public.notes using (company_id = (select private.my_company()) or auth.uid() is null);
