-- migrate:up
-- What each column holds, as data: export, erasure, retention and the redaction of the audit log go by it, and a test
-- fails for a column that is not here.

set lock_timeout = '5s';
set statement_timeout = '10min';

create table if not exists private.column_classes (
  table_schema text not null,
  table_name text not null,
  column_name text not null,
  class text not null,
  erasure text not null,
  primary key (table_schema, table_name, column_name),
  constraint column_classes_class_is_known check (class in (
    'identifier', 'personal', 'sensitive', 'financial', 'secret', 'operational')),
  constraint column_classes_erasure_is_known check (erasure in ('keep', 'scrub', 'clear', 'commit', 'delete')),
  constraint column_classes_what_is_personal_can_be_erased check (
    class not in ('personal', 'sensitive') or erasure <> 'keep' or table_name in ('users', 'ip_allowlist_entries', 'api_keys'))
);

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select v.table_schema, v.table_name, c.column_name, v.class, v.erasure
  from (values
    ('private', 'api_key_secrets', 'identifier', 'keep', '{company_id,api_key_id}'),
    ('private', 'api_key_secrets', 'secret', 'keep', '{key_hash}'),
    ('private', 'audit_heads', 'identifier', 'keep', '{company_id}'),
    ('private', 'audit_heads', 'operational', 'keep', '{link_no,previous_hash,hash}'),
    ('private', 'audit_links', 'identifier', 'keep', '{company_id,transaction_id}'),
    ('private', 'audit_links', 'operational', 'keep', '{link_no,created_at,row_count,rows_hash,previous_hash,hash}'),
    ('private', 'audit_segments', 'identifier', 'keep', '{company_id}'),
    ('private', 'audit_segments', 'operational', 'keep', '{first_link_no,last_link_no,row_count,first_created_at,
      last_created_at,previous_hash,hash,pruned_at}'),
    ('private', 'budget_reconciliations', 'identifier', 'keep', '{company_id,budget_period_id}'),
    ('private', 'budget_reconciliations', 'operational', 'keep', '{reconciled_at}'),
    ('private', 'budget_reservations', 'financial', 'keep', '{amount_micro_usd}'),
    ('private', 'budget_reservations', 'identifier', 'clear', '{created_by}'),
    ('private', 'budget_reservations', 'identifier', 'keep', '{company_id,id,agent_id,held_in,usage_id}'),
    ('private', 'budget_reservations', 'operational', 'keep', '{service,expires_at,released_at,usage_occurred_at,
      created_at}'),
    ('private', 'budget_stripes', 'financial', 'keep', '{granted,watched,spent,reserved}'),
    ('private', 'budget_stripes', 'identifier', 'keep', '{company_id,budget_period_id}'),
    ('private', 'budget_stripes', 'operational', 'keep', '{stripe,generation,folded_at}'),
    ('private', 'column_classes', 'operational', 'keep', '{table_schema,table_name,column_name,class,erasure}'),
    ('private', 'company_data_keys', 'identifier', 'keep', '{company_id,key_uuid}'),
    ('private', 'company_data_keys', 'operational', 'keep', '{master_key_hint,created_at,wrapped_at}'),
    ('private', 'company_data_keys', 'secret', 'keep', '{wrapped_key}'),
    ('private', 'company_secrets', 'identifier', 'clear', '{created_by,updated_by}'),
    ('private', 'company_secrets', 'identifier', 'keep', '{company_id,id,agent_id,key_uuid}'),
    ('private', 'company_secrets', 'operational', 'keep', '{created_at,updated_at}'),
    ('private', 'company_secrets', 'operational', 'scrub', '{name}'),
    ('private', 'company_secrets', 'secret', 'keep', '{ciphertext}'),
    ('private', 'compliance_reviews', 'identifier', 'clear', '{reviewed_by}'),
    ('private', 'compliance_reviews', 'identifier', 'keep', '{company_id}'),
    ('private', 'compliance_reviews', 'operational', 'keep', '{reviewed_at,reminded_at}'),
    ('private', 'import_secret', 'operational', 'keep', '{is_only}'),
    ('private', 'import_secret', 'secret', 'keep', '{secret}'),
    ('private', 'outbox_events', 'identifier', 'keep', '{company_id,id}'),
    ('private', 'outbox_events', 'operational', 'keep', '{topic,status,attempts,available_at,finished_at,
      created_at}'),
    ('private', 'outbox_events', 'personal', 'scrub', '{payload,last_error}'),
    ('private', 'partitioned_tables', 'operational', 'keep', '{table_name,months_ahead}'),
    ('private', 'permissions', 'operational', 'keep', '{permission,description}'),
    ('private', 'plan_tiers', 'financial', 'keep', '{monthly_limit_usd,monthly_price_usd}'),
    ('private', 'plan_tiers', 'operational', 'keep', '{plan_tier,features}'),
    ('private', 'rate_limit_buckets', 'identifier', 'keep', '{company_id,bucket}'),
    ('private', 'rate_limit_buckets', 'operational', 'keep', '{tat,limit_per_minute,burst,rated_at}'),
    ('private', 'retention_classes', 'operational', 'keep', '{data_class,age_column,is_finished,minimum_days,minimum_basis,
      is_partitioned,overrides_erasure}'),
    ('private', 'role_permissions', 'operational', 'keep', '{role,permission}'),
    ('private', 'subject_bundle_files', 'identifier', 'keep', '{company_id,request_id,file_name}'),
    ('private', 'subject_bundle_files', 'operational', 'keep', '{row_count,sha256,created_at}'),
    ('private', 'subject_bundle_files', 'personal', 'delete', '{content}'),
    ('private', 'subject_work', 'identifier', 'delete', '{company_id,request_id,user_ids}'),
    ('private', 'subject_work', 'operational', 'keep', '{pass,table_name,position,hits,rows_seen,counts,kept,remaining,started_at}'),
    ('private', 'subject_work', 'personal', 'delete', '{pattern,email_pattern,text_pattern}'),
    ('private', 'usage_keys', 'identifier', 'keep', '{company_id,usage_id}'),
    ('private', 'usage_keys', 'identifier', 'scrub', '{idempotency_key}'),
    ('private', 'usage_keys', 'operational', 'keep', '{occurred_at,created_at}'),
    ('public', 'agent_logs', 'identifier', 'clear', '{created_by}'),
    ('public', 'agent_logs', 'identifier', 'keep', '{company_id,id,agent_id,job_id}'),
    ('public', 'agent_logs', 'identifier', 'scrub', '{request_id}'),
    ('public', 'agent_logs', 'operational', 'keep', '{level,event,duration_ms,created_at}'),
    ('public', 'agent_logs', 'personal', 'scrub', '{message,data}'),
    ('public', 'ai_agents', 'financial', 'keep', '{monthly_limit_micro_usd}'),
    ('public', 'ai_agents', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'ai_agents', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'ai_agents', 'operational', 'keep', '{provider,model,temperature,max_output_tokens,status,
      archived_at,created_at,updated_at}'),
    ('public', 'ai_agents', 'operational', 'scrub', '{name,description,system_prompt,configuration}'),
    ('public', 'api_keys', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'api_keys', 'identifier', 'keep', '{company_id,id,prefix,replaces_id}'),
    ('public', 'api_keys', 'operational', 'keep', '{permissions,rate_limit_per_minute,expires_at,last_used_at,
      revoked_at,created_at,updated_at}'),
    ('public', 'api_keys', 'operational', 'scrub', '{name}'),
    ('public', 'api_keys', 'personal', 'keep', '{allowed_networks}'),
    ('public', 'api_usage', 'financial', 'keep', '{cost_micro_usd}'),
    ('public', 'api_usage', 'identifier', 'clear', '{created_by}'),
    ('public', 'api_usage', 'identifier', 'keep', '{company_id,id,agent_id}'),
    ('public', 'api_usage', 'identifier', 'scrub', '{request_id}'),
    ('public', 'api_usage', 'operational', 'keep', '{occurred_at,service,model,unit,units,input_tokens,
      output_tokens,budget_month,is_out_of_month,is_over_budget,created_at}'),
    ('public', 'api_usage', 'personal', 'scrub', '{description,metadata}'),
    ('public', 'audit_logs', 'identifier', 'commit', '{actor_id,row_id,request_id,created_by}'),
    ('public', 'audit_logs', 'identifier', 'keep', '{company_id,id,transaction_id}'),
    ('public', 'audit_logs', 'operational', 'keep', '{actor_role,action,table_name,created_at,commitments,opens_link}'),
    ('public', 'audit_logs', 'personal', 'commit', '{changes,ip_address,user_agent}'),
    ('public', 'audit_logs', 'secret', 'commit', '{salt}'),
    ('public', 'budget_adjustments', 'financial', 'keep', '{amount_micro_usd}'),
    ('public', 'budget_adjustments', 'identifier', 'clear', '{created_by}'),
    ('public', 'budget_adjustments', 'identifier', 'keep', '{company_id,id,budget_period_id}'),
    ('public', 'budget_adjustments', 'operational', 'keep', '{created_at}'),
    ('public', 'budget_adjustments', 'operational', 'scrub', '{reason}'),
    ('public', 'budget_alerts', 'financial', 'keep', '{limit_micro_usd,spent_micro_usd}'),
    ('public', 'budget_alerts', 'identifier', 'clear', '{acknowledged_by,created_by,updated_by}'),
    ('public', 'budget_alerts', 'identifier', 'keep', '{company_id,id,budget_period_id}'),
    ('public', 'budget_alerts', 'operational', 'keep', '{threshold_percent,acknowledged_at,created_at,updated_at}'),
    ('public', 'budget_periods', 'financial', 'keep', '{limit_micro_usd,adjusted_micro_usd,spent_micro_usd,
      reserved_micro_usd,enforcement,watch_micro_usd}'),
    ('public', 'budget_periods', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'budget_periods', 'identifier', 'keep', '{company_id,id,agent_id}'),
    ('public', 'budget_periods', 'operational', 'keep', '{month,scope,service,starts_at,ends_at,alert_percents,
      stripe_count,contention,agent_limit_count,service_limit_count,generation,status,closed_at,created_at,
      updated_at}'),
    ('public', 'companies', 'financial', 'keep', '{tax_number,currency}'),
    ('public', 'companies', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'companies', 'identifier', 'keep', '{id,slug,stripe_customer_id}'),
    ('public', 'companies', 'operational', 'keep', '{country_code,time_zone,status,suspended_at,closed_at,
      is_operator,has_strict_policy,created_at,updated_at}'),
    ('public', 'companies', 'operational', 'scrub', '{name,legal_name}'),
    ('public', 'companies', 'personal', 'scrub', '{contact_name,contact_email,contact_phone,address_line1,
      address_line2,city,postal_code,status_reason}'),
    ('public', 'company_config', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'company_config', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'company_config', 'operational', 'keep', '{invoice_number_prefix,invoice_payment_days,
      budget_alert_percents,default_agent_model,created_at,updated_at}'),
    ('public', 'company_config', 'operational', 'scrub', '{settings}'),
    ('public', 'company_config', 'personal', 'scrub', '{notification_emails}'),
    ('public', 'company_plans', 'financial', 'keep', '{monthly_limit_usd,payment_limit_usd,monthly_price_usd,enforcement}'),
    ('public', 'company_plans', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'company_plans', 'identifier', 'keep', '{company_id,id,stripe_subscription_id,stripe_price_id}'),
    ('public', 'company_plans', 'operational', 'keep', '{plan_tier,features,is_active,started_at,ended_at,
      created_at,updated_at}'),
    ('public', 'compliance_requests', 'identifier', 'clear', '{subject_user_id,identity_verified_by,created_by,updated_by}'),
    ('public', 'compliance_requests', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'compliance_requests', 'operational', 'keep', '{kind,regulation,status,purposes,received_at,due_at,
      extended_at,notices,identity_method,identity_verified_at,completed_at,receipt,created_at,updated_at}'),
    ('public', 'compliance_requests', 'personal', 'scrub', '{subject_email,subject_name,identifiers,details,corrections,
      extension_reason,rejection_reason}'),
    ('public', 'data_retention_logs', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'data_retention_logs', 'identifier', 'keep', '{company_id,id,data_retention_policy_id}'),
    ('public', 'data_retention_logs', 'operational', 'keep', '{data_class,status,is_dry_run,rows_affected,
      started_at,finished_at,created_at,updated_at}'),
    ('public', 'data_retention_logs', 'operational', 'scrub', '{error_message}'),
    ('public', 'data_retention_policies', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'data_retention_policies', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'data_retention_policies', 'operational', 'keep', '{data_class,retention_days,action,is_legal_hold,
      created_at,updated_at}'),
    ('public', 'data_retention_policies', 'operational', 'scrub', '{legal_basis}'),
    ('public', 'documents', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'documents', 'identifier', 'keep', '{company_id,id,job_id}'),
    ('public', 'documents', 'identifier', 'scrub', '{storage_path}'),
    ('public', 'documents', 'operational', 'keep', '{checksum_sha256,mime_type,size_bytes,status,confidentiality,version,
      created_at,updated_at}'),
    ('public', 'documents', 'personal', 'scrub', '{title,description,metadata}'),
    ('public', 'invoice_line_items', 'financial', 'keep', '{quantity,unit_amount,tax_rate_percent,amount,
      tax_amount}'),
    ('public', 'invoice_line_items', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'invoice_line_items', 'identifier', 'keep', '{company_id,id,invoice_id,service_id}'),
    ('public', 'invoice_line_items', 'operational', 'keep', '{position,created_at,updated_at}'),
    ('public', 'invoice_line_items', 'operational', 'scrub', '{description}'),
    ('public', 'invoices', 'financial', 'keep', '{currency,subtotal_amount,tax_amount,total_amount,issued_on,
      due_on,paid_at,voided_at}'),
    ('public', 'invoices', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'invoices', 'identifier', 'keep', '{company_id,id,number,stripe_invoice_id}'),
    ('public', 'invoices', 'operational', 'keep', '{status,created_at,updated_at}'),
    ('public', 'invoices', 'personal', 'scrub', '{customer_name,customer_email,customer_address,notes}'),
    ('public', 'ip_allowlist_entries', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'ip_allowlist_entries', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'ip_allowlist_entries', 'operational', 'keep', '{is_enabled,expires_at,created_at,updated_at}'),
    ('public', 'ip_allowlist_entries', 'personal', 'keep', '{network}'),
    ('public', 'ip_allowlist_entries', 'personal', 'scrub', '{label}'),
    ('public', 'jobs', 'identifier', 'clear', '{assigned_user_id,created_by,updated_by}'),
    ('public', 'jobs', 'identifier', 'keep', '{company_id,id,service_id,agent_id}'),
    ('public', 'jobs', 'operational', 'keep', '{kind,status,priority,attempts,max_attempts,scheduled_at,
      started_at,finished_at,created_at,updated_at}'),
    ('public', 'jobs', 'personal', 'scrub', '{payload,result,error_message}'),
    ('public', 'media_assets', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'media_assets', 'identifier', 'keep', '{company_id,id,job_id}'),
    ('public', 'media_assets', 'identifier', 'scrub', '{storage_path}'),
    ('public', 'media_assets', 'operational', 'keep', '{checksum_sha256,mime_type,size_bytes,kind,width_px,height_px,duration_ms,
      created_at,updated_at}'),
    ('public', 'media_assets', 'personal', 'scrub', '{title,description,alt_text,metadata}'),
    ('public', 'processing_restrictions', 'identifier', 'clear', '{subject_user_id,created_by,updated_by}'),
    ('public', 'processing_restrictions', 'identifier', 'keep', '{company_id,id,compliance_request_id}'),
    ('public', 'processing_restrictions', 'operational', 'keep', '{kind,purposes,started_at,lifted_at,created_at,updated_at}'),
    ('public', 'processing_restrictions', 'personal', 'scrub', '{subject_email,lift_reason}'),
    ('public', 'security_policies', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'security_policies', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'security_policies', 'operational', 'keep', '{version,is_active,required_aal,aal2_permissions,
      session_max_age_seconds,session_idle_seconds,is_ip_allowlist_enabled,api_key_max_age_days,is_strict,
      created_at,updated_at}'),
    ('public', 'security_policies', 'operational', 'scrub', '{notes}'),
    ('public', 'service_limits', 'financial', 'keep', '{monthly_limit_micro_usd}'),
    ('public', 'service_limits', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'service_limits', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'service_limits', 'operational', 'keep', '{service,created_at,updated_at}'),
    ('public', 'services', 'financial', 'keep', '{unit_price,currency,tax_rate_percent}'),
    ('public', 'services', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'services', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'services', 'operational', 'keep', '{code,category,status,billing_unit,created_at,updated_at}'),
    ('public', 'services', 'operational', 'scrub', '{name,description}'),
    ('public', 'system_config', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'system_config', 'operational', 'keep', '{key,value,description,created_at,updated_at}'),
    ('public', 'users', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'users', 'identifier', 'keep', '{company_id,id}'),
    ('public', 'users', 'operational', 'keep', '{role,status,granted_permissions,revoked_permissions,effective_permissions,selected_at,
      disabled_at,created_at,updated_at}'),
    ('public', 'users', 'personal', 'keep', '{locale}'),
    ('public', 'users', 'personal', 'scrub', '{email,full_name,job_title,phone}')
  ) as v (table_schema, table_name, class, erasure, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update
  set class = excluded.class, erasure = excluded.erasure
  where (column_classes.class, column_classes.erasure) <> (excluded.class, excluded.erasure);

-- Columns without a class, and classes without a column. Partitions are classified with their parent.
create or replace function private.column_class_problems() returns table (table_schema text, table_name text, column_name text, problem text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  return query
  select coalesce(a.table_schema, k.table_schema), coalesce(a.table_name, k.table_name), coalesce(a.column_name, k.column_name),
         case when k.class is null then 'unclassified' else 'unknown column' end
    from (
      select n.nspname::text as table_schema, c.relname::text as table_name, x.attname::text as column_name
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as x on x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
    ) as a
    full join private.column_classes as k
      on (k.table_schema, k.table_name, k.column_name) = (a.table_schema, a.table_name, a.column_name)
   where k.class is null or a.column_name is null
   order by 1, 2, 3;
end
$fn$;
revoke execute on function private.column_class_problems() from public;

revoke all on table private.column_classes from public, anon, authenticated, platform_admin, service_role;

comment on table private.column_classes is
  'What each column holds and what erasure does with it. class: identifier (names a row or, under a pseudonym, a person), personal, sensitive, financial, secret, operational. erasure: keep; delete (the row goes); scrub (what names the person is replaced wherever it stands in it); clear (null where it names the person); commit (replaced by a commitment, in the audit log).';
comment on function private.column_class_problems() is 'Columns of public and private tables that have no class, and classes of columns that do not exist.';

-- migrate:down
