import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { withClient } from './lib/client.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';

interface Options {
  db?: string;
  company?: string;
  dryRun?: boolean;
  maxRows: number;
  json?: boolean;
}

interface Row {
  /** Null for a month that nobody had written to. */
  company_id: string | null;
  data_class: string;
  action: string;
  rows_affected: string;
  is_complete: boolean;
  error: string | null;
}

function parseRows(text: string): number {
  const rows = Number(text);
  if (!Number.isInteger(rows) || rows < 1 || rows > 100_000) {
    throw new InvalidArgumentError('1 to 100000');
  }
  return rows;
}

/** Applies the retention policies batch by batch, each in a transaction of its own, until nothing is left to do. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run retention --')
      .description('Applies the data retention policies, in batches, until nothing is left to do.')
      .option('--db <url>', 'database (or DATABASE_URL; the local stack when left out)')
      .option('--company <id>', 'this company only')
      .option('--dry-run', 'count what would go, and change nothing')
      .option('--max-rows <n>', 'rows of a batch', parseRows, 10_000)
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 all policies applied, 1 a policy failed, 2 wrong arguments or no database, 4 the database failed.',
      ),
  );
  const options = command.opts<Options>();
  const { url } = await resolveDatabase({ db: options.db });
  const total = new Map<string, Row & { rows: number }>();
  await withClient(url, async (client) => {
    for (;;) {
      const { rows } = await client.query<Row>(
        'select * from public.run_data_retention($1, $2, $3)',
        [options.company ?? null, options.dryRun ?? false, options.maxRows],
      );
      for (const row of rows) {
        const key = `${row.company_id} ${row.data_class}`;
        const rowsSoFar = total.get(key)?.rows ?? 0;
        total.set(key, { ...row, rows: rowsSoFar + Number(row.rows_affected) });
      }
      if (rows.every((row) => row.is_complete || row.error !== null)) {
        return;
      }
    }
  });
  const results = [...total.values()].filter(({ rows, error }) => rows > 0 || error !== null);
  if (options.json) {
    console.log(
      JSON.stringify(
        results.map(({ company_id, data_class, action, rows, error }) => ({
          company_id,
          data_class,
          action,
          rows,
          error,
        })),
      ),
    );
  } else {
    const table = new Table({ head: ['company', 'class', 'action', 'rows', 'error'] });
    table.push(
      ...results.map((row) => [
        row.company_id,
        row.data_class,
        row.action,
        row.rows,
        row.error ?? '',
      ]),
    );
    console.log(results.length === 0 ? 'nothing is older than its policy says' : table.toString());
  }
  return results.some(({ error }) => error !== null) ? EXIT.failed : EXIT.ok;
});
