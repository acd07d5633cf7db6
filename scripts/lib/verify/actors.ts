/** Who tries: everybody who can get a token, or none, and those who may, for the positive controls. */
import pg from 'pg';
import type { Catalog } from './catalog.ts';
import type { VerifyConfig } from './config.ts';
import type { Person, Population, Populator } from './populate.ts';
import type { Tenancy } from './tenancy.ts';
import type { ActorSummary } from './types.ts';
import { syntheticId } from './values.ts';

/** Somebody with everything that a request brings. */
export interface Actor extends Omit<ActorSummary, 'kind'> {
  /** `member of B` and `backend` serve as controls only. */
  readonly kind: 'attacker' | 'operator' | 'control';
  /** The company whose rows are their own. */
  readonly home: 'A' | 'B' | null;
  readonly role: string;
  readonly userId: string | null;
  /** Settings of the transaction: claims, headers, and what the configuration adds. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What somebody brought that could not be made. */
export interface ActorProblem {
  readonly actor: string;
  readonly reason: string;
}

type Claims = Record<string, unknown>;

const HEADERS = ['x-company-id', 'x-tenant-id', 'x-organization-id', 'x-account-id'];

/** Makes actors. */
export class Casting {
  readonly #client: pg.ClientBase;
  readonly #catalog: Catalog;
  readonly #config: VerifyConfig;
  readonly #tenancy: Tenancy;
  readonly #hook: string | undefined;

  constructor(client: pg.ClientBase, catalog: Catalog, config: VerifyConfig, tenancy: Tenancy) {
    this.#client = client;
    this.#catalog = catalog;
    this.#config = config;
    this.#tenancy = tenancy;
    const wanted = config.impersonate?.hook;
    this.#hook = catalog.routines.find(
      ({ schema, name }) =>
        wanted === `${schema}.${name}` || (!wanted && name === 'custom_access_token_hook'),
    )?.sql;
  }

