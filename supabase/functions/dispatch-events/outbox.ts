import { withTimeout } from '../_shared/timeout.ts';

/** A row of `claim_events()`. */
export interface ClaimedEvent {
  company_id: string;
  event_id: string;
  topic: string;
  payload: Record<string, unknown>;
  /** Which claim of the event this is; only the latest may finish it. */
  attempt: number;
  created_at: string;
  company_name: string;
  /** The column lets nulls in. */
  notification_emails: (string | null)[];
}

/** The secret that an event carries to whoever sends it on, such as the token of an invitation. */
export function secretOf({ payload }: ClaimedEvent): string | undefined {
  return typeof payload.token === 'string' && payload.token !== '' ? payload.token : undefined;
}

/** How an attempt ended: with a status of the event, or `lost` to a later claim. */
export type Outcome = 'delivered' | 'pending' | 'dead' | 'lost';

/** What an attempt failed with. A final failure would be the same at any later attempt. */
export interface Failure {
  error: string;
  isFinal: boolean;
}

/** The outbox in the database. Its calls fail with an `OutboxError`. */
export interface Outbox {
  claim(batchSize: number, leaseSeconds: number): Promise<ClaimedEvent[]>;
  finish(event: ClaimedEvent, failure: Failure | undefined): Promise<Outcome>;
}

/** The database did not do what it was asked for. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
}

/** What the outbox needs. */
export interface OutboxOptions {
  fetch: typeof fetch;
  supabaseUrl: string;
  serviceKey: string;
  timeoutMs: number;
  /** Makes text from outside fit for a message. */
  legible: (text: string) => string;
}

/** Reaches the outbox through the API, with the service role's key. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { serviceKey, legible } = options;

  async function call(name: string, parameters: Record<string, unknown>): Promise<unknown> {
    let answer: { status: number; isOk: boolean; body: unknown };
    try {
      answer = await withTimeout(options.timeoutMs, async (signal) => {
        const response = await options.fetch(new URL(`/rest/v1/rpc/${name}`, options.supabaseUrl), {
          method: 'POST',
          headers: {
            authorization: `Bearer ${serviceKey}`,
            apikey: serviceKey,
            'content-type': 'application/json',
          },
          body: JSON.stringify(parameters),
          // The key goes nowhere else.
          redirect: 'manual',
          signal,
        });
        const body: unknown = await response.json().catch(() => undefined);
        return { status: response.status, isOk: response.ok, body };
      });
    } catch (error) {
      throw new OutboxError(`${name} got no answer: ${legible(messageOf(error))}`);
    }
    if (!answer.isOk) {
      const message = (answer.body as { message?: unknown } | null | undefined)?.message;
      const detail = typeof message === 'string' ? `: ${legible(message)}` : '';
      throw new OutboxError(`${name} was answered with status ${answer.status}${detail}`);
    }
    return answer.body;
  }

  return {
    async claim(batchSize, leaseSeconds) {
      const rows = await call('claim_events', {
        batch_size: batchSize,
        lease_seconds: leaseSeconds,
      });
      if (!Array.isArray(rows)) {
        throw new OutboxError('claim_events was answered with something else than rows');
      }
      return rows as ClaimedEvent[];
    },
    async finish(event, failure) {
      const status = await call('finish_event', {
        company_id: event.company_id,
        event_id: event.event_id,
        attempt: event.attempt,
        error: failure?.error ?? null,
        is_final: failure?.isFinal ?? false,
      });
      if (status === null) {
        return 'lost';
      }
      if (status !== 'delivered' && status !== 'pending' && status !== 'dead') {
        throw new OutboxError('finish_event was answered with something else than a status');
      }
      return status;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
