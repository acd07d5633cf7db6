/** Mutants of policies. */
import type { Catalog, Policy } from './catalog.ts';
import { firstStrings, spliced, weakenings } from './conditions.ts';
import { word } from './cuts.ts';
import { tokensOf } from './sql-tree.ts';
import { inLine, literal, type Mutant, quoted, slug } from './types.ts';

/** The gate, whose first parameter is a permission. */
export const GATE = 'private.company_for';

const TITLES = { using: 'USING', check: 'WITH CHECK', both: 'USING and WITH CHECK' } as const;

/** The same permission with the other verb, and the same verb on another resource, where they exist. */
export function otherPermissions(permission: string, known: readonly string[]): string[] {
  const [resource = '', verb = ''] = permission.split('.');
  const otherVerb = known.find((one) => one.startsWith(`${resource}.`) && one !== permission);
  const others = known.filter((one) => one.endsWith(`.${verb}`));
  const otherResource = others[(others.indexOf(permission) + 1) % others.length];
  return [otherVerb, otherResource].filter(
    (one, index, all): one is string =>
      one !== undefined && one !== permission && all.indexOf(one) === index,
  );
}

function createPolicy(policy: Policy, changes: Partial<Policy>): string {
  const changed = { ...policy, ...changes };
  const { name, schema, table, permissive, command, roles, using, check, comment } = changed;
  const on = `on ${quoted(schema)}.${quoted(table)}`;
  const statements = [
    `drop policy ${quoted(name)} ${on}`,
    [
      `create policy ${quoted(name)} ${on}`,
      `  as ${permissive ? 'permissive' : 'restrictive'} for ${command} to ${roles.join(', ')}`,
      ...(using === null ? [] : [`  using (${using})`]),
      ...(check === null ? [] : [`  with check (${check})`]),
    ].join('\n'),
    // Otherwise the lost comment would be noticed instead of the change.
    ...(comment === null ? [] : [`comment on policy ${quoted(name)} ${on} is ${literal(comment)}`]),
  ];
  return statements.join(';\n');
}

class PolicyMutants {
  readonly mutants: Mutant[] = [];
  readonly #policy: Policy;
  readonly #permissions: readonly string[];

