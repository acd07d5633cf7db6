import type { ColumnList, RoleModel } from './roles.ts';

/** Where a generated file finds the rest, and what its header says. */
export interface RenderOptions {
  /** Lines of the header, without comment marks. */
  header: readonly string[];
  /** Module with the CLI's types. */
  generated: string;
  /** Module with `Scoped`. */
  scope: string;
}

function union(names: readonly string[], indent: string): string {
  if (names.length === 0) {
    return 'never';
  }
  const one = names.map((name) => `'${name}'`).join(' | ');
  return one.length + indent.length <= 90
    ? one
    : `\n${names.map((name) => `${indent}  | '${name}'`).join('\n')}`;
}

function columns(list: ColumnList, indent: string): string {
  return list === null ? 'string' : union(list, indent);
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
}

/** An object type; without members one that has none. */
function object(lines: readonly string[], indent: string): string {
  return lines.length === 0 ? 'Record<never, never>' : `{\n${lines.join('\n')}\n${indent}}`;
}

/** The helper types behind `Database`; the same for every schema. */
const HELPERS = `/** A role that types can be cut down to. */
export type Role = keyof Access;

/**
 * The types of the database: everything, or what one role may read, write and call.
 *
 * \`Database<'client'>\` for createClient() makes a query for anything else a mistake at compile time. What a
 * row holds is still decided by the database.
 */
export type Database<R extends Role = 'everything'> = Scoped<Generated, Access[R], Nulls>;

type Relations<R extends Role> = Database<R>['public']['Tables'] & Database<R>['public']['Views'];

/** A row as it is read. */
export type Tables<Name extends keyof Relations<R>, R extends Role = 'everything'> =
  Relations<R>[Name]['Row'];

/** A row to insert. */
export type TablesInsert<
  Name extends keyof Database<R>['public']['Tables'],
  R extends Role = 'everything',
> = Database<R>['public']['Tables'][Name]['Insert'];

/** Columns to update. */
export type TablesUpdate<
  Name extends keyof Database<R>['public']['Tables'],
  R extends Role = 'everything',
> = Database<R>['public']['Tables'][Name]['Update'];

/** An enumeration. */
export type Enums<Name extends keyof Generated['public']['Enums']> =
  Generated['public']['Enums'][Name];

/** A composite type. */
export type CompositeTypes<Name extends keyof Generated['public']['CompositeTypes']> =
  Generated['public']['CompositeTypes'][Name];

/** Parameters of a function. */
export type FunctionArgs<
  Name extends keyof Database<R>['public']['Functions'],
  R extends Role = 'everything',
> = Database<R>['public']['Functions'][Name]['Args'];

/** Result of a function. */
export type FunctionReturns<
  Name extends keyof Database<R>['public']['Functions'],
  R extends Role = 'everything',
> = Database<R>['public']['Functions'][Name]['Returns'];
`;

/** The file with types by role, beside the one with the CLI's types. */
export function renderRoleTypes(model: RoleModel, options: RenderOptions): string {
  const roles = model.roles.map(({ role, tables, views, functions }) => {
    const tableLines = tables.map(({ name, select, insert, update }) => {
      const indent = '        ';
      return [
        `      ${property(name)}: {`,
        `        select: ${columns(select, indent)};`,
        `        insert: ${columns(insert, indent)};`,
        `        update: ${columns(update, indent)};`,
        '      };',
      ].join('\n');
    });
    const viewLines = views.map(
      ({ name, select }) => `      ${property(name)}: { select: ${columns(select, '      ')} };`,
    );
    return [
      `  ${property(role)}: {`,
      `    Tables: ${object(tableLines, '    ')};`,
      `    Views: ${object(viewLines, '    ')};`,
      `    Functions: ${union(functions, '    ')};`,
      '  };',
    ].join('\n');
  });
  const viewNulls = model.nulls.views.map(
    ({ name, columns: sure }) => `    ${property(name)}: ${union(sure, '    ')};`,
  );
  const functionNulls = model.nulls.functions.map(({ name, args, nullable, required }) =>
    [
      `    ${property(name)}: {`,
      `      args: ${union(args, '      ')};`,
      `      nullable: ${nullable === true ? 'true' : union(nullable, '      ')};`,
      `      required: ${union(required, '      ')};`,
      '    };',
    ].join('\n'),
  );
  return [
    ...options.header.map((line) => `// ${line}`),
    '',
    `import type { Database as Generated } from '${options.generated}';`,
    `import type { Scoped } from '${options.scope}';`,
    '',
    '/** What each role may do; `string` stands for all columns. Members begin with this; more can be assigned to them. */',
    'export interface Access {',
    '  /** No limit but the schema itself: for the backend, or where the role is not known. */',
    '  everything: {',
    "    Tables: Record<keyof Generated['public']['Tables'], { select: string; insert: string; update: string }>;",
    "    Views: Record<keyof Generated['public']['Views'], { select: string }>;",
    "    Functions: Extract<keyof Generated['public']['Functions'], string>;",
    '  };',
    ...roles,
    '}',
    '',
    '/** Null where the catalog and the queries say so: what is not proven never to be null may be. */',
    'export interface Nulls {',
    `  Views: ${object(viewNulls, '  ')};`,
    `  Functions: ${object(functionNulls, '  ')};`,
    '}',
    '',
    HELPERS,
  ].join('\n');
}
