import type { Contest, ContestResult, Measured, Rate, Run, Scale } from './types.ts';

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
 * ratio is made within a round, with the mean of the reference before and after the run. Runs that may take for ever come
 * last, once.
 */
export async function measureContest(
  contest: Contest,
  scale: Pick<Scale, 'rounds'>,
  passes: (run: Run) => Promise<Rate>,
  progress: (text: string) => void = () => undefined,
): Promise<ContestResult> {
  const eventsPerSecond = async (run: Run): Promise<number> =>
    (await passes(run)).perSecond * (run.events ?? 1);
  const ratioOf = (rate: number, reference: number): number =>
    contest.shows === 'time' ? reference / rate : rate / reference;
  const inRounds = contest.runs.filter(({ patience }) => patience === undefined);
  for (const run of [contest.reference, ...inRounds]) {
    progress(`warming up: ${run.name}`);
    await eventsPerSecond(run);
  }
  const references: number[] = [];
  const rates = new Map(inRounds.map((run) => [run, [] as number[]]));
  const ratios = new Map(inRounds.map((run) => [run, [] as number[]]));
  for (let round = 1; round <= scale.rounds; round += 1) {
    for (const run of inRounds) {
      progress(`round ${round} of ${scale.rounds}: ${run.name}`);
      const before = references.at(-1) ?? (await eventsPerSecond(contest.reference));
      const rate = await eventsPerSecond(run);
      const after = await eventsPerSecond(contest.reference);
      references.push(after);
      rates.get(run)?.push(rate);
      ratios.get(run)?.push(ratioOf(rate, (before + after) / 2));
    }
  }
  const reference = median(references);
  const runs: Measured[] = [];
  for (const run of contest.runs) {
    let own = ratios.get(run) ?? [];
    let rate = median(rates.get(run) ?? []);
    let isAtLeast = false;
    if (run.patience !== undefined) {
      progress(`once: ${run.name}`);
      const once = await passes(run);
      rate = once.perSecond * (run.events ?? 1);
      own = [ratioOf(rate, reference)];
      isAtLeast = once.isAtMost === true;
    }
    runs.push({
      name: run.name,
      perSecond: significant(rate),
      ratio: rounded(median(own)),
      low: rounded(Math.min(...own)),
      high: rounded(Math.max(...own)),
      ...(run.goal === undefined ? {} : { goal: run.goal }),
      ...(isAtLeast ? { isAtLeast } : {}),
    });
  }
  return {
    id: contest.id,
    title: contest.title,
    clients: contest.clients,
    ...(contest.shows === undefined ? {} : { shows: contest.shows }),
    reference: { name: contest.reference.name, perSecond: significant(reference) },
    runs,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** What is slow keeps its digits. */
function significant(value: number): number {
  return value < 100 ? Number(value.toPrecision(3)) : Math.round(value);
}
