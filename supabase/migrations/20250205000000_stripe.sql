-- migrate:up
-- What Stripe knows of a company, mirrored: one billing account, the invoices that the platform sends it, and inside what
-- was received and reported. Stripe is asked, never believed by hearsay: an event only says that something has changed.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- How a company stands with what it pays. One row a company, from its first contact with Stripe on. Only the functions of
-- stripe_functions write it.
create table if not exists public.billing_accounts (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  stripe_subscription_id text,
  stripe_price_id text,
  subscription_status text,
  currency text,
  monthly_amount_minor bigint not null default 0,
  current_period_starts_at timestamptz,
  current_period_ends_at timestamptz,
  trial_ends_at timestamptz,
  cancel_at_period_end boolean not null default false,
  payment_status text not null default 'ok',
  payment_stage text not null default 'ok',
  past_due_since timestamptz,
  grace_ends_at timestamptz,
  suspends_at timestamptz,
  suspended_at timestamptz,
  customer_attempt integer not null default 0,
  sync_started_at timestamptz,
  synced_at timestamptz,
  reconciled_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint billing_accounts_is_one_row_a_company unique (company_id),
  constraint billing_accounts_stripe_subscription_id_is_stripe check (stripe_subscription_id ~ '^sub_[A-Za-z0-9_]+$'),
  constraint billing_accounts_stripe_price_id_is_stripe check (stripe_price_id ~ '^price_[A-Za-z0-9_]+$'),
  constraint billing_accounts_subscription_status_is_known check (subscription_status in (
    'incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused')),
  constraint billing_accounts_status_set_with_subscription check ((subscription_status is null) = (stripe_subscription_id is null)),
  constraint billing_accounts_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  constraint billing_accounts_monthly_amount_minor_is_not_negative check (monthly_amount_minor >= 0),
  constraint billing_accounts_payment_status_is_known check (payment_status in ('ok', 'past_due', 'unpaid')),
  constraint billing_accounts_past_due_since_set_while_past_due check ((payment_status = 'ok') = (past_due_since is null)),
  constraint billing_accounts_payment_stage_is_known check (payment_stage in ('ok', 'grace', 'soft_limit', 'suspended')),
  constraint billing_accounts_ends_set_while_past_due check (
    (payment_status = 'ok') = (grace_ends_at is null) and (payment_status = 'ok') = (suspends_at is null)),
  constraint billing_accounts_customer_attempt_is_not_negative check (customer_attempt >= 0)
);

-- Invoices of the platform to the company, as Stripe has them; public.invoices are those of the company to its customers.
create table if not exists public.billing_invoices (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default private.uuid_v7(),
  stripe_invoice_id text not null,
  stripe_subscription_id text,
  number text,
  status text not null,
  currency text not null,
  total_minor bigint not null,
  amount_due_minor bigint not null,
  amount_paid_minor bigint not null,
  amount_remaining_minor bigint not null,
  attempt_count integer not null default 0,
  next_attempt_at timestamptz,
  period_starts_at timestamptz,
  period_ends_at timestamptz,
  issued_at timestamptz not null,
  due_at timestamptz,
  finalized_at timestamptz,
  paid_at timestamptz,
  voided_at timestamptz,
  hosted_invoice_url text,
  pdf_url text,
  synced_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid,
  updated_by uuid,
  primary key (company_id, id),
  constraint billing_invoices_stripe_invoice_id_is_unique_in_company unique (company_id, stripe_invoice_id),
  constraint billing_invoices_stripe_invoice_id_is_stripe check (stripe_invoice_id ~ '^in_[A-Za-z0-9_]+$'),
  constraint billing_invoices_stripe_subscription_id_is_stripe check (stripe_subscription_id ~ '^sub_[A-Za-z0-9_]+$'),
  constraint billing_invoices_status_is_known check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  constraint billing_invoices_currency_is_iso check (currency ~ '^[A-Z]{3}$'),
  constraint billing_invoices_attempt_count_is_not_negative check (attempt_count >= 0)
);

