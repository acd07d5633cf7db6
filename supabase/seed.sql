-- Development data: the operator, three companies and a cast of eight, with rows in every table. Loaded by
-- `supabase db reset`, `supabase db push --include-seed` and `npm start`; never by a plain `supabase db push`.
-- Safe to run twice. Everybody signs in with the development password lytbub-dev-password: never use it elsewhere.

create or replace function pg_temp.seed_id(p_kind text, p_company integer, p_number integer) returns uuid
language sql immutable
as $fn$
  select (lpad(to_hex(('x' || left(md5(p_kind), 7))::bit(28)::integer), 8, '0')
    || '-0000-4000-8000-' || lpad(p_company::text, 4, '0') || lpad(p_number::text, 8, '0'))::uuid
$fn$;

-- People ---------------------------------------------------------------------------------------------------------
insert into auth.users (
  instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
  confirmation_token, recovery_token, email_change_token_new, email_change, created_at, updated_at
)
select '00000000-0000-0000-0000-000000000000', p.id::uuid, 'authenticated', 'authenticated', p.email,
       extensions.crypt('lytbub-dev-password', extensions.gen_salt('bf')), now(),
       '{"provider": "email", "providers": ["email"]}', jsonb_build_object('full_name', p.full_name),
       '', '', '', '', now(), now()
  from (values
    ('00000000-0000-4000-8000-00000000a000', 'olga@lytbub.example', 'Olga Operator'),
    ('00000000-0000-4000-8000-00000000a001', 'alice@acme.example', 'Alice Acme'),
    ('00000000-0000-4000-8000-00000000a002', 'adam@acme.example', 'Adam Agent'),
    ('00000000-0000-4000-8000-00000000a003', 'cora@acme.example', 'Cora Compliance'),
    ('00000000-0000-4000-8000-00000000a004', 'bob@globex.example', 'Bob Globex'),
    ('00000000-0000-4000-8000-00000000a005', 'mia@acme.example', 'Mia Both'),
    ('00000000-0000-4000-8000-00000000a006', 'sam@acme.example', 'Sam Suspended'),
    ('00000000-0000-4000-8000-00000000a007', 'ivan@initech.example', 'Ivan Initech'),
    ('00000000-0000-4000-8000-00000000a008', 'eve@outsider.example', 'Eve Outsider')
  ) as p (id, email, full_name)
on conflict (id) do nothing;

insert into auth.identities (
  id, user_id, provider_id, provider, identity_data, last_sign_in_at, created_at, updated_at
)
select u.id, u.id, u.id::text, 'email',
       jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', true), now(), now(), now()
  from auth.users as u
 where u.id::text like '00000000-0000-4000-8000-00000000a00_'
on conflict do nothing;

-- Companies ------------------------------------------------------------------------------------------------------
insert into public.companies (
  id, slug, name, legal_name, contact_name, contact_email, contact_phone, address_line1, city, postal_code,
  country_code, time_zone, currency, status, status_reason, is_operator, stripe_customer_id
) values
  ('00000000-0000-4000-8000-00000000c000', 'lytbub', 'LytbuB', 'LytbuB Inc.', 'Olga Operator', 'ops@lytbub.example',
   '+14155550100', '1 Market Street', 'San Francisco', '94105', 'US', 'America/Los_Angeles', 'USD', 'active', null,
   true, null),
  ('00000000-0000-4000-8000-00000000c001', 'acme', 'Acme', 'Acme GmbH', 'Alice Acme', 'billing@acme.example',
   '+4930123456', 'Hauptstrasse 1', 'Berlin', '10115', 'DE', 'Europe/Berlin', 'EUR', 'active', null,
   false, 'cus_DevAcme0001'),
  ('00000000-0000-4000-8000-00000000c002', 'globex', 'Globex', 'Globex Corporation', 'Bob Globex',
   'billing@globex.example', '+12125550123', '500 Fifth Avenue', 'New York', '10110', 'US', 'America/New_York', 'USD',
   'active', null, false, 'cus_DevGlobex0002'),
  ('00000000-0000-4000-8000-00000000c003', 'initech', 'Initech', 'Initech LLC', 'Ivan Initech',
   'billing@initech.example', '+15125550177', '4120 Freidrich Lane', 'Austin', '78744', 'US', 'America/Chicago', 'USD',
   'suspended', 'payment overdue', false, 'cus_DevInitech0003')
