/** How many tests came to what. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What became of one test file. */
export interface FileResult extends TestCounts {
  /** Path from the repository's root. */
  name: string;
  /** Ready to print, one entry a problem. */
  problems: string[];
  milliseconds: number;
}

/** The last line of every test run; `.ci/run` reads it. */
export function totalLine(results: readonly TestCounts[]): string {
  const sum = (key: keyof TestCounts): number =>
    results.reduce((total, result) => total + result[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
