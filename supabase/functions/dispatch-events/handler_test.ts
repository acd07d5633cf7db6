import { createHmac } from 'node:crypto';
import { createHandler, type Dependencies, type Limits } from './handler.ts';
import type { ClaimedEvent } from './outbox.ts';
import { signatureOf } from './webhook.ts';

const COMPANY = '00000000-0000-4000-8000-00000000c001';
const EVENT = '0194c0de-0000-7000-8000-000000000001';
/** 2025-02-10T12:00:00Z */
const NOW = 1_739_188_800_000;

/** The bytes 0 to 31, and 100 to 123. */
const SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const NEXT_SECRET = 'whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7';

const WEBHOOK = 'https://hooks.test/tenants/9f8e7d6c?key=query-secret';
const EMAIL_HOOK = 'https://mail.test/send/1a2b3c4d';

const BASE: Record<string, string> = {
  DISPATCH_SECRET: 'dispatch-secret',
  SUPABASE_URL: 'http://project.test',
  SUPABASE_SERVICE_ROLE_KEY: 'service-role-key',
};
const WITH_WEBHOOK = {
  ...BASE,
  EVENTS_WEBHOOK_URL: WEBHOOK,
  EVENTS_WEBHOOK_SECRET: SECRET,
};
const WITH_EMAIL = {
  ...BASE,
  EVENTS_EMAIL_HOOK_URL: EMAIL_HOOK,
  EVENTS_EMAIL_HOOK_TOKEN: 'email-token',
};

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}

function includes(text: string, part: string): void {
  if (!text.includes(part)) {
    throw new Error(`expected ${JSON.stringify(part)} in ${JSON.stringify(text)}`);
  }
}

function excludes(text: string, part: string): void {
  if (text.includes(part)) {
    throw new Error(`expected no ${JSON.stringify(part)} in ${JSON.stringify(text)}`);
  }
}

function event(changes: Partial<ClaimedEvent> = {}): ClaimedEvent {
  return {
    company_id: COMPANY,
    event_id: EVENT,
    topic: 'budget.period_closed',
    payload: { month: '2025-01', note: 'Zoë' },
    attempt: 1,
    created_at: '2025-02-10T11:58:07.123456+00:00',
    company_name: 'Acme Ltd',
    notification_emails: ['ops@acme.test', 'cfo@acme.test'],
    ...changes,
  };
}

function events(count: number): ClaimedEvent[] {
  return Array.from({ length: count }, (_, index) => event({ event_id: `event-${index}` }));
}

/** What `budget.threshold_reached` carries. */
function alert(payload: Record<string, unknown> = {}): ClaimedEvent {
  return event({
    topic: 'budget.threshold_reached',
    payload: {
      alert_id: '00000000-0000-4000-8000-00000000a1e7',
      budget_period_id: '00000000-0000-4000-8000-00000000b0d9',
      month: '2025-02',
      scope: 'company',
      agent_id: null,
      service: null,
      threshold_percent: 80,
      limit_micro_usd: 1_500_000_000,
      spent_micro_usd: 1_234_567_890,
      enforcement: 'hard',
      ...payload,
    },
  });
}

/** A call that the handler made. */
interface Call {
  url: string;
  method: string;
  headers: Headers;
  text: string;
  body: Record<string, unknown>;
  redirect: RequestRedirect | undefined;
  signal: AbortSignal | null | undefined;
}

type Answer = (call: Call) => Response | Promise<Response>;

interface World {
  /** What is due; every claim takes from its front. */
  due?: ClaimedEvent[];
  env?: Record<string, string>;
  limits?: Partial<Limits>;
  now?: () => number;
  webhook?: Answer;
  email?: Answer;
  /** Instead of the outbox. */
  claim?: Answer;
  finish?: Answer;
}

const RPC = 'http://project.test/rest/v1/rpc';

