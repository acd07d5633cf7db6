import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SupabaseClient } from '@supabase/supabase-js';
import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';
import { supabaseDir } from '../../../scripts/lib/paths.ts';
import { signClaims } from '../../../scripts/lib/token.ts';
import { useApi } from '../support/api.ts';
import { useDatabase } from '../support/database.ts';
import { createPerson, createTeam, type Person } from './support.ts';

const db = useDatabase();

async function invite(company: string, email: string): Promise<string> {
  const { rows } = await db.client.query<{ token: string }>(
    `select token from public.invite_member($1, $2, 'agent')`,
    [company, email],
  );
  return rows[0]?.token ?? '';
}

async function roleOf(company: string, id: string): Promise<string | undefined> {
  const { rows } = await db.client.query<{ role: string }>(
    'select role from public.users where company_id = $1 and id = $2',
    [company, id],
  );
  return rows[0]?.role;
}

describe('sign-up, as Supabase Auth writes it', () => {
  let auth: pg.Client;
  const warnings: string[] = [];
  beforeAll(async () => {
    auth = await db.connect('supabase_auth_admin');
    auth.on('notice', (notice) => warnings.push(notice.message ?? ''));
  });

  /** What Supabase Auth does: an account, and the confirmation of its address later, or at once. */
  async function signUp(email: string, metadata: unknown, isConfirmed: boolean): Promise<string> {
    const id = randomUUID();
    await auth.query(
      `insert into auth.users (id, email, raw_user_meta_data, email_confirmed_at) values ($1, $2, $3, $4)`,
      [id, email, metadata, isConfirmed ? new Date() : null],
    );
    return id;
  }

  it('makes a member when the address is confirmed', async () => {
    const team = await createTeam(db.client, 1);
    const email = `${randomUUID()}@people.example`;
    const token = await invite(team.id, email);
    const id = await signUp(email, { invitation_token: token, full_name: 'Nora N' }, false);
    expect(await roleOf(team.id, id)).toBeUndefined();
    await auth.query('update auth.users set email_confirmed_at = now() where id = $1', [id]);
    expect(await roleOf(team.id, id)).toBe('agent');
    const { rows } = await db.client.query(
      `select (x).is_intact, (x).problems from public.verify_audit_chain($1) as x`,
      [team.id],
    );
    expect(rows).toEqual([{ is_intact: true, problems: [] }]);
  });

  it('makes one at once where addresses need no confirmation', async () => {
    const team = await createTeam(db.client, 1);
    const email = `${randomUUID()}@people.example`;
    const id = await signUp(email, { invitation_token: await invite(team.id, email) }, true);
    expect(await roleOf(team.id, id)).toBe('agent');
  });

  it('goes on without waiting when the company is locked, and the invitation can be accepted later', async () => {
    const team = await createTeam(db.client, 1);
    const email = `${randomUUID()}@people.example`;
    const token = await invite(team.id, email);
    const blocker = await db.connect();
    await blocker.query('begin');
    await blocker.query('select from public.companies where id = $1 for update', [team.id]);
    const startedAt = performance.now();
    const id = await signUp(email, { invitation_token: token }, true);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await blocker.query('rollback');
    expect(warnings.at(-1)).toMatch(/invitation at sign-up: .*lock timeout/);
    expect(await roleOf(team.id, id)).toBeUndefined();
    const { rows } = await db.client.query('select id from auth.users where id = $1', [id]);
    expect(rows).toHaveLength(1);
  });

  it('goes on when the audit chain is locked', async () => {
    const team = await createTeam(db.client, 1);
    const email = `${randomUUID()}@people.example`;
    const token = await invite(team.id, email);
    const blocker = await db.connect();
    await blocker.query('begin');
    const { rowCount } = await blocker.query(
      'select from private.audit_heads where company_id = $1 for update',
      [team.id],
    );
    expect(rowCount).toBe(1);
    const id = await signUp(email, { invitation_token: token }, true);
    await blocker.query('rollback');
    expect(warnings.at(-1)).toMatch(/invitation at sign-up: /);
    expect(await roleOf(team.id, id)).toBeUndefined();
  });

  it('leaves the lock timeout of the session as it was', async () => {
    await auth.query(`set lock_timeout = '7s'`);
    await signUp(`${randomUUID()}@people.example`, { invitation_token: 'rubbish' }, true);
    const { rows } = await auth.query<{ lock_timeout: string }>('show lock_timeout');
    expect(rows[0]?.lock_timeout).toBe('7s');
  });

  it('does not keep an account from being deleted, not even that of a last client', async () => {
    const team = await createTeam(db.client, 1);
    const [client] = team.clients as [Person];
    await auth.query('delete from auth.users where id = $1', [client.id]);
    expect(await roleOf(team.id, client.id)).toBeUndefined();
  });
});

