import type pg from 'pg';
import type { Routine } from './routines.ts';
import {
  each,
  inside,
  isNode,
  list,
  type Node,
  partsOf,
  plpgsqlFunction,
  statementsOf,
  textOf,
  treeOfExpression,
} from './tree.ts';

/** Columns in their order, and whether each is never null. */
type Columns = Map<string, boolean>;

/** What names mean inside a query. */
interface Scope {
  /** What stands in its own from clause. */
  sources: Map<string, Columns>;
  /** What stands around it, for a correlated or lateral query. */
  outer: ReadonlyMap<string, Columns>;
  ctes: Map<string, Columns>;
  /** Variables of PL/pgSQL that are never null. */
  variables: ReadonlySet<string>;
}

/** Functions of PostgreSQL that give no null for arguments that are none. */
const STRICT_AND_TOTAL = new Set(
  `abs ceil ceiling floor round trunc sign power sqrt exp mod length char_length octet_length lower upper initcap btrim
  trim ltrim rtrim replace left right repeat reverse md5 sha256 encode decode concat_ws format to_char date_trunc
  timezone make_interval jsonb_typeof to_jsonb to_json cardinality host text uuid_v7 numeric cidr inet
  generate_series string_to_array bit_length`.split(/\s+/),
);

/** Functions that never give null. */
const NEVER_NULL = new Set(
  `count now clock_timestamp statement_timestamp transaction_timestamp random gen_random_uuid row_number rank dense_rank
  jsonb_build_object jsonb_build_array json_build_object json_build_array concat percent_rank cume_dist ntile
  pg_backend_pid version`.split(/\s+/),
);

/** Aggregates that are null only without a row, or for nulls. */
const AGGREGATES = new Set(
  'sum min max avg bool_and bool_or every array_agg jsonb_agg json_agg string_agg jsonb_object_agg'.split(
    ' ',
  ),
);

/** Operators that give no null for operands that are none. */
const OPERATORS = new Set(
  '+ - * / % ^ || = <> != < > <= >= ~ ~* !~ !~* ~~ !~~ && @> <@ << >> <<= >>='.split(' '),
);

/**
 * Which columns of views and of functions' results are never null, derived from their queries: what is proven is said
 * to be never null, everything else may be.
 */
export class Nullability {
  readonly #relations: ReadonlyMap<string, Columns>;
  readonly #views: ReadonlyMap<string, string>;
  readonly #routines = new Map<string, Routine[]>();
  readonly #known = new Map<string, Columns>();
  readonly #running = new Set<string>();

  private constructor(
    relations: ReadonlyMap<string, Columns>,
    views: ReadonlyMap<string, string>,
    routines: readonly Routine[],
  ) {
    this.#relations = relations;
    this.#views = views;
    for (const routine of routines) {
      const name = `${routine.schema}.${routine.name}`;
      this.#routines.set(name, [...(this.#routines.get(name) ?? []), routine]);
    }
  }

  /** Reads columns and views of all schemas. */
  static async read(client: pg.ClientBase, routines: readonly Routine[]): Promise<Nullability> {
    const { rows } = await client.query<{
      name: string;
      columns: string[];
      not_null: boolean[];
      definition: string | null;
    }>(`
      select n.nspname || '.' || c.relname as name, array_agg(a.attname::text order by a.attnum) as columns,
             array_agg(a.attnotnull order by a.attnum) as not_null,
             case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as definition
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       group by n.nspname, c.oid, c.relname, c.relkind`);
    const relations = new Map<string, Columns>();
    const views = new Map<string, string>();
    for (const { name, columns, not_null, definition } of rows) {
      relations.set(name, new Map(columns.map((column, i) => [column, not_null[i] ?? false])));
      if (definition !== null) {
        views.set(name, definition);
      }
    }
    return new Nullability(relations, views, routines);
  }

