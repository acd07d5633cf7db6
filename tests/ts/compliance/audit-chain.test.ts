import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { sleep } from '../../../scripts/lib/processes.ts';
import { twoSessions, untilBlocked, useDatabase } from '../support/database.ts';

const db = useDatabase();
const opened: pg.Client[] = [];

afterAll(async () => {
  await Promise.allSettled(opened.map((client) => client.end()));
});

async function session(url = db.url()): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  opened.push(client);
  return client;
}

async function createCompany(): Promise<string> {
  const id = randomUUID();
  await db.client.query(
    `insert into public.companies (id, slug, name, contact_email) values ($1, $2, 'Audited', 'a@audited.example')`,
    [id, `audited-${id.slice(0, 8)}`],
  );
  await db.client.query(
    `insert into public.ai_agents (company_id, name, provider, model) values ($1, 'a', 'test', 'test')`,
    [id],
  );
  return id;
}

interface Verification {
  is_intact: boolean;
  links: number;
  rows: number;
  problems: { kind: string }[];
}

async function verify(company: string, client: pg.ClientBase = db.client): Promise<Verification> {
  const { rows } = await client.query<Verification>(
    `select is_intact, head_link_no::integer as links, row_count::integer as rows, problems
       from public.verify_audit_chain($1, 0, 100000)`,
    [company],
  );
  if (!rows[0]) {
    throw new Error('no verification');
  }
  return rows[0];
}

async function entries(company: string): Promise<number> {
  const { rows } = await db.client.query<{ n: number }>(
    'select count(*)::integer as n from public.audit_logs where company_id = $1',
    [company],
  );
  return rows[0]?.n ?? 0;
}

const CHANGE = 'update public.ai_agents set temperature = $2 where company_id = $1';

describe('the audit chain under concurrency', () => {
  it('does not fork under 50 writers, of which some roll back and some are killed', async () => {
    const company = await createCompany();
    const before = await verify(company);
    const writers = await Promise.all(Array.from({ length: 50 }, () => session()));
    const committed = await Promise.all(
      writers.map(async (writer, number) => {
        let count = 0;
        for (let round = 0; round < 6; round += 1) {
          try {
            await writer.query('begin');
            await writer.query(
              `insert into public.ai_agents (company_id, name, provider, model) values ($1, $2, 'test', 'test')`,
              [company, `agent ${number} ${round}`],
            );
            if (number % 10 === 3) {
              await writer.query('rollback');
            } else if (number % 10 === 7 && round === 3) {
              await writer.query('select pg_terminate_backend(pg_backend_pid())');
            } else {
              await writer.query('commit');
              count += 1;
            }
          } catch {
            return count;
          }
        }
        return count;
      }),
    );
    const expected = committed.reduce((sum, count) => sum + count, 0);
    expect(expected).toBeGreaterThan(200);
    expect(await verify(company)).toEqual({
      is_intact: true,
      links: before.links + expected,
      rows: before.rows + expected,
      problems: [],
    });
  }, 60_000);

  it('makes nobody wait before they commit, nor another company at all', async () => {
    const [company, other] = [await createCompany(), await createCompany()];
    const [one, two] = await twoSessions(db);
    await one.query('begin');
    await one.query(CHANGE, [company, 0.1]);
    // Both write to the same log, on different rows, and neither has committed.
    await two.query('begin');
    await two.query('update public.companies set name = $2 where id = $1', [company, 'Renamed']);
    await two.query('commit');
    // The first is at its end and holds the head of the chain: only those of the same company wait.
    await one.query('set constraints all immediate');
    await two.query(CHANGE, [other, 0.2]);
    const waiting = two.query('update public.companies set name = $2 where id = $1', [
      company,
      'Again',
    ]);
    await untilBlocked(db, two);
    await one.query('commit');
    await waiting;
    expect((await verify(company)).is_intact).toBe(true);
    expect((await verify(other)).is_intact).toBe(true);
  });

  it('has one link a transaction, however it writes', async () => {
    const company = await createCompany();
    const before = await verify(company);
    const writer = await session();
    const change = async (value: number): Promise<unknown> =>
      writer.query(CHANGE, [company, value]);
    await writer.query('begin');
    await change(0.1);
    await writer.query('savepoint one');
    await change(0.2);
    await writer.query('set constraints all immediate');
    await change(0.3);
    await writer.query('rollback to savepoint one');
    await change(0.4);
    await writer.query('set constraints all immediate');
    await writer.query('set constraints all deferred');
    await change(0.5);
    await writer.query('update public.companies set name = $2 where id = $1', [company, 'Renamed']);
    await writer.query('commit');
    expect(await verify(company)).toEqual({
      is_intact: true,
      links: before.links + 1,
      rows: before.rows + 4,
      problems: [],
    });
    // Many statements: the first event at the end links all, the others see that it did.
    await writer.query('begin');
    for (let n = 1; n <= 300; n += 1) {
      await change(n % 2);
    }
    await writer.query('commit');
    expect(await verify(company)).toMatchObject({
      is_intact: true,
      links: before.links + 2,
      rows: before.rows + 304,
    });
    // Rolled back before it commits, and written again: the head went back, too.
    await writer.query('begin');
    await writer.query('savepoint all_of_it');
    await change(0.6);
    await writer.query('set constraints all immediate');
    await writer.query('rollback to savepoint all_of_it');
    await writer.query('commit');
    await change(0.7);
    expect(await verify(company)).toMatchObject({ is_intact: true, links: before.links + 3 });
  });

  it('is whole at every instant for whoever looks', async () => {
    const company = await createCompany();
    const [reader, writer] = await twoSessions(db);
    let running = true;
    const writing = (async () => {
      for (let n = 0; running; n += 1) {
        await writer.query(CHANGE, [company, (n % 20) / 10]);
      }
    })();
    for (let look = 0; look < 20; look += 1) {
      expect((await verify(company, reader)).problems).toEqual([]);
      await sleep(5);
    }
    running = false;
    await writing;
  });

  it('asks a repeatable reader to try again instead of forking', async () => {
    const company = await createCompany();
    const [one, two] = await twoSessions(db);
    await one.query('begin isolation level repeatable read');
    await one.query('select 1 from public.companies');
    await two.query(CHANGE, [company, 0.3]);
    await one.query('update public.companies set name = $2 where id = $1', [company, 'Late']);
    await expect(one.query('commit')).rejects.toMatchObject({ code: '40001' });
    expect((await verify(company)).is_intact).toBe(true);
  });
});

