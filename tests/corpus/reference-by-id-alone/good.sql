create table public.tasks (
  company_id uuid not null references public.companies,
  id uuid not null default gen_random_uuid(),
  note_id uuid,
  primary key (company_id, id),
  foreign key (company_id, note_id) references public.notes
);
alter table public.tasks enable row level security;
create policy select_member on public.tasks
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.tasks
  for insert to authenticated with check (company_id = (select private.my_company()));
grant select, insert on public.tasks to authenticated;
