/** PostgreSQL's own parser and scanner, for cutting SQL at the right places. */
import { loadModule, parsePlPgSQLSync, parseSync, scanSync } from '@libpg-query/parser';

/** A value of a parse tree. */
export type Tree = string | number | boolean | null | Tree[] | { [key: string]: Tree };
/** A node of a parse tree, or a table of its fields. */
export type Fields = { [key: string]: Tree };
/** Where a node is, from the root. */
export type Path = readonly (string | number)[];

/** A token of an SQL text; comments are none. */
export interface Token {
  readonly text: string;
  /** Offsets in the JavaScript string. */
  readonly start: number;
  readonly end: number;
  /** Offset in bytes, as parse trees count. */
  readonly byte: number;
  /** Line, from 1. */
  readonly line: number;
}

/** Loads the parser; needed once before anything else here. */
export async function loadParser(): Promise<void> {
  await loadModule();
}

export function isFields(value: Tree | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field of a node, if the value is a node of that kind. */
export function fieldsOf(value: Tree | undefined, kind: string): Fields | undefined {
  const inner = isFields(value) ? value[kind] : undefined;
  return isFields(inner) ? inner : undefined;
}

/** The tokens of an SQL or PL/pgSQL text. */
export function tokensOf(sql: string): Token[] {
  const bytes = Buffer.from(sql, 'utf8');
  const ascii = bytes.length === sql.length;
  const at = (byte: number): number =>
    ascii ? byte : bytes.subarray(0, byte).toString('utf8').length;
  const tokens: Token[] = [];
  let line = 1;
  let seen = 0;
  for (const { start, end, tokenName } of scanSync(sql).tokens) {
    if (tokenName === 'SQL_COMMENT' || tokenName === 'C_COMMENT') {
      continue;
    }
    const from = at(start);
    line += sql.slice(seen, from).split('\n').length - 1;
    seen = from;
    tokens.push({ text: sql.slice(from, at(end)), start: from, end: at(end), byte: start, line });
  }
  return tokens;
}

const PLACES =
  /^(?:location|name_location|stmt_location|stmt_len|rexpr_list_start|rexpr_list_end|list_start|list_end|version)$/;

function withoutPlaces(value: Tree): Tree {
  if (Array.isArray(value)) {
    return value.map(withoutPlaces);
  }
  if (!isFields(value)) {
    return value;
  }
  const entries = Object.entries(value).filter(([key]) => !PLACES.test(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutPlaces(inner)]));
}

/** Whether two trees say the same, wherever in the text they stand. */
export function sameTree(one: Tree, other: Tree): boolean {
  return JSON.stringify(withoutPlaces(one)) === JSON.stringify(withoutPlaces(other));
}

/** `set (a, b) = (select …)` has its source once for each column; the tree keeps the first. */
function withoutCopies(value: Tree): Tree {
  if (Array.isArray(value)) {
    return value.map(withoutCopies);
  }
  if (!isFields(value)) {
    return value;
  }
  const column = fieldsOf(value, 'MultiAssignRef')?.colno;
  if (typeof column === 'number' && column > 1) {
    return null;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutCopies(inner)]),
  );
}

/** The parse tree of an SQL text. */
export function treeOf(sql: string): Tree {
  return withoutCopies(parseSync(sql) as unknown as Tree);
}

/** A variable that is declared with a type of one of our schemas: `v_period public.budget_periods;`. */
const NAMED_TYPE = /^(\s*\w+\s+)(?:public|private)\.\w+(?=\s*(?::=|;))/gm;

/**
 * The parse tree of a `create function` statement in PL/pgSQL. The parser has no catalog and so takes a named type for a
 * scalar, whose fields cannot be assigned to; a record has any field.
 */
export function plpgsqlTreeOf(createFunction: string): Tree {
  return parsePlPgSQLSync(createFunction.replace(NAMED_TYPE, '$1record')) as unknown as Tree;
}

/** What stands at a place of a tree. */
export function valueAt(tree: Tree, path: Path): Tree | undefined {
  let value: Tree | undefined = tree;
  for (const key of path) {
    if (Array.isArray(value) && typeof key === 'number') {
      value = value[key];
    } else if (isFields(value)) {
      value = value[key];
    } else {
      return undefined;
    }
  }
  return value;
}

/** The tree with another value at one place; undefined removes a field. */
export function replaced(tree: Tree, path: Path, value: Tree | undefined): Tree {
  const [key, ...rest] = path;
  if (key === undefined) {
    return value ?? null;
  }
  if (Array.isArray(tree)) {
    return tree.map((inner, index) => (index === key ? replaced(inner, rest, value) : inner));
  }
  if (!isFields(tree)) {
    return tree;
  }
  const copy = { ...tree };
  if (rest.length === 0 && value === undefined) {
    delete copy[key];
  } else {
    copy[key] = replaced(copy[key] ?? null, rest, value);
  }
  return copy;
}

/** The place of the leftmost token below a node, in bytes; undefined if nothing below it has a place. */
export function leftmost(tree: Tree): number | undefined {
  let least: number | undefined;
  const visit = (value: Tree): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if (isFields(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'location' && typeof inner === 'number' && inner >= 0) {
          least = Math.min(least ?? inner, inner);
        } else {
          visit(inner);
        }
      }
    }
  };
  visit(tree);
  return least;
}
