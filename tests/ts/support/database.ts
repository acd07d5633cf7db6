import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { cloneDatabase, connectCluster, dropDatabase } from '../../../scripts/lib/database.ts';
import type { Cluster } from '../../../scripts/lib/postgres.ts';
import type { TestServerInfo } from '../../../scripts/lib/test-server.ts';
// Declares the type of inject('testServer').
import type {} from './global-setup.ts';

/** The database of one test file. Its properties are there from `beforeAll` on. */
export interface TestDatabase {
  readonly name: string;
  /** Connection string of a role; `postgres`, which migrations run as, by default. */
  url(role?: string): string;
  /** Connection string of the superuser. */
  superUrl(): string;
  /** A connection as `postgres` that stays open for the whole file. */
  readonly client: pg.Client;
  /** Another connection, closed after the file. */
  connect(role?: string): Promise<pg.Client>;
  readonly cluster: Cluster;
}

/** Which template the database is cloned from. */
export interface TestDatabaseOptions {
  template?: keyof TestServerInfo['templates'];
}

/**
 * Gives a test file a database of its own: migrations and seed as in `npm start`, changed by nobody else, dropped
 * after the file. Call it once, outside of tests.
 */
export function useDatabase(options: TestDatabaseOptions = {}): TestDatabase {
  let state: { cluster: Cluster; name: string; client: pg.Client } | undefined;
  const open: pg.Client[] = [];
  const current = (): NonNullable<typeof state> => {
    if (!state) {
      throw new Error('the test database is there from beforeAll on, not while the file is read');
    }
    return state;
  };
  const connect = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url, application_name: 'vitest' });
    // Dropping the database ends connections that a failed test left open.
    client.on('error', () => undefined);
    await client.connect();
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    const server = inject('testServer');
    const cluster = await connectCluster(server.superUrl);
    const name = await cloneDatabase(cluster, server.templates[options.template ?? 'default']);
    state = { cluster, name, client: await connect(cluster.urlFor(name)) };
  });
  afterAll(async () => {
    await Promise.all(open.map((client) => client.end().catch(() => undefined)));
    if (state) {
      await dropDatabase(state.cluster, state.name);
    }
  });

  return {
    get name() {
      return current().name;
    },
    get client() {
      return current().client;
    },
    get cluster() {
      return current().cluster;
    },
    url: (role) => current().cluster.urlFor(current().name, role),
    superUrl: () => current().cluster.superUrl(current().name),
    connect: (role) => connect(current().cluster.urlFor(current().name, role)),
  };
}

/** Two sessions that race each other; both are closed after the file. */
export async function twoSessions(
  db: TestDatabase,
  role?: string,
): Promise<[first: pg.Client, second: pg.Client]> {
  return [await db.connect(role), await db.connect(role)];
}

/** Waits until a session waits for a lock, so that a race happens in the order that the test is about. */
export async function untilBlocked(db: TestDatabase, session: pg.Client): Promise<void> {
  const pid = (session as unknown as { processID: number }).processID;
  const observer = await db.connect();
  try {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const { rows } = await observer.query<{ blocked: boolean }>(
        'select cardinality(pg_blocking_pids($1)) > 0 as blocked',
        [pid],
      );
      if (rows[0]?.blocked) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    await observer.end();
  }
  throw new Error('the session waited for no lock within 4 seconds');
}
