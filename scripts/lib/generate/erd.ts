import { withClient } from '../client.ts';
import {
  type Column,
  type ForeignKey,
  readColumns,
  readForeignKeys,
  readTables,
} from './catalog.ts';
import { generatedHeader } from './markdown.ts';

const shortTypes: Record<string, string> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  'character varying': 'varchar',
  'double precision': 'float8',
};

/** Mermaid allows letters, digits, `-`, `_`, brackets and parentheses in a type. */
function mermaidType(type: string): string {
  return (shortTypes[type] ?? type).replaceAll(/\(.*\)/g, '').replaceAll(/[^\w[\]]/g, '_');
}

function attribute(column: Column, foreignKeys: readonly ForeignKey[]): string {
  const keys = [
    ...(column.in_primary_key ? ['PK'] : []),
    ...(foreignKeys.some((key) => key.columns.includes(column.name)) ? ['FK'] : []),
  ];
  return `    ${mermaidType(column.type)} ${column.name}${keys.length > 0 ? ` ${keys.join(', ')}` : ''}`;
}

/** `company_id` is in every key and says nothing on an arrow; the other column does. */
function relation(key: ForeignKey): string {
  const parent = key.nullable ? '|o' : '||';
  const child = key.unique ? 'o|' : 'o{';
  const named = key.columns.filter((column) => column !== 'company_id');
  return `  ${key.target} ${parent}--${child} ${key.table} : "${(named.length > 0 ? named : key.columns).join(', ')}"`;
}

/** The tables of `public` as a Mermaid diagram, read from the catalog. */
export async function generateErd(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const tables = (await readTables(client)).filter(
      (table) => table.schema === 'public' && table.kind !== 'view',
    );
    const columns = await readColumns(client);
    const keys = (await readForeignKeys(client)).filter((key) => key.schema === 'public');
    const lines = [
      `<!-- ${generatedHeader('erd')} -->`,
      '',
      '# Entities and relations',
      '',
      'Tables of the schema `public`. Every relation between tables of a company carries `company_id` too.',
      '',
      '```mermaid',
      'erDiagram',
    ];
    for (const table of tables) {
      const own = keys.filter((key) => key.table === table.name);
      lines.push(
        `  ${table.name} {`,
        ...columns
          .filter((column) => column.schema === 'public' && column.table === table.name)
          .map((column) => attribute(column, own)),
        '  }',
      );
    }
    lines.push(...keys.filter((key) => key.target_schema === 'public').map(relation), '```', '');
    return lines.join('\n');
  });
}
