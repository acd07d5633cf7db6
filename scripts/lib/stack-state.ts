import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from './errors.ts';
import { stateDir } from './paths.ts';
import { isAlive, processIdentity, terminate } from './processes.ts';

/** A program that the stack started. */
export interface ChildRecord {
  name: string;
  pid: number;
  /** When it started and its command line: process ids are reused. */
  identity: string | undefined;
}

/** What a running stack writes down for other commands, and for the start after a crash. */
export interface StackState {
  pid: number;
  identity: string | undefined;
  state: 'starting' | 'up';
  /** Base URL for supabase-js. */
  url?: string;
  /** Connection string of `postgres`. */
  dbUrl?: string;
  children: ChildRecord[];
}

function stateFile(dir: string): string {
  return join(dir, 'stack.json');
}

/** The state that a stack left, whether it still runs or not. */
export function readState(dir: string = stateDir): StackState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(dir), 'utf8')) as StackState;
  } catch {
    return undefined;
  }
}

export function writeState(state: StackState, dir: string = stateDir): void {
  mkdirSync(dir, { recursive: true });
  const file = stateFile(dir);
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
}

/**
 * Claims the state folder for this process. Of two starts at the same moment one wins; the other
 * gets the state of the winner.
 */
export function claimState(dir: string = stateDir): StackState | undefined {
  const mine: StackState = {
    pid: process.pid,
    identity: processIdentity(process.pid),
    state: 'starting',
    children: [],
  };
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(stateFile(dir), `${JSON.stringify(mine)}\n`, { flag: 'wx', mode: 0o600 });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new UserError(`${dir} cannot be written: ${messageOf(error)}.`, {
        fix: 'run the command as the owner of that folder, or remove the folder as its owner',
      });
    }
    // Unreadable means half written by a process that died: nobody's.
    return readState(dir) ?? { pid: 0, identity: undefined, state: 'starting', children: [] };
  }
}

export function clearState(dir: string = stateDir): void {
  rmSync(stateFile(dir), { force: true });
}

/** Whether a recorded process still is that process. */
export function stillRuns(record: { pid: number; identity: string | undefined }): boolean {
  if (!isAlive(record.pid)) {
    return false;
  }
  return record.identity === undefined || processIdentity(record.pid) === record.identity;
}

/** The stack that runs now, if any. */
export function runningStack(dir: string = stateDir): StackState | undefined {
  const state = readState(dir);
  return state && stillRuns(state) ? state : undefined;
}

/** Ends what a killed stack left running; processes that are not ours are never touched. */
export async function endLeftovers(state: StackState): Promise<string[]> {
  const ended: string[] = [];
  for (const child of state.children) {
    if (child.identity !== undefined && stillRuns(child)) {
      await terminate(child.pid, child.name === 'PostgreSQL' ? 'SIGINT' : 'SIGTERM');
      ended.push(child.name);
    }
  }
  return ended;
}
