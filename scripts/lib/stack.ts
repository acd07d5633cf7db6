import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { applyBaseline } from './baseline.ts';
import { type Actor, actorNames, CAST } from './cast.ts';
import { checkedUrl } from './database.ts';
import { findEditedMigrations } from './edited-migrations.ts';
import { EXIT, messageOf, UserError } from './errors.ts';
import { createFunctionsRuntime } from './functions-runtime.ts';
import { startGateway } from './gateway.ts';
import { generateTypes } from './generate/types.ts';
import { type ApiKeys, apiKeys, LOCAL_JWT_SECRET } from './keys.ts';
import { type Matrix, measureMatrix } from './matrix.ts';
import { type Reporter, withStep } from './output.ts';
import { rootDir, seedFile, stateDir } from './paths.ts';
import { SUPERUSER, startCluster, stopLeftover } from './postgres.ts';
import { isReachable, postgresOsUser } from './postgres-binaries.ts';
import { startPostgrest } from './postgrest.ts';
import { freePort, isPortFree, processIdentity } from './processes.ts';
import {
  claimState,
  clearState,
  endLeftovers,
  readState,
  type StackState,
  stillRuns,
  writeState,
} from './stack-state.ts';
import { dbPush, migrationList } from './supabase-cli.ts';
import { signTokenFor } from './token.ts';

/** Ports that `supabase start` uses too. */
export const DEFAULT_PORT = 54321;
export const DEFAULT_DB_PORT = 54322;

const DATABASE = 'postgres';

export interface StackOptions {
  reporter: Reporter;
  /** Port of the base URL. When it is left out and the default is taken, the next free one. */
  port?: number;
  /** Another database instead of the embedded one. */
  db?: string;
}

/** A member of the cast, with a way to act as them. */
export interface CastAccess {
  name: string;
  description: string;
  token: string;
  /** A file with the request headers, for `curl -H @file`. */
  headersFile: string;
}

/** A running stack. */
export interface Stack {
  url: string;
  functions: string[];
  dbUrl: string;
  superUrl: string | undefined;
  keys: ApiKeys;
  jwtSecret: string;
  cast: CastAccess[];
  /** Undefined when the database is not a local one. */
  matrix: Matrix | undefined;
  /** Resolves with the name of a part that ended by itself. */
  broken: Promise<string>;
}

/** The stack before, while and after it runs: `stop` works at any moment. */
export interface StackHandle {
  start(): Promise<Stack>;
  stop(): Promise<void>;
}

/** The local stack: PostgreSQL, PostgREST, edge functions, and one base URL in front of them. */
export function createStack(options: StackOptions): StackHandle {
  const { reporter } = options;
  const disposers: (() => Promise<void>)[] = [];
  let claimed = false;
  let stopped: Promise<void> | undefined;
  const state: StackState = {
    pid: process.pid,
    identity: processIdentity(process.pid),
    state: 'starting',
    children: [],
  };

  const record = (name: string, pid: number): void => {
    state.children.push({ name, pid, identity: processIdentity(pid) });
    if (claimed && !stopped) {
      writeState(state);
    }
  };
  const onStop = async (dispose: () => Promise<void>): Promise<void> => {
    if (stopped) {
      // Stopped while this part was starting.
      await dispose();
      throw new UserError('Stopped.', { exitCode: 130 });
    }
    disposers.push(dispose);
  };
  const stop = async (): Promise<void> => {
    for (const dispose of disposers.reverse()) {
      await dispose();
    }
    if (claimed) {
      clearState();
    }
  };

  return {
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    start: async () => {
      await claim(reporter);
      claimed = true;
      if (options.port !== undefined) {
        await checkPort(options.port);
      }
      const target = options.db
        ? await otherDatabase(options.db)
        : await embeddedDatabase(reporter, record, onStop);
      await prepare(target, reporter);
      const api = await serve(target, options, record, onStop);
      state.url = api.url;
      state.dbUrl = target.dbUrl;
      const cast = target.local ? await writeCast(target.dbUrl, api.keys, reporter) : [];
      if (target.local) {
        const timer = setInterval(() => {
          writeCastFiles(target.dbUrl, api.keys).catch(() => undefined);
        }, 30 * 60_000);
        await onStop(async () => clearInterval(timer));
      }
      const matrix = target.local
        ? await withStep(reporter, 'Isolation matrix', async (detail) => {
            const measured = await measureMatrix(target.dbUrl);
            detail(`${measured.cells.length} cells measured`);
            return measured;
          })
        : undefined;
      if (stopped) {
        throw new UserError('Stopped.', { exitCode: 130 });
      }
      state.state = 'up';
      writeState(state);
      return {
        url: api.url,
        functions: api.functions,
        dbUrl: target.dbUrl,
        superUrl: target.superUrl,
        keys: api.keys,
        jwtSecret: LOCAL_JWT_SECRET,
        cast,
        matrix,
        broken: Promise.race([target.exited, ...api.exited]),
      };
    },
  };
}

