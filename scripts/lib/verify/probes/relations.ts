/** Attacks on tables, partitions and views. */
import type { Actor } from '../actors.ts';
import type { Column, ForeignKey, Relation } from '../catalog.ts';
import { insertSql, keyOf, type Row, whereRow } from '../populate.ts';
import type { Verb } from '../types.ts';
import {
  clearingKey,
  columnsFor,
  ident,
  literal,
  type Probe,
  quote,
  rowIn,
  type Scene,
  subjectOf,
} from './probe.ts';

/** Rows that a statement returns at most: a leak is seen in fewer. */
const MOST_ROWS = 500;

const READ_ONLY = new Set(['materialized view', 'foreign table']);

interface Aim {
  readonly scene: Scene;
  readonly actor: Actor;
  readonly relation: Relation;
  /** Row of B. */
  readonly theirs: Row | undefined;
  /** Row of A. */
  readonly mine: Row | undefined;
  readonly select: string;
  make(verb: Verb, sql: string, more: Partial<Probe> & Pick<Probe, 'judge'>): Probe;
}

/** Everything that somebody tries on a relation. */
export function relationProbes(scene: Scene, actor: Actor, relation: Relation): Probe[] {
  const shared = scene.tenancy.scopeOf(relation).kind === 'shared' && !isView(relation);
  const mine = shared ? undefined : rowIn(scene.a, relation);
  const theirs = shared ? rowIn(scene.shared, relation) : rowIn(scene.b, relation);
  const selectable = columnsFor(scene, actor, relation, 'select');
  const aim: Aim = {
    scene,
    actor,
    relation,
    mine,
    theirs,
    select: selectable ? selectable.map(ident).join(', ') : '*',
    make: (verb, sql, more) => ({
      ...subjectOf(relation),
      verb,
      sql,
      target: shared ? 'shared' : 'other',
      rule: shared ? 'shared-written' : READS.has(verb) ? 'row-read' : 'row-written',
      ...more,
    }),
  };
  const probes = [...reads(aim, shared)];
  if (!READ_ONLY.has(relation.kind)) {
    probes.push(...inserts(aim), ...updates(aim), ...deletes(aim));
    if (!shared && !isView(relation)) {
      probes.push(...merges(aim), ...oracles(aim));
    }
    if (!isView(relation)) {
      probes.push(...truncates(aim));
    }
  }
  if (!shared && actor.home === 'A') {
    probes.push(...own(aim));
  }
  if (scene.catalog.rights.has(`${actor.role} ${relation.id}`)) {
    return probes;
  }
  // Without any right on it, which row a statement is about makes no difference: one statement for each verb.
  const seen = new Set<string>();
  return probes.filter(({ verb, target, input }) => {
    const key = `${verb} ${target} ${input === undefined}`;
    return !seen.has(key) && seen.add(key);
  });
}

const READS = new Set<Verb>(['select', 'lock', 'join', 'copy', 'error', 'estimate']);

export const isView = (relation: Relation): boolean =>
  relation.kind === 'view' || relation.kind === 'materialized view';

/** A view's rows are named by what columns it has. */
function whereTheirs(aim: Aim): string | undefined {
  if (aim.theirs) {
    return whereRow(aim.theirs);
  }
  const { column } = aim.scene.tenancy;
  return aim.relation.columns.some(({ name }) => name === column) && isView(aim.relation)
    ? `${ident(column)} = ${quote(aim.scene.b.party.id)}`
    : undefined;
}

function reads(aim: Aim, shared: boolean): Probe[] {
  const { relation, make, select } = aim;
  const probes: Probe[] = [
    make('select', `select ${select} from ${relation.sql} limit ${MOST_ROWS}`, {
      judge: 'blind',
      rule: 'row-read',
    }),
    make('select', `select count(*) from ${relation.sql}`, {
      judge: 'blind',
      rule: 'row-inferred',
    }),
    make('copy', `copy (select ${select} from ${relation.sql} limit ${MOST_ROWS}) to stdout`, {
      judge: 'blind',
      rule: 'row-read',
    }),
  ];
  const where = whereTheirs(aim);
  if (where === undefined || shared) {
    return probes;
  }
  probes.unshift(
    make('select', `select ${select} from ${relation.sql} where ${where}`, { judge: 'direct' }),
  );
  const scope = aim.scene.tenancy.scopeOf(relation);
  if (scope.kind === 'tenant' && aim.theirs) {
    const everything = `${ident(scope.column)} = ${quote(aim.scene.b.party.id)}`;
    probes.push(
      make(
        'select',
        `select ${select} from ${relation.sql} where ${everything} limit ${MOST_ROWS}`,
        {
          judge: 'direct',
        },
      ),
    );
  }
  if (!READ_ONLY.has(relation.kind)) {
    for (const strength of ['update', 'share']) {
      probes.push(
        make('lock', `select 1 from ${relation.sql} where ${where} for ${strength}`, {
          judge: 'direct',
        }),
      );
    }
  }
  probes.push(...joins(aim), ...errors(aim));
  return probes;
}

