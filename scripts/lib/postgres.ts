import { spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ExecaError, execa } from 'execa';
import { withClient } from './client.ts';
import { EXIT, messageOf, UserError } from './errors.ts';
import {
  type Binaries,
  executable,
  findBinaries,
  isReachable,
  type Major,
  type OsUser,
  postgresOsUser,
} from './postgres-binaries.ts';
import {
  endWithUs,
  freePort,
  isAlive,
  processIdentity,
  signal,
  sleep,
  terminate,
  waitUntilGone,
  within,
} from './processes.ts';

export type { Major } from './postgres-binaries.ts';

/** The password of every role of a local cluster. For local development only. */
export const LOCAL_PASSWORD = 'postgres';

/** The superuser of a local cluster, as hosted Supabase calls it. */
export const SUPERUSER = 'supabase_admin';

export interface ClusterOptions {
  /** The data folder; created on the first start. */
  dataDir: string;
  /** A port on 127.0.0.1; any free one when left out. */
  port?: number;
  /** 17 (npm) or 15 (installed on this machine). */
  major?: Major;
  /** False for throw-away clusters: faster, and lost when the machine loses power. */
  persistent?: boolean;
  /** Loads pg_cron (PostgreSQL 15, where it is installed) for this database. */
  cronDatabase?: string;
  log?: (message: string) => void;
}

/** A running PostgreSQL server. */
export interface Cluster {
  /** Full version, such as `17.10`. */
  version: string;
  major: Major;
  port: number;
  pid: number;
  dataDir: string;
  logFile: string;
  /** The database that pg_cron works in, when it is loaded. */
  cronDatabase: string | undefined;
  /** Connection string of the superuser. */
  superUrl(database: string): string;
  /** Connection string of a role, by default `postgres`, which migrations run as. */
  urlFor(database: string, role?: string): string;
  /** Resolves when the server has ended, for whatever reason. */
  exited: Promise<void>;
  /** Stops the server; safe to call twice. */
  stop(): Promise<void>;
}

