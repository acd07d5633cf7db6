import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { fillCompany } from '../../../scripts/lib/bench/company-rows.ts';
import { exportCompany } from '../../../scripts/lib/company/export.ts';
import { IdMap, UuidSet } from '../../../scripts/lib/company/ids.ts';
import { type ImportOptions, importCompany } from '../../../scripts/lib/company/import.ts';
import {
  contentHash,
  type Manifest,
  writeManifest,
} from '../../../scripts/lib/company/manifest.ts';
import {
  INCLUDED,
  LEFT_OUT,
  NOT_FOR_COPIES,
  tenantTables,
} from '../../../scripts/lib/company/tables.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { useDatabase } from '../support/database.ts';
import { ACME, chain, contentOf, GLOBEX, MIA, removeCompany, useFolder } from './support.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const source = useDatabase();
const target = useDatabase();
const folder = useFolder();

const importInto = (from: string, options: Partial<ImportOptions> = {}) =>
  importCompany({ url: target.url(), from, reporter: silentReporter, ...options });

/** The message, details and fix of what an import was refused with. */
async function refusal(running: Promise<unknown>): Promise<string> {
  try {
    await running;
  } catch (error) {
    const { message, details, fix } = error as { message: string; details?: string; fix?: string };
    return [message, details, fix].join('\n');
  }
  throw new Error('it was not refused');
}

let acme: Manifest;
beforeAll(async () => {
  await removeCompany(target.client, ACME);
  acme = await contentOf(source, 'acme', folder('acme'));
});

describe('what is exported', () => {
  it('every table with a company is classified: it goes along, or stays with a reason', async () => {
    const names = (await tenantTables(source.client)).map(({ name }) => name).sort();
    expect([...INCLUDED, ...Object.keys(LEFT_OUT)].sort()).toEqual(names);
    expect(acme.tables.map(({ name }) => name).sort()).toEqual([...INCLUDED].sort());
    expect(acme.left_out.map(({ name }) => name).sort()).toEqual(Object.keys(LEFT_OUT).sort());
  });

  it('a table that nobody has classified goes along, and is noticed', async () => {
    await source.client.query(
      'create table private.planted (company_id uuid not null references public.companies (id), id uuid, primary key (company_id, id))',
    );
    await source.client.query('insert into private.planted values ($1, $1)', [ACME]);
    const names = (await tenantTables(source.client)).map(({ name }) => name);
    expect(names).toContain('private.planted');
    expect([...INCLUDED, ...Object.keys(LEFT_OUT)]).not.toContain('private.planted');
    const manifest = await contentOf(source, 'acme', folder('planted'));
    expect(manifest.tables.find(({ name }) => name === 'private.planted')?.rows).toBe(1);
    expect(await refusal(importInto(folder('planted')))).toContain(
      'private.planted is not in the database',
    );
    await source.client.query('drop table private.planted');
  });

  it('rows of one company alone, and no password', () => {
    for (const { file, name } of acme.tables) {
      const text = readFileSync(join(folder('acme'), file), 'utf8');
      expect(text, name).not.toContain(GLOBEX);
    }
    const people = readFileSync(join(folder('acme'), 'people.jsonl'), 'utf8');
    expect(people.trim().split('\n')).toHaveLength(5);
    expect(people).not.toContain('$2a$');
    expect(acme.people.with_sign_in).toBe(false);
  });

  it('the list of files of the company, and of nobody else', async () => {
    await source.client.query(
      `insert into storage.objects (bucket_id, name, metadata) values
         ('documents', $1, '{"size": 5, "mimetype": "text/plain"}'), ('documents', $2, '{"size": 6}')`,
      [`${ACME}/reports/a.txt`, `${GLOBEX}/b.txt`],
    );
    await contentOf(source, 'acme', folder('files'));
    const list = readFileSync(join(folder('files'), 'stored_files.csv'), 'utf8');
    expect(list).toContain(`documents,${ACME}/reports/a.txt,5,text/plain`);
    expect(list).not.toContain(GLOBEX);
  });

  it('a suspended company, and a closed one, by id, too', async () => {
    const initech = await contentOf(source, 'initech', folder('initech'));
    expect(initech.company.status).toBe('suspended');
    await source.client.query(
      `update public.companies set status = 'closed' where slug = 'initech'`,
    );
    const closed = await contentOf(source, initech.company.id, folder('closed'));
    expect(closed.company.status).toBe('closed');
  });

  it('nothing under a name that looks whole, when it is killed on the way', async () => {
    const out = folder('killed');
    const script = `
      import { exportCompany } from ${JSON.stringify(join(rootDir, 'scripts/lib/company/export.ts'))};
      import { silentReporter } from ${JSON.stringify(join(rootDir, 'scripts/lib/output.ts'))};
      await exportCompany({ url: ${JSON.stringify(source.url())}, company: 'acme', out: ${JSON.stringify(out)}, reporter: silentReporter,
        onTable: (name) => { if (name === 'public.jobs') process.kill(process.pid, 'SIGKILL'); } });`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        cwd: rootDir,
        stdio: 'ignore',
      },
    );
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    expect(existsSync(out)).toBe(false);
    const left = readdirSync(dirname(out)).filter((name) => name.startsWith('killed.partial'));
    expect(left).toHaveLength(1);
    expect(await refusal(importInto(join(dirname(out), left[0] ?? '')))).toContain('is no export');
    expect((await contentOf(source, 'acme', out)).content_hash).toBe(acme.content_hash);
  });

  it('into an empty folder only', async () => {
    const again = exportCompany({
      url: source.url(),
      company: 'acme',
      out: folder('acme'),
      reporter: silentReporter,
    });
    expect(await refusal(again)).toContain('is not empty');
  });

  it('not for a role that does not see all rows', async () => {
    const url = source.url('authenticator');
    expect(
      await refusal(
        exportCompany({ url, company: 'acme', out: folder('role'), reporter: silentReporter }),
      ),
    ).toContain('does not see all rows');
  });
});

