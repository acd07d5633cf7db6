create table public.profiles (id uuid primary key references auth.users on delete cascade, full_name text not null);
alter table public.profiles enable row level security;
create policy read on public.profiles for select to authenticated using (
  exists (select from public.memberships as m where m.user_id = profiles.id and m.company_id = (select private.my_company()))
);
grant select on public.profiles to authenticated;
