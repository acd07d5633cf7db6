/** The edge function run-data-retention against a real PostgREST. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import {
  createFunctionsRuntime,
  type FunctionsRuntime,
} from '../../../scripts/lib/functions-runtime.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;
const globex = COMPANIES.globex.id;
const SECRET = 'secret-of-the-schedule';

const db = useDatabase();
const api = useApi(db);
let functions: FunctionsRuntime;

beforeAll(async () => {
  functions = createFunctionsRuntime({
    env: {
      SUPABASE_URL: api.url,
      SUPABASE_ANON_KEY: api.keys.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: api.keys.serviceRoleKey,
      RETENTION_SECRET: SECRET,
    },
  });
  await db.client.query(
    `insert into public.data_retention_policies (company_id, data_class, retention_days, action)
     values ($1, 'agent_logs', 30, 'delete'), ($2, 'agent_logs', 30, 'keep')
     on conflict (company_id, data_class) do update set retention_days = 30, action = excluded.action`,
    [acme, globex],
  );
  await db.client.query(`
    begin;
    set local app.importing = 'on';
    insert into public.agent_logs (company_id, agent_id, event, message, created_at)
    select a.company_id, (array_agg(a.id))[1], 'x', 'x', now() - interval '31 days'
      from public.ai_agents as a, generate_series(1, 25000) as n
     where a.company_id in ('${acme}', '${globex}')
     group by a.company_id, n;
    commit;
    analyze public.agent_logs;
  `);
});
afterAll(() => functions?.stop());

async function old(company: string): Promise<number> {
  const { rows } = await db.client.query<{ n: number }>(
    `select count(*)::integer as n from public.agent_logs where company_id = $1 and created_at < now() - interval '30 days'`,
    [company],
  );
  return rows[0]?.n ?? -1;
}

async function call(token: string): Promise<Response> {
  const url = await functions.urlOf('run-data-retention');
  return fetch(`${url}/run-data-retention`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
}

it('applies the policies in batches, for whoever has the secret', async () => {
  const before = [await old(acme), await old(globex)];
  expect(before[0]).toBeGreaterThanOrEqual(25_000);
  expect((await call('wrong')).status).toBe(401);
  expect([await old(acme), await old(globex)]).toEqual(before);

  const answer = await call(SECRET);
  expect(answer.status).toBe(200);
  const tally = (await answer.json()) as { batches: number; rows: number; is_complete: boolean };
  expect(tally).toMatchObject({ is_complete: true });
  expect(tally.rows).toBeGreaterThanOrEqual(25_000);
  expect(tally.batches).toBeGreaterThanOrEqual(4);
  expect([await old(acme), await old(globex)]).toEqual([0, before[1]]);

  const again = await call(SECRET);
  expect(await again.json()).toEqual({ batches: 1, rows: 0, is_complete: true });
});
