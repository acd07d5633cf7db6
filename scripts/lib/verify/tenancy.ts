/** How the companies are told apart in this database: found in the catalog, unless the configuration says it. */
import { UserError } from '../errors.ts';
import type { Catalog, Column, Relation } from './catalog.ts';
import type { VerifyConfig } from './config.ts';

/** Where it stands who belongs to which company. */
export interface Membership {
  readonly relation: Relation;
  readonly user: string;
  readonly role: string | null;
  readonly roles: readonly string[];
}

/** How a relation's rows belong to a company. */
export type Scope =
  /** The column names the company. */
  | { readonly kind: 'tenant'; readonly column: string }
  /** A row belongs to whom the row belongs that it refers to. */
  | { readonly kind: 'linked' }
  /** Its rows belong to nobody. */
  | { readonly kind: 'shared' };

/** The tenancy of a database. */
export interface Tenancy {
  readonly column: string;
  readonly root: Relation | null;
  /** Key column of the root. */
  readonly rootKey: string | null;
  readonly membership: Membership | null;
  /** Table of the people, usually auth.users. */
  readonly people: Relation | null;
  scopeOf(relation: Relation): Scope;
}

const USUAL_COLUMNS = [
  'company_id',
  'tenant_id',
  'organization_id',
  'organisation_id',
  'org_id',
  'account_id',
  'team_id',
  'workspace_id',
  'client_id',
  'customer_id',
  'group_id',
  'project_id',
];

const ROLE_COLUMN = /(^|_)role(_name)?$/;

const isTable = (relation: Relation): boolean =>
  relation.kind === 'table' || relation.kind === 'partitioned table';

/** Finds out, or asks for configuration. */
export function findTenancy(catalog: Catalog, config: VerifyConfig): Tenancy {
  const inScope = catalog.relations.filter(({ schema }) => catalog.schemas.includes(schema));
  const tables = inScope.filter(isTable);
  const column = config.tenantColumn ?? guessColumn(tables);
  const having = tables.filter(({ columns }) => columns.some(({ name }) => name === column));
  if (having.length === 0) {
    throw new UserError(`no table has the tenant column ${column}`, {
      fix: 'name it with --tenant-column, and the schemas with --schema',
    });
  }
  const root = findRoot(catalog, config, having, column);
  const rootKey =
    root?.keys.find(({ primary }) => primary)?.columns.find((name) => name !== column) ??
    (root?.columns.some(({ name }) => name === column) ? column : null);
  const membership = findMembership(catalog, config, having, column);
  const people = membership
    ? (catalog.relation(
        membership.relation.foreignKeys.find(({ columns }) => columns.includes(membership.user))
          ?.target ?? '',
      ) ?? null)
    : (catalog.relation('auth.users') ?? null);
  const scopes = new Map<string, Scope>();
  const scopeOf = (relation: Relation): Scope => {
    const known = scopes.get(relation.id);
    if (known) {
      return known;
    }
    scopes.set(relation.id, { kind: 'shared' });
    const scope = computeScope(relation);
    scopes.set(relation.id, scope);
    return scope;
  };
  const computeScope = (relation: Relation): Scope => {
    if (config.shared.includes(relation.id)) {
      return { kind: 'shared' };
    }
    if (relation.id === root?.id && rootKey) {
      return { kind: 'tenant', column: rootKey };
    }
    if (relation.columns.some(({ name }) => name === column)) {
      return { kind: 'tenant', column };
    }
    const linked = relation.foreignKeys.some((key) => {
      const target = catalog.relation(key.target);
      if (!target || target.id === relation.id) {
        return false;
      }
      if (target.id === people?.id) {
        return key.columns.every(
          (name) => relation.columns.find((one) => one.name === name)?.notNull,
        );
      }
      return scopeOf(target).kind !== 'shared';
    });
    return linked || relation.id === people?.id ? { kind: 'linked' } : { kind: 'shared' };
  };
  return { column, root, rootKey, membership, people, scopeOf };
}

