import { startCluster, withClient } from '/work/main/scripts/lib/postgres.ts';
import { applyBaseline } from '/work/main/scripts/lib/baseline.ts';
const major = Number(process.argv[2] ?? 17) as 15|17;
const t=Date.now();
const c = await startCluster({dataDir:`/tmp/lytbub-try-${major}`, major, persistent:false, log: console.log, ...(major===15?{cronDatabase:'postgres'}:{})});
console.log(c.version, c.port, Date.now()-t);
try {
for (const [d,a] of [['postgres',true],['b',false]] as const) {
 await withClient(c.superUrl('postgres'), async x=>{ if(d!=='postgres') await x.query(`create database ${d} owner postgres`)});
 console.log(await applyBaseline(c,d,{autoGrants:a}), Date.now()-t);
 await withClient(c.urlFor(d), async x=>{
  const q = async (s:string)=>{ try { const r=await x.query(s); console.log('OK ',s.slice(0,100), JSON.stringify(Array.isArray(r)?'':r.rows).slice(0,200)); } catch(e:any){ console.log('ERR',s.slice(0,100), e.code, e.message);} };
  await q(`create policy p1 on storage.objects for select to authenticated using (bucket_id='x' and auth.uid() is not null)`);
  await q(`alter policy p1 on storage.objects using (true)`);
  await q(`alter policy p1 on storage.objects rename to p2`);
  await q(`comment on policy p1 on storage.objects is 'x'`);
  await q(`alter table storage.objects add column x int`);
  await q(`create index on storage.objects(owner_id)`);
  await q(`select relname, relowner::regrole::text from pg_class where relnamespace in ('storage'::regnamespace) and relkind='r'`);
  await q(`drop policy p1 on storage.objects`);
  await q(`create table auth.x()`);
  await q(`create table public.t(id uuid references auth.users(id))`);
  await q(`create function public.tf() returns trigger language plpgsql as $$begin return new; end$$`);
  await q(`create trigger t1 after insert on auth.users for each row execute function public.tf()`);
  await q(`drop trigger t1 on auth.users`);
  await q(`alter publication supabase_realtime add table public.t`);
  await q(`insert into storage.buckets(id,name) values('a','a') on conflict (id) do update set name=excluded.name`);
  await q(`delete from storage.buckets`);
  await q(`do $$begin if not exists (select from pg_roles where rolname='platform_admin') then create role platform_admin nologin; end if; end$$`);
  await q(`grant platform_admin to authenticator`);
  await q(`set role platform_admin`);await q(`reset role`);
  await q(`set role supabase_storage_admin`);await q(`reset role`);
  await q(`set role authenticated`);await q(`reset role`);
  await q(`grant usage on schema storage to platform_admin`);
  await q(`grant select on storage.objects to platform_admin`);
  await q(`create extension btree_gist with schema extensions`);
  await q(`create extension pg_cron`); await q(`create extension if not exists pg_cron`);
  await q(`select relacl::text from pg_class where oid='public.t'::regclass`);
  await q(`select extname from pg_extension`);
  await q(`alter database ${d} set app.x='1'`);
  await q(`select pg_catalog.set_config('role','service_role',false), auth.uid()`);
 });
}
} finally { await c.stop(); }
console.log(Date.now()-t);
