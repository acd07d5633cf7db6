import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { EXIT, UserError } from '../errors.ts';
import { type Reporter, withStep } from '../output.ts';
import { IdMap } from './ids.ts';
import { type Manifest, readManifest, verifyFile } from './manifest.ts';
import { createPeople, matchPeople, type Person, refuseMissing } from './people.ts';
import { copyInto, copyOutSql, digestRows, nowhere, RowMapper, Sum } from './rows.ts';
import {
  databaseError,
  inTransaction,
  isUuid,
  migrationVersions,
  sqlState,
  withSession,
} from './session.ts';
import {
  CHAIN,
  columnList,
  EMPTY_IN_COPIES,
  NOT_FOR_COPIES,
  portableTables,
  type TenantTable,
} from './tables.ts';

export interface ImportOptions {
  url: string;
  from: string;
  /** A copy: the company and all its rows get new ids. */
  newIds?: boolean;
  /** Id of the copy, made at random when left out. */
  companyId?: string;
  slug?: string;
  /** Accounts that members lack are made. */
  createPeople?: boolean;
  /** The hash of the manifest that was noted when the export was made: it covers all files. */
  expectHash?: string;
  reporter: Reporter;
  /** Called after each table (tests). */
  onTable?: (name: string) => Promise<void> | void;
}

export interface Imported {
  companyId: string;
  slug: string;
  rows: number;
  createdPeople: number;
  /** What did not go along, with the reason. */
  leftOut: { name: string; reason: string }[];
}

async function readPeopleFile(path: string): Promise<Person[]> {
  const people: Person[] = [];
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    people.push(JSON.parse(line) as Person);
  }
  return people;
}

/** Compares the tables of the export with those of the database: the same columns everywhere, and no table of either alone. */
export function compareTables(
  exported: readonly { name: string; columns: { name: string; type: string }[] }[],
  tables: readonly TenantTable[],
): string[] {
  const problems: string[] = [];
  const here = new Map(tables.map((table) => [table.name, table]));
  const text = (columns: { name: string; type: string }[]): Map<string, string> =>
    new Map(columns.map(({ name, type }) => [name, type]));
  for (const { name, columns } of exported) {
    const table = here.get(name);
    if (!table) {
      problems.push(`${name} is not in the database`);
      continue;
    }
    here.delete(name);
    const theirs = text(columns);
    const ours = text(table.columns);
    for (const column of new Set([...theirs.keys(), ...ours.keys()])) {
      if (theirs.get(column) !== ours.get(column)) {
        problems.push(
          `${name}.${column} is ${theirs.get(column) ?? 'missing'} in the export and ${ours.get(column) ?? 'missing'} in the database`,
        );
      }
    }
  }
  for (const name of here.keys()) {
    problems.push(`${name} is not in the export`);
  }
  return problems;
}

/** What stands in the way of a company in a database. */
export async function collisions(
  client: pg.ClientBase,
  company: { id: string; slug: string; stripeCustomerId: string | null },
): Promise<string[]> {
  const { rows } = await client.query<{ problem: string }>(
    `select format('a company has the id %s: %s', c.id, c.slug) as problem from public.companies as c where c.id = $1
      union all
     select format('a company has the slug %s: %s', c.slug, c.id) from public.companies as c where c.slug = $2 and c.id <> $1
      union all
     select format('a company has the Stripe customer %s: %s', c.stripe_customer_id, c.slug)
       from public.companies as c where c.stripe_customer_id = $3 and c.id <> $1`,
    [company.id, company.slug, company.stripeCustomerId],
  );
  return rows.map(({ problem }) => problem);
}

/** A company that had moved away from here, and was removed, comes back: jobs serve it again. */
export async function forgetMovedAway(client: pg.ClientBase, companyId: string): Promise<void> {
  await client.query(
    `update private.company_moves set state = 'removed' where company_id = $1 and state = 'confirmed'`,
    [companyId],
  );
}

/** How many months back get a partition of their own; what is older lies together in the default one. */
const MONTHS = 24;

