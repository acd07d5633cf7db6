import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule, parseSync } from '@libpg-query/parser';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MATRIX_TABLES } from '../../../scripts/lib/access.ts';
import { CAST, COMPANIES } from '../../../scripts/lib/cast.ts';
import { generateCitus } from '../../../scripts/lib/generate/citus.ts';
import { splitStatements } from '../../../scripts/lib/sql-statements.ts';
import { type ActorOptions, asActor, become } from '../support/actors.ts';
import { useApi } from '../support/api.ts';
import { matrixClients, tryTable } from '../support/api-matrix.ts';
import { type TestDatabase, useDatabase } from '../support/database.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

type Node = Record<string, unknown>;

/** The statements of a file as PostgreSQL's own parser reads them. */
async function parse(sql: string): Promise<{ kind: string; node: Node }[]> {
  await loadModule();
  const { stmts = [] } = parseSync(sql) as unknown as { stmts?: { stmt: Record<string, Node> }[] };
  return stmts.map(({ stmt }) => {
    const [[kind, node] = ['', {}]] = Object.entries(stmt);
    return { kind, node };
  });
}

function contains(tree: unknown, kind: string): boolean {
  return (
    typeof tree === 'object' &&
    tree !== null &&
    (kind in tree || Object.values(tree).some((part) => contains(part, kind)))
  );
}

/** Statements but those on roles, which belong to the whole server. */
async function withoutRoles(sql: string): Promise<string> {
  const statements = await splitStatements(sql);
  const roles = statements.filter(({ text }) => /^alter role \w+ login$/.test(text));
  expect(roles).toHaveLength(4);
  return statements
    .filter((statement) => !roles.includes(statement))
    .map(({ text }) => `${text};`)
    .join('\n');
}

/** Names in the order of the calls `select <name>('<table>', …)`. */
function calls(sql: string, name: string): string[] {
  return [...sql.matchAll(new RegExp(`^select ${name}\\('([^']+)'`, 'gm'))].map(([, t = '']) => t);
}

