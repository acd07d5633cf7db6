import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fillCompany } from '../../../scripts/lib/bench/company-rows.ts';
import {
  abortMove,
  confirmMove,
  type MoveOptions,
  type MovePoint,
  moveCompany,
} from '../../../scripts/lib/company/move.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { type TestDatabase, useDatabase } from '../support/database.ts';
import {
  ACME,
  chain,
  contentOf,
  GLOBEX,
  leftTriggers,
  MIA,
  removeCompany,
  useFolder,
} from './support.ts';

// A move is some hundred statements at either end, and what is killed is started anew.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const source = useDatabase();
const target = useDatabase();
const folder = useFolder();

const options = (from = source, to = target): MoveOptions => ({
  url: from.url(),
  to: to.url(),
  company: 'acme',
  reporter: silentReporter,
});

async function message(running: Promise<unknown>): Promise<string> {
  try {
    await running;
  } catch (error) {
    const {
      message: text,
      details,
      fix,
    } = error as { message: string; details?: string; fix?: string };
    return [text, details, fix].join('\n');
  }
  throw new Error('it was not refused');
}

async function statusOf(db: TestDatabase): Promise<string | undefined> {
  const { rows } = await db.client.query('select status from public.companies where id = $1', [
    ACME,
  ]);
  return rows[0]?.status;
}

async function stateOf(db: TestDatabase): Promise<string | undefined> {
  const { rows } = await db.client.query(
    'select state from private.company_moves where company_id = $1 order by started_at desc limit 1',
    [ACME],
  );
  return rows[0]?.state;
}

/** Tables of a company but what says whether it is open. */
async function hashes(db: TestDatabase, name: string): Promise<Record<string, string>> {
  await db.client.query('begin');
  await db.client.query(`set local app.importing = 'on'`);
  const { tables } = await contentOf(db, 'acme', folder(name));
  await db.client.query('rollback');
  return Object.fromEntries(tables.map((table) => [table.name, `${table.rows} ${table.sha256}`]));
}

/**
 * A writer that never stops: it adds, changes and deletes rows in one transaction each, at the source until it is told
 * that the company moves, then at the target, and notes what was acknowledged.
 */
