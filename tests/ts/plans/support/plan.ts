/**
 * Reads plans and says what is wrong with them: a tenant table that is read past its company, a gate that is asked
 * again for every row, a filter that is no index condition, a sort, a month that should not have been touched.
 */
import pg from 'pg';

/** A node of `explain (format json)`. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
  readonly [property: string]: unknown;
}

/** What can be wrong. */
export type Flaw = 'scan' | 'gate' | 'filter' | 'removed' | 'sort' | 'partition';

/** What is wrong with a plan, and where. */
export interface Problem {
  readonly flaw: Flaw;
  readonly text: string;
}

/** What a plan is held to, beyond what holds for every one. */
export interface Expectation {
  /** The table that the filters are about. */
  readonly table: string;
  /** Columns of it that must be index conditions. */
  readonly filters?: readonly string[];
  /** Rows must come in order from an index. */
  readonly isOrdered?: boolean;
  /** The only partitions that may be read. */
  readonly partitions?: readonly string[];
  /** Rows that may be read and thrown away. */
  readonly mostRemoved?: number;
}

const GATE = /company_for\(|is_platform_admin\(/;

/** A partition is its table. */
const tableOf = (relation: string): string => relation.replace(/_(p\d{6}|default)$/, '');

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) {
    yield* walk(child);
  }
}

/** True if a condition compares the column with a value; with one of several, it gives no order. */
const names = (condition: string, column: string): boolean =>
  new RegExp(`\\b${column}"?\\)?(::\\w+)? (=(?! ANY)|<|>|>=|<=) `).test(condition);

/** True if a scan finds its rows by the column. Bitmap scans have their conditions below; of an OR each must be one. */
function isFoundBy(node: PlanNode, column: string): boolean {
  const below = (node.Plans ?? []).filter((child) => /^Bitmap/.test(child['Node Type']));
  const finds = (child: PlanNode): boolean => isFoundBy(child, column);
  return (
    names(node['Index Cond'] ?? '', column) ||
    (node['Node Type'] === 'BitmapOr' ? below.every(finds) : below.some(finds))
  );
}

/** Column of a table that names the company. */
export const companyColumn = (table: string): string =>
  table === 'companies' ? 'id' : 'company_id';

/** What is wrong with a plan. `tenantTables`: those whose rows belong to companies. */
export function problemsOf(
  plan: PlanNode,
  tenantTables: ReadonlySet<string>,
  expected: Expectation,
): Problem[] {
  const problems: Problem[] = [];
  const add = (flaw: Flaw, text: string): void => {
    problems.push({ flaw, text });
  };
  let removed = 0;
  for (const node of walk(plan)) {
    const relation = node['Relation Name'];
    const { Plans: _, Output: output, ...own } = node;
    const isInit = node['Parent Relationship'] === 'InitPlan';
    if (isInit && node['Actual Loops'] > 1) {
      add('gate', `${node['Subplan Name']} ran ${node['Actual Loops']} times`);
    }
    if (node['Parent Relationship'] === 'SubPlan') {
      add('gate', `${node['Subplan Name']} is a sub-select for each row`);
    }
    if (GATE.test(JSON.stringify(own)) || (!isInit && GATE.test(JSON.stringify(output ?? '')))) {
      add('gate', `${node['Node Type']} on ${relation} asks the gate itself, not once before`);
    }
    if (/Sort$/.test(node['Node Type']) && expected.isOrdered) {
      add('sort', `${node['Node Type']} by ${String(node['Sort Key'])}`);
    }
    const removedHere =
      ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
      node['Actual Loops'];
    removed += removedHere;
    if (relation === undefined || !/Scan$/.test(node['Node Type'])) {
      continue;
    }
    const table = tableOf(relation);
    if (!tenantTables.has(table) || node['Actual Loops'] === 0) {
      continue;
    }
    // Somebody's memberships are few, whatever the company.
    const isPerson = table === 'users' && isFoundBy(node, 'id');
    if (!isFoundBy(node, companyColumn(table)) && !isPerson) {
      add('scan', `${node['Node Type']} on ${relation}: the company is no index condition`);
    }
    if (table === expected.table) {
      for (const column of expected.filters ?? []) {
        if (removedHere > 0 && !isFoundBy(node, column)) {
          add('filter', `${node['Node Type']} on ${relation}: ${column} is no index condition`);
        }
      }
      if (expected.partitions && !expected.partitions.includes(relation)) {
        add('partition', `reads ${relation}`);
      }
    }
  }
  if (removed > (expected.mostRemoved ?? 0)) {
    add('removed', `${removed} rows were read and thrown away`);
  }
  return problems;
}

/** A statement with parameters; types by their SQL names. */
export interface Statement {
  readonly sql: string;
  readonly types: readonly string[];
  readonly values: readonly (string | null)[];
}

/** Prepares, runs and explains a statement, as whoever the session is. */
export async function explain(
  client: pg.ClientBase,
  { sql, types, values }: Statement,
  mode: 'custom' | 'generic',
): Promise<PlanNode> {
  // A statement that failed left its name behind.
  await client.query(`deallocate all; set local plan_cache_mode = force_${mode}_plan`);
  const list = (items: readonly string[]): string =>
    items.length > 0 ? `(${items.join(', ')})` : '';
  await client.query(`prepare hot ${list(types)} as ${sql}`);
  const given = values.map((value) => (value === null ? 'null' : pg.escapeLiteral(value)));
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `explain (analyze, verbose, timing off, summary off, format json) execute hot ${list(given)}`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (plan === undefined) {
    throw new Error('EXPLAIN gave no plan');
  }
  return plan;
}
