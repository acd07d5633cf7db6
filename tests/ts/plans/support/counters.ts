/** What a transaction has read, whatever the statement that read it: also inside of functions and triggers. */
import type pg from 'pg';

/** Rows read of tenant tables, partitions with theirs: by reading whole tables, and through indexes. */
export type Counters = ReadonlyMap<string, { scanned: number; fetched: number }>;

/** Counts of the open transaction, by table. */
export async function readCounters(client: pg.ClientBase): Promise<Counters> {
  const { rows } = await client.query<{ name: string; scanned: number; fetched: number }>(
    `select coalesce(p.oid, c.oid)::regclass::text as name, sum(s.seq_tup_read)::integer as scanned,
            sum(coalesce(s.idx_tup_fetch, 0))::integer as fetched
       from pg_stat_xact_user_tables as s
       join pg_class as c on c.oid = s.relid
       left join pg_inherits as i on i.inhrelid = c.oid
       left join pg_class as p on p.oid = i.inhparent
      where s.relid = 'public.companies'::regclass
         or exists (select from pg_attribute as a where a.attrelid = s.relid and a.attname = 'company_id')
      group by 1`,
  );
  return new Map(rows.map(({ name, ...counts }) => [name, counts]));
}

/** Tables of which more than `most` rows were read since, and how. */
export function readMore(before: Counters, after: Counters, most: number): string[] {
  return [...after].flatMap(([name, { scanned, fetched }]) => {
    const had = before.get(name) ?? { scanned: 0, fetched: 0 };
    const more = scanned - had.scanned + (fetched - had.fetched);
    return more > most
      ? [`${name}: ${scanned - had.scanned} rows scanned, ${fetched - had.fetched} by index`]
      : [];
  });
}
