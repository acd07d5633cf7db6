import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import {
  adoptTable,
  planAdoption,
  undoAdoption,
  verifyTable,
} from '../../../scripts/lib/adoption/adopt.ts';
import type { AdoptionOptions } from '../../../scripts/lib/adoption/options.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { sleep } from '../../../scripts/lib/processes.ts';
import { readConfig } from '../../../scripts/lib/verify/config.ts';
import { verify } from '../../../scripts/lib/verify/index.ts';
import { useDatabase } from '../support/database.ts';

type Tables = readonly [table: string, options: AdoptionOptions][];

const company = '00000000-0000-4000-8000-0000000000ad';
const all: AdoptionOptions = { company };
const through = (column: string): AdoptionOptions => ({ through: column });

/** Three schemas of others, each table after those that it goes through. */
const SCHEMAS: Readonly<Record<string, Tables>> = {
  chinook: [
    ['artist', all],
    ['album', through('artist_id')],
    ['media_type', all],
    ['genre', all],
    ['track', through('genre_id')],
    ['playlist', all],
    ['playlist_track', through('playlist_id')],
    ['employee', { ...all, classes: { email: ['personal', 'scrub'] } }],
    ['customer', through('support_rep_id')],
    ['invoice', through('invoice_customer_id_fkey')],
    ['invoice_line', through('invoice_id')],
  ],
  northwind: [
    ['regions', all],
    ['territories', through('region_id')],
    ['employees', all],
    ['employee_territories', through('employee_id')],
    [
      'customers',
      {
        expression: `(select c.id from public.companies as c where c.id = '${company}' and t.customer_id like 'C%')`,
      },
    ],
    ['suppliers', all],
    ['categories', all],
    ['products', through('supplier_id')],
    ['orders', through('customer_id')],
    ['order_details', through('order_id')],
  ],
  pagila: [
    ['language', all],
    ['actor', all],
    ['film', through('language_id')],
    ['film_actor', through('film_id')],
    ['store', all],
    ['staff', through('store_id')],
    ['customer', through('store_id')],
    ['inventory', through('store_id')],
    ['rental', through('inventory_id')],
    ['payment', through('rental_id')],
  ],
};

/** What an application that knows nothing of companies goes on doing meanwhile; `$1` is a number that nobody has used. */
const WRITES: Readonly<Record<string, readonly string[]>> = {
  chinook: [
    `insert into public.invoice (invoice_id, customer_id, invoice_date, total) values ($1, 1 + $1 % 300, now(), 1)`,
    `insert into public.invoice_line (invoice_line_id, invoice_id, track_id, unit_price, quantity) values ($1, $1, 1 + $1 % 2000, 1, 1)`,
    `update public.artist set name = 'Renamed ' || $1 where artist_id = 1 + $1 % 60`,
  ],
  northwind: [
    `insert into public.orders (order_id, customer_id, employee_id) values ($1, 'C0001', 1)`,
    `insert into public.order_details (order_id, product_id, unit_price, quantity, discount) values ($1, 1, 1, 1, 0)`,
    `update public.products set unit_price = $1::integer where product_id = 1 + $1 % 77`,
  ],
  pagila: [
    `insert into public.rental (rental_id, rental_date, inventory_id, customer_id, staff_id) values ($1, now(), 1, 1, 1)`,
    `insert into public.payment (payment_id, customer_id, staff_id, rental_id, amount, payment_date) values ($1, 1, 1, $1, 1, now())`,
    `update public.film set rental_rate = $1 % 90 where film_id = 1 + $1 % 500`,
  ],
};

const FIRST = 1_000_000;

/** Writes until it is stopped; how often all of the statements were acknowledged. */
function startWriter(url: string, statements: readonly string[]): { stop(): Promise<number> } {
  let stopped = false;
  let written = 0;
  const work = (async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    while (!stopped) {
      for (const statement of statements) {
        await client.query(statement, [FIRST + written]);
      }
      written += 1;
    }
    await client.end();
  })();
  return {
    async stop() {
      stopped = true;
      await work;
      return written;
    },
  };
}

/** Keys, references, policies, grants, triggers and columns of some tables and their partitions, as text. */
async function shape(client: pg.ClientBase, tables: Tables): Promise<unknown> {
  const { rows } = await client.query(
    `select c.relname, c.relrowsecurity, (select array_agg(x::text order by x::text) from unnest(coalesce(c.relacl, acldefault('r', c.relowner))) as x) as grants,
            (select array_agg(format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) order by a.attname)
               from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
            (select array_agg(format('%s %s', k.conname, pg_get_constraintdef(k.oid)) order by k.conname) from pg_constraint as k where k.conrelid = c.oid) as constraints,
            (select array_agg(pg_get_indexdef(i.indexrelid) order by i.indexrelid::regclass::text) from pg_index as i where i.indrelid = c.oid) as indexes,
            (select array_agg(pg_get_triggerdef(t.oid) order by t.tgname) from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal) as triggers,
            (select array_agg(format('%s %s %s %s %s %s', p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check) order by p.policyname)
               from pg_policies as p where p.schemaname = 'public' and p.tablename = c.relname) as policies
       from pg_class as c where c.oid in (select t.part from unnest($1::regclass[]) as n cross join lateral private.table_tree(n) as t) order by c.relname`,
    [tables.map(([name]) => `public.${name}`)],
  );
  return rows;
}

