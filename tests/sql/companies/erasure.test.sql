-- When the grace period is over everything of a company goes, but what a law or a legal hold keeps; another company stays
-- as it was.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
set local statement_timeout = '60s';
select plan(71);

create function pg_temp.id(p_tail text) returns uuid language sql as $$
  select ('00000000-0000-4000-8000-00000000' || p_tail)::uuid
$$;
-- Rows of a company, table by table.
create function pg_temp.rows_of(p_company uuid) returns table (name text, n bigint) language plpgsql as $$
declare
  v_table regclass;
begin
  for v_table in
    select c.oid::regclass from pg_class as c join pg_namespace as s on s.oid = c.relnamespace
      join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id'
     where s.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition order by c.relname
  loop
    name := v_table::text;
    execute format('select count(*) from %s where company_id = $1', v_table) into n using p_company;
    return next;
  end loop;
end
$$;
create function pg_temp.left_over() returns text language sql as $$
  select string_agg(r.name || ' ' || r.n, ', ' order by r.name) from pg_temp.rows_of(pg_temp.id('c001')) as r
   where r.n > 0 and r.name !~ 'audit_|company_lifecycles|outbox_events|usage_daily' $$;
-- Everything of another company, as text.
create function pg_temp.state_of(p_company uuid) returns table (name text, state text) language plpgsql as $$
declare
  v_table regclass;
begin
  for v_table in
    select c.oid::regclass from pg_class as c join pg_namespace as s on s.oid = c.relnamespace
      join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id'
     where s.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition order by c.relname
  loop
    name := v_table::text;
    execute format('select md5(string_agg(t::text, chr(10) order by t::text)) from %s as t where company_id = $1', v_table) into state using p_company;
    return next;
  end loop;
end
$$;
create function pg_temp.run(p_rows integer default 100000) returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', r.data_class, r.action, r.rows_affected > 0, r.is_complete, r.error), ', '), '') from private.erase_companies(p_rows) as r
   where r.company_id = pg_temp.id('c001') $$;
create function pg_temp.life() returns private.company_lifecycles language sql as $$
  select * from private.company_lifecycles where company_id = pg_temp.id('c001') $$;

-- Acme of the seed has rows nearly everywhere; the rest is added, links of the audit log are made at once.
insert into storage.objects (bucket_id, name) values
  ('documents', pg_temp.id('c001') || '/orphan.pdf'), ('media', pg_temp.id('c001') || '/orphan.png'), ('documents', pg_temp.id('c002') || '/theirs.pdf');
select private.put_company_secret(pg_temp.id('c001'), 's', 'v', null, repeat('m', 32));
select private.put_company_secret(pg_temp.id('c002'), 's', 'v', null, repeat('m', 32));
insert into private.rate_limit_buckets (company_id, bucket, tat, limit_per_minute, burst, rated_at) values (pg_temp.id('c001'), 'x', now(), 1, 1, now()) on conflict do nothing;

insert into private.stripe_events (stripe_event_id, event_type, stripe_created_at, stripe_customer_id, payload, status, error, finished_at)
select v.id, 'invoice.paid', now(), v.customer, '{"data": {"object": {"customer_email": "somebody@acme.example"}}}', v.status, 'somebody', case when v.status <> 'received' then now() end
  from (values ('evt_erased1', 'cus_DevAcme0001', 'processed'), ('evt_erased2', 'cus_DevAcme0001', 'stored'), ('evt_waits', 'cus_DevAcme0001', 'received'), ('evt_theirs', 'cus_DevGlobex0002', 'processed')) as v (id, customer, status);
insert into public.billing_invoices (company_id, stripe_invoice_id, status, currency, total_minor, amount_due_minor, amount_paid_minor, amount_remaining_minor, issued_at, synced_at)
select pg_temp.id('c001'), 'in_' || n, case n when 1 then 'draft' else 'paid' end, 'EUR', 1, 0, 1, 0, case n when 3 then now() - interval '3650 days' else now() end, now() from generate_series(1, 3) as n;

