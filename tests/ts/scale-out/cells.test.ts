import { beforeAll, describe, expect, it, vi } from 'vitest';
import { fillCompany } from '../../../scripts/lib/bench/company-rows.ts';
import { COMPANIES } from '../../../scripts/lib/cast.ts';
import { readCapacity, readCells } from '../../../scripts/lib/company/capacity.ts';
import { readDirectory, syncDirectory } from '../../../scripts/lib/company/directory.ts';
import {
  abortMove,
  confirmMove,
  type MoveOptions,
  moveCompany,
} from '../../../scripts/lib/company/move.ts';
import { planMoves } from '../../../scripts/lib/company/plan.ts';
import { silentReporter } from '../../../scripts/lib/output.ts';
import { createHandler } from '../../../supabase/functions/company-directory/handler.ts';
import { removeCompany } from '../company-moves/support.ts';
import { useApi } from '../support/api.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const north = useDatabase();
const south = useDatabase();
const api = useApi(north);
const urls = (): Map<string, string> =>
  new Map([
    ['north', north.url()],
    ['south', south.url()],
  ]);

/** What the edge function of the home project answers a person, with what the directory has. */
async function ask(as: 'alice' | 'bob', company?: string, etag?: string): Promise<Response> {
  const handle = createHandler({
    fetch,
    env: (name) =>
      ({ SUPABASE_URL: api.url, SUPABASE_ANON_KEY: api.keys.anonKey })[name as 'SUPABASE_URL'],
    write: () => undefined,
  });
  const query = company === undefined ? '' : `?company_id=${company}`;
  return handle(
    new Request(`http://functions.test/company-directory${query}`, {
      headers: {
        authorization: `Bearer ${await api.token(as)}`,
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
    }),
  );
}

const placed = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await readDirectory(north.url())).placements.map(({ slug, cell, version }) => [
      slug,
      `${cell} ${version}`,
    ]),
  );

