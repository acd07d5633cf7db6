import type { Command } from 'commander';
import { checkedUrl } from '../database.ts';
import { UserError } from '../errors.ts';

/** Adds `--cell <name=url>`, once for each cell. */
export function withCells(command: Command): Command {
  return command.requiredOption(
    '--cell <name=url>',
    'a cell and its database; once for each cell',
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

/** Cells by name, with the URLs of their databases. */
export function parseCells(values: readonly string[]): Map<string, string> {
  const cells = new Map<string, string>();
  for (const value of values) {
    const [, name, url] = /^([a-z0-9][a-z0-9-]*)=(.+)$/.exec(value) ?? [];
    if (name === undefined || url === undefined || cells.has(name)) {
      throw new UserError('A cell is stated as name=url, each once.', {
        fix: 'for example --cell north="$NORTH" --cell south="$SOUTH"',
      });
    }
    cells.set(name, checkedUrl(url, `--cell ${name}`));
  }
  return cells;
}
