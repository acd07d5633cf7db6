/** The real parts together: PostgREST, a real Deno function, supabase-js, on one base URL. */
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import WebSocket from 'ws';
import { cloneDatabase, connectCluster, dropDatabase } from '../../../scripts/lib/database.ts';
import {
  createFunctionsRuntime,
  type FunctionsRuntime,
} from '../../../scripts/lib/functions-runtime.ts';
import { type Gateway, startGateway } from '../../../scripts/lib/gateway.ts';
import { apiKeys, LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';
import type { Cluster } from '../../../scripts/lib/postgres.ts';
import { type Postgrest, startPostgrest } from '../../../scripts/lib/postgrest.ts';
import { freePort, isAlive } from '../../../scripts/lib/processes.ts';
import { signTokenFor } from '../../../scripts/lib/token.ts';

let cluster: Cluster;
let database: string;
let postgrest: Postgrest;
let functions: FunctionsRuntime;
let gateway: Gateway;
const pids: number[] = [];
const keys = await apiKeys();

beforeAll(async () => {
  const server = inject('testServer');
  cluster = await connectCluster(server.superUrl);
  database = await cloneDatabase(cluster, server.templates.default);
  postgrest = await startPostgrest({ dbUrl: cluster.urlFor(database, 'authenticator') });
  const port = await freePort();
  functions = createFunctionsRuntime({
    env: {
      SUPABASE_URL: `http://127.0.0.1:${port}`,
      SUPABASE_ANON_KEY: keys.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
    },
    onStart: (_name, pid) => pids.push(pid),
  });
  gateway = await startGateway({ port, restUrl: postgrest.url, keys, functions });
});

afterAll(async () => {
  await gateway?.stop();
  await functions?.stop();
  await postgrest?.stop();
  await dropDatabase(cluster, database);
  expect([postgrest?.pid ?? 0, ...pids].filter(isAlive)).toEqual([]);
});

function client(token: string) {
  return createClient(gateway.url, keys.anonKey, {
    // Node 20, the oldest that is supported, has no WebSocket of its own.
    realtime: { transport: WebSocket as never },
    auth: { persistSession: false },
    global: { headers: { Authorization: `Bearer ${token}` } },
  });
}

test('supabase-js reads as a member, and is refused without a token', async () => {
  const token = await signTokenFor(cluster.urlFor(database), LOCAL_JWT_SECRET, { as: 'alice' });
  const member = await client(token).from('services').select('name');
  expect(member.error).toBeNull();
  expect(member.data?.length).toBeGreaterThan(0);
  const visitor = await client(keys.anonKey).from('services').select('name');
  expect(visitor.error?.code).toBe('42501');
});

test('a token signed with another secret is refused', async () => {
  const url = cluster.urlFor(database);
  const token = await signTokenFor(url, 'another secret, which is long enough', { as: 'alice' });
  expect((await client(token).from('services').select('name')).status).toBe(401);
});

test('the function whoami answers with the caller’s own rights', async () => {
  expect(pids).toEqual([]);
  const token = await signTokenFor(cluster.urlFor(database), LOCAL_JWT_SECRET, { as: 'mia' });
  const { data, error } = await client(token).functions.invoke('whoami');
  expect(error).toBeNull();
  expect(data.companies.map((company: { slug: string }) => company.slug).sort()).toEqual([
    'acme',
    'globex',
  ]);
  expect(pids).toHaveLength(1);
});

test('PostgREST notices a migration', async () => {
  const { default: pg } = await import('pg');
  const connection = new pg.Client({ connectionString: cluster.urlFor(database) });
  await connection.connect();
  await connection.query('create function public.ping_probe() returns int language sql return 1');
  await connection.query('grant execute on function public.ping_probe() to service_role');
  await connection.end();
  await expect
    .poll(async () => (await client(keys.serviceRoleKey).rpc('ping_probe')).data, {
      timeout: 10_000,
    })
    .toBe(1);
});
