import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export const WRITERS = 4;

/** Sessions that run a statement each at a steady rate; their times in milliseconds. */
export function startWriters(
  url: string,
  statement: string,
  perSecond: number,
): { stop(): Promise<number[]> } {
  const times: number[] = [];
  let stopped = false;
  const writers = Array.from({ length: WRITERS }, async (_, number) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const pause = (1000 * WRITERS) / perSecond;
    let due = performance.now() + (pause * number) / WRITERS;
    while (!stopped) {
      const wait = due - performance.now();
      if (wait > 0) {
        await sleep(wait);
      }
      due += pause;
      const began = performance.now();
      await client.query({ name: 'statement', text: statement });
      times.push(performance.now() - began);
    }
    await client.end();
  });
  return {
    async stop() {
      stopped = true;
      await Promise.all(writers);
      return times.toSorted((one, other) => one - other);
    },
  };
}
