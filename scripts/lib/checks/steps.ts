import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../client.ts';
import { findStaleArtifacts } from '../generate/artifacts.ts';
import { rootDir } from '../paths.ts';
import { SqlSyntaxError, splitStatements } from '../sql-statements.ts';
import { listFiles } from '../suites/files.ts';
import { advisors, dbLint } from '../supabase-cli.ts';
import { useEachIndex } from './index-usage.ts';
import { checkMigrationFiles } from './migration-files.ts';
import { type CheckOutcome, type CheckStep, runTool } from './step.ts';

const FUNCTIONS = 'supabase/functions';
const MIGRATIONS = 'supabase/migrations';

async function checkDeno(): Promise<CheckOutcome> {
  const files = await listFiles(FUNCTIONS, /\.ts$/);
  if (files.length === 0) {
    return { problems: [], skipped: 'there are no edge functions' };
  }
  const outcomes = [
    await runTool('deno', ['lint', '--quiet', ...files]),
    await runTool('deno', ['check', '--quiet', '--node-modules-dir=manual', ...files]),
  ];
  return { problems: outcomes.flatMap(({ problems }) => problems) };
}

async function checkSqlSyntax(): Promise<CheckOutcome> {
  const files = [
    ...(await listFiles('supabase', /\.sql$/)),
    ...(await listFiles('scripts', /\.sql$/)),
    ...(await listFiles('tests', /\.sql$/)),
    ...(await listFiles('bench', /\.sql$/)),
  ];
  const problems: string[] = [];
  for (const file of files) {
    try {
      await splitStatements(await readFile(join(rootDir, file), 'utf8'));
    } catch (error) {
      if (!(error instanceof SqlSyntaxError)) {
        throw error;
      }
      problems.push(`${file}:${error.line}: ${error.message}`);
    }
  }
  return { problems };
}

/** Packs the package as it would be published and has that looked at. */
async function checkPackage(): Promise<CheckOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'lytbub-pack-'));
  try {
    const packed = await runTool('npm', ['pack', '--pack-destination', folder], 'path');
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) {
      return packed.problems.length > 0 ? packed : { problems: ['npm pack made no tarball'] };
    }
    const outcomes = [
      await runTool('publint', ['run', '--strict', join(folder, tarball)]),
      await runTool('attw', [join(folder, tarball), '--profile', 'esm-only']),
    ];
    return { problems: outcomes.flatMap(({ problems }) => problems) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The checks, cheap ones first. */
export const CHECK_STEPS: readonly CheckStep[] = [
  {
    name: 'types',
    title: 'TypeScript compiles',
    fix: 'mend the lines above (npx tsc --noEmit -p .)',
    run: () => runTool('tsc', ['--noEmit', '--pretty', 'false', '-p', '.']),
  },
  {
    name: 'style',
    title: 'TypeScript and JSON are formatted and linted',
    fix: 'npx biome check --write',
    run: () => runTool('biome', ['check', '--error-on-warnings', '--max-diagnostics=50']),
  },
  {
    name: 'functions',
    title: 'edge functions pass deno lint and deno check',
    // Formatting is biome's, like that of all TypeScript here: two formatters never agree.
    fix: 'npx deno lint --fix supabase/functions, then mend what is left',
    run: checkDeno,
  },
  {
    name: 'migrations',
    title: 'migrations are named and framed for the Supabase CLI and dbmate',
    fix: 'rename the file to YYYYMMDDHHMMSS_name.sql; begin with "-- migrate:up" and end with "-- migrate:down"',
    run: async () => ({ problems: await checkMigrationFiles(join(rootDir, MIGRATIONS)) }),
  },
  {
    name: 'syntax',
    title: "PostgreSQL's parser accepts all SQL",
    fix: 'mend the lines above',
    run: checkSqlSyntax,
  },
  {
    name: 'locks',
    title: 'squawk finds no long lock in the migrations',
    fix: 'mend the lines above, or exclude the rule in .squawk.toml with the reason',
    run: async () => runTool('squawk', await listFiles(MIGRATIONS, /\.sql$/)),
  },
  {
    name: 'package',
    title: 'the package resolves for those who import it (publint, attw)',
    fix: 'mend the lines above: "exports", "types" and "files" in package.json',
    run: checkPackage,
  },
  {
    name: 'generated',
    title: 'generated files are up to date',
    fix: 'npm run generate',
    run: async ({ bench, major }) =>
      major === 17
        ? { problems: await findStaleArtifacts(bench) }
        : { problems: [], skipped: 'the committed files are those of PostgreSQL 17' },
  },
  {
    name: 'advisors',
    title: "Supabase's advisors find nothing",
    fix: 'mend the findings above; each has a page under "Database Advisors" in the Supabase documentation',
    run: async ({ bench }) => {
      const superUrl = await bench.migratedSuperUrl();
      if (superUrl !== undefined) {
        await useEachIndex(superUrl);
      }
      const findings = await advisors(await bench.migratedUrl(), { level: 'info' });
      return {
        problems: findings.map(({ level, name, detail }) => `${level} ${name}: ${detail}`),
      };
    },
  },
  {
    name: 'lint',
    title: 'plpgsql_check finds nothing in the functions',
    fix: 'mend the findings above',
    run: async ({ bench }) => {
      const url = await bench.migratedUrl();
      const available = await withClient(url, async (client) => {
        const { rowCount } = await client.query(
          `select from pg_available_extensions where name = 'plpgsql_check'`,
        );
        return rowCount === 1;
      });
      if (!available) {
        return { problems: [], skipped: 'plpgsql_check is not installed; see --pg 15' };
      }
      // The CLI works as `postgres`, who may not create it here.
      const superUrl = await bench.migratedSuperUrl();
      if (superUrl !== undefined) {
        await withClient(superUrl, (client) =>
          client.query('create extension if not exists plpgsql_check with schema extensions'),
        );
      }
      const findings = await dbLint(url);
      return { problems: findings === '' ? [] : [findings] };
    },
  },
];
