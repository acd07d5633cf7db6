import { beforeAll, describe, expect, inject, it } from 'vitest';
import { inRolledBackTransaction } from '../../../scripts/lib/client.ts';
import { spliced, weakenings } from '../../../scripts/lib/mutation/conditions.ts';
import { parseEquivalents } from '../../../scripts/lib/mutation/equivalents.ts';
import { generateMutants } from '../../../scripts/lib/mutation/generate.ts';
import type { Killer } from '../../../scripts/lib/mutation/killer.ts';
import { pgtapKiller } from '../../../scripts/lib/mutation/pgtap-killer.ts';
import { dissect } from '../../../scripts/lib/mutation/plpgsql.ts';
import {
  checkBaseline,
  type Outcome,
  type RunOptions,
  runMutants,
} from '../../../scripts/lib/mutation/run.ts';
import { sampled } from '../../../scripts/lib/mutation/sample.ts';
import {
  isPerfect,
  renderProblems,
  scoreLine,
  scoreOf,
} from '../../../scripts/lib/mutation/score.ts';
import { loadParser, tokensOf } from '../../../scripts/lib/mutation/sql-tree.ts';
import { MUTANT_CLASSES, type Mutant } from '../../../scripts/lib/mutation/types.ts';
import { useDatabase } from '../support/database.ts';

beforeAll(loadParser);

/** Every weakened form of a statement. */
function weakened(sql: string): string[] {
  const tokens = tokensOf(sql);
  return weakenings(sql).map(({ span, replacement }) =>
    spliced(sql, tokens, span, replacement).replaceAll(/\s+/g, ' ').trim(),
  );
}

describe('weakenings', () => {
  it('leaves out each operand of AND and OR, however they are nested', () => {
    expect(
      weakened(`select 1 from t where a = 'é' and (b between 1 and 2 or not (c)) and (d)[1] = 3`),
    ).toEqual([
      `select 1 from t where true and (b between 1 and 2 or not (c)) and (d)[1] = 3`,
      `select 1 from t where a = 'é' and true and (d)[1] = 3`,
      `select 1 from t where a = 'é' and (b between 1 and 2 or not (c)) and true`,
      `select 1 from t where a = 'é' and (false or not (c)) and (d)[1] = 3`,
      `select 1 from t where a = 'é' and (b between 1 and 2 or false) and (d)[1] = 3`,
    ]);
  });

  it('meets conditions of WHERE, ON and CASE, in sub-selects, too', () => {
    expect(
      weakened(
        'select case when a is distinct from b then 1 else 2 end from t join u on (t.id = u.id) where exists (select from v where v.x = 1) order by 1',
      ),
    ).toEqual([
      'select case when true then 1 else 2 end from t join u on (t.id = u.id) where exists (select from v where v.x = 1) order by 1',
      'select case when false then 1 else 2 end from t join u on (t.id = u.id) where exists (select from v where v.x = 1) order by 1',
      'select case when a is distinct from b then 1 else 2 end from t join u on true where exists (select from v where v.x = 1) order by 1',
      'select case when a is distinct from b then 1 else 2 end from t join u on (t.id = u.id) where true order by 1',
      'select case when a is distinct from b then 1 else 2 end from t join u on (t.id = u.id) where exists (select from v where true) order by 1',
    ]);
  });

  it('leaves out locks and the second side of UNION and EXCEPT', () => {
    expect(weakened('select from t for no key update of t')).toEqual(['select from t']);
    expect(weakened('(select 1 union select 2) except select 3')).toEqual([
      '(select 1 union select 2)',
      '(select 1 ) except select 3',
    ]);
  });

  it('meets a source of several columns once', () => {
    expect(weakened('update t set (a, b) = (select 1, 2 from u where u.x = 1)')).toEqual([
      'update t set (a, b) = (select 1, 2 from u where true)',
    ]);
  });

  it('keeps the parentheses that a trigger asks for, and values of CASE', () => {
    expect(
      weakened(
        'create trigger t before update on x for each row when ((old.a or old.b)) execute function f()',
      ),
    ).toHaveLength(3);
    expect(weakened(`select case a when 'b' then 1 end`)).toEqual([]);
  });
});

