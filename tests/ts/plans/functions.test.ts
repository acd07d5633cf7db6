import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { CAST, COMPANIES } from '../../../scripts/lib/cast.ts';
import { type ActorOptions, become } from '../support/actors.ts';
import { useDatabase } from '../support/database.ts';
import { readCounters, readMore } from './support/counters.ts';
import { growDatabase, MANY } from './support/grow.ts';

const acme = COMPANIES.acme.id;

/** Who calls, by the role that may. */
const CALLERS: Record<string, readonly ActorOptions[]> = {
  authenticated: [{ as: 'alice' }, { as: 'cora' }],
  platform_admin: [{ as: 'olga' }],
  service_role: [{ as: 'anonymous', role: 'service_role' }],
};

/** Functions about all companies, for operators and schedulers: they may read all. */
const ABOUT_ALL = new Set([
  'billing_overview',
  'billing_totals',
  'claim_events',
  'claim_stripe_accounts',
  'claim_stripe_usage',
  'company_capacity',
  'company_directory',
  'company_overview',
  'find_leaked_api_keys',
  'list_cells',
  'maintain_billing',
  'maintain_compliance',
  'maintain_partitions',
  'platform_usage',
  'platform_usage_totals',
  'request_stripe_customers',
  'roll_up_usage',
  'rotate_master_key',
  'stripe_backlog',
  'usage_movers',
]);

const row = (table: string, condition = 'true'): string =>
  `(select id from public.${table} where company_id = '${acme}' and ${condition} order by id limit 1)`;
const request = row('compliance_requests', `status = 'received' and kind = 'access'`);
const identified = row(
  'compliance_requests',
  `identity_verified_at is not null and kind = 'access'`,
);
const member = `'${CAST.adam.id}'`;
const month = `(date_trunc('month', now() at time zone 'Europe/Berlin'))::date`;

/** Values of parameters without a default, by name; of some functions, others. */
const BY_NAME: Record<string, string> = {
  company_id: `'${acme}'`,
  user_id: member,
  agent_id: row('ai_agents', `status = 'active'`),
  api_key_id: row('api_keys', 'revoked_at is null and expires_at > now()'),
  invitation_id: row('invitations', 'accepted_at is null and revoked_at is null'),
  restriction_id: row('processing_restrictions', 'lifted_at is null'),
  request_id: request,
  month,
  amount: '-1',
  cost: '0.01',
  estimated_cost: '0.01',
  description: `'x'`,
  email: `'new@example.com'`,
  contact_email: `'new@example.com'`,
  content: `'x'`,
  error: `'x'`,
  api_key: `'x'`,
  name: `'x'`,
  value: `'x'`,
  purpose: `'x'`,
  reason: `'x'`,
  method: `'email'`,
  permission: `'jobs.read'`,
  permissions: `'{jobs.read}'`,
  plan_tier: `'enterprise'`,
  role: `'agent'`,
  service: `'chat.completions'`,
  success_url: `'https://app.example/ok'`,
  cancel_url: `'https://app.example/no'`,
  return_url: `'https://app.example'`,
};

const OF_FUNCTION: Record<string, Record<string, string>> = {
  assign_company_cell: { cell: `'home'`, slug: `'acme'`, member_ids: `'{}'` },
  change_company_plan: { plan_tier: `'enterprise'`, reason: `'x'` },
  is_processing_allowed: { subject_email: `'pat@example.com'` },
  log_api_usage_batch: { events: `'[{"service": "x", "cost": 0.01}]'` },
  process_compliance_request: { id: identified },
  put_company_secret: { master_key: `repeat('m', 32)` },
  remove_ip_allowlist_entry: {
    network: `(select network from public.ip_allowlist_entries where company_id = '${acme}' order by id limit 1)`,
    is_forced: 'true',
  },
  run_data_retention: { company_id: `'${acme}'`, dry_run: 'true' },
  search: { query: `'audit'` },
  set_cell: {
    name: `'there'`,
    api_url: `'https://there.example'`,
    publishable_key: `'sb_publishable_0123456789'`,
  },
  set_security_policy: { policy: `'{"notes": "x"}'` },
  set_system_setting: { key: `'maintenance.enabled'`, value: `'false'`, reason: `'x'` },
  submit_compliance_request: { kind: `'access'`, regulation: `'gdpr'` },
  suspend_company: { company_id: `'${COMPANIES.globex.id}'` },
};

/** What needs a secret, Stripe's answer or an earlier step; they find what they work on by its key. */
const NOT_CALLED = [
  'accept_invitation',
  'apply_stripe_state',
  'prepare_billing_portal',
  'prepare_checkout',
  'read_company_secret',
  'read_compliance_bundle',
  'record_stripe_event',
  'release_budget_reservation',
];

interface Callable {
  name: string;
  role: string;
  required: string[];
}

/**
 * A function reads its own company's rows, whoever calls it, and finds them by indexes. Rows are counted, so an index
 * that is read whole and leads to no row is not noticed.
 */
