/**
 * Chooses values for a row so that its CHECK constraints hold. PostgreSQL searches itself: each column's candidates
 * are a VALUES list, the constraints are the WHERE.
 */
import pg from 'pg';
import type { Column, Relation } from './catalog.ts';

/** A column's candidates, best first; `omit`: leave the column to its default. */
export interface Choice {
  readonly column: Column;
  readonly options: readonly { readonly sql: string; readonly omit: boolean }[];
}

const ident = pg.escapeIdentifier;
/** Candidates of a column that are combined with those of others. */
const mostOf = (columns: number): number => (columns <= 2 ? 60 : columns === 3 ? 24 : 12);

/** `character` and `bit` without a length would cut the value. */
function castType(column: Column): string {
  return column.base === 'character' ? 'bpchar' : column.base === 'bit' ? column.type : column.base;
}

function values(choice: Choice): string {
  const rows = choice.options.map(
    ({ sql }, index) => `(${index}, (${sql})::${castType(choice.column)})`,
  );
  return `(values ${rows.join(', ')})`;
}

async function ask<T>(client: pg.ClientBase, sql: string): Promise<T[] | undefined> {
  await client.query('savepoint solve');
  try {
    const { rows } = await client.query<T & pg.QueryResultRow>(sql);
    return rows;
  } catch {
    await client.query('rollback to savepoint solve');
    return undefined;
  } finally {
    await client.query('release savepoint solve').catch(() => undefined);
  }
}

/** The options that the column's own constraints allow. */
async function filterAlone(
  client: pg.ClientBase,
  relation: Relation,
  choice: Choice,
): Promise<Choice> {
  const name = ident(choice.column.name);
  const conditions = [
    ...relation.checks
      .filter(({ columns }) => columns.length === 1 && columns[0] === choice.column.name)
      .map(({ expression }) => `(${expression}) is not false`),
    ...choice.column.domainChecks.map(
      (expression) => `(${expression.replaceAll(/\bVALUE\b/g, name)}) is not false`,
    ),
  ];
  if (conditions.length === 0 || choice.options.length < 2) {
    return choice;
  }
  const test = (options: Choice['options']): Promise<{ i: number }[] | undefined> =>
    ask(
      client,
      `select i from ${values({ ...choice, options })} as x (i, ${name}) where ${conditions.join(' and ')} order by i`,
    );
  const together = await test(choice.options);
  if (together) {
    const good = new Set(together.map(({ i }) => i));
    return { ...choice, options: choice.options.filter((_, index) => good.has(index)) };
  }
  const options: (typeof choice.options)[number][] = [];
  for (const option of choice.options) {
    if (((await test([option])) ?? []).length > 0) {
      options.push(option);
    }
  }
  return { ...choice, options };
}

/** Columns that share a constraint, directly or through others. */
function components(relation: Relation, choices: readonly Choice[]): Choice[][] {
  const groups: Choice[][] = [];
  const known = new Set(choices.map(({ column }) => column.name));
  const joined = new Map<string, Choice[]>();
  for (const check of relation.checks) {
    if (check.columns.length < 2 || check.columns.some((name) => !known.has(name))) {
      continue;
    }
    const group: Choice[] = [];
    for (const name of check.columns) {
      const choice = choices.find(({ column }) => column.name === name);
      for (const one of joined.get(name) ?? (choice ? [choice] : [])) {
        if (!group.includes(one)) {
          group.push(one);
        }
      }
    }
    for (const one of group) {
      joined.set(one.column.name, group);
    }
  }
  for (const group of joined.values()) {
    if (!groups.includes(group)) {
      groups.push(group);
    }
  }
  return groups;
}

/**
 * The first choice of values that holds all constraints, or the name of what has none. `variant` takes a later one;
 * `turn` prefers other values for columns that stand in a unique key.
 *
 * @returns column → SQL expression; columns that keep their default are left out
 */
export async function solveRow(
  client: pg.ClientBase,
  relation: Relation,
  choices: readonly Choice[],
  variant: number,
  turn = 0,
): Promise<{ values: Map<string, string> } | { problem: string }> {
  const filtered: Choice[] = [];
  for (const choice of choices) {
    const alone = await filterAlone(client, relation, choice);
    if (alone.options.length === 0) {
      return { problem: `no value known for column ${choice.column.name} (${choice.column.type})` };
    }
    const { options } = alone;
    const keyed = relation.keys.some(({ columns }) => columns.includes(choice.column.name));
    const from = keyed && options.length > 1 ? turn % options.length : 0;
    filtered.push({ ...alone, options: [...options.slice(from), ...options.slice(0, from)] });
  }
  const chosen = new Map(filtered.map((choice) => [choice.column.name, 0]));
  for (const group of components(relation, filtered)) {
    const small = group.map((choice) => ({
      ...choice,
      options: choice.options.slice(0, mostOf(group.length)),
    }));
    const names = new Set(small.map(({ column }) => column.name));
    const where = relation.checks
      .filter(({ columns }) => columns.length > 1 && columns.every((name) => names.has(name)))
      .map(({ expression }) => `(${expression}) is not false`);
    const from = small.map(
      (choice, index) => `${values(choice)} as x${index} (i${index}, ${ident(choice.column.name)})`,
    );
    const order = small.map((_, index) => `i${index}`);
    // The sum prefers early options of all columns; large products are searched in the order of the join instead.
    const size = small.reduce((product, { options }) => product * options.length, 1);
    const rows = await ask<Record<string, number>>(
      client,
      `select ${order.join(', ')} from ${from.join(' cross join ')} where ${where.join(' and ')}
        ${size <= 20_000 ? `order by ${order.join(' + ')}, ${order.join(', ')}` : ''} limit 1 offset ${variant}`,
    );
    const row = rows?.[0];
    if (!row) {
      return {
        problem: `no values found that hold ${where.length} constraints over ${[...names].join(', ')}`,
      };
    }
    small.forEach((choice, index) => {
      chosen.set(choice.column.name, row[`i${index}`] ?? 0);
    });
  }
  const result = new Map<string, string>();
  for (const choice of filtered) {
    const option = choice.options[chosen.get(choice.column.name) ?? 0];
    if (option && !option.omit) {
      result.set(choice.column.name, option.sql);
    }
  }
  return { values: result };
}