/** A handler between an outbox and two receivers, and the calls that each of them got. */
function setUp(world: World = {}) {
  const due = [...(world.due ?? [])];
  const env: Record<string, string> = world.env ?? WITH_WEBHOOK;
  const calls: Record<'claim' | 'finish' | 'webhook' | 'email', Call[]> = {
    claim: [],
    finish: [],
    webhook: [],
    email: [],
  };
  const answers: Record<keyof typeof calls, Answer> = {
    claim:
      world.claim ?? (({ body }) => Response.json(due.splice(0, Number(body.batch_size) || 0))),
    finish:
      world.finish ??
      (({ body }) =>
        Response.json(body.error === null ? 'delivered' : body.is_final ? 'dead' : 'pending')),
    webhook: world.webhook ?? (() => new Response(null, { status: 204 })),
    email: world.email ?? (() => new Response(null, { status: 202 })),
  };
  const places: Record<string, keyof typeof calls> = {
    [`${RPC}/claim_events`]: 'claim',
    [`${RPC}/finish_event`]: 'finish',
    [WEBHOOK]: 'webhook',
    [EMAIL_HOOK]: 'email',
  };
  const deps: Dependencies = {
    env: (name) => env[name],
    now: world.now ?? (() => NOW),
    fetch: async (input, init) => {
      const place = places[String(input)];
      if (!place) {
        throw new Error(`nobody is at ${input}`);
      }
      const text = String(init?.body);
      const call: Call = {
        url: String(input),
        method: init?.method ?? 'GET',
        headers: new Headers(init?.headers),
        text,
        body: JSON.parse(text),
        redirect: init?.redirect,
        signal: init?.signal,
      };
      calls[place].push(call);
      return await answers[place](call);
    },
  };
  const handle = createHandler(deps, world.limits);
  const run = async (request = call()) => {
    const response = await handle(request);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  return { run, ...calls };
}

function call(authorization: string | null = 'Bearer dispatch-secret', method = 'POST'): Request {
  return new Request('http://functions.test/dispatch-events', {
    method,
    headers: authorization === null ? {} : { authorization },
  });
}

/** What the outbox was told about an event, in its own words. */
function told({ finish }: { finish: Call[] }): unknown[] {
  return finish.map(({ body }) => [body.error, body.is_final]);
}

Deno.test('the signature is that of the specification', async () => {
  const published = Uint8Array.from(atob('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), (c) =>
    c.charCodeAt(0),
  );
  equal(
    await signatureOf(
      [published],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      '{"test": 2432232314}',
    ),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  );
});

Deno.test('a webhook carries id, time and signature of exactly the body that is sent', async () => {
  const world = setUp({ due: [event()], now: () => NOW + 999 });
  equal((await world.run()).body, { claimed: 1, delivered: 1, retried: 0, dead: 0, lost: 0 });
  equal(world.webhook.length, 1);
  const [sent] = world.webhook;
  equal(sent?.method, 'POST');
  equal(sent?.headers.get('content-type'), 'application/json');
  equal(sent?.headers.get('webhook-id'), EVENT);
  equal(sent?.headers.get('webhook-timestamp'), '1739188800');
  equal(
    sent?.text,
    `{"type":"budget.period_closed","timestamp":"2025-02-10T11:58:07.123Z","data":{"month":"2025-01","note":"Zoë","company_id":"${COMPANY}"}}`,
  );
  // Computed once with another program, from the body above.
  equal(sent?.headers.get('webhook-signature'), 'v1,10V+7agM0WxE76EwqRBerl1jbpzpNJnN0WuPkoTqigM=');
  equal(sent?.headers.get('authorization'), null);
  equal(sent?.headers.get('apikey'), null);
});

Deno.test('while a secret is exchanged, both sign', async () => {
  const world = setUp({
    due: [event()],
    env: { ...WITH_WEBHOOK, EVENTS_WEBHOOK_SECRET: ` ${SECRET}  ${NEXT_SECRET} ` },
  });
  await world.run();
  equal(
    world.webhook[0]?.headers.get('webhook-signature'),
    'v1,10V+7agM0WxE76EwqRBerl1jbpzpNJnN0WuPkoTqigM= v1,301I6SKKrMJW3QN2MC+35hNOfL/f9beDM0zX1RJibZ8=',
  );
});

Deno.test('a receiver can verify every attempt, and sees one id and one body', async () => {
  let now = NOW;
  const world = setUp({
    due: [event(), event({ attempt: 2 })],
    limits: { concurrency: 1 },
    now: () => now,
    webhook: () => {
      now += 30_000;
      return new Response(null, { status: 503 });
    },
  });
  await world.run();
  equal(
    world.webhook.map(({ headers }) => headers.get('webhook-timestamp')),
    ['1739188800', '1739188830'],
  );
  for (const { headers, text } of world.webhook) {
    const signed = `${EVENT}.${headers.get('webhook-timestamp')}.${text}`;
    const key = Buffer.from(SECRET.replace('whsec_', ''), 'base64');
    const expected = createHmac('sha256', key).update(signed).digest('base64');
    equal(headers.get('webhook-signature'), `v1,${expected}`);
    equal(headers.get('webhook-id'), EVENT);
    equal(text, world.webhook[0]?.text);
  }
});

Deno.test('a payload does not say which company it is of', async () => {
  const world = setUp({ due: [event({ payload: { company_id: 'another' } })] });
  await world.run();
  equal(world.webhook[0]?.body.data, { company_id: COMPANY });
});

Deno.test('claims and finishes with the service role, for two minutes', async () => {
  const world = setUp({ due: [event({ attempt: 7 })] });
  await world.run();
  equal(world.claim[0]?.body, { batch_size: 8, lease_seconds: 120 });
  equal(
    world.finish.map(({ body }) => body),
    [{ company_id: COMPANY, event_id: EVENT, attempt: 7, error: null, is_final: false }],
  );
  for (const { method, headers, redirect } of [...world.claim, ...world.finish]) {
    equal(method, 'POST');
    equal(headers.get('authorization'), 'Bearer service-role-key');
    equal(headers.get('apikey'), 'service-role-key');
    equal(headers.get('content-type'), 'application/json');
    equal(redirect, 'manual');
  }
});

for (const [name, authorization] of [
  ['no secret', null],
  ['an empty secret', 'Bearer '],
  ['another secret of the same length', 'Bearer dispatch-secreT'],
  ['the beginning of the secret', 'Bearer dispatch'],
  ['more than the secret', 'Bearer dispatch-secret-'],
  ['the secret in another scheme', 'Basic dispatch-secret'],
  ['the secret without a scheme', 'dispatch-secret'],
  ['the key of the service role', 'Bearer service-role-key'],
] as const) {
  Deno.test(`refuses ${name} and claims nothing`, async () => {
    const world = setUp({ due: [event()] });
    const { status, headers, body } = await world.run(call(authorization));
    equal(status, 401);
    equal(body.code, 'not_authorised');
    equal(headers.get('www-authenticate'), 'Bearer');
    equal(world.claim.length, 0);
    excludes(JSON.stringify(body), 'dispatch-secret');
  });
}

Deno.test('compares digests of one length, never the secret itself', async () => {
  const digest = crypto.subtle.digest;
  const digested: string[] = [];
  crypto.subtle.digest = (algorithm, data) => {
    digested.push(`${algorithm} ${new TextDecoder().decode(data)}`);
    return digest.call(crypto.subtle, algorithm, data);
  };
  try {
    equal((await setUp().run(call('Bearer dispatch'))).status, 401);
  } finally {
    crypto.subtle.digest = digest;
  }
  equal(digested, ['SHA-256 dispatch', 'SHA-256 dispatch-secret']);
});

for (const authorization of ['Bearer dispatch-secret', 'bearer  dispatch-secret']) {
  Deno.test(`accepts "${authorization}"`, async () => {
    equal((await setUp().run(call(authorization))).status, 200);
  });
}

for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
  Deno.test(`refuses ${method} and claims nothing`, async () => {
    const world = setUp({ due: [event()] });
    const { status, headers, body } = await world.run(call(undefined, method));
    equal(status, 405);
    equal(body.code, 'method_not_allowed');
    equal(headers.get('allow'), 'POST');
    equal(world.claim.length, 0);
  });
}

for (const name of [
  'DISPATCH_SECRET',
  'SUPABASE_URL',
  'SUPABASE_SERVICE_ROLE_KEY',
  'EVENTS_WEBHOOK_URL',
  'EVENTS_WEBHOOK_SECRET',
  'EVENTS_EMAIL_HOOK_URL',
  'EVENTS_EMAIL_HOOK_TOKEN',
]) {
  for (const value of [undefined, '']) {
    Deno.test(`says that ${name} is ${value === '' ? 'empty' : 'missing'}`, async () => {
      const { [name]: _, ...rest } = { ...WITH_WEBHOOK, ...WITH_EMAIL } as Record<string, string>;
      const world = setUp({ due: [event()], env: value === '' ? { ...rest, [name]: '' } : rest });
      const { status, body } = await world.run();
      equal(status, 500);
      equal(body.code, 'not_configured');
      equal(body.message, `${name} is missing.`);
      equal(world.claim.length, 0);
    });
  }
}

Deno.test('tells a stranger nothing of the settings', async () => {
  const { status, body } = await setUp({ env: { DISPATCH_SECRET: 'x' } }).run(call('Bearer y'));
  equal(status, 401);
  excludes(JSON.stringify(body), 'SUPABASE_URL');
});

Deno.test('claims nothing when nobody would receive it', async () => {
  const world = setUp({ due: [event()], env: BASE });
  const { status, body } = await world.run();
  equal(status, 500);
  equal(body.code, 'not_configured');
  includes(body.message, 'EVENTS_WEBHOOK_URL and EVENTS_EMAIL_HOOK_URL');
  equal(world.claim.length, 0);
});

for (const [name, both] of [
  ['EVENTS_WEBHOOK_URL', WITH_WEBHOOK],
  ['EVENTS_EMAIL_HOOK_URL', WITH_EMAIL],
] as const) {
  for (const address of [
    'http://hooks.test/secret-path',
    'http://localhost.hooks.test/secret-path',
    'http://127.0.0.1.hooks.test/secret-path',
    'http://localhost@hooks.test/secret-path',
    'http://192.168.0.1/secret-path',
    'ftp://localhost/secret-path',
    'hooks.test/secret-path',
  ]) {
    Deno.test(`refuses ${address} as ${name}`, async () => {
      const world = setUp({ due: [event()], env: { ...both, [name]: address } });
      const { status, body } = await world.run();
      equal(status, 500);
      equal(body.message, `${name} is not an https address.`);
      excludes(JSON.stringify(body), 'secret-path');
      equal(world.claim.length, 0);
    });
  }
  for (const address of ['http://localhost:8080/hook', 'http://127.0.0.1/hook', 'https://x.test']) {
    Deno.test(`accepts ${address} as ${name}`, async () => {
      equal((await setUp({ env: { ...both, [name]: address } }).run()).status, 200);
    });
  }
}

for (const [name, secret] of [
  ['no prefix', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='],
  ['no base64', 'whsec_not*base64*not*base64*not*base64*'],
  ['too few bytes', `whsec_${btoa('x'.repeat(23))}`],
  ['too many bytes', `whsec_${btoa('x'.repeat(65))}`],
  ['one good and one bad secret', `${SECRET} whsec_`],
  ['only spaces', '  '],
] as const) {
  Deno.test(`refuses a webhook secret: ${name}`, async () => {
    const world = setUp({
      due: [event()],
      env: { ...WITH_WEBHOOK, EVENTS_WEBHOOK_SECRET: secret },
    });
    const { status, body } = await world.run();
    equal(status, 500);
    equal(body.message, 'EVENTS_WEBHOOK_SECRET is not a webhook secret.');
    equal(world.claim.length, 0);
    excludes(JSON.stringify(body), SECRET);
  });
}

Deno.test('an empty outbox is asked once', async () => {
  const world = setUp();
  const { status, body } = await world.run();
  equal(status, 200);
  equal(body, { claimed: 0, delivered: 0, retried: 0, dead: 0, lost: 0 });
  equal([world.claim.length, world.webhook.length, world.finish.length], [1, 0, 0]);
});

Deno.test('goes on until nothing is due, and tells of every event once', async () => {
  const world = setUp({ due: events(100) });
  equal((await world.run()).body, {
    claimed: 100,
    delivered: 100,
    retried: 0,
    dead: 0,
    lost: 0,
  });
  const ids = world.webhook.map(({ headers }) => headers.get('webhook-id'));
  equal([ids.length, new Set(ids).size], [100, 100]);
  equal(new Set(world.finish.map(({ body }) => body.event_id)).size, 100);
  // In batches, not one by one.
  if (world.claim.length > 30) {
    throw new Error(`${world.claim.length} claims for 100 events`);
  }
});

Deno.test('delivers eight at a time and claims no more than it can begin', async () => {
  let [atOnce, most, unfinished, mostUnfinished] = [0, 0, 0, 0];
  // The first ones wait for the eighth, which would never come if fewer were delivered at a time.
  const eighth = Promise.withResolvers<void>();
  const due = events(50);
  const world = setUp({
    claim: ({ body }) => {
      const batch = due.splice(0, Number(body.batch_size));
      unfinished += batch.length;
      mostUnfinished = Math.max(mostUnfinished, unfinished);
      return Response.json(batch);
    },
    webhook: async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (atOnce === 8) {
        eighth.resolve();
      }
      await eighth.promise;
      atOnce -= 1;
      return new Response(null, { status: 200 });
    },
    finish: () => {
      unfinished -= 1;
      return Response.json('delivered');
    },
  });
  equal((await world.run()).body.delivered, 50);
  equal([most, mostUnfinished], [8, 8]);
});

Deno.test('a slow delivery holds up no other', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let quick = 0;
  const world = setUp({
    due: events(40),
    webhook: async ({ headers }) => {
      if (headers.get('webhook-id') === 'event-0') {
        await promise;
      } else {
        quick += 1;
        if (quick === 39) {
          resolve();
        }
      }
      return new Response(null, { status: 200 });
    },
  });
  equal((await world.run()).body.delivered, 40);
  equal(world.finish.at(-1)?.body.event_id, 'event-0');
});

