/** Every way to weaken one condition of an SQL text: each is checked against the parse tree. */
import { clauseSpan, endOf, operandSpans, type Span, word } from './cuts.ts';
import {
  type Fields,
  fieldsOf,
  isFields,
  leftmost,
  type Path,
  replaced,
  sameTree,
  type Token,
  type Tree,
  tokensOf,
  treeOf,
  valueAt,
} from './sql-tree.ts';

/** One change of an SQL text. */
export interface Weakening {
  /** What is done, as part of an id: `true-where`, `drop-and`. */
  readonly operator: string;
  /** What is changed, as written. */
  readonly text: string;
  /** One clause of a sentence. */
  readonly description: string;
  /** Tokens that are replaced. */
  readonly span: Span;
  readonly replacement: string;
}

const TRUE: Tree = { A_Const: { boolval: { boolval: true } } };
const FALSE: Tree = { A_Const: { boolval: {} } };
const CLAUSES: Readonly<Record<string, string>> = {
  whereClause: 'where',
  quals: 'on',
  havingClause: 'having',
  whenClause: 'when',
  raw_expr: 'check',
};

/** Where a SELECT stands: on its own, or as one side of UNION and its like. */
const SELECTS = new Set(['SelectStmt', 'larg', 'rarg']);

/** Writes a change into the text. */
export function spliced(sql: string, tokens: readonly Token[], span: Span, text: string): string {
  const from = tokens[span.from]?.start ?? 0;
  return sql.slice(0, from) + text + sql.slice(tokens[span.to]?.end ?? sql.length);
}

class Finder {
  readonly found: Weakening[] = [];
  readonly #sql: string;
  readonly #tree: Tree;
  readonly #tokens: Token[];

  constructor(sql: string) {
    this.#sql = sql;
    this.#tree = treeOf(sql);
    this.#tokens = tokensOf(sql);
    this.#visit(this.#tree, []);
  }

  #add(operator: string, span: Span, description: string, path: Path, to: Tree | undefined): void {
    const replacement = to === TRUE ? 'true' : to === FALSE ? 'false' : '';
    const changed = spliced(this.#sql, this.#tokens, span, replacement);
    const text = this.#sql.slice(
      this.#tokens[span.from]?.start,
      this.#tokens[span.to]?.end ?? undefined,
    );
    if (!sameTree(treeOf(changed), replaced(this.#tree, path, to))) {
      throw new Error(`cut at the wrong place: "${text}" of: ${this.#sql}`);
    }
    this.found.push({ operator, text, description, span, replacement });
  }

  #visit(value: Tree, path: Path): void {
    if (Array.isArray(value)) {
      value.forEach((inner, index) => {
        this.#visit(inner, [...path, index]);
      });
      return;
    }
    if (!isFields(value)) {
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const here = [...path, key];
      if (key === 'infer') {
        // The predicate of ON CONFLICT names an index and decides nothing.
        continue;
      }
      const clause = CLAUSES[key];
      if (clause !== undefined && isFields(inner)) {
        this.#clause(clause, inner, here);
      } else if (key === 'BoolExpr' && isFields(inner)) {
        this.#operands(inner, here);
      } else if (key === 'CaseWhen' && isFields(inner) && !this.#isComparedCase(here)) {
        this.#arm(inner, here);
      } else if (SELECTS.has(key) && isFields(inner)) {
        this.#setOperation(inner, here);
        this.#lock(inner, here);
      }
      this.#visit(inner, here);
    }
  }

