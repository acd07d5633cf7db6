import type { Contest, Run, Suite } from '../../scripts/lib/bench/types.ts';

const OPEN = '00000000-0000-4000-8000-000000000001';
const EMPTY = '00000000-0000-4000-8000-000000000002';

const nothing: Run = { name: 'select 1', script: 'select 1;' };
const admitted: Run = {
  name: 'check_rate_limit(), admitted',
  script: `select public.check_rate_limit('${OPEN}');`,
  goal: 0.25,
};
const rejected: Run = {
  name: 'check_rate_limit(), rejected',
  script: `select public.check_rate_limit('${EMPTY}');`,
  goal: 0.6,
};

const contest = (clients: number): Contest => ({
  id: `hot-${clients}`,
  title: `One company, ${clients} sessions`,
  clients,
  reference: nothing,
  runs: [admitted, rejected],
});

export const rateLimits: Suite = {
  name: 'rate-limits',
  title: 'Rate limits',
  about: `
\`check_rate_limit()\` as service_role, all sessions at the bucket of one company: one that has room and one that is
empty but for ten requests a second.
`,
  contests: [contest(8), contest(32)],
  async prepare(client) {
    await client.query(`
      insert into public.companies (id, slug, name, contact_email)
      values ('${OPEN}', 'open', 'Open', 'a@b.example'), ('${EMPTY}', 'empty', 'Empty', 'a@b.example');
      insert into public.company_plans (company_id, plan_tier, monthly_limit_usd, features)
      values ('${OPEN}', 'custom', 1000, '{"requests_per_minute": 1000000, "request_burst": 1000000}'),
             ('${EMPTY}', 'custom', 1000, '{"requests_per_minute": 600, "request_burst": 1}');
    `);
  },
};
