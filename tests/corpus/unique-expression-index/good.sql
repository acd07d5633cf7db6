create table public.contacts (company_id uuid not null references public.companies, id uuid not null default gen_random_uuid(), email text not null, primary key (company_id, id));
create unique index on public.contacts (company_id, lower(email));
alter table public.contacts enable row level security;
create policy select_member on public.contacts
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.contacts
  for insert to authenticated with check (company_id = (select private.my_company()));
grant select, insert on public.contacts to authenticated;
