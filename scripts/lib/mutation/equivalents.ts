/** Mutants that change nothing that can be observed, each with the reason why. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import type { Mutant } from './types.ts';

const schema = z.strictObject({
  $comment: z.string().optional(),
  equivalents: z.array(
    z.strictObject({
      /** Ids, with `*` for any text. */
      id: z.string(),
      reason: z.string().trim().min(20, 'give the reason in a sentence'),
    }),
  ),
});

/** Why some mutants cannot be noticed. */
export interface Equivalents {
  /** The reason, if the mutant is known to be equivalent. */
  reasonFor(id: string): string | undefined;
  /** Patterns that fit none of these mutants. */
  withoutMutant(mutants: readonly Mutant[]): string[];
  /** Patterns that fit an id. */
  patternsFor(id: string): string[];
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** Checks a list of equivalents. */
export function parseEquivalents(value: unknown, source: string): Equivalents {
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new UserError(`${source} is not a list of equivalent mutants`, {
      details: z.prettifyError(result.error),
      fix: 'give each entry an id (with * for any text) and a reason',
    });
  }
  const entries = result.data.equivalents.map(({ id, reason }) => ({
    id,
    reason,
    fits: matcher(id),
  }));
  return {
    reasonFor: (id) => entries.find(({ fits }) => fits.test(id))?.reason,
    patternsFor: (id) => entries.filter(({ fits }) => fits.test(id)).map((entry) => entry.id),
    withoutMutant: (mutants) =>
      entries
        .filter(({ fits }) => !mutants.some((mutant) => fits.test(mutant.id)))
        .map((entry) => entry.id),
  };
}

/** Reads the list; without a file there are none. */
export function readEquivalents(file: string): Equivalents {
  if (!existsSync(file)) {
    return parseEquivalents({ equivalents: [] }, file);
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`cannot read ${file}`, {
      details: messageOf(error),
      fix: 'mend the JSON',
    });
  }
  return parseEquivalents(value, file);
}
