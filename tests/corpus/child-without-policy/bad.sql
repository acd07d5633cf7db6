create table public.note_comments (
  id uuid primary key default gen_random_uuid(),
  company_of_note uuid not null,
  note_id uuid not null,
  body text not null,
  foreign key (company_of_note, note_id) references public.notes (company_id, id) on delete cascade
);
alter table public.note_comments enable row level security;
create policy read on public.note_comments for select to authenticated using (true);
grant select on public.note_comments to authenticated;
