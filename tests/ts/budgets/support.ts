import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { TestDatabase } from '../support/database.ts';

/** A company made for one property, with a plan, two agents and nothing spent. */
export interface Spender {
  readonly id: string;
  readonly agents: readonly string[];
}

/** What a session came to: an answer, or the SQLSTATE and token of a refusal. */
export interface Refusal {
  readonly code: string;
  readonly token: string;
}

/** How {@link createSpender} sets a company up. Amounts in US dollars. */
export interface SpenderOptions {
  limit?: number;
  enforcement?: 'hard' | 'soft';
  agentLimit?: number;
  serviceLimit?: number;
  timeZone?: string;
  /** Counts on stripes from the first call on, as if many had been seen to wait. */
  busy?: boolean;
}

export async function createSpender(
  client: pg.ClientBase,
  options: SpenderOptions = {},
): Promise<Spender> {
  const id = randomUUID();
  const agents = [randomUUID(), randomUUID()];
  await client.query(
    `insert into public.companies (id, slug, name, contact_email, time_zone) values ($1, $2, 'Spender', 'a@spender.example', $3)`,
    [id, `spender-${id.slice(0, 8)}`, options.timeZone ?? 'UTC'],
  );
  // What tests here look at in the outbox is what budgets tell.
  await client.query(
    `delete from private.outbox_events where company_id = $1 and topic = 'company.created'`,
    [id],
  );
  await client.query(
    `insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, enforcement) values ($1, 'custom', $2, $3)`,
    [id, options.limit ?? 100, options.enforcement ?? 'hard'],
  );
  await client.query(
    `insert into public.ai_agents (company_id, id, name, provider, model, monthly_limit_micro_usd)
     values ($1, $2, 'limited', 'test', 'test', $4), ($1, $3, 'free', 'test', 'test', null)`,
    [id, agents[0], agents[1], options.agentLimit === undefined ? null : options.agentLimit * 1e6],
  );
  if (options.serviceLimit !== undefined) {
    await client.query(
      `insert into public.service_limits (company_id, service, monthly_limit_micro_usd) values ($1, 'limited', $2)`,
      [id, options.serviceLimit * 1e6],
    );
  }
  if (options.busy) {
    await client.query('update public.budget_periods set contention = 4 where company_id = $1', [
      id,
    ]);
  }
  return { id, agents };
}

/** A UUID of version 7 of this moment, as a client makes it for a request and its retries. */
export function uuidV7(at = Date.now()): string {
  const hex = at.toString(16).padStart(12, '0');
  const tail = randomUUID();
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${tail.slice(15, 18)}-${tail.slice(19)}`;
}

/** Connections that work as service_role, at most one query each at a time. */
export async function workers(db: TestDatabase, count: number): Promise<pg.Client[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await db.connect();
      await client.query('set role service_role');
      return client;
    }),
  );
}

/** SQLSTATE and token of an error of the database; anything else is thrown again. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof pg.DatabaseError && error.code) {
    return { code: error.code, token: error.detail ?? error.message };
  }
  throw error;
}

/** The differences between counters and ledger, of every month of a company; empty when all is well. */
export async function differences(client: pg.ClientBase, company: string): Promise<unknown[]> {
  const { rows } = await client.query(
    `select p.month::text, r.scope, r.counted_usd, r.ledger_usd, r.difference_usd, r.held_difference_usd
       from (select distinct month from public.budget_periods where company_id = $1) as p
      cross join lateral private.reconcile_budget($1, p.month, false) as r
      where r.difference_usd <> 0 or r.held_difference_usd <> 0`,
    [company],
  );
  return rows;
}
