alter policy insert_member on public.notes with check (true);
