import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTap, runPgtapFile } from '../../../scripts/lib/pgtap.ts';
import { totalLine } from '../../../scripts/lib/test-results.ts';
import { useDatabase } from '../support/database.ts';

const db = useDatabase({ template: 'empty' });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lytbub-pgtap-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(body: string) {
  const file = join(folder, 'sample.test.sql');
  await writeFile(file, `begin;\n${body}\nrollback;\n`);
  return runPgtapFile(db.url(), file, 'sample.test.sql');
}

describe('runPgtapFile', () => {
  test('counts passing and skipped tests', async () => {
    const result = await run(`select plan(3);
      select ok(true, 'semicolons; in strings');
      select is(1, 1, $q$ünïcode; too$q$);
      select * from skip('not here', 1);
      select * from finish();`);
    expect(result).toMatchObject({ passed: 2, failed: 0, skipped: 1, problems: [] });
  });

  test('fails a failing assertion and tells why', async () => {
    const result = await run(
      `select plan(2); select ok(true); select is(1, 2, 'one'); select * from finish();`,
    );
    expect(result).toMatchObject({ passed: 1, failed: 1 });
    expect(result.problems.join('\n')).toMatch(/not ok 2 one[\s\S]*have: 1[\s\S]*want: 2/);
  });

  test.each([
    ['too few', 'select plan(2); select ok(true); select * from finish();', /plan 2, ran 1/],
    [
      'too many',
      'select plan(1); select ok(true); select ok(true); select * from finish();',
      /plan 1, ran 2/,
    ],
    ['none', 'select 1;', /ran no tests/],
  ])('fails a plan that does not fit: %s', async (_, body, problem) => {
    const result = await run(body);
    expect(result.failed).toBe(1);
    expect(result.problems.join('\n')).toMatch(problem);
  });

  test('keeps what passed before an SQL error, and names its line, SQLSTATE and hint', async () => {
    const result = await run(`select plan(2);
select ok(true, 'before');
-- the error is on line 5 of the file
do $$ begin raise exception 'stop' using errcode = 'PT429', hint = 'wait a while'; end $$;
select ok(true, 'after');`);
    expect(result).toMatchObject({ passed: 1, failed: 1 });
    expect(result.problems).toEqual([
      expect.stringMatching(/^line 5: stop \(PT429\)[\s\S]*hint: wait a while/),
    ]);
  });

  test('names the line inside a long statement', async () => {
    const result = await run(`select plan(1);\nselect\n  ok(\n    no_such_column, 'x');`);
    expect(result.problems.join('\n')).toMatch(
      /^line 5: column "no_such_column" does not exist \(42703\)/,
    );
  });

  test('fails a file that is no SQL', async () => {
    const result = await run('selec 1;');
    expect(result).toMatchObject({ passed: 0, failed: 1 });
    expect(result.problems.join('\n')).toMatch(/^line 2: syntax error/);
  });
});

describe('readTap', () => {
  test('a failing test that is still to do fails nothing', () => {
    expect(readTap('1..2\nnot ok 1 - later # TODO later\nok 2 - now\n')).toMatchObject({
      passed: 1,
      failed: 0,
      skipped: 1,
    });
  });

  test('bailing out fails', () => {
    expect(readTap('1..2\nok 1\nBail out! no disk\n').failed).toBe(1);
  });
});

test('the total is in the form that programs rely on', () => {
  expect(
    totalLine([
      { passed: 2, failed: 0, skipped: 0 },
      { passed: 1, failed: 1, skipped: 0 },
    ]),
  ).toBe('3 passed, 1 failed');
  expect(totalLine([{ passed: 2, failed: 0, skipped: 1 }])).toBe('2 passed, 0 failed, 1 skipped');
});
