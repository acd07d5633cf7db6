import pc from 'picocolors';
import type { Area, Finding, Severity } from './types.ts';

const MARKS: Record<Severity, string> = {
  error: pc.red('✘ error'),
  warning: pc.yellow('! warning'),
  info: pc.cyan('· info'),
  ok: pc.green('✔ ok'),
};

/** Longer statements are printed by `--sql` and `--json`. */
const MOST_LINES = 6;

/** The findings for a human: a paragraph each, under the title of its area. */
export function describeFindings(
  findings: readonly Finding[],
  areas: readonly Area[],
  withOk: boolean,
): string {
  const parts: string[] = [];
  for (const { area, title } of areas) {
    const own = findings.filter(
      (finding) => finding.area === area && (withOk || finding.severity !== 'ok'),
    );
    if (own.length > 0) {
      parts.push(pc.bold(title), ...own.map(describe));
    }
  }
  return [...parts, summarize(findings)].join('\n\n');
}

function describe(finding: Finding): string {
  const lines = [
    `${MARKS[finding.severity]} ${pc.dim(finding.check_id)}  ${finding.finding}`,
    `  ${finding.explanation}`,
  ];
  if (finding.mend) {
    lines.push(`  ${pc.bold('Mend:')} ${finding.mend}`);
  }
  if (finding.mend_sql) {
    const sql = finding.mend_sql.split('\n');
    lines.push(
      ...(sql.length > MOST_LINES
        ? [pc.dim(`    ${sql[0]} … (${sql.length} lines: --sql)`)]
        : sql.map((line, index) => `    ${line}${index === sql.length - 1 ? ';' : ''}`)),
    );
  }
  return lines.join('\n');
}

/** How many of each severity. */
export function summarize(findings: readonly Finding[]): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
  const text = `${errors} errors, ${warnings} warnings, ${infos} for information`;
  return isSick(findings) ? text : `${pc.green('✔')} Nothing is wrong: ${text}.`;
}

/** True if there is anything to mend. */
export function isSick(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error' || severity === 'warning');
}

/** The statements that mend what was found, each once, to be read before they are run. */
export function mendScript(findings: readonly Finding[]): string {
  const seen = new Set<string>();
  const parts = findings
    .filter(({ severity }) => severity === 'error' || severity === 'warning')
    .flatMap(({ check_id, finding, mend_sql }) => {
      if (mend_sql === null || seen.has(mend_sql)) {
        return [];
      }
      seen.add(mend_sql);
      return [`-- ${check_id}: ${finding.replaceAll(/\s*\n\s*/g, ' ')}\n${mend_sql};`];
    });
  return parts.join('\n\n');
}
