/**
 * The package in a project of somebody else's: made by the real `supabase init`, the tarball as npm packs it, migrations
 * applied by the real CLI, data in place, then the next version, its types in an application, and the proof. `.ci/run` has
 * it once more with CLI 2.x (LYTBUB_SUPABASE_CLI_2) and the proof of all tables (LYTBUB_VERIFY_ALL).
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageBin, rootDir } from '../../../scripts/lib/paths.ts';
import { dbPush } from '../../../scripts/lib/supabase-cli.ts';
import { useDatabase } from '../support/database.ts';
import { commandOf, linkDependencies, pack, packPrevious, unpack } from '../support/package.ts';

/** The binary of CLI 2.x, which names databases by another flag; that of this repository when it is left out. */
const CLI_2 = process.env.LYTBUB_SUPABASE_CLI_2;

async function push(url: string, workdir: string): Promise<string[]> {
  if (CLI_2 === undefined) {
    return (await dbPush(url, { workdir })).applied;
  }
  const { stderr, stdout } = await execa(
    CLI_2,
    // It asks for TLS unless it is told not to.
    ['db', 'push', '--db-url', `${url}?sslmode=disable`, '--yes', '--workdir', workdir],
    { stdin: 'ignore', env: { SUPABASE_TELEMETRY_DISABLED: '1' } },
  );
  return [...`${stderr}\n${stdout}`.matchAll(/^Applying migration (\S+?)\.\.\.$/gm)].map(
    ([, name = '']) => name,
  );
}

const ACME = '00000000-0000-4000-8000-00000000ac3e';
const ALICE = '00000000-0000-4000-8000-0000000a11ce';

/** The project's own table, from before it knew of companies. */
const OWN_BEFORE = `
create table public.orders (id bigint generated always as identity primary key, reference text not null);
alter table public.orders enable row level security;
insert into public.orders (reference) values ('A-1'), ('A-2');
`;

/** The project's own table in the form that the package gives to tables. */
const OWN_AFTER = `
create table public.tickets (
  company_id uuid not null references public.companies (id) on delete cascade,
  id uuid not null default gen_random_uuid(),
  title text not null,
  internal_note text,
  created_at timestamptz not null default now(),
  primary key (company_id, id)
);
alter table public.tickets enable row level security;
create policy select_member on public.tickets for select to authenticated
  using (company_id = (select private.company_for('services.read')));
create policy insert_member on public.tickets for insert to authenticated
  with check (company_id = (select private.company_for('services.write')));
create policy all_platform_admin on public.tickets for all to platform_admin
  using ((select private.is_platform_admin())) with check ((select private.is_platform_admin()));
grant select (company_id, id, title, created_at) on public.tickets to authenticated;
grant insert (company_id, id, title) on public.tickets to authenticated;
grant select, insert, delete on public.tickets to platform_admin, service_role;
create trigger tickets_keep_company before update on public.tickets
  for each row execute function private.tg_row__refuse_move('tickets');
`;

const DATA = `
insert into auth.users (id, email) values ('${ALICE}', 'alice@acme.test');
insert into public.companies (id, slug, name, contact_email) values ('${ACME}', 'acme-e2e', 'Acme', 'office@acme.test');
insert into public.users (company_id, id, email, full_name, role, status)
  values ('${ACME}', '${ALICE}', 'alice@acme.test', 'Alice', 'client', 'active');
insert into public.services (company_id, code, name) select '${ACME}', 'S-' || i, 'Service ' || i from generate_series(1, 200) as i;
insert into public.tickets (company_id, title) select '${ACME}', 'Ticket ' || i from generate_series(1, 500) as i;
`;

/** What a table has, by the columns that it had then. */
interface Snapshot {
  table: string;
  columns: string[];
  rows: Set<string>;
}

async function readRows(
  client: pg.Client,
  table: string,
  columns: readonly string[],
): Promise<Set<string>> {
  const list = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  const { rows } = await client.query<{ row: string }>(
    `select md5(row_to_json(x)::text) as row from (select ${list} from ${table}) as x`,
  );
  return new Set(rows.map(({ row }) => row));
}

async function snapshot(client: pg.Client): Promise<Snapshot[]> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(`
    select c.oid::regclass::text as table, array_agg(a.attname::text order by a.attnum) as columns
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
     group by c.oid`);
  const all: Snapshot[] = [];
  for (const { table, columns } of rows) {
    all.push({ table, columns, rows: await readRows(client, table, columns) });
  }
  return all;
}

