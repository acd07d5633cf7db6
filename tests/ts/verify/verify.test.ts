import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, dropDatabase } from '../../../scripts/lib/database.ts';
import { UserError } from '../../../scripts/lib/errors.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { parseConfig, readConfig } from '../../../scripts/lib/verify/config.ts';
import { verify } from '../../../scripts/lib/verify/index.ts';
import type { Certificate } from '../../../scripts/lib/verify/types.ts';
import { useDatabase } from '../support/database.ts';

const config = readConfig(join(rootDir, 'verify.config.json'));

const problems = (certificate: Certificate): string[] =>
  certificate.findings
    .filter(({ level }) => level !== 'note')
    .map(({ id, message }) => `${id}: ${message}`);

const command = (args: readonly string[]) =>
  execa('node', [join(rootDir, 'bin/lytbub-supabase-shell.mjs'), ...args], {
    reject: false,
    env: { DATABASE_URL: '', NO_COLOR: '1', LYTBUB_COMMAND: '' },
    cwd: tmpdir(),
  });

describe('the isolation prover on this schema', () => {
  const db = useDatabase();

  const census = async (): Promise<unknown> => {
    const { rows } = await db.client.query(
      `select (select count(*) from public.companies) as companies, (select count(*) from public.users) as users,
              (select count(*) from auth.users) as people, (select count(*) from public.audit_logs) as audit,
              (select count(*) from storage.objects) as files`,
    );
    return rows;
  };

  // One proof, looked at from several sides: it takes minutes.
  let certificate: Certificate;
  let before: unknown;

  beforeAll(async () => {
    before = await census();
    certificate = await verify({ url: db.url(), config, reporter: silentReporter, local: true });
  }, 600_000);

  it('proves it whole: nothing leaks, nothing is unproven, nothing is not covered', async () => {
    expect(problems(certificate)).toEqual([]);
    expect(certificate.summary).toMatchObject({
      result: 'proven',
      leaks: 0,
      unproven: 0,
      notCovered: 0,
    });
    // Everybody of the roles took part, and whoever may, could.
    expect(certificate.actors.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'client of A',
        'agent of A',
        'compliance_admin of A',
        'admin',
        'anonymous',
      ]),
    );
    expect(certificate.summary.allowed).toBeGreaterThan(100);
    expect(await census()).toEqual(before);
  });

  it('covers every table, partition, callable function and bucket with cells', () => {
    const having = new Set(certificate.cells.map(({ object }) => object));
    const without = certificate.objects
      .filter(({ name }) => /^(?:public\.|private\.agent_logs|storage\.objects in )/.test(name))
      .filter(({ kind, name }) => kind !== 'publication' && !having.has(name))
      .map(({ name }) => name);
    // What is left cannot be called: trigger functions.
    expect(without.filter((name) => !/\.tg_/.test(name))).toEqual([]);
  });

  it.each([
    [
      'a policy too many',
      'create policy hole on public.services for select to authenticated using (true)',
      'row-read',
      'public.services',
    ],
    [
      'row level security off on a partition that is granted',
      'alter table private.api_usage_default disable row level security; grant select on private.api_usage_default to authenticated',
      'row-read',
      'private.api_usage_default',
    ],
    [
      'a gate that forgets the membership',
      "create or replace function private.company_for(p_permission text) returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$ begin return private.parse_uuid(private.parse_json_object(current_setting('request.jwt.claims', true)) ->> 'company_id'); end $$",
      'row-read',
      'public.services',
    ],
    [
      'a storage policy that forgets the folder',
      "create policy hole on storage.objects for select to authenticated using (bucket_id = 'documents')",
      'row-read',
      'storage.objects in documents',
    ],
    [
      'deletions published',
      "alter publication supabase_realtime set (publish = 'insert, update, delete')",
      'publication-deletes',
      'public.jobs',
    ],
  ])(
    'notices %s',
    async (_name, sql, rule, object) => {
      const clone = await cloneDatabase(db.cluster, inject('testServer').templates.default);
      try {
        const url = db.cluster.urlFor(clone);
        await withClient(url, (client) => client.query(sql));
        const certificate = await verify({
          url,
          config,
          reporter: silentReporter,
          only: [object],
          local: true,
        });
        expect(
          certificate.findings.map((one) => `${one.level} ${one.rule} ${one.object}`),
        ).toContain(`leak ${rule} ${object}`);
      } finally {
        await dropDatabase(db.cluster, clone);
      }
    },
    60_000,
  );

  it('gives a script with which psql reproduces the leak', async () => {
    const clone = await cloneDatabase(db.cluster, inject('testServer').templates.default);
    try {
      const url = db.cluster.urlFor(clone);
      await withClient(url, (client) =>
        client.query(
          'create policy hole on public.services for select to authenticated using (true)',
        ),
      );
      const certificate = await verify({
        url,
        config,
        reporter: silentReporter,
        only: ['public.services'],
      });
      const leak = certificate.findings.find(
        ({ rule, verb }) => rule === 'row-read' && verb === 'select',
      );
      const script = `begin;\n${certificate.setup}\n${leak?.evidence?.sql ?? ''}\nrollback;\n`;
      const { stdout } = await execa(
        'psql',
        ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', url],
        { input: script },
      );
      expect(stdout).toContain('bravoqz');
    } finally {
      await dropDatabase(db.cluster, clone);
    }
  }, 60_000);

  it('says by its exit code what it found', async () => {
    const only = [
      '--only',
      'public.plan_tiers',
      '--only',
      'public.services',
      '--config',
      join(rootDir, 'verify.config.json'),
    ];
    const proven = await command(['verify', '--db', db.url(), ...only]);
    expect({ code: proven.exitCode, text: proven.stdout }).toMatchObject({
      code: 0,
      text: expect.stringContaining('isolation proven'),
    });
    expect(proven.stderr).not.toContain('error');
    const unreachable = await command(['verify', '--db', 'postgresql://postgres@127.0.0.1:1/none']);
    expect(unreachable.exitCode).toBe(3);
    expect(unreachable.stderr).toContain('fix');
    expect((await command(['verify', '--nonsense'])).exitCode).toBe(3);
    expect((await command(['nonsense'])).exitCode).toBe(3);
    // A member role that cannot exist in an ordinary company: a gap in the proof, no leak.
    const file = join(tmpdir(), `verify-${process.pid}.json`);
    writeFileSync(
      file,
      JSON.stringify({
        ...config,
        membership: { ...config.membership, roles: ['client', 'admin'] },
      }),
    );
    const gap = await command([
      'verify',
      '--db',
      db.url(),
      '--only',
      'public.services',
      '--config',
      file,
    ]);
    rmSync(file);
    expect(gap.exitCode).toBe(2);
    expect(gap.stdout).toContain('role admin exists only in the operator company');
  }, 120_000);

  it('writes every report', async () => {
    const base = join(tmpdir(), `verify-${process.pid}`);
    const files = ['json', 'sarif', 'junit', 'html'].map((kind) => `${base}.${kind}`);
    const run = await command([
      'verify',
      '--db',
      db.url(),
      '--only',
      'public.services',
      '--config',
      join(rootDir, 'verify.config.json'),
      '--json',
      files[0] ?? '',
      '--sarif',
      files[1] ?? '',
      '--junit',
      files[2] ?? '',
      '--html',
      files[3] ?? '',
    ]);
    expect(run.exitCode).toBe(0);
    const [json, sarif, junit, html] = files.map((file) => readFileSync(file, 'utf8'));
    expect(JSON.parse(json ?? '')).toMatchObject({ summary: { result: 'proven' } });
    expect(JSON.parse(sarif ?? '')).toMatchObject({ version: '2.1.0' });
    expect(junit).toContain('<testsuites');
    expect(html).toContain('public.services');
    const again = await command([
      'verify',
      '--db',
      db.url(),
      '--only',
      'public.services',
      '--config',
      join(rootDir, 'verify.config.json'),
      '--json',
      '-',
    ]);
    expect(again.stdout.trim()).toBe(json?.trim());
    files.map((file) => rmSync(file));
  }, 120_000);

  it('keeps the companies on request, and on another host only if told twice', async () => {
    const clone = await cloneDatabase(db.cluster, inject('testServer').templates.default);
    try {
      const url = db.cluster.urlFor(clone);
      const kept = await command([
        'verify',
        '--db',
        url,
        '--only',
        'public.services',
        '--config',
        join(rootDir, 'verify.config.json'),
        '--keep',
      ]);
      expect(kept.exitCode).toBe(0);
      await withClient(url, async (client) => {
        const { rows } = await client.query(
          `select count(*)::integer as n from public.companies where id::text like 'bbbbbbbb-%'`,
        );
        expect(rows).toEqual([{ n: 1 }]);
      });
      const remote = await command([
        'verify',
        '--db',
        'postgresql://postgres@db.example.com/production',
        '--keep',
      ]);
      expect(remote.exitCode).toBe(3);
      expect(remote.stderr).toContain('--keep-in production');
      const disguised = await command([
        'verify',
        '--db',
        'postgresql:///production?host=db.example.com',
        '--keep',
      ]);
      expect(disguised.exitCode).toBe(3);
      expect(disguised.stderr).toContain('--keep-in production');
    } finally {
      await dropDatabase(db.cluster, clone);
    }
  }, 60_000);

  it('refuses a connection that could prove nothing', async () => {
    const attempt = verify({ url: db.url('authenticator'), config, reporter: silentReporter });
    await expect(attempt).rejects.toThrow(UserError);
    await expect(attempt).rejects.toThrow(/bypass row level security|cannot become/);
  });

  it('explains what is wrong with a configuration', () => {
    expect(() => parseConfig({ tenantColumm: 'x' }, 'file')).toThrow('file is not a configuration');
    expect(() => parseConfig({ exceptions: [{ object: 'public.x', reason: '' }] }, 'file')).toThrow(
      UserError,
    );
  });

  it('counts an exception with its reason, and nothing else', async () => {
    const clone = await cloneDatabase(db.cluster, inject('testServer').templates.default);
    try {
      const url = db.cluster.urlFor(clone);
      await withClient(url, (client) =>
        client.query(
          'create policy hole on public.services for select to authenticated using (true)',
        ),
      );
      const excepted = { object: 'public.serv*', reason: 'a price list that everybody may read' };
      const certificate = await verify({
        url,
        config: { ...config, exceptions: [excepted] },
        reporter: silentReporter,
        only: ['public.services', 'public.jobs'],
      });
      expect(certificate.summary).toMatchObject({ result: 'proven', leaks: 0 });
      expect(certificate.summary.excepted).toBeGreaterThan(0);
      expect(
        certificate.findings.every(
          ({ level, exception }) => level === 'note' || exception === excepted.reason,
        ),
      ).toBe(true);
    } finally {
      await dropDatabase(db.cluster, clone);
    }
  }, 60_000);
});
