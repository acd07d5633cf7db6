import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { describeUrl } from '../client.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Reporter, withStep } from '../output.ts';
import { compare, copyAll, copyDelta, type Ends, position } from './delta.ts';
import { announce } from './directory.ts';
import { asMove, deleteRows, freeze, thaw } from './freeze.ts';
import { collisions, compareTables, forgetMovedAway, makeMonths } from './import.ts';
import { createPeople, matchPeople, type Person, readPeople, refuseMissing } from './people.ts';
import { rewrapDataKey } from './secrets.ts';
import {
  type Company,
  findCompany,
  inSnapshot,
  inTransaction,
  lookUpCompany,
  migrationVersions,
  withSession,
} from './session.ts';
import { portableTables, type TenantTable } from './tables.ts';

/** Where a move is, for whoever watches it (tests kill it there). */
export type MovePoint =
  | 'copying'
  | 'received'
  | 'caught up'
  | 'freezing'
  | 'frozen'
  | 'compared'
  | 'live'
  | 'switched';

export interface MoveOptions {
  /** The database that the company leaves. */
  url: string;
  /** The database that it goes to. */
  to: string;
  /** Slug or id. */
  company: string;
  createPeople?: boolean;
  /** Compares all rows once more while writes are frozen. */
  fullCheck?: boolean;
  /** The database of the directory, and the cell that the company is at afterwards. */
  directory?: { url: string; cell: string };
  reporter: Reporter;
  onPoint?: (point: MovePoint) => Promise<void> | void;
}

export interface MoveResult {
  companyId: string;
  slug: string;
  state: string;
  /** Rows that were copied before and while writes were frozen. */
  copied: number;
  delta: number;
  /** Seconds in which the company could not be written to. */
  frozenSeconds: number;
}

interface SourceRow {
  id: string;
  state: string;
  peer: string;
  token: string;
  company_status: string;
  details: { copied?: number; delta?: number };
  frozen_seconds: string | null;
}

interface TargetRow {
  state: string;
  copied_before: string | null;
}

/** Both databases, and the move between them. */
interface Context {
  source: pg.Client;
  target: pg.Client;
  company: Company;
  tables: readonly TenantTable[];
  options: MoveOptions;
}

async function sourceRow(client: pg.ClientBase, companyId: string): Promise<SourceRow | undefined> {
  const { rows } = await client.query<SourceRow>(
    `select id, state, peer, token, company_status, details,
            extract(epoch from coalesce(switched_at, clock_timestamp()) - frozen_at)::text as frozen_seconds
       from private.company_moves
      where company_id = $1 and direction = 'out'
      order by finished_at is null desc, started_at desc limit 1`,
    [companyId],
  );
  return rows[0];
}

async function targetRow(
  client: pg.ClientBase,
  companyId: string,
  id: string,
): Promise<TargetRow | undefined> {
  const { rows } = await client.query<TargetRow>(
    'select state, copied_before::text from private.company_moves where company_id = $1 and id = $2',
    [companyId, id],
  );
  return rows[0];
}

/** Opens both databases, one run at a time. */
async function withBoth<T>(
  options: MoveOptions,
  run: (context: Context) => Promise<T>,
): Promise<T> {
  return withSession(options.url, (source) =>
    withSession(options.to, async (target) => {
      const { rows } = await Promise.all([
        source.query<{ at: string }>(
          `select pg_control_system()::text || current_database() as at`,
        ),
        target.query<{ at: string }>(
          `select pg_control_system()::text || current_database() as at`,
        ),
      ])
        .then(([a, b]) => ({ rows: [a.rows[0]?.at, b.rows[0]?.at] }))
        // Not everybody may ask: then the URLs decide.
        .catch(() => ({ rows: [describeUrl(options.url), describeUrl(options.to)] }));
      if (rows[0] === rows[1]) {
        throw new UserError('Both ends are the same database.', {
          fix: 'state another one with --to',
        });
      }
      const company = await findCompany(source, options.company);
      if (!(await lockMove(source, company.id))) {
        throw new UserError(`Another run is at the move of ${company.slug}.`, {
          fix: 'wait for it, or end it; a run that has died lets go by itself',
        });
      }
      const tables = await portableTables(source);
      return run({ source, target, company, tables, options });
    }),
  );
}

