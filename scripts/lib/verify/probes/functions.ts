/** Attacks on functions: the other company's values in each parameter. */
import type { Actor } from '../actors.ts';
import type { Parameter, Routine } from '../catalog.ts';
import { type Population, personOf } from '../populate.ts';
import { type Fitting, fittingValues, plainValue } from './arguments.ts';
import { columnsFor, ident, literal, type Probe, quote, type Scene, subjectOf } from './probe.ts';

const MOST_CALLS = 40;

function call(routine: Routine, given: ReadonlyMap<number, string>): string {
  const named = routine.parameters.every(({ name }) => name !== '');
  const list = [...given]
    .toSorted(([one], [two]) => one - two)
    .map(([index, sql]) =>
      named ? `${ident(routine.parameters[index]?.name ?? '')} => ${sql}` : sql,
    )
    .join(', ');
  return routine.procedure
    ? `call ${routine.sql}(${list})`
    : `select * from ${routine.sql}(${list})`;
}

/** What the configuration says about a parameter. */
function hinted(
  scene: Scene,
  routine: Routine,
  population: Population,
  { name }: Parameter,
): Fitting | undefined {
  const hint = scene.config.functions[routine.id]?.[name];
  if (hint === undefined) {
    return undefined;
  }
  const sql = hint.replaceAll(/\{([\w.]+(?:\{[^{}]*\})?)\}/g, (whole, reference: string) => {
    if (reference === 'tenant') {
      return quote(population.party.id);
    }
    if (reference === 'user' || reference.startsWith('user.')) {
      return quote(personOf(population, reference)?.id ?? '');
    }
    const dot = reference.lastIndexOf('.');
    const row = population.rows.get(reference.slice(0, dot))?.[0];
    return row ? literal(row.values[reference.slice(dot + 1)]) : whole;
  });
  return { named: [sql], guessed: [] };
}

/** Which tables show rows of company B: asked after a call, which may have changed who one is taken for. */
function lookAround(scene: Scene, actor: Actor): string | undefined {
  const { catalog, tenancy, b } = scene;
  const parts = catalog.relations.flatMap((relation) => {
    const scope = tenancy.scopeOf(relation);
    const readable = columnsFor(scene, actor, relation, 'select');
    return scope.kind === 'tenant' && readable?.includes(scope.column)
      ? [
          `select ${quote(relation.id)} as at, count(*) as n from ${relation.sql} where ${ident(scope.column)} = ${quote(b.party.id)}`,
        ]
      : [];
  });
  return parts.length > 0
    ? `select at, n from (${parts.join(' union all ')}) as t where n > 0`
    : undefined;
}

/** A filter that is left out, or null, must not mean everything. */
function withoutFilters(
  routine: Routine,
  build: (from: readonly Fitting[], replaced?: { index: number; sql: string }) => string,
): string[] {
  const nothing: Fitting[] = routine.parameters.map(() => ({ named: [], guessed: [] }));
  const nulls: Fitting[] = routine.parameters.map(({ type }) => ({
    named: [`null::${type}`],
    guessed: [],
  }));
  return routine.parameters.length === 0
    ? []
    : [
        build(nulls),
        ...(routine.parameters.some(({ optional }) => optional) ? [build(nothing)] : []),
      ];
}

/** The calls to try, the one with all parameters of the other company first. */
export function functionProbes(scene: Scene, actor: Actor, routine: Routine): Probe[] {
  if (!routine.callable || routine.parameters.some(({ base }) => base === 'internal')) {
    return [];
  }
  const fitting = (population: Population): Fitting[] =>
    routine.parameters.map(
      (one) => hinted(scene, routine, population, one) ?? fittingValues(scene, population, one),
    );
  const theirs = fitting(scene.b);
  const mine = fitting(scene.a);
  const named = routine.parameters.every(({ name }) => name !== '');
  const build = (from: readonly Fitting[], replaced?: { index: number; sql: string }): string => {
    const given = new Map<number, string>();
    let gap = false;
    routine.parameters.forEach((parameter, index) => {
      const one = from[index];
      const value = one?.named[0] ?? (parameter.base === 'uuid' ? one?.guessed[0] : undefined);
      let sql = replaced?.index === index ? replaced.sql : undefined;
      if (sql === undefined && !(parameter.optional && (value === undefined || replaced))) {
        sql = value ?? `${plainValue(scene, parameter)}::${parameter.type}`;
      }
      if (sql === undefined) {
        gap = true;
      } else if (named || !gap) {
        given.set(index, sql);
      }
    });
    return call(routine, given);
  };
  const calls = [build(theirs)];
  theirs.forEach(({ named: fits, guessed }, index) => {
    for (const sql of [...fits, ...guessed]) {
      calls.push(build(mine, { index, sql }), build(theirs, { index, sql }));
    }
  });
  // Nothing of a company in its parameters, or all of them optional: as it is.
  calls.push(build(mine), ...withoutFilters(routine, build));
  const reachable = scene.catalog.rights.get(`${actor.role} ${routine.id}`)?.includes('execute');
  const looking = reachable ? lookAround(scene, actor) : undefined;
  const statements = [...new Set(calls)].slice(0, reachable ? MOST_CALLS : 1);
  const probes = statements.map(
    (sql): Probe => ({
      ...subjectOf(routine),
      verb: 'execute',
      target: 'other',
      sql,
      judge: 'blind',
      rule: 'row-read',
      answers: routine.returns !== 'void' && !routine.procedure,
      // Whoever may not enter it is refused at the door: the statement itself is valid for its owner.
      ...(reachable ? {} : { control: routine.procedure ? sql : `explain ${sql}` }),
    }),
  );
  const [first] = probes;
  return looking && first
    ? [...probes, { ...first, sql: `${first.sql}; ${looking}`, unless: looking }]
    : probes;
}
