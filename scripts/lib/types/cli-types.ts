import { type ExecaError, execa } from 'execa';
import { EXIT, messageOf, UserError } from '../errors.ts';

/** The Supabase CLI that a project has, in its node_modules or on the PATH. */
async function cli(root: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa('supabase', args, {
    preferLocal: true,
    localDir: root,
    cwd: root,
    stdin: 'ignore',
    timeout: 300_000,
    env: { SUPABASE_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
  });
  return String(stdout);
}

/** Major version of the project's Supabase CLI; undefined where there is none. */
export async function cliMajor(root: string): Promise<number | undefined> {
  const said = await cli(root, ['--version']).catch(() => '');
  const major = /(\d+)\.\d+\.\d+/.exec(said)?.[1];
  return major === undefined ? undefined : Number(major);
}

/** The flag that names a database by its URL: CLI 3 has another than CLI 2. */
export function urlFlag(major: number): string {
  return major < 3 ? '--db-url' : '--remote';
}

/** Types of the schema `public` of a database, by the project's own Supabase CLI, whichever version that is. */
export async function generateByCli(root: string, url: string): Promise<string> {
  const major = await cliMajor(root);
  if (major === undefined) {
    throw new UserError('the Supabase CLI is not installed', {
      fix: 'npm install --save-dev supabase',
      exitCode: EXIT.tool,
    });
  }
  try {
    const said = await cli(root, [
      ...['gen', 'types', `${urlFlag(major)}=${url}`],
      ...(major < 3 ? [] : ['--lang', 'typescript']),
      ...['--schema', 'public'],
    ]);
    const begin = said.search(/^export type /m);
    if (begin < 0) {
      throw new Error('it printed no types');
    }
    return said.slice(begin);
  } catch (error) {
    const details = `${(error as ExecaError).stderr ?? messageOf(error)}`;
    throw new UserError('the Supabase CLI generated no types', {
      details: details.replaceAll(url, 'the database'),
      fix:
        major < 3
          ? 'CLI 2 needs Docker for this: start it, or install CLI 3'
          : 'check that the URL is right and that the database runs',
      exitCode: EXIT.tool,
      cause: error,
    });
  }
}
