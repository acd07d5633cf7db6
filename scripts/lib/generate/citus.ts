import pg from 'pg';
import { withClient } from '../client.ts';
import { tenantTables } from '../company/tables.ts';
import { EXIT, UserError } from '../errors.ts';
import { readPolicies } from './catalog.ts';
import { ESTABLISH_REQUEST, PREFLIGHT, REMOVE_WITH_ACCOUNT } from './citus-functions.ts';
import { generatedHeader } from './markdown.ts';

/** What a table becomes: split by company, copied to every machine, or left on the coordinator. */
type Placement = 'distributed' | 'reference' | 'coordinator';

interface Table {
  /** Quoted for SQL, with its schema. */
  name: string;
  placement: Placement;
  /** The column that it is split by. */
  owner: string;
}

interface Trigger {
  table: string;
  name: string;
  enabled: string;
  definition: string;
}

interface ForeignKey {
  table: string;
  name: string;
  target: string;
  columns: string[];
  target_columns: string[];
  on_delete: string;
}

interface UniqueIndex {
  table: string;
  name: string;
  constraint: string | null;
  definition: string;
  keys: string[];
  predicate: string | null;
  is_referenced: boolean;
  is_exclusion: boolean;
}

const OWNED = `
  n.nspname in ('public', 'private') and not c.relispartition
  and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`;
const SQL_NAME = `format('%I.%I', n.nspname, c.relname)`;

/** What cannot be split, with the reason. */
class Refusals {
  readonly found: string[] = [];

  add(what: string, why: string): void {
    this.found.push(`${what}: ${why}`);
  }

  throwIfAny(): void {
    if (this.found.length > 0) {
      throw new UserError('This schema cannot be distributed by company as it is.', {
        details: this.found.join('\n'),
        fix: 'bring these to the rules of docs/scale-out.md, then generate again',
        exitCode: EXIT.failed,
      });
    }
  }
}

/**
 * SQL that turns a migrated database into the coordinator of a Citus cluster. Everything in it follows from the catalog,
 * so a new table, policy, trigger or key is in it without hand work; what fits no rule is refused, with its name.
 */
export async function generateCitus(url: string): Promise<string> {
  return withClient(url, async (client) => {
    // Names come with their schema, whoever reads them.
    await client.query('set search_path = pg_catalog');
    const refusals = new Refusals();
    const triggers = await readTriggers(client, refusals);
    const tables = await readTables(client, triggers, refusals);
    const keys = await readForeignKeys(client);
    const accountKeys = checkForeignKeys(keys, tables, refusals);
    const indexes = checkUniqueIndexes(await readUniqueIndexes(client), tables, refusals);
    const policies = await rewritePolicies(client, tables, refusals);
    const lockers = await readRowLockers(client);
    refusals.throwIfAny();

    const moved = triggers.filter(({ table }) => placementOf(tables, table) === 'distributed');
    const split = tables.filter(({ placement }) => placement === 'distributed');
    const root = split.find(({ owner }) => owner === 'id');
    const rest = split.filter((table) => table !== root);
    if (!root) {
      throw new UserError('There is no table of companies in this database.', {
        fix: 'apply the migrations first',
        exitCode: EXIT.failed,
      });
    }
    const reference = inKeyOrder(tables, keys).filter(({ placement }) => placement === 'reference');
    const local = tables.filter(({ placement }) => placement === 'coordinator');
    return [
      `-- ${generatedHeader('citus')}`,
      HEADER,
      section('What must be so before anything happens.', [PREFLIGHT(tables.map((t) => t.name))]),
      section('The request, as machines that hold shards are told it.', [ESTABLISH_REQUEST]),
      section(
        'Policies: a shard takes no sub-select. What is folded when a statement is planned finds the shard and the index; what is asked when it runs, once, keeps out whoever runs a plan of somebody else.',
        policies,
      ),
      section(
        'Triggers do not fire for rows that go to their shards.',
        moved.map(({ table, name }) => `drop trigger ${name} on ${table};`),
      ),
      section('Accounts stay on the coordinator: what a key did, a trigger does.', [
        REMOVE_WITH_ACCOUNT,
        ...accountKeys.flatMap(({ table, name, columns: [column = ''] }) => [
          `alter table ${table} drop constraint ${name};`,
          `create trigger remove_${plain(table)} after delete on auth.users for each row execute function private.tg_auth_users__remove(${literal(table)}, ${literal(column)});`,
        ]),
      ]),
      section(
        'Keys that span companies: no shard can hold them. They stay as indexes, and duplicate_keys() finds what they would have refused.',
        [
          ...indexes.flatMap(({ name, table, constraint, definition }) => [
            constraint
              ? `alter table ${table} drop constraint ${pg.escapeIdentifier(constraint)};`
              : `drop index ${name};`,
            `${definition.replace('CREATE UNIQUE INDEX', 'create index')};`,
          ]),
          duplicateKeys(indexes),
        ],
      ),
      section(
        'Small tables of the platform are on every machine, those that others refer to first.',
        reference.map(({ name }) => `select create_reference_table(${literal(name)});`),
      ),
      section(
        'Tables of the platform with triggers, which would fire once a copy, stay on the coordinator.',
        local.map(({ name }) => `select citus_add_local_table_to_metadata(${literal(name)});`),
      ),
      section('Tables of companies, one after those that its keys name.', [
        `select create_distributed_table(${literal(root.name)}, ${literal(root.owner)}, colocate_with => 'none');`,
        ...rest.map(
          ({ name, owner }) =>
            `select create_distributed_table(${literal(name)}, ${literal(owner)}, colocate_with => ${literal(root.name)});`,
        ),
      ]),
      section('Functions that triggers and policies call must be where the shards are.', [
        FUNCTIONS,
      ]),
      section(
        'Rows are on the shards now; what is left here nobody reads.',
        [...rest]
          .reverse()
          .concat(root)
          .map(
            ({ name }) => `select truncate_local_data_after_distributing_table(${literal(name)});`,
          ),
      ),
      section(
        'The triggers, as they were.',
        moved.map(({ definition }) => `${definition};`),
      ),
      section('Settings of this database.', [SETTINGS]),
      'commit;\n',
      section(
        'Functions that lock rows of several companies at once. Citus refuses that: call them company by company, or run these jobs against cells.',
        lockers.map((name) => `--   ${name}`),
      ),
    ].join('\n');
  });
}

