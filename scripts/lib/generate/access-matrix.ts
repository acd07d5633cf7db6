import type pg from 'pg';
import { withClient } from '../client.ts';
import {
  API_ROLES,
  type Grant,
  type Policy,
  readGrants,
  readPolicies,
  readTables,
  type Table,
} from './catalog.ts';
import { code, generatedHeader, markdownTable } from './markdown.ts';

const VERBS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;
type Verb = (typeof VERBS)[number];
const MEMBER_ROLES = ['client', 'agent', 'compliance_admin'] as const;

/** Who holds which permission by role, as `private.role_permissions` says. */
type RolePermissions = ReadonlyMap<string, ReadonlySet<string>>;

interface Permission {
  permission: string;
  description: string;
}

async function readPermissions(client: pg.ClientBase): Promise<Permission[]> {
  const { rows } = await client.query<Permission>(
    `select permission, description from private.permissions order by permission collate "C"`,
  );
  return rows;
}

async function readRolePermissions(client: pg.ClientBase): Promise<RolePermissions> {
  const { rows } = await client.query<{ role: string; permission: string }>(
    'select role, permission from private.role_permissions',
  );
  const byRole = new Map<string, Set<string>>();
  for (const { role, permission } of rows) {
    byRole.set(role, (byRole.get(role) ?? new Set()).add(permission));
  }
  return byRole;
}

/** The one policy that lets a Postgres role run a verb on a table, or undefined. */
function policyFor(
  policies: readonly Policy[],
  table: Table,
  role: string,
  verb: Verb,
): Policy | undefined {
  return policies.find(
    (policy) =>
      policy.schema === table.schema &&
      policy.table === table.name &&
      policy.permissive &&
      (policy.command === verb || policy.command === 'ALL') &&
      policy.roles.includes(role),
  );
}

function grantFor(
  grants: readonly Grant[],
  table: Table,
  role: string,
  verb: Verb,
): Grant | undefined {
  return grants.find(
    (grant) =>
      grant.schema === table.schema &&
      grant.table === table.name &&
      grant.role === role &&
      grant.verb === verb,
  );
}

/** The permission that the gate is asked for in a policy, or the condition itself where it is another one. */
function permissionOf(policy: Policy): { permission: string } | { condition: string } {
  const condition = policy.using ?? policy.check ?? 'true';
  const asked = /company_for\('([a-z_]+\.[a-z]+)'/.exec(condition)?.[1];
  return asked === undefined ? { condition } : { permission: asked };
}

/** What a company member needs for a verb: the permission, another condition, or undefined where nothing helps. */
function need(
  policies: readonly Policy[],
  grants: readonly Grant[],
  table: Table,
  verb: Verb,
): ReturnType<typeof permissionOf> | undefined {
  const policy = policyFor(policies, table, 'authenticated', verb);
  return policy && grantFor(grants, table, 'authenticated', verb)
    ? permissionOf(policy)
    : undefined;
}

function letters(verbs: readonly Verb[]): string {
  return verbs.length === 0 ? '–' : verbs.map((verb) => verb.charAt(0)).join(' ');
}

/**
 * Who may do what with which table: computed from grants, policies and `private.role_permissions`, the three things
 * that Postgres and the gate themselves decide by.
 */
export async function generateAccessMatrix(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const tables = (await readTables(client)).filter((table) => table.schema === 'public');
    const policies = await readPolicies(client);
    const grants = await readGrants(client);
    const permissions = await readPermissions(client);
    const byRole = await readRolePermissions(client);

    const needs = tables.map((table) => [
      code(table.name),
      ...VERBS.map((verb) => {
        const needed = need(policies, grants, table, verb);
        if (!needed) {
          return '–';
        }
        return code('permission' in needed ? needed.permission : needed.condition);
      }),
    ]);

    const memberVerbs = (table: Table, role: string): Verb[] =>
      VERBS.filter((verb) => {
        const needed = need(policies, grants, table, verb);
        return needed && 'permission' in needed && byRole.get(role)?.has(needed.permission);
      });
    const roleVerbs = (table: Table, role: string): Verb[] =>
      VERBS.filter(
        (verb) =>
          grantFor(grants, table, role, verb) &&
          (role === 'service_role' || !table.rls || policyFor(policies, table, role, verb)),
      );
    const matrix = tables.map((table) => [
      code(table.name),
      letters(roleVerbs(table, 'anon')),
      ...MEMBER_ROLES.map((role) => letters(memberVerbs(table, role))),
      letters(roleVerbs(table, 'platform_admin')),
      letters(roleVerbs(table, 'service_role')),
    ]);

    const columnGrants = grants.filter((grant) => grant.schema === 'public' && grant.columns);
    const columnRows = tables.flatMap((table) =>
      API_ROLES.flatMap((role) =>
        columnGrants
          .filter((grant) => grant.table === table.name && grant.role === role)
          .map((grant) => [
            code(table.name),
            code(role),
            grant.verb.toLowerCase(),
            (grant.columns ?? []).map(code).join(', '),
          ]),
      ),
    );

    const storage = policies
      .filter((policy) => policy.schema === 'storage')
      .map((policy) => [
        code(policy.name),
        policy.roles.map(code).join(', '),
        policy.command.toLowerCase(),
        code(policy.using ?? policy.check ?? ''),
      ]);

    return [
      `<!-- ${generatedHeader('access-matrix')} -->`,
      '',
      '# Access matrix',
      '',
      'Computed from grants, policies and `private.role_permissions`. S, I, U, D: select, insert, update, delete.',
      '',
      '## What each role starts with',
      '',
      'Members reach rows of their active company only, and single permissions can be assigned to or taken from a',
      'member. A platform administrator (`platform_admin`) reaches every company; `service_role` bypasses row level',
      'security.',
      '',
      markdownTable(
        [
          'Table',
          'anonymous',
          ...MEMBER_ROLES,
          'admin (`platform_admin`)',
          'backend (`service_role`)',
        ],
        matrix,
      ),
      '',
      '## Permission that a member needs',
      '',
      '– means that no permission helps: the grant or the policy is missing on purpose.',
      '',
      markdownTable(['Table', 'select', 'insert', 'update', 'delete'], needs),
      '',
      '## Permissions by role',
      '',
      markdownTable(
        ['Permission', 'Meaning', ...MEMBER_ROLES],
        permissions.map(({ permission, description }) => [
          code(permission),
          description,
          ...MEMBER_ROLES.map((role) => (byRole.get(role)?.has(permission) ? 'yes' : '–')),
        ]),
      ),
      '',
      '## Columns that may be written',
      '',
      'Where a privilege holds for some columns only.',
      '',
      markdownTable(['Table', 'Postgres role', 'Verb', 'Columns'], columnRows),
      '',
      ...(storage.length === 0
        ? []
        : [
            '## Files (`storage.objects`)',
            '',
            markdownTable(['Policy', 'Postgres role', 'Verb', 'Condition'], storage),
            '',
          ]),
    ].join('\n');
  });
}
