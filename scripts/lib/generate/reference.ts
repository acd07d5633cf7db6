import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule } from '@libpg-query/parser';
import { withClient } from '../client.ts';
import { rootDir } from '../paths.ts';
import { type RoleModel, readRoleModel } from '../types/roles.ts';
import {
  type Column,
  type Policy,
  type Routine,
  readColumns,
  readPolicies,
  readRoutines,
  readTables,
  type Table,
} from './catalog.ts';
import { examplesOf } from './examples.ts';
import { code, generatedHeader, markdownTable } from './markdown.ts';
import { readSignatures, type Signature } from './signatures.ts';

/** The text of a comment, and what follows `Errors:` in it. */
function splitErrors(comment: string | null): { text: string; errors: string | undefined } {
  const [text = '', errors] = (comment ?? '').split(/\s*\bErrors:\s*/, 2);
  return { text: text.trim(), errors: errors?.trim() };
}

function columnRow(column: Column): string[] {
  const filled = column.generated ? 'computed' : (column.default ?? '');
  return [
    code(column.name),
    code(column.type),
    column.not_null ? 'no' : 'yes',
    code(filled),
    column.comment ?? '',
  ];
}

function tableSection(
  table: Table,
  columns: readonly Column[],
  policies: readonly Policy[],
): string[] {
  const belongs = (item: { schema: string; table: string }): boolean =>
    item.schema === table.schema && item.table === table.name;
  const own = policies.filter(belongs);
  return [
    `### ${table.name}`,
    '',
    `${table.comment ?? ''}${table.kind === 'table' ? '' : ` (${table.kind})`}`.trim(),
    '',
    markdownTable(
      ['Column', 'Type', 'Null', 'Default', 'Meaning'],
      columns.filter(belongs).map(columnRow),
    ),
    '',
    ...(own.length === 0
      ? []
      : [
          markdownTable(
            ['Policy', 'For', 'To', 'Meaning'],
            own.map((policy) => [
              code(policy.name),
              policy.command.toLowerCase(),
              policy.roles.map(code).join(', '),
              policy.comment ?? '',
            ]),
          ),
          '',
        ]),
  ];
}

/** Tokens of docs/errors.md, each with a link to that page. */
function linkErrors(errors: string, tokens: ReadonlySet<string>): string {
  return errors.replaceAll(/\b[a-z]+(?:_[a-z0-9]+)+\b/g, (word) =>
    tokens.has(word) ? `[\`${word}\`](../docs/errors.md)` : word,
  );
}

function errorTokens(): Set<string> {
  const page = readFileSync(join(rootDir, 'docs/errors.md'), 'utf8');
  return new Set(
    [...page.matchAll(/^\| \w{5} \| \d{3} \| `(\w+)` \|/gm)].map((match) => match[1] ?? ''),
  );
}

/** What is known of a function of the API beyond its comment. */
interface Knowledge {
  signatures: readonly Signature[];
  model: RoleModel;
  tokens: ReadonlySet<string>;
}

