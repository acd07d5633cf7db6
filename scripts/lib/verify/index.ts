/**
 * The isolation prover. It makes two synthetic companies in a transaction that is rolled back, lets everybody try
 * everything on the second one, and again while the second one is not there.
 */
import type pg from 'pg';
import { withClient } from '../client.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Reporter, withStep } from '../output.ts';
import { type Actor, type Cast, Casting, callCast, createHomeside } from './actors.ts';
import { type Catalog, readCatalog } from './catalog.ts';
import {
  applyExceptions,
  certify,
  countVerdict,
  notCovered,
  sortCells,
  sortFindings,
  summaryOf,
} from './certify.ts';
import type { VerifyConfig } from './config.ts';
import type { Tried } from './judge.ts';
import { type Population, Populator } from './populate.ts';
import { fileRows } from './probes/objects.ts';
import { rowIn, type Scene } from './probes/probe.ts';
import { Session } from './session.ts';
import {
  estimates,
  inspectDefaults,
  inspectDefiners,
  inspectPublications,
  inspectUnprotectable,
  subscriber,
} from './structure.ts';
import { findTenancy, type Tenancy } from './tenancy.ts';
import type { Cell, Certificate, Finding, ObjectSummary } from './types.ts';
import {
  type Filter,
  fillable,
  findClearing,
  findControls,
  tryEverything,
  tryWithout,
} from './world.ts';

/** What to prove, and where. */
export interface VerifyOptions {
  /** Connection of a role that bypasses row level security and may become the API roles (`postgres`). */
  readonly url: string;
  readonly config: VerifyConfig;
  readonly reporter: Reporter;
  /** Only objects whose qualified name contains one of these. */
  readonly only?: readonly string[];
  /** The server is nobody else's: statistics may be gathered and materialized views refreshed. */
  readonly local?: boolean;
}

const VERSION = '1';

/** Proves or refutes that no company can see or touch another's data. */
export function verify(options: VerifyOptions): Promise<Certificate> {
  return withClient(options.url, async (client) => {
    // One snapshot for both worlds: what others commit meanwhile must not look like a difference.
    await client.query('begin isolation level repeatable read');
    try {
      await client.query(
        `set local statement_timeout = '20s'; set local lock_timeout = '3s'; set local idle_in_transaction_session_timeout = '10min'; set local client_min_messages = error; set local timezone = 'UTC'`,
      );
      return await run(client, options);
    } finally {
      await client.query('rollback').catch(() => undefined);
    }
  });
}

const CONNECT_AS =
  'connect as the role that runs your migrations (postgres on Supabase), with BYPASSRLS and membership in the API roles';

async function requireBypass(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; bypass: boolean }>(
    'select rolname as name, rolbypassrls or rolsuper as bypass from pg_roles where rolname = current_user',
  );
  if (!rows[0]?.bypass) {
    throw new UserError(`${rows[0]?.name} cannot bypass row level security`, {
      fix: CONNECT_AS,
      exitCode: EXIT.running,
    });
  }
}

