-- A company is made with everything that it needs, by whom it may be, once however often it is asked for; and one that is
-- inserted directly gets the same.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(122);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- What somebody gets: the first column, or SQLSTATE and token of the refusal (and whether it says what to do).
create function pg_temp.says(p_role text, p_user text, p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
  v_detail text;
  v_hint text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', pg_temp.id(p_user), 'role', p_role)::text end, true),
          set_config('role', p_role, true);
  begin
    execute p_sql into v_answer;
  exception when others then
    get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    v_answer := concat_ws(' ', sqlstate, nullif(v_detail, ''), case when v_detail <> '' and v_hint = '' then 'without a hint' end);
  end;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
create function pg_temp.backend(p_sql text) returns text language sql as $$ select pg_temp.says('service_role', null, p_sql) $$;

insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['b911', 'b912']) as i;
insert into public.users (company_id, id, email, full_name, role) values
  ((select id from public.companies where is_operator), pg_temp.id('b911'), 'b911@b.example', 'Operator', 'admin'),
  ((select id from public.companies where is_operator), pg_temp.id('b912'), 'b912@b.example', 'Demoted', 'client');

-- Who may -------------------------------------------------------------------------------------------------------------
select is(pg_temp.says(r, u, $$select slug from public.create_company('Who May', 'who@b.example')$$), a, w)
  from (values
    ('anon', null, '42501', 'not a visitor'), ('authenticated', 'a002', '42501', 'not a client'),
    ('authenticated', 'a003', '42501', 'not an agent'), ('authenticated', 'a004', '42501', 'not a compliance administrator'),
    ('authenticated', 'b911', '42501', 'not an admin whose token does not say so'),
    ('platform_admin', 'b912', '42501 not_an_operator', 'not an admin who is none any more'),
    ('platform_admin', null, '42501 not_an_operator', 'not nobody'),
    ('platform_admin', 'b911', 'who-may', 'an operator'), ('service_role', null, 'who-may-2', 'the backend')
  ) as t (r, u, a, w);
select is(pg_temp.says(r, 'b911', $$select c.slug from private.create_company('Direct', 'who@b.example', null, null, null, null, null, null, null, null) as c$$), a, 'directly: ' || r)
  from (values ('anon', '42501'), ('authenticated', '42501'), ('platform_admin', 'direct')) as t (r, a);
select is((select c.created_by from public.companies as c where c.slug = 'who-may'), pg_temp.id('b911'), 'it says who made it');
select is((select array[c.time_zone, c.currency, c.country_code, c.status] from public.companies as c where c.slug = 'direct'), array['UTC', 'USD', null, 'active'], 'what is left out has its default');

-- What it has ---------------------------------------------------------------------------------------------------------
select is(pg_temp.backend($$select concat_ws(' ', c.id, c.slug, c.name, c.contact_email, c.time_zone, c.currency, c.country_code, c.status)
  from public.create_company('  Müller & Söhne  ', 'mail@mueller.example', time_zone => 'Europe/Berlin', currency => 'EUR', country_code => 'DE', company_id => pg_temp.id('b001')) as c$$),
  '00000000-0000-4000-8000-00000000b001 muller-sohne Müller & Söhne mail@mueller.example Europe/Berlin EUR DE active', 'it is as asked for');
select results_eq($$select plan_tier, monthly_limit_usd, enforcement, is_active, features -> 'members' from public.company_plans where company_id = pg_temp.id('b001')$$,
  $$values ('starter', 100::numeric, 'hard', true, '5'::jsonb)$$, 'a starter plan');
select results_eq($$select notification_emails, invoice_number_prefix, is_default from public.company_config where company_id = pg_temp.id('b001')$$,
  $$values ('{mail@mueller.example}'::text[], 'INV-', true)$$, 'settings, with the address for alerts');
select results_eq($$select version, required_aal, aal2_permissions, api_key_max_age_days, is_active, is_strict from public.security_policies where company_id = pg_temp.id('b001')$$,
  $$values (1, 'aal1', '{}'::text[], 365, true, false)$$, 'a security policy that locks nobody out');