const HEADER = `-- Splits the tables of companies over the machines of a Citus cluster (docs/scale-out.md says when that pays, and what does
-- not work there). Run it once, by a superuser, on the coordinator, while nobody writes: psql -v ON_ERROR_STOP=1 -f <file>.
-- It is one transaction: all of it happens, or nothing.

begin;
set local search_path = pg_catalog, public;
set local lock_timeout = '30s';
-- Settings of this transaction go along to the other machines.
set local citus.propagate_set_commands = 'local';
set local citus.multi_shard_modify_mode = 'sequential';
-- Each trigger touches rows of its own company only, which are on the same shard.
set local citus.enable_unsafe_triggers = 'on';
`;

const FUNCTIONS = `select create_distributed_function(p.oid::regprocedure)
  from pg_proc as p
 where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and p.prokind in ('f', 'p')
   and not exists (select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 order by p.oid;`;

const SETTINGS = `do $do$
begin
  execute format($$alter role authenticator in database %I set citus.propagate_set_commands = 'local'$$, current_database());
  execute format($$alter role authenticator in database %I set pgrst.db_pre_request = 'public.establish_request'$$, current_database());
  -- Triggers on a shard read tables that are on every machine.
  execute format($$alter database %I set citus.allow_nested_distributed_execution = 'on'$$, current_database());
end
$do$;
-- The coordinator signs in at the others as the role of the request: they need entries in pg_hba.conf, or pg_dist_authinfo.
alter role anon login;
alter role authenticated login;
alter role platform_admin login;
alter role service_role login;
notify pgrst, 'reload config';`;

function section(title: string, statements: readonly string[]): string {
  return [`-- ${title}`, ...statements, ''].join('\n');
}

function literal(text: string): string {
  return pg.escapeLiteral(text);
}

/** A table's name as part of another name. */
function plain(table: string): string {
  return table.replace(/^public\./, '').replaceAll(/\W+/g, '_');
}

function placementOf(tables: readonly Table[], name: string): Placement | undefined {
  return tables.find((table) => table.name === name)?.placement;
}

async function readTriggers(client: pg.ClientBase, refusals: Refusals): Promise<Trigger[]> {
  const { rows } = await client.query<Trigger>(`
    select ${SQL_NAME} as table, quote_ident(t.tgname) as name, t.tgenabled as enabled,
           pg_get_triggerdef(t.oid) as definition
      from pg_trigger as t
      join pg_class as c on c.oid = t.tgrelid
      join pg_namespace as n on n.oid = c.relnamespace
     where ${OWNED} and not t.tgisinternal and t.tgparentid = 0 and t.tgname !~ '^refuse_moving_'
     order by n.nspname collate "C" desc, c.relname collate "C", t.tgname collate "C"`);
  for (const { table, name, enabled } of rows) {
    if (enabled !== 'O') {
      refusals.add(`trigger ${name} on ${table}`, 'it is disabled, or fires for replicas only');
    }
  }
  return rows;
}

