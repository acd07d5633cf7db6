/**
 * The cast: the companies and people of `supabase/seed.sql`, as data. Tests, tokens and the isolation matrix name
 * people, never ids. A test compares this file with the seeded tables.
 */

/** Everybody of the cast signs in with this password on a development database. Never use it elsewhere. */
export const DEVELOPMENT_PASSWORD = 'lytbub-dev-password';

const COMPANY_SLUGS = ['lytbub', 'acme', 'globex', 'initech'] as const;
const ACTOR_NAMES = [
  'olga',
  'alice',
  'adam',
  'cora',
  'bob',
  'mia',
  'sam',
  'ivan',
  'eve',
  'anonymous',
] as const;

/** Slug of a company of the cast. */
export type CompanySlug = (typeof COMPANY_SLUGS)[number];
/** Name of a member of the cast. */
export type ActorName = (typeof ACTOR_NAMES)[number];
/** What somebody is in a company (`public.users.role`). */
export type MemberRole = 'admin' | 'client' | 'agent' | 'compliance_admin';

/** A company of the cast. */
export interface Company {
  readonly id: string;
  readonly slug: CompanySlug;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly isOperator: boolean;
}

/** A row of `public.users`: what a person is in one company. */
export interface Membership {
  readonly company: CompanySlug;
  readonly role: MemberRole;
  readonly status: 'active' | 'disabled';
}

/** A member of the cast. The anonymous visitor alone has neither id nor e-mail. */
export interface Actor {
  readonly name: ActorName;
  readonly id: string | null;
  readonly email: string | null;
  readonly memberships: readonly Membership[];
  /** One line for tables and help texts. */
  readonly description: string;
}

const companyId = (number: number): string => `00000000-0000-4000-8000-00000000c00${number}`;
const userId = (number: number): string => `00000000-0000-4000-8000-00000000a00${number}`;

/** The companies: the operator, two that must never see each other, and a suspended one. */
export const COMPANIES: Readonly<Record<CompanySlug, Company>> = {
  lytbub: {
    id: companyId(0),
    slug: 'lytbub',
    name: 'LytbuB',
    status: 'active',
    isOperator: true,
  },
  acme: { id: companyId(1), slug: 'acme', name: 'Acme', status: 'active', isOperator: false },
  globex: { id: companyId(2), slug: 'globex', name: 'Globex', status: 'active', isOperator: false },
  initech: {
    id: companyId(3),
    slug: 'initech',
    name: 'Initech',
    status: 'suspended',
    isOperator: false,
  },
};

const member = (
  company: CompanySlug,
  role: MemberRole,
  status: Membership['status'] = 'active',
): Membership => ({ company, role, status });

/** The people, by name. */
export const CAST: Readonly<Record<ActorName, Actor>> = {
  olga: {
    name: 'olga',
    id: userId(0),
    email: 'olga@lytbub.example',
    memberships: [member('lytbub', 'admin')],
    description: 'platform operator (admin)',
  },
  alice: {
    name: 'alice',
    id: userId(1),
    email: 'alice@acme.example',
    memberships: [member('acme', 'client')],
    description: 'client of Acme',
  },
  adam: {
    name: 'adam',
    id: userId(2),
    email: 'adam@acme.example',
    memberships: [member('acme', 'agent')],
    description: 'agent of Acme with few permissions',
  },
  cora: {
    name: 'cora',
    id: userId(3),
    email: 'cora@acme.example',
    memberships: [member('acme', 'compliance_admin')],
    description: 'compliance administrator of Acme',
  },
  bob: {
    name: 'bob',
    id: userId(4),
    email: 'bob@globex.example',
    memberships: [member('globex', 'client')],
    description: 'client of Globex',
  },
  mia: {
    name: 'mia',
    id: userId(5),
    email: 'mia@acme.example',
    memberships: [member('acme', 'agent'), member('globex', 'client')],
    description: 'agent of Acme (her default) and client of Globex',
  },
  sam: {
    name: 'sam',
    id: userId(6),
    email: 'sam@acme.example',
    memberships: [member('acme', 'client', 'disabled')],
    description: 'disabled in Acme',
  },
  ivan: {
    name: 'ivan',
    id: userId(7),
    email: 'ivan@initech.example',
    memberships: [member('initech', 'client')],
    description: 'client of Initech, which is suspended',
  },
  eve: {
    name: 'eve',
    id: userId(8),
    email: 'eve@outsider.example',
    memberships: [],
    description: 'signed in, member of no company',
  },
  anonymous: {
    name: 'anonymous',
    id: null,
    email: null,
    memberships: [],
    description: 'not signed in',
  },
};

/** Names of the cast, in the order in which tables show them. */
export const actorNames: readonly ActorName[] = ACTOR_NAMES;
/** Slugs of the companies, operator first. */
export const companySlugs: readonly CompanySlug[] = COMPANY_SLUGS;

/** True if the text names a member of the cast. */
export function isActorName(text: string): text is ActorName {
  return (ACTOR_NAMES as readonly string[]).includes(text);
}

/** True if the text is the slug of a company of the cast. */
export function isCompanySlug(text: string): text is CompanySlug {
  return (COMPANY_SLUGS as readonly string[]).includes(text);
}
