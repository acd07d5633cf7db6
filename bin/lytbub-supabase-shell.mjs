#!/usr/bin/env node
// The package's command. What is installed from npm is compiled; in the repository the sources run as they are.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Which script a command is, and whether that has commands of its own. */
const COMMANDS = {
  init: { script: 'install-package', about: "copy the package's migrations into a project" },
  upgrade: { script: 'install-package', about: 'bring the migrations that are new' },
  status: { script: 'install-package', about: 'what is installed, changed, pending' },
  types: { script: 'generate-types', about: 'TypeScript types of a database, by role' },
  adopt: { script: 'adopt-table', about: "make a table of the project's a table of companies" },
  doctor: { script: 'run-doctor', about: 'what is wrong with a database or its setup' },
  verify: {
    script: 'verify-isolation',
    about: "prove that no company can see or touch another's data",
  },
  retention: { script: 'run-retention', about: 'delete or anonymise what retention policies say' },
  'company:export': { script: 'export-company', about: 'everything of a company to a folder' },
  'company:import': {
    script: 'import-company',
    about: 'and back, into the same or another database',
  },
  'company:move': { script: 'move-company', about: 'a company to another database' },
  'company:capacity': { script: 'report-capacity', about: 'what each company weighs' },
  'company:directory': { script: 'sync-directory', about: 'which database serves which company' },
  'company:plan-moves': { script: 'plan-moves', about: 'moves that level databases' },
};

const [name, ...rest] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
if (command === undefined) {
  const asked = name === undefined || name === '--help' || name === 'help';
  const lines = Object.entries(COMMANDS).map(([key, { about }]) => `  ${key.padEnd(20)}${about}`);
  process[asked ? 'stdout' : 'stderr'].write(
    `Usage: lytbub-supabase-shell <command> [options]\n\nCommands:\n${lines.join('\n')}\n\nEach has --help.\n`,
  );
  process.exit(asked ? 0 : 3);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'scripts', `${command.script}.ts`);
const isSource = existsSync(source);
const file = isSource ? source : join(root, 'dist', `${command.script}.js`);
const isGroup = command.script === 'install-package';
// The script asks whether it was the one that was started.
process.argv.splice(1, process.argv.length - 1, file, ...(isGroup ? [name] : []), ...rest);
process.env.LYTBUB_COMMAND = `lytbub-supabase-shell ${name}`;
if (isSource) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(file);
