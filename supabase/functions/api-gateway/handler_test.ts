import { decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'npm:jose@6.2.17';
import { createHandler } from './handler.ts';

const COMPANY = '00000000-0000-4000-8000-00000000c001';
const KEY_ID = '00000000-0000-4000-8000-00000000f001';
const API_KEY = `lytbub_0123456789ab_${'0'.repeat(64)}`;
const SECRET = 'a secret of the project that is long enough';
const NOW = Date.parse('2026-01-01T00:00:00Z');
const ENV: Record<string, string> = {
  SUPABASE_URL: 'http://project.test',
  SUPABASE_SERVICE_ROLE_KEY: 'service-role-key',
  API_GATEWAY_SIGNING_KEY: SECRET,
};
const VALID = {
  allowed: true,
  reason: 'valid',
  company_id: COMPANY,
  api_key_id: KEY_ID,
  name: 'Website',
  permissions: ['services.read'],
  expires_at: null,
  retry_after_seconds: 0,
};

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}

/** A handler whose database gives the same answer to everything, and the requests it got. */
function setUp(
  answer: () => Response | Promise<Response> = () => Response.json(VALID),
  env: Record<string, string> = ENV,
) {
  const asked: Request[] = [];
  const handle = createHandler({
    env: (name) => env[name],
    now: () => NOW,
    fetch: (input, init) => {
      asked.push(new Request(input, init));
      return Promise.resolve().then(answer);
    },
  });
  return { handle, asked };
}

function call(headers: Record<string, string> = { 'x-api-key': API_KEY }, method = 'POST') {
  return new Request('http://functions.test/api-gateway', { method, headers });
}

Deno.test('answers with a token of five minutes for the key', async () => {
  const { handle, asked } = setUp();
  const response = await handle(call());
  equal(response.status, 200);
  equal(response.headers.get('cache-control'), 'no-store');
  const { access_token, ...rest } = await response.json();
  equal(rest, {
    token_type: 'bearer',
    expires_in: 300,
    company_id: COMPANY,
    api_key_id: KEY_ID,
    permissions: ['services.read'],
  });
  const { payload, protectedHeader } = await jwtVerify(
    access_token,
    new TextEncoder().encode(SECRET),
    { currentDate: new Date(NOW) },
  );
  equal(protectedHeader, { alg: 'HS256', typ: 'JWT' });
  equal(payload, {
    iss: 'http://project.test/auth/v1',
    aud: 'authenticated',
    role: 'authenticated',
    sub: KEY_ID,
    api_key_id: KEY_ID,
    company_id: COMPANY,
    iat: NOW / 1000,
    exp: NOW / 1000 + 300,
  });
  equal(
    asked.map(({ method, url }) => `${method} ${url}`),
    ['POST http://project.test/rest/v1/rpc/verify_api_key'],
  );
});

Deno.test("asks with the service role's key, the key and the client's address", async () => {
  const { handle, asked } = setUp();
  await handle(
    call({ authorization: `Bearer ${API_KEY}`, 'x-forwarded-for': '10.0.0.1, 203.0.113.7' }),
  );
  const [request] = asked;
  equal(request?.headers.get('authorization'), 'Bearer service-role-key');
  equal(request?.headers.get('apikey'), 'service-role-key');
  equal(await request?.json(), { api_key: API_KEY, forwarded_for: '10.0.0.1, 203.0.113.7' });
});

Deno.test('header x-api-key goes before a bearer token', async () => {
  const { handle, asked } = setUp();
  await handle(call({ authorization: 'Bearer other', 'x-api-key': API_KEY }));
  equal(await asked[0]?.json(), { api_key: API_KEY, forwarded_for: null });
});

Deno.test('a token ends with its key', async () => {
  const expires_at = new Date(NOW + 90_500).toISOString();
  const { handle } = setUp(() => Response.json({ ...VALID, expires_at }));
  const { access_token, expires_in } = await (await handle(call())).json();
  equal(expires_in, 90);
  equal(decodeJwt(access_token).exp, NOW / 1000 + 90);
});

