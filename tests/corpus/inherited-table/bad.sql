create table public.signed_notes (signed_by text) inherits (public.notes);
grant select on public.signed_notes to authenticated;
