-- Invitations: who may invite whom into what, tokens that work once and for one address, and sign-up.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '30s';
select no_plan();

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
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
  -- PostgreSQL's own errors have no token.
  if p_token is null then
    return is(sqlstate, p_code, p_what);
  end if;
  return is(array[sqlstate, v_detail, (length(v_hint) > 10)::text], array[p_code, p_token, 'true'], p_what);
end
$$;
-- What somebody gets who says it in their role; the role is given back.
create function pg_temp.says(p_role text, p_claims jsonb, p_sql text, p_headers jsonb default '{}') returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true), set_config('request.headers', p_headers::text, true),
          set_config('role', p_role, true);
  execute p_sql into v_answer;
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true), set_config('request.headers', '', true);
  return v_answer;
end
$$;
create function pg_temp.refuses(p_role text, p_claims jsonb, p_sql text, p_code text, p_token text, p_what text) returns text language plpgsql as $$
declare
  v_answer text;
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true), set_config('role', p_role, true);
  v_answer := pg_temp.refused(p_sql, p_code, p_token, p_what);
  perform set_config('role', 'postgres', true), set_config('request.jwt.claims', '', true);
  return v_answer;
end
$$;
create function pg_temp.user(p_tail text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('sub', pg_temp.id(p_tail), 'role', 'authenticated') || p_more
$$;
create function pg_temp.invite(p_email text, p_role text default 'agent', p_more text default '', p_company text default 'c001') returns text language sql as $$
  select format('select token from public.invite_member(pg_temp.id(%L), %L, %L%s)', p_company, p_email, p_role, p_more)
$$;
create function pg_temp.accept(p_token text, p_more text default '') returns text language sql as $$
  select format('select a::text from public.accept_invitation(%L%s) as a', p_token, p_more)
$$;
create function pg_temp.sign_up(p_tail text, p_email text, p_is_confirmed boolean default true, p_metadata jsonb default '{}', p_is_sso boolean default false)
returns jsonb language sql as $$
  insert into auth.users (id, email, email_confirmed_at, raw_user_meta_data, is_sso_user)
  values (pg_temp.id(p_tail), p_email, case when p_is_confirmed then now() end, p_metadata, p_is_sso);
  select pg_temp.user(p_tail)
$$;
create function pg_temp.invitation(p_email text, p_company text default 'c001') returns public.invitations language sql as $$
  select * from public.invitations as i where i.company_id = pg_temp.id(p_company) and i.email = p_email order by i.status = 'pending' desc, i.created_at desc limit 1
$$;
create function pg_temp.mails(p_email text) returns setof jsonb language sql as $$
  select payload from private.outbox_events where topic = 'member.invited' and payload ->> 'email' = p_email
$$;
-- As if the invitation had been made so long ago.
create function pg_temp.age(p_email text, p_by interval) returns void language sql as $$
  select set_config('app.importing', 'on', true);
  update public.invitations set created_at = created_at - p_by, last_sent_at = last_sent_at - p_by, expires_at = expires_at - p_by where email = p_email;
  select set_config('app.importing', '', true);
$$;
grant usage on schema extensions to authenticated, platform_admin, service_role;
create temp table tokens (name text primary key, token text);
grant all on tokens to public;

-- Inviting ----------------------------------------------------------------------------------------------------------
insert into tokens values ('nora', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite(' Nora@Example.com ', 'agent', ', ''{jobs.write,documents.read,jobs.write}'', ''Nora N''')));
select matches((select token from tokens where name = 'nora'), '^invite_[0-9a-f]{64}$', 'a token of 256 bits that secret scanners can find');
select is((select row(i.email, i.full_name, i.role, i.granted_permissions, i.status, i.invited_by, i.invited_as, i.sent_count, i.last_sent_at = now(), i.expires_at = now() + interval '7 days', i.created_by)::text from pg_temp.invitation('nora@example.com') as i),
  row('nora@example.com', 'Nora N', 'agent', '{documents.read,jobs.write}'::text[], 'pending', pg_temp.id('a001'), 'member', 1, true, true, pg_temp.id('a001'))::text, 'an invitation, for a week, with who made it');
select is((select array[token_hash = sha256(convert_to((select token from tokens where name = 'nora'), 'UTF8'))] from private.invitation_tokens where invitation_id = (pg_temp.invitation('nora@example.com')).id), '{true}', 'of the token its hash is kept');
select is((select count(*) from pg_temp.mails('nora@example.com') as p where p = jsonb_build_object('invitation_id', (pg_temp.invitation('nora@example.com')).id, 'email', 'nora@example.com', 'full_name', 'Nora N', 'role', 'agent',
  'expires_at', (pg_temp.invitation('nora@example.com')).expires_at, 'token', (select token from tokens where name = 'nora'))), 1::bigint, 'and the event for the mail carries the token');
select is((select count(*) from public.audit_logs where action = 'invitations.created' and actor_id = pg_temp.id('a001') and changes::text !~ (select token from tokens where name = 'nora')), 1::bigint, 'it is recorded, without the token');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), $$select row(email, role, expires_at = now() + interval '3 days', invitation_id = pg_temp.id('e0aa'))::text from public.invite_member(pg_temp.id('c001'), 'max@example.com', 'client', expires_in => '3 days', invitation_id => pg_temp.id('e0aa'), send_email => false)$$),
  '(max@example.com,client,t,t)', 'a client invites a client, sends the mail themselves, and names the invitation');
select is((select jsonb_agg(p ? 'token' or p ? 'full_name') from pg_temp.mails('max@example.com') as p), '[false]', 'then the event carries no token');
select is((pg_temp.invitation('max@example.com')).full_name, null, 'a name is not needed');

-- Who may not.
select pg_temp.refuses('authenticated', pg_temp.user(u), pg_temp.invite('who@example.com', 'agent', '', c), '42501', 'not_your_company', w)
  from (values ('a002', 'c001', 'an agent invites nobody'), ('a003', 'c001', 'nor does a compliance administrator'), ('a004', 'c001', 'nor somebody of another company'),
               ('a001', 'c002', 'into another company'), ('a006', 'c001', 'nor who is disabled'), ('a007', 'c003', 'nor for a suspended company'), ('a008', 'c001', 'nor an outsider'),
               ('a001', 'c999', 'nor for a company that is none'), ('a000', 'c001', 'nor an operator with the token of a member')) as t (u, c, w);
