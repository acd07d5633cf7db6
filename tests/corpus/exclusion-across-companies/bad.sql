create table public.bookings (company_id uuid not null references public.companies, id uuid not null default gen_random_uuid(), room text not null, primary key (company_id, id), exclude using btree (room with =));
alter table public.bookings enable row level security;
create policy select_member on public.bookings
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.bookings
  for insert to authenticated with check (company_id = (select private.my_company()));
grant select, insert on public.bookings to authenticated;
