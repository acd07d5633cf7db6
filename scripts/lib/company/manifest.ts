import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { Meter, nowhere } from './rows.ts';

const digest = { rows: z.number().int(), bytes: z.number().int(), sha256: z.string().length(64) };
/** A file of the folder itself: no path leads out of it. */
const file = z.string().regex(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/);

const manifestSchema = z.strictObject({
  format: z.literal('lytbub company export'),
  version: z.literal(1),
  exported_at: z.string(),
  company: z.strictObject({ id: z.uuid(), slug: z.string(), name: z.string(), status: z.string() }),
  schema: z.strictObject({ server_version: z.string(), migrations: z.array(z.string()) }),
  tables: z.array(
    z.strictObject({
      name: z.string(),
      file,
      columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
      key: z.array(z.string()),
      ...digest,
    }),
  ),
  left_out: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  people: z.strictObject({ file, with_sign_in: z.boolean(), ...digest }),
  stored_files: z.strictObject({ file, note: z.string(), ...digest }),
  audit: z.strictObject({ head_link_no: z.number().int(), head_hash: z.string().nullable() }),
  secrets: z.strictObject({
    secrets: z.number().int(),
    master_key_hint: z.string().nullable(),
    note: z.string(),
  }),
  /** Over all tables: two exports of the same rows have the same. */
  content_hash: z.string().length(64),
  /** Over this manifest without itself. */
  manifest_hash: z.string().length(64),
});

/** What an export says of itself. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The file that is written last. */
export const MANIFEST_FILE = 'manifest.json';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** One hash for the rows of all tables. */
export function contentHash(
  tables: readonly { name: string; rows: number; sha256: string }[],
): string {
  return sha256(
    tables
      .map(({ name, rows, sha256: hash }) => `${name} ${rows} ${hash}\n`)
      .sort()
      .join(''),
  );
}

/** Writes the manifest, sealed. */
export function writeManifest(folder: string, manifest: Omit<Manifest, 'manifest_hash'>): Manifest {
  const sealed = { ...manifest, manifest_hash: sha256(JSON.stringify(manifest)) };
  writeFileSync(join(folder, MANIFEST_FILE), `${JSON.stringify(sealed, null, 2)}\n`, {
    mode: 0o600,
    flush: true,
  });
  return sealed;
}

/** Reads the manifest of a folder, or says what is wrong with it. */
export function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST_FILE);
  if (!existsSync(path)) {
    throw new UserError(`${folder} is no export: it has no ${MANIFEST_FILE}.`, {
      fix: 'state a folder that `npm run company:export` has finished',
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw damaged(`${MANIFEST_FILE} is no JSON`, error);
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    throw damaged(
      `${MANIFEST_FILE} is not as an export writes it: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { manifest_hash, ...rest } = json as Manifest;
  if (sha256(JSON.stringify(rest)) !== manifest_hash) {
    throw damaged(`${MANIFEST_FILE} was changed`);
  }
  if (contentHash(parsed.data.tables) !== parsed.data.content_hash) {
    throw damaged('the content hash is not that of the tables');
  }
  return parsed.data;
}

/** Compares a file of an export with what the manifest says of it. */
export async function verifyFile(
  folder: string,
  expected: { file: string; rows: number; bytes: number; sha256: string },
  through: NodeJS.ReadWriteStream[] = [],
): Promise<void> {
  const path = join(folder, expected.file);
  if (!existsSync(path)) {
    throw damaged(`${expected.file} is missing`);
  }
  const meter = new Meter();
  await pipeline([createReadStream(path), meter, ...through, nowhere()]);
  const found = meter.digest();
  if (
    found.sha256 !== expected.sha256 ||
    found.rows !== expected.rows ||
    found.bytes !== expected.bytes
  ) {
    throw damaged(`${expected.file} was changed`);
  }
}

function damaged(what: string, cause?: unknown): UserError {
  return new UserError(`The export is damaged: ${what}.`, {
    fix: 'export the company again, or take another backup; nothing was imported',
    exitCode: 1,
    cause,
  });
}
