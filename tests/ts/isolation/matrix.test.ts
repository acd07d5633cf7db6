import { describe, expect, inject, it } from 'vitest';
import { MATRIX_TABLES } from '../../../scripts/lib/access.ts';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, dropDatabase } from '../../../scripts/lib/database.ts';
import { deviations, measureMatrix, renderMatrix } from '../../../scripts/lib/matrix.ts';
import { useDatabase } from '../support/database.ts';

describe('the isolation matrix', () => {
  const db = useDatabase();

  it('covers every exposed table', async () => {
    const { rows } = await db.client.query<{ name: string }>(
      `select c.relname as name from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
          and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
        order by 1`,
    );
    const covered = MATRIX_TABLES.filter((name) => !name.startsWith('storage.'));
    expect([...covered].sort()).toEqual(rows.map((row) => row.name));
  });

  it('is as declared in SQL, for everybody, on every table, with every verb', async () => {
    const matrix = await measureMatrix(db.url());
    expect(deviations(matrix)).toEqual([]);
    expect(renderMatrix(matrix)).toContain('all as declared');
  });

  it('leaves nothing behind', async () => {
    const { rows } = await db.client.query(
      `select (select count(*) from public.services where name = 'Probe')
            + (select count(*) from auth.users where email like '%@example.com') as left_over`,
    );
    expect(rows).toEqual([{ left_over: '0' }]);
  });

  // A check that cannot fail proves nothing: each hole must show up as exactly the cells that it opens.
  it.each([
    [
      'a policy that lets everybody read',
      'create policy hole on public.services for select to authenticated using (true)',
      [
        'adam select services other',
        'alice select services other',
        'cora select services own',
        'sam select services own',
      ],
    ],
    [
      'row level security switched off',
      'alter table public.jobs disable row level security',
      [
        'alice delete jobs other',
        'alice insert jobs other',
        'eve update jobs own',
        'mia insert jobs own',
      ],
    ],
    [
      'a grant too many',
      "grant delete on public.users to authenticated; create policy hole on public.users for delete to authenticated using (company_id = (select private.company_for('users.write')))",
      ['alice delete users own', 'bob delete users own'],
    ],
    [
      'a dropped policy',
      'drop policy select_member on public.audit_logs',
      ['alice select audit_logs own', 'cora select audit_logs own'],
    ],
  ])('notices %s', async (_name, sql, expected) => {
    const clone = await cloneDatabase(db.cluster, inject('testServer').templates.default);
    try {
      await withClient(db.cluster.urlFor(clone), (client) => client.query(sql));
      const found = deviations(await measureMatrix(db.cluster.urlFor(clone))).map(
        (cell) => `${cell.actor} ${cell.verb} ${cell.table} ${cell.target}`,
      );
      expect(found).toEqual(expect.arrayContaining(expected));
    } finally {
      await dropDatabase(db.cluster, clone);
    }
  });
});
