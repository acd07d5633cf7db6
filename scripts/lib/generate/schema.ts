import { splitStatements } from '../sql-statements.ts';
import { dbDiff } from '../supabase-cli.ts';
import { generatedHeader } from './markdown.ts';

/** Monthly partitions are named after their month, so which ones exist depends on the day. */
const MONTHLY_PARTITION = /"private"\."\w+_p\d{6}"/;

/**
 * The schema as SQL: what the Supabase CLI finds different between a new project and the migrated database. Monthly
 * partitions are left out, so that the file changes with the migrations and not with the calendar.
 */
export async function generateSchema(baselineUrl: string, url: string): Promise<string> {
  const statements = await splitStatements(await dbDiff(baselineUrl, url));
  const lasting = statements.filter(({ text }) => !MONTHLY_PARTITION.test(text));
  return [
    `-- ${generatedHeader('schema')}`,
    '-- For reading and for comparing: what the migrations add to a new Supabase project. Apply the migrations instead.',
    '',
    ...lasting.map(({ text }) => `${text};\n`),
  ].join('\n');
}