describe('the SQL for Citus', () => {
  const db = useDatabase();
  let sql: string;
  beforeAll(async () => {
    sql = await generateCitus(db.url());
  });

  it('is the same each time, and does not follow the calendar', async () => {
    await db.client.query('update private.partitioned_tables set months_ahead = months_ahead + 2');
    await db.client.query('select private.maintain_partitions()');
    expect(await generateCitus(db.url())).toBe(sql);
    expect(sql).not.toMatch(/_p\d{6}/);
  });

  it('splits every table of companies once, after those that its keys name, and places every other once', async () => {
    const { rows } = await db.client.query<{ name: string; is_split: boolean; parents: string[] }>(`
      select n.nspname || '.' || c.relname as name,
             c.relname = 'companies' or exists (
               select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id') as is_split,
             array(select fn.nspname || '.' || f.relname from pg_constraint as k
                     join pg_class as f on f.oid = k.confrelid join pg_namespace as fn on fn.oid = f.relnamespace
                    where k.conrelid = c.oid and k.contype = 'f' and fn.nspname <> 'auth' and f.oid <> c.oid) as parents
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
         and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')`);
    const split = calls(sql, 'create_distributed_table');
    const others = [
      ...calls(sql, 'create_reference_table'),
      ...calls(sql, 'citus_add_local_table_to_metadata'),
    ];
    expect([...split].sort()).toEqual(
      rows
        .filter((row) => row.is_split)
        .map(({ name }) => name)
        .sort(),
    );
    expect([...others].sort()).toEqual(
      rows
        .filter((row) => !row.is_split)
        .map(({ name }) => name)
        .sort(),
    );
    const order = [...others, ...split];
    for (const { name, parents } of rows) {
      for (const parent of parents) {
        expect(order.indexOf(parent), `${parent} before ${name}`).toBeLessThan(order.indexOf(name));
      }
    }
    expect(split[0]).toBe('public.companies');
    expect(sql.match(/colocate_with => 'public\.companies'/g)).toHaveLength(split.length - 1);
    expect(calls(sql, 'truncate_local_data_after_distributing_table')).toEqual(
      [...split.slice(1)].reverse().concat('public.companies'),
    );
  });

  it('has every policy without a sub-select', async () => {
    const policies = (await parse(sql)).filter(({ kind }) => kind === 'AlterPolicyStmt');
    const { rows } = await db.client.query<{ n: number }>(`
      select count(*)::integer as n from pg_policy as p join pg_class as c on c.oid = p.polrelid
       where c.relnamespace = 'public'::regnamespace`);
    expect(policies).toHaveLength(rows[0]?.n ?? 0);
    expect(policies.filter(({ node }) => contains(node, 'SubLink'))).toEqual([]);
    // The check can fail: what the policies are now has one.
    const [now] = await parse('alter policy p on t using (company_id = (select f()))');
    expect(contains(now?.node, 'SubLink')).toBe(true);
  });

  it('drops the triggers of split tables and makes the same again', async () => {
    const { rows } = await db.client.query<{
      definition: string;
      drop: string;
      is_split: boolean;
    }>(`
      select pg_get_triggerdef(t.oid) as definition, format('drop trigger %I on %I.%I;', t.tgname, n.nspname, c.relname) as drop,
             c.relname = 'companies' or exists (
               select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id') as is_split
        from pg_trigger as t join pg_class as c on c.oid = t.tgrelid join pg_namespace as n on n.oid = c.relnamespace
       where n.nspname in ('public', 'private') and not t.tgisinternal and t.tgparentid = 0`);
    const split = rows.filter((row) => row.is_split);
    expect(split.length).toBeGreaterThan(100);
    const lines = new Set(sql.split('\n'));
    expect(split.filter(({ definition }) => !lines.has(`${definition};`))).toEqual([]);
    expect(split.filter(({ drop }) => !lines.has(drop))).toEqual([]);
    expect(sql.match(/^drop trigger /gm)).toHaveLength(split.length);
    expect(sql.match(/^CREATE (CONSTRAINT )?TRIGGER /gm)).toHaveLength(split.length);
  });

  it('replaces each key to accounts', async () => {
    const { rows } = await db.client.query<{ key: string }>(`
      select conrelid::regclass || ' ' || conname as key from pg_constraint
       where contype = 'f' and confrelid = 'auth.users'::regclass and connamespace::regnamespace::text in ('public', 'private')`);
    expect(rows).toEqual([{ key: 'users users_id_fkey' }]);
    expect(sql).toContain('alter table public.users drop constraint users_id_fkey;');
    expect(sql).toContain('create trigger remove_users after delete on auth.users');
  });

  it('has a new table without hand work, and refuses by name what fits no rule', async () => {
    const parent = `create table public.planted_parents (
        company_id uuid not null references public.companies (id), id uuid not null, primary key (company_id, id))`;
    const child = `create table public.a_planted_child (
        company_id uuid not null, id uuid not null, parent_id uuid, number text unique, account_id uuid references auth.users (id) on delete cascade,
        primary key (company_id, id), foreign key (company_id, parent_id) references public.planted_parents (company_id, id))`;
    const policy = `create policy planted on public.a_planted_child for select to authenticated using (company_id = (select private.company_for('jobs.read')))`;
    const plant = async (...statements: string[]): Promise<string> => {
      await db.client.query(statements.join(';'));
      try {
        return await generateCitus(db.url());
      } catch (error) {
        return `refused: ${(error as { details?: string }).details}`;
      } finally {
        await db.client.query(
          `drop table if exists public.a_planted_child, public.planted_parents`,
        );
        await db.client.query('drop policy if exists planted on public.jobs');
        await db.client.query('alter table public.jobs enable trigger set_row_meta');
      }
    };
    const planted = await plant(
      parent,
      child,
      policy,
      `create trigger planted before insert on public.a_planted_child for each row execute function private.tg_row__set_creator()`,
    );
    const split = calls(planted, 'create_distributed_table');
    expect(split.indexOf('public.a_planted_child')).toBeGreaterThan(
      split.indexOf('public.planted_parents'),
    );
    for (const line of [
      `alter policy planted on public.a_planted_child using (company_id = private.company_when_planned('jobs.read')`,
      'drop trigger planted on public.a_planted_child;',
      'CREATE TRIGGER planted BEFORE INSERT ON public.a_planted_child',
      'alter table public.a_planted_child drop constraint a_planted_child_account_id_fkey;',
      'create index a_planted_child_number_key ON public.a_planted_child',
    ]) {
      expect(planted).toContain(`\n${line}`);
    }
    expect(await generateCitus(db.url())).toBe(sql);

    const refusals: [string[], RegExp][] = [
      [
        [
          'create policy planted on public.jobs for select to authenticated using (company_id in (select company_id from public.users))',
        ],
        /policy planted on public\.jobs: it is of neither/,
      ],
      [
        [
          parent,
          child.replace(
            '(company_id, parent_id) references public.planted_parents (company_id, id)',
            '(company_id, parent_id) references public.planted_parents (company_id, id) on delete set null',
          ),
        ],
        /a_planted_child.*set null/,
      ],
      [
        ['create table public.a_planted_child (company_id uuid not null, id uuid primary key)'],
        /public\.a_planted_child: its primary key does not begin with company_id/,
      ],
      [
        [
          'create table public.a_planted_child (id uuid primary key, company_id_of uuid references public.companies (id))',
        ],
        /a reference table cannot refer to a distributed one/,
      ],
      [
        ['alter table public.jobs disable trigger set_row_meta'],
        /trigger set_row_meta on public\.jobs: it is disabled/,
      ],
      [
        [
          parent,
          'alter table public.planted_parents add unique (id)',
          'create table public.a_planted_child (company_id uuid not null, id uuid not null references public.planted_parents (id), primary key (company_id, id))',
        ],
        /does not carry company_id[\s\S]*others refer to/,
      ],
    ];
    for (const [statements, expected] of refusals) {
      expect(await plant(...statements)).toMatch(expected);
    }
  });
});

