import pg from 'pg';
import { EXIT, UserError } from '../errors.ts';

/**
 * Tables that stay behind when a company is exported or moved, with the reason. Everything else that has a company_id
 * goes along; a test wants every table to be in one of the two lists.
 */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'private.company_cells': 'the directory of the home project; it says where companies are',
  'private.company_moves': 'moves of this database; they say nothing in another',
  'private.rate_limit_buckets': 'rates of the last seconds; they fill anew with the first request',
  'private.usage_daily': 'totals that triggers make from the rows of api_usage as they come in',
  'private.usage_deltas': 'totals that triggers make from the rows of api_usage as they come in',
};

/** Tables that go along. */
export const INCLUDED: readonly string[] = [
  'private.api_key_secrets',
  'private.audit_heads',
  'private.audit_links',
  'private.audit_segments',
  'private.budget_reconciliations',
  'private.budget_reservations',
  'private.budget_stripes',
  'private.company_data_keys',
  'private.company_lifecycles',
  'private.company_secrets',
  'private.compliance_reviews',
  'private.invitation_tokens',
  'private.outbox_events',
  'private.stripe_usage_reports',
  'private.subject_bundle_files',
  'private.subject_work',
  'private.usage_keys',
  'public.agent_logs',
  'public.ai_agents',
  'public.api_keys',
  'public.api_usage',
  'public.audit_logs',
  'public.billing_accounts',
  'public.billing_invoices',
  'public.budget_adjustments',
  'public.budget_alerts',
  'public.budget_periods',
  'public.companies',
  'public.company_config',
  'public.company_plans',
  'public.compliance_requests',
  'public.data_retention_logs',
  'public.data_retention_policies',
  'public.documents',
  'public.invitations',
  'public.invoice_line_items',
  'public.invoices',
  'public.ip_allowlist_entries',
  'public.jobs',
  'public.media_assets',
  'public.processing_restrictions',
  'public.security_policies',
  'public.service_limits',
  'public.services',
  'public.users',
];

/** What a copy under new ids must not have, since it is another company: with the reason. */
export const NOT_FOR_COPIES: Readonly<Record<string, string>> = {
  'private.api_key_secrets': 'a key opens one company; issue new ones',
  'private.company_data_keys': 'the key is sealed for the company that it was made for',
  'private.company_secrets': 'they are encrypted with that key; store them anew',
  'private.invitation_tokens': 'an invitation opens one company; send it again',
  'private.stripe_usage_reports': 'Stripe has had them, of the original',
  'public.billing_accounts': 'a copy is no customer of Stripe',
  'public.billing_invoices': 'a copy is no customer of Stripe',
};

/** Columns that a copy under new ids has empty: they name the one counterpart of the original elsewhere. */
export const EMPTY_IN_COPIES: Readonly<Record<string, readonly string[]>> = {
  'public.companies': ['stripe_customer_id'],
  'public.company_plans': ['stripe_subscription_id'],
};

/** The chain of the audit log, which a copy under new ids gets made anew from the rows. */
export const CHAIN: readonly string[] = [
  'private.audit_heads',
  'private.audit_links',
  'private.audit_segments',
];

/** A column, and its type as PostgreSQL writes it. */
export interface Column {
  name: string;
  type: string;
}

/** A table of companies' rows. */
export interface TenantTable {
  /** With its schema, such as `public.jobs`. */
  name: string;
  /** Quoted for SQL. */
  sql: string;
  /** The column that says whose a row is: `company_id`, or `id` of companies. */
  owner: string;
  /**
   * What can be written, by name, so that two databases agree whatever was added when; not what triggers make of other
   * rows, which may be another thing where it arrives.
   */
  columns: Column[];
  /** Columns of the primary key, in its order. */
  key: string[];
  isPartitioned: boolean;
}

interface CatalogRow {
  oid: string;
  name: string;
  sql: string;
  is_partitioned: boolean;
  columns: Column[];
  key: string[];
  parents: string[];
}

