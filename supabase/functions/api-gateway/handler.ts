import { type Env, required, SettingsError } from '../_shared/settings.ts';
import { withTimeout } from '../_shared/timeout.ts';
import { createSigner } from './signing.ts';

/** What the handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: Env;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** The answer (RFC 6749, section 5.1), with whose key it is. */
export interface TokenBody {
  access_token: string;
  token_type: 'bearer';
  /** Seconds. */
  expires_in: number;
  company_id: string;
  api_key_id: string;
  permissions: string[];
}

/** What went wrong, in the form that PostgREST uses too. */
export interface ErrorBody {
  code: string;
  message: string;
  hint: string | null;
}

/** What `verify_api_key()` answers. */
interface Verification {
  allowed: boolean;
  reason: string;
  company_id: string | null;
  api_key_id: string | null;
  permissions: string[] | null;
  expires_at: string | null;
  retry_after_seconds: number;
}

const TOKEN_SECONDS = 300;
const TIMEOUT_MS = 5000;

const CORS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, x-api-key, x-client-info, apikey, content-type',
  'access-control-allow-methods': 'POST, OPTIONS',
};

/**
 * Exchanges an API key of a company for a token of five minutes, which the gate takes like a
 * member's. What the token may do is asked of the key on every statement.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method === 'OPTIONS') {
      return new Response('ok', { headers: CORS });
    }
    if (request.method !== 'POST') {
      return problem(405, 'method_not_allowed', 'Use POST.', null, { allow: 'POST, OPTIONS' });
    }
    const apiKey = presented(request);
    if (!apiKey) {
      return problem(
        401,
        'api_key_missing',
        'This needs an API key.',
        'Send it as header x-api-key, or as a bearer token.',
        { 'www-authenticate': 'Bearer' },
      );
    }
    try {
      const url = required(deps.env, 'SUPABASE_URL');
      const serviceKey = required(deps.env, 'SUPABASE_SERVICE_ROLE_KEY');
      const sign = await createSigner(required(deps.env, 'API_GATEWAY_SIGNING_KEY'));
      const found = await verify(deps, url, serviceKey, apiKey, request);
      if (!found) {
        return problem(
          502,
          'database_error',
          'The database did not answer as expected.',
          'Try again in a moment.',
        );
      }
      return found.allowed ? await answer(deps, url, sign, found) : refusal(found);
    } catch (error) {
      if (error instanceof SettingsError) {
        return problem(500, 'not_configured', error.message, error.hint);
      }
      throw error;
    }
  };
}

function presented(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
  return request.headers.get('x-api-key') ?? bearer;
}

async function verify(
  deps: Dependencies,
  url: string,
  serviceKey: string,
  apiKey: string,
  request: Request,
): Promise<Verification | undefined> {
  try {
    return await withTimeout(TIMEOUT_MS, async (signal) => {
      const response = await deps.fetch(new URL('/rest/v1/rpc/verify_api_key', url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${serviceKey}`,
          apikey: serviceKey,
          'content-type': 'application/json',
        },
        // The database knows how many proxies can be believed.
        body: JSON.stringify({
          api_key: apiKey,
          forwarded_for: request.headers.get('x-forwarded-for'),
        }),
        signal,
      });
      const body: unknown = await response.json();
      return response.ok && isVerification(body) ? body : undefined;
    });
  } catch {
    return undefined;
  }
}

function isVerification(body: unknown): body is Verification {
  const { allowed, reason, company_id, api_key_id } = (body ?? {}) as Partial<Verification>;
  return (
    typeof reason === 'string' &&
    (allowed === false ||
      (allowed === true && typeof company_id === 'string' && typeof api_key_id === 'string'))
  );
}

async function answer(
  deps: Dependencies,
  url: string,
  sign: (claims: Record<string, unknown>) => Promise<string>,
  found: Verification,
): Promise<Response> {
  const issuedAt = Math.floor(deps.now() / 1000);
  const keyEndsAt = found.expires_at
    ? Math.floor(Date.parse(found.expires_at) / 1000)
    : Number.POSITIVE_INFINITY;
  const expiresAt = Math.min(issuedAt + TOKEN_SECONDS, keyEndsAt);
  const claims = {
    iss: new URL('/auth/v1', url).href,
    aud: 'authenticated',
    role: 'authenticated',
    sub: found.api_key_id,
    api_key_id: found.api_key_id,
    company_id: found.company_id,
    iat: issuedAt,
    exp: expiresAt,
  };
  return json(200, {
    access_token: await sign(claims),
    token_type: 'bearer',
    expires_in: Math.max(expiresAt - issuedAt, 0),
    company_id: found.company_id ?? '',
    api_key_id: found.api_key_id ?? '',
    permissions: found.permissions ?? [],
  });
}

function refusal(found: Verification): Response {
  switch (found.reason) {
    case 'rate_limited':
      return problem(
        429,
        'rate_limited',
        'Too many requests with this key.',
        `Wait ${found.retry_after_seconds} s. A token is good for ${TOKEN_SECONDS} s: keep it.`,
        { 'retry-after': String(found.retry_after_seconds) },
      );
    case 'ip_not_allowed':
      return problem(
        403,
        'ip_not_allowed',
        'The key may not be used from your address.',
        'Come from a network of the key and of its company, or ask whoever manages it.',
      );
    default:
      return problem(
        401,
        'api_key_not_valid',
        'The API key is not valid.',
        'Check it; it may have been revoked, or have expired.',
        { 'www-authenticate': 'Bearer error="invalid_token"' },
      );
  }
}

function json(
  status: number,
  body: TokenBody | ErrorBody,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...CORS,
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...headers,
    },
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
