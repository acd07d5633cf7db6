/**
 * The local baseline against what hosted Supabase lets the role `postgres` do. Whatever hosted
 * refuses must be refused here too: a migration that passes only here is the one thing to avoid.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  cloneDatabase,
  connectCluster,
  createTemplate,
  dropDatabase,
} from '../../../scripts/lib/database.ts';
import type { Cluster } from '../../../scripts/lib/postgres.ts';

let cluster: Cluster;
let database: string;
let postgres: pg.Client;

beforeAll(async () => {
  const server = inject('testServer');
  cluster = await connectCluster(server.superUrl);
  database = await cloneDatabase(cluster, server.templates.empty);
  postgres = new pg.Client({ connectionString: cluster.urlFor(database) });
  await postgres.connect();
});

afterAll(async () => {
  await postgres?.end();
  await dropDatabase(cluster, database);
});

/** The SQLSTATE of a statement as `postgres`, `ok` when it works; nothing is kept. */
async function outcome(...statements: string[]): Promise<string> {
  await postgres.query('begin');
  try {
    for (const statement of statements) {
      await postgres.query(statement);
    }
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await postgres.query('rollback');
  }
}

const POLICY = 'create policy p on storage.objects for select to authenticated using (true)';

describe('postgres is no superuser and owns nothing in auth, storage and realtime', () => {
  test.each([
    ['create table auth.mine ()'],
    ['create table storage.mine ()'],
    ['create table realtime.mine ()'],
    ['alter table auth.users add column mine text'],
    ['alter table storage.objects enable row level security'],
    ['create index on storage.objects (owner_id)'],
    ['drop table storage.objects'],
    [`comment on table auth.users is 'mine'`],
    ['set role supabase_auth_admin'],
    ['set role supabase_storage_admin'],
    ['set role supabase_admin'],
    ['alter role anon superuser'],
    ['create or replace function storage.filename(name text) returns text return name'],
    ['alter default privileges for role supabase_admin grant all on tables to anon'],
    ['select extensions.policy_grants_begin()'],
  ])('%s is refused', async (statement) => {
    expect(['42501', '0A000']).toContain(await outcome(statement));
  });
});

describe('what hosted allows', () => {
  test.each([
    ['create policy p on auth.users for select to authenticated using (true)'],
    ['create table public.t (id uuid references auth.users (id) on delete cascade)'],
    ['insert into storage.buckets (id, name) values ($$mine$$, $$mine$$)'],
    [`insert into auth.users (id, email) values (gen_random_uuid(), 'new@example.com')`],
    ['grant select on auth.users to authenticated'],
    ['grant usage on schema storage to anon; grant select on storage.objects to anon'],
    ['create extension if not exists btree_gist with schema extensions'],
    ['set role anon; reset role; set role authenticated; reset role; set role service_role'],
  ])('%s', async (statement) => {
    expect(await outcome(statement)).toBe('ok');
  });

  test('policies on storage.objects: create, alter and drop', async () => {
    expect(
      await outcome(
        POLICY,
        'alter policy p on storage.objects using (false)',
        'drop policy p on storage.objects',
      ),
    ).toBe('ok');
  });

  test('a trigger on auth.users: create and drop', async () => {
    expect(
      await outcome(
        'create function public.f() returns trigger language plpgsql as $$ begin return new; end $$',
        'create trigger t after insert on auth.users for each row execute function public.f()',
        'drop trigger t on auth.users',
      ),
    ).toBe('ok');
  });

  test('a role of its own for PostgREST', async () => {
    expect(
      await outcome('create role test_operator nologin', 'grant test_operator to authenticator'),
    ).toBe('ok');
  });

  test('a table in the publication supabase_realtime', async () => {
    expect(
      await outcome(
        'create table public.t (id int primary key)',
        'alter publication supabase_realtime add table public.t',
      ),
    ).toBe('ok');
  });
});

