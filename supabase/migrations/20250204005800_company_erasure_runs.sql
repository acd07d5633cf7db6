-- migrate:up
-- The erasure of closed companies as a whole: a batch of one, the receipt, whose turn it is, and reminders before it.
-- data retention and the scheduler call it.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What is kept, by table, and why.
create or replace function private.erasure_receipt(p_company_id uuid) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_table private.erasure_table;
  v_class private.retention_classes;
  v_is_held boolean;
  v_rows bigint;
  v_kept jsonb := '[]'::jsonb;
begin
  for v_table in
    select * from private.erasure_tables(p_company_id)
    union all select 'public.audit_logs', null, 'true', null
  loop
    execute format('select count(*) from %s as t where t.company_id = $1', v_table.table_name) into v_rows using p_company_id;
    continue when v_rows = 0;
    select k.* into v_class from private.retention_classes as k
     where v_table.table_name = 'public.' || k.data_class
        or k.data_class = 'invoices' and v_table.table_name = 'public.billing_invoices';
    v_is_held := exists (
      select from public.data_retention_policies as p
       where p.company_id = p_company_id and p.data_class = v_class.data_class and p.is_legal_hold);
    v_kept := v_kept || jsonb_build_object(
      'table', v_table.table_name, 'rows', v_rows,
      'reason', case
        when v_is_held then 'legal hold'
        when v_class.minimum_days > 1 then format('%s (%s days)', v_class.minimum_basis, v_class.minimum_days)
        when v_table.table_name = 'public.data_retention_policies' then 'legal hold'
        else 'belongs to rows that are kept'
      end,
      'is_anonymous', not v_is_held and coalesce(v_class.minimum_days > 1 and v_class.overrides_erasure is null, false));
  end loop;
  return (
    select jsonb_build_object(
             'closed_at', c.closed_at, 'grace_ended_at', l.grace_ends_at, 'erasure_started_at', l.erasure_started_at,
             'erased_at', coalesce(l.erased_at, now()), 'gone', l.counts, 'kept', v_kept, 'files', (
               select count(*) from storage.objects as o
                where o.bucket_id in ('documents', 'media') and starts_with(o.name, p_company_id || '/')))
      from public.companies as c
      join private.company_lifecycles as l on l.company_id = c.id
     where c.id = p_company_id);
end
$fn$;
revoke execute on function private.erasure_receipt(uuid) from public;

