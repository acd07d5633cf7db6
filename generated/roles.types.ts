// Generated: do not edit; run `npm run generate role-types`.
// From the grants, policies and functions in the catalog, and from private.role_permissions.

import type { Database as Generated } from './database.types.ts';
import type { Scoped } from '../types/scope.ts';

/** What each role may do; `string` stands for all columns. Members begin with this; more can be assigned to them. */
export interface Access {
  /** No limit but the schema itself: for the backend, or where the role is not known. */
  everything: {
    Tables: Record<
      keyof Generated['public']['Tables'],
      { select: string; insert: string; update: string }
    >;
    Views: Record<keyof Generated['public']['Views'], { select: string }>;
    Functions: Extract<keyof Generated['public']['Functions'], string>;
  };
  agent: {
    Tables: {
      companies: {
        select: string;
        insert: never;
        update: never;
      };
      company_config: {
        select: string;
        insert: never;
        update: never;
      };
      jobs: {
        select: string;
        insert: never;
        update: never;
      };
      services: {
        select: string;
        insert: never;
        update: never;
      };
    };
    Views: Record<never, never>;
    Functions:
      | 'accept_invitation'
      | 'check_rate_limit'
      | 'check_request'
      | 'diagnose'
      | 'is_processing_allowed'
      | 'leave_company'
      | 'my_companies'
      | 'my_company'
      | 'my_company_cells'
      | 'my_compliance_requests'
      | 'read_compliance_bundle'
      | 'search'
      | 'submit_compliance_request'
      | 'switch_company';
  };
  client: {
    Tables: {
      agent_logs: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'agent_id'
          | 'job_id'
          | 'level'
          | 'event'
          | 'message'
          | 'data'
          | 'duration_ms'
          | 'request_id';
        update: never;
      };
      ai_agents: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'name'
          | 'description'
          | 'provider'
          | 'model'
          | 'system_prompt'
          | 'configuration'
          | 'temperature'
          | 'max_output_tokens'
          | 'monthly_limit_micro_usd'
          | 'status';
        update:
          | 'name'
          | 'description'
          | 'provider'
          | 'model'
          | 'system_prompt'
          | 'configuration'
          | 'temperature'
          | 'max_output_tokens'
          | 'monthly_limit_micro_usd'
          | 'status';
      };
      api_keys: {
        select: string;
        insert: never;
        update: never;
      };
      api_usage: {
        select: string;
        insert: never;
        update: never;
      };
      audit_logs: {
        select: string;
        insert: never;
        update: never;
      };
      billing_accounts: {
        select: string;
        insert: never;
        update: never;
      };
      billing_invoices: {
        select: string;
        insert: never;
        update: never;
      };
      budget_adjustments: {
        select: string;
        insert: never;
        update: never;
      };
      budget_alerts: {
        select: string;
        insert: never;
        update: 'acknowledged_at';
      };
      budget_periods: {
        select: string;
        insert: never;
        update: never;
      };
      companies: {
        select: string;
        insert: never;
        update:
          | 'name'
          | 'legal_name'
          | 'contact_name'
          | 'contact_email'
          | 'contact_phone'
          | 'address_line1'
          | 'address_line2'
          | 'city'
          | 'postal_code'
          | 'country_code'
          | 'tax_number';
      };
      company_config: {
        select: string;
        insert: never;
        update:
          | 'invoice_number_prefix'
          | 'invoice_payment_days'
          | 'notification_emails'
          | 'budget_alert_percents'
          | 'default_agent_model'
          | 'settings';
      };
      company_plans: {
        select: string;
        insert: never;
        update: never;
      };
      documents: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'status'
          | 'confidentiality'
          | 'version'
          | 'metadata'
          | 'job_id';
        update:
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'status'
          | 'confidentiality'
          | 'version'
          | 'metadata'
          | 'job_id';
      };
      invitations: {
        select: string;
        insert: never;
        update: never;
      };
      invoice_line_items: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'invoice_id'
          | 'service_id'
          | 'position'
          | 'description'
          | 'quantity'
          | 'unit_amount'
          | 'tax_rate_percent';
        update:
          | 'service_id'
          | 'position'
          | 'description'
          | 'quantity'
          | 'unit_amount'
          | 'tax_rate_percent';
      };
      invoices: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'number'
          | 'status'
          | 'customer_name'
          | 'customer_email'
          | 'customer_address'
          | 'currency'
          | 'issued_on'
          | 'due_on'
          | 'notes';
        update:
          | 'number'
          | 'status'
          | 'customer_name'
          | 'customer_email'
          | 'customer_address'
          | 'currency'
          | 'issued_on'
          | 'due_on'
          | 'notes';
      };
      ip_allowlist_entries: {
        select: string;
        insert: never;
        update: never;
      };
      jobs: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'kind'
          | 'status'
          | 'priority'
          | 'payload'
          | 'result'
          | 'error_message'
          | 'max_attempts'
          | 'scheduled_at'
          | 'started_at'
          | 'service_id'
          | 'agent_id'
          | 'assigned_user_id';
        update:
          | 'kind'
          | 'status'
          | 'priority'
          | 'payload'
          | 'result'
          | 'error_message'
          | 'max_attempts'
          | 'scheduled_at'
          | 'started_at'
          | 'service_id'
          | 'agent_id'
          | 'assigned_user_id';
      };
      media_assets: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'kind'
          | 'alt_text'
          | 'width_px'
          | 'height_px'
          | 'duration_ms'
          | 'metadata'
          | 'job_id';
        update:
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'kind'
          | 'alt_text'
          | 'width_px'
          | 'height_px'
          | 'duration_ms'
          | 'metadata'
          | 'job_id';
      };
      security_policies: {
        select: string;
        insert: never;
        update: never;
      };
      service_limits: {
        select: string;
        insert: 'company_id' | 'id' | 'service' | 'monthly_limit_micro_usd';
        update: 'service' | 'monthly_limit_micro_usd';
      };
      services: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'code'
          | 'name'
          | 'description'
          | 'category'
          | 'status'
          | 'billing_unit'
          | 'unit_price'
          | 'currency'
          | 'tax_rate_percent';
        update:
          | 'code'
          | 'name'
          | 'description'
          | 'category'
          | 'status'
          | 'billing_unit'
          | 'unit_price'
          | 'currency'
          | 'tax_rate_percent';
      };
      users: {
        select: string;
        insert: never;
        update: 'full_name' | 'job_title' | 'phone' | 'locale';
      };
    };
    Views: Record<never, never>;
    Functions:
      | 'accept_invitation'
      | 'assign_permission'
      | 'budget_forecast'
      | 'budget_status'
      | 'change_member_role'
      | 'check_budget_before_usage'
      | 'check_rate_limit'
      | 'check_request'
      | 'delete_company_secret'
      | 'diagnose'
      | 'disable_member'
      | 'enable_member'
      | 'explain_ip_access'
      | 'export_audit_log'
      | 'invite_member'
      | 'is_processing_allowed'
      | 'issue_api_key'
      | 'leave_company'
      | 'list_company_secrets'
      | 'list_invitations'
      | 'log_api_usage_and_update_budget'
      | 'log_api_usage_batch'
      | 'my_billing'
      | 'my_companies'
      | 'my_company'
      | 'my_company_cells'
      | 'my_compliance_requests'
      | 'my_usage'
      | 'prepare_billing_portal'
      | 'prepare_checkout'
      | 'put_company_secret'
      | 'read_compliance_bundle'
      | 'release_budget_reservation'
      | 'remove_member'
      | 'remove_permission'
      | 'resend_invitation'
      | 'revoke_api_key'
      | 'revoke_invitation'
      | 'rotate_api_key'
      | 'search'
      | 'search_audit_log'
      | 'submit_compliance_request'
      | 'switch_company'
      | 'usage_anomalies'
      | 'usage_series'
      | 'verify_audit_chain';
  };
  compliance_admin: {
    Tables: {
      api_keys: {
        select: string;
        insert: never;
        update: never;
      };
      audit_logs: {
        select: string;
        insert: never;
        update: never;
      };
      companies: {
        select: string;
        insert: never;
        update: never;
      };
      company_config: {
        select: string;
        insert: never;
        update: never;
      };
      compliance_requests: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'kind'
          | 'regulation'
          | 'status'
          | 'subject_email'
          | 'subject_name'
          | 'subject_user_id'
          | 'identifiers'
          | 'details'
          | 'corrections'
          | 'purposes'
          | 'received_at'
          | 'rejection_reason';
        update:
          | 'status'
          | 'subject_email'
          | 'subject_name'
          | 'subject_user_id'
          | 'identifiers'
          | 'details'
          | 'corrections'
          | 'purposes'
          | 'rejection_reason';
      };
      data_retention_logs: {
        select: string;
        insert: never;
        update: never;
      };
      data_retention_policies: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'data_class'
          | 'retention_days'
          | 'action'
          | 'is_legal_hold'
          | 'legal_basis';
        update: 'data_class' | 'retention_days' | 'action' | 'is_legal_hold' | 'legal_basis';
      };
      invitations: {
        select: string;
        insert: never;
        update: never;
      };
      ip_allowlist_entries: {
        select: string;
        insert: 'company_id' | 'id' | 'network' | 'label' | 'is_enabled' | 'expires_at';
        update: 'network' | 'label' | 'is_enabled' | 'expires_at';
      };
      processing_restrictions: {
        select: string;
        insert: never;
        update: never;
      };
      security_policies: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'is_active'
          | 'required_aal'
          | 'aal2_permissions'
          | 'session_max_age_seconds'
          | 'session_idle_seconds'
          | 'is_ip_allowlist_enabled'
          | 'api_key_max_age_days'
          | 'notes';
        update: 'is_active';
      };
      users: {
        select: string;
        insert: never;
        update: never;
      };
    };
    Views: Record<never, never>;
    Functions:
      | 'accept_invitation'
      | 'check_rate_limit'
      | 'check_request'
      | 'compliance_status'
      | 'diagnose'
      | 'explain_ip_access'
      | 'export_audit_log'
      | 'extend_compliance_request'
      | 'is_processing_allowed'
      | 'leave_company'
      | 'lift_processing_restriction'
      | 'list_company_secrets'
      | 'list_invitations'
      | 'my_companies'
      | 'my_company'
      | 'my_company_cells'
      | 'my_compliance_requests'
      | 'process_compliance_request'
      | 'read_compliance_bundle'
      | 'record_compliance_review'
      | 'remove_ip_allowlist_entry'
      | 'run_data_retention'
      | 'search'
      | 'search_audit_log'
      | 'set_security_policy'
      | 'submit_compliance_request'
      | 'switch_company'
      | 'verify_audit_chain'
      | 'verify_compliance_identity';
  };
  admin: {
    Tables: {
      agent_logs: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'agent_id'
          | 'job_id'
          | 'level'
          | 'event'
          | 'message'
          | 'data'
          | 'duration_ms'
          | 'request_id';
        update: never;
      };
      ai_agents: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'name'
          | 'description'
          | 'provider'
          | 'model'
          | 'system_prompt'
          | 'configuration'
          | 'temperature'
          | 'max_output_tokens'
          | 'monthly_limit_micro_usd'
          | 'status';
        update:
          | 'name'
          | 'description'
          | 'provider'
          | 'model'
          | 'system_prompt'
          | 'configuration'
          | 'temperature'
          | 'max_output_tokens'
          | 'monthly_limit_micro_usd'
          | 'status';
      };
      api_keys: {
        select: string;
        insert: never;
        update: never;
      };
      api_usage: {
        select: string;
        insert: never;
        update: never;
      };
      audit_logs: {
        select: string;
        insert: never;
        update: never;
      };
      billing_accounts: {
        select: string;
        insert: never;
        update: never;
      };
      billing_invoices: {
        select: string;
        insert: never;
        update: never;
      };
      budget_adjustments: {
        select: string;
        insert: never;
        update: never;
      };
      budget_alerts: {
        select: string;
        insert: never;
        update: 'acknowledged_at';
      };
      budget_periods: {
        select: string;
        insert: never;
        update: never;
      };
      companies: {
        select: string;
        insert:
          | 'id'
          | 'slug'
          | 'name'
          | 'legal_name'
          | 'contact_name'
          | 'contact_email'
          | 'contact_phone'
          | 'address_line1'
          | 'address_line2'
          | 'city'
          | 'postal_code'
          | 'country_code'
          | 'tax_number'
          | 'time_zone'
          | 'currency'
          | 'status'
          | 'status_reason';
        update:
          | 'slug'
          | 'name'
          | 'legal_name'
          | 'contact_name'
          | 'contact_email'
          | 'contact_phone'
          | 'address_line1'
          | 'address_line2'
          | 'city'
          | 'postal_code'
          | 'country_code'
          | 'tax_number'
          | 'time_zone'
          | 'currency'
          | 'status'
          | 'status_reason';
      };
      company_config: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'invoice_number_prefix'
          | 'invoice_payment_days'
          | 'notification_emails'
          | 'budget_alert_percents'
          | 'default_agent_model'
          | 'settings';
        update:
          | 'invoice_number_prefix'
          | 'invoice_payment_days'
          | 'notification_emails'
          | 'budget_alert_percents'
          | 'default_agent_model'
          | 'settings';
      };
      company_plans: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'plan_tier'
          | 'monthly_limit_usd'
          | 'monthly_price_usd'
          | 'features'
          | 'enforcement'
          | 'is_active'
          | 'started_at';
        update:
          | 'plan_tier'
          | 'monthly_limit_usd'
          | 'monthly_price_usd'
          | 'features'
          | 'enforcement'
          | 'is_active'
          | 'started_at';
      };
      compliance_requests: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'kind'
          | 'regulation'
          | 'status'
          | 'subject_email'
          | 'subject_name'
          | 'subject_user_id'
          | 'identifiers'
          | 'details'
          | 'corrections'
          | 'purposes'
          | 'received_at'
          | 'rejection_reason';
        update:
          | 'status'
          | 'subject_email'
          | 'subject_name'
          | 'subject_user_id'
          | 'identifiers'
          | 'details'
          | 'corrections'
          | 'purposes'
          | 'rejection_reason';
      };
      data_retention_logs: {
        select: string;
        insert: never;
        update: never;
      };
      data_retention_policies: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'data_class'
          | 'retention_days'
          | 'action'
          | 'is_legal_hold'
          | 'legal_basis';
        update: 'data_class' | 'retention_days' | 'action' | 'is_legal_hold' | 'legal_basis';
      };
      documents: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'status'
          | 'confidentiality'
          | 'version'
          | 'metadata'
          | 'job_id';
        update:
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'status'
          | 'confidentiality'
          | 'version'
          | 'metadata'
          | 'job_id';
      };
      invitations: {
        select: string;
        insert: never;
        update: never;
      };
      invoice_line_items: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'invoice_id'
          | 'service_id'
          | 'position'
          | 'description'
          | 'quantity'
          | 'unit_amount'
          | 'tax_rate_percent';
        update:
          | 'service_id'
          | 'position'
          | 'description'
          | 'quantity'
          | 'unit_amount'
          | 'tax_rate_percent';
      };
      invoices: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'number'
          | 'status'
          | 'customer_name'
          | 'customer_email'
          | 'customer_address'
          | 'currency'
          | 'issued_on'
          | 'due_on'
          | 'notes';
        update:
          | 'number'
          | 'status'
          | 'customer_name'
          | 'customer_email'
          | 'customer_address'
          | 'currency'
          | 'issued_on'
          | 'due_on'
          | 'notes';
      };
      ip_allowlist_entries: {
        select: string;
        insert: 'company_id' | 'id' | 'network' | 'label' | 'is_enabled' | 'expires_at';
        update: 'network' | 'label' | 'is_enabled' | 'expires_at';
      };
      jobs: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'kind'
          | 'status'
          | 'priority'
          | 'payload'
          | 'result'
          | 'error_message'
          | 'max_attempts'
          | 'scheduled_at'
          | 'started_at'
          | 'service_id'
          | 'agent_id'
          | 'assigned_user_id';
        update:
          | 'kind'
          | 'status'
          | 'priority'
          | 'payload'
          | 'result'
          | 'error_message'
          | 'max_attempts'
          | 'scheduled_at'
          | 'started_at'
          | 'service_id'
          | 'agent_id'
          | 'assigned_user_id';
      };
      media_assets: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'kind'
          | 'alt_text'
          | 'width_px'
          | 'height_px'
          | 'duration_ms'
          | 'metadata'
          | 'job_id';
        update:
          | 'title'
          | 'description'
          | 'storage_path'
          | 'mime_type'
          | 'size_bytes'
          | 'checksum_sha256'
          | 'kind'
          | 'alt_text'
          | 'width_px'
          | 'height_px'
          | 'duration_ms'
          | 'metadata'
          | 'job_id';
      };
      processing_restrictions: {
        select: string;
        insert: never;
        update: never;
      };
      security_policies: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'is_active'
          | 'required_aal'
          | 'aal2_permissions'
          | 'session_max_age_seconds'
          | 'session_idle_seconds'
          | 'is_ip_allowlist_enabled'
          | 'api_key_max_age_days'
          | 'notes';
        update: 'is_active';
      };
      service_limits: {
        select: string;
        insert: 'company_id' | 'id' | 'service' | 'monthly_limit_micro_usd';
        update: 'service' | 'monthly_limit_micro_usd';
      };
      services: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'code'
          | 'name'
          | 'description'
          | 'category'
          | 'status'
          | 'billing_unit'
          | 'unit_price'
          | 'currency'
          | 'tax_rate_percent';
        update:
          | 'code'
          | 'name'
          | 'description'
          | 'category'
          | 'status'
          | 'billing_unit'
          | 'unit_price'
          | 'currency'
          | 'tax_rate_percent';
      };
      system_config: {
        select: string;
        insert: 'key' | 'value' | 'description';
        update: 'key' | 'value' | 'description';
      };
      users: {
        select: string;
        insert:
          | 'company_id'
          | 'id'
          | 'email'
          | 'full_name'
          | 'job_title'
          | 'phone'
          | 'locale'
          | 'role'
          | 'status'
          | 'granted_permissions'
          | 'revoked_permissions';
        update:
          | 'email'
          | 'full_name'
          | 'job_title'
          | 'phone'
          | 'locale'
          | 'role'
          | 'status'
          | 'granted_permissions'
          | 'revoked_permissions';
      };
    };
    Views: Record<never, never>;
    Functions:
      | 'accept_invitation'
      | 'adjust_budget'
      | 'assign_company_cell'
      | 'billing_overview'
      | 'billing_totals'
      | 'budget_forecast'
      | 'budget_status'
      | 'change_company_plan'
      | 'change_member_role'
      | 'check_request'
      | 'close_company'
      | 'company_capacity'
      | 'company_details'
      | 'company_directory'
      | 'company_lifecycle'
      | 'company_overview'
      | 'compliance_status'
      | 'create_company'
      | 'diagnose'
      | 'disable_member'
      | 'drop_company_data_key'
      | 'enable_member'
      | 'explain_ip_access'
      | 'export_audit_log'
      | 'extend_compliance_request'
      | 'find_leaked_api_keys'
      | 'forget_company_cell'
      | 'invite_member'
      | 'is_processing_allowed'
      | 'leave_company'
      | 'lift_processing_restriction'
      | 'list_cells'
      | 'list_company_secrets'
      | 'list_invitations'
      | 'my_companies'
      | 'my_company_cells'
      | 'platform_usage'
      | 'platform_usage_totals'
      | 'process_compliance_request'
      | 'reactivate_company'
      | 'read_compliance_bundle'
      | 'reconcile_budget'
      | 'reconcile_usage'
      | 'remove_ip_allowlist_entry'
      | 'remove_member'
      | 'resend_invitation'
      | 'revoke_api_key'
      | 'revoke_invitation'
      | 'run_data_retention'
      | 'search'
      | 'search_audit_log'
      | 'set_cell'
      | 'set_security_policy'
      | 'set_system_setting'
      | 'submit_compliance_request'
      | 'suspend_company'
      | 'switch_company'
      | 'system_setting_history'
      | 'system_settings'
      | 'usage_anomalies'
      | 'usage_movers'
      | 'usage_series'
      | 'verify_audit_chain'
      | 'verify_compliance_identity';
  };
}

