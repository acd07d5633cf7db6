/**
 * The isolation matrix: every member of the cast tries every verb on every table, on a row of their own company and on
 * one of another, in the running database. Each try is rolled back. Measured cells are compared with the declaration
 * in `access.ts`.
 */
import Table from 'cli-table3';
import type pg from 'pg';
import pc from 'picocolors';
import {
  actorLabel,
  isDeclaredAllowed,
  MATRIX_ACTORS,
  MATRIX_TABLES,
  type MatrixActor,
  type MatrixTable,
  VERBS,
  type Verb,
} from './access.ts';
import { COMPANIES } from './cast.ts';
import { inRolledBackTransaction, withClient } from './client.ts';
import { insertRow, type Probe, placeProbe, prepareProbe, whereKey } from './probes.ts';
import { type Claims, claimsWithin, impersonate } from './token.ts';

/** What a try came to: rows were reached, none were (or SQLSTATE 42501), or the try itself went wrong. */
export type Outcome = 'allowed' | 'denied' | `error ${string}`;

/** One measured cell. */
export interface Cell {
  readonly actor: string;
  readonly table: MatrixTable;
  readonly verb: Verb;
  readonly target: 'own' | 'other';
  readonly outcome: Outcome;
  readonly declared: 'allowed' | 'denied';
}

/** The measured matrix, in a stable order. */
export interface Matrix {
  readonly cells: readonly Cell[];
}

/** Cells that are not as declared. */
export function deviations(matrix: Matrix): readonly Cell[] {
  return matrix.cells.filter((cell) => cell.outcome !== cell.declared);
}

const PERMISSION_DENIED = '42501';

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : String(error);
}

async function attempt(client: pg.ClientBase, verb: Verb, probe: Probe): Promise<number> {
  const target = `${probe.schema}.${probe.table}`;
  if (verb === 'insert') {
    return insertRow(client, probe);
  }
  if (verb === 'update') {
    const names = Object.keys(probe.change);
    const where = whereKey(probe, names.length + 1);
    const sets = names.map((name, index) => `${name} = $${index + 1}`).join(', ');
    const result = await client.query(`update ${target} set ${sets} where ${where.text}`, [
      ...Object.values(probe.change),
      ...where.values,
    ]);
    return result.rowCount ?? 0;
  }
  const where = whereKey(probe);
  const head = verb === 'select' ? 'select 1 from' : 'delete from';
  const result = await client.query(`${head} ${target} where ${where.text}`, where.values);
  return result.rowCount ?? 0;
}

async function measureCell(
  client: pg.ClientBase,
  claims: Claims,
  verb: Verb,
  probe: Probe,
): Promise<Outcome> {
  await client.query('savepoint cell');
  try {
    await impersonate(client, claims);
    return (await attempt(client, verb, probe)) > 0 ? 'allowed' : 'denied';
  } catch (error) {
    const code = codeOf(error);
    return code === PERMISSION_DENIED ? 'denied' : `error ${code}`;
  } finally {
    await client.query('rollback to savepoint cell');
  }
}

/**
 * Measures the matrix in a database that holds the development data. Nothing is kept: every try runs in a transaction
 * that is rolled back.
 *
 * @param url connection of a role that bypasses row level security and may become the API roles (`postgres`)
 */
