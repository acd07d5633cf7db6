import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  actorNames,
  CAST,
  COMPANIES,
  companySlugs,
  DEVELOPMENT_PASSWORD,
} from '../../../scripts/lib/cast.ts';
import { seedFile } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';

describe('supabase/seed.sql', () => {
  const db = useDatabase();

  it('holds the cast that the scripts name', async () => {
    const { rows: companies } = await db.client.query(
      'select id, slug, name, status, is_operator as "isOperator" from public.companies order by id',
    );
    expect(companies).toEqual(companySlugs.map((slug) => COMPANIES[slug]));
    const { rows: members } = await db.client.query(
      `select u.id, c.slug as company, u.role, u.status
         from public.users as u join public.companies as c on c.id = u.company_id order by u.id, c.id`,
    );
    expect(members).toEqual(
      actorNames.flatMap((name) =>
        CAST[name].memberships.map((membership) => ({ id: CAST[name].id, ...membership })),
      ),
    );
  });

  it('lets everybody of the cast sign in with the development password', async () => {
    const { rows } = await db.client.query(
      `select u.email
         from auth.users as u
         join auth.identities as i on i.user_id = u.id and i.provider = 'email' and i.provider_id = u.id::text
        where u.encrypted_password = extensions.crypt($1, u.encrypted_password)
          and u.email_confirmed_at is not null and u.aud = 'authenticated' and u.role = 'authenticated'
          -- Supabase Auth reads these into strings and fails on null.
          and u.confirmation_token = '' and u.recovery_token = '' and u.email_change = '' and u.email_change_token_new = ''
        order by u.id`,
      [DEVELOPMENT_PASSWORD],
    );
    expect(rows.map((row) => row.email)).toEqual(
      actorNames.flatMap((name) => CAST[name].email ?? []),
    );
  });

  it('has rows of at least two companies in every table', async () => {
    const { rows } = await db.client.query<{ name: string }>(
      `select c.relname as name from pg_class as c
         join pg_attribute as a on a.attrelid = c.oid and a.attname = 'company_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`,
    );
    const few: string[] = [];
    for (const { name } of rows) {
      const counted = await db.client.query<{ companies: number }>(
        `select count(distinct company_id)::integer as companies from public.${name}`,
      );
      if ((counted.rows[0]?.companies ?? 0) < 2) {
        few.push(name);
      }
    }
    expect(rows.length).toBeGreaterThan(15);
    expect(few).toEqual([]);
  });

  it('changes nothing when it is loaded again', async () => {
    const checksum = async () =>
      (
        await db.client.query(
          `select md5(string_agg(table_name || ':' || (xpath('/row/c/text()',
             query_to_xml(format('select md5(string_agg(t::text, '','' order by t::text)) as c from %I.%I as t', table_schema, table_name), false, true, '')))[1]::text, ',' order by table_name)) as sum
             from information_schema.tables
            where (table_schema = 'public' and table_type = 'BASE TABLE') or (table_schema, table_name) in (('auth', 'identities'), ('storage', 'objects'))`,
        )
      ).rows[0];
    const before = await checksum();
    await db.client.query(readFileSync(seedFile, 'utf8'));
    expect(await checksum()).toEqual(before);
  });
});
