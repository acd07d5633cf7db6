#!/usr/bin/env node
// The package's command. The scripts are TypeScript and run as they are, also from node_modules.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

const COMMANDS = { verify: 'verify-isolation.ts' };

const [name, ...rest] = process.argv.slice(2);
const script = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
if (script === undefined) {
  const asked = name === undefined || name === '--help' || name === 'help';
  process[asked ? 'stdout' : 'stderr'].write(
    `Usage: lytbub-supabase-shell <command> [options]\n\nCommands:\n  verify   prove that no company can see or touch another's data (verify --help)\n`,
  );
  process.exit(asked ? 0 : 3);
}
const file = join(dirname(fileURLToPath(import.meta.url)), '../scripts', script);
// The script asks whether it was the one that was started.
process.argv.splice(1, process.argv.length - 1, file, ...rest);
process.env.LYTBUB_COMMAND = `lytbub-supabase-shell ${name}`;
register();
await import(file);