describe('run where functions stand for Citus', () => {
  const db = useDatabase();
  let root: pg.Client;
  let sql: string;
  let before: Awaited<ReturnType<typeof snapshot>>;

  /** What must be the same afterwards. */
  async function snapshot(
    client: pg.Client,
  ): Promise<Record<'triggers' | 'grants' | 'rows' | 'constraints', string[]>> {
    const { rows } = await client.query(`
      select array(select pg_get_triggerdef(t.oid) from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
                    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and not t.tgisinternal
                    order by 1) as triggers,
             array(select c.oid::regclass || ' ' || coalesce(c.relacl::text, '') || c.relrowsecurity from pg_class as c
                    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1) as grants,
             array(select k.conname::text from pg_constraint as k
                    where k.connamespace in ('public'::regnamespace, 'private'::regnamespace) and k.conparentid = 0
                    order by k.conname collate "C") as constraints,
             array[(select md5(string_agg(x::text, ',' order by x.id)) from public.services as x),
                   (select md5(string_agg(x::text, ',' order by x.id)) from public.audit_logs as x)] as rows`);
    return rows[0];
  }

  beforeAll(async () => {
    root = new pg.Client({ connectionString: db.superUrl() });
    await root.connect();
    sql = await withoutRoles(await generateCitus(db.url()));
    const refused = async (): Promise<string> => {
      const message = await root.query(sql).then(
        () => 'it ran',
        (error: Error) => error.message,
      );
      await root.query('rollback');
      return message;
    };
    expect(await refused()).toBe('this database has no Citus');
    await root.query(readFileSync(join(import.meta.dirname, 'citus-stub.sql'), 'utf8'));
    await root.query('create table public.unknown_table (id uuid primary key)');
    expect(await refused()).toBe('this file does not know public.unknown_table');
    await root.query('drop table public.unknown_table');
    await root.query(
      `insert into private.company_moves (company_id, id, direction, state, peer, company_status)
       values ($1, gen_random_uuid(), 'out', 'copying', 'elsewhere', 'active')`,
      [COMPANIES.acme.id],
    );
    expect(await refused()).toBe('a company is moving');
    await root.query('delete from private.company_moves');
    before = await snapshot(root);
    await root.query(sql);
  });
  afterAll(() => root.end());
  const api = useApi(db);

  it('changes nothing but policies, keys that span companies and that to accounts', async () => {
    const after = await snapshot(root);
    expect(after.triggers).toEqual(before.triggers);
    expect(after.grants).toEqual(before.grants);
    expect(after.rows).toEqual(before.rows);
    expect(before.constraints.filter((one) => !after.constraints.includes(one))).toEqual([
      'api_key_secrets_key_hash_is_unique',
      'companies_slug_is_unique',
      'companies_stripe_customer_id_is_unique',
      'invitation_tokens_token_hash_is_unique',
      'users_id_fkey',
    ]);
    const { rows } = await db.client.query('select * from private.duplicate_keys()');
    expect(rows).toEqual([]);
  });

  it('answers on shards what the gate answers, for everybody and every permission', async () => {
    const { rows: all } = await db.client.query<{ permission: string }>(
      'select permission from private.permissions',
    );
    const who: ActorOptions[] = [
      ...Object.keys(CAST).map((as) => ({ as }) as ActorOptions),
      { as: 'mia', company: 'globex' },
      { as: 'mia', headers: { 'x-company-id': COMPANIES.globex.id } },
      { as: 'alice', headers: { 'x-company-id': COMPANIES.globex.id } },
      { as: 'alice', headers: { 'x-company-id': 'nonsense' } },
      { as: 'alice', claims: { company_id: COMPANIES.globex.id } },
      { as: 'bob', claims: { aal: 'aal2' } },
    ];
    let held = 0;
    const compare = async (options: ActorOptions): Promise<void> => {
      const { rows } = await asActor(db.client, options, async (client) => {
        await client.query('select public.establish_request()');
        const role = await client.query<{ role: string }>(`select current_setting('role') as role`);
        await client.query('reset role');
        const answers = await client.query<{ permission: string; gate: string; shard: string }>(
          `select x as permission, private.company_for(x) as gate, private.company_of_request(x) as shard
             from unnest($1::text[]) as x`,
          [all.map(({ permission }) => permission)],
        );
        expect(role.rows[0]?.role).not.toBe('none');
        return answers;
      });
      held += rows.filter(({ gate }) => gate !== null).length;
      expect(rows.filter(({ gate, shard }) => gate !== shard)).toEqual([]);
    };
    for (const options of who.filter(({ as }) => as !== 'anonymous')) {
      await compare(options);
    }
    expect(held).toBeGreaterThan(50);
    // A policy that asks for a second factor here and there.
    await db.client.query(
      `insert into public.security_policies (company_id, aal2_permissions) values ($1, '{services.write,invoices.read}')`,
      [COMPANIES.globex.id],
    );
    const before = held;
    await compare({ as: 'bob' });
    const without = held - before;
    await compare({ as: 'bob', claims: { aal: 'aal2' } });
    expect(held - before - without).toBe(without + 2);
    await db.client.query('delete from public.security_policies where company_id = $1', [
      COMPANIES.globex.id,
    ]);
  });

  it('lets nobody in without an established request', async () => {
    const count = async (client: pg.Client): Promise<number> =>
      (await client.query('select count(*)::integer as n from public.services')).rows[0].n;
    expect(await asActor(db.client, 'alice', count)).toBe(0);
    const established = async (client: pg.Client): Promise<number> => {
      await client.query('select public.establish_request()');
      return count(client);
    };
    expect(await asActor(db.client, 'alice', established)).toBeGreaterThan(0);
    expect(await asActor(db.client, 'eve', established)).toBe(0);
    expect(await asActor(db.client, 'ivan', established)).toBe(0);
  });

  it('asks once a statement, and finds the company by its index', async () => {
    const plan = await asActor(db.client, 'alice', async (client) => {
      await client.query('select public.establish_request()');
      await client.query('set local enable_seqscan = off');
      const { rows } = await client.query('explain (costs off) select * from public.services');
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/One-Time Filter: .*company_of_request\('services\.read'::text\)/);
    expect(plan).toContain(`(company_id = '${COMPANIES.acme.id}'::uuid)`);
  });

  describe('a plan that is kept for the next request', () => {
    const ROWS = 'select distinct company_id::text as company from public.services';
    let session: pg.Client;
    beforeAll(async () => {
      session = await db.connect();
      await session.query(`
        create function public.companies_seen() returns text[] language plpgsql security invoker as
        $fn$ begin return (select array_agg(distinct company_id) from public.services); end $fn$`);
    });

    /** What statement and function, both planned before, see in the next request. */
    const seen = async (
      as: 'alice' | 'bob' | 'adam',
      isEstablished: boolean,
    ): Promise<unknown[]> => {
      await session.query('begin');
      try {
        await become(session, as);
        if (isEstablished) {
          await session.query('select public.establish_request()');
        } else {
          // As on a machine where plans were not discarded.
          const { rows } = await session.query('select * from private.request_scope()');
          await session.query(
            `select set_config('app.company_id', $1, true), set_config('app.permissions', ',' || array_to_string($2::text[], ',') || ',', true)`,
            [rows[0].company_id, rows[0].permissions],
          );
        }
        const statement = await session.query({ name: 'rows', text: ROWS });
        const routine = await session.query({
          name: 'routine',
          text: 'select public.companies_seen() as companies',
        });
        return [statement.rows.map(({ company }) => company), routine.rows[0].companies];
      } finally {
        await session.query('rollback');
      }
    };
    const of = (slug: 'acme' | 'globex'): unknown[] => [
      [COMPANIES[slug].id],
      `{${COMPANIES[slug].id}}`,
    ];
    const nothing = [[], null];
    const parsed = ([rows, companies]: unknown[]): unknown[] => [
      rows,
      Array.isArray(companies) ? `{${companies.join(',')}}` : companies,
    ];

    it('reaches nothing of whom it was made for, and is made anew', async () => {
      expect(parsed(await seen('alice', true))).toEqual(of('acme'));
      expect(parsed(await seen('bob', false))).toEqual(nothing);
      expect(parsed(await seen('bob', true))).toEqual(of('globex'));
      expect(parsed(await seen('alice', false))).toEqual(nothing);
      expect(parsed(await seen('alice', true))).toEqual(of('acme'));
    });

    it('is the hazard that it is said to be: without the second look it leaks', async () => {
      const policy = `alter policy select_member on public.services using (company_id = private.company_when_planned('services.read')`;
      await root.query(`${policy})`);
      try {
        expect(parsed(await seen('alice', true))).toEqual(of('acme'));
        expect(parsed(await seen('bob', false))).toEqual(of('acme'));
      } finally {
        await root.query(
          `${policy} and private.company_when_planned('services.read') = private.company_of_request('services.read'))`,
        );
      }
      expect(parsed(await seen('alice', true))).toEqual(of('acme'));
      expect(parsed(await seen('bob', false))).toEqual(nothing);
    });

    it('does not serve a colleague with fewer permissions', async () => {
      await session.query(
        `update public.users set revoked_permissions = '{services.read}' where id = $1`,
        [CAST.adam.id],
      );
      expect(parsed(await seen('alice', true))).toEqual(of('acme'));
      expect(parsed(await seen('adam', false))).toEqual(nothing);
      expect(parsed(await seen('adam', true))).toEqual(nothing);
      await session.query(`update public.users set revoked_permissions = '{}' where id = $1`, [
        CAST.adam.id,
      ]);
      expect(parsed(await seen('adam', true))).toEqual(of('acme'));
    });
  });

  it.each(['jobs', 'users'] as const)('isolates %s over PostgREST as declared', async (table) => {
    const { wrong, controls } = await tryTable(db.client, await matrixClients(api), table);
    expect(wrong).toEqual([]);
    expect(controls).toBeGreaterThan(0);
  });

  it('removes members with their account, and names keys that two companies have', async () => {
    await root.query('begin');
    await root.query('delete from auth.users where id = $1', [CAST.adam.id]);
    const { rows } = await root.query('select from public.users where id = $1', [CAST.adam.id]);
    expect(rows).toEqual([]);
    await root.query(`update public.companies set slug = 'same' where id in ($1, $2)`, [
      COMPANIES.acme.id,
      COMPANIES.globex.id,
    ]);
    const duplicates = await root.query('select * from private.duplicate_keys()');
    expect(duplicates.rows).toEqual([
      { index_name: 'public.companies_slug_is_unique', key: '["same"]', row_count: '2' },
    ]);
    await root.query('rollback');
  });
});

// A coordinator with migrations, development data and citus.sql, by its superuser's URL; authenticator has the same password.
const CITUS = process.env.LYTBUB_CITUS_URL;
describe.skipIf(!CITUS)('on the Citus cluster at LYTBUB_CITUS_URL', () => {
  const url = (role?: string): string => {
    const parsed = new URL(CITUS ?? '');
    parsed.username = role ?? parsed.username;
    return parsed.href;
  };
  const open: pg.Client[] = [];
  const connect = async (role?: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url(role) });
    await client.connect();
    open.push(client);
    return client;
  };
  const cluster = { name: 'citus', url, superUrl: () => url(), connect } as unknown as TestDatabase;
  const api = useApi(cluster);
  afterAll(() => Promise.all(open.map((client) => client.end())));

  it('has split the tables', async () => {
    const { rows } = await (await connect()).query(
      `select count(*)::integer as n from citus_tables where citus_table_type = 'distributed'`,
    );
    expect(rows[0].n).toBeGreaterThan(40);
  });

  it('isolates every table over PostgREST as declared', async () => {
    const [owner, clients] = [await connect(), await matrixClients(api)];
    for (const table of MATRIX_TABLES.filter((name) => !name.startsWith('storage.'))) {
      const { wrong, controls } = await tryTable(owner, clients, table);
      expect(wrong, table).toEqual([]);
      expect(controls).toBeGreaterThan(0);
    }
  }, 600_000);
});
