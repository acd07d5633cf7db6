/** Small parts of the local stack: servers that were left behind, errors, what a command works on. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { checkedUrl, connectCluster, resolveDatabase } from '../../../scripts/lib/database.ts';
import { EXIT, UserError } from '../../../scripts/lib/errors.ts';
import { startCluster, stopLeftover } from '../../../scripts/lib/postgres.ts';
import { freePort, isAlive, isPortFree, processIdentity } from '../../../scripts/lib/processes.ts';
import {
  claimState,
  endLeftovers,
  readState,
  runningStack,
  stillRuns,
  writeState,
} from '../../../scripts/lib/stack-state.ts';
import { dbPush, genTypes, migrationList } from '../../../scripts/lib/supabase-cli.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lytbub-local-'));
  // PostgreSQL of a run as root must be able to enter it.
  chmodSync(dir, 0o755);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('the embedded server', () => {
  test('starts, keeps its data, and replaces a server that was left behind', async () => {
    const dataDir = join(dir, 'data');
    const first = await startCluster({ dataDir, persistent: false });
    expect(first.version).toMatch(/^17\./);
    // A second start on the same folder is what happens after a `kill -9`.
    const second = await startCluster({ dataDir, persistent: false });
    expect(isAlive(first.pid)).toBe(false);
    expect(second.superUrl('postgres')).toContain('supabase_admin');
    await second.stop();
    await second.stop();
    expect(isAlive(second.pid)).toBe(false);
    expect(await isPortFree(second.port)).toBe(true);
  });

  test('never stops a process that only happens to have the recorded id', async () => {
    const other = spawn('sleep', ['30']);
    mkdirSync(join(dir, 'data'));
    writeFileSync(join(dir, 'data/postmaster.pid'), `${other.pid}\n${dir}/data\n`);
    expect(await stopLeftover(join(dir, 'data'))).toBe(false);
    expect(isAlive(other.pid ?? 0)).toBe(true);
    expect(existsSync(join(dir, 'data/postmaster.pid'))).toBe(false);
    other.kill();
  });

  test('says in one sentence that a folder is no data folder, or of another version', async () => {
    const dataDir = join(dir, 'data');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'something'), '');
    if (process.getuid?.() === 0) {
      execFileSync('chown', ['-R', 'postgres', dataDir]);
    }
    const strange = await failure(startCluster({ dataDir }));
    expect(strange.message).toMatch(/not a PostgreSQL data folder/);
    expect(strange.fix).toMatch(/npm run reset/);
    writeFileSync(join(dataDir, 'PG_VERSION'), '16\n');
    expect((await failure(startCluster({ dataDir }))).message).toMatch(/made by PostgreSQL 16/);
  });

  test('says what to do when PostgreSQL 15 is not installed', async () => {
    vi.stubEnv('LYTBUB_PG_BIN', dir);
    const error = await failure(startCluster({ dataDir: join(dir, 'data'), major: 15 }));
    expect(error.message).toMatch(/PostgreSQL 15 is not installed/);
    expect(error.fix).toMatch(/LYTBUB_PG_BIN/);
  });
});

describe('the state of a stack', () => {
  test('one process claims it; the next one sees who did', () => {
    expect(claimState(dir)).toBeUndefined();
    const other = claimState(dir);
    expect(other?.pid).toBe(process.pid);
    expect(other && stillRuns(other)).toBe(true);
    expect(runningStack(dir)?.state).toBe('starting');
  });

  test('a reused process id is not mistaken for the stack', () => {
    const identity = 'started long ago, another program';
    writeState({ pid: process.pid, identity, state: 'up', children: [] }, dir);
    expect(runningStack(dir)).toBeUndefined();
  });

  test('only recorded processes that still are the same are ended', async () => {
    const ours = spawn('sleep', ['30']);
    const reused = spawn('sleep', ['30']);
    const [a, b] = [ours.pid ?? 0, reused.pid ?? 0];
    const ended = await endLeftovers({
      pid: 0,
      identity: undefined,
      state: 'up',
      children: [
        { name: 'ours', pid: a, identity: processIdentity(a) },
        { name: 'reused', pid: b, identity: 'another program' },
      ],
    });
    expect(ended).toEqual(['ours']);
    expect(isAlive(b)).toBe(true);
    reused.kill();
  });

  test('a damaged file is nobody’s', () => {
    writeFileSync(join(dir, 'stack.json'), '{');
    expect(readState(dir)).toBeUndefined();
    const other = claimState(dir);
    expect(other && stillRuns(other)).toBe(false);
  });
});

describe('which database', () => {
  test('--db before DATABASE_URL', async () => {
    vi.stubEnv('DATABASE_URL', 'postgresql://env@h/d');
    expect(await resolveDatabase({ db: 'postgres://option@h/d' })).toEqual({
      url: 'postgres://option@h/d',
      source: '--db',
    });
    expect((await resolveDatabase()).source).toBe('DATABASE_URL');
  });

  test('what is no connection string is refused with the right form', () => {
    expect(() => checkedUrl('http://h', '--db')).toThrow(UserError);
    expect(() => checkedUrl('acme', '--db')).toThrow(/not a PostgreSQL connection string/);
  });

  test('tests refuse a server on which they have no superuser', async () => {
    const cluster = await connectCluster(inject('testServer').superUrl);
    const url = cluster.urlFor('postgres').replace(':postgres@', ':wrong@');
    expect((await failure(connectCluster(url))).fix).toMatch(/throw-away server/);
  });

  test('a free port is really free, and a wanted one is kept when it is', async () => {
    const port = await freePort();
    expect(await freePort(port)).toBe(port);
  });
});

describe('the Supabase CLI', () => {
  test('says what failed, without the password, and what to do', async () => {
    const url = `postgresql://postgres:s3cret@127.0.0.1:${await freePort()}/postgres`;
    const error = await failure(dbPush(url));
    expect(error.exitCode).toBe(EXIT.tool);
    expect(error.message).toBe('The migrations could not be applied.');
    expect(error.details).toMatch(/ECONNREFUSED/);
    expect(error.details).not.toContain('s3cret');
    expect(error.fix).toMatch(/database is running/);
  });

  test('names the failing statement of a migration, and applies the file wholly or not at all', async () => {
    const { cloneDatabase, dropDatabase } = await import('../../../scripts/lib/database.ts');
    const server = inject('testServer');
    const cluster = await connectCluster(server.superUrl);
    const name = await cloneDatabase(cluster, server.templates.empty);
    try {
      mkdirSync(join(dir, 'supabase/migrations'), { recursive: true });
      const file = (version: string): string => join(dir, `supabase/migrations/${version}_x.sql`);
      writeFileSync(file('20250101000000'), 'create table public.a (id int);');
      writeFileSync(file('20250102000000'), 'create table public.b (id int); select nonsense;');
      const url = cluster.urlFor(name);
      const error = await failure(dbPush(url, { workdir: dir }));
      expect(error.details).toMatch(/nonsense/);
      writeFileSync(file('20250102000000'), 'create table public.b (id int);');
      expect(await dbPush(url, { workdir: dir })).toEqual({
        applied: ['20250102000000_x.sql'],
        seeded: [],
      });
      expect(await dbPush(url, { workdir: dir })).toEqual({ applied: [], seeded: [] });
      expect((await migrationList(url, { workdir: dir })).map(({ remote }) => remote)).toEqual([
        '20250101000000',
        '20250102000000',
      ]);
      expect(await genTypes(url, ['public'], { workdir: dir })).toMatch(/^export type /);
    } finally {
      await dropDatabase(cluster, name);
    }
  });
});