-- Within the grace period -------------------------------------------------------------------------------------------------
select private.close_company(pg_temp.id('c001'), 'x', 1);
select is(pg_temp.run(), '', 'nothing goes within the grace period');
update private.company_lifecycles set grace_ends_at = now() + interval '1 second' where company_id = pg_temp.id('c001');
select is(pg_temp.run(), '', 'until its last second');
select is_empty($$select company_id from private.company_lifecycles where erasure_started_at is not null$$, 'nor is anything begun');
select is((select count(*)::integer from private.company_data_keys where company_id = pg_temp.id('c001')), 1, 'the data key is there');
update private.company_lifecycles set grace_ends_at = now() where company_id = pg_temp.id('c001');
update public.companies set status = 'suspended' where id = pg_temp.id('c001');
update private.company_lifecycles set grace_ends_at = now(), grace_days = 1 where company_id = pg_temp.id('c001');
select is(pg_temp.run(), '', 'nor of a company that is not closed');
update public.companies set status = 'closed' where id = pg_temp.id('c001');
set constraints all immediate;
set constraints all deferred;
-- What belongs to it all: a hold on documents, which keeps the job that one refers to.
update public.data_retention_policies set is_legal_hold = true where company_id = pg_temp.id('c001') and data_class = 'documents';
create temporary table theirs as select * from pg_temp.state_of(pg_temp.id('c002'));
create temporary table held as select to_jsonb(d) as doc from public.documents as d where d.company_id = pg_temp.id('c001')
  union all select to_jsonb(j) from public.jobs as j where j.company_id = pg_temp.id('c001') and j.id in (select job_id from public.documents where company_id = j.company_id);
create temporary table billed as select to_jsonb(i) as doc from public.invoices as i where i.company_id = pg_temp.id('c001') and i.status <> 'draft'
  union all select to_jsonb(l) from public.invoice_line_items as l join public.invoices as i on i.company_id = l.company_id and i.id = l.invoice_id where l.company_id = pg_temp.id('c001') and i.status <> 'draft';
select isnt_empty('select * from held', 'control: something is held');
select isnt_empty('select * from billed', 'control: something was billed');

-- Batches -----------------------------------------------------------------------------------------------------------------
select is(pg_temp.run(1), 'company delete t f', 'a batch of one row');
select is((pg_temp.life()).erasure_started_at is not null, true, 'begins it');
select is((select sum(v.value::integer)::integer from jsonb_each_text((pg_temp.life()).counts) as v), 1, 'and takes one row');
select is((select count(*)::integer from private.company_data_keys where company_id = pg_temp.id('c001')), 0, 'the data key goes first');
select is((select payload from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'company.erasure_started'), '{"stripe_customer_id": "cus_DevAcme0001"}', 'it is told, so that others can let go, too');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('c001') and action = 'company.erasure_started'), 1, 'and recorded');
select is((select name from public.companies where id = pg_temp.id('c001')), 'Acme', 'the company itself is there until the end');
select is(pg_temp.run(7), 'company delete t f', 'a batch of seven');
select is((select sum(v.value::integer)::integer from jsonb_each_text((pg_temp.life()).counts) as v), 8, 'takes seven');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'company.erasure_started'), 1, 'and begins nothing anew');
select is(pg_temp.run(), 'company delete t f', 'a large one takes the rest');
select is((pg_temp.life()).erased_at, null, 'but does not say that it was the last');
select is(pg_temp.run(), 'company delete f t', 'that does the one that finds nothing');
select is((pg_temp.life()).erased_at, now(), 'and then it is done');
select is(pg_temp.run(), '', 'for today');

-- What is left --------------------------------------------------------------------------------------------------------------
select is(pg_temp.left_over(), 'ai_agents 2, api_usage 200, billing_invoices 2, compliance_requests 3, data_retention_policies 1, documents 3, invoice_line_items 4, invoices 2, jobs 1, services 2',
  'what a law or a hold keeps, and what that refers to');
select results_eq($$select to_jsonb(d) from public.documents as d where d.company_id = pg_temp.id('c001')
  union all select to_jsonb(j) from public.jobs as j where j.company_id = pg_temp.id('c001') order by 1$$, 'select doc from held order by 1', 'what is held is as it was');
