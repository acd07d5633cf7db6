-- migrate:up
-- Plans and settings of companies, and the platform's own settings. Policies follow in multi_tenant_rls_policies.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What a company has bought. One plan is active at a time; earlier ones stay as history.
create table if not exists public.company_plans (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  plan_tier text not null,
  monthly_limit_usd numeric(14,6) not null,
  payment_limit_usd numeric(14,6),
  monthly_price_usd numeric(14,6),
  features jsonb not null default '{}',
  enforcement text not null default 'hard',
  is_active boolean not null default true,
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  stripe_subscription_id text,
  stripe_price_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint company_plans_plan_tier_is_known check (plan_tier in ('starter', 'professional', 'enterprise', 'custom')),
  constraint company_plans_monthly_limit_usd_is_not_negative check (monthly_limit_usd >= 0 and monthly_limit_usd <> 'NaN'),
  constraint company_plans_payment_limit_usd_is_not_negative check (payment_limit_usd >= 0 and payment_limit_usd <> 'NaN'),
  constraint company_plans_monthly_price_usd_is_not_negative check (monthly_price_usd >= 0 and monthly_price_usd <> 'NaN'),
  constraint company_plans_enforcement_is_known check (enforcement in ('hard', 'soft')),
  constraint company_plans_features_is_object check (jsonb_typeof(features) = 'object' and pg_column_size(features) <= 65536),
  constraint company_plans_features_rates_are_possible check (
    not features @? 'strict $.requests_per_minute ? (@.type() != "null" && @.type() != "number" || @ < 1 || @ > 1000000 || @ % 1 != 0)'
    and not features @? 'strict $.request_burst ? (@.type() != "null" && @.type() != "number" || @ < 1 || @ > 1000000 || @ % 1 != 0)'),
  constraint company_plans_ended_at_set_when_ended check (is_active = (ended_at is null)),
  constraint company_plans_ends_after_start check (ended_at >= started_at),
  constraint company_plans_stripe_subscription_id_is_stripe check (stripe_subscription_id ~ '^sub_[A-Za-z0-9_]+$'),
  constraint company_plans_stripe_price_id_is_stripe check (stripe_price_id ~ '^price_[A-Za-z0-9_]+$')
);

-- Settings that a company's own people may change. One row a company.
create table if not exists public.company_config (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  invoice_number_prefix text not null default 'INV-',
  invoice_payment_days integer not null default 30,
  notification_emails text[] not null default '{}',
  budget_alert_percents integer[] not null default '{50,80,100}',
  default_agent_model text,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint company_config_is_one_row_a_company unique (company_id),
  constraint company_config_invoice_number_prefix_is_short check (length(invoice_number_prefix) <= 20),
  constraint company_config_invoice_payment_days_is_in_range check (invoice_payment_days between 0 and 365),
  constraint company_config_notification_emails_are_few check (cardinality(notification_emails) <= 20),
  constraint company_config_budget_alert_percents_are_in_range check (case
    when array_ndims(budget_alert_percents) > 1 then false
    else cardinality(budget_alert_percents) <= 20 and array_position(budget_alert_percents, null) is null
      and 1 <= all (budget_alert_percents) and 1000 >= all (budget_alert_percents) end),
  constraint company_config_settings_is_object check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) <= 65536)
);

