-- migrate:up
-- The life of a company: created with everything that it needs, suspended, reactivated, closed. What is made for one
-- that create_company() makes is made for one that is inserted directly, too, when its transaction commits: whoever
-- brings their own plan or settings in it keeps those. Erasure after the grace period follows in company_erasure.

set lock_timeout = '5s';
set statement_timeout = '10min';

-- What is known of a company's life beside its row: the request that made it, until when closing can be undone, and what
-- erasure left. Its row outlives everything else of an erased company.
create table if not exists private.company_lifecycles (
  company_id uuid not null primary key references public.companies (id) on delete cascade,
  -- Hash of the request, so that a retry is told from another request that takes the same id.
  request_hash bytea,
  set_up_at timestamptz not null default now(),
  grace_days integer,
  grace_ends_at timestamptz,
  reminders smallint not null default 0,
  erasure_started_at timestamptz,
  erased_at timestamptz,
  checked_at timestamptz,
  completed_at timestamptz,
  counts jsonb not null default '{}',
  receipt jsonb,
  constraint company_lifecycles_grace_is_whole check ((grace_days is null) = (grace_ends_at is null)),
  constraint company_lifecycles_steps_are_in_order check (
    (erasure_started_at is null or grace_ends_at is not null) and (erased_at is null or erasure_started_at is not null)
    and (completed_at is null or erased_at is not null))
);

-- A default is told from what somebody has chosen: it gives way.
alter table public.company_config add column if not exists is_default boolean not null default false;
alter table public.data_retention_policies add column if not exists is_default boolean not null default false;

-- What is proposed to a new company. Nothing goes by itself: a default keeps, and says after how many days deletion
-- would be usual.
alter table private.retention_classes add column if not exists proposed_days integer not null default 3650;
update private.retention_classes as k
   set proposed_days = p.days
  from (values ('agent_logs', 365), ('api_usage', 1095), ('audit_logs', 1095), ('compliance_requests', 1095), ('documents', 3650),
               ('invoices', 3650), ('jobs', 1095), ('media_assets', 3650), ('users', 365)) as p (data_class, days)
 where k.data_class = p.data_class and k.proposed_days <> p.days;

insert into public.system_config (key, value, description) values
  ('companies.default_security_policy', '{"api_key_max_age_days": 365}',
   'Security policy of a new company: required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, api_key_max_age_days.')
on conflict (key) do nothing;

insert into private.column_classes (table_schema, table_name, column_name, class, erasure)
select v.table_schema, v.table_name, c.column_name, v.class, 'keep'
  from (values
    ('private', 'company_lifecycles', 'identifier', '{company_id}'),
    ('private', 'company_lifecycles', 'operational', '{request_hash,set_up_at,grace_days,grace_ends_at,reminders,
      erasure_started_at,erased_at,checked_at,completed_at,counts,receipt}'),
    ('private', 'retention_classes', 'operational', '{proposed_days}'),
    ('public', 'company_config', 'operational', '{is_default}'),
    ('public', 'data_retention_policies', 'operational', '{is_default}')
  ) as v (table_schema, table_name, class, column_names)
 cross join lateral unnest(v.column_names::text[]) as c (column_name)
on conflict (table_schema, table_name, column_name) do nothing;

-- Names that addresses of the platform itself use, or that would be taken for it.
create or replace function private.is_reserved_slug(p_slug text) returns boolean
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return p_slug = any ('{about,account,accounts,admin,administrator,api,app,apps,assets,auth,billing,blog,cdn,company,companies,
    console,contact,dashboard,demo,docs,ftp,help,imap,internal,legal,login,logout,mail,"null",platform,portal,pricing,privacy,
    private,public,register,root,security,settings,signin,signup,smtp,static,status,storage,support,system,terms,"undefined",
    webhooks,www}'::text[]);
end
$fn$;
revoke execute on function private.is_reserved_slug(text) from public;
grant execute on function private.is_reserved_slug(text) to platform_admin, service_role;