function guessColumn(tables: readonly Relation[]): string {
  const counted = USUAL_COLUMNS.map((name) => ({
    name,
    tables: tables.filter(({ columns }) => columns.some((one) => one.name === name)).length,
  })).filter((one) => one.tables > 0);
  const best = counted.toSorted((a, b) => b.tables - a.tables)[0];
  if (!best) {
    throw new UserError('no column says which company a row belongs to', {
      fix: `name it with --tenant-column (looked for: ${USUAL_COLUMNS.join(', ')})`,
    });
  }
  return best.name;
}

function findRoot(
  catalog: Catalog,
  config: VerifyConfig,
  having: readonly Relation[],
  column: string,
): Relation | null {
  if (config.tenantTable) {
    const named = catalog.relation(config.tenantTable);
    if (!named) {
      throw new UserError(`there is no table ${config.tenantTable}`, {
        fix: 'correct tenantTable in the configuration (schema.name)',
      });
    }
    return named;
  }
  const votes = new Map<string, number>();
  for (const relation of having) {
    for (const key of relation.foreignKeys) {
      if (key.columns.length === 1 && key.columns[0] === column) {
        votes.set(key.target, (votes.get(key.target) ?? 0) + 1);
      }
    }
  }
  const best = [...votes].toSorted((a, b) => b[1] - a[1])[0];
  return best ? (catalog.relation(best[0]) ?? null) : null;
}

function findMembership(
  catalog: Catalog,
  config: VerifyConfig,
  having: readonly Relation[],
  column: string,
): Membership | null {
  if (config.membership) {
    const { table, user, role, roles } = config.membership;
    const relation = catalog.relation(table);
    const missing = [user, ...(role ? [role] : [])].find(
      (name) => !relation?.columns.some((one) => one.name === name),
    );
    if (!relation || missing) {
      throw new UserError(`there is no ${relation ? `column ${missing} in ` : 'table '}${table}`, {
        fix: 'correct membership in the configuration',
      });
    }
    return { relation, user, role: role ?? null, roles: roles ?? rolesOf(relation, role ?? null) };
  }
  const people = 'auth.users';
  const candidates = having.flatMap((relation) =>
    relation.foreignKeys
      .filter((key) => key.target === people && key.columns.length === 1)
      .map((key) => {
        const user = key.columns[0] ?? '';
        const paired = relation.keys.some(
          ({ columns }) =>
            columns.length > 0 &&
            columns.every((name) => name === user || name === column) &&
            columns.includes(user),
        );
        const role = relation.columns.find(({ name }) => ROLE_COLUMN.test(name))?.name ?? null;
        const named = /member|user|seat/.test(relation.name) ? 1 : 0;
        return { relation, user, role, score: (paired ? 4 : 0) + (role ? 2 : 0) + named };
      }),
  );
  const best = candidates
    .filter(({ score }) => score >= 3)
    .toSorted((a, b) => b.score - a.score)[0];
  return best
    ? {
        relation: best.relation,
        user: best.user,
        role: best.role,
        roles: rolesOf(best.relation, best.role),
      }
    : null;
}

/** Roles that the column's type or constraints name. */
function rolesOf(relation: Relation, role: string | null): readonly string[] {
  const column: Column | undefined = relation.columns.find(({ name }) => name === role);
  if (!column) {
    return [];
  }
  if (column.labels.length > 0) {
    return column.labels;
  }
  const check = relation.checks.find(
    ({ columns }) => columns.length === 1 && columns[0] === column.name,
  );
  return check ? literalsOf(check.expression) : [];
}

/** The string constants of an expression, as PostgreSQL prints it. */
export function literalsOf(expression: string): string[] {
  return [...expression.matchAll(/'((?:[^']|'')*)'/g)].map((match) =>
    (match[1] ?? '').replaceAll("''", "'"),
  );
}
