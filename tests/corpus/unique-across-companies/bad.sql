alter table public.notes add unique (title);
