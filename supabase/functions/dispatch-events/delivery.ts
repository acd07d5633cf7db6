import { TimeoutError, withTimeout } from '../_shared/timeout.ts';
import type { ClaimedEvent, Failure } from './outbox.ts';

/** A request that tells a receiver of an event. */
export interface Message {
  url: URL;
  headers: Record<string, string>;
  body: string;
}

/** Somebody whom events are delivered to. */
export interface Receiver {
  /** How errors call it. */
  name: string;
  /** The message about an event; undefined when there is nothing to tell this receiver. */
  messageFor(event: ClaimedEvent, now: number): Promise<Message | undefined>;
}

/** What a delivery needs. */
export interface DeliveryOptions {
  fetch: typeof fetch;
  now: () => number;
  timeoutMs: number;
  /** Makes text from outside fit for a message. */
  legible: (text: string) => string;
}

const SHOWN_CHARACTERS = 500;
/** More of a body is not read; after redaction, enough is left to be shown. */
const READ_BYTES = 16_384;

/**
 * Delivers an event to all receivers at once; undefined when each of them took it. Never throws.
 * A failure is final only when it is so for every receiver that failed: while one of them may
 * still take the event, it is tried again.
 */
export async function deliver(
  event: ClaimedEvent,
  receivers: readonly Receiver[],
  options: DeliveryOptions,
): Promise<Failure | undefined> {
  const answers = await Promise.all(
    receivers.map((receiver) => deliverTo(receiver, event, options)),
  );
  const failures = answers.filter((failure) => failure !== undefined);
  if (failures.length === 0) {
    return undefined;
  }
  return {
    error: failures.map(({ error }) => error).join('; '),
    isFinal: failures.every(({ isFinal }) => isFinal),
  };
}

async function deliverTo(
  receiver: Receiver,
  event: ClaimedEvent,
  options: DeliveryOptions,
): Promise<Failure | undefined> {
  const fail = (error: string, isFinal = false): Failure => ({
    error: `${receiver.name}: ${error}`,
    isFinal,
  });
  let status: number | undefined;
  try {
    const message = await receiver.messageFor(event, options.now());
    if (!message) {
      return undefined;
    }
    return await withTimeout(options.timeoutMs, async (signal) => {
      const response = await options.fetch(message.url, {
        method: 'POST',
        headers: { ...message.headers, 'content-type': 'application/json' },
        body: message.body,
        redirect: 'manual',
        signal,
      });
      status = response.status;
      if (response.ok) {
        // What it says does not matter, nor whether it finishes saying it.
        response.body?.cancel().catch(() => {});
        return undefined;
      }
      const body = options.legible(await beginningOf(response));
      return fail(`${describe(status)}${body === '' ? '' : `: ${body}`}`, status === 410);
    });
  } catch (error) {
    if (status !== undefined) {
      return fail(`${describe(status)}, its body could not be read`, status === 410);
    }
    if (error instanceof TimeoutError) {
      return fail(`no answer within ${options.timeoutMs / 1000} s`);
    }
    return fail(options.legible(error instanceof Error ? error.message : 'unknown error'));
  }
}

function describe(status: number): string {
  const isRedirect = status === 0 || (status >= 300 && status < 400);
  return `status ${status}${isRedirect ? ', a redirect, which is not followed' : ''}`;
}

async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) {
    return '';
  }
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  while (size < READ_BYTES) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    size += value.length;
    text += decoder.decode(value, { stream: true });
  }
  reader.cancel().catch(() => {});
  return text;
}

/**
 * Makes text from outside fit for a message: without secrets, without control characters, which
 * the database does not take, and cut to 500 characters.
 */
export function createLegible(secrets: readonly string[]): (text: string) => string {
  // Some write a slash in JSON as \/. The longest first, since one may be part of another.
  const hidden = [...secrets, ...secrets.map((secret) => secret.replaceAll('/', '\\/'))]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const shown = hidden.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
    const clean = shown.replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim();
    return [...clean].slice(0, SHOWN_CHARACTERS).join('');
  };
}
