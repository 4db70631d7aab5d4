// Started once by processes.ts, in a session of its own, with a pipe from the process that started it. When that pipe ends (the
// starter finished, crashed or was killed with SIGKILL), it ends what the starter had left running and removes its private folders.
// Lines on stdin, JSON: {"add": pid, "startedAt": "…", "signal": "SIGTERM"} · {"remove": pid} · {"addFolder": path} · {"removeFolder": path}
import { readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const GRACE_MS = 5_000;
const processes = new Map();
const folders = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    if (order.add) processes.set(order.add, order);
    if (order.remove) processes.delete(order.remove);
    if (order.addFolder) folders.add(order.addFolder);
    if (order.removeFolder) folders.delete(order.removeFolder);
  })
  .on('close', () => void endEverything());

async function endEverything() {
  for (const { add, signal } of running()) send(add, signal);
  const deadline = Date.now() + GRACE_MS;
  while (running().length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  // Each one leads a process group of its own, so this takes its helpers too.
  for (const { add } of running()) send(-add, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.exit(0);
}

function running() {
  return [...processes.values()].filter(({ add, startedAt }) => startTimeOf(add) === startedAt);
}

/** Field 22 of /proc/PID/stat: with it a number that the kernel gave to somebody else since is not mistaken for ours. */
function startTimeOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
