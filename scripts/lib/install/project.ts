import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import { type Lock, readLock } from './lock.ts';
import { versionOf } from './versions.ts';

/** A project to install into. */
export interface Project {
  root: string;
  /** Who applies the migrations. */
  tool: 'supabase' | 'dbmate';
  /** Folder of the migrations, from the root. */
  migrations: string;
  /** The Supabase folder, from the root; undefined for a project without one. */
  supabase: string | undefined;
  /** The lock file, from the root. */
  lockFile: string;
  lock: Lock | undefined;
}

/** The lock file's name; it stands beside the folder of the migrations. */
export const LOCK_FILE = 'lytbub.lock.json';

/** Finds out how a project is laid out. */
export function openProject(options: { project?: string; migrations?: string } = {}): Project {
  const root = resolve(options.project ?? '.');
  const has = (path: string): boolean => existsSync(join(root, path));
  if (!has('.') || !statSync(root).isDirectory()) {
    throw new UserError(`there is no folder ${root}`, { fix: 'name it with --project <folder>' });
  }
  const supabase = has('supabase/config.toml') ? 'supabase' : undefined;
  const migrations =
    options.migrations?.replaceAll('\\', '/').replace(/\/+$/, '') ??
    (supabase ? 'supabase/migrations' : has('db/migrations') ? 'db/migrations' : undefined);
  if (migrations === undefined) {
    throw new UserError(`${root} is no project of the Supabase CLI or of dbmate`, {
      fix: 'run `supabase init` there first, or name the folder of the migrations with --migrations <folder>',
    });
  }
  const folder = relative(root, resolve(root, migrations));
  if (folder === '' || folder.startsWith('..')) {
    throw new UserError(`--migrations ${migrations} is not a folder below the project`, {
      fix: 'name it from the project on, such as db/migrations',
    });
  }
  const tool = supabase && folder === join('supabase', 'migrations') ? 'supabase' : 'dbmate';
  const parent = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '.';
  const lockFile = join(parent, LOCK_FILE);
  const lock = readLock(join(root, lockFile));
  return { root, tool, migrations: folder, supabase, lockFile, lock };
}

/** The text of a file of the project; undefined where there is none. */
export function projectFile(project: Project, path: string): string | undefined {
  const file = join(project.root, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** The project's migrations, in their order, those of the package among them. */
export function migrationsOf(project: Project): { name: string; path: string; text: string }[] {
  const folder = join(project.root, project.migrations);
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .filter((name) => versionOf(name) !== undefined)
    .sort()
    .map((name) => ({
      name,
      path: `${project.migrations}/${name}`,
      text: readFileSync(join(folder, name), 'utf8'),
    }));
}