Deno.test('claims nothing after the deadline, and finishes what it has', async () => {
  let now = NOW;
  const world = setUp({
    due: events(100),
    limits: { deadlineMs: 3000 },
    now: () => now,
    claim: () => {
      now += 1000;
      return Response.json([event({ event_id: `event-${now}` })]);
    },
  });
  equal((await world.run()).body, { claimed: 3, delivered: 3, retried: 0, dead: 0, lost: 0 });
  equal([world.claim.length, world.webhook.length, world.finish.length], [3, 3, 3]);
});

Deno.test('the deadline is 50 seconds', async () => {
  let now = NOW;
  const world = setUp({
    now: () => now,
    claim: () => {
      now += 10_000;
      return Response.json([event()]);
    },
  });
  equal((await world.run()).body.claimed, 5);
});

Deno.test('what fails in one delivery stops no other', async () => {
  const due = events(20);
  due[3] = event({ event_id: 'event-3', created_at: 'nonsense' });
  const world = setUp({
    due,
    webhook: ({ headers }) => {
      if (headers.get('webhook-id') === 'event-7') {
        throw new TypeError('connection refused');
      }
      return new Response(null, { status: 200 });
    },
  });
  const { status, body } = await world.run();
  equal(status, 200);
  equal(body, { claimed: 20, delivered: 18, retried: 2, dead: 0, lost: 0 });
  const failed = world.finish.filter((one) => one.body.error !== null);
  equal(failed.map((one) => one.body.event_id).sort(), ['event-3', 'event-7']);
  includes(
    String(failed.find((one) => one.body.event_id === 'event-7')?.body.error),
    'webhook: connection refused',
  );
});

