import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Whether nobody listens on a port of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** A free port: the wanted one, one of the next 20, or any; without a wish any. */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined) {
    for (let port = wanted; port < wanted + 20; port += 1) {
      if (await isPortFree(port)) {
        return port;
      }
    }
  }
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * What identifies a process beyond its id, which the system reuses: when it started and its
 * command line. Undefined when it does not exist or the system has no usable `ps`.
 */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Exact, where the date that `ps` computes may differ by a second from call to call.
      const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/);
      const started = fields.split(' ')[19];
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return started && args ? `${started} ${args}` : undefined;
    }
    const text = execFileSync('ps', ['-o', 'lstart=,args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    }).trim();
    return text || undefined;
  } catch {
    return undefined;
  }
}

/** Waits until a process is gone; false when it still exists after the given time. */
export async function waitUntilGone(pid: number, milliseconds: number): Promise<boolean> {
  const end = Date.now() + milliseconds;
  while (isAlive(pid)) {
    if (Date.now() > end) {
      return false;
    }
    await sleep(20);
  }
  return true;
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  if (!Number.isInteger(pid) || pid <= 0) {
    // 0 and negative ids would signal whole process groups.
    return;
  }
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}

/** Ends a process politely, and by force when it does not listen. */
export async function terminate(
  pid: number,
  polite: NodeJS.Signals = 'SIGTERM',
  milliseconds = 5000,
): Promise<void> {
  signal(pid, polite);
  if (!(await waitUntilGone(pid, milliseconds))) {
    signal(pid, 'SIGKILL');
    await waitUntilGone(pid, 2000);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether something happens within the given time; the timer keeps nothing alive. */
export async function within(event: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const happened = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return happened;
}

const children = new Map<ChildProcess, NodeJS.Signals>();

/**
 * Makes sure that a child does not outlive this process: when this process ends on any way but
 * `kill -9`, the child gets the given signal.
 */
export function endWithUs(child: ChildProcess, how: NodeJS.Signals): void {
  if (children.size === 0) {
    process.once('exit', () => {
      for (const [one, name] of children) {
        if (one.pid !== undefined && one.exitCode === null && one.signalCode === null) {
          signal(one.pid, name);
        }
      }
    });
  }
  children.set(child, how);
  child.once('exit', () => children.delete(child));
}

/** A server of ours in a process of its own. */
export interface Service {
  pid: number;
  /** Resolves when it has ended, for whatever reason. */
  exited: Promise<void>;
  ended(): boolean;
  stop(milliseconds: number): Promise<void>;
}

/** How to start a {@link Service}. */
export interface ServiceOptions {
  program: string;
  args: readonly string[];
  cwd?: string;
  env: Record<string, string | undefined>;
  /** Where its output goes; kept for the error message and otherwise dropped when left out. */
  log?: { file: string; flags: 'a' | 'w' };
  /** Told about the process as soon as it is there. */
  onStart?: (pid: number) => void;
  ready(): Promise<boolean>;
  /** Milliseconds that it may take until it is ready. */
  patience: number;
  /** The error when it does not get ready, made with its last words. */
  failure(lastWords: (lines: number) => string): Error;
}

/** Starts a server that ends with this process at the latest, and waits until it is ready. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { log } = options;
  const output = log ? openSync(log.file, log.flags) : 'pipe';
  const child = spawn(options.program, options.args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (typeof output === 'number') {
    closeSync(output);
  }
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-4000);
    });
  }
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let failed = false;
  child.once('error', () => {
    failed = true;
  });
  endWithUs(child, 'SIGTERM');
  const pid = child.pid ?? 0;
  if (pid !== 0) {
    options.onStart?.(pid);
  }
  const ended = (): boolean => failed || child.exitCode !== null || child.signalCode !== null;
  const deadline = Date.now() + options.patience;
  while (!(await options.ready())) {
    if (ended() || Date.now() > deadline) {
      await terminate(pid, 'SIGKILL', 0);
      const words = log && existsSync(log.file) ? readFileSync(log.file, 'utf8') : said;
      throw options.failure((lines) => words.trim().split('\n').slice(-lines).join('\n'));
    }
    await sleep(40);
  }
  return {
    pid,
    exited,
    ended,
    stop: async (milliseconds) => {
      if (!ended()) {
        await terminate(pid, 'SIGTERM', milliseconds);
      }
    },
  };
}
