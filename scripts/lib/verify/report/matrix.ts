/** The matrix as a reader can take it in: a line for each object, a column for each kind of actor. */
import type { Cell, Certificate, ObjectKind, ObjectSummary, Verb } from '../types.ts';
import { cellReader, PROBLEMS, type Status, worst } from './cells.ts';
import { allActors, groupBy, objectsByKind } from './order.ts';

/** A letter for what a reader thinks of as one right. Verbs that only attack have none. */
export const VERB_LETTERS: Readonly<Partial<Record<Verb, string>>> = {
  select: 'r',
  lock: 'r',
  join: 'r',
  copy: 'r',
  insert: 'i',
  upsert: 'i',
  update: 'u',
  move: 'u',
  merge: 'u',
  delete: 'd',
  truncate: 'd',
  sequence: 's',
  execute: 'x',
};

/** What the letters mean, in the order in which they are shown. */
export const LETTER_MEANINGS: readonly (readonly [string, string])[] = [
  ['r', 'read'],
  ['i', 'insert'],
  ['u', 'update'],
  ['d', 'delete'],
  ['s', 'sequence'],
  ['x', 'execute'],
];

/** One field: how an actor stands to an object. */
export interface Mark {
  /** The worst of all that was tried; undefined if nothing was tried beyond the own company. */
  readonly status: Status | undefined;
  /** Letters of what is allowed on rows of the own company and on shared rows. */
  readonly own: string;
}

/** A line: an object, or several of one kind that look the same. */
export interface MatrixRow {
  readonly objects: readonly string[];
  readonly marks: readonly Mark[];
}

/** The matrix. */
export interface MatrixModel {
  /** The actors of each column; those of one column are the same in every cell. */
  readonly columns: readonly (readonly string[])[];
  readonly groups: readonly { readonly kind: ObjectKind; readonly rows: readonly MatrixRow[] }[];
}

/** Kinds of which there are many alike. */
const COLLAPSIBLE: ReadonlySet<ObjectKind> = new Set(['partition', 'function', 'sequence']);

function markOf(cells: readonly Cell[], statusOf: (cell: Cell) => Status): Mark {
  const letters = new Set(
    cells
      .filter((one) => one.target !== 'other' && one.verdict === 'allowed')
      .map((one) => VERB_LETTERS[one.verb]),
  );
  const problem = worst(
    cells.map(statusOf).filter((status) => PROBLEMS.has(status) || status === 'excepted'),
  );
  const beyond = cells
    .filter((one) => one.target !== 'own')
    .map((one) => (one.target === 'shared' ? 'denied' : statusOf(one)));
  return {
    status: problem ?? worst(beyond),
    own: LETTER_MEANINGS.map(([letter]) => (letters.has(letter) ? letter : '')).join(''),
  };
}

/** Objects in lines; those that look the same share one if their kind comes in numbers. */
function rowsOf(
  kind: ObjectKind,
  objects: readonly ObjectSummary[],
  marksOf: (object: string) => readonly Mark[],
  collapse: boolean,
): readonly MatrixRow[] {
  const rows = objects.map(({ name }) => ({ objects: [name], marks: marksOf(name) }));
  if (!collapse || !COLLAPSIBLE.has(kind)) {
    return rows;
  }
  return [...groupBy(rows, (row) => JSON.stringify(row.marks)).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ marks }) => ({
      objects: alike.flatMap((row) => row.objects),
      marks,
    })),
  );
}

/**
 * Lays the matrix out.
 *
 * @param collapse put actors that are the same everywhere into one column, and partitions, functions and sequences
 *   that look the same into one line
 */
export function layOut(certificate: Certificate, collapse: boolean): MatrixModel {
  const reader = cellReader(certificate);
  const byActor = groupBy(certificate.cells, (cell) => cell.actor);
  const byField = groupBy(certificate.cells, (cell) => JSON.stringify([cell.object, cell.actor]));
  const signature = (actor: string): string =>
    JSON.stringify(
      (byActor.get(actor) ?? [])
        .map((cell) => [cell.object, cell.verb, cell.target, reader.status(cell)].join('\n'))
        .sort(),
    );
  const known = allActors(certificate);
  const actors = known.map((actor) => actor.name);
  const kinds = new Map(known.map((actor) => [actor.name, actor.kind]));
  const columns = collapse
    ? [...groupBy(actors, (actor) => `${kinds.get(actor)} ${signature(actor)}`).values()]
    : actors.map((actor) => [actor]);
  const marksOf = (object: string): readonly Mark[] =>
    columns.map(([actor]) =>
      markOf(byField.get(JSON.stringify([object, actor])) ?? [], reader.status),
    );
  return {
    columns,
    groups: objectsByKind(certificate).map(({ kind, objects }) => ({
      kind,
      rows: rowsOf(kind, objects, marksOf, collapse),
    })),
  };
}
