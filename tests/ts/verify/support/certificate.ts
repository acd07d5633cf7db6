/** A made-up certificate with every verdict, every level and an exception, for the tests of the reports. */

import type {
  ActorSummary,
  Cell,
  Certificate,
  Finding,
  ObjectKind,
  ObjectSummary,
  Target,
  Verb,
} from '../../../../scripts/lib/verify/types.ts';
import { FINDINGS, HOSTILE } from './findings.ts';
import { summarize } from './summary.ts';

const ACTORS: readonly ActorSummary[] = [
  { name: 'client of A', kind: 'attacker', description: 'a member of company A' },
  { name: 'agent of A', kind: 'attacker', description: 'a member of company A with few rights' },
  { name: 'removed client of A', kind: 'attacker', description: 'was a member of company A' },
  { name: 'stranger', kind: 'attacker', description: 'signed in, member of nothing' },
  { name: 'anonymous', kind: 'attacker', description: 'not signed in' },
  { name: 'platform admin', kind: 'operator', description: 'may reach every company' },
];

const ROW_VERBS = ['select', 'lock', 'copy', 'insert', 'update', 'move', 'delete'] as const;
const READS: readonly Verb[] = ['select', 'lock'];

function object(
  name: string,
  kind: ObjectKind,
  scope: ObjectSummary['scope'] = 'tenant',
): ObjectSummary {
  return { name, kind, scope, reachable: ['authenticated: select, insert'] };
}

const OBJECTS: readonly ObjectSummary[] = [
  object('public.invoices', 'table'),
  object('public.services', 'table'),
  object('public.users', 'table'),
  object('public.system_config', 'table', 'shared'),
  object('public.api_usage', 'partitioned table'),
  ...Array.from({ length: 12 }, (_, month) =>
    object(`public.api_usage_2025_${String(month + 1).padStart(2, '0')}`, 'partition'),
  ),
  object('public.invoice_totals', 'view'),
  object(`public."${HOSTILE}"`, 'view'),
  object('public.revenue', 'materialized view'),
  object('public.invoice_number_seq', 'sequence', 'none'),
  object('public.switch_company(uuid)', 'function', 'none'),
  object('public.count_invoices(uuid, text)', 'function', 'none'),
  object('public.list_services()', 'function', 'none'),
  object('media', 'storage bucket'),
  object('supabase_realtime', 'publication', 'none'),
  object('public: tables of postgres', 'default privileges', 'none'),
];

const VERBS_OF: Readonly<Partial<Record<ObjectKind, readonly Verb[]>>> = {
  sequence: ['sequence'],
  function: ['execute', 'shadow'],
  publication: ['publish'],
  'default privileges': ['default'],
  'materialized view': ['select'],
};

function targetsOf(kind: ObjectKind, scope: ObjectSummary['scope']): readonly Target[] {
  if (scope === 'shared') {
    return ['shared'];
  }
  return kind === 'publication' || kind === 'default privileges' ? ['other'] : ['own', 'other'];
}

function mayAtHome(actor: string, verb: Verb, kind: ObjectKind): boolean {
  const reads = READS.includes(verb) || verb === 'execute';
  return kind !== 'partition' && (actor === 'client of A' || (actor === 'agent of A' && reads));
}

function verdictOf(
  actor: ActorSummary,
  { kind, scope }: ObjectSummary,
  verb: Verb,
  target: Target,
) {
  if (actor.kind === 'operator') {
    return kind === 'partition' || verb === 'move' ? 'denied' : 'allowed';
  }
  if (target === 'own') {
    return mayAtHome(actor.name, verb, kind) ? 'allowed' : 'denied';
  }
  return scope === 'shared' && READS.includes(verb) && actor.name !== 'anonymous'
    ? 'allowed'
    : 'denied';
}

function plainCells(): Cell[] {
  return OBJECTS.flatMap((one) =>
    ACTORS.flatMap((actor) =>
      (VERBS_OF[one.kind] ?? ROW_VERBS).flatMap((verb) =>
        targetsOf(one.kind, one.scope).map((target): Cell => {
          const verdict = verdictOf(actor, one, verb, target);
          const control = verdict === 'denied' ? { control: 'client of B' } : {};
          const { name, kind } = one;
          return {
            actor: actor.name,
            object: name,
            kind,
            verb,
            target,
            verdict,
            statements: 2,
            ...control,
          };
        }),
      ),
    ),
  );
}

function marked(cells: readonly Cell[], findings: readonly Finding[]): readonly Cell[] {
  return cells.map((cell) => {
    const found = findings.find(
      (one) =>
        one.level !== 'note' &&
        one.object === cell.object &&
        one.verb === cell.verb &&
        (one.actor === '' || one.actor === cell.actor),
    );
    if (!found || found.level === 'note' || cell.target === 'own') {
      return cell;
    }
    return { ...cell, verdict: found.level, reason: found.message };
  });
}

function certificate(cells: readonly Cell[], findings: readonly Finding[]): Certificate {
  return {
    format: 1,
    tool: '0.1.0',
    server: '17',
    tenancy: {
      column: 'company_id',
      root: 'public.companies',
      membership: 'public.users',
      roles: ['client', 'agent'],
      schemas: ['public'],
    },
    actors: ACTORS,
    objects: OBJECTS,
    cells,
    findings,
    setup: `insert into public.companies (id, name) values ('a', 'A'), ('b', '${HOSTILE}');`,
    summary: summarize(cells, findings),
  };
}

/** A certificate with leaks. */
export function brokenCertificate(): Certificate {
  return certificate(marked(plainCells(), FINDINGS), FINDINGS);
}

/** A certificate without a finding. */
export function provenCertificate(): Certificate {
  return certificate(plainCells(), []);
}

/** A certificate like the broken one, with as many cells again for each copy of its objects. */
export function largeCertificate(copies: number): Certificate {
  const base = brokenCertificate();
  const names = Array.from({ length: copies }, (_, index) => (name: string) => `${name}#${index}`);
  const cells = names.flatMap((rename) =>
    base.cells.map((cell) => ({ ...cell, object: rename(cell.object) })),
  );
  const objects = names.flatMap((rename) =>
    base.objects.map((one) => ({ ...one, name: rename(one.name) })),
  );
  return {
    ...certificate([...base.cells, ...cells], base.findings),
    objects: [...base.objects, ...objects],
  };
}
