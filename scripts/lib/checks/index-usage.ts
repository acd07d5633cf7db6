import { withClient } from '../client.ts';

interface Index {
  name: string;
  table: string;
  columns: string;
  predicate: string | null;
}

/**
 * Uses each index once. The platform's linter reports indexes that were never used, which in a new database are all
 * of them; after this it reports those that the planner cannot use for what they are made for. Only for throw-away
 * databases.
 */
export async function useEachIndex(superUrl: string): Promise<void> {
  await withClient(superUrl, async (client) => {
    const { rows } = await client.query<Index>(`
      select c.relname as name, i.indrelid::regclass::text as table,
             (select string_agg('(' || pg_get_indexdef(i.indexrelid, k::integer, true) || ')'
                       || case when i.indoption[k - 1] & 1 = 1 then ' desc' else '' end
                       || case when i.indoption[k - 1] & 2 = 2 then ' nulls first' else ' nulls last' end,
                     ', ' order by k)
                from generate_series(1, i.indnkeyatts) as k) as columns,
             pg_get_expr(i.indpred, i.indrelid) as predicate
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        join pg_class as t on t.oid = i.indrelid
        join pg_namespace as n on n.oid = t.relnamespace
        join pg_am as m on m.oid = c.relam
       where n.nspname in ('public', 'private') and c.relkind = 'i' and m.amname = 'btree'
         and not i.indisunique`);
    await client.query('begin');
    await client.query(
      `set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off;
       set local enable_incremental_sort = off`,
    );
    for (const { table, columns, predicate } of rows) {
      const where = predicate ? ` where ${predicate}` : '';
      await client.query(`select from ${table}${where} order by ${columns} limit 1`);
    }
    // What is looked into, not sorted by: by the last column, since other indexes serve for the company before it.
    const { rows: searched } = await client.query<{ table: string; condition: string }>(`
      select i.indrelid::regclass::text as table,
             format(case o.opcname when 'gin_trgm_ops' then '%s ilike ''%%unused%%'''
                                   when 'array_ops' then '%s @> ''{}'''
                                   else '%s @> ''{"unused": 1}''' end,
                    '(' || pg_get_indexdef(i.indexrelid, i.indnkeyatts, true) || ')') as condition
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid and c.relnamespace::regnamespace::text in ('public', 'private')
        join pg_opclass as o on o.oid = i.indclass[i.indnkeyatts - 1]
       where o.opcname in ('gin_trgm_ops', 'jsonb_path_ops')
          or o.opcname = 'array_ops' and c.relam = (select m.oid from pg_am as m where m.amname = 'gin')`);
    await client.query('set local enable_bitmapscan = on');
    for (const { table, condition } of searched) {
      await client.query(`select from ${table} where ${condition}`);
    }
    // The counters are written when the transaction ends; the linter connects afterwards.
    await client.query('commit');
    await client.query('select pg_stat_force_next_flush()');
  });
}
