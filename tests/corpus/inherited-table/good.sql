create table public.signed_notes (signed_by text) inherits (public.notes);
alter table public.signed_notes enable row level security;
create policy select_member on public.signed_notes
  for select to authenticated using (company_id = (select private.my_company()));
grant select on public.signed_notes to authenticated;
