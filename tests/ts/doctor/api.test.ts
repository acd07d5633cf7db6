import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../scripts/lib/doctor/types.ts';
import type { Who } from '../support/actors.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';
import { ACME, GLOBEX, idOf } from './support.ts';

const db = useDatabase();
const api = useApi(db);

/** What PostgREST answers to a call of diagnose(). */
async function call(
  who: Who,
  body: object = {},
  headers: Record<string, string> = {},
): Promise<{ status: number; checks: string[]; details: unknown }> {
  const response = await fetch(`${api.url}/rest/v1/rpc/diagnose`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      apikey: api.keys.anonKey,
      Authorization: `Bearer ${who === 'anonymous' ? api.keys.anonKey : await api.token(who)}`,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Finding[] | { details: unknown };
  return Array.isArray(answer)
    ? { status: response.status, checks: answer.map(({ check_id }) => check_id), details: null }
    : { status: response.status, checks: [], details: answer.details };
}

describe('diagnose() through PostgREST', () => {
  it('tells a member that nothing keeps them out, and how their company does', async () => {
    const { status, checks } = await call('alice');
    expect(status).toBe(200);
    expect(checks).toEqual(['access.ok', 'budgets.ok', 'billing.ok', 'network.ok']);
  });

  it.each([
    ['mia', { 'x-company-id': GLOBEX }, 'access.ok'],
    ['alice', { 'x-company-id': GLOBEX }, 'access.no_membership'],
    ['alice', { 'x-company-id': 'acme' }, 'access.company_choice_invalid'],
    ['sam', {}, 'access.member_disabled'],
    ['ivan', {}, 'access.company_suspended'],
    ['eve', {}, 'access.no_company'],
  ] as const)('tells %s with %j: %s', async (who, headers, check) => {
    const { status, checks } = await call(who, {}, headers);
    expect(status).toBe(200);
    expect(checks).toContain(check);
  });

  it('is answered where the security policy refuses every other request', async () => {
    await db.client.query(
      `select public.set_security_policy('${ACME}', '{"required_aal": "aal2"}', true)`,
    );
    const other = await (await api.as('alice')).from('services').select('id');
    expect(other.error?.details).toBe('second_factor_required');
    expect((await call('alice')).checks).toEqual(['access.second_factor_required']);
    await db.client.query(
      `select public.set_security_policy('${ACME}', '{"required_aal": "aal1"}', true)`,
    );
    expect((await call('alice')).checks).toContain('access.ok');
  });

  it('is for operators about everybody, and for visitors about nothing', async () => {
    const user = idOf('adam');
    const asked = { company_id: ACME, user_id: user, permission: 'invoices.read' };
    expect((await call('olga', asked)).checks).toEqual(['access.permission_missing']);
    expect((await call('bob', asked)).details).toBe('not_your_company');
    expect((await call('anonymous')).status).toBe(401);
  });
});
