import { decodeJwt, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { CAST, COMPANIES } from '../../../scripts/lib/cast.ts';
import { claimsFor, signTokenFor } from '../../../scripts/lib/token.ts';
import { useDatabase } from '../support/database.ts';

const db = useDatabase();
const secret = 'a-secret-of-at-least-thirty-two-characters';

describe('signTokenFor', () => {
  test('signs the claims of the hook with the secret', async () => {
    const token = await signTokenFor(db.url(), secret, { as: 'alice' });
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      audience: 'authenticated',
    });
    expect(payload).toMatchObject({
      sub: CAST.alice.id,
      email: CAST.alice.email,
      role: 'authenticated',
      company_id: COMPANIES.acme.id,
      company_role: 'client',
      aal: 'aal1',
      is_anonymous: false,
    });
  });

  test('expires when it was asked to', async () => {
    const { exp = 0, iat = 0 } = decodeJwt(
      await signTokenFor(db.url(), secret, { as: 'alice', expiresIn: 60 }),
    );
    expect(exp - iat).toBe(60);
  });
});

describe('claimsFor', () => {
  test('makes an admin a platform_admin', async () => {
    expect(await claimsFor(db.url(), { as: 'olga' })).toMatchObject({ role: 'platform_admin' });
  });

  test.each(['sam', 'ivan', 'eve'] as const)('%s has no company', async (as) => {
    const claims = await claimsFor(db.url(), { as });
    expect(claims).toMatchObject({ role: 'authenticated' });
    expect(claims).not.toHaveProperty('company_id');
    expect(claims).not.toHaveProperty('permissions');
  });

  test('shows the token after a switch, and switches nothing', async () => {
    expect(await claimsFor(db.url(), { as: 'mia' })).toMatchObject({
      company_id: COMPANIES.acme.id,
    });
    expect(await claimsFor(db.url(), { as: 'mia', company: 'globex' })).toMatchObject({
      company_id: COMPANIES.globex.id,
      company_role: 'client',
    });
    expect(await claimsFor(db.url(), { as: 'mia' })).toMatchObject({
      company_id: COMPANIES.acme.id,
    });
  });

  test('refuses a switch that the database refuses', async () => {
    await expect(claimsFor(db.url(), { as: 'alice', company: 'globex' })).rejects.toThrow(
      'alice cannot switch to globex',
    );
  });

  test('says what to do when there is no hook to call', async () => {
    await db.client.query(
      'revoke execute on function private.custom_access_token_hook(jsonb) from supabase_auth_admin',
    );
    await expect(claimsFor(db.url(), { as: 'alice' })).rejects.toMatchObject({
      message: 'this database has no token hook that Supabase Auth may call',
      fix: expect.stringContaining('supabase db push'),
    });
    await db.client.query(
      'grant execute on function private.custom_access_token_hook(jsonb) to supabase_auth_admin',
    );
  });
});
