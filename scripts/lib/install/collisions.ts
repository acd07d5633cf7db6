import type pg from 'pg';
import { isTokenHook, type ObjectKey, type Objects } from './objects.ts';

/** Collisions that the project may take upon itself, with `--accept <name>`. */
export const ACCEPTABLE = {
  'private-schema': 'schema private holds objects of the project',
  'platform-admin-role': 'a role platform_admin that is used or may do more than ours',
  'token-hook': 'another custom access token hook, which calls ours itself',
  'pre-request': 'another pgrst.db_pre_request, which calls public.check_request() itself',
} as const;

export type Acceptable = keyof typeof ACCEPTABLE;

/** Something that is there already and that the package would change, or that would change the package. */
export interface Collision {
  /** What is taken: `relation public.users`. */
  object: ObjectKey;
  /** File and line, or `database`. */
  where: string;
  /** What would happen. */
  why: string;
  /** What to do. */
  fix: string;
  /** Name for `--accept`, where the project can answer for it. */
  accept?: Acceptable;
}

/** The function that has to be the token hook. */
export const TOKEN_HOOK = 'private.custom_access_token_hook';

const PRE_REQUEST = 'public.check_request';

/** What the package takes that others could have taken: policies and triggers only on tables that are not its own. */
export function claimsOf(own: Objects): Set<ObjectKey> {
  return new Set(
    [...own.keys()].filter((key) => {
      const [kind, name = ''] = key.split(' ');
      const table = name.slice(0, name.lastIndexOf('.'));
      return !(kind === 'policy' || kind === 'trigger') || !own.has(`relation ${table}`);
    }),
  );
}

function collide(object: ObjectKey, where: string): Collision {
  const [kind, name = ''] = object.split(' ');
  switch (kind) {
    case 'relation':
      return {
        object,
        where,
        why: `the package has its own ${name}; "create … if not exists" would keep yours, and policies, keys and functions that were written for another table would be laid over it`,
        fix: name.startsWith('public.')
          ? `rename yours in a migration of your own (alter table ${name} rename to …; a view under the old name would collide, too), then adopt it`
          : 'rename yours in a migration of your own, or move it to another schema',
      };
    case 'function':
      return {
        object,
        where,
        why: `the package has a function ${name}: the same parameters would be replaced, others would make calls over the API ambiguous`,
        fix: `rename yours in a migration of your own (alter function ${name} rename to …)`,
      };
    case 'bucket':
      return {
        object,
        where,
        why: `the package keeps files by company in bucket ${name}, would make it private, and policies that you have for it would let their readers at the files of companies`,
        fix: 'move your files to a bucket of another name and delete this one',
      };
    case 'policy':
      return {
        object,
        where,
        why: 'a policy of that name would be replaced',
        fix: `rename yours in a migration of your own (alter policy … on ${name.slice(0, name.lastIndexOf('.'))} rename to …)`,
      };
    case 'trigger':
      return {
        object,
        where,
        why: 'a trigger of that name would be replaced',
        fix: 'rename yours in a migration of your own (alter trigger … rename to …)',
      };
    default:
      return { object, where, why: 'the package takes that name', fix: 'rename yours' };
  }
}

const PRIVATE_SCHEMA = {
  why: 'the package keeps its helpers in schema private, takes every right on it from public and lets API roles use it: what your functions there are open to changes',
  fix: 'move your objects to another schema (alter … set schema …); or, if no API role may execute or read any of them, accept it',
  accept: 'private-schema',
} as const;

const ADMIN_ROLE = {
  object: 'role platform_admin',
  why: 'the package gives this role to platform operators, who reach every company, and to authenticator, so that a token can ask for it',
  fix: 'rename yours (alter role platform_admin rename to …); or, if whoever has the role is such an operator, accept it',
  accept: 'platform-admin-role',
} as const;

/** That Auth calls another function for the token's claims. */
export function hookCollision(name: string, where: string): Collision {
  return {
    object: `hook ${name}`,
    where,
    why: `Auth calls one function for a token's claims, and that seems to be ${name}; without ${TOKEN_HOOK} operators have no more than a member's rights, and tokens carry no company`,
    fix: `let yours return ${TOKEN_HOOK}(event) with its own claims laid over, grant ${TOKEN_HOOK} to it, then accept it: config.toml is left alone`,
    accept: 'token-hook',
  };
}

function preRequestCollision(name: string, where: string): Collision {
  return {
    object: `setting pgrst.db_pre_request=${name}`,
    where,
    why: `PostgREST calls ${name} before every request; the migration leaves that alone, and then nothing limits rates`,
    fix: `let ${name} call ${PRE_REQUEST}(), then accept it`,
    accept: 'pre-request',
  };
}

