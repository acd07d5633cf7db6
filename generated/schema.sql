-- Generated: do not edit; run `npm run generate schema`.
-- For reading and for comparing: what the migrations add to a new Supabase project. Apply the migrations instead.

SET local check_function_bodies = off;

CREATE SCHEMA "private";

CREATE TABLE "private"."api_key_secrets" (
  "company_id" uuid  NOT NULL,
  "api_key_id" uuid  NOT NULL,
  "key_hash"   bytea NOT NULL,
  CONSTRAINT "api_key_secrets_key_hash_is_sha256" CHECK ((length(key_hash) = 32)),
  CONSTRAINT "api_key_secrets_key_hash_is_unique" UNIQUE (key_hash),
  CONSTRAINT "api_key_secrets_pkey" PRIMARY KEY (company_id, api_key_id)
);

CREATE TABLE "private"."partitioned_tables" (
  "table_name"   text    NOT NULL,
  "months_ahead" integer NOT NULL DEFAULT 3,
  CONSTRAINT "partitioned_tables_months_ahead_is_in_range" CHECK (((months_ahead >= 1) AND (months_ahead <= 24))),
  CONSTRAINT "partitioned_tables_pkey" PRIMARY KEY (table_name)
);

CREATE TABLE "private"."permissions" (
  "permission"  text NOT NULL,
  "description" text NOT NULL,
  CONSTRAINT "permissions_permission_is_resource_dot_verb" CHECK ((permission ~ '^[a-z_]+\.[a-z]+$'::text)),
  CONSTRAINT "permissions_pkey" PRIMARY KEY (permission)
);

CREATE TABLE "private"."plan_tiers" (
  "plan_tier"         text          NOT NULL,
  "monthly_limit_usd" numeric(14,6),
  "features"          jsonb         NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT "plan_tiers_pkey" PRIMARY KEY (plan_tier)
);

CREATE TABLE "private"."role_permissions" (
  "role"       text NOT NULL,
  "permission" text NOT NULL,
  CONSTRAINT "role_permissions_pkey" PRIMARY KEY (ROLE, permission),
  CONSTRAINT "role_permissions_role_is_known" CHECK ((role = ANY (ARRAY['admin'::text, 'client'::text, 'agent'::text, 'compliance_admin'::text])))
);

CREATE TABLE "public"."agent_logs" (
  "company_id"  uuid                     NOT NULL,
  "id"          uuid                     NOT NULL,
  "agent_id"    uuid                     NOT NULL,
  "job_id"      uuid,
  "level"       text                     NOT NULL,
  "event"       text                     NOT NULL,
  "message"     text,
  "data"        jsonb                    NOT NULL,
  "duration_ms" integer,
  "request_id"  text,
  "created_at"  timestamp with time zone NOT NULL,
  "created_by"  uuid
) PARTITION BY RANGE (created_at);

ALTER TABLE "public"."agent_logs"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."agent_logs" FROM "anon";

CREATE TABLE "public"."ai_agents" (
  "company_id"              uuid                     NOT NULL,
  "id"                      uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "name"                    text                     NOT NULL,
  "description"             text,
  "provider"                text                     NOT NULL,
  "model"                   text                     NOT NULL,
  "system_prompt"           text,
  "configuration"           jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "temperature"             numeric(3,2),
  "max_output_tokens"       integer,
  "monthly_limit_micro_usd" bigint,
  "status"                  text                     NOT NULL DEFAULT 'active'::text,
  "archived_at"             timestamp with time zone,
  "created_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"              uuid,
  "updated_by"              uuid,
  CONSTRAINT "ai_agents_archived_at_set_when_archived" CHECK (((status = 'archived'::text) = (archived_at IS NOT NULL))),
  CONSTRAINT "ai_agents_configuration_is_object" CHECK (((jsonb_typeof(configuration) = 'object'::text) AND (pg_column_size(configuration) <= 65536))),
  CONSTRAINT "ai_agents_max_output_tokens_is_positive" CHECK ((max_output_tokens > 0)),
  CONSTRAINT "ai_agents_model_is_not_blank" CHECK ((model ~ '\S'::text)),
  CONSTRAINT "ai_agents_monthly_limit_micro_usd_is_not_negative" CHECK ((monthly_limit_micro_usd >= 0)),
  CONSTRAINT "ai_agents_name_is_not_blank" CHECK (((name ~ '\S'::text) AND (length(name) <= 120))),
  CONSTRAINT "ai_agents_name_is_unique_in_company" UNIQUE (company_id, name),
  CONSTRAINT "ai_agents_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "ai_agents_provider_is_name" CHECK ((provider ~ '^[a-z][a-z0-9_-]{1,39}$'::text)),
  CONSTRAINT "ai_agents_status_is_known" CHECK ((status = ANY (ARRAY['active'::text, 'paused'::text, 'archived'::text]))),
  CONSTRAINT "ai_agents_temperature_is_in_range" CHECK (((temperature >= (0)::numeric) AND (temperature <= (2)::numeric)))
);

ALTER TABLE "public"."ai_agents"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."ai_agents" FROM "anon";

CREATE TABLE "public"."api_keys" (
  "company_id"            uuid                     NOT NULL,
  "id"                    uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "name"                  text                     NOT NULL,
  "prefix"                text                     NOT NULL,
  "permissions"           text[]                   NOT NULL DEFAULT '{}'::text[],
  "allowed_networks"      cidr[]                   NOT NULL DEFAULT '{}'::cidr[],
  "rate_limit_per_minute" integer,
  "expires_at"            timestamp with time zone,
  "last_used_at"          timestamp with time zone,
  "revoked_at"            timestamp with time zone,
  "created_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"            uuid,
  "updated_by"            uuid,
  CONSTRAINT "api_keys_name_is_not_blank" CHECK (((name ~ '\S'::text) AND (length(name) <= 120))),
  CONSTRAINT "api_keys_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "api_keys_prefix_is_short" CHECK ((prefix ~ '^[A-Za-z0-9_]{6,24}$'::text)),
  CONSTRAINT "api_keys_prefix_is_unique_in_company" UNIQUE (company_id, prefix),
  CONSTRAINT "api_keys_rate_limit_per_minute_is_positive" CHECK ((rate_limit_per_minute > 0))
);

ALTER TABLE "public"."api_keys"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."api_keys" FROM "anon";

CREATE TABLE "public"."api_usage" (
  "company_id"     uuid                     NOT NULL,
  "id"             uuid                     NOT NULL,
  "occurred_at"    timestamp with time zone NOT NULL,
  "service"        text                     NOT NULL,
  "model"          text,
  "agent_id"       uuid,
  "description"    text,
  "unit"           text                     NOT NULL,
  "units"          bigint                   NOT NULL,
  "input_tokens"   bigint,
  "output_tokens"  bigint,
  "cost_micro_usd" bigint                   NOT NULL,
  "is_over_budget" boolean                  NOT NULL,
  "request_id"     text,
  "metadata"       jsonb                    NOT NULL,
  "created_at"     timestamp with time zone NOT NULL,
  "created_by"     uuid
) PARTITION BY RANGE (occurred_at);

ALTER TABLE "public"."api_usage"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."api_usage" FROM "anon";

CREATE TABLE "public"."audit_logs" (
  "company_id" uuid                     NOT NULL,
  "id"         uuid                     NOT NULL,
  "actor_id"   uuid,
  "actor_role" text,
  "action"     text                     NOT NULL,
  "table_name" text,
  "row_id"     uuid,
  "changes"    jsonb                    NOT NULL,
  "ip_address" inet,
  "user_agent" text,
  "request_id" text,
  "created_at" timestamp with time zone NOT NULL,
  "created_by" uuid
) PARTITION BY RANGE (created_at);

ALTER TABLE "public"."audit_logs"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."audit_logs" FROM "anon";

CREATE TABLE "public"."budget_alerts" (
  "company_id"        uuid                     NOT NULL,
  "id"                uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "budget_period_id"  uuid                     NOT NULL,
  "threshold_percent" integer                  NOT NULL,
  "limit_micro_usd"   bigint                   NOT NULL,
  "spent_micro_usd"   bigint                   NOT NULL,
  "acknowledged_at"   timestamp with time zone,
  "acknowledged_by"   uuid,
  "created_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"        uuid,
  "updated_by"        uuid,
  CONSTRAINT "budget_alerts_acknowledged_by_needs_time" CHECK (((acknowledged_by IS NULL) OR (acknowledged_at IS NOT NULL))),
  CONSTRAINT "budget_alerts_amounts_are_not_negative" CHECK (((limit_micro_usd >= 0) AND (spent_micro_usd >= 0))),
  CONSTRAINT "budget_alerts_fire_once_a_period" UNIQUE (company_id, budget_period_id, threshold_percent),
  CONSTRAINT "budget_alerts_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "budget_alerts_threshold_percent_is_in_range" CHECK (((threshold_percent >= 1) AND (threshold_percent <= 1000)))
);

ALTER TABLE "public"."budget_alerts"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."budget_alerts" FROM "anon";

CREATE TABLE "public"."budget_periods" (
  "company_id"         uuid                     NOT NULL,
  "id"                 uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "month"              date                     NOT NULL,
  "starts_at"          timestamp with time zone NOT NULL,
  "ends_at"            timestamp with time zone NOT NULL,
  "limit_micro_usd"    bigint                   NOT NULL,
  "spent_micro_usd"    bigint                   NOT NULL DEFAULT 0,
  "reserved_micro_usd" bigint                   NOT NULL DEFAULT 0,
  "status"             text                     NOT NULL DEFAULT 'open'::text,
  "closed_at"          timestamp with time zone,
  "created_at"         timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"         timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"         uuid,
  "updated_by"         uuid,
  CONSTRAINT "budget_periods_amounts_are_not_negative" CHECK (((limit_micro_usd >= 0) AND (spent_micro_usd >= 0) AND (reserved_micro_usd >= 0))),
  CONSTRAINT "budget_periods_closed_at_set_when_closed" CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
  CONSTRAINT "budget_periods_ends_after_start" CHECK ((ends_at > starts_at)),
  CONSTRAINT "budget_periods_month_is_first_day" CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  CONSTRAINT "budget_periods_month_is_unique_in_company" UNIQUE (company_id, month),
  CONSTRAINT "budget_periods_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "budget_periods_status_is_known" CHECK ((status = ANY (ARRAY['open'::text, 'closed'::text])))
);

ALTER TABLE "public"."budget_periods"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."budget_periods" FROM "anon";

CREATE TABLE "public"."companies" (
  "id"                 uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "slug"               text                     NOT NULL,
  "name"               text                     NOT NULL,
  "legal_name"         text,
  "contact_name"       text,
  "contact_email"      text                     NOT NULL,
  "contact_phone"      text,
  "address_line1"      text,
  "address_line2"      text,
  "city"               text,
  "postal_code"        text,
  "country_code"       text,
  "tax_number"         text,
  "time_zone"          text                     NOT NULL DEFAULT 'UTC'::text,
  "currency"           text                     NOT NULL DEFAULT 'USD'::text,
  "status"             text                     NOT NULL DEFAULT 'active'::text,
  "status_reason"      text,
  "suspended_at"       timestamp with time zone,
  "closed_at"          timestamp with time zone,
  "is_operator"        boolean                  NOT NULL DEFAULT false,
  "stripe_customer_id" text,
  "created_at"         timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"         timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"         uuid,
  "updated_by"         uuid,
  CONSTRAINT "companies_closed_at_set_when_closed" CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
  CONSTRAINT "companies_contact_email_is_email" CHECK (((contact_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'::text) AND (length(contact_email) <= 254))),
  CONSTRAINT "companies_contact_phone_is_e164" CHECK ((contact_phone ~ '^\+[1-9][0-9]{5,14}$'::text)),
  CONSTRAINT "companies_country_code_is_iso" CHECK ((country_code ~ '^[A-Z]{2}$'::text)),
  CONSTRAINT "companies_currency_is_iso" CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT "companies_name_is_not_blank" CHECK (((name ~ '\S'::text) AND (length(name) <= 200))),
  CONSTRAINT "companies_operator_is_active" CHECK (((NOT is_operator) OR (status = 'active'::text))),
  CONSTRAINT "companies_pkey" PRIMARY KEY (id),
  CONSTRAINT "companies_slug_is_short_name" CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$'::text)),
  CONSTRAINT "companies_slug_is_unique" UNIQUE (slug),
  CONSTRAINT "companies_status_is_known" CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'closed'::text]))),
  CONSTRAINT "companies_stripe_customer_id_is_stripe" CHECK ((stripe_customer_id ~ '^cus_[A-Za-z0-9_]+$'::text)),
  CONSTRAINT "companies_stripe_customer_id_is_unique" UNIQUE (stripe_customer_id),
  CONSTRAINT "companies_suspended_at_set_while_suspended" CHECK (((status = 'suspended'::text) = (suspended_at IS NOT NULL)))
);

ALTER TABLE "public"."companies"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."companies" FROM "anon";

CREATE TABLE "public"."company_config" (
  "company_id"            uuid                     NOT NULL,
  "id"                    uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "invoice_number_prefix" text                     NOT NULL DEFAULT 'INV-'::text,
  "invoice_payment_days"  integer                  NOT NULL DEFAULT 30,
  "notification_emails"   text[]                   NOT NULL DEFAULT '{}'::text[],
  "default_agent_model"   text,
  "settings"              jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "created_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"            uuid,
  "updated_by"            uuid,
  CONSTRAINT "company_config_invoice_number_prefix_is_short" CHECK ((length(invoice_number_prefix) <= 20)),
  CONSTRAINT "company_config_invoice_payment_days_is_in_range" CHECK (((invoice_payment_days >= 0) AND (invoice_payment_days <= 365))),
  CONSTRAINT "company_config_is_one_row_a_company" UNIQUE (company_id),
  CONSTRAINT "company_config_notification_emails_are_few" CHECK ((cardinality(notification_emails) <= 20)),
  CONSTRAINT "company_config_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "company_config_settings_is_object" CHECK (((jsonb_typeof(settings) = 'object'::text) AND (pg_column_size(settings) <= 65536)))
);

ALTER TABLE "public"."company_config"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."company_config" FROM "anon";

CREATE TABLE "public"."company_plans" (
  "company_id"             uuid                     NOT NULL,
  "id"                     uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "plan_tier"              text                     NOT NULL,
  "monthly_limit_usd"      numeric(14,6)            NOT NULL,
  "features"               jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "is_active"              boolean                  NOT NULL DEFAULT true,
  "started_at"             timestamp with time zone NOT NULL DEFAULT now(),
  "ended_at"               timestamp with time zone,
  "stripe_subscription_id" text,
  "stripe_price_id"        text,
  "created_at"             timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"             timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"             uuid,
  "updated_by"             uuid,
  CONSTRAINT "company_plans_ended_at_set_when_ended" CHECK ((is_active = (ended_at IS NULL))),
  CONSTRAINT "company_plans_ends_after_start" CHECK ((ended_at >= started_at)),
  CONSTRAINT "company_plans_features_is_object" CHECK (((jsonb_typeof(features) = 'object'::text) AND (pg_column_size(features) <= 65536))),
  CONSTRAINT "company_plans_monthly_limit_usd_is_not_negative" CHECK (((monthly_limit_usd >= (0)::numeric) AND (monthly_limit_usd <> 'NaN'::numeric))),
  CONSTRAINT "company_plans_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "company_plans_plan_tier_is_known" CHECK ((plan_tier = ANY (ARRAY['starter'::text, 'professional'::text, 'enterprise'::text, 'custom'::text]))),
  CONSTRAINT "company_plans_stripe_price_id_is_stripe" CHECK ((stripe_price_id ~ '^price_[A-Za-z0-9_]+$'::text)),
  CONSTRAINT "company_plans_stripe_subscription_id_is_stripe" CHECK ((stripe_subscription_id ~ '^sub_[A-Za-z0-9_]+$'::text))
);

ALTER TABLE "public"."company_plans"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."company_plans" FROM "anon";

CREATE TABLE "public"."compliance_requests" (
  "company_id"       uuid                     NOT NULL,
  "id"               uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "kind"             text                     NOT NULL,
  "regulation"       text                     NOT NULL,
  "status"           text                     NOT NULL DEFAULT 'received'::text,
  "subject_email"    text                     NOT NULL,
  "subject_name"     text,
  "subject_user_id"  uuid,
  "details"          text,
  "received_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "due_at"           timestamp with time zone NOT NULL DEFAULT (now() + '1 mon'::interval),
  "completed_at"     timestamp with time zone,
  "rejection_reason" text,
  "created_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"       uuid,
  "updated_by"       uuid,
  CONSTRAINT "compliance_requests_completed_at_set_when_closed" CHECK (((status = ANY (ARRAY['completed'::text, 'rejected'::text, 'cancelled'::text])) = (completed_at IS
    NOT NULL))),
  CONSTRAINT "compliance_requests_due_after_receipt" CHECK ((due_at > received_at)),
  CONSTRAINT "compliance_requests_kind_fits_regulation" CHECK (
CASE regulation
    WHEN 'gdpr'::text THEN (kind = ANY (ARRAY['access'::text, 'portability'::text, 'rectification'::text, 'erasure'::text, 'restriction'::text, 'objection'::text]))
    WHEN 'ccpa'::text THEN (kind = ANY (ARRAY['know'::text, 'delete'::text, 'correct'::text, 'opt_out'::text]))
    ELSE false
END),
  CONSTRAINT "compliance_requests_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "compliance_requests_rejection_has_reason" CHECK (((status = 'rejected'::text) = (rejection_reason IS NOT NULL))),
  CONSTRAINT "compliance_requests_status_is_known"
    CHECK ((status = ANY (ARRAY['received'::text, 'identity_check'::text, 'in_progress'::text, 'completed'::text, 'rejected'::text, 'cancelled'::text]))),
  CONSTRAINT "compliance_requests_subject_email_is_email" CHECK ((subject_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'::text))
);

ALTER TABLE "public"."compliance_requests"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."compliance_requests" FROM "anon";

CREATE TABLE "public"."data_retention_logs" (
  "company_id"               uuid                     NOT NULL,
  "data_retention_policy_id" uuid,
  "data_class"               text                     NOT NULL,
  "status"                   text                     NOT NULL DEFAULT 'running'::text,
  "is_dry_run"               boolean                  NOT NULL DEFAULT false,
  "rows_affected"            bigint                   NOT NULL DEFAULT 0,
  "started_at"               timestamp with time zone NOT NULL DEFAULT now(),
  "finished_at"              timestamp with time zone,
  "error_message"            text,
  "created_at"               timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"               timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"               uuid,
  "updated_by"               uuid,
  CONSTRAINT "data_retention_logs_error_only_when_failed" CHECK (((error_message IS NULL) OR (status = 'failed'::text))),
  CONSTRAINT "data_retention_logs_finished_at_set_when_done" CHECK (((status <> 'running'::text) = (finished_at IS NOT NULL))),
  CONSTRAINT "data_retention_logs_rows_affected_is_not_negative" CHECK ((rows_affected >= 0)),
  CONSTRAINT "data_retention_logs_status_is_known" CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE "public"."data_retention_logs"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."data_retention_logs" FROM "anon";

CREATE TABLE "public"."data_retention_policies" (
  "company_id"     uuid                     NOT NULL,
  "id"             uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "data_class"     text                     NOT NULL,
  "retention_days" integer                  NOT NULL,
  "action"         text                     NOT NULL DEFAULT 'delete'::text,
  "is_legal_hold"  boolean                  NOT NULL DEFAULT false,
  "legal_basis"    text,
  "created_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"     uuid,
  "updated_by"     uuid,
  CONSTRAINT "data_retention_policies_action_is_known" CHECK ((action = ANY (ARRAY['delete'::text, 'anonymise'::text, 'keep'::text]))),
  CONSTRAINT "data_retention_policies_data_class_is_known"
    CHECK
    ((data_class = ANY (ARRAY['agent_logs'::text, 'api_usage'::text, 'audit_logs'::text, 'compliance_requests'::text, 'documents'::text, 'invoices'::text, 'jobs'::text,
    'media_assets'::text, 'users'::text]))),
  CONSTRAINT "data_retention_policies_data_class_is_unique_in_company" UNIQUE (company_id, data_class),
  CONSTRAINT "data_retention_policies_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "data_retention_policies_retention_days_is_in_range" CHECK (((retention_days >= 1) AND (retention_days <= 36500)))
);

ALTER TABLE "public"."data_retention_policies"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."data_retention_policies" FROM "anon";

CREATE TABLE "public"."documents" (
  "company_id"      uuid                     NOT NULL,
  "title"           text                     NOT NULL,
  "description"     text,
  "storage_path"    text                     NOT NULL,
  "mime_type"       text                     NOT NULL,
  "size_bytes"      bigint                   NOT NULL,
  "checksum_sha256" text,
  "status"          text                     NOT NULL DEFAULT 'pending'::text,
  "confidentiality" text                     NOT NULL DEFAULT 'internal'::text,
  "version"         integer                  NOT NULL DEFAULT 1,
  "metadata"        jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "job_id"          uuid,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"      uuid,
  "updated_by"      uuid,
  CONSTRAINT "documents_checksum_sha256_is_hex" CHECK ((checksum_sha256 ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT "documents_confidentiality_is_known" CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'confidential'::text]))),
  CONSTRAINT "documents_metadata_is_object" CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (pg_column_size(metadata) <= 65536))),
  CONSTRAINT "documents_mime_type_is_media_type" CHECK ((mime_type ~ '^[a-z]+/[a-z0-9][a-z0-9.+-]*$'::text)),
  CONSTRAINT "documents_size_bytes_is_not_negative" CHECK ((size_bytes >= 0)),
  CONSTRAINT "documents_status_is_known" CHECK ((status = ANY (ARRAY['pending'::text, 'ready'::text, 'archived'::text]))),
  CONSTRAINT "documents_storage_path_is_in_company_folder"
    CHECK (((split_part(storage_path, '/'::text, 1) = (company_id)::text) AND (storage_path ~ '^[^/]+/.*[^/]$'::text) AND (storage_path !~ '(^|/)\.\.?(/|$)'::text))),
  CONSTRAINT "documents_storage_path_is_unique_in_company" UNIQUE (company_id, storage_path),
  CONSTRAINT "documents_title_is_not_blank" CHECK (((title ~ '\S'::text) AND (length(title) <= 300))),
  CONSTRAINT "documents_version_is_positive" CHECK ((version > 0))
);

