import { readFileSync } from 'node:fs';

/**
 * Resolves with the first reason to end: Ctrl-C, SIGTERM, SIGHUP, or that the npm that started us is gone (nobody would be left to
 * stop us). A second Ctrl-C, more than a second later, ends the process at once; the watchdog then cleans up.
 */
export function waitForStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stoppedAt: number | null = null;
    const npm = findNpm();
    const timer = setInterval(() => {
      if (npm !== null && parentOf(npm.child) !== npm.pid) stop('npm has ended');
    }, 250);
    timer.unref();
    const stop = (reason: string): void => {
      // npm passes on the Ctrl-C that the terminal has sent to us already: only a later one is meant as "at once".
      if (stoppedAt !== null && Date.now() - stoppedAt > 1_000) process.exit(130);
      if (stoppedAt !== null) return;
      stoppedAt = Date.now();
      clearInterval(timer);
      resolve(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  });
}

/** npm and its child that leads to us (us, or the shell between); null when npm did not start us. */
function findNpm(): { pid: number; child: number } | null {
  if (process.env['npm_lifecycle_event'] === undefined) return null;
  let child = process.pid;
  for (let step = 0; step < 3; step += 1) {
    const parent = parentOf(child);
    if (parent === null || parent <= 1) return null;
    if (!/^(ba|da)?sh$/.test(nameOf(parent))) return { pid: parent, child };
    child = parent;
  }
  return null;
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
