create function public.notes_of(p_company_id uuid) returns setof public.notes language sql stable security definer set search_path = '' as $$
  select n.*
    from public.notes as n
   where n.company_id = p_company_id
     and exists (
       select from public.memberships as m where m.company_id = p_company_id and m.user_id = auth.uid()
     )
$$;
