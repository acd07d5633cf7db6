/** The isolation matrix as a judge: who may do what in which table, measured against the declaration. */
import { deviations, measureMatrix } from '../matrix.ts';
import type { Killer } from './killer.ts';

/** Measures the matrix that `tests/ts/isolation/matrix.test.ts` measures, without starting vitest for it. */
export function matrixKiller(): Killer {
  return {
    name: 'matrix',
    parallel: true,
    examine: async (bench) => {
      const { url } = await bench.mutated();
      const [cell] = deviations(await measureMatrix(url));
      return cell === undefined
        ? undefined
        : {
            by: 'matrix',
            where: 'tests/ts/isolation/matrix.test.ts',
            what: `${cell.actor} ${cell.verb} ${cell.table} ${cell.target}: ${cell.outcome}, declared ${cell.declared}`,
            kind: 'assertion',
          };
    },
  };
}
