import type pg from 'pg';

/** Where a tool writes down which migrations a database has. */
const HISTORIES = [
  { tool: 'supabase', table: 'supabase_migrations.schema_migrations' },
  { tool: 'dbmate', table: 'public.schema_migrations' },
] as const;

/** Versions of the migrations that a database has, by whichever tool they were applied. */
export async function appliedVersions(client: pg.ClientBase): Promise<Set<string>> {
  const versions = new Set<string>();
  for (const { table } of HISTORIES) {
    const { rows } = await client.query<{ there: boolean }>(
      'select to_regclass($1) is not null as there',
      [table],
    );
    if (rows[0]?.there) {
      const applied = await client.query<{ version: string }>(`select version::text from ${table}`);
      for (const { version } of applied.rows) {
        versions.add(version);
      }
    }
  }
  return versions;
}