function startWriter(number: number): {
  acknowledged: Map<string, string>;
  deleted: Set<string>;
  refused: { count: number };
  stop(): Promise<void>;
} {
  const acknowledged = new Map<string, string>();
  const deleted = new Set<string>();
  const refused = { count: 0 };
  let isStopped = false;
  const run = (async () => {
    const clients = [await source.connect(), await target.connect()];
    let at = 0;
    for (let n = 0; !isStopped; n += 1) {
      const id = `${String(number).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const oldest = [...acknowledged.keys()].find((key) => key !== id);
      const client = clients[at] as pg.Client;
      try {
        await client.query('begin');
        await client.query(
          `insert into public.services (company_id, id, code, name, category, billing_unit, unit_price)
           values ($1, $2, $3, 'first', 'content', 'item', 1)`,
          [ACME, id, `W${number}-${n}`],
        );
        await client.query(
          `update public.services set name = 'second' where company_id = $1 and id = $2`,
          [ACME, id],
        );
        await client.query(
          `select public.log_api_usage_and_update_budget($1, 'chat.completions', null, $2, 0.000001)`,
          [ACME, id],
        );
        const goes = n % 3 === 2 && oldest !== undefined;
        if (goes) {
          await client.query('delete from public.services where company_id = $1 and id = $2', [
            ACME,
            oldest,
          ]);
        }
        await client.query('commit');
        acknowledged.set(id, 'second');
        if (goes) {
          acknowledged.delete(oldest);
          deleted.add(oldest);
        }
      } catch (error) {
        await client.query('rollback');
        const { code } = error as { code?: string };
        if (code !== 'PT503' && code !== 'PT404' && code !== '23503' && code !== 'PT409') {
          throw error;
        }
        refused.count += 1;
        // The application asks where the company is now.
        at = (await statusOf(target)) === 'active' ? 1 : 0;
        await sleep(10);
      }
    }
  })();
  return {
    acknowledged,
    deleted,
    refused,
    async stop() {
      isStopped = true;
      await run;
    },
  };
}

/** By how much what is counted differs from the ledger: what was filled in is not counted, and that must stay so. */
async function countersAgainstLedger(db: TestDatabase): Promise<unknown[]> {
  const { rows } = await db.client.query(
    `select r.scope, r.difference_usd, r.held_difference_usd
       from public.reconcile_budget($1, date_trunc('month', now() at time zone 'Europe/Berlin')::date, false) as r
      order by r.scope, r.agent_id, r.service`,
    [ACME],
  );
  return rows;
}

async function removeFromTarget(): Promise<void> {
  await removeCompany(target.client, ACME);
}

beforeAll(async () => {
  await removeFromTarget();
  await fillCompany(source.client, ACME, 2000);
});

describe('a move', () => {
  it('under writers that never stop: nothing acknowledged is lost or doubled, and the chain is intact', async () => {
    const globex = await contentOf(target, 'globex', folder('globex there'));
    const globexHere = await contentOf(source, 'globex', folder('globex here'));
    const before = Number(
      (
        await source.client.query(`select count(*) from public.api_usage where company_id = $1`, [
          ACME,
        ])
      ).rows[0].count,
    );
    const counters = await countersAgainstLedger(source);
    expect(counters.length).toBeGreaterThan(0);
    const writers = [startWriter(1), startWriter(2)];
    await sleep(500);
    const points: MovePoint[] = [];
    let readWhileFrozen: number | null = null;
    const result = await moveCompany({
      ...options(),
      onPoint: async (point) => {
        points.push(point);
        if (point === 'frozen') {
          // Members read on.
          const reader = await source.connect();
          await reader.query('begin');
          await reader.query(`select set_config('request.jwt.claims', $1, true)`, [
            JSON.stringify({
              sub: '00000000-0000-4000-8000-00000000a001',
              role: 'authenticated',
              company_id: ACME,
            }),
          ]);
          await reader.query('set local role authenticated');
          readWhileFrozen = (await reader.query('select from public.services')).rowCount;
          await reader.query('rollback');
        }
      },
    });
    expect(result.state).toBe('switched');
    expect(points).toEqual([
      'copying',
      'copying',
      'received',
      'caught up',
      'freezing',
      'frozen',
      'compared',
      'live',
      'switched',
    ]);
    expect(readWhileFrozen).toBeGreaterThan(0);
    expect(result.frozenSeconds).toBeLessThan(20);
    await sleep(1000);
    for (const writer of writers) {
      await writer.stop();
      expect(writer.refused.count).toBeGreaterThan(0);
      expect(writer.acknowledged.size).toBeGreaterThan(10);
    }
    const { rows } = await target.client.query<{ id: string; name: string; n: string }>(
      `select id, min(name) as name, count(*) as n from public.services where company_id = $1 and code ~ '^W[12]-' group by id`,
      [ACME],
    );
    const found = new Map(rows.map(({ id, name }) => [id, name]));
    const wanted = new Map(writers.flatMap((writer) => [...writer.acknowledged]));
    expect(rows.every(({ n }) => n === '1')).toBe(true);
    expect([...found].sort()).toEqual([...wanted].sort());
    const usage = await target.client.query<{ description: string }>(
      `select description from public.api_usage where company_id = $1 and description ~ '^0000000[12]-'`,
      [ACME],
    );
    const spent = new Set(
      writers.flatMap((writer) => [...writer.acknowledged.keys(), ...writer.deleted]),
    );
    expect(usage.rows.map(({ description }) => description).sort()).toEqual([...spent].sort());
    expect(usage.rows.length).toBe(spent.size);
    expect(
      Number(
        (
          await target.client.query(`select count(*) from public.api_usage where company_id = $1`, [
            ACME,
          ])
        ).rows[0].count,
      ),
    ).toBe(before + spent.size);
    // Some were written at either end.
    expect(
      (
        await source.client.query(
          `select from public.services where company_id = $1 and code ~ '^W[12]-'`,
          [ACME],
        )
      ).rowCount,
    ).toBeGreaterThan(0);
    expect(await chain(target.client, ACME)).toMatchObject({ is_intact: true, problems: [] });
    expect(await chain(source.client, ACME)).toMatchObject({ is_intact: true, problems: [] });
    expect(await countersAgainstLedger(target)).toEqual(counters);
    expect((await contentOf(target, 'globex', folder('globex there again'))).content_hash).toBe(
      globex.content_hash,
    );
    expect((await contentOf(source, 'globex', folder('globex here again'))).content_hash).toBe(
      globexHere.content_hash,
    );
  });

  it('leaves the source readable and closed to everybody until it is confirmed', async () => {
    expect(await statusOf(source)).toBe('moving');
    expect(await stateOf(target)).toBe('live');
    expect(await leftTriggers(target.client)).toBe(0);
    await expect(
      source.client.query(`update public.services set name = 'x' where company_id = $1`, [ACME]),
    ).rejects.toMatchObject({ code: 'PT503', detail: 'company_moving' });
    expect(await message(contentOf(source, 'acme', folder('moving')))).toContain(
      'is moving to another database',
    );
    // Written to since: giving it up would lose that.
    expect(await message(abortMove(options()))).toContain(
      'written to at the target since the switch',
    );
    expect(await stateOf(target)).toBe('live');
    expect(await statusOf(target)).toBe('active');
    expect(await leftTriggers(target.client)).toBe(0);
    await target.client.query(
      `update public.services set description = 'still written' where company_id = $1 and code = 'SEO-AUDIT'`,
      [ACME],
    );
    // Again is nothing new.
    expect((await moveCompany(options())).state).toBe('switched');
  });

  it('is confirmed, the source closed, and moved back when its copy is removed', async () => {
    expect(await confirmMove(options())).toBe('closed');
    expect(await statusOf(source)).toBe('closed');
    expect(await leftTriggers(source.client)).toBe(0);
    const { rows } = await source.client.query(
      'select status_reason from public.companies where id = $1',
      [ACME],
    );
    expect(rows[0].status_reason).toContain('moved to postgres@');
    expect(await message(abortMove(options()))).toContain('no move of acme to give up');
    expect(await message(moveCompany(options(target, source)))).toContain(
      'in the way of one that is there',
    );
    expect(await confirmMove({ ...options(), remove: true })).toBe('removed');
    expect(await statusOf(source)).toBeUndefined();
    const content = await hashes(target, 'back');
    expect((await moveCompany({ ...options(target, source), fullCheck: true })).state).toBe(
      'switched',
    );
    const returned = await hashes(source, 'returned');
    // The log says that it moved; all else is the same.
    for (const name of Object.keys(content).filter((table) => !table.includes('audit_'))) {
      expect(returned[name], name).toBe(content[name]);
    }
    expect(await confirmMove({ ...options(target, source), remove: true })).toBe('removed');
    expect(await leftTriggers(target.client)).toBe(0);
    const operator = await target.client.query(
      `select l.action from public.audit_logs as l join public.companies as c on c.id = l.company_id and c.is_operator
        where l.row_id = $1 order by l.created_at`,
      [ACME],
    );
    expect(operator.rows.map(({ action }) => action)).toEqual([
      'companies.moved_here',
      'companies.moved_away',
    ]);
  });
});

describe('killed', () => {
  afterEach(async () => {
    // Back to where it was for the next.
    if ((await statusOf(target)) !== undefined) {
      await abortMove(options());
    }
    expect(await statusOf(source)).toBe('active');
    expect(await statusOf(target)).toBeUndefined();
    expect(await leftTriggers(source.client)).toBe(0);
    expect(await leftTriggers(target.client)).toBe(0);
  });

  const kill = async (point: MovePoint): Promise<void> => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        join(rootDir, 'tests/ts/company-moves/killed-move.ts'),
        source.url(),
        target.url(),
        'acme',
        point,
      ],
      { cwd: rootDir, stdio: 'inherit' },
    );
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
  };

  it.each<[MovePoint, string, string | undefined]>([
    ['copying', 'copying', 'receiving'],
    ['received', 'copying', 'received'],
    ['freezing', 'freezing', 'received'],
    ['frozen', 'frozen', 'received'],
    ['compared', 'frozen', 'received'],
    ['live', 'frozen', 'live'],
  ])(
    'at "%s" and run again, it goes on, and both ends are the same',
    async (point, here, there) => {
      await kill(point);
      expect(await stateOf(source)).toBe(here);
      expect(await stateOf(target)).toBe(there);
      if (!['frozen', 'switched', 'freezing'].includes(here)) {
        // What is written between the runs goes along.
        await source.client.query(
          `insert into public.services (company_id, code, name, category, billing_unit, unit_price) values ($1, $2, 'x', 'content', 'item', 1)`,
          [ACME, `K-${point.replace(' ', '-')}`],
        );
        await source.client
          .query(
            `delete from public.agent_logs where company_id = $1 and id = (select id from public.agent_logs where company_id = $1 and event = 'test.filled' order by id limit 1)`,
            [ACME],
          )
          .catch(() => undefined);
        await source.client.query(
          `delete from public.documents where company_id = $1 and id = (select id from public.documents where company_id = $1 order by id limit 1)`,
          [ACME],
        );
      }
      expect((await moveCompany(options())).state).toBe('switched');
      // By a status that both have, so that exports may be compared.
      await target.client.query('select 1');
      const { rows } = await source.client.query<{ name: string }>(
        'select code as name from public.services where company_id = $1 order by 1',
        [ACME],
      );
      const { rows: moved } = await target.client.query<{ name: string }>(
        'select code as name from public.services where company_id = $1 order by 1',
        [ACME],
      );
      expect(moved).toEqual(rows);
      expect(await chain(target.client, ACME)).toEqual(await chain(source.client, ACME));
      const files = async (db: TestDatabase) =>
        (
          await db.client.query('select count(*) from public.documents where company_id = $1', [
            ACME,
          ])
        ).rows[0].count;
      expect(await files(target)).toBe(await files(source));
    },
  );

  it('by a backend that is terminated in the middle of the copy', async () => {
    const running = moveCompany({
      ...options(),
      onPoint: async (point) => {
        if (point === 'copying') {
          await target.client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lytbub company' and datname = current_database()`,
          );
        }
      },
    });
    await expect(running).rejects.toThrow();
    expect(await statusOf(target)).toBeUndefined();
    expect((await moveCompany(options())).state).toBe('switched');
  });
});

