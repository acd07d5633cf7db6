import pg from 'pg';
import { EXIT, UserError } from '../errors.ts';
import { sleep } from '../processes.ts';
import type { AdoptionOptions } from './options.ts';

/** A step of `private.plan_adoption()`. */
export interface AdoptionStep {
  stage: 'adopt' | 'commit';
  name: string;
  statement: string | null;
  runs: 'transaction' | 'alone' | 'batches' | null;
  lock: string | null;
  purpose: string | null;
  undo: string | null;
  problem: string | null;
  /** Seconds that it takes, roughly, from the size of the table. */
  seconds: number;
}

/** A row of `private.verify_table()`. */
export interface Invariant {
  invariant: string;
  holds: boolean;
  finding: string;
}

/** How steps are carried out. */
export interface Execution {
  /** Pages (8 kB) of the table that are filled at once. */
  pagesPerBatch?: number;
  /** Milliseconds to wait for a lock before giving way to others. */
  lockTimeoutMs?: number;
  /** How often a lock is tried again. */
  attempts?: number;
  onStep?: (step: AdoptionStep) => { progress(done: number): void; done(): void };
}

const DEFAULTS = { pagesPerBatch: 256, lockTimeoutMs: 500, attempts: 60 } as const;

/** Steps that are taken for each partition by itself. */
const OF_A_PARTITION = new Set([
  'validate_company_reference',
  'validate_reference',
  'add_key',
  'add_index',
]);

// Seconds for a row, measured on two cores; for an order of magnitude, not for an appointment.
const SECONDS_PER_ROW: Readonly<Record<string, number>> = {
  backfill: 12e-6,
  refuse_unassigned: 0.1e-6,
  validate_company: 0.1e-6,
  validate_company_reference: 0.5e-6,
  validate_reference: 0.5e-6,
  add_key: 1.5e-6,
  add_index: 1.5e-6,
  add_exclusion: 60e-6,
};

/** Says in one sentence that there is no such table. */
export async function requireTable(client: pg.ClientBase, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string | null }>(
    'select to_regclass($1)::text as name',
    [table],
  );
  if (!rows[0]?.name) {
    throw new UserError(`There is no table ${table}.`, { fix: 'write it as public.orders' });
  }
}

/** The options as the database takes them: a company by its id. */
export async function resolveOptions(
  client: pg.ClientBase,
  options: AdoptionOptions,
): Promise<AdoptionOptions> {
  if (options.company === undefined) {
    return options;
  }
  const { rows } = await client.query<{ id: string }>(
    'select id from public.companies where id::text = $1 or slug = $1',
    [options.company],
  );
  if (!rows[0]) {
    throw new UserError(`There is no company ${options.company}.`, {
      fix: 'name it by its slug or id; select slug from public.companies lists them',
    });
  }
  return { ...options, company: rows[0].id };
}

/** What is left to do, in order, with rough times. Options that were given earlier hold unless there are new ones. */
export async function planAdoption(
  client: pg.ClientBase,
  table: string,
  options: AdoptionOptions,
): Promise<AdoptionStep[]> {
  const { rows } = await client.query<AdoptionStep & { rows: number; parts: number }>(
    `select s.*, z.rows, z.parts
       from (select sum(greatest(c.reltuples, 0))::float8 as rows, count(*)::integer as parts
               from private.table_tree($1::regclass) as t join pg_class as c on c.oid = t.part where t.is_leaf) as z,
             private.plan_adoption($1::regclass, coalesce(nullif($2::jsonb, '{}'), (
         select d.options from private.adoptions as d
          where to_regclass(format('%I.%I', d.table_schema, d.table_name)) = $1::regclass), '{}')) as s`,
    [table, JSON.stringify(options)],
  );
  return rows.map(({ rows: count, parts, ...step }) => ({
    ...step,
    seconds:
      ((SECONDS_PER_ROW[step.name] ?? 0) * count) /
      (OF_A_PARTITION.has(step.name) ? Math.max(parts, 1) : 1),
  }));
}

