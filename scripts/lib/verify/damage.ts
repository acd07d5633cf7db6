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

/** Company B's rows before a statement. */
export interface Baseline {
  /** The lines that are the same each time. */
  readonly lines: readonly string[];
  /** Tables in which other lines stand each time, and how many. */
  readonly drawn: ReadonlyMap<string, number>;
}

const tableOf = (line: string): string => line.split(' | ', 1)[0] ?? '';

/** Of two looks at the same state what is the same in both, and where something is not. */
export function toBaseline(one: readonly string[], other: readonly string[]): Baseline {
  const again = new Set(other);
  const drawn = new Map<string, number>();
  for (const line of one.filter((each) => !again.has(each))) {
    drawn.set(tableOf(line), (drawn.get(tableOf(line)) ?? 0) + 1);
  }
  return { lines: one.filter((line) => again.has(line)), drawn };
}

/** What came, went or changed. Of rows that are drawn anew each time only whether they are as many. */
export function differences(before: Baseline, after: readonly string[]): string[] {
  const old = new Set(before.lines);
  const now = new Set(after);
  const came = after.filter((line) => !old.has(line));
  const counts = new Map<string, number>();
  for (const line of came) {
    counts.set(tableOf(line), (counts.get(tableOf(line)) ?? 0) + 1);
  }
  const isDrawn = (line: string): boolean =>
    before.drawn.has(tableOf(line)) &&
    before.drawn.get(tableOf(line)) === counts.get(tableOf(line));
  return [
    ...before.lines.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...[...before.drawn]
      .filter(([table, count]) => (counts.get(table) ?? 0) !== count)
      .map(([table, count]) => `- ${table} | ${count} rows that are drawn anew each time`),
    ...came.filter((line) => !isDrawn(line)).map((line) => `+ ${line}`),
  ];
}
