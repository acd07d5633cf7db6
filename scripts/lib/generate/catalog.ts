import type pg from 'pg';

/** A table or view that the API exposes, or an internal table. */
export interface Table {
  schema: string;
  name: string;
  kind: 'table' | 'partitioned table' | 'view';
  comment: string | null;
  rls: boolean;
}

/** A column, with what may be said about it in one line. */
export interface Column {
  schema: string;
  table: string;
  name: string;
  type: string;
  not_null: boolean;
  default: string | null;
  generated: boolean;
  in_primary_key: boolean;
  comment: string | null;
}

/** A foreign key. */
export interface ForeignKey {
  schema: string;
  table: string;
  name: string;
  columns: string[];
  target_schema: string;
  target: string;
  target_columns: string[];
  nullable: boolean;
  unique: boolean;
}

/** A row level security policy. */
export interface Policy {
  schema: string;
  table: string;
  name: string;
  command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'ALL';
  permissive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
  comment: string | null;
}

/** A function and who may call it. */
export interface Routine {
  schema: string;
  name: string;
  arguments: string;
  result: string;
  language: string;
  volatility: string;
  security_definer: boolean;
  is_trigger: boolean;
  comment: string | null;
  executors: string[];
}

/** A privilege on a table, or on some of its columns (`columns` is null for the whole table). */
export interface Grant {
  schema: string;
  table: string;
  role: string;
  verb: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  columns: string[] | null;
}

/** Roles in the order in which pages show them. */
export const API_ROLES = ['anon', 'authenticated', 'platform_admin', 'service_role'] as const;

/**
 * Schemas that belong to this project. Everything is sorted by name in byte order, so that pages do not depend on
 * the server's locale.
 */
const OWN_SCHEMAS = `('public', 'private')`;

/**
 * Partitions come and go with the calendar, and what an extension brings along (pgTAP in a test database) is not
 * ours: pages speak of neither.
 */
