import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { supabaseDir } from '../paths.ts';

/** Finds the statements that the shipped migrations create functions with. */
export interface ShippedSql {
  /** The statement that creates the function, by its name with schema; undefined if no file creates it by name. */
  functionStatement(name: string): string | undefined;
}

/** Reads the migrations. Of several statements for one function the last one counts, as when they are applied. */
export async function readShippedSql(
  folder: string = join(supabaseDir, 'migrations'),
): Promise<ShippedSql> {
  const statements = new Map<string, string>();
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  for (const name of names) {
    const sql = await readFile(join(folder, name), 'utf8');
    for (const match of sql.matchAll(
      /^create or replace function ([a-z_]+\.[a-z_0-9]+)\([\s\S]*?^as (\$\w*\$)[\s\S]*?\2/gm,
    )) {
      statements.set(match[1] ?? '', match[0]);
    }
  }
  return { functionStatement: (name) => statements.get(name) };
}
