/** Mutants of tables: row level security switched off, privileges widened. */
import type { Catalog, Relation } from './catalog.ts';
import { type Mutant, quoted } from './types.ts';

const ROLES = ['anon', 'authenticated'] as const;
const VERBS = ['select', 'insert', 'update', 'delete', 'truncate'] as const;

function nameOf({ schema, name }: Relation): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

function rlsMutants(relation: Relation): Mutant[] {
  if (!relation.rls) {
    return [];
  }
  const { label, kind } = relation;
  const object = `${relation.schema}.${relation.name}`;
  const off = `alter table ${nameOf(relation)} disable row level security`;
  const mutants: Mutant[] = [
    {
      id: `rls/${label}/disabled`,
      class: 'rls',
      object,
      description: `${kind} ${label}: row level security is off`,
      wanted: 'row level security is on',
      sql: off,
    },
  ];
  if (kind === 'partition') {
    mutants.push({
      id: `rls/${label}/disabled-and-granted`,
      class: 'rls',
      object,
      description: `${kind} ${label}: row level security is off and members may select from it by its name`,
      wanted: 'a partition is out of reach by its own name',
      sql: `${off};\ngrant select on ${nameOf(relation)} to authenticated`,
    });
  }
  return mutants;
}

function tableGrants(relation: Relation): Mutant[] {
  const { label, kind, granted } = relation;
  return ROLES.flatMap((role) =>
    VERBS.filter((verb) => !granted.some((one) => one.role === role && one.verb === verb)).map(
      (verb): Mutant => ({
        id: `table-grant/${label}/${role}-${verb}`,
        class: 'table-grant',
        object: `${relation.schema}.${relation.name}`,
        description: `${kind} ${label}: ${verb.toUpperCase()} is granted to ${role}`,
        wanted: `${role} has no ${verb.toUpperCase()} on it`,
        sql: `grant ${verb} on ${nameOf(relation)} to ${role}`,
      }),
    ),
  );
}

/** Columns that members may not write, in tables where they may write others. */
function columnGrants(relation: Relation): Mutant[] {
  const { label, columns } = relation;
  const mutants: Mutant[] = [];
  for (const verb of ['insert', 'update'] as const) {
    const may = verb === 'insert' ? 'memberMayInsert' : 'memberMayUpdate';
    const fixed = ['company_id', 'id', 'created_at'];
    const writable = columns.some((column) => column[may]);
    for (const column of columns) {
      if (column[may] || column.generated || (!writable && !fixed.includes(column.name))) {
        continue;
      }
      if (!writable && verb === 'insert') {
        continue;
      }
      mutants.push({
        id: `column-grant/${label}/${verb}-${column.name}`,
        class: 'column-grant',
        object: `${relation.schema}.${relation.name}`,
        description: `${label}: members may ${verb} ${column.name}`,
        wanted: `members cannot ${verb} ${column.name}`,
        sql: `grant ${verb} (${quoted(column.name)}) on ${nameOf(relation)} to authenticated`,
      });
    }
  }
  return mutants;
}

/** Mutants of every table, partitioned table and partition. */
export function grantMutants({ relations }: Catalog): Mutant[] {
  return relations.flatMap((relation) => [
    ...rlsMutants(relation),
    ...tableGrants(relation),
    ...(relation.schema === 'public' && relation.kind !== 'partition' && relation.kind !== 'view'
      ? columnGrants(relation)
      : []),
  ]);
}
