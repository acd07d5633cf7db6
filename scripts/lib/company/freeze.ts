import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { EXIT, UserError } from '../errors.ts';
import { inTransaction, sqlState } from './session.ts';
import type { TenantTable } from './tables.ts';

const ATTEMPTS = 200;
/** How long others may have to wait behind us for a table, each time. */
const LOCK_TIMEOUT = '250ms';

/** Does something that locks a table for a moment, and gives way to whoever uses it for longer. */
async function briefly(
  client: pg.ClientBase,
  table: string,
  run: () => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inTransaction(client, async () => {
        await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
        await run();
      });
      return;
    } catch (error) {
      const state = sqlState(error);
      if ((state !== '55P03' && state !== '40P01') || attempt === ATTEMPTS) {
        throw state === '55P03' || state === '40P01'
          ? new UserError(
              `${table} stays in use: somebody has written to it in a transaction that does not end.`,
              {
                fix: 'end that transaction (pg_stat_activity shows it), then run the command again',
                exitCode: EXIT.tool,
                cause: error,
              },
            )
          : error;
      }
      await sleep(Math.min(25 * attempt, 500));
    }
  }
}

/** Refuses everybody's writes to a company's rows, but for transactions that say the token. */
export async function freeze(
  client: pg.ClientBase,
  companyId: string,
  token: string,
  tables: readonly TenantTable[],
  onTable?: (name: string) => Promise<void> | void,
): Promise<void> {
  for (const table of tables) {
    await briefly(client, table.name, () =>
      client.query('select private.freeze_company_table($1, $2, $3)', [
        companyId,
        table.sql,
        token,
      ]),
    );
    await onTable?.(table.name);
  }
}

/** Lets a company's rows be written again. */
export async function thaw(
  client: pg.ClientBase,
  companyId: string,
  tables: readonly TenantTable[],
): Promise<void> {
  for (const table of tables) {
    await briefly(client, table.name, () =>
      client.query('select private.thaw_company_table($1, $2)', [companyId, table.sql]),
    );
  }
}

/** A transaction of the move: rows go in as they are, past what refuses everybody else. */
export async function asMove<T>(
  client: pg.ClientBase,
  token: string,
  run: () => Promise<T>,
): Promise<T> {
  return inTransaction(client, async () => {
    await client.query(
      `select set_config('app.importing', 'on', true), set_config('app.move_token', $1, true)`,
      [token],
    );
    return run();
  });
}

/** Deletes all rows of a company, those that refer to others first. Within a transaction of the move. */
export async function deleteRows(
  client: pg.ClientBase,
  companyId: string,
  tables: readonly TenantTable[],
): Promise<number> {
  let rows = 0;
  for (const table of [...tables].reverse()) {
    const result = await client.query(`delete from ${table.sql} where ${table.owner} = $1`, [
      companyId,
    ]);
    rows += result.rowCount ?? 0;
  }
  return rows;
}
