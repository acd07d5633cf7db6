create function public.list_notes(p_company_id uuid default null) returns setof public.notes
  language sql stable security definer set search_path = '' as $$
  select n.* from public.notes as n
   where n.company_id = coalesce(p_company_id, private.my_company())
     and n.company_id = private.my_company()
   order by n.company_id, n.id
$$;
