/**
 * The corpus: schemas with one known flaw each, and their mended twins. The prover must find every flaw where it is,
 * and say nothing about the twins.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, connectCluster, dropDatabase } from '../../../scripts/lib/database.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { parseConfig } from '../../../scripts/lib/verify/config.ts';
import { verify } from '../../../scripts/lib/verify/index.ts';
import type { Certificate } from '../../../scripts/lib/verify/types.ts';
// Declares the type of inject('testServer').
import type {} from '../support/global-setup.ts';

const CORPUS = join(rootDir, 'tests/corpus');

const several = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const caseFile = z.strictObject({
  title: z.string(),
  rule: several,
  object: several,
  verbs: z.array(z.string()).optional(),
  config: z.record(z.string(), z.unknown()).default({}),
  base: z.boolean().default(true),
  pg: z.number().optional(),
});

const cases = readdirSync(CORPUS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(CORPUS, entry.name, 'case.json')))
  .map(({ name }) => ({
    name,
    ...caseFile.parse(JSON.parse(readFileSync(join(CORPUS, name, 'case.json'), 'utf8'))),
  }));

/** Proves a schema of the corpus in a database of its own. */
async function prove(one: (typeof cases)[number], file: 'bad' | 'good'): Promise<Certificate> {
  const server = inject('testServer');
  const cluster = await connectCluster(server.superUrl);
  const database = await cloneDatabase(cluster, server.templates.empty);
  try {
    const url = cluster.urlFor(database);
    await withClient(url, async (client) => {
      if (one.base) {
        await client.query(readFileSync(join(CORPUS, 'base.sql'), 'utf8'));
      }
      await client.query(readFileSync(join(CORPUS, one.name, `${file}.sql`), 'utf8'));
    });
    return await verify({
      url,
      config: parseConfig(one.config, `${one.name}/case.json`),
      reporter: silentReporter,
      local: true,
    });
  } finally {
    await dropDatabase(cluster, database);
  }
}

async function tooOld(one: (typeof cases)[number]): Promise<boolean> {
  const { major } = await connectCluster(inject('testServer').superUrl);
  return one.pg !== undefined && major < one.pg;
}

const tell = (certificate: Certificate): string[] =>
  certificate.findings
    .filter(({ level }) => level !== 'note')
    .map(({ id, level, message }) => `${level} ${id}: ${message}`);

it('has at least 40 cases', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

describe.each(cases)('$name', (one) => {
  it(`finds the flaw: ${one.title}`, async ({ skip }) => {
    skip(await tooOld(one), `needs PostgreSQL ${one.pg}`);
    const certificate = await prove(one, 'bad');
    const leaks = certificate.findings.filter(({ level }) => level === 'leak');
    const found = leaks.filter(
      ({ rule, object, verb }) =>
        one.rule.includes(rule) &&
        one.object.includes(object) &&
        (one.verbs === undefined || one.verbs.includes(verb)),
    );
    expect(found, tell(certificate).join('\n')).not.toEqual([]);
    expect(certificate.summary.result).toBe('leak');
  });

  it('is silent about the twin', async ({ skip }) => {
    skip(await tooOld(one), `needs PostgreSQL ${one.pg}`);
    const certificate = await prove(one, 'good');
    expect(tell(certificate)).toEqual([]);
    expect(certificate.summary.result).toBe('proven');
  });
});
