import type pg from 'pg';

/** Counts a ledger that was loaded without its triggers, and folds it into days as the schedule does. */
export async function rollUpUsage(client: pg.Client): Promise<void> {
  await client.query(`
    insert into private.usage_deltas (
      company_id, day, service, agent_id, requests, units, input_tokens, output_tokens, cost_micro_usd, last_at)
    select u.company_id, (u.occurred_at at time zone 'UTC')::date, u.service, u.agent_id, count(*), sum(u.units),
           coalesce(sum(u.input_tokens), 0), coalesce(sum(u.output_tokens), 0), sum(u.cost_micro_usd), max(u.occurred_at)
      from public.api_usage as u group by 1, 2, 3, 4`);
  for (let left = 1; left > 0; ) {
    const { rows } = await client.query<{ n: number }>('select private.roll_up_usage(200000) as n');
    left = rows[0]?.n ?? 0;
  }
}
