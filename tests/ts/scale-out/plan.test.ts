import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Plan,
  type PlannedCell,
  type PlannedCompany,
  planMoves,
  TOLERANCE,
} from '../../../scripts/lib/company/plan.ts';

const REGIONS = ['eu', 'us', null] as const;

const company = (prefix: string) =>
  fc
    .record({
      bytes: fc.integer({ min: 0, max: 1_000_000 }),
      writesPerSecond: fc.integer({ min: 0, max: 1000 }),
      isFixed: fc.boolean(),
      requiredRegion: fc.constantFrom(...REGIONS, null, null),
    })
    .map((one) => ({ ...one, prefix }));

const cells: fc.Arbitrary<PlannedCell[]> = fc
  .array(
    fc.record({
      region: fc.constantFrom(...REGIONS),
      state: fc.constantFrom('open', 'open', 'open', 'draining', 'closed') as fc.Arbitrary<
        PlannedCell['state']
      >,
      weight: fc.integer({ min: 1, max: 300 }),
      companies: fc.array(company('c'), { maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) =>
    list.map((cell, n) => ({
      ...cell,
      name: `cell-${n}`,
      companies: cell.companies.map((one, k) => ({
        ...one,
        id: `${n}-${k}`,
        slug: `company-${n}-${k}`,
      })),
    })),
  );

/** The cells after the moves. */
function apply(before: readonly PlannedCell[], { moves }: Plan): PlannedCell[] {
  const all = before.flatMap(({ companies }) => companies);
  const to = new Map(moves.map((move) => [move.company, move.to]));
  return before.map((cell) => ({
    ...cell,
    companies: [
      ...cell.companies.filter(({ id }) => !to.has(id)),
      ...all.filter(({ id }) => to.get(id) === cell.name),
    ],
  }));
}

const filled = (plan: Plan, cell: string) => plan.fill.find((one) => one.cell === cell);

describe('a plan of moves, whatever the cells', () => {
  const check = (property: (cells: PlannedCell[], plan: Plan) => void): void =>
    fc.assert(
      fc.property(cells, (list) => property(list, planMoves(list))),
      { numRuns: 300 },
    );

  it('overfills no cell, and none that it fills was too full', () =>
    check((_, plan) => {
      for (const { to } of plan.moves) {
        expect(filled(plan, to)?.after).toBeLessThanOrEqual(1 + TOLERANCE + 1e-6);
      }
    }));

  it('moves nothing that is fixed, nothing out of its region, nothing twice, and only to open cells', () =>
    check((list, plan) => {
      expect(new Set(plan.moves.map((move) => move.company)).size).toBe(plan.moves.length);
      for (const move of plan.moves) {
        const from = list.find(({ name }) => name === move.from);
        const to = list.find(({ name }) => name === move.to);
        const moved = from?.companies.find(({ id }) => id === move.company);
        expect(moved?.isFixed).toBe(false);
        expect(to?.state).toBe('open');
        expect(from?.state).not.toBe('closed');
        expect([null, to?.region]).toContain(moved?.requiredRegion);
      }
    }));

  it('is empty once it was carried out', () =>
    check((list, plan) => {
      expect(planMoves(apply(list, plan)).moves).toEqual([]);
    }));

  it('does not depend on the order in which cells and companies come', () =>
    check((list, plan) => {
      const turned = [...list]
        .reverse()
        .map((cell) => ({ ...cell, companies: [...cell.companies].reverse() }));
      expect(planMoves(turned).moves).toEqual(plan.moves);
    }));

  it('leaves a cell too full only where nothing that may move fits elsewhere, and says so', () =>
    check((list, plan) => {
      const full = plan.fill
        .filter(({ cell, after }) => {
          const { state, companies = [] } =
            apply(list, plan).find(({ name }) => name === cell) ?? {};
          return (
            state !== 'closed' &&
            (state === 'open' ? after > 1 + TOLERANCE + 1e-6 : companies.length > 0) &&
            companies.some(({ isFixed }) => !isFixed)
          );
        })
        .map(({ cell }) => cell);
      expect(plan.stuck).toEqual(expect.arrayContaining(full));
    }));
});

describe('a plan of moves', () => {
  const of = (slug: string, bytes: number, more: Partial<PlannedCompany> = {}): PlannedCompany => ({
    id: slug,
    slug,
    bytes,
    writesPerSecond: bytes,
    isFixed: false,
    requiredRegion: null,
    ...more,
  });
  const cell = (
    name: string,
    companies: PlannedCompany[],
    more: Partial<PlannedCell> = {},
  ): PlannedCell => ({ name, region: null, state: 'open', weight: 100, companies, ...more });
  const moved = (...list: PlannedCell[]): string[] =>
    planMoves(list).moves.map(({ slug, from, to }) => `${slug} ${from} ${to}`);

  it('takes the one company of the fewest bytes that is enough', () => {
    const a = [of('big', 60), of('middle', 36), of('small', 2), of('tiny', 2)];
    expect(moved(cell('a', a), cell('b', [of('other', 20)]))).toEqual(['middle a b']);
  });

  it('moves bytes that do much rather than bytes that lie', () => {
    const a = [
      of('lies', 50, { writesPerSecond: 0 }),
      of('writes', 10, { writesPerSecond: 50 }),
      of('rest', 40),
    ];
    expect(moved(cell('a', a), cell('b', [of('other', 60)]))).toEqual(['lies a b']);
    expect(moved(cell('a', a), cell('b', [of('other', 60, { writesPerSecond: 20 })]))).toEqual([
      'writes a b',
    ]);
  });

  it('gives by weight, empties what is drained, and leaves what is closed', () => {
    expect(
      moved(cell('a', [of('x', 10), of('y', 10), of('z', 10)]), cell('b', [], { weight: 50 })),
    ).toHaveLength(1);
    expect(moved(cell('a', [of('x', 10)], { state: 'draining' }), cell('b', []))).toEqual([
      'x a b',
    ]);
    expect(moved(cell('a', [of('x', 10)], { state: 'closed' }), cell('b', []))).toEqual([]);
  });

  it('says which cell stays too full', () => {
    const plan = planMoves([
      cell('a', [of('huge', 100), of('pinned', 100, { isFixed: true })]),
      cell('b', []),
    ]);
    expect(plan).toMatchObject({ moves: [{ slug: 'huge' }], stuck: [] });
    expect(planMoves([cell('a', [of('huge', 100)]), cell('b', [])])).toMatchObject({
      moves: [],
      stuck: ['a'],
    });
  });
});
