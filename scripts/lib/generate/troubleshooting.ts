import { withClient } from '../client.ts';
import { fillIn, readDefinitions } from '../doctor/definitions.ts';
import type { Definition } from '../doctor/types.ts';
import { generatedHeader } from './markdown.ts';

const INTRODUCTION = `# Troubleshooting

What can be wrong, why, and what mends it. \`npm run doctor\` and \`diagnose()\` look for all of this and fill in what stands
here as \`<name>\`; each entry is one check, and each check has a test that plants the fault and one that mends it.

\`\`\`sh
npm run doctor -- --db "$DATABASE_URL"                                    # everything
npm run doctor -- --db "$DATABASE_URL" --user alice@acme.example          # why Alice sees no rows
npm run doctor -- --db "$DATABASE_URL" --user alice@acme.example --token "$JWT" --header "x-forwarded-for: 203.0.113.7"
npm run doctor -- --db "$DATABASE_URL" --company acme --permission invoices.read --user adam@acme.example
npm run doctor -- --db "$DATABASE_URL" --sql                              # the statements that mend it
\`\`\`

It changes nothing. Exit codes: 0 nothing to mend, 1 errors or warnings, 2 wrong arguments, 4 no database. \`--json\` prints
all of it for a machine. An operator, or a member about themselves, asks the same through the API:

\`\`\`ts
await supabase.rpc('diagnose');                                           // why do I see nothing?
await supabase.rpc('diagnose', { company_id, user_id, permission: 'invoices.read' });
\`\`\`

Severities: **error** something does not work, **warning** something will not, **info** it works as it is set, and that may
surprise. Whether isolation holds is another question, which [npm run verify](verify.md) answers.
`;

/** The page of all checks, from their definitions. */
export async function generateTroubleshooting(url: string): Promise<string> {
  const { areas, checks } = await withClient(url, readDefinitions);
  const sections = areas.map(({ area, title, permission }) => {
    const own = checks.filter((check) => check.area === area && check.severity !== 'ok');
    const note =
      permission === null ? '' : `\nMembers need \`${permission}\` to have it examined.\n`;
    return `## ${title}\n${note}\n${own.map(entry).join('\n')}`;
  });
  return `<!-- ${generatedHeader('troubleshooting')} -->\n${INTRODUCTION}\n${sections.join('\n')}`;
}

function entry(check: Definition): string {
  const lines = [
    `### ${check.check_id}`,
    '',
    `**${check.severity}** · ${show(check.finding)}`,
    '',
    show(check.explanation),
    '',
  ];
  if (check.mend) {
    lines.push(`Mend: ${show(check.mend)}`, '');
  }
  if (check.mend_sql) {
    lines.push('```sql', `${placeholders(check.mend_sql)};`, '```', '');
  }
  return lines.join('\n');
}

function placeholders(text: string): string {
  return text.replaceAll(/\{([a-z_]+)[!#]?\}/g, '<$1>');
}

/** Outside of code, angle brackets would be HTML. */
function show(text: string): string {
  return fillIn(
    text
      .replaceAll(/\{([a-z_]+)\}/g, '‹$1›')
      .replaceAll(/[<>]/g, (c) => (c === '<' ? '&lt;' : '&gt;')),
    {},
  ).replaceAll(/‹([a-z_]+)›/g, '`<$1>`');
}
