import type pg from 'pg';

/** A request that is sent through PostgREST. */
export interface ApiRequest {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  /** What the token says; signed with the local secret. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** One statement, or a few, that pgbench repeats; or a request. */
export interface Run {
  /** As the page shows it. */
  readonly name: string;
  /** A pgbench script, or what PostgREST is asked. */
  readonly script: string | ApiRequest;
  /** Settings of the session, such as role (service_role unless told) and request.jwt.claims. */
  readonly settings?: Readonly<Record<string, string>>;
  /** One of the suite's databases; the first unless told. */
  readonly database?: string;
  /** May take for ever: measured once, and given up after so many seconds. */
  readonly patience?: number;
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
  /** What a ratio compares: events a second, unless it is the time that one takes. */
  readonly shows?: 'time';
}

/** Contests that share a database. */
export interface Suite {
  readonly name: string;
  readonly title: string;
  /** What is compared, in a few sentences of Markdown. */
  readonly about: string;
  readonly contests: readonly Contest[];
  /** More than one database, by name. */
  readonly databases?: readonly string[];
  /** More rounds, or shorter ones, than the scale has. */
  readonly rounds?: Partial<Record<ScaleName, Pick<Scale, 'rounds' | 'seconds'>>>;
  /** Fills a database that has the migrations and nothing else. The connection is a superuser's. */
  prepare(client: pg.Client, scale: ScaleName, database: string): Promise<void>;
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
  /** Events a second, or time, as a multiple of the reference of the same round: median, lowest and highest. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly goal?: number;
  /** It was given up: it takes longer. */
  readonly isAtLeast?: boolean;
}

export interface ContestResult {
  readonly id: string;
  readonly title: string;
  readonly clients: number;
  readonly shows?: 'time';
  readonly reference: { readonly name: string; readonly perSecond: number };
  readonly runs: readonly Measured[];
}

/** Passes a second, and whether it was given up before one was through. */
export interface Rate {
  readonly perSecond: number;
  /** How many there were. */
  readonly passes?: number;
  readonly isAtMost?: boolean;
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