/** The server may take a moment to see that a run has died. */
async function lockMove(client: pg.ClientBase, companyId: string): Promise<boolean> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { rows } = await client.query<{ is_locked: boolean }>(
      `select pg_try_advisory_lock(hashtext('lytbub company move'), hashtext($1)) as is_locked`,
      [companyId],
    );
    if (rows[0]?.is_locked) {
      return true;
    }
    await sleep(250);
  }
  return false;
}

function openMove(row: SourceRow | undefined): SourceRow | undefined {
  return row !== undefined && !['confirmed', 'removed', 'aborted'].includes(row.state)
    ? row
    : undefined;
}

function checkPeer(row: SourceRow, context: Context): void {
  const peer = describeUrl(context.options.to);
  if (row.peer !== peer) {
    throw new UserError(`${context.company.slug} is moving to ${row.peer}, not to ${peer}.`, {
      fix: 'state that database with --to, or give that move up (--abort)',
    });
  }
}

/**
 * Moves a company to another database, up to the switch. Whatever has been done of it is not done again: what stands in
 * private.company_moves at both ends says where to go on.
 */
export async function moveCompany(options: MoveOptions): Promise<MoveResult> {
  const result = await copyAndSwitch(options);
  await tellDirectory(options, options.to);
  return result;
}

/** Whoever asks for the company is sent there. Said again with the next step, if it was not heard. */
async function tellDirectory(
  { directory, company, reporter }: MoveOptions,
  at: string,
): Promise<void> {
  if (directory) {
    await withStep(reporter, `the directory: ${company} is at ${directory.cell}`, () =>
      announce({ directory: directory.url, cell: directory.cell, company, at }),
    );
  }
}

async function copyAndSwitch(options: MoveOptions): Promise<MoveResult> {
  return withBoth(options, async (context) => {
    const { source, target, company, reporter } = { ...context, reporter: options.reporter };
    let move = openMove(await sourceRow(source, company.id));
    if (move) {
      checkPeer(move, context);
      reporter.note(`going on with the move that is ${move.state}`);
    } else {
      move = await begin(context);
    }
    let there = await receive(context, move);
    if (move.state === 'copying') {
      await options.onPoint?.('copying');
      if (there.state === 'receiving') {
        await copyCompany(context, move);
        await options.onPoint?.('received');
      }
      await catchUp(context, move);
      await options.onPoint?.('caught up');
      await setState(source, company.id, move, 'freezing');
    }
    if (move.state === 'freezing') {
      await freezeSource(context, move);
      await options.onPoint?.('frozen');
    }
    if (move.state === 'frozen') {
      there = (await targetRow(target, company.id, move.id)) ?? there;
      if (there.state !== 'live') {
        await finishCopy(context, move);
        await options.onPoint?.('compared');
        await open(context, move);
      }
      await options.onPoint?.('live');
      await thaw(target, company.id, context.tables);
      await target.query('select pg_stat_force_next_flush()');
      await target.query('select private.restart_write_rates()');
      await source.query(
        `update private.company_moves set state = 'switched', switched_at = clock_timestamp()
          where company_id = $1 and id = $2`,
        [company.id, move.id],
      );
      await options.onPoint?.('switched');
    }
    const after = await sourceRow(source, company.id);
    return {
      companyId: company.id,
      slug: company.slug,
      state: after?.state ?? '',
      copied: after?.details.copied ?? 0,
      delta: after?.details.delta ?? 0,
      frozenSeconds: Number(after?.frozen_seconds ?? 0),
    };
  });
}

