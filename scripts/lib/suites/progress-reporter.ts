import type { Reporter, TestModule } from 'vitest/node';

/** Says of each vitest file that it is through. What came of it is in the JSON report, once all are. */
export default class ProgressReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const mark = module.ok() ? '' : ' · failed';
    process.stderr.write(`· ${module.relativeModuleId} · ${seconds} s${mark}\n`);
  }
}
