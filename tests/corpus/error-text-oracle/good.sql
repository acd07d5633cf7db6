create function public.reserve_title(p_title text) returns void language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from public.notes as n where n.title = p_title and n.company_id = private.my_company()) then
    raise exception 'the title is taken' using errcode = '23505';
  end if;
end
$$;
revoke execute on function public.reserve_title(text) from public;
grant execute on function public.reserve_title(text) to authenticated;
