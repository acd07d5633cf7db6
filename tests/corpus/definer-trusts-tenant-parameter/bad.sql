create function public.notes_of(p_company_id uuid) returns setof public.notes language sql stable security definer set search_path = '' as $$
  select * from public.notes as n where n.company_id = p_company_id
$$;
