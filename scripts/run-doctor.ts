import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { inRolledBackTransaction, withClient } from './lib/client.ts';
import { resolveDatabase } from './lib/database.ts';
import { examine } from './lib/doctor/index.ts';
import { loadManifest } from './lib/doctor/manifest.ts';
import { describeFindings, isSick, mendScript } from './lib/doctor/report.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { createReporter } from './lib/output.ts';
import { supabaseDir } from './lib/paths.ts';

interface Options {
  db?: string;
  company?: string;
  user?: string;
  permission?: string;
  token?: Record<string, unknown>;
  header: Record<string, string>;
  manifest?: string;
  json?: boolean;
  sql?: boolean;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

function parseHeader(text: string, before: Record<string, string>): Record<string, string> {
  const colon = text.indexOf(':');
  if (colon < 1) {
    throw new InvalidArgumentError('a header is "name: value"');
  }
  return {
    ...before,
    [text.slice(0, colon).trim().toLowerCase()]: text.slice(colon + 1).trim(),
  };
}

/** What a token says; its signature is not looked at, and the token goes nowhere. */
function parseToken(text: string): Record<string, unknown> {
  try {
    const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('utf8');
    return JSON.parse(payload) as Record<string, unknown>;
  } catch {
    throw new InvalidArgumentError('that is no JWT');
  }
}

/** Says what is wrong with a database, a company, or what a person sees, and what mends it. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command(process.env.LYTBUB_COMMAND ?? 'npm run doctor --')
      .description(
        'Says what is wrong with the database, why, and what mends it. Changes nothing. With --user: why that person sees no rows.',
      )
      .option('--db <url>', 'database (or DATABASE_URL; the local stack when left out)')
      .option('--company <slug>', 'this company only, by slug or id')
      .option('--user <email>', 'this person, by e-mail address or id')
      .option('--permission <name>', 'what they miss, such as services.read')
      .option(
        '--token <jwt>',
        'access token of their request; only its claims are read',
        parseToken,
      )
      .option('--header <name: value>', 'header of their request, repeatable', parseHeader, {})
      .option('--manifest <file>', 'what is shipped (generated/manifest.json when left out)')
      .option('--json', 'print everything as JSON, also what is in order')
      .option('--sql', 'print the statements that mend what was found, to be read and run')
      .addHelpText(
        'after',
        '\nExit codes: 0 nothing to mend, 1 errors or warnings were found, 2 wrong arguments, 4 no database.',
      ),
  );
  const options = command.opts<Options>();
  if ((options.permission || options.token) && !options.user) {
    throw new UserError('--permission and --token say more about a person.', {
      fix: 'name the person with --user',
    });
  }
  const manifest = await loadManifest(options.manifest);
  const { url } = await resolveDatabase({ db: options.db });
  const configFile = join(supabaseDir, 'config.toml');
  const isLocal = LOOPBACK.has(new URL(url).hostname) && existsSync(configFile);
  const step = createReporter().step('Diagnosis');
  let asked = 0;
  const findings = await withClient(url, (client) =>
    inRolledBackTransaction(client, () =>
      examine(client, {
        manifest,
        company: options.company,
        user: options.user,
        permission: options.permission,
        ...(options.token || Object.keys(options.header).length > 0
          ? { request: { claims: options.token ?? {}, headers: options.header } }
          : {}),
        ...(isLocal ? { config: readFileSync(configFile, 'utf8') } : {}),
        onProgress: () => {
          asked += 1;
        },
      }),
    ),
  ).catch((error: unknown) => {
    step.fail();
    throw error;
  });
  step.done(`${asked} questions`);
  if (options.json) {
    console.log(JSON.stringify(findings, null, 2));
  } else if (options.sql) {
    console.log(mendScript(findings));
  } else {
    console.log(describeFindings(findings, manifest.areas, options.user !== undefined));
  }
  return isSick(findings) ? EXIT.failed : EXIT.ok;
});
