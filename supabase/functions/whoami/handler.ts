/** What the handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: (name: string) => string | undefined;
}

/** What went wrong, in the form that PostgREST uses too. */
export interface ErrorBody {
  code: string;
  message: string;
  hint: string | null;
}

/** The answer: who the caller is by their token, and the companies that the database grants them. */
export interface WhoamiBody {
  user_id: string;
  active_company_id: string | null;
  companies: Company[];
}

/** A row of `my_companies()`; it may have more columns than are named here. */
export interface Company {
  company_id: string;
  is_active: boolean;
  [column: string]: unknown;
}

const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers':
    'authorization, x-client-info, apikey, content-type, x-company-id',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
};

/**
 * Answers which companies the caller belongs to. The database is asked with the caller's own
 * token, never with the service role: what they may not see, this function cannot see either.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method === 'OPTIONS') {
      return new Response('ok', { headers: CORS });
    }
    if (request.method !== 'GET' && request.method !== 'POST') {
      return problem(405, 'method_not_allowed', 'Use GET or POST.', null, {
        allow: 'GET, POST, OPTIONS',
      });
    }
    const authorization = request.headers.get('authorization');
    const userId = authorization ? subjectOf(authorization) : undefined;
    if (!authorization || !userId) {
      return problem(
        401,
        'not_signed_in',
        'This needs a signed-in user.',
        "Send the user's access token.",
      );
    }
    const url = deps.env('SUPABASE_URL');
    const key = deps.env('SUPABASE_ANON_KEY');
    if (!url || !key) {
      return problem(500, 'not_configured', 'SUPABASE_URL or SUPABASE_ANON_KEY is missing.', null);
    }

    let answer: Response;
    try {
      answer = await deps.fetch(new URL('/rest/v1/rpc/my_companies', url), {
        method: 'POST',
        headers: forwarded(request, authorization, key),
        body: '{}',
      });
    } catch {
      return problem(
        502,
        'database_unreachable',
        'The database did not answer.',
        'Try again in a moment.',
      );
    }
    const body: unknown = await answer.json().catch(() => null);
    if (!answer.ok) {
      const { code, message, hint } = (body ?? {}) as Partial<ErrorBody>;
      return problem(
        answer.status >= 500 ? 502 : answer.status,
        code ?? 'database_error',
        message ?? 'The database refused the request.',
        hint ?? null,
      );
    }
    if (!Array.isArray(body)) {
      return problem(502, 'database_error', 'The database gave an unexpected answer.', null);
    }
    const companies = body as Company[];
    return json(200, {
      user_id: userId,
      active_company_id: companies.find((company) => company.is_active)?.company_id ?? null,
      companies,
    });
  };
}

/** The caller's choice of company goes along; the database checks it. */
function forwarded(request: Request, authorization: string, key: string): Record<string, string> {
  const company = request.headers.get('x-company-id');
  return {
    authorization,
    apikey: key,
    'content-type': 'application/json',
    ...(company ? { 'x-company-id': company } : {}),
  };
}

/**
 * The user id in a token. The signature was checked before the function was called, and the
 * database checks it again: nothing is decided on this value.
 */
function subjectOf(authorization: string): string | undefined {
  const payload = authorization.replace(/^Bearer\s+/i, '').split('.')[1];
  if (!payload) {
    return undefined;
  }
  try {
    const bytes = Uint8Array.from(
      atob(payload.replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const subject = (claims as { sub?: unknown } | null)?.sub;
    return typeof subject === 'string' && subject !== '' ? subject : undefined;
  } catch {
    return undefined;
  }
}

function json(
  status: number,
  body: WhoamiBody | ErrorBody,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...CORS, 'content-type': 'application/json', ...headers },
  });
}

function problem(
  status: number,
  code: string,
  message: string,
  hint: string | null,
  headers: Record<string, string> = {},
): Response {
  return json(status, { code, message, hint }, headers);
}
