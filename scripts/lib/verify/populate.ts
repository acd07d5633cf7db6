/**
 * Makes the synthetic companies: people, memberships and a valid row in every table, by reading constraints. What
 * cannot be filled is said, never passed over.
 */
import pg from 'pg';
import { messageOf } from '../errors.ts';
import type { Catalog, Column, ForeignKey, Relation } from './catalog.ts';
import type { VerifyConfig } from './config.ts';
import { type Choice, solveRow } from './solve.ts';
import { literalsOf, type Tenancy } from './tenancy.ts';
import { type RowContext, syntheticId, valuesOf } from './values.ts';

const ident = pg.escapeIdentifier;
const quote = pg.escapeLiteral;

/** A synthetic company, or what belongs to none. */
export interface Party {
  readonly label: 'A' | 'B' | 'shared';
  readonly tag: string;
  readonly idPrefix: string;
  /** Id of the company, as text; empty for `shared`. */
  id: string;
}

/** A row, as text. */
export interface Row {
  readonly relation: Relation;
  /** The partition that holds it, and those that this one is in. */
  readonly partitions: readonly string[];
  readonly values: Readonly<Record<string, string | null>>;
  /** Columns that were given in the INSERT. */
  readonly given: readonly string[];
}

/** A row that could be inserted, and was taken out again. */
export interface Spare extends Row {
  /** The company's own row stands in its way (one row a company) and has to go first. */
  readonly replaces: boolean;
}

/** Somebody of a company, or of none. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly role: string;
}

/** What a company consists of. */
export interface Population {
  readonly party: Party;
  /** By relation; the first row is the one that is attacked. */
  readonly rows: Map<string, Row[]>;
  readonly spares: Map<string, Spare>;
  readonly people: Person[];
  /** relation → why there is no row. */
  readonly problems: Map<string, string>;
  /** relation → why there can be no second row. */
  readonly spareProblems: Map<string, string>;
}

/** The condition that names a row: by key, else by all its columns. */
export function whereRow(row: Row, alias = ''): string {
  const key = keyOf(row.relation);
  const columns = key.length > 0 ? key : row.relation.columns.map(({ name }) => name);
  return columns
    .map((name) => {
      const value = row.values[name] ?? null;
      const column = `${alias}${ident(name)}`;
      return value === null
        ? `${column} is null`
        : key.length > 0
          ? `${column} = ${quote(value)}`
          : `${column}::text = ${quote(value)}`;
    })
    .join(' and ');
}

/** The first person of a company, or the one whom `user.<role>` names. */
export function personOf(population: Population, reference: string): Person | undefined {
  const role = reference.slice('user.'.length);
  return role === ''
    ? population.people[0]
    : population.people.find((person) => person.role === role);
}

/** Says who asks, or that nobody does, to triggers that want to know. */
function claimsSql(person: Person | undefined): string {
  const claims = person
    ? JSON.stringify({ sub: person.id, role: 'authenticated', email: person.email })
    : '';
  return `select set_config('request.jwt.claims', ${quote(claims)}, true), set_config('request.jwt.claim.sub', ${quote(person?.id ?? '')}, true)`;
}

/** Columns of the primary key, else of the first unique key. */
export function keyOf(relation: Relation): readonly string[] {
  return relation.keys.find(({ columns }) => columns.length > 0)?.columns ?? [];
}

/** Statement that inserts a row with the given columns. */
export function insertSql(relation: Relation, values: ReadonlyMap<string, string>): string {
  const names = [...values.keys()];
  if (names.length === 0) {
    return `insert into ${relation.sql} default values`;
  }
  const overriding = names.some((name) => isAlwaysIdentity(relation, name))
    ? ' overriding system value'
    : '';
  return `insert into ${relation.sql} (${names.map(ident).join(', ')})${overriding} values (${[...values.values()].join(', ')})`;
}

function isAlwaysIdentity(relation: Relation, column: string): boolean {
  return relation.columns.some(({ name, identity }) => name === column && identity === 'a');
}

/** Values that a row of `target` will have, since a row of `holder` refers to it already by `key`. */
interface Pledge {
  readonly to: Population;
  readonly target: Relation;
  readonly values: Map<string, string>;
  readonly holder: Relation;
  readonly key: ForeignKey;
}

const OFTEN_EMPTY =
  /^(timestamp|date|time|interval|boolean|smallint|integer|bigint|numeric|real|double|json|uuid|money|oid|xid|.*\[\]$)/;