describe('two cells', () => {
  beforeAll(async () => {
    await removeCompany(south.client, COMPANIES.acme.id);
    await removeCompany(south.client, COMPANIES.globex.id);
    await removeCompany(north.client, COMPANIES.initech.id);
    await fillCompany(north.client, COMPANIES.acme.id, 4200);
    // What was taken out weighs until its room is given back. VACUUM FULL alone leaves what any transaction on the server
    // that writes, in whichever database, began before; plain VACUUM asks for those of its own database only.
    for (const { client } of [north, south]) {
      await client.query('vacuum');
      await client.query('vacuum full');
    }
    // What was filled in is nothing that companies write: what they keep decides.
    for (const { client } of [north, south]) {
      await client.query('select pg_stat_force_next_flush()');
      await client.query('select private.restart_write_rates()');
    }
    for (const name of ['north', 'south']) {
      await north.client.query('select public.set_cell($1, $2, $3)', [
        name,
        `https://${name}.example`,
        `sb_publishable_${name}_0123456789`,
      ]);
    }
  });

  it('are found by the directory, again and again', async () => {
    expect(await syncDirectory(north.url(), urls())).toEqual({
      added: ['acme', 'globex', 'initech'],
      moved: [],
      forgotten: [],
      unchanged: 0,
    });
    expect((await syncDirectory(north.url(), urls())).unchanged).toBe(3);
    expect(await placed()).toEqual({ acme: 'north 1', globex: 'north 1', initech: 'south 1' });
    // A cell that was not asked keeps its companies.
    await syncDirectory(north.url(), new Map([['north', north.url()]]));
    expect(await placed()).toHaveProperty('initech', 'south 1');
  });

  it('say what their companies weigh: small tables to the row', async () => {
    const weights = await readCapacity(north.url());
    const { rows } = await north.client.query<{ n: number }>(
      `select count(*)::integer as n from public.jobs where company_id = $1`,
      [COMPANIES.acme.id],
    );
    const acme = weights.find(({ slug }) => slug === 'acme');
    expect(acme?.row_count).toBeGreaterThan(1500 + (rows[0]?.n ?? 0));
    expect(acme?.bytes).toBeGreaterThan(100_000);
    expect(weights.reduce((sum, { hot_share }) => sum + hot_share, 0)).toBeCloseTo(1, 2);
  });

  it('are levelled by a plan that real moves carry out, and the directory sends people there', async () => {
    const before = await readCells(urls(), north.url());
    const plan = planMoves(before);
    expect(plan.moves, JSON.stringify(before)).toMatchObject([{ from: 'north', to: 'south' }]);
    const [move] = plan.moves;
    const slug = move?.slug as 'acme' | 'globex';
    const [mover, stayer] =
      slug === 'acme' ? (['alice', 'bob'] as const) : (['bob', 'alice'] as const);
    const company = COMPANIES[slug].id;

    const first = await ask(mover, company);
    expect(await first.json()).toMatchObject({
      slug,
      cell: 'north',
      api_url: 'https://north.example',
    });
    const etag = first.headers.get('etag') ?? '';
    expect((await ask(mover, company, etag)).status).toBe(304);
    // What is not theirs is answered like what there is not.
    const foreign = await ask(stayer, company);
    const unknown = await ask(stayer, '00000000-0000-4000-8000-0000000000ff');
    expect([foreign.status, await foreign.text()]).toEqual([unknown.status, await unknown.text()]);
    expect(foreign.status).toBe(404);

    const options: MoveOptions = {
      url: north.url(),
      to: south.url(),
      company: company,
      reporter: silentReporter,
      directory: { url: north.url(), cell: 'south' },
    };
    // The directory cannot be told: the move itself is done, and said again by whoever runs it again.
    await north.client.query(
      `select public.set_cell('south', 'https://south.example', 'sb_publishable_south_0123456789', null, 'closed')`,
    );
    await expect(moveCompany(options)).rejects.toThrow('takes no companies');
    expect(await placed()).toHaveProperty(slug, 'north 1');
    await north.client.query(
      `select public.set_cell('south', 'https://south.example', 'sb_publishable_south_0123456789', state => 'open')`,
    );
    expect((await moveCompany(options)).state).toBe('switched');
    expect(await placed()).toHaveProperty(slug, 'south 2');
    // A sync in the middle says the same.
    expect((await syncDirectory(north.url(), urls())).moved).toEqual([]);
    await abortMove({ ...options, directory: { url: north.url(), cell: 'north' } });
    expect(await placed()).toHaveProperty(slug, 'north 3');
    expect((await moveCompany(options)).state).toBe('switched');
    expect(await confirmMove({ ...options, remove: false })).toBe('closed');
    expect(await placed()).toHaveProperty(slug, 'south 4');

    const moved = await ask(mover, company, etag);
    expect([moved.status, await moved.json()]).toMatchObject([200, { cell: 'south', version: 4 }]);
    expect(
      (await readCells(urls(), north.url())).map(({ companies }) =>
        companies.filter(({ isFixed }) => !isFixed).map((one) => one.slug),
      ),
    ).toEqual([[slug === 'acme' ? 'globex' : 'acme'], [slug, 'initech'].sort()]);
    const after = planMoves(await readCells(urls(), north.url()));
    expect(after).toMatchObject({ moves: [], stuck: [] });
    expect(Math.max(...after.fill.map((one) => one.after))).toBeLessThan(
      Math.max(...plan.fill.map((one) => one.before)),
    );
  });

  it('are chosen once, by whoever is first', async () => {
    const assign = `select cell, version from public.assign_company_cell('00000000-0000-4000-8000-0000000000ee', $1, 'raced', expected_version => 0)`;
    const [first, second] = await twoSessions(north);
    await first.query('begin');
    await first.query(assign, ['north']);
    const late = second.query(assign, ['south']).then(
      () => 'it was assigned twice',
      (error: { detail?: string }) => error.detail,
    );
    await untilBlocked(north, second);
    await first.query('commit');
    expect(await late).toBe('directory_changed');
    // The same wish is not late, but done.
    expect((await second.query(assign, ['north'])).rows).toEqual([{ cell: 'north', version: '1' }]);
    await north.client.query('select public.forget_company_cell($1)', [
      '00000000-0000-4000-8000-0000000000ee',
    ]);
  });

  it('keep what is pinned, and are told when two have the same company', async () => {
    const cells = await readCells(urls(), north.url());
    const open = cells.flatMap(({ companies }) => companies.filter(({ isFixed }) => !isFixed));
    await north.client.query(
      'select public.assign_company_cell($1, (select cell from public.company_directory() where company_id = $1), is_pinned => true)',
      [open[0]?.id],
    );
    const again = await readCells(urls(), north.url());
    expect(
      again.flatMap(({ companies }) => companies).find(({ id }) => id === open[0]?.id)?.isFixed,
    ).toBe(true);
    await expect(readCells(new Map([['east', north.url()]]), north.url())).rejects.toThrow(
      'no cell east',
    );
    await expect(
      syncDirectory(
        north.url(),
        new Map([
          ['north', south.url()],
          ['south', south.url()],
        ]),
      ),
    ).rejects.toThrow('is open at north and at south');
  });
});
