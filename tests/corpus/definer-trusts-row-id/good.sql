create function public.note_body(p_note_id uuid) returns text language sql stable set search_path = '' as $$
  select n.title || ': ' || coalesce(n.body, '') from public.notes as n where n.id = p_note_id
$$;
