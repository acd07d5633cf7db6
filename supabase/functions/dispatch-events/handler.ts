import { isAuthorised } from '../_shared/bearer.ts';
import { required, SettingsError } from '../_shared/settings.ts';
import { createLegible, deliver, type Receiver } from './delivery.ts';
import { emailReceiver } from './email.ts';
import { type ClaimedEvent, createOutbox, type Outcome, secretOf } from './outbox.ts';
import { readSettings } from './settings.ts';
import { webhookReceiver } from './webhook.ts';

/** What the handler needs from outside; tests pass their own. */
export interface Dependencies {
  fetch: typeof fetch;
  env: (name: string) => string | undefined;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** How much is done at once, and for how long. */
export interface Limits {
  /** Deliveries at the same time. */
  concurrency: number;
  /** No event is claimed later than this after the call. */
  deadlineMs: number;
  /** For a delivery, and for a call of the database. */
  timeoutMs: number;
  /** Must outlast a claim, a delivery and its finish. */
  leaseSeconds: number;
}

/** The limits that apply unless a test states others. */
export const LIMITS: Readonly<Limits> = {
  concurrency: 8,
  deadlineMs: 50_000,
  timeoutMs: 10_000,
  leaseSeconds: 120,
};

/** The answer. What was claimed is the sum of the others. */
export interface Tally {
  claimed: number;
  delivered: number;
  /** Due again: after a pause, or after its lease when it could not be finished. */
  retried: number;
  /** Given up. */
  dead: number;
  /** Finished too late: a later claim has taken over. */
  lost: number;
}

/** What went wrong, in the form that PostgREST uses too; with the tally, when work had begun. */
export interface ErrorBody extends Partial<Tally> {
  code: string;
  message: string;
  hint: string | null;
}

/**
 * Delivers the events of the outbox until none is due or the deadline has passed. A schedule calls
 * it; calls that overlap get different events.
 */
export function createHandler(
  deps: Dependencies,
  limits: Partial<Limits> = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') {
      return problem(405, 'method_not_allowed', 'Use POST.', null, { allow: 'POST' });
    }
    try {
      if (!(await isAuthorised(request, required(deps.env, 'DISPATCH_SECRET')))) {
        return problem(
          401,
          'not_authorised',
          'This needs the secret of the schedule.',
          'Send DISPATCH_SECRET as a bearer token.',
          { 'www-authenticate': 'Bearer' },
        );
      }
      return await dispatch(deps, { ...LIMITS, ...limits });
    } catch (error) {
      if (error instanceof SettingsError) {
        return problem(500, 'not_configured', error.message, error.hint);
      }
      throw error;
    }
  };
}

async function dispatch(deps: Dependencies, limits: Limits): Promise<Response> {
  const settings = readSettings(deps.env);
  const legible = createLegible(settings.secrets);
  const common = { fetch: deps.fetch, timeoutMs: limits.timeoutMs, legible };
  const outbox = createOutbox({ ...common, ...settings });
  const receivers: Receiver[] = [
    ...(settings.webhook ? [webhookReceiver(settings.webhook)] : []),
    ...(settings.email ? [emailReceiver(settings.email)] : []),
  ];

  const endsAt = deps.now() + limits.deadlineMs;
  const tally: Tally = { claimed: 0, delivered: 0, retried: 0, dead: 0, lost: 0 };
  const running = new Set<Promise<void>>();
  const outboxErrors: string[] = [];

  async function handle(event: ClaimedEvent): Promise<void> {
    try {
      const secret = secretOf(event);
      const failure = await deliver(event, receivers, {
        ...common,
        // What a receiver answers is kept, and may repeat what it was sent.
        legible: secret === undefined ? legible : createLegible([...settings.secrets, secret]),
        now: deps.now,
      });
      tally[COUNTED_AS[await outbox.finish(event, failure)]] += 1;
    } catch (error) {
      tally.retried += 1;
      outboxErrors.push(messageOf(error));
    }
  }

  // No more is claimed than can be delivered at once, so that no lease runs while its event waits.
  // Half of the places must be free before: one slow delivery holds nobody up, and one quick
  // delivery is not worth a call.
  while (outboxErrors.length === 0 && deps.now() < endsAt) {
    if (running.size > limits.concurrency / 2) {
      await Promise.race(running);
      continue;
    }
    let events: ClaimedEvent[];
    try {
      events = await outbox.claim(limits.concurrency - running.size, limits.leaseSeconds);
    } catch (error) {
      outboxErrors.push(messageOf(error));
      break;
    }
    if (events.length === 0) {
      break;
    }
    tally.claimed += events.length;
    for (const event of events) {
      const done: Promise<void> = handle(event).finally(() => running.delete(done));
      running.add(done);
    }
  }
  await Promise.all(running);

  // What cannot be finished would be delivered again and again, so the schedule must notice.
  const [outboxError] = outboxErrors;
  if (outboxError !== undefined) {
    return json(502, {
      code: 'database_error',
      message: outboxError,
      hint: 'Claimed events that could not be finished are due again when their lease ends.',
      ...tally,
    });
  }
  return json(200, tally);
}

const COUNTED_AS: Readonly<Record<Outcome, Exclude<keyof Tally, 'claimed'>>> = {
  delivered: 'delivered',
  pending: 'retried',
  dead: 'dead',
  lost: 'lost',
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
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
  headers: Record<string, string> = {},
): Response {
  return json(status, { code, message, hint }, headers);
}
