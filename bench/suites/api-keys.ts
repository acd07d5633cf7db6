import type { Contest, Run, Suite } from '../../scripts/lib/bench/types.ts';

const COMPANY = '00000000-0000-4000-8000-000000000001';
const KEYS = 100_000;

const apiKey = (n: number): string =>
  `lytbub_${n.toString(16).padStart(12, '0')}_${'0'.repeat(64)}`;

const nothing: Run = { name: 'select 1', script: 'select 1;' };
const lookUp: Run = {
  name: 'one indexed look-up',
  script: `select * from public.api_keys where company_id = '${COMPANY}' and prefix = '${apiKey(77_777).slice(0, 19)}';`,
};
const verified = (goal: number): Run[] => [
  {
    name: 'verify_api_key(), known',
    script: `select public.verify_api_key('${apiKey(77_777)}');`,
    goal,
  },
  {
    name: 'verify_api_key(), unknown',
    script: `select public.verify_api_key('${apiKey(KEYS + 1)}');`,
    goal,
  },
];

const contest = (id: string, clients: number, reference: Run): Contest => ({
  id,
  title: `${clients === 1 ? 'One session' : `${clients} sessions`}, against ${reference.name}`,
  clients,
  reference,
  runs: verified(0.5),
});

export const apiKeys: Suite = {
  name: 'api-keys',
  title: 'API keys',
  about: `
\`verify_api_key()\` as service_role among ${KEYS.toLocaleString('en')} keys: one that there is, which all sessions ask for,
and one that there is not. Both should cost the same.
`,
  contests: [
    contest('verify-1', 1, nothing),
    contest('verify-8', 8, nothing),
    contest('look-up-8', 8, lookUp),
  ],
  async prepare(client) {
    await client.query(`
      insert into public.companies (id, slug, name, contact_email)
      values ('${COMPANY}', 'keys', 'Keys', 'a@b.example');
      insert into public.security_policies (company_id, api_key_max_age_days) values ('${COMPANY}', 365);
      set app.importing = 'on';
      insert into public.api_keys (company_id, id, name, prefix, permissions)
      select '${COMPANY}', format('00000000-0000-4000-8000-%s', lpad(to_hex(n), 12, '0'))::uuid, 'Key ' || n,
             'lytbub_' || lpad(to_hex(n), 12, '0'), '{services.read}'
        from generate_series(1, ${KEYS}) as n;
      insert into private.api_key_secrets (company_id, api_key_id, key_hash)
      select k.company_id, k.id, sha256(convert_to(k.prefix || '_' || repeat('0', 64), 'UTF8'))
        from public.api_keys as k where k.company_id = '${COMPANY}';
      reset app.importing;
    `);
    await client.query('vacuum analyze public.api_keys, private.api_key_secrets');
  },
};
