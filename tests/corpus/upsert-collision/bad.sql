create table public.preferences (name text primary key, company_id uuid not null references public.companies, value text);
alter table public.preferences enable row level security;
create policy select_member on public.preferences
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.preferences
  for insert to authenticated with check (company_id = (select private.my_company()));
create policy update_member on public.preferences
  for update to authenticated using (company_id = (select private.my_company())) with check (company_id = (select private.my_company()));
grant select, insert, update on public.preferences to authenticated;
alter policy update_member on public.preferences using (true) with check (company_id = (select private.my_company()));
alter policy select_member on public.preferences using (true);
