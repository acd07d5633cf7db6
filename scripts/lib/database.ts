import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { applyBaseline, ensurePostgresRole } from './baseline.ts';
import { withClient } from './client.ts';
import { EXIT, messageOf, UserError } from './errors.ts';
import { stateDir, workDir } from './paths.ts';
import {
  type Cluster,
  LOCAL_PASSWORD,
  type Major,
  SUPERUSER,
  startCluster,
  stopLeftover,
} from './postgres.ts';
import { isAlive, sleep } from './processes.ts';
import { runningStack } from './stack-state.ts';
import { dbPush } from './supabase-cli.ts';

export interface TemplateOptions {
  /** Supabase's old automatic grants (true) or the new default, none (false, the default here too). */
  autoGrants?: boolean;
  /** Loads `supabase/seed.sql`, when there is one (default true). */
  seed?: boolean;
  /** Creates pgTAP in the schema `extensions` (default true). */
  pgtap?: boolean;
  /** Applies the migrations (default true); false leaves a new, empty project. */
  migrations?: boolean;
  /** The parent of the `supabase` folder; this repository's by default. */
  workdir?: string;
}

/** Creates an empty database that belongs to `postgres`. */
export async function createDatabase(cluster: Cluster, name: string): Promise<void> {
  await withClient(cluster.superUrl('postgres'), async (client) => {
    await ensurePostgresRole(client);
    await client.query(`create database ${pg.escapeIdentifier(name)} owner postgres`);
  });
}

/**
 * Creates a database to clone from: baseline, migrations by the real `supabase db push` as role
 * `postgres`, seed, pgTAP.
 */
export async function createTemplate(
  cluster: Cluster,
  name: string,
  options: TemplateOptions = {},
): Promise<string> {
  const workdir = options.workdir ?? workDir;
  await createDatabase(cluster, name);
  try {
    await applyBaseline(cluster, name, { autoGrants: options.autoGrants ?? false });
    if (options.migrations ?? true) {
      const seed = (options.seed ?? true) && existsSync(join(workdir, 'supabase/seed.sql'));
      await dbPush(cluster.urlFor(name), { workdir, includeSeed: seed });
    }
    if (options.pgtap ?? true) {
      await createPgtap(cluster, name);
    }
  } catch (error) {
    await dropDatabase(cluster, name).catch(() => undefined);
    throw error;
  }
  return name;
}

/** Creates pgTAP where the server has it. */
export async function createPgtap(cluster: Cluster, name: string): Promise<void> {
  await withClient(cluster.superUrl(name), async (client) => {
    try {
      await client.query('create extension if not exists pgtap with schema extensions');
    } catch (error) {
      throw new UserError('This PostgreSQL has no pgTAP.', {
        details: messageOf(error),
        fix: `install it (Debian: apt-get install postgresql-${cluster.major}-pgtap)`,
        exitCode: EXIT.tool,
      });
    }
  });
}

/**
 * Copies a database, by default under a random name, and returns the name. Nobody may be connected
 * to the template at that moment; a connection that is just closing is waited for.
 */
export async function cloneDatabase(
  cluster: Cluster,
  template: string,
  newName: string = `test_${randomBytes(6).toString('hex')}`,
): Promise<string> {
  const sql = `create database ${pg.escapeIdentifier(newName)} template ${pg.escapeIdentifier(template)} owner postgres`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withClient(cluster.superUrl('postgres'), (client) => client.query(sql));
      return newName;
    } catch (error) {
      // object_in_use: somebody is still connected to the template.
      if ((error as { code?: string }).code !== '55006' || attempt === 40) {
        throw error;
      }
      await sleep(50 * attempt);
    }
  }
}

/** Drops a database with whatever is still connected to it. */
export async function dropDatabase(cluster: Cluster, name: string): Promise<void> {
  await withClient(cluster.superUrl('postgres'), (client) =>
    client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
  );
}

/** A database that a command works on, and where the choice came from. */
export interface ResolvedDatabase {
  url: string;
  source: '--db' | 'DATABASE_URL' | 'local stack';
}

/** Which database a command works on: `--db`, else DATABASE_URL, else the running local stack. */
export async function resolveDatabase(
  options: { db?: string | undefined } = {},
): Promise<ResolvedDatabase> {
  if (options.db) {
    return { url: checkedUrl(options.db, '--db'), source: '--db' };
  }
  if (process.env.DATABASE_URL) {
    return { url: checkedUrl(process.env.DATABASE_URL, 'DATABASE_URL'), source: 'DATABASE_URL' };
  }
  const stack = runningStack(stateDir);
  if (stack?.dbUrl) {
    return { url: stack.dbUrl, source: 'local stack' };
  }
  if (stack) {
    throw new UserError('The local stack is still starting.', {
      fix: 'wait until `npm start` has printed its URLs, or pass --db <url>',
    });
  }
  throw new UserError('No local stack is running.', {
    fix: 'run `npm start` in another terminal, or pass --db <url> (or set DATABASE_URL)',
  });
}

/** A PostgreSQL connection string, or one sentence why it is none. */
export function checkedUrl(url: string, source: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol !== 'postgresql:' && protocol !== 'postgres:') {
    throw new UserError(`${source} is not a PostgreSQL connection string.`, {
      fix: 'use the form postgresql://user:password@host:5432/database, with special characters percent-encoded',
    });
  }
  return url;
}

