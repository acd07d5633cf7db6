/**
 * The certificate as JUnit XML: a suite for each object, a case for each cell. A leak is a failure. What is unproven or
 * not covered is an error: the test could not tell, which must not look green. An accepted finding passes, with the
 * reason in its output.
 */
import type { Cell, Certificate, Finding } from '../types.ts';
import { cellReader, PROBLEMS, type Status } from './cells.ts';
import { groupBy } from './order.ts';

/** Characters that XML 1.0 cannot hold, not even escaped. */
const NO_XML = /(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

/** A text between tags. */
function xmlText(text: string): string {
  return text
    .replace(NO_XML, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>\r]/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** A text in an attribute. */
function xmlAttribute(text: string): string {
  return xmlText(text).replace(/["'\t\n]/g, (found) => `&#${found.charCodeAt(0)};`);
}

interface TestCase {
  readonly object: string;
  readonly name: string;
  readonly status: Status;
  readonly findings: readonly Finding[];
  readonly reason: string;
}

function detailOf({ findings, reason }: TestCase): string {
  const parts = findings.flatMap(({ message, fix, exception, evidence }) => [
    message,
    ...(exception === undefined ? [`fix: ${fix}`] : [`accepted: ${exception}`]),
    ...(evidence
      ? [
          evidence.sql,
          `with company B:\n${evidence.withVictim}`,
          ...(evidence.withoutVictim === undefined
            ? []
            : [`without company B:\n${evidence.withoutVictim}`]),
          ...(evidence.damage === undefined ? [] : [`damage:\n${evidence.damage}`]),
        ]
      : []),
  ]);
  return parts.length > 0 ? parts.join('\n') : reason;
}

function bodyOf(test: TestCase): string {
  const { status, findings, reason } = test;
  if (status === 'excepted') {
    return `<system-out>${xmlText(detailOf(test))}</system-out>`;
  }
  if (!PROBLEMS.has(status)) {
    return '';
  }
  const tag = status === 'leak' ? 'failure' : 'error';
  const type = findings[0]?.rule ?? status;
  const message = findings[0]?.message ?? (reason || status);
  return `<${tag} type="${xmlAttribute(type)}" message="${xmlAttribute(message)}">${xmlText(detailOf(test))}</${tag}>`;
}

function caseXml(test: TestCase): string {
  const head = `<testcase classname="${xmlAttribute(test.object)}" name="${xmlAttribute(test.name)}" time="0"`;
  const body = bodyOf(test);
  return body === '' ? `    ${head}/>` : `    ${head}>${body}</testcase>`;
}

function suiteXml(object: string, tests: readonly TestCase[]): string {
  return [
    `  <testsuite name="${xmlAttribute(object)}" ${countsOf(tests)} skipped="0" time="0">`,
    ...tests.map(caseXml),
    '  </testsuite>',
  ].join('\n');
}

function countsOf(tests: readonly TestCase[]): string {
  const failures = tests.filter((test) => test.status === 'leak').length;
  const problems = tests.filter((test) => PROBLEMS.has(test.status)).length;
  return `tests="${tests.length}" failures="${failures}" errors="${problems - failures}"`;
}

/** Cases for findings that no cell stands for; they must not get lost. */
function looseCases(findings: readonly Finding[], shown: ReadonlySet<Finding>): TestCase[] {
  return findings
    .filter((finding) => finding.level !== 'note' && !shown.has(finding))
    .map((finding) => ({
      object: finding.object,
      name: [finding.actor, finding.verb, finding.rule].filter((part) => part !== '').join(' · '),
      status:
        finding.level === 'note' || finding.exception !== undefined ? 'excepted' : finding.level,
      findings: [finding],
      reason: finding.message,
    }));
}

/** The certificate as JUnit XML. */
export function toJunit(certificate: Certificate): string {
  const reader = cellReader(certificate);
  const shown = new Set<Finding>();
  const caseOf = (cell: Cell): TestCase => {
    const findings = reader.findings(cell);
    for (const finding of findings) {
      shown.add(finding);
    }
    return {
      object: cell.object,
      name: `${cell.actor} · ${cell.verb} · ${cell.target}`,
      status: reader.status(cell),
      findings,
      reason: cell.reason ?? '',
    };
  };
  const cases = certificate.cells.map(caseOf);
  const all = [...cases, ...looseCases(certificate.findings, shown)];
  const suites = groupBy(all, (test) => test.object);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="isolation" ${countsOf(all)} time="0">`,
    ...[...suites].map(([object, tests]) => suiteXml(object, tests)),
    '</testsuites>',
    '',
  ].join('\n');
}
