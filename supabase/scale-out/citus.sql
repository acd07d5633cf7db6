-- Generated: do not edit; run `npm run generate citus`.
-- Splits the tables of companies over the machines of a Citus cluster (docs/scale-out.md says when that pays, and what does
-- not work there). Run it once, by a superuser, on the coordinator, while nobody writes: psql -v ON_ERROR_STOP=1 -f <file>.
-- It is one transaction: all of it happens, or nothing.

begin;
set local search_path = pg_catalog, public;
set local lock_timeout = '30s';
-- Settings of this transaction go along to the other machines.
set local citus.propagate_set_commands = 'local';
set local citus.multi_shard_modify_mode = 'sequential';
-- Each trigger touches rows of its own company only, which are on the same shard.
set local citus.enable_unsafe_triggers = 'on';

-- What must be so before anything happens.
do $do$
declare
  v_known constant text[] := array['private.company_cells', 'private.company_moves', 'public.companies', 'private.audit_heads', 'private.audit_links', 'private.audit_segments', 'private.company_data_keys', 'private.company_lifecycles', 'private.compliance_reviews', 'private.outbox_events', 'private.rate_limit_buckets', 'private.stripe_usage_reports', 'private.usage_daily', 'private.usage_deltas', 'private.usage_keys', 'public.ai_agents', 'private.budget_reservations', 'private.company_secrets', 'public.api_keys', 'private.api_key_secrets', 'public.api_usage', 'public.audit_logs', 'public.billing_accounts', 'public.billing_invoices', 'public.budget_periods', 'private.budget_reconciliations', 'private.budget_stripes', 'public.budget_adjustments', 'public.budget_alerts', 'public.company_config', 'public.company_plans', 'public.compliance_requests', 'private.subject_bundle_files', 'private.subject_work', 'public.data_retention_policies', 'public.data_retention_logs', 'public.invitations', 'private.invitation_tokens', 'public.invoices', 'public.ip_allowlist_entries', 'public.processing_restrictions', 'public.security_policies', 'public.service_limits', 'public.services', 'public.invoice_line_items', 'public.users', 'public.jobs', 'public.agent_logs', 'public.documents', 'public.media_assets', 'public.system_config', 'private.adoptions', 'private.cells', 'private.column_classes', 'private.diagnosis_areas', 'private.diagnosis_checks', 'private.import_secret', 'private.partitioned_tables', 'private.permissions', 'private.plan_tiers', 'private.retention_classes', 'private.role_permissions', 'private.setting_changes', 'private.setting_definitions', 'private.stripe_cursors', 'private.stripe_events', 'private.write_snapshots'];
  v_found text;
