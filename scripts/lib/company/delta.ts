import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { EXIT, UserError } from '../errors.ts';
import { type Reporter, withStep } from '../output.ts';
import { copyInto, copyOutSql, Meter } from './rows.ts';
import { sqlState } from './session.ts';
import { columnList, ownedBy, type TenantTable } from './tables.ts';

/**
 * Columns that differ on purpose until the switch: of the company what says whether it is open, and of its data key what
 * a master key made of it.
 */
export const OWN_TO_EACH: Readonly<Record<string, readonly string[]>> = {
  'public.companies': ['status', 'status_reason', 'suspended_at', 'closed_at'],
  'private.company_data_keys': ['wrapped_key', 'master_key_hint', 'wrapped_at'],
};

/** Number and hash of rows, in any order: SHA-256 of each row, of which 128 bits are added up. */
export async function sumOfRows(
  client: pg.ClientBase,
  table: TenantTable,
  companyId: string,
  where = 'true',
): Promise<string> {
  const own = OWN_TO_EACH[table.name] ?? [];
  const columns = table.columns.map(({ name }) => name).filter((name) => !own.includes(name));
  const { rows } = await client.query<{ sum: string }>(
    `select concat_ws(' ', count(*), sum(('x' || left(h.hash, 16))::bit(64)::bigint),
              sum(('x' || substr(h.hash, 17, 16))::bit(64)::bigint)) as sum
       from (
         select encode(sha256(convert_to(row(${columnList(columns, 't')})::text, 'UTF8')), 'hex') as hash
           from ${table.sql} as t
          where ${ownedBy(table, companyId, 't')} and ${where}
       ) as h`,
  );
  return rows[0]?.sum ?? '';
}

/** Rows that were written by transactions which may have been under way when the position was noted, or later. */
export function since(position: string | null, alias = 't'): string {
  return position === null
    ? 'true'
    : `age(${alias}.xmin) <= age(${pg.escapeLiteral(position)}::xid)`;
}

/** The oldest transaction that is under way: what is older is in the snapshot, for good. */
export async function position(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ position: string }>(
    `select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text as position`,
  );
  return rows[0]?.position ?? '0';
}

/** Both ends of a copy; the source is in a snapshot, the target in a transaction of the move. */
export interface Ends {
  source: pg.ClientBase;
  target: pg.ClientBase;
  companyId: string;
  tables: readonly TenantTable[];
  reporter: Reporter;
}

