import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import pc from 'picocolors';
import { withClient } from './lib/client.ts';
import { checkedUrl } from './lib/database.ts';
import { main, printError, UserError } from './lib/errors.ts';
import { LOCK_FILE } from './lib/install/project.ts';
import { createReporter, type Reporter } from './lib/output.ts';
import { rootDir, stateDir } from './lib/paths.ts';
import { runningStack } from './lib/stack-state.ts';
import { parseConfig, readConfig, type VerifyConfig } from './lib/verify/config.ts';
import { verify } from './lib/verify/index.ts';
import { compareCertificates } from './lib/verify/report/compare.ts';
import { renderDifferences } from './lib/verify/report/differences.ts';
import { toHtml } from './lib/verify/report/html.ts';
import { fromJson, toJson } from './lib/verify/report/json.ts';
import { toJunit } from './lib/verify/report/junit.ts';
import { locateObjects } from './lib/verify/report/locate.ts';
import { toSarif } from './lib/verify/report/sarif.ts';
import { renderCertificate } from './lib/verify/report/terminal.ts';
import type { Certificate } from './lib/verify/types.ts';
import { withWorkbench } from './lib/workbench.ts';

/** Exit codes of this command; CI tells a leak from a gap in the proof. */
const RESULT = { proven: 0, leak: 1, unproven: 2, couldNotRun: 3 } as const;

const CONFIG_FILE = 'verify.config.json';

interface Options {
  db?: string;
  config?: string;
  tenantColumn?: string;
  schema?: string[];
  only?: string[];
  json?: string;
  sarif?: string;
  junit?: string;
  html?: string;
  compare?: string;
  migrations: string;
  verbose?: boolean;
  keep?: boolean;
  keepIn?: string;
}

/** The package's own configuration is that of a project which has the package installed and no other. */
function packageConfig(): string | undefined {
  const isInstalled = [`supabase/${LOCK_FILE}`, `db/${LOCK_FILE}`].some((file) => existsSync(file));
  return isInstalled ? join(rootDir, CONFIG_FILE) : undefined;
}

function configuration(options: Options): VerifyConfig {
  const file =
    options.config ??
    (options.tenantColumn ? undefined : existsSync(CONFIG_FILE) ? CONFIG_FILE : packageConfig());
  const config = file ? readConfig(file) : parseConfig({}, 'the default');
  return {
    ...config,
    ...(options.tenantColumn ? { tenantColumn: options.tenantColumn } : {}),
    ...(options.schema ? { schemas: options.schema } : {}),
  };
}

const LOOPBACK = new Set(['', 'localhost', '127.0.0.1', '[::1]', '::1']);

/** A host can stand in the parameters, too: `postgresql:///name?host=db.example.com`; a folder there is a socket. */
function isLocal(url: string): boolean {
  const { hostname, searchParams } = new URL(url);
  const hosts = [hostname, ...searchParams.getAll('host'), ...searchParams.getAll('hostaddr')];
  return hosts.every((host) => LOOPBACK.has(host) || host.startsWith('/'));
}

/** Runs on the named database, the local stack, or a throw-away one with this repository's migrations. */
async function withDatabase<T>(
  options: Options,
  reporter: Reporter,
  run: (url: string) => Promise<T>,
): Promise<T> {
  const named = options.db ?? (process.env.DATABASE_URL || undefined);
  if (named !== undefined) {
    return run(checkedUrl(named, options.db ? '--db' : 'DATABASE_URL'));
  }
  const stack = runningStack(stateDir);
  if (stack?.dbUrl) {
    reporter.note('database: the local stack');
    return run(stack.dbUrl);
  }
  return withWorkbench({ reporter }, async (bench) => run(await bench.migratedUrl()));
}

/** The synthetic companies stay only where that was asked for, and twice if the server may be somebody's. */
function checkKeep(options: Options, url: string): void {
  if (!options.keep || isLocal(url)) {
    return;
  }
  const database = new URL(url).pathname.slice(1);
  if (options.keepIn !== database) {
    throw new UserError('--keep would leave synthetic companies in a database on another host', {
      fix: `if ${database} is a throw-away database, say so a second time: --keep-in ${database}`,
    });
  }
}

