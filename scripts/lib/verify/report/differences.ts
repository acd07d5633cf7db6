/** Differences between certificates, as text for a terminal or a pull request. */
import pc from 'picocolors';
import type { Finding } from '../types.ts';
import type { Status } from './cells.ts';
import {
  type CellDifference,
  type Difference,
  type FindingDifference,
  severity,
} from './compare.ts';
import { groupBy } from './order.ts';
import { printable } from './printable.ts';
import type { Colors } from './terminal-matrix.ts';

const SIGN = { appeared: '+', vanished: '-', changed: '~' } as const;

/** How many names are listed before the rest is counted. */
const NAMES = 4;

function listed(names: readonly string[]): string {
  const different = [...new Set(names)].map(printable);
  const rest = different.length - NAMES;
  return rest > 0
    ? `${different.slice(0, NAMES).join(', ')} and ${rest} more`
    : different.join(', ');
}

function tone(difference: Difference, colors: Colors): (text: string) => string {
  return [colors.red, (text: string): string => text, colors.green][severity(difference)] ?? String;
}

function levelOf(finding: Finding): string {
  return finding.exception === undefined ? finding.level : `accepted ${finding.level}`;
}

function findingLine(group: readonly FindingDifference[], colors: Colors): readonly string[] {
  return group.slice(0, 1).flatMap((one) => {
    const finding = one.after ?? one.before;
    if (!finding) {
      return [];
    }
    const levels =
      one.before && one.after ? `${levelOf(one.before)} → ${levelOf(one.after)}` : levelOf(finding);
    const actors = group.flatMap((each) => (each.after ?? each.before)?.actor || []);
    const who = actors.length === 0 ? '' : ` · ${listed(actors)}`;
    const reason = finding.exception === undefined ? '' : `\n    ${printable(finding.exception)}`;
    const head = `${SIGN[one.change]} ${levels}: ${finding.rule} ${printable(finding.object)} · ${finding.verb}${who}`;
    return [`  ${tone(one, colors)(head)}\n    ${printable(finding.message)}${reason}`];
  });
}

function changeOf(before: Status | undefined, after: Status | undefined): string {
  return before && after ? `${before} → ${after}` : (after ?? before ?? '');
}

function cellLine(group: readonly CellDifference[], colors: Colors): readonly string[] {
  return group.slice(0, 1).map((one) => {
    const cells = `${group.length} ${group.length === 1 ? 'cell' : 'cells'}`;
    const what = `${SIGN[one.change]} ${printable(one.object)} (${one.target}): ${changeOf(one.before, one.after)}`;
    const verbs = listed(group.map((each) => each.verb));
    const who = listed(group.map((each) => each.actor));
    return `  ${tone(one, colors)(what)} ${colors.dim(`· ${cells}: ${verbs} · ${who}`)}`;
  });
}

function findingKey(one: FindingDifference): string {
  const side = (finding: Finding | undefined): readonly unknown[] | null =>
    finding ? [finding.level, finding.exception ?? null] : null;
  const { rule, object, verb } = one.after ?? one.before ?? {};
  return JSON.stringify([side(one.before), side(one.after), rule, object, verb]);
}

function cellKey(one: CellDifference): string {
  return JSON.stringify([one.object, one.target, one.before ?? null, one.after ?? null]);
}

/** Differences as text: the same change for several actors or verbs in one line, red what is worse, green what is better. */
export function renderDifferences(
  differences: readonly Difference[],
  options: { readonly color?: boolean } = {},
): string {
  const colors = pc.createColors(options.color ?? pc.isColorSupported);
  if (differences.length === 0) {
    return 'No differences.\n';
  }
  const findings = differences.filter((one) => one.what === 'finding');
  const cells = differences.filter((one) => one.what === 'cell');
  const findingLines = [...groupBy(findings, findingKey).values()].flatMap((group) =>
    findingLine(group, colors),
  );
  const cellLines = [...groupBy(cells, cellKey).values()].flatMap((group) =>
    cellLine(group, colors),
  );
  const worse = differences.filter((one) => severity(one) === 0).length;
  const better = differences.filter((one) => severity(one) === 2).length;
  const total = `${findings.length} findings and ${cells.length} cells differ: ${worse} for the worse, ${better} for the better`;
  return [
    ...(findingLines.length > 0 ? [colors.bold('Findings'), ...findingLines, ''] : []),
    ...(cellLines.length > 0 ? [colors.bold('Cells'), ...cellLines, ''] : []),
    total,
    '',
  ].join('\n');
}