/**
 * A server for tests: the one that DATABASE_URL names, else a container with
 * LYTBUB_TEST_PROVIDER=docker (`@databases/pg-test`), else an embedded, throw-away one. Tests make
 * databases of their own in it and leave what is there alone.
 */
export async function startTestCluster(
  options: { url?: string; major?: Major; cronDatabase?: string; persistent?: boolean } = {},
): Promise<Cluster> {
  const url = options.url ?? process.env.DATABASE_URL;
  if (url) {
    return connectCluster(checkedUrl(url, 'DATABASE_URL'));
  }
  if (process.env.LYTBUB_TEST_PROVIDER === 'docker') {
    return startContainer();
  }
  await removeStaleTestClusters();
  const dir = join(tmpdir(), `lytbub-test-${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(dir, { mode: 0o755 });
  chmodSync(dir, 0o755);
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    const cluster = await startCluster({
      dataDir: join(dir, 'data'),
      major: options.major ?? majorFromEnvironment(),
      persistent: options.persistent ?? false,
      ...(options.cronDatabase === undefined ? {} : { cronDatabase: options.cronDatabase }),
    });
    return {
      ...cluster,
      stop: async () => {
        await cluster.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The PostgreSQL version to test on: LYTBUB_PG_MAJOR, 17 by default. */
export function majorFromEnvironment(): Major {
  const value = process.env.LYTBUB_PG_MAJOR ?? '17';
  if (value !== '15' && value !== '17') {
    throw new UserError(`LYTBUB_PG_MAJOR is "${value}".`, { fix: 'set it to 15 or 17' });
  }
  return value === '15' ? 15 : 17;
}

/**
 * A server that already runs, seen through a superuser's connection string (or one whose
 * `supabase_admin` has the same password, as in `supabase start`). Stopping it does nothing.
 */
export async function connectCluster(url: string): Promise<Cluster> {
  const given = new URL(url);
  const withUser = (user: string, password: string, database?: string): string => {
    const changed = new URL(url);
    changed.username = user;
    changed.password = password;
    if (database !== undefined) {
      changed.pathname = `/${encodeURIComponent(database)}`;
    }
    return changed.href;
  };
  const superUrls = [url, withUser(SUPERUSER, decodeURIComponent(given.password))];
  for (const candidate of superUrls) {
    const server = await describeServer(candidate);
    if (!server?.superuser) {
      continue;
    }
    const { username, password } = new URL(candidate);
    if (username === 'postgres') {
      // The baseline makes `postgres` an ordinary role; on this server that would lock people out.
      throw new UserError('On this server `postgres` is the superuser; on Supabase it is not.', {
        fix: 'use a server whose superuser has another name (docker: -e POSTGRES_USER=supabase_admin), or leave DATABASE_URL unset',
      });
    }
    return {
      version: server.version,
      major: server.major,
      port: Number(given.port || 5432),
      pid: 0,
      dataDir: '',
      logFile: '',
      cronDatabase: undefined,
      superUrl: (database) =>
        withUser(decodeURIComponent(username), decodeURIComponent(password), database),
      urlFor: (database, role = 'postgres') => withUser(role, LOCAL_PASSWORD, database),
      exited: new Promise(() => undefined),
      stop: async () => undefined,
    };
  }
  throw new UserError("Tests create databases and roles, and this URL is no superuser's.", {
    fix: 'use a throw-away server (leave DATABASE_URL unset for the embedded one); never run tests on a production database',
  });
}

async function describeServer(
  url: string,
): Promise<{ version: string; major: Major; superuser: boolean } | undefined> {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query<{ version: string; superuser: boolean }>(
        `select current_setting('server_version') as version,
                (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser`,
      );
      const row = rows[0];
      const version = row?.version.split(' ')[0] ?? '';
      const superuser = row?.superuser ?? false;
      if (superuser) {
        // The baseline gives objects to this role, whatever the server's own superuser is called.
        await client.query(
          `do $$ begin create role ${SUPERUSER} superuser login password '${LOCAL_PASSWORD}';
             exception when duplicate_object or unique_violation then null; end $$`,
        );
      }
      return { version, major: Number.parseInt(version, 10) >= 16 ? 17 : 15, superuser };
    });
  } catch {
    return undefined;
  }
}

async function startContainer(): Promise<Cluster> {
  const { default: pgTest } = await import('@databases/pg-test');
  try {
    const { databaseURL, kill } = await pgTest.default({ image: 'postgres:17' });
    const cluster = await connectCluster(databaseURL);
    return { ...cluster, stop: kill };
  } catch (error) {
    throw new UserError('The PostgreSQL container could not be started.', {
      details: messageOf(error),
      fix: 'start Docker, or unset LYTBUB_TEST_PROVIDER to use the embedded PostgreSQL',
      exitCode: EXIT.tool,
    });
  }
}

/** Throw-away servers whose test run was killed: stopped and removed. */
async function removeStaleTestClusters(): Promise<void> {
  for (const entry of readdirSync(tmpdir())) {
    const pid = Number(/^lytbub-test-(\d+)-[0-9a-f]+$/.exec(entry)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid)) {
      const dir = join(tmpdir(), entry);
      try {
        await stopLeftover(join(dir, 'data'));
        rmSync(dir, { recursive: true, force: true });
      } catch {
        // Somebody else's, or being removed by another run.
      }
    }
  }
}
