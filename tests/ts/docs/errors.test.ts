import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rootDir, supabaseDir } from '../../../scripts/lib/paths.ts';

/** Pairs of SQLSTATE and token that the migrations raise. */
function raised(): string[] {
  const folder = join(supabaseDir, 'migrations');
  const pairs = readdirSync(folder).flatMap((name) => {
    const sql = readFileSync(join(folder, name), 'utf8');
    // The form in which PostgREST takes headers with an error.
    const forPostgrest = [
      ...sql.matchAll(
        /raise sqlstate 'PGRST'[^;]*'code', '(\w+)'[^;]*'details', '(\w+)'[^;]*'hint'/g,
      ),
    ].map((match) => `${match[1]} ${match[2]}`);
    const plain = [...sql.matchAll(/raise exception(?:'(?:[^']|'')*'|[^;'])*;/g)].map(
      ([statement]) => {
        const errcode = /errcode = '(\w+)'/.exec(statement)?.[1];
        const token = /detail = '(\w+)/.exec(statement)?.[1];
        const hint = /hint = [\s\S]*'[^']{10,}/.test(statement);
        expect(
          { name, errcode, token, hint, statement },
          'an error has errcode, detail and hint',
        ).toMatchObject({
          errcode: expect.any(String),
          token: expect.any(String),
          hint: true,
        });
        return `${errcode} ${token}`;
      },
    );
    return [...plain, ...forPostgrest];
  });
  return [...new Set(pairs)].sort();
}

describe('docs/errors.md', () => {
  it('lists exactly the errors that the migrations raise', () => {
    const page = readFileSync(join(rootDir, 'docs/errors.md'), 'utf8');
    const listed = [...page.matchAll(/^\| (\w{5}) \| \d{3} \| `(\w+)` \|/gm)].map(
      (match) => `${match[1]} ${match[2]}`,
    );
    expect(listed.sort()).toEqual(raised());
  });
});