const OWN_TABLES = `
  n.nspname in ${OWN_SCHEMAS} and not c.relispartition
  and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;

/** Reads the tables and views of this project. */
export async function readTables(client: pg.ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(`
    select n.nspname as schema, c.relname as name,
           case c.relkind when 'p' then 'partitioned table' when 'v' then 'view' else 'table' end as kind,
           obj_description(c.oid, 'pg_class') as comment, c.relrowsecurity as rls
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
     where ${OWN_TABLES} and c.relkind in ('r', 'p', 'v')
     order by n.nspname collate "C" desc, c.relname collate "C"`);
  return rows;
}

/** Reads the columns of those tables, in their order. */
export async function readColumns(client: pg.ClientBase): Promise<Column[]> {
  const { rows } = await client.query<Column>(`
    select n.nspname as schema, c.relname as table, a.attname as name,
           format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
           pg_get_expr(d.adbin, d.adrelid) as default, a.attgenerated <> '' as generated,
           exists (select from pg_index as i
                    where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)) as in_primary_key,
           col_description(c.oid, a.attnum) as comment
      from pg_attribute as a
      join pg_class as c on c.oid = a.attrelid
      join pg_namespace as n on n.oid = c.relnamespace
      left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where ${OWN_TABLES} and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
     order by n.nspname collate "C", c.relname collate "C", a.attnum`);
  return rows;
}

/** Reads the foreign keys of those tables. */
export async function readForeignKeys(client: pg.ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(`
    select n.nspname as schema, c.relname as table, k.conname as name,
           (select array_agg(a.attname::text order by x.position)
              from unnest(k.conkey) with ordinality as x (number, position)
              join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = x.number) as columns,
           tn.nspname as target_schema, t.relname as target,
           (select array_agg(a.attname::text order by x.position)
              from unnest(k.confkey) with ordinality as x (number, position)
              join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = x.number) as target_columns,
           exists (select from unnest(k.conkey) as x (number)
              join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = x.number
             where not a.attnotnull) as nullable,
           exists (select from pg_index as i
             where i.indrelid = k.conrelid and i.indisunique and i.indpred is null
               and (select array_agg(x order by x) from unnest(i.indkey::smallint[]) as x)
                 = (select array_agg(x order by x) from unnest(k.conkey) as x)) as unique
      from pg_constraint as k
      join pg_class as c on c.oid = k.conrelid
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_class as t on t.oid = k.confrelid
      join pg_namespace as tn on tn.oid = t.relnamespace
     where ${OWN_TABLES} and k.contype = 'f' and k.conparentid = 0
     order by n.nspname collate "C", c.relname collate "C", k.conname collate "C"`);
  return rows;
}

/** Reads the policies on those tables and on Storage's, which this project adds to. */
export async function readPolicies(client: pg.ClientBase): Promise<Policy[]> {
  const { rows } = await client.query<Policy>(`
    select n.nspname as schema, c.relname as table, p.polname as name,
           case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
                when 'd' then 'DELETE' else 'ALL' end as command,
           p.polpermissive as permissive,
           (select array_agg(coalesce(r.rolname::text, 'public') order by r.rolname)
              from unnest(p.polroles) as x (role) left join pg_roles as r on r.oid = x.role) as roles,
           pg_get_expr(p.polqual, p.polrelid) as using,
           pg_get_expr(p.polwithcheck, p.polrelid) as check,
           obj_description(p.oid, 'pg_policy') as comment
      from pg_policy as p
      join pg_class as c on c.oid = p.polrelid
      join pg_namespace as n on n.oid = c.relnamespace
     where (${OWN_TABLES}) or (n.nspname = 'storage' and c.relname = 'objects')
     order by n.nspname collate "C", c.relname collate "C",
              array_position('{r,a,w,d,*}'::text[], p.polcmd::text), p.polname collate "C"`);
  return rows;
}

/** Reads the functions of this project and the roles that may execute each. */
export async function readRoutines(client: pg.ClientBase): Promise<Routine[]> {
  const { rows } = await client.query<Routine>(`
    select n.nspname as schema, p.proname as name,
           pg_get_function_arguments(p.oid) as arguments,
           coalesce(pg_get_function_result(p.oid), '') as result, l.lanname as language,
           case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
           p.prosecdef as security_definer, p.prorettype = 'trigger'::regtype as is_trigger,
           obj_description(p.oid, 'pg_proc') as comment,
           coalesce((select array_agg(r.role order by r.position)
              from unnest('{anon,authenticated,platform_admin,service_role,supabase_auth_admin}'::text[])
                   with ordinality as r (role, position)
             where has_function_privilege(r.role, p.oid, 'execute')), '{}') as executors
      from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace
      join pg_language as l on l.oid = p.prolang
     where n.nspname in ${OWN_SCHEMAS}
       and not exists (select from pg_depend as d
                        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     order by n.nspname collate "C", p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`);
  return rows;
}

/** Reads what API roles may do with those tables: privileges as they are in effect, columns where not the whole table. */
export async function readGrants(client: pg.ClientBase): Promise<Grant[]> {
  const { rows } = await client.query<Grant>(
    `
    select n.nspname as schema, c.relname as table, r.role, v.verb,
           case when has_table_privilege(r.role, c.oid, v.verb) then null else k.columns end as columns
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      cross join unnest($1::text[]) with ordinality as r (role, position)
      cross join unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) with ordinality as v (verb, position)
      cross join lateral (
        select array_agg(a.attname::text order by a.attnum) as columns
          from pg_attribute as a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and v.verb <> 'DELETE'
           and has_column_privilege(r.role, c.oid, a.attnum, case v.verb when 'DELETE' then 'SELECT' else v.verb end)
      ) as k
     where ${OWN_TABLES} and c.relkind in ('r', 'p', 'v')
       and (has_table_privilege(r.role, c.oid, v.verb) or k.columns is not null)
     order by n.nspname collate "C", c.relname collate "C", r.position, v.position`,
    [[...API_ROLES]],
  );
  return rows;
}
