// Generated: do not edit; run `npm run generate types`.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  public: {
    Tables: {
      agent_logs: {
        Row: {
          agent_id: string;
          company_id: string;
          created_at: string;
          created_by: string | null;
          data: NonNullable<Json>;
          duration_ms: number | null;
          event: string;
          id: string;
          job_id: string | null;
          level: string;
          message: string | null;
          request_id: string | null;
        };
        ComputedFields: never;
        Insert: {
          agent_id: string;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          data?: NonNullable<Json>;
          duration_ms?: number | null;
          event: string;
          id?: string;
          job_id?: string | null;
          level?: string;
          message?: string | null;
          request_id?: string | null;
        };
        Update: {
          agent_id?: string;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          data?: NonNullable<Json>;
          duration_ms?: number | null;
          event?: string;
          id?: string;
          job_id?: string | null;
          level?: string;
          message?: string | null;
          request_id?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'agent_logs_agent_fk';
            columns: ['company_id', 'agent_id'];
            isOneToOne: false;
            referencedRelation: 'ai_agents';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'agent_logs_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'agent_logs_job_fk';
            columns: ['company_id', 'job_id'];
            isOneToOne: false;
            referencedRelation: 'jobs';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      ai_agents: {
        Row: {
          archived_at: string | null;
          company_id: string;
          configuration: NonNullable<Json>;
          created_at: string;
          created_by: string | null;
          description: string | null;
          id: string;
          max_output_tokens: number | null;
          model: string;
          monthly_limit_micro_usd: number | null;
          name: string;
          provider: string;
          status: string;
          system_prompt: string | null;
          temperature: number | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          archived_at?: string | null;
          company_id: string;
          configuration?: NonNullable<Json>;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          max_output_tokens?: number | null;
          model: string;
          monthly_limit_micro_usd?: number | null;
          name: string;
          provider: string;
          status?: string;
          system_prompt?: string | null;
          temperature?: number | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          archived_at?: string | null;
          company_id?: string;
          configuration?: NonNullable<Json>;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          max_output_tokens?: number | null;
          model?: string;
          monthly_limit_micro_usd?: number | null;
          name?: string;
          provider?: string;
          status?: string;
          system_prompt?: string | null;
          temperature?: number | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'ai_agents_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      api_keys: {
        Row: {
          allowed_networks: unknown[];
          company_id: string;
          created_at: string;
          created_by: string | null;
          expires_at: string | null;
          id: string;
          last_used_at: string | null;
          name: string;
          permissions: string[];
          prefix: string;
          rate_limit_per_minute: number | null;
          replaces_id: string | null;
          revoked_at: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          allowed_networks?: unknown[];
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          expires_at?: string | null;
          id?: string;
          last_used_at?: string | null;
          name: string;
          permissions?: string[];
          prefix: string;
          rate_limit_per_minute?: number | null;
          replaces_id?: string | null;
          revoked_at?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          allowed_networks?: unknown[];
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          expires_at?: string | null;
          id?: string;
          last_used_at?: string | null;
          name?: string;
          permissions?: string[];
          prefix?: string;
          rate_limit_per_minute?: number | null;
          replaces_id?: string | null;
          revoked_at?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'api_keys_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      api_usage: {
        Row: {
          agent_id: string | null;
          budget_month: string | null;
          company_id: string;
          cost_micro_usd: number;
          created_at: string;
          created_by: string | null;
          description: string | null;
          id: string;
          input_tokens: number | null;
          is_out_of_month: boolean;
          is_over_budget: boolean;
          metadata: NonNullable<Json>;
          model: string | null;
          occurred_at: string;
          output_tokens: number | null;
          request_id: string | null;
          service: string;
          unit: string;
          units: number;
        };
        ComputedFields: never;
        Insert: {
          agent_id?: string | null;
          budget_month?: string | null;
          company_id: string;
          cost_micro_usd: number;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          input_tokens?: number | null;
          is_out_of_month?: boolean;
          is_over_budget?: boolean;
          metadata?: NonNullable<Json>;
          model?: string | null;
          occurred_at?: string;
          output_tokens?: number | null;
          request_id?: string | null;
          service: string;
          unit?: string;
          units?: number;
        };
        Update: {
          agent_id?: string | null;
          budget_month?: string | null;
          company_id?: string;
          cost_micro_usd?: number;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          input_tokens?: number | null;
          is_out_of_month?: boolean;
          is_over_budget?: boolean;
          metadata?: NonNullable<Json>;
          model?: string | null;
          occurred_at?: string;
          output_tokens?: number | null;
          request_id?: string | null;
          service?: string;
          unit?: string;
          units?: number;
        };
        Relationships: [
          {
            foreignKeyName: 'api_usage_agent_fk';
            columns: ['company_id', 'agent_id'];
            isOneToOne: false;
            referencedRelation: 'ai_agents';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'api_usage_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      audit_logs: {
        Row: {
          action: string;
          actor_id: string | null;
          actor_role: string | null;
          changes: NonNullable<Json>;
          commitments: Json | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          ip_address: unknown;
          opens_link: boolean;
          request_id: string | null;
          row_id: string | null;
          salt: string | null;
          table_name: string | null;
          transaction_id: unknown;
          user_agent: string | null;
        };
        ComputedFields: never;
        Insert: {
          action: string;
          actor_id?: string | null;
          actor_role?: string | null;
          changes?: NonNullable<Json>;
          commitments?: Json | null;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          ip_address?: unknown;
          opens_link?: boolean;
          request_id?: string | null;
          row_id?: string | null;
          salt?: string | null;
          table_name?: string | null;
          transaction_id?: unknown;
          user_agent?: string | null;
        };
        Update: {
          action?: string;
          actor_id?: string | null;
          actor_role?: string | null;
          changes?: NonNullable<Json>;
          commitments?: Json | null;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          ip_address?: unknown;
          opens_link?: boolean;
          request_id?: string | null;
          row_id?: string | null;
          salt?: string | null;
          table_name?: string | null;
          transaction_id?: unknown;
          user_agent?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'audit_logs_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      billing_accounts: {
        Row: {
          cancel_at_period_end: boolean;
          company_id: string;
          created_at: string;
          created_by: string | null;
          currency: string | null;
          current_period_ends_at: string | null;
          current_period_starts_at: string | null;
          customer_attempt: number;
          grace_ends_at: string | null;
          id: string;
          last_error: string | null;
          monthly_amount_minor: number;
          past_due_since: string | null;
          payment_stage: string;
          payment_status: string;
          reconciled_at: string | null;
          stripe_price_id: string | null;
          stripe_subscription_id: string | null;
          subscription_status: string | null;
          suspended_at: string | null;
          suspends_at: string | null;
          sync_started_at: string | null;
          synced_at: string | null;
          trial_ends_at: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          cancel_at_period_end?: boolean;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string | null;
          current_period_ends_at?: string | null;
          current_period_starts_at?: string | null;
          customer_attempt?: number;
          grace_ends_at?: string | null;
          id?: string;
          last_error?: string | null;
          monthly_amount_minor?: number;
          past_due_since?: string | null;
          payment_stage?: string;
          payment_status?: string;
          reconciled_at?: string | null;
          stripe_price_id?: string | null;
          stripe_subscription_id?: string | null;
          subscription_status?: string | null;
          suspended_at?: string | null;
          suspends_at?: string | null;
          sync_started_at?: string | null;
          synced_at?: string | null;
          trial_ends_at?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          cancel_at_period_end?: boolean;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string | null;
          current_period_ends_at?: string | null;
          current_period_starts_at?: string | null;
          customer_attempt?: number;
          grace_ends_at?: string | null;
          id?: string;
          last_error?: string | null;
          monthly_amount_minor?: number;
          past_due_since?: string | null;
          payment_stage?: string;
          payment_status?: string;
          reconciled_at?: string | null;
          stripe_price_id?: string | null;
          stripe_subscription_id?: string | null;
          subscription_status?: string | null;
          suspended_at?: string | null;
          suspends_at?: string | null;
          sync_started_at?: string | null;
          synced_at?: string | null;
          trial_ends_at?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'billing_accounts_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: true;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      billing_invoices: {
        Row: {
          amount_due_minor: number;
          amount_paid_minor: number;
          amount_remaining_minor: number;
          attempt_count: number;
          company_id: string;
          created_at: string;
          created_by: string | null;
          currency: string;
          due_at: string | null;
          finalized_at: string | null;
          hosted_invoice_url: string | null;
          id: string;
          issued_at: string;
          next_attempt_at: string | null;
          number: string | null;
          paid_at: string | null;
          pdf_url: string | null;
          period_ends_at: string | null;
          period_starts_at: string | null;
          status: string;
          stripe_invoice_id: string;
          stripe_subscription_id: string | null;
          synced_at: string;
          total_minor: number;
          updated_at: string;
          updated_by: string | null;
          voided_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          amount_due_minor: number;
          amount_paid_minor: number;
          amount_remaining_minor: number;
          attempt_count?: number;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          currency: string;
          due_at?: string | null;
          finalized_at?: string | null;
          hosted_invoice_url?: string | null;
          id?: string;
          issued_at: string;
          next_attempt_at?: string | null;
          number?: string | null;
          paid_at?: string | null;
          pdf_url?: string | null;
          period_ends_at?: string | null;
          period_starts_at?: string | null;
          status: string;
          stripe_invoice_id: string;
          stripe_subscription_id?: string | null;
          synced_at: string;
          total_minor: number;
          updated_at?: string;
          updated_by?: string | null;
          voided_at?: string | null;
        };
        Update: {
          amount_due_minor?: number;
          amount_paid_minor?: number;
          amount_remaining_minor?: number;
          attempt_count?: number;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          due_at?: string | null;
          finalized_at?: string | null;
          hosted_invoice_url?: string | null;
          id?: string;
          issued_at?: string;
          next_attempt_at?: string | null;
          number?: string | null;
          paid_at?: string | null;
          pdf_url?: string | null;
          period_ends_at?: string | null;
          period_starts_at?: string | null;
          status?: string;
          stripe_invoice_id?: string;
          stripe_subscription_id?: string | null;
          synced_at?: string;
          total_minor?: number;
          updated_at?: string;
          updated_by?: string | null;
          voided_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'billing_invoices_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      budget_adjustments: {
        Row: {
          amount_micro_usd: number;
          budget_period_id: string;
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          reason: string;
        };
        ComputedFields: never;
        Insert: {
          amount_micro_usd: number;
          budget_period_id: string;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          reason: string;
        };
        Update: {
          amount_micro_usd?: number;
          budget_period_id?: string;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          reason?: string;
        };
        Relationships: [
          {
            foreignKeyName: 'budget_adjustments_budget_period_fk';
            columns: ['company_id', 'budget_period_id'];
            isOneToOne: false;
            referencedRelation: 'budget_periods';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'budget_adjustments_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      budget_alerts: {
        Row: {
          acknowledged_at: string | null;
          acknowledged_by: string | null;
          budget_period_id: string;
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          limit_micro_usd: number;
          spent_micro_usd: number;
          threshold_percent: number;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          acknowledged_at?: string | null;
          acknowledged_by?: string | null;
          budget_period_id: string;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          limit_micro_usd: number;
          spent_micro_usd: number;
          threshold_percent: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          acknowledged_at?: string | null;
          acknowledged_by?: string | null;
          budget_period_id?: string;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          limit_micro_usd?: number;
          spent_micro_usd?: number;
          threshold_percent?: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'budget_alerts_budget_period_fk';
            columns: ['company_id', 'budget_period_id'];
            isOneToOne: false;
            referencedRelation: 'budget_periods';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'budget_alerts_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      budget_periods: {
        Row: {
          adjusted_micro_usd: number;
          agent_id: string | null;
          agent_limit_count: number;
          alert_percents: number[];
          closed_at: string | null;
          company_id: string;
          contention: number;
          created_at: string;
          created_by: string | null;
          ends_at: string;
          enforcement: string;
          generation: number;
          id: string;
          limit_micro_usd: number;
          month: string;
          reserved_micro_usd: number;
          scope: string;
          service: string | null;
          service_limit_count: number;
          spent_micro_usd: number;
          starts_at: string;
          status: string;
          stripe_count: number;
          updated_at: string;
          updated_by: string | null;
          watch_micro_usd: number | null;
        };
        ComputedFields: never;
        Insert: {
          adjusted_micro_usd?: number;
          agent_id?: string | null;
          agent_limit_count?: number;
          alert_percents?: number[];
          closed_at?: string | null;
          company_id: string;
          contention?: number;
          created_at?: string;
          created_by?: string | null;
          ends_at: string;
          enforcement?: string;
          generation?: number;
          id?: string;
          limit_micro_usd: number;
          month: string;
          reserved_micro_usd?: number;
          scope?: string;
          service?: string | null;
          service_limit_count?: number;
          spent_micro_usd?: number;
          starts_at: string;
          status?: string;
          stripe_count?: number;
          updated_at?: string;
          updated_by?: string | null;
          watch_micro_usd?: number | null;
        };
        Update: {
          adjusted_micro_usd?: number;
          agent_id?: string | null;
          agent_limit_count?: number;
          alert_percents?: number[];
          closed_at?: string | null;
          company_id?: string;
          contention?: number;
          created_at?: string;
          created_by?: string | null;
          ends_at?: string;
          enforcement?: string;
          generation?: number;
          id?: string;
          limit_micro_usd?: number;
          month?: string;
          reserved_micro_usd?: number;
          scope?: string;
          service?: string | null;
          service_limit_count?: number;
          spent_micro_usd?: number;
          starts_at?: string;
          status?: string;
          stripe_count?: number;
          updated_at?: string;
          updated_by?: string | null;
          watch_micro_usd?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: 'budget_periods_agent_fk';
            columns: ['company_id', 'agent_id'];
            isOneToOne: false;
            referencedRelation: 'ai_agents';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'budget_periods_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      companies: {
        Row: {
          address_line1: string | null;
          address_line2: string | null;
          city: string | null;
          closed_at: string | null;
          contact_email: string;
          contact_name: string | null;
          contact_phone: string | null;
          country_code: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          has_strict_policy: boolean;
          id: string;
          is_operator: boolean;
          legal_name: string | null;
          name: string;
          postal_code: string | null;
          slug: string;
          status: string;
          status_reason: string | null;
          stripe_customer_id: string | null;
          suspended_at: string | null;
          tax_number: string | null;
          time_zone: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          address_line1?: string | null;
          address_line2?: string | null;
          city?: string | null;
          closed_at?: string | null;
          contact_email: string;
          contact_name?: string | null;
          contact_phone?: string | null;
          country_code?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          has_strict_policy?: boolean;
          id?: string;
          is_operator?: boolean;
          legal_name?: string | null;
          name: string;
          postal_code?: string | null;
          slug: string;
          status?: string;
          status_reason?: string | null;
          stripe_customer_id?: string | null;
          suspended_at?: string | null;
          tax_number?: string | null;
          time_zone?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          address_line1?: string | null;
          address_line2?: string | null;
          city?: string | null;
          closed_at?: string | null;
          contact_email?: string;
          contact_name?: string | null;
          contact_phone?: string | null;
          country_code?: string | null;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          has_strict_policy?: boolean;
          id?: string;
          is_operator?: boolean;
          legal_name?: string | null;
          name?: string;
          postal_code?: string | null;
          slug?: string;
          status?: string;
          status_reason?: string | null;
          stripe_customer_id?: string | null;
          suspended_at?: string | null;
          tax_number?: string | null;
          time_zone?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [];
      };
      company_config: {
        Row: {
          budget_alert_percents: number[];
          company_id: string;
          created_at: string;
          created_by: string | null;
          default_agent_model: string | null;
          id: string;
          invoice_number_prefix: string;
          invoice_payment_days: number;
          is_default: boolean;
          notification_emails: string[];
          settings: NonNullable<Json>;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          budget_alert_percents?: number[];
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          default_agent_model?: string | null;
          id?: string;
          invoice_number_prefix?: string;
          invoice_payment_days?: number;
          is_default?: boolean;
          notification_emails?: string[];
          settings?: NonNullable<Json>;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          budget_alert_percents?: number[];
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          default_agent_model?: string | null;
          id?: string;
          invoice_number_prefix?: string;
          invoice_payment_days?: number;
          is_default?: boolean;
          notification_emails?: string[];
          settings?: NonNullable<Json>;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'company_config_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: true;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      company_plans: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          ended_at: string | null;
          enforcement: string;
          features: NonNullable<Json>;
          id: string;
          is_active: boolean;
          monthly_limit_usd: number;
          monthly_price_usd: number | null;
          payment_limit_usd: number | null;
          plan_tier: string;
          started_at: string;
          stripe_price_id: string | null;
          stripe_subscription_id: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          ended_at?: string | null;
          enforcement?: string;
          features?: NonNullable<Json>;
          id?: string;
          is_active?: boolean;
          monthly_limit_usd: number;
          monthly_price_usd?: number | null;
          payment_limit_usd?: number | null;
          plan_tier: string;
          started_at?: string;
          stripe_price_id?: string | null;
          stripe_subscription_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          ended_at?: string | null;
          enforcement?: string;
          features?: NonNullable<Json>;
          id?: string;
          is_active?: boolean;
          monthly_limit_usd?: number;
          monthly_price_usd?: number | null;
          payment_limit_usd?: number | null;
          plan_tier?: string;
          started_at?: string;
          stripe_price_id?: string | null;
          stripe_subscription_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'company_plans_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      compliance_requests: {
        Row: {
          company_id: string;
          completed_at: string | null;
          corrections: NonNullable<Json>;
          created_at: string;
          created_by: string | null;
          details: string | null;
          due_at: string;
          extended_at: string | null;
          extension_reason: string | null;
          id: string;
          identifiers: string[];
          identity_method: string | null;
          identity_verified_at: string | null;
          identity_verified_by: string | null;
          kind: string;
          notices: number;
          purposes: string[];
          receipt: Json | null;
          received_at: string;
          regulation: string;
          rejection_reason: string | null;
          status: string;
          subject_email: string;
          subject_name: string | null;
          subject_user_id: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          completed_at?: string | null;
          corrections?: NonNullable<Json>;
          created_at?: string;
          created_by?: string | null;
          details?: string | null;
          due_at?: string;
          extended_at?: string | null;
          extension_reason?: string | null;
          id?: string;
          identifiers?: string[];
          identity_method?: string | null;
          identity_verified_at?: string | null;
          identity_verified_by?: string | null;
          kind: string;
          notices?: number;
          purposes?: string[];
          receipt?: Json | null;
          received_at?: string;
          regulation: string;
          rejection_reason?: string | null;
          status?: string;
          subject_email: string;
          subject_name?: string | null;
          subject_user_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          completed_at?: string | null;
          corrections?: NonNullable<Json>;
          created_at?: string;
          created_by?: string | null;
          details?: string | null;
          due_at?: string;
          extended_at?: string | null;
          extension_reason?: string | null;
          id?: string;
          identifiers?: string[];
          identity_method?: string | null;
          identity_verified_at?: string | null;
          identity_verified_by?: string | null;
          kind?: string;
          notices?: number;
          purposes?: string[];
          receipt?: Json | null;
          received_at?: string;
          regulation?: string;
          rejection_reason?: string | null;
          status?: string;
          subject_email?: string;
          subject_name?: string | null;
          subject_user_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'compliance_requests_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      data_retention_logs: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          data_class: string;
          data_retention_policy_id: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          is_dry_run: boolean;
          rows_affected: number;
          started_at: string;
          status: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          data_class: string;
          data_retention_policy_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          is_dry_run?: boolean;
          rows_affected?: number;
          started_at?: string;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          data_class?: string;
          data_retention_policy_id?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          is_dry_run?: boolean;
          rows_affected?: number;
          started_at?: string;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'data_retention_logs_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'data_retention_logs_policy_fk';
            columns: ['company_id', 'data_retention_policy_id'];
            isOneToOne: false;
            referencedRelation: 'data_retention_policies';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      data_retention_policies: {
        Row: {
          action: string;
          company_id: string;
          created_at: string;
          created_by: string | null;
          data_class: string;
          id: string;
          is_default: boolean;
          is_legal_hold: boolean;
          legal_basis: string | null;
          retention_days: number;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          action?: string;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          data_class: string;
          id?: string;
          is_default?: boolean;
          is_legal_hold?: boolean;
          legal_basis?: string | null;
          retention_days: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          action?: string;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          data_class?: string;
          id?: string;
          is_default?: boolean;
          is_legal_hold?: boolean;
          legal_basis?: string | null;
          retention_days?: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'data_retention_policies_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      documents: {
        Row: {
          checksum_sha256: string | null;
          company_id: string;
          confidentiality: string;
          created_at: string;
          created_by: string | null;
          description: string | null;
          id: string;
          job_id: string | null;
          metadata: NonNullable<Json>;
          mime_type: string;
          size_bytes: number;
          status: string;
          storage_path: string;
          title: string;
          updated_at: string;
          updated_by: string | null;
          version: number;
        };
        ComputedFields: never;
        Insert: {
          checksum_sha256?: string | null;
          company_id: string;
          confidentiality?: string;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          job_id?: string | null;
          metadata?: NonNullable<Json>;
          mime_type: string;
          size_bytes: number;
          status?: string;
          storage_path: string;
          title: string;
          updated_at?: string;
          updated_by?: string | null;
          version?: number;
        };
        Update: {
          checksum_sha256?: string | null;
          company_id?: string;
          confidentiality?: string;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          id?: string;
          job_id?: string | null;
          metadata?: NonNullable<Json>;
          mime_type?: string;
          size_bytes?: number;
          status?: string;
          storage_path?: string;
          title?: string;
          updated_at?: string;
          updated_by?: string | null;
          version?: number;
        };
        Relationships: [
          {
            foreignKeyName: 'documents_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'documents_job_fk';
            columns: ['company_id', 'job_id'];
            isOneToOne: false;
            referencedRelation: 'jobs';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      invitations: {
        Row: {
          accepted_at: string | null;
          accepted_by: string | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          email: string;
          expires_at: string;
          full_name: string | null;
          granted_permissions: string[];
          id: string;
          invited_as: string;
          invited_by: string | null;
          last_sent_at: string | null;
          revoked_at: string | null;
          role: string;
          sent_count: number;
          status: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          accepted_at?: string | null;
          accepted_by?: string | null;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          email: string;
          expires_at: string;
          full_name?: string | null;
          granted_permissions?: string[];
          id?: string;
          invited_as: string;
          invited_by?: string | null;
          last_sent_at?: string | null;
          revoked_at?: string | null;
          role: string;
          sent_count?: number;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          accepted_at?: string | null;
          accepted_by?: string | null;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          email?: string;
          expires_at?: string;
          full_name?: string | null;
          granted_permissions?: string[];
          id?: string;
          invited_as?: string;
          invited_by?: string | null;
          last_sent_at?: string | null;
          revoked_at?: string | null;
          role?: string;
          sent_count?: number;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'invitations_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      invoice_line_items: {
        Row: {
          amount: number;
          company_id: string;
          created_at: string;
          created_by: string | null;
          description: string;
          id: string;
          invoice_id: string;
          position: number;
          quantity: number;
          service_id: string | null;
          tax_amount: number;
          tax_rate_percent: number;
          unit_amount: number;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          amount?: never;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          description: string;
          id?: string;
          invoice_id: string;
          position?: number;
          quantity?: number;
          service_id?: string | null;
          tax_amount?: never;
          tax_rate_percent?: number;
          unit_amount: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          amount?: never;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          description?: string;
          id?: string;
          invoice_id?: string;
          position?: number;
          quantity?: number;
          service_id?: string | null;
          tax_amount?: never;
          tax_rate_percent?: number;
          unit_amount?: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'invoice_line_items_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'invoice_line_items_invoice_fk';
            columns: ['company_id', 'invoice_id'];
            isOneToOne: false;
            referencedRelation: 'invoices';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'invoice_line_items_service_fk';
            columns: ['company_id', 'service_id'];
            isOneToOne: false;
            referencedRelation: 'services';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      invoices: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          currency: string;
          customer_address: string | null;
          customer_email: string | null;
          customer_name: string;
          due_on: string | null;
          id: string;
          issued_on: string | null;
          notes: string | null;
          number: string;
          paid_at: string | null;
          status: string;
          stripe_invoice_id: string | null;
          subtotal_amount: number;
          tax_amount: number;
          total_amount: number;
          updated_at: string;
          updated_by: string | null;
          voided_at: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          customer_address?: string | null;
          customer_email?: string | null;
          customer_name: string;
          due_on?: string | null;
          id?: string;
          issued_on?: string | null;
          notes?: string | null;
          number: string;
          paid_at?: string | null;
          status?: string;
          stripe_invoice_id?: string | null;
          subtotal_amount?: number;
          tax_amount?: number;
          total_amount?: never;
          updated_at?: string;
          updated_by?: string | null;
          voided_at?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          customer_address?: string | null;
          customer_email?: string | null;
          customer_name?: string;
          due_on?: string | null;
          id?: string;
          issued_on?: string | null;
          notes?: string | null;
          number?: string;
          paid_at?: string | null;
          status?: string;
          stripe_invoice_id?: string | null;
          subtotal_amount?: number;
          tax_amount?: number;
          total_amount?: never;
          updated_at?: string;
          updated_by?: string | null;
          voided_at?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'invoices_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      ip_allowlist_entries: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          expires_at: string | null;
          id: string;
          is_enabled: boolean;
          label: string;
          network: unknown;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          expires_at?: string | null;
          id?: string;
          is_enabled?: boolean;
          label: string;
          network: unknown;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          expires_at?: string | null;
          id?: string;
          is_enabled?: boolean;
          label?: string;
          network?: unknown;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'ip_allowlist_entries_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      jobs: {
        Row: {
          agent_id: string | null;
          assigned_user_id: string | null;
          attempts: number;
          company_id: string;
          created_at: string;
          created_by: string | null;
          error_message: string | null;
          finished_at: string | null;
          id: string;
          kind: string;
          max_attempts: number;
          payload: NonNullable<Json>;
          priority: number;
          result: Json | null;
          scheduled_at: string;
          service_id: string | null;
          started_at: string | null;
          status: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          agent_id?: string | null;
          assigned_user_id?: string | null;
          attempts?: number;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          kind: string;
          max_attempts?: number;
          payload?: NonNullable<Json>;
          priority?: number;
          result?: Json | null;
          scheduled_at?: string;
          service_id?: string | null;
          started_at?: string | null;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          agent_id?: string | null;
          assigned_user_id?: string | null;
          attempts?: number;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          error_message?: string | null;
          finished_at?: string | null;
          id?: string;
          kind?: string;
          max_attempts?: number;
          payload?: NonNullable<Json>;
          priority?: number;
          result?: Json | null;
          scheduled_at?: string;
          service_id?: string | null;
          started_at?: string | null;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'jobs_agent_fk';
            columns: ['company_id', 'agent_id'];
            isOneToOne: false;
            referencedRelation: 'ai_agents';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'jobs_assigned_user_fk';
            columns: ['company_id', 'assigned_user_id'];
            isOneToOne: false;
            referencedRelation: 'users';
            referencedColumns: ['company_id', 'id'];
          },
          {
            foreignKeyName: 'jobs_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'jobs_service_fk';
            columns: ['company_id', 'service_id'];
            isOneToOne: false;
            referencedRelation: 'services';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      media_assets: {
        Row: {
          alt_text: string | null;
          checksum_sha256: string | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          description: string | null;
          duration_ms: number | null;
          height_px: number | null;
          id: string;
          job_id: string | null;
          kind: string;
          metadata: NonNullable<Json>;
          mime_type: string;
          size_bytes: number;
          storage_path: string;
          title: string;
          updated_at: string;
          updated_by: string | null;
          width_px: number | null;
        };
        ComputedFields: never;
        Insert: {
          alt_text?: string | null;
          checksum_sha256?: string | null;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          duration_ms?: number | null;
          height_px?: number | null;
          id?: string;
          job_id?: string | null;
          kind: string;
          metadata?: NonNullable<Json>;
          mime_type: string;
          size_bytes: number;
          storage_path: string;
          title: string;
          updated_at?: string;
          updated_by?: string | null;
          width_px?: number | null;
        };
        Update: {
          alt_text?: string | null;
          checksum_sha256?: string | null;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          description?: string | null;
          duration_ms?: number | null;
          height_px?: number | null;
          id?: string;
          job_id?: string | null;
          kind?: string;
          metadata?: NonNullable<Json>;
          mime_type?: string;
          size_bytes?: number;
          storage_path?: string;
          title?: string;
          updated_at?: string;
          updated_by?: string | null;
          width_px?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: 'media_assets_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'media_assets_job_fk';
            columns: ['company_id', 'job_id'];
            isOneToOne: false;
            referencedRelation: 'jobs';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      processing_restrictions: {
        Row: {
          company_id: string;
          compliance_request_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          kind: string;
          lift_reason: string | null;
          lifted_at: string | null;
          purposes: string[];
          started_at: string;
          subject_email: string;
          subject_user_id: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          compliance_request_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          kind: string;
          lift_reason?: string | null;
          lifted_at?: string | null;
          purposes?: string[];
          started_at?: string;
          subject_email: string;
          subject_user_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          compliance_request_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          kind?: string;
          lift_reason?: string | null;
          lifted_at?: string | null;
          purposes?: string[];
          started_at?: string;
          subject_email?: string;
          subject_user_id?: string | null;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'processing_restrictions_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
          {
            foreignKeyName: 'processing_restrictions_compliance_request_fk';
            columns: ['company_id', 'compliance_request_id'];
            isOneToOne: true;
            referencedRelation: 'compliance_requests';
            referencedColumns: ['company_id', 'id'];
          },
        ];
      };
      security_policies: {
        Row: {
          aal2_permissions: string[];
          api_key_max_age_days: number | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          is_active: boolean;
          is_ip_allowlist_enabled: boolean;
          is_strict: boolean;
          notes: string | null;
          required_aal: string;
          session_idle_seconds: number | null;
          session_max_age_seconds: number | null;
          updated_at: string;
          updated_by: string | null;
          version: number;
        };
        ComputedFields: never;
        Insert: {
          aal2_permissions?: string[];
          api_key_max_age_days?: number | null;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          is_active?: boolean;
          is_ip_allowlist_enabled?: boolean;
          is_strict?: never;
          notes?: string | null;
          required_aal?: string;
          session_idle_seconds?: number | null;
          session_max_age_seconds?: number | null;
          updated_at?: string;
          updated_by?: string | null;
          version?: number;
        };
        Update: {
          aal2_permissions?: string[];
          api_key_max_age_days?: number | null;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          is_active?: boolean;
          is_ip_allowlist_enabled?: boolean;
          is_strict?: never;
          notes?: string | null;
          required_aal?: string;
          session_idle_seconds?: number | null;
          session_max_age_seconds?: number | null;
          updated_at?: string;
          updated_by?: string | null;
          version?: number;
        };
        Relationships: [
          {
            foreignKeyName: 'security_policies_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      service_limits: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          monthly_limit_micro_usd: number;
          service: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          monthly_limit_micro_usd: number;
          service: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          id?: string;
          monthly_limit_micro_usd?: number;
          service?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'service_limits_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      services: {
        Row: {
          billing_unit: string;
          category: string | null;
          code: string;
          company_id: string;
          created_at: string;
          created_by: string | null;
          currency: string;
          description: string | null;
          id: string;
          name: string;
          status: string;
          tax_rate_percent: number;
          unit_price: number;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          billing_unit?: string;
          category?: string | null;
          code: string;
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          description?: string | null;
          id?: string;
          name: string;
          status?: string;
          tax_rate_percent?: number;
          unit_price?: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          billing_unit?: string;
          category?: string | null;
          code?: string;
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          currency?: string;
          description?: string | null;
          id?: string;
          name?: string;
          status?: string;
          tax_rate_percent?: number;
          unit_price?: number;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'services_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
      system_config: {
        Row: {
          created_at: string;
          created_by: string | null;
          description: string;
          key: string;
          updated_at: string;
          updated_by: string | null;
          value: NonNullable<Json>;
        };
        ComputedFields: never;
        Insert: {
          created_at?: string;
          created_by?: string | null;
          description: string;
          key: string;
          updated_at?: string;
          updated_by?: string | null;
          value: NonNullable<Json>;
        };
        Update: {
          created_at?: string;
          created_by?: string | null;
          description?: string;
          key?: string;
          updated_at?: string;
          updated_by?: string | null;
          value?: NonNullable<Json>;
        };
        Relationships: [];
      };
      users: {
        Row: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          disabled_at: string | null;
          effective_permissions: string[];
          email: string;
          full_name: string;
          granted_permissions: string[];
          id: string;
          job_title: string | null;
          locale: string;
          phone: string | null;
          revoked_permissions: string[];
          role: string;
          selected_at: string | null;
          status: string;
          updated_at: string;
          updated_by: string | null;
        };
        ComputedFields: never;
        Insert: {
          company_id: string;
          created_at?: string;
          created_by?: string | null;
          disabled_at?: string | null;
          effective_permissions?: string[];
          email: string;
          full_name: string;
          granted_permissions?: string[];
          id: string;
          job_title?: string | null;
          locale?: string;
          phone?: string | null;
          revoked_permissions?: string[];
          role: string;
          selected_at?: string | null;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Update: {
          company_id?: string;
          created_at?: string;
          created_by?: string | null;
          disabled_at?: string | null;
          effective_permissions?: string[];
          email?: string;
          full_name?: string;
          granted_permissions?: string[];
          id?: string;
          job_title?: string | null;
          locale?: string;
          phone?: string | null;
          revoked_permissions?: string[];
          role?: string;
          selected_at?: string | null;
          status?: string;
          updated_at?: string;
          updated_by?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: 'users_company_id_fkey';
            columns: ['company_id'];
            isOneToOne: false;
            referencedRelation: 'companies';
            referencedColumns: ['id'];
          },
        ];
      };
    };
    Views: {
      [_ in never]: never;
    };
    Functions: {
      accept_invitation: {
        Args: { full_name?: string; token: string };
        Returns: Database['public']['CompositeTypes']['accepted_invitation'];
        SetofOptions: {
          from: '*';
          to: 'accepted_invitation';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      adjust_budget: {
        Args: {
          adjustment_id?: string;
          amount: number;
          company_id: string;
          month: string;
          reason: string;
        };
        Returns: string;
      };
      apply_stripe_state: {
        Args: {
          company_id: string;
          state: Json;
          stripe_customer_id: string;
          stripe_event_id?: string;
          sync_started_at: string;
        };
        Returns: string[];
      };
      assign_company_cell: {
        Args: {
          cell: string;
          company_id: string;
          expected_version?: number;
          is_pinned?: boolean;
          member_ids?: string[];
          required_region?: string;
          slug?: string;
        };
        Returns: Database['public']['CompositeTypes']['company_placement'];
        SetofOptions: {
          from: '*';
          to: 'company_placement';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      assign_permission: { Args: { permission: string; user_id: string }; Returns: string[] };
      begin_stripe_sync: { Args: { company_id: string }; Returns: string };
      billing_overview: {
        Args: {
          after?: string;
          max_rows?: number;
          payment_status?: string;
          plan_tier?: string;
          search?: string;
        };
        Returns: Database['public']['CompositeTypes']['billing_overview'][];
        SetofOptions: {
          from: '*';
          to: 'billing_overview';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      billing_totals: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['billing_total'][];
        SetofOptions: {
          from: '*';
          to: 'billing_total';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      budget_forecast: {
        Args: { company_id: string };
        Returns: {
          budget_month: string;
          daily_usd: number;
          exhausted_at: string;
          forecast_percent: number;
          forecast_usd: number;
          limit_usd: number;
          period_ends_at: string;
          spent_usd: number;
        }[];
      };
      budget_status: {
        Args: { company_id: string };
        Returns: {
          agent_id: string;
          budget_month: string;
          enforcement: string;
          is_over_budget: boolean;
          limit_usd: number;
          period_ends_at: string;
          period_starts_at: string;
          remaining_usd: number;
          reserved_usd: number;
          scope: string;
          service: string;
          spent_percent: number;
          spent_usd: number;
        }[];
      };
      change_company_plan: {
        Args: {
          company_id: string;
          enforcement?: string;
          features?: Json;
          monthly_limit_usd?: number;
          monthly_price_usd?: number;
          plan_id?: string;
          plan_tier?: string;
          reason?: string;
        };
        Returns: {
          company_id: string;
          created_at: string;
          created_by: string | null;
          ended_at: string | null;
          enforcement: string;
          features: NonNullable<Json>;
          id: string;
          is_active: boolean;
          monthly_limit_usd: number;
          monthly_price_usd: number | null;
          payment_limit_usd: number | null;
          plan_tier: string;
          started_at: string;
          stripe_price_id: string | null;
          stripe_subscription_id: string | null;
          updated_at: string;
          updated_by: string | null;
        };
        SetofOptions: {
          from: '*';
          to: 'company_plans';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      change_member_role: {
        Args: {
          company_id: string;
          is_forced?: boolean;
          permissions?: string[];
          role: string;
          user_id: string;
        };
        Returns: string[];
      };
      check_budget_before_usage: {
        Args: {
          agent_id: string;
          company_id: string;
          estimated_cost: number;
          hold_seconds?: number;
          reservation_id?: string;
          service?: string;
        };
        Returns: Database['public']['CompositeTypes']['budget_decision'];
        SetofOptions: {
          from: '*';
          to: 'budget_decision';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      check_rate_limit: {
        Args: { api_key_id?: string; company_id: string; cost?: number };
        Returns: Database['public']['CompositeTypes']['rate_limit_decision'];
        SetofOptions: {
          from: '*';
          to: 'rate_limit_decision';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      check_request: { Args: Record<PropertyKey, never>; Returns: undefined };
      claim_events: {
        Args: { batch_size?: number; lease_seconds?: number; topics?: string[] };
        Returns: {
          attempt: number;
          company_id: string;
          company_name: string;
          created_at: string;
          event_id: string;
          notification_emails: string[];
          payload: Json;
          topic: string;
        }[];
      };
      claim_stripe_accounts: {
        Args: { max_rows?: number };
        Returns: {
          company_id: string;
          stripe_customer_id: string;
          sync_started_at: string;
        }[];
      };
      claim_stripe_usage: {
        Args: { max_rows?: number };
        Returns: {
          company_id: string;
          identifier: string;
          is_old: boolean;
          month: string;
          month_starts_at: string;
          position: number;
          reported_cents: number;
          stripe_customer_id: string;
          used_at: string;
          value_cents: number;
        }[];
      };
      close_company: {
        Args: { company_id: string; grace_days?: number; reason: string };
        Returns: string;
      };
      company_capacity: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['company_weight'][];
        SetofOptions: {
          from: '*';
          to: 'company_weight';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      company_details: {
        Args: { company_id: string };
        Returns: Database['public']['CompositeTypes']['company_details'];
        SetofOptions: {
          from: '*';
          to: 'company_details';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      company_directory: {
        Args: { after?: string; max_rows?: number };
        Returns: Database['public']['CompositeTypes']['company_placement'][];
        SetofOptions: {
          from: '*';
          to: 'company_placement';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      company_lifecycle: {
        Args: { company_id: string };
        Returns: {
          closed_at: string;
          completed_at: string;
          created_at: string;
          erased_at: string;
          erasure_started_at: string;
          grace_ends_at: string;
          receipt: Json;
          status: string;
          status_reason: string;
          suspended_at: string;
        }[];
      };
      company_overview: {
        Args: {
          after?: string;
          flag?: string;
          is_descending?: boolean;
          max_rows?: number;
          plan_tier?: string;
          search?: string;
          sort_by?: string;
          status?: string;
        };
        Returns: Database['public']['CompositeTypes']['company_overview'][];
        SetofOptions: {
          from: '*';
          to: 'company_overview';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      compliance_status: {
        Args: { company_id: string };
        Returns: {
          check_name: string;
          details: Json;
          status: string;
          value: number;
        }[];
      };
      create_company: {
        Args: {
          company_id?: string;
          contact_email: string;
          country_code?: string;
          currency?: string;
          first_user_email?: string;
          monthly_limit_usd?: number;
          name: string;
          plan_tier?: string;
          slug?: string;
          time_zone?: string;
        };
        Returns: {
          address_line1: string | null;
          address_line2: string | null;
          city: string | null;
          closed_at: string | null;
          contact_email: string;
          contact_name: string | null;
          contact_phone: string | null;
          country_code: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          has_strict_policy: boolean;
          id: string;
          is_operator: boolean;
          legal_name: string | null;
          name: string;
          postal_code: string | null;
          slug: string;
          status: string;
          status_reason: string | null;
          stripe_customer_id: string | null;
          suspended_at: string | null;
          tax_number: string | null;
          time_zone: string;
          updated_at: string;
          updated_by: string | null;
        };
        SetofOptions: {
          from: '*';
          to: 'companies';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      delete_company_secret: {
        Args: { agent_id?: string; company_id: string; name: string };
        Returns: boolean;
      };
      diagnose: {
        Args: { company_id?: string; permission?: string; request?: Json; user_id?: string };
        Returns: {
          area: string;
          check_id: string;
          evidence: Json;
          explanation: string;
          finding: string;
          mend: string;
          mend_sql: string;
          severity: string;
        }[];
      };
      disable_member: {
        Args: { company_id: string; is_forced?: boolean; user_id: string };
        Returns: string;
      };
      drop_company_data_key: { Args: { company_id: string }; Returns: number };
      enable_member: { Args: { company_id: string; user_id: string }; Returns: string[] };
      explain_ip_access: {
        Args: { company_id: string; ip?: unknown };
        Returns: {
          address: unknown;
          allowed: boolean;
          entry_id: string;
          expires_at: string;
          label: string;
          network: unknown;
          reason: string;
        }[];
      };
      export_audit_log: {
        Args: {
          after_at?: string;
          after_id?: string;
          company_id: string;
          ends_at?: string;
          format?: string;
          max_rows?: number;
          starts_at?: string;
        };
        Returns: Record<string, unknown>;
      };
      extend_compliance_request: {
        Args: { company_id: string; reason: string; request_id: string };
        Returns: Database['public']['CompositeTypes']['compliance_ticket'];
        SetofOptions: {
          from: '*';
          to: 'compliance_ticket';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      fail_stripe_event: { Args: { error: string; stripe_event_id: string }; Returns: undefined };
      find_leaked_api_keys: {
        Args: { content: string; is_revoking?: boolean };
        Returns: {
          api_key_id: string;
          company_id: string;
          name: string;
          prefix: string;
          revoked_at: string;
          was_valid: boolean;
        }[];
      };
      finish_event: {
        Args: {
          attempt: number;
          company_id: string;
          error?: string;
          event_id: string;
          is_final?: boolean;
        };
        Returns: string;
      };
      finish_stripe_usage: {
        Args: { company_id: string; month: string; position: number };
        Returns: boolean;
      };
      forget_company_cell: { Args: { company_id: string }; Returns: boolean };
      invite_member: {
        Args: {
          company_id: string;
          email: string;
          expires_in?: string;
          full_name?: string;
          invitation_id?: string;
          permissions?: string[];
          role: string;
          send_email?: boolean;
        };
        Returns: Database['public']['CompositeTypes']['issued_invitation'];
        SetofOptions: {
          from: '*';
          to: 'issued_invitation';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      is_processing_allowed: {
        Args: {
          company_id: string;
          purpose: string;
          subject_email?: string;
          subject_user_id?: string;
        };
        Returns: boolean;
      };
      issue_api_key: {
        Args: {
          allowed_networks?: unknown[];
          api_key_id?: string;
          company_id: string;
          expires_at?: string;
          name: string;
          permissions: string[];
          rate_limit_per_minute?: number;
        };
        Returns: Database['public']['CompositeTypes']['issued_api_key'];
        SetofOptions: {
          from: '*';
          to: 'issued_api_key';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      leave_company: { Args: { company_id: string }; Returns: string };
      lift_processing_restriction: {
        Args: { company_id: string; reason: string; restriction_id: string };
        Returns: boolean;
      };
      list_cells: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['cell'][];
        SetofOptions: {
          from: '*';
          to: 'cell';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      list_company_secrets: {
        Args: { company_id: string };
        Returns: {
          agent_id: string;
          created_at: string;
          is_readable: boolean;
          name: string;
          updated_at: string;
          updated_by: string;
        }[];
      };
      list_invitations: {
        Args: {
          before_at?: string;
          before_id?: string;
          company_id: string;
          is_all?: boolean;
          max_rows?: number;
        };
        Returns: Database['public']['CompositeTypes']['invitation_entry'][];
        SetofOptions: {
          from: '*';
          to: 'invitation_entry';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      log_api_usage_and_update_budget: {
        Args: {
          agent_id: string;
          company_id: string;
          cost: number;
          description: string;
          idempotency_key?: string;
          input_tokens?: number;
          metadata?: Json;
          model?: string;
          occurred_at?: string;
          output_tokens?: number;
          request_id?: string;
          reservation_id?: string;
          service: string;
          unit?: string;
          units?: number;
        };
        Returns: Database['public']['CompositeTypes']['usage_receipt'];
        SetofOptions: {
          from: '*';
          to: 'usage_receipt';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      log_api_usage_batch: {
        Args: { company_id: string; events: Json };
        Returns: Database['public']['CompositeTypes']['usage_receipt'][];
        SetofOptions: {
          from: '*';
          to: 'usage_receipt';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      maintain_billing: {
        Args: Record<PropertyKey, never>;
        Returns: {
          events_pruned: number;
          stages_advanced: number;
        }[];
      };
      maintain_compliance: { Args: Record<PropertyKey, never>; Returns: number };
      maintain_partitions: { Args: Record<PropertyKey, never>; Returns: number };
      my_billing: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['billing_overview'][];
        SetofOptions: {
          from: '*';
          to: 'billing_overview';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      my_companies: {
        Args: Record<PropertyKey, never>;
        Returns: {
          company_id: string;
          company_status: string;
          is_active: boolean;
          name: string;
          permissions: string[];
          role: string;
          slug: string;
        }[];
      };
      my_company: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['company_details'];
        SetofOptions: {
          from: '*';
          to: 'company_details';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      my_company_cells: {
        Args: { company_id?: string };
        Returns: Database['public']['CompositeTypes']['company_cell'][];
        SetofOptions: {
          from: '*';
          to: 'company_cell';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      my_compliance_requests: {
        Args: Record<PropertyKey, never>;
        Returns: Database['public']['CompositeTypes']['compliance_ticket'][];
        SetofOptions: {
          from: '*';
          to: 'compliance_ticket';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      my_usage: {
        Args: {
          bucket?: string;
          ends_on?: string;
          group_by?: string;
          max_series?: number;
          service?: string;
          starts_on?: string;
        };
        Returns: Database['public']['CompositeTypes']['usage_point'][];
        SetofOptions: {
          from: '*';
          to: 'usage_point';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      platform_usage: {
        Args: {
          bucket?: string;
          company_id?: string;
          ends_on?: string;
          group_by?: string;
          max_series?: number;
          plan_tier?: string;
          service?: string;
          starts_on?: string;
        };
        Returns: Database['public']['CompositeTypes']['usage_point'][];
        SetofOptions: {
          from: '*';
          to: 'usage_point';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      platform_usage_totals: {
        Args: {
          after?: string;
          company_id?: string;
          ends_on?: string;
          group_by?: string;
          max_rows?: number;
          plan_tier?: string;
          service?: string;
          starts_on?: string;
        };
        Returns: Database['public']['CompositeTypes']['usage_total'][];
        SetofOptions: {
          from: '*';
          to: 'usage_total';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      prepare_billing_portal: {
        Args: { return_url: string };
        Returns: {
          company_id: string;
          portal_configuration: string;
          stripe_customer_id: string;
        }[];
      };
      prepare_checkout: {
        Args: { cancel_url: string; plan_tier: string; success_url: string };
        Returns: {
          company_id: string;
          stripe_customer_id: string;
          stripe_price_id: string;
        }[];
      };
      process_compliance_request: {
        Args: { company_id?: string; id: string; is_dry_run?: boolean; max_rows?: number };
        Returns: Database['public']['CompositeTypes']['compliance_progress'];
        SetofOptions: {
          from: '*';
          to: 'compliance_progress';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      put_company_secret: {
        Args: {
          agent_id?: string;
          company_id: string;
          master_key?: string;
          name: string;
          value: string;
        };
        Returns: string;
      };
      reactivate_company: {
        Args: { company_id: string; reason: string };
        Returns: {
          address_line1: string | null;
          address_line2: string | null;
          city: string | null;
          closed_at: string | null;
          contact_email: string;
          contact_name: string | null;
          contact_phone: string | null;
          country_code: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          has_strict_policy: boolean;
          id: string;
          is_operator: boolean;
          legal_name: string | null;
          name: string;
          postal_code: string | null;
          slug: string;
          status: string;
          status_reason: string | null;
          stripe_customer_id: string | null;
          suspended_at: string | null;
          tax_number: string | null;
          time_zone: string;
          updated_at: string;
          updated_by: string | null;
        };
        SetofOptions: {
          from: '*';
          to: 'companies';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      read_company_secret: {
        Args: { agent_id?: string; company_id: string; master_key?: string; name: string };
        Returns: string;
      };
      read_compliance_bundle: {
        Args: { company_id: string; file_name?: string; request_id: string };
        Returns: {
          content: string;
          name: string;
          row_count: number;
          sha256: string;
        }[];
      };
      reconcile_budget: {
        Args: { company_id: string; mend?: boolean; month: string };
        Returns: {
          agent_id: string;
          budget_period_id: string;
          counted_usd: number;
          difference_usd: number;
          held_difference_usd: number;
          is_mended: boolean;
          ledger_usd: number;
          scope: string;
          service: string;
          status: string;
        }[];
      };
      reconcile_usage: {
        Args: { company_id: string; ends_on?: string; mend?: boolean; starts_on?: string };
        Returns: {
          day: string;
          dimension: string;
          is_mended: boolean;
          missing_cost_usd: number;
          missing_requests: number;
          series: string;
        }[];
      };
      record_compliance_review: { Args: { company_id: string; notes?: string }; Returns: string };
      record_stripe_event: {
        Args: { event: Json };
        Returns: {
          company_id: string;
          status: string;
          stripe_customer_id: string;
          sync_started_at: string;
        }[];
      };
      release_budget_reservation: {
        Args: { company_id: string; reservation_id: string };
        Returns: boolean;
      };
      remove_ip_allowlist_entry: {
        Args: { company_id: string; is_forced?: boolean; network: unknown };
        Returns: boolean;
      };
      remove_member: {
        Args: {
          company_id: string;
          is_forced?: boolean;
          is_revoking_api_keys?: boolean;
          user_id: string;
        };
        Returns: Database['public']['CompositeTypes']['removed_member'];
        SetofOptions: {
          from: '*';
          to: 'removed_member';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      remove_permission: { Args: { permission: string; user_id: string }; Returns: string[] };
      request_stripe_customers: { Args: { max_rows?: number }; Returns: number };
      resend_invitation: {
        Args: {
          company_id: string;
          expires_in?: string;
          invitation_id: string;
          send_email?: boolean;
        };
        Returns: Database['public']['CompositeTypes']['issued_invitation'];
        SetofOptions: {
          from: '*';
          to: 'issued_invitation';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      revoke_api_key: { Args: { api_key_id: string; company_id: string }; Returns: string };
      revoke_invitation: { Args: { company_id: string; invitation_id: string }; Returns: string };
      roll_up_usage: { Args: { max_rows?: number }; Returns: number };
      rotate_api_key: {
        Args: { api_key_id: string; company_id: string; expires_at?: string; overlap?: string };
        Returns: Database['public']['CompositeTypes']['issued_api_key'];
        SetofOptions: {
          from: '*';
          to: 'issued_api_key';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      rotate_master_key: {
        Args: { master_key?: string; max_keys?: number };
        Returns: Record<string, unknown>;
      };
      run_data_retention: {
        Args: { company_id?: string; dry_run?: boolean; max_rows?: number };
        Returns: Database['public']['CompositeTypes']['retention_result'][];
        SetofOptions: {
          from: '*';
          to: 'retention_result';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      search: {
        Args: {
          after?: string;
          company_id: string;
          contains?: Json;
          max_rows?: number;
          query: string;
          tables?: string[];
        };
        Returns: Database['public']['CompositeTypes']['search_result'][];
        SetofOptions: {
          from: '*';
          to: 'search_result';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      search_audit_log: {
        Args: {
          action?: string;
          actor_id?: string;
          before_at?: string;
          before_id?: string;
          changed_column?: string;
          company_id: string;
          ends_at?: string;
          max_rows?: number;
          request_id?: string;
          row_id?: string;
          starts_at?: string;
          table_name?: string;
        };
        Returns: Database['public']['CompositeTypes']['audit_entry'][];
        SetofOptions: {
          from: '*';
          to: 'audit_entry';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      set_cell: {
        Args: {
          api_url: string;
          name: string;
          publishable_key: string;
          region?: string;
          state?: string;
          weight?: number;
        };
        Returns: Database['public']['CompositeTypes']['cell'];
        SetofOptions: {
          from: '*';
          to: 'cell';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      set_security_policy: {
        Args: { company_id: string; is_forced?: boolean; policy: Json };
        Returns: {
          aal2_permissions: string[];
          api_key_max_age_days: number | null;
          company_id: string;
          created_at: string;
          created_by: string | null;
          id: string;
          is_active: boolean;
          is_ip_allowlist_enabled: boolean;
          is_strict: boolean;
          notes: string | null;
          required_aal: string;
          session_idle_seconds: number | null;
          session_max_age_seconds: number | null;
          updated_at: string;
          updated_by: string | null;
          version: number;
        };
        SetofOptions: {
          from: '*';
          to: 'security_policies';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      set_system_setting: {
        Args: { key: string; reason?: string; value: Json };
        Returns: Database['public']['CompositeTypes']['system_setting'];
        SetofOptions: {
          from: '*';
          to: 'system_setting';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      store_stripe_customer: {
        Args: { company_id: string; stripe_customer_id: string };
        Returns: string;
      };
      stripe_backlog: { Args: { max_rows?: number }; Returns: Json[] };
      stripe_cursor: { Args: { name: string; value?: Json }; Returns: Json };
      submit_compliance_request: {
        Args: {
          company_id: string;
          corrections?: Json;
          details?: string;
          identifiers?: string[];
          kind: string;
          purposes?: string[];
          regulation: string;
          request_id?: string;
          subject_email?: string;
          subject_name?: string;
        };
        Returns: Database['public']['CompositeTypes']['compliance_ticket'];
        SetofOptions: {
          from: '*';
          to: 'compliance_ticket';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      suspend_company: {
        Args: { company_id: string; reason: string };
        Returns: {
          address_line1: string | null;
          address_line2: string | null;
          city: string | null;
          closed_at: string | null;
          contact_email: string;
          contact_name: string | null;
          contact_phone: string | null;
          country_code: string | null;
          created_at: string;
          created_by: string | null;
          currency: string;
          has_strict_policy: boolean;
          id: string;
          is_operator: boolean;
          legal_name: string | null;
          name: string;
          postal_code: string | null;
          slug: string;
          status: string;
          status_reason: string | null;
          stripe_customer_id: string | null;
          suspended_at: string | null;
          tax_number: string | null;
          time_zone: string;
          updated_at: string;
          updated_by: string | null;
        };
        SetofOptions: {
          from: '*';
          to: 'companies';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      switch_company: { Args: { company_id: string }; Returns: string };
      system_setting_history: {
        Args: { before_id?: string; key?: string; max_rows?: number };
        Returns: Database['public']['CompositeTypes']['system_setting_change'][];
        SetofOptions: {
          from: '*';
          to: 'system_setting_change';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      system_settings: {
        Args: { prefix?: string };
        Returns: Database['public']['CompositeTypes']['system_setting'][];
        SetofOptions: {
          from: '*';
          to: 'system_setting';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      usage_anomalies: {
        Args: { company_id: string; days?: number };
        Returns: {
          cost_usd: number;
          day: string;
          is_anomalous: boolean;
          score: number;
          usual_usd: number;
        }[];
      };
      usage_movers: {
        Args: { ends_on?: string; group_by?: string; max_rows?: number; starts_on?: string };
        Returns: Database['public']['CompositeTypes']['usage_move'][];
        SetofOptions: {
          from: '*';
          to: 'usage_move';
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      usage_series: {
        Args: {
          bucket?: string;
          company_id: string;
          ends_at?: string;
          group_by?: string;
          max_series?: number;
          starts_at?: string;
        };
        Returns: {
          bucket_starts_at: string;
          cost_usd: number;
          input_tokens: number;
          output_tokens: number;
          requests: number;
          series: string;
          units: number;
        }[];
      };
      verify_api_key: {
        Args: {
          api_key: string;
          cost?: number;
          forwarded_for?: string;
          ip?: unknown;
          permission?: string;
        };
        Returns: Database['public']['CompositeTypes']['api_key_verification'];
        SetofOptions: {
          from: '*';
          to: 'api_key_verification';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      verify_audit_chain: {
        Args: {
          after_link_no?: number;
          company_id: string;
          expected_hash?: string;
          expected_link_no?: number;
          max_links?: number;
        };
        Returns: Database['public']['CompositeTypes']['audit_verification'];
        SetofOptions: {
          from: '*';
          to: 'audit_verification';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      verify_compliance_identity: {
        Args: { company_id: string; method: string; request_id: string };
        Returns: Database['public']['CompositeTypes']['compliance_ticket'];
        SetofOptions: {
          from: '*';
          to: 'compliance_ticket';
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      accepted_invitation: {
        company_id: string | null;
        company_name: string | null;
        user_id: string | null;
        role: string | null;
        permissions: string[] | null;
      };
      api_key_verification: {
        allowed: boolean | null;
        reason: string | null;
        company_id: string | null;
        api_key_id: string | null;
        name: string | null;
        permissions: string[] | null;
        expires_at: string | null;
        retry_after_seconds: number | null;
      };
      audit_entry: {
        id: string | null;
        created_at: string | null;
        actor_id: string | null;
        actor_role: string | null;
        action: string | null;
        table_name: string | null;
        row_id: string | null;
        changes: Json | null;
        ip_address: unknown;
        user_agent: string | null;
        request_id: string | null;
        erased_fields: string[] | null;
      };
      audit_verification: {
        is_intact: boolean | null;
        first_link_no: number | null;
        last_link_no: number | null;
        row_count: number | null;
        erased_row_count: number | null;
        pruned_row_count: number | null;
        head_link_no: number | null;
        head_hash: string | null;
        problems: Json | null;
      };
      billing_overview: {
        company_id: string | null;
        slug: string | null;
        name: string | null;
        status: string | null;
        plan_tier: string | null;
        monthly_limit_usd: number | null;
        payment_limit_usd: number | null;
        enforcement: string | null;
        monthly_price_usd: number | null;
        plan_started_at: string | null;
        recurring_minor: number | null;
        recurring_currency: string | null;
        recurring_source: string | null;
        stripe_customer_id: string | null;
        subscription_status: string | null;
        payment_status: string | null;
        payment_stage: string | null;
        past_due_since: string | null;
        grace_ends_at: string | null;
        suspends_at: string | null;
        trial_ends_at: string | null;
        cancel_at_period_end: boolean | null;
        current_period_ends_at: string | null;
        stripe_synced_at: string | null;
        stripe_error: string | null;
        page_key: string | null;
      };
      billing_total: {
        plan_tier: string | null;
        currency: string | null;
        companies: number | null;
        recurring_minor: number | null;
        stripe_recurring_minor: number | null;
        past_due_companies: number | null;
        past_due_minor: number | null;
        unpriced_companies: number | null;
      };
      budget_decision: {
        allowed: boolean | null;
        reason: string | null;
        scope: string | null;
        reservation_id: string | null;
        expires_at: string | null;
        is_over_budget: boolean | null;
        limit_usd: number | null;
        spent_usd: number | null;
        reserved_usd: number | null;
        remaining_usd: number | null;
        budget_month: string | null;
        period_ends_at: string | null;
      };
      cell: {
        name: string | null;
        api_url: string | null;
        publishable_key: string | null;
        region: string | null;
        state: string | null;
        weight: number | null;
        company_count: number | null;
        updated_at: string | null;
      };
      company_cell: {
        company_id: string | null;
        slug: string | null;
        cell: string | null;
        api_url: string | null;
        publishable_key: string | null;
        region: string | null;
        version: number | null;
        moved_at: string | null;
      };
      company_details: {
        company_id: string | null;
        slug: string | null;
        name: string | null;
        status: string | null;
        status_reason: string | null;
        time_zone: string | null;
        contact_name: string | null;
        contact_email: string | null;
        created_at: string | null;
        suspended_at: string | null;
        closed_at: string | null;
        members: number | null;
        members_without_mfa: number | null;
        plan_tier: string | null;
        enforcement: string | null;
        features: Json | null;
        plan_started_at: string | null;
        monthly_price_usd: number | null;
        budget_month: string | null;
        period_ends_at: string | null;
        limit_usd: number | null;
        spent_usd: number | null;
        reserved_usd: number | null;
        spent_percent: number | null;
        stripe_status: string | null;
        stripe_customer_id: string | null;
        subscription_status: string | null;
        payment_status: string | null;
        past_due_since: string | null;
        grace_ends_at: string | null;
        current_period_ends_at: string | null;
        stripe_synced_at: string | null;
        stripe_error: string | null;
        requests_open: number | null;
        requests_overdue: number | null;
        retention_failures: number | null;
        last_activity_at: string | null;
        flags: string[] | null;
      };
      company_overview: {
        company_id: string | null;
        slug: string | null;
        name: string | null;
        status: string | null;
        is_operator: boolean | null;
        created_at: string | null;
        members: number | null;
        plan_tier: string | null;
        limit_usd: number | null;
        spent_usd: number | null;
        spent_percent: number | null;
        payment_status: string | null;
        last_activity_at: string | null;
        flags: string[] | null;
        page_key: string | null;
      };
      company_placement: {
        company_id: string | null;
        slug: string | null;
        cell: string | null;
        version: number | null;
        member_ids: string[] | null;
        is_pinned: boolean | null;
        required_region: string | null;
        moved_at: string | null;
      };
      company_weight: {
        company_id: string | null;
        slug: string | null;
        status: string | null;
        is_operator: boolean | null;
        row_count: number | null;
        bytes: number | null;
        writes_per_second: number | null;
        hot_share: number | null;
        is_exact: boolean | null;
      };
      compliance_progress: {
        request_id: string | null;
        status: string | null;
        is_complete: boolean | null;
        rows_seen: number | null;
        remaining: Json | null;
        receipt: Json | null;
      };
      compliance_ticket: {
        request_id: string | null;
        kind: string | null;
        status: string | null;
        is_identity_verified: boolean | null;
        received_at: string | null;
        due_at: string | null;
        completed_at: string | null;
      };
      invitation_entry: {
        id: string | null;
        email: string | null;
        full_name: string | null;
        role: string | null;
        granted_permissions: string[] | null;
        state: string | null;
        expires_at: string | null;
        invited_by: string | null;
        sent_count: number | null;
        last_sent_at: string | null;
        accepted_at: string | null;
        accepted_by: string | null;
        revoked_at: string | null;
        created_at: string | null;
      };
      issued_api_key: {
        api_key: string | null;
        api_key_id: string | null;
        prefix: string | null;
        expires_at: string | null;
      };
      issued_invitation: {
        invitation_id: string | null;
        token: string | null;
        email: string | null;
        role: string | null;
        expires_at: string | null;
      };
      rate_limit_decision: {
        allowed: boolean | null;
        bucket: string | null;
        limit_per_minute: number | null;
        burst: number | null;
        remaining: number | null;
        reset_seconds: number | null;
        retry_after_seconds: number | null;
      };
      removed_member: {
        user_id: string | null;
        valid_api_key_ids: string[] | null;
        revoked_api_key_ids: string[] | null;
      };
      retention_result: {
        company_id: string | null;
        data_class: string | null;
        action: string | null;
        older_than: string | null;
        rows_affected: number | null;
        is_complete: boolean | null;
        error: string | null;
      };
      search_result: {
        table_name: string | null;
        id: string | null;
        title: string | null;
        excerpt: string | null;
        created_at: string | null;
        page_key: string | null;
      };
      system_setting: {
        key: string | null;
        value: Json | null;
        default_value: Json | null;
        is_default: boolean | null;
        value_type: string | null;
        minimum: number | null;
        maximum: number | null;
        pattern: string | null;
        description: string | null;
        updated_at: string | null;
        updated_by: string | null;
      };
      system_setting_change: {
        id: string | null;
        key: string | null;
        changed_at: string | null;
        changed_by: string | null;
        changed_as: string | null;
        old_value: Json | null;
        new_value: Json | null;
        reason: string | null;
      };
      usage_move: {
        series: string | null;
        label: string | null;
        cost_usd: number | null;
        previous_cost_usd: number | null;
        change_usd: number | null;
        change_percent: number | null;
      };
      usage_point: {
        bucket_starts_on: string | null;
        series: string | null;
        label: string | null;
        requests: number | null;
        units: number | null;
        input_tokens: number | null;
        output_tokens: number | null;
        cost_usd: number | null;
      };
      usage_receipt: {
        usage_id: string | null;
        occurred_at: string | null;
        cost_usd: number | null;
        budget_month: string | null;
        is_over_budget: boolean | null;
        is_replayed: boolean | null;
      };
      usage_total: {
        series: string | null;
        label: string | null;
        requests: number | null;
        units: number | null;
        input_tokens: number | null;
        output_tokens: number | null;
        cost_usd: number | null;
        cost_percent: number | null;
        page_key: string | null;
      };
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'public'>];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
      Row: infer R;
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    ? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R;
      }
      ? R
      : never
    : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Insert: infer I;
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I;
      }
      ? I
      : never
    : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Update: infer U;
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U;
      }
      ? U
      : never
    : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema['Enums']
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
    ? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
    : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema['CompositeTypes']
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
    ? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
    : never;

export const Constants = {
  public: {
    Enums: {},
  },
} as const;
