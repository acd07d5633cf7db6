const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_INTERRUPTED = 130;

/**
 * Runs something that leaves a server or files behind, and clears up afterwards: when it has ended, when it has
 * failed, and when the process is told to end (Ctrl-C). A second Ctrl-C does not wait.
 */
export async function clearingUp<T>(
  run: () => Promise<T>,
  clearUp: () => Promise<void>,
): Promise<T> {
  let interrupted = false;
  const onSignal = (): void => {
    if (interrupted) {
      process.exit(EXIT_INTERRUPTED);
    }
    interrupted = true;
    process.stderr.write('\nstopping\n');
    clearUp()
      .catch(() => undefined)
      .finally(() => process.exit(EXIT_INTERRUPTED));
  };
  for (const signal of SIGNALS) {
    process.on(signal, onSignal);
  }
  try {
    return await run();
  } finally {
    if (interrupted) {
      // The signal's own handler clears up and ends the process.
      await new Promise(() => undefined);
    }
    await clearUp();
    for (const signal of SIGNALS) {
      process.off(signal, onSignal);
    }
  }
}
