/**
 * The lives of customers at Stripe, made up but as they happen: each event with what Stripe has after it, so that a fake can
 * be shown at any point. The same seed makes the same history.
 */
import type { StripeFake, StripeObject } from './stripe-fake.ts';

/** An event, and what Stripe has of its customer from then on. */
export interface HistoryStep {
  event: StripeObject & { type: string; created: number };
  subscriptions: StripeObject[];
  invoices: StripeObject[];
  deleted: string[];
}

/** What a history is made of. */
export interface HistoryOptions {
  seed: number;
  customers: readonly string[];
  /** Customers of nobody here. */
  strangers: readonly string[];
  prices: readonly string[];
  events: number;
  /** Seconds since 1970 at which it ends. */
  endsAt: number;
  /** How many days it spans. */
  days: number;
  /** Customers who do not pay any more, from so many days before the end. */
  debtors: Readonly<Record<string, number>>;
}

interface Life {
  customer: string;
  subscription: StripeObject | undefined;
  open: StripeObject | undefined;
  count: number;
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const MONTH = 30 * 86_400;

/** Makes a history. */
export function createHistory(options: HistoryOptions): HistoryStep[] {
  const random = randomOf(options.seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const steps: HistoryStep[] = [];
  const lives: Life[] = options.customers.map((customer) => ({
    customer,
    subscription: undefined,
    open: undefined,
    count: 0,
  }));
  const interval = (options.days * 86_400) / options.events;
  // Half past an hour, so that no limit of whole days is near.
  const now = (): number =>
    Math.floor((options.endsAt - options.days * 86_400 + steps.length * interval) / 3600) * 3600 +
    1800;

  function emit(
    type: string,
    object: StripeObject,
    after: Partial<Omit<HistoryStep, 'event'>> = {},
  ): void {
    const id = `evt_${String(options.seed)}x${String(steps.length).padStart(5, '0')}`;
    steps.push(
      structuredClone({
        event: {
          id,
          object: 'event',
          api_version: '2026-10-28.endive',
          created: now(),
          livemode: false,
          type,
          data: { object },
          request: null,
          pending_webhooks: 1,
        },
        subscriptions: after.subscriptions ?? [],
        invoices: after.invoices ?? [],
        deleted: after.deleted ?? [],
      }),
    );
  }

  function newInvoice(life: Life, amount: number): StripeObject {
    life.count += 1;
    return {
      id: `in_${life.customer.slice(4)}x${life.count}`,
      object: 'invoice',
      customer: life.customer,
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: life.subscription?.id, metadata: {} },
      },
      number: null,
      status: 'draft',
      currency: 'usd',
      total: amount,
      amount_due: amount,
      amount_paid: 0,
      amount_remaining: amount,
      attempt_count: 0,
      attempted: false,
      next_payment_attempt: now() + 3600,
      period_start: now() - MONTH,
      period_end: now(),
      created: now(),
      due_date: null,
      status_transitions: {
        finalized_at: null,
        paid_at: null,
        voided_at: null,
        marked_uncollectible_at: null,
      },
      hosted_invoice_url: null,
      invoice_pdf: null,
      metadata: {},
    };
  }
  const invoiced = (life: Life, type: string): void => {
    const { open } = life;
    if (open) {
      emit(type, open, { invoices: [open] });
    }
  };
  const subscribed = (life: Life, type = 'customer.subscription.updated'): void => {
    const { subscription } = life;
    if (subscription) {
      emit(type, subscription, { subscriptions: [subscription] });
    }
  };
  const settle = (life: Life): void => {
    if (life.open) {
      const { total } = life.open;
      Object.assign(life.open, { status: 'paid', amount_paid: total, amount_remaining: 0 });
      Object.assign(life.open.status_transitions as object, { paid_at: now() });
      invoiced(life, 'invoice.paid');
      life.open = undefined;
    }
  };
  const finalize = (life: Life): void => {
    if (life.open) {
      Object.assign(life.open, {
        status: 'open',
        number: `N-${life.open.id.slice(3)}`,
        hosted_invoice_url: `https://invoice.stripe.com/i/${life.open.id}`,
        invoice_pdf: `https://pay.stripe.com/invoice/${life.open.id}/pdf`,
      });
      Object.assign(life.open.status_transitions as object, { finalized_at: now() });
      invoiced(life, 'invoice.finalized');
    }
  };
  const fail = (life: Life): void => {
    if (life.open && life.subscription) {
      const attempts = Number(life.open.attempt_count) + 1;
      Object.assign(life.open, {
        attempt_count: attempts,
        attempted: true,
        next_payment_attempt: attempts < 3 ? now() + 3 * 86_400 : null,
      });
      invoiced(life, 'invoice.payment_failed');
      life.subscription.status =
        attempts < 3 ? 'past_due' : pick(['unpaid', 'unpaid', 'canceled'] as const);
      subscribed(
        life,
        life.subscription.status === 'canceled'
          ? 'customer.subscription.deleted'
          : 'customer.subscription.updated',
      );
    }
  };