begin
  if to_regproc('create_distributed_table') is null then
    raise exception 'this database has no Citus'
      using hint = 'Add citus to shared_preload_libraries, create the extension on every machine, then add the machines.';
  end if;
  select string_agg(x.name, ', ') into v_found
    from (
      select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
         and not exists (
           select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    ) as x (name)
   where x.name <> all (v_known);
  if v_found is not null then
    raise exception 'this file does not know %', v_found
      using hint = 'Generate it from this database: npm run generate citus -- --db <url>.';
  end if;
  if exists (select from private.company_moves as m where m.finished_at is null) then
    raise exception 'a company is moving' using hint = 'Confirm the move, or give it up, then run this again.';
  end if;
  select string_agg(w.nodename || ': ' || w.result, ', ') into v_found
    from run_command_on_workers($$
      select count(*) from pg_roles where rolname in ('authenticator', 'anon', 'authenticated', 'platform_admin', 'service_role')
    $$) as w
   where not w.success or w.result <> '5';
  if v_found is not null then
    raise exception 'a machine lacks the roles of the API (%)', v_found
      using hint = 'Create authenticator, anon, authenticated, platform_admin and service_role there, as they are here.';
  end if;
end
$do$;

-- The request, as machines that hold shards are told it.
create or replace function private.company_of_request(p_permission text) returns uuid
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  if strpos(current_setting('app.permissions', true), ',' || p_permission || ',') > 0 then
    return nullif(current_setting('app.company_id', true), '')::uuid;
  end if;
  return null;
end
$fn$;
revoke execute on function private.company_of_request(text) from public;
grant execute on function private.company_of_request(text) to authenticated;

create or replace function private.company_when_planned(p_permission text) returns uuid
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.company_of_request(p_permission);
end
$fn$;
revoke execute on function private.company_when_planned(text) from public;
grant execute on function private.company_when_planned(text) to authenticated;

create or replace function private.is_operator_in_request() returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce(current_setting('app.is_operator', true), '') = 'on';
end
$fn$;
revoke execute on function private.is_operator_in_request() from public;
grant execute on function private.is_operator_in_request() to platform_admin;

-- What the gate answers for each permission, in one look: null permission for the company, then those held in it.
create or replace function private.request_scope(out company_id uuid, out permissions text[], out is_operator boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_policy public.security_policies;
begin
  is_operator := current_setting('role', true) = 'platform_admin' and private.is_platform_admin();
  company_id := private.company_for(null);
  permissions := '{}';
  if company_id is null then
    return;
  end if;
  if v_claims ? 'api_key_id' then
    permissions := (private.token_api_key()).permissions;
    return;
  end if;
  select p.* into v_policy from public.security_policies as p
   where p.company_id = request_scope.company_id and p.is_active and p.is_strict;
  permissions := array(
    select x.permission
      from unnest(private.permissions_of(company_id, private.current_user_id())) as x (permission)
     where v_policy.company_id is null or private.policy_problem(v_policy, x.permission, v_claims) is null);
end
$fn$;
revoke execute on function private.request_scope() from public;
grant execute on function private.request_scope() to authenticated, platform_admin;
-- As much as the gate may, and no more.
alter function private.request_scope() owner to postgres;

-- Called by PostgREST before every request, in place of check_request(), which it calls.
create or replace function public.establish_request() returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_role constant text := current_setting('role', true);
  v_name text;
  v_scope record;
begin
  -- A plan that was made for another company leads to that company's shard: no plan outlives its request here, and on the
  -- other machines none that has a parameter.
  discard plans;
  set local plan_cache_mode = 'force_custom_plan';
  -- What set_config() has set is known here only.
  foreach v_name in array '{request.jwt.claims,request.headers,request.method,request.path}'::text[] loop
    execute format('set local %s = %L', v_name, coalesce(current_setting(v_name, true), ''));
  end loop;
  if v_role in ('authenticated', 'platform_admin') then
    v_scope := private.request_scope();
  else
    select null::uuid as company_id, '{}'::text[] as permissions, false as is_operator into v_scope;
  end if;
  execute format('set local app.company_id = %L', coalesce(v_scope.company_id::text, ''));
  execute format('set local app.permissions = %L', ',' || array_to_string(v_scope.permissions, ',') || ',');
  execute format('set local app.is_operator = %L', case when v_scope.is_operator then 'on' else 'off' end);
  if v_role <> 'none' then
    execute format('set local role %I', v_role);
  end if;
  perform public.check_request();
end
$fn$;
revoke execute on function public.establish_request() from public;
grant execute on function public.establish_request() to anon, authenticated, platform_admin, service_role;

comment on function private.company_of_request(text) is
  'On shards what company_for() is elsewhere: the company of the request if it holds the permission (resource.verb), else null, also where no request was established.';
comment on function private.company_when_planned(text) is
  'The same when the statement was planned: immutable, so that it is folded, the coordinator sends the statement to one shard, and an index is used. Policies compare it with company_of_request(): a plan that was made for another request reaches nothing.';
comment on function private.is_operator_in_request() is 'On shards what is_platform_admin() is elsewhere, by the same rules.';
comment on function private.request_scope() is 'What the gate answers for the caller now: company, permissions that count there, and whether they are an operator.';
comment on function public.establish_request() is
  'Called by PostgREST before every request (pgrst.db_pre_request): asks the gate and sets claims, company and permissions for the transaction, on every machine that it reaches; then check_request(). Errors: those of check_request().';

-- Policies: a shard takes no sub-select. What is folded when a statement is planned finds the shard and the index; what is asked when it runs, once, keeps out whoever runs a plan of somebody else.
alter policy select_member on public.agent_logs using (company_id = private.company_when_planned('agent_logs.read') and private.company_when_planned('agent_logs.read') = private.company_of_request('agent_logs.read'));
alter policy insert_member on public.agent_logs with check (company_id = private.company_when_planned('agent_logs.write') and private.company_when_planned('agent_logs.write') = private.company_of_request('agent_logs.write'));
alter policy all_platform_admin on public.agent_logs using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.ai_agents using (company_id = private.company_when_planned('agents.read') and private.company_when_planned('agents.read') = private.company_of_request('agents.read'));
alter policy insert_member on public.ai_agents with check (company_id = private.company_when_planned('agents.write') and private.company_when_planned('agents.write') = private.company_of_request('agents.write'));
alter policy update_member on public.ai_agents using (company_id = private.company_when_planned('agents.write') and private.company_when_planned('agents.write') = private.company_of_request('agents.write')) with check (company_id = private.company_when_planned('agents.write') and private.company_when_planned('agents.write') = private.company_of_request('agents.write'));
alter policy delete_member on public.ai_agents using (company_id = private.company_when_planned('agents.write') and private.company_when_planned('agents.write') = private.company_of_request('agents.write'));
alter policy all_platform_admin on public.ai_agents using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.api_keys using (company_id = private.company_when_planned('api_keys.read') and private.company_when_planned('api_keys.read') = private.company_of_request('api_keys.read'));
alter policy select_platform_admin on public.api_keys using (private.is_operator_in_request());
alter policy select_member on public.api_usage using (company_id = private.company_when_planned('usage.read') and private.company_when_planned('usage.read') = private.company_of_request('usage.read'));
alter policy select_platform_admin on public.api_usage using (private.is_operator_in_request());
alter policy select_member on public.audit_logs using (company_id = private.company_when_planned('audit.read') and private.company_when_planned('audit.read') = private.company_of_request('audit.read'));
alter policy select_platform_admin on public.audit_logs using (private.is_operator_in_request());
alter policy select_member on public.billing_accounts using (company_id = private.company_when_planned('billing.read') and private.company_when_planned('billing.read') = private.company_of_request('billing.read'));
alter policy select_platform_admin on public.billing_accounts using (private.is_operator_in_request());
alter policy select_member on public.billing_invoices using (company_id = private.company_when_planned('billing.read') and private.company_when_planned('billing.read') = private.company_of_request('billing.read'));
alter policy select_platform_admin on public.billing_invoices using (private.is_operator_in_request());
alter policy select_member on public.budget_adjustments using (company_id = private.company_when_planned('usage.read') and private.company_when_planned('usage.read') = private.company_of_request('usage.read'));
alter policy select_platform_admin on public.budget_adjustments using (private.is_operator_in_request());
alter policy select_member on public.budget_alerts using (company_id = private.company_when_planned('usage.read') and private.company_when_planned('usage.read') = private.company_of_request('usage.read'));
alter policy update_member on public.budget_alerts using (company_id = private.company_when_planned('usage.write') and private.company_when_planned('usage.write') = private.company_of_request('usage.write')) with check (company_id = private.company_when_planned('usage.write') and private.company_when_planned('usage.write') = private.company_of_request('usage.write'));
alter policy all_platform_admin on public.budget_alerts using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.budget_periods using (company_id = private.company_when_planned('usage.read') and private.company_when_planned('usage.read') = private.company_of_request('usage.read'));
alter policy select_platform_admin on public.budget_periods using (private.is_operator_in_request());
alter policy select_member on public.companies using (id = private.company_when_planned('company.read') and private.company_when_planned('company.read') = private.company_of_request('company.read'));
alter policy update_member on public.companies using (id = private.company_when_planned('company.write') and private.company_when_planned('company.write') = private.company_of_request('company.write')) with check (id = private.company_when_planned('company.write') and private.company_when_planned('company.write') = private.company_of_request('company.write'));
alter policy all_platform_admin on public.companies using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.company_config using (company_id = private.company_when_planned('company.read') and private.company_when_planned('company.read') = private.company_of_request('company.read'));
alter policy update_member on public.company_config using (company_id = private.company_when_planned('company.write') and private.company_when_planned('company.write') = private.company_of_request('company.write')) with check (company_id = private.company_when_planned('company.write') and private.company_when_planned('company.write') = private.company_of_request('company.write'));
alter policy all_platform_admin on public.company_config using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.company_plans using (company_id = private.company_when_planned('billing.read') and private.company_when_planned('billing.read') = private.company_of_request('billing.read'));
alter policy all_platform_admin on public.company_plans using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.compliance_requests using (company_id = private.company_when_planned('compliance.read') and private.company_when_planned('compliance.read') = private.company_of_request('compliance.read'));
alter policy insert_member on public.compliance_requests with check (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage'));
alter policy update_member on public.compliance_requests using (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage')) with check (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage'));
alter policy all_platform_admin on public.compliance_requests using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.data_retention_logs using (company_id = private.company_when_planned('compliance.read') and private.company_when_planned('compliance.read') = private.company_of_request('compliance.read'));
alter policy select_platform_admin on public.data_retention_logs using (private.is_operator_in_request());
alter policy select_member on public.data_retention_policies using (company_id = private.company_when_planned('compliance.read') and private.company_when_planned('compliance.read') = private.company_of_request('compliance.read'));
alter policy insert_member on public.data_retention_policies with check (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage'));
alter policy update_member on public.data_retention_policies using (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage')) with check (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage'));
alter policy delete_member on public.data_retention_policies using (company_id = private.company_when_planned('compliance.manage') and private.company_when_planned('compliance.manage') = private.company_of_request('compliance.manage'));
alter policy all_platform_admin on public.data_retention_policies using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.documents using (company_id = private.company_when_planned('documents.read') and private.company_when_planned('documents.read') = private.company_of_request('documents.read'));
alter policy insert_member on public.documents with check (company_id = private.company_when_planned('documents.write') and private.company_when_planned('documents.write') = private.company_of_request('documents.write'));
alter policy update_member on public.documents using (company_id = private.company_when_planned('documents.write') and private.company_when_planned('documents.write') = private.company_of_request('documents.write')) with check (company_id = private.company_when_planned('documents.write') and private.company_when_planned('documents.write') = private.company_of_request('documents.write'));
alter policy delete_member on public.documents using (company_id = private.company_when_planned('documents.write') and private.company_when_planned('documents.write') = private.company_of_request('documents.write'));
alter policy all_platform_admin on public.documents using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.invitations using (company_id = private.company_when_planned('users.read') and private.company_when_planned('users.read') = private.company_of_request('users.read'));
alter policy select_platform_admin on public.invitations using (private.is_operator_in_request());
alter policy select_member on public.invoice_line_items using (company_id = private.company_when_planned('invoices.read') and private.company_when_planned('invoices.read') = private.company_of_request('invoices.read'));
alter policy insert_member on public.invoice_line_items with check (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy update_member on public.invoice_line_items using (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write')) with check (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy delete_member on public.invoice_line_items using (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy all_platform_admin on public.invoice_line_items using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.invoices using (company_id = private.company_when_planned('invoices.read') and private.company_when_planned('invoices.read') = private.company_of_request('invoices.read'));
alter policy insert_member on public.invoices with check (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy update_member on public.invoices using (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write')) with check (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy delete_member on public.invoices using (company_id = private.company_when_planned('invoices.write') and private.company_when_planned('invoices.write') = private.company_of_request('invoices.write'));
alter policy all_platform_admin on public.invoices using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.ip_allowlist_entries using (company_id = private.company_when_planned('security.read') and private.company_when_planned('security.read') = private.company_of_request('security.read'));
alter policy insert_member on public.ip_allowlist_entries with check (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage'));
alter policy update_member on public.ip_allowlist_entries using (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage')) with check (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage'));
alter policy delete_member on public.ip_allowlist_entries using (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage'));
alter policy all_platform_admin on public.ip_allowlist_entries using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.jobs using (company_id = private.company_when_planned('jobs.read') and private.company_when_planned('jobs.read') = private.company_of_request('jobs.read'));
alter policy insert_member on public.jobs with check (company_id = private.company_when_planned('jobs.write') and private.company_when_planned('jobs.write') = private.company_of_request('jobs.write'));
alter policy update_member on public.jobs using (company_id = private.company_when_planned('jobs.write') and private.company_when_planned('jobs.write') = private.company_of_request('jobs.write')) with check (company_id = private.company_when_planned('jobs.write') and private.company_when_planned('jobs.write') = private.company_of_request('jobs.write'));
alter policy delete_member on public.jobs using (company_id = private.company_when_planned('jobs.write') and private.company_when_planned('jobs.write') = private.company_of_request('jobs.write'));
alter policy all_platform_admin on public.jobs using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.media_assets using (company_id = private.company_when_planned('media.read') and private.company_when_planned('media.read') = private.company_of_request('media.read'));
alter policy insert_member on public.media_assets with check (company_id = private.company_when_planned('media.write') and private.company_when_planned('media.write') = private.company_of_request('media.write'));
alter policy update_member on public.media_assets using (company_id = private.company_when_planned('media.write') and private.company_when_planned('media.write') = private.company_of_request('media.write')) with check (company_id = private.company_when_planned('media.write') and private.company_when_planned('media.write') = private.company_of_request('media.write'));
alter policy delete_member on public.media_assets using (company_id = private.company_when_planned('media.write') and private.company_when_planned('media.write') = private.company_of_request('media.write'));
alter policy all_platform_admin on public.media_assets using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.processing_restrictions using (company_id = private.company_when_planned('compliance.read') and private.company_when_planned('compliance.read') = private.company_of_request('compliance.read'));
alter policy select_platform_admin on public.processing_restrictions using (private.is_operator_in_request());
alter policy select_member on public.security_policies using (company_id = private.company_when_planned('security.read') and private.company_when_planned('security.read') = private.company_of_request('security.read'));
alter policy insert_member on public.security_policies with check (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage'));
alter policy update_member on public.security_policies using (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage')) with check (company_id = private.company_when_planned('security.manage') and private.company_when_planned('security.manage') = private.company_of_request('security.manage'));
alter policy all_platform_admin on public.security_policies using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.service_limits using (company_id = private.company_when_planned('usage.read') and private.company_when_planned('usage.read') = private.company_of_request('usage.read'));
alter policy insert_member on public.service_limits with check (company_id = private.company_when_planned('billing.write') and private.company_when_planned('billing.write') = private.company_of_request('billing.write'));
alter policy update_member on public.service_limits using (company_id = private.company_when_planned('billing.write') and private.company_when_planned('billing.write') = private.company_of_request('billing.write')) with check (company_id = private.company_when_planned('billing.write') and private.company_when_planned('billing.write') = private.company_of_request('billing.write'));
alter policy delete_member on public.service_limits using (company_id = private.company_when_planned('billing.write') and private.company_when_planned('billing.write') = private.company_of_request('billing.write'));
alter policy all_platform_admin on public.service_limits using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.services using (company_id = private.company_when_planned('services.read') and private.company_when_planned('services.read') = private.company_of_request('services.read'));
alter policy insert_member on public.services with check (company_id = private.company_when_planned('services.write') and private.company_when_planned('services.write') = private.company_of_request('services.write'));
alter policy update_member on public.services using (company_id = private.company_when_planned('services.write') and private.company_when_planned('services.write') = private.company_of_request('services.write')) with check (company_id = private.company_when_planned('services.write') and private.company_when_planned('services.write') = private.company_of_request('services.write'));
alter policy delete_member on public.services using (company_id = private.company_when_planned('services.write') and private.company_when_planned('services.write') = private.company_of_request('services.write'));
alter policy all_platform_admin on public.services using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy all_platform_admin on public.system_config using (private.is_operator_in_request()) with check (private.is_operator_in_request());
alter policy select_member on public.users using (company_id = private.company_when_planned('users.read') and private.company_when_planned('users.read') = private.company_of_request('users.read'));
alter policy update_member on public.users using (company_id = private.company_when_planned('users.write') and private.company_when_planned('users.write') = private.company_of_request('users.write')) with check (company_id = private.company_when_planned('users.write') and private.company_when_planned('users.write') = private.company_of_request('users.write'));
alter policy all_platform_admin on public.users using (private.is_operator_in_request()) with check (private.is_operator_in_request());

-- Triggers do not fire for rows that go to their shards.
drop trigger keep_tenant on public.agent_logs;
drop trigger set_row_meta on public.agent_logs;
drop trigger apply_limit on public.ai_agents;
drop trigger apply_limit_of_new on public.ai_agents;
drop trigger audit_delete on public.ai_agents;
drop trigger audit_insert on public.ai_agents;
drop trigger audit_update on public.ai_agents;
drop trigger keep_tenant on public.ai_agents;
drop trigger release_holds on public.ai_agents;
drop trigger set_archived_at on public.ai_agents;
drop trigger set_row_meta on public.ai_agents;
drop trigger audit_delete on public.api_keys;
drop trigger audit_insert on public.api_keys;
drop trigger audit_update on public.api_keys;
drop trigger keep_tenant on public.api_keys;
drop trigger set_row_meta on public.api_keys;
drop trigger count_delete on public.api_usage;
drop trigger count_insert on public.api_usage;
drop trigger count_update on public.api_usage;
drop trigger keep_tenant on public.api_usage;
drop trigger set_row_meta on public.api_usage;
drop trigger keep_tenant on public.audit_logs;
drop trigger link on public.audit_logs;
drop trigger refuse_change on public.audit_logs;
drop trigger refuse_truncate on public.audit_logs;
drop trigger keep_tenant on public.billing_accounts;
drop trigger set_row_meta on public.billing_accounts;
drop trigger keep_tenant on public.billing_invoices;
drop trigger set_row_meta on public.billing_invoices;
drop trigger keep_tenant on public.budget_adjustments;
drop trigger refuse_change on public.budget_adjustments;
drop trigger set_row_meta on public.budget_adjustments;
drop trigger keep_tenant on public.budget_alerts;
drop trigger set_acknowledged_by on public.budget_alerts;
drop trigger set_row_meta on public.budget_alerts;
drop trigger check_period on public.budget_periods;
drop trigger keep_closed on public.budget_periods;
drop trigger keep_tenant on public.budget_periods;
drop trigger set_row_meta on public.budget_periods;
drop trigger apply_time_zone on public.companies;
drop trigger audit_delete on public.companies;
drop trigger audit_insert on public.companies;
drop trigger audit_update on public.companies;
drop trigger check_company on public.companies;
drop trigger check_slug on public.companies;
drop trigger keep_operator on public.companies;
drop trigger keep_tenant on public.companies;
drop trigger request_stripe_customer on public.companies;
drop trigger set_row_meta on public.companies;
drop trigger set_up on public.companies;
drop trigger tell_status on public.companies;
drop trigger apply_plan on public.company_config;
drop trigger audit_delete on public.company_config;
drop trigger audit_insert on public.company_config;
drop trigger audit_update on public.company_config;
drop trigger keep_tenant on public.company_config;
drop trigger set_row_meta on public.company_config;
drop trigger yield_default on public.company_config;
drop trigger apply_plan on public.company_plans;
drop trigger audit_delete on public.company_plans;
drop trigger audit_insert on public.company_plans;
drop trigger audit_update on public.company_plans;
drop trigger keep_tenant on public.company_plans;
drop trigger set_plan_defaults on public.company_plans;
drop trigger set_row_meta on public.company_plans;
drop trigger audit_delete on public.compliance_requests;
drop trigger audit_insert on public.compliance_requests;
drop trigger audit_update on public.compliance_requests;
drop trigger check_request on public.compliance_requests;
drop trigger keep_tenant on public.compliance_requests;
drop trigger set_row_meta on public.compliance_requests;
drop trigger keep_tenant on public.data_retention_logs;
drop trigger set_row_meta on public.data_retention_logs;
drop trigger audit_delete on public.data_retention_policies;
drop trigger audit_insert on public.data_retention_policies;
drop trigger audit_update on public.data_retention_policies;
drop trigger check_policy on public.data_retention_policies;
drop trigger keep_tenant on public.data_retention_policies;
drop trigger set_row_meta on public.data_retention_policies;
drop trigger yield_default on public.data_retention_policies;
drop trigger keep_tenant on public.documents;
drop trigger set_row_meta on public.documents;
drop trigger audit_delete on public.invitations;
drop trigger audit_insert on public.invitations;
drop trigger audit_update on public.invitations;
drop trigger keep_tenant on public.invitations;
drop trigger set_row_meta on public.invitations;
drop trigger keep_tenant on public.invoice_line_items;
drop trigger set_row_meta on public.invoice_line_items;
drop trigger sum_up_deleted on public.invoice_line_items;
drop trigger sum_up_inserted on public.invoice_line_items;
drop trigger sum_up_updated on public.invoice_line_items;
drop trigger check_invoice on public.invoices;
drop trigger keep_tenant on public.invoices;
drop trigger set_row_meta on public.invoices;
drop trigger audit_delete on public.ip_allowlist_entries;
drop trigger audit_insert on public.ip_allowlist_entries;
drop trigger audit_update on public.ip_allowlist_entries;
drop trigger check_network on public.ip_allowlist_entries;
drop trigger keep_author_in on public.ip_allowlist_entries;
drop trigger keep_tenant on public.ip_allowlist_entries;
drop trigger set_row_meta on public.ip_allowlist_entries;
drop trigger check_job on public.jobs;
drop trigger keep_tenant on public.jobs;
drop trigger refuse_restricted_insert on public.jobs;
drop trigger refuse_restricted_update on public.jobs;
drop trigger set_row_meta on public.jobs;
drop trigger keep_tenant on public.media_assets;
drop trigger set_row_meta on public.media_assets;
drop trigger keep_tenant on public.processing_restrictions;
drop trigger set_row_meta on public.processing_restrictions;
drop trigger audit_delete on public.security_policies;
drop trigger audit_insert on public.security_policies;
drop trigger audit_update on public.security_policies;
drop trigger flag_company on public.security_policies;
drop trigger keep_author_in on public.security_policies;
drop trigger keep_tenant on public.security_policies;
drop trigger set_row_meta on public.security_policies;
drop trigger supersede_policy on public.security_policies;
drop trigger apply_limit on public.service_limits;
drop trigger audit_delete on public.service_limits;
drop trigger audit_insert on public.service_limits;
drop trigger audit_update on public.service_limits;
drop trigger keep_tenant on public.service_limits;
drop trigger set_row_meta on public.service_limits;
drop trigger keep_tenant on public.services;
drop trigger set_row_meta on public.services;
drop trigger audit_delete on public.users;
drop trigger audit_insert on public.users;
drop trigger audit_update on public.users;
drop trigger check_member on public.users;
drop trigger keep_admin on public.users;
drop trigger keep_client_on_delete on public.users;
drop trigger keep_client_on_update on public.users;
drop trigger keep_permissions on public.users;
drop trigger keep_tenant on public.users;
drop trigger release_jobs on public.users;
drop trigger set_row_meta on public.users;

-- Accounts stay on the coordinator: what a key did, a trigger does.
create or replace function private.tg_auth_users__remove() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  execute format('delete from %s where %I = $1', tg_argv[0], tg_argv[1]) using old.id;
  return null;
end
$fn$;
revoke execute on function private.tg_auth_users__remove() from public;
alter function private.tg_auth_users__remove() owner to postgres;
comment on function private.tg_auth_users__remove() is 'Row trigger of auth.users: rows of a deleted account go. Parameters: the table, its column.';
alter table public.users drop constraint users_id_fkey;
create trigger remove_users after delete on auth.users for each row execute function private.tg_auth_users__remove('public.users', 'id');

-- Keys that span companies: no shard can hold them. They stay as indexes, and duplicate_keys() finds what they would have refused.
drop index public.companies_is_operator_idx;
create index companies_is_operator_idx ON public.companies USING btree ((true)) WHERE is_operator;
alter table public.companies drop constraint "companies_slug_is_unique";
create index companies_slug_is_unique ON public.companies USING btree (slug);
alter table public.companies drop constraint "companies_stripe_customer_id_is_unique";
create index companies_stripe_customer_id_is_unique ON public.companies USING btree (stripe_customer_id);
alter table private.api_key_secrets drop constraint "api_key_secrets_key_hash_is_unique";
create index api_key_secrets_key_hash_is_unique ON private.api_key_secrets USING btree (key_hash);
alter table private.invitation_tokens drop constraint "invitation_tokens_token_hash_is_unique";
create index invitation_tokens_token_hash_is_unique ON private.invitation_tokens USING btree (token_hash);
create or replace function private.duplicate_keys() returns table (index_name text, key text, row_count bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $fn$
  select 'public.companies_is_operator_idx'::text, jsonb_build_array((true))::text, count(*)
    from public.companies
   where ((true)) is not null and (is_operator)
   group by 2 having count(*) > 1
  union all
  select 'public.companies_slug_is_unique'::text, jsonb_build_array(slug)::text, count(*)
    from public.companies
   where (slug) is not null
   group by 2 having count(*) > 1
  union all
  select 'public.companies_stripe_customer_id_is_unique'::text, jsonb_build_array(stripe_customer_id)::text, count(*)
    from public.companies
   where (stripe_customer_id) is not null
   group by 2 having count(*) > 1
  union all
  select 'private.api_key_secrets_key_hash_is_unique'::text, jsonb_build_array(key_hash)::text, count(*)
    from private.api_key_secrets
   where (key_hash) is not null
   group by 2 having count(*) > 1
  union all
  select 'private.invitation_tokens_token_hash_is_unique'::text, jsonb_build_array(token_hash)::text, count(*)
    from private.invitation_tokens
   where (token_hash) is not null
   group by 2 having count(*) > 1
  union all
  select null, null, null where false
$fn$;
revoke execute on function private.duplicate_keys() from public;
alter function private.duplicate_keys() owner to postgres;
comment on function private.duplicate_keys() is 'Keys that more than one company has, although they should be unique: no rows if all is well.';

-- Small tables of the platform are on every machine, those that others refer to first.
select create_reference_table('private.adoptions');
select create_reference_table('private.cells');
select create_reference_table('private.column_classes');
select create_reference_table('private.permissions');
select create_reference_table('private.diagnosis_areas');
select create_reference_table('private.diagnosis_checks');
select create_reference_table('private.import_secret');
select create_reference_table('private.partitioned_tables');
select create_reference_table('private.plan_tiers');
select create_reference_table('private.retention_classes');
select create_reference_table('private.setting_changes');
select create_reference_table('private.setting_definitions');
select create_reference_table('private.stripe_cursors');
select create_reference_table('private.stripe_events');
select create_reference_table('private.write_snapshots');

-- Tables of the platform with triggers, which would fire once a copy, stay on the coordinator.
select citus_add_local_table_to_metadata('public.system_config');
select citus_add_local_table_to_metadata('private.role_permissions');

-- Tables of companies, one after those that its keys name.
select create_distributed_table('public.companies', 'id', colocate_with => 'none');
select create_distributed_table('private.company_cells', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.company_moves', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.audit_heads', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.audit_links', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.audit_segments', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.company_data_keys', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.company_lifecycles', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.compliance_reviews', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.outbox_events', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.rate_limit_buckets', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.stripe_usage_reports', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.usage_daily', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.usage_deltas', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.usage_keys', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.ai_agents', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.budget_reservations', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.company_secrets', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.api_keys', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.api_key_secrets', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.api_usage', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.audit_logs', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.billing_accounts', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.billing_invoices', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.budget_periods', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.budget_reconciliations', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.budget_stripes', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.budget_adjustments', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.budget_alerts', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.company_config', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.company_plans', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.compliance_requests', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.subject_bundle_files', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.subject_work', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.data_retention_policies', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.data_retention_logs', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.invitations', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('private.invitation_tokens', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.invoices', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.ip_allowlist_entries', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.processing_restrictions', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.security_policies', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.service_limits', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.services', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.invoice_line_items', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.users', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.jobs', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.agent_logs', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.documents', 'company_id', colocate_with => 'public.companies');
select create_distributed_table('public.media_assets', 'company_id', colocate_with => 'public.companies');

-- Functions that triggers and policies call must be where the shards are.
select create_distributed_function(p.oid::regprocedure)
  from pg_proc as p
 where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and p.prokind in ('f', 'p')
   and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by p.oid;

-- Rows are on the shards now; what is left here nobody reads.
select truncate_local_data_after_distributing_table('public.media_assets');
select truncate_local_data_after_distributing_table('public.documents');
select truncate_local_data_after_distributing_table('public.agent_logs');
select truncate_local_data_after_distributing_table('public.jobs');
select truncate_local_data_after_distributing_table('public.users');
select truncate_local_data_after_distributing_table('public.invoice_line_items');
select truncate_local_data_after_distributing_table('public.services');
select truncate_local_data_after_distributing_table('public.service_limits');
select truncate_local_data_after_distributing_table('public.security_policies');
select truncate_local_data_after_distributing_table('public.processing_restrictions');
select truncate_local_data_after_distributing_table('public.ip_allowlist_entries');
select truncate_local_data_after_distributing_table('public.invoices');
select truncate_local_data_after_distributing_table('private.invitation_tokens');
select truncate_local_data_after_distributing_table('public.invitations');
select truncate_local_data_after_distributing_table('public.data_retention_logs');
select truncate_local_data_after_distributing_table('public.data_retention_policies');
select truncate_local_data_after_distributing_table('private.subject_work');
select truncate_local_data_after_distributing_table('private.subject_bundle_files');
select truncate_local_data_after_distributing_table('public.compliance_requests');
select truncate_local_data_after_distributing_table('public.company_plans');
select truncate_local_data_after_distributing_table('public.company_config');
select truncate_local_data_after_distributing_table('public.budget_alerts');
select truncate_local_data_after_distributing_table('public.budget_adjustments');
select truncate_local_data_after_distributing_table('private.budget_stripes');
select truncate_local_data_after_distributing_table('private.budget_reconciliations');
select truncate_local_data_after_distributing_table('public.budget_periods');
select truncate_local_data_after_distributing_table('public.billing_invoices');
select truncate_local_data_after_distributing_table('public.billing_accounts');
select truncate_local_data_after_distributing_table('public.audit_logs');
select truncate_local_data_after_distributing_table('public.api_usage');
select truncate_local_data_after_distributing_table('private.api_key_secrets');
select truncate_local_data_after_distributing_table('public.api_keys');
select truncate_local_data_after_distributing_table('private.company_secrets');
select truncate_local_data_after_distributing_table('private.budget_reservations');
select truncate_local_data_after_distributing_table('public.ai_agents');
select truncate_local_data_after_distributing_table('private.usage_keys');
select truncate_local_data_after_distributing_table('private.usage_deltas');
select truncate_local_data_after_distributing_table('private.usage_daily');
select truncate_local_data_after_distributing_table('private.stripe_usage_reports');
select truncate_local_data_after_distributing_table('private.rate_limit_buckets');
select truncate_local_data_after_distributing_table('private.outbox_events');
select truncate_local_data_after_distributing_table('private.compliance_reviews');
select truncate_local_data_after_distributing_table('private.company_lifecycles');
select truncate_local_data_after_distributing_table('private.company_data_keys');
select truncate_local_data_after_distributing_table('private.audit_segments');
select truncate_local_data_after_distributing_table('private.audit_links');
select truncate_local_data_after_distributing_table('private.audit_heads');
select truncate_local_data_after_distributing_table('private.company_moves');
select truncate_local_data_after_distributing_table('private.company_cells');
select truncate_local_data_after_distributing_table('public.companies');

-- The triggers, as they were.
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.agent_logs FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('agent_logs');
CREATE TRIGGER set_row_meta BEFORE INSERT ON public.agent_logs FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_creator();
CREATE TRIGGER apply_limit AFTER UPDATE OF monthly_limit_micro_usd ON public.ai_agents FOR EACH ROW WHEN ((new.monthly_limit_micro_usd IS DISTINCT FROM old.monthly_limit_micro_usd)) EXECUTE FUNCTION private.tg_ai_agents__apply_limit();
CREATE TRIGGER apply_limit_of_new AFTER INSERT ON public.ai_agents FOR EACH ROW WHEN ((new.monthly_limit_micro_usd IS NOT NULL)) EXECUTE FUNCTION private.tg_ai_agents__apply_limit();
CREATE TRIGGER audit_delete AFTER DELETE ON public.ai_agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ai_agents');
CREATE TRIGGER audit_insert AFTER INSERT ON public.ai_agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ai_agents');
CREATE TRIGGER audit_update AFTER UPDATE ON public.ai_agents REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ai_agents');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.ai_agents FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('ai_agents');
CREATE TRIGGER release_holds BEFORE DELETE ON public.ai_agents FOR EACH ROW EXECUTE FUNCTION private.tg_ai_agents__release_holds();
CREATE TRIGGER set_archived_at BEFORE INSERT OR UPDATE ON public.ai_agents FOR EACH ROW EXECUTE FUNCTION private.tg_ai_agents__set_archived_at();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.ai_agents FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('api_keys');
CREATE TRIGGER audit_insert AFTER INSERT ON public.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('api_keys');
CREATE TRIGGER audit_update AFTER UPDATE ON public.api_keys REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('api_keys');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.api_keys FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('api_keys');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE OF name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at, revoked_at, created_at, updated_at, created_by, updated_by ON public.api_keys FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER count_delete AFTER DELETE ON public.api_usage REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_api_usage__count();
CREATE TRIGGER count_insert AFTER INSERT ON public.api_usage REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_api_usage__count();
CREATE TRIGGER count_update AFTER UPDATE ON public.api_usage REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_api_usage__count();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.api_usage FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('api_usage');
CREATE TRIGGER set_row_meta BEFORE INSERT ON public.api_usage FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_creator();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.audit_logs FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('audit_logs');
CREATE CONSTRAINT TRIGGER link AFTER INSERT ON public.audit_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (new.opens_link) EXECUTE FUNCTION private.tg_audit_logs__link();
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON public.audit_logs FOR EACH ROW EXECUTE FUNCTION private.tg_row__refuse_change('audit_logs');
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION private.tg_row__refuse_change('audit_logs');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.billing_accounts FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('billing_accounts');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.billing_accounts FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.billing_invoices FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('billing_invoices');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.billing_invoices FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.budget_adjustments FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('budget_adjustments');
CREATE TRIGGER refuse_change BEFORE UPDATE ON public.budget_adjustments FOR EACH ROW EXECUTE FUNCTION private.tg_row__refuse_change('budget_adjustments');
CREATE TRIGGER set_row_meta BEFORE INSERT ON public.budget_adjustments FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_creator();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.budget_alerts FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('budget_alerts');
CREATE TRIGGER set_acknowledged_by BEFORE UPDATE OF acknowledged_at ON public.budget_alerts FOR EACH ROW EXECUTE FUNCTION private.tg_budget_alerts__set_acknowledged_by();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.budget_alerts FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER check_period BEFORE INSERT OR UPDATE OF month, scope, agent_id, service, starts_at, ends_at, enforcement, stripe_count, status, closed_at ON public.budget_periods FOR EACH ROW EXECUTE FUNCTION private.tg_budget_periods__check();
CREATE TRIGGER keep_closed BEFORE UPDATE ON public.budget_periods FOR EACH ROW WHEN ((old.status = 'closed'::text)) EXECUTE FUNCTION private.tg_budget_periods__keep_closed();
CREATE TRIGGER keep_tenant BEFORE UPDATE OF company_id, id ON public.budget_periods FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('budget_periods');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE OF company_id, id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, adjusted_micro_usd, enforcement, alert_percents, status, closed_at, created_at, updated_by, created_by ON public.budget_periods FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER apply_time_zone AFTER UPDATE OF time_zone ON public.companies FOR EACH ROW WHEN ((new.time_zone IS DISTINCT FROM old.time_zone)) EXECUTE FUNCTION private.tg_companies__apply_time_zone();
CREATE TRIGGER audit_delete AFTER DELETE ON public.companies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('companies');
CREATE TRIGGER audit_insert AFTER INSERT ON public.companies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('companies');
CREATE TRIGGER audit_update AFTER UPDATE ON public.companies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('companies');
CREATE TRIGGER check_company BEFORE INSERT OR UPDATE ON public.companies FOR EACH ROW EXECUTE FUNCTION private.tg_companies__check();
CREATE TRIGGER check_slug BEFORE INSERT OR UPDATE OF slug ON public.companies FOR EACH ROW WHEN ((NOT new.is_operator)) EXECUTE FUNCTION private.tg_companies__check_slug();
CREATE TRIGGER keep_operator BEFORE DELETE ON public.companies FOR EACH ROW WHEN (old.is_operator) EXECUTE FUNCTION private.tg_companies__keep_operator();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.companies FOR EACH ROW WHEN (((new.id IS DISTINCT FROM old.id) OR (new.is_operator IS DISTINCT FROM old.is_operator))) EXECUTE FUNCTION private.tg_row__refuse_move('companies');
CREATE TRIGGER request_stripe_customer AFTER INSERT ON public.companies FOR EACH ROW WHEN (((new.stripe_customer_id IS NULL) AND (new.status = 'active'::text) AND (NOT new.is_operator))) EXECUTE FUNCTION private.tg_companies__request_stripe_customer();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.companies FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE CONSTRAINT TRIGGER set_up AFTER INSERT ON public.companies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((NOT private.is_importing())) EXECUTE FUNCTION private.tg_companies__set_up();
CREATE TRIGGER tell_status AFTER UPDATE ON public.companies FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION private.tg_companies__tell_status();
CREATE TRIGGER apply_plan AFTER INSERT OR UPDATE OF budget_alert_percents ON public.company_config FOR EACH ROW EXECUTE FUNCTION private.tg_company_plans__apply_plan();
CREATE TRIGGER audit_delete AFTER DELETE ON public.company_config REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_config');
CREATE TRIGGER audit_insert AFTER INSERT ON public.company_config REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_config');
CREATE TRIGGER audit_update AFTER UPDATE ON public.company_config REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_config');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.company_config FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('company_config');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.company_config FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER yield_default BEFORE INSERT OR UPDATE ON public.company_config FOR EACH ROW EXECUTE FUNCTION private.tg_row__yield_default('company_config');
CREATE TRIGGER apply_plan AFTER INSERT OR DELETE OR UPDATE OF monthly_limit_usd, payment_limit_usd, enforcement, is_active ON public.company_plans FOR EACH ROW EXECUTE FUNCTION private.tg_company_plans__apply_plan();
CREATE TRIGGER audit_delete AFTER DELETE ON public.company_plans REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_plans');
CREATE TRIGGER audit_insert AFTER INSERT ON public.company_plans REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_plans');
CREATE TRIGGER audit_update AFTER UPDATE ON public.company_plans REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('company_plans');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.company_plans FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('company_plans');
CREATE TRIGGER set_plan_defaults BEFORE INSERT OR UPDATE ON public.company_plans FOR EACH ROW EXECUTE FUNCTION private.tg_company_plans__set_defaults();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.company_plans FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.compliance_requests REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('compliance_requests');
CREATE TRIGGER audit_insert AFTER INSERT ON public.compliance_requests REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('compliance_requests');
CREATE TRIGGER audit_update AFTER UPDATE ON public.compliance_requests REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('compliance_requests');
CREATE TRIGGER check_request BEFORE INSERT OR UPDATE ON public.compliance_requests FOR EACH ROW EXECUTE FUNCTION private.tg_compliance_requests__check();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.compliance_requests FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('compliance_requests');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.compliance_requests FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.data_retention_logs FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('data_retention_logs');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.data_retention_logs FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.data_retention_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('data_retention_policies');
CREATE TRIGGER audit_insert AFTER INSERT ON public.data_retention_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('data_retention_policies');
CREATE TRIGGER audit_update AFTER UPDATE ON public.data_retention_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('data_retention_policies');
CREATE TRIGGER check_policy BEFORE INSERT OR UPDATE OF data_class, retention_days, action ON public.data_retention_policies FOR EACH ROW EXECUTE FUNCTION private.tg_data_retention_policies__check();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.data_retention_policies FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('data_retention_policies');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.data_retention_policies FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER yield_default BEFORE INSERT OR UPDATE ON public.data_retention_policies FOR EACH ROW EXECUTE FUNCTION private.tg_row__yield_default('data_retention_policies');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.documents FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('documents');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.documents FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.invitations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('invitations');
CREATE TRIGGER audit_insert AFTER INSERT ON public.invitations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('invitations');
CREATE TRIGGER audit_update AFTER UPDATE ON public.invitations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('invitations');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.invitations FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('invitations');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.invitations FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.invoice_line_items FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('invoice_line_items');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.invoice_line_items FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER sum_up_deleted AFTER DELETE ON public.invoice_line_items REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();
CREATE TRIGGER sum_up_inserted AFTER INSERT ON public.invoice_line_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();
CREATE TRIGGER sum_up_updated AFTER UPDATE ON public.invoice_line_items REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();
CREATE TRIGGER check_invoice BEFORE INSERT OR DELETE OR UPDATE ON public.invoices FOR EACH ROW EXECUTE FUNCTION private.tg_invoices__check();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.invoices FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('invoices');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.invoices FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.ip_allowlist_entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ip_allowlist_entries');
CREATE TRIGGER audit_insert AFTER INSERT ON public.ip_allowlist_entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ip_allowlist_entries');
CREATE TRIGGER audit_update AFTER UPDATE ON public.ip_allowlist_entries REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('ip_allowlist_entries');
CREATE TRIGGER check_network BEFORE INSERT OR UPDATE OF network ON public.ip_allowlist_entries FOR EACH ROW EXECUTE FUNCTION private.tg_ip_allowlist_entries__check();
CREATE TRIGGER keep_author_in AFTER INSERT OR DELETE OR UPDATE ON public.ip_allowlist_entries FOR EACH ROW EXECUTE FUNCTION private.tg_security__keep_author_in();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.ip_allowlist_entries FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('ip_allowlist_entries');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.ip_allowlist_entries FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER check_job BEFORE INSERT OR UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION private.tg_jobs__check();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.jobs FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('jobs');
CREATE TRIGGER refuse_restricted_insert BEFORE INSERT ON public.jobs FOR EACH ROW WHEN ((new.status = ANY (ARRAY['queued'::text, 'running'::text]))) EXECUTE FUNCTION private.tg_jobs__refuse_restricted();
CREATE TRIGGER refuse_restricted_update BEFORE UPDATE OF kind, payload, status, assigned_user_id ON public.jobs FOR EACH ROW WHEN ((new.status = ANY (ARRAY['queued'::text, 'running'::text]))) EXECUTE FUNCTION private.tg_jobs__refuse_restricted();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.media_assets FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('media_assets');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.media_assets FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.processing_restrictions FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('processing_restrictions');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.processing_restrictions FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.security_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('security_policies');
CREATE TRIGGER audit_insert AFTER INSERT ON public.security_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('security_policies');
CREATE TRIGGER audit_update AFTER UPDATE ON public.security_policies REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('security_policies');
CREATE TRIGGER flag_company AFTER INSERT OR DELETE OR UPDATE ON public.security_policies FOR EACH ROW EXECUTE FUNCTION private.tg_security_policies__flag_company();
CREATE TRIGGER keep_author_in AFTER INSERT OR UPDATE ON public.security_policies FOR EACH ROW EXECUTE FUNCTION private.tg_security__keep_author_in();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.security_policies FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('security_policies');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.security_policies FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER supersede_policy BEFORE INSERT ON public.security_policies FOR EACH ROW EXECUTE FUNCTION private.tg_security_policies__supersede();
CREATE TRIGGER apply_limit AFTER INSERT OR DELETE OR UPDATE ON public.service_limits FOR EACH ROW EXECUTE FUNCTION private.tg_service_limits__apply_limit();
CREATE TRIGGER audit_delete AFTER DELETE ON public.service_limits REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('service_limits');
CREATE TRIGGER audit_insert AFTER INSERT ON public.service_limits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('service_limits');
CREATE TRIGGER audit_update AFTER UPDATE ON public.service_limits REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('service_limits');
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.service_limits FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('service_limits');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.service_limits FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.services FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('services');
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.services FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();
CREATE TRIGGER audit_delete AFTER DELETE ON public.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('users');
CREATE TRIGGER audit_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('users');
CREATE TRIGGER audit_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit('users');
CREATE TRIGGER check_member BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION private.tg_users__check();
CREATE TRIGGER keep_admin BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION private.tg_users__keep_admin();
CREATE TRIGGER keep_client_on_delete BEFORE DELETE ON public.users FOR EACH ROW WHEN (((old.role = 'client'::text) AND (old.status = 'active'::text))) EXECUTE FUNCTION private.tg_users__keep_client();
CREATE TRIGGER keep_client_on_update BEFORE UPDATE OF role, status ON public.users FOR EACH ROW WHEN (((old.role = 'client'::text) AND (old.status = 'active'::text) AND ((new.role <> 'client'::text) OR (new.status <> 'active'::text)))) EXECUTE FUNCTION private.tg_users__keep_client();
CREATE TRIGGER keep_permissions BEFORE INSERT OR UPDATE OF role, granted_permissions, revoked_permissions, effective_permissions ON public.users FOR EACH ROW EXECUTE FUNCTION private.tg_users__keep_permissions();
CREATE TRIGGER keep_tenant BEFORE UPDATE ON public.users FOR EACH ROW WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id))) EXECUTE FUNCTION private.tg_row__refuse_move('users');
CREATE TRIGGER release_jobs BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION private.tg_users__release_jobs();
CREATE TRIGGER set_row_meta BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_meta();

-- Settings of this database.
do $do$
begin
  execute format($$alter role authenticator in database %I set citus.propagate_set_commands = 'local'$$, current_database());
  execute format($$alter role authenticator in database %I set pgrst.db_pre_request = 'public.establish_request'$$, current_database());
  -- Triggers on a shard read tables that are on every machine.
  execute format($$alter database %I set citus.allow_nested_distributed_execution = 'on'$$, current_database());
end
$do$;
-- The coordinator signs in at the others as the role of the request: they need entries in pg_hba.conf, or pg_dist_authinfo.
alter role anon login;
alter role authenticated login;
alter role platform_admin login;
alter role service_role login;
notify pgrst, 'reload config';

commit;

-- Functions that lock rows of several companies at once. Citus refuses that: call them company by company, or run these jobs against cells.
--   private.advance_payment_stages
--   private.charge_budget
--   private.claim_events
--   private.claim_stripe_accounts
--   private.close_budget_periods
--   private.erase_companies
--   private.erase_files_and_events
--   private.erase_table
--   private.flush_budgets
--   private.fold_stripes
--   private.fold_usage
--   private.maintain_compliance
--   private.prune_audit_chain
--   private.prune_invitations
--   private.refresh_budget_row
--   private.release_expired_holds
--   private.remind_of_erasure
--   private.retain_batch
--   private.strip_kept_rows
--   private.strip_referred_rows
--   private.verify_api_key
