import { loadModule, parsePlPgSQLSync, parseSync } from '@libpg-query/parser';

/**
 * A name that migrations take: `relation public.users` (tables, views, sequences, indexes and types share their names),
 * `function public.f`, `schema private`, `role r`, `trigger auth.users.t`, `policy storage.objects.p`,
 * `bucket documents`, `setting pgrst.db_pre_request=public.f`, `hook public.f` (a function that Auth may call).
 */
export type ObjectKey = string;

/** Names, and where each was taken last. */
export type Objects = Map<ObjectKey, { file: string; line: number }>;

type Node = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The field `kind` of a node that wraps it. */
function inside(value: unknown, kind: string): Node | undefined {
  const found = isNode(value) ? value[kind] : undefined;
  return isNode(found) ? found : undefined;
}

function textOf(value: unknown): string | undefined {
  const text = inside(value, 'String')?.sval;
  return typeof text === 'string' ? text : undefined;
}

/** What a name without a schema means in a migration. */
const DEFAULT_SCHEMA = 'public';

function nameOf(parts: readonly (string | undefined)[]): string {
  const names = parts.filter((part) => part !== undefined);
  return names.length > 1 ? names.join('.') : `${DEFAULT_SCHEMA}.${names[0] ?? ''}`;
}

function rangeOf(value: unknown): string | undefined {
  const range = inside(value, 'RangeVar') ?? (isNode(value) ? value : undefined);
  return typeof range?.relname === 'string'
    ? nameOf([range.schemaname as string | undefined, range.relname])
    : undefined;
}

function namesIn(value: unknown): string | undefined {
  const parts = list(
    Array.isArray(value)
      ? value
      : (inside(value, 'List')?.items ??
          inside(value, 'TypeName')?.names ??
          inside(value, 'ObjectWithArgs')?.objname),
  ).map(textOf);
  return parts.length === 0 ? textOf(value) && nameOf([textOf(value)]) : nameOf(parts);
}

const RELATIONS = new Set(
  ['TABLE', 'VIEW', 'MATVIEW', 'SEQUENCE', 'INDEX', 'FOREIGN_TABLE', 'TYPE', 'DOMAIN'].map(
    (name) => `OBJECT_${name}`,
  ),
);
const FUNCTIONS = new Set([
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
]);

function keyOf(type: unknown, name: string): ObjectKey | undefined {
  if (RELATIONS.has(String(type))) {
    return `relation ${name}`;
  }
  return FUNCTIONS.has(String(type)) ? `function ${name}` : undefined;
}

/** The name that a statement of creation takes; undefined for a temporary one and for every other statement. */
function createdBy(kind: string, node: Node): ObjectKey | undefined {
  const relation = (value: unknown): ObjectKey | undefined => {
    const range = isNode(value) ? value : undefined;
    const name = rangeOf(range);
    return name === undefined || range?.relpersistence === 't' ? undefined : `relation ${name}`;
  };
  switch (kind) {
    case 'CreateStmt':
      return relation(node.relation);
    case 'ViewStmt':
      return relation(node.view);
    case 'CreateSeqStmt':
      return relation(node.sequence);
    case 'CompositeTypeStmt':
      return relation(node.typevar);
    case 'CreateForeignTableStmt':
      return relation((node.base as Node | undefined)?.relation);
    case 'CreateTableAsStmt':
      return relation((node.into as Node | undefined)?.rel);
    case 'IndexStmt': {
      const schema = (node.relation as Node | undefined)?.schemaname as string | undefined;
      return typeof node.idxname === 'string'
        ? `relation ${nameOf([schema, node.idxname])}`
        : undefined;
    }
    case 'CreateEnumStmt':
    case 'CreateRangeStmt':
      return `relation ${namesIn(node.typeName)}`;
    case 'CreateDomainStmt':
      return `relation ${namesIn(node.domainname)}`;
    case 'CreateFunctionStmt':
      return `function ${namesIn(node.funcname)}`;
    case 'CreateSchemaStmt':
      return typeof node.schemaname === 'string' ? `schema ${node.schemaname}` : undefined;
    case 'CreateRoleStmt':
      return `role ${String(node.role)}`;
    case 'CreateTrigStmt':
      return `trigger ${rangeOf(node.relation)}.${String(node.trigname)}`;
    case 'CreatePolicyStmt':
      return `policy ${rangeOf(node.table)}.${String(node.policy_name)}`;
    default:
      return undefined;
  }
}

