/** The two worlds: everything is tried while company B is there, and again while it is not. */
import pg from 'pg';
import type { Actor, Cast } from './actors.ts';
import type { Catalog, Relation } from './catalog.ts';
import type { VerifyConfig } from './config.ts';
import { type Baseline, differences, fingerprintSql, toBaseline } from './damage.ts';
import { isDenial, isSame, type Tried } from './judge.ts';
import { keyOf, type Population, type Row, whereRow } from './populate.ts';
import { functionProbes } from './probes/functions.ts';
import { bucketProbes, sequenceProbes } from './probes/objects.ts';
import { clearingKey, type Probe, type Scene } from './probes/probe.ts';
import { relationProbes } from './probes/relations.ts';
import { shadowProbes } from './probes/shadow.ts';
import type { Outcome, Session } from './session.ts';

/** Which objects are tried. */
export type Filter = (object: string) => boolean;

/** Everything that an actor tries, in a stable order. */
export function probesOf(scene: Scene, actor: Actor, wanted: Filter): Probe[] {
  const { catalog } = scene;
  return [
    ...catalog.relations
      .filter(({ id }) => id !== 'storage.objects' && wanted(id))
      .flatMap((relation) => relationProbes(scene, actor, relation)),
    ...catalog.sequences.filter(({ id }) => wanted(id)).flatMap((one) => sequenceProbes(one)),
    ...catalog.routines
      .filter(({ id }) => wanted(id))
      .flatMap((routine) => functionProbes(scene, actor, routine)),
    ...catalog.buckets
      .filter((bucket) => wanted(`storage.objects in ${bucket}`))
      .flatMap((bucket) => bucketProbes(scene, actor, bucket)),
    ...shadowProbes(scene, actor, wanted),
  ];
}

/** Tries everything while company B is there. */
export async function tryEverything(
  session: Session,
  scene: Scene,
  actors: readonly Actor[],
  wanted: Filter,
  progress: (done: number, of: number) => void,
): Promise<Tried[]> {
  const fingerprint = fingerprintSql(scene);
  const baselines = new Map<string, Baseline>();
  const inspectAfter = async (prepare: string): Promise<string[]> => {
    await session.client.query(`rollback to savepoint attempt${prepare ? `; ${prepare}` : ''}`);
    return session.inspect(fingerprint);
  };
  const baseline = async (prepare: string): Promise<Baseline> => {
    const known = baselines.get(prepare);
    if (known) {
      return known;
    }
    const lines = await inspectAfter(prepare);
    // What prepares a try may write rows of its own, with ids that are drawn anew each time.
    const made = toBaseline(lines, prepare ? await inspectAfter(prepare) : lines);
    baselines.set(prepare, made);
    return made;
  };
  const tried: Tried[] = [];
  await session.begin();
  for (const [index, actor] of actors.entries()) {
    progress(index, actors.length);
    const open = new Map<string, boolean>();
    for (const probe of probesOf(scene, actor, wanted)) {
      if (probe.unless !== undefined) {
        if (!open.has(probe.unless)) {
          const anyway = await session.attempt(actor, { sql: probe.unless });
          open.set(probe.unless, anyway.count > 0);
        }
        if (open.get(probe.unless)) {
          continue;
        }
      }
      const seen = await session.attempt(actor, probe);
      let damage: string[] = [];
      if (mayHaveWritten(probe, seen, scene.catalog)) {
        const after = await session.inspect(fingerprint);
        damage = differences(await baseline(probe.prepare ?? ''), after);
      }
      tried.push({ actor, probe, seen, unseen: [], damage });
    }
  }
  await session.end();
  return tried;
}

const READING = new Set(['select', 'lock', 'join', 'error', 'sequence', 'estimate']);

function mayHaveWritten(probe: Probe, seen: Outcome, catalog: Catalog): boolean {
  if (
    seen.code !== null ||
    READING.has(probe.verb) ||
    (probe.verb === 'copy' && probe.input === undefined)
  ) {
    return false;
  }
  if (probe.kind === 'function') {
    return catalog.routines.find(({ id }) => id === probe.object)?.volatile ?? true;
  }
  return (
    seen.count > 0 ||
    probe.judge === 'privilege' ||
    (catalog.relation(probe.object)?.sideEffects ?? false)
  );
}

/** How often a try that came to something else is repeated, to see what differs by itself. */
const REPETITIONS = 2;

/** The same tries while company B is not there. */
export async function tryWithout(
  session: Session,
  tried: readonly Tried[],
  progress: (done: number, of: number) => void,
): Promise<void> {
  await session.begin();
  for (const [index, one] of tried.entries()) {
    if (index % 500 === 0) {
      progress(index, tried.length);
    }
    if (one.actor.kind !== 'attacker') {
      continue;
    }
    one.unseen.push(await session.attempt(one.actor, one.probe));
    if (!isSame(one.seen, one.unseen)) {
      for (let again = 0; again < REPETITIONS; again += 1) {
        one.unseen.push(await session.attempt(one.actor, one.probe));
      }
    }
  }
  await session.end();
}

/** Who could, for a statement. */
export interface Control {
  readonly by: Actor;
  readonly outcome: Outcome;
}

/** Key of a statement: the same statement needs its control once. */
export function statementKey(probe: Probe): string {
  return `${probe.prepare ?? ''};${probe.control ?? probe.sql};${probe.input ?? ''}`;
}