/** Whether the target can take the company, before anything is written. */
async function begin(context: Context): Promise<SourceRow> {
  const { source, target, company, options } = context;
  if (company.isOperator) {
    throw new UserError('The operator company runs its own database; it does not move.');
  }
  if (company.status === 'moving') {
    throw new UserError(`${company.slug} is marked as moving, and there is no move of it.`, {
      fix: 'set its status to what it was',
      exitCode: EXIT.failed,
    });
  }
  const { tables } = context;
  const { rows: ready } = await target.query<{ is_ready: boolean }>(
    `select to_regclass('private.company_moves') is not null as is_ready`,
  );
  if (!ready[0]?.is_ready) {
    throw new UserError('The target has no table private.company_moves.', {
      fix: 'apply the same migrations there first (`supabase db push`)',
    });
  }
  const problems = compareTables(
    tables.map(({ name, columns }) => ({ name, columns })),
    await portableTables(target),
  );
  if (problems.length > 0) {
    const [ours, theirs] = [await migrationVersions(source), await migrationVersions(target)];
    throw new UserError('The target has other tables.', {
      details: problems.slice(0, 20).join('\n'),
      fix: `bring both to the same migrations: here ${ours.at(-1) ?? 'none'}, there ${theirs.at(-1) ?? 'none'}`,
    });
  }
  const found = await collisions(target, company);
  if (found.length > 0) {
    throw new UserError('The company is in the way of one that is there.', {
      details: found.join('\n'),
      fix: 'a company that was moved away from there comes back when its closed copy is removed (--confirm --remove-source)',
    });
  }
  const people = await peopleOf(source, company.id);
  const { missing } = await matchPeople(target, people, false);
  if (!options.createPeople) {
    refuseMissing(missing);
  }
  // Fails now, and not after the copy, if the target could not read the secrets; there is nothing there yet to change.
  await inTransaction(source, () =>
    inTransaction(target, () => rewrapDataKey(source, target, company.id)),
  );
  const id = randomUUID();
  await source.query(
    `insert into private.company_moves (company_id, id, direction, state, peer, company_status)
     values ($1, $2, 'out', 'copying', $3, $4)`,
    [company.id, id, describeUrl(options.to), company.status],
  );
  const move = openMove(await sourceRow(source, company.id));
  if (!move) {
    throw new Error('the move was not recorded');
  }
  return move;
}

async function peopleOf(client: pg.ClientBase, companyId: string): Promise<Person[]> {
  const people: Person[] = [];
  for await (const person of readPeople(client, companyId, true)) {
    people.push(person);
  }
  return people;
}

/** The move's row at the target, and what keeps everybody else out there. */
async function receive(context: Context, move: SourceRow): Promise<TargetRow> {
  const { target, company, tables, options } = context;
  await forgetMovedAway(target, company.id);
  await target.query(
    `insert into private.company_moves (company_id, id, direction, state, peer, token, company_status)
     values ($1, $2, 'in', 'receiving', $3, $4, $5)
     on conflict (company_id, id) do nothing`,
    [company.id, move.id, describeUrl(options.url), move.token, move.company_status],
  );
  const row = await targetRow(target, company.id, move.id);
  if (!row) {
    throw new Error('the move was not recorded at the target');
  }
  if (row.state === 'removed') {
    throw new UserError('The copy at the target was removed.', {
      fix: 'run `npm run company:move -- --abort` once more, then begin again',
      exitCode: EXIT.failed,
    });
  }
  if (row.state !== 'live') {
    await freeze(target, company.id, move.token, tables);
  }
  return row;
}

/** Within a snapshot of the source: accounts of members that the target lacks. */
async function bringPeople(context: Context): Promise<void> {
  const { source, target, company, options } = context;
  const { missing } = await matchPeople(target, await peopleOf(source, company.id), false);
  if (!options.createPeople) {
    refuseMissing(missing);
  }
  await createPeople(target, missing);
}

