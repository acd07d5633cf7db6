import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examine } from '../../../scripts/lib/doctor/index.ts';
import { type Manifest, readManifest } from '../../../scripts/lib/doctor/manifest.ts';
import { readShippedSql } from '../../../scripts/lib/doctor/shipped-sql.ts';
import type { Finding } from '../../../scripts/lib/doctor/types.ts';
import { supabaseDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';
import { newOnes } from './support.ts';

/** A fault of the schema. */
interface SchemaCase {
  check: string;
  as?: string;
  plant?: string;
  /** What a person does, where the doctor has no statement. */
  mend?: string;
  /** Other checks that see the same fault. */
  also?: string[];
  config?: (sound: string) => string;
}

const CASES: readonly SchemaCase[] = [
  {
    check: 'schema.migration_missing',
    plant: `create table pg_temp.kept as table supabase_migrations.schema_migrations;
      delete from supabase_migrations.schema_migrations where version = (select max(version) from pg_temp.kept)`,
    mend: 'insert into supabase_migrations.schema_migrations select * from pg_temp.kept on conflict do nothing',
  },
  {
    check: 'schema.migration_unknown',
    plant: `insert into supabase_migrations.schema_migrations (version) values ('29990101000000')`,
    mend: `delete from supabase_migrations.schema_migrations where version = '29990101000000'`,
  },
  {
    check: 'schema.migration_edited',
    plant: `update supabase_migrations.schema_migrations set statements = statements || '{select 1}'::text[] where version = '20250131060000'`,
    mend: `update supabase_migrations.schema_migrations set statements = trim_array(statements, 1) where version = '20250131060000'`,
  },
  {
    check: 'schema.history_unknown',
    plant: 'alter schema supabase_migrations rename to away',
    mend: 'alter schema away rename to supabase_migrations',
  },
  {
    check: 'schema.table_missing',
    plant: 'alter table private.stripe_cursors rename to away',
    mend: 'alter table private.away rename to stripe_cursors',
  },
  {
    check: 'schema.column_missing',
    plant: 'alter table private.stripe_cursors rename column value to away',
    mend: 'alter table private.stripe_cursors rename column away to value',
  },
  { check: 'schema.rls_off', plant: 'alter table public.jobs disable row level security' },
  {
    check: 'schema.table_unprotected',
    plant:
      'create table public.planted (id integer); alter table public.planted owner to postgres; grant select on public.planted to authenticated',
  },
  {
    check: 'schema.table_unprotected',
    as: 'a partition of a protected one',
    plant: `create table public.planted (id integer) partition by list (id);
      create table public.planted_1 partition of public.planted default;
      alter table public.planted enable row level security;
      alter table public.planted owner to postgres; alter table public.planted_1 owner to postgres; grant select on public.planted_1 to authenticated`,
  },
  { check: 'schema.policy_missing', plant: 'drop policy select_member on public.jobs' },
  {
    check: 'schema.policy_missing',
    as: 'on files',
    plant: 'drop policy media_select_member on storage.objects',
  },
  {
    check: 'schema.policy_changed',
    as: 'the condition',
    plant: 'alter policy select_member on public.jobs using (true)',
  },
  {
    check: 'schema.policy_changed',
    as: 'the check',
    plant: 'alter policy insert_member on public.jobs with check (true)',
  },
  {
    check: 'schema.policy_changed',
    as: 'the role',
    plant: 'alter policy select_member on public.jobs to public',
  },
  {
    check: 'schema.policy_changed',
    as: 'the command',
    plant: `drop policy select_member on public.jobs;
      create policy select_member on public.jobs for all to authenticated using (company_id = (select private.company_for('jobs.read')))`,
  },
  {
    check: 'schema.policy_extra',
    plant: 'create policy planted on public.jobs for select to authenticated using (true)',
  },
  { check: 'schema.function_missing', plant: 'drop function public.my_companies()' },
  {
    check: 'schema.function_missing',
    as: 'a definer that nobody may call',
    plant: 'drop function private.apply_plan(uuid)',
  },
  {
    check: 'schema.function_changed',
    as: 'the gate',
    plant: `create or replace function private.company_for(p_permission text) returns uuid
      language plpgsql stable security definer parallel safe set search_path = pg_catalog, pg_temp
      as $$ begin return private.parse_uuid(private.parse_json_object(current_setting('request.jwt.claims', true)) ->> 'company_id'); end $$`,
  },
  {
    check: 'schema.function_changed',
    as: 'whose rights',
    plant: 'alter function public.my_companies() security definer',
  },
  {
    check: 'schema.function_changed',
    as: 'search_path',
    plant: 'alter function private.company_for(text) reset search_path',
  },
  {
    check: 'schema.function_changed',
    as: 'volatility',
    plant: 'alter function private.is_platform_admin() immutable',
  },
  {
    check: 'schema.execute_extra',
    plant: 'grant execute on function private.company_for(text) to anon',
  },
  {
    check: 'schema.execute_extra',
    as: 'to everybody',
    plant: 'grant execute on function public.my_companies() to public',
  },
  {
    check: 'schema.execute_missing',
    plant: 'revoke execute on function public.my_companies() from authenticated',
  },
  { check: 'schema.trigger_missing', plant: 'drop trigger keep_tenant on public.jobs' },
  {
    check: 'schema.trigger_changed',
    plant: `drop trigger keep_tenant on public.jobs;
      create trigger keep_tenant before update on public.jobs for each row when (false) execute function private.tg_row__refuse_move('jobs')`,
  },
  {
    check: 'schema.trigger_disabled',
    plant: 'alter table public.jobs disable trigger keep_tenant',
  },
  {
    check: 'schema.grant_extra',
    as: 'truncate',
    plant: 'grant truncate on public.services to authenticated',
  },
  {
    check: 'schema.grant_extra',
    as: 'a column',
    plant: 'grant update (company_id) on public.services to authenticated',
  },
  {
    check: 'schema.grant_extra',
    as: 'to visitors',
    plant: 'grant select on public.services to anon',
  },
  {
    check: 'schema.grant_extra',
    as: 'to everybody',
    plant: 'grant select on private.api_key_secrets to public',
  },
  {
    check: 'schema.grant_extra',
    as: 'on the schema',
    plant: 'grant usage on schema private to anon',
  },
  {
    check: 'schema.grant_extra',
    as: 'to be passed on',
    plant: 'grant select on public.services to authenticated with grant option',
  },
  {
    check: 'schema.grant_missing',
    plant: 'revoke select on public.services from authenticated',
  },
  {
    check: 'schema.grant_missing',
    as: 'a column',
    plant: 'revoke update (name) on public.services from authenticated',
  },
  {
    check: 'schema.view_definer',
    plant: 'alter view private.api_key_states reset (security_invoker)',
  },
  {
    check: 'schema.view_definer',
    as: 'of somebody else, exposed',
    plant:
      'create view public.planted as select id from public.jobs; alter view public.planted owner to postgres; grant select on public.planted to authenticated',
  },
  {
    check: 'schema.not_examined',
    plant: 'drop function private.diagnose_roles()',
    also: ['schema.function_missing'],
  },
  {
    check: 'schema.config_hook_off',
    config: (sound) =>
      sound.replace(/(custom_access_token\]\n)enabled = true/, '$1enabled = false'),
  },
  {
    check: 'schema.config_hook_off',
    as: 'another function',
    config: (sound) => sound.replace('/private/custom_access_token_hook', '/public/other'),
  },
  {
    check: 'schema.config_private_exposed',
    config: (sound) => sound.replace('schemas = ["public"', 'schemas = ["private", "public"'),
  },
];

