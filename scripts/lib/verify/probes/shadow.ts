/**
 * Attacks with temporary objects: PostgreSQL looks in the session's temporary schema first unless a function's search
 * path says otherwise. A temporary table of the membership's name says that the actor belongs to company B.
 */
import type { Actor } from '../actors.ts';
import { whereRow } from '../populate.ts';
import { functionProbes } from './functions.ts';
import {
  columnsFor,
  ident,
  literal,
  type Probe,
  quote,
  rowIn,
  type Scene,
  subjectOf,
} from './probe.ts';

const MOST_CALLS = 6;

/** Everything that somebody tries behind a false membership. */
export function shadowProbes(
  scene: Scene,
  actor: Actor,
  wanted: (object: string) => boolean,
): Probe[] {
  const { catalog, tenancy, b } = scene;
  const { membership } = tenancy;
  const member = membership ? b.rows.get(membership.relation.id)?.[0] : undefined;
  if (!membership || !member || actor.userId === null || actor.kind !== 'attacker') {
    return [];
  }
  const columns = membership.relation.columns.map(({ name, type }) => {
    const value =
      name === membership.user ? quote(actor.userId ?? '') : literal(member.values[name]);
    return `${value}::${type} as ${ident(name)}`;
  });
  const lie = `create temporary table ${ident(membership.relation.name)} as select ${columns.join(', ')}`;
  const probes: Probe[] = [];
  for (const relation of catalog.relations) {
    const theirs = rowIn(b, relation);
    const selectable = columnsFor(scene, actor, relation, 'select');
    if (
      !theirs ||
      !selectable ||
      !wanted(relation.id) ||
      tenancy.scopeOf(relation).kind === 'shared'
    ) {
      continue;
    }
    const select = `select ${selectable.map(ident).join(', ')} from ${relation.sql} where ${whereRow(theirs)}`;
    probes.push({
      ...subjectOf(relation),
      verb: 'shadow',
      target: 'other',
      sql: `${lie}; ${select}`,
      control: select,
      judge: 'direct',
      rule: 'row-read',
    });
  }
  for (const routine of catalog.routines) {
    const reachable = catalog.rights.get(`${actor.role} ${routine.id}`)?.includes('execute');
    const calls = reachable && wanted(routine.id) ? functionProbes(scene, actor, routine) : [];
    for (const { unless, ...call } of calls.slice(0, MOST_CALLS)) {
      if (unless === undefined) {
        probes.push({ ...call, verb: 'shadow', sql: `${lie}; ${call.sql}`, control: call.sql });
      }
    }
  }
  return probes;
}
