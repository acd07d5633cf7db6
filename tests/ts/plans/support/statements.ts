/**
 * The hot statements of every table, from the catalog: a table, an index or a foreign key that is added is asked about
 * without a line here. What an index is made for is what the API may be asked by.
 */
import pg from 'pg';
import type { Probe } from '../../../../scripts/lib/probes.ts';
import { companyColumn, type Expectation, type Statement } from './plan.ts';

const ident = pg.escapeIdentifier;

/** A column of an index, in its order. */
interface IndexColumn {
  readonly name: string;
  readonly type: string;
  readonly isDescending: boolean;
}

/** An index on a table of the API that leads with the company. */
export interface Index {
  readonly name: string;
  readonly isPrimary: boolean;
  /** Behind the company's. */
  readonly columns: readonly IndexColumn[];
  readonly predicate: string | null;
}

/** A foreign key to another table of tenants, to be embedded in it. */
interface Reference {
  readonly parent: string;
  readonly column: string;
}

/** A table of the API whose rows belong to companies. */
export interface TenantTable {
  readonly name: string;
  readonly isSmall: boolean;
  readonly partitionColumn: string | null;
  readonly indexes: readonly Index[];
  readonly references: readonly Reference[];
}

/** A statement, by name, with what its plan is held to. */
export interface Hot {
  readonly name: string;
  readonly statement: Statement;
  readonly expected: Expectation;
}

/** Below this many pages a table is read whole, and rightly. */
const PAGES_OF_SMALL = 8;

/** The tables of the API whose rows belong to companies, with their indexes and references. */
export async function tenantTables(client: pg.ClientBase): Promise<TenantTable[]> {
  const { rows } = await client.query<TenantTable>(
    `
    with tables as (
      select c.oid, c.relname::text as name, c.relkind, case c.relname when 'companies' then 'id' else 'company_id' end as company
        from pg_class as c
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
         and (c.relname = 'companies' or exists (
           select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id'))
    )
    select t.name, pg_relation_size(t.oid) < $1::integer * 8192 as "isSmall",
           (select a.attname from pg_partitioned_table as p
              join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
             where p.partrelid = t.oid) as "partitionColumn",
           coalesce((
             select json_agg(json_build_object(
                      'name', x.indexrelid::regclass::text, 'isPrimary', x.indisprimary,
                      'predicate', pg_get_expr(x.indpred, x.indrelid), 'columns', (
                        select coalesce(json_agg(json_build_object(
                                 'name', a.attname, 'type', format_type(a.atttypid, null),
                                 'isDescending', x.indoption[k.nth - 1] & 1 = 1) order by k.nth), '[]')
                          from unnest(x.indkey) with ordinality as k (attnum, nth)
                          join pg_attribute as a on a.attrelid = x.indrelid and a.attnum = k.attnum
                         where k.nth > 1)) order by x.indexrelid::regclass::text)
               from pg_index as x
               join pg_class as i on i.oid = x.indexrelid and i.relam = (select oid from pg_am where amname = 'btree')
               join pg_attribute as lead on lead.attrelid = x.indrelid and lead.attnum = x.indkey[0] and lead.attname = t.company
              where x.indrelid = t.oid), '[]') as indexes,
           coalesce((
             select json_agg(json_build_object('parent', p.name, 'column', a.attname) order by f.conname)
               from pg_constraint as f
               join tables as p on p.oid = f.confrelid
               join pg_attribute as a on a.attrelid = f.conrelid and a.attnum = f.conkey[2]
              where f.conrelid = t.oid and f.contype = 'f' and cardinality(f.conkey) = 2), '[]') as references
      from tables as t order by t.name`,
    [PAGES_OF_SMALL],
  );
  return rows;
}

/** Values of a row of the company that has something in all of the columns: one from the middle. */
async function example(
  client: pg.ClientBase,
  table: string,
  company: string,
  columns: readonly string[],
  predicate: string | null,
): Promise<(string | null)[]> {
  if (columns.length === 0) {
    return [];
  }
  const { rows } = await client.query<{ found: (string | null)[] }>(
    `select array[${columns.map((column) => `${ident(column)}::text`).join(', ')}]::text[] as found
       from public.${ident(table)}
      where ${ident(companyColumn(table))} = $1 ${predicate === null ? '' : `and ${predicate}`}
      order by ${columns.map((column) => `${ident(column)} is null`).join(', ')}, md5(ctid::text) limit 1`,
    [company],
  );
  return rows[0]?.found ?? columns.map(() => null);
}

