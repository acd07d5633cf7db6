import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Attempt, attempt } from '../support/actors.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';
import { ask, begin, createPerson, createTeam, type Person } from './support.ts';

const db = useDatabase();

const ACCEPT = 'select (public.accept_invitation($1)).*';

async function invite(company: string, email: string): Promise<{ id: string; token: string }> {
  const { rows } = await db.client.query<{ id: string; token: string }>(
    `select invitation_id as id, token from public.invite_member($1, $2, 'agent')`,
    [company, email],
  );
  const [invitation] = rows;
  if (!invitation) {
    throw new Error('no invitation');
  }
  return invitation;
}

/**
 * Two statements at once: the first holds its locks until the second waits for them, then commits. So the second sees
 * what the first has done, in the order that the test is about.
 */
async function race(
  first: { by: Person; sql: string; values: unknown[] },
  second: { by: Person; sql: string; values: unknown[] },
): Promise<[Attempt, Attempt]> {
  const [one, other] = await twoSessions(db);
  await begin(one, first.by);
  const early = await attempt(one, first.sql, first.values);
  await begin(other, second.by);
  // The claims of both are read before either commits.
  const waiting = attempt(other, second.sql, second.values);
  await untilBlocked(db, other);
  await one.query('commit');
  const late = await waiting;
  await other.query('commit');
  return [early, late];
}

async function members(company: string): Promise<Record<string, string>> {
  const { rows } = await db.client.query<{ id: string; state: string }>(
    `select id, role || ' ' || status as state from public.users where company_id = $1`,
    [company],
  );
  return Object.fromEntries(rows.map((row) => [row.id, row.state]));
}

async function joined(company: string): Promise<number> {
  const { rows } = await db.client.query<{ n: number }>(
    `select count(*)::integer as n from private.outbox_events where company_id = $1 and topic = 'member.joined'`,
    [company],
  );
  return rows[0]?.n ?? -1;
}

describe('an invitation that two sessions accept', () => {
  it('makes one member of one person, who gets the same answer twice', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const { token } = await invite(team.id, person.email);
    const accept = { by: person, sql: ACCEPT, values: [token] };
    const [one, other] = await race(accept, accept);
    expect(one).toMatchObject({ code: null, rows: [{ company_id: team.id, role: 'agent' }] });
    expect(other).toEqual(one);
    expect(await joined(team.id)).toBe(1);
  });

  it('lets one of two accounts with the same address win, and tells the other', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const double = await createPerson(db.client, { email: person.email, isSso: true });
    const { token } = await invite(team.id, person.email);
    const [one, other] = await race(
      { by: double, sql: ACCEPT, values: [token] },
      { by: person, sql: ACCEPT, values: [token] },
    );
    expect(one.code).toBeNull();
    expect(other).toMatchObject({ code: 'PT409', token: 'invitation_used' });
    expect(Object.keys(await members(team.id))).toEqual(
      expect.arrayContaining([double.id, team.clients[0]?.id]),
    );
    expect((await members(team.id))[person.id]).toBeUndefined();
    expect(await joined(team.id)).toBe(1);
  });

  it('is accepted by one of many, whatever the order', async () => {
    const team = await createTeam(db.client, 1);
    const email = `${randomUUID()}@people.example`;
    const people: Person[] = [];
    for (let n = 0; n < 8; n += 1) {
      people.push(await createPerson(db.client, { email, isSso: n > 0 }));
    }
    const { token } = await invite(team.id, email);
    const sessions = await Promise.all(people.map(() => db.connect()));
    const answers = await Promise.all(
      people.map((person, n) => ask(sessions[n] as pg.Client, person, ACCEPT, [token])),
    );
    expect(answers.map((answer) => answer.token ?? 'accepted').sort()).toEqual([
      'accepted',
      ...Array.from({ length: 7 }, () => 'invitation_used'),
    ]);
    expect(await joined(team.id)).toBe(1);
  });
});

