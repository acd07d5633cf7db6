import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll } from 'vitest';
import { exportCompany } from '../../../scripts/lib/company/export.ts';
import { deleteRows } from '../../../scripts/lib/company/freeze.ts';
import type { Manifest } from '../../../scripts/lib/company/manifest.ts';
import { inTransaction } from '../../../scripts/lib/company/session.ts';
import { portableTables } from '../../../scripts/lib/company/tables.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import type { TestDatabase } from '../support/database.ts';

export const ACME = '00000000-0000-4000-8000-00000000c001';
export const GLOBEX = '00000000-0000-4000-8000-00000000c002';
/** A member of both. */
export const MIA = '00000000-0000-4000-8000-00000000a005';

/** A folder that goes with the test file. */
export function useFolder(): (name: string) => string {
  const root = mkdtempSync(join(tmpdir(), 'lytbub-moves-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return (name) => join(root, name);
}

/** Takes a company out of a database, so that it can come in. */
export async function removeCompany(client: pg.Client, companyId: string): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(`set local app.importing = 'on'`);
    await deleteRows(client, companyId, await portableTables(client));
  });
}

/** What a company comes to, table by table: by an export, which nothing here is shared with but the format. */
export async function contentOf(
  db: TestDatabase,
  company: string,
  folder: string,
): Promise<Manifest> {
  rmSync(folder, { recursive: true, force: true });
  return exportCompany({ url: db.url(), company, out: folder, reporter: silentReporter });
}

/** The state of the audit chain, all of it. */
export async function chain(
  client: pg.Client,
  companyId: string,
): Promise<{
  is_intact: boolean;
  row_count: string;
  problems: unknown;
  head_hash: string;
  head_link_no: string;
}> {
  const { rows } = await client.query(
    'select is_intact, row_count, problems, head_hash, head_link_no from public.verify_audit_chain($1, 0, 100000)',
    [companyId],
  );
  return rows[0];
}

/** Triggers that a move has left. */
export async function leftTriggers(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select count(*)::integer as n from pg_trigger where tgname like 'refuse_moving_%'`,
  );
  return rows[0].n;
}
