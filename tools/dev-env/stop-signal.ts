/**
 * Resolves with the first reason to end: Ctrl-C, SIGTERM, SIGHUP, or that npm, which started us, is gone (its script would
 * otherwise run on without anybody to stop it). A second Ctrl-C ends the process at once; the watchdog then cleans up.
 */
export function waitForStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (reason: string): void => {
      if (stopping) {
        // npm passes on the Ctrl-C that the terminal has sent to us already: only a later one is meant as "at once".
        if (Date.now() - stoppedAt > 1_000) process.exit(130);
        return;
      }
      stopping = true;
      stoppedAt = Date.now();
      clearInterval(timer);
      resolve(reason);
    };
    let stoppedAt = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.env['npm_lifecycle_event'] !== undefined && process.ppid !== parent) stop('npm has ended');
    }, 1_000);
    timer.unref();
  });
}
