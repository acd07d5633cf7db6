import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main } from './lib/errors.ts';
import { findStaleArtifacts } from './lib/generate/artifacts.ts';
import { createReporter } from './lib/output.ts';
import { takeDatabaseUrl, withWorkbench } from './lib/workbench.ts';

/** Compares the files under `generated/` with what the migrations give now. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run check:generated --')
      .description('Fails if a file under generated/ is not what the migrations give now.')
      .option('--db <url>', 'read this database instead of a throw-away one (or DATABASE_URL)')
      .addHelpText(
        'after',
        '\nExit codes: 0 up to date, 1 a file is stale, 4 a program that it needs failed.',
      ),
  );
  const db = takeDatabaseUrl(command.opts<{ db?: string }>().db);
  const problems = await withWorkbench(
    { reporter: createReporter(), ...(db ? { db } : {}) },
    findStaleArtifacts,
  );
  process.stdout.write(
    problems.length === 0 ? 'generated/ is up to date\n' : `${problems.join('\n')}\n`,
  );
  return problems.length === 0 ? EXIT.ok : EXIT.failed;
});
