import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { Parser, type Result } from 'tap-parser';
import { messageOf } from './errors.ts';
import { SqlSyntaxError, type Statement, splitStatements } from './sql-statements.ts';
import type { FileResult } from './test-results.ts';

interface TapSummary {
  passed: number;
  failed: number;
  skipped: number;
  /** One entry a failing assertion or a broken plan, ready to print. */
  problems: string[];
}

/** Reads TAP, and words what is wrong with it: failing assertions with their explanation, a plan that does not fit. */
export function readTap(tap: string): TapSummary {
  const summary: TapSummary = { passed: 0, failed: 0, skipped: 0, problems: [] };
  const parser = new Parser();
  let explaining = false;
  parser.on('assert', ({ ok, id, name, skip, todo }: Result) => {
    explaining = false;
    if (skip || (todo && !ok)) {
      summary.skipped += 1;
    } else if (ok) {
      summary.passed += 1;
    } else {
      summary.failed += 1;
      summary.problems.push(`not ok ${id} ${name}`.trimEnd());
      explaining = true;
    }
  });
  // pgTAP explains a failure behind it, in comments.
  parser.on('comment', (comment: string) => {
    const text = comment.replace(/^#\s?/, '').trimEnd();
    if (explaining && !/^(?:Failed test|Looks like you)/.test(text)) {
      summary.problems.push(`${summary.problems.pop() ?? ''}\n  ${text}`);
    }
  });
  parser.end(tap);
  const { results } = parser;
  if (!results || results.count === 0) {
    summary.problems.push('the file ran no tests');
  } else {
    for (const { tapError } of results.failures) {
      if (tapError) {
        summary.problems.push(`${tapError} (plan ${parser.planEnd}, ran ${results.count})`);
      }
    }
    if (results.bailout) {
      summary.problems.push(`bailed out: ${String(results.bailout)}`);
    }
  }
  if (summary.failed === 0 && (summary.problems.length > 0 || !results?.ok)) {
    summary.failed = 1;
  }
  return summary;
}

/** Runs one statement and hands on its rows as psql's unaligned output would print them. */
function runStatement(
  client: pg.Client,
  text: string,
  onLine: (line: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const config: pg.QueryArrayConfig = { text, rowMode: 'array' };
    const query = new pg.Query(config);
    query.on('row', (row: unknown) => {
      if (Array.isArray(row)) {
        onLine(row.map((value: unknown) => (value === null ? '' : String(value))).join('|'));
      }
    });
    query.on('error', reject);
    query.on('end', () => resolve());
    client.query(query);
  });
}

function describeSqlError(error: unknown, statement: Statement | undefined): string {
  const lines = [];
  const where = statement ? `line ${errorLine(error, statement)}: ` : '';
  if (error instanceof pg.DatabaseError) {
    lines.push(`${where}${error.message} (${error.code ?? 'no SQLSTATE'})`);
    if (error.detail) {
      lines.push(`  detail: ${error.detail}`);
    }
    if (error.hint) {
      lines.push(`  hint: ${error.hint}`);
    }
    if (error.where) {
      lines.push(`  where: ${error.where.split('\n').slice(0, 3).join(' / ')}`);
    }
  } else {
    lines.push(`${where}${messageOf(error)}`);
  }
  if (statement) {
    lines.push(`  in: ${statement.text.replaceAll(/\s+/g, ' ').slice(0, 160)}`);
  }
  return lines.join('\n');
}

function errorLine(error: unknown, statement: Statement): number {
  const position = error instanceof pg.DatabaseError ? Number(error.position ?? 0) : 0;
  return statement.line + statement.text.slice(0, Math.max(position - 1, 0)).split('\n').length - 1;
}

/**
 * Runs a pgTAP file as it is, statement by statement, as psql would. What was tested before an error is kept; the
 * error itself, a plan that does not fit, a failing assertion or a file without tests fail the file.
 */
export async function runPgtapFile(url: string, file: string, name: string): Promise<FileResult> {
  const began = performance.now();
  const tap: string[] = [];
  let sqlError: string | undefined;
  let statements: Statement[] = [];
  try {
    statements = await splitStatements(await readFile(file, 'utf8'));
  } catch (error) {
    sqlError =
      error instanceof SqlSyntaxError ? `line ${error.line}: ${error.message}` : messageOf(error);
  }
  const client = new pg.Client({ connectionString: url, application_name: 'pgtap' });
  client.on('error', () => undefined);
  let current: Statement | undefined;
  try {
    if (sqlError === undefined) {
      await client.connect();
    }
    for (const statement of statements) {
      current = statement;
      await runStatement(client, statement.text, (line) => tap.push(line));
    }
  } catch (error) {
    sqlError = describeSqlError(error, current);
  } finally {
    await client.end().catch(() => undefined);
  }
  const summary: TapSummary =
    sqlError !== undefined && !tap.some((line) => /^(?:not )?ok\b/.test(line))
      ? { passed: 0, failed: 0, skipped: 0, problems: [] }
      : readTap(tap.join('\n'));
  if (sqlError !== undefined) {
    // The plan cannot fit after an error; the error says it all.
    const problems = summary.problems.filter((problem) => !/\(plan \d+, ran \d+\)$/.test(problem));
    summary.problems = [...problems, sqlError];
    summary.failed = problems.length + 1;
  }
  return {
    name,
    passed: summary.passed,
    failed: summary.failed,
    skipped: summary.skipped,
    problems: summary.problems,
    milliseconds: performance.now() - began,
  };
}