/** Collisions with what the project's own migrations leave behind. */
export function collisionsWithFiles(claims: ReadonlySet<ObjectKey>, theirs: Objects): Collision[] {
  const found: Collision[] = [];
  for (const [key, { file, line }] of theirs) {
    const where = `${file}:${line}`;
    const [kind, name = ''] = key.split(' ');
    if (kind === 'setting') {
      const value = name.slice(name.indexOf('=') + 1);
      if (value !== PRE_REQUEST && claims.has(`setting pgrst.db_pre_request=${PRE_REQUEST}`)) {
        found.push(preRequestCollision(value, where));
      }
    } else if (kind === 'hook') {
      if (name !== TOKEN_HOOK && claims.has(`hook ${TOKEN_HOOK}`)) {
        found.push(hookCollision(name, where));
      }
    } else if (key === ADMIN_ROLE.object) {
      if (claims.has(key)) {
        found.push({ ...ADMIN_ROLE, where });
      }
    } else if (kind !== 'schema' && claims.has(key)) {
      found.push(collide(key, where));
    }
  }
  if (claims.has('schema private')) {
    const inPrivate = [...theirs].filter(
      ([key]) => /^(relation|function) private\./.test(key) && !claims.has(key),
    );
    const first = inPrivate[0];
    if (first) {
      const [key, { file, line }] = first;
      const others = inPrivate.length === 1 ? '' : ` and ${inPrivate.length - 1} more`;
      found.push({
        ...PRIVATE_SCHEMA,
        object: 'schema private',
        where: `${file}:${line} (${key}${others})`,
      });
    }
  }
  return found;
}

/** Names that are taken in a database, with those that are only there through an accepted kind of collision. */
async function readCatalog(client: pg.ClientBase): Promise<Set<ObjectKey>> {
  const { rows } = await client.query<{ key: string }>(`
    select 'relation ' || n.nspname || '.' || c.relname as key
      from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname in ('public', 'private') and c.relkind <> 't'
    union
    select 'relation ' || n.nspname || '.' || t.typname
      from pg_catalog.pg_type as t join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
     where n.nspname in ('public', 'private') and t.typtype in ('e', 'd', 'r')
    union
    select 'function ' || n.nspname || '.' || p.proname
      from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
     where n.nspname in ('public', 'private')
    union
    select 'trigger ' || n.nspname || '.' || c.relname || '.' || t.tgname
      from pg_catalog.pg_trigger as t
      join pg_catalog.pg_class as c on c.oid = t.tgrelid
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where not t.tgisinternal
    union
    select 'policy ' || n.nspname || '.' || c.relname || '.' || p.polname
      from pg_catalog.pg_policy as p
      join pg_catalog.pg_class as c on c.oid = p.polrelid
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    union
    select 'setting ' || x.setting
      from pg_catalog.pg_db_role_setting as s
      join pg_catalog.pg_roles as r on r.oid = s.setrole
      cross join lateral unnest(s.setconfig) as x (setting)
     where r.rolname = 'authenticator' and x.setting like 'pgrst.db_pre_request=_%'
       and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database as d where d.datname = current_database()))
    union
    select 'hook ' || n.nspname || '.' || p.proname
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
      cross join lateral aclexplode(p.proacl) as x
      join pg_catalog.pg_roles as r on r.oid = x.grantee
     where r.rolname = 'supabase_auth_admin' and x.grantee <> p.proowner and x.privilege_type = 'EXECUTE'
       and n.nspname <> 'auth'
    union
    select 'role platform_admin'
      from pg_catalog.pg_roles as r
     where r.rolname = 'platform_admin'
       and (r.rolcanlogin or r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
            or exists (select from pg_catalog.pg_shdepend as d
                        where d.refclassid = 'pg_catalog.pg_authid'::regclass and d.refobjid = r.oid
                          and d.dbid = (select b.oid from pg_catalog.pg_database as b where b.datname = current_database())))`);
  const { rows: storage } = await client.query<{ there: boolean }>(
    `select to_regclass('storage.buckets') is not null as there`,
  );
  const buckets = storage[0]?.there
    ? (
        await client.query<{ key: string }>(
          `select 'bucket ' || b.id as key from storage.buckets as b`,
        )
      ).rows
    : [];
  return new Set([...rows, ...buckets].map(({ key }) => key));
}

/**
 * Collisions with what a database has.
 *
 * @param claims what the migrations to install take
 * @param installed what migrations of the package that were installed before took: those may be there
 */
export async function collisionsWithDatabase(
  client: pg.ClientBase,
  claims: ReadonlySet<ObjectKey>,
  installed: ReadonlySet<ObjectKey>,
): Promise<Collision[]> {
  const taken = await readCatalog(client);
  const where = 'database';
  const found: Collision[] = [];
  for (const key of taken) {
    const [kind, name = ''] = key.split(' ');
    if (installed.has(key)) {
      continue;
    }
    if (kind === 'setting') {
      const value = name.slice(name.indexOf('=') + 1);
      if (value !== PRE_REQUEST && claims.has(`setting pgrst.db_pre_request=${PRE_REQUEST}`)) {
        found.push(preRequestCollision(value, where));
      }
    } else if (kind === 'hook') {
      if (name !== TOKEN_HOOK && isTokenHook(name) && claims.has(`hook ${TOKEN_HOOK}`)) {
        found.push(hookCollision(name, where));
      }
    } else if (key === ADMIN_ROLE.object) {
      if (claims.has(key)) {
        found.push({ ...ADMIN_ROLE, where });
      }
    } else if (claims.has(key)) {
      found.push(collide(key, where));
    }
  }
  if (claims.has('schema private')) {
    const inPrivate = [...taken].filter(
      (key) =>
        /^(relation|function) private\./.test(key) && !claims.has(key) && !installed.has(key),
    );
    if (inPrivate.length > 0) {
      const others = inPrivate.length === 1 ? '' : ` and ${inPrivate.length - 1} more`;
      found.push({
        ...PRIVATE_SCHEMA,
        object: 'schema private',
        where: `${where} (${inPrivate[0]}${others})`,
      });
    }
  }
  return found.sort((a, b) => a.object.localeCompare(b.object));
}
