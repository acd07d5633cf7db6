alter policy update_member on public.notes using (company_id = (select private.my_company())) with check (company_id = (select private.my_company()));
