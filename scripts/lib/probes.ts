/**
 * Probe rows: for every table one valid row that belongs to a given company, so that each verb can be tried on
 * something that is surely there. Used by the isolation matrix and by the tests over PostgREST.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { MatrixTable } from './access.ts';

/** Column values of a row, as PostgreSQL and PostgREST both take them. */
export type ProbeRow = Readonly<Record<string, unknown>>;

/** A probe, bound to a company. */
export interface Probe {
  readonly schema: 'public' | 'storage';
  readonly table: string;
  /** The row to insert. */
  readonly row: ProbeRow;
  /** Columns that name the row in a WHERE. */
  readonly key: ProbeRow;
  /** A column that may be written, and a value for it. */
  readonly change: ProbeRow;
}

interface Recipe {
  readonly parent?: MatrixTable;
  /** Rows that must be gone before the probe can stand (one row a company). */
  readonly replaces?: boolean;
  readonly columns: (id: string, company: string, parent: string) => ProbeRow;
  readonly change: ProbeRow;
}

let months = 0;

/** A month that no other probe of this process has: a company has one budget period a month. */
function nextMonth(): string {
  months += 1;
  return `${1000 + Math.floor(months / 12)}-${String(1 + (months % 12)).padStart(2, '0')}-01`;
}

const RECIPES: Record<Exclude<MatrixTable, `storage.${string}`>, Recipe> = {
  companies: {
    columns: (id) => ({
      id,
      slug: `probe-${id.slice(0, 8)}`,
      name: 'Probe',
      contact_email: 'probe@example.com',
    }),
    change: { city: 'Probe' },
  },
  users: {
    columns: () => ({ email: 'probe@example.com', full_name: 'Probe', role: 'agent' }),
    change: { full_name: 'Probe' },
  },
  invitations: {
    columns: (id) => ({
      email: `${id}@example.com`,
      role: 'agent',
      expires_at: '2100-01-01T00:00:00Z',
      invited_as: 'backend',
    }),
    change: { full_name: 'Probe' },
  },
  company_plans: {
    columns: () => ({ plan_tier: 'custom', monthly_limit_usd: 1, is_active: false }),
    change: { monthly_limit_usd: 2 },
  },
  company_config: { replaces: true, columns: () => ({}), change: { invoice_payment_days: 14 } },
  system_config: { columns: () => ({}), change: { value: 'true' } },
  services: {
    columns: (id) => ({ code: id.slice(0, 8), name: 'Probe' }),
    change: { name: 'Probe' },
  },
  invoices: {
    columns: (id) => ({ number: id, customer_name: 'Probe' }),
    change: { notes: 'Probe' },
  },
  invoice_line_items: {
    parent: 'invoices',
    columns: (_id, _company, parent) => ({
      invoice_id: parent,
      description: 'Probe',
      unit_amount: 1,
    }),
    change: { description: 'Probe' },
  },
  ai_agents: {
    columns: (id) => ({ name: id, provider: 'probe', model: 'probe' }),
    change: { description: 'Probe' },
  },
  jobs: { columns: () => ({ kind: 'probe' }), change: { priority: 1 } },
  documents: {
    columns: (id, company) => ({
      title: 'Probe',
      storage_path: `${company}/${id}`,
      mime_type: 'text/plain',
      size_bytes: 1,
    }),
    change: { title: 'Probe' },
  },
  media_assets: {
    columns: (id, company) => ({
      title: 'Probe',
      storage_path: `${company}/${id}`,
      mime_type: 'image/png',
      size_bytes: 1,
      kind: 'image',
    }),
    change: { title: 'Probe' },
  },
  agent_logs: {
    parent: 'ai_agents',
    columns: (_id, _company, parent) => ({ agent_id: parent, event: 'probe' }),
    change: { message: 'Probe' },
  },
  api_usage: {
    columns: () => ({ service: 'probe', cost_micro_usd: 1 }),
    change: { description: 'Probe' },
  },
  budget_periods: {
    columns: () => {
      const month = nextMonth();
      return {
        month,
        starts_at: `${month}T00:00:00Z`,
        ends_at: `${month}T12:00:00Z`,
        limit_micro_usd: 1,
      };
    },
    change: { limit_micro_usd: 2 },
  },
  budget_adjustments: {
    parent: 'budget_periods',
    columns: (_id, _company, parent) => ({
      budget_period_id: parent,
      amount_micro_usd: -1,
      reason: 'Probe',
    }),
    change: { reason: 'Probe' },
  },
  service_limits: {
    columns: (id) => ({ service: `probe-${id}`, monthly_limit_micro_usd: 1 }),
    change: { monthly_limit_micro_usd: 2 },
  },
  budget_alerts: {
    parent: 'budget_periods',
    columns: (_id, _company, parent) => ({
      budget_period_id: parent,
      threshold_percent: 1,
      limit_micro_usd: 1,
      spent_micro_usd: 1,
    }),
    change: { acknowledged_at: '2026-01-01T00:00:00Z' },
  },
  security_policies: {
    columns: () => ({ is_active: false }),
    change: { is_active: false },
  },
  ip_allowlist_entries: {
    columns: () => ({ network: '192.0.2.0/24', label: 'Probe' }),
    change: { label: 'Probe' },
  },
  data_retention_policies: {
    columns: () => ({ data_class: 'users', retention_days: 1 }),
    change: { legal_basis: 'Probe' },
  },
  data_retention_logs: { columns: () => ({ data_class: 'users' }), change: { rows_affected: 1 } },
  compliance_requests: {
    columns: () => ({ kind: 'access', regulation: 'gdpr', subject_email: 'probe@example.com' }),
    change: { details: 'Probe' },
  },
  processing_restrictions: {
    parent: 'compliance_requests',
    columns: (_id, _company, parent) => ({
      compliance_request_id: parent,
      kind: 'opt_out',
      subject_email: 'probe@example.com',
    }),
    change: { purposes: '{sale}' },
  },
  api_keys: {
    columns: () => ({ name: 'Probe', prefix: `p${randomBytes(8).toString('hex')}` }),
    change: { name: 'Probe' },
  },
  billing_accounts: { replaces: true, columns: () => ({}), change: { last_error: 'Probe' } },
  billing_invoices: {
    columns: (id) => ({
      stripe_invoice_id: `in_${id.replaceAll('-', '')}`,
      status: 'draft',
      currency: 'USD',
      total_minor: 1,
      amount_due_minor: 1,
      amount_paid_minor: 0,
      amount_remaining_minor: 1,
      issued_at: '2026-01-01T00:00:00Z',
      synced_at: '2026-01-01T00:00:00Z',
    }),
    change: { number: 'Probe' },
  },
  audit_logs: { columns: () => ({ action: 'probe.made' }), change: { user_agent: 'Probe' } },
};

