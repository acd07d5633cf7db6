import type { Routine } from './routines.ts';
import {
  constantText,
  each,
  inside,
  isNode,
  list,
  type Node,
  partsOf,
  plpgsqlFunction,
  treeOfExpression,
} from './tree.ts';

/** Who calls. */
export interface Caller {
  /** The Postgres role. */
  postgresRole: string;
  /** True for a platform operator, whom require_operator() lets through and require_company() does not. */
  isOperator: boolean;
  /** What a member holds. */
  permissions: ReadonlySet<string>;
  /** Whether a table of `public` is open for a verb to the caller itself. */
  mayAccess(table: string, verb: Verb): boolean;
}

export type Verb = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** What is known of a parameter in a call: a constant text. */
type Bindings = ReadonlyMap<string, string>;

/**
 * The functions that the gate's guards are: what they demand of a caller, by the constant that they are given.
 * Everything else is read from the functions themselves.
 */
const GUARDS: Readonly<
  Record<string, (caller: Caller, permission: string | undefined) => boolean>
> = {
  require_operator: (caller) => caller.isOperator,
  require_company: (caller, permission) =>
    !caller.isOperator && (permission === undefined || caller.permissions.has(permission)),
  require_reader: (caller, permission) =>
    caller.isOperator || permission === undefined || caller.permissions.has(permission),
  company_for: (caller, permission) =>
    permission === undefined || caller.isOperator || caller.permissions.has(permission),
};

/**
 * Whether a function can do its work for a caller: nothing on its way from the first statement to the last, in itself
 * and in the functions that it calls, refuses for certain. A guard inside a branch counts where every branch has one;
 * what stands in conditions and loops is taken as open.
 */
export class Callability {
  readonly #routines = new Map<string, Routine[]>();
  readonly #bodies = new Map<Routine, Node | undefined>();
  readonly #running = new Set<string>();

  constructor(routines: readonly Routine[]) {
    for (const routine of routines) {
      const name = `${routine.schema}.${routine.name}`;
      this.#routines.set(name, [...(this.#routines.get(name) ?? []), routine]);
    }
  }

  mayCall(routine: Routine, caller: Caller): boolean {
    return (
      routine.executors.includes(caller.postgresRole) &&
      this.#passes(routine, caller, new Map(), false)
    );
  }

