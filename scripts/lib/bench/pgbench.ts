import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { EXIT, UserError } from '../errors.ts';
import type { Rate } from './types.ts';

/** PostgreSQL's own load generator: where it is installed, newest first. */
export function findPgbench(): string {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged)
    ? readdirSync(packaged).sort((one, other) => Number(other) - Number(one))
    : [];
  const folders = [
    ...versions.map((version) => join(packaged, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const found = folders.map((folder) => join(folder, 'pgbench')).find((file) => existsSync(file));
  if (found === undefined) {
    throw new UserError('pgbench is not installed.', {
      fix: 'install it (Debian: apt-get install postgresql-15) or put it on the PATH',
      exitCode: EXIT.tool,
    });
  }
  return found;
}

export interface Load {
  readonly url: string;
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
  /** Of the session; the role is service_role unless told. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Seconds after which a statement is given up. */
  readonly patience?: number;
}

/** Repeats a script in prepared mode; passes a second, the time of connecting left out. */
export async function pgbench(program: string, load: Load): Promise<Rate> {
  const dir = mkdtempSync(join(tmpdir(), 'lytbub-bench-'));
  const file = join(dir, 'script.sql');
  writeFileSync(file, load.script);
  try {
    const { stdout, stderr, exitCode } = await execa(
      program,
      [
        '--no-vacuum',
        '--protocol=prepared',
        `--client=${load.clients}`,
        `--jobs=${Math.min(load.clients, 2)}`,
        `--time=${load.seconds}`,
        `--file=${file}`,
        load.url,
      ],
      { env: { PGOPTIONS: sessionOptions(load) }, reject: false },
    );
    if (load.patience !== undefined && stderr.includes('statement timeout')) {
      return { perSecond: 1 / load.patience, isAtMost: true };
    }
    const rate = /tps = ([\d.]+) \(without initial connection time\)/.exec(stdout)?.[1];
    if (exitCode !== 0 || rate === undefined) {
      throw new UserError('pgbench failed.', { details: stderr || stdout, exitCode: EXIT.tool });
    }
    const passes = /actually processed: (\d+)/.exec(stdout)?.[1];
    return { perSecond: Number(rate), passes: Number(passes) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function sessionOptions({ settings, patience }: Load): string {
  const all = {
    role: 'service_role',
    ...(patience === undefined ? {} : { statement_timeout: `${patience}s` }),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
    .join(' ');
}
