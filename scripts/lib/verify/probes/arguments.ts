/** Values of a company for the parameters of a function. */
import type { Parameter, Relation } from '../catalog.ts';
import type { Population } from '../populate.ts';
import { literal, quote, type Scene } from './probe.ts';

const MOST_VALUES = 12;

const TEXT = /^(text|character varying|citext|name)$/;
const WHOLE = /^(bigint|integer|smallint|numeric)$/;

/** `p_company_id` → `company_id`. */
function plainName(name: string): string {
  return name.replace(/^(p|in|arg|param|_)_?(?=[a-z])/, '').replace(/^_+/, '');
}

function values(
  population: Population,
): { relation: Relation; row: Readonly<Record<string, string | null>> }[] {
  return [...population.rows.values()].flatMap((rows) =>
    rows.slice(0, 1).map(({ relation, values: row }) => ({ relation, row })),
  );
}

/** Values of a company for a parameter: `named` fit its name, `guessed` only its type. */
export interface Fitting {
  readonly named: readonly string[];
  readonly guessed: readonly string[];
}

function companyValues(scene: Scene, population: Population, parameter: Parameter): Fitting {
  const name = plainName(parameter.name);
  const { tenancy } = scene;
  const all = values(population);
  const found: string[] = [];
  const isInteger = /^(smallint|integer|bigint)$/.test(parameter.base);
  const add = (value: string | null | undefined): void => {
    if (value === null || value === undefined || value === '' || found.includes(value)) {
      return;
    }
    // A column of the same name may hold fractions.
    if (!isInteger || /^-?\d+$/.test(value)) {
      found.push(value);
    }
  };
  const fits = (relation: Relation, column: string): boolean => {
    const base = relation.columns.find((one) => one.name === column)?.base ?? '';
    return (
      base === parameter.base ||
      (TEXT.test(parameter.base) && (TEXT.test(base) || base === 'uuid')) ||
      (WHOLE.test(base) && WHOLE.test(parameter.base))
    );
  };
  const tenantBase =
    tenancy.root?.columns.find((one) => one.name === tenancy.rootKey)?.base ?? 'uuid';
  const namesTenant =
    name === tenancy.column ||
    new RegExp(
      `^(${tenancy.column.replace(/_id$/, '')}|tenant|company|org|organization|account|team|workspace)(_?(id|uuid))?$`,
    ).test(name);
  if (namesTenant && (tenantBase === parameter.base || TEXT.test(parameter.base))) {
    add(population.party.id);
  }
  if (/^(user|member|profile|owner|person|author)(_?id)?$|_(user|by)(_id)?$/.test(name)) {
    add(population.people[0]?.id);
  }
  if (/mail/.test(name)) {
    add(population.people[0]?.email);
  }
  for (const { relation, row } of all) {
    const single = relation.name.replace(/ies$/, 'y').replace(/s$/, '');
    if (
      (name === `${single}_id` || name === single || name === relation.name) &&
      row.id !== undefined &&
      fits(relation, 'id')
    ) {
      add(row.id);
    }
  }
  for (const { relation, row } of all) {
    if (row[name] !== undefined && fits(relation, name)) {
      add(row[name]);
    }
  }
  const named = found.slice(0, MOST_VALUES);
  if (parameter.base === 'uuid') {
    add(population.party.id);
    add(population.people[0]?.id);
    for (const { row } of all) {
      add(row.id);
    }
  } else if (TEXT.test(parameter.base)) {
    add(population.party.id);
    for (const { relation, row } of all) {
      for (const { name: column, base } of relation.columns) {
        if (TEXT.test(base) && row[column]?.includes(population.party.tag)) {
          add(row[column]);
        }
      }
    }
  } else if (WHOLE.test(parameter.base) && /id$|number|^no$/.test(name)) {
    for (const { relation, row } of all) {
      if (fits(relation, 'id')) {
        add(row.id);
      }
    }
  }
  return { named, guessed: found.slice(named.length, MOST_VALUES) };
}

/** A value for a parameter that names nothing of a company: from the shared tables if a column is called like it. */
export function plainValue(scene: Scene, parameter: Parameter): string {
  const name = plainName(parameter.name);
  for (const { relation, row } of values(scene.shared)) {
    const column = relation.columns.find((one) => one.name === name && one.base === parameter.base);
    if (column && row[name]) {
      return quote(row[name]);
    }
  }
  if (parameter.labels.length > 0) {
    return quote(parameter.labels[0] ?? '');
  }
  switch (parameter.base) {
    case 'boolean':
      return 'true';
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'numeric':
    case 'real':
    case 'double precision':
      return '1';
    case 'json':
    case 'jsonb':
      return "'{}'";
    case 'date':
    case 'timestamp with time zone':
    case 'timestamp without time zone':
      return 'now()';
    case 'interval':
      return "'1 day'";
    case 'text':
    case 'character varying':
      return "'probe'";
    default:
      return parameter.base.endsWith('[]') ? "'{}'" : 'null';
  }
}

/** SQL expressions for a parameter with a company's values. */
export function fittingValues(scene: Scene, population: Population, parameter: Parameter): Fitting {
  const none = { named: [], guessed: [] };
  const cast = (sql: string): string => `${sql}::${parameter.type}`;
  if (parameter.relation) {
    const row = population.rows.get(parameter.relation)?.[0];
    const relation = row?.relation;
    const fields = relation?.columns.map(({ name }) => literal(row?.values[name])) ?? [];
    return relation ? { ...none, named: [`row(${fields.join(', ')})::${relation.sql}`] } : none;
  }
  if (parameter.base.endsWith('[]')) {
    const element = {
      ...parameter,
      base: parameter.base.slice(0, -2),
      type: parameter.type.slice(0, -2),
    };
    const inner = companyValues(scene, population, {
      ...element,
      name: element.name.replace(/s$/, ''),
    });
    const all = [...inner.named, ...(parameter.base === 'uuid[]' ? inner.guessed : [])];
    return all.length > 0
      ? { ...none, named: [cast(`array[${all.map(quote).join(', ')}]`)] }
      : none;
  }
  if (/^jsonb?$/.test(parameter.base)) {
    const all = values(population);
    const flat: Record<string, string | null> = { user_id: population.people[0]?.id ?? null };
    for (const { relation, row } of all) {
      flat[`${relation.name.replace(/ies$/, 'y').replace(/s$/, '')}_id`] = row.id ?? null;
      for (const [name, value] of Object.entries(row)) {
        flat[name] ??= value;
      }
    }
    flat[scene.tenancy.column] = population.party.id;
    flat.tenant_id = population.party.id;
    return { ...none, named: [cast(quote(JSON.stringify(flat)))] };
  }
  const fitting = companyValues(scene, population, parameter);
  return {
    named: fitting.named.map((value) => cast(quote(value))),
    guessed: fitting.guessed.map((value) => cast(quote(value))),
  };
}
