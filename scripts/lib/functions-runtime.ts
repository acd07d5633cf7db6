import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { EXIT, UserError } from './errors.ts';
import { functionsDir, packageBin, supabaseDir } from './paths.ts';
import { freePort, type Service, startService } from './processes.ts';

export interface FunctionsOptions {
  /** What every function finds in its environment, as on Supabase. */
  env: {
    SUPABASE_URL: string;
    SUPABASE_ANON_KEY: string;
    SUPABASE_SERVICE_ROLE_KEY: string;
    [name: string]: string;
  };
  /** The folder with one folder a function. */
  dir?: string;
  /** Restarts a function when its source changes. */
  watch?: boolean;
  /** Where the functions' own output goes; dropped when left out. */
  logFile?: string;
  /** Told about every process that is started. */
  onStart?: (name: string, pid: number) => void;
}

/** Serves edge functions, each in a Deno process of its own that starts with the first request. */
export interface FunctionsRuntime {
  /** Names of the functions that exist. */
  names(): string[];
  /** Whether a function asks for a valid token before it runs (`verify_jwt` in config.toml). */
  verifiesJwt(name: string): boolean;
  /** Base URL of a function's process, started if need be; undefined when there is no such function. */
  urlOf(name: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

interface Worker {
  url: string;
  service: Service;
}

/** Creates the runtime; no function starts before it is asked for. */
export function createFunctionsRuntime(options: FunctionsOptions): FunctionsRuntime {
  const dir = options.dir ?? functionsDir;
  const workers = new Map<string, Promise<Worker>>();

  const names = (): string[] =>
    existsSync(dir)
      ? readdirSync(dir).filter(
          (name) => /^[A-Za-z][\w-]*$/.test(name) && existsSync(join(dir, name, 'index.ts')),
        )
      : [];

  return {
    names,
    verifiesJwt: (name) => !unverifiedFunctions().has(name),
    async urlOf(name) {
      if (!names().includes(name)) {
        return undefined;
      }
      let worker = workers.get(name);
      const running = await worker?.catch(() => undefined);
      if (worker === undefined || running === undefined || running.service.ended()) {
        worker = startWorker(name, join(dir, name, 'index.ts'), options);
        workers.set(name, worker);
      }
      return (await worker).url;
    },
    async stop() {
      await Promise.all(
        [...workers.values()].map(async (worker) =>
          (await worker.catch(() => undefined))?.service.stop(3000),
        ),
      );
      workers.clear();
    },
  };
}

async function startWorker(name: string, file: string, options: FunctionsOptions): Promise<Worker> {
  const port = await freePort();
  const { logFile } = options;
  if (logFile) {
    mkdirSync(dirname(logFile), { recursive: true });
    appendFileSync(logFile, `--- ${name}\n`);
  }
  const service = await startService({
    program: denoProgram(),
    args: [
      'run',
      '--quiet',
      '--no-prompt',
      '--allow-net',
      '--allow-env',
      // Packages of npm come from where npm put them; nothing is fetched while a test runs.
      '--node-modules-dir=manual',
      ...(options.watch ? ['--watch', '--no-clear-screen'] : []),
      file,
    ],
    cwd: dirname(file),
    // Only what Supabase gives a function; nothing of this machine's environment leaks in.
    env: {
      ...pick(['PATH', 'HOME', 'TMPDIR', 'DENO_DIR', 'SystemRoot', 'USERPROFILE']),
      ...options.env,
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      DENO_NO_UPDATE_CHECK: '1',
      NO_COLOR: '1',
    },
    ...(logFile ? { log: { file: logFile, flags: 'a' as const } } : {}),
    onStart: (pid) => options.onStart?.(`function ${name}`, pid),
    ready: () => accepts(port),
    patience: 30_000,
    failure: (lastWords) =>
      new UserError(`The edge function "${name}" did not start.`, {
        details: lastWords(8),
        fix: `run \`npx deno check ${file}\``,
        exitCode: EXIT.tool,
      }),
  });
  return { url: `http://127.0.0.1:${port}`, service };
}

/** The binary itself: npm's wrapper around it would not pass signals on. */
function denoProgram(): string {
  const scope = join(dirname(packageBin('deno')), '..', '@deno');
  const file = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const found = existsSync(scope)
    ? readdirSync(scope)
        .filter((name) => name.startsWith(`${process.platform}-${process.arch}`))
        .map((name) => join(scope, name, file))
        .find(existsSync)
    : undefined;
  if (!found) {
    throw new UserError('Deno is not installed.', {
      fix: 'run `npm ci` with optional dependencies',
    });
  }
  return found;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function pick(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Functions that config.toml opens to callers without a token. */
function unverifiedFunctions(): Set<string> {
  const file = join(supabaseDir, 'config.toml');
  const open = new Set<string>();
  if (!existsSync(file)) {
    return open;
  }
  let section: string | undefined;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const header = /^\s*\[([^\]]+)\]/.exec(line);
    if (header) {
      section = /^functions\.("?)([\w-]+)\1$/.exec(header[1]?.trim() ?? '')?.[2];
    } else if (section !== undefined && /^\s*verify_jwt\s*=\s*false\b/.test(line)) {
      open.add(section);
    }
  }
  return open;
}
