import {
  closeSync,
  createWriteStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { EXIT, UserError } from '../errors.ts';
import { clearingUp } from '../interrupts.ts';
import type { Reporter } from '../output.ts';
import { contentHash, type Manifest, writeManifest } from './manifest.ts';
import { readPeople } from './people.ts';
import { copyRowsTo, type Digest, Meter } from './rows.ts';
import {
  type Company,
  findCompany,
  inSnapshot,
  migrationVersions,
  withSession,
} from './session.ts';
import { LEFT_OUT, portableTables, tenantTables } from './tables.ts';

export interface ExportOptions {
  url: string;
  /** Slug or id. */
  company: string;
  out: string;
  /** Hashed passwords and linked identities go along, too. */
  withSignIn?: boolean;
  reporter: Reporter;
  /** Called before each table (tests). */
  onTable?: (name: string) => Promise<void> | void;
}

const FILES_NOTE =
  'a list of what lies in Storage, not the files: copy these with the Storage API or its S3 interface';
const SECRETS_NOTE =
  'ciphertext: readable only where the same master key is, and under the same company id';

/** A file of the export, written to disk when this returns. */
async function intoFile(path: string, run: (sink: Writable) => Promise<Digest>): Promise<Digest> {
  const sink = createWriteStream(path, { mode: 0o600, flags: 'wx', flush: true });
  return run(sink);
}

async function exportPeople(
  client: pg.ClientBase,
  company: Company,
  withSignIn: boolean,
  path: string,
): Promise<Digest> {
  return intoFile(path, async (sink) => {
    const meter = new Meter();
    const lines = async function* (): AsyncGenerator<string> {
      for await (const person of readPeople(client, company.id, withSignIn)) {
        yield `${JSON.stringify(person)}\n`;
      }
    };
    await pipeline(Readable.from(lines(), { objectMode: false }), meter, sink);
    return meter.digest();
  });
}

/** What lies in Storage under the company's folder, as CSV. */
async function exportFileList(
  client: pg.ClientBase,
  company: Company,
  path: string,
): Promise<Digest> {
  const { rows } = await client.query<{ is_there: boolean }>(
    `select to_regclass('storage.objects') is not null as is_there`,
  );
  const source = rows[0]?.is_there
    ? `select bucket_id, name, metadata ->> 'size' as size, metadata ->> 'mimetype' as mime_type, metadata ->> 'eTag' as etag, updated_at
         from storage.objects where name like ${pg.escapeLiteral(`${company.id}/%`)}
        order by bucket_id collate "C", name collate "C"`
    : `select '' as bucket_id where false`;
  return intoFile(path, async (sink) => {
    const meter = new Meter();
    await pipeline(
      client.query(copyTo(`copy (${source}) to stdout with (format csv, header)`)),
      meter,
      sink,
    );
    return meter.digest();
  });
}

async function auditHead(client: pg.ClientBase, companyId: string): Promise<Manifest['audit']> {
  const { rows } = await client.query<{ link_no: string; hash: string }>(
    `select h.link_no, encode(h.hash, 'hex') as hash from private.audit_heads as h where h.company_id = $1`,
    [companyId],
  );
  return { head_link_no: Number(rows[0]?.link_no ?? 0), head_hash: rows[0]?.hash ?? null };
}

async function secretsOf(client: pg.ClientBase, companyId: string): Promise<Manifest['secrets']> {
  const { rows } = await client.query<{ secrets: string; hint: string | null }>(
    `select (select count(*) from private.company_secrets as s where s.company_id = $1) as secrets,
            (select d.master_key_hint from private.company_data_keys as d where d.company_id = $1) as hint`,
    [companyId],
  );
  return {
    secrets: Number(rows[0]?.secrets ?? 0),
    master_key_hint: rows[0]?.hint ?? null,
    note: SECRETS_NOTE,
  };
}

/**
 * Streams everything of a company into a folder, as it was at one instant. The folder gets its name when it is complete;
 * until then it is called .partial and has no manifest.
 */
export async function exportCompany(options: ExportOptions): Promise<Manifest> {
  const { reporter } = options;
  const out = resolve(options.out);
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new UserError(`${out} is not empty.`, { fix: 'state a folder that does not exist yet' });
  }
  const partial = `${out}.partial-${process.pid}`;
  return clearingUp(
    () =>
      withSession(options.url, async (client) => {
        mkdirSync(dirname(out), { recursive: true });
        mkdirSync(partial, { mode: 0o700 });
        const manifest = await inSnapshot(client, () => writeFolder(client, options, partial));
        const folder = openSync(partial, 'r');
        fsyncSync(folder);
        closeSync(folder);
        if (existsSync(out)) {
          rmdirSync(out);
        }
        renameSync(partial, out);
        reporter.note(`manifest hash ${manifest.manifest_hash}: note it elsewhere`);
        return manifest;
      }),
    async () => rmSync(partial, { recursive: true, force: true }),
  );
}

async function writeFolder(
  client: pg.ClientBase,
  options: ExportOptions,
  folder: string,
): Promise<Manifest> {
  const company = await findCompany(client, options.company);
  if (company.status === 'moving') {
    throw new UserError(`${company.slug} is moving to another database.`, {
      fix: 'finish the move (`npm run company:move -- --confirm`) or give it up (`--abort`), then export it where it is',
    });
  }
  const tables = await portableTables(client);
  const leftOut = (await tenantTables(client)).filter(({ name }) => name in LEFT_OUT);
  const done: Manifest['tables'] = [];
  for (const table of tables) {
    await options.onTable?.(table.name);
    const step = options.reporter.step(table.name);
    try {
      const file = `${table.name.replace('.', '_')}.copy`;
      const digest = await intoFile(join(folder, file), (sink) =>
        copyRowsTo(client, table, company.id, sink, (rows) =>
          step.update(`${rows.toLocaleString('en')} rows`),
        ),
      );
      done.push({ name: table.name, file, columns: table.columns, key: table.key, ...digest });
      step.done(`${digest.rows.toLocaleString('en')} rows`);
    } catch (error) {
      step.fail();
      throw error;
    }
  }
  const people = await exportPeople(
    client,
    company,
    options.withSignIn ?? false,
    join(folder, 'people.jsonl'),
  );
  const files = await exportFileList(client, company, join(folder, 'stored_files.csv'));
  if (done.find(({ name }) => name === 'public.companies')?.rows !== 1) {
    throw new UserError(`The company ${options.company} was not exported.`, {
      exitCode: EXIT.failed,
    });
  }
  const { rows } = await client.query<{ version: string; at: string }>(
    `select current_setting('server_version') as version, to_json(now()) #>> '{}' as at`,
  );
  return writeManifest(folder, {
    format: 'lytbub company export',
    version: 1,
    exported_at: rows[0]?.at ?? '',
    company: { id: company.id, slug: company.slug, name: company.name, status: company.status },
    schema: {
      server_version: rows[0]?.version ?? '',
      migrations: await migrationVersions(client),
    },
    tables: done,
    left_out: leftOut.map(({ name }) => ({ name, reason: LEFT_OUT[name] ?? '' })),
    people: { file: 'people.jsonl', with_sign_in: options.withSignIn ?? false, ...people },
    stored_files: { file: 'stored_files.csv', note: FILES_NOTE, ...files },
    audit: await auditHead(client, company.id),
    secrets: await secretsOf(client, company.id),
    content_hash: contentHash(done),
  });
}
