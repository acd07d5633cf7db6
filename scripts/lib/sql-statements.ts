import { loadModule, parseSync } from '@libpg-query/parser';

/** One statement of an SQL file. */
export interface Statement {
  /** The statement as written, from its first keyword, without the semicolon. */
  text: string;
  /** Line of its first keyword, from 1. */
  line: number;
}

/** An SQL file that PostgreSQL's own parser refuses. */
export class SqlSyntaxError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.name = 'SqlSyntaxError';
    this.line = line;
  }
}

interface ParseResult {
  stmts?: { stmt_location?: number; stmt_len?: number }[];
}

const COMMENTS_AND_SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/;

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/**
 * Splits an SQL file with PostgreSQL's own parser (@libpg-query/parser), so that dollar quotes, comments and strings are
 * understood as the server understands them.
 */
export async function splitStatements(sql: string): Promise<Statement[]> {
  await loadModule();
  let parsed: ParseResult;
  try {
    parsed = parseSync(sql) as ParseResult;
  } catch (error) {
    const position = (error as { sqlDetails?: { cursorPosition?: number } }).sqlDetails
      ?.cursorPosition;
    throw new SqlSyntaxError(
      error instanceof Error ? error.message : String(error),
      lineAt(sql, position ?? 0),
    );
  }
  // The parser counts bytes, JavaScript UTF-16 units.
  const bytes = Buffer.from(sql, 'utf8');
  return (parsed.stmts ?? []).map(({ stmt_location = 0, stmt_len = 0 }) => {
    const end = stmt_len === 0 ? bytes.length : stmt_location + stmt_len;
    const raw = bytes.subarray(stmt_location, end).toString('utf8');
    const lead = COMMENTS_AND_SPACE.exec(raw)?.[0] ?? '';
    const before = bytes.subarray(0, stmt_location).toString('utf8').length;
    return { text: raw.slice(lead.length).trimEnd(), line: lineAt(sql, before + lead.length) };
  });
}