function ends(context: Context): Ends {
  return {
    source: context.source,
    target: context.target,
    companyId: context.company.id,
    tables: context.tables,
    reporter: context.options.reporter,
  };
}

/** All rows, in one transaction of the target, while everybody goes on writing at the source. */
async function copyCompany(context: Context, move: SourceRow): Promise<void> {
  const { source, target, company, tables, options } = context;
  const months = new Map<string, Set<string>>();
  for (const table of tables.filter(({ isPartitioned }) => isPartitioned)) {
    const at = table.columns.find(
      ({ name, type }) => table.key.includes(name) && type.startsWith('timestamp'),
    );
    if (at) {
      const { rows } = await source.query<{ month: string }>(
        `select distinct to_char(${at.name} at time zone 'UTC', 'YYYY-MM-01') as month from ${table.sql} where company_id = $1`,
        [company.id],
      );
      months.set(table.name.replace('public.', ''), new Set(rows.map(({ month }) => month)));
    }
  }
  await makeMonths(target, months);
  await inSnapshot(source, async () => {
    const at = await position(source);
    await asMove(target, move.token, async () => {
      await bringPeople(context);
      const rows = await copyAll(ends(context), async (name) => {
        if (name === 'public.jobs') {
          await options.onPoint?.('copying');
        }
      });
      await target.query(
        `update private.company_moves set state = 'received', copied_before = $3, details = jsonb_build_object('copied', $4::bigint)
          where company_id = $1 and id = $2`,
        [company.id, move.id, at, rows],
      );
    });
  });
  await note(context, move);
}

/** What was copied, in the row of the source, for the report. */
async function note(context: Context, move: SourceRow): Promise<void> {
  const { rows } = await context.target.query<{ details: unknown }>(
    'select details from private.company_moves where company_id = $1 and id = $2',
    [context.company.id, move.id],
  );
  await context.source.query(
    'update private.company_moves set details = details || $3 where company_id = $1 and id = $2',
    [context.company.id, move.id, JSON.stringify(rows[0]?.details ?? {})],
  );
}

/** One pass over what was written meanwhile. */
async function pass(context: Context, move: SourceRow, isLast: boolean): Promise<number> {
  const { source, target, company, options } = context;
  return inSnapshot(source, async () => {
    const row = await targetRow(target, company.id, move.id);
    const at = await position(source);
    return asMove(target, move.token, async () => {
      await bringPeople(context);
      const rows = await copyDelta(ends(context), row?.copied_before ?? '0');
      if (isLast && options.fullCheck) {
        await compare(ends(context), context.tables);
      }
      await target.query(
        `update private.company_moves
            set copied_before = $3, details = details || jsonb_build_object('delta', $4::bigint)
          where company_id = $1 and id = $2`,
        [company.id, move.id, at, rows],
      );
      return rows;
    });
  });
}

const ROUNDS = 5;
const FEW_ROWS = 1000;

/** Passes while everybody goes on writing, until little is left for the last. */
async function catchUp(context: Context, move: SourceRow): Promise<void> {
  await withStep(context.options.reporter, 'what was written meanwhile', async (detail) => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const rows = await pass(context, move, false);
      detail(`${rows.toLocaleString('en')} rows in round ${round}`);
      if (rows < FEW_ROWS) {
        return;
      }
    }
  });
}

async function setState(
  client: pg.ClientBase,
  companyId: string,
  move: SourceRow,
  state: string,
): Promise<void> {
  await client.query(
    'update private.company_moves set state = $3 where company_id = $1 and id = $2',
    [companyId, move.id, state],
  );
  move.state = state;
}

