import type { Command } from 'commander';
import { EXIT } from './errors.ts';

/** Parses the command line; wrong arguments end the process with the exit code that is documented for them. */
export function parseArguments(command: Command): Command {
  return command
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    })
    .parse();
}
