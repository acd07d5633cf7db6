import { createHandler } from './handler.ts';

const KEY = 'service-role-key-0123456789';
const TOKEN = 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.signature';
const COMPANY = '00000000-0000-4000-8000-00000000c001';
const ENV: Record<string, string> = {
  SUPABASE_URL: 'http://project.test',
  SUPABASE_ANON_KEY: 'anon-key',
  SUPABASE_SERVICE_ROLE_KEY: KEY,
};
const PLACED = {
  company_id: COMPANY,
  slug: 'acme',
  cell: 'north',
  api_url: 'https://north.test',
  publishable_key: 'sb_publishable_0123456789',
  region: null,
  version: 3,
  moved_at: '2025-02-10T00:00:00Z',
};

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}

/** A handler, the calls that its database got, and the lines that it logged. */
function setUp(
  answers: (name: string, parameters: Record<string, unknown>) => unknown = () => [PLACED],
  env: Record<string, string> = ENV,
) {
  const calls: { name: string; parameters: Record<string, unknown>; headers: Headers }[] = [];
  const lines: string[] = [];
  const handle = createHandler({
    env: (name) => env[name],
    write: (line) => lines.push(line),
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const name = new URL(request.url).pathname.split('/').at(-1) ?? '';
      const parameters = await request.json();
      calls.push({ name, parameters, headers: request.headers });
      const answer = answers(name, parameters);
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
  return { handle, calls, lines };
}

function call(
  headers: Record<string, string> = { authorization: TOKEN },
  query = '',
  method = 'GET',
): Request {
  return new Request(`http://functions.test/company-directory${query}`, { method, headers });
}

Deno.test("answers the caller's companies, asked for with their own token", async () => {
  const { handle, calls } = setUp();
  const response = await handle(call());
  equal(response.status, 200);
  equal(await response.json(), { companies: [PLACED] });
  equal(
    calls.map(({ name, parameters }) => [name, parameters]),
    [['my_company_cells', {}]],
  );
  equal(calls[0]?.headers.get('authorization'), TOKEN);
  equal(calls[0]?.headers.get('apikey'), 'anon-key');
});

Deno.test('one company by its id', async () => {
  const { handle, calls } = setUp();
  const response = await handle(call(undefined, `?company_id=${COMPANY}`));
  equal(await response.json(), PLACED);
  equal(calls[0]?.parameters, { company_id: COMPANY });
});

Deno.test('what there is not and what is not theirs are answered alike', async () => {
  const answers = [];
  for (const id of [COMPANY, '00000000-0000-4000-8000-0000000000ff', 'nonsense', '']) {
    const response = await setUp(() => []).handle(call(undefined, `?company_id=${id}`));
    answers.push([
      response.status,
      await response.text(),
      [...response.headers].filter(([name]) => name !== 'date'),
    ]);
  }
  equal(answers[0]?.[0], 404);
  for (const answer of answers) {
    equal(answer, answers[0]);
  }
});

Deno.test('kept by the caller alone, and not sent again while it is the same', async () => {
  const { handle } = setUp();
  const first = await handle(call());
  await first.body?.cancel();
  const etag = first.headers.get('etag') ?? '';
  equal(first.headers.get('cache-control'), 'private, max-age=60');
  equal(first.headers.get('vary'), 'authorization');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await handle(call({ authorization: TOKEN, 'if-none-match': known }));
    equal([again.status, await again.text(), again.headers.get('etag')], [304, '', etag]);
  }
  const moved = await setUp(() => [{ ...PLACED, cell: 'south', version: 4 }]).handle(
    call({ authorization: TOKEN, 'if-none-match': etag }),
  );
  equal([moved.status, (await moved.json()).companies[0].cell], [200, 'south']);
});

Deno.test("the whole directory for the service role's key, page by page", async () => {
  const rows = Array.from({ length: 1000 }, (_, n) => ({ company_id: `c${n}` }));
  const { handle, calls } = setUp((name, { after }) =>
    name === 'list_cells' ? [{ name: 'north' }] : after === null ? rows : [{ company_id: 'last' }],
  );
  const response = await handle(call({ authorization: `Bearer ${KEY}` }));
  const body = await response.json();
  equal([body.companies.length, body.cells], [1001, [{ name: 'north' }]]);
  equal(
    calls.map(({ name, parameters }) => [name, parameters.after ?? null]),
    [
      ['company_directory', null],
      ['company_directory', 'c999'],
      ['list_cells', null],
    ],
  );
});

Deno.test('nothing for whoever is not signed in, nor with a key that is almost right', async () => {
  const { handle, calls } = setUp();
  for (const headers of [{}, { authorization: `Bearer ${KEY}x` }, { authorization: 'Bearer ' }]) {
    const response = await handle(call(headers as Record<string, string>));
    equal([response.status, (await response.json()).code], [401, 'not_signed_in']);
    equal(response.headers.get('cache-control'), 'no-store');
  }
  equal(calls.length, 0);
});

Deno.test("the database's refusal as it is, its silence as a failure, and no key in the log", async () => {
  const refused = setUp(() =>
    Response.json({ code: '42501', message: 'no', details: 'x', hint: null }, { status: 403 }),
  );
  equal((await refused.handle(call())).status, 403);
  const silent = setUp(() => {
    throw new Error(`connection refused with ${KEY}`);
  });
  equal((await silent.handle(call({ authorization: `Bearer ${KEY}` }))).status, 502);
  equal(silent.lines.length > 0 && !silent.lines.join().includes(KEY), true);
  equal((await setUp(undefined, {}).handle(call())).status, 500);
});

Deno.test("a browser's preflight, and no other method", async () => {
  const { handle } = setUp();
  const preflight = await handle(call({}, '', 'OPTIONS'));
  await preflight.body?.cancel();
  equal(preflight.headers.get('access-control-allow-methods'), 'GET, OPTIONS');
  equal(preflight.headers.get('access-control-allow-headers')?.includes('if-none-match'), true);
  equal((await handle(call(undefined, '', 'POST'))).status, 405);
});