describe('functions of the API', () => {
  const db = useDatabase();
  let session: pg.Client;
  let callables: Callable[] = [];

  beforeAll(async () => {
    const owner = await db.connect('supabase_admin');
    await growDatabase(owner);
    await owner.query(
      `select public.set_cell('home', 'https://home.example', 'sb_publishable_0123456789');
       update public.compliance_requests set identity_method = 'email', identity_verified_at = now()
        where company_id = '${acme}' and kind = 'access' and status = 'identity_check'`,
    );
    // Another session, whose functions have planned nothing yet. Few rows stand for many: what an index can find must be
    // found by it. Such costs would have everything compiled first.
    session = await db.connect('supabase_admin');
    await session.query('set cpu_tuple_cost = 1; set enable_seqscan = off; set jit = off');
    const { rows } = await session.query<Callable>(
      `select p.proname::text as name, r.role, (p.proargnames)[1:p.pronargs - p.pronargdefaults]::text[] as required
         from pg_proc as p
         join unnest($1::text[]) as r (role) on has_function_privilege(r.role, p.oid, 'execute')
        where p.pronamespace = 'public'::regnamespace
          and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
        order by 1, 2`,
      [Object.keys(CALLERS)],
    );
    callables = rows;
  });

  /** Calls as somebody; answers what was read too much, or why it failed. */
  async function call(sql: string, who: ActorOptions, change = ''): Promise<string[] | Error> {
    await session.query('begin');
    try {
      await session.query(change);
      await become(session, who);
      const before = await readCounters(session);
      await session.query(sql);
      return readMore(before, await readCounters(session), 5 * MANY);
    } catch (error) {
      return error as Error;
    } finally {
      await session.query('rollback');
    }
  }

  it('read no more than their company', async () => {
    const wrong: string[] = [];
    const called = new Set<string>();
    const failures = new Map<string, string>();
    expect(callables.map(({ name }) => name)).toEqual(expect.arrayContaining([...ABOUT_ALL]));
    for (const { name, role, required } of callables.filter((one) => !ABOUT_ALL.has(one.name))) {
      const own = OF_FUNCTION[name] ?? {};
      const parameters = [...new Set([...(required ?? []), ...Object.keys(own)])];
      const expressions = parameters.map(
        (parameter) => `(${own[parameter] ?? BY_NAME[parameter] ?? 'null'})::text`,
      );
      // Asked for beforehand, so that only what the function reads is counted.
      const values = await session.query<{ given: (string | null)[] }>(
        `select array[${expressions.join(', ')}]::text[] as given`,
      );
      const args = parameters.map((parameter, nth) => {
        const value = values.rows[0]?.given[nth] ?? null;
        return `"${parameter}" => ${value === null ? 'null' : pg.escapeLiteral(value)}`;
      });
      for (const who of CALLERS[role] ?? []) {
        const read = await call(`select * from public.${name}(${args.join(', ')})`, who);
        if (read instanceof Error) {
          failures.set(name, `${failures.get(name) ?? ''} ${who.as}: ${read.message};`);
          continue;
        }
        called.add(name);
        wrong.push(...read.map((text) => `${name} (${who.role ?? who.as}): ${text}`));
      }
    }
    const never = [...failures].filter(([name]) => !called.has(name));
    expect(never.filter(([name]) => !NOT_CALLED.includes(name))).toEqual([]);
    expect(never.map(([name]) => name)).toEqual(NOT_CALLED);
    expect(wrong).toEqual([]);
  }, 120_000);

  it('search finds rows by the indexes that are made for it', async () => {
    const searches: [index: string, args: string][] = [
      ['ai_agents_company_id_content_idx', `'zzz writer', '{ai_agents}'`],
      ['documents_company_id_content_idx', `'zzz retention', '{documents}'`],
      ['documents_company_id_metadata_idx', `'', '{documents}', '{"zzz": 1}'`],
      ['invoices_company_id_content_idx', `'zzz', '{invoices}'`],
      ['jobs_company_id_content_idx', `'zzz', '{jobs}'`],
      ['media_assets_company_id_content_idx', `'zzz', '{media_assets}'`],
      ['media_assets_company_id_metadata_idx', `'', '{media_assets}', '{"zzz": 1}'`],
      ['services_company_id_content_idx', `'zzz', '{services}'`],
    ];
    // What earlier transactions of the session counted may not have been reported yet.
    const scansOf = async (index: string): Promise<number> => {
      const { rows } = await session.query<{ scans: number }>(
        'select pg_stat_get_xact_numscans($1::regclass)::integer as scans',
        [index],
      );
      return rows[0]?.scans ?? 0;
    };
    const unused: string[] = [];
    for (const [index, args] of searches) {
      await session.query('begin');
      const before = await scansOf(index);
      await become(session, { as: 'alice' });
      await session.query(`select * from public.search('${acme}', ${args})`);
      await session.query('reset role');
      if ((await scansOf(index)) === before) {
        unused.push(index);
      }
      await session.query('rollback');
    }
    expect(unused).toEqual([]);
  });

  it.each([
    ['by a column without an index', `select count(*) from public.jobs where payload @> '{}'`],
    ['of every company', 'select count(*) from public.agent_logs'],
    [
      'once for each of its rows',
      `select sum((select count(*) from public.jobs as x where x.company_id = '${acme}' and x.kind = j.kind)) from public.jobs as j where j.company_id = '${acme}'`,
    ],
  ])('notices a function that reads rows %s', async (_, body) => {
    const planted = `create function public.planted() returns bigint language plpgsql security definer as $$ begin return (${body}); end $$`;
    const control = planted.replace(
      body,
      `select count(*) from public.jobs where company_id = '${acme}'`,
    );
    expect(await call('select public.planted()', { as: 'alice' }, control)).toEqual([]);
    expect(await call('select public.planted()', { as: 'alice' }, planted)).toEqual([
      expect.stringMatching(/^(jobs|agent_logs): /),
    ]);
  });
});
