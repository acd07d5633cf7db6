/** One statement of an attack, and how its outcome is to be judged. */
import pg from 'pg';
import type { Actor } from '../actors.ts';
import type { Catalog, Relation, Routine } from '../catalog.ts';
import type { VerifyConfig } from '../config.ts';
import type { Population, Row } from '../populate.ts';
import { whereRow } from '../populate.ts';
import type { Statement } from '../session.ts';
import type { Tenancy } from '../tenancy.ts';
import type { ObjectKind, Rule, Target, Verb } from '../types.ts';

/**
 * How an outcome is judged. `direct`: it is aimed at rows of `target`; reaching one is what must not be. `blind`: it
 * is aimed at nothing; only what it tells or does counts. `oracle`: it must come to the same with and without the
 * other company's data. `privilege`: anything but 42501 means that the right is there.
 */
export type Judgement = 'direct' | 'blind' | 'oracle' | 'privilege';

export interface Probe extends Statement {
  readonly object: string;
  readonly kind: ObjectKind;
  readonly verb: Verb;
  readonly target: Target;
  readonly judge: Judgement;
  /** What it means when it reaches something. */
  readonly rule: Rule;
  /** The only thing of the other company that it names is a random id that nobody can guess. */
  readonly unguessable?: boolean;
  /** It answers something: one row of nothing but nulls shows nothing. */
  readonly answers?: boolean;
  /** If this returns rows to the actor anyway, the statement shows nothing. */
  readonly unless?: string;
  /** The statement with which the control shows that this one is valid, if it is not the same. */
  readonly control?: string;
}

/** What probes are made from. */
export interface Scene {
  readonly catalog: Catalog;
  readonly tenancy: Tenancy;
  readonly config: VerifyConfig;
  readonly a: Population;
  readonly b: Population;
  readonly shared: Population;
  /** Statements that the owner can run before a try; those that fail are left out. */
  readonly clearing: ReadonlyMap<string, string>;
}

export const ident = pg.escapeIdentifier;
export const quote = pg.escapeLiteral;

export function literal(value: string | null | undefined): string {
  return value === null || value === undefined ? 'null' : quote(value);
}

/** An object whose probes are made. */
export interface Subject {
  readonly object: string;
  readonly kind: ObjectKind;
}

export function subjectOf(relation: Relation | Routine): Subject {
  return { object: relation.id, kind: 'kind' in relation ? relation.kind : 'function' };
}

/** Columns that an actor's role may use for a verb; `null` if none. */
export function columnsFor(
  scene: Scene,
  actor: Actor,
  relation: Relation,
  verb: 'select' | 'insert' | 'update',
): readonly string[] | null {
  return scene.catalog.columnRights.get(`${actor.role} ${relation.id} ${verb}`) ?? null;
}

/** The row of a party that lies in this relation: in a partition only what is stored there. */
export function rowIn(population: Population, relation: Relation): Row | undefined {
  return relation.partitionOf === null
    ? population.rows.get(relation.id)?.[0]
    : population.rows
        .get(relation.partitionOf)
        ?.find(({ partitions }) => partitions.includes(relation.id));
}

/** Key of what must be cleared away before a row can be deleted. */
export function clearingKey(population: Population, row: Row): string {
  return `${population.party.label} ${row.relation.id} ${whereRow(row)}`;
}