/** Makes the months that the rows are in, so that they do not all lie in the default partition. Best effort. */
export async function makeMonths(
  client: pg.ClientBase,
  monthsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const { rows } = await client.query<{ table_name: string }>(
    'select table_name from private.partitioned_tables',
  );
  for (const { table_name } of rows) {
    const now = new Date();
    const oldest = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS, 1))
      .toISOString()
      .slice(0, 10);
    const months = [...(monthsOf.get(table_name) ?? [])].filter((month) => month >= oldest);
    for (const month of months.sort()) {
      try {
        await client.query('select private.create_month_partition($1, $2::date)', [
          table_name,
          month,
        ]);
      } catch (error) {
        // The table is in use: the rows go to the default partition.
        if (sqlState(error) !== '55P03' && sqlState(error) !== '40P01') {
          throw error;
        }
      }
    }
  }
}

/** The places of columns in a row. */
function places(
  columns: readonly { name: string; type: string }[],
  pick: (column: { name: string; type: string }) => boolean,
): number[] {
  return columns.flatMap((column, place) => (pick(column) ? [place] : []));
}

/** Changes a row for a copy: ids everywhere, the slug, and what is empty in a copy. */
function copyMapper(
  table: Manifest['tables'][number],
  ids: IdMap,
  slug: string,
): (line: string) => string {
  const empty = places(table.columns, ({ name }) =>
    (EMPTY_IN_COPIES[table.name] ?? []).includes(name),
  );
  const slugAt =
    table.name === 'public.companies' ? places(table.columns, ({ name }) => name === 'slug') : [];
  return (line) => {
    const mapped = ids.map(line);
    if (empty.length === 0 && slugAt.length === 0) {
      return mapped;
    }
    const fields = mapped.split('\t');
    for (const place of empty) {
      fields[place] = '\\N';
    }
    for (const place of slugAt) {
      fields[place] = slug;
    }
    return fields.join('\t');
  };
}

/** Notes the ids that rows of a table have as their own, and the months that they are in. */
function noteIds(
  table: Manifest['tables'][number],
  ids: IdMap | undefined,
  months: Set<string>,
): RowMapper {
  const idPlaces = places(
    table.columns,
    ({ name, type }) =>
      type === 'uuid' &&
      table.key.includes(name) &&
      name !== 'company_id' &&
      table.name !== 'public.companies' &&
      table.name !== 'public.users',
  );
  const timePlaces = places(
    table.columns,
    ({ name, type }) => type === 'timestamp with time zone' && table.key.includes(name),
  );
  return new RowMapper((line) => {
    const fields = line.split('\t');
    for (const place of ids === undefined ? [] : idPlaces) {
      ids?.known.add(fields[place] ?? '');
    }
    for (const place of timePlaces) {
      const month = `${fields[place]?.slice(0, 7)}-01`;
      if (!months.has(month)) {
        months.add(month);
      }
    }
    return line;
  });
}

/**
 * Puts a company from an export into a database, in one transaction: wholly, or not at all. What was written is read back
 * and compared with the export before it is committed.
 */
