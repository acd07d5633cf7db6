alter policy insert_member on public.notes with check (company_id = (select private.my_company()));