describe('the right to make policies is no more than that', () => {
  test.each([
    [`comment on policy p on storage.objects is 'mine'`],
    ['alter policy p on storage.objects rename to q'],
    ['alter table storage.objects disable row level security'],
    ['drop table storage.objects cascade'],
  ])('%s is refused after a policy was made', async (statement) => {
    expect(await outcome(POLICY, statement)).toBe('42501');
  });

  test('the owner is the same before, after, and after a failed statement', async () => {
    const owners = async (): Promise<unknown[]> =>
      (
        await postgres.query(
          `select relname, relowner::regrole::text from pg_class
           where relnamespace in ('auth'::regnamespace, 'storage'::regnamespace, 'realtime'::regnamespace)
             and relkind in ('r', 'p') order by 1`,
        )
      ).rows;
    const before = await owners();
    expect(JSON.stringify(before)).not.toContain('"postgres"');
    await postgres.query(POLICY);
    expect(await owners()).toEqual(before);
    await expect(postgres.query(POLICY)).rejects.toMatchObject({ code: '42710' });
    expect(await owners()).toEqual(before);
    await postgres.query('drop policy p on storage.objects');
    expect(await owners()).toEqual(before);
  });

  test('others gain nothing by it', async () => {
    expect(await outcome('set role service_role', POLICY)).toBe('42501');
  });
});

describe('auth functions', () => {
  const read = async (setting: string, value: string): Promise<Record<string, unknown>> => {
    await postgres.query('begin');
    try {
      await postgres.query('select set_config($1, $2, true)', [setting, value]);
      const { rows } = await postgres.query(
        'select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() as jwt',
      );
      return rows[0];
    } finally {
      await postgres.query('rollback');
    }
  };
  const uid = '00000000-0000-4000-8000-000000000001';

  test('read the claims', async () => {
    const claims = { sub: uid, role: 'authenticated', email: 'a@example.com' };
    expect(await read('request.jwt.claims', JSON.stringify(claims))).toEqual({
      uid,
      role: 'authenticated',
      email: 'a@example.com',
      jwt: claims,
    });
  });

  test('are null without claims', async () => {
    expect(await read('request.jwt.claims', '')).toEqual({
      uid: null,
      role: null,
      email: null,
      jwt: null,
    });
  });

  test.each(['not json', '{"sub":"no uuid"}'])(
    'raise an error on %s, as on hosted',
    async (text) => {
      await expect(read('request.jwt.claims', text)).rejects.toMatchObject({ code: '22P02' });
    },
  );
});

describe('storage', () => {
  test('rows are deleted through the API only', async () => {
    const remove = `delete from storage.buckets where id = 'b'`;
    expect(await outcome(remove)).toBe('42501');
    expect(await outcome(`set local storage.allow_delete_query = 'true'`, remove)).toBe('ok');
  });

  test('path functions', async () => {
    const { rows } = await postgres.query(
      `select storage.foldername('c/2025/a.b.pdf') as folders, storage.filename('c/2025/a.b.pdf') as file,
              storage.extension('c/2025/a.b.pdf') as extension`,
    );
    expect(rows[0]).toEqual({ folders: ['c', '2025'], file: 'a.b.pdf', extension: 'pdf' });
  });
});

describe('automatic grants', () => {
  const granted = async (template: string): Promise<string[]> => {
    const name = await cloneDatabase(cluster, template);
    const client = new pg.Client({ connectionString: cluster.urlFor(name) });
    await client.connect();
    try {
      await client.query('create table public.grants_probe (id int)');
      const { rows } = await client.query<{ grantee: string }>(
        `select distinct grantee from information_schema.role_table_grants
         where table_name = 'grants_probe' and grantee <> 'postgres' order by 1`,
      );
      return rows.map((row) => row.grantee);
    } finally {
      await client.end();
      await dropDatabase(cluster, name);
    }
  };

  test('a new project grants nothing on a new table', async () => {
    expect(await granted(inject('testServer').templates.empty)).toEqual([]);
  });

  test('an old one grants everything to the API roles', async () => {
    // Of its own: migrations take the automatic grants of their role away.
    const name = await createTemplate(cluster, `auto_grants_probe_${process.pid}`, {
      autoGrants: true,
      migrations: false,
      pgtap: false,
    });
    try {
      expect(await granted(name)).toEqual(['anon', 'authenticated', 'service_role']);
    } finally {
      await dropDatabase(cluster, name);
    }
  });
});