/** All tables with a company_id, and companies itself, each after those that its foreign keys name. */
export async function tenantTables(client: pg.ClientBase): Promise<TenantTable[]> {
  const { rows } = await client.query<CatalogRow>(`
    with t as (
      select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as sql, c.relkind
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
         and not exists (select from pg_catalog.pg_depend as d where d.objid = c.oid and d.deptype = 'e')
         and (c.oid = to_regclass('public.companies') or exists (
           select from pg_catalog.pg_attribute as a
            where a.attrelid = c.oid and a.attname = 'company_id' and a.attnum > 0 and not a.attisdropped))
    )
    select t.oid::text, t.name, t.sql, t.relkind = 'p' as is_partitioned,
           (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                             order by a.attname collate "C")
              from pg_catalog.pg_attribute as a
             where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
               and t.name || '.' || a.attname not in ('public.users.effective_permissions', 'public.companies.has_strict_policy')) as columns,
           (select jsonb_agg(a.attname order by k.place)
              from pg_catalog.pg_index as i
             cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
              join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
             where i.indrelid = t.oid and i.indisprimary) as key,
           array(select distinct p.name from pg_catalog.pg_constraint as f
                   join t as p on p.oid = f.confrelid
                  where coalesce(pg_catalog.pg_partition_root(f.conrelid), f.conrelid) = t.oid and f.contype = 'f' and p.oid <> t.oid) as parents
      from t
     order by t.name collate "C"`);
  const without = rows.find(({ key }) => key === null);
  if (without) {
    throw new UserError(`${without.name} has no primary key.`, {
      fix: 'give it one that begins with company_id; without it rows cannot be told apart',
      exitCode: EXIT.tool,
    });
  }
  const sorted: CatalogRow[] = [];
  const left = new Map(rows.map((row) => [row.name, row]));
  while (left.size > 0) {
    const next = [...left.values()].find(({ parents }) => !parents.some((name) => left.has(name)));
    if (!next) {
      throw new UserError(`Foreign keys run in a circle: ${[...left.keys()].join(', ')}.`, {
        exitCode: EXIT.tool,
      });
    }
    left.delete(next.name);
    sorted.push(next);
  }
  return sorted.map(({ name, sql, is_partitioned, columns, key }) => ({
    name,
    sql,
    owner: name === 'public.companies' ? 'id' : 'company_id',
    columns,
    key,
    isPartitioned: is_partitioned,
  }));
}

/** Tables that go along with a company. */
export async function portableTables(client: pg.ClientBase): Promise<TenantTable[]> {
  const tables = await tenantTables(client);
  if (!tables.some(({ name }) => name === 'public.companies')) {
    throw new UserError('There is no table public.companies in this database.', {
      fix: 'apply the migrations first (`supabase db push`)',
      exitCode: EXIT.tool,
    });
  }
  return tables.filter(({ name }) => !(name in LEFT_OUT));
}

/** Columns as a list for SQL. */
export function columnList(columns: readonly string[], alias?: string): string {
  return columns
    .map((name) => `${alias === undefined ? '' : `${alias}.`}${pg.escapeIdentifier(name)}`)
    .join(', ');
}

/** The primary key as an order that every database agrees on, whatever its collation. */
export function keyOrder(table: TenantTable): string {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]));
  return table.key
    .map((name) => {
      const isText = /^(text|character|name|citext)/.test(types.get(name) ?? '');
      return `${pg.escapeIdentifier(name)}${isText ? ' collate "C"' : ''}`;
    })
    .join(', ');
}

/** One company's rows of a table. */
export function ownedBy(table: TenantTable, companyId: string, alias?: string): string {
  const column = `${alias === undefined ? '' : `${alias}.`}${pg.escapeIdentifier(table.owner)}`;
  return `${column} = ${pg.escapeLiteral(companyId)}::uuid`;
}
