import pg from 'pg';
import { messageOf, UserError } from '../errors.ts';
import { checkConfig } from './config.ts';
import { toFinding } from './definitions.ts';
import { type Manifest, readCatalog } from './manifest.ts';
import { compareMigrations } from './migrations.ts';
import { compareSchema } from './schema.ts';
import { readShippedSql } from './shipped-sql.ts';
import type { Finding, Raw } from './types.ts';

/** What the doctor is asked. */
export interface DoctorOptions {
  manifest: Manifest;
  /** Slug or id of the company to examine; every company when left out and no user is named either. */
  company?: string | undefined;
  /** E-mail or id of the person to examine. */
  user?: string | undefined;
  /** Permission (resource.verb) that the person misses something of. */
  permission?: string | undefined;
  /** Claims and headers of the person's request. */
  request?: { claims: Record<string, unknown>; headers: Record<string, string> } | undefined;
  /** Text of `supabase/config.toml`, where it is what the database was started with. */
  config?: string | undefined;
  /** Folder of the migration files; those of this repository by default. */
  migrations?: string | undefined;
  /** Told what is examined now. */
  onProgress?: ((what: string) => void) | undefined;
}

/**
 * Examines a database, worst first in each area. Needs an open transaction, which it reads in and does not end; nothing
 * is changed.
 */
export async function examine(client: pg.ClientBase, options: DoctorOptions): Promise<Finding[]> {
  const findings = await examineSchema(client, options);
  const ask = async (question: string, parameters: unknown[]): Promise<void> => {
    options.onProgress?.(question);
    findings.push(...(await askDatabase(client, question, parameters, options.manifest)));
  };
  const company = options.company && (await findCompany(client, options.company));
  const user = options.user && (await findUser(client, options.user));
  if (user) {
    await ask(`user ${options.user}`, [
      company ?? null,
      user,
      options.permission ?? null,
      options.request ? JSON.stringify(options.request) : null,
    ]);
  }
  await ask('the platform', []);
  if (company) {
    await ask(`company ${options.company}`, [company]);
  } else if (!user) {
    for (const { id, slug } of await listCompanies(client)) {
      await ask(`company ${slug}`, [id]);
    }
  }
  return order(findings, options.manifest);
}

async function examineSchema(client: pg.ClientBase, options: DoctorOptions): Promise<Finding[]> {
  const { manifest, config, migrations } = options;
  options.onProgress?.('the schema');
  const raw: Raw[] = [
    ...(await compareMigrations(client, migrations)),
    ...compareSchema(manifest, await readCatalog(client), await readShippedSql(migrations)),
    ...(config === undefined ? [] : checkConfig(config)),
  ];
  return (raw.length > 0 ? raw : [{ check_id: 'schema.ok', evidence: {} }]).map((found) =>
    toFinding(found, manifest.checks),
  );
}

/** Where the schema is not whole, the functions that would be asked may be missing or fail. */
async function askDatabase(
  client: pg.ClientBase,
  question: string,
  parameters: unknown[],
  manifest: Manifest,
): Promise<Finding[]> {
  await client.query('savepoint diagnosis');
  try {
    const places = parameters.map((_, index) => `$${index + 1}`).join(', ');
    const { rows } = await client.query<Finding>(
      `select * from public.diagnose(${places})`,
      parameters,
    );
    await client.query('release savepoint diagnosis');
    return rows;
  } catch (error) {
    await client.query('rollback to savepoint diagnosis; release savepoint diagnosis');
    if (error instanceof pg.DatabaseError && error.detail === 'unknown_permission') {
      throw new UserError(messageOf(error), { fix: 'name one that docs/security.md lists' });
    }
    const evidence = { question, error: messageOf(error) };
    return [toFinding({ check_id: 'schema.not_examined', evidence }, manifest.checks)];
  }
}

async function findCompany(client: pg.ClientBase, name: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select id from public.companies where slug = $1 or id::text = $1',
    [name],
  );
  if (!rows[0]) {
    throw new UserError(`There is no company ${name}.`, { fix: 'name its slug or its id' });
  }
  return rows[0].id;
}

async function findUser(client: pg.ClientBase, name: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    'select id from auth.users where lower(email) = lower($1) or id::text = $1 order by id limit 1',
    [name],
  );
  if (!rows[0]) {
    throw new UserError(`Nobody has signed up as ${name}.`, {
      fix: 'name the e-mail address or the id of an account in Authentication, Users',
    });
  }
  return rows[0].id;
}

async function listCompanies(client: pg.ClientBase): Promise<{ id: string; slug: string }[]> {
  await client.query('savepoint companies');
  try {
    const { rows } = await client.query<{ id: string; slug: string }>(
      `select id, slug from public.companies where status <> 'closed' order by slug`,
    );
    return rows;
  } catch {
    // The finding that the table is missing says it.
    await client.query('rollback to savepoint companies');
    return [];
  }
}

const SEVERITIES = ['error', 'warning', 'info', 'ok'];

function order(findings: readonly Finding[], { areas }: Manifest): Finding[] {
  const place = ({ area, severity }: Finding): number =>
    areas.findIndex((row) => row.area === area) * SEVERITIES.length + SEVERITIES.indexOf(severity);
  return findings
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => place(a.finding) - place(b.finding) || a.index - b.index)
    .map(({ finding }) => finding);
}
