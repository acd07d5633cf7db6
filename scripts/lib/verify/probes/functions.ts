/** Attacks on functions: the other company's values in each parameter. */
import type { Actor } from '../actors.ts';
import type { Parameter, Routine } from '../catalog.ts';
import { type Population, personOf } from '../populate.ts';
import { type Fitting, fittingValues, plainValue } from './arguments.ts';
import { ident, literal, type Probe, quote, type Scene, subjectOf } from './probe.ts';

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
  const sql = hint.replaceAll(/\{([\w.]+)\}/g, (whole, reference: string) => {
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

/** The calls to try, the one with all parameters of the other company first. */
export function functionProbes(scene: Scene, actor: Actor, routine: Routine): Probe[] {
  if (!routine.callable || routine.parameters.some(({ base }) => base === 'internal')) {
    return [];
  }
  const fit = (population: Population): Fitting[] =>
    routine.parameters.map(
      (one) => hinted(scene, routine, population, one) ?? fittingValues(scene, population, one),
    );
  const theirs = fit(scene.b);
  const mine = fit(scene.a);
  const named = routine.parameters.every(({ name }) => name !== '');
  const build = (from: readonly Fitting[], replaced?: { index: number; sql: string }): string => {
    const given = new Map<number, string>();
    let gap = false;
    routine.parameters.forEach((parameter, index) => {
      const fitting = from[index];
      const value =
        fitting?.named[0] ?? (parameter.base === 'uuid' ? fitting?.guessed[0] : undefined);
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
  theirs.forEach(({ named: fitting, guessed }, index) => {
    for (const sql of [...fitting, ...guessed]) {
      calls.push(build(mine, { index, sql }), build(theirs, { index, sql }));
    }
  });
  // Nothing of a company in its parameters, or all of them optional: as it is.
  calls.push(build(mine));
  const reachable = scene.catalog.rights.get(`${actor.role} ${routine.id}`)?.includes('execute');
  return [...new Set(calls)].slice(0, reachable ? MOST_CALLS : 1).map((sql) => ({
    ...subjectOf(routine),
    verb: 'execute',
    target: 'other',
    sql,
    judge: 'blind',
    rule: 'row-read',
    // Whoever may not enter it is refused at the door: the statement itself is valid for its owner.
    ...(reachable ? {} : { control: routine.procedure ? sql : `explain ${sql}` }),
  }));
}
