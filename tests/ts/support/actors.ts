import pg from 'pg';
import type { ActorName, CompanySlug } from '../../../scripts/lib/cast.ts';
import { type Claims, claimsWithin, impersonate } from '../../../scripts/lib/token.ts';

/** One of the cast; optionally after switching company, with other claims or with request headers. */
export interface ActorOptions {
  as: ActorName;
  /** The token as it is after `switch_company()`. */
  company?: CompanySlug;
  /** Laid over the claims that the hook gives (forged ones); undefined removes a claim. */
  claims?: Record<string, unknown>;
  /** Exactly this text as `request.jwt.claims`, however malformed. */
  rawClaims?: string;
  /** Request headers as PostgREST passes them on, names in lower case. */
  headers?: Record<string, string>;
  /** The Postgres role, when it is not the one that the token names. */
  role?: string;
}

/** A member of the cast, by name or with options. */
export type Who = ActorName | ActorOptions;

/** The token's claims of an actor, computed by the real hook. Needs an open transaction. */
export async function claimsOf(client: pg.ClientBase, who: Who): Promise<Claims> {
  const { as, company, claims } = typeof who === 'string' ? ({ as: who } as ActorOptions) : who;
  const computed = await claimsWithin(client, company === undefined ? { as } : { as, company });
  return { ...computed, ...claims };
}

/** Does to the open transaction what PostgREST does for a request: role, claims and headers. */
export async function become(client: pg.ClientBase, who: Who): Promise<void> {
  const options: ActorOptions = typeof who === 'string' ? { as: who } : who;
  await impersonate(client, await claimsOf(client, options), options);
}

/** Runs the function as an actor, in a transaction that is rolled back. */
export async function asActor<T>(
  client: pg.Client,
  who: Who,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return inTransaction(client, who, run, 'rollback');
}

/** The same, and keeps what was done: for races and for what must be seen by other sessions. */
export async function asActorCommitted<T>(
  client: pg.Client,
  who: Who,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return inTransaction(client, who, run, 'commit');
}

async function inTransaction<T>(
  client: pg.Client,
  who: Who,
  run: (client: pg.Client) => Promise<T>,
  end: 'commit' | 'rollback',
): Promise<T> {
  await client.query('begin');
  try {
    await become(client, who);
    const result = await run(client);
    await client.query(end);
    return result;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** What a statement came to. */
export interface Attempt {
  /** SQLSTATE, or null when the statement went through. */
  code: string | null;
  /** First word of DETAIL: the stable token of our own errors. */
  token: string | null;
  message: string | null;
  rowCount: number;
  rows: Record<string, unknown>[];
}

/** Runs a statement that may be refused, inside a savepoint, so that the transaction goes on. */
export async function attempt(
  client: pg.ClientBase,
  sql: string,
  parameters: unknown[] = [],
): Promise<Attempt> {
  await client.query('savepoint attempt');
  try {
    const { rows, rowCount } = await client.query<Record<string, unknown>>(sql, parameters);
    await client.query('release savepoint attempt');
    return { code: null, token: null, message: null, rowCount: rowCount ?? 0, rows };
  } catch (error) {
    await client.query('rollback to savepoint attempt; release savepoint attempt');
    if (!(error instanceof pg.DatabaseError)) {
      throw error;
    }
    return {
      code: error.code ?? null,
      token: error.detail?.split(/[\s:;,]/, 1)[0] ?? null,
      message: error.message,
      rowCount: 0,
      rows: [],
    };
  }
}
