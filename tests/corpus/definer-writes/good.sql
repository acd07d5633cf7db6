create function public.rename_note(p_note_id uuid, p_title text) returns void language sql security definer set search_path = '' as $$
  update public.notes as n set title = p_title where n.id = p_note_id and n.company_id = private.my_company()
$$;