/**
 * What an index is in order of: equal in all but the last. An id behind a time only tells rows of one time apart, and
 * a key is no order, but that of a partitioned table, which is latest first.
 */
function orderingOf(
  { partitionColumn }: TenantTable,
  { isPrimary, columns }: Index,
): IndexColumn[] {
  if (isPrimary) {
    return columns
      .filter(({ name }) => name === partitionColumn)
      .map((column) => ({ ...column, isDescending: true }));
  }
  return columns.filter(({ name }, nth) => name !== 'id' || nth < columns.length - 1);
}

/** As PostgREST asks: rows as JSON, with a count of all if that is wanted. */
function asPostgrest(select: string, count?: string): string {
  return `with pgrst_source as (${select})
    ${count === undefined ? '' : `, pgrst_source_count as (${count})`}
    select ${count === undefined ? 'null::bigint' : '(select pg_catalog.count(*) from pgrst_source_count)'} as total_result_set,
           pg_catalog.count(_postgrest_t) as page_total, coalesce(json_agg(_postgrest_t), '[]') as body
      from (select * from pgrst_source) as _postgrest_t`;
}

/**
 * What is read of a table. `named`: the caller names the company, as operators and backend jobs do; a member may leave
 * that to the policy.
 */
export async function hotReads(
  client: pg.ClientBase,
  table: TenantTable,
  company: string,
  named: boolean,
): Promise<Hot[]> {
  const { name } = table;
  const from = `from public.${ident(name)}`;
  const scope = `${ident(companyColumn(name))} = `;
  const found: Hot[] = [];
  const now = new Date();
  const add = (
    what: string,
    sql: (where: (...more: string[]) => string, first: number) => string,
    given: readonly { type: string; value: string | null }[],
    expected: Omit<Expectation, 'table'> = {},
  ): void => {
    const values = [...(named ? [{ type: 'uuid', value: company }] : []), ...given];
    const where = (...more: string[]): string => {
      const all = [...(named ? [`${scope}$1`] : []), ...more];
      return all.length > 0 ? `where ${all.join(' and ')}` : '';
    };
    found.push({
      name: `${name}: ${what}${named ? ', company named' : ''}`,
      statement: {
        sql: sql(where, named ? 2 : 1),
        types: values.map(({ type }) => type),
        values: values.map(({ value }) => value),
      },
      expected: { table: name, ...expected },
    });
  };

  add('count', (where) => `select count(*) ${from} ${where()}`, []);
  add(
    'page, counted',
    (where) =>
      asPostgrest(
        `select ${ident(name)}.* ${from} ${where()} limit 50 offset 10`,
        `select 1 ${from} ${where()}`,
      ),
    [],
  );
  for (const index of table.indexes) {
    const { columns } = index;
    const values = await example(
      client,
      name,
      company,
      columns.map((column) => column.name),
      index.predicate,
    );
    const given = columns.map(({ type }, nth) => ({
      type,
      value: values[nth] ?? (type === 'uuid' ? company : type === 'text' ? 'x' : '2026-01-01'),
    }));
    const fixed = index.predicate === null ? [] : [index.predicate];
    const equal = (first: number, most: number): string[] =>
      columns.slice(0, most).map((column, nth) => `${ident(column.name)} = $${first + nth}`);
    const filters = columns.map((column) => column.name);
    add(
      `by ${index.name}`,
      (where, first) => `select * ${from} ${where(...fixed, ...equal(first, columns.length))}`,
      given,
      { filters },
    );
    const ordering = orderingOf(table, index);
    const last = ordering.at(-1);
    if (last === undefined) {
      continue;
    }
    const { isDescending } = last;
    const order = `order by ${ident(last.name)} ${isDescending ? 'desc' : 'asc'}`;
    const leading = ordering.length - 1;
    add(
      `page in order of ${index.name}`,
      (where, first) =>
        asPostgrest(
          `select ${ident(name)}.* ${from} ${where(...fixed, ...equal(first, leading))} ${order} limit 50 offset 0`,
        ),
      given.slice(0, leading),
      { filters: filters.slice(0, leading), isOrdered: true },
    );
    add(
      `next page in order of ${index.name}`,
      (where, first) =>
        asPostgrest(
          `select ${ident(name)}.* ${from} ${where(
            ...fixed,
            ...equal(first, leading),
            `${ident(last.name)} ${isDescending ? '<' : '>'} $${first + leading}`,
          )} ${order} limit 50 offset 0`,
        ),
      given.slice(0, leading + 1),
      { filters: filters.slice(0, leading + 1), isOrdered: true },
    );
  }
  if (table.partitionColumn !== null) {
    const column = ident(table.partitionColumn);
    for (const back of [0, 2]) {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
      const next = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1));
      add(
        `month ${back} back`,
        (where, first) =>
          `select count(*), max(${column}) ${from} ${where(`${column} >= $${first}`, `${column} < $${first + 1}`)}`,
        [month, next].map((at) => ({ type: 'timestamptz', value: at.toISOString() })),
        { partitions: [`${name}_p${month.toISOString().slice(0, 7).replace('-', '')}`] },
      );
    }
  }
  for (const { parent, column } of table.references) {
    const key = (of: string): string => `${of}.${ident(companyColumn(parent))}`;
    add(
      `embedded in ${parent} by ${column}`,
      () =>
        asPostgrest(`select parent.*, coalesce(children.children, '[]') as children
          from public.${ident(parent)} as parent
          left join lateral (select json_agg(one)::jsonb as children
                               from (select child.* ${from} as child
                                      where child.${ident(column)} = parent.id and child.company_id = ${key('parent')}) as one) as children on true
         ${named ? `where ${key('parent')} = $1` : ''} limit 20 offset 0`),
      [],
      { filters: [column] },
    );
    add(
      `with its ${parent} by ${column}`,
      () =>
        asPostgrest(`select child.*, row_to_json(parent.*)::jsonb as parent
          ${from} as child
          left join lateral (select one.* from public.${ident(parent)} as one
                              where one.id = child.${ident(column)} and ${key('one')} = child.company_id) as parent on true
         ${named ? 'where child.company_id = $1' : ''} limit 20 offset 0`),
      [],
    );
  }
  return found;
}

