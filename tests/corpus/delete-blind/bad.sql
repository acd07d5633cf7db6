alter policy delete_member on public.notes using (true);
