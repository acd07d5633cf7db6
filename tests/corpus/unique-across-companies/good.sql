alter table public.notes add unique (company_id, title);
