import { type Database, serviceDatabase } from '../_shared/database.ts';
import { type Log, messageOf } from '../_shared/log.ts';
import { createStripe, Stripe } from '../_shared/stripe.ts';
import {
  type Dependencies,
  type Handler,
  handlerOf,
  requireSchedule,
} from '../_shared/stripe-function.ts';

/** How much is done in one call, unless a test states otherwise. */
export const LIMITS = { deadlineMs: 45_000, timeoutMs: 10_000, batchSize: 50 } as const;

/** The answer. */
export interface Tally {
  reported: number;
  /** Reports of an earlier call that had arrived. */
  confirmed: number;
  failures: number;
  /** False when the time was up first: call again. */
  is_complete: boolean;
}

interface Meter {
  event_name: string;
  meter_id: string;
}

interface Report {
  company_id: string;
  month: string;
  position: number;
  stripe_customer_id: string;
  identifier: string;
  value_cents: number;
  used_at: string;
  reported_cents: number;
  month_starts_at: string;
  is_old: boolean;
}

/**
 * Tells Stripe's meter what companies have used since the last report, in US cents. A report is written
 * before it is sent and has an identifier of its own, so one that is sent again counts once; when Stripe may
 * have forgotten the identifier, its total is asked for instead.
 */
export function createHandler(
  deps: Dependencies,
  limits: Partial<Record<keyof typeof LIMITS, number>> = {},
): Handler {
  const { deadlineMs, timeoutMs, batchSize } = { ...LIMITS, ...limits };
  return handlerOf('stripe-report-usage', deps, async (request, log) => {
    await requireSchedule(request, deps.env);
    const options = { fetch: deps.fetch, env: deps.env, timeoutMs };
    const db = serviceDatabase(options);
    const stripe = createStripe(options);
    const endsAt = deps.now() + deadlineMs;
    const tally: Tally = { reported: 0, confirmed: 0, failures: 0, is_complete: false };
    const [setting] = await db.select<{ value: Meter | null }>('system_config', {
      key: 'eq.stripe.usage_meter',
      select: 'value',
    });
    const meter = setting?.value;
    if (!meter) {
      return { ...tally, is_complete: true };
    }
    while (deps.now() < endsAt && tally.failures === 0) {
      const reports = await db.call<Report[]>('claim_stripe_usage', { max_rows: batchSize });
      if (reports.length === 0) {
        tally.is_complete = true;
        break;
      }
      for (const report of reports) {
        await send({ stripe, db, log, meter, tally }, report);
      }
    }
    log.info('usage_reported', { ...tally });
    return tally;
  });
}

interface Sender {
  stripe: Stripe;
  db: Database;
  log: Log;
  meter: Meter;
  tally: Tally;
}

async function send({ stripe, db, log, meter, tally }: Sender, report: Report): Promise<void> {
  try {
    const hasArrived = report.is_old && (await arrivedBefore(stripe, meter, report));
    if (!hasArrived) {
      await create(stripe, meter, report);
    }
    await db.call('finish_stripe_usage', {
      company_id: report.company_id,
      month: report.month,
      position: report.position,
    });
    tally[hasArrived ? 'confirmed' : 'reported'] += 1;
  } catch (error) {
    tally.failures += 1;
    log.error('report_failed', { company_id: report.company_id, error: messageOf(error) });
  }
}

async function create(stripe: Stripe, meter: Meter, report: Report): Promise<void> {
  try {
    await stripe.billing.meterEvents.create(
      {
        event_name: meter.event_name,
        identifier: report.identifier,
        timestamp: Math.floor(Date.parse(report.used_at) / 1000),
        payload: {
          stripe_customer_id: report.stripe_customer_id,
          value: String(report.value_cents),
        },
      },
      { idempotencyKey: report.identifier },
    );
  } catch (error) {
    const isKnown =
      error instanceof Stripe.errors.StripeInvalidRequestError &&
      /already exists with identifier/i.test(error.message);
    if (!isKnown) {
      throw error;
    }
  }
}

/** Whether Stripe's total of the month holds the report: those before it have arrived. */
async function arrivedBefore(stripe: Stripe, meter: Meter, report: Report): Promise<boolean> {
  const minute = (milliseconds: number): number => Math.floor(milliseconds / 60_000) * 60;
  const summaries = await stripe.billing.meters
    .listEventSummaries(meter.meter_id, {
      customer: report.stripe_customer_id,
      start_time: minute(Date.parse(report.month_starts_at)),
      end_time: minute(Date.parse(report.used_at)) + 60,
    })
    .autoPagingToArray({ limit: 1000 });
  const total = summaries.reduce((sum, summary) => sum + summary.aggregated_value, 0);
  return total >= report.reported_cents + report.value_cents;
}
