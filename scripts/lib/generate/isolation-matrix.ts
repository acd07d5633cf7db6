import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { deviations, measureMatrix, renderMatrixMarkdown } from '../matrix.ts';
import { rootDir } from '../paths.ts';
import { withSection } from './sections.ts';

/** README.md with the isolation matrix, measured in a database with the development data, between its markers. */
export async function generateReadme(url: string): Promise<string> {
  const matrix = await measureMatrix(url);
  const wrong = deviations(matrix);
  if (wrong.length > 0) {
    throw new UserError(`${wrong.length} cells of the isolation matrix are not as declared`, {
      fix: 'npm start -- --once lists them; mend the policies or scripts/lib/access.ts',
      exitCode: EXIT.failed,
    });
  }
  return withSection(
    await readFile(join(rootDir, 'README.md'), 'utf8'),
    'matrix',
    renderMatrixMarkdown(matrix),
    'README.md',
  );
}