select pg_temp.refuses('authenticated', pg_temp.user('a001', '{"is_anonymous": true}'), pg_temp.invite('who@example.com'), '42501', 'not_your_company', 'nor who is anonymous');
select pg_temp.refuses('platform_admin', pg_temp.user('a001'), pg_temp.invite('who@example.com'), '42501', 'not_an_operator', 'nor an admin who is none any more');
set local role anon;
select throws_ok($$select public.invite_member(pg_temp.id('c001'), 'who@example.com', 'agent')$$, '42501', null, 'nor who is not signed in');
reset role;
update public.users set granted_permissions = granted_permissions || '{users.write}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a002');
select matches(pg_temp.says('authenticated', pg_temp.user('a002'), pg_temp.invite('by-adam@example.com')), '^invite_', 'control: an agent with users.write invites an agent');
select pg_temp.refuses('authenticated', pg_temp.user('a002'), pg_temp.invite('who@example.com', 'client'), '42501', 'permission_not_held', 'but no client');
select pg_temp.refuses('authenticated', pg_temp.user('a002'), pg_temp.invite('who@example.com', 'agent', ', ''{billing.read}'''), '42501', 'permission_not_held', 'nor with a permission that they do not hold');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'compliance_admin'), '42501', 'permission_not_held', 'a client invites no compliance administrator');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'admin'), '42501', 'admin_outside_operator', 'nor an admin');
update public.users set revoked_permissions = '{media.read}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'client'), '42501', 'permission_not_held', 'nor a role that holds what was taken from them');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'agent', ', ''{media.read}'''), '42501', 'permission_not_held', 'nor that permission');
update public.users set revoked_permissions = '{}' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
insert into public.users (company_id, id, email, full_name, role, granted_permissions)
select pg_temp.id('c000'), pg_temp.id('a008'), 'eve@lytbub.example', 'Eve', 'client', array_agg(permission) from private.permissions;
select pg_temp.refuses('authenticated', pg_temp.user('a008'), pg_temp.invite('who@example.com', 'admin', '', 'c000'), '42501', 'admin_by_admin_only', 'a member of the operator company with every permission makes no admin');
select matches(pg_temp.says('authenticated', pg_temp.user('a008'), pg_temp.invite('staff@example.com', 'compliance_admin', '', 'c000')), '^invite_', 'control: but everybody else');
select matches(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.invite('boss@example.com', 'admin', '', 'c000')), '^invite_', 'an admin does');
select is((select array[(i).invited_as, (i).invited_by::text] from pg_temp.invitation('boss@example.com', 'c000') as i), array['operator', pg_temp.id('a000')::text], 'as an operator');
select matches(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.invite('first@example.com', 'client', '', 'c003')), '^invite_', 'an operator invites into any company, a suspended one, too');
select matches(pg_temp.says('service_role', null, pg_temp.invite('hook@example.com', 'compliance_admin')), '^invite_', 'the backend as well');
select is((select array[(i).invited_as, (i).invited_by::text] from pg_temp.invitation('hook@example.com') as i), array['backend', null], 'as nobody');
select pg_temp.refuses('service_role', null, pg_temp.invite('who@example.com', 'admin'), '42501', 'admin_outside_operator', 'but no admin outside of the operator company');
insert into public.api_keys (company_id, id, name, prefix, permissions) values (pg_temp.id('c001'), pg_temp.id('ee01'), 'K', 'probe_key', '{users.write,users.read,company.read,services.read,jobs.read}');
select pg_temp.refuses('authenticated', pg_temp.user('ee01', jsonb_build_object('api_key_id', pg_temp.id('ee01'), 'company_id', pg_temp.id('c001'))), pg_temp.invite('who@example.com'), '42501', 'not_a_person', 'no key invites');

-- What is no invitation.
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite(e), '22023', 'invalid_email', coalesce(e, 'null') || ' is no address')
  from unnest(array['', 'nobody', 'a b@example.com', 'a@b', '@example.com', repeat('a', 243) || '@example.com', 'erased@erased.invalid', null]) as e;
select lives_ok(format('select pg_temp.says(''service_role'', null, %L)', pg_temp.invite(repeat('a', 242) || '@example.com')), 'control: 254 characters are');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', r), '23514', 'unknown_role', coalesce(r, 'null') || ' is no role') from unnest(array['owner', '', null]) as r;
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'agent', format(', %L', p)), '23514', 'unknown_permission', p || ' is no permission') from unnest(array['{no.such}', '{NULL}', '{services.read,x}']) as p;
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com', 'agent', format(', expires_in => %L', d)), '22023', 'invalid_duration', coalesce(d, 'null') || ' is too short or too long') from unnest(array['59 minutes', '30 days 00:00:01', '-1 day', 'infinity', null]) as d
 where d is distinct from 'infinity' or current_setting('server_version_num')::integer >= 170000;
select is(pg_temp.says('authenticated', pg_temp.user('a001'), $$select array[(select expires_at - now() from public.invite_member(pg_temp.id('c001'), 'short@example.com', 'agent', expires_in => '1 hour')), (select expires_at - now() from public.invite_member(pg_temp.id('c001'), 'long@example.com', 'agent', expires_in => '30 days'))]::text$$), '{01:00:00,"30 days"}', 'control: an hour and thirty days are possible');
select pg_temp.refuses('service_role', null, pg_temp.invite('who@example.com', 'agent', '', 'c999'), 'PT404', 'unknown_company', 'no such company');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite(e), '23505', 'already_a_member', w)
  from (values ('ADAM@acme.example', 'who is a member is not invited'), ('sam@acme.example', 'nor who is disabled')) as t (e, w);
update auth.users set email = 'alias@example.com' where id = pg_temp.id('a002');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('alias@example.com'), '23505', 'already_a_member', 'nor at the address that they sign in with');
update auth.users set email = 'adam@acme.example' where id = pg_temp.id('a002');
insert into tokens values ('bob of globex', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('bob@globex.example')));
select is((select count(*) from tokens where name = 'bob of globex' and token is not null), 1::bigint, 'control: a member of another company is');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('nora@example.com'), '23505', 'already_invited', 'one open invitation an address');
select matches(pg_temp.says('authenticated', pg_temp.user('a004'), pg_temp.invite('nora@example.com', 'agent', '', 'c002')), '^invite_', 'control: another company is not concerned');
select pg_temp.age('short@example.com', '2 hours');
insert into public.invitations (company_id, email, role, expires_at, invited_as, status, accepted_at) values
  (pg_temp.id('c002'), 'short@example.com', 'agent', now() - interval '1 hour', 'backend', 'pending', null),
  (pg_temp.id('c001'), 'short@example.com', 'agent', now() - interval '1 hour', 'backend', 'accepted', now() - interval '2 days');
select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('short@example.com')), '^invite_', 'an expired one makes way');
select is((select array_agg(status || coalesce((revoked_at = now())::text, '') order by status) from public.invitations where email = 'short@example.com' and company_id = pg_temp.id('c001')), '{accepted,pending,revokedtrue}', 'and is over; one that was accepted is not touched');
select is((select array_agg(status) from public.invitations where email = 'short@example.com' and company_id = pg_temp.id('c002')), '{pending}', 'nor another company''s');
select is((pg_temp.invitation('leo@latecomer.example')).status, 'pending', 'nor one of somebody else');

-- Repeating.
insert into tokens values ('max', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('max@example.com', 'client', ', invitation_id => pg_temp.id(''e0aa'')')));
select is((select array[count(*), max(sent_count)] from public.invitations where email = 'max@example.com'), '{1,2}', 'who lost the answer asks again, and gets a new token for the same invitation');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite(e, r, ', invitation_id => pg_temp.id(''e0aa'')' || m), '23505', 'invitation_id_taken', w)
  from (values ('max@example.com', 'agent', '', 'not for another role'), ('mux@example.com', 'client', '', 'nor another address'), ('max@example.com', 'client', ', full_name => ''Max''', 'nor another name'),
               ('max@example.com', 'client', ', permissions => ''{jobs.read}''', 'nor other permissions')) as t (e, r, m, w);