ALTER TABLE "public"."documents"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."documents" FROM "anon";

CREATE TABLE "public"."invoice_line_items" (
  "company_id"       uuid                     NOT NULL,
  "id"               uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "invoice_id"       uuid                     NOT NULL,
  "service_id"       uuid,
  "position"         integer                  NOT NULL DEFAULT 1,
  "description"      text                     NOT NULL,
  "quantity"         numeric(14,6)            NOT NULL DEFAULT 1,
  "unit_amount"      numeric(14,6)            NOT NULL,
  "tax_rate_percent" numeric(5,2)             NOT NULL DEFAULT 0,
  "amount"           numeric(14,2)            GENERATED ALWAYS AS (round((quantity * unit_amount), 2)) STORED NOT NULL,
  "tax_amount"       numeric(14,2)            GENERATED ALWAYS AS (round((((quantity * unit_amount) * tax_rate_percent) / (100)::numeric), 2)) STORED NOT NULL,
  "created_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"       uuid,
  "updated_by"       uuid,
  CONSTRAINT "invoice_line_items_description_is_not_blank" CHECK ((description ~ '\S'::text)),
  CONSTRAINT "invoice_line_items_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "invoice_line_items_position_is_positive" CHECK (("position" > 0)),
  CONSTRAINT "invoice_line_items_quantity_is_positive" CHECK (((quantity > (0)::numeric) AND (quantity <> 'NaN'::numeric))),
  CONSTRAINT "invoice_line_items_tax_rate_percent_is_in_range" CHECK (((tax_rate_percent >= (0)::numeric) AND (tax_rate_percent <= (100)::numeric))),
  CONSTRAINT "invoice_line_items_unit_amount_is_not_negative" CHECK (((unit_amount >= (0)::numeric) AND (unit_amount <> 'NaN'::numeric)))
);

ALTER TABLE "public"."invoice_line_items"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."invoice_line_items" FROM "anon";