async function keep(url: string, certificate: Certificate): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('begin');
    await client.query(certificate.setup);
    await client.query('commit');
  });
}

function write(file: string | undefined, text: () => string, reporter: Reporter): void {
  if (file !== undefined) {
    writeFileSync(file, text());
    reporter.note(`written: ${file}`);
  }
}

/** Proves isolation and says what came of it. */
async function prove(options: Options): Promise<number> {
  const reporter = createReporter();
  const config = configuration(options);
  return withDatabase(options, reporter, async (url) => {
    checkKeep(options, url);
    const certificate = await verify({
      url,
      config,
      reporter,
      local: isLocal(url),
      ...(options.only ? { only: options.only } : {}),
    });
    if (options.keep) {
      await keep(url, certificate);
      reporter.note('companies A and B stay in the database');
    }
    write(options.json === '-' ? undefined : options.json, () => toJson(certificate), reporter);
    write(
      options.sarif,
      () => toSarif(certificate, { locate: locateObjects(options.migrations) }),
      reporter,
    );
    write(options.junit, () => toJunit(certificate), reporter);
    write(options.html, () => toHtml(certificate), reporter);
    process.stdout.write(
      options.json === '-'
        ? toJson(certificate)
        : renderCertificate(certificate, {
            color: pc.isColorSupported,
            verbose: options.verbose ?? false,
            ...(process.stdout.columns ? { width: process.stdout.columns } : {}),
          }),
    );
    if (options.compare) {
      const differences = compareCertificates(readCertificate(options.compare), certificate);
      // Standard output is one JSON document if that is what it was asked to be.
      const stream = options.json === '-' ? process.stderr : process.stdout;
      stream.write(renderDifferences(differences));
    }
    return RESULT[certificate.summary.result];
  });
}

function readCertificate(file: string): Certificate {
  if (!existsSync(file)) {
    throw new UserError(`there is no certificate ${file}`, { fix: 'make one with --json <file>' });
  }
  return fromJson(readFileSync(file, 'utf8'), file);
}

await main(import.meta.url, async () => {
  const list = (value: string, before: string[] = []): string[] => [...before, value];
  const command = new Command(process.env.LYTBUB_COMMAND ?? 'npm run verify --')
    .description(
      'Proves that no company can see or touch another’s data: tries everything, as everybody, in a transaction that is rolled back.',
    )
    .option(
      '--db <url>',
      'database to prove (default: DATABASE_URL, the local stack, or a throw-away database with the migrations)',
    )
    .option(
      '--config <file>',
      `configuration (default: ${CONFIG_FILE} if it is there, else the package's own where the package is installed)`,
    )
    .option('--tenant-column <name>', 'column that names the company')
    .option('--schema <name>', 'only this schema; may be repeated', list)
    .option('--only <text>', 'only objects whose name contains this; may be repeated', list)
    .option('--json <file>', 'write the certificate as JSON (- for standard output)')
    .option('--sarif <file>', 'write the findings as SARIF 2.1.0')
    .option('--junit <file>', 'write the cells as JUnit XML')
    .option('--html <file>', 'write a page to look at')
    .option('--compare <file>', 'say what changed since this certificate')
    .option('--migrations <folder>', 'where SARIF looks for the objects', 'supabase/migrations')
    .option('--verbose', 'show every cell, and the whole evidence')
    .option(
      '--keep',
      'leave the synthetic companies in the database, to try the findings with psql',
    )
    .option('--keep-in <database>', 'say --keep a second time, for a database on another host')
    .addHelpText(
      'after',
      '\nExit codes: 0 proven; 1 a leak; 2 unproven or not covered; 3 it could not run.',
    );
  command.exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : RESULT.couldNotRun);
  });
  command.parse();
  try {
    return await prove(command.opts<Options>());
  } catch (error) {
    printError(error);
    return RESULT.couldNotRun;
  }
});
