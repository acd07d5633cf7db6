grant all on public.notes to authenticated;
revoke truncate, references, trigger on public.notes from authenticated;