type Record_ = (name: string, pid: number) => void;
type OnStop = (dispose: () => Promise<void>) => Promise<void>;

/** The database that the stack is about. */
interface Target {
  dbUrl: string;
  superUrl: string | undefined;
  authenticatorUrl: string | undefined;
  /** On this machine: may be migrated, seeded and measured without asking. */
  local: boolean;
  exited: Promise<string>;
}

/** One stack a checkout: takes the state folder, after cleaning up behind a stack that was killed. */
async function claim(reporter: Reporter): Promise<void> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const other = claimState();
    if (other === undefined) {
      return;
    }
    if (stillRuns(other)) {
      throw new UserError(
        other.state === 'up' && other.url
          ? `The local stack already runs at ${other.url} (process ${other.pid}).`
          : `The local stack is already starting (process ${other.pid}).`,
        {
          fix: `use it, or stop it first with Ctrl-C in its terminal (or \`kill ${other.pid}\`)`,
          exitCode: EXIT.running,
        },
      );
    }
    const ended = await endLeftovers(other);
    reporter.note(
      ended.length > 0
        ? `the last run was killed; stopped what it left: ${ended.join(', ')}`
        : 'the last run was killed; cleaned up behind it',
    );
    // Another start may have claimed the folder in the meantime.
    if (readState()?.pid === other.pid || readState() === undefined) {
      clearState();
    }
  }
  throw new UserError('Several starts are under way at once.', {
    fix: 'wait a moment and run `npm start` once',
    exitCode: EXIT.running,
  });
}

/** Where the embedded database's files are. */
export function dataDir(): string {
  const dir = join(stateDir, 'postgres-17');
  const user = postgresOsUser();
  if (!user || isReachable(stateDir, user)) {
    return dir;
  }
  // Root's private folder: the user that PostgreSQL runs as cannot enter it.
  const name = createHash('sha256').update(rootDir).digest('hex').slice(0, 12);
  return join(tmpdir(), `lytbub-${name}`, 'postgres-17');
}

async function embeddedDatabase(
  reporter: Reporter,
  record: Record_,
  onStop: OnStop,
): Promise<Target> {
  const cluster = await withStep(reporter, 'PostgreSQL', async (detail) => {
    const dir = dataDir();
    if (!dir.startsWith(stateDir)) {
      mkdirSync(dirname(dir), { recursive: true, mode: 0o755 });
      if (statSync(dirname(dir)).uid !== process.getuid?.()) {
        throw new UserError(`${dirname(dir)} belongs to another operating-system user.`, {
          fix: 'remove it, or run the command as an ordinary user',
        });
      }
      reporter.note(`the data is in ${dir}, because PostgreSQL may not enter ${stateDir}`);
    }
    const isNew = !existsSync(dir);
    await stopLeftover(dir);
    const port = await freePort(DEFAULT_DB_PORT);
    const started = await startCluster({ dataDir: dir, port });
    detail(
      [
        started.version,
        `port ${port}${port === DEFAULT_DB_PORT ? '' : ` (${DEFAULT_DB_PORT} is taken)`}`,
        isNew ? 'new data folder' : 'existing data',
      ].join(', '),
    );
    return started;
  });
  record('PostgreSQL', cluster.pid);
  await onStop(() => cluster.stop());
  await withStep(reporter, 'Hosted-like baseline', async (detail) => {
    const { applied, current } = await applyBaseline(cluster, DATABASE, { autoGrants: false });
    detail(applied === current ? 'roles, auth, storage, realtime' : 'of an earlier version');
    if (applied !== current) {
      reporter.warn('the local baseline has changed since: `npm run reset` makes the data anew');
    }
  });
  return {
    dbUrl: cluster.urlFor(DATABASE),
    superUrl: cluster.superUrl(DATABASE),
    authenticatorUrl: cluster.urlFor(DATABASE, 'authenticator'),
    local: true,
    exited: cluster.exited.then(() => 'PostgreSQL'),
  };
}

async function otherDatabase(db: string): Promise<Target> {
  const url = new URL(checkedUrl(db, '--db'));
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  const as = (user: string): string => {
    const changed = new URL(url);
    changed.username = user;
    return changed.href;
  };
  return {
    dbUrl: url.href,
    superUrl: local ? as(SUPERUSER) : undefined,
    // A pooler's user names carry the project, and a hosted project's password is not authenticator's.
    authenticatorUrl: local ? as('authenticator') : undefined,
    local,
    exited: new Promise(() => undefined),
  };
}