/** Tables with a company_id are split by it, parents first; the rest is copied, or stays where its triggers are. */
async function readTables(
  client: pg.ClientBase,
  triggers: readonly Trigger[],
  refusals: Refusals,
): Promise<Table[]> {
  const ofCompanies = await tenantTables(client);
  for (const { name, owner, columns, key } of ofCompanies) {
    if (columns.find((column) => column.name === owner)?.type !== 'uuid' || key[0] !== owner) {
      refusals.add(name, `its primary key does not begin with ${owner} uuid`);
    }
  }
  const { rows } = await client.query<{ name: string; kind: string; is_child: boolean }>(`
    select ${SQL_NAME} as name, c.relkind as kind,
           exists (select from pg_inherits as i where i.inhrelid = c.oid) as is_child
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
     where ${OWNED} and c.relkind in ('r', 'p', 'f', 'm')
     order by n.nspname collate "C" desc, c.relname collate "C"`);
  for (const { name, kind, is_child } of rows) {
    if (kind === 'f' || kind === 'm' || is_child) {
      refusals.add(name, 'foreign tables, materialized views and heirs of tables cannot be placed');
    }
  }
  const split = new Set(ofCompanies.map(({ sql }) => sql));
  return [
    ...ofCompanies.map(({ sql, owner }) => ({
      name: sql,
      placement: 'distributed' as const,
      owner,
    })),
    ...rows
      .filter(({ name }) => !split.has(name))
      .map(({ name }) => ({
        name,
        placement: triggers.some(({ table }) => table === name)
          ? ('coordinator' as const)
          : ('reference' as const),
        owner: '',
      })),
  ];
}

async function readForeignKeys(client: pg.ClientBase): Promise<ForeignKey[]> {
  const columns = (list: string, table: string): string => `
    (select array_agg(a.attname::text order by x.place)
       from unnest(${list}) with ordinality as x (number, place)
       join pg_attribute as a on a.attrelid = ${table} and a.attnum = x.number)`;
  const { rows } = await client.query<ForeignKey>(`
    select ${SQL_NAME} as table, quote_ident(k.conname) as name, k.confrelid::regclass::text as target,
           ${columns('k.conkey', 'k.conrelid')} as columns, ${columns('k.confkey', 'k.confrelid')} as target_columns,
           k.confdeltype as on_delete
      from pg_constraint as k
      join pg_class as c on c.oid = k.conrelid
      join pg_namespace as n on n.oid = c.relnamespace
     where ${OWNED} and k.contype = 'f' and k.conparentid = 0
     order by n.nspname collate "C" desc, c.relname collate "C", k.conname collate "C"`);
  return rows;
}

/** What Citus asks of foreign keys. Answers those to accounts, which become triggers. */
function checkForeignKeys(
  keys: readonly ForeignKey[],
  tables: readonly Table[],
  refusals: Refusals,
): ForeignKey[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  return keys.filter((key) => {
    const what = `foreign key ${key.name} of ${key.table}`;
    const [from, to] = [byName.get(key.table), byName.get(key.target)];
    if (key.target === 'auth.users') {
      if (key.on_delete !== 'c' || key.columns.length !== 1) {
        refusals.add(what, 'keys to auth.users are of one column and cascade');
      }
      return true;
    }
    if (!from || !to) {
      refusals.add(what, `${key.target} is none of the tables here`);
    } else if (from.placement === 'distributed' && to.placement === 'distributed') {
      const place = key.columns.indexOf(from.owner);
      if (place < 0 || key.target_columns[place] !== to.owner) {
        refusals.add(what, `it does not carry ${from.owner} to ${to.owner} of ${to.name}`);
      } else if (key.on_delete === 'n' || key.on_delete === 'd') {
        refusals.add(what, 'it would empty the company of a row (on delete set null)');
      }
    } else if (to.placement !== 'reference' && from.placement !== to.placement) {
      refusals.add(what, `a ${from.placement} table cannot refer to a ${to.placement} one`);
    }
    return false;
  });
}

/** Tables after those that their keys name; keys between them run in no circle, or tenantTables() has said so. */
function inKeyOrder(tables: readonly Table[], keys: readonly ForeignKey[]): Table[] {
  const sorted: Table[] = [];
  const visit = (table: Table): void => {
    if (sorted.includes(table)) {
      return;
    }
    for (const key of keys.filter(
      ({ table: from, target }) => from === table.name && target !== from,
    )) {
      const parent = tables.find(({ name }) => name === key.target);
      if (parent && parent.placement === table.placement) {
        visit(parent);
      }
    }
    sorted.push(table);
  };
  tables.forEach(visit);
  return sorted;
}

