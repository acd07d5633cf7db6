import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { EXIT, UserError } from '../errors.ts';
import { packageBin, rootDir } from '../paths.ts';
import type { FileResult } from '../test-results.ts';
import { TEST_SERVER_ENV } from '../test-server.ts';
import { listFiles } from './files.ts';
import { filterPaths, type Suite } from './suite.ts';

/** What is read of vitest's JSON report. */
interface VitestReport {
  testResults: {
    name: string;
    status: string;
    startTime: number;
    endTime: number;
    message?: string;
    assertionResults: {
      fullName: string;
      status: 'passed' | 'failed' | 'skipped' | 'pending' | 'todo' | 'disabled';
      failureMessages?: string[] | null;
    }[];
  }[];
}

function indent(text: string): string {
  const lines = text.split('\n').filter((line) => !/node_modules|^\s+at .*node:/.test(line));
  return lines.slice(0, 30).join('\n  ');
}

/** Turns vitest's JSON report into results; a file that broke before its first test is a failure of its own. */
export function readVitestReport(report: VitestReport): FileResult[] {
  return report.testResults.map((file) => {
    const count = (statuses: readonly string[]): number =>
      file.assertionResults.filter(({ status }) => statuses.includes(status)).length;
    const problems = file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(
        ({ fullName, failureMessages }) =>
          `${fullName}\n  ${indent((failureMessages ?? []).join('\n'))}`,
      );
    let failed = count(['failed']);
    if (failed === 0 && file.status === 'failed') {
      failed = 1;
      problems.push(`  ${indent(file.message || 'the file failed outside of its tests')}`);
    }
    return {
      name: relative(rootDir, file.name).split(sep).join('/'),
      passed: count(['passed']),
      failed,
      skipped: count(['skipped', 'pending', 'todo', 'disabled']),
      problems,
      milliseconds: file.endTime - file.startTime,
    };
  });
}

/** vitest files; those that need a database clone it from the server that the run has set up. */
export const typescriptSuite: Suite = {
  name: 'ts',
  files: async (filters) => filterPaths(await listFiles('tests/ts', /\.test\.ts$/), filters),
  async run(context) {
    const files = await this.files(context.filters);
    if (files.length === 0) {
      return [];
    }
    if (!context.server) {
      context.reporter.warn(
        'vitest files are skipped: they create databases, which a Supabase project is not there for; leave --db out to run them',
      );
      return files.map((name) => ({
        name,
        passed: 0,
        failed: 0,
        skipped: 1,
        problems: [],
        milliseconds: 0,
      }));
    }
    const { superUrl, templates } = context.server;
    const folder = await mkdtemp(join(tmpdir(), 'lytbub-vitest-'));
    // Also when the run is interrupted.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const reportFile = join(folder, 'report.json');
    try {
      const run = await execa(
        packageBin('vitest'),
        [
          'run',
          '--reporter=json',
          `--reporter=${join(import.meta.dirname, 'progress-reporter.ts')}`,
          `--outputFile=${reportFile}`,
          ...files,
        ],
        {
          cwd: rootDir,
          reject: false,
          all: true,
          stderr: ['pipe', 'inherit'],
          stdin: 'ignore',
          env: { [TEST_SERVER_ENV]: JSON.stringify({ superUrl, templates }), NO_COLOR: '1' },
        },
      );
      const text = await readFile(reportFile, 'utf8').catch(() => undefined);
      if (text === undefined) {
        throw new UserError('vitest did not run', {
          details: run.all.split('\n').slice(-20).join('\n'),
          fix: 'mend what it says, or run npx vitest run to see more',
          exitCode: EXIT.tool,
        });
      }
      const results = readVitestReport(JSON.parse(text) as VitestReport);
      if (run.exitCode !== 0 && results.every(({ failed }) => failed === 0)) {
        // An error outside of any file, such as a rejected promise that nobody waited for.
        results.push({
          name: 'vitest',
          passed: 0,
          failed: 1,
          skipped: 0,
          problems: [run.all.split('\n').slice(-30).join('\n')],
          milliseconds: 0,
        });
      }
      results.forEach(context.onResult);
      return results;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