-- A company's invoices, latest first.
create index if not exists billing_invoices_company_id_issued_at_idx
  on public.billing_invoices (company_id, issued_at desc, id);
-- What is open.
create index if not exists billing_invoices_company_id_status_idx
  on public.billing_invoices (company_id, status);

-- Every event that Stripe sent, also of types that mean nothing here. Not a tenant's: which company it is about follows
-- from companies.stripe_customer_id, and from nothing that stands in it.
create table if not exists private.stripe_events (
  stripe_event_id text not null primary key,
  event_type text not null,
  stripe_created_at timestamptz not null,
  stripe_customer_id text,
  payload jsonb not null,
  status text not null,
  attempts integer not null default 0,
  error text,
  received_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint stripe_events_status_is_known check (status in ('received', 'processed', 'stored', 'unmatched')),
  constraint stripe_events_finished_at_set_when_finished check ((status = 'received') = (finished_at is null)),
  constraint stripe_events_payload_is_object check (jsonb_typeof(payload) = 'object')
);

-- What is still to be done, oldest first.
create index if not exists stripe_events_received_idx
  on private.stripe_events (received_at) where status = 'received';
-- What may be pruned.
create index if not exists stripe_events_finished_idx
  on private.stripe_events (finished_at) where status <> 'received';

-- Usage as it was told to Stripe. A report is written before it is sent and never changes: whoever sends it again sends
-- the same value under the same identifier.
create table if not exists private.stripe_usage_reports (
  company_id uuid not null references public.companies (id) on delete cascade,
  month date not null,
  position integer not null,
  stripe_customer_id text not null,
  value_cents bigint not null,
  used_at timestamptz not null,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  primary key (company_id, month, position),
  constraint stripe_usage_reports_value_cents_is_positive check (value_cents > 0),
  constraint stripe_usage_reports_position_is_positive check (position > 0)
);

-- Where a run over Stripe's lists goes on.
create table if not exists private.stripe_cursors (
  name text not null primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);

insert into public.system_config (key, value, description) values
  ('stripe.enabled', 'false', 'Whether companies get a customer at Stripe.'),
  ('stripe.prices', '{}',
   'What a Stripe price buys: an object of price id to {"plan_tier": …, "monthly_limit_usd": …}; the limit may be left out, except for custom.'),
  ('stripe.return_urls', '[]',
   'Addresses to which Stripe may send people back: an array of https origins with path, such as https://app.example.com/billing. What is below one of them is allowed, too.'),
  ('stripe.payment_policy', '{"grace_days": 7, "soft_limit_percent": 50, "suspend_days": 30, "ended_plan_tier": "starter"}',
   'What happens when a payment fails: nothing for grace_days, then the monthly limit is cut to soft_limit_percent, and suspend_days after the failure the company is suspended (null: never). ended_plan_tier is the plan of a company whose subscription has ended.'),
  ('stripe.usage_meter', 'null',
   'Meter that usage is reported to, in US cents: {"event_name": …, "meter_id": …}; null for none.'),
  ('stripe.portal_configurations', '{}',
   'Configurations of the billing portal: {"read": "bpc_…", "write": "bpc_…"}. Without read, a member needs billing.write to open the portal; without write, the default of the Stripe account is used.')
on conflict (key) do nothing;

create or replace trigger set_row_meta
  before insert or update on public.billing_accounts
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.billing_accounts
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('billing_accounts');

create or replace trigger set_row_meta
  before insert or update on public.billing_invoices
  for each row execute function private.tg_row__set_meta();
create or replace trigger keep_tenant
  before update on public.billing_invoices
  for each row when (new.company_id is distinct from old.company_id or new.id is distinct from old.id)
  execute function private.tg_row__refuse_move('billing_invoices');

alter table public.billing_accounts enable row level security;
drop policy if exists select_member on public.billing_accounts;
create policy select_member on public.billing_accounts
  for select to authenticated
  using (company_id = (select private.company_for('billing.read')));
