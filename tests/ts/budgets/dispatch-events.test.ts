/** From usage over the API to a signed webhook: PostgREST, the real function in Deno, a receiver that verifies. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createFunctionsRuntime,
  type FunctionsRuntime,
} from '../../../scripts/lib/functions-runtime.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { isAlive, signal, waitUntilGone } from '../../../scripts/lib/processes.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, useDatabase } from '../support/database.ts';
import { createSpender, type Spender } from './support.ts';
import type { WebhookReceiver } from './webhook-receiver.ts';
import { type Delivery, isSigned, startWebhookReceiver } from './webhook-receiver.ts';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const DISPATCH_SECRET = randomBytes(24).toString('base64url');
const WEBHOOK_SECRET = newSecret();
const LEASE_SECONDS = 120;

const db = useDatabase();
const api = useApi(db);

/** A dispatcher: the function in a Deno process of its own, behind a gateway as on Supabase. */
interface Dispatcher {
  /** The process that runs now. */
  pid(): number;
  functions: FunctionsRuntime;
  gateway: Gateway;
}

let receiver: WebhookReceiver;
let dispatchers: [Dispatcher, Dispatcher];
const pids: number[] = [];

async function startDispatcher(webhookSecret = WEBHOOK_SECRET): Promise<Dispatcher> {
  let latest = 0;
  const functions = createFunctionsRuntime({
    env: {
      SUPABASE_URL: api.url,
      SUPABASE_ANON_KEY: api.keys.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: api.keys.serviceRoleKey,
      DISPATCH_SECRET,
      EVENTS_WEBHOOK_URL: receiver.url,
      EVENTS_WEBHOOK_SECRET: webhookSecret,
    },
    onStart: (_name, pid) => {
      latest = pid;
      pids.push(pid);
    },
  });
  const gateway = await startGateway({ port: 0, functions, keys: api.keys });
  // It starts before the first call, so that no test waits for it while the receiver waits for the test.
  await functions.urlOf('dispatch-events');
  return { pid: () => latest, functions, gateway };
}

async function stopDispatcher({ functions, gateway }: Dispatcher): Promise<void> {
  await gateway.stop();
  await functions.stop();
}

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  dispatchers = await Promise.all([startDispatcher(), startDispatcher()]);
});
afterAll(async () => {
  await receiver?.stop();
  await Promise.all((dispatchers ?? []).map(stopDispatcher));
  expect(pids.filter(isAlive)).toEqual([]);
});
beforeEach(async () => {
  receiver.reset();
  await db.client.query('delete from private.outbox_events');
});

/** Calls the function as the schedule does. */
async function dispatch(
  { gateway }: Dispatcher = dispatchers[0],
  headers: Record<string, string> = { authorization: `Bearer ${DISPATCH_SECRET}` },
  method = 'POST',
): Promise<{ status: number; body: unknown }> {
  const url = `${gateway.url}/functions/v1/dispatch-events`;
  const response = await fetch(url, { method, headers });
  return { status: response.status, body: await response.json() };
}

const tally = (counts: Record<string, number>) => ({
  status: 200,
  body: { claimed: 0, delivered: 0, retried: 0, dead: 0, lost: 0, ...counts },
});

/** Records usage over the API, as a backend does. */
async function spend({ id }: Spender, usd: number): Promise<void> {
  const { error } = await api.asService().rpc('log_api_usage_and_update_budget', {
    company_id: id,
    service: 'test',
    agent_id: null as never,
    description: 'Test',
    cost: usd,
  });
  expect(error).toBeNull();
}

/** A company that has just crossed half of its budget of 100 dollars. */
async function alerted(): Promise<Spender> {
  const spender = await createSpender(db.client, { limit: 100 });
  await spend(spender, 51);
  return spender;
}

interface OutboxRow {
  id: string;
  company_id: string;
  topic: string;
  status: string;
  attempts: number;
  created_at: Date;
  finished_at: Date | null;
  last_error: string | null;
  /** Seconds until it is due. */
  due_in: number;
}

async function outbox(): Promise<OutboxRow[]> {
  const { rows } = await db.client.query<OutboxRow>(
    `select id, company_id, topic, status, attempts, created_at, finished_at, last_error,
            extract(epoch from available_at - clock_timestamp())::double precision as due_in
       from private.outbox_events order by created_at, id`,
  );
  return rows;
}