async function checksums(client: pg.ClientBase, tables: Tables): Promise<unknown> {
  const { rows } = await client.query(
    `select t.name::text, k.* from unnest($1::regclass[]) as t (name) cross join lateral private.table_checksum(t.name) as k order by 1`,
    [tables.map(([name]) => `public.${name}`)],
  );
  return rows;
}

/** A schema of others is adopted, undone, and adopted while it is in use. */
export function describeAdoption(schema: string): void {
  const tables = SCHEMAS[schema] ?? [];
  const db = useDatabase();
  const names = tables.map(([name]) => `public.${name}`);

  const load = async (): Promise<void> => {
    await db.client.query(
      `insert into public.companies (id, slug, name, contact_email) values ('${company}', 'adopting', 'Adopting', 'a@b.example')`,
    );
    await db.client.query(
      readFileSync(join(import.meta.dirname, 'schemas', `${schema}.sql`), 'utf8'),
    );
  };
  const adopt = async (client: pg.ClientBase, stage: 'adopt' | 'commit'): Promise<void> => {
    for (const [name, options] of tables) {
      await adoptTable(client, `public.${name}`, options, stage, { pagesPerBatch: 16 });
    }
  };

  it('loses and changes nothing, and goes back to what it was', async () => {
    await load();
    const before = [await shape(db.client, tables), await checksums(db.client, tables)];
    await adopt(db.client, 'adopt');
    expect(await checksums(db.client, tables)).toEqual(before[1]);
    for (const name of names) {
      expect(
        (await planAdoption(db.client, name, {})).filter(({ stage }) => stage === 'adopt'),
      ).toEqual([]);
    }
    for (const name of names.toReversed()) {
      expect(await undoAdoption(db.client, name)).toBeGreaterThan(5);
    }
    expect([await shape(db.client, tables), await checksums(db.client, tables)]).toEqual(before);
    const { rows } = await db.client.query(
      `select (select count(*)::integer from private.adoptions) as adoptions, (select count(*)::integer from private.column_class_problems() where problem = 'unknown column') as classes`,
    );
    expect(rows).toEqual([{ adoptions: 0, classes: 0 }]);
  }, 120_000);

  it('is adopted while it is written to and its sessions are killed, and then proven', async () => {
    const untouched = tables.filter(
      ([name]) => !WRITES[schema]?.some((sql) => sql.includes(`public.${name} `)),
    );
    const before = await checksums(db.client, untouched);
    const writer = startWriter(db.url(), WRITES[schema] ?? []);
    let kills = 0;
    for (let finished = false; !finished; ) {
      const victim = new pg.Client({ connectionString: db.url() });
      victim.on('error', () => undefined);
      await victim.connect();
      const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
      const work = adopt(victim, 'adopt').then(
        () => true,
        () => false,
      );
      if (kills < 5) {
        await sleep(60 + 150 * kills);
        await db.client.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
        kills += 1;
      }
      finished = await work;
      await victim.end().catch(() => undefined);
    }
    // Where one company had everything, rows that belong to nobody else are refused from now on.
    await adopt(db.client, 'commit');
    const written = await writer.stop();
    expect(written).toBeGreaterThan(20);
    expect(await checksums(db.client, untouched)).toEqual(before);
    for (const sql of WRITES[schema]?.slice(0, 2) ?? []) {
      const [, table = '', key = ''] = /insert into (\S+) \((\w+)/.exec(sql) ?? [];
      const { rows } = await db.client.query<{ n: number; keys: number; mine: boolean }>(
        `select count(*)::integer as n, count(distinct ${key})::integer as keys, bool_and(company_id = $1) as mine from ${table} where ${key} >= ${FIRST}`,
        [company],
      );
      expect(rows).toEqual([{ n: written, keys: written, mine: true }]);
    }
    for (const name of names) {
      const broken = (await verifyTable(db.client, name)).filter(
        ({ holds, invariant }) => !holds && invariant !== 'I10',
      );
      expect({ name, broken }).toEqual({ name, broken: [] });
      expect(
        (await planAdoption(db.client, name, {})).filter(({ name: step }) => step !== 'keep_key'),
      ).toEqual([]);
      await expect(undoAdoption(db.client, name)).rejects.toThrow(/nothing to undo/);
    }
    const { rows } = await db.client.query(`select * from private.column_class_problems()`);
    expect(rows).toEqual([]);
    const certificate = await verify({
      url: db.url(),
      config: readConfig(join(rootDir, 'verify.config.json')),
      reporter: silentReporter,
      only: names,
      local: true,
    });
    expect(certificate.findings.filter(({ level }) => level !== 'note')).toEqual([]);
    expect(certificate.summary.result).toBe('proven');
    expect(certificate.summary.allowed).toBeGreaterThan(tables.length);
  }, 240_000);
}
