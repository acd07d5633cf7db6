import Table from 'cli-table3';
import { Command } from 'commander';
import { parseArguments } from './lib/arguments.ts';
import { readCells } from './lib/company/capacity.ts';
import { parseCells, withCells } from './lib/company/cells.ts';
import { planMoves, TOLERANCE } from './lib/company/plan.ts';
import { checkedUrl } from './lib/database.ts';
import { EXIT, main, UserError } from './lib/errors.ts';

/** Says which companies should move so that cells bear what their weight says. */
await main(import.meta.url, async () => {
  const command = parseArguments(
    withCells(new Command(process.env.LYTBUB_COMMAND ?? 'npm run company:plan-moves --'))
      .description('Plans moves of companies that level cells. Moves nothing.')
      .option(
        '--directory <url>',
        'the database of the home project: weights, states, regions, what is pinned',
      )
      .option(
        '--tolerance <percent>',
        'how much more than its share a cell may have',
        String(TOLERANCE * 100),
      )
      .option('--json', 'print the plan as JSON')
      .addHelpText(
        'after',
        '\nExit codes: 0 planned, 1 a cell stays too full, 2 wrong arguments, 4 a database failed.',
      ),
  );
  const options = command.opts<{
    cell: string[];
    directory?: string;
    tolerance: string;
    json?: boolean;
  }>();
  const tolerance = Number(options.tolerance) / 100;
  if (!(tolerance >= 0 && tolerance <= 1)) {
    throw new UserError('--tolerance is 0 to 100 percent.');
  }
  const cells = await readCells(
    parseCells(options.cell),
    options.directory === undefined ? undefined : checkedUrl(options.directory, '--directory'),
  );
  const plan = planMoves(cells, tolerance);
  const code = plan.stuck.length > 0 ? EXIT.failed : EXIT.ok;
  if (options.json) {
    console.log(JSON.stringify(plan));
    return code;
  }
  const table = new Table({ head: ['cell', 'now', 'then'], style: { head: [], border: [] } });
  const percent = (fill: number): string =>
    Number.isFinite(fill) ? `${(fill * 100).toFixed(0)} %` : 'to be emptied';
  for (const { cell, before, after } of plan.fill) {
    table.push([cell, percent(before), percent(after)]);
  }
  console.log(table.toString());
  for (const { slug, from, to, bytes } of plan.moves) {
    const directory =
      options.directory === undefined ? '' : ` --directory "$DIRECTORY" --cell ${to}`;
    console.log(
      `npm run company:move -- --company ${slug} --db "$${variable(from)}" --to "$${variable(to)}"${directory}   # ${(bytes / 1e6).toFixed(1)} MB`,
    );
  }
  if (plan.moves.length === 0) {
    console.log('Nothing has to move.');
  }
  if (plan.stuck.length > 0) {
    console.log(
      `Too full, and nothing that may move fits elsewhere: ${plan.stuck.join(', ')}. Add a cell, or lift pins and regions.`,
    );
  }
  return code;
});

/** The shell variable that has the URL of a cell's database. */
function variable(cell: string): string {
  return cell.toUpperCase().replaceAll('-', '_');
}