on conflict (id) do nothing;

insert into public.users (
  company_id, id, email, full_name, job_title, role, status, granted_permissions, selected_at
) values
  ('00000000-0000-4000-8000-00000000c000', '00000000-0000-4000-8000-00000000a000', 'olga@lytbub.example',
   'Olga Operator', 'Platform operator', 'admin', 'active', '{}', null),
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a001', 'alice@acme.example',
   'Alice Acme', 'Managing director', 'client', 'active', '{}', null),
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a002', 'adam@acme.example',
   'Adam Agent', 'Copywriter', 'agent', 'active', '{jobs.write,documents.read}', null),
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a003', 'cora@acme.example',
   'Cora Compliance', 'Data protection officer', 'compliance_admin', 'active', '{}', null),
  ('00000000-0000-4000-8000-00000000c002', '00000000-0000-4000-8000-00000000a004', 'bob@globex.example',
   'Bob Globex', 'Owner', 'client', 'active', '{}', null),
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a005', 'mia@acme.example',
   'Mia Both', 'Freelancer', 'agent', 'active', '{documents.read,documents.write}', '2026-01-01 00:00+00'),
  ('00000000-0000-4000-8000-00000000c002', '00000000-0000-4000-8000-00000000a005', 'mia@globex.example',
   'Mia Both', 'Head of content', 'client', 'active', '{}', null),
  ('00000000-0000-4000-8000-00000000c001', '00000000-0000-4000-8000-00000000a006', 'sam@acme.example',
   'Sam Suspended', 'Former owner', 'client', 'disabled', '{}', null),
  ('00000000-0000-4000-8000-00000000c003', '00000000-0000-4000-8000-00000000a007', 'ivan@initech.example',
   'Ivan Initech', 'Owner', 'client', 'active', '{}', null)
on conflict (company_id, id) do nothing;

create temporary table if not exists seed_companies as
select c.n, ('00000000-0000-4000-8000-00000000c00' || c.n)::uuid as company_id, c.slug, c.plan_tier
  from (values (1, 'acme', 'professional'), (2, 'globex', 'starter'), (3, 'initech', 'enterprise')) as c (n, slug, plan_tier);

insert into public.company_plans (company_id, id, plan_tier, monthly_limit_usd)
select c.company_id, pg_temp.seed_id('company_plans', c.n, 1), c.plan_tier,
       case c.plan_tier when 'starter' then 100 when 'professional' then 500 else 2000 end
  from seed_companies as c
on conflict do nothing;

insert into public.company_config (company_id, id, invoice_number_prefix, notification_emails, default_agent_model)
select c.company_id, pg_temp.seed_id('company_config', c.n, 1), upper(left(c.slug, 3)) || '-',
       array['alerts@' || c.slug || '.example'], 'claude-sonnet'
  from seed_companies as c
on conflict do nothing;

insert into public.system_config (key, value, description) values
  ('maintenance.enabled', 'false', 'True while the platform refuses writes.'),
  ('app.support_email', '"support@lytbub.example"', 'Address that error pages name.')
on conflict do nothing;

-- Services, AI agents, jobs and files ----------------------------------------------------------------------------
insert into public.services (company_id, id, code, name, description, category, status, billing_unit, unit_price, currency, tax_rate_percent)
select c.company_id, pg_temp.seed_id('services', c.n, s.n), s.code, s.name, s.description, s.category, s.status, s.billing_unit, s.unit_price,
       case c.slug when 'acme' then 'EUR' else 'USD' end, case c.slug when 'acme' then 19 else 0 end
  from seed_companies as c
 cross join (values
    (1, 'SEO-AUDIT', 'SEO audit', 'Crawl, report and a list of what to mend.', 'marketing', 'active', 'item', 750.00),
    (2, 'CONTENT', 'Content package', 'Four articles a month, written with AI and edited by people.', 'content', 'active', 'month', 1200.00),
    (3, 'SUPPORT-BOT', 'Support assistant', 'Answers customers around the clock.', 'support', 'active', 'thousand_tokens', 0.08),
    (4, 'WORKSHOP', 'Workshop', 'A day with the team.', 'consulting', 'draft', 'hour', 180.00)
  ) as s (n, code, name, description, category, status, billing_unit, unit_price)
