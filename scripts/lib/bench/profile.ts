import type pg from 'pg';

/** A function of ours in one pass of a script. */
export interface FunctionShare {
  readonly name: string;
  readonly calls: number;
  /** Microseconds in it, without and with the functions that it calls. */
  readonly own: number;
  readonly total: number;
}

/** A statement in one pass of a script, whoever sends it: the script or a function. */
export interface StatementShare {
  readonly text: string;
  readonly calls: number;
  /** Microseconds. */
  readonly planning: number;
  readonly executing: number;
}

/** Where the time of a script goes, by the server's own counters. */
export interface Profile {
  readonly passes: number;
  readonly functions: readonly FunctionShare[];
  readonly statements: readonly StatementShare[];
}

/** Turns the counters of new sessions on or off. The connection is a superuser's. */
export async function setInstruments(client: pg.Client, isOn: boolean): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'select quote_ident(current_database()) as name',
  );
  const database = rows[0]?.name ?? '';
  for (const [setting, on, off] of [
    ['track_functions', 'all', 'none'],
    ['pg_stat_statements.track', 'all', 'top'],
    ['pg_stat_statements.track_planning', 'on', 'off'],
  ]) {
    await client.query(`alter database ${database} set ${setting} = '${isOn ? on : off}'`);
  }
}

/** Forgets what was counted in this database. */
export async function resetCounters(client: pg.Client): Promise<void> {
  await client.query('create extension if not exists pg_stat_statements with schema extensions');
  await client.query(
    'select pg_stat_reset(), extensions.pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)',
  );
}

/** What was counted since, for one of `passes`; `least` is the smallest share, in microseconds, that is told. */
export async function readProfile(
  client: pg.Client,
  passes: number,
  least: number,
): Promise<Profile> {
  const functions = await client.query<FunctionShare>(
    `select f.schemaname || '.' || f.funcname as name, f.calls::float8 / $1 as calls,
            f.self_time * 1000 / $1 as own, f.total_time * 1000 / $1 as total
       from pg_stat_user_functions as f
      where f.self_time * 1000 / $1 >= $2
      order by f.self_time desc`,
    [passes, least],
  );
  const statements = await client.query<StatementShare>(
    `select regexp_replace(s.query, '\\s+', ' ', 'g') as text, s.calls::float8 / $1 as calls,
            s.total_plan_time * 1000 / $1 as planning, s.total_exec_time * 1000 / $1 as executing
       from extensions.pg_stat_statements as s
       join pg_database as d on d.oid = s.dbid and d.datname = current_database()
      where (s.total_plan_time + s.total_exec_time) * 1000 / $1 >= $2 and not s.query ~* 'pg_stat_|^(begin|commit|set|deallocate)'
      order by s.total_plan_time + s.total_exec_time desc`,
    [passes, least],
  );
  return { passes, functions: functions.rows, statements: statements.rows };
}
