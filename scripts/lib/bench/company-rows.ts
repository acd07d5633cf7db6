import type pg from 'pg';
import { inTransaction } from '../company/session.ts';

/** Many rows: jobs, logs, usage, and what they refer to, for an existing company. */
export async function fillCompany(
  client: pg.Client,
  companyId: string,
  rows: number,
): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(`set local app.importing = 'on'`);
    await client.query(
      `insert into public.ai_agents (company_id, id, name, provider, model)
       select $1, gen_random_uuid(), 'agent ' || n, 'openai', 'x' from generate_series(1, 20) as n`,
      [companyId],
    );
    await client.query(
      `insert into public.jobs (company_id, id, kind, agent_id, payload, created_at, updated_at)
       select $1, gen_random_uuid(), 'generate', a.id, jsonb_build_object('n', n, 'text', E'tab\\t newline\\n back\\\\slash ü'),
              now() - n * interval '1 second', now()
         from generate_series(1, greatest($2 / 20, 1)) as n
         join lateral (select id from public.ai_agents where company_id = $1 order by id offset n % 20 limit 1) as a on true`,
      [companyId, rows],
    );
    await client.query(
      `insert into public.agent_logs (company_id, id, agent_id, event, message, created_at)
       select $1, private.uuid_v7(), a.id, 'test.filled', repeat('x', 60) || n, now() - n * interval '1 second'
         from generate_series(1, $2) as n
         join (select id, row_number() over (order by id) as place from public.ai_agents where company_id = $1) as a
           on a.place = 1 + n % 20`,
      [companyId, Math.ceil(rows / 2)],
    );
    await client.query(
      `insert into public.api_usage (company_id, id, occurred_at, service, agent_id, cost_micro_usd, budget_month)
       select $1, private.uuid_v7(), now() - n * interval '1 second', 'chat.completions', null, 7, date_trunc('month', now())::date
         from generate_series(1, $2) as n`,
      [companyId, Math.ceil(rows / 2)],
    );
  });
}
