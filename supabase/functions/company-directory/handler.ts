import { isAuthorised } from '../_shared/bearer.ts';
import { callersDatabase, problemOf, serviceDatabase } from '../_shared/database.ts';
import { CORS, json, Problem } from '../_shared/http.ts';
import { createLog, messageOf } from '../_shared/log.ts';
import type { Env } from '../_shared/settings.ts';

/** What the handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: Env;
  /** Where lines of the log go. */
  write: (line: string) => void;
}

/** A company and the project that serves it. */
export interface CompanyCell {
  company_id: string;
  slug: string;
  cell: string;
  api_url: string;
  publishable_key: string;
  region: string | null;
  version: number;
  moved_at: string;
}

const TIMEOUT_MS = 10_000;
const PAGE = 1000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HEADERS = {
  ...CORS,
  'access-control-allow-headers': `${CORS['access-control-allow-headers']}, if-none-match`,
  'access-control-allow-methods': 'GET, OPTIONS',
  'access-control-expose-headers': 'etag',
  // What one person is told is nobody else's.
  vary: 'authorization',
};

/**
 * Answers which project serves the caller's companies, or one of them (`?company_id=`). The database is asked with the
 * caller's own token: a company that there is not and one that is not theirs are the same to both. A server with the
 * service role's key gets the whole directory.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const log = createLog('company-directory', [deps.env('SUPABASE_SERVICE_ROLE_KEY')], deps.write);
    if (request.method === 'OPTIONS') {
      return new Response('ok', { headers: HEADERS });
    }
    try {
      if (request.method !== 'GET') {
        throw new Problem(405, 'method_not_allowed', 'Use GET.', null, {
          headers: { allow: 'GET, OPTIONS' },
        });
      }
      return await answer(request, await look(deps, request));
    } catch (error) {
      const problem = problemOf(error);
      log.error('request_failed', {
        status: problem.status,
        code: problem.code,
        error: messageOf(error),
      });
      return problem.toResponse({ ...HEADERS, 'cache-control': 'no-store' });
    }
  };
}

/** The body: whole, or of one company. */
async function look(deps: Dependencies, request: Request): Promise<unknown> {
  const options = { fetch: deps.fetch, env: deps.env, timeoutMs: TIMEOUT_MS };
  const key = deps.env('SUPABASE_SERVICE_ROLE_KEY');
  if (key && (await isAuthorised(request, key))) {
    const database = serviceDatabase(options);
    const companies: { company_id: string }[] = [];
    for (let after: string | null = null; ; ) {
      const page: { company_id: string }[] = await database.call('company_directory', {
        after,
        max_rows: PAGE,
      });
      companies.push(...page);
      if (page.length < PAGE) {
        return { cells: await database.call('list_cells', {}), companies };
      }
      after = page.at(-1)?.company_id ?? null;
    }
  }
  const caller = callersDatabase(options, request);
  const company = new URL(request.url).searchParams.get('company_id');
  if (company === null) {
    return { companies: await caller.call<CompanyCell[]>('my_company_cells', {}) };
  }
  const [found] = UUID.test(company)
    ? await caller.call<CompanyCell[]>('my_company_cells', { company_id: company })
    : [];
  if (!found) {
    throw new Problem(
      404,
      'unknown_company',
      'You are a member of no such company.',
      'Leave company_id out for the companies that you are a member of.',
    );
  }
  return found;
}

/** The body with its ETag, or nothing where the caller has it. Kept by the caller for a minute, and by nobody else. */
async function answer(request: Request, body: unknown): Promise<Response> {
  const text = new TextEncoder().encode(JSON.stringify(body));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text)).slice(0, 16);
  const etag = `"${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
  const headers = { ...HEADERS, etag, 'cache-control': 'private, max-age=60' };
  const known = request.headers.get('if-none-match')?.split(/\s*,\s*/) ?? [];
  return known.some((one) => one.replace(/^W\//, '') === etag)
    ? new Response(null, { status: 304, headers })
    : json(200, body, headers);
}