describe('in a project of somebody else', () => {
  const db = useDatabase({ template: 'empty' });
  const folder = mkdtempSync(join(tmpdir(), 'lytbub-project-'));
  const project = join(folder, 'shop');
  const command = commandOf(project);
  let tarball = '';
  let previous = { tarball: '', missing: [] as string[] };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const file = (path: string): string => readFileSync(join(project, path), 'utf8');
  const files = (): string[] =>
    readdirSync(join(project, 'supabase'), { recursive: true, encoding: 'utf8' }).sort();
  const migrations = (): string[] => readdirSync(join(project, 'supabase/migrations')).sort();

  beforeAll(async () => {
    tarball = await pack(rootDir, folder);
    previous = await packPrevious(tarball, folder, { version: '0.0.9', without: 2 });
    mkdirSync(project);
    await execa(CLI_2 ?? packageBin('supabase'), ['init', '--workdir', project], {
      stdin: 'ignore',
      env: { SUPABASE_TELEMETRY_DISABLED: '1' },
    });
    mkdirSync(join(project, 'supabase/migrations'));
    writeFileSync(join(project, 'supabase/migrations/20260301120000_orders.sql'), OWN_BEFORE);
    await linkDependencies(project, ['@supabase', 'typescript', '.bin']);
    await unpack(previous.tarball, project);
    await push(db.url(), project);
  }, 240_000);

  it('is installed: dry first, then once, whatever is repeated', async () => {
    const before = files();
    const config = file('supabase/config.toml');
    const dry = await command('init', '--dry-run', '--functions', '--db', db.url());
    expect(dry.stderr + dry.stdout).toContain('dry run');
    expect(dry.exitCode).toBe(0);
    expect(files()).toEqual(before);
    expect(file('supabase/config.toml')).toBe(config);

    const init = await command('init', '--functions', '--db', db.url());
    expect(init.stderr).toBe('');
    expect(init.exitCode).toBe(0);
    expect(init.stdout).toContain('supabase db push');
    const names = migrations();
    expect(names[0]).toBe('20260301120000_orders.sql');
    const shipped = readdirSync(
      join(project, 'node_modules/lytbub-supabase-shell/supabase/migrations'),
    ).sort();
    // After the project's own, in the package's order.
    expect(names.slice(1).map((name) => name.replace(/^\d+_/, ''))).toEqual(
      shipped.map((name) => name.replace(/^\d+_/, '')),
    );
    expect(names[1]).toMatch(/^20260301120001_/);

    // What was in config.toml stands there as it stood, comments and all.
    const merged = file('supabase/config.toml');
    expect(merged.startsWith(config)).toBe(true);
    const parsed = parse(merged) as {
      auth: { hook: Record<string, unknown> };
      functions: Record<string, unknown>;
    };
    expect(parsed.auth.hook.custom_access_token).toEqual({
      enabled: true,
      uri: 'pg-functions://postgres/private/custom_access_token_hook',
    });
    expect(Object.keys(parsed.functions)).toContain('whoami');
    expect(existsSync(join(project, 'supabase/functions/whoami/handler_test.ts'))).toBe(false);

    const installed = files();
    const lock = file('supabase/lytbub.lock.json');
    const again = await command('init', '--functions');
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('nothing to do');
    expect(files()).toEqual(installed);
    expect(file('supabase/lytbub.lock.json')).toBe(lock);
  }, 240_000);

  it('is applied by the CLI, and takes data', async () => {
    const pending = await command('status', '--json', '--db', db.url());
    expect(pending.exitCode).toBe(1);
    const count = migrations().length - 1;
    expect(JSON.parse(pending.stdout).database.pending).toHaveLength(count);
    const applied = await push(db.url(), project);
    expect(applied).toHaveLength(count);
    const status = await command('status', '--db', db.url());
    expect(status.stdout).toContain('nothing to do');
    expect(status.exitCode).toBe(0);

    const version = Number(migrations().at(-1)?.slice(0, 14)) + 1;
    writeFileSync(join(project, `supabase/migrations/${version}_tickets.sql`), OWN_AFTER);
    await push(db.url(), project);
    await db.client.query(DATA);
  }, 240_000);

  it('is upgraded with data in place, and nothing is lost', async () => {
    const before = await snapshot(db.client);
    const rows = before.reduce((sum, { rows: set }) => sum + set.size, 0);
    expect(rows).toBeGreaterThan(900);
    await unpack(tarball, project);

    const repeated = await command('init');
    expect(repeated.exitCode).toBe(2);
    expect(repeated.stderr).toContain('upgrade');
    const status = await command('status', '--json', '--db', db.url());
    expect(status.exitCode).toBe(1);
    expect(JSON.parse(status.stdout)).toMatchObject({
      installed: '0.0.9',
      available: previous.missing,
    });

    const names = migrations();
    const texts = new Map(names.map((name) => [name, file(`supabase/migrations/${name}`)]));
    const dry = await command('upgrade', '--dry-run', '--db', db.url());
    expect(dry.exitCode).toBe(0);
    expect(migrations()).toEqual(names);

    const upgrade = await command('upgrade', '--db', db.url());
    expect(upgrade.stderr).toBe('');
    expect(upgrade.exitCode).toBe(0);
    const added = migrations().filter((name) => !names.includes(name));
    expect(added.map((name) => name.replace(/^\d+/, ''))).toEqual(
      previous.missing.map((name) => name.replace(/^\d+/, '')),
    );
    // Nothing that was there was renamed or written to, and what is new comes last.
    expect(migrations().slice(0, names.length)).toEqual(names);
    for (const [name, text] of texts) {
      expect(file(`supabase/migrations/${name}`)).toBe(text);
    }

    const applied = await push(db.url(), project);
    expect(applied).toEqual(added);
    for (const { table, columns, rows: earlier } of before) {
      const now = await readRows(db.client, table, columns);
      const lost = [...earlier].filter((row) => !now.has(row));
      expect({ table, lost: lost.length }).toEqual({ table, lost: 0 });
    }
    expect((await command('status', '--db', db.url())).exitCode).toBe(0);
    expect((await command('upgrade')).stdout).toContain('nothing to do');
  }, 240_000);

  it('tells drift, and never writes over it', async () => {
    const [, first = '', second = ''] = migrations().map((name) => `supabase/migrations/${name}`);
    const [text, gone] = [file(first), file(second)];
    writeFileSync(join(project, first), `${text}-- a change of ours\n`);
    rmSync(join(project, second));
    const status = JSON.parse((await command('status', '--json')).stdout);
    expect(status).toMatchObject({ changed: [first], missing: [second], is_current: false });
    const init = await command('init');
    expect(init.exitCode).toBe(1);
    expect(init.stdout).toContain('left alone');
    expect(file(first)).toBe(`${text}-- a change of ours\n`);
    // What is missing is written again.
    expect(file(second)).toBe(gone);
    writeFileSync(join(project, first), text.replaceAll('\n', '\r\n'));
    expect((await command('status')).exitCode).toBe(0);
    writeFileSync(join(project, first), text);
  }, 60_000);

  it('gives types of the whole schema, by role, that an application compiles with', async () => {
    const types = await command('types', '--db', db.url(), '--out', 'src/types');
    expect(types.stderr).not.toContain('error');
    expect(types.exitCode).toBe(0);
    expect(file('src/types/roles.types.ts')).toMatch(
      /^\/\/ Generated by lytbub-supabase-shell \d+\.\d+\.\d+: do not edit/,
    );
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    writeFileSync(
      join(project, 'src/app.ts'),
      `
import { createClient } from '@supabase/supabase-js';
import type { Database, Tables } from './types/roles.types.js';

const client = createClient<Database<'client'>>('http://127.0.0.1', 'key');
const { data } = await client.from('tickets').select('id, title, companies(name)');
export const titles: string[] = (data ?? []).map((ticket) => ticket.title);
// @ts-expect-error the column is granted to nobody
export const note: Tables<'tickets', 'client'>['internal_note'] = null;
// @ts-expect-error orders are granted to nobody
client.from('orders');
const agent = createClient<Database<'agent'>>('http://127.0.0.1', 'key');
export const seen = await agent.from('tickets').select('title');
// @ts-expect-error agents have no services.write
agent.from('tickets').insert({ company_id: '', title: '' });
`,
    );
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          module: 'NodeNext',
          moduleResolution: 'NodeNext',
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: [],
          lib: ['ES2022', 'DOM'],
        },
        include: ['src'],
      }),
    );
    const compiled = await execa(packageBin('tsc'), ['-p', project], { reject: false });
    expect(compiled.stdout).toBe('');
    const check = await command('types', '--db', db.url(), '--out', 'src/types', '--check');
    expect(check.exitCode).toBe(0);
  }, 240_000);

  it('adopts a table that was there before, whose rows and types come along', async () => {
    const rows = await readRows(db.client, 'public.orders', ['id', 'reference']);
    const adopt = (...flags: string[]) =>
      command('adopt', '--db', db.url(), '--table', 'public.orders', ...flags);
    const planned = await adopt('--company', 'acme-e2e', '--policies', 'replace', '--dry-run');
    expect(planned.stdout).toContain('backfill');
    expect((await adopt('--company', 'acme-e2e', '--policies', 'replace')).exitCode).toBe(0);
    expect((await adopt('--commit')).exitCode).toBe(0);
    expect(await readRows(db.client, 'public.orders', ['id', 'reference'])).toEqual(rows);
    const types = await command('types', '--db', db.url(), '--out', 'src/adopted');
    expect(types.exitCode).toBe(0);
    writeFileSync(
      join(project, 'src/app.ts'),
      `
import { createClient } from '@supabase/supabase-js';
import type { Database } from './adopted/roles.types.js';

const client = createClient<Database<'client'>>('http://127.0.0.1', 'key');
const { data } = await client.from('orders').select('id, company_id');
export const companies: string[] = (data ?? []).map((order) => order.company_id);
const agent = createClient<Database<'agent'>>('http://127.0.0.1', 'key');
// @ts-expect-error agents are assigned orders.read one by one, and have no orders.write
agent.from('orders').insert({ reference: 'x' });
`,
    );
    const compiled = await execa(packageBin('tsc'), ['-p', project], { reject: false });
    expect(compiled.stdout).toBe('');
  }, 240_000);

  it('backs a company up and restores a copy of it, with the rows of the project’s own tables', async () => {
    const out = await command(
      ...['company:export', '--company', 'acme-e2e', '--out', join(project, 'backup')],
      ...['--db', db.url(), '--json'],
    );
    expect({ code: out.exitCode, said: out.exitCode === 0 ? '' : out.stderr }).toEqual({
      code: 0,
      said: '',
    });
    const { tables } = JSON.parse(out.stdout) as { tables: { name: string; rows: number }[] };
    const rowsOf = (name: string) => tables.find((table) => table.name === name)?.rows;
    expect([rowsOf('public.tickets'), rowsOf('public.orders')]).toEqual([500, 2]);
    const copied = await command(
      ...['company:import', '--from', join(project, 'backup'), '--db', db.url()],
      ...['--new-ids', '--slug', 'acme-copy'],
    );
    expect({ code: copied.exitCode, said: copied.exitCode === 0 ? '' : copied.stderr }).toEqual({
      code: 0,
      said: '',
    });
    const { rows } = await db.client.query(
      `select (select count(*)::integer from public.tickets as t where t.company_id = c.id) as tickets,
              (select count(*)::integer from public.services as s where s.company_id = c.id) as services
         from public.companies as c where c.slug = 'acme-copy'`,
    );
    expect(rows).toEqual([{ tickets: 500, services: 200 }]);
  }, 240_000);

  it('proves that companies are apart, in the project’s own tables and the package’s', async () => {
    // The package's tables are proven by npm run verify, and here, too, where there is time for it.
    const own = process.env.LYTBUB_VERIFY_ALL
      ? []
      : ['--only', 'public.tickets', '--only', 'public.orders'];
    const proven = await command('verify', '--db', db.url(), ...own);
    expect(proven.stdout).toContain('tickets');
    expect(proven.stdout).toContain('orders');
    expect({
      code: proven.exitCode,
      said: proven.exitCode === 0 ? '' : proven.stdout + proven.stderr,
    }).toEqual({ code: 0, said: '' });
    await db.client.query(
      'create policy hole on public.tickets for select to authenticated using (true)',
    );
    const leaking = await command('verify', '--db', db.url(), '--only', 'public.tickets');
    expect(leaking.exitCode).toBe(1);
  }, 600_000);
});
