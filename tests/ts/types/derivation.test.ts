/** What the types and the reference page say of functions, held against what the database does. */
import { loadModule, parseSync } from '@libpg-query/parser';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ActorName, COMPANIES } from '../../../scripts/lib/cast.ts';
import { readRoutines } from '../../../scripts/lib/generate/catalog.ts';
import { examplesOf } from '../../../scripts/lib/generate/examples.ts';
import { readSignatures, type Signature } from '../../../scripts/lib/generate/signatures.ts';
import { type RoleModel, readRoleModel } from '../../../scripts/lib/types/roles.ts';
import { asActor, attempt } from '../support/actors.ts';
import { useDatabase } from '../support/database.ts';

const acme = COMPANIES.acme.id;

describe('what is derived from functions', () => {
  const db = useDatabase();
  let model: RoleModel;
  let signatures: Signature[];

  beforeAll(async () => {
    await loadModule();
    model = await readRoleModel(db.client);
    signatures = await readSignatures(db.client);
  });

  const functionsOf = (role: string): string[] =>
    model.roles.find((one) => one.role === role)?.functions ?? [];

  it('agrees with what their comments say about permissions', async () => {
    const routines = await readRoutines(db.client);
    const { rows } = await db.client.query<{ role: string; permission: string }>(
      'select role, permission from private.role_permissions',
    );
    const checked: string[] = [];
    for (const routine of routines.filter(({ schema }) => schema === 'public')) {
      const permission = /\b[Mm]embers holding ([a-z_]+\.[a-z]+)/.exec(routine.comment ?? '')?.[1];
      if (permission === undefined) {
        continue;
      }
      checked.push(routine.name);
      for (const role of ['client', 'agent', 'compliance_admin']) {
        const holds = rows.some((row) => row.role === role && row.permission === permission);
        expect({ name: routine.name, role, may: functionsOf(role).includes(routine.name) }).toEqual(
          {
            name: routine.name,
            role,
            may: holds,
          },
        );
      }
    }
    expect(checked.length).toBeGreaterThan(15);
  });

  it('leaves out only what the database refuses', async () => {
    const members: [ActorName, string][] = [
      ['alice', 'client'],
      ['adam', 'agent'],
      ['cora', 'compliance_admin'],
      ['olga', 'admin'],
    ];
    const refused: string[] = [];
    const open: string[] = [];
    for (const [actor, role] of members) {
      for (const signature of signatures.filter(({ name }) => !functionsOf(role).includes(name))) {
        // Their own company: a refusal is not because it is another's.
        const sql = examplesOf(signature).sql.replace(/(company_id => )'[^']+'/, `$1'${acme}'`);
        const outcome = await asActor(db.client, actor, (client) => attempt(client, sql));
        // Refused, no rows, or false: a deletion that reached none.
        const isEmpty =
          outcome.rowCount === 0 || outcome.rows.every((row) => Object.values(row)[0] === false);
        const isRefused = outcome.code === '42501' || (outcome.code === null && isEmpty);
        if (!isRefused) {
          open.push(`${role} ${signature.name}: ${outcome.code} ${outcome.token}`);
        }
        refused.push(`${role} ${signature.name}`);
      }
    }
    expect(open).toEqual([]);
    expect(refused).toEqual(
      expect.arrayContaining(['agent budget_status', 'client adjust_budget']),
    );
    // And the other side: the same calls by those who have them in their types go through.
    for (const [actor, name] of [
      ['alice', 'budget_status'],
      ['alice', 'usage_series'],
      ['cora', 'compliance_status'],
      ['cora', 'search_audit_log'],
      ['adam', 'my_companies'],
    ] as const) {
      const signature = signatures.find((one) => one.name === name);
      const sql = examplesOf(signature as Signature).sql.replace(
        /(company_id => )'[^']+'/,
        `$1'${acme}'`,
      );
      const outcome = await asActor(db.client, actor, (client) => attempt(client, sql));
      expect({ actor, name, code: outcome.code }).toEqual({ actor, name, code: null });
      expect(outcome.rowCount).toBeGreaterThan(0);
    }
  });

  it('never says of a column that it is not null where a row has null', async () => {
    const seen = new Map<string, number>();
    for (const signature of signatures) {
      const certain = model.certain.get(signature.name) ?? [];
      const sql = examplesOf(signature).sql.replace(/(company_id => )'[^']+'/, `$1'${acme}'`);
      for (const actor of ['alice', 'cora', 'olga'] as const) {
        const outcome = await asActor(db.client, actor, (client) => attempt(client, sql));
        for (const row of outcome.rows) {
          for (const column of certain) {
            const value = column === '' ? Object.values(row)[0] : row[column];
            expect({ name: signature.name, column, isNull: value === null }).toEqual({
              name: signature.name,
              column,
              isNull: false,
            });
          }
          seen.set(signature.name, certain.length);
        }
      }
    }
    expect([...seen.values()].filter((count) => count > 0).length).toBeGreaterThan(4);
    // Both kinds are there: what is proven, and what is null in fact.
    expect(model.certain.get('list_company_secrets')).toContain('name');
    expect(model.certain.get('list_company_secrets')).not.toContain('agent_id');
    expect(model.certain.get('usage_anomalies')).not.toContain('score');
  });

  it('sees null come from outer joins, and views for what they are', async () => {
    await db.client.query(`
      create view public.view_of_services with (security_invoker = on) as
        select s.id, s.name, s.description, a.name as agent, coalesce(a.name, 'none') as named,
               count(*) over () as total, nullif(s.name, '') as emptied
          from public.services as s left join public.ai_agents as a on a.company_id = s.company_id and a.id = s.id`);
    const { nulls } = await readRoleModel(db.client);
    expect(nulls.views.find(({ name }) => name === 'view_of_services')?.columns).toEqual([
      'id',
      'name',
      'named',
      'total',
    ]);
    await db.client.query('drop view public.view_of_services');
  });
});

describe('the examples of the reference page', () => {
  const db = useDatabase();

  it('are SQL that the parser reads and the database takes', async () => {
    await loadModule();
    const signatures = await readSignatures(db.client);
    expect(signatures.length).toBeGreaterThan(30);
    for (const signature of signatures) {
      const { sql } = examplesOf(signature);
      expect(() => parseSync(sql), sql).not.toThrow();
      await db.client.query(`prepare example as ${sql}`);
      await db.client.query('deallocate example');
    }
    await expect(
      db.client.query('prepare example as select * from public.budget_status(company => null)'),
    ).rejects.toThrow(/does not exist/);
  });
});
