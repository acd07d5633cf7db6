/** What changed between two certificates, for who reviews the change. */
import type { Cell, Certificate, Finding } from '../types.ts';
import { cellReader, PROBLEMS, STATUSES, type Status } from './cells.ts';
import { cellOrder, findingOrder, firstDifference, LEVELS } from './order.ts';

/** One difference. A cell that appeared has no `before`, one that vanished no `after`. */
export type Difference =
  | {
      readonly what: 'cell';
      readonly change: 'appeared' | 'vanished' | 'changed';
      readonly object: string;
      readonly actor: string;
      readonly verb: Cell['verb'];
      readonly target: Cell['target'];
      readonly before?: Status;
      readonly after?: Status;
    }
  | {
      readonly what: 'finding';
      readonly change: 'appeared' | 'vanished' | 'changed';
      readonly before?: Finding;
      readonly after?: Finding;
    };

export type CellDifference = Extract<Difference, { what: 'cell' }>;
export type FindingDifference = Extract<Difference, { what: 'finding' }>;

/** Pairs what stands under the same key on both sides. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  key: (item: T) => string,
): readonly (readonly [T | undefined, T | undefined])[] {
  const old = new Map(before.map((item) => [key(item), item]));
  const now = new Map(after.map((item) => [key(item), item]));
  return [...new Set([...old.keys(), ...now.keys()])].map((name) => [old.get(name), now.get(name)]);
}

interface Seen {
  readonly cell: Cell;
  readonly status: Status;
}

function cellDifference(before: Seen | undefined, after: Seen | undefined): CellDifference[] {
  const seen = after ?? before;
  if (!seen || before?.status === after?.status) {
    return [];
  }
  const { object, actor, verb, target } = seen.cell;
  const place = { what: 'cell' as const, object, actor, verb, target };
  if (!before) {
    return [{ ...place, change: 'appeared', after: seen.status }];
  }
  return after
    ? [{ ...place, change: 'changed', before: before.status, after: after.status }]
    : [{ ...place, change: 'vanished', before: before.status }];
}

/** What of a finding matters: how grave it is, and whether it counts. */
function gravity(finding: Finding): string {
  return JSON.stringify([finding.level, finding.exception ?? null]);
}

function findingDifference(
  before: Finding | undefined,
  after: Finding | undefined,
): FindingDifference[] {
  if (!before) {
    return after ? [{ what: 'finding', change: 'appeared', after }] : [];
  }
  if (!after) {
    return [{ what: 'finding', change: 'vanished', before }];
  }
  return gravity(before) === gravity(after)
    ? []
    : [{ what: 'finding', change: 'changed', before, after }];
}

/** True if the finding counts against isolation. */
export function counts(finding: Finding | undefined): boolean {
  return finding !== undefined && finding.level !== 'note' && finding.exception === undefined;
}

/** How bad a difference is: 0 something came that counts against isolation, 1 something else, 2 something went. */
export function severity(difference: Difference): 0 | 1 | 2 {
  if (difference.what === 'finding') {
    return counts(difference.after) ? 0 : counts(difference.before) ? 2 : 1;
  }
  const rank = (status: Status | undefined): number =>
    status === undefined ? STATUSES.length : STATUSES.indexOf(status);
  const bad = (status: Status | undefined): boolean => status !== undefined && PROBLEMS.has(status);
  const { before, after } = difference;
  if (bad(after) && rank(after) < rank(before)) {
    return 0;
  }
  return bad(before) && rank(before) < rank(after) ? 2 : 1;
}

function findingRank(difference: FindingDifference): number {
  const finding = difference.after ?? difference.before;
  return finding ? LEVELS.indexOf(finding.level) : LEVELS.length;
}

/**
 * Compares two certificates: findings that appeared, vanished, changed their level or their exception; cells that
 * appeared, vanished or changed their verdict (an exception counts as one). Findings come first, and of each what is worst.
 */
export function compareCertificates(
  before: Certificate,
  after: Certificate,
): readonly Difference[] {
  const findings = pairs(
    [...before.findings].sort(findingOrder),
    [...after.findings].sort(findingOrder),
    (one) => one.id,
  )
    .flatMap(([old, now]) => findingDifference(old, now))
    .sort((a, b) => firstDifference(severity(a) - severity(b), findingRank(a) - findingRank(b)));
  const seen = (certificate: Certificate): readonly Seen[] => {
    const reader = cellReader(certificate);
    const sorted = [...certificate.cells].sort(cellOrder(certificate));
    return sorted.map((cell) => ({ cell, status: reader.status(cell) }));
  };
  const cells = pairs(seen(before), seen(after), ({ cell }) =>
    JSON.stringify([cell.object, cell.actor, cell.verb, cell.target]),
  )
    .flatMap(([old, now]) => cellDifference(old, now))
    .sort((a, b) => severity(a) - severity(b));
  return [...findings, ...cells];
}
