import pg from 'pg';

/** Stops before anything happens where it would go wrong half-way. The tables are those that the file was made for. */
export const PREFLIGHT = (tables: readonly string[]): string => `do $do$
declare
  v_known constant text[] := ${`array[${tables.map((name) => pg.escapeLiteral(name)).join(', ')}]`};
  v_found text;
begin
  if to_regproc('create_distributed_table') is null then
    raise exception 'this database has no Citus'
      using hint = 'Add citus to shared_preload_libraries, create the extension on every machine, then add the machines.';
  end if;
  select string_agg(x.name, ', ') into v_found
    from (
      select format('%I.%I', n.nspname, c.relname)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
         and not exists (
           select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    ) as x (name)
   where x.name <> all (v_known);
  if v_found is not null then
    raise exception 'this file does not know %', v_found
      using hint = 'Generate it from this database: npm run generate citus -- --db <url>.';
  end if;
  if exists (select from private.company_moves as m where m.finished_at is null) then
    raise exception 'a company is moving' using hint = 'Confirm the move, or give it up, then run this again.';
  end if;
  select string_agg(w.nodename || ': ' || w.result, ', ') into v_found
    from run_command_on_workers($$
      select count(*) from pg_roles where rolname in ('authenticator', 'anon', 'authenticated', 'platform_admin', 'service_role')
    $$) as w
   where not w.success or w.result <> '5';
  if v_found is not null then
    raise exception 'a machine lacks the roles of the API (%)', v_found
      using hint = 'Create authenticator, anon, authenticated, platform_admin and service_role there, as they are here.';
  end if;
end
$do$;`;

/**
 * Before each request the gate is asked on the coordinator, and its answer set for the transaction, which Citus passes on.
 * A shard cannot ask the gate itself: its tables are elsewhere.
 */
export const ESTABLISH_REQUEST = `create or replace function private.company_of_request(p_permission text) returns uuid
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  if strpos(current_setting('app.permissions', true), ',' || p_permission || ',') > 0 then
    return nullif(current_setting('app.company_id', true), '')::uuid;
  end if;
  return null;
end
$fn$;
revoke execute on function private.company_of_request(text) from public;
grant execute on function private.company_of_request(text) to authenticated;

create or replace function private.company_when_planned(p_permission text) returns uuid
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return private.company_of_request(p_permission);
end
$fn$;
revoke execute on function private.company_when_planned(text) from public;
grant execute on function private.company_when_planned(text) to authenticated;

create or replace function private.is_operator_in_request() returns boolean
language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $fn$
begin
  return coalesce(current_setting('app.is_operator', true), '') = 'on';
end
$fn$;
revoke execute on function private.is_operator_in_request() from public;
grant execute on function private.is_operator_in_request() to platform_admin;

-- What the gate answers for each permission, in one look: null permission for the company, then those held in it.
create or replace function private.request_scope(out company_id uuid, out permissions text[], out is_operator boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_claims constant jsonb := private.parse_json_object(current_setting('request.jwt.claims', true));
  v_policy public.security_policies;
begin
  is_operator := current_setting('role', true) = 'platform_admin' and private.is_platform_admin();
  company_id := private.company_for(null);
  permissions := '{}';
  if company_id is null then
    return;
  end if;
  if v_claims ? 'api_key_id' then
    permissions := (private.token_api_key()).permissions;
    return;
  end if;
  select p.* into v_policy from public.security_policies as p
   where p.company_id = request_scope.company_id and p.is_active and p.is_strict;
  permissions := array(
    select x.permission
      from unnest(private.permissions_of(company_id, private.current_user_id())) as x (permission)
     where v_policy.company_id is null or private.policy_problem(v_policy, x.permission, v_claims) is null);
end
$fn$;
revoke execute on function private.request_scope() from public;
grant execute on function private.request_scope() to authenticated, platform_admin;
-- As much as the gate may, and no more.
alter function private.request_scope() owner to postgres;

-- Called by PostgREST before every request, in place of check_request(), which it calls.
create or replace function public.establish_request() returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $fn$
declare
  v_role constant text := current_setting('role', true);
  v_name text;
  v_scope record;
begin
  -- A plan that was made for another company leads to that company's shard: no plan outlives its request here, and on the
  -- other machines none that has a parameter.
  discard plans;
  set local plan_cache_mode = 'force_custom_plan';
  -- What set_config() has set is known here only.
  foreach v_name in array '{request.jwt.claims,request.headers,request.method,request.path}'::text[] loop
    execute format('set local %s = %L', v_name, coalesce(current_setting(v_name, true), ''));
  end loop;
  if v_role in ('authenticated', 'platform_admin') then
    v_scope := private.request_scope();
  else
    select null::uuid as company_id, '{}'::text[] as permissions, false as is_operator into v_scope;
  end if;
  execute format('set local app.company_id = %L', coalesce(v_scope.company_id::text, ''));
  execute format('set local app.permissions = %L', ',' || array_to_string(v_scope.permissions, ',') || ',');
  execute format('set local app.is_operator = %L', case when v_scope.is_operator then 'on' else 'off' end);
  if v_role <> 'none' then
    execute format('set local role %I', v_role);
  end if;
  perform public.check_request();
end
$fn$;
revoke execute on function public.establish_request() from public;
grant execute on function public.establish_request() to anon, authenticated, platform_admin, service_role;

comment on function private.company_of_request(text) is
  'On shards what company_for() is elsewhere: the company of the request if it holds the permission (resource.verb), else null, also where no request was established.';
comment on function private.company_when_planned(text) is
  'The same when the statement was planned: immutable, so that it is folded, the coordinator sends the statement to one shard, and an index is used. Policies compare it with company_of_request(): a plan that was made for another request reaches nothing.';
comment on function private.is_operator_in_request() is 'On shards what is_platform_admin() is elsewhere, by the same rules.';
comment on function private.request_scope() is 'What the gate answers for the caller now: company, permissions that count there, and whether they are an operator.';
comment on function public.establish_request() is
  'Called by PostgREST before every request (pgrst.db_pre_request): asks the gate and sets claims, company and permissions for the transaction, on every machine that it reaches; then check_request(). Errors: those of check_request().';`;

/** What \`on delete cascade\` to auth.users did. Its parameters: the table, and its column of the account. */
export const REMOVE_WITH_ACCOUNT = `create or replace function private.tg_auth_users__remove() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $fn$
begin
  execute format('delete from %s where %I = $1', tg_argv[0], tg_argv[1]) using old.id;
  return null;
end
$fn$;
revoke execute on function private.tg_auth_users__remove() from public;
alter function private.tg_auth_users__remove() owner to postgres;
comment on function private.tg_auth_users__remove() is 'Row trigger of auth.users: rows of a deleted account go. Parameters: the table, its column.';`;