export async function importCompany(options: ImportOptions): Promise<Imported> {
  const { reporter } = options;
  const folder = resolve(options.from);
  const manifest = readManifest(folder);
  const newIds = options.newIds ?? false;
  if (options.companyId !== undefined && !newIds) {
    throw new UserError('--company-id is the id of a copy.', { fix: 'pass --new-ids, too' });
  }
  if (options.expectHash !== undefined && options.expectHash !== manifest.manifest_hash) {
    throw new UserError(
      `The hash of the manifest is ${manifest.manifest_hash}, not ${options.expectHash}.`,
      {
        fix: 'this is another export than the one that you noted, or somebody has changed it',
        exitCode: EXIT.failed,
      },
    );
  }
  const companyId = newIds
    ? (options.companyId ?? randomUUID()).toLowerCase()
    : manifest.company.id;
  const slug = options.slug ?? manifest.company.slug;
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(slug)) {
    throw new UserError(`${slug} is no slug.`, {
      fix: 'lower case, digits and hyphens, 3 to 63 characters',
    });
  }
  if (!isUuid(companyId)) {
    throw new UserError(`${companyId} is no id.`, { fix: 'state a UUID, or leave it out' });
  }
  return withSession(options.url, async (client) => {
    const tables = await portableTables(client);
    const problems = compareTables(manifest.tables, tables);
    if (problems.length > 0) {
      const last = (await migrationVersions(client)).at(-1);
      throw new UserError('The export was made with other tables than the database has.', {
        details: problems.slice(0, 20).join('\n'),
        fix: `bring both to the same migrations: the export has ${manifest.schema.migrations.at(-1) ?? 'none'}, the database ${last ?? 'none'}`,
      });
    }
    const people = await withStep(reporter, 'verify the export', async (detail) => {
      await verifyFile(folder, manifest.people);
      await verifyFile(folder, manifest.stored_files);
      detail(`${manifest.tables.length} tables`);
      return readPeopleFile(join(folder, manifest.people.file));
    });
    const matching = await matchPeople(client, people, newIds);
    if (!options.createPeople) {
      refuseMissing(matching.missing);
    }
    const ids = newIds ? new IdMap(manifest.company.id, companyId, matching.ids) : undefined;
    const months = new Map<string, Set<string>>();
    await withStep(reporter, 'verify the rows', async (detail) => {
      for (const table of manifest.tables) {
        const found = new Set<string>();
        await verifyFile(folder, table, [noteIds(table, ids, found)]);
        months.set(table.name.replace('public.', ''), found);
      }
      detail(`content hash ${manifest.content_hash.slice(0, 16)}…`);
    });
    await refuseCollisions(client, folder, manifest, companyId, slug, newIds);
    await makeMonths(client, months);
    const byName = new Map(tables.map((table) => [table.name, table]));
    // In the database's order of foreign keys, which is what counts here.
    const order = tables.flatMap(
      ({ name }) => manifest.tables.find((table) => table.name === name) ?? [],
    );
    const skipped = (name: string): boolean =>
      newIds && (name in NOT_FOR_COPIES || CHAIN.includes(name));
    let rows = 0;
    await inTransaction(client, async () => {
      await client.query(`set local app.importing = 'on'`);
      await createPeople(client, matching.missing);
      const sums = new Map<string, string>();
      for (const table of order) {
        const target = byName.get(table.name);
        if (!target || skipped(table.name)) {
          continue;
        }
        const step = reporter.step(table.name);
        try {
          sums.set(table.name, await load(client, folder, table, target, ids, slug));
          rows += table.rows;
          step.done(`${table.rows.toLocaleString('en')} rows`);
        } catch (error) {
          step.fail();
          throw loadingError(table.name, error);
        }
        await options.onTable?.(table.name);
      }
      if (ids) {
        await withStep(reporter, 'chain of the audit log', () =>
          rebuildChain(client, folder, manifest, companyId),
        );
      }
      await withStep(reporter, 'compare', async () => {
        for (const table of order) {
          const target = byName.get(table.name);
          if (!target || skipped(table.name)) {
            continue;
          }
          const isSame =
            ids === undefined && slug === manifest.company.slug
              ? (await digestRows(client, target, companyId)).sha256 === table.sha256
              : (await readBack(client, target, companyId)) === sums.get(table.name);
          if (!isSame) {
            throw new UserError(
              `${table.name} is not what the export has: something in the database changed rows on their way in.`,
              {
                fix: 'a trigger of that table does not honour app.importing; nothing was imported',
                exitCode: EXIT.failed,
              },
            );
          }
        }
      });
      // Triggers that wait for the end of the transaction pass now, while rows come in as they are.
      await client.query('set constraints all immediate');
      await client.query('set constraints all deferred');
      // It is here again, whatever had moved away.
      await forgetMovedAway(client, companyId);
      await client.query(`set local app.importing = ''`);
      await recordImport(client, manifest, companyId, newIds);
    });
    return {
      companyId,
      slug,
      rows,
      createdPeople: matching.missing.length,
      leftOut: [
        ...manifest.left_out,
        ...(newIds
          ? Object.entries(NOT_FOR_COPIES)
              .filter(
                ([name]) => (manifest.tables.find((table) => table.name === name)?.rows ?? 0) > 0,
              )
              .map(([name, reason]) => ({ name, reason }))
          : []),
      ],
    };
  });
}