drop policy if exists select_platform_admin on public.billing_accounts;
create policy select_platform_admin on public.billing_accounts
  for select to platform_admin
  using ((select private.is_platform_admin()));

alter table public.billing_invoices enable row level security;
drop policy if exists select_member on public.billing_invoices;
create policy select_member on public.billing_invoices
  for select to authenticated
  using (company_id = (select private.company_for('billing.read')));
drop policy if exists select_platform_admin on public.billing_invoices;
create policy select_platform_admin on public.billing_invoices
  for select to platform_admin
  using ((select private.is_platform_admin()));

-- No write for members or operators on purpose: what stands here is Stripe's, and changes there.
revoke all on table public.billing_accounts from public, anon, authenticated, platform_admin, service_role;
grant select on table public.billing_accounts to authenticated;
grant select on table public.billing_accounts to platform_admin;
grant select, delete on table public.billing_accounts to service_role;
grant insert (
  company_id, id, stripe_subscription_id, stripe_price_id, subscription_status, currency, monthly_amount_minor,
  current_period_starts_at, current_period_ends_at, trial_ends_at, cancel_at_period_end, payment_status, payment_stage,
  past_due_since, grace_ends_at, suspends_at, suspended_at, customer_attempt, sync_started_at, synced_at, reconciled_at,
  last_error, created_at, updated_at, created_by, updated_by
) on table public.billing_accounts to service_role;
grant update (
  stripe_subscription_id, stripe_price_id, subscription_status, currency, monthly_amount_minor,
  current_period_starts_at, current_period_ends_at, trial_ends_at, cancel_at_period_end, payment_status, payment_stage,
  past_due_since, grace_ends_at, suspends_at, suspended_at, customer_attempt, sync_started_at, synced_at, reconciled_at,
  last_error, updated_at, created_by, updated_by
) on table public.billing_accounts to service_role;

revoke all on table public.billing_invoices from public, anon, authenticated, platform_admin, service_role;
grant select on table public.billing_invoices to authenticated;
grant select on table public.billing_invoices to platform_admin;
grant select, delete on table public.billing_invoices to service_role;
grant insert (
  company_id, id, stripe_invoice_id, stripe_subscription_id, number, status, currency, total_minor, amount_due_minor,
  amount_paid_minor, amount_remaining_minor, attempt_count, next_attempt_at, period_starts_at, period_ends_at, issued_at,
  due_at, finalized_at, paid_at, voided_at, hosted_invoice_url, pdf_url, synced_at, created_at, updated_at, created_by,
  updated_by
) on table public.billing_invoices to service_role;
grant update (
  stripe_subscription_id, number, status, currency, total_minor, amount_due_minor, amount_paid_minor,
  amount_remaining_minor, attempt_count, next_attempt_at, period_starts_at, period_ends_at, issued_at, due_at,
  finalized_at, paid_at, voided_at, hosted_invoice_url, pdf_url, synced_at, updated_at, created_by, updated_by
) on table public.billing_invoices to service_role;

