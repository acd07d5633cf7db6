import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { rootDir } from '../paths.ts';

/** Files below a folder of the repository whose name fits, as paths from the root with `/`, sorted. */
export async function listFiles(folder: string, pattern: RegExp): Promise<string[]> {
  const dir = join(rootDir, folder);
  if (!existsSync(dir)) {
    return [];
  }
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(rootDir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort();
}
