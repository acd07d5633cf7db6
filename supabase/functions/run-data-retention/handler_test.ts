import { createHandler } from './handler.ts';

const SECRET = 'secret-of-the-schedule';
const ENV: Record<string, string> = {
  SUPABASE_URL: 'http://project.test',
  SUPABASE_SERVICE_ROLE_KEY: 'service-role-key',
  RETENTION_SECRET: SECRET,
};

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) {
    throw new Error(`expected ${b}, got ${a}`);
  }
}

/** What a policy did; with more to do unless said otherwise. */
function row(rows_affected: number, is_complete = false, error: string | null = null) {
  return {
    company_id: 'c1',
    data_class: 'jobs',
    action: 'delete',
    rows_affected,
    is_complete,
    error,
  };
}

/** A handler whose database gives these answers in turn, the last of them for ever; a batch takes a second. */
function setUp(answers: (() => Response | Promise<Response>)[], env = ENV) {
  const asked: Request[] = [];
  let now = 0;
  const handle = createHandler(
    {
      env: (name) => env[name],
      now: () => now,
      fetch: (input, init) => {
        const answer = answers[Math.min(asked.length, answers.length - 1)];
        asked.push(new Request(input, init));
        now += 1000;
        return Promise.resolve().then(() => answer?.() ?? Response.error());
      },
    },
    { deadlineMs: 5000, timeoutMs: 100, maxRows: 500, minRows: 200 },
  );
  return { handle, asked };
}

function call(token = SECRET, method = 'POST'): Request {
  return new Request('http://functions.test/run-data-retention', {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
}

Deno.test('applies the policies batch by batch until nothing is left', async () => {
  const { handle, asked } = setUp([
    () => Response.json([row(500)]),
    // A month that was empty and went as a whole.
    () => Response.json([row(0)]),
    () => Response.json([row(20, true), row(7, true)]),
  ]);
  const response = await handle(call());
  equal(response.status, 200);
  equal(await response.json(), { batches: 3, rows: 527, is_complete: true });
  equal(
    asked.map(({ method, url }) => `${method} ${url}`),
    asked.map(
      () =>
        'POST http://project.test/rest/v1/rpc/run_data_retention?or=(rows_affected.gt.0,is_complete.is.false)',
    ),
  );
  equal(asked[0]?.headers.get('authorization'), 'Bearer service-role-key');
  equal(await asked[0]?.json(), { max_rows: 500 });
});

Deno.test('is done at once where there are no policies', async () => {
  const response = await setUp([() => Response.json([])]).handle(call());
  equal(await response.json(), { batches: 1, rows: 0, is_complete: true });
});

Deno.test('begins no batch after the deadline, and says that more is left', async () => {
  const response = await setUp([() => Response.json([row(500)])]).handle(call());
  equal(response.status, 200);
  equal(await response.json(), { batches: 5, rows: 2500, is_complete: false });
});

Deno.test('goes on after a policy that fails, and the schedule notices', async () => {
  const { handle } = setUp([
    () => Response.json([row(0, false, 'boom'), row(3)]),
    () => Response.json([row(0, false, 'boom')]),
  ]);
  const response = await handle(call());
  equal(response.status, 500);
  const body = await response.json();
  equal([body.code, body.batches, body.rows], ['policy_failed', 2, 3]);
  equal(body.message, 'Policies failed: jobs of c1.');
});

Deno.test('says so when the database does not answer, or answers nonsense', async () => {
  const failing = [
    () => Promise.reject(new TypeError('connection refused')),
    () => new Response('<html>', { status: 503 }),
    () => Response.json({ code: '57014' }, { status: 500 }),
    () => Response.json({ not: 'a list' }),
    () => new Promise<Response>(() => {}),
  ];
  for (const answer of failing) {
    const { handle, asked } = setUp([() => Response.json([row(9)]), answer]);
    const response = await handle(call());
    equal(response.status, 502);
    const body = await response.json();
    equal([body.code, body.batches, body.rows], ['database_error', 1, 9]);
    // With fewer rows each time, then not again.
    const sizes = await Promise.all(asked.map(async (one) => (await one.json()).max_rows));
    equal(sizes, [500, 500, 250, 200]);
  }
});

Deno.test('goes on with smaller batches after one that took too long', async () => {
  const { handle, asked } = setUp([
    () => Response.json({ code: '57014' }, { status: 500 }),
    () => Response.json([row(250)]),
    () => Response.json([]),
  ]);
  const response = await handle(call());
  equal(await response.json(), { batches: 2, rows: 250, is_complete: true });
  const sizes = await Promise.all(asked.map(async (one) => (await one.json()).max_rows));
  equal(sizes, [500, 250, 250]);
});

for (const [name, request] of [
  ['another secret', call('wrong')],
  ['none', new Request('http://functions.test/', { method: 'POST' })],
] as const) {
  Deno.test(`refuses ${name} without asking the database`, async () => {
    const { handle, asked } = setUp([() => Response.json([])]);
    const response = await handle(request);
    equal(response.status, 401);
    equal(asked.length, 0);
    await response.body?.cancel();
  });
}

Deno.test('says which setting is missing, and takes nothing but POST', async () => {
  for (const name of Object.keys(ENV)) {
    const { handle, asked } = setUp([() => Response.json([])], { ...ENV, [name]: '' });
    const response = await handle(call());
    equal(response.status, 500);
    const body = await response.json();
    equal([body.code, body.message], ['not_configured', `${name} is missing.`]);
    equal(asked.length, 0);
  }
  equal((await setUp([]).handle(call(SECRET, 'GET'))).status, 405);
});
