import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import {
  type AdoptionStep,
  adoptTable,
  planAdoption,
  requireTable,
  resolveOptions,
  undoAdoption,
  verifyTable,
} from './lib/adoption/adopt.ts';
import { type AdoptionOptions, readAdoptionFile } from './lib/adoption/options.ts';
import { parseArguments } from './lib/arguments.ts';
import { withClient } from './lib/client.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';

interface Flags {
  db?: string;
  table?: string;
  config?: string;
  company?: string;
  through?: string;
  expression?: string;
  resource?: string;
  policies?: 'restrictive' | 'replace';
  keepUnique?: string[];
  audit: boolean;
  dryRun?: boolean;
  sql?: boolean;
  commit?: boolean;
  undo?: boolean;
  verify?: boolean;
  json?: boolean;
  batchPages: number;
}

function parsePages(text: string): number {
  const pages = Number(text);
  if (!Number.isInteger(pages) || pages < 1) {
    throw new InvalidArgumentError('a whole number from 1');
  }
  return pages;
}

function tablesOf(flags: Flags): [table: string, options: AdoptionOptions][] {
  if (flags.config !== undefined) {
    return readAdoptionFile(flags.config);
  }
  if (flags.table === undefined) {
    throw new UserError('No table is named.', {
      fix: 'add --table public.orders, or --config adopt.json',
    });
  }
  const options: AdoptionOptions = {
    ...(flags.company === undefined ? {} : { company: flags.company }),
    ...(flags.through === undefined ? {} : { through: flags.through }),
    ...(flags.expression === undefined ? {} : { expression: flags.expression }),
    ...(flags.resource === undefined ? {} : { resource: flags.resource }),
    ...(flags.policies === undefined ? {} : { policies: flags.policies }),
    ...(flags.keepUnique === undefined ? {} : { keep_unique: flags.keepUnique }),
    ...(flags.audit ? {} : { audit: false }),
  };
  return [[flags.table, options]];
}

function describePlan(table: string, steps: readonly AdoptionStep[], withSql: boolean): string {
  const shown = new Table({
    head: ['', 'step', 'lock', 'about', 'what for'],
    wordWrap: true,
    colWidths: [8, 28, 30, 9, 60],
    style: { head: [] },
  });
  for (const step of steps) {
    const about =
      step.statement === null ? '' : step.seconds < 1 ? '< 1 s' : `${Math.ceil(step.seconds)} s`;
    shown.push([step.stage, step.name, step.lock ?? '', about, step.problem ?? step.purpose ?? '']);
  }
  const sql = steps.flatMap(({ name, statement }) =>
    statement === null
      ? []
      : [`-- ${name}\n${statement.trim()}${statement.trim().endsWith(';') ? '' : ';'}`],
  );
  return [pc.bold(table), shown.toString(), ...(withSql ? [sql.join('\n\n')] : [])].join('\n');
}

/** Puts tables that were there before under the rules of the package. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run adopt --')
      .description(
        'Adopts a table: company, keys, references, policies, step by step, while it is in use. It can be undone until --commit.',
      )
      .option(
        '--db <url>',
        'database (or DATABASE_URL; the local stack when left out), as the owner of the table',
      )
      .option('--table <name>', 'the table, such as public.orders')
      .option('--config <file>', 'several tables and their options, as JSON, in this order')
      .option('--company <slug or id>', 'all rows belong to this company')
      .option(
        '--through <column>',
        'a row belongs to the company of the row that this foreign key leads to',
      )
      .option('--expression <sql>', 'a row t belongs to the company whose id this answers')
      .option(
        '--resource <name>',
        'permissions <name>.read and <name>.write (the name of the table)',
      )
      .addOption(
        new Option(
          '--policies <what>',
          'policies that are there must hold as well, or are replaced',
        ).choices(['restrictive', 'replace']),
      )
      .option('--keep-unique <indexes...>', 'these stay unique in all companies together')
      .option('--no-audit', 'do not record changes in the audit log')
      .option('--dry-run', 'print the plan and change nothing')
      .option('--sql', 'with --dry-run: print the statements, too')
      .option('--commit', 'remove what is replaced; there is no way back')
      .option('--undo', 'take everything back')
      .option('--verify', 'only say what of the invariants holds')
      .option('--batch-pages <n>', 'pages of 8 kB that are filled at once', parsePages, 256)
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 done, 1 a step failed or an invariant (I1 to I9) does not hold after --commit, 2 wrong arguments or it cannot be done.',
      ),
  );
  const flags = command.opts<Flags>();
  const tables = tablesOf(flags);
  const { url } = await resolveDatabase({ db: flags.db });
  const reporter = createReporter();
  return withClient(url, async (client) => {
    const wanted: [table: string, options: AdoptionOptions][] = [];
    for (const [table, options] of tables) {
      await requireTable(client, table);
      wanted.push([table, await resolveOptions(client, options)]);
    }
    if (flags.dryRun) {
      const plans = [];
      for (const [table, options] of wanted) {
        plans.push({ table, steps: await planAdoption(client, table, options) });
      }
      console.log(
        flags.json
          ? JSON.stringify(plans)
          : plans
              .map(({ table, steps }) => describePlan(table, steps, flags.sql ?? false))
              .join('\n\n'),
      );
      return plans.some(({ steps }) => steps.some(({ problem }) => problem !== null))
        ? EXIT.usage
        : EXIT.ok;
    }
    if (flags.undo) {
      // Tables that go through others go first.
      for (const [table] of wanted.toReversed()) {
        reporter.note(`${table}: ${await undoAdoption(client, table)} steps undone`);
      }
      return EXIT.ok;
    }
    if (!flags.verify) {
      const run = async (stage: 'adopt' | 'commit'): Promise<void> => {
        for (const [table, options] of wanted) {
          await adoptTable(client, table, options, stage, {
            pagesPerBatch: flags.batchPages,
            onStep: ({ name, statement, purpose }) => {
              if (statement === null) {
                reporter.warn(`${table}: ${purpose}`);
                return { progress: () => undefined, done: () => undefined };
              }
              const step = reporter.step(`${table}: ${name}`);
              let told = 0;
              return {
                progress: (done) => {
                  if (done - told >= 0.1 && done < 1) {
                    told = done;
                    reporter.note(`${table}: ${Math.round(done * 100)} % of the rows`);
                  }
                },
                done: () => step.done(),
              };
            },
          });
        }
      };
      // All of them before any loses its old keys: tables lead to one another.
      await run('adopt');
      if (flags.commit) {
        await run('commit');
      }
    }
    const results = [];
    for (const [table] of wanted) {
      results.push({ table, invariants: await verifyTable(client, table) });
    }
    if (flags.json) {
      console.log(JSON.stringify(results));
    } else {
      for (const { table, invariants } of results) {
        console.log(pc.bold(table));
        for (const { invariant, holds, finding } of invariants) {
          console.log(
            `  ${holds ? pc.green('✔') : pc.yellow('–')} ${invariant.padEnd(3)} ${finding}`,
          );
        }
      }
    }
    if (!flags.verify && !flags.commit) {
      reporter.note(
        'try it, then run it again with --commit to remove the old keys, or with --undo',
      );
    }
    const isWhole = results.every(({ invariants }) =>
      invariants.every(({ invariant, holds }) => holds || invariant === 'I10'),
    );
    return (flags.commit || flags.verify) && !isWhole ? EXIT.failed : EXIT.ok;
  });
});
