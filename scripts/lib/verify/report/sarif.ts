/** The findings as SARIF 2.1.0, for code scanning. */
import { createHash } from 'node:crypto';
import type { Log, ReportingDescriptor, Result } from 'sarif';
import { type Certificate, type Finding, RULES, type Rule } from '../types.ts';
import { type Flaw, flawsOf, whoSees } from './flaws.ts';
import type { Locate } from './locate.ts';

/** How to write the findings. */
export interface SarifOptions {
  /** Where an object is defined. */
  readonly locate?: Locate;
  /**
   * What becomes of findings that an exception accepts. `mark`: they stand there with a suppression. `omit`: they do
   * not; for GitHub, which takes no notice of suppressions and would show them as open.
   */
  readonly excepted?: 'mark' | 'omit';
}

/** Where a finding is shown whose object is in no migration. */
const ELSEWHERE = { file: 'supabase/migrations', line: 1 };

const LEVEL = {
  leak: 'error',
  unproven: 'warning',
  'not covered': 'warning',
  note: 'note',
} as const satisfies Record<Finding['level'], Result.level>;

/** Rules that do not accuse anybody. Findings of the others are leaks unless they say otherwise. */
const MILD: Readonly<Partial<Record<Rule, Result.level>>> = {
  'planner-estimate': 'note',
  'unguessable-id': 'note',
  'not-a-denial': 'warning',
  'no-control': 'warning',
  'not-covered': 'warning',
};

function ruleOf([id, meaning]: readonly [string, string]): ReportingDescriptor {
  const level = MILD[id as Rule] ?? 'error';
  const sentence = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`;
  const help = `${sentence} The finding says who gets what, and what to do about it. It was seen in a database with two synthetic companies; the certificate holds the script that shows it again.`;
  return {
    id,
    name: id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: sentence },
    fullDescription: { text: sentence },
    help: { text: help, markdown: help },
    defaultConfiguration: { level },
    properties: {
      tags: ['security', 'multi-tenancy'],
      precision: 'very-high',
      ...(level === 'error' ? { 'security-severity': '8.0' } : {}),
    },
  };
}

/** A sentence with its full stop, in which no brackets make a link. */
function sentence(text: string): string {
  const safe = text.replace(/\](?=\()/g, '] ');
  return /[.!?…]$/.test(safe) ? safe : `${safe}.`;
}

function messageOf(flaw: Flaw, certificate: Certificate): string {
  const { finding, actors } = flaw;
  const who = actors.length > 1 ? [`Seen by ${whoSees(flaw, certificate)}`] : [];
  return [finding.message, ...who, `Fix: ${finding.fix}`].map(sentence).join(' ');
}

/** The same for the same flaw in every run, wherever the migrations move to. */
function fingerprint({ rule, object, verb }: Finding): string {
  return createHash('sha256')
    .update(JSON.stringify([rule, object, verb]))
    .digest('hex')
    .slice(0, 32);
}

function resultOf(flaw: Flaw, certificate: Certificate, locate: Locate | undefined): Result {
  const { finding, actors } = flaw;
  const place = locate?.(finding.object) ?? ELSEWHERE;
  return {
    ruleId: finding.rule,
    ruleIndex: Object.keys(RULES).indexOf(finding.rule),
    level: LEVEL[finding.level],
    message: { text: messageOf(flaw, certificate) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(place.file), uriBaseId: '%SRCROOT%' },
          region: { startLine: place.line },
        },
        logicalLocations: [{ fullyQualifiedName: finding.object, kind: finding.kind }],
      },
    ],
    // An empty list says that the finding counts; none at all would leave it open.
    suppressions:
      finding.exception === undefined
        ? []
        : [{ kind: 'external', status: 'accepted', justification: finding.exception }],
    properties: {
      verdict: finding.level,
      verb: finding.verb,
      actors: [...actors],
      ...(finding.evidence ? { sql: finding.evidence.sql } : {}),
    },
  };
}

/** Numbers results that share a fingerprint, as the same flaw does that is accepted for some actors only. */
function withFingerprints(flaws: readonly Flaw[], results: readonly Result[]): Result[] {
  const used = new Map<string, number>();
  return results.map((result, index) => {
    const finding = flaws[index]?.finding;
    const hash = finding ? fingerprint(finding) : '';
    const number = (used.get(hash) ?? 0) + 1;
    used.set(hash, number);
    return { ...result, partialFingerprints: { primaryLocationLineHash: `${hash}:${number}` } };
  });
}

/** The findings as SARIF: each flaw one result, whoever sees it. */
export function toSarif(certificate: Certificate, options: SarifOptions = {}): string {
  const flaws = flawsOf(certificate.findings).filter(
    ({ finding }) => options.excepted !== 'omit' || finding.exception === undefined,
  );
  const results = flaws.map((flaw) => resultOf(flaw, certificate, options.locate));
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Isolation prover',
            version: certificate.tool,
            rules: Object.entries(RULES).map(ruleOf),
          },
        },
        automationDetails: { id: 'isolation/' },
        columnKind: 'utf16CodeUnits',
        results: withFingerprints(flaws, results),
        properties: { server: certificate.server, ...certificate.summary },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