/** Follows statements and keeps the names that are taken at their end. */
class Ledger {
  readonly objects: Objects;
  readonly #file: string;
  #line = 0;

  constructor(file: string, objects: Objects) {
    this.#file = file;
    this.objects = objects;
  }

  read(statement: unknown, line: number): void {
    this.#line = line;
    if (!isNode(statement)) {
      return;
    }
    for (const [kind, value] of Object.entries(statement)) {
      if (isNode(value)) {
        this.#statement(kind, value);
      }
    }
  }

  #take(key: ObjectKey): void {
    this.objects.set(key, { file: this.#file, line: this.#line });
  }

  #rename(from: ObjectKey | undefined, to: ObjectKey | undefined): void {
    if (from !== undefined && to !== undefined && this.objects.delete(from)) {
      this.#take(to);
    }
  }

  #statement(kind: string, node: Node): void {
    const created = createdBy(kind, node);
    if (created !== undefined) {
      this.#take(created);
    } else if (kind === 'InsertStmt') {
      this.#buckets(node);
    } else if (kind === 'AlterRoleSetStmt') {
      this.#setting(node);
    } else if (kind === 'GrantStmt') {
      this.#grant(node);
    } else if (kind === 'DoStmt') {
      this.#block(node);
    } else if (kind === 'DropStmt') {
      this.#drop(node);
    } else if (kind === 'DropRoleStmt') {
      for (const role of list(node.roles)) {
        this.objects.delete(`role ${String(inside(role, 'RoleSpec')?.rolename)}`);
      }
    } else if (kind === 'RenameStmt' && node.renameType === 'OBJECT_SCHEMA') {
      this.#renameSchema(String(node.subname), String(node.newname));
    } else if (kind === 'RenameStmt' || kind === 'AlterObjectSchemaStmt') {
      const type = node.renameType ?? node.objectType;
      const name = rangeOf(node.relation) ?? namesIn(node.object);
      const dot = name?.lastIndexOf('.') ?? -1;
      if (name !== undefined && dot > 0) {
        const schema = String(node.newschema ?? name.slice(0, dot));
        const base = String(node.newname ?? name.slice(dot + 1));
        this.#rename(keyOf(type, name), keyOf(type, `${schema}.${base}`));
      }
    }
  }

  #buckets(node: Node): void {
    if (rangeOf(node.relation) !== 'storage.buckets') {
      return;
    }
    const position = list(node.cols).findIndex(
      (column) => inside(column, 'ResTarget')?.name === 'id',
    );
    for (const row of list(inside(node.selectStmt, 'SelectStmt')?.valuesLists)) {
      const value = inside(
        list(inside(row, 'List')?.items)[Math.max(position, 0)],
        'A_Const',
      )?.sval;
      if (isNode(value) && typeof value.sval === 'string') {
        this.#take(`bucket ${value.sval}`);
      }
    }
  }

  #setting(node: Node): void {
    const set = node.setstmt as Node | undefined;
    if (
      (node.role as Node | undefined)?.rolename === 'authenticator' &&
      set?.name === 'pgrst.db_pre_request'
    ) {
      const value = inside(list(set.args)[0], 'A_Const')?.sval;
      this.#take(`setting pgrst.db_pre_request=${isNode(value) ? String(value.sval) : ''}`);
    }
  }

  #grant(node: Node): void {
    const isToAuth = list(node.grantees).some(
      (role) => inside(role, 'RoleSpec')?.rolename === 'supabase_auth_admin',
    );
    if (isToAuth && node.is_grant === true && node.objtype === 'OBJECT_FUNCTION') {
      for (const object of list(node.objects)) {
        const name = namesIn(object);
        if (name !== undefined && isTokenHook(name)) {
          this.#take(`hook ${name}`);
        }
      }
    }
  }

  #block(node: Node): void {
    const body = list(node.args)
      .map((arg) => inside(arg, 'DefElem'))
      .find((arg) => arg?.defname === 'as');
    const source = textOf(body?.arg);
    if (source !== undefined) {
      for (const statement of statementsIn(source)) {
        this.read(statement, this.#line);
      }
    }
  }

  #drop(node: Node): void {
    for (const object of list(node.objects)) {
      if (node.removeType === 'OBJECT_SCHEMA') {
        const schema = textOf(object);
        for (const key of [...this.objects.keys()]) {
          if (key === `schema ${schema}` || key.split(' ')[1]?.startsWith(`${schema}.`)) {
            this.objects.delete(key);
          }
        }
        continue;
      }
      const name = namesIn(object);
      const kind = { OBJECT_TRIGGER: 'trigger', OBJECT_POLICY: 'policy' }[String(node.removeType)];
      this.objects.delete(kind ? `${kind} ${name}` : (keyOf(node.removeType, name ?? '') ?? ''));
    }
  }

  #renameSchema(from: string, to: string): void {
    for (const key of [...this.objects.keys()]) {
      const [kind = '', name = ''] = key.split(' ');
      if (key === `schema ${from}`) {
        this.#rename(key, `schema ${to}`);
      } else if (name.startsWith(`${from}.`)) {
        this.#rename(key, `${kind} ${to}${name.slice(from.length)}`);
      }
    }
  }
}

