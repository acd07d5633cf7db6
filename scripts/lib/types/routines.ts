import type pg from 'pg';

/** A function, as its result and its rights are derived from. */
export interface Routine {
  schema: string;
  name: string;
  language: string;
  /** The whole `create function` statement. */
  definition: string;
  is_definer: boolean;
  is_strict: boolean;
  returns_set: boolean;
  /** Names of the parameters that are given, in their order. */
  parameters: string[];
  /** Those whose default is null. */
  null_defaults: string[];
  /** Columns of a result with several, in their order; empty for a single value. */
  columns: string[];
  /** True if the columns are those of a table, whose nulls the CLI knows. */
  is_table_row: boolean;
  /** True if the columns are those of a composite type. */
  is_composite: boolean;
  /** Of the Postgres roles that were asked about, those who may execute it. */
  executors: string[];
}

/** Functions of the schemas `public` and `private`, without those of extensions and triggers. */
export async function readRoutines(
  client: pg.ClientBase,
  roles: readonly string[],
): Promise<Routine[]> {
  const { rows } = await client.query<Routine>(
    `
    select n.nspname as schema, p.proname as name, l.lanname as language, pg_get_functiondef(p.oid) as definition,
           p.prosecdef as is_definer, p.proisstrict as is_strict, p.proretset as returns_set,
           coalesce(x.parameters, '{}') as parameters, coalesce(x.null_defaults, '{}') as null_defaults,
           coalesce(x.columns, (
             select array_agg(a.attname::text order by a.attnum)
               from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '{}') as columns,
           coalesce(c.relkind in ('r', 'p', 'v'), false) as is_table_row,
           coalesce(c.relkind = 'c', false) as is_composite,
           coalesce((select array_agg(r.role order by r.role) from unnest($1::text[]) as r (role)
                      where has_function_privilege(r.role, p.oid, 'execute')), '{}') as executors
      from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace
      join pg_language as l on l.oid = p.prolang
      join pg_type as t on t.oid = p.prorettype
      left join pg_class as c on c.oid = t.typrelid
      cross join lateral (
        select array_agg(i.name order by i.place) filter (where i.mode in ('i', 'b', 'v')) as parameters,
               array_agg(i.name order by i.place) filter (where i.mode in ('o', 'b', 't')) as columns,
               array_agg(i.name order by i.place) filter (
                 where i.mode in ('i', 'b', 'v')
                   and pg_get_function_arg_default(p.oid, i.place::integer) ~* '^null(::.*)?$') as null_defaults
          from (
            select a.name, coalesce(m.mode, 'i') as mode, a.place
              from unnest(p.proargnames) with ordinality as a (name, place)
              left join unnest(p.proargmodes::text[]) with ordinality as m (mode, place) on m.place = a.place
          ) as i
      ) as x
     where n.nspname in ('public', 'private') and p.prokind = 'f'
       and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
       and not exists (select from pg_depend as d
                        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     order by n.nspname collate "C", p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`,
    [[...roles]],
  );
  return rows;
}