/** The only event that there is. */
async function onlyEvent(): Promise<OutboxRow> {
  const rows = await outbox();
  expect(rows).toHaveLength(1);
  return rows[0] as OutboxRow;
}

/** As if the lease or the pause of every event were over. */
async function makeDue(): Promise<void> {
  await db.client.query('update private.outbox_events set available_at = now()');
}

/** Resolves when the receiver has got so many requests. */
async function untilReceived(count: number): Promise<void> {
  await expect.poll(() => receiver.deliveries.length, { timeout: 10_000 }).toBe(count);
}

/** A promise that the test keeps. */
function later(): { status: Promise<number>; answer: (status: number) => void } {
  let answer: (status: number) => void = () => undefined;
  const status = new Promise<number>((resolve) => {
    answer = resolve;
  });
  return { status, answer };
}

const ids = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ id }) => id);

describe('a budget that crosses a threshold', () => {
  it('is told once, signed, and done', async () => {
    const spender = await createSpender(db.client, { limit: 100 });
    await spend(spender, 49);
    expect(await outbox()).toEqual([]);
    expect(await dispatch()).toEqual(tally({}));

    await spend(spender, 2);
    const alerts = await api
      .asService()
      .from('budget_alerts')
      .select('id, budget_period_id, threshold_percent, limit_micro_usd, spent_micro_usd')
      .eq('company_id', spender.id);
    expect(alerts.data).toEqual([
      {
        id: expect.any(String),
        budget_period_id: expect.any(String),
        threshold_percent: 50,
        limit_micro_usd: 100_000_000,
        spent_micro_usd: 51_000_000,
      },
    ]);
    const event = await onlyEvent();
    expect(event).toMatchObject({
      company_id: spender.id,
      topic: 'budget.threshold_reached',
      status: 'pending',
      attempts: 0,
      finished_at: null,
    });
    const { rows } = await db.client.query<{ month: string }>(
      `select to_char(month, 'YYYY-MM') as month from public.budget_periods where company_id = $1`,
      [spender.id],
    );

    expect(await dispatch()).toEqual(tally({ claimed: 1, delivered: 1 }));
    expect(ids(receiver.deliveries)).toEqual([event.id]);
    const [delivery] = receiver.deliveries as [Delivery];
    expect(isSigned(delivery, WEBHOOK_SECRET)).toBe(true);
    expect(delivery.headers['content-type']).toBe('application/json');
    expect(delivery.headers.authorization).toBeUndefined();
    expect(JSON.parse(delivery.body)).toEqual({
      type: 'budget.threshold_reached',
      timestamp: event.created_at.toISOString(),
      data: {
        company_id: spender.id,
        alert_id: alerts.data?.[0]?.id,
        budget_period_id: alerts.data?.[0]?.budget_period_id,
        month: rows[0]?.month,
        scope: 'company',
        agent_id: null,
        service: null,
        threshold_percent: 50,
        limit_micro_usd: 100_000_000,
        spent_micro_usd: 51_000_000,
        enforcement: 'hard',
      },
    });
    expect(await onlyEvent()).toMatchObject({
      status: 'delivered',
      attempts: 1,
      finished_at: expect.any(Date),
      last_error: null,
    });

    // Neither the event nor the threshold comes again, also not when its time comes.
    await spend(spender, 1);
    await makeDue();
    expect(await dispatch()).toEqual(tally({}));
    expect(receiver.deliveries).toHaveLength(1);

    await spend(spender, 48);
    expect(await dispatch()).toEqual(tally({ claimed: 2, delivered: 2 }));
    const percents = receiver.deliveries.map(
      ({ body }) => JSON.parse(body).data.threshold_percent as number,
    );
    expect(percents.toSorted((a, b) => a - b)).toEqual([50, 80, 100]);
    expect(new Set(ids(receiver.deliveries)).size).toBe(3);
  });

  it('is signed so that a forgery is noticed, with each of the secrets that are in use', async () => {
    const next = newSecret();
    const exchanging = await startDispatcher(`${next} ${WEBHOOK_SECRET}`);
    try {
      await alerted();
      expect(await dispatch(exchanging)).toEqual(tally({ claimed: 1, delivered: 1 }));
    } finally {
      await stopDispatcher(exchanging);
    }
    const [delivery] = receiver.deliveries as [Delivery];
    expect([next, WEBHOOK_SECRET].map((secret) => isSigned(delivery, secret))).toEqual([
      true,
      true,
    ]);
    const { headers, body } = delivery;
    const forgeries: Delivery[] = [
      { ...delivery, body: body.replace('"threshold_percent":50', '"threshold_percent":51') },
      { ...delivery, headers: { ...headers, 'webhook-id': `${delivery.id}0` } },
      {
        ...delivery,
        headers: {
          ...headers,
          'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1),
        },
      },
    ];
    expect(forgeries.map((forgery) => isSigned(forgery, next))).toEqual([false, false, false]);
    expect(isSigned(delivery, newSecret())).toBe(false);
    expect(isSigned(delivery, next, Date.now() + 600_000)).toBe(false);
  });
});

