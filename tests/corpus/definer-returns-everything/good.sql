create function public.search_notes(p_text text) returns table (title text, body text)
  language sql stable set search_path = '' as $$
  select n.title, n.body from public.notes as n where n.title ilike '%' || p_text || '%' order by 1
$$;
revoke execute on function public.search_notes(text) from public;
grant execute on function public.search_notes(text) to authenticated;
