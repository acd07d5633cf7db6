import { type ExecaError, execa } from 'execa';
import { EXIT, UserError } from './errors.ts';
import { packageBin, workDir } from './paths.ts';

/** What a run of the Supabase CLI printed. */
interface CliResult {
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  /** The parent of the `supabase` folder; this repository's by default. */
  workdir?: string;
}

/** One finding of `supabase db advisors`. */
export interface Advice {
  name: string;
  title: string;
  level: string;
  categories: string[];
  detail: string;
  remediation: string;
  metadata: Record<string, unknown> | null;
  cache_key: string;
}

/** One migration, as `supabase migration list` shows it: an empty version where it is missing. */
export interface MigrationState {
  local: string;
  remote: string;
}

/**
 * Applies the migrations that a database does not have yet, with `supabase db push`, and returns
 * their file names. With `includeSeed` also the seed files, each once.
 */
export async function dbPush(
  url: string,
  options: CliOptions & { includeSeed?: boolean } = {},
): Promise<{ applied: string[]; seeded: string[] }> {
  const { stderr } = await run(
    'The migrations could not be applied.',
    ['db', 'push', `--remote=${url}`, '--yes', ...(options.includeSeed ? ['--include-seed'] : [])],
    url,
    options,
  );
  const all = (pattern: RegExp): string[] => [...stderr.matchAll(pattern)].map((m) => m[1] ?? '');
  return {
    applied: all(/^Applying migration (\S+?)\.\.\.$/gm),
    seeded: all(/^Seeding data from (\S+?)\.\.\.$/gm),
  };
}

/** TypeScript types of a database's schemas, unformatted, as `supabase gen types` prints them. */
export async function genTypes(
  url: string,
  schemas: readonly string[] = ['public'],
  options: CliOptions = {},
): Promise<string> {
  const { stdout } = await run(
    'The types could not be generated.',
    ['gen', 'types', `--remote=${url}`, '--schema', schemas.join(','), '--lang', 'typescript'],
    url,
    options,
  );
  return stdout.slice(Math.max(stdout.search(/^export type /m), 0));
}

/** The findings of Supabase's own linter, `supabase db advisors`, all levels by default. */
export async function advisors(
  url: string,
  options: CliOptions & { level?: 'info' | 'warn' | 'error' } = {},
): Promise<Advice[]> {
  const { stdout } = await run(
    'The advisors could not be asked.',
    ['db', 'advisors', `--remote=${url}`, '--level', options.level ?? 'info', '--fail-on', 'none'],
    url,
    options,
  );
  const begin = stdout.search(/^\[/m);
  return begin < 0 ? [] : (JSON.parse(stdout.slice(begin)) as Advice[]);
}

/** The SQL that turns one database's schema into another's; empty when they are equal. */
export async function dbDiff(from: string, to: string, options: CliOptions = {}): Promise<string> {
  const { stdout } = await run(
    'The schemas could not be compared.',
    ['db', 'diff', '--use-pg-delta', '--from', from, '--to', to],
    from,
    options,
  );
  return stdout.trim();
}

interface LintFinding {
  function: string;
  issues: { level: string; message: string; statement?: { lineNumber: string; text: string } }[];
}

/**
 * The findings of `supabase db lint` (plpgsql_check), one a line, empty when there are none. The
 * CLI works as `postgres`, so where that role may not create the extension it must exist already.
 */
export async function dbLint(
  url: string,
  options: CliOptions & { schemas?: readonly string[] } = {},
): Promise<string> {
  const { stdout } = await run(
    'The functions could not be linted.',
    [
      ...['db', 'lint', `--remote=${url}`, '--level', 'warning', '--fail-on', 'none'],
      ...['--schema', (options.schemas ?? ['public', 'private']).join(',')],
    ],
    url,
    options,
  );
  const begin = stdout.search(/^\[/m);
  const findings = begin < 0 ? [] : (JSON.parse(stdout.slice(begin)) as LintFinding[]);
  return findings
    .flatMap((finding) =>
      finding.issues.map(
        ({ level, message, statement }) =>
          `${finding.function}${statement ? ` line ${statement.lineNumber}` : ''}: ${level}: ${message}`,
      ),
    )
    .join('\n');
}

/** Which migrations exist here and in the database. */
export async function migrationList(
  url: string,
  options: CliOptions = {},
): Promise<MigrationState[]> {
  const { stdout } = await run(
    'The migrations could not be listed.',
    ['migration', 'list', `--remote=${url}`, '--output-format', 'json'],
    url,
    options,
  );
  const { migrations } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    migrations: MigrationState[];
  };
  return migrations;
}

async function run(
  failure: string,
  args: string[],
  url: string,
  options: CliOptions,
): Promise<CliResult> {
  try {
    const { stdout, stderr } = await execa(
      packageBin('supabase'),
      [...args, '--workdir', options.workdir ?? workDir],
      {
        cwd: options.workdir ?? workDir,
        stdin: 'ignore',
        timeout: 300_000,
        env: {
          SUPABASE_TELEMETRY_DISABLED: '1',
          NO_COLOR: '1',
          // A local server speaks no TLS; without this the CLI warns about it on stdout every time.
          ...(isLocal(url) ? { PGSSLMODE: 'disable' } : {}),
        },
      },
    );
    return { stdout, stderr };
  } catch (error) {
    throw explain(failure, error as ExecaError);
  }
}

function isLocal(url: string): boolean {
  try {
    return ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(new URL(url).hostname);
  } catch {
    return false;
  }
}

function explain(failure: string, error: ExecaError): UserError {
  if (error.code === 'ENOENT') {
    return new UserError('The Supabase CLI is not installed.', {
      fix: 'run `npm ci`',
      cause: error,
    });
  }
  const said = cleaned(`${error.stderr ?? ''}\n${error.stdout ?? ''}`) || error.shortMessage;
  return new UserError(failure, {
    details: said,
    fix: fixFor(said),
    exitCode: EXIT.tool,
    cause: error,
  });
}

/** The CLI's own message without its progress, its advice to pass --debug and any password. */
function cleaned(text: string): string {
  return text
    .split('\n')
    .filter(
      (line) =>
        !/^\s*$|^[│▲◇]|^(Target|Confirmed by|Connecting to|Applying migration|Seeding data|Finished) ?/.test(
          line,
        ),
    )
    .filter(
      (line) =>
        !/^Try rerunning the command with --debug|^Make sure your local IP|supabase\.com\/dashboard/.test(
          line,
        ),
    )
    .join('\n')
    .replace(/(postgres(?:ql)?:\/\/[^:@/\s]+:)[^@\s]+@/g, '$1***@');
}

function fixFor(said: string): string {
  if (/dial error|ECONNREFUSED|failed to connect|no such host|timeout/i.test(said)) {
    return 'check that the database is running and that the URL is right';
  }
  if (/password authentication failed/i.test(said)) {
    return 'check the user and the password in the URL (special characters must be percent-encoded)';
  }
  if (/Remote migration versions not found/i.test(said)) {
    return 'the database has migrations that this folder has not: use the matching version of the repository, or a fresh database';
  }
  if (/plpgsql_check/.test(said)) {
    return 'install plpgsql_check for this PostgreSQL (Debian: postgresql-15-plpgsql-check)';
  }
  return 'mend the statement above and run the command again; each migration file is applied wholly or not at all';
}