revoke all on table private.stripe_events from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.stripe_usage_reports from public, anon, authenticated, platform_admin, service_role;
revoke all on table private.stripe_cursors from public, anon, authenticated, platform_admin, service_role;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select v.table_schema, v.table_name, c.column_name, v.class, v.erasure
  from (values
    ('private', 'stripe_cursors', 'operational', 'keep', '{name,value,updated_at}'),
    ('private', 'stripe_events', 'identifier', 'keep', '{stripe_event_id,stripe_customer_id}'),
    ('private', 'stripe_events', 'operational', 'keep', '{event_type,stripe_created_at,status,attempts,error,received_at,finished_at}'),
    ('private', 'stripe_events', 'personal', 'delete', '{payload}'),
    ('private', 'stripe_usage_reports', 'financial', 'keep', '{value_cents}'),
    ('private', 'stripe_usage_reports', 'identifier', 'keep', '{company_id,stripe_customer_id}'),
    ('private', 'stripe_usage_reports', 'operational', 'keep', '{month,position,used_at,created_at,sent_at}'),
    ('public', 'billing_accounts', 'financial', 'keep', '{currency,monthly_amount_minor}'),
    ('public', 'billing_accounts', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'billing_accounts', 'identifier', 'keep', '{company_id,id,stripe_subscription_id,stripe_price_id}'),
    ('public', 'billing_accounts', 'operational', 'keep', '{subscription_status,current_period_starts_at,
      current_period_ends_at,trial_ends_at,cancel_at_period_end,payment_status,payment_stage,past_due_since,
      grace_ends_at,suspends_at,suspended_at,customer_attempt,sync_started_at,synced_at,reconciled_at,last_error,
      created_at,updated_at}'),
    ('public', 'billing_invoices', 'financial', 'keep', '{currency,total_minor,amount_due_minor,amount_paid_minor,
      amount_remaining_minor}'),
    ('public', 'billing_invoices', 'identifier', 'clear', '{created_by,updated_by}'),
    ('public', 'billing_invoices', 'identifier', 'keep', '{company_id,id,stripe_invoice_id,stripe_subscription_id,number,
      hosted_invoice_url,pdf_url}'),
    ('public', 'billing_invoices', 'operational', 'keep', '{status,attempt_count,next_attempt_at,period_starts_at,
      period_ends_at,issued_at,due_at,finalized_at,paid_at,voided_at,synced_at,created_at,updated_at}')
  ) as v (table_schema, table_name, class, erasure, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do update
  set class = excluded.class, erasure = excluded.erasure
  where (column_classes.class, column_classes.erasure) <> (excluded.class, excluded.erasure);

comment on table public.billing_accounts is 'How a company stands with what it pays, mirrored from Stripe. One row a company, from its first contact with Stripe on.';
comment on column public.billing_accounts.company_id is 'Company (tenant) that the row belongs to. Never changes.';
comment on column public.billing_accounts.id is 'Row id, unique within the company.';
comment on column public.billing_accounts.stripe_subscription_id is 'Subscription that decides the plan, sub_…; null without one.';
comment on column public.billing_accounts.stripe_price_id is 'Its price, price_….';
comment on column public.billing_accounts.subscription_status is 'Its status in Stripe''s words: incomplete, incomplete_expired, trialing, active, past_due, canceled, unpaid or paused.';
comment on column public.billing_accounts.currency is 'Currency of the subscription, ISO 4217.';
comment on column public.billing_accounts.monthly_amount_minor is 'What the subscription comes to a month (a year''s price by twelve), in minor units of currency such as cents. 0 when it has ended.';
comment on column public.billing_accounts.current_period_starts_at is 'When the period that is paid for began.';
comment on column public.billing_accounts.current_period_ends_at is 'When it ends.';
comment on column public.billing_accounts.trial_ends_at is 'When the trial ends or ended.';
comment on column public.billing_accounts.cancel_at_period_end is 'True when the subscription ends with its period.';
comment on column public.billing_accounts.payment_status is 'ok; past_due while Stripe tries to collect; unpaid when it has given up.';
comment on column public.billing_accounts.payment_stage is 'What follows from that: ok, grace (nothing yet), soft_limit (the monthly limit is cut), suspended.';
comment on column public.billing_accounts.past_due_since is 'Since when a payment is due that was not made: when the oldest open invoice was sent.';
comment on column public.billing_accounts.grace_ends_at is 'When the monthly limit is cut, unless the payment arrives.';
comment on column public.billing_accounts.suspends_at is 'When the company is suspended, unless the payment arrives; infinity for never.';
comment on column public.billing_accounts.suspended_at is 'companies.suspended_at, where it was suspended for payment; it is restored only while both are the same.';
comment on column public.billing_accounts.customer_attempt is 'Customers that were made at Stripe before and are gone.';
comment on column public.billing_accounts.sync_started_at is 'When Stripe was last asked; each question has a later one.';
comment on column public.billing_accounts.synced_at is 'When Stripe was asked for what stands here; an answer to an earlier question is not taken any more.';
comment on column public.billing_accounts.reconciled_at is 'When the nightly comparison was last made.';
comment on column public.billing_accounts.last_error is 'What the last comparison with Stripe failed with; null when it did not.';
comment on column public.billing_accounts.created_at is 'When the row was created.';
comment on column public.billing_accounts.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.billing_accounts.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.billing_accounts.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on table public.billing_invoices is 'Invoices of the platform to the company, mirrored from Stripe. Amounts in minor units of the currency.';
comment on column public.billing_invoices.company_id is 'Company (tenant) that is billed. Never changes.';
comment on column public.billing_invoices.id is 'Row id, unique within the company.';
comment on column public.billing_invoices.stripe_invoice_id is 'Invoice at Stripe, in_….';
comment on column public.billing_invoices.stripe_subscription_id is 'Subscription that it is for, sub_….';
comment on column public.billing_invoices.number is 'Number on the invoice; null for a draft.';
comment on column public.billing_invoices.status is 'draft, open, paid, void or uncollectible.';
comment on column public.billing_invoices.currency is 'Currency, ISO 4217.';
comment on column public.billing_invoices.total_minor is 'Total with taxes and discounts; negative for a credit.';
comment on column public.billing_invoices.amount_due_minor is 'What is or was to be paid.';
comment on column public.billing_invoices.amount_paid_minor is 'What was paid.';
comment on column public.billing_invoices.amount_remaining_minor is 'What is left to be paid.';
comment on column public.billing_invoices.attempt_count is 'How often Stripe has tried to collect it.';
comment on column public.billing_invoices.next_attempt_at is 'When Stripe tries next.';
comment on column public.billing_invoices.period_starts_at is 'Begin of the period that is billed.';
comment on column public.billing_invoices.period_ends_at is 'End of it.';
comment on column public.billing_invoices.issued_at is 'When it was created at Stripe.';
comment on column public.billing_invoices.due_at is 'When it is due; null when it is collected at once.';
comment on column public.billing_invoices.finalized_at is 'When it was sent and could not be changed any more.';
comment on column public.billing_invoices.paid_at is 'When it was paid.';
comment on column public.billing_invoices.voided_at is 'When it was voided.';
comment on column public.billing_invoices.hosted_invoice_url is 'Page at Stripe on which it is shown and can be paid.';
comment on column public.billing_invoices.pdf_url is 'The invoice as a PDF.';
comment on column public.billing_invoices.synced_at is 'When Stripe was asked for what stands here.';
comment on column public.billing_invoices.created_at is 'When the row was created.';
comment on column public.billing_invoices.updated_at is 'When the row was last changed; kept by trigger.';
comment on column public.billing_invoices.created_by is 'Auth user who created the row; null for backend jobs. No foreign key: it outlives the account.';
comment on column public.billing_invoices.updated_by is 'Auth user who changed the row last; null for backend jobs.';

comment on policy select_member on public.billing_accounts is 'Members holding billing.read see the row of their active company.';
comment on policy select_platform_admin on public.billing_accounts is 'Platform operators see every company''s while the tables say they are admins.';
comment on policy select_member on public.billing_invoices is 'Members holding billing.read see the rows of their active company.';
comment on policy select_platform_admin on public.billing_invoices is 'Platform operators see every company''s while the tables say they are admins.';

comment on table private.stripe_events is 'Events that Stripe sent, each once: received (to be processed), processed, stored (of a type that means nothing here) or unmatched (no company has that customer).';
comment on table private.stripe_usage_reports is 'Usage that is or was reported to Stripe''s meter, a row a report.';
comment on table private.stripe_cursors is 'Where runs over Stripe''s lists go on.';

-- migrate:down
