create policy read on public.notes for select using (true);
grant select on public.notes to anon;
