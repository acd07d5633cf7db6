create table public.activity (company_id uuid not null references public.companies, id bigint generated always as identity, what text not null, primary key (company_id, id));
alter table public.activity enable row level security;
create policy read on public.activity for select to authenticated using (company_id = (select private.my_company()));
grant select on public.activity to authenticated;
create function private.log_note() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.activity (company_id, what) values (new.company_id, 'note added: ' || new.title);
  return null;
end
$$;
create trigger log_note after insert on public.notes for each row execute function private.log_note();
