import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { ARTIFACTS, writeArtifact } from './lib/generate/artifacts.ts';
import { createReporter, withStep } from './lib/output.ts';
import { takeDatabaseUrl, withWorkbench } from './lib/workbench.ts';

/** Writes the files under `generated/`. */
await main(import.meta.url, async () => {
  const names = ARTIFACTS.map((artifact) => artifact.name);
  const command = parseArguments(
    new Command('npm run generate --')
      .description(
        'Writes the files under generated/ from the migrations, or from another database.',
      )
      .argument('[names...]', `which: ${names.join(', ')} (all when left out)`)
      .option('--db <url>', 'read this database instead of a throw-away one (or DATABASE_URL)')
      .addHelpText(
        'after',
        '\nExit codes: 0 written, 2 wrong arguments, 4 a program that it needs failed.',
      ),
  );
  const wanted = command.args;
  for (const name of wanted) {
    if (!names.includes(name)) {
      throw new UserError(`there is nothing called "${name}" to generate`, {
        fix: `choose from ${names.join(', ')}`,
      });
    }
  }
  const db = takeDatabaseUrl(command.opts<{ db?: string }>().db);
  const reporter = createReporter();
  await withWorkbench({ reporter, ...(db ? { db } : {}) }, async (bench) => {
    for (const artifact of ARTIFACTS) {
      if (wanted.length === 0 || wanted.includes(artifact.name)) {
        await withStep(reporter, artifact.file, async (detail) => {
          detail((await writeArtifact(artifact, bench)) ? 'written' : 'unchanged');
        });
      }
    }
  });
  return EXIT.ok;
});
