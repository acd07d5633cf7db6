import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../../scripts/lib/doctor/manifest.ts';
import type { Finding } from '../../../scripts/lib/doctor/types.ts';
import { generateTroubleshooting } from '../../../scripts/lib/generate/troubleshooting.ts';
import { LOCAL_JWT_SECRET } from '../../../scripts/lib/keys.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { signTokenFor } from '../../../scripts/lib/token.ts';
import { useDatabase } from '../support/database.ts';

const db = useDatabase();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'));
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(await readManifest(db.client)));
});
afterAll(() => rm(folder, { recursive: true }));

const doctor = (...args: string[]) =>
  execa('node', ['--import', 'tsx', 'scripts/run-doctor.ts', '--db', db.url(), ...args], {
    cwd: rootDir,
    reject: false,
    env: { NO_COLOR: '1' },
  });
const withManifest = (...args: string[]) =>
  doctor('--manifest', join(folder, 'manifest.json'), ...args);

describe('npm run doctor', () => {
  it('ends with 0 on a sound database, and says so', async () => {
    const { exitCode, stdout } = await withManifest();
    expect(stdout).toMatch(/✔ Nothing is wrong: 0 errors, 0 warnings, \d+ for information\.$/);
    expect(exitCode).toBe(0);
  });

  it('ends with 1, explains, and prints statements that make it silent', async () => {
    await db.client.query(`
      update public.companies set status = 'suspended', status_reason = 'planted' where slug = 'acme';
      create policy planted on public.jobs for select to authenticated using (true);
      update storage.buckets set public = true where id = 'media'`);
    const text = await withManifest('--user', 'alice@acme.example');
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toContain('✘ error access.company_suspended  Acme is suspended since');
    expect(text.stdout).toContain('Reason: planted.');
    expect(text.stdout).toContain('drop policy planted on public.jobs;');
    expect(text.stdout).toMatch(/3 errors, 0 warnings/);
    const json = await withManifest('--user', 'ALICE@acme.example', '--json');
    expect(json.exitCode).toBe(1);
    const findings = JSON.parse(json.stdout) as Finding[];
    expect(findings.filter((f) => f.severity === 'error').map((f) => f.check_id)).toEqual([
      'access.company_suspended',
      'platform.bucket_public',
      'schema.policy_extra',
    ]);
    const sql = await withManifest('--user', 'alice@acme.example', '--sql');
    await db.client.query(sql.stdout);
    const after = await withManifest('--user', 'alice@acme.example');
    expect(after.stdout).toContain('✔ ok access.ok  Nothing keeps alice@acme.example out of Acme.');
    expect(after.exitCode).toBe(0);
  });

  it("reads a request's token and headers", async () => {
    const token = await signTokenFor(db.url(), LOCAL_JWT_SECRET, { as: 'alice' });
    const sound = await withManifest('--user', 'alice@acme.example', '--token', token);
    expect(sound.exitCode).toBe(0);
    const wrong = await withManifest(
      ...['--user', 'alice@acme.example', '--token', token],
      ...['--header', 'X-Company-Id: 00000000-0000-4000-8000-00000000c002'],
    );
    expect(wrong.stdout).toContain('access.no_membership');
    expect(wrong.stdout).not.toContain(token);
    expect(wrong.exitCode).toBe(1);
  });

  it('asks about one permission', async () => {
    const { stdout, exitCode } = await withManifest(
      ...['--user', 'adam@acme.example', '--company', 'acme', '--permission', 'invoices.read'],
    );
    expect(stdout).toContain('adam@acme.example does not hold invoices.read in Acme.');
    expect(exitCode).toBe(1);
  });

  it.each([
    ['a company', ['--company', 'nowhere'], 'There is no company nowhere.'],
    ['a person', ['--user', 'nobody@example.com'], 'Nobody has signed up as nobody@example.com.'],
    ['a permission', ['--user', 'alice@acme.example', '--permission', 'no.such'], 'not known'],
    ['a token', ['--user', 'alice@acme.example', '--token', 'x'], 'that is no JWT'],
  ])('ends with 2 when it is asked about %s that is none', async (_what, args, message) => {
    const { exitCode, stderr } = await withManifest(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });

  it('ends with 2 without a manifest, and with 4 without a database', async () => {
    expect((await doctor('--manifest', join(folder, 'none.json'))).exitCode).toBe(2);
    expect((await withManifest('--db', 'postgresql://127.0.0.1:1/x')).exitCode).toBe(4);
  });

  it('changes nothing', async () => {
    const count = `select (select count(*) from public.data_retention_logs)::integer as logs,
                          (select count(*) from public.audit_logs)::integer as entries`;
    const before = await db.client.query(count);
    await withManifest('--company', 'acme');
    expect((await db.client.query(count)).rows).toEqual(before.rows);
  });
});

describe('docs/troubleshooting.md', () => {
  it('has every check with its words, and nothing that is not filled in', async () => {
    const page = await generateTroubleshooting(db.url());
    const { rows } = await db.client.query<{ check_id: string }>(
      `select check_id from private.diagnosis_checks where severity <> 'ok' order by 1`,
    );
    const headings = [...page.matchAll(/^### (.+)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual(rows.map(({ check_id }) => check_id).sort());
    expect(page.replaceAll(/```[\s\S]*?```/g, '')).not.toMatch(/\{[a-z_]+[!#]?\}|‹|›/);
  });
});
