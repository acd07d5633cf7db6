-- Roles of a hosted Supabase project: attributes, memberships, settings. They belong to the whole
-- cluster, so every statement here can run again, from several databases at once: the lock below
-- is on a shared catalog, hence cluster-wide.
-- Every password is 'postgres': a local cluster listens on 127.0.0.1 only and is for development.

lock table pg_catalog.pg_authid in share row exclusive mode;

do $$
declare
  v_role record;
begin
  for v_role in
    select *
    from (values
      -- Not a superuser, and that is the point: migrations must get by without.
      ('postgres',                   'nosuperuser createdb createrole replication bypassrls login inherit'),
      ('anon',                       'nologin inherit'),
      ('authenticated',              'nologin inherit'),
      ('service_role',               'nologin inherit bypassrls'),
      -- What PostgREST logs in as; it may become each API role but has no rights of its own.
      ('authenticator',              'login noinherit'),
      ('supabase_auth_admin',        'login noinherit'),
      ('supabase_storage_admin',     'login noinherit createrole'),
      ('supabase_realtime_admin',    'login noinherit replication'),
      ('supabase_functions_admin',   'login noinherit createrole'),
      ('supabase_replication_admin', 'login inherit replication'),
      ('supabase_etl_admin',         'login inherit replication'),
      ('supabase_read_only_user',    'login inherit bypassrls'),
      ('dashboard_user',             'nologin inherit createdb createrole replication'),
      ('pgbouncer',                  'login inherit')
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role.name) then
      execute format('create role %I', v_role.name);
    end if;
    execute format('alter role %I %s password %L', v_role.name, v_role.attributes, 'postgres');
  end loop;
end
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to supabase_realtime_admin;
-- Storage sets the role of a request like PostgREST does, custom roles included.
grant authenticator to supabase_storage_admin;
grant pg_read_all_data to supabase_read_only_user, supabase_etl_admin;

-- From PostgreSQL 16 on, CREATEROLE alone manages no role that somebody else created; hosted gives
-- `postgres` the admin option instead. It is a member of no *_admin role: it owns nothing in auth,
-- storage or realtime.
do $$
begin
  if current_setting('server_version_num')::int >= 160000 then
    grant anon, authenticated, service_role, authenticator to postgres with admin option;
    grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;
    execute 'grant pg_create_subscription to postgres';
  else
    grant anon, authenticated, service_role to postgres;
    grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
  end if;
end
$$;

-- Hosted also loads the library safeupdate for the authenticator, which refuses UPDATE and DELETE
-- without WHERE in every API request. No package ships it, so here such statements pass.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role postgres set search_path = "$user", public, extensions;
alter role supabase_admin set search_path = "$user", public, auth, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_auth_admin set idle_in_transaction_session_timeout = 60000;
alter role supabase_storage_admin set search_path = storage;
alter role supabase_realtime_admin set search_path = public, extensions, realtime;
alter role supabase_read_only_user set default_transaction_read_only = on;
