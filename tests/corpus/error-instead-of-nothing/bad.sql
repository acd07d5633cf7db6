create function public.archive_note(p_title text) returns void language plpgsql security definer set search_path = '' as $$
begin
  if not exists (select from public.notes as n where n.title = p_title) then
    raise exception 'not found' using errcode = 'P0002';
  end if;
  if not exists (select from public.notes as n where n.title = p_title and n.company_id = private.my_company()) then
    raise exception 'permission denied' using errcode = '42501';
  end if;
end
$$;
