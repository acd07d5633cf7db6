import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_NAME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})_[a-z0-9_]+\.sql$/;

/** Says what is wrong with a migration's file name, or nothing. */
export function checkMigrationName(name: string): string | undefined {
  const match = FILE_NAME.exec(name);
  if (!match) {
    return `${name}: the name is not YYYYMMDDHHMMSS_name.sql`;
  }
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second));
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return digits === name.slice(0, 14)
    ? undefined
    : `${name}: ${name.slice(0, 14)} is no date and time`;
}

/** Says what is wrong with a migration's frame, which dbmate insists on, or nothing. */
export function checkMigrationFrame(name: string, sql: string): string | undefined {
  const lines = sql.trimEnd().split('\n');
  if (lines[0] !== '-- migrate:up') {
    return `${name}: the first line is not "-- migrate:up"`;
  }
  if (lines.at(-1) !== '-- migrate:down') {
    return `${name}: the last line is not "-- migrate:down"`;
  }
  if (lines.filter((line) => line.startsWith('-- migrate:')).length > 2) {
    return `${name}: "-- migrate:" stands on more than two lines`;
  }
  return undefined;
}

/** Checks every migration's name and frame, and that no two share a version. */
export async function checkMigrationFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const problems: string[] = [];
  const versions = new Map<string, string>();
  for (const name of names) {
    const sql = await readFile(join(folder, name), 'utf8');
    const version = name.slice(0, 14);
    const twin = versions.get(version);
    versions.set(version, name);
    for (const problem of [
      checkMigrationName(name),
      checkMigrationFrame(name, sql),
      twin && `${name}: ${twin} has the same version`,
    ]) {
      if (problem) {
        problems.push(problem);
      }
    }
  }
  return names.length === 0 ? ['there are no migrations'] : problems;
}
