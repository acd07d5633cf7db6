-- Requests of people about their data: who may take them in, identify, put off and carry them out; dates; what patterns
-- find; restrictions. That nothing of a person is left is shown in tests/ts/compliance/erasure.test.ts.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select plan(261);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
create function pg_temp.be(p_user text) returns void language sql as $$
  select set_config('request.jwt.claims', jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', 'authenticated')::text, true)
$$;
create function pg_temp.refused(p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_detail text;
  v_hint text;
begin
  execute p_sql;
  return fail(p_what || ': nothing was refused');
exception when others then
  get stacked diagnostics v_detail = pg_exception_detail, v_hint = pg_exception_hint;
  return is(array[sqlstate, v_detail, (length(v_hint) > 10)::text], array[p_code, p_token, 'true'], p_what);
end
$$;
-- Somebody says it in their role, and gives the role back.
create function pg_temp.as_role(p_role text, p_user text, p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else jsonb_build_object('sub', '00000000-0000-4000-8000-00000000' || p_user, 'role', p_role)::text end, true);
  perform set_config('role', p_role, true);
  if p_code is null then
    execute p_sql;
    perform set_config('role', 'postgres', true);
    return pass(p_what);
  end if;
  v_answer := pg_temp.refused(p_sql, p_code, p_token, p_what);
  perform set_config('role', 'postgres', true);
  return v_answer;
end
$$;
insert into public.companies (id, slug, name, contact_email) values
  (pg_temp.id('e001'), 'ask-a', 'x', 'a@b.example'), (pg_temp.id('e002'), 'ask-b', 'x', 'a@b.example');
insert into auth.users (id, email) select pg_temp.id(i), i || '@b.example' from unnest(array['e901', 'e902', 'e903', 'e904', 'e905', 'e906', 'e907']) as i on conflict do nothing;
set local app.importing = 'on';
insert into public.users (company_id, id, email, full_name, role, phone) values
  (pg_temp.id('e001'), pg_temp.id('e901'), 'client@b.example', 'Carl Client', 'client', null),
  (pg_temp.id('e001'), pg_temp.id('e902'), 'agent@b.example', 'Ann Agent', 'agent', '+4917012345678'),
  (pg_temp.id('e001'), pg_temp.id('e903'), 'compliance@b.example', 'Con Compliance', 'compliance_admin', null),
  (pg_temp.id('e002'), pg_temp.id('e904'), 'other@b.example', 'Otto Other', 'compliance_admin', null),
  (pg_temp.id('e001'), pg_temp.id('e905'), 'second@b.example', 'Sue Second', 'compliance_admin', null),
  (pg_temp.id('e001'), pg_temp.id('e906'), 'gone@b.example', 'Gus Gone', 'agent', null),
  ((select id from public.companies where is_operator), pg_temp.id('e907'), 'op@b.example', 'Op Erator', 'admin', null);
update public.users set status = 'disabled', disabled_at = now() - interval '100 days' where id = pg_temp.id('e906');
set local app.importing = '';
-- What was written above is not of this transaction: the log cannot forget what its own transaction has not linked yet.
create function pg_temp.commit() returns void language plpgsql as $$
begin
  set constraints all immediate;
  set constraints all deferred;
  set local app.importing = 'on';
  delete from private.audit_links where company_id in (pg_temp.id('e001'), pg_temp.id('e002'));
  delete from private.audit_heads where company_id in (pg_temp.id('e001'), pg_temp.id('e002'));
  delete from public.audit_logs where company_id in (pg_temp.id('e001'), pg_temp.id('e002'));
  set local app.importing = '';
end
$$;
create function pg_temp.ticket(p_sql text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  execute p_sql into v_answer;
  return v_answer;
end
$$;
create function pg_temp.request(p_id text, p_kind text, p_email text default 'agent@b.example', p_regulation text default 'gdpr', p_verified boolean default true, p_company text default 'e001') returns void language plpgsql as $$
begin
  insert into public.compliance_requests (company_id, id, kind, regulation, subject_email) values (pg_temp.id(p_company), pg_temp.id(p_id), p_kind, p_regulation, p_email);
  if p_verified then
    perform public.verify_compliance_identity(pg_temp.id(p_company), pg_temp.id(p_id), 'document');
  end if;
end
$$;
create function pg_temp.status(p_id text) returns text language sql as $$ select status from public.compliance_requests where id = pg_temp.id(p_id) $$;
create function pg_temp.events(p_topic text) returns bigint language sql as $$ select count(*) from private.outbox_events where topic = p_topic and company_id = pg_temp.id('e001') $$;
grant execute on all functions in schema pg_temp to anon, authenticated, platform_admin, service_role;

-- Taking in -------------------------------------------------------------------------------------------------------------
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', request_id => pg_temp.id('f001'))$$, null, null, 'a member asks for themselves');
select results_eq($$select subject_email, subject_name, subject_user_id, identity_method, identity_verified_by, identity_verified_at is not null, created_by, due_at = received_at + interval '1 month', status from public.compliance_requests where id = pg_temp.id('f001')$$,
  $$values ('agent@b.example', 'Ann Agent', pg_temp.id('e902'), 'session', pg_temp.id('e902'), true, pg_temp.id('e902'), true, 'received')$$, 'and is known by their session');
select is(pg_temp.events('compliance.received'), 1::bigint, 'an event says so');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', request_id => pg_temp.id('f001'))$$, null, null, 'a repetition');
select is((select count(*) from public.compliance_requests where company_id = pg_temp.id('e001')), 1::bigint, 'records nothing');
select is(pg_temp.events('compliance.received'), 1::bigint, 'and reports nothing');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'erasure', 'gdpr', request_id => pg_temp.id('f001'))$$, '23505', 'request_id_taken', 'another kind is another request');
select pg_temp.as_role('authenticated', 'e901', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', request_id => pg_temp.id('f001'))$$, '23505', 'request_id_taken', 'and so is another person''s');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => ' Agent@B.example ', request_id => pg_temp.id('f002'))$$, null, null, 'who names their own address');
select is((select identity_method from public.compliance_requests where id = pg_temp.id('f002')), 'session', 'asks for themselves');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', identifiers => '{Carl Client}', request_id => pg_temp.id('f003'))$$, null, null, 'who claims another name');
select is((select row(identity_method, subject_user_id)::text from public.compliance_requests where id = pg_temp.id('f003')), format('(,%s)', pg_temp.id('e902')), 'must still show that it is theirs');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_name => 'Carl Client', request_id => pg_temp.id('f004'))$$, null, null, 'the same with another subject_name');
select is((select identity_method from public.compliance_requests where id = pg_temp.id('f004')), null, 'must show it, too');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e001'), 'opt_out', 'ccpa', subject_email => 'Customer@x.example', details => 'told me', request_id => pg_temp.id('f005'))$$, null, null, 'a member passes on what a customer asks');
select results_eq($$select subject_email, subject_user_id, identity_method, details, due_at = received_at + interval '45 days' from public.compliance_requests where id = pg_temp.id('f005')$$, $$values ('customer@x.example', null::uuid, null::text, 'told me', true)$$, 'who is not known yet');
select pg_temp.as_role('authenticated', 'e902', $$select public.submit_compliance_request(pg_temp.id('e002'), 'access', 'gdpr')$$, '42501', 'not_your_company', 'not to another company');
select pg_temp.as_role('authenticated', 'e904', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr')$$, '42501', 'not_your_company', 'nor from another one');
select pg_temp.as_role('authenticated', 'e906', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr')$$, '42501', 'not_your_company', 'nor by a disabled member');
select pg_temp.as_role('anon', null, $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr')$$, '42501', '', 'nor by anybody') from (select 1) as x where false;
set local role anon;
select throws_ok($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr')$$, '42501', null, 'nor by anybody');
set local role postgres;
select pg_temp.as_role('platform_admin', 'e901', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example')$$, '42501', 'not_an_operator', 'nor by an admin that is none any more');
select pg_temp.as_role('platform_admin', 'e907', $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example', request_id => pg_temp.id('f006'))$$, null, null, 'an operator records for any company');
select pg_temp.as_role('service_role', null, $$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example', request_id => pg_temp.id('f007'))$$, null, null, 'and so does the backend');
select is((select array_agg(identity_method) from public.compliance_requests where id in (pg_temp.id('f006'), pg_temp.id('f007'))), array[null, null]::text[], 'without having seen anybody');
select pg_temp.as_role('service_role', null, $$select public.submit_compliance_request(pg_temp.id('e0ff'), 'access', 'gdpr', subject_email => 'x@y.example')$$, 'PT404', 'unknown_company', 'a company that does not exist');
select pg_temp.as_role('service_role', null, $$select public.submit_compliance_request(null, 'access', 'gdpr', subject_email => 'x@y.example')$$, 'PT404', 'unknown_company', 'nor null');
select throws_ok($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'ccpa', subject_email => 'x@y.example')$$, '23514', null, 'a kind of another regulation');
select throws_ok($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'nobody')$$, '23514', null, 'what is no address');
select throws_ok($$select public.submit_compliance_request(pg_temp.id('e001'), null, 'gdpr', subject_email => 'x@y.example')$$, '23502', null, 'no kind');
select pg_temp.refused($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example', identifiers => '{abc}')$$, '22023', 'invalid_identifier', 'an identifier that is found everywhere');
select pg_temp.refused(format($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example', identifiers => array[%L])$$, repeat('a', 201)), '22023', 'invalid_identifier', 'or nowhere');
select pg_temp.refused($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'erased@erased.invalid')$$, '22023', 'invalid_identifier', 'what stands for those who were erased');
select lives_ok($$select public.submit_compliance_request(pg_temp.id('e001'), 'access', 'gdpr', subject_email => 'x@y.example', identifiers => array['abcd', repeat('a', 200)], corrections => null, purposes => null)$$, 'four characters are enough, two hundred not too many');

-- One's own ---------------------------------------------------------------------------------------------------------------
select pg_temp.be('e902');
set local role authenticated;
select is((select count(*) from public.my_compliance_requests()), 5::bigint, 'what they asked for and passed on');
select is((select row(status, is_identity_verified)::text from public.my_compliance_requests() where request_id = pg_temp.id('f001')), '(received,t)', 'and how far it is');
select is_empty('select from public.compliance_requests', 'no more than that');
select pg_temp.be('e901');
select is_empty('select from public.my_compliance_requests()', 'not what others did');
select pg_temp.be('e904');
select is_empty('select from public.my_compliance_requests()', 'nor in another company');
set local role postgres;

-- Making sure who asks -----------------------------------------------------------------------------------------------------
select pg_temp.as_role('authenticated', u, format('select public.%s', c), '42501', 'not_your_company', format('%s: %s', n, c))
  from (values ('e901', 'a client'), ('e902', 'the person'), ('e904', 'a compliance administrator of another company')) as w (u, n),
       unnest(array['verify_compliance_identity(pg_temp.id(''e001''), pg_temp.id(''f005''), ''document'')', 'extend_compliance_request(pg_temp.id(''e001''), pg_temp.id(''f005''), ''x'')',
         'process_compliance_request(pg_temp.id(''f005''), pg_temp.id(''e001''))', 'read_compliance_bundle(pg_temp.id(''e001''), pg_temp.id(''f005''))',
         'lift_processing_restriction(pg_temp.id(''e001''), pg_temp.id(''f005''), ''x'')']) as c;
select pg_temp.as_role('authenticated', u, 'select public.process_compliance_request(pg_temp.id(''f005''))', case u when 'e904' then 'PT404' else '42501' end, case u when 'e904' then 'unknown_request' else 'not_your_company' end, u || ': their own company') from unnest(array['e901', 'e902', 'e904']) as u;
select pg_temp.as_role('platform_admin', 'e901', format('select public.%s', c), '42501', 'not_an_operator', 'a demoted admin: ' || c)
  from unnest(array['verify_compliance_identity(pg_temp.id(''e001''), pg_temp.id(''f005''), ''document'')', 'extend_compliance_request(pg_temp.id(''e001''), pg_temp.id(''f005''), ''x'')',
         'process_compliance_request(pg_temp.id(''f005''), pg_temp.id(''e001''))', 'process_compliance_request(pg_temp.id(''f005''))', 'read_compliance_bundle(pg_temp.id(''e001''), pg_temp.id(''f005''))',
         'lift_processing_restriction(pg_temp.id(''e001''), pg_temp.id(''f005''), ''x'')', 'is_processing_allowed(pg_temp.id(''e001''), ''sale'', ''x@y.example'')']) as c;
select pg_temp.as_role('authenticated', 'e903', $$select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f003'), 'document')$$, null, null, 'a compliance administrator makes sure');
select results_eq($$select identity_method, identity_verified_by, identity_verified_at is not null, status from public.compliance_requests where id = pg_temp.id('f003')$$, $$values ('document', pg_temp.id('e903'), true, 'in_progress')$$, 'and it goes on');
select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f003'), 'email');
select is((select identity_method from public.compliance_requests where id = pg_temp.id('f003')), 'document', 'the first time counts');
select pg_temp.refused(format('select public.verify_compliance_identity(pg_temp.id(''e001''), pg_temp.id(''f004''), %L)', m), '22023', 'invalid_method', coalesce(m, 'null') || ' is no way') from unnest(array['session', 'hearsay', null]) as m;
select pg_temp.refused($$select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f0ff'), 'email')$$, 'PT404', 'unknown_request', 'a request that does not exist');
select pg_temp.refused($$select public.verify_compliance_identity(pg_temp.id('e002'), pg_temp.id('f004'), 'email')$$, 'PT404', 'unknown_request', 'nor in another company');
select lives_ok(format('select public.verify_compliance_identity(pg_temp.id(''e001''), pg_temp.id(%L), %L)', i, m), m || ' is a way') from (values ('f004', 'email'), ('f005', 'known_contact'), ('f006', 'other')) as x (i, m);
select pg_temp.refused($$select public.process_compliance_request(pg_temp.id('f007'), pg_temp.id('e001'))$$, '23514', 'identity_not_verified', 'before, nothing is carried out');
update public.compliance_requests set details = 'more' where id = pg_temp.id('f003');
select isnt((select identity_verified_at from public.compliance_requests where id = pg_temp.id('f003')), null, 'a note changes nothing');
create function pg_temp.changed(p_set text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  update public.compliance_requests set identity_method = 'other', identity_verified_at = now(), identity_verified_by = pg_temp.id('e903') where id = pg_temp.id('f003');
  execute format('update public.compliance_requests set %s where id = pg_temp.id(''f003'')', p_set);
  select is(row(identity_method, identity_verified_at, identity_verified_by)::text, '(,,)', 'not so: ' || p_set) into v_answer from public.compliance_requests where id = pg_temp.id('f003');
  return v_answer;
end
$$;
select pg_temp.changed(c) from unnest(array['subject_email = ''client@b.example''', 'subject_name = ''x''', 'subject_user_id = pg_temp.id(''e901'')', 'identifiers = ''{Carl Other}''', 'kind = ''erasure''']) as c;

-- Dates ------------------------------------------------------------------------------------------------------------------
select pg_temp.refused(format('select public.extend_compliance_request(pg_temp.id(''e001''), pg_temp.id(''f001''), %L)', r), '22023', 'reason_missing', 'why is told') from unnest(array[null, '', ' ']) as r;
select pg_temp.as_role('authenticated', 'e903', $$select public.extend_compliance_request(pg_temp.id('e001'), pg_temp.id('f001'), 'many requests')$$, null, null, 'a date is put off');
update public.compliance_requests set notices = 1 where id = pg_temp.id('f005');
select public.extend_compliance_request(pg_temp.id('e001'), pg_temp.id('f005'), 'many requests');
select results_eq($$select due_at = received_at + case regulation when 'gdpr' then interval '3 months' else interval '90 days' end, extended_at is not null, extension_reason, notices from public.compliance_requests where id in (pg_temp.id('f001'), pg_temp.id('f005'))$$,
  $$values (true, true, 'many requests', 0::smallint), (true, true, 'many requests', 0::smallint)$$, 'by two months, or 45 days, and reminders begin anew');
select is(pg_temp.events('compliance.extended'), 2::bigint, 'and the person can be told');
select lives_ok($$select public.extend_compliance_request(pg_temp.id('e001'), pg_temp.id('f001'), 'many requests')$$, 'a repetition is none');
select is(pg_temp.events('compliance.extended'), 2::bigint, 'and tells nobody');
select pg_temp.refused($$select public.extend_compliance_request(pg_temp.id('e001'), pg_temp.id('f001'), 'holidays')$$, '23514', 'extension_too_late', 'once');
update public.compliance_requests set due_at = now() - interval '1 second', received_at = now() - interval '1 month' where id = pg_temp.id('f004');
select pg_temp.refused($$select public.extend_compliance_request(pg_temp.id('e001'), pg_temp.id('f004'), 'x')$$, '23514', 'extension_too_late', 'and in time');
select is(public.maintain_compliance(), 1, 'who is late is reminded');
select is((select payload - 'due_at' from private.outbox_events where topic = 'compliance.overdue' and company_id = pg_temp.id('e001')), jsonb_build_object('request_id', pg_temp.id('f004'), 'kind', 'access', 'regulation', 'gdpr'), 'without saying who asked');
select is(public.maintain_compliance(), 0, 'once');
update public.compliance_requests set due_at = now() + interval '8 days', received_at = now() - interval '1 month' where id = pg_temp.id('f006');
select is(public.maintain_compliance(), 0, 'eight days are time enough');
update public.compliance_requests set due_at = now() + interval '7 days' where id = pg_temp.id('f006');
select is(public.maintain_compliance(), 1, 'a week before');
update public.compliance_requests set due_at = now() + interval '2 days' where id = pg_temp.id('f006');
select is(public.maintain_compliance(), 0, 'not every day');
update public.compliance_requests set due_at = now() + interval '1 day' where id = pg_temp.id('f006');
select is(public.maintain_compliance(), 1, 'and a day before');
select is(pg_temp.events('compliance.due'), 2::bigint, 'as events');
update public.compliance_requests set status = 'cancelled', due_at = now() - interval '1 day', received_at = now() - interval '2 days' where id = pg_temp.id('f006');
select is(public.maintain_compliance(), 0, 'not for what is closed');
set local role authenticated;
select throws_ok('select public.maintain_compliance()', '42501', null, 'members do not remind');
set local role service_role;
select lives_ok('select public.maintain_compliance()', 'the backend does');
set local role postgres;

-- Completed by processing only --------------------------------------------------------------------------------------------
select pg_temp.as_role('authenticated', 'e903', $$update public.compliance_requests set status = 'completed' where id = pg_temp.id('f005')$$, '23514', 'not_processed', 'nobody says it is done that is not');
select pg_temp.as_role('service_role', null, $$update public.compliance_requests set status = 'completed' where id = pg_temp.id('f005')$$, '23514', 'not_processed', 'the backend neither');
select throws_ok(format('set local role %I; update public.compliance_requests set receipt = ''{}''', r), '42501', null, r || ' makes no receipt') from unnest(array['authenticated', 'platform_admin', 'service_role']) as r;
set local role postgres;
select pg_temp.refused(format('select public.process_compliance_request(pg_temp.id(''f005''), pg_temp.id(''e001''), %s)', a), '22023', 'invalid_batch_size', a) from unnest(array['0', '1000001', 'null', '10, null']) as a;
select pg_temp.refused($$select public.process_compliance_request(pg_temp.id('f006'), pg_temp.id('e001'))$$, '23514', 'request_closed', 'what is cancelled stays so');
select pg_temp.refused($$select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f006'), 'email')$$, '23514', 'request_closed', 'in every way');
select pg_temp.refused($$select public.process_compliance_request(pg_temp.id('f0ff'), pg_temp.id('e001'))$$, 'PT404', 'unknown_request', 'nor what does not exist');
select pg_temp.refused($$select public.process_compliance_request(null, pg_temp.id('e001'))$$, 'PT404', 'unknown_request', 'nor null');

-- Nobody passes for a function of the package.
select pg_temp.as_role('authenticated', 'e903', $$select set_config('app.importing', md5('guess'), true); update public.compliance_requests set status = 'completed' where id = pg_temp.id('f005')$$, '23514', 'not_processed', 'a guessed token opens nothing');
select pg_temp.as_role('authenticated', 'e903', $$select set_config('app.importing', 'on', true); update public.compliance_requests set status = 'completed' where id = pg_temp.id('f005')$$, '23514', 'not_processed', 'nor does on');
set local app.importing = '';

-- Restrictions --------------------------------------------------------------------------------------------------------------
select pg_temp.as_role('authenticated', 'e903', $$select public.process_compliance_request(pg_temp.id('f005'))$$, null, null, 'an opt-out is carried out, the company is the active one');
select results_eq($$select kind, subject_email, purposes, lifted_at, compliance_request_id from public.processing_restrictions where company_id = pg_temp.id('e001')$$, $$values ('opt_out', 'customer@x.example', '{sale,sharing}'::text[], null::timestamptz, pg_temp.id('f005'))$$, 'and holds for sale and sharing');
select results_eq($$select status, receipt ->> 'restriction_id' from public.compliance_requests where id = pg_temp.id('f005')$$, $$select 'completed', id::text from public.processing_restrictions where company_id = pg_temp.id('e001')$$, 'with a receipt');
select lives_ok($$select public.process_compliance_request(pg_temp.id('f005'), pg_temp.id('e001'))$$, 'again');
select is((select count(*) from public.processing_restrictions where company_id = pg_temp.id('e001')), 1::bigint, 'is not twice');
select pg_temp.request('f101', 'objection', 'object@x.example', p_verified => false);
update public.compliance_requests set purposes = '{marketing}' where id = pg_temp.id('f101');
select lives_ok($$select public.process_compliance_request(pg_temp.id('f101'))$$, 'nobody must identify themselves to object; whoever reaches all companies need not name one');
select pg_temp.request('f102', 'restriction', 'agent@b.example');
select public.process_compliance_request(pg_temp.id('f102'));
select results_eq($$select kind, purposes, subject_user_id from public.processing_restrictions where company_id = pg_temp.id('e001') order by kind$$, $$values ('objection', '{marketing}'::text[], null::uuid), ('opt_out', '{sale,sharing}', null), ('restriction', '{}', pg_temp.id('e902'))$$, 'each for its purposes; a member is known by id');
create function pg_temp.job(p_kind text, p_payload text, p_user text default null, p_status text default 'queued') returns text language sql as $$
  select format('insert into public.jobs (company_id, kind, payload, assigned_user_id, status) values (pg_temp.id(''e001''), %L, %L, %L, %L)', p_kind, p_payload, pg_temp.id(p_user), p_status)
$$;
select pg_temp.refused(pg_temp.job(j.kind, j.payload, j.member), '23514', 'processing_restricted', format('no job %s %s %s', j.kind, j.payload, j.member))
  from (values ('sale', '{"to": "Customer@X.example"}', null), ('sale.report', '{"a": ["customer@x.example"]}', null), ('marketing', '{"object@x.example": 1}', null),
               ('anything', '{"who": "agent@b.example"}', null), ('anything', format('{"who": "%s"}', pg_temp.id('e902')), null), ('anything', '{}', 'e902')) as j (kind, payload, member);
select lives_ok(pg_temp.job(j.kind, j.payload, j.member), format('a job %s %s %s', j.kind, j.payload, j.member))
  from (values ('support', '{"to": "customer@x.example"}', null), ('sales', '{"to": "customer@x.example"}', null), ('sale', '{"to": "object@x.example"}', null), ('marketing', '{"to": "customer@x.example"}', 'e901'), ('anything', '{}', null)) as j (kind, payload, member);
insert into public.jobs (company_id, id, kind, payload) values (pg_temp.id('e001'), pg_temp.id('f201'), 'support', '{"to": "late@x.example"}'), (pg_temp.id('e001'), pg_temp.id('f202'), 'support', '{"to": "late@x.example"}');
update public.jobs set status = 'running' where id = pg_temp.id('f202');
select pg_temp.request('f103', 'restriction', 'late@x.example');
select public.process_compliance_request(pg_temp.id('f103'));
select pg_temp.refused($$update public.jobs set status = 'running' where id = pg_temp.id('f201')$$, '23514', 'processing_restricted', 'a job that was queued before is not started');
select lives_ok($$update public.jobs set priority = 3 where id = pg_temp.id('f201')$$, 'but may be kept');
select lives_ok($$update public.jobs set kind = kind, payload = payload, status = status, priority = 4 where id = pg_temp.id('f201')$$, 'sent back as it was, too');
select lives_ok($$update public.jobs set status = 'cancelled' where id = pg_temp.id('f201')$$, 'or cancelled');
select lives_ok($$update public.jobs set status = 'queued' where id = pg_temp.id('f202')$$, 'one that runs may be given back');
select pg_temp.refused($$update public.jobs set status = 'running' where id = pg_temp.id('f202')$$, '23514', 'processing_restricted', 'and is not started again');
select pg_temp.refused($$update public.jobs set assigned_user_id = pg_temp.id('e902') where company_id = pg_temp.id('e001') and kind = 'sales'$$, '23514', 'processing_restricted', 'nor assigned to one');
select lives_ok($$insert into public.jobs (company_id, kind, payload) values (pg_temp.id('e002'), 'sale', '{"to": "customer@x.example"}')$$, 'another company decides for itself');
set local app.importing = 'on';
select lives_ok(pg_temp.job('sale', '{"to": "customer@x.example"}'), 'an import brings what was queued before');
set local app.importing = '';
select pg_temp.be('e901');
set local role authenticated;
select results_eq($$select public.is_processing_allowed(pg_temp.id('e001'), p, e, u) from (values ('sale', 'CUSTOMER@x.example', null::uuid), ('sale.x', 'customer@x.example', null), ('support', 'customer@x.example', null), ('sales', 'customer@x.example', null), ('sale', 'other@x.example', null), ('x', null, pg_temp.id('e902')), ('x', null, pg_temp.id('e901'))) as v (p, e, u)$$,
  $$values (false), (false), (true), (true), (true), (false), (true)$$, 'an application asks before');
set local role postgres;
select pg_temp.as_role('authenticated', 'e901', $$select public.is_processing_allowed(pg_temp.id('e001'), 'x')$$, '22023', 'subject_missing', 'about somebody');
select pg_temp.as_role('authenticated', 'e901', $$select public.is_processing_allowed(pg_temp.id('e001'), null, 'x@y.example')$$, '22023', 'subject_missing', 'and for something');
select pg_temp.as_role('authenticated', 'e904', $$select public.is_processing_allowed(pg_temp.id('e001'), 'x', 'x@y.example')$$, '42501', 'not_your_company', 'and not elsewhere');
select pg_temp.as_role('platform_admin', 'e907', $$select public.is_processing_allowed(pg_temp.id('e001'), 'x', 'x@y.example')$$, null, null, 'an operator anywhere');
create function pg_temp.restriction(p_kind text) returns uuid language sql as $$ select id from public.processing_restrictions where company_id = pg_temp.id('e001') and kind = p_kind order by subject_email desc limit 1 $$;
select pg_temp.refused($$select public.lift_processing_restriction(pg_temp.id('e001'), pg_temp.restriction('opt_out'), ' ')$$, '22023', 'reason_missing', 'nothing is lifted without a reason');
select pg_temp.refused($$select public.lift_processing_restriction(pg_temp.id('e001'), pg_temp.restriction('opt_out'), null)$$, '22023', 'reason_missing', 'null is none');
select pg_temp.refused($$select public.lift_processing_restriction(pg_temp.id('e002'), pg_temp.restriction('opt_out'), 'x')$$, 'PT404', 'unknown_restriction', 'nor what is not there');
select is(public.lift_processing_restriction(pg_temp.id('e001'), pg_temp.restriction('opt_out'), 'they agreed'), true, 'a restriction is lifted');
select is(public.lift_processing_restriction(pg_temp.id('e001'), pg_temp.restriction('opt_out'), 'again'), false, 'once');
select results_eq($$select lifted_at is not null, lift_reason from public.processing_restrictions where id = pg_temp.restriction('opt_out')$$, $$values (true, 'they agreed')$$, 'with its reason');
select is((select changes from public.audit_logs where company_id = pg_temp.id('e001') and action = 'processing_restriction.lifted'), '{"reason": "they agreed"}', 'which is recorded');
select is(pg_temp.events('compliance.restriction_lifted'), 1::bigint, 'and told');
select lives_ok(pg_temp.job('sale', '{"to": "customer@x.example"}'), 'then the job may be queued');
insert into public.data_retention_policies (company_id, data_class, retention_days) values (pg_temp.id('e001'), 'users', 30);
select pg_temp.request('f104', 'restriction', 'Gone@b.example');
select public.process_compliance_request(pg_temp.id('f104'));
select is((select rows_affected from public.run_data_retention(pg_temp.id('e001'))), 0::bigint, 'whose data is restricted does not go by age');
select public.lift_processing_restriction(pg_temp.id('e001'), (select id from public.processing_restrictions where subject_email = 'gone@b.example'), 'settled');
select is((select rows_affected from public.run_data_retention(pg_temp.id('e001'), dry_run => true)), 1::bigint, 'until it is lifted');

-- Corrections -----------------------------------------------------------------------------------------------------------
insert into public.documents (company_id, id, title, description, storage_path, mime_type, size_bytes) values (pg_temp.id('e001'), pg_temp.id('f301'), 'Letter to agent@b.example', 'x', pg_temp.id('e001') || '/a', 'text/plain', 1), (pg_temp.id('e001'), pg_temp.id('f302'), 'Of others', 'x', pg_temp.id('e001') || '/b', 'text/plain', 1);
select pg_temp.request('f105', 'rectification');
select pg_temp.refused($$select public.process_compliance_request(pg_temp.id('f105'))$$, '22023', 'no_corrections', 'a correction says what');
create function pg_temp.correct(p_corrections text) returns text language plpgsql as $$
begin
  update public.compliance_requests set corrections = p_corrections::jsonb where id = pg_temp.id('f105');
  return 'select public.process_compliance_request(pg_temp.id(''f105''))';
end
$$;
select pg_temp.refused(pg_temp.correct(c), '22023', 'invalid_correction', c)
  from unnest(array['[{"column_name": "role", "value": "client"}]', '[{"column_name": "email"}]', '[{"column_name": "phone", "value": 4}]', '[{"column_name": "locale", "value": "de"}]', '[{"column_name": "nothing", "value": "x"}]', '[{"value": "x"}]',
    '[{"table_name": "documents", "column_name": "title", "value": "x"}]', '[{"table_name": "documents", "row_id": "nonsense", "column_name": "title", "value": "x"}]', '[{"table_name": "companies", "row_id": "00000000-0000-4000-8000-00000000e001", "column_name": "slug", "value": "x"}]',
    '[{"table_name": "documents", "row_id": "00000000-0000-4000-8000-00000000f301", "column_name": "metadata", "value": "{}"}]', '[{"table_name": "audit_logs", "row_id": "00000000-0000-4000-8000-00000000f301", "column_name": "user_agent", "value": "x"}]', '[{"table_name": "nowhere", "row_id": "00000000-0000-4000-8000-00000000f301", "column_name": "x", "value": "x"}]',
    '[3]', '["x"]']) as c;
select pg_temp.refused(pg_temp.correct(c), '42501', 'not_the_subject', c)
  from unnest(array['[{"row_id": "00000000-0000-4000-8000-00000000e901", "column_name": "full_name", "value": "x"}]', '[{"table_name": "documents", "row_id": "00000000-0000-4000-8000-00000000f302", "column_name": "title", "value": "x"}]', '[{"row_id": "00000000-0000-4000-8000-00000000e904", "column_name": "full_name", "value": "x"}]']) as c;
select throws_ok(pg_temp.correct('[{"column_name": "phone", "value": "12"}]'), '23514', null, 'what the column does not take');
select lives_ok(pg_temp.correct('[{"column_name": "full_name", "value": "Anne Agent"}, {"column_name": "phone", "value": null}, {"table_name": "documents", "row_id": "00000000-0000-4000-8000-00000000f301", "column_name": "description", "value": "y"}]'), 'what is personal, of the person');
select results_eq($$select u.full_name, u.phone, d.description from public.users as u, public.documents as d where u.id = pg_temp.id('e902') and d.id = pg_temp.id('f301')$$, $$values ('Anne Agent', null::text, 'y')$$, 'is corrected');
select is((select receipt -> 'rows' from public.compliance_requests where id = pg_temp.id('f105')), '{"public.users": 2, "public.documents": 1}', 'and counted');

-- Access: who reads the answer ------------------------------------------------------------------------------------------------
select is((select is_complete from public.process_compliance_request(pg_temp.id('f001'))), true, 'a request for access is answered');
select is((select count(*) > 3 and bool_and(sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')) from private.subject_bundle_files where request_id = pg_temp.id('f001')), true, 'in files');
select pg_temp.as_role('authenticated', 'e902', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f001'), 'users.1.csv')$$, null, null, 'the person reads it');
select pg_temp.as_role('authenticated', 'e903', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f001'))$$, null, null, 'whoever answers does');
select pg_temp.as_role('platform_admin', 'e907', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f001'))$$, null, null, 'operators do');
select pg_temp.as_role('authenticated', u, $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f001'))$$, '42501', 'not_your_company', u || ' does not') from unnest(array['e901', 'e904', 'e906']) as u;
select is((select array_agg(actor_id order by actor_id) from public.audit_logs where company_id = pg_temp.id('e001') and action = 'compliance_request.fetched'), array[pg_temp.id('e902'), pg_temp.id('e903'), pg_temp.id('e907')], 'each reading is recorded');
select pg_temp.as_role('authenticated', 'e903', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f001'), 'nothing')$$, 'PT404', 'unknown_file', 'a file that is not there');
select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f003'), 'document');
update public.compliance_requests set subject_user_id = pg_temp.id('e902'), subject_email = 'agent@b.example', kind = 'access' where id = pg_temp.id('f003');
select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f003'), 'document');
select is((select is_complete from public.process_compliance_request(pg_temp.id('f003'), max_rows => 1)), false, 'a row at a time');
select pg_temp.as_role('authenticated', 'e903', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f003'), 'agent_logs.1.json')$$, 'PT404', 'unknown_file', 'what is not done is not read');
do $$begin for i in 1..100 loop exit when (select is_complete from public.process_compliance_request(pg_temp.id('f003'), max_rows => 30)); end loop; end$$;
select pg_temp.as_role('authenticated', 'e902', $$select public.read_compliance_bundle(pg_temp.id('e001'), pg_temp.id('f003'))$$, '42501', 'not_your_company', 'who was not signed in when they asked gets it from whoever answers');
update private.subject_bundle_files set created_at = now() - interval '31 days' where request_id = pg_temp.id('f003');
select public.maintain_compliance();
select is((select count(*) from private.subject_bundle_files where request_id = pg_temp.id('f003')), 0::bigint, 'after a month it goes');
select is((select count(*) > 0 from private.subject_bundle_files where request_id = pg_temp.id('f001')), true, 'not before');

-- Erasure: of whom, by whom --------------------------------------------------------------------------------------------------
select pg_temp.request('f401', 'erasure');
select pg_temp.as_role('authenticated', 'e903', $$select public.process_compliance_request(pg_temp.id('f401'))$$, '42501', 'member_active', 'an active member is not erased behind their back');
select pg_temp.request('f402', 'erasure', 'compliance@b.example');
select pg_temp.as_role('authenticated', 'e903', $$select public.process_compliance_request(pg_temp.id('f402'))$$, '42501', 'own_request', 'nobody erases themselves');
select pg_temp.as_role('authenticated', 'e903', $$select public.submit_compliance_request(pg_temp.id('e001'), 'erasure', 'gdpr', request_id => pg_temp.id('f403'))$$, null, null, 'a compliance administrator asks');
select pg_temp.as_role('authenticated', 'e903', $$select public.process_compliance_request(pg_temp.id('f403'))$$, '42501', 'own_request', 'and does not do it');
select pg_temp.commit();
select pg_temp.as_role('authenticated', 'e905', $$select public.process_compliance_request(pg_temp.id('f403'))$$, null, null, 'a colleague does');
select results_eq($$select status, subject_email, subject_name, subject_user_id, identifiers, details, created_by, identity_verified_by, identity_method from public.compliance_requests where id = pg_temp.id('f403')$$,
  $$values ('completed', 'erased@erased.invalid', null::text, null::uuid, '{}'::text[], null::text, null::uuid, null::uuid, 'session')$$, 'then the request names nobody');
select is_empty($$select from public.users where id = pg_temp.id('e903')$$, 'the member is gone');
select is(pg_temp.status('f402'), 'cancelled', 'what else they asked is overtaken');
select is((select count(*) from public.audit_logs where company_id = pg_temp.id('e001') and action = 'compliance_request.cancelled'), 1::bigint, 'which is recorded');
select is(pg_temp.status('f401'), 'in_progress', 'what others asked is not');
select is((select count(*) from private.outbox_events where topic = 'account.unused' and payload = jsonb_build_object('user_id', pg_temp.id('e903'))), 1::bigint, 'the account may go, says an event of the platform');
select is((select count(*) from private.subject_work where request_id = pg_temp.id('f403')), 0::bigint, 'no pattern is left');
select pg_temp.commit();
select pg_temp.as_role('platform_admin', 'e907', $$select public.process_compliance_request(pg_temp.id('f401'), pg_temp.id('e001'))$$, null, null, 'an operator may erase an active member');
select is((select array_agg(subject_email order by subject_email) from public.processing_restrictions where company_id = pg_temp.id('e001') and lifted_at is null), '{late@x.example,object@x.example}', 'what they opposed is lifted');
select is((select title from public.documents where id = pg_temp.id('f301')), 'Letter to erased@erased.invalid', 'what names them does so no more');
select is((select count(*) from private.subject_bundle_files where company_id = pg_temp.id('e001')), 0::bigint, 'copies that were made for them are gone');
select is(pg_temp.status('f001') || (select subject_email from public.compliance_requests where id = pg_temp.id('f001')), 'completederased@erased.invalid', 'what was answered stays answered');
insert into public.compliance_requests (company_id, id, kind, regulation, subject_email, subject_name) values (pg_temp.id('e001'), pg_temp.id('f404'), 'delete', 'ccpa', 'w@x.example', 'Wil Waits');
select public.verify_compliance_identity(pg_temp.id('e001'), pg_temp.id('f404'), 'document');
insert into public.documents (company_id, id, title, storage_path, mime_type, size_bytes) values (pg_temp.id('e001'), pg_temp.id('f303'), 'x', pg_temp.id('e001') || '/wil_waits.pdf', 'text/plain', 1);
insert into storage.objects (bucket_id, name) values ('documents', pg_temp.id('e001') || '/wil_waits.pdf');
insert into public.services (company_id, code, name) values (pg_temp.id('e001'), 'WIL-WAITS', 'x');
select pg_temp.commit();
insert into public.audit_logs (company_id, action) values (pg_temp.id('e001'), 'probe.wil_waits');
select results_eq($$select is_complete, remaining, status from public.process_compliance_request(pg_temp.id('f404'))$$, $$values (false, '{"storage.objects": 1, "public.services": 1, "public.audit_logs": 1, "private.outbox_events": 1}'::jsonb, 'in_progress')$$, 'what stands in the way is said');
select is_empty($$select from public.documents where id = pg_temp.id('f303')$$, 'a file that is named after the person goes');
select is((select count(*) from private.outbox_events where topic = 'file.expired' and payload ->> 'path' like '%wil_waits.pdf' and payload ->> 'bucket' = 'documents'), 1::bigint, 'by an event, and not twice');
select is(pg_temp.events('compliance.incomplete'), 1::bigint, 'an event says that somebody must look');
delete from public.services where company_id = pg_temp.id('e001') and code = 'WIL-WAITS';
set local storage.allow_delete_query = 'true';
delete from storage.objects where name like '%wil_waits.pdf';
update private.outbox_events set status = 'delivered', finished_at = now() where topic = 'file.expired';
select pg_temp.commit();
select results_eq($$select is_complete, remaining, status from public.process_compliance_request(pg_temp.id('f404'))$$, $$values (true, '{}'::jsonb, 'completed')$$, 'then it is done');
select is((select count(*) from public.audit_logs where action = 'compliance_request.completed' and row_id = pg_temp.id('f404') and changes #>> '{receipt,kind}' = 'delete'), 1::bigint, 'which is recorded');
select is((select count(*) from private.outbox_events where topic = 'compliance.completed' and payload = jsonb_build_object('request_id', pg_temp.id('f404'), 'kind', 'delete', 'regulation', 'ccpa')), 1::bigint, 'and told');
select is((select current_setting('app.importing')), '', 'and what it took is given back');
select is_empty($$select from private.outbox_events where payload::text ~* 'wil.waits'$$, 'and the way to the file is forgotten, too');

-- What is found ----------------------------------------------------------------------------------------------------------
create function pg_temp.finds(p_identifier text, p_text text) returns boolean language sql as $$ select p_text ~* private.identifier_pattern(p_identifier) $$;
select is(pg_temp.finds(i, t), f, format('%s in "%s"', i, t))
  from (values ('+49 170 1234567', 'call 0049-170/1234 567!', true), ('+491701234567', 'tel:+491701234567', true), ('+491701234567', '4491701234567', false), ('+491701234567', '4917012345678', false), ('+491701234567', '491701234567', true),
    ('Ann Agent', 'Mr. ann  AGENT.', true), ('Ann Agent', 'Agent, Ann', true), ('Ann Agent', 'agent ann', true), ('Ann Agent', 'ann_agent.pdf', true), ('Ann Agent', 'Joann Agent', false), ('Ann Agent', 'Ann Agents', false), ('Ann Agent', 'Ann%20Agent', true), ('Ann Agent', 'Ann\nAgent', true), ('Ann Agent', 'Ann and Agent', false),
    ('A. (B) "C"', to_json('by A. (B) "C"'::text)::text, true), ('A. (B) "C"', 'by A. (B) "C"', true), ('A. (B) "C"', 'AxxBxxCx', false), ('C-1234', 'no. C-1234;', true), ('C-1234', 'C-12345', false), ('12345', 'C-12345', true), ('a_b%', 'a_b%', true), ('a_b%', 'axbx', false)) as x (i, t, f);
create function pg_temp.finds_address(p_text text) returns boolean language sql as $$ select p_text ~* private.address_pattern(pg_temp.id('e001'), '{second@b.example}') $$;
set local app.importing = 'on';
insert into auth.users (id, email) values (pg_temp.id('e908'), 'x@y.example');
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('e001'), pg_temp.id('e908'), 'The-Second@b.example', 'x', 'agent');
set local app.importing = '';
select is(pg_temp.finds_address(t), f, t)
  from (values ('<SECOND@b.example>', true), ('mailto:second%40b.example?x', true), ('u%3Dsecond%40b.example', true), ('of-second@b.example.pdf', true), ('the-second@b.example', false), ('a.second@b.example', false), ('asecond@b.example', false), ('tag+second@b.example', false), ('second@b.examples', false), ('second@b.example-x', false), ('second@b.example.', true), ('secondXb.example', false)) as x (t, f);
select is(private.scrub_json('{"a": [1, "x second@b.example", {"Second@b.example": null}], "n": 12345, "m": 123456, "b": true}', private.address_pattern(pg_temp.id('e001'), '{second@b.example}'), private.identifier_pattern('12345')),
  '{"a": [1, "x erased@erased.invalid", {"erased@erased.invalid": null}], "n": "[erased]", "m": 123456, "b": true}', 'in every key and value');
select is(private.scrub_json('[[], {}, null]', 'x', 'y'), '[[], {}, null]', 'what is empty stays');
select is(private.bytes_text('\xff00'::bytea), '\377\000', 'bytes that are no text');
select is(private.bytes_text(convert_to('größe', 'UTF8')), 'größe', 'bytes that are');

select * from finish();
rollback;
