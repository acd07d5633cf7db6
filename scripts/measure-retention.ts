/** Retention, and partitions added, with inserts alongside: how long, how much WAL, the slowest insert. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import pg from 'pg';
import { parseArguments } from './lib/arguments.ts';
import { createFilled, withServer } from './lib/bench/server.ts';
import { startWriters, WRITERS } from './lib/bench/writers.ts';
import { withClient } from './lib/client.ts';
import { EXIT, main } from './lib/errors.ts';
import { createReporter, withStep } from './lib/output.ts';
import { rootDir } from './lib/paths.ts';
import type { Cluster } from './lib/postgres.ts';

const COMPANY = '00000000-0000-4000-8000-000000000001';
const AGENT = '00000000-0000-4000-8000-00000000000a';
const MONTHS = 5;
const INSERTS_PER_SECOND = 400;

interface Outcome {
  name: string;
  seconds: number;
  walMegabytes: number;
  inserts: number;
  slowestInsertMs: number;
  p99InsertMs: number;
}

interface Case {
  name: string;
  /** Whether a transaction that has read the table stays open. */
  withReader: boolean;
  prepare(client: pg.Client): Promise<void>;
  act(client: pg.Client): Promise<void>;
  /** Throws unless the work was done. */
  check(client: pg.Client): Promise<void>;
}

/** Months of a million rows each; the first ends 40 days ago at the latest. */
async function fill(client: pg.Client, rowsPerMonth: number): Promise<void> {
  await client.query(`
    insert into public.companies (id, slug, name, contact_email) values ('${COMPANY}', 'bench', 'Bench', 'a@b.example');
    insert into public.ai_agents (company_id, id, name, provider, model) values ('${COMPANY}', '${AGENT}', 'Bench', 'openai', 'x');
    select private.create_month_partition('agent_logs', (date_trunc('month', now()) - make_interval(months => n))::date)
      from generate_series(0, ${MONTHS}) as n;
    -- Neither triggers nor foreign keys: the rows are right, and there are millions.
    set session_replication_role = replica;
    insert into public.agent_logs (company_id, agent_id, event, message, created_at)
    select '${COMPANY}', '${AGENT}', 'bench.made', repeat('x', 100),
           date_trunc('month', now()) - make_interval(months => m) + n * interval '26 days' / ${rowsPerMonth}
      from generate_series(1, ${MONTHS}) as m, generate_series(1, ${rowsPerMonth}) as n;
    reset session_replication_role;
  `);
  await client.query('vacuum analyze public.agent_logs');
  await client.query('checkpoint');
}

async function lsn(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn() as lsn');
  return rows[0]?.lsn ?? '0/0';
}

async function number(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(sql);
  return Number(rows[0]?.n);
}

function expectNumber(what: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new Error(`${what}: ${actual} instead of ${expected}`);
  }
}

/** `run_data_retention()` of what is older than so many days, until nothing is left of the first month. */
function retention(name: string, days: string, withReader: boolean): Case {
  return {
    name,
    withReader,
    async prepare(client) {
      await client.query(
        `insert into public.data_retention_policies (company_id, data_class, retention_days, action)
         values ($1, 'agent_logs', ${days}, 'delete')
         on conflict (company_id, data_class) do update set retention_days = excluded.retention_days`,
        [COMPANY],
      );
    },
    async act(client) {
      for (;;) {
        const { rows } = await client.query<{ done: boolean | null }>(
          'select bool_and(is_complete) as done from public.run_data_retention(null, false, 10000)',
        );
        if (rows[0]?.done !== false) {
          return;
        }
      }
    },
    async check(client) {
      const left = await number(
        client,
        `select count(*) as n from public.agent_logs
          where created_at < date_trunc('month', now()) - interval '${MONTHS - 1} months'`,
      );
      expectNumber(`${name}: rows left`, left, 0);
    },
  };
}

const PARTITIONS = `select count(*) as n from pg_inherits where inhparent = 'public.agent_logs'::regclass`;
const WAITING = `select count(*) as n from private.agent_logs_default where event = 'bench.waiting'`;

/** `maintain_partitions()` with months missing whose rows wait in the default partition. */
function partitions(
  name: string,
  withReader: boolean,
  waiting: number,
  { prepare, month, added }: { prepare: string; month: string; added: number },
): Case {
  let before = 0;
  return {
    name,
    withReader,
    async prepare(client) {
      await client.query(`
        ${prepare};
        set session_replication_role = replica;
        insert into public.agent_logs (company_id, agent_id, event, message, created_at)
        select '${COMPANY}', '${AGENT}', 'bench.waiting', repeat('x', 100),
               date_trunc('month', now(), 'UTC') + make_interval(months => ${month}, hours => 1)
          from generate_series(1, ${waiting}) as n;
        reset session_replication_role;
      `);
      expectNumber(`${name}: rows waiting`, await number(client, WAITING), waiting);
      before = await number(client, PARTITIONS);
    },
    async act(client) {
      await client.query('select public.maintain_partitions()');
    },
    async check(client) {
      const made = (await number(client, PARTITIONS)) - before;
      expectNumber(`${name}: months added`, made, withReader ? 0 : added);
      const left = await number(client, WAITING);
      expectNumber(`${name}: rows left`, left, withReader ? waiting : 0);
    },
  };
}

