import { serviceDatabase } from '../_shared/database.ts';
import { messageOf } from '../_shared/log.ts';
import { createStripe, isMissing, type Stripe } from '../_shared/stripe.ts';
import {
  type EventContext,
  finishEvent,
  processEvent,
  recordEvent,
  type StripeEvent,
} from '../_shared/stripe-events.ts';
import {
  type Dependencies,
  type Handler,
  handlerOf,
  requireSchedule,
} from '../_shared/stripe-function.ts';
import { readCompleteState } from '../_shared/stripe-state.ts';

/** How much is done in one call, unless a test states otherwise. */
export const LIMITS = {
  /** Nothing begins later than this after the call. */
  deadlineMs: 45_000,
  timeoutMs: 10_000,
  /** Events of a page, and rows of a batch. */
  pageSize: 100,
} as const;

type Limits = Record<keyof typeof LIMITS, number>;

/** The answer. */
export interface Tally {
  /** Stages of overdue payments that time has brought. */
  stages_advanced: number;
  /** Companies that lacked a customer, and a request for one. */
  customers_requested: number;
  /** Events that a webhook began and did not finish. */
  events_finished: number;
  /** Events of Stripe's list that were looked at, and those that no webhook had brought. */
  events_seen: number;
  events_recovered: number;
  /** Companies that were compared with Stripe, and in which something differed. */
  companies_compared: number;
  differences: { account: number; plan: number; invoices: number; stage: number; customer: number };
  /** What could not be done, and is tried again in the next call. */
  failures: number;
  /** False when the time was up first: call again. */
  is_complete: boolean;
}

/** How far back Stripe's list goes, with an hour to spare. */
const WINDOW_SECONDS = 30 * 86_400 - 3_600;
/** What is younger is on its way. */
const SETTLED_SECONDS = 300;
/** An event may turn up in the list later than its time. */
const OVERLAP_SECONDS = 3_600;

interface Cursor {
  since: number;
  until?: number;
  starting_after?: string;
}

/**
 * Compares the database with Stripe and mends what differs. Each step goes on where the last call stopped,
 * so a call that dies or runs out of time loses nothing; calls that overlap are safe.
 */
export function createHandler(deps: Dependencies, limits: Partial<Limits> = {}): Handler {
  const { deadlineMs, timeoutMs, pageSize } = { ...LIMITS, ...limits };
  return handlerOf('stripe-reconcile', deps, async (request, log) => {
    await requireSchedule(request, deps.env);
    const options = { fetch: deps.fetch, env: deps.env, timeoutMs };
    const context = { stripe: createStripe(options), db: serviceDatabase(options), log };
    const endsAt = deps.now() + deadlineMs;
    const run: Run = {
      ...context,
      pageSize,
      now: deps.now,
      isOver: () => deps.now() >= endsAt,
      tally: {
        stages_advanced: 0,
        customers_requested: 0,
        events_finished: 0,
        events_seen: 0,
        events_recovered: 0,
        companies_compared: 0,
        differences: { account: 0, plan: 0, invoices: 0, stage: 0, customer: 0 },
        failures: 0,
        is_complete: false,
      },
    };
    const [maintained] = await run.db.call<{ stages_advanced: number }[]>('maintain_billing', {});
    run.tally.stages_advanced = maintained?.stages_advanced ?? 0;
    run.tally.customers_requested = await run.db.call<number>('request_stripe_customers', {
      max_rows: pageSize,
    });
    run.tally.is_complete =
      (await finishBacklog(run)) && (await recoverEvents(run)) && (await compareCompanies(run));
    log.info('reconciled', {
      ...run.tally,
      differences: Object.values(run.tally.differences).reduce((sum, count) => sum + count, 0),
    });
    return run.tally;
  });
}

interface Run extends EventContext {
  pageSize: number;
  now: () => number;
  isOver: () => boolean;
  tally: Tally;
}

