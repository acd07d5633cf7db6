-- migrate:up
-- What can be wrong around the tables, and diagnose() itself: who may ask about what, and in which words the answer comes.

set lock_timeout = '5s';
set statement_timeout = '10min';

create or replace function private.diagnose_partitions()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_table record;
  v_key text;
begin
  for v_table in
    select t.table_name, t.months_ahead, p.partrelid, p.partattrs[0] as key
      from private.partitioned_tables as t
      join pg_partitioned_table as p on p.partrelid = to_regclass(format('public.%I', t.table_name))
     order by t.table_name
  loop
    return query
      select 'platform.partition_missing', jsonb_build_object('table', v_table.table_name, 'month', to_char(m.month, 'YYYY-MM'))
        from generate_series(
               date_trunc('month', now() at time zone 'UTC'),
               date_trunc('month', now() at time zone 'UTC') + make_interval(months => v_table.months_ahead),
               interval '1 month') as m (month)
       where to_regclass(format('private.%I', format('%s_p%s', v_table.table_name, to_char(m.month, 'YYYYMM')))) is null
       order by m.month;
    if to_regclass(format('private.%I', v_table.table_name || '_default')) is not null then
      select a.attname into v_key from pg_attribute as a where a.attrelid = v_table.partrelid and a.attnum = v_table.key;
      return query execute format(
        'select case when x.month < date_trunc(''month'', now() at time zone ''UTC'')
                     then ''platform.default_partition_past'' else ''platform.default_partition_used'' end,
                jsonb_build_object(''table'', %L, ''month'', x.month)
           from (select distinct date_trunc(''month'', d.%I at time zone ''UTC'')::date as month from private.%I as d) as x
          order by x.month', v_table.table_name, v_key, v_table.table_name || '_default');
    end if;
  end loop;
end
$fn$;
revoke execute on function private.diagnose_partitions() from public;

create or replace function private.is_extension_available(p_name text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return exists (select from pg_available_extensions as e where e.name = p_name);
end
$fn$;
revoke execute on function private.is_extension_available(text) from public;

-- The jobs that private.schedule_maintenance() makes are read from its text, so that there is one list of them.
create or replace function private.diagnose_schedule()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if to_regclass('cron.job') is null then
    return query values (
      case when private.is_extension_available('pg_cron')
           then 'platform.scheduler_absent' else 'platform.scheduler_unavailable' end, '{}'::jsonb);
    return;
  end if;
  return query execute format($sql$
    select case when j.jobid is null then 'platform.job_missing' else 'platform.job_inactive' end,
           jsonb_build_object('job', w.name, 'jobid', j.jobid)
      from (
        select distinct m[1] as name
          from pg_proc as p cross join regexp_matches(p.prosrc, '''(lytbub_[a-z_]+)''', 'g') as m
         where p.oid = 'private.schedule_maintenance()'::regprocedure
      ) as w
      left join %I.job as j on j.jobname = w.name
     where j.jobid is null or not j.active
     order by w.name
  $sql$, 'cron');
  return query execute format($sql$
    select 'platform.job_failed',
           jsonb_build_object('job', j.jobname, 'failed_at', d.start_time, 'error', left(d.return_message, 300))
      from %1$I.job as j
     cross join lateral (
       select r.status, r.start_time, r.return_message from %1$I.job_run_details as r
        where r.jobid = j.jobid and r.status in ('succeeded', 'failed')
        order by r.runid desc
        limit 1
     ) as d
     where j.jobname like 'lytbub\_%%' and j.active and d.status = 'failed'
     order by j.jobname
  $sql$, 'cron');
end
$fn$;
revoke execute on function private.diagnose_schedule() from public;

create or replace function private.diagnose_outbox()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
    select 'platform.outbox_stale', jsonb_build_object('since', min(e.available_at), 'events', count(*))
      from private.outbox_events as e
     where e.status = 'pending' and e.available_at < now() - interval '15 minutes'
    having count(*) > 0;
  return query
    select 'platform.outbox_dead', jsonb_build_object('events', count(*), 'topics', string_agg(distinct e.topic, ', '))
      from private.outbox_events as e
     where e.status = 'dead'
    having count(*) > 0;
end
$fn$;
revoke execute on function private.diagnose_outbox() from public;

create or replace function private.diagnose_stripe_events()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
    select 'billing.events_waiting', jsonb_build_object(
             'events', count(*), 'since', min(e.received_at), 'errors', coalesce(string_agg(distinct left(e.error, 200), '; '), 'none'))
      from private.stripe_events as e
     where e.status = 'received' and e.received_at < now() - interval '15 minutes'
    having count(*) > 0;
  return query
    select 'billing.events_unmatched', jsonb_build_object('events', count(*), 'customers', string_agg(distinct e.stripe_customer_id, ', '))
      from private.stripe_events as e
     where e.status = 'unmatched' and e.finished_at > now() - interval '7 days'
       and not exists (select from public.companies as c where c.stripe_customer_id = e.stripe_customer_id)
    having count(*) > 0;
end
$fn$;
revoke execute on function private.diagnose_stripe_events() from public;

create or replace function private.diagnose_hook()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_people bigint;
begin
  if not has_schema_privilege('supabase_auth_admin', 'private', 'usage')
     or not has_function_privilege('supabase_auth_admin', 'private.custom_access_token_hook(jsonb)', 'execute')
  then
    return query values ('platform.hook_not_granted', '{}'::jsonb);
  end if;
  select count(distinct u.id) into v_people
    from auth.users as a
    join public.users as u on u.id = a.id and u.status = 'active' and u.created_at < a.last_sign_in_at
    join public.companies as c on c.id = u.company_id and c.status = 'active'
   where a.last_sign_in_at > now() - interval '30 days';
  if v_people > 0 and not exists (
    select from public.audit_logs as l where l.action = 'session.started' and l.created_at > now() - interval '31 days')
  then
    return query values ('platform.hook_not_called', jsonb_build_object('people', v_people));
  end if;
end
$fn$;
revoke execute on function private.diagnose_hook() from public;

create or replace function private.diagnose_roles()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_pre_request text;
begin
  if not pg_has_role('authenticator', 'platform_admin', 'member') then
    return query values ('platform.admin_role_not_granted', '{}'::jsonb);
  end if;
  return query
    select 'platform.role_bypasses_policies', jsonb_build_object('role', r.rolname, 'how', concat_ws(', ',
             case when r.rolsuper then 'superuser' end,
             case when r.rolbypassrls then 'bypassrls' end,
             'inherits from ' || x.names))
      from pg_roles as r
     cross join lateral (
       select string_agg(b.rolname, ', ' order by b.rolname) as names from pg_roles as b
        where (b.rolbypassrls or b.rolsuper) and b.oid <> r.oid and pg_has_role(r.oid, b.oid, 'usage') and not r.rolsuper
     ) as x
     where r.rolname in ('anon', 'authenticated', 'platform_admin', 'authenticator')
       and (r.rolsuper or r.rolbypassrls or x.names is not null)
     order by r.rolname;
  -- Settings of the role for this database go before those for all.
  select substr(s.setting, strpos(s.setting, '=') + 1) into v_pre_request
    from pg_db_role_setting as d
    join pg_roles as r on r.oid = d.setrole
   cross join lateral unnest(d.setconfig) as s (setting)
   where r.rolname = 'authenticator' and s.setting like 'pgrst.db\_pre\_request=%'
     and d.setdatabase in (0, (select b.oid from pg_database as b where b.datname = current_database()))
   order by d.setdatabase desc
   limit 1;
  -- Supabase's own servers let the migration set it; on others PostgREST has it in its own configuration.
  if v_pre_request is null and nullif(current_setting('supautils.reserved_roles', true), '') is null then
    return query values ('platform.pre_request_unknown', '{}'::jsonb);
  elsif replace(v_pre_request, '"', '') is distinct from 'public.check_request' and not exists (
    select from pg_proc as p where p.oid = to_regproc(v_pre_request) and strpos(p.prosrc, 'check_request(') > 0)
  then
    return query values ('platform.pre_request_unset', jsonb_build_object('setting', coalesce(v_pre_request, 'not set')));
  end if;
  return query
    select 'platform.private_exposed', jsonb_build_object(
             'role', r.rolname, 'setting', substr(s.setting, strpos(s.setting, '=') + 1))
      from pg_db_role_setting as d
      join pg_roles as r on r.oid = d.setrole
     cross join lateral unnest(d.setconfig) as s (setting)
     where r.rolname = 'authenticator' and s.setting ~ '^pgrst\.db_schemas=(.*[ ,"])?private([ ,"].*)?$'
     order by r.rolname, s.setting;
end
$fn$;
revoke execute on function private.diagnose_roles() from public;

create or replace function private.diagnose_platform()
returns table (check_id text, evidence jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not exists (
    select from public.companies as c join public.users as u on u.company_id = c.id
     where c.is_operator and u.role = 'admin' and u.status = 'active')
  then
    return query values ('platform.operator_missing', '{}'::jsonb);
  end if;
  return query select * from private.diagnose_hook();
  return query select * from private.diagnose_roles();
  return query select * from private.diagnose_partitions();
  return query select * from private.diagnose_schedule();
  return query select * from private.diagnose_outbox();
  return query select * from private.diagnose_stripe_events();
  if to_regprocedure('extensions.pgp_sym_encrypt_bytea(bytea, text)') is null then
    return query values ('platform.extension_missing', '{"extension": "pgcrypto"}'::jsonb);
  end if;
  return query
    select 'platform.realtime_sends_deletions', '{}'::jsonb
      from pg_publication as p
     where p.pubname = 'supabase_realtime' and (p.pubdelete or p.pubtruncate)
       and exists (select from pg_publication_tables as t where t.pubname = p.pubname and t.schemaname = 'public'
                      and t.tablename in ('jobs', 'documents', 'media_assets', 'invoices', 'budget_periods', 'budget_alerts', 'compliance_requests'));
  return query
    select 'platform.bucket_public', jsonb_build_object('bucket', b.id)
      from storage.buckets as b
     where b.id in ('documents', 'media') and b.public
     order by b.id;
  return query
    select 'platform.proxy_count_invalid', jsonb_build_object('value', s.value)
      from public.system_config as s
     where s.key = 'security.trusted_proxy_count' and (s.value #>> '{}') !~ '^[0-9]{1,2}$';
end
$fn$;
revoke execute on function private.diagnose_platform() from public;

-- Every area of one company that the caller may have examined.
create or replace function private.diagnose_company(p_company_id uuid, p_areas text[])
returns table (check_id text, evidence jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_common constant jsonb := (
    select jsonb_build_object('company_id', c.id, 'company', c.name) from public.companies as c where c.id = p_company_id);
  v_area text;
  v_name text;
  v_check_id text;
  v_evidence jsonb;
  v_is_clean boolean;
begin
  foreach v_area in array p_areas loop
    v_is_clean := true;
    v_name := 'diagnose_' || v_area;
    for v_check_id, v_evidence in execute format('select f.check_id, f.evidence from private.%I($1) as f', v_name) using p_company_id loop
      v_is_clean := false;
      return query values (v_check_id, v_common || v_evidence);
    end loop;
    if v_is_clean then
      return query values (v_area || '.ok', v_common);
    end if;
  end loop;
end
$fn$;
revoke execute on function private.diagnose_company(uuid, text[]) from public;

create or replace function private.diagnose(p_company_id uuid, p_user_id uuid, p_permission text, p_request jsonb)
returns table (
  check_id text, area text, severity text, finding text, explanation text, mend text, mend_sql text, evidence jsonb
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_is_member constant boolean := current_setting('role', true) = 'authenticated';
  v_request_headers constant text := coalesce(current_setting('request.headers', true), '');
  v_claims jsonb := p_request -> 'claims';
  v_headers jsonb := coalesce(p_request -> 'headers', '{}');
  v_company uuid := p_company_id;
  v_user uuid := p_user_id;
  v_self uuid;
  v_areas text[];
  v_findings jsonb;
begin
  if v_is_member then
    v_claims := private.parse_json_object(current_setting('request.jwt.claims', true));
    v_headers := coalesce(private.parse_json_object(v_request_headers), '{}');
    v_self := private.parse_uuid(v_claims ->> 'sub');
    v_user := coalesce(p_user_id, v_self);
    v_company := private.company_for(null);
    -- The company that the request works in, or asks for in vain; of no other is anything said.
    if v_self is null or p_request is not null or p_company_id is not null and p_company_id is distinct from coalesce(
         v_company, (select c.company_id from private.chosen_company(v_self, v_claims, v_headers) as c))
       or v_user <> v_self and private.company_for('users.read') is null
    then
      raise exception 'that is not your active company, or you may not ask about that person'
        using errcode = '42501',
              detail = 'not_your_company',
              hint = 'Ask about yourself without parameters; about a colleague with users.read; header x-company-id chooses among your companies.';
    end if;
    if v_user <> v_self then
      -- Whoever is no member is nobody here, whether they exist or not.
      if not exists (select from public.users as u where u.company_id = v_company and u.id = v_user) then
        raise exception 'no such member in your company'
          using errcode = '42501',
                detail = 'not_a_member',
                hint = 'Read the users table for the members of your company.';
      end if;
      -- Their request is not at hand.
      v_claims := null;
    end if;
    select array_agg(a.area order by a.place) into v_areas from private.diagnosis_areas as a
     where p_user_id is null and private.company_for(a.permission) is not null and a.permission is not null;
  else
    perform private.require_operator();
    if v_company is not null and not exists (select from public.companies as c where c.id = v_company) then
      raise exception 'there is no company %', v_company
        using errcode = 'PT404',
              detail = 'unknown_company',
              hint = 'Check company_id.';
    end if;
    select array_agg(a.area order by a.place) into v_areas from private.diagnosis_areas as a
     where v_company is not null and v_user is null and a.permission is not null;
  end if;
  if p_permission is not null and not exists (select from private.permissions as k where k.permission = p_permission) then
    raise exception 'permission % is not known', p_permission
      using errcode = '23514',
            detail = 'unknown_permission',
            hint = 'Use a permission of the form resource.verb; docs/security.md lists them.';
  end if;

  -- The request that is asked about is read where the gate would read it, for as long as it is looked at.
  perform set_config('request.headers', v_headers::text, true);
  select jsonb_agg(jsonb_build_object('check_id', f.check_id, 'evidence', f.evidence)) into v_findings
    from (
      -- Whom the allowlist keeps out, the gate gives no permission to read it.
      select * from private.diagnose_access(v_company, v_user, p_permission, v_claims, v_headers, not v_is_member) as a
       where v_user is not null
      union all
      select * from private.diagnose_company(v_company, coalesce(v_areas, '{}'))
      union all
      select * from private.diagnose_platform() where v_user is null and v_company is null
    ) as f;
  perform set_config('request.headers', v_request_headers, true);
  if v_findings is null then
    v_findings := '[{"check_id": "platform.ok", "evidence": {}}]';
  end if;
  return query
    select k.check_id, k.area, k.severity, private.fill_in(k.finding, f.evidence), private.fill_in(k.explanation, f.evidence),
           private.fill_in(k.mend, f.evidence), private.fill_in(k.mend_sql, f.evidence), f.evidence
      from (
        select x.value ->> 'check_id' as check_id, x.value -> 'evidence' as evidence, x.place
          from jsonb_array_elements(v_findings) with ordinality as x (value, place)
      ) as f
      join private.diagnosis_checks as k on k.check_id = f.check_id
      join private.diagnosis_areas as a on a.area = k.area
     order by a.place, array_position('{error,warning,info,ok}', k.severity), f.place;
end
$fn$;
revoke execute on function private.diagnose(uuid, uuid, text, jsonb) from public;
grant execute on function private.diagnose(uuid, uuid, text, jsonb) to authenticated, platform_admin, service_role;

create or replace function public.diagnose(
  company_id uuid default null, user_id uuid default null, permission text default null, request jsonb default null
) returns table (
  check_id text, area text, severity text, finding text, explanation text, mend text, mend_sql text, evidence jsonb
)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query select * from private.diagnose(company_id, user_id, permission, request);
end
$fn$;
revoke execute on function public.diagnose(uuid, uuid, text, jsonb) from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.diagnose(uuid, uuid, text, jsonb) to authenticated, platform_admin, service_role;

comment on function private.diagnose_partitions() is 'Findings of diagnose() about monthly partitions.';
comment on function private.is_extension_available(text) is 'True if the server has the extension, enabled or not.';
comment on function private.diagnose_schedule() is 'Findings of diagnose() about pg_cron and the jobs of private.schedule_maintenance().';
comment on function private.diagnose_outbox() is 'Findings of diagnose() about events that are not delivered.';
comment on function private.diagnose_stripe_events() is 'Findings of diagnose() about events of Stripe that were not processed.';
comment on function private.diagnose_hook() is 'Findings of diagnose() about the token hook.';
comment on function private.diagnose_roles() is 'Findings of diagnose() about Postgres roles and what PostgREST is told through them.';
comment on function private.diagnose_platform() is 'Findings of diagnose() about everything that is of no one company.';
comment on function private.diagnose_company(uuid, text[]) is 'Findings of diagnose() about a company, area by area; <area>.ok where there are none.';
comment on function private.diagnose(uuid, uuid, text, jsonb) is 'Implementation of public.diagnose().';
comment on function public.diagnose(uuid, uuid, text, jsonb) is
  'What is wrong, why, and what mends it, worst first by area: severity error, warning, info (works as configured) or ok; mend_sql is a statement for the owner of the database, with nothing left to fill in. With user_id: why that person sees no rows in company_id, or in the company that they work in; permission (resource.verb) asks about one in particular. With company_id alone: its budgets, billing, compliance, IP access and retention. With neither: the platform. Operators and service_role ask about anybody, and may state the request as {"claims": {…}, "headers": {…}} of its token and headers. Members ask about themselves and their active company, as far as their permissions go, and about a colleague with users.read; the request is their own. No secrets in evidence. docs/troubleshooting.md lists the checks. Errors: 42501 not_your_company, not_a_member, not_an_operator; PT404 unknown_company; 23514 unknown_permission.';

-- migrate:down
