create policy join_company on public.memberships for insert to authenticated with check (user_id = (select auth.uid()));
grant insert on public.memberships to authenticated;
