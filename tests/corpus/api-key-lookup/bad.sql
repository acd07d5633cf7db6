create table public.api_keys (company_id uuid not null references public.companies, id uuid not null default gen_random_uuid(), prefix text not null, scopes text not null default 'read', primary key (company_id, id));
alter table public.api_keys enable row level security;
create function public.find_key(p_prefix text) returns setof public.api_keys language sql stable security definer set search_path = '' as $$
  select * from public.api_keys as k where k.prefix = p_prefix
$$;
