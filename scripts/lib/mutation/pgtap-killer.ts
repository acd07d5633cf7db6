/** The pgTAP files as judges of a mutant: stops at the first assertion that fails. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { withClient } from '../client.ts';
import { rootDir } from '../paths.ts';
import { readTap } from '../pgtap.ts';
import { type Statement, splitStatements } from '../sql-statements.ts';
import { sqlSuite } from '../suites/sql.ts';
import type { Bench } from './bench.ts';
import type { Kill, Killer } from './killer.ts';
import { inLine, type Mutant } from './types.ts';

/** A test file that was read. */
interface TestFile {
  readonly name: string;
  readonly text: string;
  readonly statements: readonly Statement[];
  /** One transaction that is rolled back, from the first statement to the last. */
  readonly bracketed: boolean;
}

/** The server or the connection is gone, memory or disk are full: says nothing about the mutant. */
const BREAKDOWN = /^(?:08|53|57P|58|F0)/;
/** A test that waits longer than this will not end. */
const PATIENCE = `set statement_timeout = '30s'; set lock_timeout = '10s'`;

function isBracketed(statements: readonly Statement[]): boolean {
  const ends = statements.filter(({ text }) =>
    /^(?:begin|start transaction|commit|end|abort|rollback(?!\s+to)|prepare transaction)\b/i.test(
      text,
    ),
  );
  const [first, last] = ends;
  return (
    ends.length === 2 &&
    first === statements[0] &&
    last === statements.at(-1) &&
    /^begin$/i.test(first?.text ?? '') &&
    /^rollback$/i.test(last?.text ?? '')
  );
}

async function readFiles(filters: readonly string[]): Promise<TestFile[]> {
  const names = await sqlSuite.files([...filters]);
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(rootDir, name), 'utf8');
      const statements = await splitStatements(text);
      return { name, text, statements, bracketed: isBracketed(statements) };
    }),
  );
}

/** The catalog's invariants first, then files that speak of the object; the other way round for what code does. */
function inOrder(files: readonly TestFile[], mutant: Mutant | undefined): TestFile[] {
  const bare = mutant?.object.replace(/\(.*$/, '').split('.').at(-1) ?? '';
  const behaviour = mutant?.class === 'function-body';
  const rank = (file: TestFile): number => {
    const invariants = file.name.includes('00_invariants');
    const speaks = bare !== '' && new RegExp(`\\b${bare}\\b`).test(file.text);
    const order = behaviour ? [speaks && !invariants, !invariants] : [invariants, speaks];
    const index = order.indexOf(true);
    return index < 0 ? order.length : index;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

function failedAssertion(line: string): boolean {
  return /^not ok\b/.test(line) && !/# (?:todo|skip)\b/i.test(line);
}

/** Runs one file until something fails. `change` is done behind its first statement. */
async function runFile(
  client: pg.Client,
  file: TestFile,
  change: (() => Promise<void>) | undefined,
): Promise<Kill | undefined> {
  const lines: string[] = [];
  const kill = (what: string, kind: Kill['kind']): Kill => ({
    by: 'pgTAP',
    where: file.name,
    what: inLine(what, 160),
    kind,
  });
  for (const [index, statement] of file.statements.entries()) {
    if (index === 1) {
      await change?.();
    }
    try {
      const { rows } = await client.query<unknown[]>({ text: statement.text, rowMode: 'array' });
      for (const row of rows) {
        const line = row.map((value) => (value === null ? '' : String(value))).join('|');
        lines.push(...line.split('\n'));
        if (failedAssertion(line)) {
          return kill(line, 'assertion');
        }
      }
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || BREAKDOWN.test(error.code ?? '')) {
        throw error;
      }
      return kill(`line ${statement.line}: ${error.message} (${error.code ?? ''})`, 'error');
    }
  }
  const { failed, problems } = readTap(lines.join('\n'));
  return failed > 0 ? kill(problems[0] ?? 'the plan does not fit', 'error') : undefined;
}

/**
 * In a database as shipped, with the mutant applied inside of the file's own transaction, which saves a clone each
 * time: whatever the file does, its rollback takes the change away as well.
 */
async function inTransaction(bench: Bench, file: TestFile): Promise<Kill | undefined> {
  const client = await bench.session();
  try {
    await client.query(PATIENCE);
    const kill = await runFile(client, file, () => bench.apply(client));
    // After a failure the transaction is still open.
    await client.query('rollback');
    await client.query('discard all');
    return kill;
  } catch (error) {
    await bench.dropSession();
    throw error;
  }
}

async function inClone(bench: Bench, file: TestFile): Promise<Kill | undefined> {
  const { url } = await bench.mutated();
  return withClient(url, async (client) => {
    await client.query(PATIENCE);
    const kill = await runFile(client, file, undefined);
    await client.query('rollback');
    return kill;
  });
}

/** pgTAP files, all of them or those whose path contains a filter. A failing assertion counts more than an error, so that after an error the others are tried, too. */
export async function pgtapKiller(filters: readonly string[] = []): Promise<Killer> {
  const files = await readFiles(filters);
  return {
    name: 'pgTAP',
    parallel: true,
    examine: async (bench, mutant) => {
      let lesser: Kill | undefined;
      for (const file of inOrder(files, mutant)) {
        const kill = await (file.bracketed ? inTransaction : inClone)(bench, file);
        if (kill?.kind === 'assertion') {
          return kill;
        }
        lesser ??= kill;
      }
      return lesser;
    },
  };
}
