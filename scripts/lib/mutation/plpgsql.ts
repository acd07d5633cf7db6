/** Finds the SQL inside a PL/pgSQL function: parsed by PostgreSQL's parser, then found again in the source. */
import { word } from './cuts.ts';
import {
  type Fields,
  isFields,
  plpgsqlTreeOf,
  type Token,
  type Tree,
  tokensOf,
} from './sql-tree.ts';

/** A piece of SQL in a function's source. */
export interface Site {
  readonly kind: 'if' | 'while' | 'return' | 'assignment' | 'perform' | 'statement' | 'query';
  /** The SQL as a statement that can be parsed. */
  readonly sql: string;
  /** The token of the source for each token of {@link sql}; undefined for one that was put in front. */
  readonly places: readonly (number | undefined)[];
}

/** A whole statement of a function that can be left out, or a RAISE that can. */
export interface Removable {
  readonly kind: 'assignment' | 'perform' | 'statement' | 'raise';
  /** First token and the semicolon. */
  readonly from: number;
  readonly to: number;
  readonly insideIf: boolean;
}

/** A function's source, taken apart. */
export interface Anatomy {
  readonly tokens: readonly Token[];
  readonly sites: readonly Site[];
  readonly removables: readonly Removable[];
}

/** What stands in front of a piece of SQL, by the kind of statement and the field. */
const BEFORE: Readonly<Record<string, { kind: Site['kind']; before: readonly string[] }>> = {
  'PLpgSQL_stmt_if.cond': { kind: 'if', before: ['if'] },
  'PLpgSQL_if_elsif.cond': { kind: 'if', before: ['elsif', 'elseif'] },
  'PLpgSQL_stmt_while.cond': { kind: 'while', before: ['while'] },
  'PLpgSQL_stmt_exit.cond': { kind: 'if', before: ['when'] },
  'PLpgSQL_stmt_return.expr': { kind: 'return', before: ['return'] },
  'PLpgSQL_stmt_return_next.expr': { kind: 'query', before: ['next'] },
  'PLpgSQL_stmt_return_query.query': { kind: 'query', before: ['query'] },
  'PLpgSQL_stmt_fors.query': { kind: 'query', before: ['in'] },
  'PLpgSQL_stmt_assign.expr': { kind: 'assignment', before: [] },
  'PLpgSQL_stmt_perform.expr': { kind: 'perform', before: [] },
  'PLpgSQL_stmt_execsql.sqlstmt': { kind: 'statement', before: [] },
  'PLpgSQL_var.default_val': { kind: 'query', before: [':=', '=', 'default'] },
};

const REMOVABLE: Readonly<Record<string, Removable['kind']>> = {
  PLpgSQL_stmt_assign: 'assignment',
  PLpgSQL_stmt_perform: 'perform',
  PLpgSQL_stmt_execsql: 'statement',
  PLpgSQL_stmt_raise: 'raise',
};

/** Tokens that end the statement before. */
const STARTS = new Set([';', 'then', 'else', 'begin', 'loop', 'declare']);
const RAISE_EXCEPTION = 21;

/** Words that begin statements which hold others, or end them. */
const COMPOUND = new Set([
  ...['if', 'elsif', 'elseif', 'else', 'end', 'case', 'when'],
  ...['for', 'foreach', 'while', 'loop', 'begin', 'declare', 'exception', 'return'],
]);

class Dissection {
  readonly tokens: Token[];
  readonly sites: Site[] = [];
  readonly removables: Removable[] = [];
  readonly #taken = new Set<number>();

  constructor(source: string) {
    this.tokens = tokensOf(source);
  }

  visit(value: Tree, kind: string, line: number, insideIf: boolean): void {
    if (Array.isArray(value)) {
      value.forEach((inner) => {
        this.visit(inner, kind, line, insideIf);
      });
      return;
    }
    if (!isFields(value)) {
      return;
    }
    // A loop's query comes before its body, whatever the order of the fields.
    const entries = Object.entries(value).sort(
      ([a], [b]) => Number(a === 'body') - Number(b === 'body'),
    );
    for (const [key, inner] of entries) {
      if (isFields(inner) && key.startsWith('PLpgSQL_') && key !== 'PLpgSQL_expr') {
        const own = typeof inner.lineno === 'number' ? inner.lineno : line;
        this.#removable(key, inner, own, insideIf);
        this.visit(inner, key, own, insideIf || key === 'PLpgSQL_stmt_if');
      } else {
        this.#expression(`${kind}.${key}`, inner, line);
        this.visit(inner, kind, line, insideIf);
      }
    }
  }

