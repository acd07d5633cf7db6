import type { Reporter, TestModule } from 'vitest/node';

/**
 * Says of each vitest file that it is through, and of what broke outside of its tests (such as in `beforeAll`), which the
 * JSON report leaves out. What came of the tests is in that report, once all are through.
 */
export default class ProgressReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const mark = module.ok() ? '' : ' · failed';
    const errors = [module, ...module.children.allSuites()].flatMap((one) => one.errors());
    const lines = errors.map(({ message }) => `    ${message.split('\n').join('\n    ')}\n`);
    process.stderr.write(`· ${module.relativeModuleId} · ${seconds} s${mark}\n${lines.join('')}`);
  }
}
