import { expect, test } from 'vitest';
import { CAST, COMPANIES, type MemberRole } from '../../../scripts/lib/cast.ts';
import { useDatabase } from '../support/database.ts';

const db = useDatabase();

test('the companies of the cast are those of the seed', async () => {
  const { rows } = await db.client.query<{
    id: string;
    slug: string;
    name: string;
    status: string;
    is_operator: boolean;
  }>('select id, slug, name, status, is_operator from public.companies order by id');
  expect(rows).toEqual(
    Object.values(COMPANIES).map(({ id, slug, name, status, isOperator }) => ({
      id,
      slug,
      name,
      status,
      is_operator: isOperator,
    })),
  );
});

test('the people of the cast are those of the seed', async () => {
  const { rows } = await db.client.query<{ id: string; email: string }>(
    'select id, email from auth.users order by id',
  );
  expect(rows).toEqual(
    Object.values(CAST)
      .filter((actor) => actor.id !== null)
      .map(({ id, email }) => ({ id, email })),
  );
});

test('roles and states of the cast are those of the seed', async () => {
  const { rows } = await db.client.query<{
    id: string;
    company: string;
    role: MemberRole;
    status: string;
  }>(
    `select u.id, c.slug as company, u.role, u.status
       from public.users as u
       join public.companies as c on c.id = u.company_id
      order by u.id, c.id`,
  );
  expect(rows).toEqual(
    Object.values(CAST).flatMap(({ id, memberships }) =>
      memberships.map((membership) => ({ id, ...membership })),
    ),
  );
});
