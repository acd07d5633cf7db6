import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import pg from 'pg';
import { type ActorName, CAST, COMPANIES, type CompanySlug } from './cast.ts';
import { inRolledBackTransaction, withClient } from './client.ts';
import { EXIT, UserError } from './errors.ts';

/** The claims of a token, as Supabase Auth issues it. */
export type Claims = Record<string, unknown>;

/** Whose token, and for how long. */
export interface TokenRequest {
  /** Member of the cast, or `anonymous` for a project's anonymous key. */
  readonly as: ActorName;
  /** The token as it is after `switch_company()` to that company. */
  readonly company?: CompanySlug;
  /** Seconds until it expires; Supabase's default is an hour. */
  readonly expiresIn?: number;
  /** The token's issuer. */
  readonly issuer?: string;
}

const DEFAULT_EXPIRY_SECONDS = 3600;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const DEFAULT_ISSUER = 'http://127.0.0.1:54321/auth/v1';

interface AuthUser {
  id: string;
  aud: string;
  role: string;
  email: string | null;
  phone: string | null;
  app_metadata: unknown;
  user_metadata: unknown;
  is_anonymous: boolean;
}

async function readAuthUser(client: pg.ClientBase, actor: ActorName): Promise<AuthUser> {
  const { rows } = await client.query<AuthUser>(
    `select u.id, coalesce(nullif(u.aud, ''), 'authenticated') as aud,
            coalesce(nullif(u.role, ''), 'authenticated') as role, u.email, u.phone,
            coalesce(u.raw_app_meta_data, '{}') as app_metadata,
            coalesce(u.raw_user_meta_data, '{}') as user_metadata,
            coalesce(u.is_anonymous, false) as is_anonymous
       from auth.users as u
      where u.id = $1`,
    [CAST[actor].id],
  );
  const user = rows[0];
  if (!user) {
    throw new UserError(`${actor} is not in this database`, {
      fix: 'load the development data: npm run reset, or supabase db push --include-seed',
    });
  }
  return user;
}

/**
 * What Supabase Auth hands to the custom access token hook: see `GenerateAccessToken` in supabase/auth. It leaves
 * `metadata` null for this hook.
 */
function hookEvent(user: AuthUser, request: TokenRequest): { claims: Claims } & Claims {
  const issuedAt = Math.floor(Date.now() / 1000);
  return {
    metadata: null,
    user_id: user.id,
    claims: {
      iss: request.issuer ?? DEFAULT_ISSUER,
      sub: user.id,
      aud: user.aud,
      exp: issuedAt + (request.expiresIn ?? DEFAULT_EXPIRY_SECONDS),
      iat: issuedAt,
      email: user.email ?? '',
      phone: user.phone ?? '',
      app_metadata: user.app_metadata,
      user_metadata: user.user_metadata,
      role: user.role,
      aal: 'aal1',
      amr: [{ method: 'password', timestamp: issuedAt }],
      session_id: randomUUID(),
      is_anonymous: user.is_anonymous,
    },
    authentication_method: 'password',
  };
}

async function switchCompany(
  client: pg.ClientBase,
  actor: ActorName,
  company: CompanySlug,
  claims: Claims,
): Promise<void> {
  const { rows } = await client.query<{ role: string }>(`select current_setting('role') as role`);
  const roleBefore = rows[0]?.role ?? 'none';
  await client.query(
    `select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true)`,
    [JSON.stringify(claims)],
  );
  try {
    await client.query('select public.switch_company($1)', [COMPANIES[company].id]);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') {
      throw error;
    }
    throw new UserError(`${actor} cannot switch to ${company}`, {
      fix: `leave --company out, or choose a company in which ${actor} is an active member`,
      cause: error,
    });
  }
  await client.query(
    `select set_config('role', $1, true), set_config('request.jwt.claims', '', true)`,
    [roleBefore],
  );
}

/**
 * On a local database the superuser can become `supabase_auth_admin`; `postgres` cannot, there as on hosted. Remote
 * servers are not tried: they count failed logins.
 */