describe('dissect', () => {
  it('takes variables of a named type, whose fields only a catalog knows', () => {
    const source = `
declare
  v_a public.t;
  v_b private.t := v_a;
begin
  v_a.x := 1;
  return v_b;
end`;
    const { sites } = dissect(
      source,
      `create function g() returns public.t language plpgsql as $g$${source}$g$`,
    );
    expect(sites.map(({ kind }) => kind)).toContain('assignment');
  });

  it('finds the SQL of a PL/pgSQL function again in its source', () => {
    const source = `
declare
  v_a int := coalesce(1, 2);
begin
  -- if false then
  if v_a > 1 then perform f(v_a); elsif v_a = 0 then v_a := 3; end if;
  select x, y into strict v_a from t where t.a = v_a;
  return v_a;
end`;
    const { tokens, sites, removables } = dissect(
      source,
      `create function g() returns int language plpgsql as $g$${source}$g$`,
    );
    const lines = sites.map(({ kind, sql, places }) => {
      const first = places.find((place) => place !== undefined) ?? -1;
      return `${kind} ${tokens[first]?.line}: ${sql.replaceAll(/\s+/g, ' ')}`;
    });
    expect(lines).toEqual([
      'query 3: select coalesce(1, 2)',
      'if 6: select v_a > 1',
      'perform 6: SELECT f(v_a)',
      'if 6: select v_a = 0',
      'assignment 6: select 3',
      'statement 7: select x, y from t where t.a = v_a',
      'return 8: select v_a',
    ]);
    expect(
      removables.map(({ from, to }) => source.slice(tokens[from]?.start, tokens[to]?.end)),
    ).toEqual(['perform f(v_a);', 'v_a := 3;']);
  });
});

describe('the mutants of this schema', () => {
  const db = useDatabase();
  let mutants: Mutant[] = [];

  beforeAll(async () => {
    const client = await db.connect();
    mutants = await generateMutants(client);
  });

  it('are many, each with an id of its own, of every class that the schema has objects for', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(300);
    expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
    const classes = new Set(mutants.map((mutant) => mutant.class));
    const without = Object.keys(MUTANT_CLASSES).filter(
      (name) => !classes.has(name as Mutant['class']),
    );
    expect(without).toEqual([]);
  });

  it('have ids that do not hang on the calendar', () => {
    expect(mutants.filter(({ id }) => /_p\d{6}/.test(id))).toEqual([]);
  });

  it('can all be applied', async () => {
    const failed: string[] = [];
    for (const { id, sql } of mutants) {
      await inRolledBackTransaction(db.client, () => db.client.query(sql)).catch((error: unknown) =>
        failed.push(`${id}: ${String(error)}`),
      );
    }
    expect(failed).toEqual([]);
  });

  it('cover a table that was made a moment ago', async () => {
    await db.client.query(`
      create table public.mutation_probe (company_id uuid not null references public.companies (id), id uuid,
        primary key (company_id, id));
      alter table public.mutation_probe enable row level security;
      create policy select_member on public.mutation_probe for select to authenticated
        using (company_id = (select private.company_for('jobs.read')))`);
    const client = await db.connect();
    const more = await generateMutants(client);
    const ids = more.map(({ id }) => id).filter((id) => id.includes('mutation_probe'));
    expect(ids).toEqual(
      expect.arrayContaining([
        'policy/public.mutation_probe/select_member/using-or-true',
        'policy/public.mutation_probe/select_member/using-column-id',
        'rls/public.mutation_probe/disabled',
        'table-grant/public.mutation_probe/anon-select',
        'column-grant/public.mutation_probe/update-company_id',
        'constraint/public.mutation_probe/mutation_probe_company_id_fkey/dropped',
      ]),
    );
    await db.client.query('drop table public.mutation_probe');
  });

  it('are drawn alike for the same seed, with every class among them', () => {
    const sample = sampled(mutants, 30, '1');
    expect(sample).toHaveLength(30);
    expect(sampled(mutants, 30, '1')).toEqual(sample);
    expect(sampled(mutants, 30, '2')).not.toEqual(sample);
    expect(new Set(sample.map((mutant) => mutant.class)).size).toBe(
      new Set(mutants.map((mutant) => mutant.class)).size,
    );
  });
});

