import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { impersonate } from '../../../scripts/lib/token.ts';
import { type Attempt, attempt } from '../support/actors.ts';

/** Somebody with an account of Supabase Auth. */
export interface Person {
  readonly id: string;
  readonly email: string;
}

/** A company of its own, with clients who run it. */
export interface Team {
  readonly id: string;
  readonly clients: readonly Person[];
}

/** An account, with a confirmed address unless told otherwise. */
export async function createPerson(
  client: pg.ClientBase,
  options: { email?: string; isConfirmed?: boolean; isSso?: boolean } = {},
): Promise<Person> {
  const id = randomUUID();
  const email = options.email ?? `${id}@people.example`;
  await client.query(
    `insert into auth.users (id, email, email_confirmed_at, is_sso_user) values ($1, $2, $3, $4)`,
    [id, email, options.isConfirmed === false ? null : new Date(), options.isSso ?? false],
  );
  return { id, email };
}

/** A company with so many clients. */
export async function createTeam(client: pg.ClientBase, size: number): Promise<Team> {
  const id = randomUUID();
  await client.query(
    `insert into public.companies (id, slug, name, contact_email) values ($1, $2, 'Team', 'a@team.example')`,
    [id, `team-${id.slice(0, 8)}`],
  );
  const clients: Person[] = [];
  for (let n = 0; n < size; n += 1) {
    const person = await createPerson(client);
    await client.query(
      `insert into public.users (company_id, id, email, full_name, role) values ($1, $2, $3, 'Client', 'client')`,
      [id, person.id, person.email],
    );
    clients.push(person);
  }
  return { id, clients };
}

/** Begins a transaction in which a person asks, as PostgREST does it. */
export async function begin(session: pg.ClientBase, person: Person): Promise<void> {
  await session.query('begin');
  await impersonate(session, { sub: person.id, role: 'authenticated' });
}

/** One statement of a person, committed, or refused. */
export async function ask(
  session: pg.Client,
  person: Person,
  sql: string,
  values: unknown[] = [],
): Promise<Attempt> {
  await begin(session, person);
  const answer = await attempt(session, sql, values);
  await session.query('commit');
  return answer;
}
