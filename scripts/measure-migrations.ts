/** Applies all migrations again to a full database, with inserts alongside: each lock that keeps writers out, and for how long. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type pg from 'pg';
import { rls } from '../bench/suites/rls.ts';
import { parseArguments } from './lib/arguments.ts';
import { createFilled, withServer } from './lib/bench/server.ts';
import { startWriters, WRITERS } from './lib/bench/writers.ts';
import { withClient } from './lib/client.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Cluster } from './lib/postgres.ts';
import { splitStatements } from './lib/sql-statements.ts';

const FOLDER = join(rootDir, 'supabase/migrations');
const INSERTS_PER_SECOND = 200;
const COMPANY = '00000000-0000-4000-8000-000000000001';

interface Lock {
  readonly file: string;
  readonly table: string;
  readonly mode: string;
  readonly milliseconds: number;
}

/** One migration, in one transaction as the Supabase CLI does it: locks on tables that have rows, until it commits. */
async function apply(client: pg.Client, file: string): Promise<Lock[]> {
  const since = new Map<string, { table: string; mode: string; at: number }>();
  await client.query('begin');
  for (const { text } of await splitStatements(readFileSync(join(FOLDER, file), 'utf8'))) {
    const before = performance.now();
    await client.query(text);
    const { rows } = await client.query<{ table: string; mode: string }>(`
      select l.relation::regclass::text as table, l.mode
        from pg_locks as l
        join pg_class as c on c.oid = l.relation
       where l.pid = pg_backend_pid() and l.locktype = 'relation' and c.relkind in ('r', 'p') and l.granted
         and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
         and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'storage'::regnamespace, 'auth'::regnamespace)
         and exists (
           select from pg_partition_tree(c.oid) as t join pg_class as k on k.oid = t.relid where k.reltuples > 0
           union all select where c.reltuples > 0)`);
    for (const { table, mode } of rows) {
      const key = `${table} ${mode}`;
      since.set(key, since.get(key) ?? { table, mode, at: before });
    }
  }
  await client.query('commit');
  const ended = performance.now();
  return [...since.values()].map(({ table, mode, at }) => ({
    file,
    table,
    mode,
    milliseconds: Number((ended - at).toFixed(1)),
  }));
}

function page(
  locks: readonly Lock[],
  seconds: number,
  times: readonly number[],
  cluster: Cluster,
): string {
  return `# Migrations on a full database

Written by \`npm run bench:migrations -- --write\` on ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${cluster.version},
${availableParallelism()} processors, everything on the same ones.

All migrations once more on the database of the [row level security](rls.md) suite, 10 million rows of \`api_usage\` and
2 million jobs, each in its transaction as the Supabase CLI does it, while ${WRITERS} sessions insert ${INSERTS_PER_SECOND} jobs a second. To apply one
again makes what is there anew (functions, triggers, policies, grants) and nothing else, which is what an upgrade does; no
row is rewritten and no index built. All of it took ${seconds.toFixed(1)} s; the slowest insert ${(times.at(-1) ?? 0).toFixed(0)} ms, 99 % within ${(times[Math.floor(times.length * 0.99)] ?? 0).toFixed(1)} ms of ${times.length.toLocaleString('en')}.

Locks that keep writers out, on tables with rows, from the statement that takes them until the transaction commits:

| Migration | Table | Lock | ms |
| --- | --- | --- | ---: |
${locks.map((l) => `| ${l.file.replace('.sql', '')} | ${l.table} | ${l.mode.replace('Lock', '')} | ${l.milliseconds} |`).join('\n')}
`;
}

await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run bench:migrations --')
      .description('Measures the locks of migrations on a database of 10 million rows.')
      .option('--small', 'half a million rows')
      .option('--write', 'keep the results in bench/results'),
  );
  const options = command.opts<{ small?: boolean; write?: boolean }>();
  const reporter = createReporter();
  return withServer(reporter, async (cluster) => {
    const database = 'bench_migrations';
    await withStep(reporter, 'database', () =>
      createFilled(cluster, database, (client) =>
        rls.prepare(client, options.small ? 'small' : 'full', 'rls'),
      ),
    );
    const writers = startWriters(
      cluster.superUrl(database),
      `insert into public.jobs (company_id, kind) values ('${COMPANY}', 'bench.insert')`,
      INSERTS_PER_SECOND,
    );
    const locks: Lock[] = [];
    const began = performance.now();
    await withStep(reporter, 'migrations', () =>
      withClient(cluster.urlFor(database), async (client) => {
        for (const file of readdirSync(FOLDER)
          .filter((name) => name.endsWith('.sql'))
          .sort()) {
          locks.push(...(await apply(client, file)));
        }
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    const times = await writers.stop();
    if (options.write) {
      writeFileSync(
        join(rootDir, 'bench/results/migrations.md'),
        page(locks, seconds, times, cluster),
      );
    }
    process.stdout.write(`${JSON.stringify({ seconds, slowestInsertMs: times.at(-1), locks })}\n`);
    return EXIT.ok;
  });
});
