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

CREATE TABLE "private"."audit_heads" (
  "company_id" uuid   NOT NULL,
  "link_no"    bigint NOT NULL DEFAULT 0,
  "hash"       bytea  NOT NULL,
  CONSTRAINT "audit_heads_hash_is_sha256" CHECK ((length(hash) = 32)),
  CONSTRAINT "audit_heads_pkey" PRIMARY KEY (company_id)
);

ALTER TABLE "private"."audit_heads"
  SET (fillfactor=50);

CREATE TABLE "private"."audit_links" (
  "company_id"     uuid                     NOT NULL,
  "created_at"     timestamp with time zone NOT NULL,
  "transaction_id" xid8                     NOT NULL,
  "link_no"        bigint,
  "row_count"      integer                  NOT NULL,
  "rows_hash"      bytea,
  "previous_hash"  bytea,
  "hash"           bytea,
  CONSTRAINT "audit_links_pkey" PRIMARY KEY (company_id, created_at, transaction_id)
);

CREATE TABLE "private"."audit_segments" (
  "company_id"       uuid                     NOT NULL,
  "first_link_no"    bigint                   NOT NULL,
  "last_link_no"     bigint                   NOT NULL,
  "row_count"        bigint                   NOT NULL,
  "first_created_at" timestamp with time zone NOT NULL,
  "last_created_at"  timestamp with time zone NOT NULL,
  "previous_hash"    bytea                    NOT NULL,
  "hash"             bytea                    NOT NULL,
  "pruned_at"        timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "audit_segments_links_are_in_order" CHECK ((first_link_no <= last_link_no)),
  CONSTRAINT "audit_segments_pkey" PRIMARY KEY (company_id, first_link_no)
);

CREATE TABLE "private"."budget_reconciliations" (
  "company_id"       uuid                     NOT NULL,
  "budget_period_id" uuid                     NOT NULL,
  "reconciled_at"    timestamp with time zone NOT NULL,
  CONSTRAINT "budget_reconciliations_pkey" PRIMARY KEY (company_id, budget_period_id)
);

CREATE TABLE "private"."budget_reservations" (
  "company_id"        uuid                     NOT NULL,
  "agent_id"          uuid,
  "service"           text,
  "amount_micro_usd"  bigint                   NOT NULL,
  "held_in"           uuid[]                   NOT NULL,
  "expires_at"        timestamp with time zone NOT NULL,
  "released_at"       timestamp with time zone,
  "usage_id"          uuid,
  "usage_occurred_at" timestamp with time zone,
  "created_at"        timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"        uuid,
  CONSTRAINT "budget_reservations_amount_is_not_negative" CHECK ((amount_micro_usd >= 0)),
  CONSTRAINT "budget_reservations_settled_with_usage" CHECK (((usage_id IS NULL) = (usage_occurred_at IS NULL)))
);

ALTER TABLE "private"."budget_reservations"
  SET (fillfactor=80);

CREATE TABLE "private"."budget_stripes" (
  "company_id"       uuid                     NOT NULL,
  "budget_period_id" uuid                     NOT NULL,
  "stripe"           smallint                 NOT NULL,
  "generation"       integer                  NOT NULL DEFAULT 0,
  "granted"          bigint                   NOT NULL DEFAULT 0,
  "watched"          bigint                   NOT NULL DEFAULT 0,
  "spent"            bigint                   NOT NULL DEFAULT 0,
  "reserved"         bigint                   NOT NULL DEFAULT 0,
  "folded_at"        timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "budget_stripes_pkey" PRIMARY KEY (company_id, budget_period_id, stripe)
);

ALTER TABLE "private"."budget_stripes"
  SET (fillfactor=10);

CREATE TABLE "private"."column_classes" (
  "table_schema" text NOT NULL,
  "table_name"   text NOT NULL,
  "column_name"  text NOT NULL,
  "class"        text NOT NULL,
  "erasure"      text NOT NULL,
  CONSTRAINT "column_classes_class_is_known"
    CHECK ((class = ANY (ARRAY['identifier'::text, 'personal'::text, 'sensitive'::text, 'financial'::text, 'secret'::text, 'operational'::text]))),
  CONSTRAINT "column_classes_erasure_is_known" CHECK ((erasure = ANY (ARRAY['keep'::text, 'scrub'::text, 'clear'::text, 'commit'::text, 'delete'::text]))),
  CONSTRAINT "column_classes_pkey" PRIMARY KEY (table_schema, table_name, column_name),
  CONSTRAINT "column_classes_what_is_personal_can_be_erased"
    CHECK
    (((class <> ALL (ARRAY['personal'::text, 'sensitive'::text])) OR (erasure <> 'keep'::text) OR (table_name = ANY (ARRAY['users'::text, 'ip_allowlist_entries'::text,
    'api_keys'::text]))))
);

CREATE TABLE "private"."company_data_keys" (
  "company_id"      uuid                     NOT NULL,
  "key_uuid"        uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "wrapped_key"     bytea                    NOT NULL,
  "master_key_hint" text                     NOT NULL,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  "wrapped_at"      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "company_data_keys_master_key_hint_is_short_hash" CHECK ((master_key_hint ~ '^[0-9a-f]{16}$'::text)),
  CONSTRAINT "company_data_keys_pkey" PRIMARY KEY (company_id)
);

CREATE TABLE "private"."company_secrets" (
  "company_id" uuid                     NOT NULL,
  "id"         uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "agent_id"   uuid,
  "name"       text                     NOT NULL,
  "key_uuid"   uuid                     NOT NULL,
  "ciphertext" bytea                    NOT NULL,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at" timestamp with time zone NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_by" uuid,
  CONSTRAINT "company_secrets_name_is_not_blank" CHECK (((name ~ '\S'::text) AND (length(name) <= 120))),
  CONSTRAINT "company_secrets_name_is_unique_in_agent" UNIQUE NULLS NOT DISTINCT (company_id, agent_id, name),
  CONSTRAINT "company_secrets_pkey" PRIMARY KEY (company_id, id)
);

CREATE TABLE "private"."compliance_reviews" (
  "company_id"  uuid                     NOT NULL,
  "reviewed_at" timestamp with time zone,
  "reviewed_by" uuid,
  "reminded_at" timestamp with time zone,
  CONSTRAINT "compliance_reviews_pkey" PRIMARY KEY (company_id)
);

CREATE TABLE "private"."import_secret" (
  "is_only" boolean NOT NULL DEFAULT true,
  "secret"  uuid    NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT "import_secret_is_one" CHECK (is_only),
  CONSTRAINT "import_secret_pkey" PRIMARY KEY (is_only)
);

CREATE TABLE "private"."outbox_events" (
  "company_id"   uuid                     NOT NULL,
  "topic"        text                     NOT NULL,
  "payload"      jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "status"       text                     NOT NULL DEFAULT 'pending'::text,
  "attempts"     integer                  NOT NULL DEFAULT 0,
  "available_at" timestamp with time zone NOT NULL DEFAULT now(),
  "finished_at"  timestamp with time zone,
  "last_error"   text,
  "created_at"   timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "outbox_events_attempts_is_not_negative" CHECK ((attempts >= 0)),
  CONSTRAINT "outbox_events_finished_at_set_when_finished" CHECK (((status = 'pending'::text) = (finished_at IS NULL))),
  CONSTRAINT "outbox_events_payload_is_object" CHECK ((jsonb_typeof(payload) = 'object'::text)),
  CONSTRAINT "outbox_events_status_is_known" CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'dead'::text]))),
  CONSTRAINT "outbox_events_topic_is_dotted_name" CHECK ((topic ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'::text))
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

CREATE UNLOGGED TABLE "private"."rate_limit_buckets" (
  "company_id"       uuid                     NOT NULL,
  "bucket"           text                     NOT NULL,
  "tat"              timestamp with time zone NOT NULL,
  "limit_per_minute" integer                  NOT NULL DEFAULT 600,
  "burst"            integer                  NOT NULL DEFAULT 200,
  "rated_at"         timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp WITH time zone,
  CONSTRAINT "rate_limit_buckets_pkey" PRIMARY KEY (company_id, bucket)
);

ALTER TABLE "private"."rate_limit_buckets"
  SET (fillfactor=50);

CREATE TABLE "private"."retention_classes" (
  "data_class"        text    NOT NULL,
  "age_column"        text    NOT NULL,
  "is_finished"       text    NOT NULL DEFAULT 'true'::text,
  "minimum_days"      integer NOT NULL,
  "minimum_basis"     text    NOT NULL,
  "is_partitioned"    boolean NOT NULL DEFAULT false,
  "overrides_erasure" text,
  CONSTRAINT "retention_classes_minimum_days_is_not_negative" CHECK ((minimum_days >= 0)),
  CONSTRAINT "retention_classes_pkey" PRIMARY KEY (data_class)
);

CREATE TABLE "private"."role_permissions" (
  "role"       text NOT NULL,
  "permission" text NOT NULL,
  CONSTRAINT "role_permissions_pkey" PRIMARY KEY (ROLE, permission),
  CONSTRAINT "role_permissions_role_is_known" CHECK ((role = ANY (ARRAY['admin'::text, 'client'::text, 'agent'::text, 'compliance_admin'::text])))
);

CREATE TABLE "private"."subject_bundle_files" (
  "company_id" uuid                     NOT NULL,
  "request_id" uuid                     NOT NULL,
  "file_name"  text                     NOT NULL,
  "row_count"  integer                  NOT NULL,
  "content"    text                     NOT NULL,
  "sha256"     text                     NOT NULL,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "subject_bundle_files_pkey" PRIMARY KEY (company_id, request_id, file_name)
);

CREATE TABLE "private"."subject_work" (
  "company_id"    uuid                     NOT NULL,
  "request_id"    uuid                     NOT NULL,
  "user_ids"      uuid[]                   NOT NULL,
  "pattern"       text                     NOT NULL,
  "email_pattern" text                     NOT NULL,
  "text_pattern"  text                     NOT NULL,
  "pass"          integer                  NOT NULL DEFAULT 1,
  "table_name"    text,
  "position"      text[],
  "hits"          bigint                   NOT NULL DEFAULT 0,
  "rows_seen"     bigint                   NOT NULL DEFAULT 0,
  "counts"        jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "kept"          jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "remaining"     jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "started_at"    timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "subject_work_pkey" PRIMARY KEY (company_id, request_id)
);

CREATE TABLE "private"."usage_keys" (
  "company_id"      uuid                     NOT NULL,
  "idempotency_key" text                     NOT NULL,
  "usage_id"        uuid                     NOT NULL,
  "occurred_at"     timestamp with time zone NOT NULL,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "usage_keys_pkey" PRIMARY KEY (company_id, idempotency_key)
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
  CONSTRAINT "ai_agents_monthly_limit_micro_usd_is_possible" CHECK (((monthly_limit_micro_usd >= 0) AND (monthly_limit_micro_usd <= '1000000000000000'::bigint))),
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
  "replaces_id"           uuid,
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
  CONSTRAINT "api_keys_rate_limit_per_minute_is_possible" CHECK (((rate_limit_per_minute >= 1) AND (rate_limit_per_minute <= 1000000)))
);

ALTER TABLE "public"."api_keys"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."api_keys" FROM "anon";

CREATE TABLE "public"."api_usage" (
  "company_id"      uuid                     NOT NULL,
  "id"              uuid                     NOT NULL,
  "occurred_at"     timestamp with time zone NOT NULL,
  "service"         text                     NOT NULL,
  "model"           text,
  "agent_id"        uuid,
  "description"     text,
  "unit"            text                     NOT NULL,
  "units"           bigint                   NOT NULL,
  "input_tokens"    bigint,
  "output_tokens"   bigint,
  "cost_micro_usd"  bigint                   NOT NULL,
  "budget_month"    date,
  "is_out_of_month" boolean                  NOT NULL,
  "is_over_budget"  boolean                  NOT NULL,
  "request_id"      text,
  "metadata"        jsonb                    NOT NULL,
  "created_at"      timestamp with time zone NOT NULL,
  "created_by"      uuid
) PARTITION BY RANGE (occurred_at);

ALTER TABLE "public"."api_usage"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."api_usage" FROM "anon";

CREATE TABLE "public"."audit_logs" (
  "company_id"     uuid                     NOT NULL,
  "id"             uuid                     NOT NULL,
  "actor_id"       uuid,
  "actor_role"     text,
  "action"         text                     NOT NULL,
  "table_name"     text,
  "row_id"         uuid,
  "changes"        jsonb                    NOT NULL,
  "ip_address"     inet,
  "user_agent"     text,
  "request_id"     text,
  "transaction_id" xid8                     NOT NULL,
  "salt"           uuid,
  "commitments"    jsonb,
  "created_at"     timestamp with time zone NOT NULL,
  "created_by"     uuid
) PARTITION BY RANGE (created_at);

ALTER TABLE "public"."audit_logs"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."audit_logs" FROM "anon";

CREATE TABLE "public"."budget_adjustments" (
  "company_id"       uuid                     NOT NULL,
  "id"               uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "budget_period_id" uuid                     NOT NULL,
  "amount_micro_usd" bigint                   NOT NULL,
  "reason"           text                     NOT NULL,
  "created_at"       timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"       uuid,
  CONSTRAINT "budget_adjustments_amount_is_not_zero" CHECK ((amount_micro_usd <> 0)),
  CONSTRAINT "budget_adjustments_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "budget_adjustments_reason_is_not_blank" CHECK (((reason ~ '\S'::text) AND (length(reason) <= 1000)))
);

ALTER TABLE "public"."budget_adjustments"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."budget_adjustments" FROM "anon";

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
  "company_id"          uuid                     NOT NULL,
  "id"                  uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "month"               date                     NOT NULL,
  "scope"               text                     NOT NULL DEFAULT 'company'::text,
  "agent_id"            uuid,
  "service"             text,
  "starts_at"           timestamp with time zone NOT NULL,
  "ends_at"             timestamp with time zone NOT NULL,
  "limit_micro_usd"     bigint                   NOT NULL,
  "adjusted_micro_usd"  bigint                   NOT NULL DEFAULT 0,
  "spent_micro_usd"     bigint                   NOT NULL DEFAULT 0,
  "reserved_micro_usd"  bigint                   NOT NULL DEFAULT 0,
  "enforcement"         text                     NOT NULL DEFAULT 'hard'::text,
  "alert_percents"      integer[]                NOT NULL DEFAULT '{}'::integer[],
  "watch_micro_usd"     bigint,
  "stripe_count"        smallint                 NOT NULL DEFAULT 0,
  "contention"          smallint                 NOT NULL DEFAULT 0,
  "agent_limit_count"   integer                  NOT NULL DEFAULT 0,
  "service_limit_count" integer                  NOT NULL DEFAULT 0,
  "generation"          integer                  NOT NULL DEFAULT 0,
  "status"              text                     NOT NULL DEFAULT 'open'::text,
  "closed_at"           timestamp with time zone,
  "created_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"          uuid,
  "updated_by"          uuid,
  CONSTRAINT "budget_periods_amounts_are_not_negative" CHECK (((limit_micro_usd >= 0) AND (spent_micro_usd >= 0) AND (reserved_micro_usd >= 0))),
  CONSTRAINT "budget_periods_pkey" PRIMARY KEY (company_id, id)
);

ALTER TABLE "public"."budget_periods"
  ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."budget_periods"
  SET (fillfactor=70);

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
  "budget_alert_percents" integer[]                NOT NULL DEFAULT '{50,80,100}'::integer[],
  "default_agent_model"   text,
  "settings"              jsonb                    NOT NULL DEFAULT '{}'::jsonb,
  "created_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"            uuid,
  "updated_by"            uuid,
  CONSTRAINT "company_config_budget_alert_percents_are_in_range"
    CHECK
    (((cardinality(budget_alert_percents) <= 20) AND (array_position(budget_alert_percents, NULL::integer) IS NULL) AND (1 <= ALL (budget_alert_percents)) AND (1000 >= ALL
    (budget_alert_percents)))),
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
  "enforcement"            text                     NOT NULL DEFAULT 'hard'::text,
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
  CONSTRAINT "company_plans_enforcement_is_known" CHECK ((enforcement = ANY (ARRAY['hard'::text, 'soft'::text]))),
  CONSTRAINT "company_plans_features_is_object" CHECK (((jsonb_typeof(features) = 'object'::text) AND (pg_column_size(features) <= 65536))),
  CONSTRAINT "company_plans_features_rates_are_possible"
    CHECK
    (((NOT (features @? 'strict $."requests_per_minute"?(((@.type() != "null" && @.type() != "number" || @ < 1) || @ > 1000000) || @ % 1 != 0)'::jsonpath)) AND (NOT (features @?
    'strict $."request_burst"?(((@.type() != "null" && @.type() != "number" || @ < 1) || @ > 1000000) || @ % 1 != 0)'::jsonpath)))),
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
  "company_id"           uuid                     NOT NULL,
  "id"                   uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "kind"                 text                     NOT NULL,
  "regulation"           text                     NOT NULL,
  "status"               text                     NOT NULL DEFAULT 'received'::text,
  "subject_email"        text                     NOT NULL,
  "subject_name"         text,
  "subject_user_id"      uuid,
  "identifiers"          text[]                   NOT NULL DEFAULT '{}'::text[],
  "details"              text,
  "corrections"          jsonb                    NOT NULL DEFAULT '[]'::jsonb,
  "purposes"             text[]                   NOT NULL DEFAULT '{}'::text[],
  "received_at"          timestamp with time zone NOT NULL DEFAULT now(),
  "due_at"               timestamp with time zone NOT NULL DEFAULT (now() + '1 mon'::interval),
  "extended_at"          timestamp with time zone,
  "extension_reason"     text,
  "notices"              smallint                 NOT NULL DEFAULT 0,
  "identity_method"      text,
  "identity_verified_at" timestamp with time zone,
  "identity_verified_by" uuid,
  "completed_at"         timestamp with time zone,
  "rejection_reason"     text,
  "receipt"              jsonb,
  "created_at"           timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"           timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"           uuid,
  "updated_by"           uuid,
  CONSTRAINT "compliance_requests_completed_at_set_when_closed" CHECK (((status = ANY (ARRAY['completed'::text, 'rejected'::text, 'cancelled'::text])) = (completed_at IS
    NOT NULL))),
  CONSTRAINT "compliance_requests_corrections_is_short_list" CHECK (((jsonb_typeof(corrections) = 'array'::text) AND (pg_column_size(corrections) <= 65536))),
  CONSTRAINT "compliance_requests_due_after_receipt" CHECK ((due_at > received_at)),
  CONSTRAINT "compliance_requests_extension_has_reason" CHECK (((extended_at IS NOT NULL) = (extension_reason IS NOT NULL))),
  CONSTRAINT "compliance_requests_identifiers_are_few" CHECK ((cardinality(identifiers) <= 20)),
  CONSTRAINT "compliance_requests_identity_is_verified_somehow" CHECK (((identity_method IS NOT NULL) = (identity_verified_at IS NOT NULL))),
  CONSTRAINT "compliance_requests_identity_method_is_known"
    CHECK ((identity_method = ANY (ARRAY['session'::text, 'email'::text, 'document'::text, 'known_contact'::text, 'other'::text]))),
  CONSTRAINT "compliance_requests_kind_fits_regulation" CHECK (
CASE regulation
    WHEN 'gdpr'::text THEN (kind = ANY (ARRAY['access'::text, 'portability'::text, 'rectification'::text, 'erasure'::text, 'restriction'::text, 'objection'::text]))
    WHEN 'ccpa'::text THEN (kind = ANY (ARRAY['know'::text, 'delete'::text, 'correct'::text, 'opt_out'::text]))
    ELSE false
END),
  CONSTRAINT "compliance_requests_notices_is_in_range" CHECK (((notices >= 0) AND (notices <= 3))),
  CONSTRAINT "compliance_requests_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "compliance_requests_purposes_are_few" CHECK ((cardinality(purposes) <= 50)),
  CONSTRAINT "compliance_requests_receipt_is_object" CHECK ((jsonb_typeof(receipt) = 'object'::text)),
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
  "network"    inet                     NOT NULL,
  "label"      text                     NOT NULL,
  "is_enabled" boolean                  NOT NULL DEFAULT true,
  "expires_at" timestamp with time zone,
  "created_at" timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at" timestamp with time zone NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_by" uuid,
  CONSTRAINT "ip_allowlist_entries_label_is_not_blank" CHECK (((label ~ '\S'::text) AND (length(label) <= 200))),
  CONSTRAINT "ip_allowlist_entries_network_has_no_host_bits" CHECK ((network = (network(network))::inet)),
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

CREATE TABLE "public"."processing_restrictions" (
  "company_id"            uuid                     NOT NULL,
  "id"                    uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "compliance_request_id" uuid                     NOT NULL,
  "kind"                  text                     NOT NULL,
  "subject_email"         text                     NOT NULL,
  "subject_user_id"       uuid,
  "purposes"              text[]                   NOT NULL DEFAULT '{}'::text[],
  "started_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "lifted_at"             timestamp with time zone,
  "lift_reason"           text,
  "created_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"            timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"            uuid,
  "updated_by"            uuid,
  CONSTRAINT "processing_restrictions_kind_is_known" CHECK ((kind = ANY (ARRAY['restriction'::text, 'objection'::text, 'opt_out'::text]))),
  CONSTRAINT "processing_restrictions_lift_has_reason" CHECK (((lifted_at IS NOT NULL) = (lift_reason IS NOT NULL))),
  CONSTRAINT "processing_restrictions_one_for_each_request" UNIQUE (company_id, compliance_request_id),
  CONSTRAINT "processing_restrictions_pkey" PRIMARY KEY (company_id, id)
);

ALTER TABLE "public"."processing_restrictions"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."processing_restrictions" FROM "anon";

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
  "is_strict"               boolean                  GENERATED ALWAYS AS (((required_aal = 'aal2'::text) OR (aal2_permissions <> '{}'::text[]) OR (session_max_age_seconds IS
    NOT NULL) OR (session_idle_seconds IS NOT NULL) OR is_ip_allowlist_enabled)) STORED NOT NULL,
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

CREATE TABLE "public"."service_limits" (
  "company_id"              uuid                     NOT NULL,
  "id"                      uuid                     NOT NULL DEFAULT gen_random_uuid(),
  "service"                 text                     NOT NULL,
  "monthly_limit_micro_usd" bigint                   NOT NULL,
  "created_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "updated_at"              timestamp with time zone NOT NULL DEFAULT now(),
  "created_by"              uuid,
  "updated_by"              uuid,
  CONSTRAINT "service_limits_monthly_limit_micro_usd_is_possible" CHECK (((monthly_limit_micro_usd >= 0) AND (monthly_limit_micro_usd <= '1000000000000000'::bigint))),
  CONSTRAINT "service_limits_pkey" PRIMARY KEY (company_id, id),
  CONSTRAINT "service_limits_service_is_not_blank" CHECK (((service ~ '\S'::text) AND (length(service) <= 120))),
  CONSTRAINT "service_limits_service_is_unique_in_company" UNIQUE (company_id, service)
);

ALTER TABLE "public"."service_limits"
  ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE "public"."service_limits" FROM "anon";

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
  ALTER COLUMN "is_out_of_month" SET DEFAULT false;

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

ALTER TABLE "public"."audit_logs"
  ALTER COLUMN "salt" SET DEFAULT gen_random_uuid();

ALTER TABLE "public"."audit_logs"
  ALTER COLUMN "transaction_id" SET DEFAULT pg_current_xact_id();

CREATE TYPE "private"."audited_row" AS (
  "state"   jsonb,
  "changes" jsonb
);

CREATE TYPE "private"."charged_month" AS (
  "period_id" uuid,
  "month"     date,
  "starts_at" timestamp WITH time zone,
  "ends_at"   timestamp WITH time zone,
  "is_over"   boolean
);

CREATE TYPE "private"."plain_budgets" AS (
  "month"              date,
  "period_id"          uuid,
  "generation"         integer,
  "is_striped"         boolean,
  "agent_period_id"    uuid,
  "agent_generation"   integer,
  "is_agent_striped"   boolean,
  "service_period_id"  uuid,
  "service_generation" integer,
  "is_service_striped" boolean
);

CREATE TYPE "private"."recorded_event" AS (
  "n"              integer,
  "usage_id"       uuid,
  "occurred_at"    timestamp WITH time zone,
  "budget_month"   date,
  "is_over_budget" boolean,
  "is_replayed"    boolean
);

CREATE TYPE "private"."spender" AS (
  "company_status"       text,
  "has_agent"            boolean,
  "period_id"            uuid,
  "generation"           integer,
  "stripe_count"         integer,
  "month"                date,
  "starts_at"            timestamp WITH time zone,
  "ends_at"              timestamp WITH time zone,
  "is_over"              boolean,
  "agent_period_id"      uuid,
  "agent_generation"     integer,
  "agent_stripe_count"   integer,
  "service_period_id"    uuid,
  "service_generation"   integer,
  "service_stripe_count" integer
);

CREATE TYPE "private"."subject_table" AS (
  "table_name"     text,
  "keys"           text[],
  "key_types"      text[],
  "is_company"     text,
  "is_hit"         text,
  "is_stuck"       text,
  "is_gone"        text,
  "is_kept"        text,
  "reason"         text,
  "assignments"    text,
  "export"         text,
  "export_columns" text[]
);

CREATE TYPE "private"."usage_event" AS (
  "n"               integer,
  "first_n"         integer,
  "is_v7"           boolean,
  "id"              uuid,
  "occurred_at"     timestamp WITH time zone,
  "service"         text,
  "agent_id"        uuid,
  "description"     text,
  "cost"            bigint,
  "idempotency_key" text,
  "units"           bigint,
  "unit"            text,
  "model"           text,
  "input_tokens"    bigint,
  "output_tokens"   bigint,
  "metadata"        jsonb,
  "request_id"      text
);

CREATE TYPE "public"."api_key_verification" AS (
  "allowed"             boolean,
  "reason"              text,
  "company_id"          uuid,
  "api_key_id"          uuid,
  "name"                text,
  "permissions"         text[],
  "expires_at"          timestamp WITH time zone,
  "retry_after_seconds" integer
);

CREATE TYPE "public"."audit_entry" AS (
  "id"            uuid,
  "created_at"    timestamp WITH time zone,
  "actor_id"      uuid,
  "actor_role"    text,
  "action"        text,
  "table_name"    text,
  "row_id"        uuid,
  "changes"       jsonb,
  "ip_address"    inet,
  "user_agent"    text,
  "request_id"    text,
  "erased_fields" text[]
);

CREATE TYPE "public"."audit_verification" AS (
  "is_intact"        boolean,
  "first_link_no"    bigint,
  "last_link_no"     bigint,
  "row_count"        bigint,
  "erased_row_count" bigint,
  "pruned_row_count" bigint,
  "head_link_no"     bigint,
  "head_hash"        text,
  "problems"         jsonb
);

CREATE TYPE "public"."budget_decision" AS (
  "allowed"        boolean,
  "reason"         text,
  "scope"          text,
  "reservation_id" uuid,
  "expires_at"     timestamp WITH time zone,
  "is_over_budget" boolean,
  "limit_usd"      numeric,
  "spent_usd"      numeric,
  "reserved_usd"   numeric,
  "remaining_usd"  numeric,
  "budget_month"   date,
  "period_ends_at" timestamp WITH time zone
);

CREATE TYPE "public"."compliance_progress" AS (
  "request_id"  uuid,
  "status"      text,
  "is_complete" boolean,
  "rows_seen"   bigint,
  "remaining"   jsonb,
  "receipt"     jsonb
);

CREATE TYPE "public"."compliance_ticket" AS (
  "request_id"           uuid,
  "kind"                 text,
  "status"               text,
  "is_identity_verified" boolean,
  "received_at"          timestamp WITH time zone,
  "due_at"               timestamp WITH time zone,
  "completed_at"         timestamp WITH time zone
);

CREATE TYPE "public"."issued_api_key" AS (
  "api_key"    text,
  "api_key_id" uuid,
  "prefix"     text,
  "expires_at" timestamp WITH time zone
);

CREATE TYPE "public"."rate_limit_decision" AS (
  "allowed"             boolean,
  "bucket"              text,
  "limit_per_minute"    integer,
  "burst"               integer,
  "remaining"           integer,
  "reset_seconds"       integer,
  "retry_after_seconds" integer
);

CREATE TYPE "public"."retention_result" AS (
  "company_id"    uuid,
  "data_class"    text,
  "action"        text,
  "older_than"    timestamp WITH time zone,
  "rows_affected" bigint,
  "is_complete"   boolean,
  "error"         text
);

CREATE TYPE "public"."usage_receipt" AS (
  "usage_id"       uuid,
  "occurred_at"    timestamp WITH time zone,
  "cost_usd"       numeric,
  "budget_month"   date,
  "is_over_budget" boolean,
  "is_replayed"    boolean
);

CREATE OR REPLACE FUNCTION private.access_problem()
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_user constant uuid := private.parse_uuid(v_claims ->> 'sub');
  v_company constant uuid := coalesce(
    private.parse_uuid(coalesce(
      private.parse_json_object(current_setting('request.headers', true)) ->> 'x-company-id', v_claims ->> 'company_id')),
    private.default_company(v_user));
begin
  if v_claims ? 'api_key_id' then
    return private.api_key_token_problem();
  end if;
  return (
    select private.policy_problem(p, null, v_claims)
      from public.users as u
      join public.companies as c on c.id = u.company_id
      join public.security_policies as p on p.company_id = c.id and p.is_active
     where u.company_id = v_company and u.id = v_user and u.status = 'active' and c.status = 'active');
end
$function$;

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

CREATE OR REPLACE FUNCTION private.address_pattern (
  p_company_id uuid,
  p_addresses  text[]
)
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_others text;
begin
  select string_agg(distinct regexp_replace(left(o.address, length(o.address) - length(a.address)), '([^[:alnum:]])', '\\\1', 'g'), '|')
    into v_others
    from unnest(p_addresses) as a (address)
    join (
      select lower(u.email) as address from public.users as u where u.company_id = p_company_id
      union
      select lower(i.customer_email) from public.invoices as i where i.company_id = p_company_id
      union
      select lower(r.subject_email) from public.compliance_requests as r where r.company_id = p_company_id
    ) as o on right(o.address, length(a.address)) = a.address and o.address ~ '[_-]' and o.address <> all (p_addresses);
  return (
    select '(?:(?<![[:alnum:].+])|(?<=%[0-9a-f][0-9a-f]))' || coalesce('(?<!' || v_others || ')', '')
           || '(?:' || string_agg(private.identifier_pattern(a.address), '|') || ')(?![[:alnum:]-])'
      from unnest(p_addresses) as a (address));
end
$function$;

CREATE OR REPLACE FUNCTION private.adjust_budget (
  p_company_id    uuid,
  p_month         date,
  p_amount        numeric,
  p_reason        text,
  p_adjustment_id uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_amount bigint;
  v_period public.budget_periods;
  v_known public.budget_adjustments;
  v_id uuid := coalesce(p_adjustment_id, gen_random_uuid());
begin
  perform private.require_operator();
  if p_amount is null or not (p_amount <> 0 and p_amount between -1000000000 and 1000000000) then
    raise exception 'amount is %, which is no adjustment', coalesce(p_amount::text, 'null')
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = 'State amount in US dollars: negative for a credit, positive for a correction, not 0.';
  end if;
  v_amount := round(p_amount * 1000000)::bigint;
  if v_amount = 0 or p_reason is null or p_reason !~ '\S' or length(p_reason) > 1000 then
    raise exception 'an adjustment needs an amount of a millionth at least and a reason of 1 to 1000 characters'
      using errcode = '22023',
            detail = 'invalid_adjustment',
            hint = 'Say why the month is adjusted; it is kept with the adjustment and in the audit log.';
  end if;
  if p_month = date_trunc('month', p_month)::date then
    perform private.open_budget_month(p_company_id);
  end if;
  select * into v_period from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.month = p_month;
  if not found then
    raise exception 'company % has no budget for %', coalesce(p_company_id::text, 'null'), coalesce(p_month::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_budget_month',
            hint = 'State the first day of a month that stands in budget_periods of the company.';
  end if;
  v_period := private.lock_budget(p_company_id, v_period.id);
  insert into public.budget_adjustments (company_id, id, budget_period_id, amount_micro_usd, reason)
  values (p_company_id, v_id, v_period.id, v_amount, p_reason)
  on conflict (company_id, id) do nothing;
  if not found then
    select * into v_known from public.budget_adjustments as a where a.company_id = p_company_id and a.id = v_id;
    if (v_known.budget_period_id, v_known.amount_micro_usd, v_known.reason)
       is distinct from (v_period.id, v_amount, p_reason)
    then
      raise exception 'adjustment % was made for something else', v_id
        using errcode = 'PT422',
              detail = 'adjustment_reused',
              hint = 'A retry repeats the request as it was; another request takes another adjustment_id.';
    end if;
    return v_id;
  end if;
  update public.budget_periods as p
     set adjusted_micro_usd = p.adjusted_micro_usd + v_amount
   where p.company_id = p_company_id and p.id = v_period.id;
  if v_period.status = 'open' then
    perform private.raise_budget_alerts(p_company_id, v_period.id);
  end if;
  perform private.write_audit(p_company_id, 'budget.adjusted', 'budget_adjustments', v_id, jsonb_build_object(
    'month', p_month, 'amount_micro_usd', v_amount, 'reason', p_reason));
  return v_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.anonymous_values (
  p_table_name text,
  OUT          assignments text,
  OUT          differs text
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select string_agg(format('%I = %s', v.name, v.value), ', ' order by v.name),
         string_agg(format('t.%I is distinct from %s', v.name, v.value), ' or ' order by v.name)
    into assignments, differs
    from (
      select a.attname as name,
             case
               when not a.attnotnull then 'null'
               when a.atttypid = 'jsonb'::regtype then '''{}''::jsonb'
               else '''[erased]'''
             end as value
        from private.column_classes as c
        join pg_attribute as a
          on a.attrelid = format('public.%I', p_table_name)::regclass and a.attname = c.column_name
       where c.table_schema = 'public' and c.table_name = p_table_name
         and (c.class in ('personal', 'sensitive') and c.erasure = 'scrub' or c.erasure = 'clear')
    ) as v;
end
$function$;

CREATE OR REPLACE FUNCTION private.api_key_expiry (
  p_company_id uuid,
  p_expires_at timestamp with time zone
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_latest constant timestamptz := (
    select now() + make_interval(days => p.api_key_max_age_days) from public.security_policies as p
     where p.company_id = p_company_id and p.is_active);
begin
  if p_expires_at <= now() or p_expires_at = 'infinity' then
    raise exception 'a key cannot expire at %', p_expires_at
      using errcode = '22023',
            detail = 'invalid_expiry',
            hint = 'State a time to come, or null for the latest that the company''s policy allows.';
  end if;
  if p_expires_at > v_latest then
    raise exception 'the company''s keys last until % at most', v_latest
      using errcode = '23514',
            detail = 'expiry_too_late',
            hint = 'State an earlier time, or change api_key_max_age_days in the security policy.';
  end if;
  return coalesce(p_expires_at, v_latest);
end
$function$;

CREATE OR REPLACE FUNCTION private.api_key_hash (
  p_api_key text
)
  RETURNS bytea
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return sha256(convert_to(coalesce(left(p_api_key, 256), ''), 'UTF8'));
end
$function$;

CREATE OR REPLACE FUNCTION private.api_key_token_problem()
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key constant private.api_key_states := private.token_api_key();
begin
  return case
    when v_key.problem = 'ip_not_allowed' then v_key.problem
    when v_key.problem is not null or v_key.id is null then 'api_key_not_valid'
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_corrections (
  p_request public.compliance_requests,
  p_work    private.subject_work
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_correction jsonb;
  v_table text;
  v_column text;
  v_row_id uuid;
  v_plan private.subject_table;
  v_rows bigint;
  v_counts jsonb := '{}'::jsonb;
begin
  if p_request.corrections = '[]' then
    raise exception 'the request does not say what is to be corrected'
      using errcode = '22023',
            detail = 'no_corrections',
            hint = 'Set corrections to a list of {table_name, row_id, column_name, value}.';
  end if;
  for v_correction in select e.value from jsonb_array_elements(p_request.corrections) as e loop
    v_table := coalesce(v_correction ->> 'table_name', 'users');
    v_column := v_correction ->> 'column_name';
    v_row_id := coalesce(private.parse_uuid(v_correction ->> 'row_id'), case when v_table = 'users' then p_work.user_ids[1] end);
    select t.* into v_plan from private.subject_tables(p_request.company_id, p_request.id) as t
     where t.table_name = format('public.%I', v_table) and t.keys = '{id}';
    if v_plan.table_name is null or v_row_id is null or jsonb_typeof(v_correction -> 'value') is null
      or jsonb_typeof(v_correction -> 'value') not in ('string', 'null')
      or not exists (
        select from private.column_classes as k
          join pg_attribute as a on a.attrelid = format('public.%I', v_table)::regclass and a.attname = k.column_name
         where k.table_schema = 'public' and k.table_name = v_table and k.column_name = v_column
           and k.class = 'personal' and k.erasure = 'scrub' and a.atttypid = 'text'::regtype)
    then
      raise exception 'correction of %.% names no personal text of a row', v_table, coalesce(v_column, '(null)')
        using errcode = '22023',
              detail = 'invalid_correction',
              hint = 'Name table_name, row_id, column_name and value; without table_name the person''s profile is corrected.';
    end if;
    execute format(
      'update %s as t set %I = $6 where %s and t.id = $7 and (%s)', v_plan.table_name, v_column, v_plan.is_company,
      case v_table when 'users' then 't.id = any ($2)' else v_plan.is_hit end)
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern,
            v_correction ->> 'value', v_row_id;
    get diagnostics v_rows = row_count;
    if v_rows = 0 then
      raise exception 'row % of % does not name the person of this request', v_row_id, v_table
        using errcode = '42501',
              detail = 'not_the_subject',
              hint = 'A request corrects only what a company holds of the person who asked.';
    end if;
    v_counts := v_counts || jsonb_build_object(v_plan.table_name, coalesce((v_counts ->> v_plan.table_name)::bigint, 0) + 1);
  end loop;
  return v_counts;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_limit (
  p_company_id      uuid,
  p_agent_id        uuid,
  p_service         text,
  p_limit_micro_usd bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_month public.budget_periods;
  v_id uuid;
  v_status text;
  v_spent bigint;
  v_held bigint;
begin
  perform private.open_budget_month(p_company_id);
  select * into v_month from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
     and p.starts_at <= clock_timestamp() and p.ends_at > clock_timestamp();
  if not found then
    return;
  end if;
  v_month := private.lock_budget(p_company_id, v_month.id);
  select p.id, p.status into v_id, v_status from public.budget_periods as p
   where p.company_id = p_company_id and p.month = v_month.month
     and (p.agent_id = p_agent_id or p.service = p_service);
  if v_id is not null then
    perform private.lock_budget(p_company_id, v_id);
  elsif p_limit_micro_usd is null then
    return;
  end if;
  if p_limit_micro_usd is null then
    delete from private.budget_stripes as s where s.company_id = p_company_id and s.budget_period_id = v_id;
    update public.budget_periods as p
       set status = 'closed', closed_at = now(), stripe_count = 0, contention = 0
     where p.company_id = p_company_id and p.id = v_id and p.status = 'open';
  elsif v_status = 'open' then
    update public.budget_periods as p
       set limit_micro_usd = p_limit_micro_usd
     where p.company_id = p_company_id and p.id = v_id;
  else
    v_spent := private.ledger_total(
      p_company_id, v_month.month, v_month.starts_at, v_month.ends_at, p_agent_id, p_service);
    if v_id is null then
      insert into public.budget_periods (
        company_id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, alert_percents, spent_micro_usd)
      values (
        p_company_id, v_month.month, case when p_agent_id is null then 'service' else 'agent' end, p_agent_id, p_service,
        v_month.starts_at, v_month.ends_at, p_limit_micro_usd, v_month.alert_percents, v_spent)
      returning id into v_id;
    else
      -- What was held here when the limit was lifted is held again: whoever settles it gives it back here.
      select coalesce(sum(r.amount_micro_usd), 0) into v_held from private.budget_reservations as r
       where r.company_id = p_company_id and r.held_in <> '{}' and v_id = any (r.held_in);
      update public.budget_periods as p
         set status = 'open', closed_at = null, limit_micro_usd = p_limit_micro_usd, spent_micro_usd = v_spent,
             reserved_micro_usd = v_held
       where p.company_id = p_company_id and p.id = v_id;
    end if;
  end if;
  perform private.raise_budget_alerts(p_company_id, v_id) where p_limit_micro_usd is not null;
  perform private.count_limits(p_company_id, v_month.id);
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_plan (
  p_company_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_plan record;
  v_id uuid;
begin
  -- Also locks the company.
  perform private.open_budget_month(p_company_id);
  select * into v_plan from private.plan_limit(p_company_id);
  for v_id in
    select p.id from public.budget_periods as p
     where p.company_id = p_company_id and p.status = 'open' and p.ends_at > clock_timestamp()
       and (p.alert_percents <> v_plan.alert_percents
            or p.scope = 'company'
               and (p.limit_micro_usd, p.enforcement) <> (v_plan.limit_micro_usd, v_plan.enforcement))
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    perform private.lock_budget(p_company_id, v_id);
    -- Settings may have changed while we waited.
    select * into v_plan from private.plan_limit(p_company_id);
    update public.budget_periods as p
       set limit_micro_usd = case when p.scope = 'company' then v_plan.limit_micro_usd else p.limit_micro_usd end,
           enforcement = case when p.scope = 'company' then v_plan.enforcement else p.enforcement end,
           alert_percents = v_plan.alert_percents
     where p.company_id = p_company_id and p.id = v_id;
    perform private.raise_budget_alerts(p_company_id, v_id);
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_rate_decision (
  p_decision public.rate_limit_decision
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_name constant text := split_part(p_decision.bucket, ':', 1);
  -- draft-ietf-httpapi-ratelimit-headers: the policy (quota per window), and what is left of it for how long.
  v_headers constant jsonb := jsonb_build_object(
    'RateLimit-Policy', format('"%s";q=%s;w=60', v_name, p_decision.limit_per_minute),
    'RateLimit', format('"%s";r=%s;t=%s', v_name, p_decision.remaining, p_decision.reset_seconds));
begin
  if p_decision.allowed then
    perform set_config('response.headers', (
      select jsonb_agg(jsonb_build_object(h.key, h.value)) from jsonb_each_text(v_headers) as h)::text, true);
    return;
  end if;
  -- Headers of a failed request reach PostgREST in the error alone, in this form.
  raise sqlstate 'PGRST'
    using message = jsonb_build_object(
            'code', 'PT429', 'message', 'too many requests', 'details', 'rate_limited',
            'hint', format('Wait %s s, then go on at no more than %s requests a minute.', p_decision.retry_after_seconds, p_decision.limit_per_minute))::text,
          detail = jsonb_build_object(
            'status', 429,
            'headers', v_headers || jsonb_build_object('Retry-After', p_decision.retry_after_seconds::text))::text;
end
$function$;

CREATE OR REPLACE FUNCTION private.apply_time_zone (
  p_company_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_zone text;
  v_id uuid;
begin
  perform from public.companies as c where c.id = p_company_id for no key update;
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  for v_id in
    select p.id from public.budget_periods as p
     where p.company_id = p_company_id and p.status = 'open'
       and p.starts_at < clock_timestamp() and p.ends_at > clock_timestamp()
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    perform private.lock_budget(p_company_id, v_id);
    update public.budget_periods as p
       set ends_at = least(
             greatest((p.month + interval '1 month') at time zone v_zone, clock_timestamp() + interval '6 minutes'),
             (select min(x.starts_at) from public.budget_periods as x
               where x.company_id = p_company_id and x.scope = 'company' and x.month > p.month))
     where p.company_id = p_company_id and p.id = v_id;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_changes (
  p_old    jsonb,
  p_new    jsonb,
  p_secret text[]
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_old is null then
    return (
      select coalesce(jsonb_object_agg(n.key, jsonb_build_object(
               'new', case when n.key = any (p_secret) then '"[secret]"' else n.value end)), '{}')
        from jsonb_each(p_new) as n
       where n.value <> 'null' and n.key not in ('company_id', 'id', 'created_at', 'created_by', 'updated_at', 'updated_by'));
  elsif p_new is null then
    return (
      select coalesce(jsonb_object_agg(o.key, jsonb_build_object(
               'old', case when o.key = any (p_secret) then '"[secret]"' else o.value end)), '{}')
        from jsonb_each(p_old) as o
       where o.value <> 'null' and o.key not in ('company_id', 'id', 'created_at', 'created_by', 'updated_at', 'updated_by'));
  end if;
  return (
    select jsonb_object_agg(n.key, case
             when n.key = any (p_secret) then '{"old": "[secret]", "new": "[secret]"}'
             else jsonb_build_object('old', p_old -> n.key, 'new', n.value)
           end)
      from jsonb_each(p_new) as n
     where n.value is distinct from p_old -> n.key and n.key not in ('updated_at', 'updated_by', 'last_used_at'));
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_genesis (
  p_company_id uuid
)
  RETURNS bytea
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return sha256(convert_to('lytbub audit chain 1 ' || p_company_id, 'UTF8'));
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_leaves (
  p_rows public.audit_logs[]
)
  RETURNS TABLE (
    id   uuid,
    leaf bytea
  )
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return query
  select l.id,
         sha256(convert_to(jsonb_build_array(
           l.company_id, l.id, (extract(epoch from l.created_at) * 1000000)::bigint, l.transaction_id::text, l.actor_role,
           l.action, l.table_name, case when l.commitments is not null then l.salt end)::text, 'UTF8') || f.hash)
    from unnest(p_rows) as l
   cross join lateral (
     select sha256(string_agg(
              convert_to(v.name, 'UTF8') || '\x00'::bytea || coalesce(
                decode(v.commitment, 'hex'),
                sha256(coalesce(
                    decode(v.salt, 'hex'),
                    sha256(uuid_send(l.salt) || convert_to(v.name, 'UTF8')))
                  || convert_to(v.value, 'UTF8')),
                'unsalted'::bytea),
              '' order by v.name collate "C", v.value collate "C")) as hash
       from (
         select x.name, x.value, null::text as commitment,
                case when l.commitments -> x.name ->> 's' ~ '^[0-9a-f]{64}$' then l.commitments -> x.name ->> 's' end as salt
           from (
             values ('actor_id', l.actor_id::text), ('created_by', l.created_by::text), ('row_id', l.row_id::text),
                    ('ip_address', l.ip_address::text), ('user_agent', l.user_agent), ('request_id', l.request_id)
             union all
             select 'changes.' || c.key, c.value::text from jsonb_each(l.changes) as c
           ) as x (name, value)
          where x.value is not null
         union all
         select e.key, case when k.kind is distinct from 'c' then e.value::text end, case when k.kind = 'c' then e.value ->> 'c' end, null
           from jsonb_each(l.commitments) as e
          cross join lateral (
            select case
                     when jsonb_typeof(e.value) <> 'object' then null
                     when e.value - 'c' = '{}' and e.value ->> 'c' ~ '^[0-9a-f]{64}$' then 'c'
                     when e.value - 's' = '{}' and e.value ->> 's' ~ '^[0-9a-f]{64}$' then 's'
                   end as kind
          ) as k
          where k.kind is distinct from 's'
             or not case e.key
                  when 'actor_id' then l.actor_id is not null
                  when 'created_by' then l.created_by is not null
                  when 'row_id' then l.row_id is not null
                  when 'ip_address' then l.ip_address is not null
                  when 'user_agent' then l.user_agent is not null
                  when 'request_id' then l.request_id is not null
                  else starts_with(e.key, 'changes.') and l.changes ? substr(e.key, 9)
                end
         union all
         -- So that a row without any of them has a hash, too.
         select '', '', repeat('0', 64), null
       ) as v
   ) as f;
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_link_hash (
  p_previous       bytea,
  p_link_no        bigint,
  p_created_at     timestamp with time zone,
  p_transaction_id xid8,
  p_row_count      integer,
  p_rows_hash      bytea
)
  RETURNS bytea
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return sha256(p_previous || int8send(p_link_no) || int8send((extract(epoch from p_created_at) * 1000000)::bigint)
    || int8send(p_transaction_id::text::bigint) || int4send(p_row_count) || p_rows_hash);
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_request (
  OUT ip_address inet,
  OUT user_agent text,
  OUT request_id text
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_headers constant jsonb := private.parse_json_object(current_setting('request.headers', true));
begin
  if v_headers is null then
    return;
  end if;
  ip_address := private.client_address();
  user_agent := left(v_headers ->> 'user-agent', 400);
  request_id := left(coalesce(v_headers ->> 'x-request-id', v_headers ->> 'sb-request-id'), 200);
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_role (
  p_company_id uuid,
  p_actor_id   uuid
)
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
begin
  if v_role = 'authenticated' then
    return coalesce(
      (select u.role from public.users as u where u.company_id = p_company_id and u.id = p_actor_id),
      (select 'api_key' from public.api_keys as k where k.company_id = p_company_id and k.id = p_actor_id));
  end if;
  return case v_role when 'platform_admin' then 'admin' else v_role end;
end
$function$;

CREATE OR REPLACE FUNCTION private.audit_rows (
  p_company_id     uuid,
  p_created_at     timestamp with time zone,
  p_transaction_id xid8
)
  RETURNS public.audit_logs[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return (
    select array_agg(l) from public.audit_logs as l
     where l.company_id = p_company_id and l.created_at = p_created_at and l.transaction_id = p_transaction_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.budget_balance (
  p_company_id uuid,
  p_period_id  uuid,
  OUT          spent bigint,
  OUT          reserved bigint,
  OUT          remaining bigint
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select p.spent_micro_usd + coalesce(s.spent, 0), p.reserved_micro_usd + coalesce(s.reserved, 0),
         p.limit_micro_usd - p.adjusted_micro_usd
         - p.spent_micro_usd - p.reserved_micro_usd - coalesce(s.spent + s.reserved, 0)
    into spent, reserved, remaining
    from public.budget_periods as p
    left join lateral (
      select sum(x.spent)::bigint as spent, sum(x.reserved)::bigint as reserved
        from private.budget_stripes as x
       where p.stripe_count > 0 and x.company_id = p.company_id and x.budget_period_id = p.id
    ) as s on true
   where p.company_id = p_company_id and p.id = p_period_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.budget_share (
  p_room bigint,
  p_need bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return p_need + greatest(p_room - p_need, 0) / 128;
end
$function$;

CREATE OR REPLACE FUNCTION private.budget_status (
  p_company_id uuid
)
  RETURNS TABLE (
    scope            text,
    agent_id         uuid,
    service          text,
    budget_month     date,
    period_starts_at timestamp with time zone,
    period_ends_at   timestamp with time zone,
    enforcement      text,
    limit_usd        numeric,
    spent_usd        numeric,
    reserved_usd     numeric,
    remaining_usd    numeric,
    spent_percent    numeric,
    is_over_budget   boolean
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_plan record;
  v_month date;
  v_zone text;
begin
  perform private.require_reader(p_company_id, 'usage.read');
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  if not found then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  return query
    select p.scope, p.agent_id, p.service, p.month, p.starts_at, p.ends_at, p.enforcement,
           round(p.limit_micro_usd / 1000000.0, 6), round((b.spent + p.adjusted_micro_usd) / 1000000.0, 6),
           round((b.reserved - x.expired) / 1000000.0, 6), round((b.remaining + x.expired) / 1000000.0, 6),
           case when p.limit_micro_usd > 0
                then round((b.spent + p.adjusted_micro_usd) * 100.0 / p.limit_micro_usd, 2) end,
           b.spent + p.adjusted_micro_usd > p.limit_micro_usd
      from public.budget_periods as p
     cross join lateral private.budget_balance(p.company_id, p.id) as b
     cross join lateral (
       select coalesce(sum(r.amount_micro_usd), 0)::bigint as expired
         from private.budget_reservations as r
        where r.company_id = p.company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
          and p.id = any (r.held_in)
     ) as x
     where p.company_id = p_company_id and p.status = 'open'
       and p.starts_at <= clock_timestamp() and p.ends_at > clock_timestamp()
     order by array_position('{company,agent,service}', p.scope), p.agent_id, p.service;
  if not found then
    select * into v_plan from private.plan_limit(p_company_id);
    v_month := date_trunc('month', clock_timestamp() at time zone v_zone)::date;
    return query
      select 'company', null::uuid, null::text, v_month, v_month::timestamp at time zone v_zone,
             (v_month + interval '1 month') at time zone v_zone, v_plan.enforcement,
             round(v_plan.limit_micro_usd / 1000000.0, 6), 0.0, 0.0, round(v_plan.limit_micro_usd / 1000000.0, 6),
             case when v_plan.limit_micro_usd > 0 then 0.0 end, false;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.bytes_text (
  p_bytes bytea
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return convert_from(p_bytes, 'UTF8');
exception when character_not_in_repertoire or untranslatable_character then
  return encode(p_bytes, 'escape');
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

CREATE OR REPLACE FUNCTION private.charge_all_plainly (
  p_company_id uuid,
  p_budgets    private.plain_budgets,
  p_spend      bigint,
  p_hold       bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not (
    private.charge_plainly(
      p_company_id, p_budgets.period_id, p_budgets.generation, p_budgets.is_striped, p_spend, p_hold)
    and (p_budgets.agent_period_id is null or private.charge_plainly(
      p_company_id, p_budgets.agent_period_id, p_budgets.agent_generation, p_budgets.is_agent_striped, p_spend, p_hold))
    and (p_budgets.service_period_id is null or private.charge_plainly(
      p_company_id, p_budgets.service_period_id, p_budgets.service_generation, p_budgets.is_service_striped, p_spend,
      p_hold)))
  then
    raise sqlstate 'LB002';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.charge_budget (
  p_company_id   uuid,
  p_period_id    uuid,
  p_generation   integer,
  p_stripe_count integer,
  p_spend        bigint,
  p_hold         bigint,
  p_force        boolean
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_missed smallint := 0;
  v_over boolean;
  v_folded_at timestamptz;
begin
  if p_stripe_count > 0 then
    begin
      update private.budget_stripes as s
         set spent = s.spent + p_spend, reserved = s.reserved + p_hold
       where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = pg_backend_pid() % 64
         and s.generation = p_generation
         and s.spent + s.reserved + p_spend + p_hold <= s.granted
         and s.spent + p_spend <= s.watched
      returning s.folded_at into v_folded_at;
      if not found then
        raise sqlstate 'LB002';
      end if;
    exception when sqlstate 'LB002' then
      -- An update that has waited and then finds no room keeps its lock, unless it is undone.
      return private.charge_budget_slowly(p_company_id, p_period_id, p_generation, p_spend, p_hold, p_force);
    end;
    if v_folded_at < clock_timestamp() - interval '1 second' then
      perform private.refresh_budget_row(p_company_id, p_period_id);
    end if;
    return 'within';
  end if;
  -- Is somebody else at the row? With luck nobody, and one row is the cheapest counter there is.
  perform from public.budget_periods as p
    where p.company_id = p_company_id and p.id = p_period_id
      for no key update skip locked;
  if not found then
    v_missed := 1;
  end if;
  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + p_spend,
         reserved_micro_usd = p.reserved_micro_usd + p_hold,
         contention = p.contention + v_missed,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id
     and p.generation = p_generation and p.stripe_count = 0 and p.status = 'open' and p.contention < 4
     and (p.watch_micro_usd is null or p.spent_micro_usd + p_spend < p.watch_micro_usd)
     and (p.enforcement = 'soft' or p_spend + p_hold <= 0
          or p.spent_micro_usd + p.reserved_micro_usd + p_spend + p_hold <= p.limit_micro_usd - p.adjusted_micro_usd)
  returning p.spent_micro_usd > p.limit_micro_usd - p.adjusted_micro_usd into v_over;
  if not found then
    return private.charge_budget_slowly(p_company_id, p_period_id, p_generation, p_spend, p_hold, p_force);
  end if;
  return case when v_over then 'over' else 'within' end;
end
$function$;

CREATE OR REPLACE FUNCTION private.charge_budget_slowly (
  p_company_id uuid,
  p_period_id  uuid,
  p_generation integer,
  p_spend      bigint,
  p_hold       bigint,
  p_force      boolean
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_unbounded constant bigint := 36028797018963968;
  v_own constant smallint := pg_backend_pid() % 64;
  v_need constant bigint := p_spend + p_hold;
  v_period public.budget_periods;
  v_granted bigint;
  v_watched bigint;
  v_room bigint;
  v_span bigint;
begin
  if v_need > 0 and not p_force then
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    if v_period.generation is distinct from p_generation or v_period.status <> 'open' then
      return 'stale';
    end if;
    if private.lacks_room(p_company_id, p_period_id, v_need) then
      return 'refused';
    end if;
  end if;

  select * into v_period from public.budget_periods as p
   where p.company_id = p_company_id and p.id = p_period_id
     for no key update;
  if v_period.generation is distinct from p_generation or v_period.status <> 'open' then
    return 'stale';
  end if;
  if v_need > 0 and not p_force and v_period.enforcement = 'hard' then
    -- Whoever has waited looks again before anything costs something.
    if (select b.remaining from private.budget_balance(p_company_id, p_period_id) as b) < v_need
       and private.release_expired_holds(p_company_id, p_period_id) = 0
    then
      return 'refused';
    end if;
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  end if;

  v_granted := 0;
  v_watched := 0;
  if v_period.stripe_count > 0 then
    -- Ask for as little as is needed: the own stripe, then those in use that nobody is at, then all in use.
    for i in 1 .. 3 loop
      perform private.fold_stripes(p_company_id, p_period_id, case when i = 1 then v_own end, i <> 2, false);
      select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
      select coalesce(sum(s.granted), 0), coalesce(sum(s.watched), 0) into v_granted, v_watched
        from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id;
      exit when (v_period.enforcement = 'soft' or v_need <= 0
                 or v_period.limit_micro_usd - v_period.adjusted_micro_usd - v_period.spent_micro_usd
                    - v_period.reserved_micro_usd - v_granted >= v_need)
            and (v_period.watch_micro_usd is null or p_spend = 0
                 or v_period.watch_micro_usd - 1 - v_period.spent_micro_usd - v_watched >= p_spend);
    end loop;
  end if;
  v_room := case when v_period.enforcement = 'soft' then v_unbounded
                 else v_period.limit_micro_usd - v_period.adjusted_micro_usd - v_period.spent_micro_usd
                      - v_period.reserved_micro_usd - v_granted end;
  v_span := case when v_period.watch_micro_usd is null then v_unbounded
                 else v_period.watch_micro_usd - 1 - v_period.spent_micro_usd - v_watched end;

  if v_need > 0 and v_room < v_need and not p_force and v_period.enforcement = 'hard' then
    return 'refused';
  end if;
  if v_period.stripe_count > 0 and v_room >= v_need and v_span >= p_spend then
    update private.budget_stripes as s
       set generation = p_generation,
           granted = s.granted + private.budget_share(v_room, v_need),
           watched = s.watched + private.budget_share(v_span, p_spend),
           spent = s.spent + p_spend,
           reserved = s.reserved + p_hold
     where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = v_own;
    return case when v_period.spent_micro_usd > v_period.limit_micro_usd - v_period.adjusted_micro_usd
                then 'over' else 'within' end;
  end if;

  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + p_spend,
         reserved_micro_usd = p.reserved_micro_usd + p_hold,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id
  returning * into v_period;
  if v_span < p_spend then
    perform private.raise_budget_alerts(p_company_id, p_period_id);
  end if;
  if v_period.stripe_count = 0 and v_period.contention >= 4 then
    insert into private.budget_stripes (company_id, budget_period_id, stripe, generation)
    select p_company_id, p_period_id, g.n, v_period.generation + 1 from generate_series(0, 63) as g (n);
    update public.budget_periods as p
       set stripe_count = 64, generation = p.generation + 1
     where p.company_id = p_company_id and p.id = p_period_id;
  end if;
  return case when v_period.spent_micro_usd + v_period.reserved_micro_usd
                   > v_period.limit_micro_usd - v_period.adjusted_micro_usd
              then 'over' else 'within' end;
end
$function$;

CREATE OR REPLACE FUNCTION private.charge_plainly (
  p_company_id uuid,
  p_period_id  uuid,
  p_generation integer,
  p_is_striped boolean,
  p_spend      bigint,
  p_hold       bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_is_striped then
    update private.budget_stripes as t
       set spent = t.spent + p_spend, reserved = t.reserved + p_hold
     where t.company_id = p_company_id and t.budget_period_id = p_period_id and t.stripe = pg_backend_pid() % 64
       and t.generation = p_generation
       and t.spent + t.reserved + p_spend + p_hold <= t.granted
       and t.spent + p_spend <= t.watched
       and t.folded_at > clock_timestamp() - interval '1 second';
  else
    update public.budget_periods as p
       set spent_micro_usd = p.spent_micro_usd + p_spend,
           reserved_micro_usd = p.reserved_micro_usd + p_hold,
           updated_at = now()
     where p.company_id = p_company_id and p.id = p_period_id
       and p.generation = p_generation and p.stripe_count = 0 and p.status = 'open'
       and (p.watch_micro_usd is null or p.spent_micro_usd + p_spend < p.watch_micro_usd)
       and p.spent_micro_usd + p.reserved_micro_usd + p_spend + p_hold <= p.limit_micro_usd - p.adjusted_micro_usd;
  end if;
  return found;
end
$function$;

CREATE OR REPLACE FUNCTION private.charge_scope (
  p_company_id   uuid,
  p_period_id    uuid,
  p_generation   integer,
  p_stripe_count integer,
  p_spend        bigint,
  p_hold         bigint,
  p_force        boolean
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_outcome text := private.charge_budget(
    p_company_id, p_period_id, p_generation, p_stripe_count, p_spend, p_hold, p_force);
  v_period public.budget_periods;
begin
  while v_outcome = 'stale' loop
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    if v_period.status is distinct from 'open' then
      return 'closed';
    end if;
    v_outcome := private.charge_budget(
      p_company_id, p_period_id, v_period.generation, v_period.stripe_count, p_spend, p_hold, p_force);
  end loop;
  return v_outcome;
end
$function$;

CREATE OR REPLACE FUNCTION private.charge_usage (
  p_company_id uuid,
  p_charged_at timestamp with time zone,
  p_agent_id   uuid,
  p_service    text,
  p_cost       bigint,
  p_spender    private.spender,
  p_held_in    uuid[],
  p_amount     bigint,
  p_force      boolean
)
  RETURNS private.spender
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_spender private.spender := p_spender;
  v_outcome text;
  v_others uuid[];
  v_is_older boolean;
begin
  -- What another month holds goes back in the order of months, as everybody charges them.
  v_others := array_remove(array_remove(array_remove(
    p_held_in, v_spender.period_id), v_spender.agent_period_id), v_spender.service_period_id);
  if v_others <> '{}' then
    v_is_older := exists (
      select from public.budget_periods as p
       where p.company_id = p_company_id and p.id = v_others[1] and p.month < v_spender.month);
    if v_is_older then
      perform private.release_hold(p_company_id, v_others, p_amount);
    end if;
  end if;
  loop
    v_outcome := private.charge_budget(
      p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, p_cost,
      case when v_spender.period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    exit when v_outcome <> 'stale';
    v_spender := private.find_spender(p_company_id, p_charged_at, p_agent_id, p_service);
  end loop;
  if v_outcome = 'refused' then
    perform private.refuse_spending(p_company_id, v_spender.period_id, p_cost);
  end if;
  v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  if v_spender.agent_period_id is not null then
    v_outcome := private.charge_scope(
      p_company_id, v_spender.agent_period_id, v_spender.agent_generation, v_spender.agent_stripe_count, p_cost,
      case when v_spender.agent_period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.agent_period_id, p_cost);
    end if;
    v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  end if;
  if v_spender.service_period_id is not null then
    v_outcome := private.charge_scope(
      p_company_id, v_spender.service_period_id, v_spender.service_generation, v_spender.service_stripe_count, p_cost,
      case when v_spender.service_period_id = any (p_held_in) then -p_amount else 0 end, p_force);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.service_period_id, p_cost);
    end if;
    v_spender.is_over := v_spender.is_over or v_outcome = 'over';
  end if;
  -- The month may have turned out to be another one meanwhile.
  v_others := array_remove(array_remove(array_remove(
    p_held_in, v_spender.period_id), v_spender.agent_period_id), v_spender.service_period_id);
  if v_others <> '{}' and v_is_older is not true then
    perform private.release_hold(p_company_id, v_others, p_amount);
  end if;
  return v_spender;
end
$function$;

CREATE OR REPLACE FUNCTION private.check_access (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_policy public.security_policies;
  v_factors constant regclass := to_regclass('auth.mfa_factors');
  v_entries record;
  v_seen record;
  v_users uuid[];
begin
  select * into v_policy from public.security_policies as p where p.company_id = p_company_id and p.is_active;
  select count(*) filter (where e.is_enabled and (e.expires_at is null or e.expires_at > now())) as in_force,
         count(*) filter (where e.expires_at <= now()) as expired
    into v_entries from public.ip_allowlist_entries as e
   where e.company_id = p_company_id;
  -- Of the addresses that the audit log has seen in a month, how many the allowlist covers.
  select count(*) as addresses, count(*) filter (where private.is_address_allowed(p_company_id, a.ip_address)) as covered
    into v_seen
    from (
      select distinct l.ip_address from public.audit_logs as l
       where l.company_id = p_company_id and l.created_at > now() - interval '30 days' and l.ip_address is not null
    ) as a;
  return query values (
    'ip_allowlist', case when coalesce(v_policy.is_ip_allowlist_enabled, false) and v_entries.expired = 0 then 'ok' else 'warning' end,
    case when v_seen.addresses = 0 then null else v_seen.covered * 100 / v_seen.addresses end,
    jsonb_build_object(
      'is_enabled', coalesce(v_policy.is_ip_allowlist_enabled, false), 'entries', v_entries.in_force,
      'expired_entries', v_entries.expired, 'addresses_of_30_days', v_seen.addresses, 'covered', v_seen.covered));
  if v_factors is null or not has_table_privilege(v_factors, 'select') then
    return query values ('users_without_mfa', 'unknown', null::bigint, jsonb_build_object('reason', 'auth.mfa_factors cannot be read'));
    return;
  end if;
  execute format(
    'select array_agg(u.id order by u.id) from public.users as u
      where u.company_id = $1 and u.status = ''active''
        and not exists (select from %s as f where f.user_id = u.id and f.status = ''verified'')', v_factors)
    into v_users using p_company_id;
  return query values (
    'users_without_mfa', case when v_users is null then 'ok' else 'warning' end, coalesce(cardinality(v_users), 0)::bigint,
    jsonb_build_object('is_required', coalesce(v_policy.required_aal = 'aal2', false), 'user_ids', coalesce(to_jsonb(v_users), '[]')));
end
$function$;

CREATE OR REPLACE FUNCTION private.check_api_keys (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_found record;
begin
  select count(*) as keys,
         max(extract(day from now() - k.created_at))::bigint as oldest_days,
         jsonb_agg(k.id order by k.id) filter (where k.created_at <= now() - interval '365 days') as old,
         jsonb_agg(k.id order by k.id) filter (where k.expires_at <= now() + interval '14 days') as expiring,
         jsonb_agg(k.id order by k.id) filter (where coalesce(k.last_used_at, k.created_at) <= now() - interval '90 days') as unused,
         -- Issued by somebody who could not issue it any more.
         jsonb_agg(k.id order by k.id) filter (
           where k.created_by is not null
             and not (k.permissions || '{api_keys.write}') <@ private.permissions_of(k.company_id, k.created_by)) as unattended
    into v_found
    from public.api_keys as k
   where k.company_id = p_company_id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
  return query values
    ('api_key_age', case when v_found.old is null then 'ok' else 'warning' end, coalesce(v_found.oldest_days, 0),
     jsonb_build_object('keys', v_found.keys, 'older_than_365_days', coalesce(v_found.old, '[]'))),
    ('api_keys_expiring', case when v_found.expiring is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.expiring), 0)::bigint,
     jsonb_build_object('within_14_days', coalesce(v_found.expiring, '[]'))),
    ('api_keys_unused', case when v_found.unused is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.unused), 0)::bigint,
     jsonb_build_object('for_90_days', coalesce(v_found.unused, '[]'))),
    ('api_keys_unattended', case when v_found.unattended is null then 'ok' else 'warning' end,
     coalesce(jsonb_array_length(v_found.unattended), 0)::bigint,
     jsonb_build_object('issuer_lost_rights', coalesce(v_found.unattended, '[]')));
end
$function$;

CREATE OR REPLACE FUNCTION private.check_audit_chain (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_head constant bigint := (select h.link_no from private.audit_heads as h where h.company_id = p_company_id);
  v_from constant bigint := greatest(
    coalesce(v_head, 0) - 1000,
    coalesce((select max(s.last_link_no) from private.audit_segments as s
               where s.company_id = p_company_id and s.pruned_at is not null), 0));
  v_answer public.audit_verification;
begin
  begin
    v_answer := private.verify_audit_chain(p_company_id, v_from, 1000, null, null);
  exception when insufficient_privilege then
    return query values ('audit_chain', 'unknown', null::bigint, '{"reason": "audit.read is not held"}'::jsonb);
    return;
  end;
  return query values (
    'audit_chain', case when v_answer.is_intact then 'ok' else 'failing' end, coalesce(v_answer.head_link_no, 0),
    jsonb_build_object('verified_after_link_no', v_from, 'problems', coalesce(v_answer.problems, '[]')));
end
$function$;

CREATE OR REPLACE FUNCTION private.check_budget (
  p_company_id     uuid,
  p_agent_id       uuid,
  p_estimated_cost numeric,
  p_service        text,
  p_hold_seconds   integer,
  p_reservation_id uuid
)
  RETURNS public.budget_decision
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_amount bigint;
  v_spender private.spender;
  v_reservation private.budget_reservations;
  v_period public.budget_periods;
  v_outcome text;
  v_shown uuid;
  v_id uuid := coalesce(p_reservation_id, private.uuid_v7());
  v_decision public.budget_decision;
begin
  perform private.require_company(p_company_id, 'usage.write');
  -- Nothing is not held: whoever may reserve may settle.
  v_amount := greatest(private.micro_usd(p_estimated_cost, 'estimated_cost'), 1);
  if p_hold_seconds is null or p_hold_seconds not between 1 and 86400 then
    raise exception 'a reservation is held for 1 to 86400 seconds'
      using errcode = '22023',
            detail = 'invalid_hold',
            hint = 'State hold_seconds within these bounds, or leave it out for 15 minutes.';
  end if;
  if p_service is not null then
    perform private.require_service(p_service);
  end if;
  v_decision := private.reserve_quickly(p_company_id, p_agent_id, v_amount, p_service, p_hold_seconds, v_id);
  if v_decision.allowed then
    return v_decision;
  end if;
  v_spender := private.find_spender(p_company_id, clock_timestamp(), p_agent_id, p_service);
  v_shown := v_spender.period_id;
  v_decision.reservation_id := v_id;
  v_decision.expires_at := clock_timestamp() + make_interval(secs => p_hold_seconds);

  -- Most of those who are refused are refused here, without a lock and without a trace; so are those who are refused
  -- after they have waited, since LB003 undoes what they did and lets the next one have the row at once.
  if p_reservation_id is null and v_spender.company_status = 'active'
     and private.lacks_room(p_company_id, v_spender.period_id, v_amount)
  then
    v_decision.reason := 'budget_exceeded';
  else
    begin
      -- The row comes first: of two with the same id, one waits here and then finds what the other got.
      insert into private.budget_reservations (
        company_id, id, agent_id, service, amount_micro_usd, held_in, expires_at, created_at, created_by)
      values (
        p_company_id, v_id, p_agent_id, p_service, v_amount,
        array_remove(array[v_spender.period_id, v_spender.agent_period_id, v_spender.service_period_id], null),
        v_decision.expires_at, clock_timestamp(), private.actor_id())
      on conflict (company_id, id) do nothing;
      if not found then
        select * into v_reservation from private.budget_reservations as r
         where r.company_id = p_company_id and r.id = v_id;
        if (v_reservation.agent_id, v_reservation.service, v_reservation.amount_micro_usd)
           is distinct from (p_agent_id, p_service, v_amount)
        then
          raise exception 'reservation % was made for something else', v_id
            using errcode = 'PT422',
                  detail = 'reservation_reused',
                  hint = 'A retry repeats the request as it was; another request takes another reservation_id.';
        end if;
        if v_reservation.held_in = '{}' or v_reservation.expires_at <= clock_timestamp() then
          raise exception 'reservation % is settled, released or expired', v_id
            using errcode = 'PT422',
                  detail = 'reservation_over',
                  hint = 'Another request takes another reservation_id.';
        end if;
        v_decision.expires_at := v_reservation.expires_at;
      elsif v_spender.company_status <> 'active' then
        v_decision.reason := 'company_suspended';
      else
        loop
          v_outcome := private.charge_budget(
            p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, 0, v_amount, false);
          exit when v_outcome <> 'stale';
          v_spender := private.find_spender(p_company_id, clock_timestamp(), p_agent_id, p_service);
          v_shown := v_spender.period_id;
          update private.budget_reservations as r
             set held_in = array_remove(
                   array[v_spender.period_id, v_spender.agent_period_id, v_spender.service_period_id], null)
           where r.company_id = p_company_id and r.id = v_id;
        end loop;
        if v_outcome = 'refused' then
          v_decision.reason := 'budget_exceeded';
        elsif v_spender.agent_period_id is not null and private.charge_scope(
          p_company_id, v_spender.agent_period_id, v_spender.agent_generation, v_spender.agent_stripe_count,
          0, v_amount, false) = 'refused'
        then
          v_decision.reason := 'agent_budget_exceeded';
          v_shown := v_spender.agent_period_id;
        elsif v_spender.service_period_id is not null and private.charge_scope(
          p_company_id, v_spender.service_period_id, v_spender.service_generation, v_spender.service_stripe_count,
          0, v_amount, false) = 'refused'
        then
          v_decision.reason := 'service_budget_exceeded';
          v_shown := v_spender.service_period_id;
        end if;
      end if;
      if v_decision.reason is not null then
        raise sqlstate 'LB003';
      end if;
    exception when sqlstate 'LB003' then
      null;
    end;
  end if;

  if v_decision.reason is not null then
    v_decision.reservation_id := null;
    v_decision.expires_at := null;
    if v_decision.reason = 'budget_exceeded'
       and not exists (select from public.company_plans as p where p.company_id = p_company_id and p.is_active)
    then
      v_decision.reason := 'no_active_plan';
    end if;
  end if;
  v_decision.allowed := v_decision.reason is null;
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = v_shown;
  v_decision.scope := v_period.scope;
  v_decision.limit_usd := round(v_period.limit_micro_usd / 1000000.0, 6);
  v_decision.budget_month := v_period.month;
  v_decision.period_ends_at := v_period.ends_at;
  select round((b.spent + v_period.adjusted_micro_usd) / 1000000.0, 6), round(b.reserved / 1000000.0, 6),
         round(b.remaining / 1000000.0, 6)
    into v_decision.spent_usd, v_decision.reserved_usd, v_decision.remaining_usd
    from private.budget_balance(p_company_id, v_shown) as b;
  v_decision.is_over_budget := v_decision.remaining_usd < 0;
  return v_decision;
end
$function$;

CREATE OR REPLACE FUNCTION private.check_rate_limit (
  p_company_id uuid,
  p_cost       integer,
  p_api_key_id uuid
)
  RETURNS public.rate_limit_decision
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_rate record;
  v_key_limit integer;
  v_key public.rate_limit_decision;
  v_company public.rate_limit_decision;
begin
  perform private.require_company(p_company_id, null);
  if p_api_key_id is null and p_cost > 0 then
    v_company := private.take_rate(p_company_id, 'company', null, null, p_cost);
    if v_company.bucket is not null then
      return v_company;
    end if;
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  select * into v_rate from private.company_rate(p_company_id);
  if p_cost is null or p_cost not between 1 and v_rate.burst then
    raise exception 'a request costs 1 to %', v_rate.burst
      using errcode = '22023',
            detail = 'invalid_cost',
            hint = 'State cost within the burst of the plan.';
  end if;
  if p_api_key_id is not null then
    select k.rate_limit_per_minute into v_key_limit from public.api_keys as k
     where k.company_id = p_company_id and k.id = p_api_key_id;
    if not found then
      raise exception 'the company has no API key %', p_api_key_id
        using errcode = 'PT404',
              detail = 'unknown_api_key',
              hint = 'Check api_key_id, or leave it out.';
    end if;
    v_key := private.take_key_rate(p_company_id, p_api_key_id, v_key_limit, p_cost);
    if not v_key.allowed then
      return v_key;
    end if;
  end if;
  v_company := private.take_rate(p_company_id, 'company', v_rate.limit_per_minute, v_rate.burst, p_cost);
  if v_key.bucket is null then
    return v_company;
  end if;
  if not v_company.allowed then
    update private.rate_limit_buckets as b
       set tat = b.tat - interval '1 minute' / v_key_limit * p_cost
     where b.company_id = p_company_id and b.bucket = v_key.bucket;
    return v_company;
  end if;
  return case when v_key.remaining < v_company.remaining then v_key else v_company end;
end
$function$;

CREATE OR REPLACE FUNCTION private.check_requests (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_found record;
begin
  select count(*) as open, count(*) filter (where r.due_at <= now()) as overdue,
         count(*) filter (where r.due_at > now() and r.due_at <= now() + interval '7 days') as due_soon,
         min(r.due_at) as next_due_at,
         jsonb_agg(r.id order by r.due_at) filter (where r.due_at <= now()) as ids
    into v_found
    from public.compliance_requests as r
   where r.company_id = p_company_id and r.status in ('received', 'identity_check', 'in_progress');
  return query values
    ('requests_open', case when v_found.due_soon > 0 then 'warning' else 'ok' end, v_found.open,
     jsonb_build_object('due_within_7_days', v_found.due_soon, 'next_due_at', v_found.next_due_at)),
    ('requests_overdue', case when v_found.overdue > 0 then 'failing' else 'ok' end, v_found.overdue,
     jsonb_build_object('request_ids', coalesce(v_found.ids, '[]')));
end
$function$;

CREATE OR REPLACE FUNCTION private.check_retention (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_policy record;
  v_rows bigint;
  v_overdue jsonb := '{}'::jsonb;
  v_total bigint := 0;
  v_missing text[];
  v_held text[];
  v_failed jsonb;
begin
  select array_agg(k.data_class order by k.data_class) into v_missing
    from private.retention_classes as k
   where not exists (
     select from public.data_retention_policies as p where p.company_id = p_company_id and p.data_class = k.data_class);
  select array_agg(p.data_class order by p.data_class) into v_held
    from public.data_retention_policies as p
   where p.company_id = p_company_id and p.is_legal_hold;
  -- What should have gone for two days: nobody runs run_data_retention(), or it fails.
  for v_policy in
    select p.data_class, p.action, greatest(p.retention_days, k.minimum_days) + 2 as days
      from public.data_retention_policies as p
      join private.retention_classes as k on k.data_class = p.data_class
     where p.company_id = p_company_id and p.action <> 'keep' and not p.is_legal_hold
     order by p.data_class
  loop
    v_rows := private.retain_batch(
      p_company_id, v_policy.data_class, v_policy.action, now() - make_interval(days => v_policy.days), 1, true);
    if v_rows > 0 then
      v_overdue := v_overdue || jsonb_build_object(v_policy.data_class, v_rows);
      v_total := v_total + v_rows;
    end if;
  end loop;
  select jsonb_object_agg(l.data_class, l.failures) into v_failed
    from (
      select x.data_class, count(*) as failures from public.data_retention_logs as x
       where x.company_id = p_company_id and x.status = 'failed' and x.started_at > now() - interval '7 days'
       group by x.data_class
    ) as l;
  return query values
    ('retention_policies', case when v_missing is null then 'ok' else 'warning' end, coalesce(cardinality(v_missing), 0)::bigint,
     jsonb_build_object('classes_without_policy', coalesce(to_jsonb(v_missing), '[]'), 'legal_holds', coalesce(to_jsonb(v_held), '[]'))),
    ('retention_overdue', case when v_total > 0 then 'failing' else 'ok' end, v_total, jsonb_build_object('rows', v_overdue)),
    ('retention_failures', case when v_failed is null then 'ok' else 'failing' end,
     (select coalesce(sum(f.value::bigint), 0)::bigint from jsonb_each_text(v_failed) as f),
     jsonb_build_object('failures_of_7_days', coalesce(v_failed, '{}')));
end
$function$;

CREATE OR REPLACE FUNCTION private.claim_events (
  p_batch_size    integer,
  p_lease_seconds integer
)
  RETURNS TABLE (
    company_id          uuid,
    event_id            uuid,
    topic               text,
    payload             jsonb,
    attempt             integer,
    created_at          timestamp with time zone,
    company_name        text,
    notification_emails text[]
  )
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_batch_size is null or p_batch_size not between 1 and 1000
     or p_lease_seconds is null or p_lease_seconds not between 1 and 3600
  then
    raise exception 'a claim takes 1 to 1000 events for 1 to 3600 seconds'
      using errcode = '22023',
            detail = 'invalid_claim',
            hint = 'State batch_size and lease_seconds within these bounds.';
  end if;
  -- An event on which its workers die is given up as well.
  update private.outbox_events as e
     set status = 'dead', finished_at = now(), last_error = 'the lease of the last attempt ran out'
   where e.status = 'pending' and e.available_at <= now() and e.attempts >= 12;
  return query
    with due as (
      select e.company_id, e.id from private.outbox_events as e
       where e.status = 'pending' and e.available_at <= now()
       order by e.available_at
       limit p_batch_size
         for update skip locked
    ), claimed as (
      update private.outbox_events as e
         set attempts = e.attempts + 1, available_at = now() + make_interval(secs => p_lease_seconds)
        from due
       where e.company_id = due.company_id and e.id = due.id
      returning e.company_id, e.id, e.topic, e.payload, e.attempts, e.created_at
    )
    select d.company_id, d.id, d.topic, d.payload, d.attempts, d.created_at, c.name,
           coalesce(k.notification_emails, '{}')
      from claimed as d
      join public.companies as c on c.id = d.company_id
      left join public.company_config as k on k.company_id = d.company_id
     order by d.created_at, d.id;
end
$function$;

CREATE OR REPLACE FUNCTION private.client_address()
  RETURNS inet
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.forwarded_address(
    private.parse_json_object(current_setting('request.headers', true)) ->> 'x-forwarded-for');
end
$function$;

CREATE OR REPLACE FUNCTION private.close_budget_periods (
  p_grace interval DEFAULT '3 days'::interval
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_due record;
  v_period public.budget_periods;
  v_closed integer := 0;
begin
  for v_due in
    select p.company_id, p.id from public.budget_periods as p
     where p.status = 'open' and p.ends_at < clock_timestamp() - p_grace
     order by p.company_id, p.month, array_position('{company,agent,service}', p.scope), p.id
     limit 1000
  loop
    perform from public.budget_periods as p
      where p.company_id = v_due.company_id and p.id = v_due.id and p.status = 'open'
        for no key update skip locked;
    continue when not found;
    while private.release_expired_holds(v_due.company_id, v_due.id) > 0 loop
      null;
    end loop;
    v_period := private.lock_budget(v_due.company_id, v_due.id);
    delete from private.budget_stripes as s
     where s.company_id = v_due.company_id and s.budget_period_id = v_due.id;
    update public.budget_periods as p
       set status = 'closed', closed_at = clock_timestamp(), stripe_count = 0, contention = 0
     where p.company_id = v_due.company_id and p.id = v_due.id;
    v_closed := v_closed + 1;
    if v_period.scope = 'company' then
      perform private.emit_event(v_due.company_id, 'budget.period_closed', jsonb_build_object(
        'budget_period_id', v_due.id, 'month', to_char(v_period.month, 'YYYY-MM'),
        'limit_micro_usd', v_period.limit_micro_usd, 'spent_micro_usd', v_period.spent_micro_usd,
        'adjusted_micro_usd', v_period.adjusted_micro_usd));
    end if;
  end loop;
  return v_closed;
end
$function$;

CREATE OR REPLACE FUNCTION private.close_other_requests (
  p_request public.compliance_requests,
  p_work    private.subject_work
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_closed uuid[];
begin
  delete from private.subject_bundle_files as f
   using public.compliance_requests as r
   where f.company_id = p_request.company_id and r.company_id = f.company_id and r.id = f.request_id
     and (r.subject_user_id = any (p_work.user_ids) or lower(r.subject_email) ~* p_work.email_pattern);
  perform set_config('app.importing', private.import_token(), true);
  with closed as (
    update public.compliance_requests as r
       set status = 'cancelled', completed_at = now(), updated_at = now()
     where r.company_id = p_request.company_id and r.id <> p_request.id
       and r.status in ('received', 'identity_check', 'in_progress')
       and (r.subject_user_id = any (p_work.user_ids) or lower(r.subject_email) ~* p_work.email_pattern)
    returning r.id
  )
  select array_agg(c.id) into v_closed from closed as c;
  perform set_config('app.importing', v_importing, true);
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = any (v_closed);
  perform private.write_audit(p_request.company_id, 'compliance_request.cancelled', 'compliance_requests', c,
    jsonb_build_object('erased_by', p_request.id)) from unnest(v_closed) as c;
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

CREATE OR REPLACE FUNCTION private.column_class_problems()
  RETURNS TABLE (
    table_schema text,
    table_name   text,
    column_name  text,
    problem      text
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
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
  v_found record;
begin
  if v_user is null or v_claims ->> 'is_anonymous' = 'true' then
    return null;
  end if;
  if v_claims ? 'api_key_id' then
    return private.company_for_api_key(p_permission);
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

  select u.company_id, p as policy into v_found
    from public.users as u
    join public.companies as c on c.id = u.company_id
    left join public.security_policies as p on p.company_id = c.id and p.is_active and p.is_strict
   where u.company_id = v_company
     and u.id = v_user
     and u.status = 'active'
     and c.status = 'active'
     and (p_permission is null
          or (p_permission <> all (u.revoked_permissions)
              and (p_permission = any (u.granted_permissions)
                   or exists (select from private.role_permissions as rp
                               where rp.role = u.role and rp.permission = p_permission))));
  -- The company's own rules: second factor, age of the session, address.
  if v_found.policy is distinct from null and private.policy_problem(v_found.policy, p_permission, v_claims) is not null then
    return null;
  end if;
  return v_found.company_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.company_for_api_key (
  p_permission text
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key constant private.api_key_states := private.token_api_key();
begin
  if v_key.problem is not null or p_permission is not null and p_permission <> all (v_key.permissions) then
    return null;
  end if;
  return v_key.company_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.company_rate (
  p_company_id uuid,
  OUT          limit_per_minute integer,
  OUT          burst integer
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select coalesce((p.features ->> 'requests_per_minute')::integer, (t.features ->> 'requests_per_minute')::integer, 600),
         coalesce((p.features ->> 'request_burst')::integer, (t.features ->> 'request_burst')::integer, 200)
    into limit_per_minute, burst
    from (select p_company_id as id) as c
    left join public.company_plans as p on p.company_id = c.id and p.is_active
    join private.plan_tiers as t on t.plan_tier = coalesce(p.plan_tier, 'starter');
end
$function$;

CREATE OR REPLACE FUNCTION private.compare_budget (
  p_company_id uuid,
  p_period_id  uuid,
  OUT          counted bigint,
  OUT          ledger bigint,
  OUT          reserved bigint,
  OUT          held bigint
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select b.spent, private.ledger_total(p_company_id, p.month, p.starts_at, p.ends_at, p.agent_id, p.service),
         b.reserved, h.held
    into counted, ledger, reserved, held
    from public.budget_periods as p
   cross join lateral private.budget_balance(p_company_id, p.id) as b
   cross join lateral (
     select coalesce(sum(r.amount_micro_usd), 0)::bigint as held
       from private.budget_reservations as r
      where r.company_id = p_company_id and r.held_in <> '{}' and p.id = any (r.held_in)
   ) as h
   where p.company_id = p_company_id and p.id = p_period_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.compliance_status (
  p_company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_due_at timestamptz;
  v_unreadable bigint;
begin
  perform private.require_reader(p_company_id, 'compliance.read');
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  v_due_at := private.review_due_at(p_company_id);
  v_unreadable := (
    select count(*) from private.company_secrets as s
     where s.company_id = p_company_id
       and not exists (select from private.company_data_keys as d where d.company_id = s.company_id and d.key_uuid = s.key_uuid));
  return query
    select * from private.check_requests(p_company_id)
    union all select * from private.check_retention(p_company_id)
    union all select * from private.check_api_keys(p_company_id)
    union all select * from private.check_access(p_company_id)
    union all select * from private.check_audit_chain(p_company_id)
    union all values
      ('secrets_unreadable', case when v_unreadable > 0 then 'warning' else 'ok' end, v_unreadable, '{}'::jsonb),
      ('review', case when v_due_at <= now() then 'warning' else 'ok' end,
       greatest(extract(day from v_due_at - now()), 0)::bigint,
       jsonb_build_object('due_at', v_due_at, 'reviewed_at', (
         select r.reviewed_at from private.compliance_reviews as r where r.company_id = p_company_id)));
end
$function$;

CREATE OR REPLACE FUNCTION private.compliance_ticket (
  p_request public.compliance_requests
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    p_request.id, p_request.kind, p_request.status, p_request.identity_verified_at is not null, p_request.received_at,
    p_request.due_at, p_request.completed_at)::public.compliance_ticket;
end
$function$;

CREATE OR REPLACE FUNCTION private.count_limits (
  p_company_id uuid,
  p_period_id  uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  update public.budget_periods as p
     set (agent_limit_count, service_limit_count) = (
           select count(*) filter (where x.scope = 'agent'), count(*) filter (where x.scope = 'service')
             from public.budget_periods as x
            where x.company_id = p_company_id and x.month = p.month and x.status = 'open')
   where p.company_id = p_company_id and p.id = p_period_id;
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

CREATE OR REPLACE FUNCTION private.csv_field (
  p_value text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_value is null then
    return '';
  end if;
  return '"' || replace(case when p_value ~ '^[=+\-@\t\r]' then '''' || p_value else p_value end, '"', '""') || '"';
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
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_claims jsonb := case when jsonb_typeof(event -> 'claims') = 'object' then event -> 'claims' else '{}' end;
  v_ours jsonb := '{}'::jsonb;
  v_user uuid := private.parse_uuid(event ->> 'user_id');
  v_company uuid;
begin
  v_claims := v_claims - 'company_id' - 'company_role' - 'permissions' - 'api_key_id';
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
  -- A refreshed token is the same session.
  if v_ours <> '{}' and event ->> 'authentication_method' <> 'token_refresh' then
    begin
      perform private.record_sign_in(v_company, v_user, event);
    exception when others then
      raise warning 'custom_access_token_hook: sign-in not recorded: % (%)', sqlerrm, sqlstate;
    end;
  end if;
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

CREATE OR REPLACE FUNCTION private.delete_company_secret (
  p_company_id uuid,
  p_name       text,
  p_agent_id   uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_id uuid;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  delete from private.company_secrets as s
   where s.company_id = p_company_id and s.name = p_name and s.agent_id is not distinct from p_agent_id
  returning s.id into v_id;
  if v_id is null then
    return false;
  end if;
  perform private.write_audit(p_company_id, 'company_secrets.deleted', 'company_secrets', v_id,
    jsonb_build_object('name', p_name, 'agent_id', p_agent_id));
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.drop_company_data_key (
  p_company_id uuid
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_count integer;
begin
  perform private.require_operator();
  delete from private.company_data_keys as d where d.company_id = p_company_id;
  if not found then
    return 0;
  end if;
  v_count := (select count(*) from private.company_secrets as s where s.company_id = p_company_id);
  perform private.write_audit(p_company_id, 'company_data_keys.dropped', 'company_data_keys', null,
    jsonb_build_object('secrets', v_count));
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.drop_expired_partition()
  RETURNS SETOF public.retention_result
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET lock_timeout TO '20ms'
  SET "TimeZone" TO 'UTC'
  SET "DateStyle" TO 'ISO'
  AS $function$
declare
  v_partition record;
  v_company_id uuid;
  v_is_needed boolean;
  v_attempt integer;
  v_result public.retention_result;
  v_results public.retention_result[];
  v_busy text[] := '{}';
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
      v_is_needed := not exists (
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
        raise exception using errcode = 'P0001';
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
$function$;

CREATE OR REPLACE FUNCTION private.emit_event (
  p_company_id uuid,
  p_topic      text,
  p_payload    jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  insert into private.outbox_events (company_id, topic, payload) values (p_company_id, p_topic, p_payload);
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_audit_fields (
  p_company_id uuid,
  p_created_at timestamp with time zone,
  p_id         uuid,
  p_fields     text[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_row public.audit_logs;
  v_commitments jsonb;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  select * into v_row from public.audit_logs as l
   where l.company_id = p_company_id and l.created_at = p_created_at and l.id = p_id
     for update;
  -- Its own transaction has not linked it yet.
  if not found or v_row.created_at = now() and v_row.transaction_id = pg_current_xact_id() then
    return false;
  end if;
  select jsonb_object_agg(v.name, case
           when v.name = any (p_fields) then jsonb_build_object(
             'c', encode(sha256(v.salt || convert_to(v.value, 'UTF8')), 'hex'))
           else jsonb_build_object('s', encode(v.salt, 'hex'))
         end)
    into v_commitments
    from (
      select x.name, x.value,
             coalesce(decode(v_row.commitments -> x.name ->> 's', 'hex'),
                      sha256(uuid_send(v_row.salt) || convert_to(x.name, 'UTF8'))) as salt
        from (
          values ('actor_id', v_row.actor_id::text), ('created_by', v_row.created_by::text), ('row_id', v_row.row_id::text),
                 ('ip_address', v_row.ip_address::text), ('user_agent', v_row.user_agent), ('request_id', v_row.request_id)
          union all
          select 'changes.' || c.key, c.value::text from jsonb_each(v_row.changes) as c
        ) as x (name, value)
       where x.value is not null
    ) as v;
  if not exists (select from jsonb_each(v_commitments) as e where e.value ? 'c') then
    return false;
  end if;
  perform set_config('app.importing', private.import_token(), true);
  update public.audit_logs as l
     set salt = null,
         commitments = coalesce(l.commitments, '{}') || v_commitments,
         actor_id = case when not 'actor_id' = any (p_fields) then l.actor_id end,
         created_by = case when not 'created_by' = any (p_fields) then l.created_by end,
         row_id = case when not 'row_id' = any (p_fields) then l.row_id end,
         ip_address = case when not 'ip_address' = any (p_fields) then l.ip_address end,
         user_agent = case when not 'user_agent' = any (p_fields) then l.user_agent end,
         request_id = case when not 'request_id' = any (p_fields) then l.request_id end,
         changes = l.changes - array(select substr(f, 9) from unnest(p_fields) as f where f like 'changes.%')
   where l.company_id = p_company_id and l.created_at = p_created_at and l.id = p_id;
  perform set_config('app.importing', v_importing, true);
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_files (
  p_work private.subject_work
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_file record;
  v_left bigint := 0;
begin
  for v_file in
    select o.bucket_id, o.name from storage.objects as o
     where o.bucket_id in ('documents', 'media') and starts_with(o.name, p_work.company_id || '/')
       and substr(o.name, 38) ~* p_work.pattern
  loop
    v_left := v_left + 1;
    if not exists (
      select from private.outbox_events as e
       where e.company_id = p_work.company_id and e.topic = 'file.expired' and e.status = 'pending'
         and e.payload ->> 'path' = v_file.name and e.payload ->> 'bucket' = v_file.bucket_id)
    then
      perform private.emit_event(p_work.company_id, 'file.expired', jsonb_build_object(
        'bucket', v_file.bucket_id, 'path', v_file.name));
    end if;
  end loop;
  update storage.objects as o
     set owner = null, owner_id = null
   where o.bucket_id in ('documents', 'media') and starts_with(o.name, p_work.company_id || '/')
     and (o.owner = any (p_work.user_ids) or o.owner_id = any (p_work.user_ids::text[]));
  return v_left;
end
$function$;

CREATE OR REPLACE FUNCTION private.erase_page (
  p_work     private.subject_work,
  p_table    private.subject_table,
  p_max_rows integer,
  OUT        seen bigint,
  OUT        changed bigint,
  OUT        kept bigint,
  OUT        stuck bigint,
  OUT        next_position text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_page text;
  v_removed text;
  v_changed text := 'select 0';
  v_entry public.audit_logs;
  v_at timestamptz;
  v_id uuid;
  v_is_hit boolean;
  v_is_stuck boolean;
  v_is_kept boolean;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  v_page := format(
    'select %s, coalesce(%s, false) as is_hit, coalesce(%s, false) as is_stuck, coalesce(%s, false) as is_gone,
            coalesce((%s) or (%s), false) and (%s) as is_kept
       from %s as t
      where %s%s
      order by %1$s
      limit $7',
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k), p_table.is_hit, p_table.is_stuck, p_table.is_gone,
    p_table.is_hit, p_table.is_gone, p_table.is_kept, p_table.table_name, p_table.is_company,
    case when p_work.position is not null then format(' and (%s) > (%s)',
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('($6)[%s]::%s', x.ordinality, x.type_name), ', ')
         from unnest(p_table.key_types) with ordinality as x (type_name, ordinality))) end);
  if p_max_rows is null then
    execute format(
      'select count(*), count(*) filter (where (p.is_hit or p.is_gone) and not p.is_kept), count(*) filter (where p.is_kept),
              count(*) filter (where p.is_stuck and not p.is_kept)
         from (%s) as p', v_page)
      into seen, changed, kept, stuck
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, null::integer;
    return;
  end if;

  if p_table.table_name = 'public.audit_logs' then
    seen := 0;
    changed := 0;
    kept := 0;
    stuck := 0;
    for v_at, v_id, v_is_hit, v_is_stuck, v_is_kept in
      execute format('select p.created_at, p.id, p.is_hit, p.is_stuck, p.is_kept from (%s) as p order by p.created_at, p.id', v_page)
      using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, p_max_rows
    loop
      seen := seen + 1;
      next_position := array[v_at::text, v_id::text];
      continue when not (v_is_hit or v_is_stuck or v_is_kept);
      select * into v_entry from public.audit_logs as l
       where (l.company_id, l.created_at, l.id) = (p_work.company_id, v_at, v_id);
      if v_is_kept then
        kept := kept + 1;
      elsif v_is_hit and private.erase_audit_fields(p_work.company_id, v_at, v_id, array_remove(array[
          case when v_entry.actor_id = any (p_work.user_ids) then 'actor_id' end,
          case when v_entry.created_by = any (p_work.user_ids) then 'created_by' end,
          case when v_entry.row_id = any (p_work.user_ids) then 'row_id' end,
          case when v_entry.actor_id = any (p_work.user_ids) then 'ip_address' end,
          case when v_entry.actor_id = any (p_work.user_ids) or v_entry.user_agent ~* p_work.pattern then 'user_agent' end,
          case when v_entry.request_id ~* p_work.pattern then 'request_id' end
        ] || array(
          select 'changes.' || c.key
            from jsonb_each(v_entry.changes) as c
           where c.value::text ~* p_work.pattern
              -- What the profile said of the person, also where it does not name them.
              or v_entry.table_name = 'users' and v_entry.row_id = any (p_work.user_ids) and exists (
                select from private.column_classes as k
                 where k.table_schema = 'public' and k.table_name = 'users' and k.column_name = c.key
                   and k.class in ('personal', 'sensitive'))), null))
      then
        changed := changed + 1;
      elsif v_is_hit or v_is_stuck then
        stuck := stuck + 1;
      end if;
    end loop;
    return;
  end if;

  v_removed := format(
    'delete from %s as t using page as p where p.is_gone and not p.is_kept and %s and (%s) = (%s)',
    p_table.table_name, p_table.is_company,
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k));
  v_removed := case
    when p_table.table_name in ('public.documents', 'public.media_assets') then format(
      '%s returning private.emit_event(t.company_id, ''file.expired'', jsonb_build_object(
         ''bucket'', %L, ''path'', t.storage_path, ''row_id'', t.id))',
      v_removed, case p_table.table_name when 'public.documents' then 'documents' else 'media' end)
    else v_removed || ' returning 1'
  end;
  if p_table.assignments is not null then
    v_changed := format(
      'update %s as t set %s from page as p where p.is_hit and not p.is_gone and not p.is_kept and %s and (%s) = (%s) returning 1',
      p_table.table_name, p_table.assignments, p_table.is_company,
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k));
  end if;
  perform set_config('app.importing', private.import_token(), true);
  execute format(
    'with page as materialized (%s), removed as (%s), changed as (%s)
     select count(*), %s + (select count(*) from removed), count(*) filter (where p.is_kept),
            count(*) filter (where p.is_stuck and not p.is_kept and not p.is_gone),
            (select array[%s] from page as l order by (%s) desc limit 1)
       from page as p',
    v_page, v_removed, v_changed, case when p_table.assignments is null then '0' else '(select count(*) from changed)' end,
    (select string_agg(format('l.%I::text', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('l.%I', k), ', ') from unnest(p_table.keys) as k))
    into seen, changed, kept, stuck, next_position
    using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.email_pattern, p_work.text_pattern, p_work.position, p_max_rows;
  perform set_config('app.importing', v_importing, true);
end
$function$;

CREATE OR REPLACE FUNCTION private.erasure_exception (
  p_company_id uuid,
  p_table      regclass,
  OUT          is_kept text,
  OUT          reason text
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_whole record;
  v_inner record;
begin
  select 'true', 'legal hold: ' || coalesce(p.legal_basis, 'no basis stated')
    into is_kept, reason
    from public.data_retention_policies as p
   where p.company_id = p_company_id and p.is_legal_hold and format('public.%I', p.data_class)::regclass = p_table;
  if is_kept is not null then
    return;
  end if;
  select format('(%s) and coalesce(t.%I >= now() - interval ''%s days'', false)', k.overrides_erasure, k.age_column, k.minimum_days), k.minimum_basis
    into is_kept, reason
    from private.retention_classes as k
   where k.overrides_erasure is not null and format('public.%I', k.data_class)::regclass = p_table;
  if is_kept is not null then
    return;
  end if;
  is_kept := 'false';
  for v_whole in
    select f.confrelid::regclass as parent,
           string_agg(format('p.%I = t.%I', pa.attname, ca.attname), ' and ') as joined
      from pg_constraint as f
     cross join lateral unnest(f.conkey, f.confkey) as x (child, parent)
      join pg_attribute as ca on ca.attrelid = f.conrelid and ca.attnum = x.child
      join pg_attribute as pa on pa.attrelid = f.confrelid and pa.attnum = x.parent
     where f.conrelid = p_table and f.contype = 'f' and f.confdeltype = 'c' and f.confrelid <> f.conrelid
       and f.confrelid not in ('public.companies'::regclass, 'auth.users'::regclass)
     group by f.oid
  loop
    select * into v_inner from private.erasure_exception(p_company_id, v_whole.parent);
    if v_inner.is_kept <> 'false' then
      is_kept := format('exists (select from %s as p where %s and (%s))', v_whole.parent, v_whole.joined,
        regexp_replace(v_inner.is_kept, '\mt\.', 'p.', 'g'));
      reason := v_inner.reason;
    end if;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.explain_ip_access (
  p_company_id uuid,
  p_address    inet
)
  RETURNS TABLE (
    allowed    boolean,
    reason     text,
    address    inet,
    entry_id   uuid,
    network    inet,
    label      text,
    expires_at timestamp with time zone
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_address constant inet := coalesce(p_address, private.client_address());
  v_entry public.ip_allowlist_entries;
  v_reason text;
begin
  perform private.require_reader(p_company_id, 'security.read');
  -- The entry that decides: one that is in force before one that is not, and the narrowest of those.
  select * into v_entry from public.ip_allowlist_entries as e
   where e.company_id = p_company_id and v_address <<= e.network
   order by (e.is_enabled and (e.expires_at is null or e.expires_at > now())) desc, masklen(e.network) desc
   limit 1;
  v_reason := case
    when not exists (
      select from public.security_policies as p
       where p.company_id = p_company_id and p.is_active and p.is_ip_allowlist_enabled) then 'allowlist_off'
    when v_address is null then 'address_unknown'
    when v_entry.id is null then 'not_listed'
    when not v_entry.is_enabled then 'entry_disabled'
    when v_entry.expires_at <= now() then 'entry_expired'
    else 'listed'
  end;
  return query select v_reason in ('allowlist_off', 'listed'), v_reason, v_address, v_entry.id, v_entry.network,
                      v_entry.label, v_entry.expires_at;
end
$function$;

CREATE OR REPLACE FUNCTION private.export_audit_log (
  p_company_id uuid,
  p_starts_at  timestamp with time zone,
  p_ends_at    timestamp with time zone,
  p_format     text,
  p_after_at   timestamp with time zone,
  p_after_id   uuid,
  p_max_rows   integer,
  OUT          content text,
  OUT          row_count integer,
  OUT          last_at timestamp with time zone,
  OUT          last_id uuid
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_format is null or p_format not in ('json', 'csv') or p_max_rows is null or p_max_rows not between 1 and 10000
    or (p_after_at is null) <> (p_after_id is null)
  then
    raise exception 'format must be json or csv, max_rows 1 to 10000; after_at and after_id go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give last_at and last_id of the answer to get the next page, until row_count is less than max_rows.';
  end if;
  with page as (
    select l.* from public.audit_logs as l
     where l.company_id = p_company_id
       and l.created_at >= coalesce(p_starts_at, '-infinity') and l.created_at < coalesce(p_ends_at, 'infinity')
       and (l.created_at, l.id) > (coalesce(p_after_at, '-infinity'), coalesce(p_after_id, '00000000-0000-0000-0000-000000000000'))
     order by l.created_at, l.id
     limit p_max_rows
  )
  select case p_format
           when 'json' then coalesce(jsonb_agg(to_jsonb(g) order by g.created_at, g.id), '[]')::text
           else concat_ws(E'\r\n',
             'company_id,id,created_at,actor_id,actor_role,action,table_name,row_id,changes,ip_address,user_agent,request_id,transaction_id,salt,commitments,created_by',
             string_agg(concat_ws(',',
               private.csv_field(g.company_id::text), private.csv_field(g.id::text),
               private.csv_field(to_jsonb(g.created_at) #>> '{}'), private.csv_field(g.actor_id::text),
               private.csv_field(g.actor_role), private.csv_field(g.action), private.csv_field(g.table_name),
               private.csv_field(g.row_id::text), private.csv_field(g.changes::text), private.csv_field(g.ip_address::text),
               private.csv_field(g.user_agent), private.csv_field(g.request_id), private.csv_field(g.transaction_id::text),
               private.csv_field(g.salt::text), private.csv_field(g.commitments::text), private.csv_field(g.created_by::text)
             ), E'\r\n' order by g.created_at, g.id)) || E'\r\n'
         end,
         count(*), (array_agg(g.created_at order by g.created_at desc, g.id desc))[1],
         (array_agg(g.id order by g.created_at desc, g.id desc))[1]
    into content, row_count, last_at, last_id
    from page as g;
  perform private.write_audit(p_company_id, 'audit.exported', 'audit_logs', null, jsonb_strip_nulls(jsonb_build_object(
    'format', p_format, 'starts_at', p_starts_at, 'ends_at', p_ends_at, 'row_count', row_count)));
end
$function$;

CREATE OR REPLACE FUNCTION private.export_page (
  p_work     private.subject_work,
  p_table    private.subject_table,
  p_max_rows integer,
  OUT        seen bigint,
  OUT        changed bigint,
  OUT        next_position text[]
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_rows jsonb;
  v_number integer;
  v_name constant text := split_part(p_table.table_name, '.', 2);
begin
  execute format(
    'select count(*), count(*) filter (where p.is_hit), coalesce(jsonb_agg(p.doc order by %1$s) filter (where p.is_hit), ''[]''),
            (array_agg(p.last_key order by %1$s))[count(*)]
       from (
         select %2$s, coalesce(%3$s, false) as is_hit, case when %3$s then %4$s end as doc, array[%5$s]::text as last_key
           from %6$s as t
          where %7$s%8$s
          order by %2$s
          limit $5
       ) as p',
    (select string_agg(format('p.%I', k), ', ') from unnest(p_table.keys) as k),
    (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
    case p_table.table_name when 'public.users' then 't.id = any ($2)' else format('((%s) or (%s))', p_table.is_hit, p_table.is_gone) end,
    p_table.export,
    (select string_agg(format('t.%I::text', k), ', ') from unnest(p_table.keys) as k),
    p_table.table_name, p_table.is_company,
    case when p_work.position is not null then format(' and (%s) > (%s)',
      (select string_agg(format('t.%I', k), ', ') from unnest(p_table.keys) as k),
      (select string_agg(format('($4)[%s]::%s', x.ordinality, x.type_name), ', ')
         from unnest(p_table.key_types) with ordinality as x (type_name, ordinality))) end)
    into seen, changed, v_rows, next_position
    using p_work.company_id, p_work.user_ids, p_work.pattern, p_work.position, p_max_rows;
  if changed = 0 then
    return;
  end if;
  select count(*) / 2 + 1 into v_number from private.subject_bundle_files as f
   where f.company_id = p_work.company_id and f.request_id = p_work.request_id and split_part(f.file_name, '.', 1) = v_name;
  insert into private.subject_bundle_files (company_id, request_id, file_name, row_count, content, sha256)
  select p_work.company_id, p_work.request_id, format('%s.%s.%s', v_name, v_number, v.extension), changed, v.content,
         encode(sha256(convert_to(v.content, 'UTF8')), 'hex')
    from (
      select 'json' as extension, jsonb_pretty(v_rows) as content
      union all
      select 'csv', concat_ws(E'\r\n',
               array_to_string(p_table.export_columns, ','),
               (select string_agg(
                         (select string_agg(private.csv_field(r.value ->> c.name), ',' order by c.n)
                            from unnest(p_table.export_columns) with ordinality as c (name, n)),
                         E'\r\n' order by r.ordinality)
                  from jsonb_array_elements(v_rows) with ordinality as r)) || E'\r\n'
    ) as v;
end
$function$;

CREATE OR REPLACE FUNCTION private.extend_compliance_request (
  p_company_id uuid,
  p_request_id uuid,
  p_reason     text
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_request public.compliance_requests;
begin
  v_request := private.open_request(p_company_id, p_request_id);
  if coalesce(p_reason !~ '\S', true) then
    raise exception 'the person is told why it takes longer'
      using errcode = '22023',
            detail = 'reason_missing',
            hint = 'State the reason (GDPR Art. 12(3): complexity or number of requests).';
  end if;
  if v_request.extended_at is not null and v_request.extension_reason = p_reason then
    return private.compliance_ticket(v_request);
  end if;
  if v_request.extended_at is not null or v_request.due_at < now() then
    raise exception 'the date of a request is put off once, and before it has passed'
      using errcode = '23514',
            detail = 'extension_too_late',
            hint = 'Answer it as soon as you can.';
  end if;
  update public.compliance_requests as r
     set extended_at = now(), extension_reason = p_reason, notices = 0,
         due_at = r.received_at + case r.regulation when 'gdpr' then interval '3 months' else interval '90 days' end
   where r.company_id = p_company_id and r.id = p_request_id
  returning r.* into v_request;
  perform private.emit_event(p_company_id, 'compliance.extended', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'due_at', v_request.due_at));
  return private.compliance_ticket(v_request);
end
$function$;

CREATE OR REPLACE FUNCTION private.find_leaked_api_keys (
  p_content     text,
  p_is_revoking boolean
)
  RETURNS TABLE (
    company_id uuid,
    api_key_id uuid,
    name       text,
    prefix     text,
    was_valid  boolean,
    revoked_at timestamp with time zone
  )
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key public.api_keys;
  v_was_valid boolean;
begin
  perform private.require_operator();
  for v_key in
    select k.* from (
      select distinct m.parts[1] as api_key from regexp_matches(p_content, 'lytbub_[0-9a-f]{12}_[0-9a-f]{64}', 'g') as m (parts)
    ) as c
      join private.api_key_secrets as s on s.key_hash = private.api_key_hash(c.api_key)
      join public.api_keys as k on k.company_id = s.company_id and k.id = s.api_key_id
     order by k.company_id, k.id
  loop
    -- Where it comes from is not asked: a leaked key is one wherever it lies.
    v_was_valid := v_key.revoked_at is null and coalesce(v_key.expires_at > now(), true);
    if p_is_revoking and v_key.revoked_at is null then
      v_key.revoked_at := private.revoke_api_key(v_key.company_id, v_key.id);
      perform private.emit_event(v_key.company_id, 'api_key.leaked', jsonb_build_object(
        'api_key_id', v_key.id, 'name', v_key.name, 'prefix', v_key.prefix, 'was_valid', v_was_valid));
    end if;
    company_id := v_key.company_id;
    api_key_id := v_key.id;
    name := v_key.name;
    prefix := v_key.prefix;
    was_valid := v_was_valid;
    revoked_at := v_key.revoked_at;
    return next;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.find_restriction (
  p_company_id uuid,
  p_purpose    text,
  p_user_id    uuid,
  p_text       text
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return (
    select r.id from public.processing_restrictions as r
     where r.company_id = p_company_id and r.lifted_at is null
       and (r.purposes = '{}' or exists (
         select from unnest(r.purposes) as p where p = p_purpose or starts_with(p_purpose, p || '.')))
       and (r.subject_user_id = p_user_id
            or strpos(lower(p_text), r.subject_email) > 0
            or strpos(lower(p_text), r.subject_user_id::text) > 0)
     order by r.started_at
     limit 1);
end
$function$;

CREATE OR REPLACE FUNCTION private.find_spender (
  p_company_id uuid,
  p_at         timestamp with time zone,
  p_agent_id   uuid,
  p_service    text
)
  RETURNS private.spender
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_at timestamptz := p_at;
  v_spender private.spender;
begin
  for i in 1 .. 10 loop
    select c.status,
           p_agent_id is null
           or exists (select from public.ai_agents as x where x.company_id = c.id and x.id = p_agent_id),
           p.id, p.generation, p.stripe_count, p.month, p.starts_at, p.ends_at,
           p.spent_micro_usd > p.limit_micro_usd - p.adjusted_micro_usd,
           a.id, a.generation, a.stripe_count,
           s.id, s.generation, s.stripe_count
      into v_spender
      from public.companies as c
      left join public.budget_periods as p
        on p.company_id = c.id and p.scope = 'company' and p.status = 'open' and p.starts_at <= v_at and p.ends_at > v_at
      left join public.budget_periods as a
        on p.agent_limit_count > 0 and a.company_id = c.id and a.scope = 'agent' and a.agent_id = p_agent_id
       and a.month = p.month and a.status = 'open'
      left join public.budget_periods as s
        on p.service_limit_count > 0 and s.company_id = c.id and s.scope = 'service' and s.service = p_service
       and s.month = p.month and s.status = 'open'
     where c.id = p_company_id;
    if v_spender.company_status is null then
      raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
        using errcode = 'PT404',
              detail = 'unknown_company',
              hint = 'Check company_id.';
    end if;
    if v_spender.company_status = 'closed' then
      raise exception 'company % is closed', p_company_id
        using errcode = 'PT410',
              detail = 'company_closed',
              hint = 'Nothing is recorded for a closed company.';
    end if;
    if not v_spender.has_agent then
      raise exception 'the company has no agent %', p_agent_id
        using errcode = 'PT404',
              detail = 'unknown_agent',
              hint = 'Check agent_id, or leave it out.';
    end if;
    if v_spender.period_id is not null then
      return v_spender;
    end if;
    if i > 1 or v_at > clock_timestamp() - interval '1 minute' then
      perform private.open_budget_month(p_company_id);
    end if;
    v_at := clock_timestamp();
  end loop;
  raise exception 'the budget of company % cannot be opened', p_company_id
    using errcode = 'XX000',
          detail = 'budget_unavailable',
          hint = 'Look at budget_periods of the company: months must not overlap.';
end
$function$;

CREATE OR REPLACE FUNCTION private.find_subject (
  p_request public.compliance_requests
)
  RETURNS private.subject_work
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_work private.subject_work;
  v_addresses text[];
  v_texts text[];
begin
  v_addresses := array(
    select distinct lower(trim(a)) from unnest(p_request.identifiers || p_request.subject_email) as a where a ~ '@');
  v_work.user_ids := array(
    select u.id from public.users as u
     where u.company_id = p_request.company_id and (u.id = p_request.subject_user_id or lower(u.email) = any (v_addresses))
    union
    select p_request.subject_user_id where p_request.subject_user_id is not null);
  v_addresses := array(
    select unnest(v_addresses)
    union
    select lower(u.email) from public.users as u where u.company_id = p_request.company_id and u.id = any (v_work.user_ids));
  -- A single word is no name to look for everywhere, nor is a name that somebody else has, too.
  v_texts := array(
    select n.name
      from (
        select trim(p_request.subject_name) as name
        union
        select trim(u.full_name) from public.users as u where u.company_id = p_request.company_id and u.id = any (v_work.user_ids)
      ) as n
     where n.name ~ '\S\s+\S'
       and not exists (
         select from public.users as u
          where u.company_id = p_request.company_id and u.id <> all (v_work.user_ids) and lower(trim(u.full_name)) = lower(n.name))
    union
    select u.phone from public.users as u
     where u.company_id = p_request.company_id and u.id = any (v_work.user_ids) and u.phone is not null
    union
    select trim(i) from unnest(p_request.identifiers) as i where i !~ '@'
    union
    select i::text from unnest(v_work.user_ids) as i);
  v_work.company_id := p_request.company_id;
  v_work.request_id := p_request.id;
  v_work.email_pattern := private.address_pattern(p_request.company_id, v_addresses);
  -- Without anything else to look for: what stands nowhere.
  v_work.text_pattern := coalesce(
    (select string_agg(private.identifier_pattern(t), '|' order by t) from unnest(v_texts) as t), '(?=a)b');
  v_work.pattern := v_work.email_pattern || '|' || v_work.text_pattern;
  v_work.pass := 1;
  v_work.hits := 0;
  v_work.rows_seen := 0;
  v_work.counts := '{}';
  v_work.kept := '{}';
  v_work.remaining := '{}';
  v_work.started_at := now();
  return v_work;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_bundle (
  p_request public.compliance_requests,
  p_work    private.subject_work
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_manifest text;
  v_receipt jsonb;
begin
  select jsonb_pretty(jsonb_build_object(
           'company_id', p_request.company_id, 'request_id', p_request.id, 'kind', p_request.kind,
           'regulation', p_request.regulation, 'generated_at', now(), 'rows', p_work.counts,
           'files', coalesce(jsonb_agg(jsonb_build_object(
             'file_name', f.file_name, 'row_count', f.row_count, 'bytes', octet_length(convert_to(f.content, 'UTF8')),
             'sha256', f.sha256) order by f.file_name), '[]')))
    into v_manifest
    from private.subject_bundle_files as f
   where f.company_id = p_request.company_id and f.request_id = p_request.id;
  v_receipt := jsonb_build_object(
    'kind', p_request.kind, 'regulation', p_request.regulation, 'identity_method', p_request.identity_method,
    'subject_hash', encode(sha256(convert_to(p_request.id || ':' || lower(p_request.subject_email), 'UTF8')), 'hex'),
    'started_at', p_work.started_at, 'completed_at', now(), 'rows', p_work.counts,
    'manifest_sha256', encode(sha256(convert_to(v_manifest, 'UTF8')), 'hex'));
  insert into private.subject_bundle_files (company_id, request_id, file_name, row_count, content, sha256)
  values (p_request.company_id, p_request.id, 'manifest.json', 0, v_manifest, v_receipt ->> 'manifest_sha256');
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = p_request.id;
  return v_receipt;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_erasure (
  p_request public.compliance_requests,
  p_work    private.subject_work
)
  RETURNS jsonb
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_users_kept record;
  v_request_kept record;
  v_counts jsonb := p_work.counts;
  v_kept jsonb := p_work.kept;
  v_rows bigint;
  v_receipt jsonb;
  v_operator uuid;
begin
  select * into v_users_kept from private.erasure_exception(p_request.company_id, 'public.users');
  select * into v_request_kept from private.erasure_exception(p_request.company_id, 'public.compliance_requests');
  perform set_config('app.importing', private.import_token(), true);
  if v_users_kept.is_kept = 'false' then
    delete from public.users as u where u.company_id = p_request.company_id and u.id = any (p_work.user_ids);
    get diagnostics v_rows = row_count;
    if v_rows > 0 then
      v_counts := v_counts || jsonb_build_object('public.users', coalesce((v_counts ->> 'public.users')::bigint, 0) + v_rows);
    end if;
  else
    select count(*) into v_rows from public.users as u where u.company_id = p_request.company_id and u.id = any (p_work.user_ids);
    if v_rows > 0 then
      v_kept := v_kept || jsonb_build_object('public.users', jsonb_build_object('rows', v_rows, 'reason', v_users_kept.reason));
    end if;
  end if;
  if v_request_kept.is_kept <> 'false' then
    v_kept := v_kept || jsonb_build_object('public.compliance_requests', jsonb_build_object(
      'rows', coalesce((v_kept #>> '{public.compliance_requests,rows}')::bigint, 0) + 1, 'reason', v_request_kept.reason));
  end if;
  -- What opposed processing has nothing left to oppose.
  update public.processing_restrictions as r
     set lifted_at = now(), lift_reason = 'the person has been erased', updated_at = now()
   where r.company_id = p_request.company_id and r.lifted_at is null and r.subject_email = 'erased@erased.invalid';
  v_receipt := jsonb_build_object(
    'kind', p_request.kind, 'regulation', p_request.regulation, 'identity_method', p_request.identity_method,
    'subject_hash', encode(sha256(convert_to(p_request.id || ':' || lower(p_request.subject_email), 'UTF8')), 'hex'),
    'started_at', p_work.started_at, 'completed_at', now(), 'rows_erased', v_counts, 'rows_kept', v_kept,
    'scan', jsonb_build_object('pass', p_work.pass, 'rows_seen', p_work.rows_seen, 'rows_found', 0));
  v_receipt := v_receipt || jsonb_build_object('sha256', encode(sha256(convert_to(v_receipt::text, 'UTF8')), 'hex'));
  update public.compliance_requests as r
     set status = 'completed', completed_at = now(), updated_at = now(), receipt = v_receipt,
         subject_email = case when v_request_kept.is_kept = 'false' then 'erased@erased.invalid' else r.subject_email end,
         subject_name = case when v_request_kept.is_kept <> 'false' then r.subject_name end,
         subject_user_id = case when v_request_kept.is_kept <> 'false' then r.subject_user_id end,
         identifiers = case when v_request_kept.is_kept = 'false' then '{}' else r.identifiers end,
         details = case when v_request_kept.is_kept <> 'false' then r.details end,
         corrections = case when v_request_kept.is_kept = 'false' then '[]' else r.corrections end,
         extension_reason = case
           when v_request_kept.is_kept = 'false' then private.scrub_text(r.extension_reason, p_work.email_pattern, p_work.text_pattern)
           else r.extension_reason
         end,
         created_by = case when r.created_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.created_by end,
         updated_by = case when r.updated_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.updated_by end,
         identity_verified_by = case
           when r.identity_verified_by <> all (p_work.user_ids) or v_request_kept.is_kept <> 'false' then r.identity_verified_by
         end
   where r.company_id = p_request.company_id and r.id = p_request.id;
  delete from private.subject_work as w where w.company_id = p_request.company_id and w.request_id = p_request.id;
  perform set_config('app.importing', v_importing, true);
  -- An account without any company left is the platform's to delete.
  select c.id into v_operator from public.companies as c where c.is_operator;
  perform private.emit_event(v_operator, 'account.unused', jsonb_build_object('user_id', i))
     from unnest(p_work.user_ids) as i
    where v_operator <> p_request.company_id
      and exists (select from auth.users as a where a.id = i)
      and not exists (select from public.users as u where u.id = i);
  return v_receipt;
end
$function$;

CREATE OR REPLACE FUNCTION private.finish_event (
  p_company_id uuid,
  p_event_id   uuid,
  p_attempt    integer,
  p_error      text,
  p_is_final   boolean
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_status text;
begin
  update private.outbox_events as e
     set status = case
           when p_error is null then 'delivered'
           when p_is_final or e.attempts >= 12 then 'dead'
           else 'pending'
         end,
         finished_at = case when p_error is null or p_is_final or e.attempts >= 12 then now() end,
         last_error = left(p_error, 2000),
         -- 30 s, 1 min, 2 min … at most 6 h, spread by a quarter so that a receiver that comes back is not run over.
         available_at = now() + least(interval '6 hours', interval '15 seconds' * (2 ^ least(e.attempts, 12)))
                        * (0.875 + 0.25 * random())
   where e.company_id = p_company_id and e.id = p_event_id and e.attempts = p_attempt and e.status = 'pending'
  returning e.status into v_status;
  return v_status;
end
$function$;

CREATE OR REPLACE FUNCTION private.flush_budgets()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_busy record;
  v_flushed integer := 0;
begin
  for v_busy in
    select p.company_id, p.id from public.budget_periods as p
     where p.status = 'open' and p.stripe_count > 0
       and exists (
         select from private.budget_stripes as s
          where s.company_id = p.company_id and s.budget_period_id = p.id and (s.spent, s.reserved) <> (0, 0))
     order by p.company_id, array_position('{company,agent,service}', p.scope), p.id
       for no key update of p skip locked
  loop
    perform private.fold_stripes(v_busy.company_id, v_busy.id, null, false, false);
    v_flushed := v_flushed + 1;
  end loop;
  return v_flushed;
end
$function$;

CREATE OR REPLACE FUNCTION private.fold_stripes (
  p_company_id uuid,
  p_period_id  uuid,
  p_only       smallint,
  p_wait       boolean,
  p_all        boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_stripes smallint[];
  v_spent bigint;
  v_reserved bigint;
  v_kept bigint;
begin
  if p_wait then
    select array_agg(x.stripe) into v_stripes from (
      select s.stripe from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id
         and (p_only is null or s.stripe = p_only)
         and (p_all or (s.granted, s.watched, s.spent, s.reserved) <> (0, 0, 0, 0))
       order by s.stripe for update) as x;
  else
    select array_agg(x.stripe) into v_stripes from (
      select s.stripe from private.budget_stripes as s
       where s.company_id = p_company_id and s.budget_period_id = p_period_id
         and (s.granted, s.watched, s.spent, s.reserved) <> (0, 0, 0, 0)
       order by s.stripe for update skip locked) as x;
  end if;
  if v_stripes is null then
    return;
  end if;
  select sum(s.spent), sum(s.reserved), least(0, sum(s.reserved) + min(p.reserved_micro_usd))
    into v_spent, v_reserved, v_kept
    from private.budget_stripes as s
    join public.budget_periods as p on p.company_id = s.company_id and p.id = s.budget_period_id
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = any (v_stripes);
  update private.budget_stripes as s
     set granted = case when s.stripe = v_stripes[1] then v_kept else 0 end,
         reserved = case when s.stripe = v_stripes[1] then v_kept else 0 end,
         watched = 0,
         spent = 0,
         folded_at = clock_timestamp()
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = any (v_stripes);
  if v_spent <> 0 or v_reserved <> v_kept then
    update public.budget_periods as p
       set spent_micro_usd = p.spent_micro_usd + v_spent,
           reserved_micro_usd = p.reserved_micro_usd + v_reserved - v_kept,
           updated_at = now()
     where p.company_id = p_company_id and p.id = p_period_id;
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.forwarded_address (
  p_forwarded_for text
)
  RETURNS inet
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_hops constant text[] := string_to_array(p_forwarded_for, ',');
  v_count jsonb;
  v_hop text;
begin
  if v_hops is null then
    return null;
  end if;
  select s.value into v_count from public.system_config as s where s.key = 'security.trusted_proxy_count';
  v_hop := btrim(v_hops[cardinality(v_hops) - coalesce((v_count #>> '{}')::integer, 1) + 1]);
  if strpos(v_hop, ':') > 0 then
    -- An address of a socket may have its port, an IPv6 address brackets, and an IPv4 address may come in IPv6.
    v_hop := regexp_replace(v_hop, '^(?:\[(.*)\]|([^:]*))(?::[0-9]+)?$', '\1\2');
    v_hop := regexp_replace(v_hop, '^::ffff:(?=[0-9.]+$)', '', 'i');
  end if;
  return host(v_hop::inet)::inet;
exception when others then
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.go_through (
  p_request    public.compliance_requests,
  p_work       private.subject_work,
  p_is_erasure boolean,
  p_max_rows   integer
)
  RETURNS private.subject_work
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_work private.subject_work := p_work;
  v_is_done boolean := false;
  v_is_over boolean := false;
  v_tables private.subject_table[];
  v_table private.subject_table;
  v_page record;
  v_limit integer;
  v_left integer := p_max_rows;
  v_index integer;
  v_files bigint;
begin
  v_tables := array(
    select t from private.subject_tables(p_request.company_id, p_request.id) as t
     where p_is_erasure or t.table_name like 'public.%');
  v_index := coalesce((
    select x.n from unnest(v_tables) with ordinality as x (table_name, keys, key_types, is_company, is_hit, is_stuck, is_gone, is_kept,
      reason, assignments, export, export_columns, n) where x.table_name = v_work.table_name), 1)::integer;
  if v_work.table_name is null then
    v_work.pass := 1;
    v_work.hits := 0;
    v_work.rows_seen := 0;
    v_work.kept := '{}';
    v_work.remaining := '{}';
  end if;
  loop
    if v_index > cardinality(v_tables) then
      v_index := 1;
      v_is_done := not p_is_erasure;
      exit when v_is_done;
      v_files := private.erase_files(v_work);
      if v_files > 0 then
        v_work.remaining := v_work.remaining || jsonb_build_object('storage.objects', v_files);
      end if;
      -- A pass that found nothing is the proof; one that found something is followed by another.
      v_is_done := v_work.hits = 0 and v_work.remaining = '{}';
      v_is_over := v_is_done or v_work.hits = 0 or v_work.pass >= 5;
      exit when v_is_over;
      v_work.pass := v_work.pass + 1;
      v_work.hits := 0;
      v_work.rows_seen := 0;
      v_work.kept := '{}';
      v_work.remaining := '{}';
    end if;
    exit when v_left <= 0;
    v_table := v_tables[v_index];
    v_limit := least(v_left, 1000);
    begin
      if p_is_erasure then
        select p.seen, p.changed, p.kept, p.stuck, p.next_position into v_page from private.erase_page(v_work, v_table, v_limit) as p;
      else
        select p.seen, p.changed, 0::bigint as kept, 0::bigint as stuck, p.next_position
          into v_page from private.export_page(v_work, v_table, v_limit) as p;
      end if;
    exception when integrity_constraint_violation or data_exception or lock_not_available or deadlock_detected then
      -- One table that refuses does not keep the others from being erased.
      v_work.remaining := v_work.remaining || jsonb_build_object(v_table.table_name, format('%s (%s)', sqlerrm, sqlstate));
      v_index := v_index + 1;
      v_work.position := null;
      v_left := v_left - 1;
      continue;
    end;
    v_left := v_left - greatest(v_page.seen, 1)::integer;
    v_work.rows_seen := v_work.rows_seen + v_page.seen;
    v_work.hits := v_work.hits + v_page.changed;
    if v_page.changed > 0 then
      v_work.counts := v_work.counts || jsonb_build_object(v_table.table_name,
        coalesce((v_work.counts ->> v_table.table_name)::bigint, 0) + v_page.changed);
    end if;
    if v_page.kept > 0 then
      v_work.kept := v_work.kept || jsonb_build_object(v_table.table_name, jsonb_build_object('reason', v_table.reason,
        'rows', coalesce((v_work.kept -> v_table.table_name ->> 'rows')::bigint, 0) + v_page.kept));
    end if;
    if v_page.stuck > 0 then
      v_work.remaining := v_work.remaining || jsonb_build_object(v_table.table_name,
        coalesce((v_work.remaining ->> v_table.table_name)::bigint, 0) + v_page.stuck);
    end if;
    if v_page.seen < v_limit then
      v_index := v_index + 1;
      v_work.position := null;
    else
      v_work.position := v_page.next_position;
    end if;
  end loop;
  -- Null where the next call begins anew, done where there is none.
  v_work.table_name := case when v_is_done then 'done' when not v_is_over then v_tables[v_index].table_name end;
  return v_work;
end
$function$;

CREATE OR REPLACE FUNCTION private.identifier_pattern (
  p_identifier text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_space constant text := '(?:[[:space:]_+-]|%20|\\[nrt])+';
  v_digits constant text := regexp_replace(p_identifier, '[^0-9]', '', 'g');
  v_quoted text;
  v_words text[];
  v_is_name boolean;
begin
  if p_identifier ~ '^\+?[0-9][0-9 ./()-]+$' and length(v_digits) >= 6 then
    return '(?<![0-9])(?:\+|00)?' || array_to_string(regexp_split_to_array(v_digits, ''), '[ ./()-]*') || '(?![0-9])';
  end if;
  -- As it stands, and as it stands in JSON.
  select string_agg(regexp_replace(v.form, '([^[:alnum:][:space:]])', '\\\1', 'g'), '|')
    into v_quoted
    from (select trim(p_identifier) as form union select substr(j.form, 2, length(j.form) - 2) from to_json(trim(p_identifier)) as x, lateral (select x::text as form) as j) as v;
  if p_identifier ~ '@' then
    return replace(v_quoted, '\@', '(?:@|%40)');
  end if;
  v_words := regexp_split_to_array(v_quoted, '[[:space:]]+');
  v_is_name := cardinality(v_words) between 2 and 5 and strpos(v_quoted, '|') = 0;
  v_quoted := array_to_string(v_words, v_space);
  if v_is_name then
    v_quoted := v_quoted || '|' || v_words[cardinality(v_words)] || ',?' || v_space
      || array_to_string(v_words[:cardinality(v_words) - 1], v_space);
  end if;
  return '(?<![[:alnum:]])(?:' || v_quoted || ')(?![[:alnum:]])';
end
$function$;

CREATE OR REPLACE FUNCTION private.import_token()
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    select md5(concat_ws(' ', s.secret, pg_current_xact_id(), pg_backend_pid())) from private.import_secret as s);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_address_allowed (
  p_company_id uuid,
  p_address    inet
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return exists (
    select from public.ip_allowlist_entries as e
     where e.company_id = p_company_id and e.is_enabled and (e.expires_at is null or e.expires_at > now())
       and p_address <<= e.network);
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

CREATE OR REPLACE FUNCTION private.is_backend()
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user::text);
begin
  if v_role = 'service_role' then
    return true;
  end if;
  if v_role in ('authenticated', 'anon', 'platform_admin') then
    return false;
  end if;
  return coalesce((
    select r.rolbypassrls or r.rolsuper from pg_catalog.pg_roles as r where r.rolname = v_role), false);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_import_token (
  p_token text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return p_token = (
    select md5(concat_ws(' ', s.secret, pg_current_xact_id_if_assigned(), pg_backend_pid())) from private.import_secret as s);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_importing()
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  if v_importing = '' then
    return false;
  elsif v_importing <> 'on' then
    return private.is_import_token(v_importing);
  end if;
  return coalesce((
    select r.rolbypassrls or r.rolsuper
      from pg_catalog.pg_roles as r
     where r.rolname = coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
  ), false);
end
$function$;

CREATE OR REPLACE FUNCTION private.is_key_address_allowed (
  p_company_id              uuid,
  p_allowed_networks        cidr[],
  p_is_ip_allowlist_enabled boolean,
  p_address                 inet
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return coalesce(
    (not p_is_ip_allowlist_enabled or private.is_address_allowed(p_company_id, p_address))
    and (p_allowed_networks = '{}' or p_address <<= any (p_allowed_networks::inet[])), false);
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

CREATE OR REPLACE FUNCTION private.is_processing_allowed (
  p_company_id      uuid,
  p_purpose         text,
  p_subject_email   text,
  p_subject_user_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    perform private.require_company(p_company_id, null);
  end if;
  if p_purpose is null or p_subject_email is null and p_subject_user_id is null then
    raise exception 'purpose and subject_email or subject_user_id are needed'
      using errcode = '22023',
            detail = 'subject_missing',
            hint = 'Name the purpose and the person.';
  end if;
  return private.find_restriction(p_company_id, p_purpose, p_subject_user_id, coalesce(p_subject_email, '')) is null;
end
$function$;

CREATE OR REPLACE FUNCTION private.is_reissued (
  p_key public.api_keys
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return p_key.revoked_at is null and p_key.last_used_at is null
    and p_key.created_at > now() - interval '10 minutes' and p_key.created_by is not distinct from private.actor_id();
end
$function$;

CREATE OR REPLACE FUNCTION private.is_usage (
  p_units         bigint,
  p_unit          text,
  p_input_tokens  bigint,
  p_output_tokens bigint,
  p_metadata      jsonb
)
  RETURNS boolean
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return coalesce(p_units, 0) >= 0 and coalesce(p_input_tokens, 0) >= 0 and coalesce(p_output_tokens, 0) >= 0
    and coalesce(p_unit, 'request') ~ '\S'
    and coalesce(jsonb_typeof(p_metadata), 'object') = 'object' and coalesce(pg_column_size(p_metadata), 0) <= 65536;
end
$function$;

CREATE OR REPLACE FUNCTION private.issue_api_key (
  p_company_id            uuid,
  p_name                  text,
  p_permissions           text[],
  p_expires_at            timestamp with time zone,
  p_allowed_networks      inet[],
  p_rate_limit_per_minute integer,
  p_api_key_id            uuid
)
  RETURNS public.issued_api_key
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_permissions constant text[] := array(select distinct p from unnest(p_permissions) as p order by p);
  v_network inet;
  v_expires_at timestamptz;
  v_key public.api_keys;
begin
  perform private.require_key_issuer(p_company_id, v_permissions);
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  foreach v_network in array coalesce(p_allowed_networks, '{}') loop
    if v_network is null or v_network <> network(v_network) then
      raise exception '% has host bits set; did you mean %?', coalesce(v_network::text, 'null'), coalesce(network(v_network)::text, 'no network')
        using errcode = '22023',
              detail = 'host_bits_set',
              hint = 'State networks, such as 10.0.0.0/8, or single addresses, such as 203.0.113.7.';
    end if;
  end loop;
  v_expires_at := private.api_key_expiry(p_company_id, p_expires_at);
  insert into public.api_keys as k (
    company_id, id, name, prefix, permissions, allowed_networks, rate_limit_per_minute, expires_at)
  values (
    p_company_id, coalesce(p_api_key_id, gen_random_uuid()), p_name,
    'lytbub_' || left(replace(gen_random_uuid()::text, '-', ''), 12), v_permissions, coalesce(p_allowed_networks, '{}')::cidr[],
    p_rate_limit_per_minute, v_expires_at)
  on conflict (company_id, id) do nothing
  returning k.* into v_key;
  if not found then
    select * into v_key from public.api_keys as k where k.company_id = p_company_id and k.id = p_api_key_id for update;
    if not private.is_reissued(v_key)
       or (v_key.name, v_key.permissions, v_key.allowed_networks::inet[], v_key.rate_limit_per_minute)
          is distinct from (p_name, v_permissions, coalesce(p_allowed_networks, '{}'), p_rate_limit_per_minute)
       or p_expires_at is distinct from v_key.expires_at and p_expires_at is not null
    then
      raise exception 'there is another key with this id'
        using errcode = '23505',
              detail = 'api_key_id_taken',
              hint = 'Make a new api_key_id for each key. Repeating it gives a new secret within ten minutes, until the key is used.';
    end if;
    perform private.write_audit(p_company_id, 'api_keys.reissued', 'api_keys', v_key.id, '{}');
  end if;
  return private.set_api_key_secret(v_key);
end
$function$;

CREATE OR REPLACE FUNCTION private.lacks_room (
  p_company_id uuid,
  p_period_id  uuid,
  p_need       bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return exists (
    select from public.budget_periods as p
     cross join lateral private.budget_balance(p.company_id, p.id) as b
     where p.company_id = p_company_id and p.id = p_period_id and p.enforcement = 'hard' and b.remaining < p_need
       and not exists (
         select from private.budget_reservations as r
          where r.company_id = p_company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
            and p_period_id = any (r.held_in)));
end
$function$;

CREATE OR REPLACE FUNCTION private.ledger_total (
  p_company_id uuid,
  p_month      date,
  p_starts_at  timestamp with time zone,
  p_ends_at    timestamp with time zone,
  p_agent_id   uuid,
  p_service    text
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- Two branches rather than "agent_id = p_agent_id or p_agent_id is null": each finds its own index.
  if p_agent_id is not null then
    return (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.agent_id = p_agent_id
         and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
      + (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.agent_id = p_agent_id
         and u.is_out_of_month);
  end if;
  if p_service is not null then
    return (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.service = p_service
         and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
      + (
      select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
       where u.company_id = p_company_id and u.budget_month = p_month and u.service = p_service
         and u.is_out_of_month);
  end if;
  return (
    select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
     where u.company_id = p_company_id and u.budget_month = p_month
       and u.occurred_at >= p_starts_at and u.occurred_at < p_ends_at and not u.is_out_of_month)
    + (
    select coalesce(sum(u.cost_micro_usd), 0)::bigint from public.api_usage as u
     where u.company_id = p_company_id and u.budget_month = p_month and u.is_out_of_month);
end
$function$;

CREATE OR REPLACE FUNCTION private.lift_processing_restriction (
  p_company_id     uuid,
  p_restriction_id uuid,
  p_reason         text
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_restriction public.processing_restrictions;
begin
  perform private.require_reader(p_company_id, 'compliance.manage');
  if coalesce(p_reason !~ '\S', true) then
    raise exception 'a restriction is lifted for a reason'
      using errcode = '22023',
            detail = 'reason_missing',
            hint = 'State the reason, and tell the person before (GDPR Art. 18(3)).';
  end if;
  select * into v_restriction from public.processing_restrictions as r
   where r.company_id = p_company_id and r.id = p_restriction_id
     for update;
  if not found then
    raise exception 'there is no restriction %', coalesce(p_restriction_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_restriction',
            hint = 'Read processing_restrictions.';
  end if;
  if v_restriction.lifted_at is not null then
    return false;
  end if;
  update public.processing_restrictions as r
     set lifted_at = now(), lift_reason = p_reason
   where r.company_id = p_company_id and r.id = p_restriction_id;
  perform private.write_audit(p_company_id, 'processing_restriction.lifted', 'processing_restrictions', p_restriction_id,
    jsonb_build_object('reason', p_reason));
  perform private.emit_event(p_company_id, 'compliance.restriction_lifted', jsonb_build_object(
    'restriction_id', p_restriction_id, 'request_id', v_restriction.compliance_request_id));
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.limit_request()
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_company constant uuid := private.company_for(null);
  v_cost constant integer := case when current_setting('transaction_read_only') = 'on' then 0 else 1 end;
  v_rate record;
  v_key record;
  v_key_decision public.rate_limit_decision;
  v_decision public.rate_limit_decision;
  v_problem text;
begin
  if v_company is null then
    -- Whoever is kept out of one company may look for another.
    if current_setting('request.path', true) in ('/rpc/my_companies', '/rpc/switch_company') then
      return;
    end if;
    v_problem := private.access_problem();
    if v_problem is not null then
      raise log 'lytbub: request refused: %, user %, address %',
        v_problem, private.current_user_id(), private.client_address();
      perform private.refuse_access(v_problem);
    end if;
    return;
  end if;
  -- check_rate_limit() counts for itself.
  if current_setting('request.path', true) = '/rpc/check_rate_limit' then
    return;
  end if;
  if strpos(current_setting('request.jwt.claims', true), '"api_key_id"') > 0 then
    v_key := private.token_api_key();
    v_key_decision := private.take_key_rate(v_company, v_key.id, v_key.rate_limit_per_minute, v_cost);
    if not v_key_decision.allowed then
      perform private.apply_rate_decision(v_key_decision);
    end if;
  end if;
  v_decision := private.take_rate(v_company, 'company', null, null, v_cost);
  if v_decision.bucket is null then
    select * into v_rate from private.company_rate(v_company);
    v_decision := private.take_rate(v_company, 'company', v_rate.limit_per_minute, v_rate.burst, v_cost);
  end if;
  -- The client learns of the limit that it will meet first.
  perform private.apply_rate_decision(
    case when v_decision.allowed and v_key_decision.remaining < v_decision.remaining then v_key_decision else v_decision end);
end
$function$;

CREATE OR REPLACE FUNCTION private.link_audit (
  p_company_id     uuid,
  p_created_at     timestamp with time zone,
  p_transaction_id xid8
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  v_head private.audit_heads;
  v_link private.audit_links;
begin
  select * into v_head from private.audit_heads as h where h.company_id = p_company_id for no key update;
  if not found then
    insert into private.audit_heads (company_id, hash) values (p_company_id, private.audit_genesis(p_company_id))
    on conflict (company_id) do nothing;
    select * into strict v_head from private.audit_heads as h where h.company_id = p_company_id for no key update;
  end if;
  select * into v_link from private.audit_links as k
   where k.company_id = p_company_id and k.created_at = p_created_at and k.transaction_id = p_transaction_id;
  if not found then
    -- Pruned in the same transaction.
    return;
  elsif v_link.link_no is null then
    v_link.link_no := v_head.link_no + 1;
    v_link.previous_hash := v_head.hash;
  elsif v_link.rows_hash is not null then
    return;
  end if;
  if v_link.rows_hash is null then
    select count(*), sha256(string_agg(e.leaf, ''::bytea order by e.id))
      into v_link.row_count, v_link.rows_hash
      from private.audit_leaves(private.audit_rows(p_company_id, p_created_at, p_transaction_id)) as e;
  end if;
  v_link.hash := private.audit_link_hash(
    v_link.previous_hash, v_link.link_no, p_created_at, p_transaction_id, v_link.row_count, v_link.rows_hash);
  update private.audit_links as k
     set link_no = v_link.link_no, row_count = v_link.row_count, rows_hash = v_link.rows_hash,
         previous_hash = v_link.previous_hash, hash = v_link.hash
   where k.company_id = p_company_id and k.created_at = p_created_at and k.transaction_id = p_transaction_id;
  update private.audit_heads as h
     set link_no = v_link.link_no, hash = v_link.hash
   where h.company_id = p_company_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.list_company_secrets (
  p_company_id uuid
)
  RETURNS TABLE (
    name        text,
    agent_id    uuid,
    is_readable boolean,
    created_at  timestamp with time zone,
    updated_at  timestamp with time zone,
    updated_by  uuid
  )
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  perform private.require_reader(p_company_id, 'api_keys.read');
  return query
    select s.name, s.agent_id, d.key_uuid is not null, s.created_at, s.updated_at, s.updated_by
      from private.company_secrets as s
      left join private.company_data_keys as d on d.company_id = s.company_id and d.key_uuid = s.key_uuid
     where s.company_id = p_company_id
     order by s.name, s.agent_id nulls first;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_api_key (
  p_company_id uuid,
  p_api_key_id uuid
)
  RETURNS public.api_keys
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key public.api_keys;
begin
  select * into v_key from public.api_keys as k where k.company_id = p_company_id and k.id = p_api_key_id for update;
  if not found then
    raise exception 'the company has no API key %', coalesce(p_api_key_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_api_key',
            hint = 'Check api_key_id and company_id.';
  end if;
  return v_key;
end
$function$;

CREATE OR REPLACE FUNCTION private.lock_budget (
  p_company_id uuid,
  p_period_id  uuid
)
  RETURNS public.budget_periods
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_period public.budget_periods;
begin
  perform from public.budget_periods as p
    where p.company_id = p_company_id and p.id = p_period_id for no key update;
  perform private.fold_stripes(p_company_id, p_period_id, null, true, true);
  update public.budget_periods as p
     set generation = p.generation + 1
   where p.company_id = p_company_id and p.id = p_period_id
  returning * into v_period;
  return v_period;
end
$function$;

CREATE OR REPLACE FUNCTION private.log_usage (
  p_company_id      uuid,
  p_service         text,
  p_agent_id        uuid,
  p_description     text,
  p_cost            numeric,
  p_reservation_id  uuid,
  p_idempotency_key text,
  p_units           bigint,
  p_unit            text,
  p_model           text,
  p_input_tokens    bigint,
  p_output_tokens   bigint,
  p_metadata        jsonb,
  p_occurred_at     timestamp with time zone,
  p_request_id      text
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  u record;
  v_settled public.usage_receipt;
begin
  if p_cost between 0 and 1000000000
     and p_service ~ '\S'
     and length(p_service) <= 120
     and (p_idempotency_key is null
          or p_occurred_at is null and p_idempotency_key ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')
     and (current_setting('role', true) = 'service_role'
          or private.company_for('usage.write') = p_company_id)
  then
    if p_reservation_id is null then
      begin
        with found as (
          select k.cost, k.id, k.at, p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped,
                 p.service_limit_count, a.id as agent_period_id, a.generation as agent_generation,
                 a.stripe_count > 0 as is_agent_striped, null::uuid as service_period_id, 0 as service_generation,
                 false as is_service_striped
            from (
              select ceil(p_cost * 1000000)::bigint as cost,
                     coalesce(p_idempotency_key::uuid, private.uuid_v7()) as id,
                     coalesce(p_occurred_at, case when p_idempotency_key is null then clock_timestamp() else to_timestamp(
                       ('x' || substr(p_idempotency_key, 1, 8) || substr(p_idempotency_key, 10, 4))::bit(48)::bigint
                       / 1000.0) end) as at
            ) as k
            join public.companies as c on c.id = p_company_id and c.status = 'active'
            join public.budget_periods as p
              on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
             and p.starts_at <= k.at and p.ends_at > k.at
            left join public.budget_periods as a
              on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
             and a.month = p.month and a.status = 'open'
           where p.spent_micro_usd <= p.limit_micro_usd - p.adjusted_micro_usd
             and (p.stripe_count > 0 or random() >= 0.0625)
             and k.at between clock_timestamp() - interval '366 days' and clock_timestamp() + interval '5 minutes'
             and (p_agent_id is null
                  or a.id is not null
                  or exists (select from public.ai_agents as x where x.company_id = p_company_id and x.id = p_agent_id))
        ), striped as (
          update private.budget_stripes as t
             set spent = t.spent + f.cost
            from found as f
           where f.is_striped
             and t.company_id = p_company_id and t.budget_period_id = f.period_id and t.stripe = pg_backend_pid() % 64
             and t.generation = f.generation
             and t.spent + t.reserved + f.cost <= t.granted
             and t.spent + f.cost <= t.watched
             and t.folded_at > clock_timestamp() - interval '1 second'
          returning true
        ), single as (
          update public.budget_periods as p
             set spent_micro_usd = p.spent_micro_usd + f.cost, updated_at = now()
            from found as f
           where not f.is_striped
             and p.company_id = p_company_id and p.id = f.period_id
             and p.generation = f.generation and p.stripe_count = 0 and p.status = 'open'
             and (p.watch_micro_usd is null or p.spent_micro_usd + f.cost < p.watch_micro_usd)
             and p.spent_micro_usd + p.reserved_micro_usd + f.cost <= p.limit_micro_usd - p.adjusted_micro_usd
          returning true
        )
        select f.* into u from found as f
         where exists (select from striped) or exists (select from single);
        if not found
           or u.agent_period_id is not null and not private.charge_plainly(
             p_company_id, u.agent_period_id, u.agent_generation, u.is_agent_striped, u.cost, 0)
        then
          raise sqlstate 'LB002';
        end if;
        if u.service_limit_count > 0 then
          select s.id, s.generation, s.stripe_count > 0
            into u.service_period_id, u.service_generation, u.is_service_striped
            from public.budget_periods as s
           where s.company_id = p_company_id and s.scope = 'service' and s.service = p_service and s.month = u.month
             and s.status = 'open';
          if found and not private.charge_plainly(
            p_company_id, u.service_period_id, u.service_generation, u.is_service_striped, u.cost, 0)
          then
            raise sqlstate 'LB002';
          end if;
        end if;
        insert into public.api_usage (
          company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
          cost_micro_usd, budget_month, request_id, metadata)
        values (
          p_company_id, u.id, u.at, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
          coalesce(p_units, 1), p_input_tokens, p_output_tokens, u.cost, u.month, p_request_id,
          coalesce(p_metadata, '{}'))
        on conflict (company_id, occurred_at, id) do nothing;
        if found then
          return (u.id, u.at, round(u.cost / 1000000.0, 6), u.month, false, false)::public.usage_receipt;
        end if;
        -- It was recorded before.
        raise sqlstate 'LB002';
      exception when sqlstate 'LB002' or check_violation then
        null;
      end;
    elsif p_idempotency_key is null and p_occurred_at is null then
      v_settled := private.settle_quickly(
        p_company_id, p_service, p_agent_id, p_description, ceil(p_cost * 1000000)::bigint, p_reservation_id, p_units,
        p_unit, p_model, p_input_tokens, p_output_tokens, p_metadata, p_request_id);
      if v_settled.usage_id is not null then
        return v_settled;
      end if;
    end if;
  end if;
  return private.log_usage_slowly(
    p_company_id, p_service, p_agent_id, p_description, p_cost, p_reservation_id, p_idempotency_key, p_units, p_unit,
    p_model, p_input_tokens, p_output_tokens, p_metadata, p_occurred_at, p_request_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.log_usage_batch (
  p_company_id uuid,
  p_events     jsonb
)
  RETURNS SETOF public.usage_receipt
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_spender private.spender;
  v_events private.usage_event[];
  v_new private.usage_event[];
  v_recorded private.recorded_event[];
  v_wrong integer;
begin
  perform private.require_company(p_company_id, 'usage.write');
  v_spender := private.find_spender(p_company_id, v_now, null, null);
  v_events := private.read_usage_events(p_company_id, p_events, v_now);
  loop
    -- What was recorded before gets its first receipt. Each is looked up by its key, so that it costs the same whatever
    -- the ledger holds.
    select array_agg(e order by e.n) filter (where u.id is null and k.usage_id is null),
           array_agg((e.n, coalesce(k.usage_id, u.id), coalesce(k.occurred_at, u.occurred_at), u.budget_month,
                      u.is_over_budget, true)::private.recorded_event) filter (where u.id is not null or k.usage_id is not null),
           min(e.n) filter (
             where u.id is not null
               and (u.service, u.agent_id, u.cost_micro_usd) is distinct from (e.service, e.agent_id, e.cost))
      into v_new, v_recorded, v_wrong
      from unnest(v_events) as e
      left join lateral (
        select x.usage_id, x.occurred_at from private.usage_keys as x
         where not e.is_v7 and x.company_id = p_company_id and x.idempotency_key = e.idempotency_key
         limit 1
      ) as k on true
      left join lateral (
        select x.* from public.api_usage as x
         where (e.is_v7 or k.usage_id is not null) and x.company_id = p_company_id
           and x.occurred_at = coalesce(k.occurred_at, e.occurred_at) and x.id = coalesce(k.usage_id, e.id)
         limit 1
      ) as u on true
     where e.first_n = e.n;
    if v_wrong is null then
      select min(e.n) into v_wrong
        from unnest(v_events) as e
        join unnest(v_events) as f on f.n = e.first_n
       where e.n <> e.first_n and (f.service, f.agent_id, f.cost) is distinct from (e.service, e.agent_id, e.cost);
    end if;
    if v_wrong is not null then
      raise exception 'event %: this idempotency key was used for something else', v_wrong
        using errcode = 'PT422',
              detail = 'idempotency_key_reused',
              hint = 'A retry repeats the event as it was; another event takes another key.';
    end if;
    exit when v_new is null;
    if v_spender.company_status <> 'active' then
      raise exception 'company % is suspended', p_company_id
        using errcode = 'PT409',
              detail = 'company_suspended',
              hint = 'What was reserved before is recorded; for anything else the company must be active again.';
    end if;
    begin
      v_recorded := v_recorded || private.record_usage_events(p_company_id, v_new, v_spender.period_id);
      exit;
    exception when sqlstate 'LB001' then
      -- Somebody recorded one of them at the same time, or the month ended, and nothing of this block was done: look again,
      -- in the month that is open then.
      v_spender := private.find_spender(p_company_id, clock_timestamp(), null, null);
    end;
  end loop;
  return query
    select r.usage_id, r.occurred_at, round(e.cost / 1000000.0, 6), r.budget_month, r.is_over_budget,
           r.is_replayed or e.n <> e.first_n
      from unnest(v_events) as e
      join unnest(v_recorded) as r on r.n = e.first_n
     order by e.n;
end
$function$;

CREATE OR REPLACE FUNCTION private.log_usage_slowly (
  p_company_id      uuid,
  p_service         text,
  p_agent_id        uuid,
  p_description     text,
  p_cost            numeric,
  p_reservation_id  uuid,
  p_idempotency_key text,
  p_units           bigint,
  p_unit            text,
  p_model           text,
  p_input_tokens    bigint,
  p_output_tokens   bigint,
  p_metadata        jsonb,
  p_occurred_at     timestamp with time zone,
  p_request_id      text
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_cost bigint;
  v_is_v7 boolean;
  v_id uuid;
  v_at timestamptz;
  v_charged_at timestamptz;
  v_reservation private.budget_reservations;
  v_spender private.spender;
  v_known private.usage_keys;
begin
  perform private.require_company(p_company_id, 'usage.write');
  v_cost := private.micro_usd(p_cost, 'cost');
  perform private.require_service(p_service);
  if length(p_idempotency_key) not between 1 and 255 then
    raise exception 'an idempotency key has 1 to 255 characters'
      using errcode = '22023',
            detail = 'invalid_idempotency_key',
            hint = 'Use a UUID of version 7 made once for the request and kept for its retries.';
  end if;
  -- With a time of its own the key is a text as any other.
  v_is_v7 := p_occurred_at is null
    and p_idempotency_key ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$';
  if v_is_v7 then
    v_id := p_idempotency_key::uuid;
    v_at := to_timestamp(
      ('x' || substr(p_idempotency_key, 1, 8) || substr(p_idempotency_key, 10, 4))::bit(48)::bigint / 1000.0);
  else
    v_id := private.uuid_v7();
    v_at := coalesce(p_occurred_at, v_now);
  end if;
  perform private.require_usage(p_units, p_unit, p_input_tokens, p_output_tokens, p_metadata);
  if not (v_at <= v_now + interval '5 minutes' and v_at >= v_now - interval '366 days') then
    raise exception 'usage cannot have occurred at %', v_at
      using errcode = '22023',
            detail = 'invalid_occurred_at',
            hint = 'State an instant of the last 366 days, at most 5 minutes ahead; a key that is a UUID of version 7 states one, too.';
  end if;
  v_charged_at := v_at;
  v_spender := private.find_spender(p_company_id, v_at, p_agent_id, p_service);

  if p_reservation_id is not null then
    select * into v_reservation from private.budget_reservations as r
     where r.company_id = p_company_id and r.id = p_reservation_id
       for update;
    if not found then
      raise exception 'the company has no reservation %', p_reservation_id
        using errcode = 'PT404',
              detail = 'unknown_reservation',
              hint = 'Use the reservation_id that check_budget_before_usage() returned, or record the usage without one.';
    end if;
    if v_reservation.usage_id is not null then
      return private.replay_usage(
        p_company_id, v_reservation.usage_id, v_reservation.usage_occurred_at, p_service, p_agent_id, v_cost,
        v_reservation);
    end if;
    if v_reservation.agent_id is distinct from p_agent_id or v_reservation.service <> p_service then
      raise exception 'reservation % was made for another agent or service', p_reservation_id
        using errcode = '22023',
              detail = 'reservation_mismatch',
              hint = 'State the agent and the service that were stated when it was made.';
    end if;
  end if;
  if v_is_v7 then
    select u.company_id, p_idempotency_key, u.id, u.occurred_at, u.created_at into v_known from public.api_usage as u
     where u.company_id = p_company_id and u.occurred_at = v_at and u.id = v_id;
  elsif p_idempotency_key is not null then
    select * into v_known from private.usage_keys as k
     where k.company_id = p_company_id and k.idempotency_key = p_idempotency_key;
  end if;
  if v_known.usage_id is not null then
    return private.replay_usage(
      p_company_id, v_known.usage_id, v_known.occurred_at, p_service, p_agent_id, v_cost, v_reservation);
  end if;
  if v_reservation.id is null and v_spender.company_status <> 'active' then
    raise exception 'company % is suspended', p_company_id
      using errcode = 'PT409',
            detail = 'company_suspended',
            hint = 'What was reserved before is recorded; for anything else the company must be active again.';
  end if;
  -- What was admitted in a month is charged to it, also when it ends after midnight.
  if p_occurred_at is null and v_reservation.created_at < v_spender.starts_at then
    v_charged_at := v_reservation.created_at;
    v_spender := private.find_spender(p_company_id, v_charged_at, p_agent_id, p_service);
  end if;

  if p_idempotency_key is null then
    return private.record_usage(
      p_company_id, v_id, v_at, v_charged_at, v_spender, v_reservation, null, p_service, p_agent_id, p_description,
      v_cost, p_units, p_unit, p_model, p_input_tokens, p_output_tokens, p_metadata, p_request_id);
  end if;
  begin
    return private.record_usage(
      p_company_id, v_id, v_at, v_charged_at, v_spender, v_reservation, case when not v_is_v7 then p_idempotency_key end,
      p_service, p_agent_id, p_description, v_cost, p_units, p_unit, p_model, p_input_tokens, p_output_tokens,
      p_metadata, p_request_id);
  exception when sqlstate 'LB001' then
    -- Somebody recorded the same at the same time, and nothing of this block was done.
    if not v_is_v7 then
      select k.usage_id, k.occurred_at into v_id, v_at from private.usage_keys as k
       where k.company_id = p_company_id and k.idempotency_key = p_idempotency_key;
    end if;
    return private.replay_usage(p_company_id, v_id, v_at, p_service, p_agent_id, v_cost, v_reservation);
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.maintain_compliance()
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
  v_request record;
  v_notices integer := 0;
begin
  delete from private.subject_bundle_files as f where f.created_at < now() - interval '30 days';
  perform set_config('app.importing', private.import_token(), true);
  for v_request in
    select r.company_id, r.id, r.kind, r.regulation, r.due_at, n.notice
      from public.compliance_requests as r
     cross join lateral (
       select case
                when r.due_at <= now() then 3
                when r.due_at <= now() + interval '1 day' then 2
                when r.due_at <= now() + interval '7 days' then 1
                else 0
              end as notice
     ) as n
     where r.status in ('received', 'identity_check', 'in_progress') and n.notice > r.notices
     order by r.company_id, r.due_at
     limit 1000
       for update of r skip locked
  loop
    update public.compliance_requests as r
       set notices = v_request.notice
     where r.company_id = v_request.company_id and r.id = v_request.id;
    perform private.emit_event(v_request.company_id,
      case v_request.notice when 3 then 'compliance.overdue' else 'compliance.due' end,
      jsonb_build_object('request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation, 'due_at', v_request.due_at));
    v_notices := v_notices + 1;
  end loop;
  perform set_config('app.importing', v_importing, true);
  return v_notices + private.remind_of_reviews();
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

CREATE OR REPLACE FUNCTION private.master_key_hint (
  p_key text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return left(encode(sha256(convert_to('lytbub master key ' || p_key, 'UTF8')), 'hex'), 16);
end
$function$;

CREATE OR REPLACE FUNCTION private.master_keys (
  p_given text
)
  RETURNS text[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_vault constant regclass := to_regclass('vault.decrypted_secrets');
  v_text text := p_given;
  v_keys text[];
begin
  if v_text is not null and not private.is_backend() then
    raise exception 'a master key is for the backend to state'
      using errcode = '42501',
            detail = 'backend_only',
            hint = 'Leave master_key out; it is taken from Vault.';
  end if;
  if v_text is null and v_vault is not null then
    execute format('select s.decrypted_secret from %s as s where s.name = $1', v_vault) into v_text
      using 'lytbub_master_key';
  end if;
  v_keys := regexp_split_to_array(btrim(v_text), '\s+');
  if v_keys is null or exists (select from unnest(v_keys) as k where length(k) < 32) then
    raise exception 'there is no master key of at least 32 characters'
      using errcode = '22023',
            detail = 'invalid_master_key',
            hint = 'Make one with openssl rand -base64 48; keep it in Vault as lytbub_master_key, or state it as master_key from the backend.';
  end if;
  return v_keys;
end
$function$;

CREATE OR REPLACE FUNCTION private.merge_pairs (
  p_objects jsonb[]
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_answer jsonb := '{}'::jsonb;
  v_object jsonb;
begin
  foreach v_object in array p_objects loop
    v_answer := v_answer || v_object;
  end loop;
  return v_answer;
end
$function$;

CREATE OR REPLACE FUNCTION private.micro_usd (
  p_amount numeric,
  p_what   text
)
  RETURNS bigint
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_amount is null or not (p_amount >= 0 and p_amount <= 1000000000) then
    raise exception '% is %, which is no amount', p_what, coalesce(p_amount::text, 'null')
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = format('State %s in US dollars, from 0 to 1000000000.', p_what);
  end if;
  return ceil(p_amount * 1000000)::bigint;
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

CREATE OR REPLACE FUNCTION private.my_compliance_requests()
  RETURNS SETOF public.compliance_ticket
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query
  select t.* from public.compliance_requests as r, private.compliance_ticket(r) as t
   where r.company_id = private.company_for(null)
     and (r.subject_user_id = private.current_user_id() or r.created_by = private.current_user_id())
   order by r.received_at desc, r.id
   limit 1000;
end
$function$;

CREATE OR REPLACE FUNCTION private.new_api_key (
  p_prefix text
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- 366 random bits in 256.
  return p_prefix || '_' || encode(
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
end
$function$;

CREATE OR REPLACE FUNCTION private.open_budget_month (
  p_company_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_zone text;
  v_last public.budget_periods;
  v_plan record;
  v_month date;
  v_starts_at timestamptz;
  v_ends_at timestamptz;
  v_id uuid;
begin
  perform from public.companies as c where c.id = p_company_id for no key update;
  select c.time_zone into v_zone from public.companies as c where c.id = p_company_id;
  if not found then
    return;
  end if;
  select * into v_last from public.budget_periods as p
   where p.company_id = p_company_id and p.scope = 'company' and p.starts_at <= v_now
   order by p.month desc
   limit 1;
  if v_last.ends_at > v_now then
    return;
  end if;
  v_month := greatest(
    date_trunc('month', v_now at time zone v_zone)::date, (v_last.month + interval '1 month')::date);
  -- Months follow each other without gap or overlap, also when the time zone has changed in between.
  v_starts_at := case when v_month = (v_last.month + interval '1 month')::date then v_last.ends_at
                      else greatest(v_month::timestamp at time zone v_zone, v_last.ends_at) end;
  -- Nor does it reach into a month that somebody brought in beforehand.
  v_ends_at := least((v_month + interval '1 month') at time zone v_zone, (
    select min(p.starts_at) from public.budget_periods as p
     where p.company_id = p_company_id and p.scope = 'company' and p.starts_at > v_now));
  select * into v_plan from private.plan_limit(p_company_id);
  insert into public.budget_periods (
    company_id, month, starts_at, ends_at, limit_micro_usd, enforcement, alert_percents)
  values (
    p_company_id, v_month, v_starts_at, v_ends_at, v_plan.limit_micro_usd, v_plan.enforcement, v_plan.alert_percents)
  on conflict (company_id, month) where scope = 'company' do nothing
  returning id into v_id;
  if v_id is null then
    return;
  end if;
  insert into public.budget_periods (
    company_id, month, scope, agent_id, service, starts_at, ends_at, limit_micro_usd, alert_percents)
  select p_company_id, v_month, l.scope, l.agent_id, l.service, v_starts_at, v_ends_at, l.limit_micro_usd,
         v_plan.alert_percents
    from (
      select 'agent' as scope, a.id as agent_id, null as service, a.monthly_limit_micro_usd as limit_micro_usd
        from public.ai_agents as a
       where a.company_id = p_company_id and a.monthly_limit_micro_usd is not null
      union all
      select 'service', null, l.service, l.monthly_limit_micro_usd
        from public.service_limits as l
       where l.company_id = p_company_id
    ) as l
  on conflict do nothing;
  perform private.count_limits(p_company_id, v_id);
  perform private.raise_budget_alerts(p_company_id, p.id)
    from public.budget_periods as p
   where p.company_id = p_company_id and p.month = v_month;
end
$function$;

CREATE OR REPLACE FUNCTION private.open_request (
  p_company_id uuid,
  p_request_id uuid
)
  RETURNS public.compliance_requests
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_request public.compliance_requests;
begin
  perform private.require_reader(p_company_id, 'compliance.manage');
  select * into v_request from public.compliance_requests as r
   where r.company_id = p_company_id and r.id = p_request_id
     for update;
  if not found then
    raise exception 'there is no compliance request %', coalesce(p_request_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_request',
            hint = 'Check request_id and company_id.';
  end if;
  if v_request.status in ('completed', 'rejected', 'cancelled') then
    raise exception 'the compliance request is %', v_request.status
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  return v_request;
end
$function$;

CREATE OR REPLACE FUNCTION private.pairs (
  p_pairs text[]
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    select coalesce(string_agg(format('jsonb_build_object(%s)', array_to_string(p_pairs[n:n + 39], ', ')), ', ' order by n), '''{}''::jsonb')
      from generate_series(1, cardinality(p_pairs), 40) as n);
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

CREATE OR REPLACE FUNCTION private.plan_limit (
  p_company_id uuid,
  OUT          limit_micro_usd bigint,
  OUT          enforcement text,
  OUT          alert_percents integer[]
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select coalesce((p.monthly_limit_usd * 1000000)::bigint, 0), coalesce(p.enforcement, 'hard'),
         coalesce(k.budget_alert_percents, '{50,80,100}')
    into limit_micro_usd, enforcement, alert_percents
    from (select p_company_id as id) as c
    left join public.company_plans as p on p.company_id = c.id and p.is_active
    left join public.company_config as k on k.company_id = c.id;
end
$function$;

CREATE OR REPLACE FUNCTION private.policy_problem (
  p_policy     public.security_policies,
  p_permission text,
  p_claims     jsonb
)
  RETURNS text
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_factors constant jsonb := p_claims -> 'amr';
  v_oldest numeric;
begin
  if p_policy.is_ip_allowlist_enabled
     and not coalesce(private.is_address_allowed(p_policy.company_id, private.client_address()), false)
  then
    return 'ip_not_allowed';
  end if;
  if p_policy.session_max_age_seconds is not null then
    v_oldest := extract(epoch from now()) - p_policy.session_max_age_seconds;
    if jsonb_typeof(v_factors) is distinct from 'array' or jsonb_array_length(v_factors) = 0 then
      return 'session_too_old';
    end if;
    for i in 0 .. jsonb_array_length(v_factors) - 1 loop
      if (case jsonb_typeof(v_factors -> i -> 'timestamp')
            when 'number' then (v_factors -> i -> 'timestamp')::numeric <= v_oldest
            else true
          end)
      then
        return 'session_too_old';
      end if;
    end loop;
  end if;
  if p_policy.session_idle_seconds is not null
     and (case jsonb_typeof(p_claims -> 'iat')
            when 'number' then (p_claims -> 'iat')::numeric <= extract(epoch from now()) - p_policy.session_idle_seconds
            else true
          end)
  then
    return 'session_idle';
  end if;
  if (p_policy.required_aal = 'aal2' or p_permission = any (p_policy.aal2_permissions))
     and p_claims ->> 'aal' is distinct from 'aal2'
  then
    return 'second_factor_required';
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.process_compliance_request (
  p_request_id uuid,
  p_company_id uuid,
  p_max_rows   integer,
  p_is_dry_run boolean
)
  RETURNS public.compliance_progress
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_company uuid := p_company_id;
  v_request public.compliance_requests;
  v_answer public.compliance_progress;
  v_work private.subject_work;
  v_table private.subject_table;
  v_page record;
  v_task text;
  v_restriction uuid;
  v_receipt jsonb;
begin
  if v_company is null and not private.is_backend() and current_setting('role', true) <> 'platform_admin' then
    v_company := private.company_for('compliance.manage');
  elsif v_company is null and (private.is_backend() or private.is_platform_admin()) then
    -- Whoever reaches every company need not name it, unless two have a request of this id.
    select r.company_id into v_company from public.compliance_requests as r
     where r.id = p_request_id
       and not exists (
         select from public.compliance_requests as x where x.id = r.id and x.company_id <> r.company_id);
  end if;
  perform private.require_reader(v_company, 'compliance.manage');
  if p_max_rows is null or p_max_rows not between 1 and 1000000 or p_is_dry_run is null then
    raise exception 'max_rows must be 1 to 1000000'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'Call again until is_complete is true.';
  end if;
  select * into v_request from public.compliance_requests as r
   where r.company_id = v_company and r.id = p_request_id
     for update;
  if not found then
    raise exception 'there is no compliance request %', coalesce(p_request_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_request',
            hint = 'Check id and company_id.';
  end if;
  v_answer := (v_request.id, v_request.status, false, 0, '{}', v_request.receipt)::public.compliance_progress;
  if v_request.status = 'completed' then
    v_answer.is_complete := true;
    return v_answer;
  elsif v_request.status in ('rejected', 'cancelled') then
    raise exception 'the compliance request is %', v_request.status
      using errcode = '23514',
            detail = 'request_closed',
            hint = 'Record a new request.';
  end if;
  v_task := case
    when v_request.kind in ('access', 'portability', 'know') then 'bundle'
    when v_request.kind in ('erasure', 'delete') then 'erase'
    when v_request.kind in ('rectification', 'correct') then 'correct'
    else 'restrict'
  end;
  -- Nobody must identify themselves to object or to opt out (CCPA regulations, section 7026(d)).
  if v_request.identity_verified_at is null and v_request.kind not in ('objection', 'opt_out') then
    raise exception 'it has not been made sure who asks'
      using errcode = '23514',
            detail = 'identity_not_verified',
            hint = 'Call verify_compliance_identity() once it is (GDPR Art. 12(6)).';
  end if;
  v_work := private.find_subject(v_request);
  if v_task = 'erase' and not private.is_backend() then
    -- Nor do they by a key that they issued.
    if private.actor_id() = any (v_work.user_ids) or exists (
      select from public.api_keys as k
       where k.company_id = v_company and k.id = private.actor_id() and k.created_by = any (v_work.user_ids))
    then
      raise exception 'nobody erases themselves'
        using errcode = '42501',
              detail = 'own_request',
              hint = 'Another compliance administrator, or an operator, processes it.';
    end if;
    if current_setting('role', true) <> 'platform_admin' and exists (
      select from public.users as u
       where u.company_id = v_company and u.id = any (v_work.user_ids) and u.status = 'active'
         and not (v_request.identity_method = 'session' and v_request.subject_user_id = u.id))
    then
      raise exception 'the person is an active member and did not ask for it while signed in'
        using errcode = '42501',
              detail = 'member_active',
              hint = 'They submit the request themselves, or whoever manages members disables them first.';
    end if;
  end if;

  if p_is_dry_run then
    v_answer.receipt := '{}';
    if v_task in ('bundle', 'erase') then
      for v_table in select * from private.subject_tables(v_company, v_request.id) as t
        where v_task = 'erase' or t.table_name like 'public.%'
      loop
        select * into v_page from private.erase_page(v_work, v_table, null);
        v_answer.rows_seen := v_answer.rows_seen + v_page.seen;
        continue when v_page.changed = 0 and v_page.kept = 0 and v_page.stuck = 0;
        v_answer.receipt := v_answer.receipt || jsonb_build_object(v_table.table_name, jsonb_strip_nulls(jsonb_build_object(
          'rows', v_page.changed + case when v_task = 'bundle' then v_page.kept else 0 end,
          'rows_kept', case when v_task = 'erase' and v_page.kept > 0 then v_page.kept end,
          'reason', case when v_task = 'erase' and v_page.kept > 0 then v_table.reason end,
          'rows_left', case when v_task = 'erase' and v_page.stuck > 0 then v_page.stuck end)));
      end loop;
      if cardinality(v_work.user_ids) > 0 then
        select count(*) as rows, e.is_kept, e.reason into v_page
          from public.users as u, private.erasure_exception(v_company, 'public.users') as e
         where u.company_id = v_company and u.id = any (v_work.user_ids)
         group by e.is_kept, e.reason;
        if v_page.rows > 0 then
          v_answer.receipt := v_answer.receipt || jsonb_build_object('the profile', case
            when v_task = 'erase' and v_page.is_kept <> 'false' then jsonb_build_object('rows_kept', v_page.rows, 'reason', v_page.reason)
            else jsonb_build_object('rows', v_page.rows) end);
        end if;
      end if;
    end if;
    return v_answer;
  end if;

  if v_request.status <> 'in_progress' then
    update public.compliance_requests as r set status = 'in_progress' where r.company_id = v_company and r.id = v_request.id;
    v_request.status := 'in_progress';
  end if;
  if v_task in ('bundle', 'erase') then
    -- What was begun for somebody else, before the request was changed and verified again, is begun anew.
    delete from private.subject_work as w
     where w.company_id = v_company and w.request_id = v_request.id and w.started_at < v_request.identity_verified_at;
    if found then
      delete from private.subject_bundle_files as f where f.company_id = v_company and f.request_id = v_request.id;
    end if;
    insert into private.subject_work select v_work.* on conflict do nothing;
    if found and v_task = 'erase' then
      perform private.close_other_requests(v_request, v_work);
    end if;
    select * into strict v_work from private.subject_work as w where w.company_id = v_company and w.request_id = v_request.id;
    v_work := private.go_through(v_request, v_work, v_task = 'erase', p_max_rows);
    v_answer.rows_seen := v_work.rows_seen;
    v_answer.remaining := v_work.remaining;
    if v_work.table_name is distinct from 'done' then
      update private.subject_work as w
         set pass = v_work.pass, table_name = v_work.table_name, position = v_work.position, hits = v_work.hits,
             rows_seen = v_work.rows_seen, counts = v_work.counts, kept = v_work.kept, remaining = v_work.remaining
       where w.company_id = v_company and w.request_id = v_request.id;
      perform private.write_audit(v_company, 'compliance_request.continued', 'compliance_requests', v_request.id,
        jsonb_build_object('pass', v_work.pass, 'rows', v_work.counts));
      if v_work.table_name is null then
        perform private.emit_event(v_company, 'compliance.incomplete', jsonb_build_object(
          'request_id', v_request.id, 'kind', v_request.kind, 'remaining', v_work.remaining));
      end if;
      v_answer.status := v_request.status;
      return v_answer;
    end if;
    v_receipt := case v_task
      when 'erase' then private.finish_erasure(v_request, v_work)
      else private.finish_bundle(v_request, v_work)
    end;
  elsif v_task = 'correct' then
    v_receipt := jsonb_build_object(
      'kind', v_request.kind, 'regulation', v_request.regulation, 'identity_method', v_request.identity_method,
      'completed_at', now(), 'rows', private.apply_corrections(v_request, v_work));
  else
    insert into public.processing_restrictions (
      company_id, compliance_request_id, kind, subject_email, subject_user_id, purposes)
    values (
      v_company, v_request.id, case v_request.kind when 'opt_out' then 'opt_out' when 'objection' then 'objection' else 'restriction' end,
      lower(v_request.subject_email), coalesce(v_request.subject_user_id, v_work.user_ids[1]),
      case when v_request.kind = 'opt_out' and v_request.purposes = '{}' then '{sale,sharing}' else v_request.purposes end)
    returning id into v_restriction;
    v_receipt := jsonb_build_object(
      'kind', v_request.kind, 'regulation', v_request.regulation, 'completed_at', now(), 'restriction_id', v_restriction);
  end if;
  if v_task <> 'erase' then
    update public.compliance_requests as r
       set status = 'completed', receipt = v_receipt
     where r.company_id = v_company and r.id = v_request.id;
  end if;
  perform private.write_audit(v_company, 'compliance_request.completed', 'compliance_requests', v_request.id,
    jsonb_build_object('receipt', v_receipt));
  perform private.emit_event(v_company, 'compliance.completed', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation));
  v_answer.status := 'completed';
  v_answer.is_complete := true;
  v_answer.receipt := v_receipt;
  return v_answer;
end
$function$;

CREATE OR REPLACE FUNCTION private.prune_audit_chain (
  p_company_id uuid,
  p_before     timestamp with time zone,
  p_max_links  integer
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_segment private.audit_segments;
  v_rows bigint;
  v_importing constant text := coalesce(current_setting('app.importing', true), '');
begin
  -- One at a time; whoever writes is not waited for, since links are pruned from the other end.
  perform from private.audit_links as k
    where k.company_id = p_company_id
      and k.link_no = (select min(x.link_no) from private.audit_links as x where x.company_id = p_company_id and x.link_no is not null)
      for update skip locked;
  if not found then
    return 0;
  end if;
  select p_company_id, min(k.link_no), max(k.link_no), sum(k.row_count), min(k.created_at), max(k.created_at),
         (array_agg(k.previous_hash order by k.link_no))[1], (array_agg(k.hash order by k.link_no desc))[1], now()
    into v_segment
    from (
      select x.*, bool_or(x.created_at >= p_before) over (order by x.link_no) as is_kept
        from (
          select * from private.audit_links as y
           where y.company_id = p_company_id and y.link_no is not null
           order by y.link_no
           limit p_max_links
        ) as x
    ) as k
   where not k.is_kept;
  if v_segment.first_link_no is null then
    return 0;
  end if;
  perform set_config('app.importing', private.import_token(), true);
  delete from public.audit_logs as l
   using private.audit_links as k
   where k.company_id = p_company_id and k.link_no between v_segment.first_link_no and v_segment.last_link_no
     and l.company_id = k.company_id and l.created_at = k.created_at and l.transaction_id = k.transaction_id;
  get diagnostics v_rows = row_count;
  perform set_config('app.importing', v_importing, true);
  delete from private.audit_links as k
   where k.company_id = p_company_id and k.link_no between v_segment.first_link_no and v_segment.last_link_no;
  insert into private.audit_segments select v_segment.*;
  perform private.write_audit(p_company_id, 'audit.pruned', 'audit_logs', null, jsonb_build_object(
    'first_link_no', v_segment.first_link_no, 'last_link_no', v_segment.last_link_no, 'row_count', v_rows,
    'hash', encode(v_segment.hash, 'hex')));
  return v_rows;
end
$function$;

CREATE OR REPLACE FUNCTION private.prune_budgets()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_count integer;
  v_pruned integer := 0;
begin
  delete from private.usage_keys as k where k.created_at < now() - interval '30 days';
  get diagnostics v_count = row_count;
  v_pruned := v_pruned + v_count;
  delete from private.budget_reservations as r
   where greatest(r.expires_at, r.created_at) < now() - interval '30 days'
     and not exists (
       select from public.budget_periods as p
        where p.company_id = r.company_id and p.id = any (r.held_in) and p.status = 'open');
  get diagnostics v_count = row_count;
  v_pruned := v_pruned + v_count;
  delete from private.outbox_events as e where e.status <> 'pending' and e.finished_at < now() - interval '30 days';
  get diagnostics v_count = row_count;
  return v_pruned + v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.put_company_secret (
  p_company_id uuid,
  p_name       text,
  p_value      text,
  p_agent_id   uuid,
  p_master_key text
)
  RETURNS uuid
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_master_keys text[];
  v_data_key private.company_data_keys;
  v_key text;
  v_id uuid;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  v_master_keys := private.master_keys(p_master_key);
  if p_value is null or length(p_value) not between 1 and 65536 then
    raise exception 'a secret has 1 to 65536 characters'
      using errcode = '22023',
            detail = 'invalid_secret',
            hint = 'State value; to remove a secret call delete_company_secret().';
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  if p_agent_id is not null
     and not exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = p_agent_id)
  then
    raise exception 'the company has no agent %', p_agent_id
      using errcode = 'PT404',
            detail = 'unknown_agent',
            hint = 'Check agent_id, or leave it out for a secret of the whole company.';
  end if;
  v_key := encode(extensions.gen_random_bytes(32), 'hex');
  insert into private.company_data_keys as d (company_id, wrapped_key, master_key_hint)
  values (p_company_id, private.seal(v_key, p_company_id, v_master_keys[1]), private.master_key_hint(v_master_keys[1]))
  on conflict (company_id) do nothing;
  -- Nobody drops the key while something is encrypted with it.
  select * into v_data_key from private.company_data_keys as d where d.company_id = p_company_id for share;
  v_key := private.unwrap_data_key(v_data_key, v_master_keys);
  insert into private.company_secrets as s (company_id, agent_id, name, key_uuid, ciphertext, created_by, updated_by)
  values (p_company_id, p_agent_id, p_name, v_data_key.key_uuid, '', private.actor_id(), private.actor_id())
  on conflict on constraint company_secrets_name_is_unique_in_agent do update
    set updated_at = now(), updated_by = private.actor_id()
  returning s.id into v_id;
  update private.company_secrets as s
     set key_uuid = v_data_key.key_uuid, ciphertext = private.seal(p_value, v_id, v_key)
   where s.company_id = p_company_id and s.id = v_id;
  perform private.write_audit(p_company_id, 'company_secrets.stored', 'company_secrets', v_id,
    jsonb_build_object('name', p_name, 'agent_id', p_agent_id));
  return v_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.raise_budget_alerts (
  p_company_id uuid,
  p_period_id  uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_period public.budget_periods;
  v_alert record;
  v_watch bigint;
begin
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  if v_period.limit_micro_usd > 0 then
    for v_alert in
      insert into public.budget_alerts (company_id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd)
      select p_company_id, p_period_id, t.percent, v_period.limit_micro_usd,
             greatest(v_period.spent_micro_usd + v_period.adjusted_micro_usd, 0)
        from unnest(v_period.alert_percents) as t (percent)
       where (v_period.spent_micro_usd + v_period.adjusted_micro_usd)::numeric * 100
             >= v_period.limit_micro_usd::numeric * t.percent
       order by t.percent
      on conflict (company_id, budget_period_id, threshold_percent) do nothing
      returning id, threshold_percent, spent_micro_usd
    loop
      perform private.emit_event(p_company_id, 'budget.threshold_reached', jsonb_build_object(
        'alert_id', v_alert.id, 'budget_period_id', p_period_id, 'month', to_char(v_period.month, 'YYYY-MM'),
        'scope', v_period.scope, 'agent_id', v_period.agent_id, 'service', v_period.service,
        'threshold_percent', v_alert.threshold_percent, 'limit_micro_usd', v_period.limit_micro_usd,
        'spent_micro_usd', v_alert.spent_micro_usd, 'enforcement', v_period.enforcement));
    end loop;
  end if;
  select min(w.at) into v_watch
    from (
      select ceil(v_period.limit_micro_usd::numeric * t.percent / 100)::bigint - v_period.adjusted_micro_usd
        from unnest(v_period.alert_percents) as t (percent)
       where v_period.limit_micro_usd > 0
         and not exists (
           select from public.budget_alerts as a
            where a.company_id = p_company_id and a.budget_period_id = p_period_id
              and a.threshold_percent = t.percent)
      union all
      select v_period.limit_micro_usd - v_period.adjusted_micro_usd + 1
       where v_period.enforcement = 'soft'
         and v_period.spent_micro_usd + v_period.adjusted_micro_usd <= v_period.limit_micro_usd
    ) as w (at);
  update public.budget_periods as p
     set watch_micro_usd = v_watch
   where p.company_id = p_company_id and p.id = p_period_id and p.watch_micro_usd is distinct from v_watch;
end
$function$;

CREATE OR REPLACE FUNCTION private.read_company_secret (
  p_company_id uuid,
  p_name       text,
  p_agent_id   uuid,
  p_master_key text
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_master_keys constant text[] := private.master_keys(p_master_key);
  v_secret private.company_secrets;
  v_data_key private.company_data_keys;
  v_value text;
begin
  -- An agent's own goes before the company's.
  select * into v_secret from private.company_secrets as s
   where s.company_id = p_company_id and s.name = p_name and (s.agent_id = p_agent_id or s.agent_id is null)
   order by s.agent_id nulls last
   limit 1;
  if not found then
    raise exception 'the company has no secret %', coalesce(p_name, 'null')
      using errcode = 'PT404',
            detail = 'unknown_secret',
            hint = 'See list_company_secrets() for its names.';
  end if;
  select * into v_data_key from private.company_data_keys as d
   where d.company_id = p_company_id and d.key_uuid = v_secret.key_uuid;
  if not found then
    raise exception 'the data key of the secret was dropped'
      using errcode = '22023',
            detail = 'secret_unreadable',
            hint = 'Nothing brings it back. Store the secret anew with put_company_secret().';
  end if;
  v_value := private.unseal(v_secret.ciphertext, v_secret.id, private.unwrap_data_key(v_data_key, v_master_keys));
  perform private.write_audit(p_company_id, 'company_secrets.read', 'company_secrets', v_secret.id,
    jsonb_build_object('name', p_name, 'agent_id', v_secret.agent_id));
  return v_value;
end
$function$;

CREATE OR REPLACE FUNCTION private.read_compliance_bundle (
  p_company_id uuid,
  p_request_id uuid,
  p_file_name  text,
  OUT          file_name text,
  OUT          row_count integer,
  OUT          content text,
  OUT          sha256 text
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- The person themselves, while they are a member; or whoever answers them.
  if private.is_backend() or current_setting('role', true) = 'platform_admin' or not exists (
    select from public.compliance_requests as r
     where r.company_id = private.company_for(null) and r.company_id = p_company_id and r.id = p_request_id
       and r.subject_user_id = private.current_user_id() and r.identity_method = 'session')
  then
    perform private.require_reader(p_company_id, 'compliance.manage');
  end if;
  select f.file_name, f.row_count, f.content, f.sha256
    into file_name, row_count, content, sha256
    from private.subject_bundle_files as f
   where f.company_id = p_company_id and f.request_id = p_request_id and f.file_name = p_file_name
     -- The manifest comes last.
     and exists (
       select from private.subject_bundle_files as m
        where m.company_id = f.company_id and m.request_id = f.request_id and m.file_name = 'manifest.json');
  if not found then
    raise exception 'there is no file % for this request', coalesce(p_file_name, 'null')
      using errcode = 'PT404',
            detail = 'unknown_file',
            hint = 'Read manifest.json for the files of a request that is completed; they are kept for 30 days.';
  end if;
  perform private.write_audit(p_company_id, 'compliance_request.fetched', 'compliance_requests', p_request_id,
    jsonb_build_object('file_name', file_name, 'sha256', sha256));
end
$function$;

CREATE OR REPLACE FUNCTION private.read_usage_events (
  p_company_id uuid,
  p_events     jsonb,
  p_now        timestamp with time zone
)
  RETURNS private.usage_event[]
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_names constant text[] := string_to_array('service,agent_id,description,cost,idempotency_key,units,unit,model,input_tokens,output_tokens,metadata,occurred_at,request_id', ',');
  v_events private.usage_event[];
  v_event private.usage_event;
  v_odd record;
  v_problem text;
begin
  if jsonb_typeof(p_events) is distinct from 'array' or jsonb_array_length(p_events) not between 1 and 1000 then
    v_problem := 'a batch is an array of 1 to 1000 events';
  else
    select x.n, x.event into v_odd
      from jsonb_array_elements(p_events) with ordinality as x (event, n)
     where case jsonb_typeof(x.event)
             when 'object' then x.event - v_names <> '{}' or jsonb_typeof(x.event -> 'service') not in ('string', 'null')
             else true
           end
     order by x.n
     limit 1;
    if found then
      v_problem := case
        when jsonb_typeof(v_odd.event) <> 'object' then format('event %s is no object', v_odd.n)
        when v_odd.event - v_names = '{}' then format('event %s has a service that is no text', v_odd.n)
        else format('event %s has a member %s, which is unknown', v_odd.n, (
          select min(o.name) from jsonb_object_keys(v_odd.event - v_names) as o (name))) end;
    end if;
  end if;
  if v_problem is null then
    begin
      with events as (
        select r.*,
               r.occurred_at is null and coalesce(
                 r.idempotency_key ~* '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', false)
                 as is_v7
          from rows from (
            jsonb_to_recordset(p_events) as (
              service text, agent_id uuid, description text, cost numeric, idempotency_key text, units bigint,
              unit text, model text, input_tokens bigint, output_tokens bigint, metadata jsonb,
              occurred_at timestamptz, request_id text)
          ) with ordinality as r (
            service, agent_id, description, cost, idempotency_key, units, unit, model, input_tokens, output_tokens,
            metadata, occurred_at, request_id, n)
      ), keyed as (
        select e.*,
               case when e.idempotency_key is null then e.n
                    else min(e.n) over (
                      partition by case when e.is_v7 then lower(e.idempotency_key) else e.idempotency_key end) end
                 as first_n
          from events as e
      )
      select array_agg((
               k.n::integer, k.first_n::integer, k.is_v7,
               case when k.is_v7 then k.idempotency_key::uuid else private.uuid_v7() end,
               coalesce(k.occurred_at, case when not k.is_v7 then p_now else to_timestamp(
                 ('x' || substr(k.idempotency_key, 1, 8) || substr(k.idempotency_key, 10, 4))::bit(48)::bigint / 1000.0)
               end),
               k.service, k.agent_id, k.description,
               case when k.cost between 0 and 1000000000 then ceil(k.cost * 1000000)::bigint else -1 end,
               k.idempotency_key, coalesce(k.units, 1), coalesce(k.unit, 'request'), k.model, k.input_tokens,
               k.output_tokens, coalesce(k.metadata, '{}'), k.request_id)::private.usage_event order by k.n)
        into v_events
        from keyed as k;
    exception when data_exception then
      v_problem := sqlerrm;
    end;
  end if;
  if v_problem is not null then
    raise exception '%', v_problem
      using errcode = '22023',
            detail = 'invalid_batch',
            hint = 'Send events as an array of 1 to 1000 objects whose members are named as the parameters of log_api_usage_and_update_budget(), without company_id and reservation_id.';
  end if;
  select e.* into v_event
    from unnest(v_events) as e
   where (e.cost >= 0
          and e.service ~ '\S' and length(e.service) <= 120
          and (e.idempotency_key is null or length(e.idempotency_key) between 1 and 255)
          and e.occurred_at <= p_now + interval '5 minutes' and e.occurred_at >= p_now - interval '366 days'
          and (e.agent_id is null
               or exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = e.agent_id))
          and private.is_usage(e.units, e.unit, e.input_tokens, e.output_tokens, e.metadata)
         ) is not true
   order by e.n
   limit 1;
  if not found then
    return v_events;
  elsif not (v_event.cost >= 0) then
    raise exception 'event %: cost is no amount', v_event.n
      using errcode = '22023',
            detail = 'invalid_amount',
            hint = 'State cost in US dollars, from 0 to 1000000000.';
  elsif (v_event.service ~ '\S' and length(v_event.service) <= 120) is not true then
    raise exception 'event %: service must be a name of at most 120 characters', v_event.n
      using errcode = '22023',
            detail = 'invalid_service',
            hint = 'Name the metered service, such as chat.completions.';
  elsif length(v_event.idempotency_key) not between 1 and 255 then
    raise exception 'event %: an idempotency key has 1 to 255 characters', v_event.n
      using errcode = '22023',
            detail = 'invalid_idempotency_key',
            hint = 'Use a UUID of version 7 made once for the event and kept for its retries.';
  elsif not private.is_usage(v_event.units, v_event.unit, v_event.input_tokens, v_event.output_tokens, v_event.metadata) then
    raise exception 'event %: units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB', v_event.n
      using errcode = '22023',
            detail = 'invalid_usage',
            hint = 'Leave out what is not known.';
  elsif v_event.agent_id is not null
    and not exists (select from public.ai_agents as a where a.company_id = p_company_id and a.id = v_event.agent_id)
  then
    raise exception 'event %: the company has no agent %', v_event.n, v_event.agent_id
      using errcode = 'PT404',
            detail = 'unknown_agent',
            hint = 'Check agent_id, or leave it out.';
  else
    raise exception 'event %: usage cannot have occurred at %', v_event.n, v_event.occurred_at
      using errcode = '22023',
            detail = 'invalid_occurred_at',
            hint = 'State an instant of the last 366 days, at most 5 minutes ahead; a key that is a UUID of version 7 states one, too.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.reconcile_budget (
  p_company_id uuid,
  p_month      date,
  p_mend       boolean
)
  RETURNS TABLE (
    budget_period_id    uuid,
    scope               text,
    agent_id            uuid,
    service             text,
    status              text,
    counted_usd         numeric,
    ledger_usd          numeric,
    difference_usd      numeric,
    held_difference_usd numeric,
    is_mended           boolean
  )
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_period public.budget_periods;
  v record;
begin
  perform private.require_operator();
  for v_period in
    select p.* from public.budget_periods as p
     where p.company_id = p_company_id and p.month = p_month
     order by array_position('{company,agent,service}', p.scope), p.id
  loop
    -- The limit of an agent or a service that was lifted counts nothing any more.
    continue when v_period.status = 'closed' and v_period.scope <> 'company';
    select * into v from private.compare_budget(p_company_id, v_period.id);
    is_mended := p_mend and v_period.status = 'open' and (v.counted, v.reserved) <> (v.ledger, v.held);
    if is_mended then
      -- Whoever is at it has finished; what is still different stays so until it is mended.
      v_period := private.lock_budget(p_company_id, v_period.id);
      select * into v from private.compare_budget(p_company_id, v_period.id);
      is_mended := v_period.status = 'open' and (v.counted, v.reserved) <> (v.ledger, v.held);
    end if;
    budget_period_id := v_period.id;
    scope := v_period.scope;
    agent_id := v_period.agent_id;
    service := v_period.service;
    status := v_period.status;
    counted_usd := round(v.counted / 1000000.0, 6);
    ledger_usd := round(v.ledger / 1000000.0, 6);
    difference_usd := round((v.counted - v.ledger) / 1000000.0, 6);
    held_difference_usd := round((v.reserved - v.held) / 1000000.0, 6);
    if is_mended then
      update public.budget_periods as p
         set spent_micro_usd = v.ledger, reserved_micro_usd = v.held
       where p.company_id = p_company_id and p.id = v_period.id;
      perform private.raise_budget_alerts(p_company_id, v_period.id);
      perform private.emit_event(p_company_id, 'budget.mended', jsonb_build_object(
        'budget_period_id', v_period.id, 'month', to_char(v_period.month, 'YYYY-MM'), 'scope', v_period.scope,
        'difference_usd', difference_usd, 'held_difference_usd', held_difference_usd));
    end if;
    insert into private.budget_reconciliations as r (company_id, budget_period_id, reconciled_at)
    values (p_company_id, v_period.id, clock_timestamp())
    on conflict on constraint budget_reconciliations_pkey do update set reconciled_at = excluded.reconciled_at;
    return next;
  end loop;
  if v_period.id is null then
    raise exception 'company % has no budget for %', coalesce(p_company_id::text, 'null'), coalesce(p_month::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_budget_month',
            hint = 'State the first day of a month that stands in budget_periods of the company.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.reconcile_budgets (
  p_companies integer DEFAULT 50
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_open record;
  v_count integer := 0;
begin
  for v_open in
    select p.company_id, p.month from public.budget_periods as p
      left join private.budget_reconciliations as r on r.company_id = p.company_id and r.budget_period_id = p.id
     where p.scope = 'company' and p.status = 'open'
       and (r.reconciled_at is null or r.reconciled_at < clock_timestamp() - interval '20 hours')
     order by r.reconciled_at nulls first, p.company_id
     limit p_companies
  loop
    perform private.reconcile_budget(v_open.company_id, v_open.month, true);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$function$;

CREATE OR REPLACE FUNCTION private.record_compliance_review (
  p_company_id uuid,
  p_notes      text
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_checks jsonb;
begin
  perform private.require_company(p_company_id, 'compliance.manage');
  if length(p_notes) > 10000 then
    raise exception 'the notes are longer than 10000 characters'
      using errcode = '22023',
            detail = 'invalid_notes',
            hint = 'Store a longer report as a document, and name it here.';
  end if;
  -- What the reviewer was shown.
  select jsonb_object_agg(s.check_name, s.status) into v_checks from private.compliance_status(p_company_id) as s;
  insert into private.compliance_reviews as r (company_id, reviewed_at, reviewed_by)
  values (p_company_id, now(), private.actor_id())
  on conflict (company_id) do update
    set reviewed_at = excluded.reviewed_at, reviewed_by = excluded.reviewed_by, reminded_at = null;
  perform private.write_audit(p_company_id, 'compliance.reviewed', 'compliance_reviews', null,
    jsonb_build_object('notes', p_notes, 'checks', v_checks));
  return private.review_due_at(p_company_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.record_sign_in (
  p_company_id uuid,
  p_user_id    uuid,
  p_event      jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET lock_timeout TO '500ms'
  AS $function$
begin
  insert into public.audit_logs (company_id, actor_id, actor_role, action, changes, created_by)
  select u.company_id, u.id, u.role, 'session.started',
         jsonb_strip_nulls(jsonb_build_object(
           'authentication_method', left(p_event ->> 'authentication_method', 100),
           'session_id', private.parse_uuid(p_event #>> '{claims,session_id}'),
           'aal', left(p_event #>> '{claims,aal}', 10))),
         u.id
    from public.users as u
   where u.company_id = p_company_id and u.id = p_user_id;
  set constraints private.link immediate;
  set constraints private.link deferred;
end
$function$;

CREATE OR REPLACE FUNCTION private.record_usage (
  p_company_id    uuid,
  p_usage_id      uuid,
  p_occurred_at   timestamp with time zone,
  p_charged_at    timestamp with time zone,
  p_spender       private.spender,
  p_reservation   private.budget_reservations,
  p_key           text,
  p_service       text,
  p_agent_id      uuid,
  p_description   text,
  p_cost          bigint,
  p_units         bigint,
  p_unit          text,
  p_model         text,
  p_input_tokens  bigint,
  p_output_tokens bigint,
  p_metadata      jsonb,
  p_request_id    text
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_spender private.spender;
begin
  if p_reservation.id is not null then
    update private.budget_reservations as r
       set held_in = '{}', usage_id = p_usage_id, usage_occurred_at = p_occurred_at
     where r.company_id = p_company_id and r.id = p_reservation.id;
  end if;
  v_spender := private.charge_usage(
    p_company_id, p_charged_at, p_agent_id, p_service, p_cost, p_spender, coalesce(p_reservation.held_in, '{}'),
    p_reservation.amount_micro_usd, p_reservation.id is not null and p_reservation.released_at is null);
  if p_key is not null then
    insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at)
    values (p_company_id, p_key, p_usage_id, p_occurred_at)
    on conflict (company_id, idempotency_key) do nothing;
    if not found then
      raise sqlstate 'LB001';
    end if;
  end if;
  insert into public.api_usage (
    company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
    cost_micro_usd, budget_month, is_out_of_month, is_over_budget, request_id, metadata)
  values (
    p_company_id, p_usage_id, p_occurred_at, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
    coalesce(p_units, 1), p_input_tokens, p_output_tokens, p_cost, v_spender.month,
    p_occurred_at < v_spender.starts_at or p_occurred_at >= v_spender.ends_at, v_spender.is_over, p_request_id,
    coalesce(p_metadata, '{}'))
  on conflict (company_id, occurred_at, id) do nothing;
  if not found then
    raise sqlstate 'LB001';
  end if;
  return (
    p_usage_id, p_occurred_at, round(p_cost / 1000000.0, 6), v_spender.month, v_spender.is_over, false
  )::public.usage_receipt;
end
$function$;

CREATE OR REPLACE FUNCTION private.record_usage_events (
  p_company_id uuid,
  p_events     private.usage_event[],
  p_running_id uuid
)
  RETURNS private.recorded_event[]
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_spender private.spender;
  v_months private.charged_month[] := array[]::private.charged_month[];
  v_over uuid[] := array[]::uuid[];
  v_group record;
  v_outcome text;
  v_written integer;
  v_recorded private.recorded_event[];
begin
  for v_group in
    select coalesce(p.id, p_running_id) as id,
           coalesce(min(e.occurred_at) filter (where p.id is not null), clock_timestamp()) as at,
           sum(e.cost)::bigint as cost
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
     group by 1
     order by min(p.month) nulls last
  loop
    loop
      v_spender := private.find_spender(p_company_id, v_group.at, null, null);
      v_outcome := private.charge_budget(
        p_company_id, v_spender.period_id, v_spender.generation, v_spender.stripe_count, v_group.cost, 0, false);
      exit when v_outcome <> 'stale';
    end loop;
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_spender.period_id, v_group.cost);
    end if;
    v_months := v_months || (
      v_group.id, v_spender.month, v_spender.starts_at, v_spender.ends_at, v_spender.is_over or v_outcome = 'over'
    )::private.charged_month;
  end loop;

  for v_group in
    select x.id, x.generation, x.stripe_count, sum(e.cost)::bigint as cost
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
      join unnest(v_months) as m on m.period_id = coalesce(p.id, p_running_id)
      join public.budget_periods as x
        on x.company_id = p_company_id and x.month = m.month and x.status = 'open'
       and (x.scope = 'agent' and x.agent_id = e.agent_id or x.scope = 'service' and x.service = e.service)
     group by x.id, x.scope, x.generation, x.stripe_count
     order by x.scope, x.id
  loop
    v_outcome := private.charge_scope(
      p_company_id, v_group.id, v_group.generation, v_group.stripe_count, v_group.cost, 0, false);
    if v_outcome = 'refused' then
      perform private.refuse_spending(p_company_id, v_group.id, v_group.cost);
    elsif v_outcome = 'over' then
      v_over := v_over || v_group.id;
    end if;
  end loop;

  insert into private.usage_keys (company_id, idempotency_key, usage_id, occurred_at)
  select p_company_id, e.idempotency_key, e.id, e.occurred_at from unnest(p_events) as e
   where e.idempotency_key is not null and not e.is_v7
   order by e.idempotency_key
  on conflict (company_id, idempotency_key) do nothing;
  get diagnostics v_written = row_count;
  if v_written < (
    select count(*) from unnest(p_events) as e where e.idempotency_key is not null and not e.is_v7)
  then
    raise sqlstate 'LB001';
  end if;
  with written as (
    insert into public.api_usage (
      company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
      cost_micro_usd, budget_month, is_out_of_month, is_over_budget, request_id, metadata)
    select p_company_id, e.id, e.occurred_at, e.service, e.model, e.agent_id, e.description, e.unit, e.units,
           e.input_tokens, e.output_tokens, e.cost, m.month, e.occurred_at < m.starts_at or e.occurred_at >= m.ends_at,
           m.is_over or v_over <> '{}' and exists (
             select from public.budget_periods as x
              where x.company_id = p_company_id and x.id = any (v_over)
                and (x.agent_id = e.agent_id or x.service = e.service)),
           e.request_id, e.metadata
      from unnest(p_events) as e
      left join public.budget_periods as p
        on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= e.occurred_at and p.ends_at > e.occurred_at
      join unnest(v_months) as m on m.period_id = coalesce(p.id, p_running_id)
     order by e.occurred_at, e.id
    on conflict (company_id, occurred_at, id) do nothing
    returning id, occurred_at, budget_month, is_over_budget
  )
  select array_agg((e.n, w.id, w.occurred_at, w.budget_month, w.is_over_budget, false)::private.recorded_event)
    into v_recorded
    from written as w
    join unnest(p_events) as e on e.id = w.id;
  if coalesce(cardinality(v_recorded), 0) < cardinality(p_events) then
    raise sqlstate 'LB001';
  end if;
  return v_recorded;
end
$function$;

CREATE OR REPLACE FUNCTION private.refresh_budget_row (
  p_company_id uuid,
  p_period_id  uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_stripe private.budget_stripes;
  v_moved bigint;
  v_reserved bigint;
begin
  select p.reserved_micro_usd into v_reserved from public.budget_periods as p
   where p.company_id = p_company_id and p.id = p_period_id
     for no key update skip locked;
  if not found then
    return;
  end if;
  select * into v_stripe from private.budget_stripes as s
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = pg_backend_pid() % 64;
  v_moved := greatest(v_stripe.reserved, -v_reserved);
  update private.budget_stripes as s
     set granted = s.granted - s.spent - v_moved,
         watched = s.watched - s.spent,
         spent = 0,
         reserved = s.reserved - v_moved,
         folded_at = clock_timestamp()
   where s.company_id = p_company_id and s.budget_period_id = p_period_id and s.stripe = v_stripe.stripe;
  update public.budget_periods as p
     set spent_micro_usd = p.spent_micro_usd + v_stripe.spent,
         reserved_micro_usd = p.reserved_micro_usd + v_moved,
         updated_at = now()
   where p.company_id = p_company_id and p.id = p_period_id;
end
$function$;

CREATE OR REPLACE FUNCTION private.refuse_access (
  p_problem text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  case p_problem
    when 'ip_not_allowed' then
      raise exception 'your address is not on the company''s IP allowlist'
        using errcode = '42501',
              detail = 'ip_not_allowed',
              hint = 'Come from a network that is on the list, or ask whoever manages it.';
    when 'second_factor_required' then
      raise exception 'the company asks for a second factor'
        using errcode = '42501',
              detail = 'second_factor_required',
              hint = 'Verify a second factor, so that the session is aal2.';
    when 'api_key_not_valid' then
      raise exception 'the API key of this token is not valid any more'
        using errcode = '42501',
              detail = 'api_key_not_valid',
              hint = 'It was revoked or rotated, has expired, or its company is not active. Get a token for a key that is valid.';
    when 'session_idle' then
      raise exception 'the session was idle for too long'
        using errcode = '42501',
              detail = 'session_idle',
              hint = 'Refresh the session.';
    else
      raise exception 'the session is too old'
        using errcode = '42501',
              detail = 'session_too_old',
              hint = 'Sign in again.';
  end case;
end
$function$;

CREATE OR REPLACE FUNCTION private.refuse_spending (
  p_company_id uuid,
  p_period_id  uuid,
  p_cost       bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_period public.budget_periods;
  v_balance record;
begin
  select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
  select * into v_balance from private.budget_balance(p_company_id, p_period_id);
  raise exception '% US dollars are more than what is left of the %budget for %: %',
      to_char(p_cost / 1000000.0, 'FM999999999990.000000'),
      case v_period.scope when 'company' then '' when 'agent' then 'agent''s ' else 'service''s ' end,
      to_char(v_period.month, 'YYYY-MM'), to_char(greatest(v_balance.remaining, 0) / 1000000.0, 'FM999999999990.000000')
    using errcode = 'PT402',
          detail = 'budget_exceeded',
          hint = case v_period.scope
            when 'company' then 'Ask for a higher plan or a soft limit, or wait for the next month. What was reserved before is recorded whatever it costs.'
            when 'agent' then 'Raise monthly_limit_micro_usd of the agent, or wait for the next month.'
            else 'Raise the limit of the service in service_limits, or wait for the next month.'
          end;
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

CREATE OR REPLACE FUNCTION private.release_expired_holds (
  p_company_id uuid,
  p_period_id  uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_amount bigint;
  v_period public.budget_periods;
begin
  with expired as (
    select r.id from private.budget_reservations as r
     where r.company_id = p_company_id and r.held_in <> '{}' and r.expires_at <= clock_timestamp()
       and p_period_id = any (r.held_in)
     order by r.expires_at
     limit 1000
       for update skip locked
  ), released as (
    update private.budget_reservations as r
       set held_in = array_remove(r.held_in, p_period_id)
      from expired
     where r.company_id = p_company_id and r.id = expired.id and p_period_id = any (r.held_in)
    returning r.amount_micro_usd
  )
  select coalesce(sum(x.amount_micro_usd), 0) into v_amount from released as x;
  if v_amount > 0 then
    select * into v_period from public.budget_periods as p where p.company_id = p_company_id and p.id = p_period_id;
    perform private.charge_budget(p_company_id, p_period_id, v_period.generation, v_period.stripe_count, 0, -v_amount, true);
  end if;
  return v_amount;
end
$function$;

CREATE OR REPLACE FUNCTION private.release_hold (
  p_company_id uuid,
  p_held_in    uuid[],
  p_amount     bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_period public.budget_periods;
begin
  for v_period in
    select p.* from unnest(p_held_in) with ordinality as h (id, n)
      join public.budget_periods as p on p.company_id = p_company_id and p.id = h.id
     where p.status = 'open'
     order by h.n
  loop
    perform private.charge_scope(
      p_company_id, v_period.id, v_period.generation, v_period.stripe_count, 0, -p_amount, true);
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.release_reservation (
  p_company_id     uuid,
  p_reservation_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_reservation private.budget_reservations;
begin
  perform private.require_company(p_company_id, 'usage.write');
  select * into v_reservation from private.budget_reservations as r
   where r.company_id = p_company_id and r.id = p_reservation_id
     for update;
  if not found then
    raise exception 'the company has no reservation %', coalesce(p_reservation_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_reservation',
            hint = 'Use the reservation_id that check_budget_before_usage() returned; they are forgotten after 30 days.';
  end if;
  update private.budget_reservations as r
     set held_in = '{}', released_at = coalesce(r.released_at, now())
   where r.company_id = p_company_id and r.id = p_reservation_id and (r.held_in <> '{}' or r.released_at is null);
  perform private.release_hold(p_company_id, v_reservation.held_in, v_reservation.amount_micro_usd);
  return v_reservation.held_in <> '{}';
end
$function$;

CREATE OR REPLACE FUNCTION private.remind_of_reviews()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_company record;
  v_notices integer := 0;
begin
  for v_company in
    select c.id, d.due_at
      from public.companies as c
      left join private.compliance_reviews as r on r.company_id = c.id
     cross join lateral (select private.review_due_at(c.id) as due_at) as d
     where c.status = 'active' and d.due_at <= now()
       and (r.reminded_at is null or r.reminded_at <= now() - interval '30 days')
     order by c.id
     limit 1000
  loop
    insert into private.compliance_reviews as r (company_id, reminded_at)
    values (v_company.id, now())
    on conflict (company_id) do update
      set reminded_at = now()
      where r.reminded_at is null or r.reminded_at <= now() - interval '30 days';
    -- Of two runs at once, one reminds.
    if found then
      perform private.emit_event(v_company.id, 'compliance.review_due', jsonb_build_object('due_at', v_company.due_at));
      v_notices := v_notices + 1;
    end if;
  end loop;
  return v_notices;
end
$function$;

CREATE OR REPLACE FUNCTION private.replay_usage (
  p_company_id  uuid,
  p_usage_id    uuid,
  p_occurred_at timestamp with time zone,
  p_service     text,
  p_agent_id    uuid,
  p_cost        bigint,
  p_reservation private.budget_reservations
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_usage public.api_usage;
begin
  select * into v_usage from public.api_usage as u
   where u.company_id = p_company_id and u.occurred_at = p_occurred_at and u.id = p_usage_id;
  if found and (v_usage.service, v_usage.agent_id, v_usage.cost_micro_usd) is distinct from (p_service, p_agent_id, p_cost)
  then
    raise exception 'this idempotency key or reservation was used for something else'
      using errcode = 'PT422',
            detail = 'idempotency_key_reused',
            hint = 'A retry repeats the request as it was; another request takes another key.';
  end if;
  if p_reservation.id is not null and p_reservation.usage_id is null then
    update private.budget_reservations as r
       set held_in = '{}', usage_id = p_usage_id, usage_occurred_at = p_occurred_at
     where r.company_id = p_company_id and r.id = p_reservation.id;
    perform private.release_hold(p_company_id, p_reservation.held_in, p_reservation.amount_micro_usd);
  end if;
  return (
    p_usage_id, p_occurred_at, round(p_cost / 1000000.0, 6), v_usage.budget_month, v_usage.is_over_budget, true
  )::public.usage_receipt;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_company (
  p_company_id uuid,
  p_permission text
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_backend() then
    return;
  end if;
  -- Null is not distinct from null: nobody may be nobody's member.
  if p_company_id is null or p_company_id is distinct from private.company_for(p_permission) then
    raise exception 'that is not your active company, or you do not hold %', p_permission
      using errcode = '42501',
            detail = 'not_your_company',
            hint = 'Call my_companies() for your companies and permissions; header x-company-id chooses among them.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_key_issuer (
  p_company_id  uuid,
  p_permissions text[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_permission text;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  if (private.token_api_key()).id is not null then
    raise exception 'an API key makes no other'
      using errcode = '42501',
            detail = 'not_a_person',
            hint = 'Sign in as a member who holds api_keys.write, or use the service key on a server.';
  end if;
  foreach v_permission in array p_permissions loop
    if not exists (select from private.permissions as p where p.permission = v_permission) then
      raise exception 'there is no permission %', coalesce(v_permission, 'null')
        using errcode = '23514',
              detail = 'unknown_permission',
              hint = 'State permissions as resource.verb, such as jobs.read.';
    end if;
    if not private.is_backend() and private.company_for(v_permission) is distinct from p_company_id then
      raise exception 'you cannot give permission % to a key', v_permission
        using errcode = '42501',
              detail = 'permission_not_held',
              hint = 'A key gets permissions that its issuer holds.';
    end if;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_operator()
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_backend()
     and (current_setting('role', true) is distinct from 'platform_admin' or not private.is_platform_admin())
  then
    raise exception 'only platform operators do this'
      using errcode = '42501',
            detail = 'not_an_operator',
            hint = 'Sign in as an admin of the operator company, or use the service key on a server.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_reader (
  p_company_id uuid,
  p_permission text
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    perform private.require_company(p_company_id, p_permission);
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_service (
  p_service text
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_service is null or p_service !~ '\S' or length(p_service) > 120 then
    raise exception 'service must be a name of at most 120 characters'
      using errcode = '22023',
            detail = 'invalid_service',
            hint = 'Name the metered service, such as chat.completions.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.require_usage (
  p_units         bigint,
  p_unit          text,
  p_input_tokens  bigint,
  p_output_tokens bigint,
  p_metadata      jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_usage(p_units, p_unit, p_input_tokens, p_output_tokens, p_metadata) then
    raise exception 'units and tokens are not negative, unit is not blank, and metadata is an object of at most 64 kB'
      using errcode = '22023',
            detail = 'invalid_usage',
            hint = 'Leave out what is not known.';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION private.reserve_quickly (
  p_company_id     uuid,
  p_agent_id       uuid,
  p_amount         bigint,
  p_service        text,
  p_hold_seconds   integer,
  p_reservation_id uuid
)
  RETURNS public.budget_decision
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_id constant uuid := coalesce(p_reservation_id, private.uuid_v7());
  v_expires_at constant timestamptz := v_now + make_interval(secs => p_hold_seconds);
  u record;
  v_budgets private.plain_budgets;
begin
  select p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped, p.limit_micro_usd,
         p.adjusted_micro_usd + p.spent_micro_usd as spent, p.reserved_micro_usd + p_amount as reserved, p.ends_at, a.id as agent_period_id, a.generation as agent_generation,
         a.stripe_count > 0 as is_agent_striped, s.id as service_period_id, s.generation as service_generation,
         s.stripe_count > 0 as is_service_striped
    into u
    from public.companies as c
    join public.budget_periods as p
      on p.company_id = p_company_id and p.scope = 'company' and p.status = 'open'
     and p.starts_at <= v_now and p.ends_at > v_now
    left join public.budget_periods as a
      on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
     and a.month = p.month and a.status = 'open'
    left join public.budget_periods as s
      on p.service_limit_count > 0 and s.company_id = p_company_id and s.scope = 'service' and s.service = p_service
     and s.month = p.month and s.status = 'open'
    left join private.budget_stripes as t
      on p.stripe_count > 0 and t.company_id = p_company_id and t.budget_period_id = p.id
     and t.stripe = pg_backend_pid() % 64
   where c.id = p_company_id and c.status = 'active'
     and case when p.stripe_count > 0 then t.spent + t.reserved + p_amount <= t.granted
              else p.spent_micro_usd + p.reserved_micro_usd + p_amount <= p.limit_micro_usd - p.adjusted_micro_usd
                   and random() >= 0.0625 end
     and (p_agent_id is null
          or a.id is not null
          or exists (select from public.ai_agents as x where x.company_id = p_company_id and x.id = p_agent_id));
  if not found then
    return null;
  end if;
  v_budgets := (
    u.month, u.period_id, u.generation, u.is_striped, u.agent_period_id, u.agent_generation, u.is_agent_striped,
    u.service_period_id, u.service_generation, u.is_service_striped)::private.plain_budgets;
  begin
    insert into private.budget_reservations (
      company_id, id, agent_id, service, amount_micro_usd, held_in, expires_at, created_at, created_by)
    values (
      p_company_id, v_id, p_agent_id, p_service, p_amount,
      array_remove(array[u.period_id, u.agent_period_id, u.service_period_id], null), v_expires_at, v_now,
      private.actor_id())
    on conflict (company_id, id) do nothing;
    if not found then
      return null;
    end if;
    perform private.charge_all_plainly(p_company_id, v_budgets, 0, p_amount);
  exception when sqlstate 'LB002' then
    return null;
  end;
  return (
    true, null, 'company', v_id, v_expires_at, u.limit_micro_usd < u.spent + u.reserved,
    round(u.limit_micro_usd / 1000000.0, 6), round(u.spent / 1000000.0, 6), round(u.reserved / 1000000.0, 6),
    round((u.limit_micro_usd - u.spent - u.reserved) / 1000000.0, 6), u.month, u.ends_at)::public.budget_decision;
end
$function$;

CREATE OR REPLACE FUNCTION private.retain_batch (
  p_company_id uuid,
  p_data_class text,
  p_action     text,
  p_before     timestamp with time zone,
  p_max_rows   integer,
  p_count      boolean
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET enable_hashjoin TO 'off'
  SET enable_mergejoin TO 'off'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.review_due_at (
  p_company_id uuid
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return (
    select coalesce(r.reviewed_at, c.created_at) + make_interval(days => coalesce(
             (select (s.value #>> '{}')::integer from public.system_config as s where s.key = 'compliance.review_interval_days'), 90))
      from public.companies as c
      left join private.compliance_reviews as r on r.company_id = c.id
     where c.id = p_company_id);
end
$function$;

CREATE OR REPLACE FUNCTION private.revoke_api_key (
  p_company_id uuid,
  p_api_key_id uuid
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key public.api_keys;
begin
  perform private.require_reader(p_company_id, 'api_keys.write');
  v_key := private.lock_api_key(p_company_id, p_api_key_id);
  if v_key.revoked_at is null then
    update public.api_keys as k
       set revoked_at = now()
     where k.company_id = p_company_id and k.id = p_api_key_id
    returning k.* into v_key;
  end if;
  return v_key.revoked_at;
end
$function$;

CREATE OR REPLACE FUNCTION private.rotate_api_key (
  p_company_id uuid,
  p_api_key_id uuid,
  p_overlap    interval,
  p_expires_at timestamp with time zone
)
  RETURNS public.issued_api_key
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_old public.api_keys;
  v_key public.api_keys;
begin
  perform private.require_company(p_company_id, 'api_keys.write');
  v_old := private.lock_api_key(p_company_id, p_api_key_id);
  perform private.require_key_issuer(p_company_id, v_old.permissions);
  if p_overlap is null or p_overlap < interval '0' or p_overlap > interval '30 days' then
    raise exception 'the old key goes on for 0 to 30 days'
      using errcode = '22023',
            detail = 'invalid_overlap',
            hint = 'State overlap as an interval, such as 24 hours; 0 ends the old key at once.';
  end if;
  select * into v_key from public.api_keys as k
   where k.company_id = p_company_id and k.replaces_id = p_api_key_id
     for update;
  if found then
    if not private.is_reissued(v_key) then
      raise exception 'the key was rotated before'
        using errcode = '23514',
              detail = 'already_rotated',
              hint = format('Rotate its successor %s, or issue a new key.', v_key.id);
    end if;
    perform private.write_audit(p_company_id, 'api_keys.reissued', 'api_keys', v_key.id, '{}');
    return private.set_api_key_secret(v_key);
  end if;
  if v_old.revoked_at is not null or v_old.expires_at <= now() then
    raise exception 'the key is not valid any more'
      using errcode = '23514',
            detail = 'api_key_ended',
            hint = 'Issue a new key.';
  end if;
  insert into public.api_keys as k (
    company_id, name, prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at)
  values (
    p_company_id, v_old.name, 'lytbub_' || left(replace(gen_random_uuid()::text, '-', ''), 12), v_old.permissions,
    v_old.allowed_networks, v_old.rate_limit_per_minute, v_old.id, private.api_key_expiry(p_company_id, p_expires_at))
  returning k.* into v_key;
  update public.api_keys as k
     set expires_at = least(k.expires_at, now() + p_overlap)
   where k.company_id = p_company_id and k.id = p_api_key_id;
  return private.set_api_key_secret(v_key);
end
$function$;

CREATE OR REPLACE FUNCTION private.rotate_master_key (
  p_master_key text,
  p_max_keys   integer,
  OUT          rewrapped integer,
  OUT          remaining integer
)
  RETURNS record
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_keys constant text[] := private.master_keys(p_master_key);
  v_hint constant text := private.master_key_hint(v_keys[1]);
  v_row private.company_data_keys;
begin
  if p_max_keys is null or p_max_keys not between 1 and 10000 then
    raise exception 'a run rewraps 1 to 10000 keys'
      using errcode = '22023',
            detail = 'invalid_batch_size',
            hint = 'State max_keys within these bounds, and call again until remaining is 0.';
  end if;
  rewrapped := 0;
  for v_row in
    select d.* from private.company_data_keys as d
     where d.master_key_hint <> v_hint
     order by d.company_id
     limit p_max_keys
       for update
  loop
    update private.company_data_keys as d
       set wrapped_key = private.seal(private.unwrap_data_key(v_row, v_keys), v_row.company_id, v_keys[1]),
           master_key_hint = v_hint, wrapped_at = now()
     where d.company_id = v_row.company_id;
    perform private.write_audit(v_row.company_id, 'company_data_keys.rewrapped', 'company_data_keys', null,
      jsonb_build_object('master_key_hint', jsonb_build_object('old', v_row.master_key_hint, 'new', v_hint)));
    rewrapped := rewrapped + 1;
  end loop;
  remaining := (select count(*) from private.company_data_keys as d where d.master_key_hint <> v_hint);
end
$function$;

CREATE OR REPLACE FUNCTION private.run_data_retention (
  p_company_id uuid,
  p_dry_run    boolean,
  p_max_rows   integer
)
  RETURNS SETOF public.retention_result
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_policy record;
  v_result public.retention_result;
  v_left integer := p_max_rows;
  v_started timestamptz;
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
     where (p_company_id is null or p.company_id = p_company_id)
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
end
$function$;

CREATE OR REPLACE FUNCTION private.schedule_maintenance()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_job record;
begin
  if to_regprocedure('cron.schedule(text, text, text)') is null then
    return false;
  end if;
  for v_job in
    select * from (
      values
        ('lytbub_maintain_partitions', '17 3 * * *', 'select private.maintain_partitions()'),
        ('lytbub_flush_budgets', '* * * * *', 'select private.flush_budgets()'),
        ('lytbub_close_budget_periods', '23 * * * *', 'select private.close_budget_periods()'),
        ('lytbub_reconcile_budgets', '* 1-4 * * *', 'select private.reconcile_budgets()'),
        ('lytbub_prune_budgets', '53 3 * * *', 'select private.prune_budgets()'),
        ('lytbub_data_retention', '*/5 2-4 * * *', 'select count(*) from private.run_data_retention(null, false, 100000)'),
        ('lytbub_maintain_compliance', '7 * * * *', 'select private.maintain_compliance()')
    ) as j (name, schedule, command)
  loop
    -- The schema's name is a parameter, so that the function can be checked where there is no pg_cron.
    execute format('select %I.schedule($1, $2, $3)', 'cron') using v_job.name, v_job.schedule, v_job.command;
  end loop;
  return true;
end
$function$;

CREATE OR REPLACE FUNCTION private.scrub_json (
  p_json          jsonb,
  p_email_pattern text,
  p_text_pattern  text
)
  RETURNS jsonb
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  case jsonb_typeof(p_json)
    when 'string' then
      return to_jsonb(private.scrub_text(p_json #>> '{}', p_email_pattern, p_text_pattern));
    when 'number' then
      return case when p_json #>> '{}' ~* p_text_pattern then '"[erased]"' else p_json end;
    when 'array' then
      return (
        select coalesce(jsonb_agg(private.scrub_json(e.value, p_email_pattern, p_text_pattern) order by e.ordinality), '[]')
          from jsonb_array_elements(p_json) with ordinality as e);
    when 'object' then
      return (
        select coalesce(jsonb_object_agg(
                 private.scrub_text(e.key, p_email_pattern, p_text_pattern),
                 private.scrub_json(e.value, p_email_pattern, p_text_pattern)), '{}')
          from jsonb_each(p_json) as e);
    else
      return p_json;
  end case;
end
$function$;

CREATE OR REPLACE FUNCTION private.scrub_text (
  p_text          text,
  p_email_pattern text,
  p_text_pattern  text
)
  RETURNS text
  LANGUAGE plpgsql
  IMMUTABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return regexp_replace(
    regexp_replace(p_text, p_email_pattern, 'erased@erased.invalid', 'gi'), p_text_pattern, '[erased]', 'gi');
end
$function$;

CREATE OR REPLACE FUNCTION private.seal (
  p_text     text,
  p_bound_to uuid,
  p_key      text
)
  RETURNS bytea
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return extensions.pgp_sym_encrypt_bytea(
    convert_to(p_bound_to || ':' || p_text, 'UTF8'), p_key, 'cipher-algo=aes256, compress-algo=0, s2k-mode=1, s2k-digest-algo=sha256');
end
$function$;

CREATE OR REPLACE FUNCTION private.search_audit_log (
  p_company_id uuid,
  p_starts_at  timestamp with time zone,
  p_ends_at    timestamp with time zone,
  p_actor_id   uuid,
  p_action     text,
  p_table_name text,
  p_row_id     uuid,
  p_changed    text,
  p_request_id text,
  p_before_at  timestamp with time zone,
  p_before_id  uuid,
  p_max_rows   integer
)
  RETURNS SETOF public.audit_entry
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_max_rows is null or p_max_rows not between 1 and 1000 or (p_before_at is null) <> (p_before_id is null) then
    raise exception 'max_rows must be 1 to 1000, before_at and before_id go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Give created_at and id of the last entry to get the next page.';
  end if;
  return query
  select l.id, l.created_at, l.actor_id, l.actor_role, l.action, l.table_name, l.row_id, l.changes, l.ip_address,
         l.user_agent, l.request_id,
         array(select e.key from jsonb_each(l.commitments) as e where e.value ? 'c' order by e.key)
    from public.audit_logs as l
   where l.company_id = p_company_id
     and l.created_at >= coalesce(p_starts_at, '-infinity')
     and l.created_at < coalesce(p_ends_at, 'infinity')
     and (l.created_at, l.id) < (coalesce(p_before_at, 'infinity'), coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     and (p_actor_id is null or l.actor_id = p_actor_id)
     and (p_action is null or l.action = p_action or starts_with(l.action, p_action || '.'))
     and (p_table_name is null or l.table_name = p_table_name)
     and (p_row_id is null or l.row_id = p_row_id)
     and (p_changed is null or l.changes ? p_changed)
     and (p_request_id is null or l.request_id = p_request_id)
   order by l.created_at desc, l.id desc
   limit p_max_rows;
end
$function$;

CREATE OR REPLACE FUNCTION private.set_api_key_secret (
  p_key public.api_keys
)
  RETURNS public.issued_api_key
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_api_key constant text := private.new_api_key(p_key.prefix);
begin
  insert into private.api_key_secrets as s (company_id, api_key_id, key_hash)
  values (p_key.company_id, p_key.id, private.api_key_hash(v_api_key))
  on conflict (company_id, api_key_id) do update set key_hash = excluded.key_hash;
  return (v_api_key, p_key.id, p_key.prefix, p_key.expires_at)::public.issued_api_key;
end
$function$;

CREATE OR REPLACE FUNCTION private.settle_quickly (
  p_company_id     uuid,
  p_service        text,
  p_agent_id       uuid,
  p_description    text,
  p_cost           bigint,
  p_reservation_id uuid,
  p_units          bigint,
  p_unit           text,
  p_model          text,
  p_input_tokens   bigint,
  p_output_tokens  bigint,
  p_metadata       jsonb,
  p_request_id     text
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_id constant uuid := private.uuid_v7();
  u record;
  v_budgets private.plain_budgets;
begin
  begin
    select r.amount_micro_usd, p.month, p.id as period_id, p.generation, p.stripe_count > 0 as is_striped,
           a.id as agent_period_id, a.generation as agent_generation, a.stripe_count > 0 as is_agent_striped,
           s.id as service_period_id, s.generation as service_generation, s.stripe_count > 0 as is_service_striped
      into u
      from private.budget_reservations as r
      join public.companies as c on c.id = p_company_id and c.status <> 'closed'
      join public.budget_periods as p
        on p.company_id = p_company_id and p.id = r.held_in[1] and p.scope = 'company' and p.status = 'open'
       and p.starts_at <= v_now and p.ends_at > v_now
      left join public.budget_periods as a
        on p.agent_limit_count > 0 and a.company_id = p_company_id and a.scope = 'agent' and a.agent_id = p_agent_id
       and a.month = p.month and a.status = 'open'
      left join public.budget_periods as s
        on p.service_limit_count > 0 and s.company_id = p_company_id and s.scope = 'service' and s.service = p_service
       and s.month = p.month and s.status = 'open'
     where r.company_id = p_company_id and r.id = p_reservation_id and r.usage_id is null
       and r.amount_micro_usd >= p_cost
       and r.agent_id is not distinct from p_agent_id
       and (r.service is null or r.service = p_service)
       and r.held_in = array_remove(array[p.id, a.id, s.id], null)
       and p.spent_micro_usd <= p.limit_micro_usd - p.adjusted_micro_usd
       and (p.stripe_count > 0 or random() >= 0.0625)
       for update of r;
    if not found then
      return null;
    end if;
    v_budgets := (
      u.month, u.period_id, u.generation, u.is_striped, u.agent_period_id, u.agent_generation, u.is_agent_striped,
      u.service_period_id, u.service_generation, u.is_service_striped)::private.plain_budgets;
    perform private.charge_all_plainly(p_company_id, v_budgets, p_cost, -u.amount_micro_usd);
    update private.budget_reservations as r
       set held_in = '{}', usage_id = v_id, usage_occurred_at = v_now
     where r.company_id = p_company_id and r.id = p_reservation_id;
    insert into public.api_usage (
      company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens,
      cost_micro_usd, budget_month, request_id, metadata)
    values (
      p_company_id, v_id, v_now, p_service, p_model, p_agent_id, p_description, coalesce(p_unit, 'request'),
      coalesce(p_units, 1), p_input_tokens, p_output_tokens, p_cost, u.month, p_request_id, coalesce(p_metadata, '{}'));
    return (v_id, v_now, round(p_cost / 1000000.0, 6), u.month, false, false)::public.usage_receipt;
  exception when sqlstate 'LB002' or check_violation then
    return null;
  end;
end
$function$;

CREATE OR REPLACE FUNCTION private.subject_tables (
  p_company_id uuid,
  p_request_id uuid
)
  RETURNS SETOF private.subject_table
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_table record;
  v_column record;
  v_answer private.subject_table;
  v_hits text[];
  v_stuck text[];
  v_gone text[];
  v_personal text[];
  v_sets text[];
  v_full text[];
  v_part text[];
  v_found text;
  v_value text;
begin
  for v_table in
    select c.oid, n.nspname as schema_name, c.relname as name, format('%I.%I', n.nspname, c.relname) as full_name,
           case when c.oid = 'public.companies'::regclass then 'id' else 'company_id' end as company_column,
           k.keys, k.key_types
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_index as i on i.indrelid = c.oid and i.indisprimary
     cross join lateral (
       select array_agg(a.attname::text order by x.ordinality) as keys,
              array_agg(format_type(a.atttypid, a.atttypmod) order by x.ordinality) as key_types
         from unnest(i.indkey::smallint[]) with ordinality as x (attnum, ordinality)
         join pg_attribute as a on a.attrelid = c.oid and a.attnum = x.attnum
        where a.attname <> 'company_id' or i.indnatts = 1
     ) as k
     where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
       and (c.oid = 'public.companies'::regclass
            or exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped))
       and c.oid <> 'private.subject_work'::regclass
     order by n.nspname desc, c.relname
  loop
    v_hits := '{}';
    v_stuck := '{}';
    v_gone := '{}';
    v_personal := '{}';
    v_sets := '{}';
    v_full := '{}';
    v_part := '{}';
    v_answer := null;
    v_answer.export_columns := '{}';
    for v_column in
      select a.attname::text as name, format('t.%I', a.attname) as ref, format_type(a.atttypid, null) as type_name, a.attnotnull as is_required,
             a.attgenerated <> '' as is_generated, k.class, k.erasure,
             exists (
               select from pg_index as i
                where i.indrelid = v_table.oid and i.indisunique and a.attnum = any (i.indkey::smallint[])) as is_unique,
             -- Whether it may be empty depends on other columns.
             exists (
               select from pg_constraint as f
                where f.conrelid = v_table.oid and f.contype = 'c' and a.attnum = any (f.conkey)
                  and cardinality(f.conkey) > 1) as is_bound,
             -- A key to the person's profile or account.
             exists (
               select from pg_constraint as f
                where f.conrelid = v_table.oid and f.contype = 'f'
                  and f.confrelid in ('public.users'::regclass, 'auth.users'::regclass)
                  and f.conkey[cardinality(f.conkey)] = a.attnum) as is_person
        from pg_attribute as a
        left join private.column_classes as k
          on (k.table_schema, k.table_name, k.column_name) = (v_table.schema_name, v_table.name, a.attname)
       where a.attrelid = v_table.oid and a.attnum > 0 and not a.attisdropped
       order by a.attnum
    loop
      v_found := case
        when v_column.type_name in ('text', 'character varying', 'character', 'name', 'citext', 'jsonb', 'json', 'text[]', 'character varying[]')
          then format('%s::text ~* $3', v_column.ref)
        when v_column.type_name = 'bytea' then format('private.bytes_text(%s) ~* $3', v_column.ref)
      end;
      -- Who may be erased and how.
      if v_table.full_name = 'public.users' and v_column.name = 'id' then
        null;
      elsif v_column.type_name = 'uuid' and v_column.is_person and v_column.is_required then
        v_gone := v_gone || format('%s = any ($2)', v_column.ref);
      elsif v_column.type_name = 'uuid' and (v_column.is_person or v_column.erasure = 'clear') then
        v_hits := v_hits || format('%s = any ($2)', v_column.ref);
        v_sets := v_sets || format('%1$I = case when %2$s <> all ($2) then %2$s end', v_column.name, v_column.ref);
      elsif v_column.type_name = 'uuid' and v_column.erasure = 'commit' then
        v_hits := v_hits || format('%s = any ($2)', v_column.ref);
      elsif v_column.erasure = 'delete' and v_found is not null then
        v_gone := v_gone || v_found;
      elsif v_column.erasure = 'commit' and v_found is not null then
        v_hits := v_hits || v_found;
        v_personal := v_personal || v_found;
      elsif v_table.full_name in ('public.documents', 'public.media_assets') and v_column.name = 'storage_path' then
        -- A file that is named after the person goes.
        v_gone := v_gone || v_found;
        v_personal := v_personal || v_found;
      elsif v_column.erasure = 'scrub' and v_found is not null and not v_column.is_generated then
        v_hits := v_hits || v_found;
        v_personal := v_personal || v_found;
        v_value := case
          when v_column.type_name = 'jsonb' then format('private.scrub_json(%s, $4, $5)', v_column.ref)
          when v_column.type_name = 'json' then format('private.scrub_json(%s::jsonb, $4, $5)::json', v_column.ref)
          when v_column.type_name like '%[]' then
            format('array(select private.scrub_text(x.value, $4, $5) from unnest(%s) with ordinality as x (value, n) order by x.n)', v_column.ref)
          when v_column.type_name = 'bytea' then case when v_column.is_required then '''''::bytea' else 'null' end
          when v_column.is_unique then
            format('left(private.scrub_text(%s, $4, $5), 80) || '' '' || left(gen_random_uuid()::text, 8)', v_column.ref)
          when v_column.is_required or v_column.is_bound then format('private.scrub_text(%s, $4, $5)', v_column.ref)
          -- What is nothing but the person's becomes null.
          else format('nullif(nullif(private.scrub_text(%s, $4, $5), ''[erased]''), ''erased@erased.invalid'')', v_column.ref)
        end;
        v_sets := v_sets || format('%I = case when %s then %s else %s end', v_column.name, v_found, v_value, v_column.ref);
      elsif v_found is not null and not v_column.is_generated then
        v_stuck := v_stuck || v_found;
      end if;
      -- What of it they may see: rows that name them as a whole, of rows that they only touched nothing of others.
      continue when v_table.schema_name <> 'public' or v_column.class is null or v_column.class = 'secret';
      v_answer.export_columns := v_answer.export_columns || v_column.name;
      v_value := format('to_jsonb(%s)', v_column.ref);
      if v_column.type_name = 'uuid' and (v_column.is_person or v_column.erasure in ('clear', 'commit')) and v_column.name <> 'id' then
        v_value := format('case when %s = any ($2) then to_jsonb(%s) end', v_column.ref, v_column.ref);
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        v_part := v_part || format('%L, %s', v_column.name, v_value);
      elsif v_table.name = 'audit_logs' and v_column.name in ('ip_address', 'user_agent') then
        v_value := format('case when t.actor_id = any ($2) then %s end', v_value);
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        v_part := v_part || format('%L, %s', v_column.name, v_value);
      else
        v_full := v_full || format('%L, %s', v_column.name, v_value);
        if v_column.class in ('identifier', 'operational', 'financial') and v_column.erasure = 'keep' then
          v_part := v_part || format('%L, %s', v_column.name, v_value);
        end if;
      end if;
    end loop;

    v_answer.table_name := v_table.full_name;
    v_answer.keys := v_table.keys;
    v_answer.key_types := v_table.key_types;
    v_answer.is_company := format('t.%I = $1', v_table.company_column);
    v_answer.is_hit := coalesce(nullif(array_to_string(v_hits, ' or '), ''), 'false');
    v_answer.is_stuck := coalesce(nullif(array_to_string(v_stuck, ' or '), ''), 'false');
    v_answer.is_gone := coalesce(nullif(array_to_string(v_gone, ' or '), ''), 'false');
    v_answer.assignments := nullif(array_to_string(v_sets, ', '), '');
    v_answer.export := format('case when %s then private.merge_pairs(array[%s]) else private.merge_pairs(array[%s]) end',
      coalesce(nullif(array_to_string(v_personal, ' or '), ''), 'false'), private.pairs(v_full), private.pairs(v_part));
    if v_table.full_name = 'public.users' then
      -- The person's own profile goes last; of other profiles they see nothing.
      v_answer.is_hit := format('t.id <> all ($2) and (%s)', v_answer.is_hit);
      v_answer.is_stuck := format('t.id <> all ($2) and (%s)', v_answer.is_stuck);
      v_answer.export := format('private.merge_pairs(array[%s])', private.pairs(v_full));
    elsif v_table.full_name = 'public.audit_logs' then
      v_answer.export := format('case when t.row_id = any ($2) or t.changes::text ~* $3 then private.merge_pairs(array[%s]) else private.merge_pairs(array[%s]) end',
        private.pairs(v_full), private.pairs(v_part));
    elsif v_table.full_name = 'public.compliance_requests' then
      -- The request itself names the person until it is done.
      v_answer.is_hit := format('t.id <> %L and (%s)', p_request_id, v_answer.is_hit);
      v_answer.is_stuck := format('t.id <> %L and (%s)', p_request_id, v_answer.is_stuck);
    elsif v_table.full_name = 'private.outbox_events' then
      -- The way to a file is needed until the file has gone.
      v_answer.is_stuck := format('(%s) and t.topic = ''file.expired'' and t.status = ''pending''', v_answer.is_hit);
      v_answer.is_hit := format('(%s) and not (t.topic = ''file.expired'' and t.status = ''pending'')', v_answer.is_hit);
    end if;
    select * into v_answer.is_kept, v_answer.reason from private.erasure_exception(p_company_id, v_table.oid);
    return next v_answer;
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION private.submit_compliance_request (
  p_company_id    uuid,
  p_kind          text,
  p_regulation    text,
  p_subject_email text,
  p_subject_name  text,
  p_details       text,
  p_identifiers   text[],
  p_corrections   jsonb,
  p_purposes      text[],
  p_request_id    uuid
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_actor constant uuid := private.actor_id();
  v_me public.users;
  v_is_mine boolean := false;
  v_request public.compliance_requests;
begin
  if current_setting('role', true) = 'platform_admin' then
    perform private.require_operator();
  else
    -- Whoever belongs to the company may ask, or pass on what somebody asked them.
    perform private.require_company(p_company_id, null);
    if not private.is_backend() then
      select * into v_me from public.users as u where u.company_id = p_company_id and u.id = v_actor;
      v_is_mine := v_me.id is not null and (p_subject_email is null or lower(trim(p_subject_email)) = lower(v_me.email));
    end if;
  end if;
  if not exists (select from public.companies as c where c.id = p_company_id) then
    raise exception 'there is no company %', coalesce(p_company_id::text, 'null')
      using errcode = 'PT404',
            detail = 'unknown_company',
            hint = 'Check company_id.';
  end if;
  if p_subject_email is null and not v_is_mine then
    raise exception 'whose data the request is about is missing'
      using errcode = '22023',
            detail = 'subject_missing',
            hint = 'State subject_email; only members who ask for themselves may leave it out.';
  end if;
  select * into v_request from public.compliance_requests as r where r.company_id = p_company_id and r.id = p_request_id;
  if found then
    if v_request.kind is distinct from p_kind or v_request.created_by is distinct from v_actor then
      raise exception 'there is another request with this id'
        using errcode = '23505',
              detail = 'request_id_taken',
              hint = 'Make a new request_id for each request, and repeat it only when you repeat the request.';
    end if;
    return private.compliance_ticket(v_request);
  end if;
  insert into public.compliance_requests as r (
    company_id, id, kind, regulation, subject_email, subject_name, subject_user_id, details, identifiers, corrections, purposes)
  values (
    p_company_id, coalesce(p_request_id, gen_random_uuid()), p_kind, p_regulation,
    lower(trim(coalesce(p_subject_email, v_me.email))), coalesce(p_subject_name, case when v_is_mine then v_me.full_name end),
    case when v_is_mine then v_actor end, p_details, coalesce(p_identifiers, '{}'), coalesce(p_corrections, '[]'),
    coalesce(p_purposes, '{}'))
  returning r.* into v_request;
  if v_is_mine then
    -- Whoever is signed in has shown who they are; not so for further names, which anybody could claim.
    if v_request.identifiers = '{}' and v_request.subject_name is not distinct from v_me.full_name then
      update public.compliance_requests as r
         set identity_method = 'session', identity_verified_at = now(), identity_verified_by = v_actor
       where r.company_id = p_company_id and r.id = v_request.id
      returning r.* into v_request;
    end if;
  end if;
  perform private.emit_event(p_company_id, 'compliance.received', jsonb_build_object(
    'request_id', v_request.id, 'kind', v_request.kind, 'regulation', v_request.regulation, 'due_at', v_request.due_at));
  return private.compliance_ticket(v_request);
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

CREATE OR REPLACE FUNCTION private.take_key_rate (
  p_company_id       uuid,
  p_api_key_id       uuid,
  p_limit_per_minute integer,
  p_cost             integer
)
  RETURNS public.rate_limit_decision
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if p_limit_per_minute is null then
    return null;
  end if;
  return private.take_rate(
    p_company_id, 'api_key:' || p_api_key_id, p_limit_per_minute, greatest(p_limit_per_minute / 6, p_cost, 1), p_cost);
end
$function$;

CREATE OR REPLACE FUNCTION private.take_rate (
  p_company_id       uuid,
  p_bucket           text,
  p_limit_per_minute integer,
  p_burst            integer,
  p_cost             integer
)
  RETURNS public.rate_limit_decision
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := clock_timestamp();
  v_known private.rate_limit_buckets;
  v_limit integer := p_limit_per_minute;
  v_burst integer := p_burst;
  v_each interval;
  v_need interval;
  v_latest timestamptz;
  v_tat timestamptz;
  v_allowed boolean;
begin
  select * into v_known from private.rate_limit_buckets as b
   where b.company_id = p_company_id and b.bucket = p_bucket;
  if v_limit is null then
    if v_known.rated_at is null or v_known.rated_at < v_now - interval '1 second' or p_cost > v_known.burst then
      return null;
    end if;
    v_limit := v_known.limit_per_minute;
    v_burst := v_known.burst;
  end if;
  v_each := interval '1 minute' / v_limit;
  v_need := v_each * greatest(p_cost, 1);
  -- The latest time of arrival that is still admitted.
  v_latest := v_now + v_each * v_burst - v_need;
  v_tat := greatest(v_known.tat, v_now);
  -- A debt is never more than the burst; after a change of plan, or of the clock, it is brought down to it.
  if v_tat > v_latest + v_need then
    v_tat := v_latest + v_need;
    if p_cost > 0 then
      update private.rate_limit_buckets as b set tat = v_tat
       where b.company_id = p_company_id and b.bucket = p_bucket and b.tat > v_tat;
    end if;
  end if;
  v_allowed := v_tat <= v_latest;
  if v_allowed and p_cost > 0 then
    if p_limit_per_minute is null then
      update private.rate_limit_buckets as b
         set tat = greatest(b.tat, v_now) + v_need
       where b.company_id = p_company_id and b.bucket = p_bucket and greatest(b.tat, v_now) <= v_latest
      returning b.tat into v_tat;
    else
      insert into private.rate_limit_buckets as b (company_id, bucket, tat, limit_per_minute, burst, rated_at)
      values (p_company_id, p_bucket, v_now + v_need, v_limit, v_burst, v_now)
      on conflict (company_id, bucket) do update
        set tat = greatest(b.tat, v_now) + v_need, limit_per_minute = v_limit, burst = v_burst, rated_at = v_now
        where greatest(b.tat, v_now) <= v_latest
      returning b.tat into v_tat;
    end if;
    v_allowed := found;
    if not found then
      select greatest(b.tat, v_now) into v_tat from private.rate_limit_buckets as b
       where b.company_id = p_company_id and b.bucket = p_bucket;
    end if;
  end if;
  return (
    v_allowed, p_bucket, v_limit, v_burst,
    greatest(floor(extract(epoch from v_latest + v_need - v_tat) / extract(epoch from v_each)), 0)::integer,
    ceil(extract(epoch from v_tat - v_now))::integer,
    case when v_allowed then 0 else greatest(ceil(extract(epoch from v_tat - v_latest)), 1)::integer end
  )::public.rate_limit_decision;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_ai_agents__apply_limit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_importing() then
    perform private.apply_limit(new.company_id, new.id, null, new.monthly_limit_micro_usd);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_ai_agents__release_holds()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_reservation private.budget_reservations;
begin
  for v_reservation in
    select r.* from private.budget_reservations as r
     where r.company_id = old.company_id and r.agent_id = old.id and r.held_in <> '{}'
     order by r.id
       for update
  loop
    perform private.release_hold(old.company_id, v_reservation.held_in, v_reservation.amount_micro_usd);
  end loop;
  return old;
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

CREATE OR REPLACE FUNCTION private.tg_audit_links__link()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_importing() then
    perform private.link_audit(new.company_id, new.created_at, new.transaction_id);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_audit_logs__begin_link()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_rows public.audit_logs[];
begin
  if private.is_importing() then
    return null;
  end if;
  select array_agg((
      n.company_id, n.id, n.actor_id, n.actor_role, n.action, n.table_name, n.row_id, n.changes, n.ip_address,
      n.user_agent, n.request_id, n.transaction_id, n.salt, n.commitments, n.created_at, n.created_by)::public.audit_logs)
    into v_rows from new_rows as n;
  if v_rows is null then
    return null;
  end if;
  insert into private.audit_links as k (company_id, created_at, transaction_id, row_count, rows_hash)
  select l.company_id, l.created_at, l.transaction_id, count(*), sha256(string_agg(e.leaf, ''::bytea order by l.id))
    from unnest(v_rows) as l
    join private.audit_leaves(v_rows) as e on e.id = l.id
   group by l.company_id, l.created_at, l.transaction_id
   order by l.company_id
  on conflict (company_id, created_at, transaction_id) do update
    set row_count = k.row_count + excluded.row_count, rows_hash = null, link_no = k.link_no;
  return null;
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

CREATE OR REPLACE FUNCTION private.tg_budget_periods__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_wrong text := case
    when new.scope not in ('company', 'agent', 'service') then 'scope is company, agent or service'
    when (new.scope = 'agent') <> (new.agent_id is not null) then 'agent_id is set for scope agent only'
    when (new.scope = 'service') <> (new.service is not null) then 'service is set for scope service only'
    when extract(day from new.month) <> 1 then 'month is the first day of a month'
    when new.ends_at <= new.starts_at then 'a month ends after it starts'
    when new.enforcement not in ('hard', 'soft') then 'enforcement is hard or soft'
    when new.stripe_count not in (0, 64) then 'stripe_count is 0 or 64'
    when new.status not in ('open', 'closed') then 'status is open or closed'
    when (new.status = 'closed') <> (new.closed_at is not null) then 'closed_at is set exactly when the month is closed'
  end;
begin
  if v_wrong is not null then
    raise exception '%', v_wrong
      using errcode = '23514',
            detail = 'invalid_budget_period',
            hint = 'Budgets are kept by functions; see check_budget_before_usage().';
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_budget_periods__keep_closed()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return new;
  end if;
  -- A limit that was lifted may come back while its month lasts.
  if old.ends_at > now() and old.scope <> 'company' then
    return new;
  end if;
  if (new.month, new.starts_at, new.ends_at, new.limit_micro_usd, new.spent_micro_usd, new.reserved_micro_usd, new.status)
     is distinct from
     (old.month, old.starts_at, old.ends_at, old.limit_micro_usd, old.spent_micro_usd, old.reserved_micro_usd, old.status)
  then
    raise exception 'the budget of % is closed', to_char(old.month, 'YYYY-MM')
      using errcode = '23514',
            detail = 'budget_period_closed',
            hint = 'Record a credit or a correction with adjust_budget().';
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_companies__apply_time_zone()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_importing() then
    perform private.apply_time_zone(new.id);
  end if;
  return null;
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

CREATE OR REPLACE FUNCTION private.tg_company_plans__apply_plan()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if not private.is_importing() then
    perform private.apply_plan(coalesce(new.company_id, old.company_id));
  end if;
  return null;
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
    -- Of two new plans at once one is the later.
    perform from public.companies as c where c.id = new.company_id for no key update;
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
  -- Whoever was verified is no longer whom it is about.
  if (new.kind, new.subject_email, new.subject_name, new.subject_user_id, new.identifiers)
     is distinct from (old.kind, old.subject_email, old.subject_name, old.subject_user_id, old.identifiers)
    and tg_op = 'UPDATE'
  then
    new.identity_method := null;
    new.identity_verified_at := null;
    new.identity_verified_by := null;
  end if;
  if exists (select from unnest(new.identifiers) as i where length(trim(i)) not between 4 and 200)
    or new.subject_email = 'erased@erased.invalid'
  then
    raise exception 'identifiers have 4 to 200 characters'
      using errcode = '22023',
            detail = 'invalid_identifier',
            hint = 'What is shorter would be found everywhere.';
  end if;
  if new.status = 'completed' and new.receipt is null then
    raise exception 'a compliance request is completed by processing it'
      using errcode = '23514',
            detail = 'not_processed',
            hint = 'Call process_compliance_request() until is_complete is true.';
  end if;
  new.completed_at := case
    when new.status in ('completed', 'rejected', 'cancelled') then coalesce(new.completed_at, now())
  end;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_data_retention_policies__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
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

CREATE OR REPLACE FUNCTION private.tg_ip_allowlist_entries__check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if new.network <> network(new.network) then
    raise exception '% has host bits set; did you mean %?', new.network, network(new.network)
      using errcode = '22023',
            detail = 'host_bits_set',
            hint = 'State a network, such as 10.0.0.0/8, or one address, such as 203.0.113.7.';
  end if;
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

CREATE OR REPLACE FUNCTION private.tg_jobs__refuse_restricted()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  -- What runs already may be given back. OLD is null in an insert.
  if (new.kind, new.payload, new.assigned_user_id) is not distinct from (old.kind, old.payload, old.assigned_user_id)
    and (new.status = old.status or old.status = 'running')
  then
    return new;
  end if;
  if not private.is_importing()
    and private.find_restriction(new.company_id, new.kind, new.assigned_user_id, new.payload::text) is not null
  then
    raise exception 'the job names a person whose data may not be processed for %', new.kind
      using errcode = '23514',
            detail = 'processing_restricted',
            hint = 'Read processing_restrictions, and leave the person out.';
  end if;
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
  if current_setting('app.importing', true) <> '' and private.is_importing() then
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
  if current_setting('app.importing', true) <> '' and private.is_importing() then
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

CREATE OR REPLACE FUNCTION private.tg_security__keep_author_in()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if current_setting('role', true) = 'authenticated' and current_setting('app.is_forced', true) is distinct from 'on' then
    if private.company_for('security.manage') is null then
      raise exception 'this change would lock you out'
        using errcode = 'PT409',
              detail = 'would_lock_you_out',
              hint = 'See explain_ip_access() for your address, and your session''s age and second factor; or call set_security_policy() or remove_ip_allowlist_entry() with is_forced.';
    end if;
  end if;
  return null;
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

CREATE OR REPLACE FUNCTION private.tg_service_limits__apply_limit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if private.is_importing() then
    return null;
  end if;
  if tg_op <> 'INSERT' and (tg_op = 'DELETE' or new.service <> old.service) then
    perform private.apply_limit(old.company_id, null, old.service, null);
  end if;
  if tg_op <> 'DELETE' then
    perform private.apply_limit(new.company_id, null, new.service, new.monthly_limit_micro_usd);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION private.tg_statement__audit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_actor uuid;
  v_role text;
  v_operator uuid;
  v_prefix text;
  v_secret text[];
  v_request record;
  v_rows private.audited_row[];
begin
  if private.is_importing() then
    return null;
  end if;
  select array_agg(c.column_name) into v_secret from private.column_classes as c
   where c.table_schema = 'public' and c.table_name = tg_argv[0] and c.class = 'secret';
  v_secret := coalesce(v_secret, '{}');
  if tg_op = 'INSERT' then
    select array_agg((n.j, private.audit_changes(null, n.j, v_secret))::private.audited_row)
      into v_rows from (select to_jsonb(x) as j from new_rows as x) as n;
  elsif tg_op = 'DELETE' then
    select array_agg((o.j, private.audit_changes(o.j, null, v_secret))::private.audited_row)
      into v_rows from (select to_jsonb(x) as j from old_rows as x) as o;
  else
    select array_agg((r.j, r.changes)::private.audited_row)
      into v_rows
      from (
        select n.j, private.audit_changes(o.j, n.j, v_secret) as changes
          from (select to_jsonb(x) as j from new_rows as x) as n
          join (select to_jsonb(x) as j from old_rows as x) as o
            on coalesce(o.j ->> 'id', o.j ->> 'key', '') = coalesce(n.j ->> 'id', n.j ->> 'key', '')
           and coalesce(o.j ->> 'company_id', '') = coalesce(n.j ->> 'company_id', '')
      ) as r
     where r.changes is not null;
  end if;
  if v_rows is null then
    return null;
  end if;
  v_actor := private.actor_id();
  -- Whoever acts for a company acts for one at a time.
  v_role := private.audit_role((v_rows[1].state ->> 'company_id')::uuid, v_actor);
  select * into v_request from private.audit_request();
  if tg_argv[0] = 'system_config' or tg_argv[0] = 'companies' and tg_op = 'DELETE' then
    select c.id into v_operator from public.companies as c where c.is_operator;
  end if;
  -- What private.uuid_v7() makes, once for all rows.
  v_prefix := left(private.uuid_v7()::text, 15);
  insert into public.audit_logs (
    company_id, id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id, created_by)
  select r.company_id, (v_prefix || substr(gen_random_uuid()::text, 16))::uuid, v_actor, v_role,
         tg_argv[0] || case tg_op when 'INSERT' then '.created' when 'UPDATE' then '.updated' else '.deleted' end,
         tg_argv[0], (r.state ->> 'id')::uuid,
         -- What has a key instead of an id is named by it.
         case when tg_op = 'UPDATE' and not r.state ? 'id' and r.state ? 'key'
              then r.changes || jsonb_build_object('key', jsonb_build_object('old', r.state -> 'key', 'new', r.state -> 'key'))
              else r.changes end,
         v_request.ip_address, v_request.user_agent, v_request.request_id, v_actor
    from (
      select coalesce(v_operator, (x.state ->> case tg_argv[0] when 'companies' then 'id' else 'company_id' end)::uuid) as company_id,
             x.state, x.changes
        from unnest(v_rows) as x
    ) as r
   -- A company that goes takes its log with it.
   where exists (select from public.companies as c where c.id = r.company_id)
   order by r.company_id;
  return null;
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

CREATE OR REPLACE FUNCTION private.unseal (
  p_sealed   bytea,
  p_bound_to uuid,
  p_key      text
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_text text;
begin
  begin
    v_text := convert_from(extensions.pgp_sym_decrypt_bytea(p_sealed, p_key), 'UTF8');
  exception when others then
    -- What it says depends on the key; nobody is told more than that it is wrong.
    v_text := null;
  end;
  if starts_with(v_text, p_bound_to || ':') then
    return substr(v_text, 38);
  end if;
  raise exception 'it cannot be decrypted'
    using errcode = 'XX001',
          detail = 'secret_corrupt',
          hint = 'The row was changed or moved by hand. Store the secret anew; if the data key is meant, restore it from a backup.';
end
$function$;

CREATE OR REPLACE FUNCTION private.unwrap_data_key (
  p_row         private.company_data_keys,
  p_master_keys text[]
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_key text;
begin
  foreach v_key in array p_master_keys loop
    if private.master_key_hint(v_key) = p_row.master_key_hint then
      return private.unseal(p_row.wrapped_key, p_row.company_id, v_key);
    end if;
  end loop;
  raise exception 'the company''s data key is wrapped with another master key'
    using errcode = '22023',
          detail = 'wrong_master_key',
          hint = format('State the master key whose hint is %s, beside the new one until rotate_master_key() is done.', p_row.master_key_hint);
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

CREATE OR REPLACE FUNCTION private.verify_api_key (
  p_api_key       text,
  p_permission    text,
  p_ip            inet,
  p_forwarded_for text,
  p_cost          integer
)
  RETURNS public.api_key_verification
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_found record;
  v_rate public.rate_limit_decision;
begin
  if p_cost is null or p_cost not between 0 and 1000 then
    raise exception 'a request costs 0 to 1000'
      using errcode = '22023',
            detail = 'invalid_cost',
            hint = 'State cost as what the request counts against the key''s limit, 1 unless told; 0 only looks.';
  end if;
  select case
           when k.id is null then 'unknown'
           when k.problem is not null then k.problem
           when p_permission is not null and p_permission <> all (k.permissions) then 'permission_missing'
           else 'valid'
         end as reason,
         k.is_ip_allowlist_enabled or k.allowed_networks <> '{}' or k.rate_limit_per_minute is not null
         or k.last_used_at is null or k.last_used_at < now() - interval '1 minute' as is_more_asked,
         k.*
    into v_found
    from (select 1) as one
    left join private.api_key_secrets as s on s.key_hash = sha256(convert_to(coalesce(left(p_api_key, 256), ''), 'UTF8'))
    -- Nobody's key is looked for like anybody's.
    left join private.api_key_states as k
      on k.company_id = coalesce(s.company_id, '00000000-0000-0000-0000-000000000000')
     and k.id = coalesce(s.api_key_id, '00000000-0000-0000-0000-000000000000');
  if v_found.reason = 'valid' and v_found.is_more_asked then
    if not private.is_key_address_allowed(
      v_found.company_id, v_found.allowed_networks, v_found.is_ip_allowlist_enabled,
      coalesce(p_ip, private.forwarded_address(p_forwarded_for)))
    then
      v_found.reason := 'ip_not_allowed';
    else
      v_rate := private.take_key_rate(v_found.company_id, v_found.id, v_found.rate_limit_per_minute, p_cost);
      if not v_rate.allowed then
        v_found.reason := 'rate_limited';
      elsif coalesce(v_found.last_used_at, '-infinity') < now() - interval '1 minute' then
        -- Whoever else verifies it at this moment writes the same.
        update public.api_keys as k
           set last_used_at = now()
          from (
            select x.company_id, x.id from public.api_keys as x
             where x.company_id = v_found.company_id and x.id = v_found.id
               for no key update skip locked
          ) as x
         where k.company_id = x.company_id and k.id = x.id;
      end if;
    end if;
  end if;
  return (
    v_found.reason = 'valid', v_found.reason, v_found.company_id, v_found.id, v_found.name, v_found.permissions,
    v_found.expires_at, coalesce(v_rate.retry_after_seconds, 0))::public.api_key_verification;
end
$function$;

CREATE OR REPLACE FUNCTION private.verify_audit_chain (
  p_company_id       uuid,
  p_after_link_no    bigint,
  p_max_links        integer,
  p_expected_link_no bigint,
  p_expected_hash    text
)
  RETURNS public.audit_verification
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_answer public.audit_verification;
  v_head private.audit_heads;
  v_segment private.audit_segments;
  v_problems jsonb := '[]'::jsonb;
  v_previous bytea;
  v_begin bigint;
  v_links integer;
  v_more jsonb;
begin
  perform private.require_reader(p_company_id, 'audit.read');
  if p_after_link_no is null or p_after_link_no < 0 or p_max_links is null or p_max_links not between 1 and 100000
    or (p_expected_link_no is null) <> (p_expected_hash is null)
  then
    raise exception 'after_link_no must be 0 or more, max_links 1 to 100000, expected_link_no and expected_hash go together'
      using errcode = '22023',
            detail = 'invalid_page',
            hint = 'Begin with 0 and go on with last_link_no until it is head_link_no.';
  end if;
  select * into v_head from private.audit_heads as h where h.company_id = p_company_id;
  v_answer.head_link_no := coalesce(v_head.link_no, 0);
  v_answer.head_hash := encode(coalesce(v_head.hash, private.audit_genesis(p_company_id)), 'hex');

  -- Segments: one after the other from the beginning on.
  v_previous := private.audit_genesis(p_company_id);
  v_begin := 0;
  v_answer.pruned_row_count := 0;
  for v_segment in
    select * from private.audit_segments as g where g.company_id = p_company_id order by g.first_link_no
  loop
    if v_segment.first_link_no <> v_begin + 1 or v_segment.previous_hash is distinct from v_previous then
      v_problems := v_problems || jsonb_build_array(jsonb_build_object(
        'kind', 'segment_broken', 'link_no', v_segment.first_link_no));
    end if;
    v_begin := v_segment.last_link_no;
    v_previous := v_segment.hash;
    v_answer.pruned_row_count := v_answer.pruned_row_count + v_segment.row_count;
  end loop;
  if p_after_link_no > v_begin then
    v_begin := p_after_link_no;
    select k.hash into v_previous from private.audit_links as k
     where k.company_id = p_company_id and k.link_no = p_after_link_no;
  end if;

  select count(*), min(c.link_no), max(c.link_no), sum(c.rows), sum(c.erased),
         jsonb_agg(jsonb_build_object('kind', c.problem, 'link_no', c.link_no, 'at', c.created_at) order by c.link_no)
           filter (where c.problem is not null)
    into v_links, v_answer.first_link_no, v_answer.last_link_no, v_answer.row_count, v_answer.erased_row_count, v_more
    from (
      select k.link_no, k.created_at, r.rows, r.erased,
             case
               when k.link_no is distinct from lag(k.link_no, 1, v_begin) over w + 1 then 'link_missing'
               when k.previous_hash is distinct from lag(k.hash, 1, v_previous) over w then 'link_changed'
               when k.hash is distinct from private.audit_link_hash(
                 k.previous_hash, k.link_no, k.created_at, k.transaction_id, k.row_count, k.rows_hash) then 'link_changed'
               when r.rows < k.row_count then 'row_missing'
               when r.rows > k.row_count then 'row_added'
               when r.hash is distinct from k.rows_hash then 'row_changed'
             end as problem
        from (
          select * from private.audit_links as x
           where x.company_id = p_company_id and x.link_no > v_begin
           order by x.link_no
           limit p_max_links
        ) as k
       cross join lateral (
         select count(*) as rows, sha256(string_agg(e.leaf, ''::bytea order by e.id)) as hash,
                (select count(*) from public.audit_logs as l
                  where l.company_id = k.company_id and l.created_at = k.created_at
                    and l.transaction_id = k.transaction_id and l.commitments is not null) as erased
           from private.audit_leaves(private.audit_rows(k.company_id, k.created_at, k.transaction_id)) as e
       ) as r
      window w as (order by k.link_no)
    ) as c;
  v_problems := v_problems || coalesce(v_more, '[]');
  v_answer.first_link_no := coalesce(v_answer.first_link_no, v_begin);
  v_answer.last_link_no := coalesce(v_answer.last_link_no, v_begin);
  v_answer.row_count := coalesce(v_answer.row_count, 0);
  v_answer.erased_row_count := coalesce(v_answer.erased_row_count, 0);

  if v_links < p_max_links then
    if v_answer.last_link_no <> v_answer.head_link_no
      or v_head.company_id is not null and v_head.hash is distinct from coalesce(
        (select k.hash from private.audit_links as k
          where k.company_id = p_company_id and k.link_no = v_answer.last_link_no), v_previous)
    then
      v_problems := v_problems || jsonb_build_array(jsonb_build_object(
        'kind', 'head_changed', 'link_no', v_answer.head_link_no));
    end if;
    v_problems := v_problems || coalesce((
      select jsonb_agg(x.problem)
        from (
          select jsonb_build_object('kind', 'row_unlinked', 'row_id', l.id, 'at', l.created_at) as problem
            from public.audit_logs as l
           where l.company_id = p_company_id
             and not exists (
               select from private.audit_links as k
                where k.company_id = p_company_id and k.created_at = l.created_at and k.transaction_id = l.transaction_id
                  and k.link_no is not null)
           order by l.created_at, l.id
           limit 100
        ) as x), '[]');
  end if;
  if p_expected_link_no is not null and encode(coalesce(
       (select k.hash from private.audit_links as k
         where k.company_id = p_company_id and k.link_no = p_expected_link_no),
       (select g.hash from private.audit_segments as g
         where g.company_id = p_company_id and g.last_link_no = p_expected_link_no)), 'hex') is distinct from lower(p_expected_hash)
    and not exists (
      select from private.audit_segments as g
       where g.company_id = p_company_id and p_expected_link_no >= g.first_link_no and p_expected_link_no < g.last_link_no)
  then
    v_problems := v_problems || jsonb_build_array(jsonb_build_object(
      'kind', 'not_as_expected', 'link_no', p_expected_link_no));
  end if;
  v_answer.is_intact := v_problems = '[]';
  v_answer.problems := v_problems;
  return v_answer;
end
$function$;

CREATE OR REPLACE FUNCTION private.verify_compliance_identity (
  p_company_id uuid,
  p_request_id uuid,
  p_method     text
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_request public.compliance_requests;
begin
  v_request := private.open_request(p_company_id, p_request_id);
  if p_method is null or p_method not in ('email', 'document', 'known_contact', 'other') then
    raise exception 'identity is verified by email, document, known_contact or other'
      using errcode = '22023',
            detail = 'invalid_method',
            hint = 'session is recorded where the person submits the request themselves while signed in.';
  end if;
  if v_request.identity_verified_at is null then
    update public.compliance_requests as r
       set identity_method = p_method, identity_verified_at = clock_timestamp(), identity_verified_by = private.actor_id(),
           status = 'in_progress'
     where r.company_id = p_company_id and r.id = p_request_id
    returning r.* into v_request;
  end if;
  return private.compliance_ticket(v_request);
end
$function$;

CREATE OR REPLACE FUNCTION private.write_audit (
  p_company_id uuid,
  p_action     text,
  p_table_name text,
  p_row_id     uuid,
  p_changes    jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_actor constant uuid := private.actor_id();
begin
  insert into public.audit_logs (
    company_id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, user_agent, request_id, created_by)
  select p_company_id, v_actor, private.audit_role(p_company_id, v_actor), p_action, p_table_name, p_row_id, p_changes,
         r.ip_address, r.user_agent, r.request_id, v_actor
    from private.audit_request() as r;
end
$function$;

CREATE OR REPLACE FUNCTION public.adjust_budget (
  company_id    uuid,
  month         date,
  amount        numeric,
  reason        text,
  adjustment_id uuid    DEFAULT NULL::uuid
)
  RETURNS uuid
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.adjust_budget(company_id, month, amount, reason, adjustment_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."adjust_budget"(uuid, date, numeric, text, uuid) FROM PUBLIC, "anon", "authenticated";

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

CREATE OR REPLACE FUNCTION public.budget_forecast (
  company_id uuid
)
  RETURNS TABLE (
    budget_month     date,
    period_ends_at   timestamp with time zone,
    limit_usd        numeric,
    spent_usd        numeric,
    daily_usd        numeric,
    forecast_usd     numeric,
    forecast_percent numeric,
    exhausted_at     timestamp with time zone
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_now constant timestamptz := now();
  v_status record;
  v_first timestamptz;
  v_cost numeric;
  v_days numeric;
  v_left numeric;
begin
  select * into v_status from private.budget_status(budget_forecast.company_id) as s where s.scope = 'company';
  select min(u.occurred_at), coalesce(sum(u.cost_micro_usd), 0) / 1000000.0 into v_first, v_cost
    from public.api_usage as u
   where u.company_id = budget_forecast.company_id
     and u.occurred_at >= v_now - interval '7 days' and u.occurred_at <= v_now;
  -- Less than an hour tells nothing about a day.
  v_days := greatest(coalesce(extract(epoch from v_now - v_first), 0) / 86400, 1.0 / 24);
  if exists (
    select from public.api_usage as u
     where u.company_id = budget_forecast.company_id
       and u.occurred_at < v_now - interval '7 days' and u.occurred_at >= v_now - interval '35 days')
  then
    v_days := 7;
  end if;
  v_left := extract(epoch from v_status.period_ends_at - v_now) / 86400;
  budget_month := v_status.budget_month;
  period_ends_at := v_status.period_ends_at;
  limit_usd := v_status.limit_usd;
  spent_usd := v_status.spent_usd;
  daily_usd := round(v_cost / v_days, 6);
  forecast_usd := round(v_status.spent_usd + v_cost / v_days * v_left, 6);
  forecast_percent := case when limit_usd > 0 then round(forecast_usd * 100 / limit_usd, 2) end;
  exhausted_at := case
    when spent_usd >= limit_usd then v_now
    when forecast_usd > limit_usd then v_now + make_interval(secs => ((limit_usd - spent_usd) / (v_cost / v_days) * 86400)::double precision)
  end;
  return next;
end
$function$;

REVOKE ALL ON FUNCTION "public"."budget_forecast"(uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.budget_status (
  company_id uuid
)
  RETURNS TABLE (
    scope            text,
    agent_id         uuid,
    service          text,
    budget_month     date,
    period_starts_at timestamp with time zone,
    period_ends_at   timestamp with time zone,
    enforcement      text,
    limit_usd        numeric,
    spent_usd        numeric,
    reserved_usd     numeric,
    remaining_usd    numeric,
    spent_percent    numeric,
    is_over_budget   boolean
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.budget_status(budget_status.company_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."budget_status"(uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.check_budget_before_usage (
  company_id     uuid,
  agent_id       uuid,
  estimated_cost numeric,
  service        text    DEFAULT NULL::text,
  hold_seconds   integer DEFAULT 900,
  reservation_id uuid    DEFAULT NULL::uuid
)
  RETURNS public.budget_decision
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.check_budget(company_id, agent_id, estimated_cost, service, hold_seconds, reservation_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."check_budget_before_usage"(uuid, uuid, numeric, text, integer, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.check_rate_limit (
  company_id uuid,
  cost       integer DEFAULT 1,
  api_key_id uuid    DEFAULT NULL::uuid
)
  RETURNS public.rate_limit_decision
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.check_rate_limit(company_id, cost, api_key_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."check_rate_limit"(uuid, integer, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.check_request()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  if current_setting('role', true) in ('anon', 'authenticated')
     and nullif(current_setting('request.headers', true), '')::json ->> 'prefer' ~* 'count=(planned|estimated)'
  then
    raise exception 'only an exact count can be asked for'
      using errcode = 'PT400',
            detail = 'count_not_exact',
            hint = 'Send Prefer: count=exact.';
  end if;
  if current_setting('role', true) = 'authenticated' then
    perform private.limit_request();
  elsif current_setting('role', true) = 'platform_admin' then
    -- Operators see every company. What they change is in the audit log; what they read could not be written there.
    raise log 'lytbub: operator request: user %, % %, address %',
      nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub', current_setting('request.method', true),
      current_setting('request.path', true),
      nullif(current_setting('request.headers', true), '')::json ->> 'x-forwarded-for';
  end if;
end
$function$;

CREATE OR REPLACE FUNCTION public.claim_events (
  batch_size    integer DEFAULT 100,
  lease_seconds integer DEFAULT 60
)
  RETURNS TABLE (
    company_id          uuid,
    event_id            uuid,
    topic               text,
    payload             jsonb,
    attempt             integer,
    created_at          timestamp with time zone,
    company_name        text,
    notification_emails text[]
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.claim_events(claim_events.batch_size, claim_events.lease_seconds);
end
$function$;

REVOKE ALL ON FUNCTION "public"."claim_events"(integer, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.compliance_status (
  company_id uuid
)
  RETURNS TABLE (
    check_name text,
    status     text,
    value      bigint,
    details    jsonb
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.compliance_status(company_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."compliance_status"(uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.delete_company_secret (
  company_id uuid,
  name       text,
  agent_id   uuid DEFAULT NULL::uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.delete_company_secret(company_id, name, agent_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."delete_company_secret"(uuid, text, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.drop_company_data_key (
  company_id uuid
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.drop_company_data_key(company_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."drop_company_data_key"(uuid) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.explain_ip_access (
  company_id uuid,
  ip         inet DEFAULT NULL::inet
)
  RETURNS TABLE (
    allowed    boolean,
    reason     text,
    address    inet,
    entry_id   uuid,
    network    inet,
    label      text,
    expires_at timestamp with time zone
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.explain_ip_access(explain_ip_access.company_id, explain_ip_access.ip);
end
$function$;

REVOKE ALL ON FUNCTION "public"."explain_ip_access"(uuid, inet) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.export_audit_log (
  company_id uuid,
  starts_at  timestamp with time zone         DEFAULT NULL::timestamp WITH time zone,
  ends_at    timestamp with time zone         DEFAULT NULL::timestamp WITH time zone,
  format     text                             DEFAULT 'json'::text,
  after_at   timestamp with time zone         DEFAULT NULL::timestamp WITH time zone,
  after_id   uuid                             DEFAULT NULL::uuid,
  max_rows   integer                          DEFAULT 1000,
  OUT        content text,
  OUT        row_count integer,
  OUT        last_at timestamp with time zone,
  OUT        last_id uuid
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select x.* into content, row_count, last_at, last_id
    from private.export_audit_log(company_id, starts_at, ends_at, format, after_at, after_id, max_rows) as x;
end
$function$;

REVOKE ALL ON FUNCTION "public"."export_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, timestamp WITH time zone, uuid, integer) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.extend_compliance_request (
  company_id uuid,
  request_id uuid,
  reason     text
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.extend_compliance_request(company_id, request_id, reason);
end
$function$;

REVOKE ALL ON FUNCTION "public"."extend_compliance_request"(uuid, uuid, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.find_leaked_api_keys (
  content     text,
  is_revoking boolean DEFAULT false
)
  RETURNS TABLE (
    company_id uuid,
    api_key_id uuid,
    name       text,
    prefix     text,
    was_valid  boolean,
    revoked_at timestamp with time zone
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.find_leaked_api_keys(content, is_revoking);
end
$function$;

REVOKE ALL ON FUNCTION "public"."find_leaked_api_keys"(text, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.finish_event (
  company_id uuid,
  event_id   uuid,
  attempt    integer,
  error      text    DEFAULT NULL::text,
  is_final   boolean DEFAULT false
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.finish_event(
    finish_event.company_id, finish_event.event_id, finish_event.attempt, finish_event.error, finish_event.is_final);
end
$function$;

REVOKE ALL ON FUNCTION "public"."finish_event"(uuid, uuid, integer, text, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.is_processing_allowed (
  company_id      uuid,
  purpose         text,
  subject_email   text DEFAULT NULL::text,
  subject_user_id uuid DEFAULT NULL::uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.is_processing_allowed(company_id, purpose, lower(subject_email), subject_user_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."is_processing_allowed"(uuid, text, text, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.issue_api_key (
  company_id            uuid,
  name                  text,
  permissions           text[],
  expires_at            timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  allowed_networks      inet[]                   DEFAULT '{}'::inet[],
  rate_limit_per_minute integer                  DEFAULT NULL::integer,
  api_key_id            uuid                     DEFAULT NULL::uuid
)
  RETURNS public.issued_api_key
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.issue_api_key(company_id, name, permissions, expires_at, allowed_networks, rate_limit_per_minute, api_key_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."issue_api_key"(uuid, text, text[], timestamp WITH time zone, inet[], integer, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.lift_processing_restriction (
  company_id     uuid,
  restriction_id uuid,
  reason         text
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.lift_processing_restriction(company_id, restriction_id, reason);
end
$function$;

REVOKE ALL ON FUNCTION "public"."lift_processing_restriction"(uuid, uuid, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.list_company_secrets (
  company_id uuid
)
  RETURNS TABLE (
    name        text,
    agent_id    uuid,
    is_readable boolean,
    created_at  timestamp with time zone,
    updated_at  timestamp with time zone,
    updated_by  uuid
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.list_company_secrets(company_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."list_company_secrets"(uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.log_api_usage_and_update_budget (
  company_id      uuid,
  service         text,
  agent_id        uuid,
  description     text,
  cost            numeric,
  reservation_id  uuid                     DEFAULT NULL::uuid,
  idempotency_key text                     DEFAULT NULL::text,
  units           bigint                   DEFAULT 1,
  unit            text                     DEFAULT 'request'::text,
  model           text                     DEFAULT NULL::text,
  input_tokens    bigint                   DEFAULT NULL::bigint,
  output_tokens   bigint                   DEFAULT NULL::bigint,
  metadata        jsonb                    DEFAULT '{}'::jsonb,
  occurred_at     timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  request_id      text                     DEFAULT NULL::text
)
  RETURNS public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.log_usage(
    company_id, service, agent_id, description, cost, reservation_id, idempotency_key, units, unit, model, input_tokens,
    output_tokens, metadata, occurred_at, request_id);
end
$function$;

REVOKE ALL
  ON FUNCTION "public"."log_api_usage_and_update_budget"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp WITH time zone, text)
  FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.log_api_usage_batch (
  company_id uuid,
  events     jsonb
)
  RETURNS SETOF public.usage_receipt
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.log_usage_batch(log_api_usage_batch.company_id, log_api_usage_batch.events);
end
$function$;

REVOKE ALL ON FUNCTION "public"."log_api_usage_batch"(uuid, jsonb) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.maintain_compliance()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.maintain_compliance();
end
$function$;

REVOKE ALL ON FUNCTION "public"."maintain_compliance"() FROM PUBLIC, "anon", "authenticated";

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

CREATE OR REPLACE FUNCTION public.my_compliance_requests()
  RETURNS SETOF public.compliance_ticket
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.my_compliance_requests();
end
$function$;

REVOKE ALL ON FUNCTION "public"."my_compliance_requests"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.process_compliance_request (
  id         uuid,
  company_id uuid    DEFAULT NULL::uuid,
  max_rows   integer DEFAULT 20000,
  is_dry_run boolean DEFAULT false
)
  RETURNS public.compliance_progress
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.process_compliance_request(id, company_id, max_rows, is_dry_run);
end
$function$;

REVOKE ALL ON FUNCTION "public"."process_compliance_request"(uuid, uuid, integer, boolean) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.put_company_secret (
  company_id uuid,
  name       text,
  value      text,
  agent_id   uuid DEFAULT NULL::uuid,
  master_key text DEFAULT NULL::text
)
  RETURNS uuid
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.put_company_secret(company_id, name, value, agent_id, master_key);
end
$function$;

REVOKE ALL ON FUNCTION "public"."put_company_secret"(uuid, text, text, uuid, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.read_company_secret (
  company_id uuid,
  name       text,
  agent_id   uuid DEFAULT NULL::uuid,
  master_key text DEFAULT NULL::text
)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.read_company_secret(company_id, name, agent_id, master_key);
end
$function$;

REVOKE ALL ON FUNCTION "public"."read_company_secret"(uuid, text, uuid, text) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.read_compliance_bundle (
  company_id uuid,
  request_id uuid,
  file_name  text DEFAULT 'manifest.json'::text
)
  RETURNS TABLE (
    name      text,
    row_count integer,
    content   text,
    sha256    text
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.read_compliance_bundle(company_id, request_id, file_name);
end
$function$;

REVOKE ALL ON FUNCTION "public"."read_compliance_bundle"(uuid, uuid, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.reconcile_budget (
  company_id uuid,
  month      date,
  mend       boolean DEFAULT true
)
  RETURNS TABLE (
    budget_period_id    uuid,
    scope               text,
    agent_id            uuid,
    service             text,
    status              text,
    counted_usd         numeric,
    ledger_usd          numeric,
    difference_usd      numeric,
    held_difference_usd numeric,
    is_mended           boolean
  )
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query
    select * from private.reconcile_budget(reconcile_budget.company_id, reconcile_budget.month, reconcile_budget.mend);
end
$function$;

REVOKE ALL ON FUNCTION "public"."reconcile_budget"(uuid, date, boolean) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.record_compliance_review (
  company_id uuid,
  notes      text DEFAULT NULL::text
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.record_compliance_review(company_id, notes);
end
$function$;

REVOKE ALL ON FUNCTION "public"."record_compliance_review"(uuid, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.release_budget_reservation (
  company_id     uuid,
  reservation_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.release_reservation(company_id, reservation_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."release_budget_reservation"(uuid, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.remove_ip_allowlist_entry (
  company_id uuid,
  network    inet,
  is_forced  boolean DEFAULT false
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_is_removed boolean;
begin
  perform set_config('app.is_forced', case when is_forced then 'on' else 'off' end, true);
  delete from public.ip_allowlist_entries as e
   where e.company_id = remove_ip_allowlist_entry.company_id and e.network = remove_ip_allowlist_entry.network;
  v_is_removed := found;
  perform set_config('app.is_forced', 'off', true);
  return v_is_removed;
end
$function$;

REVOKE ALL ON FUNCTION "public"."remove_ip_allowlist_entry"(uuid, inet, boolean) FROM PUBLIC, "anon";

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

CREATE OR REPLACE FUNCTION public.revoke_api_key (
  company_id uuid,
  api_key_id uuid
)
  RETURNS timestamp WITH time zone
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.revoke_api_key(company_id, api_key_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."revoke_api_key"(uuid, uuid) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.rotate_api_key (
  company_id uuid,
  api_key_id uuid,
  overlap    interval                 DEFAULT '24:00:00'::interval,
  expires_at timestamp with time zone DEFAULT NULL::timestamp WITH time zone
)
  RETURNS public.issued_api_key
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.rotate_api_key(company_id, api_key_id, overlap, expires_at);
end
$function$;

REVOKE ALL ON FUNCTION "public"."rotate_api_key"(uuid, uuid, interval, timestamp WITH time zone) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.rotate_master_key (
  master_key text              DEFAULT NULL::text,
  max_keys   integer           DEFAULT 1000,
  OUT        rewrapped integer,
  OUT        remaining integer
)
  RETURNS record
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  select r.rewrapped, r.remaining into rewrapped, remaining from private.rotate_master_key(master_key, max_keys) as r;
end
$function$;

REVOKE ALL ON FUNCTION "public"."rotate_master_key"(text, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.run_data_retention (
  company_id uuid    DEFAULT NULL::uuid,
  dry_run    boolean DEFAULT false,
  max_rows   integer DEFAULT 10000
)
  RETURNS SETOF public.retention_result
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.run_data_retention(run_data_retention.company_id, dry_run, max_rows);
end
$function$;

REVOKE ALL ON FUNCTION "public"."run_data_retention"(uuid, boolean, integer) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.search_audit_log (
  company_id     uuid,
  starts_at      timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  ends_at        timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  actor_id       uuid                     DEFAULT NULL::uuid,
  action         text                     DEFAULT NULL::text,
  table_name     text                     DEFAULT NULL::text,
  row_id         uuid                     DEFAULT NULL::uuid,
  changed_column text                     DEFAULT NULL::text,
  request_id     text                     DEFAULT NULL::text,
  before_at      timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  before_id      uuid                     DEFAULT NULL::uuid,
  max_rows       integer                  DEFAULT 100
)
  RETURNS SETOF public.audit_entry
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return query select * from private.search_audit_log(
    company_id, starts_at, ends_at, actor_id, action, table_name, row_id, changed_column, request_id, before_at, before_id, max_rows);
end
$function$;

REVOKE ALL
  ON FUNCTION "public"."search_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, uuid, text, text, uuid, text, text, timestamp WITH time zone, uuid, integer)
  FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.set_security_policy (
  company_id uuid,
  policy     jsonb,
  is_forced  boolean DEFAULT false
)
  RETURNS public.security_policies
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_names constant text[] := string_to_array('required_aal,aal2_permissions,session_max_age_seconds,session_idle_seconds,is_ip_allowlist_enabled,api_key_max_age_days,notes', ',');
  v_before public.security_policies;
  v_after public.security_policies;
begin
  if jsonb_typeof(policy) is distinct from 'object' or policy - v_names <> '{}' then
    raise exception 'a security policy has only these members: %', array_to_string(v_names, ', ')
      using errcode = '22023',
            detail = 'invalid_policy',
            hint = 'State what is to change as an object; what is left out stays as it is.';
  end if;
  select * into v_before from public.security_policies as p
   where p.company_id = set_security_policy.company_id and p.is_active;
  begin
    v_after := jsonb_populate_record(v_before, policy);
  exception when data_exception then
    raise exception '%', sqlerrm
      using errcode = '22023',
            detail = 'invalid_policy',
            hint = 'required_aal and notes are text, aal2_permissions an array of texts, times whole numbers, is_ip_allowlist_enabled true or false.';
  end;
  if v_before.id is not null
     and (v_after.required_aal, v_after.aal2_permissions, v_after.session_max_age_seconds, v_after.session_idle_seconds,
          v_after.is_ip_allowlist_enabled, v_after.api_key_max_age_days, v_after.notes)
         is not distinct from
         (v_before.required_aal, v_before.aal2_permissions, v_before.session_max_age_seconds,
          v_before.session_idle_seconds, v_before.is_ip_allowlist_enabled, v_before.api_key_max_age_days, v_before.notes)
  then
    return v_before;
  end if;
  perform set_config('app.is_forced', case when is_forced then 'on' else 'off' end, true);
  insert into public.security_policies as p (
    company_id, required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, is_ip_allowlist_enabled,
    api_key_max_age_days, notes)
  values (
    set_security_policy.company_id, coalesce(v_after.required_aal, 'aal1'), coalesce(v_after.aal2_permissions, '{}'),
    v_after.session_max_age_seconds, v_after.session_idle_seconds, coalesce(v_after.is_ip_allowlist_enabled, false),
    v_after.api_key_max_age_days, v_after.notes);
  perform set_config('app.is_forced', 'off', true);
  -- Who has locked themselves out does not see what they did.
  select * into v_after from public.security_policies as p
   where p.company_id = set_security_policy.company_id and p.is_active;
  return v_after;
end
$function$;

REVOKE ALL ON FUNCTION "public"."set_security_policy"(uuid, jsonb, boolean) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.submit_compliance_request (
  company_id    uuid,
  kind          text,
  regulation    text,
  subject_email text   DEFAULT NULL::text,
  subject_name  text   DEFAULT NULL::text,
  details       text   DEFAULT NULL::text,
  identifiers   text[] DEFAULT '{}'::text[],
  corrections   jsonb  DEFAULT '[]'::jsonb,
  purposes      text[] DEFAULT '{}'::text[],
  request_id    uuid   DEFAULT NULL::uuid
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.submit_compliance_request(
    company_id, kind, regulation, subject_email, subject_name, details, identifiers, corrections, purposes, request_id);
end
$function$;

REVOKE ALL ON FUNCTION "public"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) FROM PUBLIC, "anon";

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

CREATE OR REPLACE FUNCTION public.usage_anomalies (
  company_id uuid,
  days       integer DEFAULT 30
)
  RETURNS TABLE (
    day          date,
    cost_usd     numeric,
    usual_usd    numeric,
    score        numeric,
    is_anomalous boolean
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_zone text;
  v_today date;
begin
  if usage_anomalies.days is null or usage_anomalies.days not between 1 and 366 then
    raise exception 'anomalies are shown for 1 to 366 days'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'State days within these bounds.';
  end if;
  select c.time_zone into v_zone from public.companies as c where c.id = usage_anomalies.company_id;
  if not found then
    return;
  end if;
  v_today := (now() at time zone v_zone)::date;
  return query
    with used as (
      select (u.occurred_at at time zone v_zone)::date as on_day, sum(u.cost_micro_usd)::numeric / 1000000 as cost
        from public.api_usage as u
       where u.company_id = usage_anomalies.company_id
         and u.occurred_at >= (v_today - usage_anomalies.days - 28)::timestamp at time zone v_zone
         and u.occurred_at <= now()
       group by 1
    ), filled as (
      select g.at::date as on_day, coalesce(x.cost, 0) as cost
        from generate_series(
          (select min(y.on_day) from used as y)::timestamp, v_today::timestamp, interval '1 day') as g (at)
        left join used as x on x.on_day = g.at::date
    )
    select d.on_day, round(d.cost, 6), round(m.median::numeric, 6), round(z.score, 2),
           coalesce(z.score > 3.5, false)
      from filled as d
      left join lateral (
        select percentile_cont(0.5) within group (order by h.cost) as median, count(*) as seen
          from filled as h where h.on_day between d.on_day - 28 and d.on_day - 1
      ) as m on true
      left join lateral (
        select percentile_cont(0.5) within group (order by abs(h.cost - m.median::numeric)) as mad
          from filled as h where h.on_day between d.on_day - 28 and d.on_day - 1
      ) as s on true
      left join lateral (
        select case when m.seen >= 7
                    then 0.6745 * (d.cost - m.median::numeric)
                         / greatest(s.mad::numeric, m.median::numeric / 50, 0.01) end as score
      ) as z on true
     where d.on_day > v_today - usage_anomalies.days
     order by d.on_day;
end
$function$;

REVOKE ALL ON FUNCTION "public"."usage_anomalies"(uuid, integer) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.usage_series (
  company_id uuid,
  starts_at  timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  ends_at    timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  bucket     text                     DEFAULT 'day'::text,
  group_by   text                     DEFAULT 'company'::text,
  max_series integer                  DEFAULT 20
)
  RETURNS TABLE (
    bucket_starts_at timestamp with time zone,
    series           text,
    requests         bigint,
    units            bigint,
    input_tokens     bigint,
    output_tokens    bigint,
    cost_usd         numeric
  )
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
declare
  v_zone text;
  v_ends_at timestamptz := coalesce(usage_series.ends_at, now());
  v_starts_at timestamptz := coalesce(usage_series.starts_at, coalesce(usage_series.ends_at, now()) - interval '30 days');
  v_step interval;
  v_first timestamp;
begin
  if usage_series.bucket is null or usage_series.bucket not in ('hour', 'day', 'week', 'month')
     or usage_series.group_by is null or usage_series.group_by not in ('company', 'service', 'agent', 'model')
     or usage_series.max_series is null or usage_series.max_series not between 1 and 100
     or v_starts_at >= v_ends_at
     or v_ends_at - v_starts_at > (case usage_series.bucket when 'hour' then interval '31 days' else interval '3 years' end)
  then
    raise exception 'these series cannot be drawn'
      using errcode = '22023',
            detail = 'invalid_series',
            hint = 'bucket is hour (at most 31 days), day, week or month (at most 3 years); group_by is company, service, agent or model; max_series is 1 to 100; starts_at is before ends_at.';
  end if;
  select c.time_zone into v_zone from public.companies as c where c.id = usage_series.company_id;
  if not found then
    return;
  end if;
  v_step := ('1 ' || usage_series.bucket)::interval;
  v_first := date_trunc(usage_series.bucket, v_starts_at at time zone v_zone);
  return query
    with used as (
      select date_trunc(usage_series.bucket, u.occurred_at, v_zone) as at,
             case usage_series.group_by
               when 'service' then u.service
               when 'agent' then u.agent_id::text
               when 'model' then u.model
               else 'all'
             end as name,
             count(*) as requests, sum(u.units)::bigint as units, sum(u.input_tokens)::bigint as input_tokens,
             sum(u.output_tokens)::bigint as output_tokens, sum(u.cost_micro_usd)::bigint as cost
        from public.api_usage as u
       where u.company_id = usage_series.company_id and u.occurred_at >= v_starts_at and u.occurred_at < v_ends_at
       group by 1, 2
    ), ranked as (
      select coalesce(x.name, 'none') as name, row_number() over (order by sum(x.cost) desc, x.name) as place
        from used as x
       group by x.name
    ), named as (
      select r.name, case when r.place <= usage_series.max_series then r.name else 'other' end as series, r.place
        from ranked as r
    ), lines as (
      select n.series, min(n.place) as place from named as n group by n.series
    ), buckets as (
      select g.at at time zone v_zone as at
        from generate_series(
          v_first, (v_ends_at at time zone v_zone) - interval '1 microsecond',
          case when usage_series.bucket = 'hour' then interval '1 day' else v_step end) as g (at)
       where usage_series.bucket <> 'hour'
      union all
      select g.at from generate_series(
          date_trunc('hour', v_starts_at, v_zone), v_ends_at - interval '1 microsecond', interval '1 hour') as g (at)
       where usage_series.bucket = 'hour'
    )
    select b.at, l.series, coalesce(sum(u.requests), 0)::bigint, coalesce(sum(u.units), 0)::bigint,
           coalesce(sum(u.input_tokens), 0)::bigint, coalesce(sum(u.output_tokens), 0)::bigint,
           round(coalesce(sum(u.cost), 0) / 1000000.0, 6)
      from buckets as b
     cross join lines as l
      left join named as n on n.series = l.series
      left join used as u on u.at = b.at and coalesce(u.name, 'none') = n.name
     group by b.at, l.series, l.place
     order by b.at, l.place;
end
$function$;

REVOKE ALL ON FUNCTION "public"."usage_series"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, text, integer) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.verify_api_key (
  api_key       text,
  permission    text    DEFAULT NULL::text,
  ip            inet    DEFAULT NULL::inet,
  forwarded_for text    DEFAULT NULL::text,
  cost          integer DEFAULT 1
)
  RETURNS public.api_key_verification
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.verify_api_key(api_key, permission, ip, forwarded_for, cost);
end
$function$;

REVOKE ALL ON FUNCTION "public"."verify_api_key"(text, text, inet, text, integer) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.verify_audit_chain (
  company_id       uuid,
  after_link_no    bigint  DEFAULT 0,
  max_links        integer DEFAULT 1000,
  expected_link_no bigint  DEFAULT NULL::bigint,
  expected_hash    text    DEFAULT NULL::text
)
  RETURNS public.audit_verification
  LANGUAGE plpgsql
  STABLE
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.verify_audit_chain(company_id, after_link_no, max_links, expected_link_no, expected_hash);
end
$function$;

REVOKE ALL ON FUNCTION "public"."verify_audit_chain"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "anon";

CREATE OR REPLACE FUNCTION public.verify_compliance_identity (
  company_id uuid,
  request_id uuid,
  method     text
)
  RETURNS public.compliance_ticket
  LANGUAGE plpgsql
  SET search_path TO 'pg_catalog', 'pg_temp'
  AS $function$
begin
  return private.verify_compliance_identity(company_id, request_id, method);
end
$function$;

REVOKE ALL ON FUNCTION "public"."verify_compliance_identity"(uuid, uuid, text) FROM PUBLIC, "anon";

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

ALTER TABLE "private"."budget_reservations"
  ADD CONSTRAINT "budget_reservations_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."company_secrets"
  ADD CONSTRAINT "company_secrets_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id) ON DELETE CASCADE;

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
  ADD CONSTRAINT "audit_logs_commitments_is_object" CHECK ((jsonb_typeof(commitments) = 'object'::text));

ALTER TABLE "public"."audit_logs"
  ADD CONSTRAINT "audit_logs_pkey" PRIMARY KEY (company_id, created_at, id);

ALTER TABLE "public"."budget_periods"
  ADD CONSTRAINT "budget_periods_agent_fk" FOREIGN KEY (company_id, agent_id) REFERENCES public.ai_agents(company_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."budget_reconciliations"
  ADD CONSTRAINT "budget_reconciliations_budget_period_fk" FOREIGN KEY (company_id, budget_period_id) REFERENCES public.budget_periods(company_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."budget_stripes"
  ADD CONSTRAINT "budget_stripes_budget_period_fk" FOREIGN KEY (company_id, budget_period_id) REFERENCES public.budget_periods(company_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."budget_adjustments"
  ADD CONSTRAINT "budget_adjustments_budget_period_fk" FOREIGN KEY (company_id, budget_period_id) REFERENCES public.budget_periods(company_id, id) ON DELETE CASCADE;

ALTER TABLE "public"."budget_alerts"
  ADD CONSTRAINT "budget_alerts_budget_period_fk" FOREIGN KEY (company_id, budget_period_id) REFERENCES public.budget_periods(company_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."audit_heads"
  ADD CONSTRAINT "audit_heads_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."audit_links"
  ADD CONSTRAINT "audit_links_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."audit_segments"
  ADD CONSTRAINT "audit_segments_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."budget_reservations"
  ADD CONSTRAINT "budget_reservations_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."company_data_keys"
  ADD CONSTRAINT "company_data_keys_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."company_secrets"
  ADD CONSTRAINT "company_secrets_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."compliance_reviews"
  ADD CONSTRAINT "compliance_reviews_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."outbox_events"
  ADD CONSTRAINT "outbox_events_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."rate_limit_buckets"
  ADD CONSTRAINT "rate_limit_buckets_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "private"."usage_keys"
  ADD CONSTRAINT "usage_keys_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

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

ALTER TABLE "public"."budget_adjustments"
  ADD CONSTRAINT "budget_adjustments_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

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

ALTER TABLE "private"."subject_bundle_files"
  ADD CONSTRAINT "subject_bundle_files_request_fk" FOREIGN KEY (company_id, request_id) REFERENCES public.compliance_requests(company_id, id) ON DELETE CASCADE;

ALTER TABLE "private"."subject_work"
  ADD CONSTRAINT "subject_work_request_fk" FOREIGN KEY (company_id, request_id) REFERENCES public.compliance_requests(company_id, id) ON DELETE CASCADE;

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

ALTER TABLE "public"."processing_restrictions"
  ADD CONSTRAINT "processing_restrictions_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."processing_restrictions"
  ADD CONSTRAINT "processing_restrictions_compliance_request_fk" FOREIGN KEY (company_id, compliance_request_id) REFERENCES public.compliance_requests(company_id, id);

ALTER TABLE "public"."security_policies"
  ADD CONSTRAINT "security_policies_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

ALTER TABLE "public"."service_limits"
  ADD CONSTRAINT "service_limits_company_id_fkey" FOREIGN KEY (company_id) REFERENCES public.companies(id) ON DELETE CASCADE;

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

CREATE VIEW "private"."api_key_states" WITH (security_invoker=on) AS  SELECT k.company_id,
    k.id,
    k.name,
    k.permissions,
    k.allowed_networks,
    k.rate_limit_per_minute,
    k.expires_at,
    k.last_used_at,
    COALESCE(p.is_ip_allowlist_enabled, false) AS is_ip_allowlist_enabled,
        CASE
            WHEN (k.revoked_at IS NOT NULL) THEN 'revoked'::text
            WHEN ((k.expires_at <= now()) OR ((k.created_at + make_interval(days => p.api_key_max_age_days)) <= now())) THEN 'expired'::text
            WHEN (c.status <> 'active'::text) THEN 'company_not_active'::text
            ELSE NULL::text
        END AS problem
   FROM ((public.api_keys k
     JOIN public.companies c ON ((c.id = k.company_id)))
     LEFT JOIN public.security_policies p ON (((p.company_id = k.company_id) AND p.is_active)));

CREATE OR REPLACE FUNCTION private.token_api_key()
  RETURNS private.api_key_states
  LANGUAGE plpgsql
  STABLE
  PARALLEL SAFE
  SET search_path TO 'pg_catalog', 'pg_temp'
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_company constant uuid := private.parse_uuid(v_claims ->> 'company_id');
  v_header constant text := private.parse_json_object(current_setting('request.headers', true)) ->> 'x-company-id';
  v_key private.api_key_states;
begin
  if v_header is not null and private.parse_uuid(v_header) is distinct from v_company
     or v_claims ->> 'sub' is distinct from v_claims ->> 'api_key_id'
  then
    return null;
  end if;
  select * into v_key from private.api_key_states as k
   where k.company_id = v_company and k.id = private.parse_uuid(v_claims ->> 'api_key_id');
  if v_key.id is not null and v_key.problem is null
     and not private.is_key_address_allowed(
       v_key.company_id, v_key.allowed_networks, v_key.is_ip_allowlist_enabled, private.client_address())
  then
    v_key.problem := 'ip_not_allowed';
  end if;
  return v_key;
end
$function$;

CREATE UNIQUE INDEX audit_links_company_id_link_no_idx ON private.audit_links USING btree (company_id, link_no)
  WHERE (link_no IS NOT NULL);

CREATE INDEX budget_reservations_agent_id_idx ON private.budget_reservations USING btree (company_id, agent_id);

CREATE INDEX budget_reservations_held_idx ON private.budget_reservations USING btree (company_id, expires_at)
  WHERE (held_in <> '{}'::uuid[]);

CREATE INDEX outbox_events_finished_idx ON private.outbox_events USING btree (finished_at)
  WHERE (status <> 'pending'::text);

CREATE INDEX outbox_events_pending_idx ON private.outbox_events USING btree (available_at)
  WHERE (status = 'pending'::text);

CREATE INDEX role_permissions_permission_idx ON private.role_permissions USING btree (permission);

CREATE INDEX agent_logs_company_id_agent_id_created_at_idx ON ONLY public.agent_logs USING btree (company_id, agent_id, created_at DESC);

CREATE INDEX agent_logs_company_id_job_id_idx ON ONLY public.agent_logs USING btree (company_id, job_id);

CREATE TABLE "private"."agent_logs_default" PARTITION OF "public"."agent_logs" DEFAULT;

ALTER TABLE "private"."agent_logs_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX ai_agents_company_id_status_name_idx ON public.ai_agents USING btree (company_id, status, name);

CREATE INDEX api_keys_company_id_created_at_idx ON public.api_keys USING btree (company_id, created_at DESC);

CREATE UNIQUE INDEX api_keys_company_id_replaces_id_idx ON public.api_keys USING btree (company_id, replaces_id)
  WHERE (replaces_id IS NOT NULL);

CREATE INDEX api_usage_company_id_agent_id_occurred_at_idx ON ONLY public.api_usage USING btree (company_id, agent_id, occurred_at DESC);

CREATE INDEX api_usage_company_id_out_of_month_idx ON ONLY public.api_usage USING btree (company_id, budget_month)
  WHERE is_out_of_month;

CREATE INDEX api_usage_company_id_service_occurred_at_idx ON ONLY public.api_usage USING btree (company_id, service, occurred_at DESC);

CREATE TABLE "private"."api_usage_default" PARTITION OF "public"."api_usage" DEFAULT;

ALTER TABLE "private"."api_usage_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX audit_logs_company_id_actor_id_created_at_idx ON ONLY public.audit_logs USING btree (company_id, actor_id, created_at DESC);

CREATE INDEX audit_logs_company_id_table_name_row_id_idx ON ONLY public.audit_logs USING btree (company_id, table_name, row_id);

CREATE TABLE "private"."audit_logs_default" PARTITION OF "public"."audit_logs" DEFAULT;

ALTER TABLE "private"."audit_logs_default"
  ENABLE ROW LEVEL SECURITY;

CREATE INDEX budget_adjustments_company_id_budget_period_id_idx ON public.budget_adjustments USING btree (company_id, budget_period_id);

CREATE INDEX budget_alerts_company_id_created_at_idx ON public.budget_alerts USING btree (company_id, created_at DESC);

CREATE UNIQUE INDEX budget_periods_company_id_agent_id_month_idx ON public.budget_periods USING btree (company_id, agent_id, month);

CREATE UNIQUE INDEX budget_periods_company_id_month_idx ON public.budget_periods USING btree (company_id, month)
  WHERE (scope = 'company'::text);

CREATE INDEX budget_periods_company_id_open_idx ON public.budget_periods USING btree (company_id)
  WHERE ((scope = 'company'::text) AND (status = 'open'::text));

CREATE UNIQUE INDEX budget_periods_company_id_service_month_idx ON public.budget_periods USING btree (company_id, service, month);

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

CREATE INDEX processing_restrictions_company_id_active_idx ON public.processing_restrictions USING btree (company_id)
  WHERE (lifted_at IS NULL);

CREATE UNIQUE INDEX security_policies_company_id_active_idx ON public.security_policies USING btree (company_id)
  WHERE is_active;

CREATE INDEX services_company_id_created_at_idx ON public.services USING btree (company_id, created_at DESC);

CREATE INDEX services_company_id_status_name_idx ON public.services USING btree (company_id, status, name);

CREATE INDEX users_company_id_email_idx ON public.users USING btree (company_id, email);

CREATE INDEX users_id_idx ON public.users USING btree (id);

CREATE CONSTRAINT TRIGGER link
  AFTER INSERT OR UPDATE ON private.audit_links DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW
  WHEN (((new.rows_hash IS NULL) OR (new.link_no IS NULL)))
  EXECUTE FUNCTION private.tg_audit_links__link();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.agent_logs
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('agent_logs');

CREATE TRIGGER set_row_meta
  BEFORE INSERT ON public.agent_logs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_creator();

CREATE TRIGGER apply_limit_of_new
  AFTER INSERT ON public.ai_agents
  FOR EACH ROW
  WHEN ((new.monthly_limit_micro_usd IS NOT NULL))
  EXECUTE FUNCTION private.tg_ai_agents__apply_limit();

CREATE TRIGGER apply_limit
  AFTER UPDATE OF monthly_limit_micro_usd ON public.ai_agents
  FOR EACH ROW
  WHEN ((new.monthly_limit_micro_usd IS DISTINCT FROM old.monthly_limit_micro_usd))
  EXECUTE FUNCTION private.tg_ai_agents__apply_limit();

CREATE TRIGGER audit_delete AFTER DELETE ON public.ai_agents REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ai_agents'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.ai_agents REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ai_agents'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.ai_agents
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ai_agents'
);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.ai_agents
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('ai_agents');

CREATE TRIGGER release_holds
  BEFORE DELETE ON public.ai_agents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_ai_agents__release_holds();

CREATE TRIGGER set_archived_at
  BEFORE INSERT OR UPDATE ON public.ai_agents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_ai_agents__set_archived_at();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.ai_agents
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER audit_delete AFTER DELETE ON public.api_keys REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'api_keys'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.api_keys REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'api_keys'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.api_keys
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'api_keys'
);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.api_keys
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('api_keys');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE OF name,
    prefix, permissions, allowed_networks, rate_limit_per_minute, replaces_id, expires_at, revoked_at, created_at, updated_at, created_by, updated_by ON public.api_keys
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

CREATE TRIGGER begin_link
  AFTER INSERT ON public.audit_logs REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.tg_audit_logs__begin_link();

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

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.budget_adjustments
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('budget_adjustments');

CREATE TRIGGER refuse_change
  BEFORE UPDATE ON public.budget_adjustments
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__refuse_change('budget_adjustments');

CREATE TRIGGER set_row_meta
  BEFORE INSERT ON public.budget_adjustments
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

CREATE TRIGGER check_period
  BEFORE INSERT OR UPDATE OF month, scope, agent_id, service, starts_at, ends_at, enforcement, stripe_count, status, closed_at ON public.budget_periods
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_budget_periods__check();

CREATE TRIGGER keep_closed
  BEFORE UPDATE ON public.budget_periods
  FOR EACH ROW
  WHEN ((old.status = 'closed'::text))
  EXECUTE FUNCTION private.tg_budget_periods__keep_closed();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE OF company_id, id ON public.budget_periods
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('budget_periods');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE OF company_id,
    id,
    month,
    scope,
    agent_id,
    service, starts_at, ends_at, limit_micro_usd, adjusted_micro_usd, enforcement, alert_percents, status, closed_at, created_at, updated_by, created_by ON public.budget_periods
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER apply_time_zone
  AFTER UPDATE OF time_zone ON public.companies
  FOR EACH ROW
  WHEN ((new.time_zone IS DISTINCT FROM old.time_zone))
  EXECUTE FUNCTION private.tg_companies__apply_time_zone();

CREATE TRIGGER audit_delete AFTER DELETE ON public.companies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'companies'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.companies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'companies'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.companies
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'companies'
);

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

CREATE TRIGGER apply_plan
  AFTER INSERT OR UPDATE OF budget_alert_percents ON public.company_config
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_company_plans__apply_plan();

CREATE TRIGGER audit_delete AFTER DELETE ON public.company_config REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_config'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.company_config REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_config'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.company_config
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_config'
);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.company_config
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('company_config');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.company_config
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER apply_plan
  AFTER INSERT OR DELETE OR UPDATE OF monthly_limit_usd, enforcement, is_active ON public.company_plans
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_company_plans__apply_plan();

CREATE TRIGGER audit_delete AFTER DELETE ON public.company_plans REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_plans'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.company_plans REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_plans'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.company_plans
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'company_plans'
);

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

CREATE TRIGGER audit_delete AFTER DELETE ON public.compliance_requests REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'compliance_requests'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.compliance_requests REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'compliance_requests'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.compliance_requests
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'compliance_requests'
);

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

CREATE TRIGGER audit_delete AFTER DELETE ON public.data_retention_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'data_retention_policies'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.data_retention_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'data_retention_policies'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.data_retention_policies
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'data_retention_policies'
);

CREATE TRIGGER check_policy
  BEFORE INSERT OR UPDATE OF data_class, retention_days, action ON public.data_retention_policies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_data_retention_policies__check();

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

CREATE TRIGGER audit_delete AFTER DELETE ON public.ip_allowlist_entries REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ip_allowlist_entries'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.ip_allowlist_entries REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ip_allowlist_entries'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.ip_allowlist_entries
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'ip_allowlist_entries'
);

CREATE TRIGGER check_network
  BEFORE INSERT OR UPDATE OF network ON public.ip_allowlist_entries
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_ip_allowlist_entries__check();

CREATE TRIGGER keep_author_in
  AFTER INSERT OR DELETE OR UPDATE ON public.ip_allowlist_entries
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_security__keep_author_in();

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

CREATE TRIGGER refuse_restricted_insert
  BEFORE INSERT ON public.jobs
  FOR EACH ROW
  WHEN ((new.status = ANY (ARRAY['queued'::text, 'running'::text])))
  EXECUTE FUNCTION private.tg_jobs__refuse_restricted();

CREATE TRIGGER refuse_restricted_update
  BEFORE UPDATE OF kind, payload, status, assigned_user_id ON public.jobs
  FOR EACH ROW
  WHEN ((new.status = ANY (ARRAY['queued'::text, 'running'::text])))
  EXECUTE FUNCTION private.tg_jobs__refuse_restricted();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.jobs
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.media_assets
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.processing_restrictions
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('processing_restrictions');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.processing_restrictions
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER audit_delete AFTER DELETE ON public.security_policies REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'security_policies'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.security_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'security_policies'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.security_policies
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'security_policies'
);

CREATE TRIGGER keep_author_in
  AFTER INSERT OR UPDATE ON public.security_policies
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_security__keep_author_in();

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

CREATE TRIGGER apply_limit
  AFTER INSERT OR DELETE OR UPDATE ON public.service_limits
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_service_limits__apply_limit();

CREATE TRIGGER audit_delete AFTER DELETE ON public.service_limits REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'service_limits'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.service_limits REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'service_limits'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.service_limits
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'service_limits'
);

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.service_limits
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('service_limits');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.service_limits
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER keep_tenant
  BEFORE UPDATE ON public.services
  FOR EACH ROW
  WHEN (((new.company_id IS DISTINCT FROM old.company_id) OR (new.id IS DISTINCT FROM old.id)))
  EXECUTE FUNCTION private.tg_row__refuse_move('services');

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.services
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER audit_delete AFTER DELETE ON public.system_config REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'system_config'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.system_config REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'system_config'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.system_config
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'system_config'
);

CREATE TRIGGER set_row_meta
  BEFORE INSERT OR UPDATE ON public.system_config
  FOR EACH ROW
  EXECUTE FUNCTION private.tg_row__set_meta();

CREATE TRIGGER audit_delete AFTER DELETE ON public.users REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'users'
);

CREATE TRIGGER audit_insert AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'users'
);

CREATE TRIGGER audit_update AFTER UPDATE ON public.users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION private.tg_statement__audit (
  'users'
);

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

CREATE POLICY "select_member" ON "public"."budget_adjustments"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."budget_adjustments"
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

CREATE POLICY "select_member" ON "public"."processing_restrictions"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('compliance.read'::text) AS company_for)));

CREATE POLICY "select_platform_admin" ON "public"."processing_restrictions"
  FOR SELECT
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin));

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

CREATE POLICY "all_platform_admin" ON "public"."service_limits"
  FOR ALL
  TO "platform_admin"
  USING (( SELECT private.is_platform_admin() AS is_platform_admin))
  WITH CHECK (( SELECT private.is_platform_admin() AS is_platform_admin));

CREATE POLICY "delete_member" ON "public"."service_limits"
  FOR DELETE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('billing.write'::text) AS company_for)));

CREATE POLICY "insert_member" ON "public"."service_limits"
  FOR INSERT
  TO "authenticated"
  WITH CHECK ((company_id = ( SELECT private.company_for('billing.write'::text) AS company_for)));

CREATE POLICY "select_member" ON "public"."service_limits"
  FOR SELECT
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('usage.read'::text) AS company_for)));

CREATE POLICY "update_member" ON "public"."service_limits"
  FOR UPDATE
  TO "authenticated"
  USING ((company_id = ( SELECT private.company_for('billing.write'::text) AS company_for)))
  WITH CHECK ((company_id = ( SELECT private.company_for('billing.write'::text) AS company_for)));

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

COMMENT ON COLUMN "private"."company_data_keys"."key_uuid" IS 'Names the data key in the secrets that it encrypts.';

COMMENT ON COLUMN "private"."company_data_keys"."master_key_hint" IS 'Which master key: the beginning of its hash.';

COMMENT ON COLUMN "private"."company_data_keys"."wrapped_key" IS 'The data key, encrypted with the master key (OpenPGP).';

COMMENT ON COLUMN "private"."company_secrets"."agent_id" IS 'Agent that it is for; null for the whole company.';

COMMENT ON COLUMN "private"."company_secrets"."ciphertext" IS 'The secret, encrypted with the company''s data key (OpenPGP).';

COMMENT ON COLUMN "private"."company_secrets"."key_uuid" IS 'Data key that it is encrypted with.';

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

COMMENT ON COLUMN "public"."api_keys"."last_used_at" IS 'When it was last verified, to the minute.';

COMMENT ON COLUMN "public"."api_keys"."name" IS 'What the key is for.';

COMMENT ON COLUMN "public"."api_keys"."permissions" IS 'What a program with this key may do.';

COMMENT ON COLUMN "public"."api_keys"."prefix" IS 'First characters of the key, to recognise it by.';

COMMENT ON COLUMN "public"."api_keys"."rate_limit_per_minute" IS 'Requests a minute, beside the company''s own limit; null for that alone.';

COMMENT ON COLUMN "public"."api_keys"."replaces_id" IS 'Key that it was rotated from. No foreign key: it outlives that.';

COMMENT ON COLUMN "public"."api_keys"."revoked_at" IS 'When it was revoked.';

COMMENT ON COLUMN "public"."api_keys"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."api_keys"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."api_usage"."agent_id" IS 'AI agent that used it, of the same company.';

COMMENT ON COLUMN "public"."api_usage"."budget_month" IS 'Month that it is charged to, its first day; null if it is charged to none, such as imported history.';

COMMENT ON COLUMN "public"."api_usage"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."api_usage"."cost_micro_usd" IS 'Cost in millionths of a US dollar.';

COMMENT ON COLUMN "public"."api_usage"."created_at" IS 'When the row was recorded.';

COMMENT ON COLUMN "public"."api_usage"."created_by" IS 'Auth user who recorded the row; null for backend jobs.';

COMMENT ON COLUMN "public"."api_usage"."description" IS 'What it was for.';

COMMENT ON COLUMN "public"."api_usage"."id" IS 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';

COMMENT ON COLUMN "public"."api_usage"."input_tokens" IS 'Tokens sent.';

COMMENT ON COLUMN "public"."api_usage"."is_out_of_month" IS 'True if it is charged to another month than the one it occurred in: it came late, or was reserved before.';

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

COMMENT ON COLUMN "public"."audit_logs"."commitments" IS 'Of a row from which fields were erased: the commitment (c) of each erased field, the salt (s) of each other.';

COMMENT ON COLUMN "public"."audit_logs"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."audit_logs"."created_at" IS 'When the row was recorded; also the partition key.';

COMMENT ON COLUMN "public"."audit_logs"."created_by" IS 'Auth user who recorded the row; null for backend jobs.';

COMMENT ON COLUMN "public"."audit_logs"."id" IS 'Row id, time-ordered. Unique together with the company and the time, so it does not recognise a retry.';

COMMENT ON COLUMN "public"."audit_logs"."ip_address" IS 'Address that the request came from.';

COMMENT ON COLUMN "public"."audit_logs"."request_id" IS 'Id of the request.';

COMMENT ON COLUMN "public"."audit_logs"."row_id" IS 'Row that was touched.';

COMMENT ON COLUMN "public"."audit_logs"."salt" IS 'Keeps commitments from being guessed; null once a field was erased.';

COMMENT ON COLUMN "public"."audit_logs"."table_name" IS 'Table that was touched.';

COMMENT ON COLUMN "public"."audit_logs"."transaction_id" IS 'Transaction that wrote it: one link of the chain.';

COMMENT ON COLUMN "public"."audit_logs"."user_agent" IS 'Program that the request came from.';

COMMENT ON COLUMN "public"."budget_adjustments"."amount_micro_usd" IS 'Amount in millionths of a US dollar; negative for a credit.';

COMMENT ON COLUMN "public"."budget_adjustments"."budget_period_id" IS 'Month that it adjusts, of the same company.';

COMMENT ON COLUMN "public"."budget_adjustments"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."budget_adjustments"."created_at" IS 'When the row was recorded.';

COMMENT ON COLUMN "public"."budget_adjustments"."created_by" IS 'Auth user who recorded the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."budget_adjustments"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."budget_adjustments"."reason" IS 'Why.';

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

COMMENT ON COLUMN "public"."budget_periods"."adjusted_micro_usd" IS 'Sum of credits (negative) and corrections (positive); counts as spent.';

COMMENT ON COLUMN "public"."budget_periods"."agent_id" IS 'AI agent that it limits, of the same company; set for scope agent.';

COMMENT ON COLUMN "public"."budget_periods"."agent_limit_count" IS 'Number of agents that are limited this month; kept for scope company.';

COMMENT ON COLUMN "public"."budget_periods"."alert_percents" IS 'Percent of the limit at which an alert is raised.';

COMMENT ON COLUMN "public"."budget_periods"."closed_at" IS 'When it was closed; set exactly when it is.';

COMMENT ON COLUMN "public"."budget_periods"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."budget_periods"."contention" IS 'How often somebody was seen waiting for this row; a few times, and the budget is spread.';

COMMENT ON COLUMN "public"."budget_periods"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."budget_periods"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."budget_periods"."ends_at" IS 'First instant of the next month.';

COMMENT ON COLUMN "public"."budget_periods"."enforcement" IS 'hard: usage beyond the limit is refused; soft: it is recorded, flagged and alerted.';

COMMENT ON COLUMN "public"."budget_periods"."generation" IS 'Grows with every change of limits; counters of an earlier generation are void.';

COMMENT ON COLUMN "public"."budget_periods"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."budget_periods"."limit_micro_usd" IS 'Limit in force, millionths of a US dollar.';

COMMENT ON COLUMN "public"."budget_periods"."month" IS 'First day of the month, in the company''s time zone.';

COMMENT ON COLUMN "public"."budget_periods"."reserved_micro_usd" IS 'Held by reservations.';

COMMENT ON COLUMN "public"."budget_periods"."scope" IS 'What it limits: company (the plan), agent or service.';

COMMENT ON COLUMN "public"."budget_periods"."service" IS 'Service that it limits; set for scope service.';

COMMENT ON COLUMN "public"."budget_periods"."service_limit_count" IS 'Number of services that are limited this month; kept for scope company.';

COMMENT ON COLUMN "public"."budget_periods"."spent_micro_usd" IS 'Spent so far.';

COMMENT ON COLUMN "public"."budget_periods"."starts_at" IS 'First instant of the month.';

COMMENT ON COLUMN "public"."budget_periods"."status" IS 'open or closed. Closed months take adjustments only.';

COMMENT ON COLUMN "public"."budget_periods"."stripe_count" IS 'Over how many internal counters a busy budget is spread; 0 while this row is the counter.';

COMMENT ON COLUMN "public"."budget_periods"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."budget_periods"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."budget_periods"."watch_micro_usd" IS 'Spending at which something is due next: an alert, or the step over a soft limit. Null for nothing.';

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

COMMENT ON COLUMN "public"."company_config"."budget_alert_percents" IS 'Percent of the monthly limit at which an alert is raised, once a month each; at most 20, 1 to 1000.';

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

COMMENT ON COLUMN "public"."company_plans"."enforcement" IS 'hard: usage beyond the monthly limit is refused; soft: it is recorded, flagged and alerted.';

COMMENT ON COLUMN "public"."company_plans"."features" IS 'Feature switches of the plan, an object. requests_per_minute and request_burst are whole numbers from 1 to 1000000.';

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

COMMENT ON COLUMN "public"."compliance_requests"."corrections" IS 'What is to be corrected: a list of {table_name, row_id, column_name, value}; without table_name and row_id in the person''s profile.';

COMMENT ON COLUMN "public"."compliance_requests"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."compliance_requests"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."compliance_requests"."details" IS 'What they ask for, in their words.';

COMMENT ON COLUMN "public"."compliance_requests"."due_at" IS 'When it must be answered, set from received_at by trigger. GDPR Art. 12(3): one month, and two more with notice; CCPA: 45 days, and 45 more.';

COMMENT ON COLUMN "public"."compliance_requests"."extended_at" IS 'When the date was put off; once.';

COMMENT ON COLUMN "public"."compliance_requests"."extension_reason" IS 'Why, as the person was told.';

COMMENT ON COLUMN "public"."compliance_requests"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."compliance_requests"."identifiers" IS 'What else names the person: further addresses, names, telephone and customer numbers.';

COMMENT ON COLUMN "public"."compliance_requests"."identity_method" IS 'How it was made sure that the person is who they say: session, email, document, known_contact or other.';

COMMENT ON COLUMN "public"."compliance_requests"."identity_verified_at" IS 'When that was made sure.';

COMMENT ON COLUMN "public"."compliance_requests"."identity_verified_by" IS 'Auth user who made sure.';

COMMENT ON COLUMN "public"."compliance_requests"."kind" IS 'access, portability, rectification, erasure, restriction, objection (GDPR); know, delete, correct, opt_out (CCPA).';

COMMENT ON COLUMN "public"."compliance_requests"."notices" IS 'How many of the notices (a week before, a day before, overdue) have gone out.';

COMMENT ON COLUMN "public"."compliance_requests"."purposes" IS 'Purposes that are restricted, objected to or opted out of, named like kinds of jobs; empty: all, or for opt_out sale and sharing.';

COMMENT ON COLUMN "public"."compliance_requests"."receipt" IS 'What was done, with counts and hashes; nothing in it names the person.';

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

COMMENT ON COLUMN "public"."processing_restrictions"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."processing_restrictions"."compliance_request_id" IS 'Request that it comes from.';

COMMENT ON COLUMN "public"."processing_restrictions"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."processing_restrictions"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."processing_restrictions"."id" IS 'Row id, unique within the company.';

COMMENT ON COLUMN "public"."processing_restrictions"."kind" IS 'restriction (GDPR Art. 18), objection (GDPR Art. 21) or opt_out (CCPA section 1798.120).';

COMMENT ON COLUMN "public"."processing_restrictions"."lift_reason" IS 'Why it was lifted; required then.';

COMMENT ON COLUMN "public"."processing_restrictions"."lifted_at" IS 'Until when it held; null while it holds.';

COMMENT ON COLUMN "public"."processing_restrictions"."purposes" IS 'Purposes that are restricted, named like kinds of jobs (sale covers sale.report); empty: all.';

COMMENT ON COLUMN "public"."processing_restrictions"."started_at" IS 'Since when it holds.';

COMMENT ON COLUMN "public"."processing_restrictions"."subject_email" IS 'Address of the person.';

COMMENT ON COLUMN "public"."processing_restrictions"."subject_user_id" IS 'Their auth user, if they have one. No foreign key: the restriction outlives the account.';

COMMENT ON COLUMN "public"."processing_restrictions"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."processing_restrictions"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."security_policies"."aal2_permissions" IS 'Permissions that need aal2 in any case.';

COMMENT ON COLUMN "public"."security_policies"."api_key_max_age_days" IS 'Oldest API key allowed, days; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."security_policies"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."security_policies"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."security_policies"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."security_policies"."is_active" IS 'True for the version in force.';

COMMENT ON COLUMN "public"."security_policies"."is_ip_allowlist_enabled" IS 'True if only addresses on the allowlist get in.';

COMMENT ON COLUMN "public"."security_policies"."is_strict" IS 'True if the policy asks anything of a request; generated.';

COMMENT ON COLUMN "public"."security_policies"."notes" IS 'Password and single sign-on rules kept outside the database.';

COMMENT ON COLUMN "public"."security_policies"."required_aal" IS 'Authentication strength that everybody needs: aal1 or aal2 (a second factor).';

COMMENT ON COLUMN "public"."security_policies"."session_idle_seconds" IS 'Longest idle time allowed, seconds; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."session_max_age_seconds" IS 'Oldest session allowed, seconds; null for no bound.';

COMMENT ON COLUMN "public"."security_policies"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."security_policies"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

COMMENT ON COLUMN "public"."security_policies"."version" IS 'Version, from 1; numbered by trigger.';

COMMENT ON COLUMN "public"."service_limits"."company_id" IS 'Company (tenant) that the row belongs to. Never changes.';

COMMENT ON COLUMN "public"."service_limits"."created_at" IS 'When the row was created.';

COMMENT ON COLUMN "public"."service_limits"."created_by" IS 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';

COMMENT ON COLUMN "public"."service_limits"."id" IS 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';

COMMENT ON COLUMN "public"."service_limits"."monthly_limit_micro_usd" IS 'Limit a month, millionths of a US dollar.';

COMMENT ON COLUMN "public"."service_limits"."service" IS 'Metered service, as it stands in api_usage.service.';

COMMENT ON COLUMN "public"."service_limits"."updated_at" IS 'When the row was last changed; kept by trigger.';

COMMENT ON COLUMN "public"."service_limits"."updated_by" IS 'Auth user who changed the row last; null for backend jobs.';

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

COMMENT ON FUNCTION "private"."access_problem"() IS 'policy_problem() of the member''s chosen company, or what is wrong with the API key; null if that is not what keeps them out.';

COMMENT ON FUNCTION "private"."actor_id"() IS 'current_user_id() for row triggers: kept for the transaction beside the claims that it was read from.';

COMMENT ON FUNCTION "private"."address_pattern"(uuid, text[]) IS 'Regular expression that finds addresses, but not within other addresses that the company knows.';

COMMENT ON FUNCTION "private"."adjust_budget"(uuid, date, numeric, text, uuid) IS 'Implementation of public.adjust_budget().';

COMMENT ON FUNCTION "private"."anonymous_values"(text) IS 'What anonymising sets in a table, and how to tell a row that is not anonymous yet.';

COMMENT ON FUNCTION "private"."api_key_expiry"(uuid, timestamp with time zone) IS 'When a new key ends. Errors: 22023 invalid_expiry; 23514 expiry_too_late.';

COMMENT ON FUNCTION "private"."api_key_hash"(text) IS 'SHA-256 of a key.';

COMMENT ON FUNCTION "private"."api_key_token_problem"() IS 'Why a token for a key gets nothing: api_key_not_valid or ip_not_allowed; null if the key is valid.';

COMMENT ON FUNCTION "private"."apply_corrections"(public.compliance_requests, private.subject_work) IS 'Applies the corrections of a request. Errors: 22023 no_corrections, invalid_correction; 42501 not_the_subject.';

COMMENT ON FUNCTION "private"."apply_limit"(uuid, uuid, text, bigint) IS 'Brings the limit of an agent or a service into the running month, with what the ledger already counts towards it; null lifts it.';

COMMENT ON FUNCTION "private"."apply_plan"(uuid) IS 'Brings plan and alerts into the months that are not over.';

COMMENT ON FUNCTION "private"."apply_rate_decision"(public.rate_limit_decision) IS 'Sets the RateLimit headers of the answer, or refuses the request. Errors: PT429 rate_limited.';

COMMENT ON FUNCTION "private"."apply_time_zone"(uuid) IS 'Moves the end of the running month to where it is in the company''s time zone.';

COMMENT ON FUNCTION "private"."audit_changes"(jsonb, jsonb, text[]) IS 'Old and new value of each column that differs between two states of a row; null if none does. Of secret columns only that they differ.';

COMMENT ON FUNCTION "private"."audit_genesis"(uuid) IS 'What stands before the first link of a company''s audit chain.';

COMMENT ON FUNCTION "private"."audit_leaves"(public.audit_logs[]) IS 'Hash of each row of the audit log. Erased fields count by their commitment.';

COMMENT ON FUNCTION "private"."audit_link_hash"(bytea, bigint, timestamp with time zone, xid8, integer, bytea) IS 'Hash of a link of the audit chain.';

COMMENT ON FUNCTION "private"."audit_request"() IS 'Address, program and id of the request, from its headers; nulls without.';

COMMENT ON FUNCTION "private"."audit_role"(uuid, uuid) IS 'Role in which somebody acts for a company: a member''s role there, api_key for a key, admin for operators, the database role for the backend.';

COMMENT ON FUNCTION "private"."audit_rows"(uuid, timestamp with time zone, xid8) IS 'The rows that a transaction wrote to a company''s audit log.';

COMMENT ON FUNCTION "private"."budget_balance"(uuid, uuid) IS 'Spent, held and remaining of a budget at this instant, in micro-dollars. Takes no lock.';

COMMENT ON FUNCTION "private"."budget_share"(bigint, bigint) IS 'What a stripe gets of the room there is: what it needs, and a 128th of the rest.';

COMMENT ON FUNCTION "private"."budget_status"(uuid) IS 'Implementation of public.budget_status().';

COMMENT ON FUNCTION "private"."bytes_text"(bytea) IS 'Bytes as UTF-8 where they are, escaped where not.';

COMMENT ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) IS 'Implementation of public.assign_permission() and public.remove_permission().';

COMMENT ON FUNCTION "private"."charge_all_plainly"(uuid, private.plain_budgets, bigint, bigint) IS 'charge_plainly() for each budget of a request. Errors: LB002 if anything stands in the way of one.';

COMMENT ON FUNCTION "private"."charge_budget"(uuid, uuid, integer, integer, bigint, bigint, boolean) IS 'Spends and holds in one budget: within, over, refused, or stale when the budget has changed since the caller read it.';

COMMENT ON FUNCTION "private"."charge_budget_slowly"(uuid, uuid, integer, bigint, bigint, boolean) IS 'charge_budget() when the nearest counter cannot decide by itself.';

COMMENT ON FUNCTION "private"."charge_plainly"(uuid, uuid, integer, boolean, bigint, bigint) IS 'Charges a budget whose counter has room; false if anything stands in the way.';

COMMENT ON FUNCTION "private"."charge_scope"(uuid, uuid, integer, integer, bigint, bigint, boolean) IS 'charge_budget() for the budget of an agent or a service; closed when its limit was lifted meanwhile.';

COMMENT ON FUNCTION "private"."charge_usage"(uuid, timestamp with time zone, uuid, text, bigint, private.spender, uuid[], bigint, boolean) IS 'Counts usage in the budgets of company, agent and service and gives back what was held for it; the spender that was charged. Errors: PT402 budget_exceeded.';

COMMENT ON FUNCTION "private"."check_access"(uuid) IS 'Checks ip_allowlist and users_without_mfa of compliance_status().';

COMMENT ON FUNCTION "private"."check_api_keys"(uuid) IS 'Checks api_key_age, api_keys_expiring, api_keys_unused and api_keys_unattended of compliance_status().';

COMMENT ON FUNCTION "private"."check_audit_chain"(uuid) IS 'Check audit_chain of compliance_status(): the last 1000 links.';

COMMENT ON FUNCTION "private"."check_budget"(uuid, uuid, numeric, text, integer, uuid) IS 'Implementation of public.check_budget_before_usage().';

COMMENT ON FUNCTION "private"."check_rate_limit"(uuid, integer, uuid) IS 'Implementation of public.check_rate_limit().';

COMMENT ON FUNCTION "private"."check_requests"(uuid) IS 'Checks requests_open and requests_overdue of compliance_status().';

COMMENT ON FUNCTION "private"."check_retention"(uuid) IS 'Checks retention_policies, retention_overdue and retention_failures of compliance_status(). Writes nothing.';

COMMENT ON FUNCTION "private"."claim_events"(integer, integer) IS 'Implementation of public.claim_events().';

COMMENT ON FUNCTION "private"."client_address"() IS 'Address of the client of this request, as forwarded_address() says; null if unknown. Never raises.';

COMMENT ON FUNCTION "private"."close_budget_periods"(interval) IS 'Closes months that ended longer ago than the grace, at most 1,000 budgets a run, with event budget.period_closed; how many. Run every hour.';

COMMENT ON FUNCTION "private"."close_other_requests"(public.compliance_requests, private.subject_work) IS 'Cancels open requests of a person who is erased, and deletes copies that were made for them.';

COMMENT ON FUNCTION "private"."close_partition"(text) IS 'Takes every grant off a partition, switches row level security on and lets nobody in.';

COMMENT ON FUNCTION "private"."column_class_problems"() IS 'Columns of public and private tables that have no class, and classes of columns that do not exist.';

COMMENT ON FUNCTION "private"."company_for"(text) IS 'The gate: id of the caller''s active company if they hold the permission (resource.verb) there, else null. Null permission asks for membership alone. Chosen by header x-company-id, then the token''s company_id, then the default membership; backed by public.users, public.companies and the company''s security policy on every statement. Never raises.';

COMMENT ON FUNCTION "private"."company_for_api_key"(text) IS 'The gate for a token that was issued for an API key: its company if the key is valid now and holds the permission, else null. Never raises.';

COMMENT ON FUNCTION "private"."company_rate"(uuid) IS 'Requests a minute and burst of a company: requests_per_minute and request_burst in the features of its plan.';

COMMENT ON FUNCTION "private"."compare_budget"(uuid, uuid) IS 'Spent and held of a budget as counted and as the ledger and the reservations say, in micro-dollars. Takes no lock.';

COMMENT ON FUNCTION "private"."compliance_status"(uuid) IS 'Implementation of public.compliance_status().';

COMMENT ON FUNCTION "private"."compliance_ticket"(public.compliance_requests) IS 'What whoever submitted a request may know of it.';

COMMENT ON FUNCTION "private"."count_limits"(uuid, uuid) IS 'Counts the limits of agents and services in the row of the company.';

COMMENT ON FUNCTION "private"."create_month_partition"(text, date) IS 'Creates one monthly partition (UTC months), moves its rows over from the default partition and attaches it. False if it is there already. Errors: 55P03 when the table stays in use for half a second.';

COMMENT ON FUNCTION "private"."csv_field"(text) IS 'A field of a CSV file (RFC 4180), quoted; one that begins like a formula gets an apostrophe.';

COMMENT ON FUNCTION "private"."current_user_id"() IS 'The signed-in auth user (the token''s sub), or null; null for anonymous sign-ins. Like auth.uid(), but never raises on a malformed token.';

COMMENT ON FUNCTION "private"."custom_access_token_hook"(jsonb) IS 'Supabase Auth custom access token hook: adds company_id, company_role, permissions, and role platform_admin for admins. Ignores user_metadata and app_metadata. Records sign-ins in the company''s audit log. Never raises.';

COMMENT ON FUNCTION "private"."default_company"(uuid) IS 'The active company that a person last switched to, else the one they joined first; null without an active membership.';

COMMENT ON FUNCTION "private"."delete_company_secret"(uuid, text, uuid) IS 'Implementation of public.delete_company_secret().';

COMMENT ON FUNCTION "private"."drop_company_data_key"(uuid) IS 'Implementation of public.drop_company_data_key().';

COMMENT ON FUNCTION "private"."drop_expired_partition"() IS 'Drops the first month of which no company keeps anything, with an entry for each company; what went of each. A row without company for a month that was empty; no rows: no such month, or all are in use.';

COMMENT ON FUNCTION "private"."emit_event"(uuid, text, jsonb) IS 'Writes an event of a company to the outbox. Topic is resource.event.';

COMMENT ON FUNCTION "private"."erase_audit_fields"(uuid, timestamp with time zone, uuid, text[]) IS 'Erases fields of an entry of the audit log (names of columns; changes.<column>) and keeps their commitments, so that the chain still verifies. False if the entry has none of them.';

COMMENT ON FUNCTION "private"."erase_files"(private.subject_work) IS 'Has files that are named after a person deleted, and forgets the owner of the others; how many are still there.';

COMMENT ON FUNCTION "private"."erase_page"(private.subject_work, private.subject_table, integer) IS 'Erases a person from a page of a table; without a limit only counts.';

COMMENT ON FUNCTION "private"."erasure_exception"(uuid, regclass) IS 'Which rows of a table must be kept (legal hold; GDPR Art. 17(3)(b)) as a condition on t, and why.';

COMMENT ON FUNCTION "private"."explain_ip_access"(uuid, inet) IS 'Implementation of public.explain_ip_access().';

COMMENT ON FUNCTION "private"."export_audit_log"(uuid, timestamp with time zone, timestamp with time zone, text, timestamp
  with time zone, uuid, integer) IS 'Implementation of public.export_audit_log().';

COMMENT ON FUNCTION "private"."export_page"(private.subject_work, private.subject_table, integer) IS 'Adds a page of a table to a bundle.';

COMMENT ON FUNCTION "private"."extend_compliance_request"(uuid, uuid, text) IS 'Implementation of public.extend_compliance_request().';

COMMENT ON FUNCTION "private"."find_leaked_api_keys"(text, boolean) IS 'Implementation of public.find_leaked_api_keys().';

COMMENT ON FUNCTION "private"."find_restriction"(uuid, text, uuid, text) IS 'A restriction that holds for a purpose and a person, or for one that a text names.';

COMMENT ON FUNCTION "private"."find_spender"(uuid, timestamp with time zone, uuid, text) IS 'What is to be known of a request before it is counted: status of the company, its open budget of an instant (the running month, opened if need be, when that one is closed or was never opened) and the budgets of agent and service in the same month. Errors: PT404 unknown_company, unknown_agent; PT410 company_closed; XX000 budget_unavailable.';

COMMENT ON FUNCTION "private"."find_subject"(public.compliance_requests) IS 'Who a request is about in its company: ids and patterns.';

COMMENT ON FUNCTION "private"."finish_bundle"(public.compliance_requests, private.subject_work) IS 'Adds the manifest and makes the receipt.';

COMMENT ON FUNCTION "private"."finish_erasure"(public.compliance_requests, private.subject_work) IS 'Deletes the profile, empties the request and makes the receipt.';

COMMENT ON FUNCTION "private"."finish_event"(uuid, uuid, integer, text, boolean) IS 'Implementation of public.finish_event().';

COMMENT ON FUNCTION "private"."flush_budgets"() IS 'Shows in budget_periods what busy budgets counted since; how many. Run every minute.';

COMMENT ON FUNCTION "private"."fold_stripes"(uuid, uuid, smallint, boolean, boolean) IS 'Moves what stripes spent and hold to the central row, which the caller has locked, and voids their grants: one stripe or any, waiting for those who are at one or passing them over, all or only those in use.';

COMMENT ON FUNCTION "private"."forwarded_address"(text) IS 'Address of the client by an X-Forwarded-For header, as the outermost trusted proxy saw it (system_config security.trusted_proxy_count, 1 unless set); null if unknown. Never raises.';

COMMENT ON FUNCTION "private"."go_through"(public.compliance_requests, private.subject_work, boolean, integer) IS 'Goes on through the tables, page by page.';

COMMENT ON FUNCTION "private"."identifier_pattern"(text) IS 'Regular expression that finds an identifier as a whole, however it is spaced.';

COMMENT ON FUNCTION "private"."import_token"() IS 'Value of app.importing by which functions of the package pass triggers, in this transaction only.';

COMMENT ON FUNCTION "private"."is_address_allowed"(uuid, inet) IS 'True if an entry of the company''s allowlist that is in force contains the address.';

COMMENT ON FUNCTION "private"."is_admin"(uuid) IS 'True if that person is an active admin of the active operator company.';

COMMENT ON FUNCTION "private"."is_backend"() IS 'True for service_role and for the owner of a connection that bypasses row level security.';

COMMENT ON FUNCTION "private"."is_import_token"(text) IS 'True for what private.import_token() answers in this transaction.';

COMMENT ON FUNCTION "private"."is_importing"() IS 'True while a role that bypasses row level security imports rows (set local app.importing = ''on''), or a function of the package erases or prunes what nobody may change otherwise.';

COMMENT ON FUNCTION "private"."is_key_address_allowed"(uuid, cidr[], boolean, inet) IS 'True if a key may come from that address by its networks and its company''s allowlist.';

COMMENT ON FUNCTION "private"."is_platform_admin"() IS 'True if the caller is, by the tables and now, an active admin of the active operator company.';

COMMENT ON FUNCTION "private"."is_processing_allowed"(uuid, text, text, uuid) IS 'Implementation of public.is_processing_allowed().';

COMMENT ON FUNCTION "private"."is_reissued"(public.api_keys) IS 'True for a key that the caller made within ten minutes and that was never used.';

COMMENT ON FUNCTION "private"."is_usage"(bigint, text, bigint, bigint, jsonb) IS 'True if quantities, unit and metadata are what the ledger takes.';

COMMENT ON FUNCTION "private"."issue_api_key"(uuid, text, text[], timestamp with time zone, inet[], integer, uuid) IS 'Implementation of public.issue_api_key().';

COMMENT ON FUNCTION "private"."lacks_room"(uuid, uuid, bigint) IS 'True if a hard budget has less left than is needed, and nothing to come back that has expired. Takes no lock.';

COMMENT ON FUNCTION "private"."ledger_total"(uuid, date, timestamp with time zone, timestamp with time zone, uuid, text) IS 'Sum of the ledger that is charged to a month, in micro-dollars: of a company, or of one agent or one service.';

COMMENT ON FUNCTION "private"."lift_processing_restriction"(uuid, uuid, text) IS 'Implementation of public.lift_processing_restriction().';

COMMENT ON FUNCTION "private"."limit_request"() IS 'Counts a member''s request through PostgREST and sets RateLimit headers. Errors: PT429 rate_limited with Retry-After, in the form that PostgREST passes on; 42501 ip_not_allowed, session_too_old, session_idle, second_factor_required.';

COMMENT ON FUNCTION "private"."link_audit"(uuid, timestamp with time zone, xid8) IS 'Gives the link of a transaction its place in a company''s audit chain.';

COMMENT ON FUNCTION "private"."list_company_secrets"(uuid) IS 'Implementation of public.list_company_secrets().';

COMMENT ON FUNCTION "private"."lock_api_key"(uuid, uuid) IS 'A key of a company, locked. Errors: PT404 unknown_api_key.';

COMMENT ON FUNCTION "private"."lock_budget"(uuid, uuid) IS 'Locks a budget for a change of its limits, with everything counted in the row that is returned; counters of before are void.';

COMMENT ON FUNCTION "private"."log_usage"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp
  with time zone, text) IS 'Implementation of public.log_api_usage_and_update_budget().';

COMMENT ON FUNCTION "private"."log_usage_batch"(uuid, jsonb) IS 'Implementation of public.log_api_usage_batch().';

COMMENT ON FUNCTION "private"."log_usage_slowly"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp
  with time zone, text) IS 'log_usage() in every case.';

COMMENT ON FUNCTION "private"."maintain_compliance"() IS 'Implementation of public.maintain_compliance().';

COMMENT ON FUNCTION "private"."maintain_partitions"() IS 'Implementation of public.maintain_partitions().';

COMMENT ON FUNCTION "private"."master_key_hint"(text) IS 'What a master key is recognised by: the beginning of its hash.';

COMMENT ON FUNCTION "private"."master_keys"(text) IS 'Master keys to use, the one that wraps first: as stated by the backend, else of Vault. Errors: 42501 backend_only; 22023 invalid_master_key.';

COMMENT ON FUNCTION "private"."merge_pairs"(jsonb[]) IS 'Objects merged into one.';

COMMENT ON FUNCTION "private"."micro_usd"(numeric, text) IS 'US dollars in whole micro-dollars, rounded up. Errors: 22023 invalid_amount.';

COMMENT ON FUNCTION "private"."my_companies"() IS 'Implementation of public.my_companies().';

COMMENT ON FUNCTION "private"."my_compliance_requests"() IS 'Implementation of public.my_compliance_requests().';

COMMENT ON FUNCTION "private"."new_api_key"(text) IS 'A new random key with that prefix.';

COMMENT ON FUNCTION "private"."open_budget_month"(uuid) IS 'Opens a company''s budget for the month of this instant, with those of its limited agents and services. Safe to repeat and to run twice at once.';

COMMENT ON FUNCTION "private"."open_request"(uuid, uuid) IS 'An open request, locked. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 23514 request_closed.';

COMMENT ON FUNCTION "private"."pairs"(text[]) IS 'Calls of jsonb_build_object for many pairs.';

COMMENT ON FUNCTION "private"."parse_json_object"(text) IS 'The text as a jsonb object, or null when it is empty, no JSON or no object. Never raises.';

COMMENT ON FUNCTION "private"."parse_uuid"(text) IS 'The text as a UUID, or null when it is none. Never raises.';

COMMENT ON FUNCTION "private"."permissions_of"(uuid, uuid) IS 'Permissions of an active member in a company: role, plus granted, minus revoked; sorted.';

COMMENT ON FUNCTION "private"."plan_limit"(uuid) IS 'Limit (micro-dollars), enforcement and alerts that a company''s active plan and settings state; limit 0 without a plan.';

COMMENT ON FUNCTION "private"."policy_problem"(public.security_policies, text, jsonb) IS 'What of a company''s security policy a request does not meet: ip_not_allowed, session_too_old, session_idle or second_factor_required; null if it meets all. Never raises.';

COMMENT ON FUNCTION "private"."process_compliance_request"(uuid, uuid, integer, boolean) IS 'Implementation of public.process_compliance_request().';

COMMENT ON FUNCTION "private"."prune_audit_chain"(uuid, timestamp with time zone, integer) IS 'Prunes at most so many links that were made before a time from the front of a company''s chain; rows that went.';

COMMENT ON FUNCTION "private"."prune_budgets"() IS 'Deletes idempotency keys, finished reservations and finished events older than 30 days; how many. Run every night.';

COMMENT ON FUNCTION "private"."put_company_secret"(uuid, text, text, uuid, text) IS 'Implementation of public.put_company_secret().';

COMMENT ON FUNCTION "private"."raise_budget_alerts"(uuid, uuid) IS 'Raises the alerts that are due, each once a period, with an event in the outbox, and sets watch_micro_usd. The caller has locked the budget.';

COMMENT ON FUNCTION "private"."read_company_secret"(uuid, text, uuid, text) IS 'Implementation of public.read_company_secret().';

COMMENT ON FUNCTION "private"."read_compliance_bundle"(uuid, uuid, text) IS 'Implementation of public.read_compliance_bundle().';

COMMENT ON FUNCTION "private"."read_usage_events"(uuid, jsonb, timestamp with time zone) IS 'The events of a batch, checked. Errors: 22023 invalid_batch, invalid_amount, invalid_service, invalid_usage, invalid_idempotency_key, invalid_occurred_at; PT404 unknown_agent.';

COMMENT ON FUNCTION "private"."reconcile_budget"(uuid, date, boolean) IS 'Implementation of public.reconcile_budget().';

COMMENT ON FUNCTION "private"."reconcile_budgets"(integer) IS 'Mends the open months of at most so many companies that were not compared for 20 hours; how many. Run every minute of the night.';

COMMENT ON FUNCTION "private"."record_compliance_review"(uuid, text) IS 'Implementation of public.record_compliance_review().';

COMMENT ON FUNCTION "private"."record_sign_in"(uuid, uuid, jsonb) IS 'Writes session.started to a company''s audit log, by an event of the custom access token hook.';

COMMENT ON FUNCTION "private"."record_usage"(uuid, uuid, timestamp with time zone, timestamp
  with time zone, private.spender, private.budget_reservations, text, text, uuid, text, bigint, bigint, text, text, bigint, bigint, jsonb, text) IS 'Charges and writes usage that is new; its receipt. Errors: PT402 budget_exceeded; LB001 when the key is used by somebody else at the same moment.';

COMMENT ON FUNCTION "private"."record_usage_events"(uuid, private.usage_event[], uuid) IS 'Charges and writes new events; what became of each. Errors: PT402 budget_exceeded; LB001 when a key is used by somebody else at the same moment.';

COMMENT ON FUNCTION "private"."refresh_budget_row"(uuid, uuid) IS 'Shows what the caller''s stripe did in budget_periods, unless that row is in use.';

COMMENT ON FUNCTION "private"."refuse_access"(text) IS 'Raises what policy_problem() found. Errors: 42501 ip_not_allowed, second_factor_required, session_idle, session_too_old.';

COMMENT ON FUNCTION "private"."refuse_spending"(uuid, uuid, bigint) IS 'Raises PT402 budget_exceeded.';

COMMENT ON FUNCTION "private"."refuse_without_admin"(uuid) IS 'Refuses an operator''s change that would leave no other active admin. Errors: 42501 last_admin.';

COMMENT ON FUNCTION "private"."release_expired_holds"(uuid, uuid) IS 'Gives back what expired reservations hold in one budget, at most 1,000 of them; the amount. The caller has locked the budget.';

COMMENT ON FUNCTION "private"."release_hold"(uuid, uuid[], bigint) IS 'Gives an amount back to the budgets that hold it, in their order.';

COMMENT ON FUNCTION "private"."release_reservation"(uuid, uuid) IS 'Implementation of public.release_budget_reservation().';

COMMENT ON FUNCTION "private"."remind_of_reviews"() IS 'Events compliance.review_due for at most 1000 companies; how many. Part of maintain_compliance().';

COMMENT ON FUNCTION "private"."replay_usage"(uuid, uuid, timestamp with time zone, text, uuid, bigint, private.budget_reservations) IS 'The receipt of usage that was recorded before; settles a reservation that is still open with it. Errors: PT422 idempotency_key_reused.';

COMMENT ON FUNCTION "private"."require_company"(uuid, text) IS 'Passes for a member''s active company in which they hold the permission, and for the backend. Errors: 42501 not_your_company.';

COMMENT ON FUNCTION "private"."require_key_issuer"(uuid, text[]) IS 'Passes for whoever may issue a key with these permissions. Errors: 42501 not_your_company, not_a_person, permission_not_held; 23514 unknown_permission.';

COMMENT ON FUNCTION "private"."require_operator"() IS 'Passes for platform operators and the backend. Errors: 42501 not_an_operator.';

COMMENT ON FUNCTION "private"."require_reader"(uuid, text) IS 'Passes for a member''s active company in which they hold the permission, for operators and for the backend. Errors: 42501 not_your_company, not_an_operator.';

COMMENT ON FUNCTION "private"."require_service"(text) IS 'Passes for the name of a service. Errors: 22023 invalid_service.';

COMMENT ON FUNCTION "private"."require_usage"(bigint, text, bigint, bigint, jsonb) IS 'Passes for what is_usage() passes. Errors: 22023 invalid_usage.';

COMMENT ON FUNCTION "private"."reserve_quickly"(uuid, uuid, bigint, text, integer, uuid) IS 'The decision of private.check_budget() when every counter has room; null, with nothing done, otherwise.';

COMMENT ON FUNCTION "private"."retain_batch"(uuid, text, text, timestamp with time zone, integer, boolean) IS 'Deletes or anonymises at most so many rows of a class that are older than a time, or counts them; how many.';

COMMENT ON FUNCTION "private"."review_due_at"(uuid) IS 'When a company''s next review is due: system_config compliance.review_interval_days (90) after the last, or after the company was created.';

COMMENT ON FUNCTION "private"."revoke_api_key"(uuid, uuid) IS 'Implementation of public.revoke_api_key().';

COMMENT ON FUNCTION "private"."rotate_api_key"(uuid, uuid, interval, timestamp with time zone) IS 'Implementation of public.rotate_api_key().';

COMMENT ON FUNCTION "private"."rotate_master_key"(text, integer) IS 'Implementation of public.rotate_master_key().';

COMMENT ON FUNCTION "private"."run_data_retention"(uuid, boolean, integer) IS 'Implementation of public.run_data_retention().';

COMMENT ON FUNCTION "private"."schedule_maintenance"() IS 'Schedules maintenance with pg_cron: partitions, data retention, reminders of compliance requests, and the budgets'' flush, closing, reconciliation and pruning. False if the extension is not installed. Safe to repeat.';

COMMENT ON FUNCTION "private"."scrub_json"(jsonb, text, text) IS 'The document with the same in all keys and values.';

COMMENT ON FUNCTION "private"."scrub_text"(text, text, text) IS 'The text with erased@erased.invalid for addresses and [erased] for the rest.';

COMMENT ON FUNCTION "private"."seal"(text, uuid, text) IS 'Encrypts a text for one row with a key (OpenPGP, AES-256).';

COMMENT ON FUNCTION "private"."search_audit_log"(uuid, timestamp with time zone, timestamp with time zone, uuid, text, text, uuid, text, text, timestamp
  with time zone, uuid, integer) IS 'Implementation of public.search_audit_log().';

COMMENT ON FUNCTION "private"."set_api_key_secret"(public.api_keys) IS 'Gives a key a new secret; the one before is void.';

COMMENT ON FUNCTION "private"."settle_quickly"(uuid, text, uuid, text, bigint, uuid, bigint, text, text, bigint, bigint, jsonb, text) IS 'The receipt of private.log_usage() for not more than a reservation holds; null, with nothing done, otherwise.';

COMMENT ON FUNCTION "private"."subject_tables"(uuid, uuid) IS 'Every table with rows of companies, and how a person is found in, erased from and shown it; from the catalog and private.column_classes.';

COMMENT ON FUNCTION "private"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) IS 'Implementation of public.submit_compliance_request().';

COMMENT ON FUNCTION "private"."switch_company"(uuid) IS 'Implementation of public.switch_company().';

COMMENT ON FUNCTION "private"."take_key_rate"(uuid, uuid, integer, integer) IS 'Takes from the bucket of an API key, which holds what the key may do in ten seconds; nulls for a key without a limit of its own.';

COMMENT ON FUNCTION "private"."take_rate"(uuid, text, integer, integer, integer) IS 'GCRA: takes cost requests from a bucket if it has them; cost 0 only looks. Rejections lock and write nothing.';

COMMENT ON FUNCTION "private"."tg_ai_agents__apply_limit"() IS 'Row trigger: an agent''s limit counts at once.';

COMMENT ON FUNCTION "private"."tg_ai_agents__release_holds"() IS 'Row trigger: an agent that is deleted gives back what is held for it.';

COMMENT ON FUNCTION "private"."tg_ai_agents__set_archived_at"() IS 'Row trigger: archived_at in step with status.';

COMMENT ON FUNCTION "private"."tg_audit_links__link"() IS 'Row trigger at the end of the transaction: gives a link its place.';

COMMENT ON FUNCTION "private"."tg_audit_logs__begin_link"() IS 'Statement trigger: begins the link of what was written to each company''s audit log.';

COMMENT ON FUNCTION "private"."tg_budget_alerts__set_acknowledged_by"() IS 'Row trigger: the first acknowledgement counts, its time and author are the database''s.';

COMMENT ON FUNCTION "private"."tg_budget_periods__check"() IS 'Row trigger: what CHECKs would say of columns that never move with a call. Errors: 23514 invalid_budget_period.';

COMMENT ON FUNCTION "private"."tg_budget_periods__keep_closed"() IS 'Row trigger: a closed month takes adjustments only; a limit of an agent or service may come back while its month lasts. Errors: 23514 budget_period_closed.';

COMMENT ON FUNCTION "private"."tg_companies__apply_time_zone"() IS 'Row trigger: months follow the company''s time zone.';

COMMENT ON FUNCTION "private"."tg_companies__check"() IS 'Row trigger: checks the time zone, keeps suspended_at and closed_at in step with status. Errors: 22023 invalid_time_zone.';

COMMENT ON FUNCTION "private"."tg_companies__keep_operator"() IS 'Row trigger: the operator company is not deleted. Errors: 42501 operator_company.';

COMMENT ON FUNCTION "private"."tg_company_plans__apply_plan"() IS 'Row trigger: a plan or the alerts count at once.';

COMMENT ON FUNCTION "private"."tg_company_plans__set_defaults"() IS 'Row trigger: limit and features of the tier where none are stated, a new active plan ends the one before, ended_at in step with is_active. Errors: 23502 plan_limit_required.';

COMMENT ON FUNCTION "private"."tg_compliance_requests__check"() IS 'Row trigger: due date by regulation (GDPR Art. 12(3); CCPA section 1798.130), allowed transitions, completed_at in step with status. Errors: 23514 invalid_transition, not_processed, request_closed; 22023 invalid_identifier.';

COMMENT ON FUNCTION "private"."tg_data_retention_policies__check"() IS 'Row trigger: no policy undercuts the minimum of its class. Errors: 23514 retention_too_short, retention_action_impossible.';

COMMENT ON FUNCTION "private"."tg_invoice_line_items__sum_up"() IS 'Statement trigger: keeps the invoices'' totals; refuses lines of a sent invoice. Errors: 23514 invoice_not_draft.';

COMMENT ON FUNCTION "private"."tg_invoices__check"() IS 'Row trigger: allowed transitions, frozen once sent, paid_at and voided_at in step with status. Errors: 23514 invalid_transition, invoice_not_draft.';

COMMENT ON FUNCTION "private"."tg_ip_allowlist_entries__check"() IS 'Row trigger. Errors: 22023 host_bits_set, with the network that was probably meant.';

COMMENT ON FUNCTION "private"."tg_jobs__check"() IS 'Row trigger: allowed transitions, started_at and finished_at in step with status. Counts attempts. Errors: 23514 invalid_transition, job_finished, attempts_used_up.';

COMMENT ON FUNCTION "private"."tg_jobs__refuse_restricted"() IS 'Row trigger: no job is queued or started for a person who is restricted for its kind. Errors: 23514 processing_restricted.';

COMMENT ON FUNCTION "private"."tg_row__refuse_change"() IS 'Trigger of append-only tables: refuses update, delete and truncate. Errors: 42501 append_only.';

COMMENT ON FUNCTION "private"."tg_row__refuse_move"() IS 'Row trigger: refuses to change company_id or id. Errors: 42501 row_identity_immutable.';

COMMENT ON FUNCTION "private"."tg_row__set_creator"() IS 'Row trigger of append-only tables: sets created_by.';

COMMENT ON FUNCTION "private"."tg_row__set_meta"() IS 'Row trigger: keeps created_at/by and sets updated_at/by.';

COMMENT ON FUNCTION "private"."tg_security__keep_author_in"() IS 'Row trigger, after the statement: a member''s change of the rules must leave themselves in. Errors: PT409 would_lock_you_out.';

COMMENT ON FUNCTION "private"."tg_security_policies__supersede"() IS 'Row trigger: numbers a new policy and retires the one in force.';

COMMENT ON FUNCTION "private"."tg_service_limits__apply_limit"() IS 'Row trigger: a service''s limit counts at once.';

COMMENT ON FUNCTION "private"."tg_statement__audit"() IS 'Statement trigger: an entry of the audit log for each row that was added, changed or removed. Imports are not recorded.';

COMMENT ON FUNCTION "private"."tg_users__check"() IS 'Row trigger: role admin only in the operator company, known permissions only, disabled_at in step with status. Errors: 42501 admin_outside_operator, last_admin, 23514 unknown_permission.';

COMMENT ON FUNCTION "private"."tg_users__keep_admin"() IS 'Row trigger: an operator does not delete the last active admin. Errors: 42501 last_admin.';

COMMENT ON FUNCTION "private"."tg_users__release_jobs"() IS 'Row trigger: takes a leaving member off their jobs, in that company only.';

COMMENT ON FUNCTION "private"."token_api_key"() IS 'State of the key that the request''s token was issued for (claims company_id, api_key_id, and the same as sub), with problem ip_not_allowed too; nulls without a key. Never raises.';

COMMENT ON FUNCTION "private"."unseal"(bytea, uuid, text) IS 'Decrypts what seal() made for that row. Errors: XX001 secret_corrupt.';

COMMENT ON FUNCTION "private"."unwrap_data_key"(private.company_data_keys, text[]) IS 'The data key of a company. Errors: 22023 wrong_master_key; XX001 secret_corrupt.';

COMMENT ON FUNCTION "private"."uuid_v7"() IS 'A time-ordered UUID, version 7 (RFC 9562), millisecond precision.';

COMMENT ON FUNCTION "private"."verify_api_key"(text, text, inet, text, integer) IS 'Implementation of public.verify_api_key().';

COMMENT ON FUNCTION "private"."verify_audit_chain"(uuid, bigint, integer, bigint, text) IS 'Implementation of public.verify_audit_chain().';

COMMENT ON FUNCTION "private"."verify_compliance_identity"(uuid, uuid, text) IS 'Implementation of public.verify_compliance_identity().';

COMMENT ON FUNCTION "private"."write_audit"(uuid, text, text, uuid, jsonb) IS 'Writes one entry to a company''s audit log, with who, from where and in which request.';

COMMENT ON FUNCTION "public"."adjust_budget"(uuid, date, numeric, text, uuid) IS 'Adjusts a month of a company, open or closed, by amount (US dollars; negative is a credit), with a reason, and writes the audit log (budget.adjusted); the id of the adjustment. A client that may retry chooses adjustment_id. Operators and service_role. Errors: 42501 not_an_operator; 22023 invalid_amount, invalid_adjustment; PT404 unknown_budget_month; PT422 adjustment_reused.';

COMMENT ON FUNCTION "public"."assign_permission"(uuid, text) IS 'Assigns one permission (resource.verb) to a member of the caller''s active company. Takes users.write and the permission itself. Returns the member''s permissions; safe to repeat. Errors: 42501 permission_not_held, own_permissions, member_outranks, not_a_member.';

COMMENT ON FUNCTION "public"."budget_forecast"(uuid) IS 'Where the running month of a company is heading: what is spent, plus the rest of the month at the pace of the last seven days (or of the time since the first usage in them, an hour at least). exhausted_at is when the limit is reached at that pace, null if it is not. Amounts in US dollars. Members holding usage.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';

COMMENT ON FUNCTION "public"."budget_status"(uuid) IS 'The running month of a company at this instant, to the call: a row for the company and one for each limited agent and service. Amounts in US dollars. budget_periods shows the same with up to a minute''s delay for busy budgets, and live. Members holding usage.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';

COMMENT ON FUNCTION "public"."check_budget_before_usage"(uuid, uuid, numeric, text, integer, uuid) IS 'Asks whether a company may spend estimated_cost (US dollars, 0 to 1,000,000,000) now, for an agent (or null) and a service, and if so holds it for hold_seconds (1 to 86400, 15 minutes unless told), so that callers together never pass a limit. Settle the returned reservation_id with log_api_usage_and_update_budget(), give it back with release_budget_reservation(), or let it expire. A refusal is an answer, not an error: allowed is false and reason is budget_exceeded, agent_budget_exceeded, service_budget_exceeded, no_active_plan or company_suspended; scope and the amounts are then those of the budget that refused. Amounts of a busy budget may be a second old; budget_status() is exact. A client that may retry chooses reservation_id. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; 22023 invalid_amount, invalid_hold, invalid_service; PT404 unknown_company, unknown_agent; PT410 company_closed; PT422 reservation_reused, reservation_over.';

COMMENT ON FUNCTION "public"."check_rate_limit"(uuid, integer, uuid) IS 'Takes cost requests (1 to the plan''s burst) from what a company may do, and from what an API key may do if api_key_id is given; the answer says whether it may, what remains, in how many seconds the bucket is full again and after how many to retry (RFC 6585 section 4). For what check_request() cannot count: reads, and calls that do not come through PostgREST. Members for their active company; service_role for any. Errors: 42501 not_your_company; 22023 invalid_cost; PT404 unknown_company, unknown_api_key.';

COMMENT ON FUNCTION "public"."check_request"() IS 'Called by PostgREST before every request (pgrst.db_pre_request): limits the rate of members by their company''s plan, with RateLimit headers (draft-ietf-httpapi-ratelimit-headers), and refuses estimated counts. Reads run in a read-only transaction and failed requests are undone: both are refused while nothing remains, but not counted. check_rate_limit() is left alone, since it counts for itself. A change of plan counts within a second. Errors: PT429 rate_limited with Retry-After; PT400 count_not_exact; 42501 ip_not_allowed, session_too_old, session_idle, second_factor_required, when the company''s security policy keeps a member out, who would otherwise find everything empty.';

COMMENT ON FUNCTION "public"."claim_events"(integer, integer) IS 'Claims events of the outbox that are due, at most batch_size (1 to 1000), for lease_seconds (1 to 3600). Concurrent callers get different events; an event that is not finished before its lease ends is due again, so delivery is at least once and event_id tells repetitions. service_role only. Errors: 22023 invalid_claim.';

COMMENT ON FUNCTION "public"."compliance_status"(uuid) IS 'How a company stands, a row a check: status ok, warning, failing or unknown, a number, and details. Checks: requests_open, requests_overdue (how many); retention_policies (classes without), retention_overdue (rows that should have gone for two days), retention_failures (of 7 days); api_key_age (days of the oldest valid key), api_keys_expiring (in 14 days), api_keys_unused (for 90 days), api_keys_unattended (whose issuer left or lost a right); ip_allowlist (percent of the addresses of 30 days that it covers), users_without_mfa; audit_chain (its last link; the last 1000 are verified); secrets_unreadable; review (days until the next). Members holding compliance.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company.';

COMMENT ON FUNCTION "public"."delete_company_secret"(uuid, text, uuid) IS 'Removes a secret; false if there is none. For members holding api_keys.write, in their active company, and service_role. Errors: 42501 not_your_company.';

COMMENT ON FUNCTION "public"."drop_company_data_key"(uuid) IS 'Drops a company''s data key: none of its secrets can ever be read again, in no backup that was made later either. How many these are. What is stored afterwards has a new key. Operators and service_role only. Errors: 42501 not_an_operator.';

COMMENT ON FUNCTION "public"."explain_ip_access"(uuid, inet) IS 'Whether an address (the caller''s own unless told) gets into a company, and which entry decides: allowlist_off, listed, not_listed, entry_disabled, entry_expired or address_unknown. Members holding security.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator.';

COMMENT ON FUNCTION "public"."export_audit_log"(uuid, timestamp with time zone, timestamp with time zone, text, timestamp
  with time zone, uuid, integer) IS 'A page of a company''s audit log as text, oldest first: format json (an array) or csv (RFC 4180, with a header), at most max_rows (1 to 10000) entries of starts_at up to ends_at; last_at and last_id are after_at and after_id of the next page. The export is recorded in the log itself (audit.exported). Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';

COMMENT ON FUNCTION "public"."extend_compliance_request"(uuid, uuid, text) IS 'Puts off the date once, by two months (GDPR Art. 12(3)) or 45 days (CCPA section 1798.130), with the reason that the person is told; event compliance.extended. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 22023 reason_missing; 23514 request_closed, extension_too_late.';

COMMENT ON FUNCTION "public"."find_leaked_api_keys"(text, boolean) IS 'Finds the keys that occur in a text, such as a file or a report of a secret scanner, and whose they are; is_revoking revokes them, with event api_key.leaked. Operators and service_role only. Errors: 42501 not_an_operator.';

COMMENT ON FUNCTION "public"."finish_event"(uuid, uuid, integer, text, boolean) IS 'Finishes a claimed event: delivered without an error; otherwise due again after a growing pause (30 s to 6 h), dead after 12 attempts or when is_final. attempt is the one claimed; returns the new status (delivered, pending, dead), null if a later claim has taken over. service_role only.';

COMMENT ON FUNCTION "public"."is_processing_allowed"(uuid, text, text, uuid) IS 'False if a restriction, objection or opt-out holds for the person (address or id) and the purpose. For every member, operators and service_role. Errors: 42501 not_your_company, not_an_operator; 22023 subject_missing.';

COMMENT ON FUNCTION "public"."issue_api_key"(uuid, text, text[], timestamp with time zone, inet[], integer, uuid) IS 'Issues an API key of a company: api_key is the key, shown this once; only its hash is kept. permissions are resource.verb, each held by the issuer; expires_at no later than the security policy''s api_key_max_age_days, which also applies without one; allowed_networks are where it may come from, empty for anywhere; rate_limit_per_minute (1 to 1000000) is beside the company''s own. Repeated with its api_key_id within ten minutes, by the same caller and before the key was used, it gives a new secret for the same key. For members holding api_keys.write, in their active company, and service_role; not for keys. Errors: 42501 not_your_company, not_a_person, permission_not_held; PT404 unknown_company; 22023 host_bits_set, invalid_expiry; 23514 unknown_permission, expiry_too_late; 23505 api_key_id_taken.';

COMMENT ON FUNCTION "public"."lift_processing_restriction"(uuid, uuid, text) IS 'Lifts a restriction; false if it has been. Event compliance.restriction_lifted. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_restriction; 22023 reason_missing.';

COMMENT ON FUNCTION "public"."list_company_secrets"(uuid) IS 'Names of a company''s secrets, whose they are and whether they can be read, never their values. Members holding api_keys.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator.';

COMMENT ON FUNCTION "public"."log_api_usage_and_update_budget"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp
  with time zone, text) IS 'Records usage that cost something (US dollars, 0 to 1,000,000,000; finer than a millionth is rounded up) and counts it in the budgets of company, agent and service, in one transaction. With reservation_id it settles a reservation, also one that has expired: recorded whatever it costs, flagged is_over_budget beyond a limit; one that was released counts as none. Without, a hard limit refuses it (PT402). idempotency_key or the reservation recognise a retry, which gets the first receipt with is_replayed. occurred_at lies in the last 366 days; a month that is closed takes nothing, so what comes late is charged to the running month. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; PT402 budget_exceeded; 22023 invalid_amount, invalid_service, invalid_usage, invalid_occurred_at, invalid_idempotency_key, reservation_mismatch; PT404 unknown_company, unknown_agent, unknown_reservation; PT409 company_suspended; PT410 company_closed; PT422 idempotency_key_reused.';

COMMENT ON FUNCTION "public"."log_api_usage_batch"(uuid, jsonb) IS 'Records 1 to 1000 events, all or none, each an object with the parameters of log_api_usage_and_update_budget() but company_id and reservation_id; a receipt for each, in their order. A retry repeats the batch: events that were recorded before get their first receipt. What goes beyond a hard limit as a whole is refused as a whole; a batch that crosses a soft limit is flagged as a whole. Members holding usage.write, for their active company; service_role for any. Errors: those of log_api_usage_and_update_budget(), with the place of the event in the message; 22023 invalid_batch.';

COMMENT ON FUNCTION "public"."maintain_compliance"() IS 'Reminds of requests a week and a day before they are due and once they are overdue (events compliance.due, compliance.overdue; each once), and deletes bundles after 30 days. Scheduled where pg_cron is installed. Returns how many notices went out. For service_role.';

COMMENT ON FUNCTION "public"."maintain_partitions"() IS 'Creates the monthly partitions that are missing up to months_ahead and returns how many. Run it daily: pg_cron does where it is installed, any scheduler with the service_role key elsewhere. Safe to repeat and to run twice at once; a partition whose table is in use is left to the next run, with a warning.';

COMMENT ON FUNCTION "public"."my_companies"() IS 'The companies in which the caller is an active member, with role, permissions, the company''s status and which one is active for this request. Sorted by name. Errors: none; no rows without a membership.';

COMMENT ON FUNCTION "public"."my_compliance_requests"() IS 'Requests in the active company that are about the caller, or that the caller passed on; latest first, at most 1000.';

COMMENT ON FUNCTION "public"."process_compliance_request"(uuid, uuid, integer, boolean) IS 'Carries out a request, looking at no more than max_rows rows (1 to 1000000) a call: call again until is_complete is true; stopped anywhere, the next call goes on, and a request that is done answers with its receipt again. Access, portability, know: a bundle of everything about the person, read by read_compliance_bundle(). Erasure, delete: everything that names the person is erased by column class, except what legal hold or the law keeps (rows_kept with reasons), until a pass over every text, jsonb and bytea column of the company finds nothing; remaining says what stands in the way. Rectification, correct: applies corrections. Restriction, objection, opt_out: adds to processing_restrictions. is_dry_run: what would be done, in receipt. Without company_id the active company. For compliance.manage, operators and service_role. Errors: 42501 not_your_company, not_an_operator, own_request, member_active, not_the_subject; PT404 unknown_request; 22023 invalid_batch_size, no_corrections, invalid_correction; 23514 identity_not_verified, request_closed.';

COMMENT ON FUNCTION "public"."put_company_secret"(uuid, text, text, uuid, text) IS 'Stores a secret of a company (1 to 65536 characters) under a name, for one agent or for all, in place of the one before; its id. It is encrypted with the company''s data key. For members holding api_keys.write, in their active company, and service_role; master_key is for the latter where there is no Vault. Recorded in the audit log, without the value. Errors: 42501 not_your_company, backend_only; PT404 unknown_company, unknown_agent; 22023 invalid_secret, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';

COMMENT ON FUNCTION "public"."read_company_secret"(uuid, text, uuid, text) IS 'The value of a secret: the agent''s own if it has one of that name, else the company''s. Every read is recorded in the audit log. service_role only; master_key is stated where there is no Vault. Errors: PT404 unknown_secret; 22023 secret_unreadable, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';

COMMENT ON FUNCTION "public"."read_compliance_bundle"(uuid, uuid, text) IS 'A file of the answer to a request for access; manifest.json lists them with their hashes. For the person while they are a member and asked while signed in, for compliance.manage, operators and service_role; each reading is recorded. Kept for 30 days. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_file.';

COMMENT ON FUNCTION "public"."reconcile_budget"(uuid, date, boolean) IS 'Compares what is counted for a month (its first day) with the ledger and the reservations, budget by budget; with mend, an open month is corrected. A closed month is only reported: adjust_budget() corrects it. Operators and service_role. Errors: 42501 not_an_operator; PT404 unknown_budget_month.';

COMMENT ON FUNCTION "public"."record_compliance_review"(uuid, text) IS 'Records that a company''s security and compliance were reviewed, with notes (10000 characters at most) and the state of each check, in the audit log; when the next review is due. For members holding compliance.manage, in their active company, and service_role. Errors: 42501 not_your_company; 22023 invalid_notes; PT404 unknown_company.';

COMMENT ON FUNCTION "public"."release_budget_reservation"(uuid, uuid) IS 'Gives back what a reservation holds; true if it still held something. Safe to repeat. Members holding usage.write, for their active company; service_role for any. Errors: 42501 not_your_company; PT404 unknown_reservation.';

COMMENT ON FUNCTION "public"."remove_ip_allowlist_entry"(uuid, inet, boolean) IS 'Removes an entry of the IP allowlist; false if there is none. Takes is_forced if it is the one that lets its remover in. Members holding security.manage, for their active company; operators and service_role for any. Errors: PT409 would_lock_you_out.';

COMMENT ON FUNCTION "public"."remove_permission"(uuid, text) IS 'Takes one permission (resource.verb) away from a member of the caller''s active company, also where the role brings it. Takes users.write and the permission itself. Returns the member''s permissions; safe to repeat. Errors: 42501 permission_not_held, own_permissions, member_outranks, not_a_member.';

COMMENT ON FUNCTION "public"."revoke_api_key"(uuid, uuid) IS 'Revokes a key, from the next statement on, also for tokens that were issued for it. When it was revoked; safe to repeat. For members holding api_keys.write, in their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_api_key.';

COMMENT ON FUNCTION "public"."rotate_api_key"(uuid, uuid, interval, timestamp with time zone) IS 'Issues a successor of a key, with the same name, permissions, networks and limit; the old one goes on for overlap (0 to 30 days, 24 hours unless told). Repeated within ten minutes, by the same caller and before the successor was used, it gives the successor a new secret. For members holding api_keys.write and all permissions of the key, in their active company, and service_role; not for keys. Errors: 42501 not_your_company, not_a_person, permission_not_held; PT404 unknown_api_key; 22023 invalid_overlap, invalid_expiry; 23514 expiry_too_late, already_rotated, api_key_ended.';

COMMENT ON FUNCTION "public"."rotate_master_key"(text, integer) IS 'Wraps the data keys of at most max_keys companies (1 to 10000) with a new master key; call again until remaining is 0. master_key, or Vault''s secret lytbub_master_key, has the new key and the old one, separated by a space. service_role only. Errors: 22023 invalid_batch_size, invalid_master_key, wrong_master_key; XX001 secret_corrupt.';

COMMENT ON FUNCTION "public"."run_data_retention"(uuid, boolean, integer) IS 'Applies the retention policies of a company, or of all without company_id: deletes or anonymises what is older, at most max_rows (1 to 100000) rows a call; what is under legal hold, not finished or within the minimum period of its class stays. A row for each policy that was applied; call again until is_complete is true everywhere, or error is set. For all companies, a month of which none keeps anything is dropped as a whole, in a call of its own. Rows that are locked are left to the next call; several calls at once share the work. With dry_run only counts. Each policy that found something is logged in data_retention_logs; a failure is logged, reported (event retention.failed) and does not stop the others. Members holding compliance.manage, for their active company; operators and service_role for any or all. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_batch_size.';

COMMENT ON FUNCTION "public"."search_audit_log"(uuid, timestamp with time zone, timestamp with time zone, uuid, text, text, uuid, text, text, timestamp
  with time zone, uuid, integer) IS 'Entries of a company''s audit log, latest first, at most max_rows (1 to 1000); those of starts_at up to ends_at, of an actor, an action (users.updated, or users for all of it), a table, a row, a column that changed, a request. For the next page give created_at and id of the last entry as before_at and before_id. changes has old and new value of each column; erased_fields names what erasure took out. Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';

COMMENT ON FUNCTION "public"."set_security_policy"(uuid, jsonb, boolean) IS 'Changes what is named in policy (required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, is_ip_allowlist_enabled, api_key_max_age_days, notes) as a new version, in force from the next statement on; what is left out stays. The policy then in force; nulls if its author has locked themselves out, which takes is_forced. Repeating it changes nothing. Members holding security.manage, for their active company; operators and service_role for any. Errors: 22023 invalid_policy; 42501; 23514; PT409 would_lock_you_out.';

COMMENT ON FUNCTION "public"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) IS 'Takes in a request of a person about their data. kind: access, portability, rectification, erasure, restriction, objection (gdpr); know, delete, correct, opt_out (ccpa). Without subject_email for whoever is signed in, who is then identified by their session unless further identifiers are claimed; any member may pass on the request of somebody else. identifiers (at most 20): what else names the person. corrections: list of {table_name, row_id, column_name, value}. purposes: kinds of jobs. request_id makes a repetition return the first answer. Due a month (GDPR Art. 12(3)) or 45 days (CCPA section 1798.130) after receipt; event compliance.received. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_company; 22023 subject_missing; 23505 request_id_taken; 23514 for values that are not possible.';

COMMENT ON FUNCTION "public"."switch_company"(uuid) IS 'Makes a company the caller''s default; the next token carries it. Refresh the session afterwards, or send header x-company-id. Returns the company id; safe to repeat. Errors: 42501 not_a_member.';

COMMENT ON FUNCTION "public"."usage_anomalies"(uuid, integer) IS 'Cost of each of the last days of a company (1 to 366) against the median of the 28 days before it: score is the modified z-score (Iglewicz and Hoaglin), is_anomalous when it is over 3.5; null and false with less than seven days of history. Runs as the caller: without usage.read there it returns no rows. Errors: 22023 invalid_series.';

COMMENT ON FUNCTION "public"."usage_series"(uuid, timestamp with time zone, timestamp with time zone, text, text, integer) IS 'Usage of a company over time, for a chart: for each bucket (hour, day, week, month; in the company''s time zone) from starts_at to before ends_at (the last 30 days unless told) and each series one row, zeros included. group_by is company (one series, all), service, agent or model; the max_series (1 to 100) that cost most have their own, the rest is other, and usage without one is none. cost_usd in US dollars. Runs as the caller: without usage.read there it returns no rows. Errors: 22023 invalid_series.';

COMMENT ON FUNCTION "public"."verify_api_key"(text, text, inet, text, integer) IS 'Whether a key is good for a permission (null: for any), from an address: ip, or header X-Forwarded-For as forwarded_for, read by system_config security.trusted_proxy_count. Counts cost (0 to 1000) against the key''s own limit; last_used_at is written at most once a minute. An unknown key costs as much as a known one. service_role only. Errors: 22023 invalid_cost.';

COMMENT ON FUNCTION "public"."verify_audit_chain"(uuid, bigint, integer, bigint, text) IS 'Sees whether a company''s audit log is as it was written: at most max_links (1 to 100000) links after after_link_no; go on with last_link_no until it is head_link_no. is_intact, and problems, an array of objects with kind (row_changed, row_missing, row_added, row_unlinked, link_missing, link_changed, segment_broken, head_changed, not_as_expected), link_no or row_id, and at. Keep head_link_no and head_hash elsewhere and give them as expected_link_no and expected_hash later: that finds a chain that was replaced as a whole. Members holding audit.read, for their active company; operators and service_role for any. Errors: 42501 not_your_company, not_an_operator; 22023 invalid_page.';

COMMENT ON FUNCTION "public"."verify_compliance_identity"(uuid, uuid, text) IS 'Records how it was made sure that the person is who they say (email, document, known_contact, other; GDPR Art. 12(6)). Whoever changes the person afterwards undoes it. For compliance.manage, operators and service_role. Errors: 42501 not_your_company, not_an_operator; PT404 unknown_request; 22023 invalid_method; 23514 request_closed.';

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

COMMENT ON POLICY "select_member" ON "public"."budget_adjustments" IS 'Members holding usage.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."budget_adjustments" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

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

COMMENT ON POLICY "select_member" ON "public"."processing_restrictions" IS 'Members holding compliance.read see the rows of their active company.';

COMMENT ON POLICY "select_platform_admin" ON "public"."processing_restrictions" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "all_platform_admin" ON "public"."security_policies" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "insert_member" ON "public"."security_policies" IS 'Members holding security.manage add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."security_policies" IS 'Members holding security.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."security_policies" IS 'Members holding security.manage change rows of their active company and cannot move them out of it.';

COMMENT ON POLICY "all_platform_admin" ON "public"."service_limits" IS 'Platform operators reach every company while the tables say they are admins; a demoted one gets nothing.';

COMMENT ON POLICY "delete_member" ON "public"."service_limits" IS 'Members holding billing.write delete rows of their active company.';

COMMENT ON POLICY "insert_member" ON "public"."service_limits" IS 'Members holding billing.write add rows to their active company only.';

COMMENT ON POLICY "select_member" ON "public"."service_limits" IS 'Members holding usage.read see the rows of their active company.';

COMMENT ON POLICY "update_member" ON "public"."service_limits" IS 'Members holding billing.write change rows of their active company and cannot move them out of it.';

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

COMMENT ON TABLE "private"."audit_heads" IS 'The last link of each company''s audit chain. Whoever adds a link holds the row until the transaction ends.';

COMMENT ON TABLE "private"."audit_links" IS 'One link for each transaction that wrote to a company''s audit log: the hash over its rows and the link before it.';

COMMENT ON TABLE "private"."audit_segments" IS 'What was pruned from the front of a company''s audit chain, and what it came to.';

COMMENT ON TABLE "private"."budget_reconciliations" IS 'When a budget was last compared with the ledger.';

COMMENT ON TABLE "private"."budget_reservations" IS 'Estimates held against budgets until they are settled, released or expire. Amounts in millionths of a US dollar.';

COMMENT ON TABLE "private"."budget_stripes" IS 'Counters of a busy budget, 64 a budget: shares granted by public.budget_periods, and what was spent and held of them.';

COMMENT ON TABLE "private"."column_classes" IS 'What each column holds and what erasure does with it. class: identifier (names a row or, under a pseudonym, a person), personal, sensitive, financial, secret, operational. erasure: keep; delete (the row goes); scrub (what names the person is replaced wherever it stands in it); clear (null where it names the person); commit (replaced by a commitment, in the audit log).';

COMMENT ON TABLE "private"."company_data_keys" IS 'The key of each company that its secrets are encrypted with, itself encrypted with a master key. No API role may read it.';

COMMENT ON TABLE "private"."company_secrets" IS 'Secrets of companies for third parties, encrypted. No API role may read it.';

COMMENT ON TABLE "private"."compliance_reviews" IS 'Last review of each company''s security and compliance, and last reminder.';

COMMENT ON TABLE "private"."import_secret" IS 'Secret behind private.import_token(); one row.';

COMMENT ON TABLE "private"."outbox_events" IS 'Events to be delivered to somebody outside, written in the transaction that made them true.';

COMMENT ON TABLE "private"."partitioned_tables" IS 'Tables partitioned by month, and how many months ahead are kept ready.';

COMMENT ON TABLE "private"."permissions" IS 'Every permission that exists, as resource.verb.';

COMMENT ON TABLE "private"."plan_tiers" IS 'Monthly limit (US dollars) and features that a plan of each tier starts with.';

COMMENT ON TABLE "private"."rate_limit_buckets" IS 'One timestamp for each company and each API key that is limited. Unlogged.';

COMMENT ON TABLE "private"."retention_classes" IS 'Classes of data that a retention policy can name, what of them may go at all, and how long they must be kept whatever a policy says.';

COMMENT ON TABLE "private"."role_permissions" IS 'Which permissions a role brings; users.granted_permissions and revoked_permissions change it per member.';

COMMENT ON TABLE "private"."subject_bundle_files" IS 'Files of answered requests for access, kept for 30 days.';

COMMENT ON TABLE "private"."subject_work" IS 'How far the work on a request for erasure or access has come; gone when it is done.';

COMMENT ON TABLE "private"."usage_keys" IS 'Idempotency keys of recorded usage, kept for 30 days.';

COMMENT ON TABLE "public"."agent_logs" IS 'Log of AI agents. Append-only; partitioned by month of created_at.';

COMMENT ON TABLE "public"."ai_agents" IS 'AI agents of a company: provider, model and configuration.';

COMMENT ON TABLE "public"."api_keys" IS 'API keys of a company, without their secrets.';

COMMENT ON TABLE "public"."api_usage" IS 'Ledger of API usage. Append-only; partitioned by month of occurred_at. Written by the budget functions.';

COMMENT ON TABLE "public"."audit_logs" IS 'Audit log of a company. Append-only; partitioned by month of created_at.';

COMMENT ON TABLE "public"."budget_adjustments" IS 'Credits (negative) and corrections (positive) to a month of a company, also a closed one. Append-only; written by adjust_budget().';

COMMENT ON TABLE "public"."budget_alerts" IS 'Alerts: a threshold of the monthly limit was reached.';

COMMENT ON TABLE "public"."budget_periods" IS 'Budget of a company per calendar month (its time zone), and of each limited agent and service. Amounts in millionths of a US dollar. A busy budget is up to a second behind; budget_status() is exact.';

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

COMMENT ON TABLE "public"."processing_restrictions" IS 'Whose data a company may not process, and for what. Written by functions only.';

COMMENT ON TABLE "public"."security_policies" IS 'Security policies of a company, versioned; one is active.';

COMMENT ON TABLE "public"."service_limits" IS 'Limits that a company sets for single services, a calendar month. Hard: usage beyond one is refused.';

COMMENT ON TABLE "public"."services" IS 'Services that a company offers, with price and billing unit.';

COMMENT ON TABLE "public"."system_config" IS 'Platform-wide settings. Operators only; no company_id on purpose.';

COMMENT ON TABLE "public"."users" IS 'Members of companies: who belongs where, in which role, with which permissions. The row is the membership.';

COMMENT ON TYPE "private"."charged_month" IS 'A month that a part of a batch is charged to.';

COMMENT ON TYPE "private"."plain_budgets" IS 'The budgets of a request, as its caller knows them.';

COMMENT ON TYPE "private"."recorded_event" IS 'What became of one event of a batch.';

COMMENT ON TYPE "private"."spender" IS 'Answer of private.find_spender().';

COMMENT ON TYPE "private"."usage_event" IS 'One event of a batch.';

COMMENT ON TYPE "public"."api_key_verification" IS 'Whether a key is good, and whose it is. reason: valid, unknown, revoked, expired, company_not_active, ip_not_allowed, permission_missing or rate_limited, then with seconds to wait.';

COMMENT ON TYPE "public"."budget_decision" IS 'Answer of check_budget_before_usage(). Amounts in US dollars.';

COMMENT ON TYPE "public"."issued_api_key" IS 'A key that was just issued. api_key is the key itself, which is shown this once.';

COMMENT ON TYPE "public"."rate_limit_decision" IS 'Answer of check_rate_limit().';

COMMENT ON TYPE "public"."usage_receipt" IS 'Answer of log_api_usage_and_update_budget(). Amounts in US dollars.';

COMMENT ON VIEW "private"."api_key_states" IS 'Every API key with what keeps it out (problem: revoked, expired, company_not_active; null if nothing does but perhaps its address).';

REVOKE ALL ON FUNCTION "private"."access_problem"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."actor_id"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."actor_id"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."address_pattern"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."adjust_budget"(uuid, date, numeric, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."adjust_budget"(uuid, date, numeric, text, uuid) TO "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."anonymous_values"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."api_key_expiry"(uuid, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."api_key_hash"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."api_key_token_problem"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_corrections"(public.compliance_requests, private.subject_work) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_limit"(uuid, uuid, text, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_plan"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_rate_decision"(public.rate_limit_decision) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apply_time_zone"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_changes"(jsonb, jsonb, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_genesis"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_leaves"(public.audit_logs[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_link_hash"(bytea, bigint, timestamp WITH time zone, xid8, integer, bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_request"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_role"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."audit_rows"(uuid, timestamp WITH time zone, xid8) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."budget_balance"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."budget_share"(bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."budget_status"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."budget_status"(uuid) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."bytes_text"(bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."change_member_permission"(uuid, text, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."charge_all_plainly"(uuid, private.plain_budgets, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge_budget"(uuid, uuid, integer, integer, bigint, bigint, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge_budget_slowly"(uuid, uuid, integer, bigint, bigint, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge_plainly"(uuid, uuid, integer, boolean, bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge_scope"(uuid, uuid, integer, integer, bigint, bigint, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."charge_usage"(uuid, timestamp WITH time zone, uuid, text, bigint, private.spender, uuid[], bigint, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_access"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_api_keys"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_audit_chain"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_budget"(uuid, uuid, numeric, text, integer, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."check_budget"(uuid, uuid, numeric, text, integer, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."check_rate_limit"(uuid, integer, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."check_rate_limit"(uuid, integer, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."check_requests"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_retention"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."claim_events"(integer, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."claim_events"(integer, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."client_address"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_budget_periods"(interval) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_other_requests"(public.compliance_requests, private.subject_work) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_partition"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."column_class_problems"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."company_for"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."company_for"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."company_for_api_key"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."company_rate"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."compare_budget"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."compliance_status"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."compliance_status"(uuid) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."compliance_ticket"(public.compliance_requests) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_limits"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."create_month_partition"(text, date) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."csv_field"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."current_user_id"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."current_user_id"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."custom_access_token_hook"(jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."custom_access_token_hook"(jsonb) TO "supabase_auth_admin";

REVOKE ALL ON FUNCTION "private"."default_company"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."delete_company_secret"(uuid, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_company_secret"(uuid, text, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."drop_company_data_key"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."drop_company_data_key"(uuid) TO "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."drop_expired_partition"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."emit_event"(uuid, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_audit_fields"(uuid, timestamp WITH time zone, uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_files"(private.subject_work) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_page"(private.subject_work, private.subject_table, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erasure_exception"(uuid, regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."explain_ip_access"(uuid, inet) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."explain_ip_access"(uuid, inet) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."export_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, timestamp WITH time zone, uuid, integer) FROM PUBLIC;

GRANT EXECUTE
  ON FUNCTION "private"."export_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, timestamp WITH time zone, uuid, integer)
  TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."export_page"(private.subject_work, private.subject_table, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."extend_compliance_request"(uuid, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."extend_compliance_request"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."find_leaked_api_keys"(text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."find_leaked_api_keys"(text, boolean) TO "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."find_restriction"(uuid, text, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_spender"(uuid, timestamp WITH time zone, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_subject"(public.compliance_requests) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_bundle"(public.compliance_requests, private.subject_work) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_erasure"(public.compliance_requests, private.subject_work) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."finish_event"(uuid, uuid, integer, text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."finish_event"(uuid, uuid, integer, text, boolean) TO "service_role";

REVOKE ALL ON FUNCTION "private"."flush_budgets"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."fold_stripes"(uuid, uuid, smallint, boolean, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forwarded_address"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."go_through"(public.compliance_requests, private.subject_work, boolean, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."identifier_pattern"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."import_token"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_address_allowed"(uuid, inet) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_admin"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_backend"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_import_token"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_import_token"(text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."is_importing"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_importing"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."is_key_address_allowed"(uuid, cidr[], boolean, inet) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_platform_admin"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_platform_admin"() TO "platform_admin";

REVOKE ALL ON FUNCTION "private"."is_processing_allowed"(uuid, text, text, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_processing_allowed"(uuid, text, text, uuid) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."is_reissued"(public.api_keys) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_usage"(bigint, text, bigint, bigint, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."issue_api_key"(uuid, text, text[], timestamp WITH time zone, inet[], integer, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."issue_api_key"(uuid, text, text[], timestamp WITH time zone, inet[], integer, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."lacks_room"(uuid, uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ledger_total"(uuid, date, timestamp WITH time zone, timestamp WITH time zone, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lift_processing_restriction"(uuid, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."lift_processing_restriction"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."limit_request"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."limit_request"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."link_audit"(uuid, timestamp WITH time zone, xid8) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."list_company_secrets"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_company_secrets"(uuid) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."lock_api_key"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_budget"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."log_usage"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp WITH time zone, text) FROM PUBLIC;

GRANT EXECUTE
  ON FUNCTION "private"."log_usage"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp WITH time zone, text)
  TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."log_usage_batch"(uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."log_usage_batch"(uuid, jsonb) TO "authenticated", "service_role";

REVOKE ALL
  ON FUNCTION "private"."log_usage_slowly"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp WITH time zone, text)
  FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."maintain_compliance"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."maintain_compliance"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."maintain_partitions"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."maintain_partitions"() TO "service_role";

REVOKE ALL ON FUNCTION "private"."master_key_hint"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."master_keys"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."merge_pairs"(jsonb[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."micro_usd"(numeric, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."my_companies"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_companies"() TO "authenticated", "platform_admin";

REVOKE ALL ON FUNCTION "private"."my_compliance_requests"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_compliance_requests"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."new_api_key"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_budget_month"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."open_request"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pairs"(text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."parse_json_object"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."parse_json_object"(text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."parse_uuid"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."parse_uuid"(text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."permissions_of"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."plan_limit"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."policy_problem"(public.security_policies, text, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."process_compliance_request"(uuid, uuid, integer, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."process_compliance_request"(uuid, uuid, integer, boolean) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."prune_audit_chain"(uuid, timestamp WITH time zone, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."prune_budgets"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."put_company_secret"(uuid, text, text, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."put_company_secret"(uuid, text, text, uuid, text) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."raise_budget_alerts"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."read_company_secret"(uuid, text, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_company_secret"(uuid, text, uuid, text) TO "service_role";

REVOKE ALL ON FUNCTION "private"."read_compliance_bundle"(uuid, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."read_compliance_bundle"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."read_usage_events"(uuid, jsonb, timestamp WITH time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reconcile_budget"(uuid, date, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."reconcile_budget"(uuid, date, boolean) TO "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."reconcile_budgets"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."record_compliance_review"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."record_compliance_review"(uuid, text) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."record_sign_in"(uuid, uuid, jsonb) FROM PUBLIC;

REVOKE ALL
  ON FUNCTION "private"."record_usage"(uuid, uuid, timestamp WITH time zone, timestamp
    WITH time zone, private.spender, private.budget_reservations, text, text, uuid, text, bigint, bigint, text, text, bigint, bigint, jsonb, text)
  FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."record_usage_events"(uuid, private.usage_event[], uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refresh_budget_row"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_access"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_spending"(uuid, uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_without_admin"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_expired_holds"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_hold"(uuid, uuid[], bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."release_reservation"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."release_reservation"(uuid, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."remind_of_reviews"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."replay_usage"(uuid, uuid, timestamp WITH time zone, text, uuid, bigint, private.budget_reservations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_company"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_key_issuer"(uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_operator"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_reader"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_service"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_usage"(bigint, text, bigint, bigint, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reserve_quickly"(uuid, uuid, bigint, text, integer, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."retain_batch"(uuid, text, text, timestamp WITH time zone, integer, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."review_due_at"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."revoke_api_key"(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."revoke_api_key"(uuid, uuid) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."rotate_api_key"(uuid, uuid, interval, timestamp WITH time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rotate_api_key"(uuid, uuid, interval, timestamp WITH time zone) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "private"."rotate_master_key"(text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."rotate_master_key"(text, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."run_data_retention"(uuid, boolean, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."run_data_retention"(uuid, boolean, integer) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."schedule_maintenance"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."scrub_json"(jsonb, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."scrub_text"(text, text, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."seal"(text, uuid, text) FROM PUBLIC;

REVOKE ALL
  ON FUNCTION "private"."search_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, uuid, text, text, uuid, text, text, timestamp WITH time zone, uuid, integer)
  FROM PUBLIC;

GRANT EXECUTE
  ON FUNCTION "private"."search_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, uuid, text, text, uuid, text, text, timestamp WITH time zone, uuid, integer)
  TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."set_api_key_secret"(public.api_keys) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."settle_quickly"(uuid, text, uuid, text, bigint, uuid, bigint, text, text, bigint, bigint, jsonb, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."subject_tables"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) FROM PUBLIC;

GRANT EXECUTE
  ON FUNCTION "private"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid)
  TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."switch_company"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."switch_company"(uuid) TO "authenticated", "platform_admin";

REVOKE ALL ON FUNCTION "private"."take_key_rate"(uuid, uuid, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_rate"(uuid, text, integer, integer, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_ai_agents__apply_limit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_ai_agents__release_holds"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_ai_agents__set_archived_at"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_audit_links__link"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_audit_logs__begin_link"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_budget_alerts__set_acknowledged_by"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_budget_periods__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_budget_periods__keep_closed"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_companies__apply_time_zone"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_companies__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_companies__keep_operator"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_company_plans__apply_plan"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_company_plans__set_defaults"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_compliance_requests__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_data_retention_policies__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_invoice_line_items__sum_up"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_invoices__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_ip_allowlist_entries__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_jobs__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_jobs__refuse_restricted"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__refuse_change"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__refuse_move"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__set_creator"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_row__set_meta"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_security__keep_author_in"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_security_policies__supersede"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_service_limits__apply_limit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_statement__audit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__check"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__keep_admin"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tg_users__release_jobs"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."token_api_key"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unseal"(bytea, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unwrap_data_key"(private.company_data_keys, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."uuid_v7"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."uuid_v7"() TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."verify_api_key"(text, text, inet, text, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."verify_api_key"(text, text, inet, text, integer) TO "service_role";

REVOKE ALL ON FUNCTION "private"."verify_audit_chain"(uuid, bigint, integer, bigint, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."verify_audit_chain"(uuid, bigint, integer, bigint, text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."verify_compliance_identity"(uuid, uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."verify_compliance_identity"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

REVOKE ALL ON FUNCTION "private"."write_audit"(uuid, text, text, uuid, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."adjust_budget"(uuid, date, numeric, text, uuid) TO "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."assign_permission"(uuid, text) TO "authenticated";

GRANT EXECUTE ON FUNCTION "public"."budget_forecast"(uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."budget_status"(uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."check_budget_before_usage"(uuid, uuid, numeric, text, integer, uuid) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."check_rate_limit"(uuid, integer, uuid) TO "authenticated", "service_role";

REVOKE ALL ON FUNCTION "public"."check_request"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "public"."check_request"() TO "anon", "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."claim_events"(integer, integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."compliance_status"(uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."delete_company_secret"(uuid, text, uuid) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."drop_company_data_key"(uuid) TO "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."explain_ip_access"(uuid, inet) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE
  ON FUNCTION "public"."export_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, timestamp WITH time zone, uuid, integer)
  TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."extend_compliance_request"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."find_leaked_api_keys"(text, boolean) TO "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."finish_event"(uuid, uuid, integer, text, boolean) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."is_processing_allowed"(uuid, text, text, uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."issue_api_key"(uuid, text, text[], timestamp WITH time zone, inet[], integer, uuid) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."lift_processing_restriction"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."list_company_secrets"(uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE
  ON FUNCTION "public"."log_api_usage_and_update_budget"(uuid, text, uuid, text, numeric, uuid, text, bigint, text, text, bigint, bigint, jsonb, timestamp WITH time zone, text)
  TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."log_api_usage_batch"(uuid, jsonb) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."maintain_compliance"() TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."maintain_partitions"() TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."my_companies"() TO "authenticated", "platform_admin";

GRANT EXECUTE ON FUNCTION "public"."my_compliance_requests"() TO "authenticated";

GRANT EXECUTE ON FUNCTION "public"."process_compliance_request"(uuid, uuid, integer, boolean) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."put_company_secret"(uuid, text, text, uuid, text) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."read_company_secret"(uuid, text, uuid, text) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."read_compliance_bundle"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."reconcile_budget"(uuid, date, boolean) TO "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."record_compliance_review"(uuid, text) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."release_budget_reservation"(uuid, uuid) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."remove_ip_allowlist_entry"(uuid, inet, boolean) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."remove_permission"(uuid, text) TO "authenticated";

GRANT EXECUTE ON FUNCTION "public"."revoke_api_key"(uuid, uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."rotate_api_key"(uuid, uuid, interval, timestamp WITH time zone) TO "authenticated", "service_role";

GRANT EXECUTE ON FUNCTION "public"."rotate_master_key"(text, integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."run_data_retention"(uuid, boolean, integer) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE
  ON FUNCTION "public"."search_audit_log"(uuid, timestamp WITH time zone, timestamp WITH time zone, uuid, text, text, uuid, text, text, timestamp WITH time zone, uuid, integer)
  TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."set_security_policy"(uuid, jsonb, boolean) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."submit_compliance_request"(uuid, text, text, text, text, text, text[], jsonb, text[], uuid) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."switch_company"(uuid) TO "authenticated", "platform_admin";

GRANT EXECUTE ON FUNCTION "public"."usage_anomalies"(uuid, integer) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE
  ON FUNCTION "public"."usage_series"(uuid, timestamp WITH time zone, timestamp WITH time zone, text, text, integer)
  TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."verify_api_key"(text, text, inet, text, integer) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."verify_audit_chain"(uuid, bigint, integer, bigint, text) TO "authenticated", "platform_admin", "service_role";

GRANT EXECUTE ON FUNCTION "public"."verify_compliance_identity"(uuid, uuid, text) TO "authenticated", "platform_admin", "service_role";

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

REVOKE ALL ("replaces_id") ON TABLE "public"."api_keys" FROM "service_role";

GRANT INSERT ("replaces_id") ON TABLE "public"."api_keys" TO "service_role";

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

REVOKE ALL ("budget_month") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("budget_month") ON TABLE "public"."api_usage" TO "service_role";

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

REVOKE ALL ("is_out_of_month") ON TABLE "public"."api_usage" FROM "service_role";

GRANT INSERT ("is_out_of_month") ON TABLE "public"."api_usage" TO "service_role";

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

REVOKE ALL ON TABLE "public"."budget_adjustments" FROM "authenticated";

GRANT SELECT ON TABLE "public"."budget_adjustments" TO "authenticated";

GRANT SELECT ON TABLE "public"."budget_adjustments" TO "platform_admin";

REVOKE ALL ON TABLE "public"."budget_adjustments" FROM "service_role";

REVOKE ALL ("amount_micro_usd") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("amount_micro_usd") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("budget_period_id") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("budget_period_id") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("created_by") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."budget_adjustments" TO "service_role";

REVOKE ALL ("reason") ON TABLE "public"."budget_adjustments" FROM "service_role";

GRANT INSERT ("reason") ON TABLE "public"."budget_adjustments" TO "service_role";

GRANT SELECT ON TABLE "public"."budget_adjustments" TO "service_role";

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

REVOKE ALL ("adjusted_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("adjusted_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("agent_id") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("agent_id") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("agent_limit_count") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("agent_limit_count") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("alert_percents") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("alert_percents") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("closed_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("closed_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("created_by") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("ends_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("ends_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("enforcement") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("enforcement") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("limit_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("limit_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("month") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("month") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("reserved_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("reserved_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("scope") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("scope") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("service_limit_count") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("service_limit_count") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("service") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("service") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("spent_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("spent_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("starts_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("starts_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("status") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("status") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("updated_at") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("updated_by") ON TABLE "public"."budget_periods" TO "service_role";

REVOKE ALL ("watch_micro_usd") ON TABLE "public"."budget_periods" FROM "service_role";

GRANT INSERT ("watch_micro_usd") ON TABLE "public"."budget_periods" TO "service_role";

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

REVOKE ALL ("budget_alert_percents") ON TABLE "public"."company_config" FROM "authenticated";

GRANT UPDATE ("budget_alert_percents") ON TABLE "public"."company_config" TO "authenticated";

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

GRANT INSERT ("budget_alert_percents"), UPDATE ("budget_alert_percents") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("company_id") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("default_agent_model"), UPDATE ("default_agent_model") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("invoice_number_prefix"), UPDATE ("invoice_number_prefix") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("invoice_payment_days"), UPDATE ("invoice_payment_days") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("notification_emails"), UPDATE ("notification_emails") ON TABLE "public"."company_config" TO "platform_admin";

GRANT INSERT ("settings"), UPDATE ("settings") ON TABLE "public"."company_config" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."company_config" TO "platform_admin";

REVOKE ALL ON TABLE "public"."company_config" FROM "service_role";

REVOKE ALL ("budget_alert_percents") ON TABLE "public"."company_config" FROM "service_role";

GRANT INSERT ("budget_alert_percents"), UPDATE ("budget_alert_percents") ON TABLE "public"."company_config" TO "service_role";

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

GRANT INSERT ("enforcement"), UPDATE ("enforcement") ON TABLE "public"."company_plans" TO "platform_admin";

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

REVOKE ALL ("enforcement") ON TABLE "public"."company_plans" FROM "service_role";

GRANT INSERT ("enforcement"), UPDATE ("enforcement") ON TABLE "public"."company_plans" TO "service_role";

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

REVOKE ALL ("corrections") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("corrections"), UPDATE ("corrections") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("details") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("identifiers") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("identifiers"), UPDATE ("identifiers") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("kind") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("kind") ON TABLE "public"."compliance_requests" TO "authenticated";

REVOKE ALL ("purposes") ON TABLE "public"."compliance_requests" FROM "authenticated";

GRANT INSERT ("purposes"), UPDATE ("purposes") ON TABLE "public"."compliance_requests" TO "authenticated";

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

GRANT INSERT ("corrections"), UPDATE ("corrections") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("identifiers"), UPDATE ("identifiers") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("kind") ON TABLE "public"."compliance_requests" TO "platform_admin";

GRANT INSERT ("purposes"), UPDATE ("purposes") ON TABLE "public"."compliance_requests" TO "platform_admin";

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

REVOKE ALL ("corrections") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("corrections"), UPDATE ("corrections") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("details") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("details"), UPDATE ("details") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("due_at") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("due_at"), UPDATE ("due_at") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("identifiers") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("identifiers"), UPDATE ("identifiers") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("kind") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("kind"), UPDATE ("kind") ON TABLE "public"."compliance_requests" TO "service_role";

REVOKE ALL ("purposes") ON TABLE "public"."compliance_requests" FROM "service_role";

GRANT INSERT ("purposes"), UPDATE ("purposes") ON TABLE "public"."compliance_requests" TO "service_role";

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

REVOKE ALL ON TABLE "public"."processing_restrictions" FROM "authenticated";

GRANT SELECT ON TABLE "public"."processing_restrictions" TO "authenticated";

GRANT SELECT ON TABLE "public"."processing_restrictions" TO "platform_admin";

REVOKE ALL ON TABLE "public"."processing_restrictions" FROM "service_role";

GRANT SELECT ON TABLE "public"."processing_restrictions" TO "service_role";

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

REVOKE ALL ON TABLE "public"."service_limits" FROM "authenticated";

REVOKE ALL ("company_id") ON TABLE "public"."service_limits" FROM "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."service_limits" TO "authenticated";

REVOKE ALL ("id") ON TABLE "public"."service_limits" FROM "authenticated";

GRANT INSERT ("id") ON TABLE "public"."service_limits" TO "authenticated";

REVOKE ALL ("monthly_limit_micro_usd") ON TABLE "public"."service_limits" FROM "authenticated";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."service_limits" TO "authenticated";

REVOKE ALL ("service") ON TABLE "public"."service_limits" FROM "authenticated";

GRANT INSERT ("service"), UPDATE ("service") ON TABLE "public"."service_limits" TO "authenticated";

GRANT DELETE, SELECT ON TABLE "public"."service_limits" TO "authenticated";

GRANT INSERT ("company_id") ON TABLE "public"."service_limits" TO "platform_admin";

GRANT INSERT ("id") ON TABLE "public"."service_limits" TO "platform_admin";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."service_limits" TO "platform_admin";

GRANT INSERT ("service"), UPDATE ("service") ON TABLE "public"."service_limits" TO "platform_admin";

GRANT DELETE, SELECT ON TABLE "public"."service_limits" TO "platform_admin";

REVOKE ALL ON TABLE "public"."service_limits" FROM "service_role";

REVOKE ALL ("company_id") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("company_id") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("created_at") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("created_at") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("created_by") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("created_by"), UPDATE ("created_by") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("id") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("id") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("monthly_limit_micro_usd") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("monthly_limit_micro_usd"), UPDATE ("monthly_limit_micro_usd") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("service") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("service"), UPDATE ("service") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("updated_at") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("updated_at"), UPDATE ("updated_at") ON TABLE "public"."service_limits" TO "service_role";

REVOKE ALL ("updated_by") ON TABLE "public"."service_limits" FROM "service_role";

GRANT INSERT ("updated_by"), UPDATE ("updated_by") ON TABLE "public"."service_limits" TO "service_role";

GRANT DELETE, SELECT ON TABLE "public"."service_limits" TO "service_role";

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

ALTER TABLE "private"."budget_reservations"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "private"."budget_reservations"
  ADD CONSTRAINT "budget_reservations_pkey" PRIMARY KEY (company_id, id);

ALTER TABLE "private"."outbox_events"
  ADD COLUMN "id" uuid NOT NULL DEFAULT private.uuid_v7();

ALTER TABLE "private"."outbox_events"
  ADD CONSTRAINT "outbox_events_pkey" PRIMARY KEY (company_id, id);

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
