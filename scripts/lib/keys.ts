import { SignJWT } from 'jose';

/**
 * The JWT secret of a local stack: the one that `supabase start` uses, so that the keys are those
 * of the Supabase documentation. Public knowledge, hence for development on 127.0.0.1 only.
 */
export const LOCAL_JWT_SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long';

/** The keys of a project: what clients send in the header `apikey`. */
export interface ApiKeys {
  anonKey: string;
  serviceRoleKey: string;
}

/** The keys that belong to a JWT secret; the same secret always gives the same keys. */
export async function apiKeys(secret: string = LOCAL_JWT_SECRET): Promise<ApiKeys> {
  const sign = (role: string): Promise<string> =>
    new SignJWT({ iss: 'supabase-demo', role, exp: 1983812996 })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(new TextEncoder().encode(secret));
  const [anonKey, serviceRoleKey] = await Promise.all([sign('anon'), sign('service_role')]);
  return { anonKey, serviceRoleKey };
}