Deno.test('signs with a private key, and names it', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'key-1' };
  const { handle } = setUp(undefined, { ...ENV, API_GATEWAY_SIGNING_KEY: JSON.stringify(jwk) });
  const { access_token } = await (await handle(call())).json();
  const { protectedHeader } = await jwtVerify(access_token, publicKey, {
    currentDate: new Date(NOW),
  });
  equal(protectedHeader, { alg: 'ES256', kid: 'key-1', typ: 'JWT' });
});

for (const [reason, status, code] of [
  ['unknown', 401, 'api_key_not_valid'],
  ['revoked', 401, 'api_key_not_valid'],
  ['expired', 401, 'api_key_not_valid'],
  ['company_not_active', 401, 'api_key_not_valid'],
  ['ip_not_allowed', 403, 'ip_not_allowed'],
  ['rate_limited', 429, 'rate_limited'],
] as const) {
  Deno.test(`refuses a key that is ${reason}`, async () => {
    const { handle } = setUp(() =>
      Response.json({ ...VALID, allowed: false, reason, retry_after_seconds: 7 }),
    );
    const response = await handle(call());
    equal(response.status, status);
    equal(response.headers.get('retry-after'), reason === 'rate_limited' ? '7' : null);
    equal(response.headers.has('www-authenticate'), status === 401);
    const body = await response.json();
    equal(body.code, code);
    equal('access_token' in body, false);
  });
}

for (const [name, headers] of [
  ['no key', {}],
  ['an empty key', { 'x-api-key': '' }],
  ['another scheme', { authorization: `Basic ${API_KEY}` }],
] as const) {
  Deno.test(`refuses ${name} without asking the database`, async () => {
    const { handle, asked } = setUp();
    const response = await handle(call(headers));
    equal(response.status, 401);
    equal((await response.json()).code, 'api_key_missing');
    equal(asked.length, 0);
  });
}

Deno.test('issues nothing when the database does not answer, or answers nonsense', async () => {
  const failing = [
    () => Promise.reject(new TypeError('connection refused')),
    () => new Response('<html>', { status: 503 }),
    () => Response.json(VALID, { status: 500 }),
    () => Response.json({ allowed: true, reason: 'valid' }),
    () => Response.json({ ...VALID, allowed: 'true' }),
    () => Response.json(null),
  ];
  for (const answer of failing) {
    const response = await setUp(answer).handle(call());
    equal(response.status, 502);
    equal((await response.json()).code, 'database_error');
  }
});

Deno.test('says which setting is missing or wrong, without its value', async () => {
  const wrong = [
    ...Object.keys(ENV).map((name) => ({ ...ENV, [name]: '' })),
    { ...ENV, API_GATEWAY_SIGNING_KEY: 'short and secret' },
    { ...ENV, API_GATEWAY_SIGNING_KEY: '{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}' },
    { ...ENV, API_GATEWAY_SIGNING_KEY: '{"kty":"EC","alg":"ES256","kid":"x","d":"secret"}' },
    { ...ENV, API_GATEWAY_SIGNING_KEY: '{secret' },
  ];
  for (const env of wrong) {
    const { handle, asked } = setUp(undefined, env);
    const response = await handle(call());
    equal(response.status, 500);
    const body = await response.json();
    equal(body.code, 'not_configured');
    equal(/[A-Z_]+ is /.test(body.message), true);
    equal(/secret|c2Vj/.test(body.message), false);
    equal(asked.length, 0);
  }
});

Deno.test("answers a browser's preflight, and takes nothing but POST", async () => {
  const { handle } = setUp();
  equal((await handle(call({}, 'OPTIONS'))).status, 200);
  const response = await handle(call(undefined, 'GET'));
  equal(response.status, 405);
  equal(response.headers.get('allow'), 'POST, OPTIONS');
});
