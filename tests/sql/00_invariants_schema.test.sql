-- I1, I2, I3, I8, I9, I10 of the tenancy invariants, from the catalog. Each check is a view of violations: it must be
-- empty for the schema as shipped, and must name the culprit once a violation is planted.
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
create function pg_temp.names(p_view text) returns text[] language plpgsql as $$
declare
  v_names text[];
begin
  execute format('select array_agg(name::text order by name::text collate "C") from pg_temp.%I', p_view) into v_names;
  return v_names;
end
$$;
select plan(36);

create temp view our_tables as
select c.oid, c.relname::text as name, n.nspname::text as schema_name, c.relkind, c.relispartition, c.relrowsecurity, c.relacl
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
   and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e');

create temp view tenant_tables as
select t.* from our_tables as t
 where not t.relispartition
   and exists (select from pg_attribute as a
                where a.attrelid = t.oid and a.attname = 'company_id' and not a.attisdropped);

-- I1 --------------------------------------------------------------------------------------------------------------
create temp view v_i1_no_company as
select t.name from our_tables as t
 where t.schema_name = 'public' and not t.relispartition
   and t.name not in ('companies', 'system_config')
   and not exists (select from tenant_tables as x where x.oid = t.oid);
create temp view v_i1_key as
select t.name from tenant_tables as t
 where not exists (
   select from pg_index as i
     join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = t.oid and i.indisprimary and a.attname = 'company_id'
      and a.attnotnull and a.atttypid = 'uuid'::regtype);

select is_empty('select * from v_i1_no_company', 'I1: every exposed table is a tenant table or on the allowlist');
select is_empty('select * from v_i1_key', 'I1: company_id uuid not null leads every primary key');

savepoint planted;
create table public.planted (id uuid primary key, company_id uuid not null);
create table public.planted_free (id uuid primary key);
select is(pg_temp.names('v_i1_key'), array['planted'], 'I1 notices a key that does not lead with company_id');
select is(pg_temp.names('v_i1_no_company'), array['planted_free'], 'I1 notices a table without a company');
rollback to planted;

-- I2 --------------------------------------------------------------------------------------------------------------
create temp view v_i2_foreign_key as
select f.conname::text as name
  from pg_constraint as f
  join tenant_tables as t on t.oid = f.conrelid
 where f.contype = 'f' and f.conparentid = 0
   and not (
     -- to another tenant table: company_id pairs with company_id
     exists (select from unnest(f.conkey, f.confkey) as k (here, there)
              join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = k.here
              join pg_attribute as b on b.attrelid = f.confrelid and b.attnum = k.there
             where a.attname = 'company_id' and b.attname = 'company_id')
     -- to the company itself
     or (f.confrelid = 'public.companies'::regclass and cardinality(f.conkey) = 1
         and exists (select from pg_attribute as a where a.attrelid = f.conrelid and a.attnum = f.conkey[1] and a.attname = 'company_id'))
     -- the one way out of the tenant's data: a membership is a person's
     or (f.conrelid = 'public.users'::regclass and f.confrelid = 'auth.users'::regclass));
create temp view v_i2_unique as
select i.indexrelid::regclass::text as name
  from pg_index as i
  join tenant_tables as t on t.oid = i.indrelid
  join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
 where i.indisunique and a.attname <> 'company_id'
   -- SHA-256 of a random key or token: looked up before the company is known, guessable by nobody
   and i.indexrelid::regclass::text not in ('private.api_key_secrets_key_hash_is_unique', 'private.invitation_tokens_token_hash_is_unique');
create temp view v_i2_index as
select i.indexrelid::regclass::text as name
  from pg_index as i
  join tenant_tables as t on t.oid = i.indrelid
  left join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
 where a.attname is distinct from 'company_id'
   -- a person's companies, when the request names none; also serves the cascade from auth.users
   and i.indexrelid::regclass::text not in ('users_id_idx', 'private.api_key_secrets_key_hash_is_unique', 'private.invitation_tokens_token_hash_is_unique',
     -- a worker's queue: what is due, whoever's it is; no tenant reads it
     'private.outbox_events_pending_idx', 'private.outbox_events_finished_idx',
     -- the directory of cells, which is no company's: who asks is known before the company is
     'private.company_cells_member_ids_idx');
