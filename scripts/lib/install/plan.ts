import { join } from 'node:path';
import { withClient } from '../client.ts';
import { UserError } from '../errors.ts';
import { cliMajor, urlFlag } from '../types/cli-types.ts';
import {
  type Acceptable,
  type Collision,
  claimsOf,
  collisionsWithDatabase,
  collisionsWithFiles,
  hookCollision,
  TOKEN_HOOK,
} from './collisions.ts';
import { mergeConfig, parseToml, type Setting, valueAt } from './config-toml.ts';
import { appliedVersions } from './history.ts';
import { type Lock, writtenLock } from './lock.ts';
import { objectsOf } from './objects.ts';
import { PACKAGE, type PackageContents, type PackageFile, sha256 } from './package-files.ts';
import { migrationsOf, type Project, projectFile } from './project.ts';
import { latest, placeMigrations, versionOf } from './versions.ts';

/** How to install. */
export interface InstallOptions {
  /** Database to look at, beside the project's own files. */
  db?: string;
  /** Copies the edge functions, too. */
  functions?: boolean;
  /** Leaves config.toml alone and says what belongs into it. */
  skipConfig?: boolean;
  accept?: readonly Acceptable[];
}

/** A file to write. */
export interface Write {
  /** From the project's root. */
  path: string;
  text: string;
  /** create: there is none; replace: it is ours and unchanged, or only added to. */
  how: 'create' | 'replace';
}

/** What would be done; nothing has been done yet. */
export interface Plan {
  command: 'init' | 'upgrade';
  from: string | undefined;
  to: string;
  tool: Project['tool'];
  writes: Write[];
  /** Migrations that the project did not have, by the name that they get. */
  newMigrations: string[];
  /** Reasons not to do anything of it. */
  collisions: Collision[];
  /** Collisions that were accepted. */
  accepted: Collision[];
  /** What somebody has to do by hand; the rest is done all the same. */
  todo: string[];
  /** What to know. */
  notes: string[];
  next: string[];
}

/** Oldest PostgreSQL that the migrations apply to. */
const OLDEST_MAJOR = 15;

const HOOK_SETTING: Setting = {
  path: ['auth', 'hook', 'custom_access_token'],
  values: { enabled: true, uri: `pg-functions://postgres/${TOKEN_HOOK.replace('.', '/')}` },
  reason: `${PACKAGE}: puts company, role and permissions into the token; operators need it.`,
};

function functionSettings(contents: PackageContents): Setting[] {
  const own = parseToml(contents.config, 'the package’s config.toml');
  return contents.functionNames.map((name) => {
    const verify = valueAt(own, ['functions', name, 'verify_jwt']);
    return {
      path: ['functions', name],
      values: {
        enabled: true,
        verify_jwt: verify !== false,
        entrypoint: `./functions/${name}/index.ts`,
      },
      reason: `${PACKAGE}: edge function ${name}.`,
    };
  });
}

/** Plans `init`: everything that the project does not have yet. Also what to complete after it was interrupted. */
export async function planInit(
  project: Project,
  contents: PackageContents,
  options: InstallOptions = {},
): Promise<Plan> {
  const from = project.lock?.version;
  if (from !== undefined && from !== contents.version) {
    throw new UserError(
      `the project has version ${from} of the package, this is ${contents.version}`,
      {
        fix: `run \`${PACKAGE} upgrade\``,
      },
    );
  }
  return plan('init', project, contents, options);
}

/** Plans `upgrade`: migrations that are new, and edge functions that nobody changed here. */
export async function planUpgrade(
  project: Project,
  contents: PackageContents,
  options: InstallOptions = {},
): Promise<Plan> {
  const lock = project.lock;
  if (lock === undefined) {
    throw new UserError(`${project.lockFile} is missing: the package is not installed here`, {
      fix: `run \`${PACKAGE} init\``,
    });
  }
  if (compareVersions(lock.version, contents.version) > 0) {
    throw new UserError(
      `the project has version ${lock.version} of the package, this is the older ${contents.version}`,
      {
        fix: `install the newer package (npm install ${PACKAGE}@${lock.version}); there is no way back`,
      },
    );
  }
  return plan('upgrade', project, contents, options);
}

