/** Tries a statement as somebody, and takes it back. */

import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { messageOf } from '../errors.ts';
import type { Actor } from './actors.ts';

/** What came of a statement: everything that its caller could see. */
export interface Outcome {
  /** SQLSTATE, or null if it succeeded. */
  readonly code: string | null;
  /** Rows returned or affected. */
  readonly count: number;
  /** Returned values, row by row, sorted; an error's message, detail and hint. */
  readonly leaves: readonly string[];
  /** The server routine that raised the error. */
  readonly routine: string | null;
}

/** What is tried. */
export interface Statement {
  readonly sql: string;
  /** What the owner does first, taken back with the rest. */
  readonly prepare?: string | undefined;
  /** Rows in COPY's text format, if it is a COPY FROM. */
  readonly input?: string | undefined;
}

const raw = { getTypeParser: () => (value: unknown) => value };

interface RawResult {
  command: string;
  rowCount: number | null;
  rows: (string | null)[][];
  fields: { name: string }[];
}

/** SQL that makes the transaction somebody's request. */
export function becomeSql(actor: Actor): string {
  const settings = Object.entries({ ...actor.settings, role: actor.role })
    .map(
      ([name, value]) => `set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
    )
    .join(', ');
  return `select ${settings}`;
}

/** Issued on 1 January 2026 and valid until 2100: the same script on every run. */
function withoutClock(sql: string): string {
  return sql
    .replaceAll(/"(iat|timestamp)":\d+/g, '"$1":1767225600')
    .replaceAll(/"exp":\d+/g, '"exp":4102444800');
}

/** A psql script for a statement. */
export function scriptOf(actor: Actor, statement: Statement): string {
  const lines = ['savepoint attempt;'];
  if (statement.prepare) {
    lines.push(`${statement.prepare};`);
  }
  lines.push(`${withoutClock(becomeSql(actor))} \\g /dev/null`, `${statement.sql};`);
  if (statement.input !== undefined) {
    lines.push(`${statement.input}\\.`);
  }
  lines.push('rollback to savepoint attempt;');
  return lines.join('\n');
}

/** Tries statements in one transaction, each in a savepoint. */
export class Session {
  readonly client: pg.ClientBase;
  /** How many statements were tried. */
  statements = 0;

  constructor(client: pg.ClientBase) {
    this.client = client;
  }

  /** Begins a series of tries; `end` takes back what the last one did. */
  async begin(): Promise<void> {
    await this.client.query('savepoint attempt');
  }

  async end(): Promise<void> {
    await this.client.query('rollback to savepoint attempt; release savepoint attempt');
  }

  /** One try. Its effects stay until the next try, so that they can be looked at. */
  async attempt(actor: Actor, statement: Statement): Promise<Outcome> {
    this.statements += 1;
    const before = `rollback to savepoint attempt; ${statement.prepare ? `${statement.prepare}; ` : ''}${becomeSql(actor)}`;
    if (/^copy /i.test(statement.sql)) {
      try {
        await this.client.query(before);
      } catch (error) {
        return failure(error);
      }
      return this.#copy(statement);
    }
    try {
      const result = (await this.client.query({
        text: `${before}; ${statement.sql}`,
        rowMode: 'array',
        types: raw as unknown as pg.CustomTypesConfig,
      })) as unknown as RawResult | RawResult[];
      const last = Array.isArray(result) ? result.at(-1) : result;
      return {
        code: null,
        count: last?.rowCount ?? 0,
        leaves: (last?.rows ?? [])
          .map((row) => row.map((value) => value ?? '∅').join(' | '))
          .sort(),
        routine: null,
      };
    } catch (error) {
      return failure(error);
    }
  }

  /** Looks, as the owner, at what the last try did. */
  async inspect(sql: string): Promise<string[]> {
    const result = (await this.client.query({
      text: `select set_config('role', 'none', true), set_config('request.jwt.claims', '', true); ${sql}`,
      rowMode: 'array',
      types: raw as unknown as pg.CustomTypesConfig,
    })) as unknown as RawResult[];
    return (result.at(-1)?.rows ?? []).map((row) => row.join(' | ')).sort();
  }

  async #copy(statement: Statement): Promise<Outcome> {
    try {
      if (statement.input !== undefined) {
        const stream = this.client.query(copyFrom(statement.sql));
        await pipeline(Readable.from([statement.input]), stream);
        return { code: null, count: stream.rowCount, leaves: [], routine: null };
      }
      const chunks: Buffer[] = [];
      await pipeline(
        this.client.query(copyTo(statement.sql)),
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        }),
      );
      const leaves = Buffer.concat(chunks).toString('utf8').split('\n').filter(Boolean).sort();
      return { code: null, count: leaves.length, leaves, routine: null };
    } catch (error) {
      return failure(error);
    }
  }
}

function failure(error: unknown): Outcome {
  if (!(error instanceof pg.DatabaseError) || !error.code) {
    throw error instanceof Error ? error : new Error(messageOf(error));
  }
  return {
    code: error.code,
    count: 0,
    leaves: [error.message, error.detail ?? '', error.hint ?? ''].filter(Boolean),
    routine: error.routine ?? null,
  };
}

/** An outcome as text, for evidence and for comparison. */
export function describeOutcome(outcome: Outcome): string {
  if (outcome.code !== null) {
    return `ERROR ${outcome.code}: ${outcome.leaves.join('\n')}`;
  }
  const rows = outcome.leaves.slice(0, 20).join('\n');
  return `${outcome.count} ${outcome.count === 1 ? 'row' : 'rows'}${rows ? `\n${rows}` : ''}`;
}
