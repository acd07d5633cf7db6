/**
 * Values that a column may take, best first, as SQL expressions. The first ones carry the company's tag, so that a
 * value that turns up in the wrong place says whose it is.
 */
import fc from 'fast-check';
import pg from 'pg';
import type { Column, Relation } from './catalog.ts';
import { literalsOf } from './tenancy.ts';

/** Whose row is made, and which one. */
export interface RowContext {
  /** A word that stands nowhere else in the database. */
  readonly tag: string;
  /** Different for every row of a run. */
  readonly n: number;
  /** First eight digits of the ids of this company. */
  readonly idPrefix: string;
  /** Quoted id of the company. */
  readonly tenant: string;
}

/** A deterministic UUID (version 4) of a company. */
export function syntheticId(prefix: string, n: number): string {
  return `${prefix}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

const quote = pg.escapeLiteral;

const NAMED_TEXT: readonly [RegExp, (c: RowContext) => readonly string[]][] = [
  [/mail/, (c) => [`${c.tag}${c.n}@${c.tag}.example`]],
  [
    /url|website|link|href|domain/,
    (c) => [`https://${c.tag}${c.n}.example/`, `${c.tag}${c.n}.example`],
  ],
  [/phone|mobile|fax/, (c) => [`+1555${String(c.n).padStart(7, '0')}`]],
  [
    /mime|content_type|media_type/,
    () => ['text/plain', 'image/png', 'application/pdf', 'video/mp4'],
  ],
  [/currency/, () => ['USD', 'usd']],
  [/country/, () => ['US', 'us', 'USA']],
  [/time_?zone|^tz$/, () => ['UTC', 'Europe/Berlin']],
  [/locale|lang/, () => ['en', 'en-US']],
  [/hash|digest|checksum|sha/, (c) => [c.n.toString(16).padStart(64, '0')]],
  [/path|folder|object|file/, (c) => [`${unquoted(c.tenant)}/${c.tag}${c.n}`]],
];

function unquoted(literal: string): string {
  return literal.replace(/^'|'$/g, '');
}

function textValues(column: Column, relation: Relation, c: RowContext): readonly string[] {
  const checks = [
    ...relation.checks
      .filter(({ columns }) => columns.includes(column.name))
      .map((one) => one.expression),
    ...column.domainChecks,
  ];
  const named = NAMED_TEXT.filter(([pattern]) => pattern.test(column.name)).flatMap(([, make]) =>
    make(c),
  );
  const patterns = checks.flatMap((text) =>
    [...text.matchAll(/~\*? '((?:[^']|'')*)'/g)].map((match) =>
      (match[1] ?? '').replaceAll("''", "'"),
    ),
  );
  return [
    ...named,
    `${c.tag}${c.n}`,
    ...checks
      .flatMap(literalsOf)
      .flatMap((text) => [text, text.replaceAll('%', 'x').replaceAll('_', 'x')]),
    `${c.tag}-${c.n}`,
    `${c.tag}_${c.n}`,
    `${c.tag}.k${c.n}`,
    `${c.tag}/k${c.n}`,
    `/${c.tag}${c.n}`,
    `${c.tag.toUpperCase()}${c.n}`,
    `${unquoted(c.tenant)}/${c.tag}${c.n}`,
    `${c.tag}${c.n}@${c.tag}.example`,
    `https://${c.tag}${c.n}.example/`,
    ...patterns.flatMap((pattern) => samples(pattern, c.n)),
    c.n.toString(16).padStart(64, '0'),
    c.n.toString(16).padStart(40, '0'),
    syntheticId(c.idPrefix, c.n),
    String(c.n),
    'A',
    'aa',
    'AA',
    'AAA',
  ];
}

/** Strings that match a regular expression, or none if it is beyond JavaScript's. */
function samples(pattern: string, seed: number): string[] {
  try {
    const regex = new RegExp(
      pattern.replaceAll('[:alnum:]', 'A-Za-z0-9').replaceAll('[:digit:]', '0-9'),
      'u',
    );
    return fc
      .sample(fc.stringMatching(regex, { size: 'xsmall' }), { numRuns: 6, seed })
      .filter((text) => !text.includes('\0'));
  } catch {
    return [];
  }
}

