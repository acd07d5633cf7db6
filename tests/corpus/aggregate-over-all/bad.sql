create function public.number_of_notes() returns bigint language sql stable security definer set search_path = '' as $$
  select count(*) from public.notes
$$;