on conflict do nothing;

insert into public.ai_agents (company_id, id, name, description, provider, model, system_prompt, configuration, temperature, max_output_tokens, monthly_limit_micro_usd, status)
select c.company_id, pg_temp.seed_id('ai_agents', c.n, a.n), a.name, a.description, a.provider, a.model, a.system_prompt,
       a.configuration::jsonb, a.temperature, a.max_output_tokens, a.monthly_limit_micro_usd, a.status
  from seed_companies as c
 cross join (values
    (1, 'Writer', 'Drafts articles.', 'anthropic', 'claude-sonnet', 'Write plainly.', '{"tools": ["search"]}', 0.7, 4096, 50000000, 'active'),
    (2, 'Support', 'Answers customers.', 'openai', 'gpt-mini', 'Be kind and brief.', '{"tools": ["orders"]}', 0.2, 1024, null::bigint, 'active'),
    (3, 'Archivist', 'Used to sort files.', 'anthropic', 'claude-haiku', null, '{}', 0.0, 512, null, 'archived')
  ) as a (n, name, description, provider, model, system_prompt, configuration, temperature, max_output_tokens, monthly_limit_micro_usd, status)
on conflict do nothing;

insert into public.jobs (company_id, id, kind, status, priority, payload, result, error_message, attempts, service_id, agent_id, assigned_user_id)
select c.company_id, pg_temp.seed_id('jobs', c.n, j.n), j.kind, j.status, j.priority, j.payload::jsonb, j.result::jsonb, j.error_message, j.attempts,
       pg_temp.seed_id('services', c.n, 2), pg_temp.seed_id('ai_agents', c.n, 1),
       case when c.slug = 'acme' and j.n = 1 then '00000000-0000-4000-8000-00000000a002'::uuid end
  from seed_companies as c
 cross join (values
    (1, 'article.draft', 'queued', 10, '{"topic": "row level security"}', null, null, 0),
    (2, 'article.draft', 'running', 0, '{"topic": "budgets"}', null, null, 1),
    (3, 'article.draft', 'succeeded', 0, '{"topic": "retention"}', '{"words": 912}', null, 1),
    (4, 'site.crawl', 'failed', -5, '{"url": "https://example.com"}', null, 'timed out', 3)
  ) as j (n, kind, status, priority, payload, result, error_message, attempts)
on conflict do nothing;

insert into public.documents (company_id, id, title, description, storage_path, mime_type, size_bytes, checksum_sha256, status, confidentiality, job_id)
select c.company_id, pg_temp.seed_id('documents', c.n, d.n), d.title, d.description, c.company_id || '/' || d.file, d.mime_type, d.size_bytes,
       encode(sha256(convert_to(c.slug || d.file, 'UTF8')), 'hex'), d.status, d.confidentiality,
       case when d.n = 1 then pg_temp.seed_id('jobs', c.n, 3) end
  from seed_companies as c
 cross join (values
    (1, 'Article: retention', 'First draft.', 'articles/retention.md', 'text/markdown', 6144, 'ready', 'internal'),
    (2, 'Contract', 'Signed.', 'contracts/2026.pdf', 'application/pdf', 248320, 'ready', 'confidential'),
    (3, 'Price list', null, 'prices.pdf', 'application/pdf', 51200, 'pending', 'public')
  ) as d (n, title, description, file, mime_type, size_bytes, status, confidentiality)
on conflict do nothing;

insert into public.media_assets (company_id, id, title, storage_path, mime_type, size_bytes, kind, alt_text, width_px, height_px, duration_ms)
select c.company_id, pg_temp.seed_id('media_assets', c.n, m.n), m.title, c.company_id || '/' || m.file, m.mime_type, m.size_bytes, m.kind,
       m.alt_text, m.width_px, m.height_px, m.duration_ms
  from seed_companies as c
 cross join (values
    (1, 'Logo', 'logo.png', 'image/png', 20480, 'image', 'The company''s logo', 512, 512, null),
    (2, 'Trailer', 'trailer.mp4', 'video/mp4', 7340032, 'video', 'A short film about us', 1920, 1080, 30000)
  ) as m (n, title, file, mime_type, size_bytes, kind, alt_text, width_px, height_px, duration_ms)
