import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../support/database.ts';
import { CASES, cronSchema, HARMLESS } from './cases.ts';
import { ask, newOnes } from './support.ts';

const db = useDatabase();
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: db.superUrl() });
  await client.connect();
});
afterAll(() => client.end());

/** As the owner of the tables, who mends; locally some of it takes the superuser. */
async function mend(sql: string, superuser: boolean): Promise<void> {
  await client.query(superuser ? sql : `set local role postgres; ${sql}; reset role`);
  await commitAudit();
}

/** Entries of the audit log get their place in the chain at the end of the transaction. */
async function commitAudit(): Promise<void> {
  await client.query('set constraints all immediate; set constraints all deferred');
}

describe('diagnose() finds what is planted, and is silent after the mend', () => {
  it.each(CASES.map((one) => [`${one.check}${one.as ? `, ${one.as}` : ''}`, one] as const))(
    '%s',
    async (_name, one) => {
      await client.query('begin');
      try {
        const before = await ask(client, one.isThereAlready ? one.ask : (one.mended ?? one.ask));
        const known = one.isThereAlready ? before.filter((f) => f.check_id !== one.check) : before;
        // A question that is wrong from the start has no sound answer before.
        const isAsked = one.mended !== undefined || one.plant === undefined;
        const sound = known.filter((found) => found.check_id !== one.check || !isAsked);
        if (one.plant) {
          await client.query(one.plant);
          await commitAudit();
        }
        const planted = newOnes(sound, await ask(client, one.ask));
        expect(planted.map(({ check_id }) => check_id)).toEqual(planted.map(() => one.check));
        expect(planted.length).toBeGreaterThan(0);
        for (const { finding, explanation, mend: how, severity } of planted) {
          expect(`${finding} ${explanation} ${how}`).not.toMatch(/\{[a-z_]+[!#]?\}|\?|\bnull\b/);
          expect(how === null ? severity : 'has a mend').toBe(how === null ? 'info' : 'has a mend');
        }
        if (one.mend) {
          await mend(one.mend, one.superuser ?? one.mend.includes('session_replication_role'));
        }
        if (!one.mended && (one.mend === undefined || one.check === 'retention.run_failed')) {
          for (const sql of new Set(planted.map(({ mend_sql }) => mend_sql))) {
            expect(sql).toEqual(expect.any(String));
            // pg_cron itself is not on this machine.
            const here = sql?.includes('extension if not exists pg_cron') ? cronSchema : sql;
            await mend(here ?? '', one.superuser === true || here === cronSchema);
          }
        }
        expect(newOnes(sound, await ask(client, one.mended ?? one.ask))).toEqual([]);
      } finally {
        await client.query('rollback');
      }
    },
  );

  it.each(HARMLESS.map((one) => [one.what, one] as const))(
    'says nothing of %s',
    async (_what, { ask: question, plant }) => {
      await client.query('begin');
      try {
        const before = await ask(client, question);
        await client.query(plant);
        await commitAudit();
        expect(newOnes(before, await ask(client, question))).toEqual([]);
      } finally {
        await client.query('rollback');
      }
    },
  );

  it('says that the platform is in order when there is nothing at all to say', async () => {
    await client.query('begin');
    await client.query(`${cronSchema};
      alter role authenticator set pgrst.db_pre_request = 'public.check_request';
      set local session_replication_role = replica;
      delete from private.agent_logs_default; delete from private.api_usage_default; delete from private.audit_logs_default`);
    const { rows } = await client.query('select check_id, severity from public.diagnose()');
    await client.query('rollback');
    expect(rows).toEqual([{ check_id: 'platform.ok', severity: 'ok' }]);
  });

  it('has a case for every check that it can answer', async () => {
    const { rows } = await client.query<{ check_id: string }>(
      `select check_id from private.diagnosis_checks where asked_by = 'diagnose' and severity <> 'ok' order by 1`,
    );
    expect([...new Set(CASES.map(({ check }) => check))].sort()).toEqual(
      rows.map(({ check_id }) => check_id).sort(),
    );
  });
});
