import type { Cell, Certificate, Finding } from '../../../../scripts/lib/verify/types.ts';

/** Counts what stands in a certificate. */
export function summarize(
  cells: readonly Cell[],
  findings: readonly Finding[],
): Certificate['summary'] {
  const open = findings.filter((one) => one.exception === undefined);
  const level = (name: Finding['level']): number => open.filter((one) => one.level === name).length;
  const verdict = (name: Cell['verdict']): number =>
    cells.filter((one) => one.verdict === name).length;
  const leaks = level('leak');
  const unproven = level('unproven');
  const notCovered = level('not covered');
  return {
    result: leaks > 0 ? 'leak' : unproven + notCovered > 0 ? 'unproven' : 'proven',
    leaks,
    unproven,
    notCovered,
    notes: level('note'),
    excepted: findings.length - open.length,
    cells: cells.length,
    denied: verdict('denied'),
    allowed: verdict('allowed'),
    statements: cells.reduce((sum, one) => sum + one.statements, 0),
  };
}
