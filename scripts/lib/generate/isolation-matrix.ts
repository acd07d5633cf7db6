import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderBenchSummary } from '../bench/summary.ts';
import { EXIT, UserError } from '../errors.ts';
import { deviations, measureMatrix, renderMatrixMarkdown } from '../matrix.ts';
import { rootDir } from '../paths.ts';
import { withSection } from './sections.ts';

/** README.md with the isolation matrix, measured in a database with the development data, and the summary of the benches. */
export async function generateReadme(url: string): Promise<string> {
  const matrix = await measureMatrix(url);
  const wrong = deviations(matrix);
  if (wrong.length > 0) {
    throw new UserError(`${wrong.length} cells of the isolation matrix are not as declared`, {
      fix: 'npm start -- --once lists them; mend the policies or scripts/lib/access.ts',
      exitCode: EXIT.failed,
    });
  }
  const file = 'README.md';
  const page = await readFile(join(rootDir, file), 'utf8');
  const measured = withSection(page, 'matrix', renderMatrixMarkdown(matrix), file);
  return withSection(measured, 'bench', renderBenchSummary(), file);
}
