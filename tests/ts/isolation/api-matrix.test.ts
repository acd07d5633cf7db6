import type { PostgrestError, SupabaseClient } from '@supabase/supabase-js';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  actorLabel,
  isDeclaredAllowed,
  MATRIX_ACTORS,
  MATRIX_TABLES,
  type MatrixActor,
  VERBS,
  type Verb,
} from '../../../scripts/lib/access.ts';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { type Probe, placeProbe, prepareProbe, whereKey } from '../../../scripts/lib/probes.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';

// Any table, any column: the generated types would need one type a table here.
type AnyClient = SupabaseClient;

describe('the isolation matrix by supabase-js over PostgREST', () => {
  const db = useDatabase();
  const api = useApi(db);
  const clients = new Map<MatrixActor, AnyClient>();

  beforeAll(async () => {
    for (const actor of MATRIX_ACTORS) {
      const who =
        actor.company === undefined ? actor.actor : { as: actor.actor, company: actor.company };
      clients.set(actor, (await api.as(who)) as unknown as AnyClient);
    }
  });

  const reached = (error: PostgrestError | null, rows: number | null | undefined): string =>
    error === null
      ? (rows ?? 0) > 0
        ? 'allowed'
        : 'denied'
      : error.code === '42501'
        ? 'denied'
        : `error ${error.code} ${error.message}`;

  async function attempt(client: AnyClient, verb: Verb, probe: Probe): Promise<string> {
    const table = client.from(probe.table);
    const key = probe.key as Record<string, unknown>;
    if (verb === 'select') {
      const { data, error } = await table.select().match(key);
      return reached(error, data?.length);
    }
    if (verb === 'insert') {
      const { error } = await table.insert(probe.row as Record<string, unknown>);
      return reached(error, 1);
    }
    const { count, error } =
      verb === 'update'
        ? await table.update(probe.change as Record<string, unknown>, { count: 'exact' }).match(key)
        : await table.delete({ count: 'exact' }).match(key);
    return reached(error, count);
  }

  /** The owner removes what was inserted, from append-only tables too. */
  async function remove(probe: Probe): Promise<void> {
    const where = whereKey(probe);
    await db.client.query('begin');
    await db.client.query(`set local app.importing = 'on'`);
    if (probe.table === 'companies') {
      await db.client.query('delete from public.audit_logs where company_id = $1', [probe.key.id]);
    }
    await db.client.query(
      `delete from ${probe.schema}.${probe.table} where ${where.text}`,
      where.values,
    );
    await db.client.query('commit');
  }

  const tables = MATRIX_TABLES.filter((table) => !table.startsWith('storage.'));
  it.each(tables)('%s is as declared', async (table) => {
    const wrong: string[] = [];
    let controls = 0;
    for (const actor of MATRIX_ACTORS) {
      const client = clients.get(actor);
      if (client === undefined) {
        throw new Error(`no client for ${actorLabel(actor)}`);
      }
      for (const target of ['own', 'other'] as const) {
        if (table === 'system_config' && target === 'other') {
          continue;
        }
        const company = COMPANIES[actor[target]].id;
        for (const verb of VERBS) {
          const probe =
            verb === 'insert'
              ? await prepareProbe(db.client, table, company)
              : await placeProbe(db.client, table, company);
          const outcome = await attempt(client, verb, probe);
          const declared = isDeclaredAllowed(actor, table, verb, target) ? 'allowed' : 'denied';
          controls += outcome === 'allowed' ? 1 : 0;
          if (outcome !== declared) {
            wrong.push(`${actorLabel(actor)} ${verb} ${target}: ${outcome}, declared ${declared}`);
          }
          if (!(table === 'companies' && verb !== 'insert')) {
            await remove(probe);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(controls).toBeGreaterThan(0);
  });
});
