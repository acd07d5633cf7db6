alter publication supabase_realtime add table public.notes;
alter publication supabase_realtime set (publish = 'insert, update');
