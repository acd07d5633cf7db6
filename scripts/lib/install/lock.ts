import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { EXIT, messageOf, UserError } from '../errors.ts';
import { PACKAGE } from './package-files.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.object({
  lockfileVersion: z.literal(1),
  package: z.literal(PACKAGE),
  /** Version of the package that the project has. */
  version: z.string(),
  /** Migrations in the order in which they apply. */
  migrations: z.array(
    z.object({
      /** Its name in the package. */
      source: z.string(),
      /** Where it is in the project. */
      installed: z.string(),
      sha256: hash,
      /** Version of the package that brought it. */
      since: z.string(),
    }),
  ),
  /** Files of edge functions; empty where they were not asked for. */
  functions: z.array(z.object({ source: z.string(), installed: z.string(), sha256: hash })),
  /** Collisions that somebody has looked at and takes upon themselves. */
  accepted: z.array(z.string()),
});

/** What a project says it has of this package. */
export type Lock = z.infer<typeof schema>;

/** Reads a lock file; undefined where there is none. */
export function readLock(file: string): Lock | undefined {
  if (!existsSync(file)) {
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw unreadable(file, messageOf(error));
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    throw unreadable(file, z.prettifyError(result.error));
  }
  return result.data;
}

/** A lock file's text; the same content is the same text. */
export function writtenLock(lock: Lock): string {
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function unreadable(file: string, details: string): UserError {
  return new UserError(`${file} is no lock file of ${PACKAGE}`, {
    details,
    fix: 'restore it from version control; it says which files belong to the package',
    exitCode: EXIT.usage,
  });
}