function tenantKeys(aim: Aim): ForeignKey[] {
  const { catalog, tenancy } = aim.scene;
  return aim.relation.foreignKeys.filter((key) => {
    const target = catalog.relation(key.target);
    return (
      target !== undefined &&
      target.id !== aim.relation.id &&
      tenancy.scopeOf(target).kind !== 'shared'
    );
  });
}

function joins(aim: Aim): Probe[] {
  const { theirs, relation, make } = aim;
  if (!theirs) {
    return [];
  }
  return tenantKeys(aim)
    .filter((key) => key.columns.every((name) => theirs.values[name] !== null))
    .slice(0, 3)
    .map((key) => {
      const target = aim.scene.catalog.relation(key.target);
      const on = key.columns
        .map((name, index) => `t.${ident(name)} = p.${ident(key.targetColumns[index] ?? '')}`)
        .join(' and ');
      return make(
        'join',
        `select t.*, p.* from ${relation.sql} as t join ${target?.sql} as p on ${on} where ${whereRow(theirs, 't.')}`,
        { judge: 'direct' },
      );
    });
}

/** A function that tells what it is given, cheap enough to be asked before the policy. */
function errors(aim: Aim): Probe[] {
  const { relation, make } = aim;
  const columns = columnsFor(aim.scene, aim.actor, relation, 'select');
  const column = relation.columns.find(
    ({ name, base }) =>
      /^(text|character varying|citext)$/.test(base) && (!columns || columns.includes(name)),
  );
  if (!column) {
    return [];
  }
  return [
    make(
      'error',
      `create function pg_temp.tell(p_value text) returns boolean language plpgsql cost 0.0000001 as $tell$
         begin if p_value like '%${aim.scene.b.party.tag}%' then raise exception 'seen: %', p_value; end if; return false; end $tell$;
       select 1 from ${relation.sql} where pg_temp.tell(${ident(column.name)}::text)`,
      { judge: 'oracle', rule: 'row-inferred' },
    ),
  ];
}

/** A row to insert, as column → SQL: the party's spare row, else its own. */
function rowToInsert(
  aim: Aim,
  which: 'a' | 'b' | 'shared',
): { values: Map<string, string>; prepare?: string } | undefined {
  const population = aim.scene[which];
  const id = aim.relation.partitionOf ?? aim.relation.id;
  const spare = population.spares.get(id);
  const row = aim.relation.partitionOf
    ? (rowIn(population, aim.relation) ?? spare)
    : (spare ?? population.rows.get(id)?.[0]);
  if (!row) {
    return undefined;
  }
  const names = row.given.length > 0 ? row.given : Object.keys(row.values);
  const values = new Map(
    names
      .filter((name) => row.values[name] !== null || !hasDefault(aim.relation, name))
      .map((name) => [name, literal(row.values[name])]),
  );
  if (aim.relation.partitionOf) {
    const key = keyOf(aim.relation).find(
      (name) => uuidColumn(aim.relation, name) && name !== aim.scene.tenancy.column,
    );
    if (key) {
      values.set(key, quote('99999999-0000-4000-8000-000000000001'));
    }
  }
  const first = population.rows.get(id)?.[0];
  if (!spare?.replaces || !first) {
    return { values };
  }
  const cleared = clearing(aim, population, first);
  return {
    values,
    prepare: `${cleared ? `${cleared}; ` : ''}delete from ${first.relation.sql} where ${whereRow(first)}`,
  };
}

function hasDefault(relation: Relation, name: string): boolean {
  return relation.columns.some((column) => column.name === name && column.default !== null);
}

function uuidColumn(relation: Relation, name: string): boolean {
  return relation.columns.some((column) => column.name === name && column.base === 'uuid');
}

function insertInto(relation: Relation, values: ReadonlyMap<string, string>, tail = ''): string {
  return `${insertSql(relation, values)}${tail}`;
}

