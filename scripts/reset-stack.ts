import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { EXIT, main, messageOf, UserError } from './lib/errors.ts';
import { createReporter, type Reporter, withStep } from './lib/output.ts';
import { stateDir } from './lib/paths.ts';
import { stopLeftover } from './lib/postgres.ts';
import { terminate } from './lib/processes.ts';
import { dataDir } from './lib/stack.ts';
import { endLeftovers, readState, stillRuns } from './lib/stack-state.ts';
import { addStartOptions, type StartOptions, start } from './start-stack.ts';

/** Stops a running stack and what a killed one left, and removes all local data. */
async function wipe(reporter: Reporter): Promise<void> {
  await withStep(reporter, 'Remove local data', async (detail) => {
    const state = readState();
    const ended: string[] = [];
    if (state && state.identity !== undefined && stillRuns(state)) {
      await terminate(state.pid, 'SIGTERM', 20_000);
      ended.push('the running stack');
    }
    if (state) {
      ended.push(...(await endLeftovers(state)));
    }
    const data = dataDir();
    if (await stopLeftover(data)) {
      ended.push('PostgreSQL');
    }
    try {
      rmSync(data.startsWith(stateDir) ? stateDir : dirname(data), {
        recursive: true,
        force: true,
      });
      rmSync(stateDir, { recursive: true, force: true });
    } catch (error) {
      throw new UserError(`The local data could not be removed: ${messageOf(error)}.`, {
        fix: `remove ${stateDir} as its owner`,
        exitCode: EXIT.usage,
      });
    }
    detail(ended.length > 0 ? `stopped ${ended.join(', ')}` : 'nothing was running');
  });
}

await main(import.meta.url, async () => {
  const command = addStartOptions(
    new Command('npm run reset --')
      .description('Remove the local data and start the stack from zero.')
      .option('--no-start', 'only remove; do not start'),
  );
  command.exitOverride().parse();
  const { start: andStart, ...options } = command.opts<StartOptions & { start: boolean }>();
  if (options.db) {
    throw new UserError('Only the local data is reset, never another database.', {
      fix: 'leave --db out',
    });
  }
  await wipe(createReporter());
  return andStart ? start(options) : EXIT.ok;
});