on conflict do nothing;

insert into storage.objects (id, bucket_id, name)
select pg_temp.seed_id('storage.documents', c.n, d.n), 'documents', c.company_id || '/' || d.file
  from seed_companies as c
 cross join (values (1, 'articles/retention.md'), (2, 'contracts/2026.pdf')) as d (n, file)
on conflict do nothing;

insert into storage.objects (id, bucket_id, name)
select pg_temp.seed_id('storage.media', c.n, 1), 'media', c.company_id || '/logo.png'
  from seed_companies as c
on conflict do nothing;

-- Invoices: written as drafts, then sent -------------------------------------------------------------------------
insert into public.invoices (company_id, id, number, customer_name, customer_email, customer_address, currency, issued_on, due_on)
select c.company_id, pg_temp.seed_id('invoices', c.n, i.n), upper(left(c.slug, 3)) || '-2026-' || lpad(i.n::text, 4, '0'), i.customer_name, i.customer_email,
       i.customer_address, case c.slug when 'acme' then 'EUR' else 'USD' end, current_date - i.age, current_date - i.age + 30
  from seed_companies as c
 cross join (values
    (1, 'Hooli', 'ap@hooli.example', '1 Hooli Way', 60),
    (2, 'Umbrella', 'ap@umbrella.example', '7 Raccoon Street', 20),
    (3, 'Stark', 'ap@stark.example', '10880 Malibu Point', 5)
  ) as i (n, customer_name, customer_email, customer_address, age)
on conflict do nothing;

insert into public.invoice_line_items (company_id, id, invoice_id, service_id, position, description, quantity, unit_amount, tax_rate_percent)
select c.company_id, pg_temp.seed_id('invoice_line_items', c.n, i.n * 10 + l.n), i.id, pg_temp.seed_id('services', c.n, l.n), l.n, l.description, l.quantity, l.unit_amount,
       case c.slug when 'acme' then 19 else 0 end
  from seed_companies as c
 cross join (values (1), (2), (3)) as n (n)
  join lateral (select n.n, pg_temp.seed_id('invoices', c.n, n.n) as id) as i on true
  join public.invoices as v on v.company_id = c.company_id and v.id = i.id and v.status = 'draft'
 cross join (values (1, 'SEO audit', 1, 750.00), (2, 'Content package', 2, 1200.00)) as l (n, description, quantity, unit_amount)
on conflict do nothing;

update public.invoices as i
   set status = 'paid'
  from seed_companies as c
 where i.company_id = c.company_id and i.id = pg_temp.seed_id('invoices', c.n, 1) and i.status = 'draft';

update public.invoices as i
   set status = 'open'
  from seed_companies as c
 where i.company_id = c.company_id and i.id = pg_temp.seed_id('invoices', c.n, 2) and i.status = 'draft';

-- Logs, usage and budget: the last sixty days --------------------------------------------------------------------
insert into public.agent_logs (company_id, id, agent_id, job_id, level, event, message, data, duration_ms, created_at)
select c.company_id, pg_temp.seed_id('agent_logs', c.n, g.n), pg_temp.seed_id('ai_agents', c.n, 1), pg_temp.seed_id('jobs', c.n, 1 + g.n % 4),
       (array['debug', 'info', 'info', 'warning'])[1 + g.n % 4], 'tool.called', 'Searched the web', '{"tool": "search"}', 100 + g.n,
       now() - make_interval(hours => g.n * 30)
  from seed_companies as c
 cross join generate_series(1, 48) as g (n)
 where not exists (select from public.agent_logs as x where x.company_id = c.company_id);

insert into public.api_usage (company_id, id, occurred_at, service, model, agent_id, description, unit, units, input_tokens, output_tokens, cost_micro_usd, budget_month)
select c.company_id, pg_temp.seed_id('api_usage', c.n, g.n), now() - make_interval(hours => g.n * 7), 'chat.completions', 'claude-sonnet',
       pg_temp.seed_id('ai_agents', c.n, 1 + g.n % 2), 'Article draft', 'token', 900 + g.n * 3, 600 + g.n, 300 + g.n * 2,
       20000 + (g.n * 7919) % 90000,
       date_trunc('month', (now() - make_interval(hours => g.n * 7)) at time zone co.time_zone)::date
  from seed_companies as c
  join public.companies as co on co.id = c.company_id
 cross join generate_series(1, 200) as g (n)
 where not exists (select from public.api_usage as x where x.company_id = c.company_id);

