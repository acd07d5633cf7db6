import { callersDatabase, serviceDatabase } from '../_shared/database.ts';
import { Problem, readFields } from '../_shared/http.ts';
import { createStripe } from '../_shared/stripe.ts';
import { ensureCustomer } from '../_shared/stripe-customer.ts';
import { type Dependencies, type Handler, handlerOf } from '../_shared/stripe-function.ts';

const TIMEOUT_MS = 10_000;

/**
 * Opens a checkout in which the caller's company buys a plan. The company is the one that the gate answers
 * for the caller's token; nothing in the body names it. Takes billing.write.
 */
export function createHandler(deps: Dependencies): Handler {
  return handlerOf(
    'checkout',
    deps,
    async (request, log) => {
      const options = { fetch: deps.fetch, env: deps.env, timeoutMs: TIMEOUT_MS };
      const caller = callersDatabase(options, request);
      const fields = await readFields(request, ['plan_tier', 'success_url', 'cancel_url']);
      const [checkout] = await caller.call<
        { company_id: string; stripe_customer_id: string | null; stripe_price_id: string }[]
      >('prepare_checkout', fields);
      if (!checkout) {
        throw new Error('prepare_checkout() answered nothing');
      }
      const { company_id, stripe_price_id } = checkout;
      const stripe = createStripe(options);
      const customer =
        checkout.stripe_customer_id ??
        (await ensureCustomer(stripe, serviceDatabase(options), company_id));
      if (customer === undefined) {
        throw new Problem(409, 'no_billing', 'This company is not billed.');
      }
      // A client that repeats a request gets the session that it has.
      const key = request.headers.get('idempotency-key');
      const session = await stripe.checkout.sessions.create(
        {
          mode: 'subscription',
          customer,
          client_reference_id: company_id,
          line_items: [{ price: stripe_price_id, quantity: 1 }],
          success_url: fields.success_url,
          cancel_url: fields.cancel_url,
        },
        key && key.length <= 100 ? { idempotencyKey: `checkout-${company_id}-${key}` } : {},
      );
      log.info('checkout_opened', { company_id, session: session.id });
      return { url: session.url };
    },
    { isPublic: true },
  );
}
