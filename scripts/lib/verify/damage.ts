/** A fingerprint of company B's rows, to see what a statement did to them. */
import pg from 'pg';
import { keyOf, whereRow } from './populate.ts';
import type { Scene } from './probes/probe.ts';

const ident = pg.escapeIdentifier;
const quote = pg.escapeLiteral;

/** SQL that answers one line for each row of company B: table, key, digest. */
export function fingerprintSql(scene: Scene): string {
  const { catalog, tenancy, b } = scene;
  const parts: string[] = [];
  for (const relation of catalog.relations) {
    if (
      (relation.kind !== 'table' && relation.kind !== 'partitioned table') ||
      relation.id === 'storage.objects'
    ) {
      continue;
    }
    const scope = tenancy.scopeOf(relation);
    const condition =
      relation.id === tenancy.people?.id
        ? b.people
            .map(({ id }) => `${ident(keyOf(relation)[0] ?? 'id')} = ${quote(id)}`)
            .join(' or ')
        : scope.kind === 'tenant'
          ? `${ident(scope.column)} = ${quote(b.party.id)}`
          : scope.kind === 'linked'
            ? linkedRows(scene, relation.id)
            : '';
    if (condition) {
      const key = keyOf(relation);
      const named = key.length > 0 ? `concat_ws(',', ${key.map(ident).join(', ')})` : "''";
      parts.push(
        `select ${quote(relation.id)} as at, ${named} as key, md5(r::text) as digest from ${relation.sql} as r where ${condition}`,
      );
    }
  }
  if (catalog.buckets.length > 0) {
    parts.push(
      `select 'storage.objects', bucket_id || '/' || name, md5(o::text) from storage.objects as o where name ilike ${quote(`%${b.party.id}%`)} and name not ilike ${quote(`${scene.a.party.id}/%`)}`,
    );
  }
  return parts.length > 0 ? parts.join(' union all ') : 'select 1 where false';
}

function linkedRows(scene: Scene, id: string): string {
  const relation = scene.catalog.relation(id);
  const rows = scene.b.rows.get(id) ?? [];
  const conditions = rows.map((row) => `(${whereRow(row)})`);
  for (const key of relation?.foreignKeys ?? []) {
    const parent = scene.b.rows.get(key.target)?.[0];
    if (parent && key.target !== id && key.target !== scene.tenancy.people?.id) {
      conditions.push(
        `(${key.columns.map((name, index) => `${ident(name)} = ${quote(parent.values[key.targetColumns[index] ?? ''] ?? '')}`).join(' and ')})`,
      );
    }
  }
  return conditions.join(' or ');
}

/** What came, went or changed. */
export function differences(before: readonly string[], after: readonly string[]): string[] {
  const old = new Set(before);
  const now = new Set(after);
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ];
}
