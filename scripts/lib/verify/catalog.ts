/** What there is in a database that a request could reach: read from the system catalogs, nothing executed. */
import type pg from 'pg';
import type { ObjectKind } from './types.ts';

export interface Column {
  readonly name: string;
  /** As PostgreSQL prints it, with its modifier: `character varying(20)`. */
  readonly type: string;
  /** The type below domains and without modifier: `text`. */
  readonly base: string;
  /** Element type of an array, below domains. */
  readonly element: string | null;
  readonly length: number | null;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly generated: boolean;
  readonly identity: '' | 'a' | 'd';
  /** Labels, if it is an enumeration or an array of one. */
  readonly labels: readonly string[];
  /** Conditions of its domains, about `VALUE`. */
  readonly domainChecks: readonly string[];
}

export interface Key {
  readonly name: string;
  /** Empty if the index is on expressions. */
  readonly columns: readonly string[];
  readonly primary: boolean;
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
  readonly deferrable: boolean;
  /** Deferred without being asked to. */
  readonly deferred: boolean;
}

export interface Check {
  readonly name: string;
  readonly expression: string;
  readonly columns: readonly string[];
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
  /** `schema.name`, as people write it. */
  readonly id: string;
  /** The same, quoted for SQL. */
  readonly sql: string;
  readonly kind: ObjectKind;
  readonly owner: string;
  readonly rls: boolean;
  readonly columns: readonly Column[];
  readonly keys: readonly Key[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  /** Topmost partitioned table. */
  readonly partitionOf: string | null;
  /** The partitioned table right above. */
  readonly partitionIn: string | null;
  /** `FOR VALUES …` or `DEFAULT`. */
  readonly bound: string | null;
  readonly partitionKey: readonly string[];
  /** Verbs that a view takes beside SELECT. */
  readonly writable: {
    readonly insert: boolean;
    readonly update: boolean;
    readonly delete: boolean;
  };
  /** Statement triggers or rules: a statement that touches no row may have an effect. */
  readonly sideEffects: boolean;
  /** `full` sends whole old rows to subscribers. */
  readonly replicaIdentityFull: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly base: string;
  readonly optional: boolean;
  readonly labels: readonly string[];
  /** Relation whose row type it is. */
  readonly relation: string | null;
}

export interface Routine {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  readonly sql: string;
  readonly procedure: boolean;
  /** Trigger functions cannot be called, aggregates and window functions are no way around row level security. */
  readonly callable: boolean;
  readonly returns: string;
  readonly definer: boolean;
  readonly volatile: boolean;
  readonly searchPath: string | null;
  readonly parameters: readonly Parameter[];
}

export interface Sequence {
  readonly id: string;
  readonly sql: string;
}

export interface Publication {
  readonly name: string;
  readonly deletes: boolean;
  readonly truncates: boolean;
  readonly tables: readonly string[];
}

export interface Catalog {
  readonly major: number;
  /** Role of the connection. */
  readonly owner: string;
  readonly schemas: readonly string[];
  readonly relations: readonly Relation[];
  readonly routines: readonly Routine[];
  readonly sequences: readonly Sequence[];
  readonly publications: readonly Publication[];
  readonly buckets: readonly string[];
  readonly roles: readonly string[];
  /** Rights of the API roles: `role object` → verbs. */
  readonly rights: ReadonlyMap<string, readonly string[]>;
  /** Columns that a role may select, insert or update: `role object verb`. */
  readonly columnRights: ReadonlyMap<string, readonly string[]>;
  relation(id: string): Relation | undefined;
}

/** Schemas of PostgreSQL, Supabase and common extensions. */
const PLATFORM_SCHEMAS = [
  'information_schema',
  'auth',
  'storage',
  'realtime',
  '_realtime',
  'extensions',
  'vault',
  'graphql',
  'graphql_public',
  'pgsodium',
  'pgsodium_masks',
  'supabase_functions',
  'supabase_migrations',
  'cron',
  'net',
  'pgbouncer',
  '_analytics',
  '_supavisor',
  'pgtle',
  'tiger',
  'tiger_data',
  'topology',
  'pgmq',
  'pgmq_public',
  'dbdev',
  'repack',
  'hint_plan',
];

const RELATIONS = `
  select n.nspname as schema, c.relname as name, n.nspname || '.' || c.relname as id,
         format('%I.%I', n.nspname, c.relname) as sql,
         case when c.relispartition then 'partition'
              when c.relkind = 'r' then 'table' when c.relkind = 'p' then 'partitioned table'
              when c.relkind = 'v' then 'view' when c.relkind = 'm' then 'materialized view'
              else 'foreign table' end as kind,
         pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as rls,
         coalesce((select json_agg(json_build_object(
             'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
             'base', (with recursive d as (
                        select t.oid, t.typtype, t.typbasetype from pg_type t where t.oid = a.atttypid
                        union all
                        select t.oid, t.typtype, t.typbasetype from d join pg_type t on t.oid = d.typbasetype
                         where d.typtype = 'd')
                      select format_type(oid, null) from d where typtype <> 'd'),
             'element', (select format_type(e.oid, null) from pg_type t join pg_type e on e.oid = t.typelem
                          where t.oid = a.atttypid and t.typcategory = 'A'),
             'length', case when a.atttypmod > 4 and a.atttypid in (1042, 1043) then a.atttypmod - 4
                            when a.atttypmod > 0 then a.atttypmod end,
             'notNull', a.attnotnull,
             'default', case when a.attgenerated = '' then pg_get_expr(ad.adbin, ad.adrelid) end,
             'generated', a.attgenerated <> '', 'identity', a.attidentity,
             'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
                                  join pg_type t on t.oid = a.atttypid
                                 where e.enumtypid in (t.oid, t.typelem, t.typbasetype)), '[]'),
             'domainChecks', coalesce((select json_agg(pg_get_expr(k.conbin, 0)) from pg_constraint k
                                        where k.contypid = a.atttypid and k.contype = 'c'), '[]')
           ) order by a.attnum)
           from pg_attribute a left join pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
         coalesce((select json_agg(json_build_object('name', i.relname, 'primary', x.indisprimary, 'columns',
             case when 0 = any (x.indkey::int2[]) then '[]' else
               (select json_agg(a.attname order by k.n) from unnest(x.indkey::int2[]) with ordinality k (attnum, n)
                  join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where k.n <= x.indnkeyatts) end)
             order by x.indisprimary desc, i.relname)
           from pg_index x join pg_class i on i.oid = x.indexrelid
          where x.indrelid = c.oid and (x.indisunique or x.indisexclusion)), '[]') as keys,
         coalesce((select json_agg(json_build_object('name', f.name, 'columns', f.columns, 'target', f.target,
             'targetColumns', f.target_columns, 'deferrable', f.deferrable, 'deferred', f.deferred) order by f.name)
           from (
             select distinct on (k.target, k.columns, k.target_columns) k.*
               from (
                 select x.conname as name, x.conrelid, x.condeferrable as deferrable, x.condeferred as deferred,
                        (select tn.nspname || '.' || t.relname from pg_class t join pg_namespace tn on tn.oid = t.relnamespace
                          where t.oid = x.confrelid) as target,
                        array(select a.attname::text from unnest(x.conkey) with ordinality u (attnum, n)
                                join pg_attribute a on a.attrelid = x.conrelid and a.attnum = u.attnum order by u.n) as columns,
                        array(select a.attname::text from unnest(x.confkey) with ordinality u (attnum, n)
                                join pg_attribute a on a.attrelid = x.confrelid and a.attnum = u.attnum order by u.n) as target_columns
                   from pg_constraint x
                  where x.contype = 'f'
                    -- Those of the partitions alone bind a row as well; those that stand for a partition of the target do not count.
                    and (x.conrelid = c.oid or c.relkind = 'p' and x.conparentid = 0 and x.conrelid in (select relid from pg_partition_tree(c.oid)))
                    and not exists (select from pg_constraint y where y.oid = x.conparentid and y.conrelid = x.conrelid)
               ) k
              order by k.target, k.columns, k.target_columns, k.conrelid <> c.oid, k.name
           ) f), '[]') as "foreignKeys",
         coalesce((select json_agg(json_build_object('name', k.conname, 'expression', pg_get_expr(k.conbin, k.conrelid),
             'columns', coalesce((select json_agg(a.attname order by a.attnum) from pg_attribute a
                                   where a.attrelid = c.oid and a.attnum = any (k.conkey)), '[]')) order by k.conname)
           from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'), '[]') as checks,
         (select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
           where c.relispartition and r.oid = pg_partition_root(c.oid)) as "partitionOf",
         (select rn.nspname || '.' || r.relname from pg_inherits h join pg_class r on r.oid = h.inhparent join pg_namespace rn on rn.oid = r.relnamespace
           where c.relispartition and h.inhrelid = c.oid) as "partitionIn",
         pg_get_expr(c.relpartbound, c.oid) as bound,
         coalesce((select json_agg(a.attname) from pg_partitioned_table p
            join pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::int2[])
           where p.partrelid = c.oid), '[]') as "partitionKey",
         json_build_object('insert', pg_relation_is_updatable(c.oid, true) & 8 > 0,
           'update', pg_relation_is_updatable(c.oid, true) & 4 > 0,
           'delete', pg_relation_is_updatable(c.oid, true) & 16 > 0) as writable,
         exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgtype & 1 = 0)
           or exists (select from pg_rewrite w where w.ev_class = c.oid and w.rulename <> '_RETURN') as "sideEffects",
         c.relreplident = 'f' as "replicaIdentityFull"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f')
     and (n.nspname = any ($1) or n.nspname || '.' || c.relname = any ($2))
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   order by 1, 2`;

const ROUTINES = `
  select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as id,
         n.nspname as schema, p.proname as name, format('%I.%I', n.nspname, p.proname) as sql,
         p.prokind = 'p' as procedure,
         p.prokind in ('f', 'p') and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) as callable,
         format_type(p.prorettype, null) as returns, p.prosecdef as definer, p.provolatile = 'v' as volatile,
         (select substr(s, 13) from unnest(p.proconfig) s where s like 'search_path=%') as "searchPath",
         coalesce((select json_agg(json_build_object(
             'name', coalesce(p.proargnames[u.n], ''), 'type', format_type(u.oid, null),
             'base', format_type(case when t.typtype = 'd' then t.typbasetype else t.oid end, null),
             'optional', u.i > p.pronargs - p.pronargdefaults,
             'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e
                                  where e.enumtypid = u.oid), '[]'),
             'relation', (select rn.nspname || '.' || r.relname from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
                           where r.oid = t.typrelid)) order by u.i)
           from (select x.oid, x.n, row_number() over (order by x.n) as i
                   from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality x (oid, n)
                  where coalesce(p.proargmodes[x.n], 'i') in ('i', 'b', 'v')) u
           join pg_type t on t.oid = u.oid), '[]') as parameters
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
   where n.nspname = any ($1)
     and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
   order by 1`;

/** Reads the catalog; `extra` names relations of other schemas that take part (`auth.users`). */
export async function readCatalog(
  client: pg.ClientBase,
  options: { schemas?: readonly string[] | undefined; apiRoles?: readonly string[] | undefined },
): Promise<Catalog> {
  const one = async <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    (await client.query<T & pg.QueryResultRow>(sql, values)).rows;
  const [server] = await one<{ major: number; owner: string }>(
    `select current_setting('server_version_num')::integer / 10000 as major, current_user as owner`,
  );
  const schemas =
    options.schemas ??
    (
      await one<{ name: string }>(
        `select nspname as name from pg_namespace
          where nspname !~ '^pg_' and nspname <> all ($1)
            and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = oid and d.deptype = 'e')
          order by 1`,
        [PLATFORM_SCHEMAS],
      )
    ).map(({ name }) => name);
  const roles =
    options.apiRoles ??
    (
      await one<{ name: string }>(
        `select r.rolname as name from pg_roles r
          where r.rolname in ('anon', 'authenticated')
             or (not r.rolbypassrls and not r.rolsuper and exists (
                  select from pg_auth_members m join pg_roles a on a.oid = m.member
                   where m.roleid = r.oid and a.rolname = 'authenticator'))
          order by array_position(array['anon', 'authenticated'], r.rolname::text), 1`,
      )
    ).map(({ name }) => name);
  const relations = await one<Relation>(RELATIONS, [schemas, ['auth.users', 'storage.objects']]);
  const byId = new Map(relations.map((relation) => [relation.id, relation]));
  const routines = await one<Routine>(ROUTINES, [schemas]);
  const sequences = await one<Sequence>(
    `select n.nspname || '.' || c.relname as id, format('%I.%I', n.nspname, c.relname) as sql
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'S' and n.nspname = any ($1) order by 1`,
    [schemas],
  );
  const publications = await one<Publication>(
    `select p.pubname as name, p.pubdelete as deletes, p.pubtruncate as truncates,
            coalesce((select array_agg(t.schemaname || '.' || t.tablename order by 1)
                        from pg_publication_tables t where t.pubname = p.pubname), '{}') as tables
       from pg_publication p order by 1`,
  );
  const [storage] = await one<{ found: boolean }>(
    `select to_regclass('storage.buckets') is not null as found`,
  );
  const buckets = storage?.found
    ? (await one<{ id: string }>('select id from storage.buckets order by 1')).map(({ id }) => id)
    : [];
  return {
    major: server?.major ?? 0,
    owner: server?.owner ?? '',
    schemas,
    relations,
    routines,
    sequences,
    publications,
    buckets,
    roles,
    ...(await readRights(client, roles, relations, routines, sequences)),
    relation: (id) => byId.get(id),
  };
}

async function readRights(
  client: pg.ClientBase,
  roles: readonly string[],
  relations: readonly Relation[],
  routines: readonly Routine[],
  sequences: readonly Sequence[],
): Promise<Pick<Catalog, 'rights' | 'columnRights'>> {
  const rights = new Map<string, readonly string[]>();
  const columnRights = new Map<string, readonly string[]>();
  const { rows } = await client.query<{
    role: string;
    id: string;
    verb: string;
    columns: string[] | null;
  }>(
    `select r.role, n.nspname || '.' || c.relname as id, v.verb,
            case when v.verb in ('select', 'insert', 'update') then
              array(select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                       and has_column_privilege(r.role, c.oid, a.attnum, v.verb) order by a.attnum) end as columns
       from unnest($1::text[]) r (role)
       cross join pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) v (verb)
      where n.nspname || '.' || c.relname = any ($2) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and has_schema_privilege(r.role, n.oid, 'usage')
        and (has_table_privilege(r.role, c.oid, v.verb)
             or (v.verb in ('select', 'insert', 'update') and has_any_column_privilege(r.role, c.oid, v.verb)))`,
    [roles, relations.map(({ id }) => id)],
  );
  const add = (key: string, verb: string): void => {
    rights.set(key, [...(rights.get(key) ?? []), verb]);
  };
  for (const row of rows) {
    add(`${row.role} ${row.id}`, row.verb);
    if (row.columns) {
      columnRights.set(`${row.role} ${row.id} ${row.verb}`, row.columns);
    }
  }
  const functions = await client.query<{ role: string; id: string }>(
    `select r.role, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as id
       from unnest($1::text[]) r (role) cross join pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = any ($2) and has_schema_privilege(r.role, n.oid, 'usage')
        and has_function_privilege(r.role, p.oid, 'execute')`,
    [roles, [...new Set(routines.map(({ schema }) => schema))]],
  );
  for (const row of functions.rows) {
    add(`${row.role} ${row.id}`, 'execute');
  }
  const numbers = await client.query<{ role: string; id: string; verb: string }>(
    `select r.role, n.nspname || '.' || c.relname as id, v.verb
       from unnest($1::text[]) r (role) cross join pg_class c join pg_namespace n on n.oid = c.relnamespace
       cross join unnest(array['usage', 'select', 'update']) v (verb)
      where c.relkind = 'S' and n.nspname || '.' || c.relname = any ($2)
        and has_schema_privilege(r.role, n.oid, 'usage') and has_sequence_privilege(r.role, c.oid, v.verb)`,
    [roles, sequences.map(({ id }) => id)],
  );
  for (const row of numbers.rows) {
    add(`${row.role} ${row.id}`, row.verb);
  }
  return { rights, columnRights };
}
