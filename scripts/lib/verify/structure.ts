/** What is wrong whoever tries: read from the catalog, or tried once. */
import type pg from 'pg';
import type { Actor } from './actors.ts';
import type { Scene } from './probes/probe.ts';
import { becomeSql, describeOutcome, type Session } from './session.ts';
import type { Cell, Finding } from './types.ts';

/** Cells and findings of the structure. */
export interface Structure {
  readonly cells: Cell[];
  readonly findings: Finding[];
}

const SUBSCRIBER = 'subscriber';

/** The actor that listens to a publication. */
export const subscriber = {
  name: SUBSCRIBER,
  kind: 'attacker' as const,
  description: 'listens to Realtime',
};

function leak(finding: Omit<Finding, 'id' | 'level'>): Finding {
  return {
    id: `${finding.rule}:${finding.object}:${finding.verb}:${finding.actor}`,
    level: 'leak',
    ...finding,
  };
}

/** Realtime checks row level security for what was inserted and updated; deletions go to every subscriber. */
export function inspectPublications(scene: Scene, wanted: (object: string) => boolean): Structure {
  const cells: Cell[] = [];
  const findings: Finding[] = [];
  for (const publication of scene.catalog.publications) {
    if (!/realtime/.test(publication.name)) {
      continue;
    }
    for (const id of publication.tables) {
      const relation = scene.catalog.relation(id);
      if (!relation || !wanted(id) || scene.tenancy.scopeOf(relation).kind === 'shared') {
        continue;
      }
      const leaks = publication.deletes || publication.truncates;
      const what = publication.deletes ? 'deletions' : 'TRUNCATE';
      const whole = relation.replicaIdentityFull ? 'the whole old row' : 'the primary key';
      const message = `${publication.name} sends ${what} in ${id} to every subscriber (${whole})`;
      cells.push({
        actor: SUBSCRIBER,
        object: id,
        kind: relation.kind,
        verb: 'publish',
        target: 'other',
        verdict: leaks ? 'leak' : 'denied',
        statements: 1,
        control: 'insert and update are published and filtered',
        ...(leaks ? { reason: message } : {}),
      });
      if (leaks) {
        findings.push(
          leak({
            rule: 'publication-deletes',
            object: id,
            kind: relation.kind,
            verb: 'publish',
            actor: SUBSCRIBER,
            message,
            fix: `alter publication ${publication.name} set (publish = 'insert, update'); deletions that clients must see can be an update of a deleted_at column`,
          }),
        );
      }
    }
  }
  return { cells, findings };
}

/** Security definer functions whose names can be captured by their caller. */
export function inspectDefiners(scene: Scene, wanted: (object: string) => boolean): Structure {
  const findings = scene.catalog.routines
    .filter(
      (routine) =>
        routine.definer &&
        routine.searchPath === null &&
        wanted(routine.id) &&
        (!routine.callable ||
          scene.catalog.roles.some((role) => scene.catalog.rights.has(`${role} ${routine.id}`))),
    )
    .map((routine) =>
      leak({
        rule: 'definer-search-path',
        object: routine.id,
        kind: 'function',
        verb: 'shadow',
        actor: '',
        message: `${routine.id} runs with its owner's rights and its caller's search_path`,
        fix: `alter function ${routine.id} set search_path = pg_catalog, pg_temp; and qualify the names in its body`,
      }),
    );
  return { cells: [], findings };
}

/** Relations that know no row level security. */
export function inspectUnprotectable(scene: Scene, wanted: (object: string) => boolean): Structure {
  const findings = scene.catalog.relations
    .filter(
      (relation) =>
        (relation.kind === 'materialized view' || relation.kind === 'foreign table') &&
        wanted(relation.id) &&
        relation.columns.some(({ name }) => name === scene.tenancy.column) &&
        scene.catalog.roles.some((role) =>
          scene.catalog.rights.get(`${role} ${relation.id}`)?.includes('select'),
        ),
    )
    .map((relation) =>
      leak({
        rule: 'unprotectable-relation',
        object: relation.id,
        kind: relation.kind,
        verb: 'select',
        actor: '',
        message: `${relation.id} holds rows of every company, knows no row level security, and can be selected from`,
        fix: `revoke select on ${relation.id} from anon, authenticated; serve it through a function or a security_invoker view over a protected table`,
      }),
    );
  return { cells: [], findings };
}

