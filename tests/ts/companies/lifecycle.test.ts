import { randomUUID } from 'node:crypto';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const db = useDatabase();
const opened: pg.Client[] = [];

afterAll(async () => {
  await Promise.allSettled(opened.map((client) => client.end()));
});

/** A session that may be killed. */
async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: db.url() });
  client.on('error', () => undefined);
  await client.connect();
  opened.push(client);
  return client;
}

const pidOf = (client: pg.Client): number => (client as unknown as { processID: number }).processID;

async function one<T>(text: string, values: unknown[] = [], client = db.client): Promise<T> {
  const { rows } = await client.query<Record<string, T>>(text, values);
  return Object.values(rows[0] ?? {})[0] as T;
}

const token = (error: unknown): string =>
  `${(error as pg.DatabaseError).code} ${(error as pg.DatabaseError).detail}`;

interface Request {
  id?: string;
  name?: string;
  slug?: string | null;
}

const create = (client: pg.Client, { id = randomUUID(), name = 'Race', slug = null }: Request) =>
  client.query<{ id: string; slug: string }>(
    `select id, slug from public.create_company($1, 'a@race.example', $2, company_id => $3)`,
    [name, slug, id],
  );

describe('create_company in two sessions at once', () => {
  it('makes one company of one id, and gives it to both', async () => {
    const [first, second] = await twoSessions(db);
    const id = randomUUID();
    await first.query('begin');
    const mine = await create(first, { id });
    const theirs = create(second, { id });
    await untilBlocked(db, second);
    await first.query('commit');
    expect((await theirs).rows).toEqual(mine.rows);
    expect(
      await one('select count(*)::integer from public.company_plans where company_id = $1', [id]),
    ).toBe(1);
    expect(
      await one(`select count(*)::integer from private.outbox_events where company_id = $1`, [id]),
    ).toBe(1);
  });

  it('refuses the second of two different requests with one id, without a word about the first', async () => {
    const [first, second] = await twoSessions(db);
    const id = randomUUID();
    await first.query('begin');
    await create(first, { id, name: 'Secret' });
    const theirs = create(second, { id, name: 'Other' }).catch((error: unknown) => error);
    await untilBlocked(db, second);
    await first.query('commit');
    const error = await theirs;
    expect(token(error)).toBe('23505 company_id_taken');
    expect(JSON.stringify(error) + String(error)).not.toContain('Secret');
  });

  it('makes it in the second session when the first gives up', async () => {
    const [first, second] = await twoSessions(db);
    const id = randomUUID();
    await first.query('begin');
    await create(first, { id });
    const theirs = create(second, { id });
    await untilBlocked(db, second);
    await first.query('rollback');
    expect((await theirs).rows[0]?.id).toBe(id);
    expect(await one('select count(*)::integer from public.companies where id = $1', [id])).toBe(1);
  });

  it('gives two companies of one name two slugs, and refuses a slug that is asked for twice', async () => {
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    await create(first, { name: 'Twin' });
    const theirs = create(second, { name: 'Twin' });
    await untilBlocked(db, second);
    await first.query('commit');
    expect((await theirs).rows[0]?.slug).toBe('twin-2');

    await first.query('begin');
    await create(first, { slug: 'only-one' });
    const refused = create(second, { slug: 'only-one' }).catch(token);
    await untilBlocked(db, second);
    await first.query('commit');
    expect(await refused).toBe('23505 slug_taken');
  });

  it('answers a retry after the answer was lost', async () => {
    const id = randomUUID();
    const lost = await session();
    await create(lost, { id, slug: 'lost-answer' });
    await lost.end();
    const again = await create(db.client, { id, slug: 'lost-answer' });
    expect(again.rows).toEqual([{ id, slug: 'lost-answer' }]);
  });
});

/** A company with a member and some of everything. */
async function company(rows = 50): Promise<{ id: string; user: string }> {
  const id = randomUUID();
  const user = randomUUID();
  await create(db.client, { id, name: `Life ${id}` });
  await db.client.query('insert into auth.users (id, email) values ($1, $2)', [
    user,
    `${user}@life.example`,
  ]);
  await db.client.query(
    `insert into public.users (company_id, id, email, full_name, role) values ($1, $2, $3, 'Lea Leaving', 'client')`,
    [id, user, `${user}@life.example`],
  );
  await db.client.query(
    `insert into public.services (company_id, id, code, name, unit_price) values ($1, $1, 'S', 'Service', 1)`,
    [id],
  );
  await db.client.query(
    `insert into public.ai_agents (company_id, id, name, provider, model) values ($1, $1, 'a', 'test', 'test')`,
    [id],
  );
  await db.client.query(
    `insert into public.jobs (company_id, kind, service_id, agent_id) select $1, 'test', $1, $1 from generate_series(1, $2)`,
    [id, rows],
  );
  await db.client.query(
    `insert into public.agent_logs (company_id, agent_id, event) select $1, $1, 'test' from generate_series(1, $2)`,
    [id, rows],
  );
  await db.client.query(
    `insert into public.documents (company_id, title, storage_path, mime_type, size_bytes)
     select $1::uuid, 'Lea Leaving ' || n, $1::text || '/' || n || '.pdf', 'application/pdf', 1 from generate_series(1, $2) as n`,
    [id, rows],
  );
  await db.client.query(
    `insert into public.invoices (company_id, id, number, customer_name, customer_email, currency, issued_on, due_on)
     values ($1, $1, 'I-1', 'Customer', 'c@customer.example', 'EUR', current_date, current_date)`,
    [id],
  );
  await db.client.query(
    `insert into public.invoice_line_items (company_id, invoice_id, service_id, position, description, quantity, unit_amount, tax_rate_percent)
     values ($1, $1, $1, 1, 'Work', 1, 10, 19)`,
    [id],
  );
  await db.client.query(`update public.invoices set status = 'open' where company_id = $1`, [id]);
  return { id, user };
}

