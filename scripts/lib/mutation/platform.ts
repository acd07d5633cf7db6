/** Mutants of views, publications, default privileges, schemas and storage buckets. */
import type { Catalog } from './catalog.ts';
import { literal, type Mutant, quoted } from './types.ts';

function platform(
  object: string,
  what: string,
  description: string,
  wanted: string,
  sql: string,
): Mutant {
  return {
    id: `platform/${object}/${what}`,
    class: 'platform',
    object,
    description: `${object}: ${description}`,
    wanted,
    sql,
  };
}

function views({ relations }: Catalog): Mutant[] {
  return relations
    .filter(({ kind, invokerView }) => kind === 'view' && invokerView)
    .map(({ schema, name, label }) => ({
      id: `view/${label}/definer`,
      class: 'view',
      object: label,
      description: `view ${label}: it reads with the rights of its owner`,
      wanted: "the view shows no other company's rows",
      sql: `alter view ${quoted(schema)}.${quoted(name)} set (security_invoker = off)`,
    }));
}

/** Realtime sends deletions with the row's key, past row level security, and whole rows where the table says so. */
function publications({ relations, publications: names }: Catalog): Mutant[] {
  const deletions = names.map((publication) =>
    platform(
      publication,
      'publishes-deletions',
      'it publishes deletions',
      'deletions, which no policy filters, are not published',
      `alter publication ${quoted(publication)} set (publish = 'insert, update, delete')`,
    ),
  );
  const tables = names.flatMap((publication) =>
    relations
      .filter(({ kind }) => kind === 'table' || kind === 'partitioned table')
      .flatMap(({ schema, name, label, personal, published }) => {
        const table = `${quoted(schema)}.${quoted(name)}`;
        if (!published.includes(publication)) {
          const add = `alter publication ${quoted(publication)} add table ${table}`;
          const wanted = 'keys that are people are not published';
          return personal
            ? [platform(publication, `publishes-${label}`, `publishes ${label}`, wanted, add)]
            : [];
        }
        return [
          platform(
            publication,
            `whole-rows-of-${label}`,
            `publishes whole deleted rows of ${label}`,
            'deletions tell nothing but keys',
            `alter table ${table} replica identity full`,
          ),
        ];
      }),
  );
  return [...deletions, ...tables];
}

function defaults(): Mutant[] {
  return ['anon', 'authenticated'].flatMap((role) =>
    ['public', 'private'].map((schema) =>
      platform(
        'default privileges',
        `${schema}-tables-to-${role}`,
        `${role} may select from every new table in ${schema}`,
        'a table created tomorrow is closed',
        `alter default privileges in schema ${schema} grant select on tables to ${role}`,
      ),
    ),
  );
}

function schemas(): Mutant[] {
  return [
    platform(
      'schema private',
      'usage-to-anon',
      'anon may look into it',
      'anon has no USAGE on private',
      'grant usage on schema private to anon',
    ),
    ...['public', 'private'].flatMap((schema) =>
      ['anon', 'authenticated'].map((role) =>
        platform(
          `schema ${schema}`,
          `create-to-${role}`,
          `${role} may create objects in it`,
          `${role} has no CREATE on ${schema}`,
          `grant create on schema ${schema} to ${role}`,
        ),
      ),
    ),
  ];
}

function buckets({ buckets: names }: Catalog): Mutant[] {
  return names.map((name) =>
    platform(
      `bucket ${name}`,
      'public',
      'everybody may download its files',
      'the bucket is private',
      `update storage.buckets set public = true where id = ${literal(name)}`,
    ),
  );
}

/** Mutants of views and of what belongs to no table or function. */
export function platformMutants(catalog: Catalog): Mutant[] {
  return [
    ...views(catalog),
    ...publications(catalog),
    ...defaults(),
    ...schemas(),
    ...buckets(catalog),
  ];
}
