create function public.title_is_taken(p_title text) returns boolean language sql stable security definer set search_path = '' as $$
  select exists (select from public.notes as n where n.title = p_title)
$$;
