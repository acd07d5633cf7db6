import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { adoptTable, verifyTable } from '../../../scripts/lib/adoption/adopt.ts';
import { useDatabase } from '../support/database.ts';

const SOME_ID = '00000000-0000-4000-8000-0000000000ad';

describe('adopting a table', () => {
  const db = useDatabase();

  const create = async (): Promise<string> => {
    const name = `public.things_${randomUUID()
      .slice(0, 8)
      .replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? 'x')}`;
    await db.client.query(
      `create table ${name} (id uuid primary key default gen_random_uuid(), tenant text, body text)`,
    );
    return name;
  };

  it('refuses while a row has no company, loses nothing, and goes on when it has one', async () => {
    const table = await create();
    await db.client.query(
      `insert into ${table} (tenant, body) values ('acme', 'a'), ('globex', 'b'), ('nobody', 'c')`,
    );
    const options = {
      expression: '(select c.id from public.companies as c where c.slug = t.tenant)',
    };
    await expect(adoptTable(db.client, table, options, 'commit')).rejects.toThrow(
      /1 rows of .* have no company/,
    );
    const before = await db.client.query(
      `select count(*)::integer as n from ${table} where body is not null`,
    );
    expect(before.rows).toEqual([{ n: 3 }]);
    await db.client.query(`update ${table} set tenant = 'globex' where tenant = 'nobody'`);
    await adoptTable(db.client, table, {}, 'commit');
    const { rows } = await db.client.query(
      `select c.slug, count(*)::integer as n from ${table} as t join public.companies as c on c.id = t.company_id group by 1 order by 1`,
    );
    expect(rows).toEqual([
      { slug: 'acme', n: 1 },
      { slug: 'globex', n: 2 },
    ]);
    // Who knows nothing of companies adds to the one that they work for.
    const { rows: companies } = await db.client.query<{ id: string; user_id: string }>(
      `select c.id, u.id as user_id from public.companies as c join public.users as u on u.company_id = c.id where c.slug = 'globex' and u.role = 'client' and u.email like 'bob%'`,
    );
    await db.client.query('begin');
    await db.client.query(
      `select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true)`,
      [JSON.stringify({ sub: companies[0]?.user_id, role: 'authenticated' })],
    );
    const added = await db.client.query(
      `insert into ${table} (body) values ('mine') returning company_id`,
    );
    const seen = await db.client.query(`select count(*)::integer as n from ${table}`);
    await db.client.query('rollback');
    expect(added.rows).toEqual([{ company_id: companies[0]?.id }]);
    expect(seen.rows).toEqual([{ n: 3 }]);
  });

  it('says when rows lead to rows of another company, and goes on when they do not', async () => {
    const parent = await create();
    const child = `${parent}_of`;
    await db.client.query(
      `create table ${child} (id integer primary key, tenant text, thing_id uuid references ${parent} (id))`,
    );
    await db.client.query(`insert into ${parent} (id, tenant) values ('${SOME_ID}', 'acme')`);
    await db.client.query(`insert into ${child} values (1, 'globex', '${SOME_ID}')`);
    const options = {
      expression: '(select c.id from public.companies as c where c.slug = t.tenant)',
    };
    await adoptTable(db.client, parent, options, 'adopt');
    await expect(adoptTable(db.client, child, options, 'adopt')).rejects.toThrow(
      /validate_reference failed/,
    );
    await db.client.query(`update ${child} set thing_id = null`);
    await adoptTable(db.client, child, {}, 'adopt');
    expect(
      (await verifyTable(db.client, child)).find(({ invariant }) => invariant === 'I4')?.holds,
    ).toBe(true);
  });

  it('switches triggers off for itself where it may, and only for the backfill', async () => {
    const table = await create();
    await db.client.query(
      `create function ${table}_touch() returns trigger language plpgsql as $$ begin new.body = 'touched'; return new; end $$;
       create trigger touch before update on ${table} for each row execute function ${table}_touch();
       insert into ${table} (tenant, body) values ('acme', 'mine')`,
    );
    const owner = new pg.Client({ connectionString: db.superUrl() });
    await owner.connect();
    try {
      await owner.query('begin');
      await owner.query('select private.adopt_table($1::regclass, $2)', [
        table,
        { expression: '(select c.id from public.companies as c where c.slug = t.tenant)' },
      ]);
      const { rows } = await owner.query(
        `select current_setting('session_replication_role') as role, (select body from ${table}) as body`,
      );
      expect(rows).toEqual([{ role: 'origin', body: 'mine' }]);
      const touched = await owner.query(`update ${table} set tenant = 'acme' returning body`);
      expect(touched.rows).toEqual([{ body: 'touched' }]);
      await owner.query('rollback');
    } finally {
      await owner.end();
    }
  });

  it('waits for nobody longer than it says, and others not for it', async () => {
    const table = await create();
    const holder = await db.connect();
    await holder.query('begin');
    await holder.query(`insert into ${table} (tenant) values ('acme')`);
    const acme =
      (await db.client.query<{ id: string }>(`select id from public.companies where slug = 'acme'`))
        .rows[0]?.id ?? '';
    await expect(
      adoptTable(db.client, table, { company: acme }, 'adopt', { lockTimeoutMs: 50, attempts: 2 }),
    ).rejects.toThrow(/add_column failed/);
    await holder.query('commit');
    await adoptTable(db.client, table, { company: acme }, 'adopt');
    expect(
      (await verifyTable(db.client, table))
        .filter(({ holds }) => !holds)
        .map(({ invariant }) => invariant),
    ).toEqual(['I1', 'I2']);
  });
});