async function prepare(target: Target, reporter: Reporter): Promise<void> {
  if (!target.local) {
    await withStep(reporter, 'Migrations', async (detail) => {
      const missing = (await migrationList(target.dbUrl)).filter(({ remote }) => remote === '');
      detail(missing.length === 0 ? 'all applied' : `${missing.length} not applied`);
      if (missing.length > 0) {
        reporter.warn(
          'a database elsewhere is not changed by this command: apply with `npx supabase db push --remote=<url>`',
        );
      }
    });
    return;
  }
  await withStep(reporter, 'Migrations (supabase db push)', async (detail) => {
    const edited = await findEditedMigrations(target.dbUrl);
    if (edited.length > 0) {
      throw new UserError(
        `the local database holds an older version of ${edited.length === 1 ? edited[0] : `${edited.length} migrations, first ${edited[0]}`}`,
        { fix: 'start from zero with npm run reset' },
      );
    }
    const { applied } = await dbPush(target.dbUrl);
    detail(applied.length === 0 ? 'up to date' : `${applied.length} applied`);
  });
  if (existsSync(seedFile)) {
    await withStep(reporter, 'Seed', async (detail) => {
      const { seeded } = await dbPush(target.dbUrl, { includeSeed: true });
      detail(seeded.length === 0 ? 'already loaded' : seeded.join(', '));
    });
  }
  await withStep(reporter, 'Types', async (detail) => {
    const file = join(rootDir, 'generated/database.types.ts');
    const types = await generateTypes(target.dbUrl);
    const changed = !existsSync(file) || readFileSync(file, 'utf8') !== types;
    if (changed) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, types);
    }
    detail(`generated/database.types.ts ${changed ? 'written' : 'unchanged'}`);
  });
}

interface Api {
  url: string;
  keys: ApiKeys;
  functions: string[];
  exited: Promise<string>[];
}

async function serve(
  target: Target,
  options: StackOptions,
  record: Record_,
  onStop: OnStop,
): Promise<Api> {
  const { reporter } = options;
  const keys = await apiKeys();
  const exited: Promise<string>[] = [];
  let restUrl: string | undefined;
  if (target.authenticatorUrl === undefined) {
    reporter.note(
      'PostgREST is not started: use the API of the project that the database belongs to',
    );
  } else {
    const dbUrl = target.authenticatorUrl;
    const postgrest = await withStep(reporter, 'PostgREST', async (detail) => {
      const started = await startPostgrest({ dbUrl, logFile: join(stateDir, 'postgrest.log') });
      detail(`port ${started.port}`);
      return started;
    });
    record('PostgREST', postgrest.pid);
    await onStop(() => postgrest.stop());
    exited.push(postgrest.exited.then(() => 'PostgREST'));
    restUrl = postgrest.url;
  }
  return withStep(reporter, 'Gateway and edge functions', async (detail) => {
    const port = options.port ?? (await freePort(DEFAULT_PORT));
    const functions = createFunctionsRuntime({
      env: {
        SUPABASE_URL: `http://127.0.0.1:${port}`,
        SUPABASE_ANON_KEY: keys.anonKey,
        SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
        SUPABASE_DB_URL: target.dbUrl,
        API_GATEWAY_SIGNING_KEY: LOCAL_JWT_SECRET,
      },
      watch: true,
      logFile: join(stateDir, 'functions.log'),
      onStart: record,
    });
    await onStop(() => functions.stop());
    const gateway = await startGateway({
      port,
      keys,
      functions,
      ...(restUrl === undefined ? {} : { restUrl }),
    });
    await onStop(() => gateway.stop());
    const taken = options.port === undefined && port !== DEFAULT_PORT;
    detail(`${gateway.url}${taken ? ` (${DEFAULT_PORT} is taken)` : ''}`);
    return { url: gateway.url, keys, functions: functions.names(), exited };
  });
}

async function checkPort(port: number): Promise<void> {
  if (!(await isPortFree(port))) {
    throw new UserError(`Port ${port} is taken by another program.`, {
      fix: 'choose another one with --port, or leave --port out to get a free one',
    });
  }
}

async function writeCast(dbUrl: string, keys: ApiKeys, reporter: Reporter): Promise<CastAccess[]> {
  return withStep(reporter, 'Tokens for the cast', async (detail) => {
    try {
      const cast = await writeCastFiles(dbUrl, keys);
      detail(cast.map(({ name }) => name).join(', '));
      return cast;
    } catch (error) {
      throw new UserError('No tokens could be made for the cast.', {
        details: messageOf(error),
        fix: error instanceof UserError && error.fix ? error.fix : 'run `npm run reset`',
        exitCode: EXIT.tool,
      });
    }
  });
}

/** One file a person with the headers of a request: short to use, and no token on the command line. */
async function writeCastFiles(dbUrl: string, keys: ApiKeys): Promise<CastAccess[]> {
  const dir = join(stateDir, 'curl');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return Promise.all(
    actorNames.map(async (name) => {
      const actor: Actor = CAST[name];
      const token = await signTokenFor(dbUrl, LOCAL_JWT_SECRET, { as: name });
      const headersFile = join(dir, name);
      writeFileSync(headersFile, `apikey: ${keys.anonKey}\nAuthorization: Bearer ${token}\n`, {
        mode: 0o600,
      });
      return { name, description: actor.description, token, headersFile };
    }),
  );
}
