/** Mutants of functions: who may execute them, whose rights they run with, and what they check. */
import type { Catalog, Routine } from './catalog.ts';
import { firstStrings, spliced, weakenings } from './conditions.ts';
import type { Span } from './cuts.ts';
import { type Anatomy, dissect, type Site } from './plpgsql.ts';
import { GATE, otherPermissions } from './policies.ts';
import { tokensOf } from './sql-tree.ts';
import { inLine, type Mutant, quoted, slug } from './types.ts';

const ROLES = ['anon', 'authenticated', 'public'] as const;

function nameOf({ schema, name, signature }: Routine): string {
  return `${quoted(schema)}.${quoted(name)}(${signature})`;
}

function objectOf({ schema, name, signature }: Routine): string {
  return `${schema}.${name}(${signature})`;
}

function privileges(routine: Routine): Mutant[] {
  const object = objectOf(routine);
  return ROLES.filter((role) => !routine.executors.includes(role)).map((role) => ({
    id: `function-grant/${object}/${role}`,
    class: 'function-grant',
    object,
    description: `${object}: EXECUTE is granted to ${role}`,
    wanted: `${role} cannot execute it`,
    sql: `grant execute on function ${nameOf(routine)} to ${role}`,
  }));
}

function security(routine: Routine): Mutant[] {
  const object = objectOf(routine);
  const mutant = (what: string, description: string, wanted: string, clause: string): Mutant => ({
    id: `function-security/${object}/${what}`,
    class: 'function-security',
    object,
    description: `${object}: ${description}`,
    wanted,
    sql: `alter function ${nameOf(routine)} ${clause}`,
  });
  const mutants = [
    routine.definer
      ? mutant(
          'invoker',
          'security invoker',
          'what it does for the caller still works',
          'security invoker',
        )
      : mutant(
          'definer',
          'security definer',
          'it runs with the rights of the caller',
          'security definer',
        ),
  ];
  if (routine.searchPath !== null) {
    const wanted = 'its search_path is pinned, pg_temp last';
    mutants.push(
      mutant('search-path-reset', 'search_path is not pinned', wanted, 'reset search_path'),
    );
    if (routine.definer) {
      mutants.push(
        mutant(
          'search-path-empty',
          'an empty search_path, which finds types in pg_temp',
          wanted,
          `set search_path = ''`,
        ),
      );
    }
  }
  return mutants;
}

/** A change of a function's source. */
interface Change {
  readonly operator: string;
  readonly text: string;
  readonly description: string;
  readonly span: Span;
  readonly replacement: string;
}

/** The tokens of the source that belong to tokens of a site; undefined if some were put in front. */
function inSource(site: Site, span: Span): Span | undefined {
  const from = site.places[span.from];
  const to = site.places[span.to];
  return from === undefined || to === undefined ? undefined : { from, to };
}

function textOf(source: string, anatomy: Anatomy, span: Span): string {
  return source.slice(anatomy.tokens[span.from]?.start, anatomy.tokens[span.to]?.end);
}

function* siteChanges(
  routine: Routine,
  site: Site,
  permissions: readonly string[],
): Generator<Omit<Change, 'text'>> {
  const last = site.places.length - 1;
  const whole = inSource(site, { from: 1, to: last });
  const constant = /^select\s+(?:true|false|null|found)$/i.test(site.sql);
  if (whole && (site.kind === 'if' || site.kind === 'while') && !constant) {
    const never = { description: 'a condition is never met', span: whole, replacement: 'false' };
    yield { operator: `${site.kind}-never`, ...never };
    if (site.kind === 'if') {
      const always = { description: 'a condition is always met', span: whole, replacement: 'true' };
      yield { operator: 'if-always', ...always };
    }
  }
  if (whole && site.kind === 'return' && routine.result === 'boolean' && !constant) {
    yield {
      operator: 'return-true',
      description: 'it answers true',
      span: whole,
      replacement: 'true',
    };
  }
  for (const { operator, description, span, replacement } of weakenings(site.sql)) {
    const place = inSource(site, span);
    if (place) {
      yield { operator, description, span: place, replacement };
    }
  }
  for (const { text, span } of firstStrings(site.sql, GATE)) {
    const place = inSource(site, span);
    for (const other of place ? [null, ...otherPermissions(text, permissions)] : []) {
      yield {
        operator: `permission-${slug(other ?? 'null')}`,
        description: other === null ? 'membership alone is asked for' : `${other} is asked for`,
        span: place ?? span,
        replacement: other === null ? 'null' : `'${other}'`,
      };
    }
  }
}

function* removals(routine: Routine, anatomy: Anatomy): Generator<Omit<Change, 'text'>> {
  for (const { kind, from, to, insideIf } of anatomy.removables) {
    if (kind !== 'raise') {
      const description = `${kind === 'assignment' ? 'an assignment' : 'a statement'} is left out`;
      yield { operator: `drop-${kind}`, description, span: { from, to }, replacement: 'null;' };
    } else if (routine.isTrigger && !insideIf) {
      const replacement = 'return coalesce(new, old);';
      yield {
        operator: 'drop-raise',
        description: 'it lets pass',
        span: { from, to },
        replacement,
      };
    }
  }
}

/** Every change of the body of a function in PL/pgSQL or SQL. */
function changesOf(routine: Routine, permissions: readonly string[]): Change[] {
  const { source, definition, language } = routine;
  if (language === 'sql') {
    // A body in the SQL standard's form has no source of its own.
    return source === '' ? [] : weakenings(source);
  }
  if (language !== 'plpgsql') {
    return [];
  }
  const anatomy = dissect(source, definition);
  const changes = [
    ...anatomy.sites.flatMap((site) => [...siteChanges(routine, site, permissions)]),
    ...removals(routine, anatomy),
  ];
  return changes.map((change) => ({ ...change, text: textOf(source, anatomy, change.span) }));
}

function bodies(routine: Routine, permissions: readonly string[]): Mutant[] {
  const { source, definition } = routine;
  const object = objectOf(routine);
  const tokens = tokensOf(source);
  const begin = definition.lastIndexOf(source);
  return changesOf(routine, permissions).map(
    ({ operator, text, description, span, replacement }) => {
      const changed = spliced(source, tokens, span, replacement);
      return {
        id: `function-body/${object}/${operator}/${slug(text)}`,
        class: 'function-body',
        object,
        description: `${object}, line ${tokens[span.from]?.line}: ${description}: ${inLine(text)}`,
        wanted: `something that goes another way when ${description}`,
        sql: definition.slice(0, begin) + changed + definition.slice(begin + source.length),
      };
    },
  );
}

/** Mutants of every function. */
export function functionMutants(catalog: Catalog): Mutant[] {
  return catalog.routines.flatMap((routine) => [
    ...privileges(routine),
    ...security(routine),
    ...bodies(routine, catalog.permissions),
  ]);
}
