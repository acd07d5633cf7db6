import { UserError } from '../errors.ts';

/** The number in front of a migration's name; undefined for a file that no tool would run. */
export function versionOf(name: string): string | undefined {
  return /^(\d+)[^/]*\.sql$/.exec(name)?.[1];
}

/** The latest of some versions, as the tools order them: by their text. */
export function latest(versions: readonly string[]): string | undefined {
  return [...versions].sort().at(-1);
}

function timeOf(version: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(version)?.map(Number) ?? [];
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function versionAt(time: number): string {
  return new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/**
 * Names for migrations in a project. They keep those of the package where all of these come after what the project
 * has; otherwise they follow its latest by a second each, in their order.
 *
 * @param latestVersion of the project's own files and of the database, where one was asked
 */
export function placeMigrations(
  sources: readonly string[],
  latestVersion: string | undefined,
): Map<string, string> {
  const first = versionOf([...sources].sort()[0] ?? '') ?? '';
  if (latestVersion === undefined || latestVersion < first) {
    return new Map(sources.map((source) => [source, source]));
  }
  if (!/^\d{14}$/.test(latestVersion)) {
    throw new UserError(
      `migration ${latestVersion} comes after every time of the form YYYYMMDDHHMMSS`,
      { fix: 'give the migrations of the project such names first; nothing would apply after it' },
    );
  }
  // A name need not be a real date: 20250132 is counted on as the first of February, which comes after it, too.
  const time = timeOf(latestVersion) + 1000;
  if (Number.isNaN(time) || versionAt(time + sources.length * 1000) <= latestVersion) {
    throw new UserError(`no time comes after migration ${latestVersion}`, {
      fix: 'give it a name of the form YYYYMMDDHHMMSS that is a time',
    });
  }
  return new Map(
    [...sources]
      .sort()
      .map((source, index) => [source, source.replace(/^\d+/, versionAt(time + index * 1000))]),
  );
}
