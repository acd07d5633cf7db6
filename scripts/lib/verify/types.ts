/**
 * What the isolation prover says: actors, objects, cells, findings, and the certificate that holds them. Everything
 * in a certificate is in a stable order and free of times and random values, so that it can be committed and diffed.
 */

/** What kind of thing is attacked. */
export const OBJECT_KINDS = [
  'table',
  'partitioned table',
  'partition',
  'view',
  'materialized view',
  'foreign table',
  'sequence',
  'function',
  'storage bucket',
  'publication',
  'default privileges',
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** What is tried, in the order in which it is shown. */
export const VERBS = [
  'select',
  'lock',
  'join',
  'copy',
  'insert',
  'upsert',
  'update',
  'move',
  'delete',
  'merge',
  'truncate',
  'reference',
  'unique',
  'error',
  'estimate',
  'sequence',
  'execute',
  'shadow',
  'publish',
  'default',
] as const;
export type Verb = (typeof VERBS)[number];

/** One sentence for each verb, for legends. */
export const VERB_MEANINGS: Readonly<Record<Verb, string>> = {
  select: 'read rows: by key, all of them, counted',
  lock: 'read rows for update and for share',
  join: 'read rows through a join along each foreign key',
  copy: 'COPY to and from',
  insert: 'insert rows, also with RETURNING',
  upsert: 'INSERT … ON CONFLICT, do nothing and do update',
  update: 'update rows: by key, and blindly without WHERE',
  move: 'update a row so that it changes its company',
  delete: 'delete rows: by key, and blindly without WHERE',
  merge: 'MERGE, matched and not matched',
  truncate: 'TRUNCATE',
  reference: "refer to another company's row (foreign key)",
  unique: "collide with another company's unique values",
  error: 'make a row tell its values in an error text',
  estimate: 'read row estimates from EXPLAIN',
  sequence: 'read or set a sequence',
  execute: "call a function with another company's values in its parameters",
  shadow: 'put temporary objects in the way of a function',
  publish: 'what a publication sends past row level security',
  default: 'what a table created tomorrow would expose',
};

/**
 * What a cell came to. `denied`: every try was refused, reached nothing and told nothing, and somebody who may was
 * not. `allowed`: it worked, and nothing of another company was touched or told. `unproven`: refused, but nothing
 * shows that the try could have worked, or it failed for a reason that is no denial. `not covered`: not tried.
 */
export type Verdict = 'denied' | 'allowed' | 'leak' | 'unproven' | 'not covered';

/** Whose rows a try is aimed at. `shared`: rows that belong to no company. */
export type Target = 'own' | 'other' | 'shared';

/** Somebody who tries. */
export interface ActorSummary {
  /** Unique and stable, such as `client of A`, `removed client of A`, `anonymous`. */
  readonly name: string;
  /** `attacker`: nothing of company B may reach them. `operator`: may reach every company by declaration. */
  readonly kind: 'attacker' | 'operator';
  readonly description: string;
}

/** One cell of the matrix. */
export interface Cell {
  readonly actor: string;
  /** Qualified name, functions with their argument types: `public.switch_company(uuid)`. */
  readonly object: string;
  readonly kind: ObjectKind;
  readonly verb: Verb;
  readonly target: Target;
  readonly verdict: Verdict;
  /** How many different statements were tried. */
  readonly statements: number;
  /** Who did the same and could, where the verdict leans on one: `client of B`, `service_role`, `owner`. */
  readonly control?: string;
  /** Why it is unproven or not covered, or what leaks; one sentence. */
  readonly reason?: string;
}

/** The classes of what can be found. */
export const RULES = {
  'row-read': "another company's rows are returned",
  'row-inferred': "an answer depends on another company's data",
  'row-written': "another company's rows are inserted, changed or removed",
  'tenant-changed': 'a row is moved from one company to another',
  'reference-crossed': "a row refers to another company's row",
  'unique-oracle': "a unique constraint tells that another company's value exists",
  'shared-written': 'rows that belong to every company are changed by a member of one',
  'definer-search-path': 'a security definer function looks names up where its caller can put them',
  'sequence-exposed': 'a sequence can be read or set',
  'publication-deletes': "a publication sends another company's deletions past row level security",
  'default-privileges': 'a table created tomorrow is open from the start',
  'unprotectable-relation':
    'a materialized view or foreign table, which knows no row level security, is reachable',
  'planner-estimate': 'row estimates of EXPLAIN depend on the data of all companies',
  'unguessable-id':
    'an existing id can be told from a free one, by who knows the random id already',
  'not-a-denial': 'a try failed for a reason that is no denial',
  'no-control': 'nothing shows that the try could have worked',
  'not-covered': 'could not be tried',
} as const;
export type Rule = keyof typeof RULES;

/** What somebody saw, printed: the statement's result in world with company B's data and in the world without. */
export interface Evidence {
  /** A psql script: run it after the certificate's `setup`, in the same transaction. */
  readonly sql: string;
  /** What the attacker got while company B's data was there. */
  readonly withVictim: string;
  /** What the attacker got while it was not. */
  readonly withoutVictim?: string;
  /** Which rows of which tables changed under company B. */
  readonly damage?: string;
  /** The same by somebody who may. */
  readonly control?: { readonly by: string; readonly sql: string; readonly result: string };
}

/** Something to act upon (leak, unproven, not covered) or to know (note). */
export interface Finding {
  /** Stable: `<rule>:<object>:<verb>:<actor>`; the same flaw seen by several actors has one finding each. */
  readonly id: string;
  readonly level: 'leak' | 'unproven' | 'not covered' | 'note';
  readonly rule: Rule;
  readonly object: string;
  readonly kind: ObjectKind;
  readonly verb: Verb;
  /** Empty when it does not depend on who tries. */
  readonly actor: string;
  /** One sentence: who gets what. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
  readonly evidence?: Evidence;
  /** Why the configuration allows it. A finding with a reason does not count. */
  readonly exception?: string;
}

/** A discovered object, and which API roles reach it. */
export interface ObjectSummary {
  readonly name: string;
  readonly kind: ObjectKind;
  /** `tenant`: has the tenant column or leads to it by foreign keys; `shared`: belongs to no company. */
  readonly scope: 'tenant' | 'shared' | 'none';
  /** What each API role may do to it, as the catalog says: `authenticated: select, insert`. */
  readonly reachable: readonly string[];
}

/** The result of a run. */
export interface Certificate {
  readonly format: 1;
  /** Version of this tool. */
  readonly tool: string;
  /** Major version of the server. */
  readonly server: string;
  readonly tenancy: {
    readonly column: string;
    readonly root: string | null;
    readonly membership: string | null;
    readonly roles: readonly string[];
    readonly schemas: readonly string[];
  };
  readonly actors: readonly ActorSummary[];
  readonly objects: readonly ObjectSummary[];
  readonly cells: readonly Cell[];
  /** Leaks first, then unproven, not covered, notes; within a level by object, verb, actor. */
  readonly findings: readonly Finding[];
  /** SQL that builds the synthetic companies; with a finding's `sql` it reproduces the finding. */
  readonly setup: string;
  readonly summary: {
    readonly result: 'proven' | 'leak' | 'unproven';
    readonly leaks: number;
    readonly unproven: number;
    readonly notCovered: number;
    readonly notes: number;
    readonly excepted: number;
    readonly cells: number;
    readonly denied: number;
    readonly allowed: number;
    readonly statements: number;
  };
}
