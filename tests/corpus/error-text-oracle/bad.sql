create function public.reserve_title(p_title text) returns void language plpgsql security definer set search_path = '' as $$
declare
  v_owner text;
begin
  select c.name into v_owner
    from public.notes as n join public.companies as c on c.id = n.company_id
   where n.title = p_title;
  if v_owner is not null then
    raise exception 'the title belongs to %', v_owner using errcode = '23505';
  end if;
end
$$;