create temp view v_i2_set_null as
select f.conname::text as name from pg_constraint as f join tenant_tables as t on t.oid = f.conrelid
 where f.contype = 'f' and cardinality(f.conkey) > 1 and (f.confdeltype in ('n', 'd') or f.confupdtype in ('n', 'd', 'c'));
-- Under a policy only these reach an index. GIN indexes are those of search, which has none over it.
create temp view v_index_not_leakproof as
with leaky as materialized (
  select distinct o.oid
    from pg_opclass as o
    join pg_am as m on m.oid = o.opcmethod and m.amname = 'btree'
    join pg_amop as a on a.amopfamily = o.opcfamily and a.amoplefttype = o.opcintype and a.amoprighttype = o.opcintype
    join pg_operator as p on p.oid = a.amopopr
    join pg_proc as f on f.oid = p.oprcode
   where not f.proleakproof
)
select i.indexrelid::regclass::text as name
  from pg_index as i
  join our_tables as t on t.oid = i.indrelid and t.schema_name = 'public'
 where i.indclass::oid[] && array(select oid from leaky);
create temp view v_foreign_key_without_index as
select f.conname::text as name from pg_constraint as f
  join our_tables as t on t.oid = f.conrelid
 where f.contype = 'f' and f.conparentid = 0
   and not exists (
     select from pg_index as i
      where i.indrelid = f.conrelid and i.indpred is null
        and (select array_agg(k order by k) from unnest((i.indkey::int2[])[0:cardinality(f.conkey) - 1]) as k)
          = (select array_agg(k order by k) from unnest(f.conkey) as k));

select is_empty('select * from v_i2_foreign_key', 'I2: foreign keys between tenant tables carry company_id');
select is_empty('select * from v_i2_unique', 'I2: unique constraints lead with company_id');
select is_empty('select * from v_i2_index', 'every index of a tenant table leads with company_id');
select is_empty('select * from v_i2_set_null', 'no composite foreign key sets columns to null or cascades updates');
select is_empty('select * from v_foreign_key_without_index', 'every foreign key has an index');
select is_empty('select * from v_index_not_leakproof', 'what indexes compare by is leak-proof');

savepoint planted;
create table public.planted (
  company_id uuid not null, id uuid not null, job_id uuid, agent_id uuid, code text unique, primary key (company_id, id),
  constraint planted_set_null foreign key (company_id, agent_id) references public.ai_agents (company_id, id) on delete set null);
alter table public.jobs add constraint jobs_id_alone unique (id);
create type public.planted_mood as enum ('a', 'b');
alter table public.jobs add column mood public.planted_mood;
create index jobs_mood_idx on public.jobs (company_id, mood);
create index services_price_idx on public.services (company_id, unit_price);
alter table public.planted add constraint planted_job_fk foreign key (job_id) references public.jobs (id);
select is(pg_temp.names('v_i2_foreign_key'), array['planted_job_fk'], 'I2 notices a foreign key across companies');
select is(pg_temp.names('v_i2_unique'), array['jobs_id_alone', 'planted_code_key'], 'I2 notices unique constraints that span companies');
select is(pg_temp.names('v_i2_index'), array['jobs_id_alone', 'planted_code_key'], 'notices indexes that do not lead with company_id');
select is(pg_temp.names('v_i2_set_null'), array['planted_set_null'], 'notices a composite key that sets to null');
select is(pg_temp.names('v_foreign_key_without_index'), array['planted_job_fk', 'planted_set_null'], 'notices foreign keys without index');
select is(pg_temp.names('v_index_not_leakproof'), array['jobs_mood_idx', 'services_price_idx'], 'notices indexes of enumerations and numeric columns');
rollback to planted;