describe('a receiver that fails', () => {
  it('is tried again after growing pauses, with the same id and body', async () => {
    await alerted();
    receiver.answerWith(() => 500);
    for (const [attempts, pause] of [
      [1, 30],
      [2, 60],
      [3, 120],
    ] as const) {
      expect(await dispatch()).toEqual(tally({ claimed: 1, retried: 1 }));
      const event = await onlyEvent();
      expect(event).toMatchObject({ status: 'pending', attempts, finished_at: null });
      expect(event.last_error).toBe('webhook: status 500: the receiver is not well');
      // Spread by an eighth to both sides; some moments have passed since.
      expect(event.due_in).toBeGreaterThan(pause * 0.875 - 5);
      expect(event.due_in).toBeLessThanOrEqual(pause * 1.125);
      expect(await dispatch()).toEqual(tally({}));
      await makeDue();
    }
    receiver.answerWith(() => 200);
    expect(await dispatch()).toEqual(tally({ claimed: 1, delivered: 1 }));
    const event = await onlyEvent();
    expect(event).toMatchObject({ status: 'delivered', attempts: 4, last_error: null });
    expect(ids(receiver.deliveries)).toEqual(Array(4).fill(event.id));
    expect(new Set(receiver.deliveries.map(({ body }) => body)).size).toBe(1);
    expect(receiver.deliveries.map((delivery) => isSigned(delivery, WEBHOOK_SECRET))).toEqual(
      Array(4).fill(true),
    );
  });

  it('is given up after the twelfth attempt', async () => {
    await alerted();
    receiver.answerWith(() => 503);
    await db.client.query('update private.outbox_events set attempts = 10');
    expect(await dispatch()).toEqual(tally({ claimed: 1, retried: 1 }));
    expect(await onlyEvent()).toMatchObject({ status: 'pending', attempts: 11 });
    await makeDue();
    expect(await dispatch()).toEqual(tally({ claimed: 1, dead: 1 }));
    expect(await onlyEvent()).toMatchObject({
      status: 'dead',
      attempts: 12,
      finished_at: expect.any(Date),
      last_error: expect.stringContaining('status 503'),
    });
    await makeDue();
    expect(await dispatch()).toEqual(tally({}));
    expect(receiver.deliveries).toHaveLength(2);
  });

  it('is given up at once when it says that it is gone', async () => {
    await alerted();
    receiver.answerWith(() => 410);
    expect(await dispatch()).toEqual(tally({ claimed: 1, dead: 1 }));
    expect(await onlyEvent()).toMatchObject({ status: 'dead', attempts: 1 });
  });

  it('holds up no other event', async () => {
    const failing = await alerted();
    const fine = await alerted();
    receiver.answerWith(({ body }) =>
      JSON.parse(body).data.company_id === failing.id ? 500 : 204,
    );
    expect(await dispatch()).toEqual(tally({ claimed: 2, delivered: 1, retried: 1 }));
    const statuses = (await outbox()).map(({ company_id, status }) => [company_id, status]);
    expect(Object.fromEntries(statuses)).toEqual({
      [failing.id]: 'pending',
      [fine.id]: 'delivered',
    });
  });
});

