import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { parseArguments } from './lib/arguments.ts';
import type { CheckContext, CheckStep } from './lib/checks/step.ts';
import { CHECK_STEPS } from './lib/checks/steps.ts';
import { EXIT, main, messageOf, UserError } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';
import type { Major } from './lib/postgres.ts';
import { takeDatabaseUrl, withWorkbench } from './lib/workbench.ts';

interface Options {
  only?: string[];
  pg: '15' | '17';
  db?: string;
  json?: boolean;
}

interface Result {
  name: string;
  title: string;
  state: 'passed' | 'failed' | 'skipped';
  detail?: string;
  problems: string[];
  fix: string;
  milliseconds: number;
}

async function runStep(step: CheckStep, context: CheckContext): Promise<Result> {
  const began = performance.now();
  const { name, title, fix } = step;
  const end = (): number => performance.now() - began;
  try {
    const { problems, skipped } = await step.run(context);
    if (skipped !== undefined) {
      return { name, title, fix, state: 'skipped', detail: skipped, problems, milliseconds: end() };
    }
    const state = problems.length === 0 ? 'passed' : 'failed';
    return { name, title, fix, state, problems, milliseconds: end() };
  } catch (error) {
    const details = error instanceof UserError ? error.details : undefined;
    const problems = [details ? `${messageOf(error)}\n${details}` : messageOf(error)];
    const mend = error instanceof UserError && error.fix ? error.fix : fix;
    return { name, title, fix: mend, state: 'failed', problems, milliseconds: end() };
  }
}

function describe(result: Result): string {
  const mark = { passed: pc.green('✔'), failed: pc.red('✘'), skipped: pc.yellow('–') }[
    result.state
  ];
  const detail = result.detail ? pc.dim(` · ${result.detail}`) : '';
  const seconds = pc.dim(` · ${(result.milliseconds / 1000).toFixed(1)} s`);
  const problems = result.problems.map((problem) => `    ${problem.split('\n').join('\n    ')}`);
  return [`${mark} ${result.name}: ${result.title}${detail}${seconds}`, ...problems].join('\n');
}

/** Runs every check, also after one has failed, and says how to mend each. */
await main(import.meta.url, async () => {
  const names = CHECK_STEPS.map(({ name }) => name);
  const command = parseArguments(
    new Command('npm run check --')
      .description('Checks source, migrations and generated files.')
      .addOption(new Option('--only <names...>', 'only these checks').choices(names))
      .addOption(
        new Option('--pg <version>', 'PostgreSQL version').choices(['15', '17']).default('17'),
      )
      .option('--db <url>', 'check this migrated database (or DATABASE_URL)')
      .option('--json', 'print the results as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 everything is as it should be, 1 a check failed, 2 wrong arguments.',
      ),
  );
  const options = command.opts<Options>();
  const only = options.only;
  const steps = CHECK_STEPS.filter(({ name }) => only === undefined || only.includes(name));
  const db = takeDatabaseUrl(options.db);
  const major = Number(options.pg) as Major;
  const reporter = createReporter();
  const results = await withWorkbench({ reporter, major, ...(db ? { db } : {}) }, async (bench) => {
    const all: Result[] = [];
    for (const step of steps) {
      const result = await runStep(step, { bench, major });
      all.push(result);
      process.stderr.write(`${describe(result)}\n`);
    }
    return all;
  });
  const failed = results.filter(({ state }) => state === 'failed');
  if (options.json) {
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  } else {
    const fixes = failed.map(({ name, fix }) => `  ${name}: ${fix}`);
    const passed = results.filter(({ state }) => state === 'passed').length;
    const skipped = results.length - passed - failed.length;
    process.stdout.write(
      [
        ...(fixes.length > 0 ? ['', 'To mend:', ...fixes] : []),
        `${passed} checks passed, ${failed.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
        '',
      ].join('\n'),
    );
  }
  return failed.length === 0 ? EXIT.ok : EXIT.failed;
});
