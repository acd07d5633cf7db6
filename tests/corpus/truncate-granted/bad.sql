grant all on public.notes to authenticated;