/** From here on the company is only read. */
async function freezeSource(context: Context, move: SourceRow): Promise<void> {
  const { source, company, tables, options } = context;
  await withStep(options.reporter, 'writes are frozen', async () => {
    // That it begins is in the company's own log, which moves along; the status shows it to its members. One of them
    // suspended or closed stays so: nobody may read it because it moves.
    await inTransaction(source, async () => {
      const { rows } = await source.query<{ frozen_at: string | null }>(
        `update private.company_moves set frozen_at = coalesce(frozen_at, clock_timestamp())
          where company_id = $1 and id = $2 and frozen_at is null returning frozen_at`,
        [company.id, move.id],
      );
      if (rows.length > 0) {
        await source.query(
          `select private.write_audit($1, 'companies.moving', 'companies', $1, jsonb_build_object('peer', $2::text, 'move_id', $3::uuid))`,
          [company.id, move.peer, move.id],
        );
      }
    });
    await asMove(source, move.token, async () => {
      // Its status may have changed since the move began.
      const { rows } = await source.query<{ status: string }>(
        `update private.company_moves as m set company_status = c.status
           from public.companies as c
          where m.company_id = $1 and m.id = $2 and c.id = m.company_id and c.status <> 'moving'
        returning c.status`,
        [company.id, move.id],
      );
      move.company_status = rows[0]?.status ?? move.company_status;
      await source.query(
        `update public.companies set status = 'moving' where id = $1 and status = 'active'`,
        [company.id],
      );
    });
    let count = 0;
    await freeze(source, company.id, move.token, tables, async () => {
      count += 1;
      if (count === 5) {
        await options.onPoint?.('freezing');
      }
    });
  });
  await setState(source, company.id, move, 'frozen');
}

/** The last delta, and the secrets. */
async function finishCopy(context: Context, move: SourceRow): Promise<void> {
  const { source, target, company, options } = context;
  await withStep(options.reporter, 'the last delta', async (detail) => {
    detail(`${(await pass(context, move, true)).toLocaleString('en')} rows`);
  });
  await inTransaction(source, () =>
    asMove(target, move.token, () => rewrapDataKey(source, target, company.id)),
  );
  await note(context, move);
}

/** The company is open at the target, and at the source it is not any more. */
async function open(context: Context, move: SourceRow): Promise<void> {
  const { source, target, company } = context;
  const { rows } = await source.query<{
    status_reason: string | null;
    suspended_at: string | null;
    closed_at: string | null;
  }>(
    'select status_reason, suspended_at::text, closed_at::text from public.companies where id = $1',
    [company.id],
  );
  const [row] = rows;
  await asMove(target, move.token, async () => {
    await target.query(
      `update public.companies set status = $2, status_reason = $3, suspended_at = $4, closed_at = $5 where id = $1`,
      [company.id, move.company_status, row?.status_reason, row?.suspended_at, row?.closed_at],
    );
    await target.query(
      `update private.company_moves set state = 'live', switched_at = clock_timestamp(), finished_at = clock_timestamp()
        where company_id = $1 and id = $2`,
      [company.id, move.id],
    );
  });
}

/** An entry in the operator's log. */
async function record(
  client: pg.ClientBase,
  action: string,
  company: Company,
  move: SourceRow,
  peer: string,
): Promise<void> {
  await client.query(
    `select private.write_audit(c.id, $1, 'companies', $2, jsonb_build_object('slug', $3::text, 'move_id', $4::uuid, 'peer', $5::text))
       from public.companies as c where c.is_operator`,
    [action, company.id, company.slug, move.id, peer],
  );
}