describe('the audit chain in the hands of its owner', () => {
  it('shows each of 10,000 random edits', async () => {
    const company = await createCompany();
    const bystander = await createCompany();
    for (let n = 0; n < 4; n += 1) {
      await db.client.query(
        `select set_config('request.headers', '{"x-forwarded-for": "203.0.113.7", "user-agent": "Test/1", "x-request-id": "r"}', false)`,
      );
      await db.client.query(
        'update public.ai_agents set temperature = $2, description = $3 where company_id = $1',
        [company, n / 10, `state ${n}`],
      );
    }
    await db.client.query(`select set_config('request.headers', '', false)`);
    const total = await entries(company);
    expect(await verify(company)).toMatchObject({ is_intact: true, rows: total });
    const columns = [
      'actor_id', 'actor_role', 'action', 'table_name', 'row_id', 'changes', 'ip_address', 'user_agent', 'request_id',
      'transaction_id', 'salt', 'commitments', 'created_at', 'created_by', 'id', 'company_id', 'opens_link',
    ]; // biome-ignore format: a table
    const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' });
    const uuid = fc.uuid();
    const values: Record<string, fc.Arbitrary<unknown>> = {
      actor_role: text,
      action: fc.constantFrom('x.y', 'ai_agents.created', 'a.b_c'),
      table_name: text,
      changes: fc.oneof(
        fc.dictionary(text, fc.jsonValue({ maxDepth: 1 })),
        fc.constant({}),
        fc.constant({ temperature: { old: 0, new: 1 } }),
      ),
      ip_address: fc.ipV4(),
      user_agent: text,
      request_id: text,
      transaction_id: fc.bigInt({ min: 3n, max: 2n ** 40n }).map(String),
      commitments: fc.dictionary(
        fc.oneof(
          fc.constantFrom('user_agent', 'ip_address', 'changes.temperature', 'actor_id'),
          text,
        ),
        fc.oneof(
          fc.record({
            c: fc.string({
              minLength: 64,
              maxLength: 64,
              unit: fc.constantFrom(...'0123456789abcdef'),
            }),
          }),
          fc.record({
            s: fc.string({
              minLength: 64,
              maxLength: 64,
              unit: fc.constantFrom(...'0123456789abcdef'),
            }),
          }),
          fc.jsonValue({ maxDepth: 1 }),
        ),
        { minKeys: 1 },
      ),
      created_at: fc.date({
        min: new Date('2026-01-01'),
        max: new Date('2027-12-31'),
        noInvalidDate: true,
      }),
      company_id: fc.constant(bystander),
      opens_link: fc.boolean(),
    };
    const edit = fc.constantFrom(...columns, 'delete', 'swap', 'copy').chain((what) =>
      fc.record({
        what: fc.constant(what),
        row: fc.nat(total - 1),
        other: fc.nat(total - 1),
        value:
          what === 'action' ||
          what === 'company_id' ||
          what === 'id' ||
          what === 'created_at' ||
          what === 'transaction_id' ||
          what === 'opens_link'
            ? (values[what] ?? uuid)
            : fc.option(values[what] ?? uuid, { freq: 6 }),
      }),
    );
    // 10,000 edits, each in a savepoint, by one function on the server: what it missed comes back.
    const owner = await session(db.superUrl());
    await owner.query("set session_replication_role = 'replica'");
    await owner.query(`
      create function pg_temp.try(p_company uuid, p_edits jsonb) returns table (missed jsonb) language plpgsql as $$
      declare
        v_edit jsonb;
        v_ids uuid[] := array(select id from public.audit_logs where company_id = p_company order by created_at, id);
        v_same boolean;
        v_seen boolean;
        v_row uuid;
        v_changed integer;
        v_before text;
        v_after text;
      begin
        for v_edit in select e from jsonb_array_elements(p_edits) as e loop
          v_row := v_ids[(v_edit ->> 'row')::integer + 1];
          begin
            select md5(string_agg(l::text, ',' order by l::text)) into v_before from public.audit_logs as l where l.company_id = p_company;
            case v_edit ->> 'what'
              when 'delete' then delete from public.audit_logs where company_id = p_company and id = v_row;
              when 'copy' then
                insert into public.audit_logs (company_id, action, created_at, transaction_id)
                select company_id, action, created_at, transaction_id from public.audit_logs where company_id = p_company and id = v_row;
              when 'swap' then
                update public.audit_logs as l set changes = o.changes, row_id = o.row_id, action = o.action
                  from public.audit_logs as o
                 where l.company_id = p_company and o.company_id = p_company and l.id = v_row
                   and o.id = v_ids[(v_edit ->> 'other')::integer + 1];
              else
                execute format('update public.audit_logs set %I = (jsonb_populate_record(null::public.audit_logs, $1)).%1$I where company_id = $2 and id = $3', v_edit ->> 'what')
                  using jsonb_build_object(v_edit ->> 'what', v_edit -> 'value'), p_company, v_row;
            end case;
            select md5(string_agg(l::text, ',' order by l::text)) into v_after from public.audit_logs as l where l.company_id = p_company;
            v_same := v_before = v_after;
            v_seen := not (private.verify_audit_chain(p_company, 0, 1000, null, null)).is_intact;
            raise exception 'undo' using errcode = 'LB999';
          exception
            when sqlstate 'LB999' then
              if v_seen = v_same then
                missed := v_edit;
                return next;
              end if;
            when check_violation or not_null_violation or unique_violation then
              null;
          end;
        end loop;
      end
      $$`);
    const edits = fc.sample(edit, { numRuns: 10_000, seed: 20_261_124 });
    for (let at = 0; at < edits.length; at += 500) {
      const { rows } = await owner.query('select missed from pg_temp.try($1, $2)', [
        company,
        JSON.stringify(edits.slice(at, at + 500)),
      ]);
      expect(rows).toEqual([]);
    }
    expect(await verify(company)).toMatchObject({ is_intact: true, rows: total });
  }, 300_000);
});