async function plan(
  command: Plan['command'],
  project: Project,
  contents: PackageContents,
  options: InstallOptions,
): Promise<Plan> {
  const lock = project.lock;
  const result: Plan = {
    command,
    from: lock?.version,
    to: contents.version,
    tool: project.tool,
    writes: [],
    newMigrations: [],
    collisions: [],
    accepted: [],
    todo: [],
    notes: [],
    next: [],
  };
  const present = migrationsOf(project);
  const known = lock?.migrations ?? [];
  const migrations = [...known];

  // What the lock file names is ours, whatever became of it.
  for (const entry of known) {
    const shipped = contents.migrations.find(({ source }) => source === entry.source);
    const text = projectFile(project, entry.installed);
    if (text === undefined) {
      if (shipped?.sha256 === entry.sha256) {
        result.writes.push({ path: entry.installed, text: shipped.text, how: 'create' });
        result.notes.push(`${entry.installed} was missing and is written again`);
      } else {
        result.todo.push(
          `${entry.installed} is missing, and this version of the package has another text: restore it from version control`,
        );
      }
    } else if (sha256(text) !== entry.sha256) {
      result.todo.push(
        `${entry.installed} was changed here and is left alone: undo that (it may have been applied as it was) and put your change into a migration of your own`,
      );
    }
    if (shipped !== undefined && shipped.sha256 !== entry.sha256) {
      result.collisions.push({
        object: `migration ${entry.source}`,
        where: entry.installed,
        why: `version ${contents.version} of the package has another text of it than ${entry.since}, which is installed; what is new may count on that text`,
        fix: 'report it: migrations of a released version never change; until then stay with the version that you have',
      });
    }
    if (shipped === undefined) {
      result.notes.push(`${entry.installed} is no longer part of the package and stays`);
    }
  }

  // Migrations that somebody has copied by hand are ours, too, if they are as we ship them.
  const isKnown = new Set(known.map(({ source }) => source));
  const wanted: PackageFile[] = [];
  for (const file of contents.migrations.filter(({ source }) => !isKnown.has(source))) {
    const copy = present.find(
      ({ path, text }) =>
        sha256(text) === file.sha256 && !migrations.some(({ installed }) => installed === path),
    );
    if (copy) {
      migrations.push(entryOf(file, copy.path, contents.version));
      result.notes.push(`${copy.path} is ${file.source} already`);
    } else {
      wanted.push(file);
    }
  }

  const database = await readDatabase(options.db);
  if (database !== undefined && database.major < OLDEST_MAJOR) {
    throw new UserError(`the database is PostgreSQL ${database.major}`, {
      fix: `upgrade it to ${OLDEST_MAJOR} or newer first`,
    });
  }
  const newest = latest([
    ...present.map(({ name }) => versionOf(name) ?? ''),
    ...(database?.versions ?? []),
  ]);
  const places = placeMigrations(
    wanted.map(({ source }) => source),
    wanted.length === 0 ? undefined : newest,
  );
  for (const file of wanted) {
    const name = places.get(file.source) ?? file.source;
    const path = `${project.migrations}/${name}`;
    result.writes.push({ path, text: file.text, how: 'create' });
    result.newMigrations.push(path);
    migrations.push(entryOf(file, path, contents.version));
  }

  await findCollisions(project, contents, options, result, {
    wanted,
    ours: new Set(migrations.map(({ installed }) => installed)),
    present,
  });
  const functions = planFunctions(project, contents, options, result);
  planConfig(project, contents, options, result, functions.length > 0);

  const accepted = [...new Set([...(lock?.accepted ?? []), ...(options.accept ?? [])])].sort();
  const text = writtenLock({
    lockfileVersion: 1,
    package: PACKAGE,
    version: contents.version,
    migrations: migrations.sort((a, b) => (a.installed < b.installed ? -1 : 1)),
    functions,
    accepted,
  } satisfies Lock);
  const before = projectFile(project, project.lockFile);
  if (before !== text) {
    // First of all: what it names can be completed if the rest is interrupted.
    result.writes.unshift({
      path: project.lockFile,
      text,
      how: before === undefined ? 'create' : 'replace',
    });
  }
  result.next = await nextSteps(project, result);
  return result;
}

function entryOf(file: PackageFile, installed: string, since: string): Lock['migrations'][number] {
  return { source: file.source, installed, sha256: file.sha256, since };
}

