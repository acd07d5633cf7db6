import { existsSync } from 'node:fs';
import type pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { enableCron } from '../../../scripts/lib/baseline.ts';
import { withClient } from '../../../scripts/lib/client.ts';
import { createTemplate, startTestCluster } from '../../../scripts/lib/database.ts';
import type { Finding } from '../../../scripts/lib/doctor/types.ts';
import type { Cluster } from '../../../scripts/lib/postgres.ts';
import { useDatabase } from '../support/database.ts';

/** Debian's pg_cron, for its PostgreSQL 15; the PostgreSQL from npm has none. */
const PG_CRON = '/usr/share/postgresql/15/extension/pg_cron.control';

describe('the scheduler', () => {
  const db = useDatabase();
  let own: Cluster | undefined;
  afterAll(() => own?.stop());

  it('is done without where pg_cron is not installed', async () => {
    const { rows } = await db.client.query('select private.schedule_maintenance() as scheduled');
    expect(rows).toEqual([{ scheduled: false }]);
  });

  it.runIf(existsSync(PG_CRON))(
    'runs the daily maintenance where it is, once however often it is set up',
    async () => {
      own = await startTestCluster({ major: 15, cronDatabase: 'with_cron' });
      await createTemplate(own, 'with_cron', { seed: false, pgtap: false });
      await withClient(own.urlFor('with_cron'), async (client) => {
        await client.query('select private.schedule_maintenance()');
        const { rows } = await client.query(
          'select jobname, schedule, command, active from cron.job order by jobname',
        );
        expect(rows).toEqual(
          [
            ['lytbub_close_budget_periods', '23 * * * *', 'select private.close_budget_periods()'],
            [
              'lytbub_data_retention',
              '*/5 2-4 * * *',
              'select count(*) from private.run_data_retention(null, false, 100000)',
            ],
            ['lytbub_flush_budgets', '* * * * *', 'select private.flush_budgets()'],
            ['lytbub_maintain_billing', '13 * * * *', 'select private.maintain_billing()'],
            ['lytbub_maintain_companies', '37 * * * *', 'select private.maintain_companies()'],
            ['lytbub_maintain_compliance', '7 * * * *', 'select private.maintain_compliance()'],
            ['lytbub_maintain_partitions', '17 3 * * *', 'select private.maintain_partitions()'],
            ['lytbub_prune_budgets', '53 3 * * *', 'select private.prune_budgets()'],
            ['lytbub_reconcile_budgets', '* 1-4 * * *', 'select private.reconcile_budgets()'],
            ['lytbub_roll_up_usage', '* * * * *', 'select private.roll_up_usage(100000)'],
          ].map(([jobname, schedule, command]) => ({ jobname, schedule, command, active: true })),
        );
        for (const { command } of rows) {
          await client.query(command);
        }
      });
    },
    60_000,
  );

  it.runIf(existsSync(PG_CRON))(
    'is diagnosed: each fault is found, and silent once the mend that was said is run',
    async () => {
      await withClient(own?.urlFor('with_cron') ?? '', async (client) => {
        const findings = async (): Promise<Finding[]> => {
          const { rows } = await client.query<Finding>('select * from public.diagnose()');
          return rows.filter(({ check_id }) => /scheduler|job_/.test(check_id));
        };
        /** Plants a fault, expects its finding alone, and runs what the finding says. */
        const mended = async (plant: string, check: string): Promise<void> => {
          await client.query(plant);
          const found = await findings();
          expect(found.map(({ check_id }) => check_id)).toEqual([check]);
          await client.query(found[0]?.mend_sql ?? 'no mend');
          expect(await findings()).toEqual([]);
        };
        const asSuperuser = (run: (client: pg.ClientBase) => Promise<unknown>): Promise<unknown> =>
          withClient(own?.superUrl('with_cron') ?? '', run);
        expect(await findings()).toEqual([]);
        await mended(`select cron.unschedule('lytbub_flush_budgets')`, 'platform.job_missing');
        await mended(
          `select cron.alter_job((select jobid from cron.job where jobname = 'lytbub_roll_up_usage'), active => false)`,
          'platform.job_inactive',
        );

        await asSuperuser((superuser) => superuser.query('drop extension pg_cron cascade'));
        const [absent, ...others] = await findings();
        expect([absent?.check_id, others]).toEqual(['platform.scheduler_absent', []]);
        const [create, schedule] = absent?.mend_sql?.split('; ') ?? [];
        expect(create).toBe('create extension if not exists pg_cron');
        // Whoever creates it is a superuser on hosted, too.
        await asSuperuser(enableCron);
        await client.query(schedule ?? 'no mend');
        expect(await findings()).toEqual([]);

        // pg_cron's own record of runs; it runs nothing more often than once a minute.
        const recorded = (status: string, message: string): Promise<unknown> =>
          asSuperuser((superuser) =>
            superuser.query(
              `insert into cron.job_run_details (jobid, runid, status, return_message, start_time)
               select jobid, nextval('cron.runid_seq'), $1, $2, now() from cron.job where jobname = 'lytbub_prune_budgets'`,
              [status, message],
            ),
          );
        await recorded('failed', 'ERROR:  division by zero');
        expect(await findings()).toMatchObject([
          {
            check_id: 'platform.job_failed',
            finding: expect.stringContaining('lytbub_prune_budgets'),
            explanation: expect.stringContaining('division by zero'),
          },
        ]);
        await recorded('succeeded', '1 row');
        expect(await findings()).toEqual([]);
      });
    },
    120_000,
  );
});
