import Table from 'cli-table3';
import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { readCapacity } from './lib/company/capacity.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';

/** Says what each company of a database weighs. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:capacity --')
      .description('Rows, bytes and writes a second of each company; large tables are estimated.')
      .option('--db <url>', 'the database (or DATABASE_URL; the local stack when left out)')
      .option('--json', 'print the result as JSON')
      .addHelpText('after', '\nExit codes: 0 done, 2 wrong arguments, 4 the database failed.'),
  );
  const options = command.opts<{ db?: string; json?: boolean }>();
  const { url } = await resolveDatabase({ db: options.db });
  const weights = await readCapacity(url);
  if (options.json) {
    console.log(JSON.stringify(weights));
    return EXIT.ok;
  }
  const table = new Table({
    head: ['company', 'status', 'rows', 'MB', 'writes/s', 'hot tables'],
    style: { head: [], border: [] },
  });
  for (const weight of weights) {
    table.push([
      weight.slug,
      weight.status,
      `${weight.is_exact ? '' : '~'}${weight.row_count.toLocaleString('en')}`,
      (weight.bytes / 1e6).toFixed(1),
      weight.writes_per_second.toFixed(2),
      `${(weight.hot_share * 100).toFixed(1)} %`,
    ]);
  }
  console.log(table.toString());
  return EXIT.ok;
});