select results_eq($$select p.data_class from public.data_retention_policies as p join private.retention_classes as k using (data_class)
  where p.company_id = pg_temp.id('b001') and p.action = 'keep' and not p.is_legal_hold and p.is_default and p.legal_basis like '%' || p.retention_days || ' days%'
    and p.retention_days = greatest(k.proposed_days, k.minimum_days) order by 1$$,
  'select data_class from private.retention_classes order by 1', 'a retention policy for each class, which loses nothing');
select is((select retention_days from public.data_retention_policies where company_id = pg_temp.id('b001') and data_class = 'agent_logs'), 365, 'with a period to begin from');
select is((select count(*)::integer from private.compliance_reviews where company_id = pg_temp.id('b001') and reviewed_at is null), 1, 'its first review is to come');
select is_empty($$select check_name, status from public.compliance_status(pg_temp.id('b001'))
  where status not in ('ok') and check_name not in ('ip_allowlist', 'users_without_mfa', 'audit_chain')$$, 'and it stands well from the first day');
select results_eq($$select topic, payload from private.outbox_events where company_id = pg_temp.id('b001')$$,
  $$values ('company.created', '{"slug": "muller-sohne", "currency": "EUR", "plan_tier": "starter", "country_code": "DE", "monthly_limit_usd": 100}'::jsonb)$$, 'it is told once');
select results_eq($$select actor_role, row_id, changes from public.audit_logs where company_id = pg_temp.id('b001') and action = 'company.created'$$,
  $$values ('service_role', pg_temp.id('b001'), '{"slug": "muller-sohne", "plan_tier": "starter", "monthly_limit_usd": 100}'::jsonb)$$, 'and recorded');
select is((select request_hash is not null from private.company_lifecycles where company_id = pg_temp.id('b001')), true, 'the request is remembered');
select is((select count(*)::integer from public.audit_logs where action in ('companies.created', 'company_plans.created', 'company_config.created', 'security_policies.created') and company_id = pg_temp.id('b001')), 4, 'so are its parts');

-- Plans ---------------------------------------------------------------------------------------------------------------
create function pg_temp.made(p_arguments text) returns text language sql as $$
  select pg_temp.backend(format('select c.id from public.create_company(%s) as c', p_arguments))
$$;
create temporary table made as select * from unnest(array[
    pg_temp.made($$'Plan 1', 'p@b.example', plan_tier => 'professional'$$), pg_temp.made($$'Plan 2', 'p@b.example', plan_tier => 'custom', monthly_limit_usd => 7.5$$),
    pg_temp.made($$'Plan 3', 'p@b.example', plan_tier => 'starter', monthly_limit_usd => 0$$), pg_temp.made($$'Plan 4', 'p@b.example', plan_tier => null$$)]) with ordinality as m (id, n);
