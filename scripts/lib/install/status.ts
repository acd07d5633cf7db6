import { withClient } from '../client.ts';
import { findEditedMigrations } from '../edited-migrations.ts';
import { UserError } from '../errors.ts';
import { appliedVersions } from './history.ts';
import { PACKAGE, type PackageContents, sha256 } from './package-files.ts';
import { compareVersions, onDisk } from './plan.ts';
import { type Project, projectFile } from './project.ts';
import { versionOf } from './versions.ts';

/** How a project stands. */
export interface Status {
  /** Version of the package that the project has, and the one that says this. */
  installed: string;
  package: string;
  tool: Project['tool'];
  migrations: number;
  /** Files of ours that are not as they were installed. */
  changed: string[];
  missing: string[];
  /** Migrations that this version of the package has beyond the project. */
  available: string[];
  /** Asked of a database; undefined without one. */
  database?: {
    applied: number;
    /** Installed, but not applied there. */
    pending: string[];
    /** Applied there with another text than the file has. */
    applied_otherwise: string[];
  };
  /** True if there is nothing to do. */
  is_current: boolean;
}

/** Compares a project with its lock file, with this version of the package, and with a database. */
export async function readStatus(
  project: Project,
  contents: PackageContents,
  db?: string,
): Promise<Status> {
  const lock = project.lock;
  if (lock === undefined) {
    throw new UserError(`${project.lockFile} is missing: the package is not installed here`, {
      fix: `run \`${PACKAGE} init\``,
    });
  }
  const changed: string[] = [];
  const missing: string[] = [];
  for (const { installed, sha256: expected } of [...lock.migrations, ...lock.functions]) {
    const text = projectFile(project, installed);
    if (text === undefined) {
      missing.push(installed);
    } else if (sha256(text) !== expected) {
      changed.push(installed);
    }
  }
  const known = new Set(lock.migrations.map(({ source }) => source));
  const available = contents.migrations
    .map(({ source }) => source)
    .filter((source) => !known.has(source));
  const status: Status = {
    installed: lock.version,
    package: contents.version,
    tool: project.tool,
    migrations: lock.migrations.length,
    changed,
    missing,
    available,
    is_current: false,
  };
  if (db !== undefined) {
    const versions = await withClient(db, appliedVersions);
    const names = lock.migrations.map(({ installed }) => installed);
    const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
    const pending = names.filter((path) => !versions.has(versionOf(nameOf(path)) ?? ''));
    const edited = new Set(await findEditedMigrations(db, onDisk(project, project.migrations)));
    status.database = {
      applied: names.length - pending.length,
      pending,
      applied_otherwise: names.filter((path) => edited.has(nameOf(path))),
    };
  }
  status.is_current =
    changed.length + missing.length + available.length === 0 &&
    compareVersions(lock.version, contents.version) >= 0 &&
    (status.database === undefined ||
      status.database.pending.length + status.database.applied_otherwise.length === 0);
  return status;
}
