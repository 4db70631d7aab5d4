/**
 * `npm run bench:decisions [-- --agents 300,500] [--count 20000]`: how long one decision of the predictive rule takes on an invented busy floor. Tells the rule's own
 * computing from the time the thread waited for a processor (`/proc`, Linux only) and from pauses of the garbage collector.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { percentile } from '../../src/core/kpi/kpi.js';
import { PacingRun } from './pacing-protocol.js';
import { inventedFloor } from './pacing-rehearsal.js';

const SCHEDSTAT = '/proc/thread-self/schedstat';
/** Not counted: the compiler is at work. */
const WARM_UP = 2_000;
const LIMIT_MS = 5;

const { values } = parseArgs({
  options: { agents: { type: 'string', default: '300,500' }, count: { type: 'string', default: '20000' } },
});

interface Decision {
  readonly atMs: number;
  readonly wallMs: number;
  readonly waitedMs: number;
}

const pauses: { readonly fromMs: number; readonly toMs: number }[] = [];
const observer = new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries())
    pauses.push({ fromMs: startTime, toMs: startTime + duration });
});
observer.observe({ entryTypes: ['gc'] });
const waited = waitedClock();

for (const agents of values.agents.split(',').map(Number)) {
  const decisions = await decide(agents, Number(values.count));
  report(agents, decisions);
}
observer.disconnect();

async function decide(agents: number, count: number): Promise<Decision[]> {
  const run = new PacingRun(0.03);
  run.answer({ type: 'init', window: 86_400, abandon_after: 2, ring_timeout: 25, amd: false });
  const decisions: Decision[] = [];
  for (let t = 0; t < WARM_UP + count; t += 1) {
    const floor = inventedFloor(t, agents);
    const waitedBefore = waited();
    const atMs = performance.now();
    run.answer(floor);
    const wallMs = performance.now() - atMs;
    if (t >= WARM_UP) decisions.push({ atMs, wallMs, waitedMs: Math.min(wallMs, waited() - waitedBefore) });
  }
  // Pauses are told of a moment later.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return decisions;
}

function report(agents: number, decisions: readonly Decision[]): void {
  const ofCollector = (from: number, to: number): number =>
    pauses.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs)), 0);
  // A decision that nothing disturbed needs no look at the pauses.
  const paused = new Map(
    decisions.filter(({ wallMs }) => wallMs > 0.5).map((one) => [one, ofCollector(one.atMs, one.atMs + one.wallMs)]),
  );
  const own = decisions.map((one) => Math.max(0, one.wallMs - one.waitedMs - (paused.get(one) ?? 0)));
  const line = (name: string, list: readonly number[]): string => {
    const sorted = [...list].sort((a, b) => a - b);
    const ms = (at: number): string => (percentile(sorted, at) ?? 0).toFixed(2).padStart(8);
    const slow = sorted.filter((value) => value > LIMIT_MS).length;
    return `  ${name.padEnd(34)}${ms(0.5)}${ms(0.99)}${ms(0.999)}${ms(1)}${String(slow).padStart(9)}`;
  };
  console.log(
    `${agents} agents, ${decisions.length} decisions, ms        p50     p99   p99.9     max   > ${LIMIT_MS} ms\n` +
      [
        line(
          'wall',
          decisions.map(({ wallMs }) => wallMs),
        ),
        line(
          'waiting for a processor',
          decisions.map(({ waitedMs }) => waitedMs),
        ),
        line(
          'garbage collection',
          decisions.map((one) => paused.get(one) ?? 0),
        ),
        line('computing: the rest', own),
      ].join('\n'),
  );
}

/** Milliseconds that this thread has waited for a processor so far; 0 where nobody tells. */
function waitedClock(): () => number {
  if (!existsSync(SCHEDSTAT)) return () => 0;
  const buffer = Buffer.alloc(128);
  return () => {
    const file = openSync(SCHEDSTAT, 'r');
    const length = readSync(file, buffer, 0, buffer.length, 0);
    closeSync(file);
    return Number(buffer.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };
}