create or replace function private.tg_companies__check_slug() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_reserved_slug(new.slug) and not private.is_importing() then
    raise exception 'the slug % is reserved', new.slug
      using errcode = '23514',
            detail = 'slug_reserved',
            hint = 'Choose another one; names of the platform''s own pages cannot be a company''s.';
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_companies__check_slug() from public;
create or replace trigger check_slug
  before insert or update of slug on public.companies
  for each row when (not new.is_operator) execute function private.tg_companies__check_slug();

-- What a company's name becomes in an address: Latin letters without their marks, digits, hyphens.
create or replace function private.slug_of(p_name text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_slug text := replace(replace(replace(replace(lower(p_name), 'ß', 'ss'), 'æ', 'ae'), 'ø', 'o'), 'ł', 'l');
begin
  v_slug := regexp_replace(normalize(v_slug, nfkd), '[\u0300-\u036f]', '', 'g');
  v_slug := btrim(left(btrim(regexp_replace(v_slug, '[^a-z0-9]+', '-', 'g'), '-'), 50), '-');
  return case when length(v_slug) < 3 then ltrim(v_slug || '-company', '-') else v_slug end;
end
$fn$;
revoke execute on function private.slug_of(text) from public;

-- The first that is free of acme, acme-2, acme-3 …; after the 50th a random one.
create or replace function private.free_slug(p_base text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce((
    select s.slug
      from generate_series(1, 50) as n
     cross join lateral (select p_base || case n when 1 then '' else '-' || n end as slug) as s
     where not private.is_reserved_slug(s.slug) and not exists (select from public.companies as c where c.slug = s.slug)
     order by n
     limit 1), p_base || '-' || left(md5(gen_random_uuid()::text), 8));
end
$fn$;
revoke execute on function private.free_slug(text) from public;

-- A default gives way to what somebody inserts, and is none any more once somebody has changed it. As the invoker, who
-- may delete what they may insert.
create or replace function private.tg_row__yield_default() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
begin
  if private.is_importing() then
    return new;
  elsif tg_op = 'UPDATE' then
    new.is_default := false;
  elsif not new.is_default then
    if tg_argv[0] = 'company_config' then
      delete from public.company_config as c where c.company_id = new.company_id and c.is_default;
    else
      delete from public.data_retention_policies as p
       where p.company_id = new.company_id and p.data_class = new.data_class and p.is_default;
    end if;
  end if;
  return new;
end
$fn$;
revoke execute on function private.tg_row__yield_default() from public;
create or replace trigger yield_default
  before insert or update on public.company_config
  for each row execute function private.tg_row__yield_default('company_config');
create or replace trigger yield_default
  before insert or update on public.data_retention_policies
  for each row execute function private.tg_row__yield_default('data_retention_policies');

-- Everything that a company needs and does not have yet. Safe to repeat; recorded and told once. The operator company has
-- no plan, since nobody bills it.
create or replace function private.set_up_company(p_company_id uuid, p_plan_tier text, p_monthly_limit_usd numeric) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_company public.companies;
  v_plan public.company_plans;
  v_policy public.security_policies;
begin
  select * into v_company from public.companies as c where c.id = p_company_id;
  if not found then
    return;
  end if;
  if not v_company.is_operator and not exists (select from public.company_plans as p where p.company_id = p_company_id) then
    insert into public.company_plans (company_id, plan_tier, monthly_limit_usd)
    values (p_company_id, p_plan_tier, p_monthly_limit_usd);
  end if;
  insert into public.company_config (company_id, notification_emails, is_default)
  values (p_company_id, array[v_company.contact_email], true)
  on conflict (company_id) do nothing;
  if not exists (select from public.security_policies as p where p.company_id = p_company_id) then
    v_policy := jsonb_populate_record(null::public.security_policies, coalesce(
      (select s.value from public.system_config as s
        where s.key = 'companies.default_security_policy' and jsonb_typeof(s.value) = 'object'), '{}'));
    insert into public.security_policies (
      company_id, required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, api_key_max_age_days)
    values (
      p_company_id, coalesce(v_policy.required_aal, 'aal1'), coalesce(v_policy.aal2_permissions, '{}'),
      v_policy.session_max_age_seconds, v_policy.session_idle_seconds, v_policy.api_key_max_age_days);
  end if;
  insert into public.data_retention_policies (company_id, data_class, retention_days, action, legal_basis, is_default)
  select p_company_id, k.data_class, greatest(k.proposed_days, k.minimum_days), 'keep',
         format('Default: kept until the company decides; deletion after %s days is proposed.', greatest(k.proposed_days, k.minimum_days)), true
    from private.retention_classes as k
   order by k.data_class
  on conflict (company_id, data_class) do nothing;
  insert into private.compliance_reviews (company_id) values (p_company_id) on conflict (company_id) do nothing;
  insert into private.company_lifecycles (company_id) values (p_company_id) on conflict (company_id) do nothing;
  if found then
    select * into v_plan from public.company_plans as p where p.company_id = p_company_id and p.is_active;
    perform private.write_audit(p_company_id, 'company.created', 'companies', p_company_id, jsonb_strip_nulls(jsonb_build_object(
      'slug', v_company.slug, 'plan_tier', v_plan.plan_tier, 'monthly_limit_usd', v_plan.monthly_limit_usd)));
    if not v_company.is_operator then
      perform private.emit_event(p_company_id, 'company.created', jsonb_build_object(
        'slug', v_company.slug, 'plan_tier', v_plan.plan_tier, 'monthly_limit_usd', v_plan.monthly_limit_usd,
        'currency', v_company.currency, 'country_code', v_company.country_code));
    end if;
  end if;
end
$fn$;
revoke execute on function private.set_up_company(uuid, text, numeric) from public;

create or replace function private.tg_companies__set_up() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  if not exists (select from private.company_lifecycles as l where l.company_id = new.id) then
    perform private.set_up_company(new.id, 'starter', null);
  end if;
  return null;
end
$fn$;
revoke execute on function private.tg_companies__set_up() from public;

-- Whether somebody imports is asked when the row is inserted. A constraint trigger cannot be replaced, and one that is
-- there is the one that is meant.
do $do$
begin
  if not exists (
    select from pg_catalog.pg_trigger where tgrelid = 'public.companies'::regclass and tgname = 'set_up'
  ) then
    create constraint trigger set_up
      after insert on public.companies
      deferrable initially deferred
      for each row when (not private.is_importing())
      execute function private.tg_companies__set_up();
  end if;
end
$do$;

create or replace function private.create_company(
  p_name text, p_contact_email text, p_slug text, p_plan_tier text, p_monthly_limit_usd numeric, p_time_zone text,
  p_currency text, p_country_code text, p_company_id uuid, p_first_user_email text
) returns public.companies
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_id constant uuid := coalesce(p_company_id, gen_random_uuid());
  v_hash constant bytea := sha256(convert_to(jsonb_build_array(
    p_name, p_contact_email, p_slug, p_plan_tier, p_monthly_limit_usd, p_time_zone, p_currency, p_country_code,
    p_first_user_email)::text, 'UTF8'));
  v_slug text;
  v_company public.companies;
begin
  perform private.require_operator();
  perform private.check_company_values(p_name, p_contact_email, p_slug, p_plan_tier, p_monthly_limit_usd, p_currency, p_country_code);
  -- Of two at once that want the same slug the later one waits, and then takes the next; so does a retry for its own id.
  for v_attempt in 1 .. 20 loop
    v_slug := coalesce(p_slug, private.free_slug(private.slug_of(p_name)));
    insert into public.companies as c (id, slug, name, contact_email, time_zone, currency, country_code)
    values (v_id, v_slug, btrim(p_name), p_contact_email, coalesce(p_time_zone, 'UTC'), coalesce(p_currency, 'USD'), p_country_code)
    on conflict do nothing
    returning * into v_company;
    exit when found or exists (select from public.companies as c where c.id = v_id);
    if p_slug is not null then
      raise exception 'the slug % is taken', p_slug
        using errcode = '23505',
              detail = 'slug_taken',
              hint = format('%s is free; or leave slug out.', private.free_slug(p_slug));
    end if;
  end loop;
  if v_company.id is not null then
    perform private.set_up_company(v_id, coalesce(p_plan_tier, 'starter'), p_monthly_limit_usd);
    update private.company_lifecycles as l set request_hash = v_hash where l.company_id = v_id;
    if p_first_user_email is not null then
      -- The invitation has the company's id, and its token goes by e-mail.
      perform private.invite_member(v_id, p_first_user_email, 'client', p_invitation_id => v_id);
    end if;
    return v_company;
  end if;
  -- A retry, also of a request that another session has just committed.
  select c.* into v_company
    from public.companies as c
    join private.company_lifecycles as l on l.company_id = c.id
   where c.id = v_id and l.request_hash = v_hash;
  if not found then
    raise exception 'this company id is in use'
      using errcode = '23505',
            detail = 'company_id_taken',
            hint = 'Make a new id for each company; a retry repeats the request as it was.';
  end if;
  return v_company;
end
$fn$;
revoke execute on function private.create_company(text, text, text, text, numeric, text, text, text, uuid, text) from public;
grant execute on function private.create_company(text, text, text, text, numeric, text, text, text, uuid, text) to platform_admin, service_role;

-- Each wrong value by its name, before anything is written. The time zone, and that a custom plan has a limit, are checked
-- by the tables.
create or replace function private.check_company_values(
  p_name text, p_contact_email text, p_slug text, p_plan_tier text, p_monthly_limit_usd numeric, p_currency text, p_country_code text
) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $fn$
begin
  if p_name is null or p_name !~ '\S' or length(btrim(p_name)) > 200 then
    raise exception 'a company has a name of 1 to 200 characters'
      using errcode = '22023',
            detail = 'invalid_name',
            hint = 'State name, as it is shown to people.';
  end if;
  if p_contact_email is null or p_contact_email !~ '^[^@\s]+@[^@\s]+\.[^@\s]+$' or length(p_contact_email) > 254 then
    raise exception 'contact_email is no e-mail address'
      using errcode = '22023',
            detail = 'invalid_email',
            hint = 'State one address, such as billing@example.com.';
  end if;
  if p_slug !~ '^[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]$' then
    raise exception 'a slug has 3 to 63 lower case letters, digits and hyphens, with no hyphen at either end'
      using errcode = '22023',
            detail = 'invalid_slug',
            hint = format('%s would do; or leave slug out.', private.slug_of(p_slug));
  end if;
  if not exists (select from private.plan_tiers as t where t.plan_tier = coalesce(p_plan_tier, 'starter')) then
    raise exception 'there is no plan %', p_plan_tier
      using errcode = '22023',
            detail = 'unknown_plan_tier',
            hint = (select format('One of %s.', string_agg(t.plan_tier, ', ' order by t.monthly_limit_usd nulls last)) from private.plan_tiers as t);
  end if;
  if p_monthly_limit_usd is not null then
    perform private.micro_usd(p_monthly_limit_usd, 'monthly_limit_usd');
  end if;
  if p_currency !~ '^[A-Z]{3}$' or p_country_code !~ '^[A-Z]{2}$' then
    raise exception 'currency is a code of ISO 4217, country_code one of ISO 3166'
      using errcode = '22023',
            detail = 'invalid_code',
            hint = 'In capitals, such as EUR and DE.';
  end if;
end
$fn$;
revoke execute on function private.check_company_values(text, text, text, text, numeric, text, text) from public;

create or replace function public.create_company(
  name text, contact_email text, slug text default null, plan_tier text default 'starter', monthly_limit_usd numeric default null,
  time_zone text default 'UTC', currency text default 'USD', country_code text default null, company_id uuid default null,
  first_user_email text default null
) returns public.companies
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.create_company(
    name, contact_email, slug, plan_tier, monthly_limit_usd, time_zone, currency, country_code, company_id, first_user_email);
end
$fn$;
revoke execute on function public.create_company(text, text, text, text, numeric, text, text, text, uuid, text)
  from public, anon, authenticated, platform_admin, service_role;
grant execute on function public.create_company(text, text, text, text, numeric, text, text, text, uuid, text) to platform_admin, service_role;

revoke all on table private.company_lifecycles from public, anon, authenticated, platform_admin, service_role;

comment on table private.company_lifecycles is 'What is known of a company''s life beside its row: how it was made, until when closing can be undone, and what erasure left.';
comment on column private.company_lifecycles.request_hash is 'SHA-256 of the request that made it; null if it was inserted directly.';
comment on column private.company_lifecycles.grace_ends_at is 'Until when closing can be undone; then everything is erased. Set by close_company().';
comment on column private.company_lifecycles.reminders is 'How many reminders of the end of the grace period were sent.';
comment on column private.company_lifecycles.erased_at is 'When everything that may go had gone.';
comment on column private.company_lifecycles.completed_at is 'When what had to be kept had gone, too.';
comment on column private.company_lifecycles.counts is 'Rows that went so far, by table.';
comment on column private.company_lifecycles.receipt is 'What went, what is kept and why.';
comment on column public.company_config.is_default is 'True while nobody has chosen anything: an insert takes its place.';
comment on column public.data_retention_policies.is_default is 'True while nobody has chosen anything: an insert takes its place.';
comment on function private.is_reserved_slug(text) is 'True for names that the platform''s own addresses use.';
comment on function private.tg_companies__check_slug() is 'Row trigger. Errors: 23514 slug_reserved.';
comment on function private.slug_of(text) is 'A slug made from a name: Acme Grüße GmbH becomes acme-grusse-gmbh.';
comment on function private.free_slug(text) is 'The first of base, base-2, base-3 … that no company has and that is not reserved.';
comment on function private.tg_row__yield_default() is 'Row trigger: a default row gives way to one that somebody inserts, and is none any more once it is changed.';
comment on function private.set_up_company(uuid, text, numeric) is
  'Plan, settings, security policy, retention policies and review of a company, as far as it has none; audit entry and event company.created the first time.';
comment on function private.tg_companies__set_up() is 'Row trigger at the end of the transaction: a company that was inserted directly gets what create_company() gives.';
comment on function private.check_company_values(text, text, text, text, numeric, text, text) is
  'Passes for what a company can be made of. Errors: 22023 invalid_name, invalid_email, invalid_slug, unknown_plan_tier, invalid_amount, invalid_code.';
comment on function private.create_company(text, text, text, text, numeric, text, text, text, uuid, text) is 'Implementation of public.create_company().';
comment on function public.create_company(text, text, text, text, numeric, text, text, text, uuid, text) is
  'Creates a company with its plan, settings, security policy, retention policies and first review, in one transaction, with audit entry and event company.created, and invites its first user, a client, if first_user_email is stated; the company. slug is made from the name and unique unless stated; plan_tier is starter, professional, enterprise or custom, which needs monthly_limit_usd (US dollars a month). Repeated with its company_id and the same values it gives the same company. Operators and service_role only. Errors: 42501 not_an_operator; 22023 invalid_name, invalid_email, invalid_slug, unknown_plan_tier, invalid_amount, invalid_code, invalid_time_zone; 23502 plan_limit_required; 23505 slug_taken, company_id_taken; 23514 slug_reserved.';

-- migrate:down