/** The source is let go: closed, and writable again for whoever tidies up; with `remove` its rows are deleted. */
export async function confirmMove(options: MoveOptions & { remove?: boolean }): Promise<string> {
  await tellDirectory(options, options.to);
  return withBoth(options, async (context) => {
    const { source, target, company, tables } = context;
    const move = await sourceRow(source, company.id);
    if (!move || (move.state !== 'switched' && move.state !== 'confirmed')) {
      throw new UserError(`There is no move of ${company.slug} to confirm.`, {
        fix: move
          ? 'run `npm run company:move` again, which goes on with it'
          : 'begin with `npm run company:move`',
      });
    }
    checkPeer(move, context);
    const there = await lookUpCompany(target, company.id);
    if (!there) {
      throw new UserError(`${company.slug} is not at the target.`, {
        fix: 'nothing was closed here; look for it in the backups of the target, or undo the move with --abort',
        exitCode: EXIT.failed,
      });
    }
    if (move.state === 'switched') {
      // Stripe's customer is at the target now; only one database acts on what Stripe says.
      await asMove(source, move.token, async () => {
        await source.query(
          `update public.companies
              set status = 'closed', status_reason = left('moved to ' || $2, 500), suspended_at = null, closed_at = now(),
                  stripe_customer_id = null
            where id = $1`,
          [company.id, move.peer],
        );
      });
      await record(target, 'companies.moved_here', company, move, describeUrl(options.url));
      await inTransaction(source, async () => {
        await record(source, 'companies.moved_away', company, move, move.peer);
        await source.query(
          `update private.company_moves set state = 'confirmed', finished_at = clock_timestamp()
            where company_id = $1 and id = $2`,
          [company.id, move.id],
        );
      });
    }
    await thaw(source, company.id, tables);
    if (options.remove) {
      await asMove(source, move.token, async () => {
        await deleteRows(source, company.id, tables);
        await forgetMovedAway(source, company.id);
      });
    }
    return options.remove ? 'removed' : 'closed';
  });
}

/** The move is given up: the copy at the target goes, and the source is as it was. */
export async function abortMove(options: MoveOptions): Promise<void> {
  await withBoth(options, async (context) => {
    const { source, target, company, tables } = context;
    const move = await sourceRow(source, company.id);
    if (!move || move.state === 'confirmed' || move.state === 'removed') {
      throw new UserError(`There is no move of ${company.slug} to give up.`, {
        fix: 'a confirmed move is undone by moving the company back',
      });
    }
    checkPeer(move, context);
    if (move.state !== 'aborted') {
      const there = await targetRow(target, company.id, move.id);
      if (there?.state === 'live') {
        await takeBack(context, move);
      }
      if (there !== undefined && there.state !== 'removed') {
        await freeze(target, company.id, move.token, tables);
        await asMove(target, move.token, async () => {
          await deleteRows(target, company.id, tables);
          await target.query(
            `update private.company_moves set state = 'removed', finished_at = clock_timestamp()
              where company_id = $1 and id = $2`,
            [company.id, move.id],
          );
        });
        await thaw(target, company.id, tables);
      }
      await asMove(source, move.token, () =>
        source.query(
          `update public.companies set status = $2 where id = $1 and status = 'moving'`,
          [company.id, move.company_status],
        ),
      );
      await source.query(
        `update private.company_moves set state = 'aborted', finished_at = clock_timestamp()
          where company_id = $1 and id = $2`,
        [company.id, move.id],
      );
    }
    await thaw(target, company.id, tables);
    await thaw(source, company.id, tables);
  });
  await tellDirectory(options, options.url);
}

/** After the switch: only while nothing was written at the target, since that would be lost. */
async function takeBack(context: Context, move: SourceRow): Promise<void> {
  const { source, target, company, tables } = context;
  await target.query(
    `update private.company_moves set state = 'received', finished_at = null where company_id = $1 and id = $2`,
    [company.id, move.id],
  );
  await freeze(target, company.id, move.token, tables);
  try {
    await compare(ends(context), tables);
  } catch (error) {
    await target.query(
      `update private.company_moves set state = 'live', finished_at = clock_timestamp() where company_id = $1 and id = $2`,
      [company.id, move.id],
    );
    await thaw(target, company.id, tables);
    throw error instanceof UserError
      ? new UserError(
          `${company.slug} was written to at the target since the switch; giving the move up would lose that.`,
          {
            details: error.message,
            fix: 'confirm the move with --remove-source, then move the company back',
            exitCode: EXIT.failed,
          },
        )
      : error;
  }
  await source.query(
    `update private.company_moves set state = 'frozen' where company_id = $1 and id = $2 and state = 'switched'`,
    [company.id, move.id],
  );
}