  /** The claims of a fresh token, through the project's own token hook if it has one. */
  async claims(person: Person, party: Population['party'] | null): Promise<Claims> {
    const claims = this.#issued(person, party);
    if (!this.#hook) {
      return claims;
    }
    await this.#client.query('savepoint hook');
    const { rows } = await this.#client.query<{ claims: Claims | null }>(
      `select ${this.#hook}($1) -> 'claims' as claims`,
      [
        JSON.stringify({
          user_id: person.id,
          claims,
          // A sign-in would be recorded, and what is recorded of one attacker would answer another.
          authentication_method: 'token_refresh',
        }),
      ],
    );
    await this.#client.query('release savepoint hook');
    return rows[0]?.claims ?? claims;
  }

  /** What stands in a token before a hook has seen it. */
  #issued(person: Person, party: Population['party'] | null): Claims {
    const issuedAt = Math.floor(Date.now() / 1000);
    return {
      iss: 'verify',
      sub: person.id,
      aud: 'authenticated',
      exp: issuedAt + 3600,
      iat: issuedAt,
      email: person.email,
      phone: '',
      app_metadata: {},
      user_metadata: {},
      role: this.#config.impersonate?.role ?? 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: issuedAt }],
      session_id: syntheticId('eeeeeeee', 1),
      is_anonymous: false,
      ...(this.#fill(this.#config.impersonate?.claims ?? {}, person, party) as Claims),
    };
  }

  #fill(value: unknown, person: Person, party: Population['party'] | null): unknown {
    if (typeof value === 'string') {
      return value
        .replaceAll('{user}', person.id)
        .replaceAll('{tenant}', party?.id ?? '')
        .replaceAll('{role}', person.role)
        .replaceAll('{email}', person.email);
    }
    if (Array.isArray(value)) {
      return value.map((one) => this.#fill(one, person, party));
    }
    if (typeof value === 'object' && value !== null) {
      // Who belongs to no company has no claim that names one.
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, one]) => party !== null || one !== '{tenant}')
          .map(([name, one]) => [name, this.#fill(one, person, party)]),
      );
    }
    return value;
  }

  #settings(
    claims: Claims,
    headers: Record<string, string>,
    person: Person | null,
    party: Population['party'] | null,
  ): Record<string, string> {
    const extra = this.#config.impersonate?.settings ?? {};
    const nobody: Person = person ?? { id: '', email: '', role: '' };
    return {
      'request.jwt.claims': JSON.stringify(claims),
      'request.jwt.claim.sub': typeof claims.sub === 'string' ? claims.sub : '',
      'request.jwt.claim.role': String(claims.role ?? ''),
      'request.headers': JSON.stringify(headers),
      ...Object.fromEntries(
        Object.entries(extra).map(([name, text]) => [
          name,
          String(this.#fill(text, nobody, party)),
        ]),
      ),
    };
  }

  /** A member with a fresh token. */
  async member(
    name: string,
    description: string,
    kind: Actor['kind'],
    person: Person,
    company: Population,
  ): Promise<Actor> {
    const claims = await this.claims(person, company.party);
    return {
      name,
      description,
      kind,
      home: company.party.label === 'A' ? 'A' : company.party.label === 'B' ? 'B' : null,
      role: String(claims.role),
      userId: person.id,
      settings: this.#settings(claims, {}, person, company.party),
    };
  }

  /** A member of A whose request claims to be about B wherever a claim or header can stand. */
  async forged(person: Person, a: Population, b: Population): Promise<Actor> {
    const claims = await this.claims(person, a.party);
    const column = this.#tenancy.column;
    const lie = { [column]: b.party.id, tenant_id: b.party.id, org_id: b.party.id, role: 'admin' };
    const forged: Claims = {
      ...claims,
      [column]: b.party.id,
      tenant_id: b.party.id,
      app_metadata: { ...(claims.app_metadata as object), ...lie },
      user_metadata: { ...(claims.user_metadata as object), ...lie },
    };
    const headers = Object.fromEntries(
      [...HEADERS, `x-${column.replaceAll('_', '-')}`].map((header) => [header, b.party.id]),
    );
    return {
      name: `forged ${person.role || 'member'} of A`,
      description: `${person.role || 'member'} of A; claims, metadata and headers name B`,
      kind: 'attacker',
      // What the request asks for is B; their own rows are not measured.
      home: null,
      role: String(claims.role),
      userId: person.id,
      settings: this.#settings(forged, headers, person, b.party),
    };
  }

  /** Signed in, member of nothing. */
  async nobody(person: Person): Promise<Actor> {
    const claims = await this.claims(person, null);
    return {
      name: 'member of nothing',
      description: 'signed in, member of no company',
      kind: 'attacker',
      home: null,
      role: String(claims.role),
      userId: person.id,
      settings: this.#settings(claims, {}, person, null),
    };
  }

  /** A valid token of somebody who does not exist, of nobody, and no token. */
  strangers(): Actor[] {
    const role = this.#config.impersonate?.role ?? 'authenticated';
    const ghost = syntheticId('dddddddd', 1);
    const claims = this.#issued({ id: ghost, email: 'unknown@verify.test', role: '' }, null);
    const { sub: _sub, email: _email, ...anonymous } = claims;
    const result: Actor[] = [
      {
        name: 'unknown user',
        description: 'a token whose subject does not exist',
        kind: 'attacker',
        home: null,
        role,
        userId: ghost,
        settings: this.#settings(claims, {}, null, null),
      },
      {
        name: 'token without subject',
        description: 'the API role without a subject in the claims',
        kind: 'attacker',
        home: null,
        role,
        userId: null,
        settings: this.#settings(anonymous, {}, null, null),
      },
    ];
    if (this.#catalog.roles.includes('anon')) {
      result.push({
        name: 'anonymous',
        description: 'not signed in',
        kind: 'attacker',
        home: null,
        role: 'anon',
        userId: null,
        settings: this.#settings({ role: 'anon' }, {}, null, null),
      });
    }
    return result;
  }

  /** Those who may do everything: controls of last resort. */
  async backends(member: Actor | undefined): Promise<Actor[]> {
    const { rows } = await this.#client.query<{ found: boolean }>(
      `select exists (select from pg_roles where rolname = 'service_role' and pg_has_role(current_user, oid, 'member')) as found`,
    );
    const owner: Actor = {
      name: 'database owner',
      description: 'the role of this connection',
      kind: 'control',
      home: null,
      role: this.#catalog.owner,
      userId: null,
      settings: this.#settings({}, {}, null, null),
    };
    const service: Actor = {
      ...owner,
      name: 'service_role',
      description: 'backend',
      role: 'service_role',
      settings: this.#settings({ role: 'service_role' }, {}, null, null),
    };
    const names = rows[0]?.found ? [service, owner] : [owner];
    // Where a trigger asks who it is, nobody is not enough.
    return member
      ? [
          ...names,
          { ...member, name: `database owner as ${member.name}`, role: this.#catalog.owner },
        ]
      : names;
  }
}

/** Everybody of a run. */
export interface Cast {
  readonly attackers: readonly Actor[];
  readonly operators: readonly Actor[];
  /** In the order in which they are asked: members of B, operators, backend, owner. */
  readonly controls: readonly Actor[];
  readonly problems: readonly ActorProblem[];
}

