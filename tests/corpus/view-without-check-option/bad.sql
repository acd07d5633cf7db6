create view public.my_notes as
  select company_id, id, title from public.notes where company_id = (select private.my_company());
grant select, insert on public.my_notes to authenticated;
