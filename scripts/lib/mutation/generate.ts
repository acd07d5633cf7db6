/** All mutants of a schema. */
import type pg from 'pg';
import { inRolledBackTransaction } from '../client.ts';
import { readCatalog } from './catalog.ts';
import { functionMutants } from './functions.ts';
import { grantMutants } from './grants.ts';
import { platformMutants } from './platform.ts';
import { policyMutants } from './policies.ts';
import { loadParser } from './sql-tree.ts';
import { structureMutants } from './structure.ts';
import { MUTANT_CLASSES, type Mutant } from './types.ts';

/** What a data-dependent change fails with when the data do not allow it. */
const IMPOSSIBLE = new Set(['23505', '23503', '23514', '42830', '0A000']);

/** Numbers ids that occur more than once, in the order in which they occur: the second one ends in `~2`. */
function withUniqueIds(mutants: readonly Mutant[]): Mutant[] {
  const seen = new Map<string, number>();
  return mutants.map((mutant) => {
    const count = (seen.get(mutant.id) ?? 0) + 1;
    seen.set(mutant.id, count);
    return count === 1 ? mutant : { ...mutant, id: `${mutant.id}~${count}` };
  });
}

async function isPossible(client: pg.ClientBase, mutant: Mutant): Promise<boolean> {
  return inRolledBackTransaction(client, async () => {
    try {
      await client.query(mutant.sql);
      return true;
    } catch (error) {
      if (IMPOSSIBLE.has((error as { code?: string }).code ?? '')) {
        return false;
      }
      throw error;
    }
  });
}

/** Makes all mutants of a database as shipped, sorted by class. The connection must be the role `postgres`. */
export async function generateMutants(client: pg.ClientBase): Promise<Mutant[]> {
  await loadParser();
  const catalog = await readCatalog(client);
  const order = Object.keys(MUTANT_CLASSES);
  const all = withUniqueIds([
    ...policyMutants(catalog),
    ...grantMutants(catalog),
    ...functionMutants(catalog),
    ...structureMutants(catalog),
    ...platformMutants(catalog),
  ]);
  const possible: Mutant[] = [];
  for (const mutant of all) {
    if (!mutant.tentative || (await isPossible(client, mutant))) {
      possible.push(mutant);
    }
  }
  return possible.toSorted((a, b) => order.indexOf(a.class) - order.indexOf(b.class));
}
