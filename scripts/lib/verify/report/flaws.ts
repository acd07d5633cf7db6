/** Findings as a reader wants them: the same flaw once, whoever sees it. */
import type { Certificate, Finding } from '../types.ts';
import { findingOrder, groupBy } from './order.ts';

/** One flaw: findings that differ in nothing but who sees it. */
export interface Flaw {
  /** The finding that stands for all: the first that shows evidence. */
  readonly finding: Finding;
  /** Who sees it; empty when it does not depend on who tries. */
  readonly actors: readonly string[];
  readonly findings: readonly Finding[];
}

/** What makes two findings the same flaw. */
function flawKey(finding: Finding): string {
  const { level, rule, object, verb, exception } = finding;
  return JSON.stringify([level, rule, object, verb, exception ?? null]);
}

/** The certificate's findings, each flaw once, in the order of findings. */
export function flawsOf(findings: readonly Finding[]): readonly Flaw[] {
  const groups = groupBy([...findings].sort(findingOrder), flawKey);
  return [...groups.values()].flatMap((group) => {
    const finding = group.find((one) => one.evidence !== undefined) ?? group[0];
    const actors = group.map((one) => one.actor).filter((actor) => actor !== '');
    return finding ? [{ finding, actors, findings: group }] : [];
  });
}

/** Says who sees a flaw: all names as the certificate orders them, or `all 12 actors`. */
export function whoSees(flaw: Flaw, certificate: Certificate): string {
  const known = certificate.actors.map((actor) => actor.name);
  if (known.length > 2 && known.every((name) => flaw.actors.includes(name))) {
    return `all ${known.length} actors`;
  }
  const others = flaw.actors.filter((name) => !known.includes(name));
  return [...known.filter((name) => flaw.actors.includes(name)), ...others].join(', ');
}