-- Platform-wide settings, the one exposed table without a company. Only operators see it.
create table if not exists public.system_config (
  key text not null primary key,
  value jsonb not null,
  description text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  constraint system_config_key_is_dotted_name check (key ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'),
  constraint system_config_description_is_not_blank check (description ~ '\S')
);

-- The plan in force; also: at most one a company.
create unique index if not exists company_plans_company_id_active_idx
  on public.company_plans (company_id) where is_active;

create or replace function private.tg_company_plans__set_defaults() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
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
    if new.monthly_price_usd is null then
      select t.monthly_price_usd into new.monthly_price_usd
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
$fn$;
revoke execute on function private.tg_company_plans__set_defaults() from public;

create or replace trigger set_row_meta
  before insert or update on public.company_plans
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.company_plans
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('company_plans');
create or replace trigger set_plan_defaults
  before insert or update on public.company_plans
  for each row execute function private.tg_company_plans__set_defaults();

create or replace trigger set_row_meta
  before insert or update on public.company_config
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.company_config
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('company_config');

create or replace trigger set_row_meta
  before insert or update on public.system_config
  for each row execute function private.tg_row__set_meta();
alter table public.company_plans enable row level security;
alter table public.company_config enable row level security;
alter table public.system_config enable row level security;
revoke all on table public.company_plans from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.company_config from public, anon, authenticated, platform_admin, service_role;
revoke all on table public.system_config from public, anon, authenticated, platform_admin, service_role;

comment on table public.company_plans is 'Plans of a company: tier, monthly limit and features. At most one is active.';
comment on column public.company_plans.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.company_plans.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.company_plans.plan_tier is 'starter, professional, enterprise or custom.';
comment on column public.company_plans.monthly_limit_usd is 'US dollars a month; starter 100, professional 500, enterprise 2000 unless stated, custom must be stated.';
comment on column public.company_plans.payment_limit_usd is 'Lower limit, in US dollars a month, while payments are overdue; null otherwise. Set by billing only.';
comment on column public.company_plans.monthly_price_usd is 'What the plan costs, in US dollars a month, before usage; that of its tier unless stated, null where it is negotiated and not known.';
comment on column public.company_plans.features is 'Feature switches of the plan, an object. requests_per_minute and request_burst are whole numbers from 1 to 1000000.';
comment on column public.company_plans.enforcement is 'hard: usage beyond the monthly limit is refused; soft: it is recorded, flagged and alerted.';
comment on column public.company_plans.is_active is 'True for the plan in force.';
comment on column public.company_plans.started_at is 'When the plan came into force.';
comment on column public.company_plans.ended_at is 'When it ended; set exactly when it is no longer active.';
comment on column public.company_plans.stripe_subscription_id is 'Stripe subscription, sub_….';
comment on column public.company_plans.stripe_price_id is 'Stripe price, price_….';
comment on column public.company_plans.created_at is 'When the row was created.';
comment on column public.company_plans.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.company_plans.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.company_plans.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.company_config is 'Settings of a company, one row each.';
comment on column public.company_config.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.company_config.id is 'Row id, unique within the company; may be supplied by the client, so that a retry is recognised.';
comment on column public.company_config.invoice_number_prefix is 'What invoice numbers begin with.';
comment on column public.company_config.invoice_payment_days is 'Days until an invoice is due, 0 to 365.';
comment on column public.company_config.notification_emails is 'Addresses that alerts go to, at most 20.';
comment on column public.company_config.budget_alert_percents is 'Percent of the monthly limit at which an alert is raised, once a month each; at most 20, 1 to 1000.';
comment on column public.company_config.default_agent_model is 'Model that a new AI agent starts with.';
comment on column public.company_config.settings is 'Anything else the application keeps per company, an object of at most 64 kB.';
comment on column public.company_config.created_at is 'When the row was created.';
comment on column public.company_config.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.company_config.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.company_config.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.system_config is 'Platform-wide settings. Operators only; no company_id on purpose.';
comment on column public.system_config.key is 'Name of the setting, lower case with dots, such as maintenance.enabled.';
comment on column public.system_config.value is 'The value.';
comment on column public.system_config.description is 'What the setting does.';
comment on column public.system_config.created_at is 'When the row was created.';
comment on column public.system_config.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.system_config.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.system_config.updated_by is 'Auth user who changed the row last; null for backend jobs.';
comment on function private.tg_company_plans__set_defaults() is
  'Row trigger: limit, price and features of the tier where none are stated, a new active plan ends the one before, ended_at in step with is_active. Errors: 23502 plan_limit_required.';

-- migrate:down