describe('an invitation that is changed while it is accepted', () => {
  it('is worth nothing when it was revoked first', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const { id, token } = await invite(team.id, person.email);
    const [client] = team.clients as [Person];
    const [revoked, accepted] = await race(
      { by: client, sql: 'select public.revoke_invitation($1, $2)', values: [team.id, id] },
      { by: person, sql: ACCEPT, values: [token] },
    );
    expect(revoked.code).toBeNull();
    expect(accepted).toMatchObject({ code: '42501', token: 'invitation_not_valid' });
    expect((await members(team.id))[person.id]).toBeUndefined();
  });

  it('is worth nothing when the backend revoked it in the table first', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const { id, token } = await invite(team.id, person.email);
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      `update public.invitations set status = 'revoked', revoked_at = now() where id = $1`,
      [id],
    );
    const waiting = ask(other, person, ACCEPT, [token]);
    await untilBlocked(db, other);
    await one.query('commit');
    expect(await waiting).toMatchObject({ code: '42501', token: 'invitation_not_valid' });
  });

  it('cannot be revoked when it was accepted first', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const { id, token } = await invite(team.id, person.email);
    const [client] = team.clients as [Person];
    const [accepted, revoked] = await race(
      { by: person, sql: ACCEPT, values: [token] },
      { by: client, sql: 'select public.revoke_invitation($1, $2)', values: [team.id, id] },
    );
    expect(accepted.code).toBeNull();
    expect(revoked).toMatchObject({ code: '23514', token: 'invitation_ended' });
    expect((await members(team.id))[person.id]).toBe('agent active');
  });

  it('is worth nothing by its old token when it was sent again first', async () => {
    const team = await createTeam(db.client, 1);
    const person = await createPerson(db.client);
    const { id, token } = await invite(team.id, person.email);
    await db.client.query(
      `update public.invitations set last_sent_at = now() - interval '1 hour' where id = $1`,
      [id],
    );
    const [client] = team.clients as [Person];
    const [sent, accepted] = await race(
      {
        by: client,
        sql: 'select token from public.resend_invitation($1, $2)',
        values: [team.id, id],
      },
      { by: person, sql: ACCEPT, values: [token] },
    );
    expect(accepted).toMatchObject({ code: '42501', token: 'invitation_not_valid' });
    const again = await ask(db.client, person, ACCEPT, [sent.rows[0]?.token]);
    expect(again.code).toBeNull();
  });

  it('is worth nothing when its inviter is removed first', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const person = await createPerson(db.client);
    const { rows } = await ask(
      db.client,
      carl,
      `select token from public.invite_member($1, $2, 'client')`,
      [team.id, person.email],
    );
    const [removed, accepted] = await race(
      { by: alice, sql: 'select public.remove_member($1, $2)', values: [team.id, carl.id] },
      { by: person, sql: ACCEPT, values: [rows[0]?.token] },
    );
    expect(removed.code).toBeNull();
    expect(accepted).toMatchObject({ code: '42501', token: 'invitation_not_valid' });
  });

  it('is not made, nor sent again, by somebody who is removed first', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const remove = 'select public.remove_member($1, $2)';
    const [, made] = await race(
      { by: alice, sql: remove, values: [team.id, carl.id] },
      {
        by: carl,
        sql: `select public.invite_member($1, 'pal@people.example', 'client')`,
        values: [team.id],
      },
    );
    expect(made).toMatchObject({ code: '42501', token: 'not_your_company' });
    const other = await createTeam(db.client, 2);
    const [dora, emil] = other.clients as [Person, Person];
    const { id } = await invite(other.id, 'pal@people.example');
    const [, revoked] = await race(
      { by: dora, sql: remove, values: [other.id, emil.id] },
      { by: emil, sql: 'select public.revoke_invitation($1, $2)', values: [other.id, id] },
    );
    expect(revoked).toMatchObject({ code: '42501', token: 'not_your_company' });
  });

  it('is not pruned while it is sent again', async () => {
    const team = await createTeam(db.client, 1);
    const { id } = await invite(team.id, 'late@people.example');
    await db.client.query(
      `update public.invitations set expires_at = now() - interval '91 days' where id = $1`,
      [id],
    );
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(
      `update public.invitations set expires_at = now() + interval '1 day' where id = $1`,
      [id],
    );
    const pruned = await other.query<{ n: string }>(
      `select private.prune_invitations()::text as n`,
    );
    await one.query('commit');
    expect(pruned.rows).toEqual([{ n: '0' }]);
    const { rowCount } = await db.client.query('select from public.invitations where id = $1', [
      id,
    ]);
    expect(rowCount).toBe(1);
  });

  it('is made once for an address that two invite', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const sql = `select token from public.invite_member($1, 'new@people.example', 'agent')`;
    const [one, other] = await race(
      { by: alice, sql, values: [team.id] },
      { by: carl, sql, values: [team.id] },
    );
    expect(one.code).toBeNull();
    expect(other).toMatchObject({ code: '23505', token: 'already_invited' });
  });
});

