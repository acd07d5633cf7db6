import type { ContestResult, Measured, Suite, SuiteResult } from './types.ts';

const BAR_LEFT = 250;
const BAR_SPAN = 400;
const ROW = 22;

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A bar for each run, with its spread and a tick where its goal is. Far apart, they stand on a logarithmic scale. */
export function renderChart(contest: ContestResult): string {
  const most = Math.max(1, ...contest.runs.flatMap(({ high, goal }) => [high, goal ?? 0]));
  const isWide = contest.shows === 'time' && most > 20;
  const share = (ratio: number): number =>
    isWide ? Math.max(0, Math.log(ratio / 0.5) / Math.log(most / 0.5)) : ratio / most;
  const x = (ratio: number): string => (BAR_LEFT + share(ratio) * BAR_SPAN).toFixed(1);
  const height = ROW * contest.runs.length + 8;
  const rows = contest.runs.map(({ name, ratio, low, high, goal }, index) => {
    const top = index * ROW + 6;
    const middle = top + 7;
    return [
      `<text x="${BAR_LEFT - 8}" y="${top + 11}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${BAR_LEFT}" y="${top}" width="${(share(ratio) * BAR_SPAN).toFixed(1)}" height="14" fill="#3ecf8e"/>`,
      `<line x1="${x(low)}" y1="${middle}" x2="${x(high)}" y2="${middle}" stroke="#1c1c1c"/>`,
      ...(goal === undefined
        ? []
        : [
            `<line x1="${x(goal)}" y1="${top - 2}" x2="${x(goal)}" y2="${top + 16}" stroke="#d33" stroke-width="2"/>`,
          ]),
      `<text x="${BAR_LEFT + BAR_SPAN + 8}" y="${top + 11}">${ratio}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(contest.title)}</title>`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

/** Events a second, or what one takes. */
export function amount(perSecond: number, shows: ContestResult['shows']): string {
  if (shows === undefined) {
    return perSecond.toLocaleString('en');
  }
  const milliseconds = 1000 / perSecond;
  return milliseconds < 1
    ? `${Math.round(milliseconds * 1000)} µs`
    : `${Number(milliseconds.toPrecision(3)).toLocaleString('en')} ms`;
}

/** A goal may be a fraction, such as two thirds. */
function rounded(goal: number): number {
  return Number(goal.toPrecision(3));
}

function row(
  measured: Measured,
  before: Measured | undefined,
  shows: ContestResult['shows'],
): string {
  const { name, perSecond, ratio, low, high, goal, isAtLeast } = measured;
  const more = isAtLeast ? 'over ' : '';
  const cells = [
    name,
    `${more}${amount(perSecond, shows)}`,
    `**${more}${ratio.toLocaleString('en')}**`,
    low === high ? '' : `${low} – ${high}`,
    goal === undefined ? '' : `${rounded(goal)}`,
    before === undefined ? '' : before.ratio.toLocaleString('en'),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The goals that were not met, each in a line; why stands where reasons are written by hand. */
function missedGoals({ contests }: SuiteResult): string[] {
  const lines = contests.flatMap(({ title, runs, shows }) =>
    runs
      .filter(({ ratio, goal }) => goal !== undefined && (shows ? ratio > goal : ratio < goal))
      .map(
        ({ name, ratio, goal }) => `- ${title}: ${name} ${ratio} instead of ${rounded(goal ?? 0)}`,
      ),
  );
  return lines.length === 0
    ? []
    : [
        'Goals missed; [why](../../docs/performance.md#what-isolation-costs), and [where the time goes](profile.md):',
        '',
        ...lines,
        '',
      ];
}

/** The page of a suite's results; `before` are those that were committed last. */
export function renderPage(
  suite: Suite,
  result: SuiteResult,
  before: SuiteResult | undefined,
): string {
  const parts = result.contests.map((contest) => {
    const earlier = before?.contests.find(({ id }) => id === contest.id);
    const chart = chartName(suite.name, contest.id);
    return [
      `## ${contest.title}`,
      '',
      `${contest.clients} ${contest.clients === 1 ? 'session' : 'sessions'}; 1.0 is *${contest.reference.name}*: ${amount(contest.reference.perSecond, contest.shows)}${contest.shows ? '' : ' a second'}.`,
      '',
      `| | ${contest.shows ? 'one takes' : 'a second'} | ratio | spread | goal | before |`,
      '| --- | ---: | ---: | ---: | ---: | ---: |',
      ...contest.runs.map((run) =>
        row(
          run,
          earlier?.runs.find(({ name }) => name === run.name),
          contest.shows,
        ),
      ),
      '',
      `![${contest.title}](${chart})`,
      '',
    ].join('\n');
  });
  return [
    `# ${suite.title}`,
    '',
    `Written by \`npm run bench -- --only ${suite.name}\` (${result.scale}) on ${result.date}: PostgreSQL ${result.postgres}, ${result.processors} processors, the load generator on the same ones.`,
    'Each ratio is the median of its rounds; red ticks are goals.',
    '',
    suite.about.trim(),
    '',
    ...missedGoals(result),
    ...parts,
  ].join('\n');
}

/** The file of a contest's chart, beside the page. */
export function chartName(suite: string, contest: string): string {
  return `${suite}-${contest}.svg`;
}
