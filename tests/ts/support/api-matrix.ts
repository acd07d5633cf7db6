import type { PostgrestError, SupabaseClient } from '@supabase/supabase-js';
import type pg from 'pg';
import {
  actorLabel,
  isDeclaredAllowed,
  MATRIX_ACTORS,
  type MatrixActor,
  type MatrixTable,
  VERBS,
  type Verb,
} from '../../../scripts/lib/access.ts';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { type Probe, placeProbe, prepareProbe, whereKey } from '../../../scripts/lib/probes.ts';
import type { TestApi } from './api.ts';

// Any table, any column: the generated types would need one type a table here.
export type AnyClient = SupabaseClient;

/** A supabase-js client for each member of the cast. */
export async function matrixClients(api: TestApi): Promise<Map<MatrixActor, AnyClient>> {
  const clients = new Map<MatrixActor, AnyClient>();
  for (const actor of MATRIX_ACTORS) {
    const who =
      actor.company === undefined ? actor.actor : { as: actor.actor, company: actor.company };
    clients.set(actor, (await api.as(who)) as unknown as AnyClient);
  }
  return clients;
}

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
async function remove(owner: pg.ClientBase, probe: Probe): Promise<void> {
  const where = whereKey(probe);
  await owner.query('begin');
  await owner.query(`set local app.importing = 'on'`);
  if (probe.table === 'companies') {
    await owner.query('delete from public.audit_logs where company_id = $1', [probe.key.id]);
  }
  await owner.query(`delete from ${probe.schema}.${probe.table} where ${where.text}`, where.values);
  await owner.query('commit');
}

/** Tries every verb on a table, for everybody, on own and other rows: what is not as declared, and how much was allowed. */
export async function tryTable(
  owner: pg.ClientBase,
  clients: ReadonlyMap<MatrixActor, AnyClient>,
  table: MatrixTable,
): Promise<{ wrong: string[]; controls: number }> {
  const wrong: string[] = [];
  let controls = 0;
  for (const [actor, client] of clients) {
    for (const target of ['own', 'other'] as const) {
      if (table === 'system_config' && target === 'other') {
        continue;
      }
      const company = COMPANIES[actor[target]].id;
      for (const verb of VERBS) {
        const probe =
          verb === 'insert'
            ? await prepareProbe(owner, table, company)
            : await placeProbe(owner, table, company);
        const outcome = await attempt(client, verb, probe);
        const declared = isDeclaredAllowed(actor, table, verb, target) ? 'allowed' : 'denied';
        controls += outcome === 'allowed' ? 1 : 0;
        if (outcome !== declared) {
          wrong.push(`${actorLabel(actor)} ${verb} ${target}: ${outcome}, declared ${declared}`);
        }
        if (!(table === 'companies' && verb !== 'insert')) {
          await remove(owner, probe);
        }
      }
    }
  }
  return { wrong, controls };
}
