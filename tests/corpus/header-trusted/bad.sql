alter policy select_member on public.notes using (company_id = (nullif(current_setting('request.headers', true), '')::json ->> 'x-company-id')::uuid);
