import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { sleep } from '../../../scripts/lib/processes.ts';
import type { Who } from '../support/actors.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;
const globex = COMPANIES.globex.id;

const db = useDatabase();
const api = useApi(db);

/** Gives a company a rate and a bucket that was never used. */
async function limit(company: string, perMinute: number, burst: number): Promise<void> {
  await db.client.query(
    `update public.company_plans
        set features = features || jsonb_build_object('requests_per_minute', $2::integer, 'request_burst', $3::integer)
      where company_id = $1 and is_active`,
    [company, perMinute, burst],
  );
  await db.client.query('delete from private.rate_limit_buckets where company_id = $1', [company]);
}

/** As if a bucket had been used up to so many seconds from now. */
async function owe(company: string, seconds: number): Promise<void> {
  await db.client.query(
    `insert into private.rate_limit_buckets (company_id, bucket, tat)
     values ($1, 'company', clock_timestamp() + make_interval(secs => $2))
     on conflict (company_id, bucket) do update set tat = excluded.tat`,
    [company, seconds],
  );
}

/** When a bucket is full again; undefined if it was never used. */
async function fullAt(company: string, bucket = 'company'): Promise<string | undefined> {
  const { rows } = await db.client.query<{ tat: string }>(
    'select tat::text from private.rate_limit_buckets where company_id = $1 and bucket = $2',
    [company, bucket],
  );
  return rows[0]?.tat;
}

async function createKey(company: string, perMinute: number | null): Promise<string> {
  const { rows } = await db.client.query<{ id: string }>(
    `insert into public.api_keys (company_id, name, prefix, rate_limit_per_minute)
     values ($1, 'Test', $2, $3) returning id`,
    [company, `key_${randomUUID().slice(0, 8)}`, perMinute],
  );
  return rows[0]?.id ?? '';
}

/** What PostgREST answered, headers included. */
interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

