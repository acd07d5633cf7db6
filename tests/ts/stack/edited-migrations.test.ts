import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEditedMigrations, isMadeOf } from '../../../scripts/lib/edited-migrations.ts';
import { supabaseDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';

const NAME = '20250131020000_ai_agents.sql';

describe('migrations that were edited after they were applied', () => {
  const db = useDatabase();
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    await cp(join(supabaseDir, 'migrations'), folder, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are none right after a push', async () => {
    expect(await findEditedMigrations(db.url())).toEqual([]);
  });

  it.each([
    ['a changed statement', (sql: string) => sql.replace('between 0 and 2', 'between 0 and 1')],
    [
      'a removed statement',
      (sql: string) => sql.replace(/create or replace trigger keep_tenant[^;]*;/, ''),
    ],
    [
      'an added statement',
      (sql: string) => sql.replace('-- migrate:down', 'select 1;\n-- migrate:down'),
    ],
  ])('%s is noticed', async (_name, edit) => {
    const original = await readFile(join(folder, NAME), 'utf8');
    const edited = edit(original);
    expect(edited).not.toBe(original);
    await writeFile(join(folder, NAME), edited);
    expect(await findEditedMigrations(db.url(), folder)).toEqual([NAME]);
    await writeFile(join(folder, NAME), original);
  });

  it('a comment between statements is no edit', () => {
    expect(isMadeOf('-- why\nselect 1;\n\n-- and\nselect 2;\n', ['select 1', 'select 2'])).toBe(
      true,
    );
    expect(isMadeOf('select 2; select 1;', ['select 1', 'select 2'])).toBe(false);
  });
});