select pg_temp.refuses('platform_admin', pg_temp.user('a000'), pg_temp.invite('max@example.com', 'client', ', invitation_id => pg_temp.id(''e0aa'')'), '23505', 'invitation_id_taken', 'nor by somebody else');
select pg_temp.age('max@example.com', '10 minutes');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('max@example.com', 'client', ', invitation_id => pg_temp.id(''e0aa'')'), '23505', 'invitation_id_taken', 'nor after ten minutes');
insert into tokens values ('max of globex', pg_temp.says('authenticated', pg_temp.user('a004'), pg_temp.invite('max@example.com', 'client', ', invitation_id => pg_temp.id(''e0aa'')', 'c002')));
select is((select count(*) from tokens where name = 'max of globex' and token is not null), 1::bigint, 'another company has ids of its own');

select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('twice@example.com', 'agent', ', invitation_id => pg_temp.id(''e0ad'')')), '^invite_', 'control: invited');
update public.invitations set status = 'revoked', revoked_at = now() where id = pg_temp.id('e0ad');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('twice@example.com', 'agent', ', invitation_id => pg_temp.id(''e0ad'')'), '23505', 'invitation_id_taken', 'what was revoked is not made again');

-- Reading -----------------------------------------------------------------------------------------------------------
select is(pg_temp.says('authenticated', pg_temp.user(u), 'select (count(*) > 0)::text from public.invitations'), a, w)
  from (values ('a001', 'true', 'a client sees invitations'), ('a003', 'true', 'a compliance administrator, too'), ('a005', 'false', 'an agent none'), ('a006', 'false', 'nor who is disabled')) as t (u, a, w);
select is(pg_temp.says('authenticated', pg_temp.user('a004'), 'select count(*)::text from public.invitations where company_id <> pg_temp.id(''c002'')'), '0', 'nobody sees another company''s');
select pg_temp.refuses(r, case when r <> 'service_role' then pg_temp.user('a000') end, 'select token_hash from private.invitation_tokens', '42501', null, r || ' reads no hash') from unnest('{authenticated,platform_admin,service_role}'::text[]) as r;
select is(pg_temp.says('authenticated', pg_temp.user('a003'), 'select string_agg(email || '' '' || state, '', '' order by created_at desc, id desc) from public.list_invitations(pg_temp.id(''c001'')) where email in (''nora@example.com'', ''short@example.com'', ''leo@latecomer.example'')'),
  (select string_agg(email || ' ' || case email when 'leo@latecomer.example' then 'expired' else 'pending' end, ', ' order by created_at desc, id desc) from public.invitations where company_id = pg_temp.id('c001') and email in ('nora@example.com', 'short@example.com', 'leo@latecomer.example') and status = 'pending'),
  'open ones are listed, with their state, latest first');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), 'select string_agg(state, '','' order by state) from public.list_invitations(pg_temp.id(''c001''), true) where email = ''short@example.com'''), 'accepted,pending,revoked', 'all, when asked for');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), $$select (array_agg(b.id) = (select array_agg(a.id) from (select * from public.list_invitations(pg_temp.id('c001')) offset 2) as a) and count(*) > 1)::text
  from (select * from public.list_invitations(pg_temp.id('c001'), max_rows => 2) offset 1) as l, lateral public.list_invitations(pg_temp.id('c001'), false, l.created_at, l.id) as b$$), 'true', 'page by page');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), 'select * from public.list_invitations(pg_temp.id(''c001''), ' || a || ')', '22023', 'invalid_page', a || ' is no page')
  from unnest(array['max_rows => 0', 'max_rows => 1001', 'max_rows => null', 'before_at => now()', 'before_id => gen_random_uuid()']) as a;
select is(pg_temp.says('platform_admin', pg_temp.user('a000'), 'select (count(*) > 3)::text from public.list_invitations(pg_temp.id(''c001''), max_rows => 1000)'), 'true', 'operators see any company''s');
select pg_temp.refuses('authenticated', pg_temp.user('a004'), 'select * from public.list_invitations(pg_temp.id(''c001''))', '42501', 'not_your_company', 'members of others do not');
select pg_temp.refuses('authenticated', pg_temp.user('a005'), 'select * from public.list_invitations(pg_temp.id(''c001''))', '42501', 'not_your_company', 'nor does an agent');

