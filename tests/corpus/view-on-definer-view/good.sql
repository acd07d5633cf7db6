create view private.note_list with (security_invoker = true) as select company_id, id, title from public.notes;
create view public.recent_notes with (security_invoker = true) as select * from private.note_list;
grant select on private.note_list, public.recent_notes to authenticated;
