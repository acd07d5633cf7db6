import type pg from 'pg';
import { UserError } from '../errors.ts';

/** An account of Supabase Auth that is a member of the company. */
export interface Person {
  id: string;
  email: string | null;
  phone: string | null;
  email_confirmed_at: string | null;
  phone_confirmed_at: string | null;
  created_at: string | null;
  is_sso_user: boolean;
  is_anonymous: boolean;
  raw_user_meta_data: unknown;
  /** Only where sign-ins go along. */
  sign_in?: {
    encrypted_password: string | null;
    raw_app_meta_data: unknown;
    identities: Identity[];
  };
}

interface Identity {
  provider: string;
  provider_id: string;
  identity_data: unknown;
  created_at: string | null;
}

/** The accounts of a company's members, some at a time, by id. */
export async function* readPeople(
  client: pg.ClientBase,
  companyId: string,
  withSignIn: boolean,
): AsyncGenerator<Person> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await client.query<{ id: string; person: Person }>(
      `select u.id, jsonb_build_object(
                'id', u.id, 'email', u.email, 'phone', u.phone, 'email_confirmed_at', u.email_confirmed_at,
                'phone_confirmed_at', u.phone_confirmed_at, 'created_at', u.created_at, 'is_sso_user', u.is_sso_user,
                'is_anonymous', u.is_anonymous, 'raw_user_meta_data', u.raw_user_meta_data - 'invitation_token')
              || case when $3 then jsonb_build_object('sign_in', jsonb_build_object(
                'encrypted_password', u.encrypted_password, 'raw_app_meta_data', u.raw_app_meta_data,
                'identities', coalesce((
                  select jsonb_agg(jsonb_build_object(
                           'provider', i.provider, 'provider_id', i.provider_id, 'identity_data', i.identity_data,
                           'created_at', i.created_at) order by i.provider, i.provider_id)
                    from auth.identities as i where i.user_id = u.id), '[]'))) else '{}' end as person
         from public.users as m
         join auth.users as u on u.id = m.id
        where m.company_id = $1 and m.id > $2
        order by m.id
        limit 1000`,
      [companyId, after, withSignIn],
    );
    for (const { id, person } of rows) {
      after = id;
      yield person;
    }
    if (rows.length < 1000) {
      return;
    }
  }
}

/** Who is who at the other end: whom a member's id stands for there, and who is missing. */
export interface Matching {
  /** Of members who have another id there. */
  ids: Map<string, string>;
  missing: Person[];
}

/**
 * Finds members in another project: by id, and under new ids by their confirmed e-mail address. An address that nobody
 * has confirmed there would hand a membership to whoever signed up with it.
 */
export async function matchPeople(
  client: pg.ClientBase,
  people: readonly Person[],
  byEmail: boolean,
): Promise<Matching> {
  const { rows } = await client.query<{
    id: string;
    found_id: string | null;
    other_id: string | null;
    is_confirmed: boolean | null;
  }>(
    `select p.id, a.id as found_id, b.id as other_id, b.email_confirmed_at is not null as is_confirmed
       from unnest($1::uuid[], $2::text[]) as p (id, email)
       left join auth.users as a on a.id = p.id
       left join lateral (
         select x.id, x.email_confirmed_at from auth.users as x
          where lower(x.email) = lower(p.email) and not x.is_sso_user and x.id <> p.id limit 1
       ) as b on a.id is null`,
    [people.map(({ id }) => id), people.map(({ email }) => email)],
  );
  const byId = new Map(people.map((person) => [person.id, person]));
  const ids = new Map<string, string>();
  const missing: Person[] = [];
  const taken: string[] = [];
  for (const row of rows) {
    const person = byId.get(row.id);
    if (row.found_id !== null || !person) {
      continue;
    }
    if (row.other_id === null) {
      missing.push(person);
    } else if (byEmail && row.is_confirmed === true) {
      ids.set(row.id, row.other_id);
    } else {
      taken.push(`${person.email} is ${row.other_id} there, not ${row.id}`);
    }
  }
  if (taken.length > 0) {
    throw new UserError(
      byEmail
        ? 'Accounts there have the address of a member, which nobody has confirmed.'
        : 'Accounts there have the address of a member, and another id.',
      {
        details: taken.slice(0, 20).join('\n'),
        fix: byEmail
          ? 'let these people confirm their address there first'
          : 'a company keeps the ids of its members: delete or rename these accounts, or import with --new-ids',
      },
    );
  }
  return { ids, missing };
}

/** Refuses people who are missing, unless they are to be created. */
export function refuseMissing(missing: readonly Person[]): void {
  if (missing.length > 0) {
    throw new UserError(`${missing.length} members have no account there.`, {
      details: missing
        .slice(0, 20)
        .map(({ id, email }) => `${id} ${email ?? ''}`)
        .join('\n'),
      fix: 'let them sign up first, or pass --create-people',
    });
  }
}

/**
 * Makes accounts, under the ids that they have. What was not exported with its sign-in has no password: these people ask
 * for a new one. Pending confirmations do not go along.
 */
export async function createPeople(
  client: pg.ClientBase,
  people: readonly Person[],
): Promise<void> {
  for (const person of people) {
    await client.query(
      `insert into auth.users (
         instance_id, id, aud, role, email, phone, encrypted_password, email_confirmed_at, phone_confirmed_at,
         raw_app_meta_data, raw_user_meta_data, is_sso_user, is_anonymous, confirmation_token, recovery_token,
         email_change_token_new, email_change, created_at, updated_at)
       values ('00000000-0000-0000-0000-000000000000', $1, 'authenticated', 'authenticated', $2, $3, $4, $5, $6,
         $7, $8, $9, $10, '', '', '', '', coalesce($11, now()), now())`,
      [
        person.id,
        person.email,
        person.phone,
        person.sign_in?.encrypted_password ?? null,
        person.email_confirmed_at,
        person.phone_confirmed_at,
        JSON.stringify(
          person.sign_in?.raw_app_meta_data ?? { provider: 'email', providers: ['email'] },
        ),
        JSON.stringify(person.raw_user_meta_data ?? {}),
        person.is_sso_user,
        person.is_anonymous,
        person.created_at,
      ],
    );
    const identities: Identity[] =
      person.sign_in?.identities ??
      (person.email === null
        ? []
        : [
            {
              provider: 'email',
              provider_id: person.id,
              identity_data: { sub: person.id, email: person.email },
              created_at: null,
            },
          ]);
    for (const identity of identities) {
      await client.query(
        `insert into auth.identities (id, user_id, provider, provider_id, identity_data, created_at, updated_at)
         values (gen_random_uuid(), $1, $2, $3, $4, coalesce($5, now()), now())`,
        [
          person.id,
          identity.provider,
          identity.provider_id,
          JSON.stringify(identity.identity_data),
          identity.created_at,
        ],
      );
    }
  }
}