select is((select array_agg(p.plan_tier || ' ' || p.monthly_limit_usd::real order by n) from made as m join public.company_plans as p on p.company_id = m.id::uuid), array['professional 500', 'custom 7.5', 'starter 0', 'starter 100'], 'each tier with its limit or the one that is stated');
select is(pg_temp.made(a), r, w) from (values
  ($$'P', 'p@b.example', plan_tier => 'custom'$$, '23502 plan_limit_required', 'a custom plan states its limit'),
  ($$'P', 'p@b.example', plan_tier => 'gold'$$, '22023 unknown_plan_tier', 'tiers are known'),
  ($$'P', 'p@b.example', monthly_limit_usd => -1$$, '22023 invalid_amount', 'no limit below nothing'),
  ($$'P', 'p@b.example', monthly_limit_usd => 'NaN'$$, '22023 invalid_amount', 'nor one that is no number'),
  -- Names and addresses
  ($$null, 'p@b.example'$$, '22023 invalid_name', 'a company has a name'),
  ($$'   ', 'p@b.example'$$, '22023 invalid_name', 'that is not blank'),
  ($$repeat('x', 201), 'p@b.example'$$, '22023 invalid_name', 'or too long'),
  ($$'P', null$$, '22023 invalid_email', 'and an address'),
  ($$'P', 'nobody'$$, '22023 invalid_email', 'that is one'),
  ($$'P', 'a b@c.example'$$, '22023 invalid_email', 'without space'),
  ($$'P', 'a@b@c.example'$$, '22023 invalid_email', 'and one only'),
  ($$'P', repeat('x', 250) || '@b.example'$$, '22023 invalid_email', 'and not too long'),
  ($$'P', 'p@b.example', 'No Slug'$$, '22023 invalid_slug', 'a slug is one'),
  ($$'P', 'p@b.example', 'ab'$$, '22023 invalid_slug', 'of three letters at least'),
  ($$'P', 'p@b.example', '-abc'$$, '22023 invalid_slug', 'which begins with no hyphen'),
  ($$'P', 'p@b.example', 'abc-'$$, '22023 invalid_slug', 'and ends with none'),
  ($$'P', 'p@b.example', repeat('a', 64)$$, '22023 invalid_slug', 'and is no longer than 63'),
  ($$'P', 'p@b.example', 'admin'$$, '23514 slug_reserved', 'nor one of the platform''s'),
  ($$'P', 'p@b.example', 'acme'$$, '23505 slug_taken', 'nor somebody else''s'),
  ($$'P', 'p@b.example', time_zone => 'Mars/Olympus'$$, '22023 invalid_time_zone', 'time zones exist'),
  ($$'P', 'p@b.example', currency => 'euro'$$, '22023 invalid_code', 'currencies are codes'),
  ($$'P', 'p@b.example', country_code => 'de'$$, '22023 invalid_code', 'so are countries')
) as t (a, r, w);
select is((select count(*)::integer from public.companies where name = 'P'), 0, 'none of these is there');
create function pg_temp.hint(p_sql text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_sql;
  return null;
exception when others then
  get stacked diagnostics v_hint = pg_exception_hint;
  return v_hint;
end
$$;
select is(pg_temp.hint($$select public.create_company('P', 'p@b.example', 'Acme Corp')$$), 'acme-corp would do; or leave slug out.', 'a wrong slug is answered with one that would do');
select is(pg_temp.hint($$select public.create_company('P', 'p@b.example', 'acme')$$), 'acme-2 is free; or leave slug out.', 'a taken one with one that is free');
select is(pg_temp.hint($$select public.create_company('P', 'p@b.example', plan_tier => 'gold')$$), 'One of starter, professional, enterprise, custom.', 'a wrong plan with those that there are');
select is(pg_temp.made($$repeat('x', 200), repeat('x', 244) || '@b.example', repeat('a', 63)$$) ~ '^[0-9a-f-]{36}$', true, 'control: as long as they may be');
select is(pg_temp.made($$'P3', 'p@b.example', 'abc'$$) ~ '^[0-9a-f-]{36}$', true, 'control: as short as it may be');

-- Slugs ---------------------------------------------------------------------------------------------------------------
select is(private.slug_of(n), s, n || ' is ' || s) from (values
  ('Acme', 'acme'), ('  Acme, Inc. ', 'acme-inc'), ('Straße & Æther Øl Łódź', 'strasse-aether-ol-lodz'), ('Crème Brûlée', 'creme-brulee'),
  ('X', 'x-company'), ('株式会社', 'company'), ('---', 'company'), ('ab', 'ab-company'), ('abc', 'abc'), ('Ｆｕｌｌ', 'full'),
  (repeat('ab ', 40), left(repeat('ab-', 40), 50))) as t (n, s);
create temporary table same as select * from unnest(array[
    pg_temp.made($$'Same Name', 'p@b.example'$$), pg_temp.made($$'Same Name', 'p@b.example'$$), pg_temp.made($$'Same-name', 'p@b.example'$$), pg_temp.made($$'Admin', 'p@b.example'$$)]) with ordinality as m (id, n);
select is((select array_agg(c.slug order by n) from same as m join public.companies as c on c.id = m.id::uuid), array['same-name', 'same-name-2', 'same-name-3', 'admin-2'], 'companies of one name get one each, and a reserved one is passed over');
insert into public.companies (slug, name, contact_email) select 'full' || case n when 1 then '' else '-' || n end, 'x', 'a@b.example' from generate_series(1, 50) as n;
select matches(private.free_slug('full'), '^full-[0-9a-f]{8}$', 'after fifty one is drawn');
update public.companies set slug = 'no-longer' where slug = 'full-50';
select is(private.free_slug('full'), 'full-50', 'and not before');
select throws_ok($$insert into public.companies (slug, name, contact_email) values ('api', 'x', 'a@b.example')$$, '23514', 'the slug api is reserved', 'reserved names are refused in the table, too');
select throws_ok($$update public.companies set slug = 'www' where slug = 'acme'$$, '23514', null, 'also later');
select lives_ok($$update public.companies set slug = 'admin' where is_operator$$, 'but to the operator company');
set local app.importing = 'on';
select lives_ok($$update public.companies set slug = 'support' where slug = 'full-49'$$, 'and what an import brings');
set local app.importing = '';

-- Retries -------------------------------------------------------------------------------------------------------------
create function pg_temp.again(p_name text, p_more text) returns text language sql as $$
  select pg_temp.made(format('%L, ''again@b.example'', company_id => pg_temp.id(''b0a1'')%s', p_name, p_more))
$$;
select is(pg_temp.again('Again', ''), pg_temp.id('b0a1')::text, 'a company of one''s own id');
update public.companies set name = 'Renamed since' where id = pg_temp.id('b0a1');
select is(pg_temp.made($$'Again', 'again@b.example', company_id => pg_temp.id('b0a2')$$), pg_temp.id('b0a2')::text, 'the same under another id is another company');
select is(pg_temp.again('Again', ''), pg_temp.id('b0a1')::text, 'a retry gets it again, also after it was renamed');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('b0a1')), 1, 'and tells nothing twice');
select is((select count(*)::integer from public.company_plans where company_id = pg_temp.id('b0a1')), 1, 'nor makes anything twice');
select is(pg_temp.made($$'Again', 'again@b.example', company_id => pg_temp.id('b0a2')$$), pg_temp.id('b0a2')::text, 'and is found by its own');
select is(pg_temp.made($$'Again', 'again@b.example', company_id => pg_temp.id('c001')$$), '23505 company_id_taken', 'nor does somebody else''s request open a third');
select is(pg_temp.again('Other', ''), '23505 company_id_taken', 'another request does not get it');
select is(pg_temp.again('Again', $$, slug => 'again'$$), '23505 company_id_taken', 'also if it differs in what was left out');
select is(pg_temp.again('Again', $$, plan_tier => 'professional'$$), '23505 company_id_taken', 'or in its plan');
select is(pg_temp.made($$'Acme', 'billing@acme.example', 'acme', company_id => pg_temp.id('c001')$$), '23505 company_id_taken', 'nor does anybody get one that was made otherwise');
create function pg_temp.message(p_sql text) returns text language plpgsql as $$
begin
  execute p_sql;
  return null;
