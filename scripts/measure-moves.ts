/** Backing up, restoring and moving a large company between two servers, with a writer: seconds, memory, hashes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { execa } from 'execa';
import type pg from 'pg';
import { parseArguments } from './lib/arguments.ts';
import { fillCompany } from './lib/bench/company-rows.ts';
import { COMPANIES } from './lib/cast.ts';
import { withClient } from './lib/client.ts';
import type { Imported } from './lib/company/import.ts';
import type { Manifest } from './lib/company/manifest.ts';
import type { MoveResult } from './lib/company/move.ts';
import { createTemplate, startTestCluster } from './lib/database.ts';
import { EXIT, main } from './lib/errors.ts';
import { clearingUp } from './lib/interrupts.ts';
import { createReporter, type Reporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Cluster } from './lib/postgres.ts';

/** Companies of the seed: one is exported, the other moved. */
const EXPORTED = COMPANIES.globex;
const MOVED = COMPANIES.acme;
const DATABASE = 'moves';

interface Outcome<T> {
  result: T;
  seconds: number;
  /** The command's largest resident set, in MB. */
  peakMegabytes: number;
}

/** Runs a command of this package as a user does, and looks at what it needs. */
async function run<T>(
  reporter: Reporter,
  title: string,
  script: string,
  args: string[],
): Promise<Outcome<T>> {
  const step = reporter.step(title);
  const began = performance.now();
  const running = execa(
    process.execPath,
    ['--import', 'tsx', join('scripts', script), ...args, '--json'],
    {
      cwd: rootDir,
      stderr: 'ignore',
    },
  );
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${running.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  try {
    const { stdout } = await running;
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
    const peakMegabytes = Math.round(peak / 1024);
    step.done(`${seconds} s, ${peakMegabytes} MB`);
    return { result: JSON.parse(stdout) as T, seconds, peakMegabytes };
  } finally {
    clearInterval(watch);
    step.fail();
  }
}

/** What a writer that never stops was told. */
interface Written {
  acknowledged: string[];
  refused: number;
  /** The longest time between two rows that were taken, in seconds: what its users saw of the move. */
  longestPause: number;
}

/** Inserts row after row, at the source until it refuses, then where the company is. */
function startWriter(from: string, to: string): { stop(): Promise<Written> } {
  let isStopped = false;
  const running = withClient(from, (source) =>
    withClient(to, async (target) => {
      const clients = [source, target];
      const written: Written = { acknowledged: [], refused: 0, longestPause: 0 };
      let at = 0;
      let last = performance.now();
      while (!isStopped) {
        const code = `W-${written.acknowledged.length}`;
        try {
          await (clients[at] as pg.Client).query({
            name: 'write',
            text: `insert into public.services (company_id, code, name, category, billing_unit, unit_price)
                   values ($1, $2, 'x', 'content', 'item', 1)`,
            values: [MOVED.id, code],
          });
          const now = performance.now();
          written.longestPause = Math.max(written.longestPause, (now - last) / 1000);
          last = now;
          written.acknowledged.push(code);
        } catch (error) {
          const { code: state } = error as { code?: string };
          // It moves; or is not there yet; or is there, and not open.
          if (!['PT503', 'PT404', 'PT409', '23503'].includes(state ?? '')) {
            throw error;
          }
          written.refused += 1;
          at = 1 - at;
          await sleep(10);
        }
        await sleep(2);
      }
      return written;
    }),
  );
  return {
    stop() {
      isStopped = true;
      return running;
    },
  };
}

async function codes(url: string): Promise<string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ code: string }>(
      `select code from public.services where company_id = $1 and code like 'W-%'`,
      [MOVED.id],
    );
    return rows.map(({ code }) => code).sort();
  });
}

async function isChainIntact(url: string, companyId: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ is_intact: boolean }>(
      'select is_intact from public.verify_audit_chain($1, 0, 100000)',
      [companyId],
    );
    return rows[0]?.is_intact ?? false;
  });
}

function must(holds: boolean, what: string): void {
  if (!holds) {
    throw new Error(what);
  }
}

const rowsOf = (manifest: Manifest): number =>
  manifest.tables.reduce((sum, table) => sum + table.rows, 0);

