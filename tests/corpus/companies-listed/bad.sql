alter policy select_member on public.companies using (true);
