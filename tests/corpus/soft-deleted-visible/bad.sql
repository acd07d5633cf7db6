alter table public.notes add column deleted_at timestamptz;
alter policy select_member on public.notes using (company_id = (select private.my_company()) or deleted_at is not null);
