import type { Finding } from '../../../../scripts/lib/verify/types.ts';

/** Text that breaks out of HTML, scripts, XML, Markdown links and terminals where it is not kept in. */
export const HOSTILE = `</script><img src=x onerror="globalThis.hurt=1"><!--<script> ]]> & " ' \u001b[2J\u0000\u202e [go](https://evil.test) {0}`;

const EVIDENCE = {
  sql: [
    'savepoint attempt;',
    `select set_config('role', 'authenticated', true) \\g /dev/null`,
    'select id, amount from public.invoices order by id;',
    'rollback to savepoint attempt;',
  ].join('\n'),
  withVictim: 'id | amount\na1 | 10\nb1 | 20\n(2 rows)',
  withoutVictim: 'id | amount\na1 | 10\n(1 row)',
  control: { by: 'client of B', sql: 'select id, amount from public.invoices;', result: 'b1 | 20' },
};

function finding(part: Omit<Finding, 'id'>): Finding {
  return { id: `${part.rule}:${part.object}:${part.verb}:${part.actor}`, ...part };
}

/** The findings; each but the notes also marks its cells. */
export const FINDINGS: readonly Finding[] = [
  ...['agent of A', 'anonymous', 'client of A'].map((actor) =>
    finding({
      level: 'leak',
      rule: 'row-read',
      object: 'public.invoices',
      kind: 'table',
      verb: 'select',
      actor,
      message: `${actor} reads 1 row of company B`,
      fix: 'enable row level security on public.invoices',
      evidence: EVIDENCE,
    }),
  ),
  finding({
    level: 'leak',
    rule: 'row-written',
    object: 'public.services',
    kind: 'table',
    verb: 'update',
    actor: 'client of A',
    message: 'client of A changes 1 row of company B',
    fix: 'add a WITH CHECK to the update policy',
    evidence: { ...EVIDENCE, damage: `public.services: 1 row changed ${HOSTILE}` },
  }),
  finding({
    level: 'leak',
    rule: 'definer-search-path',
    object: 'public.switch_company(uuid)',
    kind: 'function',
    verb: 'shadow',
    actor: 'stranger',
    message: 'the function looks users up where its caller can put it',
    fix: "set search_path = ''",
    exception: 'reviewed: the function reads nothing but its parameter',
  }),
  finding({
    level: 'unproven',
    rule: 'no-control',
    object: 'public.count_invoices(uuid, text)',
    kind: 'function',
    verb: 'execute',
    actor: 'stranger',
    message: 'nobody could call the function with success',
    fix: 'give its parameters in the configuration',
  }),
  finding({
    level: 'not covered',
    rule: 'not-covered',
    object: 'supabase_realtime',
    kind: 'publication',
    verb: 'publish',
    actor: '',
    message: 'the server writes no logical log',
    fix: 'run with wal_level = logical',
  }),
  finding({
    level: 'note',
    rule: 'unguessable-id',
    object: 'public.users',
    kind: 'table',
    verb: 'insert',
    actor: 'client of A',
    message: `client of A can tell a taken id from a free one ${HOSTILE}`,
    fix: 'nothing, ids are random',
  }),
];