describe('a database whose auth.users takes no triggers', () => {
  it('takes the migration, and says so', async () => {
    const name = '20250204010000_members_and_invitations.sql';
    const sql = readFileSync(join(supabaseDir, 'migrations', name), 'utf8');
    await withClient(db.superUrl(), async (superuser) => {
      await superuser.query('revoke trigger on auth.users from postgres');
    });
    const notices: string[] = [];
    const owner = await db.connect();
    owner.on('notice', (notice) => notices.push(notice.message ?? ''));
    await owner.query(sql);
    expect(notices).toContainEqual(expect.stringContaining('no trigger on auth.users'));
    await withClient(db.superUrl(), async (superuser) => {
      await superuser.query('grant trigger on auth.users to postgres');
    });
    notices.length = 0;
    await owner.query(sql);
    expect(notices).not.toContainEqual(expect.stringContaining('no trigger on auth.users'));
  });
});

describe('over the API', () => {
  const api = useApi(db);
  // Generic, so that the test does not hang on types that are generated from what it tests.
  const as = async (person: Person): Promise<SupabaseClient> =>
    api.withToken(
      await signClaims(
        { sub: person.id, role: 'authenticated', aud: 'authenticated' },
        LOCAL_JWT_SECRET,
      ),
    ) as unknown as SupabaseClient;

  it('a client invites, a newcomer accepts, works, is removed, and has nothing from the next request on', async () => {
    const team = await createTeam(db.client, 1);
    const client = await as(team.clients[0] as Person);
    const newcomer = await createPerson(db.client);
    const stranger = await createPerson(db.client);

    const invited = await client
      .rpc('invite_member', { company_id: team.id, email: newcomer.email, role: 'client' })
      .single<{ token: string; invitation_id: string }>();
    expect(invited.error).toBeNull();
    const listed = await client.rpc('list_invitations', { company_id: team.id });
    expect(listed.data).toMatchObject([{ email: newcomer.email, state: 'pending' }]);
    expect(JSON.stringify(listed.data)).not.toContain(invited.data?.token);
    const table = await client.from('invitations').select('*');
    expect(Object.keys(table.data?.[0] ?? {})).not.toContain('token_hash');

    const token = invited.data?.token;
    const wrong = await (await as(stranger)).rpc('accept_invitation', { token });
    expect(wrong).toMatchObject({ status: 403, error: { details: 'invitation_not_valid' } });
    expect(JSON.stringify(wrong)).not.toContain(newcomer.email);
    const unknown = await (await as(newcomer)).rpc('accept_invitation', { token: `${token}0` });
    expect(unknown).toEqual(wrong);

    const member = await as(newcomer);
    expect((await member.from('users').select('id')).data).toEqual([]);
    const accepted = await member.rpc('accept_invitation', { token, full_name: 'New Comer' });
    expect(accepted).toMatchObject({ error: null, data: { company_id: team.id, role: 'client' } });
    expect((await member.from('users').select('full_name')).data).toHaveLength(2);

    const own = await member.rpc('change_member_role', {
      company_id: team.id,
      user_id: newcomer.id,
      role: 'agent',
    });
    expect(own).toMatchObject({ status: 403, error: { details: 'own_membership' } });
    const removed = await client.rpc('remove_member', {
      company_id: team.id,
      user_id: newcomer.id,
    });
    expect(removed).toMatchObject({ error: null, data: { valid_api_key_ids: [] } });
    expect((await member.from('users').select('id')).data).toEqual([]);
    const last = await client.rpc('leave_company', { company_id: team.id });
    expect(last).toMatchObject({ status: 403, error: { details: 'last_client' } });
  });
});