async function requireRoles(client: pg.ClientBase, catalog: Catalog): Promise<void> {
  if (catalog.roles.length === 0) {
    throw new UserError('this database has no role that requests run as', {
      fix: 'name the roles in the configuration: "apiRoles": ["app_user"]',
      exitCode: EXIT.running,
    });
  }
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest($1::text[]) as name where not pg_has_role(current_user, name, 'member')`,
    [catalog.roles],
  );
  if (rows.length > 0) {
    throw new UserError(
      `${catalog.owner} cannot become ${rows.map(({ name }) => name).join(', ')}`,
      { fix: CONNECT_AS, exitCode: EXIT.running },
    );
  }
}

async function run(client: pg.ClientBase, options: VerifyOptions): Promise<Certificate> {
  const { config, reporter } = options;
  const wanted: Filter = (object) =>
    !options.only || options.only.some((text) => object.includes(text));
  const { catalog, tenancy } = await withStep(reporter, 'discover', async (detail) => {
    await requireBypass(client);
    const read = await readCatalog(client, { schemas: config.schemas, apiRoles: config.apiRoles });
    await requireRoles(client, read);
    const found = findTenancy(read, config);
    detail(
      `${read.relations.length} relations, ${read.routines.length} functions, tenant column ${found.column}`,
    );
    return { catalog: read, tenancy: found };
  });
  const session = new Session(client);
  const populator = new Populator(client, catalog, tenancy, config);
  const casting = new Casting(client, catalog, config, tenancy);
  const a = populator.party('A');
  const b = populator.party('B');
  const shared = populator.party('shared');
  const scene = { catalog, tenancy, config, a, b, shared };
  const { cast, clearing } = await withStep(reporter, 'populate', async (detail) => {
    const result = await populate(client, scene, populator, casting, options);
    detail(
      `${[...a.rows.values(), ...b.rows.values()].flat().length} rows, ${result.cast.attackers.length} attackers`,
    );
    return result;
  });
  const full: Scene = { ...scene, clearing };
  const actors = [...cast.attackers, ...cast.operators];
  const tried = await withStep(reporter, 'attack', async (detail) => {
    const all = await tryEverything(session, full, actors, wanted, () => undefined);
    detail(`${all.length} statements`);
    return all;
  });
  const controls = await withStep(reporter, 'positive controls', async (detail) => {
    const found = await findControls(session, catalog, tried, cast, config);
    detail(`${found.size} statements that somebody may`);
    return found;
  });
  const first = cast.attackers.find(({ home }) => home === 'A');
  const structures = [
    inspectPublications(full, wanted),
    inspectDefiners(full, wanted),
    inspectUnprotectable(full, wanted),
    await inspectDefaults(session, full, cast.attackers, wanted),
  ];
  const estimatesWith = options.local ? await estimates(client, full, first) : [];
  await withStep(reporter, 'attack without the victim', async () => {
    await client.query('rollback to savepoint without_victim');
    if (options.local) {
      await refreshViews(client, catalog);
    }
    await tryWithout(session, tried, () => undefined);
  });
  const estimatesWithout = options.local ? await estimates(client, full, first) : [];
  const certified = certify(full, tried, controls);
  const missing = uncovered(full, cast, wanted);
  const empty = new Set(
    missing.filter(({ actor, verb }) => actor === '' && verb === 'select').map((one) => one.object),
  );
  const findings: Finding[] = [
    // That a table could not be tried is said once, not for everybody and every verb.
    ...certified.findings.filter((one) => one.level !== 'unproven' || !empty.has(one.object)),
    ...structures.flatMap((one) => one.findings),
    ...missing,
  ];
  const differing = estimatesWith.filter((line, index) => line !== estimatesWithout[index]);
  if (differing.length > 0) {
    findings.push(estimateNote(differing));
  }
  const cells: Cell[] = [...certified.cells, ...structures.flatMap((one) => one.cells)];
  return assemble({
    catalog,
    tenancy,
    config,
    cast,
    cells,
    findings,
    tried,
    populator,
    session,
    wanted,
    reporter,
  });
}

function estimateNote(lines: readonly string[]): Finding {
  return {
    id: 'planner-estimate:every table:estimate:',
    level: 'note',
    rule: 'planner-estimate',
    object: 'every table',
    kind: 'table',
    verb: 'estimate',
    actor: '',
    message: `EXPLAIN (and count=planned) estimates rows of a company whose id is known from the statistics of all rows: ${lines.length} tables`,
    fix: 'PostgreSQL has no remedy; keep EXPLAIN from clients (db-plan-enabled = false) and refuse count=planned and count=estimated before the request',
  };
}

async function refreshViews(client: pg.ClientBase, catalog: Catalog): Promise<void> {
  for (const relation of catalog.relations) {
    if (relation.kind === 'materialized view') {
      await client.query('savepoint refresh');
      await client
        .query(`refresh materialized view ${relation.sql}`)
        .catch(() => client.query('rollback to savepoint refresh'));
      await client.query('release savepoint refresh');
    }
  }
}

async function populate(
  client: pg.ClientBase,
  scene: Omit<Scene, 'clearing'>,
  populator: Populator,
  casting: Casting,
  options: VerifyOptions,
): Promise<{ cast: Cast; clearing: Map<string, string> }> {
  const { catalog, tenancy, config, a, b, shared } = scene;
  const tables = fillable(catalog.relations);
  await populator.createPerson(shared, '');
  await populator.fill(
    shared,
    tables.filter((relation) => tenancy.scopeOf(relation).kind === 'shared'),
  );
  populator.sharedRows = shared.rows;
  const ofCompanies = tables.filter(
    (relation) => tenancy.scopeOf(relation).kind !== 'shared' && relation.id !== tenancy.root?.id,
  );
  const files = async (population: Population): Promise<void> => {
    for (const sql of fileRows(scene, catalog.buckets, population.party.id, population.party.tag)) {
      await populator.run(sql);
    }
  };
  await populator.createCompany(a);
  const home = await createHomeside(populator, a, shared, tenancy, config);
  await populator.adopt(a);
  await populator.fill(a, [...(tenancy.root ? [tenancy.root] : []), ...ofCompanies]);
  await files(a);
  await populator.createSparePerson(a);
  await client.query('savepoint without_victim');
  await populator.createCompany(b);
  const roles = tenancy.membership?.roles.length ? tenancy.membership.roles : [''];
  const problems: { actor: string; reason: string }[] = [];
  for (const role of roles) {
    const person = await populator.createMember(b, role);
    if ('problem' in person) {
      problems.push({ actor: `${role || 'member'} of B`, reason: person.problem });
    }
  }
  await populator.adopt(b);
  await populator.fill(b, [...(tenancy.root ? [tenancy.root] : []), ...ofCompanies]);
  await files(b);
  await populator.createSparePerson(b);
  if (options.local) {
    await refreshViews(client, catalog);
  }
  const cast = await callCast(casting, populator, tenancy, home, a, b, shared);
  const kept = new Set([tenancy.membership?.relation.id ?? '', tenancy.people?.id ?? '']);
  return {
    cast: { ...cast, problems: [...cast.problems, ...problems] },
    clearing: await findClearing(client, catalog, [a, b, shared], kept),
  };
}

/** What has no row to try, though somebody may do something with it, and who could not be called. */
function uncovered(scene: Scene, cast: Cast, wanted: Filter): Finding[] {
  const { catalog, tenancy, b, shared } = scene;
  const findings: Finding[] = cast.problems.map(({ actor, reason }) =>
    notCovered(tenancy.membership?.relation.id ?? tenancy.column, 'table', actor, reason),
  );
  if (b.problems.has(tenancy.root?.id ?? '')) {
    findings.push(
      notCovered(tenancy.root?.id ?? '', 'table', '', b.problems.get(tenancy.root?.id ?? '') ?? ''),
    );
  }
  const used = new Set(cast.attackers.map(({ role }) => role));
  for (const relation of catalog.relations) {
    const reached = [...used].some((role) => catalog.rights.has(`${role} ${relation.id}`));
    if (!reached || !wanted(relation.id) || relation.id === 'storage.objects') {
      continue;
    }
    if (relation.kind === 'foreign table') {
      findings.push(notCovered(relation.id, relation.kind, '', 'what it holds is elsewhere'));
      continue;
    }
    if (relation.kind === 'view' || relation.kind === 'materialized view') {
      continue;
    }
    const isShared = tenancy.scopeOf(relation).kind === 'shared';
    const population = isShared ? shared : b;
    if (!rowIn(population, relation)) {
      const writes = ['insert', 'update', 'delete'].some((verb) =>
        [...used].some((role) => catalog.rights.get(`${role} ${relation.id}`)?.includes(verb)),
      );
      if (!isShared || writes) {
        findings.push(
          notCovered(
            relation.id,
            relation.kind,
            '',
            population.problems.get(relation.id) ??
              population.problems.get(relation.partitionOf ?? '') ??
              'no row could be made',
          ),
        );
      }
    } else if (
      !relation.partitionOf &&
      !population.spares.has(relation.id) &&
      [...used].some((role) => catalog.rights.get(`${role} ${relation.id}`)?.includes('insert'))
    ) {
      findings.push(
        notCovered(
          relation.id,
          relation.kind,
          '',
          `no second row could be made: ${population.spareProblems.get(relation.id) ?? ''}`,
          'insert',
        ),
      );
    }
  }
  return findings;
}

function assemble(input: {
  catalog: Catalog;
  tenancy: Tenancy;
  config: VerifyConfig;
  cast: Cast;
  cells: readonly Cell[];
  findings: readonly Finding[];
  tried: readonly Tried[];
  populator: Populator;
  session: Session;
  wanted: Filter;
  reporter: Reporter;
}): Certificate {
  const { catalog, tenancy, config, cast, tried, populator, session, wanted } = input;
  const actors = [
    ...[...cast.attackers, ...cast.operators].map((actor: Actor) => summaryOf(actor)),
    ...(input.cells.some(({ actor }) => actor === subscriber.name) ? [subscriber] : []),
  ];
  const excepted = applyExceptions(input.findings, config);
  for (const name of excepted.unused) {
    input.reporter.warn(`the exception for ${name} matches nothing: take it out`);
  }
  const findings = sortFindings(excepted.findings, actors);
  const cells = sortCells(input.cells, actors);
  const count = (level: Finding['level']): number =>
    findings.filter((one) => one.level === level && one.exception === undefined).length;
  const leaks = count('leak');
  const unproven = count('unproven');
  const missing = count('not covered');
  return {
    format: 1,
    tool: VERSION,
    server: String(catalog.major),
    tenancy: {
      column: tenancy.column,
      root: tenancy.root?.id ?? null,
      membership: tenancy.membership?.relation.id ?? null,
      roles: tenancy.membership?.roles ?? [],
      schemas: catalog.schemas,
    },
    actors,
    objects: objects(catalog, tenancy, wanted),
    cells,
    findings,
    setup: populator.setup.map((sql) => `${sql};`).join('\n'),
    summary: {
      result: leaks > 0 ? 'leak' : unproven + missing > 0 ? 'unproven' : 'proven',
      leaks,
      unproven,
      notCovered: missing,
      notes: count('note'),
      excepted: findings.filter(({ exception }) => exception !== undefined).length,
      cells: cells.length,
      denied: countVerdict(cells, 'denied'),
      allowed: countVerdict(cells, 'allowed'),
      statements: tried.length > 0 ? session.statements : 0,
    },
  };
}

function objects(catalog: Catalog, tenancy: Tenancy, wanted: Filter): ObjectSummary[] {
  const reachable = (id: string): string[] =>
    catalog.roles.flatMap((role) => {
      const verbs = catalog.rights.get(`${role} ${id}`);
      return verbs ? [`${role}: ${verbs.join(', ')}`] : [];
    });
  const result: ObjectSummary[] = [
    ...catalog.relations.map((relation) => ({
      name: relation.id,
      kind: relation.kind,
      scope:
        tenancy.scopeOf(relation).kind === 'shared' ? ('shared' as const) : ('tenant' as const),
      reachable: reachable(relation.id),
    })),
    ...catalog.sequences.map(({ id }) => ({
      name: id,
      kind: 'sequence' as const,
      scope: 'shared' as const,
      reachable: reachable(id),
    })),
    ...catalog.routines.map(({ id }) => ({
      name: id,
      kind: 'function' as const,
      scope: 'none' as const,
      reachable: reachable(id),
    })),
    ...catalog.buckets.map((bucket) => ({
      name: `storage.objects in ${bucket}`,
      kind: 'storage bucket' as const,
      scope: 'tenant' as const,
      reachable: reachable('storage.objects'),
    })),
    ...catalog.publications.map(({ name, tables }) => ({
      name,
      kind: 'publication' as const,
      scope: 'none' as const,
      reachable: [...tables],
    })),
  ];
  return result
    .filter(({ name }) => wanted(name))
    .toSorted((one, two) => (one.name < two.name ? -1 : 1));
}
