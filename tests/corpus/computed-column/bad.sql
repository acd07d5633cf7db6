create function public.company_name(public.notes) returns text language sql stable security definer set search_path = '' as $$
  select c.name from public.companies as c where c.id = $1.company_id
$$;
