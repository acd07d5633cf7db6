import { serviceDatabase } from '../_shared/database.ts';
import { Problem, readText } from '../_shared/http.ts';
import { required } from '../_shared/settings.ts';
import { createStripe, Stripe } from '../_shared/stripe.ts';
import { processEvent, type StripeEvent } from '../_shared/stripe-events.ts';
import { type Dependencies, type Handler, handlerOf } from '../_shared/stripe-function.ts';

/** The limits that apply unless a test states others. */
export const LIMITS = { timeoutMs: 10_000, toleranceSeconds: 300, maxBytes: 1_000_000 } as const;

/**
 * Takes the events of Stripe. An event counts when its signature is right and young, and it is done when
 * this answers 200: anything else makes Stripe send it again.
 */
export function createHandler(
  deps: Dependencies,
  limits: Partial<Record<keyof typeof LIMITS, number>> = {},
): Handler {
  const { timeoutMs, toleranceSeconds, maxBytes } = { ...LIMITS, ...limits };
  return handlerOf('stripe-webhook', deps, async (request, log) => {
    const body = await readText(request, maxBytes);
    const event = await verified(
      body,
      request.headers.get('stripe-signature'),
      required(deps.env, 'STRIPE_WEBHOOK_SECRET'),
      toleranceSeconds,
      deps.now(),
    );
    const options = { fetch: deps.fetch, env: deps.env, timeoutMs };
    const { status } = await processEvent(
      // Stripe itself tries again: for longer, and with a pause.
      { stripe: createStripe({ ...options, retries: 0 }), db: serviceDatabase(options), log },
      event,
    );
    return { status };
  });
}

/** The event, if one of the secrets has signed it. Several are in use while they are exchanged. */
async function verified(
  body: string,
  signature: string | null,
  secrets: string,
  toleranceSeconds: number,
  now: number,
): Promise<StripeEvent> {
  const crypto = Stripe.createSubtleCryptoProvider();
  for (const secret of secrets.split(/\s+/).filter((one) => one !== '')) {
    try {
      const event = await Stripe.webhooks.constructEventAsync(
        body,
        signature ?? '',
        secret,
        toleranceSeconds,
        crypto,
        now,
      );
      return event as unknown as StripeEvent;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) {
        throw new Problem(400, 'invalid_body', 'The body is no event of Stripe.');
      }
    }
  }
  throw new Problem(
    400,
    'invalid_signature',
    'The signature is missing, wrong or too old.',
    'Set STRIPE_WEBHOOK_SECRET to the secret of this endpoint.',
  );
}
