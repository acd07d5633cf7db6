import type pg from 'pg';
import { withClient } from '../client.ts';
import { createTemplate, startTestCluster } from '../database.ts';
import { clearingUp } from '../interrupts.ts';
import { type Reporter, withStep } from '../output.ts';
import type { Cluster } from '../postgres.ts';

/** A server of its own, stopped afterwards; durable, as what is measured is. */
export async function withServer<T>(
  reporter: Reporter,
  measure: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  let starting: Promise<Cluster> | undefined;
  return clearingUp(
    async () => {
      starting = withStep(reporter, 'PostgreSQL', () => startTestCluster({ persistent: true }));
      return measure(await starting);
    },
    async () => {
      await (await starting?.catch(() => undefined))?.stop();
    },
  );
}

/** A database with the migrations and nothing else, filled by the superuser. */
export async function createFilled(
  cluster: Cluster,
  database: string,
  fill: (client: pg.Client) => Promise<void>,
): Promise<void> {
  await createTemplate(cluster, database, { seed: false, pgtap: false });
  await withClient(cluster.superUrl(database), fill);
}