function storageProbe(bucket: string, company: string): Probe {
  const name = `${company}/probe-${randomUUID()}.txt`;
  return {
    schema: 'storage',
    table: 'objects',
    row: { bucket_id: bucket, name },
    key: { bucket_id: bucket, name },
    change: { last_accessed_at: '2026-01-01T00:00:00Z' },
  };
}

/** A fresh probe of a table for a company; `parent` is the id of the row that it refers to. */
export function createProbe(table: MatrixTable, company: string, parent = ''): Probe {
  if (table === 'storage.objects in documents') {
    return storageProbe('documents', company);
  }
  if (table === 'storage.objects in media') {
    return storageProbe('media', company);
  }
  const recipe = RECIPES[table];
  const id = randomUUID();
  const columns = recipe.columns(id, company, parent);
  if (table === 'system_config') {
    const key = `app.probe.k${id.replaceAll('-', '')}`;
    return {
      schema: 'public',
      table,
      row: { key, value: 'true', description: 'Probe' },
      key: { key },
      change: recipe.change,
    };
  }
  const row = table === 'companies' ? columns : { company_id: company, id, ...columns };
  const key = table === 'companies' ? { id } : { company_id: company, id };
  return { schema: 'public', table, row, key, change: recipe.change };
}

/** Inserts a row and answers how many rows were inserted. Column and table names come from this file only. */
export async function insertRow(client: pg.ClientBase, probe: Probe): Promise<number> {
  const names = Object.keys(probe.row);
  const places = names.map((_, index) => `$${index + 1}`);
  const result = await client.query(
    `insert into ${probe.schema}.${probe.table} (${names.join(', ')}) values (${places.join(', ')})`,
    Object.values(probe.row),
  );
  return result.rowCount ?? 0;
}

/** WHERE clause that names the probe, with its values from `$first` on. */
export function whereKey(probe: Probe, first = 1): { text: string; values: unknown[] } {
  const names = Object.keys(probe.key);
  return {
    text: names.map((name, index) => `${name} = $${first + index}`).join(' and '),
    values: Object.values(probe.key),
  };
}

/**
 * Makes a probe that can be inserted: the rows it refers to are put in place by `owner`, a connection that bypasses
 * row level security, and so is the person behind a membership.
 */
export async function prepareProbe(
  owner: pg.ClientBase,
  table: MatrixTable,
  company: string,
): Promise<Probe> {
  const recipe = table.startsWith('storage.') ? undefined : RECIPES[table as keyof typeof RECIPES];
  let parent = '';
  if (recipe?.parent !== undefined) {
    const parentProbe = await prepareProbe(owner, recipe.parent, company);
    await insertRow(owner, parentProbe);
    parent = String(parentProbe.row.id);
  }
  const probe = createProbe(table, company, parent);
  if (table === 'users') {
    await owner.query(`insert into auth.users (id, email) values ($1, $2)`, [
      probe.row.id,
      `${probe.row.id}@example.com`,
    ]);
  }
  if (recipe?.replaces) {
    await owner.query(`delete from ${probe.schema}.${probe.table} where company_id = $1`, [
      company,
    ]);
  }
  return probe;
}

/** A probe that is there: fresh, but for companies, which are the tenants themselves. */
export async function placeProbe(
  owner: pg.ClientBase,
  table: MatrixTable,
  company: string,
): Promise<Probe> {
  if (table === 'companies') {
    return { ...createProbe('companies', company), key: { id: company } };
  }
  const probe = await prepareProbe(owner, table, company);
  await insertRow(owner, probe);
  return probe;
}
