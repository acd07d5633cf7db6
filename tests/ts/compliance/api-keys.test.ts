/** API keys end to end: issued over the API, exchanged by the edge function, used with PostgREST. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import {
  createFunctionsRuntime,
  type FunctionsRuntime,
} from '../../../scripts/lib/functions-runtime.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;
const globex = COMPANIES.globex.id;

interface Token {
  access_token: string;
  expires_in: number;
}

describe('API keys', () => {
  const db = useDatabase();
  const api = useApi(db);
  let functions: FunctionsRuntime;
  let gateway: Gateway;

  beforeAll(async () => {
    functions = createFunctionsRuntime({
      env: {
        SUPABASE_URL: api.url,
        SUPABASE_ANON_KEY: api.keys.anonKey,
        SUPABASE_SERVICE_ROLE_KEY: api.keys.serviceRoleKey,
        API_GATEWAY_SIGNING_KEY: LOCAL_JWT_SECRET,
      },
    });
    gateway = await startGateway({ port: 0, keys: api.keys, functions });
  });
  afterAll(async () => {
    await gateway?.stop();
    await functions?.stop();
  });

  async function issue(options: Record<string, unknown> = {}) {
    const { data, error } = await (await api.as('alice')).rpc('issue_api_key', {
      company_id: acme,
      name: 'Website',
      permissions: ['services.read', 'services.write'],
      ...options,
    });
    expect(error).toBeNull();
    return data as { api_key: string; api_key_id: string };
  }

  function exchange(apiKey: string, headers: Record<string, string> = {}) {
    return fetch(`${gateway.url}/functions/v1/api-gateway`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, ...headers },
    });
  }

  async function tokenFor(apiKey: string): Promise<string> {
    const answer = await exchange(apiKey);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as Token).access_token;
  }

  it('a program exchanges its key, works with the token, and is out when the key is revoked', async () => {
    const key = await issue();
    const answer = await exchange(key.api_key);
    expect(answer.status).toBe(200);
    const { access_token: token, expires_in: seconds } = (await answer.json()) as Token;
    expect(seconds).toBe(300);

    const program = api.withToken(token);
    const read = await program.from('services').select('company_id');
    expect(read.error).toBeNull();
    expect(new Set(read.data?.map((row) => row.company_id))).toEqual(new Set([acme]));
    const added = await program
      .from('services')
      .insert({ company_id: acme, name: 'By a program', code: 'PROGRAM' })
      .select('created_by')
      .single();
    expect(added.data).toEqual({ created_by: key.api_key_id });
    const elsewhere = await program
      .from('services')
      .insert({ company_id: globex, name: 'By a program', code: 'PROGRAM' });
    expect(elsewhere.error?.code).toBe('42501');
    expect((await program.from('users').select('id')).data).toEqual([]);

    const revoked = await (await api.as('alice')).rpc('revoke_api_key', {
      company_id: acme,
      api_key_id: key.api_key_id,
    });
    expect(revoked.error).toBeNull();
    const late = await program.from('services').select('company_id');
    expect(late.error).toMatchObject({ code: '42501', details: 'api_key_not_valid' });
    const again = await exchange(key.api_key);
    expect(again.status).toBe(401);
    expect(await again.json()).toMatchObject({ code: 'api_key_not_valid' });
  });

  it('a key with networks is good from there alone, whatever the client says', async () => {
    const here = await issue({ allowed_networks: ['127.0.0.0/8', '::1/128'] });
    const there = await issue({ allowed_networks: ['203.0.113.0/24'] });
    expect((await exchange(here.api_key)).status).toBe(200);
    const refused = await exchange(there.api_key, { 'x-forwarded-for': '203.0.113.7' });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'ip_not_allowed' });
  });

  it('a key is held to its own rate, and the answer says so', async () => {
    const { api_key: apiKey } = await issue({ rate_limit_per_minute: 12 });
    const token = await tokenFor(apiKey);
    const write = (n: number) =>
      fetch(`${api.url}/rest/v1/services`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          apikey: api.keys.anonKey,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ company_id: acme, name: 'x', code: `RATE-${n}` }),
      });
    const first = await write(1);
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-policy')).toBe('"api_key";q=12;w=60');
    const second = await write(2);
    expect(second.status).toBe(429);
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
    // Another key of the company goes on.
    const other = await tokenFor((await issue()).api_key);
    const third = await api.withToken(other).from('services').select('id').limit(1);
    expect(third.error).toBeNull();
  });

  it('a token signed by anybody else is none', async () => {
    const { api_key_id: id } = await issue();
    const { SignJWT } = await import('jose');
    const token = await new SignJWT({
      role: 'authenticated',
      sub: id,
      api_key_id: id,
      company_id: acme,
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('5m')
      .sign(new TextEncoder().encode('another secret, which is long enough'));
    const read = await api.withToken(token).from('services').select('id');
    expect(read.status).toBe(401);
  });

  it('of two who rotate a key at once, both get an answer and one key is left', async () => {
    const { api_key_id: id } = await issue();
    const [first, second] = await twoSessions(db);
    const rotate = (session: typeof first) =>
      session.query<{ api_key: string; api_key_id: string }>(
        'select * from public.rotate_api_key($1, $2)',
        [acme, id],
      );
    await first.query('begin');
    const one = await rotate(first);
    const waiting = rotate(second);
    await untilBlocked(db, second);
    await first.query('commit');
    const two = await waiting;
    expect(two.rows[0]?.api_key_id).toBe(one.rows[0]?.api_key_id);
    const { rows } = await db.client.query(
      `select (public.verify_api_key(k)).reason from unnest(array[$1, $2]) with ordinality as x (k, n) order by n`,
      [one.rows[0]?.api_key, two.rows[0]?.api_key],
    );
    expect(rows).toEqual([{ reason: 'unknown' }, { reason: 'valid' }]);
  });

  it('verifying waits for nobody who verifies the same key', async () => {
    const { api_key: apiKey } = await issue();
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    await first.query('select public.verify_api_key($1)', [apiKey]);
    await second.query("set statement_timeout = '2s'");
    const { rows } = await second.query('select (public.verify_api_key($1)).reason', [apiKey]);
    expect(rows).toEqual([{ reason: 'valid' }]);
    await first.query('commit');
  });
});
