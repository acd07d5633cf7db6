create function public.company_overview() returns setof public.companies language sql stable security definer set search_path = '' as $$
  select * from public.companies order by id
$$;
-- What the platform's default privileges do with every new function.
grant execute on function public.company_overview() to anon, authenticated, service_role;
revoke execute on function public.company_overview() from public, anon, authenticated;