  #passes(routine: Routine, caller: Caller, bindings: Bindings, isDefiner: boolean): boolean {
    const key = JSON.stringify([routine.schema, routine.name, routine.parameters, [...bindings]]);
    const body = this.#bodyOf(routine);
    if (body === undefined || this.#running.has(key)) {
      return true;
    }
    this.#running.add(key);
    try {
      return this.#block(body, caller, bindings, isDefiner || routine.is_definer);
    } finally {
      this.#running.delete(key);
    }
  }

  #bodyOf(routine: Routine): Node | undefined {
    if (!this.#bodies.has(routine)) {
      this.#bodies.set(
        routine,
        routine.language === 'plpgsql' ? plpgsqlFunction(routine.definition) : undefined,
      );
    }
    return this.#bodies.get(routine);
  }

  #block(body: Node, caller: Caller, bindings: Bindings, isDefiner: boolean): boolean {
    const action = inside(body.action, 'PLpgSQL_stmt_block');
    // What variables are declared with is called first.
    const declared = [
      ...list(body.datums).map((datum) => inside(datum, 'PLpgSQL_var')?.default_val),
      ...list(body.record_defaults),
    ];
    return (
      declared.every(
        (value) =>
          value === undefined || this.#sql(treeOfExpression(value), caller, bindings, isDefiner),
      ) && this.#all(action?.body, caller, bindings, isDefiner)
    );
  }

  #all(statements: unknown, caller: Caller, bindings: Bindings, isDefiner: boolean): boolean {
    return list(statements).every((statement) =>
      this.#statement(statement, caller, bindings, isDefiner),
    );
  }

  #statement(statement: unknown, caller: Caller, bindings: Bindings, isDefiner: boolean): boolean {
    const branch = inside(statement, 'PLpgSQL_stmt_if');
    if (branch) {
      const branches = [
        branch.then_body,
        ...list(branch.elsif_list).map((one) => inside(one, 'PLpgSQL_if_elsif')?.stmts ?? []),
        branch.else_body ?? [],
      ];
      return branches.some((body) => this.#all(body, caller, bindings, isDefiner));
    }
    const block = inside(statement, 'PLpgSQL_stmt_block');
    if (block) {
      return this.#all(block.body, caller, bindings, isDefiner);
    }
    const plain =
      inside(statement, 'PLpgSQL_stmt_perform')?.expr ??
      inside(statement, 'PLpgSQL_stmt_assign')?.expr ??
      inside(statement, 'PLpgSQL_stmt_execsql')?.sqlstmt ??
      inside(statement, 'PLpgSQL_stmt_return')?.expr ??
      inside(statement, 'PLpgSQL_stmt_return_query')?.query;
    return plain === undefined || this.#sql(treeOfExpression(plain), caller, bindings, isDefiner);
  }

  #sql(tree: Node | undefined, caller: Caller, bindings: Bindings, isDefiner: boolean): boolean {
    if (tree === undefined) {
      return true;
    }
    if (!isDefiner && !tablesOf(tree).every(({ table, verb }) => caller.mayAccess(table, verb))) {
      return false;
    }
    return callsOf(tree).every((call) => {
      const [schema, name] = partsOf(call.funcname);
      if (schema !== 'private' || name === undefined) {
        return true;
      }
      const args = list(call.args);
      const guard = GUARDS[name];
      if (guard) {
        return guard(caller, textIn(args.at(-1), bindings));
      }
      const called = this.#routines.get(`${schema}.${name}`) ?? [];
      return (
        called.length === 0 ||
        called.some((routine) =>
          this.#passes(routine, caller, bound(routine, args, bindings), isDefiner),
        )
      );
    });
  }
}

function textIn(value: unknown, bindings: Bindings): string | undefined {
  const name = partsOf(inside(value, 'ColumnRef')?.fields).at(-1);
  return name === undefined ? constantText(value) : bindings.get(name);
}

function bound(routine: Routine, args: readonly unknown[], bindings: Bindings): Bindings {
  const result = new Map<string, string>();
  args.forEach((arg, index) => {
    const text = textIn(arg, bindings);
    const name = routine.parameters[index];
    if (text !== undefined && name !== undefined) {
      result.set(name, text);
    }
  });
  return result;
}

/** Functions that a statement calls whatever its rows are: alone in its select list, or as its only source. */
function callsOf(tree: Node): Node[] {
  const select = inside(tree, 'SelectStmt');
  if (!select) {
    return [];
  }
  const targets = list(select.targetList);
  const sources = list(select.fromClause);
  const target =
    sources.length === 0 && targets.length === 1 ? inside(targets[0], 'ResTarget')?.val : undefined;
  const source = sources.length === 1 ? inside(sources[0], 'RangeFunction') : undefined;
  const call =
    inside(target, 'FuncCall') ??
    inside(inside(target, 'A_Indirection')?.arg, 'FuncCall') ??
    inside(list(inside(list(source?.functions)[0], 'List')?.items)[0], 'FuncCall');
  return call ? [call] : [];
}

/** Tables of `public` that a statement touches, and how. */
function tablesOf(tree: Node): { table: string; verb: Verb }[] {
  const found: { table: string; verb: Verb }[] = [];
  const add = (range: unknown, verb: Verb): void => {
    if (isNode(range) && range.schemaname === 'public' && typeof range.relname === 'string') {
      found.push({ table: range.relname, verb });
    }
  };
  for (const [kind, verb] of [
    ['InsertStmt', 'INSERT'],
    ['UpdateStmt', 'UPDATE'],
    ['DeleteStmt', 'DELETE'],
  ] as const) {
    each(tree, kind, (node) => add(node.relation, verb));
  }
  each(tree, 'RangeVar', (range) => add(range, 'SELECT'));
  return found;
}
