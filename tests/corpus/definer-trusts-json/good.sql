create function public.save_note(p_note jsonb) returns uuid language sql set search_path = '' as $$
  insert into public.notes (company_id, title)
  values ((p_note ->> 'company_id')::uuid, coalesce(p_note ->> 'title', 'untitled'))
  returning id
$$;
revoke execute on function public.save_note(jsonb) from public;
grant execute on function public.save_note(jsonb) to authenticated;
