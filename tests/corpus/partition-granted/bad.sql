create table public.events (
  company_id uuid not null references public.companies,
  id uuid not null default gen_random_uuid(),
  happened_on date not null default current_date,
  what text,
  primary key (company_id, happened_on, id)
) partition by range (happened_on);
create table public.events_past partition of public.events for values from (minvalue) to ('2027-01-01');
create table public.events_future partition of public.events for values from ('2027-01-01') to (maxvalue);
alter table public.events enable row level security;
create policy select_member on public.events
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.events
  for insert to authenticated with check (company_id = (select private.my_company()));
grant select, insert on public.events to authenticated;
grant select on all tables in schema public to authenticated;
