import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { importCompany } from './lib/company/import.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';

/** Puts a company from an export into a database, wholly or not at all. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:import --')
      .description('Puts a company from an export into a database, wholly or not at all.')
      .requiredOption('--from <folder>', 'what company:export has written')
      .option('--db <url>', 'database (or DATABASE_URL; the local stack when left out)')
      .option('--new-ids', 'a copy: the company and all its rows get new ids')
      .option('--company-id <id>', 'id of the copy; a random one when left out')
      .option('--slug <slug>', 'another slug than it had')
      .option('--create-people', 'make accounts that its members lack')
      .option(
        '--expect-hash <hash>',
        'the hash of the manifest that you noted when it was exported',
      )
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 imported, 1 the export is damaged or did not fit, 2 wrong arguments or something is in the way, 4 the database failed.',
      ),
  );
  const options = command.opts<{
    from: string;
    db?: string;
    newIds?: boolean;
    companyId?: string;
    slug?: string;
    createPeople?: boolean;
    expectHash?: string;
    json?: boolean;
  }>();
  const { url } = await resolveDatabase({ db: options.db });
  const { json, db: _db, ...rest } = options;
  const result = await importCompany({ ...rest, url, reporter: createReporter() });
  if (json) {
    console.log(JSON.stringify(result));
    return EXIT.ok;
  }
  console.log(
    `${result.slug} (${result.companyId}): ${result.rows.toLocaleString('en')} rows, ${result.createdPeople} accounts made`,
  );
  for (const { name, reason } of result.leftOut) {
    console.log(`left out: ${name}: ${reason}`);
  }
  return EXIT.ok;
});
