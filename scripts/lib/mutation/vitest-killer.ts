/** The vitest files about isolation as judges. They are slow: only for what everything else has let pass. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { packageBin, rootDir } from '../paths.ts';
import { typescriptSuite } from '../suites/typescript.ts';
import { TEST_SERVER_ENV, type TestServerInfo } from '../test-server.ts';
import type { Target } from './bench.ts';
import type { Killer } from './killer.ts';
import { inLine } from './types.ts';

/** Files that look at one database as shipped and need no other template. */
const FOLDERS = ['tests/ts/isolation/', 'tests/ts/docs/'];
/** Judges of some functions only: those of the diagnosis, of which one plants every fault, and of adopting tables. */
const SPECIAL: readonly [object: RegExp, file: string][] = [
  [/diagnos/, 'tests/ts/doctor/diagnose.test.ts'],
  [/adopt|fill_companies/, 'tests/ts/adoption/adoption.test.ts'],
];

/** What is read of vitest's JSON report. */
interface Report {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] | null }[];
  }[];
}

async function runVitest(target: Target, files: readonly string[]): Promise<Report | string> {
  const folder = await mkdtemp(join(tmpdir(), 'lytbub-mutation-'));
  const reportFile = join(folder, 'report.json');
  const { superUrl, database } = target;
  const server: TestServerInfo = {
    superUrl,
    templates: { default: database, autoGrants: database, empty: database },
  };
  try {
    const run = await execa(
      packageBin('vitest'),
      ['run', '--bail=1', '--reporter=json', `--outputFile=${reportFile}`, ...files],
      {
        cwd: rootDir,
        reject: false,
        all: true,
        stdin: 'ignore',
        timeout: 300_000,
        env: { [TEST_SERVER_ENV]: JSON.stringify(server), NO_COLOR: '1' },
      },
    );
    const text = await readFile(reportFile, 'utf8').catch(() => undefined);
    return text === undefined ? run.all.slice(-2000) : (JSON.parse(text) as Report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The vitest files, run with the mutated database as their template. */
export async function vitestKiller(): Promise<Killer> {
  const files = await typescriptSuite.files(FOLDERS);
  return {
    name: 'vitest',
    parallel: false,
    examine: async (bench, mutant) => {
      const special = SPECIAL.filter(
        ([object]) => mutant === undefined || object.test(mutant.object),
      ).map(([, file]) => file);
      const report = await runVitest(await bench.mutated(), [...special, ...files]);
      if (typeof report === 'string') {
        throw new Error(`vitest broke down: ${inLine(report, 300)}`);
      }
      for (const file of report.testResults) {
        const where = relative(rootDir, file.name).split(sep).join('/');
        const failed = file.assertionResults.find(({ status }) => status === 'failed');
        if (failed) {
          return { by: 'vitest', where, what: inLine(failed.fullName, 160), kind: 'assertion' };
        }
        if (file.status === 'failed') {
          return {
            by: 'vitest',
            where,
            what: inLine(file.message ?? 'failed', 160),
            kind: 'error',
          };
        }
      }
      return undefined;
    },
  };
}