/** For each statement that was denied to somebody: the first of those who may that could. */
export async function findControls(
  session: Session,
  catalog: Catalog,
  tried: readonly Tried[],
  cast: Cast,
  config: VerifyConfig,
): Promise<Map<string, Control>> {
  const found = new Map<string, Control>();
  const asked = new Set<string>();
  await session.begin();
  for (const { probe, seen, actor } of tried) {
    if (actor.kind !== 'attacker' || probe.target === 'own') {
      continue;
    }
    const key = `${seen.code === '42501' ? 'right' : 'rows'} ${statementKey(probe)}`;
    if (asked.has(key) || probe.judge === 'oracle') {
      continue;
    }
    asked.add(key);
    for (const by of cast.controls) {
      const outcome = await session.attempt(by, { ...probe, sql: probe.control ?? probe.sql });
      if (isControl(probe, seen, outcome, config)) {
        found.set(key, { by, outcome });
        break;
      }
    }
    const relation = catalog.relation(probe.object);
    if (found.has(key) || !relation || seen.routine !== 'aclcheck_error') {
      continue;
    }
    // Nobody has the right: somebody of B is given it, for as long as the statement takes.
    for (const by of cast.controls.filter(({ role }) => catalog.roles.includes(role))) {
      const prepare = `${probe.prepare ? `${probe.prepare}; ` : ''}grant all on ${relation.sql} to ${pg.escapeIdentifier(by.role)}`;
      const sql = probe.control ?? probe.sql;
      const outcome = await session.attempt(by, { ...probe, sql, prepare });
      if (isControl(probe, seen, outcome, config)) {
        found.set(key, { by: { ...by, name: `${by.name}, were it granted` }, outcome });
        break;
      }
    }
  }
  await session.end();
  return found;
}

/** The control of a try, if there is one. */
export function controlOf(
  controls: ReadonlyMap<string, Control>,
  { probe, seen }: Tried,
): Control | undefined {
  return controls.get(`${seen.code === '42501' ? 'right' : 'rows'} ${statementKey(probe)}`);
}

/** feature_not_supported, wrong_object_type, object_not_in_prerequisite_state: such as locking an aggregated view. */
const IMPOSSIBLE = new Set(['0A000', '42809', '55000']);

function isControl(probe: Probe, seen: Outcome, control: Outcome, config: VerifyConfig): boolean {
  // Refused to everybody, the owner included, by a trigger or a foreign key: the row was reached, the statement is good.
  const byTrigger = control.routine === 'exec_stmt_raise' && isDenial(control, config);
  const byReference = control.routine === 'ri_ReportViolation' && control.code === '23503';
  if ((byTrigger || byReference) && probe.kind !== 'function') {
    return true;
  }
  // Past rights and policies, the row met one like it, or a relation of which nobody can ask such a thing.
  const byKey = control.routine === '_bt_check_unique' && control.code === '23505';
  if (seen.code === '42501' && (byKey || IMPOSSIBLE.has(control.code ?? ''))) {
    return true;
  }
  if (probe.judge === 'privilege') {
    // Refused for another reason than the right: what refers to the table stands in the way.
    return control.code !== '42501';
  }
  if (probe.control !== undefined) {
    return control.code === null;
  }
  // One row of nothing but nulls shows nothing: json_agg of no rows, a scalar function that found none.
  const shows =
    control.count > 0 && !(probe.answers && control.leaves.every((leaf) => leaf === '∅'));
  return control.code === null && (shows || (seen.code === '42501' && probe.judge !== 'direct'));
}

/** Statements that make room for a deletion, for rows of a company; tried once, empty if they fail. */
export async function findClearing(
  client: pg.ClientBase,
  catalog: Catalog,
  populations: readonly Population[],
  kept: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const clearing = new Map<string, string>();
  for (const population of populations) {
    const all = [...population.rows.values()].flat();
    for (const row of all) {
      // Attackers stay members of A; of B nobody attacks.
      const spared = population.party.label === 'B' ? new Set<string>() : kept;
      const doomed = dependents(catalog, row, all, spared);
      if (doomed.length === 0) {
        continue;
      }
      const sql = doomed
        .map((one) => `delete from ${one.relation.sql} where ${whereRow(one)}`)
        .join('; ');
      await client.query('savepoint clearing');
      const works = await client.query(sql).then(
        () => true,
        () => false,
      );
      await client.query('rollback to savepoint clearing; release savepoint clearing');
      if (works) {
        clearing.set(clearingKey(population, row), sql);
      }
    }
  }
  return clearing;
}

/** Rows that refer to a row, those that refer to these first. */
function dependents(
  catalog: Catalog,
  row: Row,
  all: readonly Row[],
  kept: ReadonlySet<string>,
  seen = new Set<Row>([row]),
): Row[] {
  const result: Row[] = [];
  for (const other of all) {
    if (seen.has(other) || kept.has(other.relation.id)) {
      continue;
    }
    const refers = other.relation.foreignKeys.some(
      (key) =>
        key.target === row.relation.id &&
        key.columns.every((name, index) => {
          const value = other.values[name] ?? null;
          return value !== null && value === (row.values[key.targetColumns[index] ?? ''] ?? null);
        }),
    );
    if (refers) {
      seen.add(other);
      result.push(...dependents(catalog, other, all, kept, seen), other);
    }
  }
  return result;
}

/** Relations that can be filled: tables that are no partitions. */
export function fillable(relations: readonly Relation[]): Relation[] {
  return relations.filter(
    (relation) =>
      (relation.kind === 'table' || relation.kind === 'partitioned table') &&
      relation.partitionOf === null &&
      relation.id !== 'storage.objects' &&
      keyOf(relation) !== undefined,
  );
}