async function readDatabase(
  db: string | undefined,
): Promise<{ versions: string[]; major: number } | undefined> {
  if (db === undefined) {
    return undefined;
  }
  return withClient(db, async (client) => {
    const { rows } = await client.query<{ major: number }>(
      `select current_setting('server_version_num')::integer / 10000 as major`,
    );
    return { versions: [...(await appliedVersions(client))], major: rows[0]?.major ?? 0 };
  });
}

async function findCollisions(
  project: Project,
  contents: PackageContents,
  options: InstallOptions,
  result: Plan,
  files: {
    wanted: readonly PackageFile[];
    ours: ReadonlySet<string>;
    present: readonly { path: string; text: string }[];
  },
): Promise<void> {
  if (files.wanted.length === 0) {
    return;
  }
  const isWanted = new Set(files.wanted.map(({ source }) => source));
  const named = (list: readonly PackageFile[]) =>
    list.map(({ source, text }) => ({ name: source, text }));
  const { objects: own } = await objectsOf(
    named(contents.migrations.filter(({ source }) => !isWanted.has(source))),
  );
  const installed = new Set(own.keys());
  await objectsOf(named(files.wanted), own);
  const claims = new Set([...claimsOf(own)].filter((key) => !installed.has(key)));
  const theirs = await objectsOf(
    files.present
      .filter(({ path }) => !files.ours.has(path))
      .map(({ path, text }) => ({ name: path, text })),
  );
  for (const place of theirs.unread) {
    result.notes.push(
      `${place} is not SQL that the parser of PostgreSQL reads: what it creates is seen with --db only`,
    );
  }
  const found = collisionsWithFiles(claims, theirs.objects);
  if (options.db === undefined) {
    result.notes.push(
      'only the migrations of the project were looked at; --db <url> looks at the database, too',
    );
  } else {
    const inDatabase = await withClient(options.db, (client) =>
      collisionsWithDatabase(client, claims, installed),
    );
    const seen = new Set(found.map(({ object }) => object));
    found.push(...inDatabase.filter(({ object }) => !seen.has(object)));
  }
  sortOut(project, options, result, found);
}

/** Tells what is refused from what was accepted, now or before. */
function sortOut(
  project: Project,
  options: InstallOptions,
  result: Plan,
  found: readonly Collision[],
): void {
  const accepted = new Set<string>([...(project.lock?.accepted ?? []), ...(options.accept ?? [])]);
  for (const collision of found) {
    const isAccepted = collision.accept !== undefined && accepted.has(collision.accept);
    (isAccepted ? result.accepted : result.collisions).push(collision);
  }
}

/** Edge functions are optional: those that the lock file names, and with --functions all. */
function planFunctions(
  project: Project,
  contents: PackageContents,
  options: InstallOptions,
  result: Plan,
): Lock['functions'] {
  const known = project.lock?.functions ?? [];
  if (known.length === 0 && !options.functions) {
    return [];
  }
  const folder = `${project.supabase ?? 'supabase'}/functions`;
  const entries: Lock['functions'] = [];
  for (const file of contents.functions) {
    const before = known.find(({ source }) => source === file.source);
    const path = before?.installed ?? `${folder}/${file.source}`;
    const text = projectFile(project, path);
    const entry = { source: file.source, installed: path, sha256: file.sha256 };
    if (text === undefined) {
      result.writes.push({ path, text: file.text, how: 'create' });
      entries.push(entry);
    } else if (sha256(text) === file.sha256) {
      entries.push(entry);
    } else if (before !== undefined && sha256(text) === before.sha256) {
      result.writes.push({ path, text: file.text, how: 'replace' });
      entries.push(entry);
    } else if (before !== undefined) {
      result.todo.push(
        `${path} was changed here and is left alone: compare it with node_modules/${PACKAGE}/supabase/functions/${file.source}`,
      );
      entries.push(before);
    } else {
      result.collisions.push({
        object: `file ${path}`,
        where: path,
        why: 'the project has an edge function of that name',
        fix: 'rename yours, or leave --functions out',
      });
    }
  }
  for (const entry of known.filter(
    ({ source }) => !contents.functions.some((f) => f.source === source),
  )) {
    result.notes.push(`${entry.installed} is no longer part of the package and stays`);
  }
  return entries;
}

