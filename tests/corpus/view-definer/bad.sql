create view public.all_notes as select * from public.notes;
grant select on public.all_notes to authenticated;
