create table public.profiles (id uuid primary key references auth.users on delete cascade, full_name text not null);
alter table public.profiles enable row level security;
create policy read on public.profiles for select to authenticated using (true);
grant select on public.profiles to authenticated;