select results_eq($$select to_jsonb(i) from public.invoices as i where i.company_id = pg_temp.id('c001')
  union all select to_jsonb(l) from public.invoice_line_items as l where l.company_id = pg_temp.id('c001') order by 1$$, 'select doc from billed order by 1', 'so is what was billed, with its lines');
select is_empty($$select * from public.api_usage where company_id = pg_temp.id('c001') and (description is not null or metadata <> '{}' or created_by is not null or request_id is not null)$$, 'usage says nothing of anybody');
select results_eq($$select distinct subject_email, subject_name, subject_user_id, identifiers, details, corrections, identity_verified_by, created_by from public.compliance_requests where company_id = pg_temp.id('c001')$$,
  $$values ('erased@erased.invalid', null::text, null::uuid, '{}'::text[], null::text, '[]'::jsonb, null::uuid, null::uuid)$$, 'nor do requests');
select is((select array[c.slug, c.name, c.contact_email, c.status, c.status_reason, c.legal_name, c.contact_name, c.contact_phone, c.address_line1, c.address_line2, c.city, c.postal_code, c.country_code, c.tax_number, c.stripe_customer_id, c.created_by::text, c.updated_by::text]
    from public.companies as c where c.id = pg_temp.id('c001')),
  array['erased-0000000000004000800000000000c001', '[erased]', 'erased@erased.invalid', 'closed', null, null, null, null, null, null, null, null, null, null, null, null, null], 'the company''s row names nobody');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('c001') and created_at < now()
    and (actor_id is not null or created_by is not null or row_id is not null or ip_address is not null or user_agent is not null or request_id is not null or changes <> '{}')), 0, 'nor does its log');
select isnt_empty($$select * from public.audit_logs where company_id = pg_temp.id('c001') and created_at < now() and action = 'users.created' and commitments ? 'changes.email'$$, 'but that something was done, by commitments');
select results_eq($$select stripe_event_id, payload = '{}', error is null from private.stripe_events where stripe_event_id like 'evt_%' and stripe_event_id ~ 'erased|waits|theirs' order by 1$$,
  $$values ('evt_erased1', true, true), ('evt_erased2', true, true), ('evt_theirs', false, false), ('evt_waits', false, false)$$, 'what Stripe sent about it is empty, but for what is still to be processed; what it sent about others is not');
select is((select string_agg(e.topic || ' ' || n, ', ' order by e.topic) from (select topic, count(*) as n from private.outbox_events where company_id = pg_temp.id('c001') group by 1) as e),
  'company.erased 1, company.erasure_started 1, file.expired 4', 'no event is left but what tells of it, and of files');
select results_eq($$select payload ->> 'bucket', payload ->> 'path' from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'file.expired' order by 1, 2$$,
  $$values ('documents', '00000000-0000-4000-8000-00000000c001/orphan.pdf'), ('media', '00000000-0000-4000-8000-00000000c001/logo.png'), ('media', '00000000-0000-4000-8000-00000000c001/orphan.png'), ('media', '00000000-0000-4000-8000-00000000c001/trailer.mp4')$$,
  'each file is told once, also one without a row; none that is held');
select results_eq($$select payload ->> 'user_id' from private.outbox_events where topic = 'account.unused' order by 1$$,
  $$select i.id from unnest(array['00000000-0000-4000-8000-00000000a001', '00000000-0000-4000-8000-00000000a002', '00000000-0000-4000-8000-00000000a003', '00000000-0000-4000-8000-00000000a006']) as i (id) order by 1$$,
  'accounts without another company are told');

