import { Command, Option } from 'commander';
import { execa } from 'execa';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Major } from './lib/postgres.ts';
import { listFiles } from './lib/suites/files.ts';
import { type TestCounts, totalLine } from './lib/test-results.ts';
import { withTestServer } from './lib/test-server.ts';
import { takeDatabaseUrl } from './lib/workbench.ts';

/** Reads pg_prove's summary; a run that went wrong otherwise than by a failing test counts as one failure. */
function readSummary(output: string, exitCode: number | undefined): TestCounts {
  const tests = Number(/^Files=\d+, Tests=(\d+)/m.exec(output)?.[1] ?? 0);
  const named = [...output.matchAll(/\(Wstat: .* Tests: \d+ Failed: (\d+)\)/g)].map((match) =>
    Number(match[1]),
  );
  const failed = named.reduce((sum, number) => sum + number, 0);
  const good = exitCode === 0 && /^Result: PASS$/m.test(output) && tests > 0;
  return {
    passed: Math.max(tests - failed, 0),
    failed: good ? 0 : Math.max(failed, 1),
    skipped: 0,
  };
}

/** Runs the pgTAP files through the real pg_prove and psql, which proves that they need nothing of ours. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run test:prove --')
      .description('Runs the pgTAP files, unchanged, through pg_prove.')
      .addOption(
        new Option('--pg <version>', 'PostgreSQL version').choices(['15', '17']).default('15'),
      )
      .option('--db <url>', 'use this server as a throw-away one (or DATABASE_URL)')
      .addHelpText(
        'after',
        '\nNeeds pg_prove and psql (Debian: libtap-parser-sourcehandler-pgtap-perl postgresql-client).\nExit codes: 0 all passed, 1 a test failed, 2 wrong arguments, 4 a program that it needs failed.',
      ),
  );
  const options = command.opts<{ pg: '15' | '17'; db?: string }>();
  const url = takeDatabaseUrl(options.db);
  const files = await listFiles('tests/sql', /\.test\.sql$/);
  return withTestServer(
    {
      reporter: createReporter(),
      major: Number(options.pg) as Major,
      onlyDefault: true,
      ...(url === undefined ? {} : { url }),
    },
    async (server) => {
      const target = new URL(server.cluster.urlFor(server.templates.default));
      // One file after the other: they share a database, and would wait for each other's locks.
      const run = await execa(
        'pg_prove',
        [
          ...['--host', target.hostname, '--port', target.port, '--username', target.username],
          ...['--dbname', decodeURIComponent(target.pathname.slice(1))],
          ...files,
        ],
        {
          cwd: rootDir,
          reject: false,
          all: true,
          stdin: 'ignore',
          env: {
            PGPASSWORD: decodeURIComponent(target.password),
            PGOPTIONS: '--client-min-messages=warning',
          },
        },
      );
      if (run.code === 'ENOENT') {
        throw new UserError('pg_prove is not installed.', {
          fix: 'install it (Debian: apt-get install libtap-parser-sourcehandler-pgtap-perl)',
          exitCode: EXIT.tool,
        });
      }
      process.stderr.write(`${run.all}\n`);
      const summary = readSummary(run.all, run.exitCode);
      process.stdout.write(`${totalLine([summary])}\n`);
      return summary.failed === 0 ? EXIT.ok : EXIT.failed;
    },
  );
});
