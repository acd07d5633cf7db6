-- What is declared by hand and measured in the catalog: which permission a table asks for, which columns members
-- write, who executes what, which triggers and keys stand where. A migration that changes one of these changes it
-- here, too: nothing opens by accident. Each check is a view of deviations, each with planted ones.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
create function pg_temp.names(p_view text) returns text[] language plpgsql as $$
declare
  v_names text[];
begin
  execute format('select array_agg(name::text order by name::text collate "C") from pg_temp.%I', p_view) into v_names;
  return v_names;
end
$$;
select plan(28);

create temp view our_tables as
select c.oid, c.relname::text as name, n.nspname::text as schema_name, c.relispartition
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
   and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e');

-- Permissions: what members must hold to read a table, and to write it ---------------------------------------------
create temp table declared_tables (name text, reads text, writes text, inserted text, updated text);
insert into declared_tables values
  ('agent_logs', 'agent_logs.read', 'agent_logs.write',
   'company_id id agent_id job_id level event message data duration_ms request_id', ''),
  ('ai_agents', 'agents.read', 'agents.write',
   'company_id id name description provider model system_prompt configuration temperature max_output_tokens monthly_limit_micro_usd status',
   'name description provider model system_prompt configuration temperature max_output_tokens monthly_limit_micro_usd status'),
  ('api_keys', 'api_keys.read', null, '', ''),
  ('api_usage', 'usage.read', null, '', ''),
  ('audit_logs', 'audit.read', null, '', ''),
  ('billing_accounts', 'billing.read', null, '', ''),
  ('billing_invoices', 'billing.read', null, '', ''),
  ('budget_adjustments', 'usage.read', null, '', ''),
  ('budget_alerts', 'usage.read', 'usage.write', '', 'acknowledged_at'),
  ('budget_periods', 'usage.read', null, '', ''),
  ('companies', 'company.read', 'company.write', '',
   'name legal_name contact_name contact_email contact_phone address_line1 address_line2 city postal_code country_code tax_number'),
  ('company_config', 'company.read', 'company.write', '',
   'invoice_number_prefix invoice_payment_days notification_emails budget_alert_percents default_agent_model settings'),
  ('company_plans', 'billing.read', null, '', ''),
  ('compliance_requests', 'compliance.read', 'compliance.manage',
   'company_id id kind regulation status subject_email subject_name subject_user_id identifiers details corrections purposes received_at rejection_reason',
   'status subject_email subject_name subject_user_id identifiers details corrections purposes rejection_reason'),
  ('data_retention_logs', 'compliance.read', null, '', ''),
  ('data_retention_policies', 'compliance.read', 'compliance.manage',
   'company_id id data_class retention_days action is_legal_hold legal_basis',
   'data_class retention_days action is_legal_hold legal_basis'),
  ('documents', 'documents.read', 'documents.write',
   'company_id id title description storage_path mime_type size_bytes checksum_sha256 status confidentiality version metadata job_id',
   'title description storage_path mime_type size_bytes checksum_sha256 status confidentiality version metadata job_id'),
  ('invitations', 'users.read', null, '', ''),
  ('invoice_line_items', 'invoices.read', 'invoices.write',
   'company_id id invoice_id service_id position description quantity unit_amount tax_rate_percent',
   'service_id position description quantity unit_amount tax_rate_percent'),
  ('invoices', 'invoices.read', 'invoices.write',
   'company_id id number status customer_name customer_email customer_address currency issued_on due_on notes',
   'number status customer_name customer_email customer_address currency issued_on due_on notes'),
  ('ip_allowlist_entries', 'security.read', 'security.manage',
   'company_id id network label is_enabled expires_at', 'network label is_enabled expires_at'),
  ('jobs', 'jobs.read', 'jobs.write',
   'company_id id kind status priority payload result error_message max_attempts scheduled_at started_at service_id agent_id assigned_user_id',
   'kind status priority payload result error_message max_attempts scheduled_at started_at service_id agent_id assigned_user_id'),
  ('media_assets', 'media.read', 'media.write',
   'company_id id title description storage_path mime_type size_bytes checksum_sha256 kind alt_text width_px height_px duration_ms metadata job_id',
   'title description storage_path mime_type size_bytes checksum_sha256 kind alt_text width_px height_px duration_ms metadata job_id'),
  ('processing_restrictions', 'compliance.read', null, '', ''),
  ('security_policies', 'security.read', 'security.manage',
   'company_id id is_active required_aal aal2_permissions session_max_age_seconds session_idle_seconds is_ip_allowlist_enabled api_key_max_age_days notes',
   'is_active'),
  ('service_limits', 'usage.read', 'billing.write', 'company_id id service monthly_limit_micro_usd', 'service monthly_limit_micro_usd'),
  ('services', 'services.read', 'services.write',
   'company_id id code name description category status billing_unit unit_price currency tax_rate_percent',
   'code name description category status billing_unit unit_price currency tax_rate_percent'),
  ('system_config', null, null, '', ''),
  ('users', 'users.read', 'users.write', '', 'full_name job_title phone locale');

