import type { Contest, Run, Suite } from '../../scripts/lib/bench/types.ts';

/** Every session has a company of its own, with a thousand rows in each of the tables. */
const COMPANY = `('00000000-0000-4000-8000-0000000000' || lpad((:client_id + 1)::text, 2, '0'))::uuid`;

const one = (table: string) => `\\set n random(1, 1000)
update ${table} set temperature = random() where company_id = ${COMPANY} and name = 'agent ' || :n;`;
const all = (table: string) =>
  `update ${table} set temperature = random() where company_id = ${COMPANY};`;

const runs = (script: (table: string) => string, events: number, goal: number): Run[] => [
  {
    name: 'audited: statement trigger, hash chain',
    script: script('public.ai_agents'),
    events,
    goal,
  },
  { name: 'a minimal entry by hand, no chain', script: script('bench.minimal'), events },
  { name: 'row trigger with both states, no chain', script: script('bench.row_states'), events },
];

const contest = (
  id: string,
  title: string,
  clients: number,
  script: (table: string) => string,
  events: number,
  goal: number,
): Contest => ({
  id,
  title,
  clients,
  reference: { name: 'not audited', script: script('bench.plain'), events },
  runs: runs(script, events, goal),
});

export const audit: Suite = {
  name: 'audit',
  title: 'Audit log',
  about: `
Updates of a table as the backend: audited as shipped, against the same table with its other triggers and without audit.
Beside it the least that an audit trigger can do (one statement trigger, one small row a change) and the usual one (a
trigger for each row that keeps both states as jsonb), both without a chain. Each session works in a company of its own.
`,
  contests: [
    contest('row-1', 'One row, 1 session', 1, one, 1, 1 / 1.5),
    contest('row-8', 'One row, 8 sessions', 8, one, 1, 1 / 1.5),
    contest('rows-1000', '1,000 rows in one statement', 1, all, 1000, 1 / 4),
  ],
  async prepare(client) {
    await client.query(`
      create schema bench;
      grant usage on schema bench to public;
      insert into public.companies (id, slug, name, contact_email)
      select ('00000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, 'bench-' || n, 'Bench', 'a@b.example'
        from generate_series(1, 8) as n;
      insert into public.ai_agents (company_id, name, provider, model)
      select c.id, 'agent ' || n, 'test', 'test' from public.companies as c, generate_series(1, 1000) as n;
    `);
    for (const name of ['plain', 'minimal', 'row_states']) {
      await client.query(`
        create table bench.${name} (like public.ai_agents including all) with (fillfactor = 100);
        insert into bench.${name} select * from public.ai_agents;
      `);
      // Whatever else the table's triggers do is done in all of them.
      await client.query(`
        do $$
        declare
          v_trigger text;
        begin
          for v_trigger in
            select pg_get_triggerdef(oid) from pg_trigger
             where tgrelid = 'public.ai_agents'::regclass and not tgisinternal and tgname !~ '^audit_'
          loop
            execute replace(v_trigger, ' ON public.ai_agents ', ' ON bench.${name} ');
          end loop;
        end
        $$`);
    }
    await client.query(`
      create table bench.minimal_log (
        company_id uuid not null, id uuid not null default gen_random_uuid(), row_id uuid, actor_id uuid, changes jsonb,
        created_at timestamptz not null default now(), primary key (company_id, created_at, id));
      create function bench.write_minimal() returns trigger language plpgsql as $$
      begin
        insert into bench.minimal_log (company_id, row_id, actor_id, changes)
        select n.company_id, n.id, private.actor_id(), jsonb_build_object('temperature', n.temperature) from new_rows as n;
        return null;
      end
      $$;
      create trigger audit after update on bench.minimal referencing new table as new_rows
        for each statement execute function bench.write_minimal();
      create table bench.states_log (
        id bigint generated always as identity primary key, record_id uuid, old_record_id uuid, op text, ts timestamptz default now(),
        table_name text, record jsonb, old_record jsonb);
      create index on bench.states_log using brin (ts);
      create index on bench.states_log (record_id) where record_id is not null;
      create index on bench.states_log (old_record_id) where old_record_id is not null;
      create function bench.write_states() returns trigger language plpgsql as $$
      begin
        insert into bench.states_log (record_id, old_record_id, op, table_name, record, old_record)
        values (new.id, old.id, tg_op, tg_table_name, to_jsonb(new), to_jsonb(old));
        return new;
      end
      $$;
      create trigger audit after update on bench.row_states for each row execute function bench.write_states();
      grant all on all tables in schema bench to public;
      analyze;
    `);
  },
};