  /** Columns of a table or view, by `schema.name`. */
  relation(name: string): Columns {
    const columns = this.#relations.get(name) ?? new Map<string, boolean>();
    const definition = this.#views.get(name);
    if (definition === undefined) {
      return columns;
    }
    return this.#once(`view ${name}`, columns, () => {
      const select = inside(statementsOf(definition)[0], 'SelectStmt');
      return renamed(this.#select(select, emptyScope()), [...columns.keys()]);
    });
  }

  /** Columns of a function's result, or for a single value one column without a name. */
  routine(routine: Routine): Columns {
    const names = routine.columns.length === 0 ? [''] : routine.columns;
    const unknown: Columns = new Map(names.map((name) => [name, false]));
    if (routine.language !== 'plpgsql') {
      return unknown;
    }
    const key = `function ${routine.schema}.${routine.name}(${routine.parameters.join()})`;
    return this.#once(key, unknown, () => this.#plpgsql(routine, names, unknown));
  }

  /** The same answer each time; what calls itself knows nothing of itself. */
  #once(key: string, unknown: Columns, find: () => Columns): Columns {
    const known = this.#known.get(key);
    if (known || this.#running.has(key)) {
      return known ?? nothing(unknown);
    }
    this.#running.add(key);
    const found = find();
    this.#running.delete(key);
    this.#known.set(key, found);
    return found;
  }

  #plpgsql(routine: Routine, names: readonly string[], unknown: Columns): Columns {
    const body = plpgsqlFunction(routine.definition);
    if (body === undefined) {
      return unknown;
    }
    const scope: Scope = { ...emptyScope(), variables: this.#variables(body, routine) };
    const results: boolean[][] = [];
    const giveUp = (): void => {
      results.push(names.map(() => false));
    };
    each(body, 'PLpgSQL_stmt_return_query', (node) => {
      const select = inside(treeOfExpression(node.query), 'SelectStmt');
      if (select) {
        results.push([...this.#select(select, scope).values()]);
      } else {
        giveUp();
      }
    });
    for (const kind of ['PLpgSQL_stmt_return_next', 'PLpgSQL_stmt_return_query_execute']) {
      each(body, kind, giveUp);
    }
    each(body, 'PLpgSQL_stmt_return', (node) => {
      if (!routine.returns_set) {
        const select = inside(treeOfExpression(node.expr), 'SelectStmt');
        const values =
          select && names.length === 1 ? [...this.#select(select, scope).values()] : [];
        results.push(names.map((_, i) => values[i] ?? false));
      }
    });
    if (results.length === 0) {
      return unknown;
    }
    return new Map(names.map((name, i) => [name, results.every((result) => result[i] ?? false)]));
  }

  /**
   * Variables that are never null where the function ends: `found`, parameters of a strict function, constants and `not
   * null` ones, and those that begin with a value, by their declaration or by the first statements of the body, and
   * are never given anything that may be null.
   */
  #variables(body: Node, routine: Routine): Set<string> {
    const names = new Set<string>(['found', ...(routine.is_strict ? routine.parameters : [])]);
    const isSet = (expression: unknown): boolean => {
      const select = inside(treeOfExpression(expression), 'SelectStmt');
      const scope = { ...emptyScope(), variables: names };
      return select !== undefined && [...this.#select(select, scope).values()][0] === true;
    };
    const datums = list(body.datums).map((datum) => inside(datum, 'PLpgSQL_var'));
    const first = firstAssignments(body);
    const written = writtenOtherwise(body);
    datums.forEach((variable, number) => {
      const name = variable?.refname;
      if (typeof name !== 'string' || written.has(name)) {
        return;
      }
      const begins =
        variable?.notnull === true ||
        (variable?.default_val !== undefined && isSet(variable.default_val)) ||
        first.some((assign) => Number(assign.varno ?? 0) === number && isSet(assign.expr));
      if (!begins) {
        return;
      }
      // It may be counted on in what it is given itself: v := v + 1.
      names.add(name);
      let stays = true;
      each(body, 'PLpgSQL_stmt_assign', (assign) => {
        stays &&= Number(assign.varno ?? 0) !== number || isSet(assign.expr);
      });
      if (!stays) {
        names.delete(name);
      }
    });
    return names;
  }

  #select(select: Node | undefined, outer: Scope): Columns {
    if (!select) {
      return new Map();
    }
    const ctes = new Map(outer.ctes);
    const scope: Scope = { ...within(outer), ctes };
    for (const entry of list((select.withClause as Node | undefined)?.ctes)) {
      const cte = inside(entry, 'CommonTableExpr');
      const query = cte?.ctequery;
      const columns =
        (select.withClause as Node).recursive === true
          ? nothing(this.#output(query, scope))
          : this.#output(query, scope);
      ctes.set(String(cte?.ctename), renamed(columns, partsOf(cte?.aliascolnames)));
    }
    if (isNode(select.larg) && isNode(select.rarg)) {
      const left = this.#select(select.larg, scope);
      const right = [...this.#select(select.rarg, scope).values()];
      return new Map([...left].map(([name, is], i) => [name, is && (right[i] ?? false)]));
    }
    const rows = list(select.valuesLists).map((row) =>
      list(inside(row, 'List')?.items).map((value) => this.#isSet(value, scope, false)),
    );
    if (rows.length > 0) {
      const width = rows[0]?.length ?? 0;
      return new Map(
        Array.from({ length: width }, (_, i) => [`column${i + 1}`, rows.every((row) => row[i])]),
      );
    }
    for (const source of list(select.fromClause)) {
      this.#from(source, scope, false);
    }
    const groups = list(select.groupClause);
    const isGrouped = groups.length > 0 && !groups.some((group) => inside(group, 'GroupingSet'));
    return this.#targets(select.targetList, scope, isGrouped, groups.length > 0 && !isGrouped);
  }

  /** Columns of a query of any kind: a select, or what a change returns. */
  #output(query: unknown, outer: Scope): Columns {
    const select = inside(query, 'SelectStmt');
    if (select) {
      return this.#select(select, outer);
    }
    const change =
      inside(query, 'InsertStmt') ?? inside(query, 'UpdateStmt') ?? inside(query, 'DeleteStmt');
    const scope = within(outer);
    if (change) {
      this.#from({ RangeVar: change.relation }, scope, false);
      for (const source of [...list(change.fromClause), ...list(change.usingClause)]) {
        this.#from(source, scope, false);
      }
    }
    return this.#targets(change?.returningList, scope, false, false);
  }

  #targets(targets: unknown, scope: Scope, isGrouped: boolean, isUnknown: boolean): Columns {
    const columns: Columns = new Map();
    const add = (name: string, is: boolean): void => {
      // Two columns of one name stay two.
      columns.set(columns.has(name) ? `${name} ${columns.size}` : name, is && !isUnknown);
    };
    for (const entry of list(targets)) {
      const target = inside(entry, 'ResTarget');
      const fields = list(inside(target?.val, 'ColumnRef')?.fields);
      if (inside(fields.at(-1), 'A_Star') !== undefined || isStar(fields.at(-1))) {
        const alias = textOf(fields[0]);
        for (const [name, source] of scope.sources) {
          if (fields.length === 1 || name === alias) {
            for (const [column, is] of source) {
              add(column, is);
            }
          }
        }
      } else {
        const name = target?.name ?? textOf(fields.at(-1)) ?? 'column';
        add(String(name), this.#isSet(target?.val, scope, isGrouped));
      }
    }
    return columns;
  }

  #from(source: unknown, scope: Scope, isOuter: boolean): void {
    const add = (alias: string, columns: Columns): void => {
      scope.sources.set(alias, isOuter ? nothing(columns) : columns);
    };
    const aliasOf = (node: Node): string | undefined =>
      (node.alias as Node | undefined)?.aliasname as string | undefined;
    const columnNames = (node: Node): string[] =>
      partsOf((node.alias as Node | undefined)?.colnames);

    const table = inside(source, 'RangeVar');
    if (table) {
      const name = String(table.relname);
      const cte = table.schemaname === undefined ? scope.ctes.get(name) : undefined;
      const columns = cte ?? this.relation(`${String(table.schemaname ?? 'public')}.${name}`);
      add(aliasOf(table) ?? name, renamed(columns, columnNames(table)));
      return;
    }
    const query = inside(source, 'RangeSubselect');
    if (query) {
      const columns = this.#output(query.subquery, scope);
      add(aliasOf(query) ?? '', renamed(columns, columnNames(query)));
      return;
    }
    const join = inside(source, 'JoinExpr');
    if (join) {
      const type = String(join.jointype);
      this.#from(join.larg, scope, isOuter || type === 'JOIN_RIGHT' || type === 'JOIN_FULL');
      this.#from(join.rarg, scope, isOuter || type === 'JOIN_LEFT' || type === 'JOIN_FULL');
      return;
    }
    const rangeFunction = inside(source, 'RangeFunction');
    const call = inside(
      list(inside(list(rangeFunction?.functions)[0], 'List')?.items)[0],
      'FuncCall',
    );
    if (rangeFunction && call) {
      const names = partsOf(call.funcname);
      const [routine, ...others] = this.#routines.get(names.join('.')) ?? [];
      const alias = aliasOf(rangeFunction) ?? names.at(-1) ?? '';
      const columns: Columns =
        routine && others.length === 0
          ? this.routine(routine)
          : new Map([
              [
                columnNames(rangeFunction)[0] ?? alias,
                this.#isSet({ FuncCall: call }, scope, false),
              ],
            ]);
      add(alias, renamed(columns, columnNames(rangeFunction)));
    }
  }

  /** True if an expression is proven never to be null. */
  #isSet(value: unknown, scope: Scope, isGrouped: boolean): boolean {
    const all = (values: unknown): boolean =>
      list(values).every((inner) => this.#isSet(inner, scope, isGrouped));
    if (!isNode(value)) {
      return false;
    }
    const [kind = '', node] = Object.entries(value)[0] ?? [];
    if (!isNode(node)) {
      return false;
    }
    switch (kind) {
      case 'A_Const':
        return node.isnull !== true;
      case 'ColumnRef':
        return this.#column(partsOf(node.fields), scope);
      case 'TypeCast':
      case 'CollateClause':
        return this.#isSet(node.arg, scope, isGrouped);
      case 'NullTest':
      case 'BooleanTest':
      case 'A_ArrayExpr':
      case 'RowExpr':
        return true;
      case 'SQLValueFunction':
        return node.op !== 'SVFOP_CURRENT_SCHEMA';
      case 'BoolExpr':
        return all(node.args);
      case 'CoalesceExpr':
      case 'MinMaxExpr':
        return list(node.args).some((inner) => this.#isSet(inner, scope, isGrouped));
      case 'CaseExpr':
        return (
          this.#isSet(node.defresult, scope, isGrouped) &&
          list(node.args).every((when) =>
            this.#isSet(inside(when, 'CaseWhen')?.result, scope, isGrouped),
          )
        );
      case 'A_Expr':
        return this.#operation(node, scope, isGrouped);
      case 'SubLink':
        return node.subLinkType === 'EXISTS_SUBLINK' || node.subLinkType === 'ARRAY_SUBLINK';
      case 'FuncCall':
        return this.#call(node, scope, isGrouped);
      default:
        return false;
    }
  }

  #column(parts: readonly string[], scope: Scope): boolean {
    const [first = '', second] = parts;
    if (parts.length === 2 && second !== undefined) {
      return (scope.sources.get(first) ?? scope.outer.get(first))?.get(second) ?? false;
    }
    const found = [...scope.sources.values(), ...scope.outer.values()].filter((columns) =>
      columns.has(first),
    );
    if (found.length === 0) {
      return parts.length === 1 && scope.variables.has(first);
    }
    return found.length === 1 && (found[0]?.get(first) ?? false);
  }

  #operation(node: Node, scope: Scope, isGrouped: boolean): boolean {
    const right = inside(node.rexpr, 'List')?.items ?? [node.rexpr];
    const operands = [...(node.lexpr === undefined ? [] : [node.lexpr]), ...list(right)];
    switch (node.kind) {
      case 'AEXPR_DISTINCT':
      case 'AEXPR_NOT_DISTINCT':
        return true;
      case 'AEXPR_OP':
        return (
          OPERATORS.has(partsOf(node.name).at(-1) ?? '') &&
          operands.every((operand) => this.#isSet(operand, scope, isGrouped))
        );
      case 'AEXPR_IN':
      case 'AEXPR_BETWEEN':
      case 'AEXPR_NOT_BETWEEN':
      case 'AEXPR_LIKE':
      case 'AEXPR_ILIKE':
        return operands.every((operand) => this.#isSet(operand, scope, isGrouped));
      default:
        return false;
    }
  }

  #call(node: Node, scope: Scope, isGrouped: boolean): boolean {
    const names = partsOf(node.funcname);
    const name = names.at(-1) ?? '';
    const [routine, ...others] = this.#routines.get(names.join('.')) ?? [];
    if (routine) {
      return (
        others.length === 0 &&
        routine.columns.length === 0 &&
        (this.routine(routine).get('') ?? false)
      );
    }
    if (names.length > 1 && names[0] !== 'pg_catalog') {
      return false;
    }
    const isArgumentSet = list(node.args).every((arg) => this.#isSet(arg, scope, isGrouped));
    if (AGGREGATES.has(name)) {
      // In a group there is a row; as a window, the current one unless a frame leaves it out.
      return isGrouped && node.over === undefined && node.agg_filter === undefined && isArgumentSet;
    }
    return NEVER_NULL.has(name) || (STRICT_AND_TOTAL.has(name) && isArgumentSet);
  }
}

/** Assignments that come before everything else that could end the function or skip them. */
function firstAssignments(body: Node): Node[] {
  const found: Node[] = [];
  for (const statement of list(inside(body.action, 'PLpgSQL_stmt_block')?.body)) {
    const assign = inside(statement, 'PLpgSQL_stmt_assign');
    let ends = false;
    each(statement, 'PLpgSQL_stmt_return', () => {
      ends = true;
    });
    if (ends) {
      break;
    }
    if (assign) {
      found.push(assign);
    }
  }
  return found;
}

/** Variables that are written by something other than an assignment: INTO, a loop, GET DIAGNOSTICS. */
function writtenOtherwise(body: Node): Set<string> {
  const names = new Set<string>();
  for (const kind of ['PLpgSQL_row', 'PLpgSQL_rec']) {
    each(body, kind, (row) => {
      if (typeof row.refname === 'string') {
        names.add(row.refname);
      }
      for (const field of list(row.fields)) {
        if (isNode(field) && typeof field.name === 'string') {
          names.add(field.name);
        }
      }
    });
  }
  for (const kind of ['PLpgSQL_stmt_foreach_a', 'PLpgSQL_stmt_getdiag']) {
    each(body, kind, (node) => {
      const numbers = [
        node.varno,
        ...list(node.diag_items).map((item) => inside(item, 'PLpgSQL_diag_item')?.target),
      ];
      for (const number of numbers) {
        const name = inside(list(body.datums)[Number(number)], 'PLpgSQL_var')?.refname;
        if (typeof name === 'string') {
          names.add(name);
        }
      }
    });
  }
  return names;
}

function isStar(value: unknown): boolean {
  return isNode(value) && 'A_Star' in value;
}

function emptyScope(): Scope {
  return { sources: new Map(), outer: new Map(), ctes: new Map(), variables: new Set() };
}

/** The scope of a query inside another. */
function within(scope: Scope): Scope {
  return {
    ...scope,
    sources: new Map(),
    outer: new Map([...scope.outer, ...scope.sources]),
  };
}

function nothing(columns: Columns): Columns {
  return new Map([...columns.keys()].map((name) => [name, false]));
}

/** The same columns under other names, as far as there are any. */
function renamed(columns: Columns, names: readonly string[]): Columns {
  return new Map([...columns].map(([name, is], i) => [names[i] ?? name, is]));
}
