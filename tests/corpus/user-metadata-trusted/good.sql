alter policy select_member on public.notes using (company_id = (select private.my_company()));