  #expression(field: string, value: Tree, line: number): void {
    const expression = isFields(value) ? value.PLpgSQL_expr : undefined;
    const known = BEFORE[field];
    if (!known || !isFields(expression) || typeof expression.query !== 'string') {
      return;
    }
    const { query, parseMode } = expression;
    const places = this.#locate(query, line, known.before);
    if (parseMode === 0) {
      this.sites.push({ kind: known.kind, sql: query, places });
      return;
    }
    // An expression, or an assignment with its target in front.
    const tokens = tokensOf(query);
    const skip =
      parseMode === 2 ? 0 : tokens.findIndex(({ text }) => text === ':=' || text === '=') + 1;
    const sql = `select ${query.slice(tokens[skip]?.start ?? 0)}`;
    this.sites.push({ kind: known.kind, sql, places: [undefined, ...places.slice(skip)] });
  }

  /** Finds the tokens of a query again. INTO and its targets are blanks in the query, PERFORM is SELECT. */
  #locate(query: string, line: number, before: readonly string[]): number[] {
    const wanted = tokensOf(query);
    for (let start = 0; start < this.tokens.length; start += 1) {
      const token = this.tokens[start];
      const fits =
        token !== undefined &&
        token.line >= line &&
        !this.#taken.has(start) &&
        (before.length === 0
          ? this.#startsStatement(start)
          : before.includes(word(this.tokens[start - 1])));
      const places = fits ? this.#match(wanted, start) : undefined;
      if (places) {
        this.#taken.add(start);
        return places;
      }
    }
    throw new Error(`not found in the function's source: ${query}`);
  }

  /** Where a statement begins that holds no others. */
  #startsStatement(index: number): boolean {
    const begins = index === 0 || STARTS.has(word(this.tokens[index - 1]));
    return begins && !COMPOUND.has(word(this.tokens[index]));
  }

  #match(wanted: readonly Token[], start: number): number[] | undefined {
    const places: number[] = [];
    let at = start;
    for (const [index, token] of wanted.entries()) {
      const performed =
        index === 0 && word(token) === 'select' && word(this.tokens[at]) === 'perform';
      if (!performed && this.tokens[at]?.text !== token.text) {
        at = this.#afterInto(at);
        if (this.tokens[at]?.text !== token.text) {
          return undefined;
        }
      }
      places.push(at);
      at += 1;
    }
    return places;
  }

  #afterInto(at: number): number {
    if (word(this.tokens[at]) !== 'into') {
      return at;
    }
    let next = at + (word(this.tokens[at + 1]) === 'strict' ? 2 : 1);
    while (word(this.tokens[next + 1]) === '.' || word(this.tokens[next + 1]) === ',') {
      next += 2;
    }
    return next + 1;
  }

  #removable(key: string, fields: Fields, line: number, insideIf: boolean): void {
    const kind = REMOVABLE[key];
    if (kind === undefined || fields.into === true) {
      return;
    }
    if (kind === 'raise' && fields.elog_level !== RAISE_EXCEPTION) {
      return;
    }
    const taken = new Set(this.removables.map(({ from }) => from));
    const from = this.tokens.findIndex(
      (token, index) => token.line >= line && this.#startsStatement(index) && !taken.has(index),
    );
    const to = this.tokens.findIndex((token, index) => index >= from && token.text === ';');
    this.removables.push({ kind, from, to, insideIf });
  }
}

/** Takes a PL/pgSQL function apart: `source` is its body, `createFunction` the statement that makes it. */
export function dissect(source: string, createFunction: string): Anatomy {
  const dissection = new Dissection(source);
  dissection.visit(plpgsqlTreeOf(createFunction), '', 0, false);
  return dissection;
}