/** A request whose status and headers are looked at, which supabase-js hides. */
async function send(
  token: string,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${api.url}/rest/v1/${path}`, {
    method,
    headers: {
      apikey: api.keys.anonKey,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Inserts a service that nobody else has. */
function write(token: string, company: string, headers?: Record<string, string>): Promise<Answer> {
  const code = `RATE-${randomUUID().slice(0, 13)}`;
  const body = { company_id: company, code, name: 'Rate limit' };
  return send(token, 'POST', 'services', { body, ...(headers === undefined ? {} : { headers }) });
}

async function written(company: string): Promise<number> {
  const { rows } = await db.client.query<{ count: number }>(
    `select count(*)::integer as count from public.services where company_id = $1 and code like 'RATE-%'`,
    [company],
  );
  return rows[0]?.count ?? 0;
}

/** The headers that are about rates. */
function rateHeaders({ headers }: Answer): Record<string, string | null> {
  return {
    policy: headers.get('ratelimit-policy'),
    rate: headers.get('ratelimit'),
    retryAfter: headers.get('retry-after'),
  };
}

const check = (company: string, apiKey?: string, cost = 1) =>
  api.asService().rpc('check_rate_limit', {
    company_id: company,
    cost,
    ...(apiKey === undefined ? {} : { api_key_id: apiKey }),
  });

beforeEach(async () => {
  await limit(acme, 6, 2);
  await limit(globex, 6, 2);
  await db.client.query(`delete from public.services where code like 'RATE-%'`);
});

describe('what a member writes', () => {
  it('is answered with the rate, then with 429, and is admitted again after Retry-After', async () => {
    const alice = await api.token('alice');
    const [first, second] = [await write(alice, acme), await write(alice, acme)];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(rateHeaders(first)).toEqual({
      policy: '"company";q=6;w=60',
      rate: '"company";r=1;t=10',
      retryAfter: null,
    });
    expect(rateHeaders(second).rate).toMatch(/^"company";r=0;t=(19|20)$/);

    const third = await write(alice, acme);
    expect(third.status).toBe(429);
    expect(third.body).toEqual({
      code: 'PT429',
      message: 'too many requests',
      details: 'rate_limited',
      hint: expect.stringMatching(/^Wait (9|10) s, .* 6 requests a minute\.$/),
    });
    expect(rateHeaders(third)).toEqual({
      policy: '"company";q=6;w=60',
      rate: expect.stringMatching(/^"company";r=0;t=(19|20)$/),
      retryAfter: expect.stringMatching(/^(9|10)$/),
    });
    expect(await written(acme)).toBe(2);

    await owe(acme, 10.9);
    const soon = await write(alice, acme);
    expect(soon.status).toBe(429);
    expect(soon.headers.get('retry-after')).toBe('1');
    await sleep(1000);
    const later = await write(alice, acme);
    expect(later.status).toBe(201);
    expect(rateHeaders(later).rate).toMatch(/^"company";r=0;t=(19|20)$/);
    expect(await written(acme)).toBe(3);
  });

  it('looks to supabase-js like any other error', async () => {
    await owe(acme, 30);
    const alice = await api.as('alice');
    const { status, error } = await alice
      .from('services')
      .insert({ company_id: acme, code: 'RATE-JS', name: 'Rate limit' });
    expect(status).toBe(429);
    expect(error).toMatchObject({
      code: 'PT429',
      details: 'rate_limited',
      hint: expect.stringMatching(/^Wait \d+ s/),
    });
    await owe(acme, 0);
    const control = await alice
      .from('services')
      .insert({ company_id: acme, code: 'RATE-JS', name: 'Rate limit' });
    expect(control.error).toBeNull();
  });

  it.each([
    ['PATCH', 'services?code=eq.RATE-NONE', { name: 'x' }],
    ['DELETE', 'services?code=eq.RATE-NONE', undefined],
    ['POST', 'rpc/switch_company', { company_id: acme }],
  ])('is counted when it is %s %s', async (method, path, body) => {
    const alice = await api.token('alice');
    const answer = await send(alice, method, path, { body });
    expect(answer.status).toBeLessThan(300);
    expect(rateHeaders(answer).rate).toBe('"company";r=1;t=10');
    expect(await fullAt(acme)).toBeDefined();
    await owe(acme, 30);
    expect((await send(alice, method, path, { body })).status).toBe(429);
  });

  it('is counted for the company that is active, whoever writes', async () => {
    await owe(acme, 30);
    expect((await write(await api.token('alice'), acme)).status).toBe(429);
    // A colleague works on the same bucket, which neither company's other people share.
    expect((await write(await api.token('cora'), acme)).status).toBe(429);
    expect((await write(await api.token('bob'), globex)).status).toBe(201);
    const mia = await api.token('mia');
    expect((await write(mia, globex)).status).toBe(429);
    const chosen = await write(mia, globex, { 'x-company-id': globex });
    expect(chosen.status).toBe(201);
    expect(rateHeaders(chosen).rate).toMatch(/^"company";r=0;t=(19|20)$/);
    expect(await written(globex)).toBe(2);
  });

  it('is not counted for operators, the backend, visitors and people without a company', async () => {
    await owe(acme, 30);
    const before = await fullAt(acme);
    const callers: [Who | 'service', number][] = [
      ['olga', 201],
      ['service', 201],
      ['anonymous', 401],
      ['eve', 403],
    ];
    for (const [who, status] of callers) {
      const token = who === 'service' ? api.keys.serviceRoleKey : await api.token(who);
      const answer = await write(token, acme);
      expect([who, answer.status]).toEqual([who, status]);
      expect(rateHeaders(answer)).toEqual({ policy: null, rate: null, retryAfter: null });
    }
    expect(await fullAt(acme)).toBe(before);
    expect((await write(await api.token('alice'), acme)).status).toBe(429);
  });

  it('is admitted as often as the burst says when eight write at once', async () => {
    await limit(acme, 1, 5);
    const alice = await api.token('alice');
    const answers = await Promise.all(Array.from({ length: 8 }, () => write(alice, acme)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      ...Array(5).fill(201),
      ...Array(3).fill(429),
    ]);
    for (const answer of answers.filter(({ status }) => status === 429)) {
      expect(rateHeaders(answer)).toEqual({
        policy: '"company";q=1;w=60',
        rate: expect.stringMatching(/^"company";r=0;t=(29\d|300)$/),
        retryAfter: expect.stringMatching(/^(5\d|60)$/),
      });
    }
    expect(await written(acme)).toBe(5);
  });
});

describe('what a member reads', () => {
  it('is not counted, and refused only while nothing is left', async () => {
    const alice = await api.token('alice');
    await owe(acme, 10);
    const before = await fullAt(acme);
    for (const method of ['GET', 'HEAD']) {
      const read = await send(alice, method, 'services?limit=1');
      expect(read.status).toBe(200);
      expect(rateHeaders(read)).toEqual({
        policy: '"company";q=6;w=60',
        rate: expect.stringMatching(/^"company";r=1;t=(9|10)$/),
        retryAfter: null,
      });
    }
    expect(await fullAt(acme)).toBe(before);

    await owe(acme, 20);
    for (const method of ['GET', 'HEAD']) {
      const read = await send(alice, method, 'services?limit=1');
      expect(read.status).toBe(429);
      expect(rateHeaders(read)).toEqual({
        policy: '"company";q=6;w=60',
        rate: expect.stringMatching(/^"company";r=0;t=(19|20)$/),
        retryAfter: expect.stringMatching(/^(9|10)$/),
      });
    }
    expect((await send(await api.token('bob'), 'GET', 'services?limit=1')).status).toBe(200);
  });

  it('may be counted as exactly as wanted, and not estimated', async () => {
    const { rows } = await db.client.query<{ count: number }>(
      'select count(*)::integer as count from public.services where company_id = $1',
      [acme],
    );
    const alice = await api.as('alice');
    const count = (how: 'exact' | 'planned' | 'estimated') =>
      alice.from('services').select('id', { count: how });
    expect(await count('exact')).toMatchObject({ error: null, count: rows[0]?.count });
    for (const how of ['planned', 'estimated'] as const) {
      expect(await count(how)).toMatchObject({
        status: 400,
        data: null,
        count: null,
        error: { code: 'PT400', details: 'count_not_exact', hint: 'Send Prefer: count=exact.' },
      });
    }
    const visitor = await send(api.keys.anonKey, 'GET', 'services', {
      headers: { prefer: 'return=minimal,count=planned' },
    });
    expect([visitor.status, visitor.body]).toMatchObject([400, { details: 'count_not_exact' }]);
    // Whoever sees every row learns nothing by an estimate.
    const operator = await api.as('olga');
    for (const client of [operator, api.asService()]) {
      const planned = await client.from('services').select('id', { count: 'planned' });
      expect(planned.error).toBeNull();
      expect(planned.count).toBeGreaterThan(0);
    }
  });
});

describe('check_rate_limit()', () => {
  it('takes by POST what it is asked for, and says when to come back', async () => {
    expect(await check(acme, undefined, 2)).toMatchObject({
      error: null,
      data: {
        allowed: true,
        bucket: 'company',
        limit_per_minute: 6,
        burst: 2,
        remaining: 0,
        reset_seconds: 20,
        retry_after_seconds: 0,
      },
    });
    const { status, data } = await check(acme);
    expect(status).toBe(200);
    expect(data).toMatchObject({ allowed: false, remaining: 0 });
    expect(data?.retry_after_seconds).toBeGreaterThanOrEqual(9);
    expect(data?.retry_after_seconds).toBeLessThanOrEqual(10);
    // What it took is gone for requests, too.
    const alice = await api.token('alice');
    expect((await send(alice, 'GET', 'services?limit=1')).status).toBe(429);
    expect((await check(globex)).data).toMatchObject({ allowed: true, remaining: 1 });
    await owe(acme, 0);
    expect((await check(acme)).data).toMatchObject({ allowed: true, remaining: 1 });
  });

  it('counts nothing by GET, which only reads', async () => {
    for (const token of [api.keys.serviceRoleKey, await api.token('alice')]) {
      const { status, body } = await send(
        token,
        'GET',
        `rpc/check_rate_limit?company_id=${acme}&cost=1`,
      );
      expect([status, body]).toMatchObject([405, { code: '25006' }]);
    }
    expect(await fullAt(acme)).toBeUndefined();
    expect((await check(acme)).data).toMatchObject({ allowed: true, remaining: 1 });
  });

  it('is for members of the company and the backend', async () => {
    const ask = async (who: Who) =>
      (await api.as(who)).rpc('check_rate_limit', { company_id: acme });
    for (const who of ['anonymous', 'olga', 'eve', 'bob', 'sam', 'ivan'] as const) {
      const { data, error } = await ask(who);
      expect([who, data, error?.code]).toEqual([who, null, '42501']);
    }
    expect((await ask('bob')).error).toMatchObject({ details: 'not_your_company' });
    for (const who of ['alice', 'adam', 'cora'] as const) {
      await limit(acme, 6, 4);
      const { data, error } = await ask(who);
      expect([who, error]).toEqual([who, null]);
      expect(data).toMatchObject({ allowed: true, bucket: 'company' });
    }
    const { error } = await check(acme, undefined, 5);
    expect(error).toMatchObject({ code: '22023', details: 'invalid_cost' });
  });

  it('costs a member what it was asked for and no more, and answers also when nothing is left', async () => {
    await limit(acme, 6, 4);
    const alice = await api.as('alice');
    const ask = () => alice.rpc('check_rate_limit', { company_id: acme, cost: 3 });
    expect(await ask()).toMatchObject({ status: 200, data: { allowed: true, remaining: 1 } });
    expect(await ask()).toMatchObject({ status: 200, data: { allowed: false, remaining: 1 } });
  });

  it('limits each API key by itself', async () => {
    await limit(acme, 60, 50);
    const [key, other, free] = [
      await createKey(acme, 6),
      await createKey(acme, 6),
      await createKey(acme, null),
    ];
    const theirs = await createKey(globex, 6);
    expect((await check(acme, key)).data).toMatchObject({
      allowed: true,
      bucket: `api_key:${key}`,
      limit_per_minute: 6,
    });
    const refused = await check(acme, key);
    expect(refused.data).toMatchObject({ allowed: false, bucket: `api_key:${key}` });
    expect(refused.data?.retry_after_seconds).toBeGreaterThanOrEqual(9);
    expect((await check(acme, other)).data).toMatchObject({ allowed: true });
    expect((await check(acme, free)).data).toMatchObject({ allowed: true, bucket: 'company' });
    expect((await check(acme)).data).toMatchObject({ allowed: true, bucket: 'company' });
    expect((await check(globex, theirs)).data).toMatchObject({ allowed: true });
    expect(await check(acme, theirs)).toMatchObject({
      status: 404,
      error: { code: 'PT404', details: 'unknown_api_key' },
    });
  });

  it('admits as often as the burst says when eight ask at once', async () => {
    await limit(acme, 1, 5);
    const answers = await Promise.all(Array.from({ length: 8 }, () => check(acme)));
    expect(answers.map(({ error }) => error)).toEqual(Array(8).fill(null));
    const allowed = answers.flatMap(({ data }) => (data?.allowed ? [data.remaining] : []));
    expect(allowed.toSorted()).toEqual([0, 1, 2, 3, 4]);
  });

  it('admits as often as a key or the company may when eight ask at once with it', async () => {
    // The key has a burst of 3.
    const key = await createKey(acme, 18);
    await limit(acme, 1, 50);
    const withKey = () => Promise.all(Array.from({ length: 8 }, () => check(acme, key)));
    const byKey = await withKey();
    expect(byKey.filter(({ data }) => data?.allowed)).toHaveLength(3);
    expect(byKey.filter(({ error }) => error)).toEqual([]);
    // Exactly three were counted for the company.
    expect((await check(acme)).data).toMatchObject({ allowed: true, remaining: 46 });

    await db.client.query('update public.api_keys set rate_limit_per_minute = 600 where id = $1', [
      key,
    ]);
    await limit(acme, 1, 5);
    const byCompany = await withKey();
    expect(byCompany.filter(({ data }) => data?.allowed)).toHaveLength(5);
    expect(byCompany.filter(({ error }) => error)).toEqual([]);
    const refused = byCompany.find(({ data }) => data?.allowed === false);
    expect(refused?.data).toMatchObject({ bucket: 'company', remaining: 0 });
  });
});

describe('two sessions at the same moment', () => {
  const ask = 'select * from public.check_rate_limit($1)';

  /** The first session takes one request and keeps its transaction open; the second one waits for it. */
  async function race(end: 'commit' | 'rollback') {
    const [first, second] = await twoSessions(db);
    for (const session of [first, second]) {
      await session.query('set role service_role');
    }
    await first.query('begin');
    const { rows: taken } = await first.query(ask, [acme]);
    const waiting = second.query(ask, [acme]);
    await untilBlocked(db, second);
    await first.query(end);
    const { rows: asked } = await waiting;
    await Promise.all([first.end(), second.end()]);
    return [taken[0], asked[0]];
  }

  it.each([
    ['make the bucket', undefined],
    ['take what is left', 0],
  ])('%s once', async (_what, owed) => {
    await limit(acme, 1, 1);
    if (owed !== undefined) {
      await owe(acme, owed);
    }
    const [first, second] = await race('commit');
    expect(first).toMatchObject({ allowed: true, remaining: 0, reset_seconds: 60 });
    expect(second).toMatchObject({ allowed: false, remaining: 0 });
    expect(second.retry_after_seconds).toBeGreaterThan(50);
  });

  it.each([
    ['make the bucket', undefined],
    ['take from it', 0],
  ])('%s one after the other', async (_what, owed) => {
    await limit(acme, 1, 2);
    if (owed !== undefined) {
      await owe(acme, owed);
    }
    const [first, second] = await race('commit');
    expect(first).toMatchObject({ allowed: true, remaining: 1 });
    expect(second).toMatchObject({ allowed: true, remaining: 0 });
    expect(second.reset_seconds).toBeGreaterThan(110);
  });

  it('what is undone was not taken', async () => {
    await limit(acme, 1, 1);
    const [first, second] = await race('rollback');
    expect(first).toMatchObject({ allowed: true });
    expect(second).toMatchObject({ allowed: true, remaining: 0 });
  });

  it('a refusal waits for nobody', async () => {
    await limit(acme, 1, 1);
    await owe(acme, 60);
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    await first.query('select from private.rate_limit_buckets where company_id = $1 for update', [
      acme,
    ]);
    await second.query(`set role service_role; set statement_timeout = '5s'`);
    const { rows } = await second.query(ask, [acme]);
    expect(rows[0]).toMatchObject({ allowed: false });
    await first.query('rollback');
    await Promise.all([first.end(), second.end()]);
  });
});
