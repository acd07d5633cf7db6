import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../paths.ts';
import { amount } from './report.ts';
import type { ContestResult, Measured, SuiteResult } from './types.ts';

const read = (suite: string): SuiteResult =>
  JSON.parse(readFileSync(join(rootDir, 'bench/results', `${suite}.json`), 'utf8')) as SuiteResult;

function times({ ratio, isAtLeast }: Measured): string {
  return `${isAtLeast ? 'over ' : ''}${ratio.toLocaleString('en')}×`;
}

/** The table of the README: what row level security costs, and how flat it stays. */
export function renderBenchSummary(): string {
  const rls = read('rls');
  const growth = read('growth');
  const rows = rls.contests.flatMap(({ title, reference, runs: [own, , naive, perRow] }) =>
    own && naive && perRow
      ? [
          `| ${title} | ${amount(reference.perSecond, 'time')} | **${times(own)}** | ${times(naive)} | ${times(perRow)} |`,
        ]
      : [],
  );
  const gate = rls.contests.find(({ id }) => id === 'gate')?.runs[0];
  const flat = growth.contests.flatMap((contest: ContestResult) =>
    contest.runs.filter(({ goal }) => goal !== undefined).map(({ ratio }) => ratio),
  );
  return [
    '| | by hand, without row level security | as shipped | `exists (…) or is admin` | a function of the row |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `The gate takes ${gate ? amount(gate.perSecond, 'time') : '?'} within a statement. Calls on a platform of 10,000 companies with 36 months of history take`,
    `${Math.min(...flat)} to ${Math.max(...flat)} times what they take on one of 10 with one month. Measured on ${rls.date} (${rls.processors} processors, ${rls.scale}).`,
    '',
  ].join('\n');
}