-- The receipt ---------------------------------------------------------------------------------------------------------------
select is((select string_agg(format('%s %s %s %s', k ->> 'table', k ->> 'rows', k ->> 'is_anonymous', k ->> 'reason'), chr(10) order by k ->> 'table') from jsonb_array_elements((pg_temp.life()).receipt -> 'kept') as k where k ->> 'table' <> 'public.audit_logs'),
  'public.ai_agents 2 false belongs to rows that are kept
public.api_usage 200 true what an invoice was made from, until it can no longer be disputed (90 days)
public.billing_invoices 2 false accounting records for ten years (HGB section 257, AO section 147) (3650 days)
public.compliance_requests 3 true records of requests for 24 months (CCPA regulations, section 7101) (730 days)
public.data_retention_policies 1 false legal hold
public.documents 3 false legal hold
public.invoice_line_items 4 false belongs to rows that are kept
public.invoices 2 false accounting records for ten years (HGB section 257, AO section 147) (3650 days)
public.jobs 1 false belongs to rows that are kept
public.services 2 false belongs to rows that are kept', 'the receipt says what is kept, and why');
select is((select k ->> 'reason' || ' ' || (k ->> 'is_anonymous') from jsonb_array_elements((pg_temp.life()).receipt -> 'kept') as k where k ->> 'table' = 'public.audit_logs'), 'security records of a year (PCI DSS 10.5.1) (365 days) true', 'of the log, too');
select is((pg_temp.life()).receipt -> 'gone' -> 'public.users', '5', 'what went');
select is((pg_temp.life()).receipt -> 'files', (select to_jsonb(count(*)) from storage.objects where name like '00000000-0000-4000-8000-00000000c001/%'), 'how many files wait');
select is((pg_temp.life()).receipt - 'gone' - 'kept' - 'files', jsonb_build_object('closed_at', now(), 'grace_ended_at', now(), 'erased_at', now(), 'erasure_started_at', (pg_temp.life()).erasure_started_at), 'and when');
select is((select l.changes from public.audit_logs as l where l.company_id = pg_temp.id('c000') and l.action = 'company.erased' and l.row_id = pg_temp.id('c001')), (pg_temp.life()).receipt, 'the operator''s log keeps it');
select is((select payload from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'company.erased'), (pg_temp.life()).receipt, 'and it is told');
select is((pg_temp.life()).completed_at, null, 'it is not complete');
select results_eq('select * from theirs order by 1', $$select * from pg_temp.state_of(pg_temp.id('c002')) order by 1$$, 'another company is as it was, to the byte');
select is((select count(*)::integer from storage.objects where name like '00000000-0000-4000-8000-00000000c002/theirs.pdf'), 1, 'and its files');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c002') and topic = 'file.expired'), 0, 'are not told');

-- In its time ---------------------------------------------------------------------------------------------------------------
create function pg_temp.tomorrow() returns text language sql as $$
  update private.company_lifecycles set checked_at = checked_at - interval '20 hours' where company_id = pg_temp.id('c001');
  select pg_temp.run() $$;
update private.company_lifecycles set checked_at = now() - interval '19 hours' where company_id = pg_temp.id('c001');
select is(pg_temp.run(), '', 'it is looked at once a day');
select is(pg_temp.tomorrow(), 'company delete f t', 'when there is nothing to do');
update public.data_retention_policies set is_legal_hold = false where company_id = pg_temp.id('c001');
select is(pg_temp.tomorrow(), 'company delete t f', 'once the hold is lifted');
select is(pg_temp.run(), 'company delete f t', 'the next run ends it');
select is(pg_temp.left_over(), 'ai_agents 2, api_usage 200, billing_invoices 2, compliance_requests 3, invoice_line_items 4, invoices 2, services 2', 'and what was held has gone');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'file.expired' and payload ? 'row_id' and payload ->> 'bucket' = 'documents'), 3, 'with its files');
select results_eq($$select name, system_prompt, description, configuration from public.ai_agents where company_id = pg_temp.id('c001') order by id$$,
  $$select '[erased] ' || id, null::text, null::text, '{}'::jsonb from public.ai_agents where company_id = pg_temp.id('c001') order by id$$, 'what is there only because something refers to it says nothing');
select results_eq($$select name, description, code is not null from public.services where company_id = pg_temp.id('c001') order by id$$,
  $$select '[erased] ' || id, null::text, true from public.services where company_id = pg_temp.id('c001') order by id$$, 'services neither');
