/** Mutants of triggers and of the constraints that keep companies apart. */
import type { Catalog, Constraint, Trigger } from './catalog.ts';
import { spliced, weakenings } from './conditions.ts';
import { tokensOf } from './sql-tree.ts';
import { inLine, type Mutant, quoted, slug } from './types.ts';

const COMPANY = 'company_id';

function triggerMutants(trigger: Trigger): Mutant[] {
  const { schema, table, name, definition } = trigger;
  const object = `${schema}.${table}`;
  const on = `${quoted(schema)}.${quoted(table)}`;
  const mutant = (what: string, description: string, sql: string): Mutant => ({
    id: `trigger/${object}/${name}/${what}`,
    class: 'trigger',
    object,
    description: `trigger ${name} on ${object}: ${description}`,
    wanted: 'what the trigger refuses or keeps is refused or kept',
    sql,
  });
  const drop = `drop trigger ${quoted(name)} on ${on}`;
  const tokens = tokensOf(definition);
  return [
    mutant('disabled', 'disabled', `alter table ${on} disable trigger ${quoted(name)}`),
    mutant('dropped', 'dropped', drop),
    ...weakenings(definition).map(({ operator, text, description, span, replacement }) =>
      mutant(
        `${operator}-${slug(text)}`,
        `${description}: ${inLine(text)}`,
        `${drop};\n${spliced(definition, tokens, span, replacement)}`,
      ),
    ),
  ];
}

class ConstraintMutants {
  readonly mutants: Mutant[] = [];
  readonly #constraint: Constraint;

  constructor(constraint: Constraint) {
    this.#constraint = constraint;
    switch (constraint.kind) {
      case 'foreign key':
        this.#foreignKey();
        break;
      case 'check':
        this.#check();
        break;
      default:
        this.#unique();
    }
  }

  #add(what: string, description: string, wanted: string, sql: string, tentative = false): void {
    const { schema, table, name, kind } = this.#constraint;
    this.mutants.push({
      id: `constraint/${schema}.${table}/${name}/${what}`,
      class: 'constraint',
      object: `${schema}.${table}`,
      description: `${kind} ${name} on ${schema}.${table}: ${description}`,
      wanted,
      sql,
      ...(tentative ? { tentative } : {}),
    });
  }

  get #table(): string {
    return `${quoted(this.#constraint.schema)}.${quoted(this.#constraint.table)}`;
  }

  get #drop(): string {
    return `alter table ${this.#table} drop constraint ${quoted(this.#constraint.name)}`;
  }

  #foreignKey(): void {
    const { columns, target, targetColumns, targetPartitioned, name } = this.#constraint;
    this.#add('dropped', 'dropped', 'a row that does not exist cannot be referred to', this.#drop);
    const column = columns.find((one) => one !== COMPANY);
    const there = targetColumns[columns.indexOf(column ?? '')];
    if (
      !columns.includes(COMPANY) ||
      columns.length !== 2 ||
      targetPartitioned ||
      !column ||
      !there
    ) {
      return;
    }
    this.#add(
      'single',
      `over ${column} alone`,
      "another company's row cannot be referred to",
      [
        this.#drop,
        `alter table ${target} add constraint mutant_key unique (${quoted(there)})`,
        `alter table ${this.#table} add constraint ${quoted(name)} foreign key (${quoted(column)}) references ${target} (${quoted(there)})`,
      ].join(';\n'),
      true,
    );
  }

  /** Checks that look at the company; the others do not keep companies apart. */
  #check(): void {
    const { columns, definition, name } = this.#constraint;
    if (!columns.includes(COMPANY)) {
      return;
    }
    const wanted = "what belongs to one company cannot bear another's name";
    this.#add('dropped', 'dropped', wanted, this.#drop);
    const add = `alter table ${this.#table} add constraint ${quoted(name)} ${definition}`;
    const tokens = tokensOf(add);
    for (const { operator, text, description, span, replacement } of weakenings(add)) {
      this.#add(
        `${operator}-${slug(text)}`,
        `${description}: ${inLine(text)}`,
        wanted,
        `${this.#drop};\n${spliced(add, tokens, span, replacement)}`,
      );
    }
  }

  #unique(): void {
    const { kind, schema, name, columns, predicate, plain } = this.#constraint;
    if (kind !== 'primary key') {
      this.#add(
        'dropped',
        'dropped',
        'the same value twice is refused',
        kind === 'unique'
          ? `${this.#drop} cascade`
          : `drop index ${quoted(schema)}.${quoted(name)}`,
      );
    }
    const rest = columns.filter((column) => column !== COMPANY);
    if (plain && columns.includes(COMPANY) && rest.length > 0) {
      const where = predicate === null ? '' : ` where ${predicate}`;
      this.#add(
        'global',
        'unique over all companies, too',
        "another company's values are no obstacle",
        `create unique index mutant_key on ${this.#table} (${rest.map(quoted).join(', ')})${where}`,
        true,
      );
    }
  }
}

function nullable({ relations }: Catalog): Mutant[] {
  return relations.flatMap(({ schema, name, label, kind, columns }) =>
    columns
      .filter((column) => column.name === COMPANY && column.notNull && !column.inPrimaryKey)
      .filter(() => kind === 'table' || kind === 'partitioned table')
      .map(
        (): Mutant => ({
          id: `constraint/${label}/${COMPANY}/nullable`,
          class: 'constraint',
          object: `${schema}.${name}`,
          description: `${label}: ${COMPANY} may be null`,
          wanted: 'a row without a company is refused',
          sql: `alter table ${quoted(schema)}.${quoted(name)} alter column ${COMPANY} drop not null`,
        }),
      ),
  );
}

/** Mutants of every trigger and constraint. */
export function structureMutants(catalog: Catalog): Mutant[] {
  return [
    ...catalog.triggers.flatMap(triggerMutants),
    ...catalog.constraints.flatMap((constraint) => new ConstraintMutants(constraint).mutants),
    ...nullable(catalog),
  ];
}
