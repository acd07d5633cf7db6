/** The corpus under `tests/corpus`: schemas with one known flaw each, and their mended twins. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { rootDir } from '../paths.ts';
import { RULES, type Rule, VERBS } from './types.ts';

const FOLDER = join(rootDir, 'tests/corpus');

const rule = z.enum(Object.keys(RULES) as [Rule, ...Rule[]]);

const schema = z.strictObject({
  /** The flaw, in a sentence without a full stop. */
  title: z.string(),
  /** Rules of which one must find it. */
  rule: z.union([rule.transform((one) => [one]), z.array(rule)]),
  /** Where it must be found, as the prover names objects. */
  object: z.string(),
  /** Verbs of which one must find it; any if left out. */
  verbs: z.array(z.enum(VERBS)).optional(),
  /** Configuration of the prover, where a stranger would need one. */
  config: z.record(z.string(), z.unknown()).default({}),
  /** False: it does not stand on base.sql. */
  base: z.boolean().default(true),
});

/** A case, with its name and the SQL of its two schemas. */
export type CorpusCase = z.infer<typeof schema> & {
  readonly name: string;
  readonly bad: string;
  readonly good: string;
};

/** All cases, by name. */
export function readCorpus(): CorpusCase[] {
  const read = (...path: string[]): string => readFileSync(join(FOLDER, ...path), 'utf8');
  const base = read('base.sql');
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(FOLDER, entry.name, 'case.json')))
    .map(({ name }) => name)
    .toSorted()
    .map((name) => {
      const about = schema.parse(JSON.parse(read(name, 'case.json')));
      const sql = (file: string): string => `${about.base ? base : ''}${read(name, file)}`;
      return { ...about, name, bad: sql('bad.sql'), good: sql('good.sql') };
    });
}
