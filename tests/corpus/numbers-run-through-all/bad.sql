alter table public.notes add column number bigint;
create function private.set_number() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  new.number := (select coalesce(max(n.number), 0) + 1 from public.notes as n);
  return new;
end
$$;
create trigger set_number before insert on public.notes for each row execute function private.set_number();
