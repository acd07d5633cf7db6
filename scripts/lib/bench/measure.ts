import type { Contest, ContestResult, Measured, Run, Scale } from './types.ts';

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  const below = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const above = sorted[Math.floor(middle)] ?? Number.NaN;
  return (below + above) / 2;
}

/**
 * Measures the runs of a contest in turn, each round anew: a machine that becomes slower does so for all of them. A
 * ratio is made within a round, with the mean of the reference before and after the run.
 */
export async function measureContest(
  contest: Contest,
  scale: Scale,
  passesPerSecond: (run: Run) => Promise<number>,
  progress: (text: string) => void = () => undefined,
): Promise<ContestResult> {
  const eventsPerSecond = async (run: Run): Promise<number> =>
    (await passesPerSecond(run)) * (run.events ?? 1);
  const all = [contest.reference, ...contest.runs];
  for (const run of all) {
    progress(`warming up: ${run.name}`);
    await eventsPerSecond(run);
  }
  const references: number[] = [];
  const rates = contest.runs.map((): number[] => []);
  const ratios = contest.runs.map((): number[] => []);
  for (let round = 1; round <= scale.rounds; round += 1) {
    for (const [index, run] of contest.runs.entries()) {
      progress(`round ${round} of ${scale.rounds}: ${run.name}`);
      const before = references.at(-1) ?? (await eventsPerSecond(contest.reference));
      const rate = await eventsPerSecond(run);
      const after = await eventsPerSecond(contest.reference);
      references.push(after);
      rates[index]?.push(rate);
      ratios[index]?.push(rate / ((before + after) / 2));
    }
  }
  return {
    id: contest.id,
    title: contest.title,
    clients: contest.clients,
    reference: { name: contest.reference.name, perSecond: perSecond(median(references)) },
    runs: contest.runs.map((run, index): Measured => {
      const own = ratios[index] ?? [];
      return {
        name: run.name,
        perSecond: perSecond(median(rates[index] ?? [])),
        ratio: rounded(median(own)),
        low: rounded(Math.min(...own)),
        high: rounded(Math.max(...own)),
        ...(run.goal === undefined ? {} : { goal: run.goal }),
      };
    }),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** What is slow keeps a decimal. */
function perSecond(value: number): number {
  return value < 100 ? Number(value.toFixed(1)) : Math.round(value);
}
