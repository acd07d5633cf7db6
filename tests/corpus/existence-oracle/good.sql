create function public.title_is_taken(p_title text) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select from public.notes as n where n.title = p_title and n.company_id = private.my_company())
$$;
revoke execute on function public.title_is_taken(text) from public;
grant execute on function public.title_is_taken(text) to authenticated;
