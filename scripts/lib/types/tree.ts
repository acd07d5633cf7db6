/** What the trees of PostgreSQL's parser are read with. */
import { parsePlPgSQLSync, parseSync } from '@libpg-query/parser';

export type Node = Record<string, unknown>;

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The node of one kind that a value wraps, as in `{"FuncCall": {…}}`. */
export function inside(value: unknown, kind: string): Node | undefined {
  const found = isNode(value) ? value[kind] : undefined;
  return isNode(found) ? found : undefined;
}

/** The text of a String node. */
export function textOf(value: unknown): string | undefined {
  const text = inside(value, 'String')?.sval;
  return typeof text === 'string' ? text : undefined;
}

/** The parts of a name. */
export function partsOf(value: unknown): string[] {
  return list(value).flatMap((part) => textOf(part) ?? []);
}

/** A text constant. */
export function constantText(value: unknown): string | undefined {
  const cast = inside(value, 'TypeCast');
  if (cast) {
    return constantText(cast.arg);
  }
  const text = inside(value, 'A_Const')?.sval;
  return isNode(text) && typeof text.sval === 'string' ? text.sval : undefined;
}

/** Calls the function for every node of a kind in a tree. */
export function each(tree: unknown, kind: string, visit: (node: Node) => void): void {
  if (Array.isArray(tree)) {
    for (const value of tree) {
      each(value, kind, visit);
    }
  } else if (isNode(tree)) {
    for (const [key, value] of Object.entries(tree)) {
      if (key === kind && isNode(value)) {
        visit(value);
      }
      each(value, kind, visit);
    }
  }
}

/** The statements of an SQL text; none where the parser does not read it. */
export function statementsOf(sql: string): Node[] {
  try {
    return list((parseSync(sql) as { stmts?: unknown[] }).stmts)
      .map((entry) => (isNode(entry) ? entry.stmt : undefined))
      .filter(isNode);
  } catch {
    return [];
  }
}

/** A variable that is declared with a type of a schema: `v_period public.budget_periods;`. */
const NAMED_TYPE = /^(\s*\w+\s+(?:constant\s+)?)(?:public|private)\.\w+(?=\s*(?::=|;))/gim;

const NAMED_DEFAULT = /^\s*\w+\s+(?:constant\s+)?(?:public|private)\.\w+\s*:=\s*([^;]+);/gim;

/** How PL/pgSQL has an expression parsed. */
const EXPRESSION = 2;
const FIRST_ASSIGNMENT = 3;

/**
 * The tree of a function in PL/pgSQL. The parser has no catalog and takes a named type for a scalar, whose fields
 * cannot be assigned to; a record has any field.
 */
export function plpgsqlFunction(definition: string): Node | undefined {
  try {
    const parsed = parsePlPgSQLSync(definition.replace(NAMED_TYPE, '$1record')) as {
      plpgsql_funcs?: unknown[];
    };
    const body = inside(list(parsed.plpgsql_funcs)[0], 'PLpgSQL_function');
    // Of a record the parser does not tell what it is declared with.
    const defaults = [...definition.matchAll(NAMED_DEFAULT)].map(([, query = '']) => ({
      PLpgSQL_expr: { query, parseMode: EXPRESSION },
    }));
    return body && { ...body, record_defaults: defaults };
  } catch {
    return undefined;
  }
}

/** The SQL of an expression of PL/pgSQL. */
export function queryOf(expression: unknown): string | undefined {
  const query = inside(expression, 'PLpgSQL_expr')?.query;
  return typeof query === 'string' ? query : undefined;
}

/** The tree of an expression or a statement of PL/pgSQL; of an assignment, its right side. */
export function treeOfExpression(expression: unknown): Node | undefined {
  const sql = queryOf(expression);
  const mode = Number(inside(expression, 'PLpgSQL_expr')?.parseMode ?? 0);
  if (sql === undefined) {
    return undefined;
  }
  if (mode >= FIRST_ASSIGNMENT) {
    return statementsOf(`select ${sql.replace(/^[^=]*?:?=/, '')}`)[0];
  }
  return statementsOf(mode === EXPRESSION ? `select ${sql}` : sql)[0];
}
