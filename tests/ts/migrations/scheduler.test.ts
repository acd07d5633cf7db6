import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { createTemplate, startTestCluster } from '../../../scripts/lib/database.ts';
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
});
