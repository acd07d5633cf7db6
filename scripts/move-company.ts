import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { describeUrl } from './lib/client.ts';
import { abortMove, confirmMove, moveCompany } from './lib/company/move.ts';
import { checkedUrl, resolveDatabase } from './lib/database.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';

/** Moves a company to another database; its writes are refused only while the last of them are copied. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:move --')
      .description('Moves a company to another database; run it again to go on after a crash.')
      .requiredOption('--company <slug>', 'its slug or its id')
      .requiredOption('--to <url>', 'the database that it goes to')
      .option(
        '--db <url>',
        'the database that it leaves (or DATABASE_URL; the local stack when left out)',
      )
      .option('--create-people', 'make accounts that its members lack at the target')
      .option('--full-check', 'compare all rows once more while writes are refused')
      .option('--confirm', 'close the company at the source, after the switch')
      .option('--remove-source', 'with --confirm: delete its rows at the source, too')
      .option(
        '--directory <url>',
        'tell the directory of the cells, in the database of the home project',
      )
      .option('--cell <name>', 'with --directory: the cell that the company is at afterwards')
      .option('--abort', 'give the move up: the copy goes, the source is as it was')
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 done, 1 both ends differ or the move cannot be given up, 2 wrong arguments or something is in the way, 4 a database failed.',
      ),
  );
  const options = command.opts<{
    company: string;
    to: string;
    db?: string;
    createPeople?: boolean;
    fullCheck?: boolean;
    confirm?: boolean;
    removeSource?: boolean;
    directory?: string;
    cell?: string;
    abort?: boolean;
    json?: boolean;
  }>();
  if ((options.abort && options.confirm) || (options.removeSource && !options.confirm)) {
    throw new UserError('These options do not go together.', {
      fix: 'state --confirm (with or without --remove-source), or --abort, or none of them',
    });
  }
  if ((options.directory === undefined) !== (options.cell === undefined)) {
    throw new UserError('--directory and --cell go together.', {
      fix: 'state the database of the home project, and the cell that the company is at afterwards',
    });
  }
  const { url } = await resolveDatabase({ db: options.db });
  const to = checkedUrl(options.to, '--to');
  const common = {
    url,
    to,
    company: options.company,
    reporter: createReporter(),
    ...(options.directory === undefined || options.cell === undefined
      ? {}
      : {
          directory: { url: checkedUrl(options.directory, '--directory'), cell: options.cell },
        }),
  };
  if (options.abort) {
    await abortMove(common);
    console.log(options.json ? JSON.stringify({ state: 'aborted' }) : `${options.company} stays`);
    return EXIT.ok;
  }
  if (options.confirm) {
    const state = await confirmMove({ ...common, remove: options.removeSource ?? false });
    console.log(options.json ? JSON.stringify({ state }) : `${options.company} is ${state} here`);
    return EXIT.ok;
  }
  const result = await moveCompany({
    ...common,
    createPeople: options.createPeople ?? false,
    fullCheck: options.fullCheck ?? false,
  });
  if (options.json) {
    console.log(JSON.stringify(result));
    return EXIT.ok;
  }
  console.log(
    `${result.slug} is at ${describeUrl(to)}: ${result.copied.toLocaleString('en')} rows, ` +
      `and ${result.delta.toLocaleString('en')} while its writes were refused for ${result.frozenSeconds.toFixed(1)} s`,
  );
  console.log(
    'It is only read here. When all is well: --confirm. Before anything is written there: --abort.',
  );
  return EXIT.ok;
});