const STATE_NAME = /(^|_)(status|state|type|kind|tier|plan|role|level|visibility)(_|$)/;
const ATTEMPTS = 6;

/** Fills the tables. One per run. */
export class Populator {
  readonly #client: pg.ClientBase;
  readonly #catalog: Catalog;
  readonly #tenancy: Tenancy;
  readonly #config: VerifyConfig;
  /** Statements that succeeded, in their order. */
  readonly setup: string[] = [];
  /** Rows that were referred to before they were there. */
  #pledges: Pledge[] = [];
  #n = 0;

  constructor(client: pg.ClientBase, catalog: Catalog, tenancy: Tenancy, config: VerifyConfig) {
    this.#client = client;
    this.#catalog = catalog;
    this.#tenancy = tenancy;
    this.#config = config;
  }

  /** A new, empty company or party. */
  party(label: Party['label']): Population {
    const idPrefix = { A: 'aaaaaaaa', B: 'bbbbbbbb', shared: 'cccccccc' }[label];
    const tag = { A: 'alphaqz', B: 'bravoqz', shared: 'commonqz' }[label];
    return {
      party: { label, tag, idPrefix, id: '' },
      rows: new Map(),
      spares: new Map(),
      people: [],
      problems: new Map(),
      spareProblems: new Map(),
    };
  }

  /** Runs a statement; it is part of the setup if it succeeds. `tail` is run with it, but not part of the setup. */
  async run(
    sql: string,
    tail = '',
    as?: Person,
  ): Promise<{ rows: Record<string, unknown>[] } | { error: pg.DatabaseError | Error }> {
    await this.#client.query('savepoint populate');
    try {
      if (as) {
        await this.#client.query(claimsSql(as));
      }
      const result = await this.#client.query<Record<string, unknown>>(`${sql}${tail}`);
      if (as) {
        await this.#client.query(claimsSql(undefined));
      }
      await this.#client.query('release savepoint populate');
      this.setup.push(...(as ? [claimsSql(as), sql, claimsSql(undefined)] : [sql]));
      const last = Array.isArray(result) ? result.at(-1) : result;
      return { rows: last?.rows ?? [] };
    } catch (error) {
      await this.#client.query('rollback to savepoint populate; release savepoint populate');
      return { error: error instanceof Error ? error : new Error(messageOf(error)) };
    }
  }

  /** Creates the company's own row. */
  async createCompany(to: Population): Promise<void> {
    const { root, rootKey } = this.#tenancy;
    if (!root || !rootKey) {
      const column = this.#catalog.relations
        .flatMap(({ columns }) => columns)
        .find(({ name }) => name === this.#tenancy.column);
      to.party.id =
        column?.base === 'uuid' ? syntheticId(to.party.idPrefix, 1) : this.#plainId(to, column);
      return;
    }
    const column = root.columns.find(({ name }) => name === rootKey);
    to.party.id =
      column?.base === 'uuid' ? syntheticId(to.party.idPrefix, 1) : this.#plainId(to, column);
    const made = await this.#insert(root, to, new Map([[rootKey, quote(to.party.id)]]));
    if ('problem' in made) {
      to.problems.set(root.id, made.problem);
      return;
    }
    to.rows.set(root.id, [made]);
    to.party.id = made.values[rootKey] ?? to.party.id;
  }

  #plainId(to: Population, column: Column | undefined): string {
    return /int|numeric/.test(column?.base ?? '')
      ? to.party.label === 'A'
        ? '910001'
        : '910002'
      : `${to.party.tag}1`;
  }

