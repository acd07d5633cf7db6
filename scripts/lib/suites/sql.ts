import { join } from 'node:path';
import { cloneDatabase, dropDatabase } from '../database.ts';
import { rootDir } from '../paths.ts';
import { runPgtapFile } from '../pgtap.ts';
import type { FileResult } from '../test-results.ts';
import { listFiles } from './files.ts';
import { filterPaths, type Suite, type SuiteContext } from './suite.ts';

const PARALLEL = 2;

async function runFile(context: SuiteContext, file: string): Promise<FileResult> {
  const path = join(rootDir, file);
  if (context.projectUrl !== undefined) {
    return runPgtapFile(context.projectUrl, path, file);
  }
  if (!context.server) {
    throw new Error('pgTAP needs a server or a project');
  }
  const { cluster, templates } = context.server;
  const database = await cloneDatabase(cluster, templates.default);
  try {
    return await runPgtapFile(cluster.urlFor(database), path, file);
  } finally {
    await dropDatabase(cluster, database);
  }
}

/** pgTAP files, each in a database of its own. */
export const sqlSuite: Suite = {
  name: 'sql',
  files: async (filters) => filterPaths(await listFiles('tests/sql', /\.test\.sql$/), filters),
  async run(context) {
    const waiting = await this.files(context.filters);
    const results: FileResult[] = [];
    const work = async (): Promise<void> => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const result = await runFile(context, file);
        results.push(result);
        context.onResult(result);
      }
    };
    // In the user's own database one after the other: the files would wait for each other's locks.
    await Promise.all(Array.from({ length: context.projectUrl ? 1 : PARALLEL }, work));
    return results;
  },
};
