import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { readEditedMigrations } from '../edited-migrations.ts';
import { supabaseDir } from '../paths.ts';
import type { Raw } from './types.ts';

/** Compares the files with the history that the Supabase CLI or dbmate keeps in the database. */
export async function compareMigrations(
  client: pg.ClientBase,
  folder: string = join(supabaseDir, 'migrations'),
): Promise<Raw[]> {
  const applied = await readHistory(client);
  if (applied === undefined) {
    return [{ check_id: 'schema.history_unknown', evidence: {} }];
  }
  const files = (await readdir(folder)).filter((name) => /^\d{14}_.*\.sql$/.test(name)).sort();
  const missing = files.filter((name) => !applied.has(name.slice(0, 14)));
  const unknown = [...applied].filter((version) => !files.some((name) => name.startsWith(version)));
  return [
    ...missing.map((migration) => ({
      check_id: 'schema.migration_missing',
      evidence: { migration },
    })),
    ...unknown.map((migration) => ({
      check_id: 'schema.migration_unknown',
      evidence: { migration },
    })),
    ...(await readEditedMigrations(client, folder)).map((migration) => ({
      check_id: 'schema.migration_edited',
      evidence: { migration },
    })),
  ];
}

async function readHistory(client: pg.ClientBase): Promise<Set<string> | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `select t.name from unnest('{supabase_migrations.schema_migrations,public.schema_migrations}'::text[]) as t (name)
      where to_regclass(t.name) is not null`,
  );
  if (rows.length === 0) {
    return undefined;
  }
  const versions = new Set<string>();
  for (const { name } of rows) {
    const history = await client.query<{ version: string }>(`select version from ${name}`);
    for (const { version } of history.rows) {
      versions.add(version);
    }
  }
  return versions;
}
