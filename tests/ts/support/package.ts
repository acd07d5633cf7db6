import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { rootDir } from '../../../scripts/lib/paths.ts';

const PACKAGE = 'lytbub-supabase-shell';

/** Packs a folder with the real npm and returns the tarball. The package's own build runs first where it has one. */
export async function pack(folder: string, destination: string): Promise<string> {
  mkdirSync(destination, { recursive: true });
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(destination, filename);
}

/** Lays a tarball into a project as npm would, in place of another version. */
export async function unpack(tarball: string, project: string): Promise<string> {
  const installed = join(project, 'node_modules', PACKAGE);
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  await execa('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  return installed;
}

/**
 * Gives a project the packages that this one depends on at run time, and others by name, without a registry. Nothing
 * else of the repository is in reach.
 */
export async function linkDependencies(
  project: string,
  others: readonly string[] = [],
): Promise<void> {
  const modules = join(rootDir, 'node_modules');
  const { stdout } = await execa('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
    cwd: rootDir,
    reject: false,
  });
  const names = stdout
    .split('\n')
    .filter((path) => path.startsWith(modules))
    .map((path) => relative(modules, path))
    .filter((name) => !name.includes('node_modules'));
  for (const name of new Set([...names, ...others])) {
    const link = join(project, 'node_modules', name);
    if (!existsSync(link)) {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(modules, name), link);
    }
  }
}

/** Makes the package as it was some migrations ago, under another version, and packs that. */
export async function packPrevious(
  tarball: string,
  folder: string,
  options: { version: string; without: number },
): Promise<{ tarball: string; missing: string[] }> {
  const earlier = join(folder, 'earlier');
  const installed = await unpack(tarball, earlier);
  const migrations = join(installed, 'supabase/migrations');
  const missing = readdirSync(migrations).sort().slice(-options.without);
  for (const name of missing) {
    rmSync(join(migrations, name));
  }
  const file = join(installed, 'package.json');
  const { scripts: _, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Record<
    string,
    unknown
  >;
  writeFileSync(file, JSON.stringify({ ...manifest, version: options.version }, null, 2));
  return { tarball: await pack(installed, join(folder, 'earlier-packed')), missing };
}

/** The package's command as a project has it. */
export function commandOf(project: string) {
  return (...args: readonly string[]) =>
    execa('node', [join(project, 'node_modules', PACKAGE, 'bin', `${PACKAGE}.mjs`), ...args], {
      cwd: project,
      reject: false,
      env: { NODE_PATH: '', DATABASE_URL: '', NO_COLOR: '1' },
    });
}