create temp view v_permission as
select format('%s on %s: %s', o.polname, t.name, coalesce(m.permission, 'none')) as name
  from pg_policy as o
  join our_tables as t on t.oid = o.polrelid and t.schema_name = 'public'
  left join declared_tables as d on d.name = t.name
 cross join lateral (
   select (regexp_match(pg_get_expr(x.expr, o.polrelid), 'company_for\(''([^'']+)'''))[1] as permission
     from (values (o.polqual), (o.polwithcheck)) as x (expr)
    where x.expr is not null) as m
 where 'authenticated' = any (o.polroles::regrole[]::text[])
   and m.permission is distinct from (case o.polcmd when 'r' then d.reads else d.writes end);
-- Files: the same equality, on the first folder. Operators have no update, which could move a file.
create temp view v_file_policy as
select o.polname::text as name
  from pg_policy as o
 cross join lateral (
   select array_remove(array[pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)], null) as exprs,
          format('((storage.foldername(name))[1] = ( SELECT (private.company_for(''%%s.%s''::text))::text AS company_for))',
                 case o.polcmd when 'r' then 'read' else 'write' end) as gate) as e
 where o.polrelid = 'storage.objects'::regclass
   and not case o.polroles::regrole[]::text[]
     when array['authenticated'] then
       o.polpermissive and o.polcmd in ('r', 'a', 'w', 'd')
       and cardinality(e.exprs) = case o.polcmd when 'w' then 2 else 1 end
       and exists (
         select from storage.buckets as b
          cross join lateral (select format('(bucket_id = %L::text) AND %s', b.id, format(e.gate, b.id)) as condition) as k
          where not b.public
            and coalesce(pg_get_expr(o.polqual, o.polrelid), format('(%s)', k.condition)) = format('(%s)', k.condition)
            and coalesce(pg_get_expr(o.polwithcheck, o.polrelid), format('(%s AND (name !~ ''(^|/)\.\.?(/|$)''::text))', k.condition))
                = format('(%s AND (name !~ ''(^|/)\.\.?(/|$)''::text))', k.condition))
     when array['platform_admin'] then
       o.polpermissive and o.polcmd in ('r', 'a', 'd')
       and e.exprs = array['((bucket_id = ANY (ARRAY[''documents''::text, ''media''::text])) AND ( SELECT private.is_platform_admin() AS is_platform_admin))']
     else false
   end;
-- A policy for more commands than its name says waits for the grant that opens them.
create temp view v_policy_command as
select format('%s on %s', o.polname, o.polrelid::regclass) as name
  from pg_policy as o
  join our_tables as t on t.oid = o.polrelid and t.schema_name = 'public'
 where split_part(o.polname, '_', 1) is distinct from
       case o.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end;
create temp view v_public_bucket as
select b.id as name from storage.buckets as b where b.public and b.id in ('documents', 'media');

select is_empty('select * from v_permission', 'every table asks members for the permission that is declared');
select is_empty('select * from v_file_policy', 'files: the company''s folder, the bucket''s permission, no way out of the folder');
select is((select count(*)::integer from pg_policy where polrelid = 'storage.objects'::regclass), 11, 'four policies a bucket for members, three for operators');
select is_empty('select * from v_public_bucket', 'buckets are private');
select is_empty('select * from v_policy_command', 'policies are for the command that they are named after');

savepoint planted;
alter policy select_member on public.invoices using (company_id = (select private.company_for('jobs.read')));
alter policy documents_select_member on storage.objects using (bucket_id = 'documents');
update storage.buckets set public = true where id = 'media';
drop policy select_platform_admin on public.audit_logs;
create policy select_platform_admin on public.audit_logs to platform_admin using ((select private.is_platform_admin()));
select is(pg_temp.names('v_policy_command'), array['select_platform_admin on audit_logs'], 'notices a policy for every command');
select is(pg_temp.names('v_permission'), array['select_member on invoices: jobs.read'], 'notices another permission');
select ok('documents_select_member' = any (pg_temp.names('v_file_policy')), 'notices files that are open to all');
select is(pg_temp.names('v_public_bucket'), array['media'], 'notices a public bucket');
rollback to planted;

-- Grants ----------------------------------------------------------------------------------------------------------
create temp view v_member_columns as
select format('%s %s', t.name, v.verb) as name
  from our_tables as t
 cross join (values ('insert'), ('update')) as v (verb)
  left join declared_tables as d on d.name = t.name
 where t.schema_name = 'public'
   and coalesce((select string_agg(a.attname, ' ' order by a.attnum) from pg_attribute as a
                  where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
                    and has_column_privilege('authenticated', t.oid, a.attnum, v.verb)), '')
       is distinct from (case v.verb when 'insert' then d.inserted else d.updated end);
