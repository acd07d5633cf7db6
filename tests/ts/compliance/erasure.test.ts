import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { MATRIX_TABLES } from '../../../scripts/lib/access.ts';
import { CAST, COMPANIES } from '../../../scripts/lib/cast.ts';
import { placeProbe } from '../../../scripts/lib/probes.ts';
import { untilBlocked, useDatabase } from '../support/database.ts';

const db = useDatabase();
const acme = COMPANIES.acme.id;
const globex = COMPANIES.globex.id;
const subject = randomUUID();

/** How the person stands in the rows of both companies. */
const SUBJECT = { email: 'nora@planted.example', name: 'Nora Planted', phone: '+491705550123' };
const NOTE = `Ask Nora  PLANTED (Planted, Nora), <NORA@planted.example>, +49 170 555-0123, ${subject}, nora%40planted.example.`;
/** Each of these must be gone. */
const TRACES = `(?<!anna-)nora[[:space:]_]+planted|(?<!anna-)nora(@|%40)planted|170 ?555|${subject}`;
/** Somebody else, whose address ends like hers. */
const NAMESAKE = 'anna-nora@planted.example';
const namesake = randomUUID();

interface Column {
  table: string;
  column: string;
  type: string;
  erasure: string;
}

async function columns(): Promise<Column[]> {
  const { rows } = await db.client.query<Column>(
    `select format('%I.%I', k.table_schema, k.table_name) as "table", k.column_name as "column",
            format_type(a.atttypid, null) as "type", k.erasure
       from private.column_classes as k
       join pg_attribute as a on a.attrelid = format('%I.%I', k.table_schema, k.table_name)::regclass and a.attname = k.column_name
      where exists (select from pg_attribute as c where c.attrelid = a.attrelid and c.attname = 'company_id')
         or k.table_name = 'companies'
      order by 1, 2`,
  );
  return rows;
}