async function refuseCollisions(
  client: pg.ClientBase,
  folder: string,
  manifest: Manifest,
  companyId: string,
  slug: string,
  newIds: boolean,
): Promise<void> {
  const table = manifest.tables.find(({ name }) => name === 'public.companies');
  let line = '';
  for await (const text of createInterface({
    input: createReadStream(join(folder, table?.file ?? ''), 'latin1'),
  })) {
    line = text;
  }
  const field = (name: string): string | undefined =>
    line.split('\t')[table?.columns.findIndex((column) => column.name === name) ?? -1];
  if (field('id') !== manifest.company.id) {
    throw new UserError(
      'The export is damaged: its company is another one than its manifest says.',
      {
        fix: 'take another backup; nothing was imported',
        exitCode: EXIT.failed,
      },
    );
  }
  if (field('is_operator') === 't') {
    throw new UserError('The operator company cannot be imported.', {
      fix: 'a database has one, which runs it; restore a whole database from its own backup instead',
    });
  }
  const stripe = field('stripe_customer_id');
  const found = await collisions(client, {
    id: companyId,
    slug,
    stripeCustomerId: newIds || stripe === undefined || stripe === '\\N' ? null : stripe,
  });
  if (found.length > 0) {
    throw new UserError('The company is in the way of one that is there.', {
      details: found.join('\n'),
      fix: newIds
        ? 'pass another --slug'
        : 'nothing is overwritten: pass --new-ids --slug <slug> for a copy beside it, or remove that company first',
    });
  }
}

/** What does not count when rows of a copy are compared: jsonb sorts its members by their names, which may be ids. */
function unsteady(columns: readonly { name: string; type: string }[]): Set<number> {
  return new Set(places(columns, ({ type }) => type === 'jsonb' || type === 'json'));
}

async function load(
  client: pg.ClientBase,
  folder: string,
  table: Manifest['tables'][number],
  target: TenantTable,
  ids: IdMap | undefined,
  slug: string,
): Promise<string> {
  const sum = new Sum(unsteady(table.columns));
  const mapper =
    ids !== undefined || table.name === 'public.companies'
      ? [new RowMapper(ids === undefined ? withSlug(table, slug) : copyMapper(table, ids, slug))]
      : [];
  await pipeline([
    createReadStream(join(folder, table.file)),
    ...mapper,
    sum,
    copyInto(client, { ...target, columns: table.columns }),
  ]);
  return sum.sum();
}

function withSlug(table: Manifest['tables'][number], slug: string): (line: string) => string {
  const [place] = places(table.columns, ({ name }) => name === 'slug');
  return (line) =>
    line
      .split('\t')
      .map((field, at) => (at === place ? slug : field))
      .join('\t');
}

async function readBack(
  client: pg.ClientBase,
  table: TenantTable,
  companyId: string,
): Promise<string> {
  const sum = new Sum(unsteady(table.columns));
  await pipeline(
    client.query(copyTo(copyOutSql(table, companyId, { ordered: false }))),
    sum,
    nowhere(),
  );
  return sum.sum();
}

function loadingError(name: string, error: unknown): unknown {
  const state = sqlState(error);
  if (state === '23505') {
    return databaseError(
      `${name} has a row that is in the way of one that is there.`,
      error,
      'nothing was imported; values that are unique on the platform can stand in one company only',
    );
  }
  return state === undefined || error instanceof UserError
    ? error
    : databaseError(`${name} could not be imported.`, error, 'nothing was imported');
}

/**
 * The chain of a copy: its hashes cover ids, so every link is made anew from the rows, in the order that they had. What was
 * pruned stays a segment.
 */
