-- migrate:up
-- Data retention: what is older than a company's policy says goes or becomes anonymous, in bounded batches; never what
-- is under legal hold, never before the law allows.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- Classes of data that a policy can name: where they are, from when they age, what of them is finished, and how long
-- they must be kept whatever a policy says.
create table if not exists private.retention_classes (
  data_class text not null primary key,
  age_column text not null,
  -- Of row t: what may go at all.
  is_finished text not null default 'true',
  minimum_days integer not null,
  minimum_basis text not null,
  is_partitioned boolean not null default false,
  -- Of row t: where the law that sets the minimum goes before a person's wish to be erased (GDPR Art. 17(3)(b)).
  overrides_erasure text,
  constraint retention_classes_minimum_days_is_not_negative check (minimum_days >= 0)
);
insert into private.retention_classes (data_class, age_column, is_finished, minimum_days, minimum_basis, is_partitioned, overrides_erasure)
values
  ('agent_logs', 'created_at', 'true', 1, 'no minimum by law', true, null),
  ('api_usage', 'occurred_at',
   'not exists (select from public.budget_periods as p where p.company_id = t.company_id and p.status = ''open'' and p.scope = ''company'' and p.starts_at <= t.occurred_at)',
   90, 'what an invoice was made from, until it can no longer be disputed', true, null),
  ('audit_logs', 'created_at', 'true', 365, 'security records of a year (PCI DSS 10.5.1)', true, null),
  ('compliance_requests', 'completed_at', 't.completed_at is not null', 730, 'records of requests for 24 months (CCPA regulations, section 7101)', false, null),
  ('documents', 'created_at', 'true', 1, 'no minimum by law', false, null),
  ('invoices', 'issued_on', 't.status in (''paid'', ''void'')', 3650, 'accounting records for ten years (HGB section 257, AO section 147)', false, 't.status <> ''draft'''),
  ('jobs', 'finished_at',
   't.finished_at is not null
    and not exists (select from public.agent_logs as x where x.company_id = t.company_id and x.job_id = t.id)
    and not exists (select from public.documents as x where x.company_id = t.company_id and x.job_id = t.id)
    and not exists (select from public.media_assets as x where x.company_id = t.company_id and x.job_id = t.id)',
   1, 'no minimum by law', false, null),
  ('media_assets', 'created_at', 'true', 1, 'no minimum by law', false, null),
  -- Whose data is restricted is kept until the restriction is lifted (GDPR Art. 18).
  ('users', 'disabled_at',
   't.status = ''disabled'' and not exists (
      select from public.processing_restrictions as r
       where r.company_id = t.company_id and r.lifted_at is null and r.kind = ''restriction''
         and (r.subject_user_id = t.id or r.subject_email = lower(t.email)))', 1, 'no minimum by law', false, null)
on conflict (data_class) do update
  set age_column = excluded.age_column, is_finished = excluded.is_finished, minimum_days = excluded.minimum_days,
      minimum_basis = excluded.minimum_basis, is_partitioned = excluded.is_partitioned, overrides_erasure = excluded.overrides_erasure;

do $do$
begin
  if to_regtype('public.retention_result') is null then
    create type public.retention_result as (
      company_id uuid,
      data_class text,
      action text,
      older_than timestamptz,
      rows_affected bigint,
      is_complete boolean,
      error text
    );
  end if;
end
$do$;

create or replace function private.tg_data_retention_policies__check() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_class private.retention_classes;
begin
  if private.is_importing() then
    return new;
  end if;
  select * into v_class from private.retention_classes as k where k.data_class = new.data_class;
  if new.action <> 'keep' and new.retention_days < v_class.minimum_days then
    raise exception '% must be kept for at least % days', new.data_class, v_class.minimum_days
      using errcode = '23514',
            detail = 'retention_too_short',
            hint = format('The reason: %s.', v_class.minimum_basis);
  end if;
  if new.action = 'anonymise' and new.data_class in ('audit_logs', 'users') then
    raise exception '% cannot be made anonymous by age', new.data_class
      using errcode = '23514',
            detail = 'retention_action_impossible',
            hint = 'Choose delete or keep; single people are erased by a compliance request.';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_data_retention_policies__check() from public;
