import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { EXIT, UserError } from '../errors.ts';
import { readColumns, readPolicies, readTables } from '../generate/catalog.ts';
import { rootDir } from '../paths.ts';
import { readDefinitions } from './definitions.ts';
import type { Area, Definition } from './types.ts';

/** A policy, as far as it decides. */
export interface ShippedPolicy {
  command: string;
  permissive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
}

/** A function, as far as it decides. */
export interface ShippedFunction {
  /** MD5 of its source. */
  body: string;
  result: string;
  language: string;
  volatility: string;
  security: 'definer' | 'invoker';
  settings: string[];
  /** API roles that may execute it. */
  executors: string[];
}

/** The catalog of a database, as far as isolation and the package's work hang on it; names are keys. */
export interface Catalog {
  tables: Record<string, { rls: boolean; columns: string[] }>;
  views: Record<string, { invoker: boolean }>;
  policies: Record<string, Record<string, ShippedPolicy>>;
  functions: Record<string, ShippedFunction>;
  triggers: Record<string, Record<string, string>>;
  /** Object, role, privileges such as `SELECT` or `UPDATE (name)`. */
  grants: Record<string, Record<string, string[]>>;
}

/** What is shipped: the catalog that the migrations give, and the definitions of all checks. */
export interface Manifest extends Catalog {
  areas: Area[];
  checks: Definition[];
}

/** A live catalog also knows what is switched off, and what is not of this package. */
export interface LiveCatalog extends Catalog {
  disabledTriggers: Set<string>;
}

/** Where the manifest is kept. */
export const MANIFEST_FILE = 'generated/manifest.json';

/** Roles whose grants are compared. */
const ROLES = ['public', 'anon', 'authenticated', 'platform_admin', 'service_role'] as const;

/** Reads the catalog of a database. What PostgreSQL versions write differently is left out. */
export async function readCatalog(client: pg.ClientBase): Promise<LiveCatalog> {
  const catalog: LiveCatalog = {
    tables: {},
    views: {},
    policies: {},
    functions: {},
    triggers: {},
    grants: {},
    disabledTriggers: new Set(),
  };
  await addRelations(client, catalog);
  for (const policy of await readPolicies(client)) {
    const { schema, table, name, command, permissive, roles, using, check } = policy;
    const key = `${schema}.${table}`;
    catalog.policies[key] ??= {};
    catalog.policies[key][name] = { command, permissive, roles, using, check };
  }
  await addFunctions(client, catalog);
  await addTriggers(client, catalog);
  await addGrants(client, catalog);
  return catalog;
}

async function addRelations(client: pg.ClientBase, catalog: Catalog): Promise<void> {
  const columns = await readColumns(client);
  const { rows } = await client.query<{ name: string; invoker: boolean }>(`
    select format('%s.%s', n.nspname, c.relname) as name,
           coalesce(c.reloptions && '{security_invoker=on,security_invoker=true,security_invoker=1}', false) as invoker
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where c.relkind = 'v'`);
  const isInvoker = new Map(rows.map(({ name, invoker }) => [name, invoker]));
  for (const { schema, name, kind, rls } of await readTables(client)) {
    const key = `${schema}.${name}`;
    if (kind === 'view') {
      catalog.views[key] = { invoker: isInvoker.get(key) ?? false };
    } else {
      const own = columns.filter((column) => column.schema === schema && column.table === name);
      catalog.tables[key] = { rls, columns: own.map((column) => column.name) };
    }
  }
  // The package's own partitions are in `private`; in `public` there are those of others, tables of the API like any.
  const partitions = await client.query<{ name: string; rls: boolean }>(`
    select format('%s.%s', n.nspname, c.relname) as name, c.relrowsecurity as rls
      from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relispartition and c.relkind in ('r', 'p')
     order by c.relname collate "C"`);
  for (const { name, rls } of partitions.rows) {
    catalog.tables[name] = { rls, columns: [] };
  }
}