describe('import', () => {
  it('what came out goes in, byte for byte, and others are untouched', async () => {
    // What members may do follows the roles of where they are.
    await target.client.query(`
      insert into private.permissions values ('reports.read', 'x');
      insert into private.role_permissions values ('client', 'reports.read')`);
    const globex = await contentOf(target, 'globex', folder('globex'));
    const result = await importInto(folder('acme'));
    expect(result).toMatchObject({ companyId: ACME, slug: 'acme', createdPeople: 0 });
    const again = await contentOf(target, 'acme', folder('acme again'));
    expect(again.tables).toEqual(acme.tables);
    expect(again.content_hash).toBe(acme.content_hash);
    expect((await contentOf(target, 'globex', folder('globex again'))).content_hash).toBe(
      globex.content_hash,
    );
    const { rows: held } = await target.client.query(
      `select distinct role from public.users where company_id = $1 and 'reports.read' = any (effective_permissions)`,
      [ACME],
    );
    expect(held).toEqual([{ role: 'client' }]);
    const there = await chain(target.client, ACME);
    expect(there).toEqual(await chain(source.client, ACME));
    expect(there.is_intact).toBe(true);
    // It is recorded where it does not change what was restored.
    const { rows } = await target.client.query(
      `select l.changes ->> 'content_hash' as hash from public.audit_logs as l
         join public.companies as c on c.id = l.company_id and c.is_operator
        where l.action = 'companies.imported' and l.row_id = $1`,
      [ACME],
    );
    expect(rows).toEqual([{ hash: acme.content_hash }]);
  });

  it('nothing is overwritten: the id, the slug and the Stripe customer are looked at first', async () => {
    expect(await refusal(importInto(folder('acme')))).toContain(`a company has the id ${ACME}`);
    expect(await refusal(importInto(folder('acme'), { newIds: true }))).toContain(
      'a company has the slug acme',
    );
    await removeCompany(target.client, ACME);
    await target.client.query(
      `update public.companies set slug = 'acme', stripe_customer_id = 'cus_DevAcme0001' where id = $1`,
      [GLOBEX],
    );
    const found = await refusal(importInto(folder('acme')));
    expect(found).toContain('a company has the slug acme');
    expect(found).toContain('a company has the Stripe customer cus_DevAcme0001');
    await target.client.query(
      `update public.companies set slug = 'globex', stripe_customer_id = 'cus_DevGlobex0002' where id = $1`,
      [GLOBEX],
    );
  });

  it('unique values that stand elsewhere on the platform undo all of it', async () => {
    await target.client.query(
      `update private.api_key_secrets set key_hash = s.key_hash
         from (select decode($1, 'hex') as key_hash) as s where company_id = $2`,
      [
        (
          await source.client.query(
            `select encode(key_hash, 'hex') as hash from private.api_key_secrets where company_id = $1`,
            [ACME],
          )
        ).rows[0].hash,
        GLOBEX,
      ],
    );
    expect(await refusal(importInto(folder('acme')))).toContain(
      'private.api_key_secrets has a row that is in the way',
    );
    const { rows } = await target.client.query('select from public.companies where id = $1', [
      ACME,
    ]);
    expect(rows).toEqual([]);
    await target.client.query(
      `update private.api_key_secrets set key_hash = sha256('x') where company_id = $1`,
      [GLOBEX],
    );
  });

  it('members that lack an account are listed, or made; an address of somebody else is refused', async () => {
    await removeCompany(target.client, ACME);
    const alice = '00000000-0000-4000-8000-00000000a001';
    await target.client.query('delete from auth.users where id = $1', [alice]);
    const missing = await refusal(importInto(folder('acme')));
    expect(missing).toContain('1 members have no account there');
    expect(missing).toContain('alice@acme.example');
    await target.client.query(
      `insert into auth.users (id, email) values (gen_random_uuid(), 'alice@acme.example')`,
    );
    expect(await refusal(importInto(folder('acme'), { createPeople: true }))).toContain(
      'and another id',
    );
    await target.client.query(`delete from auth.users where email = 'alice@acme.example'`);
    expect((await importInto(folder('acme'), { createPeople: true })).createdPeople).toBe(1);
    const { rows } = await target.client.query(
      `select u.email, u.encrypted_password, u.email_confirmed_at is not null as confirmed, i.provider
         from auth.users as u join auth.identities as i on i.user_id = u.id where u.id = $1`,
      [alice],
    );
    expect(rows).toEqual([
      { email: 'alice@acme.example', encrypted_password: null, confirmed: true, provider: 'email' },
    ]);
    expect((await contentOf(target, 'acme', folder('people'))).content_hash).toBe(
      acme.content_hash,
    );
  });

  it('with sign-ins, the passwords go along', async () => {
    await exportCompany({
      url: source.url(),
      company: 'acme',
      out: folder('sign-in'),
      withSignIn: true,
      reporter: silentReporter,
    });
    await removeCompany(target.client, ACME);
    await target.client.query(`delete from auth.users where email = 'adam@acme.example'`);
    await importInto(folder('sign-in'), { createPeople: true });
    const of = async (db: typeof source) =>
      (
        await db.client.query(
          `select encrypted_password, raw_app_meta_data from auth.users where email = 'adam@acme.example'`,
        )
      ).rows;
    expect(await of(target)).toEqual(await of(source));
  });

  it('what was tampered with is refused, wherever it was, and nothing is imported', async () => {
    await removeCompany(target.client, ACME);
    const spoilt = (name: string, change: (path: string) => void): string => {
      const path = folder(name);
      rmSync(path, { recursive: true, force: true });
      cpSync(folder('acme'), path, { recursive: true });
      change(path);
      return path;
    };
    const replace = (file: string, from: string | RegExp, to: string) => (path: string) => {
      const text = readFileSync(join(path, file), 'utf8');
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      writeFileSync(join(path, file), changed);
    };
    for (const [name, change, complaint] of [
      [
        'a value',
        replace('public_services.copy', 'SEO', 'SEA'),
        'public_services.copy was changed',
      ],
      ['a row less', replace('public_jobs.copy', /^.*\n/, ''), 'public_jobs.copy was changed'],
      ['a person', replace('people.jsonl', 'alice@', 'malice@'), 'people.jsonl was changed'],
      [
        'the manifest',
        replace('manifest.json', '"slug": "acme"', '"slug": "acne"'),
        'manifest.json was changed',
      ],
      [
        'a file less',
        (path: string) => rmSync(join(path, 'public_users.copy')),
        'public_users.copy is missing',
      ],
      ['no manifest', (path: string) => rmSync(join(path, 'manifest.json')), 'is no export'],
      [
        'a path',
        replace('manifest.json', '"public_users.copy"', '"../public_users.copy"'),
        'not as an export writes it',
      ],
    ] as const) {
      expect(await refusal(importInto(spoilt(name, change))), name).toContain(complaint);
    }
    // Who seals it anew is found out by the hash that was noted.
    const resealed = spoilt('resealed', (path) => {
      replace('public_services.copy', 'SEO', 'SEA')(path);
      const { manifest_hash: _, ...manifest } = JSON.parse(
        readFileSync(join(path, 'manifest.json'), 'utf8'),
      ) as Manifest;
      const tables = manifest.tables.map((table) =>
        table.name === 'public.services' ? { ...table, sha256: '0'.repeat(64) } : table,
      );
      writeManifest(path, { ...manifest, tables, content_hash: contentHash(tables) });
    });
    expect(await refusal(importInto(resealed, { expectHash: acme.manifest_hash }))).toContain(
      'not',
    );
    const { rows } = await target.client.query('select from public.companies where id = $1', [
      ACME,
    ]);
    expect(rows).toEqual([]);
    await importInto(folder('acme'), { expectHash: acme.manifest_hash });
  });

  it('a trigger that changes rows on their way in is found out', async () => {
    await removeCompany(target.client, ACME);
    await target.client.query(`
      create function private.tg_planted() returns trigger language plpgsql as
        $$ begin new.name := upper(new.name); return new; end $$;
      create trigger planted before insert on public.services for each row execute function private.tg_planted()`);
    expect(await refusal(importInto(folder('acme')))).toContain(
      'public.services is not what the export has',
    );
    const { rows } = await target.client.query('select from public.companies where id = $1', [
      ACME,
    ]);
    expect(rows).toEqual([]);
    await target.client.query('drop function private.tg_planted() cascade');
    await importInto(folder('acme'));
  });

  it('a backend that is killed on the way leaves nothing', async () => {
    await removeCompany(target.client, ACME);
    const running = importInto(folder('acme'), {
      onTable: async (name) => {
        if (name === 'public.jobs') {
          await target.client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lytbub company' and datname = current_database()`,
          );
        }
      },
    });
    await expect(running).rejects.toThrow();
    const { rows } = await target.client.query('select from public.companies where id = $1', [
      ACME,
    ]);
    expect(rows).toEqual([]);
    await importInto(folder('acme'));
    expect((await contentOf(target, 'acme', folder('after kill'))).content_hash).toBe(
      acme.content_hash,
    );
  });
});

