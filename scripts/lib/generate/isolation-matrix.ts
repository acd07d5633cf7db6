import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, UserError } from '../errors.ts';
import { deviations, measureMatrix, renderMatrixMarkdown } from '../matrix.ts';
import { rootDir } from '../paths.ts';

const START = '<!-- matrix:start -->';
const END = '<!-- matrix:end -->';

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
  return withMatrix(
    await readFile(join(rootDir, 'README.md'), 'utf8'),
    renderMatrixMarkdown(matrix),
  );
}

/** The page with the text between the markers replaced. */
export function withMatrix(page: string, matrix: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) {
    throw new UserError('README.md has lost its matrix markers', {
      fix: `put ${START} and ${END} where the isolation matrix belongs`,
      exitCode: EXIT.failed,
    });
  }
  return `${page.slice(0, start + START.length)}\n${matrix}${page.slice(end)}`;
}
