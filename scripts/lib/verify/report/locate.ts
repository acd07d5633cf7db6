/** Where objects are defined: file and line of the last statement in the migrations that creates them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { compareTexts, groupBy } from './order.ts';

/** A place in a file. */
export interface Location {
  /** Path from the root of the repository, with slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Finds an object by its qualified name, functions with their argument types. */
export type Locate = (object: string) => Location | undefined;

interface Definition extends Location {
  readonly name: string;
  /** How many arguments a function takes. */
  readonly arity: number | undefined;
}

/** Quoted names, which stay; and comments, strings and dollar quotes, in which nothing is a statement. */
const QUOTED =
  /"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\be'(?:\\[\s\S]|[^'\\])*'|'(?:[^']|'')*'|(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1/gi;

const IDENTIFIER = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const NAME = String.raw`${IDENTIFIER}(?:\s*\.\s*${IDENTIFIER})?`;
const KIND = String.raw`(?:(?:global|local|temp|temporary|unlogged|recursive|foreign|materialized)\s+)*(?:table|view|sequence|function|procedure|publication)`;
const CREATE = new RegExp(
  String.raw`\bcreate\s+(?:or\s+replace\s+)?(?:(?<kind>${KIND})\s+(?:if\s+not\s+exists\s+)?(?<name>${NAME})|policy\s+${IDENTIFIER}\s+on\s+(?<table>${NAME}))`,
  'giu',
);

function blank(text: string): string {
  return text.startsWith('"') ? text : text.replace(/[^\n]/g, ' ');
}

/** A name as PostgreSQL keeps it: unquoted parts in lower case, without a schema in `public`. */
function normalize(name: string, qualify: boolean): string {
  const parts = (name.match(new RegExp(IDENTIFIER, 'gu')) ?? []).map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase(),
  );
  return (parts.length === 1 && qualify ? ['public', ...parts] : parts).join('.');
}

/** The text up to the parenthesis that closes the one it begins with. */
function withinParentheses(text: string): string | undefined {
  let depth = 0;
  for (let index = text.search(/\S/); index >= 0 && index < text.length; index += 1) {
    const character = text[index];
    depth += character === '(' ? 1 : character === ')' ? -1 : 0;
    if (depth === 0) {
      return character === ')' ? text.slice(text.indexOf('(') + 1, index) : undefined;
    }
  }
  return undefined;
}

/** How many arguments a list names that a caller gives; commas within parentheses separate none. */
function arityOf(list: string): number {
  let flat = list;
  while (/\([^()]*\)/.test(flat)) {
    flat = flat.replace(/\([^()]*\)/g, '');
  }
  return flat.split(',').filter((one) => /\S/.test(one) && !/^\s*out\s/i.test(one)).length;
}

function definitionsIn(sql: string, file: string): readonly Definition[] {
  const text = sql.replace(QUOTED, blank);
  return [...text.matchAll(CREATE)].map((match) => {
    const { kind = '', name, table = '' } = match.groups ?? {};
    const list = /(?:function|procedure)$/i.test(kind)
      ? withinParentheses(text.slice(match.index + match[0].length))
      : undefined;
    return {
      name: normalize(name ?? table, !/^publication$/i.test(kind)),
      arity: list === undefined ? undefined : arityOf(list),
      file,
      line: text.slice(0, match.index).split('\n').length,
    };
  });
}

/**
 * Reads the migrations of a directory in the order of their names, and tells where an object was created or replaced
 * last, or for a table, got its last policy. What a migration creates by dynamic SQL is not found,
 * nor anything where there is no such directory.
 *
 * @param root what the paths are relative to
 */
export function locateObjects(directory: string, root = process.cwd()): Locate {
  const files = (existsSync(directory) ? readdirSync(directory) : [])
    .filter((name) => name.endsWith('.sql'))
    .sort(compareTexts);
  const definitions = files.flatMap((name) => {
    const path = join(directory, name);
    const file = relative(root, path).split(sep).join('/');
    return definitionsIn(readFileSync(path, 'utf8'), file);
  });
  const byName = groupBy(definitions, (one) => one.name);
  return (object) => {
    const [, name = object, list] = /^([^(]*)(?:\((.*)\))?$/s.exec(object) ?? [];
    const found = byName.get(name) ?? byName.get(normalize(name, false)) ?? [];
    const alike = list === undefined ? [] : found.filter((one) => one.arity === arityOf(list));
    const last = alike.at(-1) ?? found.at(-1);
    return last && { file: last.file, line: last.line };
  };
}