-- Accepting ---------------------------------------------------------------------------------------------------------
select pg_temp.sign_up('b001', 'nora@example.com');
select pg_temp.sign_up('b002', 'other@example.com');
select pg_temp.refuses('authenticated', pg_temp.user('b002'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'a forwarded mail lets nobody in') from tokens where name = 'nora';
update auth.users set email_confirmed_at = null where id = pg_temp.id('b001');
select pg_temp.refuses('authenticated', pg_temp.user('b001'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'an address that is not confirmed proves nothing') from tokens where name = 'nora';
select pg_temp.refuses('authenticated', pg_temp.user('b001', '{"email": "nora@example.com", "email_verified": true, "user_metadata": {"email": "nora@example.com", "email_verified": true}}'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'whatever the token of the session says') from tokens where name = 'nora';
update auth.users set email_confirmed_at = now() where id = pg_temp.id('b001');
select pg_temp.refuses('authenticated', pg_temp.user('b001'), pg_temp.accept(t), '42501', 'invitation_not_valid', 'nothing comes of ' || coalesce(t, 'null'))
  from unnest(array['', 'invite_', 'invite_' || repeat('0', 64), null, (select upper(token) from tokens where name = 'nora'), (select token || ' ' from tokens where name = 'nora')]) as t;
select pg_temp.refuses('authenticated', pg_temp.user('b001', '{"is_anonymous": true}'), pg_temp.accept(token), '42501', 'not_signed_in', 'an anonymous sign-in accepts nothing') from tokens where name = 'nora';
select pg_temp.refuses('authenticated', pg_temp.user('ee01', jsonb_build_object('api_key_id', pg_temp.id('ee01'), 'company_id', pg_temp.id('c001'))), pg_temp.accept(token), '42501', 'not_signed_in', 'nor does a key') from tokens where name = 'nora';
select pg_temp.refuses('authenticated', '{"role": "authenticated"}', pg_temp.accept(token), '42501', 'not_signed_in', 'nor nobody') from tokens where name = 'nora';
select pg_temp.refuses('service_role', null, pg_temp.accept(token), '42501', null, 'nor the backend') from tokens where name = 'nora';
update auth.users set deleted_at = now() where id = pg_temp.id('b001');
select pg_temp.refuses('authenticated', pg_temp.user('b001'), pg_temp.accept(token), '42501', 'not_signed_in', 'nor an account that was deleted') from tokens where name = 'nora';
update auth.users set deleted_at = null where id = pg_temp.id('b001');
select is((select count(*) from public.users where id = pg_temp.id('b001')), 0::bigint, 'none of this made a member');
select is(pg_temp.says('authenticated', pg_temp.user('b001'), pg_temp.accept(token)), row(pg_temp.id('c001'), 'Acme', pg_temp.id('b001'), 'agent', '{company.read,documents.read,jobs.read,jobs.write,services.read}'::text[])::text, 'the invited person becomes a member') from tokens where name = 'nora';
select is((select row(u.email, u.full_name, u.role, u.status, u.granted_permissions, u.created_by)::text from public.users as u where u.company_id = pg_temp.id('c001') and u.id = pg_temp.id('b001')),
  row('nora@example.com', 'Nora N', 'agent', 'active', '{documents.read,jobs.write}'::text[], pg_temp.id('b001'))::text, 'as was said in the invitation');
select is((select row(i.status, i.accepted_at = now(), i.accepted_by)::text from pg_temp.invitation('nora@example.com') as i), row('accepted', true, pg_temp.id('b001'))::text, 'which is spent');
select is((select count(*) from pg_temp.mails('nora@example.com') as p where p ->> 'token' = (select token from tokens where name = 'nora')), 0::bigint, 'its mail is not sent any more');
select is((select payload from private.outbox_events where topic = 'member.joined' and company_id = pg_temp.id('c001')), jsonb_build_object('user_id', pg_temp.id('b001'), 'role', 'agent', 'invitation_id', (pg_temp.invitation('nora@example.com')).id), 'event member.joined');
select is((select array_agg(action order by action) from public.audit_logs where actor_id = pg_temp.id('b001') and company_id = pg_temp.id('c001')), '{invitations.updated,users.created}', 'both are recorded as theirs');
update public.invitations set accepted_at = now() - interval '1 hour' where email = 'nora@example.com' and status = 'accepted';
select is(pg_temp.says('authenticated', pg_temp.user('b001'), pg_temp.accept(token)), row(pg_temp.id('c001'), 'Acme', pg_temp.id('b001'), 'agent', '{company.read,documents.read,jobs.read,jobs.write,services.read}'::text[])::text, 'repeated, it answers the same') from tokens where name = 'nora';
select is((select accepted_at from public.invitations where email = 'nora@example.com' and status = 'accepted'), now() - interval '1 hour', 'as of when it was accepted');
select is((select count(*) from private.outbox_events where topic = 'member.joined' and company_id = pg_temp.id('c001')), 1::bigint, 'and does nothing');
select pg_temp.refuses('authenticated', pg_temp.user('b002'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'to everybody else it is worth nothing') from tokens where name = 'nora';
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'to a colleague, too') from tokens where name = 'nora';
select pg_temp.sign_up('b003', 'nora@example.com', true, '{}', true);
select pg_temp.refuses('authenticated', pg_temp.user('b003'), pg_temp.accept(token), 'PT409', 'invitation_used', 'another account with the address is told that it is used') from tokens where name = 'nora';
update auth.users set email_confirmed_at = null where id = pg_temp.id('b003');
select pg_temp.refuses('authenticated', pg_temp.user('b003'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'but not before it is confirmed') from tokens where name = 'nora';
delete from public.users where id = pg_temp.id('b001');
select pg_temp.refuses('authenticated', pg_temp.user('b001'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'who was removed does not come back by it') from tokens where name = 'nora';

-- A name of their own, and one from the address.
insert into tokens select 'named', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('other@example.com', 'agent', ', full_name => ''As I know them'''));
select pg_temp.says('authenticated', pg_temp.user('b002'), pg_temp.accept(token, ', ''  As I call myself ''')) from tokens where name = 'named';
select is((select full_name from public.users where id = pg_temp.id('b002')), 'As I call myself', 'whoever accepts says how they are called');
select pg_temp.sign_up('b004', 'Plain.Name@example.com');
insert into tokens select 'plain', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('plain.name@example.com', 'agent', ', full_name => '' '''));
select pg_temp.says('authenticated', pg_temp.user('b004'), pg_temp.accept(token, ', E''\t''')) from tokens where name = 'plain';
select is((select full_name || ' ' || email from public.users where id = pg_temp.id('b004')), 'plain.name plain.name@example.com', 'else the address does');

-- Members, suspended and closed companies.
insert into tokens values ('bob', pg_temp.says('authenticated', pg_temp.user('a001'), $$select token from public.resend_invitation(pg_temp.id('c001'), (select id from public.invitations where email = 'max@example.com' and company_id = pg_temp.id('c001')))$$));
select pg_temp.sign_up('b005', 'max@example.com');
insert into public.users (company_id, id, email, full_name, role) values (pg_temp.id('c001'), pg_temp.id('b005'), 'max@elsewhere.example', 'Max', 'agent');
update public.users set status = 'disabled' where id = pg_temp.id('b005');
select pg_temp.refuses('authenticated', pg_temp.user('b005'), pg_temp.accept(token), '42501', 'member_disabled', 'nobody is enabled by an invitation') from tokens where name = 'bob';
update public.users set status = 'active' where id = pg_temp.id('b005');
update public.companies set status = 'suspended' where id = pg_temp.id('c001');
select pg_temp.refuses('authenticated', pg_temp.user('b005'), pg_temp.accept(token), 'PT409', 'company_suspended', 'a suspended company takes nobody') from tokens where name = 'bob';
select pg_temp.refuses('authenticated', pg_temp.user('b002'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'and says so only to the invited person') from tokens where name = 'bob';
update public.companies set status = 'closed' where id = pg_temp.id('c001');
select pg_temp.refuses('authenticated', pg_temp.user('b005'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'nor does a closed one') from tokens where name = 'bob';
select pg_temp.refuses('service_role', null, pg_temp.invite('who@example.com'), 'PT410', 'company_closed', 'into which nobody is invited') from tokens where name = 'bob';
update public.companies set status = 'active' where id = pg_temp.id('c001');
update auth.users set deleted_at = now() where id = pg_temp.id('b005');
select pg_temp.refused(format('select private.take_invitation(pg_temp.id(''b005''), %L, null)', token), '42501', 'invitation_not_valid', 'an account that was deleted takes nothing, whoever asks') from tokens where name = 'bob';
update auth.users set deleted_at = null where id = pg_temp.id('b005');
select is((pg_temp.says('authenticated', pg_temp.user('b005'), pg_temp.accept(token))::public.accepted_invitation).role, 'agent', 'who is a member stays what they are') from tokens where name = 'bob';
select is((select row(a.company_id, a.role)::text from (select (pg_temp.says('authenticated', pg_temp.user('b005'), pg_temp.accept(token))::public.accepted_invitation).*) as a), row(pg_temp.id('c002'), 'client')::text, 'an invitation of another company with the same id is another one') from tokens where name = 'max of globex';
select is((select row(a.company_id, a.role)::text from (select (pg_temp.says('authenticated', pg_temp.user('a004'), pg_temp.accept(token))::public.accepted_invitation).*) as a), row(pg_temp.id('c001'), 'agent')::text, 'and a member of another company becomes one here') from tokens where name = 'bob of globex';
delete from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('a004');
select is((select array[role, email] from public.users where company_id = pg_temp.id('c001') and id = pg_temp.id('b005')), '{agent,max@elsewhere.example}', 'in the table, too');
select is((pg_temp.invitation('max@example.com')).status, 'accepted', 'and the invitation is spent');
select is((select count(*) from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'member.joined' and payload ->> 'user_id' = pg_temp.id('b005')::text), 0::bigint, 'without an event');

-- An invitation stands on whoever made it ----------------------------------------------------------------------------
select pg_temp.sign_up('b006', 'by-adam@example.com');
insert into tokens values ('by-adam', pg_temp.says('authenticated', pg_temp.user('a002'), $$select token from public.invite_member(pg_temp.id('c001'), 'pal@example.com', 'agent', '{documents.read}')$$));
select pg_temp.sign_up('b007', 'pal@example.com');
create function pg_temp.state(p_email text, p_company text default 'c001') returns text language sql as $$
  select state from private.list_invitations(pg_temp.id(p_company), true, null, null, 1000) where email = p_email order by created_at desc limit 1
$$;
select is(pg_temp.state('pal@example.com'), 'pending', 'control: valid while its inviter may make it');

create function pg_temp.try(p_change text, p_undo text, p_state text, p_what text) returns setof text language plpgsql as $$
begin
  execute p_change;
  return next is(pg_temp.state('pal@example.com'), p_state, p_what);
  return next pg_temp.refuses('authenticated', pg_temp.user('b007'), pg_temp.accept((select token from tokens where name = 'by-adam')), '42501', 'invitation_not_valid', p_what || ', and it is worth nothing');
  execute p_undo;
end
$$;
select pg_temp.try(format($$update public.users set %s where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')$$, c), format($$update public.users set %s where company_id = pg_temp.id('c001') and id = pg_temp.id('a002')$$, u), 'void', w)
  from (values
    ($$status = 'disabled'$$, $$status = 'active'$$, 'void once they are disabled'),
    ($$revoked_permissions = '{users.write}'$$, $$revoked_permissions = '{}'$$, 'void once they manage no members'),
    ($$revoked_permissions = '{documents.read}'$$, $$revoked_permissions = '{}'$$, 'void once they lost a permission that it gives'),
    ($$revoked_permissions = '{services.read}'$$, $$revoked_permissions = '{}'$$, 'void once they lost one of its role')) as t (c, u, w);
select pg_temp.try($$update public.invitations set expires_at = now() where email = 'pal@example.com'$$, $$update public.invitations set expires_at = now() + interval '1 day' where email = 'pal@example.com'$$, 'expired', 'expired at its time');
select is(pg_temp.state('pal@example.com'), 'pending', 'control: valid again');
select matches(pg_temp.says('authenticated', pg_temp.user('b007'), pg_temp.accept(token)), 'agent', 'control: accepted') from tokens where name = 'by-adam';
select is(pg_temp.state('pal@example.com'), 'accepted', 'and shown as that');
-- Operators.
update public.users set role = 'client' where company_id = pg_temp.id('c000') and id = pg_temp.id('a000');
select is(pg_temp.state('first@example.com', 'c003'), 'void', 'an operator''s is void once they are none');
update public.users set role = 'admin' where company_id = pg_temp.id('c000') and id = pg_temp.id('a000');
select is(pg_temp.state('first@example.com', 'c003'), 'pending', 'control: not before');
select is(pg_temp.state('hook@example.com'), 'pending', 'the backend''s stands for itself');
update public.invitations set email = 'erased@erased.invalid' where email = 'hook@example.com';
select is(pg_temp.state('erased@erased.invalid'), 'revoked', 'that of a person who was erased is worth nothing');

-- Sending again, and revoking ---------------------------------------------------------------------------------------
create function pg_temp.again(p_email text, p_more text default '', p_company text default 'c001') returns text language sql as $$
  select format('select token from public.resend_invitation(pg_temp.id(%L), %L%s)', p_company, (pg_temp.invitation(p_email, p_company)).id, p_more)
$$;
create function pg_temp.end_it(p_email text, p_company text default 'c001') returns text language sql as $$
  select format('select public.revoke_invitation(pg_temp.id(%L), %L)', p_company, (pg_temp.invitation(p_email, p_company)).id)
$$;
insert into tokens values ('rita', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('rita@example.com', 'client')));
select pg_temp.sign_up('b008', 'rita@example.com');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.again('rita@example.com'), 'PT429', 'too_many_invitations', 'not twice within a minute');
select pg_temp.age('rita@example.com', '60 seconds');
select pg_temp.refuses('authenticated', pg_temp.user('a002'), pg_temp.again('rita@example.com'), '42501', 'permission_not_held', 'not by who could not make it');
select pg_temp.refuses('authenticated', pg_temp.user('a002'), pg_temp.end_it('rita@example.com'), '42501', 'permission_not_held', 'nor do they revoke it');
select pg_temp.refuses('authenticated', pg_temp.user(u), pg_temp.again('rita@example.com'), '42501', 'not_your_company', w || ' sends nothing again') from (values ('a003', 'a compliance administrator'), ('a004', 'another company'), ('a005', 'an agent')) as t (u, w);
select pg_temp.refuses('authenticated', pg_temp.user(u), pg_temp.end_it('rita@example.com'), '42501', 'not_your_company', w || ' revokes nothing') from (values ('a003', 'a compliance administrator'), ('a004', 'another company'), ('a005', 'an agent')) as t (u, w);
select pg_temp.refuses('authenticated', pg_temp.user('a004'), replace(pg_temp.end_it('rita@example.com'), 'c001', 'c002'), 'PT404', 'unknown_invitation', 'nor by another company''s name');
select pg_temp.refuses('authenticated', pg_temp.user('ee01', jsonb_build_object('api_key_id', pg_temp.id('ee01'), 'company_id', pg_temp.id('c001'))), pg_temp.end_it('rita@example.com'), '42501', 'not_a_person', 'nor a key');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), 'select public.revoke_invitation(pg_temp.id(''c999''), pg_temp.id(''e0aa''))', '42501', 'not_your_company', 'whether there is a company is not told');
select pg_temp.refuses('service_role', null, 'select public.resend_invitation(pg_temp.id(''c001''), null)', 'PT404', 'unknown_invitation', 'null is none');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.again('rita@example.com', ', ''1 minute'''), '22023', 'invalid_duration', 'not for a minute');
insert into tokens values ('rita again', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.again('rita@example.com', ', ''2 days''')));
select is((select row(i.sent_count, i.last_sent_at = now(), i.expires_at = now() + interval '2 days')::text from pg_temp.invitation('rita@example.com') as i), row(2, true, true)::text, 'sent again');
select is((select array_agg(p ->> 'token') from pg_temp.mails('rita@example.com') as p), (select array[token] from tokens where name = 'rita again'), 'with one mail, which has the new token');
select pg_temp.refuses('authenticated', pg_temp.user('b008'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'the old one is void') from tokens where name = 'rita';
update public.users set status = 'disabled' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select is(pg_temp.state('rita@example.com'), 'void', 'its inviter is disabled');
select pg_temp.age('rita@example.com', '3 days');
select is(pg_temp.state('rita@example.com'), 'expired', 'and it has expired');
insert into tokens values ('rita third', pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.again('rita@example.com')));
select is((select array[pg_temp.state('rita@example.com'), i.invited_as, i.invited_by::text] from pg_temp.invitation('rita@example.com') as i), array['pending', 'operator', pg_temp.id('a000')::text], 'whoever sends it again becomes its inviter');
update public.users set status = 'active' where company_id = pg_temp.id('c001') and id = pg_temp.id('a001');
select pg_temp.age('rita@example.com', '1 hour');
select matches(pg_temp.says('service_role', null, pg_temp.again('rita@example.com', ', send_email => false')), '^invite_', 'the backend, too');
select is((select array[i.invited_as, i.invited_by::text] from pg_temp.invitation('rita@example.com') as i), array['backend', null], 'as nobody');
select is((select count(*) from pg_temp.mails('rita@example.com') as p where p ? 'token'), 0::bigint, 'without a mail if it sends its own');
select pg_temp.age('rita@example.com', '1 hour');
insert into tokens values ('rita last', pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.again('rita@example.com')));
select is((pg_temp.invitation('rita@example.com')).invited_as, 'member', 'a member as one');
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.end_it('rita@example.com'))::timestamptz, now(), 'revoked');
select is((select array[status, (revoked_at = now())::text] from pg_temp.invitation('rita@example.com')), '{revoked,true}', 'in the table');
select is((select count(*) from pg_temp.mails('rita@example.com')), 0::bigint, 'no mail is sent');
select pg_temp.refuses('authenticated', pg_temp.user('b008'), pg_temp.accept(token), '42501', 'invitation_not_valid', 'and its token is void') from tokens where name = 'rita last';
insert into public.invitations (company_id, id, email, role, expires_at, invited_as)
select pg_temp.id(c), pg_temp.id('e0ae'), 'same@example.com', 'agent', now() + interval '1 day', 'backend' from unnest('{c001,c002}'::text[]) as c;
select pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.end_it('same@example.com'));
select is((select array_agg(status order by company_id) from public.invitations where id = pg_temp.id('e0ae')), '{revoked,pending}', 'one with the same id in another company is not');
update public.invitations set revoked_at = now() - interval '1 day' where email = 'rita@example.com';
select is(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.end_it('rita@example.com'))::timestamptz, now() - interval '1 day', 'repeating says when');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.again('rita@example.com'), '23514', 'invitation_ended', 'a revoked one is not sent again');
select pg_temp.age('pal@example.com', '1 hour');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), f, '23514', 'invitation_ended', 'one that was accepted is not ' || w) from (values (pg_temp.again('pal@example.com'), 'sent again'), (pg_temp.end_it('pal@example.com'), 'revoked')) as t (f, w);
update public.invitations set last_sent_at = now() - interval '1 hour' where email = 'erased@erased.invalid';
select pg_temp.refuses('service_role', null, pg_temp.again('erased@erased.invalid'), '23514', 'invitation_ended', 'nor one of a person who was erased');

