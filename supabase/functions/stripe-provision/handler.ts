import { serviceDatabase } from '../_shared/database.ts';
import { messageOf } from '../_shared/log.ts';
import { createStripe } from '../_shared/stripe.ts';
import { ensureCustomer } from '../_shared/stripe-customer.ts';
import {
  type Dependencies,
  type Handler,
  handlerOf,
  requireSchedule,
} from '../_shared/stripe-function.ts';

/** How much is done in one call, unless a test states otherwise. */
export const LIMITS = { deadlineMs: 45_000, timeoutMs: 10_000, leaseSeconds: 120 } as const;

/** The answer. */
export interface Tally {
  claimed: number;
  provisioned: number;
  /** Companies that get no customer: closed, or the operator's. */
  skipped: number;
  retried: number;
}

interface Claimed {
  company_id: string;
  event_id: string;
  attempt: number;
}

/** Makes Stripe customers for new companies: consumes the topic stripe.customer_requested of the outbox. */
export function createHandler(
  deps: Dependencies,
  limits: Partial<Record<keyof typeof LIMITS, number>> = {},
): Handler {
  const { deadlineMs, timeoutMs, leaseSeconds } = { ...LIMITS, ...limits };
  return handlerOf('stripe-provision', deps, async (request, log) => {
    await requireSchedule(request, deps.env);
    const options = { fetch: deps.fetch, env: deps.env, timeoutMs };
    const db = serviceDatabase(options);
    const stripe = createStripe(options);
    const endsAt = deps.now() + deadlineMs;
    const tally: Tally = { claimed: 0, provisioned: 0, skipped: 0, retried: 0 };
    while (deps.now() < endsAt) {
      const [event] = await db.call<Claimed[]>('claim_events', {
        batch_size: 1,
        lease_seconds: leaseSeconds,
        topics: ['stripe.customer_requested'],
      });
      if (!event) {
        break;
      }
      tally.claimed += 1;
      let failure: string | null = null;
      try {
        const customer = await ensureCustomer(stripe, db, event.company_id);
        tally[customer === undefined ? 'skipped' : 'provisioned'] += 1;
        log.info('customer_provisioned', { company_id: event.company_id, customer });
      } catch (error) {
        failure = messageOf(error);
        tally.retried += 1;
        log.error('provision_failed', { company_id: event.company_id, error: failure });
      }
      await db.call('finish_event', {
        company_id: event.company_id,
        event_id: event.event_id,
        attempt: event.attempt,
        error: failure,
        is_final: false,
      });
    }
    return tally;
  });
}
