create policy invite on public.memberships for insert to authenticated with check (
  company_id = (select private.my_company()) and user_id <> (select auth.uid())
);
grant insert on public.memberships to authenticated;
