-- What the cases of the corpus have in common: companies, their members, and notes that are theirs alone.
create table public.companies (
  id uuid primary key default gen_random_uuid(),
  name text not null
);
create table public.memberships (
  company_id uuid not null references public.companies on delete cascade,
  user_id uuid not null references auth.users on delete cascade,
  role text not null default 'member' check (role in ('owner', 'member')),
  primary key (company_id, user_id)
);
create schema private;
grant usage on schema private to authenticated;

create function private.my_company() returns uuid language sql stable security definer set search_path = '' as $$
  select m.company_id from public.memberships as m where m.user_id = auth.uid() order by 1 limit 1
$$;
revoke execute on function private.my_company() from public;
grant execute on function private.my_company() to authenticated;

alter table public.companies enable row level security;
create policy select_member on public.companies
  for select to authenticated using (id = (select private.my_company()));
grant select on public.companies to authenticated;

alter table public.memberships enable row level security;
create policy select_member on public.memberships
  for select to authenticated using (company_id = (select private.my_company()));
grant select on public.memberships to authenticated;

create table public.notes (
  company_id uuid not null references public.companies on delete cascade,
  id uuid not null default gen_random_uuid(),
  title text not null,
  body text,
  primary key (company_id, id)
);
alter table public.notes enable row level security;
create policy select_member on public.notes
  for select to authenticated using (company_id = (select private.my_company()));
create policy insert_member on public.notes
  for insert to authenticated with check (company_id = (select private.my_company()));
create policy update_member on public.notes
  for update to authenticated
  using (company_id = (select private.my_company()))
  with check (company_id = (select private.my_company()));
create policy delete_member on public.notes
  for delete to authenticated using (company_id = (select private.my_company()));
grant select, insert, update, delete on public.notes to authenticated;
