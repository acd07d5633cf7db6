alter policy select_member on public.notes using (
  company_id = (select private.my_company())
  and company_id = coalesce((nullif(current_setting('request.headers', true), '')::json ->> 'x-company-id')::uuid, company_id)
);