  #clause(name: string, condition: Fields, path: Path): void {
    const place = leftmost(condition);
    if (fieldsOf(condition, 'BoolExpr')?.boolop === 'AND_EXPR' || place === undefined) {
      return;
    }
    const span = clauseSpan(this.#tokens, place, name === 'when' || name === 'check');
    this.#add(
      `true-${name}`,
      span,
      `the condition of ${name.toUpperCase()} is always true`,
      path,
      TRUE,
    );
  }

  #operands(expression: Fields, path: Path): void {
    const args = Array.isArray(expression.args) ? expression.args : [];
    const operator = expression.boolop === 'AND_EXPR' ? 'and' : 'or';
    if (expression.boolop === 'NOT_EXPR') {
      return;
    }
    const spans = operandSpans(
      this.#tokens,
      operator,
      args.map((arg) => leftmost(arg) ?? -1),
    );
    spans.forEach((span, index) => {
      const at = [...path, 'args', index];
      if (sameTree(valueAt(this.#tree, at) ?? null, operator === 'and' ? TRUE : FALSE)) {
        return;
      }
      this.#add(
        `drop-${operator}`,
        span,
        `an operand of ${operator.toUpperCase()} is left out`,
        at,
        operator === 'and' ? TRUE : FALSE,
      );
    });
  }

  /** `case status when 'draft' then …`: its arms are values. */
  #isComparedCase(arm: Path): boolean {
    return valueAt(this.#tree, [...arm.slice(0, -3), 'arg']) !== undefined;
  }

  #arm(arm: Fields, path: Path): void {
    const place = leftmost(arm.expr ?? null);
    if (place === undefined) {
      return;
    }
    const span = clauseSpan(this.#tokens, place, false);
    const at = [...path, 'expr'];
    this.#add('true-when', span, 'an arm of CASE is always taken', at, TRUE);
    this.#add('false-when', span, 'an arm of CASE is never taken', at, FALSE);
  }

  /** `a except b` becomes `a`. */
  #setOperation(select: Fields, path: Path): void {
    const { op, larg } = select;
    if (op === undefined || op === 'SETOP_NONE' || !isFields(larg) || select.sortClause) {
      return;
    }
    const keyword = String(op).replace('SETOP_', '').toLowerCase();
    this.#tokens.forEach((token, index) => {
      if (word(token) !== keyword) {
        return;
      }
      const span = { from: index, to: endOf(this.#tokens, index + 2, true) };
      const changed = spliced(this.#sql, this.#tokens, span, '');
      const wanted = replaced(this.#tree, path, larg);
      if (parses(changed) && sameTree(treeOf(changed), wanted)) {
        this.#add(`drop-${keyword}`, span, `${keyword.toUpperCase()} is left out`, path, larg);
      }
    });
  }

  /** `for update` and its like are left out. */
  #lock(select: Fields, path: Path): void {
    if (select.lockingClause === undefined) {
      return;
    }
    const at = [...path, 'lockingClause'];
    this.#tokens.forEach((token, index) => {
      if (word(token) !== 'for' || word(this.#tokens[index - 1]) === '(') {
        return;
      }
      const span = { from: index, to: endOf(this.#tokens, index + 1, true) };
      const changed = spliced(this.#sql, this.#tokens, span, '');
      if (parses(changed) && sameTree(treeOf(changed), replaced(this.#tree, at, undefined))) {
        this.#add('drop-lock', span, 'rows are not locked', at, undefined);
      }
    });
  }
}

function parses(sql: string): boolean {
  try {
    treeOf(sql);
    return true;
  } catch {
    return false;
  }
}

/** Every way to weaken one condition of a statement. Throws if a condition cannot be cut out of its text. */
export function weakenings(sql: string): Weakening[] {
  return new Finder(sql).found;
}

/** String constants that a statement passes to a function as its first parameter. */
export function firstStrings(sql: string, functionName: string): { text: string; span: Span }[] {
  const tokens = tokensOf(sql);
  const [schema, name] = functionName.split('.');
  return tokens.flatMap((token, index) => {
    const named =
      word(tokens[index - 4]) === schema &&
      word(tokens[index - 3]) === '.' &&
      word(tokens[index - 2]) === name &&
      word(tokens[index - 1]) === '(';
    const constant = /^'((?:[^']|'')*)'$/.exec(token.text)?.[1];
    return named && constant !== undefined
      ? [{ text: constant, span: { from: index, to: index } }]
      : [];
  });
}