exception when others then
  return sqlerrm;
end
$$;
select is(pg_temp.message($$select public.create_company('Other', 'again@b.example', company_id => pg_temp.id('b0a1'))$$), 'this company id is in use', 'and is told nothing of it');

-- The first user --------------------------------------------------------------------------------------------------------
select is(pg_temp.made($$'Invites', 'i@b.example', company_id => pg_temp.id('b0f1'), first_user_email => 'First@B.example'$$), pg_temp.id('b0f1')::text, 'a company with its first user');
select results_eq($$select id, email, role, status, invited_as from public.invitations where company_id = pg_temp.id('b0f1')$$, $$values (pg_temp.id('b0f1'), 'first@b.example', 'client', 'pending', 'backend')$$, 'who is invited');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('b0f1') and topic = 'member.invited'), 1, 'by e-mail');
select is(pg_temp.made($$'Invites', 'i@b.example', company_id => pg_temp.id('b0f1'), first_user_email => 'First@B.example'$$), pg_temp.id('b0f1')::text, 'a retry');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('b0f1')), 2, 'invites nobody again');
select is(pg_temp.made($$'Invites', 'i@b.example', company_id => pg_temp.id('b0f1'), first_user_email => 'other@b.example'$$), '23505 company_id_taken', 'nor somebody else');
select is(pg_temp.made($$'Invites Nobody', 'i@b.example', company_id => pg_temp.id('b0f2'), first_user_email => 'nobody'$$), '22023 invalid_email', 'whoever cannot be invited');
select is((select count(*)::integer from public.companies where id = pg_temp.id('b0f2')), 0, 'gets no company');
select is(pg_temp.says('platform_admin', 'b911', $$select i.invited_as || i.invited_by from public.create_company('By An Operator', 'i@b.example', company_id => pg_temp.id('b0f3'), first_user_email => 'x@b.example') as c left join public.invitations as i on false$$), null, 'an operator does it, too');
select is((select array[i.invited_as, i.invited_by::text] from public.invitations as i where i.company_id = pg_temp.id('b0f3')), array['operator', pg_temp.id('b911')::text], 'in their own name');