/** Connection string of a role on a local port. */
export function localUrl(port: number, database: string, role: string): string {
  return `postgresql://${role}:${LOCAL_PASSWORD}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/**
 * Starts a PostgreSQL server on 127.0.0.1. The data folder is created when it does not exist. A
 * server that an earlier, killed run left behind on the same folder is stopped first.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const major = options.major ?? 17;
  const dataDir = resolve(options.dataDir);
  const user = postgresOsUser();
  if (user && !isReachable(dirname(dataDir), user)) {
    throw new UserError(
      `PostgreSQL runs as the user "${user.name}" when started by root, and that user cannot reach ${dataDir}.`,
      { fix: 'run the command as an ordinary user, or move the repository to a readable folder' },
    );
  }
  const binaries = await findBinaries(major, user);
  checkOwner(dataDir, user);
  await stopLeftover(dataDir);
  await initialise(dataDir, binaries, user, options.log);
  checkMajor(dataDir, major);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(options, dataDir, binaries, user);
    } catch (error) {
      // Somebody took the free port between the look and the start: take another one.
      const portLost =
        error instanceof UserError && /could not bind|in use/i.test(error.details ?? '');
      if (!portLost || options.port !== undefined || attempt === 5) {
        throw error;
      }
    }
  }
}

/** Stops the server of a data folder that an earlier run left behind; nothing else is touched. */
export async function stopLeftover(dataDir: string): Promise<boolean> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) {
    return false;
  }
  const lines = readFileSync(pidFile, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const identity = pid > 0 && isAlive(pid) ? processIdentity(pid) : undefined;
  const ours = identity?.includes(dataDir) === true && /postgres/.test(identity);
  if (ours) {
    signal(pid, 'SIGINT');
    if (!(await waitUntilGone(pid, 10_000))) {
      await terminate(pid, 'SIGQUIT');
    }
  }
  // The process is gone, or its id now belongs to a process that is not ours.
  rmSync(pidFile, { force: true });
  return ours;
}

async function initialise(
  dataDir: string,
  binaries: Binaries,
  user: OsUser | undefined,
  log: ((message: string) => void) | undefined,
): Promise<void> {
  const parent = dirname(dataDir);
  const unfinishedPrefix = `${basename(dataDir)}.init-`;
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) {
    const pid = Number.parseInt(entry.slice(unfinishedPrefix.length), 10);
    if (entry.startsWith(unfinishedPrefix) && !isAlive(pid)) {
      rmSync(join(parent, entry), { recursive: true, force: true });
    }
  }
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    return;
  }
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new UserError(`${dataDir} exists and is not a PostgreSQL data folder.`, {
      fix: 'run `npm run reset`',
    });
  }
  log?.('creating the data folder');
  // A folder appears under its final name only when it is complete.
  const unfinished = join(parent, `${unfinishedPrefix}${process.pid}`);
  const passwordFile = `${unfinished}.password`;
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, LOCAL_PASSWORD, { mode: 0o600 });
  if (user) {
    chownSync(unfinished, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const initdb = async (...locale: string[]): Promise<void> => {
    await execa(
      join(binaries.binDir, executable('initdb')),
      [
        `--pgdata=${unfinished}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--no-sync',
        ...locale,
      ],
      { cwd: parent, ...identityOf(user) },
    );
  };
  try {
    if (binaries.major >= 17) {
      await initdb('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
    } else {
      // Same order and same upper case as 17, where the system has that locale.
      await initdb('--locale=C.UTF-8').catch(() => initdb('--locale=C'));
    }
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new UserError('PostgreSQL could not create its data folder.', {
      details: error instanceof ExecaError ? lastLines(String(error.stderr)) : messageOf(error),
      fix: `make sure that ${parent} is writable and the disk is not full, then run the command again`,
      exitCode: EXIT.tool,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  if (existsSync(dataDir)) {
    rmSync(dataDir, { recursive: true, force: true });
  }
  renameSync(unfinished, dataDir);
}

function checkOwner(dataDir: string, user: OsUser | undefined): void {
  const me = user?.uid ?? process.getuid?.();
  if (me !== undefined && existsSync(dataDir) && statSync(dataDir).uid !== me) {
    throw new UserError(`The data folder ${dataDir} belongs to another operating-system user.`, {
      fix: `remove it as that user (\`sudo rm -r ${dataDir}\`), then run the command again`,
    });
  }
}

function checkMajor(dataDir: string, major: Major): void {
  const found = Number(readFileSync(join(dataDir, 'PG_VERSION'), 'utf8'));
  if (found !== major) {
    throw new UserError(
      `The data folder ${dataDir} was made by PostgreSQL ${found}; this is PostgreSQL ${major}.`,
      { fix: 'run `npm run reset` to start from zero' },
    );
  }
}

function identityOf(user: OsUser | undefined): { uid: number; gid: number } | object {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

function settings(
  options: ClusterOptions,
  port: number,
  binaries: Binaries,
): Record<string, string> {
  const has = (library: string): boolean =>
    ['.so', '.dylib', '.dll'].some((end) => existsSync(join(binaries.libraryDir, library + end)));
  const preload: string[] = has('pg_stat_statements') ? ['pg_stat_statements'] : [];
  const cron = options.cronDatabase !== undefined && has('pg_cron');
  if (cron) {
    preload.push('pg_cron');
  }
  const common: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    wal_level: 'logical',
    max_connections: '200',
    max_wal_senders: '10',
    max_replication_slots: '10',
    shared_preload_libraries: preload.join(','),
    log_timezone: 'UTC',
    timezone: 'UTC',
    password_encryption: 'scram-sha-256',
    logging_collector: 'off',
    log_destination: 'stderr',
    ssl: 'off',
  };
  if (cron) {
    common['cron.database_name'] = options.cronDatabase ?? '';
    common['cron.host'] = '';
    common['cron.use_background_workers'] = 'on';
  }
  if (options.persistent === false) {
    Object.assign(common, {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_wal_size: '4GB',
      checkpoint_timeout: '1h',
      // Its workers come when they please, and what they do to statistics and sizes would depend on how long tests take.
      autovacuum: 'off',
    });
  }
  return common;
}

async function run(
  options: ClusterOptions,
  dataDir: string,
  binaries: Binaries,
  user: OsUser | undefined,
): Promise<Cluster> {
  const port = options.port ?? (await freePort());
  const logFile = `${dataDir}.log`;
  const config = settings(options, port, binaries);
  const log = openSync(logFile, 'w');
  const child = spawn(
    join(binaries.binDir, executable('postgres')),
    ['-D', dataDir, ...Object.entries(config).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    // A process group of its own: Ctrl-C reaches only us, and we stop things in order.
    { cwd: dataDir, detached: true, stdio: ['ignore', log, log], ...identityOf(user) },
  );
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  endWithUs(child, 'SIGINT');
  const pid = child.pid;
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const url = localUrl(port, 'postgres', SUPERUSER);
  const deadline = Date.now() + 60_000;
  let version: string | undefined;
  while (version === undefined) {
    if (failure !== undefined || pid === undefined || ended() || Date.now() > deadline) {
      signal(pid ?? 0, 'SIGQUIT');
      throw new UserError('PostgreSQL did not start.', {
        details:
          failure === undefined ? lastLines(readFileSync(logFile, 'utf8')) : messageOf(failure),
        fix: `see ${logFile}; if the data folder is damaged, run \`npm run reset\``,
        exitCode: EXIT.tool,
      });
    }
    version = await ready(url, dataDir);
    if (version === undefined) {
      await sleep(30);
    }
  }
  let stopped: Promise<void> | undefined;
  return {
    version,
    major: binaries.major,
    port,
    pid: pid ?? 0,
    dataDir,
    logFile,
    cronDatabase: config['cron.database_name'],
    superUrl: (database) => localUrl(port, database, SUPERUSER),
    urlFor: (database, role = 'postgres') => localUrl(port, database, role),
    exited,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    if (pid === undefined || ended()) {
      return;
    }
    signal(pid, 'SIGINT');
    if (!(await within(exited, 10_000))) {
      signal(pid, 'SIGQUIT');
      await within(exited, 5000);
    }
  }
}

/** The server's version when it answers, undefined while it starts. */
async function ready(url: string, dataDir: string): Promise<string | undefined> {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query<{ version: string; dir: string }>(
        `select current_setting('server_version') as version, current_setting('data_directory') as dir`,
      );
      // Another server may answer on this port while ours is still finding out that it is taken.
      const found = rows[0];
      return found && realpathSync(found.dir) === realpathSync(dataDir)
        ? found.version.split(' ')[0]
        : undefined;
    });
  } catch {
    return undefined;
  }
}

function lastLines(text: string, count = 6): string {
  return text.trim().split('\n').slice(-count).join('\n');
}
