-- migrate:up
-- Cells: several projects that serve the companies between them. One project, the home, keeps the directory: which cells
-- there are, and which of them serves which company. And what each company of this project weighs, so that
-- `npm run company:plan-moves` can say who should move (docs/scale-out.md).
--
-- Most companies of the directory are in other databases, so nothing here refers to public.companies.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.cells (
  name text primary key,
  api_url text not null,
  publishable_key text not null,
  region text,
  state text not null default 'open',
  weight integer not null default 100,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint cells_name_is_short_name check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  constraint cells_api_url_is_origin check (
    api_url ~ '^https://[a-z0-9.-]+(:[0-9]{1,5})?$' or api_url ~ '^http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?$'),
  constraint cells_publishable_key_is_key check (publishable_key ~ '^[A-Za-z0-9._-]+$' and length(publishable_key) between 20 and 2000),
  constraint cells_region_is_not_blank check (region ~ '\S' and length(region) <= 64),
  constraint cells_state_is_known check (state in ('open', 'draining', 'closed')),
  constraint cells_weight_is_positive check (weight between 1 and 10000)
);

create table if not exists private.company_cells (
  company_id uuid primary key,
  -- Of private.cells, from which nothing is deleted.
  cell_name text not null,
  slug text not null,
  version bigint not null default 1,
  -- Accounts that are told where the company is. The cell itself asks its own tables.
  member_ids uuid[] not null default '{}',
  is_pinned boolean not null default false,
  required_region text,
  moved_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint company_cells_slug_is_short_name check (slug ~ '^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$'),
  constraint company_cells_required_region_is_not_blank check (required_region ~ '\S' and length(required_region) <= 64)
);
-- A person's companies, before any of them is known.
create index if not exists company_cells_member_ids_idx on private.company_cells using gin (member_ids);

-- How many rows each table had written, now and then: two of them make a rate.
create table if not exists private.write_snapshots (
  taken_at timestamptz primary key default clock_timestamp(),
  writes jsonb not null,
  constraint write_snapshots_writes_is_object check (jsonb_typeof(writes) = 'object')
);

do $do$
begin
  if to_regtype('public.cell') is null then
    create type public.cell as (
      name text, api_url text, publishable_key text, region text, state text, weight integer, company_count bigint,
      updated_at timestamptz);
  end if;
  if to_regtype('public.company_cell') is null then
    create type public.company_cell as (
      company_id uuid, slug text, cell text, api_url text, publishable_key text, region text, version bigint,
      moved_at timestamptz);
  end if;
  if to_regtype('public.company_placement') is null then
    create type public.company_placement as (
      company_id uuid, slug text, cell text, version bigint, member_ids uuid[], is_pinned boolean, required_region text,
      moved_at timestamptz);
  end if;
  if to_regtype('public.company_weight') is null then
    create type public.company_weight as (
      company_id uuid, slug text, status text, is_operator boolean, row_count bigint, bytes bigint,
      writes_per_second numeric, hot_share numeric, is_exact boolean);
  end if;
  if to_regtype('private.table_share') is null then
    create type private.table_share as (
      company_id uuid, row_count numeric, bytes numeric, writes numeric, hot_rows numeric, is_exact boolean);
  end if;
end
$do$;

