create view public.note_form with (security_invoker = true) as select company_id, id, title from public.notes;
create function private.save_note() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.notes set title = new.title where id = new.id;
  return new;
end
$$;
create function private.add_note() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.notes (company_id, id, title) values (new.company_id, new.id, new.title);
  return new;
end
$$;
create trigger save_note instead of update on public.note_form for each row execute function private.save_note();
create trigger add_note instead of insert on public.note_form for each row execute function private.add_note();
grant select, insert, update on public.note_form to authenticated;