/** The columns that the role may insert, with the tenant column in any case. */
function variants(aim: Aim, values: ReadonlyMap<string, string>): ReadonlyMap<string, string>[] {
  const allowed = columnsFor(aim.scene, aim.actor, aim.relation, 'insert');
  if (!allowed || [...values.keys()].every((name) => allowed.includes(name))) {
    return [values];
  }
  const scope = aim.scene.tenancy.scopeOf(aim.relation);
  const tenant = scope.kind === 'tenant' ? scope.column : '';
  const some = new Map([...values].filter(([name]) => allowed.includes(name) || name === tenant));
  return some.size > 0 ? [some, values] : [values];
}

/** The same row, but it says that it is the actor's: for policies that ask only who, not where. */
function asOneself(aim: Aim, values: ReadonlyMap<string, string>): ReadonlyMap<string, string>[] {
  const { userId } = aim.actor;
  const people = aim.scene.tenancy.people?.id;
  const { membership } = aim.scene.tenancy;
  const keys = aim.relation.foreignKeys.filter(
    (key) => key.target === people && key.columns.length === 1 && values.has(key.columns[0] ?? ''),
  );
  if (!userId || keys.length === 0) {
    return [];
  }
  const own = new Map(values);
  for (const key of keys) {
    own.set(key.columns[0] ?? '', quote(userId));
  }
  if (membership?.relation.id !== aim.relation.id || !membership.role) {
    return [own];
  }
  return membership.roles.map((role) => new Map(own).set(membership.role ?? '', quote(role)));
}

/** Without a row to try there is only the right to ask for. Who has it may have it for their own: that is not covered. */
function unlessAllowed(aim: Aim, verb: 'insert' | 'delete', sql: string): Probe[] {
  const { scene, actor, relation } = aim;
  return scene.catalog.rights.get(`${actor.role} ${relation.id}`)?.includes(verb)
    ? []
    : [aim.make(verb, sql, { judge: 'privilege' })];
}

function inserts(aim: Aim): Probe[] {
  const { relation, make } = aim;
  const shared = aim.scene.tenancy.scopeOf(relation).kind === 'shared' && !isView(relation);
  if (isView(relation)) {
    return viewInserts(aim);
  }
  const row = rowToInsert(aim, shared ? 'shared' : 'b');
  // A company more is no other company's row: whoever may found one may.
  const founding = relation.id === aim.scene.tenancy.root?.id;
  const base = {
    judge: founding ? ('blind' as const) : ('direct' as const),
    prepare: row?.prepare,
  };
  if (!row) {
    return unlessAllowed(aim, 'insert', `insert into ${relation.sql} default values`);
  }
  const probes: Probe[] = [];
  for (const values of variants(aim, row.values)) {
    probes.push(make('insert', insertInto(relation, values), base));
    if (!shared) {
      probes.push(make('insert', insertInto(relation, values, ' returning *'), base));
      for (const mine of asOneself(aim, values)) {
        probes.push(make('insert', insertInto(relation, mine), base));
      }
    }
  }
  if (shared) {
    return probes;
  }
  const copied = [...row.values];
  probes.push(
    make(
      'copy',
      `copy ${relation.sql} (${copied.map(([name]) => ident(name)).join(', ')}) from stdin`,
      {
        ...base,
        rule: 'row-written',
        input: `${copied.map(([, value]) => copyText(value)).join('\t')}\n`,
      },
    ),
  );
  probes.push(...upserts(aim));
  return probes;
}

