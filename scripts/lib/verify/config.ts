/** Configuration of the isolation prover: what it cannot find out by itself. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { PACKAGE } from '../install/package-files.ts';
import { rootDir } from '../paths.ts';
import { RULES, type Rule, VERBS } from './types.ts';

const reason = z.string().trim().min(10, 'give the reason in a sentence');

const ruleNames = Object.keys(RULES) as [Rule, ...Rule[]];

const schema = z.strictObject({
  $schema: z.string().optional(),
  /** Another configuration, from this file's folder, or this package's own by its name; what stands here is added. */
  extends: z.string().optional(),
  /** Column that names the company in every tenant table. Found by itself if it has one of the usual names. */
  tenantColumn: z.string().optional(),
  /** The table of the companies themselves, `schema.name`. Found through the foreign keys of the tenant column. */
  tenantTable: z.string().optional(),
  /** Schemas to look at; by default all that are not the platform's own. */
  schemas: z.array(z.string()).optional(),
  /** Roles that requests run as. Default: anon, authenticated. */
  apiRoles: z.array(z.string()).optional(),
  /** Where it stands who belongs to which company. Found through the keys to auth.users. */
  membership: z
    .strictObject({
      table: z.string(),
      /** Column with the person's id. */
      user: z.string(),
      /** Column with the role, if there is one. */
      role: z.string().optional(),
      /** Roles to try; by default all that the column's type or constraint names. */
      roles: z.array(z.string()).optional(),
    })
    .optional(),
  /**
   * More members, beyond one for each role: statements that the owner runs after the membership was made. `{tenant}`
   * and `{user}` stand for the quoted ids.
   */
  members: z
    .array(
      z.strictObject({
        name: z.string(),
        role: z.string().optional(),
        setup: z.array(z.string()).default([]),
        /** Who may reach every company by declaration: no leak, but still may not move rows between companies. */
        operator: z.boolean().default(false),
        /** True: setup makes the membership, too. */
        ownMembership: z.boolean().default(false),
      }),
    )
    .default([]),
  /** How a request of a user looks. `{user}`, `{tenant}`, `{role}`, `{email}` are replaced. */
  impersonate: z
    .strictObject({
      role: z.string().optional(),
      claims: z.record(z.string(), z.unknown()).optional(),
      /** Settings beside `request.jwt.claims`, such as `app.tenant_id`. */
      settings: z.record(z.string(), z.string()).optional(),
      /** Token hook, `schema.name`; found if it is called custom_access_token_hook. */
      hook: z.string().optional(),
    })
    .optional(),
  /** SQL expressions for columns that cannot be guessed: `{"public.orders": {"state": "'new'"}}`. */
  rows: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /**
   * SQL expressions for parameters: `{"public.pay(uuid)": {"invoice": "{public.invoices.id}"}}`; such a name stands
   * for the value in the company's own row.
   */
  functions: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** Tables whose rows belong to every company, although they refer to one (such as `created_by`). */
  shared: z.array(z.string()).default([]),
  storage: z
    .strictObject({
      /** Where a company's files are. Default `{tenant}/{file}`. */
      path: z.string(),
    })
    .optional(),
  /** SQLSTATEs that count as a denial beside 42501. */
  denials: z.array(z.strictObject({ sqlstate: z.string().length(5), reason })).default([]),
  /** What is known and accepted. Patterns with `*`. */
  exceptions: z
    .array(
      z.strictObject({
        object: z.string(),
        rule: z.enum(ruleNames).optional(),
        verb: z.enum(VERBS).optional(),
        actor: z.string().optional(),
        reason,
      }),
    )
    .default([]),
});

/** A configuration, checked, with its defaults. */
export type VerifyConfig = z.infer<typeof schema>;

/** Checks a configuration. */
export function parseConfig(value: unknown, source: string): VerifyConfig {
  const result = schema.safeParse(value);
  if (!result.success) {
    throw new UserError(`${source} is not a configuration of the prover`, {
      details: z.prettifyError(result.error),
      fix: 'see docs/verify.md for its fields',
    });
  }
  return result.data;
}

/** Reads a configuration file, and the one that it extends. */
export function readConfig(file: string): VerifyConfig {
  const value = readJson(file);
  const base = isRecord(value) ? value.extends : undefined;
  if (!isRecord(value) || typeof base !== 'string') {
    return parseConfig(value, file);
  }
  const baseFile =
    base === PACKAGE ? join(rootDir, 'verify.config.json') : resolve(dirname(file), base);
  const extended = readJson(baseFile);
  if (isRecord(extended) && extended.extends !== undefined) {
    throw new UserError(`${baseFile} extends another configuration itself`, {
      fix: 'extend that one',
    });
  }
  return parseConfig(isRecord(extended) ? joined(extended, value) : value, file);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`cannot read ${file}`, {
      details: messageOf(error),
      fix: 'name a JSON file with --config',
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists one after the other, objects field by field, everything else replaced. */
function joined(
  base: Record<string, unknown>,
  own: Record<string, unknown>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    const before = result[key];
    if (Array.isArray(before) && Array.isArray(value)) {
      result[key] = [...before, ...value];
    } else if (isRecord(before) && isRecord(value)) {
      result[key] = joined(before, value);
    } else {
      result[key] = value;
    }
  }
  return result;
}