-- A batch of one company, which the caller has locked. True if there is nothing left to do today.
create or replace function private.erase_company_batch(p_company_id uuid, p_max_rows integer, out rows_affected bigint, out is_complete boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_life private.company_lifecycles;
  v_table private.erasure_table;
  v_rows bigint;
  v_counts jsonb;
  v_receipt jsonb;
begin
  rows_affected := 0;
  is_complete := false;
  select * into strict v_life from private.company_lifecycles as l where l.company_id = p_company_id;
  if v_life.erasure_started_at is null then
    -- Secrets first: no backup that is made from now on can be read.
    delete from private.company_data_keys as d where d.company_id = p_company_id;
    perform private.write_audit(p_company_id, 'company.erasure_started', 'companies', p_company_id, '{}');
    perform private.emit_event(p_company_id, 'company.erasure_started', jsonb_strip_nulls(jsonb_build_object(
      'stripe_customer_id', (select c.stripe_customer_id from public.companies as c where c.id = p_company_id))));
    update private.company_lifecycles as l set erasure_started_at = clock_timestamp(), request_hash = null
     where l.company_id = p_company_id
    returning * into v_life;
  end if;
  v_counts := v_life.counts;
  perform set_config('app.importing', private.import_token(), true);
  for v_table in select * from private.erasure_tables(p_company_id) loop
    exit when rows_affected >= p_max_rows;
    v_rows := private.erase_table(p_company_id, v_table, (p_max_rows - rows_affected)::integer);
    if v_rows > 0 then
      v_counts := v_counts || jsonb_build_object(v_table.table_name, coalesce((v_counts ->> v_table.table_name)::bigint, 0) + v_rows);
      rows_affected := rows_affected + v_rows;
    end if;
    if rows_affected < p_max_rows then
      rows_affected := rows_affected + private.strip_referred_rows(p_company_id, v_table, (p_max_rows - rows_affected)::integer);
    end if;
  end loop;
  if rows_affected < p_max_rows then
    rows_affected := rows_affected + private.strip_kept_rows(p_company_id, (p_max_rows - rows_affected)::integer);
  end if;
  perform set_config('app.importing', v_importing, true);
  if rows_affected < p_max_rows then
    rows_affected := rows_affected + private.erase_audit_log(p_company_id, v_life.erasure_started_at, (p_max_rows - rows_affected)::integer);
  end if;
  if rows_affected < p_max_rows then
    rows_affected := rows_affected + private.erase_files_and_events(p_company_id, (p_max_rows - rows_affected)::integer);
  end if;
  perform private.fold_usage(p_company_id, 1000000);
  update private.company_lifecycles as l set counts = v_counts where l.company_id = p_company_id;
  -- A batch that found nothing tells the end; what somebody works on is left to the next one.
  if rows_affected > 0 or exists (
    select from private.erasure_tables(p_company_id) as t where private.has_erasable_rows(p_company_id, t))
  then
    return;
  end if;
  is_complete := true;
  v_receipt := private.erasure_receipt(p_company_id);
  update private.company_lifecycles as l
     set erased_at = coalesce(l.erased_at, now()), receipt = v_receipt, checked_at = now(),
         completed_at = case when v_receipt -> 'kept' = '[]' and v_receipt -> 'files' = '0' then coalesce(l.completed_at, now()) end
   where l.company_id = p_company_id;
  if v_life.erased_at is null then
    perform set_config('app.importing', private.import_token(), true);
    update public.companies as c
       set slug = 'erased-' || replace(c.id::text, '-', ''), name = '[erased]', legal_name = null, contact_name = null,
           contact_email = 'erased@erased.invalid', contact_phone = null, address_line1 = null, address_line2 = null, city = null,
           postal_code = null, country_code = null, tax_number = null, status_reason = null, stripe_customer_id = null,
           created_by = null, updated_by = null, updated_at = now()
     where c.id = p_company_id;
    perform set_config('app.importing', v_importing, true);
    perform private.write_audit(c.id, 'company.erased', 'companies', p_company_id, v_receipt)
       from public.companies as c where c.is_operator;
    perform private.emit_event(p_company_id, 'company.erased', v_receipt);
  end if;
end
$fn$;
revoke execute on function private.erase_company_batch(uuid, integer) from public;

-- At most so many rows, of the companies whose grace period is over, and daily of those of which something is kept. Each
-- company in a transaction of its own as far as errors go: one that fails stops no other.
create or replace function private.erase_companies(p_max_rows integer) returns setof public.retention_result
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company_id uuid;
  v_result public.retention_result;
  v_left bigint := p_max_rows;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_company_id in
    select l.company_id
      from private.company_lifecycles as l
      join public.companies as c on c.id = l.company_id
     where c.status = 'closed' and l.grace_ends_at <= now() and c.id <> all (v_frozen)
       -- Afterwards: what is kept goes in its time, and nobody has written anything since.
       and (l.erased_at is null
            or l.checked_at <= now() - case when l.completed_at is null then interval '20 hours' else interval '30 days' end)
     order by l.erased_at is not null, l.grace_ends_at
     limit 100
  loop
    exit when v_left <= 0;
    -- One at a time, and nobody who has just been reactivated. Nobody can add a row from here to the end of the transaction
    -- either: each refers to the company. Where somebody is about to, the next run comes.
    perform from public.companies as c
      where c.id = v_company_id and c.status = 'closed'
        for update skip locked;
    continue when not found;
    continue when not exists (
      select from private.company_lifecycles as l where l.company_id = v_company_id and l.grace_ends_at <= now());
    v_result := (v_company_id, 'company', 'delete', now(), 0, true, null)::public.retention_result;
    begin
      select b.rows_affected into v_result.rows_affected
        from private.erase_company_batch(v_company_id, v_left::integer) as b;
      v_result.is_complete := v_result.rows_affected = 0;
    exception when others then
      v_result.error := format('%s (%s)', sqlerrm, sqlstate);
      v_result.is_complete := false;
      perform private.emit_event(v_company_id, 'retention.failed', jsonb_build_object(
        'data_class', 'company', 'action', 'delete', 'error', v_result.error));
    end;
    v_left := v_left - v_result.rows_affected;
    return next v_result;
  end loop;
end
$fn$;
revoke execute on function private.erase_companies(integer) from public;

-- Seven days and one day before the grace period ends.
create or replace function private.remind_of_erasure() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company record;
  v_notices integer := 0;
  v_frozen constant uuid[] := private.frozen_companies();
begin
  for v_company in
    select l.company_id, l.grace_ends_at, c.slug, case when l.grace_ends_at <= now() + interval '1 day' then 2 else 1 end as reminders
      from private.company_lifecycles as l
      join public.companies as c on c.id = l.company_id
     where l.grace_ends_at > now() and l.grace_ends_at <= now() + interval '7 days'
       and c.id <> all (v_frozen)
       and l.reminders < case when l.grace_ends_at <= now() + interval '1 day' then 2 else 1 end
     order by l.grace_ends_at
     limit 1000
       for update of l skip locked
  loop
    update private.company_lifecycles as l set reminders = v_company.reminders where l.company_id = v_company.company_id;
    perform private.emit_event(v_company.company_id, 'company.erasure_due', jsonb_build_object(
      'grace_ends_at', v_company.grace_ends_at, 'export', 'npm run company:export -- --company ' || v_company.slug));
    v_notices := v_notices + 1;
  end loop;
  return v_notices;
end
$fn$;
revoke execute on function private.remind_of_erasure() from public;

create or replace function private.maintain_companies(p_max_rows integer default 10000) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  perform private.remind_of_erasure();
  return (select coalesce(sum(r.rows_affected), 0)::bigint from private.erase_companies(p_max_rows) as r);
end
$fn$;
revoke execute on function private.maintain_companies(integer) from public;

comment on function private.erasure_receipt(uuid) is 'What went of an erased company, what is kept and why, and how many files wait to be removed.';
comment on function private.erase_company_batch(uuid, integer) is
  'Erases at most so many rows of a closed company; how many, and whether nothing is left that may go. The last batch leaves a row without personal data, a receipt, and event company.erased.';
comment on function private.erase_companies(integer) is 'Erases at most so many rows of the companies whose grace period is over: a row a company. Part of run_data_retention().';
comment on function private.remind_of_erasure() is 'Events company.erasure_due 7 days and 1 day before a grace period ends; how many.';
comment on function private.maintain_companies(integer) is 'Reminds of the end of grace periods and erases at most so many rows of companies; how many. Run every hour.';

-- migrate:down
