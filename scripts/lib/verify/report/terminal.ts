/** The certificate for a terminal: the matrix, what was found, and the result in the last line. */
import pc from 'picocolors';
import type { Certificate } from '../types.ts';
import { flawsOf } from './flaws.ts';
import { LEVEL_TITLES, LEVELS } from './order.ts';
import { printable } from './printable.ts';
import { renderException, renderFlaw } from './terminal-findings.ts';
import { type Colors, renderMatrix } from './terminal-matrix.ts';

/** How to print. */
export interface TerminalOptions {
  /** Default: whether stdout shows colours. */
  readonly color?: boolean;
  /** Default: 120. */
  readonly width?: number;
  /** Every actor and object on its own, whole scripts and results. */
  readonly verbose?: boolean;
}

function heading(certificate: Certificate, colors: Colors): string {
  const { tenancy } = certificate;
  const facts = [
    `PostgreSQL ${certificate.server}`,
    `tenant column ${tenancy.column}`,
    ...(tenancy.root ? [`companies in ${tenancy.root}`] : []),
    ...(tenancy.membership ? [`members in ${tenancy.membership}`] : []),
  ];
  return `${colors.bold('Isolation of companies')} ${colors.dim(printable(facts.join(' · ')))}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The result in one line. */
export function summaryLine(certificate: Certificate, colors: Colors): string {
  const { summary } = certificate;
  const found = [
    [summary.leaks, counted(summary.leaks, 'leak', 'leaks')],
    [summary.unproven, `${summary.unproven} unproven`],
    [summary.notCovered, `${summary.notCovered} not covered`],
    [summary.excepted, `${summary.excepted} excepted`],
    [summary.notes, counted(summary.notes, 'note', 'notes')],
  ] as const;
  const tried = [
    `${summary.cells} cells: ${summary.denied} denied, ${summary.allowed} allowed`,
    counted(summary.statements, 'statement', 'statements'),
  ];
  const result = {
    proven: colors.green('✔ isolation proven'),
    leak: colors.red(colors.bold('✘ isolation broken')),
    unproven: colors.yellow('? isolation not proven'),
  }[summary.result];
  const counts = found.filter(([count]) => count > 0).map(([, text]) => text);
  return `${[result, ...(counts.length > 0 ? [counts.join(', ')] : [])].join(': ')} ${colors.dim(`· ${tried.join(' · ')}`)}`;
}

/** The whole certificate as text. */
export function renderCertificate(certificate: Certificate, options: TerminalOptions = {}): string {
  const colors = pc.createColors(options.color ?? pc.isColorSupported);
  const layout = { width: options.width ?? 120, verbose: options.verbose ?? false };
  const flaws = flawsOf(certificate.findings);
  const parts = [heading(certificate, colors), renderMatrix(certificate, colors, layout)];
  for (const level of LEVELS) {
    const open = flaws.filter(({ finding }) => finding.level === level && !finding.exception);
    if (open.length > 0) {
      const texts = open.map((flaw) => renderFlaw(flaw, certificate, colors, layout));
      // Notes are one line each.
      const between = level === 'note' && !layout.verbose ? '\n' : '\n\n';
      parts.push(colors.bold(LEVEL_TITLES[level]), texts.join(between));
    }
  }
  const excepted = flaws.filter(({ finding }) => finding.exception);
  if (excepted.length > 0) {
    const texts = excepted.map((flaw) => renderException(flaw, certificate, colors, layout.width));
    parts.push(colors.bold('Accepted by exception'), texts.join('\n'));
  }
  parts.push(summaryLine(certificate, colors));
  return `${parts.join('\n\n')}\n`;
}