export async function measureMatrix(url: string): Promise<Matrix> {
  const cells: Cell[] = [];
  await withClient(url, async (client) => {
    const everybody = await inRolledBackTransaction(client, async () => {
      const known: { actor: MatrixActor; claims: Claims }[] = [];
      for (const actor of MATRIX_ACTORS) {
        const request = { as: actor.actor, ...(actor.company ? { company: actor.company } : {}) };
        known.push({ actor, claims: await claimsWithin(client, request) });
      }
      return known;
    });
    for (const table of MATRIX_TABLES) {
      for (const target of ['own', 'other'] as const) {
        if (table === 'system_config' && target === 'other') {
          continue; // It belongs to no company.
        }
        for (const company of new Set(MATRIX_ACTORS.map((actor) => actor[target]))) {
          const concerned = everybody.filter(({ actor }) => actor[target] === company);
          const measure = async (verbs: readonly Verb[], probe: Probe): Promise<void> => {
            for (const { actor, claims } of concerned) {
              for (const verb of verbs) {
                const outcome = await measureCell(client, claims, verb, probe);
                cells.push(cell(actor, table, verb, target, outcome));
              }
            }
          };
          await inRolledBackTransaction(client, async () => {
            const id = COMPANIES[company].id;
            // Storage refuses deletions by SQL from everybody unless they say that they mean it.
            await client.query(
              `select set_config('storage.allow_delete_query', 'true', true), set_config('storage.can_delete', 'true', true)`,
            );
            const absent = await prepareProbe(client, table, id);
            await client.query('savepoint target');
            await measure(['select', 'update', 'delete'], await placeProbe(client, table, id));
            await client.query('rollback to savepoint target');
            await measure(['insert'], absent);
          });
        }
      }
    }
  });
  return { cells: cells.sort((a, b) => order(a) - order(b)) };
}

const labels = MATRIX_ACTORS.map(actorLabel);

function order(one: Cell): number {
  const parts: readonly [number, number][] = [
    [MATRIX_TABLES.indexOf(one.table), MATRIX_TABLES.length],
    [labels.indexOf(one.actor), labels.length],
    [one.target === 'own' ? 0 : 1, 2],
    [VERBS.indexOf(one.verb), VERBS.length],
  ];
  return parts.reduce((sum, [index, size]) => sum * size + index, 0);
}

function cell(
  actor: MatrixActor,
  table: MatrixTable,
  verb: Verb,
  target: 'own' | 'other',
  outcome: Outcome,
): Cell {
  const declared = isDeclaredAllowed(actor, table, verb, target) ? 'allowed' : 'denied';
  return { actor: actorLabel(actor), table, verb, target, outcome, declared };
}

function letters(cells: readonly Cell[], mark: (text: string) => string): string {
  if (cells.length === 0) {
    return '';
  }
  return cells
    .map((one) => {
      const letter =
        one.outcome === 'allowed' ? one.verb.charAt(0) : one.outcome === 'denied' ? '·' : '!';
      return one.outcome === one.declared ? letter : mark(letter);
    })
    .join('');
}

/** Two groups of letters for a table and an actor: own company, other company. */
function cellText(
  matrix: Matrix,
  table: MatrixTable,
  actor: string,
  mark: (text: string) => string,
): string {
  const of = (target: 'own' | 'other'): string =>
    letters(
      matrix.cells.filter(
        (one) => one.table === table && one.actor === actor && one.target === target,
      ),
      mark,
    );
  const other = of('other');
  return other === '' ? of('own') : `${of('own')} ${other}`;
}

const LEGEND =
  'Each cell: own company, other company. s select, i insert, u update, d delete, · denied (42501 or no rows).';

/** The matrix as a table for a terminal. */
export function renderMatrix(matrix: Matrix): string {
  const table = new Table({
    head: ['', ...labels],
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const name of MATRIX_TABLES) {
    table.push([
      name,
      ...labels.map((label) => cellText(matrix, name, label, (text) => pc.bgRed(text))),
    ]);
  }
  const wrong = deviations(matrix);
  const summary =
    wrong.length === 0
      ? pc.green(`${matrix.cells.length} cells measured, all as declared`)
      : [
          pc.red(`${wrong.length} of ${matrix.cells.length} cells are not as declared:`),
          ...wrong.map(
            (one) =>
              `  ${one.actor} ${one.verb} ${one.table} (${one.target}): ${one.outcome}, declared ${one.declared}`,
          ),
        ].join('\n');
  return `${table.toString()}\n${LEGEND}\n${summary}\n`;
}

/** The matrix as a Markdown table. */
export function renderMatrixMarkdown(matrix: Matrix): string {
  const head = `| | ${labels.join(' | ')} |\n|---|${labels.map(() => '---').join('|')}|\n`;
  const rows = MATRIX_TABLES.map(
    (name) =>
      `| ${name} | ${labels.map((label) => `\`${cellText(matrix, name, label, (text) => text)}\``).join(' | ')} |`,
  );
  return `${head}${rows.join('\n')}\n\n${LEGEND}\n`;
}