/** Streams rows from one end to the other. */
async function stream(
  ends: Ends,
  table: TenantTable,
  where: string | undefined,
  into: string,
): Promise<number> {
  const step = ends.reporter.step(table.name);
  try {
    const meter = new Meter((rows) => step.update(`${rows.toLocaleString('en')} rows`));
    await pipeline(
      ends.source.query(
        copyTo(
          copyOutSql(table, ends.companyId, {
            ordered: false,
            ...(where === undefined ? {} : { where }),
          }),
        ),
      ),
      meter,
      copyInto(ends.target, table, into),
    );
    const { rows } = meter.digest();
    if (rows > 0) {
      step.done(`${rows.toLocaleString('en')} rows`);
    }
    return rows;
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** Copies all rows, and compares both ends. */
export async function copyAll(
  ends: Ends,
  onTable?: (name: string) => Promise<void> | void,
): Promise<number> {
  let rows = 0;
  for (const table of ends.tables) {
    rows += await stream(ends, table, undefined, table.sql);
    if (table.name === 'public.companies') {
      // Nobody gets in before it is complete.
      await ends.target.query(
        `update public.companies
            set status = 'suspended', status_reason = 'moving here', suspended_at = now(), closed_at = null
          where id = $1`,
        [ends.companyId],
      );
    }
    await onTable?.(table.name);
  }
  await withStep(ends.reporter, 'both ends compared', () => compare(ends, ends.tables));
  return rows;
}

/** Compares all rows of tables at both ends, both at once. */
export async function compare(ends: Ends, tables: readonly TenantTable[]): Promise<void> {
  for (const table of tables) {
    const [there, here] = await Promise.all([
      sumOfRows(ends.source, table, ends.companyId),
      sumOfRows(ends.target, table, ends.companyId),
    ]);
    if (there !== here) {
      throw different(table.name);
    }
  }
}

function different(name: string): UserError {
  return new UserError(`${name} is not the same at both ends.`, {
    fix: 'nothing was switched. Give the move up (--abort) and begin again; if it comes back, a trigger of that table does not honour app.importing',
    exitCode: EXIT.failed,
  });
}

/** What of a table was written since, at the target. */
interface Staged {
  table: TenantTable;
  stage: string;
  rows: number;
  sum: string;
  /** Rows at the source. */
  count: number;
}

function matches(table: TenantTable, left: string, right: string): string {
  return table.key
    .map((name) => `${left}.${pg.escapeIdentifier(name)} = ${right}.${pg.escapeIdentifier(name)}`)
    .join(' and ');
}

async function countRows(client: pg.ClientBase, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`select count(*) as count from ${sql}`);
  return Number(rows[0]?.count);
}

/**
 * Brings to the target what was written at the source since a position, and compares: every row that was written, and
 * the number of all. With the comparison of all rows before, both ends are the same.
 */
export async function copyDelta(ends: Ends, from: string): Promise<number> {
  const { source, target, companyId, tables } = ends;
  const staged: Staged[] = [];
  for (const [number, table] of tables.entries()) {
    const count = await countRows(
      source,
      `${table.sql} as t where ${ownedBy(table, companyId, 't')}`,
    );
    const before = await countRows(
      target,
      `${table.sql} as t where ${ownedBy(table, companyId, 't')}`,
    );
    const sum = await sumOfRows(source, table, companyId, since(from));
    if (sum.startsWith('0') && count === before) {
      continue;
    }
    const stage = `pg_temp.stage_${number}`;
    await target.query(
      `create temporary table stage_${number} (like ${table.sql} including generated including defaults) on commit drop`,
    );
    const rows = await stream(ends, table, since(from), stage);
    staged.push({ table, stage, rows, count, sum });
  }
  // What is gone goes first, children before parents, so that its unique values are free.
  for (const { table, stage, count } of [...staged].reverse()) {
    const here = await countRows(
      target,
      `${table.sql} as t where ${ownedBy(table, companyId, 't')}`,
    );
    const added = await countRows(
      target,
      `${stage} as s where not exists (select from ${table.sql} as t where ${matches(table, 't', 's')})`,
    );
    if (here + added !== count) {
      await deleteGone(ends, table, stage);
    }
  }
  for (const { table, stage } of staged) {
    await write(target, table, stage);
  }
  for (const { table, stage, sum, count } of staged) {
    const here = await sumOfRows(
      target,
      table,
      companyId,
      `exists (select from ${stage} as s where ${matches(table, 's', 't')})`,
    );
    const counted = await countRows(
      target,
      `${table.sql} as t where ${ownedBy(table, companyId, 't')}`,
    );
    if (here !== sum || counted !== count) {
      throw different(table.name);
    }
    await target.query(`drop table ${stage}`);
  }
  return staged.reduce((sum, { rows }) => sum + rows, 0);
}

/** Deletes rows that the source has no more. */
async function deleteGone(ends: Ends, table: TenantTable, stage: string): Promise<void> {
  const keys = { ...table, columns: table.columns.filter(({ name }) => table.key.includes(name)) };
  const into = `${stage}_keys`;
  await ends.target.query(
    `create temporary table ${into.replace('pg_temp.', '')} on commit drop as
     select ${columnList(table.key)} from ${table.sql} limit 0`,
  );
  await pipeline(
    ends.source.query(copyTo(copyOutSql(keys, ends.companyId, { ordered: false }))),
    copyInto(ends.target, keys, into),
  );
  await ends.target.query(`analyze ${into}`);
  await ends.target.query(
    `delete from ${table.sql} as t
      where ${ownedBy(table, ends.companyId, 't')}
        and not exists (select from ${into} as k where ${matches(table, 'k', 't')})`,
  );
  await ends.target.query(`drop table ${into}`);
}

/** Writes staged rows: changes first, since a new row may take a value that a changed one gave up. */
async function write(target: pg.ClientBase, table: TenantTable, stage: string): Promise<void> {
  const own = OWN_TO_EACH[table.name] ?? [];
  const all = table.columns.map(({ name }) => name);
  const changed = all.filter(
    (name) =>
      !table.key.includes(name) && !(table.name === 'public.companies' && own.includes(name)),
  );
  const update =
    changed.length === 0
      ? 'select'
      : `update ${table.sql} as t
            set ${changed.map((name) => `${pg.escapeIdentifier(name)} = s.${pg.escapeIdentifier(name)}`).join(', ')}
           from ${stage} as s where ${matches(table, 't', 's')}
            and row(${columnList(changed, 't')})::text is distinct from row(${columnList(changed, 's')})::text`;
  const insert = `insert into ${table.sql} (${columnList(all)})
    select ${columnList(all, 's')} from ${stage} as s
     where not exists (select from ${table.sql} as t where ${matches(table, 't', 's')})`;
  await target.query('savepoint written');
  try {
    await target.query(update);
    await target.query(insert);
  } catch (error) {
    if (sqlState(error) !== '23505') {
      throw error;
    }
    // Unique values went from row to row: one row at a time, those that are in the way again later.
    await target.query('rollback to savepoint written');
    await writeOneByOne(target, table, stage, update, insert);
  }
  await target.query('release savepoint written');
}

async function writeOneByOne(
  target: pg.ClientBase,
  table: TenantTable,
  stage: string,
  update: string,
  insert: string,
): Promise<void> {
  const left = `${stage}_left`;
  await target.query(
    `create temporary table ${left.replace('pg_temp.', '')} on commit drop as
     select ${columnList(table.key)} from ${stage}`,
  );
  const one = `${matches(table, 's', 'v_row')}`;
  await target.query(
    `do $do$
     declare
       v_row record;
       v_done boolean;
     begin
       loop
         v_done := false;
         for v_row in select l.ctid as place, l.* from ${left} as l loop
           begin
             ${update === 'select' ? 'null' : `${update} and ${one}`};
             ${insert} and ${one};
             delete from ${left} as l where l.ctid = v_row.place;
             v_done := true;
           exception when unique_violation then
             null;
           end;
         end loop;
         exit when not exists (select from ${left});
         if not v_done then
           raise exception 'unique values of ${table.name} were exchanged' using errcode = '23505';
         end if;
       end loop;
     end
     $do$`,
  );
  await target.query(`drop table ${left}`);
}
