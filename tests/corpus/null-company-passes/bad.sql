alter policy select_member on public.notes using (company_id = coalesce((select private.my_company()), company_id));
