import Stripe from 'npm:stripe@23.1.0';
import { Problem } from './http.ts';
import { type Env, required, SettingsError } from './settings.ts';

export { Stripe };

/** The version of Stripe's API that everything here is written for. The account's default does not matter. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** What a client needs. */
export interface StripeOptions {
  fetch: typeof fetch;
  env: Env;
  /** For one request; there are at most three, with the same idempotency key. */
  timeoutMs: number;
  retries?: number;
}

/** A client of Stripe, with the version pinned. STRIPE_API_URL is for tests, and reaches this machine only. */
export function createStripe(options: StripeOptions): Stripe {
  const key = required(options.env, 'STRIPE_SECRET_KEY');
  const elsewhere = options.env('STRIPE_API_URL');
  return new Stripe(key, {
    apiVersion: STRIPE_API_VERSION,
    httpClient: Stripe.createFetchHttpClient(options.fetch),
    timeout: options.timeoutMs,
    maxNetworkRetries: options.retries ?? 2,
    telemetry: false,
    ...(elsewhere ? localHost(elsewhere) : {}),
  });
}

function localHost(value: string): { protocol: 'http'; host: string; port: string } {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'http:' || !['localhost', '127.0.0.1'].includes(url.hostname)) {
    throw new SettingsError(
      'STRIPE_API_URL is no address of this machine.',
      'Leave it out; it is for tests, and takes http://127.0.0.1 with a port.',
    );
  }
  return { protocol: 'http', host: url.hostname, port: url.port };
}

/** True for an answer of Stripe that the object does not exist. */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing'
  );
}

/** A failure of Stripe as an answer to a caller. Stripe's own words may name other objects, so they stay in the log. */
export function stripeProblem(error: InstanceType<typeof Stripe.errors.StripeError>): Problem {
  return error instanceof Stripe.errors.StripeRateLimitError
    ? new Problem(
        503,
        'stripe_busy',
        'Stripe takes no more requests now.',
        'Try again in a moment.',
      )
    : new Problem(502, 'stripe_error', 'Stripe did not do it.', 'Try again in a moment.');
}