/** True for the name of a function that looks like a custom access token hook. */
export function isTokenHook(name: string): boolean {
  return name.includes('access_token');
}

/** The statements of a PL/pgSQL block that the parser can read; what it executes as text is not among them. */
function statementsIn(source: string): unknown[] {
  const found: unknown[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if (isNode(value)) {
      const sql = inside(inside(value, 'PLpgSQL_stmt_execsql')?.sqlstmt, 'PLpgSQL_expr')?.query;
      if (typeof sql === 'string') {
        found.push(...parsed(sql));
      }
      Object.values(value).forEach(visit);
    }
  };
  try {
    visit(
      parsePlPgSQLSync(
        `create function b() returns void language plpgsql as $lytbub_block$${source}$lytbub_block$`,
      ),
    );
  } catch {
    // Another language, or a type that the parser cannot know without a catalog.
  }
  return found;
}

function parsed(sql: string): unknown[] {
  try {
    return list((parseSync(sql) as { stmts?: unknown[] }).stmts).map((entry) =>
      isNode(entry) ? entry.stmt : undefined,
    );
  } catch {
    return [];
  }
}

/** What of a migration is applied: all of it, or with dbmate's marks what stands between up and down. */
export function applicablePart(text: string): string {
  const up = /^--\s*migrate:up\b.*$/m.exec(text);
  if (!up) {
    return text;
  }
  const down = /^--\s*migrate:down\b/m.exec(text);
  // Line numbers stay as they are.
  const before = text.slice(0, up.index).replaceAll(/[^\n]/g, '');
  return before + text.slice(up.index, down && down.index > up.index ? down.index : undefined);
}

interface Parsed {
  stmts?: { stmt?: unknown; stmt_location?: number }[];
}

const COMMENTS_AND_SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/;

/**
 * What migrations leave behind, read in their order; and those that PostgreSQL's parser refuses.
 *
 * @param objects what is there before them; added to
 */
export async function objectsOf(
  files: readonly { name: string; text: string }[],
  objects: Objects = new Map(),
): Promise<{ objects: Objects; unread: string[] }> {
  await loadModule();
  const unread: string[] = [];
  for (const { name, text } of files) {
    const sql = applicablePart(text);
    let statements: Parsed;
    try {
      statements = parseSync(sql) as Parsed;
    } catch {
      unread.push(name);
      continue;
    }
    const ledger = new Ledger(name, objects);
    // The parser counts bytes, and from the end of the statement before.
    const bytes = Buffer.from(sql, 'utf8');
    let at = 0;
    let line = 1;
    for (const { stmt, stmt_location = 0 } of statements.stmts ?? []) {
      const before = bytes.subarray(at, stmt_location).toString('utf8');
      line += before.split('\n').length - 1;
      at = stmt_location;
      const lead =
        COMMENTS_AND_SPACE.exec(bytes.subarray(at, at + 4000).toString('utf8'))?.[0] ?? '';
      ledger.read(stmt, line + lead.split('\n').length - 1);
    }
  }
  return { objects, unread };
}