async function closeAndWait(id: string): Promise<void> {
  await db.client.query(`select public.close_company($1, 'Lea Leaving leaves', 1)`, [id]);
  await db.client.query(
    `update private.company_lifecycles set grace_ends_at = now() where company_id = $1`,
    [id],
  );
}

/** Rows of a company, table by table, as text without what time and chance make of them. */
async function stateOf(id: string): Promise<Record<string, string[]>> {
  const { rows: tables } = await db.client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id'
      where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const state: Record<string, string[]> = {};
  for (const { name } of tables) {
    const { rows } = await db.client.query<{ row: string }>(
      `select t::text as row from ${name} as t where company_id = $1 order by 1`,
      [id],
    );
    if (rows.length > 0) {
      state[name] = rows.map(({ row }) => row);
    }
  }
  return state;
}

/** What erasure leaves of a company: how many rows, and what its row and receipt say. */
async function endOf(id: string): Promise<unknown> {
  const state = await stateOf(id);
  const receipt = await one<{ gone: unknown; kept: unknown[]; files: number }>(
    'select receipt from public.company_lifecycle($1)',
    [id],
  );
  return {
    rows: Object.fromEntries(
      Object.entries(state)
        .filter(([name]) => !/audit_|outbox/.test(name))
        .map(([name, rows]) => [name, rows.length]),
    ),
    files: await one(
      `select count(distinct payload ->> 'path')::integer from private.outbox_events where company_id = $1 and topic = 'file.expired'`,
      [id],
    ),
    told: await one(
      `select string_agg(topic, ' ' order by topic) from private.outbox_events where company_id = $1 and topic <> 'file.expired'`,
      [id],
    ),
    company: await one(
      'select array[name, contact_email, status] from public.companies where id = $1',
      [id],
    ),
    gone: receipt.gone,
    kept: receipt.kept.filter((k) => (k as { table: string }).table !== 'public.audit_logs'),
  };
}

async function eraseBatch(client: pg.Client, rows: number): Promise<number> {
  return Number(
    await one<string>(
      'select coalesce(sum(rows_affected), 0) from private.erase_companies($1)',
      [rows],
      client,
    ),
  );
}

async function eraseToTheEnd(rows: number): Promise<void> {
  while ((await eraseBatch(db.client, rows)) > 0) {
    // The next one.
  }
}

describe('suspending', () => {
  it('holds from the next statement on, for a member who is at work', async () => {
    const { id, user } = await company(1);
    const member = await session();
    await member.query('begin');
    await member.query(
      `select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true)`,
      [JSON.stringify({ sub: user, role: 'authenticated' })],
    );
    expect(await one('select count(*)::integer from public.jobs', [], member)).toBe(1);
    await db.client.query(`select public.suspend_company($1, 'Fraud')`, [id]);
    expect(await one('select count(*)::integer from public.jobs', [], member)).toBe(0);
    await expect(
      member.query(`insert into public.jobs (company_id, kind) values ($1, 'test')`, [id]),
    ).rejects.toMatchObject({ code: '42501' });
    await member.query('rollback');
    await db.client.query(`select public.reactivate_company($1, 'No fraud')`, [id]);
    expect(await one(`select status from public.companies where id = $1`, [id])).toBe('active');
  });

  it('and reactivating at once: one follows the other', async () => {
    const { id } = await company(1);
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    await first.query(`select public.suspend_company($1, 'First')`, [id]);
    const theirs = second.query(`select status from public.reactivate_company($1, 'Second')`, [id]);
    await untilBlocked(db, second);
    await first.query('commit');
    expect((await theirs).rows).toEqual([{ status: 'active' }]);
    expect(
      await one(
        `select string_agg(topic, ' ' order by id) from private.outbox_events where company_id = $1 and topic <> 'company.created'`,
        [id],
      ),
    ).toBe('company.suspended company.reactivated');
  });
});

