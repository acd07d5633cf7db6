/** What a cell of the matrix means to a reader: its verdict, seen with the findings and their exceptions. */
import type { Cell, Certificate, Finding, Verdict } from '../types.ts';
import { groupBy } from './order.ts';

/** A verdict, or that the configuration accepts what would be one. */
export type Status = Verdict | 'excepted';

/** Statuses from the worst to the best. */
export const STATUSES = [
  'leak',
  'unproven',
  'not covered',
  'excepted',
  'allowed',
  'denied',
] as const satisfies readonly Status[];

/** Statuses that keep isolation from being proven. */
export const PROBLEMS: ReadonlySet<Status> = new Set(['leak', 'unproven', 'not covered']);

/** Finds what was found in a cell. */
export interface CellReader {
  /** Findings of the cell's object, verb and actor (or of no actor) at the level of its verdict. */
  findings(cell: Cell): readonly Finding[];
  status(cell: Cell): Status;
}

function keyOf(object: string, verb: string, actor: string, level: string): string {
  return JSON.stringify([object, verb, actor, level]);
}

/** Reads the cells of a certificate together with its findings. */
export function cellReader(certificate: Certificate): CellReader {
  const found = groupBy(certificate.findings, (one) =>
    keyOf(one.object, one.verb, one.actor, one.level),
  );
  const findings = (cell: Cell): readonly Finding[] =>
    [cell.actor, ''].flatMap(
      (actor) => found.get(keyOf(cell.object, cell.verb, actor, cell.verdict)) ?? [],
    );
  return {
    findings,
    status(cell) {
      if (!PROBLEMS.has(cell.verdict)) {
        return cell.verdict;
      }
      const concerned = findings(cell);
      const excepted = concerned.length > 0 && concerned.every((one) => one.exception);
      return excepted ? 'excepted' : cell.verdict;
    },
  };
}

/** The worst of some statuses; undefined of none. */
export function worst(statuses: Iterable<Status>): Status | undefined {
  const seen = new Set(statuses);
  return STATUSES.find((status) => seen.has(status));
}
