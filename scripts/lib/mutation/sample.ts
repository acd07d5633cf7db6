/** A part of the mutants, the same one for the same seed, with every class in it. */
import { createHash } from 'node:crypto';
import type { Mutant } from './types.ts';

function rank(mutant: Mutant, seed: string): string {
  return createHash('sha256').update(`${seed}/${mutant.id}`).digest('hex');
}

/** Draws at most `limit` mutants: one of each class in turn, in an order that hangs on the seed. */
export function sampled(mutants: readonly Mutant[], limit: number, seed: string): Mutant[] {
  const queues = new Map<string, Mutant[]>();
  for (const mutant of mutants.toSorted((a, b) => (rank(a, seed) < rank(b, seed) ? -1 : 1))) {
    queues.set(mutant.class, [...(queues.get(mutant.class) ?? []), mutant]);
  }
  const drawn = new Set<Mutant>();
  while (drawn.size < Math.min(limit, mutants.length)) {
    for (const queue of queues.values()) {
      const next = queue.shift();
      if (next && drawn.size < limit) {
        drawn.add(next);
      }
    }
  }
  return mutants.filter((mutant) => drawn.has(mutant));
}
