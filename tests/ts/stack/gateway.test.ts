/** The base URL: keys, CORS, the client's address, and the functions behind it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionsRuntime } from '../../../scripts/lib/functions-runtime.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { apiKeys, LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';

let upstream: Server;
let gateway: Gateway;
const keys = await apiKeys();

interface Echo {
  url: string;
  headers: Record<string, string>;
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'access-control-allow-origin': 'http://upstream.test',
    });
    response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const functions: FunctionsRuntime = {
    names: () => ['closed', 'open'],
    verifiesJwt: (name) => name !== 'open',
    urlOf: async (name) => (['closed', 'open'].includes(name) ? url : undefined),
    stop: async () => undefined,
  };
  gateway = await startGateway({ port: 0, restUrl: url, keys, functions });
});

afterAll(async () => {
  await gateway.stop();
  upstream.close();
});

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { headers });
}

async function echo(path: string, headers: Record<string, string> = {}): Promise<Echo> {
  return (await (await get(path, headers)).json()) as Echo;
}

test('the keys are those of `supabase start`', () => {
  expect(keys.anonKey).toBe(
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJzdXBhYmFzZS1kZW1vIiwicm9sZSI6ImFub24iLCJleHAiOjE5ODM4MTI5OTZ9.CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0',
  );
});

describe('/rest/v1', () => {
  test('needs a key', async () => {
    const response = await get('/rest/v1/services');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ message: 'No API key found in request' });
  });

  test('refuses a key that is not the project’s', async () => {
    const response = await get('/rest/v1/services', { apikey: 'nonsense' });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ message: 'Invalid API key' });
  });

  test('takes the key for a token when there is none', async () => {
    const { url, headers } = await echo('/rest/v1/services?select=name', { apikey: keys.anonKey });
    expect(url).toBe('/services?select=name');
    expect(headers.authorization).toBe(`Bearer ${keys.anonKey}`);
  });

  test('takes the key from the URL too, and keeps it from PostgREST', async () => {
    const { url } = await echo(`/rest/v1/services?apikey=${keys.anonKey}&limit=1`);
    expect(url).toBe('/services?limit=1');
  });

  test('leaves the caller’s own token alone', async () => {
    const { headers } = await echo('/rest/v1/', {
      apikey: keys.anonKey,
      authorization: 'Bearer mine',
    });
    expect(headers.authorization).toBe('Bearer mine');
  });

  test('believes the socket about the client’s address, not the client', async () => {
    const { headers } = await echo('/rest/v1/', {
      apikey: keys.anonKey,
      'x-forwarded-for': '203.0.113.9',
      'x-real-ip': '203.0.113.9',
      forwarded: 'for=203.0.113.9',
      'cf-connecting-ip': '203.0.113.9',
    });
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
    expect(JSON.stringify(headers)).not.toContain('203.0.113.9');
  });

  test('answers preflights itself, and sets the CORS headers of answers', async () => {
    const preflight = await fetch(`${gateway.url}/rest/v1/services`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'apikey,x-company-id' },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('apikey,x-company-id');
    const answer = await get('/rest/v1/services', { apikey: keys.anonKey });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('/functions/v1', () => {
  const token = (expires: number, secret = LOCAL_JWT_SECRET): Promise<string> =>
    new SignJWT({ sub: 'someone', exp: expires })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(secret));
  const later = Math.floor(Date.now() / 1000) + 60;

  test('a function with verify_jwt runs for a valid token only', async () => {
    const status = async (authorization?: string): Promise<number> =>
      (await get('/functions/v1/closed', authorization ? { authorization } : {})).status;
    expect(await status()).toBe(401);
    expect(await status('Bearer nonsense')).toBe(401);
    expect(
      await status(`Bearer ${await token(later, 'another secret, which is long enough')}`),
    ).toBe(401);
    expect(await status(`Bearer ${await token(later - 120)}`)).toBe(401);
    expect(await status(`Bearer ${await token(later)}`)).toBe(200);
  });

  test('a function without it runs for anybody, and sees its name in the path', async () => {
    expect((await echo('/functions/v1/open/more?a=1')).url).toBe('/open/more?a=1');
  });

  test('an unknown function is 404, and so is every other path', async () => {
    const authorization = `Bearer ${await token(later)}`;
    expect((await get('/functions/v1/nothing', { authorization })).status).toBe(404);
    expect((await get('/auth/v1/token')).status).toBe(404);
  });
});

test('an upstream that is gone is 502, not a hanging request', async () => {
  const broken = await startGateway({ port: 0, restUrl: 'http://127.0.0.1:1', keys });
  try {
    const response = await fetch(`${broken.url}/rest/v1/x`, { headers: { apikey: keys.anonKey } });
    expect(response.status).toBe(502);
  } finally {
    await broken.stop();
  }
});
