import { describe, expect, test } from 'vitest';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { asActor, asActorCommitted, attempt } from '../support/actors.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const db = useDatabase();
const api = useApi(db);

describe('asActor', () => {
  test('acts with the role and the claims of the token', async () => {
    const companies = await asActor(
      db.client,
      'alice',
      async (client) =>
        (await client.query<{ slug: string }>('select slug from public.companies')).rows,
    );
    expect(companies).toEqual([{ slug: 'acme' }]);
  });

  test('knows switched companies and headers', async () => {
    const sql = 'select id from public.companies';
    const switched = await asActor(db.client, { as: 'mia', company: 'globex' }, (c) =>
      c.query(sql),
    );
    expect(switched.rows).toEqual([{ id: COMPANIES.globex.id }]);
    const chosen = await asActor(
      db.client,
      { as: 'mia', headers: { 'x-company-id': COMPANIES.globex.id } },
      (c) => c.query(sql),
    );
    expect(chosen.rows).toEqual([{ id: COMPANIES.globex.id }]);
  });

  test('leaves nothing behind, not even after an error', async () => {
    await expect(
      asActor(db.client, 'anonymous', (client) => client.query('select 1 from public.companies')),
    ).rejects.toMatchObject({ code: '42501' });
    const { rows } = await db.client.query<{ role: string; claims: string }>(
      `select current_setting('role') as role, current_setting('request.jwt.claims', true) as claims`,
    );
    expect(rows).toEqual([{ role: 'none', claims: '' }]);
  });

  test('goes on after a refused statement', async () => {
    await asActor(db.client, 'alice', async (client) => {
      expect(await attempt(client, `update public.users set role = 'admin'`)).toMatchObject({
        code: '42501',
        rowCount: 0,
      });
      expect(await attempt(client, 'select 1 as one')).toMatchObject({
        code: null,
        rows: [{ one: 1 }],
      });
    });
  });
});

describe('twoSessions', () => {
  test('race for a row, in a known order', async () => {
    const [first, second] = await twoSessions(db);
    const update = `update public.companies set city = $1 where slug = 'acme'`;
    await first.query('begin');
    await first.query(update, ['first']);
    const waiting = second.query(update, ['second']);
    await untilBlocked(db, second);
    await first.query('commit');
    await waiting;
    const { rows } = await db.client.query(`select city from public.companies where slug = 'acme'`);
    expect(rows).toEqual([{ city: 'second' }]);
  });

  test('one sees what the other has committed as an actor', async () => {
    const [first, second] = await twoSessions(db);
    await asActorCommitted(first, 'alice', (client) =>
      client.query(`update public.companies set city = 'committed' where slug = 'acme'`),
    );
    const { rows } = await second.query(`select city from public.companies where slug = 'acme'`);
    expect(rows).toEqual([{ city: 'committed' }]);
  });
});

describe('useApi', () => {
  test('supabase-js reaches the database as a member of the cast', async () => {
    const { data, error } = await (await api.as('alice')).from('companies').select('slug');
    expect(error).toBeNull();
    expect(data).toEqual([{ slug: 'acme' }]);
  });

  test('passes headers on', async () => {
    const client = await api.as({ as: 'mia', headers: { 'x-company-id': COMPANIES.globex.id } });
    const { data } = await client.from('companies').select('slug');
    expect(data).toEqual([{ slug: 'globex' }]);
  });

  test('knows the service role and the anonymous visitor', async () => {
    const all = await api.asService().from('companies').select('slug').order('slug');
    expect(all.data?.length).toBe(4);
    const none = await (await api.as('anonymous')).from('companies').select('slug');
    expect(none.error?.code).toBe('42501');
  });
});
