/** Findings for a terminal. */
import type { Certificate, Evidence, Finding } from '../types.ts';
import { type Flaw, whoSees } from './flaws.ts';
import { excerpt, printable, wrap } from './printable.ts';
import { type Colors, paint, SIGNS } from './terminal-matrix.ts';

interface Layout {
  readonly width: number;
  readonly verbose: boolean;
}

/** How many lines of a script and of a result are shown. */
const SHORT = { script: 6, result: 4 };
const WHOLE = { script: 400, result: 400 };

const LABEL_WIDTH = 10;

/** What stands in every script and tells nothing. */
const FRAME = /^(?:savepoint attempt;|rollback to savepoint attempt;|)$/;

function labelled(
  label: string,
  lines: readonly string[],
  style: (text: string) => string,
): readonly string[] {
  return lines.map(
    (line, index) => `  ${style((index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`,
  );
}

function evidenceLines(evidence: Evidence, colors: Colors, layout: Layout): readonly string[] {
  const limit = layout.verbose ? WHOLE : SHORT;
  const width = layout.verbose ? Number.POSITIVE_INFINITY : layout.width - LABEL_WIDTH - 2;
  const part = (label: string, text: string | undefined, lines: number): readonly string[] =>
    text === undefined
      ? []
      : labelled(label, excerpt(text === '' ? '(nothing)' : text, lines, width), colors.dim);
  const script = layout.verbose
    ? evidence.sql
    : evidence.sql
        .split('\n')
        .filter((line) => !FRAME.test(line.trim()))
        .join('\n');
  return [
    ...part('psql', script, limit.script),
    ...part('with B', evidence.withVictim, limit.result),
    ...part('without B', evidence.withoutVictim, limit.result),
    ...part('damage', evidence.damage, limit.result),
    ...part(
      'control',
      evidence.control && `${evidence.control.by}: ${evidence.control.result}`,
      limit.result,
    ),
  ];
}

function title(finding: Finding, colors: Colors): string {
  const status = finding.level === 'note' ? 'denied' : finding.level;
  const sign = finding.level === 'note' ? colors.dim('i') : paint(colors, status, SIGNS[status]);
  return `${sign} ${colors.bold(finding.rule)} ${printable(finding.object)} ${colors.dim(`· ${finding.verb}`)}`;
}

function wrapped(label: string, text: string, colors: Colors, width: number): readonly string[] {
  return labelled(label, wrap(printable(text), width - LABEL_WIDTH - 2), colors.dim);
}

/** One flaw: what, who, how to close it, how to see it. A note is one line. */
export function renderFlaw(
  flaw: Flaw,
  certificate: Certificate,
  colors: Colors,
  layout: Layout,
): string {
  const { finding } = flaw;
  const who = whoSees(flaw, certificate);
  if (finding.level === 'note' && !layout.verbose) {
    return `${title(finding, colors)}: ${printable(finding.message)}`;
  }
  return [
    title(finding, colors),
    ...wrapped('', finding.message, colors, layout.width),
    ...(flaw.actors.length > 1 ? wrapped('seen by', who, colors, layout.width) : []),
    ...wrapped('fix', finding.fix, colors, layout.width),
    ...(finding.evidence ? evidenceLines(finding.evidence, colors, layout) : []),
  ].join('\n');
}

/** One accepted flaw: what, who and why, in a line or two. */
export function renderException(
  flaw: Flaw,
  certificate: Certificate,
  colors: Colors,
  width: number,
): string {
  const { finding } = flaw;
  const who =
    flaw.actors.length === 0 ? '' : colors.dim(` · ${printable(whoSees(flaw, certificate))}`);
  const head = `${paint(colors, 'excepted', SIGNS.excepted)} ${finding.level} ${colors.bold(finding.rule)} ${printable(finding.object)} ${colors.dim(`· ${finding.verb}`)}${who}`;
  return [head, ...wrapped('because', finding.exception ?? '', colors, width)].join('\n');
}
