/**
 * Who may do what, declared by hand. The isolation matrix and the tests measure the database against this page, so it
 * is deliberately not derived from the migrations: a policy or a grant that changes must change here too.
 */
import type { ActorName, CompanySlug } from './cast.ts';

/** What is done to a table. */
export type Verb = 'select' | 'insert' | 'update' | 'delete';

/** All verbs, in the order in which they are shown. */
export const VERBS: readonly Verb[] = ['select', 'insert', 'update', 'delete'];

/** Letters of the verbs that are allowed: s(elect), i(nsert), u(pdate), d(elete). */
type Letters = string;

interface TableAccess {
  readonly client?: Letters;
  readonly agent?: Letters;
  readonly compliance_admin?: Letters;
  readonly admin: Letters;
}

/** What each role brings, per table; a role that is not named may do nothing. */
const BY_ROLE = {
  companies: { client: 'su', agent: 's', compliance_admin: 's', admin: 'siu' },
  users: { client: 'su', compliance_admin: 's', admin: 'siud' },
  invitations: { client: 's', compliance_admin: 's', admin: 's' },
  company_plans: { client: 's', admin: 'siu' },
  company_config: { client: 'su', agent: 's', compliance_admin: 's', admin: 'siud' },
  system_config: { admin: 'siud' },
  services: { client: 'siud', agent: 's', admin: 'siud' },
  invoices: { client: 'siud', admin: 'siud' },
  invoice_line_items: { client: 'siud', admin: 'siud' },
  ai_agents: { client: 'siud', admin: 'siud' },
  jobs: { client: 'siud', agent: 's', admin: 'siud' },
  documents: { client: 'siud', admin: 'siud' },
  media_assets: { client: 'siud', admin: 'siud' },
  agent_logs: { client: 'si', admin: 'si' },
  api_usage: { client: 's', admin: 's' },
  budget_periods: { client: 's', admin: 's' },
  budget_adjustments: { client: 's', admin: 's' },
  service_limits: { client: 'siud', admin: 'siud' },
  budget_alerts: { client: 'su', admin: 'su' },
  security_policies: { client: 's', compliance_admin: 'siu', admin: 'siu' },
  ip_allowlist_entries: { client: 's', compliance_admin: 'siud', admin: 'siud' },
  data_retention_policies: { compliance_admin: 'siud', admin: 'siud' },
  data_retention_logs: { compliance_admin: 's', admin: 's' },
  compliance_requests: { compliance_admin: 'siu', admin: 'siu' },
  processing_restrictions: { compliance_admin: 's', admin: 's' },
  api_keys: { client: 's', compliance_admin: 's', admin: 's' },
  audit_logs: { client: 's', compliance_admin: 's', admin: 's' },
  billing_accounts: { client: 's', admin: 's' },
  billing_invoices: { client: 's', admin: 's' },
  'storage.objects in documents': { client: 'siud', admin: 'sid' },
  'storage.objects in media': { client: 'siud', admin: 'sid' },
} as const satisfies Record<string, TableAccess>;

/** A table of the matrix. */
export type MatrixTable = keyof typeof BY_ROLE;

/** The tables of the matrix, in the order in which they are shown. */
export const MATRIX_TABLES = Object.keys(BY_ROLE) as readonly MatrixTable[];

/** An actor of the matrix: who, in which role, with what assigned beyond it, measured at home and abroad. */
export interface MatrixActor {
  readonly actor: ActorName;
  readonly role: 'client' | 'agent' | 'compliance_admin' | 'admin' | null;
  readonly own: CompanySlug;
  readonly other: CompanySlug;
  /** Switches to this company first. */
  readonly company?: CompanySlug;
  readonly assigned?: Partial<Record<MatrixTable, Letters>>;
}

/** Everybody who tries. Whoever has no role may do nothing anywhere. */
export const MATRIX_ACTORS: readonly MatrixActor[] = [
  { actor: 'olga', role: 'admin', own: 'acme', other: 'globex' },
  { actor: 'alice', role: 'client', own: 'acme', other: 'globex' },
  {
    actor: 'adam',
    role: 'agent',
    own: 'acme',
    other: 'globex',
    assigned: { jobs: 'iud', documents: 's', 'storage.objects in documents': 's' },
  },
  { actor: 'cora', role: 'compliance_admin', own: 'acme', other: 'globex' },
  { actor: 'bob', role: 'client', own: 'globex', other: 'acme' },
  {
    actor: 'mia',
    role: 'agent',
    own: 'acme',
    other: 'globex',
    assigned: { documents: 'siud', 'storage.objects in documents': 'siud' },
  },
  { actor: 'mia', role: 'client', own: 'globex', other: 'acme', company: 'globex' },
  { actor: 'sam', role: null, own: 'acme', other: 'globex' },
  { actor: 'ivan', role: null, own: 'initech', other: 'acme' },
  { actor: 'eve', role: null, own: 'acme', other: 'globex' },
  { actor: 'anonymous', role: null, own: 'acme', other: 'globex' },
];

/** How an actor is shown: mia stands twice, once per company. */
export function actorLabel(actor: MatrixActor): string {
  return actor.company === undefined ? actor.actor : `${actor.actor}@${actor.company}`;
}

/** True if the declaration allows it. Only the operator reaches a company that is not their own. */
export function isDeclaredAllowed(
  actor: MatrixActor,
  table: MatrixTable,
  verb: Verb,
  target: 'own' | 'other',
): boolean {
  if (actor.role === null || (target === 'other' && actor.role !== 'admin')) {
    return false;
  }
  const access: TableAccess = BY_ROLE[table];
  const letters = `${access[actor.role] ?? ''}${actor.assigned?.[table] ?? ''}`;
  return letters.includes(verb.charAt(0));
}