insert into public.service_limits (company_id, id, service, monthly_limit_micro_usd)
select c.company_id, pg_temp.seed_id('service_limits', c.n, 1), 'image.generations', 25000000
  from seed_companies as c
on conflict do nothing;

-- Each plan opened its company's month; the counters take over what the ledger has for it.
update public.budget_periods as p
   set spent_micro_usd = t.total
  from (
    select x.company_id, x.id,
           private.ledger_total(x.company_id, x.month, x.starts_at, x.ends_at, x.agent_id, x.service) as total
      from seed_companies as c
      join public.budget_periods as x on x.company_id = c.company_id
     where x.status = 'open' and x.spent_micro_usd = 0
  ) as t
 where p.company_id = t.company_id and p.id = t.id and t.total <> 0;
insert into public.budget_adjustments (company_id, id, budget_period_id, amount_micro_usd, reason)
select p.company_id, pg_temp.seed_id('budget_adjustments', c.n, 1), p.id, -1000000, 'Goodwill for an outage'
  from seed_companies as c
  join public.budget_periods as p on p.company_id = c.company_id and p.scope = 'company'
on conflict do nothing;
update public.budget_periods as p
   set adjusted_micro_usd = a.amount_micro_usd
  from public.budget_adjustments as a
 where a.company_id = p.company_id and a.budget_period_id = p.id
   and a.id in (select pg_temp.seed_id('budget_adjustments', c.n, 1) from seed_companies as c) and p.adjusted_micro_usd = 0;

select private.raise_budget_alerts(p.company_id, p.id)
  from seed_companies as c
  join public.budget_periods as p on p.company_id = c.company_id and p.status = 'open';
insert into public.budget_alerts (company_id, id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd)
select p.company_id, pg_temp.seed_id('budget_alerts', c.n, 1), p.id, 1, p.limit_micro_usd, p.spent_micro_usd
  from seed_companies as c
  join public.budget_periods as p on p.company_id = c.company_id and p.scope = 'company'
on conflict do nothing;

-- Security and compliance ----------------------------------------------------------------------------------------
insert into public.security_policies (company_id, id, required_aal, aal2_permissions, api_key_max_age_days, notes)
select c.company_id, pg_temp.seed_id('security_policies', c.n, 1), 'aal1', '{}', 365, 'Passwords of at least 12 characters.'
  from seed_companies as c
on conflict do nothing;

insert into public.ip_allowlist_entries (company_id, id, network, label, is_enabled)
select c.company_id, pg_temp.seed_id('ip_allowlist_entries', c.n, e.n), e.network::inet, e.label, e.is_enabled
  from seed_companies as c
 cross join (values (1, '203.0.113.0/24', 'Office', true), (2, '2001:db8:1::/48', 'Home offices', false)) as e (n, network, label, is_enabled)
on conflict do nothing;

insert into public.data_retention_policies (company_id, id, data_class, retention_days, action, legal_basis)
select c.company_id, pg_temp.seed_id('data_retention_policies', c.n, r.n), r.data_class, r.retention_days, r.action, r.legal_basis
  from seed_companies as c
 cross join (values
    (1, 'agent_logs', 90, 'delete', null),
    (2, 'invoices', 3650, 'keep', 'Tax law: ten years.'),
    (3, 'documents', 1095, 'anonymise', null)
  ) as r (n, data_class, retention_days, action, legal_basis)
on conflict do nothing;

insert into public.data_retention_logs (company_id, id, data_retention_policy_id, data_class, status, rows_affected, started_at, finished_at)
select c.company_id, pg_temp.seed_id('data_retention_logs', c.n, 1), pg_temp.seed_id('data_retention_policies', c.n, 1), 'agent_logs', 'succeeded', 17,
       now() - interval '1 day', now() - interval '1 day' + interval '3 seconds'
  from seed_companies as c
on conflict do nothing;

insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, subject_name, details)
select c.company_id, pg_temp.seed_id('compliance_requests', c.n, r.n), r.kind, r.regulation, r.subject_email, r.subject_name, r.details
  from seed_companies as c
 cross join (values
    (1, 'access', 'gdpr', 'pat@example.com', 'Pat Person', 'What do you hold about me?'),
    (2, 'delete', 'ccpa', 'chris@example.com', 'Chris Customer', 'Please delete my data.'),
    (3, 'opt_out', 'ccpa', 'max@example.com', 'Max Muted', 'Do not sell my data.')
  ) as r (n, kind, regulation, subject_email, subject_name, details)
on conflict do nothing;

insert into public.processing_restrictions (company_id, id, compliance_request_id, kind, subject_email, purposes)
select c.company_id, pg_temp.seed_id('processing_restrictions', c.n, 1), pg_temp.seed_id('compliance_requests', c.n, 3),
       'opt_out', 'max@example.com', '{sale,sharing}'
  from seed_companies as c
on conflict do nothing;

insert into public.api_keys (company_id, id, name, prefix, permissions, expires_at)
select c.company_id, pg_temp.seed_id('api_keys', c.n, 1), 'Website', 'lyt_dev' || c.n, '{services.read,jobs.write}', now() + interval '180 days'
  from seed_companies as c
on conflict do nothing;

-- A random secret that nobody knows: development keys cannot be used until one is issued.
insert into private.api_key_secrets (company_id, api_key_id, key_hash)
select c.company_id, pg_temp.seed_id('api_keys', c.n, 1), sha256(extensions.gen_random_bytes(32))
  from seed_companies as c
on conflict do nothing;

-- A master key for the secrets of companies, random as well.
do $do$
begin
  if to_regclass('vault.secrets') is not null
     and not exists (select from vault.secrets as s where s.name = 'lytbub_master_key')
  then
    perform vault.create_secret(encode(extensions.gen_random_bytes(32), 'hex'), 'lytbub_master_key');
  end if;
end
$do$;

-- Nobody knows their tokens: send them again to get one.
insert into public.invitations (company_id, id, email, full_name, role, expires_at, invited_as, sent_count, last_sent_at)
select c.company_id, pg_temp.seed_id('invitations', c.n, i.n), i.email, i.full_name, i.role, i.expires_at, 'backend', 1, now() - interval '1 hour'
  from seed_companies as c
 cross join lateral (values
    (1, 'nina@newcomer.example', 'Nina Newcomer', 'agent', now() + interval '7 days'),
    (2, 'leo@latecomer.example', 'Leo Latecomer', 'client', now() - interval '1 minute')
  ) as i (n, email, full_name, role, expires_at)
on conflict do nothing;

insert into public.audit_logs (company_id, id, actor_id, actor_role, action, table_name, row_id, changes, ip_address, created_at)
select c.company_id, pg_temp.seed_id('audit_logs', c.n, g.n), '00000000-0000-4000-8000-00000000a000', 'admin', 'companies.created', 'companies', c.company_id,
       jsonb_build_object('name', jsonb_build_array(null, c.slug)), '203.0.113.7', now() - make_interval(days => g.n)
  from seed_companies as c
 cross join generate_series(1, 3) as g (n)
 where not exists (select from public.audit_logs as x where x.company_id = c.company_id);

-- What Stripe would have said of them: a customer who once paid, without a subscription.
insert into public.billing_accounts (company_id, id, currency, synced_at, reconciled_at)
select c.company_id, pg_temp.seed_id('billing_accounts', c.n, 1), 'USD', now(), now()
  from seed_companies as c
on conflict do nothing;
insert into public.billing_invoices (company_id, id, stripe_invoice_id, number, status, currency, total_minor, amount_due_minor,
  amount_paid_minor, amount_remaining_minor, attempt_count, period_starts_at, period_ends_at, issued_at, finalized_at, paid_at, synced_at)
select c.company_id, pg_temp.seed_id('billing_invoices', c.n, 1), 'in_seed' || c.n, 'SEED-' || c.n, 'paid', 'USD', 10000, 10000,
       10000, 0, 1, date_trunc('month', now()) - interval '1 month', date_trunc('month', now()), date_trunc('month', now()), date_trunc('month', now()),
       date_trunc('month', now()), now()
  from seed_companies as c
on conflict do nothing;

drop table seed_companies;
