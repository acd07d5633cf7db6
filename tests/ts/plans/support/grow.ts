/**
 * Grows the development data until the planner has to choose: a few hundred companies, most of them small, and two of
 * some hundred rows a table. Copies of what Acme has, by the catalog, so that a new table grows along.
 */
import pg from 'pg';
import { COMPANIES } from '../../../../scripts/lib/cast.ts';

const ident = pg.escapeIdentifier;

interface Column {
  name: string;
  type: string;
  /** In a unique index, beside the key. */
  is_unique: boolean;
  /** Table that a foreign key of the tenant leads to. */
  parent: string | null;
}

interface Grown {
  table: string;
  columns: Column[];
}

/** Columns that, only copied, would be no valid row, or alike in all. */
const OVERRIDES: Record<string, Record<string, string>> = {
  api_keys: { replaces_id: `md5(c.id || ' replaced ' || n)::uuid` },
  api_usage: { service: `t.service || '-' || n % 5`, budget_month: `t.budget_month - n` },
  audit_logs: { actor_id: `md5('person ' || n % 5)::uuid` },
  billing_invoices: { status: `(array['draft', 'open', 'void'])[1 + n % 3]` },
  budget_alerts: { threshold_percent: '1 + n % 100' },
  budget_periods: { month: `date_trunc('month', t.month)::date - n * 40`, status: `'closed'` },
  companies: { is_operator: 'false', stripe_customer_id: 'null' },
  compliance_requests: { status: `case when n % 3 = 0 then 'identity_check' else t.status end` },
  data_retention_policies: { data_class: 't.data_class' },
  documents: { storage_path: `c.id || '/' || n || '-' || t.id` },
  invoices: { number: `'N-' || n`, stripe_invoice_id: `'in_' || n` },
  media_assets: {
    storage_path: `c.id || '/' || n || '-' || t.id`,
    job_id: `md5('jobs ' || c.id || ' ' || (n + 2) / 3)::uuid`,
  },
};

/** Rows of a table that Acme and Globex get; the others get {@link FEW}. */
export const MANY = 300;
const FEW = 8;
const OTHERS = 200;
const MONTHS_BACK = 12;

async function grownTables(client: pg.ClientBase): Promise<Grown[]> {
  const { rows } = await client.query<Grown>(`
    select c.relname as table, json_agg(json_build_object(
             'name', a.attname, 'type', format_type(a.atttypid, null),
             'is_unique', exists (select from pg_index as i where i.indrelid = c.oid and i.indisunique and not i.indisprimary and a.attnum = any (i.indkey)),
             'parent', (select f.confrelid::regclass::text from pg_constraint as f
                         where f.conrelid = c.oid and f.contype = 'f' and cardinality(f.conkey) = 2 and f.conkey[2] = a.attnum limit 1)
           ) order by a.attnum) as columns
      from pg_class as c
      join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and (c.relname = 'companies' or exists (
         select from pg_attribute as k where k.attrelid = c.oid and k.attname = 'company_id'))
     group by c.oid, c.relname
     order by c.relname = 'companies' desc, 1`);
  return rows;
}

/** The id of row n of a table in a company: the same wherever it is referred to. */
const rowId = (table: string, n: string): string =>
  `md5(concat_ws(' ', ${pg.escapeLiteral(table)}, c.id, ${n}))::uuid`;

function copyOf(table: string, { name, type, is_unique, parent }: Column): string {
  const own = `t.${ident(name)}`;
  const override = OVERRIDES[table]?.[name];
  if (override !== undefined) {
    return override;
  }
  if (table === 'companies' && name === 'id') {
    return 'c.id';
  }
  if (name === 'company_id') {
    return 'c.id';
  }
  if (name === 'id') {
    return rowId(table, 'n');
  }
  if (parent !== null && parent !== 'companies') {
    // Some children a parent.
    return `case when ${own} is not null then ${rowId(parent, `(n + 2) / 3`)} end`;
  }
  if (is_unique && type === 'text') {
    return table === 'companies' ? `${own} || '-' || c.no` : `${own} || n`;
  }
  // All times of a row together, so that what comes later stays later.
  if (type === 'timestamp with time zone') {
    return `${own} - make_interval(days => n)`;
  }
  return type === 'date' ? `${own} - n` : own;
}

/** Fills a throw-away database. Needs the superuser: triggers and foreign keys are off meanwhile. */
export async function growDatabase(client: pg.Client): Promise<void> {
  await client.query(`
    do $do$
    declare
      v_table text;
    begin
      for v_table in select table_name from private.partitioned_tables loop
        for v_back in 1..${MONTHS_BACK} loop
          perform private.create_month_partition(v_table, (date_trunc('month', now() at time zone 'UTC') - make_interval(months => v_back))::date);
        end loop;
      end loop;
    end
    $do$`);
  await client.query('begin');
  await client.query(`set local session_replication_role = replica`);
  await client.query(`
    create temp table sizes on commit drop as
    select 0 as no, id, ${MANY} as rows from public.companies where slug in ('acme', 'globex')
    union all
    select n, md5('company ' || n)::uuid, ${FEW} from generate_series(1, ${OTHERS}) as n`);
  for (const { table, columns } of await grownTables(client)) {
    const values = columns.map((column) => copyOf(table, column));
    await client.query(`
      insert into public.${ident(table)} (${columns.map(({ name }) => ident(name)).join(', ')})
      select ${values.join(', ')}
        from sizes as c
       cross join generate_series(1, ${table === 'companies' ? '1' : 'c.rows'}) as n
        join (select row_number() over (order by ${table === 'companies' ? 'id' : 'company_id, id'}) - 1 as nth, count(*) over () as of, x.*
                from public.${ident(table)} as x where ${table === 'companies' ? 'id' : 'company_id'} = '${COMPANIES.acme.id}') as t
          on t.nth = n % t.of
       ${table === 'companies' ? 'where c.no > 0' : ''}
          on conflict do nothing`);
  }
  await client.query('commit');
  // Partitions are planned for as if every company had a two-hundredth of them, which of these few rows is next to none.
  await client.query(`
    do $$
    declare
      v_table regclass;
    begin
      for v_table in
        select c.oid::regclass from pg_attribute as a join pg_class as c on c.oid = a.attrelid
         where a.attname = 'company_id' and a.attoptions is not null and c.relkind in ('r', 'p')
      loop
        execute format('alter table %s alter column company_id reset (n_distinct)', v_table);
      end loop;
    end
    $$`);
  await client.query('analyze');
}
