/** What stands in the way of installing is found before anything is written, and what is there stays as it is. */
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
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'smol-toml';
import { afterAll, describe, expect, it } from 'vitest';
import { applyPlan } from '../../../scripts/lib/install/apply.ts';
import { mergeConfig, type Setting } from '../../../scripts/lib/install/config-toml.ts';
import { applicablePart, objectsOf } from '../../../scripts/lib/install/objects.ts';
import { readPackage } from '../../../scripts/lib/install/package-files.ts';
import {
  type InstallOptions,
  type Plan,
  planInit,
  planUpgrade,
} from '../../../scripts/lib/install/plan.ts';
import { openProject } from '../../../scripts/lib/install/project.ts';
import { readStatus } from '../../../scripts/lib/install/status.ts';
import { placeMigrations } from '../../../scripts/lib/install/versions.ts';
import { packageBin } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';

const HOOK: Setting = {
  path: ['auth', 'hook', 'custom_access_token'],
  values: { enabled: true, uri: 'pg-functions://postgres/private/custom_access_token_hook' },
  reason: 'why',
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A project with these files. */
function project(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'lytbub-install-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const CONFIG = '# ours\nproject_id = "shop" # the shop\n\n[api]\nschemas = ["public"]\n';
const contents = readPackage();

async function init(files: Record<string, string>, options: InstallOptions = {}): Promise<Plan> {
  const root = project({ 'supabase/config.toml': CONFIG, ...files });
  return planInit(openProject({ project: root }), contents, options);
}

/** Collisions of a project whose own migration this is. */
async function colliding(sql: string, options: InstallOptions = {}): Promise<string[]> {
  const plan = await init({ 'supabase/migrations/20240101000000_own.sql': sql }, options);
  expect(plan.collisions.every(({ why, fix, where }) => why && fix && where)).toBe(true);
  return plan.collisions.map(({ object }) => object);
}

describe('collisions with the project’s migrations', () => {
  it.each([
    ['create table public.users (id uuid primary key)', 'relation public.users'],
    ['create table users (id uuid primary key)', 'relation public.users'],
    ['create table if not exists companies (id int)', 'relation public.companies'],
    ["create type public.services as enum ('a')", 'relation public.services'],
    ['create view public.jobs as select 1 as id', 'relation public.jobs'],
    [
      'create function public.switch_company(x text) returns int language sql as $$ select 1 $$',
      'function public.switch_company',
    ],
    ["insert into storage.buckets (name, id) values ('Docs', 'documents')", 'bucket documents'],
    [
      'create policy media_select_member on storage.objects for select using (true)',
      'policy storage.objects.media_select_member',
    ],
    ['create role platform_admin login', 'role platform_admin'],
    [
      'do $$ begin create role platform_admin; exception when others then null; end $$',
      'role platform_admin',
    ],
    [
      "alter role authenticator set pgrst.db_pre_request = 'public.mine'",
      'setting pgrst.db_pre_request=public.mine',
    ],
    [
      'create function public.custom_access_token_hook(event jsonb) returns jsonb language sql as $$ select event $$; grant execute on function public.custom_access_token_hook to supabase_auth_admin',
      'hook public.custom_access_token_hook',
    ],
    ['create schema private; create table private.mine (id int)', 'schema private'],
  ])('%s', async (sql, object) => {
    expect(await colliding(sql)).toEqual([object]);
  });

  it.each([
    ['create table app.users (id int)'],
    ['create table public.users (id int); drop table public.users'],
    ['create table public.users (id int); alter table public.users rename to people'],
    [
      'create table public.users (id int); create schema app; alter table public.users set schema app',
    ],
    ['create temporary table users (id int)'],
    ['create function f() returns int language sql as $$ select 1 $$'],
    ['create schema private'],
    ["insert into storage.buckets (id, name) values ('avatars', 'documents')"],
    [
      '-- migrate:up\ncreate table mine (id int);\n-- migrate:down\ncreate table public.users (id int);',
    ],
    ['create policy select_member on public.mine for select using (true)'],
  ])('none: %s', async (sql) => {
    expect(await colliding(sql)).toEqual([]);
  });

  it('names file and line, and writes nothing', async () => {
    const root = project({
      'supabase/config.toml': CONFIG,
      'supabase/migrations/20240101000000_a.sql':
        '-- one\n\ncreate table mine (id int);\n\n-- two\ncreate table users (id int);\n',
    });
    const plan = await planInit(openProject({ project: root }), contents);
    expect(plan.collisions[0]?.where).toBe('supabase/migrations/20240101000000_a.sql:6');
    expect(readdirSync(join(root, 'supabase/migrations'))).toHaveLength(1);
  });

  it('can be accepted where the project can answer for it, and only there', async () => {
    const sql =
      'create schema private; create table private.mine (id int); create table public.users (id int)';
    expect((await colliding(sql)).sort()).toEqual(['relation public.users', 'schema private']);
    expect(await colliding(sql, { accept: ['private-schema'] })).toEqual(['relation public.users']);
  });

  it('says what it cannot read', async () => {
    const plan = await init({ 'supabase/migrations/20240101000000_own.sql': '\\i other.sql' });
    expect(plan.notes.join()).toContain('20240101000000_own.sql is not SQL');
  });

  it('sees what is in config.toml', async () => {
    const config = `${CONFIG}[auth.hook.custom_access_token]\nenabled = true\nuri = "pg-functions://postgres/public/mine"\n[storage.buckets.media]\npublic = true\n`;
    const plan = await init({ 'supabase/config.toml': config });
    expect(plan.collisions.map(({ object }) => object).sort()).toEqual([
      'bucket media',
      'hook pg-functions://postgres/public/mine',
    ]);
    const accepted = await init(
      { 'supabase/config.toml': config.replace(/\[storage[\s\S]*/, '') },
      { accept: ['token-hook'] },
    );
    expect(accepted.collisions).toEqual([]);
    expect(accepted.writes.some(({ path }) => path.endsWith('config.toml'))).toBe(false);
    const exposed = await init({
      'supabase/config.toml': CONFIG.replace('"public"', '"public", "private"'),
    });
    expect(exposed.collisions).toHaveLength(1);
  });
});

describe('collisions with the database', () => {
  const db = useDatabase({ template: 'empty' });

  it('are found in its catalog, where no file tells of them', async () => {
    const none = await init({}, { db: db.url() });
    expect(none.collisions).toEqual([]);
    await db.client.query(`
      create table public.users (id int);
      create function public.my_companies() returns int language sql as 'select 1';
      create schema private;
      create table private.mine (id int);
      create table private.budget_stripes (id int);
      insert into storage.buckets (id, name) values ('media', 'media');
      create function public.my_access_token_hook(event jsonb) returns jsonb language sql as 'select event';
      grant execute on function public.my_access_token_hook(jsonb) to supabase_auth_admin;`);
    const found = await init({}, { db: db.url() });
    expect(found.collisions.map(({ object }) => object)).toEqual([
      'bucket media',
      'function public.my_companies',
      'hook public.my_access_token_hook',
      'relation private.budget_stripes',
      'relation public.users',
      'schema private',
    ]);
    expect(found.collisions.every(({ where }) => where.startsWith('database'))).toBe(true);
  });
});

describe('with dbmate', () => {
  const db = useDatabase({ template: 'empty' });

  it('is installed, applied and known as applied', async () => {
    const own =
      '-- migrate:up\ncreate table public.own (id int primary key);\n-- migrate:down\ndrop table public.own;\n';
    const root = project({ 'db/migrations/20270101000000_own.sql': own });
    const plan = await planInit(openProject({ project: root }), contents);
    expect(plan).toMatchObject({ tool: 'dbmate', collisions: [] });
    expect(plan.todo.join()).toContain('custom_access_token_hook');
    applyPlan(openProject({ project: root }), plan);
    expect(existsSync(join(root, 'db/lytbub.lock.json'))).toBe(true);
    const before = await readStatus(openProject({ project: root }), contents, db.url());
    expect(before.database?.pending).toHaveLength(contents.migrations.length);
    await execa(
      packageBin('dbmate'),
      [
        '--url',
        `${db.url()}?sslmode=disable`,
        '--migrations-dir',
        'db/migrations',
        '--no-dump-schema',
        'up',
      ],
      { cwd: root },
    );
    const after = await readStatus(openProject({ project: root }), contents, db.url());
    expect(after).toMatchObject({ is_current: true, database: { pending: [] } });
    const again = await planUpgrade(openProject({ project: root }), contents, { db: db.url() });
    expect(again).toMatchObject({ writes: [], collisions: [], newMigrations: [] });
  }, 120_000);
});

describe('upgrade', () => {
  it('refuses a package whose older migrations have another text, and an older package', async () => {
    const root = project({ 'supabase/config.toml': CONFIG });
    const older = { ...contents, version: '0.0.9', migrations: contents.migrations.slice(0, -1) };
    applyPlan(
      openProject({ project: root }),
      await planInit(openProject({ project: root }), older),
    );
    const good = await planUpgrade(openProject({ project: root }), contents);
    expect(good.collisions).toEqual([]);
    expect(good.newMigrations).toHaveLength(1);
    const [first, ...rest] = contents.migrations;
    const edited = {
      ...contents,
      migrations: [{ ...first, sha256: '0'.repeat(64) } as never, ...rest],
    };
    const bad = await planUpgrade(openProject({ project: root }), edited);
    expect(bad.collisions.map(({ object }) => object)).toEqual([`migration ${first?.source}`]);
    applyPlan(openProject({ project: root }), good);
    await expect(planUpgrade(openProject({ project: root }), older)).rejects.toThrow('older');
  });

  it('recognises what was copied by hand', async () => {
    const root = project({ 'supabase/config.toml': CONFIG });
    const [first] = contents.migrations;
    mkdirSync(join(root, 'supabase/migrations'));
    writeFileSync(join(root, `supabase/migrations/20260101000000_first.sql`), first?.text ?? '');
    const plan = await planInit(openProject({ project: root }), contents);
    expect(plan.collisions).toEqual([]);
    expect(plan.newMigrations).toHaveLength(contents.migrations.length - 1);
    expect(plan.newMigrations[0]).toContain('/20260101000001_');
  });

  it('completes what was interrupted', async () => {
    const root = project({ 'supabase/config.toml': CONFIG });
    const plan = await planInit(openProject({ project: root }), contents);
    applyPlan(openProject({ project: root }), { ...plan, writes: plan.writes.slice(0, 5) });
    applyPlan(
      openProject({ project: root }),
      await planInit(openProject({ project: root }), contents),
    );
    expect(await readStatus(openProject({ project: root }), contents)).toMatchObject({
      is_current: true,
    });
  });

  it('never takes the place of a file that came meanwhile', async () => {
    const root = project({ 'supabase/config.toml': CONFIG });
    const plan = await planInit(openProject({ project: root }), contents);
    const path = join(root, plan.newMigrations[3] ?? '');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'mine');
    expect(() => applyPlan(openProject({ project: root }), plan)).toThrow('could not be written');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });
});

describe('config.toml', () => {
  it.each([
    ['nothing', ''],
    [
      'comments and forms of their own',
      '# a\nx = 0x10 # hex\n[auth]\nsite_url = """\nhttp://x"""\ntimes = [ 1979-05-27T07:32:00Z ]\n',
    ],
    ['no line end', 'a = 1'],
    ['Windows line ends', 'a = 1\r\n[auth]\r\nb = 2\r\n'],
    ['another hook', '[auth.hook.send_sms]\nenabled = true\nuri = "x"\n'],
    ['dotted keys', 'auth.site_url = "x"\n'],
  ])('gets the hook after %s, and nothing else changes', (_, text) => {
    const merged = mergeConfig(text, [HOOK], 'config.toml');
    expect(merged.text.startsWith(text)).toBe(true);
    const after = parse(merged.text) as { auth: { hook: { custom_access_token?: unknown } } };
    expect(after.auth.hook.custom_access_token).toEqual(HOOK.values);
    delete after.auth.hook.custom_access_token;
    const before = structuredClone(parse(text)) as { auth?: { hook?: unknown } };
    before.auth = { ...before.auth, hook: before.auth?.hook ?? {} };
    expect(structuredClone(after)).toEqual(before);
    expect(mergeConfig(merged.text, [HOOK], 'config.toml')).toMatchObject({
      text: merged.text,
      added: [],
    });
    expect(text.includes('\r\n')).toBe(merged.text.includes('\r\n'));
  });

  it('is switched on in its place where it is off', () => {
    const text = `[auth.hook.custom_access_token] # ours\nenabled = false # for now\nuri = "${HOOK.values.uri}"\n[x]\nenabled = false\n`;
    expect(mergeConfig(text, [HOOK], 'config.toml').text).toBe(text.replace('false', 'true'));
  });

  it('is left alone where the hook is another, or cannot be added as text', () => {
    const other = '[auth.hook.custom_access_token]\nenabled = true\nuri = "other"\n';
    expect(mergeConfig(other, [HOOK], 'config.toml')).toMatchObject({
      text: other,
      conflicts: [{ setting: HOOK }],
    });
    expect(() => mergeConfig('auth = { hook = {} }\n', [HOOK], 'config.toml')).toThrow(
      'without changing other settings',
    );
    expect(() => mergeConfig('a = = 1', [HOOK], 'config.toml')).toThrow('not TOML');
  });
});

describe('names of migrations', () => {
  it.each([
    ['20240101000000', ['20250130000000_a.sql', '20250131000000_b.sql']],
    ['20250130000000', ['20250130000001_a.sql', '20250130000002_b.sql']],
    ['20261231235959', ['20270101000000_a.sql', '20270101000001_b.sql']],
    ['20260132000000', ['20260201000001_a.sql', '20260201000002_b.sql']],
    ['0007', ['20250130000000_a.sql', '20250131000000_b.sql']],
  ])('after %s', (newest, expected) => {
    const places = placeMigrations(['20250131000000_b.sql', '20250130000000_a.sql'], newest);
    expect([...places.values()].sort()).toEqual(expected);
    expect(places.get('20250130000000_a.sql')).toBe(expected[0]);
  });

  it('are refused where nothing can come after', () => {
    expect(() => placeMigrations(['20250130000000_a.sql'], '9')).toThrow('comes after every time');
    expect(() => placeMigrations(['20250130000000_a.sql'], '99999999999999')).toThrow(
      'no time comes',
    );
  });
});

describe('reading migrations', () => {
  it('keeps lines where dbmate’s marks are', async () => {
    const text = '\n-- migrate:up\n\ncreate table t (id int);\n-- migrate:down\ndrop table t;\n';
    expect(applicablePart(text).split('\n')).toHaveLength(5);
    const { objects } = await objectsOf([{ name: 'a', text }]);
    expect(objects.get('relation public.t')).toEqual({ file: 'a', line: 4 });
  });
});