/** People of A and nobody's, who are there in both worlds. */
export interface Homeside {
  readonly members: readonly { name: string; person: Person; operator: boolean }[];
  readonly nobody: Person | null;
  /** Somebody who is about to become a member of B, and to be one no more. */
  readonly removed: { person: Person } | null;
  readonly problems: readonly ActorProblem[];
}

/** Creates the people of A, one for each role, and those that the configuration adds. */
export async function createHomeside(
  populator: Populator,
  a: Population,
  outside: Population,
  tenancy: Tenancy,
  config: VerifyConfig,
): Promise<Homeside> {
  const members: { name: string; person: Person; operator: boolean }[] = [];
  const problems: ActorProblem[] = [];
  const roles = tenancy.membership?.roles.length ? tenancy.membership.roles : [''];
  for (const role of roles) {
    const name = `${role || 'member'} of A`;
    const person = await populator.createMember(a, role);
    if ('problem' in person) {
      problems.push({ actor: name, reason: person.problem });
    } else {
      members.push({ name, person, operator: false });
    }
  }
  for (const extra of config.members) {
    const name = extra.operator ? extra.name : `${extra.name} of A`;
    const role = extra.role ?? roles[0] ?? '';
    const person = extra.ownMembership
      ? await populator.createPerson(extra.operator ? outside : a, role)
      : await populator.createMember(a, role);
    if ('problem' in person) {
      problems.push({ actor: name, reason: person.problem });
      continue;
    }
    let problem: string | undefined;
    for (const statement of extra.setup) {
      const made = await populator.run(
        statement
          .replaceAll('{tenant}', pg.escapeLiteral(a.party.id))
          .replaceAll('{user}', pg.escapeLiteral(person.id))
          .replaceAll('{email}', pg.escapeLiteral(person.email)),
      );
      if ('error' in made) {
        problem = `${made.error.message}, in: ${statement}`;
        break;
      }
    }
    if (problem) {
      problems.push({ actor: name, reason: problem });
    } else {
      members.push({ name, person, operator: extra.operator });
    }
  }
  const nobody = await populator.createPerson(outside, '');
  if ('problem' in nobody) {
    problems.push({ actor: 'member of nothing', reason: nobody.problem });
  }
  const removed = await populator.createPerson(outside, roles[0] ?? '');
  return {
    members,
    nobody: 'problem' in nobody ? null : nobody,
    removed: 'problem' in removed ? null : { person: removed },
    problems,
  };
}

/** Gives everybody their token. Company B must be there. */
export async function callCast(
  casting: Casting,
  populator: Populator,
  tenancy: Tenancy,
  home: Homeside,
  a: Population,
  b: Population,
  outside: Population,
): Promise<Cast> {
  const problems = [...home.problems];
  const attackers: Actor[] = [];
  const operators: Actor[] = [];
  const controls: Actor[] = [];
  for (const { name, person, operator } of home.members) {
    const kind = operator ? 'operator' : 'attacker';
    const description = operator ? 'may reach every company' : `member of A`;
    const actor = await casting.member(name, description, kind, person, operator ? outside : a);
    (operator ? operators : attackers).push(actor);
  }
  for (const person of b.people) {
    controls.push(
      await casting.member(`${person.role || 'member'} of B`, 'member of B', 'control', person, b),
    );
  }
  const first = home.members.find(({ operator }) => !operator);
  if (first) {
    attackers.push(await casting.forged(first.person, a, b));
  }
  if (home.removed && tenancy.membership) {
    const { person } = home.removed;
    const name = `removed ${person.role || 'member'} of B`;
    const joined = await populator.join(b, person, person.role);
    if (joined) {
      problems.push({ actor: name, reason: joined });
    } else {
      const actor = await casting.member(
        name,
        'was a member of B a moment ago, token still valid',
        'attacker',
        person,
        b,
      );
      const { relation, user } = tenancy.membership;
      const gone = await populator.run(
        `delete from ${relation.sql} where ${pg.escapeIdentifier(tenancy.column)} = ${pg.escapeLiteral(b.party.id)}
          and ${pg.escapeIdentifier(user)} = ${pg.escapeLiteral(person.id)}`,
      );
      b.rows.set(
        relation.id,
        (b.rows.get(relation.id) ?? []).filter((row) => row.values[user] !== person.id),
      );
      if ('error' in gone) {
        problems.push({ actor: name, reason: gone.error.message });
      } else {
        attackers.push({ ...actor, home: null });
      }
    }
  }
  if (home.nobody) {
    attackers.push(await casting.nobody(home.nobody));
  }
  attackers.push(...casting.strangers());
  controls.push(...operators, ...(await casting.backends(controls[0])));
  return { attackers, operators, controls, problems };
}