describe('the doctor compares the schema with the shipped one', () => {
  const db = useDatabase();
  let client: pg.Client;
  let manifest: Manifest;
  let config = '';
  let before: Finding[] = [];

  const look = async (text = config): Promise<Finding[]> =>
    (await examine(client, { manifest, config: text, company: 'acme' })).filter(
      ({ severity }) => severity !== 'ok',
    );

  beforeAll(async () => {
    client = new pg.Client({ connectionString: db.superUrl() });
    await client.connect();
    manifest = await readManifest(db.client);
    config = await readFile(join(supabaseDir, 'config.toml'), 'utf8');
    await client.query('begin');
    before = await look();
    await client.query('rollback');
  });
  afterAll(() => client.end());

  it('finds nothing in a database that has just been migrated', () => {
    expect(before.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(before.filter(({ area }) => area === 'schema')).toEqual([]);
  });

  it.each(CASES.map((one) => [`${one.check}${one.as ? `, ${one.as}` : ''}`, one] as const))(
    '%s',
    async (_name, one) => {
      await client.query('begin');
      try {
        if (one.plant) {
          await client.query(one.plant);
        }
        const broken = one.config?.(config);
        expect(broken).not.toBe(config);
        const planted = newOnes(before, await look(broken));
        const checks = [...new Set(planted.map(({ check_id }) => check_id))].sort();
        expect(checks).toEqual([one.check, ...(one.also ?? [])].sort());
        for (const { finding, explanation, mend } of planted) {
          expect(`${finding} ${explanation} ${mend}`).not.toMatch(/\{[a-z_]+[!#]?\}|\?|\bnull\b/);
        }
        if (one.mend) {
          await client.query(one.mend);
        } else if (one.plant) {
          const statements = planted.flatMap(({ mend_sql }) => mend_sql ?? []);
          expect(statements.length).toBeGreaterThan(0);
          // As the owner of the tables, who mends it.
          await client.query(`set local role postgres; ${statements.join('; ')}; reset role`);
        }
        expect(newOnes(before, await look())).toEqual([]);
      } finally {
        await client.query('rollback');
      }
    },
  );

  it('has a case for every check that it can answer', () => {
    const ids = manifest.checks
      .filter(({ asked_by, severity }) => asked_by === 'doctor' && severity !== 'ok')
      .map(({ check_id }) => check_id);
    expect([...new Set(CASES.map(({ check }) => check))].sort()).toEqual(ids.sort());
  });

  it('can print a statement for every shipped function', async () => {
    const sql = await readShippedSql();
    const without = Object.keys(manifest.functions).filter(
      (name) => sql.functionStatement(name.slice(0, name.indexOf('('))) === undefined,
    );
    expect(without).toEqual([]);
  });
});
