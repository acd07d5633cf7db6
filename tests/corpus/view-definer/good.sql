create view public.all_notes with (security_invoker = true) as select * from public.notes;
grant select on public.all_notes to authenticated;
