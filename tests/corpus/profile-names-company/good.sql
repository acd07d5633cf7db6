create table public.companies (id uuid primary key default gen_random_uuid(), name text not null);
create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  company_id uuid not null references public.companies,
  role text not null default 'member' check (role in ('owner', 'member')),
  full_name text
);
alter table public.companies enable row level security;
alter table public.profiles enable row level security;
create policy own on public.profiles for select to authenticated using (id = (select auth.uid()));
create policy edit on public.profiles for update to authenticated using (id = (select auth.uid()));
grant select, update (full_name) on public.profiles to authenticated;