async function measure(cluster: Cluster, database: string, subject: Case): Promise<Outcome> {
  const url = cluster.superUrl(database);
  return withClient(url, async (client) => {
    await subject.prepare(client);
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    if (subject.withReader) {
      await reader.query('begin isolation level repeatable read');
      await reader.query('select count(*) from public.agent_logs where created_at > now()');
    }
    const writers = startWriters(
      url,
      `insert into public.agent_logs (company_id, agent_id, event) values ('${COMPANY}', '${AGENT}', 'bench.added')`,
      INSERTS_PER_SECOND,
    );
    await sleep(1000);
    const start = await lsn(client);
    const began = performance.now();
    await subject.act(client);
    const seconds = (performance.now() - began) / 1000;
    const { rows } = await client.query<{ bytes: string }>(
      'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::pg_lsn) as bytes',
      [start],
    );
    await sleep(500);
    const times = await writers.stop();
    await reader.end();
    await subject.check(client);
    return {
      name: subject.name,
      seconds: Number(seconds.toFixed(2)),
      walMegabytes: Math.round(Number(rows[0]?.bytes) / 1e6),
      inserts: times.length,
      slowestInsertMs: Number((times.at(-1) ?? 0).toFixed(1)),
      p99InsertMs: Number((times[Math.floor(times.length * 0.99)] ?? 0).toFixed(1)),
    };
  });
}

function page(outcomes: Outcome[], version: string, rowsPerMonth: number): string {
  const thousands = (rows: number): string => rows.toLocaleString('en');
  return `# Data retention and new partitions

Written by \`npm run bench:retention -- --write\` on ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${version},
${availableParallelism()} processors, everything on the same ones.

${thousands(rowsPerMonth * MONTHS)} rows of \`agent_logs\` in ${MONTHS} months, while ${WRITERS} sessions insert ${INSERTS_PER_SECOND} rows a second into the
same table, of the running month. The long reader has read the table in a transaction that stays open. Goal: no insert takes
longer than 60 ms.

| | seconds | WAL, MB | slowest insert, ms | 99 % of inserts within, ms |
| --- | ---: | ---: | ---: | ---: |
${outcomes.map((o) => `| ${o.name} | ${o.seconds} | ${o.walMegabytes} | **${o.slowestInsertMs}** | ${o.p99InsertMs} |`).join('\n')}

WAL is that of the inserts, too. ${thousands(rowsPerMonth)} rows are deleted by \`run_data_retention()\`, in batches of 10,000 or
with their month. With a long reader the month cannot be dropped: the drop gives way, and the rows go in batches instead,
each of which tries again to drop the month first.

Nine months are added to each partitioned table by \`maintain_partitions()\`, with ${thousands(waitingRows(rowsPerMonth))} rows that came too early and
wait in the default partition; with a long reader it gives way, and the next run tries again. If nobody ran it for
months, the running month is missing, too: its rows are in the default partition, and whoever inserts one waits until they
have moved.
`;
}

function waitingRows(rowsPerMonth: number): number {
  return rowsPerMonth / 10;
}

await main(import.meta.url, async () => {
  const command = parseArguments(
    new Command('npm run bench:retention --')
      .description('Measures data retention and new partitions with inserts alongside.')
      .option('--rows <n>', 'rows of a month', Number, 1_000_000)
      .option('--write', 'keep the results in bench/results'),
  );
  const options = command.opts<{ rows: number; write?: boolean }>();
  const reporter = createReporter();
  // The month before the last goes wholly, or but for a row of it that is kept.
  const wholly = `(extract(day from now() - (date_trunc('month', now()) - interval '${MONTHS - 1} months')))::integer`;
  const partly = `(extract(day from now() - (date_trunc('month', now()) - interval '${MONTHS - 1} months')))::integer + 2`;
  const waiting = waitingRows(options.rows);
  const ahead = {
    prepare: `update private.partitioned_tables set months_ahead = 12`,
    month: '4 + n % 9',
    added: 9,
  };
  const missed = {
    prepare: `drop table private.agent_logs_p${new Date().toISOString().slice(0, 7).replace('-', '')}`,
    month: '0',
    added: 1,
  };
  const cases = [
    retention('in batches', partly, false),
    retention('in batches, long reader', partly, true),
    retention('the month dropped', wholly, false),
    retention('the month dropped, long reader', wholly, true),
    partitions('nine months added', false, waiting, ahead),
    partitions('nine months added, long reader', true, waiting, ahead),
    partitions('the running month added', false, waiting, missed),
  ];
  return withServer(reporter, async (cluster) => {
    const outcomes: Outcome[] = [];
    for (const subject of cases) {
      const database = `retention_${outcomes.length}`;
      await withStep(reporter, `${subject.name}: database`, () =>
        createFilled(cluster, database, (client) => fill(client, options.rows)),
      );
      const step = reporter.step(subject.name);
      const outcome = await measure(cluster, database, subject);
      step.done(`${outcome.seconds} s, slowest insert ${outcome.slowestInsertMs} ms`);
      outcomes.push(outcome);
      await withClient(cluster.superUrl('postgres'), (client) =>
        client.query(`drop database ${database}`),
      );
    }
    if (options.write) {
      writeFileSync(
        join(rootDir, 'bench/results/retention.md'),
        page(outcomes, cluster.version, options.rows),
      );
    }
    process.stdout.write(`${JSON.stringify(outcomes)}\n`);
    return EXIT.ok;
  });
});
