import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { withClient } from './lib/client.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { readEquivalents } from './lib/mutation/equivalents.ts';
import { generateMutants } from './lib/mutation/generate.ts';
import { KILLERS, type Killer, type KillerName } from './lib/mutation/killer.ts';
import { matrixKiller } from './lib/mutation/matrix-killer.ts';
import { pgtapKiller } from './lib/mutation/pgtap-killer.ts';
import { progress } from './lib/mutation/progress.ts';
import { proverKiller } from './lib/mutation/prover-killer.ts';
import { checkBaseline, type RunOptions, runMutants } from './lib/mutation/run.ts';
import { sampled } from './lib/mutation/sample.ts';
import {
  isPerfect,
  renderProblems,
  renderTable,
  scoreLine,
  scoreOf,
} from './lib/mutation/score.ts';
import type { Mutant } from './lib/mutation/types.ts';
import { vitestKiller } from './lib/mutation/vitest-killer.ts';
import { createReporter, type Reporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Major } from './lib/postgres.ts';
import { type TestServer, withTestServer } from './lib/test-server.ts';
import { parseConfig, readConfig } from './lib/verify/config.ts';

const EQUIVALENTS = 'tests/mutation/equivalents.json';
const CONFIG = 'verify.config.json';

interface Options {
  only?: string[];
  killers: KillerName[];
  jobs: number;
  limit?: number;
  seed: string;
  list?: boolean;
  equivalents?: boolean;
  json?: string;
  pg: '15' | '17';
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return value;
}

async function makeKiller(name: KillerName): Promise<Killer> {
  switch (name) {
    case 'pgTAP':
      return pgtapKiller();
    case 'matrix':
      return matrixKiller();
    case 'prover': {
      const file = join(rootDir, CONFIG);
      return proverKiller(
        existsSync(file) ? readConfig(file) : parseConfig({}, 'no configuration'),
      );
    }
    case 'vitest':
      return vitestKiller();
  }
}

/** The mutants that the arguments ask for. */
function chosen(all: readonly Mutant[], { only, limit, seed }: Options): Mutant[] {
  const wanted = all.filter(
    ({ id }) => only === undefined || only.some((text) => id.includes(text)),
  );
  if (wanted.length === 0) {
    throw new UserError('no mutant fits', { fix: 'see --list for their ids' });
  }
  return limit === undefined ? wanted : sampled(wanted, limit, seed);
}

async function score(server: TestServer, options: Options, reporter: Reporter): Promise<number> {
  const { cluster, templates } = server;
  const all = await withStep(reporter, 'mutants', async (detail) => {
    const mutants = await withClient(cluster.urlFor(templates.default), generateMutants);
    detail(String(mutants.length));
    return mutants;
  });
  const mutants = chosen(all, options);
  if (options.list) {
    const lines = mutants.map(({ id, description }) => `${id}\n    ${description}`);
    process.stdout.write(`${lines.join('\n')}\n${mutants.length} mutants\n`);
    return EXIT.ok;
  }
  const equivalents = readEquivalents(join(rootDir, EQUIVALENTS));
  const unmatched = equivalents.withoutMutant(all);
  if (unmatched.length > 0) {
    throw new UserError(`${EQUIVALENTS} names mutants that do not exist`, {
      details: unmatched.join('\n'),
      fix: 'take these entries out',
    });
  }
  const killers: Killer[] = [];
  for (const name of KILLERS.filter((one) => options.killers.includes(one))) {
    killers.push(await makeKiller(name));
  }
  const run: RunOptions = {
    cluster,
    template: templates.default,
    mutants,
    killers,
    jobs: options.jobs,
    isEquivalent: (id) => !options.equivalents && equivalents.reasonFor(id) !== undefined,
    ...progress(reporter),
  };
  await withStep(reporter, 'the schema as shipped passes every judge', () => checkBaseline(run));
  const result = scoreOf(await runMutants(run), equivalents);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  }
  const problems = renderProblems(result);
  process.stdout.write(`${renderTable(result)}\n\n${problems ? `${problems}\n\n` : ''}`);
  process.stdout.write(`${scoreLine(result)}\n`);
  return isPerfect(result) ? EXIT.ok : EXIT.failed;
}

/** Weakens the schema in every way that it knows, one at a time, and counts what the prover and the tests notice. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run verify:mutation --')
      .description('Mutates the schema and shows what neither the prover nor a test notices.')
      .option('--only <texts...>', 'only mutants whose id contains one of these')
      .addOption(
        new Option('--killers <names...>', 'who judges, cheapest first')
          .choices(KILLERS)
          .default([...KILLERS]),
      )
      .option('--jobs <n>', 'how many mutants at a time', positive, availableParallelism())
      .option('--limit <n>', 'only a sample of this size, with every class in it', positive)
      .option('--seed <text>', 'another sample', '1')
      .option(
        '--equivalents',
        'let every judge look at the mutants that are listed as equivalent, too',
      )
      .option('--list', 'print the mutants and end')
      .option('--json <file>', 'write the full result to a file')
      .addOption(
        new Option('--pg <version>', 'PostgreSQL version').choices(['15', '17']).default('17'),
      )
      .addHelpText(
        'after',
        '\nExit codes: 0 every mutant is noticed or equivalent, 1 one is not, 2 it could not run, 4 a program that it needs failed.',
      ),
  );
  const options = command.opts<Options>();
  const reporter = createReporter();
  return withTestServer(
    { reporter, major: Number(options.pg) as Major, onlyDefault: true },
    (server) => score(server, options, reporter),
  );
});