async function addFunctions(client: pg.ClientBase, catalog: Catalog): Promise<void> {
  const { rows } = await client.query<{
    key: string;
    source: string;
    result: string;
    language: string;
    volatility: string;
    definer: boolean;
    settings: string[] | null;
    executors: string[];
  }>(`
    select format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as key, p.prosrc as source,
           coalesce(pg_get_function_result(p.oid), '') as result, l.lanname as language,
           case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
           p.prosecdef as definer, p.proconfig as settings,
           coalesce((select array_agg(r.role order by r.place)
              from unnest('{anon,authenticated,platform_admin,service_role,supabase_auth_admin}'::text[])
                   with ordinality as r (role, place)
             where has_function_privilege(r.role, p.oid, 'execute')), '{}') as executors
      from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace
      join pg_language as l on l.oid = p.prolang
     where n.nspname in ('public', 'private')
       and not exists (select from pg_depend as d
                        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     order by 1`);
  for (const row of rows) {
    catalog.functions[row.key] = {
      body: createHash('md5').update(row.source.replaceAll('\r\n', '\n')).digest('hex'),
      result: row.result,
      language: row.language,
      volatility: row.volatility,
      security: row.definer ? 'definer' : 'invoker',
      settings: [...(row.settings ?? [])].sort(),
      executors: row.executors,
    };
  }
}

/** Also on tables of Supabase: what counts is whose function it is. */
async function addTriggers(client: pg.ClientBase, catalog: LiveCatalog): Promise<void> {
  const { rows } = await client.query<{
    table: string;
    name: string;
    definition: string;
    disabled: boolean;
  }>(`
    select format('%s.%s', n.nspname, c.relname) as table, t.tgname as name, pg_get_triggerdef(t.oid) as definition,
           t.tgenabled = 'D' as disabled
      from pg_trigger as t
      join pg_class as c on c.oid = t.tgrelid
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_proc as p on p.oid = t.tgfoid
      join pg_namespace as f on f.oid = p.pronamespace
     where not t.tgisinternal and not c.relispartition and f.nspname in ('public', 'private')
     order by n.nspname collate "C", c.relname collate "C", t.tgname collate "C"`);
  for (const { table, name, definition, disabled } of rows) {
    catalog.triggers[table] ??= {};
    catalog.triggers[table][name] = definition;
    if (disabled) {
      catalog.disabledTriggers.add(`${table} ${name}`);
    }
  }
}

async function addGrants(client: pg.ClientBase, catalog: Catalog): Promise<void> {
  const { rows } = await client.query<{ object: string; role: string; privileges: string[] }>(
    `
    with granted as (
      select format('%s.%s', n.nspname, c.relname) as object, a.grantee, a.privilege_type as privilege, a.is_grantable
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
       cross join lateral aclexplode(c.relacl) as a
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'f') and (n.nspname = 'public' or not c.relispartition)
         and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      union all
      select format('%s.%s', n.nspname, c.relname), a.grantee, format('%s (%s)', a.privilege_type, t.attname), a.is_grantable
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as t on t.attrelid = c.oid and not t.attisdropped
       cross join lateral aclexplode(t.attacl) as a
       where n.nspname in ('public', 'private') and not c.relispartition
      union all
      select 'schema ' || n.nspname, a.grantee, a.privilege_type, a.is_grantable
        from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
       where n.nspname = 'private'
    )
    select g.object, coalesce(r.rolname, 'public') as role,
           array_agg(g.privilege || case when g.is_grantable then ' with grant option' else '' end
                     order by g.privilege collate "C") as privileges
      from granted as g left join pg_roles as r on r.oid = g.grantee
     where coalesce(r.rolname, 'public') = any ($1)
     group by 1, 2
     order by 1, 2`,
    [[...ROLES]],
  );
  for (const { object, role, privileges } of rows) {
    catalog.grants[object] ??= {};
    catalog.grants[object][role] = privileges;
  }
}

/** What is shipped, read from a database that has just been migrated. */
export async function readManifest(client: pg.ClientBase): Promise<Manifest> {
  const { disabledTriggers: _, ...catalog } = await readCatalog(client);
  return { ...(await readDefinitions(client)), ...catalog };
}

/** What is shipped, from the file that `npm run generate manifest` writes. */
export async function loadManifest(file: string = join(rootDir, MANIFEST_FILE)): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new UserError(`There is no ${file}.`, {
      fix: 'run `npm run generate manifest` in a checkout of this repository',
      exitCode: EXIT.usage,
    });
  }
  return JSON.parse(text) as Manifest;
}