async function rebuildChain(
  client: pg.ClientBase,
  folder: string,
  manifest: Manifest,
  companyId: string,
): Promise<void> {
  const load = async (name: string, into: string): Promise<void> => {
    const table = manifest.tables.find((found) => found.name === name);
    if (!table) {
      throw new UserError(`The export is damaged: ${name} is missing.`, { exitCode: EXIT.failed });
    }
    await client.query(`create temporary table ${into} (like ${name}) on commit drop`);
    const columns = columnList(table.columns.map((column) => column.name));
    await pipeline(
      createReadStream(join(folder, table.file)),
      client.query(copyFrom(`copy pg_temp.${into} (${columns}) from stdin`)),
    );
    await client.query(`update pg_temp.${into} set company_id = $1`, [companyId]);
  };
  await load('private.audit_segments', 'import_segments');
  await load('private.audit_links', 'import_links');
  await client.query(`
    insert into private.audit_segments
    select * from pg_temp.import_segments`);
  await client.query(
    `update private.audit_segments set previous_hash = private.audit_genesis($1)
      where company_id = $1 and first_link_no = 1`,
    [companyId],
  );
  await client.query(
    `do $$
     declare
       v_company constant uuid := '${companyId}';
       v_link record;
       v_rows record;
       v_no bigint := 0;
       v_hash bytea := private.audit_genesis(v_company);
       v_previous bytea;
     begin
       select g.last_link_no, g.hash into v_no, v_hash from private.audit_segments as g
        where g.company_id = v_company order by g.last_link_no desc limit 1;
       v_no := coalesce(v_no, 0);
       v_hash := coalesce(v_hash, private.audit_genesis(v_company));
       for v_link in select * from pg_temp.import_links order by link_no loop
         select * into v_rows from private.audit_rows_hash(v_company, v_link.created_at, v_link.transaction_id);
         v_no := v_no + 1;
         v_previous := v_hash;
         v_hash := private.audit_link_hash(
           v_previous, v_no, v_link.created_at, v_link.transaction_id, v_rows.row_count, v_rows.rows_hash);
         insert into private.audit_links (
           company_id, created_at, transaction_id, link_no, row_count, rows_hash, previous_hash, hash)
         values (v_company, v_link.created_at, v_link.transaction_id, v_no, v_rows.row_count, v_rows.rows_hash, v_previous, v_hash);
       end loop;
       insert into private.audit_heads (company_id, link_no, previous_hash, hash) values (v_company, v_no, v_previous, v_hash);
     end
     $$`,
  );
  let after = 0;
  for (;;) {
    const { rows } = await client.query<{
      is_intact: boolean;
      last: string;
      head: string;
      problems: unknown;
    }>(
      `select v.is_intact, v.last_link_no as last, v.head_link_no as head, v.problems
         from private.verify_audit_chain($1, $2, 10000, null, null) as v`,
      [companyId, after],
    );
    const [page] = rows;
    if (!page?.is_intact) {
      throw new UserError('The chain of the audit log could not be made anew.', {
        details: JSON.stringify(page?.problems),
        fix: 'nothing was imported; see whether the log of the original verifies',
        exitCode: EXIT.failed,
      });
    }
    if (Number(page.last) >= Number(page.head)) {
      return;
    }
    after = Number(page.last);
  }
}

/** A copy says in its own log where it comes from; a restored company stays as it was, and the operator's log says it. */
async function recordImport(
  client: pg.ClientBase,
  manifest: Manifest,
  companyId: string,
  newIds: boolean,
): Promise<void> {
  const changes = JSON.stringify({
    exported_at: manifest.exported_at,
    content_hash: manifest.content_hash,
    source_company_id: manifest.company.id,
    source_head_link_no: manifest.audit.head_link_no,
    source_head_hash: manifest.audit.head_hash,
  });
  await client.query(
    `select private.write_audit(c.id, 'companies.imported', 'companies', $1, $2)
       from public.companies as c where c.id = case when $3 then $1 else (select o.id from public.companies as o where o.is_operator) end`,
    [companyId, changes, newIds],
  );
}