/** What the API may be asked by, as docs/performance.md says it: one line an index. */
export function served(tables: readonly TenantTable[]): string[] {
  return tables.flatMap((table) =>
    table.indexes.flatMap((index) => {
      const ordering = orderingOf(table, index);
      const last = ordering.at(-1);
      const equal = ordering.slice(0, -1).map(({ name }) => `\`${name}\``);
      if (index.predicate !== null) {
        equal.push(`\`${index.predicate.replace(/^\((.*)\)$/, '$1').replaceAll('::text', '')}\``);
      }
      return last === undefined
        ? []
        : [
            `| ${table.name} | ${equal.join(', ')} | \`${last.name}\`${last.isDescending ? ' descending' : ''} |`,
          ];
    }),
  );
}

/** Rows as PostgREST inserts them: from one JSON document. */
export function insertOf(probes: readonly Probe[]): Statement {
  const [{ table, row }] = probes as [Probe];
  const columns = Object.keys(row).map(ident).join(', ');
  return {
    sql: asPostgrest(`insert into public.${ident(table)} (${columns})
      select ${columns} from json_populate_recordset(null::public.${ident(table)}, $1) returning *`),
    types: ['json'],
    values: [JSON.stringify(probes.map((probe) => probe.row))],
  };
}

/** A row by its key, changed or deleted. */
export function writeOf(verb: 'update' | 'delete', probe: Probe): Statement {
  const [[changed, value]] = Object.entries(probe.change) as [[string, unknown]];
  const key = Object.entries(probe.key);
  const where = key.map(([column], nth) => `${ident(column)} = $${nth + 1}`).join(' and ');
  const table = `public.${ident(probe.table)}`;
  return {
    sql: asPostgrest(
      verb === 'update'
        ? `update ${table} set ${ident(changed)} = (json_populate_record(null::${table}, $${key.length + 1})).${ident(changed)} where ${where} returning *`
        : `delete from ${table} where ${where} returning *`,
    ),
    types: [...key.map(() => 'uuid'), ...(verb === 'update' ? ['json'] : [])],
    values: [
      ...key.map(([, id]) => String(id)),
      ...(verb === 'update' ? [JSON.stringify({ [changed]: value })] : []),
    ],
  };
}
