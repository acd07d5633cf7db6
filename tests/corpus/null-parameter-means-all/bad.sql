create function public.list_notes(p_company_id uuid default null) returns setof public.notes
  language sql stable security definer set search_path = '' as $$
  select n.* from public.notes as n
   where (p_company_id is null or n.company_id = p_company_id)
     and (p_company_id is null or p_company_id = private.my_company())
   order by n.company_id, n.id
$$;
