import type { LiveCatalog, Manifest, ShippedFunction, ShippedPolicy } from './manifest.ts';
import type { ShippedSql } from './shipped-sql.ts';
import type { Raw } from './types.ts';

const PARTS = ['body', 'result', 'language', 'volatility', 'security', 'settings'] as const;

/** Everything in which a live catalog is not the shipped one, each with the statement that mends it. */
export function compareSchema(shipped: Manifest, live: LiveCatalog, sql: ShippedSql): Raw[] {
  return [
    ...compareTables(shipped, live),
    ...compareViews(shipped, live),
    ...comparePolicies(shipped, live),
    ...compareFunctions(shipped, live, sql),
    ...compareTriggers(shipped, live),
    ...compareGrants(shipped, live),
  ];
}

/** A name as it is written in a statement; `public.users` has two of them. */
export function quoteName(name: string): string {
  return name
    .split('.')
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

function compareTables(shipped: Manifest, live: LiveCatalog): Raw[] {
  const found: Raw[] = [];
  for (const [table, { rls, columns }] of Object.entries(shipped.tables)) {
    const here = live.tables[table];
    if (!here) {
      found.push({ check_id: 'schema.table_missing', evidence: { table } });
      continue;
    }
    for (const column of columns.filter((name) => !here.columns.includes(name))) {
      found.push({ check_id: 'schema.column_missing', evidence: { table, column } });
    }
    if (rls && !here.rls) {
      found.push({
        check_id: 'schema.rls_off',
        evidence: { table },
        mend_sql: `alter table ${quoteName(table)} enable row level security`,
      });
    }
  }
  for (const [table, { rls }] of Object.entries(live.tables)) {
    const roles = Object.keys(live.grants[table] ?? {}).filter((role) => role !== 'service_role');
    if (table.startsWith('public.') && !shipped.tables[table] && !rls && roles.length > 0) {
      found.push({
        check_id: 'schema.table_unprotected',
        evidence: { table, roles: roles.join(', ') },
        mend_sql: `alter table ${quoteName(table)} enable row level security`,
      });
    }
  }
  return found;
}

/** Views of others, too: what runs with its owner's rights and is exposed passes our policies. */
function compareViews(shipped: Manifest, live: LiveCatalog): Raw[] {
  return Object.entries(live.views)
    .filter(([view, { invoker }]) => !invoker && (shipped.views[view] || live.grants[view]))
    .map(([view]) => ({
      check_id: 'schema.view_definer',
      evidence: { view },
      mend_sql: `alter view ${quoteName(view)} set (security_invoker = on)`,
    }));
}

function describePolicy({ command, permissive, roles, using, check }: ShippedPolicy): string {
  return [
    permissive ? '' : 'restrictive ',
    `for ${command.toLowerCase()} to ${roles.join(', ')}`,
    using === null ? '' : ` using ${using}`,
    check === null ? '' : ` with check ${check}`,
  ].join('');
}

function createPolicy(table: string, name: string, policy: ShippedPolicy): string {
  const { command, permissive, roles, using, check } = policy;
  return [
    `create policy ${quoteName(name)} on ${quoteName(table)} as ${permissive ? 'permissive' : 'restrictive'}`,
    ` for ${command.toLowerCase()} to ${roles.map(quoteName).join(', ')}`,
    using === null ? '' : ` using (${using})`,
    check === null ? '' : ` with check (${check})`,
  ].join('');
}

function comparePolicies(shipped: Manifest, live: LiveCatalog): Raw[] {
  const found: Raw[] = [];
  for (const [table, policies] of Object.entries(shipped.policies)) {
    for (const [policy, wanted] of Object.entries(policies)) {
      const here = live.policies[table]?.[policy];
      const create = createPolicy(table, policy, wanted);
      if (!here) {
        if (live.tables[table] || table.startsWith('storage.')) {
          found.push({
            check_id: 'schema.policy_missing',
            evidence: { table, policy },
            mend_sql: create,
          });
        }
      } else if (describePolicy(here) !== describePolicy(wanted)) {
        found.push({
          check_id: 'schema.policy_changed',
          evidence: {
            table,
            policy,
            shipped: describePolicy(wanted),
            found: describePolicy(here),
          },
          mend_sql: `drop policy ${quoteName(policy)} on ${quoteName(table)}; ${create}`,
        });
      }
    }
  }
  // On Supabase's own tables an application has policies of its own.
  for (const table of Object.keys(shipped.tables)) {
    for (const [policy, here] of Object.entries(live.policies[table] ?? {})) {
      if (!shipped.policies[table]?.[policy] && here.permissive) {
        found.push({
          check_id: 'schema.policy_extra',
          evidence: { table, policy, found: describePolicy(here) },
          mend_sql: `drop policy ${quoteName(policy)} on ${quoteName(table)}`,
        });
      }
    }
  }
  return found;
}

function grantExecute(name: string, { executors }: ShippedFunction): string {
  const revoke = `revoke execute on function ${name} from public, anon, authenticated, platform_admin, service_role`;
  return executors.length === 0
    ? revoke
    : `${revoke}; grant execute on function ${name} to ${executors.join(', ')}`;
}

function compareFunctions(shipped: Manifest, live: LiveCatalog, sql: ShippedSql): Raw[] {
  const found: Raw[] = [];
  for (const [name, wanted] of Object.entries(shipped.functions)) {
    const here = live.functions[name];
    const statement = sql.functionStatement(name.slice(0, name.indexOf('(')));
    if (!here) {
      found.push({
        check_id: 'schema.function_missing',
        evidence: { function: name },
        // Without the statement a function of nobody's would get its grants.
        mend_sql: statement && `${statement}; ${grantExecute(name, wanted)}`,
      });
      continue;
    }
    const parts = PARTS.filter((part) => String(here[part]) !== String(wanted[part]));
    if (parts.length > 0) {
      found.push({
        check_id: 'schema.function_changed',
        evidence: { function: name, parts: parts.join(', ') },
        mend_sql: statement,
      });
    }
    for (const role of here.executors.filter((name_) => !wanted.executors.includes(name_))) {
      found.push({
        check_id: 'schema.execute_extra',
        evidence: { function: name, role },
        mend_sql: grantExecute(name, wanted),
      });
    }
    for (const role of wanted.executors.filter((name_) => !here.executors.includes(name_))) {
      found.push({
        check_id: 'schema.execute_missing',
        evidence: { function: name, role },
        mend_sql: `grant execute on function ${name} to ${role}`,
      });
    }
  }
  return found;
}

function compareTriggers(shipped: Manifest, live: LiveCatalog): Raw[] {
  const found: Raw[] = [];
  for (const [table, triggers] of Object.entries(shipped.triggers)) {
    for (const [trigger, wanted] of Object.entries(triggers)) {
      const here = live.triggers[table]?.[trigger];
      const evidence = { table, trigger };
      if (here === undefined) {
        if (live.tables[table] || !/^(public|private)\./.test(table)) {
          found.push({ check_id: 'schema.trigger_missing', evidence, mend_sql: wanted });
        }
        continue;
      }
      if (here !== wanted) {
        found.push({
          check_id: 'schema.trigger_changed',
          evidence: { ...evidence, found: here },
          mend_sql: `drop trigger ${quoteName(trigger)} on ${quoteName(table)}; ${wanted}`,
        });
      }
      if (live.disabledTriggers.has(`${table} ${trigger}`)) {
        found.push({
          check_id: 'schema.trigger_disabled',
          evidence,
          mend_sql: `alter table ${quoteName(table)} enable trigger ${quoteName(trigger)}`,
        });
      }
    }
  }
  return found;
}

/** All grants of a role on an object as they are shipped. Revoking the whole also takes the columns' grants. */
function setGrants(object: string, role: string, privileges: readonly string[]): string {
  const target = object.startsWith('schema ') ? object : `table ${quoteName(object)}`;
  return [
    `revoke all on ${target} from ${role}`,
    ...privileges.map((privilege) => `grant ${privilege} on ${target} to ${role}`),
  ].join('; ');
}

function compareGrants(shipped: Manifest, live: LiveCatalog): Raw[] {
  const found: Raw[] = [];
  const objects = [...Object.keys(shipped.tables), ...Object.keys(shipped.views), 'schema private'];
  for (const object of objects.filter((name) => !name.includes('.') || exists(live, name))) {
    const wanted = shipped.grants[object] ?? {};
    const here = live.grants[object] ?? {};
    for (const role of new Set([...Object.keys(wanted), ...Object.keys(here)])) {
      const has = here[role] ?? [];
      const should = wanted[role] ?? [];
      const mend_sql = setGrants(object, role, should);
      const extra = has.filter((privilege) => !should.includes(privilege));
      const missing = should.filter((privilege) => !has.includes(privilege));
      const evidence = { table: object, role };
      if (extra.length > 0) {
        found.push({
          check_id: 'schema.grant_extra',
          evidence: { ...evidence, privileges: extra.join(', ') },
          mend_sql,
        });
      }
      if (missing.length > 0 && extra.length === 0) {
        found.push({
          check_id: 'schema.grant_missing',
          evidence: { ...evidence, privileges: missing.join(', ') },
          mend_sql,
        });
      }
    }
  }
  return found;
}

function exists(live: LiveCatalog, object: string): boolean {
  return live.tables[object] !== undefined || live.views[object] !== undefined;
}
