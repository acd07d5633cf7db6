create table public.activity (id bigint generated always as identity primary key, what text not null);
alter table public.activity enable row level security;
create policy read on public.activity for select to authenticated using (true);
grant select on public.activity to authenticated;
create function private.log_note() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.activity (what) values ('note added: ' || new.title);
  return null;
end
$$;
create trigger log_note after insert on public.notes for each row execute function private.log_note();
