import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { afterAll, beforeAll } from 'vitest';
import WebSocket from 'ws';
import type { Database } from '../../../generated/database.types.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { type ApiKeys, apiKeys, LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';
import { type Postgrest, startPostgrest } from '../../../scripts/lib/postgrest.ts';
import { signClaims } from '../../../scripts/lib/token.ts';
import { type ActorOptions, claimsOf, type Who } from './actors.ts';
import type { TestDatabase } from './database.ts';

/** The API of a test database: PostgREST behind the same base URL as in `npm start`. */
export interface TestApi {
  readonly url: string;
  readonly keys: ApiKeys;
  /** A supabase-js client that is signed in as one of the cast. */
  as(who: Who): Promise<SupabaseClient<Database>>;
  /** A supabase-js client with the service role's key. */
  asService(): SupabaseClient<Database>;
  /** A signed token of one of the cast. */
  token(who: Who): Promise<string>;
  /** A supabase-js client with any token and headers. */
  withToken(token: string, headers?: Record<string, string>): SupabaseClient<Database>;
}

/** Serves a test file's database with a real PostgREST. Call it once, after `useDatabase()`. */
export function useApi(db: TestDatabase): TestApi {
  let state: { keys: ApiKeys; postgrest: Postgrest; gateway: Gateway } | undefined;
  const current = (): NonNullable<typeof state> => {
    if (!state) {
      throw new Error('the API is there from beforeAll on, not while the file is read');
    }
    return state;
  };

  beforeAll(async () => {
    const keys = await apiKeys();
    const postgrest = await startPostgrest({ dbUrl: db.url('authenticator') });
    const gateway = await startGateway({ port: 0, restUrl: postgrest.url, keys });
    state = { keys, postgrest, gateway };
  });
  afterAll(async () => {
    await state?.gateway.stop();
    await state?.postgrest.stop();
  });

  const client = (token: string, headers: Record<string, string> = {}): SupabaseClient<Database> =>
    createClient<Database>(current().gateway.url, current().keys.anonKey, {
      // Node 20, the oldest that is supported, has no WebSocket of its own.
      realtime: { transport: WebSocket as never },
      auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
      global: { headers: { ...headers, Authorization: `Bearer ${token}` } },
    });
  const token = async (who: Who): Promise<string> => {
    if (typeof who !== 'string' && who.rawClaims !== undefined) {
      throw new Error('rawClaims is no token; use it with asActor()');
    }
    const session = await db.connect();
    try {
      await session.query('begin');
      return await signClaims(await claimsOf(session, who), LOCAL_JWT_SECRET);
    } finally {
      await session.end();
    }
  };

  return {
    get url() {
      return current().gateway.url;
    },
    get keys() {
      return current().keys;
    },
    token,
    withToken: client,
    asService: () => client(current().keys.serviceRoleKey),
    as: async (who) => {
      const headers = typeof who === 'string' ? {} : ((who as ActorOptions).headers ?? {});
      if (who === 'anonymous') {
        return client(current().keys.anonKey, headers);
      }
      return client(await token(who), headers);
    },
  };
}
