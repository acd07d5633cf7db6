/** The package as a stranger installs it: only what it ships, only the dependencies that it declares. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';
import { commandOf, linkDependencies, pack, unpack } from '../support/package.ts';

describe('the package', () => {
  const db = useDatabase({ template: 'empty' });
  const folder = mkdtempSync(join(tmpdir(), 'lytbub-package-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    await unpack(await pack(rootDir, folder), folder);
    await linkDependencies(folder);
  }, 60_000);

  const command = commandOf(folder);
  const run = (args: readonly string[]) => command('verify', ...args);

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
