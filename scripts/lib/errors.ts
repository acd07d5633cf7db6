import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { CommanderError } from 'commander';
import pc from 'picocolors';

/** Exit codes of every script in this repository. */
export const EXIT = {
  /** It worked. */
  ok: 0,
  /** It ran, and what it checks is not as it should be (a failed test, an isolation cell not as declared). */
  failed: 1,
  /** It could not run: wrong arguments, something missing on this machine. */
  usage: 2,
  /** It is already running. */
  running: 3,
  /** A program that it needs (PostgreSQL, the Supabase CLI, PostgREST, Deno) failed. */
  tool: 4,
} as const;

/** An error that the user can act on: one sentence what is wrong, one what to do. */
export class UserError extends Error {
  readonly fix: string | undefined;
  readonly exitCode: number;
  /** What the failing program itself said, printed below the sentence. */
  readonly details: string | undefined;

  constructor(
    message: string,
    options: { fix?: string; exitCode?: number; details?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? EXIT.usage;
    this.details = options.details?.trim() || undefined;
  }
}

/** The message of anything that was thrown, in one line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return messageOf(error.errors[0]);
  }
  if (error instanceof Error) {
    return error.message || error.name;
  }
  return String(error);
}

/** Prints an error for a human: the sentence, the program's own words, the fix. `DEBUG=1` adds the stack trace. */
export function printError(error: unknown): number {
  const lines: string[] = [];
  if (error instanceof UserError) {
    lines.push(`${pc.red('error')} ${error.message}`);
    if (error.details) {
      lines.push(...error.details.split('\n').map((line) => pc.dim(`      ${line}`)));
    }
    if (error.fix) {
      lines.push(`${pc.cyan('  fix')} ${error.fix}`);
    }
  } else {
    lines.push(`${pc.red('error')} ${messageOf(error)}`);
    if (!process.env.DEBUG) {
      lines.push(`${pc.cyan('  fix')} run the command again with DEBUG=1 to see where it happened`);
    }
  }
  if (process.env.DEBUG && error instanceof Error && error.stack) {
    lines.push(pc.dim(error.stack));
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  return error instanceof UserError ? error.exitCode : EXIT.failed;
}

/**
 * Runs a script's main function when the module is the one that was started, and turns every
 * outcome into an exit code: what the function returns, or the code of the error that it threw.
 */
export async function main(
  moduleUrl: string,
  run: () => Promise<number | undefined>,
): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || pathToFileURL(realpathSync(started)).href !== moduleUrl) {
    return;
  }
  let code: number;
  try {
    code = (await run()) ?? EXIT.ok;
  } catch (error) {
    // Commander has printed its help or complaint already.
    const complaint = error instanceof CommanderError ? error : undefined;
    code = complaint ? (complaint.exitCode === 0 ? EXIT.ok : EXIT.usage) : printError(error);
  }
  process.exitCode = code;
  // A pipe's buffer is written before the process ends; nothing else may keep it alive.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}
