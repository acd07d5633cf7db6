/** Applies mutants one by one, each to a database of its own, and lets the killers look at them. */
import { EXIT, messageOf, UserError } from '../errors.ts';
import { Bench, type BenchOptions, InvalidMutant } from './bench.ts';
import type { Kill, Killer } from './killer.ts';
import type { Mutant } from './types.ts';

/** What became of a mutant. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly state: 'killed' | 'survived' | 'invalid';
  readonly kill?: Kill;
  /** Why its SQL could not be applied. */
  readonly error?: string;
  /** Killers that broke down over it. */
  readonly breakdowns: readonly string[];
}

/** What to run. */
export interface RunOptions extends BenchOptions {
  readonly mutants: readonly Mutant[];
  readonly killers: readonly Killer[];
  readonly jobs: number;
  /** Mutants that are known to be equivalent: the cheapest killer alone looks at them again. */
  isEquivalent(id: string): boolean;
  /** Told about each mutant whenever more is known about it. */
  onProgress(done: number, total: number, outcome: Outcome): void;
  /** Told that a killer begins with what the cheaper ones have let pass. */
  onPhase(phase: string, mutants: number): void;
}

async function withBench<T>(options: BenchOptions, run: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = new Bench(options);
  try {
    return await run(bench);
  } finally {
    await bench.close();
  }
}

/** Every killer must find the schema as shipped in order: one that does not would kill anything. */
export async function checkBaseline(options: RunOptions): Promise<void> {
  for (const killer of options.killers) {
    let kill: Kill | undefined;
    try {
      kill = await withBench(options, (bench) => killer.examine(bench, undefined));
    } catch (error) {
      throw new UserError(`${killer.name} cannot judge mutants`, {
        details: messageOf(error),
        fix: `make it run on the schema as shipped, or leave it out with --killers`,
        exitCode: EXIT.usage,
      });
    }
    if (kill) {
      throw new UserError(`${killer.name} already fails on the schema as shipped`, {
        details: `${kill.where}: ${kill.what}`,
        fix: 'mend that first: a judge that condemns everybody proves nothing',
        exitCode: EXIT.usage,
      });
    }
  }
}

async function examine(bench: Bench, killers: readonly Killer[], mutant: Mutant): Promise<Outcome> {
  await bench.next(mutant);
  const breakdowns: string[] = [];
  for (const killer of killers) {
    try {
      const kill = await killer.examine(bench, mutant);
      if (kill) {
        return { mutant, state: 'killed', kill, breakdowns };
      }
    } catch (error) {
      if (error instanceof InvalidMutant) {
        return { mutant, state: 'invalid', error: error.message, breakdowns };
      }
      breakdowns.push(`${killer.name}: ${messageOf(error)}`);
    }
  }
  return { mutant, state: 'survived', breakdowns };
}

async function runPhase(
  options: RunOptions,
  killers: readonly Killer[],
  mutants: readonly Mutant[],
): Promise<Outcome[]> {
  const waiting = [...mutants.entries()];
  const outcomes: Outcome[] = [];
  let done = 0;
  const work = (): Promise<void> =>
    withBench(options, async (bench) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, mutant] = next;
        const outcome = await examine(
          bench,
          options.isEquivalent(mutant.id) ? killers.slice(0, 1) : killers,
          mutant,
        );
        outcomes[index] = outcome;
        done += 1;
        options.onProgress(done, mutants.length, outcome);
      }
    });
  const jobs = killers.every(({ parallel }) => parallel) ? options.jobs : 1;
  await Promise.all(Array.from({ length: jobs }, work));
  return outcomes;
}

/** Runs all mutants: the killers that bear company side by side, then the others on what is left. */
export async function runMutants(options: RunOptions): Promise<Outcome[]> {
  const phases = [true, false]
    .map((parallel) => options.killers.filter((killer) => killer.parallel === parallel))
    .filter((killers) => killers.length > 0);
  let outcomes: Outcome[] = [];
  for (const [index, killers] of phases.entries()) {
    const left =
      index === 0
        ? options.mutants
        : outcomes
            .filter(({ state, mutant }) => state === 'survived' && !options.isEquivalent(mutant.id))
            .map(({ mutant }) => mutant);
    options.onPhase(killers.map(({ name }) => name).join(', '), left.length);
    const found = await runPhase(options, killers, left);
    const byId = new Map(found.map((outcome) => [outcome.mutant.id, outcome]));
    outcomes =
      index === 0
        ? found
        : outcomes.map((earlier) => {
            const later = byId.get(earlier.mutant.id);
            return later
              ? { ...later, breakdowns: [...earlier.breakdowns, ...later.breakdowns] }
              : earlier;
          });
  }
  return outcomes;
}
