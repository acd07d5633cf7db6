/**
 * The corpus: schemas with one known flaw each, and their mended twins. The prover must find every flaw where it is,
 * and say nothing about the twins.
 */
import { describe, expect, inject, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, connectCluster, dropDatabase } from '../../../scripts/lib/database.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { parseConfig } from '../../../scripts/lib/verify/config.ts';
import { type CorpusCase, readCorpus } from '../../../scripts/lib/verify/corpus.ts';
import { verify } from '../../../scripts/lib/verify/index.ts';
import type { Certificate } from '../../../scripts/lib/verify/types.ts';
// Declares the type of inject('testServer').
import type {} from '../support/global-setup.ts';

const cases = readCorpus();

/** Proves a schema of the corpus in a database of its own. */
async function prove(one: CorpusCase, sql: string): Promise<Certificate> {
  const server = inject('testServer');
  const cluster = await connectCluster(server.superUrl);
  const database = await cloneDatabase(cluster, server.templates.empty);
  try {
    const url = cluster.urlFor(database);
    await withClient(url, (client) => client.query(sql));
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

const tell = (certificate: Certificate): string[] =>
  certificate.findings
    .filter(({ level }) => level !== 'note')
    .map(({ id, level, message }) => `${level} ${id}: ${message}`);

it('has at least 40 cases', () => {
  expect(cases.length).toBeGreaterThanOrEqual(40);
});

describe.each(cases)('$name', (one) => {
  it(`finds the flaw: ${one.title}`, async () => {
    const certificate = await prove(one, one.bad);
    const found = certificate.findings.filter(
      ({ level, rule, object, verb }) =>
        level === 'leak' &&
        one.rule.includes(rule) &&
        one.object === object &&
        (one.verbs === undefined || one.verbs.includes(verb)),
    );
    expect(found, tell(certificate).join('\n')).not.toEqual([]);
    expect(certificate.summary.result).toBe('leak');
  });

  it('is silent about the twin', async () => {
    const certificate = await prove(one, one.good);
    expect(tell(certificate)).toEqual([]);
    expect(certificate.summary.result).toBe('proven');
  });
});
