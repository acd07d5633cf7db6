import type pg from 'pg';

/** A parameter that is given. */
export interface Parameter {
  name: string;
  /** The same as SQL writes it: in quotes where it is a keyword. */
  identifier: string;
  type: string;
  /** Its default as SQL; null where the parameter has to be given. */
  default: string | null;
}

/** A function of the API as it is called. */
export interface Signature {
  name: string;
  /** As in the other readers: what tells functions of one name apart. */
  arguments: string;
  parameters: Parameter[];
  /** Columns of a result with several. */
  columns: { name: string; type: string }[];
  returns_set: boolean;
  returns_nothing: boolean;
}

/** Reads how the functions of `public` are called, in the order of their names. */
export async function readSignatures(client: pg.ClientBase): Promise<Signature[]> {
  const { rows } = await client.query<Signature>(`
    select p.proname as name, pg_get_function_arguments(p.oid) as arguments,
           coalesce(x.parameters, '[]') as parameters,
           coalesce(x.columns, (
             select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
               from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
           p.proretset as returns_set, p.prorettype = 'void'::regtype as returns_nothing
      from pg_proc as p
      join pg_namespace as n on n.oid = p.pronamespace
      join pg_type as t on t.oid = p.prorettype
      cross join lateral (
        select jsonb_agg(jsonb_build_object('name', i.name, 'identifier', quote_ident(i.name), 'type', format_type(i.type, null),
                                            'default', pg_get_function_arg_default(p.oid, i.place::integer)) order by i.place)
                 filter (where i.mode in ('i', 'b', 'v')) as parameters,
               jsonb_agg(jsonb_build_object('name', i.name, 'type', format_type(i.type, null)) order by i.place)
                 filter (where i.mode in ('o', 'b', 't')) as columns
          from (
            select coalesce(p.proargnames[y.place], '$' || y.place) as name, y.type,
                   coalesce(p.proargmodes[y.place]::text, 'i') as mode, y.place
              from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as y (type, place)
          ) as i
      ) as x
     where n.nspname = 'public' and p.prokind = 'f'
       and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
       and not exists (select from pg_depend as d
                        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
     order by p.proname collate "C", pg_get_function_identity_arguments(p.oid) collate "C"`);
  return rows;
}
