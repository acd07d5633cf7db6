alter table public.notes add column status text not null default 'draft' check (status in ('draft', 'review', 'published'));
alter policy select_member on public.notes using (
  company_id = (select private.my_company()) and status = 'draft' or status = 'review'
);
