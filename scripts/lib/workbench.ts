import { randomBytes } from 'node:crypto';
import { checkedUrl, createTemplate, startTestCluster } from './database.ts';
import { clearingUp } from './interrupts.ts';
import { type Reporter, withStep } from './output.ts';
import type { Cluster, Major } from './postgres.ts';

/** Where generators and checks look: a new project, and the same with the migrations. */
export interface Workbench {
  /** A new Supabase project without migrations; always a throw-away database. */
  baselineUrl(): Promise<string>;
  /** The migrated database: a throw-away one, or the one that the user named. */
  migratedUrl(): Promise<string>;
  /** A database with the migrations and the development data; always a throw-away one. */
  seededUrl(): Promise<string>;
  /** The migrated database for the superuser; undefined when the user named a database. */
  migratedSuperUrl(): Promise<string | undefined>;
}

/** How to set up a {@link Workbench}. */
export interface WorkbenchOptions {
  reporter: Reporter;
  /** Use this database as the migrated one. */
  db?: string;
  major?: Major;
}

/** The database that `--db` or DATABASE_URL names. Throw-away servers must not be made there, so the latter is taken. */
export function takeDatabaseUrl(db: string | undefined): string | undefined {
  const url = db ?? process.env.DATABASE_URL;
  delete process.env.DATABASE_URL;
  return url === undefined || url === ''
    ? undefined
    : checkedUrl(url, db ? '--db' : 'DATABASE_URL');
}

/** Sets databases up as they are asked for, and takes them down afterwards. */
export async function withWorkbench<T>(
  options: WorkbenchOptions,
  run: (bench: Workbench) => Promise<T>,
): Promise<T> {
  const suffix = randomBytes(4).toString('hex');
  let cluster: Promise<Cluster> | undefined;
  let baseline: Promise<string> | undefined;
  let migrated: Promise<string> | undefined;
  let seeded: Promise<string> | undefined;
  const server = (): Promise<Cluster> => {
    cluster ??= startTestCluster(options.major === undefined ? {} : { major: options.major });
    return cluster;
  };
  const create = async (name: string, migrations: boolean, seed = false): Promise<string> =>
    withStep(
      options.reporter,
      seed
        ? 'throw-away database with the development data'
        : migrations
          ? 'throw-away database with the migrations'
          : 'throw-away new project',
      async (detail) => {
        const on = await server();
        detail(`PostgreSQL ${on.version}`);
        return createTemplate(on, name, { migrations, seed, pgtap: false });
      },
    );
  const migratedName = (): Promise<string> => {
    migrated ??= create(`migrated_${suffix}`, true);
    return migrated;
  };
  const bench: Workbench = {
    async baselineUrl() {
      baseline ??= create(`baseline_${suffix}`, false);
      return (await server()).urlFor(await baseline);
    },
    async migratedUrl() {
      return options.db ?? (await server()).urlFor(await migratedName());
    },
    async seededUrl() {
      seeded ??= create(`seeded_${suffix}`, true, true);
      return (await server()).urlFor(await seeded);
    },
    async migratedSuperUrl() {
      return options.db ? undefined : (await server()).superUrl(await migratedName());
    },
  };
  return clearingUp(
    () => run(bench),
    async () => (await cluster?.catch(() => undefined))?.stop(),
  );
}