  /** Creates somebody who can sign in, and belongs nowhere yet. */
  async createPerson(to: Population, role: string): Promise<Person | { problem: string }> {
    this.#n += 1;
    const id = syntheticId(to.party.idPrefix, 0xa000 + this.#n);
    const email = `${to.party.tag}${this.#n}@${to.party.tag}.example`;
    const { people } = this.#tenancy;
    if (people?.id === 'auth.users') {
      const made = await this.run(
        `insert into auth.users (id, email, email_confirmed_at, aud, role, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
         values (${quote(id)}, ${quote(email)}, now(), 'authenticated', 'authenticated', '{}', '{}', now(), now())`,
      );
      if ('error' in made) {
        return { problem: `auth.users: ${made.error.message}` };
      }
      to.rows.set(people.id, [
        ...(to.rows.get(people.id) ?? []),
        { relation: people, partitions: [], values: { id, email }, given: ['id', 'email'] },
      ]);
    } else if (people) {
      const key = keyOf(people)[0] ?? 'id';
      const typed = people.columns.find(({ name }) => name === key);
      const fixed =
        typed?.base === 'uuid' ? new Map([[key, quote(id)]]) : new Map<string, string>();
      const made = await this.#insert(people, to, fixed);
      if ('problem' in made) {
        return { problem: `${people.id}: ${made.problem}` };
      }
      to.rows.set(people.id, [...(to.rows.get(people.id) ?? []), made]);
      return { id: made.values[key] ?? id, email, role };
    }
    return { id, email, role };
  }

  /** Creates a member with a role. */
  async createMember(to: Population, role: string): Promise<Person | { problem: string }> {
    const person = await this.createPerson(to, role);
    if ('problem' in person) {
      return person;
    }
    const problem = await this.join(to, person, role);
    if (problem) {
      return { problem };
    }
    to.people.push(person);
    return person;
  }

  /** Makes somebody a member; the answer says what went wrong. */
  async join(to: Population, person: Person, role: string): Promise<string | undefined> {
    const { membership, column } = this.#tenancy;
    if (!membership) {
      return undefined;
    }
    const { relation } = membership;
    const found = await this.#find(
      relation,
      `${ident(column)} = ${quote(to.party.id)} and ${ident(membership.user)} = ${quote(person.id)}`,
    );
    if (found) {
      if (membership.role && found.values[membership.role] !== role) {
        const changed = await this.run(
          `update ${relation.sql} set ${ident(membership.role)} = ${quote(role)} where ${whereRow(found)}`,
        );
        if ('error' in changed) {
          return changed.error.message;
        }
      }
      to.rows.set(relation.id, [...(to.rows.get(relation.id) ?? []), found]);
      return undefined;
    }
    const fixed = new Map([
      [column, quote(to.party.id)],
      [membership.user, quote(person.id)],
    ]);
    if (membership.role && role !== '') {
      fixed.set(membership.role, quote(role));
    }
    const made = await this.#insert(relation, to, fixed);
    if ('problem' in made) {
      return `${relation.id}: ${made.problem}`;
    }
    to.rows.set(relation.id, [...(to.rows.get(relation.id) ?? []), made]);
    return undefined;
  }

  /** Hands the company to one of its own people, where its row names somebody. */
  async adopt(to: Population): Promise<void> {
    const { root, people } = this.#tenancy;
    const row = root && to.rows.get(root.id)?.[0];
    const [owner] = to.people;
    if (!root || !row || !people || !owner) {
      return;
    }
    for (const key of root.foreignKeys) {
      const [column] = key.columns;
      if (key.target === people.id && key.columns.length === 1 && column && row.values[column]) {
        await this.run(
          `update ${root.sql} set ${ident(column)} = ${quote(owner.id)} where ${whereRow(row)}`,
        );
      }
    }
    const now = await this.#find(root, whereRow(row));
    if (now) {
      to.rows.set(root.id, [{ ...now, given: row.given }]);
    }
  }

  /** A person who could be made, for those who try to make one. */
  async createSparePerson(to: Population): Promise<void> {
    const { people } = this.#tenancy;
    const length = this.setup.length;
    const known = to.rows.get(people?.id ?? '') ?? [];
    await this.#client.query('savepoint person');
    await this.createPerson(to, '');
    const made = (to.rows.get(people?.id ?? '') ?? []).at(-1);
    await this.#client.query('rollback to savepoint person; release savepoint person');
    this.setup.length = length;
    if (people && made && !known.includes(made)) {
      to.rows.set(people.id, [...known]);
      to.spares.set(people.id, { ...made, replaces: false });
    }
  }

