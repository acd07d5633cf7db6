/** The matrix for a terminal. */
import Table from 'cli-table3';
import type { createColors } from 'picocolors';
import type { Certificate } from '../types.ts';
import type { Status } from './cells.ts';
import { LETTER_MEANINGS, layOut, type Mark, type MatrixModel, type MatrixRow } from './matrix.ts';
import { printable, shorten } from './printable.ts';

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof createColors>;

/** A sign for each status, readable without colour. */
export const SIGNS: Readonly<Record<Status, string>> = {
  leak: '✘',
  unproven: '?',
  'not covered': '○',
  excepted: '~',
  allowed: '+',
  denied: '·',
};

const SIGN_MEANINGS: readonly (readonly [Status, string])[] = [
  ['leak', 'leak'],
  ['unproven', 'unproven'],
  ['not covered', 'not covered'],
  ['excepted', 'accepted by an exception'],
  ['allowed', 'allowed'],
  ['denied', 'denied'],
];

/** Colours a text by a status. */
export function paint(colors: Colors, status: Status, text: string): string {
  if (status === 'leak') {
    return colors.red(colors.bold(text));
  }
  if (status === 'unproven' || status === 'not covered') {
    return colors.yellow(text);
  }
  return status === 'excepted' ? colors.cyan(text) : status === 'denied' ? colors.dim(text) : text;
}

function markText(mark: Mark, colors: Colors): string {
  const sign = mark.status === undefined ? ' ' : paint(colors, mark.status, SIGNS[mark.status]);
  return mark.own === '' ? sign : `${sign} ${mark.own}`;
}

function rowName(row: MatrixRow, width: number): string {
  const [first = '', ...others] = row.objects.map(printable);
  const more = others.length === 0 ? '' : ` and ${others.length} alike`;
  return `${shorten(first, width - more.length)}${more}`;
}

/** Nothing but columns: lines would cost more room than they give order. */
const NO_LINES = Object.fromEntries(
  [
    ...['top', 'bottom'].flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]),
    ...['mid', 'left', 'left-mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

/** The matrix in as many tables as its columns need. */
function tablesOf(model: MatrixModel, width: number, colors: Colors): readonly string[] {
  const rows = model.groups.flatMap((group) => group.rows);
  const letters = Math.max(0, ...rows.flatMap((row) => row.marks.map((mark) => mark.own.length)));
  const field = letters === 0 ? 4 : letters + 4;
  const longest = Math.max(10, ...rows.map((row) => rowName(row, 1000).length)) + 4;
  const names = Math.min(longest, Math.max(30, width - model.columns.length * field));
  const fitting = Math.max(1, Math.floor((width - names) / field));
  const tables: string[] = [];
  for (let first = 0; first < model.columns.length; first += fitting) {
    const columns = model.columns.slice(first, first + fitting);
    const table = new Table({
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      colWidths: [names, ...columns.map(() => field)],
    });
    for (const group of model.groups) {
      const numbers = columns.map((_, index) => colors.dim(String(first + index + 1)));
      table.push([colors.bold(group.kind), ...numbers]);
      for (const row of group.rows) {
        const marks = row.marks.slice(first, first + fitting);
        const texts = marks.map((mark) => markText(mark, colors));
        table.push([`  ${rowName(row, names - 4)}`, ...texts]);
      }
    }
    tables.push(table.toString().replace(/[ \t]+$/gm, ''));
  }
  return tables;
}

function actorLines(certificate: Certificate, model: MatrixModel, colors: Colors): string[] {
  const known = new Map(certificate.actors.map((actor) => [actor.name, actor]));
  return model.columns.map((names, index) => {
    const operator = names.some((name) => known.get(name)?.kind === 'operator');
    const note = operator ? colors.dim(' (operator)') : '';
    return `${colors.dim(String(index + 1).padStart(4))}  ${names.map(printable).join(', ')}${note}`;
  });
}

/** The matrix with its legend. */
export function renderMatrix(
  certificate: Certificate,
  colors: Colors,
  options: { readonly width: number; readonly verbose: boolean },
): string {
  const model = layOut(certificate, !options.verbose);
  const used = new Set(
    model.groups.flatMap(({ rows }) => rows.flatMap((row) => row.marks.map((mark) => mark.status))),
  );
  const signs = SIGN_MEANINGS.filter(([status]) => used.has(status)).map(
    ([status, meaning]) => `${paint(colors, status, SIGNS[status])} ${meaning}`,
  );
  const blank = used.has(undefined) ? ['(blank) nothing tried'] : [];
  const letters = LETTER_MEANINGS.map(([letter, meaning]) => `${letter} ${meaning}`).join('  ');
  return [
    'Actors',
    ...actorLines(certificate, model, colors),
    '',
    tablesOf(model, options.width, colors).join('\n\n'),
    '',
    `${colors.dim('what another company’s rows and secrets met:')} ${[...signs, ...blank].join('  ')}`,
    `${colors.dim('allowed on own and shared rows:')} ${letters}`,
  ].join('\n');
}