describe('a copy under new ids', () => {
  it('stands beside the original, with new ids everywhere, and an intact chain', async () => {
    await fillCompany(source.client, ACME, 400);
    const original = await contentOf(source, 'acme', folder('original'));
    const companyId = '11111111-2222-4333-8444-555555555555';
    const copy = () =>
      importCompany({
        url: source.url(),
        from: folder('original'),
        newIds: true,
        companyId,
        slug: 'acme-copy',
        reporter: silentReporter,
      });
    const result = await copy();
    expect(result.leftOut.map(({ name }) => name)).toContain('private.api_key_secrets');
    expect((await contentOf(source, 'acme', folder('original again'))).content_hash).toBe(
      original.content_hash,
    );
    const made = await contentOf(source, 'acme-copy', folder('copy'));
    const rows = (manifest: Manifest) =>
      Object.fromEntries(
        manifest.tables
          .filter(({ name }) => !name.includes('audit_') && !(name in NOT_FOR_COPIES))
          .map((table) => [table.name, table.rows]),
      );
    expect(rows(made)).toEqual(rows(original));
    // No id of the original, of its rows or of its agents is left anywhere.
    const known = new UuidSet();
    const keys = await source.client.query<{ id: string }>(
      `select id from public.jobs where company_id = $1 union all select id from public.ai_agents where company_id = $1
        union all select id from public.budget_periods where company_id = $1 union all select id from public.documents where company_id = $1`,
      [ACME],
    );
    for (const { id } of keys.rows) {
      known.add(id);
    }
    for (const { file, name } of made.tables) {
      const text = readFileSync(join(folder('copy'), file), 'utf8');
      const left = (text.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []).filter((id) =>
        known.has(id),
      );
      expect(left, name).toEqual([]);
      // That it was copied says where from; nothing else names the original.
      expect(
        text
          .split('\n')
          .filter((line) => line.includes(ACME) && !line.includes('companies.imported')),
        name,
      ).toEqual([]);
    }
    // References still hold, in arrays and paths, too.
    const { rows: held } = await source.client.query(
      `select count(*)::integer as n from public.documents where company_id = $1 and storage_path like $1 || '/%'`,
      [companyId],
    );
    const { rows: before } = await source.client.query(
      `select count(*)::integer as n from public.documents where company_id = $1 and storage_path like $1 || '/%'`,
      [ACME],
    );
    expect(held).toEqual(before);
    const { rows: lost } = await source.client.query(
      `select r.id from private.budget_reservations as r cross join unnest(r.held_in) as h
        where r.company_id = $1 and not exists (select from public.budget_periods as p where p.company_id = $1 and p.id = h)`,
      [companyId],
    );
    expect(lost).toEqual([]);
    const there = await chain(source.client, companyId);
    expect(there).toMatchObject({ is_intact: true, problems: [] });
    const original_chain = await chain(source.client, ACME);
    expect(Number(there.row_count)).toBe(Number(original_chain.row_count) + 1);
    const { rows: companies } = await source.client.query(
      'select slug, stripe_customer_id from public.companies where id = $1',
      [companyId],
    );
    expect(companies).toEqual([{ slug: 'acme-copy', stripe_customer_id: null }]);
    // A member of both is the same person in all three.
    const { rows: mia } = await source.client.query(
      'select company_id from public.users where id = $1',
      [MIA],
    );
    expect(mia).toHaveLength(3);
    // The same again: the same ids.
    await removeCompany(source.client, companyId);
    await copy();
    const again = await contentOf(source, 'acme-copy', folder('copy again'));
    const steady = (manifest: Manifest) =>
      manifest.tables
        .filter(({ name }) => !name.includes('audit_'))
        .map(({ name, sha256 }) => [name, sha256]);
    expect(steady(again)).toEqual(steady(made));
  });

  it('a log that was pruned and erased in part still verifies', async () => {
    await source.client.query(
      `select private.prune_audit_chain(c.id, now() + interval '1 second', 1) from public.companies as c where c.slug = 'acme'`,
    );
    await source.client.query(
      `select private.erase_audit_fields(l.company_id, l.created_at, l.id, '{actor_id,ip_address,changes.name}')
         from public.audit_logs as l where l.company_id = $1`,
      [ACME],
    );
    await contentOf(source, 'acme', folder('pruned'));
    const { companyId } = await importCompany({
      url: source.url(),
      from: folder('pruned'),
      newIds: true,
      slug: 'acme-pruned',
      reporter: silentReporter,
    });
    expect(await chain(source.client, companyId)).toMatchObject({ is_intact: true, problems: [] });
    const { rows } = await source.client.query(
      'select from private.audit_segments where company_id = $1',
      [companyId],
    );
    expect(rows.length).toBeGreaterThan(0);
    // And it still notices a change.
    await source.client.query('begin');
    await source.client.query(`set local app.importing = 'on'`);
    await source.client.query(
      `update public.audit_logs set action = 'other.thing' where company_id = $1 and id = (select id from public.audit_logs where company_id = $1 limit 1)`,
      [companyId],
    );
    expect((await chain(source.client, companyId)).is_intact).toBe(false);
    await source.client.query('rollback');
  });

  it('members are found by their confirmed address, and not by another', async () => {
    await target.client.query('delete from auth.users where id = $1', [MIA]);
    await target.client.query(
      `insert into auth.users (id, email) values (gen_random_uuid(), 'MIA@acme.example')`,
    );
    const copy = () => importInto(folder('acme'), { newIds: true, slug: 'acme-two' });
    expect(await refusal(copy())).toContain('nobody has confirmed');
    await target.client.query(
      `update auth.users set email_confirmed_at = now() where email = 'MIA@acme.example'`,
    );
    const { companyId } = await copy();
    const { rows } = await target.client.query(
      `select a.email from public.users as u join auth.users as a on a.id = u.id where u.company_id = $1 and u.email = 'mia@acme.example'`,
      [companyId],
    );
    expect(rows).toEqual([{ email: 'MIA@acme.example' }]);
  });
});