-- Operators have no company of their own to be audited in but the operator company.
create or replace function private.audit_directory(p_action text, p_changes jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.write_audit(c.id, p_action, null, null, p_changes) from public.companies as c where c.is_operator;
end
$fn$;
revoke execute on function private.audit_directory(text, jsonb) from public;

-- Members are told the key: one of a form that tells that it opens nothing by itself, and no other, for who knows what forms
-- of secrets there will be.
create or replace function private.is_publishable_key(p_key text) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_payload constant text := translate((regexp_match(p_key, '^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$'))[1], '-_', '+/');
begin
  if v_payload is null then
    return coalesce(p_key ~ '^sb_publishable_[A-Za-z0-9_-]+$', false);
  end if;
  return coalesce(private.parse_json_object(convert_from(
    decode(rpad(v_payload, ceil(length(v_payload) / 4.0)::integer * 4, '='), 'base64'), 'UTF8')) ->> 'role' = 'anon', false);
exception when others then
  return false;
end
$fn$;
revoke execute on function private.is_publishable_key(text) from public;

create or replace function private.list_cells() returns setof public.cell
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  return query
  select c.name, c.api_url, c.publishable_key, c.region, c.state, c.weight,
         (select count(*) from private.company_cells as d where d.cell_name = c.name), c.updated_at
    from private.cells as c
   order by c.name;
end
$fn$;
revoke execute on function private.list_cells() from public;
grant execute on function private.list_cells() to platform_admin, service_role;

-- What is null stays as it is.
create or replace function private.set_cell(
  p_name text, p_api_url text, p_publishable_key text, p_region text, p_state text, p_weight integer
) returns public.cell
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_before private.cells;
  v_after private.cells;
begin
  perform private.require_operator();
  if not private.is_publishable_key(p_publishable_key) then
    raise exception 'this is no publishable key'
      using errcode = '22023',
            detail = 'invalid_cell',
            hint = 'Members are told this key: give the key of the project that begins with sb_publishable_, or its JWT of role anon; never a secret key or an access token.';
  end if;
  select * into v_before from private.cells as c where c.name = p_name for update;
  insert into private.cells as c (name, api_url, publishable_key, region, state, weight)
  values (p_name, p_api_url, p_publishable_key, nullif(p_region, ''), coalesce(p_state, 'open'), coalesce(p_weight, 100))
  on conflict (name) do update
    set api_url = excluded.api_url, publishable_key = excluded.publishable_key, region = nullif(coalesce(p_region, c.region), ''),
        state = coalesce(p_state, c.state), weight = coalesce(p_weight, c.weight), updated_at = now()
    where (c.api_url, c.publishable_key, c.region, c.state, c.weight) is distinct from (
      excluded.api_url, excluded.publishable_key, nullif(coalesce(p_region, c.region), ''), coalesce(p_state, c.state),
      coalesce(p_weight, c.weight))
  returning * into v_after;
  -- Nothing is returned where nothing changed.
  if v_after.name is not null then
    perform private.audit_directory('cells.set', jsonb_build_object(
      'cell', p_name, 'old', to_jsonb(v_before) - 'created_at' - 'updated_at', 'new', to_jsonb(v_after) - 'created_at' - 'updated_at'));
  end if;
  return (select x from private.list_cells() as x where x.name = p_name);
exception when check_violation or not_null_violation then
  raise exception 'this is no cell: %', sqlerrm
    using errcode = '22023',
          detail = 'invalid_cell',
          hint = 'name is lower case with hyphens, api_url an origin by https, state open, draining or closed, weight 1 to 10000.';
end
$fn$;
revoke execute on function private.set_cell(text, text, text, text, text, integer) from public;
grant execute on function private.set_cell(text, text, text, text, text, integer) to platform_admin, service_role;

-- Where a company is. Attributes that are null stay as they are. Whoever repeats a call finds it done; whoever comes with
-- an older version than stands there is late, and told so.
create or replace function private.assign_company_cell(
  p_company_id uuid, p_cell text, p_slug text, p_member_ids uuid[], p_expected_version bigint, p_is_pinned boolean,
  p_required_region text
) returns public.company_placement
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_cell private.cells;
  v_before private.company_cells;
  v_after private.company_cells;
  v_region text;
begin
  perform private.require_operator();
  select * into v_cell from private.cells as c where c.name = p_cell for share;
  if v_cell.name is null then
    raise exception 'there is no cell %', coalesce(p_cell, 'null')
      using errcode = 'PT404',
            detail = 'unknown_cell',
            hint = 'list_cells() lists them; set_cell() makes one.';
  end if;
  if p_company_id is null or array_ndims(p_member_ids) > 1 or cardinality(p_member_ids) > 100000
    or array_position(p_member_ids, null) is not null
  then
    raise exception 'an assignment has a company, and members that have an id'
      using errcode = '22023',
            detail = 'invalid_assignment',
            hint = 'Give company_id, cell and slug; member_ids as an array of account ids.';
  end if;
  -- One at a time, also while there is no row yet.
  insert into private.company_cells as d (company_id, cell_name, slug, version)
  select p_company_id, p_cell, p_slug, 0
   where not exists (select from private.company_cells as d where d.company_id = p_company_id)
  on conflict (company_id) do nothing;
  select * into v_before from private.company_cells as d where d.company_id = p_company_id for update;
  if v_before.version = 0 or v_before.cell_name <> p_cell then
    if p_expected_version <> v_before.version then
      raise exception 'the directory has version % of this company, not %', v_before.version, p_expected_version
        using errcode = 'PT409',
              detail = 'directory_changed',
              hint = 'Read company_directory() again, and decide anew.';
    end if;
    if v_cell.state <> 'open' then
      raise exception 'cell % takes no companies: it is %', p_cell, v_cell.state
        using errcode = 'PT409',
              detail = 'cell_not_open',
              hint = 'Choose an open cell, or open this one with set_cell().';
    end if;
  end if;
  v_region := case when p_required_region is null then v_before.required_region else nullif(p_required_region, '') end;
  if v_region <> coalesce(v_cell.region, '') then
    raise exception 'this company must stay in its region'
      using errcode = 'PT409',
            detail = 'region_not_allowed',
            hint = 'Choose a cell of the region that company_directory() says, or change required_region ('''' lifts it).';
  end if;
  update private.company_cells as d
     set cell_name = p_cell,
         slug = coalesce(p_slug, d.slug),
         member_ids = case when p_member_ids is null then d.member_ids
                           else array(select distinct x from unnest(p_member_ids) as x order by x) end,
         is_pinned = coalesce(p_is_pinned, d.is_pinned),
         required_region = v_region,
         version = case when d.version = 0 or d.cell_name <> p_cell then d.version + 1 else d.version end,
         moved_at = case when d.cell_name <> p_cell then now() else d.moved_at end,
         updated_at = now()
   where d.company_id = p_company_id
  returning * into v_after;
  if v_after.version <> v_before.version or v_after.is_pinned <> v_before.is_pinned
     or v_after.required_region is distinct from v_before.required_region
  then
    perform private.audit_directory('cells.company_assigned', jsonb_build_object(
      'company_id', p_company_id, 'slug', v_after.slug, 'cell', p_cell, 'version', v_after.version,
      'old_cell', case when v_before.version > 0 then v_before.cell_name end, 'is_pinned', v_after.is_pinned,
      'required_region', v_after.required_region));
  end if;
  return row(v_after.company_id, v_after.slug, v_after.cell_name, v_after.version, v_after.member_ids, v_after.is_pinned,
             v_after.required_region, v_after.moved_at)::public.company_placement;
exception when check_violation or not_null_violation then
  raise exception 'this is no assignment: %', sqlerrm
    using errcode = '22023',
          detail = 'invalid_assignment',
          hint = 'Give company_id, cell and slug; member_ids as an array of account ids.';
end
$fn$;
revoke execute on function private.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) from public;
grant execute on function private.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) to platform_admin, service_role;

create or replace function private.forget_company_cell(p_company_id uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_gone private.company_cells;
begin
  perform private.require_operator();
  delete from private.company_cells as d where d.company_id = p_company_id returning * into v_gone;
  if v_gone.company_id is null then
    return false;
  end if;
  perform private.audit_directory('cells.company_forgotten', jsonb_build_object(
    'company_id', p_company_id, 'slug', v_gone.slug, 'cell', v_gone.cell_name, 'version', v_gone.version));
  return true;
end
$fn$;
revoke execute on function private.forget_company_cell(uuid) from public;
grant execute on function private.forget_company_cell(uuid) to platform_admin, service_role;

create or replace function private.company_directory(p_after uuid, p_max_rows integer) returns setof public.company_placement
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.require_operator();
  if p_max_rows is null or p_max_rows not between 1 and 1000 then
    raise exception 'max_rows must be 1 to 1000'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give company_id of the last row as after to get the next page.';
  end if;
  return query
  select d.company_id, d.slug, d.cell_name, d.version, d.member_ids, d.is_pinned, d.required_region, d.moved_at
    from private.company_cells as d
   where p_after is null or d.company_id > p_after
   order by d.company_id
   limit p_max_rows;
end
$fn$;
revoke execute on function private.company_directory(uuid, integer) from public;
grant execute on function private.company_directory(uuid, integer) to platform_admin, service_role;

-- What a person is told: cells of the companies that they are a member of. A company that is served here is asked itself,
-- so that whoever is removed from it is told nothing from then on.
create or replace function private.my_company_cells(p_company_id uuid) returns setof public.company_cell
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_user constant uuid := private.current_user_id();
begin
  if v_user is null or private.parse_json_object(current_setting('request.jwt.claims', true)) ? 'api_key_id' then
    return;
  end if;
  return query
  select d.company_id, d.slug, c.name, c.api_url, c.publishable_key, c.region, d.version, d.moved_at
    from private.company_cells as d
    join private.cells as c on c.name = d.cell_name
   where d.member_ids @> array[v_user]
     and (p_company_id is null or d.company_id = p_company_id)
     and (not exists (select from public.companies as o where o.id = d.company_id and o.status <> 'closed')
          or exists (select from public.users as u where u.company_id = d.company_id and u.id = v_user and u.status = 'active'))
   order by d.slug, d.company_id;
end
$fn$;
revoke execute on function private.my_company_cells(uuid) from public;
grant execute on function private.my_company_cells(uuid) to authenticated, platform_admin;

-- A table's rows by company: counted where it is small, else from the statistics of company_id, without reading the table.
-- Companies that are not among the most common values share what is left.
create or replace function private.shares_of_table(
  p_table regclass, p_companies uuid[], p_is_hot boolean, p_writes numeric, p_usage jsonb
) returns private.table_share[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_small constant boolean := pg_relation_size(p_table) <= 1048576;
  v_rows numeric;
  v_freqs jsonb;
begin
  if v_is_small then
    execute format(
      'select coalesce(jsonb_object_agg(x.company_id, x.n), ''{}''), coalesce(sum(x.n), 0) from (
         select t.company_id, count(*) as n from %s as t group by 1) as x', p_table) into v_freqs, v_rows;
  else
    select greatest(c.reltuples, 0) into v_rows from pg_class as c where c.oid = p_table;
    select coalesce(jsonb_object_agg(x.company_id, x.freq * v_rows), '{}') into v_freqs
      from pg_stats as s
      join pg_class as c on c.oid = p_table and c.relname = s.tablename
      join pg_namespace as n on n.oid = c.relnamespace and n.nspname = s.schemaname
     cross join lateral unnest(s.most_common_vals::text::uuid[], s.most_common_freqs) as x (company_id, freq)
     where s.attname = 'company_id' and not s.inherited;
  end if;
  return (
    with counted as (
      select k.company_id,
             case when v_freqs ? k.company_id::text then (v_freqs ->> k.company_id::text)::numeric
                  when v_is_small then 0
                  else greatest(v_rows - (select coalesce(sum(e.value::numeric), 0) from jsonb_each_text(v_freqs) as e), 0)
                       / greatest(count(*) filter (where not v_freqs ? k.company_id::text) over (), 1)
             end as n
        from unnest(p_companies) as k (company_id)
    )
    select array_agg((
             c.company_id, c.n, pg_total_relation_size(p_table) * c.n / greatest(v_rows, 1),
             p_writes * coalesce((p_usage ->> c.company_id::text)::numeric,
                                 case when p_usage is null then c.n / greatest(v_rows, 1) else 0 end),
             case when p_is_hot then c.n else 0 end, v_is_small)::private.table_share)
      from counted as c
     where c.n > 0 or p_usage ? c.company_id::text);
end
$fn$;
revoke execute on function private.shares_of_table(regclass, uuid[], boolean, numeric, jsonb) from public;

create or replace function private.write_counts() returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (select jsonb_object_agg(s.relid::regclass::text, s.n_tup_ins + s.n_tup_upd + s.n_tup_del)
            from pg_stat_all_tables as s where s.schemaname in ('public', 'private'));
end
$fn$;
revoke execute on function private.write_counts() from public;

-- What came in with a company that moved here is nothing that it writes: rates begin anew.
create or replace function private.restart_write_rates() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  delete from private.write_snapshots;
  insert into private.write_snapshots (writes) values (private.write_counts());
end
$fn$;
revoke execute on function private.restart_write_rates() from public;

create or replace function private.company_capacity() returns setof public.company_weight
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_companies uuid[];
  v_shares private.table_share[] := array[]::private.table_share[];
  v_now constant jsonb := private.write_counts();
  v_since private.write_snapshots;
  v_usage jsonb;
  v_table record;
begin
  perform private.require_operator();
  select array_agg(c.id order by c.id) into v_companies from public.companies as c;
  select * into v_since from private.write_snapshots as w
   where w.taken_at > clock_timestamp() - interval '7 days' order by w.taken_at limit 1;
  -- The first time, since the counters began.
  if v_since.taken_at is null then
    select coalesce(d.stats_reset, pg_postmaster_start_time()), '{}'::jsonb into v_since
      from pg_stat_database as d where d.datname = current_database();
  end if;
  -- Who writes to the ledger is known to the call.
  select jsonb_object_agg(x.company_id, x.requests / nullif(x.total, 0)) into v_usage
    from (select u.company_id, sum(u.requests) as requests, sum(sum(u.requests)) over () as total
            from private.usage_by_day as u
           where u.dimension = 'all' and u.day >= (now() at time zone 'UTC')::date - 7
           group by 1) as x
   where x.requests > 0;
  for v_table in
    select c.oid::regclass as name, p.table_name is not null as is_hot,
           coalesce(p.table_name, c.relname) in ('api_usage', 'usage_keys', 'usage_deltas', 'usage_daily', 'budget_stripes') as is_ledger,
           greatest(x.now - case when x.now >= x.before then x.before else 0 end, 0)
             -- A rate of some seconds says nothing.
             / greatest(extract(epoch from clock_timestamp() - v_since.taken_at), 600) as writes
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      left join pg_inherits as i on i.inhrelid = c.oid
      left join private.partitioned_tables as p on i.inhparent = format('public.%I', p.table_name)::regclass
     cross join lateral (select coalesce((v_now ->> c.oid::regclass::text)::numeric, 0) as now,
                                coalesce((v_since.writes ->> c.oid::regclass::text)::numeric, 0) as before) as x
     where n.nspname in ('public', 'private') and c.relkind = 'r'
       and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped)
  loop
    v_shares := v_shares || private.shares_of_table(
      v_table.name, v_companies, v_table.is_hot, v_table.writes, case when v_table.is_ledger then v_usage end);
  end loop;
  if not exists (select from private.write_snapshots as w where w.taken_at > clock_timestamp() - interval '1 hour') then
    delete from private.write_snapshots as w where w.taken_at < clock_timestamp() - interval '8 days';
    insert into private.write_snapshots (writes) values (v_now);
  end if;
  return query
  select c.id, c.slug, c.status, c.is_operator, coalesce(sum(s.row_count), 0)::bigint, coalesce(sum(s.bytes), 0)::bigint,
         round(coalesce(sum(s.writes), 0), 4),
         round(coalesce(sum(s.hot_rows) / nullif(sum(sum(s.hot_rows)) over (), 0), 0), 4), coalesce(bool_and(s.is_exact), true)
    from public.companies as c
    left join unnest(v_shares) as s on s.company_id = c.id
   group by c.id
   order by c.slug;
end
$fn$;
revoke execute on function private.company_capacity() from public;
grant execute on function private.company_capacity() to platform_admin, service_role;

create or replace function public.list_cells() returns setof public.cell
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.list_cells();
end
$fn$;
revoke execute on function public.list_cells() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.list_cells() to platform_admin, service_role;

create or replace function public.set_cell(
  name text, api_url text, publishable_key text, region text default null, state text default null, weight integer default null
) returns public.cell
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.set_cell(name, api_url, publishable_key, region, state, weight);
end
$fn$;
revoke execute on function public.set_cell(text, text, text, text, text, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.set_cell(text, text, text, text, text, integer) to platform_admin, service_role;

create or replace function public.assign_company_cell(
  company_id uuid, cell text, slug text default null, member_ids uuid[] default null, expected_version bigint default null,
  is_pinned boolean default null, required_region text default null
) returns public.company_placement
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.assign_company_cell(company_id, cell, slug, member_ids, expected_version, is_pinned, required_region);
end
$fn$;
revoke execute on function public.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) to platform_admin, service_role;

create or replace function public.forget_company_cell(company_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.forget_company_cell(company_id);
end
$fn$;
revoke execute on function public.forget_company_cell(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.forget_company_cell(uuid) to platform_admin, service_role;

create or replace function public.company_directory(after uuid default null, max_rows integer default 1000) returns setof public.company_placement
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.company_directory(after, max_rows);
end
$fn$;
revoke execute on function public.company_directory(uuid, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.company_directory(uuid, integer) to platform_admin, service_role;

create or replace function public.my_company_cells(company_id uuid default null) returns setof public.company_cell
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.my_company_cells(my_company_cells.company_id);
end
$fn$;
revoke execute on function public.my_company_cells(uuid) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.my_company_cells(uuid) to authenticated, platform_admin;

create or replace function public.company_capacity() returns setof public.company_weight
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.company_capacity();
end
$fn$;
revoke execute on function public.company_capacity() from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.company_capacity() to platform_admin, service_role;

revoke all on table private.cells from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.company_cells from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.write_snapshots from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', v.table_name, c.column_name, v.class, 'keep'
  from (values
    ('cells', 'operational', '{name,api_url,publishable_key,region,state,weight,created_at,updated_at}'),
    ('company_cells', 'identifier', '{company_id,member_ids}'),
    ('company_cells', 'operational', '{cell_name,slug,version,is_pinned,required_region,moved_at,updated_at}'),
    ('write_snapshots', 'operational', '{taken_at,writes}')
  ) as v (table_name, class, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update set class = excluded.class, erasure = excluded.erasure;

comment on table private.cells is 'Projects that serve companies. In the home project only.';
comment on table private.company_cells is 'Which cell serves which company. In the home project only; most of these companies are in other databases.';
comment on column private.company_cells.version is 'Goes up by one with each move; 0 while a row is being made.';
comment on column private.company_cells.member_ids is 'Accounts that are told where the company is.';
comment on table private.write_snapshots is 'Rows written by table since the counters began, at most one an hour, for eight days.';
comment on column private.write_snapshots.writes is 'Table to inserted, updated and deleted rows.';
comment on type public.cell is 'Answer of list_cells() and set_cell().';
comment on type public.company_cell is 'Answer of my_company_cells().';
comment on type public.company_placement is 'Answer of company_directory() and assign_company_cell().';
comment on type public.company_weight is 'Answer of company_capacity().';
comment on function private.audit_directory(text, jsonb) is 'Writes a change of the directory to the audit log of the operator company.';
comment on function private.is_publishable_key(text) is 'True for a key that members may be told: sb_publishable_…, or a JWT of role anon. Never raises.';
comment on function private.list_cells() is 'Implementation of public.list_cells().';
comment on function private.set_cell(text, text, text, text, text, integer) is 'Implementation of public.set_cell().';
comment on function private.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) is 'Implementation of public.assign_company_cell().';
comment on function private.forget_company_cell(uuid) is 'Implementation of public.forget_company_cell().';
comment on function private.company_directory(uuid, integer) is 'Implementation of public.company_directory().';
comment on function private.my_company_cells(uuid) is 'Implementation of public.my_company_cells().';
comment on function private.shares_of_table(regclass, uuid[], boolean, numeric, jsonb) is
  'Rows, bytes and writes a second of a table by company: counted up to 1 MB, else by the statistics of company_id. usage: share of each company in what is written; null takes that of the rows.';
comment on function private.write_counts() is 'Rows inserted, updated and deleted by table, since the counters of PostgreSQL began.';
comment on function private.restart_write_rates() is 'From now on company_capacity() counts writes anew; after a company has moved here.';
comment on function private.company_capacity() is 'Implementation of public.company_capacity().';
comment on function public.list_cells() is
  'The cells, with how many companies each serves. Sorted by name. Operators and service_role. Errors: 42501 not_an_operator.';
comment on function public.set_cell(text, text, text, text, text, integer) is
  'Makes a cell, or changes it: origin of its API, publishable (anon) key, region ('''' takes it away), state (open; draining: it takes no more companies, and plans empty it; closed) and weight (how much of the load it should bear, against the others). What is left out stays as it is; of a new cell no region, open and 100. Safe to repeat; each change is in the operator''s audit log. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_cell.';
comment on function public.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text) is
  'Says which cell serves a company from now on, and who is told so; what is null stays. is_pinned keeps it out of plans, required_region ('''' lifts it) to cells of a region. The version goes up when the cell changes; with expected_version only if it is that one (0: none yet). Safe to repeat; each change is in the operator''s audit log. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_assignment; PT404 unknown_cell; PT409 directory_changed, cell_not_open, region_not_allowed.';
comment on function public.forget_company_cell(uuid) is
  'Takes a company out of the directory; false if it is not in it. Operators and service_role. Errors: 42501 not_an_operator.';
comment on function public.company_directory(uuid, integer) is
  'Which cell serves which company, whole, at most max_rows (1 to 1000), by company_id; for the next page give company_id of the last row as after. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_page.';
comment on function public.my_company_cells(uuid) is
  'Which cell serves the caller''s companies, or one of them: API, publishable key, version. No rows for a company that is unknown or not theirs. For people, not for keys. Sorted by slug. Errors: none.';
comment on function public.company_capacity() is
  'What each company of this project weighs: rows, bytes with indexes, writes a second (since up to seven days ago, by the counters of PostgreSQL, shared out by usage and rows), and its share in the rows of tables by month. Tables over 1 MB are not read but estimated from the statistics of the last ANALYZE; is_exact is false then. Files are not counted. Sorted by slug. Operators and service_role. Errors: 42501 not_an_operator.';

-- migrate:down