for (const status of [400, 401, 403, 404, 408, 409, 422, 425, 429, 500, 502, 503, 504]) {
  Deno.test(`tries again after ${status}`, async () => {
    const world = setUp({ due: [event()], webhook: () => new Response('not now', { status }) });
    equal((await world.run()).body, { claimed: 1, delivered: 0, retried: 1, dead: 0, lost: 0 });
    equal(told(world), [[`webhook: status ${status}: not now`, false]]);
  });
}

for (const status of [200, 201, 202, 204]) {
  Deno.test(`${status} is a delivery`, async () => {
    const world = setUp({ due: [event()], webhook: () => new Response(null, { status }) });
    equal((await world.run()).body.delivered, 1);
    equal(told(world), [[null, false]]);
  });
}

Deno.test('410 is final', async () => {
  const world = setUp({ due: [event()], webhook: () => new Response('gone', { status: 410 }) });
  equal((await world.run()).body, { claimed: 1, delivered: 0, retried: 0, dead: 1, lost: 0 });
  equal(told(world), [['webhook: status 410: gone', true]]);
});

Deno.test('the database decides that an event is dead', async () => {
  const world = setUp({
    due: [event({ attempt: 12 })],
    webhook: () => new Response(null, { status: 500 }),
    finish: () => Response.json('dead'),
  });
  equal((await world.run()).body, { claimed: 1, delivered: 0, retried: 0, dead: 1, lost: 0 });
  equal(world.finish[0]?.body.attempt, 12);
  equal(told(world), [['webhook: status 500', false]]);
});