function planConfig(
  project: Project,
  contents: PackageContents,
  options: InstallOptions,
  result: Plan,
  hasFunctions: boolean,
): void {
  const path = project.supabase ? `${project.supabase}/config.toml` : undefined;
  const text = path && projectFile(project, path);
  if (!path || text === undefined) {
    result.todo.push(
      `there is no supabase/config.toml: name ${TOKEN_HOOK} as custom access token hook where Auth is configured`,
    );
    return;
  }
  const config = parseToml(text, path);
  const schemas = valueAt(config, ['api', 'schemas']);
  if (Array.isArray(schemas) && schemas.includes('private')) {
    result.collisions.push({
      object: 'schema private',
      where: `${path}, [api] schemas`,
      why: 'the API would expose the helpers of the package, which are guarded by nothing but not being exposed',
      fix: 'take "private" out of schemas',
    });
  }
  const major = valueAt(config, ['db', 'major_version']);
  if (typeof major === 'number' && major < OLDEST_MAJOR) {
    result.collisions.push({
      object: `PostgreSQL ${major}`,
      where: `${path}, [db] major_version`,
      why: `the migrations need PostgreSQL ${OLDEST_MAJOR} or newer`,
      fix: 'upgrade the database first',
    });
  }
  const own = claimedBuckets(contents, project);
  const buckets = valueAt(config, ['storage', 'buckets']);
  for (const name of own) {
    if (buckets !== undefined && typeof buckets === 'object' && name in buckets) {
      result.collisions.push({
        object: `bucket ${name}`,
        where: `${path}, [storage.buckets.${name}]`,
        why: `the package keeps files by company in bucket ${name}; the CLI would configure it as yours`,
        fix: 'rename your bucket',
      });
    }
  }
  const settings = [HOOK_SETTING, ...(hasFunctions ? functionSettings(contents) : [])];
  const merged = mergeConfig(text, settings, path);
  for (const { setting, found } of merged.conflicts) {
    if (setting === HOOK_SETTING) {
      const at = `${path}, [${setting.path.join('.')}]`;
      const now = typeof found.uri === 'string' ? found.uri : 'nothing';
      sortOut(project, options, result, [hookCollision(now, at)]);
    } else {
      result.notes.push(
        `${path}: [${setting.path.join('.')}] is there with other values and stays`,
      );
    }
  }
  if (merged.added.length === 0) {
    return;
  }
  if (options.skipConfig) {
    result.todo.push(`add to ${path}: ${merged.text.slice(text.length).trim()}`);
  } else {
    result.writes.push({ path, text: merged.text, how: 'replace' });
    result.notes.push(`${path}: ${merged.added.join(', ')} added; nothing else in it changes`);
  }
}

/** Buckets of the package, while none of its migrations is in the project: later they are its own. */
function claimedBuckets(contents: PackageContents, project: Project): string[] {
  if (project.lock) {
    return [];
  }
  const rows = contents.migrations.flatMap(({ text }) => [
    ...(/insert into storage\.buckets[\s\S]*?;/.exec(text)?.[0] ?? '').matchAll(/\('([^']+)'/g),
  ]);
  return rows.map((match) => match[1] ?? '');
}

async function nextSteps(project: Project, result: Plan): Promise<string[]> {
  if (result.newMigrations.length === 0) {
    return [];
  }
  if (project.tool === 'dbmate') {
    return [
      `dbmate --migrations-dir ${project.migrations} up`,
      `npx ${PACKAGE} verify --db <url>    # proves that companies are apart`,
    ];
  }
  const major = await cliMajor(project.root);
  const flag = major === undefined ? '--db-url (CLI 2) or --remote (CLI 3)' : urlFlag(major);
  return [
    `npx supabase db push    # the linked project; another database: ${flag} <url>`,
    'npx supabase config push    # or switch the token hook on in the dashboard: Authentication, Hooks',
    `npx ${PACKAGE} types --db <url>    # types of your whole schema, by role`,
    `npx ${PACKAGE} verify --db <url>    # proves that companies are apart`,
  ];
}

/** Compares two versions as semver orders them, as far as digits go. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] =>
    version.split(/[-+]/)[0]?.split('.').map(Number) ?? [];
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) {
      return Math.sign(difference);
    }
  }
  return 0;
}

/** Where a path of a plan is on disk. */
export function onDisk(project: Project, path: string): string {
  return join(project.root, path);
}