/** Null where the catalog and the queries say so: what is not proven never to be null may be. */
export interface Nulls {
  Views: Record<never, never>;
  Functions: {
    accept_invitation: {
      args: 'full_name';
      nullable: never;
      required: never;
    };
    adjust_budget: {
      args: 'adjustment_id';
      nullable: never;
      required: never;
    };
    apply_stripe_state: {
      args: 'stripe_event_id';
      nullable: never;
      required: never;
    };
    assign_company_cell: {
      args: 'slug' | 'member_ids' | 'expected_version' | 'is_pinned' | 'required_region';
      nullable: never;
      required: never;
    };
    begin_stripe_sync: {
      args: never;
      nullable: true;
      required: never;
    };
    billing_overview: {
      args: 'payment_status' | 'plan_tier' | 'search' | 'after';
      nullable: never;
      required:
        | 'company_id'
        | 'slug'
        | 'name'
        | 'status'
        | 'recurring_currency'
        | 'payment_status'
        | 'payment_stage'
        | 'cancel_at_period_end'
        | 'page_key';
    };
    billing_totals: {
      args: never;
      nullable: never;
      required:
        | 'plan_tier'
        | 'currency'
        | 'companies'
        | 'stripe_recurring_minor'
        | 'past_due_companies'
        | 'past_due_minor'
        | 'unpriced_companies';
    };
    budget_forecast: {
      args: never;
      nullable:
        | 'budget_month'
        | 'period_ends_at'
        | 'limit_usd'
        | 'spent_usd'
        | 'daily_usd'
        | 'forecast_usd'
        | 'forecast_percent'
        | 'exhausted_at';
      required: never;
    };
    budget_status: {
      args: never;
      nullable:
        | 'agent_id'
        | 'service'
        | 'budget_month'
        | 'period_starts_at'
        | 'period_ends_at'
        | 'enforcement'
        | 'limit_usd'
        | 'spent_usd'
        | 'reserved_usd'
        | 'remaining_usd'
        | 'spent_percent'
        | 'is_over_budget';
      required: never;
    };
    change_company_plan: {
      args:
        | 'plan_tier'
        | 'monthly_limit_usd'
        | 'monthly_price_usd'
        | 'enforcement'
        | 'features'
        | 'reason'
        | 'plan_id';
      nullable: never;
      required: never;
    };
    check_budget_before_usage: {
      args: 'service' | 'reservation_id';
      nullable: never;
      required: never;
    };
    check_rate_limit: {
      args: 'api_key_id';
      nullable: never;
      required: never;
    };
    claim_events: {
      args: 'topics';
      nullable: never;
      required: never;
    };
    claim_stripe_accounts: {
      args: never;
      nullable: 'company_id' | 'stripe_customer_id' | 'sync_started_at';
      required: never;
    };
    claim_stripe_usage: {
      args: never;
      nullable: 'reported_cents';
      required: never;
    };
    close_company: {
      args: never;
      nullable: true;
      required: never;
    };
    company_capacity: {
      args: never;
      nullable: never;
      required:
        | 'company_id'
        | 'slug'
        | 'status'
        | 'is_operator'
        | 'row_count'
        | 'bytes'
        | 'writes_per_second'
        | 'hot_share'
        | 'is_exact';
    };
    company_directory: {
      args: 'after';
      nullable: never;
      required:
        | 'company_id'
        | 'slug'
        | 'cell'
        | 'version'
        | 'member_ids'
        | 'is_pinned'
        | 'moved_at';
    };
    company_lifecycle: {
      args: never;
      nullable:
        | 'status_reason'
        | 'suspended_at'
        | 'closed_at'
        | 'grace_ends_at'
        | 'erasure_started_at'
        | 'erased_at'
        | 'completed_at'
        | 'receipt';
      required: never;
    };
    company_overview: {
      args: 'status' | 'plan_tier' | 'flag' | 'search' | 'after';
      nullable: never;
      required:
        | 'company_id'
        | 'slug'
        | 'name'
        | 'status'
        | 'is_operator'
        | 'created_at'
        | 'members'
        | 'limit_usd'
        | 'spent_usd'
        | 'payment_status';
    };
    compliance_status: {
      args: never;
      nullable: 'value';
      required: never;
    };
    create_company: {
      args: 'slug' | 'monthly_limit_usd' | 'country_code' | 'company_id' | 'first_user_email';
      nullable: never;
      required: never;
    };
    delete_company_secret: {
      args: 'agent_id';
      nullable: never;
      required: never;
    };
    diagnose: {
      args: 'company_id' | 'user_id' | 'permission' | 'request';
      nullable: 'finding' | 'explanation' | 'mend' | 'mend_sql' | 'evidence';
      required: never;
    };
    disable_member: {
      args: never;
      nullable: true;
      required: never;
    };
    drop_company_data_key: {
      args: never;
      nullable: true;
      required: never;
    };
    explain_ip_access: {
      args: 'ip';
      nullable: 'address' | 'entry_id' | 'network' | 'label' | 'expires_at';
      required: never;
    };
    export_audit_log: {
      args: 'starts_at' | 'ends_at' | 'after_at' | 'after_id';
      nullable: 'content' | 'row_count' | 'last_at' | 'last_id';
      required: never;
    };
    find_leaked_api_keys: {
      args: never;
      nullable: 'company_id' | 'api_key_id' | 'name' | 'prefix' | 'was_valid' | 'revoked_at';
      required: never;
    };
    finish_event: {
      args: 'error';
      nullable: true;
      required: never;
    };
    invite_member: {
      args: 'full_name' | 'invitation_id';
      nullable: never;
      required: never;
    };
    is_processing_allowed: {
      args: 'subject_email' | 'subject_user_id';
      nullable: never;
      required: never;
    };
    issue_api_key: {
      args: 'expires_at' | 'rate_limit_per_minute' | 'api_key_id';
      nullable: never;
      required: never;
    };
    leave_company: {
      args: never;
      nullable: true;
      required: never;
    };
    list_cells: {
      args: never;
      nullable: never;
      required: 'name' | 'api_url' | 'publishable_key' | 'state' | 'weight' | 'updated_at';
    };
    list_company_secrets: {
      args: never;
      nullable: 'agent_id' | 'updated_by';
      required: never;
    };
    list_invitations: {
      args: 'before_at' | 'before_id';
      nullable: never;
      required:
        | 'id'
        | 'email'
        | 'role'
        | 'granted_permissions'
        | 'expires_at'
        | 'sent_count'
        | 'created_at';
    };
    log_api_usage_and_update_budget: {
      args:
        | 'reservation_id'
        | 'idempotency_key'
        | 'model'
        | 'input_tokens'
        | 'output_tokens'
        | 'occurred_at'
        | 'request_id';
      nullable: never;
      required: never;
    };
    maintain_billing: {
      args: never;
      nullable: 'stages_advanced' | 'events_pruned';
      required: never;
    };
    my_company_cells: {
      args: 'company_id';
      nullable: never;
      required:
        | 'company_id'
        | 'slug'
        | 'cell'
        | 'api_url'
        | 'publishable_key'
        | 'version'
        | 'moved_at';
    };
    my_usage: {
      args: 'starts_on' | 'ends_on' | 'service';
      nullable: never;
      required: 'requests' | 'units' | 'input_tokens' | 'output_tokens' | 'cost_usd';
    };
    platform_usage: {
      args: 'starts_on' | 'ends_on' | 'company_id' | 'service' | 'plan_tier';
      nullable: never;
      required: 'requests' | 'units' | 'input_tokens' | 'output_tokens' | 'cost_usd';
    };
    platform_usage_totals: {
      args: 'starts_on' | 'ends_on' | 'company_id' | 'service' | 'plan_tier' | 'after';
      nullable: never;
      required:
        | 'series'
        | 'requests'
        | 'units'
        | 'input_tokens'
        | 'output_tokens'
        | 'cost_usd'
        | 'page_key';
    };
    prepare_billing_portal: {
      args: never;
      nullable: 'company_id' | 'stripe_customer_id' | 'portal_configuration';
      required: never;
    };
    prepare_checkout: {
      args: never;
      nullable: 'company_id' | 'stripe_customer_id' | 'stripe_price_id';
      required: never;
    };
    process_compliance_request: {
      args: 'company_id';
      nullable: never;
      required: never;
    };
    put_company_secret: {
      args: 'agent_id' | 'master_key';
      nullable: true;
      required: never;
    };
    read_company_secret: {
      args: 'agent_id' | 'master_key';
      nullable: true;
      required: never;
    };
    read_compliance_bundle: {
      args: never;
      nullable: 'name' | 'row_count' | 'content' | 'sha256';
      required: never;
    };
    reconcile_budget: {
      args: never;
      nullable:
        | 'budget_period_id'
        | 'scope'
        | 'agent_id'
        | 'service'
        | 'status'
        | 'counted_usd'
        | 'ledger_usd'
        | 'difference_usd'
        | 'held_difference_usd'
        | 'is_mended';
      required: never;
    };
    reconcile_usage: {
      args: 'starts_on' | 'ends_on';
      nullable:
        | 'dimension'
        | 'day'
        | 'series'
        | 'missing_requests'
        | 'missing_cost_usd'
        | 'is_mended';
      required: never;
    };
    record_compliance_review: {
      args: 'notes';
      nullable: true;
      required: never;
    };
    record_stripe_event: {
      args: never;
      nullable: 'status' | 'company_id' | 'stripe_customer_id' | 'sync_started_at';
      required: never;
    };
    release_budget_reservation: {
      args: never;
      nullable: true;
      required: never;
    };
    revoke_api_key: {
      args: never;
      nullable: true;
      required: never;
    };
    revoke_invitation: {
      args: never;
      nullable: true;
      required: never;
    };
    roll_up_usage: {
      args: never;
      nullable: true;
      required: never;
    };
    rotate_api_key: {
      args: 'expires_at';
      nullable: never;
      required: never;
    };
    rotate_master_key: {
      args: 'master_key';
      nullable: 'rewrapped' | 'remaining';
      required: never;
    };
    run_data_retention: {
      args: 'company_id';
      nullable: never;
      required: never;
    };
    search: {
      args: 'tables' | 'contains' | 'after';
      nullable: never;
      required: never;
    };
    search_audit_log: {
      args:
        | 'starts_at'
        | 'ends_at'
        | 'actor_id'
        | 'action'
        | 'table_name'
        | 'row_id'
        | 'changed_column'
        | 'request_id'
        | 'before_at'
        | 'before_id';
      nullable: never;
      required: 'id' | 'created_at' | 'action' | 'changes' | 'erased_fields';
    };
    set_cell: {
      args: 'region' | 'state' | 'weight';
      nullable: never;
      required: never;
    };
    set_system_setting: {
      args: 'reason';
      nullable: never;
      required: never;
    };
    store_stripe_customer: {
      args: never;
      nullable: true;
      required: never;
    };
    stripe_cursor: {
      args: 'value';
      nullable: true;
      required: never;
    };
    submit_compliance_request: {
      args: 'subject_email' | 'subject_name' | 'details' | 'request_id';
      nullable: never;
      required: never;
    };
    switch_company: {
      args: never;
      nullable: true;
      required: never;
    };
    system_setting_history: {
      args: 'key' | 'before_id';
      nullable: never;
      required: 'id' | 'key' | 'changed_at' | 'changed_as';
    };
    system_settings: {
      args: 'prefix';
      nullable: never;
      required: 'is_default' | 'value_type';
    };
    usage_anomalies: {
      args: never;
      nullable: 'day' | 'usual_usd' | 'score';
      required: never;
    };
    usage_movers: {
      args: 'starts_on' | 'ends_on';
      nullable: never;
      required: 'series' | 'cost_usd' | 'previous_cost_usd' | 'change_usd';
    };
    usage_series: {
      args: 'starts_at' | 'ends_at';
      nullable: 'bucket_starts_at';
      required: never;
    };
    verify_api_key: {
      args: 'permission' | 'ip' | 'forwarded_for';
      nullable: never;
      required: never;
    };
    verify_audit_chain: {
      args: 'expected_link_no' | 'expected_hash';
      nullable: never;
      required: never;
    };
  };
}