describe('given up', () => {
  it.each<MovePoint>(['received', 'freezing', 'live'])(
    'at "%s": the copy goes, the source is as it was',
    async (point) => {
      const before = await hashes(source, 'before');
      const stopped = moveCompany({
        ...options(),
        onPoint: (at) => {
          if (at === point) {
            throw new Error('stopped');
          }
        },
      });
      await expect(stopped).rejects.toThrow('stopped');
      await abortMove(options());
      expect(await statusOf(source)).toBe('active');
      expect(await statusOf(target)).toBeUndefined();
      expect(await leftTriggers(source.client)).toBe(0);
      expect(await leftTriggers(target.client)).toBe(0);
      const after = await hashes(source, 'after');
      const but = (tables: Record<string, string>) =>
        Object.entries(tables).filter(([name]) => !name.includes('audit_'));
      expect(but(after)).toEqual(but(before));
      expect((await chain(source.client, ACME)).is_intact).toBe(true);
      // Twice is nothing more.
      await abortMove(options());
    },
  );
});

describe('what is in the way', () => {
  it('is found before anything is written', async () => {
    expect(await message(moveCompany({ ...options(), company: 'globex' }))).toContain(
      'a company has the id',
    );
    expect(await message(moveCompany({ ...options(), company: 'lytbub' }))).toContain(
      'does not move',
    );
    expect(await message(moveCompany({ ...options(), company: 'nobody' }))).toContain(
      'There is no company nobody',
    );
    expect(await message(moveCompany({ ...options(), to: source.url() }))).toContain(
      'the same database',
    );
    await target.client.query('alter table public.services add column planted text');
    expect(await message(moveCompany(options()))).toContain(
      'public.services.planted is missing in the export',
    );
    await target.client.query('alter table public.services drop column planted');
    await target.client.query('delete from auth.users where id = $1', [MIA]);
    expect(await message(moveCompany(options()))).toContain('1 members have no account there');
    const { rows } = await source.client.query(
      `select from private.company_moves where company_id in ($1, $2) and finished_at is null`,
      [ACME, GLOBEX],
    );
    expect(rows).toEqual([]);
  });

  it('accounts are made with their sign-in, where that is asked for; members of two companies stay in the other', async () => {
    expect((await moveCompany({ ...options(), createPeople: true })).state).toBe('switched');
    const of = async (db: TestDatabase) =>
      (
        await db.client.query('select email, encrypted_password from auth.users where id = $1', [
          MIA,
        ])
      ).rows;
    expect(await of(target)).toEqual(await of(source));
    const { rows } = await source.client.query(
      'select company_id from public.users where id = $1 order by 1',
      [MIA],
    );
    expect(rows.map(({ company_id }) => company_id)).toEqual([ACME, GLOBEX]);
    await abortMove(options());
  });

  it('two runs at once: one waits for nothing and says so', async () => {
    let second: Promise<string> | undefined;
    await moveCompany({
      ...options(),
      onPoint: async (point) => {
        if (point === 'received') {
          second = message(moveCompany(options()));
          expect(await second).toContain('Another run is at the move');
        }
      },
    });
    expect(second).toBeDefined();
    await abortMove(options());
  });

  it('a difference at the target is found before the switch', async () => {
    const running = moveCompany({
      ...options(),
      fullCheck: true,
      onPoint: async (point) => {
        if (point === 'frozen') {
          const { rows } = await target.client.query(
            'select token from private.company_moves where company_id = $1 and finished_at is null',
            [ACME],
          );
          await target.client.query('begin');
          await target.client.query(`select set_config('app.move_token', $1, true)`, [
            rows[0].token,
          ]);
          await target.client.query(
            `update public.services set name = 'other' where company_id = $1 and code = 'CONTENT'`,
            [ACME],
          );
          await target.client.query('commit');
        }
      },
    });
    expect(await message(running)).toContain('public.services is not the same at both ends');
    expect(await statusOf(target)).toBe('suspended');
    await abortMove(options());
  });

  it('a suspended company moves, and stays suspended; nobody reads it because it moves', async () => {
    await source.client.query(
      `update public.companies set status = 'suspended', status_reason = 'unpaid' where id = $1`,
      [ACME],
    );
    let whileFrozen: string | undefined;
    await moveCompany({
      ...options(),
      onPoint: async (point) => {
        whileFrozen = point === 'frozen' ? await statusOf(source) : whileFrozen;
      },
    });
    expect(whileFrozen).toBe('suspended');
    const of = async (db: TestDatabase) =>
      (
        await db.client.query(
          'select status, status_reason, suspended_at from public.companies where id = $1',
          [ACME],
        )
      ).rows;
    expect(await of(target)).toEqual(await of(source));
    await abortMove(options());
    await source.client.query(
      `update public.companies set status = 'active', status_reason = null where id = $1`,
      [ACME],
    );
  });

  it('unique values that went from row to row meanwhile', async () => {
    await moveCompany({
      ...options(),
      onPoint: async (point) => {
        if (point === 'received') {
          await source.client.query(
            `update public.services set code = 'TMP' where company_id = $1 and code = 'SEO-AUDIT'`,
            [ACME],
          );
          await source.client.query(
            `update public.services set code = 'SEO-AUDIT' where company_id = $1 and code = 'CONTENT'`,
            [ACME],
          );
          await source.client.query(
            `update public.services set code = 'CONTENT' where company_id = $1 and code = 'WORKSHOP'`,
            [ACME],
          );
          await source.client.query(
            `delete from public.services where company_id = $1 and code ~ '^W[12]-'`,
            [ACME],
          );
          await source.client.query(
            `insert into public.services (company_id, code, name, category, billing_unit, unit_price) values ($1, 'WORKSHOP', 'new', 'content', 'item', 1)`,
            [ACME],
          );
        }
      },
    });
    const of = async (db: TestDatabase) =>
      (
        await db.client.query(
          'select id, code, name from public.services where company_id = $1 order by id',
          [ACME],
        )
      ).rows;
    expect(await of(target)).toEqual(await of(source));
    await abortMove(options());
  });

  it('what is computed from a row that was written meanwhile is computed at the target', async () => {
    const id = '00000000-0000-4000-8000-0000000fe001';
    let before: unknown;
    const of = async (db: TestDatabase) =>
      (
        await db.client.query(
          `select 'invoice' as kind, id, number as name, subtotal_amount, tax_amount, total_amount
             from public.invoices where company_id = $1
           union all
           select 'item', id, description, unit_amount, tax_amount, amount
             from public.invoice_line_items where company_id = $1
            order by kind, id`,
          [ACME],
        )
      ).rows;
    await moveCompany({
      ...options(),
      onPoint: async (point) => {
        if (point === 'received') {
          before = await of(target);
          // One that was copied, and one that is new.
          await source.client.query(
            `update public.invoice_line_items set quantity = quantity + 7, tax_rate_percent = 19
              where company_id = $1
                and invoice_id = (select min(id::text)::uuid from public.invoices where company_id = $1 and status = 'draft')`,
            [ACME],
          );
          await source.client.query(
            `insert into public.invoices (company_id, id, number, customer_name, currency, status)
             values ($1, $2, 'GENERATED-1', 'x', 'EUR', 'draft')`,
            [ACME, id],
          );
          await source.client.query(
            `insert into public.invoice_line_items
               (company_id, invoice_id, position, description, quantity, unit_amount, tax_rate_percent)
             values ($1, $2, 1, 'x', 3, 10.10, 19)`,
            [ACME, id],
          );
        }
      },
    });
    const there = await of(target);
    expect(there).toEqual(await of(source));
    expect(there).not.toEqual(before);
    expect(there).toContainEqual(
      expect.objectContaining({ name: 'GENERATED-1', total_amount: '36.06' }),
    );
    expect((before as { id: string }[]).some((row) => row.id === id)).toBe(false);
    const changed = there.filter(
      (row) =>
        JSON.stringify((before as typeof there).find((one) => one.id === row.id)) !==
        JSON.stringify(row),
    );
    expect(changed.length).toBeGreaterThan(3);
    await abortMove(options());
  });

  it('secrets are wrapped anew for the master key of the target', async () => {
    await source.client.query(`select public.put_company_secret($1, 'model', 'sk-secret')`, [ACME]);
    const hint = async (db: TestDatabase) =>
      (
        await db.client.query(
          'select master_key_hint from private.company_data_keys where company_id = $1',
          [ACME],
        )
      ).rows[0].master_key_hint;
    await target.client.query(
      `select vault.update_secret(id, encode(extensions.gen_random_bytes(32), 'hex')) from vault.secrets where name = 'lytbub_master_key'`,
    );
    await moveCompany(options());
    expect(await hint(target)).not.toBe(await hint(source));
    const { rows } = await target.client.query(
      `select public.read_company_secret($1, 'model') as value`,
      [ACME],
    );
    expect(rows).toEqual([{ value: 'sk-secret' }]);
  });
});
