import pc from 'picocolors';
import { UserError } from './errors.ts';

/** One step of long work. */
export interface Step {
  /** Shows how far it is: at once on a terminal, a line every ten seconds elsewhere. */
  update(detail: string): void;
  /** Ends the step; `detail` says what came of it. */
  done(detail?: string): void;
  /** Ends the step without success. */
  fail(detail?: string): void;
}

/** Tells a human what is going on, on stderr, so that stdout stays free for results. */
export interface Reporter {
  step(title: string): Step;
  note(text: string): void;
  warn(text: string): void;
}

/**
 * Progress for a human. On a terminal the running step is shown and then replaced by its result;
 * in a pipe or a log each step is one line, written when it has ended.
 */
export function createReporter(stream: NodeJS.WriteStream = process.stderr): Reporter {
  const live = stream.isTTY === true && !process.env.CI;
  const write = (text: string): void => {
    stream.write(text);
  };
  return {
    step(title) {
      const began = performance.now();
      let ended = false;
      let told = began;
      if (live) {
        write(`${pc.dim('…')} ${title}`);
      }
      const end = (mark: string, detail: string | undefined): void => {
        if (ended) {
          return;
        }
        ended = true;
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        const text = `${mark} ${title}${detail ? pc.dim(` · ${detail}`) : ''}${pc.dim(` · ${seconds} s`)}`;
        write(`${live ? '\r\u001b[2K' : ''}${text}\n`);
      };
      return {
        update: (detail) => {
          const now = performance.now();
          if (ended || now - told < (live ? 200 : 10_000)) {
            return;
          }
          told = now;
          write(
            live
              ? `\r\u001b[2K${pc.dim('…')} ${title}${pc.dim(` · ${detail}`)}`
              : `${pc.dim('…')} ${title} · ${detail}\n`,
          );
        },
        done: (detail) => end(pc.green('✔'), detail),
        fail: (detail) => end(pc.red('✘'), detail),
      };
    },
    note(text) {
      write(`${pc.dim('·')} ${text}\n`);
    },
    warn(text) {
      write(`${pc.yellow('!')} ${text}\n`);
    },
  };
}

/** A reporter that says nothing (tests). */
export const silentReporter: Reporter = {
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
  note: () => undefined,
  warn: () => undefined,
};

/** Runs one step and shows it; the function's `detail` is printed behind it. */
export async function withStep<T>(
  reporter: Reporter,
  title: string,
  run: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  const step = reporter.step(title);
  let detail: string | undefined;
  try {
    const result = await run((text) => {
      detail = text;
    });
    step.done(detail);
    return result;
  } catch (error) {
    step.fail(error instanceof UserError ? undefined : 'failed');
    throw error;
  }
}
