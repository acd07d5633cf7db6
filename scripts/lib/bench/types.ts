import type pg from 'pg';

/** One statement, or a few, that pgbench repeats. */
export interface Run {
  /** As the page shows it. */
  readonly name: string;
  /** A pgbench script. */
  readonly script: string;
  /** Events that one pass of the script handles; 1 unless told. */
  readonly events?: number;
  /** The ratio to the reference that we want to reach. */
  readonly goal?: number;
}

/** Runs that are measured in turn, and what they are compared with. */
export interface Contest {
  /** Short and without spaces; results of different days are matched by it. */
  readonly id: string;
  readonly title: string;
  /** Concurrent sessions. */
  readonly clients: number;
  readonly reference: Run;
  readonly runs: readonly Run[];
}

/** Contests that share a database. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  /** What is compared, in a few sentences of Markdown. */
  readonly about: string;
  readonly contests: readonly Contest[];
  /** Fills a database that has the migrations and nothing else. The connection is a superuser's. */
  prepare(client: pg.Client): Promise<void>;
}

export type ScaleName = 'small' | 'full';

/** How long and how often to measure. */
export interface Scale {
  readonly name: ScaleName;
  readonly rounds: number;
  /** Seconds of one run. */
  readonly seconds: number;
}

/** What came of a run. */
export interface Measured {
  readonly name: string;
  /** Events a second, the median of the rounds. */
  readonly perSecond: number;
  /** Events a second as a multiple of the reference of the same round: median, lowest and highest. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly goal?: number;
}

export interface ContestResult {
  readonly id: string;
  readonly title: string;
  readonly clients: number;
  readonly reference: { readonly name: string; readonly perSecond: number };
  readonly runs: readonly Measured[];
}

/** A result file. */
export interface SuiteResult {
  readonly suite: string;
  readonly date: string;
  readonly scale: ScaleName;
  readonly postgres: string;
  readonly processors: number;
  readonly contests: readonly ContestResult[];
}