-- Not too many ------------------------------------------------------------------------------------------------------
update public.system_config set value = to_jsonb((select sum(sent_count) from public.invitations where company_id = pg_temp.id('c001') and last_sent_at > now() - interval '1 day') + 1) where key = 'members.invitations_per_day';
select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('last@example.com', 'agent', ', invitation_id => pg_temp.id(''e0ab'')')), '^invite_', 'control: one more');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('last@example.com', 'agent', ', invitation_id => pg_temp.id(''e0ab'')'), 'PT429', 'too_many_invitations', 'the same again is another mail');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com'), 'PT429', 'too_many_invitations', 'then no more on this day');
select pg_temp.age('short@example.com', '10 minutes');
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.again('short@example.com'), 'PT429', 'too_many_invitations', 'nor again');
select matches(pg_temp.says('platform_admin', pg_temp.user('a000'), pg_temp.invite('one-more@example.com')), '^invite_', 'operators are not limited');
select matches(pg_temp.says('authenticated', pg_temp.user('a004'), pg_temp.invite('one-more@example.com', 'agent', '', 'c002')), '^invite_', 'nor are other companies');
delete from public.system_config where key = 'members.invitations_per_day';
select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('hundred@example.com')), '^invite_', 'a hundred unless it is set');
insert into public.invitations (company_id, id, email, role, expires_at, invited_as, last_sent_at, sent_count)
select pg_temp.id('c001'), pg_temp.id('e0ac'), 'n1@example.com', 'agent', now(), 'backend', now(), 100 - sum(sent_count) from public.invitations where company_id = pg_temp.id('c001') and last_sent_at > now() - interval '1 day';
select pg_temp.refuses('authenticated', pg_temp.user('a001'), pg_temp.invite('who@example.com'), 'PT429', 'too_many_invitations', 'the hundred is full');
update public.invitations set sent_count = sent_count - 1 where id = pg_temp.id('e0ac');
savepoint full_day;
select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('hundredth@example.com')), '^invite_', 'control: ninety-nine is not');
rollback to full_day;
update public.invitations set sent_count = sent_count + 1 where id = pg_temp.id('e0ac');
select pg_temp.age('n1@example.com', '1 day');
select matches(pg_temp.says('authenticated', pg_temp.user('a001'), pg_temp.invite('next-day@example.com')), '^invite_', 'the next day there is room');