/** A table that is created tomorrow, by the role that runs migrations: is it open? */
export async function inspectDefaults(
  session: Session,
  scene: Scene,
  actors: readonly Actor[],
  wanted: (object: string) => boolean,
): Promise<Structure> {
  const cells: Cell[] = [];
  const findings: Finding[] = [];
  const perRole = new Map(actors.map((actor) => [actor.role, actor]));
  for (const schema of scene.catalog.schemas) {
    const object = `tables to come in ${schema}`;
    if (!wanted(object)) {
      continue;
    }
    const table = `"${schema}".verify_tomorrow`;
    const create = `create table ${table} (${scene.tenancy.column} text, note text); insert into ${table} values ('${scene.b.party.id}', '${scene.b.party.tag}')`;
    const possible = await canRun(session.client, create);
    if (!possible) {
      continue;
    }
    await session.begin();
    for (const actor of perRole.values()) {
      const statement = { sql: `select note from ${table}`, prepare: create };
      const seen = await session.attempt(actor, statement);
      const open = seen.code !== '42501' && !(seen.code === null && seen.count === 0);
      const message = `a table that ${scene.catalog.owner} creates in ${schema} can be read by ${actor.role} at once`;
      cells.push({
        actor: actor.name,
        object,
        kind: 'default privileges',
        verb: 'default',
        target: 'other',
        verdict: open ? 'leak' : 'denied',
        statements: 1,
        control: 'database owner',
        ...(open ? { reason: message } : {}),
      });
      if (open) {
        findings.push(
          leak({
            rule: 'default-privileges',
            object,
            kind: 'default privileges',
            verb: 'default',
            actor: actor.name,
            message,
            fix: `alter default privileges for role ${scene.catalog.owner} in schema ${schema} revoke all on tables from ${actor.role}`,
            evidence: {
              sql: `${create};\n${becomeSql(actor)} \\g /dev/null\nselect note from ${table};`,
              withVictim: describeOutcome(seen),
            },
          }),
        );
      }
    }
    await session.end();
  }
  return { cells, findings };
}

async function canRun(client: pg.ClientBase, sql: string): Promise<boolean> {
  await client.query('savepoint possible');
  const works = await client.query(sql).then(
    () => true,
    () => false,
  );
  await client.query('rollback to savepoint possible; release savepoint possible');
  return works;
}

/** Estimates come from statistics of the whole table, whoever asks. */
export async function estimates(
  client: pg.ClientBase,
  scene: Scene,
  actor: Actor | undefined,
): Promise<string[]> {
  const relations = scene.catalog.relations.filter(
    (relation) =>
      relation.kind === 'table' &&
      scene.tenancy.scopeOf(relation).kind === 'tenant' &&
      actor !== undefined &&
      scene.catalog.rights.get(`${actor.role} ${relation.id}`)?.includes('select'),
  );
  const lines: string[] = [];
  await client.query('savepoint estimates');
  for (const relation of relations) {
    const scope = scene.tenancy.scopeOf(relation);
    const column = scope.kind === 'tenant' ? scope.column : '';
    await client.query(`analyze ${relation.sql}`).catch(() => undefined);
    const { rows } = await client
      .query<{ 'QUERY PLAN': string }>(
        `${becomeSql(actor as Actor)}; explain select 1 from ${relation.sql} where "${column}" = '${scene.b.party.id}'`,
      )
      .then(
        (result) =>
          (result as unknown as { rows: { 'QUERY PLAN': string }[] }[]).at(-1) ?? { rows: [] },
      )
      .catch(() => ({ rows: [] }));
    lines.push(`${relation.id} ${/rows=(\d+)/.exec(rows[0]?.['QUERY PLAN'] ?? '')?.[1] ?? ''}`);
    await client.query(`rollback to savepoint estimates`);
  }
  await client.query('release savepoint estimates');
  return lines;
}
