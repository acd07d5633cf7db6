-- On hosted Supabase the library supautils lets `postgres` create, alter and drop policies, and drop
-- triggers, on the tables of auth, storage and realtime without owning them: it runs that one
-- statement as a superuser (settings `policy_grants` and `drop_trigger_grants`). The library is in
-- no package, so two event triggers do the same here: the tables' owner is `postgres` while such a
-- statement runs, and the real owner again when it has ended. The change stays inside the
-- statement's own transaction, so no other session ever sees it.
--
-- Why not make `postgres` a member of the owning roles: it would then also be able to alter, drop
-- and index those tables and to comment on their policies, all of which hosted refuses. A migration
-- that passes here and fails there is the one thing this baseline must not allow. For the same
-- reason a rename of a policy is left out: supautils does not cover it.

create function extensions.policy_grants_begin() returns event_trigger
language plpgsql security definer
set search_path = ''
as $$
declare
  -- The role of the statement; inside a definer function current_user is the function's owner.
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if v_role <> 'postgres' or (tg_tag = 'ALTER POLICY' and current_query() ~* '\mrename\M') then
    return;
  end if;
  -- Straight in the catalog: ALTER TABLE … OWNER would rewrite the tables' privileges as well.
  update pg_catalog.pg_class
  set relowner = 'postgres'::regrole
  where relkind in ('r', 'p')
    and relnamespace in ('auth'::regnamespace, 'storage'::regnamespace, 'realtime'::regnamespace)
    and relname not in ('schema_migrations', 'migrations');
end
$$;

create function extensions.policy_grants_end() returns event_trigger
language plpgsql security definer
set search_path = ''
as $$
begin
  update pg_catalog.pg_class
  set relowner = case relnamespace
    when 'auth'::regnamespace then 'supabase_auth_admin'::regrole
    when 'storage'::regnamespace then 'supabase_storage_admin'::regrole
    else 'supabase_realtime_admin'::regrole
  end
  where relowner = 'postgres'::regrole
    and relkind in ('r', 'p')
    and relnamespace in ('auth'::regnamespace, 'storage'::regnamespace, 'realtime'::regnamespace);
end
$$;

create event trigger policy_grants_begin on ddl_command_start
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function extensions.policy_grants_begin();
create event trigger policy_grants_end on ddl_command_end
  when tag in ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'DROP TRIGGER')
  execute function extensions.policy_grants_end();

revoke all on function extensions.policy_grants_begin(), extensions.policy_grants_end()
  from public, postgres, dashboard_user;
