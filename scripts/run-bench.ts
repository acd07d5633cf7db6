import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { apiKeys } from '../bench/suites/api-keys.ts';
import { audit } from '../bench/suites/audit.ts';
import { budgets } from '../bench/suites/budgets.ts';
import { growth } from '../bench/suites/growth.ts';
import { portal } from '../bench/suites/portal.ts';
import { rateLimits } from '../bench/suites/rate-limits.ts';
import { rls } from '../bench/suites/rls.ts';
import { parseArguments } from './lib/arguments.ts';
import { apiLoad } from './lib/bench/api-load.ts';
import { measureContest } from './lib/bench/measure.ts';
import { findPgbench, pgbench } from './lib/bench/pgbench.ts';
import { chartName, renderChart, renderPage } from './lib/bench/report.ts';
import { createFilled, withServer } from './lib/bench/server.ts';
import type { ContestResult, Scale, ScaleName, Suite, SuiteResult } from './lib/bench/types.ts';
import { dropDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter, type Reporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Cluster } from './lib/postgres.ts';
import { type Postgrest, startPostgrest } from './lib/postgrest.ts';

const SUITES: readonly Suite[] = [apiKeys, audit, budgets, growth, portal, rateLimits, rls];
const SCALES: Record<ScaleName, Scale> = {
  small: { name: 'small', rounds: 3, seconds: 2 },
  full: { name: 'full', rounds: 3, seconds: 3 },
};
const RESULTS = join(rootDir, 'bench/results');

interface Options {
  only: string[];
  contest?: string[];
  scale: ScaleName;
  write?: boolean;
}

async function measureSuite(
  cluster: Cluster,
  program: string,
  suite: Suite,
  options: Options,
  reporter: Reporter,
): Promise<SuiteResult> {
  const scale = SCALES[options.scale];
  const names = suite.databases ?? [suite.name];
  const inCluster = (name: string | undefined): string =>
    `bench_${(name ?? names[0] ?? suite.name).replaceAll('-', '_')}`;
  for (const name of names) {
    await withStep(reporter, `${suite.name}: database ${name}`, () =>
      createFilled(cluster, inCluster(name), (client) => suite.prepare(client, scale.name, name)),
    );
  }
  const { rounds, seconds } = suite.rounds?.[scale.name] ?? scale;
  const apis = new Map<string, Promise<Postgrest>>();
  const api = (database: string): Promise<Postgrest> => {
    const running =
      apis.get(database) ?? startPostgrest({ dbUrl: cluster.urlFor(database, 'authenticator') });
    apis.set(database, running);
    return running;
  };
  const chosen = suite.contests.filter(({ id }) => options.contest?.includes(id) ?? true);
  const contests: ContestResult[] = [];
  for (const contest of chosen) {
    const step = reporter.step(`${suite.name}: ${contest.title}`);
    const result = await measureContest(
      contest,
      { rounds },
      async ({ script, settings, patience, database }) =>
        typeof script === 'string'
          ? pgbench(program, {
              url: cluster.urlFor(inCluster(database)),
              script,
              clients: contest.clients,
              seconds,
              ...(settings === undefined ? {} : { settings }),
              ...(patience === undefined ? {} : { patience }),
            })
          : apiLoad((await api(inCluster(database))).url, script, seconds),
      (text) => step.update(text),
    );
    step.done(result.runs.map(({ name, ratio }) => `${name} ${ratio}`).join(', '));
    contests.push(result);
  }
  for (const running of apis.values()) {
    await (await running).stop();
  }
  for (const name of names) {
    await dropDatabase(cluster, inCluster(name));
  }
  return {
    suite: suite.name,
    date: new Date().toISOString().slice(0, 10),
    scale: scale.name,
    postgres: cluster.version,
    processors: availableParallelism(),
    contests,
  };
}

/** Writes result file, page and charts; the results that were there are shown beside the new ones. */
function writeResult(suite: Suite, result: SuiteResult): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${suite.name}.json`);
  const before = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as SuiteResult)
    : undefined;
  for (const name of readdirSync(RESULTS)) {
    if (name.startsWith(`${suite.name}-`) && name.endsWith('.svg')) {
      rmSync(join(RESULTS, name));
    }
  }
  for (const contest of result.contests) {
    writeFileSync(join(RESULTS, chartName(suite.name, contest.id)), renderChart(contest));
  }
  writeFileSync(join(RESULTS, `${suite.name}.md`), renderPage(suite, result, before));
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}

async function run(options: Options, reporter: Reporter): Promise<number> {
  const program = findPgbench();
  return withServer(reporter, async (cluster) => {
    for (const suite of SUITES.filter(({ name }) => options.only.includes(name))) {
      const result = await measureSuite(cluster, program, suite, options, reporter);
      if (options.write) {
        writeResult(suite, result);
      }
      process.stdout.write(`${JSON.stringify(result)}\n`);
    }
    return EXIT.ok;
  });
}

await main(import.meta.url, async () => {
  const names = SUITES.map(({ name }) => name);
  const command = parseArguments(
    new Command('npm run bench --')
      .description(
        'Measures against a reference, in turn, and prints ratios: a line of JSON a suite.',
      )
      .addOption(new Option('--only <suites...>', 'these suites').choices(names).default(names))
      .option('--contest <ids...>', 'only these contests, such as hot-8')
      .addOption(
        new Option('--scale <scale>', 'small takes some minutes; full is what is committed')
          .choices(['small', 'full'])
          .default('small'),
      )
      .option('--write', 'keep the results in bench/results')
      .addHelpText(
        'after',
        '\nExit codes: 0 measured, 2 it could not run, 4 a program that it needs failed.',
      ),
  );
  return run(command.opts<Options>(), createReporter());
});
