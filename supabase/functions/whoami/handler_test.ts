import { createHandler, type Dependencies } from './handler.ts';

const USER = '00000000-0000-4000-8000-00000000a001';
const ENV: Record<string, string> = {
  SUPABASE_URL: 'http://project.test',
  SUPABASE_ANON_KEY: 'anon-key',
  SUPABASE_SERVICE_ROLE_KEY: 'service-role-key',
};

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}

function token(claims: Record<string, unknown>): string {
  const text = String.fromCharCode(...new TextEncoder().encode(JSON.stringify(claims)));
  const part = btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `Bearer e30.${part}.signature`;
}

/** A handler whose database gives the same answer to everything, and the requests it got. */
function setUp(
  answer: () => Response | Promise<Response> = () => Response.json([]),
  env: Record<string, string> = ENV,
) {
  const asked: Request[] = [];
  const deps: Dependencies = {
    env: (name) => env[name],
    fetch: (input, init) => {
      asked.push(new Request(input, init));
      return Promise.resolve().then(answer);
    },
  };
  return { handle: createHandler(deps), asked };
}

function call(headers: Record<string, string> = {}, method = 'GET'): Request {
  return new Request('http://functions.test/whoami', { method, headers });
}

Deno.test("answers the caller's companies and the active one", async () => {
  const companies = [
    { company_id: 'c1', slug: 'acme', is_active: false },
    { company_id: 'c2', slug: 'globex', is_active: true },
  ];
  const { handle } = setUp(() => Response.json(companies));
  const response = await handle(call({ authorization: token({ sub: USER, name: 'Zoë' }) }));
  equal(response.status, 200);
  equal(await response.json(), { user_id: USER, active_company_id: 'c2', companies });
});

Deno.test("asks the database with the caller's own token, never with the service role", async () => {
  const { handle, asked } = setUp();
  const authorization = token({ sub: USER });
  await handle(call({ authorization, 'x-company-id': 'c2' }));
  equal(asked.length, 1);
  const request = asked[0];
  equal(request?.url, 'http://project.test/rest/v1/rpc/my_companies');
  equal(request?.headers.get('authorization'), authorization);
  equal(request?.headers.get('apikey'), 'anon-key');
  equal(request?.headers.get('x-company-id'), 'c2');
});

Deno.test('a caller without company gets an empty list, not an error', async () => {
  const { handle } = setUp();
  const response = await handle(call({ authorization: token({ sub: USER }) }));
  equal(await response.json(), { user_id: USER, active_company_id: null, companies: [] });
});

for (const [name, authorization] of [
  ['no token', undefined],
  ['the anonymous key', token({ role: 'anon' })],
  ['an empty subject', token({ sub: '' })],
  ['not a token', 'Bearer nonsense'],
  ['not JSON', 'Bearer a.bm90IGpzb24.c'],
] as const) {
  Deno.test(`refuses ${name} without asking the database`, async () => {
    const { handle, asked } = setUp();
    const response = await handle(call(authorization ? { authorization } : {}));
    equal(response.status, 401);
    equal((await response.json()).code, 'not_signed_in');
    equal(asked.length, 0);
  });
}

Deno.test("hands on the database's refusal", async () => {
  const { handle } = setUp(() =>
    Response.json({ code: '42501', message: 'permission denied', hint: null }, { status: 403 }),
  );
  const response = await handle(call({ authorization: token({ sub: USER }) }));
  equal(response.status, 403);
  equal(await response.json(), { code: '42501', message: 'permission denied', hint: null });
});

Deno.test('says so when the database does not answer, or answers nonsense', async () => {
  const failing = [
    () => Promise.reject(new TypeError('connection refused')),
    () => new Response('<html>', { status: 503 }),
    () => Response.json({ not: 'a list' }),
  ];
  for (const answer of failing) {
    const response = await setUp(answer).handle(call({ authorization: token({ sub: USER }) }));
    equal(response.status, 502);
    equal(typeof (await response.json()).message, 'string');
  }
});

Deno.test('says which setting is missing', async () => {
  const { handle } = setUp(undefined, {});
  const response = await handle(call({ authorization: token({ sub: USER }) }));
  equal(response.status, 500);
  equal((await response.json()).code, 'not_configured');
});

Deno.test("answers a browser's preflight, and every answer may be read by a browser", async () => {
  const { handle } = setUp();
  for (const request of [call({}, 'OPTIONS'), call(), call({}, 'DELETE')]) {
    const response = await handle(request);
    equal(response.headers.get('access-control-allow-origin'), '*');
    await response.body?.cancel();
  }
  equal((await handle(call({}, 'DELETE'))).status, 405);
});
