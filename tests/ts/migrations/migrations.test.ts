import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, dropDatabase } from '../../../scripts/lib/database.ts';
import { packageBin, rootDir } from '../../../scripts/lib/paths.ts';
import { dbDiff, dbPush } from '../../../scripts/lib/supabase-cli.ts';
import { useDatabase } from '../support/database.ts';

/** Every privilege that a role other than the owner has on our objects, and every object of ours. */
const PRIVILEGES = `
  select 'table ' || c.oid::regclass || coalesce('.' || a.attname, '') || ': ' || x.privilege_type || ' ' ||
         case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee) end as line
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('public', 'private')
    left join pg_attribute as a on a.attrelid = c.oid and a.attacl is not null
   cross join lateral aclexplode(case when a.attnum is null then coalesce(c.relacl, acldefault('r', c.relowner)) else a.attacl end) as x
   where c.relkind in ('r', 'p', 'v') and x.grantee <> c.relowner
     and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
  union
  select 'table ' || c.oid::regclass || ': ' || x.privilege_type || ' ' ||
         case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee) end
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('public', 'private')
   cross join lateral aclexplode(c.relacl) as x
   where c.relkind in ('r', 'p', 'v', 'S') and x.grantee <> c.relowner
     and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
  union
  select 'function ' || p.oid::regprocedure || ': ' || x.privilege_type || ' ' ||
         case x.grantee when 0 then 'public' else pg_get_userbyid(x.grantee) end
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace and n.nspname in ('public', 'private')
   cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as x
   where x.grantee <> p.proowner
     and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
  order by 1`;

describe('the migrations', () => {
  const db = useDatabase();
  const clones: string[] = [];
  const clone = async (template: 'default' | 'autoGrants' | 'empty'): Promise<string> => {
    const name = await cloneDatabase(db.cluster, inject('testServer').templates[template]);
    clones.push(name);
    return db.cluster.urlFor(name);
  };
  afterAll(async () => {
    for (const name of clones) {
      await dropDatabase(db.cluster, name);
    }
  });

  it("leave the same privileges with and without Supabase's old automatic grants", async () => {
    const lines = async (url: string) =>
      withClient(url, async (client) =>
        (await client.query<{ line: string }>(PRIVILEGES)).rows.map((row) => row.line),
      );
    const autoGrants = await clone('autoGrants');
    // The variants do differ: what is created without care is open in one and closed in the other.
    const careless = async (url: string) =>
      withClient(url, async (client) => {
        await client.query('create table public.careless (id uuid primary key)');
        const { rows } = await client.query<{ open: boolean }>(
          `select has_table_privilege('anon', 'public.careless', 'select') as open`,
        );
        await client.query('drop table public.careless');
        return rows[0]?.open;
      });
    expect(await careless(autoGrants)).toBe(true);
    expect(await careless(db.url())).toBe(false);
    const expected = await lines(db.url());
    expect(expected.length).toBeGreaterThan(100);
    expect(await lines(autoGrants)).toEqual(expected);
  });

  it('apply twice in a row through the CLI without harm', async () => {
    const url = await clone('default');
    await dbPush(url);
    // And as if the history had been lost: every file runs again over what it made.
    await withClient(url, (client) =>
      client.query('truncate supabase_migrations.schema_migrations'),
    );
    await dbPush(url);
    expect((await dbDiff(db.url(), url)).trim()).toBe('');
    await withClient(url, async (client) => {
      const { rows } = await client.query(
        'select count(*)::integer as services from public.services',
      );
      expect(rows).toEqual([{ services: 12 }]);
    });
  }, 120_000);

  it('come to the same by dbmate as by the Supabase CLI', async () => {
    const byCli = await clone('empty');
    const byDbmate = await clone('empty');
    await dbPush(byCli);
    await execa(
      packageBin('dbmate'),
      [
        '--url',
        `${byDbmate}?sslmode=disable`,
        '--migrations-dir',
        'supabase/migrations',
        '--migrations-table',
        'dbmate.schema_migrations',
        '--no-dump-schema',
        'up',
      ],
      { cwd: rootDir },
    );
    await withClient(byDbmate, (client) => client.query('drop schema dbmate cascade'));
    await withClient(byCli, (client) => client.query('drop schema supabase_migrations cascade'));
    expect((await dbDiff(byCli, byDbmate)).trim()).toBe('');
  }, 120_000);

  it('are not all there is to the development data: a plain push loads none', async () => {
    const url = await clone('empty');
    await dbPush(url);
    await withClient(url, async (client) => {
      const { rows } = await client.query(
        'select (select count(*)::integer from public.companies) as companies, (select count(*)::integer from auth.users) as people',
      );
      expect(rows).toEqual([{ companies: 0, people: 0 }]);

      // And docs/operations.md leads from there to the first operator.
      const page = readFileSync(join(rootDir, 'docs/operations.md'), 'utf8');
      const steps = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
      const { rows: people } = await client.query<{ id: string }>(
        `insert into auth.users (id, email) values (gen_random_uuid(), 'admin@example.com') returning id`,
      );
      await client.query(steps);
      const { rows: claims } = await client.query(
        `select private.custom_access_token_hook(jsonb_build_object('user_id', $1::uuid, 'claims', '{}'::jsonb))
           -> 'claims' ->> 'role' as role`,
        [people[0]?.id],
      );
      expect(claims).toEqual([{ role: 'platform_admin' }]);
    });
  }, 60_000);

  it('difference is noticed where there is one', async () => {
    const url = await clone('default');
    await withClient(url, (client) => client.query('drop policy select_member on public.services'));
    expect(await dbDiff(db.url(), url)).toContain('select_member');
  }, 60_000);
});