Deno.test('an event that a later claim has taken over is lost', async () => {
  const world = setUp({
    due: events(2),
    finish: ({ body }) => Response.json(body.event_id === 'event-0' ? null : 'delivered'),
  });
  const { status, body } = await world.run();
  equal(status, 200);
  equal(body, { claimed: 2, delivered: 1, retried: 0, dead: 0, lost: 1 });
});

for (const status of [301, 302, 303, 307, 308]) {
  Deno.test(`${status} is an error and is not followed`, async () => {
    const world = setUp({
      due: [event()],
      webhook: () => new Response(null, { status, headers: { location: EMAIL_HOOK } }),
    });
    equal((await world.run()).body.retried, 1);
    equal(world.webhook[0]?.redirect, 'manual');
    equal(world.email.length, 0);
    equal(told(world), [[`webhook: status ${status}, a redirect, which is not followed`, false]]);
  });
}

Deno.test('a real redirect is not followed either', async () => {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (pathname === '/hook') {
      return new Response(null, { status: 307, headers: { location: '/elsewhere' } });
    }
    if (pathname.endsWith('/claim_events')) {
      const isFirst = asked.length === 1;
      return Response.json(isFirst ? [event()] : []);
    }
    return Response.json(pathname.endsWith('/finish_event') ? 'pending' : null);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const env: Record<string, string> = {
    ...WITH_WEBHOOK,
    SUPABASE_URL: url,
    EVENTS_WEBHOOK_URL: `${url}/hook`,
  };
  const handle = createHandler({ fetch, env: (name) => env[name], now: Date.now });
  const response = await handle(call());
  await server.shutdown();
  equal(await response.json(), { claimed: 1, delivered: 0, retried: 1, dead: 0, lost: 0 });
  equal(asked.filter((path) => !path.startsWith('/rest/')).sort(), ['/hook']);
});

Deno.test('aborts a delivery that takes too long, and goes on', async () => {
  const world = setUp({
    due: events(3),
    limits: { timeoutMs: 100 },
    webhook: ({ headers, signal }) =>
      headers.get('webhook-id') === 'event-1'
        ? new Promise<Response>((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason));
          })
        : new Response(null, { status: 200 }),
  });
  equal((await world.run()).body, { claimed: 3, delivered: 2, retried: 1, dead: 0, lost: 0 });
  const aborted = world.webhook.filter(({ signal }) => signal?.aborted);
  equal(
    aborted.map(({ headers }) => headers.get('webhook-id')),
    ['event-1'],
  );
  equal(
    world.finish.map(({ body }) => body.error).filter((error) => error !== null),
    ['webhook: no answer within 0.1 s'],
  );
});

