import type pg from 'pg';
import { UserError } from '../errors.ts';
import { sqlState } from './session.ts';

interface DataKey {
  wrapped_key: Buffer;
  master_key_hint: string;
}

async function dataKey(client: pg.ClientBase, companyId: string): Promise<DataKey | undefined> {
  const { rows } = await client.query<DataKey>(
    'select wrapped_key, master_key_hint from private.company_data_keys where company_id = $1',
    [companyId],
  );
  return rows[0];
}

/** The hint of the master key that a database wraps with, as Vault has it; null without one. */
async function masterKeyHint(client: pg.ClientBase): Promise<string | null> {
  await client.query('savepoint master_key');
  try {
    const { rows } = await client.query<{ hint: string }>(
      'select private.master_key_hint((private.master_keys(null))[1]) as hint',
    );
    await client.query('release savepoint master_key');
    return rows[0]?.hint ?? null;
  } catch (error) {
    await client.query('rollback to savepoint master_key');
    if (sqlState(error) === '22023') {
      return null;
    }
    throw error;
  }
}

/**
 * Wraps the company's data key, in the target, with the master key of the target. It is unwrapped by the source and
 * passes through this process, never to a disk. Where both have the same master key, nothing is to be done. Within
 * transactions of both ends.
 */
export async function rewrapDataKey(
  source: pg.ClientBase,
  target: pg.ClientBase,
  companyId: string,
): Promise<'none' | 'same' | 'rewrapped'> {
  const key = await dataKey(source, companyId);
  if (!key) {
    return 'none';
  }
  const [sourceHint, targetHint] = [await masterKeyHint(source), await masterKeyHint(target)];
  if (targetHint === key.master_key_hint) {
    return 'same';
  }
  if (sourceHint === null || targetHint === null) {
    throw new UserError('The secrets of the company cannot be read by the target.', {
      details: `the data key is wrapped with master key ${key.master_key_hint}; Vault has ${sourceHint ?? 'none'} at the source and ${targetHint ?? 'none'} at the target`,
      fix: 'put a master key into Vault at both ends, give the target the same one, or drop the data key first (drop_company_data_key), which makes the secrets unreadable for good',
    });
  }
  const { rows } = await source.query<{ plain: string }>(
    `select private.unwrap_data_key(d, private.master_keys(null)) as plain
       from private.company_data_keys as d where d.company_id = $1`,
    [companyId],
  );
  await target.query(
    `update private.company_data_keys as d
        set wrapped_key = private.seal($2, d.company_id, (private.master_keys(null))[1]),
            master_key_hint = private.master_key_hint((private.master_keys(null))[1]), wrapped_at = now()
      where d.company_id = $1`,
    [companyId, rows[0]?.plain],
  );
  return 'rewrapped';
}