/** Every text of a company, column by column, that a pattern finds. */
async function traces(client: pg.ClientBase, company: string, pattern = TRACES): Promise<string[]> {
  const found: string[] = [];
  for (const { table, column, type } of await columns()) {
    const tenant = table === 'public.companies' ? 'id' : 'company_id';
    const text = type === 'bytea' ? `encode(${column}, 'escape')` : `${column}::text`;
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::integer as n from ${table} where ${tenant} = $1 and ${text} ~* $2`,
      [company, pattern],
    );
    if ((rows[0]?.n ?? 0) > 0) {
      found.push(`${table}.${column}`);
    }
  }
  return found;
}

/** What a company's rows come to. */
async function digest(company: string): Promise<Record<string, string>> {
  const { rows } = await db.client.query<{ table: string; tenant: string }>(
    `select format('%I.%I', n.nspname, c.relname) as "table", case c.relname when 'companies' then 'id' else 'company_id' end as tenant
       from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
      where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
        and (c.relname = 'companies' or exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'company_id'))`,
  );
  const answer: Record<string, string> = {};
  for (const { table, tenant } of rows) {
    const result = await db.client.query<{ hash: string }>(
      `select md5(coalesce(string_agg(t::text, ',' order by t::text), '')) as hash from ${table} as t where ${tenant} = $1`,
      [company],
    );
    answer[table] = result.rows[0]?.hash ?? '';
  }
  return answer;
}

async function importing(run: () => Promise<void>): Promise<void> {
  await db.client.query('begin');
  await db.client.query(`set local app.importing = 'on'`);
  await run();
  await db.client.query('commit');
}

/** Puts the person into every column that may name one, in one row of each table. Answers the columns. */
async function plant(company: string): Promise<string[]> {
  const planted: string[] = [];
  const failed: string[] = [];
  await db.client.query(
    `insert into public.users (company_id, id, email, full_name, phone, job_title, role) values ($1, $2, $3, $4, $5, 'Tester', 'agent')`,
    [company, subject, SUBJECT.email, SUBJECT.name, SUBJECT.phone],
  );
  // A row in each table, with its own history.
  for (const table of MATRIX_TABLES) {
    if (!table.startsWith('storage.') && table !== 'system_config' && table !== 'companies') {
      const { rows } = await db.client.query<{ n: number }>(
        `select count(*)::integer as n from public.${table} where company_id = $1`,
        [company],
      );
      if (rows[0]?.n === 0) {
        await placeProbe(db.client, table, company);
      }
    }
  }
  await db.client.query(
    `insert into private.outbox_events (company_id, topic, payload) values ($1, 'probe.made', '{}');`.replace(
      '$1',
      `'${company}'`,
    ),
  );
  await db.client.query(
    `select public.log_api_usage_and_update_budget($1, 'x', null, 'x', 0.01, idempotency_key => 'k')`,
    [company],
  );
  await db.client.query(`select public.check_budget_before_usage($1, null, 0.01)`, [company]);
  await db.client.query(`select public.put_company_secret($1, 'x', 'x')`, [company]);
  await db.client.query('select public.record_compliance_review($1)', [company]);
  await db.client.query(
    `insert into public.audit_logs (company_id, actor_id, row_id, created_by, action, table_name, ip_address, user_agent, request_id, changes)
     values ($1, $2, $2, $2, 'users.updated', 'users', '192.0.2.7', $3, $3, jsonb_build_object('phone', jsonb_build_object('new', $3::text)))`,
    [company, subject, NOTE],
  );
  await importing(async () => {
    // What some columns can only be filled with.
    await db.client.query(
      `update public.compliance_requests set status = 'rejected', rejection_reason = 'x', completed_at = now(), extended_at = now(), extension_reason = 'x' where company_id = $1`,
      [company],
    );
    await db.client.query(
      `update public.processing_restrictions set lifted_at = now(), lift_reason = 'x' where company_id = $1`,
      [company],
    );
    await db.client.query(
      `update public.data_retention_logs set status = 'failed', finished_at = now() where company_id = $1`,
      [company],
    );
    await db.client.query(
      `update public.jobs set status = 'succeeded', started_at = now(), finished_at = now() where company_id = $1`,
      [company],
    );
    await db.client.query(
      `update public.budget_alerts set acknowledged_at = now() where company_id = $1`,
      [company],
    );
  });
  for (const { table, column, type, erasure } of await columns()) {
    if (table === 'public.audit_logs' && erasure === 'commit') {
      planted.push(`${table}.${column}`);
    }
    if (erasure === 'keep' || erasure === 'delete' || erasure === 'commit') {
      continue;
    }
    const tenant = table === 'public.companies' ? 'id' : 'company_id';
    const values =
      type === 'uuid'
        ? [subject]
        : type === 'jsonb'
          ? [
              JSON.stringify({
                a: [NOTE, { [SUBJECT.email]: 491705550123, b: null }],
                'Nora Planted': true,
              }),
              JSON.stringify([{ column_name: 'phone', value: NOTE }]),
            ]
          : type === 'text[]'
            ? [`{"${SUBJECT.email}","x"}`]
            : type === 'inet'
              ? []
              : [NOTE, SUBJECT.email, SUBJECT.phone, `${company}/of-${SUBJECT.email}.pdf`];
    let done = values.length === 0;
    for (const value of values) {
      if (done) {
        break;
      }
      await db.client.query('begin');
      try {
        await db.client.query(`set local app.importing = 'on'`);
        const { rowCount } = await db.client.query(
          `update ${table} set ${column} = $2 where ctid = (
             select ctid from ${table} where ${tenant} = $1 ${table === 'public.users' ? `and id = '${subject}'` : ''}
               ${['public.invoices'].includes(table) ? `and status = 'draft'` : ''}
               ${table === 'public.invoice_line_items' ? `and invoice_id in (select id from public.invoices where status = 'draft' and company_id = $1)` : ''}
 limit 1)
             and ${tenant} = $1`,
          [company, value],
        );
        done = (rowCount ?? 0) > 0;
        await db.client.query(done ? 'commit' : 'rollback');
      } catch {
        await db.client.query('rollback');
      }
    }
    if (done) {
      planted.push(`${table}.${column}`);
    } else {
      failed.push(`${table}.${column}`);
    }
  }
  expect(failed).toEqual([]);
  return planted;
}

interface Progress {
  status: string;
  is_complete: boolean;
  remaining: Record<string, unknown>;
  receipt: Record<string, unknown> & {
    rows_erased: Record<string, number>;
    rows_kept: Record<string, { rows: number; reason: string }>;
    scan: { rows_found: number };
  };
}

async function submit(
  company: string,
  kind: string,
  more: Record<string, unknown> = {},
): Promise<string> {
  const id = randomUUID();
  const row: Record<string, unknown> = {
    company_id: company,
    id,
    kind,
    regulation: 'gdpr',
    subject_email: SUBJECT.email,
    subject_name: SUBJECT.name,
    ...more,
  };
  await db.client.query(
    `insert into public.compliance_requests (${Object.keys(row).join(', ')}) values (${Object.keys(
      row,
    )
      .map((_, n) => `$${n + 1}`)
      .join(', ')})`,
    Object.values(row),
  );
  await db.client.query(`select public.verify_compliance_identity($1, $2, 'document')`, [
    company,
    id,
  ]);
  return id;
}

async function step(
  client: pg.ClientBase,
  company: string,
  id: string,
  rows = 20000,
): Promise<Progress> {
  const { rows: answer } = await client.query<{ p: Progress }>(
    'select to_jsonb(public.process_compliance_request($1, $2, $3)) as p',
    [id, company, rows],
  );
  return answer[0]?.p as Progress;
}

/** Rows of a company without what differs from run to run. */
async function state(client: pg.ClientBase, company: string): Promise<Record<string, string>> {
  const answer: Record<string, string> = {};
  const tables = new Set((await columns()).map(({ table }) => table));
  for (const table of tables) {
    if (/audit_|outbox_events|usage_keys|subject_work|public\.compliance_requests/.test(table)) {
      continue;
    }
    const tenant = table === 'public.companies' ? 'id' : 'company_id';
    const { rows } = await client.query<{ hash: string }>(
      `select md5(coalesce(string_agg(r.row, ',' order by r.row), '')) as hash
         from (select regexp_replace((to_jsonb(t) - '{updated_at,lifted_at}'::text[])::text, ' [0-9a-f]{8}"', '"', 'g') as row from ${table} as t where ${tenant} = $1) as r`,
      [company],
    );
    answer[table] = rows[0]?.hash ?? '';
  }
  return answer;
}

/** What dispatching the events does to files that were named after the person. */
async function deliver(client: pg.ClientBase, company: string): Promise<void> {
  await client.query(
    `update private.outbox_events set status = 'delivered', finished_at = now()
      where company_id = $1 and topic = 'file.expired' and status = 'pending'`,
    [company],
  );
}

async function processAll(
  client: pg.ClientBase,
  company: string,
  id: string,
  rows: number,
): Promise<Progress> {
  for (let round = 0; round < 200; round += 1) {
    const progress = await step(client, company, id, rows);
    if (progress.is_complete) {
      return progress;
    }
    await deliver(client, company);
  }
  throw new Error('the request was not done after 200 calls');
}

let planted: string[] = [];
let before: Record<string, string> = {};

beforeAll(async () => {
  await db.client.query('insert into auth.users (id, email) values ($1, $2), ($3, $4)', [
    subject,
    SUBJECT.email,
    namesake,
    NAMESAKE,
  ]);
  planted = await plant(acme);
  await plant(globex);
  await db.client.query(
    `insert into public.users (company_id, id, email, full_name, job_title, role) values ($1, $2, $3, 'Anna Other', $4, 'agent')`,
    [acme, namesake, NAMESAKE, `Assistant of ${SUBJECT.name}`],
  );
  await db.client.query(
    `insert into public.documents (company_id, title, storage_path, mime_type, size_bytes) values ($1::uuid, $2, $1 || '/x.pdf', 'text/plain', 1)`,
    [acme, `From ${NAMESAKE} to ${SUBJECT.email}`],
  );
  before = await digest(globex);
}, 120_000);

describe('access', () => {
  it('hands out everything about the person, nothing of others, in JSON and CSV with their hashes', async () => {
    const id = await submit(acme, 'access');
    const first = await step(db.client, acme, id, 20);
    expect(first).toMatchObject({ status: 'in_progress', is_complete: false });
    const { receipt } = await processAll(db.client, acme, id, 100);
    const read = async (name: string): Promise<{ content: string; sha256: string }> => {
      const { rows } = await db.client.query<{ content: string; sha256: string }>(
        'select content, sha256 from public.read_compliance_bundle($1, $2, $3)',
        [acme, id, name],
      );
      return rows[0] as { content: string; sha256: string };
    };
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const manifest = await read('manifest.json');
    expect(hash(manifest.content)).toBe(manifest.sha256);
    expect(receipt.manifest_sha256).toBe(manifest.sha256);
    const { files, rows } = JSON.parse(manifest.content) as {
      rows: Record<string, number>;
      files: { file_name: string; row_count: number; bytes: number; sha256: string }[];
    };
    const seen: Record<string, Record<string, unknown>[]> = {};
    for (const file of files) {
      const { content } = await read(file.file_name);
      expect(hash(content)).toBe(file.sha256);
      expect(Buffer.byteLength(content)).toBe(file.bytes);
      if (file.file_name.endsWith('.json')) {
        const documents = JSON.parse(content) as Record<string, unknown>[];
        expect(documents).toHaveLength(file.row_count);
        const table = `public.${file.file_name.split('.')[0]}`;
        seen[table] = [...(seen[table] ?? []), ...documents];
      } else {
        expect(content.split('\r\n').length).toBeGreaterThanOrEqual(file.row_count + 2);
      }
    }
    expect(
      Object.fromEntries(Object.entries(seen).map(([table, list]) => [table, list.length])),
    ).toEqual(rows);
    // Every table of the company that names the person is in it.
    const tables = new Set(planted.map((column) => column.slice(0, column.lastIndexOf('.'))));
    expect([...tables].filter((table) => table.startsWith('public.') && !(table in seen))).toEqual(
      [],
    );
    expect(seen['public.users']).toEqual([
      expect.objectContaining({ id: subject, email: SUBJECT.email, phone: SUBJECT.phone }),
    ]);
    const everything = JSON.stringify(seen);
    expect(everything).not.toContain(globex);
    for (const other of [CAST.alice.id, CAST.cora.id, CAST.bob.id]) {
      expect(everything).not.toContain(other);
    }
    const { rows: entries } = await db.client.query<{ n: number }>(
      `select count(*)::integer as n from public.audit_logs where company_id = $1 and action = 'compliance_request.fetched' and row_id = $2`,
      [acme, id],
    );
    expect(entries[0]?.n).toBe(files.length + 1);
  });

  it('shows of a row that the person only made nothing personal of others', async () => {
    const { rows } = await db.client.query<{ id: string }>(
      `insert into public.documents (company_id, title, description, storage_path, mime_type, size_bytes, created_by)
       values ($1::uuid, 'Letter to Zoe Stranger', 'secret', $1 || '/y.pdf', 'text/plain', 1, $2) returning id`,
      [globex, subject],
    );
    before = await digest(globex);
    await db.client.query('begin');
    const id = await submit(globex, 'portability');
    await processAll(db.client, globex, id, 20000);
    const { rows: files } = await db.client.query<{ content: string }>(
      `select content from public.read_compliance_bundle($1, $2, 'documents.1.json')`,
      [globex, id],
    );
    await db.client.query('rollback');
    const documents = JSON.parse(files[0]?.content ?? '[]') as Record<string, unknown>[];
    const made = documents.find((document) => document.id === rows[0]?.id);
    expect(made).toMatchObject({ id: rows[0]?.id, created_by: subject });
    expect(made).not.toHaveProperty('title');
    expect(files[0]?.content).not.toContain('Zoe');
  });
});

describe('erasure', () => {
  it('has something to erase in every column that may name a person', async () => {
    expect(planted.length).toBeGreaterThan(60);
    const found = await traces(db.client, acme);
    expect(
      planted.filter(
        (column) => !found.includes(column) && !/audit_logs\.(ip_address|salt)$/.test(column),
      ),
    ).toEqual([]);
  });

  it('says beforehand what it would do, and does nothing', async () => {
    const id = await submit(acme, 'erasure');
    const { rows } = await db.client.query<{
      receipt: Record<string, { rows: number; reason?: string }>;
    }>('select receipt from public.process_compliance_request($1, $2, is_dry_run => true)', [
      id,
      acme,
    ]);
    expect(rows[0]?.receipt['public.jobs']?.rows).toBeGreaterThan(0);
    expect(rows[0]?.receipt['the profile']).toEqual({ rows: 1 });
    expect((await traces(db.client, acme)).length).toBeGreaterThan(60);
  });

  it('keeps what the law or a legal hold keeps, and says why', async () => {
    const id = await submit(acme, 'erasure');
    await db.client.query('begin');
    await db.client.query(
      `insert into public.data_retention_policies (company_id, data_class, retention_days, is_legal_hold, legal_basis)
       values ($1, 'jobs', 30, true, 'case 4711')
       on conflict (company_id, data_class) do update set is_legal_hold = true, legal_basis = 'case 4711'`,
      [acme],
    );
    await db.client.query(`set local app.importing = 'on'`);
    const { rows: sent } = await db.client.query<{ id: string }>(
      `update public.invoices set customer_email = $2 where company_id = $1 and status = 'paid' returning id`,
      [acme, SUBJECT.email],
    );
    await db.client.query(
      `update public.invoice_line_items set description = $3 where company_id = $1 and invoice_id = $2`,
      [acme, sent[0]?.id, NOTE],
    );
    await db.client.query(`set local app.importing = ''`);
    const { receipt } = await processAll(db.client, acme, id, 20000);
    const left = await traces(db.client, acme);
    const { rows: lines } = await db.client.query<{ n: number }>(
      `select count(*)::integer as n from public.invoice_line_items where company_id = $1 and invoice_id = $2`,
      [acme, sent[0]?.id],
    );
    await db.client.query('rollback');
    expect(sent.length).toBeGreaterThan(0);
    expect(receipt.rows_kept).toEqual({
      'public.invoices': { rows: sent.length, reason: expect.stringContaining('HGB section 257') },
      'public.invoice_line_items': {
        rows: lines[0]?.n,
        reason: expect.stringContaining('HGB section 257'),
      },
      'public.jobs': { rows: expect.any(Number), reason: 'legal hold: case 4711' },
    });
    expect(new Set(left.map((column) => column.split('.')[1]))).toEqual(
      new Set(['invoices', 'invoice_line_items', 'jobs']),
    );
  });

  it('leaves nothing in any column of the company, killed in the middle or not, and the other company as it was', async () => {
    const id = await submit(acme, 'erasure');
    // What it comes to in one go.
    await db.client.query('begin');
    await processAll(db.client, acme, id, 1_000_000);
    const expected = await state(db.client, acme);
    await db.client.query('rollback');

    await step(db.client, acme, id, 100);
    // Somebody works on a row that is to be erased; the one who erases waits, and is terminated.
    const [worker, eraser] = [await db.connect(), await db.connect()];
    await worker.query('begin');
    await worker.query('select from public.users where company_id = $1 for update', [acme]);
    await worker.query('select from public.jobs where company_id = $1 for update', [acme]);
    const lost = processAll(eraser, acme, id, 1_000_000).catch((error: Error) => error.message);
    await untilBlocked(db, eraser);
    await worker.query('select pg_terminate_backend($1)', [
      (eraser as unknown as { processID: number }).processID,
    ]);
    expect(await lost).toMatch(/terminat/i);
    await worker.query('rollback');
    expect((await traces(db.client, acme)).length).toBeGreaterThan(0);

    const progress = await processAll(db.client, acme, id, 37);
    expect(progress).toMatchObject({ status: 'completed', is_complete: true, remaining: {} });
    expect(await state(db.client, acme)).toEqual(expected);
    expect(await traces(db.client, acme)).toEqual([]);
    expect(await digest(globex)).toEqual(before);
    expect(progress.receipt.scan.rows_found).toBe(0);
    expect(JSON.stringify(progress.receipt)).not.toMatch(/nora|planted/i);
    expect(progress.receipt.subject_hash).toBe(
      createHash('sha256').update(`${id}:${SUBJECT.email}`).digest('hex'),
    );
    // Somebody whose address ends like hers, and what stands beside her name, are untouched.
    const { rows: others } = await db.client.query(
      `select u.email, u.job_title, d.title from public.users as u, public.documents as d
        where u.company_id = $1 and u.id = $2 and d.company_id = $1 and d.storage_path like '%/x.pdf'`,
      [acme, namesake],
    );
    expect(others).toEqual([
      {
        email: NAMESAKE,
        job_title: 'Assistant of [erased]',
        title: `From ${NAMESAKE} to erased@erased.invalid`,
      },
    ]);
    const { rows: chain } = await db.client.query(
      'select problems from public.verify_audit_chain($1)',
      [acme],
    );
    expect(chain).toEqual([{ problems: [] }]);
    // Whoever has no company left has an account that nobody uses; she is still in the other one.
    const { rows: accounts } = await db.client.query(
      `select from private.outbox_events where topic = 'account.unused'`,
    );
    expect(accounts).toEqual([]);
    // A retry answers the same.
    expect(await step(db.client, acme, id)).toMatchObject({
      is_complete: true,
      receipt: progress.receipt,
    });
  }, 120_000);

  it('is shared by two callers without harm', async () => {
    const id = await submit(globex, 'erasure');
    const sessions = [await db.connect(), await db.connect()];
    const answers = await Promise.all(sessions.map((client) => processAll(client, globex, id, 50)));
    expect(answers[0]?.receipt).toEqual(answers[1]?.receipt);
    expect(await traces(db.client, globex)).toEqual([]);
    const { rows: accounts } = await db.client.query(
      `select payload from private.outbox_events where topic = 'account.unused'`,
    );
    expect(accounts).toEqual([{ payload: { user_id: subject } }]);
  });
});
