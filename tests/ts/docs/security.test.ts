import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';

describe('docs/security.md', () => {
  const db = useDatabase();
  const page = readFileSync(join(rootDir, 'docs/security.md'), 'utf8');

  it('lists every definer function with exactly the roles that may execute it', async () => {
    const { rows } = await db.client.query<{ name: string; roles: string }>(
      `select format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as name,
              coalesce(string_agg(r.role, ', ' order by r.role), 'nobody') as roles
         from pg_proc as p
         join pg_namespace as n on n.oid = p.pronamespace
         left join unnest(array['anon', 'authenticated', 'platform_admin', 'service_role', 'supabase_auth_admin']) as r (role)
           on has_function_privilege(r.role, p.oid, 'execute')
        where n.nspname in ('public', 'private') and p.prosecdef
        group by 1`,
    );
    // The page names types only; the catalog also names the parameters.
    const types = (name: string) =>
      name.replaceAll(/, OUT [^,)]+/g, '').replaceAll(/\bp_\w+ |\bevent /g, '');
    const listed = [...page.matchAll(/^\| `(private\.[^`]+)` \| ([^|]*) \| (.+) \|$/gm)].map(
      (match) => ({
        name: match[1],
        roles: (match[2] ?? '').trim(),
        reason: (match[3] ?? '').length > 5,
      }),
    );
    const functions = listed.filter((row) => row.name?.includes('('));
    const order = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      (a.name ?? '').localeCompare(b.name ?? '');
    expect(functions.sort(order)).toEqual(
      rows.map((row) => ({ name: types(row.name), roles: row.roles, reason: true })).sort(order),
    );
  });
});
