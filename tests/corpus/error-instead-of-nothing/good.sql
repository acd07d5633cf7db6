create function public.archive_note(p_title text) returns void language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from public.notes as n where n.title = p_title and n.company_id = private.my_company()) then
    raise exception 'not found' using errcode = '42501';
  end if;
end
$$;
revoke execute on function public.archive_note(text) from public;
grant execute on function public.archive_note(text) to authenticated;
