create or replace function private.my_company() returns uuid language plpgsql stable security definer set search_path = public as $$
begin
  return (select m.company_id from memberships as m where m.user_id = auth.uid() order by 1 limit 1);
end
$$;