function numberValues(column: Column, relation: Relation, c: RowContext): readonly string[] {
  const bounds = relation.checks
    .filter(({ columns }) => columns.includes(column.name))
    .flatMap(({ expression }) =>
      [...expression.matchAll(/\b\d+(?:\.\d+)?\b/g)].map(([text]) => Number(text)),
    )
    .flatMap((bound) => [bound, bound + 1, bound - 1]);
  const unique = column.base === 'smallint' ? 9000 + c.n : 900_000 + c.n;
  return [unique, c.n, 1, 0, 10, 100, 2, 12, 50, 2026, 0.5, -1, ...bounds].map(String);
}

const TIMES = [
  'now()',
  "now() - interval '1 day'",
  "now() + interval '1 day'",
  "now() + interval '40 days'",
  "now() - interval '40 days'",
  "date_trunc('month', now())",
  "date_trunc('month', now()) + interval '1 month'",
  "date_trunc('day', now())",
];

/** Candidates for a type, without NULL and DEFAULT; empty if nothing is known about it. */
export function valuesOf(column: Column, relation: Relation, c: RowContext): readonly string[] {
  if (column.element !== null) {
    const inner = valuesOf(
      { ...column, base: column.element, element: null, domainChecks: [] },
      relation,
      c,
    );
    return ["'{}'", ...inner.slice(0, 4).map((value) => `array[${value}]`)].toSorted((a) =>
      column.element === 'text' && a !== "'{}'" ? -1 : 0,
    );
  }
  if (column.labels.length > 0) {
    return column.labels.map((label) => quote(label));
  }
  switch (column.base) {
    case 'text':
    case 'character varying':
    case 'character':
    case 'citext':
    case 'name':
      return textValues(column, relation, c).map((text) =>
        quote(column.length ? text.slice(0, column.length) : text),
      );
    case 'smallint':
    case 'integer':
    case 'bigint':
      return numberValues(column, relation, c).filter((text) => /^-?\d+$/.test(text));
    case 'numeric':
    case 'real':
    case 'double precision':
      return [...numberValues(column, relation, c)].toSorted((a) => (a === '1' ? -1 : 0));
    case 'money':
      return ['1'];
    case 'boolean':
      return ['true', 'false'];
    case 'uuid':
      return [quote(syntheticId(c.idPrefix, c.n))];
    case 'timestamp with time zone':
    case 'timestamp without time zone':
    case 'date':
      return TIMES;
    case 'time without time zone':
    case 'time with time zone':
      return ["'12:00'", "'00:00'"];
    case 'interval':
      return ["'1 day'", "'1 hour'"];
    case 'json':
    case 'jsonb':
      return [
        quote(`{"note": "${c.tag}${c.n}"}`),
        "'{}'",
        quote(`["${c.tag}${c.n}"]`),
        "'[]'",
        "'true'",
        "'1'",
      ];
    case 'inet':
      return [`'192.0.2.${c.n % 250}'`];
    case 'cidr':
      return [`'192.0.2.${c.n % 250}/32'`, "'192.0.2.0/24'"];
    case 'macaddr':
      return ["'08:00:2b:01:02:03'"];
    case 'bytea':
      return [
        `'\\x${c.n.toString(16).padStart(64, '0')}'`,
        `'\\x${c.n.toString(16).padStart(8, '0')}'`,
        `'\\x${c.n.toString(16).padStart(32, '0')}'`,
      ];
    case 'tsvector':
      return [quote(c.tag)];
    case 'xml':
      return [quote(`<a>${c.tag}</a>`)];
    case 'ltree':
      return [quote(`${c.tag}${c.n}`)];
    case 'vector':
      return [quote(`[${Array.from({ length: column.length ?? 3 }, () => 0).join(',')}]`)];
    case 'int4range':
    case 'int8range':
    case 'numrange':
      return [`'[${c.n},${c.n + 1})'`, "'[1,10)'"];
    case 'tstzrange':
      return [
        `tstzrange(now() + ${c.n} * interval '1 hour', now() + ${c.n + 1} * interval '1 hour')`,
        "'[2026-01-01,2026-02-01)'",
      ];
    case 'tsrange':
    case 'daterange':
      return [
        `'[2026-01-${String(1 + (c.n % 27)).padStart(2, '0')},2026-01-28)'`,
        "'[2026-01-01,2026-02-01)'",
      ];
    case 'bit':
    case 'bit varying':
      return [`B'${'0'.repeat(column.length ?? 1)}'`];
    case 'point':
      return ["'(0,0)'"];
    case 'oid':
    case 'xid':
      return ['0'];
    default:
      return [];
  }
}
