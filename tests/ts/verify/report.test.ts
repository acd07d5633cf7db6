import { describe, expect, it } from 'vitest';
import {
  compareCertificates,
  type Difference,
  severity,
} from '../../../scripts/lib/verify/report/compare.ts';
import { renderDifferences } from '../../../scripts/lib/verify/report/differences.ts';
import { flawsOf } from '../../../scripts/lib/verify/report/flaws.ts';
import { fromJson, toJson } from '../../../scripts/lib/verify/report/json.ts';
import { renderCertificate } from '../../../scripts/lib/verify/report/terminal.ts';
import type { Certificate } from '../../../scripts/lib/verify/types.ts';
import { brokenCertificate, provenCertificate } from './support/certificate.ts';
import { HOSTILE } from './support/findings.ts';

const ESCAPE = '\u001b';
const broken = brokenCertificate();
const proven = provenCertificate();

/** The same certificate as somebody else would have put it together. */
function shuffled(certificate: Certificate): Certificate {
  const turned = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).reverse()) as T;
  return turned({
    ...certificate,
    objects: certificate.objects.toReversed().map(turned),
    cells: certificate.cells.toReversed().map(turned),
    findings: certificate.findings.toReversed().map(turned),
  });
}

describe('flaws', () => {
  it('show what several actors see once', () => {
    const flaw = flawsOf(broken.findings).find(({ finding }) => finding.rule === 'row-read');
    expect(flaw?.findings).toHaveLength(3);
    expect(flaw?.finding.evidence).toBeDefined();
  });

  it('keep an accepted finding apart from one that counts', () => {
    const [first] = broken.findings;
    if (!first) {
      throw new Error('the fixture has no finding');
    }
    const other = { ...first, id: 'other', actor: 'stranger', exception: 'it is known' };
    expect(flawsOf([first, other])).toHaveLength(2);
  });
});

describe('the terminal report', () => {
  const plain = renderCertificate(broken, { color: false, width: 120 });

  it('is readable without colour', () => {
    expect(plain).not.toContain(ESCAPE);
    expect(plain).toMatch(/public\.invoices +✘ riud +✘ r +· +· +✘ +\+ riud/);
    expect(plain).toMatch(/ {2}public\.system_config +· r /);
    for (const text of ['? unproven', '○ not covered', '~ accepted', 'i insert', '(operator)']) {
      expect(plain).toContain(text);
    }
  });

  it('colours on demand, and says the same', () => {
    const coloured = renderCertificate(broken, { color: true, width: 120 });
    expect(coloured).toContain(`${ESCAPE}[31m`);
    const bare = coloured.replaceAll(new RegExp(`${ESCAPE}\\[\\d+m`, 'g'), '');
    expect(bare.replace(/ +$/gm, '')).toBe(plain.replace(/ +$/gm, ''));
  });

  it('prints a flaw once, with everybody who sees it', () => {
    expect(plain.match(/row-read public\.invoices/g)).toHaveLength(1);
    expect(plain).toContain('client of A, agent of A, anonymous');
  });

  it('says why what is accepted is accepted', () => {
    expect(plain).toContain('reviewed: the function reads nothing but its parameter');
  });

  it('shows cells of objects and actors that are not listed', () => {
    const actors = broken.actors.filter(({ name }) => name !== 'stranger');
    const objects = broken.objects.filter(({ name }) => name !== 'supabase_realtime');
    const text = renderCertificate({ ...broken, actors, objects }, { color: false });
    expect(text).toMatch(/^ +6 {2}stranger$/m);
    expect(text).toMatch(/^ {2}supabase_realtime +○ /m);
  });

  it('does not let an object on which nothing was tried pass for proven', () => {
    expect(plain).not.toContain('nothing tried');
    const cells = proven.cells.filter(({ object }) => object !== 'media');
    const text = renderCertificate({ ...proven, cells }, { color: false });
    expect(text).toMatch(/^ {2}media *$/m);
    expect(text).toContain('(blank) nothing tried');
  });

  it('ends with the result', () => {
    expect(plain.trimEnd().split('\n').at(-1)).toMatch(
      /^✘ isolation broken: 4 leaks, 1 unproven, 1 not covered, 1 excepted, 1 note/,
    );
    expect(renderCertificate(proven, { color: false })).toMatch(/✔ isolation proven · [^\n]+\n$/);
  });

  it('puts what is the same into one line or column', () => {
    expect(plain).toContain('public.api_usage_2025_01 and 11 alike');
    expect(renderCertificate(proven, { color: false })).toContain('removed client of A, stranger');
    const verbose = renderCertificate(proven, { color: false, verbose: true });
    expect(verbose).toContain('public.api_usage_2025_07');
    expect(verbose).not.toContain('removed client of A, stranger');
  });

  it.each([60, 80, 120])('keeps the matrix within %i columns', (width) => {
    const text = renderCertificate(proven, { color: false, width });
    const rows = text.split('\n').filter((line) => /^ {2}\S/.test(line));
    expect(rows.length).toBeGreaterThan(10);
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(width);
  });

  it('lets no text from the database steer the terminal', () => {
    const verbose = renderCertificate(broken, { color: false, verbose: true });
    expect(verbose).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    expect(verbose).toContain('\\u001b[2J');
  });
});

