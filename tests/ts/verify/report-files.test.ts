import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log, Result } from 'sarif';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toJunit } from '../../../scripts/lib/verify/report/junit.ts';
import { locateObjects } from '../../../scripts/lib/verify/report/locate.ts';
import { type SarifOptions, toSarif } from '../../../scripts/lib/verify/report/sarif.ts';
import { RULES } from '../../../scripts/lib/verify/types.ts';
import { brokenCertificate, provenCertificate } from './support/certificate.ts';
import { HOSTILE } from './support/findings.ts';

const broken = brokenCertificate();

describe('the SARIF report', () => {
  const runOf = (options: SarifOptions = {}) => {
    const [run] = (JSON.parse(toSarif(broken, options)) as Log).runs;
    return { rules: run?.tool.driver.rules ?? [], results: run?.results ?? [] };
  };
  const byRule = (results: readonly Result[], rule: string): Result | undefined =>
    results.find(({ ruleId }) => ruleId === rule);

  it('has what code scanning asks for', () => {
    const { rules, results } = runOf();
    expect(rules.map(({ id }) => id)).toEqual(Object.keys(RULES));
    for (const rule of rules) {
      expect(rule.help?.text).toContain(rule.shortDescription?.text);
    }
    for (const result of results) {
      expect(rules[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
      expect(result.message.text).toMatch(/\.$/);
      const [location] = result.locations ?? [];
      expect(location?.physicalLocation?.artifactLocation?.uri).toBe('supabase/migrations');
      expect(location?.physicalLocation?.region?.startLine).toBe(1);
      expect(location?.logicalLocations?.[0]?.fullyQualifiedName).toBeTruthy();
      expect(result.partialFingerprints?.primaryLocationLineHash).toMatch(/^[0-9a-f]{32}:\d+$/);
    }
  });

  it('says each flaw once, at the level of its verdict', () => {
    const { results } = runOf();
    expect(results.map(({ level }) => level)).toEqual([
      'error',
      'error',
      'error',
      'warning',
      'warning',
      'note',
    ]);
    expect(byRule(results, 'row-read')?.properties?.actors).toHaveLength(3);
    expect(byRule(results, 'row-read')?.message.text).toContain(
      'Seen by client of A, agent of A, anonymous.',
    );
  });

  it('suppresses what is accepted, with the reason, or leaves it away', () => {
    const { results } = runOf();
    expect(byRule(results, 'definer-search-path')?.suppressions).toEqual([
      {
        kind: 'external',
        status: 'accepted',
        justification: 'reviewed: the function reads nothing but its parameter',
      },
    ]);
    expect(byRule(results, 'row-read')?.suppressions).toEqual([]);
    const omitted = runOf({ excepted: 'omit' }).results;
    expect(byRule(omitted, 'definer-search-path')).toBeUndefined();
    expect(omitted).toHaveLength(results.length - 1);
  });

  it('keeps its fingerprints wherever an object is defined, and has none twice', () => {
    const prints = (results: readonly Result[]) =>
      results.map((result) => result.partialFingerprints?.primaryLocationLineHash);
    const { results } = runOf({ locate: () => ({ file: 'a b.sql', line: 7 }) });
    expect(prints(results)).toEqual(prints(runOf().results));
    expect(new Set(prints(results)).size).toBe(results.length);
    expect(results[0]?.locations?.[0]?.physicalLocation).toMatchObject({
      artifactLocation: { uri: 'a%20b.sql' },
      region: { startLine: 7 },
    });
  });

  it('makes no links of what a database says', () => {
    expect(toSarif(broken)).not.toContain('](');
  });
});

describe('locating objects', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'locate-'));
    const write = (name: string, ...lines: string[]) =>
      writeFileSync(join(directory, name), lines.join('\n'));
    write(
      '1_first.sql',
      '-- create table public.commented (id int);',
      'create table if not exists public.orders (id int);',
      'create unlogged table "public"."Odd ""Name" (id int);',
      'create view totals as select 1;',
      'create or replace function public.pay(p_id uuid, p_sum numeric(10, 2) default (1 + 2))',
      "returns void language sql as $$ create table public.inner_one () $$ /* it's */;",
      "select 'it''s', E'it\\'s create table public.quoted ()';",
      'create function public.pay(p_id uuid) returns void',
      'create publication everything;',
    );
    write(
      '2_second.sql',
      '',
      'CREATE MATERIALIZED VIEW Public.Revenue AS SELECT 1;',
      'create policy "a b" on public.orders using (true);',
      'create function list(out a int, out b int) as $fn$ $fn$',
    );
    write('notes.txt', 'create table public.notes ();');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    ['public.orders', '2_second.sql', 3],
    ['public.Odd "Name', '1_first.sql', 3],
    ['public."Odd ""Name"', '1_first.sql', 3],
    ['public.totals', '1_first.sql', 4],
    ['public.pay(uuid, numeric)', '1_first.sql', 5],
    ['public.pay(uuid)', '1_first.sql', 8],
    ['public.pay(a, b, c)', '1_first.sql', 8],
    ['everything', '1_first.sql', 9],
    ['public.revenue', '2_second.sql', 2],
    ['public.list()', '2_second.sql', 4],
  ])('finds %s', (object, file, line) => {
    expect(locateObjects(directory, directory)(object)).toEqual({ file, line });
  });

  it.each(['commented', 'inner_one', 'quoted', 'notes', 'nothing'])('does not find %s', (name) => {
    expect(locateObjects(directory, directory)(`public.${name}`)).toBeUndefined();
  });

  it('finds nothing where there is nothing', () => {
    expect(locateObjects(join(directory, 'missing'))('public.orders')).toBeUndefined();
  });

  it('finds the tables of this repository', () => {
    expect(locateObjects('supabase/migrations')('public.services')?.file).toMatch(
      /^supabase\/migrations\/\d+_.*\.sql$/,
    );
  });
});