-- Sign-up -----------------------------------------------------------------------------------------------------------
create function pg_temp.signs_up_with(p_tail text, p_email text, p_token text, p_is_confirmed boolean default true) returns text language sql as $$
  select pg_temp.sign_up(p_tail, p_email, p_is_confirmed, jsonb_build_object('invitation_token', p_token, 'full_name', 'Name of ' || p_tail, 'role', 'admin', 'company_id', pg_temp.id('c002')));
  select coalesce(string_agg(concat_ws(' ', c.slug, u.role, u.full_name), ','), 'nowhere') from public.users as u join public.companies as c on c.id = u.company_id where u.id = pg_temp.id(p_tail)
$$;
insert into tokens select 'up' || n, pg_temp.says('service_role', null, pg_temp.invite('up' || n || '@example.com', 'agent')) from generate_series(1, 4) as n;
select is((select count(*) from pg_trigger where tgrelid = 'auth.users'::regclass and tgname like 'lytbub_%' and tgenabled = 'O'), 2::bigint, 'the triggers are there');
select is(pg_temp.signs_up_with('b011', 'up1@example.com', token), 'acme agent Name of b011', 'who signs up with a token and a confirmed address is a member, and no more than that') from tokens where name = 'up1';
select is((select array_agg(actor_role || ' ' || action order by action) from public.audit_logs where company_id = pg_temp.id('c001') and changes::text like '%up1@example.com%' and action = 'users.created'), '{"postgres users.created"}', 'recorded');
select is(pg_temp.signs_up_with('b012', 'up2@example.com', token, false), 'nowhere', 'before the address is confirmed they are nothing') from tokens where name = 'up2';
update auth.users set last_sign_in_at = now(), phone = '1' where id = pg_temp.id('b012');
select is((select count(*) from public.users where id = pg_temp.id('b012')), 0::bigint, 'whatever else happens');
update auth.users set email_confirmed_at = now() where id = pg_temp.id('b012');
select is((select full_name from public.users where id = pg_temp.id('b012')), 'Name of b012', 'then they are');
delete from public.users where id = pg_temp.id('b012');
update auth.users set email_confirmed_at = now() + interval '1 second' where id = pg_temp.id('b012');
select is((select count(*) from public.users where id = pg_temp.id('b012')), 0::bigint, 'once');
select is(pg_temp.signs_up_with('b013', 'someone@example.com', token), 'nowhere', 'another address signs up, and that is all') from tokens where name = 'up3';
select is(pg_temp.signs_up_with('b014', 'someone-else@example.com', 'rubbish'), 'nowhere', 'so does rubbish');
select is(pg_temp.sign_up('b015', 'up3@example.com', true, '{"invitation_token": {"a": [1]}}') is not null, true, 'of whatever form');
select is((pg_temp.invitation('up3@example.com')).status, 'pending', 'the invitation is untouched');
update auth.users set raw_user_meta_data = jsonb_build_object('invitation_token', (select token from tokens where name = 'up3')) where id = pg_temp.id('b015');
select is((select count(*) from public.users where id = pg_temp.id('b015')), 0::bigint, 'metadata that changes later changes nothing');
select matches(pg_temp.says('authenticated', pg_temp.user('b015'), pg_temp.accept(token)), 'Acme', 'control: they accept it themselves') from tokens where name = 'up3';
-- Something that is broken must not stop anybody.
create function pg_temp.broken() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
create trigger broken before insert on public.users for each row execute function pg_temp.broken();
select is(pg_temp.signs_up_with('b016', 'up4@example.com', token), 'nowhere', 'sign-up goes on when membership fails') from tokens where name = 'up4';
select is((select count(*) from auth.users where id = pg_temp.id('b016')), 1::bigint, 'the account is there');
select is((pg_temp.invitation('up4@example.com')).status, 'pending', 'and the invitation, for later');
drop trigger broken on public.users;
select matches(pg_temp.says('authenticated', pg_temp.user('b016'), pg_temp.accept(token)), 'Acme', 'control: they accept it when it is mended') from tokens where name = 'up4';