-- I3 --------------------------------------------------------------------------------------------------------------
create temp view v_i3_grant as
select t.name || '.' || a.attname || ' to ' || r.role as name
  from tenant_tables as t
  join pg_attribute as a on a.attrelid = t.oid and a.attname in ('company_id', 'id', 'created_at')
 cross join unnest(array['anon', 'authenticated', 'platform_admin', 'service_role']) as r (role)
 where has_column_privilege(r.role, t.oid, a.attnum, 'update');
create temp view v_i3_trigger as
select t.name from tenant_tables as t
 where t.schema_name = 'public'
   and not exists (select from pg_trigger as g
                    where g.tgrelid = t.oid and g.tgenabled = 'O' and g.tgname = 'keep_tenant'
                      and g.tgfoid = 'private.tg_row__refuse_move()'::regprocedure);

select is_empty('select * from v_i3_grant', 'I3: company_id, id and created_at are in no update grant');
select is_empty('select * from v_i3_trigger', 'I3: every tenant table refuses to move rows');

savepoint planted;
grant update (company_id) on public.jobs to authenticated;
alter table public.services disable trigger keep_tenant;
select is(pg_temp.names('v_i3_grant'), array['jobs.company_id to authenticated'], 'I3 notices an update grant on company_id');
select is(pg_temp.names('v_i3_trigger'), array['services'], 'I3 notices a table whose trigger is off');
rollback to planted;

-- I8 --------------------------------------------------------------------------------------------------------------
create temp view v_i8 as
select c.relname::text as name
  from pg_class as c
 where c.relnamespace = 'public'::regnamespace
   and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
   and (c.relkind in ('m', 'f')
        or (c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false)
                            and not coalesce('security_invoker=on' = any (c.reloptions), false)));

select is_empty('select * from v_i8', 'I8: views are security_invoker; no materialized view or foreign table is exposed');

savepoint planted;
create view public.planted_view as select * from public.services;
create view public.planted_safe_view with (security_invoker = true) as select * from public.services;
create materialized view public.planted_matview as select 1 as one;
select is(pg_temp.names('v_i8'), array['planted_matview', 'planted_view'], 'I8 notices definer views and materialized views, and lets invoker views be');
rollback to planted;

-- I9 --------------------------------------------------------------------------------------------------------------
create temp view v_i9 as
select p.oid::regprocedure::text as name from pg_proc as p
 where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
   and p.prosrc ~ '(user_metadata|app_metadata|raw_(user|app)_meta_data)'
   -- takes a token from there, which is a secret that proves itself, and what the person calls themselves
   and p.oid <> 'private.tg_auth_users__accept_invitation()'::regprocedure
union all
select polname || ' on ' || polrelid::regclass from pg_policy
 where coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') ~ '(meta_data|metadata|jwt)';

select is_empty('select * from v_i9', 'I9: no function or policy reads metadata or the token itself');

savepoint planted;
create function private.planted() returns text language plpgsql as $$ begin return auth.jwt() -> 'user_metadata' ->> 'company_id'; end $$;
create policy planted on public.jobs for select to authenticated using ((auth.jwt() ->> 'company_id')::uuid = company_id);
select is(pg_temp.names('v_i9'), array['planted on jobs', 'private.planted()'], 'I9 notices trust in metadata and in claims');
rollback to planted;

-- I10 -------------------------------------------------------------------------------------------------------------
create temp view v_i10_type as
select t.name || '.' || a.attname as name
  from our_tables as t
  join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  join pg_type as y on y.oid = a.atttypid
 where a.atttypid in ('float4'::regtype, 'float8'::regtype, 'money'::regtype, 'timestamp'::regtype, 'json'::regtype, 'varchar'::regtype)
    or y.typtype = 'e'
    or (a.attname = 'id' and a.atttypid <> 'uuid'::regtype)
    or (a.attname like '%\_at' and a.atttypid <> 'timestamptz'::regtype)
    or (a.attname like '%\_micro\_usd' and a.atttypid <> 'bigint'::regtype)
    or (a.attname like '%\_usd' and a.attname not like '%\_micro\_usd' and format_type(a.atttypid, a.atttypmod) <> 'numeric(14,6)');