-- A privilege that no policy answers to opens nothing today, and everything with the next policy.
create temp view v_idle_grant as
select format('%s %s %s', t.name, v.verb, r.role) as name
  from our_tables as t
 cross join unnest(array['authenticated', 'platform_admin']) as r (role)
 cross join (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as v (verb, cmd)
 where (case v.verb when 'delete' then has_table_privilege(r.role, t.oid, v.verb)
                    else has_any_column_privilege(r.role, t.oid, v.verb) end)
   and not exists (select from pg_policy as o
                    where o.polrelid = t.oid and o.polpermissive and r.role = any (o.polroles::regrole[]::text[])
                      and (o.polcmd = '*' or o.polcmd::text = v.cmd));
create temp view v_schema as
select format('%s %s %s', s.name, v.verb, r.role) as name
  from unnest(array['public', 'private']) as s (name)
 cross join unnest(array['usage', 'create']) as v (verb)
 cross join unnest(array['anon', 'authenticated', 'platform_admin', 'service_role']) as r (role)
 where has_schema_privilege(r.role, s.name, v.verb)
   and not (v.verb = 'usage' and (s.name = 'public' or r.role <> 'anon'));
create temp view v_default as
select format('%s %s', a.privilege_type, coalesce(nullif(a.grantee, 0)::regrole::text, 'public')) as name
  from pg_default_acl as f
 cross join lateral aclexplode(f.defaclacl) as a
 where f.defaclnamespace = 'private'::regnamespace and a.grantee <> f.defaclrole;

select is_empty('select * from v_member_columns', 'members write exactly the columns that are declared');
select is_empty('select * from v_idle_grant', 'every privilege of members and operators answers to a policy');
select is_empty('select * from v_schema', 'anon does not look into private, nobody creates anything');
select is_empty('select * from v_default', 'what is made in private tomorrow is closed');

savepoint planted;
grant update (stripe_customer_id) on public.companies to authenticated;
grant delete on public.api_keys to authenticated;
grant usage on schema private to anon;
alter default privileges in schema private grant select on tables to authenticated;
select is(pg_temp.names('v_member_columns'), array['companies update'], 'notices a column too many');
select is(pg_temp.names('v_idle_grant'), array['api_keys delete authenticated'], 'notices a privilege without a policy');
select is(pg_temp.names('v_schema'), array['private usage anon'], 'notices anon in private');
select is(pg_temp.names('v_default'), array['SELECT authenticated'], 'notices privileges on tables to come');
rollback to planted;

-- Functions: who executes them, and which run as their owner; nobody executes those that are not named ---------------
create temp table declared_functions (name text, executors text, is_definer boolean);
insert into declared_functions values
  ('private.apply_stripe_state(uuid, text, timestamp with time zone, jsonb, text)', 'service_role', true), ('public.apply_stripe_state(uuid, text, timestamp with time zone, jsonb, text)', 'service_role', false),
  ('private.begin_stripe_sync(uuid)', 'service_role', true), ('public.begin_stripe_sync(uuid)', 'service_role', false),
  ('private.claim_stripe_accounts(integer)', 'service_role', true), ('public.claim_stripe_accounts(integer)', 'service_role', false),
  ('private.claim_stripe_usage(integer)', 'service_role', true), ('public.claim_stripe_usage(integer)', 'service_role', false),
  ('private.fail_stripe_event(text, text)', 'service_role', true), ('public.fail_stripe_event(text, text)', 'service_role', false),
  ('private.finish_stripe_usage(uuid, date, integer)', 'service_role', true), ('public.finish_stripe_usage(uuid, date, integer)', 'service_role', false),
  ('private.maintain_billing()', 'service_role', true), ('public.maintain_billing()', 'service_role', false),
  ('private.record_stripe_event(jsonb)', 'service_role', true), ('public.record_stripe_event(jsonb)', 'service_role', false),
  ('private.request_stripe_customers(integer)', 'service_role', true), ('public.request_stripe_customers(integer)', 'service_role', false),
  ('private.store_stripe_customer(uuid, text)', 'service_role', true), ('public.store_stripe_customer(uuid, text)', 'service_role', false),
  ('private.stripe_backlog(integer)', 'service_role', true), ('public.stripe_backlog(integer)', 'service_role', false),
  ('private.stripe_cursor(text, jsonb)', 'service_role', true), ('public.stripe_cursor(text, jsonb)', 'service_role', false),
  ('private.prepare_billing_portal(text)', 'authenticated', true), ('public.prepare_billing_portal(text)', 'authenticated', false),
  ('private.prepare_checkout(text, text, text)', 'authenticated', true), ('public.prepare_checkout(text, text, text)', 'authenticated', false),
  ('private.tg_companies__request_stripe_customer()', '', true),
  ('private.tg_system_config__check_stripe()', '', true),
  ('private.actor_id()', 'authenticated platform_admin service_role', false),
  ('private.adjust_budget(uuid, date, numeric, text, uuid)', 'platform_admin service_role', true),
  ('private.apply_limit(uuid, uuid, text, bigint)', '', true),
  ('private.apply_plan(uuid)', '', true),
  ('private.apply_time_zone(uuid)', '', true),
  ('private.budget_status(uuid)', 'authenticated platform_admin service_role', true),
  ('private.change_member_permission(uuid, text, boolean)', 'authenticated', true),
  ('private.check_budget(uuid, uuid, numeric, text, integer, uuid)', 'authenticated service_role', true),
  ('private.check_rate_limit(uuid, integer, uuid)', 'authenticated service_role', true),
  ('private.claim_events(integer, integer, text[])', 'service_role', true),
  ('private.close_partition(text)', '', true),
  ('private.company_for(text)', 'authenticated', true),
  ('private.create_month_partition(text, date)', '', true),
  ('private.current_user_id()', 'authenticated platform_admin service_role', false),
  ('private.custom_access_token_hook(jsonb)', 'supabase_auth_admin', true),
  ('private.explain_ip_access(uuid, inet)', 'authenticated platform_admin service_role', true),
  ('private.finish_event(uuid, uuid, integer, text, boolean)', 'service_role', true),
  ('private.is_admin(uuid)', '', true),
  ('private.import_token()', '', true),
  ('private.tg_api_usage__count()', '', true),
  ('private.roll_up_usage(integer)', 'service_role', true),
  ('public.roll_up_usage(integer)', 'service_role', false),
  ('private.reconcile_usage(uuid, date, date, boolean)', 'platform_admin service_role', true),
  ('public.reconcile_usage(uuid, date, date, boolean)', 'platform_admin service_role', false),
  ('private.platform_usage(uuid, date, date, text, text, text, text, integer)', 'platform_admin service_role', true),
  ('public.platform_usage(date, date, text, text, uuid, text, text, integer)', 'platform_admin service_role', false),
  ('private.platform_usage_totals(uuid, date, date, text, text, text, text, integer)', 'platform_admin service_role', true),
  ('public.platform_usage_totals(date, date, text, uuid, text, text, text, integer)', 'platform_admin service_role', false),
  ('private.usage_movers(date, date, text, integer)', 'platform_admin service_role', true),
  ('public.usage_movers(date, date, text, integer)', 'platform_admin service_role', false),
  ('private.my_usage(date, date, text, text, text, integer)', 'authenticated', true),
  ('public.my_usage(date, date, text, text, text, integer)', 'authenticated', false),
  ('private.tg_system_config__check()', '', true),
  ('private.tg_system_config__keep_history()', '', true),
  ('private.system_settings(text)', 'platform_admin service_role', true),
  ('public.system_settings(text)', 'platform_admin service_role', false),
  ('private.set_system_setting(text, jsonb, text)', 'platform_admin service_role', true),
  ('public.set_system_setting(text, jsonb, text)', 'platform_admin service_role', false),
  ('private.system_setting_history(text, uuid, integer)', 'platform_admin service_role', true),
  ('public.system_setting_history(text, uuid, integer)', 'platform_admin service_role', false),
  ('private.refuse_in_maintenance()', 'authenticated service_role', true),
  ('private.list_cells()', 'platform_admin service_role', true),
  ('public.list_cells()', 'platform_admin service_role', false),
  ('private.set_cell(text, text, text, text, text, integer)', 'platform_admin service_role', true),
  ('public.set_cell(text, text, text, text, text, integer)', 'platform_admin service_role', false),
  ('private.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text)', 'platform_admin service_role', true),
  ('public.assign_company_cell(uuid, text, text, uuid[], bigint, boolean, text)', 'platform_admin service_role', false),
  ('private.forget_company_cell(uuid)', 'platform_admin service_role', true),
  ('public.forget_company_cell(uuid)', 'platform_admin service_role', false),
  ('private.company_directory(uuid, integer)', 'platform_admin service_role', true),
  ('public.company_directory(uuid, integer)', 'platform_admin service_role', false),
  ('private.my_company_cells(uuid)', 'authenticated platform_admin', true),
  ('public.my_company_cells(uuid)', 'authenticated platform_admin', false),
  ('private.company_capacity()', 'platform_admin service_role', true),
  ('public.company_capacity()', 'platform_admin service_role', false),
  ('private.company_overview(text, text, text, text, text, boolean, text, integer)', 'platform_admin service_role', true),
  ('public.company_overview(text, text, text, text, text, boolean, text, integer)', 'platform_admin service_role', false),
  ('private.company_details(uuid)', 'platform_admin service_role', true),
  ('public.company_details(uuid)', 'platform_admin service_role', false),
  ('private.my_company()', 'authenticated', true),
  ('public.my_company()', 'authenticated', false),
  ('private.billing_overview(text, text, text, text, integer)', 'platform_admin service_role', true),
  ('public.billing_overview(text, text, text, text, integer)', 'platform_admin service_role', false),
  ('private.billing_totals()', 'platform_admin service_role', true),
  ('public.billing_totals()', 'platform_admin service_role', false),
  ('private.my_billing()', 'authenticated', true),
  ('public.my_billing()', 'authenticated', false),
  ('private.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid)', 'platform_admin service_role', true),
  ('public.change_company_plan(uuid, text, numeric, numeric, text, jsonb, text, uuid)', 'platform_admin service_role', false),
  ('private.is_import_token(text)', 'authenticated platform_admin service_role', true),
  ('private.is_importing()', 'authenticated platform_admin service_role', false),
  ('private.is_platform_admin()', 'platform_admin', true),
  ('private.limit_request()', 'authenticated', true),
  ('private.log_usage(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp with time zone, text)', 'authenticated service_role', true),
  ('private.log_usage_batch(uuid, jsonb)', 'authenticated service_role', true),
  ('private.maintain_partitions()', 'service_role', true),
  ('private.my_companies()', 'authenticated platform_admin', true),
  ('private.parse_json_object(text)', 'authenticated platform_admin service_role', false),
  ('private.parse_uuid(text)', 'authenticated platform_admin service_role', false),
  ('private.permissions_of(uuid, uuid)', '', true),
  ('private.reconcile_budget(uuid, date, boolean)', 'platform_admin service_role', true),
  ('private.refuse_without_admin(uuid)', '', true),
  ('private.release_reservation(uuid, uuid)', 'authenticated service_role', true),
  ('private.switch_company(uuid)', 'authenticated platform_admin', true),
  ('private.tg_ai_agents__apply_limit()', '', true),
  ('private.tg_ai_agents__release_holds()', '', true),
  ('private.export_audit_log(uuid, timestamp with time zone, timestamp with time zone, text, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', true),
  ('private.search(uuid, text, text[], jsonb, text, integer)', 'authenticated platform_admin service_role', true),
  ('private.search_audit_log(uuid, timestamp with time zone, timestamp with time zone, uuid, text, text, uuid, text, text, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', true),
  ('private.run_data_retention(uuid, boolean, integer)', 'authenticated platform_admin service_role', true),
  ('public.run_data_retention(uuid, boolean, integer)', 'authenticated platform_admin service_role', false),
  ('private.tg_data_retention_policies__check()', '', true),
  ('private.extend_compliance_request(uuid, uuid, text)', 'authenticated platform_admin service_role', true),
  ('public.extend_compliance_request(uuid, uuid, text)', 'authenticated platform_admin service_role', false),
  ('private.is_processing_allowed(uuid, text, text, uuid)', 'authenticated platform_admin service_role', true),
  ('public.is_processing_allowed(uuid, text, text, uuid)', 'authenticated platform_admin service_role', false),
  ('private.lift_processing_restriction(uuid, uuid, text)', 'authenticated platform_admin service_role', true),
  ('public.lift_processing_restriction(uuid, uuid, text)', 'authenticated platform_admin service_role', false),
  ('private.process_compliance_request(uuid, uuid, integer, boolean)', 'authenticated platform_admin service_role', true),
  ('public.process_compliance_request(uuid, uuid, integer, boolean)', 'authenticated platform_admin service_role', false),
  ('private.read_compliance_bundle(uuid, uuid, text)', 'authenticated platform_admin service_role', true),
  ('public.read_compliance_bundle(uuid, uuid, text)', 'authenticated platform_admin service_role', false),
  ('private.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)', 'authenticated platform_admin service_role', true),
  ('public.submit_compliance_request(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)', 'authenticated platform_admin service_role', false),
  ('private.verify_compliance_identity(uuid, uuid, text)', 'authenticated platform_admin service_role', true),
  ('public.verify_compliance_identity(uuid, uuid, text)', 'authenticated platform_admin service_role', false),
  ('private.maintain_compliance()', 'service_role', true),
  ('private.put_company_secret(uuid, text, text, uuid, text)', 'authenticated service_role', true),
  ('public.put_company_secret(uuid, text, text, uuid, text)', 'authenticated service_role', false),
  ('private.read_company_secret(uuid, text, uuid, text)', 'service_role', true),
  ('public.read_company_secret(uuid, text, uuid, text)', 'service_role', false),
  ('private.delete_company_secret(uuid, text, uuid)', 'authenticated service_role', true),
  ('public.delete_company_secret(uuid, text, uuid)', 'authenticated service_role', false),
  ('private.list_company_secrets(uuid)', 'authenticated platform_admin service_role', true),
  ('public.list_company_secrets(uuid)', 'authenticated platform_admin service_role', false),
  ('private.rotate_master_key(text, integer)', 'service_role', true),
  ('public.rotate_master_key(text, integer)', 'service_role', false),
  ('private.drop_company_data_key(uuid)', 'platform_admin service_role', true),
  ('public.drop_company_data_key(uuid)', 'platform_admin service_role', false),
  ('private.diagnose(uuid, uuid, text, jsonb)', 'authenticated platform_admin service_role', true),
  ('public.diagnose(uuid, uuid, text, jsonb)', 'authenticated platform_admin service_role', false),
  ('private.compliance_status(uuid)', 'authenticated platform_admin service_role', true),
  ('public.compliance_status(uuid)', 'authenticated platform_admin service_role', false),
  ('private.record_compliance_review(uuid, text)', 'authenticated service_role', true),
  ('public.record_compliance_review(uuid, text)', 'authenticated service_role', false),
  ('private.find_leaked_api_keys(text, boolean)', 'platform_admin service_role', true),
  ('public.find_leaked_api_keys(text, boolean)', 'platform_admin service_role', false),
  ('private.issue_api_key(uuid, text, text[], timestamp with time zone, inet[], integer, uuid)', 'authenticated service_role', true),
  ('public.issue_api_key(uuid, text, text[], timestamp with time zone, inet[], integer, uuid)', 'authenticated service_role', false),
  ('private.revoke_api_key(uuid, uuid)', 'authenticated platform_admin service_role', true),
  ('public.revoke_api_key(uuid, uuid)', 'authenticated platform_admin service_role', false),
  ('private.rotate_api_key(uuid, uuid, interval, timestamp with time zone)', 'authenticated service_role', true),
  ('public.rotate_api_key(uuid, uuid, interval, timestamp with time zone)', 'authenticated service_role', false),
  ('private.verify_api_key(text, text, inet, text, integer)', 'service_role', true),
  ('public.verify_api_key(text, text, inet, text, integer)', 'service_role', false),
  ('public.maintain_compliance()', 'service_role', false),
  ('private.my_compliance_requests()', 'authenticated', true),
  ('public.my_compliance_requests()', 'authenticated', false),
  ('private.tg_jobs__refuse_restricted()', '', true),
  ('private.close_company(uuid, text, integer)', 'platform_admin service_role', true),
  ('private.company_lifecycle(uuid)', 'platform_admin service_role', true),
  ('private.create_company(text, text, text, text, numeric, text, text, text, uuid, text)', 'platform_admin service_role', true),
  ('private.is_reserved_slug(text)', 'platform_admin service_role', false),
  ('private.reactivate_company(uuid, text)', 'platform_admin service_role', true),
  ('private.suspend_company(uuid, text)', 'platform_admin service_role', true),
  ('private.tg_companies__set_up()', '', true),
  ('private.tg_companies__tell_status()', '', true),
  ('public.close_company(uuid, text, integer)', 'platform_admin service_role', false),
  ('public.company_lifecycle(uuid)', 'platform_admin service_role', false),
  ('public.create_company(text, text, text, text, numeric, text, text, text, uuid, text)', 'platform_admin service_role', false),
  ('public.reactivate_company(uuid, text)', 'platform_admin service_role', false),
  ('public.suspend_company(uuid, text)', 'platform_admin service_role', false),
  ('private.invite_member(uuid, text, text, text[], text, interval, uuid, boolean)', 'authenticated platform_admin service_role', true),
  ('public.invite_member(uuid, text, text, text[], text, interval, uuid, boolean)', 'authenticated platform_admin service_role', false),
  ('private.resend_invitation(uuid, uuid, interval, boolean)', 'authenticated platform_admin service_role', true),
  ('public.resend_invitation(uuid, uuid, interval, boolean)', 'authenticated platform_admin service_role', false),
  ('private.revoke_invitation(uuid, uuid)', 'authenticated platform_admin service_role', true),
  ('public.revoke_invitation(uuid, uuid)', 'authenticated platform_admin service_role', false),
  ('private.list_invitations(uuid, boolean, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', true),
  ('public.list_invitations(uuid, boolean, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', false),
  ('private.accept_invitation(text, text)', 'authenticated platform_admin', true),
  ('public.accept_invitation(text, text)', 'authenticated platform_admin', false),
  ('private.tg_auth_users__accept_invitation()', '', true),
  ('private.change_member_role(uuid, uuid, text, text[], boolean)', 'authenticated platform_admin service_role', true),
  ('public.change_member_role(uuid, uuid, text, text[], boolean)', 'authenticated platform_admin service_role', false),
  ('private.disable_member(uuid, uuid, boolean)', 'authenticated platform_admin service_role', true),
  ('public.disable_member(uuid, uuid, boolean)', 'authenticated platform_admin service_role', false),
  ('private.enable_member(uuid, uuid)', 'authenticated platform_admin service_role', true),
  ('public.enable_member(uuid, uuid)', 'authenticated platform_admin service_role', false),
  ('private.remove_member(uuid, uuid, boolean, boolean)', 'authenticated platform_admin service_role', true),
  ('public.remove_member(uuid, uuid, boolean, boolean)', 'authenticated platform_admin service_role', false),
  ('private.leave_company(uuid)', 'authenticated platform_admin', true),
  ('public.leave_company(uuid)', 'authenticated platform_admin', false),
  ('private.tg_users__keep_client()', '', true),
  ('private.tg_audit_logs__link()', '', true), ('private.tg_statement__audit()', '', true),
  ('private.tg_statement__audit_keyed()', '', true),
  ('private.verify_audit_chain(uuid, bigint, integer, bigint, text)', 'authenticated platform_admin service_role', true),
  ('public.export_audit_log(uuid, timestamp with time zone, timestamp with time zone, text, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', false),
  ('public.search(uuid, text, text[], jsonb, text, integer)', 'authenticated platform_admin service_role', false),
  ('public.search_audit_log(uuid, timestamp with time zone, timestamp with time zone, uuid, text, text, uuid, text, text, timestamp with time zone, uuid, integer)', 'authenticated platform_admin service_role', false),
  ('public.verify_audit_chain(uuid, bigint, integer, bigint, text)', 'authenticated platform_admin service_role', false),
  ('private.tg_companies__apply_time_zone()', '', true),
  ('private.tg_company_plans__apply_plan()', '', true),
  ('private.tg_company_plans__set_defaults()', '', true),
  ('private.tg_invoice_line_items__sum_up()', '', true),
  ('private.tg_service_limits__apply_limit()', '', true),
  ('private.tg_role_permissions__refresh()', '', true),
  ('private.tg_security_policies__flag_company()', '', true),
  ('private.tg_users__check()', '', true),
  ('private.tg_users__keep_permissions()', '', true),
  ('private.tg_users__keep_admin()', '', true),
  ('private.tg_users__release_jobs()', '', true),
  ('private.uuid_v7()', 'authenticated platform_admin service_role', false),
  ('public.adjust_budget(uuid, date, numeric, text, uuid)', 'platform_admin service_role', false),
  ('public.assign_permission(uuid, text)', 'authenticated', false),
  ('public.budget_forecast(uuid)', 'authenticated platform_admin service_role', false),
  ('public.budget_status(uuid)', 'authenticated platform_admin service_role', false),
  ('public.check_budget_before_usage(uuid, uuid, numeric, text, integer, uuid)', 'authenticated service_role', false),
  ('public.check_rate_limit(uuid, integer, uuid)', 'authenticated service_role', false),
  ('public.check_request()', 'anon authenticated platform_admin service_role', false),
  ('public.claim_events(integer, integer, text[])', 'service_role', false),
  ('public.explain_ip_access(uuid, inet)', 'authenticated platform_admin service_role', false),
  ('public.finish_event(uuid, uuid, integer, text, boolean)', 'service_role', false),
  ('public.log_api_usage_and_update_budget(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp with time zone, text)', 'authenticated service_role', false),
  ('public.log_api_usage_batch(uuid, jsonb)', 'authenticated service_role', false),
  ('public.maintain_partitions()', 'service_role', false),
  ('public.my_companies()', 'authenticated platform_admin', false),
  ('public.reconcile_budget(uuid, date, boolean)', 'platform_admin service_role', false),
  ('public.release_budget_reservation(uuid, uuid)', 'authenticated service_role', false),
  ('public.remove_ip_allowlist_entry(uuid, inet, boolean)', 'authenticated platform_admin service_role', false),
  ('public.remove_permission(uuid, text)', 'authenticated', false),
  ('public.set_security_policy(uuid, jsonb, boolean)', 'authenticated platform_admin service_role', false),
  ('public.switch_company(uuid)', 'authenticated platform_admin', false),
  ('public.usage_anomalies(uuid, integer)', 'authenticated platform_admin service_role', false),
  ('public.usage_series(uuid, timestamp with time zone, timestamp with time zone, text, text, integer)', 'authenticated platform_admin service_role', false);

create temp view our_functions as
select format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name, p.prosecdef,
       coalesce((select string_agg(r.role, ' ' order by r.role)
                   from unnest(array['anon', 'authenticated', 'platform_admin', 'service_role', 'supabase_auth_admin']) as r (role)
                  where has_function_privilege(r.role, p.oid, 'execute')), '') as executors
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private')
   and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');
create temp view v_function as
select coalesce(f.name, d.name) as name
  from our_functions as f
  full join declared_functions as d on d.name = f.name
 where f.name is null or f.executors <> coalesce(d.executors, '') or f.prosecdef <> coalesce(d.is_definer, false);

select is_empty('select * from v_function', 'functions are executed by whom is declared, with whose rights is declared');

savepoint planted;
grant execute on function private.is_admin(uuid) to authenticated;
grant execute on function private.tg_jobs__check() to authenticated;
alter function private.default_company(uuid) security definer;
select is(pg_temp.names('v_function'), array['private.default_company(uuid)', 'private.is_admin(uuid)', 'private.tg_jobs__check()'],
  'notices a caller too many and a new definer');
rollback to planted;

-- Triggers that every table shares --------------------------------------------------------------------------------
create temp view v_shared_trigger as
select format('%s %s', g.name, t.name) as name
  from our_tables as t
 cross join lateral (
   -- Rows that are never updated have no updated_at, and only an author.
   select 'set_row_meta' as name,
          format('CREATE TRIGGER set_row_meta BEFORE INSERT%s%s ON public.%s FOR EACH ROW EXECUTE FUNCTION private.tg_row__set_%s()',
                 case when m.has_updated_at then ' OR UPDATE' else '' end,
                 -- The counters of a budget move with every call, and say so themselves.
                 case t.name
                   when 'budget_periods' then ' OF company_id, id, month, scope, agent_id, service, starts_at, ends_at,'
                     ' limit_micro_usd, adjusted_micro_usd, enforcement, alert_percents, status, closed_at, created_at, updated_by, created_by'
                   -- That a key was used is no change of it.
                   when 'api_keys' then ' OF name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id,'
                     ' expires_at, revoked_at, created_at, updated_at, created_by, updated_by'
                   else '' end, t.name,
                 case when m.has_updated_at then 'meta' else 'creator' end) as definition
     from (select exists (select from pg_attribute as a where a.attrelid = t.oid and a.attname = 'updated_at') as has_updated_at) as m
    -- The audit log is written by functions that state its author; a trigger would cost as much as the row.
    where t.name <> 'audit_logs'
   union all
   select 'keep_tenant',
          format('CREATE TRIGGER keep_tenant BEFORE UPDATE%4$s ON public.%1$s FOR EACH ROW WHEN (((%2$s) OR (%3$s))) EXECUTE FUNCTION private.tg_row__refuse_move(%1$L)',
                 t.name,
                 case when t.name = 'companies' then 'new.id IS DISTINCT FROM old.id' else 'new.company_id IS DISTINCT FROM old.company_id' end,
                 case when t.name = 'companies' then 'new.is_operator IS DISTINCT FROM old.is_operator' else 'new.id IS DISTINCT FROM old.id' end,
                 case when t.name = 'budget_periods' then ' OF company_id, id' else '' end)
    where t.name <> 'system_config') as g
 where t.schema_name = 'public'
   and not exists (select from pg_trigger as x
                    where x.tgrelid = t.oid and x.tgname = g.name and x.tgenabled = 'O' and pg_get_triggerdef(x.oid) = g.definition);

select is_empty('select * from v_shared_trigger', 'every table keeps its rows'' company, authors and times');

savepoint planted;
alter table public.jobs disable trigger set_row_meta;
drop trigger keep_tenant on public.services;
create trigger keep_tenant before update on public.services
  for each row when (new.id is distinct from old.id) execute function private.tg_row__refuse_move('services');
select is(pg_temp.names('v_shared_trigger'), array['keep_tenant services', 'set_row_meta jobs'], 'notices a trigger that is off, and a lesser condition');
rollback to planted;

-- Keys ------------------------------------------------------------------------------------------------------------
create temp view v_reference as
select format('%s.%s', t.name, a.attname) as name
  from our_tables as t
  join pg_attribute as a on a.attrelid = t.oid and a.attname like '%\_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
 where not t.relispartition
   -- What outlives the account or the row, and what is read by no tenant.
   and format('%s.%s', t.name, a.attname) not in (
     'api_keys.replaces_id', 'audit_logs.actor_id', 'audit_logs.row_id', 'budget_reservations.usage_id', 'compliance_requests.subject_user_id',
     'processing_restrictions.subject_user_id', 'usage_deltas.agent_id', 'usage_keys.usage_id',
     -- Stands in the target before the company does, and in the source when it has gone.
     'company_moves.company_id',
     -- Companies of other databases.
     'company_cells.company_id')
   and not exists (select from pg_constraint as f
                    where f.contype = 'f' and f.conrelid = t.oid and a.attnum = any (f.conkey) and f.convalidated
                      and (a.attname <> 'company_id' or f.confrelid = 'public.companies'::regclass or t.schema_name = 'private'));
create temp table declared_unique (name text);
insert into declared_unique values
  ('ai_agents (company_id, name)'), ('api_keys (company_id, prefix)'), ('api_keys (company_id, replaces_id) WHERE (replaces_id IS NOT NULL)'),
  ('billing_accounts (company_id)'), ('billing_invoices (company_id, stripe_invoice_id)'),
  ('budget_alerts (company_id, budget_period_id, threshold_percent)'), ('budget_periods (company_id, agent_id, month)'),
  ('budget_periods (company_id, month) WHERE (scope = ''company''::text)'), ('budget_periods (company_id, service, month)'),
  ('companies ((true)) WHERE is_operator'), ('companies (slug)'), ('companies (stripe_customer_id)'),
  ('company_config (company_id)'), ('company_plans (company_id) WHERE is_active'),
  ('data_retention_policies (company_id, data_class)'), ('documents (company_id, storage_path)'),
  ('invoices (company_id, number)'), ('invoices (company_id, stripe_invoice_id)'),
  ('ip_allowlist_entries (company_id, network)'), ('media_assets (company_id, storage_path)'),
  ('private.invitation_tokens (token_hash)'),
  ('private.api_key_secrets (key_hash)'), ('processing_restrictions (company_id, compliance_request_id)'), ('security_policies (company_id) WHERE is_active'),
  ('private.audit_links (company_id, created_at, transaction_id)'), ('private.company_moves (company_id) WHERE (finished_at IS NULL)'), ('private.company_secrets (company_id, agent_id, name) NULLS NOT DISTINCT'), ('security_policies (company_id, version)'), ('service_limits (company_id, service)'), ('services (company_id, code)');
create temp view v_unique as
select coalesce(u.name, d.name) as name
  from (select t.oid::regclass || ' ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING btree ', '') as name
          from pg_index as i
          join our_tables as t on t.oid = i.indrelid
         where i.indisunique and i.indisvalid and not i.indisprimary and not t.relispartition) as u
  full join declared_unique as d on d.name = u.name
 where u.name is null or d.name is null;