create or replace trigger check_policy
  before insert or update of data_class, retention_days, action on public.data_retention_policies
  for each row execute function private.tg_data_retention_policies__check();

-- What anonymising sets: what is personal becomes null where it may, else empty: lists and objects as in a new row, where
-- checks ask for it, an address and a reason.
create or replace function private.anonymous_values(p_table_name text, out assignments text, out differs text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  select string_agg(format('%I = %s', v.name, v.value), ', ' order by v.name),
         string_agg(format('t.%I is distinct from %s', v.name, v.value), ' or ' order by v.name)
    into assignments, differs
    from (
      select a.attname as name,
             case
               when p_table_name = 'compliance_requests' and a.attname = 'subject_email' then '''erased@erased.invalid'''
               when p_table_name = 'compliance_requests' and a.attname in ('extension_reason', 'rejection_reason')
                 then format('case when t.%I is not null then ''[erased]'' end', a.attname)
               when not a.attnotnull then 'null'
               when a.atttypid = 'jsonb'::regtype or a.attndims > 0
                 then coalesce(pg_get_expr(d.adbin, d.adrelid), format('''{}''::%s', format_type(a.atttypid, null)))
               else '''[erased]'''
             end as value
        from private.column_classes as c
        join pg_attribute as a
          on a.attrelid = format('public.%I', p_table_name)::regclass and a.attname = c.column_name
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where c.table_schema = 'public' and c.table_name = p_table_name
         and (c.class in ('personal', 'sensitive') and c.erasure = 'scrub' or c.erasure = 'clear')
    ) as v;
end
$fn$;
revoke execute on function private.anonymous_values(text) from public;

-- One batch of one class of a company: rows that somebody works on are left to the next. With p_count only counts.
create or replace function private.retain_batch(
  p_company_id uuid, p_data_class text, p_action text, p_before timestamptz, p_max_rows integer, p_count boolean
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
  -- Rows are found again one by one, by their key: anything else would read all that is kept, in each batch.
  set enable_hashjoin = off set enable_mergejoin = off
as $fn$
declare
  v_class private.retention_classes;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_values record;
  v_old text;
  v_key text;
  v_rows bigint;
begin
  select * into strict v_class from private.retention_classes as k where k.data_class = p_data_class;
  if p_data_class = 'audit_logs' and not p_count then
    return private.prune_audit_chain(p_company_id, p_before, p_max_rows);
  end if;
  v_old := format('t.company_id = $1 and t.%I < $2 and (%s)', v_class.age_column, v_class.is_finished);
  if p_action = 'anonymise' then
    select * into v_values from private.anonymous_values(p_data_class);
    v_old := format('%s and (%s)', v_old, v_values.differs);
  end if;
  if p_count then
    execute format('select count(*) from public.%I as t where %s', p_data_class, v_old)
      into v_rows using p_company_id, p_before;
    return v_rows;
  end if;
  v_key := case when v_class.is_partitioned then format('company_id, %I, id', v_class.age_column) else 'company_id, id' end;
  perform set_config('app.importing', private.import_token(), true);
  if p_action = 'anonymise' then
    execute format(
      'with old as (select %2$s from public.%1$I as t where %3$s order by t.%4$I limit $3 for update skip locked)
       update public.%1$I as t set %5$s from old where (%6$s) = (%7$s)',
      p_data_class, v_key, v_old, v_class.age_column, v_values.assignments,
      replace('t.' || v_key, ', ', ', t.'), replace('old.' || v_key, ', ', ', old.')) using p_company_id, p_before, p_max_rows;
    get diagnostics v_rows = row_count;
  elsif p_data_class in ('documents', 'media_assets') then
    -- The file goes by the Storage API, which a subscriber of the event calls.
    execute format(
      'with old as (select %2$s from public.%1$I as t where %3$s order by t.%4$I limit $3 for update skip locked),
            gone as (delete from public.%1$I as t using old where (%5$s) = (%6$s) returning t.id, t.storage_path)
       select count(*) from gone as g, lateral private.emit_event($1, ''file.expired'', jsonb_build_object(
         ''bucket'', %7$L, ''path'', g.storage_path, ''row_id'', g.id))',
      p_data_class, v_key, v_old, v_class.age_column,
      replace('t.' || v_key, ', ', ', t.'), replace('old.' || v_key, ', ', ', old.'),
      case p_data_class when 'documents' then 'documents' else 'media' end)
      into v_rows using p_company_id, p_before, p_max_rows;
  else
    execute format(
      'with old as (select %2$s from public.%1$I as t where %3$s order by t.%4$I limit $3 for update skip locked)
       delete from public.%1$I as t using old where (%5$s) = (%6$s)',
      p_data_class, v_key, v_old, v_class.age_column,
      replace('t.' || v_key, ', ', ', t.'), replace('old.' || v_key, ', ', ', old.')) using p_company_id, p_before, p_max_rows;
    get diagnostics v_rows = row_count;
  end if;
  perform set_config('app.importing', v_importing, true);
  return v_rows;
end
$fn$;
revoke execute on function private.retain_batch(uuid, text, text, timestamptz, integer, boolean) from public;

-- A whole month goes at once where no company keeps anything of it; one a call, since whoever calls holds the table
-- until the transaction ends. What takes long is done before the table is locked, and whoever comes meanwhile waits for
-- a lock that is given up after 20 ms; with somebody who reads for longer, the month is left to the next call.
drop function if exists private.drop_expired_partitions();
create or replace function private.drop_expired_partition() returns setof public.retention_result
language plpgsql volatile set search_path = pg_catalog, pg_temp
  set lock_timeout = '20ms' set timezone = 'UTC' set datestyle = 'ISO'
as $fn$
declare
  v_partition record;
  v_company_id uuid;
  v_is_needed boolean;
  v_attempt integer;
  v_result public.retention_result;
  v_results public.retention_result[];
  v_busy text[] := '{}'::text[];
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_partition in
    select k.data_class, k.age_column, c.relname as name,
           (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz as ends_at
      from private.retention_classes as k
      join pg_inherits as i on i.inhparent = format('public.%I', k.data_class)::regclass
      join pg_class as c on c.oid = i.inhrelid
      -- Entries of the audit log leave a segment of their chain behind.
     where k.data_class <> 'audit_logs'
       and pg_get_expr(c.relpartbound, c.oid) like 'FOR VALUES FROM%'
     order by ends_at
  loop
    continue when v_partition.ends_at > now() - interval '1 day' or v_partition.data_class = any (v_busy);
    v_is_needed := false;
    -- Each company that has a row in it, by hops over the primary key.
    for v_company_id in execute format(
      'with recursive c as (
         (select t.company_id from private.%1$I as t order by t.company_id limit 1)
         union all
         select (select t.company_id from private.%1$I as t where t.company_id > c.company_id order by t.company_id limit 1)
           from c where c.company_id is not null
       )
       select c.company_id from c where c.company_id is not null', v_partition.name)
    loop
      v_is_needed := v_company_id = any (v_frozen) or not exists (
        select from public.data_retention_policies as p
          join private.retention_classes as k on k.data_class = p.data_class
         where p.company_id = v_company_id and p.data_class = v_partition.data_class and p.action = 'delete'
           and not p.is_legal_hold
           and v_partition.ends_at <= now() - make_interval(days => greatest(p.retention_days, k.minimum_days)))
        or v_partition.data_class = 'api_usage' and exists (
          select from public.budget_periods as b
           where b.company_id = v_company_id and b.status = 'open' and b.starts_at < v_partition.ends_at);
      exit when v_is_needed;
    end loop;
    continue when v_is_needed;
    begin
      -- Whether the lock is to be had at all, before anything is counted for it. Leaving the block lets it go again.
      begin
        execute format('lock table only public.%I in access exclusive mode', v_partition.data_class);
        raise sqlstate 'P0001';
      exception when raise_exception then
        null;
      end;
      -- Nobody adds to the month from here on; other months go on.
      execute format('lock table private.%I in share row exclusive mode', v_partition.name);
      execute format(
        'select coalesce(array_agg((g.company_id, %2$L, ''delete'', $1, g.row_count, false, null)::public.retention_result
                         order by g.company_id), ''{}'')
           from (select t.company_id, count(*) as row_count from private.%1$I as t group by 1) as g',
        v_partition.name, v_partition.data_class) into v_results using v_partition.ends_at;
      if v_partition.data_class = 'api_usage' then
        perform private.uncount_partition(v_partition.name);
      end if;
      foreach v_result in array v_results loop
        insert into public.data_retention_logs (company_id, data_retention_policy_id, data_class, status, rows_affected, finished_at)
        select p.company_id, p.id, p.data_class, 'succeeded', v_result.rows_affected, clock_timestamp()
          from public.data_retention_policies as p
         where p.company_id = v_result.company_id and p.data_class = v_result.data_class;
        perform private.write_audit(v_result.company_id, 'retention.applied', v_result.data_class, null, jsonb_build_object(
          'action', v_result.action, 'older_than', v_result.older_than, 'row_count', v_result.rows_affected));
      end loop;
      -- Links of the audit log get their place now, not while the table is locked.
      set constraints private.link immediate;
      v_attempt := 1;
      loop
        begin
          execute format('lock table only public.%I in access exclusive mode', v_partition.data_class);
          execute format('drop table private.%I', v_partition.name);
          exit;
        exception when lock_not_available then
          if v_attempt >= 5 then
            raise;
          end if;
          v_attempt := v_attempt + 1;
          perform pg_sleep(0.05);
        end;
      end loop;
      set constraints private.link deferred;
      -- A month that nobody wrote to is nobody's.
      return query select * from unnest(v_results)
        union all
        select null, v_partition.data_class, 'delete', v_partition.ends_at, 0, false, null where v_results = '{}';
      return;
    exception when lock_not_available or deadlock_detected then
      raise warning 'partition % is dropped later: it is in use', v_partition.name;
      v_busy := v_busy || v_partition.data_class;
    end;
  end loop;
end
$fn$;
revoke execute on function private.drop_expired_partition() from public;

create or replace function private.run_data_retention(p_company_id uuid, p_dry_run boolean, p_max_rows integer)
returns setof public.retention_result
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_policy record;
  v_result public.retention_result;
  v_left integer := p_max_rows;
  v_started timestamptz;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  if p_company_id is null then
    perform private.require_operator();
  elsif current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    perform private.require_company(p_company_id, 'compliance.manage');
  end if;
  if p_max_rows is null or p_max_rows not between 1 and 100000 or p_dry_run is null then
    raise exception 'max_rows must be 1 to 100000'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'Call again until is_complete is true everywhere.';
  end if;
  if p_company_id is null and not p_dry_run then
    return query select * from private.drop_expired_partition();
    if found then
      -- The table is free again as soon as the caller's transaction ends.
      return;
    end if;
  end if;
  for v_policy in
    select p.company_id, p.id, p.data_class, p.action,
           now() - make_interval(days => greatest(p.retention_days, k.minimum_days)) as older_than
      from public.data_retention_policies as p
      join private.retention_classes as k on k.data_class = p.data_class
     where (p_company_id is null and p.company_id <> all (v_frozen) or p.company_id = p_company_id)
       and p.action <> 'keep' and not p.is_legal_hold
     -- Another order of companies each day, so that none is always last. Logs come before the jobs that they keep.
     order by case when p_company_id is null then md5(p.company_id::text || current_date) end, p.data_class
  loop
    exit when v_left <= 0;
    v_started := clock_timestamp();
    v_result := (v_policy.company_id, v_policy.data_class, v_policy.action, v_policy.older_than, 0, true, null)::public.retention_result;
    begin
      v_result.rows_affected := private.retain_batch(
        v_policy.company_id, v_policy.data_class, v_policy.action, v_policy.older_than, v_left, p_dry_run);
      v_result.is_complete := p_dry_run or v_result.rows_affected < v_left;
    exception when others then
      v_result.error := format('%s (%s)', sqlerrm, sqlstate);
      v_result.is_complete := false;
    end;
    if not p_dry_run then
      v_left := v_left - v_result.rows_affected::integer;
    end if;
    if v_result.rows_affected > 0 or v_result.error is not null then
      insert into public.data_retention_logs (
        company_id, data_retention_policy_id, data_class, status, is_dry_run, rows_affected, started_at, finished_at, error_message)
      values (
        v_policy.company_id, v_policy.id, v_policy.data_class, case when v_result.error is null then 'succeeded' else 'failed' end,
        p_dry_run, v_result.rows_affected, v_started, clock_timestamp(), v_result.error);
    end if;
    if v_result.rows_affected > 0 and not p_dry_run then
      perform private.write_audit(v_policy.company_id, 'retention.applied', v_policy.data_class, null, jsonb_build_object(
        'action', v_policy.action, 'older_than', v_policy.older_than, 'row_count', v_result.rows_affected));
    end if;
    if v_result.error is not null then
      perform private.emit_event(v_policy.company_id, 'retention.failed', jsonb_build_object(
        'data_class', v_policy.data_class, 'action', v_policy.action, 'error', v_result.error));
    end if;
    return next v_result;
  end loop;
  -- Companies that were closed and whose grace period is over, with what is left of the batch.
  if p_company_id is null and not p_dry_run then
    perform private.remind_of_erasure();
    if v_left > 0 then
      return query select * from private.erase_companies(v_left);
    end if;
  end if;
end
$fn$;
revoke execute on function private.run_data_retention(uuid, boolean, integer) from public;
grant execute on function private.run_data_retention(uuid, boolean, integer) to authenticated, platform_admin, service_role;

create or replace function public.run_data_retention(
  company_id uuid default null, dry_run boolean default false, max_rows integer default 10000
) returns setof public.retention_result
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.run_data_retention(run_data_retention.company_id, dry_run, max_rows);
end
$fn$;
revoke execute on function public.run_data_retention(uuid, boolean, integer) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.run_data_retention(uuid, boolean, integer) to authenticated, platform_admin, service_role;

revoke all on table private.retention_classes from public, anon, authenticated, platform_admin, service_role;

comment on table private.retention_classes is
  'Classes of data that a retention policy can name, what of them may go at all, and how long they must be kept whatever a policy says.';
comment on function private.tg_data_retention_policies__check() is
  'Row trigger: no policy undercuts the minimum of its class. Errors: 23514 retention_too_short, retention_action_impossible.';
comment on function private.anonymous_values(text) is 'What anonymising sets in a table, and how to tell a row that is not anonymous yet.';
comment on function private.retain_batch(uuid, text, text, timestamptz, integer, boolean) is
  'Deletes or anonymises at most so many rows of a class that are older than a time, or counts them; how many.';
comment on function private.drop_expired_partition() is
  'Drops the first month of which no company keeps anything, with an entry for each company; what went of each. A row without company for a month that was empty; no rows: no such month, or all are in use.';
comment on function private.run_data_retention(uuid, boolean, integer) is 'Implementation of public.run_data_retention().';
comment on function public.run_data_retention(uuid, boolean, integer) is
  'Applies the retention policies of a company, or of all without company_id: deletes or anonymises what is older, at most max_rows (1 to 100000) rows a call; what is under legal hold, not finished or within the minimum period of its class stays. A row for each policy that was applied; call again until is_complete is true everywhere, or error is set. For all companies, a month of which none keeps anything is dropped as a whole, in a call of its own. Rows that are locked are left to the next call; several calls at once share the work. With dry_run only counts. Each policy that found something is logged in data_retention_logs; a failure is logged, reported (event retention.failed) and does not stop the others. Without company_id it also erases companies whose grace period after close_company() is over (data_class company). Members holding compliance.manage, for their active company; operators and service_role for any or all. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_batch_size.';

-- migrate:down