/** Does something; a failure is counted, and left to the next call. */
async function attempt(run: Run, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    run.tally.failures += 1;
    run.log.error('reconcile_failed', { error: messageOf(error) });
  }
}

/** Each of these is tried once a call, so that one that always fails does not hold up the rest. */
async function finishBacklog(run: Run): Promise<boolean> {
  const events = await run.db.call<StripeEvent[]>('stripe_backlog', { max_rows: run.pageSize });
  for (const event of events) {
    if (run.isOver()) {
      return false;
    }
    await attempt(run, async () => {
      await processEvent(run, event);
      run.tally.events_finished += 1;
    });
  }
  return true;
}

/** Goes through Stripe's list of events, newest first, back to where the last complete pass began. */
async function recoverEvents(run: Run): Promise<boolean> {
  const seconds = Math.floor(run.now() / 1000);
  const stored = await run.db.call<Cursor | null>('stripe_cursor', { name: 'events' });
  const cursor: Cursor = {
    ...stored,
    since: Math.max(stored?.since ?? 0, seconds - WINDOW_SECONDS),
    until: stored?.until ?? seconds - SETTLED_SECONDS,
  };
  const until = cursor.until ?? seconds;
  while (!run.isOver()) {
    const page = await listEvents(run.stripe, cursor, run.pageSize);
    for (const event of page.data) {
      run.tally.events_seen += 1;
      const sent = event as unknown as StripeEvent;
      // What cannot be recorded ends the call before the cursor moves past it.
      const recorded = await recordEvent(run, sent);
      await attempt(run, async () => {
        const { is_applied } = await finishEvent(run, sent, recorded);
        run.tally.events_recovered += is_applied ? 1 : 0;
      });
      cursor.starting_after = event.id;
    }
    if (!page.has_more) {
      await run.db.call('stripe_cursor', {
        name: 'events',
        value: { since: until - OVERLAP_SECONDS },
      });
      return true;
    }
    await run.db.call('stripe_cursor', { name: 'events', value: cursor });
  }
  return false;
}

async function listEvents(
  stripe: Stripe,
  { since, until, starting_after }: Cursor,
  limit: number,
): Promise<{ data: Stripe.Event[]; has_more: boolean }> {
  const range = { created: { gte: since, ...(until === undefined ? {} : { lte: until }) }, limit };
  try {
    return await stripe.events.list(
      starting_after === undefined ? range : { ...range, starting_after },
    );
  } catch (error) {
    if (starting_after === undefined || !isMissing(error)) {
      throw error;
    }
    // Where the last call stopped has left the list meanwhile; so has all that is older.
    return { data: [], has_more: false };
  }
}

/** Compares companies with all that Stripe has for them, those first that were not compared for longest. */
async function compareCompanies(run: Run): Promise<boolean> {
  while (!run.isOver()) {
    const [claimed] = await run.db.call<
      { company_id: string; stripe_customer_id: string; sync_started_at: string }[]
    >('claim_stripe_accounts', { max_rows: 1 });
    if (!claimed) {
      return true;
    }
    await attempt(run, async () => {
      const { company_id, stripe_customer_id, sync_started_at } = claimed;
      const mirrored = await run.db.select<{ stripe_invoice_id: string }>('billing_invoices', {
        company_id: `eq.${company_id}`,
        status: 'in.(draft,open)',
        select: 'stripe_invoice_id',
      });
      const state = await readCompleteState(
        run.stripe,
        stripe_customer_id,
        mirrored.map((invoice) => invoice.stripe_invoice_id),
      );
      const changed = await run.db.call<string[]>('apply_stripe_state', {
        company_id,
        stripe_customer_id,
        sync_started_at,
        state,
      });
      run.tally.companies_compared += 1;
      for (const kind of Object.keys(run.tally.differences) as (keyof Tally['differences'])[]) {
        run.tally.differences[kind] += changed.includes(kind) ? 1 : 0;
      }
      if (changed.length > 0) {
        run.log.info('company_mended', { company_id, changed: changed.join(',') });
      }
    });
  }
  return false;
}
