create table public.note_comments (
  id uuid primary key default gen_random_uuid(),
  company_of_note uuid not null,
  note_id uuid not null,
  body text not null,
  foreign key (company_of_note, note_id) references public.notes (company_id, id) on delete cascade
);
alter table public.note_comments enable row level security;
create policy read on public.note_comments for select to authenticated using (
  exists (select from public.notes as n where n.company_id = note_comments.company_of_note and n.id = note_comments.note_id)
);
grant select on public.note_comments to authenticated;
