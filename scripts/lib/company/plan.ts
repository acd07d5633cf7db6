/** What a company weighs, as `company_capacity()` says it, and what holds it. */
export interface PlannedCompany {
  id: string;
  slug: string;
  bytes: number;
  writesPerSecond: number;
  /** Stays where it is: pinned, the operator company, or on the move. */
  isFixed: boolean;
  requiredRegion: string | null;
}

/** A cell with its companies. */
export interface PlannedCell {
  name: string;
  region: string | null;
  state: 'open' | 'draining' | 'closed';
  weight: number;
  companies: readonly PlannedCompany[];
}

/** A company that should go from one cell to another. */
export interface PlannedMove {
  company: string;
  slug: string;
  from: string;
  to: string;
  bytes: number;
}

/** A plan, and how full the cells are before and after: 1 is the share that their weight says. */
export interface Plan {
  moves: PlannedMove[];
  fill: { cell: string; before: number; after: number }[];
  /** Cells that stay too full, since nothing that may move fits elsewhere. */
  stuck: string[];
}

interface Load {
  cell: PlannedCell;
  load: number;
  /** What it should bear; 0 where it is to be emptied. */
  share: number;
}

/** How much more than its share a cell may have. */
export const TOLERANCE = 0.1;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Moves that level cells: none gets more than its share and the tolerance, none moves twice, what is pinned stays and
 * what has a region stays in it. From the fullest cell goes the company of the fewest bytes that is enough, else the
 * heaviest that fits, to the emptiest cell that may have it. The same cells give the same plan, in whatever order they
 * come; and once it is carried out, there is nothing more to move.
 */
export function planMoves(cells: readonly PlannedCell[], tolerance = TOLERANCE): Plan {
  const all = cells.flatMap(({ companies }) => companies);
  const total = (read: (company: PlannedCompany) => number): number =>
    all.reduce((sum, company) => sum + read(company), 0);
  const [bytes, writes] = [total((one) => one.bytes) || 1, total((one) => one.writesPerSecond)];
  // Half of what a company weighs is what it keeps, half what it does; where hardly anything is written, what it keeps.
  const weigh = (company: PlannedCompany): number =>
    writes < 1
      ? company.bytes / bytes
      : (company.bytes / bytes + company.writesPerSecond / writes) / 2;
  const weights = cells.reduce(
    (sum, { state, weight }) => sum + (state === 'open' ? weight : 0),
    0,
  );
  const sum = all.reduce((rest, company) => rest + weigh(company), 0);
  const loads: Load[] = [...cells]
    .sort((a, b) => byName(a.name, b.name))
    .map((cell) => ({
      cell,
      load: cell.companies.reduce((rest, company) => rest + weigh(company), 0),
      share: cell.state === 'open' && weights > 0 ? (sum * cell.weight) / weights : 0,
    }));
  const before = loads.map(({ load, share }) => fill(load, share));
  const limit = ({ share }: Load): number => share * (1 + tolerance);
  const epsilon = 1e-9;
  const moves: PlannedMove[] = [];
  const gone = new Set<string>();
  const stuck = new Set<Load>();

  const target = (company: PlannedCompany, from: Load): Load | undefined =>
    loads
      .filter(
        (to) =>
          to !== from &&
          to.cell.state === 'open' &&
          (company.requiredRegion === null || company.requiredRegion === to.cell.region) &&
          to.load + weigh(company) <= limit(to) + epsilon,
      )
      .sort(
        (a, b) => fill(a.load, a.share) - fill(b.load, b.share) || byName(a.cell.name, b.cell.name),
      )[0];

  while (true) {
    const from = loads
      .filter(
        (one) =>
          !stuck.has(one) &&
          // A cell that is closed to others is left alone; one that is drained is emptied to the last company.
          one.cell.state !== 'closed' &&
          one.load > limit(one) + (one.share > 0 ? epsilon : -1) &&
          one.cell.companies.some(({ id, isFixed }) => !isFixed && !gone.has(id)),
      )
      .sort(
        (a, b) => b.load - limit(b) - (a.load - limit(a)) || byName(a.cell.name, b.cell.name),
      )[0];
    if (!from) {
      break;
    }
    const excess = from.load - limit(from);
    const choices = from.cell.companies
      .filter(({ id, isFixed }) => !isFixed && !gone.has(id))
      .map((company) => ({ company, load: weigh(company), to: target(company, from) }))
      .filter(({ to, load }) => to !== undefined && (load > 0 || from.share === 0))
      .sort((a, b) => {
        const [isEnough, isOther] = [a.load >= excess - epsilon, b.load >= excess - epsilon];
        return (
          Number(isOther) - Number(isEnough) ||
          (isEnough ? a.company.bytes - b.company.bytes : b.load - a.load) ||
          byName(a.company.id, b.company.id)
        );
      });
    const [choice] = choices;
    if (!choice?.to) {
      stuck.add(from);
      continue;
    }
    const { company, load, to } = choice;
    // Room may have come up for what was stuck.
    stuck.clear();
    from.load -= load;
    to.load += load;
    gone.add(company.id);
    moves.push({
      company: company.id,
      slug: company.slug,
      from: from.cell.name,
      to: to.cell.name,
      bytes: company.bytes,
    });
  }
  return {
    moves,
    fill: loads.map(({ cell, load, share }, index) => ({
      cell: cell.name,
      before: before[index] ?? 0,
      after: fill(load, share),
    })),
    stuck: [...stuck].map(({ cell }) => cell.name).sort(byName),
  };
}

function fill(load: number, share: number): number {
  return share > 0 ? load / share : load > 1e-9 ? Number.POSITIVE_INFINITY : 0;
}