set local app.importing = 'on';
update public.api_usage set occurred_at = now() - interval '90 days' where company_id = pg_temp.id('c001');
update public.invoices set issued_on = (now() - interval '3651 days')::date where company_id = pg_temp.id('c001') and status = 'paid';
update public.compliance_requests set created_at = now() - interval '730 days' where company_id = pg_temp.id('c001') and kind = 'opt_out';
set local app.importing = '';
select is(pg_temp.tomorrow(), 'company delete t f', 'when a minimum has passed');
select is(pg_temp.left_over(), 'billing_invoices 2, compliance_requests 2, invoice_line_items ' || (select count(*) from public.invoice_line_items as l join public.invoices as i on i.company_id = l.company_id and i.id = l.invoice_id where l.company_id = pg_temp.id('c001') and i.status <> 'paid')
  || ', invoices 1, services ' || (select count(distinct l.service_id) from public.invoice_line_items as l where l.company_id = pg_temp.id('c001')), 'it goes, with what was there for it');
select is((select count(*) from private.usage_by_day as d where d.company_id = pg_temp.id('c001')), 0::bigint, 'and its days, which follow the ledger');
select is(pg_temp.run(), 'company delete f t', 'and that is all');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c001') and topic = 'company.erased'), 1, 'it is erased once');
select is((select count(*)::integer from public.audit_logs where company_id = pg_temp.id('c000') and action = 'company.erased'), 1, 'and recorded once');
select is((select count(*)::integer from jsonb_array_elements((pg_temp.life()).receipt -> 'kept') as k where k ->> 'table' = 'public.api_usage'), 0, 'the receipt is brought up to date');

-- Through data retention ------------------------------------------------------------------------------------------------------
select private.close_company(pg_temp.id('c002'), 'x', 1);
update private.company_lifecycles set grace_ends_at = now(), reminders = 2 where company_id = pg_temp.id('c002');
select is_empty($$select * from public.run_data_retention(null, true) where data_class = 'company'$$, 'a dry run erases nothing');
select is_empty($$select * from public.run_data_retention(pg_temp.id('c002'), false) where data_class = 'company'$$, 'nor does one of a single company');
select isnt_empty($$select * from public.run_data_retention(null, false) where data_class = 'company' and company_id = pg_temp.id('c002') and rows_affected > 0 and not is_complete$$, 'data retention erases');
select is((select array[r.rows_affected > 0, r.is_complete] from public.run_data_retention(null, false) as r where data_class = 'company' and company_id = pg_temp.id('c002')), '{f,t}', 'and says when nothing is left');
select is((select name from public.companies where id = pg_temp.id('c002')), '[erased]', 'of the company');

-- Reminders and the scheduler -----------------------------------------------------------------------------------------------
update public.companies set status = 'active', status_reason = null where id = pg_temp.id('c003');
select private.close_company(pg_temp.id('c003'), 'x', 30);
update private.company_lifecycles set grace_ends_at = now() + interval '2 days' where company_id = pg_temp.id('c003');
select is(private.maintain_companies(), 0::bigint, 'the hourly run erases nothing within the grace period');
select is((select count(*)::integer from private.outbox_events where company_id = pg_temp.id('c003') and topic = 'company.erasure_due'), 1, 'and reminds');
update private.company_lifecycles set grace_ends_at = now() where company_id = pg_temp.id('c003');
select is(private.maintain_companies(5), 5::bigint, 'then it erases, as many rows as told');
create function private.tg_plant() returns trigger language plpgsql as $$ begin raise exception 'planted'; end $$;
create trigger plant before delete on public.services for each row when (old.company_id = '00000000-0000-4000-8000-00000000c003') execute function private.tg_plant();
select is((select r.error || ' ' || r.is_complete || ' ' || r.rows_affected from private.erase_companies(100000) as r where r.company_id = pg_temp.id('c003')), 'planted (P0001) false 0', 'what fails is said');
select is((select payload from private.outbox_events where company_id = pg_temp.id('c003') and topic = 'retention.failed'), '{"error": "planted (P0001)", "action": "delete", "data_class": "company"}', 'and told');
drop trigger plant on public.services;
select is((select r.error is null and r.rows_affected > 0 from private.erase_companies(100000) as r where r.company_id = pg_temp.id('c003')), true, 'and done by the next run');

select * from finish();
rollback;