/** A function of the API: parameters, result, errors, who may call it, and how. */
function functionSection(routine: Routine, { signatures, model, tokens }: Knowledge): string[] {
  const signature = signatures.find(
    (one) => one.name === routine.name && one.arguments === routine.arguments,
  );
  if (signature === undefined) {
    throw new Error(`${routine.name} has no signature`);
  }
  const { text, errors } = splitErrors(routine.comment);
  const certain = new Set(model.certain.get(routine.name));
  const roles = [
    ...model.roles
      .filter(({ functions }) => functions.includes(routine.name))
      .map(({ role }) => role),
    ...(routine.executors.includes('service_role') ? ['backend (`service_role`)'] : []),
  ];
  const examples = examplesOf(signature);
  return [
    `### ${routine.name}`,
    '',
    text,
    '',
    ...(signature.parameters.length === 0
      ? ['No parameters.']
      : [
          markdownTable(
            ['Parameter', 'Type', 'Unless given'],
            signature.parameters.map(({ name, type, default: value }) => [
              code(name),
              code(type),
              value === null ? 'must be given' : code(value.replace(/::[\w ".[\]]+$/, '')),
            ]),
          ),
        ]),
    '',
    ...(signature.columns.length === 0
      ? [
          `- Result: ${code(routine.result)}${certain.has('') || signature.returns_nothing ? '' : ', null possible'}`,
        ]
      : [
          markdownTable(
            ['Result', 'Type', 'Null'],
            signature.columns.map(({ name, type }) => [
              code(name),
              code(type),
              certain.has(name) ? 'never' : 'possible',
            ]),
          ),
          '',
          `- Result: ${signature.returns_set ? 'any number of rows' : 'one row'}`,
        ]),
    `- Errors: ${errors === undefined ? 'none of its own' : linkErrors(errors, tokens)}`,
    `- For: ${roles.length === 0 ? 'nobody but its owner' : roles.join(', ')}`,
    `- ${routine.volatility}, ${routine.security_definer ? 'security definer' : 'security invoker'}`,
    '',
    '```sql',
    examples.sql,
    '```',
    '',
    '```ts',
    examples.ts,
    '```',
    '',
  ];
}

function routineSection(routine: Routine): string[] {
  const { text, errors } = splitErrors(routine.comment);
  const security = routine.security_definer ? 'security definer' : 'security invoker';
  return [
    `### ${routine.name}(${routine.arguments})`,
    '',
    text,
    '',
    `- Result: ${code(routine.result)}`,
    ...(errors === undefined ? [] : [`- Errors: ${errors}`]),
    `- May execute: ${routine.executors.length === 0 ? 'nobody but its owner' : routine.executors.map(code).join(', ')}`,
    `- ${routine.language}, ${routine.volatility}, ${security}`,
    '',
  ].filter((line, index) => !(index === 2 && line === ''));
}

/** Tables, columns, policies and functions with their comments, read from the catalog. */
export async function generateReference(url: string): Promise<string> {
  await loadModule();
  return withClient(url, async (client) => {
    const tables = await readTables(client);
    const columns = await readColumns(client);
    const policies = await readPolicies(client);
    const routines = await readRoutines(client);
    const knowledge: Knowledge = {
      signatures: await readSignatures(client),
      model: await readRoleModel(client),
      tokens: errorTokens(),
    };
    const tablesOf = (schema: string): string[] =>
      tables
        .filter((table) => table.schema === schema)
        .flatMap((table) => tableSection(table, columns, policies));
    const routinesOf = (schema: string, triggers: boolean): Routine[] =>
      routines.filter((routine) => routine.schema === schema && routine.is_trigger === triggers);
    return [
      `<!-- ${generatedHeader('reference')} -->`,
      '',
      '# Reference',
      '',
      'Made from the comments in the database. `public` is the API; `private` is not reachable through it.',
      '',
      '## Tables of the API (`public`)',
      '',
      ...tablesOf('public'),
      '## Functions of the API (`public`)',
      '',
      'Members call with the permissions of their role, and with those that were assigned to them; *For* names the',
      'roles that hold what a function asks for from the start. Named parameters may come in any order. From',
      'supabase-js, `supabase` is a client of `createClient<Database>()`, for the backend with the service key.',
      '',
      ...routinesOf('public', false).flatMap((routine) => functionSection(routine, knowledge)),
      '## Internal tables (`private`)',
      '',
      ...tablesOf('private'),
      '## Internal functions (`private`)',
      '',
      ...routinesOf('private', false).flatMap(routineSection),
      '## Trigger functions (`private`)',
      '',
      markdownTable(
        ['Function', 'Security', 'Meaning'],
        routinesOf('private', true).map((routine) => [
          code(routine.name),
          routine.security_definer ? 'definer' : 'invoker',
          routine.comment ?? '',
        ]),
      ),
      '',
    ].join('\n');
  });
}
