import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const rootDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The folder that the Supabase CLI calls its workdir: the parent of `supabase/`. */
export const workDir = rootDir;

/** Everything that a running local stack writes (git-ignored). */
export const stateDir = join(rootDir, '.lytbub');

/** The Supabase project folder. */
export const supabaseDir = join(rootDir, 'supabase');

/** Seed data, never applied by a plain `supabase db push`. */
export const seedFile = join(supabaseDir, 'seed.sql');

/** Edge functions. */
export const functionsDir = join(supabaseDir, 'functions');

/** A package's folder under `node_modules`, or undefined when it is not installed. */
export function packageDir(name: string): string | undefined {
  const dir = join(rootDir, 'node_modules', name);
  return existsSync(dir) ? dir : undefined;
}

/** A command that an installed package provides. */
export function packageBin(name: string): string {
  return join(rootDir, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);
}
