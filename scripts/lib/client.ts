import pg from 'pg';
import { EXIT, messageOf, UserError } from './errors.ts';

/** Opens a connection, runs the function, closes the connection whatever happens. */
export async function withClient<T>(
  url: string,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  // Without a listener a connection that breaks while idle would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new UserError(`cannot connect to ${describeUrl(url)}: ${messageOf(error)}`, {
      fix: 'start the database, or name another one with --db <url>',
      exitCode: EXIT.tool,
      cause: error,
    });
  }
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

/** Runs the function inside a transaction that is always rolled back. */
export async function inRolledBackTransaction<T>(
  client: pg.ClientBase,
  run: () => Promise<T>,
): Promise<T> {
  await client.query('begin');
  try {
    return await run();
  } finally {
    await client.query('rollback');
  }
}

/** A URL as it may be shown: without its password. */
export function describeUrl(url: string): string {
  if (!URL.canParse(url)) {
    return 'the database';
  }
  const parsed = new URL(url);
  return `${parsed.username}@${parsed.host}${parsed.pathname}`;
}
