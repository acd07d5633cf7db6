import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootDir } from '../paths.ts';
import { readCorpus } from '../verify/corpus.ts';
import { RULES } from '../verify/types.ts';
import { withSection } from './sections.ts';

/** docs/verify.md with the table of what can be found. */
export async function generateVerifyPage(): Promise<string> {
  const file = 'docs/verify.md';
  const rows = Object.entries(RULES).map(([rule, meaning]) => `| \`${rule}\` | ${meaning} |`);
  return withSection(
    await readFile(join(rootDir, file), 'utf8'),
    'rules',
    `| Rule | Meaning |\n| --- | --- |\n${rows.join('\n')}\n`,
    file,
  );
}

/** tests/corpus/README.md with the table of its cases. */
export async function generateCorpusPage(): Promise<string> {
  const file = 'tests/corpus/README.md';
  const rows = readCorpus().map(
    ({ name, title, rule }) => `| [${name}](${name}) | ${title} | ${rule.join(', ')} |`,
  );
  return withSection(
    await readFile(join(rootDir, file), 'utf8'),
    'cases',
    `| Case | The flaw | Found as |\n| --- | --- | --- |\n${rows.join('\n')}\n`,
    file,
  );
}
