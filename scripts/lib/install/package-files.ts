import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../paths.ts';

/** The package's name, as it is installed and as lock files say it. */
export const PACKAGE = 'lytbub-supabase-shell';

/** A file that the package ships. */
export interface PackageFile {
  /** Name in the package: of a migration its base name, of an edge function's file its path under functions/. */
  source: string;
  text: string;
  sha256: string;
}

/** What a package brings into a project. */
export interface PackageContents {
  version: string;
  /** In the order in which they apply. */
  migrations: PackageFile[];
  /** Files of edge functions, shared ones included, tests not. */
  functions: PackageFile[];
  /** Names of the edge functions. */
  functionNames: string[];
  /** The package's own supabase/config.toml, where the settings to merge stand. */
  config: string;
}

/** Hash of a text. Line ends do not count: git may have changed them. */
export function sha256(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}

function fileOf(folder: string, source: string): PackageFile {
  const text = readFileSync(join(folder, source), 'utf8');
  return { source, text, sha256: sha256(text) };
}

/** Reads what a package folder ships; this package's own by default. */
export function readPackage(folder: string = rootDir): PackageContents {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const migrations = join(folder, 'supabase/migrations');
  const functions = join(folder, 'supabase/functions');
  const files = readdirSync(functions, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\/.*(?<!_test)\.ts$/.test(`/${entry.name}`))
    .map((entry) => join(entry.parentPath, entry.name).slice(functions.length + 1))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
  return {
    version,
    migrations: readdirSync(migrations)
      .filter((name) => /^\d{14}_.*\.sql$/.test(name))
      .sort()
      .map((name) => fileOf(migrations, name)),
    functions: files.map((name) => fileOf(functions, name)),
    functionNames: [...new Set(files.map((name) => name.split('/')[0] ?? ''))].filter(
      (name) => !name.startsWith('_'),
    ),
    config: readFileSync(join(folder, 'supabase/config.toml'), 'utf8'),
  };
}