  /** Gives a company a row in every table that has a place for one, and computes a spare row. */
  async fill(to: Population, relations: readonly Relation[]): Promise<void> {
    let waiting = relations.filter(({ id }) => id !== this.#tenancy.people?.id);
    for (const patience of ['none missing', 'nullable missing', 'any'] as const) {
      for (let progress = true; progress; ) {
        progress = false;
        for (const relation of waiting) {
          if (!this.#ready(relation, to, waiting, patience)) {
            continue;
          }
          waiting = waiting.filter((one) => one !== relation);
          await this.#fillRelation(relation, to);
          progress = true;
          if (patience !== 'none missing') {
            break;
          }
        }
      }
    }
    await this.#redeem();
  }

  /** Sees that what was referred to in advance has come, and gives up the rows for which it has not. */
  async #redeem(): Promise<void> {
    for (const { to, target, holder, key } of this.#pledges.splice(0)) {
      const name = `${ident(holder.schema)}.${ident(key.name)}`;
      const checked = await this.run(`set constraints ${name} immediate`);
      if (!('error' in checked)) {
        if (key.deferred) {
          await this.run(`set constraints ${name} deferred`);
        }
        continue;
      }
      for (const row of to.rows.get(holder.id) ?? []) {
        await this.run(`delete from ${holder.sql} where ${whereRow(row)}`);
      }
      to.rows.delete(holder.id);
      to.spares.delete(holder.id);
      to.problems.set(holder.id, `it refers to ${target.id}, in which there is no row`);
    }
  }

