import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rootDir } from '../paths.ts';
import type { Workbench } from '../workbench.ts';
import { generateAccessMatrix } from './access-matrix.ts';
import { generateCitus } from './citus.ts';
import { generateErd } from './erd.ts';
import { generateReadme } from './isolation-matrix.ts';
import { generateManifest } from './manifest.ts';
import { generateCorpusPage, generateVerifyPage } from './prover-pages.ts';
import { generateReference } from './reference.ts';
import { generateSchema } from './schema.ts';
import { generateTroubleshooting } from './troubleshooting.ts';
import { generateTypes, generateTypesByRole } from './types.ts';

/** A generated file: all of those under `generated/`, and tables in hand-written pages. */
export interface Artifact {
  /** As in `npm run generate <name>`. */
  name: string;
  /** Path from the repository's root. */
  file: string;
  generate(bench: Workbench): Promise<string>;
}

/** Everything that is generated. */
export const ARTIFACTS: readonly Artifact[] = [
  {
    name: 'types',
    file: 'generated/database.types.ts',
    generate: async (bench) => generateTypes(await bench.migratedUrl()),
  },
  {
    name: 'role-types',
    file: 'generated/roles.types.ts',
    generate: async (bench) => generateTypesByRole(await bench.migratedUrl()),
  },
  {
    name: 'schema',
    file: 'generated/schema.sql',
    generate: async (bench) => generateSchema(await bench.baselineUrl(), await bench.migratedUrl()),
  },
  {
    name: 'erd',
    file: 'generated/erd.md',
    generate: async (bench) => generateErd(await bench.migratedUrl()),
  },
  {
    name: 'access-matrix',
    file: 'generated/access-matrix.md',
    generate: async (bench) => generateAccessMatrix(await bench.migratedUrl()),
  },
  {
    name: 'reference',
    file: 'generated/reference.md',
    generate: async (bench) => generateReference(await bench.migratedUrl()),
  },
  {
    name: 'manifest',
    file: 'generated/manifest.json',
    generate: async (bench) => generateManifest(await bench.migratedUrl()),
  },
  {
    name: 'troubleshooting',
    file: 'docs/troubleshooting.md',
    generate: async (bench) => generateTroubleshooting(await bench.migratedUrl()),
  },
  {
    name: 'citus',
    file: 'supabase/scale-out/citus.sql',
    generate: async (bench) => generateCitus(await bench.migratedUrl()),
  },
  {
    name: 'isolation-matrix',
    file: 'README.md',
    generate: async (bench) => generateReadme(await bench.seededUrl()),
  },
  { name: 'prover-rules', file: 'docs/verify.md', generate: generateVerifyPage },
  { name: 'corpus', file: 'tests/corpus/README.md', generate: generateCorpusPage },
];

/** Writes an artifact; false if it was there and the same. */
export async function writeArtifact(artifact: Artifact, bench: Workbench): Promise<boolean> {
  const file = join(rootDir, artifact.file);
  const content = await artifact.generate(bench);
  if (content === (await readIfThere(file))) {
    return false;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return true;
}

/** What is wrong with the committed artifacts, each with the command that mends it; empty if nothing is. */
export async function findStaleArtifacts(bench: Workbench): Promise<string[]> {
  const problems: string[] = [];
  for (const artifact of ARTIFACTS) {
    const committed = await readIfThere(join(rootDir, artifact.file));
    const generated = await artifact.generate(bench);
    if (committed !== generated) {
      const state = committed === undefined ? 'is missing' : 'is out of date';
      const line =
        committed === undefined ? '' : ` from line ${firstDifference(committed, generated)}`;
      problems.push(`${artifact.file} ${state}${line}: run npm run generate ${artifact.name}`);
    }
  }
  return problems;
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

function firstDifference(a: string, b: string): number {
  const left = a.split('\n');
  const right = b.split('\n');
  const index = left.findIndex((line, i) => line !== right[i]);
  return (index < 0 ? left.length : index) + 1;
}