create temp view v_folder as
select t.name from our_tables as t
  join pg_attribute as a on a.attrelid = t.oid and a.attname = 'storage_path' and not a.attisdropped
 where not exists (
   select from pg_constraint as k
    where k.conrelid = t.oid and k.contype = 'c' and k.convalidated
      and pg_get_constraintdef(k.oid) = 'CHECK (((split_part(storage_path, ''/''::text, 1) = (company_id)::text)'
        ' AND (storage_path ~ ''^[^/]+/.*[^/]$''::text) AND (storage_path !~ ''(^|/)\.\.?(/|$)''::text)))');

select is_empty('select * from v_reference', 'every id of another row is a foreign key, and every company is one');
select is_empty('select * from v_unique', 'what is unique is what is declared');
select is_empty('select * from v_folder', 'a file''s path lies in its company''s folder');

savepoint planted;
alter table public.jobs drop constraint jobs_company_id_fkey;
alter table public.invoices drop constraint invoices_number_is_unique_in_company;
create unique index planted on public.services (company_id, id, name);
alter table public.documents drop constraint documents_storage_path_is_in_company_folder;
select is(pg_temp.names('v_reference'), array['jobs.company_id'], 'notices a reference that nothing checks');
select is(pg_temp.names('v_unique'), array['invoices (company_id, number)', 'services (company_id, id, name)'], 'notices a key that is gone, and one too many');
select is(pg_temp.names('v_folder'), array['documents'], 'notices paths that may lie anywhere');
rollback to planted;

select is_empty('select * from v_permission union all select * from v_member_columns union all select * from v_function',
  'nothing that was planted has stayed');

select * from finish();
rollback;
