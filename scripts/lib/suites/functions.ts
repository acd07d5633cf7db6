import { performance } from 'node:perf_hooks';
import { execa } from 'execa';
import { packageBin, rootDir } from '../paths.ts';
import { readTap } from '../pgtap.ts';
import type { FileResult } from '../test-results.ts';
import { listFiles } from './files.ts';
import { filterPaths, type Suite } from './suite.ts';

async function runFile(file: string): Promise<FileResult> {
  const began = performance.now();
  const run = await execa(
    packageBin('deno'),
    [
      'test',
      '--quiet',
      '--no-prompt',
      '--allow-net',
      '--allow-env',
      '--allow-read',
      '--node-modules-dir=manual',
      '--reporter=tap',
      file,
    ],
    {
      cwd: rootDir,
      reject: false,
      stdin: 'ignore',
      env: { NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    },
  );
  const summary = readTap(run.stdout);
  if (run.exitCode !== 0) {
    // Deno words failures on its own below the TAP; a type error has no TAP at all.
    summary.problems.push(run.stderr.trim() || run.stdout.trim().split('\n').slice(-40).join('\n'));
    summary.failed = Math.max(summary.failed, 1);
  }
  return { name: file, ...summary, milliseconds: performance.now() - began };
}

/** Deno tests of the edge functions. */
export const functionsSuite: Suite = {
  name: 'functions',
  files: async (filters) =>
    filterPaths(await listFiles('supabase/functions', /(?:_|\.)test\.ts$/), filters),
  async run(context) {
    const results: FileResult[] = [];
    for (const file of await this.files(context.filters)) {
      const result = await runFile(file);
      results.push(result);
      context.onResult(result);
    }
    return results;
  },
};