describe('the score', () => {
  const db = useDatabase();
  let killer: Killer;

  beforeAll(async () => {
    // Enough of them to tell these mutants apart.
    killer = await pgtapKiller(['00_invariants', 'tests/sql/tables', 'tests/sql/gate']);
  });

  const harmless: Mutant = {
    id: 'policy/public.services/select_member/other-comment',
    class: 'policy',
    object: 'public.services',
    description: 'another comment',
    wanted: 'nothing',
    sql: `comment on policy select_member on public.services is 'Something else.'`,
  };
  const harmful: Mutant = {
    ...harmless,
    id: 'policy/public.services/select_member/using-or-true',
    sql: 'alter policy select_member on public.services using (true)',
  };
  const broken: Mutant = {
    ...harmless,
    id: 'policy/none',
    sql: 'alter policy none on public.none',
  };

  async function run(mutants: Mutant[], killers: Killer[] = [killer]): Promise<Outcome[]> {
    const options: RunOptions = {
      cluster: db.cluster,
      template: inject('testServer').templates.default,
      mutants,
      killers,
      isEquivalent: () => false,
      jobs: 2,
      onProgress: () => undefined,
      onPhase: () => undefined,
    };
    await checkBaseline(options);
    return runMutants(options);
  }

  const none = parseEquivalents({ equivalents: [] }, 'test');

  it('is not perfect while one mutant survives', async () => {
    const outcomes = await run([harmless, harmful]);
    const score = scoreOf(outcomes, none);
    expect(score.summary).toMatchObject({ mutants: 2, killed: 1, survived: 1, invalid: 0 });
    expect(score.mutants.map(({ state }) => state)).toEqual(['survived', 'killed']);
    expect(score.mutants[1]).toMatchObject({ by: 'pgTAP', kind: 'assertion' });
    expect(isPerfect(score)).toBe(false);
    expect(scoreLine(score)).toBe('2 mutants: 1 killed, 0 equivalent, 1 survived');
    expect(renderProblems(score)).toContain(harmless.id);
  });

  it('takes an equivalent with its reason, and complains of one that was killed after all', async () => {
    const outcomes = await run([harmless, harmful]);
    const reason = 'a comment decides nothing at all';
    const listed = (id: string) => parseEquivalents({ equivalents: [{ id, reason }] }, 'test');
    const score = scoreOf(outcomes, listed('policy/public.services/*/other-comment'));
    expect(score.summary).toMatchObject({ killed: 1, equivalent: 1, survived: 0 });
    expect(isPerfect(score)).toBe(true);
    const stale = scoreOf(outcomes, listed('policy/public.services/select_member/*'));
    expect(stale.staleEquivalents).toEqual(['policy/public.services/select_member/*']);
    expect(isPerfect(stale)).toBe(false);
    expect(listed('policy/none').withoutMutant([harmless])).toEqual(['policy/none']);
    expect(() => parseEquivalents({ equivalents: [{ id: 'a', reason: 'so' }] }, 'test')).toThrow(
      'not a list',
    );
  });

  it('counts a mutant that cannot be applied as invalid, not as killed', async () => {
    const score = scoreOf(await run([broken]), none);
    expect(score.summary).toMatchObject({ killed: 0, survived: 0, invalid: 1 });
    expect(isPerfect(score)).toBe(false);
  });

  it('does not take a killer that breaks down for a kill', async () => {
    const fragile: Killer = {
      name: 'prover',
      parallel: true,
      examine: async (_target, mutant) => {
        if (mutant) {
          throw new Error('out of order');
        }
        return undefined;
      },
    };
    const score = scoreOf(await run([harmful], [fragile]), none);
    expect(score.summary).toMatchObject({ killed: 0, survived: 1, breakdowns: 1 });
    expect(renderProblems(score)).toContain('prover: out of order');
  });

  it('does not begin with a killer that condemns the schema as shipped', async () => {
    const prejudiced: Killer = {
      name: 'matrix',
      parallel: true,
      examine: async () => ({ by: 'matrix', where: 'here', what: 'no', kind: 'assertion' }),
    };
    await expect(run([harmful], [prejudiced])).rejects.toThrow(
      'already fails on the schema as shipped',
    );
  });
});
