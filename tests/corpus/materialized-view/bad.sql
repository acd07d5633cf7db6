create materialized view public.note_counts as select company_id, count(*) as notes from public.notes group by 1;
grant select on public.note_counts to authenticated;