describe('two clients of a company', () => {
  const ways: Record<string, string> = {
    remove: 'select public.remove_member($1, $2)',
    disable: 'select public.disable_member($1, $2)',
    demote: `select public.change_member_role($1, $2, 'agent')`,
  };
  for (const [one, first] of Object.entries(ways)) {
    for (const [other, second] of Object.entries(ways)) {
      it(`who ${one} and ${other} each other: one loses`, async () => {
        const team = await createTeam(db.client, 2);
        const [alice, carl] = team.clients as [Person, Person];
        const [early, late] = await race(
          { by: alice, sql: first, values: [team.id, carl.id] },
          { by: carl, sql: second, values: [team.id, alice.id] },
        );
        expect(early.code).toBeNull();
        expect(late).toMatchObject({ code: '42501', token: 'not_your_company' });
        expect((await members(team.id))[alice.id]).toBe('client active');
        expect((await members(team.id))[carl.id]).not.toBe('client active');
      });
    }
  }

  it('of whom one leaves while they are disabled: they stay, disabled', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const [disabled, left] = await race(
      { by: alice, sql: 'select public.disable_member($1, $2)', values: [team.id, carl.id] },
      { by: carl, sql: 'select public.leave_company($1)', values: [team.id] },
    );
    expect(disabled.code).toBeNull();
    expect(left).toMatchObject({ code: '42501', token: 'not_a_member' });
    expect((await members(team.id))[carl.id]).toBe('client disabled');
  });

  it('who leave at once: one stays', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const leave = 'select public.leave_company($1)';
    const [early, late] = await race(
      { by: alice, sql: leave, values: [team.id] },
      { by: carl, sql: leave, values: [team.id] },
    );
    expect(early.code).toBeNull();
    expect(late).toMatchObject({ code: '42501', token: 'last_client' });
    expect(await members(team.id)).toEqual({ [carl.id]: 'client active' });
  });

  it('of whom one leaves while the other is taken users.write: one stays who manages', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const [early, late] = await race(
      {
        by: alice,
        sql: `select public.remove_permission($1, 'users.write')`,
        values: [carl.id],
      },
      { by: carl, sql: 'select public.remove_member($1, $2)', values: [team.id, alice.id] },
    );
    expect(early.code).toBeNull();
    expect(late).toMatchObject({ code: '42501', token: 'not_your_company' });
    const leaving = await ask(db.client, alice, 'select public.leave_company($1)', [team.id]);
    expect(leaving.token).toBe('last_client');
  });

  it('of whom one leaves first: users.write is not taken from the other', async () => {
    const team = await createTeam(db.client, 2);
    const [alice, carl] = team.clients as [Person, Person];
    const rob = await createPerson(db.client);
    await db.client.query(
      `insert into public.users (company_id, id, email, full_name, role, granted_permissions)
       select $1, $2, $3, 'Rob', 'agent', array_agg(permission) from private.role_permissions where role = 'client'`,
      [team.id, rob.id, rob.email],
    );
    const [left, taken] = await race(
      { by: alice, sql: 'select public.leave_company($1)', values: [team.id] },
      {
        by: rob,
        sql: `select public.remove_permission($1, 'users.write')`,
        values: [carl.id],
      },
    );
    expect(left.code).toBeNull();
    expect(taken).toMatchObject({ code: '42501', token: 'last_client' });
  });

  it('who all act at once, many times: a client who manages is always left', async () => {
    const rounds = 6;
    for (let round = 0; round < rounds; round += 1) {
      const team = await createTeam(db.client, 4);
      const sessions = await Promise.all(team.clients.map(() => db.connect()));
      const sqls = Object.values(ways);
      const answers = await Promise.all(
        team.clients.map((person, n) => {
          const target = team.clients[(n + 1) % team.clients.length] as Person;
          return n === round % 4
            ? ask(sessions[n] as pg.Client, person, 'select public.leave_company($1)', [team.id])
            : ask(sessions[n] as pg.Client, person, sqls[(n + round) % sqls.length] as string, [
                team.id,
                target.id,
              ]);
        }),
      );
      await Promise.all(sessions.map((session) => session.end()));
      expect(answers.filter((answer) => answer.code === null).length).toBeGreaterThan(0);
      expect(
        answers.map((answer) => answer.token).filter((token) => token !== null),
        'refused by rule, not by deadlock',
      ).toEqual(
        answers
          .map((answer) => answer.token)
          .filter((token) =>
            ['not_your_company', 'last_client', 'not_a_member'].includes(token ?? ''),
          ),
      );
      expect(answers.every((answer) => answer.code === null || answer.code === '42501')).toBe(true);
      expect(Object.values(await members(team.id))).toContain('client active');
    }
  });
});

describe('what a role brings, changed while members change', () => {
  const stale = `select count(*)::integer as n from public.users as u
    where u.effective_permissions <> private.permissions_with(u.role, u.granted_permissions, u.revoked_permissions)`;
  const taken = `delete from private.role_permissions where role = 'client' and permission = 'services.write'`;

  it('is not given back by an older snapshot', async () => {
    const team = await createTeam(db.client, 1);
    const [one, other] = await twoSessions(db);
    const change = `update public.users set role = role where company_id = '${team.id}' returning id`;
    await other.query('begin isolation level repeatable read');
    expect((await other.query('select from public.users')).rowCount).toBeGreaterThan(0);
    await one.query(taken);
    expect(await attempt(other, change)).toMatchObject({ code: '40001' });
    await other.query('rollback; begin');
    expect(await attempt(other, change)).toMatchObject({ code: null });
    await other.query('rollback');
    expect((await one.query(stale)).rows).toEqual([{ n: 0 }]);
    await one.query(
      `insert into private.role_permissions (role, permission) values ('client', 'services.write')`,
    );
  });

  it('waits for a member who is just joining', async () => {
    const team = await createTeam(db.client, 1);
    const [one, other] = await twoSessions(db);
    await one.query('begin');
    await one.query(`update public.users set role = role where company_id = '${team.id}'`);
    await other.query('begin');
    const late = attempt(other, taken);
    await untilBlocked(db, other);
    await one.query('commit');
    expect(await late).toMatchObject({ code: null });
    expect((await other.query(stale)).rows).toEqual([{ n: 0 }]);
    await other.query('rollback');
  });
});
