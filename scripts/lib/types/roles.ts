import type pg from 'pg';
import {
  type Column,
  type Grant,
  type Policy,
  readColumns,
  readGrants,
  readPolicies,
  readTables,
} from '../generate/catalog.ts';
import { Callability, type Caller, type Verb } from './callable.ts';
import { Nullability } from './nullability.ts';
import { type Routine, readRoutines } from './routines.ts';

/** Columns that a role may use, in the table's order; null for all of them. */
export type ColumnList = string[] | null;

/** What one role may do. */
export interface RoleAccess {
  role: string;
  tables: { name: string; select: ColumnList; insert: ColumnList; update: ColumnList }[];
  views: { name: string; select: ColumnList }[];
  functions: string[];
}

/** What the generated types get wrong about null. */
export interface NullCorrections {
  views: { name: string; columns: string[] }[];
  functions: { name: string; args: string[]; nullable: string[] | true; required: string[] }[];
}

/** Everything that role-scoped types are made from. */
export interface RoleModel {
  roles: RoleAccess[];
  nulls: NullCorrections;
  /** Of each function of `public`, the columns of its result that are never null; of a single value, ''. */
  certain: ReadonlyMap<string, readonly string[]>;
}

/** The role of platform operators; it has no permissions but a Postgres role of its own. */
const OPERATOR = { role: 'admin', postgresRole: 'platform_admin' };
const MEMBER_ROLE = 'authenticated';

/** Permissions that the gate is asked for in a policy. */
function permissionsAsked(condition: string): string[] {
  return [...condition.matchAll(/company_for\('([^']+)'/g)].map((match) => match[1] ?? '');
}

/** Whether a policy's condition can hold for somebody with these permissions; another condition is taken as open. */
function mayHold(
  policy: Policy,
  verb: Verb,
  permissions: ReadonlySet<string> | undefined,
): boolean {
  const conditions = verb === 'INSERT' ? [policy.check] : [policy.using];
  return conditions.every((condition) => {
    if (condition === 'false') {
      return false;
    }
    const asked = permissionsAsked(condition ?? '');
    return (
      asked.length === 0 || permissions === undefined || asked.some((one) => permissions.has(one))
    );
  });
}

class Catalog {
  readonly #policies: readonly Policy[];
  readonly #grants: readonly Grant[];
  readonly #secured: ReadonlySet<string>;
  readonly #columns: readonly Column[];

  constructor(
    policies: readonly Policy[],
    grants: readonly Grant[],
    secured: ReadonlySet<string>,
    columns: readonly Column[],
  ) {
    this.#policies = policies;
    this.#grants = grants;
    this.#secured = secured;
    this.#columns = columns;
  }

  /** Columns that somebody may use for a verb: none without a grant or a policy that lets rows through. */
  columns(
    table: string,
    verb: Verb,
    postgresRole: string,
    permissions: ReadonlySet<string> | undefined,
  ): ColumnList {
    const grant = this.#grants.find(
      (one) =>
        one.schema === 'public' &&
        one.table === table &&
        one.role === postgresRole &&
        one.verb === verb,
    );
    if (
      !grant ||
      (this.#secured.has(table) && !this.#passes(table, verb, postgresRole, permissions))
    ) {
      return [];
    }
    const all = this.#columns.filter((one) => one.schema === 'public' && one.table === table);
    if (grant.columns === null || grant.columns.length === all.length) {
      return null;
    }
    return grant.columns;
  }

  #passes(
    table: string,
    verb: Verb,
    postgresRole: string,
    permissions: ReadonlySet<string> | undefined,
  ): boolean {
    const own = this.#policies.filter(
      (policy) =>
        policy.schema === 'public' &&
        policy.table === table &&
        (policy.command === verb || policy.command === 'ALL') &&
        (policy.roles.includes(postgresRole) || policy.roles.includes('public')),
    );
    return (
      own.some((policy) => policy.permissive && mayHold(policy, verb, permissions)) &&
      own.every((policy) => policy.permissive || mayHold(policy, verb, permissions))
    );
  }
}

function isOpen(columns: ColumnList): boolean {
  return columns === null || columns.length > 0;
}