select is_empty('select * from v_i10_type', 'I10: exact money, timestamptz, UUID ids, no enums');

savepoint planted;
create type public.planted_enum as enum ('a');
create table public.planted (company_id uuid, id bigint, price_usd float8, sent_at timestamp, state planted_enum);
select is(pg_temp.names('v_i10_type'),
  array['planted.id', 'planted.price_usd', 'planted.sent_at', 'planted.state'], 'I10 notices floats, naive times, bigint ids and enums');
rollback to planted;

-- Comments, names, realtime ---------------------------------------------------------------------------------------
create temp view v_uncommented as
select 'table ' || t.name as name from our_tables as t
 where not t.relispartition and obj_description(t.oid, 'pg_class') is null
union all
select 'column ' || t.name || '.' || a.attname from our_tables as t
  join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
 where t.schema_name = 'public' and not t.relispartition and col_description(t.oid, a.attnum) is null
union all
select 'function ' || p.oid::regprocedure from pg_proc as p
 where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and obj_description(p.oid, 'pg_proc') is null
   and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
union all
select 'policy ' || o.polname || ' on ' || o.polrelid::regclass from pg_policy as o
  join our_tables as t on t.oid = o.polrelid
 where not t.relispartition and obj_description(o.oid, 'pg_policy') is null;
create temp view v_check_name as
select k.conname::text as name from pg_constraint as k join our_tables as t on t.oid = k.conrelid
 where k.contype = 'c' and t.schema_name = 'public' and not t.relispartition and k.conname not like t.name || '\_%';
create temp view v_realtime as
select p.tablename::text as name
  from pg_publication_tables as p
 where p.pubname = 'supabase_realtime'
   and (p.schemaname <> 'public' or p.tablename in ('users', 'audit_logs', 'api_keys', 'invitations')
        or exists (select from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                    where i.indrelid = format('%I.%I', p.schemaname, p.tablename)::regclass
                      and i.indisprimary and a.atttypid <> 'uuid'::regtype)
        or exists (select from pg_class as c
                    where c.oid = format('%I.%I', p.schemaname, p.tablename)::regclass and c.relreplident <> 'd'));

select is_empty('select * from v_uncommented', 'every table, exposed column, function and policy has a comment');
select is_empty('select * from v_check_name', 'checks are named after their table');
select is_empty('select * from v_realtime', 'Realtime publishes nothing whose deletions would tell more than two UUIDs');
select isnt_empty($$select 1 from pg_publication_tables where pubname = 'supabase_realtime' and tablename = 'budget_periods'$$,
  'Realtime publishes what a dashboard watches');

savepoint planted;
comment on column public.jobs.kind is null;
alter table public.jobs add constraint odd check (true);
alter publication supabase_realtime add table public.users;
alter table public.jobs replica identity full;
select is(pg_temp.names('v_uncommented'), array['column jobs.kind'], 'notices a missing comment');
select is(pg_temp.names('v_check_name'), array['odd'], 'notices a nameless check');
select is(pg_temp.names('v_realtime'), array['jobs', 'users'], 'notices members and full rows in Realtime');
rollback to planted;

select is_empty('select * from v_uncommented', 'nothing that was planted has stayed');

-- Views read with the rights of whoever asks, and those in private are nobody's but the owner's. -------------------
create temp view v_view as
select format('%s.%s', n.nspname, c.relname) as name
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('v', 'm')
   and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
   and (not coalesce('security_invoker=on' = any (c.reloptions), false)
        or n.nspname = 'private' and exists (
          select from aclexplode(c.relacl) as a where a.grantee <> c.relowner));
select is_empty('select * from v_view', 'views have the rights of whoever asks, and nobody asks those in private');
savepoint planted;
alter view private.api_key_states set (security_invoker = off);
create view private.planted with (security_invoker = on) as select 1 as one;
grant truncate on private.planted to anon;
select is(pg_temp.names('v_view'), array['private.api_key_states', 'private.planted'], 'notices a view with the rights of its owner, and a grant');
rollback to planted;

select * from finish();
rollback;