describe('the JSON report', () => {
  const text = toJson(broken);

  it('comes back as it was', () => {
    expect(toJson(fromJson(text))).toBe(text);
    expect(fromJson(text).summary).toEqual(broken.summary);
    const plain = (cells: Certificate['cells']) =>
      cells.map((cell) => JSON.stringify(Object.entries(cell).sort())).sort();
    expect(plain(fromJson(text).cells)).toEqual(plain(broken.cells));
    expect(JSON.parse(text).setup).toContain(HOSTILE);
  });

  it('does not depend on the order in which the prover worked', () => {
    expect(toJson(shuffled(broken))).toBe(text);
  });

  it('gives a cell a line, so that a difference shows it whole', () => {
    expect(text).toMatch(/^ {2}"format": 1,$/m);
    expect(text.match(/^ {4}\{"object":.*"verdict":.*\},?$/gm)).toHaveLength(broken.cells.length);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('refuses what is no certificate', () => {
    expect(() => fromJson('{', 'old.json')).toThrow('old.json is not JSON');
    expect(() => fromJson('{"format": 2}', 'old.json')).toThrow('old.json is not a certificate');
    const odd = text.replace('"verdict":"denied"', '"verdict":"fine"');
    expect(() => fromJson(odd)).toThrow('not a certificate');
  });
});

describe('a comparison', () => {
  const plain = (differences: readonly Difference[]): string =>
    renderDifferences(differences, { color: false });

  it('finds nothing between equals', () => {
    expect(compareCertificates(broken, shuffled(broken))).toEqual([]);
    expect(plain([])).toBe('No differences.\n');
  });

  it('finds what became worse, and in reverse what became better', () => {
    const worse = compareCertificates(proven, broken);
    expect(plain(worse)).toContain('+ leak: row-read public.invoices · select');
    expect(plain(worse)).toContain('~ public.invoices (other): denied → leak · 3 cells: select');
    // An exception is no reason for alarm.
    expect(plain(worse)).toContain('~ public.switch_company(uuid) (other): denied → excepted');
    expect(plain(worse)).toContain('for the worse, 0 for the better');
    expect(severity(worse[0] as Difference)).toBe(0);
    expect(plain(compareCertificates(broken, proven))).toContain(': 0 for the worse');
  });

  it('shows the loss of an exception', () => {
    const findings = broken.findings.map(({ exception, ...finding }) => finding);
    const differences = compareCertificates(broken, { ...broken, findings });
    expect(plain(differences)).toContain(
      '~ accepted leak → leak: definer-search-path public.switch_company(uuid)',
    );
    expect(plain(differences)).toContain('excepted → leak');
  });

  it('shows objects that come and go', () => {
    const cells = broken.cells.filter((cell) => cell.object !== 'public.users');
    const smaller = { ...broken, cells };
    expect(plain(compareCertificates(smaller, broken))).toContain('+ public.users (own): allowed');
    expect(plain(compareCertificates(broken, smaller))).toContain('- public.users (other): denied');
  });

  it('lets no text from the database steer the terminal', () => {
    expect(plain(compareCertificates(proven, broken))).not.toMatch(/(?!\n)\p{Cc}/u);
  });
});