async function readUniqueIndexes(client: pg.ClientBase): Promise<UniqueIndex[]> {
  const { rows } = await client.query<UniqueIndex>(`
    select ${SQL_NAME} as table, i.indexrelid::regclass::text as name, k.conname as constraint,
           pg_get_indexdef(i.indexrelid) as definition,
           array(select pg_get_indexdef(i.indexrelid, place, true)
                   from generate_series(1, i.indnkeyatts) as place order by place) as keys,
           pg_get_expr(i.indpred, i.indrelid, true) as predicate,
           exists (select from pg_constraint as f where f.contype = 'f' and f.conindid = i.indexrelid) as is_referenced,
           i.indisexclusion as is_exclusion
      from pg_index as i
      join pg_class as c on c.oid = i.indrelid
      join pg_namespace as n on n.oid = c.relnamespace
      left join pg_constraint as k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
     where ${OWNED} and (i.indisunique or i.indisexclusion)
     order by n.nspname collate "C" desc, c.relname collate "C", i.indexrelid::regclass::text collate "C"`);
  return rows;
}

/** Unique indexes of split tables that do not have the column that they are split by. */
function checkUniqueIndexes(
  indexes: readonly UniqueIndex[],
  tables: readonly Table[],
  refusals: Refusals,
): UniqueIndex[] {
  return indexes.filter(({ table, name, keys, is_referenced, is_exclusion }) => {
    const owner = tables.find(
      (one) => one.name === table && one.placement === 'distributed',
    )?.owner;
    if (owner === undefined || keys.includes(owner)) {
      return false;
    }
    if (is_exclusion || is_referenced) {
      refusals.add(
        name,
        'a key that others refer to, or that excludes, must have the company in it',
      );
    }
    return true;
  });
}

function duplicateKeys(indexes: readonly UniqueIndex[]): string {
  const selects = indexes.map(({ table, name, keys, predicate }) => {
    const filled = keys.map((key) => `(${key}) is not null`);
    return `select ${literal(name)}::text, jsonb_build_array(${keys.join(', ')})::text, count(*)
    from ${table}
   where ${[...filled, ...(predicate ? [`(${predicate})`] : [])].join(' and ')}
   group by 2 having count(*) > 1`;
  });
  return `create or replace function private.duplicate_keys() returns table (index_name text, key text, row_count bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $fn$
  ${[...selects, 'select null, null, null where false'].join('\n  union all\n  ')}
$fn$;
revoke execute on function private.duplicate_keys() from public;
alter function private.duplicate_keys() owner to postgres;
comment on function private.duplicate_keys() is 'Keys that more than one company has, although they should be unique: no rows if all is well.';`;
}

const MEMBER =
  /^\((\w+) = \( SELECT private\.company_for\(('[a-z_.]+')::text\) AS company_for\)\)$/;
const OPERATOR = '( SELECT private.is_platform_admin() AS is_platform_admin)';

/** Each policy without its sub-select; one that has another shape is refused. */
async function rewritePolicies(
  client: pg.ClientBase,
  tables: readonly Table[],
  refusals: Refusals,
): Promise<string[]> {
  const policies = await readPolicies(client);
  return policies
    .filter(({ schema }) => schema !== 'storage')
    .map(({ schema, table, name, permissive, using, check }) => {
      const on = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`.replaceAll('"', '');
      const owner = tables.find((one) => one.name === on)?.owner;
      const rewrite = (expression: string): string => {
        if (expression === OPERATOR) {
          return '(private.is_operator_in_request())';
        }
        const [, column, permission] = MEMBER.exec(expression) ?? [];
        if (column === undefined || column !== owner || !permissive) {
          refusals.add(
            `policy ${name} on ${on}`,
            `it is of neither of the two shapes: ${expression}`,
          );
        }
        return `(${column} = private.company_when_planned(${permission}) and private.company_when_planned(${permission}) = private.company_of_request(${permission}))`;
      };
      return [
        `alter policy ${pg.escapeIdentifier(name)} on ${on}`.replaceAll('"', ''),
        ...(using === null ? [] : [`using ${rewrite(using)}`]),
        ...(check === null ? [] : [`with check ${rewrite(check)}`]),
      ]
        .join(' ')
        .concat(';');
    });
}

/** Functions that lock rows and skip what others hold: they look at all companies. */
async function readRowLockers(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    select distinct n.nspname || '.' || p.proname as name
      from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname in ('public', 'private') and p.prosrc ~* 'for (no key )?update[^;]*skip locked'
     order by 1`);
  return rows.map(({ name }) => name).sort();
}
