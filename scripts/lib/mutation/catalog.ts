/** What there is to mutate, read from the catalog of a database as shipped. */
import type pg from 'pg';

/** A table, partitioned table, partition or view. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  /** Stable name: a partition is its parent's number n, since its own name bears a month. */
  readonly label: string;
  readonly kind: 'table' | 'partitioned table' | 'partition' | 'view';
  readonly rls: boolean;
  readonly invokerView: boolean;
  /** Verbs that anon and authenticated have on the whole table. */
  readonly granted: readonly { readonly role: string; readonly verb: string }[];
  readonly columns: readonly Column[];
  /** True if a foreign key leads to the schema of the accounts. */
  readonly personal: boolean;
  readonly published: readonly string[];
}

/** A column and what members may do with it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly inPrimaryKey: boolean;
  readonly generated: boolean;
  readonly memberMayInsert: boolean;
  readonly memberMayUpdate: boolean;
}

/** A policy. */
export interface Policy {
  readonly schema: string;
  readonly table: string;
  readonly label: string;
  readonly name: string;
  readonly command: 'select' | 'insert' | 'update' | 'delete' | 'all';
  readonly permissive: boolean;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
  readonly comment: string | null;
  readonly uuidColumns: readonly string[];
}

/** A function. */
export interface Routine {
  readonly schema: string;
  readonly name: string;
  /** Argument types: `uuid, text`. */
  readonly signature: string;
  readonly result: string;
  readonly language: string;
  readonly definer: boolean;
  readonly isTrigger: boolean;
  readonly searchPath: string | null;
  readonly source: string;
  /** `create or replace function …`. */
  readonly definition: string;
  /** Which of anon, authenticated and public may execute it. */
  readonly executors: readonly string[];
}

