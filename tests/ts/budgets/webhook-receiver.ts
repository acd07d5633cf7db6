import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a receiver of webhooks got. */
export interface Delivery {
  id: string;
  headers: IncomingHttpHeaders;
  /** The bytes that were signed, as text. */
  body: string;
}

/** A status, or a promise of one while the sender waits. */
export type Answer = number | Promise<number>;

/** A receiver of webhooks on 127.0.0.1 that keeps what it got. */
export interface WebhookReceiver {
  readonly url: string;
  readonly deliveries: Delivery[];
  /** Decides what is answered; 204 until told otherwise. */
  answerWith(answer: (delivery: Delivery) => Answer): void;
  /** Forgets what it got and how to answer. */
  reset(): void;
  stop(): Promise<void>;
}

/** Starts a receiver. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const deliveries: Delivery[] = [];
  const fine = (): Answer => 204;
  let answer: (delivery: Delivery) => Answer = fine;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const delivery = {
        id: String(request.headers['webhook-id']),
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      deliveries.push(delivery);
      const status = await answer(delivery);
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(status >= 400 ? 'the receiver is not well' : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    deliveries,
    answerWith: (decide) => {
      answer = decide;
    },
    reset: () => {
      deliveries.length = 0;
      answer = fine;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Verifies a webhook as the Standard Webhooks specification tells receivers to: the HMAC-SHA256 of id, timestamp and
 * body with the key behind `whsec_`, among the signatures of version 1, and a timestamp within five minutes.
 */
export function isSigned({ headers, body }: Delivery, secret: string, now = Date.now()): boolean {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (
    typeof id !== 'string' ||
    typeof signatures !== 'string' ||
    typeof timestamp !== 'string' ||
    !/^\d{10}$/.test(timestamp) ||
    Math.abs(now / 1000 - Number(timestamp)) > 300
  ) {
    return false;
  }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return signatures.split(' ').some((signature) => {
    const [version, value = ''] = signature.split(',', 2);
    const given = Buffer.from(value, 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
