alter policy select_member on public.memberships using (true);
