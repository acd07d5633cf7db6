import { isAuthorised } from '../_shared/bearer.ts';
import { type Env, required, SettingsError } from '../_shared/settings.ts';
import { withTimeout } from '../_shared/timeout.ts';

/** What the handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: Env;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** How much is done in one call. */
export interface Limits {
  /** No batch begins later than this after the call. */
  deadlineMs: number;
  /** For a batch. */
  timeoutMs: number;
  /** Rows of a batch, at first: one that fails, such as by the timeout of the API's statements, is halved. */
  maxRows: number;
  /** A batch of so few rows that fails is not halved any more. */
  minRows: number;
}

/** The limits that apply unless a test states others. */
export const LIMITS: Readonly<Limits> = {
  deadlineMs: 45_000,
  timeoutMs: 30_000,
  maxRows: 5000,
  minRows: 100,
};

/** The answer. */
export interface Tally {
  batches: number;
  rows: number;
  /** False when the time was up first: call again. */
  is_complete: boolean;
}

/** What went wrong, in the form that PostgREST uses too; with the tally, when work had begun. */
export interface ErrorBody extends Partial<Tally> {
  code: string;
  message: string;
  hint: string | null;
}

/** A row of `run_data_retention()`. */
interface Result {
  company_id: string;
  data_class: string;
  rows_affected: number;
  is_complete: boolean;
  error: string | null;
}

/**
 * Applies the retention policies of all companies in batches, each in a transaction of its own, until
 * nothing is left or the deadline has passed. For projects without pg_cron: a schedule calls it. Calls
 * that overlap are safe.
 */
export function createHandler(
  deps: Dependencies,
  limits: Partial<Limits> = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') {
      return problem(405, 'method_not_allowed', 'Use POST.', null, {}, { allow: 'POST' });
    }
    try {
      if (!(await isAuthorised(request, required(deps.env, 'RETENTION_SECRET')))) {
        return problem(
          401,
          'not_authorised',
          'This needs the secret of the schedule.',
          'Send RETENTION_SECRET as a bearer token.',
          {},
          { 'www-authenticate': 'Bearer' },
        );
      }
      return await retain(deps, { ...LIMITS, ...limits });
    } catch (error) {
      if (error instanceof SettingsError) {
        return problem(500, 'not_configured', error.message, error.hint);
      }
      throw error;
    }
  };
}

// Policies that had nothing to do are left out: the API answers 1,000 rows at most.
const PATH = '/rest/v1/rpc/run_data_retention?or=(rows_affected.gt.0,is_complete.is.false)';

async function retain(deps: Dependencies, limits: Limits): Promise<Response> {
  const url = required(deps.env, 'SUPABASE_URL');
  const serviceKey = required(deps.env, 'SUPABASE_SERVICE_ROLE_KEY');
  const endsAt = deps.now() + limits.deadlineMs;
  const tally: Tally = { batches: 0, rows: 0, is_complete: false };
  const failed = new Set<string>();
  let maxRows = limits.maxRows;
  while (!tally.is_complete && deps.now() < endsAt) {
    const results = await batch(deps, { ...limits, maxRows }, url, serviceKey);
    if (!results && maxRows > limits.minRows) {
      maxRows = Math.max(Math.floor(maxRows / 2), limits.minRows);
      continue;
    }
    if (!results) {
      return problem(
        502,
        'database_error',
        'The database did not apply the policies.',
        'What was done before stays done; call again.',
        tally,
      );
    }
    tally.batches += 1;
    tally.rows += results.reduce((sum, result) => sum + result.rows_affected, 0);
    tally.is_complete = results.every(({ is_complete, error }) => is_complete || error !== null);
    for (const { company_id, data_class, error } of results) {
      if (error !== null) {
        failed.add(`${data_class} of ${company_id}`);
      }
    }
  }
  // The schedule must notice; why it failed is in data_retention_logs, and told the company.
  return failed.size > 0
    ? problem(
        500,
        'policy_failed',
        `Policies failed: ${[...failed].join(', ')}.`,
        'See error_message in data_retention_logs.',
        tally,
      )
    : json(200, tally);
}

async function batch(
  deps: Dependencies,
  limits: Limits,
  url: string,
  serviceKey: string,
): Promise<Result[] | undefined> {
  try {
    return await withTimeout(limits.timeoutMs, async (signal) => {
      const response = await deps.fetch(new URL(PATH, url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${serviceKey}`,
          apikey: serviceKey,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ max_rows: limits.maxRows }),
        signal,
      });
      const body: unknown = await response.json();
      return response.ok && Array.isArray(body) ? (body as Result[]) : undefined;
    });
  } catch {
    return undefined;
  }
}

function json(
  status: number,
  body: Tally | ErrorBody,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function problem(
  status: number,
  code: string,
  message: string,
  hint: string | null,
  tally: Partial<Tally> = {},
  headers: Record<string, string> = {},
): Response {
  return json(status, { code, message, hint, ...tally }, headers);
}