-- Inserted directly -----------------------------------------------------------------------------------------------------
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('b0d1'), 'direct-a', 'x', 'a@b.example'), (pg_temp.id('b0d2'), 'direct-b', 'x', 'a@b.example'), (pg_temp.id('b0d3'), 'direct-c', 'x', 'a@b.example');
insert into public.company_plans (company_id, plan_tier, monthly_limit_usd) values (pg_temp.id('b0d2'), 'custom', 10);
insert into public.company_config (company_id, notification_emails) values (pg_temp.id('b0d2'), '{own@b.example}');
insert into public.security_policies (company_id, required_aal) values (pg_temp.id('b0d2'), 'aal2');
insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('b0d2'), 'agent_logs', 30);
set local app.importing = 'on';
delete from public.audit_logs where company_id = pg_temp.id('b0d3');
delete from public.companies where id = pg_temp.id('b0d3');
insert into public.companies (id, slug, name, contact_email) values (pg_temp.id('b0d4'), 'direct-d', 'x', 'a@b.example');
set local app.importing = '';
select is((select count(*)::integer from public.company_plans where company_id = pg_temp.id('b0d1')), 0, 'nothing is made before the transaction ends');
set constraints public.set_up immediate;
select results_eq($$select p.plan_tier, k.notification_emails, s.api_key_max_age_days from public.company_plans as p join public.company_config as k using (company_id) join public.security_policies as s using (company_id) where p.company_id = pg_temp.id('b0d1')$$,
  $$values ('starter', '{a@b.example}'::text[], 365)$$, 'then it is');
select is((select count(*)::integer from public.data_retention_policies where company_id = pg_temp.id('b0d1')), (select count(*)::integer from private.retention_classes), 'all of it');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('b0d1') and topic = 'company.created'), 1, 'and told');
select results_eq($$select p.plan_tier, p.is_active, k.notification_emails, k.is_default, s.required_aal, s.version, r.retention_days, r.action
    from public.company_plans as p join public.company_config as k using (company_id) join public.security_policies as s using (company_id) join public.data_retention_policies as r using (company_id)
   where p.company_id = pg_temp.id('b0d2') and r.data_class = 'agent_logs'$$,
  $$values ('custom', true, '{own@b.example}'::text[], false, 'aal2', 1, 30, 'delete')$$, 'what came with it stays as it is');