/** A role that types can be cut down to. */
export type Role = keyof Access;

/**
 * The types of the database: everything, or what one role may read, write and call.
 *
 * `Database<'client'>` for createClient() makes a query for anything else a mistake at compile time. What a
 * row holds is still decided by the database.
 */
export type Database<R extends Role = 'everything'> = Scoped<Generated, Access[R], Nulls>;

type Relations<R extends Role> = Database<R>['public']['Tables'] & Database<R>['public']['Views'];

/** A row as it is read. */
export type Tables<
  Name extends keyof Relations<R>,
  R extends Role = 'everything',
> = Relations<R>[Name]['Row'];

/** A row to insert. */
export type TablesInsert<
  Name extends keyof Database<R>['public']['Tables'],
  R extends Role = 'everything',
> = Database<R>['public']['Tables'][Name]['Insert'];

/** Columns to update. */
export type TablesUpdate<
  Name extends keyof Database<R>['public']['Tables'],
  R extends Role = 'everything',
> = Database<R>['public']['Tables'][Name]['Update'];

/** An enumeration. */
export type Enums<Name extends keyof Generated['public']['Enums']> =
  Generated['public']['Enums'][Name];

/** A composite type. */
export type CompositeTypes<Name extends keyof Generated['public']['CompositeTypes']> =
  Generated['public']['CompositeTypes'][Name];

/** Parameters of a function. */
export type FunctionArgs<
  Name extends keyof Database<R>['public']['Functions'],
  R extends Role = 'everything',
> = Database<R>['public']['Functions'][Name]['Args'];

/** Result of a function. */
export type FunctionReturns<
  Name extends keyof Database<R>['public']['Functions'],
  R extends Role = 'everything',
> = Database<R>['public']['Functions'][Name]['Returns'];
