import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { withClient } from './client.ts';
import { EXIT, messageOf, UserError } from './errors.ts';
import type { Cluster } from './postgres.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'baseline');

export interface BaselineOptions {
  /** True: Supabase's old automatic grants on new objects in `public`. False: the new default, none. */
  autoGrants: boolean;
}

/** What a database's baseline is. */
export interface BaselineState {
  /** The fingerprint of the SQL that was applied, or undefined when none was. */
  applied: string | undefined;
  /** The fingerprint of the SQL in this repository. */
  current: string;
}

/**
 * Makes a database look like a new hosted Supabase project: roles, schemas `auth`, `storage`,
 * `extensions`, `realtime`, their owners and privileges. One transaction: a database has all of it
 * or none. A database that has it already is left alone.
 */
export async function applyBaseline(
  cluster: Cluster,
  database: string,
  options: BaselineOptions,
): Promise<BaselineState> {
  const current = fingerprint(options);
  return withClient(cluster.superUrl(database), async (client) => {
    const applied = await readFingerprint(client);
    if (applied !== undefined) {
      return { applied, current };
    }
    await ensurePostgresRole(client);
    await client.query(`alter database ${pg.escapeIdentifier(database)} owner to postgres`);
    await client.query('begin');
    try {
      for (const [name, sql] of files(options)) {
        await apply(client, name, sql);
      }
      // Kept with the database itself, not in a schema that hosted does not have.
      await client.query(
        `comment on database ${pg.escapeIdentifier(database)} is ${pg.escapeLiteral(mark(current))}`,
      );
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
    if (cluster.cronDatabase === database) {
      await enableCron(client);
    }
    return { applied: current, current };
  });
}

/** Databases belong to `postgres`, which a new cluster does not have yet. */
export async function ensurePostgresRole(client: pg.ClientBase): Promise<void> {
  await client.query(
    `do $$ begin create role postgres; exception when duplicate_object or unique_violation then null; end $$`,
  );
}

async function apply(client: pg.Client, name: string, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    throw new UserError(`The local baseline could not be applied (${name}).`, {
      details: messageOf(error),
      fix: 'run `npm run reset`; if it stays, this is a bug: please report it with the lines above',
      exitCode: EXIT.tool,
      cause: error,
    });
  }
}

/** pg_cron is created by a superuser on hosted too; `postgres` may schedule jobs and read them. */
export async function enableCron(client: pg.ClientBase): Promise<void> {
  await client.query(`
    create extension if not exists pg_cron;
    grant usage on schema cron to postgres with grant option;
    grant all on all tables in schema cron to postgres with grant option;
    revoke all on table cron.job from postgres;
    grant select on table cron.job to postgres with grant option;
    grant all on all functions in schema cron to postgres with grant option;
  `);
}

function files(options: BaselineOptions): [name: string, sql: string][] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .filter((name) => options.autoGrants || name !== '07_auto_grants.sql')
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

function fingerprint(options: BaselineOptions): string {
  const hash = createHash('sha256');
  for (const [name, sql] of files(options)) {
    hash.update(name).update(sql);
  }
  return hash.digest('hex').slice(0, 16);
}

function mark(value: string): string {
  return `local Supabase baseline ${value}`;
}

async function readFingerprint(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ comment: string | null; has_auth: boolean }>(`
    select
      pg_catalog.shobj_description(oid, 'pg_database') as comment,
      pg_catalog.to_regclass('auth.users') is not null as has_auth
    from pg_catalog.pg_database
    where datname = current_database()`);
  const comment = rows[0]?.comment ?? '';
  const found = /^local Supabase baseline (\w+)$/.exec(comment)?.[1];
  // A clone of a template has the objects but not the comment.
  return found ?? (rows[0]?.has_auth ? 'cloned' : undefined);
}