Deno.test('gives up also on a call that does not heed its abortion', async () => {
  const world = setUp({
    due: [event()],
    limits: { timeoutMs: 100 },
    webhook: () => new Promise<Response>(() => {}),
  });
  equal((await world.run()).body.retried, 1);
});

for (const [status, outcome] of [
  [503, 'retried'],
  [410, 'dead'],
] as const) {
  Deno.test(`an endless body after ${status} does not hide the status`, async () => {
    const world = setUp({
      due: [event()],
      limits: { timeoutMs: 100 },
      webhook: () => new Response(new ReadableStream({ start: () => {} }), { status }),
    });
    equal((await world.run()).body[outcome], 1);
    equal(told(world), [[`webhook: status ${status}, its body could not be read`, status === 410]]);
  });
}

Deno.test('does not wait for the body of a success', async () => {
  let isCancelled = false;
  const world = setUp({
    due: [event()],
    limits: { timeoutMs: 1000 },
    webhook: () =>
      new Response(
        new ReadableStream({
          cancel: () => {
            isCancelled = true;
          },
        }),
      ),
  });
  equal((await world.run()).body.delivered, 1);
  equal(isCancelled, true);
});

Deno.test('reads only the beginning of a body, and shows 500 characters of it', async () => {
  let read = 0;
  const world = setUp({
    due: [event()],
    webhook: () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            read += 1;
            controller.enqueue(new TextEncoder().encode('😀'.repeat(256)));
          },
        }),
        { status: 500 },
      ),
  });
  equal((await world.run()).body.retried, 1);
  equal(told(world), [[`webhook: status 500: ${'😀'.repeat(500)}`, false]]);
  if (read > 30) {
    throw new Error(`${read} chunks were read`);
  }
});

Deno.test('errors hold nothing that the database refuses', async () => {
  const world = setUp({
    due: [event()],
    webhook: () => new Response('a\u0000b\r\n\tc\u001b[31md\ud83d'.concat('e'), { status: 500 }),
  });
  await world.run();
  equal(told(world), [['webhook: status 500: a b c [31md\ufffde', false]]);
});

Deno.test('errors hold no secret, whoever repeats it', async () => {
  const secrets = [
    'dispatch-secret',
    'service-role-key',
    SECRET.slice(6),
    NEXT_SECRET.slice(6),
    'slash/in/token',
    'slash\\/in\\/token',
    WEBHOOK,
    '/tenants/9f8e7d6c',
    'query-secret',
    EMAIL_HOOK,
    '/send/1a2b3c4d',
  ];
  const world = setUp({
    due: [alert()],
    env: {
      ...WITH_WEBHOOK,
      ...WITH_EMAIL,
      EVENTS_WEBHOOK_SECRET: `${SECRET} ${NEXT_SECRET}`,
      EVENTS_EMAIL_HOOK_TOKEN: 'slash/in/token',
    },
    // Long before the secrets, so that a cut goes through one of them.
    webhook: () => new Response(`${'x'.repeat(480)}${secrets.join(' ')}`, { status: 400 }),
    email: () => {
      throw new TypeError(`error sending request for url (${EMAIL_HOOK}): ${secrets.join(' ')}`);
    },
  });
  await world.run();
  const error = String(world.finish[0]?.body.error);
  includes(error, 'webhook: status 400: xxx');
  includes(error, 'e-mail hook: error sending request for url ([hidden]): ');
  for (const secret of secrets) {
    excludes(error, secret);
    excludes(error, secret.slice(0, 12));
  }
});

Deno.test('a budget that reached a threshold is told by e-mail, once an id', async () => {
  const world = setUp({ due: [alert()], env: WITH_EMAIL });
  equal((await world.run()).body, { claimed: 1, delivered: 1, retried: 0, dead: 0, lost: 0 });
  equal(world.email.length, 1);
  const [sent] = world.email;
  equal(sent?.method, 'POST');
  equal(sent?.redirect, 'manual');
  equal(sent?.headers.get('authorization'), 'Bearer email-token');
  equal(sent?.headers.get('idempotency-key'), EVENT);
  equal(sent?.headers.get('content-type'), 'application/json');
  equal(sent?.body, {
    idempotency_key: EVENT,
    to: ['ops@acme.test', 'cfo@acme.test'],
    subject: 'Acme Ltd: 80% of the budget for February 2025 is used',
    text: [
      'Acme Ltd has used US$1,234.57 of US$1,500.00, the budget for February 2025.',
      'The alert is set at 80%. The amount is that of 2025-02-10 11:58 UTC.',
      '',
      'Usage beyond the limit is refused.',
      '',
    ].join('\n'),
  });
});

