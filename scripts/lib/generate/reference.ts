import { withClient } from '../client.ts';
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
import { code, generatedHeader, markdownTable } from './markdown.ts';

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
  return withClient(url, async (client) => {
    const tables = await readTables(client);
    const columns = await readColumns(client);
    const policies = await readPolicies(client);
    const routines = await readRoutines(client);
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
      ...routinesOf('public', false).flatMap(routineSection),
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
