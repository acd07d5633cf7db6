/** Progress of a long run for a human: a line now and then. */
import { performance } from 'node:perf_hooks';
import type { Reporter } from '../output.ts';
import type { RunOptions } from './run.ts';
import { inLine } from './types.ts';

const EVERY = 10_000;

function clock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Shows how far it is, how many survive, and when it will be done; names survivors as they come. */
export function progress(reporter: Reporter): Pick<RunOptions, 'onPhase' | 'onProgress'> {
  let began = 0;
  let said = 0;
  let killed = 0;
  let left = 0;
  return {
    onPhase(phase, mutants) {
      began = performance.now();
      said = began;
      killed = 0;
      left = 0;
      reporter.note(`${phase}: ${mutants} mutants`);
    },
    onProgress(done, total, { state, mutant, error, breakdowns }) {
      killed += state === 'killed' ? 1 : 0;
      if (state === 'survived') {
        left += 1;
        reporter.note(`left: ${mutant.id}`);
      }
      if (state === 'invalid') {
        reporter.warn(`${mutant.id} cannot be applied: ${inLine(error ?? '')}`);
      }
      for (const breakdown of breakdowns) {
        reporter.warn(`${mutant.id}: ${inLine(breakdown, 200)}`);
      }
      const now = performance.now();
      if (now - said > EVERY || done === total) {
        said = now;
        const rest = ((now - began) / done) * (total - done);
        const end = done === total ? clock(now - began) : `${clock(rest)} to go`;
        reporter.note(`${done} of ${total}: ${killed} killed, ${left} left · ${end}`);
      }
    },
  };
}