/** What of the invariants holds. */
export async function verifyTable(client: pg.ClientBase, table: string): Promise<Invariant[]> {
  const { rows } = await client.query<Invariant>(
    'select * from private.verify_table($1::regclass)',
    [table],
  );
  return rows;
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/** Runs in a transaction that gives way: whoever waits behind a lock that it waits for waits for half a second at most. */
async function inShortTransaction(
  client: pg.ClientBase,
  execution: Required<Omit<Execution, 'onStep'>>,
  run: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = ${execution.lockTimeoutMs}`);
      await run();
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback');
      const code = codeOf(error);
      if ((code !== '55P03' && code !== '40P01') || attempt >= execution.attempts) {
        throw error;
      }
      await sleep(100 + Math.random() * 100 * Math.min(attempt, 20));
    }
  }
}

async function fillInBatches(
  client: pg.ClientBase,
  table: string,
  statement: string,
  execution: Required<Omit<Execution, 'onStep'>>,
  progress: (done: number) => void,
): Promise<void> {
  const { rows } = await client.query<{ part: string; pages: number }>(
    `select t.part::text, (pg_relation_size(t.part) / current_setting('block_size')::bigint)::integer as pages
       from private.table_tree($1::regclass) as t where t.is_leaf`,
    [table],
  );
  // Rows that move meanwhile, or come, have their company by the trigger.
  const all = rows.reduce((sum, { pages }) => sum + pages, 0);
  let filled = 0;
  for (const { part, pages } of rows) {
    for (let page = 0; page < pages; page += execution.pagesPerBatch) {
      const end = page + execution.pagesPerBatch;
      await inShortTransaction(client, execution, async () => {
        await client.query(statement, [`(${page},0)`, `(${end},0)`, part]);
      });
      progress((filled + Math.min(end, pages)) / all);
    }
    filled += pages;
  }
}

function explain(error: unknown, table: string, step: AdoptionStep): unknown {
  if (!(error instanceof pg.DatabaseError)) {
    return error;
  }
  const fix =
    error.hint ??
    (error.code === '55P03'
      ? 'somebody holds the table for longer; run it again at a quieter time, it goes on where it ended'
      : error.code === '23503'
        ? 'rows lead to rows of another company: mend them, then run it again'
        : 'mend that and run it again; it goes on where it ended');
  return new UserError(`${table}: step ${step.name} failed: ${error.message}`, {
    fix,
    exitCode: EXIT.failed,
    details: [error.detail, error.where].filter(Boolean).join('\n'),
    cause: error,
  });
}

/**
 * Carries out what is left of one stage, each step in a transaction of its own that holds no lock for long. Safe to
 * repeat after it was interrupted anywhere. `commit` carries out both stages. Errors: UserError.
 */
export async function adoptTable(
  client: pg.ClientBase,
  table: string,
  options: AdoptionOptions,
  stage: 'adopt' | 'commit',
  execution: Execution = {},
): Promise<AdoptionStep[]> {
  const { onStep, ...given } = execution;
  const limits = { ...DEFAULTS, ...given };
  const taken: AdoptionStep[] = [];
  const known = await client
    .query<{ options: AdoptionOptions }>(
      'select private.begin_adoption($1::regclass, $2) as options',
      [table, JSON.stringify(options)],
    )
    .catch((error: unknown) => {
      throw error instanceof pg.DatabaseError
        ? new UserError(error.message, { fix: error.hint ?? 'see docs/adopting.md' })
        : error;
    });
  const settled = known.rows[0]?.options ?? options;
  for (const now of stage === 'adopt' ? (['adopt'] as const) : (['adopt', 'commit'] as const)) {
    const steps = (await planAdoption(client, table, settled)).filter((step) => step.stage === now);
    for (const step of steps) {
      const shown = onStep?.(step);
      const { statement } = step;
      try {
        if (step.runs === 'alone' && statement) {
          // Known before it is done: an index that is broken off stays behind.
          await client.query('select private.note_undo($1::regclass, $2)', [table, step.undo]);
          await client.query(statement);
        } else if (step.runs === 'batches' && statement) {
          await fillInBatches(client, table, statement, limits, (done) => shown?.progress(done));
        } else if (statement) {
          await inShortTransaction(client, limits, async () => {
            await client.query(statement);
            await client.query('select private.note_undo($1::regclass, $2)', [table, step.undo]);
          });
        }
      } catch (error) {
        throw explain(error, table, step);
      }
      shown?.done();
      taken.push(step);
    }
  }
  return taken;
}

/** Takes back what was done since the adoption began. Answers the number of steps. */
export async function undoAdoption(client: pg.ClientBase, table: string): Promise<number> {
  let steps = 0;
  try {
    await inShortTransaction(client, DEFAULTS, async () => {
      const { rows } = await client.query<{ n: number }>(
        'select private.undo_adoption($1::regclass) as n',
        [table],
      );
      steps = rows[0]?.n ?? 0;
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError) {
      throw new UserError(error.message, {
        fix: error.hint ?? 'undo the tables that lead to this one first',
        exitCode: EXIT.failed,
        ...(error.detail ? { details: error.detail } : {}),
      });
    }
    throw error;
  }
  return steps;
}