  constructor(policy: Policy, permissions: readonly string[]) {
    this.#policy = policy;
    this.#permissions = permissions;
    const { using, check } = policy;
    this.#roles();
    this.#command();
    const same = using !== null && using === check;
    if (using !== null) {
      this.#widened('using', using);
    }
    if (check !== null) {
      this.#widened('check', check);
    }
    if (same) {
      this.#add(
        'both-true',
        'USING (true) WITH CHECK (true)',
        "another company's rows stay out of reach",
        this.#alter('using (true) with check (true)'),
      );
      this.#changed('both', using);
    } else {
      this.#changed('using', using);
      this.#changed('check', check);
    }
  }

  #add(what: string, description: string, wanted: string, sql: string): void {
    const { schema, table, label, name } = this.#policy;
    this.mutants.push({
      id: `policy/${label}/${name}/${what}`,
      class: 'policy',
      object: `${schema}.${table}`,
      description: `policy ${name} on ${label}: ${description}`,
      wanted,
      sql,
    });
  }

  #alter(clause: string): string {
    const { schema, table, name } = this.#policy;
    return `alter policy ${quoted(name)} on ${quoted(schema)}.${quoted(table)} ${clause}`;
  }

  #roles(): void {
    const { roles, schema, table, name } = this.#policy;
    if (!this.#lockedOut()) {
      this.#add(
        'dropped',
        'dropped',
        'those whom the policy lets in can do what it allows',
        `drop policy ${quoted(name)} on ${quoted(schema)}.${quoted(table)}`,
      );
      this.#add(
        this.#policy.permissive ? 'restrictive' : 'permissive',
        `made ${this.#policy.permissive ? 'restrictive' : 'permissive'}`,
        'those whom the policy lets in can do what it allows, others cannot',
        createPolicy(this.#policy, { permissive: !this.#policy.permissive }),
      );
    }
    if (!roles.includes('public')) {
      this.#add(
        'to-public',
        'for every role',
        'the policy names its one role',
        this.#alter('to public'),
      );
      if (!roles.includes('anon')) {
        this.#add(
          'to-anon',
          'for anon, too',
          'the policy names its one role',
          this.#alter(`to ${[...roles, 'anon'].join(', ')}`),
        );
      }
    }
  }

  /** `using (false)`: it lets nobody in, so that dropping it changes nothing. */
  #lockedOut(): boolean {
    return this.#policy.using === 'false' && this.#policy.permissive;
  }

  #command(): void {
    const { command, using, check } = this.#policy;
    if (command !== 'all') {
      this.#add(
        'for-all',
        `for every command instead of ${command}`,
        'whoever may do the one may not do the others',
        createPolicy(this.#policy, { command: 'all', using: using ?? check }),
      );
    }
    // Without WITH CHECK the USING expression is checked: no change where both are the same.
    if (check !== null && using !== null && using !== check) {
      this.#add(
        'without-check',
        'without WITH CHECK',
        'what only WITH CHECK forbids is refused',
        createPolicy(this.#policy, { check: null }),
      );
    }
  }

  #widened(side: 'using' | 'check', expression: string): void {
    if (side === 'using') {
      this.#add(
        'using-or-true',
        'USING … or true',
        "another company's rows stay out of reach",
        this.#alter(`using ((${expression}) or true)`),
      );
    } else {
      this.#add(
        'check-true',
        'WITH CHECK (true)',
        'no row is written into another company',
        this.#alter('with check (true)'),
      );
    }
  }

  #changed(side: 'using' | 'check' | 'both', expression: string | null): void {
    for (const [what, description, changed] of expression === null
      ? []
      : this.#changes(expression)) {
      const clauses = [
        ...(side === 'check' ? [] : [`using (${changed})`]),
        ...(side === 'using' ? [] : [`with check (${changed})`]),
      ];
      this.#add(
        `${side}-${what}`,
        `${TITLES[side]}: ${description}`,
        'who may do this, and on which rows, is as declared',
        this.#alter(clauses.join(' ')),
      );
    }
  }

  /** Other permissions, another column instead of the company's, each condition left out. */
  *#changes(expression: string): Generator<[what: string, description: string, changed: string]> {
    const sql = `select ${expression}`;
    const tokens = tokensOf(sql);
    const change = (index: number, text: string): string =>
      spliced(sql, tokens, { from: index, to: index }, text).slice('select '.length);
    for (const { text, span } of firstStrings(sql, GATE)) {
      yield ['permission-null', `membership alone instead of ${text}`, change(span.from, 'null')];
      for (const other of otherPermissions(text, this.#permissions)) {
        yield [
          `permission-${slug(other)}`,
          `${other} instead of ${text}`,
          change(span.from, `'${other}'`),
        ];
      }
    }
    const other = this.#policy.uuidColumns.find((column) => column !== 'company_id');
    const place = tokens.findIndex(
      (token, index) => word(token) === 'company_id' && word(tokens[index + 1]) === '=',
    );
    if (other !== undefined && place >= 0) {
      yield [
        `column-${slug(other)}`,
        `${other} instead of company_id`,
        change(place, quoted(other)),
      ];
    }
    for (const { operator, text, description, span, replacement } of weakenings(sql)) {
      const changed = spliced(sql, tokens, span, replacement).slice('select '.length);
      yield [`${operator}-${slug(text)}`, `${description}: ${inLine(text)}`, changed];
    }
  }
}

/** Mutants of every policy. */
export function policyMutants(catalog: Catalog): Mutant[] {
  return catalog.policies.flatMap(
    (policy) => new PolicyMutants(policy, catalog.permissions).mutants,
  );
}
