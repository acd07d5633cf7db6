create function public.save_note(p_note jsonb) returns uuid language sql security definer set search_path = '' as $$
  insert into public.notes (company_id, title)
  values ((p_note ->> 'company_id')::uuid, coalesce(p_note ->> 'title', 'untitled'))
  returning id
$$;
