import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { exportCompany } from './lib/company/export.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';

/** Streams everything of a company into a folder, as it was at one instant. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:export --')
      .description('Streams everything of a company into a folder, as it was at one instant.')
      .requiredOption('--company <slug>', 'its slug or its id')
      .requiredOption('--out <folder>', 'a folder that does not exist yet')
      .option('--db <url>', 'database (or DATABASE_URL; the local stack when left out)')
      .option('--with-sign-in', 'hashed passwords and linked identities of its members, too')
      .option('--json', 'print the manifest as JSON')
      .addHelpText(
        'after',
        '\nThe folder holds personal data: keep it as safe as the database.' +
          '\nExit codes: 0 exported, 1 failed, 2 wrong arguments or no database, 4 the database failed.',
      ),
  );
  const options = command.opts<{
    company: string;
    out: string;
    db?: string;
    withSignIn?: boolean;
    json?: boolean;
  }>();
  const { url } = await resolveDatabase({ db: options.db });
  const manifest = await exportCompany({
    url,
    company: options.company,
    out: options.out,
    withSignIn: options.withSignIn ?? false,
    reporter: createReporter(),
  });
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  console.log(
    options.json
      ? JSON.stringify(manifest)
      : `${manifest.company.slug}: ${rows.toLocaleString('en')} rows, content hash ${manifest.content_hash}`,
  );
  return EXIT.ok;
});
