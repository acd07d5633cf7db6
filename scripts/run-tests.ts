import { Argument, Command, Option } from 'commander';
import pc from 'picocolors';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { createReporter, type Reporter } from './lib/output.ts';
import type { Major } from './lib/postgres.ts';
import { functionsSuite } from './lib/suites/functions.ts';
import { sqlSuite } from './lib/suites/sql.ts';
import type { Suite } from './lib/suites/suite.ts';
import { typescriptSuite } from './lib/suites/typescript.ts';
import { type FileResult, totalLine } from './lib/test-results.ts';
import { isSupabaseProject, type TestServer, withTestServer } from './lib/test-server.ts';
import { takeDatabaseUrl } from './lib/workbench.ts';

const SUITES: readonly Suite[] = [sqlSuite, typescriptSuite, functionsSuite];
const SLOWEST = 5;

interface Options {
  suite: 'all' | Suite['name'];
  pg: '15' | '17';
  db?: string;
  json?: boolean;
}

function describeResult(result: FileResult): string {
  const mark = result.failed > 0 ? pc.red('✘') : result.passed > 0 ? pc.green('✔') : pc.yellow('–');
  const seconds = pc.dim(`${(result.milliseconds / 1000).toFixed(1)} s`);
  const counts = totalLine([result]);
  const problems = result.problems.map((problem) => `    ${problem.split('\n').join('\n    ')}`);
  return [
    `${mark} ${result.name} ${pc.dim('·')} ${counts} ${pc.dim('·')} ${seconds}`,
    ...problems,
  ].join('\n');
}

function describeSlowest(results: readonly FileResult[]): string {
  return results
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST)
    .map(({ name, milliseconds }) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${name}`)
    .join('\n');
}

/** Where the tests run: in the user's project, or on a server where databases come and go. */
async function withServer<T>(
  suites: readonly Suite[],
  options: Options,
  reporter: Reporter,
  run: (target: { server?: TestServer; projectUrl?: string }) => Promise<T>,
): Promise<T> {
  const url = takeDatabaseUrl(options.db);
  if (suites.every(({ name }) => name === 'functions')) {
    return run({});
  }
  if (url !== undefined && (await isSupabaseProject(url))) {
    reporter.note('the database is a Supabase project: pgTAP files run in it and roll back');
    return run({ projectUrl: url });
  }
  return withTestServer(
    {
      reporter,
      major: Number(options.pg) as Major,
      onlyDefault: suites.every(({ name }) => name !== 'ts'),
      ...(url === undefined ? {} : { url }),
    },
    (server) => run({ server }),
  );
}

/** Runs the tests. The last line of the output is the total, in a form that programs can rely on. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm test --')
      .description('Runs the tests: pgTAP (sql), vitest (ts) and Deno (functions).')
      .addArgument(new Argument('[filters...]', 'only files whose path contains one of these'))
      .addOption(
        new Option('--suite <name>', 'only this kind of tests')
          .choices(['all', ...SUITES.map(({ name }) => name)])
          .default('all'),
      )
      .addOption(
        new Option('--pg <version>', 'PostgreSQL version').choices(['15', '17']).default('17'),
      )
      .option('--db <url>', 'use this server or Supabase project instead (or DATABASE_URL)')
      .option('--json', 'print the results as JSON before the total')
      .addHelpText(
        'after',
        '\nExit codes: 0 all passed, 1 a test failed or nothing ran, 2 wrong arguments, 4 a program that it needs failed.',
      ),
  );
  const options = command.opts<Options>();
  const filters = command.args;
  const reporter = createReporter();
  const suites: Suite[] = [];
  for (const suite of SUITES) {
    const wanted = options.suite === 'all' || options.suite === suite.name;
    if (wanted && (await suite.files(filters)).length > 0) {
      suites.push(suite);
    }
  }
  if (suites.length === 0) {
    throw new UserError('no test file fits', {
      fix: 'leave the file name out to run everything',
      exitCode: EXIT.failed,
    });
  }

  const results = await withServer(suites, options, reporter, async ({ server, projectUrl }) => {
    const all: FileResult[] = [];
    for (const suite of suites) {
      all.push(
        ...(await suite.run({
          server,
          projectUrl,
          filters,
          reporter,
          onResult: (result) => process.stderr.write(`${describeResult(result)}\n`),
        })),
      );
    }
    return all;
  });

  process.stderr.write(`\nSlowest files\n${describeSlowest(results)}\n\n`);
  const broken = results.filter(({ failed }) => failed > 0);
  if (broken.length > 0) {
    // Said when it happened, too; but a log of thousands of lines is read, and kept, from its end.
    process.stderr.write(`Failed files\n${broken.map(describeResult).join('\n')}\n\n`);
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  }
  process.stdout.write(`${totalLine(results)}\n`);
  const ran = results.some(({ passed }) => passed > 0);
  return ran && results.every(({ failed }) => failed === 0) ? EXIT.ok : EXIT.failed;
});
