create table public.categories (id uuid primary key default gen_random_uuid(), name text not null);
insert into public.categories (name) values ('general');
alter table public.notes add column category_id uuid references public.categories on delete cascade;
alter table public.categories enable row level security;
create policy read on public.categories for select to authenticated using (true);
grant select on public.categories to authenticated;
create policy remove on public.categories for delete to authenticated using (true);
grant delete on public.categories to authenticated;
