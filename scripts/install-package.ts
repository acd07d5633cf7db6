import { Command, Option } from 'commander';
import { checkedUrl } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { applyPlan } from './lib/install/apply.ts';
import { ACCEPTABLE, type Acceptable } from './lib/install/collisions.ts';
import { PACKAGE, readPackage } from './lib/install/package-files.ts';
import { type Plan, planInit, planUpgrade } from './lib/install/plan.ts';
import { openProject } from './lib/install/project.ts';
import { describePlan, describeStatus } from './lib/install/report.ts';
import { readStatus } from './lib/install/status.ts';

interface Options {
  project?: string;
  migrations?: string;
  db?: string;
  functions?: boolean;
  config: boolean;
  accept?: Acceptable[];
  dryRun?: boolean;
  json?: boolean;
}

const EXIT_CODES = `
Exit codes: 0 done, or nothing to do; 1 refused because of a collision, or done but for what is to do by hand
(status: there is something to do); 2 wrong arguments, no project, not installed; 4 the database failed.`;

function databaseOf({ db }: Options): string | undefined {
  return db === undefined ? undefined : checkedUrl(db, '--db');
}

function print(value: unknown, text: string, options: Options): void {
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
}

async function install(command: 'init' | 'upgrade', options: Options): Promise<number> {
  const project = openProject(options);
  const contents = readPackage();
  const db = databaseOf(options);
  const plan: Plan = await (command === 'init' ? planInit : planUpgrade)(project, contents, {
    ...(db === undefined ? {} : { db }),
    functions: options.functions ?? false,
    skipConfig: !options.config,
    accept: options.accept ?? [],
  });
  const isRefused = plan.collisions.length > 0;
  if (!isRefused && !options.dryRun) {
    applyPlan(project, plan);
  }
  const summary = {
    ...plan,
    writes: plan.writes.map(({ path, how }) => ({ path, how })),
    is_written: !isRefused && !options.dryRun,
  };
  print(summary, describePlan(plan, options.dryRun ?? false), options);
  return isRefused || plan.todo.length > 0 ? EXIT.failed : EXIT.ok;
}

async function status(options: Options): Promise<number> {
  const found = await readStatus(openProject(options), readPackage(), databaseOf(options));
  print(found, describeStatus(found), options);
  return found.is_current ? EXIT.ok : EXIT.failed;
}

/** Brings the package's migrations into a project, keeps them up to date, and says how it stands. */
await main(import.meta.url, async () => {
  let code: number = EXIT.ok;
  const program = new Command(PACKAGE).exitOverride().addHelpText('after', EXIT_CODES);
  const common = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .option('--project <folder>', 'the project (default: this folder)')
      .option(
        '--migrations <folder>',
        'its migrations (default: supabase/migrations of a Supabase project, else db/migrations of dbmate)',
      )
      .option('--db <url>', 'a database of the project: its objects and its history count, too')
      .option('--json', 'print what came of it as JSON')
      .addHelpText('after', EXIT_CODES);
  const installing = (name: 'init' | 'upgrade', description: string): Command =>
    common(name, description)
      .option('--functions', 'copy the edge functions, too')
      .option('--no-config', 'leave config.toml alone, and say what belongs into it')
      .addOption(
        new Option('--accept <collision...>', 'go on in spite of it').choices(
          Object.keys(ACCEPTABLE),
        ),
      )
      .option('--dry-run', 'say what would be done, and do nothing')
      .action(async (options: Options) => {
        code = await install(name, options);
      });
  installing(
    'init',
    'Copies the migrations into a project and switches the token hook on. Safe to repeat.',
  );
  installing('upgrade', 'Brings the migrations that are new in this version of the package.');
  common(
    'status',
    'Says which version is installed, what was changed, and what is pending.',
  ).action(async (options: Options) => {
    code = await status(options);
  });
  await program.parseAsync();
  return code;
});