describe('many rows', () => {
  it('come back byte for byte, and a writer meanwhile changes nothing of what was exported', async () => {
    await fillCompany(source.client, GLOBEX, 20_000);
    const writer = await source.connect();
    let isDone = false;
    let written = 0;
    const writing = (async () => {
      while (!isDone) {
        await writer.query(
          `insert into public.services (company_id, code, name, category, billing_unit, unit_price)
           values ($1, 'W' || $2::text, 'x', 'content', 'item', 1)`,
          [GLOBEX, written],
        );
        written += 1;
      }
    })();
    let during = 0;
    const manifest = await exportCompany({
      url: source.url(),
      company: 'globex',
      out: folder('many'),
      reporter: silentReporter,
      onTable: (name) => {
        during = name === 'public.agent_logs' ? written : during;
      },
    });
    isDone = true;
    await writing;
    expect(written).toBeGreaterThan(during);
    expect(during).toBeGreaterThan(0);
    // Services, their audit entries and the links of those are of one instant.
    const rowsOf = (name: string) =>
      manifest.tables.find((table) => table.name === name)?.rows ?? 0;
    const log = readFileSync(join(folder('many'), 'public_audit_logs.copy'), 'utf8');
    expect(log.split('\n').length - 1).toBe(rowsOf('public.audit_logs'));
    await removeCompany(target.client, GLOBEX);
    await target.client.query(`delete from auth.users where email = 'MIA@acme.example'`);
    await importInto(folder('many'), { createPeople: true });
    const again = await contentOf(target, 'globex', folder('many again'));
    expect(again.content_hash).toBe(manifest.content_hash);
    expect(rowsOf('public.agent_logs')).toBeGreaterThan(10_000 - 1);
    expect((await chain(target.client, GLOBEX)).is_intact).toBe(true);
  });
});