-- The token leaves the outbox ----------------------------------------------------------------------------------------
update private.outbox_events set status = 'delivered', finished_at = now(), payload = payload - 'token' where status = 'pending';
insert into tokens values ('mail', pg_temp.says('service_role', null, pg_temp.invite('mail1@example.com', 'agent'))), ('mail2', pg_temp.says('service_role', null, pg_temp.invite('mail2@example.com', 'agent')));
create temp table claimed as select * from private.claim_events(100, 60, null);
select is((select count(*) from claimed where payload ->> 'token' in (select token from tokens)), 2::bigint, 'the dispatcher gets the token');
select is((select array_agg(private.finish_event(company_id, event_id, attempt, case when payload ->> 'email' = 'mail2@example.com' then 'no answer' end, false) order by payload ->> 'email') from claimed), '{delivered,pending}', 'one is delivered, one is not');
select is((select array_agg(payload ? 'token' order by payload ->> 'email') from private.outbox_events where payload ->> 'email' like 'mail_@example.com'), '{f,t}', 'what is delivered has no token any more');
select private.forget_invitation_mail(pg_temp.id('c001'), (pg_temp.invitation('mail1@example.com')).id);
select is((select count(*) from pg_temp.mails('mail1@example.com')), 1::bigint, 'what was delivered is not forgotten');
select private.forget_invitation_mail(pg_temp.id('c002'), (pg_temp.invitation('mail2@example.com')).id);
select is((select count(*) from pg_temp.mails('mail2@example.com')), 1::bigint, 'nor another company''s');
select is((select private.finish_event(company_id, event_id, attempt, 'gone', true) from claimed where payload ->> 'email' = 'mail2@example.com'), 'dead', 'given up');
select is((select payload ? 'token' from private.outbox_events where payload ->> 'email' = 'mail2@example.com'), false, 'nor has what is given up');
insert into tokens values ('mail3', pg_temp.says('service_role', null, pg_temp.invite('mail3@example.com', 'agent')));
update private.outbox_events set attempts = 11 where payload ->> 'email' = 'mail3@example.com';
select private.finish_event(company_id, event_id, attempt, 'no answer', false) from private.claim_events(100, 60, null);
select is((select array[status, (payload ? 'token')::text] from private.outbox_events where payload ->> 'email' = 'mail3@example.com'), '{dead,false}', 'nor what failed twelve times');
insert into tokens values ('mail4', pg_temp.says('service_role', null, pg_temp.invite('mail4@example.com', 'agent')));
update private.outbox_events set attempts = 12 where payload ->> 'email' = 'mail4@example.com';
select count(*) from private.claim_events(100, 60, null);
select is((select array[status, (payload ? 'token')::text] from private.outbox_events where payload ->> 'email' = 'mail4@example.com'), '{dead,false}', 'nor what its workers died on');
select throws_ok($$update private.outbox_events set payload = payload || '{"token": "x"}' where status = 'dead'$$, '23514', null, 'and none is put back');