for (const [payload, parts] of [
  [
    { scope: 'agent', agent_id: 'a-1', month: '2024-12' },
    ['80% of the budget of agent a-1 for December 2024 is used', 'refused'],
  ],
  [
    { scope: 'service', service: 'openai', threshold_percent: 100, enforcement: 'soft' },
    ['100% of the budget of service openai for February 2025 is used', 'accepted and flagged'],
  ],
  [{ limit_micro_usd: 500_000, spent_micro_usd: 412_345 }, ['US$0.412345 of US$0.50', 'refused']],
  [
    { limit_micro_usd: 9_007_199_254_740_991, spent_micro_usd: 0 },
    ['US$0.00 of US$9,007,199,254.74', 'refused'],
  ],
] as const) {
  Deno.test(`the e-mail is readable: ${JSON.stringify(payload)}`, async () => {
    const world = setUp({ due: [alert(payload)], env: WITH_EMAIL });
    await world.run();
    const { subject, text } = world.email[0]?.body ?? {};
    for (const part of parts) {
      includes(`${subject}\n${text}`, part);
    }
  });
}

Deno.test('the name of a company adds no line to the subject', async () => {
  const due = [{ ...alert(), company_name: 'Acme\r\nBcc: all@acme.test' }];
  const world = setUp({ due, env: WITH_EMAIL });
  await world.run();
  equal(
    world.email[0]?.body.subject,
    'Acme Bcc: all@acme.test: 80% of the budget for February 2025 is used',
  );
});

const SKIPPED: [string, ClaimedEvent][] = [
  ['another event', event()],
  ['no addresses', { ...alert(), notification_emails: [] }],
  ['no address but blanks', { ...alert(), notification_emails: [' ', null] }],
];
for (const [name, skipped] of SKIPPED) {
  Deno.test(`sends no e-mail: ${name}`, async () => {
    const world = setUp({ due: [skipped], env: { ...WITH_WEBHOOK, ...WITH_EMAIL } });
    equal((await world.run()).body.delivered, 1);
    equal([world.webhook.length, world.email.length], [1, 0]);
    equal(told(world), [[null, false]]);
  });
}

Deno.test('a payload that is none of a budget is an error, not a wrong e-mail', async () => {
  const world = setUp({ due: [alert({ spent_micro_usd: 'much' })], env: WITH_EMAIL });
  equal((await world.run()).body.retried, 1);
  equal(world.email.length, 0);
  equal(told(world), [['e-mail hook: the payload is not that of a budget', false]]);
});

for (const [webhook, email, outcome, error, isFinal] of [
  [200, 200, 'delivered', null, false],
  [200, 500, 'retried', 'e-mail hook: status 500', false],
  [500, 200, 'retried', 'webhook: status 500', false],
  [500, 429, 'retried', 'webhook: status 500; e-mail hook: status 429', false],
  [410, 200, 'dead', 'webhook: status 410', true],
  // The e-mail may still go out.
  [410, 500, 'retried', 'webhook: status 410; e-mail hook: status 500', false],
  [410, 410, 'dead', 'webhook: status 410; e-mail hook: status 410', true],
] as const) {
  Deno.test(`webhook ${webhook} and e-mail hook ${email}: ${outcome}`, async () => {
    const world = setUp({
      due: [alert()],
      env: { ...WITH_WEBHOOK, ...WITH_EMAIL },
      webhook: () => new Response(null, { status: webhook }),
      email: () => new Response(null, { status: email }),
    });
    equal((await world.run()).body[outcome], 1);
    equal([world.webhook.length, world.email.length], [1, 1]);
    equal(told(world), [[error, isFinal]]);
  });
}

for (const [name, claim, message] of [
  [
    'does not answer',
    () => Promise.reject(new TypeError(`no route to ${BASE.SUPABASE_SERVICE_ROLE_KEY}`)),
    'claim_events got no answer: no route to [hidden]',
  ],
  [
    'refuses',
    () => Response.json({ code: '42501', message: 'permission denied' }, { status: 403 }),
    'claim_events was answered with status 403: permission denied',
  ],
  [
    'answers a page',
    () => new Response('<html>', { status: 503 }),
    'claim_events was answered with status 503',
  ],
  [
    'redirects',
    () => new Response(null, { status: 302, headers: { location: WEBHOOK } }),
    'claim_events was answered with status 302',
  ],
  [
    'answers nonsense',
    () => Response.json({ not: 'rows' }),
    'claim_events was answered with something else than rows',
  ],
] as const) {
  Deno.test(`says so when the database ${name}`, async () => {
    const world = setUp({ claim });
    const { status, body } = await world.run();
    equal(status, 502);
    equal([body.code, body.message, body.claimed], ['database_error', message, 0]);
    equal(world.webhook.length, 0);
  });
}

Deno.test('does not wait for the database for ever', async () => {
  const world = setUp({ limits: { timeoutMs: 100 }, claim: () => new Promise<Response>(() => {}) });
  const { status, body } = await world.run();
  equal(status, 502);
  equal(body.message, 'claim_events got no answer: not done within 0.1 s');
});

