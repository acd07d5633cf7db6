import { describe, expect, test } from 'vitest';
import { generateAccessMatrix } from '../../../scripts/lib/generate/access-matrix.ts';
import { generateErd } from '../../../scripts/lib/generate/erd.ts';
import { generateReference } from '../../../scripts/lib/generate/reference.ts';
import { generateSchema } from '../../../scripts/lib/generate/schema.ts';
import { useDatabase } from '../support/database.ts';

const project = useDatabase({ template: 'empty' });
const db = useDatabase();

describe('generated files', () => {
  test('change with the migrations and not with the calendar', async () => {
    const generate = async () => [
      await generateSchema(project.url(), db.url()),
      await generateErd(db.url()),
      await generateAccessMatrix(db.url()),
      await generateReference(db.url()),
    ];
    const before = await generate();
    await db.client.query('update private.partitioned_tables set months_ahead = months_ahead + 5');
    const { rows } = await db.client.query<{ created: number }>(
      'select private.maintain_partitions() as created',
    );
    expect(rows[0]?.created).toBeGreaterThan(0);
    expect(await generate()).toEqual(before);
    expect(before.join('\n')).not.toMatch(/_p\d{6}/);
  }, 180_000);

  test('the access matrix follows grants, policies and permissions', async () => {
    const row = async (): Promise<string | undefined> =>
      /^\| `services` \|.*$/m.exec(await generateAccessMatrix(db.url()))?.[0];
    expect(await row()).toContain('| S I U D | S |');
    await db.client.query('revoke delete on public.services from authenticated');
    expect(await row()).toContain('| S I U | S |');
    await db.client.query('drop policy update_member on public.services');
    expect(await row()).toContain('| S I | S |');
    await db.client.query(
      `delete from private.role_permissions where role = 'agent' and permission = 'services.read'`,
    );
    expect(await row()).toContain('| S I | – |');
  });

  test('the reference names who may execute a function, and its errors', async () => {
    const page = await generateReference(db.url());
    const section = /### switch_company\n[\s\S]*?(?=\n###? )/.exec(page)?.[0];
    expect(section).toContain('- For: agent, client, compliance_admin, admin');
    expect(section).toContain('- Errors: 42501 [`not_a_member`](../docs/errors.md).');
    const internal = /### switch_company\(p_company_id uuid\)\n[\s\S]*?(?=\n###? )/.exec(page)?.[0];
    expect(internal).toContain('- May execute: `authenticated`, `platform_admin`');
  });
});
