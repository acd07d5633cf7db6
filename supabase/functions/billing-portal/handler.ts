import { callersDatabase } from '../_shared/database.ts';
import { readFields } from '../_shared/http.ts';
import { createStripe } from '../_shared/stripe.ts';
import { type Dependencies, type Handler, handlerOf } from '../_shared/stripe-function.ts';

const TIMEOUT_MS = 10_000;

/**
 * Opens Stripe's billing portal for the caller's company: the one that the gate answers for their token.
 * Takes billing.write, or billing.read where there is a configuration for those who only read.
 */
export function createHandler(deps: Dependencies): Handler {
  return handlerOf(
    'billing-portal',
    deps,
    async (request, log) => {
      const options = { fetch: deps.fetch, env: deps.env, timeoutMs: TIMEOUT_MS };
      const caller = callersDatabase(options, request);
      const { return_url } = await readFields(request, ['return_url']);
      const [portal] = await caller.call<
        { company_id: string; stripe_customer_id: string; portal_configuration: string | null }[]
      >('prepare_billing_portal', { return_url });
      if (!portal) {
        throw new Error('prepare_billing_portal() answered nothing');
      }
      const session = await createStripe(options).billingPortal.sessions.create({
        customer: portal.stripe_customer_id,
        return_url,
        ...(portal.portal_configuration === null
          ? {}
          : { configuration: portal.portal_configuration }),
      });
      log.info('portal_opened', { company_id: portal.company_id });
      return { url: session.url };
    },
    { isPublic: true },
  );
}