Deno.test('a claim that fails later keeps nobody from finishing', async () => {
  const due = events(8);
  const world = setUp({
    claim: ({ body }) =>
      due.length > 0
        ? Response.json(due.splice(0, Number(body.batch_size)))
        : new Response(null, { status: 500 }),
  });
  const { status, body } = await world.run();
  equal(status, 502);
  equal([body.claimed, body.delivered], [8, 8]);
  equal(world.finish.length, 8);
});

for (const [name, answer] of [
  ['fails', () => new Response(null, { status: 500 })],
  ['does not answer', () => Promise.reject(new TypeError('connection reset'))],
  ['answers nonsense', () => Response.json('done')],
  ['answers no JSON', () => new Response('')],
] as const) {
  Deno.test(`stops claiming when finish_event ${name}, and tells`, async () => {
    const world = setUp({
      due: events(100),
      limits: { concurrency: 1 },
      finish: ({ body }) => (body.event_id === 'event-2' ? answer() : Response.json('delivered')),
    });
    const { status, body } = await world.run();
    equal(status, 502);
    equal(body.code, 'database_error');
    includes(body.message, 'finish_event ');
    equal([body.claimed, body.delivered, body.retried], [3, 2, 1]);
    equal(world.finish.length, 3);
  });
}

const TOKEN = `invite_${'5a'.repeat(32)}`;

/** What `member.invited` carries. */
function invitation(payload: Record<string, unknown> = {}): ClaimedEvent {
  return event({
    topic: 'member.invited',
    payload: {
      invitation_id: '00000000-0000-4000-8000-00000000e001',
      email: 'nora@example.com',
      role: 'agent',
      expires_at: '2025-02-17T12:00:00+00:00',
      token: TOKEN,
      ...payload,
    },
  });
}

Deno.test('an invitation goes to whom it invites, with a link that tells no server the token', async () => {
  const world = setUp({
    due: [invitation()],
    env: { ...WITH_EMAIL, INVITATION_URL: 'https://app.example.com/invitation?lang=en' },
  });
  equal((await world.run()).body.delivered, 1);
  equal(world.email[0]?.body, {
    idempotency_key: EVENT,
    to: ['nora@example.com'],
    subject: 'Invitation to Acme Ltd',
    text: [
      'You are invited to become a member of Acme Ltd.',
      '',
      `Accept the invitation here: https://app.example.com/invitation?lang=en#invitation_token=${TOKEN}`,
      '',
      'It works once, for nora@example.com only, until 2025-02-17 12:00 UTC.',
      'If you do not know what this is about, ignore it.',
      '',
    ].join('\n'),
  });
});

Deno.test('without a page for it, an invitation carries its code', async () => {
  const world = setUp({ due: [invitation()], env: WITH_EMAIL });
  await world.run();
  includes(String(world.email[0]?.body.text), `The code of your invitation: ${TOKEN}\n`);
});

Deno.test('an invitation of a company with a strange name has one line as its subject', async () => {
  const world = setUp({
    due: [{ ...invitation(), company_name: ' Acme\r\nBcc: x@example.com ' }],
    env: WITH_EMAIL,
  });
  await world.run();
  equal(world.email[0]?.body.subject, 'Invitation to Acme Bcc: x@example.com');
});

Deno.test('an invitation without a token is mailed by whoever made it', async () => {
  const world = setUp({ due: [invitation({ token: undefined })], env: WITH_EMAIL });
  equal((await world.run()).body.delivered, 1);
  equal(world.email.length, 0);
});

Deno.test('the webhook gets the token where it sends the mail, and only there', async () => {
  const alone = setUp({ due: [invitation()] });
  await alone.run();
  includes(alone.webhook[0]?.text ?? '', `"token":"${TOKEN}"`);
  const beside = setUp({ due: [invitation()], env: { ...WITH_EMAIL, ...WITH_WEBHOOK } });
  await beside.run();
  includes(beside.email[0]?.text ?? '', TOKEN);
  excludes(beside.webhook[0]?.text ?? '', TOKEN);
  includes(beside.webhook[0]?.text ?? '', '"email":"nora@example.com"');
});

Deno.test('a token is in no error, whatever the receiver answers', async () => {
  const world = setUp({
    due: [invitation()],
    env: WITH_EMAIL,
    email: ({ text }) => new Response(`cannot send ${text}`, { status: 500 }),
  });
  equal((await world.run()).body.retried, 1);
  includes(String(world.finish[0]?.body.error), 'cannot send');
  excludes(String(world.finish[0]?.body.error), TOKEN.slice(7, 40));
});

Deno.test('a page for invitations must be one', async () => {
  const world = setUp({
    due: [invitation()],
    env: { ...WITH_EMAIL, INVITATION_URL: 'http://app.example.com' },
  });
  const { status, body } = await world.run();
  equal([status, body.code], [500, 'not_configured']);
  includes(String(body.message), 'INVITATION_URL');
  equal(world.claim.length, 0);
});
