/** The package as a stranger installs it: only what it ships, only the dependencies that it declares. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';

describe('the package', () => {
  const db = useDatabase({ template: 'empty' });
  const folder = mkdtempSync(join(tmpdir(), 'lytbub-package-'));
  const installed = join(folder, 'node_modules', 'lytbub-supabase-shell');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    const packed = await execa('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: rootDir,
    });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    mkdirSync(installed, { recursive: true });
    await execa('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
    const listed = await execa('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
      cwd: rootDir,
      reject: false,
    });
    const modules = join(rootDir, 'node_modules');
    for (const path of listed.stdout.split('\n')) {
      const name = relative(modules, path);
      if (path.startsWith(modules) && !name.includes('node_modules')) {
        mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
        symlinkSync(path, join(folder, 'node_modules', name));
      }
    }
  }, 60_000);

  const run = (args: readonly string[]) =>
    execa('node', [join(installed, 'bin', 'lytbub-supabase-shell.mjs'), 'verify', ...args], {
      cwd: folder,
      reject: false,
      env: { NODE_PATH: '' },
    });

  it('proves a stranger’s database with what it ships', async () => {
    await withClient(db.url(), (client) =>
      client.query(`
        create table public.teams (id uuid primary key default gen_random_uuid(), name text not null);
        create table public.team_members (
          team_id uuid references public.teams, user_id uuid references auth.users, role text check (role in ('owner', 'member')),
          primary key (team_id, user_id)
        );
        alter table public.teams enable row level security;
        alter table public.team_members enable row level security;
        create policy own on public.team_members for select to authenticated using (user_id = (select auth.uid()));
        create policy own on public.teams for select to authenticated
          using (id in (select m.team_id from public.team_members as m where m.user_id = (select auth.uid())));
        grant select on public.teams, public.team_members to authenticated;`),
    );
    const proven = await run(['--db', db.url()]);
    expect(proven.stderr + proven.stdout).toContain('team_id');
    expect(proven.exitCode).toBe(0);
    await withClient(db.url(), (client) =>
      client.query('create policy hole on public.teams for select to authenticated using (true)'),
    );
    const leaking = await run(['--db', db.url(), '--html', 'certificate.html']);
    expect(leaking.exitCode).toBe(1);
  }, 60_000);

  it('says where to connect when nobody said it', async () => {
    const lost = await run([]);
    expect(lost.exitCode).toBe(3);
    expect(lost.stderr).toContain('--db');
  }, 30_000);
});