describe('dispatchers', () => {
  it('that work at once deliver each event once', async () => {
    const { id } = await createSpender(db.client);
    await db.client.query(
      `select private.emit_event($1, 'test.event', jsonb_build_object('n', n)) from generate_series(1, 40) as n`,
      [id],
    );
    // One of them delivers eight at the same time, so that sixteen take both of them.
    const both = later();
    receiver.answerWith(() => {
      if (receiver.deliveries.length >= 16) {
        both.answer(204);
      }
      return both.status;
    });
    const answers = await Promise.all(dispatchers.map((dispatcher) => dispatch(dispatcher)));
    const counts = answers.map(({ body }) => body as Record<string, number>);
    for (const count of counts) {
      expect(count).toMatchObject({ delivered: count.claimed, retried: 0, dead: 0, lost: 0 });
      expect(count.claimed).toBeGreaterThanOrEqual(8);
    }
    expect(counts.reduce((sum, { claimed = 0 }) => sum + claimed, 0)).toBe(40);
    const events = await outbox();
    expect(ids(receiver.deliveries).toSorted()).toEqual(events.map((event) => event.id).toSorted());
    expect(events.every(({ status, attempts }) => status === 'delivered' && attempts === 1)).toBe(
      true,
    );
    expect(receiver.deliveries.every((delivery) => isSigned(delivery, WEBHOOK_SECRET))).toBe(true);
  });

  it('that die leave their events to the next one, after the lease', async () => {
    await alerted();
    const [first, second] = dispatchers;
    const never = later();
    receiver.answerWith(() => never.status);
    const broken = dispatch(first);
    await untilReceived(1);
    const pid = first.pid();
    signal(pid, 'SIGKILL');
    expect(await waitUntilGone(pid, 5000)).toBe(true);
    expect((await broken).status).toBe(502);
    never.answer(204);
    receiver.answerWith(() => 204);

    const leased = await onlyEvent();
    expect(leased).toMatchObject({ status: 'pending', attempts: 1, finished_at: null });
    expect(leased.due_in).toBeGreaterThan(LEASE_SECONDS - 20);
    expect(leased.due_in).toBeLessThanOrEqual(LEASE_SECONDS);
    expect(await dispatch(second)).toEqual(tally({}));

    await makeDue();
    expect(await dispatch(second)).toEqual(tally({ claimed: 1, delivered: 1 }));
    expect(ids(receiver.deliveries)).toEqual([leased.id, leased.id]);
    const [before, after] = receiver.deliveries as [Delivery, Delivery];
    expect(after.body).toBe(before.body);
    expect(isSigned(after, WEBHOOK_SECRET)).toBe(true);
    expect(await onlyEvent()).toMatchObject({ status: 'delivered', attempts: 2 });
    // The dead one comes back with the next call.
    expect(await dispatch(first)).toEqual(tally({}));
    expect(first.pid()).not.toBe(pid);
  });

  it.each([204, 500])(
    'that outlive their lease change nothing any more, with an answer of %s',
    async (status) => {
      await alerted();
      const [slow, quick] = dispatchers;
      const late = later();
      receiver.answerWith(() => (receiver.deliveries.length === 1 ? late.status : 204));
      const answer = dispatch(slow);
      await untilReceived(1);
      await makeDue();
      expect(await dispatch(quick)).toEqual(tally({ claimed: 1, delivered: 1 }));
      const delivered = await onlyEvent();
      expect(delivered).toMatchObject({ status: 'delivered', attempts: 2, last_error: null });
      late.answer(status);
      expect(await answer).toEqual(tally({ claimed: 1, lost: 1 }));
      const { due_in: _before, ...rest } = delivered;
      expect(await onlyEvent()).toMatchObject(rest);
    },
  );

  it('that outlive their lease finish nothing while the next one is at work', async () => {
    await alerted();
    const [slow, next] = dispatchers;
    const answers = [later(), later()];
    receiver.answerWith(() => answers[receiver.deliveries.length - 1]?.status ?? 204);
    const slowAnswer = dispatch(slow);
    await untilReceived(1);
    await makeDue();
    const nextAnswer = dispatch(next);
    await untilReceived(2);
    answers[0]?.answer(204);
    expect(await slowAnswer).toEqual(tally({ claimed: 1, lost: 1 }));
    expect(await onlyEvent()).toMatchObject({ status: 'pending', attempts: 2, finished_at: null });
    answers[1]?.answer(500);
    expect(await nextAnswer).toEqual(tally({ claimed: 1, retried: 1 }));
    expect(await onlyEvent()).toMatchObject({
      status: 'pending',
      attempts: 2,
      last_error: expect.stringContaining('status 500'),
    });
  });
});

