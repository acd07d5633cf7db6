import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';

/** What is said about one table. Which company a row belongs to is said by exactly one of the first three. */
export const adoptionOptions = z.strictObject({
  /** Slug or id of the company that all rows belong to. */
  company: z.string().optional(),
  /** A foreign key, or its only column: the row belongs to the company of the row that it leads to. */
  through: z.string().optional(),
  /** An SQL expression over row `t` that answers the company's id. */
  expression: z.string().optional(),
  /** Permissions are called `<resource>.read` and `<resource>.write`; the table's name otherwise. */
  resource: z.string().optional(),
  /** What becomes of policies that are there: they must hold as well (restrictive), or are replaced. */
  policies: z.enum(['restrictive', 'replace']).optional(),
  /** Unique indexes and exclusion constraints that stay what they are in all companies together. */
  keep_unique: z.array(z.string()).optional(),
  /** Whether changes are recorded in the audit log. */
  audit: z.boolean().optional(),
  /** Class of data and rule for erasure of columns, where the guess is wrong. */
  classes: z.record(z.string(), z.tuple([z.string(), z.string()])).optional(),
});

/** Options of one table. */
export type AdoptionOptions = z.infer<typeof adoptionOptions>;

const adoptionFile = z.strictObject({ tables: z.record(z.string(), adoptionOptions) });

/** Tables and their options, in the order of the file: a table comes after those that it goes through. */
export function readAdoptionFile(file: string): [table: string, options: AdoptionOptions][] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${messageOf(error)}`, {
      fix: 'write it as {"tables": {"public.orders": {"company": "acme"}}}',
    });
  }
  const parsed = adoptionFile.safeParse(json);
  if (!parsed.success) {
    throw new UserError(`${file} is not what it should be.`, {
      details: z.prettifyError(parsed.error),
      fix: 'see docs/adopting.md for the options of a table',
    });
  }
  return Object.entries(parsed.data.tables);
}