await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run bench:moves --')
      .description('Measures export, import and a move between two servers, with a writer.')
      .option('--rows <n>', 'rows that are exported and imported', Number, 1_000_000)
      .option('--move-rows <n>', 'rows that move', Number, 300_000)
      .option('--write', 'keep the results in bench/results'),
  );
  const options = command.opts<{ rows: number; moveRows: number; write?: boolean }>();
  const reporter = createReporter();
  const folder = mkdtempSync(join(tmpdir(), 'lytbub-moves-'));
  const clusters: Promise<Cluster>[] = [];
  return clearingUp(
    async () => {
      const start = (title: string): Promise<Cluster> => {
        const starting = withStep(reporter, title, () => startTestCluster({ persistent: true }));
        clusters.push(starting);
        return starting;
      };
      const here = await start('the server that it leaves');
      const there = await start('the server that it goes to');
      const from = here.superUrl(DATABASE);
      const to = there.superUrl(DATABASE);
      await createTemplate(here, DATABASE, { pgtap: false });
      await createTemplate(there, DATABASE, { pgtap: false, seed: false });
      const exported = (title: string, db: string, slug: string, name: string) =>
        run<Manifest>(reporter, title, 'export-company.ts', [
          ...['--company', slug, '--out', join(folder, name), '--db', db],
        ]);
      const small = await exported('export, a small company', from, MOVED.slug, 'small');
      await withStep(reporter, 'rows', () =>
        withClient(from, async (client) => {
          await fillCompany(client, EXPORTED.id, options.rows);
          await fillCompany(client, MOVED.id, options.moveRows);
          await client.query('vacuum analyze');
        }),
      );

      const out = await exported('export', from, EXPORTED.slug, 'out');
      const imported = await run<Imported>(reporter, 'import', 'import-company.ts', [
        ...['--from', join(folder, 'out'), '--db', to, '--create-people'],
      ]);
      const again = await exported('export again', to, EXPORTED.slug, 'again');
      must(out.result.content_hash === again.result.content_hash, 'the round trip changed a row');
      must(await isChainIntact(to, EXPORTED.id), 'the audit chain is broken after the import');

      const writer = startWriter(from, to);
      await sleep(1000);
      const moved = await run<MoveResult>(reporter, 'move', 'move-company.ts', [
        ...['--company', MOVED.slug, '--db', from, '--to', to, '--create-people'],
      ]);
      await sleep(1000);
      const written = await writer.stop();
      const found = await codes(to);
      must(
        JSON.stringify(found) === JSON.stringify(written.acknowledged.toSorted()),
        `${written.acknowledged.length} rows were acknowledged, ${found.length} are there`,
      );
      must(written.refused > 0, 'the writer noticed nothing of the move');
      must(await isChainIntact(to, MOVED.id), 'the audit chain is broken after the move');

      const number = (value: number): string => value.toLocaleString('en');
      const page = `# Backing up, restoring and moving a company

Written by \`npm run bench:moves -- --write\` on ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${here.version}, ${availableParallelism()} processors,
two servers and the commands on the same ones. Peak memory is the command's resident set; Node.js alone with its modules,
exporting ${number(rowsOf(small.result))} rows, takes ${small.peakMegabytes} MB.

| | Rows | Seconds | Peak memory, MB |
| --- | ---: | ---: | ---: |
| export | ${number(rowsOf(out.result))} | ${out.seconds} | ${out.peakMegabytes} |
| import into the other server, compared before it is committed | ${number(imported.result.rows)} | ${imported.seconds} | ${imported.peakMegabytes} |
| export from there | ${number(rowsOf(again.result))} | ${again.seconds} | ${again.peakMegabytes} |
| move to the other server, with a writer | ${number(moved.result.copied)} | ${moved.seconds} | ${moved.peakMegabytes} |

Both exports have the content hash \`${out.result.content_hash}\`.

The writer inserted ${number(written.acknowledged.length)} rows, one after the other, at the source and then at the target; all of them
are there, once each. ${number(moved.result.delta)} rows went over while writes were refused, for ${moved.result.frozenSeconds.toFixed(1)} s; between two rows that were taken
the writer saw ${written.longestPause.toFixed(1)} s at most. Both audit chains are intact.
`;
      if (options.write) {
        writeFileSync(join(rootDir, 'bench/results/moves.md'), page);
      }
      process.stdout.write(page);
      return EXIT.ok;
    },
    async () => {
      rmSync(folder, { recursive: true, force: true });
      for (const starting of clusters) {
        await (await starting.catch(() => undefined))?.stop();
      }
    },
  );
});