-- What ended long ago goes -------------------------------------------------------------------------------------------
insert into public.invitations (company_id, id, email, role, expires_at, invited_as, status, accepted_at, revoked_at) values
  (pg_temp.id('c001'), pg_temp.id('e101'), 'old1@example.com', 'agent', now() - interval '90 days 1 second', 'backend', 'pending', null, null),
  (pg_temp.id('c001'), pg_temp.id('e102'), 'old2@example.com', 'agent', now() - interval '89 days', 'backend', 'pending', null, null),
  (pg_temp.id('c001'), pg_temp.id('e103'), 'old3@example.com', 'agent', now() - interval '91 days', 'backend', 'accepted', now() - interval '89 days', null),
  (pg_temp.id('c001'), pg_temp.id('e104'), 'old4@example.com', 'agent', now() - interval '91 days', 'backend', 'revoked', null, now() - interval '89 days'),
  (pg_temp.id('c001'), pg_temp.id('e105'), 'old5@example.com', 'agent', now() + interval '1 day', 'backend', 'accepted', now() - interval '91 days', null),
  (pg_temp.id('c002'), pg_temp.id('e101'), 'new1@example.com', 'agent', now() + interval '1 day', 'backend', 'pending', null, null),
  (pg_temp.id('c002'), pg_temp.id('e106'), 'old6@example.com', 'agent', now() + interval '1 day', 'backend', 'revoked', null, now() - interval '91 days');
insert into public.invitations (company_id, id, email, role, expires_at, invited_as)
select pg_temp.id(c), pg_temp.id(i), e, 'agent', now() - interval '100 days', 'backend'
  from (values ('c001', 'e107', 'max@example.com'), ('c001', 'e108', 'held@example.com'), ('c001', 'e109', 'lifted@example.com'), ('c002', 'e10a', 'held@example.com')) as v (c, i, e);
insert into public.processing_restrictions (company_id, compliance_request_id, kind, subject_email, started_at, lifted_at, lift_reason)
select pg_temp.id('c001'), r.id, 'restriction', v.e, now() - interval '1 day', v.l, case when v.l is not null then 'x' end
  from (values ('held@example.com', null::timestamptz, 1), ('lifted@example.com', now(), 2)) as v (e, l, n)
  join (select id, row_number() over (order by id) as n from public.compliance_requests as q
         where q.company_id = pg_temp.id('c001') and not exists (select from public.processing_restrictions as x where x.company_id = q.company_id and x.compliance_request_id = q.id)) as r on r.n = v.n;
select private.maintain_compliance();
select is((select array_agg(left(email, 3) || right(id::text, 4) order by id) from public.invitations where id::text like '00000000-0000-4000-8000-00000000e10_'), '{newe101,olde102,olde103,olde104,hele108}', 'ninety days after they ended invitations go, but for those of people whose data is restricted');
select is((select count(*) from public.audit_logs where action = 'invitations.deleted'), 0::bigint, 'and leave no address in the log');
select is((select current_setting('app.importing')), '', 'nobody is importing afterwards');

select * from finish();
rollback;
