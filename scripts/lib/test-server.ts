import { randomBytes } from 'node:crypto';
import { withClient } from './client.ts';
import { createTemplate, dropDatabase, startTestCluster } from './database.ts';
import { clearingUp } from './interrupts.ts';
import { type Reporter, withStep } from './output.ts';
import type { Cluster, Major } from './postgres.ts';

/** What a test process has to know about the server that the run has set up. */
export interface TestServerInfo {
  /** Superuser's connection string of the database `postgres`. */
  superUrl: string;
  /** Template databases to clone. */
  templates: {
    /** Migrations, seed and pgTAP, in a project whose `public` grants nothing by itself. */
    default: string;
    /** The same in a project with Supabase's old automatic grants. */
    autoGrants: string;
    /** A new project without migrations. */
    empty: string;
  };
}

/** A server with its templates, for one run of the tests. */
export interface TestServer extends TestServerInfo {
  cluster: Cluster;
  /** Drops the templates, and stops the server if it was started for this run. */
  stop(): Promise<void>;
}

/** How to set up a {@link TestServer}. */
export interface TestServerOptions {
  major?: Major;
  /** A server that may be used as a throw-away one; otherwise one is started. */
  url?: string;
  /** Only the default template, for runs that need no other. */
  onlyDefault?: boolean;
}

/** Environment variable that hands a server on to the processes of a run. */
export const TEST_SERVER_ENV = 'LYTBUB_TEST_SERVER';

/** Starts a server, or connects to one, and makes the templates that test databases are cloned from. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const cluster = await startTestCluster({
    ...(options.url === undefined ? {} : { url: options.url }),
    ...(options.major === undefined ? {} : { major: options.major }),
  });
  const suffix = randomBytes(4).toString('hex');
  const templates = {
    default: `template_${suffix}`,
    autoGrants: `template_auto_grants_${suffix}`,
    empty: `template_empty_${suffix}`,
  };
  const stop = async (): Promise<void> => {
    for (const name of Object.values(templates)) {
      await dropDatabase(cluster, name).catch(() => undefined);
    }
    await cluster.stop();
  };
  try {
    // One after the other: the baseline's roles belong to the whole server.
    await createTemplate(cluster, templates.default);
    if (!options.onlyDefault) {
      await createTemplate(cluster, templates.autoGrants, { autoGrants: true });
      await createTemplate(cluster, templates.empty, { migrations: false, seed: false });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { superUrl: cluster.superUrl('postgres'), templates, cluster, stop };
}

/** Starts a server for the time that the function runs, also when the run is interrupted. */
export async function withTestServer<T>(
  options: TestServerOptions & { reporter: Reporter },
  run: (server: TestServer) => Promise<T>,
): Promise<T> {
  let starting: Promise<TestServer> | undefined;
  return clearingUp(
    async () => {
      const title = `test server and template database${options.onlyDefault ? '' : 's'}`;
      const server = await withStep(options.reporter, title, async (detail) => {
        starting = startTestServer(options);
        detail(`PostgreSQL ${(await starting).cluster.version}`);
        return starting;
      });
      return run(server);
    },
    async () => (await starting?.catch(() => undefined))?.stop(),
  );
}

/** True if a database is a Supabase project already (it has the schema `auth`). */
export async function isSupabaseProject(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ found: boolean }>(
      `select to_regclass('auth.users') is not null as found`,
    );
    return rows[0]?.found ?? false;
  });
}