select is((select count(*)::integer from public.data_retention_policies where company_id = pg_temp.id('b0d2')), (select count(*)::integer from private.retention_classes), 'and the rest is added');
select is((select count(*)::integer from private.company_lifecycles where company_id in (pg_temp.id('b0d3'), pg_temp.id('b0d4'))), 0, 'a company that is gone, or imported, gets nothing');
select is(pg_temp.made($$'x', 'a@b.example', 'direct-a', company_id => pg_temp.id('b0d1')$$), '23505 company_id_taken', 'it is nobody''s retry');
set local role service_role;
insert into public.company_config (company_id, notification_emails) values (pg_temp.id('b0d1'), '{later@b.example}');
insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('b0d1'), 'jobs', 30);
reset role;
select results_eq($$select notification_emails, is_default from public.company_config where company_id = pg_temp.id('b0d1')$$, $$values ('{later@b.example}'::text[], false)$$, 'later settings take the place of the defaults');
select results_eq($$select retention_days, action, is_default from public.data_retention_policies where company_id = pg_temp.id('b0d1') and data_class = 'jobs'$$, $$values (30, 'delete', false)$$, 'and so does a policy');
select is((select count(*)::integer from public.data_retention_policies where company_id = pg_temp.id('b0d1') and is_default), (select count(*)::integer - 1 from private.retention_classes), 'of its class only');
select throws_ok($$insert into public.company_config (company_id) values (pg_temp.id('b0d1'))$$, '23505', null, 'what somebody chose gives way to nothing');
select throws_ok($$insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('b0d1'), 'jobs', 60)$$, '23505', null, 'no policy either');
update public.data_retention_policies set legal_basis = 'Mine' where company_id = pg_temp.id('b0d1') and data_class = 'users';
select throws_ok($$insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('b0d1'), 'users', 60)$$, '23505', null, 'nor does a default that was changed');
set local app.importing = 'on';
update public.data_retention_policies set legal_basis = 'x' where company_id = pg_temp.id('b0d1') and data_class = 'documents';
select throws_ok($$insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('b0d1'), 'documents', 60)$$, '23505', null, 'an import takes no place');
set local app.importing = '';
select is((select is_default from public.data_retention_policies where company_id = pg_temp.id('b0d1') and data_class = 'documents'), true, 'nor marks anything as chosen');
create temporary table defaults as select id from public.data_retention_policies where company_id = pg_temp.id('b0d1') and is_default;
select lives_ok($$select private.set_up_company(pg_temp.id('b0d1'), 'enterprise', null)$$, 'setting up again');
select results_eq($$select id from public.data_retention_policies where company_id = pg_temp.id('b0d1') and is_default order by 1$$, 'select id from defaults order by 1', 'leaves the defaults that are there');
select is((select array[count(*)::text, min(plan_tier)] from public.company_plans where company_id = pg_temp.id('b0d1')), array['1', 'starter'], 'changes nothing');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('b0d1') and topic = 'company.created'), 1, 'and tells nothing');
select lives_ok($$select private.set_up_company(pg_temp.id('dead'), 'starter', null)$$, 'nor is anything made for nobody');

-- What the platform sets ------------------------------------------------------------------------------------------------
update public.system_config set value = '{"session_max_age_seconds": 86400, "required_aal": "aal2", "aal2_permissions": ["billing.read"], "session_idle_seconds": 600}' where key = 'companies.default_security_policy';
select results_eq(format('select required_aal, aal2_permissions, session_max_age_seconds, session_idle_seconds, api_key_max_age_days from public.security_policies where company_id = %L', pg_temp.made($$'Strict', 'p@b.example'$$)),
  $$values ('aal2', '{billing.read}'::text[], 86400, 600, null::integer)$$, 'the platform decides what new companies begin with');
set local app.importing = 'on'; -- Past the check of settings.
update public.system_config set value = '"nonsense"' where key = 'companies.default_security_policy';
set local app.importing = '';
select results_eq(format('select required_aal, is_strict from public.security_policies where company_id = %L', pg_temp.made($$'Lax', 'p@b.example'$$)), $$values ('aal1', false)$$, 'what is no policy is none');
update private.retention_classes set proposed_days = 1 where data_class = 'audit_logs';
select set_config('test.low', pg_temp.made($$'Low', 'p@b.example'$$), true);
select is((select retention_days from public.data_retention_policies where company_id = current_setting('test.low')::uuid and data_class = 'audit_logs'), 365, 'no default is below what the law says');
delete from private.company_lifecycles where company_id = pg_temp.id('c000');
select private.set_up_company(pg_temp.id('c000'), 'starter', null);
select is((select count(*)::integer from public.company_plans as p join public.companies as c on c.id = p.company_id where c.is_operator), 0, 'the operator company has no plan');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c000') and topic = 'company.created'), 0, 'and nobody is told of it');
select is((select count(*)::integer from public.company_config where company_id = pg_temp.id('c000')), 1, 'control: but it has settings');

select * from finish();
rollback;
