alter policy select_member on public.notes using ((select auth.uid()) is not null);