/** Reads what each role may do, and where null is possible, from the catalog and `private.role_permissions`. */
export async function readRoleModel(client: pg.ClientBase): Promise<RoleModel> {
  const tables = (await readTables(client)).filter(({ schema }) => schema === 'public');
  const catalog = new Catalog(
    await readPolicies(client),
    await readGrants(client),
    new Set(tables.filter(({ rls }) => rls).map(({ name }) => name)),
    await readColumns(client),
  );
  const routines = await readRoutines(client, [MEMBER_ROLE, OPERATOR.postgresRole, 'service_role']);
  const callability = new Callability(routines);
  const { rows } = await client.query<{ role: string; permissions: string[] }>(`
    select role, array_agg(permission order by permission collate "C") as permissions
      from private.role_permissions where role <> 'admin' group by role order by role collate "C"`);
  const members = rows.map(({ role, permissions }) => ({
    role,
    postgresRole: MEMBER_ROLE,
    permissions: new Set(permissions) as ReadonlySet<string> | undefined,
  }));
  const roles = [...members, { ...OPERATOR, permissions: undefined }].map(
    ({ role, postgresRole, permissions }): RoleAccess => {
      const columns = (table: string, verb: Verb): ColumnList =>
        catalog.columns(table, verb, postgresRole, permissions);
      const caller: Caller = {
        postgresRole,
        isOperator: permissions === undefined,
        permissions: permissions ?? new Set(),
        mayAccess: (table, verb) => isOpen(columns(table, verb)),
      };
      return {
        role,
        tables: tables
          .filter(({ kind }) => kind !== 'view')
          .map(({ name }) => ({
            name,
            select: columns(name, 'SELECT'),
            insert: columns(name, 'INSERT'),
            update: columns(name, 'UPDATE'),
          }))
          .filter(
            ({ select, insert, update }) => isOpen(select) || isOpen(insert) || isOpen(update),
          ),
        views: tables
          .filter(({ kind }) => kind === 'view')
          .map(({ name }) => ({ name, select: columns(name, 'SELECT') }))
          .filter(({ select }) => isOpen(select)),
        functions: namesOf(
          routines.filter(
            (routine) => routine.schema === 'public' && callability.mayCall(routine, caller),
          ),
        ),
      };
    },
  );
  const nullability = await Nullability.read(client, routines);
  const own = routines.filter(({ schema }) => schema === 'public');
  return {
    roles,
    certain: new Map(own.map((routine) => [routine.name, certain(nullability.routine(routine))])),
    nulls: {
      views: tables
        .filter(({ kind }) => kind === 'view')
        .map(({ name }) => ({ name, columns: certain(nullability.relation(`public.${name}`)) })),
      functions: correctionsOf(own, nullability),
    },
  };
}

function namesOf(routines: readonly Routine[]): string[] {
  return [...new Set(routines.map(({ name }) => name))];
}

function certain(columns: ReadonlyMap<string, boolean>): string[] {
  return [...columns].filter(([, is]) => is).map(([name]) => name);
}

/** Corrections by name; functions that share a name get the most careful of each. */
function correctionsOf(
  routines: readonly Routine[],
  nullability: Nullability,
): NullCorrections['functions'] {
  const found = new Map<string, NullCorrections['functions'][number]>();
  for (const routine of routines) {
    const columns = nullability.routine(routine);
    const names = [...columns.keys()];
    const sure = certain(columns);
    const isVoid = /\breturns\s+void\b/i.test(routine.definition);
    const own = {
      name: routine.name,
      args: routine.null_defaults,
      nullable:
        routine.columns.length === 0
          ? sure.length === 0 && !isVoid && !routine.returns_set
            ? (true as const)
            : []
          : routine.is_table_row || routine.is_composite
            ? []
            : names.filter((name) => !sure.includes(name)),
      required: routine.is_composite ? sure : [],
    };
    const before = found.get(routine.name);
    found.set(
      routine.name,
      before === undefined
        ? own
        : {
            name: own.name,
            args: before.args.filter((arg) => own.args.includes(arg)),
            nullable:
              before.nullable === true || own.nullable === true
                ? true
                : [...new Set([...before.nullable, ...own.nullable])],
            required: before.required.filter((name) => own.required.includes(name)),
          },
    );
  }
  return [...found.values()].filter(
    ({ args, nullable, required }) =>
      args.length > 0 || nullable === true || nullable.length > 0 || required.length > 0,
  );
}
