import { Command, Option } from 'commander';
import { execa } from 'execa';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { clearingUp } from './lib/interrupts.ts';
import { createReporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Major } from './lib/postgres.ts';
import { listFiles } from './lib/suites/files.ts';
import { totalLine } from './lib/test-results.ts';
import { startTestServer, type TestServer } from './lib/test-server.ts';
import { takeDatabaseUrl } from './lib/workbench.ts';

/** The number of tests that pg_prove's summary names. */
function countTests(output: string): number {
  return Number(/^Files=\d+, Tests=(\d+)/m.exec(output)?.[1] ?? 0);
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
  const reporter = createReporter();
  let starting: Promise<TestServer> | undefined;
  return clearingUp(
    async () => {
      const server = await withStep(
        reporter,
        'test server and template database',
        async (detail) => {
          starting = startTestServer({
            major: Number(options.pg) as Major,
            onlyDefault: true,
            ...(url === undefined ? {} : { url }),
          });
          detail(`PostgreSQL ${(await starting).cluster.version}`);
          return starting;
        },
      );
      const target = new URL(server.cluster.urlFor(server.templates.default));
      const run = await execa(
        'pg_prove',
        [
          ...['--host', target.hostname, '--port', target.port, '--username', target.username],
          ...['--dbname', decodeURIComponent(target.pathname.slice(1)), '--jobs', '2'],
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
      const tests = countTests(run.all);
      const passed = run.exitCode === 0 && /^Result: PASS$/m.test(run.all) && tests > 0;
      // pg_prove says which tests failed, above; their number stands in no line of its own.
      process.stdout.write(
        `${totalLine([passed ? { passed: tests, failed: 0, skipped: 0 } : { passed: 0, failed: Math.max(tests, 1), skipped: 0 }])}\n`,
      );
      return passed ? EXIT.ok : EXIT.failed;
    },
    async () => (await starting?.catch(() => undefined))?.stop(),
  );
});
