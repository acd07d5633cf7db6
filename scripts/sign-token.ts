import { Command } from 'commander';
import pc from 'picocolors';
import { parseArguments } from './lib/arguments.ts';
import { actorNames, CAST, companySlugs, isActorName, isCompanySlug } from './lib/cast.ts';
import { resolveDatabase } from './lib/database.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { LOCAL_JWT_SECRET } from './lib/keys.ts';
import { claimsFor, signClaims, type TokenRequest } from './lib/token.ts';

interface Options {
  as: string;
  company?: string;
  db?: string;
  secret?: string;
  expiresIn: string;
  json?: boolean;
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

function parseSeconds(text: string): number {
  const [, amount, unit] = /^(\d+)([smhd])?$/.exec(text) ?? [];
  const seconds = Number(amount) * SECONDS[(unit ?? 's') as keyof typeof SECONDS];
  if (!Number.isSafeInteger(seconds) || seconds <= 0) {
    throw new UserError(`"${text}" is no duration`, { fix: 'write it as 90s, 15m, 1h or 7d' });
  }
  return seconds;
}

function toRequest(options: Options): TokenRequest {
  if (!isActorName(options.as)) {
    throw new UserError(`nobody of the cast is called "${options.as}"`, {
      fix: `choose from ${actorNames.join(', ')}`,
    });
  }
  const request = { as: options.as, expiresIn: parseSeconds(options.expiresIn) };
  if (options.company === undefined) {
    return request;
  }
  if (!isCompanySlug(options.company)) {
    throw new UserError(`no company of the cast is called "${options.company}"`, {
      fix: `choose from ${companySlugs.join(', ')}`,
    });
  }
  return { ...request, company: options.company };
}

/** Prints a signed token for one of the cast. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run token --')
      .description(
        'Prints a signed token for one of the cast, its claims computed by the real access token hook.',
      )
      .requiredOption('--as <name>', `who: ${actorNames.join(', ')}`)
      .option('--company <slug>', `as after switching to this company: ${companySlugs.join(', ')}`)
      .option('--db <url>', 'database (or DATABASE_URL; the local stack when left out)')
      .option('--secret <secret>', "the project's JWT secret (or SUPABASE_JWT_SECRET)")
      .option('--expires-in <duration>', 'how long it is valid: 90s, 15m, 1h, 7d', '1h')
      .option('--json', 'print token and claims as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 printed, 1 the hook is broken, 2 wrong arguments or no database, 4 the database failed.',
      ),
  );
  const options = command.opts<Options>();
  const request = toRequest(options);
  const { url } = await resolveDatabase({ db: options.db });
  const secret = options.secret ?? process.env.SUPABASE_JWT_SECRET ?? LOCAL_JWT_SECRET;
  const claims = await claimsFor(url, request);
  const token = await signClaims(claims, secret);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ token, claims }, null, 2)}\n`);
    return EXIT.ok;
  }
  if (process.stdout.isTTY) {
    process.stderr.write(
      `${pc.bold(request.as)}, ${CAST[request.as].description}\n${JSON.stringify(claims, null, 2)}\n\n`,
    );
  }
  process.stdout.write(`${token}\n`);
  return EXIT.ok;
});
