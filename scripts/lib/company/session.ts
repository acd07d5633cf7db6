import type pg from 'pg';
import { withClient } from '../client.ts';
import { EXIT, UserError } from '../errors.ts';

/** Text of the rows is the same whoever asks, as in pg_dump. */
const SETTINGS = `
  set search_path = pg_catalog;
  set timezone = 'UTC';
  set datestyle = 'ISO, YMD';
  set intervalstyle = 'postgres';
  set extra_float_digits = 1;
  set bytea_output = 'hex';
  set client_encoding = 'UTF8';
  set row_security = off;
  set statement_timeout = 0;
  set idle_in_transaction_session_timeout = 0;
  set lock_timeout = '30s';
  set application_name = 'lytbub company'`;

/** A company, as far as the commands must know it. */
export interface Company {
  id: string;
  slug: string;
  name: string;
  status: string;
  isOperator: boolean;
  stripeCustomerId: string | null;
}

/** A connection of a role that sees all rows, with settings under which rows read the same everywhere. */
export async function withSession<T>(
  url: string,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ is_able: boolean }>(
      `select r.rolbypassrls or r.rolsuper as is_able from pg_catalog.pg_roles as r where r.rolname = current_user`,
    );
    if (!rows[0]?.is_able) {
      throw new UserError('This role does not see all rows.', {
        fix: "connect as postgres, with the project's direct connection string",
      });
    }
    await client.query(SETTINGS);
    return run(client);
  });
}

/** Runs the function in a transaction; what it throws undoes it. */
export async function inTransaction<T>(
  client: pg.ClientBase,
  run: () => Promise<T>,
  mode = '',
): Promise<T> {
  await client.query(`begin ${mode}`);
  try {
    const result = await run();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** One snapshot for everything that the function reads, however long it takes and whatever others write. */
export async function inSnapshot<T>(client: pg.ClientBase, run: () => Promise<T>): Promise<T> {
  return inTransaction(client, run, 'isolation level repeatable read read only');
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The company that a slug or an id names, or undefined. */
export async function lookUpCompany(
  client: pg.ClientBase,
  slugOrId: string,
): Promise<Company | undefined> {
  const { rows } = await client.query<Company>(
    `select id, slug, name, status, is_operator as "isOperator", stripe_customer_id as "stripeCustomerId"
       from public.companies where ${isUuid(slugOrId) ? 'id = $1::uuid' : 'slug = $1'}`,
    [slugOrId],
  );
  return rows[0];
}

/** The company that a slug or an id names. */
export async function findCompany(client: pg.ClientBase, slugOrId: string): Promise<Company> {
  const company = await lookUpCompany(client, slugOrId);
  if (!company) {
    throw new UserError(`There is no company ${slugOrId}.`, {
      fix: 'state its slug or its id; `select slug, id from public.companies` lists them',
    });
  }
  return company;
}

/** Versions of the migrations that a database has, oldest first; empty where nobody kept record. */
export async function migrationVersions(client: pg.ClientBase): Promise<string[]> {
  const { rows: known } = await client.query<{ is_known: boolean }>(
    `select to_regclass('supabase_migrations.schema_migrations') is not null as is_known`,
  );
  if (!known[0]?.is_known) {
    return [];
  }
  const { rows } = await client.query<{ version: string }>(
    'select version from supabase_migrations.schema_migrations order by version',
  );
  return rows.map(({ version }) => version);
}

/** The SQLSTATE of an error of PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}

/** An error of PostgreSQL as one of ours, with what it says beneath. */
export function databaseError(message: string, error: unknown, fix?: string): UserError {
  const {
    message: said,
    detail,
    constraint,
  } = error as {
    message?: string;
    detail?: string;
    constraint?: string;
  };
  return new UserError(message, {
    details: [said, detail, constraint && `constraint ${constraint}`].filter(Boolean).join('\n'),
    exitCode: EXIT.tool,
    cause: error,
    ...(fix === undefined ? {} : { fix }),
  });
}
