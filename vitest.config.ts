import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, the longest first: one that began last would leave the other worker idle. */
const SLOW = [
  'verify/corpus',
  'verify/verify',
  'install/end-to-end',
  'company-moves/move',
  'install/install',
  'adoption/pagila',
];

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = SLOW.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
      return found < 0 ? SLOW.length : found;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: ['tests/ts/**/*.test.ts'],
    globalSetup: ['tests/ts/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: SlowFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: true,
    // A test that hangs on a lock must not keep the run from ending.
    teardownTimeout: 20_000,
  },
});
