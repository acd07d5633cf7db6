import { isDeepStrictEqual } from 'node:util';
import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import { messageOf, UserError } from '../errors.ts';

/** A table of config.toml that the package needs. */
export interface Setting {
  /** As in the header: `['auth', 'hook', 'custom_access_token']`. */
  path: readonly string[];
  values: Readonly<Record<string, string | boolean>>;
  /** Why, for the comment above it. */
  reason: string;
}

/** What came of merging. */
export interface Merged {
  text: string;
  /** Headers of the tables that were added or switched on. */
  added: string[];
  /** Settings that are there already, with other values. */
  conflicts: { setting: Setting; found: TomlTable }[];
}

/** Reads a config.toml. */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    throw new UserError(`${file} is not TOML`, {
      details: messageOf(error),
      fix: 'mend it; the Supabase CLI could not read it either',
    });
  }
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** The value under a path, or undefined. */
export function valueAt(config: TomlTable, path: readonly string[]): TomlValue | undefined {
  let at: TomlValue | undefined = config;
  for (const key of path) {
    at = isTable(at) ? at[key] : undefined;
  }
  return at;
}

function headerOf(setting: Setting): string {
  return `[${setting.path.join('.')}]`;
}

function blockOf(setting: Setting): string {
  const values = Object.entries(setting.values).map(
    ([key, value]) => `${key} = ${JSON.stringify(value)}`,
  );
  return [`# ${setting.reason}`, headerOf(setting), ...values].join('\n');
}

/** The text with `enabled` of one table switched on, or unchanged where it is written in another way. */
function switchedOn(text: string, setting: Setting): string {
  const lines = text.split('\n');
  const begin = lines.findIndex((line) => line.replace(/#.*/, '').trim() === headerOf(setting));
  for (let i = begin + 1; begin >= 0 && i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (/^\s*\[/.test(line)) {
      break;
    }
    if (/^\s*enabled\s*=\s*false\b/.test(line)) {
      lines[i] = line.replace('false', 'true');
      return lines.join('\n');
    }
  }
  return text;
}

function withSetting(config: TomlTable, setting: Setting): TomlTable {
  const copy = structuredClone(config);
  let at = copy;
  for (const key of setting.path) {
    const next = at[key];
    const inner: TomlTable = isTable(next) ? next : {};
    at[key] = inner;
    at = inner;
  }
  Object.assign(at, setting.values);
  return copy;
}

/**
 * Adds tables to a config.toml by appending text, so that what is there keeps its comments and its form. What comes
 * out is parsed and must be what was there and the added settings, nothing else.
 */
export function mergeConfig(text: string, settings: readonly Setting[], file: string): Merged {
  const merged: Merged = { text, added: [], conflicts: [] };
  for (const setting of settings) {
    const before = parseToml(merged.text, file);
    const found = valueAt(before, setting.path);
    if (
      isTable(found) &&
      Object.entries(setting.values).every(([key, value]) => found[key] === value)
    ) {
      continue;
    }
    let after: string;
    if (found === undefined) {
      const eol = merged.text.includes('\r\n') ? '\r\n' : '\n';
      const gap = merged.text === '' || merged.text.endsWith('\n') ? '' : eol;
      after = `${merged.text}${gap}${eol}${blockOf(setting).replaceAll('\n', eol)}${eol}`;
    } else {
      const { enabled, ...others } = setting.values;
      const isOff =
        enabled === true &&
        isTable(found) &&
        found.enabled === false &&
        Object.entries(others).every(([key, value]) => found[key] === value);
      after = isOff ? switchedOn(merged.text, setting) : merged.text;
    }
    if (after === merged.text) {
      merged.conflicts.push({ setting, found: isTable(found) ? found : {} });
      continue;
    }
    if (!isDeepStrictEqual(plain(parsedOrUndefined(after)), plain(withSetting(before, setting)))) {
      throw new UserError(
        `${headerOf(setting)} cannot be added to ${file} without changing other settings`,
        {
          details: blockOf(setting),
          fix: 'add these lines by hand, then run the command again',
        },
      );
    }
    merged.text = after;
    merged.added.push(headerOf(setting));
  }
  return merged;
}

/** The same values in objects of one kind: the parser's have no prototype. */
function plain(config: TomlTable | undefined): TomlTable | undefined {
  return config && structuredClone(config);
}

function parsedOrUndefined(text: string): TomlTable | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
