create table public.app_settings (name text primary key, value text not null);
insert into public.app_settings values ('maintenance', 'off');
alter table public.app_settings enable row level security;
create policy read on public.app_settings for select to authenticated using (true);
grant select on public.app_settings to authenticated;