describe('claims', () => {
  const claim = 'select event_id as id, attempt from public.claim_events(5, 120)';

  it('of sessions at the same time are of different events, and wait for nobody', async () => {
    const { id } = await createSpender(db.client);
    await db.client.query(
      `select private.emit_event($1, 'test.event', '{}') from generate_series(1, 8)`,
      [id],
    );
    const [first, second] = await twoSessions(db);
    for (const session of [first, second]) {
      await session.query(`set role service_role; set statement_timeout = '5s'`);
    }
    await first.query('begin');
    const mine = await first.query<{ id: string }>(claim);
    const theirs = await second.query<{ id: string }>(claim);
    expect([mine.rowCount, theirs.rowCount]).toEqual([5, 3]);
    const all = [...mine.rows, ...theirs.rows].map((row) => row.id);
    expect(new Set(all).size).toBe(8);
    // What is undone was not claimed.
    await first.query('rollback');
    const again = await second.query<{ id: string; attempt: number }>(claim);
    expect(again.rows.map((row) => row.id).toSorted()).toEqual(
      mine.rows.map((row) => row.id).toSorted(),
    );
    expect(again.rows.every(({ attempt }) => attempt === 1)).toBe(true);
    await Promise.all([first.end(), second.end()]);
  });
});

describe('who may call', () => {
  it('only the schedule, by its secret', async () => {
    await alerted();
    const strangers: Record<string, string>[] = [
      {},
      { authorization: 'Bearer ' },
      { authorization: `Bearer ${DISPATCH_SECRET}x` },
      { authorization: `Bearer ${DISPATCH_SECRET.slice(0, -1)}` },
      { authorization: DISPATCH_SECRET },
      { authorization: `Basic ${DISPATCH_SECRET}` },
      { apikey: DISPATCH_SECRET },
      { authorization: `Bearer ${api.keys.anonKey}` },
      { authorization: `Bearer ${api.keys.serviceRoleKey}` },
      { authorization: `Bearer ${await api.token('olga')}` },
    ];
    for (const headers of strangers) {
      expect(await dispatch(dispatchers[0], headers)).toMatchObject({
        status: 401,
        body: { code: 'not_authorised', hint: expect.any(String) },
      });
    }
    const authorization = `Bearer ${DISPATCH_SECRET}`;
    expect(await dispatch(dispatchers[0], { authorization }, 'GET')).toMatchObject({
      status: 405,
      body: { code: 'method_not_allowed' },
    });
    expect(receiver.deliveries).toEqual([]);
    const event = await onlyEvent();
    expect(event).toMatchObject({ status: 'pending', attempts: 0 });
    expect(event.due_in).toBeLessThanOrEqual(0);

    expect(await dispatch(dispatchers[0], { authorization })).toEqual(
      tally({ claimed: 1, delivered: 1 }),
    );
  });

  it('nobody but the backend reaches the outbox itself', async () => {
    await alerted();
    const event = await onlyEvent();
    for (const who of ['anonymous', 'alice', 'cora', 'olga', 'eve'] as const) {
      const client = await api.as(who);
      const claim = await client.rpc('claim_events', {});
      const finish = await client.rpc('finish_event', {
        company_id: event.company_id,
        event_id: event.id,
        attempt: 0,
      });
      expect([who, claim.error?.code, finish.error?.code]).toEqual([who, '42501', '42501']);
    }
    expect(await onlyEvent()).toMatchObject({ status: 'pending', attempts: 0 });
    const claimed = await api.asService().rpc('claim_events', {});
    expect(claimed).toMatchObject({ error: null, data: [{ event_id: event.id, attempt: 1 }] });
  });
});