/** A trigger that somebody made; not those of constraints and not a partition's copies. */
export interface Trigger {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** A foreign key, unique constraint or check, or a unique index. */
export interface Constraint {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly kind: 'foreign key' | 'unique' | 'primary key' | 'check' | 'unique index';
  readonly definition: string;
  readonly columns: readonly string[];
  readonly target: string | null;
  readonly targetPartitioned: boolean;
  readonly targetColumns: readonly string[];
  /** Predicate of a partial unique index. */
  readonly predicate: string | null;
  /** False for an index over expressions. */
  readonly plain: boolean;
}

/** All of it. */
export interface Catalog {
  readonly relations: readonly Relation[];
  readonly policies: readonly Policy[];
  readonly routines: readonly Routine[];
  readonly triggers: readonly Trigger[];
  readonly constraints: readonly Constraint[];
  readonly publications: readonly string[];
  readonly buckets: readonly string[];
  readonly permissions: readonly string[];
}

const OWN = `n.nspname in ('public', 'private')
  and not exists (select from pg_depend as d where d.objid = o.oid and d.deptype = 'e')`;

const LABEL = `case when o.relispartition then
    (select format('%s.%s', pn.nspname, pc.relname) from pg_inherits as h
       join pg_class as pc on pc.oid = h.inhparent join pg_namespace as pn on pn.oid = pc.relnamespace
      where h.inhrelid = o.oid)
    || '[' || (select count(*) from pg_inherits as h join pg_inherits as s on s.inhparent = h.inhparent
                 join pg_class as sc on sc.oid = s.inhrelid
                where h.inhrelid = o.oid and sc.relname collate "C" <= o.relname collate "C") || ']'
  else format('%s.%s', n.nspname, o.relname) end`;

const RELATIONS = `
  select n.nspname as schema, o.relname as name, ${LABEL} as label,
         case when o.relispartition then 'partition' when o.relkind = 'p' then 'partitioned table'
              when o.relkind = 'v' then 'view' else 'table' end as kind,
         o.relrowsecurity as rls,
         coalesce(o.reloptions && array['security_invoker=true', 'security_invoker=on'], false) as "invokerView",
         (select coalesce(json_agg(json_build_object('role', r.role, 'verb', v.verb) order by r.role, v.verb), '[]')
            from unnest(array['anon', 'authenticated']) as r (role)
           cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as v (verb)
           where has_table_privilege(r.role, o.oid, v.verb)) as granted,
         exists (select from pg_constraint as k join pg_class as t on t.oid = k.confrelid
                  where k.conrelid = o.oid and k.contype = 'f' and t.relnamespace = 'auth'::regnamespace) as personal,
         (select coalesce(json_agg(p.pubname order by p.pubname), '[]') from pg_publication_tables as p
           where p.schemaname = n.nspname and p.tablename = o.relname) as published,
         (select json_agg(json_build_object(
             'name', a.attname, 'type', format_type(a.atttypid, null), 'notNull', a.attnotnull,
             'inPrimaryKey', exists (select from pg_index as i where i.indrelid = o.oid and i.indisprimary and a.attnum = any (i.indkey)),
             'generated', a.attgenerated <> '',
             'memberMayInsert', has_column_privilege('authenticated', o.oid, a.attnum, 'insert'),
             'memberMayUpdate', has_column_privilege('authenticated', o.oid, a.attnum, 'update')) order by a.attnum)
            from pg_attribute as a where a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class as o join pg_namespace as n on n.oid = o.relnamespace
   where ${OWN} and o.relkind in ('r', 'p', 'v')`;

const POLICIES = `
  select n.nspname as schema, o.relname as table, ${LABEL} as label, p.polname as name,
         case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
              else 'all' end as command,
         p.polpermissive as permissive,
         (select json_agg(coalesce(r.rolname, 'public') order by r.rolname)
            from unnest(p.polroles) as x (role) left join pg_roles as r on r.oid = x.role) as roles,
         pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check,
         obj_description(p.oid, 'pg_policy') as comment,
         (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute as a
           where a.attrelid = o.oid and a.atttypid = 'uuid'::regtype and a.attnum > 0 and not a.attisdropped) as "uuidColumns"
    from pg_policy as p join pg_class as o on o.oid = p.polrelid join pg_namespace as n on n.oid = o.relnamespace
   where n.nspname in ('public', 'private', 'storage')`;

const ROUTINES = `
  select n.nspname as schema, o.proname as name, oidvectortypes(o.proargtypes) as signature,
         format_type(o.prorettype, null) as result, l.lanname as language, o.prosecdef as definer,
         o.prorettype = 'trigger'::regtype as "isTrigger",
         (select substring(c from 13) from unnest(o.proconfig) as c where c like 'search_path=%') as "searchPath",
         o.prosrc as source, pg_get_functiondef(o.oid) as definition,
         (select coalesce(json_agg(r.role order by r.role), '[]') from (
            select role from unnest(array['anon', 'authenticated']) as role where has_function_privilege(role, o.oid, 'execute')
            union all
            select 'public' from aclexplode(coalesce(o.proacl, acldefault('f', o.proowner))) as a where a.grantee = 0) as r) as executors
    from pg_proc as o join pg_namespace as n on n.oid = o.pronamespace join pg_language as l on l.oid = o.prolang
   where ${OWN} and o.prokind in ('f', 'p')`;

const TRIGGERS = `
  select n.nspname as schema, c.relname as table, o.tgname as name, pg_get_triggerdef(o.oid) as definition
    from pg_trigger as o join pg_class as c on c.oid = o.tgrelid join pg_namespace as n on n.oid = c.relnamespace
   where ${OWN} and not o.tgisinternal and o.tgparentid = 0 and o.tgenabled <> 'D'`;

const columnNames = (numbers: string, relation: string): string => `
  (select coalesce(json_agg(a.attname order by x.position), '[]') from unnest(${numbers}) with ordinality as x (number, position)
     join pg_attribute as a on a.attrelid = ${relation} and a.attnum = x.number)`;

const CONSTRAINTS = `
  select n.nspname as schema, c.relname as table, o.conname as name,
         case o.contype when 'f' then 'foreign key' when 'u' then 'unique' when 'p' then 'primary key' else 'check' end as kind,
         pg_get_constraintdef(o.oid) as definition, ${columnNames('o.conkey', 'o.conrelid')} as columns,
         nullif(o.confrelid, 0)::regclass::text as target,
         exists (select from pg_partitioned_table as p where p.partrelid = o.confrelid) as "targetPartitioned",
         ${columnNames('o.confkey', 'o.confrelid')} as "targetColumns", null as predicate, true as plain
    from pg_constraint as o join pg_class as c on c.oid = o.conrelid join pg_namespace as n on n.oid = c.relnamespace
   where ${OWN} and o.contype in ('f', 'u', 'p', 'c') and o.conparentid = 0 and not c.relispartition
  union all
  select n.nspname, c.relname, o.relname, 'unique index', pg_get_indexdef(o.oid), ${columnNames('i.indkey::int2[]', 'i.indrelid')},
         null, false, '[]', pg_get_expr(i.indpred, i.indrelid), i.indexprs is null
    from pg_index as i join pg_class as o on o.oid = i.indexrelid join pg_class as c on c.oid = i.indrelid
    join pg_namespace as n on n.oid = c.relnamespace
   where ${OWN} and i.indisunique and not c.relispartition
     and not exists (select from pg_constraint as k where k.conindid = o.oid and k.contype in ('u', 'p'))`;

/** Reads the catalog. Everything is in byte order of its name, whatever the server's locale. */
export async function readCatalog(client: pg.ClientBase): Promise<Catalog> {
  // Definitions that are run again elsewhere must name every schema.
  await client.query(`set search_path = pg_catalog`);
  const all = async <T>(sql: string, order: string): Promise<T[]> =>
    (await client.query(`select * from (${sql}) as x order by ${order}`)).rows as T[];
  const names = async (sql: string): Promise<string[]> =>
    (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name);
  return {
    relations: await all(RELATIONS, 'label collate "C"'),
    policies: await all(POLICIES, 'label collate "C", name collate "C"'),
    routines: await all(ROUTINES, 'schema collate "C", name collate "C", signature collate "C"'),
    triggers: await all(TRIGGERS, 'schema collate "C", "table" collate "C", name collate "C"'),
    constraints: await all(
      CONSTRAINTS,
      'schema collate "C", "table" collate "C", name collate "C"',
    ),
    publications: await names('select pubname as name from pg_publication order by 1'),
    buckets: await names('select id as name from storage.buckets where not public order by 1'),
    permissions: await names('select permission as name from private.permissions order by 1'),
  };
}