  /** Values by which a row can be referred to that is yet to come: its constraint waits for it. */
  async #pledge(
    holder: Relation,
    key: ForeignKey,
    target: Relation,
    to: Population,
  ): Promise<ReadonlyMap<string, string> | undefined> {
    if (!key.deferrable || to.rows.has(target.id) || to.problems.has(target.id)) {
      return undefined;
    }
    const values =
      this.#pledges.find((one) => one.to === to && one.target === target)?.values ??
      this.#tenantColumn(target, to);
    const context = this.#nextRow(to);
    for (const name of key.targetColumns) {
      const column = target.columns.find((one) => one.name === name);
      const value = values.get(name) ?? (column && valuesOf(column, target, context)[0]);
      if (value === undefined) {
        return undefined;
      }
      values.set(name, value);
    }
    const name = `${ident(holder.schema)}.${ident(key.name)}`;
    if ('error' in (await this.run(`set constraints ${name} deferred`))) {
      return undefined;
    }
    if (!this.#pledges.some((one) => one.to === to && one.key === key)) {
      this.#pledges.push({ to, target, values, holder, key });
    }
    return values;
  }

  #ready(
    relation: Relation,
    _to: Population,
    waiting: readonly Relation[],
    patience: string,
  ): boolean {
    return relation.foreignKeys.every((key) => {
      if (key.target === relation.id || !waiting.some(({ id }) => id === key.target)) {
        return true;
      }
      return patience === 'any' || (patience === 'nullable missing' && isNullable(relation, key));
    });
  }

  async #fillRelation(relation: Relation, to: Population): Promise<void> {
    const known = to.rows.get(relation.id) ?? [];
    if (known.length === 0) {
      const scope = this.#tenancy.scopeOf(relation);
      const condition =
        scope.kind === 'tenant'
          ? `${ident(scope.column)} = ${quote(to.party.id)}`
          : scope.kind === 'shared'
            ? 'true'
            : this.#linkCondition(relation, to);
      const there = condition === undefined ? undefined : await this.#find(relation, condition);
      if (there && scope.kind === 'shared') {
        // What is there means something to the functions that look it up.
        to.rows.set(relation.id, [there]);
        await this.#computeSpare(relation, to);
        return;
      }
      const made = await this.#insertAll(relation, to);
      if (Array.isArray(made)) {
        to.rows.set(relation.id, made);
      } else {
        // What lands in no partition by itself may land where a partition says.
        await this.#fillPartitions(relation, to);
      }
      if (!to.rows.has(relation.id) && there && condition !== undefined) {
        to.rows.set(relation.id, [await this.#named(there, condition, to)]);
      }
      if ('problem' in made && !to.rows.has(relation.id)) {
        to.problems.set(relation.id, made.problem);
        return;
      }
    }
    await this.#fillPartitions(relation, to);
    await this.#computeSpare(relation, to);
  }

  /**
   * The company's row, and before it, for the victim, one for each state that a policy might make public. The last one
   * made is the first of the list: what supersedes others has superseded them.
   */
  async #insertAll(relation: Relation, to: Population): Promise<Row[] | { problem: string }> {
    const { membership, root, people } = this.#tenancy;
    const variants: Row[] = [];
    await this.#client.query('savepoint variants');
    const length = this.setup.length;
    if (
      to.party.label === 'B' &&
      ![membership?.relation.id, root?.id, people?.id].includes(relation.id)
    ) {
      for (const [name, expression] of variantsOf(relation)) {
        const made = await this.#insert(relation, to, new Map([[name, expression]]), 1);
        if (!('problem' in made)) {
          variants.push(made);
        }
      }
    }
    const pledged =
      this.#pledges.find((one) => one.to === to && one.target === relation)?.values ?? new Map();
    let made = await this.#insert(relation, to, pledged);
    if ('problem' in made && variants.length > 0) {
      // They took its place.
      await this.#client.query('rollback to savepoint variants');
      this.setup.length = length;
      variants.length = 0;
      made = await this.#insert(relation, to, pledged);
    }
    await this.#client.query('release savepoint variants');
    return 'problem' in made ? made : [made, ...variants];
  }

  /** How the rows of a table without the tenant column are found through the row that they refer to. */
  #linkCondition(relation: Relation, to: Population): string | undefined {
    for (const key of relation.foreignKeys) {
      const parent = to.rows.get(key.target)?.[0];
      if (parent && key.target !== relation.id) {
        return key.columns
          .map(
            (name, index) =>
              `${ident(name)} = ${literal(parent.values[key.targetColumns[index] ?? ''])}`,
          )
          .join(' and ');
      }
    }
    return undefined;
  }

  async #fillPartitions(relation: Relation, to: Population): Promise<void> {
    if (relation.kind !== 'partitioned table') {
      return;
    }
    const have = new Set((to.rows.get(relation.id) ?? []).flatMap(({ partitions }) => partitions));
    for (const leaf of this.#catalog.relations) {
      if (leaf.partitionOf !== relation.id || leaf.partitionKey.length > 0 || have.has(leaf.id)) {
        continue;
      }
      let problem = 'no value of the partition key is known that lands in it';
      for (const fixed of this.#boundValues(leaf)) {
        const made = await this.#insert(relation, to, fixed);
        if (!('problem' in made) && made.partitions.includes(leaf.id)) {
          to.rows.set(relation.id, [...(to.rows.get(relation.id) ?? []), made]);
          problem = '';
          break;
        }
        problem = 'problem' in made ? made.problem : problem;
      }
      if (problem) {
        to.problems.set(leaf.id, problem);
      }
    }
  }

  /** A partition, as PostgreSQL prints its name, and those that it is in. */
  #holding(name: string): string[] {
    const holding: string[] = [];
    let one = this.#catalog.relations.find(
      ({ sql, id, name: plain }) => sql === name || id === name || plain === name,
    );
    while (one?.partitionOf) {
      holding.push(one.id);
      one = this.#catalog.relation(one.partitionIn ?? '');
    }
    return holding;
  }

  /** Values of all partition keys above a partition that lead to it. */
  #boundValues(leaf: Relation): Map<string, string>[] {
    const parent = this.#catalog.relation(leaf.partitionIn ?? '');
    return parent
      ? this.#boundValues(parent).flatMap((above) =>
          boundValues(parent, leaf).map((own) => new Map([...above, ...own])),
        )
      : [new Map()];
  }

  async #computeSpare(relation: Relation, to: Population): Promise<void> {
    const scope = this.#tenancy.scopeOf(relation);
    const { membership } = this.#tenancy;
    const fixed = new Map<string, string>();
    await this.#client.query('savepoint spare');
    const length = this.setup.length;
    if (relation.id === membership?.relation.id) {
      // A member to be needs somebody who is none yet: made for good, before the spare.
      await this.#client.query('release savepoint spare');
      const person = await this.createPerson(to, 'nobody');
      await this.#client.query('savepoint spare');
      if ('problem' in person) {
        return;
      }
      fixed.set(membership.user, quote(person.id));
      if (membership.role && membership.roles[0] !== undefined) {
        fixed.set(membership.role, quote(membership.roles[0]));
      }
    } else if (relation.id === this.#tenancy.root?.id && scope.kind === 'tenant') {
      const column = relation.columns.find(({ name }) => name === scope.column);
      this.#n += 1;
      fixed.set(
        scope.column,
        quote(column?.base === 'uuid' ? syntheticId(to.party.idPrefix, this.#n) : `9${this.#n}`),
      );
    }
    const kept = relation.id === membership?.relation.id ? this.setup.length : length;
    const first = to.rows.get(relation.id)?.[0];
    let made = await this.#insert(relation, to, fixed);
    const leaf = this.#catalog.relation(first?.partitions[0] ?? '');
    const [bound] = leaf && 'problem' in made ? this.#boundValues(leaf) : [];
    if (bound) {
      made = await this.#insert(relation, to, new Map([...bound, ...fixed]));
    }
    await this.#client.query('rollback to savepoint spare');
    let replaces = false;
    if ('problem' in made && first) {
      const gone = await this.run(`delete from ${relation.sql} where ${whereRow(first)}`);
      if (!('error' in gone)) {
        made = await this.#insert(relation, to, fixed);
        replaces = true;
      }
      await this.#client.query('rollback to savepoint spare');
    }
    await this.#client.query('release savepoint spare');
    this.setup.length = kept;
    if ('problem' in made) {
      to.spareProblems.set(relation.id, made.problem);
    } else {
      to.spares.set(relation.id, { ...made, replaces });
    }
  }

  async #find(relation: Relation, condition: string): Promise<Row | undefined> {
    const result = await this.#client.query<{
      at: string | null;
      row: Record<string, string | null>;
    }>(
      `select tableoid::regclass::text as at, ${textRow(relation)} as row from ${relation.sql} where ${condition} limit 1`,
    );
    const found = result.rows[0];
    return found
      ? {
          relation,
          partitions: [],
          values: found.row,
          given: relation.columns.filter((one) => !one.generated).map(({ name }) => name),
        }
      : undefined;
  }

  /** A row that a trigger made, with a key that is the same on every run: what refers to it can be repeated. */
  async #named(row: Row, condition: string, to: Population): Promise<Row> {
    const { relation } = row;
    const random = relation.columns.filter(
      ({ name, base, default: expression }) =>
        base === 'uuid' &&
        expression !== null &&
        keyOf(relation).includes(name) &&
        !relation.foreignKeys.some(({ columns }) => columns.includes(name)),
    );
    if (random.length === 0) {
      return row;
    }
    this.#n += 1;
    const values = random.map(
      ({ name }) => `${ident(name)} = ${quote(syntheticId(to.party.idPrefix, this.#n))}`,
    );
    const changed = await this.run(
      `update ${relation.sql} set ${values.join(', ')} where ${condition}`,
    );
    return 'error' in changed ? row : ((await this.#find(relation, condition)) ?? row);
  }

  /** What the values of a new row are made from. */
  #nextRow({ party }: Population): RowContext {
    this.#n += 1;
    return { tag: party.tag, n: this.#n, idPrefix: party.idPrefix, tenant: quote(party.id) };
  }

  /** Inserts a valid row; columns in `fixed` have the given values. */
  async #insert(
    relation: Relation,
    to: Population,
    fixed: ReadonlyMap<string, string>,
    attempts = ATTEMPTS,
  ): Promise<Row | { problem: string }> {
    let problem = '';
    let frugal = false;
    const demanded = new Set<string>();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const context = this.#nextRow(to);
      const references = await this.#references(relation, to, fixed, frugal);
      if ('problem' in references) {
        return references;
      }
      const settled = new Map([
        ...references.values,
        ...this.#hints(relation, to, context),
        ...this.#tenantColumn(relation, to),
        ...fixed,
      ]);
      const choices = relation.columns.flatMap((column): Choice[] => {
        const choice = choose(column, relation, context, settled, frugal, demanded);
        return choice ? [choice] : [];
      });
      const solved = await solveRow(
        this.#client,
        relation,
        choices,
        frugal ? 0 : Math.floor(attempt / 2),
        attempt,
      );
      if ('problem' in solved) {
        if (frugal || attempt > 2) {
          return { problem: problem || solved.problem };
        }
        problem = solved.problem;
        frugal = attempt > 0;
        continue;
      }
      const insert = insertSql(relation, solved.values);
      const returning = ` returning tableoid::regclass::text as at, ${textRow(relation)} as row`;
      let result = await this.run(insert, returning);
      const [member] = to.people;
      if ('error' in result && member) {
        // A trigger may want to know who asks.
        const asked = await this.run(insert, returning, member);
        result = 'error' in asked ? result : asked;
      }
      if (!('error' in result)) {
        const row = result.rows[0];
        if (!row) {
          return { problem: 'the row was swallowed by a trigger or rule' };
        }
        return {
          relation,
          partitions: relation.kind === 'partitioned table' ? this.#holding(String(row.at)) : [],
          values: row.row as Row['values'],
          given: [...solved.values.keys()].filter((name) => !isAlwaysIdentity(relation, name)),
        };
      }
      problem = result.error.message;
      const { code, column } = result.error as pg.DatabaseError;
      if (code === '23502' && column) {
        demanded.add(column);
      } else if (code !== '23505' && code !== '23P01') {
        frugal = attempt > 0;
      }
    }
    return { problem };
  }

  #tenantColumn(relation: Relation, to: Population): Map<string, string> {
    const scope = this.#tenancy.scopeOf(relation);
    return scope.kind === 'tenant' && to.party.id !== ''
      ? new Map([[scope.column, quote(to.party.id)]])
      : new Map();
  }

  #hints(relation: Relation, to: Population, context: RowContext): Map<string, string> {
    const given = this.#config.rows[relation.id] ?? {};
    return new Map(
      Object.entries(given).map(([name, expression]) => [
        name,
        this.expand(expression, to, context.n),
      ]),
    );
  }

  /** Replaces `{tenant}`, `{user}`, `{user.<role>}`, `{n}` and `{schema.table.column}` in an expression of the configuration. */
  expand(expression: string, to: Population, n = 0): string {
    return expression.replaceAll(/\{([\w.]+(?:\{[^{}]*\})?)\}/g, (whole, name: string) => {
      if (name === 'tenant') {
        return quote(to.party.id);
      }
      if (name === 'user' || name.startsWith('user.')) {
        return quote(personOf(to, name)?.id ?? '');
      }
      if (name === 'n') {
        return String(n);
      }
      if (name === 'tag') {
        return to.party.tag;
      }
      const dot = name.lastIndexOf('.');
      const row = to.rows.get(name.slice(0, dot))?.[0];
      return row ? literal(row.values[name.slice(dot + 1)]) : whole;
    });
  }

  /** Values of foreign keys: the company's own rows. */
  async #references(
    relation: Relation,
    to: Population,
    fixed: ReadonlyMap<string, string>,
    frugal: boolean,
  ): Promise<{ values: Map<string, string> } | { problem: string }> {
    const values = new Map<string, string>();
    for (const key of relation.foreignKeys) {
      if (key.columns.every((name) => fixed.has(name))) {
        continue;
      }
      const nullable = isNullable(relation, key);
      if (key.target === relation.id || (frugal && nullable)) {
        continue;
      }
      const target = this.#catalog.relation(key.target);
      const person = target?.id === this.#tenancy.people?.id ? to.people[0] : undefined;
      const parent = person
        ? { [key.targetColumns[0] ?? '']: person.id }
        : (to.rows.get(key.target)?.[0]?.values ?? this.sharedRows?.get(key.target)?.[0]?.values);
      if (!parent) {
        const given = this.#config.rows[relation.id] ?? {};
        if (nullable || key.columns.some((name) => name in given)) {
          continue;
        }
        const pledged = target && (await this.#pledge(relation, key, target, to));
        if (!pledged) {
          return { problem: `it refers to ${key.target}, in which there is no row` };
        }
        key.columns.forEach((name, index) => {
          values.set(name, pledged.get(key.targetColumns[index] ?? '') ?? 'null');
        });
        continue;
      }
      key.columns.forEach((name, index) => {
        const value = parent[key.targetColumns[index] ?? ''];
        if (value !== undefined && value !== null && !fixed.has(name)) {
          values.set(name, quote(value));
        }
      });
    }
    return { values };
  }

  /** Rows that belong to nobody, to refer to. */
  sharedRows: Map<string, Row[]> | undefined;
}

