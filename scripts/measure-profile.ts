/** Where the time of the benchmarks' statements goes: functions, statements within them, the disk. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { apiKeys } from '../bench/suites/api-keys.ts';
import { audit } from '../bench/suites/audit.ts';
import { budgets } from '../bench/suites/budgets.ts';
import { rateLimits } from '../bench/suites/rate-limits.ts';
import { rls } from '../bench/suites/rls.ts';
import { parseArguments } from './lib/arguments.ts';
import { findPgbench, pgbench } from './lib/bench/pgbench.ts';
import { type Profile, readProfile, resetCounters, setInstruments } from './lib/bench/profile.ts';
import { createFilled, withServer } from './lib/bench/server.ts';
import type { Rate, Run, ScaleName, Suite } from './lib/bench/types.ts';
import { withClient } from './lib/client.ts';
import { dropDatabase } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter, type Reporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Cluster } from './lib/postgres.ts';

/** A suite, its contests that are looked into, and how many of the runs of each are ours; they come first. */
const SUBJECTS: readonly (readonly [Suite, Readonly<Record<string, number>>])[] = [
  [
    rls,
    {
      'point-read': 1,
      'latest-50': 1,
      'small-count': 1,
      update: 1,
      'insert-1': 1,
      'insert-1000': 1,
      'rules-point-read': 1,
      'rules-update': 1,
    },
  ],
  [budgets, { 'hot-1': 2, 'batch-1': 2 }],
  [audit, { 'row-1': 1, 'rows-1000': 1 }],
  [rateLimits, { 'hot-8': 2 }],
  [apiKeys, { 'verify-1': 2 }],
];
const SECONDS = 3;

interface Options {
  only: string[];
  scale: ScaleName;
  write?: boolean;
}

interface Looked {
  readonly title: string;
  readonly run: string;
  /** Microseconds of a pass, without instruments: with and without waiting for the disk, and with instruments. */
  readonly plain: number;
  readonly inMemory: number;
  readonly watched: number;
  readonly profile: Profile;
}

async function lookInto(
  cluster: Cluster,
  program: string,
  database: string,
  title: string,
  run: Run & { script: string },
): Promise<Looked> {
  const load = (settings: Record<string, string> = {}) =>
    pgbench(program, {
      url: cluster.urlFor(database),
      script: run.script,
      clients: 1,
      seconds: SECONDS,
      settings: { ...run.settings, ...settings },
    });
  const microseconds = ({ perSecond }: Rate): number => 1e6 / perSecond;
  await load();
  const plain = microseconds(await load());
  const inMemory = microseconds(await load({ synchronous_commit: 'off' }));
  return withClient(cluster.superUrl(database), async (client) => {
    await setInstruments(client, true);
    try {
      await resetCounters(client);
      const rate = await load();
      const watched = microseconds(rate);
      return {
        title,
        run: run.name,
        plain,
        inMemory,
        watched,
        profile: await readProfile(client, rate.passes ?? 1, watched / 50),
      };
    } finally {
      await setInstruments(client, false);
    }
  });
}

async function lookIntoSuite(
  cluster: Cluster,
  program: string,
  [suite, ours]: (typeof SUBJECTS)[number],
  scale: ScaleName,
  reporter: Reporter,
): Promise<Looked[]> {
  const database = `profile_${suite.name.replaceAll('-', '_')}`;
  await withStep(reporter, `${suite.name}: database`, () =>
    createFilled(cluster, database, (client) => suite.prepare(client, scale, suite.name)),
  );
  const seen = new Set<string>();
  const looked: Looked[] = [];
  for (const contest of suite.contests.filter(({ id }) => ours[id] !== undefined)) {
    const step = reporter.step(`${suite.name}: ${contest.title}`);
    for (const run of [contest.reference, ...contest.runs.slice(0, ours[contest.id])]) {
      const key = JSON.stringify([run.script, run.settings]);
      if (typeof run.script === 'string' && !seen.has(key)) {
        seen.add(key);
        step.update(run.name);
        looked.push(
          await lookInto(cluster, program, database, contest.title, { ...run, script: run.script }),
        );
      }
    }
    step.done();
  }
  await dropDatabase(cluster, database);
  return looked;
}

const amount = (value: number): string =>
  value < 0.1 ? '0' : value.toLocaleString('en', { maximumSignificantDigits: 3 });
const code = (text: string): string =>
  `\`${(text.length > 110 ? `${text.slice(0, 109)}…` : text).replaceAll('|', '\\|').replaceAll('`', "'")}\``;

function section({ run, plain, inMemory, watched, profile }: Looked): string {
  const functions = profile.functions.slice(0, 10);
  const statements = profile.statements.slice(0, 10);
  return [
    `### ${run}`,
    '',
    `${amount(plain)} µs; without waiting for the disk ${amount(inMemory)}; watched ${amount(watched)}.`,
    '',
    ...(functions.length === 0
      ? []
      : [
          '| Function | calls | its own µs | with what it calls |',
          '| --- | ---: | ---: | ---: |',
          ...functions.map(
            (f) => `| ${f.name} | ${amount(f.calls)} | ${amount(f.own)} | ${amount(f.total)} |`,
          ),
          '',
        ]),
    ...(statements.length === 0
      ? []
      : [
          '| Statement | calls | planned, µs | run, µs |',
          '| --- | ---: | ---: | ---: |',
          ...statements.map(
            (s) =>
              `| ${code(s.text)} | ${amount(s.calls)} | ${amount(s.planning)} | ${amount(s.executing)} |`,
          ),
          '',
        ]),
  ].join('\n');
}

function page(looked: readonly Looked[], scale: string, cluster: Cluster): string {
  const titles = [...new Set(looked.map(({ title }) => title))];
  return [
    '# Where the time goes',
    '',
    `Written by \`npm run bench:profile -- --write\` (${scale}) on ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${cluster.version}, ${availableParallelism()} processors, everything on the same ones.`,
    '',
    'One pass of the scripts of the other pages, by one session, in prepared mode. Functions and statements are counted by the',
    "server itself (`track_functions`, pg_stat_statements, nested ones too), which takes time of its own: *watched*. A statement's",
    "time holds that of the statements and triggers it causes; a function's own time holds its statements. What takes less than a",
    'fiftieth is left out.',
    '',
    ...titles.flatMap((title) => [
      `## ${title}`,
      '',
      ...looked.filter((one) => one.title === title).map(section),
    ]),
  ].join('\n');
}

async function run(options: Options, reporter: Reporter): Promise<number> {
  const program = findPgbench();
  return withServer(reporter, async (cluster) => {
    const looked: Looked[] = [];
    for (const subject of SUBJECTS.filter(([{ name }]) => options.only.includes(name))) {
      looked.push(...(await lookIntoSuite(cluster, program, subject, options.scale, reporter)));
    }
    const text = page(looked, options.scale, cluster);
    if (options.write) {
      writeFileSync(join(rootDir, 'bench/results/profile.md'), text);
    } else {
      process.stdout.write(text);
    }
    return EXIT.ok;
  });
}

await main(import.meta.url, async () => {
  const names = SUBJECTS.map(([{ name }]) => name);
  const command = parseArguments(
    new Command('npm run bench:profile --')
      .description("Shows where the time of the benchmarks' statements goes, as a Markdown page.")
      .addOption(new Option('--only <suites...>', 'these suites').choices(names).default(names))
      .addOption(
        new Option('--scale <scale>', 'of the row level security suite')
          .choices(['small', 'full'])
          .default('small'),
      )
      .option('--write', 'keep the page in bench/results'),
  );
  return run(command.opts<Options>(), createReporter());
});
