import type { Reporter } from '../output.ts';
import type { FileResult } from '../test-results.ts';
import type { TestServer } from '../test-server.ts';

/** What a suite needs to run. */
export interface SuiteContext {
  /** The throw-away server; undefined when the tests run straight in the user's database. */
  server: TestServer | undefined;
  /** The user's database, when it is a Supabase project already. */
  projectUrl: string | undefined;
  /** Only files whose path contains one of these; all when empty. */
  filters: readonly string[];
  reporter: Reporter;
  /** Told about each file as soon as it is through. */
  onResult(result: FileResult): void;
}

/** A kind of tests. */
export interface Suite {
  name: 'sql' | 'ts' | 'functions';
  /** Files that would run. */
  files(filters: readonly string[]): Promise<string[]>;
  run(context: SuiteContext): Promise<FileResult[]>;
}

/** Keeps the paths that contain one of the filters. */
export function filterPaths(paths: readonly string[], filters: readonly string[]): string[] {
  return paths.filter(
    (path) => filters.length === 0 || filters.some((filter) => path.includes(filter)),
  );
}
