import { EXIT, UserError } from '../errors.ts';
import { type Cell, readDirectory } from './directory.ts';
import type { PlannedCell } from './plan.ts';
import { withSession } from './session.ts';

/** What a company weighs, as `company_capacity()` says it. */
export interface Weight {
  company_id: string;
  slug: string;
  status: string;
  is_operator: boolean;
  row_count: number;
  bytes: number;
  writes_per_second: number;
  hot_share: number;
  is_exact: boolean;
}

/** What each company of a database weighs. */
export async function readCapacity(url: string): Promise<Weight[]> {
  return withSession(url, async (client) => {
    const { rows } = await client.query<Record<keyof Weight, unknown>>(
      'select * from public.company_capacity()',
    );
    return rows.map((row) => ({
      ...(row as unknown as Weight),
      row_count: Number(row.row_count),
      bytes: Number(row.bytes),
      writes_per_second: Number(row.writes_per_second),
      hot_share: Number(row.hot_share),
    }));
  });
}

/** Cells with what is in them: weights from each database, the rest from the directory, or as for new cells without one. */
export async function readCells(
  urls: ReadonlyMap<string, string>,
  directoryUrl?: string,
): Promise<PlannedCell[]> {
  const directory = directoryUrl === undefined ? undefined : await readDirectory(directoryUrl);
  const unknown = [...urls.keys()].filter(
    (name) => directory !== undefined && !directory.cells.some((cell) => cell.name === name),
  );
  if (unknown.length > 0) {
    throw new UserError(`The directory has no cell ${unknown.join(', ')}.`, {
      fix: 'make it with set_cell(), or state the name that it has there',
      exitCode: EXIT.usage,
    });
  }
  const placements = new Map(directory?.placements.map((one) => [one.company_id, one]));
  const cells: PlannedCell[] = [];
  for (const [name, url] of urls) {
    const known: Cell = directory?.cells.find((cell) => cell.name === name) ?? {
      name,
      region: null,
      state: 'open',
      weight: 100,
    };
    const weights = await readCapacity(url);
    cells.push({
      name,
      region: known.region,
      state: known.state,
      weight: known.weight,
      companies: weights
        // What is closed has moved away, or goes by itself.
        .filter(({ status }) => status !== 'closed')
        .map((weight) => ({
          id: weight.company_id,
          slug: weight.slug,
          bytes: weight.bytes,
          writesPerSecond: weight.writes_per_second,
          isFixed:
            weight.is_operator ||
            weight.status === 'moving' ||
            (placements.get(weight.company_id)?.is_pinned ?? false),
          requiredRegion: placements.get(weight.company_id)?.required_region ?? null,
        })),
    });
  }
  return cells;
}
