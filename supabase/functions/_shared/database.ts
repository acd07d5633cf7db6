import { Problem } from './http.ts';
import { type Env, required, SettingsError } from './settings.ts';
import { withTimeout } from './timeout.ts';

/** The database refused, or did not answer. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** Status of PostgREST; 0 without an answer. */
  readonly status: number;
  /** SQLSTATE. */
  readonly code: string;
  /** The token: the first word of DETAIL. */
  readonly token: string;
  readonly hint: string | null;

  constructor(status: number, code: string, token: string, message: string, hint: string | null) {
    super(message);
    this.status = status;
    this.code = code;
    this.token = token;
    this.hint = hint;
  }

  /** The same to a caller: their own mistakes as they are, the rest as a database that failed. */
  toProblem(): Problem {
    return this.status >= 400 && this.status < 500
      ? new Problem(this.status, this.code, this.message, this.hint, { details: this.token })
      : new Problem(
          502,
          'database_error',
          'The database did not answer.',
          'Try again in a moment.',
        );
  }
}

/** What a caller is told of an error; what nobody expected stays in the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  if (error instanceof SettingsError) {
    return new Problem(500, 'not_configured', error.message, error.hint);
  }
  if (error instanceof DatabaseError) {
    return error.toProblem();
  }
  return new Problem(
    500,
    'internal_error',
    'Something went wrong.',
    'See the log of the function.',
  );
}

/** The database through its API. */
export interface Database {
  /** Calls a function, and answers what it returns. */
  call<T>(name: string, parameters: Record<string, unknown>): Promise<T>;
  /** Reads rows of a table; the query is that of PostgREST. */
  select<T>(table: string, query: Record<string, string>): Promise<T[]>;
}

/** What a database needs. */
export interface DatabaseOptions {
  fetch: typeof fetch;
  env: Env;
  timeoutMs: number;
}

/** The database with the service role's key. */
export function serviceDatabase(options: DatabaseOptions): Database {
  const key = required(options.env, 'SUPABASE_SERVICE_ROLE_KEY');
  return connect(options, { authorization: `Bearer ${key}`, apikey: key });
}

/**
 * The database with the caller's own token, never with the service role: the gate decides which company
 * they act for, and whether they may. Refuses whoever sends no token.
 */
export function callersDatabase(options: DatabaseOptions, request: Request): Database {
  const authorization = request.headers.get('authorization');
  if (!authorization || !/^Bearer +\S+\.\S+\.\S+$/i.test(authorization)) {
    throw new Problem(
      401,
      'not_signed_in',
      'This needs a signed-in user.',
      "Send the user's access token.",
    );
  }
  const company = request.headers.get('x-company-id');
  return connect(options, {
    authorization,
    apikey: required(options.env, 'SUPABASE_ANON_KEY'),
    ...(company === null ? {} : { 'x-company-id': company }),
  });
}

function connect(options: DatabaseOptions, headers: Record<string, string>): Database {
  const base = required(options.env, 'SUPABASE_URL');

  async function ask(path: string, init: RequestInit): Promise<unknown> {
    let answer: { status: number; body: unknown };
    try {
      answer = await withTimeout(options.timeoutMs, async (signal) => {
        const response = await options.fetch(new URL(`/rest/v1/${path}`, base), {
          ...init,
          headers: { ...headers, 'content-type': 'application/json' },
          // The key goes nowhere else.
          redirect: 'manual',
          signal,
        });
        const text = await response.text();
        return { status: response.status, body: text === '' ? null : JSON.parse(text) };
      });
    } catch {
      throw new DatabaseError(0, 'no_answer', 'no_answer', 'The database did not answer.', null);
    }
    if (answer.status < 200 || answer.status >= 300) {
      const error = (answer.body ?? {}) as Partial<Record<string, unknown>>;
      const text = (name: string): string | undefined =>
        typeof error[name] === 'string' ? error[name] : undefined;
      throw new DatabaseError(
        answer.status,
        text('code') ?? 'database_error',
        text('details')?.split(' ')[0] ?? '',
        text('message') ?? `The database answered with status ${answer.status}.`,
        text('hint') ?? null,
      );
    }
    return answer.body;
  }

  return {
    call: <T>(name: string, parameters: Record<string, unknown>) =>
      ask(`rpc/${name}`, { method: 'POST', body: JSON.stringify(parameters) }) as Promise<T>,
    select: <T>(table: string, query: Record<string, string>) =>
      ask(`${table}?${new URLSearchParams(query)}`, { method: 'GET' }) as Promise<T[]>,
  };
}
