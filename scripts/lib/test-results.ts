/** What became of one test file. */
export interface FileResult {
  /** Path from the repository's root. */
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  /** Ready to print, one entry a problem. */
  problems: string[];
  milliseconds: number;
}

/** The last line of every test run; `.ci/run` reads it. */
export function totalLine(
  results: readonly Pick<FileResult, 'passed' | 'failed' | 'skipped'>[],
): string {
  const sum = (key: 'passed' | 'failed' | 'skipped'): number =>
    results.reduce((total, result) => total + result[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
