import type { Database } from './database.ts';
import { type Log, messageOf } from './log.ts';
import type { Stripe } from './stripe.ts';
import { type CustomerState, readCompleteState, readState } from './stripe-state.ts';

/** An event as it was sent; only what is read here is named. */
export interface StripeEvent {
  id: string;
  type: string;
  created: number;
  data: { object: Record<string, unknown> };
}

/** What became of an event. */
export interface EventOutcome {
  status: 'received' | 'processed' | 'stored' | 'unmatched';
  /** Whether it was this call that processed it. */
  is_applied: boolean;
  /** What changed in the database. */
  changed: string[];
}

/** What `record_stripe_event()` answers. */
export interface RecordedEvent {
  status: EventOutcome['status'];
  company_id: string | null;
  stripe_customer_id: string | null;
  sync_started_at: string | null;
}

/** What processing needs. */
export interface EventContext {
  stripe: Stripe;
  db: Database;
  log: Log;
}

/**
 * Processes an event: records it, asks Stripe for the state of the customer that it is about, and applies
 * that in one transaction with the event. Safe to repeat, to run twice at once, and in any order. What
 * fails stays to be done, and is thrown.
 */
export async function processEvent(
  context: EventContext,
  event: StripeEvent,
): Promise<EventOutcome> {
  return await finishEvent(context, event, await recordEvent(context, event));
}

/** Records an event: from here on it is not lost. */
export async function recordEvent(
  { db }: EventContext,
  event: StripeEvent,
): Promise<RecordedEvent> {
  const [recorded] = await db.call<RecordedEvent[]>('record_stripe_event', {
    event: storable(event),
  });
  if (!recorded) {
    throw new Error('record_stripe_event() answered nothing');
  }
  return recorded;
}

/** Does what is to be done about an event that was recorded. */
export async function finishEvent(
  { stripe, db, log }: EventContext,
  event: StripeEvent,
  recorded: RecordedEvent,
): Promise<EventOutcome> {
  const { status, company_id, stripe_customer_id, sync_started_at } = recorded;
  const fields = { id: event.id, type: event.type, company_id };
  if (status !== 'received' || company_id === null || stripe_customer_id === null) {
    log.info('event_recorded', { ...fields, status });
    return { status, is_applied: false, changed: [] };
  }
  try {
    const state = await stateFor(stripe, stripe_customer_id, event);
    const changed = await db.call<string[]>('apply_stripe_state', {
      company_id,
      stripe_customer_id,
      sync_started_at,
      state,
      stripe_event_id: event.id,
    });
    log.info('event_processed', { ...fields, changed: changed.join(',') });
    return { status: 'processed', is_applied: !changed.includes('duplicate'), changed };
  } catch (error) {
    log.error('event_failed', { ...fields, error: messageOf(error) });
    await db
      .call('fail_stripe_event', { stripe_event_id: event.id, error: messageOf(error) })
      .catch(() => undefined);
    throw error;
  }
}

function stateFor(stripe: Stripe, customer: string, event: StripeEvent): Promise<CustomerState> {
  if (event.type === 'customer.deleted') {
    return readCompleteState(stripe, customer, []);
  }
  const { id } = event.data.object;
  return event.type.startsWith('invoice.') && typeof id === 'string'
    ? readState(stripe, customer, id)
    : readState(stripe, customer);
}

/** PostgreSQL takes no zero characters. */
function storable(event: StripeEvent): unknown {
  const text = JSON.stringify(event);
  return text.includes('\\u0000')
    ? JSON.parse(text, (_key, value) =>
        typeof value === 'string' ? value.replaceAll('\u0000', '') : value,
      )
    : event;
}
