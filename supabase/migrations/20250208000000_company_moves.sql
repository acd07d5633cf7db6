-- migrate:up
-- Moving a company to another database: what has been done of it, so that it goes on after a crash, and what refuses
-- writes while it lasts. `npm run company:move` does the work. Nobody else pays for it: the triggers that refuse are
-- made when a company's writes are frozen, fire for rows of that company alone, and are dropped when it is over.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- A row in the database that a company leaves (out) and one in the database that it goes to (in), under the same id. The
-- latter is there before the company is, so it has no foreign key.
create table if not exists private.company_moves (
  company_id uuid not null,
  id uuid not null,
  direction text not null,
  state text not null,
  -- The database at the other end, without its password.
  peer text not null,
  -- What the move itself says to pass the triggers that refuse everybody else.
  token uuid not null default gen_random_uuid(),
  -- What companies.status is when it is over.
  company_status text not null,
  -- Rows of the source with an older xmin have been copied, and compared.
  copied_before bigint,
  details jsonb not null default '{}',
  started_at timestamptz not null default clock_timestamp(),
  frozen_at timestamptz,
  switched_at timestamptz,
  finished_at timestamptz,
  is_frozen boolean generated always as (state in ('freezing', 'frozen', 'switched', 'confirmed', 'receiving', 'received')) stored,
  primary key (company_id, id),
  constraint company_moves_direction_is_known check (direction in ('out', 'in')),
  constraint company_moves_state_is_known check (case direction
    when 'out' then state in ('copying', 'freezing', 'frozen', 'switched', 'confirmed', 'removed', 'aborted')
    else state in ('receiving', 'received', 'live', 'removed') end),
  constraint company_moves_finished_at_set_when_finished check (
    (finished_at is not null) = (state in ('confirmed', 'aborted', 'live', 'removed'))),
  constraint company_moves_details_is_object check (jsonb_typeof(details) = 'object')
);

-- One at a time.
create unique index if not exists company_moves_company_id_idx
  on private.company_moves (company_id) where finished_at is null;

-- Companies that nobody writes to at the moment, and those that have moved away, whose copy here is dead: jobs that work
-- for all companies pass them over, so that the same event is not sent by two databases.
create or replace function private.frozen_companies() returns uuid[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return (select coalesce(array_agg(m.company_id), '{}') from private.company_moves as m where m.is_frozen);
end
$fn$;
revoke execute on function private.frozen_companies() from public;

-- Fires for rows of a company that moves, for every role and inside every function, unless the transaction says the
-- move's token. Rows may go from a partition to another of the same table.
create or replace function private.tg_row__refuse_moving() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if current_setting('app.repartitioning', true) = 'on' and private.is_importing() then
    return coalesce(new, old);
  end if;
  raise exception 'the company is moving to another database; rows of % are only read meanwhile', tg_argv[0]
    using errcode = 'PT503',
          detail = 'company_moving',
          hint = 'Nothing was written. Try again in some minutes.';
end
$fn$;
revoke execute on function private.tg_row__refuse_moving() from public;

-- The two triggers of a company on a table. Making one waits for whoever writes to the table and keeps the next ones
-- waiting, so that when it is there nobody is writing rows past it; the caller sets a lock_timeout, and tries again. The
-- token stands in the trigger as its hash, since definitions can be read.
create or replace function private.freeze_company_table(p_company_id uuid, p_table regclass, p_token uuid) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := 'refuse_moving_' || replace(p_company_id::text, '-', '');
  v_key constant text := case when p_table = 'public.companies'::regclass then 'id' else 'company_id' end;
  v_unless constant text := format(
    $sql$ sha256(convert_to(coalesce(current_setting('app.move_token', true), ''), 'UTF8')) <> %L::bytea $sql$,
    sha256(convert_to(p_token::text, 'UTF8')));
begin
  if (select count(*) from pg_trigger as t
       where t.tgrelid = p_table and t.tgname in (v_name || '_insert', v_name || '_change')) = 2
  then
    return false;
  end if;
  execute format(
    'create or replace trigger %I before insert on %s for each row when (new.%I = %L and %s)
     execute function private.tg_row__refuse_moving(%L)',
    v_name || '_insert', p_table, v_key, p_company_id, v_unless, p_table);
  execute format(
    'create or replace trigger %I before update or delete on %s for each row when (old.%I = %L and %s)
     execute function private.tg_row__refuse_moving(%L)',
    v_name || '_change', p_table, v_key, p_company_id, v_unless, p_table);
  return true;
end
$fn$;
revoke execute on function private.freeze_company_table(uuid, regclass, uuid) from public;

create or replace function private.thaw_company_table(p_company_id uuid, p_table regclass) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_name constant text := 'refuse_moving_' || replace(p_company_id::text, '-', '');
begin
  if not exists (
    select from pg_trigger as t where t.tgrelid = p_table and t.tgname in (v_name || '_insert', v_name || '_change'))
  then
    return false;
  end if;
  execute format('drop trigger if exists %I on %s', v_name || '_insert', p_table);
  execute format('drop trigger if exists %I on %s', v_name || '_change', p_table);
  return true;
end
$fn$;
revoke execute on function private.thaw_company_table(uuid, regclass) from public;

revoke all on table private.company_moves from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select 'private', 'company_moves', c.column_name, c.class, 'keep'
  from (values
    ('company_id', 'identifier'), ('id', 'identifier'), ('token', 'secret'), ('direction', 'operational'),
    ('state', 'operational'), ('peer', 'operational'), ('company_status', 'operational'), ('copied_before', 'operational'),
    ('details', 'operational'), ('started_at', 'operational'), ('frozen_at', 'operational'),
    ('switched_at', 'operational'), ('finished_at', 'operational'), ('is_frozen', 'operational')
  ) as c (column_name, class)
on conflict (table_schema, table_name, column_name) do update set class = excluded.class, erasure = excluded.erasure;

comment on table private.company_moves is 'Moves of companies from (out) and to (in) this database, and how far they are. No API role may read it.';
comment on column private.company_moves.peer is 'Database at the other end, without its password.';
comment on column private.company_moves.token is 'What app.move_token says in a transaction of the move, so that it passes the triggers that refuse everybody else.';
comment on column private.company_moves.company_status is 'What companies.status is when it is over.';
comment on column private.company_moves.copied_before is 'Rows of the source whose xmin is older have been copied and compared; a transaction id without its epoch.';
comment on column private.company_moves.is_frozen is 'True while jobs for all companies pass the company over in this database: its writes are refused, or it has moved away.';
comment on function private.frozen_companies() is 'Companies whose writes are refused at the moment, since they move, and those that have moved away; jobs for all companies pass them over.';
comment on function private.tg_row__refuse_moving() is
  'Row trigger, made for one company: refuses to write its rows while it moves. Parameter: the table. Errors: PT503 company_moving.';
comment on function private.freeze_company_table(uuid, regclass, uuid) is
  'Refuses writes to a company''s rows of a table from now on, but for transactions whose app.move_token is that token; false if they are refused already. Waits for whoever writes to the table, as long as lock_timeout says.';
comment on function private.thaw_company_table(uuid, regclass) is
  'Lets a company''s rows of a table be written again; false if they were.';

-- migrate:down
