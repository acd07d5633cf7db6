import { beforeAll, describe, expect, it } from 'vitest';
import { MATRIX_ACTORS, MATRIX_TABLES } from '../../../scripts/lib/access.ts';
import { useApi } from '../support/api.ts';
import { matrixClients, tryTable } from '../support/api-matrix.ts';
import { useDatabase } from '../support/database.ts';

describe('the isolation matrix by supabase-js over PostgREST', () => {
  const db = useDatabase();
  const api = useApi(db);
  let clients: Awaited<ReturnType<typeof matrixClients>>;

  beforeAll(async () => {
    clients = await matrixClients(api);
    expect(clients.size).toBe(MATRIX_ACTORS.length);
  });

  const tables = MATRIX_TABLES.filter((table) => !table.startsWith('storage.'));
  it.each(tables)('%s is as declared', async (table) => {
    const { wrong, controls } = await tryTable(db.client, clients, table);
    expect(wrong).toEqual([]);
    expect(controls).toBeGreaterThan(0);
  });
});