describe('ids', () => {
  it('a set knows what was added, and nothing else', () => {
    const set = new UuidSet();
    const id = (n: number) =>
      `${n.toString(16).padStart(8, '0')}-0000-4000-8000-${(n * 7).toString(16).padStart(12, '0')}`;
    for (let n = 1; n <= 5000; n += 1) {
      set.add(id(n));
      set.add(id(n));
    }
    expect(set.size).toBe(5000);
    for (let n = 1; n <= 5000; n += 1) {
      expect(set.has(id(n))).toBe(true);
      expect(set.has(id(n + 5000))).toBe(false);
    }
    expect(set.has('00000000-0000-0000-0000-000000000000')).toBe(false);
  });

  it('new ids keep version and time, and differ', () => {
    const map = new IdMap(ACME, MIA, new Map([[MIA, GLOBEX]]));
    const v7 = '0190a1b2-c3d4-7abc-8def-0123456789ab';
    map.known.add(v7);
    const made = map.of(v7);
    expect(made.slice(0, 13)).toBe(v7.slice(0, 13));
    expect(made[14]).toBe('7');
    expect('89ab').toContain(made[19]);
    expect(made).not.toBe(v7);
    expect(map.of('0190a1b2-c3d4-4abc-8def-0123456789ab').slice(0, 8)).not.toBe('0190a1b2');
    expect(
      map.map(`a ${v7.toUpperCase()} b ${ACME}/x {${MIA}} 0190a1b2-c3d4-7abc-8def-0123456789ac`),
    ).toBe(`a ${made} b ${MIA}/x {${GLOBEX}} 0190a1b2-c3d4-7abc-8def-0123456789ac`);
  });
});
