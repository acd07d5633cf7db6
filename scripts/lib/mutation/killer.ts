/** What may notice a mutant. */
import type { Bench } from './bench.ts';
import type { Mutant } from './types.ts';

/** How a mutant was noticed. */
export interface Kill {
  /** `pgTAP`, `matrix`, `prover`, `vitest`. */
  readonly by: KillerName;
  /** The test file or the finding. */
  readonly where: string;
  /** What failed, in one line. */
  readonly what: string;
  /** An assertion or finding, or only an error that the changed schema caused in a test. */
  readonly kind: 'assertion' | 'error';
}

/** The killers, cheapest first. */
export const KILLERS = ['pgTAP', 'matrix', 'prover', 'vitest'] as const;
export type KillerName = (typeof KILLERS)[number];

/** Something that examines a database. */
export interface Killer {
  readonly name: KillerName;
  /** False: it examines one mutant at a time, since it takes the machine for itself. */
  readonly parallel: boolean;
  /**
   * Examines what lies on the bench. Without a mutant it is the schema as shipped, in which everything must be well.
   * Throws when the killer itself breaks down, which proves nothing about the mutant.
   */
  examine(bench: Bench, mutant: Mutant | undefined): Promise<Kill | undefined>;
}