function literal(value: string | null | undefined): string {
  return value === null || value === undefined ? 'null' : quote(value);
}

function isNullable(relation: Relation, key: ForeignKey): boolean {
  return key.columns.some(
    (name) => !relation.columns.find((column) => column.name === name)?.notNull,
  );
}

function textRow(relation: Relation): string {
  const pairs = relation.columns.map(({ name }) => `${quote(name)}, ${ident(name)}::text`);
  // A function takes at most 100 arguments.
  const parts: string[] = [];
  for (let index = 0; index < pairs.length; index += 40) {
    parts.push(`jsonb_build_object(${pairs.slice(index, index + 40).join(', ')})`);
  }
  return parts.join(' || ');
}

function choose(
  column: Column,
  relation: Relation,
  context: RowContext,
  settled: ReadonlyMap<string, string>,
  frugal: boolean,
  demanded: ReadonlySet<string>,
): Choice | undefined {
  const given = settled.get(column.name);
  if (given !== undefined) {
    return { column, options: [{ sql: given, omit: false }] };
  }
  if (column.generated) {
    return undefined;
  }
  const keyed = relation.keys.some(({ columns }) => columns.includes(column.name));
  const referring = relation.foreignKeys.some(({ columns }) => columns.includes(column.name));
  const fill = (): { sql: string; omit: boolean }[] =>
    valuesOf(column, relation, context).map((sql) => ({ sql, omit: false }));
  if (column.identity === 'a') {
    // A sequence goes on where the last run stopped: a key of our own is the same on every run.
    return keyed ? { column, options: fill() } : undefined;
  }
  const empty = { sql: 'null', omit: false };
  const hasDefault = column.default !== null || column.identity === 'd';
  if (hasDefault && !demanded.has(column.name)) {
    const own = { sql: column.default ?? '1', omit: true };
    const checked = relation.checks.some(({ columns }) => columns.includes(column.name));
    if (keyed && !referring && /^(uuid|integer|bigint|smallint)$/.test(column.base)) {
      return { column, options: checked ? [...fill(), own] : fill() };
    }
    const free =
      /^(text|character varying|citext)$/.test(column.base) &&
      !STATE_NAME.test(column.name) &&
      !frugal;
    if (!checked && !(free && column.default?.startsWith("''"))) {
      // Its default is not evaluated for nothing: it may draw from a sequence.
      return undefined;
    }
    const options = [own, ...fill(), ...(column.notNull ? [] : [empty])];
    // A default that draws from a sequence is no candidate.
    return { column, options: /nextval/.test(own.sql) ? options.slice(1) : options };
  }
  if (column.notNull || demanded.has(column.name)) {
    return { column, options: fill() };
  }
  if (referring || frugal || OFTEN_EMPTY.test(column.base)) {
    return { column, options: [empty, ...(referring ? [] : fill())] };
  }
  return { column, options: [...fill(), empty] };
}