  function subscribe(life: Life): void {
    life.count += 1;
    const price = pick(options.prices);
    const id = `sub_${life.customer.slice(4)}x${life.count}`;
    life.subscription = {
      id,
      object: 'subscription',
      customer: life.customer,
      status: 'incomplete',
      created: now(),
      currency: 'usd',
      cancel_at_period_end: false,
      trial_end: null,
      metadata: {},
      latest_invoice: null,
      items: { object: 'list', data: [item(price, 1)] },
    };
    life.open = newInvoice(life, amountOf(price));
    life.subscription.latest_invoice = life.open.id;
    const { subscription, open } = life;
    emit('customer.subscription.created', subscription, {
      subscriptions: [subscription],
      invoices: [open],
    });
    finalize(life);
    subscription.status = 'active';
    settle(life);
    subscribed(life);
    emit('checkout.session.completed', {
      id: `cs_${life.customer.slice(4)}x${life.count}`,
      object: 'checkout.session',
      customer: life.customer,
      subscription: id,
    });
  }
  const amountOf = (price: string): number => 4900 + 5000 * options.prices.indexOf(price);
  const item = (price: string, quantity: number): unknown => ({
    id: `si_${price}`,
    object: 'subscription_item',
    quantity,
    current_period_start: now(),
    current_period_end: now() + MONTH,
    price: {
      id: price,
      object: 'price',
      unit_amount: amountOf(price),
      recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
    },
  });

  function live(life: Life): void {
    const { subscription } = life;
    const stops = options.debtors[life.customer];
    const isDebtor = stops !== undefined && now() >= options.endsAt - stops * 86_400;
    // What a debtor does not do lies below.
    const chance = isDebtor ? 0.3 + 0.2 * random() : random();
    if (isDebtor && life.open && subscription?.status !== 'active' && life.open.status === 'open') {
      if (subscription?.status === 'past_due' && Number(life.open.attempt_count) < 2) {
        fail(life);
      } else {
        invoiced(life, 'invoice.updated');
      }
    } else if (!subscription || subscription.status === 'canceled') {
      if (life.open && chance < 0.5) {
        Object.assign(life.open, { status: chance < 0.25 ? 'void' : 'uncollectible' });
        if (life.open.status === 'void') {
          Object.assign(life.open.status_transitions as object, { voided_at: now() });
        }
        invoiced(
          life,
          life.open.status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible',
        );
        life.open = undefined;
      } else if (!life.open && chance < 0.7) {
        subscribe(life);
      } else {
        emit('charge.succeeded', {
          id: `ch_${steps.length}`,
          object: 'charge',
          customer: life.customer,
        });
      }
    } else if (life.open) {
      if (life.open.status === 'draft') {
        finalize(life);
      } else if (chance < 0.45 && !isDebtor) {
        subscription.status = 'active';
        settle(life);
        subscribed(life);
      } else if (subscription.status === 'unpaid' && chance < 0.6) {
        subscription.status = 'canceled';
        subscribed(life, 'customer.subscription.deleted');
      } else if (subscription.status !== 'unpaid') {
        fail(life);
      } else {
        invoiced(life, 'invoice.updated');
      }
    } else if (chance < 0.5) {
      Object.assign(subscription, {
        items: { object: 'list', data: [item(priceOf(subscription), 1)] },
      });
      life.open = newInvoice(life, amountOf(priceOf(subscription)));
      subscription.latest_invoice = life.open.id;
      emit('invoice.created', life.open, { invoices: [life.open], subscriptions: [subscription] });
      subscribed(life);
    } else if (chance < 0.75) {
      const price = pick(options.prices);
      Object.assign(subscription, { items: { object: 'list', data: [item(price, 1)] } });
      subscribed(life);
    } else if (chance < 0.85) {
      subscription.cancel_at_period_end = !subscription.cancel_at_period_end;
      subscribed(life);
    } else if (chance < 0.92) {
      // A draft that is thought better of.
      const draft = newInvoice(life, 100);
      emit('invoice.created', draft, { invoices: [draft] });
      emit('invoice.deleted', draft, { deleted: [draft.id] });
    } else if (chance < 0.96) {
      emit('payment_method.attached', {
        id: `pm_${steps.length}`,
        object: 'payment_method',
        customer: life.customer,
      });
    } else {
      subscription.status = 'canceled';
      subscribed(life, 'customer.subscription.deleted');
    }
  }

  while (steps.length < options.events) {
    if (random() < 0.03) {
      const customer = pick(options.strangers);
      emit('customer.subscription.updated', {
        id: 'sub_stranger',
        object: 'subscription',
        customer,
      });
    } else {
      live(pick(lives));
    }
  }
  return steps.slice(0, options.events);
}

function priceOf(subscription: StripeObject): string {
  const { data } = subscription.items as { data: { price: { id: string } }[] };
  return data[0]?.price.id ?? '';
}

/** Shows in a fake what Stripe has after a step. */
export function show(fake: StripeFake, step: HistoryStep): void {
  for (const subscription of structuredClone(step.subscriptions)) {
    fake.subscriptions.set(subscription.id, subscription);
  }
  for (const invoice of structuredClone(step.invoices)) {
    fake.invoices.set(invoice.id, invoice);
  }
  for (const id of step.deleted) {
    fake.invoices.delete(id);
  }
  fake.events.unshift(step.event);
}
