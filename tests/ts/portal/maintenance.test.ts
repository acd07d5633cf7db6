import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';

const COMPANY = `(select id from public.companies where slug = 'acme')`;

describe('maintenance, over PostgREST', () => {
  const db = useDatabase();
  const api = useApi(db);
  const set = (key: string, value: string): Promise<unknown> =>
    db.client.query('select private.set_system_setting($1, $2, null)', [key, value]);
  const writes = async (who: 'alice' | 'olga'): Promise<number> => {
    const { rows } = await db.client.query<{ id: string }>(`select ${COMPANY} as id`);
    const client = await api.as(who);
    const { status } = await client.from('services').insert({
      company_id: rows[0]?.id,
      code: crypto.randomUUID().slice(0, 8),
      name: 'x',
    } as never);
    return status;
  };

  beforeAll(async () => {
    await set('maintenance.message', '"Back at noon."');
    await set('maintenance.retry_after_seconds', '42');
  });
  afterAll(() => set('maintenance.enabled', 'false'));

  it('lets everybody write while it is off', async () => {
    expect(await writes('alice')).toBe(201);
    expect(await writes('olga')).toBe(201);
  });

  describe('while it is on', () => {
    beforeAll(() => set('maintenance.enabled', 'true'));
    afterAll(() => set('maintenance.enabled', 'false'));

    it('refuses what a member writes, with the reason and when to come again', async () => {
      const response = await fetch(`${api.url}/rest/v1/services?code=eq.none`, {
        method: 'PATCH',
        headers: {
          apikey: api.keys.anonKey,
          Authorization: `Bearer ${await api.token('alice')}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ name: 'x' }),
      });
      expect(response.status).toBe(423);
      expect(response.headers.get('retry-after')).toBe('42');
      expect(await response.json()).toEqual({
        code: 'PT423',
        details: 'maintenance_mode',
        hint: 'Nothing is written now. Try again in 42 s.',
        message: 'Back at noon.',
      });
      expect(await writes('alice')).toBe(423);
    });

    it('lets members read: tables, and functions that are stable', async () => {
      const alice = await api.as('alice');
      const services = await alice.from('services').select('name').limit(1);
      expect(services.status).toBe(200);
      expect(services.data).toHaveLength(1);
      const mine = await alice.rpc('my_companies');
      expect(mine.status).toBe(200);
      expect(mine.data?.map(({ slug }) => slug)).toEqual(['acme']);
    });

    it('refuses a function that is not stable', async () => {
      const { rows } = await db.client.query<{ id: string }>(`select ${COMPANY} as id`);
      const alice = await api.as('alice');
      const { status, error } = await alice.rpc('switch_company', {
        company_id: rows[0]?.id as string,
      });
      expect({ status, token: error?.details }).toEqual({ status: 423, token: 'maintenance_mode' });
    });

    it('lets operators and the backend write', async () => {
      expect(await writes('olga')).toBe(201);
      const { status } = await api.asService().rpc('maintain_partitions');
      expect(status).toBe(200);
    });

    it('refuses the backend, too, when told', async () => {
      await set('maintenance.is_backend_refused', 'true');
      const { status } = await api.asService().rpc('maintain_partitions');
      expect(status).toBe(423);
      await set('maintenance.is_backend_refused', 'false');
      expect((await api.asService().rpc('maintain_partitions')).status).toBe(200);
    });
  });

  it('is over with the next request', async () => {
    expect(await writes('alice')).toBe(201);
  });
});
