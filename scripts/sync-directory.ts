import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { parseCells, withCells } from './lib/company/cells.ts';
import { syncDirectory } from './lib/company/directory.ts';
import { checkedUrl } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';

/** Brings the directory of the cells to what the cells themselves say. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    withCells(new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:directory --'))
      .description(
        'Writes into the directory which company is at which cell, and who its members are.',
      )
      .requiredOption('--directory <url>', 'the database of the home project')
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 done, 1 two cells have the same company, 2 wrong arguments, 4 a database failed.',
      ),
  );
  const options = command.opts<{ cell: string[]; directory: string; json?: boolean }>();
  const result = await syncDirectory(
    checkedUrl(options.directory, '--directory'),
    parseCells(options.cell),
  );
  if (options.json) {
    console.log(JSON.stringify(result));
    return EXIT.ok;
  }
  const list = (title: string, slugs: readonly string[]): void => {
    if (slugs.length > 0) {
      console.log(`${title}: ${slugs.join(', ')}`);
    }
  };
  list('New', result.added);
  list('Moved', result.moved);
  list('Gone', result.forgotten);
  console.log(`As it was: ${result.unchanged}`);
  return EXIT.ok;
});