async function withMostRights<T>(url: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
  const { hostname, username } = URL.canParse(url) ? new URL(url) : { hostname: '', username: '' };
  if (username === 'postgres' && LOOPBACK.has(hostname)) {
    const superUrl = new URL(url);
    superUrl.username = 'supabase_admin';
    if (await canConnect(superUrl.href)) {
      return withClient(superUrl.href, run);
    }
  }
  return withClient(url, run);
}

async function canConnect(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  return client
    .connect()
    .then(() => client.end())
    .then(() => true)
    .catch(() => false);
}

/**
 * Where nobody may become `supabase_auth_admin`, what that role may do is checked instead, and the function, which is
 * a security definer, gives its owner the same answer.
 */
async function becomeAuthAdmin(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ member: boolean; may_call: boolean | null }>(
    // PostgreSQL 16 tells membership from the right to become the role; 15 knows only the former.
    `select pg_has_role(current_user, 'supabase_auth_admin',
              case when current_setting('server_version_num')::integer >= 160000
                   then 'set' else 'member' end) as member,
            has_schema_privilege('supabase_auth_admin', 'private', 'usage')
              and has_function_privilege('supabase_auth_admin',
                to_regprocedure('private.custom_access_token_hook(jsonb)'), 'execute') as may_call`,
  );
  if (!rows[0]?.may_call) {
    throw new UserError('this database has no token hook that Supabase Auth may call', {
      fix: 'apply the migrations: npm run reset, or supabase db push',
    });
  }
  if (rows[0].member) {
    await client.query('set local role supabase_auth_admin');
  }
}

/**
 * The claims of a token for one of the cast, computed by the real hook with the payload that Supabase Auth sends.
 * Nothing is kept: the whole runs in a transaction that is rolled back.
 */
export function claimsFor(url: string, request: TokenRequest): Promise<Claims> {
  return withMostRights(url, (client) =>
    inRolledBackTransaction(client, () => claimsWithin(client, request)),
  );
}

/**
 * The same on a connection that has a transaction open. It leaves the transaction as it was; after an error the
 * transaction must be rolled back.
 */
export async function claimsWithin(client: pg.ClientBase, request: TokenRequest): Promise<Claims> {
  if (request.as === 'anonymous') {
    return anonymousClaims(request);
  }
  await client.query('savepoint token');
  const event = hookEvent(await readAuthUser(client, request.as), request);
  if (request.company) {
    await switchCompany(client, request.as, request.company, event.claims);
  }
  await becomeAuthAdmin(client);
  const { rows } = await client.query<{ claims: Claims | null }>(
    `select private.custom_access_token_hook($1::jsonb) -> 'claims' as claims`,
    [JSON.stringify(event)],
  );
  await client.query('rollback to savepoint token; release savepoint token');
  const claims = rows[0]?.claims;
  if (!claims) {
    throw new UserError('the token hook returned no claims', {
      fix: 'compare private.custom_access_token_hook with the migrations: npm run check',
      exitCode: EXIT.failed,
    });
  }
  return claims;
}

function anonymousClaims(request: TokenRequest): Claims {
  if (request.company) {
    throw new UserError('an anonymous visitor has no company', { fix: 'leave --company out' });
  }
  const issuedAt = Math.floor(Date.now() / 1000);
  return {
    iss: 'supabase',
    role: 'anon',
    iat: issuedAt,
    exp: issuedAt + (request.expiresIn ?? DEFAULT_EXPIRY_SECONDS),
  };
}

/** Signs claims as Supabase does with a shared secret (HS256). */
export function signClaims(claims: Claims, secret: string): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret));
}

/** A signed token for one of the cast; see {@link claimsFor}. */
export async function signTokenFor(
  url: string,
  secret: string,
  request: TokenRequest,
): Promise<string> {
  return signClaims(await claimsFor(url, request), secret);
}

/** Does to the open transaction what PostgREST does for a request: claims, role and headers, until it ends. */
export async function impersonate(
  client: pg.ClientBase,
  claims: Claims,
  request: { rawClaims?: string; headers?: Record<string, string>; role?: string } = {},
): Promise<void> {
  await client.query(
    `select set_config('request.jwt.claims', $1, true), set_config('request.headers', $2, true),
            set_config('role', $3, true)`,
    [
      request.rawClaims ?? JSON.stringify(claims),
      JSON.stringify(request.headers ?? {}),
      request.role ?? String(claims.role),
    ],
  );
}
