/** What the prover makes of tables that are hard to fill: it fills them, or says that they are not covered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { withClient } from '../../../scripts/lib/client.ts';
import { cloneDatabase, connectCluster, dropDatabase } from '../../../scripts/lib/database.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { rootDir } from '../../../scripts/lib/paths.ts';
import { parseConfig } from '../../../scripts/lib/verify/config.ts';
import { verify } from '../../../scripts/lib/verify/index.ts';
// Declares the type of inject('testServer').
import type {} from '../support/global-setup.ts';

const guarded = (table: string): string => `
  alter table public.${table} enable row level security;
  create policy select_member on public.${table} for select to authenticated using (company_id = (select private.my_company()));
  create policy insert_member on public.${table} for insert to authenticated with check (company_id = (select private.my_company()));
  create policy delete_member on public.${table} for delete to authenticated using (company_id = (select private.my_company()));
  grant select, insert, delete on public.${table} to authenticated;`;

/** Two tables each of whose rows needs one of the other. */
const pair = (one: string, two: string, when: string): string => `
  create table public.${one} (company_id uuid not null references public.companies, id uuid not null default gen_random_uuid(),
    ${two}_id uuid not null, primary key (company_id, id));
  create table public.${two} (company_id uuid not null references public.companies, id uuid not null default gen_random_uuid(),
    ${one}_id uuid not null, primary key (company_id, id), constraint ${two}_${one} foreign key (company_id, ${one}_id) references public.${one} ${when});
  alter table public.${one} add constraint ${one}_${two} foreign key (company_id, ${two}_id) references public.${two} ${when};
  ${guarded(one)}${guarded(two)}`;

const tables = `
  ${pair('husbands', 'wives', 'deferrable')}
  ${pair('locks', 'keys', 'deferrable initially deferred')}
  ${pair('eggs', 'hens', '')}
  create table public.payments (company_id uuid not null references public.companies, id bigint not null, day date not null, note_id uuid not null,
    primary key (company_id, day, id)) partition by range (day);
  create table public.payments_2022 partition of public.payments for values from ('2022-01-01') to ('2023-01-01') partition by hash (id);
  create table public.payments_2022_even partition of public.payments_2022 for values with (modulus 2, remainder 0);
  create table public.payments_2022_odd partition of public.payments_2022 for values with (modulus 2, remainder 1);
  alter table public.payments_2022_even add foreign key (company_id, note_id) references public.notes;
  alter table public.payments_2022_odd add foreign key (company_id, note_id) references public.notes;
  ${guarded('payments')}`;

it('fills what needs one another, partitions of partitions, and says what it cannot fill', async () => {
  const server = inject('testServer');
  const cluster = await connectCluster(server.superUrl);
  const database = await cloneDatabase(cluster, server.templates.empty);
  try {
    const url = cluster.urlFor(database);
    await withClient(url, (client) =>
      client.query(readFileSync(join(rootDir, 'tests/corpus/base.sql'), 'utf8') + tables),
    );
    const certificate = await verify({
      url,
      config: parseConfig({}, 'populate.test.ts'),
      reporter: silentReporter,
      only: ['husbands', 'wives', 'locks', 'keys', 'eggs', 'hens', 'payments'].map(
        (name) => `public.${name}`,
      ),
      local: true,
    });
    expect(
      certificate.findings
        .filter(({ level }) => level !== 'note')
        .map(({ level, id }) => `${level} ${id}`),
    ).toEqual([
      'not covered not-covered:public.eggs:select:',
      'not covered not-covered:public.hens:select:',
    ]);
    expect(certificate.summary.result).toBe('unproven');
    const allowed = certificate.cells
      .filter(({ verdict, verb }) => verdict === 'allowed' && verb === 'insert')
      .map(({ object }) => object);
    expect([...new Set(allowed)].toSorted()).toEqual(
      ['husbands', 'keys', 'locks', 'payments', 'wives'].map((name) => `public.${name}`),
    );
  } finally {
    await dropDatabase(cluster, database);
  }
}, 60_000);
