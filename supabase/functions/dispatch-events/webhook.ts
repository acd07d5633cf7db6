import type { Receiver } from './delivery.ts';
import { secretOf } from './outbox.ts';
import type { WebhookSettings } from './settings.ts';

/** The value of `webhook-signature` after Standard Webhooks: one signature a key, separated by spaces. */
export async function signatureOf(
  keys: readonly Uint8Array<ArrayBuffer>[],
  id: string,
  timestamp: number,
  body: string,
): Promise<string> {
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const signatures = keys.map(async (bytes) => {
    const key = await crypto.subtle.importKey(
      'raw',
      bytes,
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, signed));
    return `v1,${btoa(String.fromCharCode(...signature))}`;
  });
  return (await Promise.all(signatures)).join(' ');
}

/**
 * A receiver of every event; secrets that events carry are for it only where no e-mail hook takes
 * them. Id and body are the same at every attempt, so that it recognises a
 * repetition; the timestamp is that of the attempt.
 */
export function webhookReceiver({ url, keys, isMailer }: WebhookSettings): Receiver {
  return {
    name: 'webhook',
    async messageFor(event, now) {
      const id = event.event_id;
      const timestamp = Math.floor(now / 1000);
      const { token: _, ...open } = event.payload;
      const payload = isMailer || secretOf(event) === undefined ? event.payload : open;
      const body = JSON.stringify({
        type: event.topic,
        timestamp: new Date(event.created_at).toISOString(),
        data: { ...payload, company_id: event.company_id },
      });
      return {
        url,
        headers: {
          'webhook-id': id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': await signatureOf(keys, id, timestamp, body),
        },
        body,
      };
    },
  };
}
