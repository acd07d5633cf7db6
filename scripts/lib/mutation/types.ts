/** Mutants: the schema with one change that takes something of its protection away. */

/** The classes of mutants, in the order in which they are run and shown, and what belongs to each. */
export const MUTANT_CLASSES = {
  policy: 'row level security policies',
  rls: 'row level security switched off',
  'table-grant': 'privileges on tables',
  'column-grant': 'privileges on columns',
  'function-grant': 'who may execute functions',
  'function-security': 'whose rights functions run with, and where they look names up',
  'function-body': 'conditions, guards and statements of functions',
  trigger: 'triggers and their conditions',
  constraint: 'keys, unique indexes and checks that hold companies apart',
  view: 'views and whose rights they read with',
  platform: 'schemas, publications, default privileges, buckets',
} as const;

/** A class of mutants. */
export type MutantClass = keyof typeof MUTANT_CLASSES;

/** One change of the schema that the prover or the tests must notice. */
export interface Mutant {
  /** Stable: class, object, what is changed, separated by `/`. */
  readonly id: string;
  readonly class: MutantClass;
  /** Qualified name as the prover words it: `public.services`, `public.switch_company(uuid)`. */
  readonly object: string;
  /** One sentence: what is changed. */
  readonly description: string;
  /** What a test would have to show, for a mutant that survives. */
  readonly wanted: string;
  /** Applies the change, as role `postgres`, to a database as shipped. */
  readonly sql: string;
  /** The change can be impossible with the data at hand (a unique index over duplicates); tried before it counts. */
  readonly tentative?: boolean;
}

/** Quotes an identifier where it has to be. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a string constant. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A text as part of an id: lower case, digits and hyphens, cut at a length that still tells texts apart. */
export function slug(text: string, length = 60): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, length)
    .replace(/-+$/, '');
}

/** A text in one line, cut. */
export function inLine(text: string, length = 100): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