describe('erasure', () => {
  it('is the same in one go, and killed within and between batches; another company is not touched', async () => {
    const bystander = await company();
    const atOnce = await company();
    const inPieces = await company();
    const before = await stateOf(bystander.id);

    await closeAndWait(atOnce.id);
    await eraseToTheEnd(100_000);
    const expected = await endOf(atOnce.id);
    expect(expected).toMatchObject({
      rows: {
        'private.company_lifecycles': 1,
        invoices: 1,
        invoice_line_items: 1,
        services: 1,
      },
      files: 50,
      company: ['[erased]', 'erased@erased.invalid', 'closed'],
    });

    await closeAndWait(inPieces.id);
    const blocker = await session();
    for (let kill = 0; kill < 5; kill += 1) {
      await eraseBatch(db.client, 17);
      // A batch that has done its work and not committed it dies.
      const victim = await session();
      await victim.query('begin');
      expect(await eraseBatch(victim, 23)).toBeGreaterThan(0);
      await blocker.query('select pg_terminate_backend($1)', [pidOf(victim)]);
      await expect(victim.query('commit')).rejects.toThrow();
    }
    // Nobody is waited for: whoever is about to write for the company goes first.
    await blocker.query('begin');
    await blocker.query('select from public.companies where id = $1 for key share', [inPieces.id]);
    expect(await eraseBatch(db.client, 23)).toBe(0);
    await blocker.query('commit');
    await eraseToTheEnd(31);

    const actual = JSON.parse(JSON.stringify(await endOf(inPieces.id)));
    expect(actual).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(await stateOf(bystander.id)).toEqual(before);
    for (const { id, user } of [atOnce, inPieces]) {
      const left = JSON.stringify(await stateOf(id));
      expect(left).not.toContain('Lea Leaving');
      expect(left).not.toContain(user);
    }
    expect(JSON.stringify(before)).toContain('Lea Leaving');
  });

  it('is done once by two at the same time, and leaves a row that somebody works on to the next', async () => {
    const { id } = await company();
    await closeAndWait(id);
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    expect(await eraseBatch(first, 10)).toBe(10);
    expect(await eraseBatch(second, 10)).toBe(0);
    await first.query('commit');

    const busy = await session();
    await busy.query('begin');
    await busy.query('select from public.services where company_id = $1 for update', [id]);
    await busy.query(
      `select from public.data_retention_policies where company_id = $1 and data_class = 'jobs' for update`,
      [id],
    );
    await eraseToTheEnd(1000);
    expect(await one('select erased_at from public.company_lifecycle($1)', [id])).toBeNull();
    expect(await one('select name from public.companies where id = $1', [id])).not.toBe('[erased]');
    await busy.query('rollback');
    await eraseToTheEnd(1000);
    expect(await one('select erased_at is not null from public.company_lifecycle($1)', [id])).toBe(
      true,
    );
  });

  it('lets nobody in who comes at the last moment', async () => {
    const { id } = await company(1);
    await closeAndWait(id);
    const [first, second] = await twoSessions(db);
    await first.query('begin');
    await eraseBatch(first, 5);
    const late = second.query(`select public.reactivate_company($1, 'Wait!')`, [id]).catch(token);
    await untilBlocked(db, second);
    await first.query('commit');
    expect(await late).toBe('PT410 company_erased');
  });

  it('goes on when what must be kept may go, until nothing is left but a stone', async () => {
    const { id } = await company(3);
    await closeAndWait(id);
    const { stdout } = await execa(
      'npx',
      ['tsx', 'scripts/run-retention.ts', '--db', db.url(), '--max-rows', '50', '--json'],
      { cwd: rootDir },
    );
    expect(stdout).toContain('"company"');
    expect(await one('select erased_at is not null from public.company_lifecycle($1)', [id])).toBe(
      true,
    );
    const chain = await one<boolean>('select is_intact from public.verify_audit_chain($1)', [id]);
    expect(chain).toBe(true);
    expect(
      await one(
        'select count(*)::integer from public.audit_logs where company_id = $1 and commitments is not null',
        [id],
      ),
    ).toBeGreaterThan(5);

    // Ten years on: instead of the rows, the minimums change, and back afterwards.
    await db.client.query(
      'create temporary table minimums as select data_class, minimum_days from private.retention_classes',
    );
    await db.client.query('update private.retention_classes set minimum_days = 0');
    await db.client.query(
      `update private.outbox_events set status = 'delivered', finished_at = now() - interval '2 days' where company_id = $1`,
      [id],
    );
    for (let day = 0; day < 4; day += 1) {
      await db.client.query(
        `update private.company_lifecycles set checked_at = now() - interval '1 day' where company_id = $1`,
        [id],
      );
      await eraseToTheEnd(1000);
    }
    await db.client.query(
      'update private.retention_classes as k set minimum_days = m.minimum_days from minimums as m where m.data_class = k.data_class',
    );
    const state = await stateOf(id);
    expect(Object.keys(state)).toEqual(['private.company_lifecycles']);
    expect(
      await one('select completed_at is not null from public.company_lifecycle($1)', [id]),
    ).toBe(true);
    expect(await one('select slug from public.companies where id = $1', [id])).toBe(
      `erased-${id.replaceAll('-', '')}`,
    );
  });
});