/** A literal as COPY's text format wants it. */
function copyText(value: string): string {
  if (value === 'null') {
    return '\\N';
  }
  const text = /^ ?E?'([\s\S]*)'$/.exec(value)?.[1]?.replaceAll("''", "'") ?? value;
  const plain = value.trimStart().startsWith('E') ? text.replaceAll('\\\\', '\\') : text;
  return plain.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

/** An insertable view takes the values of the table that has all its columns. */
function viewInserts(aim: Aim): Probe[] {
  const { relation, make, scene } = aim;
  const { column } = scene.tenancy;
  if (!relation.writable.insert) {
    return [];
  }
  const names = relation.columns.map(({ name }) => name);
  const base = [...scene.b.spares.values()].find(({ relation: table }) =>
    names.every((name) => table.columns.some((one) => one.name === name)),
  );
  if (!base || !names.includes(column)) {
    return [];
  }
  const values = new Map(
    names
      .filter((name) => (base.values[name] ?? null) !== null)
      .map((name) => [name, literal(base.values[name])]),
  );
  return [make('insert', insertInto(relation, values), { judge: 'direct' })];
}

/** A column that may be written without breaking anything, and preferably tells whose row it is. */
function writableColumn(aim: Aim): Column | undefined {
  const { relation } = aim;
  const allowed = columnsFor(aim.scene, aim.actor, relation, 'update');
  const scope = aim.scene.tenancy.scopeOf(relation);
  const plain = relation.columns.filter(
    ({ name, generated, identity }) =>
      !generated &&
      identity !== 'a' &&
      !(scope.kind === 'tenant' && scope.column === name) &&
      !relation.keys.some(({ columns }) => columns.includes(name)) &&
      !relation.foreignKeys.some(({ columns }) => columns.includes(name)) &&
      !relation.partitionKey.includes(name),
  );
  const mayBe = plain.filter(({ name }) => !allowed || allowed.includes(name));
  const rank = (column: Column): number =>
    (column.base === 'text' ? 0 : 4) +
    (relation.checks.some(({ columns }) => columns.includes(column.name)) ? 2 : 0) +
    ((aim.theirs?.values[column.name] ?? null) === null ? 1 : 0);
  return (
    mayBe.toSorted((one, two) => rank(one) - rank(two))[0] ??
    relation.columns.find(
      ({ name, generated, identity }) =>
        !generated && identity !== 'a' && (!allowed || allowed.includes(name)),
    )
  );
}

function upserts(aim: Aim): Probe[] {
  const { relation, theirs, make, scene } = aim;
  const key = relation.keys.find(({ columns, primary }) => primary && columns.length > 0);
  const column = writableColumn(aim);
  if (!theirs || !key || !column) {
    return [];
  }
  const values = new Map(
    [...new Set([...theirs.given, ...key.columns])]
      .filter((name) => (theirs.values[name] ?? null) !== null)
      .map((name) => [name, literal(theirs.values[name])]),
  );
  const scope = scene.tenancy.scopeOf(relation);
  const tenant =
    scope.kind === 'tenant' && relation.id !== scene.tenancy.root?.id ? scope.column : '';
  const unguessable = relation.keys.every(({ columns }) =>
    columns.some((name) => name !== tenant && isUnguessable(aim, name)),
  );
  return variants(aim, values)
    .slice(0, 1)
    .flatMap((some) => [
      make('upsert', insertInto(relation, some, ' on conflict do nothing'), {
        judge: 'blind',
        unguessable,
      }),
      make(
        'upsert',
        insertInto(
          relation,
          some,
          ` on conflict (${key.columns.map(ident).join(', ')}) do update set ${ident(column.name)} = excluded.${ident(column.name)}`,
        ),
        { judge: 'direct' },
      ),
    ]);
}

function updates(aim: Aim): Probe[] {
  const { relation, theirs, mine, make, scene } = aim;
  if (isView(relation) && !relation.writable.update) {
    return [];
  }
  const column = writableColumn(aim);
  const where = whereTheirs(aim);
  if (!column) {
    return [];
  }
  const name = ident(column.name);
  const probes: Probe[] = [];
  const value = literal(theirs?.values[column.name] ?? null);
  const rewritten = theirs ? value : name;
  if (where !== undefined) {
    const sql = `update ${relation.sql} set ${name} = ${rewritten} where ${where}`;
    probes.push(make('update', sql, { judge: 'direct' }));
    probes.push(make('update', `${sql} returning ${aim.select}`, { judge: 'direct' }));
  }
  if (scene.tenancy.scopeOf(relation).kind === 'shared' && !isView(relation)) {
    return probes;
  }
  const other = literal(mine?.values[column.name] ?? theirs?.values[column.name] ?? null);
  if (mine || where === undefined) {
    probes.push(
      make('update', `update ${relation.sql} set ${name} = ${mine ? other : name}`, {
        judge: 'blind',
      }),
    );
  }
  const scope = scene.tenancy.scopeOf(relation);
  const tenantColumn = scope.kind === 'tenant' ? scope.column : scene.tenancy.column;
  const has = relation.columns.some((one) => one.name === tenantColumn);
  if (has && relation.id !== scene.tenancy.root?.id && mine && theirs) {
    const to = (id: string): string =>
      `update ${relation.sql} set ${ident(tenantColumn)} = ${quote(id)}`;
    const move = { judge: 'direct' as const, rule: 'tenant-changed' as const };
    probes.push(
      make('move', `${to(scene.b.party.id)} where ${whereRow(mine)}`, {
        ...move,
        prepare: clearing(aim, scene.a, mine),
      }),
      make('move', to(scene.b.party.id), {
        ...move,
        judge: 'blind',
        prepare: clearing(aim, scene.a, mine),
      }),
      make('move', `${to(scene.a.party.id)} where ${whereRow(theirs)}`, {
        ...move,
        prepare: clearing(aim, scene.b, theirs),
      }),
    );
  }
  return probes;
}

function clearing(aim: Aim, population: Scene['a'], row: Row): string | undefined {
  return aim.scene.clearing.get(clearingKey(population, row)) || undefined;
}

function deletes(aim: Aim): Probe[] {
  const { relation, theirs, mine, make, scene } = aim;
  if (isView(relation) && !relation.writable.delete) {
    return [];
  }
  const where = whereTheirs(aim);
  const shared = scene.tenancy.scopeOf(relation).kind === 'shared' && !isView(relation);
  const population = shared ? scene.shared : scene.b;
  const probes: Probe[] = [];
  const theirsCleared = theirs ? clearing(aim, population, theirs) : undefined;
  if (where !== undefined) {
    probes.push(
      make('delete', `delete from ${relation.sql} where ${where}`, {
        judge: 'direct',
        prepare: theirsCleared,
      }),
    );
  }
  if (!shared) {
    const cleared = [theirsCleared, mine ? clearing(aim, scene.a, mine) : undefined]
      .filter(Boolean)
      .join('; ');
    probes.push(
      make('delete', `delete from ${relation.sql}`, {
        judge: 'blind',
        prepare: cleared || undefined,
      }),
    );
  }
  return probes.length > 0
    ? probes
    : unlessAllowed(aim, 'delete', `delete from ${relation.sql} where false`);
}

function merges(aim: Aim): Probe[] {
  const { relation, theirs, make } = aim;
  const column = writableColumn(aim);
  if (!theirs || !column) {
    return [];
  }
  const head = `merge into ${relation.sql} as t using (values (1)) as s (one) on ${whereRow(theirs, 't.')}`;
  const row = rowToInsert(aim, 'b');
  const values = row ? variants(aim, row.values)[0] : undefined;
  const probes = [
    make(
      'merge',
      `${head} when matched then update set ${ident(column.name)} = ${literal(theirs.values[column.name])}`,
      { judge: 'direct' },
    ),
    make('merge', `${head} when matched then delete`, {
      judge: 'direct',
      prepare: clearing(aim, aim.scene.b, theirs),
    }),
  ];
  if (values) {
    probes.push(
      make(
        'merge',
        `merge into ${relation.sql} as t using (values (1)) as s (one) on false when not matched then insert (${[...values.keys()].map(ident).join(', ')}) values (${[...values.values()].join(', ')})`,
        {
          judge: relation.id === aim.scene.tenancy.root?.id ? 'blind' : 'direct',
          prepare: row?.prepare,
        },
      ),
    );
  }
  return probes;
}

function truncates(aim: Aim): Probe[] {
  return [aim.make('truncate', `truncate ${aim.relation.sql}`, { judge: 'privilege' })];
}

/** Whether existing values of other companies show in what one's own company may do. */
function oracles(aim: Aim): Probe[] {
  const { relation, theirs, mine, make, scene, actor } = aim;
  const row = rowToInsert(aim, 'a');
  if (!theirs || !row || relation.partitionOf || actor.home !== 'A') {
    return [];
  }
  const { tenancy } = scene;
  const probes: Probe[] = [];
  const with_ = (names: readonly string[]): Map<string, string> => {
    const values = new Map(row.values);
    for (const name of names) {
      values.set(name, literal(theirs.values[name]));
    }
    return values;
  };
  const scope = tenancy.scopeOf(relation);
  const tenant = scope.kind === 'tenant' && relation.id !== tenancy.root?.id ? scope.column : '';
  const updatable = columnsFor(scene, actor, relation, 'update') ?? [];
  const insertVariant = (values: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    variants(aim, values)[0] ?? values;
  for (const key of relation.keys) {
    const names = key.columns.filter(
      (name) => name !== tenant && (theirs.values[name] ?? null) !== null,
    );
    if (names.length === 0) {
      continue;
    }
    const unguessable = names.some((name) => isUnguessable(aim, name));
    const base = {
      judge: 'oracle' as const,
      rule: 'unique-oracle' as const,
      unguessable,
      prepare: row.prepare,
    };
    const values = insertVariant(with_(names));
    probes.push(
      make('unique', insertInto(relation, values), base),
      make('unique', insertInto(relation, values, ' on conflict do nothing'), base),
    );
    if (mine && names.every((name) => updatable.includes(name))) {
      const set = names
        .map((name) => `${ident(name)} = ${literal(theirs.values[name])}`)
        .join(', ');
      probes.push(
        make('unique', `update ${relation.sql} set ${set} where ${whereRow(mine)}`, base),
      );
    }
  }
  // Unique expressions and exclusion constraints: everything alike but ids and references.
  if (relation.keys.some(({ columns }) => columns.length === 0)) {
    const referring = new Set(relation.foreignKeys.flatMap(({ columns }) => columns));
    const plain = relation.columns
      .map(({ name }) => name)
      .filter(
        (name) =>
          name !== tenant &&
          row.values.has(name) &&
          !referring.has(name) &&
          !isUnguessable(aim, name),
      );
    probes.push(
      make('unique', insertInto(relation, insertVariant(with_(plain))), {
        judge: 'oracle',
        rule: 'unique-oracle',
        prepare: row.prepare,
      }),
    );
  }
  for (const key of relation.foreignKeys) {
    const target = scene.catalog.relation(key.target);
    if (!target || tenancy.scopeOf(target).kind === 'shared') {
      continue;
    }
    const parent = target.id === relation.id ? theirs : rowIn(scene.b, target);
    const names = key.columns.filter((name) => name !== tenant);
    if (!parent || names.length === 0 || relation.id === tenancy.root?.id) {
      continue;
    }
    const values = new Map(row.values);
    for (const name of names) {
      values.set(name, literal(parent.values[key.targetColumns[key.columns.indexOf(name)] ?? '']));
    }
    const person = target.id === tenancy.people?.id;
    const base = {
      judge: 'oracle' as const,
      rule: 'reference-crossed' as const,
      unguessable: person,
      prepare: row.prepare,
    };
    probes.push(make('reference', insertInto(relation, insertVariant(values)), base));
    if (mine && names.every((name) => updatable.includes(name))) {
      const set = names.map((name) => `${ident(name)} = ${values.get(name)}`).join(', ');
      probes.push(
        make('reference', `update ${relation.sql} set ${set} where ${whereRow(mine)}`, base),
      );
    }
  }
  return probes;
}

/** A random UUID, or a reference to one: who knows it was told. */
function isUnguessable(aim: Aim, name: string): boolean {
  const { relation, scene } = aim;
  const column = relation.columns.find((one) => one.name === name);
  if (column?.base !== 'uuid') {
    // A secret made by the database, such as the token of an invitation.
    return /random|uuid|token|nonce|nanoid/.test(column?.default ?? '');
  }
  const referring = relation.foreignKeys.some(({ columns }) => columns.includes(name));
  return (
    referring || /uuid|random/.test(column.default ?? '') || relation.id === scene.tenancy.root?.id
  );
}

/** What the actor does at home: the positive side of the matrix. */
function own(aim: Aim): Probe[] {
  const { relation, mine, scene } = aim;
  if (!mine || READ_ONLY.has(relation.kind) || isView(relation)) {
    return [];
  }
  const make = (verb: Verb, sql: string, more: Partial<Probe> = {}): Probe =>
    aim.make(verb, sql, { judge: 'direct', target: 'own', ...more });
  const probes = [
    make('select', `select ${aim.select} from ${relation.sql} where ${whereRow(mine)}`),
  ];
  const row = rowToInsert(aim, 'a');
  if (row) {
    for (const values of variants(aim, row.values).slice(0, 1)) {
      const readable = columnsFor(scene, aim.actor, relation, 'select') !== null;
      const sql = insertInto(relation, values, readable ? ` returning ${aim.select}` : '');
      probes.push(make('insert', sql, { prepare: row.prepare }));
    }
  }
  const column = writableColumn(aim);
  if (column) {
    probes.push(
      make(
        'update',
        `update ${relation.sql} set ${ident(column.name)} = ${literal(mine.values[column.name])} where ${whereRow(mine)}`,
      ),
    );
  }
  probes.push(
    make('delete', `delete from ${relation.sql} where ${whereRow(mine)}`, {
      prepare: clearing(aim, scene.a, mine),
    }),
  );
  return probes;
}