CREATE TABLE "public"."invoices" (
  "company_id"        uuid                     NOT NULL,
  "id"                uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "number"            text                     NOT NULL,
  "status"            text                     NOT NULL DEFAULT 'draft'::text,
  "customer_name"     text                     NOT NULL,
  "customer_email"    text,
  "customer_address"  text,
  "currency"          text                     NOT NULL DEFAULT 'USD'::text,
  "subtotal_amount"   numeric(14,2)            NOT NULL DEFAULT 0,
  "tax_amount"        numeric(14,2)            NOT NULL DEFAULT 0,
  "total_amount"      numeric(14,2)            GENERATED ALWAYS AS ((subtotal_amount + tax_amount)) STORED NOT NULL,
  "issued_on"         date,
  "due_on"            date,
  "paid_at"           timestamp with time zone,
  "voided_at"         timestamp with time zone,
  "notes"             text,
  "stripe_invoice_id" text,
  "created_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"        uuid,
  "updated_by"        uuid,
  CONSTRAINT "invoices_amounts_are_not_negative"
    CHECK (((subtotal_amount >= (0)::numeric) AND (subtotal_amount <> 'NaN'::numeric) AND (tax_amount >= (0)::numeric) AND (tax_amount <> 'NaN'::numeric))),
  CONSTRAINT "invoices_currency_is_iso" CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT "invoices_customer_email_is_email" CHECK ((customer_email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'::text)),
  CONSTRAINT "invoices_customer_name_is_not_blank" CHECK ((customer_name ~ '\S'::text)),
  CONSTRAINT "invoices_due_not_before_issue" CHECK ((due_on >= issued_on)),
  CONSTRAINT "invoices_issued_on_set_when_sent" CHECK (((status = 'draft'::text) OR (issued_on IS NOT NULL))),
  CONSTRAINT "invoices_number_is_not_blank" CHECK (((number ~ '\S'::text) AND (length(number) <= 60))),
  CONSTRAINT "invoices_number_is_unique_in_company" UNIQUE (company_id, number),
  CONSTRAINT "invoices_paid_at_set_when_paid" CHECK (((status = 'paid'::text) = (paid_at IS NOT NULL))),
  CONSTRAINT "invoices_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "invoices_status_is_known" CHECK ((status = ANY (ARRAY['draft'::text, 'open'::text, 'paid'::text, 'void'::text, 'uncollectible'::text]))),
  CONSTRAINT "invoices_stripe_invoice_id_is_stripe" CHECK ((stripe_invoice_id ~ '^in_[A-Za-z0-9_]+$'::text)),
  CONSTRAINT "invoices_stripe_invoice_id_is_unique_in_company" UNIQUE (company_id, stripe_invoice_id),
  CONSTRAINT "invoices_voided_at_set_when_void" CHECK (((status = 'void'::text) = (voided_at IS NOT NULL)))
);

ALTER TABLE "public"."invoices"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."invoices" FROM "anon";

CREATE TABLE "public"."ip_allowlist_entries" (
  "company_id" uuid                     NOT NULL,
  "id"         uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "network"    cidr                     NOT NULL,
  "label"      text                     NOT NULL,
  "is_enabled" boolean                  NOT NULL DEFAULT true,
  "expires_at" timestamp with time zone,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at" timestamp with time zone NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_by" uuid,
  CONSTRAINT "ip_allowlist_entries_label_is_not_blank" CHECK (((label ~ '\S'::text) AND (length(label) <= 200))),
  CONSTRAINT "ip_allowlist_entries_network_is_unique_in_company" UNIQUE (company_id, network),
  CONSTRAINT "ip_allowlist_entries_pkey" PRIMARY KEY (company_id, id)
);

ALTER TABLE "public"."ip_allowlist_entries"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."ip_allowlist_entries" FROM "anon";

CREATE TABLE "public"."jobs" (
  "company_id"       uuid                     NOT NULL,
  "kind"             text                     NOT NULL,
  "status"           text                     NOT NULL DEFAULT 'queued'::text,
  "priority"         smallint                 NOT NULL DEFAULT 0,
  "payload"          jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "result"           jsonb,
  "error_message"    text,
  "attempts"         integer                  NOT NULL DEFAULT 0,
  "max_attempts"     integer                  NOT NULL DEFAULT 3,
  "scheduled_at"     timestamp with time zone NOT NULL DEFAULT now(),
  "started_at"       timestamp with time zone,
  "finished_at"      timestamp with time zone,
  "service_id"       uuid,
  "agent_id"         uuid,
  "assigned_user_id" uuid,
  "created_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"       uuid,
  "updated_by"       uuid,
  CONSTRAINT "jobs_attempts_within_maximum" CHECK (((attempts >= 0) AND (attempts <= max_attempts))),
  CONSTRAINT "jobs_finished_at_set_when_done" CHECK (((status = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])) = (finished_at IS NOT NULL))),
  CONSTRAINT "jobs_kind_is_dotted_name" CHECK ((kind ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'::text)),
  CONSTRAINT "jobs_max_attempts_is_in_range" CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
  CONSTRAINT "jobs_payload_is_object" CHECK (((jsonb_typeof(payload) = 'object'::text) AND (pg_column_size(payload) <= 1048576))),
  CONSTRAINT "jobs_priority_is_in_range" CHECK (((priority >= '-100'::integer) AND (priority <= 100))),
  CONSTRAINT "jobs_result_is_bounded" CHECK ((pg_column_size(result) <= 1048576)),
  CONSTRAINT "jobs_result_only_when_succeeded" CHECK (((result IS NULL) OR (status = 'succeeded'::text))),
  CONSTRAINT "jobs_scheduled_at_is_finite" CHECK (isfinite(scheduled_at)),
  CONSTRAINT "jobs_started_at_set_when_running" CHECK (((status <> ALL (ARRAY['running'::text, 'succeeded'::text])) OR (started_at IS NOT NULL))),
  CONSTRAINT "jobs_status_is_known" CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE "public"."jobs"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."jobs" FROM "anon";

CREATE TABLE "public"."media_assets" (
  "company_id"      uuid                     NOT NULL,
  "title"           text                     NOT NULL,
  "description"     text,
  "storage_path"    text                     NOT NULL,
  "mime_type"       text                     NOT NULL,
  "size_bytes"      bigint                   NOT NULL,
  "checksum_sha256" text,
  "kind"            text                     NOT NULL,
  "alt_text"        text,
  "width_px"        integer,
  "height_px"       integer,
  "duration_ms"     integer,
  "metadata"        jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "job_id"          uuid,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"      uuid,
  "updated_by"      uuid,
  CONSTRAINT "media_assets_checksum_sha256_is_hex" CHECK ((checksum_sha256 ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT "media_assets_dimensions_are_positive" CHECK (((width_px > 0) AND (height_px > 0))),
  CONSTRAINT "media_assets_duration_ms_is_not_negative" CHECK ((duration_ms >= 0)),
  CONSTRAINT "media_assets_kind_fits_mime_type" CHECK ((split_part(mime_type, '/'::text, 1) = kind)),
  CONSTRAINT "media_assets_kind_is_known" CHECK ((kind = ANY (ARRAY['image'::text, 'video'::text, 'audio'::text]))),
  CONSTRAINT "media_assets_metadata_is_object" CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (pg_column_size(metadata) <= 65536))),
  CONSTRAINT "media_assets_mime_type_is_media_type" CHECK ((mime_type ~ '^[a-z]+/[a-z0-9][a-z0-9.+-]*$'::text)),
  CONSTRAINT "media_assets_size_bytes_is_not_negative" CHECK ((size_bytes >= 0)),
  CONSTRAINT "media_assets_storage_path_is_in_company_folder"
    CHECK (((split_part(storage_path, '/'::text, 1) = (company_id)::text) AND (storage_path ~ '^[^/]+/.*[^/]$'::text) AND (storage_path !~ '(^|/)\.\.?(/|$)'::text))),
  CONSTRAINT "media_assets_storage_path_is_unique_in_company" UNIQUE (company_id, storage_path),
  CONSTRAINT "media_assets_title_is_not_blank" CHECK (((title ~ '\S'::text) AND (length(title) <= 300)))
);

ALTER TABLE "public"."media_assets"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."media_assets" FROM "anon";

CREATE TABLE "public"."security_policies" (
  "company_id"              uuid                     NOT NULL,
  "id"                      uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "version"                 integer                  NOT NULL DEFAULT 1,
  "is_active"               boolean                  NOT NULL DEFAULT true,
  "required_aal"            text                     NOT NULL DEFAULT 'aal1'::text,
  "aal2_permissions"        text[]                   NOT NULL DEFAULT '{}'::text[],
  "session_max_age_seconds" integer,
  "session_idle_seconds"    integer,
  "is_ip_allowlist_enabled" boolean                  NOT NULL DEFAULT false,
  "api_key_max_age_days"    integer,
  "notes"                   text,
  "created_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"              uuid,
  "updated_by"              uuid,
  CONSTRAINT "security_policies_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "security_policies_required_aal_is_known" CHECK ((required_aal = ANY (ARRAY['aal1'::text, 'aal2'::text]))),
  CONSTRAINT "security_policies_times_are_positive" CHECK (((session_max_age_seconds > 0) AND (session_idle_seconds > 0) AND (api_key_max_age_days > 0))),
  CONSTRAINT "security_policies_version_is_positive" CHECK ((version > 0)),
  CONSTRAINT "security_policies_version_is_unique_in_company" UNIQUE (company_id, VERSION)
);

ALTER TABLE "public"."security_policies"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."security_policies" FROM "anon";

CREATE TABLE "public"."services" (
  "company_id"       uuid                     NOT NULL,
  "id"               uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "code"             text                     NOT NULL,
  "name"             text                     NOT NULL,
  "description"      text,
  "category"         text,
  "status"           text                     NOT NULL DEFAULT 'draft'::text,
  "billing_unit"     text                     NOT NULL DEFAULT 'item'::text,
  "unit_price"       numeric(14,6)            NOT NULL DEFAULT 0,
  "currency"         text                     NOT NULL DEFAULT 'USD'::text,
  "tax_rate_percent" numeric(5,2)             NOT NULL DEFAULT 0,
  "created_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"       uuid,
  "updated_by"       uuid,
  CONSTRAINT "services_billing_unit_is_known" CHECK ((billing_unit = ANY (ARRAY['item'::text, 'hour'::text, 'month'::text, 'thousand_tokens'::text]))),
  CONSTRAINT "services_code_is_short" CHECK ((code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'::text)),
  CONSTRAINT "services_code_is_unique_in_company" UNIQUE (company_id, code),
  CONSTRAINT "services_currency_is_iso" CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT "services_name_is_not_blank" CHECK (((name ~ '\S'::text) AND (length(name) <= 200))),
  CONSTRAINT "services_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "services_status_is_known" CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'archived'::text]))),
  CONSTRAINT "services_tax_rate_percent_is_in_range" CHECK (((tax_rate_percent >= (0)::numeric) AND (tax_rate_percent <= (100)::numeric))),
  CONSTRAINT "services_unit_price_is_not_negative" CHECK (((unit_price >= (0)::numeric) AND (unit_price <> 'NaN'::numeric)))
);

ALTER TABLE "public"."services"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."services" FROM "anon";

CREATE TABLE "public"."system_config" (
  "key"         text                     NOT NULL,
  "value"       jsonb                    NOT NULL,
  "description" text                     NOT NULL,
  "created_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"  timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"  uuid,
  "updated_by"  uuid,
  CONSTRAINT "system_config_description_is_not_blank" CHECK ((description ~ '\S'::text)),
  CONSTRAINT "system_config_key_is_dotted_name" CHECK ((key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'::text)),
  CONSTRAINT "system_config_pkey" PRIMARY KEY (key)
);

ALTER TABLE "public"."system_config"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."system_config" FROM "anon", "authenticated";

CREATE TABLE "public"."users" (
  "company_id"          uuid                     NOT NULL,
  "id"                  uuid                     NOT NULL,
  "email"               text                     NOT NULL,
  "full_name"           text                     NOT NULL,
  "job_title"           text,
  "phone"               text,
  "locale"              text                     NOT NULL DEFAULT 'en'::text,
  "role"                text                     NOT NULL,
  "status"              text                     NOT NULL DEFAULT 'active'::text,
  "granted_permissions" text[]                   NOT NULL DEFAULT '{}'::text[],
  "revoked_permissions" text[]                   NOT NULL DEFAULT '{}'::text[],
  "selected_at"         timestamp with time zone,
  "disabled_at"         timestamp with time zone,
  "created_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"          uuid,
  "updated_by"          uuid,
  CONSTRAINT "users_disabled_at_set_while_disabled" CHECK (((status = 'disabled'::text) = (disabled_at IS NOT NULL))),
  CONSTRAINT "users_email_is_email" CHECK (((email ~ '^[^@\s]+@[^@\s]+\.[^@\s]+$'::text) AND (length(email) <= 254))),
  CONSTRAINT "users_full_name_is_not_blank" CHECK (((full_name ~ '\S'::text) AND (length(full_name) <= 200))),
  CONSTRAINT "users_locale_is_bcp47" CHECK ((locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
  CONSTRAINT "users_phone_is_e164" CHECK ((phone ~ '^\+[1-9][0-9]{5,14}$'::text)),
  CONSTRAINT "users_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "users_role_is_known" CHECK ((role = ANY (ARRAY['admin'::text, 'client'::text, 'agent'::text, 'compliance_admin'::text]))),
  CONSTRAINT "users_status_is_known" CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

ALTER TABLE "public"."users"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."users" FROM "anon";

ALTER TABLE "public"."agent_logs"
  ALTER COLUMN "created_at" SET DEFAULT now();

ALTER TABLE "public"."agent_logs"
  ALTER COLUMN "data" SET DEFAULT '{}'::jsonb;

ALTER TABLE "public"."agent_logs"
  ALTER COLUMN "level" SET DEFAULT 'info'::text;

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "created_at" SET DEFAULT now();

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "is_over_budget" SET DEFAULT false;

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "metadata" SET DEFAULT '{}'::jsonb;

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "occurred_at" SET DEFAULT now();

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "units" SET DEFAULT 1;

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "unit" SET DEFAULT 'request'::text;

ALTER TABLE "public"."audit_logs"
  ALTER COLUMN "changes" SET DEFAULT '{}'::jsonb;

ALTER TABLE "public"."audit_logs"
  ALTER COLUMN "created_at" SET DEFAULT now();

CREATE OR REPLACE FUNCTION private.actor_id()
  RETURNS uuid
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims text := coalesce(current_setting('request.jwt.claims', true), '');
begin
  if v_claims = '' then
    return null;
  end if;
  if v_claims is distinct from current_setting('app.actor_claims', true) then
    perform set_config('app.actor_claims', v_claims, true),
            set_config('app.actor_id', coalesce(private.current_user_id()::text, ''), true);
  end if;
  return nullif(current_setting('app.actor_id', true), '')::uuid;
end
$function$;

CREATE OR REPLACE FUNCTION private.change_member_permission (
  p_user_id    uuid,
  p_permission text,
  p_assign     boolean
)
  RETURNS text[]
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_company uuid := private.company_for(null);
  v_status text;
begin
  -- Both rows are locked before the rights are asked for again: of two who disarm each other at once, one is late.
  perform from public.users as u
    where u.company_id = v_company and u.id in (p_user_id, private.current_user_id())
    order by u.id
      for no key update;
  v_company := private.company_for('users.write');
  if v_company is null or p_permission is null
     or private.company_for(p_permission) is distinct from v_company
  then
    raise exception 'you cannot hand out or take away permission %', coalesce(p_permission, '(null)')
      using errcode = '42501',
            detail = 'permission_not_held',
            hint = 'It takes users.write and the permission itself; ask a colleague who holds both.';
  end if;
  if p_user_id = private.current_user_id() then
    raise exception 'nobody changes their own permissions'
      using errcode = '42501',
            detail = 'own_permissions',
            hint = 'Ask a colleague who holds users.write.';
  end if;
  select u.status into v_status from public.users as u where u.company_id = v_company and u.id = p_user_id;
  if v_status is distinct from 'active' then
    raise exception 'no such active member in your company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Read the users table for the members of your company and their status.';
  end if;
  if not (private.permissions_of(v_company, p_user_id)
          <@ private.permissions_of(v_company, private.current_user_id()))
  then
    raise exception 'that member holds more permissions than you do'
      using errcode = '42501',
            detail = 'member_outranks',
            hint = 'Ask a colleague who holds all permissions that the member has.';
  end if;
  if p_assign then
    update public.users as u
       set granted_permissions = array_append(array_remove(u.granted_permissions, p_permission), p_permission),
           revoked_permissions = array_remove(u.revoked_permissions, p_permission)
     where u.company_id = v_company and u.id = p_user_id;
  else
    update public.users as u
       set granted_permissions = array_remove(u.granted_permissions, p_permission),
           revoked_permissions = case
             when exists (select from private.role_permissions as rp
                           where rp.role = u.role and rp.permission = p_permission)
             then array_append(array_remove(u.revoked_permissions, p_permission), p_permission)
             else array_remove(u.revoked_permissions, p_permission)
           end
     where u.company_id = v_company and u.id = p_user_id;
  end if;
  return private.permissions_of(v_company, p_user_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.close_partition (
  p_name text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  execute format('revoke all on table private.%I from public, anon, authenticated, platform_admin, service_role', p_name);
  execute format('alter table private.%I enable row level security', p_name);
  execute format('drop policy if exists nobody on private.%I', p_name);
  execute format('create policy nobody on private.%I for all to public using (false)', p_name);
end
$function$;

CREATE OR REPLACE FUNCTION private.company_for (
  p_permission text
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_user uuid := private.parse_uuid(v_claims ->> 'sub');
  v_headers text := current_setting('request.headers', true);
  v_header jsonb;
  v_wanted text := v_claims ->> 'company_id';
  v_company uuid;
begin
  if v_user is null or v_claims ->> 'is_anonymous' = 'true' then
    return null;
  end if;

  -- Header or token only choose; a choice that the tables do not back yields null, never another company.
  if strpos(v_headers, '"x-company-id"') > 0 then
    v_header := private.parse_json_object(v_headers);
    if v_header is null or v_header ? 'x-company-id' then
      v_wanted := coalesce(v_header ->> 'x-company-id', '');
    end if;
  end if;

  if v_wanted is null then
    v_company := private.default_company(v_user);
  else
    v_company := private.parse_uuid(v_wanted);
  end if;
  if v_company is null then
    return null;
  end if;

  select u.company_id into v_company
    from public.users as u
    join public.companies as c on c.id = u.company_id
   where u.company_id = v_company
     and u.id = v_user
     and u.status = 'active'
     and c.status = 'active'
     and (p_permission is null
          or (p_permission <> all (u.revoked_permissions)
              and (p_permission = any (u.granted_permissions)
                   or exists (select from private.role_permissions as rp
                               where rp.role = u.role and rp.permission = p_permission))));
  return v_company;
end
$function$;

CREATE OR REPLACE FUNCTION private.create_month_partition (
  p_table_name text,
  p_month      date
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET lock_timeout TO '500ms'
  SET "TimeZone" TO 'UTC'
  SET "DateStyle" TO 'ISO'
  AS $function$
declare
  v_name text := format('%s_p%s', p_table_name, to_char(p_month, 'YYYYMM'));
  v_default text := format('%s_default', p_table_name);
  v_from timestamptz := date_trunc('month', p_month::timestamp) at time zone 'UTC';
  v_to timestamptz := (date_trunc('month', p_month::timestamp) + interval '1 month') at time zone 'UTC';
  v_importing text := coalesce(current_setting('app.importing', true), '');
  v_key text;
begin
  if exists (select from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
              where n.nspname = 'private' and c.relname = v_name)
  then
    return false;
  end if;
  select a.attname into strict v_key
    from pg_partitioned_table as p
    join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
   where p.partrelid = format('public.%I', p_table_name)::regclass;

  execute format(
    'create table private.%I (like public.%I including defaults including constraints including generated including storage)',
    v_name, p_table_name);
  perform private.close_partition(v_name);
  execute format('lock table private.%I in access exclusive mode', v_default);
  perform set_config('app.importing', 'on', true);
  execute format(
    'with moved as (delete from private.%1$I where %2$I >= $1 and %2$I < $2 returning *)
     insert into private.%3$I select * from moved',
    v_default, v_key, v_name) using v_from, v_to;
  perform set_config('app.importing', v_importing, true);
  execute format(
    'alter table public.%I attach partition private.%I for values from (%L) to (%L)',
    p_table_name, v_name, v_from, v_to);
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.current_user_id()
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
begin
  if v_claims ->> 'is_anonymous' = 'true' then
    return null;
  end if;
  return private.parse_uuid(v_claims ->> 'sub');
end
$function$;

CREATE OR REPLACE FUNCTION private.custom_access_token_hook (
  event jsonb
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims jsonb := case when jsonb_typeof(event -> 'claims') = 'object' then event -> 'claims' else '{}' end;
  v_ours jsonb := '{}'::jsonb;
  v_user uuid := private.parse_uuid(event ->> 'user_id');
  v_company uuid;
begin
  v_claims := v_claims - 'company_id' - 'company_role' - 'permissions';
  if v_claims ->> 'role' = 'platform_admin' then
    v_claims := v_claims || '{"role": "authenticated"}';
  end if;
  begin
    v_company := private.default_company(v_user);
    if v_company is not null and coalesce(v_claims ->> 'is_anonymous', 'false') <> 'true' then
      v_ours := jsonb_build_object(
        'company_id', v_company,
        'company_role', (select u.role from public.users as u where u.company_id = v_company and u.id = v_user),
        'permissions', to_jsonb(private.permissions_of(v_company, v_user)));
      if private.is_admin(v_user) then
        v_ours := v_ours || '{"role": "platform_admin"}';
      end if;
    end if;
  exception when others then
    raise warning 'custom_access_token_hook: % (%)', sqlerrm, sqlstate;
  end;
  return jsonb_build_object('claims', v_claims || v_ours);
end
$function$;

CREATE OR REPLACE FUNCTION private.default_company (
  p_user_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    select u.company_id
      from public.users as u
      join public.companies as c on c.id = u.company_id
     where u.id = p_user_id and u.status = 'active' and c.status = 'active'
     order by u.selected_at desc nulls last, u.created_at, u.company_id
     limit 1);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_admin (
  p_user_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return exists (
    select from public.companies as c
      join public.users as u on u.company_id = c.id
     where c.is_operator
       and u.id = p_user_id
       and u.role = 'admin'
       and u.status = 'active');
end
$function$;

CREATE OR REPLACE FUNCTION private.is_importing()
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if coalesce(current_setting('app.importing', true), '') <> 'on' then
    return false;
  end if;
  return coalesce((
    select r.rolbypassrls or r.rolsuper
      from pg_catalog.pg_roles as r
     where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
  ), false);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_platform_admin()
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.is_admin(private.current_user_id());
end
$function$;

CREATE OR REPLACE FUNCTION private.maintain_partitions()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_table record;
  v_month date;
  v_created integer := 0;
begin
  for v_table in
    -- The row lock lets one caller at a time work on a table; the other then finds the work done.
    select t.table_name, t.months_ahead from private.partitioned_tables as t order by t.table_name for update
  loop
    for v_month in
      select generate_series(
        date_trunc('month', now() at time zone 'UTC'),
        date_trunc('month', now() at time zone 'UTC') + make_interval(months => v_table.months_ahead),
        interval '1 month')::date
    loop
      begin
        if private.create_month_partition(v_table.table_name, v_month) then
          v_created := v_created + 1;
        end if;
      exception when lock_not_available or deadlock_detected then
        raise warning 'partition % of % is postponed: the table is in use', v_month, v_table.table_name;
      end;
    end loop;
  end loop;
  return v_created;
end
$function$;

CREATE OR REPLACE FUNCTION private.my_companies()
  RETURNS TABLE (
    company_id     uuid,
    slug           text,
    name           text,
    company_status text,
    role           text,
    permissions    text[],
    is_active      boolean
  )
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_user uuid := private.current_user_id();
  v_active uuid := private.company_for(null);
begin
  return query
    select c.id, c.slug, c.name, c.status, u.role, private.permissions_of(c.id, u.id),
           coalesce(c.id = v_active, false)
      from public.users as u
      join public.companies as c on c.id = u.company_id
     where u.id = v_user and u.status = 'active'
     order by c.name, c.id;
end
$function$;

CREATE OR REPLACE FUNCTION private.parse_json_object (
  p_text text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_json jsonb;
begin
  if p_text is null or p_text = '' then
    return null;
  end if;
  v_json := p_text::jsonb;
  return case when jsonb_typeof(v_json) = 'object' then v_json end;
exception when others then
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.parse_uuid (
  p_text text
)
  RETURNS uuid
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return p_text::uuid;
exception when others then
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.permissions_of (
  p_company_id uuid,
  p_user_id    uuid
)
  RETURNS text[]
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    select coalesce(array_agg(distinct p.permission order by p.permission), '{}')
      from public.users as u
      cross join lateral (
        select rp.permission from private.role_permissions as rp where rp.role = u.role
        union
        select unnest(u.granted_permissions)
        except
        select unnest(u.revoked_permissions)
      ) as p (permission)
     where u.company_id = p_company_id and u.id = p_user_id and u.status = 'active');
end
$function$;

CREATE OR REPLACE FUNCTION private.refuse_without_admin (
  p_user_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if coalesce(current_setting('role', true), '') <> 'platform_admin' then
    return;
  end if;
  -- The lock makes two admins who remove each other wait for one another.
  perform from public.companies as c where c.is_operator for no key update;
  if not exists (
    select from public.users as u where u.id <> p_user_id and u.role = 'admin' and u.status = 'active'
  ) then
    raise exception 'this is the last active admin'
      using errcode = '42501',
            detail = 'last_admin',
            hint = 'Make somebody else an admin first.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.schedule_maintenance()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    return false;
  end if;
  -- The schema's name is a parameter, so that the function can be checked where there is no pg_cron.
  execute format('select %I.schedule($1, $2, $3)', 'cron')
    using 'lytbub_maintain_partitions', '17 3 * * *', 'select private.maintain_partitions()';
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.switch_company (
  p_company_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  update public.users as u
     set selected_at = clock_timestamp()
    from public.companies as c
   where u.company_id = p_company_id
     and u.id = private.current_user_id()
     and u.status = 'active'
     and c.id = u.company_id
     and c.status = 'active';
  if not found then
    raise exception 'you are not an active member of that company'
      using errcode = '42501',
            detail = 'not_a_member',
            hint = 'Call my_companies() for the companies that you may switch to.';
  end if;
  return p_company_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_ai_agents__set_archived_at()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  new.archived_at := case when new.status = 'archived' then coalesce(new.archived_at, now()) end;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_budget_alerts__set_acknowledged_by()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  if old.acknowledged_at is not null then
    new.acknowledged_at := old.acknowledged_at;
    new.acknowledged_by := old.acknowledged_by;
  elsif new.acknowledged_at is not null then
    new.acknowledged_at := now();
    new.acknowledged_by := private.current_user_id();
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_companies__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- OLD is null in an insert.
  if new.time_zone is distinct from old.time_zone then
    begin
      perform now() at time zone new.time_zone;
    exception when invalid_parameter_value then
      raise exception 'time zone % is not known', new.time_zone
        using errcode = '22023',
              detail = 'invalid_time_zone',
              hint = 'Use an IANA name such as Europe/Berlin; pg_timezone_names lists them.';
    end;
  end if;
  if not private.is_importing() then
    if new.status = 'suspended' then
      new.suspended_at := coalesce(new.suspended_at, now());
    else
      new.suspended_at := null;
    end if;
    if new.status = 'closed' then
      new.closed_at := coalesce(new.closed_at, now());
    else
      new.closed_at := null;
    end if;
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_companies__keep_operator()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  raise exception 'the operator company cannot be deleted'
    using errcode = '42501',
          detail = 'operator_company',
          hint = 'Without it nobody could run the platform.';
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_company_plans__set_defaults()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  if tg_op = 'INSERT' then
    -- A new plan takes the place of the one in force. A retried insert comes here before its conflict is found; it must
    -- not end what came after it.
    if new.is_active and not exists (
      select from public.company_plans as p where p.company_id = new.company_id and p.id = new.id
    ) then
      update public.company_plans as p
         set is_active = false
       where p.company_id = new.company_id and p.is_active;
    end if;
    if new.monthly_limit_usd is null then
      select t.monthly_limit_usd into new.monthly_limit_usd
        from private.plan_tiers as t where t.plan_tier = new.plan_tier;
    end if;
    if new.features = '{}' then
      new.features := coalesce(
        (select t.features from private.plan_tiers as t where t.plan_tier = new.plan_tier), '{}');
    end if;
  end if;
  if new.plan_tier = 'custom' and new.monthly_limit_usd is null then
    raise exception 'a custom plan needs its monthly limit'
      using errcode = '23502',
            detail = 'plan_limit_required',
            hint = 'State monthly_limit_usd, in US dollars a month.';
  end if;
  if new.is_active then
    new.ended_at := null;
  else
    new.ended_at := coalesce(new.ended_at, greatest(now(), new.started_at));
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_compliance_requests__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  -- OLD is null in an insert.
  if old.status in ('completed', 'rejected', 'cancelled') then
    raise exception 'a compliance request that is closed cannot be changed'
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  if tg_op = 'INSERT' then
    if new.status <> 'received' or new.received_at > now() + interval '1 day' then
      raise exception 'a compliance request begins as received, and not in the future'
        using errcode = '23514',
              detail = 'invalid_transition',
              hint = 'Leave status out, and state when it came in.';
    end if;
    new.due_at := new.received_at
      + case new.regulation when 'gdpr' then interval '1 month' else interval '45 days' end;
  elsif new.status <> old.status
    and not (case old.status
      when 'received' then new.status in ('identity_check', 'in_progress', 'rejected', 'cancelled')
      when 'identity_check' then new.status in ('in_progress', 'rejected', 'cancelled')
      when 'in_progress' then new.status in ('completed', 'rejected', 'cancelled')
      else false
    end)
  then
    raise exception 'a compliance request cannot go from % to %', old.status, new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'received, identity_check, in_progress, completed, in this order; rejected or cancelled at any step.';
  end if;
  new.completed_at := case
    when new.status in ('completed', 'rejected', 'cancelled') then coalesce(new.completed_at, now())
  end;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_invoice_line_items__sum_up()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_invoice record;
begin
  if private.is_importing() then
    return null;
  end if;
  for v_invoice in
    select i.company_id, i.id, i.status
      from public.invoices as i
     where exists (select from changed as l where l.company_id = i.company_id and l.invoice_id = i.id)
     order by i.company_id, i.id
       for no key update of i
  loop
    if v_invoice.status <> 'draft' then
      raise exception 'the lines of a sent invoice cannot be changed'
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Void the invoice and write a new one.';
    end if;
    update public.invoices as i
       set subtotal_amount = s.subtotal, tax_amount = s.tax
      from (select coalesce(sum(l.amount), 0) as subtotal, coalesce(sum(l.tax_amount), 0) as tax
              from public.invoice_line_items as l
             where l.company_id = v_invoice.company_id and l.invoice_id = v_invoice.id) as s
     where i.company_id = v_invoice.company_id and i.id = v_invoice.id
       and (i.subtotal_amount, i.tax_amount) is distinct from (s.subtotal, s.tax);
  end loop;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_invoices__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return coalesce(new, old);
  end if;
  if tg_op = 'DELETE' then
    if old.status <> 'draft' then
      raise exception 'invoice % has been sent and cannot be deleted', old.number
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Set its status to void instead.';
    end if;
    return old;
  end if;
  if tg_op = 'INSERT' and new.status <> 'draft' then
    raise exception 'an invoice begins as a draft, not as %', new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'Insert it as a draft, add its lines, then set its status.';
  end if;
  -- OLD is null in an insert.
  if old.status <> 'draft' then
    if not (case old.status
        when 'open' then new.status in ('open', 'paid', 'void', 'uncollectible')
        when 'uncollectible' then new.status in ('uncollectible', 'paid', 'void')
        else new.status = old.status
      end)
    then
      raise exception 'an invoice cannot go from % to %', old.status, new.status
        using errcode = '23514',
              detail = 'invalid_transition',
              hint = 'draft to any; open to paid, void or uncollectible; uncollectible to paid or void.';
    end if;
    if (new.number, new.customer_name, new.customer_email, new.customer_address, new.currency, new.subtotal_amount,
        new.tax_amount, new.issued_on, new.due_on, new.notes)
       is distinct from
       (old.number, old.customer_name, old.customer_email, old.customer_address, old.currency, old.subtotal_amount,
        old.tax_amount, old.issued_on, old.due_on, old.notes)
    then
      raise exception 'invoice % has been sent and cannot be changed', old.number
        using errcode = '23514',
              detail = 'invoice_not_draft',
              hint = 'Void it and write a new one.';
    end if;
  end if;
  if new.status <> 'draft' then
    -- Today at the company, not at the caller.
    new.issued_on := coalesce(new.issued_on, (now() at time zone coalesce(
      (select c.time_zone from public.companies as c where c.id = new.company_id), 'UTC'))::date);
  end if;
  new.paid_at := case when new.status = 'paid' then coalesce(new.paid_at, now()) end;
  new.voided_at := case when new.status = 'void' then coalesce(new.voided_at, now()) end;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_jobs__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  -- OLD is null in an insert.
  if new.status <> old.status
     and not (case old.status
       when 'queued' then new.status in ('running', 'cancelled', 'failed')
       when 'running' then new.status in ('queued', 'succeeded', 'failed', 'cancelled')
       when 'failed' then new.status = 'queued'
       else false
     end)
  then
    raise exception 'a job cannot go from % to %', old.status, new.status
      using errcode = '23514',
            detail = 'invalid_transition',
            hint = 'queued to running, cancelled or failed; running to queued, succeeded, failed or cancelled; failed to queued.';
  end if;
  if old.status in ('succeeded', 'cancelled')
     and (new.kind, new.payload, new.result, new.started_at, new.attempts)
         is distinct from (old.kind, old.payload, old.result, old.started_at, old.attempts)
  then
    raise exception 'a job that is over cannot be changed'
      using errcode = '23514',
            detail = 'job_finished',
            hint = 'Queue a new job.';
  end if;
  if old.status = 'failed' and new.status = 'queued' and new.attempts >= new.max_attempts then
    raise exception 'the job has used its % attempts', new.max_attempts
      using errcode = '23514',
            detail = 'attempts_used_up',
            hint = 'Raise max_attempts, or queue a new job.';
  end if;
  if old.status <> 'running' and new.status = 'running' then
    new.attempts := old.attempts + 1;
  end if;
  if new.status in ('running', 'succeeded') then
    new.started_at := coalesce(new.started_at, now());
  end if;
  new.finished_at := case
    when new.status in ('succeeded', 'failed', 'cancelled') then coalesce(new.finished_at, now())
  end;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_row__refuse_change()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if tg_level = 'ROW' and private.is_importing() then
    return coalesce(new, old);
  end if;
  raise exception 'rows of % are append-only', tg_argv[0]
    using errcode = '42501',
          detail = 'append_only',
          hint = 'Record a new row that corrects the old one.';
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_row__refuse_move()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  raise exception 'a row of % cannot change its company or id', tg_argv[0]
    using errcode = '42501',
          detail = 'row_identity_immutable',
          hint = 'Insert a new row in the other company instead; rows never move between companies.';
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_row__set_creator()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if current_setting('app.importing', true) = 'on' and private.is_importing() then
    return new;
  end if;
  new.created_by := coalesce(private.actor_id(), new.created_by);
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_row__set_meta()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- The setting is looked at first, since hardly any transaction has it and this runs once a row.
  if current_setting('app.importing', true) = 'on' and private.is_importing() then
    return new;
  end if;
  if tg_op = 'INSERT' then
    new.created_by := coalesce(private.actor_id(), new.created_by);
    new.updated_by := new.created_by;
    new.updated_at := new.created_at;
  else
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := now();
    new.updated_by := private.actor_id();
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_security_policies__supersede()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- A retried insert comes here before its conflict is found; it must not retire what came after it.
  if private.is_importing() or exists (
    select from public.security_policies as p where p.company_id = new.company_id and p.id = new.id
  ) then
    return new;
  end if;
  new.version := (select coalesce(max(p.version), 0) + 1 from public.security_policies as p
                   where p.company_id = new.company_id);
  if new.is_active then
    update public.security_policies as p
       set is_active = false
     where p.company_id = new.company_id and p.is_active;
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_users__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_unknown text;
begin
  if new.role = 'admin' and not exists (
    select from public.companies as c where c.id = new.company_id and c.is_operator
  ) then
    raise exception 'role admin exists only in the operator company'
      using errcode = '42501',
            detail = 'admin_outside_operator',
            hint = 'Give the member role client, or make them a member of the operator company.';
  end if;
  -- OLD is null in an insert.
  if new.granted_permissions is distinct from old.granted_permissions
     or new.revoked_permissions is distinct from old.revoked_permissions
  then
    select p.permission into v_unknown
      from unnest(new.granted_permissions || new.revoked_permissions) as p (permission)
     where not exists (select from private.permissions as k where k.permission = p.permission)
     limit 1;
    if found then
      raise exception 'permission % is not known', coalesce(v_unknown, '(null)')
        using errcode = '23514',
              detail = 'unknown_permission',
              hint = 'Use a permission of the form resource.verb; docs/security.md lists them.';
    end if;
  end if;
  if old.role = 'admin' and (new.role <> 'admin' or new.status <> 'active') then
    perform private.refuse_without_admin(old.id);
  end if;
  if new.status = 'disabled' then
    new.disabled_at := coalesce(new.disabled_at, now());
  else
    new.disabled_at := null;
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_users__keep_admin()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  perform private.refuse_without_admin(old.id);
  return old;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_users__release_jobs()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  update public.jobs as j
     set assigned_user_id = null
   where j.company_id = old.company_id and j.assigned_user_id = old.id;
  return old;
end
$function$;

CREATE OR REPLACE FUNCTION private.uuid_v7()
  RETURNS uuid
  LANGUAGE plpgsql
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_bytes bytea := overlay(uuid_send(gen_random_uuid()) placing substring(int8send(v_ms) from 3) from 1 for 6);
begin
  -- gen_random_uuid() has set the variant; version 4 (0100) becomes 7 (0111).
  return encode(set_bit(set_bit(v_bytes, 52, 1), 53, 1), 'hex')::uuid;
end
$function$;

CREATE OR REPLACE FUNCTION public.assign_permission (
  user_id    uuid,
  permission text
)
  RETURNS text[]
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.change_member_permission(assign_permission.user_id, assign_permission.permission, true);
end
$function$;

REVOKE ALL ON FUNCTION "public"."assign_permission"(uuid, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.maintain_partitions()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.maintain_partitions();
end
$function$;

REVOKE ALL ON FUNCTION "public"."maintain_partitions"() FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.my_companies()
  RETURNS TABLE (
    company_id     uuid,
    slug           text,
    name           text,
    company_status text,
    role           text,
    permissions    text[],
    is_active      boolean
  )
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.my_companies();
end
$function$;

REVOKE ALL ON FUNCTION "public"."my_companies"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.remove_permission (
  user_id    uuid,
  permission text
)
  RETURNS text[]
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.change_member_permission(remove_permission.user_id, remove_permission.permission, false);
end
$function$;

REVOKE ALL ON FUNCTION "public"."remove_permission"(uuid, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.switch_company (
  company_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.switch_company(switch_company.company_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."switch_company"(uuid) FROM PUBLIC, "anon", "service_role";

ALTER TABLE "private"."role_permissions"
  ADD CONSTRAINT "role_permissions_permission_fkey" FOREIGN KEY (permission) REFERENCES private.permissions(permission) ON DELETE CASCADE;

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_data_is_object" CHECK (((jsonb_typeof(data) = 'object'::text) AND (pg_column_size(data) <= 65536)));

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_duration_ms_is_not_negative" CHECK ((duration_ms >= 0));

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_event_is_dotted_name" CHECK ((event ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'::text));

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_level_is_known" CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warning'::text, 'error'::text])));

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_pkey" PRIMARY KEY (company_id, created_at, id);

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id);

ALTER TABLE "private"."api_key_secrets"
  ADD CONSTRAINT "api_key_secrets_api_key_fk" FOREIGN KEY (company_id, api_key_id) REFERENCES public.api_keys(company_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id);

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_cost_micro_usd_is_not_negative" CHECK ((cost_micro_usd >= 0));

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_metadata_is_object" CHECK (((jsonb_typeof(metadata) = 'object'::text) AND (pg_column_size(metadata) <= 65536)));

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_pkey" PRIMARY KEY (company_id, occurred_at, id);

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_quantities_are_not_negative" CHECK (((units >= 0) AND (input_tokens >= 0) AND (output_tokens >= 0)));

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_service_is_not_blank" CHECK (((service ~ '\S'::text) AND (length(service) <= 120)));

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_unit_is_not_blank" CHECK ((unit ~ '\S'::text));

ALTER TABLE "public"."audit_logs"
  ADD CONSTRAINT "audit_logs_action_is_dotted_name" CHECK ((action ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'::text));

ALTER TABLE "public"."audit_logs"
  ADD CONSTRAINT "audit_logs_changes_is_object" CHECK (((jsonb_typeof(changes) = 'object'::text) AND (pg_column_size(changes) <= 1048576)));

ALTER TABLE "public"."audit_logs"
  ADD CONSTRAINT "audit_logs_pkey" PRIMARY KEY (company_id, created_at, id);

ALTER TABLE "public"."budget_alerts"
  ADD CONSTRAINT "budget_alerts_budget_period_fk" FOREIGN KEY (company_id, budget_period_id) REFERENCES public.budget_periods(company_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."ai_agents"
  ADD CONSTRAINT "ai_agents_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."api_keys"
  ADD CONSTRAINT "api_keys_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."api_usage"
  ADD CONSTRAINT "api_usage_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."audit_logs"
  ADD CONSTRAINT "audit_logs_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE RESTRICT;

ALTER TABLE "public"."budget_alerts"
  ADD CONSTRAINT "budget_alerts_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."budget_periods"
  ADD CONSTRAINT "budget_periods_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."company_config"
  ADD CONSTRAINT "company_config_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."company_plans"
  ADD CONSTRAINT "company_plans_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."compliance_requests"
  ADD CONSTRAINT "compliance_requests_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."data_retention_logs"
  ADD CONSTRAINT "data_retention_logs_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."data_retention_policies"
  ADD CONSTRAINT "data_retention_policies_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."data_retention_logs"
  ADD CONSTRAINT "data_retention_logs_policy_fk" FOREIGN KEY (company_id, data_retention_policy_id) REFERENCES public.data_retention_policies(company_id, id);

ALTER TABLE "public"."documents"
  ADD CONSTRAINT "documents_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."invoice_line_items"
  ADD CONSTRAINT "invoice_line_items_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE RESTRICT;

ALTER TABLE "public"."invoices"
  ADD CONSTRAINT "invoices_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE RESTRICT;

ALTER TABLE "public"."invoice_line_items"
  ADD CONSTRAINT "invoice_line_items_invoice_fk" FOREIGN KEY (company_id, invoice_id) REFERENCES public.invoices(company_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."ip_allowlist_entries"
  ADD CONSTRAINT "ip_allowlist_entries_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."jobs"
  ADD CONSTRAINT "jobs_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id);

ALTER TABLE "public"."jobs"
  ADD CONSTRAINT "jobs_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."media_assets"
  ADD CONSTRAINT "media_assets_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."security_policies"
  ADD CONSTRAINT "security_policies_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."services"
  ADD CONSTRAINT "services_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."invoice_line_items"
  ADD CONSTRAINT "invoice_line_items_service_fk" FOREIGN KEY (company_id, service_id) REFERENCES public.services(company_id, id);

ALTER TABLE "public"."jobs"
  ADD CONSTRAINT "jobs_service_fk" FOREIGN KEY (company_id, service_id) REFERENCES public.services(company_id, id);

ALTER TABLE "public"."users"
  ADD CONSTRAINT "users_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."users"
  ADD CONSTRAINT "users_id_fkey" FOREIGN KEY (id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE "public"."jobs"
  ADD CONSTRAINT "jobs_assigned_user_fk" FOREIGN KEY (company_id, assigned_user_id) REFERENCES public.users(company_id, id);

CREATE INDEX role_permissions_permission_idx ON private.role_permissions USING btree (permission);

CREATE INDEX agent_logs_company_id_agent_id_created_at_idx ON ONLY public.agent_logs USING btree (company_id, agent_id, created_at DESC);

CREATE INDEX agent_logs_company_id_job_id_idx ON ONLY public.agent_logs USING btree (company_id, job_id);

CREATE TABLE "private"."agent_logs_default" PARTITION OF "public"."agent_logs" DEFAULT;

ALTER TABLE "private"."agent_logs_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX ai_agents_company_id_status_name_idx ON public.ai_agents USING btree (company_id, status, name);

CREATE INDEX api_keys_company_id_created_at_idx ON public.api_keys USING btree (company_id, created_at DESC);

CREATE INDEX api_usage_company_id_agent_id_occurred_at_idx ON ONLY public.api_usage USING btree (company_id, agent_id, occurred_at DESC);

CREATE INDEX api_usage_company_id_service_occurred_at_idx ON ONLY public.api_usage USING btree (company_id, service, occurred_at DESC);

CREATE TABLE "private"."api_usage_default" PARTITION OF "public"."api_usage" DEFAULT;

ALTER TABLE "private"."api_usage_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX audit_logs_company_id_actor_id_created_at_idx ON ONLY public.audit_logs USING btree (company_id, actor_id, created_at DESC);

CREATE INDEX audit_logs_company_id_table_name_row_id_idx ON ONLY public.audit_logs USING btree (company_id, table_name, row_id);

CREATE TABLE "private"."audit_logs_default" PARTITION OF "public"."audit_logs" DEFAULT;

ALTER TABLE "private"."audit_logs_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX budget_alerts_company_id_created_at_idx ON public.budget_alerts USING btree (company_id, created_at DESC);

CREATE UNIQUE INDEX companies_is_operator_idx ON public.companies USING btree ((true))
  WHERE is_operator;

CREATE UNIQUE INDEX company_plans_company_id_active_idx ON public.company_plans USING btree (company_id)
  WHERE is_active;

CREATE INDEX compliance_requests_company_id_status_due_at_idx ON public.compliance_requests USING btree (company_id, status, due_at);

CREATE INDEX compliance_requests_company_id_subject_email_idx ON public.compliance_requests USING btree (company_id, subject_email);

CREATE INDEX data_retention_logs_company_id_data_retention_policy_id_idx ON public.data_retention_logs USING btree (company_id, data_retention_policy_id);

CREATE INDEX data_retention_logs_company_id_started_at_idx ON public.data_retention_logs USING btree (company_id, started_at DESC);

CREATE INDEX documents_company_id_created_at_idx ON public.documents USING btree (company_id, created_at DESC);

CREATE INDEX documents_company_id_job_id_idx ON public.documents USING btree (company_id, job_id);

CREATE INDEX documents_company_id_status_title_idx ON public.documents USING btree (company_id, status, title);

CREATE INDEX invoice_line_items_company_id_invoice_id_position_idx ON public.invoice_line_items USING btree (company_id, invoice_id, "position");

CREATE INDEX invoice_line_items_company_id_service_id_idx ON public.invoice_line_items USING btree (company_id, service_id);

CREATE INDEX invoices_company_id_created_at_idx ON public.invoices USING btree (company_id, created_at DESC);

CREATE INDEX invoices_company_id_issued_on_idx ON public.invoices USING btree (company_id, issued_on DESC);

CREATE INDEX invoices_company_id_status_due_on_idx ON public.invoices USING btree (company_id, status, due_on);

CREATE INDEX jobs_company_id_agent_id_idx ON public.jobs USING btree (company_id, agent_id);

CREATE INDEX jobs_company_id_assigned_user_id_idx ON public.jobs USING btree (company_id, assigned_user_id);

CREATE INDEX jobs_company_id_created_at_idx ON public.jobs USING btree (company_id, created_at DESC);

CREATE INDEX jobs_company_id_service_id_idx ON public.jobs USING btree (company_id, service_id);

CREATE INDEX jobs_company_id_status_scheduled_at_idx ON public.jobs USING btree (company_id, status, scheduled_at);

CREATE INDEX media_assets_company_id_created_at_idx ON public.media_assets USING btree (company_id, created_at DESC);

CREATE INDEX media_assets_company_id_job_id_idx ON public.media_assets USING btree (company_id, job_id);

CREATE INDEX media_assets_company_id_kind_title_idx ON public.media_assets USING btree (company_id, kind, title);

CREATE UNIQUE INDEX security_policies_company_id_active_idx ON public.security_policies USING btree (company_id)
  WHERE is_active;

CREATE INDEX services_company_id_created_at_idx ON public.services USING btree (company_id, created_at DESC);

CREATE INDEX services_company_id_status_name_idx ON public.services USING btree (company_id, status, name);

CREATE INDEX users_company_id_email_idx ON public.users USING btree (company_id, email);

CREATE INDEX users_id_idx ON public.users USING btree (id);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.agent_logs
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('agent_logs');

CREATE TRIGGER set_row_meta
  BEFORE INSERT ON public.agent_logs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_creator();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.ai_agents
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('ai_agents');

CREATE TRIGGER set_archived_at
  BEFORE INSERT OR UPDATE ON public.ai_agents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_ai_agents__set_archived_at();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.ai_agents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.api_keys
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('api_keys');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.api_keys
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.api_usage
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('api_usage');

CREATE TRIGGER set_row_meta
  BEFORE INSERT ON public.api_usage
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_creator();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.audit_logs
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('audit_logs');

CREATE TRIGGER refuse_change
  BEFORE DELETE OR UPDATE ON public.audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__refuse_change('audit_logs');

CREATE TRIGGER refuse_truncate
  BEFORE TRUNCATE ON public.audit_logs
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.tg_row__refuse_change('audit_logs');

CREATE TRIGGER set_row_meta
  BEFORE INSERT ON public.audit_logs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_creator();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.budget_alerts
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('budget_alerts');

CREATE TRIGGER set_acknowledged_by
  BEFORE UPDATE OF acknowledged_at ON public.budget_alerts
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_budget_alerts__set_acknowledged_by();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.budget_alerts
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.budget_periods
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('budget_periods');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.budget_periods
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER check_company
  BEFORE INSERT OR UPDATE ON public.companies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_companies__check();

CREATE TRIGGER keep_operator
  BEFORE DELETE ON public.companies
  FOR EACH ROW
  WHEN (old.is_operator)
  EXECUTE FUNCTION private.tg_companies__keep_operator();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.companies
  FOR EACH ROW
  WHEN (((new.id IS DISTINCT FROM old.id) OR (new.is_operator IS DISTINCT FROM old.is_operator)))
  EXECUTE FUNCTION private.tg_row__refuse_move('companies');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.companies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.company_config
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('company_config');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.company_config
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.company_plans
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('company_plans');

CREATE TRIGGER set_plan_defaults
  BEFORE INSERT OR UPDATE ON public.company_plans
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_company_plans__set_defaults();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.company_plans
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER check_request
  BEFORE INSERT OR UPDATE ON public.compliance_requests
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_compliance_requests__check();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.compliance_requests
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('compliance_requests');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.compliance_requests
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.data_retention_logs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.data_retention_policies
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('data_retention_policies');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.data_retention_policies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.documents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.invoice_line_items
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('invoice_line_items');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.invoice_line_items
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER sum_up_deleted
  AFTER DELETE ON public.invoice_line_items REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();

CREATE TRIGGER sum_up_inserted
  AFTER INSERT ON public.invoice_line_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();

CREATE TRIGGER sum_up_updated
  AFTER UPDATE ON public.invoice_line_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.tg_invoice_line_items__sum_up();

CREATE TRIGGER check_invoice
  BEFORE INSERT OR DELETE OR UPDATE ON public.invoices
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_invoices__check();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.invoices
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('invoices');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.invoices
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.ip_allowlist_entries
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('ip_allowlist_entries');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.ip_allowlist_entries
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER check_job
  BEFORE INSERT OR UPDATE ON public.jobs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_jobs__check();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.jobs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.media_assets
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.security_policies
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('security_policies');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.security_policies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER supersede_policy
  BEFORE INSERT ON public.security_policies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_security_policies__supersede();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.services
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('services');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.services
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.system_config
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER check_member
  BEFORE INSERT OR UPDATE ON public.users
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_users__check();

CREATE TRIGGER keep_admin
  BEFORE DELETE ON public.users
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_users__keep_admin();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.users
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('users');

CREATE TRIGGER release_jobs
  BEFORE DELETE ON public.users
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_users__release_jobs();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.users
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE POLICY "nobody" ON "private"."agent_logs_default"
  FOR ALL
  TO PUBLIC
  USING (false);

CREATE POLICY "nobody" ON "private"."api_usage_default"
  FOR ALL
  TO PUBLIC
  USING (false);

CREATE POLICY "nobody" ON "private"."audit_logs_default"
  FOR ALL
  TO PUBLIC
  USING (false);

CREATE POLICY "all_platform_admin" ON "public"."agent_logs"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "insert_member" ON "public"."agent_logs"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('agent_logs.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."agent_logs"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('agent_logs.read'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."ai_agents"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."ai_agents"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('agents.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."ai_agents"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('agents.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."ai_agents"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('agents.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."ai_agents"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('agents.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('agents.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."api_keys"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('api_keys.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."api_keys"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."api_usage"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."api_usage"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."audit_logs"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('audit.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."audit_logs"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "all_platform_admin" ON "public"."budget_alerts"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."budget_alerts"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."budget_alerts"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('usage.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."budget_periods"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."budget_periods"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "all_platform_admin" ON "public"."companies"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."companies"
  FOR SELECT
  TO "authenticated"
  USING ((id = ( SELECT private.company_for('company.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."companies"
  FOR UPDATE
  TO "authenticated"
  USING ((id = ( SELECT private.company_for('company.write'::text) AS company_for)))
  WITH CHECK ((id = ( SELECT private.company_for('company.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."company_config"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."company_config"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('company.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."company_config"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('company.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('company.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."company_plans"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."company_plans"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('billing.read'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."compliance_requests"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "insert_member" ON "public"."compliance_requests"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."compliance_requests"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."compliance_requests"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."data_retention_logs"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."data_retention_logs"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "all_platform_admin" ON "public"."data_retention_policies"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."data_retention_policies"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."data_retention_policies"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."data_retention_policies"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."data_retention_policies"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('compliance.manage'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."documents"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."documents"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('documents.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."documents"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('documents.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."documents"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('documents.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."documents"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('documents.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('documents.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."invoice_line_items"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."invoice_line_items"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."invoice_line_items"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."invoice_line_items"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."invoice_line_items"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."invoices"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."invoices"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."invoices"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."invoices"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."invoices"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('invoices.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."ip_allowlist_entries"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."ip_allowlist_entries"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."ip_allowlist_entries"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."ip_allowlist_entries"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('security.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."ip_allowlist_entries"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."jobs"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."jobs"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('jobs.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."jobs"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('jobs.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."jobs"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('jobs.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."jobs"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('jobs.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('jobs.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."media_assets"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."media_assets"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('media.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."media_assets"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('media.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."media_assets"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('media.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."media_assets"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('media.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('media.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."security_policies"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "insert_member" ON "public"."security_policies"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."security_policies"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('security.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."security_policies"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('security.manage'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."services"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."services"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('services.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."services"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('services.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."services"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('services.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."services"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('services.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('services.write'::text) AS company_for)));

CREATE POLICY "all_platform_admin" ON "public"."system_config"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "all_platform_admin" ON "public"."users"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "select_member" ON "public"."users"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('users.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."users"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('users.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('users.write'::text) AS company_for)));

CREATE POLICY "documents_delete_member" ON "storage"."objects"
  FOR DELETE
  TO "authenticated"
  USING (((bucket_id = 'documents'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('documents.write'::text))::text AS company_for))));

CREATE POLICY "documents_insert_member" ON "storage"."objects"
  FOR INSERT
  TO "authenticated"
  WITH
    CHECK
    (((bucket_id = 'documents'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('documents.write'::text))::text AS company_for)) AND (name !~
    '(^|/)\.\.?(/|$)'::text)));

CREATE POLICY "documents_select_member" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'documents'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('documents.read'::text))::text AS company_for))));

CREATE POLICY "documents_update_member" ON "storage"."objects"
  FOR UPDATE
  TO "authenticated"
  USING (((bucket_id = 'documents'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('documents.write'::text))::text AS company_for))))
  WITH
    CHECK
    (((bucket_id = 'documents'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('documents.write'::text))::text AS company_for)) AND (name !~
    '(^|/)\.\.?(/|$)'::text)));

CREATE POLICY "files_delete_platform_admin" ON "storage"."objects"
  FOR DELETE
  TO "platform_admin"
  USING (((bucket_id = ANY (ARRAY['documents'::text, 'media'::text])) AND ( SELECT private.is_platform_admin() AS is_platform_admin)));

CREATE POLICY "files_insert_platform_admin" ON "storage"."objects"
  FOR INSERT
  TO "platform_admin"
  WITH CHECK (((bucket_id = ANY (ARRAY['documents'::text, 'media'::text])) AND ( SELECT private.is_platform_admin() AS is_platform_admin)));

CREATE POLICY "files_select_platform_admin" ON "storage"."objects"
  FOR SELECT
  TO "platform_admin"
  USING (((bucket_id = ANY (ARRAY['documents'::text, 'media'::text])) AND ( SELECT private.is_platform_admin() AS is_platform_admin)));

CREATE POLICY "media_delete_member" ON "storage"."objects"
  FOR DELETE
  TO "authenticated"
  USING (((bucket_id = 'media'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('media.write'::text))::text AS company_for))));

CREATE POLICY "media_insert_member" ON "storage"."objects"
  FOR INSERT
  TO "authenticated"
  WITH
    CHECK
    (((bucket_id = 'media'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('media.write'::text))::text AS company_for)) AND (name !~
    '(^|/)\.\.?(/|$)'::text)));

CREATE POLICY "media_select_member" ON "storage"."objects"
  FOR SELECT
  TO "authenticated"
  USING (((bucket_id = 'media'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('media.read'::text))::text AS company_for))));

CREATE POLICY "media_update_member" ON "storage"."objects"
  FOR UPDATE
  TO "authenticated"
  USING (((bucket_id = 'media'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('media.write'::text))::text AS company_for))))
  WITH
    CHECK
    (((bucket_id = 'media'::text) AND ((storage.foldername(name))[1] = ( SELECT (private.company_for('media.write'::text))::text AS company_for)) AND (name !~
    '(^|/)\.\.?(/|$)'::text)));

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."budget_alerts";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."budget_periods";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."compliance_requests";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."documents";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."invoices";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."jobs";

ALTER PUBLICATION "supabase_realtime" ADD TABLE "public"."media_assets";

COMMENT ON COLUMN "public"."agent_logs"."agent_id" IS 'AI agent that logged, of the same company.';

COMMENT ON COLUMN "public"."agent_logs"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."agent_logs"."created_at" IS 'When the row was recorded; also the partition key.';

COMMENT ON COLUMN "public"."agent_logs"."created_by" IS 'Auth user who recorded the row; null for backend jobs.';

COMMENT ON COLUMN "public"."agent_logs"."data" IS 'Details, an object.';

COMMENT ON COLUMN "public"."agent_logs"."duration_ms" IS 'How long it took, milliseconds.';

COMMENT ON COLUMN "public"."agent_logs"."event" IS 'What happened, such as tool.called.';

COMMENT ON COLUMN "public"."agent_logs"."id" IS 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';

COMMENT ON COLUMN "public"."agent_logs"."job_id" IS 'Job that it worked on, of the same company.';

COMMENT ON COLUMN "public"."agent_logs"."level" IS 'debug, info, warning or error.';

COMMENT ON COLUMN "public"."agent_logs"."message" IS 'The same for people.';

COMMENT ON COLUMN "public"."agent_logs"."request_id" IS 'Id of the request that caused it.';

COMMENT ON COLUMN "public"."ai_agents"."archived_at" IS 'When it was archived; set exactly when it is.';

COMMENT ON COLUMN "public"."ai_agents"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."ai_agents"."configuration" IS 'Further settings of the agent, an object. No secrets.';

COMMENT ON COLUMN "public"."ai_agents"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."ai_agents"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."ai_agents"."description" IS 'What the agent does.';

COMMENT ON COLUMN "public"."ai_agents"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."ai_agents"."max_output_tokens" IS 'Most tokens of one answer.';

COMMENT ON COLUMN "public"."ai_agents"."model" IS 'Model name at the provider.';

COMMENT ON COLUMN "public"."ai_agents"."monthly_limit_micro_usd" IS 'Own monthly limit in millionths of a US dollar; null for none.';

COMMENT ON COLUMN "public"."ai_agents"."name" IS 'Name, unique within the company.';

COMMENT ON COLUMN "public"."ai_agents"."provider" IS 'Model provider, such as anthropic or openai.';

COMMENT ON COLUMN "public"."ai_agents"."status" IS 'active, paused or archived.';

COMMENT ON COLUMN "public"."ai_agents"."system_prompt" IS 'Standing instructions.';

COMMENT ON COLUMN "public"."ai_agents"."temperature" IS 'Sampling temperature, 0 to 2.';

COMMENT ON COLUMN "public"."ai_agents"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."ai_agents"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."api_keys"."allowed_networks" IS 'Networks that it may come from; empty for any.';

COMMENT ON COLUMN "public"."api_keys"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."api_keys"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."api_keys"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."api_keys"."expires_at" IS 'Not valid from this time on; null for no end.';

COMMENT ON COLUMN "public"."api_keys"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."api_keys"."last_used_at" IS 'When it was last used, roughly.';

COMMENT ON COLUMN "public"."api_keys"."name" IS 'What the key is for.';

COMMENT ON COLUMN "public"."api_keys"."permissions" IS 'What a program with this key may do.';

COMMENT ON COLUMN "public"."api_keys"."prefix" IS 'First characters of the key, to recognise it by.';

COMMENT ON COLUMN "public"."api_keys"."rate_limit_per_minute" IS 'Requests a minute; null for the company''s limit.';

COMMENT ON COLUMN "public"."api_keys"."revoked_at" IS 'When it was revoked.';

COMMENT ON COLUMN "public"."api_keys"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."api_keys"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."api_usage"."agent_id" IS 'AI agent that used it, of the same company.';

COMMENT ON COLUMN "public"."api_usage"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."api_usage"."cost_micro_usd" IS 'Cost in millionths of a US dollar.';

COMMENT ON COLUMN "public"."api_usage"."created_at" IS 'When the row was recorded.';

COMMENT ON COLUMN "public"."api_usage"."created_by" IS 'Auth user who recorded the row; null for backend jobs.';

COMMENT ON COLUMN "public"."api_usage"."description" IS 'What it was for.';

COMMENT ON COLUMN "public"."api_usage"."id" IS 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';

COMMENT ON COLUMN "public"."api_usage"."input_tokens" IS 'Tokens sent.';

COMMENT ON COLUMN "public"."api_usage"."is_over_budget" IS 'True if it went over the limit and was recorded all the same.';

COMMENT ON COLUMN "public"."api_usage"."metadata" IS 'Details, an object.';

COMMENT ON COLUMN "public"."api_usage"."model" IS 'Model that was used.';

COMMENT ON COLUMN "public"."api_usage"."occurred_at" IS 'When the usage happened; the partition key.';

COMMENT ON COLUMN "public"."api_usage"."output_tokens" IS 'Tokens received.';

COMMENT ON COLUMN "public"."api_usage"."request_id" IS 'Id of the request that caused it.';

COMMENT ON COLUMN "public"."api_usage"."service" IS 'Metered service, such as chat.completions.';

COMMENT ON COLUMN "public"."api_usage"."unit" IS 'What units counts, such as request, token or second.';

COMMENT ON COLUMN "public"."api_usage"."units" IS 'How many units.';

COMMENT ON COLUMN "public"."audit_logs"."action" IS 'What was done, such as users.role_changed.';

COMMENT ON COLUMN "public"."audit_logs"."actor_id" IS 'Auth user who acted; null for backend jobs.';

COMMENT ON COLUMN "public"."audit_logs"."actor_role" IS 'Role in which they acted.';

COMMENT ON COLUMN "public"."audit_logs"."changes" IS 'Old and new values of what changed, an object.';

COMMENT ON COLUMN "public"."audit_logs"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."audit_logs"."created_at" IS 'When the row was recorded; also the partition key.';

COMMENT ON COLUMN "public"."audit_logs"."created_by" IS 'Auth user who recorded the row; null for backend jobs.';

COMMENT ON COLUMN "public"."audit_logs"."id" IS 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';

COMMENT ON COLUMN "public"."audit_logs"."ip_address" IS 'Address that the request came from.';

COMMENT ON COLUMN "public"."audit_logs"."request_id" IS 'Id of the request.';

COMMENT ON COLUMN "public"."audit_logs"."row_id" IS 'Row that was touched.';

COMMENT ON COLUMN "public"."audit_logs"."table_name" IS 'Table that was touched.';

COMMENT ON COLUMN "public"."audit_logs"."user_agent" IS 'Program that the request came from.';

COMMENT ON COLUMN "public"."budget_alerts"."acknowledged_at" IS 'When somebody took note.';

COMMENT ON COLUMN "public"."budget_alerts"."acknowledged_by" IS 'Who took note; set with acknowledged_at.';

COMMENT ON COLUMN "public"."budget_alerts"."budget_period_id" IS 'Month that it belongs to, of the same company.';

COMMENT ON COLUMN "public"."budget_alerts"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."budget_alerts"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."budget_alerts"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."budget_alerts"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."budget_alerts"."limit_micro_usd" IS 'Limit when it fired, millionths of a US dollar.';

COMMENT ON COLUMN "public"."budget_alerts"."spent_micro_usd" IS 'Spent when it fired.';

COMMENT ON COLUMN "public"."budget_alerts"."threshold_percent" IS 'Threshold, percent of the limit.';

COMMENT ON COLUMN "public"."budget_alerts"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."budget_alerts"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."budget_periods"."closed_at" IS 'When it was closed; set exactly when it is.';

COMMENT ON COLUMN "public"."budget_periods"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."budget_periods"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."budget_periods"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."budget_periods"."ends_at" IS 'First instant of the next month.';

COMMENT ON COLUMN "public"."budget_periods"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."budget_periods"."limit_micro_usd" IS 'Limit in force, millionths of a US dollar.';

COMMENT ON COLUMN "public"."budget_periods"."month" IS 'First day of the month, in the company''s time zone.';

COMMENT ON COLUMN "public"."budget_periods"."reserved_micro_usd" IS 'Held by reservations.';

COMMENT ON COLUMN "public"."budget_periods"."spent_micro_usd" IS 'Spent so far.';

COMMENT ON COLUMN "public"."budget_periods"."starts_at" IS 'First instant of the month.';

COMMENT ON COLUMN "public"."budget_periods"."status" IS 'open or closed.';

COMMENT ON COLUMN "public"."budget_periods"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."budget_periods"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."companies"."address_line1" IS 'Street address.';

COMMENT ON COLUMN "public"."companies"."address_line2" IS 'Second line of the address.';

COMMENT ON COLUMN "public"."companies"."city" IS 'City.';

COMMENT ON COLUMN "public"."companies"."closed_at" IS 'When it was closed; set exactly when it is.';

COMMENT ON COLUMN "public"."companies"."contact_email" IS 'Address for billing and notices.';

COMMENT ON COLUMN "public"."companies"."contact_name" IS 'Person to reach at the company.';

COMMENT ON COLUMN "public"."companies"."contact_phone" IS 'Telephone in international form (E.164), such as +4930123456.';

COMMENT ON COLUMN "public"."companies"."country_code" IS 'Country, ISO 3166-1 alpha-2, such as DE.';

COMMENT ON COLUMN "public"."companies"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."companies"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."companies"."currency" IS 'Currency of its invoices, ISO 4217.';

COMMENT ON COLUMN "public"."companies"."id" IS 'Company id, the tenant key of every other table. May be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."companies"."is_operator" IS 'True for the one company whose admins run the platform.';

COMMENT ON COLUMN "public"."companies"."legal_name" IS 'Registered name, for invoices.';

COMMENT ON COLUMN "public"."companies"."name" IS 'Name shown to people.';

COMMENT ON COLUMN "public"."companies"."postal_code" IS 'Postal code.';

COMMENT ON COLUMN "public"."companies"."slug" IS 'Short name for addresses, unique on the platform: lower case, digits and hyphens, 3 to 63 characters.';

COMMENT ON COLUMN "public"."companies"."status" IS 'active, suspended or closed. Only members of an active company get any rows.';

COMMENT ON COLUMN "public"."companies"."status_reason" IS 'Why the company is suspended or closed.';

COMMENT ON COLUMN "public"."companies"."stripe_customer_id" IS 'Stripe customer, cus_…; unique because Stripe draws it at random.';

COMMENT ON COLUMN "public"."companies"."suspended_at" IS 'When it was suspended; set exactly while it is.';

COMMENT ON COLUMN "public"."companies"."tax_number" IS 'VAT or other tax number.';

COMMENT ON COLUMN "public"."companies"."time_zone" IS 'IANA time zone that bounds the company''s calendar months, such as Europe/Berlin.';

COMMENT ON COLUMN "public"."companies"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."companies"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."company_config"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."company_config"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."company_config"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."company_config"."default_agent_model" IS 'Model that a new AI agent starts with.';

COMMENT ON COLUMN "public"."company_config"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."company_config"."invoice_number_prefix" IS 'What invoice numbers begin with.';

COMMENT ON COLUMN "public"."company_config"."invoice_payment_days" IS 'Days until an invoice is due, 0 to 365.';

COMMENT ON COLUMN "public"."company_config"."notification_emails" IS 'Addresses that alerts go to, at most 20.';

COMMENT ON COLUMN "public"."company_config"."settings" IS 'Anything else the application keeps per company, an object of at most 64 kB.';

COMMENT ON COLUMN "public"."company_config"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."company_config"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."company_plans"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."company_plans"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."company_plans"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."company_plans"."ended_at" IS 'When it ended; set exactly when it is no longer active.';

COMMENT ON COLUMN "public"."company_plans"."features" IS 'Feature switches of the plan, an object.';

COMMENT ON COLUMN "public"."company_plans"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."company_plans"."is_active" IS 'True for the plan in force.';

COMMENT ON COLUMN "public"."company_plans"."monthly_limit_usd" IS 'US dollars a month; starter 100, professional 500, enterprise 2000 unless stated, custom must be stated.';

COMMENT ON COLUMN "public"."company_plans"."plan_tier" IS 'starter, professional, enterprise or custom.';

COMMENT ON COLUMN "public"."company_plans"."started_at" IS 'When the plan came into force.';

COMMENT ON COLUMN "public"."company_plans"."stripe_price_id" IS 'Stripe price, price_….';

COMMENT ON COLUMN "public"."company_plans"."stripe_subscription_id" IS 'Stripe subscription, sub_….';

COMMENT ON COLUMN "public"."company_plans"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."company_plans"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."compliance_requests"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."compliance_requests"."completed_at" IS 'When it was closed; set exactly when it is.';

COMMENT ON COLUMN "public"."compliance_requests"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."compliance_requests"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."compliance_requests"."details" IS 'What they ask for, in their words.';

COMMENT ON COLUMN "public"."compliance_requests"."due_at" IS 'When it must be answered, set from received_at by trigger. GDPR Art. 12(3): one month, and two more with notice; CCPA: 45 days, and 45 more.';

COMMENT ON COLUMN "public"."compliance_requests"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."compliance_requests"."kind" IS 'access, portability, rectification, erasure, restriction, objection (GDPR); know, delete, correct, opt_out (CCPA).';

COMMENT ON COLUMN "public"."compliance_requests"."received_at" IS 'When it came in.';

COMMENT ON COLUMN "public"."compliance_requests"."regulation" IS 'gdpr or ccpa.';

COMMENT ON COLUMN "public"."compliance_requests"."rejection_reason" IS 'Why it was rejected; required then.';

COMMENT ON COLUMN "public"."compliance_requests"."status" IS 'received, identity_check, in_progress, completed, rejected or cancelled.';

COMMENT ON COLUMN "public"."compliance_requests"."subject_email" IS 'Address of the person.';

COMMENT ON COLUMN "public"."compliance_requests"."subject_name" IS 'Name of the person.';

COMMENT ON COLUMN "public"."compliance_requests"."subject_user_id" IS 'Their auth user, if they have one. No foreign key: the request outlives the account.';

COMMENT ON COLUMN "public"."compliance_requests"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."compliance_requests"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."data_retention_logs"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."data_retention_logs"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."data_retention_logs"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."data_retention_logs"."data_class" IS 'Class of data.';

COMMENT ON COLUMN "public"."data_retention_logs"."data_retention_policy_id" IS 'Policy that was applied, of the same company.';

COMMENT ON COLUMN "public"."data_retention_logs"."error_message" IS 'Why it failed.';

COMMENT ON COLUMN "public"."data_retention_logs"."finished_at" IS 'When it ended; set exactly when it has.';

COMMENT ON COLUMN "public"."data_retention_logs"."is_dry_run" IS 'True if nothing was removed.';

COMMENT ON COLUMN "public"."data_retention_logs"."rows_affected" IS 'Rows removed or anonymised.';

COMMENT ON COLUMN "public"."data_retention_logs"."started_at" IS 'When the run began.';

COMMENT ON COLUMN "public"."data_retention_logs"."status" IS 'running, succeeded or failed.';

COMMENT ON COLUMN "public"."data_retention_logs"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."data_retention_logs"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."data_retention_policies"."action" IS 'delete, anonymise or keep.';

COMMENT ON COLUMN "public"."data_retention_policies"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."data_retention_policies"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."data_retention_policies"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."data_retention_policies"."data_class" IS 'Class of data, named like the table that holds it, such as agent_logs.';

COMMENT ON COLUMN "public"."data_retention_policies"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."data_retention_policies"."is_legal_hold" IS 'True while nothing may go, whatever the policy says.';

COMMENT ON COLUMN "public"."data_retention_policies"."legal_basis" IS 'Why this period, such as HGB section 257.';

COMMENT ON COLUMN "public"."data_retention_policies"."retention_days" IS 'Days to keep it.';

COMMENT ON COLUMN "public"."data_retention_policies"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."data_retention_policies"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."documents"."checksum_sha256" IS 'SHA-256 of the file, 64 hexadecimal digits.';

COMMENT ON COLUMN "public"."documents"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."documents"."confidentiality" IS 'public, internal or confidential.';

COMMENT ON COLUMN "public"."documents"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."documents"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."documents"."description" IS 'What it is.';

COMMENT ON COLUMN "public"."documents"."job_id" IS 'Job that made or uses it, of the same company.';

COMMENT ON COLUMN "public"."documents"."metadata" IS 'Anything else known about it, an object.';

COMMENT ON COLUMN "public"."documents"."mime_type" IS 'Media type (RFC 6838), such as application/pdf.';

COMMENT ON COLUMN "public"."documents"."size_bytes" IS 'Size of the file, bytes.';

COMMENT ON COLUMN "public"."documents"."status" IS 'pending (upload under way), ready or archived.';

COMMENT ON COLUMN "public"."documents"."storage_path" IS 'Path in bucket documents; begins with the company''s id and a slash.';

COMMENT ON COLUMN "public"."documents"."title" IS 'Title shown to people.';

COMMENT ON COLUMN "public"."documents"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."documents"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."documents"."version" IS 'Version of the document, from 1.';

COMMENT ON COLUMN "public"."invoice_line_items"."amount" IS 'Quantity times price, rounded to 2 places, before tax.';

COMMENT ON COLUMN "public"."invoice_line_items"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."invoice_line_items"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."invoice_line_items"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."invoice_line_items"."description" IS 'What is billed.';

COMMENT ON COLUMN "public"."invoice_line_items"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."invoice_line_items"."invoice_id" IS 'Invoice that the line stands on, of the same company.';

COMMENT ON COLUMN "public"."invoice_line_items"."position" IS 'Order on the invoice, from 1.';

COMMENT ON COLUMN "public"."invoice_line_items"."quantity" IS 'Units, more than 0.';

COMMENT ON COLUMN "public"."invoice_line_items"."service_id" IS 'Service that is billed, of the same company.';

COMMENT ON COLUMN "public"."invoice_line_items"."tax_amount" IS 'Tax on the line, rounded to 2 places.';

COMMENT ON COLUMN "public"."invoice_line_items"."tax_rate_percent" IS 'Tax in percent, 0 to 100.';

COMMENT ON COLUMN "public"."invoice_line_items"."unit_amount" IS 'Price of one unit, in the invoice''s currency.';

COMMENT ON COLUMN "public"."invoice_line_items"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."invoice_line_items"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."invoices"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."invoices"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."invoices"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."invoices"."currency" IS 'ISO 4217.';

COMMENT ON COLUMN "public"."invoices"."customer_address" IS 'Postal address of the customer.';

COMMENT ON COLUMN "public"."invoices"."customer_email" IS 'Where it is sent.';

COMMENT ON COLUMN "public"."invoices"."customer_name" IS 'Who is billed.';

COMMENT ON COLUMN "public"."invoices"."due_on" IS 'Date by which it must be paid.';

COMMENT ON COLUMN "public"."invoices"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."invoices"."issued_on" IS 'Date of issue; required once it is no draft.';

COMMENT ON COLUMN "public"."invoices"."notes" IS 'Text printed on the invoice.';

COMMENT ON COLUMN "public"."invoices"."number" IS 'Invoice number, unique within the company.';

COMMENT ON COLUMN "public"."invoices"."paid_at" IS 'When it was paid; set exactly when it is.';

COMMENT ON COLUMN "public"."invoices"."status" IS 'draft, open, paid, void or uncollectible (Stripe''s states).';

COMMENT ON COLUMN "public"."invoices"."stripe_invoice_id" IS 'Stripe invoice, in_…, when mirrored from there.';

COMMENT ON COLUMN "public"."invoices"."subtotal_amount" IS 'Sum of the lines before tax, in currency; kept by trigger.';

COMMENT ON COLUMN "public"."invoices"."tax_amount" IS 'Sum of the lines'' tax, in currency; kept by trigger.';

COMMENT ON COLUMN "public"."invoices"."total_amount" IS 'Subtotal plus tax, in currency.';

COMMENT ON COLUMN "public"."invoices"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."invoices"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."invoices"."voided_at" IS 'When it was voided; set exactly when it is.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."expires_at" IS 'Not valid from this time on; null for no end.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."is_enabled" IS 'False to switch the entry off without losing it.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."label" IS 'What it is, such as Berlin office.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."network" IS 'Network in CIDR form, IPv4 or IPv6, such as 203.0.113.0/24.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."ip_allowlist_entries"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."jobs"."agent_id" IS 'AI agent that does it, of the same company.';

COMMENT ON COLUMN "public"."jobs"."assigned_user_id" IS 'Member who does it, of the same company; cleared when they leave.';

COMMENT ON COLUMN "public"."jobs"."attempts" IS 'Attempts so far.';

COMMENT ON COLUMN "public"."jobs"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."jobs"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."jobs"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."jobs"."error_message" IS 'What went wrong in the last attempt.';

COMMENT ON COLUMN "public"."jobs"."finished_at" IS 'When it ended; set exactly when it has.';

COMMENT ON COLUMN "public"."jobs"."kind" IS 'What sort of work, such as document.summarise.';

COMMENT ON COLUMN "public"."jobs"."max_attempts" IS 'Attempts at most, 1 to 100.';

COMMENT ON COLUMN "public"."jobs"."payload" IS 'Input, an object.';

COMMENT ON COLUMN "public"."jobs"."priority" IS 'Higher runs first, -100 to 100.';

COMMENT ON COLUMN "public"."jobs"."result" IS 'Output, once it succeeded.';

COMMENT ON COLUMN "public"."jobs"."scheduled_at" IS 'Not before this time.';

COMMENT ON COLUMN "public"."jobs"."service_id" IS 'Service that the work is for, of the same company.';

COMMENT ON COLUMN "public"."jobs"."started_at" IS 'When the first attempt began.';

COMMENT ON COLUMN "public"."jobs"."status" IS 'queued, running, succeeded, failed or cancelled.';

COMMENT ON COLUMN "public"."jobs"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."jobs"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."media_assets"."alt_text" IS 'Text for those who cannot see it.';

COMMENT ON COLUMN "public"."media_assets"."checksum_sha256" IS 'SHA-256 of the file, 64 hexadecimal digits.';

COMMENT ON COLUMN "public"."media_assets"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."media_assets"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."media_assets"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."media_assets"."description" IS 'What it is.';

COMMENT ON COLUMN "public"."media_assets"."duration_ms" IS 'Length in milliseconds; video and audio.';

COMMENT ON COLUMN "public"."media_assets"."height_px" IS 'Height in pixels; images and video.';

COMMENT ON COLUMN "public"."media_assets"."job_id" IS 'Job that made or uses it, of the same company.';

COMMENT ON COLUMN "public"."media_assets"."kind" IS 'image, video or audio.';

COMMENT ON COLUMN "public"."media_assets"."metadata" IS 'Anything else known about it, an object.';

COMMENT ON COLUMN "public"."media_assets"."mime_type" IS 'Media type (RFC 6838), such as application/pdf.';

COMMENT ON COLUMN "public"."media_assets"."size_bytes" IS 'Size of the file, bytes.';

COMMENT ON COLUMN "public"."media_assets"."storage_path" IS 'Path in bucket media; begins with the company''s id and a slash.';

COMMENT ON COLUMN "public"."media_assets"."title" IS 'Title shown to people.';

COMMENT ON COLUMN "public"."media_assets"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."media_assets"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."media_assets"."width_px" IS 'Width in pixels; images and video.';

COMMENT ON COLUMN "public"."security_policies"."aal2_permissions" IS 'Permissions that need aal2 in any case.';

COMMENT ON COLUMN "public"."security_policies"."api_key_max_age_days" IS 'Oldest API key allowed, days; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."security_policies"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."security_policies"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."security_policies"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."security_policies"."is_active" IS 'True for the version in force.';

COMMENT ON COLUMN "public"."security_policies"."is_ip_allowlist_enabled" IS 'True if only addresses on the allowlist get in.';

COMMENT ON COLUMN "public"."security_policies"."notes" IS 'Password and single sign-on rules kept outside the database.';

COMMENT ON COLUMN "public"."security_policies"."required_aal" IS 'Authentication strength that everybody needs: aal1 or aal2 (a second factor).';

COMMENT ON COLUMN "public"."security_policies"."session_idle_seconds" IS 'Longest idle time allowed, seconds; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."session_max_age_seconds" IS 'Oldest session allowed, seconds; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."security_policies"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."security_policies"."version" IS 'Version, from 1; numbered by trigger.';

COMMENT ON COLUMN "public"."services"."billing_unit" IS 'What one unit is: item, hour, month or thousand_tokens.';

COMMENT ON COLUMN "public"."services"."category" IS 'Free grouping for lists.';

COMMENT ON COLUMN "public"."services"."code" IS 'Short code, unique within the company, such as SEO-AUDIT.';

COMMENT ON COLUMN "public"."services"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."services"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."services"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."services"."currency" IS 'ISO 4217.';

COMMENT ON COLUMN "public"."services"."description" IS 'What the customer gets.';

COMMENT ON COLUMN "public"."services"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."services"."name" IS 'Name shown to customers.';

COMMENT ON COLUMN "public"."services"."status" IS 'draft, active or archived.';

COMMENT ON COLUMN "public"."services"."tax_rate_percent" IS 'Tax in percent, 0 to 100.';

COMMENT ON COLUMN "public"."services"."unit_price" IS 'Price of one unit, in currency.';

COMMENT ON COLUMN "public"."services"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."services"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."system_config"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."system_config"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."system_config"."description" IS 'What the setting does.';

COMMENT ON COLUMN "public"."system_config"."key" IS 'Name of the setting, lower case with dots, such as maintenance.enabled.';

COMMENT ON COLUMN "public"."system_config"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."system_config"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."system_config"."value" IS 'The value.';

COMMENT ON COLUMN "public"."users"."company_id" IS 'Company (tenant) that the membership is in. Never changes.';

COMMENT ON COLUMN "public"."users"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."users"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."users"."disabled_at" IS 'When the member was disabled; set exactly while they are.';

COMMENT ON COLUMN "public"."users"."email" IS 'Address shown to colleagues; sign-in uses the one in auth.users.';

COMMENT ON COLUMN "public"."users"."full_name" IS 'Name shown to colleagues.';

COMMENT ON COLUMN "public"."users"."granted_permissions" IS 'Permissions assigned beyond those of the role.';

COMMENT ON COLUMN "public"."users"."id" IS 'The person: their Supabase Auth user id. The same id stands once in each company they belong to.';

COMMENT ON COLUMN "public"."users"."job_title" IS 'What they do at the company.';

COMMENT ON COLUMN "public"."users"."locale" IS 'Preferred language, BCP 47, such as en or de-AT.';

COMMENT ON COLUMN "public"."users"."phone" IS 'Telephone in international form (E.164).';

COMMENT ON COLUMN "public"."users"."revoked_permissions" IS 'Permissions taken away although the role has them; outranks every grant.';

COMMENT ON COLUMN "public"."users"."role" IS 'client, agent, compliance_admin, or admin (only in the operator company).';

COMMENT ON COLUMN "public"."users"."selected_at" IS 'When the person last switched to this company; the latest one is their default company.';

COMMENT ON COLUMN "public"."users"."status" IS 'active or disabled. A disabled member gets no rows from the next statement on.';

COMMENT ON COLUMN "public"."users"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."users"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON FUNCTION "private"."actor_id"() IS 'current_user_id() for row triggers: kept for the transaction beside the claims that it was read from.';

COMMENT ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) IS 'Implementation of public.assign_permission() and public.remove_permission().';

COMMENT ON FUNCTION "private"."close_partition"(text) IS 'Takes every grant off a partition, switches row level security on and lets nobody in.';

COMMENT ON FUNCTION "private"."company_for"(text) IS 'The gate: id of the caller''s active company if they hold the permission (resource.verb) there, else null. Null permission asks for membership alone. Chosen by header x-company-id, then the token''s company_id, then the default membership; backed by public.users and public.companies on every statement. Never raises.';

COMMENT ON FUNCTION "private"."create_month_partition"(text, date) IS 'Creates one monthly partition (UTC months), moves its rows over from the default partition and attaches it. False if it is there already. Errors: 55P03 when the table stays in use for half a second.';

COMMENT ON FUNCTION "private"."current_user_id"() IS 'The signed-in auth user (the token''s sub), or null; null for anonymous sign-ins. Like auth.uid(), but never raises on a malformed token.';

COMMENT ON FUNCTION "private"."custom_access_token_hook"(jsonb) IS 'Supabase Auth custom access token hook: adds company_id, company_role, permissions, and role platform_admin for admins. Ignores user_metadata and app_metadata. Never raises.';

COMMENT ON FUNCTION "private"."default_company"(uuid) IS 'The active company that a person last switched to, else the one they joined first; null without an active membership.';

COMMENT ON FUNCTION "private"."is_admin"(uuid) IS 'True if that person is an active admin of the active operator company.';

COMMENT ON FUNCTION "private"."is_importing"() IS 'True while a role that bypasses row level security imports rows (set local app.importing = ''on'').';

COMMENT ON FUNCTION "private"."is_platform_admin"() IS 'True if the caller is, by the tables and now, an active admin of the active operator company.';

COMMENT ON FUNCTION "private"."maintain_partitions"() IS 'Implementation of public.maintain_partitions().';

COMMENT ON FUNCTION "private"."my_companies"() IS 'Implementation of public.my_companies().';

COMMENT ON FUNCTION "private"."parse_json_object"(text) IS 'The text as a jsonb object, or null when it is empty, no JSON or no object. Never raises.';

COMMENT ON FUNCTION "private"."parse_uuid"(text) IS 'The text as a UUID, or null when it is none. Never raises.';

COMMENT ON FUNCTION "private"."permissions_of"(uuid, uuid) IS 'Permissions of an active member in a company: role, plus granted, minus revoked; sorted.';

COMMENT ON FUNCTION "private"."refuse_without_admin"(uuid) IS 'Refuses an operator''s change that would leave no other active admin. Errors: 42501 last_admin.';

COMMENT ON FUNCTION "private"."schedule_maintenance"() IS 'Schedules the daily maintenance with pg_cron. False if the extension is not installed. Safe to repeat.';

COMMENT ON FUNCTION "private"."switch_company"(uuid) IS 'Implementation of public.switch_company().';

COMMENT ON FUNCTION "private"."tg_ai_agents__set_archived_at"() IS 'Row trigger: archived_at in step with status.';

COMMENT ON FUNCTION "private"."tg_budget_alerts__set_acknowledged_by"() IS 'Row trigger: the first acknowledgement counts, its time and author are the database''s.';

COMMENT ON FUNCTION "private"."tg_companies__check"() IS 'Row trigger: checks the time zone, keeps suspended_at and closed_at in step with status. Errors: 22023 invalid_time_zone.';

COMMENT ON FUNCTION "private"."tg_companies__keep_operator"() IS 'Row trigger: the operator company is not deleted. Errors: 42501 operator_company.';

COMMENT ON FUNCTION "private"."tg_company_plans__set_defaults"() IS 'Row trigger: limit and features of the tier where none are stated, a new active plan ends the one before, ended_at in step with is_active. Errors: 23502 plan_limit_required.';

COMMENT ON FUNCTION "private"."tg_compliance_requests__check"() IS 'Row trigger: due date by regulation (GDPR Art. 12(3); CCPA section 1798.130), allowed transitions, completed_at in step with status. Errors: 23514 invalid_transition, request_closed.';

COMMENT ON FUNCTION "private"."tg_invoice_line_items__sum_up"() IS 'Statement trigger: keeps the invoices'' totals; refuses lines of a sent invoice. Errors: 23514 invoice_not_draft.';

COMMENT ON FUNCTION "private"."tg_invoices__check"() IS 'Row trigger: allowed transitions, frozen once sent, paid_at and voided_at in step with status. Errors: 23514 invalid_transition, invoice_not_draft.';

COMMENT ON FUNCTION "private"."tg_jobs__check"() IS 'Row trigger: allowed transitions, started_at and finished_at in step with status. Counts attempts. Errors: 23514 invalid_transition, job_finished, attempts_used_up.';

COMMENT ON FUNCTION "private"."tg_row__refuse_change"() IS 'Trigger of append-only tables: refuses update, delete and truncate. Errors: 42501 append_only.';

COMMENT ON FUNCTION "private"."tg_row__refuse_move"() IS 'Row trigger: refuses to change company_id or id. Errors: 42501 row_identity_immutable.';

COMMENT ON FUNCTION "private"."tg_row__set_creator"() IS 'Row trigger of append-only tables: sets created_by.';

COMMENT ON FUNCTION "private"."tg_row__set_meta"() IS 'Row trigger: keeps created_at/by and sets updated_at/by.';

COMMENT ON FUNCTION "private"."tg_security_policies__supersede"() IS 'Row trigger: numbers a new policy and retires the one in force.';

COMMENT ON FUNCTION "private"."tg_users__check"() IS 'Row trigger: role admin only in the operator company, known permissions only, disabled_at in step with status. Errors: 42501 admin_outside_operator, last_admin, 23514 unknown_permission.';

COMMENT ON FUNCTION "private"."tg_users__keep_admin"() IS 'Row trigger: an operator does not delete the last active admin. Errors: 42501 last_admin.';

COMMENT ON FUNCTION "private"."tg_users__release_jobs"() IS 'Row trigger: takes a leaving member off their jobs, in that company only.';

COMMENT ON FUNCTION "private"."uuid_v7"() IS 'A time-ordered UUID, version 7 (RFC 9562), millisecond precision.';

COMMENT ON FUNCTION "public"."assign_permission"(uuid, text) IS 'Assigns one permission (resource.verb) to a member of the caller''s active company. Takes users.write and the permission itself. Returns the member''s permissions; safe to repeat. Errors: 42501 permission_not_held, own_permissions, member_outranks, not_a_member.';

COMMENT ON FUNCTION "public"."maintain_partitions"() IS 'Creates the monthly partitions that are missing up to months_ahead and returns how many. Run it daily: pg_cron does where it is installed, any scheduler with the service_role key elsewhere. Safe to repeat and to run twice at once; a partition whose table is in use is left to the next run, with a warning.';

COMMENT ON FUNCTION "public"."my_companies"() IS 'The companies in which the caller is an active member, with role, permissions, the company''s status and which one is active for this request. Sorted by name. Errors: none; no rows without a membership.';

COMMENT ON FUNCTION "public"."remove_permission"(uuid, text) IS 'Takes one permission (resource.verb) away from a member of the caller''s active company, also where the role brings it. Takes users.write and the permission itself. Returns the member''s permissions; safe to repeat. Errors: 42501 permission_not_held, own_permissions, member_outranks, not_a_member.';

COMMENT ON FUNCTION "public"."switch_company"(uuid) IS 'Makes a company the caller''s default; the next token carries it. Refresh the session afterwards, or send header x-company-id. Returns the company id; safe to repeat. Errors: 42501 not_a_member.';

COMMENT ON POLICY "all_platform_admin" ON "public"."agent_logs" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "insert_member" ON "public"."agent_logs" IS 'Members holding agent_logs.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."agent_logs" IS 'Members holding agent_logs.read see the rows of their active company.';

COMMENT ON POLICY "all_platform_admin" ON "public"."ai_agents" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."ai_agents" IS 'Members holding agents.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."ai_agents" IS 'Members holding agents.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."ai_agents" IS 'Members holding agents.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."ai_agents" IS 'Members holding agents.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "select_member" ON "public"."api_keys" IS 'Members holding api_keys.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."api_keys" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."api_usage" IS 'Members holding usage.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."api_usage" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."audit_logs" IS 'Members holding audit.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."audit_logs" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "all_platform_admin" ON "public"."budget_alerts" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."budget_alerts" IS 'Members holding usage.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."budget_alerts" IS 'Members holding usage.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "select_member" ON "public"."budget_periods" IS 'Members holding usage.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."budget_periods" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "all_platform_admin" ON "public"."companies" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."companies" IS 'Members holding company.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."companies" IS 'Members holding company.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."company_config" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."company_config" IS 'Members holding company.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."company_config" IS 'Members holding company.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."company_plans" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."company_plans" IS 'Members holding billing.read see the rows of their active company.';

COMMENT ON POLICY "all_platform_admin" ON "public"."compliance_requests" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "insert_member" ON "public"."compliance_requests" IS 'Members holding compliance.manage add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."compliance_requests" IS 'Members holding compliance.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."compliance_requests" IS 'Members holding compliance.manage change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "select_member" ON "public"."data_retention_logs" IS 'Members holding compliance.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."data_retention_logs" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "all_platform_admin" ON "public"."data_retention_policies" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."data_retention_policies" IS 'Members holding compliance.manage delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."data_retention_policies" IS 'Members holding compliance.manage add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."data_retention_policies" IS 'Members holding compliance.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."data_retention_policies" IS 'Members holding compliance.manage change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."documents" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."documents" IS 'Members holding documents.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."documents" IS 'Members holding documents.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."documents" IS 'Members holding documents.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."documents" IS 'Members holding documents.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."invoice_line_items" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."invoice_line_items" IS 'Members holding invoices.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."invoice_line_items" IS 'Members holding invoices.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."invoice_line_items" IS 'Members holding invoices.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."invoice_line_items" IS 'Members holding invoices.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."invoices" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."invoices" IS 'Members holding invoices.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."invoices" IS 'Members holding invoices.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."invoices" IS 'Members holding invoices.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."invoices" IS 'Members holding invoices.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."ip_allowlist_entries" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."ip_allowlist_entries" IS 'Members holding security.manage delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."ip_allowlist_entries" IS 'Members holding security.manage add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."ip_allowlist_entries" IS 'Members holding security.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."ip_allowlist_entries" IS 'Members holding security.manage change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."jobs" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."jobs" IS 'Members holding jobs.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."jobs" IS 'Members holding jobs.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."jobs" IS 'Members holding jobs.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."jobs" IS 'Members holding jobs.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."media_assets" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."media_assets" IS 'Members holding media.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."media_assets" IS 'Members holding media.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."media_assets" IS 'Members holding media.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."media_assets" IS 'Members holding media.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."security_policies" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "insert_member" ON "public"."security_policies" IS 'Members holding security.manage add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."security_policies" IS 'Members holding security.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."security_policies" IS 'Members holding security.manage change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."services" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."services" IS 'Members holding services.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."services" IS 'Members holding services.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."services" IS 'Members holding services.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."services" IS 'Members holding services.write change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."system_config" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "all_platform_admin" ON "public"."users" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "select_member" ON "public"."users" IS 'Members holding users.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."users" IS 'Members holding users.write change rows of their active company and cannot move them out of it.';

COMMENT ON SCHEMA "private" IS 'Helpers, trigger functions and internal tables of the tenancy layer. Never an API schema.';

COMMENT ON TABLE "private"."api_key_secrets" IS 'SHA-256 of each API key. No API role may read it.';

COMMENT ON TABLE "private"."partitioned_tables" IS 'Tables partitioned by month, and how many months ahead are kept ready.';

COMMENT ON TABLE "private"."permissions" IS 'Every permission that exists, as resource.verb.';

COMMENT ON TABLE "private"."plan_tiers" IS 'Monthly limit (US dollars) and features that a plan of each tier starts with.';

COMMENT ON TABLE "private"."role_permissions" IS 'Which permissions a role brings; users.granted_permissions and revoked_permissions change it per member.';

COMMENT ON TABLE "public"."agent_logs" IS 'Log of AI agents. Append-only; partitioned by month of created_at.';

COMMENT ON TABLE "public"."ai_agents" IS 'AI agents of a company: provider, model and configuration.';

COMMENT ON TABLE "public"."api_keys" IS 'API keys of a company, without their secrets.';

COMMENT ON TABLE "public"."api_usage" IS 'Ledger of API usage. Append-only; partitioned by month of occurred_at. Written by the budget functions.';

COMMENT ON TABLE "public"."audit_logs" IS 'Audit log of a company. Append-only; partitioned by month of created_at.';

COMMENT ON TABLE "public"."budget_alerts" IS 'Alerts: a threshold of the monthly limit was reached.';

COMMENT ON TABLE "public"."budget_periods" IS 'Budget of a company per calendar month (its time zone). Amounts in millionths of a US dollar.';

COMMENT ON TABLE "public"."companies" IS 'Tenants. A member sees the one active company; nobody but the operator sees others.';

COMMENT ON TABLE "public"."company_config" IS 'Settings of a company, one row each.';

COMMENT ON TABLE "public"."company_plans" IS 'Plans of a company: tier, monthly limit and features. At most one is active.';

COMMENT ON TABLE "public"."compliance_requests" IS 'Data subject requests of a company, with due dates.';

COMMENT ON TABLE "public"."data_retention_logs" IS 'Log of retention runs. Written by the platform only.';

COMMENT ON TABLE "public"."data_retention_policies" IS 'Retention policies of a company, one per class of data.';

COMMENT ON TABLE "public"."documents" IS 'Documents of a company. The file is in storage bucket documents.';

COMMENT ON TABLE "public"."invoice_line_items" IS 'Lines of invoices; only a draft''s may change.';

COMMENT ON TABLE "public"."invoices" IS 'Invoices. Amounts come from the lines; a sent invoice is frozen.';

COMMENT ON TABLE "public"."ip_allowlist_entries" IS 'IP allowlist of a company.';

COMMENT ON TABLE "public"."jobs" IS 'Jobs of a company: payload, result, attempts and state.';

COMMENT ON TABLE "public"."media_assets" IS 'Images, video and audio of a company. The file is in storage bucket media.';

COMMENT ON TABLE "public"."security_policies" IS 'Security policies of a company, versioned; one is active.';

COMMENT ON TABLE "public"."services" IS 'Services that a company offers, with price and billing unit.';

COMMENT ON TABLE "public"."system_config" IS 'Platform-wide settings. Operators only; no company_id on purpose.';

COMMENT ON TABLE "public"."users" IS 'Members of companies: who belongs where, in which role, with which permissions. The row is the membership.';

REVOKE ALL ON FUNCTION "private"."actor_id"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."actor_id"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."close_partition"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."company_for"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."company_for"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."create_month_partition"(text, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."current_user_id"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."current_user_id"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."custom_access_token_hook"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."custom_access_token_hook"(jsonb) TO "supabase_auth_admin";

REVOKE ALL ON FUNCTION "private"."default_company"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_admin"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_importing"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_importing"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."is_platform_admin"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_platform_admin"() TO "platform_admin";

REVOKE ALL ON FUNCTION "private"."maintain_partitions"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."maintain_partitions"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."my_companies"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_companies"() TO "authenticated", "platform_admin";

REVOKE ALL ON FUNCTION "private"."parse_json_object"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."parse_json_object"(text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."parse_uuid"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."parse_uuid"(text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."permissions_of"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_without_admin"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."schedule_maintenance"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."switch_company"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."switch_company"(uuid) TO "authenticated", "platform_admin";

REVOKE ALL ON FUNCTION "private"."tg_ai_agents__set_archived_at"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_budget_alerts__set_acknowledged_by"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_companies__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_companies__keep_operator"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_company_plans__set_defaults"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_compliance_requests__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_invoice_line_items__sum_up"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_invoices__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_jobs__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__refuse_change"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__refuse_move"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__set_creator"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__set_meta"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_security_policies__supersede"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__keep_admin"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__release_jobs"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."uuid_v7"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."uuid_v7"() TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."assign_permission"(uuid, text) TO "authenticated";

GRANT EXECUTE ON FUNCTION "public"."maintain_partitions"() TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."my_companies"() TO "authenticated", "platform_admin";

GRANT EXECUTE ON FUNCTION "public"."remove_permission"(uuid, text) TO "authenticated";

GRANT EXECUTE ON FUNCTION "public"."switch_company"(uuid) TO "authenticated", "platform_admin";

GRANT USAGE ON SCHEMA "private" TO "authenticated", "platform_admin", "service_role", "supabase_auth_admin";

REVOKE ALL ON SCHEMA "public" FROM "platform_admin";

GRANT USAGE ON SCHEMA "public" TO "platform_admin";

REVOKE ALL ON TABLE "public"."agent_logs" FROM "authenticated";

REVOKE ALL ("agent_id") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("agent_id") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("data") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("data") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("duration_ms") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("duration_ms") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("event") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("event") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("job_id") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("job_id") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("level") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("level") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("message") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("message") ON TABLE "public"."agent_logs" TO "authenticated";

REVOKE ALL ("request_id") ON TABLE "public"."agent_logs" FROM "authenticated";

GRANT INSERT ("request_id") ON TABLE "public"."agent_logs" TO "authenticated";

GRANT SELECT ON TABLE "public"."agent_logs" TO "authenticated";

GRANT INSERT ("agent_id") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("data") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("duration_ms") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("event") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("job_id") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("level") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("message") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT INSERT ("request_id") ON TABLE "public"."agent_logs" TO "platform_admin";

GRANT SELECT ON TABLE "public"."agent_logs" TO "platform_admin";

REVOKE ALL ON TABLE "public"."agent_logs" FROM "service_role";

REVOKE ALL ("agent_id") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("agent_id") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("created_by") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("data") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("data") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("duration_ms") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("duration_ms") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("event") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("event") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("job_id") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("job_id") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("level") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("level") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("message") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("message") ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ("request_id") ON TABLE "public"."agent_logs" FROM "service_role";

GRANT INSERT ("request_id") ON TABLE "public"."agent_logs" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."agent_logs" TO "service_role";

REVOKE ALL ON TABLE "public"."ai_agents" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("configuration") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("configuration"), UPDATE ("configuration") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("description") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("max_output_tokens") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("max_output_tokens"), UPDATE ("max_output_tokens") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("model") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("model"), UPDATE ("model") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("monthly_limit_micro_usd") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("provider") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("provider"), UPDATE ("provider") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("system_prompt") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("system_prompt"), UPDATE ("system_prompt") ON TABLE "public"."ai_agents" TO "authenticated";

REVOKE ALL ("temperature") ON TABLE "public"."ai_agents" FROM "authenticated";

GRANT INSERT ("temperature"), UPDATE ("temperature") ON TABLE "public"."ai_agents" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."ai_agents" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("configuration"), UPDATE ("configuration") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("max_output_tokens"), UPDATE ("max_output_tokens") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("model"), UPDATE ("model") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("provider"), UPDATE ("provider") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("system_prompt"), UPDATE ("system_prompt") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT INSERT ("temperature"), UPDATE ("temperature") ON TABLE "public"."ai_agents" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."ai_agents" TO "platform_admin";

REVOKE ALL ON TABLE "public"."ai_agents" FROM "service_role";

REVOKE ALL ("archived_at") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("archived_at"), UPDATE ("archived_at") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("configuration") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("configuration"), UPDATE ("configuration") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("max_output_tokens") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("max_output_tokens"), UPDATE ("max_output_tokens") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("model") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("model"), UPDATE ("model") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("monthly_limit_micro_usd") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("name") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("provider") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("provider"), UPDATE ("provider") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("system_prompt") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("system_prompt"), UPDATE ("system_prompt") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("temperature") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("temperature"), UPDATE ("temperature") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."ai_agents" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."ai_agents" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."ai_agents" TO "service_role";

REVOKE ALL ON TABLE "public"."api_keys" FROM "authenticated";

GRANT SELECT ON TABLE "public"."api_keys" TO "authenticated";

GRANT SELECT ON TABLE "public"."api_keys" TO "platform_admin";

REVOKE ALL ON TABLE "public"."api_keys" FROM "service_role";

REVOKE ALL ("allowed_networks") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("allowed_networks"), UPDATE ("allowed_networks") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("expires_at") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("expires_at"), UPDATE ("expires_at") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("last_used_at") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("last_used_at"), UPDATE ("last_used_at") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("name") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("permissions") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("permissions"), UPDATE ("permissions") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("prefix") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("prefix"), UPDATE ("prefix") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("rate_limit_per_minute") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("rate_limit_per_minute"), UPDATE ("rate_limit_per_minute") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("revoked_at") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("revoked_at"), UPDATE ("revoked_at") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."api_keys" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."api_keys" TO "service_role";

REVOKE ALL ON TABLE "public"."api_usage" FROM "authenticated";

GRANT SELECT ON TABLE "public"."api_usage" TO "authenticated";

GRANT SELECT ON TABLE "public"."api_usage" TO "platform_admin";

REVOKE ALL ON TABLE "public"."api_usage" FROM "service_role";

REVOKE ALL ("agent_id") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("agent_id") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("cost_micro_usd") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("cost_micro_usd") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("created_by") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("description") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("input_tokens") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("input_tokens") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("is_over_budget") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("is_over_budget") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("metadata") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("metadata") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("model") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("model") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("occurred_at") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("occurred_at") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("output_tokens") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("output_tokens") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("request_id") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("request_id") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("service") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("service") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("units") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("units") ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ("unit") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("unit") ON TABLE "public"."api_usage" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."api_usage" TO "service_role";

REVOKE ALL ON TABLE "public"."audit_logs" FROM "authenticated";

GRANT SELECT ON TABLE "public"."audit_logs" TO "authenticated";

GRANT SELECT ON TABLE "public"."audit_logs" TO "platform_admin";

REVOKE ALL ON TABLE "public"."audit_logs" FROM "service_role";

REVOKE ALL ("action") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("action") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("actor_id") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("actor_id") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("actor_role") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("actor_role") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("changes") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("changes") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("created_by") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("ip_address") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("ip_address") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("request_id") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("request_id") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("row_id") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("row_id") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("table_name") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("table_name") ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ("user_agent") ON TABLE "public"."audit_logs" FROM "service_role";

GRANT INSERT ("user_agent") ON TABLE "public"."audit_logs" TO "service_role";

GRANT SELECT ON TABLE "public"."audit_logs" TO "service_role";

REVOKE ALL ON TABLE "public"."budget_alerts" FROM "authenticated";

REVOKE ALL ("acknowledged_at") ON TABLE "public"."budget_alerts" FROM "authenticated";

GRANT UPDATE ("acknowledged_at") ON TABLE "public"."budget_alerts" TO "authenticated";

GRANT SELECT ON TABLE "public"."budget_alerts" TO "authenticated";

GRANT UPDATE ("acknowledged_at") ON TABLE "public"."budget_alerts" TO "platform_admin";

GRANT SELECT ON TABLE "public"."budget_alerts" TO "platform_admin";

REVOKE ALL ON TABLE "public"."budget_alerts" FROM "service_role";

REVOKE ALL ("acknowledged_at") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("acknowledged_at"), UPDATE ("acknowledged_at") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("acknowledged_by") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("acknowledged_by"), UPDATE ("acknowledged_by") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("budget_period_id") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("budget_period_id"), UPDATE ("budget_period_id") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("limit_micro_usd") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("limit_micro_usd"), UPDATE ("limit_micro_usd") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("spent_micro_usd") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("spent_micro_usd"), UPDATE ("spent_micro_usd") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("threshold_percent") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("threshold_percent"), UPDATE ("threshold_percent") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."budget_alerts" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."budget_alerts" TO "service_role";

GRANT SELECT ON TABLE "public"."budget_alerts" TO "service_role";

REVOKE ALL ON TABLE "public"."budget_periods" FROM "authenticated";

GRANT SELECT ON TABLE "public"."budget_periods" TO "authenticated";

GRANT SELECT ON TABLE "public"."budget_periods" TO "platform_admin";

REVOKE ALL ON TABLE "public"."budget_periods" FROM "service_role";

REVOKE ALL ("closed_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("closed_at"), UPDATE ("closed_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("ends_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("ends_at"), UPDATE ("ends_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("limit_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("limit_micro_usd"), UPDATE ("limit_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("month") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("month"), UPDATE ("month") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("reserved_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("reserved_micro_usd"), UPDATE ("reserved_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("spent_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("spent_micro_usd"), UPDATE ("spent_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("starts_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("starts_at"), UPDATE ("starts_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."budget_periods" TO "service_role";

GRANT SELECT ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ON TABLE "public"."companies" FROM "authenticated";

REVOKE ALL ("address_line1") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("address_line1") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("address_line2") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("address_line2") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("city") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("city") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("contact_email") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("contact_email") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("contact_name") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("contact_name") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("contact_phone") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("contact_phone") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("country_code") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("country_code") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("legal_name") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("legal_name") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("name") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("postal_code") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("postal_code") ON TABLE "public"."companies" TO "authenticated";

REVOKE ALL ("tax_number") ON TABLE "public"."companies" FROM "authenticated";

GRANT UPDATE ("tax_number") ON TABLE "public"."companies" TO "authenticated";

GRANT SELECT ON TABLE "public"."companies" TO "authenticated";

GRANT INSERT ("address_line1"), UPDATE ("address_line1") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("address_line2"), UPDATE ("address_line2") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("city"), UPDATE ("city") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("contact_email"), UPDATE ("contact_email") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("contact_name"), UPDATE ("contact_name") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("contact_phone"), UPDATE ("contact_phone") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("country_code"), UPDATE ("country_code") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("legal_name"), UPDATE ("legal_name") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("postal_code"), UPDATE ("postal_code") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("slug"), UPDATE ("slug") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("status_reason"), UPDATE ("status_reason") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("tax_number"), UPDATE ("tax_number") ON TABLE "public"."companies" TO "platform_admin";

GRANT INSERT ("time_zone"), UPDATE ("time_zone") ON TABLE "public"."companies" TO "platform_admin";

GRANT SELECT ON TABLE "public"."companies" TO "platform_admin";

REVOKE ALL ON TABLE "public"."companies" FROM "service_role";

REVOKE ALL ("address_line1") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("address_line1"), UPDATE ("address_line1") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("address_line2") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("address_line2"), UPDATE ("address_line2") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("city") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("city"), UPDATE ("city") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("closed_at") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("closed_at"), UPDATE ("closed_at") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("contact_email") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("contact_email"), UPDATE ("contact_email") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("contact_name") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("contact_name"), UPDATE ("contact_name") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("contact_phone") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("contact_phone"), UPDATE ("contact_phone") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("country_code") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("country_code"), UPDATE ("country_code") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("currency") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("is_operator") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("is_operator"), UPDATE ("is_operator") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("legal_name") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("legal_name"), UPDATE ("legal_name") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("name") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("postal_code") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("postal_code"), UPDATE ("postal_code") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("slug") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("slug"), UPDATE ("slug") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("status_reason") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("status_reason"), UPDATE ("status_reason") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("stripe_customer_id") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("stripe_customer_id"), UPDATE ("stripe_customer_id") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("suspended_at") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("suspended_at"), UPDATE ("suspended_at") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("tax_number") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("tax_number"), UPDATE ("tax_number") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("time_zone") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("time_zone"), UPDATE ("time_zone") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."companies" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."companies" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."companies" TO "service_role";

REVOKE ALL ON TABLE "public"."company_config" FROM "authenticated";

REVOKE ALL ("default_agent_model") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("default_agent_model") ON TABLE "public"."company_config" TO "authenticated";

REVOKE ALL ("invoice_number_prefix") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("invoice_number_prefix") ON TABLE "public"."company_config" TO "authenticated";

REVOKE ALL ("invoice_payment_days") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("invoice_payment_days") ON TABLE "public"."company_config" TO "authenticated";

REVOKE ALL ("notification_emails") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("notification_emails") ON TABLE "public"."company_config" TO "authenticated";

REVOKE ALL ("settings") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("settings") ON TABLE "public"."company_config" TO "authenticated";

GRANT SELECT ON TABLE "public"."company_config" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("default_agent_model"), UPDATE ("default_agent_model") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("invoice_number_prefix"), UPDATE ("invoice_number_prefix") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("invoice_payment_days"), UPDATE ("invoice_payment_days") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("notification_emails"), UPDATE ("notification_emails") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("settings"), UPDATE ("settings") ON TABLE "public"."company_config" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."company_config" TO "platform_admin";

REVOKE ALL ON TABLE "public"."company_config" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("default_agent_model") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("default_agent_model"), UPDATE ("default_agent_model") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("invoice_number_prefix") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("invoice_number_prefix"), UPDATE ("invoice_number_prefix") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("invoice_payment_days") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("invoice_payment_days"), UPDATE ("invoice_payment_days") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("notification_emails") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("notification_emails"), UPDATE ("notification_emails") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("settings") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("settings"), UPDATE ("settings") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."company_config" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."company_config" TO "service_role";

REVOKE ALL ON TABLE "public"."company_plans" FROM "authenticated";

GRANT SELECT ON TABLE "public"."company_plans" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("features"), UPDATE ("features") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("is_active"), UPDATE ("is_active") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("monthly_limit_usd"), UPDATE ("monthly_limit_usd") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("plan_tier"), UPDATE ("plan_tier") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."company_plans" TO "platform_admin";

GRANT SELECT ON TABLE "public"."company_plans" TO "platform_admin";

REVOKE ALL ON TABLE "public"."company_plans" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("ended_at") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("ended_at"), UPDATE ("ended_at") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("features") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("features"), UPDATE ("features") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("is_active") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("is_active"), UPDATE ("is_active") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("monthly_limit_usd") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("monthly_limit_usd"), UPDATE ("monthly_limit_usd") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("plan_tier") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("plan_tier"), UPDATE ("plan_tier") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("started_at") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("stripe_price_id") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("stripe_price_id"), UPDATE ("stripe_price_id") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("stripe_subscription_id") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("stripe_subscription_id"), UPDATE ("stripe_subscription_id") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."company_plans" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."company_plans" TO "service_role";

REVOKE ALL ON TABLE "public"."compliance_requests" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("details") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("kind") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("received_at") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("received_at") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("regulation") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("regulation") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("rejection_reason") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("rejection_reason"), UPDATE ("rejection_reason") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("subject_email") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("subject_email"), UPDATE ("subject_email") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("subject_name") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("subject_name"), UPDATE ("subject_name") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("subject_user_id") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("subject_user_id"), UPDATE ("subject_user_id") ON TABLE "public"."compliance_requests" TO "authenticated";

GRANT SELECT ON TABLE "public"."compliance_requests" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("kind") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("received_at") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("regulation") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("rejection_reason"), UPDATE ("rejection_reason") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("subject_email"), UPDATE ("subject_email") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("subject_name"), UPDATE ("subject_name") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("subject_user_id"), UPDATE ("subject_user_id") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT SELECT ON TABLE "public"."compliance_requests" TO "platform_admin";

REVOKE ALL ON TABLE "public"."compliance_requests" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("completed_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("completed_at"), UPDATE ("completed_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("details") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("due_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("due_at"), UPDATE ("due_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("kind") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("received_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("received_at"), UPDATE ("received_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("regulation") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("regulation"), UPDATE ("regulation") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("rejection_reason") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("rejection_reason"), UPDATE ("rejection_reason") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("subject_email") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("subject_email"), UPDATE ("subject_email") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("subject_name") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("subject_name"), UPDATE ("subject_name") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("subject_user_id") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("subject_user_id"), UPDATE ("subject_user_id") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."compliance_requests" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ON TABLE "public"."data_retention_logs" FROM "authenticated";

GRANT SELECT ON TABLE "public"."data_retention_logs" TO "authenticated";

GRANT SELECT ON TABLE "public"."data_retention_logs" TO "platform_admin";

REVOKE ALL ON TABLE "public"."data_retention_logs" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("data_class") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("data_class"), UPDATE ("data_class") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("data_retention_policy_id") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("data_retention_policy_id"), UPDATE ("data_retention_policy_id") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("error_message") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("error_message"), UPDATE ("error_message") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("finished_at") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("finished_at"), UPDATE ("finished_at") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("is_dry_run") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("is_dry_run"), UPDATE ("is_dry_run") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("rows_affected") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("rows_affected"), UPDATE ("rows_affected") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("started_at") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."data_retention_logs" TO "service_role";

GRANT SELECT ON TABLE "public"."data_retention_logs" TO "service_role";

REVOKE ALL ON TABLE "public"."data_retention_policies" FROM "authenticated";

REVOKE ALL ("action") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("action"), UPDATE ("action") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("data_class") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("data_class"), UPDATE ("data_class") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("is_legal_hold") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("is_legal_hold"), UPDATE ("is_legal_hold") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("legal_basis") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("legal_basis"), UPDATE ("legal_basis") ON TABLE "public"."data_retention_policies" TO "authenticated";

REVOKE ALL ("retention_days") ON TABLE "public"."data_retention_policies" FROM "authenticated";

GRANT INSERT ("retention_days"), UPDATE ("retention_days") ON TABLE "public"."data_retention_policies" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."data_retention_policies" TO "authenticated";

GRANT INSERT ("action"), UPDATE ("action") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("data_class"), UPDATE ("data_class") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("is_legal_hold"), UPDATE ("is_legal_hold") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("legal_basis"), UPDATE ("legal_basis") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT INSERT ("retention_days"), UPDATE ("retention_days") ON TABLE "public"."data_retention_policies" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."data_retention_policies" TO "platform_admin";

REVOKE ALL ON TABLE "public"."data_retention_policies" FROM "service_role";

REVOKE ALL ("action") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("action"), UPDATE ("action") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("data_class") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("data_class"), UPDATE ("data_class") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("is_legal_hold") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("is_legal_hold"), UPDATE ("is_legal_hold") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("legal_basis") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("legal_basis"), UPDATE ("legal_basis") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("retention_days") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("retention_days"), UPDATE ("retention_days") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."data_retention_policies" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."data_retention_policies" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."data_retention_policies" TO "service_role";

REVOKE ALL ON TABLE "public"."documents" FROM "authenticated";

REVOKE ALL ("checksum_sha256") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("confidentiality") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("confidentiality"), UPDATE ("confidentiality") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("description") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("job_id") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("metadata") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("mime_type") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("size_bytes") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("storage_path") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("title") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."documents" TO "authenticated";

REVOKE ALL ("version") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("version"), UPDATE ("version") ON TABLE "public"."documents" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."documents" TO "authenticated";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("confidentiality"), UPDATE ("confidentiality") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."documents" TO "platform_admin";

GRANT INSERT ("version"), UPDATE ("version") ON TABLE "public"."documents" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."documents" TO "platform_admin";

REVOKE ALL ON TABLE "public"."documents" FROM "service_role";

REVOKE ALL ("checksum_sha256") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("confidentiality") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("confidentiality"), UPDATE ("confidentiality") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("job_id") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("metadata") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("mime_type") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("size_bytes") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("storage_path") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("title") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ("version") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("version"), UPDATE ("version") ON TABLE "public"."documents" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."documents" TO "service_role";

REVOKE ALL ON TABLE "public"."invoice_line_items" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("description") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("invoice_id") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("invoice_id") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("position") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("position"), UPDATE ("position") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("quantity") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("quantity"), UPDATE ("quantity") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("service_id") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("tax_rate_percent") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."invoice_line_items" TO "authenticated";

REVOKE ALL ("unit_amount") ON TABLE "public"."invoice_line_items" FROM "authenticated";

GRANT INSERT ("unit_amount"), UPDATE ("unit_amount") ON TABLE "public"."invoice_line_items" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."invoice_line_items" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("invoice_id") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("position"), UPDATE ("position") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("quantity"), UPDATE ("quantity") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT INSERT ("unit_amount"), UPDATE ("unit_amount") ON TABLE "public"."invoice_line_items" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."invoice_line_items" TO "platform_admin";

REVOKE ALL ON TABLE "public"."invoice_line_items" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("invoice_id") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("invoice_id") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("position") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("position"), UPDATE ("position") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("quantity") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("quantity"), UPDATE ("quantity") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("service_id") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("tax_rate_percent") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("unit_amount") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("unit_amount"), UPDATE ("unit_amount") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."invoice_line_items" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."invoice_line_items" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."invoice_line_items" TO "service_role";

REVOKE ALL ON TABLE "public"."invoices" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("currency") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("customer_address") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("customer_address"), UPDATE ("customer_address") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("customer_email") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("customer_email"), UPDATE ("customer_email") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("customer_name") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("customer_name"), UPDATE ("customer_name") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("due_on") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("due_on"), UPDATE ("due_on") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("issued_on") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("issued_on"), UPDATE ("issued_on") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("notes") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("notes"), UPDATE ("notes") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("number") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("number"), UPDATE ("number") ON TABLE "public"."invoices" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."invoices" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."invoices" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."invoices" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("customer_address"), UPDATE ("customer_address") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("customer_email"), UPDATE ("customer_email") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("customer_name"), UPDATE ("customer_name") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("due_on"), UPDATE ("due_on") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("issued_on"), UPDATE ("issued_on") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("notes"), UPDATE ("notes") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("number"), UPDATE ("number") ON TABLE "public"."invoices" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."invoices" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."invoices" TO "platform_admin";

REVOKE ALL ON TABLE "public"."invoices" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("currency") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("customer_address") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("customer_address"), UPDATE ("customer_address") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("customer_email") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("customer_email"), UPDATE ("customer_email") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("customer_name") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("customer_name"), UPDATE ("customer_name") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("due_on") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("due_on"), UPDATE ("due_on") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("issued_on") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("issued_on"), UPDATE ("issued_on") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("notes") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("notes"), UPDATE ("notes") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("number") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("number"), UPDATE ("number") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("paid_at") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("paid_at"), UPDATE ("paid_at") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("stripe_invoice_id") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("stripe_invoice_id"), UPDATE ("stripe_invoice_id") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("subtotal_amount") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("subtotal_amount"), UPDATE ("subtotal_amount") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("tax_amount") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("tax_amount"), UPDATE ("tax_amount") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ("voided_at") ON TABLE "public"."invoices" FROM "service_role";

GRANT INSERT ("voided_at"), UPDATE ("voided_at") ON TABLE "public"."invoices" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."invoices" TO "service_role";

REVOKE ALL ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

REVOKE ALL ("expires_at") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("expires_at"), UPDATE ("expires_at") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

REVOKE ALL ("is_enabled") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("is_enabled"), UPDATE ("is_enabled") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

REVOKE ALL ("label") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("label"), UPDATE ("label") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

REVOKE ALL ("network") ON TABLE "public"."ip_allowlist_entries" FROM "authenticated";

GRANT INSERT ("network"), UPDATE ("network") ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."ip_allowlist_entries" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT INSERT ("expires_at"), UPDATE ("expires_at") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT INSERT ("is_enabled"), UPDATE ("is_enabled") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT INSERT ("label"), UPDATE ("label") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT INSERT ("network"), UPDATE ("network") ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."ip_allowlist_entries" TO "platform_admin";

REVOKE ALL ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("expires_at") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("expires_at"), UPDATE ("expires_at") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("is_enabled") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("is_enabled"), UPDATE ("is_enabled") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("label") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("label"), UPDATE ("label") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("network") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("network"), UPDATE ("network") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."ip_allowlist_entries" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."ip_allowlist_entries" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."ip_allowlist_entries" TO "service_role";

REVOKE ALL ON TABLE "public"."jobs" FROM "authenticated";

REVOKE ALL ("agent_id") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("agent_id"), UPDATE ("agent_id") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("assigned_user_id") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("assigned_user_id"), UPDATE ("assigned_user_id") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("error_message") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("error_message"), UPDATE ("error_message") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("max_attempts") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("max_attempts"), UPDATE ("max_attempts") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("payload") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("payload"), UPDATE ("payload") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("priority") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("priority"), UPDATE ("priority") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("result") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("result"), UPDATE ("result") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("scheduled_at") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("scheduled_at"), UPDATE ("scheduled_at") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("service_id") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("started_at") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."jobs" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."jobs" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."jobs" TO "authenticated";

GRANT INSERT ("agent_id"), UPDATE ("agent_id") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("assigned_user_id"), UPDATE ("assigned_user_id") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("error_message"), UPDATE ("error_message") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("max_attempts"), UPDATE ("max_attempts") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("payload"), UPDATE ("payload") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("priority"), UPDATE ("priority") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("result"), UPDATE ("result") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("scheduled_at"), UPDATE ("scheduled_at") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."jobs" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."jobs" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."jobs" TO "platform_admin";

REVOKE ALL ON TABLE "public"."jobs" FROM "service_role";

REVOKE ALL ("agent_id") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("agent_id"), UPDATE ("agent_id") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("assigned_user_id") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("assigned_user_id"), UPDATE ("assigned_user_id") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("attempts") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("attempts"), UPDATE ("attempts") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("error_message") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("error_message"), UPDATE ("error_message") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("finished_at") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("finished_at"), UPDATE ("finished_at") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("kind") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("max_attempts") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("max_attempts"), UPDATE ("max_attempts") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("payload") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("payload"), UPDATE ("payload") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("priority") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("priority"), UPDATE ("priority") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("result") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("result"), UPDATE ("result") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("scheduled_at") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("scheduled_at"), UPDATE ("scheduled_at") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("service_id") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("service_id"), UPDATE ("service_id") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("started_at") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("started_at"), UPDATE ("started_at") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."jobs" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."jobs" TO "service_role";

REVOKE ALL ON TABLE "public"."media_assets" FROM "authenticated";

REVOKE ALL ("alt_text") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("alt_text"), UPDATE ("alt_text") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("checksum_sha256") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("description") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("duration_ms") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("duration_ms"), UPDATE ("duration_ms") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("height_px") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("height_px"), UPDATE ("height_px") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("job_id") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("metadata") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("mime_type") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("size_bytes") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("storage_path") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("title") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."media_assets" TO "authenticated";

REVOKE ALL ("width_px") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("width_px"), UPDATE ("width_px") ON TABLE "public"."media_assets" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."media_assets" TO "authenticated";

GRANT INSERT ("alt_text"), UPDATE ("alt_text") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("duration_ms"), UPDATE ("duration_ms") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("height_px"), UPDATE ("height_px") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT INSERT ("width_px"), UPDATE ("width_px") ON TABLE "public"."media_assets" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."media_assets" TO "platform_admin";

REVOKE ALL ON TABLE "public"."media_assets" FROM "service_role";

REVOKE ALL ("alt_text") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("alt_text"), UPDATE ("alt_text") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("checksum_sha256") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("checksum_sha256"), UPDATE ("checksum_sha256") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("duration_ms") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("duration_ms"), UPDATE ("duration_ms") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("height_px") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("height_px"), UPDATE ("height_px") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("job_id") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("job_id"), UPDATE ("job_id") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("kind") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("metadata") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("metadata"), UPDATE ("metadata") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("mime_type") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("mime_type"), UPDATE ("mime_type") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("size_bytes") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("size_bytes"), UPDATE ("size_bytes") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("storage_path") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("storage_path"), UPDATE ("storage_path") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("title") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("title"), UPDATE ("title") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ("width_px") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("width_px"), UPDATE ("width_px") ON TABLE "public"."media_assets" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."media_assets" TO "service_role";

REVOKE ALL ON TABLE "public"."security_policies" FROM "authenticated";

REVOKE ALL ("aal2_permissions") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("aal2_permissions") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("api_key_max_age_days") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("api_key_max_age_days") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("is_active") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("is_active"), UPDATE ("is_active") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("is_ip_allowlist_enabled") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("is_ip_allowlist_enabled") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("notes") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("notes") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("required_aal") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("required_aal") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("session_idle_seconds") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("session_idle_seconds") ON TABLE "public"."security_policies" TO "authenticated";

REVOKE ALL ("session_max_age_seconds") ON TABLE "public"."security_policies" FROM "authenticated";

GRANT INSERT ("session_max_age_seconds") ON TABLE "public"."security_policies" TO "authenticated";

GRANT SELECT ON TABLE "public"."security_policies" TO "authenticated";

GRANT INSERT ("aal2_permissions") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("api_key_max_age_days") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("is_active"), UPDATE ("is_active") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("is_ip_allowlist_enabled") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("notes") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("required_aal") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("session_idle_seconds") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT INSERT ("session_max_age_seconds") ON TABLE "public"."security_policies" TO "platform_admin";

GRANT SELECT ON TABLE "public"."security_policies" TO "platform_admin";

REVOKE ALL ON TABLE "public"."security_policies" FROM "service_role";

REVOKE ALL ("aal2_permissions") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("aal2_permissions"), UPDATE ("aal2_permissions") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("api_key_max_age_days") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("api_key_max_age_days"), UPDATE ("api_key_max_age_days") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("is_active") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("is_active"), UPDATE ("is_active") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("is_ip_allowlist_enabled") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("is_ip_allowlist_enabled"), UPDATE ("is_ip_allowlist_enabled") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("notes") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("notes"), UPDATE ("notes") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("required_aal") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("required_aal"), UPDATE ("required_aal") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("session_idle_seconds") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("session_idle_seconds"), UPDATE ("session_idle_seconds") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("session_max_age_seconds") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("session_max_age_seconds"), UPDATE ("session_max_age_seconds") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ("version") ON TABLE "public"."security_policies" FROM "service_role";

GRANT INSERT ("version"), UPDATE ("version") ON TABLE "public"."security_policies" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."security_policies" TO "service_role";

REVOKE ALL ON TABLE "public"."services" FROM "authenticated";

REVOKE ALL ("billing_unit") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("billing_unit"), UPDATE ("billing_unit") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("category") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("category"), UPDATE ("category") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("code") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("code"), UPDATE ("code") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("currency") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("description") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("name") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("status") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("tax_rate_percent") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."services" TO "authenticated";

REVOKE ALL ("unit_price") ON TABLE "public"."services" FROM "authenticated";

GRANT INSERT ("unit_price"), UPDATE ("unit_price") ON TABLE "public"."services" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."services" TO "authenticated";

GRANT INSERT ("billing_unit"), UPDATE ("billing_unit") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("category"), UPDATE ("category") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("code"), UPDATE ("code") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."services" TO "platform_admin";

GRANT INSERT ("unit_price"), UPDATE ("unit_price") ON TABLE "public"."services" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."services" TO "platform_admin";

REVOKE ALL ON TABLE "public"."services" FROM "service_role";

REVOKE ALL ("billing_unit") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("billing_unit"), UPDATE ("billing_unit") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("category") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("category"), UPDATE ("category") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("code") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("code"), UPDATE ("code") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("currency") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("currency"), UPDATE ("currency") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("name") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("name"), UPDATE ("name") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("tax_rate_percent") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("tax_rate_percent"), UPDATE ("tax_rate_percent") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("unit_price") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("unit_price"), UPDATE ("unit_price") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."services" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."services" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."services" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."services" TO "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."system_config" TO "platform_admin";

GRANT INSERT ("key"), UPDATE ("key") ON TABLE "public"."system_config" TO "platform_admin";

GRANT INSERT ("value"), UPDATE ("value") ON TABLE "public"."system_config" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."system_config" TO "platform_admin";

REVOKE ALL ON TABLE "public"."system_config" FROM "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("description") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("description"), UPDATE ("description") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("key") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("key") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ("value") ON TABLE "public"."system_config" FROM "service_role";

GRANT INSERT ("value"), UPDATE ("value") ON TABLE "public"."system_config" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."system_config" TO "service_role";

REVOKE ALL ON TABLE "public"."users" FROM "authenticated";

REVOKE ALL ("full_name") ON TABLE "public"."users" FROM "authenticated";

GRANT UPDATE ("full_name") ON TABLE "public"."users" TO "authenticated";

REVOKE ALL ("job_title") ON TABLE "public"."users" FROM "authenticated";

GRANT UPDATE ("job_title") ON TABLE "public"."users" TO "authenticated";

REVOKE ALL ("locale") ON TABLE "public"."users" FROM "authenticated";

GRANT UPDATE ("locale") ON TABLE "public"."users" TO "authenticated";

REVOKE ALL ("phone") ON TABLE "public"."users" FROM "authenticated";

GRANT UPDATE ("phone") ON TABLE "public"."users" TO "authenticated";

GRANT SELECT ON TABLE "public"."users" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("email"), UPDATE ("email") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("full_name"), UPDATE ("full_name") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("granted_permissions"), UPDATE ("granted_permissions") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("job_title"), UPDATE ("job_title") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("locale"), UPDATE ("locale") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("phone"), UPDATE ("phone") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("revoked_permissions"), UPDATE ("revoked_permissions") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("role"), UPDATE ("role") ON TABLE "public"."users" TO "platform_admin";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."users" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."users" TO "platform_admin";

REVOKE ALL ON TABLE "public"."users" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("disabled_at") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("disabled_at"), UPDATE ("disabled_at") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("email") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("email"), UPDATE ("email") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("full_name") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("full_name"), UPDATE ("full_name") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("granted_permissions") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("granted_permissions"), UPDATE ("granted_permissions") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("job_title") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("job_title"), UPDATE ("job_title") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("locale") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("locale"), UPDATE ("locale") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("phone") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("phone"), UPDATE ("phone") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("revoked_permissions") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("revoked_permissions"), UPDATE ("revoked_permissions") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("role") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("role"), UPDATE ("role") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("selected_at") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("selected_at"), UPDATE ("selected_at") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("status"), UPDATE ("status") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."users" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."users" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."users" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."users" TO "service_role";

ALTER TABLE "public"."data_retention_logs"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "public"."data_retention_logs"
  ADD CONSTRAINT "data_retention_logs_pkey" PRIMARY KEY (company_id, id);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.data_retention_logs
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('data_retention_logs');

COMMENT ON COLUMN "public"."data_retention_logs"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

REVOKE ALL ("id") ON TABLE "public"."data_retention_logs" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."data_retention_logs" TO "service_role";

ALTER TABLE "public"."documents"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "public"."documents"
  ADD CONSTRAINT "documents_pkey" PRIMARY KEY (company_id, id);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.documents
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('documents');

COMMENT ON COLUMN "public"."documents"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

REVOKE ALL ("id") ON TABLE "public"."documents" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."documents" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."documents" TO "platform_admin";

REVOKE ALL ("id") ON TABLE "public"."documents" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."documents" TO "service_role";

ALTER TABLE "public"."jobs"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "public"."jobs"
  ADD CONSTRAINT "jobs_pkey" PRIMARY KEY (company_id, id);

ALTER TABLE "public"."agent_logs"
  ADD CONSTRAINT "agent_logs_job_fk" FOREIGN KEY (company_id, job_id) REFERENCES public.jobs(company_id, id);

ALTER TABLE "public"."documents"
  ADD CONSTRAINT "documents_job_fk" FOREIGN KEY (company_id, job_id) REFERENCES public.jobs(company_id, id);

ALTER TABLE "public"."media_assets"
  ADD CONSTRAINT "media_assets_job_fk" FOREIGN KEY (company_id, job_id) REFERENCES public.jobs(company_id, id);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.jobs
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('jobs');

COMMENT ON COLUMN "public"."jobs"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

REVOKE ALL ("id") ON TABLE "public"."jobs" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."jobs" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."jobs" TO "platform_admin";

REVOKE ALL ("id") ON TABLE "public"."jobs" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."jobs" TO "service_role";

ALTER TABLE "public"."media_assets"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "public"."media_assets"
  ADD CONSTRAINT "media_assets_pkey" PRIMARY KEY (company_id, id);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.media_assets
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('media_assets');

COMMENT ON COLUMN "public"."media_assets"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

REVOKE ALL ("id") ON TABLE "public"."media_assets" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."media_assets" TO "authenticated";

GRANT INSERT ("id") ON TABLE "public"."media_assets" TO "platform_admin";

REVOKE ALL ("id") ON TABLE "public"."media_assets" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."media_assets" TO "service_role";

ALTER TABLE "public"."agent_logs"
  ALTER COLUMN "id" SET DEFAULT private.uuid_v7();

ALTER TABLE "public"."api_usage"
  ALTER COLUMN "id" SET DEFAULT private.uuid_v7();

ALTER TABLE "public"."audit_logs"
  ALTER COLUMN "id" SET DEFAULT private.uuid_v7();