const MOST_STATES = 8;

/** Columns that say in which state a row is, with each value that they may take. */
function variantsOf(relation: Relation): [column: string, expression: string][] {
  const referring = new Set(relation.foreignKeys.flatMap(({ columns }) => columns));
  return relation.columns.flatMap((column): [string, string][] => {
    if (column.generated || column.identity !== '') {
      return [];
    }
    const of = (values: readonly string[]): [string, string][] =>
      values.slice(0, MOST_STATES).map((value) => [column.name, value]);
    if (referring.has(column.name)) {
      return column.notNull ? [] : of(['null']);
    }
    if (column.base === 'boolean') {
      return of(["'true'", "'false'"]);
    }
    if (column.labels.length > 0) {
      return of(column.labels.map((label) => quote(label)));
    }
    if (/^(timestamp|date)/.test(column.base) && !column.notNull) {
      return of(['now()']);
    }
    const check = relation.checks.find(
      ({ columns, expression }) =>
        columns.length === 1 && columns[0] === column.name && /= ANY|=/.test(expression),
    );
    return check && /^(text|character varying)$/.test(column.base)
      ? of(literalsOf(check.expression).map((text) => quote(text)))
      : [];
  });
}

/** Values of the partition key that lie within a partition's bound. */
function boundValues(relation: Relation, leaf: Relation): Map<string, string>[] {
  const key = relation.partitionKey[0];
  const column = relation.columns.find(({ name }) => name === key);
  if (!key || !column || relation.partitionKey.length > 1) {
    return Array.from(
      { length: /modulus/.test(leaf.bound ?? '') ? 40 : 0 },
      () => new Map<string, string>(),
    );
  }
  const bound = leaf.bound ?? '';
  const range = /FROM \((.*)\) TO \((.*)\)/.exec(bound);
  if (range) {
    const [, from = '', to = ''] = range;
    if (from !== 'MINVALUE') {
      return [new Map([[key, `(${from})::${column.base}`]])];
    }
    const less = /^(timestamp|date)/.test(column.base) ? "interval '1 day'" : '1';
    return [new Map([[key, `((${to})::${column.base} - ${less})::${column.base}`]])];
  }
  const list = /IN \((.*)\)/.exec(bound);
  if (list) {
    const first = /^('(?:[^']|'')*'|[^,]+)/.exec(list[1] ?? '')?.[1] ?? 'null';
    return [new Map([[key, `${first}`]])];
  }
  if (bound === 'DEFAULT') {
    const far = /^(timestamp|date)/.test(column.base)
      ? ["'2999-01-01'", "'1900-01-01'"]
      : /int|numeric/.test(column.base)
        ? ['2000000000', '-1']
        : [quote('zz-elsewhere')];
    return far.map((value) => new Map([[key, value]]));
  }
  return Array.from({ length: 40 }, () => new Map<string, string>());
}