interface Case {
  readonly name: string;
  readonly tags: string[];
  text: string;
}

/** Reads JUnit XML with a parser that refuses what is not well-formed. */
function readJunit(xml: string): { suites: string[]; root: Record<string, string>; cases: Case[] } {
  const parser = new SaxesParser();
  const suites: string[] = [];
  const cases: Case[] = [];
  let root: Record<string, string> = {};
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const values = attributes as Record<string, string>;
    if (name === 'testsuites') {
      root = values;
    } else if (name === 'testsuite') {
      suites.push(values.name ?? '');
    } else if (name === 'testcase') {
      cases.push({ name: `${values.classname} · ${values.name}`, tags: [], text: '' });
    } else {
      cases.at(-1)?.tags.push(name);
    }
  });
  parser.on('text', (text) => {
    const last = cases.at(-1);
    if (last) {
      last.text += text;
    }
  });
  parser.write(xml).close();
  return { suites, root, cases };
}

describe('the JUnit report', () => {
  const { suites, root, cases } = readJunit(toJunit(broken));
  const tagged = (tag: string) => cases.filter(({ tags }) => tags.includes(tag));

  it('has a suite for each object and a case for each cell', () => {
    expect(new Set(suites).size).toBe(broken.objects.length);
    expect(suites).toHaveLength(broken.objects.length);
    expect(cases).toHaveLength(broken.cells.length);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(root).toMatchObject({ tests: String(cases.length), failures: '4', errors: '7' });
  });

  it('fails for leaks, errs for what is not proven, passes what is accepted', () => {
    expect(tagged('failure')).toHaveLength(4);
    expect(tagged('error').map(({ name }) => name)).toContain(
      'supabase_realtime · anonymous · publish · other',
    );
    expect(tagged('system-out').map(({ name }) => name)).toEqual([
      'public.switch_company(uuid) · stranger · shadow · other',
    ]);
    expect(tagged('skipped')).toEqual([]);
    expect(readJunit(toJunit(provenCertificate())).root).toMatchObject({
      failures: '0',
      errors: '0',
    });
  });

  it('shows the evidence, also what XML cannot hold', () => {
    const text = tagged('failure').find(({ name }) => name.includes('services'))?.text;
    expect(text).toContain('select id, amount from public.invoices');
    expect(text).toContain(HOSTILE.replace('\u001b', '\\u001b').replace('\u0000', '\\u0000'));
  });

  it('loses no finding that has no cell', () => {
    const { root, cases } = readJunit(toJunit({ ...broken, cells: [] }));
    expect(root).toMatchObject({ failures: '4', errors: '2' });
    expect(cases).toHaveLength(7);
  });
});
