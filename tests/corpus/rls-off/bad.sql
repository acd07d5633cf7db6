create table public.invoices (company_id uuid not null references public.companies, id uuid primary key default gen_random_uuid(), total bigint not null);
create policy select_member on public.invoices for select to authenticated using (company_id = (select private.my_company()));
grant select on public.invoices to authenticated;
