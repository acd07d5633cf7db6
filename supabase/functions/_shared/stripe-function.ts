import { isAuthorised } from './bearer.ts';
import { problemOf } from './database.ts';
import { CORS, json, Problem, requirePost } from './http.ts';
import { createLog, type Log, messageOf } from './log.ts';
import { type Env, required } from './settings.ts';
import { Stripe, stripeProblem } from './stripe.ts';

/** What a handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: Env;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Where lines of the log go. */
  write: (line: string) => void;
}

/** A handler of requests. */
export type Handler = (request: Request) => Promise<Response>;

const SECRETS = [
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'STRIPE_SCHEDULE_SECRET',
  'SUPABASE_SERVICE_ROLE_KEY',
] as const;

/** Turns errors into answers, and answers the preflight of a browser where one may call. */
export function handlerOf(
  name: string,
  deps: Dependencies,
  work: (request: Request, log: Log) => Promise<unknown>,
  { isPublic = false }: { isPublic?: boolean } = {},
): Handler {
  const headers = isPublic ? CORS : {};
  return async (request) => {
    const log = createLog(name, SECRETS.map(deps.env), deps.write);
    if (isPublic && request.method === 'OPTIONS') {
      return new Response('ok', { headers });
    }
    try {
      requirePost(request);
      return json(200, await work(request, log), headers);
    } catch (error) {
      const problem =
        error instanceof Stripe.errors.StripeError ? stripeProblem(error) : problemOf(error);
      log.error('request_failed', {
        status: problem.status,
        code: problem.code,
        error: messageOf(error),
      });
      return problem.toResponse(headers);
    }
  };
}

/** Refuses whoever is not the schedule. */
export async function requireSchedule(request: Request, env: Env): Promise<void> {
  if (!(await isAuthorised(request, required(env, 'STRIPE_SCHEDULE_SECRET')))) {
    throw new Problem(
      401,
      'not_authorised',
      'This needs the secret of the schedule.',
      'Send STRIPE_SCHEDULE_SECRET as a bearer token.',
      { headers: { 'www-authenticate': 'Bearer' } },
    );
  }
}
