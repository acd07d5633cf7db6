alter policy update_member on public.notes using (true) with check (true);
