import { ExecaError, execa } from 'execa';
import { packageBin, rootDir } from '../paths.ts';
import type { Major } from '../postgres.ts';
import type { Workbench } from '../workbench.ts';

/** What a check needs to run. */
export interface CheckContext {
  bench: Workbench;
  major: Major;
}

/** What came of a check: problems to print, or why it did not apply here. */
export interface CheckOutcome {
  problems: string[];
  skipped?: string;
}

/** One check of `npm run check`. */
export interface CheckStep {
  /** As in `--only <name>`. */
  name: string;
  /** What it makes sure of. */
  title: string;
  /** The command or the action that mends it. */
  fix: string;
  run(context: CheckContext): Promise<CheckOutcome>;
}

/** Runs a program of `node_modules/.bin`, or of the PATH; what it prints is the problem when it fails. */
export async function runTool(
  name: string,
  args: readonly string[],
  where: 'node_modules' | 'path' = 'node_modules',
): Promise<CheckOutcome> {
  try {
    await execa(where === 'path' ? name : packageBin(name), args, {
      cwd: rootDir,
      all: true,
      stdin: 'ignore',
      env: { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    });
    return { problems: [] };
  } catch (error) {
    if (error instanceof ExecaError) {
      return { problems: [String(error.all ?? '').trim() || error.shortMessage] };
    }
    throw error;
  }
}
