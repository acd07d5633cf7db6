/** The order in which reports show things, and how they group them. */
import {
  type ActorSummary,
  type Cell,
  type Certificate,
  type Finding,
  OBJECT_KINDS,
  type ObjectKind,
  type ObjectSummary,
  VERBS,
} from '../types.ts';

/** The levels of findings, the worst first. */
export const LEVELS = ['leak', 'unproven', 'not covered', 'note'] as const;

/** The titles of the levels. */
export const LEVEL_TITLES: Readonly<Record<Finding['level'], string>> = {
  leak: 'Leaks',
  unproven: 'Unproven',
  'not covered': 'Not covered',
  note: 'Notes',
};

/** Whose rows, in the order in which they are shown. */
export const TARGETS = ['own', 'other', 'shared'] as const;

/** Compares texts by code unit, the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares by the first criterion that tells two things apart. */
export function firstDifference(...criteria: readonly number[]): number {
  return criteria.find((one) => one !== 0) ?? 0;
}

/** Compares cells: by object, actor as the certificate lists them, verb, target. */
export function cellOrder(certificate: Certificate): (a: Cell, b: Cell) => number {
  const rank = new Map(certificate.actors.map((actor, index) => [actor.name, index]));
  const of = (name: string): number => rank.get(name) ?? rank.size;
  return (a, b) =>
    firstDifference(
      compareTexts(a.object, b.object),
      of(a.actor) - of(b.actor),
      compareTexts(a.actor, b.actor),
      VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb),
      TARGETS.indexOf(a.target) - TARGETS.indexOf(b.target),
    );
}

/** Compares findings: by level, object, verb, actor, rule. */
export function findingOrder(a: Finding, b: Finding): number {
  return firstDifference(
    LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level),
    compareTexts(a.object, b.object),
    VERBS.indexOf(a.verb) - VERBS.indexOf(b.verb),
    compareTexts(a.actor, b.actor),
    compareTexts(a.rule, b.rule),
    compareTexts(a.id, b.id),
  );
}

/** Puts things that share a key together, in the order in which the keys come up. */
export function groupBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) {
      group.push(item);
    } else {
      groups.set(name, [item]);
    }
  }
  return groups;
}

/** The certificate's actors, and those that stand in cells only: no cell may get lost. */
export function allActors(certificate: Certificate): readonly ActorSummary[] {
  const listed = new Set(certificate.actors.map((actor) => actor.name));
  const others = new Set(
    certificate.cells.map((cell) => cell.actor).filter((one) => !listed.has(one)),
  );
  return [
    ...certificate.actors,
    ...[...others].map((name) => ({ name, kind: 'attacker' as const, description: '' })),
  ];
}

/** The certificate's objects, and those that stand in cells only, by kind in the order of the kinds. */
export function objectsByKind(
  certificate: Certificate,
): readonly { readonly kind: ObjectKind; readonly objects: readonly ObjectSummary[] }[] {
  const objects = new Map(certificate.objects.map((one) => [one.name, one]));
  for (const { object: name, kind } of certificate.cells) {
    if (!objects.has(name)) {
      objects.set(name, { name, kind, scope: 'none', reachable: [] });
    }
  }
  const sorted = [...objects.values()].sort((a, b) => compareTexts(a.name, b.name));
  return OBJECT_KINDS.map((kind) => ({
    kind,
    objects: sorted.filter((one) => one.kind === kind),
  })).filter((group) => group.objects.length > 0);
}
