import { isMissing, type Stripe } from './stripe.ts';

/** What Stripe has for a customer, in the words of `apply_stripe_state()`. */
export interface CustomerState {
  subscriptions: SubscriptionState[];
  invoices: InvoiceState[];
  /** Drafts that are gone. */
  deleted_invoices: string[];
  customer_deleted: boolean;
  /** Whether these are all invoices. */
  is_complete: boolean;
}

interface SubscriptionState {
  id: string;
  stripe_customer_id: string;
  status: string;
  created_at: string;
  currency: string;
  monthly_amount_minor: number;
  trial_ends_at: string | null;
  cancel_at_period_end: boolean;
  items: { price_id: string; period_starts_at: string; period_ends_at: string }[];
}

interface InvoiceState {
  stripe_invoice_id: string;
  stripe_customer_id: string | null;
  stripe_subscription_id: string | null;
  number: string | null;
  status: string;
  currency: string;
  total_minor: number;
  amount_due_minor: number;
  amount_paid_minor: number;
  amount_remaining_minor: number;
  attempt_count: number;
  next_attempt_at: string | null;
  period_starts_at: string;
  period_ends_at: string;
  issued_at: string;
  due_at: string | null;
  finalized_at: string | null;
  paid_at: string | null;
  voided_at: string | null;
  hosted_invoice_url: string | null;
  pdf_url: string | null;
}

/** A customer has few subscriptions and, over many years, some hundred invoices; nobody reads without an end. */
const MOST_SUBSCRIPTIONS = 300;
const MOST_INVOICES = 2000;

/** Asks for the subscriptions of a customer with their latest invoices, and for one more invoice if one is named. */
export async function readState(
  stripe: Stripe,
  customerId: string,
  invoiceId?: string,
): Promise<CustomerState> {
  const [subscriptions, invoice] = await Promise.all([
    stripe.subscriptions
      .list({
        customer: customerId,
        status: 'all',
        limit: 100,
        expand: ['data.latest_invoice'],
      })
      .autoPagingToArray({ limit: MOST_SUBSCRIPTIONS }),
    invoiceId === undefined ? undefined : retrieveInvoice(stripe, invoiceId),
  ]);
  const invoices = new Map<string, Stripe.Invoice>();
  for (const { latest_invoice: latest } of subscriptions) {
    if (latest !== null && typeof latest === 'object' && latest.id) {
      invoices.set(latest.id, latest);
    }
  }
  if (invoice?.id) {
    invoices.set(invoice.id, invoice);
  }
  return {
    subscriptions: subscriptions.map(subscriptionState),
    invoices: [...invoices.values()].map(invoiceState),
    deleted_invoices: invoiceId !== undefined && !invoice ? [invoiceId] : [],
    customer_deleted: false,
    is_complete: false,
  };
}

/** Asks for everything of a customer. `mirrored` are the unfinished invoices that the database has. */
export async function readCompleteState(
  stripe: Stripe,
  customerId: string,
  mirrored: readonly string[],
): Promise<CustomerState> {
  const customer = await stripe.customers.retrieve(customerId);
  const [state, invoices] = await Promise.all([
    readState(stripe, customerId),
    stripe.invoices
      .list({ customer: customerId, limit: 100 })
      .autoPagingToArray({ limit: MOST_INVOICES }),
  ]);
  const known = new Set(invoices.map(({ id }) => id));
  const gone: string[] = [];
  for (const id of mirrored) {
    if (!known.has(id)) {
      const invoice = await retrieveInvoice(stripe, id);
      if (invoice) {
        invoices.push(invoice);
      } else {
        gone.push(id);
      }
    }
  }
  return {
    ...state,
    invoices: invoices.map(invoiceState),
    deleted_invoices: gone,
    customer_deleted: customer.deleted === true,
    is_complete: true,
  };
}

async function retrieveInvoice(stripe: Stripe, id: string): Promise<Stripe.Invoice | undefined> {
  try {
    const invoice = await stripe.invoices.retrieve(id);
    return 'deleted' in invoice && invoice.deleted ? undefined : invoice;
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}

function subscriptionState(subscription: Stripe.Subscription): SubscriptionState {
  const items = subscription.items.data;
  return {
    id: subscription.id,
    stripe_customer_id: idOf(subscription.customer) ?? '',
    status: subscription.status,
    created_at: time(subscription.created),
    currency: subscription.currency.toUpperCase(),
    monthly_amount_minor: Math.round(items.reduce((sum, item) => sum + monthly(item), 0)),
    trial_ends_at: timeOrNull(subscription.trial_end),
    cancel_at_period_end: subscription.cancel_at_period_end,
    items: items.map((item) => ({
      price_id: item.price.id,
      period_starts_at: time(item.current_period_start),
      period_ends_at: time(item.current_period_end),
    })),
  };
}

const MONTHS: Readonly<Record<string, number>> = {
  day: 12 / 365,
  week: 12 / 52,
  month: 1,
  year: 12,
};

/** What an item comes to a month; what is metered is not known before. */
function monthly({ price, quantity }: Stripe.SubscriptionItem): number {
  const { recurring, unit_amount: amount } = price;
  if (!recurring || recurring.usage_type === 'metered' || amount === null) {
    return 0;
  }
  const months = (MONTHS[recurring.interval] ?? 1) * recurring.interval_count;
  return (amount * (quantity ?? 1)) / months;
}

function invoiceState(invoice: Stripe.Invoice): InvoiceState {
  const { status_transitions: at } = invoice;
  return {
    stripe_invoice_id: invoice.id ?? '',
    stripe_customer_id: idOf(invoice.customer),
    stripe_subscription_id: idOf(invoice.parent?.subscription_details?.subscription ?? null),
    number: invoice.number,
    status: invoice.status ?? 'draft',
    currency: invoice.currency.toUpperCase(),
    total_minor: invoice.total,
    amount_due_minor: invoice.amount_due,
    amount_paid_minor: invoice.amount_paid,
    amount_remaining_minor: invoice.amount_remaining,
    attempt_count: invoice.attempt_count,
    next_attempt_at: timeOrNull(invoice.next_payment_attempt),
    period_starts_at: time(invoice.period_start),
    period_ends_at: time(invoice.period_end),
    issued_at: time(invoice.created),
    due_at: timeOrNull(invoice.due_date),
    finalized_at: timeOrNull(at.finalized_at),
    paid_at: timeOrNull(at.paid_at),
    voided_at: timeOrNull(at.voided_at),
    hosted_invoice_url: invoice.hosted_invoice_url ?? null,
    pdf_url: invoice.invoice_pdf ?? null,
  };
}

function idOf(reference: string | { id: string } | null): string | null {
  return reference !== null && typeof reference === 'object' ? reference.id : reference;
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function timeOrNull(seconds: number | null | undefined): string | null {
  return typeof seconds === 'number' ? time(seconds) : null;
}
