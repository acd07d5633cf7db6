/** The mutation score: what became of every mutant, counted and worded. */
import Table from 'cli-table3';
import pc from 'picocolors';
import type { Equivalents } from './equivalents.ts';
import { KILLERS, type KillerName } from './killer.ts';
import type { Outcome } from './run.ts';
import { MUTANT_CLASSES, type MutantClass } from './types.ts';

/** What became of a mutant, with the reason if it is equivalent. */
export interface ScoredMutant {
  readonly id: string;
  readonly class: MutantClass;
  readonly description: string;
  readonly state: 'killed' | 'equivalent' | 'survived' | 'invalid';
  readonly by?: KillerName;
  /** Test file, or rule of the prover. */
  readonly where?: string;
  readonly what?: string;
  readonly kind?: 'assertion' | 'error';
  readonly reason?: string;
  readonly wanted?: string;
  readonly sql?: string;
  readonly error?: string;
  readonly breakdowns?: readonly string[];
}

/** The score, free of times and random values, sorted by class and id. */
export interface Score {
  readonly format: 1;
  readonly summary: {
    readonly mutants: number;
    readonly killed: number;
    readonly equivalent: number;
    readonly survived: number;
    readonly invalid: number;
    /** Killed by nothing but an error that the change caused in a test. */
    readonly killedByErrorOnly: number;
    /** Mutants over which a killer broke down. */
    readonly breakdowns: number;
  };
  readonly mutants: readonly ScoredMutant[];
  /** Entries of the list of equivalents that a killed mutant fits. */
  readonly staleEquivalents: readonly string[];
}

function scored(outcome: Outcome, equivalents: Equivalents): ScoredMutant {
  const { mutant, kill, error, breakdowns } = outcome;
  const { id, description, sql, wanted } = mutant;
  const reason = equivalents.reasonFor(id);
  const state = outcome.state === 'survived' && reason !== undefined ? 'equivalent' : outcome.state;
  return {
    id,
    class: mutant.class,
    description,
    state,
    ...(kill ?? {}),
    ...(state === 'equivalent' && reason !== undefined ? { reason } : {}),
    ...(state === 'survived' ? { wanted, sql } : {}),
    ...(state === 'invalid' ? { sql, error: error ?? '' } : {}),
    ...(breakdowns.length > 0 ? { breakdowns } : {}),
  };
}

/** Counts outcomes and sets the equivalents apart. */
export function scoreOf(outcomes: readonly Outcome[], equivalents: Equivalents): Score {
  const order = Object.keys(MUTANT_CLASSES);
  const mutants = outcomes
    .map((outcome) => scored(outcome, equivalents))
    .toSorted((a, b) => order.indexOf(a.class) - order.indexOf(b.class) || (a.id < b.id ? -1 : 1));
  const count = (state: ScoredMutant['state']): number =>
    mutants.filter((mutant) => mutant.state === state).length;
  const killed = mutants.filter(({ state }) => state === 'killed');
  return {
    format: 1,
    summary: {
      mutants: mutants.length,
      killed: killed.length,
      equivalent: count('equivalent'),
      survived: count('survived'),
      invalid: count('invalid'),
      killedByErrorOnly: killed.filter(({ kind }) => kind === 'error').length,
      breakdowns: mutants.filter(({ breakdowns }) => breakdowns !== undefined).length,
    },
    mutants,
    staleEquivalents: [...new Set(killed.flatMap(({ id }) => equivalents.patternsFor(id)))].sort(),
  };
}

/** True if everything was noticed that can be. */
export function isPerfect(score: Score): boolean {
  const { survived, invalid } = score.summary;
  return survived === 0 && invalid === 0 && score.staleEquivalents.length === 0;
}

/** One row a class: how many, noticed by whom, left. */
export function renderTable(score: Score): string {
  const table = new Table({
    head: ['class', 'mutants', ...KILLERS, 'equivalent', 'survived'],
    style: { head: [], border: [] },
    colAligns: ['left', ...Array.from({ length: KILLERS.length + 3 }, () => 'right' as const)],
  });
  const row = (title: string, mutants: readonly ScoredMutant[]): void => {
    const count = (fits: (mutant: ScoredMutant) => boolean): string =>
      String(mutants.filter(fits).length);
    table.push([
      title,
      String(mutants.length),
      ...KILLERS.map((killer) => count(({ by }) => by === killer)),
      count(({ state }) => state === 'equivalent'),
      count(({ state }) => state === 'survived'),
    ]);
  };
  for (const name of Object.keys(MUTANT_CLASSES)) {
    const mutants = score.mutants.filter((mutant) => mutant.class === name);
    if (mutants.length > 0) {
      row(name, mutants);
    }
  }
  row('all', score.mutants);
  return table.toString();
}

function renderSurvivor({ id, description, wanted, sql, breakdowns }: ScoredMutant): string {
  const statement =
    (sql ?? '').length < 300 ? [`  ${pc.dim((sql ?? '').replaceAll('\n', '\n  '))}`] : [];
  const notes = (breakdowns ?? []).map((note) => `  ${pc.yellow(note)}`);
  return [
    `${pc.red('survived')} ${id}`,
    `  ${description}`,
    `  to be tested: ${wanted}`,
    ...statement,
    ...notes,
  ].join('\n');
}

/** Everything that somebody has to act upon. */
export function renderProblems(score: Score): string {
  const of = (state: ScoredMutant['state']): ScoredMutant[] =>
    score.mutants.filter((mutant) => mutant.state === state);
  return [
    ...of('survived').map(renderSurvivor),
    ...of('invalid').map(
      ({ id, error, sql }) =>
        `${pc.red('invalid')} ${id}: the generator wrote SQL that cannot be applied: ${error}\n  ${sql}`,
    ),
    ...score.staleEquivalents.map(
      (pattern) => `${pc.red('stale')} ${pattern} is listed as equivalent, and was noticed`,
    ),
    ...score.mutants
      .filter(({ state, breakdowns }) => state !== 'survived' && breakdowns !== undefined)
      .map(({ id, breakdowns }) => `${pc.yellow('broke down')} ${id}: ${breakdowns?.join('; ')}`),
  ].join('\n');
}

/** The last line of a run; programs may rely on its form. */
export function scoreLine({ summary }: Score): string {
  const { mutants, killed, equivalent, survived } = summary;
  return `${mutants} mutants: ${killed} killed, ${equivalent} equivalent, ${survived} survived`;
}
