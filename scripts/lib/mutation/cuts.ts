/** Where a condition begins and ends in its text. A parse tree only tells where a node's first word stands. */
import type { Token } from './sql-tree.ts';

/** Tokens from the first to the last, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const OPEN = new Set(['(', '[', 'case']);
const CLOSE = new Set([')', ']', 'end']);
/** Words that end a condition, outside of parentheses. */
const STOPS = new Set([
  ...['then', 'when', 'else', 'loop', 'or', 'as', 'from', 'where', 'set', 'into', 'using', 'on'],
  ...['group', 'order', 'limit', 'having', 'returning', 'window', 'offset', 'fetch', 'for'],
  ...['union', 'except', 'intersect', 'join', 'left', 'right', 'inner', 'full', 'cross', 'natural'],
  ...['execute', ',', ';'],
]);

/** A token as its keyword. */
export function word(token: Token | undefined): string {
  return token?.text.toLowerCase() ?? '';
}

function stops(tokens: readonly Token[], index: number): boolean {
  const text = word(tokens[index]);
  if (!STOPS.has(text)) {
    return false;
  }
  // left(text, 1) is a call, `is distinct from` an operator.
  const call = (text === 'left' || text === 'right') && word(tokens[index + 1]) === '(';
  return !call && !(text === 'from' && word(tokens[index - 1]) === 'distinct');
}

/** The last token of the condition that begins at a token: up to a closing parenthesis or a word that ends it. */
export function endOf(tokens: readonly Token[], from: number, mayContainOr: boolean): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    const text = word(tokens[index]);
    if (depth === 0 && (CLOSE.has(text) || stops(tokens, index))) {
      if (!(text === 'or' && mayContainOr)) {
        return index - 1;
      }
    }
    depth += OPEN.has(text) ? 1 : CLOSE.has(text) ? -1 : 0;
  }
  return tokens.length - 1;
}

/** The tokens of the `count` operands of AND or OR, of which the leftmost places are known. */
export function operandSpans(
  tokens: readonly Token[],
  operator: 'and' | 'or',
  places: readonly number[],
): Span[] {
  const firsts = places.map((byte) => tokens.findIndex((token) => token.byte === byte));
  // The operator before each operand but the first: back over opening parentheses.
  const operators = firsts.slice(1).map((first) => {
    let index = first - 1;
    while (index >= 0 && word(tokens[index]) !== operator) {
      index -= 1;
    }
    return index;
  });
  return firsts.map((first, operand) => {
    const before = operators[operand - 1];
    const after = operators[operand];
    if (before !== undefined) {
      const from = before + 1;
      return { from, to: after === undefined ? endOf(tokens, from, operator === 'or') : after - 1 };
    }
    const to = (after ?? tokens.length) - 1;
    return { from: balanced(tokens, first, to), to };
  });
}

/** Moves a beginning back over the parentheses that are closed before the end. */
function balanced(tokens: readonly Token[], first: number, to: number): number {
  let depth = 0;
  let missing = 0;
  for (let index = first; index <= to; index += 1) {
    const text = word(tokens[index]);
    depth += OPEN.has(text) ? 1 : CLOSE.has(text) ? -1 : 0;
    missing = Math.max(missing, -depth);
  }
  return first - missing;
}

/**
 * The tokens of a condition that stands behind a keyword (WHERE, ON, WHEN) and whose leftmost place is known. Some
 * keywords ask for parentheses around it, which stay.
 */
export function clauseSpan(tokens: readonly Token[], place: number, inParentheses: boolean): Span {
  let from = tokens.findIndex((token) => token.byte === place);
  while (word(tokens[from - 1]) === '(') {
    from -= 1;
  }
  from += inParentheses ? 1 : 0;
  return { from, to: endOf(tokens, from, true) };
}
