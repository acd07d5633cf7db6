import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { withClient } from './client.ts';
import { supabaseDir } from './paths.ts';

/**
 * Migrations that were applied to a database and have been edited since. The Supabase CLI compares versions only and
 * would call such a database up to date; it keeps the statements that it ran, so they can be compared with the files.
 *
 * @returns file names, in order; empty where nothing was applied yet
 */
export async function findEditedMigrations(
  url: string,
  folder: string = join(supabaseDir, 'migrations'),
): Promise<string[]> {
  return withClient(url, (client) => readEditedMigrations(client, folder));
}

/** The same through a connection that is open. */
export async function readEditedMigrations(
  client: pg.ClientBase,
  folder: string,
): Promise<string[]> {
  const { rows: tables } = await client.query<{ found: boolean }>(
    `select to_regclass('supabase_migrations.schema_migrations') is not null as found`,
  );
  const applied = new Map<string, string[]>();
  if (tables[0]?.found) {
    const { rows } = await client.query<{ version: string; statements: string[] | null }>(
      'select version, statements from supabase_migrations.schema_migrations',
    );
    for (const { version, statements } of rows) {
      applied.set(version, statements ?? []);
    }
  }
  const edited: string[] = [];
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()) {
    const statements = applied.get(name.slice(0, 14));
    // Without statements the history was repaired by hand and says nothing.
    if (statements !== undefined && statements.length > 0) {
      if (!isMadeOf(await readFile(join(folder, name), 'utf8'), statements)) {
        edited.push(name);
      }
    }
  }
  return edited;
}

/** True if the file is these statements in this order, and otherwise only comments, semicolons and white space. */
export function isMadeOf(sql: string, statements: readonly string[]): boolean {
  let rest = sql;
  let between = '';
  for (const statement of statements) {
    const index = rest.indexOf(statement);
    if (index < 0) {
      return false;
    }
    between += rest.slice(0, index);
    rest = rest.slice(index + statement.length);
  }
  return (between + rest).replaceAll(/--[^\n]*/g, '').replaceAll(/[\s;]/g, '') === '';
}
