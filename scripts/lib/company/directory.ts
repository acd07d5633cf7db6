import type pg from 'pg';
import { EXIT, UserError } from '../errors.ts';
import { type Company, withSession } from './session.ts';

/** Where a company is, as the directory of the home project has it. */
export interface Placement {
  company_id: string;
  slug: string;
  cell: string;
  version: string;
  is_pinned: boolean;
  required_region: string | null;
}

/** A cell, as the directory has it. */
export interface Cell {
  name: string;
  region: string | null;
  state: 'open' | 'draining' | 'closed';
  weight: number;
}

/** Who is told where a company is: its active members, by the database that has it. */
async function membersOf(client: pg.ClientBase, companyId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from public.users where company_id = $1 and status = 'active' order by id`,
    [companyId],
  );
  return rows.map(({ id }) => id);
}

async function assign(
  directory: pg.ClientBase,
  company: Pick<Company, 'id' | 'slug'>,
  cell: string,
  members: string[],
): Promise<Placement> {
  const { rows } = await directory.query<Placement>(
    'select * from public.assign_company_cell($1, $2, $3, $4)',
    [company.id, cell, company.slug, members],
  );
  const [placement] = rows;
  if (!placement) {
    throw new Error('assign_company_cell() answered nothing');
  }
  return placement;
}

/** Tells the directory that a company is at a cell now. Done twice, it is done once. */
export async function announce(options: {
  directory: string;
  cell: string;
  company: string;
  /** The database of that cell. */
  at: string;
}): Promise<Placement> {
  return withSession(options.directory, (directory) =>
    withSession(options.at, async (there) => {
      const { rows } = await there.query<{ id: string; slug: string }>(
        'select id, slug from public.companies where $1 in (id::text, slug)',
        [options.company],
      );
      const [company] = rows;
      if (!company) {
        throw new UserError(`${options.company} is not at the database of ${options.cell}.`, {
          fix: 'state the cell at which it is with --cell',
        });
      }
      return assign(directory, company, options.cell, await membersOf(there, company.id));
    }),
  );
}

/** The cells and the companies of the directory. */
export async function readDirectory(
  url: string,
): Promise<{ cells: Cell[]; placements: Placement[] }> {
  return withSession(url, async (client) => {
    const cells = await client.query<Cell>(
      'select name, region, state, weight from public.list_cells()',
    );
    const placements: Placement[] = [];
    for (let after: string | null = null; ; ) {
      const { rows }: pg.QueryResult<Placement> = await client.query<Placement>(
        'select * from public.company_directory($1, 1000)',
        [after],
      );
      placements.push(...rows);
      if (rows.length < 1000) {
        return { cells: cells.rows, placements };
      }
      after = rows.at(-1)?.company_id ?? null;
    }
  });
}

/** What {@link syncDirectory} did. */
export interface Synced {
  added: string[];
  moved: string[];
  /** Companies that no cell has any more. */
  forgotten: string[];
  unchanged: number;
}

/**
 * Brings the directory to what the cells themselves say: which companies are open there, and who their members are. A
 * company that moves at the moment, or has moved away, is where its open copy is. Two cells with an open copy of the same
 * company are an error.
 */
export async function syncDirectory(
  url: string,
  cells: ReadonlyMap<string, string>,
): Promise<Synced> {
  const { cells: known, placements } = await readDirectory(url);
  const missing = known.filter(({ name }) => !cells.has(name)).map(({ name }) => name);
  const found = new Map<
    string,
    { company: Pick<Company, 'id' | 'slug'>; cell: string; members: string[] }
  >();
  for (const [cell, at] of cells) {
    await withSession(at, async (client) => {
      const { rows } = await client.query<{ id: string; slug: string }>(`
        select c.id, c.slug from public.companies as c
         where not c.is_operator and c.status <> 'closed' and not exists (
           select from private.company_moves as m
            where m.company_id = c.id and (m.direction = 'out' and m.state in ('switched', 'confirmed')
                                           or m.direction = 'in' and m.state in ('receiving', 'received')))
         order by c.id`);
      for (const company of rows) {
        const other = found.get(company.id);
        if (other) {
          throw new UserError(`${company.slug} is open at ${other.cell} and at ${cell}.`, {
            fix: 'close the copy that is not its own, then run this again',
            exitCode: EXIT.failed,
          });
        }
        found.set(company.id, { company, cell, members: await membersOf(client, company.id) });
      }
    });
  }
  const result: Synced = { added: [], moved: [], forgotten: [], unchanged: 0 };
  const before = new Map(placements.map((placement) => [placement.company_id, placement]));
  await withSession(url, async (directory) => {
    for (const { company, cell, members } of found.values()) {
      const old = before.get(company.id);
      await assign(directory, company, cell, members);
      if (!old) {
        result.added.push(company.slug);
      } else if (old.cell !== cell) {
        result.moved.push(company.slug);
      } else {
        result.unchanged += 1;
      }
    }
    for (const placement of placements) {
      // A cell that was not asked keeps its companies.
      if (!found.has(placement.company_id) && !missing.includes(placement.cell)) {
        await directory.query('select public.forget_company_cell($1)', [placement.company_id]);
        result.forgotten.push(placement.slug);
      }
    }
  });
  return result;
}
